/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power management (PCI Express Base Specification, 7.5.2 and 5.3.1): D0 and
 * D3hot. A function in D3hot answers configuration requests alone and sends no
 * request (5.3.1.4.1); it makes no PMEs.
 */
#include "model/pcie/device_internal.h"

bool pcie_function_asleep(const struct pcie_function *fn)
{
	return fn->device->function[0].asleep;
}

/* Sending is possible again, or no more: as with Bus Master Enable. */
static void tell_senders(struct pcie_device *device)
{
	bool awake = !device->function[0].asleep;

	for (uint32_t f = 0; f <= device->num_vfs; f++) {
		struct pcie_function *fn = &device->function[f];

		if (!fn->bus_master)
			continue;
		if (fn->ops && fn->ops->bus_master)
			fn->ops->bus_master(fn->ctx, awake);
		if (awake)
			pcie_msix_flush(fn);
	}
}

/* No_Soft_Reset is clear: what comes back is uninitialized, its VFs are gone. */
static void wake_up_reset(struct pcie_function *pf)
{
	pcie_sriov_disable(pf->device);
	pcie_function_reset(pf, REGS_RESET_PART);
	pcie_device_remap(pf->device);
	if (pf->ops && pf->ops->reset)
		pf->ops->reset(pf->ctx, PCIE_RESET_CONVENTIONAL);
}

static void power_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *pf = owner;
	uint64_t state = now & PM_STATE;

	/* A state that is not there: the write does nothing (7.5.2.2). */
	if (state != PM_D0 && state != PM_D3HOT)
		pcie_config_set(pf, AT_PM + PM_CONTROL, before);
	else if (pf->asleep != (state == PM_D3HOT)) {
		pf->asleep = state == PM_D3HOT;
		if (!pf->asleep && pf->device->cfg.soft_reset) {
			wake_up_reset(pf);
			return;
		}
		pcie_device_remap(pf->device);
		tell_senders(pf->device);
	}
}

static void pm_fill(struct reg_row *row, const struct pcie_device_cfg *cfg,
		    const struct pcie_function_cfg *fn)
{
	row[1].reset = cfg->soft_reset ? 0 : PM_NO_SOFT_RESET;
}

static const struct reg_row pm_rows[] = {
	{.name = "PM_CAPABILITIES", .size = 4, .reset = PM_VERSION_3, .ro = BITS(31, 0)},
	{.name = "PM_CONTROL_STATUS",
	 .offset = PM_CONTROL,
	 .size = 4,
	 .ro = PM_NO_SOFT_RESET,
	 .rw = PM_STATE,
	 .on_write = power_written},
};

const struct pcie_capability_regs pcie_pm_regs = {
	.row = pm_rows,
	.rows = ARRAY_LEN(pm_rows),
	.fill = pm_fill,
};
