/* SPDX-License-Identifier: Apache-2.0 */
#include "model/memory/arena_internal.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/bits.h"

#define SLAB_MAPPED_BYTES align_up(sizeof(struct arena_slab), DRAM_PAGE_SIZE)

/* DMA goes to more pages than the host's TLB has entries: its pages shall be huge, so aligned. */
static struct arena_slab *slab_create(void)
{
	size_t reserved = SLAB_MAPPED_BYTES + ARENA_SLAB_BYTES;
	uint8_t *first =
		mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (first == MAP_FAILED)
		return NULL;
	before = align_up((uintptr_t)first, ARENA_SLAB_BYTES) - (uintptr_t)first;
	if (before)
		munmap(first, before);
	munmap(first + before + SLAB_MAPPED_BYTES, ARENA_SLAB_BYTES - before);
	madvise(first + before, ARENA_SLAB_BYTES, MADV_HUGEPAGE); /* or not: it is slower then */
	return (struct arena_slab *)(first + before);
}

static void slab_destroy(struct arena_slab *slab)
{
	if (slab)
		munmap(slab, SLAB_MAPPED_BYTES);
}

struct dram_arena *dram_arena_create(uint64_t limit_pages)
{
	struct dram_arena *arena = calloc(1, sizeof(*arena));
	uint64_t ids = limit_pages + 1;

	if (!arena || ids > UINT32_MAX)
		goto no_memory;
	arena->slab = calloc(ids / ARENA_SLAB_PAGES + 1, sizeof(struct arena_slab *));
	if (!arena->slab)
		goto no_memory;
	arena->limit_pages = limit_pages;
	arena->next_id = 1;
	return arena;

no_memory:
	free(arena);
	return NULL;
}

void dram_arena_destroy(struct dram_arena *arena)
{
	if (!arena)
		return;
	for (uint64_t s = 0; s <= (arena->limit_pages + 1) / ARENA_SLAB_PAGES; s++)
		slab_destroy(arena->slab[s]);
	free(arena->slab);
	free(arena);
}

uint64_t dram_arena_pages_in_use(const struct dram_arena *arena)
{
	return arena->pages;
}

uint64_t dram_arena_tables_in_use(const struct dram_arena *arena)
{
	return arena->tables;
}

/* The next id never used before, with a slab behind it. 0 = exhausted. */
static uint32_t fresh_id(struct dram_arena *arena)
{
	uint32_t id = arena->next_id;
	struct arena_slab **slab = &arena->slab[id / ARENA_SLAB_PAGES];

	if (id > arena->limit_pages)
		return 0;
	if (!*slab)
		*slab = slab_create();
	if (!*slab)
		return 0;
	arena->next_id++;
	return id;
}

uint32_t dram_arena_take(struct dram_arena *arena)
{
	uint32_t id = arena->free_id;

	if (id)
		arena->free_id = *dram_arena_refs(arena, id);
	else
		id = fresh_id(arena);
	if (!id)
		return 0;
	*dram_arena_refs(arena, id) = 1;
	arena->pages++;
	return id;
}

void dram_arena_release(struct dram_arena *arena, uint32_t id, uint32_t refs)
{
	uint32_t *left;

	if (!id)
		return;
	left = dram_arena_refs(arena, id);
	*left -= refs;
	if (*left)
		return;
	*left = arena->free_id;
	arena->free_id = id;
	arena->pages--;
}
