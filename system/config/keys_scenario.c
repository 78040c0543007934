/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"
#include "host/guest-driver/guest_driver.h"
#include "model/nic/frame_format.h"
#include "system/config/keys.h"
#include "system/oracle/checks.h"

const char *const engine_names[] = {"native", "systemc", "untimed", NULL};

static const char *const verdict_names[] = {"pass", "fail", NULL};

/* As enum migration_method has them. */
const char *const migration_method_names[] = {"pre-copy", "stop-copy", "cold", NULL};

/* As enum migration_policy has them. */
static const char *const policy_names[] = {"switch", "cancel", NULL};

/* As enum migration_outcome has them; none can expect a failure. */
const char *const outcome_names[] = {"completed", "cancelled", "not-converged", NULL};

/* As enum packet_drop has them. */
static const char *const drop_names[] = {"no-buffer", "no-filter", "vf-stopped", "queue-disabled",
					 "size",      "wire",      "dma-error",  "reset",
					 "spoof",     "link-down", "flow-rule",  "mac-control",
					 NULL};

static const struct schema_key dirty_keys[] = {
	{"region", BYTES(dirty_config, region_bytes, 4096, TIB), REQUIRED,
	 WHAT("memory that the program writes to")},
	{"pages_per_s", COUNTS(dirty_config, pages_per_s, 1, 100000000), REQUIRED,
	 WHAT("random pages of the region written each second")},
	{"batch", COUNTS(dirty_config, batch, 1, 4096), DEFAULT("16"),
	 WHAT("pages written at one wake-up of the program")},
	{NULL},
};
static const struct schema_map dirty_map = MAP("a guest's dirty", dirty_config, dirty_keys);

static const struct schema_key map_storm_keys[] = {
	{"threads", COUNTS(map_storm_config, threads, 1, 8), DEFAULT("2"),
	 WHAT("of the VMM, each maps and unmaps all the time")},
	{"windows", COUNTS(map_storm_config, windows, 1, 1024), DEFAULT("16"),
	 WHAT("mappings that a thread holds at once, the oldest goes when a new one comes")},
	{"size", BYTES(map_storm_config, size_bytes, 4096, GIB), DEFAULT("64KiB"),
	 WHAT("bytes of guest memory that a mapping shows once more")},
	{"pause", KEY(NUMBER, map_storm_config, pause_ps), .unit = UNIT_PS, .min = NS, .max = SEC,
	 DEFAULT("1us"), WHAT("of a thread between one mapping and the next")},
	{NULL},
};
static const struct schema_map map_storm_map =
	MAP("a guest's map_storm", map_storm_config, map_storm_keys);

/* As enum guest_attack has them. */
static const char *const attack_names[] = {"descriptors", "doorbells",  "mailbox",
					   "rings",       "interrupts", NULL};

static const struct schema_key hostile_keys[] = {
	{"interval", TIMES(hostile_config, interval_ps, SEC), DEFAULT("10us"),
	 WHAT("of quiet after an attack")},
	{"attacks", KEY(CHOICES, hostile_config, attacks), .choice = attack_names,
	 DEFAULT("descriptors, doorbells, mailbox, rings, interrupts"),
	 WHAT("of any content; beyond the ring; floods; that lie anywhere; by software")},
	{NULL},
};
static const struct schema_map hostile_map = MAP("a guest's hostile", hostile_config, hostile_keys);

static const struct schema_key address_spaces_keys[] = {
	{"first_pasid", COUNTS(address_spaces_config, first_pasid, 1, (1u << 20) - 1), DEFAULT("1"),
	 WHAT("of queue pair 0; the others have those behind it")},
	{"hole", COUNTS(address_spaces_config, hole, 0, (1u << 20) - 1), DEFAULT("0"),
	 WHAT("PASID whose address space lacks the packets that are sent: its reads fault; 0: none "
	      "does")},
	{NULL},
};
static const struct schema_map address_spaces_map =
	MAP("a guest's address_spaces", address_spaces_config, address_spaces_keys);

static const struct schema_key guest_keys[] = {
	{"name", KEY(TEXT, guest_config, name), REQUIRED, WHAT("how the rest refers to the guest")},
	{"host", KEY(TEXT, guest_config, host), REQUIRED, WHAT("the host that it starts on")},
	{"vf", COUNTS(guest_config, vf, 0, 255), REQUIRED, WHAT("the VF assigned to it")},
	{"memory", BYTES(guest_config, memory_bytes, 4 * MIB, TIB), REQUIRED,
	 WHAT("guest memory; a multiple of kernel.page_size")},
	{"image", BYTES(guest_config, image_bytes, 0, TIB), DEFAULT("16MiB"),
	 WHAT("memory with content from the start: the rest is zero pages")},
	{"map_bar0", KEY(BOOL, guest_config, map_bar0), DEFAULT("yes"),
	 WHAT("registers are mapped into the guest; no: each access is trapped")},
	{"ring_entries", COUNTS(guest_config, ring_entries, 64, 4096), DEFAULT("512"),
	 WHAT("descriptors of each ring; a multiple of 32")},
	{"buffer", BYTES(guest_config, buffer_bytes, 1024, 16256), DEFAULT("2048"),
	 WHAT("a receive buffer; a multiple of 128")},
	{"interrupt_interval", TIMES(guest_config, interrupt_interval_ps, 8160 * US),
	 DEFAULT("20us"), WHAT("least time between interrupts of the queues; steps of 2us")},
	{"report_stride", COUNTS(guest_config, report_stride, 1, 64), DEFAULT("8"),
	 WHAT("every n-th packet sent asks the device for a write-back")},
	{"dirty", KEY(MAP_PTR, guest_config, dirty), .map = &dirty_map,
	 WHAT("a program in the guest that dirties memory; none without it")},
	{"trust", KEY(BOOL, guest_config, trust), DEFAULT("no"),
	 WHAT("the PF's driver lets its VF choose addresses and be promiscuous")},
	{"spoof_check", KEY(BOOL, guest_config, spoof_check), DEFAULT("yes"),
	 WHAT("frames from an address or a VLAN that is not its VF's are dropped")},
	{"port_vlan", COUNTS(guest_config, port_vlan, 0, 4094), DEFAULT("0"),
	 WHAT("VLAN that the PF's driver puts its VF into, whose tags the guest never sees; 0: "
	      "none")},
	{"max_rate", RATES(guest_config, max_rate_bps, 1000 * UINT64_C(1000000000)), DEFAULT("0"),
	 WHAT("at which its VF may send; whole Mb/s; 0: no limit")},
	{"min_rate", RATES(guest_config, min_rate_bps, 1000 * UINT64_C(1000000000)), DEFAULT("0"),
	 WHAT("at which its VF can send in any case; whole Mb/s; 0: none")},
	{"queue_pairs", COUNTS(guest_config, queue_pairs, 1, GUEST_QUEUE_PAIRS), DEFAULT("1"),
	 WHAT("that its driver uses; it asks for those that its VF has not at first")},
	{"vf_queue_pairs", COUNTS(guest_config, vf_queue_pairs, 0, GUEST_QUEUE_PAIRS), DEFAULT("0"),
	 WHAT("that the PF's driver has its VF begin with; 0: what nic.first_queue_pairs says")},
	{"pairs_per_class", COUNTS(guest_config, pairs_per_class, 0, GUEST_QUEUE_PAIRS),
	 DEFAULT("0"),
	 WHAT("queue pairs for each of the port's classes, one class after the other; 0: all are "
	      "of the first")},
	{"address_spaces", KEY(MAP_PTR, guest_config, address_spaces), .map = &address_spaces_map,
	 WHAT("each queue pair is in one of its own, by a PASID; without it all are in the VF's")},
	{"viommu", KEY(BOOL, guest_config, viommu), DEFAULT("no"),
	 WHAT("packet buffers are mapped only while the device has them, as behind a strict "
	      "virtual IOMMU; no: all guest memory, always")},
	{"map_storm", KEY(MAP_PTR, guest_config, map_storm), .map = &map_storm_map,
	 WHAT("threads that map and unmap guest memory beside the traffic; none without it")},
	{"hostile", KEY(MAP_PTR, guest_config, hostile), .map = &hostile_map,
	 WHAT("while traffic flows a program attacks through the VF instead of driving it")},
	{NULL},
};
static const struct schema_map guest_map = MAP("a guest", guest_config, guest_keys);

static const struct schema_key traffic_size_keys[] = {
	{"size", BYTES(traffic_size, size_bytes, 64, 9728), REQUIRED,
	 WHAT("bytes of a frame, the least of them with max_size")},
	{"max_size", BYTES(traffic_size, max_size_bytes, 0, 9728), DEFAULT("0"),
	 WHAT("bytes of the longest such frame; 0: all have one size")},
	{"weight", COUNTS(traffic_size, weight, 1, 1000000), DEFAULT("1"),
	 WHAT("so many of the sum of all weights are of this kind")},
	{NULL},
};
static const struct schema_map traffic_size_map =
	MAP("a size of traffic", traffic_size, traffic_size_keys);

static const struct schema_key traffic_keys[] = {
	{"from", KEY(TEXT, traffic_config, from), REQUIRED,
	 WHAT("the guest that sends, or `wire`: the generator at its far end")},
	{"to", KEY(TEXT, traffic_config, to), REQUIRED,
	 WHAT("the guest that receives and checks, or `wire`: a sink, a generator or a loop at its "
	      "far end")},
	{"size", BYTES(traffic_config, size_bytes, 64, 9728), DEFAULT("1500"),
	 WHAT("bytes of a frame, the least of them with max_size")},
	{"max_size", BYTES(traffic_config, max_size_bytes, 0, 9728), DEFAULT("0"),
	 WHAT("bytes of the longest frame; 0: all have one size")},
	{"sizes", LISTS(LIST, traffic_config, sizes, 0, 16), .map = &traffic_size_map, DEFAULT(""),
	 WHAT("from the wire: a mix of frames instead of `size`, drawn by weight")},
	{"rate", RATES(traffic_config, rate_bps, 1000 * UINT64_C(1000000000)), DEFAULT("0"),
	 WHAT("of frames' bytes, on average; 0: as fast as the ring takes them, or the wire")},
	{"packet_rate", COUNTS(traffic_config, packet_rate, 0, 1000000000), DEFAULT("0"),
	 WHAT("packets a second of each flow, instead of `rate`; 0: by `rate`")},
	{"poisson", KEY(BOOL, traffic_config, poisson), DEFAULT("yes"),
	 WHAT("exponential gaps between packets; no: constant ones")},
	{"burst", COUNTS(traffic_config, burst, 1, 64), DEFAULT("1"),
	 WHAT("packets handed to the NIC at a time, with one doorbell")},
	{"count", COUNTS(traffic_config, count, 0, UINT64_C(1) << 40), DEFAULT("0"),
	 WHAT("packets; 0: until the traffic's duration is over")},
	{"start", TIMES(traffic_config, start_ps, 3600 * SEC), DEFAULT("0"),
	 WHAT("after all guests are up")},
	{"vlan", COUNTS(traffic_config, vlan, 0, 4094), DEFAULT("0"),
	 WHAT("ID of the VLAN whose tag the NICs insert and strip, beyond `size`; 0: none")},
	{"priority", COUNTS(traffic_config, priority, 0, 7), DEFAULT("0"),
	 WHAT("that its VLAN tag says; needs vlan")},
	{"checksum", KEY(BOOL, traffic_config, checksum), DEFAULT("no"),
	 WHAT("the NIC fills in the checksums of IPv4 and UDP; no: UDP has none")},
	{"segments", COUNTS(traffic_config, segments, 1, GUEST_SEGMENTS), DEFAULT("1"),
	 WHAT("packets of `size` that the sender's NIC cuts out of one of TCP; 1: UDP, and none is "
	      "cut")},
	{"spoof", KEY(BOOL, traffic_config, spoof), DEFAULT("no"),
	 WHAT("sent from an address that is not the sender's")},
	{"flows", COUNTS(traffic_config, flows, 1, 256), DEFAULT("1"),
	 WHAT("of this kind, each numbered, paced and counted by itself")},
	{"echo", KEY(BOOL, traffic_config, echo), DEFAULT("no"),
	 WHAT("from the wire: the guest sends a packet back for each that it receives")},
	{"pair", COUNTS(traffic_config, pair, 0, GUEST_QUEUE_PAIRS - 1), DEFAULT("0"),
	 WHAT("queue pair that sends it; and that it comes to, where the receiver has several")},
	{NULL},
};
static const struct schema_map traffic_map =
	MAP("a stream of traffic", traffic_config, traffic_keys);

static const struct schema_key migration_keys[] = {
	{"guest", KEY(TEXT, migration_config, guest), REQUIRED, WHAT("the guest that moves")},
	{"to", KEY(TEXT, migration_config, to), REQUIRED, WHAT("the host that it moves to")},
	{"vf", COUNTS(migration_config, vf, 0, 255), REQUIRED, WHAT("the VF there")},
	{"at", TIMES(migration_config, at_ps, 3600 * SEC), DEFAULT("5ms"),
	 WHAT("after all guests are up")},
	{"method", KEY(CHOICE, migration_config, method), .choice = migration_method_names,
	 DEFAULT("pre-copy"),
	 WHAT("pre-copy: memory and device state in rounds; stop-copy: the device's state "
	      "only after the stop; cold: everything after the stop")},
	{"tracking", KEY(CHOICE, migration_config, tracking), .choice = dirty_source_names,
	 DEFAULT("httu"),
	 WHAT("who tells what the device wrote: the SMMU's table update; the device's own log; "
	      "nobody, so that everything is sent in each round; the kernel for a container, "
	      "where all that is mapped counts as written")},
	{"max_downtime", TIMES(migration_config, max_downtime_ps, 3600 * SEC), DEFAULT("300ms"),
	 WHAT("stop the guest when what is left takes no longer")},
	{"max_rounds", COUNTS(migration_config, max_rounds, 1, 64), DEFAULT("16"),
	 WHAT("so many without convergence: on_no_convergence decides")},
	{"on_no_convergence", KEY(CHOICE, migration_config, on_no_convergence),
	 .choice = policy_names, DEFAULT("switch"),
	 WHAT("switch: stop the guest and send the rest; cancel: it stays where it is")},
	{"trips", COUNTS(migration_config, trips, 1, 16), DEFAULT("1"),
	 WHAT("moves one after the other: there, back to where it was, there again")},
	{"cancel_in_round", COUNTS(migration_config, cancel_in_round, 0, 64), DEFAULT("0"),
	 WHAT("somebody cancels in this round of pre-copy; 0: nobody")},
	{"then", TIMES(migration_config, then_ps, 3600 * SEC), DEFAULT("5ms"),
	 WHAT("traffic goes on at least so long after each move, or after one that was given up")},
	{NULL},
};
static const struct schema_map migration_map = MAP("migration", migration_config, migration_keys);

/* As enum iommu_test_stage has them. */
const char *const master_stage_names[] = {"stage1", "stage2", "nested", NULL};

static const struct schema_key master_keys[] = {
	{"name", KEY(TEXT, master_config, name), REQUIRED, WHAT("of the master")},
	{"host", KEY(TEXT, master_config, host), REQUIRED, WHAT("the host that it sits in")},
	{"stream", COUNTS(master_config, stream, 0, UINT32_MAX), REQUIRED,
	 WHAT("its stream ID; those of bus 1 (0x100 to 0x1ff) are the NIC's")},
	{"substreams", COUNTS(master_config, substreams, 0, 65535), DEFAULT("0"),
	 WHAT("substream IDs from 1 on, each with an address space; 0: one without")},
	{"stage", KEY(CHOICE, master_config, stage), .choice = master_stage_names,
	 DEFAULT("stage1"),
	 WHAT("who translates: the kernel's stage 1; its stage 2; or a guest's stage 1 in memory "
	      "that the kernel's stage 2 maps")},
	{"iova", BYTES(master_config, iova, 0, UINT64_C(1) << 38), DEFAULT("0x10000000"),
	 WHAT("where the window begins in each address space")},
	{"window", BYTES(master_config, window_bytes, 4096, GIB), DEFAULT("256KiB"),
	 WHAT("that it accesses, in pages of 4KiB that lie anywhere")},
	{"access", BYTES(master_config, access_bytes, 8, 4096), DEFAULT("64"),
	 WHAT("bytes of an access; a power of two")},
	{"outstanding", COUNTS(master_config, outstanding, 1, 256), DEFAULT("16"),
	 WHAT("accesses at once")},
	{"writes", COUNTS(master_config, write_percent, 0, 100), DEFAULT("50"),
	 WHAT("percent of the accesses that are writes")},
	{"stray", COUNTS(master_config, stray_permille, 0, 1000), DEFAULT("0"),
	 WHAT("of 1000 accesses go beyond the window, where nothing is mapped")},
	{"interval", KEY(NUMBER, master_config, interval_ps), .unit = UNIT_PS, .min = 1000,
	 .max = SEC, DEFAULT("100ns"), WHAT("mean time between two accesses")},
	{"count", COUNTS(master_config, count, 0, UINT64_C(1) << 40), DEFAULT("0"),
	 WHAT("accesses; 0: until the duration is over")},
	{"remap", TIMES(master_config, remap_ps, SEC), DEFAULT("0"),
	 WHAT("mean time between two pages that are moved to other frames; 0: none is")},
	{"ats", KEY(BOOL, master_config, ats), DEFAULT("no"),
	 WHAT("it has an address translation cache; needs machine.smmu.ats")},
	{"atc_entries", COUNTS(master_config, atc_entries, 1, 65536), DEFAULT("64"),
	 WHAT("pages of 4KiB whose translations it keeps")},
	{"ignores_invalidations", KEY(BOOL, master_config, ignores_invalidations), DEFAULT("no"),
	 WHAT("its cache neither forgets nor answers")},
	{"dirty_tracking", KEY(BOOL, master_config, dirty_tracking), DEFAULT("no"),
	 WHAT("dirty bits of what it writes are read and cleared; nested: by the guest")},
	{"dirty_read", TIMES(master_config, dirty_read_ps, SEC), DEFAULT("0"),
	 WHAT("time between two reads of the dirty bits; 0: only at the end")},
	{"may_stall", KEY(BOOL, master_config, may_stall), DEFAULT("no"),
	 WHAT("it can wait for software where a translation faults")},
	{"page_requests", COUNTS(master_config, page_requests, 0, 256), DEFAULT("0"),
	 WHAT("with ats: so many pages it can ask for at once; needs machine.smmu.pri; 0: none")},
	{"page_gather", TIMES(master_config, page_gather_ps, SEC), DEFAULT("0"),
	 WHAT("with page_requests: pages that are missed within this time are asked for as one "
	      "group")},
	{"resident", COUNTS(master_config, resident, 0, 65536), DEFAULT("0"),
	 WHAT("with may_stall or page_requests: pages are mapped when a fault or a request asks "
	      "for them, at most so many of each address space at a time; 0: all are, always")},
	{"fault_latency", TIMES(master_config, fault_ps, SEC), DEFAULT("10us"),
	 WHAT("with resident: from the record of a fault, or a group of requests, to its answer")},
	{NULL},
};
static const struct schema_map master_map = MAP("a test master", master_config, master_keys);

static const char *const reset_by_names[] = {"vmm", "pf", "watchdog", NULL};

static const struct schema_key reset_keys[] = {
	{"guest", KEY(TEXT, reset_config, guest), REQUIRED, WHAT("whose VF is reset")},
	{"by", KEY(CHOICE, reset_config, by), .choice = reset_by_names, DEFAULT("vmm"),
	 WHAT("vmm: its VMM (VFIO_DEVICE_RESET, an FLR); pf: the host's PF driver (a VFR); "
	      "watchdog: the firmware of its NIC hangs, is restarted, and resets all VFs")},
	{"at", TIMES(reset_config, at_ps, 3600 * SEC), REQUIRED, WHAT("after all guests are up")},
	{"then", TIMES(reset_config, then_ps, 3600 * SEC), DEFAULT("5ms"),
	 WHAT("traffic goes on at least so long after the guest's driver has recovered")},
	{NULL},
};
static const struct schema_map reset_map = MAP("a reset", reset_config, reset_keys);

static const struct schema_key link_flap_keys[] = {
	{"at", TIMES(link_flap_config, at_ps, 3600 * SEC), REQUIRED,
	 WHAT("after all guests are up: the ports of all NICs lose their link")},
	{"down", TIMES(link_flap_config, down_ps, 3600 * SEC), REQUIRED,
	 WHAT("until they have it again; traffic goes on at least so long")},
	{NULL},
};
static const struct schema_map link_flap_map = MAP("a link flap", link_flap_config, link_flap_keys);

static const struct schema_key packets_expect_keys[] = {
	{"from", KEY(TEXT, packets_expect, from), WHAT("only those of this guest; else of all")},
	{"to", KEY(TEXT, packets_expect, to), WHAT("only those to this guest; else to all")},
	{"sent", BOUNDS(packets_expect, sent, COUNT), WHAT("handed to a NIC")},
	{"received", BOUNDS(packets_expect, received, COUNT), WHAT("taken out by their receiver")},
	{"lost", BOUNDS(packets_expect, lost, COUNT), WHAT("for any cause")},
	{"rate", BOUNDS(packets_expect, rate_bps, BPS),
	 WHAT("of frames' bytes, from the first that a receiver took out to the last; the streams' "
	      "rates are added")},
	{NULL},
};
static const struct schema_map packets_expect_map =
	MAP("an expectation of packets", packets_expect, packets_expect_keys);

static const struct schema_key spaces_expect_keys[] = {
	{"guest", KEY(TEXT, spaces_expect, guest), WHAT("only those of this guest; else of all")},
	{"pasid", COUNTS(spaces_expect, pasid, 0, (1u << 20) - 1), DEFAULT("0"),
	 WHAT("only those of this PASID; 0: of all")},
	{"used", BOUNDS(spaces_expect, used, COUNT),
	 WHAT("address spaces into which a packet came, intact and one of theirs")},
	{"received", BOUNDS(spaces_expect, received, COUNT), WHAT("such packets")},
	{"strays", BOUNDS(spaces_expect, strays, COUNT),
	 WHAT("packets that belong into another address space")},
	{"events", BOUNDS(spaces_expect, events, COUNT),
	 WHAT("records of the SMMU that name the stream and the PASID")},
	{NULL},
};
static const struct schema_map spaces_expect_map =
	MAP("an expectation of spaces", spaces_expect, spaces_expect_keys);

static const struct schema_key iommu_expect_keys[] = {
	{"maps", BOUNDS(iommu_expect, maps, COUNT), WHAT("ranges mapped, over all hosts")},
	{"unmaps", BOUNDS(iommu_expect, unmaps, COUNT), WHAT("ranges unmapped")},
	{"faults", BOUNDS(iommu_expect, faults, COUNT), WHAT("accesses of devices refused")},
	{"events_lost", BOUNDS(iommu_expect, events_lost, COUNT),
	 WHAT("records of faults that no event queue took")},
	{"atc_timeouts", BOUNDS(iommu_expect, atc_timeouts, COUNT),
	 WHAT("invalidations that a device did not answer in time")},
	{"page_requests", BOUNDS(iommu_expect, page_requests, COUNT),
	 WHAT("of devices that a page request queue took")},
	{"page_requests_lost", BOUNDS(iommu_expect, page_requests_lost, COUNT),
	 WHAT("that none took, so that SMMUs answered")},
	{NULL},
};
static const struct schema_map iommu_expect_map =
	MAP("an expectation of iommu", iommu_expect, iommu_expect_keys);

static const struct schema_key master_expect_keys[] = {
	{"name", KEY(TEXT, master_expect, name), REQUIRED, WHAT("of the master")},
	{"refused", BOUNDS(master_expect, refused, COUNT), WHAT("accesses that were aborted")},
	{"page_faults", BOUNDS(master_expect, page_faults, COUNT), WHAT("answered")},
	{"page_requests", BOUNDS(master_expect, page_requests, COUNT),
	 WHAT("for pages that it sent, in groups")},
	{"page_answers", BOUNDS(master_expect, page_answers, COUNT),
	 WHAT("to its groups, of the kernel and of the SMMU itself")},
	{"kernel_answers", BOUNDS(master_expect, kernel_answers, COUNT),
	 WHAT("to its groups that the kernel gave")},
	{"page_unanswered", BOUNDS(master_expect, page_unanswered, COUNT),
	 WHAT("groups that nobody answered")},
	{"moves", BOUNDS(master_expect, moves, COUNT), WHAT("pages moved to other frames")},
	{"dirty_pages", BOUNDS(master_expect, dirty_pages, COUNT), WHAT("reported")},
	{NULL},
};
static const struct schema_map master_expect_map =
	MAP("an expectation of a master", master_expect, master_expect_keys);

static const struct schema_key wire_expect_keys[] = {
	{"frames_in", BOUNDS(wire_expect, frames_in, COUNT),
	 WHAT("that came out of the wire there")},
	{"frames_out", BOUNDS(wire_expect, frames_out, COUNT), WHAT("that were sent into it")},
	{"ignored", BOUNDS(wire_expect, ignored, COUNT), WHAT("came, and nobody there wants them")},
	{"damaged", BOUNDS(wire_expect, damaged, COUNT),
	 WHAT("a sink's or generator's own account of the flows that it receives: not as built")},
	{"duplicated", BOUNDS(wire_expect, duplicated, COUNT), WHAT("came more than once")},
	{"reordered", BOUNDS(wire_expect, reordered, COUNT), WHAT("came after a later one")},
	{"missing", BOUNDS(wire_expect, missing, COUNT), WHAT("before the last one that came")},
	{NULL},
};
static const struct schema_map wire_expect_map =
	MAP("an expectation of the wire", wire_expect, wire_expect_keys);

static const struct schema_key expect_keys[] = {
	{"check", KEY(MAYBE, expect_config, check), .choice = oracle_check_names,
	 WHAT("a check of the oracle (vfsim describe checks)")},
	{"verdict", KEY(CHOICE, expect_config, verdict), .choice = verdict_names, DEFAULT("pass"),
	 WHAT("what the check must say")},
	{"min", COUNTS(expect_config, min, 0, UINT64_C(1) << 40), DEFAULT("0"),
	 WHAT("with `verdict: fail`: at least so many findings")},
	{"migration", KEY(MAYBE, expect_config, migration), .choice = outcome_names,
	 WHAT("how the last move ends; completed is expected where nothing else is")},
	{"trips", BOUNDS(expect_config, trips, COUNT), WHAT("with migration: moves completed")},
	{"rounds", BOUNDS(expect_config, rounds, COUNT),
	 WHAT("with migration: of the last move, the one with the guest stopped included")},
	{"downtime", BOUNDS(expect_config, downtime_ps, PS),
	 WHAT("with migration: the longest of all moves; not judged untimed")},
	{"packets", KEY(MAP_PTR, expect_config, packets), .map = &packets_expect_map,
	 WHAT("how many come to what")},
	{"guest", KEY(TEXT, expect_config, guest), WHAT("a guest by its name")},
	{"runs_on", KEY(TEXT, expect_config, runs_on), WHAT("with guest: its host at the end")},
	{"resets", BOUNDS(expect_config, resets, COUNT),
	 WHAT("with guest: resets of its VF that its driver has recovered from")},
	{"malicious", BOUNDS(expect_config, malicious, COUNT),
	 WHAT("with guest: how often the host's PF driver has found its VF malicious")},
	{"reads_cut", BOUNDS(expect_config, reads_cut, COUNT),
	 WHAT("with guest: DMA reads under way when its VF was reset; not judged untimed")},
	{"writes_cut", BOUNDS(expect_config, writes_cut, COUNT),
	 WHAT("with guest: DMA writes under way then; not judged untimed")},
	{"iommu", KEY(MAP_PTR, expect_config, iommu), .map = &iommu_expect_map,
	 WHAT("what the kernels mapped, and what the SMMUs refused")},
	{"spaces", KEY(MAP_PTR, expect_config, spaces), .map = &spaces_expect_map,
	 WHAT("guests' address spaces of queue pairs")},
	{"master", KEY(MAP_PTR, expect_config, master), .map = &master_expect_map,
	 WHAT("what became of a test master's accesses")},
	{"wire", KEY(MAP_PTR, expect_config, wire), .map = &wire_expect_map,
	 WHAT("what is at its far end, where that is no host")},
	{"host", KEY(TEXT, expect_config, host), WHAT("a host by its name")},
	{"memory_left", BOUNDS(expect_config, memory_left_bytes, BYTES),
	 WHAT("with host: in use at the end of traffic beyond what the boot took")},
	{NULL},
};
static const struct schema_map expect_map = MAP("an expectation", expect_config, expect_keys);

static const struct schema_key scenario_keys[] = {
	{"name", KEY(TEXT, scenario_cfg, name), REQUIRED, WHAT("of the scenario")},
	{"what", KEY(TEXT, scenario_cfg, what), WHAT("what it shows, for a reader")},
	{"seed", COUNTS(scenario_cfg, seed, 0, UINT64_MAX), DEFAULT("1"),
	 WHAT("of all randomness")},
	{"engine", KEY(CHOICE, scenario_cfg, engine), .choice = engine_names, DEFAULT("native"),
	 WHAT("who owns time")},
	{"machine", KEY(MAP, scenario_cfg, machine), .map = &schema_machine,
	 WHAT("hosts and what is in them; or the name of a file that holds it")},
	{"guests", LISTS(LIST, scenario_cfg, guests, 0, CONFIG_GUESTS), .map = &guest_map,
	 DEFAULT(""),
	 WHAT("virtual machines with an assigned VF each; there are guests or masters")},
	{"masters", LISTS(LIST, scenario_cfg, masters, 0, 16), .map = &master_map, DEFAULT(""),
	 WHAT("DMA engines without software of their own, behind a host's SMMU")},
	{"traffic", LISTS(LIST, scenario_cfg, traffic, 0, 1024), .map = &traffic_map, DEFAULT(""),
	 WHAT("streams of checked packets")},
	{"duration", TIMES(scenario_cfg, duration_ps, 3600 * SEC), DEFAULT("10ms"),
	 WHAT("of traffic, after all guests are up; a migration is waited for")},
	{"time_limit", KEY(NUMBER, scenario_cfg, time_limit_ps), .unit = UNIT_PS, .min = MS,
	 .max = 86400 * SEC, DEFAULT("60s"),
	 WHAT("simulated time after which a run that has not ended has failed")},
	{"migration", KEY(MAP_PTR, scenario_cfg, migration), .map = &migration_map,
	 WHAT("none without it")},
	{"resets", LISTS(LIST, scenario_cfg, resets, 0, 64), .map = &reset_map, DEFAULT(""),
	 WHAT("of VFs, while traffic flows")},
	{"link_flaps", LISTS(LIST, scenario_cfg, link_flaps, 0, 64), .map = &link_flap_map,
	 DEFAULT(""), WHAT("cables that are pulled out and put in again")},
	{"allow_loss", KEY(CHOICES, scenario_cfg, allow_loss), .choice = drop_names, DEFAULT(""),
	 WHAT("causes for which packets may be lost")},
	{"expect", LISTS(LIST, scenario_cfg, expect, 0, 32), .map = &expect_map, DEFAULT(""),
	 WHAT("statements that must hold; checks that none is about must pass")},
	{NULL},
};
const struct schema_map schema_scenario = MAP("a scenario", scenario_cfg, scenario_keys);
