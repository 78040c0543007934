/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_PAGE_REQUEST_FORMAT_H
#define VFSIM_IOMMU_PAGE_REQUEST_FORMAT_H

/*
 * Entries of the page request queue (Arm IHI 0070, chapter 8), and the command that
 * answers them, spelled as there: two little-endian 64-bit words; NAMEn_FIELD is in
 * word n.
 */

#include "base/bits.h"

#define PRI_BYTES        16u
#define PRI_WORDS        2u
#define PRI0_STREAMID    BITS(31, 0)
#define PRI0_SUBSTREAMID BITS(51, 32)
#define PRI0_PRIV        BIT(58)
#define PRI0_EXECUTE     BIT(59)
#define PRI0_READ        BIT(60)
#define PRI0_WRITE       BIT(61)
#define PRI0_LAST        BIT(62)
#define PRI0_SSV         BIT(63)
#define PRI1_GROUP       BITS(8, 0)
#define PRI1_ADDRESS     BITS(63, 12)

/* CMD_PRI_RESP, 4.5.2. */
#define PRI_RESP1_GROUP  BITS(8, 0)
#define PRI_RESP1_RESP   BITS(13, 12)
#define PRI_RESP_FAILURE 0u
#define PRI_RESP_INVALID 1u
#define PRI_RESP_SUCCESS 2u

#endif
