/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which VLANs a VF receives, and what the NIC does with tags for it. A VF without
 * VLANs receives tagged and untagged frames alike; with some, untagged ones and theirs. One whom
 * the PF's driver has put into a VLAN (a port VLAN) has no tags at all: what it sends gets its
 * VLAN's, and it receives nothing else, without.
 */
#include "model/nic/vlan.h"

#include <errno.h>

#include "model/nic/nic_internal.h"

static bool has(const struct nic_vf *vf, uint32_t id)
{
	return vf->vlan[id / 64] >> (id % 64) & 1;
}

int nic_vlan_add(struct nic *nic, uint32_t index, uint32_t id)
{
	struct nic_vf *vf = &nic->vf[index];

	if (!id || has(vf, id))
		return 0;
	if (vf->vlans == NIC_VLANS_PER_VF)
		return -ENOSPC;
	vf->vlan[id / 64] |= BIT(id % 64);
	vf->vlans++;
	return 0;
}

void nic_vlan_del(struct nic *nic, uint32_t index, uint32_t id)
{
	struct nic_vf *vf = &nic->vf[index];

	if (!has(vf, id))
		return;
	vf->vlan[id / 64] &= ~BIT(id % 64);
	vf->vlans--;
}

uint32_t nic_vlan_next(struct nic *nic, uint32_t index, uint32_t id)
{
	const struct nic_vf *vf = &nic->vf[index];

	do
		id++;
	while (id < VLAN_IDS && !has(vf, id));
	return id;
}

void nic_vlan_clear(struct nic *nic, uint32_t index)
{
	struct nic_vf *vf = &nic->vf[index];

	memset(vf->vlan, 0, sizeof(vf->vlan));
	vf->vlans = 0;
	/* A tag in a descriptor is asked for there. Stock drivers count on it: iavf enables
	 * insertion once and not after resets, and virtchnl's first kind of VLANs has no such
	 * message. */
	vf->vlan_offload = (struct nic_vlan_offload){.insert = true};
}

struct nic_vlan_offload *nic_vlan_offload(struct nic *nic, uint32_t vf)
{
	return &nic->vf[vf].vlan_offload;
}

bool vlan_is_own(const struct nic_vf *vf, const struct packet *packet)
{
	uint32_t id;

	if (!vlan_is_tagged(packet->data, packet->len_bytes))
		return true;
	id = vlan_tci(packet->data) & VLAN_ID;
	return !id || has(vf, id);
}

bool vlan_take_port(const struct nic_vf *vf, struct packet *packet)
{
	if (!vf->policy.port_vlan)
		return true;
	if (vlan_is_tagged(packet->data, packet->len_bytes) ||
	    packet->len_bytes + VLAN_BYTES > FRAME_MAX_BYTES)
		return false;
	vlan_insert(packet->data, packet->len_bytes, vf->policy.port_vlan);
	packet->len_bytes += VLAN_BYTES;
	return true;
}

static bool is_of_port_vlan(const struct nic_vf *vf, const struct packet *packet)
{
	return vlan_is_tagged(packet->data, packet->len_bytes) &&
	       !((vlan_tci(packet->data) ^ vf->policy.port_vlan) & VLAN_ID);
}

bool vlan_admits(const struct nic_vf *vf, const struct packet *packet)
{
	if (vf->policy.port_vlan)
		return is_of_port_vlan(vf, packet);
	return !vf->vlans || vlan_is_own(vf, packet);
}
