/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to guests beside traffic and moves: resets of their VFs, map storms. */
#include <errno.h>
#include <stdio.h>

#include "base/trace.h"
#include "system/scenario_internal.h"

/* Beyond every guest's RAM and what its driver maps; a thread has so much for its windows. */
#define STORM_IOVA       (UINT64_C(1) << 46)
#define STORM_IOVA_BYTES (UINT64_C(1) << 41)

/* --- What is counted --- */

/* Whose VF was it? Only resets that the scenario asks for count. */
static void watch_reset(struct scenario *scenario, const struct trace_event *event)
{
	for (uint32_t i = 0; i < scenario->cfg->resets_count; i++) {
		struct run_reset *reset = &scenario->reset[i];
		struct run_guest *guest;

		if (!reset->asked)
			continue;
		guest = scenario_guest(scenario, reset->cfg->guest);
		if (guest->host->index != event->part->host ||
		    pci_bus_vf(&guest->host->pci_bus, machine_pf_rid(guest->host->machine->cfg),
			       (uint32_t)guest->vf)
				    ->rid != event->arg[0])
			continue;
		guest->reads_cut += event->arg[2];
		guest->writes_cut += event->arg[3];
		return;
	}
}

const enum trace_kind scenario_watched[] = {
	TRACE_IOMMU_MAP,      TRACE_IOMMU_UNMAP, TRACE_DMA_FAULT,  TRACE_SMMU_EVENT_LOST,
	TRACE_FUNCTION_RESET, TRACE_ROUND,       TRACE_VM_STATE,   TRACE_ATS_INVALIDATED,
	TRACE_PAGE_REQUEST,   TRACE_SMMU_EVENT,  TRACE_KIND_COUNT,
};

void scenario_watch(void *ctx, const struct trace_event *event)
{
	struct scenario *scenario = ctx;

	switch (event->kind) {
	case TRACE_IOMMU_MAP:
		scenario->facts.maps++;
		break;
	case TRACE_IOMMU_UNMAP:
		scenario->facts.unmaps++;
		break;
	case TRACE_DMA_FAULT:
		scenario->facts.faults++;
		break;
	case TRACE_SMMU_EVENT:
		scenario_watch_spaces(scenario, event);
		break;
	case TRACE_SMMU_EVENT_LOST:
		scenario->facts.events_lost++;
		break;
	case TRACE_ATS_INVALIDATED:
		scenario->facts.atc_timeouts += event->arg[2];
		break;
	case TRACE_PAGE_REQUEST:
		*(event->arg[5] ? &scenario->facts.page_requests_lost
				: &scenario->facts.page_requests) += 1;
		break;
	case TRACE_FUNCTION_RESET:
		watch_reset(scenario, event);
		break;
	case TRACE_ROUND:
	case TRACE_VM_STATE:
		scenario_watch_move(scenario, event);
		break;
	default:
		break;
	}
}

/* --- Resets --- */

static int reset_now(const struct run_reset *reset, const struct run_guest *guest,
		     struct actor *self)
{
	switch ((enum reset_by)reset->cfg->by) {
	case RESET_BY_PF:
		return pf_driver_reset_vf(guest->host->pf_driver, self, (uint32_t)guest->vf);
	case RESET_BY_WATCHDOG:
		firmware_hang(guest->host->firmware);
		return 0;
	default:
		return vm_reset_device(guest->vm, self);
	}
}

static void reset_body(struct actor *self, void *arg)
{
	struct run_reset *reset = arg;
	struct scenario *scenario = reset->scenario;
	struct run_guest *guest = scenario_guest(scenario, reset->cfg->guest);

	struct guest_driver_stats stats;

	scenario_sleep_until(self, scenario->up_ps + reset->cfg->at_ps);
	guest_driver_stats_get(guest->driver, &stats);
	reset->asked = true;
	reset->rc = reset_now(reset, guest, self);
	reset->asked = false;
	if (!reset->rc)
		reset->rc = guest_driver_wait_reset(guest->driver, self, stats.resets);
	reset->over_ps = sim_now(scenario->machine->sim);
}

static int start_resets(struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->cfg->resets_count; i++) {
		struct run_reset *reset = &scenario->reset[i];

		reset->scenario = scenario;
		reset->cfg = &scenario->cfg->resets[i];
		reset->actor = actor_start(scenario->machine->sim, "reset", reset_body, reset);
		if (!reset->actor)
			return -ENOMEM;
	}
	return 0;
}

/* --- Link flaps --- */

static void set_links(struct machine *machine, bool up)
{
	for (uint32_t i = 0; i < machine->hosts; i++)
		nic_link_set(machine->host[i].nic, up);
}

static void flap_body(struct actor *self, void *arg)
{
	struct run_flap *flap = arg;
	struct machine *machine = flap->scenario->machine;

	scenario_sleep_until(self, flap->scenario->up_ps + flap->cfg->at_ps);
	set_links(machine, false);
	actor_sleep(self, flap->cfg->down_ps);
	set_links(machine, true);
}

static int start_flaps(struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->cfg->link_flaps_count; i++) {
		struct run_flap *flap = &scenario->flap[i];

		flap->scenario = scenario;
		flap->cfg = &scenario->cfg->link_flaps[i];
		flap->actor = actor_start(scenario->machine->sim, "link_flap", flap_body, flap);
		if (!flap->actor)
			return -ENOMEM;
	}
	return 0;
}

static void end_flaps(struct scenario *scenario, struct actor *self)
{
	for (uint32_t i = 0; i < scenario->cfg->link_flaps_count; i++) {
		actor_join(self, scenario->flap[i].actor);
		scenario->flap[i].actor = NULL;
	}
}

/* --- Map storms --- */

/*
 * A ring of windows: each step unmaps the oldest and maps the same memory,
 * which devices use meanwhile, at the next.
 */
static void storm_body(struct actor *self, void *arg)
{
	struct run_storm *storm = arg;
	const struct run_guest *guest = storm->guest;
	const struct map_storm_config *cfg = guest->cfg->map_storm;
	uint64_t slots = guest->cfg->memory_bytes / cfg->size_bytes, step;

	for (step = 0; !storm->rc && !storm->stop; step++) {
		uint64_t iova = storm->first_iova + step % cfg->windows * cfg->size_bytes;
		uint64_t gpa = SCENARIO_RAM_BASE + step % slots * cfg->size_bytes;

		if (step >= cfg->windows)
			storm->rc = vm_unmap(guest->vm, self, iova, cfg->size_bytes);
		if (!storm->rc)
			storm->rc = vm_map(guest->vm, self, iova, gpa, cfg->size_bytes);
		actor_sleep(self, cfg->pause_ps);
	}
	for (uint64_t left = MIN(step, cfg->windows); !storm->rc && left; left--)
		storm->rc =
			vm_unmap(guest->vm, self, storm->first_iova + (left - 1) * cfg->size_bytes,
				 cfg->size_bytes);
}

static int start_storms(struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++) {
		const struct map_storm_config *cfg = scenario->guest[i].cfg->map_storm;

		for (uint64_t thread = 0; cfg && thread < cfg->threads; thread++) {
			struct run_storm *storm = &scenario->storm[scenario->storms++];

			storm->guest = &scenario->guest[i];
			storm->first_iova = STORM_IOVA + thread * STORM_IOVA_BYTES;
			storm->actor =
				actor_start(scenario->machine->sim, "map_storm", storm_body, storm);
			if (!storm->actor)
				return -ENOMEM;
		}
	}
	return 0;
}

/* --- Hostile guests --- */

static int start_hostiles(struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++) {
		struct run_guest *guest = &scenario->guest[i];
		const struct hostile_config *cfg = guest->cfg->hostile;
		struct guest_hostile_cfg hostile;

		if (!cfg)
			continue;
		/* As machine.c numbers VSIs. */
		hostile = (struct guest_hostile_cfg){cfg->interval_ps, cfg->attacks,
						     (uint16_t)(guest->vf + 1)};
		guest->hostile =
			guest_hostile_create(&guest->guest, guest->driver, &hostile, guest->name);
		if (!guest->hostile)
			return -ENOMEM;
	}
	return 0;
}

static void end_hostiles(struct scenario *scenario, struct actor *self)
{
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++)
		if (scenario->guest[i].hostile)
			guest_hostile_stop(scenario->guest[i].hostile, self);
}

int scenario_start_events(struct scenario *scenario, struct actor *self)
{
	int rc = start_resets(scenario);

	if (!rc)
		rc = start_flaps(scenario);
	if (!rc)
		rc = start_storms(scenario);
	if (!rc)
		rc = start_hostiles(scenario);
	return scenario_fail(scenario, rc,
			     "the start of resets, link flaps, map storms and hostile guests");
}

static int end_resets(struct scenario *scenario, struct actor *self)
{
	uint64_t end = 0;
	int rc = 0;

	for (uint32_t i = 0; i < scenario->cfg->resets_count; i++) {
		struct run_reset *reset = &scenario->reset[i];

		actor_join(self, reset->actor);
		reset->actor = NULL;
		end = MAX(end, reset->over_ps + reset->cfg->then_ps);
		rc = rc ? rc : reset->rc;
	}
	scenario_sleep_until(self, end);
	return scenario_fail(scenario, rc, "the reset of a VF");
}

int scenario_end_events(struct scenario *scenario, struct actor *self)
{
	int rc = end_resets(scenario, self), storm_rc = 0;

	end_flaps(scenario, self);
	end_hostiles(scenario, self);
	for (uint32_t i = 0; i < scenario->storms; i++) {
		struct run_storm *storm = &scenario->storm[i];

		storm->stop = true;
		actor_join(self, storm->actor);
		storm->actor = NULL;
		storm_rc = storm_rc ? storm_rc : storm->rc;
	}
	scenario_fail(scenario, storm_rc, "a call of a map storm");
	return rc ? rc : storm_rc;
}

void scenario_drop_events(struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->cfg->resets_count; i++)
		if (scenario->reset[i].actor)
			actor_destroy(scenario->reset[i].actor);
	for (uint32_t i = 0; i < scenario->cfg->link_flaps_count; i++)
		if (scenario->flap[i].actor)
			actor_destroy(scenario->flap[i].actor);
	for (uint32_t i = 0; i < scenario->storms; i++)
		if (scenario->storm[i].actor)
			actor_destroy(scenario->storm[i].actor);
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++)
		guest_hostile_destroy(scenario->guest[i].hostile);
}
