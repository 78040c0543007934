/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_TX_RATE_H
#define VFSIM_MODEL_NIC_TX_RATE_H

/*
 * Rates of sending, of a queue, a VF or the port: behind a packet no other begins until the
 * packet's bits have passed at that rate. A frame's octets count as descriptors give
 * them, the headers of each segment included; an inserted tag, FCS and gap do not.
 */

#include <stdint.h>

#define TX_RATE_BIT_PS UINT64_C(1000000000) /* a bit at 1 kb/s */

/*
 * From when on the next packet may begin: so far from `free_ps` on, now that `len_bytes` begin,
 * whose bits pass from `from_ps` on at the earliest. `kbps` 0 is no limit.
 */
static inline uint64_t tx_rate_next(uint64_t free_ps, uint64_t from_ps, uint64_t len_bytes,
				    uint64_t kbps)
{
	if (!kbps)
		return free_ps;
	return (free_ps > from_ps ? free_ps : from_ps) + 8 * len_bytes * TX_RATE_BIT_PS / kbps;
}

#endif
