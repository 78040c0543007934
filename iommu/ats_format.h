/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_ATS_FORMAT_H
#define VFSIM_IOMMU_ATS_FORMAT_H

/*
 * What ATS and PRI have of their own, spelled as in Arm IHI 0070: commands to
 * devices (4.5), what F_BAD_ATS_TREQ says (7.3.6), entries of the page request
 * queue (chapter 8). Little-endian 64-bit words; NAMEn_FIELD is in word n.
 */

#include "base/bits.h"

/* CMD_ATC_INV, 4.5.1. */
#define ATC_INV0_GLOBAL  BIT(9)
#define ATC_INV1_SIZE    BITS(5, 0)
#define ATC_INV1_ADDRESS BITS(63, 12)
#define ATC_INV_SIZE_ALL 52u

/* CMD_PRI_RESP, 4.5.2. */
#define PRI_RESP1_GROUP  BITS(8, 0)
#define PRI_RESP1_RESP   BITS(13, 12)
#define PRI_RESP_FAILURE 0u
#define PRI_RESP_INVALID 1u
#define PRI_RESP_SUCCESS 2u

/* F_BAD_ATS_TREQ: the permissions asked for, and the number of STUs. */
#define EVENT1_ATS_P    BIT(28)
#define EVENT1_ATS_X    BIT(29)
#define EVENT1_ATS_W    BIT(30)
#define EVENT1_ATS_R    BIT(31)
#define EVENT2_ATS_SPAN BITS(7, 0)

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

#endif
