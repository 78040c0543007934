/* SPDX-License-Identifier: Apache-2.0 */
/* What the PF's driver allows a VF: split between what the firmware minds and what the hardware
 * does. */
#include "pf-firmware/firmware_internal.h"

void firmware_set_policy(struct fw_vf *vf, uint32_t flags, const struct nic_vf_policy *asked)
{
	struct nic *nic = vf->fw->nic;
	bool moves = nic_vf_policy_get(nic, vf->index)->port_vlan != asked->port_vlan;
	struct nic_vf_policy policy = *asked;

	policy.mac_check = flags & VF_POLICY_MAC_CHECK;
	policy.vlan_check = flags & VF_POLICY_VLAN_CHECK;
	policy.flow_descriptors = flags & VF_POLICY_FLOW_DIRECTOR;
	vf->trusted = flags & VF_POLICY_TRUST;
	vf->may_tag = flags & VF_POLICY_PASID;
	nic_vf_policy_set(nic, vf->index, &policy);
	if (!vf->trusted)
		firmware_set_promiscuous(vf, 0);
	/* What was agreed on about VLANs holds no more. */
	if (moves && vf->agreed.resources_given)
		firmware_reset_vf(vf->fw, vf->index);
}

void firmware_set_promiscuous(struct fw_vf *vf, uint32_t flags)
{
	if (!vf->trusted)
		flags = 0;
	vf->agreed.promisc = flags;
	nic_promiscuous_set(vf->fw->nic, vf->index, flags & VIRTCHNL_UNICAST_PROMISC,
			    flags & VIRTCHNL_MULTICAST_PROMISC);
}
