/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_RSS_H
#define VFSIM_MODEL_NIC_RSS_H

/*
 * Receive-side scaling: which of a VF's queues a packet goes to, by the Toeplitz
 * hash of its addresses and ports (Intel X710 datasheet, RSS; packet types as in
 * the AVF specification's hash configuration).
 */

#include <stdbool.h>

#include "base/bits.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RSS_KEY_BYTES   52u
#define RSS_LUT_ENTRIES 64u

/* Packet types of a hash configuration. */
#define RSS_IPV4_UDP   BIT(31)
#define RSS_IPV4_TCP   BIT(33)
#define RSS_IPV4_SCTP  BIT(34)
#define RSS_IPV4_OTHER BIT(35)
#define RSS_IPV4_FRAG  BIT(36)
#define RSS_IPV6_UDP   BIT(41)
#define RSS_IPV6_TCP   BIT(43)
#define RSS_IPV6_SCTP  BIT(44)
#define RSS_IPV6_OTHER BIT(45)
#define RSS_IPV6_FRAG  BIT(46)
#define RSS_ALL                                                                                    \
	(RSS_IPV4_UDP | RSS_IPV4_TCP | RSS_IPV4_SCTP | RSS_IPV4_OTHER | RSS_IPV4_FRAG |            \
	 RSS_IPV6_UDP | RSS_IPV6_TCP | RSS_IPV6_SCTP | RSS_IPV6_OTHER | RSS_IPV6_FRAG)

/* Types by number, and what of a type's packets is not hashed. */
#define RSS_TYPE_FIRST     31u
#define RSS_TYPES          16u
#define RSS_NO_SOURCE      BIT(0)
#define RSS_NO_DESTINATION BIT(1)
#define RSS_NO_SOURCE_PORT BIT(2)
#define RSS_NO_DEST_PORT   BIT(3)
#define RSS_TYPE_SYMMETRIC BIT(4) /* as `symmetric`, of this type */
#define RSS_TYPE_RULES     BITS(4, 0)

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
