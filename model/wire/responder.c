/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/responder.h"

#include <stdlib.h>
#include <string.h>

#include "model/nic/checksum.h"
#include "model/nic/headers.h"

#define ARP_BYTES      28u
#define ARP_REQUEST    1u
#define ARP_REPLY      2u
#define ICMP_ECHO      8u
#define ICMP_BYTES     8u
#define ICMPV6_ECHO    128u
#define ICMPV6_REPLY   129u
#define ICMPV6_SOLICIT 135u
#define ICMPV6_ADVERT  136u
#define ADVERT_BYTES   32u /* with the option that holds an address */
#define SOLICIT_BYTES  24u
#define ND_HOPS        255u
#define UDP_BYTES      8u
#define UDP_ECHO       7u
#define HOPS           64u

struct responder {
	struct wire_backend backend;
	struct responder_cfg cfg;
	struct packet_pool *pool;
};

/* A request, and the answer that is made of it where it lies. */
struct exchange {
	const struct responder *responder;
	struct packet *packet;
	struct frame_headers headers;
	uint8_t *ip, *l4;  /* `ip`: behind Ethernet and tag, whatever is there */
	uint32_t l4_bytes; /* without padding */
};

static bool is_zero(const uint8_t *at, uint32_t bytes)
{
	while (bytes && !*at) {
		at++;
		bytes--;
	}
	return !bytes;
}

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
	uint8_t kept[16];

	memcpy(kept, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, kept, bytes);
}

/* --- ARP --- */

static bool answer_arp(struct exchange *exchange)
{
	static const uint8_t ethernet_ipv4[6] = {0, 1, ETHERTYPE_IPV4 >> 8, 0, 6, 4};
	const struct responder *responder = exchange->responder;
	uint8_t *arp = exchange->ip, *sender = arp + 8, *target = arp + 18;

	if (exchange->headers.ip_at + ARP_BYTES > exchange->packet->len_bytes ||
	    memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0 ||
	    be16_get(arp + 6) != ARP_REQUEST)
		return false;
	/* Nobody there yet, or only telling. */
	if (is_zero(sender + 6, 4) || !memcmp(sender + 6, target + 6, 4))
		return false;
	be16_put(arp + 6, ARP_REPLY);
	swap(sender, target, 10);
	memcpy(sender, responder->cfg.mac, 6);
	return true;
}

/* --- IP --- */

static uint32_t pseudo_sum(const struct exchange *exchange)
{
	uint32_t addresses = exchange->headers.version == 4 ? ones_sum(exchange->ip + 12, 8)
							    : ones_sum(exchange->ip + 8, 32);

	return ones_fold((uint64_t)addresses + exchange->headers.proto + exchange->l4_bytes);
}

/* Over the transport's header and payload, on top of `start`: 0xffff where its sum is right. */
static uint32_t l4_sum(const struct exchange *exchange, uint32_t start)
{
	return ones_fold((uint64_t)start + ones_sum(exchange->l4, exchange->l4_bytes));
}

static void l4_sum_put(const struct exchange *exchange, uint32_t at, uint32_t start)
{
	be16_put(exchange->l4 + at, 0);
	be16_put(exchange->l4 + at, ~l4_sum(exchange, start));
}

static void turn_ip(const struct exchange *exchange)
{
	uint8_t *ip = exchange->ip;

	if (exchange->headers.version == 6) {
		swap(ip + 8, ip + 24, 16);
		ip[7] = HOPS;
		return;
	}
	swap(ip + 12, ip + 16, 4);
	ip[8] = HOPS;
	be16_put(ip + 10, 0);
	be16_put(ip + 10, ~ones_sum(ip, exchange->headers.l4_at - exchange->headers.ip_at));
}

static bool answer_icmp(struct exchange *exchange)
{
	uint8_t *icmp = exchange->l4;

	if (exchange->l4_bytes < ICMP_BYTES || icmp[0] != ICMP_ECHO || icmp[1] ||
	    l4_sum(exchange, 0) != 0xffff)
		return false;
	turn_ip(exchange);
	icmp[0] = 0;
	l4_sum_put(exchange, 2, 0);
	return true;
}

static bool answer_udp(struct exchange *exchange)
{
	uint8_t *udp = exchange->l4;
	bool summed;

	if (exchange->l4_bytes < UDP_BYTES || be16_get(udp + 2) != UDP_ECHO ||
	    be16_get(udp) == UDP_ECHO || be16_get(udp + 4) != exchange->l4_bytes)
		return false;
	summed = be16_get(udp + 6) != 0;
	if (summed && l4_sum(exchange, pseudo_sum(exchange)) != 0xffff)
		return false;
	/* What is added up stays the same. */
	turn_ip(exchange);
	swap(udp, udp + 2, 2);
	return summed || exchange->headers.version == 4;
}

/* The solicitation's target, which was asked for by a group's address, tells who it is. */
static bool answer_solicitation(struct exchange *exchange)
{
	uint8_t *ip = exchange->ip, *icmp = exchange->l4, target[16];
	uint32_t end = exchange->headers.l4_at + ADVERT_BYTES;

	if (exchange->l4_bytes < SOLICIT_BYTES || ip[7] != ND_HOPS || is_zero(ip + 8, 16) ||
	    icmp[8] == 0xff || end > FRAME_MAX_BYTES)
		return false;
	memcpy(target, icmp + 8, sizeof(target));
	turn_ip(exchange);
	memcpy(ip + 8, target, sizeof(target));
	ip[7] = ND_HOPS;
	memset(icmp, 0, 8);
	icmp[0] = ICMPV6_ADVERT;
	icmp[4] = 0x60; /* solicited, override */
	icmp[24] = 2;   /* target link-layer address, of one unit */
	icmp[25] = 1;
	memcpy(icmp + 26, exchange->responder->cfg.mac, 6);
	be16_put(ip + 4, ADVERT_BYTES);
	exchange->packet->len_bytes = end;
	exchange->l4_bytes = ADVERT_BYTES;
	l4_sum_put(exchange, 2, pseudo_sum(exchange));
	return true;
}

static bool answer_icmpv6(struct exchange *exchange)
{
	uint8_t *icmp = exchange->l4;

	if (exchange->l4_bytes < ICMP_BYTES || icmp[1] ||
	    l4_sum(exchange, pseudo_sum(exchange)) != 0xffff)
		return false;
	if (icmp[0] == ICMPV6_SOLICIT)
		return answer_solicitation(exchange);
	/* To a group it would have to say who it is. */
	if (icmp[0] != ICMPV6_ECHO || exchange->ip[24] == 0xff)
		return false;
	turn_ip(exchange);
	icmp[0] = ICMPV6_REPLY;
	l4_sum_put(exchange, 2, pseudo_sum(exchange));
	return true;
}

static const struct {
	uint32_t version, proto;
	bool (*answer)(struct exchange *exchange);
} transports[] = {
	{4, IP_PROTO_ICMP, answer_icmp},
	{4, IP_PROTO_UDP, answer_udp},
	{6, IP_PROTO_UDP, answer_udp},
	{6, IP_PROTO_ICMPV6, answer_icmpv6},
};

/* Is the IP packet whole, its own sum right, and its transport all here? */
static bool take_ip(struct exchange *exchange)
{
	const struct frame_headers *headers = &exchange->headers;

	if (headers->fragment || headers->ip_end > exchange->packet->len_bytes ||
	    headers->ip_end < headers->l4_at)
		return false;
	/* Extension headers are not turned round. */
	if (headers->version == 6 && headers->l4_at != headers->ip_at + 40)
		return false;
	exchange->l4 = exchange->packet->data + headers->l4_at;
	exchange->l4_bytes = headers->ip_end - headers->l4_at;
	if (headers->version == 6)
		return true;
	return exchange->ip[0] >> 4 == 4 && !(exchange->packet->data[0] & 1) &&
	       ones_sum(exchange->ip, headers->l4_at - headers->ip_at) == 0xffff;
}

static bool answer_ip(struct exchange *exchange)
{
	if (!take_ip(exchange))
		return false;
	for (uint32_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (transports[i].version == exchange->headers.version &&
		    transports[i].proto == exchange->headers.proto)
			return transports[i].answer(exchange);
	return false;
}

/* Make the answer to a request of its own. False: there is none. */
static bool answer(const struct responder *responder, struct packet *packet)
{
	struct exchange exchange = {
		.responder = responder,
		.packet = packet,
		.headers = frame_headers_get(packet->data, packet->len_bytes),
	};
	bool answered;

	if (!exchange.headers.ethertype)
		return false;
	exchange.ip = packet->data + exchange.headers.ip_at;
	answered = exchange.headers.ethertype == ETHERTYPE_ARP ? answer_arp(&exchange)
		   : exchange.headers.version                  ? answer_ip(&exchange)
							       : false;
	memcpy(packet->data, packet->data + 6, 6);
	memcpy(packet->data + 6, responder->cfg.mac, 6);
	return answered;
}

/* --- The back-end --- */

static bool is_ours(const struct responder *responder, const struct packet *packet)
{
	return packet->len_bytes >= FRAME_ETH_BYTES && !(packet->data[6] & 1) &&
	       (packet->data[0] & 1 || !memcmp(packet->data, responder->cfg.mac, 6));
}

/* Others may still read the frame that came: the answer is made of a copy. */
static void responder_transmit(struct wire_backend *backend, struct packet *packet)
{
	struct responder *responder = CONTAINER_OF(backend, struct responder, backend);
	struct packet *copy;

	if (!is_ours(responder, packet)) {
		wire_backend_ignore(backend, packet);
		return;
	}
	copy = wire_backend_copy(backend, responder->pool, packet);
	if (!copy)
		return;
	if (!answer(responder, copy)) {
		packet_put(copy);
		wire_backend_ignore(backend, packet);
		return;
	}
	packet_put(packet);
	wire_backend_send_after(backend, copy, responder->cfg.delay_ps);
}

static void responder_destroy(struct wire_backend *backend)
{
	struct responder *responder = CONTAINER_OF(backend, struct responder, backend);

	packet_pool_destroy(responder->pool);
	free(responder);
}

static const struct wire_backend_ops responder_ops = {
	.name = "responder",
	.transmit = responder_transmit,
	.destroy = responder_destroy,
};

struct wire_backend *responder_create(const struct sim_part *part, const struct responder_cfg *cfg)
{
	struct responder *responder = calloc(1, sizeof(*responder));

	if (!responder)
		return NULL;
	responder->backend = (struct wire_backend){.ops = &responder_ops, .part = *part};
	responder->cfg = *cfg;
	responder->pool = packet_pool_create(cfg->packets);
	if (responder->pool)
		return &responder->backend;
	free(responder);
	return NULL;
}
