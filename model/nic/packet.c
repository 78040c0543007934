/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/packet.h"

#include <stdlib.h>

#include "base/trace.h"

struct packet_pool {
	struct packet *packet;
	uint32_t count;
	uint32_t touched; /* packets that were ever used: the rest costs no memory */
	uint32_t in_use;
	struct packet *free;
	bool starved;
	void (*wake)(void *ctx);
	void *wake_ctx;
};

struct packet_pool *packet_pool_create(uint32_t packets)
{
	struct packet_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->packet = calloc(packets, sizeof(pool->packet[0]));
	if (!pool->packet) {
		free(pool);
		return NULL;
	}
	pool->count = packets;
	return pool;
}

void packet_pool_destroy(struct packet_pool *pool)
{
	if (!pool)
		return;
	free(pool->packet);
	free(pool);
}

uint32_t packet_pool_in_use(const struct packet_pool *pool)
{
	return pool->in_use;
}

struct packet *packet_get(struct packet_pool *pool)
{
	struct packet *packet = pool->free;

	if (packet) {
		pool->free = packet->next_free;
	} else if (pool->touched < pool->count) {
		packet = &pool->packet[pool->touched++];
		packet->pool = pool;
	} else {
		pool->starved = true;
		return NULL;
	}
	pool->in_use++;
	packet->references = 1;
	packet->source_vf = NIC_NO_VF;
	packet->steered = false;
	packet->stamped = false;
	packet->class_index = 0;
	packet->next_segment = NULL;
	return packet;
}

bool packet_pool_has(struct packet_pool *pool, uint32_t packets)
{
	pool->starved |= pool->count - pool->in_use < packets;
	return pool->count - pool->in_use >= packets;
}

void packet_pool_on_free(struct packet_pool *pool, void (*wake)(void *ctx), void *ctx)
{
	pool->wake = wake;
	pool->wake_ctx = ctx;
}

void packet_put(struct packet *packet)
{
	struct packet_pool *pool = packet->pool;

	if (--packet->references)
		return;
	packet->next_free = pool->free;
	pool->free = packet;
	pool->in_use--;
	if (pool->starved) {
		pool->starved = false;
		if (pool->wake)
			pool->wake(pool->wake_ctx);
	}
}

void packet_trace_drop(const struct sim_part *part, const struct packet *packet,
		       enum packet_drop cause)
{
	uint64_t flow, number;

	frame_tag_get(packet->data, packet->len_bytes, &flow, &number);
	trace_emit(part, TRACE_PACKET_DROPPED, flow, number, packet->len_bytes, cause);
}

void packet_trace_abandoned(const struct sim_part *part, const struct packet *packet)
{
	uint64_t flow, number;

	frame_tag_get(packet->data, packet->len_bytes, &flow, &number);
	trace_emit(part, TRACE_PACKET_ABANDONED, flow, number, packet->len_bytes);
}

void packet_trace_held(const struct sim_part *part, const struct packet *packet)
{
	uint64_t flow, number;

	frame_tag_get(packet->data, packet->len_bytes, &flow, &number);
	trace_emit(part, TRACE_PACKET_HELD, flow, number, packet->len_bytes);
}
