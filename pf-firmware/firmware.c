/* SPDX-License-Identifier: Apache-2.0 */
#include "pf-firmware/firmware.h"

#include <errno.h>
#include <stdlib.h>

#include "base/trace.h"
#include "pf-firmware/firmware_internal.h"

/* --- Messages --- */

void firmware_next(struct firmware *fw)
{
	uint64_t time;

	if (fw->busy || fw->hung || !nic_mailbox_take(fw->nic, &fw->current))
		return;
	fw->busy = true;
	fw->begin_ps = sim_now(fw->sim);
	fw->current_void = false;
	if (fw->current.function == NIC_PF) {
		time = pf_command_time(fw, &fw->current);
	} else {
		if (fw->current.desc.opcode == AQC_SEND_MSG_TO_PF)
			trace_emit(nic_part(fw->nic), TRACE_MAILBOX_REQUEST, fw->current.function,
				   fw->current.desc.cookie_high, fw->current.len_bytes);
		time = mailbox_time(fw, &fw->current);
	}
	sim_after(fw->sim, &fw->work, fw->sim->untimed ? 0 : time);
}

static void fw_work(struct event *event, uint64_t now)
{
	struct firmware *fw = CONTAINER_OF(event, struct firmware, work);
	bool pf = fw->current.function == NIC_PF;

	fw->busy = false;
	trace_emit(nic_part(fw->nic), TRACE_FIRMWARE, pf,
		   pf ? fw->current.desc.param0 : fw->current.function,
		   pf ? fw->current.desc.opcode : fw->current.desc.cookie_high, fw->begin_ps);
	if (fw->current_void)
		;
	else if (pf)
		pf_command_handle(fw, &fw->current);
	else
		mailbox_handle(&fw->vf[fw->current.function], &fw->current);
	firmware_next(fw);
}

static void fw_doorbell(void *ctx)
{
	firmware_next(ctx);
}

static int answer(struct fw_vf *vf, uint32_t opcode, int32_t status, const void *data,
		  uint32_t len_bytes)
{
	struct firmware *fw = vf->fw;
	struct aq_desc desc = {
		.opcode = AQC_SEND_MSG_TO_VF,
		.cookie_high = opcode,
		.cookie_low = (uint32_t)status,
	};

	if (nic_mailbox_post(fw->nic, vf->index, &desc, data, len_bytes)) {
		/* The driver does not empty its receive queue: it has lost this answer. */
		sim_log(nic_part(fw->nic), LOG_WARNING, "vf%u: mailbox full, opcode %u lost",
			vf->index, opcode);
		trace_emit(nic_part(fw->nic), TRACE_MAILBOX_LOST, vf->index, opcode);
		return -ENOSPC;
	}
	trace_emit(nic_part(fw->nic), TRACE_MAILBOX_REPLY, vf->index, opcode,
		   (uint64_t)(int64_t)status, len_bytes);
	return 0;
}

int firmware_answer(struct fw_vf *vf, uint32_t opcode, int32_t status, const void *data,
		    uint32_t len_bytes)
{
	int err = answer(vf, opcode, status, data, len_bytes);

	if (opcode != VIRTCHNL_OP_EVENT &&
	    fault_fires(&vf->fw->sim->faults, FAULT_MAILBOX_ANSWERED_TWICE))
		(void)answer(vf, opcode, status, data, len_bytes);
	return err;
}

void firmware_post_event(struct firmware *fw, uint32_t vf, const void *event, uint32_t len_bytes)
{
	(void)firmware_answer(&fw->vf[vf], VIRTCHNL_OP_EVENT, VIRTCHNL_STATUS_SUCCESS, event,
			      len_bytes);
}

/* --- Reset --- */

/*
 * Two things outlive a reset: the version, which a driver asks for once, whatever resets its VF,
 * and the VF's own address, which the driver may have chosen, where it may still have that.
 */
static void forget_agreed(struct fw_vf *vf)
{
	struct virtchnl_agreed kept = {
		.version_minor = vf->agreed.version_minor,
		.hashcfg = RSS_ALL,
	};

	memcpy(kept.mac, vf->mac_by_pf && !vf->trusted ? vf->mac : vf->agreed.mac,
	       sizeof(kept.mac));
	vf->agreed = kept;
}

void firmware_new_life(struct fw_vf *vf)
{
	vf->life = vf->life % (uint32_t)MSG_LIFE + 1;
}

void firmware_forget_vf(struct fw_vf *vf)
{
	struct firmware *fw = vf->fw;

	firmware_new_life(vf);
	forward_forget(vf);
	forget_agreed(vf);
	firmware_apply_rss(vf);
	nic_filter_clear(fw->nic, vf->index);
	nic_vlan_clear(fw->nic, vf->index);
	nic_flow_clear(fw->nic, vf->index);
	vf->disable_waits = false;
	vf->saved = false;
	vf->stream_len = 0;
	memset(&vf->load, 0, sizeof(vf->load));
	vf->resetting = true;
	calendar_cancel(&fw->sim->calendar, &vf->activate);
	if (fw->busy && fw->current.function == vf->index)
		fw->current_void = true;
	pf_command_event(fw, vf->index, PF_WAITS_DRAIN, AQ_RC_EIO);
	pf_command_event(fw, vf->index, PF_WAITS_QUEUES, AQ_RC_EFLUSHED);
}

static void fw_vf_reset(void *ctx, uint32_t vf, enum nic_reset_cause cause)
{
	struct firmware *fw = ctx;

	firmware_forget_vf(&fw->vf[vf]);
	if (cause != NIC_RESET_VF_DISABLE)
		return;
	/* This VF is gone. */
	fw->vf[vf].queue_pairs = fw->vf[vf].first_pairs;
	fw->vf[vf].agreed.version_minor = 0;
	memcpy(fw->vf[vf].agreed.mac, fw->vf[vf].mac, sizeof(fw->vf[vf].mac));
}

void firmware_reset_vf(struct firmware *fw, uint32_t index)
{
	struct fw_vf *vf;

	if (index >= nic_config(fw->nic)->vfs)
		return;
	vf = &fw->vf[index];
	if (vf->resetting || nic_vf_reset_follows(fw->nic, index) ||
	    !nic_vf_present(fw->nic, index))
		return;
	mailbox_tell_reset(vf);
	nic_vf_reset_after_posts(fw->nic, index);
}

static void fw_activate(struct event *event, uint64_t now)
{
	struct fw_vf *vf = CONTAINER_OF(event, struct fw_vf, activate);

	vf->resetting = false;
	if (nic_vf_present(vf->fw->nic, vf->index))
		nic_vf_set_rstat(vf->fw->nic, vf->index, VFR_VFACTIVE);
}

void firmware_vf_drained(void *ctx, uint32_t index)
{
	struct firmware *fw = ctx;
	struct fw_vf *vf = &fw->vf[index];

	if (fw->hung)
		return;
	if (vf->resetting)
		sim_after(fw->sim, &vf->activate, fw->sim->untimed ? 0 : fw->cfg.reset_ps);
	pf_command_event(fw, index, PF_WAITS_DRAIN, AQ_RC_OK);
}

static void fw_writes_landed(void *ctx, uint32_t index)
{
	pf_command_event(ctx, index, PF_WAITS_LANDED, AQ_RC_OK);
}

static void fw_queue_drained(void *ctx, uint32_t vf)
{
	struct firmware *fw = ctx;

	if (!fw->hung)
		mailbox_queues_drained(&fw->vf[vf]);
}

/* Those that have asked for their resources know that there is a link. */
static void fw_link_changed(void *ctx)
{
	struct firmware *fw = ctx;

	if (fw->cfg.forward) {
		forward_link(fw);
		return;
	}
	if (fw->hung)
		return;
	for (uint32_t i = 0; fw->cfg.tell_link && i < nic_config(fw->nic)->vfs; i++)
		if (fw->vf[i].agreed.resources_given && nic_vf_present(fw->nic, i))
			mailbox_tell_link(&fw->vf[i]);
}

static void fw_posted(void *ctx, uint32_t function)
{
	if (function == NIC_PF)
		forward_go_on(ctx);
}

static void fw_pf_reset(void *ctx)
{
	struct firmware *fw = ctx;

	if (fw->busy && fw->current.function == NIC_PF)
		fw->current_void = true;
	pf_command_forget(fw);
}

static const struct nic_firmware_ops fw_ops = {
	.doorbell = fw_doorbell,
	.vf_reset = fw_vf_reset,
	.vf_drained = firmware_vf_drained,
	.writes_landed = fw_writes_landed,
	.queue_drained = fw_queue_drained,
	.link_changed = fw_link_changed,
	.posted = fw_posted,
	.pf_reset = fw_pf_reset,
};

/* --- Life --- */

static void fw_vf_init(struct firmware *fw, uint32_t index)
{
	static const struct nic_vf_policy free_policy;
	struct fw_vf *vf = &fw->vf[index];
	uint32_t host = nic_part(fw->nic)->host;
	uint8_t mac[6] = {0x02, 0x56, 0x46, (uint8_t)host, (uint8_t)(index >> 8), (uint8_t)index};

	vf->fw = fw;
	vf->index = index;
	vf->queue_pairs = vf->first_pairs = resources_first_pairs(fw);
	vf->stream = fw->streams + (size_t)index * STATE_MAX_BYTES;
	memcpy(vf->mac, mac, sizeof(mac));
	vf->life = 1;
	memcpy(vf->agreed.mac, mac, sizeof(mac));
	vf->agreed.hashcfg = RSS_ALL;
	firmware_apply_rss(vf);
	firmware_set_policy(vf, VF_POLICY_DEFAULT, &free_policy);
	event_init(&vf->activate, fw_activate);
}

struct firmware *firmware_create(const struct firmware_cfg *cfg, struct nic *nic)
{
	uint32_t vfs = nic_config(nic)->vfs;
	struct firmware *fw;

	if (cfg->classes.count && !nic_classes_valid(&cfg->classes))
		return NULL;
	fw = calloc(1, sizeof(*fw));
	if (!fw)
		return NULL;
	fw->cfg = *cfg;
	fw->nic = nic;
	fw->sim = nic_part(nic)->sim;
	fw->vf = calloc(vfs, sizeof(fw->vf[0]));
	fw->streams = calloc(vfs, STATE_MAX_BYTES);
	if (!fw->vf || !fw->streams) {
		firmware_destroy(fw);
		return NULL;
	}
	event_init(&fw->work, fw_work);
	watchdog_init(fw);
	for (uint32_t i = 0; i < vfs; i++)
		fw_vf_init(fw, i);
	nic_firmware_bind(nic, &fw_ops, fw);
	if (cfg->classes.count)
		nic_classes_set(nic, &cfg->classes);
	return fw;
}

void firmware_destroy(struct firmware *fw)
{
	if (!fw)
		return;
	free(fw->streams);
	free(fw->vf);
	free(fw);
}
