/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware: one function for each part, in the order in which they are built. */
#include "system/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "iommu/pmcg_format.h"
#include "system/config/classes.h"
#include "system/config/smmu.h"

#define ARENA_PAGES   (UINT64_C(1) << 24) /* 64 GiB stored at most, over all hosts */
#define ROOT_REQUESTS 64u
/* ACS as the kernel sets it when there is an IOMMU: all of a function's DMA goes through that. */
#define ISOLATED      0x1du
#define MSIX_MESSAGES 64u
#define MSI_ENTRIES   4096u
#define POSTED_WRITES 64u
#define RECORDED_VFS  1u
/* What drivers are told of a wire without a rate. */
#define FASTEST_LINK_MBPS 100000u

struct sim_part host_part(struct host *host, const char *name)
{
	struct machine *machine = host->machine;
	struct sim_part part = {machine->sim, NULL, host->index};
	char *text = host->part_name[host->part_names++];

	if (host->part_names > HOST_NAMES)
		abort();
	snprintf(text, HOST_NAME_LEN, "%s.%s", host->name, name);
	part.name = text;
	return part;
}

/* A port of `target`, as `name` of this host sees it through the engine. */
static struct bus_port bind_bus(struct host *host, const char *name, struct bus_port target)
{
	char text[2 * HOST_NAME_LEN];

	snprintf(text, sizeof(text), "%s.%s", host->name, name);
	/* cppcheck-suppress returnDanglingLifetime ; the port is copied */
	return host->machine->ops->bind_bus(host->machine->engine, text, &target);
}

static struct tlp_port bind_tlp(struct host *host, const char *name, const struct tlp_port *target)
{
	char text[2 * HOST_NAME_LEN];

	snprintf(text, sizeof(text), "%s.%s", host->name, name);
	return host->machine->ops->bind_tlp(host->machine->engine, text, target);
}

static bool add_window(struct host *host, const char *name, uint64_t base, uint64_t size,
		       struct bus_port target, bool subtract_base)
{
	char text[HOST_NAME_LEN];
	struct fabric_window window = {
		.name = name, .base = base, .size_bytes = size, .subtract_base = subtract_base};

	snprintf(text, sizeof(text), "fabric.%s", name);
	window.target = bind_bus(host, text, target);
	return !fabric_add(&host->fabric, &window);
}

static bool build_memory(struct host *host)
{
	const struct machine_cfg *cfg = host->machine->cfg;
	const struct machine_foreign *foreign = host->machine->options.foreign;
	struct dram_cfg dram = {.base = HOST_DRAM_PA, .size_bytes = cfg->memory_bytes};
	uint64_t others = 0; /* bytes at the beginning that are not for frames */
	struct dram_env env = {.arena = host->machine->arena};
	struct sim_part part = host_part(host, "fabric");

	env.part = host_part(host, "dram");
	dram.timing.latency_ps = cfg->timing.memory.latency_ps;
	if (cfg->timing.memory.bandwidth_bps)
		dram.timing.ps_per_byte_x1000 =
			8 * 1000 * (PS_PER_S / 1000) / (cfg->timing.memory.bandwidth_bps / 1000);
	if (foreign) {
		others = foreign->ram_bytes;
		dram.base = foreign->ram_base;
		dram.size_bytes = others + HOST_OWN_BYTES;
	}
	host->frames = frames_create(dram.base + others, dram.size_bytes - others);
	host->dram = dram_create(&dram, &env);
	fabric_init(&host->fabric, &part);
	return host->frames && host->dram &&
	       add_window(host, "dram", dram.base, dram.size_bytes, dram_bus_port(host->dram),
			  false);
}

static bool build_cpu(struct host *host)
{
	struct cpu_cfg cfg = {
		.doorbell_pa = HOST_DOORBELL_PA,
		.msi_entries = MSI_ENTRIES,
		.posted_writes = POSTED_WRITES,
		.interrupt_ps = host->machine->cfg->timing.cpu.interrupt_ps,
	};
	struct cpu_env env = {.dram = host->dram};

	if (host->machine->options.foreign)
		cfg.doorbell_pa = host->machine->options.foreign->doorbell_pa;
	env.part = host_part(host, "cpu");
	env.bus = bind_bus(host, "cpu.bus", fabric_bus_port(&host->fabric));
	host->cpu = cpu_create(&cfg, &env);
	return host->cpu && add_window(host, "doorbell", cfg.doorbell_pa, HOST_DOORBELL_LEN,
				       cpu_doorbell_port(host->cpu), true);
}

static bool build_smmu(struct host *host)
{
	const struct machine_foreign *foreign = host->machine->options.foreign;
	const struct machine_board *board = host->machine->options.board;
	struct smmu_cfg cfg = config_smmu(host->machine->cfg);
	struct smmu_env env = {.irq = board ? board->irq : cpu_irq_port(host->cpu)};

	cfg.doorbell_pa = foreign ? foreign->doorbell_pa : HOST_DOORBELL_PA;
	cfg.doorbell_bytes = HOST_DOORBELL_LEN;
	if (board) {
		cfg.doorbell_pa = board->message_pa;
		cfg.doorbell_bytes = board->message_bytes;
	}
	env.part = host_part(host, "smmu");
	env.memory = bind_bus(host, "smmu.memory",
			      board ? board->memory : fabric_bus_port(&host->fabric));
	host->smmu = smmu_create(&cfg, &env);
	return host->smmu &&
	       add_window(host, "smmu", HOST_SMMU_PA, SMMU_REGISTER_BYTES,
			  smmu_register_port(host->smmu), true) &&
	       add_window(host, "pmcg", HOST_PMCG_PA, SMMU_PMCG_BYTES, smmu_pmcg_port(host->smmu),
			  true);
}

/* VFs that do not fit on the PF's bus are on the ones after it. */
static uint32_t last_rid(const struct machine_cfg *cfg)
{
	return (uint32_t)(machine_pf_rid(cfg) + MACHINE_FIRST_VF_OFFSET + cfg->nic.total_vfs - 1);
}

/* Each port of a switch but the NIC's has a bus of its own, with nobody on it. */
static uint8_t last_bus(const struct machine_cfg *cfg)
{
	uint64_t others = cfg->link.switch_ports ? cfg->link.switch_ports - 1 : 0;

	return (uint8_t)((last_rid(cfg) >> 8) + others);
}

/* A link that goes down takes what the device was with it (2.9.1, 6.6.1). */
static void link_down_or_up(void *ctx, bool up)
{
	struct host *host = ctx;

	pcie_link_set_up(host->link, up);
	if (up)
		return;
	if (host->pcie_switch)
		pcie_switch_reset(host->pcie_switch, false);
	else
		pcie_device_reset(host->device, false);
}

/* The NIC's is the only one that there is. */
static void switch_link_down_or_up(void *ctx, uint32_t port, bool up)
{
	struct host *host = ctx;

	pcie_link_set_up(host->nic_link, up);
	if (!up)
		pcie_device_reset(host->device, false);
}

/* Where a machine is not driven by its own software: windows and stream IDs as who does has them.
 */
static void map_streams(const struct host *host, struct pcie_root_port_cfg *cfg)
{
	const struct machine_foreign *foreign = host->machine->options.foreign;
	const struct machine_board *board = host->machine->options.board;

	if (foreign) {
		cfg->iommu_map.rid_base = machine_vf_rid(host->machine->cfg);
		cfg->iommu_map.rid_count = 1;
		cfg->iommu_map.stream_base = foreign->vf_stream;
	}
	if (board) {
		cfg->iommu_map.rid_base = (uint16_t)board->first_rid;
		cfg->iommu_map.rid_count =
			(uint16_t)(last_rid(host->machine->cfg) + 1 - board->first_rid);
		cfg->iommu_map.stream_base = board->stream_base;
		cfg->iommu_map.stream_step = board->stream_step;
	}
	if (board && board->window_bytes) {
		cfg->window_base = board->window_base;
		cfg->window_bytes = board->window_bytes;
	}
}

static bool build_root_port(struct host *host)
{
	struct pcie_root_port_cfg cfg = {
		.vendor_id = 0x1b36, /* the generic root port of Red Hat's virtual machines */
		.device_id = 0x000c,
		.secondary_bus = HOST_NIC_BUS,
		.subordinate_bus = last_bus(host->machine->cfg),
		.window_base = HOST_WINDOW_PA,
		.window_bytes = HOST_WINDOW_LEN,
		.requests = ROOT_REQUESTS,
		.ats = host->machine->cfg->smmu.ats,
		.access_control = ISOLATED,
		.link_generation = (uint8_t)host->machine->cfg->link.generation,
		.link_lanes = (uint8_t)host->machine->cfg->link.lanes,
		.max_payload = (uint16_t)host->machine->cfg->link.max_payload,
		.read_completion_boundary =
			(uint16_t)host->machine->cfg->link.read_completion_boundary,
	};
	struct pcie_root_port_env env = {.part = host_part(host, "root_port")};

	map_streams(host, &cfg);
	env.dma = bind_bus(host, "root_port.dma", smmu_dma_port(host->smmu));
	env.agent = smmu_ats_agent(host->smmu);
	env.link = link_down_or_up;
	env.link_ctx = host;
	host->root_port = pcie_root_port_create(&cfg, &env);
	if (host->root_port && cfg.ats)
		host_connect_ats(host);
	return host->root_port &&
	       add_window(host, "ecam", HOST_ECAM_PA, HOST_ECAM_LEN,
			  pcie_root_port_ecam(host->root_port), true) &&
	       add_window(host, "mmio", cfg.window_base, cfg.window_bytes,
			  pcie_root_port_mmio(host->root_port), false);
}

static void device_cfg(const struct machine_cfg *machine, struct pcie_device_cfg *cfg)
{
	pcie_device_cfg_x710(cfg);
	cfg->bus = (uint8_t)(machine_pf_rid(machine) >> 8);
	cfg->total_vfs = (uint16_t)machine->nic.total_vfs;
	cfg->vf.msix_vectors = (uint16_t)machine->nic.msix_vectors;
	cfg->first_vf_offset = MACHINE_FIRST_VF_OFFSET;
	cfg->vf_stride = 1;
	cfg->link_generation = (uint8_t)machine->link.generation;
	cfg->link_lanes = (uint8_t)machine->link.lanes;
	cfg->max_payload = (uint16_t)machine->link.max_payload;
	cfg->max_read_request = (uint16_t)machine->link.max_read_request;
	cfg->register_ps = machine->timing.nic.register_ps;
	cfg->flr_ps = machine->timing.nic.flr_ps;
	cfg->msix_messages = MSIX_MESSAGES;
	cfg->ats = machine->nic.ats;
	cfg->pri = machine->nic.pri;
	cfg->pasid_bits = (uint8_t)machine->nic.pasid_bits;
	cfg->atc_entries = (uint32_t)machine->nic.atc_entries;
	cfg->atc_ways = (uint32_t)machine->nic.atc_ways;
	cfg->atc_pages = (uint32_t)machine->nic.atc_pages;
	cfg->page_requests = (uint32_t)machine->nic.page_requests;
	cfg->page_retry_ps = machine->timing.nic.page_retry_ps;
}

static bool build_recorded(struct host *host, const struct machine_options *options)
{
	struct recorded_device_env env = {.part = host_part(host, "recorded")};

	host->recorded = recorded_device_create(options->recorded, &env);
	if (host->recorded)
		host->device = recorded_device_pcie(host->recorded);
	return host->recorded != NULL;
}

static bool build_nic_parts(struct host *host)
{
	const struct machine_cfg *machine = host->machine->cfg;
	const struct machine_foreign *foreign = host->machine->options.foreign;
	const struct firmware_cfg cfg = {
		.command_ps = machine->timing.firmware.command_ps,
		.state_ps = machine->timing.firmware.state_ps,
		.reset_ps = machine->timing.firmware.reset_ps,
		.watchdog_ps = machine->timing.firmware.watchdog_ps,
		/* What the PF tells of the link is the other machine's, too. */
		.first_vsi = foreign ? foreign->first_vsi : 1,
		.capabilities = foreign ? foreign->capabilities : 0,
		.tell_link = !foreign,
		.forward = machine->nic.mailbox == MAILBOX_FORWARD,
		.classes = config_classes(&machine->nic),
		.queue_pairs = (uint32_t)machine->nic.queue_pool,
		.vf_queue_pairs = (uint32_t)machine->nic.first_queue_pairs,
	};

	for (uint32_t i = 0; i < machine->nic.total_vfs; i++) {
		host->vf[i] = vf_create(host->nic, i, host->vf[0]);
		if (!host->vf[i])
			return false;
	}
	host->firmware = firmware_create(&cfg, host->nic);
	return host->firmware != NULL;
}

static bool build_nic(struct host *host)
{
	const struct machine_cfg *machine = host->machine->cfg;
	struct pcie_device_env device_env = {.part = host_part(host, "device")};
	struct nic_env nic_env = {.part = host_part(host, "nic")};
	struct pcie_device_cfg pcie;
	const struct nic_cfg cfg = {
		.vfs = (uint32_t)machine->nic.total_vfs,
		.queue_pairs = (uint32_t)machine->nic.queue_pairs,
		.vectors = (uint32_t)machine->nic.msix_vectors,
		.packets = (uint32_t)machine->nic.packets,
		.dma_tags = (uint32_t)machine->nic.dma_tags,
		.link_mbps = machine->wire.rate_bps ? (uint32_t)(machine->wire.rate_bps / 1000000)
						    : FASTEST_LINK_MBPS,
		.dma_issue_ps = machine->timing.nic.issue_ps,
		.switch_ps = machine->timing.nic.switch_ps,
		.write_back_ps = machine->timing.nic.write_back_ps,
		.log_bytes = machine->nic.dma_log_bytes,
		.interrupt_ps = machine->timing.nic.interrupt_ps,
		.rx_fetch_ahead = machine->nic.rx_fetch_ahead,
		.early_doorbells = machine->nic.early_doorbells,
		.drain_poll_ps = machine->timing.nic.drain_poll_ps,
	};

	device_cfg(machine, &pcie);
	host->device = pcie_device_create(&pcie, &device_env);
	if (!host->device)
		return false;
	nic_env.device = host->device;
	host->nic = nic_create(&cfg, &nic_env);
	return host->nic && build_nic_parts(host);
}

/* A link whose ends are `above` and `beneath` for ports of these names; NULL without memory. */
static struct pcie_link *make_link(struct host *host, const char *name,
				   const struct tlp_port *above, const struct tlp_port *beneath)
{
	const struct machine_cfg *machine = host->machine->cfg;
	struct pcie_link_cfg cfg = {
		.generation = (uint8_t)machine->link.generation,
		.lanes = (uint8_t)machine->link.lanes,
		.max_payload = (uint16_t)machine->link.max_payload,
		.max_read_request = (uint16_t)machine->link.max_read_request,
		.latency_ps = machine->timing.link.latency_ps,
		.reorder_ps = machine->link.reorder_ps,
	};
	struct pcie_link_env env = {.part = host_part(host, name)};
	struct pcie_link *link = pcie_link_create(&cfg, &env);

	if (link)
		pcie_link_connect(link, above, beneath);
	return link;
}

static struct tlp_port bound(struct host *host, const char *name, struct tlp_port port)
{
	/* cppcheck-suppress returnDanglingLifetime ; the port is copied */
	return bind_tlp(host, name, &port);
}

static bool build_switch(struct host *host)
{
	const struct machine_cfg *machine = host->machine->cfg;
	struct pcie_switch_cfg cfg = {
		.vendor_id = 0x104c, /* as the switch of QEMU, which is one of TI's */
		.device_id = 0x8232,
		.ports = (uint32_t)machine->link.switch_ports,
		.forward_ps = machine->timing.link.switch_ps,
		.reorder_ps = machine->link.reorder_ps,
		.link_generation = (uint8_t)machine->link.generation,
		.link_lanes = (uint8_t)machine->link.lanes,
		.max_payload = (uint16_t)machine->link.max_payload,
	};
	struct pcie_switch_env env = {.part = host_part(host, "switch"),
				      .link = switch_link_down_or_up,
				      .link_ctx = host};

	host->pcie_switch = pcie_switch_create(&cfg, &env);
	return host->pcie_switch != NULL;
}

/* The NIC behind the first port, on a link of its own. */
static bool build_nic_link(struct host *host)
{
	struct tlp_port above =
		bound(host, "nic_link.switch", pcie_switch_port(host->pcie_switch, 0));
	struct tlp_port beneath = bound(host, "nic_link.device", pcie_device_port(host->device));

	host->nic_link = make_link(host, "nic_link", &above, &beneath);
	if (!host->nic_link)
		return false;
	above = bound(host, "switch.nic_link", pcie_link_port(host->nic_link, PCIE_LINK_DOWN));
	beneath = bound(host, "device.nic_link", pcie_link_port(host->nic_link, PCIE_LINK_UP));
	pcie_switch_connect(host->pcie_switch, 0, &above);
	pcie_device_connect(host->device, &beneath);
	return true;
}

/* What the root port's link leads to: the switch, or the device itself. */
static bool build_link(struct host *host)
{
	bool behind_switch = host->machine->cfg->link.switch_ports;
	struct tlp_port port[2];

	if (behind_switch && !build_switch(host))
		return false;
	port[0] = bound(host, "link.root_port", pcie_root_port_port(host->root_port));
	port[1] = behind_switch ? bound(host, "link.switch",
					pcie_switch_port(host->pcie_switch, PCIE_SWITCH_UPSTREAM))
				: bound(host, "link.device", pcie_device_port(host->device));
	host->link = make_link(host, "link", &port[0], &port[1]);
	if (!host->link)
		return false;
	port[0] = bound(host, "root_port.link", pcie_link_port(host->link, PCIE_LINK_DOWN));
	port[1] = bound(host, behind_switch ? "switch.link" : "device.link",
			pcie_link_port(host->link, PCIE_LINK_UP));
	pcie_root_port_connect(host->root_port, &port[0]);
	if (!behind_switch) {
		pcie_device_connect(host->device, &port[1]);
		return true;
	}
	pcie_switch_connect(host->pcie_switch, PCIE_SWITCH_UPSTREAM, &port[1]);
	return build_nic_link(host);
}

static bool build_host(struct host *host, const struct machine_options *options)
{
	bool recorded = options && options->recorded;

	return build_memory(host) && build_cpu(host) && build_smmu(host) && build_root_port(host) &&
	       (recorded ? build_recorded(host, options) : build_nic(host)) && build_link(host);
}

/* Which end's frames are lost and held back. */
static void wire_trouble(struct wire_cfg *cfg, const struct wire_config *config)
{
	static const bool troubled[][MACHINE_HOSTS] = {
		[TROUBLED_BOTH] = {true, true},
		[TROUBLED_FROM_FIRST] = {true, false},
		[TROUBLED_FROM_SECOND] = {false, true},
	};

	for (uint32_t i = 0; i < MACHINE_HOSTS; i++) {
		if (!troubled[config->troubled][i])
			continue;
		cfg->loss_ppm[i] = (uint32_t)config->loss_ppm;
		cfg->reorder_ppm[i] = (uint32_t)config->reorder_ppm;
	}
}

static bool build_wire(struct machine *machine)
{
	const struct wire_config *config = &machine->cfg->wire;
	struct wire_cfg cfg = {.latency_ps = config->latency_ps,
			       .reorder_delay_ps = config->reorder_delay_ps};
	struct wire_env env = {.part = {machine->sim, machine->wire_name, 0}};
	struct frame_port end[MACHINE_HOSTS];

	snprintf(machine->wire_name, sizeof(machine->wire_name), "wire");
	if (config->rate_bps)
		cfg.ps_per_byte = 8 * PS_PER_S / config->rate_bps;
	wire_trouble(&cfg, config);
	machine->wire = wire_create(&cfg, &env);
	if (!machine->wire)
		return false;
	for (uint32_t i = 0; i < MACHINE_HOSTS; i++)
		end[i] = i < machine->hosts ? nic_frame_port(machine->host[i].nic)
					    : wire_backend_port(machine->options.far_end);
	wire_connect(machine->wire, &end[0], &end[1]);
	for (uint32_t i = 0; i < MACHINE_HOSTS; i++) {
		struct frame_port port = wire_port(machine->wire, i);

		if (i < machine->hosts)
			nic_connect_wire(machine->host[i].nic, &port);
		else
			wire_backend_attach(machine->options.far_end, &port);
	}
	return true;
}

struct machine *machine_create(const struct machine_cfg *cfg, struct sim *sim,
			       const struct engine_ops *ops, const struct machine_options *options)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	bool ok;

	if (!machine)
		return NULL;
	machine->cfg = cfg;
	if (options)
		machine->options = *options;
	machine->sim = sim;
	machine->ops = ops;
	machine->hosts = cfg->hosts_count;
	machine->engine = ops->create(sim);
	machine->arena = dram_arena_create(ARENA_PAGES);
	ok = machine->engine && machine->arena;
	for (uint32_t i = 0; ok && i < machine->hosts; i++) {
		struct host *host = &machine->host[i];

		host->machine = machine;
		host->index = i;
		host->name = cfg->hosts[i];
		ok = build_host(host, options);
	}
	if (ok && (machine->hosts == MACHINE_HOSTS || machine->options.far_end) &&
	    machine->host[0].nic)
		ok = build_wire(machine);
	if (ok)
		return machine;
	machine_destroy(machine);
	return NULL;
}

#define DESTROY(part, destroy)                                                                     \
	do {                                                                                       \
		if (part)                                                                          \
			destroy(part);                                                             \
	} while (0)

static void host_destroy(struct host *host)
{
	DESTROY(host->firmware, firmware_destroy);
	for (uint32_t i = 0; i < NIC_MAX_VFS; i++)
		DESTROY(host->vf[i], vf_destroy);
	DESTROY(host->nic, nic_destroy);
	if (host->recorded)
		recorded_device_destroy(host->recorded);
	else
		DESTROY(host->device, pcie_device_destroy);
	DESTROY(host->nic_link, pcie_link_destroy);
	DESTROY(host->pcie_switch, pcie_switch_destroy);
	DESTROY(host->link, pcie_link_destroy);
	DESTROY(host->root_port, pcie_root_port_destroy);
	for (uint32_t i = 0; i < host->masters; i++)
		DESTROY(host->master[i], master_destroy);
	DESTROY(host->smmu, smmu_destroy);
	DESTROY(host->cpu, cpu_destroy);
	DESTROY(host->dram, dram_destroy);
	DESTROY(host->frames, frames_destroy);
}

void machine_destroy(struct machine *machine)
{
	if (!machine)
		return;
	DESTROY(machine->wire, wire_destroy);
	for (uint32_t i = 0; i < machine->hosts; i++)
		host_destroy(&machine->host[i]);
	DESTROY(machine->arena, dram_arena_destroy);
	DESTROY(machine->engine, machine->ops->destroy);
	free(machine);
}

struct master *machine_add_master(struct host *host, const char *name, const struct master_cfg *cfg)
{
	struct master_env env;
	char text[sizeof("master.") + MACHINE_MASTER_NAME];

	if (host->masters == HOST_MASTERS)
		return NULL;
	snprintf(text, sizeof(text), "master.%.*s", MACHINE_MASTER_NAME, name);
	env.part = host_part(host, text);
	env.dma = bind_bus(host, text, smmu_dma_port(host->smmu));
	env.agent = smmu_ats_agent(host->smmu);
	host->master[host->masters] = master_create(cfg, &env);
	return host->master[host->masters] ? host->master[host->masters++] : NULL;
}

struct host *machine_host(struct machine *machine, const char *name)
{
	for (uint32_t i = 0; i < machine->hosts; i++)
		if (!strcmp(machine->host[i].name, name))
			return &machine->host[i];
	return NULL;
}

static void report(struct host *host, const char *name, enum machine_leak what, uint64_t count)
{
	struct sim_part part = host_part(host, name);

	trace_emit(&part, TRACE_LEAK, what, count);
}

static void report_nic(struct host *host)
{
	struct nic_usage usage = nic_usage_get(host->nic);

	report(host, "nic in use", MACHINE_LEAK_NIC,
	       (uint64_t)usage.dma_tags + usage.dma_jobs + usage.packets + usage.mailbox_messages);
}

void machine_report_leaks(struct machine *machine)
{
	for (uint32_t i = 0; i < machine->hosts; i++) {
		struct host *host = &machine->host[i];

		report(host, "frames", MACHINE_LEAK_FRAMES, frames_in_use(host->frames));
		report(host, "smmu busy", MACHINE_LEAK_SMMU, !smmu_idle(host->smmu));
		report(host, "cpu busy", MACHINE_LEAK_CPU, !cpu_idle(host->cpu));
		report(host, "root_port busy", MACHINE_LEAK_ROOT_PORT,
		       !pcie_root_port_idle(host->root_port));
		report(host, "link", MACHINE_LEAK_LINK, pcie_link_in_flight(host->link));
		if (host->pcie_switch)
			report(host, "switch busy", MACHINE_LEAK_SWITCH,
			       !pcie_switch_idle(host->pcie_switch) ||
				       pcie_link_in_flight(host->nic_link));
		report(host, "device busy", MACHINE_LEAK_DEVICE, !pcie_device_idle(host->device));
		for (uint32_t master = 0; master < host->masters; master++)
			report(host, "master busy", MACHINE_LEAK_MASTER,
			       !master_idle(host->master[master]));
		if (host->nic)
			report_nic(host);
	}
	if (machine->wire) {
		struct sim_part part = {machine->sim, machine->wire_name, 0};

		trace_emit(&part, TRACE_LEAK, MACHINE_LEAK_WIRE, wire_in_flight(machine->wire));
	}
}
