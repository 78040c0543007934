/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_TTD_FORMAT_H
#define VFSIM_IOMMU_TTD_FORMAT_H

/*
 * Descriptors of VMSAv8-64 translation tables (Arm DDI 0487, D8.3): little-endian
 * 64-bit words, stage 1 unless told.
 */

#include "base/bits.h"

#define TTD_VALID      BIT(0)
#define TTD_TABLE      BIT(1) /* levels 0-2: table, not block */
#define TTD_PAGE       BIT(1) /* level 3: must be set */
#define TTD_ATTRINDX   BITS(4, 2)
#define TTD_NS         BIT(5)
#define TTD_AP1        BIT(6) /* AP[1]: unprivileged access too */
#define TTD_AP2        BIT(7) /* AP[2]: read only; with DBM: clean */
#define TTD_SH         BITS(9, 8)
#define TTD_AF         BIT(10)
#define TTD_NG         BIT(11)
#define TTD_ADDR       BITS(47, 12) /* next table, or a page's output address */
#define TTD_ADDR_2M    BITS(47, 21)
#define TTD_ADDR_1G    BITS(47, 30)
#define TTD_S2AP_READ  BIT(6) /* stage 2: S2AP[0] */
#define TTD_S2AP_WRITE BIT(7) /* S2AP[1]; with DBM: dirty */
#define TTD_S2_MEMATTR BITS(5, 2)
#define TTD_S2_XN      BITS(54, 53)
#define TTD_ADDR_HIGH  BITS(15, 12) /* 64 KiB granule: address bits 51 to 48 */
#define TTD_DBM        BIT(51)
#define TTD_CONTIGUOUS BIT(52)
#define TTD_PXN        BIT(53)
#define TTD_UXN        BIT(54)
#define TTD_SOFTWARE   BITS(58, 55)
#define TTD_PXNTABLE   BIT(59)
#define TTD_UXNTABLE   BIT(60)
#define TTD_APTABLE    BITS(62, 61) /* [0]: no unprivileged access, [1]: read only */

#endif
