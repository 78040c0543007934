/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_OFFLOAD_H
#define VFSIM_MODEL_NIC_OFFLOAD_H

/*
 * What a driver leaves to the NIC when it transmits: checksums, and cutting one
 * long TCP or UDP packet into segments (AVF specification, transmit descriptors; RFC 1071
 * for sums, RFC 9260 for SCTP's).
 *
 * A driver stores in the checksum field of TCP or UDP the sum of the pseudo
 * header: with the length for a whole packet, without for one to be cut. That goes for the
 * UDP header of a tunnel, too, if its checksum is the NIC's.
 */

#include "model/nic/avf_format.h"

#ifdef __cplusplus
extern "C" {
#endif

enum offload_l4 { OFFLOAD_L4_NONE, OFFLOAD_L4_TCP, OFFLOAD_L4_SCTP, OFFLOAD_L4_UDP };

/* What an IP packet travels in: another one, and what stands between the two. */
struct tx_tunnel {
	bool ipv4, ipv6; /* the outer header; neither: there is no tunnel */
	bool ipv4_sum;
	bool same_id; /* segments do not count the outer IPv4 header's ID up */
	bool udp_sum;
	bool wrong;   /* fields that contradict each other */
	uint8_t kind; /* TXC_L4TUNT_* */
	uint16_t ip_bytes, l4_bytes;
};

/* Small: each packet that is being read has one. */
struct tx_offload {
	struct tx_tunnel tunnel;
	bool ipv4;     /* the (inner) network header is IPv4 */
	bool ipv4_sum; /* its checksum is the NIC's to fill */
	bool ipv6;     /* it is IPv6, with extension headers within ip_bytes */
	bool tag;      /* vlan_tci is inserted as a VLAN tag, after all else */
	bool segment;  /* cut into segments of mss bytes of payload */
	uint8_t l4;    /* enum offload_l4 */
	uint16_t mac_bytes, ip_bytes, l4_bytes; /* headers; l4_bytes only counts for segmentation */
	uint16_t vlan_tci;
	uint16_t mss;
	uint32_t payload_bytes; /* segment: all of the payload */
};

#define OFFLOAD_MAX_HEADER 256u /* of a packet that is cut */
#define OFFLOAD_MIN_MSS    64u
#define OFFLOAD_MAX_MSS    9668u

/* What the first data descriptor's word 1 and the context descriptor's words (0: none) ask for. */
struct tx_offload tx_offload_decode(uint64_t data1, uint64_t context0, uint64_t context1);

/* Where the (inner) network header begins. */
static inline uint32_t tx_offload_ip_at(const struct tx_offload *offload)
{
	return offload->mac_bytes + offload->tunnel.ip_bytes + offload->tunnel.l4_bytes;
}

/* Bytes that stand at the head of every segment; 0 for a packet that is not cut. */
static inline uint32_t tx_offload_header_bytes(const struct tx_offload *offload)
{
	return offload->segment ? tx_offload_ip_at(offload) + offload->ip_bytes + offload->l4_bytes
				: 0;
}

/* Can a packet of `len_bytes` be treated so? MDD_NONE, or which rule it breaks. */
enum mdd_event tx_offload_check(const struct tx_offload *offload, uint32_t len_bytes);

/*
 * Finish a whole packet, or segment `number` of `count`, whose header is the
 * uncut packet's: lengths, numbers, flags and sums.
 */
void tx_offload_apply(const struct tx_offload *offload, uint8_t *frame, uint32_t len_bytes,
		      uint32_t number, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif
