/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bandwidth of queues. There is one traffic class, of all priorities. A queue's peak is held
 * by the hardware; what is committed to it, and its quantum, are checked and change nothing:
 * queues that have something to send take turns by packets. (What is refused is as in Linux
 * ice's virt/queues.c.)
 */
#include "pf-firmware/qos_format.h"
#include "virtchnl/virtchnl_internal.h"

#define CLASSES        1u
#define ALL_PRIORITIES 0xffu

int32_t vc_qos_caps(struct vc_command *command)
{
	const struct virtchnl_vf *vf = command->vf;
	struct virtchnl_qos_cap_list caps = {
		.vsi_id = vf->vsi_id,
		.num_elem = CLASSES,
		.cap = {{.tc_prio = ALL_PRIORITIES,
			 .arbiter = VIRTCHNL_ARBITER_STRICT,
			 .weight = VIRTCHNL_STRICT_WEIGHT,
			 .type = VIRTCHNL_BW_SHAPER,
			 .shaper = {.peak = vf->link_mbps * 1000}}},
	};

	memcpy(command->answer, &caps, sizeof(caps));
	command->answer_len = sizeof(caps);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* All queues are of the one class: DPDK's traffic manager asks for that at its end. */
int32_t vc_tc_map(struct vc_command *command)
{
	struct virtchnl_queue_tc_mapping map;

	memcpy(&map, command->data, sizeof(map));
	if (!vc_names_vsi(command) || map.num_tc != CLASSES || !map.num_queue_pairs ||
	    map.num_queue_pairs > command->vf->queue_pairs || map.tc[0].req.start_queue_id ||
	    map.tc[0].req.queue_count != map.num_queue_pairs)
		return VIRTCHNL_STATUS_ERR_PARAM;
	map.tc[0].resp.prio_type = VIRTCHNL_USER_PRIO_TYPE_UP;
	map.tc[0].resp.valid_prio_bitmap = ALL_PRIORITIES;
	memcpy(command->answer, &map, sizeof(map));
	command->answer_len = sizeof(map);
	return VIRTCHNL_STATUS_SUCCESS;
}

static struct virtchnl_queue_bw bandwidth(const struct vc_command *command, uint32_t n)
{
	struct virtchnl_queue_bw bw;

	memcpy(&bw, command->data + 4 + n * sizeof(bw), sizeof(bw));
	return bw;
}

static bool bandwidth_ok(const struct virtchnl_vf *vf, const struct virtchnl_queue_bw *bw)
{
	uint32_t link_kbps = vf->link_mbps * 1000;
	uint32_t most = bw->shaper.peak ? bw->shaper.peak : link_kbps;

	return bw->queue_id < vf->queue_pairs && bw->tc < CLASSES && most <= link_kbps &&
	       bw->shaper.committed <= most;
}

int32_t vc_queue_bw(struct vc_command *command)
{
	const struct virtchnl_vf *vf = command->vf;
	uint32_t queues = le16_get(command->data + 2);
	int32_t status = VIRTCHNL_STATUS_SUCCESS;
	struct virtchnl_queue_bw bw;

	if (!vc_vsi_ok(command, le16_get(command->data)) || queues > vf->queue_pairs)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < queues; i++) {
		bw = bandwidth(command, i);
		if (!bandwidth_ok(vf, &bw))
			return VIRTCHNL_STATUS_ERR_PARAM;
	}
	for (uint32_t i = 0; !status && i < queues; i++) {
		struct vf_operation rate = {.kind = VF_QUEUE_RATE};

		bw = bandwidth(command, i);
		rate.rate = (struct vf_queue_rate){bw.queue_id, bw.shaper.peak};
		status = vc_do(command, &rate);
	}
	return status;
}

int32_t vc_quanta(struct vc_command *command)
{
	struct virtchnl_quanta_cfg quanta;
	uint32_t end;

	memcpy(&quanta, command->data, sizeof(quanta));
	end = quanta.queue_select.start_queue_id + quanta.queue_select.num_queues;
	if (quanta.queue_select.type != VIRTCHNL_QUEUE_TYPE_TX || !quanta.queue_select.num_queues ||
	    end > command->vf->queue_pairs || quanta.quanta_size < VIRTCHNL_QUANTA_MIN ||
	    quanta.quanta_size > VIRTCHNL_QUANTA_MAX || quanta.quanta_size % VIRTCHNL_QUANTA_UNIT)
		return VIRTCHNL_STATUS_ERR_PARAM;
	return VIRTCHNL_STATUS_SUCCESS;
}
