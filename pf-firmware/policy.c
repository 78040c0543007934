/* SPDX-License-Identifier: Apache-2.0 */
/* What the PF's driver allows a VF: split between what the firmware minds and what the hardware
 * does. */
#include "pf-firmware/firmware_internal.h"

void firmware_set_policy(struct fw_vf *vf, uint32_t flags, uint32_t max_mbps, uint32_t min_mbps)
{
	const struct nic_vf_policy policy = {
		.mac_check = flags & VF_POLICY_MAC_CHECK,
		.vlan_check = flags & VF_POLICY_VLAN_CHECK,
		.max_mbps = max_mbps,
		.min_mbps = min_mbps,
	};

	vf->trusted = flags & VF_POLICY_TRUST;
	vf->may_tag = flags & VF_POLICY_PASID;
	nic_vf_policy_set(vf->fw->nic, vf->index, &policy);
	if (!vf->trusted)
		firmware_set_promiscuous(vf, 0);
}

void firmware_set_promiscuous(struct fw_vf *vf, uint32_t flags)
{
	if (!vf->trusted)
		flags = 0;
	vf->agreed.promisc = flags;
	nic_promiscuous_set(vf->fw->nic, vf->index, flags & VIRTCHNL_UNICAST_PROMISC,
			    flags & VIRTCHNL_MULTICAST_PROMISC);
}
