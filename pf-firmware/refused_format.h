/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_REFUSED_FORMAT_H
#define VFSIM_PF_FIRMWARE_REFUSED_FORMAT_H

/*
 * Opcodes of virtchnl that drivers may send and that are refused here, as PF drivers refuse
 * what they have not offered: RDMA, traffic classes (ADQ), more than 16 queue pairs, flow
 * subscription. Values as in Linux include/linux/net/intel/virtchnl.h and DPDK's.
 */

#define VIRTCHNL_OP_RDMA                      20
#define VIRTCHNL_OP_CONFIG_RDMA_IRQ_MAP       21
#define VIRTCHNL_OP_RELEASE_RDMA_IRQ_MAP      22
#define VIRTCHNL_OP_ENABLE_CHANNELS           30
#define VIRTCHNL_OP_DISABLE_CHANNELS          31
#define VIRTCHNL_OP_ADD_CLOUD_FILTER          32
#define VIRTCHNL_OP_DEL_CLOUD_FILTER          33
#define VIRTCHNL_OP_GET_MAX_RSS_QREGION       50
#define VIRTCHNL_OP_ENABLE_VLAN_FILTERING_V2  58
#define VIRTCHNL_OP_DISABLE_VLAN_FILTERING_V2 59
#define VIRTCHNL_OP_ENABLE_QUEUES_V2          107
#define VIRTCHNL_OP_DISABLE_QUEUES_V2         108
#define VIRTCHNL_OP_MAP_QUEUE_VECTOR          111
#define VIRTCHNL_OP_FLOW_SUBSCRIBE            114
#define VIRTCHNL_OP_FLOW_UNSUBSCRIBE          115
#define VIRTCHNL_OP_LAST                      128

#endif
