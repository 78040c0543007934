/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of transmit descriptors: AVF specification, transmit descriptors; X710
 * datasheet, malicious driver detection, as far as drivers show them (Linux
 * iavf_txrx.h and i40e_txrx.c, DPDK iavf_rxtx.h, FreeBSD if_iavf_iflib.h).
 */
#include "model/nic/tx_shape.h"

#include "model/nic/flow_descriptor_format.h"

#define TX_MAX_BUFFERS        8u /* of one packet or segment */
#define TX_MAX_HEADER_BUFFERS 3u /* that the header of a packet to be cut is in */

static const uint64_t *tx_cached(const struct nic_queue *queue, uint32_t i)
{
	return queue->cache[(queue->cache_first + i) % QUEUE_CACHE];
}

static bool tx_is_data(const uint64_t *word)
{
	return field_get(TXD1_DTYPE, word[1]) == TXD_DTYPE_DATA;
}

static uint32_t tx_buffer_bytes(const uint64_t *word)
{
	return (uint32_t)field_get(TXD1_BUF_SIZE, word[1]);
}

/* One, before the data. */
static enum mdd_event tx_add_context(struct tx_shape *shape, const uint64_t *word)
{
	if (shape->context || shape->buffers)
		return MDD_BAD_CONTEXT;
	shape->context = true;
	shape->context0 = word[0];
	shape->context1 = word[1];
	return MDD_NONE;
}

/* One, before the data, of a VF that may. */
static enum mdd_event tx_add_program(const struct nic_queue *queue, struct tx_shape *shape,
				     const uint64_t *word)
{
	if (!queue->vf->policy.flow_descriptors)
		return MDD_BAD_DTYPE;
	if (shape->program.is_there || shape->buffers)
		return MDD_BAD_FILTER;
	shape->program = (struct flow_program){word[0], word[1], .is_there = true};
	return flow_program_ok(&shape->program, queue->vf->nic->cfg.queue_pairs) ? MDD_NONE
										 : MDD_BAD_FILTER;
}

static enum mdd_event tx_add_data(struct tx_shape *shape, const uint64_t *word)
{
	if (!tx_buffer_bytes(word))
		return MDD_ZERO_BUFFER;
	if (!shape->buffers)
		shape->offload = tx_offload_decode(word[1], shape->context0, shape->context1);
	shape->program.only = shape->program.is_there && (word[1] & TXD1_CMD_DUMMY);
	shape->len_bytes += tx_buffer_bytes(word);
	if (++shape->buffers > TX_MAX_BUFFERS && !shape->offload.segment)
		return MDD_TOO_MANY_BUFFERS;
	return MDD_NONE;
}

static enum mdd_event tx_add(const struct nic_queue *queue, struct tx_shape *shape,
			     const uint64_t *word)
{
	switch (field_get(TXD1_DTYPE, word[1])) {
	case TXD_DTYPE_DATA:
		return tx_add_data(shape, word);
	case TXD_DTYPE_CONTEXT:
		return tx_add_context(shape, word);
	case TXD_DTYPE_FILTER:
		return tx_add_program(queue, shape, word);
	default:
		return MDD_BAD_DTYPE;
	}
}

/*
 * A walk over the buffers of a packet that is cut: how many does its header touch, and
 * how many each segment?
 */
struct tx_walk {
	const struct nic_queue *queue;
	uint32_t next; /* descriptor */
	uint32_t left; /* bytes of the one before */
};

static uint32_t tx_walk_buffers(struct tx_walk *walk, uint32_t len_bytes)
{
	uint32_t buffers = walk->left && len_bytes ? 1 : 0;

	while (len_bytes > walk->left) {
		const uint64_t *word = tx_cached(walk->queue, walk->next++);

		len_bytes -= walk->left;
		walk->left = tx_is_data(word) ? tx_buffer_bytes(word) : 0;
		buffers += walk->left ? 1 : 0;
	}
	walk->left -= len_bytes;
	return buffers;
}

static bool tx_segments_fit(const struct nic_queue *queue, const struct tx_shape *shape)
{
	struct tx_walk walk = {queue, 0, 0};
	uint32_t left = tx_offload_header_bytes(&shape->offload);
	uint32_t header = tx_walk_buffers(&walk, left);

	if (header > TX_MAX_HEADER_BUFFERS)
		return false;
	for (left = shape->len_bytes - left; left;) {
		uint32_t len = MIN(left, shape->offload.mss);

		if (header + tx_walk_buffers(&walk, len) > TX_MAX_BUFFERS)
			return false;
		left -= len;
	}
	return true;
}

/* All descriptors are here: may the packet be sent? */
static enum mdd_event tx_judge(const struct nic_queue *queue, struct tx_shape *shape)
{
	uint32_t header = tx_offload_header_bytes(&shape->offload);
	uint32_t longest = header + tx_shape_segment_bytes(shape);
	enum mdd_event event = tx_offload_check(&shape->offload, shape->len_bytes);

	if (event)
		return event;
	if (shape->len_bytes < FRAME_MIN_BYTES || longest > FRAME_MAX_BYTES)
		return MDD_WRONG_SIZE;
	if (shape->offload.segment && !tx_segments_fit(queue, shape))
		return MDD_TOO_MANY_BUFFERS;
	shape->segments = (shape->len_bytes - header + tx_shape_segment_bytes(shape) - 1) /
			  tx_shape_segment_bytes(shape);
	shape->offload.tag &= queue->vf->vlan_offload.insert;
	shape->lost = shape->segments > MIN(TX_MAX_SEGMENTS, queue->vf->nic->cfg.packets) ||
		      (shape->offload.tag && longest + VLAN_BYTES > FRAME_MAX_BYTES);
	return MDD_NONE;
}

struct tx_shape tx_shape_look(const struct nic_queue *queue)
{
	struct tx_shape shape = {0};

	for (uint32_t i = 0; i < queue->cache_count && !shape.descs; i++) {
		const uint64_t *word = tx_cached(queue, i);

		shape.mdd = tx_add(queue, &shape, word);
		if (!shape.mdd && tx_is_data(word) && (word[1] & TXD1_CMD_EOP))
			shape.mdd = tx_judge(queue, &shape);
		else if (!shape.mdd && i + 1 == TX_MAX_TSO_DESCS)
			shape.mdd = MDD_NO_EOP;
		else if (!shape.mdd)
			continue;
		shape.descs = i + 1;
	}
	return shape;
}
