/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_FDIR_FORMAT_H
#define VFSIM_PF_FIRMWARE_FDIR_FORMAT_H

/*
 * virtchnl messages about rules of the flow director. Values as in Linux
 * include/linux/net/intel/virtchnl.h; little-endian, headers in the network's order.
 */

#include "base/bits.h"

#define VIRTCHNL_OP_ADD_FDIR_FILTER 47
#define VIRTCHNL_OP_DEL_FDIR_FILTER 48

#define VIRTCHNL_VF_OFFLOAD_FDIR_PF BIT(28)

/* A protocol header, and a bit of each of its fields that is looked at: PROTO_FIELD_*. */
#define VIRTCHNL_MAX_NUM_PROTO_HDRS 32u
#define VIRTCHNL_PROTO_HDR_ETH      1
#define VIRTCHNL_PROTO_HDR_S_VLAN   2
#define VIRTCHNL_PROTO_HDR_C_VLAN   3
#define VIRTCHNL_PROTO_HDR_IPV4     4
#define VIRTCHNL_PROTO_HDR_IPV6     5
#define VIRTCHNL_PROTO_HDR_TCP      6
#define VIRTCHNL_PROTO_HDR_UDP      7
#define VIRTCHNL_PROTO_HDR_SCTP     8
/* Behind IP, of fragments; as DPDK's virtchnl.h has them, Linux' does not. Their field 0 is the
 * packet's identification. */
#define VIRTCHNL_PROTO_HDR_IPV4_FRAG    22
#define VIRTCHNL_PROTO_HDR_IPV6_EH_FRAG 23

#define PROTO_FIELD_SRC        0u
#define PROTO_FIELD_DST        1u
#define PROTO_FIELD_ETHERTYPE  2u /* Ethernet */
#define PROTO_FIELD_CLASS      2u /* IP: DSCP and ECN */
#define PROTO_FIELD_HOPS       3u /* IP: TTL, hop limit */
#define PROTO_FIELD_PROTO      4u /* IP */
#define PROTO_FIELD_PREFIX_SRC 5u /* IPv6: 32, then 40, 48, 56, 64, 96; DST behind each */

struct virtchnl_proto_hdr {
	int32_t type;
	uint32_t field_selector;
	uint8_t buffer[64];
};

struct virtchnl_proto_hdrs {
	uint8_t tunnel_level;
	uint8_t pad[3];
	uint32_t count;
	struct virtchnl_proto_hdr proto_hdr[VIRTCHNL_MAX_NUM_PROTO_HDRS];
};

#define VIRTCHNL_ACTION_DROP     0
#define VIRTCHNL_ACTION_PASSTHRU 2
#define VIRTCHNL_ACTION_QUEUE    3
#define VIRTCHNL_ACTION_Q_REGION 4
#define VIRTCHNL_ACTION_MARK     5

struct virtchnl_filter_action {
	int32_t type;
	union {
		struct {
			uint16_t index;
			uint8_t region; /* log2 of how many queues from `index` on */
		} queue;
		uint32_t mark_id;
		uint8_t reserve[32];
	} act_conf;
};

#define VIRTCHNL_MAX_NUM_ACTIONS 8u

/* What became of the request: `status` of the answer, which is the message itself. */
#define VIRTCHNL_FDIR_SUCCESS                 0
#define VIRTCHNL_FDIR_FAILURE_RULE_NORESOURCE 1
#define VIRTCHNL_FDIR_FAILURE_RULE_EXIST      2
#define VIRTCHNL_FDIR_FAILURE_RULE_NONEXIST   4
#define VIRTCHNL_FDIR_FAILURE_RULE_INVALID    5

struct virtchnl_fdir_add {
	uint16_t vsi_id;
	uint16_t validate_only;
	uint32_t flow_id;
	struct virtchnl_proto_hdrs proto_hdrs;
	uint32_t action_count;
	struct virtchnl_filter_action actions[VIRTCHNL_MAX_NUM_ACTIONS];
	int32_t status;
};

struct virtchnl_fdir_del {
	uint16_t vsi_id;
	uint16_t pad;
	uint32_t flow_id;
	int32_t status;
};

#endif
