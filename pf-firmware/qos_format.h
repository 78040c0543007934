/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_QOS_FORMAT_H
#define VFSIM_PF_FIRMWARE_QOS_FORMAT_H

/*
 * virtchnl messages about bandwidth, and how they name runs of queues. Values as in Linux
 * include/linux/net/intel/virtchnl.h; little-endian and naturally aligned.
 */

#include <stddef.h>

#include "base/bits.h"

#define VIRTCHNL_OP_GET_QOS_CAPS        66
#define VIRTCHNL_OP_CONFIG_QUEUE_TC_MAP 67
#define VIRTCHNL_OP_CONFIG_QUEUE_BW     112
#define VIRTCHNL_OP_CONFIG_QUANTA       113

#define VIRTCHNL_VF_OFFLOAD_QOS BIT(29)

#define VIRTCHNL_ARBITER_STRICT 0
#define VIRTCHNL_ARBITER_ETS    2
#define VIRTCHNL_STRICT_WEIGHT  1
#define VIRTCHNL_BW_SHAPER      0

/* In kbit/s; a peak of 0 is no limit. */
struct virtchnl_shaper_bw {
	uint32_t committed;
	uint32_t peak;
};

/* GET_QOS_CAPS answers the traffic classes. */
struct virtchnl_qos_cap_elem {
	uint8_t tc_num;
	uint8_t tc_prio; /* a bit for each priority that is of this class */
	uint8_t arbiter;
	uint8_t weight;
	uint32_t type;
	struct virtchnl_shaper_bw shaper;
	uint8_t pad[24];
};

struct virtchnl_qos_cap_list {
	uint16_t vsi_id;
	uint16_t num_elem;
	struct virtchnl_qos_cap_elem cap[1]; /* num_elem of them */
};

/* CONFIG_QUEUE_TC_MAP: runs of queue pairs, class by class. Answered by their priorities. */
#define VIRTCHNL_USER_PRIO_TYPE_UP 0

struct virtchnl_queue_tc_mapping {
	uint16_t vsi_id;
	uint16_t num_tc;
	uint16_t num_queue_pairs;
	uint8_t pad[2];
	union {
		struct {
			uint16_t start_queue_id;
			uint16_t queue_count;
		} req;
		struct {
			uint16_t prio_type;
			uint16_t valid_prio_bitmap;
		} resp;
	} tc[1]; /* num_tc of them */
};

#define VIRTCHNL_TC_MAP_HEAD  offsetof(struct virtchnl_queue_tc_mapping, tc)
#define VIRTCHNL_TC_MAP_ENTRY sizeof(((struct virtchnl_queue_tc_mapping *)NULL)->tc[0])

/* CONFIG_QUEUE_BW: of Tx queues */
struct virtchnl_queue_bw {
	uint16_t queue_id;
	uint8_t tc;
	uint8_t pad;
	struct virtchnl_shaper_bw shaper;
};

struct virtchnl_queues_bw_cfg {
	uint16_t vsi_id;
	uint16_t num_queues;
	struct virtchnl_queue_bw cfg[1]; /* num_queues of them */
};

#define VIRTCHNL_QUEUE_TYPE_TX 0
#define VIRTCHNL_QUEUE_TYPE_RX 1

struct virtchnl_queue_chunk {
	int32_t type;
	uint16_t start_queue_id;
	uint16_t num_queues;
};

/* CONFIG_QUANTA: bytes that a queue sends in its turn, a multiple of 64. */
#define VIRTCHNL_QUANTA_MIN  256u
#define VIRTCHNL_QUANTA_MAX  4096u
#define VIRTCHNL_QUANTA_UNIT 64u

struct virtchnl_quanta_cfg {
	uint16_t quanta_size;
	uint16_t pad;
	struct virtchnl_queue_chunk queue_select;
};

#endif
