/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about guests' queue pairs and their address spaces. */
#include <inttypes.h>

#include "base/bits.h"
#include "host/guest-driver/guest_driver.h"
#include "system/config/rules_internal.h"

/* What the SMMU and the NIC tell apart, and where the buffers are mapped. */
static void check_spaces(const struct rules *rules, uint32_t index)
{
	const struct machine_cfg *machine = &rules->cfg->machine;
	const struct guest_config *guest = &rules->cfg->guests[index];
	const struct address_spaces_config *spaces = guest->address_spaces;
	uint64_t bits = MIN(substream_bits(machine), machine->nic.pasid_bits);
	uint64_t end = spaces->first_pasid + guest->queue_pairs;
	char path[96];

	if (end - 1 > BIT(bits) - 1)
		broken(rules, indexed(path, "guests", index, "address_spaces.first_pasid"),
		       "expected PASIDs of at most %" PRIu64
		       " bits (machine.smmu.ssid_bits, at most 10 without "
		       "machine.smmu.two_level_cd; machine.nic.pasid_bits), not %" PRIu64
		       " to %" PRIu64,
		       bits, spaces->first_pasid, end - 1);
	if (spaces->hole && (spaces->hole < spaces->first_pasid || spaces->hole >= end))
		broken(rules, indexed(path, "guests", index, "address_spaces.hole"),
		       "expected one of the guest's PASIDs, not %" PRIu64, spaces->hole);
	if (guest->viommu)
		broken(rules, indexed(path, "guests", index, "viommu"),
		       "expected no with address_spaces, where buffers stay mapped");
	if (machine->kernel.page_size != 4096)
		broken(rules, indexed(path, "guests", index, "address_spaces"),
		       "expected kernel.page_size 4KiB with it: memory is mapped by 4KiB");
}

void rules_check_pairs(const struct rules *rules, uint32_t index)
{
	const struct nic_config *nic = &rules->cfg->machine.nic;
	const struct guest_config *guest = &rules->cfg->guests[index];
	uint64_t need = guest->queue_pairs * guest->ring_entries * 2 * (guest->buffer_bytes + 32);
	char path[96];

	if (guest->queue_pairs > nic->queue_pairs)
		broken(rules, indexed(path, "guests", index, "queue_pairs"),
		       "expected at most a VF's (%" PRIu64 ": machine.nic.queue_pairs)",
		       nic->queue_pairs);
	if (guest->vf_queue_pairs > nic->queue_pairs)
		broken(rules, indexed(path, "guests", index, "vf_queue_pairs"),
		       "expected at most the hardware's (%" PRIu64 ": machine.nic.queue_pairs)",
		       nic->queue_pairs);
	if (guest->queue_pairs > 1 && need > guest->memory_bytes / 2)
		broken(rules, indexed(path, "guests", index, "queue_pairs"),
		       "expected so few that their rings and buffers take at most half of the "
		       "guest's memory");
	if (guest->address_spaces)
		check_spaces(rules, index);
}

static void check_traffic_end(const struct rules *rules, uint32_t index, const char *name)
{
	const struct traffic_config *traffic = &rules->cfg->traffic[index];
	const struct guest_config *guest = guest_find(rules->cfg, name);
	char path[96];

	if (guest && traffic->pair >= guest->queue_pairs)
		broken(rules, indexed(path, "traffic", index, "pair"),
		       "expected a queue pair of %s (queue_pairs: %" PRIu64 "), not %" PRIu64, name,
		       guest->queue_pairs, traffic->pair);
}

void rules_check_traffic_pairs(const struct rules *rules)
{
	const struct scenario_cfg *cfg = rules->cfg;
	uint64_t comes[CONFIG_GUESTS] = {0};
	char path[96];

	for (uint32_t i = 0; i < cfg->traffic_count; i++) {
		const struct guest_config *to = guest_find(rules->cfg, cfg->traffic[i].to);

		check_traffic_end(rules, i, cfg->traffic[i].from);
		check_traffic_end(rules, i, cfg->traffic[i].to);
		if (!to || to->queue_pairs < 2)
			continue;
		comes[to - cfg->guests] += cfg->traffic[i].flows;
		if (comes[to - cfg->guests] > GUEST_STEERS)
			broken(rules, indexed(path, "traffic", i, "to"),
			       "expected at most %u flows to a guest with several queue pairs",
			       GUEST_STEERS);
	}
}

void rules_check_expect_spaces(const struct rules *rules, uint32_t index)
{
	const struct spaces_expect *expect = rules->cfg->expect[index].spaces;
	const struct guest_config *guest;
	char path[96];

	if (!expect->guest)
		return;
	guest = guest_find(rules->cfg, expect->guest);
	if (!guest || !guest->address_spaces)
		broken(rules, indexed(path, "expect", index, "spaces.guest"),
		       "expected the name of a guest with address_spaces, not `%s`", expect->guest);
}
