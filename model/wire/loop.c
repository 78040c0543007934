/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/loop.h"

#include <stdlib.h>
#include <string.h>

struct loop {
	struct wire_backend backend;
	struct loop_cfg cfg;
	struct packet_pool *pool;
};

static void loop_fire(struct event *event, uint64_t now)
{
	struct packet *packet = CONTAINER_OF(event, struct packet, wire_event);

	wire_backend_send(packet->wire_owner, packet);
}

/* Others may still read the frame that came: a copy goes back. */
static void loop_transmit(struct wire_backend *backend, struct packet *packet)
{
	struct loop *loop = CONTAINER_OF(backend, struct loop, backend);
	struct packet *copy = packet_get(loop->pool);

	if (!copy) {
		backend->counters.starved++;
		packet_trace_drop(&backend->part, packet, PACKET_DROP_NO_BUFFER);
		packet_put(packet);
		return;
	}
	copy->len_bytes = packet->len_bytes;
	memcpy(copy->data, packet->data, packet->len_bytes);
	if (loop->cfg.swap_macs && packet->len_bytes >= FRAME_ETH_BYTES) {
		memcpy(copy->data, packet->data + 6, 6);
		memcpy(copy->data + 6, packet->data, 6);
	}
	packet_put(packet);
	copy->wire_owner = backend;
	event_init(&copy->wire_event, loop_fire);
	sim_after(backend->part.sim, &copy->wire_event, loop->cfg.delay_ps);
}

static void loop_destroy(struct wire_backend *backend)
{
	struct loop *loop = CONTAINER_OF(backend, struct loop, backend);

	packet_pool_destroy(loop->pool);
	free(loop);
}

static const struct wire_backend_ops loop_ops = {
	.name = "loop",
	.transmit = loop_transmit,
	.destroy = loop_destroy,
};

struct wire_backend *loop_create(const struct sim_part *part, const struct loop_cfg *cfg)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->backend = (struct wire_backend){.ops = &loop_ops, .part = *part};
	loop->cfg = *cfg;
	loop->pool = packet_pool_create(cfg->packets);
	if (loop->pool)
		return &loop->backend;
	free(loop);
	return NULL;
}
