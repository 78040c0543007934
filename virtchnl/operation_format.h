/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VIRTCHNL_OPERATION_FORMAT_H
#define VFSIM_VIRTCHNL_OPERATION_FORMAT_H

/*
 * What virtchnl knows of a VF, and what it wants done to the VF's hardware. Between the engine
 * and the firmware these are arguments of calls; between a PF driver and the firmware, buffers
 * of admin commands (pf-firmware/pf_command_format.h). Little-endian and naturally aligned,
 * without padding.
 */

#include "model/nic/class_format.h"
#include "model/nic/flow_format.h"
#include "model/nic/rss_types_format.h"
#include "pf-firmware/mailbox_format.h"

/* What one VF and its PF have agreed on; it travels with the VF. */
struct virtchnl_agreed {
	uint32_t version_minor;
	uint32_t caps;
	uint64_t hashcfg;
	uint32_t promisc;
	uint8_t resources_given; /* commands that configure are allowed */
	uint8_t rss_symmetric;
	uint8_t mac[6]; /* the VF's own address */
	uint8_t rss_key[VIRTCHNL_RSS_KEY_BYTES];
	uint8_t rss_lut[VIRTCHNL_RSS_LUT_ENTRIES];
	uint8_t rss_rule[RSS_TYPES]; /* as struct rss has them */
};

/* A VF, as an engine that is given a message of it must know it. */
struct virtchnl_vf {
	uint32_t life; /* another after each reset and each loaded state; never 0 */
	uint32_t queue_pairs;
	uint32_t vectors;
	uint32_t link_mbps;
	uint32_t may_offer; /* VIRTCHNL_VF_OFFLOAD_*; 0: all there are */
	uint16_t vsi_id;
	uint8_t tell_link; /* LINK_CHANGE follows GET_VF_RESOURCES and ENABLE_QUEUES */
	uint8_t trusted;   /* it may have any address and hear what is for others */
	uint8_t mac_by_pf; /* the PF's driver has set its address: */
	uint8_t mac[6];
	uint8_t may_tag;            /* its queues may have PASIDs */
	struct nic_classes classes; /* the port's */
	uint8_t has_port_vlan;      /* it is in a VLAN without knowing, and has no others */
	uint8_t pad[7];
	struct virtchnl_agreed agreed;
};

enum vf_operation_kind {
	VF_AGREE = 1,      /* agreed: this holds from now on, promiscuous modes and RSS with it */
	VF_QUEUES_LOOK,    /* answers queues: which are set up, which are busy */
	VF_QUEUE_SET_UP,   /* setup: a ring begins at its first descriptor */
	VF_QUEUES_ENABLE,  /* queues */
	VF_QUEUES_DISABLE, /* queues; done when they are drained */
	VF_QUEUES_MAP,     /* map: what causes the vector, and how it is throttled */
	VF_QUEUE_RATE,     /* rate */
	VF_QUEUE_CLASS,    /* class_of: of a Tx queue */
	VF_QUEUE_TAG,      /* tag: of both queues of a pair, neither of them busy */
	VF_MAC_ADD,        /* mac; EEXIST, ENOSPC */
	VF_MAC_DEL,        /* mac; ESRCH */
	VF_VLAN_ADD,       /* vlan; ENOSPC */
	VF_VLAN_DEL,       /* vlan */
	VF_VLAN_OFFLOAD,   /* offload */
	VF_FLOW_ADD,       /* rule; answers its id; EEXIST, ENOSPC */
	VF_FLOW_DEL,       /* flow_id; ESRCH */
	VF_STATS,          /* answers stats */
	VF_LINK,           /* answers link_up */
	VF_RESIZE,         /* queue_pairs; ERANGE: answers how many it could have */
	VF_CLOCK,          /* answers clock_ns */
	VF_RESET,          /* the message is taken, without an answer; then the VF is reset */
	VF_OPERATIONS,
};

struct vf_queue_setup {
	uint64_t base;
	uint32_t len;                      /* descriptors */
	uint32_t buffer_bytes, max_packet; /* Rx */
	uint16_t queue;
	uint8_t rx;
	uint8_t rxdid;      /* Rx */
	uint8_t timestamps; /* Rx */
	uint8_t pad[7];
};

/* Bit maps of queues. */
struct vf_queues {
	uint32_t rx, tx;
	uint32_t busy;       /* pairs of which one is enabled or not yet drained */
	uint32_t pasid_bits; /* of the PASIDs that they may have now; 0: none */
};

struct vf_queue_rate {
	uint32_t queue;
	uint32_t kbps; /* 0: as fast as it can */
};

struct vf_queue_class {
	uint32_t queue;
	uint32_t class_index; /* one that the port has */
};

struct vf_queue_tag {
	uint16_t queue;
	uint16_t tagged; /* 0: the function's own address space */
	uint32_t pasid;
};

#define VF_VLAN_STRIP  BIT(0)
#define VF_VLAN_INSERT BIT(1)
struct vf_vlan_offload {
	uint32_t which; /* VF_VLAN_*: the others stay as they are */
	uint32_t on;    /* of those */
};

struct vf_operation {
	uint32_t kind; /* enum vf_operation_kind */
	uint32_t pad;
	union {
		struct virtchnl_agreed agreed;
		struct vf_queue_setup setup;
		struct vf_queues queues;
		struct virtchnl_vector_map map;
		struct vf_queue_rate rate;
		struct vf_queue_class class_of;
		struct vf_queue_tag tag;
		uint8_t mac[6];
		uint32_t vlan;
		struct vf_vlan_offload offload;
		struct flow_rule rule;
		uint32_t flow_id;
		struct virtchnl_eth_stats stats;
		uint32_t link_up;
		uint32_t queue_pairs;
		uint64_t clock_ns;
	};
};

#endif
