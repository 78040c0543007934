/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends what to whom: the flows of guests, and those of the wire's far end. */
#include <errno.h>
#include <string.h>

#include "system/config/classes.h"
#include "system/scenario_internal.h"

static bool is_wire(const char *name)
{
	return !strcmp(name, TRAFFIC_WIRE);
}

static int start_guest_flows(struct scenario *scenario, uint32_t index)
{
	const struct traffic_config *traffic = &scenario->cfg->traffic[index];
	struct run_guest *from = scenario_guest(scenario, traffic->from);
	const struct run_guest *to = scenario_guest(scenario, traffic->to);
	struct guest_flow_cfg flow = {
		.flow = traffic_first_flow(scenario->cfg, index),
		.min_bytes = (uint32_t)traffic->size_bytes,
		.max_bytes = (uint32_t)MAX(traffic->size_bytes, traffic->max_size_bytes),
		.interval_ps = traffic_interval_ps(traffic),
		.poisson = traffic->poisson,
		.burst = (uint32_t)traffic->burst,
		.count = traffic->count,
		.start_ps = scenario->up_ps + traffic->start_ps,
		.vlan = traffic_tci(traffic),
		.checksum = traffic->checksum,
		.segments = (uint32_t)traffic->segments,
		.spoof = traffic->spoof,
		.pair = (uint32_t)traffic->pair,
	};
	int rc = 0;

	memcpy(flow.destination, is_wire(traffic->to) ? far_end_mac : to->mac,
	       sizeof(flow.destination));
	for (uint64_t i = 0; !rc && i < traffic->flows; i++, flow.flow++)
		rc = guest_driver_add_flow(from->driver, &flow);
	return rc;
}

static int start_wire_flows(struct scenario *scenario, uint32_t index)
{
	const struct scenario_cfg *cfg = scenario->cfg;
	const struct traffic_config *traffic = &cfg->traffic[index];
	const struct run_guest *to = scenario_guest(scenario, traffic->to);
	struct guest_echo_cfg echo = {
		.flow = traffic_first_flow(cfg, index),
		.flows = (uint32_t)traffic->flows,
		.back = traffic_first_echo(cfg, index),
		.vlan = traffic_tci(traffic),
	};
	int rc = traffic->echo ? guest_driver_add_echo(to->driver, &echo) : 0;

	return rc ? rc
		  : far_end_send(scenario->far_end, cfg, index, to->mac,
				 scenario->up_ps + traffic->start_ps);
}

static int start_dirtier(struct run_guest *guest)
{
	const struct dirty_config *dirty = guest->cfg->dirty;
	struct guest_dirty_cfg program;

	if (!dirty)
		return 0;
	program = (struct guest_dirty_cfg){dirty->region_bytes, dirty->pages_per_s,
					   (uint32_t)dirty->batch};
	guest->dirtier = guest_dirtier_create(&guest->guest, &program, guest->name);
	return guest->dirtier ? 0 : -ENOMEM;
}

int scenario_start_traffic(struct scenario *scenario, struct actor *self)
{
	const struct scenario_cfg *cfg = scenario->cfg;
	int rc = 0;

	scenario->up_ps = scenario->phase_begin_ps = sim_now(scenario->machine->sim);
	for (uint32_t i = 0; !rc && i < cfg->traffic_count; i++)
		rc = is_wire(cfg->traffic[i].from) ? start_wire_flows(scenario, i)
						   : start_guest_flows(scenario, i);
	far_end_begin(scenario->far_end, scenario->up_ps);
	for (uint32_t i = 0; !rc && i < cfg->guests_count; i++)
		rc = start_dirtier(&scenario->guest[i]);
	return scenario_fail(scenario, rc, "the start of traffic");
}

void scenario_stop_traffic(struct scenario *scenario, struct actor *self)
{
	if (scenario->far_end)
		wire_backend_stop(scenario->far_end);
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++)
		guest_driver_stop_flows(scenario->guest[i].driver, self);
}

/* Packets whose fate is not known yet, and those that guests have still to send back. */
bool scenario_traffic_under_way(const struct scenario *scenario)
{
	const struct oracle_packets *packets = oracle_packet_counts(scenario->monitor.oracle);
	uint64_t there = packets->received;

	for (uint32_t i = 0; i < PACKET_DROP_COUNT; i++)
		there += packets->lost[i];
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++)
		if (guest_driver_echoes_left(scenario->guest[i].driver))
			return true;
	return there < packets->sent;
}
