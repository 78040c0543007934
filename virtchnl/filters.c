/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses a VF hears. */
#include "virtchnl/virtchnl_internal.h"

static bool vc_mac_ok(const struct virtchnl_vf *vf, const uint8_t *mac)
{
	static const uint8_t zero[6] = {0};
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (!memcmp(mac, zero, 6) || !memcmp(mac, broadcast, 6))
		return false;
	/* Where the PF's driver has set the address, the VF has no other, unless it is trusted. */
	return (mac[0] & 1) || !vf->mac_by_pf || vf->trusted || !memcmp(mac, vf->mac, 6);
}

static int32_t vc_filters(struct vc_command *command, uint32_t kind)
{
	uint32_t count = le16_get(command->data + 2);

	if (!vc_names_vsi(command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < count; i++)
		if (!vc_mac_ok(command->vf, command->data + 4 + 8 * i))
			return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < count; i++) {
		struct vf_operation operation = {.kind = kind};
		uint16_t result;

		memcpy(operation.mac, command->data + 4 + 8 * i, sizeof(operation.mac));
		result = vc_operate(command, &operation);
		if (result == AQ_RC_ENOSPC)
			return VIRTCHNL_STATUS_ERR_NO_MEMORY;
		/* There already, or not there: as it is wanted. */
		if (result && result != AQ_RC_EEXIST && result != AQ_RC_ESRCH)
			return vc_status(result);
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

/*
 * What the driver calls its primary address is the VF's own from now on. Linux' iavf takes the
 * one that it is told after a reset for its own, whatever it had (i40e and ice keep it, too).
 */
static int32_t vc_take_primary(struct vc_command *command)
{
	uint32_t count = le16_get(command->data + 2);
	uint8_t *own = command->vf->agreed.mac;
	bool another = false;

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *mac = command->data + 4 + 8 * i;

		if (mac[6] != VIRTCHNL_ETHER_ADDR_PRIMARY || (mac[0] & 1) || !memcmp(own, mac, 6))
			continue;
		memcpy(own, mac, 6);
		another = true;
	}
	return another ? vc_agree(command) : VIRTCHNL_STATUS_SUCCESS;
}

int32_t vc_add_addr(struct vc_command *command)
{
	int32_t status = vc_filters(command, VF_MAC_ADD);

	return status ? status : vc_take_primary(command);
}

int32_t vc_del_addr(struct vc_command *command)
{
	return vc_filters(command, VF_MAC_DEL);
}

int32_t vc_promisc(struct vc_command *command)
{
	if (!vc_names_vsi(command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	/* One that is not trusted is told that it is promiscuous, as i40e and ice tell it. */
	command->vf->agreed.promisc = command->vf->trusted ? le16_get(command->data + 2) : 0u;
	return vc_agree(command);
}
