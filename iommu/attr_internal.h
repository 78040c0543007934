/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_ATTR_INTERNAL_H
#define VFSIM_IOMMU_ATTR_INTERNAL_H

/*
 * Memory attributes: what an access comes with, what STE or GBPA replace, what
 * each stage makes of it (Arm IHI 0070, chapter 13), and the SMMU's own accesses.
 */

#include "base/bits.h"
#include "base/memattr.h"
#include "base/port.h"

#ifdef __cplusplus
extern "C" {
#endif

struct smmu;
struct transaction;
struct ste_config;

/* ALLOCCFG, of STEs and of GBPA. */
#define ALLOCCFG_GIVEN     BIT(3) /* else as the access says */
#define ALLOCCFG_READ      BIT(2)
#define ALLOCCFG_WRITE     BIT(1)
#define ALLOCCFG_TRANSIENT BIT(0)

/* MTCFG, MemAttr, ALLOCCFG and SHCFG of an STE or of GBPA. */
struct attr_override {
	bool type_given;
	uint8_t type; /* in force with type_given */
	uint8_t alloc;
	uint8_t sh;
};

/* `memattr` is a MemAttr field as stage 2 descriptors have it, 5.2; so in the two below. */
struct attr_override smmu_attr_override(bool mtcfg, uint64_t memattr, uint64_t alloccfg,
					uint64_t shcfg);
/* What GBPA says; nothing is replaced where IDR1 does not offer it. */
struct attr_override smmu_attr_gbpa(const struct smmu *smmu);
/* Of an MSI. */
struct mem_attr smmu_attr_msi(uint64_t memattr, uint64_t sh);
/* Of tables and contexts, by fields with the codes of CD.IR0, OR0 and SH0, or of STE.S1CIR... */
struct mem_attr smmu_attr_walk(uint64_t inner, uint64_t outer, uint64_t sh);
struct mem_attr smmu_attr_context(uint64_t inner, uint64_t outer, uint64_t sh);
/* Of the stream table and of the queues, by CR1 and the hint beside their base. */
struct mem_attr smmu_attr_strtab(const struct smmu *smmu);
struct mem_attr smmu_attr_queue_read(const struct smmu *smmu, uint64_t base);
struct mem_attr smmu_attr_queue_write(const struct smmu *smmu, uint64_t base);

/* An attribute of CD.MAIR without contradictions, 13.1.7. */
uint8_t smmu_attr_mair(uint8_t attribute);
/* Does a leaf of stage 2 make Normal memory Device? */
bool smmu_attr_is_device(const struct ste_config *ste, uint64_t ttd);
/* Of a read or write of the SMMU's own at an IPA: what stage 2's leaf makes of `own`. */
struct mem_attr smmu_attr_behind_stage2(const struct ste_config *ste, uint64_t ttd,
					struct mem_attr own);
/* What a translated or bypassing access leaves with. */
struct mem_attr smmu_attr_output(const struct transaction *txn);

#ifdef __cplusplus
}
#endif
#endif
