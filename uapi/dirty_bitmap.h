/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_DIRTY_BITMAP_H
#define VFSIM_UAPI_DIRTY_BITMAP_H

/*
 * Dirty pages on their way to a program's bitmap: gathered here, then set in the
 * program's, which keeps what it has. Linux: iova_bitmap.c.
 */

#include "uapi/uapi_internal.h"

/* The dirty pages of [iova, iova + len), a bit for 1 << shift bytes from `iova` on. */
struct dirty_bitmap {
	uint64_t iova, len;
	uint32_t shift;
	uint64_t *word; /* free() is the owner's */
	uint64_t words;
};

/* All clean; `len` is not zero. -ENOMEM. */
int dirty_bitmap_init(struct dirty_bitmap *bitmap, uint64_t iova, uint64_t len, uint32_t shift);
/* [iova, iova + len), which is within the bitmap's range, is dirty. `ctx` is the bitmap. */
void dirty_bitmap_set(void *ctx, uint64_t iova, uint64_t len);
/*
 * Set the dirty bits in the bitmap at `user`, where a bit stands for 1 << shift
 * bytes; at most bitmap->shift. What cannot be reached there goes unsaid, as in
 * the kernel.
 */
void dirty_bitmap_give(const struct dirty_bitmap *bitmap, const struct uapi_task *task,
		       uint32_t shift, uint64_t user);
/* Trace that a program was given it: as it was at `begin_ps`, and whether it was cleared. */
void dirty_bitmap_trace(const struct dirty_bitmap *bitmap, const struct sim_part *part,
			uint64_t domain_id, uint64_t begin_ps, bool cleared);

#endif
