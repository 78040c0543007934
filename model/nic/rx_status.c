/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/rx_status.h"

#include "base/bits.h"
#include "model/nic/checksum.h"
#include "model/nic/frame_format.h"
#include "model/nic/headers.h"

/* Transports: packet types by IP version, where the checksum is, how long a header is at least. */
static const struct transport {
	uint32_t proto;
	enum rx_ptype ptype[2];
	uint8_t sum_at, header_bytes; /* 0: its sum is not looked at */
} transports[] = {
	{IP_PROTO_TCP, {RX_PTYPE_IPV4_TCP, RX_PTYPE_IPV6_TCP}, 16, 20},
	{IP_PROTO_UDP, {RX_PTYPE_IPV4_UDP, RX_PTYPE_IPV6_UDP}, 6, 8},
	{IP_PROTO_SCTP, {RX_PTYPE_IPV4_SCTP, RX_PTYPE_IPV6_SCTP}, 8, 12},
	{IP_PROTO_ICMP, {RX_PTYPE_IPV4_ICMP, RX_PTYPE_IPV6}, 0, 0},
	{IP_PROTO_ICMPV6, {RX_PTYPE_IPV4, RX_PTYPE_IPV6_ICMP}, 0, 0},
};

static const struct transport other = {0, {RX_PTYPE_IPV4, RX_PTYPE_IPV6}, 0, 0};

static const struct transport *transport_of(const struct frame_headers *headers)
{
	for (uint32_t i = 0; i < ARRAY_LEN(transports); i++)
		if (transports[i].proto == headers->proto)
			return &transports[i];
	return &other;
}

static bool sctp_is_right(const uint8_t *sctp, uint32_t len_bytes)
{
	uint8_t copy[FRAME_MAX_BYTES];

	if (len_bytes > sizeof(copy))
		return false;
	memcpy(copy, sctp, len_bytes);
	le32_put(copy + 8, 0);
	return le32_get(sctp + 8) == crc32c(copy, len_bytes);
}

/* Sum of addresses, protocol and length, which TCP and UDP sum too. */
static uint32_t pseudo_header(const struct frame_headers *headers, const uint8_t *frame,
			      uint32_t l4_bytes)
{
	const uint8_t *ip = frame + headers->ip_at;
	uint32_t addresses = headers->version == 6 ? ones_sum(ip + 8, 32) : ones_sum(ip + 12, 8);

	return ones_fold((uint64_t)addresses + headers->proto + l4_bytes);
}

static bool l4_is_right(const struct frame_headers *headers, const struct transport *transport,
			const uint8_t *frame, uint32_t len_bytes)
{
	const uint8_t *l4 = frame + headers->l4_at;
	uint32_t l4_bytes = headers->ip_end - headers->l4_at;

	if (headers->ip_end > len_bytes ||
	    headers->l4_at + transport->header_bytes > headers->ip_end)
		return false;
	if (headers->proto == IP_PROTO_SCTP)
		return sctp_is_right(l4, l4_bytes);
	/* Over IPv4 UDP may have none (RFC 768). */
	if (headers->proto == IP_PROTO_UDP && headers->version == 4 &&
	    !be16_get(l4 + transport->sum_at))
		return true;
	return ones_fold((uint64_t)pseudo_header(headers, frame, l4_bytes) +
			 ones_sum(l4, l4_bytes)) == 0xffff;
}

static bool ip_is_right(const struct frame_headers *headers, const uint8_t *frame)
{
	const uint8_t *ip = frame + headers->ip_at;

	return headers->version == 6 ||
	       (ip[0] >> 4 == 4 && ones_sum(ip, headers->l4_at - headers->ip_at) == 0xffff);
}

struct rx_status rx_status_get(const uint8_t *frame, uint32_t len_bytes)
{
	struct frame_headers headers = frame_headers_get(frame, len_bytes);
	bool ipv6 = headers.version == 6;
	struct rx_status status = {.ptype = RX_PTYPE_L2};
	const struct transport *transport;

	if (headers.ethertype == ETHERTYPE_ARP)
		status.ptype = RX_PTYPE_ARP;
	if (!headers.version)
		return status;
	status.checked = true;
	status.ip_error = !ip_is_right(&headers, frame);
	status.ptype = ipv6 ? RX_PTYPE_IPV6_FRAGMENT : RX_PTYPE_IPV4_FRAGMENT;
	if (headers.fragment)
		return status;
	transport = transport_of(&headers);
	status.ptype = transport->ptype[ipv6];
	status.l4_error =
		transport->header_bytes && !l4_is_right(&headers, transport, frame, len_bytes);
	return status;
}
