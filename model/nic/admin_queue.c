/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/nic_internal.h"

#include <errno.h>
#include <stdlib.h>

int admin_queue_init(struct admin_queue *aq, struct nic *nic, uint32_t function,
		     struct dma_function *dma, struct regs *regs,
		     const struct admin_queue_rows *rows)
{
	aq->nic = nic;
	aq->function = function;
	aq->dma = dma;
	aq->regs = regs;
	aq->rows = *rows;
	aq->capacity = function == NIC_PF ? MAILBOX_PF_BYTES : MAILBOX_VF_BYTES;
	aq->buffer = calloc(1, aq->capacity);
	aq->received = calloc(1, AQ_BUFFER_BYTES);
	aq->post_bytes = function == NIC_PF ? AQ_BUFFER_BYTES : MAILBOX_REPLY_BYTES;
	aq->post_data = calloc(MAILBOX_POSTS, aq->post_bytes);
	if (!aq->buffer || !aq->received || !aq->post_data)
		return -ENOMEM;
	for (uint32_t i = 0; i < MAILBOX_POSTS; i++)
		aq->post[i].data = aq->post_data + (size_t)i * aq->post_bytes;
	return 0;
}

void admin_queue_fini(struct admin_queue *aq)
{
	free(aq->buffer);
	free(aq->received);
	free(aq->post_data);
	aq->buffer = aq->received = aq->post_data = NULL;
}

/* The registers are reset by their owner; DMA under way is void by the function's generation. */
void admin_queue_reset(struct admin_queue *aq)
{
	mailbox_forget(aq->nic, aq);
	aq->send = AQ_IDLE;
	aq->receiving = false;
	aq->send_off = aq->receive_off = false;
	aq->reset_follows = aq->reset_waits = false;
	aq->stopped = false;
	aq->post_first = aq->post_count = 0;
}

bool admin_queue_idle(const struct admin_queue *aq)
{
	return aq->send == AQ_IDLE && !aq->receiving;
}

struct nic_mailbox_ring admin_queue_ring(const struct admin_queue *aq, bool receive)
{
	const struct admin_queue_rows *rows = &aq->rows;
	uint64_t len = regs_get(aq->regs, receive ? rows->arq_len : rows->atq_len, 0);

	return (struct nic_mailbox_ring){
		.base = regs_get(aq->regs, receive ? rows->arq_bal : rows->atq_bal, 0) |
			regs_get(aq->regs, receive ? rows->arq_bah : rows->atq_bah, 0) << 32,
		.len = (uint32_t)field_get(AQ_LEN_LEN, len),
		.head = (uint32_t)regs_get(aq->regs, receive ? rows->arq_head : rows->atq_head, 0),
		.tail = (uint32_t)regs_get(aq->regs, receive ? rows->arq_tail : rows->atq_tail, 0),
		.enabled = len & AQ_LEN_ENABLE,
	};
}

static bool aq_ring_has_work(const struct nic_mailbox_ring *ring)
{
	return ring->enabled && ring->head < ring->len && ring->tail < ring->len &&
	       ring->head != ring->tail;
}

static void aq_advance(struct admin_queue *aq, bool receive)
{
	struct nic_mailbox_ring ring = admin_queue_ring(aq, receive);
	uint32_t row = receive ? aq->rows.arq_head : aq->rows.atq_head;

	if (ring.len)
		regs_set(aq->regs, row, 0, (ring.head + 1) % ring.len);
}

/* The ring cannot be reached: a critical error stops it until software sets it up anew. */
static void aq_critical(struct admin_queue *aq, bool receive)
{
	uint32_t row = receive ? aq->rows.arq_len : aq->rows.atq_len;
	uint64_t len = regs_get(aq->regs, row, 0);

	regs_set(aq->regs, row, 0, (len & ~AQ_LEN_ENABLE) | AQ_LEN_CRIT);
}

static struct dma_job *aq_job(struct admin_queue *aq, enum dma_kind kind, uint64_t iova, void *data,
			      uint32_t len_bytes, void (*done)(struct dma_job *, uint64_t))
{
	struct dma_job *job = dma_job_get(&aq->nic->dma, aq->dma, kind);

	job->iova = iova;
	job->data = data ? data : job->inline_data;
	job->len_bytes = len_bytes;
	job->owner = aq;
	job->done = done;
	return job;
}

static uint64_t aq_buffer_iova(const struct aq_desc *desc)
{
	return desc->addr_low | (uint64_t)desc->addr_high << 32;
}

/* --- Send queue --- */

static void aq_send_next(struct admin_queue *aq);

/* What was sent to the VF before its reset is still told. */
void admin_queue_reset_if_due(struct admin_queue *aq)
{
	bool unasked = !aq->reset_waits;

	if (!aq->reset_follows || (aq->reset_waits && aq->send != AQ_IDLE) || aq->receiving)
		return;
	nic_vf_reset(aq->nic, aq->function);
	if (unasked)
		aq->nic->firmware->vf_reset(aq->nic->firmware_ctx, aq->function, NIC_RESET_VFR);
}

/* The device is done with the descriptor. True: its ring is still there. */
static bool aq_send_ends(struct admin_queue *aq)
{
	bool there = !aq->send_off;

	aq->send = AQ_IDLE;
	aq->send_off = false;
	return there;
}

static void aq_send_goes_on(struct admin_queue *aq)
{
	if (aq->reset_follows)
		admin_queue_reset_if_due(aq);
	else
		aq_send_next(aq);
}

static void aq_send_failed(struct admin_queue *aq)
{
	if (aq_send_ends(aq))
		aq_critical(aq, false);
	else
		aq_send_goes_on(aq);
}

static void aq_to_firmware(struct admin_queue *aq)
{
	aq->send = AQ_FIRMWARE;
	mailbox_ring(aq->nic, aq);
}

static void aq_buffer_fetched(struct dma_job *job, uint64_t now)
{
	struct admin_queue *aq = job->owner;

	if (job->stale)
		return;
	if (job->failed) {
		aq_send_failed(aq);
		return;
	}
	aq_to_firmware(aq);
}

/* An indirect command with its data: the device reads the buffer. */
static bool aq_has_data(const struct aq_desc *desc)
{
	return (desc->flags & AQ_FLAG_BUF) && (desc->flags & AQ_FLAG_RD) && desc->datalen;
}

static void aq_desc_fetched(struct dma_job *job, uint64_t now)
{
	struct admin_queue *aq = job->owner;

	if (job->stale)
		return;
	if (job->failed) {
		aq_send_failed(aq);
		return;
	}
	memcpy(&aq->desc, job->inline_data, sizeof(aq->desc));
	aq->len_bytes = aq_has_data(&aq->desc) ? MIN(aq->desc.datalen, aq->capacity) : 0;
	if (!aq->len_bytes) {
		aq_to_firmware(aq);
		return;
	}
	aq->send = AQ_BUFFER;
	dma_submit(aq_job(aq, DMA_READ, aq_buffer_iova(&aq->desc), aq->buffer, aq->len_bytes,
			  aq_buffer_fetched));
}

static void aq_send_next(struct admin_queue *aq)
{
	struct nic_mailbox_ring ring = admin_queue_ring(aq, false);

	if (aq->send != AQ_IDLE || aq->stopped || aq->reset_follows || !aq_ring_has_work(&ring))
		return;
	aq->send = AQ_FETCH;
	dma_submit(aq_job(aq, DMA_READ, ring.base + (uint64_t)ring.head * AQ_DESC_BYTES, NULL,
			  AQ_DESC_BYTES, aq_desc_fetched));
}

static void aq_written_back(struct dma_job *job, uint64_t now)
{
	struct admin_queue *aq = job->owner;

	if (job->stale)
		return;
	if (aq_send_ends(aq))
		aq_advance(aq, false);
	aq_send_goes_on(aq);
}

void admin_queue_complete(struct admin_queue *aq, const struct aq_desc *desc, uint32_t len_bytes)
{
	struct nic_mailbox_ring ring = admin_queue_ring(aq, false);
	struct dma_job *job;

	if (aq->send != AQ_FIRMWARE)
		return;
	if (aq->send_off) { /* a driver that has turned it off has its memory back */
		aq_send_ends(aq);
		aq_send_goes_on(aq);
		return;
	}
	aq->send = AQ_WRITE_BACK;
	if (len_bytes)
		dma_submit(aq_job(aq, DMA_WRITE, aq_buffer_iova(&aq->desc), aq->buffer, len_bytes,
				  NULL));
	job = aq_job(aq, DMA_WRITE, ring.base + (uint64_t)ring.head * AQ_DESC_BYTES, NULL,
		     AQ_DESC_BYTES, aq_written_back);
	memcpy(job->inline_data, desc, sizeof(*desc));
	job->vector = 0;
	job->announces = !(aq->desc.flags & AQ_FLAG_SI);
	dma_submit(job);
	if (!(aq->desc.flags & AQ_FLAG_SI))
		aq->interrupt(aq->ctx);
}

/* --- Receive queue --- */

/* As aq_send_ends. */
static bool aq_receive_ends(struct admin_queue *aq)
{
	bool there = !aq->receive_off;

	aq->receiving = false;
	aq->receive_off = false;
	return there;
}

static void aq_received(struct dma_job *job, uint64_t now)
{
	struct admin_queue *aq = job->owner;

	if (job->stale)
		return;
	if (aq_receive_ends(aq))
		aq_advance(aq, true);
	admin_queue_receive(aq);
	admin_queue_reset_if_due(aq);
}

/* A message's bytes, up to those that the buffer has room for. */
static void aq_write_message(struct admin_queue *aq, const struct mailbox_post *post, uint64_t iova,
			     uint32_t len)
{
	uint8_t *to = aq->received;

	memset(to, 0, AQ_BUFFER_BYTES);
	memcpy(to, post->data, MIN(post->len_bytes, aq->post_bytes));
	if (post->len_bytes > aq->post_bytes) {
		const uint8_t *end = post->data + aq->post_bytes - MAILBOX_END_BYTES;

		memset(to + aq->post_bytes - MAILBOX_END_BYTES, 0, MAILBOX_END_BYTES);
		memcpy(to + post->len_bytes - MAILBOX_END_BYTES, end, MAILBOX_END_BYTES);
	}
	dma_submit(aq_job(aq, DMA_WRITE, iova, to, len, NULL));
}

/* The posted descriptor is here: fill its buffer, write it back, interrupt. */
static void aq_deliver(struct dma_job *fetched, uint64_t now)
{
	struct admin_queue *aq = fetched->owner;
	struct mailbox_post *post = &aq->post[aq->post_first];
	struct aq_desc desc;
	struct dma_job *job;
	uint32_t len;

	if (fetched->stale)
		return;
	if (fetched->failed || aq->receive_off) {
		if (aq_receive_ends(aq))
			aq_critical(aq, true);
		else
			admin_queue_receive(aq); /* the message is still to be told */
		admin_queue_reset_if_due(aq);
		return;
	}
	memcpy(&desc, fetched->inline_data, sizeof(desc));
	len = MIN(post->len_bytes, desc.datalen);
	if (len)
		aq_write_message(aq, post, aq_buffer_iova(&desc), len);
	post->desc.addr_high = desc.addr_high;
	post->desc.addr_low = desc.addr_low;
	post->desc.datalen = (uint16_t)len;
	post->desc.flags = AQ_FLAG_DD | AQ_FLAG_CMP | (len ? AQ_FLAG_BUF : 0);
	job = aq_job(aq, DMA_WRITE, fetched->iova, NULL, AQ_DESC_BYTES, aq_received);
	memcpy(job->inline_data, &post->desc, AQ_DESC_BYTES);
	aq->post_first = (aq->post_first + 1) % MAILBOX_POSTS;
	aq->post_count--;
	job->vector = 0;
	job->announces = true;
	dma_submit(job);
	aq->interrupt(aq->ctx);
	if (aq->nic->firmware && aq->nic->firmware->posted)
		aq->nic->firmware->posted(aq->nic->firmware_ctx, aq->function);
}

void admin_queue_receive(struct admin_queue *aq)
{
	struct nic_mailbox_ring ring = admin_queue_ring(aq, true);

	if (aq->receiving || aq->stopped || !aq->post_count || !aq_ring_has_work(&ring))
		return;
	aq->receiving = true;
	dma_submit(aq_job(aq, DMA_READ, ring.base + (uint64_t)ring.head * AQ_DESC_BYTES, NULL,
			  AQ_DESC_BYTES, aq_deliver));
}

int admin_queue_post(struct admin_queue *aq, const struct aq_desc *desc, const void *data,
		     uint32_t len_bytes)
{
	struct mailbox_post *post;

	sim_assert(&aq->nic->env.part, len_bytes <= AQ_BUFFER_BYTES);
	if (aq->post_count == MAILBOX_POSTS)
		return -ENOSPC;
	post = &aq->post[(aq->post_first + aq->post_count++) % MAILBOX_POSTS];
	post->desc = *desc;
	post->len_bytes = len_bytes;
	if (len_bytes)
		memcpy(post->data, data, MIN(len_bytes, aq->post_bytes));
	admin_queue_receive(aq);
	return 0;
}

void admin_queue_kick(struct admin_queue *aq)
{
	aq->send_off |= aq->send != AQ_IDLE && !admin_queue_ring(aq, false).enabled;
	aq->receive_off |= aq->receiving && !admin_queue_ring(aq, true).enabled;
	aq_send_next(aq);
	admin_queue_receive(aq);
}
