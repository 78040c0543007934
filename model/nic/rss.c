/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/rss.h"

#include <string.h>

#define ETH_BYTES    14u
#define VLAN_BYTES   4u
#define MAX_ADDRESS  16u
#define MAX_INPUT    (2 * MAX_ADDRESS + 4)
#define ETHER_IPV4   0x0800u
#define ETHER_IPV6   0x86ddu
#define ETHER_VLAN   0x8100u
#define IPV4_MIN     20u
#define IPV6_BYTES   40u
#define IPV4_OFFSET  0x3fffu /* More Fragments and Fragment Offset */
#define PROTO_TCP    6u
#define PROTO_UDP    17u
#define PROTO_FRAG   44u
#define PROTO_SCTP   132u
#define NO_TRANSPORT 0u

/* What is hashed of a packet. */
struct rss_input {
	uint64_t type; /* RSS_*, 0: none */
	uint8_t bytes[MAX_INPUT];
	uint32_t len;
};

static uint32_t be16_get(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Types by protocol, for IPv4 and IPv6. */
static const struct {
	uint32_t proto;
	uint64_t type[2];
	bool ports;
} transports[] = {
	{PROTO_TCP, {RSS_IPV4_TCP, RSS_IPV6_TCP}, true},
	{PROTO_UDP, {RSS_IPV4_UDP, RSS_IPV6_UDP}, true},
	{PROTO_SCTP, {RSS_IPV4_SCTP, RSS_IPV6_SCTP}, true},
	{PROTO_FRAG, {RSS_IPV4_FRAG, RSS_IPV6_FRAG}, false},
	{NO_TRANSPORT, {RSS_IPV4_OTHER, RSS_IPV6_OTHER}, false},
};

/* Addresses at `addresses`, ports after them if the transport's header is here. */
static void take(struct rss_input *input, bool ipv6, const uint8_t *addresses, uint32_t proto,
		 const uint8_t *l4, uint32_t l4_len)
{
	uint32_t row = 0, address = ipv6 ? 16 : 4;

	while (transports[row].proto != proto && transports[row].proto != NO_TRANSPORT)
		row++;
	input->type = transports[row].type[ipv6];
	memcpy(input->bytes, addresses, 2 * address);
	input->len = 2 * address;
	if (!transports[row].ports || l4_len < 4)
		return;
	memcpy(input->bytes + input->len, l4, 4);
	input->len += 4;
}

static void take_ipv4(struct rss_input *input, const uint8_t *ip, uint32_t len)
{
	uint32_t header = len >= IPV4_MIN ? (ip[0] & 0xfu) * 4 : 0;
	uint32_t proto;

	if (header < IPV4_MIN || header > len)
		return;
	proto = be16_get(ip + 6) & IPV4_OFFSET ? PROTO_FRAG : ip[9];
	take(input, false, ip + 12, proto, ip + header, len - header);
}

static void take_ipv6(struct rss_input *input, const uint8_t *ip, uint32_t len)
{
	if (len >= IPV6_BYTES)
		take(input, true, ip + 8, ip[6], ip + IPV6_BYTES, len - IPV6_BYTES);
}

static struct rss_input look(const uint8_t *frame, uint32_t len)
{
	struct rss_input input = {0};
	uint32_t at = ETH_BYTES, type;

	if (len < ETH_BYTES)
		return input;
	type = be16_get(frame + 12);
	if (type == ETHER_VLAN && len >= ETH_BYTES + VLAN_BYTES) {
		type = be16_get(frame + 16);
		at += VLAN_BYTES;
	}
	if (type == ETHER_IPV4)
		take_ipv4(&input, frame + at, len - at);
	else if (type == ETHER_IPV6)
		take_ipv6(&input, frame + at, len - at);
	return input;
}

/* Each bit that is set adds the 32 bits of the key that begin at its number. */
static uint32_t toeplitz(const uint8_t *key, const uint8_t *bytes, uint32_t len)
{
	uint32_t window = be16_get(key) << 16 | be16_get(key + 2), hash = 0;

	for (uint32_t i = 0; i < len; i++)
		for (uint32_t bit = 0; bit < 8; bit++) {
			if (bytes[i] & 0x80 >> bit)
				hash ^= window;
			window = window << 1 | (key[i + 4] >> (7 - bit) & 1u);
		}
	return hash;
}

bool rss_hash(const struct rss *rss, const uint8_t *frame, uint32_t len_bytes, uint32_t *hash)
{
	struct rss_input input = look(frame, len_bytes);

	if (!(input.type & rss->types))
		return false;
	*hash = toeplitz(rss->key, input.bytes, input.len);
	return true;
}

uint32_t rss_queue(const struct rss *rss, const uint8_t *frame, uint32_t len_bytes, uint32_t queues)
{
	uint32_t hash, queue;

	if (queues < 2 || !rss_hash(rss, frame, len_bytes, &hash))
		return 0;
	queue = rss->lut[hash % RSS_LUT_ENTRIES];
	return queue < queues ? queue : 0;
}
