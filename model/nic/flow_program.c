/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/flow_program.h"

#include <errno.h>

#include "model/nic/flow_descriptor_format.h"
#include "model/nic/headers.h"
#include "model/nic/nic_internal.h"

/* Where addresses are in an IP header, and what names the next one. */
struct ip_layout {
	uint32_t source, destination, address_bytes;
	uint32_t next;
};

static const struct ip_layout ipv4 = {12, 16, 4, 9}, ipv6 = {8, 24, 16, 6};

static const struct flow_type {
	uint8_t pctype, version, proto; /* 0: none that has ports here */
} types[] = {
	{TXF_PCTYPE_IPV4_UDP, 4, IP_PROTO_UDP},   {TXF_PCTYPE_IPV4_TCP, 4, IP_PROTO_TCP},
	{TXF_PCTYPE_IPV4_SCTP, 4, IP_PROTO_SCTP}, {TXF_PCTYPE_IPV4_OTHER, 4, 0},
	{TXF_PCTYPE_IPV6_UDP, 6, IP_PROTO_UDP},   {TXF_PCTYPE_IPV6_TCP, 6, IP_PROTO_TCP},
	{TXF_PCTYPE_IPV6_SCTP, 6, IP_PROTO_SCTP}, {TXF_PCTYPE_IPV6_OTHER, 6, 0},
};

static const struct flow_type *type_of(const struct flow_program *program)
{
	uint64_t pctype = field_get(TXF0_PCTYPE, program->word0);

	for (uint32_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].pctype == pctype)
			return &types[i];
	return NULL;
}

bool flow_program_ok(const struct flow_program *program, uint32_t queue_pairs)
{
	uint64_t command = field_get(TXF1_PCMD, program->word1);
	uint64_t dest = field_get(TXF1_DEST, program->word1);

	return type_of(program) && (command == TXF_PCMD_ADD || command == TXF_PCMD_REMOVE) &&
	       dest <= TXF_DEST_OTHER &&
	       (dest != TXF_DEST_QUEUE || field_get(TXF0_QINDEX, program->word0) < queue_pairs) &&
	       field_get(TXF1_FD_STATUS, program->word1) <= TXF_FD_STATUS_FD_ID;
}

static bool has_ports(uint32_t proto)
{
	return proto == IP_PROTO_UDP || proto == IP_PROTO_TCP || proto == IP_PROTO_SCTP;
}

/* Is the packet what the descriptor says? */
static bool is_of_type(const struct flow_type *type, const struct frame_headers *headers,
		       uint32_t len_bytes)
{
	if (headers->version != type->version || headers->fragment)
		return false;
	return type->proto ? headers->proto == type->proto && headers->l4_at + 4 <= len_bytes
			   : !has_ports(headers->proto);
}

static void match(struct flow_rule *rule, uint32_t at, const uint8_t *octets, uint32_t count)
{
	memcpy(rule->value + at, octets, count);
	memset(rule->mask + at, 0xff, count);
}

/* The pattern of what answers the packet. False: it is not of the type. */
static bool pattern_of(const struct flow_type *type, const struct packet *packet,
		       struct flow_rule *rule)
{
	struct frame_headers headers = frame_headers_get(packet->data, packet->len_bytes);
	const struct ip_layout *ip = type->version == 4 ? &ipv4 : &ipv6;
	const uint8_t *at = packet->data + headers.ip_at;

	if (!is_of_type(type, &headers, packet->len_bytes))
		return false;
	rule->version = type->version;
	rule->proto = type->proto;
	match(rule, FLOW_IP_AT + ip->source, at + ip->destination, ip->address_bytes);
	match(rule, FLOW_IP_AT + ip->destination, at + ip->source, ip->address_bytes);
	if (!type->proto) {
		match(rule, FLOW_IP_AT + ip->next, at + ip->next, 1);
		return true;
	}
	at = packet->data + headers.l4_at;
	match(rule, FLOW_L4_AT, at + 2, 2);
	match(rule, FLOW_L4_AT + 2, at, 2);
	return true;
}

static struct flow_rule rule_of(const struct flow_program *program)
{
	static const uint8_t fates[] = {[TXF_DEST_DROP] = FLOW_DROP,
					[TXF_DEST_QUEUE] = FLOW_QUEUE,
					[TXF_DEST_OTHER] = FLOW_PASS};
	struct flow_rule rule = {
		.fate = fates[field_get(TXF1_DEST, program->word1)],
		.marks = field_get(TXF1_FD_STATUS, program->word1) == TXF_FD_STATUS_FD_ID,
		.mark = (uint32_t)field_get(TXF1_FD_ID, program->word1),
	};

	if (rule.fate == FLOW_QUEUE)
		rule.queue = (uint16_t)field_get(TXF0_QINDEX, program->word0);
	return rule;
}

void flow_program_run(struct nic_queue *queue, const struct flow_program *program,
		      const struct packet *packet)
{
	bool add = field_get(TXF1_PCMD, program->word1) == TXF_PCMD_ADD;
	struct flow_rule rule = rule_of(program);
	struct nic_vf *vf = queue->vf;
	int err;

	if (!pattern_of(type_of(program), packet, &rule)) {
		vf->stats.tx_errors++;
		return;
	}
	err = add ? flow_director_put(vf, &rule) : flow_director_remove(vf, &rule);
	if (err)
		queue_rx_status(&vf->rx[queue->index],
				(uint32_t)field_get(TXF1_FD_ID, program->word1),
				err == -ENOSPC ? RXP1_TABLE_FULL : RXP1_NO_ENTRY);
}
