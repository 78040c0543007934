/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtchnl: what a VF's driver asks of the firmware, one row a command. Every
 * request but RESET_VF is answered; what no row knows, with NOT_SUPPORTED.
 * Checks are those of PF drivers (Linux i40e_virtchnl_pf.c, virtchnl.h).
 */
#include <errno.h>

#include "base/trace.h"
#include "pf-firmware/fdir_format.h"
#include "pf-firmware/qos_format.h"
#include "pf-firmware/refused_format.h"
#include "pf-firmware/rss_format.h"
#include "pf-firmware/virtchnl_internal.h"

#define OFFERED_CAPS                                                                               \
	(VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_WB_ON_ITR | VIRTCHNL_VF_OFFLOAD_RSS_PF |     \
	 VIRTCHNL_VF_OFFLOAD_VLAN | VIRTCHNL_VF_OFFLOAD_VLAN_V2 | VIRTCHNL_VF_OFFLOAD_REQ_QUEUES | \
	 VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC | VIRTCHNL_VF_OFFLOAD_QOS |                              \
	 VIRTCHNL_VF_OFFLOAD_FDIR_PF | VIRTCHNL_VF_OFFLOAD_USO | VIRTCHNL_VF_OFFLOAD_ENCAP |       \
	 VIRTCHNL_VF_OFFLOAD_ENCAP_CSUM | VIRTCHNL_VF_OFFLOAD_ADV_RSS_PF)
#define MAX_MTU         9702u
#define MAX_RING        8160u
#define MAX_BUFFER      (16u * 1024 - 128)
#define MIN_BUFFER      128u
#define RXDIDS          (BIT(RXDID_LEGACY) | BIT(RXDID_FLEX_NIC))
#define RING_ALIGN      128u
#define HASHCFG_OFFERED RSS_ALL

struct vc_row {
	uint32_t opcode;
	const char *name;
	/* Bytes: `base` and, with `item`, as many of those as the le16 at `count_at` says (1 up).
	 */
	uint16_t base, item, count_at;
	bool needs_resources; /* GET_VF_RESOURCES comes first */
	int32_t (*handle)(struct vc_command *command);
	uint32_t cap; /* that has to be agreed on, or the command is not known */
};

void vc_ack(struct fw_vf *vf, const struct mailbox_message *message)
{
	struct aq_desc desc = message->desc;

	desc.flags |= AQ_FLAG_DD | AQ_FLAG_CMP;
	desc.retval = AQ_RC_OK;
	nic_mailbox_ack(vf->fw->nic, vf->index, &desc, 0);
}

uint16_t vc_vsi_id(const struct fw_vf *vf)
{
	return (uint16_t)(vf->fw->cfg.first_vsi + vf->index);
}

bool vc_vsi_ok(const struct vc_command *command, uint32_t id)
{
	return id == vc_vsi_id(command->vf);
}

/* Most messages begin with it. */
static bool vc_names_vsi(const struct vc_command *command)
{
	return vc_vsi_ok(command, le16_get(command->data));
}

static const struct nic_cfg *vc_cfg(const struct fw_vf *vf)
{
	return nic_config(vf->fw->nic);
}

static int32_t vc_version(struct vc_command *command)
{
	struct virtchnl_version_info version;

	memcpy(&version, command->data, sizeof(version));
	command->vf->virtchnl.version_minor =
		version.major == VIRTCHNL_VERSION_MAJOR ? version.minor : 0;
	version.major = VIRTCHNL_VERSION_MAJOR;
	version.minor = VIRTCHNL_VERSION_MINOR;
	memcpy(command->answer, &version, sizeof(version));
	command->answer_len = sizeof(version);
	return VIRTCHNL_STATUS_SUCCESS;
}

void virtchnl_tell_link(struct fw_vf *vf)
{
	struct virtchnl_pf_event event = {.event = VIRTCHNL_EVENT_LINK_CHANGE,
					  .link_status = nic_link_up(vf->fw->nic)};
	uint32_t mbps = vc_cfg(vf)->link_mbps;

	event.link_speed = (uint32_t)(mbps >= 40000   ? VIRTCHNL_LINK_SPEED_40GB
				      : mbps >= 25000 ? VIRTCHNL_LINK_SPEED_25GB
						      : VIRTCHNL_LINK_SPEED_10GB);
	firmware_answer(vf, VIRTCHNL_OP_EVENT, VIRTCHNL_STATUS_SUCCESS, &event, sizeof(event));
}

static uint32_t vc_offered(const struct fw_vf *vf)
{
	uint32_t may = vf->fw->cfg.capabilities;

	return (uint32_t)OFFERED_CAPS & (may ? may : UINT32_MAX);
}

static int32_t vc_get_resources(struct vc_command *command)
{
	struct fw_vf *vf = command->vf;
	struct virtchnl_vf_resource resource = {
		.num_vsis = 1,
		.num_queue_pairs = (uint16_t)vf->queue_pairs,
		.max_vectors = (uint16_t)vc_cfg(vf)->vectors,
		.max_mtu = MAX_MTU,
		.rss_key_size = VIRTCHNL_RSS_KEY_BYTES,
		.rss_lut_size = VIRTCHNL_RSS_LUT_ENTRIES,
	};
	/* A 1.0 driver sends nothing and gets the base mode. */
	uint32_t wanted = command->len_bytes >= 4 ? le32_get(command->data)
						  : (uint32_t)VIRTCHNL_VF_OFFLOAD_L2;

	resource.vf_cap_flags = (wanted & vc_offered(vf)) | (uint32_t)VIRTCHNL_VF_OFFLOAD_L2;
	/* Who knows the second kind of VLAN messages does not use the first. */
	if (resource.vf_cap_flags & VIRTCHNL_VF_OFFLOAD_VLAN_V2)
		resource.vf_cap_flags &= ~(uint32_t)VIRTCHNL_VF_OFFLOAD_VLAN;
	resource.vsi_res[0].vsi_id = vc_vsi_id(vf);
	resource.vsi_res[0].num_queue_pairs = resource.num_queue_pairs;
	resource.vsi_res[0].vsi_type = VIRTCHNL_VSI_SRIOV;
	memcpy(resource.vsi_res[0].default_mac_addr, vf->virtchnl.mac, 6);
	vf->virtchnl.caps = resource.vf_cap_flags;
	vf->virtchnl.resources_given = true;
	vc_vlan_agreed(vf);
	memcpy(command->answer, &resource, sizeof(resource));
	command->answer_len = sizeof(resource);
	return VIRTCHNL_STATUS_SUCCESS;
}

int32_t vc_reset(struct vc_command *command)
{
	struct fw_vf *vf = command->vf;
	uint32_t version_minor = vf->virtchnl.version_minor;

	firmware_forget_vf(vf);
	vf->virtchnl.version_minor = version_minor;
	vc_ack(vf, command->message);
	nic_vf_reset_after_ack(vf->fw->nic, vf->index);
	return VC_SILENT;
}

/* --- Queues --- */

/* Which format a receive queue writes: without the capability the field says nothing. */
static uint8_t vc_rxdid(const struct fw_vf *vf, const struct virtchnl_rxq_info *info)
{
	bool flex = vf->virtchnl.caps & VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC;

	return flex ? info->rxdid : RXDID_LEGACY;
}

static int32_t vc_rxdids(struct vc_command *command)
{
	le64_put(command->answer, RXDIDS);
	command->answer_len = 8;
	return VIRTCHNL_STATUS_SUCCESS;
}

static bool vc_rx_format_ok(const struct fw_vf *vf, const struct virtchnl_rxq_info *info)
{
	uint8_t rxdid = vc_rxdid(vf, info);

	/* Frames are received without their CRC. */
	return !info->splithdr_enabled && !info->crc_disable && rxdid < 64 && (RXDIDS >> rxdid & 1);
}

static bool vc_queue_pair_ok(const struct fw_vf *vf, const struct virtchnl_queue_pair_info *pair)
{
	const struct virtchnl_txq_info *tx = &pair->txq;
	const struct virtchnl_rxq_info *rx = &pair->rxq;

	return tx->vsi_id == vc_vsi_id(vf) && rx->vsi_id == vc_vsi_id(vf) &&
	       tx->queue_id == rx->queue_id && tx->queue_id < vf->queue_pairs && tx->ring_len &&
	       tx->ring_len % 8 == 0 && tx->ring_len <= MAX_RING && rx->ring_len &&
	       rx->ring_len % 32 == 0 && rx->ring_len <= MAX_RING &&
	       tx->dma_ring_addr % RING_ALIGN == 0 && rx->dma_ring_addr % RING_ALIGN == 0 &&
	       vc_rx_format_ok(vf, rx) && rx->databuffer_size >= MIN_BUFFER &&
	       rx->databuffer_size <= MAX_BUFFER && rx->max_pkt_size >= 64 &&
	       rx->max_pkt_size < 16 * 1024;
}

static bool vc_queue_busy(const struct fw_vf *vf, uint32_t queue)
{
	struct nic_queue_context tx, rx;

	nic_queue_context_get(vf->fw->nic, vf->index, false, queue, &tx);
	nic_queue_context_get(vf->fw->nic, vf->index, true, queue, &rx);
	return tx.enabled || rx.enabled ||
	       !nic_queue_drained(vf->fw->nic, vf->index, false, queue) ||
	       !nic_queue_drained(vf->fw->nic, vf->index, true, queue);
}

/* A ring is set up: it begins at its first descriptor; the doorbell keeps what software wrote. */
static void vc_queue_set_up(struct fw_vf *vf, bool rx, uint32_t queue, uint64_t base, uint32_t len,
			    const struct virtchnl_rxq_info *info)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, queue, &context);
	context.base = base;
	context.len = len;
	context.head = 0;
	if (rx) {
		context.buffer_bytes = info->databuffer_size;
		context.max_packet = info->max_pkt_size;
		context.rxdid = vc_rxdid(vf, info);
	}
	nic_queue_context_set(vf->fw->nic, vf->index, rx, queue, &context);
}

static int32_t vc_config_queues(struct vc_command *command)
{
	struct fw_vf *vf = command->vf;
	uint32_t pairs = le16_get(command->data + 2);
	struct virtchnl_queue_pair_info pair;

	if (!vc_names_vsi(command) || pairs > vf->queue_pairs)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < pairs; i++) {
		memcpy(&pair, command->data + 8 + i * sizeof(pair), sizeof(pair));
		if (!vc_queue_pair_ok(vf, &pair) || vc_queue_busy(vf, pair.txq.queue_id))
			return VIRTCHNL_STATUS_ERR_PARAM;
	}
	for (uint32_t i = 0; i < pairs; i++) {
		memcpy(&pair, command->data + 8 + i * sizeof(pair), sizeof(pair));
		vc_queue_set_up(vf, false, pair.txq.queue_id, pair.txq.dma_ring_addr,
				pair.txq.ring_len, NULL);
		vc_queue_set_up(vf, true, pair.rxq.queue_id, pair.rxq.dma_ring_addr,
				pair.rxq.ring_len, &pair.rxq);
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

/* Queues of a bitmap, all within the VF's. */
static bool vc_select(const struct vc_command *command, struct virtchnl_queue_select *select)
{
	uint64_t all = BIT(command->vf->queue_pairs) - 1;

	memcpy(select, command->data, sizeof(*select));
	return vc_names_vsi(command) && (select->rx_queues | select->tx_queues) &&
	       !((select->rx_queues | select->tx_queues) & ~all);
}

static bool vc_queue_configured(const struct fw_vf *vf, bool rx, uint32_t queue)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, queue, &context);
	return context.len;
}

static int32_t vc_enable_queues(struct vc_command *command)
{
	struct fw_vf *vf = command->vf;
	struct virtchnl_queue_select select;

	if (!vc_select(command, &select))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t q = 0; q < vf->queue_pairs; q++)
		if (((select.rx_queues >> q & 1) && !vc_queue_configured(vf, true, q)) ||
		    ((select.tx_queues >> q & 1) && !vc_queue_configured(vf, false, q)))
			return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t q = 0; q < vf->queue_pairs; q++) {
		if (select.rx_queues >> q & 1)
			nic_queue_enable(vf->fw->nic, vf->index, true, q, true);
		if (select.tx_queues >> q & 1)
			nic_queue_enable(vf->fw->nic, vf->index, false, q, true);
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

static bool vc_selected_drained(struct fw_vf *vf, const struct virtchnl_queue_select *select)
{
	for (uint32_t q = 0; q < vf->queue_pairs; q++)
		if (((select->rx_queues >> q & 1) &&
		     !nic_queue_drained(vf->fw->nic, vf->index, true, q)) ||
		    ((select->tx_queues >> q & 1) &&
		     !nic_queue_drained(vf->fw->nic, vf->index, false, q)))
			return false;
	return true;
}

/* A queue that was disabled and is empty begins at its first descriptor again. */
static void vc_rewind(struct fw_vf *vf, bool rx, uint32_t queue)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, queue, &context);
	context.head = 0;
	context.tail = 0;
	nic_queue_context_set(vf->fw->nic, vf->index, rx, queue, &context);
}

static void vc_rewind_selected(struct fw_vf *vf, const struct virtchnl_queue_select *select)
{
	for (uint32_t q = 0; q < vf->queue_pairs; q++) {
		if (select->rx_queues >> q & 1)
			vc_rewind(vf, true, q);
		if (select->tx_queues >> q & 1)
			vc_rewind(vf, false, q);
	}
}

static int32_t vc_disable_queues(struct vc_command *command)
{
	struct fw_vf *vf = command->vf;
	struct virtchnl_queue_select select;

	if (!vc_select(command, &select))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t q = 0; q < vf->queue_pairs; q++) {
		if (select.rx_queues >> q & 1)
			nic_queue_enable(vf->fw->nic, vf->index, true, q, false);
		if (select.tx_queues >> q & 1)
			nic_queue_enable(vf->fw->nic, vf->index, false, q, false);
	}
	if (!vc_selected_drained(vf, &select))
		return VC_LATER;
	vc_rewind_selected(vf, &select);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* --- Interrupts --- */

static bool vc_map_ok(const struct vc_command *command, const struct virtchnl_vector_map *map)
{
	uint64_t all = BIT(command->vf->queue_pairs) - 1;

	return map->vsi_id == vc_vsi_id(command->vf) &&
	       map->vector_id < vc_cfg(command->vf)->vectors &&
	       !((map->rxq_map | map->txq_map) & ~all) &&
	       (map->vector_id || !(map->rxq_map | map->txq_map)) && map->rxitr_idx <= ITR_NONE &&
	       map->txitr_idx <= ITR_NONE;
}

static int32_t vc_irq_map(struct vc_command *command)
{
	struct fw_vf *vf = command->vf;
	uint32_t vectors = le16_get(command->data);
	struct virtchnl_vector_map map;

	if (vectors > vc_cfg(vf)->vectors)
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < vectors; i++) {
		memcpy(&map, command->data + 2 + i * sizeof(map), sizeof(map));
		if (!vc_map_ok(command, &map))
			return VIRTCHNL_STATUS_ERR_PARAM;
	}
	for (uint32_t i = 0; i < vectors; i++) {
		memcpy(&map, command->data + 2 + i * sizeof(map), sizeof(map));
		for (uint32_t q = 0; q < vf->queue_pairs; q++) {
			if (map.rxq_map >> q & 1)
				nic_queue_map(vf->fw->nic, vf->index, true, q, map.vector_id,
					      map.rxitr_idx);
			if (map.txq_map >> q & 1)
				nic_queue_map(vf->fw->nic, vf->index, false, q, map.vector_id,
					      map.txitr_idx);
		}
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

/* --- Filters --- */

static bool vc_mac_ok(const struct fw_vf *vf, const uint8_t *mac)
{
	static const uint8_t zero[6] = {0};
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (!memcmp(mac, zero, 6) || !memcmp(mac, broadcast, 6))
		return false;
	/* Where the PF's driver has set the address, the VF has no other, unless it is trusted. */
	return (mac[0] & 1) || !vf->mac_by_pf || vf->trusted || !memcmp(mac, vf->mac, 6);
}

static int32_t vc_filters(struct vc_command *command, bool add)
{
	struct fw_vf *vf = command->vf;
	uint32_t count = le16_get(command->data + 2);

	if (!vc_names_vsi(command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < count; i++)
		if (!vc_mac_ok(vf, command->data + 4 + 8 * i))
			return VIRTCHNL_STATUS_ERR_PARAM;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *mac = command->data + 4 + 8 * i;
		int err = add ? nic_filter_add(vf->fw->nic, vf->index, mac)
			      : nic_filter_del(vf->fw->nic, vf->index, mac);

		if (err == -ENOSPC)
			return VIRTCHNL_STATUS_ERR_NO_MEMORY;
	}
	return VIRTCHNL_STATUS_SUCCESS;
}

static int32_t vc_add_addr(struct vc_command *command)
{
	return vc_filters(command, true);
}

static int32_t vc_del_addr(struct vc_command *command)
{
	return vc_filters(command, false);
}

static int32_t vc_promisc(struct vc_command *command)
{
	struct fw_vf *vf = command->vf;
	uint32_t flags = le16_get(command->data + 2);

	if (!vc_names_vsi(command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	/* One that is not trusted is told that it is promiscuous, as i40e and ice tell it. */
	firmware_set_promiscuous(vf, flags);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* --- Statistics, RSS --- */

static int32_t vc_stats(struct vc_command *command)
{
	const struct nic_vf_stats *from =
		nic_vf_stats_get(command->vf->fw->nic, command->vf->index);
	struct virtchnl_eth_stats stats = {
		.rx_bytes = from->rx_bytes,
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

	if (!vc_names_vsi(command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	memcpy(command->answer, &stats, sizeof(stats));
	command->answer_len = sizeof(stats);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* What was agreed on goes to the hardware. */
void virtchnl_apply_rss(struct fw_vf *vf)
{
	struct rss rss = {.types = vf->virtchnl.hashcfg, .symmetric = vf->virtchnl.rss_symmetric};

	memcpy(rss.key, vf->virtchnl.rss_key, sizeof(rss.key));
	memcpy(rss.lut, vf->virtchnl.rss_lut, sizeof(rss.lut));
	memcpy(rss.rule, vf->virtchnl.rss_rule, sizeof(rss.rule));
	nic_rss_set(vf->fw->nic, vf->index, &rss);
}

static int32_t vc_rss(struct vc_command *command, uint8_t *table, uint32_t len)
{
	if (!vc_names_vsi(command) || le16_get(command->data + 2) != len)
		return VIRTCHNL_STATUS_ERR_PARAM;
	memcpy(table, command->data + 4, len);
	virtchnl_apply_rss(command->vf);
	return VIRTCHNL_STATUS_SUCCESS;
}

static int32_t vc_rss_key(struct vc_command *command)
{
	return vc_rss(command, command->vf->virtchnl.rss_key, VIRTCHNL_RSS_KEY_BYTES);
}

static int32_t vc_rss_lut(struct vc_command *command)
{
	return vc_rss(command, command->vf->virtchnl.rss_lut, VIRTCHNL_RSS_LUT_ENTRIES);
}

static int32_t vc_hashcfg_caps(struct vc_command *command)
{
	le64_put(command->answer, HASHCFG_OFFERED);
	command->answer_len = 8;
	return VIRTCHNL_STATUS_SUCCESS;
}

static int32_t vc_hashcfg(struct vc_command *command)
{
	uint64_t wanted = le64_get(command->data);

	if (wanted & ~HASHCFG_OFFERED)
		return VIRTCHNL_STATUS_ERR_PARAM;
	command->vf->virtchnl.hashcfg = wanted;
	memset(command->vf->virtchnl.rss_rule, 0, sizeof(command->vf->virtchnl.rss_rule));
	virtchnl_apply_rss(command->vf);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* Addresses and ports as they are, or what is the same for both directions of a flow. */
static int32_t vc_hfunc(struct vc_command *command)
{
	struct virtchnl_rss_hfunc hfunc;

	memcpy(&hfunc, command->data, sizeof(hfunc));
	if (!vc_names_vsi(command) ||
	    (hfunc.rss_algorithm != VIRTCHNL_RSS_ALG_TOEPLITZ_ASYMMETRIC &&
	     hfunc.rss_algorithm != VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC))
		return VIRTCHNL_STATUS_ERR_PARAM;
	command->vf->virtchnl.rss_symmetric =
		hfunc.rss_algorithm == VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC;
	virtchnl_apply_rss(command->vf);
	return VIRTCHNL_STATUS_SUCCESS;
}

/* --- The table --- */

/* Known, and never offered. */
#define REFUSED(NAME)                                                                              \
	{                                                                                          \
		VIRTCHNL_OP_##NAME, #NAME, 0, 0, 0, false, NULL, 0                                 \
	}

/* clang-format off */
static const struct vc_row vc_rows[] = {
	{VIRTCHNL_OP_VERSION, "VERSION", 8, 0, 0, false, vc_version, 0},
	{VIRTCHNL_OP_RESET_VF, "RESET_VF", 0, 0, 0, false, vc_reset, 0},
	{VIRTCHNL_OP_GET_VF_RESOURCES, "GET_VF_RESOURCES", 0, 0, 0, false, vc_get_resources, 0},
	{VIRTCHNL_OP_CONFIG_VSI_QUEUES, "CONFIG_VSI_QUEUES", 8, 64, 2, true, vc_config_queues, 0},
	{VIRTCHNL_OP_CONFIG_IRQ_MAP, "CONFIG_IRQ_MAP", 2, 12, 0, true, vc_irq_map, 0},
	{VIRTCHNL_OP_ENABLE_QUEUES, "ENABLE_QUEUES", 12, 0, 0, true, vc_enable_queues, 0},
	{VIRTCHNL_OP_DISABLE_QUEUES, "DISABLE_QUEUES", 12, 0, 0, true, vc_disable_queues, 0},
	{VIRTCHNL_OP_ADD_ETH_ADDR, "ADD_ETH_ADDR", 4, 8, 2, true, vc_add_addr, 0},
	{VIRTCHNL_OP_DEL_ETH_ADDR, "DEL_ETH_ADDR", 4, 8, 2, true, vc_del_addr, 0},
	{VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, "CONFIG_PROMISCUOUS_MODE", 4, 0, 0, true, vc_promisc, 0},
	{VIRTCHNL_OP_GET_STATS, "GET_STATS", 12, 0, 0, true, vc_stats, 0},
	{VIRTCHNL_OP_CONFIG_RSS_KEY, "CONFIG_RSS_KEY", 4, 1, 2, true, vc_rss_key, 0},
	{VIRTCHNL_OP_CONFIG_RSS_LUT, "CONFIG_RSS_LUT", 4, 1, 2, true, vc_rss_lut, 0},
	{VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS, "GET_RSS_HASHCFG_CAPS", 0, 0, 0, true, vc_hashcfg_caps, 0},
	{VIRTCHNL_OP_SET_RSS_HASHCFG, "SET_RSS_HASHCFG", 8, 0, 0, true, vc_hashcfg, 0},
	{VIRTCHNL_OP_ADD_VLAN, "ADD_VLAN", 4, 2, 2, true, vc_add_vlan, 0},
	{VIRTCHNL_OP_DEL_VLAN, "DEL_VLAN", 4, 2, 2, true, vc_del_vlan, 0},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING, "ENABLE_VLAN_STRIPPING", 0, 0, 0, true, vc_enable_strip, 0},
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING, "DISABLE_VLAN_STRIPPING", 0, 0, 0, true, vc_disable_strip, 0},
	{VIRTCHNL_OP_REQUEST_QUEUES, "REQUEST_QUEUES", 2, 0, 0, true, vc_request_queues, VIRTCHNL_VF_OFFLOAD_REQ_QUEUES},
	{VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, "GET_SUPPORTED_RXDIDS", 0, 0, 0, true, vc_rxdids, VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC},
	{VIRTCHNL_OP_CONFIG_RSS_HFUNC, "CONFIG_RSS_HFUNC", 8, 0, 0, true, vc_hfunc, VIRTCHNL_VF_OFFLOAD_RSS_PF},
	{VIRTCHNL_OP_ADD_RSS_CFG, "ADD_RSS_CFG", 2444, 0, 0, true, vc_add_rss, VIRTCHNL_VF_OFFLOAD_ADV_RSS_PF},
	{VIRTCHNL_OP_DEL_RSS_CFG, "DEL_RSS_CFG", 2444, 0, 0, true, vc_del_rss, VIRTCHNL_VF_OFFLOAD_ADV_RSS_PF},
	{VIRTCHNL_OP_ADD_FDIR_FILTER, "ADD_FDIR_FILTER", 2616, 0, 0, true, vc_add_fdir, VIRTCHNL_VF_OFFLOAD_FDIR_PF},
	{VIRTCHNL_OP_DEL_FDIR_FILTER, "DEL_FDIR_FILTER", 12, 0, 0, true, vc_del_fdir, VIRTCHNL_VF_OFFLOAD_FDIR_PF},
	{VIRTCHNL_OP_GET_QOS_CAPS, "GET_QOS_CAPS", 0, 0, 0, true, vc_qos_caps, VIRTCHNL_VF_OFFLOAD_QOS},
	{VIRTCHNL_OP_CONFIG_QUEUE_BW, "CONFIG_QUEUE_BW", 4, 12, 2, true, vc_queue_bw, VIRTCHNL_VF_OFFLOAD_QOS},
	{VIRTCHNL_OP_CONFIG_QUANTA, "CONFIG_QUANTA", 12, 0, 0, true, vc_quanta, VIRTCHNL_VF_OFFLOAD_QOS},
	{VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, "GET_OFFLOAD_VLAN_V2_CAPS", 0, 0, 0, true, vc_vlan_v2_caps, 0},
	{VIRTCHNL_OP_ADD_VLAN_V2, "ADD_VLAN_V2", 8, 32, 2, true, vc_add_vlan_v2, 0},
	{VIRTCHNL_OP_DEL_VLAN_V2, "DEL_VLAN_V2", 8, 32, 2, true, vc_del_vlan_v2, 0},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2, "ENABLE_VLAN_STRIPPING_V2", 16, 0, 0, true, vc_enable_strip_v2, 0},
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2, "DISABLE_VLAN_STRIPPING_V2", 16, 0, 0, true, vc_disable_strip_v2, 0},
	{VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2, "ENABLE_VLAN_INSERTION_V2", 16, 0, 0, true, vc_enable_insert_v2, 0},
	{VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2, "DISABLE_VLAN_INSERTION_V2", 16, 0, 0, true, vc_disable_insert_v2, 0},
	REFUSED(CONFIG_TX_QUEUE),
	REFUSED(CONFIG_RX_QUEUE),
	REFUSED(RDMA),
	REFUSED(CONFIG_RDMA_IRQ_MAP),
	REFUSED(RELEASE_RDMA_IRQ_MAP),
	REFUSED(ENABLE_CHANNELS),
	REFUSED(DISABLE_CHANNELS),
	REFUSED(ADD_CLOUD_FILTER),
	REFUSED(DEL_CLOUD_FILTER),
	REFUSED(GET_MAX_RSS_QREGION),
	REFUSED(ENABLE_VLAN_FILTERING_V2),
	REFUSED(DISABLE_VLAN_FILTERING_V2),
	REFUSED(1588_PTP_GET_CAPS),
	REFUSED(1588_PTP_GET_TIME),
	REFUSED(CONFIG_QUEUE_TC_MAP),
	REFUSED(ENABLE_QUEUES_V2),
	REFUSED(DISABLE_QUEUES_V2),
	REFUSED(MAP_QUEUE_VECTOR),
	REFUSED(FLOW_SUBSCRIBE),
	REFUSED(FLOW_UNSUBSCRIBE),
};
/* clang-format on */

static const struct vc_row *vc_find(uint32_t opcode)
{
	for (uint32_t i = 0; i < ARRAY_LEN(vc_rows); i++)
		if (vc_rows[i].opcode == opcode)
			return &vc_rows[i];
	return NULL;
}

const char *firmware_virtchnl_name(uint32_t opcode)
{
	const struct vc_row *row = vc_find(opcode);

	return row ? row->name : NULL;
}

/*
 * Is the message as long as the row says? Drivers that describe the layouts
 * with one-element arrays send one item more (Linux virtchnl_struct_size).
 */
static bool vc_len_ok(const struct vc_row *row, const struct vc_command *command)
{
	uint32_t len = command->len_bytes;
	uint32_t count, rest;

	/* A capability bitmap from version 1.1 on. */
	if (row->opcode == VIRTCHNL_OP_GET_VF_RESOURCES)
		return len == (command->vf->virtchnl.version_minor ? 4u : 0u);
	if (!row->item)
		return len == row->base;
	if (len < row->base)
		return false;
	count = le16_get(command->data + row->count_at);
	if (!count || len < row->base + count * row->item)
		return false;
	rest = len - row->base - count * row->item;
	return !rest || rest == row->item || (row->item == 1 && rest == 2);
}

static int32_t vc_run(struct vc_command *command, uint32_t opcode)
{
	const struct vc_row *row = vc_find(opcode);

	if (!row || !row->handle)
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	if (!vc_len_ok(row, command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	if (row->needs_resources && !command->vf->virtchnl.resources_given)
		return VIRTCHNL_STATUS_ERR_PARAM;
	if (row->cap & ~command->vf->virtchnl.caps)
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	return row->handle(command);
}

/* What the driver learns unasked after a command. */
static void vc_after(struct fw_vf *vf, uint32_t opcode, int32_t status)
{
	if (vf->fw->cfg.tell_link && !status &&
	    (opcode == VIRTCHNL_OP_GET_VF_RESOURCES || opcode == VIRTCHNL_OP_ENABLE_QUEUES))
		virtchnl_tell_link(vf);
}

static void vc_send_message(struct fw_vf *vf, const struct mailbox_message *message)
{
	struct vc_command command = {
		.vf = vf,
		.message = message,
		.data = message->data,
		.len_bytes = message->len_bytes,
	};
	uint32_t opcode = message->desc.cookie_high;
	int32_t status = vc_run(&command, opcode);

	if (status == VC_LATER) {
		vf->disable_waits = true;
		vf->disable = *message;
		return;
	}
	if (status == VC_SILENT)
		return;
	vc_ack(vf, message);
	firmware_answer(vf, opcode, status, command.answer, command.answer_len);
	vc_after(vf, opcode, status);
}

void virtchnl_handle(struct fw_vf *vf, const struct mailbox_message *message)
{
	struct aq_desc desc = message->desc;

	switch (desc.opcode) {
	case AQC_SEND_MSG_TO_PF:
		vc_send_message(vf, message);
		return;
	case AQC_QUEUE_SHUTDOWN:
		vc_ack(vf, message);
		return;
	default:
		desc.flags |= AQ_FLAG_DD | AQ_FLAG_CMP | AQ_FLAG_ERR;
		desc.retval = AQ_RC_ENOSYS;
		nic_mailbox_ack(vf->fw->nic, vf->index, &desc, 0);
	}
}

void virtchnl_queues_drained(struct fw_vf *vf)
{
	struct virtchnl_queue_select select;

	if (!vf->disable_waits)
		return;
	memcpy(&select, vf->disable.data, sizeof(select));
	if (!vc_selected_drained(vf, &select))
		return;
	vf->disable_waits = false;
	vc_rewind_selected(vf, &select);
	vc_ack(vf, &vf->disable);
	firmware_answer(vf, VIRTCHNL_OP_DISABLE_QUEUES, VIRTCHNL_STATUS_SUCCESS, NULL, 0);
}

uint64_t virtchnl_time(const struct firmware *fw, const struct mailbox_message *message)
{
	return fw->cfg.command_ps;
}
