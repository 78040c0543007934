/* SPDX-License-Identifier: Apache-2.0 */
#include "system/registers.h"

#include "system/machine.h"

/* Configuration space is laid out by the device's cfg, so it takes one to see it. */
static void each_config(void (*each)(void *ctx, const struct reg_table *table), void *ctx)
{
	struct pcie_device_env env = {.part = {NULL, "device", 0}};
	struct pcie_device *device;
	struct pcie_device_cfg cfg;
	struct sim sim;

	if (sim_init(&sim, 0, NULL))
		return;
	env.part.sim = &sim;
	pcie_device_cfg_x710(&cfg);
	cfg.total_vfs = 1;
	device = pcie_device_create(&cfg, &env);
	if (device) {
		each(ctx, pcie_device_config_table(device, false));
		each(ctx, pcie_device_config_table(device, true));
		pcie_device_destroy(device);
	}
	sim_fini(&sim);
}

void registers_each(void (*each)(void *ctx, const struct reg_table *table), void *ctx)
{
	each(ctx, smmu_register_table());
	each(ctx, smmu_pmcg_register_table());
	each(ctx, nic_pf_reg_table());
	each(ctx, vf_reg_table());
	each_config(each, ctx);
}
