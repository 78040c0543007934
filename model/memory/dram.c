/* SPDX-License-Identifier: Apache-2.0 */
/* The content of DRAM: pages found, stored, shared and compared. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "model/memory/dram_internal.h"

static const uint8_t zero_page[DRAM_PAGE_SIZE];

struct dram *dram_create(const struct dram_cfg *cfg, const struct dram_env *env)
{
	struct dram *dram;

	if (!cfg->size_bytes || (cfg->base | cfg->size_bytes) % DRAM_PAGE_SIZE)
		return NULL;
	dram = calloc(1, sizeof(*dram));
	if (!dram)
		return NULL;
	dram->cfg = *cfg;
	dram->env = *env;
	dram->tables = (cfg->size_bytes / DRAM_PAGE_SIZE - 1) / DRAM_TABLE_PAGES + 1;
	dram->table = calloc(dram->tables, sizeof(dram->table[0]));
	if (!dram->table) {
		free(dram);
		return NULL;
	}
	return dram;
}

/* Release a table and what it names. */
static void drop_table(struct dram *dram, const struct dram_table *table)
{
	for (uint32_t i = 0; i < DRAM_TABLE_PAGES; i++)
		dram_arena_release(dram->env.arena, table->entry[i], 1);
	dram_arena_release(dram->env.arena, table->id, 1);
	dram->env.arena->tables--;
	dram->env.arena->pages++; /* released as a page, counted as a table */
}

void dram_destroy(struct dram *dram)
{
	if (!dram)
		return;
	for (uint64_t t = 0; t < dram->tables; t++)
		if (dram->table[t].entry)
			drop_table(dram, &dram->table[t]);
	free(dram->table);
	free(dram);
}

static inline uint64_t page_number(const struct dram *dram, uint64_t pa)
{
	return (pa - dram->cfg.base) / DRAM_PAGE_SIZE;
}

/* The id of the page at `pa`, 0 for one that is zero. */
static inline uint32_t page_id(const struct dram *dram, uint64_t pa)
{
	uint64_t number = page_number(dram, pa);
	const uint32_t *entry = dram->table[number / DRAM_TABLE_PAGES].entry;

	return entry ? entry[number % DRAM_TABLE_PAGES] : 0;
}

static uint32_t take_page(struct dram *dram)
{
	uint32_t id = dram_arena_take(dram->env.arena);

	if (!id)
		sim_panic(&dram->env.part, __FILE__, __LINE__,
			  "simulated memory exhausted: the arena's %llu pages are in use",
			  (unsigned long long)dram->env.arena->limit_pages);
	return id;
}

/* The directory entry of the page at `pa`, made when it is not there. */
static uint32_t *page_entry(struct dram *dram, uint64_t pa)
{
	uint64_t number = page_number(dram, pa);
	struct dram_table *table = &dram->table[number / DRAM_TABLE_PAGES];

	if (!table->entry) {
		table->id = take_page(dram);
		table->entry = dram_arena_page(dram->env.arena, table->id);
		memset(table->entry, 0, DRAM_PAGE_SIZE);
		dram->env.arena->pages--;
		dram->env.arena->tables++;
	}
	return &table->entry[number % DRAM_TABLE_PAGES];
}

static inline const uint8_t *page_for_read(const struct dram *dram, uint64_t pa)
{
	uint32_t id = page_id(dram, pa);

	return id ? dram_arena_page(dram->env.arena, id) : zero_page;
}

/* The bytes of a page that is stored and not shared, NULL otherwise. */
static inline uint8_t *page_alone(const struct dram *dram, uint64_t pa)
{
	uint32_t id = page_id(dram, pa);

	return id && *dram_arena_refs(dram->env.arena, id) == 1
		       ? dram_arena_page(dram->env.arena, id)
		       : NULL;
}

/* Make the page at `pa` one that is stored and not shared. Its bytes. */
static APART uint8_t *own_page(struct dram *dram, uint64_t pa)
{
	struct dram_arena *arena = dram->env.arena;
	uint32_t *entry = page_entry(dram, pa);
	uint32_t old = *entry;

	*entry = take_page(dram);
	memcpy(dram_arena_page(arena, *entry), old ? dram_arena_page(arena, old) : zero_page,
	       DRAM_PAGE_SIZE);
	dram_arena_release(arena, old, 1);
	return dram_arena_page(arena, *entry);
}

/* The bytes of the page at `pa` for writing, no longer shared. */
static inline uint8_t *page_for_write(struct dram *dram, uint64_t pa)
{
	uint8_t *page = page_alone(dram, pa);

	return page ? page : own_page(dram, pa);
}

static uint64_t bytes_in_page(uint64_t pa, uint64_t len_bytes)
{
	return MIN(len_bytes, DRAM_PAGE_SIZE - pa % DRAM_PAGE_SIZE);
}

/* Some bytes, and all of one page? */
static bool in_one_page(uint64_t pa, uint64_t len_bytes)
{
	return len_bytes - 1 < DRAM_PAGE_SIZE - pa % DRAM_PAGE_SIZE;
}

static APART void read_pages(const struct dram *dram, uint64_t pa, uint8_t *to, uint64_t len_bytes)
{
	uint64_t step;

	for (; len_bytes; to += step, pa += step, len_bytes -= step) {
		step = bytes_in_page(pa, len_bytes);
		memcpy(to, page_for_read(dram, pa) + pa % DRAM_PAGE_SIZE, step);
	}
}

void dram_prefetch(const struct dram *dram, uint64_t pa)
{
	uint32_t id = page_id(dram, pa);

	if (!id)
		return;
	__builtin_prefetch(dram_arena_refs(dram->env.arena, id));
	__builtin_prefetch((uint8_t *)dram_arena_page(dram->env.arena, id) + pa % DRAM_PAGE_SIZE);
}

uint64_t dram_word(const struct dram *dram, uint64_t pa)
{
	return le64_get(page_for_read(dram, pa) + pa % DRAM_PAGE_SIZE);
}

void dram_read(const struct dram *dram, uint64_t pa, void *data, uint64_t len_bytes)
{
	sim_assert(&dram->env.part, dram_covers(dram, pa, len_bytes));
	if (in_one_page(pa, len_bytes))
		memcpy(data, page_for_read(dram, pa) + pa % DRAM_PAGE_SIZE, len_bytes);
	else
		read_pages(dram, pa, data, len_bytes);
}

static APART void write_pages(struct dram *dram, uint64_t pa, const uint8_t *from,
			      uint64_t len_bytes)
{
	uint64_t step;

	for (; len_bytes; from += step, pa += step, len_bytes -= step) {
		uint8_t *page = page_alone(dram, pa);

		step = bytes_in_page(pa, len_bytes);
		/* A guest that clears its memory stores nothing. */
		if (!page && (page_id(dram, pa) || memcmp(from, zero_page, step)))
			page = page_for_write(dram, pa);
		if (page)
			memcpy(page + pa % DRAM_PAGE_SIZE, from, step);
	}
}

void dram_write(struct dram *dram, uint64_t pa, const void *data, uint64_t len_bytes)
{
	uint8_t *page = NULL;

	sim_assert(&dram->env.part, dram_covers(dram, pa, len_bytes));
	if (in_one_page(pa, len_bytes))
		page = page_alone(dram, pa);
	if (page)
		memcpy(page + pa % DRAM_PAGE_SIZE, data, len_bytes);
	else
		write_pages(dram, pa, data, len_bytes);
}

uint64_t dram_cas64(struct dram *dram, uint64_t pa, uint64_t expected, uint64_t desired)
{
	uint64_t found;

	sim_assert(&dram->env.part, pa % 8 == 0 && dram_covers(dram, pa, 8));
	found = le64_get(page_for_read(dram, pa) + pa % DRAM_PAGE_SIZE);
	if (found == expected && found != desired)
		le64_put(page_for_write(dram, pa) + pa % DRAM_PAGE_SIZE, desired);
	return found;
}

/* Let the page at `pa` be arena page `id`, whose reference it takes over. */
static void set_page(struct dram *dram, uint64_t pa, uint32_t id)
{
	uint32_t *entry;

	if (!id && !page_id(dram, pa))
		return;
	entry = page_entry(dram, pa);
	dram_arena_release(dram->env.arena, *entry, 1);
	*entry = id;
}

void dram_share_page(struct dram *to, uint64_t to_pa, const struct dram *from, uint64_t from_pa)
{
	uint32_t id;

	sim_assert(&to->env.part, (to_pa | from_pa) % DRAM_PAGE_SIZE == 0);
	sim_assert(&to->env.part, dram_covers(to, to_pa, DRAM_PAGE_SIZE));
	sim_assert(&to->env.part, dram_covers(from, from_pa, DRAM_PAGE_SIZE));
	if (to->env.arena != from->env.arena) {
		dram_fill_pages(to, to_pa, 1, dram_page_peek(from, from_pa));
		return;
	}
	id = page_id(from, from_pa);
	if (id)
		++*dram_arena_refs(to->env.arena, id);
	set_page(to, to_pa, id);
}

/* `count` pages from `pa` become zero; 4 MiB of which nothing is stored cost one look. */
static void clear_pages(struct dram *dram, uint64_t pa, uint64_t count)
{
	uint64_t number = page_number(dram, pa), end = number + count;

	while (number < end) {
		if (dram->table[number / DRAM_TABLE_PAGES].entry)
			set_page(dram, dram->cfg.base + number++ * DRAM_PAGE_SIZE, 0);
		else
			number = align_down(number, DRAM_TABLE_PAGES) + DRAM_TABLE_PAGES;
	}
}

void dram_fill_pages(struct dram *dram, uint64_t pa, uint64_t count, const void *page)
{
	struct dram_arena *arena = dram->env.arena;
	uint32_t id;

	sim_assert(&dram->env.part, pa % DRAM_PAGE_SIZE == 0 && count <= UINT32_MAX);
	sim_assert(&dram->env.part, dram_covers(dram, pa, count * DRAM_PAGE_SIZE));
	if (!count || !page || !memcmp(page, zero_page, DRAM_PAGE_SIZE)) {
		clear_pages(dram, pa, count);
		return;
	}
	id = take_page(dram);
	memcpy(dram_arena_page(arena, id), page, DRAM_PAGE_SIZE);
	*dram_arena_refs(arena, id) = (uint32_t)count;
	for (uint64_t i = 0; i < count; i++)
		set_page(dram, pa + i * DRAM_PAGE_SIZE, id);
}

bool dram_pages_equal(const struct dram *a, uint64_t a_pa, const struct dram *b, uint64_t b_pa)
{
	uint32_t a_id, b_id;

	sim_assert(&a->env.part, dram_covers(a, a_pa, DRAM_PAGE_SIZE));
	sim_assert(&b->env.part, dram_covers(b, b_pa, DRAM_PAGE_SIZE));
	a_id = page_id(a, a_pa);
	b_id = page_id(b, b_pa);
	if (a_id == b_id && (!a_id || a->env.arena == b->env.arena))
		return true;
	return !memcmp(page_for_read(a, a_pa), page_for_read(b, b_pa), DRAM_PAGE_SIZE);
}

bool dram_page_is_zero(const struct dram *dram, uint64_t pa)
{
	sim_assert(&dram->env.part, dram_covers(dram, pa, 1));
	return !page_id(dram, pa);
}

const void *dram_page_peek(const struct dram *dram, uint64_t pa)
{
	uint32_t id;

	sim_assert(&dram->env.part, dram_covers(dram, pa, 1));
	id = page_id(dram, pa);
	return id ? dram_arena_page(dram->env.arena, id) : NULL;
}

void *dram_page_open(struct dram *dram, uint64_t pa)
{
	sim_assert(&dram->env.part, dram_covers(dram, pa, 1));
	return page_for_write(dram, pa);
}
