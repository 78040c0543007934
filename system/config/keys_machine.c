/* SPDX-License-Identifier: Apache-2.0 */
#include "system/config/keys.h"

/* As enum dirty_clear has them. */
static const char *const dirty_clear_names[] = {"linux-7.3", "invalidate", NULL};
/* As IDR0.HTTU has them. */
static const char *const httu_names[] = {"none", "access", "dirty", "tables", NULL};
/* As system/config/smmu.c has them. */
static const char *const endian_names[] = {"little", "big", "mixed", NULL};
static const char *const stall_names[] = {"none", "either", "force", NULL};
/* As SMMU_GRANULE_* have them. */
static const char *const granule_names[] = {"4KiB", "16KiB", "64KiB", NULL};
/* As IDR0.TTF has them. */
static const char *const format_names[] = {"aarch32", "aarch64", NULL};

#define FEATURE(name_, default_, what_)                                                            \
	{                                                                                          \
#name_, KEY(BOOL, smmu_config, name_), DEFAULT(default_), WHAT(what_)              \
	}

static const struct schema_key smmu_keys[] = {
	{"cache_dirty", KEY(BOOL, smmu_config, cache_dirty), DEFAULT("no"),
	 WHAT("the TLB may keep an entry that is writable and already marked dirty")},
	{"forget_invalid", KEY(BOOL, smmu_config, forget_invalid), DEFAULT("no"),
	 WHAT("invalid configuration is looked at again by each access; no: it is kept until it is "
	      "invalidated")},
	{"prefetch", KEY(BOOL, smmu_config, prefetch), DEFAULT("no"),
	 WHAT("the neighbours of a stage 1 page's descriptor go into the TLB with it")},
	{"httu", KEY(CHOICE, smmu_config, httu), .choice = httu_names, DEFAULT("dirty"),
	 WHAT("table updates by hardware: access flag; and dirty state; and access flag of table "
	      "descriptors")},
	{"coherent", KEY(BOOL, smmu_config, coherent), DEFAULT("yes"),
	 WHAT("table walks are coherent with the CPUs")},
	{"msi", KEY(BOOL, smmu_config, msi), DEFAULT("yes"),
	 WHAT("CMD_SYNC can complete by a write to memory; no: the driver polls")},
	{"two_level_strtab", KEY(BOOL, smmu_config, two_level_strtab), DEFAULT("yes"),
	 WHAT("two-level stream tables; stream IDs of 7 bits or more need them")},
	{"sid_bits", COUNTS(smmu_config, sid_bits, 9, 32), DEFAULT("16"),
	 WHAT("of a stream ID; 9 hold the NIC's bus 1")},
	{"ssid_bits", COUNTS(smmu_config, ssid_bits, 0, 20), DEFAULT("0"),
	 WHAT("of a substream ID; 0: none")},
	{"cmdq_log2", COUNTS(smmu_config, cmdq_log2, 7, 19), DEFAULT("8"),
	 WHAT("most entries of the command queue")},
	{"evtq_log2", COUNTS(smmu_config, evtq_log2, 2, 19), DEFAULT("7"),
	 WHAT("most entries of the event queue")},
	{"priq_log2", COUNTS(smmu_config, priq_log2, 0, 19), DEFAULT("7"),
	 WHAT("most entries of the page request queue")},
	{"oas_bits", COUNTS(smmu_config, oas_bits, 32, 52), DEFAULT("48"),
	 WHAT("of a physical address: 32, 36, 40, 42, 44, 48 or 52")},
	{"max_transactions", COUNTS(smmu_config, max_transactions, 16, 65536), DEFAULT("1024"),
	 WHAT("requests in flight")},
	{"version", COUNTS(smmu_config, version, 0, 4), DEFAULT("1"),
	 WHAT("AIDR: SMMUv3.0 to SMMUv3.4")},
	{"iidr", COUNTS(smmu_config, iidr, 0, UINT32_MAX), DEFAULT("0x43b"),
	 WHAT("IIDR: product, variant, revision, implementer")},
	{"granules", KEY(CHOICES, smmu_config, granules), .choice = granule_names, DEFAULT("4KiB"),
	 WHAT("of translation tables; the kernel's driver takes 4KiB")},
	{"ttf", KEY(CHOICES, smmu_config, ttf), .choice = format_names, DEFAULT("aarch64"),
	 WHAT("formats of translation tables; the kernel's driver takes aarch64")},
	{"endian", KEY(CHOICE, smmu_config, endian), .choice = endian_names, DEFAULT("little"),
	 WHAT("of translation tables")},
	{"stall_model", KEY(CHOICE, smmu_config, stall_model), .choice = stall_names,
	 DEFAULT("none"), WHAT("may faults stall; `force` is not for PCI Express")},
	{"stall_max", COUNTS(smmu_config, stall_max, 0, 65535), DEFAULT("0"),
	 WHAT("most faults stalled at once")},
	{"bbml", COUNTS(smmu_config, bbml, 0, 2), DEFAULT("0"), WHAT("break-before-make level")},
	FEATURE(s1, "yes", "stage 1"),
	FEATURE(s2, "no", "stage 2"),
	FEATURE(hyp, "no", "EL2 worlds"),
	FEATURE(asid16, "yes", "ASIDs of 16 bits, not 8"),
	FEATURE(vmid16, "no", "VMIDs of 16 bits, not 8"),
	FEATURE(vmw, "no", "VMID wildcards"),
	FEATURE(two_level_cd, "no", "two-level tables of context descriptors"),
	FEATURE(term_abort, "no", "terminated accesses always abort"),
	FEATURE(ats, "no", "address translation services: devices may cache translations"),
	FEATURE(ns1ats, "no", "ATS without the split-stage mode"),
	FEATURE(atsrecerr, "no", "configuration errors of ATS can be recorded"),
	FEATURE(pri, "no", "page request interface: devices may ask for missing pages"),
	FEATURE(pps, "no", "PASIDs on all automatic page responses"),
	FEATURE(sev, "no", "CMD_SYNC can wake WFE"),
	FEATURE(attr_types_ovr, "no", "stream table entries override memory types"),
	FEATURE(attr_perms_ovr, "no", "and privilege and instruction marks"),
	FEATURE(had, "yes", "attributes of table descriptors can be disabled"),
	FEATURE(xnx, "no", "stage 2 tells EL0 from EL1 instruction fetches"),
	FEATURE(fwb, "no", "stage 2 can force memory types"),
	FEATURE(stt, "no", "small translation tables"),
	FEATURE(ril, "no", "range invalidation"),
	FEATURE(e0pd, "no", "no unprivileged access to a region"),
	FEATURE(ptwnnc, "no", "tables in Device memory are read as Normal"),
	FEATURE(epan, "no", "PAN for executable pages too"),
	FEATURE(vax, "no", "virtual addresses of 52 bits, with 64KiB granules"),
	FEATURE(counters32, "no", "performance counters of 32 bits, not 64"),
	{NULL},
};
static const struct schema_map smmu_map = MAP("smmu", smmu_config, smmu_keys);

static const struct schema_key kernel_keys[] = {
	{"dirty_clear", KEY(CHOICE, kernel_config, dirty_clear), .choice = dirty_clear_names,
	 DEFAULT("linux-7.3"), WHAT("after it cleared dirty bits: linux-7.3 leaves the TLB alone")},
	{"strict", KEY(BOOL, kernel_config, strict), DEFAULT("yes"),
	 WHAT("an unmap waits for its invalidation; no: a flush does it later")},
	{"msi_window", KEY(BOOL, kernel_config, msi_window), DEFAULT("yes"),
	 WHAT("IOVAs 0x08000000 to 0x080fffff are reserved for MSIs")},
	{"trap_bars", KEY(BOOL, kernel_config, trap_bars), DEFAULT("no"),
	 WHAT("VFIO offers no mmap of BARs: every access is a call")},
	{"reset_waits", KEY(BOOL, kernel_config, reset_waits), DEFAULT("yes"),
	 WHAT("before a function-level reset bus mastering goes off and DMA is waited for, as "
	      "Linux does; no: the reset hits DMA in flight")},
	{"page_size", BYTES(kernel_config, page_size, 4 * KIB, GIB), DEFAULT("4KiB"),
	 WHAT("backing of process memory: 4KiB pages or 2MiB blocks")},
	{"memlock_pages", COUNTS(kernel_config, memlock_pages, 0, UINT64_C(1) << 40), DEFAULT("0"),
	 WHAT("RLIMIT_MEMLOCK of a VMM; 0: unlimited")},
	{"event_latency", TIMES(kernel_config, event_latency_ps, SEC), DEFAULT("0"),
	 WHAT("from the SMMU's interrupt to the thread that reads its event queue")},
	{"page_request_latency", TIMES(kernel_config, page_request_latency_ps, SEC), DEFAULT("0"),
	 WHAT("from the SMMU's interrupt to the thread that reads its page request queue")},
	{NULL},
};
static const struct schema_map kernel_map = MAP("kernel", kernel_config, kernel_keys);

/* As enum nic_mailbox has them. */
static const char *const mailbox_names[] = {"firmware", "forward", NULL};

/* As enum nic_pause has them. */
static const char *const pause_names[] = {"none", "link", "priority", NULL};
static const char *const priority_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", NULL};

static const struct schema_key class_keys[] = {
	{"priorities", KEY(CHOICES, class_config, priorities), .choice = priority_names, REQUIRED,
	 WHAT("that are of the class")},
	{"share", COUNTS(class_config, share, 0, 100), DEFAULT("0"),
	 WHAT("percent of the port that it has when others want it, too; 0: strict, it goes before "
	      "those that share, and before strict classes in front of it in the list")},
	{NULL},
};
static const struct schema_map class_map = MAP("a class", class_config, class_keys);

static const struct schema_key nic_keys[] = {
	{"total_vfs", COUNTS(nic_config, total_vfs, 1, 256), DEFAULT("64"),
	 WHAT("VFs that the PF has")},
	{"vfs", COUNTS(nic_config, vfs, 1, 256), DEFAULT("4"), WHAT("VFs that are enabled")},
	{"queue_pairs", COUNTS(nic_config, queue_pairs, 1, 16), DEFAULT("1"), WHAT("of a VF")},
	{"first_queue_pairs", COUNTS(nic_config, first_queue_pairs, 0, 16), DEFAULT("0"),
	 WHAT("that a VF begins with, and is sure of; it may ask for more. 0: queue_pairs")},
	{"queue_pool", COUNTS(nic_config, queue_pool, 0, 4096), DEFAULT("0"),
	 WHAT("queue pairs of all VFs together; 0: queue_pairs for each")},
	{"pre_copy", KEY(BOOL, nic_config, pre_copy), DEFAULT("yes"),
	 WHAT("a VF's state can be read while it runs (VFIO_MIGRATION_PRE_COPY)")},
	{"mailbox", KEY(CHOICE, nic_config, mailbox), .choice = mailbox_names, DEFAULT("firmware"),
	 WHAT("who answers VFs' virtchnl messages: the NIC's firmware, or the PF's driver, to "
	      "which "
	      "the firmware forwards them")},
	{"classes", LISTS(LIST, nic_config, classes, 0, 8), .map = &class_map, DEFAULT(""),
	 WHAT("traffic classes of the port, each priority in one of them; none: one of all")},
	{"pause", KEY(CHOICE, nic_config, pause), .choice = pause_names, DEFAULT("none"),
	 WHAT("between the port and its neighbour: of the link (PAUSE), or of priorities (PFC)")},
	{"lossless", KEY(CHOICES, nic_config, lossless), .choice = priority_names, DEFAULT(""),
	 WHAT("priorities that are paused, with pause: priority")},
	{"msix_vectors", COUNTS(nic_config, msix_vectors, 2, 17), DEFAULT("5"),
	 WHAT("of a VF; vector 0 serves the mailbox")},
	{"packets", COUNTS(nic_config, packets, 16, 65536), DEFAULT("1024"),
	 WHAT("packets inside the NIC at once")},
	{"dma_tags", COUNTS(nic_config, dma_tags, 1, 65536), DEFAULT("256"),
	 WHAT("DMA requests in flight at once")},
	{"dma_log", BYTES(nic_config, dma_log_bytes, 0, GIB), DEFAULT("512KiB"),
	 WHAT("memory of each VF's log of the pages that it writes, a bit each; 0: it has none")},
	{"rx_fetch_ahead", KEY(BOOL, nic_config, rx_fetch_ahead), DEFAULT("yes"),
	 WHAT("Rx descriptors are fetched before a packet needs them")},
	{"early_doorbells", KEY(BOOL, nic_config, early_doorbells), DEFAULT("no"),
	 WHAT("a Tx queue's doorbell from before it is enabled counts when it is; no: it is "
	      "lost, and a driver that rings early hangs")},
	{"ats", KEY(BOOL, nic_config, ats), DEFAULT("no"),
	 WHAT("each function has an address translation cache")},
	{"pri", KEY(BOOL, nic_config, pri), DEFAULT("no"),
	 WHAT("functions can ask for missing pages; needs ats")},
	{"atc_entries", COUNTS(nic_config, atc_entries, 1, 65536), DEFAULT("64"),
	 WHAT("of a function's address translation cache")},
	{"atc_ways", COUNTS(nic_config, atc_ways, 1, 65536), DEFAULT("4"),
	 WHAT("of a set of it; divides atc_entries")},
	{"atc_pages", COUNTS(nic_config, atc_pages, 1, 1024), DEFAULT("32"),
	 WHAT("pages that a function asks for at once")},
	{"page_requests", COUNTS(nic_config, page_requests, 1, 65536), DEFAULT("64"),
	 WHAT("page requests that the device can have outstanding")},
	{"pasid_bits", COUNTS(nic_config, pasid_bits, 0, 20), DEFAULT("0"),
	 WHAT("width of the PASIDs that functions can have; 0: no PASID capability")},
	{NULL},
};
static const struct schema_map nic_map = MAP("nic", nic_config, nic_keys);

static const struct schema_key link_keys[] = {
	{"generation", COUNTS(link_config, generation, 1, 5), DEFAULT("3"), WHAT("of PCI Express")},
	{"lanes", COUNTS(link_config, lanes, 1, 32), DEFAULT("8"),
	 WHAT("1, 2, 4, 8, 12, 16 or 32")},
	{"max_payload", BYTES(link_config, max_payload, 128, 4096), DEFAULT("256"),
	 WHAT("MPS: a power of two")},
	{"max_read_request", BYTES(link_config, max_read_request, 128, 4096), DEFAULT("512"),
	 WHAT("MRRS: a power of two")},
	{"read_completion_boundary", BYTES(link_config, read_completion_boundary, 64, 128),
	 DEFAULT("64"), WHAT("RCB of the root port: 64 or 128")},
	{"reorder", TIMES(link_config, reorder_ps, SEC), DEFAULT("0"),
	 WHAT("how long a TLP is held at most while others pass it that may; 0: strict order")},
	{"switch_ports", COUNTS(link_config, switch_ports, 0, 8), DEFAULT("0"),
	 WHAT("downstream ports of a switch between root port and NIC, which is behind the first; "
	      "0: none")},
	{NULL},
};
static const struct schema_map link_map = MAP("link", link_config, link_keys);

static const char *const troubled_names[] = {"both", "from-first", "from-second", NULL};

/* As enum wire_peer has them. */
const char *const wire_peer_names[] = {"host",    "sink", "generator", "loop",
				       "respond", "pcap", "tap",       NULL};

/* As enum pcapng_direction has them. */
static const char *const direction_names[] = {"any", "inbound", "outbound", NULL};

static const struct schema_key wire_keys[] = {
	{"peer", KEY(CHOICE, wire_config, peer), .choice = wire_peer_names, DEFAULT("host"),
	 WHAT("at the far end of a port: the other of two hosts (with one host nobody); a sink "
	      "that "
	      "checks; a generator, which is a sink too; a loopback plug; a station that answers "
	      "ARP and "
	      "pings; a capture that is replayed; a TAP device of the machine that this runs on")},
	{"rate", RATES(wire_config, rate_bps, 1000 * UINT64_C(1000000000)), DEFAULT("25Gb/s"),
	 WHAT("of the network; 0: unbounded")},
	{"latency", TIMES(wire_config, latency_ps, SEC), DEFAULT("1us"),
	 WHAT("from the last byte sent to the first one received")},
	{"loss_ppm", COUNTS(wire_config, loss_ppm, 0, 1000000), DEFAULT("0"),
	 WHAT("frames lost per million")},
	{"reorder_ppm", COUNTS(wire_config, reorder_ppm, 0, 1000000), DEFAULT("0"),
	 WHAT("frames held back per million: later ones overtake them")},
	{"reorder_delay", TIMES(wire_config, reorder_delay_ps, SEC), DEFAULT("10us"),
	 WHAT("for how long they are held back")},
	{"troubled", KEY(CHOICE, wire_config, troubled), .choice = troubled_names, DEFAULT("both"),
	 WHAT("the direction that loses and reorders, by the sender's place in `hosts`; a peer "
	      "that "
	      "is no host is the second")},
	{"delay", TIMES(wire_config, delay_ps, SEC), DEFAULT("0"),
	 WHAT("with `peer: loop` or `respond`: until a frame or an answer goes back")},
	{"swap_macs", KEY(BOOL, wire_config, swap_macs), DEFAULT("yes"),
	 WHAT("with `peer: loop`: addresses are exchanged, so that a frame finds its sender")},
	{"file", KEY(TEXT, wire_config, file),
	 WHAT("with `peer: pcap`: the capture, pcapng or pcap, beside this file")},
	{"interface", KEY(TEXT, wire_config, interface),
	 WHAT("with `peer: pcap`: only the frames of this one, by its name or number there")},
	{"direction", KEY(CHOICE, wire_config, direction), .choice = direction_names,
	 DEFAULT("any"), WHAT("with `peer: pcap`: only the frames that it saw coming or going")},
	{"pad_cut", KEY(BOOL, wire_config, pad_cut), DEFAULT("no"),
	 WHAT("with `peer: pcap`: frames that the capture has cut are filled up with zeros; no: "
	      "the "
	      "file is refused")},
	{"replay_rate", RATES(wire_config, replay_rate_bps, 1000 * UINT64_C(1000000000)),
	 DEFAULT("0"), WHAT("with `peer: pcap`: of frames' bytes; 0: at the capture's times")},
	{"tap", KEY(TEXT, wire_config, tap),
	 WHAT("with `peer: tap`: the network interface; it is made if it is not there. Such a run "
	      "follows the clock and is not deterministic")},
	{NULL},
};
static const struct schema_map wire_map = MAP("wire", wire_config, wire_keys);

static const struct schema_key migration_link_keys[] = {
	{"rate", RATES(migration_link_config, rate_bps, 1000 * UINT64_C(1000000000)),
	 DEFAULT("25Gb/s"), WHAT("of the connection that a migration uses; 0: unbounded")},
	{"latency", TIMES(migration_link_config, latency_ps, SEC), DEFAULT("20us"),
	 WHAT("one way")},
	{"window_pages", COUNTS(migration_link_config, window_pages, 1, 65536), DEFAULT("1024"),
	 WHAT("pages under way at most: the socket's buffer")},
	{NULL},
};
static const struct schema_map migration_link_map =
	MAP("migration_link", migration_link_config, migration_link_keys);

static const struct schema_key machine_keys[] = {
	{"profile", KEY(TEXT, machine_cfg, profile), DEFAULT("default-arm"),
	 WHAT("timing: a name in model/profiles, or a file")},
	{"hosts", LISTS(TEXTS, machine_cfg, hosts, 1, 2), DEFAULT("source, destination"),
	 WHAT("their names; two are joined by a wire and a migration link")},
	{"memory", BYTES(machine_cfg, memory_bytes, 64 * MIB, 64 * TIB), DEFAULT("16GiB"),
	 WHAT("of each host")},
	{"smmu", KEY(MAP, machine_cfg, smmu), .map = &smmu_map, WHAT("the SMMUv3")},
	{"kernel", KEY(MAP, machine_cfg, kernel), .map = &kernel_map, WHAT("its choices")},
	{"nic", KEY(MAP, machine_cfg, nic), .map = &nic_map, WHAT("the SR-IOV NIC")},
	{"link", KEY(MAP, machine_cfg, link), .map = &link_map,
	 WHAT("PCIe, between root port and NIC")},
	{"wire", KEY(MAP, machine_cfg, wire), .map = &wire_map,
	 WHAT("the network between the hosts")},
	{"migration_link", KEY(MAP, machine_cfg, migration_link), .map = &migration_link_map,
	 WHAT("between the VMMs")},
	{"timing", KEY(MAP, machine_cfg, timing), .map = &schema_timing,
	 WHAT("what differs from the profile")},
	{NULL},
};
const struct schema_map schema_machine = MAP("a machine", machine_cfg, machine_keys);
