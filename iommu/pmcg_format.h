/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_PMCG_FORMAT_H
#define VFSIM_IOMMU_PMCG_FORMAT_H

/*
 * A performance monitor counter group's page, spelled as in Arm IHI 0070, 10.3
 * and 10.5, none of its registers relocated to a page 1.
 */

#include "base/bits.h"

#define SMMU_PMCG_BYTES 0x1000u

#define PMCG_EVCNTR          0x000u /* 8 bytes each; 4, if counters have 32 bits */
#define PMCG_EVTYPER         0x400u /* 4 bytes each */
#define EVTYPER_EVENT        BITS(15, 0)
#define EVTYPER_FILTER_SPAN  BIT(29)
#define EVTYPER_OVFCAP       BIT(31)
#define PMCG_SVR             0x600u /* as PMCG_EVCNTR */
#define PMCG_SMR             0xa00u /* 4 bytes each */
#define PMCG_CNTENSET        0xc00u
#define PMCG_CNTENCLR        0xc20u
#define PMCG_INTENSET        0xc40u
#define PMCG_INTENCLR        0xc60u
#define PMCG_OVSCLR          0xc80u
#define PMCG_OVSSET          0xcc0u
#define PMCG_CAPR            0xd88u
#define CAPR_CAPTURE         BIT(0)
#define PMCG_CFGR            0xe00u
#define CFGR_NCTR            BITS(5, 0)
#define CFGR_SIZE            BITS(13, 8)
#define CFGR_RELOC_CTRS      BIT(20)
#define CFGR_MSI             BIT(21)
#define CFGR_CAPTURE         BIT(22)
#define CFGR_SID_FILTER_TYPE BIT(23)
#define PMCG_CR              0xe04u
#define PMCG_CR_E            BIT(0)
#define PMCG_IIDR            0xe08u
#define PMCG_CEID0           0xe20u
#define PMCG_CEID1           0xe28u
#define PMCG_IRQ_CTRL        0xe50u
#define PMCG_IRQ_CTRLACK     0xe54u
#define PMCG_IRQEN           BIT(0)
#define PMCG_IRQ_CFG0        0xe58u
#define PMCG_IRQ_CFG0_ADDR   BITS(55, 2)
#define PMCG_IRQ_CFG1        0xe60u
#define PMCG_IRQ_CFG2        0xe64u
#define PMCG_IRQ_STATUS      0xe68u
#define PMCG_IRQ_ABT         BIT(0)
#define PMCG_AIDR            0xe70u
#define PMCG_DEVARCH         0xfbcu
#define DEVARCH_ARCHID       BITS(15, 0)
#define DEVARCH_ARCHID_PMCG  0x2a56u
#define DEVARCH_PRESENT      BIT(20)
#define DEVARCH_ARCHITECT    BITS(31, 21)
#define DEVARCH_ARM          0x23bu
#define PMCG_DEVTYPE         0xfccu
#define DEVTYPE_PMCG         0x56u  /* a performance monitor, of an SMMU */
#define PMCG_ID_REGS         0xfd0u /* as SMMU_ID_REGS, but for the class */
#define PMCG_ID_REG_CIDR1    9u
#define CIDR1_CORESIGHT      0x90u

/* 10.3 */
enum pmcg_event {
	PMCG_CYCLES,
	PMCG_TRANSACTION,
	PMCG_TLB_MISS,
	PMCG_CONFIG_MISS,
	PMCG_WALK_ACCESS,
	PMCG_CONFIG_ACCESS,
	PMCG_ATS_REQUEST,
	PMCG_ATS_PASSED,
};

#endif
