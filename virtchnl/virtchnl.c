/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtchnl: what a VF's driver asks of its PF, one row a command. Every
 * request but RESET_VF is answered; what no row knows, with NOT_SUPPORTED.
 * Checks are those of PF drivers (Linux i40e_virtchnl_pf.c, virtchnl.h).
 */
#include "model/nic/frame_format.h"
#include "pf-firmware/fdir_format.h"
#include "pf-firmware/pasid_format.h"
#include "pf-firmware/ptp_format.h"
#include "pf-firmware/qos_format.h"
#include "pf-firmware/refused_format.h"
#include "pf-firmware/rss_format.h"
#include "virtchnl/virtchnl_internal.h"

#define OFFERED_CAPS                                                                               \
	(VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_WB_ON_ITR | VIRTCHNL_VF_OFFLOAD_RSS_PF |     \
	 VIRTCHNL_VF_OFFLOAD_VLAN | VIRTCHNL_VF_OFFLOAD_VLAN_V2 | VIRTCHNL_VF_OFFLOAD_REQ_QUEUES | \
	 VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC | VIRTCHNL_VF_OFFLOAD_QOS |                              \
	 VIRTCHNL_VF_OFFLOAD_FDIR_PF | VIRTCHNL_VF_OFFLOAD_USO | VIRTCHNL_VF_OFFLOAD_ENCAP |       \
	 VIRTCHNL_VF_OFFLOAD_ENCAP_CSUM | VIRTCHNL_VF_OFFLOAD_ADV_RSS_PF |                         \
	 VIRTCHNL_VF_CAP_ADV_LINK_SPEED | VIRTCHNL_VF_CAP_PTP)
/* What a driver has that cannot ask. */
#define FIRST_CAPS (VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_VLAN)

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

uint16_t vc_operate(const struct vc_command *command, struct vf_operation *operation)
{
	return command->device->operate(command->device->ctx, operation);
}

int32_t vc_status(uint16_t result)
{
	switch (result) {
	case AQ_RC_OK:
		return VIRTCHNL_STATUS_SUCCESS;
	case VF_OPERATION_LATER:
		return VC_LATER;
	case AQ_RC_ENOENT:
	case AQ_RC_EFLUSHED:
		return VC_SILENT;
	default:
		return VIRTCHNL_STATUS_ERR_ADMIN_QUEUE_ERROR;
	}
}

int32_t vc_do(const struct vc_command *command, struct vf_operation *operation)
{
	return vc_status(vc_operate(command, operation));
}

int32_t vc_agree(const struct vc_command *command)
{
	struct vf_operation agree = {.kind = VF_AGREE};

	agree.agreed = command->vf->agreed;
	return vc_do(command, &agree);
}

bool vc_vsi_ok(const struct vc_command *command, uint32_t id)
{
	return id == command->vf->vsi_id;
}

bool vc_names_vsi(const struct vc_command *command)
{
	return vc_vsi_ok(command, le16_get(command->data));
}

/* A driver of 1.0 does not go on with a PF that says more. */
static int32_t vc_version(struct vc_command *command)
{
	struct virtchnl_version_info version;
	bool ours, first;

	memcpy(&version, command->data, sizeof(version));
	ours = version.major == VIRTCHNL_VERSION_MAJOR;
	first = ours && !version.minor;
	command->vf->agreed.version_minor = ours ? version.minor : 0;
	version.major = VIRTCHNL_VERSION_MAJOR;
	version.minor = first ? 0 : VIRTCHNL_VERSION_MINOR;
	memcpy(command->answer, &version, sizeof(version));
	command->answer_len = sizeof(version);
	return vc_agree(command);
}

/* The nearest that is not faster: what is beyond the last has its bit (Linux ice). */
static uint32_t link_speed_bit(uint32_t mbps)
{
	static const struct {
		uint32_t mbps, bit;
	} speeds[] = {
		{40000, VIRTCHNL_LINK_SPEED_40GB}, {25000, VIRTCHNL_LINK_SPEED_25GB},
		{20000, VIRTCHNL_LINK_SPEED_20GB}, {10000, VIRTCHNL_LINK_SPEED_10GB},
		{5000, VIRTCHNL_LINK_SPEED_5GB},   {2500, VIRTCHNL_LINK_SPEED_2_5GB},
		{1000, VIRTCHNL_LINK_SPEED_1GB},   {100, VIRTCHNL_LINK_SPEED_100MB},
	};

	for (uint32_t i = 0; i < ARRAY_LEN(speeds); i++)
		if (mbps >= speeds[i].mbps)
			return speeds[i].bit;
	return 0;
}

void virtchnl_tell_reset(const struct virtchnl_device *device)
{
	static const struct virtchnl_pf_event impending = {
		.event = VIRTCHNL_EVENT_RESET_IMPENDING,
		.severity = VIRTCHNL_SEVERITY_CERTAIN_DOOM,
	};

	device->event(device->ctx, &impending);
}

void virtchnl_tell_link(const struct virtchnl_device *device, const struct virtchnl_vf *vf)
{
	struct virtchnl_pf_event event = {.event = VIRTCHNL_EVENT_LINK_CHANGE};
	struct vf_operation link = {.kind = VF_LINK};

	if (device->operate(device->ctx, &link))
		return;
	event.link_status = (uint8_t)link.link_up;
	event.link_speed = vf->agreed.caps & VIRTCHNL_VF_CAP_ADV_LINK_SPEED
				   ? vf->link_mbps
				   : link_speed_bit(vf->link_mbps);
	device->event(device->ctx, &event);
}

static uint32_t vc_offered(const struct virtchnl_vf *vf)
{
	uint32_t offered = (uint32_t)OFFERED_CAPS & (vf->may_offer ? vf->may_offer : UINT32_MAX);

	if (vf->has_port_vlan)
		offered &= ~(uint32_t)(VIRTCHNL_VF_OFFLOAD_VLAN | VIRTCHNL_VF_OFFLOAD_VLAN_V2);
	return offered;
}

static int32_t vc_get_resources(struct vc_command *command)
{
	struct virtchnl_vf *vf = command->vf;
	struct virtchnl_vf_resource resource = {
		.num_vsis = 1,
		.num_queue_pairs = (uint16_t)vf->queue_pairs,
		.max_vectors = (uint16_t)vf->vectors,
		.max_mtu = FRAME_MAX_BYTES, /* not an MTU, whatever it is called */
		.rss_key_size = VIRTCHNL_RSS_KEY_BYTES,
		.rss_lut_size = VIRTCHNL_RSS_LUT_ENTRIES,
	};
	uint32_t wanted = command->len_bytes >= 4 ? le32_get(command->data) : (uint32_t)FIRST_CAPS;
	int32_t status;

	resource.vf_cap_flags = (wanted & vc_offered(vf)) | (uint32_t)VIRTCHNL_VF_OFFLOAD_L2;
	/* Who knows the second kind of VLAN messages does not use the first. */
	if (resource.vf_cap_flags & VIRTCHNL_VF_OFFLOAD_VLAN_V2)
		resource.vf_cap_flags &= ~(uint32_t)VIRTCHNL_VF_OFFLOAD_VLAN;
	resource.vsi_res[0].vsi_id = vf->vsi_id;
	resource.vsi_res[0].num_queue_pairs = resource.num_queue_pairs;
	resource.vsi_res[0].vsi_type = VIRTCHNL_VSI_SRIOV;
	memcpy(resource.vsi_res[0].default_mac_addr, vf->agreed.mac, 6);
	vf->agreed.caps = resource.vf_cap_flags;
	vf->agreed.resources_given = true;
	memcpy(command->answer, &resource, sizeof(resource));
	command->answer_len = sizeof(resource);
	status = vc_agree(command);
	return status ? status : vc_vlan_agreed(command);
}

int32_t vc_reset(struct vc_command *command)
{
	struct vf_operation reset = {.kind = VF_RESET};
	int32_t status = vc_do(command, &reset);

	return status ? status : VC_SILENT;
}

/* --- Statistics --- */

static int32_t vc_stats(struct vc_command *command)
{
	struct vf_operation stats = {.kind = VF_STATS};
	int32_t status;

	if (!vc_names_vsi(command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	status = vc_do(command, &stats);
	if (status)
		return status;
	memcpy(command->answer, &stats.stats, sizeof(stats.stats));
	command->answer_len = sizeof(stats.stats);
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
	{VIRTCHNL_OP_ADD_VLAN, "ADD_VLAN", 4, 2, 2, true, vc_add_vlan, VIRTCHNL_VF_OFFLOAD_VLAN},
	{VIRTCHNL_OP_DEL_VLAN, "DEL_VLAN", 4, 2, 2, true, vc_del_vlan, VIRTCHNL_VF_OFFLOAD_VLAN},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING, "ENABLE_VLAN_STRIPPING", 0, 0, 0, true, vc_enable_strip, VIRTCHNL_VF_OFFLOAD_VLAN},
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING, "DISABLE_VLAN_STRIPPING", 0, 0, 0, true, vc_disable_strip, VIRTCHNL_VF_OFFLOAD_VLAN},
	{VIRTCHNL_OP_REQUEST_QUEUES, "REQUEST_QUEUES", 2, 0, 0, true, vc_request_queues, VIRTCHNL_VF_OFFLOAD_REQ_QUEUES},
	{VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, "GET_SUPPORTED_RXDIDS", 0, 0, 0, true, vc_rxdids, VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC},
	{VIRTCHNL_OP_CONFIG_RSS_HFUNC, "CONFIG_RSS_HFUNC", 8, 0, 0, true, vc_hfunc, VIRTCHNL_VF_OFFLOAD_RSS_PF},
	{VIRTCHNL_OP_ADD_RSS_CFG, "ADD_RSS_CFG", 2444, 0, 0, true, vc_add_rss, VIRTCHNL_VF_OFFLOAD_ADV_RSS_PF},
	{VIRTCHNL_OP_DEL_RSS_CFG, "DEL_RSS_CFG", 2444, 0, 0, true, vc_del_rss, VIRTCHNL_VF_OFFLOAD_ADV_RSS_PF},
	{VIRTCHNL_OP_ADD_FDIR_FILTER, "ADD_FDIR_FILTER", 2616, 0, 0, true, vc_add_fdir, VIRTCHNL_VF_OFFLOAD_FDIR_PF},
	{VIRTCHNL_OP_DEL_FDIR_FILTER, "DEL_FDIR_FILTER", 12, 0, 0, true, vc_del_fdir, VIRTCHNL_VF_OFFLOAD_FDIR_PF},
	{VIRTCHNL_OP_GET_QOS_CAPS, "GET_QOS_CAPS", 0, 0, 0, true, vc_qos_caps, VIRTCHNL_VF_OFFLOAD_QOS},
	{VIRTCHNL_OP_CONFIG_QUEUE_TC_MAP, "CONFIG_QUEUE_TC_MAP", 8, 4, 2, true, vc_tc_map, VIRTCHNL_VF_OFFLOAD_QOS},
	{VIRTCHNL_OP_CONFIG_QUEUE_BW, "CONFIG_QUEUE_BW", 4, 12, 2, true, vc_queue_bw, VIRTCHNL_VF_OFFLOAD_QOS},
	{VIRTCHNL_OP_CONFIG_QUANTA, "CONFIG_QUANTA", 12, 0, 0, true, vc_quanta, VIRTCHNL_VF_OFFLOAD_QOS},
	{VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, "GET_OFFLOAD_VLAN_V2_CAPS", 0, 0, 0, true, vc_vlan_v2_caps, VIRTCHNL_VF_OFFLOAD_VLAN_V2},
	{VIRTCHNL_OP_ADD_VLAN_V2, "ADD_VLAN_V2", 8, 32, 2, true, vc_add_vlan_v2, VIRTCHNL_VF_OFFLOAD_VLAN_V2},
	{VIRTCHNL_OP_DEL_VLAN_V2, "DEL_VLAN_V2", 8, 32, 2, true, vc_del_vlan_v2, VIRTCHNL_VF_OFFLOAD_VLAN_V2},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2, "ENABLE_VLAN_STRIPPING_V2", 16, 0, 0, true, vc_enable_strip_v2, VIRTCHNL_VF_OFFLOAD_VLAN_V2},
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2, "DISABLE_VLAN_STRIPPING_V2", 16, 0, 0, true, vc_disable_strip_v2, VIRTCHNL_VF_OFFLOAD_VLAN_V2},
	{VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2, "ENABLE_VLAN_INSERTION_V2", 16, 0, 0, true, vc_enable_insert_v2, VIRTCHNL_VF_OFFLOAD_VLAN_V2},
	{VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2, "DISABLE_VLAN_INSERTION_V2", 16, 0, 0, true, vc_disable_insert_v2, VIRTCHNL_VF_OFFLOAD_VLAN_V2},
	{VIRTCHNL_OP_1588_PTP_GET_CAPS, "1588_PTP_GET_CAPS", 48, 0, 0, true, vc_ptp_caps, VIRTCHNL_VF_CAP_PTP},
	{VIRTCHNL_OP_1588_PTP_GET_TIME, "1588_PTP_GET_TIME", 16, 0, 0, true, vc_ptp_time, VIRTCHNL_VF_CAP_PTP},
	{VIRTCHNL_OP_QUEUE_PASID, "QUEUE_PASID", 4, 8, 2, true, vc_queue_pasid, 0},
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

const char *virtchnl_name(uint32_t opcode)
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
		return len == (command->vf->agreed.version_minor ? 4u : 0u);
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

	if (!row || !row->handle || !vc_granted(command->vf, opcode))
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	if (!vc_len_ok(row, command))
		return VIRTCHNL_STATUS_ERR_PARAM;
	if (row->needs_resources && !command->vf->agreed.resources_given)
		return VIRTCHNL_STATUS_ERR_PARAM;
	if (row->cap & ~command->vf->agreed.caps)
		return VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	return row->handle(command);
}

void virtchnl_handle(const struct virtchnl_device *device, struct virtchnl_vf *vf, uint32_t opcode,
		     const void *data, uint32_t len_bytes)
{
	struct vc_command command = {
		.device = device, .vf = vf, .data = data, .len_bytes = len_bytes};
	int32_t status = vc_run(&command, opcode);

	if (status == VC_LATER || status == VC_SILENT)
		return;
	device->answer(device->ctx, opcode, status, command.answer, command.answer_len);
	/* What the driver learns unasked after a command. */
	if (vf->tell_link && !status &&
	    (opcode == VIRTCHNL_OP_GET_VF_RESOURCES || opcode == VIRTCHNL_OP_ENABLE_QUEUES))
		virtchnl_tell_link(device, vf);
}
