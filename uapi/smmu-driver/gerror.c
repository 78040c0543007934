/* SPDX-License-Identifier: Apache-2.0 */
/* Global errors (IHI 0070, 7.5; arm_smmu_gerror_handler). */
#include "uapi/smmu-driver/smmu_driver_internal.h"

static const struct {
	uint32_t bit;
	const char *text;
} gerror_text[] = {
	{(uint32_t)GERROR_SFM_ERR, "device has entered Service Failure Mode!"},
	{(uint32_t)GERROR_MSI_GERROR_ABT_ERR, "GERROR MSI write aborted"},
	{(uint32_t)GERROR_MSI_PRIQ_ABT_ERR, "PRIQ MSI write aborted"},
	{(uint32_t)GERROR_MSI_EVENTQ_ABT_ERR, "EVTQ MSI write aborted"},
	{(uint32_t)GERROR_MSI_CMDQ_ABT_ERR, "CMDQ MSI write aborted"},
	{(uint32_t)GERROR_PRIQ_ABT_ERR, "PRIQ write aborted -- events may have been lost"},
	{(uint32_t)GERROR_EVENTQ_ABT_ERR, "EVTQ write aborted -- events may have been lost"},
	{(uint32_t)GERROR_CMDQ_ERR, "command queue stopped"},
};

static void handle(struct smmu_driver *driver, struct actor *self)
{
	uint32_t gerror = driver_reg_read(driver, self, SMMU_GERROR);
	uint32_t gerrorn = driver_reg_read(driver, self, SMMU_GERRORN);
	uint32_t active = gerror ^ gerrorn;

	if (!active)
		return;
	for (uint32_t i = 0; i < ARRAY_LEN(gerror_text); i++)
		if (active & gerror_text[i].bit)
			sim_log(&driver->env.part, LOG_WARNING, "global error 0x%08x: %s", active,
				gerror_text[i].text);
	if (active & GERROR_SFM_ERR)
		driver_reg_write_sync(driver, self, SMMU_CR0, SMMU_CR0ACK, 0);
	if (active & GERROR_CMDQ_ERR)
		cmdq_skip_error(driver, self);
	driver_reg_write(driver, self, SMMU_GERRORN, gerror);
}

void gerror_thread(struct actor *self, void *arg)
{
	struct smmu_driver *driver = arg;

	for (;;) {
		irq_thread_wait(self, &driver->gerror);
		handle(driver, self);
	}
}
