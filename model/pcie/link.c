/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pcie/link.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/rng.h"
#include "model/pcie/split.h"

/* Framing 2, sequence number 2, LCRC 4; then 3 or 4 double words of header. */
#define TLP_OVERHEAD_BYTES 8u
#define HEADER_3DW_BYTES   (TLP_OVERHEAD_BYTES + 12u)
#define HEADER_4DW_BYTES   (TLP_OVERHEAD_BYTES + 16u)
#define PASID_PREFIX_BYTES 4u
#define INVALIDATE_BYTES   8u /* of an Invalidate Request, 10.3.1 */

struct direction {
	struct pcie_link *link;
	struct tlp_port target;
	uint64_t free_ps; /* when the transmitter is idle again */
	uint64_t rest_fs; /* below a picosecond */
	struct pcie_link_counters counters;
	enum pcie_link_fault fault; /* planted, for the next TLP */
	struct pcie_order_queue queue;
	bool queues; /* not all that arrives can be taken then and there */
};

struct pcie_link {
	struct pcie_link_cfg cfg;
	struct pcie_link_env env;
	uint64_t fs_per_byte;
	uint32_t in_flight;
	bool down;
	uint32_t downs; /* what was sent before the last is lost */
	struct rng rng; /* with cfg.reorder_ps */
	struct direction direction[2];
};

/* Symbols a generation's receiver may take inside itself (3.6.3.1, tables 3-7 to 3-9). */
static const struct generation {
	double gigatransfers;
	double encoding;
	uint32_t internal_delay;
} generations[] = {
	[1] = {2.5, 8.0 / 10, 19},      [2] = {5.0, 8.0 / 10, 70},
	[3] = {8.0, 128.0 / 130, 115},  [4] = {16.0, 128.0 / 130, 115},
	[5] = {32.0, 128.0 / 130, 115},
};

/* AckFactor · 10 of the same tables, by width and by payload up to 256 bytes or above. */
static const struct width {
	uint8_t lanes;
	uint32_t factor_small;
	uint32_t factor_large;
} widths[] = {
	{1, 14, 10},  {2, 14, 10},  {4, 14, 10},  {8, 25, 10},
	{12, 30, 20}, {16, 30, 20}, {32, 30, 20},
};

#define TLP_LIMIT_OVERHEAD 28u /* the TLPOverhead of the latency limit's equation */

/* Ack latency limit in symbol times; the one for flow control updates is the same number. */
static uint32_t latency_limit(const struct pcie_link_cfg *cfg, const struct width *width)
{
	uint32_t factor = cfg->max_payload <= 256 ? width->factor_small : width->factor_large;
	uint32_t bytes = cfg->max_payload + TLP_LIMIT_OVERHEAD;

	return bytes * factor / (10 * width->lanes) + generations[cfg->generation].internal_delay;
}

uint64_t pcie_link_fs_per_byte(const struct pcie_link_cfg *cfg)
{
	const struct generation *generation;
	double limit, share;

	if (cfg->fs_per_byte)
		return cfg->fs_per_byte;
	if (!cfg->generation || cfg->generation >= ARRAY_LEN(generations))
		return 0;
	generation = &generations[cfg->generation];
	for (uint32_t w = 0; w < ARRAY_LEN(widths); w++) {
		if (widths[w].lanes != cfg->lanes)
			continue;
		limit = latency_limit(cfg, &widths[w]);
		share = 1 - 8 / limit - 8 / limit - 4.0 / 1538;
		/* 8 bits at a Gb/s take 8,000,000 fs. */
		return (uint64_t)(8e6 / (generation->gigatransfers * generation->encoding *
					 cfg->lanes * share) +
				  0.5);
	}
	return 0;
}

struct pcie_link *pcie_link_create(const struct pcie_link_cfg *cfg, const struct pcie_link_env *env)
{
	struct pcie_link *link;
	uint64_t fs_per_byte;

	if (!pcie_split_fits(cfg->max_payload) || !pcie_split_fits(cfg->max_read_request))
		return NULL;
	fs_per_byte = pcie_link_fs_per_byte(cfg);
	if (!fs_per_byte)
		return NULL;
	link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	link->cfg = *cfg;
	link->env = *env;
	link->fs_per_byte = fs_per_byte;
	rng_init(&link->rng, env->part.sim->seed, env->part.name);
	for (uint32_t d = 0; d < ARRAY_LEN(link->direction); d++) {
		link->direction[d].link = link;
		link->direction[d].queues = cfg->reorder_ps;
		pcie_order_init(&link->direction[d].queue, cfg->reorder_ps);
	}
	return link;
}

void pcie_link_destroy(struct pcie_link *link)
{
	free(link);
}

void pcie_link_connect(struct pcie_link *link, const struct tlp_port *root_port,
		       const struct tlp_port *device)
{
	link->direction[PCIE_LINK_DOWN].target = *device;
	link->direction[PCIE_LINK_UP].target = *root_port;
}

/* What one struct tlp costs on the wire. */
struct cost {
	uint32_t tlps;
	uint32_t header_bytes;
	uint32_t payload_bytes;
};

static uint32_t payload_limit(const struct pcie_link *link, const struct tlp *tlp)
{
	return tlp->max_payload ? tlp->max_payload : link->cfg.max_payload;
}

static uint32_t request_limit(const struct pcie_link *link, const struct tlp *tlp)
{
	return tlp->max_read_request ? tlp->max_read_request : link->cfg.max_read_request;
}

static struct cost request_cost(const struct pcie_link *link, const struct tlp *tlp)
{
	struct cost cost = {.tlps = 1, .header_bytes = HEADER_3DW_BYTES};

	switch (tlp->type) {
	case TLP_MWR:
		cost.tlps = pcie_split_tlps(tlp->addr, tlp->len_bytes, payload_limit(link, tlp));
		cost.payload_bytes = pcie_span_bytes(tlp->addr, tlp->len_bytes);
		break;
	case TLP_MRD:
		cost.tlps = pcie_split_tlps(tlp->addr, tlp->len_bytes, request_limit(link, tlp));
		break;
	case TLP_CFGWR:
		cost.payload_bytes = PCIE_DW_BYTES;
		return cost;
	case TLP_CFGRD:
		return cost;
	case TLP_INVALIDATE:
		cost.payload_bytes = INVALIDATE_BYTES;
		/* fall through */
	case TLP_PAGE_RESPONSE:
	case TLP_INVALIDATED:
	case TLP_ERROR:
	case TLP_PAGE_REQUEST: /* a message's header is always the long one, 2.2.8 */
		cost.header_bytes = HEADER_4DW_BYTES + (tlp->pasid_valid ? PASID_PREFIX_BYTES : 0);
		return cost;
	}
	/* Below 4 GiB the short header is mandatory (2.2.4.1). */
	if (tlp->addr + tlp->len_bytes > BIT(32))
		cost.header_bytes = HEADER_4DW_BYTES;
	if (tlp->pasid_valid)
		cost.header_bytes += PASID_PREFIX_BYTES;
	return cost;
}

static struct cost completion_cost(const struct pcie_link *link, const struct tlp *tlp)
{
	struct cost cost = {.tlps = 1, .header_bytes = HEADER_3DW_BYTES};
	uint32_t max_payload = payload_limit(link, tlp);

	if (tlp->status != TLP_SC || tlp->type == TLP_CFGWR)
		return cost;
	if (tlp->type != TLP_MRD) {
		cost.payload_bytes = PCIE_DW_BYTES;
		return cost;
	}
	cost.payload_bytes = pcie_span_bytes(tlp->addr, tlp->len_bytes);
	if (cost.payload_bytes > MIN(max_payload, request_limit(link, tlp)))
		cost.tlps = pcie_read_completion_tlps(
			tlp->addr, tlp->len_bytes, request_limit(link, tlp), max_payload,
			tlp->completion_boundary ? tlp->completion_boundary : PCIE_RCB_ENDPOINT);
	return cost;
}

/* Take the transmitter for these bytes; when they have all arrived. */
static uint64_t transmit(struct direction *direction, const struct cost *cost)
{
	const struct pcie_link *link = direction->link;
	const struct sim *sim = link->env.part.sim;
	uint64_t bytes = (uint64_t)cost->tlps * cost->header_bytes + cost->payload_bytes;
	uint64_t busy_fs = bytes * link->fs_per_byte + direction->rest_fs;

	direction->counters.tlps += cost->tlps;
	direction->counters.bytes += bytes;
	direction->counters.payload_bytes += cost->payload_bytes;
	if (sim->untimed)
		return sim_now(sim);
	direction->counters.busy_ps += busy_fs / 1000;
	direction->free_ps = MAX(direction->free_ps, sim_now(sim)) + busy_fs / 1000;
	direction->rest_fs = busy_fs % 1000;
	return direction->free_ps + link->cfg.latency_ps;
}

/* How long it is held beyond its arrival, where order is chance. */
static uint64_t held_ps(struct pcie_link *link)
{
	uint64_t most_ps = link->env.part.sim->untimed ? 0 : link->cfg.reorder_ps;

	return most_ps ? rng_below(&link->rng, most_ps) : 0;
}

static void send(struct direction *direction, struct tlp *tlp, const struct cost *cost,
		 void (*deliver)(struct event *event, uint64_t now))
{
	struct pcie_link *link = direction->link;

	tlp->owner = direction;
	tlp->link_downs = link->downs;
	link->in_flight++;
	event_init(&tlp->event, deliver);
	calendar_schedule(&link->env.part.sim->calendar, &tlp->event,
			  transmit(direction, cost) + held_ps(link));
}

/*
 * A DMA on its way up, or its completion on its way down, where nothing takes
 * time: it is there at once. That keeps the ports' rule, since memory answers by
 * an event. What goes down waits for one here: a device may answer within the call.
 */
static bool passes_through(const struct direction *direction, enum pcie_link_direction way)
{
	const struct pcie_link *link = direction->link;

	return link->env.part.sim->untimed && direction == &link->direction[way] &&
	       !direction->queues;
}

/* ---- planted faults ---- */

void pcie_link_plant(struct pcie_link *link, enum pcie_link_direction direction,
		     enum pcie_link_fault fault)
{
	link->direction[direction].fault = fault;
}

static void deliver_loss(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);
	struct direction *direction = tlp->owner;

	direction->link->in_flight--;
	tlp->lost = true;
	tlp->done(tlp, now);
}

static void lose(struct direction *direction, struct tlp *tlp)
{
	tlp->owner = direction;
	direction->link->in_flight++;
	event_init(&tlp->event, deliver_loss);
	sim_after(direction->link->env.part.sim, &tlp->event, 0);
}

/* What waits at the receiver is lost with the link. */
static void lose_queue(struct direction *direction)
{
	struct tlp *next;

	for (struct tlp *tlp = direction->queue.head; tlp; tlp = next) {
		next = tlp->next;
		if (!tlp->arrived)
			continue;
		pcie_order_remove(&direction->queue, tlp);
		direction->link->in_flight--;
		lose(direction, tlp);
	}
}

void pcie_link_set_up(struct pcie_link *link, bool up)
{
	link->down = !up;
	if (!up) {
		link->downs++;
		lose_queue(&link->direction[PCIE_LINK_DOWN]);
		lose_queue(&link->direction[PCIE_LINK_UP]);
	}
}

/* True: the planted fault takes the TLP. Others only mark it. */
static bool befall(struct direction *direction, struct tlp *tlp, const struct cost *cost,
		   bool completion)
{
	enum pcie_link_fault fault = direction->fault;

	if ((fault == PCIE_LINK_POISON && !cost->payload_bytes) ||
	    (fault == PCIE_LINK_STRAY && !completion))
		return false;
	direction->fault = PCIE_LINK_SOUND;
	tlp->poisoned = fault == PCIE_LINK_POISON;
	tlp->lost = fault == PCIE_LINK_STRAY;
	if (fault != PCIE_LINK_LOSE)
		return false;
	send(direction, tlp, cost, deliver_loss);
	return true;
}

/* ---- the receiver ---- */

static void deliver(struct direction *direction, struct tlp *tlp)
{
	direction->link->in_flight--;
	if (tlp->completing)
		direction->target.completion(direction->target.ctx, tlp);
	else
		direction->target.request(direction->target.ctx, tlp);
}

static void take_in(struct direction *direction)
{
	struct tlp *tlp;

	while ((tlp = pcie_order_next(&direction->queue)))
		deliver(direction, tlp);
}

static void arrive(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);
	struct direction *direction = tlp->owner;
	bool queued = direction->queue.freely; /* since it was sent */

	if (direction->link->down || tlp->link_downs != direction->link->downs) {
		if (queued)
			pcie_order_remove(&direction->queue, tlp);
		deliver_loss(event, now);
		return;
	}
	if (!direction->queues) {
		deliver(direction, tlp);
		return;
	}
	if (!queued)
		pcie_order_add(&direction->queue, tlp);
	tlp->arrived = true;
	take_in(direction);
}

void pcie_link_stick(struct pcie_link *link, enum pcie_link_direction way,
		     enum pcie_order_class order_class, bool stuck)
{
	struct direction *direction = &link->direction[way];
	uint8_t bit = (uint8_t)BIT(order_class);

	if (stuck)
		direction->queue.stuck |= bit;
	else
		direction->queue.stuck &= (uint8_t)~bit;
	direction->queues = link->cfg.reorder_ps || direction->queue.stuck;
	take_in(direction);
}

static void transfer(struct direction *direction, struct tlp *tlp, const struct cost *cost,
		     bool completing)
{
	tlp->completing = completing;
	tlp->arrived = false;
	if (direction->queue.freely)
		pcie_order_add(&direction->queue, tlp);
	send(direction, tlp, cost, arrive);
}

static void link_request(void *ctx, struct tlp *tlp)
{
	struct direction *direction = ctx;
	struct cost cost = request_cost(direction->link, tlp);

	if (direction->link->down) {
		lose(direction, tlp);
		return;
	}
	if (direction->fault && befall(direction, tlp, &cost, false))
		return;
	if (!passes_through(direction, PCIE_LINK_UP)) {
		transfer(direction, tlp, &cost, false);
		return;
	}
	transmit(direction, &cost);
	direction->target.request(direction->target.ctx, tlp);
}

static void link_completion(void *ctx, struct tlp *tlp)
{
	struct direction *direction = ctx;
	struct cost cost = completion_cost(direction->link, tlp);

	if (direction->link->down) {
		lose(direction, tlp);
		return;
	}
	if (direction->fault && befall(direction, tlp, &cost, true))
		return;
	if (!passes_through(direction, PCIE_LINK_DOWN)) {
		transfer(direction, tlp, &cost, true);
		return;
	}
	transmit(direction, &cost);
	direction->target.completion(direction->target.ctx, tlp);
}

struct tlp_port pcie_link_port(struct pcie_link *link, enum pcie_link_direction direction)
{
	return (struct tlp_port){
		.ctx = &link->direction[direction],
		.request = link_request,
		.completion = link_completion,
	};
}

struct pcie_link_counters pcie_link_counters_get(const struct pcie_link *link,
						 enum pcie_link_direction direction)
{
	return link->direction[direction].counters;
}

uint64_t pcie_link_backlog_bytes(const struct pcie_link *link, enum pcie_link_direction direction)
{
	uint64_t free_ps = link->direction[direction].free_ps;
	uint64_t now_ps = sim_now(link->env.part.sim);

	return free_ps > now_ps ? (free_ps - now_ps) * 1000 / link->fs_per_byte : 0;
}

uint32_t pcie_link_in_flight(const struct pcie_link *link)
{
	return link->in_flight;
}
