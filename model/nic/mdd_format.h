/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_MDD_FORMAT_H
#define VFSIM_MODEL_NIC_MDD_FORMAT_H

#include "base/bits.h"

/*
 * Malicious driver detection of Tx queues. GL_MDET_TX holds the first event until
 * software writes ones; VP_MDET_TX says which VFs have had any, until ones are written.
 * Sources: Linux i40e_register.h; FreeBSD if_iavf_iflib.h and iavf_txrx_iflib.c for rules.
 */
#define VP_MDET_TX(vf)    (0xe6000u + 4 * (vf))
#define VP_MDET_TX_VALID  BIT(0)
#define GL_MDET_TX        0xe6480u
#define GL_MDET_TX_QUEUE  BITS(11, 0) /* counted over all VFs */
#define GL_MDET_TX_VF_NUM BITS(20, 12)
#define GL_MDET_TX_PF_NUM BITS(24, 21)
#define GL_MDET_TX_EVENT  BITS(29, 25) /* enum mdd_event */
#define GL_MDET_TX_VALID  BIT(31)

/* Which rule was broken. Rules are the hardware's, numbers this device's own. */
enum mdd_event {
	MDD_NONE,
	MDD_TAIL_BEYOND_RING,
	MDD_BAD_DTYPE,        /* none that the driver may use */
	MDD_BAD_CONTEXT,      /* a second one, one behind data, or fields that contradict */
	MDD_ZERO_BUFFER,      /* data of no bytes */
	MDD_TOO_MANY_BUFFERS, /* above 8 of a packet or segment, above 3 of a header to repeat */
	MDD_NO_EOP,           /* a packet that does not end */
	MDD_WRONG_SIZE,       /* a packet or segment below 17 bytes or above the largest frame */
	MDD_BAD_HEADER,       /* header lengths beyond the packet, or too small for their kind */
	MDD_BAD_LSO_MSS,      /* out of range */
	MDD_BAD_LSO_LEN,      /* not the bytes behind the header */
	MDD_BAD_FILTER,       /* a second one, one behind data, or fields that cannot be */
};

#endif
