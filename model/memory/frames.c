/* SPDX-License-Identifier: Apache-2.0 */
#include "model/memory/frames.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "model/memory/dram.h"

/*
 * A bitmap, one bit a frame, searched next-fit: the search goes on where the
 * last one ended, so that filling memory frame by frame looks at each word once.
 */
struct frames {
	uint64_t first; /* frame number of bit 0 */
	uint64_t total;
	uint64_t in_use;
	uint64_t next; /* where the next search starts */
	uint64_t *used;
};

struct frames *frames_create(uint64_t base, uint64_t size_bytes)
{
	struct frames *frames = calloc(1, sizeof(*frames));

	if (!frames)
		return NULL;
	frames->first = align_up(base, DRAM_PAGE_SIZE) / DRAM_PAGE_SIZE;
	frames->total = (base + size_bytes) / DRAM_PAGE_SIZE - frames->first;
	if (!frames->first) { /* address 0 says "none" */
		frames->first++;
		frames->total--;
	}
	frames->used = calloc(frames->total / 64 + 1, sizeof(frames->used[0]));
	if (!frames->used) {
		free(frames);
		return NULL;
	}
	return frames;
}

void frames_destroy(struct frames *frames)
{
	if (!frames)
		return;
	free(frames->used);
	free(frames);
}

/* The first frame in [from, to) that is used (`flip` 0) or free (`flip` ~0); `to` for none. */
static uint64_t find_frame(const struct frames *frames, uint64_t from, uint64_t to, uint64_t flip)
{
	while (from < to) {
		uint64_t word = (frames->used[from / 64] ^ flip) >> from % 64;

		if (word)
			return MIN(from + (uint64_t)__builtin_ctzll(word), to);
		from = align_down(from, 64) + 64;
	}
	return to;
}

/* A free run that starts in [from, to); `total` for none. */
static uint64_t find_run(const struct frames *frames, uint64_t from, uint64_t to, uint64_t count,
			 uint64_t align)
{
	for (;;) {
		uint64_t used;

		from = find_frame(frames, from, frames->total, ~UINT64_C(0));
		from = align_up(frames->first + from, align) - frames->first;
		if (from >= to || count > frames->total - MIN(from, frames->total))
			return frames->total;
		used = find_frame(frames, from, from + count, 0);
		if (used == from + count)
			return from;
		from = used + 1;
	}
}

/* Bits [at, at+count) within one word, as many as fit. */
static uint64_t run_mask(uint64_t at, uint64_t count, uint64_t *step)
{
	*step = MIN(64 - at % 64, count);
	return (*step == 64 ? ~UINT64_C(0) : BIT(*step) - 1) << at % 64;
}

uint64_t frames_alloc(struct frames *frames, uint64_t count, uint64_t align_bytes)
{
	uint64_t align = MAX(align_bytes, DRAM_PAGE_SIZE) / DRAM_PAGE_SIZE;
	uint64_t at, step;

	if (!count || count > frames->total - frames->in_use)
		return 0;
	at = find_run(frames, frames->next, frames->total, count, align);
	if (at == frames->total)
		at = find_run(frames, 0, frames->next, count, align);
	if (at == frames->total)
		return 0;
	for (uint64_t i = 0; i < count; i += step)
		frames->used[(at + i) / 64] |= run_mask(at + i, count - i, &step);
	frames->in_use += count;
	frames->next = at + count;
	return (frames->first + at) * DRAM_PAGE_SIZE;
}

void frames_free(struct frames *frames, uint64_t pa, uint64_t count)
{
	uint64_t at = pa / DRAM_PAGE_SIZE - frames->first;
	uint64_t step;

	for (uint64_t i = 0; i < count; i += step) {
		uint64_t mask = run_mask(at + i, count - i, &step);
		uint64_t *word = &frames->used[(at + i) / 64];

		if (at + i + step > frames->total || (*word & mask) != mask) {
			/* No part to name here: frames belong to no instance. */
			fprintf(stderr, "vfsim: frames at %#llx freed twice or never allocated\n",
				(unsigned long long)pa);
			abort();
		}
		*word &= ~mask;
	}
	frames->in_use -= count;
}

uint64_t frames_in_use(const struct frames *frames)
{
	return frames->in_use;
}
