/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/wire.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"

struct wire_direction {
	struct wire *wire;
	struct frame_port to;
	uint64_t busy_until_ps;
	struct wire_counters counters;
};

struct wire {
	struct wire_cfg cfg;
	struct wire_env env;
	struct wire_direction direction[2];
	struct rng loss, reorder; /* apart, so that one does not move the other */
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
	rng_init(&wire->loss, env->part.sim->seed, env->part.name);
	rng_init(&wire->reorder, env->part.sim->seed, "wire.reorder");
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
	return (uint32_t)(wire->direction[0].counters.in_flight +
			  wire->direction[1].counters.in_flight);
}

const struct wire_counters *wire_counters_get(const struct wire *wire, uint32_t from)
{
	return &wire->direction[from].counters;
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
	direction->counters.in_flight--;
	direction->counters.delivered++;
	direction->to.frame(direction->to.ctx, packet);
}

static bool happens(struct rng *rng, uint32_t ppm)
{
	return ppm && rng_below(rng, 1000000) < ppm;
}

/* How long the frame is held back: 0 for most. Those behind it do not wait. */
static uint64_t wire_hold_ps(struct wire *wire, uint32_t from, const struct packet *packet)
{
	if (!happens(&wire->reorder, wire->cfg.reorder_ppm[from]))
		return 0;
	packet_trace_held(&wire->env.part, packet);
	return wire->cfg.reorder_delay_ps;
}

static void wire_frame(void *ctx, struct packet *packet)
{
	struct wire_direction *direction = ctx;
	struct wire *wire = direction->wire;
	struct sim *sim = wire->env.part.sim;
	uint64_t arrival = sim_now(sim);
	uint32_t from = (uint32_t)(direction - wire->direction);
	bool lost = happens(&wire->loss, wire->cfg.loss_ppm[from]);

	wire_detail(direction, packet, false, lost);
	direction->counters.taken++;
	if (lost) {
		direction->counters.lost++;
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
	arrival += wire_hold_ps(wire, from, packet);
	direction->counters.in_flight++;
	packet->wire_owner = direction;
	event_init(&packet->wire_event, wire_deliver);
	calendar_schedule(&sim->calendar, &packet->wire_event, arrival);
}

struct frame_port wire_port(struct wire *wire, uint32_t end)
{
	return (struct frame_port){.ctx = &wire->direction[end], .frame = wire_frame};
}
