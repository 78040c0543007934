/* SPDX-License-Identifier: Apache-2.0 */
/* What no single key can say: combinations, references, and what the hardware lacks. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/trace.h"
#include "host/guest-driver/guest_driver.h"
#include "iommu/smmu_registers_format.h"
#include "model/nic/frame_format.h"
#include "system/config/rules_internal.h"
#include "system/config/smmu.h"
#include "system/config/units.h"

/* The node at `path` or the nearest above it that was written. */
static const struct doc_node *nearest(const struct doc *doc, const char *path)
{
	const struct doc_node *node = doc->root, *child;
	char name[64];
	size_t len;

	while (*path) {
		path += strspn(path, ".[]");
		len = strcspn(path, ".[]");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		child = doc_child(node, name);
		if (!child)
			break;
		node = child;
		path += len;
		path += strspn(path, "]");
	}
	return node;
}

void rules_report(const struct rules *rules, const char *path, const char *format, va_list args)
{
	const struct doc_node *node = nearest(rules->doc, path);
	char what[300];

	vsnprintf(what, sizeof(what), format, args);
	config_error(rules->errors, node->origin, node->line, "%s: %s", path, what);
}

void broken(const struct rules *rules, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	rules_report(rules, path, format, args);
	va_end(args);
}

static const char *size_text(uint64_t bytes, char text[32])
{
	return unit_format(UNIT_BYTES, bytes, text, 32);
}

static void check_power(const struct rules *rules, const char *path, uint64_t value)
{
	if (!is_power_of_two(value))
		broken(rules, path, "expected a power of two, not %" PRIu64, value);
}

/* What an SMMU must have for the kernel's driver. */
static void check_driver_needs(const struct rules *rules)
{
	const struct smmu_cfg cfg = config_smmu(&rules->cfg->machine);

	if (!cfg.s1)
		broken(rules, "machine.smmu.s1", "expected stage 1: the kernel's driver needs it");
	if (!(cfg.granules & SMMU_GRANULE_4K))
		broken(rules, "machine.smmu.granules",
		       "expected 4KiB among them: the kernel's driver needs it");
	if (!(cfg.ttf & IDR0_TTF_AARCH64))
		broken(rules, "machine.smmu.ttf",
		       "expected aarch64 among them: the kernel's driver needs it");
	if (cfg.endian == IDR0_TTENDIAN_BE)
		broken(rules, "machine.smmu.endian",
		       "expected little or mixed: the kernel's driver writes little-endian tables");
}

/* An SMMU that IHI 0070 does not know, or that is of no use in this machine. */
static void check_smmu_features(const struct rules *rules)
{
	const struct smmu_cfg cfg = config_smmu(&rules->cfg->machine);
	struct smmu_cfg_fault fault = smmu_cfg_fault(&cfg);
	char path[64];

	if (fault.member) {
		snprintf(path, sizeof(path), "machine.smmu.%s", fault.member);
		broken(rules, path, "expected %s", fault.expected);
	}
	if (rules->kernel)
		check_driver_needs(rules);
	if (cfg.stall_model == IDR0_STALL_MODEL_FORCE)
		broken(rules, "machine.smmu.stall_model",
		       "expected none or either: faults of PCI Express must not stall");
}

static void check_smmu(const struct rules *rules)
{
	const struct smmu_config *smmu = &rules->cfg->machine.smmu;
	const struct timing_cfg *timing = &rules->cfg->machine.timing;
	uint64_t ways = timing->smmu.tlb_ways, entries = timing->smmu.tlb_entries;

	check_smmu_features(rules);
	if (entries % ways || !is_power_of_two(entries / ways))
		broken(rules, "machine.timing.smmu.tlb_ways",
		       "expected a divisor of tlb_entries (%" PRIu64
		       ") that leaves a power of two, not %" PRIu64,
		       entries, ways);
	if (smmu->oas_bits < 48 && rules->cfg->machine.memory_bytes >> (smmu->oas_bits - 1))
		broken(rules, "machine.memory",
		       "does not fit into the SMMU's physical addresses (smmu.oas_bits: %" PRIu64
		       ")",
		       smmu->oas_bits);
}

static void check_ats(const struct rules *rules)
{
	const struct nic_config *nic = &rules->cfg->machine.nic;

	if (nic->pri && !nic->ats)
		broken(rules, "machine.nic.pri", "needs machine.nic.ats");
	if (nic->ats && nic->atc_entries % nic->atc_ways)
		broken(rules, "machine.nic.atc_ways",
		       "expected a divisor of atc_entries (%" PRIu64 "), not %" PRIu64,
		       nic->atc_entries, nic->atc_ways);
}

static void check_queue_pairs(const struct rules *rules)
{
	const struct nic_config *nic = &rules->cfg->machine.nic;
	uint64_t first = nic->first_queue_pairs ? nic->first_queue_pairs : nic->queue_pairs;

	if (first > nic->queue_pairs)
		broken(rules, "machine.nic.first_queue_pairs",
		       "expected at most queue_pairs (%" PRIu64 "), not %" PRIu64, nic->queue_pairs,
		       first);
	if (nic->queue_pool && nic->queue_pool < nic->total_vfs * first)
		broken(rules, "machine.nic.queue_pool",
		       "expected at least %" PRIu64 " for each of %" PRIu64 " VFs, not %" PRIu64,
		       first, nic->total_vfs, nic->queue_pool);
}

static void check_machine(const struct rules *rules)
{
	const struct machine_cfg *machine = &rules->cfg->machine;
	char text[32];

	check_smmu(rules);
	check_ats(rules);
	check_queue_pairs(rules);
	rules_check_classes(rules);
	check_power(rules, "machine.link.lanes",
		    machine->link.lanes == 12 ? 4 : machine->link.lanes);
	check_power(rules, "machine.link.max_payload", machine->link.max_payload);
	check_power(rules, "machine.link.max_read_request", machine->link.max_read_request);
	check_power(rules, "machine.link.read_completion_boundary",
		    machine->link.read_completion_boundary);
	if (machine->nic.vfs > machine->nic.total_vfs)
		broken(rules, "machine.nic.vfs",
		       "expected at most the VFs that the PF has (nic.total_vfs: %" PRIu64
		       "), not %" PRIu64,
		       machine->nic.total_vfs, machine->nic.vfs);
	if (machine->kernel.page_size != 4096 && machine->kernel.page_size != 2u << 20)
		broken(rules, "machine.kernel.page_size",
		       "expected a page that the SMMU has and the kernel backs memory with: "
		       "4KiB or 2MiB, not %s",
		       size_text(machine->kernel.page_size, text));
	if (machine->memory_bytes % (2u << 20))
		broken(rules, "machine.memory", "expected a multiple of 2MiB");
	if (machine->hosts_count == 2 && !strcmp(machine->hosts[0], machine->hosts[1]))
		broken(rules, "machine.hosts", "expected two different names");
	if (machine->timing.nic.flr_ps > UINT64_C(100) * 1000000000)
		broken(rules, "machine.timing.nic.flr", "expected at most 100ms (PCIe 6.6.2)");
}

static void check_guest_place(const struct rules *rules, uint32_t index)
{
	const struct scenario_cfg *cfg = rules->cfg;
	const struct guest_config *guest = &cfg->guests[index];
	char path[96];

	if (!host_exists(&cfg->machine, guest->host))
		broken(rules, indexed(path, "guests", index, "host"),
		       "expected one of machine.hosts, not `%s`", guest->host);
	if (guest->vf >= cfg->machine.nic.vfs)
		broken(rules, indexed(path, "guests", index, "vf"),
		       "expected a VF that is enabled (nic.vfs: %" PRIu64 "), not %" PRIu64,
		       cfg->machine.nic.vfs, guest->vf);
	for (uint32_t i = 0; i < index; i++) {
		const struct guest_config *other = &cfg->guests[i];

		if (!strcmp(other->name, guest->name))
			broken(rules, indexed(path, "guests", index, "name"),
			       "expected a name of its own: guests[%u] has it too", i);
		if (!strcmp(other->host, guest->host) && other->vf == guest->vf)
			broken(rules, indexed(path, "guests", index, "vf"),
			       "expected a VF of its own: %s has VF %" PRIu64 " too", other->name,
			       guest->vf);
	}
}

static void check_guest_sizes(const struct rules *rules, uint32_t index)
{
	const struct guest_config *guest = &rules->cfg->guests[index];
	uint64_t page = rules->cfg->machine.kernel.page_size;
	char path[96], text[32];

	if (guest->memory_bytes % page)
		broken(rules, indexed(path, "guests", index, "memory"),
		       "expected a multiple of kernel.page_size (%s)", size_text(page, text));
	if (guest->memory_bytes > rules->cfg->machine.memory_bytes / 2)
		broken(rules, indexed(path, "guests", index, "memory"),
		       "expected at most half of the host's (machine.memory: %s)",
		       size_text(rules->cfg->machine.memory_bytes, text));
	if (guest->image_bytes > guest->memory_bytes / 2)
		broken(rules, indexed(path, "guests", index, "image"),
		       "expected at most half of the guest's memory");
	if (guest->ring_entries % 32)
		broken(rules, indexed(path, "guests", index, "ring_entries"),
		       "expected a multiple of 32");
	if (guest->buffer_bytes % 128)
		broken(rules, indexed(path, "guests", index, "buffer"),
		       "expected a multiple of 128");
	if (guest->max_rate_bps % 1000000 || guest->min_rate_bps % 1000000)
		broken(rules, indexed(path, "guests", index, "max_rate and min_rate"),
		       "expected whole Mb/s");
	if (guest->max_rate_bps && guest->min_rate_bps > guest->max_rate_bps)
		broken(rules, indexed(path, "guests", index, "min_rate"),
		       "expected no more than max_rate");
	if (guest->dirty && guest->dirty->region_bytes > guest->memory_bytes / 2)
		broken(rules, indexed(path, "guests", index, "dirty.region"),
		       "expected at most half of the guest's memory");
}

/* What guests have of a host together leaves room for the kernel's tables. */
static void check_host_memory(const struct rules *rules, const char *host)
{
	const struct scenario_cfg *cfg = rules->cfg;
	uint64_t room = cfg->machine.memory_bytes / 8 * 7, sum = 0;
	char path[96], text[32];

	for (uint32_t i = 0; i < cfg->guests_count; i++) {
		const struct guest_config *guest = &cfg->guests[i];
		bool comes = cfg->migration && !strcmp(cfg->migration->guest, guest->name) &&
			     !strcmp(cfg->migration->to, host);

		if (!comes && strcmp(guest->host, host))
			continue;
		sum += guest->memory_bytes;
		if (sum <= room)
			continue;
		broken(rules, indexed(path, "guests", i, "memory"),
		       "expected at most 7/8 of a host's for all guests of %s (machine.memory: %s)",
		       host, size_text(cfg->machine.memory_bytes, text));
		return;
	}
}

/* Its driver has let go of the VF, and nobody there takes part in what drivers do. */
static void check_hostile(const struct rules *rules, uint32_t index)
{
	const struct scenario_cfg *cfg = rules->cfg;
	const struct guest_config *guest = &cfg->guests[index];
	char path[96];

	if (!guest->hostile)
		return;
	if (cfg->migration && !strcmp(cfg->migration->guest, guest->name))
		broken(rules, indexed(path, "guests", index, "hostile"),
		       "expected a guest that does not move");
	if (guest->viommu)
		broken(rules, indexed(path, "guests", index, "hostile"),
		       "expected a guest without viommu");
	for (uint32_t i = 0; i < cfg->traffic_count; i++)
		if (!strcmp(cfg->traffic[i].from, guest->name) ||
		    !strcmp(cfg->traffic[i].to, guest->name))
			broken(rules, indexed(path, "guests", index, "hostile"),
			       "expected a guest without traffic: traffic[%u] is its", i);
	for (uint32_t i = 0; i < cfg->resets_count; i++)
		if (!strcmp(cfg->resets[i].guest, guest->name))
			broken(rules, indexed(path, "guests", index, "hostile"),
			       "expected a guest that is not reset: resets[%u] is", i);
}

/* Ways in which a move does not come to its end. */
static void check_give_up(const struct rules *rules, const struct migration_config *migration)
{
	bool has_rounds = strcmp(migration_method_names[migration->method], "cold") != 0;

	if (migration->cancel_in_round > (has_rounds ? migration->max_rounds : 0))
		broken(rules, "migration.cancel_in_round",
		       "expected a round of pre-copy (method: %s, max_rounds: %" PRIu64
		       "), not %" PRIu64,
		       migration_method_names[migration->method], migration->max_rounds,
		       migration->cancel_in_round);
	if (migration->cancel_in_round && migration->trips > 1)
		broken(rules, "migration.trips", "expected 1 with cancel_in_round");
}

static void check_migration(const struct rules *rules)
{
	const struct scenario_cfg *cfg = rules->cfg;
	const struct migration_config *migration = cfg->migration;
	const struct guest_config *guest = guest_find(cfg, migration->guest);

	if (!guest)
		broken(rules, "migration.guest", "expected the name of a guest, not `%s`",
		       migration->guest);
	else if (!strcmp(guest->host, migration->to))
		broken(rules, "migration.to", "expected another host: %s is there already",
		       guest->name);
	if (!host_exists(&cfg->machine, migration->to))
		broken(rules, "migration.to", "expected one of machine.hosts, not `%s`",
		       migration->to);
	if (migration->vf >= cfg->machine.nic.vfs)
		broken(rules, "migration.vf",
		       "expected a VF that is enabled (nic.vfs: %" PRIu64 "), not %" PRIu64,
		       cfg->machine.nic.vfs, migration->vf);
	for (uint32_t i = 0; i < cfg->guests_count; i++)
		if (!strcmp(cfg->guests[i].host, migration->to) &&
		    cfg->guests[i].vf == migration->vf)
			broken(rules, "migration.vf", "expected a free VF: %s has it",
			       cfg->guests[i].name);
	if (guest && (guest->viommu || guest->map_storm || guest->address_spaces))
		broken(rules, "migration.guest",
		       "expected a guest without viommu, map_storm and address_spaces: what they "
		       "map would stay behind");
	check_give_up(rules, migration);
	if (migration->tracking == DIRTY_HTTU &&
	    (cfg->machine.smmu.httu < 2 || !cfg->machine.smmu.coherent))
		broken(rules, "machine.smmu.httu",
		       "`migration.tracking: httu` needs `httu: dirty` and `coherent: yes`, or no "
		       "dirty state is tracked");
	if (migration->tracking == DIRTY_DEVICE && !cfg->machine.nic.dma_log_bytes)
		broken(rules, "machine.nic.dma_log",
		       "`migration.tracking: device` needs a NIC with a DMA log, not 0");
}

static void check_reset(const struct rules *rules, uint32_t index)
{
	const struct scenario_cfg *cfg = rules->cfg;
	const struct reset_config *reset = &cfg->resets[index];
	char path[96];

	indexed(path, "resets", index, "guest");
	if (!guest_find(cfg, reset->guest))
		broken(rules, path, "expected the name of a guest, not `%s`", reset->guest);
	else if (cfg->migration && !strcmp(cfg->migration->guest, reset->guest))
		broken(rules, path, "expected a guest that does not move");
}

static void check_storm(const struct rules *rules, uint32_t index)
{
	const struct guest_config *guest = &rules->cfg->guests[index];
	const struct map_storm_config *storm = guest->map_storm;
	uint64_t page = rules->cfg->machine.kernel.page_size;
	char path[96], text[32];

	if (guest->viommu && page != 4096)
		broken(rules, indexed(path, "guests", index, "viommu"),
		       "expected no with kernel.page_size %s: buffers are mapped by 4KiB",
		       size_text(page, text));
	if (storm && (storm->size_bytes % page || storm->size_bytes > guest->memory_bytes))
		broken(rules, indexed(path, "guests", index, "map_storm.size"),
		       "expected a multiple of kernel.page_size (%s) within the guest's memory",
		       size_text(page, text));
}

/* What an expectation can be about, and which keys go with that. */
static const char *const expect_subjects[] = {"check",  "migration", "packets", "guest", "iommu",
					      "spaces", "master",    "wire",    "host"};
static const struct {
	const char *key, *subject;
} expect_members[] = {
	{"verdict", "check"},    {"min", "check"},          {"trips", "migration"},
	{"rounds", "migration"}, {"downtime", "migration"}, {"runs_on", "guest"},
	{"resets", "guest"},     {"memory_left", "host"},   {"reads_cut", "guest"},
	{"writes_cut", "guest"}, {"malicious", "guest"},
};

/* As it is written: a mapping's members, one of which says what it is about. */
static void check_expect_members(const struct rules *rules, const struct doc_node *node,
				 uint32_t index)
{
	uint32_t subjects = 0;
	char path[96];

	for (uint32_t i = 0; i < ARRAY_LEN(expect_subjects); i++)
		subjects += doc_child(node, expect_subjects[i]) != NULL;
	snprintf(path, sizeof(path), "expect[%u]", index);
	if (subjects != 1)
		broken(rules, path,
		       "expected one of check, migration, packets, guest, iommu, spaces, master, "
		       "wire and host in a "
		       "statement, not %u of them",
		       subjects);
	for (uint32_t i = 0; i < ARRAY_LEN(expect_members); i++)
		if (doc_child(node, expect_members[i].key) &&
		    !doc_child(node, expect_members[i].subject))
			broken(rules, indexed(path, "expect", index, expect_members[i].key),
			       "expected only together with `%s`", expect_members[i].subject);
}

static void check_expect_guest(const struct rules *rules, uint32_t index, const char *key,
			       const char *name)
{
	char path[96];

	if (name && !guest_find(rules->cfg, name))
		broken(rules, indexed(path, "expect", index, key),
		       "expected the name of a guest, not `%s`", name);
}

static void check_expect_end(const struct rules *rules, uint32_t index, const char *key,
			     const char *name)
{
	if (name && strcmp(name, TRAFFIC_WIRE) != 0)
		check_expect_guest(rules, index, key, name);
}

static void check_expect_host(const struct rules *rules, uint32_t index, const char *key,
			      const char *name)
{
	char path[96];

	if (name && !host_exists(&rules->cfg->machine, name))
		broken(rules, indexed(path, "expect", index, key),
		       "expected one of machine.hosts, not `%s`", name);
}

static void check_expect(const struct rules *rules, uint32_t index)
{
	const struct scenario_cfg *cfg = rules->cfg;
	const struct expect_config *expect = &cfg->expect[index];
	char path[96];

	snprintf(path, sizeof(path), "expect[%u]", index);
	check_expect_members(rules, nearest(rules->doc, path), index);
	if (expect->migration && !cfg->migration)
		broken(rules, indexed(path, "expect", index, "migration"),
		       "expected a scenario with a migration");
	check_expect_guest(rules, index, "guest", expect->guest);
	check_expect_host(rules, index, "host", expect->host);
	check_expect_host(rules, index, "runs_on", expect->runs_on);
	if (expect->packets) {
		check_expect_end(rules, index, "packets.from", expect->packets->from);
		check_expect_end(rules, index, "packets.to", expect->packets->to);
	}
	if (expect->wire && cfg->machine.wire.peer == PEER_HOST)
		broken(rules, indexed(path, "expect", index, "wire"),
		       "expected a wire with a `peer` that is no host");
	if (expect->spaces)
		rules_check_expect_spaces(rules, index);
	if (expect->guest && !expect->runs_on && !expect->resets.relation &&
	    !expect->reads_cut.relation && !expect->writes_cut.relation &&
	    !expect->malicious.relation)
		broken(rules, indexed(path, "expect", index, "guest"),
		       "expected with runs_on, resets, malicious, reads_cut or writes_cut");
	if (expect->host && !expect->memory_left_bytes.relation)
		broken(rules, indexed(path, "expect", index, "host"), "expected with memory_left");
	for (uint32_t i = 0; expect->check && i < index; i++)
		if (cfg->expect[i].check == expect->check)
			broken(rules, indexed(path, "expect", index, "check"),
			       "expected another check: expect[%u] is about it too", i);
}

void config_check_rules(const struct doc *doc, const struct scenario_cfg *cfg, bool kernel,
			struct config_errors *errors)
{
	struct rules rules = {.doc = doc, .cfg = cfg, .kernel = kernel, .errors = errors};

	check_machine(&rules);
	rules_check_wire(&rules);
	for (uint32_t i = 0; i < cfg->guests_count; i++) {
		check_guest_place(&rules, i);
		check_guest_sizes(&rules, i);
		check_storm(&rules, i);
		check_hostile(&rules, i);
		rules_check_pairs(&rules, i);
		rules_check_guest_classes(&rules, i);
	}
	for (uint32_t i = 0; i < cfg->machine.hosts_count; i++)
		check_host_memory(&rules, cfg->machine.hosts[i]);
	for (uint32_t i = 0; i < cfg->traffic_count; i++)
		rules_check_traffic(&rules, i);
	rules_check_traffic_pairs(&rules);
	if (cfg->migration)
		check_migration(&rules);
	if (!cfg->guests_count && !cfg->masters_count)
		broken(&rules, "guests", "expected guests or masters: nobody would do anything");
	for (uint32_t i = 0; i < cfg->masters_count; i++)
		rules_check_master(&rules, i);
	for (uint32_t i = 0; i < cfg->resets_count; i++)
		check_reset(&rules, i);
	for (uint32_t i = 0; i < cfg->expect_count; i++)
		check_expect(&rules, i);
}
