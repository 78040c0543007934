/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/wire.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"

struct wire_direction {
	struct wire *wire;
	struct frame_port to;
	uint64_t busy_until_ps;
};

struct wire {
	struct wire_cfg cfg;
	struct wire_env env;
	struct wire_direction direction[2];
	struct rng rng;
	uint32_t in_flight;
};

struct wire *wire_create(const struct wire_cfg *cfg, const struct wire_env *env)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		return NULL;
	wire->cfg = *cfg;
	wire->env = *env;
	for (uint32_t i = 0; i < 2; i++)
		wire->direction[i].wire = wire;
	rng_init(&wire->rng, env->part.sim->seed, env->part.name);
	return wire;
}

void wire_destroy(struct wire *wire)
{
	free(wire);
}

void wire_connect(struct wire *wire, const struct frame_port *end0, const struct frame_port *end1)
{
	wire->direction[0].to = *end1;
	wire->direction[1].to = *end0;
}

uint32_t wire_in_flight(const struct wire *wire)
{
	return wire->in_flight;
}

/* `packet` begins at one end, or arrives at the other. */
static void wire_detail(const struct wire_direction *direction, const struct packet *packet,
			bool arrives, bool lost)
{
	const struct wire *wire = direction->wire;
	uint32_t from = (uint32_t)(direction - wire->direction);

	trace_detail(&wire->env.part, TRACE_WIRE_FRAME, packet->data, packet->len_bytes,
		     arrives ? 1 - from : from, arrives, lost);
}

static void wire_deliver(struct event *event, uint64_t now)
{
	struct packet *packet = CONTAINER_OF(event, struct packet, wire_event);
	struct wire_direction *direction = packet->wire_owner;

	wire_detail(direction, packet, true, false);
	direction->wire->in_flight--;
	direction->to.frame(direction->to.ctx, packet);
}

static bool wire_loses(struct wire *wire)
{
	return wire->cfg.loss_ppm && rng_below(&wire->rng, 1000000) < wire->cfg.loss_ppm;
}

static void wire_frame(void *ctx, struct packet *packet)
{
	struct wire_direction *direction = ctx;
	struct wire *wire = direction->wire;
	struct sim *sim = wire->env.part.sim;
	uint64_t arrival = sim_now(sim);
	bool lost = wire_loses(wire);

	wire_detail(direction, packet, false, lost);
	if (lost) {
		packet_trace_drop(&wire->env.part, packet, PACKET_DROP_WIRE);
		packet_put(packet);
		return;
	}
	if (!sim->untimed) {
		uint64_t bytes = packet->len_bytes + WIRE_OVERHEAD_BYTES;

		direction->busy_until_ps =
			MAX(direction->busy_until_ps, arrival) + bytes * wire->cfg.ps_per_byte;
		arrival = direction->busy_until_ps + wire->cfg.latency_ps;
	}
	wire->in_flight++;
	packet->wire_owner = direction;
	event_init(&packet->wire_event, wire_deliver);
	calendar_schedule(&sim->calendar, &packet->wire_event, arrival);
}

struct frame_port wire_port(struct wire *wire, uint32_t end)
{
	return (struct frame_port){.ctx = &wire->direction[end], .frame = wire_frame};
}
