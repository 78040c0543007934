/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSS rules: of packets of one IP version and, if it is named, of one transport, which fields
 * are hashed, and whether it is the same for both directions. A rule makes its types hashed,
 * deleting it ends that; SET_RSS_HASHCFG takes all rules away. (What is refused is as in Linux
 * ice's virt/rss.c.)
 */
#include "pf-firmware/rss_format.h"
#include "virtchnl/virtchnl_internal.h"

_Static_assert(sizeof(struct virtchnl_rss_cfg) == 2444, "virtchnl_rss_cfg");

#define PAIR 3u /* PROTO_FIELD_SRC and PROTO_FIELD_DST, as bits */

static const struct {
	int32_t network, transport;
	uint64_t types;
} packets[] = {
	{VIRTCHNL_PROTO_HDR_IPV4, VIRTCHNL_PROTO_HDR_TCP, RSS_IPV4_TCP},
	{VIRTCHNL_PROTO_HDR_IPV4, VIRTCHNL_PROTO_HDR_UDP, RSS_IPV4_UDP},
	{VIRTCHNL_PROTO_HDR_IPV4, VIRTCHNL_PROTO_HDR_SCTP, RSS_IPV4_SCTP},
	{VIRTCHNL_PROTO_HDR_IPV4, VIRTCHNL_PROTO_HDR_IPV4_FRAG, RSS_IPV4_FRAG},
	{VIRTCHNL_PROTO_HDR_IPV4, 0, RSS_IPV4_OTHER | RSS_IPV4_FRAG},
	{VIRTCHNL_PROTO_HDR_IPV6, VIRTCHNL_PROTO_HDR_TCP, RSS_IPV6_TCP},
	{VIRTCHNL_PROTO_HDR_IPV6, VIRTCHNL_PROTO_HDR_UDP, RSS_IPV6_UDP},
	{VIRTCHNL_PROTO_HDR_IPV6, VIRTCHNL_PROTO_HDR_SCTP, RSS_IPV6_SCTP},
	{VIRTCHNL_PROTO_HDR_IPV6, VIRTCHNL_PROTO_HDR_IPV6_EH_FRAG, RSS_IPV6_FRAG},
	{VIRTCHNL_PROTO_HDR_IPV6, 0, RSS_IPV6_OTHER | RSS_IPV6_FRAG},
};

/* What a message says: the types of packets, and which fields. */
struct rss_wish {
	uint64_t types;
	uint8_t rule;
};

static uint64_t types_of(int32_t network, int32_t transport)
{
	for (uint32_t i = 0; i < ARRAY_LEN(packets); i++)
		if (packets[i].network == network && packets[i].transport == transport)
			return packets[i].types;
	return 0;
}

/* The header at `at`, an empty one behind the last. */
static struct virtchnl_proto_hdr header_at(const struct virtchnl_proto_hdrs *from, uint32_t at)
{
	struct virtchnl_proto_hdr none = {0};

	return at < from->count ? from->proto_hdr[at] : none;
}

static bool is_fragment(int32_t type)
{
	return type == VIRTCHNL_PROTO_HDR_IPV4_FRAG || type == VIRTCHNL_PROTO_HDR_IPV6_EH_FRAG;
}

/* Fields that are hashed: addresses and ports by what is left out, the identification by itself. */
static uint8_t rule_of(const struct virtchnl_proto_hdr *network,
		       const struct virtchnl_proto_hdr *transport)
{
	uint32_t ports = is_fragment(transport->type) ? 0 : transport->field_selector;
	uint8_t rule = (uint8_t)(~(network->field_selector | ports << 2) & 0xfu);

	if (is_fragment(transport->type) && (transport->field_selector & 1))
		rule |= (uint8_t)RSS_FRAGMENT_ID;
	return rule;
}

/* Of Ethernet, which may be left out, nothing; IP; perhaps a transport, or fragments. */
static bool take_wish(struct rss_wish *wish, const struct virtchnl_rss_cfg *cfg)
{
	const struct virtchnl_proto_hdrs *from = &cfg->proto_hdrs;
	uint32_t at = header_at(from, 0).type == VIRTCHNL_PROTO_HDR_ETH;
	struct virtchnl_proto_hdr network = header_at(from, at);
	struct virtchnl_proto_hdr transport = header_at(from, at + 1);

	if (from->tunnel_level || from->count > at + 2 || from->count <= at ||
	    (at && header_at(from, 0).field_selector) ||
	    !(network.field_selector | transport.field_selector) ||
	    ((network.field_selector | transport.field_selector) & ~PAIR))
		return false;
	wish->types = types_of(network.type, transport.type);
	wish->rule = rule_of(&network, &transport);
	if (cfg->rss_algorithm == VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC)
		wish->rule |= (uint8_t)RSS_TYPE_SYMMETRIC;
	else if (cfg->rss_algorithm != VIRTCHNL_RSS_ALG_TOEPLITZ_ASYMMETRIC)
		return false;
	return wish->types;
}

static void set_rules(struct virtchnl_agreed *agreed, uint64_t types, uint8_t rule)
{
	for (uint32_t i = 0; i < RSS_TYPES; i++)
		if (types >> (RSS_TYPE_FIRST + i) & 1)
			agreed->rss_rule[i] = rule;
}

int32_t vc_add_rss(struct vc_command *command)
{
	struct virtchnl_agreed *agreed = &command->vf->agreed;
	struct virtchnl_rss_cfg cfg;
	struct rss_wish wish;

	memcpy(&cfg, command->data, sizeof(cfg));
	if (!take_wish(&wish, &cfg))
		return VIRTCHNL_STATUS_ERR_PARAM;
	agreed->hashcfg |= wish.types;
	set_rules(agreed, wish.types, wish.rule);
	return vc_agree(command);
}

int32_t vc_del_rss(struct vc_command *command)
{
	struct virtchnl_agreed *agreed = &command->vf->agreed;
	struct virtchnl_rss_cfg cfg;
	struct rss_wish wish;

	memcpy(&cfg, command->data, sizeof(cfg));
	if (!take_wish(&wish, &cfg) || (wish.types & ~agreed->hashcfg))
		return VIRTCHNL_STATUS_ERR_PARAM;
	agreed->hashcfg &= ~wish.types;
	set_rules(agreed, wish.types, 0);
	return vc_agree(command);
}
