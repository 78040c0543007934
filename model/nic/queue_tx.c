/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transmit queues. A packet is begun when all its descriptors, up to the one
 * with EOP, are fetched; its payload is read into a packet of the pool, or into
 * as many as it has segments; packets go to the switch in the order of the ring,
 * whatever the order in which reads complete. Descriptors with RS are written
 * back with DTYPE 0xF after the payload was read (AVF specification, transmit
 * descriptors).
 */
#include "model/nic/tx_shape.h"

/* Hand a packet that was read to the switch; short ones are padded as the MAC pads them. */
static void tx_send(struct nic_queue *queue, struct packet *packet)
{
	struct nic_vf *vf = queue->vf;
	uint64_t *counter[3] = {&vf->stats.tx_unicast, &vf->stats.tx_multicast,
				&vf->stats.tx_broadcast};

	vf->nic->counters.packets_sent++;
	vf->counters.sent++;
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

/* The packet's segments, each with the header that the first one got. */
static void tx_send_segments(struct nic_queue *queue, struct tx_slot *slot)
{
	uint32_t header_bytes = tx_offload_header_bytes(&slot->offload);
	uint8_t header[OFFLOAD_MAX_HEADER];
	struct packet *next;
	uint32_t number = 0;

	if (header_bytes)
		memcpy(header, slot->packet->data, header_bytes);
	for (struct packet *packet = slot->packet; packet; packet = next) {
		next = packet->next_segment;
		if (header_bytes)
			memcpy(packet->data, header, header_bytes);
		tx_offload_apply(&slot->offload, packet->data, packet->len_bytes, number++,
				 slot->segments);
		if (slot->offload.tag) {
			vlan_insert(packet->data, packet->len_bytes, slot->offload.vlan_tci);
			packet->len_bytes += VLAN_BYTES;
		}
		tx_send(queue, packet);
	}
}

/* What the packet was for: to be sent, to program the flow director, or both. */
static void tx_act(struct nic_queue *queue, struct tx_slot *slot)
{
	struct packet *next;

	if (slot->programs)
		flow_program_run(queue, &queue->program, slot->packet);
	if (!slot->programs || !queue->program.only) {
		tx_send_segments(queue, slot);
		return;
	}
	for (struct packet *packet = slot->packet; packet; packet = next) {
		next = packet->next_segment;
		packet_put(packet);
	}
}

/* Bytes that did not come are not the packet's: they must not pass for a tag. */
static void tx_drop(struct nic_queue *queue, struct tx_slot *slot, enum packet_drop cause)
{
	struct packet *next;

	for (struct packet *packet = slot->packet; packet; packet = next) {
		next = packet->next_segment;
		if (slot->parts || slot->failed)
			memset(packet->data, 0, FRAME_PAYLOAD_OFFSET);
		nic_drop(queue->vf->nic, queue->vf, packet, cause);
	}
}

/* The oldest packets whose bytes are all here leave. */
static void tx_retire(struct nic_queue *queue)
{
	while (queue->slot_count && !queue->slot[queue->slot_first].parts) {
		struct tx_slot *slot = &queue->slot[queue->slot_first];

		queue->slot_first = (queue->slot_first + 1) % TX_SLOTS;
		queue->slot_count--;
		queue->vf->stats.tx_errors += !slot->packet || slot->failed;
		if (slot->failed)
			tx_drop(queue, slot, PACKET_DROP_DMA_ERROR);
		else if (slot->packet)
			tx_act(queue, slot);
		if (slot->programs)
			queue->program = (struct flow_program){0};
		if (slot->eop[1] & TXD1_CMD_RS)
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

static void tx_read(struct nic_queue *queue, uint32_t at, uint64_t iova, uint32_t len,
		    struct packet *packet, uint32_t offset)
{
	struct dma_job *job = queue_job_get(queue, DMA_READ);

	job->iova = iova;
	job->len_bytes = len;
	job->data = packet->data + offset;
	job->packet = packet_ref(packet);
	job->user = at;
	job->done = tx_read_done;
	queue->slot[at].parts++;
	dma_submit(job);
}

/* Where the packet's next byte goes. */
struct tx_cursor {
	struct packet *packet;
	uint32_t offset;
};

/* One buffer of the packet, cut where a segment ends. */
static void tx_read_buffer(struct nic_queue *queue, uint32_t at, const uint64_t *word,
			   struct tx_cursor *cursor)
{
	uint32_t header = tx_offload_header_bytes(&queue->slot[at].offload);
	uint32_t len = (uint32_t)field_get(TXD1_BUF_SIZE, word[1]);
	uint64_t iova = word[0];

	while (len) {
		uint32_t part = MIN(len, cursor->packet->len_bytes - cursor->offset);

		tx_read(queue, at, iova, part, cursor->packet, cursor->offset);
		iova += part;
		len -= part;
		cursor->offset += part;
		if (cursor->offset < cursor->packet->len_bytes)
			continue;
		cursor->packet = cursor->packet->next_segment;
		cursor->offset = header;
	}
}

/* Begin the packet that `shape` describes; `packets` is NULL for one that is lost. */
static void tx_begin(struct nic_queue *queue, const struct tx_shape *shape, struct packet *packets)
{
	uint32_t at = (queue->slot_first + queue->slot_count++) % TX_SLOTS;
	struct tx_slot *slot = &queue->slot[at];
	struct tx_cursor cursor = {packets, 0};

	*slot = (struct tx_slot){.packet = packets,
				 .offload = shape->offload,
				 .segments = shape->segments,
				 .programs = shape->program.is_there};
	if (slot->programs)
		queue->program = shape->program;
	for (uint32_t i = 0; i < shape->descs; i++) {
		uint32_t index = queue->context.head;
		const uint64_t *word = queue_take(queue);

		if (i + 1 == shape->descs) {
			slot->eop_index = index;
			slot->eop[0] = word[0];
			slot->eop[1] = word[1];
		}
		if (packets && field_get(TXD1_DTYPE, word[1]) == TXD_DTYPE_DATA)
			tx_read_buffer(queue, at, word, &cursor);
	}
}

/* Too few packets are free, or others wait: the queue goes on in its turn. */
static void tx_wait_for_packets(struct nic_queue *queue, uint32_t packets)
{
	struct nic *nic = queue->vf->nic;

	if (queue->waits_for_packets)
		return;
	queue->waits_for_packets = packets;
	queue->next_waiting = NULL;
	if (nic->waiting_first)
		nic->waiting_last->next_waiting = queue;
	else
		nic->waiting_first = queue;
	nic->waiting_last = queue;
}

/* A queue that ends here wants no packets any more; those behind it may have what they need. */
void queue_tx_leave_line(struct nic_queue *queue)
{
	struct nic *nic = queue->vf->nic;
	struct nic_queue *before = NULL;

	if (!queue->waits_for_packets)
		return;
	queue->waits_for_packets = 0;
	for (struct nic_queue *at = nic->waiting_first; at != queue; at = at->next_waiting)
		before = at;
	if (before)
		before->next_waiting = queue->next_waiting;
	else
		nic->waiting_first = queue->next_waiting;
	if (nic->waiting_last == queue)
		nic->waiting_last = before;
	sim_after(nic->env.part.sim, &nic->packet_freed, 0);
}

static bool tx_has_packets(const struct nic_queue *queue, uint32_t packets)
{
	struct nic *nic = queue->vf->nic;

	if (nic->waiting_first && nic->waiting_served != queue)
		return false;
	return packet_pool_has(nic->pool, packets);
}

/* A packet for each segment, the first one first. */
static struct packet *tx_get_packets(struct nic_queue *queue, const struct tx_shape *shape)
{
	uint32_t header = tx_offload_header_bytes(&shape->offload);
	uint32_t most = tx_shape_segment_bytes(shape);
	struct packet *packets = NULL;

	for (uint32_t i = shape->segments; i--;) {
		struct packet *packet = packet_get(queue->vf->nic->pool);
		uint32_t from = i * most;

		packet->source_vf = queue->vf->index;
		packet->class_index = queue->context.class_index;
		packet->len_bytes = header + MIN(most, shape->len_bytes - header - from);
		packet->next_segment = packets;
		packets = packet;
	}
	return packets;
}

/* Is there room for the packet's reads? An idle queue has room for any. Filters are programmed one
 * by one. */
static bool tx_has_room(const struct nic_queue *queue, const struct tx_shape *shape)
{
	if (shape->program.is_there && queue->program.is_there)
		return false;
	return queue->slot_count < TX_SLOTS &&
	       queue->jobs + shape->descs + shape->segments + 1 <= TX_JOBS;
}

/* The frames that the packet becomes count for all rates; the next queue has its turn. */
static void tx_account(struct nic_queue *queue, const struct tx_shape *shape)
{
	struct nic_vf *vf = queue->vf;
	uint64_t headers =
		(uint64_t)(shape->segments - 1) * tx_offload_header_bytes(&shape->offload);

	queue_rate_sent(queue, shape->len_bytes + headers);
	tx_schedule_sent(queue, shape->len_bytes + headers, shape->segments);
	vf->tx_turn = (queue->index + 1) % vf->nic->cfg.queue_pairs;
}

void queue_tx_run(struct nic_queue *queue)
{
	while (queue->cache_count) {
		struct tx_shape shape = tx_shape_look(queue);
		struct packet *packets = NULL;

		if (shape.mdd) {
			queue_malicious(queue, shape.mdd);
			return;
		}
		if (!shape.descs || !tx_has_room(queue, &shape) || queue_rate_waits(queue))
			break;
		if (!shape.lost) {
			if (!tx_schedule_admits(queue))
				break;
			if (!tx_has_packets(queue, shape.segments)) {
				tx_wait_for_packets(queue, shape.segments);
				return;
			}
			packets = tx_get_packets(queue, &shape);
		}
		tx_begin(queue, &shape, packets);
		if (packets)
			tx_account(queue, &shape);
		else
			tx_retire(queue);
	}
	queue_fetch(queue);
}

void queue_tx_quiesce(struct nic_queue *queue)
{
	queue_tx_leave_line(queue);
	queue->program = (struct flow_program){0};
	while (queue->slot_count) {
		tx_drop(queue, &queue->slot[queue->slot_first], PACKET_DROP_RESET);
		queue->slot_first = (queue->slot_first + 1) % TX_SLOTS;
		queue->slot_count--;
	}
}
