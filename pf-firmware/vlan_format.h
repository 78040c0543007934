/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_VLAN_FORMAT_H
#define VFSIM_PF_FIRMWARE_VLAN_FORMAT_H

/*
 * virtchnl messages about VLANs, of both kinds. Values as in Linux
 * include/linux/net/intel/virtchnl.h; little-endian and naturally aligned.
 */

#include "base/bits.h"

/* ADD_VLAN, DEL_VLAN */
struct virtchnl_vlan_filter_list {
	uint16_t vsi_id;
	uint16_t num_elements;
	uint16_t vlan_id[1]; /* num_elements of them */
};

/* GET_OFFLOAD_VLAN_V2_CAPS answers what of these there is: EtherTypes, where tags are. */
#define VIRTCHNL_VLAN_ETHERTYPE_8100      BIT(0)
#define VIRTCHNL_VLAN_ETHERTYPE_88A8      BIT(1)
#define VIRTCHNL_VLAN_TAG_LOCATION_L2TAG1 BIT(8)
#define VIRTCHNL_VLAN_TOGGLE              BIT(31) /* the VF may switch it on and off */

#define VIRTCHNL_ETHERTYPE_STRIPPING_MATCHES_INSERTION 0

struct virtchnl_vlan_support {
	uint32_t outer; /* of two tags, or the only one where there is no `inner` */
	uint32_t inner;
};

struct virtchnl_vlan_caps {
	struct {
		struct virtchnl_vlan_support support;
		uint32_t ethertype_init;
		uint16_t max_filters;
		uint8_t pad[2];
	} filtering;
	struct {
		struct virtchnl_vlan_support stripping, insertion;
		uint32_t ethertype_init;
		uint8_t ethertype_match;
		uint8_t pad[3];
	} offloads;
};

/* ADD_VLAN_V2, DEL_VLAN_V2 */
struct virtchnl_vlan {
	uint16_t tci;
	uint16_t tci_mask;
	uint16_t tpid; /* the EtherType itself */
	uint8_t pad[2];
};

struct virtchnl_vlan_filter {
	struct virtchnl_vlan inner, outer;
	uint8_t pad[16];
};

struct virtchnl_vlan_filter_list_v2 {
	uint16_t vport_id;
	uint16_t num_elements;
	uint8_t pad[4];
	struct virtchnl_vlan_filter filters[1]; /* num_elements of them */
};

/* ENABLE_VLAN_STRIPPING_V2 and its like: bits of VIRTCHNL_VLAN_ETHERTYPE_* */
struct virtchnl_vlan_setting {
	uint32_t outer_ethertype;
	uint32_t inner_ethertype;
	uint16_t vport_id;
	uint8_t pad[6];
};

#endif
