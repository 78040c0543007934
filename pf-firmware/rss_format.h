/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_RSS_FORMAT_H
#define VFSIM_PF_FIRMWARE_RSS_FORMAT_H

/*
 * virtchnl messages about how is hashed. Values as in Linux
 * include/linux/net/intel/virtchnl.h; little-endian and naturally aligned.
 */

#include <stdint.h>

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

#endif
