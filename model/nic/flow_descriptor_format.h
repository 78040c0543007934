/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_FLOW_DESCRIPTOR_FORMAT_H
#define VFSIM_MODEL_NIC_FLOW_DESCRIPTOR_FORMAT_H

/*
 * Programming the flow director by a Tx queue: a descriptor in front of a packet's data, {TXF0_*,
 * TXF1_*}, says what is to become of packets that answer it; and the Rx descriptor, RXP0_* and
 * RXP1_*, by which a failure is told. Sources: Linux i40e_type.h, i40e_txrx.c, libie/pctype.h.
 */

#include "base/bits.h"

#define TXD_DTYPE_FILTER 0x8
/* Of the data that follows: it is not to be sent. */
#define TXD1_CMD_DUMMY BIT(8)

#define TXF0_QINDEX    BITS(10, 0)  /* of the VF, with TXF_DEST_QUEUE */
#define TXF0_PCTYPE    BITS(22, 17) /* which headers the packet has: TXF_PCTYPE_* */
#define TXF0_DEST_VSI  BITS(31, 23) /* a VF has one: it says nothing */
#define TXF1_PCMD      BITS(6, 4)
#define TXF1_DEST      BITS(8, 7)
#define TXF1_FD_STATUS BITS(14, 13) /* what descriptors of packets that match tell */
#define TXF1_FD_ID     BITS(63, 32)

#define TXF_PCMD_ADD    1 /* or, where there is a rule of this pattern, change it */
#define TXF_PCMD_REMOVE 2

#define TXF_DEST_DROP  0
#define TXF_DEST_QUEUE 1
#define TXF_DEST_OTHER 2 /* as if there were no rule */

#define TXF_FD_STATUS_NONE  0
#define TXF_FD_STATUS_FD_ID 1

#define TXF_PCTYPE_IPV4_UDP   31
#define TXF_PCTYPE_IPV4_TCP   33
#define TXF_PCTYPE_IPV4_SCTP  34
#define TXF_PCTYPE_IPV4_OTHER 35
#define TXF_PCTYPE_IPV6_UDP   41
#define TXF_PCTYPE_IPV6_TCP   43
#define TXF_PCTYPE_IPV6_SCTP  44
#define TXF_PCTYPE_IPV6_OTHER 45

#define RXP0_FD_ID        BITS(63, 32)
#define RXP1_DD           BIT(0)
#define RXP1_PROGID       BITS(4, 2) /* RXP_PROGID_FILTER */
#define RXP1_TABLE_FULL   BIT(19)
#define RXP1_NO_ENTRY     BIT(20)
#define RXP1_IS_STATUS    BIT(63) /* where headers are never split off it means this */
#define RXP_PROGID_FILTER 1

#endif
