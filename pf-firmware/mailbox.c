/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of VFs. Where the firmware ends virtchnl itself the engine's device is at hand, and a
 * message is done within the call.
 */
#include "base/trace.h"
#include "pf-firmware/firmware_internal.h"

void firmware_vf_get(const struct fw_vf *vf, struct virtchnl_vf *known)
{
	const struct firmware *fw = vf->fw;

	*known = (struct virtchnl_vf){
		.life = vf->life,
		.queue_pairs = vf->queue_pairs,
		.vectors = nic_config(fw->nic)->vectors,
		.link_mbps = nic_config(fw->nic)->link_mbps,
		.classes = *nic_classes_get(fw->nic),
		.may_offer = fw->cfg.capabilities,
		.vsi_id = (uint16_t)(fw->cfg.first_vsi + vf->index),
		.tell_link = fw->cfg.tell_link,
		.trusted = vf->trusted,
		.may_tag = vf->may_tag,
		.has_port_vlan = nic_vf_policy_get(fw->nic, vf->index)->port_vlan != 0,
		.mac_by_pf = vf->mac_by_pf,
		.agreed = vf->agreed,
	};
	memcpy(known->mac, vf->mac, sizeof(known->mac));
}

void firmware_ack(struct fw_vf *vf)
{
	struct aq_desc desc = vf->asked.desc;

	desc.flags |= AQ_FLAG_DD | AQ_FLAG_CMP;
	desc.retval = AQ_RC_OK;
	nic_mailbox_ack(vf->fw->nic, vf->index, &desc, 0);
}

/* --- The device of the engine --- */

static uint16_t device_operate(void *ctx, struct vf_operation *operation)
{
	return operation_do(ctx, operation);
}

static void device_answer(void *ctx, uint32_t opcode, int32_t status, const void *data,
			  uint32_t len_bytes)
{
	struct fw_vf *vf = ctx;

	firmware_ack(vf);
	(void)firmware_answer(vf, opcode, status, data, len_bytes);
}

static void device_event(void *ctx, const struct virtchnl_pf_event *event)
{
	const struct fw_vf *vf = ctx;

	firmware_post_event(vf->fw, vf->index, event, sizeof(*event));
}

static struct virtchnl_device device_of(struct fw_vf *vf)
{
	return (struct virtchnl_device){vf, device_operate, device_answer, device_event};
}

void mailbox_tell_link(struct fw_vf *vf)
{
	const struct virtchnl_device device = device_of(vf);
	struct virtchnl_vf known;

	firmware_vf_get(vf, &known);
	virtchnl_tell_link(&device, &known);
}

void mailbox_tell_reset(struct fw_vf *vf)
{
	const struct virtchnl_device device = device_of(vf);

	virtchnl_tell_reset(&device);
}

/* --- Messages --- */

static void end_here(struct fw_vf *vf, const struct mailbox_message *message)
{
	const struct virtchnl_device device = device_of(vf);
	struct virtchnl_vf known;

	firmware_vf_get(vf, &known);
	virtchnl_handle(&device, &known, message->desc.cookie_high, message->data,
			message->len_bytes);
}

void mailbox_handle(struct fw_vf *vf, const struct mailbox_message *message)
{
	struct aq_desc desc = message->desc;

	vf->asked = *message;
	switch (desc.opcode) {
	case AQC_SEND_MSG_TO_PF:
		if (vf->fw->cfg.forward)
			forward_message(vf);
		else
			end_here(vf, message);
		return;
	case AQC_QUEUE_SHUTDOWN:
		firmware_ack(vf);
		return;
	default:
		desc.flags |= AQ_FLAG_DD | AQ_FLAG_CMP | AQ_FLAG_ERR;
		desc.retval = AQ_RC_ENOSYS;
		nic_mailbox_ack(vf->fw->nic, vf->index, &desc, 0);
	}
}

/* DISABLE_QUEUES is answered when its queues are drained; so is a PF's driver that disables them.
 */
void mailbox_queues_drained(struct fw_vf *vf)
{
	if (!operation_queues_drained(vf))
		return;
	if (vf->fw->cfg.forward)
		pf_command_event(vf->fw, vf->index, PF_WAITS_QUEUES, AQ_RC_OK);
	else
		device_answer(vf, VIRTCHNL_OP_DISABLE_QUEUES, VIRTCHNL_STATUS_SUCCESS, NULL, 0);
}

uint64_t mailbox_time(const struct firmware *fw, const struct mailbox_message *message)
{
	return fw->cfg.command_ps;
}
