/* SPDX-License-Identifier: Apache-2.0 */
#include "system/vf_compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/nic/firmware_block.h"
#include "model/nic/flow_director.h"
#include "model/nic/vlan.h"

/* A member of a structure of the hardware's state. */
struct member {
	const char *name;
	uint16_t offset;
	uint8_t size;
};

#define MEMBER(type, name)                                                                         \
	{                                                                                          \
#name, offsetof(struct type, name), sizeof(((struct type *)NULL)->name)            \
	}

static const struct member queue_members[] = {
	MEMBER(nic_queue_context, base),         MEMBER(nic_queue_context, len),
	MEMBER(nic_queue_context, head),         MEMBER(nic_queue_context, tail),
	MEMBER(nic_queue_context, buffer_bytes), MEMBER(nic_queue_context, max_packet),
	MEMBER(nic_queue_context, vector),       MEMBER(nic_queue_context, itr_index),
	MEMBER(nic_queue_context, rate_kbps),    MEMBER(nic_queue_context, rxdid),
	MEMBER(nic_queue_context, enabled),      MEMBER(nic_queue_context, tagged),
	MEMBER(nic_queue_context, pasid),        MEMBER(nic_queue_context, class_index),
	MEMBER(nic_queue_context, timestamps),
};

static const struct member vector_members[] = {
	MEMBER(nic_vector_state, dyn_ctl), MEMBER(nic_vector_state, itr[0]),
	MEMBER(nic_vector_state, itr[1]),  MEMBER(nic_vector_state, itr[2]),
	MEMBER(nic_vector_state, pending),
};

static const struct member stats_members[] = {
	MEMBER(nic_vf_stats, rx_bytes),     MEMBER(nic_vf_stats, rx_unicast),
	MEMBER(nic_vf_stats, rx_multicast), MEMBER(nic_vf_stats, rx_broadcast),
	MEMBER(nic_vf_stats, tx_bytes),     MEMBER(nic_vf_stats, tx_unicast),
	MEMBER(nic_vf_stats, tx_multicast), MEMBER(nic_vf_stats, tx_broadcast),
	MEMBER(nic_vf_stats, tx_discards),  MEMBER(nic_vf_stats, tx_errors),
	MEMBER(nic_vf_stats, rx_discards),
};

struct comparison {
	const struct vf_place *a, *b;
	char *text;
	size_t size;
};

static uint64_t member_get(const struct member *member, const void *object)
{
	const uint8_t *at = (const uint8_t *)object + member->offset;

	if (member->size == 8)
		return le64_get(at);
	return member->size == 4 ? le32_get(at) : *at;
}

static bool members_equal(const struct comparison *comparison, const char *what, uint32_t number,
			  const struct member *member, size_t members, const void *a, const void *b)
{
	for (size_t i = 0; i < members; i++) {
		uint64_t in_a = member_get(&member[i], a), in_b = member_get(&member[i], b);

		if (in_a == in_b)
			continue;
		snprintf(comparison->text, comparison->size,
			 "VF %u: %s %u: %s is 0x%" PRIx64 " here and 0x%" PRIx64 " there",
			 comparison->a->vf, what, number, member[i].name, in_a, in_b);
		return false;
	}
	return true;
}

static bool queues_equal(const struct comparison *c, bool rx)
{
	uint32_t queues = nic_config(c->a->nic)->queue_pairs;

	for (uint32_t q = 0; q < queues; q++) {
		struct nic_queue_context a, b;

		nic_queue_context_get(c->a->nic, c->a->vf, rx, q, &a);
		nic_queue_context_get(c->b->nic, c->b->vf, rx, q, &b);
		if (!members_equal(c, rx ? "receive queue" : "transmit queue", q, queue_members,
				   ARRAY_LEN(queue_members), &a, &b))
			return false;
	}
	return true;
}

static bool vectors_equal(const struct comparison *c)
{
	uint32_t vectors = nic_config(c->a->nic)->vectors;

	for (uint32_t v = 0; v < vectors; v++) {
		struct nic_vector_state a, b;

		nic_vector_get(c->a->nic, c->a->vf, v, &a);
		nic_vector_get(c->b->nic, c->b->vf, v, &b);
		if (!members_equal(c, "vector", v, vector_members, ARRAY_LEN(vector_members), &a,
				   &b))
			return false;
	}
	return true;
}

static bool filters_equal(const struct comparison *c)
{
	for (uint32_t n = 0; n <= NIC_FILTERS_PER_VF; n++) {
		uint8_t a[6] = {0}, b[6] = {0};
		bool in_a = nic_filter_get(c->a->nic, c->a->vf, n, a);
		bool in_b = nic_filter_get(c->b->nic, c->b->vf, n, b);

		if (in_a != in_b || memcmp(a, b, sizeof(a))) {
			snprintf(c->text, c->size, "VF %u: MAC filter %u differs", c->a->vf, n);
			return false;
		}
		if (!in_a)
			break;
	}
	return true;
}

static const struct member vlan_members[] = {
	MEMBER(nic_vlan_offload, strip),
	MEMBER(nic_vlan_offload, insert),
};

static bool vlans_equal(const struct comparison *c)
{
	for (uint32_t in_a = 0, in_b; in_a < VLAN_IDS;) {
		in_b = nic_vlan_next(c->b->nic, c->b->vf, in_a);
		in_a = nic_vlan_next(c->a->nic, c->a->vf, in_a);
		if (in_a == in_b)
			continue;
		snprintf(c->text, c->size, "VF %u: only one of both receives VLAN %u", c->a->vf,
			 MIN(in_a, in_b));
		return false;
	}
	return members_equal(c, "tag offload", 0, vlan_members, ARRAY_LEN(vlan_members),
			     nic_vlan_offload(c->a->nic, c->a->vf),
			     nic_vlan_offload(c->b->nic, c->b->vf));
}

static bool flows_equal(const struct comparison *c)
{
	for (uint32_t n = 0; n <= FLOW_RULES_PER_VF; n++) {
		struct flow_rule a = {0}, b = {0};
		bool in_a = nic_flow_get(c->a->nic, c->a->vf, n, &a);
		bool in_b = nic_flow_get(c->b->nic, c->b->vf, n, &b);

		if (in_a != in_b || memcmp(&a, &b, sizeof(a))) {
			snprintf(c->text, c->size, "VF %u: flow rule %u differs", c->a->vf, n);
			return false;
		}
		if (!in_a)
			break;
	}
	return true;
}

/* As software would read it, but that nothing is cleared by it. */
static uint64_t register_value(const struct regs *regs, uint32_t row, uint32_t index)
{
	const struct reg_row *info = &regs->table->row[row];
	uint64_t stored = regs_get(regs, row, index);

	return info->on_read ? info->on_read(regs->owner, index, stored) : stored;
}

static bool registers_equal(const struct comparison *c)
{
	const struct regs *a = nic_vf_regs(c->a->nic, c->a->vf);
	const struct regs *b = nic_vf_regs(c->b->nic, c->b->vf);

	for (uint32_t row = 0; row < a->table->rows; row++) {
		const struct reg_row *info = &a->table->row[row];

		for (uint32_t i = 0; i < MAX(info->count, 1); i++) {
			uint64_t in_a = register_value(a, row, i);
			uint64_t in_b = register_value(b, row, i);

			if (in_a == in_b)
				continue;
			snprintf(c->text, c->size,
				 "VF %u: %s(%u) is 0x%" PRIx64 " here and 0x%" PRIx64 " there",
				 c->a->vf, info->name, i, in_a, in_b);
			return false;
		}
	}
	return true;
}

bool vf_compare(const struct vf_place *a, const struct vf_place *b, char *text, size_t size)
{
	struct comparison c = {a, b, text, size};

	return queues_equal(&c, false) && queues_equal(&c, true) && vectors_equal(&c) &&
	       filters_equal(&c) && vlans_equal(&c) && flows_equal(&c) && registers_equal(&c) &&
	       members_equal(&c, "counters", 0, stats_members, ARRAY_LEN(stats_members),
			     nic_vf_stats_get(a->nic, a->vf), nic_vf_stats_get(b->nic, b->vf));
}
