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

enum pmcg_row {
	PMCG_ROW_EVCNTR,
	PMCG_ROW_EVTYPER,
	PMCG_ROW_SVR,
	PMCG_ROW_SMR,
	PMCG_ROW_CNTENSET,
	PMCG_ROW_CNTENCLR,
	PMCG_ROW_INTENSET,
	PMCG_ROW_INTENCLR,
	PMCG_ROW_OVSCLR,
	PMCG_ROW_OVSSET,
	PMCG_ROW_CAPR,
	PMCG_ROW_CFGR,
	PMCG_ROW_CR,
	PMCG_ROW_IIDR,
	PMCG_ROW_CEID0,
	PMCG_ROW_CEID1,
	PMCG_ROW_IRQ_CTRL,
	PMCG_ROW_IRQ_CTRLACK,
	PMCG_ROW_IRQ_CFG0,
	PMCG_ROW_IRQ_CFG1,
	PMCG_ROW_IRQ_CFG2,
	PMCG_ROW_IRQ_STATUS,
	PMCG_ROW_AIDR,
	PMCG_ROW_DEVARCH,
	PMCG_ROW_DEVTYPE,
	PMCG_ROW_ID_REGS,
	PMCG_ROW_COUNT,
};

/* The counter group (pmcg.c). */
struct pmcg {
	struct smmu *smmu;
	struct reg_row row[PMCG_ROW_COUNT];
	struct reg_table table; /* of those rows: counters are as wide as cfg says */
	struct regs regs;
	uint64_t highest;      /* value of a counter */
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
