/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_SMMU_FORMAT_H
#define VFSIM_IOMMU_SMMU_FORMAT_H

/*
 * SMMUv3 structures in memory, spelled as in Arm IHI 0070: stream table and
 * context descriptors (chapter 5), commands (chapter 4) and event records
 * (chapter 7). Translation tables are in ttd_format.h, what ATS and page requests
 * have of their own in ats_format.h.
 * All are arrays of little-endian 64-bit words; NAMEn_FIELD is in word n.
 */

#include "iommu/ats_format.h"
#include "iommu/smmu_registers_format.h"
#include "iommu/ttd_format.h"

/* Level-1 stream table descriptor, 5.1. */
#define L1STD_BYTES 8u
#define L1STD_SPAN  BITS(4, 0)
#define L1STD_L2PTR BITS(55, 6)

/* Stream table entry, 5.2. */
#define STE_BYTES            64u
#define STE_WORDS            8u
#define STE0_V               BIT(0)
#define STE0_CONFIG          BITS(3, 1)
#define STE0_CONFIG_ABORT    0u
#define STE0_CONFIG_BYPASS   4u
#define STE0_CONFIG_S1       5u
#define STE0_CONFIG_S2       6u
#define STE0_CONFIG_S1_S2    7u
#define STE0_S1FMT           BITS(5, 4)
#define STE0_S1FMT_LINEAR    0u
#define STE0_S1FMT_4K_L2     1u
#define STE0_S1FMT_64K_L2    2u
#define STE0_S1CONTEXTPTR    BITS(55, 6)
#define STE0_S1CDMAX         BITS(63, 59)
#define STE1_S1DSS           BITS(1, 0)
#define STE1_S1DSS_TERMINATE 0u
#define STE1_S1DSS_BYPASS    1u
#define STE1_S1DSS_SSID0     2u
#define STE1_S1CIR           BITS(3, 2)
#define STE1_S1COR           BITS(5, 4)
#define STE1_S1CSH           BITS(7, 6)
#define STE1_CONT            BITS(16, 13)
#define STE1_DCP             BIT(17)
#define STE1_PPAR            BIT(18)
#define STE1_MEV             BIT(19)
#define STE1_S2FWB           BIT(25)
#define STE1_S1STALLD        BIT(27)
#define STE1_EATS            BITS(29, 28)
#define STE1_EATS_UR         0u
#define STE1_EATS_FULL       1u
#define STE1_EATS_SPLIT      2u
#define STE1_STRW            BITS(31, 30)
#define STE1_STRW_NSEL1      0u
#define STE1_STRW_EL2        2u
#define STE1_MEMATTR         BITS(35, 32)
#define STE1_MTCFG           BIT(36)
#define STE1_ALLOCCFG        BITS(40, 37)
#define STE1_SHCFG           BITS(45, 44)
#define STE1_SHCFG_INCOMING  1u
#define STE1_NSCFG           BITS(47, 46)
#define STE1_PRIVCFG         BITS(49, 48)
#define STE1_INSTCFG         BITS(51, 50)
#define STE_CFG_INCOMING     0u /* PRIVCFG and INSTCFG: as the transaction says */
#define STE1_PRIVCFG_UNPRIV  2u
#define STE1_PRIVCFG_PRIV    3u
#define STE1_INSTCFG_DATA    2u
#define STE1_INSTCFG_INSTR   3u
#define STE2_S2VMID          BITS(15, 0)
#define STE2_S2T0SZ          BITS(37, 32)
#define STE2_S2SL0           BITS(39, 38)
#define STE2_S2IR0           BITS(41, 40)
#define STE2_S2OR0           BITS(43, 42)
#define STE2_S2SH0           BITS(45, 44)
#define STE2_S2TG            BITS(47, 46) /* encoded as CD0_TG0 */
#define STE2_S2PS            BITS(50, 48) /* encoded as IDR5.OAS */
#define STE2_S2AA64          BIT(51)
#define STE2_S2ENDI          BIT(52)
#define STE2_S2AFFD          BIT(53)
#define STE2_S2PTW           BIT(54)
#define STE2_S2HD            BIT(55)
#define STE2_S2HA            BIT(56)
#define STE2_S2S             BIT(57)
#define STE2_S2R             BIT(58)
#define STE2_S2HAFT          BIT(59)
#define STE3_S2TTB           BITS(51, 4)

/* Level-1 context descriptor, 5.3. */
#define L1CD_BYTES 8u
#define L1CD_V     BIT(0)
#define L1CD_L2PTR BITS(55, 12)

/* Context descriptor, 5.4. */
#define CD_BYTES    64u
#define CD_WORDS    8u
#define CD0_T0SZ    BITS(5, 0)
#define CD0_TG0     BITS(7, 6)
#define CD0_TG0_4K  0u
#define CD0_TG0_64K 1u
#define CD0_TG0_16K 2u
#define CD0_IR0     BITS(9, 8)
#define CD0_OR0     BITS(11, 10)
#define CD0_SH0     BITS(13, 12)
#define CD0_EPD0    BIT(14)
#define CD0_ENDI    BIT(15)
#define CD0_T1SZ    BITS(21, 16)
#define CD0_TG1     BITS(23, 22)
#define CD0_TG1_16K 1u
#define CD0_TG1_4K  2u
#define CD0_TG1_64K 3u
#define CD0_IR1     BITS(25, 24)
#define CD0_OR1     BITS(27, 26)
#define CD0_SH1     BITS(29, 28)
#define CD0_EPD1    BIT(30)
#define CD0_V       BIT(31)
#define CD0_IPS     BITS(34, 32) /* encoded as IDR5.OAS */
#define CD0_AFFD    BIT(35)
#define CD0_WXN     BIT(36)
#define CD0_UWXN    BIT(37)
#define CD0_TBI0    BIT(38)
#define CD0_TBI1    BIT(39)
#define CD0_PAN     BIT(40)
#define CD0_AA64    BIT(41)
#define CD0_HD      BIT(42)
#define CD0_HA      BIT(43)
#define CD0_S       BIT(44)
#define CD0_R       BIT(45)
#define CD0_A       BIT(46)
#define CD0_ASET    BIT(47)
#define CD0_ASID    BITS(63, 48)
#define CD1_HAD0    BIT(1)
#define CD1_E0PD0   BIT(2)
#define CD1_HAFT    BIT(3)
#define CD1_TTB0    BITS(51, 4)
#define CD1_EPAN    BIT(59)
#define CD2_HAD1    BIT(1)
#define CD2_E0PD1   BIT(2)
#define CD2_TTB1    BITS(51, 4)
#define CD3_MAIR    BITS(63, 0)

/* Commands, 16 bytes, chapter 4. */
#define CMD_BYTES 16u
#define CMD_WORDS 2u
enum cmd_opcode {
	CMD_PREFETCH_CONFIG = 0x01,
	CMD_PREFETCH_ADDR = 0x02,
	CMD_CFGI_STE = 0x03,
	CMD_CFGI_STE_RANGE = 0x04, /* Range 31 is CMD_CFGI_ALL */
	CMD_CFGI_CD = 0x05,
	CMD_CFGI_CD_ALL = 0x06,
	CMD_TLBI_NH_ALL = 0x10,
	CMD_TLBI_NH_ASID = 0x11,
	CMD_TLBI_NH_VA = 0x12,
	CMD_TLBI_NH_VAA = 0x13,
	CMD_TLBI_EL2_ALL = 0x20,
	CMD_TLBI_EL2_ASID = 0x21,
	CMD_TLBI_EL2_VA = 0x22,
	CMD_TLBI_EL2_VAA = 0x23,
	CMD_TLBI_S12_VMALL = 0x28,
	CMD_TLBI_S2_IPA = 0x2a,
	CMD_TLBI_NSNH_ALL = 0x30,
	CMD_ATC_INV = 0x40,
	CMD_PRI_RESP = 0x41,
	CMD_RESUME = 0x44,
	CMD_STALL_TERM = 0x45,
	CMD_SYNC = 0x46,
};
#define CMD0_OPCODE      BITS(7, 0)
#define CMD0_SSEC        BIT(10)
#define CMD0_SSV         BIT(11)
#define CMD0_SUBSTREAMID BITS(31, 12)
#define CMD0_STREAMID    BITS(63, 32)
#define CFGI1_LEAF       BIT(0)
#define CFGI1_RANGE      BITS(4, 0)
#define CFGI1_RANGE_ALL  31u
#define TLBI0_VMID       BITS(47, 32)
#define TLBI0_ASID       BITS(63, 48)
#define TLBI0_NUM        BITS(16, 12)
#define TLBI0_SCALE      BITS(24, 20)
#define TLBI1_LEAF       BIT(0)
#define TLBI1_TTL        BITS(9, 8)
#define TLBI1_TG         BITS(11, 10)
#define TLBI1_ADDRESS    BITS(63, 12)
#define TLBI1_IPA        BITS(55, 12)
#define RESUME0_AC       BIT(12) /* retry; else terminate */
#define RESUME0_AB       BIT(13) /* terminate with an abort; else RAZ/WI */
#define RESUME1_STAG     BITS(15, 0)
#define SYNC0_CS         BITS(13, 12)
#define SYNC0_CS_NONE    0u
#define SYNC0_CS_IRQ     1u
#define SYNC0_CS_SEV     2u
#define SYNC0_MSH        BITS(23, 22)
#define SYNC0_MSIATTR    BITS(27, 24)
#define SYNC0_MSIDATA    BITS(63, 32)
#define SYNC1_MSIADDRESS BITS(55, 2)

/* CMDQ_CONS.ERR, 7.1. */
#define CERROR_NONE         0u
#define CERROR_ILL          1u
#define CERROR_ABT          2u
#define CERROR_ATC_INV_SYNC 3u

/* Event records, 32 bytes, 7.3. */
#define EVENT_BYTES 32u
#define EVENT_WORDS 4u
enum event_number {
	F_UUT = 0x01,
	C_BAD_STREAMID = 0x02,
	F_STE_FETCH = 0x03,
	C_BAD_STE = 0x04,
	F_BAD_ATS_TREQ = 0x05,
	F_STREAM_DISABLED = 0x06,
	F_TRANSL_FORBIDDEN = 0x07,
	C_BAD_SUBSTREAMID = 0x08,
	F_CD_FETCH = 0x09,
	C_BAD_CD = 0x0a,
	F_WALK_EABT = 0x0b,
	F_TRANSLATION = 0x10,
	F_ADDR_SIZE = 0x11,
	F_ACCESS = 0x12,
	F_PERMISSION = 0x13,
	F_TLB_CONFLICT = 0x20,
	F_CFG_CONFLICT = 0x21,
	E_PAGE_REQUEST = 0x24,
	F_VMS_FETCH = 0x25,
};
#define EVENT0_NUMBER      BITS(7, 0)
#define EVENT0_SSV         BIT(11)
#define EVENT0_SUBSTREAMID BITS(31, 12)
#define EVENT0_STREAMID    BITS(63, 32)
#define EVENT1_STAG        BITS(15, 0)
#define EVENT1_REASON      BITS(15, 0)
#define EVENT1_UUT_REASON  BITS(31, 16)
#define EVENT1_STALL       BIT(31)
#define EVENT1_PNU         BIT(33)
#define EVENT1_IND         BIT(34)
#define EVENT1_RNW         BIT(35)
#define EVENT1_S2          BIT(39)
#define EVENT1_CLASS       BITS(41, 40)
#define EVENT1_CLASS_CD    0u
#define EVENT1_CLASS_TT    1u
#define EVENT1_CLASS_IN    2u
#define EVENT1_TTRNW       BIT(44) /* F_PERMISSION, CLASS TT: of the descriptor's access */
#define EVENT2_INPUTADDR   BITS(63, 0)
#define EVENT3_IPA         BITS(55, 12)
#define EVENT3_FETCHADDR   BITS(55, 3)

#endif
