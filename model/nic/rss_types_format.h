/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_RSS_TYPES_FORMAT_H
#define VFSIM_MODEL_NIC_RSS_TYPES_FORMAT_H

/* What receive-side scaling hashes: types of packets, and what of each. */

#include "base/bits.h"

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
#define RSS_FRAGMENT_ID    BIT(5) /* the identification of fragments is hashed, too */
#define RSS_TYPE_OF_IP     BIT(6) /* by the rule of all packets of its IP: it has none of its own */
#define RSS_TYPE_RULES     BITS(6, 0)

#endif
