/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/rss.h"

#include <string.h>

#include "model/nic/headers.h"

#define MAX_ADDRESS  16u
#define MAX_INPUT    (2 * MAX_ADDRESS + 4) /* ports, or an identification */
#define NO_TRANSPORT 0u

/* What is hashed of a packet. */
struct rss_input {
	uint64_t type; /* RSS_*, 0: none */
	uint8_t bytes[MAX_INPUT];
	uint32_t len, address_bytes;
};

/* Types by protocol, for IPv4 and IPv6. */
static const struct {
	uint32_t proto;
	uint64_t type[2];
} transports[] = {
	{IP_PROTO_TCP, {RSS_IPV4_TCP, RSS_IPV6_TCP}},
	{IP_PROTO_UDP, {RSS_IPV4_UDP, RSS_IPV6_UDP}},
	{IP_PROTO_SCTP, {RSS_IPV4_SCTP, RSS_IPV6_SCTP}},
	{NO_TRANSPORT, {RSS_IPV4_OTHER, RSS_IPV6_OTHER}},
};

/* Ports, where the transport has some and its header is here. */
static void take_transport(struct rss_input *input, const struct frame_headers *headers,
			   const uint8_t *frame, uint32_t len)
{
	uint32_t row = 0;

	while (transports[row].proto != headers->proto && transports[row].proto != NO_TRANSPORT)
		row++;
	input->type = transports[row].type[headers->version == 6];
	if (transports[row].proto == NO_TRANSPORT || headers->l4_at + 4 > len)
		return;
	memcpy(input->bytes + input->len, frame + headers->l4_at, 4);
	input->len += 4;
}

/* The identification of the packet that it is a fragment of (RFC 791, 3.1; RFC 8200, 4.5). */
static void take_fragment(struct rss_input *input, const struct frame_headers *headers,
			  const uint8_t *frame, uint32_t len)
{
	bool ipv6 = headers->version == 6;
	uint32_t at = (ipv6 ? headers->l4_at : headers->ip_at) + 4, bytes = ipv6 ? 4 : 2;

	input->type = ipv6 ? RSS_IPV6_FRAG : RSS_IPV4_FRAG;
	if (at + bytes > len)
		return;
	memcpy(input->bytes + input->len, frame + at, bytes);
	input->len += bytes;
}

static struct rss_input look(const uint8_t *frame, uint32_t len)
{
	struct frame_headers headers = frame_headers_get(frame, len);
	bool ipv6 = headers.version == 6;
	uint32_t address = ipv6 ? MAX_ADDRESS : 4;
	struct rss_input input = {.len = 2 * address, .address_bytes = address};

	if (!headers.version)
		return input;
	memcpy(input.bytes, frame + headers.ip_at + (ipv6 ? 8 : 12), input.len);
	if (headers.fragment)
		take_fragment(&input, &headers, frame, len);
	else
		take_transport(&input, &headers, frame, len);
	return input;
}

/* The same for both directions of a flow. */
static void make_symmetric(uint8_t *pair, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		pair[i] = pair[len + i] ^= pair[i];
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

/* Take out of the input what is not hashed. */
static void leave_out(struct rss_input *input, uint8_t rule)
{
	const uint32_t len[] = {input->address_bytes, input->address_bytes, 2, 2};
	uint32_t from = 0, to = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(len) && from < input->len; i++) {
		if (!(rule >> i & 1)) {
			memmove(input->bytes + to, input->bytes + from, len[i]);
			to += len[i];
		}
		from += len[i];
	}
	input->len = to;
}

static bool is_of_fragments(const struct rss_input *input)
{
	return input->type & (RSS_IPV4_FRAG | RSS_IPV6_FRAG);
}

bool rss_hash(const struct rss *rss, const uint8_t *frame, uint32_t len_bytes, uint32_t *hash)
{
	struct rss_input input = look(frame, len_bytes);
	uint8_t rule;

	if (!(input.type & rss->types))
		return false;
	rule = rss->rule[(uint32_t)__builtin_ctzll(input.type) - RSS_TYPE_FIRST];
	/* Where ports would be is the identification, which no direction changes. */
	if (is_of_fragments(&input))
		rule = rule & RSS_FRAGMENT_ID
			       ? rule & (uint8_t) ~(RSS_NO_SOURCE_PORT | RSS_NO_DEST_PORT)
			       : rule | (uint8_t)(RSS_NO_SOURCE_PORT | RSS_NO_DEST_PORT);
	if (rss->symmetric || (rule & RSS_TYPE_SYMMETRIC)) {
		make_symmetric(input.bytes, input.address_bytes);
		if (!is_of_fragments(&input))
			make_symmetric(input.bytes + 2 * input.address_bytes, 2);
	}
	if (rule)
		leave_out(&input, rule);
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
