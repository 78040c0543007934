/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Frames whose payload follows from their tag: word k of the payload is
 * seed(flow, number) + k * step. A byte changed, moved or left out shows, and
 * both ends cost one addition a word.
 */

#include "model/nic/test_frame_format.h"

#include <string.h>

#define PATTERN_STEP UINT64_C(0x9e3779b97f4a7c15)

/* Four words of a payload; as many such as make a row are made or compared at a time. */
typedef uint64_t words __attribute__((vector_size(32)));

#define ROW       4
#define ROW_BYTES (ROW * sizeof(words))

/* Compiled twice: for CPUs with vectors of that width too. Which one is chosen before sanitizers
 * work. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#define STEPS(n) ((n)*PATTERN_STEP)

static const words word_steps = {STEPS(0), STEPS(1), STEPS(2), STEPS(3)};
static const words words_steps = {STEPS(4), STEPS(4), STEPS(4), STEPS(4)};
static const words row_steps = {STEPS(4 * ROW), STEPS(4 * ROW), STEPS(4 * ROW), STEPS(4 * ROW)};

static uint64_t pattern_seed(uint64_t flow, uint64_t number)
{
	uint64_t x = flow * UINT64_C(0xd6e8feb86659fd93) + number * UINT64_C(0xa0761d6478bd642f);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

/* The first row of a payload. */
static inline void row_begin(words row[ROW], uint64_t word)
{
	row[0] = (words){word, word, word, word} + word_steps;
	for (uint32_t i = 1; i < ROW; i++)
		row[i] = row[i - 1] + words_steps;
}

static WIDE void pattern_fill(uint8_t *at, const uint8_t *end, uint64_t word)
{
	words row[ROW];

	row_begin(row, word);
	for (size_t rows = (size_t)(end - at) / ROW_BYTES; rows; rows--, at += ROW_BYTES)
#pragma GCC unroll 4
		for (uint32_t i = 0; i < ROW; i++) {
			memcpy(at + i * sizeof(words), &row[i], sizeof(words));
			row[i] += row_steps;
		}
	for (word = row[0][0]; end - at >= 8; at += 8, word += PATTERN_STEP)
		memcpy(at, &word, 8);
	memcpy(at, &word, (size_t)(end - at));
}

static WIDE bool pattern_matches(const uint8_t *at, const uint8_t *end, uint64_t word)
{
	words row[ROW], found, wrong = {0};
	uint64_t last, differ = 0;

	row_begin(row, word);
	for (size_t rows = (size_t)(end - at) / ROW_BYTES; rows; rows--, at += ROW_BYTES)
#pragma GCC unroll 4
		for (uint32_t i = 0; i < ROW; i++) {
			memcpy(&found, at + i * sizeof(words), sizeof(words));
			wrong |= found ^ row[i];
			row[i] += row_steps;
		}
	for (word = row[0][0]; end - at >= 8; at += 8, word += PATTERN_STEP) {
		memcpy(&last, at, 8);
		differ |= last ^ word;
	}
	last = word;
	memcpy(&last, at, (size_t)(end - at));
	differ |= last ^ word;
	return !(differ | wrong[0] | wrong[1] | wrong[2] | wrong[3]);
}

static uint16_t ipv4_checksum(const uint8_t *header)
{
	uint64_t sum = 0;

	/* The sum of a ones' complement has its bytes in the order of what was summed (RFC 1071).
	 */
	for (uint32_t i = 0; i < FRAME_IPV4_BYTES; i += 4)
		sum += le32_get(header + i);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~__builtin_bswap16((uint16_t)sum);
}

static uint32_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* Of what build_ipv4() writes for UDP, from the numbers: the frame's memory is not waited for. */
static uint32_t header_checksum(uint32_t ip_bytes, uint32_t flow)
{
	uint32_t address = 0x0a00 | (flow >> 8 & 0xff), host = (flow & 0xff) << 8;
	uint32_t sum = 0x4500 + ip_bytes + (64 << 8 | FRAME_PROTO_UDP) + 2 * address + (host | 1) +
		       (host | 2);

	return ~fold(sum) & 0xffff;
}

static void be16_put(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void build_ethernet(uint8_t *frame, const uint8_t destination[6], const uint8_t source[6])
{
	memcpy(frame, destination, 6);
	memcpy(frame + 6, source, 6);
	be16_put(frame + FRAME_ETHERTYPE_OFFSET, FRAME_ETHERTYPE_IPV4);
}

/* Addresses 10.x.y.1 and .2 and the ports tell a capture's reader which flow it is. No checksum. */
static void build_ipv4(uint8_t *ip, uint32_t ip_bytes, uint8_t proto, uint32_t flow)
{
	memset(ip, 0, FRAME_IPV4_BYTES);
	ip[0] = 0x45;
	be16_put(ip + 2, ip_bytes);
	ip[8] = 64;
	ip[9] = proto;
	ip[12] = ip[16] = 10;
	ip[13] = ip[17] = (uint8_t)(flow >> 8);
	ip[14] = ip[18] = (uint8_t)flow;
	ip[15] = 1;
	ip[19] = 2;
}

void test_frame_destination(uint8_t address[4], uint32_t flow)
{
	uint8_t ip[FRAME_IPV4_BYTES];

	build_ipv4(ip, 0, 0, flow);
	memcpy(address, ip + 16, 4);
}

static void build_ports(uint8_t *l4, uint32_t flow)
{
	be16_put(l4, 49152 + (flow & 0x3fff));
	be16_put(l4 + 2, 9);
}

static uint64_t sum_words(const uint8_t *at, uint32_t len_bytes)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i + 1 < len_bytes; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum + (len_bytes % 2 ? (uint32_t)at[len_bytes - 1] << 8 : 0);
}

/* Of addresses, protocol and `l4_bytes` (RFC 9293, 3.1), not inverted. */
static uint32_t pseudo_sum(const uint8_t *ip, uint32_t l4_bytes)
{
	return fold(sum_words(ip + 12, 8) + ip[9] + l4_bytes);
}

void test_frame_payload(uint8_t *at, uint32_t len_bytes, uint32_t flow, uint64_t number)
{
	frame_tag_write(at, flow, number);
	pattern_fill(at + FRAME_TAG_BYTES, at + len_bytes, pattern_seed(flow, number));
}

void test_frame_build(uint8_t *frame, uint32_t len_bytes, const uint8_t destination[6],
		      const uint8_t source[6], uint32_t flow, uint64_t number)
{
	uint8_t *ip = frame + FRAME_ETH_BYTES, *udp = ip + FRAME_IPV4_BYTES;
	uint32_t ip_bytes = len_bytes - FRAME_ETH_BYTES;

	build_ethernet(frame, destination, source);
	build_ipv4(ip, ip_bytes, FRAME_PROTO_UDP, flow);
	be16_put(ip + 10, header_checksum(ip_bytes, flow));
	build_ports(udp, flow);
	be16_put(udp + 4, ip_bytes - FRAME_IPV4_BYTES);
	be16_put(udp + 6, 0);
	test_frame_payload(frame + FRAME_TAG_OFFSET, len_bytes - FRAME_TAG_OFFSET, flow, number);
}

void test_frame_leave_sums(uint8_t *frame, uint32_t len_bytes)
{
	uint8_t *ip = frame + FRAME_ETH_BYTES;

	be16_put(ip + 10, 0);
	be16_put(ip + FRAME_IPV4_BYTES + 6,
		 pseudo_sum(ip, len_bytes - FRAME_ETH_BYTES - FRAME_IPV4_BYTES));
}

void test_frame_tcp_header(uint8_t *frame, const uint8_t destination[6], const uint8_t source[6],
			   uint32_t flow, uint32_t sequence)
{
	uint8_t *ip = frame + FRAME_ETH_BYTES, *tcp = ip + FRAME_IPV4_BYTES;

	build_ethernet(frame, destination, source);
	build_ipv4(ip, 0, FRAME_PROTO_TCP, flow);
	memset(tcp, 0, FRAME_TCP_BYTES);
	build_ports(tcp, flow);
	be16_put(tcp + 4, sequence >> 16);
	be16_put(tcp + 6, sequence);
	be16_put(tcp + 10, 1); /* acknowledged */
	tcp[12] = FRAME_TCP_BYTES / 4 << 4;
	tcp[13] = 0x18; /* ACK, PSH */
	be16_put(tcp + 14, 0xffff);
	be16_put(tcp + 16, pseudo_sum(ip, 0));
}

/* The IPv4 packet's sums, where it has them: UDP may do without. */
static bool sums_are_right(const uint8_t *ip, uint32_t ip_bytes)
{
	const uint8_t *l4 = ip + FRAME_IPV4_BYTES;
	uint32_t l4_bytes = ip_bytes - FRAME_IPV4_BYTES;

	if (ipv4_checksum(ip))
		return false;
	if (ip[9] == FRAME_PROTO_UDP && !(l4[6] | l4[7]))
		return true;
	return fold(pseudo_sum(ip, l4_bytes) + sum_words(l4, l4_bytes)) == 0xffff;
}

bool test_frame_check(const uint8_t *frame, uint32_t len_bytes, uint64_t *flow, uint64_t *number,
		      bool *intact)
{
	const uint8_t *ip = frame + FRAME_ETH_BYTES;
	uint32_t ip_bytes, payload;

	*intact = false;
	if (!frame_tag_get(frame, len_bytes, flow, number))
		return false;
	/* What follows the IP packet is padding; a length beyond the frame is damage. */
	payload = frame_tag_offset(frame) + FRAME_TAG_BYTES;
	ip_bytes = (uint32_t)ip[2] << 8 | ip[3];
	if (FRAME_ETH_BYTES + ip_bytes > len_bytes || FRAME_ETH_BYTES + ip_bytes < payload)
		return true;
	*intact = pattern_matches(frame + payload, ip + ip_bytes, pattern_seed(*flow, *number)) &&
		  sums_are_right(ip, ip_bytes);
	return true;
}
