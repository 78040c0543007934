/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_MAILBOX_FORMAT_H
#define VFSIM_PF_FIRMWARE_MAILBOX_FORMAT_H

/*
 * What travels through the admin queues: virtchnl messages between a VF's
 * driver and the firmware. Those about VLANs are in vlan_format.h, about
 * bandwidth in qos_format.h, about the flow director in fdir_format.h, commands of the PF's
 * driver in pf_command_format.h, registers and descriptors in model/nic/avf_format.h. All fields
 * are little-endian and naturally aligned.
 *
 * Sources: Intel Ethernet Adaptive Virtual Function specification, virtchnl
 * 1.1 (values as in Linux include/linux/net/intel/virtchnl.h).
 */

#include "model/nic/avf_format.h"
#include "pf-firmware/capability_format.h"
#include "pf-firmware/pf_command_format.h"

/*
 * Opcodes of admin queue descriptors.
 */
#define AQC_GET_VERSION    0x0001 /* PF: param0 = version of state streams, param1: PF_FEATURE_* */
#define AQC_QUEUE_SHUTDOWN 0x0003
#define AQC_SEND_MSG_TO_PF 0x0801 /* VF, ATQ: virtchnl request */
#define AQC_SEND_MSG_TO_VF 0x0802 /* VF, ARQ: virtchnl answer or event */

/*
 * virtchnl: opcode in cookie_high, status in cookie_low.
 */
#define VIRTCHNL_OP_VERSION                 1
#define VIRTCHNL_OP_RESET_VF                2 /* not answered: poll VFGEN_RSTAT */
#define VIRTCHNL_OP_GET_VF_RESOURCES        3
#define VIRTCHNL_OP_CONFIG_TX_QUEUE         4
#define VIRTCHNL_OP_CONFIG_RX_QUEUE         5
#define VIRTCHNL_OP_CONFIG_VSI_QUEUES       6
#define VIRTCHNL_OP_CONFIG_IRQ_MAP          7
#define VIRTCHNL_OP_ENABLE_QUEUES           8
#define VIRTCHNL_OP_DISABLE_QUEUES          9
#define VIRTCHNL_OP_ADD_ETH_ADDR            10
#define VIRTCHNL_OP_DEL_ETH_ADDR            11
#define VIRTCHNL_OP_ADD_VLAN                12
#define VIRTCHNL_OP_DEL_VLAN                13
#define VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE 14
#define VIRTCHNL_OP_GET_STATS               15
#define VIRTCHNL_OP_EVENT                   17
#define VIRTCHNL_OP_CONFIG_RSS_HFUNC        18
#define VIRTCHNL_OP_CONFIG_RSS_KEY          23
#define VIRTCHNL_OP_CONFIG_RSS_LUT          24
#define VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS    25
#define VIRTCHNL_OP_SET_RSS_HASHCFG         26
#define VIRTCHNL_OP_ENABLE_VLAN_STRIPPING   27
#define VIRTCHNL_OP_DISABLE_VLAN_STRIPPING  28
#define VIRTCHNL_OP_REQUEST_QUEUES          29
#define VIRTCHNL_OP_GET_SUPPORTED_RXDIDS    44 /* answers uint64_t: BIT(RXDID_*) of each */

#define VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS  51
#define VIRTCHNL_OP_ADD_VLAN_V2               52
#define VIRTCHNL_OP_DEL_VLAN_V2               53
#define VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2  54
#define VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2 55
#define VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2  56
#define VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2 57

#define VIRTCHNL_STATUS_SUCCESS               0
#define VIRTCHNL_STATUS_ERR_PARAM             (-5)
#define VIRTCHNL_STATUS_ERR_NO_MEMORY         (-18)
#define VIRTCHNL_STATUS_ERR_OPCODE_MISMATCH   (-38)
#define VIRTCHNL_STATUS_ERR_CQP_COMPL_ERROR   (-39)
#define VIRTCHNL_STATUS_ERR_INVALID_VF_ID     (-40)
#define VIRTCHNL_STATUS_ERR_ADMIN_QUEUE_ERROR (-53)
#define VIRTCHNL_STATUS_ERR_NOT_SUPPORTED     (-64)

#define VIRTCHNL_VERSION_MAJOR 1
#define VIRTCHNL_VERSION_MINOR 1

struct virtchnl_version_info {
	uint32_t major;
	uint32_t minor;
};

/* GET_VF_RESOURCES: request uint32_t capabilities (1.1), answer this and one VSI. */
#define VIRTCHNL_VSI_SRIOV 6

struct virtchnl_vsi_resource {
	uint16_t vsi_id;
	uint16_t num_queue_pairs;
	int32_t vsi_type;
	uint16_t qset_handle;
	uint8_t default_mac_addr[6];
};

struct virtchnl_vf_resource {
	uint16_t num_vsis;
	uint16_t num_queue_pairs;
	uint16_t max_vectors;
	uint16_t max_mtu;
	uint32_t vf_cap_flags;
	uint32_t rss_key_size;
	uint32_t rss_lut_size;
	struct virtchnl_vsi_resource vsi_res[1];
};

/* CONFIG_VSI_QUEUES */
struct virtchnl_txq_info {
	uint16_t vsi_id;
	uint16_t queue_id;
	uint16_t ring_len; /* descriptors, multiple of 8 */
	uint16_t headwb_enabled;
	uint64_t dma_ring_addr;
	uint64_t dma_headwb_addr;
};

struct virtchnl_rxq_info {
	uint16_t vsi_id;
	uint16_t queue_id;
	uint32_t ring_len; /* descriptors, multiple of 32 */
	uint16_t hdr_size;
	uint16_t splithdr_enabled;
	uint32_t databuffer_size;
	uint32_t max_pkt_size;
	uint8_t crc_disable;
	uint8_t rxdid; /* RXDID_*, with RX_FLEX_DESC */
	uint8_t flags; /* ptp_format.h */
	uint8_t pad1;
	uint64_t dma_ring_addr;
	int32_t rx_split_pos;
	uint32_t pad2;
};

struct virtchnl_queue_pair_info {
	struct virtchnl_txq_info txq;
	struct virtchnl_rxq_info rxq;
};

struct virtchnl_vsi_queue_config_info {
	uint16_t vsi_id;
	uint16_t num_queue_pairs;
	uint32_t pad;
	struct virtchnl_queue_pair_info qpair[1]; /* num_queue_pairs of them */
};

/* CONFIG_IRQ_MAP */
struct virtchnl_vector_map {
	uint16_t vsi_id;
	uint16_t vector_id; /* 0 is for the admin queue only */
	uint16_t rxq_map;
	uint16_t txq_map;
	uint16_t rxitr_idx;
	uint16_t txitr_idx;
};

struct virtchnl_irq_map_info {
	uint16_t num_vectors;
	struct virtchnl_vector_map vecmap[1]; /* num_vectors of them */
};

/* ENABLE_QUEUES, DISABLE_QUEUES, GET_STATS */
struct virtchnl_queue_select {
	uint16_t vsi_id;
	uint16_t pad;
	uint32_t rx_queues;
	uint32_t tx_queues;
};

/*
 * REQUEST_QUEUES. Answered, by how many there are, only if it is not granted: else
 * RESET_IMPENDING and a reset follow.
 */
struct virtchnl_vf_res_request {
	uint16_t num_queue_pairs;
};

/* ADD_ETH_ADDR, DEL_ETH_ADDR */
#define VIRTCHNL_ETHER_ADDR_LEGACY  0
#define VIRTCHNL_ETHER_ADDR_PRIMARY 1
#define VIRTCHNL_ETHER_ADDR_EXTRA   2

struct virtchnl_ether_addr {
	uint8_t addr[6];
	uint8_t type;
	uint8_t pad;
};

struct virtchnl_ether_addr_list {
	uint16_t vsi_id;
	uint16_t num_elements;
	struct virtchnl_ether_addr list[1]; /* num_elements of them */
};

/* CONFIG_PROMISCUOUS_MODE */
#define VIRTCHNL_UNICAST_PROMISC   BIT(0)
#define VIRTCHNL_MULTICAST_PROMISC BIT(1)

struct virtchnl_promisc_info {
	uint16_t vsi_id;
	uint16_t flags;
};

/* GET_STATS answers this. */
struct virtchnl_eth_stats {
	uint64_t rx_bytes;
	uint64_t rx_unicast;
	uint64_t rx_multicast;
	uint64_t rx_broadcast;
	uint64_t rx_discards;
	uint64_t rx_unknown_protocol;
	uint64_t tx_bytes;
	uint64_t tx_unicast;
	uint64_t tx_multicast;
	uint64_t tx_broadcast;
	uint64_t tx_discards;
	uint64_t tx_errors;
};

/* CONFIG_RSS_KEY and CONFIG_RSS_LUT: `len` bytes follow the header. */
#define VIRTCHNL_RSS_KEY_BYTES   52u
#define VIRTCHNL_RSS_LUT_ENTRIES 64u

struct virtchnl_rss_table {
	uint16_t vsi_id;
	uint16_t len;
};

/* EVENT: from the firmware, unasked. */
#define VIRTCHNL_EVENT_LINK_CHANGE     1
#define VIRTCHNL_EVENT_RESET_IMPENDING 2
#define VIRTCHNL_SEVERITY_CERTAIN_DOOM 255
#define VIRTCHNL_LINK_SPEED_2_5GB      BIT(0)
#define VIRTCHNL_LINK_SPEED_100MB      BIT(1)
#define VIRTCHNL_LINK_SPEED_1GB        BIT(2)
#define VIRTCHNL_LINK_SPEED_10GB       BIT(3)
#define VIRTCHNL_LINK_SPEED_40GB       BIT(4)
#define VIRTCHNL_LINK_SPEED_20GB       BIT(5)
#define VIRTCHNL_LINK_SPEED_25GB       BIT(6)
#define VIRTCHNL_LINK_SPEED_5GB        BIT(7)

struct virtchnl_pf_event {
	int32_t event;
	uint32_t link_speed; /* one of those; with ADV_LINK_SPEED, in Mbit/s */
	uint8_t link_status;
	uint8_t pad[3];
	int32_t severity;
};

#endif
