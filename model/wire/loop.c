/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/loop.h"

#include <stdlib.h>
#include <string.h>

struct loop {
	struct wire_backend backend;
	struct loop_cfg cfg;
	struct packet_pool *pool;
};

static void loop_transmit(struct wire_backend *backend, struct packet *packet)
{
	struct loop *loop = CONTAINER_OF(backend, struct loop, backend);
	struct packet *copy = wire_backend_copy(backend, loop->pool, packet);

	if (!copy)
		return;
	if (loop->cfg.swap_macs && packet->len_bytes >= FRAME_ETH_BYTES) {
		memcpy(copy->data, packet->data + 6, 6);
		memcpy(copy->data + 6, packet->data, 6);
	}
	packet_put(packet);
	wire_backend_send_after(backend, copy, loop->cfg.delay_ps);
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
