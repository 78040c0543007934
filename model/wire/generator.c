/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/generator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/trace.h"
#include "model/nic/test_frame_format.h"

struct generator_flow {
	struct generator *generator; /* NULL: there is no such flow */
	struct generator_flow_cfg cfg;
	struct rng rng;
	struct event event;
	uint64_t due_ps, sent;
	uint32_t left;    /* of the burst that is being sent */
	uint32_t weights; /* of all sizes */
	bool waits;       /* for a packet */
};

struct generator {
	struct wire_backend backend;
	struct generator_cfg cfg;
	struct checker checker;
	struct packet_pool *pool;
	struct generator_flow *flow;
	bool stopped;
};

static bool ended(const struct generator_flow *flow)
{
	return flow->generator->stopped || (flow->cfg.count && flow->sent >= flow->cfg.count);
}

static uint32_t next_length(struct generator_flow *flow)
{
	const struct generator_size *size = flow->cfg.size;
	uint64_t at = flow->cfg.sizes > 1 ? rng_below(&flow->rng, flow->weights) : 0;
	uint32_t spread;

	for (; at >= size->weight && flow->cfg.sizes > 1; size++)
		at -= size->weight;
	spread = size->max_bytes - size->min_bytes;
	return size->min_bytes +
	       (spread ? (uint32_t)rng_below(&flow->rng, (uint64_t)spread + 1) : 0);
}

static void build(const struct generator_flow *flow, struct packet *packet, uint32_t len_bytes)
{
	const struct generator_flow_cfg *cfg = &flow->cfg;

	test_frame_build(packet->data, len_bytes, cfg->destination, cfg->source, cfg->flow,
			 flow->sent);
	packet->len_bytes = len_bytes;
	if (!cfg->vlan)
		return;
	vlan_insert(packet->data, len_bytes, cfg->vlan);
	packet->len_bytes += VLAN_BYTES;
}

/* How long the wire is busy with it, and with those of the flows that share it. */
static uint64_t wire_ps(const struct generator_flow *flow, uint32_t len_bytes)
{
	return (uint64_t)(len_bytes + WIRE_OVERHEAD_BYTES) * flow->generator->cfg.ps_per_byte *
	       flow->cfg.share;
}

/* False: there is no packet. */
static bool send_one(struct generator_flow *flow)
{
	struct generator *generator = flow->generator;
	struct packet *packet = packet_get(generator->pool);

	if (!packet) {
		generator->backend.counters.starved++;
		flow->waits = true;
		return false;
	}
	build(flow, packet, next_length(flow));
	if (!flow->cfg.interval_ps)
		flow->due_ps += wire_ps(flow, packet->len_bytes);
	trace_emit(&generator->backend.part, TRACE_PACKET_SENT, flow->cfg.flow, flow->sent,
		   packet->len_bytes);
	flow->sent++;
	wire_backend_send(&generator->backend, packet);
	return true;
}

static uint64_t interval(struct generator_flow *flow)
{
	uint64_t mean_ps = flow->cfg.interval_ps * flow->cfg.burst;

	return flow->cfg.poisson ? rng_exponential(&flow->rng, mean_ps) : mean_ps;
}

static void schedule(struct generator_flow *flow)
{
	calendar_schedule(&flow->generator->backend.part.sim->calendar, &flow->event, flow->due_ps);
}

static void flow_fire(struct event *event, uint64_t now)
{
	struct generator_flow *flow = CONTAINER_OF(event, struct generator_flow, event);

	while (flow->left && !ended(flow)) {
		if (!send_one(flow))
			return;
		flow->left--;
	}
	if (ended(flow))
		return;
	flow->left = flow->cfg.burst;
	flow->due_ps =
		flow->cfg.interval_ps ? flow->due_ps + interval(flow) : MAX(flow->due_ps, now + 1);
	schedule(flow);
}

/* A packet has come back: who waits for one goes on, each in its turn. */
static void packet_came_back(void *ctx)
{
	struct generator *generator = ctx;

	for (uint32_t i = 0; i < generator->cfg.flows; i++) {
		struct generator_flow *flow = &generator->flow[i];

		if (!flow->generator || !flow->waits)
			continue;
		flow->waits = false;
		sim_after(generator->backend.part.sim, &flow->event, 0);
	}
}

static void generator_transmit(struct wire_backend *backend, struct packet *packet)
{
	struct generator *generator = CONTAINER_OF(backend, struct generator, backend);

	sink_take(backend, &generator->checker, packet);
}

static uint64_t generator_when(const struct wire_backend *backend)
{
	const struct generator *generator = CONTAINER_OF(backend, const struct generator, backend);
	uint64_t when_ps = TIME_NEVER;

	for (uint32_t i = 0; i < generator->cfg.flows; i++)
		if (generator->flow[i].generator && !ended(&generator->flow[i]))
			when_ps = MIN(when_ps, generator->flow[i].due_ps);
	return when_ps;
}

static void generator_stop(struct wire_backend *backend)
{
	struct generator *generator = CONTAINER_OF(backend, struct generator, backend);

	generator->stopped = true;
	for (uint32_t i = 0; i < generator->cfg.flows; i++)
		calendar_cancel(&backend->part.sim->calendar, &generator->flow[i].event);
}

static void generator_destroy(struct wire_backend *backend)
{
	struct generator *generator = CONTAINER_OF(backend, struct generator, backend);

	packet_pool_destroy(generator->pool);
	checker_fini(&generator->checker);
	free(generator->flow);
	free(generator);
}

static const struct wire_backend_ops generator_ops = {
	.name = "generator",
	.transmit = generator_transmit,
	.when = generator_when,
	.stop = generator_stop,
	.destroy = generator_destroy,
};

struct wire_backend *generator_create(const struct sim_part *part, const struct generator_cfg *cfg)
{
	struct generator *generator = calloc(1, sizeof(*generator));

	if (!generator)
		return NULL;
	generator->backend = (struct wire_backend){.ops = &generator_ops, .part = *part};
	generator->cfg = *cfg;
	generator->pool = packet_pool_create(cfg->packets);
	generator->flow = calloc(cfg->flows ? cfg->flows : 1, sizeof(*generator->flow));
	if (!generator->pool || !generator->flow || checker_init(&generator->checker, cfg->flows)) {
		generator_destroy(&generator->backend);
		return NULL;
	}
	packet_pool_on_free(generator->pool, packet_came_back, generator);
	return &generator->backend;
}

static bool sizes_valid(const struct generator_flow_cfg *cfg)
{
	uint32_t tag = cfg->vlan ? VLAN_BYTES : 0;

	for (uint32_t i = 0; i < cfg->sizes; i++)
		if (!cfg->size[i].weight || cfg->size[i].min_bytes < FRAME_PAYLOAD_OFFSET ||
		    cfg->size[i].min_bytes > cfg->size[i].max_bytes ||
		    cfg->size[i].max_bytes + tag > FRAME_MAX_BYTES)
			return false;
	return cfg->sizes && cfg->sizes <= GENERATOR_SIZES;
}

int generator_add_flow(struct wire_backend *backend, const struct generator_flow_cfg *cfg)
{
	struct generator *generator = CONTAINER_OF(backend, struct generator, backend);
	struct generator_flow *flow;
	char name[48];

	if (!sizes_valid(cfg) || (!cfg->interval_ps && !generator->cfg.ps_per_byte))
		return -EINVAL;
	if (cfg->flow >= generator->cfg.flows)
		return -ENOSPC;
	flow = &generator->flow[cfg->flow];
	if (flow->generator)
		return -EEXIST;
	flow->generator = generator;
	flow->cfg = *cfg;
	flow->cfg.burst = flow->left = MAX(cfg->burst, 1);
	flow->cfg.share = MAX(cfg->share, 1);
	for (uint32_t i = 0; i < cfg->sizes; i++)
		flow->weights += cfg->size[i].weight;
	snprintf(name, sizeof(name), "wire.flow%u", cfg->flow);
	rng_init(&flow->rng, backend->part.sim->seed, name);
	event_init(&flow->event, flow_fire);
	flow->due_ps = MAX(cfg->start_ps, sim_now(backend->part.sim));
	if (cfg->interval_ps)
		flow->due_ps += interval(flow);
	schedule(flow);
	return 0;
}

const struct checker *generator_checker(const struct wire_backend *backend)
{
	return &CONTAINER_OF(backend, const struct generator, backend)->checker;
}

uint64_t generator_sent(const struct wire_backend *backend, uint32_t flow)
{
	const struct generator *generator = CONTAINER_OF(backend, const struct generator, backend);

	return flow < generator->cfg.flows ? generator->flow[flow].sent : 0;
}
