/* SPDX-License-Identifier: Apache-2.0 */
/* The line of mailboxes whose doorbell rang. The messages lie in the admin queues' buffers. */
#include "model/nic/nic_internal.h"

void mailbox_ring(struct nic *nic, struct admin_queue *aq)
{
	struct mailbox *mailbox = &nic->mailbox;

	aq->next = NULL;
	aq->queued = true;
	if (mailbox->first)
		mailbox->last->next = aq;
	else
		mailbox->first = aq;
	mailbox->last = aq;
	mailbox->waiting++;
	if (nic->firmware)
		nic->firmware->doorbell(nic->firmware_ctx);
}

void mailbox_forget(struct nic *nic, struct admin_queue *aq)
{
	struct mailbox *mailbox = &nic->mailbox;
	struct admin_queue *before = NULL;

	if (!aq->queued)
		return;
	for (struct admin_queue *at = mailbox->first; at != aq; at = at->next)
		before = at;
	if (before)
		before->next = aq->next;
	else
		mailbox->first = aq->next;
	if (mailbox->last == aq)
		mailbox->last = before;
	aq->queued = false;
	mailbox->waiting--;
}

bool nic_mailbox_take(struct nic *nic, struct mailbox_message *message)
{
	struct admin_queue *aq = nic->mailbox.first;

	if (!aq)
		return false;
	mailbox_forget(nic, aq);
	message->function = aq->function;
	message->desc = aq->desc;
	message->data = aq->buffer;
	message->len_bytes = aq->len_bytes;
	return true;
}

static struct admin_queue *mailbox_queue(struct nic *nic, uint32_t function)
{
	return function == NIC_PF ? &nic->pf_aq : &nic->vf[function].aq;
}

struct nic_mailbox_ring nic_mailbox_ring_get(struct nic *nic, uint32_t function, bool receive)
{
	return admin_queue_ring(mailbox_queue(nic, function), receive);
}

uint8_t *nic_mailbox_buffer(struct nic *nic, uint32_t function)
{
	return mailbox_queue(nic, function)->buffer;
}

void nic_mailbox_ack(struct nic *nic, uint32_t function, const struct aq_desc *desc,
		     uint32_t len_bytes)
{
	admin_queue_complete(mailbox_queue(nic, function), desc, len_bytes);
}

int nic_mailbox_post(struct nic *nic, uint32_t function, const struct aq_desc *desc,
		     const void *data, uint32_t len_bytes)
{
	return admin_queue_post(mailbox_queue(nic, function), desc, data, len_bytes);
}

bool nic_mailbox_waiting(struct nic *nic, uint32_t vf, uint32_t n, struct mailbox_message *message)
{
	const struct admin_queue *aq = &nic->vf[vf].aq;
	const struct mailbox_post *post = &aq->post[(aq->post_first + n) % MAILBOX_POSTS];

	if (n >= aq->post_count)
		return false;
	message->function = vf;
	message->desc = post->desc;
	message->data = post->data;
	message->len_bytes = post->len_bytes;
	return true;
}

void nic_mailbox_flush(struct nic *nic, uint32_t vf)
{
	nic->vf[vf].aq.post_count = 0;
}
