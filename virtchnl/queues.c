/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: how many there are, their rings, which of them work, and which vectors they cause. */
#include "virtchnl/virtchnl_internal.h"

#define MAX_RING   8160u
#define MAX_BUFFER (16u * 1024 - 128)
#define MIN_BUFFER 128u
#define RXDIDS     (BIT(RXDID_LEGACY_16) | BIT(RXDID_LEGACY) | BIT(RXDID_FLEX_NIC))
#define RING_ALIGN 128u

/* Which format a receive queue writes: without the capability the field says nothing. */
static uint8_t vc_rxdid(const struct virtchnl_vf *vf, const struct virtchnl_rxq_info *info)
{
	bool flex = vf->agreed.caps & VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC;

	return flex ? info->rxdid : RXDID_LEGACY;
}

int32_t vc_rxdids(struct vc_command *command)
{
	le64_put(command->answer, RXDIDS);
	command->answer_len = 8;
	return VIRTCHNL_STATUS_SUCCESS;
}

static bool vc_rx_format_ok(const struct virtchnl_vf *vf, const struct virtchnl_rxq_info *info)
{
	uint8_t rxdid = vc_rxdid(vf, info);

	/* Frames are received without their CRC. */
	return !info->splithdr_enabled && !info->crc_disable && rxdid < 64 && (RXDIDS >> rxdid & 1);
}

static bool vc_tx_ring_ok(const struct virtchnl_txq_info *tx)
{
	return tx->ring_len % 8 == 0 && tx->ring_len <= MAX_RING &&
	       tx->dma_ring_addr % RING_ALIGN == 0;
}

static bool vc_rx_ring_ok(const struct virtchnl_vf *vf, const struct virtchnl_rxq_info *rx)
{
	return rx->ring_len % 32 == 0 && rx->ring_len <= MAX_RING &&
	       rx->dma_ring_addr % RING_ALIGN == 0 && vc_rx_format_ok(vf, rx) &&
	       rx->databuffer_size >= MIN_BUFFER && rx->databuffer_size <= MAX_BUFFER &&
	       rx->max_pkt_size >= 64 && rx->max_pkt_size < 16 * 1024;
}

/*
 * A ring without a length is not meant: drivers configure by pairs, but may have more queues
 * of one direction than of the other (DPDK; Linux ice leaves such a ring alone).
 */
static bool vc_queue_pair_ok(const struct virtchnl_vf *vf,
			     const struct virtchnl_queue_pair_info *pair)
{
	const struct virtchnl_txq_info *tx = &pair->txq;
	const struct virtchnl_rxq_info *rx = &pair->rxq;

	return tx->vsi_id == vf->vsi_id && rx->vsi_id == vf->vsi_id &&
	       tx->queue_id == rx->queue_id && tx->queue_id < vf->queue_pairs &&
	       (!tx->ring_len || vc_tx_ring_ok(tx)) && (!rx->ring_len || vc_rx_ring_ok(vf, rx));
}

static struct virtchnl_queue_pair_info vc_queue_pair(const struct vc_command *command, uint32_t n)
{
	struct virtchnl_queue_pair_info pair;

	memcpy(&pair, command->data + 8 + n * sizeof(pair), sizeof(pair));
	return pair;
}

/* Rings that are set up begin at their first descriptors. */
static int32_t vc_queue_pair_set_up(const struct vc_command *command,
				    const struct virtchnl_queue_pair_info *pair)
{
	struct vf_operation tx = {.kind = VF_QUEUE_SET_UP}, rx = {.kind = VF_QUEUE_SET_UP};
	int32_t status = VIRTCHNL_STATUS_SUCCESS;

	tx.setup = (struct vf_queue_setup){.base = pair->txq.dma_ring_addr,
					   .len = pair->txq.ring_len,
					   .queue = pair->txq.queue_id};
	rx.setup = (struct vf_queue_setup){.base = pair->rxq.dma_ring_addr,
					   .len = pair->rxq.ring_len,
					   .buffer_bytes = pair->rxq.databuffer_size,
					   .max_packet = pair->rxq.max_pkt_size,
					   .queue = pair->rxq.queue_id,
					   .rx = true,
					   .rxdid = vc_rxdid(command->vf, &pair->rxq),
					   .timestamps = vc_stamps(command->vf, &pair->rxq)};
	if (tx.setup.len)
		status = vc_do(command, &tx);
	if (!status && rx.setup.len)
		status = vc_do(command, &rx);
	return status;
}

int32_t vc_config_queues(struct vc_command *command)
{
	uint32_t pairs = le16_get(command->data + 2);
	struct vf_operation look = {.kind = VF_QUEUES_LOOK};
	struct virtchnl_queue_pair_info pair;
	int32_t status;

	if (!vc_names_vsi(command) || pairs > command->vf->queue_pairs)
		return VIRTCHNL_STATUS_ERR_PARAM;
	status = vc_do(command, &look);
	for (uint32_t i = 0; !status && i < pairs; i++) {
		pair = vc_queue_pair(command, i);
		if (!vc_queue_pair_ok(command->vf, &pair) ||
		    (look.queues.busy >> pair.txq.queue_id & 1))
			return VIRTCHNL_STATUS_ERR_PARAM;
	}
	for (uint32_t i = 0; !status && i < pairs; i++) {
		pair = vc_queue_pair(command, i);
		status = vc_queue_pair_set_up(command, &pair);
	}
	return status;
}

/* Queues of a bitmap, all within the VF's. */
static bool vc_select(const struct vc_command *command, struct vf_queues *queues)
{
	uint64_t all = BIT(command->vf->queue_pairs) - 1;
	struct virtchnl_queue_select select;

	memcpy(&select, command->data, sizeof(select));
	*queues = (struct vf_queues){.rx = select.rx_queues, .tx = select.tx_queues};
	return vc_names_vsi(command) && (queues->rx | queues->tx) &&
	       !((queues->rx | queues->tx) & ~all);
}

int32_t vc_enable_queues(struct vc_command *command)
{
	struct vf_operation look = {.kind = VF_QUEUES_LOOK}, enable = {.kind = VF_QUEUES_ENABLE};
	int32_t status;

	if (!vc_select(command, &enable.queues))
		return VIRTCHNL_STATUS_ERR_PARAM;
	status = vc_do(command, &look);
	if (status)
		return status;
	if ((enable.queues.rx & ~look.queues.rx) || (enable.queues.tx & ~look.queues.tx))
		return VIRTCHNL_STATUS_ERR_PARAM;
	return vc_do(command, &enable);
}

int32_t vc_disable_queues(struct vc_command *command)
{
	struct vf_operation disable = {.kind = VF_QUEUES_DISABLE};

	if (!vc_select(command, &disable.queues))
		return VIRTCHNL_STATUS_ERR_PARAM;
	return vc_do(command, &disable);
}

static bool vc_map_ok(const struct vc_command *command, const struct virtchnl_vector_map *map)
{
	uint64_t all = BIT(command->vf->queue_pairs) - 1;

	return vc_vsi_ok(command, map->vsi_id) && map->vector_id < command->vf->vectors &&
	       !((map->rxq_map | map->txq_map) & ~all) &&
	       (map->vector_id || !(map->rxq_map | map->txq_map)) && map->rxitr_idx <= ITR_NONE &&
	       map->txitr_idx <= ITR_NONE;
}

static struct virtchnl_vector_map vc_map(const struct vc_command *command, uint32_t n)
{
	struct virtchnl_vector_map map;

	memcpy(&map, command->data + 2 + n * sizeof(map), sizeof(map));
	return map;
}

int32_t vc_irq_map(struct vc_command *command)
{
	uint32_t vectors = le16_get(command->data);
	int32_t status = VIRTCHNL_STATUS_SUCCESS;

	if (vectors > command->vf->vectors)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < vectors; i++) {
		struct virtchnl_vector_map map = vc_map(command, i);

		if (!vc_map_ok(command, &map))
			return VIRTCHNL_STATUS_ERR_PARAM;
	}
	for (uint32_t i = 0; !status && i < vectors; i++) {
		struct vf_operation operation = {.kind = VF_QUEUES_MAP};

		operation.map = vc_map(command, i);
		status = vc_do(command, &operation);
	}
	return status;
}

/*
 * More or fewer queue pairs, from what VFs share (what is answered is as in Linux ice's
 * virt/queues.c).
 */
int32_t vc_request_queues(struct vc_command *command)
{
	struct vf_operation resize = {.kind = VF_RESIZE};
	uint16_t result;

	resize.queue_pairs = le16_get(command->data);
	result = vc_operate(command, &resize);
	if (result == AQ_RC_ERANGE) {
		le16_put(command->answer, (uint16_t)resize.queue_pairs);
		command->answer_len = sizeof(struct virtchnl_vf_res_request);
		return VIRTCHNL_STATUS_SUCCESS;
	}
	if (result)
		return vc_status(result);
	virtchnl_tell_reset(command->device);
	return vc_reset(command);
}
