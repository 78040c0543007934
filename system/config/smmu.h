/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_SMMU_H
#define VFSIM_SYSTEM_CONFIG_SMMU_H

#include "iommu/smmu.h"
#include "system/config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The SMMU that a machine has; it may have a fault (smmu_cfg_fault). */
struct smmu_cfg config_smmu(const struct machine_cfg *machine);

#ifdef __cplusplus
}
#endif
#endif
