/* SPDX-License-Identifier: Apache-2.0 */
/* SR-IOV: VFs come and go, and where their BARs are (sections 9.2 and 9.3.3). */
#include "base/trace.h"
#include "model/pcie/device_internal.h"

uint64_t pcie_sriov_bar_bytes(const struct pcie_device *device, uint32_t bar)
{
	uint64_t bytes = device->cfg.vf.bar_bytes[bar];
	uint64_t pages = pcie_config_get(&device->function[0], AT_SRIOV + SRIOV_SYSTEM_PAGE);
	uint64_t page = UINT64_C(4096) << (pages ? __builtin_ctzll(pages) : 0);

	return bytes ? MAX(bytes, page) : 0;
}

uint64_t pcie_sriov_bar_read(void *owner, uint32_t index, uint64_t stored)
{
	const struct pcie_function *pf = owner;
	uint64_t bytes = pcie_sriov_bar_bytes(pf->device, index);

	if (bytes)
		return pcie_bar_value(bytes, false, (uint32_t)stored);
	bytes = index ? pcie_sriov_bar_bytes(pf->device, index - 1) : 0;
	return bytes ? pcie_bar_value(bytes, true, (uint32_t)stored) : 0;
}

void pcie_sriov_bar_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	const struct pcie_function *pf = owner;

	pcie_device_remap(pf->device);
}

/* One of the supported sizes, and only while there are no VFs (9.3.3.13); else nothing happens. */
void pcie_sriov_page_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *pf = owner;

	if (!is_power_of_two(now) || !(now & pf->device->cfg.supported_page_sizes) ||
	    (pcie_config_get(pf, AT_SRIOV + SRIOV_CONTROL) & SRIOV_VF_ENABLE))
		pcie_config_set(pf, AT_SRIOV + SRIOV_SYSTEM_PAGE, before);
	pcie_device_remap(pf->device);
}

static void set_present(struct pcie_device *device, uint32_t vf, bool present)
{
	struct pcie_function *fn = &device->function[1 + vf];

	/* A VF that comes or goes keeps nothing: its sticky bits last as long as it does. */
	pcie_function_reset(fn, REGS_RESET_COLD);
	fn->present = present;
	trace_emit(&device->env.part, TRACE_VF_ENABLED, pcie_function_rid(fn), present);
	if (fn->ops && fn->ops->reset)
		fn->ops->reset(fn->ctx, present ? PCIE_RESET_VF_ENABLE : PCIE_RESET_VF_DISABLE);
}

static void enable(struct pcie_device *device)
{
	uint64_t wanted = pcie_config_get(&device->function[0], AT_SRIOV + SRIOV_NUM_VFS) & NUM_VFS;

	device->num_vfs = (uint32_t)MIN(wanted, device->cfg.total_vfs);
	for (uint32_t vf = 0; vf < device->num_vfs; vf++)
		set_present(device, vf, true);
}

void pcie_sriov_disable(struct pcie_device *device)
{
	uint32_t present = device->num_vfs;

	device->num_vfs = 0;
	for (uint32_t vf = 0; vf < present; vf++)
		set_present(device, vf, false);
}

void pcie_sriov_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *pf = owner;

	/* ARI Capable Hierarchy, which RIDs hang on, holds still while there are VFs (9.3.3.3.5).
	 */
	if (before & now & SRIOV_VF_ENABLE)
		pcie_config_set(pf, AT_SRIOV + SRIOV_CONTROL,
				(now & ~SRIOV_ARI) | (before & SRIOV_ARI));
	if (~before & now & SRIOV_VF_ENABLE)
		enable(pf->device);
	else if (before & ~now & SRIOV_VF_ENABLE)
		pcie_sriov_disable(pf->device);
	pcie_device_remap(pf->device);
}

/* NumVFs must not change while VF Enable is set (9.3.3.7): such a write does nothing. */
void pcie_sriov_num_vfs_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *pf = owner;

	if (pcie_config_get(pf, AT_SRIOV + SRIOV_CONTROL) & SRIOV_VF_ENABLE)
		pcie_config_set(pf, AT_SRIOV + SRIOV_NUM_VFS, before);
}
