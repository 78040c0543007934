/* SPDX-License-Identifier: Apache-2.0 */
/* Software of a host: each step over the bus, as a kernel boots. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "system/machine.h"

#define MIGRATION_FLAGS (VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P)

/* A boot under way. */
struct boot {
	struct host *host;
	struct actor *self;
	const struct host_boot_options *options;
};

static int boot_smmu(struct boot *boot)
{
	struct host *host = boot->host;
	const struct machine_cfg *machine = host->machine->cfg;
	struct smmu_driver_cfg cfg = {
		.register_pa = HOST_SMMU_PA,
		.event_irq = SMMU_IRQ_EVTQ,
		.gerror_irq = SMMU_IRQ_GERROR,
		.priq_irq = SMMU_IRQ_PRIQ,
		.dirty_clear = (enum dirty_clear)machine->kernel.dirty_clear,
		.lazy_unmap = !machine->kernel.strict,
		.event_latency_ps = machine->kernel.event_latency_ps,
		.page_request_latency_ps = machine->kernel.page_request_latency_ps,
		.call_ps = machine->timing.kernel.call_ps,
		.page_ps = machine->timing.kernel.page_ps,
	};
	struct smmu_driver_env env = {
		.cpu = cpu_port(host->cpu),
		.frames = host->frames,
		.ats_supported = host_ats_supported,
		.ats_enable = host_ats_enable,
		.pri_enable = host_pri_enable,
		.pasid_enable = host_pasid_enable,
		.ats_ctx = host,
	};

	env.part = host_part(host, "smmu_driver");
	return smmu_driver_probe(&cfg, &env, boot->self, &host->smmu_driver);
}

static int boot_pci(struct boot *boot)
{
	struct host *host = boot->host;
	struct pci_bus_cfg cfg = {
		.ecam_pa = HOST_ECAM_PA,
		.window_pa = HOST_WINDOW_PA,
		.window_bytes = HOST_WINDOW_LEN,
		.bus = HOST_NIC_BUS,
		.isolate = true,
	};
	struct pci_bus_env env = {.cpu = cpu_port(host->cpu)};

	env.part = host_part(host, "pci_bus");
	return pci_bus_scan(&host->pci_bus, boot->self, &cfg, &env);
}

/* The PF's driver, which enables the VFs; a recorded device has none. */
static int boot_pf(struct boot *boot)
{
	struct host *host = boot->host;
	const struct machine_cfg *machine = host->machine->cfg;
	uint16_t vfs = (uint16_t)machine->nic.vfs;
	struct pf_driver_cfg cfg = {
		.pf_rid = machine_pf_rid(host->machine->cfg),
		.num_vfs = vfs,
		.command_timeout_ps = machine->timing.kernel.command_timeout_ps,
		.poll_ps = machine->timing.kernel.poll_ps,
		.message_ps = machine->timing.kernel.message_ps,
		.migration_flags =
			MIGRATION_FLAGS | (machine->nic.pre_copy ? VFIO_MIGRATION_PRE_COPY : 0),
	};
	struct pf_driver_env env = {
		.cpu = cpu_port(host->cpu), .frames = host->frames, .bus = &host->pci_bus};
	int rc;

	if (host->recorded || (boot->options && boot->options->no_pf_driver))
		return pci_bus_enable_vfs(&host->pci_bus, boot->self,
					  machine_pf_rid(host->machine->cfg), vfs);
	if (host->smmu_driver) {
		rc = smmu_driver_attach_identity(host->smmu_driver, boot->self,
						 machine_pf_rid(host->machine->cfg));
		if (rc)
			return rc;
	}
	env.part = host_part(host, "pf_driver");
	return pf_driver_probe(&cfg, &env, boot->self, &host->pf_driver);
}

static int boot_kernel(struct boot *boot)
{
	struct host *host = boot->host;
	const struct machine_cfg *machine = host->machine->cfg;
	struct uapi_kernel_cfg cfg = {
		.msi_window = machine->kernel.msi_window,
		.page_size = machine->kernel.page_size,
		.reset_at_once = !machine->kernel.reset_waits,
		.syscall_ps = machine->timing.kernel.syscall_ps,
		.memlock_pages = machine->kernel.memlock_pages,
	};
	struct uapi_kernel_env env = {
		.cpu = cpu_port(host->cpu), .frames = host->frames, .smmu = host->smmu_driver};

	env.part = host_part(host, "kernel");
	host->kernel = uapi_kernel_create(&cfg, &env);
	return host->kernel ? 0 : -ENOMEM;
}

static uint64_t function_config_pa(uint16_t rid)
{
	return HOST_ECAM_PA + ((uint64_t)rid << 12);
}

/* Bind VF `vf` to VFIO. */
static int bind_vf(struct boot *boot, uint32_t vf)
{
	struct host *host = boot->host;
	const struct pci_function *function =
		pci_bus_vf(&host->pci_bus, machine_pf_rid(host->machine->cfg), vf);
	struct uapi_vfio_device_cfg cfg = {.is_vf = true, .vf = vf};

	if (!function)
		return -ENODEV;
	cfg.number = vf;
	cfg.group = HOST_FIRST_VF_GROUP + vf;
	if (boot->options && boot->options->vf) {
		cfg.number = boot->options->vf[vf].number;
		cfg.group = boot->options->vf[vf].group;
		memcpy(cfg.name, boot->options->vf[vf].name, sizeof(cfg.name));
	}
	if (boot->options) {
		cfg.trap_bars = boot->options->trap_bars;
		cfg.no_dynamic_msix = boot->options->no_dynamic_msix;
	}
	cfg.stream_id = function->rid;
	cfg.config_pa = function_config_pa(function->rid);
	cfg.vendor_id = function->vendor;
	cfg.device_id = function->device;
	for (uint32_t i = 0; i < PCI_FUNCTION_BARS; i++) {
		cfg.bar[i].pa = function->bar[i].pa;
		cfg.bar[i].size_bytes = function->bar[i].size_bytes;
		cfg.bar[i].flags = PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH;
	}
	if (boot->options && boot->options->services)
		cfg.services = *boot->options->services;
	else if (host->pf_driver)
		cfg.services = pf_driver_vf_services(host->pf_driver);
	return uapi_kernel_add_vfio_device(host->kernel, boot->self, &cfg);
}

static int bind_vfs(struct boot *boot)
{
	uint32_t vfs = (uint32_t)boot->host->machine->cfg->nic.vfs;

	for (uint32_t vf = 0; vf < vfs; vf++) {
		int rc = bind_vf(boot, vf);

		if (rc)
			return rc;
	}
	return 0;
}

static const struct {
	const char *what;
	int (*step)(struct boot *boot);
	bool kernel;
} boot_steps[] = {
	{"the SMMU driver's probe", boot_smmu, true},
	{"the scan of the PCI bus", boot_pci, false},
	{"the PF driver's probe", boot_pf, false},
	{"the kernel's start", boot_kernel, true},
	{"the binding of VFs to VFIO", bind_vfs, true},
};

int host_boot(struct host *host, struct actor *self, const struct host_boot_options *options)
{
	struct boot boot = {host, self, options};
	struct sim_part part = host_part(host, "boot");

	for (size_t i = 0; i < sizeof(boot_steps) / sizeof(boot_steps[0]); i++) {
		int rc;

		if (boot_steps[i].kernel && options && options->no_kernel)
			continue;
		rc = boot_steps[i].step(&boot);
		if (rc) {
			sim_log(&part, LOG_ERROR, "%s failed: %s", boot_steps[i].what,
				strerror(-rc));
			return rc;
		}
	}
	return 0;
}

void host_shutdown(struct host *host, struct actor *self)
{
	if (host->kernel)
		uapi_kernel_destroy(host->kernel);
	host->kernel = NULL;
	if (host->pf_driver)
		pf_driver_remove(host->pf_driver, self);
	host->pf_driver = NULL;
	if (host->smmu_driver)
		smmu_driver_remove(host->smmu_driver);
	host->smmu_driver = NULL;
}
