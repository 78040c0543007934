/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MASTER_STAMP_FORMAT_H
#define VFSIM_MODEL_MASTER_STAMP_FORMAT_H

/*
 * What a test master expects in memory. The 8-byte word at each address of each
 * of its address spaces has one value, which the master writes and checks and
 * which software puts there beforehand: a word of another space, of another page,
 * or of a page that is mapped no more cannot pass for it.
 */

#include <stdint.h>

/* `space`: the stream and, above 32 bits, 1 + its substream; 0 there for none. */
static inline uint64_t master_space(uint32_t stream, uint64_t substream, int has_substream)
{
	return (has_substream ? (substream + 1) << 32 : 0) | stream;
}

static inline uint64_t master_stamp(uint64_t space, uint64_t address)
{
	uint64_t mixed = (address >> 3) * UINT64_C(0x9e3779b97f4a7c15) ^
			 space * UINT64_C(0xff51afd7ed558ccd);

	return mixed ^ mixed >> 29;
}

#endif
