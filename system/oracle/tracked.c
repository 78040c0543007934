/* SPDX-License-Identifier: Apache-2.0 */
#include "system/oracle/tracked.h"

#include <stdlib.h>

#include "base/bits.h"

static struct page_writes *page_find(struct tracked *tracked, uint64_t page)
{
	uint64_t key = page / TRACKED_LEAF_PAGES;
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
		tracked->leaf[number]->first_page = key * TRACKED_LEAF_PAGES;
	}
	tracked->cached_page = page + 1;
	tracked->cached = &tracked->leaf[number]->page[page % TRACKED_LEAF_PAGES];
	return tracked->cached;
}

void tracked_start(struct tracked *tracked, uint64_t now_ps, bool must)
{
	if (!tracked->listens)
		tracked->since_ps = now_ps;
	tracked->reads = tracked->createds = 0;
	tracked->listens = true;
	tracked->on = must;
}

void tracked_write(struct tracked *tracked, uint64_t now_ps, uint64_t iova, uint64_t len)
{
	uint64_t first = iova >> TRACKED_PAGE_SHIFT;
	uint64_t last = (iova + MAX(len, 1) - 1) >> TRACKED_PAGE_SHIFT;

	for (uint64_t page = first; page <= last; page++) {
		struct page_writes *writes = page_find(tracked, page);

		writes->last_ps = MAX(now_ps, 1);
		if (writes->first_ps || !tracked->on)
			continue;
		writes->first_ps = writes->last_ps;
		tracked->pending = array_reserve(tracked->pending, &tracked->pending_capacity,
						 tracked->pendings, sizeof(*tracked->pending));
		tracked->pending[tracked->pendings++] = page;
	}
}

static bool bitmap_has(const struct tracked_bitmap *bitmap, uint64_t iova)
{
	uint64_t bit = (iova - bitmap->iova) / bitmap->page_size;

	return bitmap->all || (bit < bitmap->bit_count && bitmap->bits[bit / 8] >> bit % 8 & 1);
}

/* Pages of 4 KiB that the bitmap reports. */
static uint64_t bitmap_pages(const struct tracked_bitmap *bitmap)
{
	uint64_t bits = 0, words = bitmap->bit_count / 64;

	if (bitmap->all)
		return (bitmap->end - bitmap->iova) >> TRACKED_PAGE_SHIFT;
	for (uint64_t i = 0; i < words; i++)
		bits += (uint64_t)__builtin_popcountll(le64_get(bitmap->bits + 8 * i));
	for (uint64_t bit = words * 64; bit < bitmap->bit_count; bit++)
		bits += bitmap->bits[bit / 8] >> bit % 8 & 1;
	return bits * (bitmap->page_size >> TRACKED_PAGE_SHIFT);
}

static void lose(struct tracked *tracked, uint64_t page, struct page_writes *writes,
		 const struct tracked_loss *loss, const char *why)
{
	writes->lost = true;
	loss->tell(loss->ctx, tracked, page, writes->first_ps, why);
}

/* Settle the pending pages in the bitmap's range. Returns how many of them it reports. */
static uint64_t settle(struct tracked *tracked, const struct tracked_bitmap *bitmap,
		       const struct tracked_loss *loss)
{
	uint64_t reported = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tracked->pendings; i++) {
		uint64_t page = tracked->pending[i], iova = page << TRACKED_PAGE_SHIFT;
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
			lose(tracked, page, writes, loss, "is not in the bitmap that covers it");
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

/* Was the page written since the source last spoke of it? */
static bool is_written(const struct tracked *tracked, const struct page_writes *writes)
{
	return writes->last_ps && writes->last_ps >= MAX(writes->asked_ps, tracked->since_ps);
}

static uint64_t written_in_leaf(const struct tracked *tracked, struct tracked_leaf *leaf,
				const struct tracked_bitmap *bitmap)
{
	uint64_t written = 0;

	for (uint32_t i = 0; i < TRACKED_LEAF_PAGES; i++) {
		uint64_t iova = (leaf->first_page + i) << TRACKED_PAGE_SHIFT;

		if (iova < bitmap->iova || iova >= bitmap->end)
			continue;
		written += bitmap_has(bitmap, iova) && is_written(tracked, &leaf->page[i]);
	}
	return written;
}

static uint64_t written_pages(const struct tracked *tracked, const struct tracked_bitmap *bitmap)
{
	uint64_t written = 0;

	for (uint32_t i = 0; i < tracked->leaf_of.count; i++)
		written += written_in_leaf(tracked, tracked->leaf[i], bitmap);
	return written;
}

/* Reported because the tables were made so, and not written as well. */
static uint64_t created_pages(struct tracked *tracked, const struct tracked_bitmap *bitmap)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < tracked->createds; i++)
		for (uint64_t iova = MAX(tracked->created[i].iova, bitmap->iova);
		     iova < MIN(tracked->created[i].end, bitmap->end);
		     iova += 1 << TRACKED_PAGE_SHIFT)
			pages += bitmap_has(bitmap, iova) &&
				 !is_written(tracked,
					     page_find(tracked, iova >> TRACKED_PAGE_SHIFT));
	return pages;
}

static void note_asked(struct tracked *tracked, const struct tracked_bitmap *bitmap)
{
	for (uint32_t i = 0; i < tracked->leaf_of.count; i++)
		for (uint32_t p = 0; p < TRACKED_LEAF_PAGES; p++) {
			struct tracked_leaf *leaf = tracked->leaf[i];
			uint64_t iova = (leaf->first_page + p) << TRACKED_PAGE_SHIFT;

			if (iova >= bitmap->iova && iova < bitmap->end)
				leaf->page[p].asked_ps = bitmap->begin_ps;
		}
}

static void remember(struct tracked_span **spans, uint32_t *count, uint32_t *capacity,
		     uint64_t iova, uint64_t end)
{
	for (uint32_t i = 0; i < *count; i++)
		if ((*spans)[i].iova <= iova && (*spans)[i].end >= end)
			return;
	*spans = array_reserve(*spans, capacity, *count, sizeof(**spans));
	(*spans)[(*count)++] = (struct tracked_span){iova, end};
}

void tracked_created(struct tracked *tracked, uint64_t iova, uint64_t len)
{
	remember(&tracked->created, &tracked->createds, &tracked->created_capacity, iova,
		 iova + len);
}

struct tracked_report tracked_read(struct tracked *tracked, const struct tracked_bitmap *bitmap,
				   const struct tracked_loss *loss)
{
	struct tracked_report report = {.reported = bitmap_pages(bitmap),
					.written = written_pages(tracked, bitmap)};
	uint64_t explained = report.written + created_pages(tracked, bitmap);

	report.covered = settle(tracked, bitmap, loss);
	report.overreported = report.reported - MIN(explained, report.reported);
	if (bitmap->cleared)
		note_asked(tracked, bitmap);
	tracked->createds = 0;
	remember(&tracked->read, &tracked->reads, &tracked->reads_capacity, bitmap->iova,
		 bitmap->end);
	return report;
}

static bool was_read(const struct tracked *tracked, uint64_t iova)
{
	for (uint32_t i = 0; i < tracked->reads; i++)
		if (iova >= tracked->read[i].iova && iova < tracked->read[i].end)
			return true;
	return false;
}

void tracked_forget(struct tracked *tracked, bool handed_over, const struct tracked_loss *loss)
{
	for (uint32_t i = 0; i < tracked->pendings; i++) {
		uint64_t page = tracked->pending[i];
		struct page_writes *writes = page_find(tracked, page);

		if (handed_over && was_read(tracked, page << TRACKED_PAGE_SHIFT))
			lose(tracked, page, writes, loss, "came after the last bitmap");
		writes->first_ps = 0;
	}
	tracked->pendings = 0;
}

bool tracked_has_lost(struct tracked *tracked, uint64_t page)
{
	return keymap_get(&tracked->leaf_of, page / TRACKED_LEAF_PAGES) != KEYMAP_NONE &&
	       page_find(tracked, page)->lost;
}

void tracked_release(struct tracked *tracked)
{
	for (uint32_t leaf = 0; leaf < tracked->leaf_of.count; leaf++)
		free(tracked->leaf[leaf]);
	free(tracked->leaf);
	free(tracked->pending);
	free(tracked->read);
	free(tracked->created);
	keymap_release(&tracked->leaf_of);
}
