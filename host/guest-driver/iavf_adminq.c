/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The VF's admin queues (iavf_adminq.c): a send queue whose entries the device
 * consumes, a receive queue of posted buffers. One message is under way at a
 * time, so an entry of the send queue is always free.
 */

#include "host/guest-driver/iavf_internal.h"

#include <errno.h>

int iavf_adminq_alloc(struct guest_driver *d)
{
	struct iavf_aq *queue[] = {&d->atq, &d->arq};

	for (uint32_t i = 0; i < ARRAY_LEN(queue); i++) {
		queue[i]->ring = guest_alloc(d->guest, IAVF_AQ_ENTRIES * AQ_DESC_BYTES, 4096);
		queue[i]->buffers = guest_alloc(d->guest, IAVF_AQ_ENTRIES * AQ_BUFFER_BYTES, 4096);
		if (!queue[i]->ring || !queue[i]->buffers)
			return -ENOMEM;
	}
	return 0;
}

static void write_desc(struct guest_driver *d, const struct iavf_aq *q, uint32_t index,
		       const struct aq_desc *desc)
{
	guest_memory_write(d->guest, q->ring + (uint64_t)index * AQ_DESC_BYTES, desc,
			   AQ_DESC_BYTES);
}

/* iavf_alloc_arq_bufs: a descriptor that offers its own buffer. */
static void post_receive(struct guest_driver *d, uint32_t index)
{
	uint64_t buffer = d->arq.buffers + (uint64_t)index * AQ_BUFFER_BYTES;
	struct aq_desc desc;

	memset(&desc, 0, sizeof(desc));
	desc.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
	desc.datalen = AQ_BUFFER_BYTES;
	desc.addr_high = (uint32_t)(buffer >> 32);
	desc.addr_low = (uint32_t)buffer;
	write_desc(d, &d->arq, index, &desc);
}

struct aq_registers {
	uint32_t head, tail, len, bal, bah;
};
static const struct aq_registers atq_registers = {VF_ATQH1, VF_ATQT1, VF_ATQLEN1, VF_ATQBAL1,
						  VF_ATQBAH1};
static const struct aq_registers arq_registers = {VF_ARQH1, VF_ARQT1, VF_ARQLEN1, VF_ARQBAL1,
						  VF_ARQBAH1};

/* iavf_config_asq_regs, iavf_config_arq_regs: the read-back says whether it was taken. */
static int config_queue(struct guest_driver *d, struct actor *self, const struct iavf_aq *q,
			const struct aq_registers *r, uint32_t tail)
{
	iavf_write(d, self, r->head, 0);
	iavf_write(d, self, r->tail, 0);
	iavf_write(d, self, r->len, (uint32_t)AQ_LEN_ENABLE | IAVF_AQ_ENTRIES);
	iavf_write(d, self, r->bal, (uint32_t)q->ring);
	iavf_write(d, self, r->bah, (uint32_t)(q->ring >> 32));
	if (tail)
		iavf_write(d, self, r->tail, tail);
	return iavf_read(d, self, r->bal) == (uint32_t)q->ring ? 0 : -EIO;
}

int iavf_adminq_init(struct guest_driver *d, struct actor *self)
{
	struct aq_desc empty;
	int ret;

	memset(&empty, 0, sizeof(empty));
	d->atq.next_to_use = d->atq.next_to_clean = 0;
	d->arq.next_to_use = d->arq.next_to_clean = 0;
	for (uint32_t i = 0; i < IAVF_AQ_ENTRIES; i++) {
		write_desc(d, &d->atq, i, &empty);
		post_receive(d, i);
	}
	ret = config_queue(d, self, &d->atq, &atq_registers, 0);
	return ret ? ret : config_queue(d, self, &d->arq, &arq_registers, IAVF_AQ_ENTRIES - 1);
}

static void stop_queue(struct guest_driver *d, struct actor *self, const struct aq_registers *r)
{
	iavf_write(d, self, r->head, 0);
	iavf_write(d, self, r->tail, 0);
	iavf_write(d, self, r->len, 0);
	iavf_write(d, self, r->bal, 0);
	iavf_write(d, self, r->bah, 0);
}

/* iavf_shutdown_adminq */
void iavf_adminq_shutdown(struct guest_driver *d, struct actor *self)
{
	if (iavf_read(d, self, VF_ATQLEN1) & AQ_LEN_ENABLE) {
		iavf_adminq_send(d, self, AQC_QUEUE_SHUTDOWN, 0, NULL, 0);
		guest_sleep(d->guest, self, IAVF_AQ_POLL_PS);
	}
	stop_queue(d, self, &atq_registers);
	stop_queue(d, self, &arq_registers);
}

/* iavf_asq_send_command, asynchronous: nobody waits for the write-back. */
int iavf_adminq_send(struct guest_driver *d, struct actor *self, uint16_t opcode,
		     uint32_t virtchnl_op, const void *data, uint32_t len_bytes)
{
	uint64_t buffer = d->atq.buffers + (uint64_t)d->atq.next_to_use * AQ_BUFFER_BYTES;
	struct aq_desc desc;
	uint32_t head = iavf_read(d, self, VF_ATQH1);

	if (head >= IAVF_AQ_ENTRIES)
		return -EIO;
	if ((d->atq.next_to_use + 1) % IAVF_AQ_ENTRIES == head)
		return -EBUSY;
	memset(&desc, 0, sizeof(desc));
	desc.flags = AQ_FLAG_SI;
	desc.opcode = opcode;
	desc.cookie_high = virtchnl_op;
	if (opcode == AQC_QUEUE_SHUTDOWN)
		desc.param0 = 1; /* the driver unloads */
	if (len_bytes) {
		guest_memory_write(d->guest, buffer, data, len_bytes);
		desc.flags |= AQ_FLAG_BUF | AQ_FLAG_RD;
		desc.flags |= len_bytes > 512 ? AQ_FLAG_LB : 0;
		desc.datalen = (uint16_t)len_bytes;
		desc.addr_high = (uint32_t)(buffer >> 32);
		desc.addr_low = (uint32_t)buffer;
	}
	write_desc(d, &d->atq, d->atq.next_to_use, &desc);
	d->atq.next_to_use = (d->atq.next_to_use + 1) % IAVF_AQ_ENTRIES;
	iavf_write(d, self, VF_ATQT1, d->atq.next_to_use);
	return 0;
}

/* iavf_clean_arq_element */
bool iavf_adminq_receive(struct guest_driver *d, struct actor *self, bool *more)
{
	uint32_t head = iavf_read(d, self, VF_ARQH1) & (uint32_t)AQ_INDEX;
	uint32_t index = d->arq.next_to_clean;
	struct iavf_message *m = &d->message;
	struct aq_desc desc;

	*more = false;
	if (head == index || head >= IAVF_AQ_ENTRIES)
		return false;
	guest_memory_read(d->guest, d->arq.ring + (uint64_t)index * AQ_DESC_BYTES, &desc,
			  AQ_DESC_BYTES);
	m->opcode = desc.cookie_high;
	m->status = (int32_t)desc.cookie_low;
	m->len_bytes = MIN(desc.datalen, AQ_BUFFER_BYTES);
	guest_memory_read(d->guest, d->arq.buffers + (uint64_t)index * AQ_BUFFER_BYTES, m->data,
			  m->len_bytes);
	post_receive(d, index);
	/* The tail names the descriptor just given back: one is always the driver's. */
	iavf_write(d, self, VF_ARQT1, index);
	d->arq.next_to_clean = (index + 1) % IAVF_AQ_ENTRIES;
	*more = head != d->arq.next_to_clean;
	return true;
}
