/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_VLAN_H
#define VFSIM_MODEL_NIC_VLAN_H

/*
 * VLAN tags of frames (IEEE 802.1Q, 9.6): two octets of EtherType 0x8100 behind the
 * addresses, then the tag's control information: priority [15:13], DEI, VLAN ID [11:0].
 * VLAN ID 0 says that there is a priority only. Values are in host order, frames in
 * the network's.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "model/nic/vlan_tag_format.h"

static inline bool vlan_is_tagged(const uint8_t *frame, uint32_t len_bytes)
{
	return len_bytes >= VLAN_AT + VLAN_BYTES + 2 && frame[VLAN_AT] == VLAN_ETHERTYPE >> 8 &&
	       frame[VLAN_AT + 1] == (VLAN_ETHERTYPE & 0xff);
}

/* The control information of a tagged frame. */
static inline uint32_t vlan_tci(const uint8_t *frame)
{
	return (uint32_t)frame[VLAN_AT + 2] << 8 | frame[VLAN_AT + 3];
}

/* Give the frame of `len_bytes` a tag; there is room for VLAN_BYTES more. */
static inline void vlan_insert(uint8_t *frame, uint32_t len_bytes, uint32_t tci)
{
	uint8_t *tag = frame + VLAN_AT;

	memmove(tag + VLAN_BYTES, tag, len_bytes - VLAN_AT);
	tag[0] = VLAN_ETHERTYPE >> 8;
	tag[1] = VLAN_ETHERTYPE & 0xff;
	tag[2] = (uint8_t)(tci >> 8);
	tag[3] = (uint8_t)tci;
}

#endif
