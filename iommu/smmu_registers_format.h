/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_SMMU_REGISTERS_FORMAT_H
#define VFSIM_IOMMU_SMMU_REGISTERS_FORMAT_H

/*
 * SMMUv3 registers, non-secure: offsets from page 0, and fields, spelled as in
 * Arm IHI 0070, section 6.3. Shared by the model and by software.
 */

#include "base/bits.h"

#define SMMU_IDR0              0x00u
#define IDR0_S2P               BIT(0)
#define IDR0_S1P               BIT(1)
#define IDR0_TTF               BITS(3, 2)
#define IDR0_TTF_AARCH32       1u
#define IDR0_TTF_AARCH64       2u
#define IDR0_COHACC            BIT(4)
#define IDR0_BTM               BIT(5)
#define IDR0_HTTU              BITS(7, 6)
#define IDR0_HTTU_NONE         0u
#define IDR0_HTTU_ACCESS       1u
#define IDR0_HTTU_ACCESS_DIRTY 2u
#define IDR0_HTTU_TABLES       3u /* access flag in table descriptors too */
#define IDR0_DORMHINT          BIT(8)
#define IDR0_HYP               BIT(9)
#define IDR0_ATS               BIT(10)
#define IDR0_NS1ATS            BIT(11)
#define IDR0_ASID16            BIT(12)
#define IDR0_MSI               BIT(13)
#define IDR0_SEV               BIT(14)
#define IDR0_ATOS              BIT(15)
#define IDR0_PRI               BIT(16)
#define IDR0_VMW               BIT(17)
#define IDR0_VMID16            BIT(18)
#define IDR0_CD2L              BIT(19)
#define IDR0_VATOS             BIT(20)
#define IDR0_TTENDIAN          BITS(22, 21)
#define IDR0_TTENDIAN_MIXED    0u
#define IDR0_TTENDIAN_LE       2u
#define IDR0_TTENDIAN_BE       3u
#define IDR0_ATSRECERR         BIT(23)
#define IDR0_STALL_MODEL       BITS(25, 24)
#define IDR0_STALL_MODEL_BOTH  0u
#define IDR0_STALL_MODEL_NONE  1u
#define IDR0_STALL_MODEL_FORCE 2u
#define IDR0_TERM_MODEL        BIT(26)
#define IDR0_ST_LEVEL          BITS(28, 27)
#define IDR0_ST_LEVEL_LINEAR   0u
#define IDR0_ST_LEVEL_2LVL     1u

#define SMMU_IDR1           0x04u
#define IDR1_SIDSIZE        BITS(5, 0)
#define IDR1_SSIDSIZE       BITS(10, 6)
#define IDR1_PRIQS          BITS(15, 11)
#define IDR1_EVENTQS        BITS(20, 16)
#define IDR1_CMDQS          BITS(25, 21)
#define IDR1_ATTR_PERMS_OVR BIT(26)
#define IDR1_ATTR_TYPES_OVR BIT(27)
#define IDR1_REL            BIT(28)
#define IDR1_QUEUES_PRESET  BIT(29)
#define IDR1_TABLES_PRESET  BIT(30)

#define SMMU_IDR2    0x08u
#define SMMU_IDR3    0x0cu
#define IDR3_HAD     BIT(2)
#define IDR3_PBHA    BIT(3)
#define IDR3_XNX     BIT(4)
#define IDR3_PPS     BIT(5)
#define IDR3_MPAM    BIT(7)
#define IDR3_FWB     BIT(8)
#define IDR3_STT     BIT(9)
#define IDR3_RIL     BIT(10)
#define IDR3_BBML    BITS(12, 11)
#define IDR3_E0PD    BIT(13)
#define IDR3_PTWNNC  BIT(14)
#define IDR3_EPAN    BIT(17)
#define IDR3_MTEPERM BIT(22)
#define SMMU_IDR4    0x10u

#define SMMU_IDR5      0x14u
#define IDR5_OAS       BITS(2, 0)
#define IDR5_OAS_32    0u
#define IDR5_OAS_36    1u
#define IDR5_OAS_40    2u
#define IDR5_OAS_42    3u
#define IDR5_OAS_44    4u
#define IDR5_OAS_48    5u
#define IDR5_OAS_52    6u
#define IDR5_GRAN4K    BIT(4)
#define IDR5_GRAN16K   BIT(5)
#define IDR5_GRAN64K   BIT(6)
#define IDR5_VAX       BITS(11, 10)
#define IDR5_STALL_MAX BITS(31, 16)

#define SMMU_IIDR        0x18u
#define IIDR_IMPLEMENTER BITS(11, 0)
#define IIDR_REVISION    BITS(15, 12)
#define IIDR_VARIANT     BITS(19, 16)
#define IIDR_PRODUCTID   BITS(31, 20)

#define SMMU_AIDR         0x1cu
#define AIDR_ARCHMINORREV BITS(3, 0)
#define AIDR_ARCHMAJORREV BITS(7, 4)

#define SMMU_CR0     0x20u
#define SMMU_CR0ACK  0x24u
#define CR0_SMMUEN   BIT(0)
#define CR0_PRIQEN   BIT(1)
#define CR0_EVENTQEN BIT(2)
#define CR0_CMDQEN   BIT(3)
#define CR0_ATSCHK   BIT(4)
#define CR0_VMW      BITS(8, 6)

#define SMMU_CR1     0x28u
#define CR1_QUEUE_IC BITS(1, 0)
#define CR1_QUEUE_OC BITS(3, 2)
#define CR1_QUEUE_SH BITS(5, 4)
#define CR1_TABLE_IC BITS(7, 6)
#define CR1_TABLE_OC BITS(9, 8)
#define CR1_TABLE_SH BITS(11, 10)

#define SMMU_CR2        0x2cu
#define CR2_E2H         BIT(0)
#define CR2_RECINVSID   BIT(1)
#define CR2_PTM         BIT(2)
#define CR2_REC_CFG_ATS BIT(3)

#define SMMU_STATUSR    0x40u
#define STATUSR_DORMANT BIT(0)

#define SMMU_GBPA     0x44u
#define GBPA_MEMATTR  BITS(3, 0)
#define GBPA_MTCFG    BIT(4)
#define GBPA_ALLOCCFG BITS(11, 8)
#define GBPA_SHCFG    BITS(13, 12)
#define GBPA_PRIVCFG  BITS(17, 16)
#define GBPA_INSTCFG  BITS(19, 18)
#define GBPA_ABORT    BIT(20)
#define GBPA_UPDATE   BIT(31)

#define SMMU_AGBPA 0x48u

#define SMMU_IRQ_CTRL         0x50u
#define SMMU_IRQ_CTRLACK      0x54u
#define IRQ_CTRL_GERROR_IRQEN BIT(0)
#define IRQ_CTRL_PRIQ_IRQEN   BIT(1)
#define IRQ_CTRL_EVENTQ_IRQEN BIT(2)

#define SMMU_GERROR               0x60u
#define SMMU_GERRORN              0x64u
#define GERROR_CMDQ_ERR           BIT(0)
#define GERROR_EVENTQ_ABT_ERR     BIT(2)
#define GERROR_PRIQ_ABT_ERR       BIT(3)
#define GERROR_MSI_CMDQ_ABT_ERR   BIT(4)
#define GERROR_MSI_EVENTQ_ABT_ERR BIT(5)
#define GERROR_MSI_PRIQ_ABT_ERR   BIT(6)
#define GERROR_MSI_GERROR_ABT_ERR BIT(7)
#define GERROR_SFM_ERR            BIT(8)

/* IRQ_CFG0 of GERROR, EVENTQ and PRIQ: address; CFG1: data; CFG2: attributes. */
#define SMMU_GERROR_IRQ_CFG0 0x68u
#define SMMU_GERROR_IRQ_CFG1 0x70u
#define SMMU_GERROR_IRQ_CFG2 0x74u
#define IRQ_CFG0_ADDR        BITS(55, 2)
#define IRQ_CFG2_MEMATTR     BITS(3, 0)
#define IRQ_CFG2_SH          BITS(5, 4)

#define SMMU_STRTAB_BASE           0x80u
#define STRTAB_BASE_ADDR           BITS(51, 6)
#define STRTAB_BASE_RA             BIT(62)
#define SMMU_STRTAB_BASE_CFG       0x88u
#define STRTAB_BASE_CFG_LOG2SIZE   BITS(5, 0)
#define STRTAB_BASE_CFG_SPLIT      BITS(10, 6)
#define STRTAB_BASE_CFG_FMT        BITS(17, 16)
#define STRTAB_BASE_CFG_FMT_LINEAR 0u
#define STRTAB_BASE_CFG_FMT_2LVL   1u

/* CMDQ_BASE, EVENTQ_BASE and PRIQ_BASE share one layout. */
#define SMMU_CMDQ_BASE  0x90u
#define SMMU_CMDQ_PROD  0x98u
#define SMMU_CMDQ_CONS  0x9cu
#define Q_BASE_LOG2SIZE BITS(4, 0)
#define Q_BASE_ADDR     BITS(51, 5)
#define Q_BASE_RA       BIT(62) /* CMDQ: read allocate */
#define Q_BASE_WA       BIT(62) /* EVENTQ: write allocate */
#define CMDQ_CONS_RD    BITS(19, 0)
#define CMDQ_CONS_ERR   BITS(30, 24)
#define CMDQ_PROD_WR    BITS(19, 0)

#define SMMU_EVENTQ_BASE     0xa0u
#define SMMU_EVENTQ_IRQ_CFG0 0xb0u
#define SMMU_EVENTQ_IRQ_CFG1 0xb8u
#define SMMU_EVENTQ_IRQ_CFG2 0xbcu
#define SMMU_PAGE1           0x10000u
#define SMMU_EVENTQ_PROD     (SMMU_PAGE1 + 0xa8u)
#define SMMU_EVENTQ_CONS     (SMMU_PAGE1 + 0xacu)
#define EVENTQ_PROD_WR       BITS(19, 0)
#define EVENTQ_PROD_OVFLG    BIT(31)
#define EVENTQ_CONS_RD       BITS(19, 0)
#define EVENTQ_CONS_OVACKFLG BIT(31)

#define SMMU_PRIQ_BASE     0xc0u
#define SMMU_PRIQ_PROD     (SMMU_PAGE1 + 0xc8u)
#define SMMU_PRIQ_CONS     (SMMU_PAGE1 + 0xccu)
#define SMMU_PRIQ_IRQ_CFG0 0xd0u
#define SMMU_PRIQ_IRQ_CFG1 0xd8u
#define SMMU_PRIQ_IRQ_CFG2 0xdcu
#define PRIQ_IRQ_CFG2_LO   BIT(31) /* only for the last message of a group */
#define PRIQ_PROD_WR       BITS(19, 0)
#define PRIQ_PROD_OVFLG    BIT(31)
#define PRIQ_CONS_RD       BITS(19, 0)
#define PRIQ_CONS_OVACKFLG BIT(31)

/* Of features that are not built: reserved. */
#define SMMU_GATOS_CTRL 0x100u
#define SMMU_GATOS_SID  0x108u
#define SMMU_GATOS_ADDR 0x110u
#define SMMU_GATOS_PAR  0x118u
#define SMMU_MPAMIDR    0x130u
#define SMMU_GMPAM      0x138u
#define SMMU_GBPMPAM    0x13cu
#define SMMU_VATOS_SEL  0x180u
#define SMMU_IDR6       0x190u

/* PIDR4 to PIDR7, PIDR0 to PIDR3, CIDR0 to CIDR3. */
#define SMMU_ID_REGS      0xfd0u
#define SMMU_ID_REG_COUNT 12u

#endif
