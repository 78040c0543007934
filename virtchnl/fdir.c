/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the flow director: protocol headers become a pattern of octets, actions what
 * becomes of frames. A rule that cannot be is answered with ERR_PARAM and a status in the
 * message, one that is refused for another cause with SUCCESS and a status (Linux ice's
 * virt/fdir.c).
 */
#include "model/nic/ip_format.h"
#include "pf-firmware/fdir_format.h"
#include "virtchnl/virtchnl_internal.h"

_Static_assert(sizeof(struct virtchnl_fdir_add) == 2616, "virtchnl_fdir_add");

/* ---- patterns ---- */

enum layer { LAYER_ETH, LAYER_IP, LAYER_L4, LAYERS };

static const struct header {
	int32_t type;
	uint8_t layer, at; /* its octets within the pattern */
	uint8_t version, proto;
} headers[] = {
	{VIRTCHNL_PROTO_HDR_ETH, LAYER_ETH, FLOW_ETH_AT, 0, 0},
	{VIRTCHNL_PROTO_HDR_IPV4, LAYER_IP, FLOW_IP_AT, 4, 0},
	{VIRTCHNL_PROTO_HDR_IPV6, LAYER_IP, FLOW_IP_AT, 6, 0},
	{VIRTCHNL_PROTO_HDR_TCP, LAYER_L4, FLOW_L4_AT, 0, IP_PROTO_TCP},
	{VIRTCHNL_PROTO_HDR_UDP, LAYER_L4, FLOW_L4_AT, 0, IP_PROTO_UDP},
	{VIRTCHNL_PROTO_HDR_SCTP, LAYER_L4, FLOW_L4_AT, 0, IP_PROTO_SCTP},
};

#define IPV6_PREFIX(BYTES, NTH)                                                                    \
	{VIRTCHNL_PROTO_HDR_IPV6, PROTO_FIELD_PREFIX_SRC + 2 * (NTH), 8, BYTES, 0xff, 0xff},       \
	{                                                                                          \
		VIRTCHNL_PROTO_HDR_IPV6, PROTO_FIELD_PREFIX_SRC + 2 * (NTH) + 1, 24, BYTES, 0xff,  \
			0xff                                                                       \
	}
#define PORTS(TYPE)                                                                                \
	{TYPE, PROTO_FIELD_SRC, 0, 2, 0xff, 0xff},                                                 \
	{                                                                                          \
		TYPE, PROTO_FIELD_DST, 2, 2, 0xff, 0xff                                            \
	}

/* Where a header's field is, and which bits of its first octet and of the others. */
static const struct field {
	int32_t type;
	uint8_t bit, at, len, first, others;
} fields[] = {
	{VIRTCHNL_PROTO_HDR_ETH, PROTO_FIELD_SRC, 6, 6, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_ETH, PROTO_FIELD_DST, 0, 6, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_ETH, PROTO_FIELD_ETHERTYPE, 12, 2, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV4, PROTO_FIELD_SRC, 12, 4, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV4, PROTO_FIELD_DST, 16, 4, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV4, PROTO_FIELD_CLASS, 1, 1, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV4, PROTO_FIELD_HOPS, 8, 1, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV4, PROTO_FIELD_PROTO, 9, 1, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV6, PROTO_FIELD_SRC, 8, 16, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV6, PROTO_FIELD_DST, 24, 16, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV6, PROTO_FIELD_CLASS, 0, 2, 0x0f, 0xf0},
	{VIRTCHNL_PROTO_HDR_IPV6, PROTO_FIELD_HOPS, 7, 1, 0xff, 0xff},
	{VIRTCHNL_PROTO_HDR_IPV6, PROTO_FIELD_PROTO, 6, 1, 0xff, 0xff},
	IPV6_PREFIX(4, 0),
	IPV6_PREFIX(5, 1),
	IPV6_PREFIX(6, 2),
	IPV6_PREFIX(7, 3),
	IPV6_PREFIX(8, 4),
	IPV6_PREFIX(12, 5),
	PORTS(VIRTCHNL_PROTO_HDR_TCP),
	PORTS(VIRTCHNL_PROTO_HDR_UDP),
	PORTS(VIRTCHNL_PROTO_HDR_SCTP),
};

static const struct header *header_of(int32_t type)
{
	for (uint32_t i = 0; i < ARRAY_LEN(headers); i++)
		if (headers[i].type == type)
			return &headers[i];
	return NULL;
}

static void add_field(struct flow_rule *rule, const struct field *field, const uint8_t *octets,
		      uint32_t at)
{
	for (uint32_t i = 0; i < field->len; i++) {
		uint8_t mask = i ? field->others : field->first;

		rule->mask[at + i] |= mask;
		rule->value[at + i] |= octets[i] & mask;
	}
}

/* The fields of a header that are selected, all of which must be known. */
static bool add_fields(struct flow_rule *rule, const struct header *header,
		       const struct virtchnl_proto_hdr *from)
{
	uint32_t left = from->field_selector;

	for (uint32_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *field = &fields[i];

		if (field->type != from->type || !(left >> field->bit & 1))
			continue;
		add_field(rule, field, from->buffer + field->at, header->at + field->at);
		left &= ~(uint32_t)BIT(field->bit);
	}
	return !left;
}

/* Headers from outside in, none twice, and something to look at. */
static bool take_pattern(struct flow_rule *rule, const struct virtchnl_proto_hdrs *from)
{
	uint32_t layer = LAYER_ETH, selected = 0;

	if (from->tunnel_level || from->count > LAYERS)
		return false;
	for (uint32_t i = 0; i < from->count; i++) {
		const struct header *header = header_of(from->proto_hdr[i].type);

		if (!header || header->layer < layer || (header->proto && !rule->version) ||
		    !add_fields(rule, header, &from->proto_hdr[i]))
			return false;
		layer = header->layer + 1u;
		rule->version |= header->version;
		rule->proto |= header->proto;
		selected |= from->proto_hdr[i].field_selector;
	}
	return selected;
}

/* ---- actions ---- */

static bool queues_ok(const struct virtchnl_vf *vf, const struct flow_rule *rule)
{
	return rule->region_log2 < 16 && rule->queue + (1u << rule->region_log2) <= vf->queue_pairs;
}

/* One that says where frames go. */
static bool take_fate(const struct virtchnl_vf *vf, struct flow_rule *rule,
		      const struct virtchnl_filter_action *action)
{
	static const struct {
		int32_t type;
		enum flow_fate fate;
	} fates[] = {
		{VIRTCHNL_ACTION_DROP, FLOW_DROP},
		{VIRTCHNL_ACTION_PASSTHRU, FLOW_PASS},
		{VIRTCHNL_ACTION_QUEUE, FLOW_QUEUE},
		{VIRTCHNL_ACTION_Q_REGION, FLOW_REGION},
	};
	uint32_t i = 0;

	while (i < ARRAY_LEN(fates) && fates[i].type != action->type)
		i++;
	if (i == ARRAY_LEN(fates))
		return false;
	rule->fate = (uint8_t)fates[i].fate;
	if (rule->fate == FLOW_QUEUE || rule->fate == FLOW_REGION)
		rule->queue = action->act_conf.queue.index;
	if (rule->fate == FLOW_REGION)
		rule->region_log2 = action->act_conf.queue.region;
	return queues_ok(vf, rule);
}

/* At most one mark and one fate; a mark alone leaves frames to RSS. */
static bool take_actions(const struct virtchnl_vf *vf, struct flow_rule *rule,
			 const struct virtchnl_fdir_add *add)
{
	uint32_t fates = 0;

	if (!add->action_count || add->action_count > VIRTCHNL_MAX_NUM_ACTIONS)
		return false;
	for (uint32_t i = 0; i < add->action_count; i++) {
		const struct virtchnl_filter_action *action = &add->actions[i];

		if (action->type == VIRTCHNL_ACTION_MARK && !rule->marks) {
			rule->marks = 1;
			rule->mark = action->act_conf.mark_id;
		} else if (fates++ || !take_fate(vf, rule, action)) {
			return false;
		}
	}
	return true;
}

/* ---- commands ---- */

static int32_t answer_add(struct vc_command *command, uint32_t flow_id, int32_t status)
{
	le32_put(command->answer + 4, flow_id);
	le32_put(command->answer + MAILBOX_REPLY_BYTES - MAILBOX_END_BYTES, (uint32_t)status);
	command->answer_len = sizeof(struct virtchnl_fdir_add);
	return status == VIRTCHNL_FDIR_FAILURE_RULE_INVALID ? VIRTCHNL_STATUS_ERR_PARAM
							    : VIRTCHNL_STATUS_SUCCESS;
}

int32_t vc_add_fdir(struct vc_command *command)
{
	struct vf_operation operation = {.kind = VF_FLOW_ADD};
	struct flow_rule *rule = &operation.rule;
	struct virtchnl_fdir_add add;

	memset(rule, 0, sizeof(*rule));
	memcpy(&add, command->data, sizeof(add));
	if (!vc_vsi_ok(command, add.vsi_id))
		return VIRTCHNL_STATUS_ERR_PARAM;
	if (!take_pattern(rule, &add.proto_hdrs) || !take_actions(command->vf, rule, &add))
		return answer_add(command, 0, VIRTCHNL_FDIR_FAILURE_RULE_INVALID);
	if (add.validate_only)
		return answer_add(command, 0, VIRTCHNL_FDIR_SUCCESS);
	switch (vc_operate(command, &operation)) {
	case AQ_RC_OK:
		return answer_add(command, rule->id, VIRTCHNL_FDIR_SUCCESS);
	case AQ_RC_EEXIST:
		return answer_add(command, 0, VIRTCHNL_FDIR_FAILURE_RULE_EXIST);
	case AQ_RC_ENOENT:
	case AQ_RC_EFLUSHED:
		return VC_SILENT;
	default:
		return answer_add(command, 0, VIRTCHNL_FDIR_FAILURE_RULE_NORESOURCE);
	}
}

int32_t vc_del_fdir(struct vc_command *command)
{
	struct virtchnl_fdir_del del, answer = {.status = VIRTCHNL_FDIR_SUCCESS};
	struct vf_operation operation = {.kind = VF_FLOW_DEL};
	uint16_t result;

	memcpy(&del, command->data, sizeof(del));
	if (!vc_vsi_ok(command, del.vsi_id))
		return VIRTCHNL_STATUS_ERR_PARAM;
	operation.flow_id = del.flow_id;
	result = vc_operate(command, &operation);
	if (result && result != AQ_RC_ESRCH)
		return vc_status(result);
	if (result)
		answer.status = VIRTCHNL_FDIR_FAILURE_RULE_NONEXIST;
	memcpy(command->answer, &answer, sizeof(answer));
	command->answer_len = sizeof(answer);
	return VIRTCHNL_STATUS_SUCCESS;
}
