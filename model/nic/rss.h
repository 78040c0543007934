/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_RSS_H
#define VFSIM_MODEL_NIC_RSS_H

/*
 * Receive-side scaling: which of a VF's queues a packet goes to, by the Toeplitz
 * hash of its addresses and ports (Intel X710 datasheet, RSS; packet types as in
 * the AVF specification's hash configuration).
 */

#include <stdbool.h>

#include "model/nic/rss_types_format.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rss {
	uint64_t types;
	uint8_t rule[RSS_TYPES]; /* RSS_NO_*, RSS_TYPE_SYMMETRIC of type RSS_TYPE_FIRST + n */
	uint8_t key[RSS_KEY_BYTES];
	uint8_t lut[RSS_LUT_ENTRIES];
	/* Both of a pair, addresses or ports, are hashed as their exclusive or. */
	bool symmetric;
};

/* The hash of an Ethernet frame; false for one of a type that is not hashed. */
bool rss_hash(const struct rss *rss, const uint8_t *frame, uint32_t len_bytes, uint32_t *hash);

/* The queue of a frame, of `queues`: 0 for one that is not hashed. */
uint32_t rss_queue(const struct rss *rss, const uint8_t *frame, uint32_t len_bytes,
		   uint32_t queues);

#ifdef __cplusplus
}
#endif
#endif
