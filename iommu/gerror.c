/* SPDX-License-Identifier: Apache-2.0 */
/* Global errors: IHI 0070, 7.5. An error is active while GERROR and GERRORN differ in its bit. */
#include "iommu/smmu_internal.h"

bool smmu_gerror_active(const struct smmu *smmu, uint64_t error)
{
	return (smmu_reg(smmu, ROW_GERROR) ^ smmu_reg(smmu, ROW_GERRORN)) & error;
}

void smmu_gerror_raise(struct smmu *smmu, uint64_t error)
{
	if (smmu_gerror_active(smmu, error))
		return;
	smmu_reg_set(smmu, ROW_GERROR, smmu_reg(smmu, ROW_GERROR) ^ error);
	sim_log(&smmu->env.part, LOG_WARNING, "GERROR 0x%llx", (unsigned long long)error);
	if (error == GERROR_MSI_GERROR_ABT_ERR ||
	    !(smmu_reg(smmu, ROW_IRQ_CTRL) & IRQ_CTRL_GERROR_IRQEN))
		return;
	if (smmu->env.irq.raise)
		smmu->env.irq.raise(smmu->env.irq.ctx, SMMU_IRQ_GERROR);
	smmu_msi_signal(&smmu->gerror_msi, ROW_GERROR_IRQ_CFG0);
}
