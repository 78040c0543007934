/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the PF's driver, one row each (pf-firmware/mailbox_format.h, AQC_*). */
#include <errno.h>

#include "base/trace.h"
#include "pf-firmware/firmware_internal.h"

static uint16_t pf_version(struct pf_command *command)
{
	command->desc.param0 = STATE_VERSION;
	command->desc.param1 = 0;
	if (nic_config(command->fw->nic)->log_bytes)
		command->desc.param1 |= (uint32_t)PF_FEATURE_DMA_LOG;
	if (command->fw->cfg.forward)
		command->desc.param1 |= (uint32_t)PF_FEATURE_FORWARDS;
	return AQ_RC_OK;
}

static uint16_t pf_shutdown(struct pf_command *command)
{
	return AQ_RC_OK;
}

static uint16_t pf_set_mac(struct pf_command *command)
{
	struct fw_vf *vf;
	uint8_t mac[6];

	/* The address may be set before the VF appears. */
	if (command->desc.param0 >= nic_config(command->fw->nic)->vfs)
		return AQ_RC_ENOENT;
	vf = &command->fw->vf[command->desc.param0];
	le32_put(mac, command->desc.param1);
	le16_put(mac + 4, (uint16_t)command->desc.addr_high);
	if ((mac[0] & 1) || !(command->desc.param1 | (command->desc.addr_high & 0xffff)))
		return AQ_RC_EINVAL;
	memcpy(vf->mac, mac, 6);
	memcpy(vf->agreed.mac, mac, 6);
	vf->mac_by_pf = true;
	return AQ_RC_OK;
}

/* Of all VFs' minima with this one's. */
static uint64_t pf_minima(struct pf_command *command, uint32_t of, uint32_t min_mbps)
{
	struct nic *nic = command->fw->nic;
	uint64_t sum = min_mbps;

	for (uint32_t vf = 0; vf < nic_config(nic)->vfs; vf++)
		sum += vf == of ? 0 : nic_vf_policy_get(nic, vf)->min_mbps;
	return sum;
}

/* A tag of a VLAN: neither the reserved ID nor, with a priority, none; DEI is not for policies. */
static bool pf_vlan_ok(uint32_t tci)
{
	uint32_t id = tci & VLAN_ID;

	return !tci || (id && id != VLAN_ID && !(tci & ~(VLAN_ID | 7u << VLAN_PRIORITY_SHIFT)));
}

static uint16_t pf_set_policy(struct pf_command *command)
{
	const uint32_t known = VF_POLICY_TRUST | VF_POLICY_MAC_CHECK | VF_POLICY_VLAN_CHECK |
			       VF_POLICY_PASID | VF_POLICY_FLOW_DIRECTOR;
	const struct aq_desc *desc = &command->desc;
	struct nic *nic = command->fw->nic;
	struct nic_vf_policy policy = {.max_mbps = desc->cookie_high,
				       .min_mbps = desc->cookie_low,
				       .port_vlan = desc->addr_high};

	if (desc->param0 >= nic_config(nic)->vfs)
		return AQ_RC_ENOENT;
	if (desc->param1 & ~known || (policy.max_mbps && policy.min_mbps > policy.max_mbps) ||
	    pf_minima(command, desc->param0, policy.min_mbps) > nic_config(nic)->link_mbps ||
	    !pf_vlan_ok(policy.port_vlan))
		return AQ_RC_EINVAL;
	firmware_set_policy(&command->fw->vf[desc->param0], desc->param1, &policy);
	return AQ_RC_OK;
}

static uint16_t pf_set_queues(struct pf_command *command)
{
	struct firmware *fw = command->fw;
	uint32_t pairs = command->desc.param1, most;
	struct fw_vf *vf;

	if (command->desc.param0 >= nic_config(fw->nic)->vfs)
		return AQ_RC_ENOENT;
	vf = &fw->vf[command->desc.param0];
	most = resources_most_pairs(vf);
	if (!pairs || pairs > most) {
		command->desc.param1 = most;
		return AQ_RC_ERANGE;
	}
	vf->first_pairs = vf->queue_pairs = pairs;
	if (vf->agreed.resources_given)
		firmware_reset_vf(fw, vf->index);
	return AQ_RC_OK;
}

static uint16_t pf_stop(struct pf_command *command, uint32_t why)
{
	nic_vf_stop(command->fw->nic, command->vf->index, why);
	/* Who could answer the VF's message waits for this command. */
	if (command->vf->with_pf)
		return AQ_RC_EAGAIN;
	command->wait = PF_WAITS_DRAIN;
	return PF_LATER;
}

static void pf_go(struct pf_command *command, uint32_t why)
{
	nic_vf_go(command->fw->nic, command->vf->index, why);
}

static uint16_t pf_suspend(struct pf_command *command)
{
	return pf_stop(command, NIC_STOP_SUSPEND);
}

static uint16_t pf_resume(struct pf_command *command)
{
	command->vf->saved = false;
	pf_go(command, NIC_STOP_SUSPEND);
	return AQ_RC_OK;
}

static uint16_t pf_p2p(struct pf_command *command)
{
	if (command->desc.param1 > 1)
		return AQ_RC_EINVAL;
	if (!command->desc.param1)
		return pf_stop(command, NIC_STOP_P2P);
	pf_go(command, NIC_STOP_P2P);
	return AQ_RC_OK;
}

static uint16_t pf_state_size(struct pf_command *command)
{
	command->desc.param0 = state_running_bytes(command->vf);
	command->desc.param1 = state_total_bytes(command->vf);
	return AQ_RC_OK;
}

static bool pf_suspended(const struct pf_command *command)
{
	struct nic *nic = command->fw->nic;

	return (nic_vf_stopped(nic, command->vf->index) & NIC_STOP_SUSPEND) &&
	       nic_vf_drained(nic, command->vf->index);
}

static uint16_t pf_state_save(struct pf_command *command)
{
	struct fw_vf *vf = command->vf;
	uint32_t from = command->desc.param1;
	uint32_t total = state_total_bytes(vf);
	uint32_t len;

	if (!command->desc.datalen || from > total)
		return AQ_RC_EINVAL;
	if (!from)
		vf->saved = false;
	if (!vf->saved)
		state_save(vf, pf_suspended(command));
	if (from >= vf->stream_len && from < total)
		return AQ_RC_EBUSY;
	len = MIN(MIN(command->desc.datalen, MAILBOX_PF_BYTES), vf->stream_len - from);
	memcpy(nic_mailbox_buffer(command->fw->nic, NIC_PF), vf->stream + from, len);
	command->answer_len = len;
	command->desc.datalen = (uint16_t)len;
	command->desc.param1 = total - from - len;
	return AQ_RC_OK;
}

static uint16_t pf_state_load(struct pf_command *command)
{
	struct fw_vf *vf = command->vf;
	struct state_load *load = &vf->load;

	if (!pf_suspended(command))
		return AQ_RC_EBUSY;
	if (!command->desc.param1 && command->desc.datalen)
		state_load_begin(vf);
	if (!load->refused && command->desc.param1 != (uint32_t)load->got)
		load->refused = STATE_REFUSED_MISPLACED;
	else if (!load->refused && !command->message->len_bytes && !load->done)
		load->refused = STATE_REFUSED_CUT;
	if (!load->refused && command->message->len_bytes)
		state_load_part(vf, command->message->data, command->message->len_bytes);
	command->desc.param0 = load->refused;
	/* Before the header is whole, "some" is all that is known. */
	command->desc.param1 = load->done ? 0 : (uint32_t)MAX(load->total - load->got, 1);
	if (load->total < load->got)
		command->desc.param1 = 1;
	return load->refused ? AQ_RC_EINVAL : AQ_RC_OK;
}

/* The log's state is right for writes sent from now on: done when the earlier ones have landed. */
static uint16_t pf_fence(struct pf_command *command)
{
	if (nic_vf_fence(command->fw->nic, command->vf->index))
		return AQ_RC_OK;
	command->wait = PF_WAITS_LANDED;
	return PF_LATER;
}

static uint16_t pf_log_start(struct pf_command *command)
{
	const struct mailbox_message *message = command->message;
	uint32_t ranges = message->len_bytes / (uint32_t)sizeof(struct pf_log_range);
	struct dma_log_range range[PF_LOG_RANGES];
	int err;

	if (message->len_bytes % sizeof(struct pf_log_range) || ranges > PF_LOG_RANGES)
		return AQ_RC_EINVAL;
	for (uint32_t i = 0; i < ranges; i++) {
		const uint8_t *at = message->data + i * sizeof(struct pf_log_range);

		range[i] = (struct dma_log_range){le64_get(at), le64_get(at + 8)};
	}
	err = nic_log_start(command->fw->nic, command->vf->index, range, ranges,
			    &command->desc.param1);
	if (err)
		return err == -EEXIST ? AQ_RC_EBUSY : err == -ERANGE ? AQ_RC_ERANGE : AQ_RC_EINVAL;
	return pf_fence(command);
}

static uint16_t pf_log_stop(struct pf_command *command)
{
	nic_log_stop(command->fw->nic, command->vf->index);
	return AQ_RC_OK;
}

static uint16_t pf_log_read(struct pf_command *command)
{
	uint8_t *buffer = nic_mailbox_buffer(command->fw->nic, NIC_PF);
	uint64_t iova = (uint64_t)command->desc.cookie_high << 32 | command->desc.cookie_low;
	uint32_t pages = command->desc.param1;
	int err;

	if (pages > MIN(command->desc.datalen, MAILBOX_PF_BYTES) * UINT64_C(8))
		return AQ_RC_EINVAL;
	command->answer_len = (pages + 7) / 8;
	memset(buffer, 0, command->answer_len);
	err = nic_log_take(command->fw->nic, command->vf->index, iova, pages, buffer);
	if (err) {
		command->answer_len = 0;
		return err == -ENOENT ? AQ_RC_EBUSY : AQ_RC_EINVAL;
	}
	command->desc.datalen = (uint16_t)command->answer_len;
	return pf_fence(command);
}

static uint16_t pf_vf_reset(struct pf_command *command)
{
	firmware_reset_vf(command->fw, command->vf->index);
	return AQ_RC_OK;
}

static const struct pf_row pf_rows[] = {
	{AQC_GET_VERSION, "GET_VERSION", false, false, pf_version},
	{AQC_QUEUE_SHUTDOWN, "QUEUE_SHUTDOWN", false, false, pf_shutdown},
	{AQC_VF_SET_MAC, "VF_SET_MAC", false, false, pf_set_mac},
	{AQC_VF_SET_POLICY, "VF_SET_POLICY", false, false, pf_set_policy},
	{AQC_VF_SET_QUEUES, "VF_SET_QUEUES", false, false, pf_set_queues},
	{AQC_VF_SUSPEND, "VF_SUSPEND", true, false, pf_suspend},
	{AQC_VF_RESUME, "VF_RESUME", true, false, pf_resume},
	{AQC_VF_P2P, "VF_P2P", true, false, pf_p2p},
	{AQC_VF_RESET, "VF_RESET", true, false, pf_vf_reset},
	{AQC_VF_RINGS, "VF_RINGS", true, false, pf_rings},
	{AQC_VF_STATE_SIZE, "VF_STATE_SIZE", true, false, pf_state_size},
	{AQC_VF_STATE_SAVE, "VF_STATE_SAVE", true, true, pf_state_save},
	{AQC_VF_STATE_LOAD, "VF_STATE_LOAD", true, true, pf_state_load},
	{AQC_VF_LOG_START, "VF_LOG_START", true, false, pf_log_start},
	{AQC_VF_LOG_STOP, "VF_LOG_STOP", true, false, pf_log_stop},
	{AQC_VF_LOG_READ, "VF_LOG_READ", true, true, pf_log_read},
};

static const struct pf_row *find_in(const struct pf_row *rows, uint32_t count, uint16_t opcode)
{
	for (uint32_t i = 0; i < count; i++)
		if (rows[i].opcode == opcode)
			return &rows[i];
	return NULL;
}

/* Of a firmware that forwards, or of any. */
static const struct pf_row *pf_find(uint16_t opcode, bool forward)
{
	const struct pf_row *row = find_in(pf_rows, ARRAY_LEN(pf_rows), opcode);

	return row || !forward ? row : find_in(vf_rows, vf_row_count, opcode);
}

const char *firmware_pf_command_name(uint32_t opcode)
{
	const struct pf_row *row = pf_find((uint16_t)opcode, true);

	return row ? row->name : NULL;
}

static uint16_t pf_run(struct pf_command *command)
{
	const struct pf_row *row = pf_find(command->desc.opcode, command->fw->cfg.forward);
	uint32_t vf = command->desc.param0;

	if (!row)
		return AQ_RC_ENOSYS;
	if (row->for_vf) {
		if (!nic_vf_present(command->fw->nic, vf))
			return AQ_RC_ENOENT;
		command->vf = &command->fw->vf[vf];
	}
	return row->handle(command);
}

static void pf_write_back(struct firmware *fw, struct aq_desc *desc, uint16_t retval,
			  uint32_t answer_len)
{
	desc->flags |= AQ_FLAG_DD | AQ_FLAG_CMP;
	if (retval)
		desc->flags |= AQ_FLAG_ERR;
	desc->retval = retval;
	nic_mailbox_ack(fw->nic, NIC_PF, desc, answer_len);
}

void pf_command_handle(struct firmware *fw, const struct mailbox_message *message)
{
	struct pf_command command = {.fw = fw, .message = message, .desc = message->desc};
	uint16_t retval = pf_run(&command);

	if (retval == PF_LATER) {
		fw->pf_waits = command.wait;
		fw->pf_waits_for = command.vf->index;
		fw->pf_desc = command.desc;
		fw->pf_answer_len = command.answer_len;
		return;
	}
	pf_write_back(fw, &command.desc, retval, command.answer_len);
}

void pf_command_event(struct firmware *fw, uint32_t vf, enum pf_wait what, uint16_t retval)
{
	if (fw->hung || fw->pf_waits != what || fw->pf_waits_for != vf)
		return;
	fw->pf_waits = PF_WAITS_NOT;
	pf_write_back(fw, &fw->pf_desc, retval, fw->pf_answer_len);
}

void pf_command_abort(struct firmware *fw, const struct mailbox_message *message)
{
	struct aq_desc desc = message->desc;

	pf_write_back(fw, &desc, AQ_RC_EIO, 0);
}

void pf_command_forget(struct firmware *fw)
{
	fw->pf_waits = PF_WAITS_NOT;
}

uint64_t pf_command_time(const struct firmware *fw, const struct mailbox_message *message)
{
	const struct pf_row *row = pf_find(message->desc.opcode, fw->cfg.forward);

	return row && row->state ? fw->cfg.state_ps : fw->cfg.command_ps;
}
