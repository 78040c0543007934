/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the guest's programs send: a flow is an actor that builds a packet,
 * hands it to the driver and waits for its next time. Times are drawn from the
 * flow's own random stream, so the pace does not depend on what else happens; a
 * packet that is late (full ring, stopped guest) goes at once.
 */

#include "host/guest-driver/iavf_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t next_interval(struct iavf_flow *flow)
{
	uint64_t mean_ps = flow->cfg.interval_ps * flow->cfg.burst * MAX(flow->cfg.segments, 1);

	return flow->cfg.poisson ? rng_exponential(&flow->rng, mean_ps) : mean_ps;
}

static uint32_t next_length(struct iavf_flow *flow)
{
	uint32_t spread = flow->cfg.max_bytes - flow->cfg.min_bytes;

	return flow->cfg.min_bytes +
	       (spread ? (uint32_t)rng_below(&flow->rng, (uint64_t)spread + 1) : 0);
}

static void sleep_until(struct guest *guest, struct actor *self, uint64_t time_ps)
{
	uint64_t now = sim_now(guest->part.sim);

	guest_sleep(guest, self, time_ps > now ? time_ps - now : 0);
}

static void send_one(struct iavf_flow *flow, struct actor *self)
{
	struct guest_driver *d = flow->driver;
	uint32_t len_bytes = next_length(flow);

	if (d->cfg.packet_ps)
		guest_sleep(d->guest, self, d->cfg.packet_ps);
	iavf_transmit(&d->pair[flow->cfg.pair], self, flow, len_bytes);
}

static bool ended(const struct iavf_flow *flow)
{
	return flow->stopped || flow->driver->shut_down ||
	       (flow->cfg.count && flow->sent >= flow->cfg.count);
}

static bool goes_on(const struct iavf_flow *flow)
{
	return flow->driver->stats.running && !ended(flow);
}

static void wait_running(const struct iavf_flow *flow, struct actor *self)
{
	struct guest_driver *d = flow->driver;

	while (!d->stats.running && !flow->stopped && !d->shut_down)
		guest_wait(d->guest, self, &d->state, TIME_NEVER);
}

static void send_burst(struct iavf_flow *flow, struct actor *self)
{
	struct guest_driver *d = flow->driver;

	flow->sending = true;
	for (uint32_t i = 0; i < flow->cfg.burst && goes_on(flow); i++)
		send_one(flow, self);
	iavf_tx_doorbell(&d->pair[flow->cfg.pair], self);
	flow->sending = false;
	if (flow->stopped)
		waitq_wake(&d->tx_room);
}

static void run_flow(struct actor *self, void *arg)
{
	struct iavf_flow *flow = arg;
	struct guest_driver *d = flow->driver;
	uint64_t due, resets = d->stats.resets;

	wait_running(flow, self);
	sleep_until(d->guest, self, flow->cfg.start_ps);
	due = sim_now(d->guest->part.sim);
	while (!ended(flow)) {
		wait_running(flow, self);
		if (resets != d->stats.resets) {
			/* What was due while the device was reset is not made up for. */
			resets = d->stats.resets;
			due = sim_now(d->guest->part.sim);
		}
		if (flow->cfg.interval_ps) {
			due += next_interval(flow);
			sleep_until(d->guest, self, due);
		}
		if (goes_on(flow))
			send_burst(flow, self);
	}
}

static bool cfg_valid(const struct guest_driver *d, const struct guest_flow_cfg *cfg)
{
	if ((cfg->vlan && !iavf_has_vlan(d, cfg->vlan & VLAN_ID)) || cfg->pair >= d->pairs)
		return false;
	if (cfg->segments > 1 && cfg->min_bytes < GUEST_SEGMENT_MIN_BYTES)
		return false;
	return cfg->segments <= GUEST_SEGMENTS && cfg->min_bytes >= 60 &&
	       cfg->min_bytes >= FRAME_PAYLOAD_OFFSET && cfg->min_bytes <= cfg->max_bytes &&
	       cfg->max_bytes <= d->cfg.mtu_bytes;
}

int guest_driver_add_flow(struct guest_driver *d, const struct guest_flow_cfg *cfg)
{
	struct iavf_flow *flow;
	char name[96];

	if (!cfg_valid(d, cfg))
		return -EINVAL;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return -ENOMEM;
	flow->driver = d;
	flow->cfg = *cfg;
	flow->cfg.burst = MAX(cfg->burst, 1);
	snprintf(name, sizeof(name), "%s.flow%u", d->name, cfg->flow);
	rng_init(&flow->rng, d->guest->part.sim->seed, name);
	flow->actor = actor_start(d->guest->part.sim, name, run_flow, flow);
	if (!flow->actor) {
		free(flow);
		return -ENOMEM;
	}
	flow->next = d->flows;
	d->flows = flow;
	return 0;
}

/* Is a packet on its way into the ring, or in it with a write-back that was asked for? */
static bool tx_busy(const struct guest_driver *d)
{
	for (const struct iavf_flow *flow = d->flows; flow; flow = flow->next)
		if (flow->sending)
			return true;
	return iavf_tx_reports_due(d);
}

void guest_driver_stop_flows(struct guest_driver *d, struct actor *self)
{
	for (struct iavf_flow *flow = d->flows; flow; flow = flow->next)
		flow->stopped = true;
	waitq_wake(&d->state);
	while (d->stats.running && tx_busy(d))
		actor_wait(self, &d->tx_room, TIME_NEVER);
}
