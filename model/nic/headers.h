/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_HEADERS_H
#define VFSIM_MODEL_NIC_HEADERS_H

/*
 * What a frame's headers are, as far as a NIC looks: Ethernet, one VLAN tag, IPv4
 * (RFC 791) or IPv6 with its extension headers (RFC 8200), and which transport follows.
 */

#include <stdbool.h>
#include <stdint.h>

#include "model/nic/ip_format.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_ARP  0x0806u
#define ETHERTYPE_IPV6 0x86ddu

struct frame_headers {
	uint32_t ethertype; /* behind a VLAN tag, if there is one; 0: the frame is too short */
	uint32_t version;   /* 4 or 6; 0: no IP, or a header that is not whole */
	uint32_t ip_at, l4_at;
	/*
	 * Where the IP packet ends: behind that the frame is padded. Beyond the frame: it
	 * has been cut.
	 */
	uint32_t ip_end;
	uint32_t proto; /* at l4_at; of a fragment it may be in another one */
	bool fragment;
};

struct frame_headers frame_headers_get(const uint8_t *frame, uint32_t len_bytes);

static inline uint32_t be16_get(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static inline void be16_put(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

#ifdef __cplusplus
}
#endif
#endif
