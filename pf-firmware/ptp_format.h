/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_PTP_FORMAT_H
#define VFSIM_PF_FIRMWARE_PTP_FORMAT_H

/*
 * The clock that received frames are stamped by, as a VF reads it. Layouts and values as in Linux
 * include/linux/net/intel/virtchnl.h.
 */

#include "base/bits.h"

#define VIRTCHNL_OP_1588_PTP_GET_CAPS 60
#define VIRTCHNL_OP_1588_PTP_GET_TIME 61

#define VIRTCHNL_VF_CAP_PTP    BIT(31)
#define VIRTCHNL_PTP_RX_TSTAMP BIT(0) /* struct virtchnl_rxq_info, flags; with RX_FLEX_DESC */

/* GET_CAPS: what is wanted; its answer: what of that there is. */
#define VIRTCHNL_1588_PTP_CAP_RX_TSTAMP BIT(1)
#define VIRTCHNL_1588_PTP_CAP_READ_PHC  BIT(2)
struct virtchnl_ptp_caps {
	uint32_t caps;
	uint8_t rsvd[44];
};

/* GET_TIME, and its answer. */
struct virtchnl_phc_time {
	uint64_t time; /* ns */
	uint8_t rsvd[8];
};

#endif
