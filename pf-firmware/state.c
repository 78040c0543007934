/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a VF's state, one function a record: it writes the record's body
 * and reads it. A loaded value is checked before anything is applied: a stream
 * with a right checksum is still not trusted. The MSI-X table is not carried:
 * it is configuration that the VMM restores.
 */
#include "pf-firmware/firmware_internal.h"

#define STATE_VENDOR   0x8086u
#define STATE_PRODUCT  0x1889u
#define STATE_MAX_RING 8160u

void codec_bytes(struct state_codec *codec, void *data, uint32_t len_bytes)
{
	if ((size_t)(codec->end - codec->at) < len_bytes) {
		codec->bad = true;
		if (codec->load)
			memset(data, 0, len_bytes);
		return;
	}
	if (codec->load)
		memcpy(data, codec->at, len_bytes);
	else
		memcpy(codec->at, data, len_bytes);
	codec->at += len_bytes;
}

void codec_u32(struct state_codec *codec, uint32_t *value)
{
	uint8_t word[4];

	le32_put(word, *value);
	codec_bytes(codec, word, sizeof(word));
	*value = le32_get(word);
}

void codec_u64(struct state_codec *codec, uint64_t *value)
{
	uint8_t word[8];

	le64_put(word, *value);
	codec_bytes(codec, word, sizeof(word));
	*value = le64_get(word);
}

void codec_index(struct state_codec *codec, uint32_t *value, uint32_t max)
{
	codec_u32(codec, value);
	if (codec->load && *value > max) {
		codec->bad = true;
		*value = 0;
	}
}

void codec_bool(struct state_codec *codec, bool *value)
{
	uint32_t word = *value;

	codec_index(codec, &word, 1);
	*value = word;
}

static struct nic *state_nic(const struct fw_vf *vf)
{
	return vf->fw->nic;
}

/* --- Records --- */

/* A number that both ends must agree on. */
static void carry_equal(struct state_codec *codec, uint32_t own)
{
	uint32_t value = own;

	codec_u32(codec, &value);
	codec->bad |= value != own;
}

static void carry_device(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	carry_equal(codec, STATE_VENDOR);
	carry_equal(codec, STATE_PRODUCT);
	carry_equal(codec, nic_config(state_nic(vf))->queue_pairs);
	carry_equal(codec, nic_config(state_nic(vf))->vectors);
}

/* Registers that hold what was written; those with a behaviour of their own are other records. */
static void carry_registers(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	struct regs *regs = nic_vf_regs(state_nic(vf), vf->index);

	for (uint32_t r = 0; r < regs->table->rows; r++) {
		const struct reg_row *row = &regs->table->row[r];
		uint64_t bits = row->ro | row->rw | row->w1c | row->rc;

		for (uint32_t i = 0; !row->on_read && i < MAX(row->count, 1); i++) {
			uint32_t value = (uint32_t)regs_get(regs, r, i);

			carry_equal(codec, row->offset + i * row->stride);
			codec_u32(codec, &value);
			codec->bad |= value & ~bits;
			if (apply)
				regs_set(regs, r, i, value);
		}
	}
}

/* A tag that the VF may not have here has no place, whatever the VF might do elsewhere, nor has a
 * class that this port lacks. */
static void carry_queue_flags(const struct fw_vf *vf, struct state_codec *codec,
			      struct nic_queue_context *context)
{
	const uint32_t known = STATE_QUEUE_ENABLED | STATE_QUEUE_TAGGED | STATE_QUEUE_STAMPS |
			       STATE_QUEUE_CLASS | STATE_QUEUE_PASID;
	uint32_t word = (context->enabled ? (uint32_t)STATE_QUEUE_ENABLED : 0) |
			(context->tagged ? (uint32_t)STATE_QUEUE_TAGGED : 0) |
			(context->timestamps ? (uint32_t)STATE_QUEUE_STAMPS : 0) |
			(uint32_t)field_put(STATE_QUEUE_CLASS, context->class_index) |
			(uint32_t)field_put(STATE_QUEUE_PASID, context->pasid);

	codec_u32(codec, &word);
	context->enabled = word & STATE_QUEUE_ENABLED;
	context->tagged = word & STATE_QUEUE_TAGGED;
	context->timestamps = word & STATE_QUEUE_STAMPS;
	context->class_index = (uint8_t)field_get(STATE_QUEUE_CLASS, word);
	context->pasid = (uint32_t)field_get(STATE_QUEUE_PASID, word);
	codec->bad |= word & ~known || (!context->tagged && context->pasid);
	codec->no_room |=
		codec->load && context->class_index >= nic_classes_get(state_nic(vf))->count;
	codec->no_room |= codec->load && context->tagged && !firmware_may_tag(vf, context->pasid);
}

static void carry_queue(struct fw_vf *vf, struct state_codec *codec, bool apply, bool rx,
			uint32_t queue)
{
	struct nic_queue_context context;
	uint32_t rxdid;

	nic_queue_context_get(state_nic(vf), vf->index, rx, queue, &context);
	rxdid = context.rxdid;
	codec_u64(codec, &context.base);
	codec_index(codec, &context.len, STATE_MAX_RING);
	codec_index(codec, &context.head, context.len ? context.len - 1 : 0);
	codec_u32(codec, &context.tail);
	codec_u32(codec, &context.buffer_bytes);
	codec_u32(codec, &context.max_packet);
	codec_index(codec, &context.vector, nic_config(state_nic(vf))->vectors - 1);
	codec_index(codec, &context.itr_index, ITR_NONE);
	codec_u32(codec, &context.rate_kbps);
	codec_index(codec, &rxdid, RXDID_FLEX_NIC);
	context.rxdid = (uint8_t)rxdid;
	carry_queue_flags(vf, codec, &context);
	if (context.enabled && (!context.len || (rx && context.buffer_bytes < 128)))
		codec->bad = true;
	if (apply)
		nic_queue_context_set(state_nic(vf), vf->index, rx, queue, &context);
}

static void carry_queues(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	for (uint32_t q = 0; q < nic_config(state_nic(vf))->queue_pairs; q++) {
		carry_queue(vf, codec, apply, false, q);
		carry_queue(vf, codec, apply, true, q);
	}
}

/* The planted fault: an interval that a driver has set is forgotten. */
static void forget_interval(const struct fw_vf *vf, struct nic_vector_state *state)
{
	struct fault_plan *faults = &vf->fw->sim->faults;

	for (uint32_t i = 0; i < ARRAY_LEN(state->itr); i++)
		if (state->itr[i] && fault_fires(faults, FAULT_REGISTER_NOT_RESTORED))
			state->itr[i] = 0;
}

static void carry_vectors(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	struct nic_vector_state state;

	for (uint32_t v = 0; v < nic_config(state_nic(vf))->vectors; v++) {
		nic_vector_get(state_nic(vf), vf->index, v, &state);
		codec_u32(codec, &state.dyn_ctl);
		for (uint32_t i = 0; i < ARRAY_LEN(state.itr); i++)
			codec_index(codec, &state.itr[i], (uint32_t)ITR_INTERVAL);
		codec_bool(codec, &state.pending);
		if (!apply)
			continue;
		forget_interval(vf, &state);
		nic_vector_set(state_nic(vf), vf->index, v, &state);
	}
}

static void carry_filters(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	uint8_t mac[NIC_FILTERS_PER_VF][6] = {{0}};
	uint32_t count = 0, promisc = vf->agreed.promisc;

	while (nic_filter_get(state_nic(vf), vf->index, count, mac[count]) &&
	       ++count < NIC_FILTERS_PER_VF)
		;
	codec_index(codec, &count, NIC_FILTERS_PER_VF);
	codec_bytes(codec, mac, sizeof(mac));
	codec_u32(codec, &promisc);
	if (!apply)
		return;
	nic_filter_clear(state_nic(vf), vf->index);
	for (uint32_t i = 0; i < count; i++)
		(void)nic_filter_add(state_nic(vf), vf->index, mac[i]);
	firmware_set_promiscuous(vf, promisc);
}

/* A map of the VLAN IDs that are received, and what is done with tags. */
static void carry_vlans(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	struct nic *nic = state_nic(vf);
	struct nic_vlan_offload offload = *nic_vlan_offload(nic, vf->index);
	uint64_t map[VLAN_IDS / 64] = {0};
	uint32_t count = 0;

	for (uint32_t id = 0; (id = nic_vlan_next(nic, vf->index, id)) < VLAN_IDS;)
		map[id / 64] |= BIT(id % 64);
	for (uint32_t i = 0; i < ARRAY_LEN(map); i++) {
		codec_u64(codec, &map[i]);
		count += (uint32_t)__builtin_popcountll(map[i]);
	}
	codec_bool(codec, &offload.strip);
	codec_bool(codec, &offload.insert);
	codec->bad |= count > NIC_VLANS_PER_VF || (map[0] & 1);
	if (!apply)
		return;
	nic_vlan_clear(nic, vf->index);
	for (uint32_t id = 1; id < VLAN_IDS; id++)
		if (map[id / 64] >> (id % 64) & 1)
			(void)nic_vlan_add(nic, vf->index, id);
	*nic_vlan_offload(nic, vf->index) = offload;
}

static void carry_flag(struct state_codec *codec, uint8_t *flag)
{
	bool value = *flag;

	codec_bool(codec, &value);
	*flag = value;
}

static void carry_virtchnl(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	struct virtchnl_agreed agreed = vf->agreed;

	codec_u32(codec, &agreed.version_minor);
	codec_u32(codec, &agreed.caps);
	carry_flag(codec, &agreed.resources_given);
	codec_u32(codec, &agreed.promisc);
	codec_u64(codec, &agreed.hashcfg);
	codec_bytes(codec, agreed.mac, sizeof(agreed.mac));
	codec_bytes(codec, agreed.rss_key, sizeof(agreed.rss_key));
	codec_bytes(codec, agreed.rss_lut, sizeof(agreed.rss_lut));
	carry_flag(codec, &agreed.rss_symmetric);
	codec_bytes(codec, agreed.rss_rule, sizeof(agreed.rss_rule));
	codec->bad |= !firmware_agreed_ok(&agreed);
	if (apply)
		firmware_agree(vf, &agreed);
}

static void carry_stats(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	struct nic_vf_stats stats = *nic_vf_stats_get(state_nic(vf), vf->index);
	uint64_t *counter[] = {
		&stats.rx_bytes,     &stats.rx_unicast,  &stats.rx_multicast, &stats.rx_broadcast,
		&stats.rx_discards,  &stats.tx_bytes,    &stats.tx_unicast,   &stats.tx_multicast,
		&stats.tx_broadcast, &stats.tx_discards, &stats.tx_errors,
	};

	for (uint32_t i = 0; i < ARRAY_LEN(counter); i++)
		codec_u64(codec, counter[i]);
	if (apply)
		*nic_vf_stats_get(state_nic(vf), vf->index) = stats;
}

static void carry_message(struct fw_vf *vf, struct state_codec *codec, bool apply, uint32_t n,
			  uint32_t count)
{
	uint8_t data[MAILBOX_REPLY_BYTES] = {0};
	struct mailbox_message message = {0};

	if (nic_mailbox_waiting(state_nic(vf), vf->index, n, &message) && !codec->load)
		memcpy(data, message.data, MIN(message.len_bytes, MAILBOX_REPLY_BYTES));
	codec_bytes(codec, &message.desc, sizeof(message.desc));
	codec_index(codec, &message.len_bytes, AQ_BUFFER_BYTES);
	codec_bytes(codec, data, sizeof(data));
	if (apply && n < count)
		(void)nic_mailbox_post(state_nic(vf), vf->index, &message.desc, data,
				       message.len_bytes);
}

static void carry_messages(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	struct mailbox_message message;
	uint32_t count = 0;

	while (nic_mailbox_waiting(state_nic(vf), vf->index, count, &message))
		count++;
	codec_index(codec, &count, MAILBOX_POSTS);
	if (apply)
		nic_mailbox_flush(state_nic(vf), vf->index);
	for (uint32_t n = 0; n < MAILBOX_POSTS; n++)
		carry_message(vf, codec, apply, n, count);
}

static void carry_resources(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	uint32_t pairs = vf->queue_pairs;

	codec_u32(codec, &pairs);
	codec->bad |= !pairs || pairs > nic_config(state_nic(vf))->queue_pairs;
	codec->no_room |= codec->load && pairs > resources_most_pairs(vf);
	if (apply)
		vf->queue_pairs = pairs;
}

bool firmware_rule_ok(const struct nic *nic, const struct flow_rule *rule)
{
	uint32_t queues = rule->fate == FLOW_REGION ? 1u << (rule->region_log2 & 15) : 1;

	for (uint32_t i = 0; i < FLOW_KEY_BYTES; i++)
		if (rule->value[i] & ~rule->mask[i])
			return false;
	return rule->fate < FLOW_FATES && rule->region_log2 < 16 && rule->marks <= 1 &&
	       rule->queue + queues <= nic_config(nic)->queue_pairs &&
	       (!rule->version || rule->version == 4 || rule->version == 6) && !rule->pad;
}

static void carry_rule(struct state_codec *codec, struct flow_rule *rule)
{
	uint8_t *octet[] = {&rule->fate,    &rule->region_log2, &rule->marks,
			    &rule->version, &rule->proto,       &rule->pad};
	uint32_t queue = rule->queue;

	codec_u32(codec, &rule->id);
	codec_u32(codec, &rule->mark);
	codec_index(codec, &queue, UINT16_MAX);
	rule->queue = (uint16_t)queue;
	for (uint32_t i = 0; i < ARRAY_LEN(octet); i++)
		codec_bytes(codec, octet[i], 1);
	codec_bytes(codec, rule->value, sizeof(rule->value));
	codec_bytes(codec, rule->mask, sizeof(rule->mask));
}

static void carry_flows(struct fw_vf *vf, struct state_codec *codec, bool apply)
{
	struct nic *nic = state_nic(vf);
	struct flow_rule rule;
	uint32_t count = 0;

	while (nic_flow_get(nic, vf->index, count, &rule))
		count++;
	codec_index(codec, &count, FLOW_RULES_PER_VF);
	if (apply)
		nic_flow_clear(nic, vf->index);
	for (uint32_t n = 0; n < FLOW_RULES_PER_VF; n++) {
		memset(&rule, 0, sizeof(rule));
		if (!codec->load)
			(void)nic_flow_get(nic, vf->index, n, &rule);
		carry_rule(codec, &rule);
		codec->bad |= n < count && !firmware_rule_ok(nic, &rule);
		if (apply && n < count)
			nic_flow_put(nic, vf->index, &rule);
	}
}

const struct state_record_info state_records[] = {
	{STATE_DEVICE, "device", carry_device},    {STATE_REGISTERS, "registers", carry_registers},
	{STATE_QUEUES, "queues", carry_queues},    {STATE_VECTORS, "vectors", carry_vectors},
	{STATE_FILTERS, "filters", carry_filters}, {STATE_VIRTCHNL, "virtchnl", carry_virtchnl},
	{STATE_STATS, "stats", carry_stats},       {STATE_MESSAGES, "messages", carry_messages},
	{STATE_VLANS, "vlans", carry_vlans},       {STATE_RESOURCES, "resources", carry_resources},
	{STATE_FLOWS, "flows", carry_flows},
};

const uint32_t state_record_count = ARRAY_LEN(state_records);
