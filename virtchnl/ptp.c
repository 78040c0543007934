/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's clock (PTP). Who has agreed on it may read it, and have received frames
 * stamped by it; nobody sets it: it is the simulated time, of all NICs alike, wherever a VF moves.
 */
#include "pf-firmware/ptp_format.h"
#include "virtchnl/virtchnl_internal.h"

_Static_assert(sizeof(struct virtchnl_ptp_caps) == 48, "virtchnl_ptp_caps");
_Static_assert(sizeof(struct virtchnl_phc_time) == 16, "virtchnl_phc_time");

bool vc_stamps(const struct virtchnl_vf *vf, const struct virtchnl_rxq_info *info)
{
	const uint32_t needed =
		(uint32_t)VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC | (uint32_t)VIRTCHNL_VF_CAP_PTP;

	return !(needed & ~vf->agreed.caps) && (info->flags & VIRTCHNL_PTP_RX_TSTAMP);
}

int32_t vc_ptp_caps(struct vc_command *command)
{
	struct virtchnl_ptp_caps caps = {.caps = le32_get(command->data)};

	caps.caps &= VIRTCHNL_1588_PTP_CAP_RX_TSTAMP | VIRTCHNL_1588_PTP_CAP_READ_PHC;
	memcpy(command->answer, &caps, sizeof(caps));
	command->answer_len = sizeof(caps);
	return VIRTCHNL_STATUS_SUCCESS;
}

int32_t vc_ptp_time(struct vc_command *command)
{
	struct vf_operation clock = {.kind = VF_CLOCK};
	int32_t status = vc_do(command, &clock);
	struct virtchnl_phc_time time = {.time = clock.clock_ns};

	if (status)
		return status;
	memcpy(command->answer, &time, sizeof(time));
	command->answer_len = sizeof(time);
	return VIRTCHNL_STATUS_SUCCESS;
}
