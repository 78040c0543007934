/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about test masters: where they are, and what they need of the SMMU. */
#include <inttypes.h>

#include "base/bits.h"
#include "system/config/rules_internal.h"

/* Stream IDs are requester IDs: those of the NIC have its bus above 8 bits. */
#define NIC_BUS_OF_STREAMS 1

#define MASTER_NAME 24

static void master_broken(const struct rules *rules, uint32_t index, const char *key,
			  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Report about a key of a master. */
static void master_broken(const struct rules *rules, uint32_t index, const char *key,
			  const char *format, ...)
{
	char path[96];
	va_list args;

	va_start(args, format);
	rules_report(rules, indexed(path, "masters", index, key), format, args);
	va_end(args);
}

/* What the SMMU offers, where the master is. */
static void check_place(const struct rules *rules, uint32_t index)
{
	const struct scenario_cfg *cfg = rules->cfg;
	const struct master_config *master = &cfg->masters[index];
	const char *stage = master_stage_names[master->stage];

	if (!host_exists(&cfg->machine, master->host))
		master_broken(rules, index, "host", "expected one of machine.hosts, not `%s`",
			      master->host);
	if (master->stream >> cfg->machine.smmu.sid_bits ||
	    (master->stream >> 8) == NIC_BUS_OF_STREAMS)
		master_broken(rules, index, "stream",
			      "expected a stream of %" PRIu64
			      " bits that is none of the NIC's bus, not "
			      "0x%" PRIx64,
			      cfg->machine.smmu.sid_bits, master->stream);
	if (strcmp(stage, "stage1") && !cfg->machine.smmu.s2)
		master_broken(rules, index, "stage", "`%s` needs `machine.smmu.s2: yes`", stage);
	if (master->substreams &&
	    (!strcmp(stage, "stage2") || master->substreams >> substream_bits(&cfg->machine)))
		master_broken(rules, index, "substreams",
			      "expected fewer than %" PRIu64
			      " bits tell apart (machine.smmu.ssid_bits; at most 10 without "
			      "machine.smmu.two_level_cd), and none with stage2",
			      substream_bits(&cfg->machine));
	for (uint32_t i = 0; i < index; i++)
		if (!strcmp(cfg->masters[i].name, master->name) ||
		    (!strcmp(cfg->masters[i].host, master->host) &&
		     cfg->masters[i].stream == master->stream))
			master_broken(
				rules, index, "name",
				"expected a name and a stream of its own: masters[%u] has it too",
				i);
}

/* Pages on demand, by stalls or page requests. */
static void check_faults(const struct rules *rules, uint32_t index)
{
	const struct master_config *master = &rules->cfg->masters[index];

	if (master->resident &&
	    ((!master->may_stall && !master->page_requests) || master->remap_ps ||
	     master->dirty_tracking || !strcmp(master_stage_names[master->stage], "nested")))
		master_broken(rules, index, "resident",
			      "expected 0, or may_stall or page_requests and neither remap, "
			      "dirty_tracking nor nested");
	if (master->resident && master->may_stall && !rules->cfg->machine.smmu.stall_max)
		master_broken(rules, index, "resident",
			      "needs `machine.smmu.stall_model: either` and stall_max");
}

static void check_ats(const struct rules *rules, uint32_t index)
{
	const struct master_config *master = &rules->cfg->masters[index];

	if (master->ats && !rules->cfg->machine.smmu.ats)
		master_broken(rules, index, "ats", "needs `machine.smmu.ats: yes`");
	if (master->ignores_invalidations && !master->ats)
		master_broken(rules, index, "ignores_invalidations",
			      "needs `ats: yes`: there are none without");
	/* With one page, each answer takes away the page of the answer before it. */
	if (master->page_requests && master->resident == 1)
		master_broken(rules, index, "resident", "expected at least 2 with page_requests");
	if (master->page_requests &&
	    (!master->ats || !master->resident || !rules->cfg->machine.smmu.pri))
		master_broken(rules, index, "page_requests",
			      "needs `ats: yes`, `resident` and `machine.smmu.pri: yes`");
}

void rules_check_master(const struct rules *rules, uint32_t index)
{
	const struct master_config *master = &rules->cfg->masters[index];

	check_place(rules, index);
	check_faults(rules, index);
	check_ats(rules, index);
	if (strlen(master->name) > MASTER_NAME)
		master_broken(rules, index, "name", "expected at most %d characters", MASTER_NAME);
	if (!is_power_of_two(master->access_bytes))
		master_broken(rules, index, "access", "expected a power of two, not %" PRIu64,
			      master->access_bytes);
	if (master->window_bytes % 4096 || master->iova % 4096)
		master_broken(rules, index, "window",
			      "expected whole pages of 4KiB, at an iova that is a page's");
	if (master->dirty_tracking && master->remap_ps)
		master_broken(
			rules, index, "remap",
			"expected 0 with dirty_tracking: the bits of a page that moves go with it");
	if (master->dirty_tracking && !strcmp(master_stage_names[master->stage], "stage1") &&
	    rules->cfg->machine.smmu.httu < 2)
		master_broken(rules, index, "dirty_tracking", "needs `machine.smmu.httu: dirty`");
}
