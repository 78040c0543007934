/* SPDX-License-Identifier: Apache-2.0 */
/* Guests with several queue pairs, and address spaces of these. */
#include <string.h>

#include "base/trace.h"
#include "iommu/smmu_format.h"
#include "system/scenario_internal.h"

static bool has_space(const struct guest_config *cfg, uint64_t pasid)
{
	return cfg->address_spaces && pasid >= cfg->address_spaces->first_pasid &&
	       pasid < cfg->address_spaces->first_pasid + cfg->queue_pairs;
}

/* Each of the stream's flows goes to its pair. */
static void steer(const struct scenario_cfg *cfg, uint32_t index, struct guest_driver_cfg *driver)
{
	uint32_t first = traffic_first_flow(cfg, index);

	for (uint32_t i = 0; i < cfg->traffic[index].flows; i++)
		driver->steer[driver->steers++] =
			(struct guest_steer){first + i, (uint32_t)cfg->traffic[index].pair};
}

void scenario_pairs(const struct scenario_cfg *cfg, const struct guest_config *guest,
		    struct guest_driver_cfg *driver)
{
	driver->queue_pairs = (uint32_t)guest->queue_pairs;
	driver->pairs_per_class = (uint32_t)guest->pairs_per_class;
	if (guest->address_spaces) {
		driver->first_pasid = (uint32_t)guest->address_spaces->first_pasid;
		driver->hole_pasid = (uint32_t)guest->address_spaces->hole;
	}
	for (uint32_t i = 0; guest->queue_pairs > 1 && i < cfg->traffic_count; i++)
		if (!strcmp(cfg->traffic[i].to, guest->name))
			steer(cfg, i, driver);
}

/* A record of an SMMU: does it name an address space of a guest? */
void scenario_watch_spaces(struct scenario *scenario, const struct trace_event *event)
{
	const uint64_t *word = event->data;
	uint64_t pasid;

	if (event->data_len < 8 || !(word[0] & EVENT0_SSV))
		return;
	pasid = field_get(EVENT0_SUBSTREAMID, word[0]);
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++) {
		struct run_guest *guest = &scenario->guest[i];

		if (guest->vm && guest->host->index == event->part->host &&
		    vm_cfg_get(guest->vm)->stream_id == field_get(EVENT0_STREAMID, word[0]) &&
		    has_space(guest->cfg, pasid))
			guest->space_events[pasid - guest->cfg->address_spaces->first_pasid]++;
	}
}

void scenario_take_pairs(struct run_guest *guest)
{
	for (uint32_t pair = 0; pair < guest->cfg->queue_pairs; pair++)
		guest_driver_pair_stats_get(guest->driver, pair, &guest->pair[pair]);
}

static void add_space(struct space_facts *facts, const struct run_guest *guest, uint32_t pair)
{
	const struct guest_pair_stats *stats = &guest->pair[pair];

	facts->used += stats->received != 0;
	facts->received += stats->received;
	facts->strays += stats->strays;
	facts->events += guest->space_events[pair];
}

struct space_facts scenario_space_facts(const struct scenario *scenario,
					const struct spaces_expect *of)
{
	struct space_facts facts = {0};

	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++) {
		const struct run_guest *guest = &scenario->guest[i];

		if (!guest->cfg || !guest->cfg->address_spaces ||
		    (of->guest && strcmp(of->guest, guest->name)))
			continue;
		for (uint32_t pair = 0; pair < guest->cfg->queue_pairs; pair++)
			if (!of->pasid ||
			    of->pasid == guest->cfg->address_spaces->first_pasid + pair)
				add_space(&facts, guest, pair);
	}
	return facts;
}
