/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_RESPONDER_H
#define VFSIM_MODEL_WIRE_RESPONDER_H

/*
 * Somebody to ping: a station that answers for every address it is asked about,
 * so that a guest needs to know nothing of it. ARP requests (RFC 826; no probes and
 * announcements, RFC 5227) and neighbour solicitations (RFC 4861; no duplicate address
 * detection), echo requests of ICMP (RFC 792) and ICMPv6 (RFC 4443), and UDP's echo
 * port (RFC 862). Frames with wrong sums, fragments, and what is meant for another
 * MAC address get no answer. A VLAN tag comes back as it came.
 */

#include "model/wire/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

struct responder_cfg {
	uint8_t mac[6];
	uint64_t delay_ps; /* from a request to its answer, in simulations without latencies, too */
	uint32_t packets;  /* answers under way at once; what is beyond is lost as no-buffer */
};

/* NULL without memory. */
struct wire_backend *responder_create(const struct sim_part *part, const struct responder_cfg *cfg);

#ifdef __cplusplus
}
#endif
#endif
