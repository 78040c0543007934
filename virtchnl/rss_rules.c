/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSS rules: of packets of one IP version and, if it is named, of one transport, which fields
 * are hashed, and whether it is the same for both directions. A rule makes its types hashed,
 * deleting it ends that; SET_RSS_HASHCFG takes all rules away. A rule of an IP alone is for
 * whatever it carries, but for transports that have a rule of their own or are hashed already.
 * (What is refused, and that tunnel_level says nothing, is as in Linux ice's virt/rss.c.)
 */
#include "pf-firmware/rss_format.h"
#include "virtchnl/virtchnl_internal.h"

_Static_assert(sizeof(struct virtchnl_rss_cfg) == 2444, "virtchnl_rss_cfg");

#define PAIR     3u /* PROTO_FIELD_SRC and PROTO_FIELD_DST, as bits */
#define PROTO    (1u << PROTO_FIELD_PROTO)
#define NO_PORTS ((uint8_t)(RSS_NO_SOURCE_PORT | RSS_NO_DEST_PORT))

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
	uint64_t transports; /* of a rule of an IP alone: what else it may be for */
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

	return at < MIN(from->count, VIRTCHNL_MAX_NUM_PROTO_HDRS) ? from->proto_hdr[at] : none;
}

static bool is_fragment(int32_t type)
{
	return type == VIRTCHNL_PROTO_HDR_IPV4_FRAG || type == VIRTCHNL_PROTO_HDR_IPV6_EH_FRAG;
}

static uint64_t transports_of(int32_t network)
{
	uint64_t types = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(packets); i++)
		if (packets[i].network == network && packets[i].transport &&
		    !is_fragment(packets[i].transport))
			types |= packets[i].types;
	return types;
}

/* How many headers come before IP's: none of their fields is hashed. */
static uint32_t link_headers(const struct virtchnl_proto_hdrs *from)
{
	uint32_t at = 0;

	while (header_at(from, at).type >= VIRTCHNL_PROTO_HDR_ETH &&
	       header_at(from, at).type <= VIRTCHNL_PROTO_HDR_C_VLAN &&
	       !header_at(from, at).field_selector)
		at++;
	return at;
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

/* Of one transport's packets the protocol is the same: it makes no difference. */
static void forget_proto(struct virtchnl_proto_hdr *network, const struct virtchnl_proto_hdr *next)
{
	if (next->type && !is_fragment(next->type))
		network->field_selector &= ~PROTO;
}

/* Of Ethernet and VLANs, which may be left out, nothing; IP; perhaps a transport, or fragments. */
static bool take_wish(struct rss_wish *wish, const struct virtchnl_rss_cfg *cfg)
{
	const struct virtchnl_proto_hdrs *from = &cfg->proto_hdrs;
	uint32_t at = link_headers(from);
	struct virtchnl_proto_hdr network = header_at(from, at);
	struct virtchnl_proto_hdr transport = header_at(from, at + 1);

	forget_proto(&network, &transport);
	if (from->count > at + 2 || from->count <= at ||
	    !(network.field_selector | transport.field_selector) ||
	    ((network.field_selector | transport.field_selector) & ~PAIR))
		return false;
	wish->types = types_of(network.type, transport.type);
	wish->transports = transport.type ? 0 : transports_of(network.type);
	wish->rule = rule_of(&network, &transport);
	if (!transport.type)
		wish->rule |= (uint8_t)RSS_TYPE_OF_IP;
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

/* Those of `types` that go by their IP's rule, or are not hashed. */
static uint64_t without_rule(const struct virtchnl_agreed *agreed, uint64_t types)
{
	uint64_t found = types & ~agreed->hashcfg;

	for (uint32_t i = 0; i < RSS_TYPES; i++)
		if (agreed->rss_rule[i] & RSS_TYPE_OF_IP)
			found |= types & BIT(RSS_TYPE_FIRST + i);
	return found;
}

static void put_rule(struct virtchnl_agreed *agreed, uint64_t types, uint8_t rule)
{
	agreed->hashcfg |= types;
	set_rules(agreed, types, rule);
}

static void take_rule(struct virtchnl_agreed *agreed, uint64_t types)
{
	agreed->hashcfg &= ~types;
	set_rules(agreed, types, 0);
}

/* The rule of the IP of `type`, which is not its own; 0: there is none. */
static uint8_t rule_of_ip(const struct virtchnl_agreed *agreed, uint64_t type)
{
	uint64_t other = type < RSS_IPV6_UDP ? RSS_IPV4_OTHER : RSS_IPV6_OTHER;
	uint8_t rule = agreed->rss_rule[(uint32_t)__builtin_ctzll(other) - RSS_TYPE_FIRST];

	return rule & RSS_TYPE_OF_IP ? rule | NO_PORTS : 0;
}

int32_t vc_add_rss(struct vc_command *command)
{
	struct virtchnl_agreed *agreed = &command->vf->agreed;
	struct virtchnl_rss_cfg cfg;
	struct rss_wish wish;

	memcpy(&cfg, command->data, sizeof(cfg));
	if (!take_wish(&wish, &cfg))
		return VIRTCHNL_STATUS_ERR_PARAM;
	put_rule(agreed, without_rule(agreed, wish.transports), wish.rule | NO_PORTS);
	put_rule(agreed, wish.types, wish.rule);
	return vc_agree(command);
}

int32_t vc_del_rss(struct vc_command *command)
{
	struct virtchnl_agreed *agreed = &command->vf->agreed;
	struct virtchnl_rss_cfg cfg;
	struct rss_wish wish;
	uint8_t rule;

	memcpy(&cfg, command->data, sizeof(cfg));
	if (!take_wish(&wish, &cfg) || (wish.types & ~agreed->hashcfg))
		return VIRTCHNL_STATUS_ERR_PARAM;
	if (wish.transports) {
		take_rule(agreed, wish.types | without_rule(agreed, wish.transports));
		return vc_agree(command);
	}
	if (without_rule(agreed, wish.types) == wish.types)
		return VIRTCHNL_STATUS_ERR_PARAM;
	take_rule(agreed, wish.types);
	rule = rule_of_ip(agreed, wish.types);
	if (rule)
		put_rule(agreed, wish.types, rule);
	return vc_agree(command);
}
