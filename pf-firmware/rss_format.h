/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_RSS_FORMAT_H
#define VFSIM_PF_FIRMWARE_RSS_FORMAT_H

/*
 * virtchnl messages about how is hashed. Values as in Linux
 * include/linux/net/intel/virtchnl.h; little-endian and naturally aligned.
 */

#include "pf-firmware/fdir_format.h"

#define VIRTCHNL_OP_ADD_RSS_CFG 45
#define VIRTCHNL_OP_DEL_RSS_CFG 46

#define VIRTCHNL_VF_OFFLOAD_ADV_RSS_PF BIT(27)

#define VIRTCHNL_RSS_ALG_TOEPLITZ_ASYMMETRIC 0
#define VIRTCHNL_RSS_ALG_R_ASYMMETRIC        1
#define VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC  2
#define VIRTCHNL_RSS_ALG_XOR_SYMMETRIC       3

/* CONFIG_RSS_HFUNC */
struct virtchnl_rss_hfunc {
	uint16_t vsi_id;
	uint16_t rss_algorithm;
	uint32_t reserved;
};

/* ADD_RSS_CFG, DEL_RSS_CFG: which fields of such packets are hashed. */
struct virtchnl_rss_cfg {
	struct virtchnl_proto_hdrs proto_hdrs;
	int32_t rss_algorithm;
	uint8_t reserved[128];
};

#endif
