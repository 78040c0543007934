/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/headers.h"

#include "model/nic/vlan.h"

#define ETH_BYTES       14u
#define IPV4_MIN        20u
#define IPV4_OFFSET     0x3fffu /* More Fragments and Fragment Offset */
#define IPV6_BYTES      40u
#define IPV6_HOP_BY_HOP 0u
#define IPV6_ROUTING    43u
#define IPV6_FRAGMENT   44u
#define IPV6_OPTIONS    60u
#define EXTENSIONS_MAX  8u /* that are looked past */

static void take_ipv4(struct frame_headers *headers, const uint8_t *frame, uint32_t len_bytes)
{
	const uint8_t *ip = frame + headers->ip_at;
	uint32_t room = len_bytes - headers->ip_at;
	uint32_t header = room >= IPV4_MIN ? (ip[0] & 0xfu) * 4 : 0;

	if (header < IPV4_MIN || header > room)
		return;
	headers->version = 4;
	headers->l4_at = headers->ip_at + header;
	headers->ip_end = headers->ip_at + be16_get(ip + 2);
	headers->fragment = be16_get(ip + 6) & IPV4_OFFSET;
	headers->proto = ip[9];
}

static bool is_extension(uint32_t proto)
{
	return proto == IPV6_HOP_BY_HOP || proto == IPV6_ROUTING || proto == IPV6_OPTIONS;
}

static void take_ipv6(struct frame_headers *headers, const uint8_t *frame, uint32_t len_bytes)
{
	const uint8_t *ip = frame + headers->ip_at;

	if (len_bytes - headers->ip_at < IPV6_BYTES)
		return;
	headers->version = 6;
	headers->l4_at = headers->ip_at + IPV6_BYTES;
	headers->ip_end = headers->l4_at + be16_get(ip + 4);
	headers->proto = ip[6];
	for (uint32_t i = 0; i < EXTENSIONS_MAX && is_extension(headers->proto); i++) {
		if (headers->l4_at + 8 > len_bytes)
			return;
		headers->proto = frame[headers->l4_at];
		headers->l4_at += 8 + 8u * frame[headers->l4_at + 1];
	}
	headers->fragment = headers->proto == IPV6_FRAGMENT;
}

struct frame_headers frame_headers_get(const uint8_t *frame, uint32_t len_bytes)
{
	struct frame_headers headers = {0};

	if (len_bytes < ETH_BYTES)
		return headers;
	headers.ip_at = ETH_BYTES + (vlan_is_tagged(frame, len_bytes) ? VLAN_BYTES : 0);
	headers.ethertype = be16_get(frame + headers.ip_at - 2);
	if (headers.ethertype == ETHERTYPE_IPV4)
		take_ipv4(&headers, frame, len_bytes);
	else if (headers.ethertype == ETHERTYPE_IPV6)
		take_ipv6(&headers, frame, len_bytes);
	return headers;
}
