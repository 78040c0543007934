/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MEMORY_ARENA_INTERNAL_H
#define VFSIM_MODEL_MEMORY_ARENA_INTERNAL_H

/*
 * The arena: reference-counted 4 KiB pages named by a 32-bit id. Id 0 is the
 * zero page, which is not stored. Slabs of pages are taken from the system when
 * first needed and kept until the arena goes.
 */

#include "model/memory/dram.h"

/* As much as a huge page of the host, so that it can be one. */
#define ARENA_SLAB_BYTES (2u << 20)
#define ARENA_SLAB_PAGES (ARENA_SLAB_BYTES / DRAM_PAGE_SIZE)

struct arena_slab {
	uint8_t page[ARENA_SLAB_PAGES][DRAM_PAGE_SIZE];
	uint32_t refs[ARENA_SLAB_PAGES]; /* of a free page: the next free id */
};

struct dram_arena {
	struct arena_slab **slab;
	uint64_t limit_pages;
	uint64_t pages;  /* data pages in use */
	uint64_t tables; /* pages used as page directories */
	uint32_t next_id;
	uint32_t free_id;
};

static inline void *dram_arena_page(const struct dram_arena *arena, uint32_t id)
{
	return arena->slab[id / ARENA_SLAB_PAGES]->page[id % ARENA_SLAB_PAGES];
}

static inline uint32_t *dram_arena_refs(const struct dram_arena *arena, uint32_t id)
{
	return &arena->slab[id / ARENA_SLAB_PAGES]->refs[id % ARENA_SLAB_PAGES];
}

/* A page with one reference and any content; 0 when the arena is exhausted. */
uint32_t dram_arena_take(struct dram_arena *arena);

/* Give up `refs` references; id 0 is left alone. */
void dram_arena_release(struct dram_arena *arena, uint32_t id, uint32_t refs);

#endif
