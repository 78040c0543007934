/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailbox's other way: a VF's message goes on to the PF's driver, into the PF's receive queue,
 * and the driver's answer comes back by command (vf_command.c). Until then the message stays
 * where it lies, in the VF's own mailbox. So nothing has to be kept or thrown away when the PF's
 * queue is full, a VF that floods its mailbox has one message in front of others, and a VF that
 * is drained has none under way.
 */
#include "pf-firmware/firmware_internal.h"

static bool post_link(struct firmware *fw)
{
	struct aq_desc desc = {.opcode = AQC_LINK_EVENT, .param0 = nic_link_up(fw->nic)};

	return !nic_mailbox_post(fw->nic, NIC_PF, &desc, NULL, 0);
}

static bool post_message(const struct fw_vf *vf)
{
	const struct mailbox_message *asked = &vf->asked;
	struct aq_desc desc = {
		.opcode = AQC_SEND_MSG_TO_PF,
		.retval = (uint16_t)vf->index,
		.cookie_high = asked->desc.cookie_high,
		.cookie_low = asked->desc.cookie_low,
		.param1 = vf->life,
	};

	return !nic_mailbox_post(vf->fw->nic, NIC_PF, &desc, asked->data, asked->len_bytes);
}

void forward_go_on(struct firmware *fw)
{
	if (fw->hung)
		return;
	if (fw->link_news && post_link(fw))
		fw->link_news = false;
	while (fw->line_first && post_message(fw->line_first)) {
		struct fw_vf *vf = fw->line_first;

		fw->line_first = vf->next_in_line;
		vf->in_line = false;
	}
}

void forward_message(struct fw_vf *vf)
{
	struct firmware *fw = vf->fw;

	vf->with_pf = vf->in_line = true;
	vf->next_in_line = NULL;
	if (fw->line_first)
		fw->line_last->next_in_line = vf;
	else
		fw->line_first = vf;
	fw->line_last = vf;
	/* A stop that waits for the VF to drain would keep the PF's driver from answering. */
	pf_command_event(fw, vf->index, PF_WAITS_DRAIN, AQ_RC_EAGAIN);
	forward_go_on(fw);
}

void forward_link(struct firmware *fw)
{
	fw->link_news = true;
	forward_go_on(fw);
}

/* What is in the PF's queue already has an earlier life, by which it is known to be void. */
void forward_forget(struct fw_vf *vf)
{
	struct firmware *fw = vf->fw;
	struct fw_vf **at = &fw->line_first, *before = NULL;

	vf->with_pf = false;
	if (!vf->in_line)
		return;
	vf->in_line = false;
	for (; *at != vf; at = &(*at)->next_in_line)
		before = *at;
	*at = vf->next_in_line;
	if (fw->line_last == vf)
		fw->line_last = before;
}
