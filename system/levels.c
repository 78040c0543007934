/* SPDX-License-Identifier: Apache-2.0 */
#include "system/levels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

static uint64_t smmu_transactions(const struct level *level)
{
	return smmu_levels_get(level->who->smmu).transactions;
}

static uint64_t smmu_walks(const struct level *level)
{
	return smmu_levels_get(level->who->smmu).walks;
}

static uint64_t smmu_waiting(const struct level *level)
{
	return smmu_levels_get(level->who->smmu).waiting;
}

static uint64_t link_tlps(const struct level *level)
{
	return pcie_link_in_flight(level->who->link);
}

static uint64_t link_down(const struct level *level)
{
	return pcie_link_backlog_bytes(level->who->link, PCIE_LINK_DOWN);
}

static uint64_t link_up(const struct level *level)
{
	return pcie_link_backlog_bytes(level->who->link, PCIE_LINK_UP);
}

static uint64_t nic_tags(const struct level *level)
{
	return nic_usage_get(level->who->nic).dma_tags;
}

static uint64_t nic_jobs(const struct level *level)
{
	return nic_usage_get(level->who->nic).dma_jobs;
}

static uint64_t nic_packets(const struct level *level)
{
	return nic_usage_get(level->who->nic).packets;
}

static struct nic_queue_levels queue_levels(const struct level *level)
{
	return nic_queue_levels_get(level->who->nic, level->vf, level->rx, level->queue);
}

static uint64_t queue_posted(const struct level *level)
{
	return queue_levels(level).posted;
}

static uint64_t queue_packets(const struct level *level)
{
	return queue_levels(level).packets;
}

static uint64_t wire_frames(const struct level *level)
{
	return wire_in_flight(level->machine->wire);
}

struct row {
	const char *name;
	uint8_t bits;
	uint64_t (*read)(const struct level *level);
};

static const struct row host_rows[] = {
	{"smmu.transactions", 16, smmu_transactions}, {"smmu.walks", 16, smmu_walks},
	{"smmu.waiting", 16, smmu_waiting},           {"link.tlps", 16, link_tlps},
	{"link.down_bytes", 32, link_down},           {"link.up_bytes", 32, link_up},
};
static const struct row nic_rows[] = {
	{"nic.dma_tags", 16, nic_tags},
	{"nic.dma_jobs", 32, nic_jobs},
	{"nic.packets", 16, nic_packets},
};
static const struct row queue_rows[] = {
	{"posted", 16, queue_posted},
	{"packets", 16, queue_packets},
};
static const struct row wire_row = {"wire.frames", 16, wire_frames};

static void add(struct levels *levels, const struct level *like, const struct row *row,
		const char *name)
{
	struct level *level = &levels->level[levels->count++];

	*level = *like;
	level->bits = row->bits;
	level->read = row->read;
	snprintf(level->name, sizeof(level->name), "%s%s%s", like->who ? like->who->name : "",
		 like->who ? "." : "", name);
}

static void add_queue(struct levels *levels, const struct level *like)
{
	char name[48];

	for (size_t i = 0; i < ARRAY_LEN(queue_rows); i++) {
		snprintf(name, sizeof(name), "vf%" PRIu32 ".%s%" PRIu32 ".%s", like->vf,
			 like->rx ? "rx" : "tx", like->queue, queue_rows[i].name);
		add(levels, like, &queue_rows[i], name);
	}
}

/* VFs that are there: more than TotalVFs' worth of empty queues helps nobody. */
static void add_nic(struct levels *levels, struct level *like)
{
	const struct machine_cfg *cfg = like->machine->cfg;

	for (size_t i = 0; i < ARRAY_LEN(nic_rows); i++)
		add(levels, like, &nic_rows[i], nic_rows[i].name);
	for (uint32_t vf = 0; vf < cfg->nic.vfs; vf++)
		for (uint32_t q = 0; q < 2 * cfg->nic.queue_pairs; q++) {
			like->vf = vf;
			like->queue = q / 2;
			like->rx = q % 2;
			add_queue(levels, like);
		}
}

int levels_init(struct levels *levels, const struct machine *machine, uint64_t step_ps)
{
	uint64_t queues = 2 * machine->cfg->nic.queue_pairs * machine->cfg->nic.vfs;
	uint64_t rows = ARRAY_LEN(host_rows) + ARRAY_LEN(nic_rows) + queues * ARRAY_LEN(queue_rows);
	struct level like = {.machine = machine};

	*levels = (struct levels){.level = calloc(machine->hosts * rows + 1, sizeof(struct level))};
	if (!levels->level)
		return -ENOMEM;
	levels->step_ps = step_ps;
	for (uint32_t i = 0; i < machine->hosts; i++) {
		like.who = &machine->host[i];
		for (size_t row = 0; row < ARRAY_LEN(host_rows); row++)
			add(levels, &like, &host_rows[row], host_rows[row].name);
		if (like.who->nic)
			add_nic(levels, &like);
	}
	like.who = NULL;
	if (machine->wire)
		add(levels, &like, &wire_row, wire_row.name);
	return 0;
}

void levels_fini(struct levels *levels)
{
	free(levels->level);
	*levels = (struct levels){.level = NULL};
}

const char *level_local_name(const struct level *level)
{
	return level->who ? level->name + strlen(level->who->name) + 1 : level->name;
}
