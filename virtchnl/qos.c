/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bandwidth of queues, and their traffic classes. The port's classes are what the PF's driver has
 * made them; which queues are of which is the VF's to say. A queue's peak is held by the
 * hardware; what is committed to it, and its quantum, are checked and change nothing:
 * queues of a class that have something to send take turns by packets. (What is refused is as in
 * Linux ice's virt/queues.c.)
 */
#include "pf-firmware/qos_format.h"
#include "virtchnl/virtchnl_internal.h"

static void describe_class(const struct virtchnl_vf *vf, uint32_t i,
			   struct virtchnl_qos_cap_elem *cap)
{
	uint8_t share = vf->classes.share[i];

	*cap = (struct virtchnl_qos_cap_elem){
		.tc_num = (uint8_t)i,
		.tc_prio = nic_classes_priorities(&vf->classes, i),
		.arbiter = share ? VIRTCHNL_ARBITER_ETS : VIRTCHNL_ARBITER_STRICT,
		.weight = share ? share : VIRTCHNL_STRICT_WEIGHT,
		.type = VIRTCHNL_BW_SHAPER,
		.shaper = {.peak = vf->link_mbps * 1000},
	};
}

int32_t vc_qos_caps(struct vc_command *command)
{
	const struct virtchnl_vf *vf = command->vf;
	struct virtchnl_qos_cap_list head = {.vsi_id = vf->vsi_id, .num_elem = vf->classes.count};
	uint32_t at = offsetof(struct virtchnl_qos_cap_list, cap);

	memcpy(command->answer, &head, at);
	for (uint32_t i = 0; i < vf->classes.count; i++, at += sizeof(head.cap[0])) {
		struct virtchnl_qos_cap_elem cap;

		describe_class(vf, i, &cap);
		memcpy(command->answer + at, &cap, sizeof(cap));
	}
	command->answer_len = at;
	return VIRTCHNL_STATUS_SUCCESS;
}

/* The run of class `i`: its first queue and how many. */
static void tc_run(const struct vc_command *command, uint32_t i, uint32_t *first, uint32_t *count)
{
	const uint8_t *at = command->data + VIRTCHNL_TC_MAP_HEAD + i * VIRTCHNL_TC_MAP_ENTRY;

	*first = le16_get(at);
	*count = le16_get(at + 2);
}

/* Do the classes' runs follow one another, up to `pairs`? */
static bool tc_runs_ok(const struct vc_command *command, uint32_t classes, uint32_t pairs)
{
	uint32_t next = 0, first, count;

	for (uint32_t i = 0; i < classes; i++) {
		tc_run(command, i, &first, &count);
		if (count && first != next)
			return false;
		next += count;
	}
	return next == pairs;
}

static int32_t tc_set(struct vc_command *command, uint32_t class_index)
{
	int32_t status = VIRTCHNL_STATUS_SUCCESS;
	uint32_t first, count;

	tc_run(command, class_index, &first, &count);
	for (uint32_t queue = first; !status && queue < first + count; queue++) {
		struct vf_operation of = {.kind = VF_QUEUE_CLASS};

		of.class_of = (struct vf_queue_class){queue, class_index};
		status = vc_do(command, &of);
	}
	return status;
}

/* A run of queue pairs for each of the port's classes, one behind the other. */
int32_t vc_tc_map(struct vc_command *command)
{
	const struct virtchnl_vf *vf = command->vf;
	uint32_t classes = le16_get(command->data + 2), pairs = le16_get(command->data + 4);
	int32_t status = VIRTCHNL_STATUS_SUCCESS;

	if (!vc_names_vsi(command) || classes != vf->classes.count || !pairs ||
	    pairs > vf->queue_pairs || !tc_runs_ok(command, classes, pairs))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; !status && i < classes; i++)
		status = tc_set(command, i);
	command->answer_len = (uint32_t)(VIRTCHNL_TC_MAP_HEAD + classes * VIRTCHNL_TC_MAP_ENTRY);
	memcpy(command->answer, command->data, command->answer_len);
	for (uint32_t i = 0; i < classes; i++) {
		uint8_t *at = command->answer + VIRTCHNL_TC_MAP_HEAD + i * VIRTCHNL_TC_MAP_ENTRY;

		le16_put(at, VIRTCHNL_USER_PRIO_TYPE_UP);
		le16_put(at + 2, nic_classes_priorities(&vf->classes, i));
	}
	return status;
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

	return bw->queue_id < vf->queue_pairs && bw->tc < vf->classes.count && most <= link_kbps &&
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
