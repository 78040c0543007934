/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What virtchnl wants done to a VF's hardware, one row an operation. Whoever asks, the engine
 * in this firmware or a PF's driver by admin command, nothing is taken on trust that could
 * reach beyond the VF.
 */
#include <errno.h>

#include "pf-firmware/firmware_internal.h"

#define MAX_RING   8160u
#define MIN_BUFFER 128u
#define RING_ALIGN 128u

static bool known_queues(const struct fw_vf *vf, uint64_t queues)
{
	return !(queues & ~(BIT(vf->queue_pairs) - 1));
}

static uint16_t result_of(int err)
{
	switch (err) {
	case 0:
		return AQ_RC_OK;
	case -EEXIST:
		return AQ_RC_EEXIST;
	case -ENOENT:
		return AQ_RC_ESRCH;
	case -ENOSPC:
		return AQ_RC_ENOSPC;
	default:
		return AQ_RC_EINVAL;
	}
}

/* --- What was agreed on --- */

bool firmware_agreed_ok(const struct virtchnl_agreed *agreed)
{
	for (uint32_t i = 0; i < RSS_TYPES; i++)
		if (agreed->rss_rule[i] & ~RSS_TYPE_RULES)
			return false;
	return !(agreed->hashcfg & ~RSS_ALL) && agreed->resources_given <= 1 &&
	       agreed->rss_symmetric <= 1;
}

void firmware_apply_rss(struct fw_vf *vf)
{
	const struct virtchnl_agreed *agreed = &vf->agreed;
	struct rss rss = {.types = agreed->hashcfg, .symmetric = agreed->rss_symmetric};

	memcpy(rss.key, agreed->rss_key, sizeof(rss.key));
	memcpy(rss.lut, agreed->rss_lut, sizeof(rss.lut));
	memcpy(rss.rule, agreed->rss_rule, sizeof(rss.rule));
	nic_rss_set(vf->fw->nic, vf->index, &rss);
}

static uint16_t do_agree(struct fw_vf *vf, struct vf_operation *operation)
{
	if (!firmware_agreed_ok(&operation->agreed))
		return AQ_RC_EINVAL;
	firmware_agree(vf, &operation->agreed);
	return AQ_RC_OK;
}

void firmware_agree(struct fw_vf *vf, const struct virtchnl_agreed *agreed)
{
	vf->agreed = *agreed;
	firmware_set_promiscuous(vf, agreed->promisc);
	firmware_apply_rss(vf);
}

/* --- Queues --- */

static bool queue_busy(const struct fw_vf *vf, bool rx, uint32_t queue)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, queue, &context);
	return context.enabled || !nic_queue_drained(vf->fw->nic, vf->index, rx, queue);
}

static bool queue_set_up(const struct fw_vf *vf, bool rx, uint32_t queue)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, queue, &context);
	return context.len;
}

static uint16_t do_look(struct fw_vf *vf, struct vf_operation *operation)
{
	struct vf_queues queues = {0};

	for (uint32_t q = 0; q < vf->queue_pairs; q++) {
		queues.rx |= queue_set_up(vf, true, q) ? 1u << q : 0;
		queues.tx |= queue_set_up(vf, false, q) ? 1u << q : 0;
		queues.busy |= queue_busy(vf, true, q) || queue_busy(vf, false, q) ? 1u << q : 0;
	}
	queues.pasid_bits = vf->may_tag ? nic_vf_pasid_bits(vf->fw->nic, vf->index) : 0;
	operation->queues = queues;
	return AQ_RC_OK;
}

static bool setup_ok(const struct fw_vf *vf, const struct vf_queue_setup *setup)
{
	return setup->queue < vf->queue_pairs && setup->len && setup->len <= MAX_RING &&
	       !(setup->base % RING_ALIGN) && setup->rx <= 1 &&
	       (!setup->rx || (setup->buffer_bytes >= MIN_BUFFER && setup->timestamps <= 1 &&
			       setup->rxdid <= RXDID_FLEX_NIC));
}

/* The doorbell keeps what software wrote. */
static uint16_t do_set_up(struct fw_vf *vf, struct vf_operation *operation)
{
	const struct vf_queue_setup *setup = &operation->setup;
	struct nic_queue_context context;

	if (!setup_ok(vf, setup))
		return AQ_RC_EINVAL;
	if (queue_busy(vf, setup->rx, setup->queue))
		return AQ_RC_EBUSY;
	nic_queue_context_get(vf->fw->nic, vf->index, setup->rx, setup->queue, &context);
	context.base = setup->base;
	context.len = setup->len;
	context.head = 0;
	if (setup->rx) {
		context.buffer_bytes = setup->buffer_bytes;
		context.max_packet = setup->max_packet;
		context.rxdid = setup->rxdid;
		context.timestamps = setup->timestamps;
	}
	nic_queue_context_set(vf->fw->nic, vf->index, setup->rx, setup->queue, &context);
	return AQ_RC_OK;
}

static void enable_queues(struct fw_vf *vf, const struct vf_queues *queues, bool enable)
{
	for (uint32_t q = 0; q < vf->queue_pairs; q++) {
		if (queues->rx >> q & 1)
			nic_queue_enable(vf->fw->nic, vf->index, true, q, enable);
		if (queues->tx >> q & 1)
			nic_queue_enable(vf->fw->nic, vf->index, false, q, enable);
	}
}

static uint16_t do_enable(struct fw_vf *vf, struct vf_operation *operation)
{
	const struct vf_queues *queues = &operation->queues;
	struct vf_operation look;

	do_look(vf, &look);
	if ((queues->rx & ~look.queues.rx) || (queues->tx & ~look.queues.tx))
		return AQ_RC_EINVAL;
	enable_queues(vf, queues, true);
	return AQ_RC_OK;
}

static bool drained(const struct fw_vf *vf, const struct vf_queues *queues)
{
	for (uint32_t q = 0; q < vf->queue_pairs; q++)
		if (((queues->rx >> q & 1) &&
		     !nic_queue_drained(vf->fw->nic, vf->index, true, q)) ||
		    ((queues->tx >> q & 1) && !nic_queue_drained(vf->fw->nic, vf->index, false, q)))
			return false;
	return true;
}

/*
 * A queue that was disabled and is empty begins at its first descriptor again, in the
 * function's own address space.
 */
static void rewind_queue(struct fw_vf *vf, bool rx, uint32_t queue)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, queue, &context);
	context.head = 0;
	context.tail = 0;
	context.tagged = false;
	context.pasid = 0;
	nic_queue_context_set(vf->fw->nic, vf->index, rx, queue, &context);
}

static void rewind_queues(struct fw_vf *vf, const struct vf_queues *queues)
{
	for (uint32_t q = 0; q < vf->queue_pairs; q++) {
		if (queues->rx >> q & 1)
			rewind_queue(vf, true, q);
		if (queues->tx >> q & 1)
			rewind_queue(vf, false, q);
	}
}

static uint16_t do_disable(struct fw_vf *vf, struct vf_operation *operation)
{
	const struct vf_queues *queues = &operation->queues;

	if (!known_queues(vf, queues->rx | queues->tx))
		return AQ_RC_EINVAL;
	enable_queues(vf, queues, false);
	if (!drained(vf, queues)) {
		vf->disabling = *queues;
		vf->disable_waits = true;
		return VF_OPERATION_LATER;
	}
	rewind_queues(vf, queues);
	return AQ_RC_OK;
}

bool operation_queues_drained(struct fw_vf *vf)
{
	if (!vf->disable_waits || !drained(vf, &vf->disabling))
		return false;
	vf->disable_waits = false;
	rewind_queues(vf, &vf->disabling);
	return true;
}

static uint16_t do_map(struct fw_vf *vf, struct vf_operation *operation)
{
	const struct virtchnl_vector_map *map = &operation->map;

	if (!known_queues(vf, map->rxq_map | map->txq_map) ||
	    map->vector_id >= nic_config(vf->fw->nic)->vectors || map->rxitr_idx > ITR_NONE ||
	    map->txitr_idx > ITR_NONE)
		return AQ_RC_EINVAL;
	for (uint32_t q = 0; q < vf->queue_pairs; q++) {
		if (map->rxq_map >> q & 1)
			nic_queue_map(vf->fw->nic, vf->index, true, q, map->vector_id,
				      map->rxitr_idx);
		if (map->txq_map >> q & 1)
			nic_queue_map(vf->fw->nic, vf->index, false, q, map->vector_id,
				      map->txitr_idx);
	}
	return AQ_RC_OK;
}

static uint16_t do_rate(struct fw_vf *vf, struct vf_operation *operation)
{
	if (operation->rate.queue >= vf->queue_pairs)
		return AQ_RC_EINVAL;
	nic_queue_rate_set(vf->fw->nic, vf->index, operation->rate.queue, operation->rate.kbps);
	return AQ_RC_OK;
}

static uint16_t do_class(struct fw_vf *vf, struct vf_operation *operation)
{
	const struct vf_queue_class *of = &operation->class_of;

	if (of->queue >= vf->queue_pairs || of->class_index >= nic_classes_get(vf->fw->nic)->count)
		return AQ_RC_EINVAL;
	nic_queue_class_set(vf->fw->nic, vf->index, of->queue, of->class_index);
	return AQ_RC_OK;
}

bool firmware_may_tag(const struct fw_vf *vf, uint32_t pasid)
{
	uint32_t bits = nic_vf_pasid_bits(vf->fw->nic, vf->index);

	return vf->may_tag && bits && !(pasid >> bits);
}

static void set_tag(const struct fw_vf *vf, bool rx, const struct vf_queue_tag *tag)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, tag->queue, &context);
	context.tagged = tag->tagged;
	context.pasid = tag->pasid;
	nic_queue_context_set(vf->fw->nic, vf->index, rx, tag->queue, &context);
}

static uint16_t do_tag(struct fw_vf *vf, struct vf_operation *operation)
{
	const struct vf_queue_tag *tag = &operation->tag;

	if (tag->queue >= vf->queue_pairs || tag->tagged > 1 ||
	    (tag->tagged ? !firmware_may_tag(vf, tag->pasid) : tag->pasid != 0))
		return AQ_RC_EINVAL;
	if (queue_busy(vf, true, tag->queue) || queue_busy(vf, false, tag->queue))
		return AQ_RC_EBUSY;
	set_tag(vf, false, tag);
	set_tag(vf, true, tag);
	return AQ_RC_OK;
}

/* --- Filters, VLANs, rules --- */

static uint16_t do_mac_add(struct fw_vf *vf, struct vf_operation *operation)
{
	return result_of(nic_filter_add(vf->fw->nic, vf->index, operation->mac));
}

static uint16_t do_mac_del(struct fw_vf *vf, struct vf_operation *operation)
{
	return result_of(nic_filter_del(vf->fw->nic, vf->index, operation->mac));
}

static uint16_t do_vlan_add(struct fw_vf *vf, struct vf_operation *operation)
{
	if (operation->vlan >= VLAN_IDS)
		return AQ_RC_EINVAL;
	return result_of(nic_vlan_add(vf->fw->nic, vf->index, operation->vlan));
}

static uint16_t do_vlan_del(struct fw_vf *vf, struct vf_operation *operation)
{
	if (operation->vlan >= VLAN_IDS)
		return AQ_RC_EINVAL;
	nic_vlan_del(vf->fw->nic, vf->index, operation->vlan);
	return AQ_RC_OK;
}

static uint16_t do_vlan_offload(struct fw_vf *vf, struct vf_operation *operation)
{
	struct nic_vlan_offload *offload = nic_vlan_offload(vf->fw->nic, vf->index);

	if (operation->offload.which & VF_VLAN_STRIP)
		offload->strip = operation->offload.on & VF_VLAN_STRIP;
	if (operation->offload.which & VF_VLAN_INSERT)
		offload->insert = operation->offload.on & VF_VLAN_INSERT;
	return AQ_RC_OK;
}

static uint16_t do_flow_add(struct fw_vf *vf, struct vf_operation *operation)
{
	if (!firmware_rule_ok(vf->fw->nic, &operation->rule))
		return AQ_RC_EINVAL;
	return result_of(nic_flow_add(vf->fw->nic, vf->index, &operation->rule));
}

static uint16_t do_flow_del(struct fw_vf *vf, struct vf_operation *operation)
{
	return result_of(nic_flow_del(vf->fw->nic, vf->index, operation->flow_id));
}

/* --- What there is --- */

/*
 * A VSI's received bytes have the CRC of each frame, though no driver is given it, and its sent
 * bytes have not: DPDK subtracts it from the former alone (iavf_dev_stats_get,
 * drivers/net/iavf/iavf_ethdev.c).
 */
static uint64_t rx_bytes_with_crc(const struct nic_vf_stats *stats)
{
	return stats->rx_bytes +
	       FRAME_FCS_BYTES * (stats->rx_unicast + stats->rx_multicast + stats->rx_broadcast);
}

static uint16_t do_stats(struct fw_vf *vf, struct vf_operation *operation)
{
	const struct nic_vf_stats *from = nic_vf_stats_get(vf->fw->nic, vf->index);

	operation->stats = (struct virtchnl_eth_stats){
		.rx_bytes = rx_bytes_with_crc(from),
		.rx_unicast = from->rx_unicast,
		.rx_multicast = from->rx_multicast,
		.rx_broadcast = from->rx_broadcast,
		.rx_discards = from->rx_discards,
		.tx_bytes = from->tx_bytes,
		.tx_unicast = from->tx_unicast,
		.tx_multicast = from->tx_multicast,
		.tx_broadcast = from->tx_broadcast,
		.tx_discards = from->tx_discards,
		.tx_errors = from->tx_errors,
	};
	return AQ_RC_OK;
}

static uint16_t do_link(struct fw_vf *vf, struct vf_operation *operation)
{
	operation->link_up = nic_link_up(vf->fw->nic);
	return AQ_RC_OK;
}

static uint16_t do_clock(struct fw_vf *vf, struct vf_operation *operation)
{
	operation->clock_ns = sim_now(vf->fw->sim) / PS_PER_NS;
	return AQ_RC_OK;
}

static uint16_t do_resize(struct fw_vf *vf, struct vf_operation *operation)
{
	uint32_t most = resources_most_pairs(vf);

	if (!operation->queue_pairs || operation->queue_pairs > most) {
		operation->queue_pairs = most;
		return AQ_RC_ERANGE;
	}
	vf->queue_pairs = operation->queue_pairs;
	return AQ_RC_OK;
}

static uint16_t do_reset(struct fw_vf *vf, struct vf_operation *operation)
{
	firmware_forget_vf(vf);
	firmware_ack(vf);
	nic_vf_reset_after_ack(vf->fw->nic, vf->index);
	return AQ_RC_OK;
}

static uint16_t (*const operations[VF_OPERATIONS])(struct fw_vf *vf,
						   struct vf_operation *operation) = {
	[VF_AGREE] = do_agree,
	[VF_QUEUES_LOOK] = do_look,
	[VF_QUEUE_SET_UP] = do_set_up,
	[VF_QUEUES_ENABLE] = do_enable,
	[VF_QUEUES_DISABLE] = do_disable,
	[VF_QUEUES_MAP] = do_map,
	[VF_QUEUE_RATE] = do_rate,
	[VF_QUEUE_CLASS] = do_class,
	[VF_QUEUE_TAG] = do_tag,
	[VF_MAC_ADD] = do_mac_add,
	[VF_MAC_DEL] = do_mac_del,
	[VF_VLAN_ADD] = do_vlan_add,
	[VF_VLAN_DEL] = do_vlan_del,
	[VF_VLAN_OFFLOAD] = do_vlan_offload,
	[VF_FLOW_ADD] = do_flow_add,
	[VF_FLOW_DEL] = do_flow_del,
	[VF_STATS] = do_stats,
	[VF_LINK] = do_link,
	[VF_CLOCK] = do_clock,
	[VF_RESIZE] = do_resize,
	[VF_RESET] = do_reset,
};

uint16_t operation_do(struct fw_vf *vf, struct vf_operation *operation)
{
	if (operation->kind >= VF_OPERATIONS || !operations[operation->kind])
		return AQ_RC_ENOSYS;
	return operations[operation->kind](vf, operation);
}
