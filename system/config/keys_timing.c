/* SPDX-License-Identifier: Apache-2.0 */
#include "system/config/keys.h"

/* As enum smmu_replacement has them. */
static const char *const replacement_names[] = {"lru", "fifo", "random", NULL};

#define TIME_ROW(name_, member, what_)                                                             \
	{                                                                                          \
		name_, TIMES(timing_cfg, member, SEC), REQUIRED, WHAT(what_)                       \
	}

/* Offsets are those in struct timing_cfg: the groups' own structures lie at offset 0 of it. */
static const struct schema_key memory_keys[] = {
	TIME_ROW("latency", memory.latency_ps, "arrival to access, unloaded"),
	{"bandwidth", RATES(timing_cfg, memory.bandwidth_bps, UINT64_C(100000) * 1000000000),
	 REQUIRED, WHAT("of the channel; 0: unbounded")},
	{NULL},
};
static const struct schema_key smmu_keys[] = {
	TIME_ROW("tlb_hit", smmu.tlb_hit_ps, "added to a request that hits"),
	TIME_ROW("walk_step", smmu.walk_step_ps, "added to each table fetch, beside memory's time"),
	TIME_ROW("command", smmu.command_ps, "for each command consumed"),
	{"walkers", COUNTS(timing_cfg, smmu.walkers, 1, 256), REQUIRED,
	 WHAT("walks under way at once")},
	{"tlb_entries", COUNTS(timing_cfg, smmu.tlb_entries, 1, 65536), REQUIRED,
	 WHAT("of the TLB")},
	{"tlb_ways", COUNTS(timing_cfg, smmu.tlb_ways, 1, 65536), REQUIRED,
	 WHAT("of a set; divides tlb_entries into a power of two")},
	{"tlb_replacement", KEY(CHOICE, timing_cfg, smmu.tlb_replacement),
	 .choice = replacement_names, DEFAULT("lru"), WHAT("which line of a full set makes room")},
	{"walk_cache_entries", COUNTS(timing_cfg, smmu.walk_cache_entries, 0, 65536), DEFAULT("0"),
	 WHAT("tables kept for later walks, in sets of 4; 0: every walk begins at the first")},
	{"ats_timeout", TIMES(timing_cfg, smmu.ats_timeout_ps, 120 * SEC), DEFAULT("60s"),
	 WHAT("a device's invalidation has failed then; 0: it never has")},
	{NULL},
};
static const struct schema_key link_keys[] = {
	TIME_ROW("latency", link.latency_ps, "last byte sent to its arrival, each way"),
	{"switch", TIMES(timing_cfg, link.switch_ps, SEC), DEFAULT("0"),
	 WHAT("a TLP's way through a switch, from port to port")},
	{NULL},
};
static const struct schema_key nic_keys[] = {
	TIME_ROW("register", nic.register_ps, "arrival of a register read to its access"),
	TIME_ROW("flr", nic.flr_ps, "a function-level reset; at most 100ms"),
	TIME_ROW("issue", nic.issue_ps, "between two DMA requests of the engine"),
	TIME_ROW("switch", nic.switch_ps, "a packet's way through the switch"),
	TIME_ROW("write_back", nic.write_back_ps,
		 "longest wait for more descriptors to write back together"),
	{"page_retry", TIMES(timing_cfg, nic.page_retry_ps, SEC), DEFAULT("1us"),
	 WHAT("before a page that was said to be there is asked for a third time, and later")},
	{"interrupt", TIMES(timing_cfg, nic.interrupt_ps, SEC), DEFAULT("0"),
	 WHAT("a queue's cause waits so long for others to share its interrupt")},
	TIME_ROW("drain_poll", nic.drain_poll_ps, "looks whether a VF is drained, so often"),
	{NULL},
};
static const struct schema_key firmware_keys[] = {
	TIME_ROW("command", firmware.command_ps, "a mailbox or admin queue command"),
	TIME_ROW("state", firmware.state_ps,
		 "a part of a VF's state saved or loaded, or of its DMA log read"),
	TIME_ROW("reset", firmware.reset_ps, "from a drained reset to an active VF"),
	{"watchdog", TIMES(timing_cfg, firmware.watchdog_ps, 60 * SEC), DEFAULT("100ms"),
	 WHAT("from the moment in which the firmware hangs to its restart")},
	{NULL},
};
static const struct schema_key cpu_keys[] = {
	TIME_ROW("interrupt", cpu.interrupt_ps, "from the doorbell to the handler"),
	{NULL},
};
static const struct schema_key kernel_keys[] = {
	TIME_ROW("syscall", kernel.syscall_ps, "entering and leaving a call"),
	TIME_ROW("map_call", kernel.call_ps, "a map, unmap or dirty read"),
	TIME_ROW("map_page", kernel.page_ps, "each table entry touched by it"),
	TIME_ROW("command_timeout", kernel.command_timeout_ps, "the PF driver gives up"),
	TIME_ROW("poll", kernel.poll_ps, "the PF driver looks at its queue so often"),
	{"message", TIMES(timing_cfg, kernel.message_ps, SEC), DEFAULT("5us"),
	 WHAT("with nic.mailbox: forward, the PF driver's own work on a VF's message, beside its "
	      "commands")},
	{NULL},
};
static const struct schema_key vmm_keys[] = {
	TIME_ROW("exit", vmm.exit_ps, "leaving and re-entering the guest for a trap"),
	TIME_ROW("page", vmm.page_ps, "looking at a page that a migration sends"),
	TIME_ROW("dirty_sync", vmm.dirty_sync_ps, "reading the CPU's dirty log"),
	{NULL},
};
static const struct schema_key guest_keys[] = {
	TIME_ROW("packet", guest.packet_ps, "to build a packet and hand it over"),
	TIME_ROW("poll", guest.poll_ps, "to take a packet out of the ring"),
	{NULL},
};

#define GROUP(name_)                                                                               \
	static const struct schema_map name_##_map = MAP("timing." #name_, timing_cfg, name_##_keys)
GROUP(memory);
GROUP(smmu);
GROUP(link);
GROUP(nic);
GROUP(firmware);
GROUP(cpu);
GROUP(kernel);
GROUP(vmm);
GROUP(guest);

#define GROUP_ROW(name_, what_)                                                                    \
	{                                                                                          \
#name_, .type = SCHEMA_MAP, .offset = 0, .map = &name_##_map, WHAT(what_)          \
	}

static const struct schema_key timing_keys[] = {
	{"source", KEY(TEXT, timing_cfg, source), REQUIRED, WHAT("where the numbers come from")},
	{"estimate", KEY(BOOL, timing_cfg, estimate), REQUIRED,
	 WHAT("no measurement backs them: reports say so")},
	GROUP_ROW(memory, "host DRAM"),
	GROUP_ROW(smmu, "the SMMU"),
	GROUP_ROW(link, "PCIe, beside its bytes"),
	GROUP_ROW(nic, "the NIC"),
	GROUP_ROW(firmware, "the NIC's firmware"),
	GROUP_ROW(cpu, "the host's CPUs"),
	GROUP_ROW(kernel, "the host's kernel"),
	GROUP_ROW(vmm, "the VMM"),
	GROUP_ROW(guest, "the guest's driver"),
	{NULL},
};
const struct schema_map schema_timing = MAP("timing", timing_cfg, timing_keys);
