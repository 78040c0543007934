// SPDX-License-Identifier: Apache-2.0
#include "uapi/dirty_bitmap.h"

#include <errno.h>
#include <stdlib.h>

int dirty_bitmap_init(struct dirty_bitmap *bitmap, uint64_t iova, uint64_t len, uint32_t shift)
{
	bitmap->iova = iova;
	bitmap->len = len;
	bitmap->shift = shift;
	bitmap->words = (((len - 1) >> shift) + 64) / 64;
	bitmap->word = calloc(bitmap->words, sizeof(*bitmap->word));
	return bitmap->word ? 0 : -ENOMEM;
}

void dirty_bitmap_set(void *ctx, uint64_t iova, uint64_t len)
{
	struct dirty_bitmap *bitmap = ctx;
	uint64_t bit = (iova - bitmap->iova) >> bitmap->shift;
	uint64_t last = (iova + len - 1 - bitmap->iova) >> bitmap->shift;

	while (bit <= last) {
		uint64_t end = MIN(bit | 63, last);

		bitmap->word[bit / 64] |= BITS(end % 64, bit % 64);
		bit = end + 1;
	}
}

/* Set bits in the caller's bitmap, which keeps what it has. Its being unreachable goes unsaid. */
static void or_user(const struct uapi_task *task, uint64_t user, const uint8_t *from, uint64_t len)
{
	uint8_t chunk[512];

	for (uint64_t at = 0; at < len; at += sizeof(chunk)) {
		size_t n = MIN(sizeof(chunk), len - at);
		uint8_t any = 0;

		for (size_t i = 0; i < n; i++)
			any |= from[at + i];
		if (!any)
			continue;
		if (user_copy_from(task, chunk, user + at, n))
			return;
		for (size_t i = 0; i < n; i++)
			chunk[i] |= from[at + i];
		if (user_copy_to(task, user + at, chunk, n))
			return;
	}
}

/* The bitmap as the caller wants it: with smaller pages than ours, each bit becomes many. */
void dirty_bitmap_give(const struct dirty_bitmap *bitmap, const struct uapi_task *task,
		       uint32_t shift, uint64_t user)
{
	uint64_t bits = ((bitmap->len - 1) >> bitmap->shift) + 1;
	uint32_t spread = bitmap->shift - shift;
	uint8_t ones[512];

	if (!spread) {
		or_user(task, user, (const uint8_t *)bitmap->word, (bits + 7) / 8);
		return;
	}
	/* A page of ours is at least 8 bits of theirs, or part of one byte. */
	for (uint64_t bit = 0; bit < bits; bit++) {
		uint64_t first = bit << spread, count = UINT64_C(1) << spread;

		if (!(bitmap->word[bit / 64] >> bit % 64 & 1))
			continue;
		memset(ones, count >= 8 ? 0xff : (int)(BITS(count - 1, 0) << first % 8),
		       sizeof(ones));
		or_user(task, user + first / 8, ones, (count + 7) / 8);
	}
}

void dirty_bitmap_trace(const struct dirty_bitmap *bitmap, const struct sim_part *part,
			uint64_t domain_id, uint64_t begin_ps, bool cleared)
{
	trace_emit_data(part, TRACE_DIRTY_READ, bitmap->word,
			(uint32_t)(bitmap->words * sizeof(*bitmap->word)),
			(const uint64_t[TRACE_ARGS]){domain_id, bitmap->iova, bitmap->len,
						     UINT64_C(1) << bitmap->shift, begin_ps,
						     cleared});
}
