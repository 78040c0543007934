/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_CAPABILITY_FORMAT_H
#define VFSIM_PF_FIRMWARE_CAPABILITY_FORMAT_H

#include "base/bits.h"

/* What a VF's driver asks for and is offered in GET_VF_RESOURCES (Linux, virtchnl.h). */
#define VIRTCHNL_VF_OFFLOAD_L2           BIT(0)
#define VIRTCHNL_VF_OFFLOAD_RSS_REG      BIT(4)
#define VIRTCHNL_VF_OFFLOAD_WB_ON_ITR    BIT(5)
#define VIRTCHNL_VF_OFFLOAD_REQ_QUEUES   BIT(6)
#define VIRTCHNL_VF_CAP_ADV_LINK_SPEED   BIT(7) /* link events tell Mbit/s */
#define VIRTCHNL_VF_OFFLOAD_VLAN_V2      BIT(15)
#define VIRTCHNL_VF_OFFLOAD_VLAN         BIT(16)
#define VIRTCHNL_VF_OFFLOAD_RSS_PF       BIT(19)
#define VIRTCHNL_VF_OFFLOAD_ENCAP        BIT(20)
#define VIRTCHNL_VF_OFFLOAD_ENCAP_CSUM   BIT(21)
#define VIRTCHNL_VF_OFFLOAD_USO          BIT(25)
#define VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC BIT(26)

#endif
