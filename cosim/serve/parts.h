/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_PARTS_H
#define VFSIM_COSIM_PARTS_H

#include <stdint.h>

/* An access of any length is made of naturally aligned ones, none wider than `widest` (a power of
 * two): how long the first of those is. */
static inline uint32_t part_bytes(uint64_t offset, uint32_t len_bytes, uint32_t widest)
{
	while (offset % widest || widest > len_bytes)
		widest /= 2;
	return widest;
}

#endif
