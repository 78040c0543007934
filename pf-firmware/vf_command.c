/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PF's driver does for a VF whose message it has (pf_command_format.h, Forwarding): it asks
 * what is known of the VF, has operations done, and answers.
 */
#include <errno.h>

#include "pf-firmware/firmware_internal.h"

/* Is the command about the VF as it is now? */
static bool of_this_life(const struct pf_command *command)
{
	return field_get(MSG_LIFE, command->desc.param1) == command->vf->life;
}

static uint16_t vf_info(struct pf_command *command)
{
	struct virtchnl_vf known;

	if (command->desc.datalen < sizeof(known))
		return AQ_RC_EINVAL;
	firmware_vf_get(command->vf, &known);
	memcpy(nic_mailbox_buffer(command->fw->nic, NIC_PF), &known, sizeof(known));
	command->answer_len = sizeof(known);
	command->desc.datalen = sizeof(known);
	return AQ_RC_OK;
}

static uint16_t vf_operate(struct pf_command *command)
{
	struct vf_operation operation;
	uint16_t result;

	if (command->message->len_bytes != sizeof(operation))
		return AQ_RC_EINVAL;
	if (!of_this_life(command))
		return AQ_RC_EFLUSHED;
	memcpy(&operation, command->message->data, sizeof(operation));
	/* A reset is what becomes of a message. */
	if (operation.kind == VF_RESET && !command->vf->with_pf)
		return AQ_RC_EINVAL;
	result = operation_do(command->vf, &operation);
	if (result == VF_OPERATION_LATER) {
		command->wait = PF_WAITS_QUEUES;
		return PF_LATER;
	}
	memcpy(nic_mailbox_buffer(command->fw->nic, NIC_PF), &operation, sizeof(operation));
	command->answer_len = sizeof(operation);
	return result;
}

static bool all_zero(const uint8_t *data, uint32_t len_bytes)
{
	for (uint32_t i = 0; i < len_bytes; i++)
		if (data[i])
			return false;
	return true;
}

/* The message as a mailbox keeps it: a long one's first bytes and its end. */
static uint16_t gather(const struct mailbox_message *message, uint8_t *data)
{
	const uint32_t head = MAILBOX_REPLY_BYTES - MAILBOX_END_BYTES;
	uint32_t len = message->len_bytes;

	if (len > AQ_BUFFER_BYTES)
		return AQ_RC_EINVAL;
	if (len <= MAILBOX_REPLY_BYTES) {
		memcpy(data, message->data, len);
		return AQ_RC_OK;
	}
	if (!all_zero(message->data + head, len - head - MAILBOX_END_BYTES))
		return AQ_RC_ERANGE;
	memcpy(data, message->data, head);
	memcpy(data + head, message->data + len - MAILBOX_END_BYTES, MAILBOX_END_BYTES);
	return AQ_RC_OK;
}

static uint16_t vf_send(struct pf_command *command)
{
	bool answers = command->desc.param1 & MSG_ANSWERS;
	uint8_t data[MAILBOX_REPLY_BYTES] = {0};
	struct fw_vf *vf = command->vf;
	uint16_t result;

	if (!of_this_life(command))
		return AQ_RC_EFLUSHED;
	result = gather(command->message, data);
	if (result)
		return result;
	if (answers) {
		if (!vf->with_pf)
			return AQ_RC_EINVAL;
		vf->with_pf = false;
		firmware_ack(vf);
	}
	return firmware_answer(vf, command->desc.cookie_high, (int32_t)command->desc.cookie_low,
			       data, command->message->len_bytes)
		       ? AQ_RC_ENOSPC
		       : AQ_RC_OK;
}

const struct pf_row vf_rows[] = {
	{AQC_VF_INFO, "VF_INFO", true, false, vf_info},
	{AQC_VF_OPERATE, "VF_OPERATE", true, false, vf_operate},
	{AQC_SEND_MSG_TO_VF, "SEND_MSG_TO_VF", true, false, vf_send},
};

const uint32_t vf_row_count = ARRAY_LEN(vf_rows);
