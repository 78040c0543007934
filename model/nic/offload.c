/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/offload.h"

#include "model/nic/checksum.h"
#include "model/nic/headers.h"

#define IPV4_MIN_BYTES 20u
#define IPV6_BYTES     40u

/* Fields of headers, by offset. */
#define IPV4_LENGTH  2u
#define IPV4_ID      4u
#define IPV4_SUM     10u
#define IPV6_LENGTH  4u
#define TCP_SEQUENCE 4u
#define TCP_FLAGS    13u
#define TCP_FIN_PSH  0x09u
#define TCP_CWR      0x80u
#define UDP_LENGTH   4u

/*
 * Where each protocol has its checksum, the bytes that its header has at least, and
 * whether its packets can be cut.
 */
static const struct {
	uint8_t sum, least;
	bool cuts;
} l4_layout[] = {
	[OFFLOAD_L4_NONE] = {0, 0, false},
	[OFFLOAD_L4_TCP] = {16, 20, true},
	[OFFLOAD_L4_SCTP] = {8, 12, false},
	[OFFLOAD_L4_UDP] = {6, 8, true},
};

/* Bytes between the IP headers of a tunnel, at least. */
static const uint8_t tunnel_least[] = {
	[TXC_L4TUNT_NONE] = 0, [TXC_L4TUNT_UDP] = 8, [TXC_L4TUNT_GRE] = 4};

static struct tx_tunnel tunnel_decode(uint64_t context0)
{
	uint64_t ip = field_get(TXC0_EIPT, context0);
	struct tx_tunnel tunnel = {
		.ipv4 = ip == TXD_IIPT_IPV4 || ip == TXD_IIPT_IPV4_CSUM,
		.ipv4_sum = ip == TXD_IIPT_IPV4_CSUM,
		.ipv6 = ip == TXD_IIPT_IPV6,
		.same_id = context0 & TXC0_EIP_NOINC,
		.udp_sum = context0 & TXC0_L4T_CS,
		.kind = (uint8_t)field_get(TXC0_L4TUNT, context0),
		.ip_bytes = (uint16_t)(field_get(TXC0_EIPLEN, context0) * 4),
		.l4_bytes = (uint16_t)(field_get(TXC0_L4TUNLEN, context0) * 2),
	};

	tunnel.wrong = (!ip && (tunnel.kind || tunnel.ip_bytes || tunnel.l4_bytes)) ||
		       (tunnel.udp_sum && tunnel.kind != TXC_L4TUNT_UDP) ||
		       tunnel.kind >= ARRAY_LEN(tunnel_least) || (context0 & TXC0_DECTTL);
	return tunnel;
}

struct tx_offload tx_offload_decode(uint64_t data1, uint64_t context0, uint64_t context1)
{
	uint64_t ip = field_get(TXD1_CMD_IIPT, data1);
	struct tx_offload offload = {
		.tunnel = tunnel_decode(context0),
		.ipv4 = ip == TXD_IIPT_IPV4 || ip == TXD_IIPT_IPV4_CSUM,
		.ipv4_sum = ip == TXD_IIPT_IPV4_CSUM,
		.ipv6 = ip == TXD_IIPT_IPV6,
		.tag = data1 & TXD1_CMD_TAG1,
		.vlan_tci = (uint16_t)field_get(TXD1_L2TAG1, data1),
		.segment = context1 & TXC1_CMD_TSO,
		.l4 = (uint8_t)field_get(TXD1_CMD_L4T, data1),
		.mac_bytes = (uint16_t)(field_get(TXD1_MACLEN, data1) * 2),
		.ip_bytes = (uint16_t)(field_get(TXD1_IPLEN, data1) * 4),
		.l4_bytes = (uint16_t)(field_get(TXD1_L4LEN, data1) * 4),
		.mss = (uint16_t)field_get(TXC1_MSS, context1),
		.payload_bytes = (uint32_t)field_get(TXC1_TSO_LEN, context1),
	};

	return offload;
}

static enum mdd_event segmentation_check(const struct tx_offload *offload, uint32_t len_bytes)
{
	uint32_t header = tx_offload_header_bytes(offload);

	if (!l4_layout[offload->l4].cuts || offload->l4_bytes < l4_layout[offload->l4].least ||
	    !(offload->ipv4 || offload->ipv6) || header > OFFLOAD_MAX_HEADER || header > len_bytes)
		return MDD_BAD_HEADER;
	if (offload->ip_bytes < (offload->ipv6 ? IPV6_BYTES : IPV4_MIN_BYTES))
		return MDD_BAD_HEADER;
	if (offload->mss < OFFLOAD_MIN_MSS || offload->mss > OFFLOAD_MAX_MSS)
		return MDD_BAD_LSO_MSS;
	if (!offload->payload_bytes || len_bytes != header + offload->payload_bytes)
		return MDD_BAD_LSO_LEN;
	return MDD_NONE;
}

static enum mdd_event tunnel_check(const struct tx_tunnel *tunnel)
{
	if (tunnel->wrong)
		return MDD_BAD_CONTEXT;
	if (!tunnel->ipv4 && !tunnel->ipv6)
		return MDD_NONE;
	return tunnel->ip_bytes < (tunnel->ipv6 ? IPV6_BYTES : IPV4_MIN_BYTES) ||
			       tunnel->l4_bytes < tunnel_least[tunnel->kind]
		       ? MDD_BAD_HEADER
		       : MDD_NONE;
}

enum mdd_event tx_offload_check(const struct tx_offload *offload, uint32_t len_bytes)
{
	uint32_t ip_at = tx_offload_ip_at(offload), l4_at = ip_at + offload->ip_bytes;
	enum mdd_event event = tunnel_check(&offload->tunnel);

	if (event)
		return event;
	if (offload->tunnel.ip_bytes && ip_at > len_bytes)
		return MDD_BAD_HEADER;
	if (offload->ipv4_sum && (offload->ip_bytes < IPV4_MIN_BYTES || l4_at > len_bytes))
		return MDD_BAD_HEADER;
	if (offload->l4 && l4_at + l4_layout[offload->l4].least > len_bytes)
		return MDD_BAD_HEADER;
	return offload->segment ? segmentation_check(offload, len_bytes) : MDD_NONE;
}

static void be32_add(uint8_t *at, uint32_t more)
{
	uint32_t value = (be16_get(at) << 16 | be16_get(at + 2)) + more;

	be16_put(at, value >> 16);
	be16_put(at + 2, value);
}

static void fill_ipv4_sum(uint8_t *ip, uint32_t len_bytes)
{
	be16_put(ip + IPV4_SUM, 0);
	be16_put(ip + IPV4_SUM, ~ones_sum(ip, len_bytes) & 0xffff);
}

/* The field holds the pseudo header's sum, maybe without the length: so the sum of all is the
 * packet's. */
static void fill_sum(uint8_t *field, const uint8_t *l4, uint32_t len_bytes, bool add_length,
		     bool udp)
{
	uint32_t sum;

	if (add_length)
		be16_put(field, ones_fold((uint64_t)be16_get(field) + len_bytes));
	sum = ~ones_sum(l4, len_bytes) & 0xffff;
	/* UDP's 0 says "no checksum" (RFC 768). */
	be16_put(field, !sum && udp ? 0xffff : sum);
}

static void fill_l4_sum(const struct tx_offload *offload, uint8_t *l4, uint32_t len_bytes)
{
	uint8_t *field = l4 + l4_layout[offload->l4].sum;

	if (offload->l4 == OFFLOAD_L4_SCTP) {
		le32_put(field, 0);
		le32_put(field, crc32c(l4, len_bytes));
		return;
	}
	fill_sum(field, l4, len_bytes, offload->segment, offload->l4 == OFFLOAD_L4_UDP);
}

/* ---- segments ---- */

static void number_tcp(uint8_t *tcp, uint32_t sent_bytes, bool first, bool last)
{
	be32_add(tcp + TCP_SEQUENCE, sent_bytes);
	/* FIN and PSH are the last one's, CWR the first one's. */
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_FIN_PSH;
	if (!first)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

static void number_ip(uint8_t *ip, bool ipv4, uint32_t len_bytes, uint32_t number)
{
	if (ipv4) {
		be16_put(ip + IPV4_LENGTH, len_bytes);
		be16_put(ip + IPV4_ID, be16_get(ip + IPV4_ID) + number);
	} else {
		be16_put(ip + IPV6_LENGTH, len_bytes - IPV6_BYTES);
	}
}

static void number_segment(const struct tx_offload *offload, uint8_t *frame, uint32_t len_bytes,
			   uint32_t number, uint32_t count)
{
	uint32_t ip_at = tx_offload_ip_at(offload), l4_at = ip_at + offload->ip_bytes;

	number_ip(frame + ip_at, offload->ipv4, len_bytes - ip_at, number);
	if (offload->l4 == OFFLOAD_L4_TCP)
		number_tcp(frame + l4_at, number * offload->mss, !number, number + 1 == count);
	else
		be16_put(frame + l4_at + UDP_LENGTH, len_bytes - l4_at);
}

/* The headers around a packet that is finished. */
static void finish_tunnel(const struct tx_offload *offload, uint8_t *frame, uint32_t len_bytes,
			  uint32_t number)
{
	const struct tx_tunnel *tunnel = &offload->tunnel;
	uint8_t *ip = frame + offload->mac_bytes, *udp = ip + tunnel->ip_bytes;
	uint32_t ip_bytes = len_bytes - offload->mac_bytes, udp_bytes = ip_bytes - tunnel->ip_bytes;

	if (offload->segment) {
		number_ip(ip, tunnel->ipv4, ip_bytes, tunnel->same_id ? 0 : number);
		if (tunnel->kind == TXC_L4TUNT_UDP)
			be16_put(udp + UDP_LENGTH, udp_bytes);
	}
	if (tunnel->ipv4_sum)
		fill_ipv4_sum(ip, tunnel->ip_bytes);
	if (tunnel->udp_sum)
		fill_sum(udp + l4_layout[OFFLOAD_L4_UDP].sum, udp, udp_bytes, offload->segment,
			 true);
}

void tx_offload_apply(const struct tx_offload *offload, uint8_t *frame, uint32_t len_bytes,
		      uint32_t number, uint32_t count)
{
	uint32_t ip_at = tx_offload_ip_at(offload), l4_at = ip_at + offload->ip_bytes;

	if (offload->segment)
		number_segment(offload, frame, len_bytes, number, count);
	if (offload->ipv4_sum)
		fill_ipv4_sum(frame + ip_at, offload->ip_bytes);
	if (offload->l4)
		fill_l4_sum(offload, frame + l4_at, len_bytes - l4_at);
	if (offload->tunnel.ip_bytes)
		finish_tunnel(offload, frame, len_bytes, number);
}
