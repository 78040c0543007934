/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_AVF_FORMAT_H
#define VFSIM_MODEL_NIC_AVF_FORMAT_H

/*
 * Layouts that the NIC shares with software: registers in BAR0 of a VF and of
 * the PF, descriptors of the Tx, Rx and admin queues. All are little-endian.
 *
 * Sources: Intel Ethernet Adaptive Virtual Function specification (registers
 * of the VF, descriptors); Intel X710/XL710 datasheet (PF admin queue).
 */

#include "base/bits.h"
#include "model/nic/mdd_format.h"

/*
 * VF registers, BAR0. 32 bits each.
 */
#define VF_BAR0_SIZE       0x10000u
#define QTX_TAIL1(q)       (0x0000u + 4 * (q)) /* doorbell: next descriptor that software will fill */
#define QRX_TAIL1(q)       (0x2000u + 4 * (q))
#define VFINT_ITRN1(i, n)  (0x2800u + 64 * (i) + 4 * (n)) /* vector 1 + n, in 2 us */
#define VFINT_DYN_CTLN1(n) (0x3800u + 4 * (n))            /* vector 1 + n */
#define VFINT_ICR01        0x4800u                        /* causes of vector 0; reading clears */
#define VFINT_ITR01(i)     (0x4c00u + 4 * (i))
#define VFINT_ICR0_ENA1    0x5000u
#define VFINT_DYN_CTL01    0x5c00u
#define VF_ARQBAH1         0x6000u
#define VF_ATQH1           0x6400u
#define VF_ATQLEN1         0x6800u
#define VF_ARQBAL1         0x6c00u
#define VF_ARQT1           0x7000u
#define VF_ARQH1           0x7400u
#define VF_ATQBAH1         0x7800u
#define VF_ATQBAL1         0x7c00u
#define VF_ARQLEN1         0x8000u
#define VF_ATQT1           0x8400u
#define VFGEN_RSTAT        0x8800u
#define VFQF_HENA(i)       (0xc400u + 4 * (i)) /* 2 */
#define VFQF_HKEY(i)       (0xcc00u + 4 * (i)) /* 13 */
#define VFQF_HLUT(i)       (0xd000u + 4 * (i)) /* 16 */

/* VFGEN_RSTAT.VFR_STATE */
#define VFGEN_RSTAT_VFR_STATE BITS(1, 0)
#define VFR_INPROGRESS        0
#define VFR_COMPLETED         1
#define VFR_VFACTIVE          2

/* xxINT_DYN_CTLx: one interrupt vector */
#define DYN_CTL_INTENA          BIT(0) /* cleared by the hardware when it fires */
#define DYN_CTL_CLEARPBA        BIT(1)
#define DYN_CTL_SWINT_TRIG      BIT(2)
#define DYN_CTL_ITR_INDX        BITS(4, 3) /* 3: leave the interval alone */
#define DYN_CTL_INTERVAL        BITS(16, 5)
#define DYN_CTL_SW_ITR_INDX_ENA BIT(24)
#define DYN_CTL_SW_ITR_INDX     BITS(26, 25)
#define DYN_CTL_WB_ON_ITR       BIT(30)
#define DYN_CTL_INTENA_MSK      BIT(31) /* 1: the write leaves INTENA as it is */
#define ITR_NONE                3
#define ITR_UNIT_PS             UINT64_C(2000000)
#define ITR_INTERVAL            BITS(11, 0)

/* xxINT_ICR0, xxINT_ICR0_ENA */
#define ICR0_INTEVENT         BIT(0)
#define ICR0_QUEUE_0          BIT(1)
#define ICR0_SWINT            BIT(31)
#define ICR0_ADMINQ           BIT(30)
#define ICR0_LINK_STAT_CHANGE BIT(25)
#define ICR0_MAL_DETECT       BIT(19) /* PF */

/* Admin queue registers: the fields of LEN, and head and tail indices. */
#define AQ_LEN_LEN    BITS(9, 0)
#define AQ_LEN_VFE    BIT(28)
#define AQ_LEN_OVFL   BIT(29)
#define AQ_LEN_CRIT   BIT(30)
#define AQ_LEN_ENABLE BIT(31)
#define AQ_INDEX      BITS(9, 0)

/*
 * PF registers, BAR0. 32 bits each. The PF of this device has an admin queue
 * and no network queues of its own.
 */
#define PF_BAR0_SIZE   0x100000u
#define PFINT_DYN_CTL0 0x38480u
#define PFINT_ICR0     0x38780u
#define PFINT_ICR0_ENA 0x38800u
#define PF_ATQBAL      0x80000u
#define PF_ARQBAL      0x80080u
#define PF_ATQBAH      0x80100u
#define PF_ARQBAH      0x80180u
#define PF_ATQLEN      0x80200u
#define PF_ARQLEN      0x80280u
#define PF_ATQH        0x80300u
#define PF_ARQH        0x80380u
#define PF_ATQT        0x80400u
#define PF_ARQT        0x80480u

/*
 * Admin queue descriptor. Software owns those of the send queue (ATQ) from
 * head to tail; the device those of the receive queue (ARQ) from head to
 * tail - 1, where head = tail means that the device has none.
 */
struct aq_desc {
	uint16_t flags;
	uint16_t opcode;
	uint16_t datalen;
	uint16_t retval;
	uint32_t cookie_high; /* virtchnl: opcode */
	uint32_t cookie_low;  /* virtchnl: status */
	uint32_t param0;
	uint32_t param1;
	uint32_t addr_high; /* of the buffer, for an indirect command */
	uint32_t addr_low;
};

#define AQ_DESC_BYTES   32u
#define AQ_BUFFER_BYTES 4096u
#define AQ_LARGE_BYTES  512u /* above, AQ_FLAG_LB */

/* Messages to a VF. A longer one is its first bytes, zeros, and its last ones. */
#define MAILBOX_REPLY_BYTES 384u /* largest message to a VF, but for long ones */
#define MAILBOX_END_BYTES   4u   /* of a long message's data: they are its last */

#define AQ_FLAG_DD  BIT(0)
#define AQ_FLAG_CMP BIT(1)
#define AQ_FLAG_ERR BIT(2)
#define AQ_FLAG_LB  BIT(9)  /* buffer above 512 bytes */
#define AQ_FLAG_RD  BIT(10) /* the device reads the buffer */
#define AQ_FLAG_BUF BIT(12)
#define AQ_FLAG_SI  BIT(13)

/* aq_desc.retval */
#define AQ_RC_OK       0
#define AQ_RC_ENOENT   2
#define AQ_RC_ESRCH    3
#define AQ_RC_EIO      5
#define AQ_RC_EAGAIN   8
#define AQ_RC_EBUSY    12
#define AQ_RC_EEXIST   13
#define AQ_RC_EINVAL   14
#define AQ_RC_ENOSPC   16
#define AQ_RC_ENOSYS   17
#define AQ_RC_ERANGE   18
#define AQ_RC_EFLUSHED 19

/*
 * Tx descriptor: two words, {buffer address, TXD1_*}.
 */
#define TXD_BYTES     16u
#define TXD1_DTYPE    BITS(3, 0)
#define TXD1_CMD      BITS(13, 4)
#define TXD1_CMD_EOP  BIT(4)
#define TXD1_CMD_RS   BIT(5)       /* report status: write back DTYPE_DONE */
#define TXD1_CMD_TAG1 BIT(7)       /* TXD1_L2TAG1 is a VLAN tag to insert */
#define TXD1_CMD_IIPT BITS(10, 9)  /* what the network header is: TXD_IIPT_* */
#define TXD1_CMD_L4T  BITS(13, 12) /* whose checksum to fill: 1 TCP, 2 SCTP, 3 UDP */
#define TXD1_MACLEN   BITS(22, 16) /* in 2 bytes */
#define TXD1_IPLEN    BITS(29, 23) /* in 4 bytes */
#define TXD1_L4LEN    BITS(33, 30) /* in 4 bytes */
#define TXD1_BUF_SIZE BITS(47, 34)
#define TXD1_L2TAG1   BITS(63, 48)

#define TXD_DTYPE_DATA    0x0
#define TXD_DTYPE_CONTEXT 0x1
#define TXD_DTYPE_DONE    0xf

#define TXD_L4T_TCP 1
#define TXD_L4T_UDP 3

#define TXD_IIPT_IPV6      1
#define TXD_IIPT_IPV4      2
#define TXD_IIPT_IPV4_CSUM 3 /* its checksum, too */

/* Context descriptor: {TXC0_*, TXC1_*}; it tells of the packet whose data follows. */
#define TXC0_EIPT      BITS(1, 0)   /* the outer IP header, by TXD_IIPT_*; 0: no tunnel */
#define TXC0_EIPLEN    BITS(7, 2)   /* its bytes / 4 */
#define TXC0_L4TUNT    BITS(10, 9)  /* TXC_L4TUNT_* */
#define TXC0_EIP_NOINC BIT(11)      /* segments have the same outer IP ID */
#define TXC0_L4TUNLEN  BITS(18, 12) /* bytes / 2 from the outer IP header's end to the inner IP */
#define TXC0_DECTTL    BITS(22, 19)
#define TXC0_L4T_CS    BIT(23) /* fill the outer UDP checksum */

#define TXC_L4TUNT_NONE 0 /* IP in IP */
#define TXC_L4TUNT_UDP  1 /* VXLAN, Geneve */
#define TXC_L4TUNT_GRE  2

#define TXC1_CMD_TSO BIT(4)
#define TXC1_TSO_LEN BITS(47, 30) /* bytes of payload */
#define TXC1_MSS     BITS(63, 50)

/*
 * Rx descriptor, 32 bytes, as software posts it: word 0 is the buffer's
 * address, word 1 the header buffer's (0 here), words 2 and 3 are 0. As the
 * device writes it back: the legacy format, RXD1_* in word 1, of which there is one of
 * 16 bytes, too, which is posted so; or the flexible one of NICs, RXF*.
 */
#define RXDID_LEGACY_16 0
#define RXDID_LEGACY    1 /* 32 bytes */
#define RXDID_FLEX_NIC  2
#define RXD_BYTES       32u
#define RXD0_L2TAG1     BITS(31, 16)
#define RXD0_RSS_HASH   BITS(63, 32)
#define RXD1_DD         BIT(0)
#define RXD1_EOP        BIT(1)
#define RXD1_L2TAG1P    BIT(2)      /* RXD0_L2TAG1 is the tag that was stripped */
#define RXD1_L3L4P      BIT(3)      /* sums were looked at: RXD1_IPE, RXD1_L4E */
#define RXD1_UMBCAST    BITS(10, 9) /* 0 unicast, 1 multicast, 2 broadcast */
#define RXD1_FLM        BIT(11)     /* a rule of the flow director has matched */
#define RXD1_FLTSTAT    BITS(13, 12)
#define RXD_FLTSTAT_RSS 3       /* RXD0_RSS_HASH is one */
#define RXD1_IPE        BIT(22) /* of the IPv4 header is wrong */
#define RXD1_L4E        BIT(23) /* of TCP, UDP or SCTP is wrong */
#define RXD1_LENGTH     BITS(51, 38)
#define RXD1_PTYPE      BITS(37, 30)
#define RXD2_FLEXBH     BITS(5, 4) /* 1: RXD3_FD_ID is there */
#define RXD3_FD_ID      BITS(63, 32)

#define RXF0_RXDID       BITS(7, 0)
#define RXF0_UMBCAST     BITS(15, 14)
#define RXF0_PTYPE       BITS(25, 16)
#define RXF0_PKT_LEN     BITS(45, 32)
#define RXF0_HDR_LEN     BITS(58, 48) /* 0: headers are not split off */
#define RXF1_DD          BIT(0)
#define RXF1_EOF         BIT(1)
#define RXF1_L3L4P       BIT(3)
#define RXF1_IPE         BIT(4)
#define RXF1_L4E         BIT(5)
#define RXF1_RSS_VALID   BIT(12)
#define RXF1_L2TAG1P     BIT(13)
#define RXF1_L2TAG1      BITS(31, 16)
#define RXF1_RSS_HASH    BITS(63, 32)
#define RXF2_TS_VALID    BIT(24)
#define RXF2_TS_SUB_NS   BITS(31, 25) /* in 1/128 ns */
#define RXF3_FLOW_ID     BITS(31, 0)
#define RXF_FLOW_ID_NONE UINT32_MAX   /* no filter has matched */
#define RXF3_TS_HIGH     BITS(63, 32) /* in ns, modulo 2^32 */

#endif
