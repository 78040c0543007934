/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost-page: a device's write at time w, while its table is tracked, must be in
 * a dirty bitmap that was returned at w or later, up to and including the first
 * one that was taken after w. A bitmap is taken at one instant, its begin_ps.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "system/oracle/oracle_internal.h"

#define PAGE_SHIFT 12
#define LEAF_PAGES 512

/* Writes to a page that no bitmap has covered yet: the first and the last. 0: none. */
struct page_writes {
	uint64_t first_ps, last_ps;
	bool lost; /* was lost once: memory-equal asks */
};

struct leaf {
	struct page_writes page[LEAF_PAGES];
};

struct span {
	uint64_t iova, end;
};

/* Tracking of one table. */
struct tracked {
	uint32_t host;
	uint64_t id;
	bool on;
	struct keymap leaf_of;
	struct leaf **leaf;
	uint32_t leaves_capacity;
	uint64_t *pending; /* page numbers with writes not covered */
	uint32_t pendings, pending_capacity;
	struct span *read; /* ranges that bitmaps were asked for */
	uint32_t reads, reads_capacity;
	struct span *created; /* mapped since the last bitmap: created dirty, so reported */
	uint32_t createds, created_capacity;
	uint64_t cached_page; /* + 1 */
	struct page_writes *cached;
};

struct lost_page {
	struct tracked *table; /* by the view's number */
	uint32_t tables, tables_capacity;
	uint64_t reads, writes, covered, overreported;
	uint32_t last_state[256]; /* migration state that a device of a host entered last */
};

static struct tracked *tracked_of(struct lost_page *state, struct oracle *oracle, uint32_t number)
{
	struct tracked *tracked;

	if (number >= state->tables) {
		state->table = array_reserve(state->table, &state->tables_capacity, number,
					     sizeof(*state->table));
		state->tables = number + 1;
	}
	tracked = &state->table[number];
	tracked->host = oracle->view.table[number].host;
	tracked->id = oracle->view.table[number].id;
	return tracked;
}

static struct page_writes *page_find(struct tracked *tracked, uint64_t page)
{
	uint64_t key = page / LEAF_PAGES;
	uint32_t number;
	bool is_new;

	if (tracked->cached_page == page + 1)
		return tracked->cached;
	number = keymap_intern(&tracked->leaf_of, key, &is_new);
	if (is_new) {
		tracked->leaf = array_reserve(tracked->leaf, &tracked->leaves_capacity, number,
					      sizeof(*tracked->leaf));
		tracked->leaf[number] = calloc(1, sizeof(**tracked->leaf));
		if (!tracked->leaf[number])
			abort();
	}
	tracked->cached_page = page + 1;
	tracked->cached = &tracked->leaf[number]->page[page % LEAF_PAGES];
	return tracked->cached;
}

static void on_write(struct lost_page *state, struct tracked *tracked,
		     const struct trace_event *event)
{
	uint64_t first = event->arg[2] >> PAGE_SHIFT;
	uint64_t last = (event->arg[2] + MAX(event->arg[4], 1) - 1) >> PAGE_SHIFT;

	state->writes++;
	for (uint64_t page = first; page <= last; page++) {
		struct page_writes *writes = page_find(tracked, page);

		writes->last_ps = MAX(event->time_ps, 1);
		if (writes->first_ps)
			continue;
		writes->first_ps = writes->last_ps;
		tracked->pending = array_reserve(tracked->pending, &tracked->pending_capacity,
						 tracked->pendings, sizeof(*tracked->pending));
		tracked->pending[tracked->pendings++] = page;
	}
}

/* A bitmap as DIRTY_READ carries it. */
struct bitmap {
	uint64_t iova, end, page_size, begin_ps;
	const uint8_t *bits;
	uint64_t bit_count;
};

static bool bitmap_has(const struct bitmap *bitmap, uint64_t iova)
{
	uint64_t bit = (iova - bitmap->iova) / bitmap->page_size;

	return bit < bitmap->bit_count && bitmap->bits[bit / 8] >> bit % 8 & 1;
}

/* Pages of 4 KiB that the bitmap reports. */
static uint64_t bitmap_pages(const struct bitmap *bitmap)
{
	uint64_t bits = 0, words = bitmap->bit_count / 64;

	for (uint64_t i = 0; i < words; i++)
		bits += (uint64_t)__builtin_popcountll(le64_get(bitmap->bits + 8 * i));
	for (uint64_t bit = words * 64; bit < bitmap->bit_count; bit++)
		bits += bitmap->bits[bit / 8] >> bit % 8 & 1;
	return bits * (bitmap->page_size >> PAGE_SHIFT);
}

static void lose(struct oracle *oracle, struct tracked *tracked, uint64_t page,
		 struct page_writes *writes, const char *why)
{
	writes->lost = true;
	oracle_violation(oracle, CHECK_LOST_PAGE,
			 "table %" PRIu64 ": page 0x%" PRIx64 ", written at %" PRIu64 " ps, %s",
			 tracked->id, page << PAGE_SHIFT, writes->first_ps, why);
}

/* Settle the pending pages in the bitmap's range. Returns how many of them it reports. */
static uint64_t settle(struct oracle *oracle, struct tracked *tracked, const struct bitmap *bitmap)
{
	uint64_t reported = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tracked->pendings; i++) {
		uint64_t page = tracked->pending[i], iova = page << PAGE_SHIFT;
		struct page_writes *writes;

		if (iova < bitmap->iova || iova >= bitmap->end) {
			tracked->pending[kept++] = page;
			continue;
		}
		writes = page_find(tracked, page);
		if (bitmap_has(bitmap, iova)) {
			reported++;
			writes->first_ps = 0;
			writes->lost = false; /* it is sent again */
			continue;
		}
		if (writes->first_ps < bitmap->begin_ps) {
			lose(oracle, tracked, page, writes, "is not in the bitmap that covers it");
			writes->first_ps = writes->last_ps;
		}
		if (writes->last_ps < bitmap->begin_ps)
			writes->first_ps = 0;
		else
			tracked->pending[kept++] = page;
	}
	tracked->pendings = kept;
	return reported;
}

static uint64_t created_pages(const struct tracked *tracked, const struct bitmap *bitmap)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < tracked->createds; i++)
		for (uint64_t iova = MAX(tracked->created[i].iova, bitmap->iova);
		     iova < MIN(tracked->created[i].end, bitmap->end); iova += 1 << PAGE_SHIFT)
			pages += bitmap_has(bitmap, iova);
	return pages;
}

static void remember(struct span **spans, uint32_t *count, uint32_t *capacity, uint64_t iova,
		     uint64_t end)
{
	for (uint32_t i = 0; i < *count; i++)
		if ((*spans)[i].iova <= iova && (*spans)[i].end >= end)
			return;
	*spans = array_reserve(*spans, capacity, *count, sizeof(**spans));
	(*spans)[(*count)++] = (struct span){iova, end};
}

static void on_read(struct oracle *oracle, struct lost_page *state, struct tracked *tracked,
		    const struct trace_event *event)
{
	struct bitmap bitmap = {
		.iova = event->arg[1],
		.end = event->arg[1] + event->arg[2],
		.page_size = MAX(event->arg[3], 1 << PAGE_SHIFT),
		.begin_ps = event->arg[4],
		.bits = event->data,
		.bit_count = (uint64_t)event->data_len * 8,
	};
	uint64_t reported, total, created;

	if (!tracked->on)
		return;
	state->reads++;
	total = bitmap_pages(&bitmap);
	created = created_pages(tracked, &bitmap);
	reported = settle(oracle, tracked, &bitmap);
	state->covered += reported;
	if (total > reported + created)
		state->overreported += total - reported - created;
	tracked->createds = 0;
	remember(&tracked->read, &tracked->reads, &tracked->reads_capacity, bitmap.iova,
		 bitmap.end);
}

static bool was_read(const struct tracked *tracked, uint64_t iova)
{
	for (uint32_t i = 0; i < tracked->reads; i++)
		if (iova >= tracked->read[i].iova && iova < tracked->read[i].end)
			return true;
	return false;
}

/* No bitmap follows. `handed_over`: another host goes on with what the bitmaps said. */
static void forget(struct oracle *oracle, struct tracked *tracked, bool handed_over)
{
	for (uint32_t i = 0; i < tracked->pendings; i++) {
		uint64_t page = tracked->pending[i];
		struct page_writes *writes = page_find(tracked, page);

		if (handed_over && was_read(tracked, page << PAGE_SHIFT))
			lose(oracle, tracked, page, writes, "came after the last bitmap");
		writes->first_ps = 0;
	}
	tracked->pendings = 0;
}

/* VFIO's numbers of the states in which a device runs: RUNNING, _P2P, PRE_COPY, _P2P. */
static bool device_runs(uint32_t state)
{
	return state == 2 || state == 5 || state == 6 || state == 7;
}

static void on_tracking(struct oracle *oracle, struct lost_page *state, struct tracked *tracked,
			bool on)
{
	/* A device that runs on is one whose migration was called off: nothing is handed over. */
	if (!on)
		forget(oracle, tracked, !device_runs(state->last_state[tracked->host & 0xff]));
	else
		tracked->reads = tracked->createds = 0;
	tracked->on = on;
}

static void lost_page_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct lost_page *state = ctx;
	const uint64_t *arg = event->arg;
	uint32_t host = event->part->host, number;
	struct tracked *tracked;

	if (event->kind == TRACE_MIG_STATE) {
		state->last_state[host & 0xff] = (uint32_t)arg[2];
		return;
	}
	if (event->kind == TRACE_DMA_WRITE) {
		number = view_stream_table(&oracle->view, host, arg[0], arg[1]);
		if (number < state->tables && state->table[number].on)
			on_write(state, &state->table[number], event);
		return;
	}
	number = view_table_number(&oracle->view, host, arg[0]);
	tracked = tracked_of(state, oracle, number);
	if (event->kind == TRACE_DIRTY_TRACKING)
		on_tracking(oracle, state, tracked, arg[1] != 0);
	else if (event->kind == TRACE_DIRTY_READ)
		on_read(oracle, state, tracked, event);
	else if (tracked->on)
		remember(&tracked->created, &tracked->createds, &tracked->created_capacity, arg[1],
			 arg[1] + arg[2]);
}

bool lost_page_has(void *ctx, uint32_t host, uint64_t page)
{
	struct lost_page *state = ctx;

	for (uint32_t i = 0; i < state->tables; i++) {
		struct tracked *tracked = &state->table[i];

		if (tracked->host == host &&
		    keymap_get(&tracked->leaf_of, page / LEAF_PAGES) != KEYMAP_NONE &&
		    page_find(tracked, page)->lost)
			return true;
	}
	return false;
}

void lost_page_switchover(struct oracle *oracle, void *ctx, uint32_t host)
{
	struct lost_page *state = ctx;

	for (uint32_t i = 0; i < state->tables; i++)
		if (state->table[i].host == host && state->table[i].on)
			forget(oracle, &state->table[i], true);
}

uint64_t lost_page_overreported(const void *ctx)
{
	const struct lost_page *state = ctx;

	return state->overreported;
}

static void lost_page_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct lost_page *state = ctx;

	if (!state->reads)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " bitmaps cover %" PRIu64 " writes to %" PRIu64 " pages; %" PRIu64
		 " pages over-reported",
		 state->reads, state->writes, state->covered, state->overreported);
}

static void lost_page_release(void *ctx)
{
	struct lost_page *state = ctx;

	for (uint32_t i = 0; i < state->tables; i++) {
		struct tracked *tracked = &state->table[i];

		for (uint32_t leaf = 0; leaf < tracked->leaf_of.count; leaf++)
			free(tracked->leaf[leaf]);
		free(tracked->leaf);
		free(tracked->pending);
		free(tracked->read);
		free(tracked->created);
		keymap_release(&tracked->leaf_of);
	}
	free(state->table);
}

static const enum trace_kind lost_page_kinds[] = {
	TRACE_DMA_WRITE, TRACE_DIRTY_TRACKING, TRACE_DIRTY_READ,
	TRACE_IOMMU_MAP, TRACE_MIG_STATE,      TRACE_KIND_COUNT,
};

const struct oracle_check oracle_lost_page = {
	.state_bytes = sizeof(struct lost_page),
	.kind = lost_page_kinds,
	.event = lost_page_event,
	.finish = lost_page_finish,
	.release = lost_page_release,
};
