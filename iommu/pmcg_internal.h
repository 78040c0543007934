/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_PMCG_INTERNAL_H
#define VFSIM_IOMMU_PMCG_INTERNAL_H

#include "base/port.h"
#include "base/regs.h"
#include "iommu/pmcg_format.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PMCG_COUNTERS 8u

struct smmu;

/* The counter group (pmcg.c). */
struct pmcg {
	struct smmu *smmu;
	struct regs regs;
	bool counting;         /* something that is no clock cycle */
	uint64_t clocks;       /* counters of cycles, a bit each */
	uint64_t since_ps;     /* cycles before are counted */
	struct event overflow; /* when the first of them wraps */
	struct bus_req msi;
	uint8_t msi_bytes[4];
	bool msi_busy, msi_again;
};

int smmu_pmcg_init(struct smmu *smmu);
void smmu_pmcg_fini(struct smmu *smmu);
/* `event` happened to a request of `stream`. */
void smmu_pmcg_event(struct pmcg *pmcg, enum pmcg_event event, uint32_t stream);

static inline void smmu_pmcg_count(struct pmcg *pmcg, enum pmcg_event event, uint32_t stream)
{
	if (pmcg->counting)
		smmu_pmcg_event(pmcg, event, stream);
}

#ifdef __cplusplus
}
#endif
#endif
