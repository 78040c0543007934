/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transmit queues. A packet is begun when all its descriptors, up to the one
 * with EOP, are fetched; its payload is read into a packet of the pool; packets
 * go to the switch in the order of the ring, whatever the order in which
 * reads complete. Descriptors with RS are written back with DTYPE 0xF after
 * the payload was read (AVF specification, transmit descriptors).
 */
#include "model/nic/nic_internal.h"

/* One packet's descriptors in the cache. */
struct tx_shape {
	uint32_t descs; /* with context descriptors; 0: EOP is not here yet */
	uint32_t len_bytes;
	bool malformed;
};

static void tx_add_desc(struct tx_shape *shape, uint64_t word1)
{
	uint32_t len = (uint32_t)field_get(TXD1_BUF_SIZE, word1);

	if (field_get(TXD1_DTYPE, word1) == TXD_DTYPE_CONTEXT)
		return;
	if (field_get(TXD1_DTYPE, word1) != TXD_DTYPE_DATA || !len)
		shape->malformed = true;
	shape->len_bytes += len;
}

static bool tx_is_eop(uint64_t word1)
{
	return field_get(TXD1_DTYPE, word1) != TXD_DTYPE_CONTEXT && (word1 & TXD1_CMD_EOP);
}

static struct tx_shape tx_look(const struct nic_queue *queue)
{
	struct tx_shape shape = {0};

	for (uint32_t i = 0; i < queue->cache_count; i++) {
		uint64_t word1 = queue->cache[(queue->cache_first + i) % QUEUE_CACHE][1];

		tx_add_desc(&shape, word1);
		if (tx_is_eop(word1) || i + 1 == TX_MAX_DESCS) {
			shape.descs = i + 1;
			shape.malformed |= !tx_is_eop(word1) || shape.len_bytes < FRAME_MIN_BYTES ||
					   shape.len_bytes > FRAME_MAX_BYTES;
			break;
		}
	}
	return shape;
}

/* Hand a packet that was read to the switch; short ones are padded as the MAC pads them. */
static void tx_send(struct nic_queue *queue, struct packet *packet)
{
	struct nic_vf *vf = queue->vf;
	uint64_t *counter[3] = {&vf->stats.tx_unicast, &vf->stats.tx_multicast,
				&vf->stats.tx_broadcast};

	vf->nic->counters.packets_sent++;
	vf->stats.tx_bytes += packet->len_bytes;
	(*counter[packet_cast(packet)])++;
	if (packet->len_bytes < 60) {
		memset(packet->data + packet->len_bytes, 0, 60 - packet->len_bytes);
		packet->len_bytes = 60;
	}
	switch_from_vf(vf->nic, packet);
}

static void tx_write_back(struct nic_queue *queue, struct tx_slot *slot)
{
	slot->eop[1] = field_set(slot->eop[1], TXD1_DTYPE, TXD_DTYPE_DONE);
	queue_write_back(queue, slot->eop_index, slot->eop, NULL);
	queue_cause(queue);
}

/* Bytes that did not come are not the packet's: they must not pass for a tag. */
static void tx_lose(struct nic_queue *queue, const struct tx_slot *slot, enum packet_drop cause)
{
	if (slot->parts || slot->failed)
		memset(slot->packet->data, 0, FRAME_PAYLOAD_OFFSET);
	nic_drop(queue->vf->nic, queue->vf, slot->packet, cause);
}

/* The oldest packets whose bytes are all here leave. */
static void tx_retire(struct nic_queue *queue)
{
	while (queue->slot_count && !queue->slot[queue->slot_first].parts) {
		struct tx_slot *slot = &queue->slot[queue->slot_first];
		struct packet *packet = slot->packet;

		queue->slot_first = (queue->slot_first + 1) % TX_SLOTS;
		queue->slot_count--;
		if (!packet)
			queue->vf->stats.tx_errors++;
		else if (slot->failed)
			tx_lose(queue, slot, PACKET_DROP_DMA_ERROR);
		else
			tx_send(queue, packet);
		if (slot->report)
			tx_write_back(queue, slot);
	}
}

static void tx_read_done(struct dma_job *job, uint64_t now)
{
	struct nic_queue *queue = job->owner;
	struct tx_slot *slot;

	if (!queue_job_done(queue, job))
		return;
	slot = &queue->slot[job->user];
	slot->parts--;
	slot->failed |= job->failed;
	if (slot->parts)
		return;
	tx_retire(queue);
	queue_run(queue);
	queue_check_drained(queue);
}

static void tx_read(struct nic_queue *queue, uint32_t at, uint64_t iova, uint32_t len)
{
	struct tx_slot *slot = &queue->slot[at];
	struct dma_job *job = dma_job_get(&queue->vf->nic->dma, &queue->vf->dma, DMA_READ);

	job->iova = iova;
	job->len_bytes = len;
	job->data = slot->packet->data + slot->packet->len_bytes;
	job->packet = packet_ref(slot->packet);
	job->owner = queue;
	job->user = at;
	job->done = tx_read_done;
	slot->packet->len_bytes += len;
	slot->parts++;
	queue->jobs++;
	dma_submit(job);
}

/* Begin the packet that `shape` describes; `packet` is NULL for a malformed one. */
static void tx_begin(struct nic_queue *queue, const struct tx_shape *shape, struct packet *packet)
{
	uint32_t at = (queue->slot_first + queue->slot_count++) % TX_SLOTS;
	struct tx_slot *slot = &queue->slot[at];

	*slot = (struct tx_slot){.packet = packet};
	if (packet) {
		packet->len_bytes = 0;
		packet->source_vf = queue->vf->index;
	}
	for (uint32_t i = 0; i < shape->descs; i++) {
		uint32_t index = queue->context.head;
		const uint64_t *word = queue_take(queue);

		if (i + 1 == shape->descs) {
			slot->report = word[1] & TXD1_CMD_RS;
			slot->eop_index = index;
			slot->eop[0] = word[0];
			slot->eop[1] = word[1];
		}
		if (packet && field_get(TXD1_DTYPE, word[1]) == TXD_DTYPE_DATA)
			tx_read(queue, at, word[0], (uint32_t)field_get(TXD1_BUF_SIZE, word[1]));
	}
}

/* No packet is free: the queue goes on when one is. */
static void tx_wait_for_packet(struct nic_queue *queue)
{
	struct nic *nic = queue->vf->nic;

	if (queue->waits_for_packet)
		return;
	queue->waits_for_packet = true;
	queue->next_waiting = NULL;
	if (nic->waiting_first)
		nic->waiting_last->next_waiting = queue;
	else
		nic->waiting_first = queue;
	nic->waiting_last = queue;
}

void queue_tx_run(struct nic_queue *queue)
{
	while (queue->slot_count < TX_SLOTS) {
		struct tx_shape shape = tx_look(queue);
		struct packet *packet = NULL;

		if (!shape.descs)
			break;
		if (!shape.malformed) {
			packet = packet_get(queue->vf->nic->pool);
			if (!packet) {
				tx_wait_for_packet(queue);
				return;
			}
		}
		tx_begin(queue, &shape, packet);
		if (!packet)
			tx_retire(queue);
	}
	queue_fetch(queue);
}

void queue_tx_quiesce(struct nic_queue *queue)
{
	while (queue->slot_count) {
		struct tx_slot *slot = &queue->slot[queue->slot_first];

		if (slot->packet)
			tx_lose(queue, slot, PACKET_DROP_RESET);
		queue->slot_first = (queue->slot_first + 1) % TX_SLOTS;
		queue->slot_count--;
	}
}
