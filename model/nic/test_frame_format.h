/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_TEST_FRAME_FORMAT_H
#define VFSIM_MODEL_NIC_TEST_FRAME_FORMAT_H

/*
 * Frames that their receiver can check to the last byte: those of frame_format.h
 * with a payload that follows from their tag. Guests and what is at the far end of a
 * wire build and check them alike.
 */

#include "model/nic/frame_format.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A UDP frame of at least FRAME_PAYLOAD_OFFSET bytes, without a VLAN tag; UDP has no sum. */
void test_frame_build(uint8_t *frame, uint32_t len_bytes, const uint8_t destination[6],
		      const uint8_t source[6], uint32_t flow, uint64_t number);
/* The IPv4 address that a flow's frames go to, and no other's. */
void test_frame_destination(uint8_t address[4], uint32_t flow);
/* Leave its sums to the NIC, whole as it is. */
void test_frame_leave_sums(uint8_t *frame, uint32_t len_bytes);

/* The headers of a TCP packet that the NIC cuts, so many bytes, with what it needs to. */
#define TEST_FRAME_TCP_HEADERS (FRAME_ETH_BYTES + FRAME_IPV4_BYTES + FRAME_TCP_BYTES)
void test_frame_tcp_header(uint8_t *frame, const uint8_t destination[6], const uint8_t source[6],
			   uint32_t flow, uint32_t sequence);
/* What follows headers in a packet, or in a segment of one: its tag and its pattern. */
void test_frame_payload(uint8_t *at, uint32_t len_bytes, uint32_t flow, uint64_t number);

/*
 * Is it ours? Then which, and is every byte of the payload as built, and are its sums right.
 * The frame has no VLAN tag.
 */
bool test_frame_check(const uint8_t *frame, uint32_t len_bytes, uint64_t *flow, uint64_t *number,
		      bool *intact);

#ifdef __cplusplus
}
#endif
#endif
