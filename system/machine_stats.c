/* SPDX-License-Identifier: Apache-2.0 */
#include "system/machine_stats.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "base/bits.h"
#include "model/nic/frame_format.h"

#define ROWS_PER_HOST 64
#define ROWS_OF_WIRE  16

/* A counter of a part's struct. */
struct counter {
	const char *name;
	size_t offset;
};

#define COUNTER(type, member)                                                                      \
	{                                                                                          \
#member, offsetof(struct type, member)                                             \
	}

static const struct counter smmu_table[] = {
	COUNTER(smmu_counters, transactions),
	COUNTER(smmu_counters, tlb_hits),
	COUNTER(smmu_counters, tlb_misses),
	COUNTER(smmu_counters, walks),
	COUNTER(smmu_counters, leaf_reads),
	COUNTER(smmu_counters, access_updates),
	COUNTER(smmu_counters, dirty_updates),
	COUNTER(smmu_counters, ste_fetches),
	COUNTER(smmu_counters, cd_fetches),
	COUNTER(smmu_counters, faults),
	COUNTER(smmu_counters, events),
	COUNTER(smmu_counters, events_lost),
	COUNTER(smmu_counters, commands),
	COUNTER(smmu_counters, syncs),
	COUNTER(smmu_counters, stalls),
	COUNTER(smmu_counters, stall_retries),
	COUNTER(smmu_counters, events_merged),
	COUNTER(smmu_counters, ats_requests),
	COUNTER(smmu_counters, ats_refused),
	COUNTER(smmu_counters, ats_translated),
	COUNTER(smmu_counters, ats_invalidations),
	COUNTER(smmu_counters, ats_timeouts),
	COUNTER(smmu_counters, page_requests),
	COUNTER(smmu_counters, page_requests_lost),
	COUNTER(smmu_counters, page_responses),
	COUNTER(smmu_counters, page_responses_own),
};

static const struct counter dram_table[] = {
	COUNTER(dram_counters, reads),
	COUNTER(dram_counters, writes),
	COUNTER(dram_counters, cas),
	COUNTER(dram_counters, bytes),
};

static const struct counter link_table[] = {
	COUNTER(pcie_link_counters, tlps),
	COUNTER(pcie_link_counters, bytes),
	COUNTER(pcie_link_counters, payload_bytes),
	COUNTER(pcie_link_counters, busy_ps),
};

static const struct counter nic_table[] = {
	COUNTER(nic_counters, packets_sent), COUNTER(nic_counters, packets_received),
	COUNTER(nic_counters, port_sent),    COUNTER(nic_counters, port_received),
	COUNTER(nic_counters, copies),       COUNTER(nic_counters, unwanted),
	COUNTER(nic_counters, control_sent), COUNTER(nic_counters, control_received),
};

static const struct counter wire_table[] = {
	COUNTER(wire_counters, taken),
	COUNTER(wire_counters, delivered),
	COUNTER(wire_counters, lost),
};

static const struct counter far_end_table[] = {
	COUNTER(wire_backend_counters, frames_in),  COUNTER(wire_backend_counters, bytes_in),
	COUNTER(wire_backend_counters, frames_out), COUNTER(wire_backend_counters, bytes_out),
	COUNTER(wire_backend_counters, ignored),    COUNTER(wire_backend_counters, starved),
};

static void add_part(struct stats *stats, const char *name, const struct counter *table,
		     size_t count, const void *counters)
{
	for (size_t i = 0; i < count; i++)
		stats_add(stats, name, table[i].name,
			  *(const uint64_t *)((const char *)counters + table[i].offset));
}

/* Append the counters of `part` of `host`, which lie in `counters`. */
static void add_all(struct stats *stats, const struct host *host, const char *part,
		    const struct counter *table, size_t count, const void *counters)
{
	char name[STATS_NAME];

	snprintf(name, sizeof(name), "%s.%s", host->name, part);
	add_part(stats, name, table, count, counters);
}

static void add_drops(struct stats *stats, const struct host *host,
		      const struct nic_counters *counters)
{
	char name[STATS_NAME];

	snprintf(name, sizeof(name), "%s.nic.dropped", host->name);
	for (uint32_t cause = 0; cause < PACKET_DROP_COUNT; cause++)
		stats_add(stats, name, packet_drop_name(cause), counters->dropped[cause]);
}

static void add_host(struct stats *stats, const struct host *host)
{
	struct dram_counters dram = dram_counters_get(host->dram);
	struct pcie_link_counters down = pcie_link_counters_get(host->link, PCIE_LINK_DOWN);
	struct pcie_link_counters up = pcie_link_counters_get(host->link, PCIE_LINK_UP);
	char name[STATS_NAME];

	add_all(stats, host, "smmu", smmu_table, ARRAY_LEN(smmu_table), smmu_stats(host->smmu));
	add_all(stats, host, "dram", dram_table, ARRAY_LEN(dram_table), &dram);
	add_all(stats, host, "link.down", link_table, ARRAY_LEN(link_table), &down);
	add_all(stats, host, "link.up", link_table, ARRAY_LEN(link_table), &up);
	snprintf(name, sizeof(name), "%s.cpu", host->name);
	stats_add(stats, name, "spurious_msis", cpu_spurious_msis(host->cpu));
	if (!host->nic)
		return;
	add_all(stats, host, "nic", nic_table, ARRAY_LEN(nic_table), nic_counters_get(host->nic));
	add_drops(stats, host, nic_counters_get(host->nic));
}

/* What came from each end of the wire; and who is at the second one, if that is no host. */
static void add_wire(struct stats *stats, const struct machine *machine)
{
	const struct wire_backend *far_end = machine->options.far_end;
	char name[3 * HOST_NAME_LEN];

	for (uint32_t i = 0; i < MACHINE_HOSTS; i++) {
		snprintf(name, sizeof(name), "%s.from.%s", machine->wire_name,
			 i < machine->hosts ? machine->host[i].name : far_end->ops->name);
		add_part(stats, name, wire_table, ARRAY_LEN(wire_table),
			 wire_counters_get(machine->wire, i));
	}
	if (far_end)
		add_part(stats, far_end->part.name, far_end_table, ARRAY_LEN(far_end_table),
			 &far_end->counters);
}

int machine_collect_stats(const struct machine *machine, struct stats *stats)
{
	int err = stats_init(stats, machine->hosts * ROWS_PER_HOST + ROWS_OF_WIRE);

	for (uint32_t i = 0; !err && i < machine->hosts; i++)
		add_host(stats, &machine->host[i]);
	if (!err && machine->wire)
		add_wire(stats, machine);
	return err;
}
