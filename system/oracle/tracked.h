/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_ORACLE_TRACKED_H
#define VFSIM_SYSTEM_ORACLE_TRACKED_H

/*
 * Writes to the pages of one I/O page table or device, against the bitmaps of
 * one source that tells of them. Zero-initialised is valid: off and empty.
 */

#include "system/oracle/oracle.h"

#include "system/oracle/keymap.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TRACKED_PAGE_SHIFT 12
#define TRACKED_LEAF_PAGES 512

struct page_writes {
	uint64_t first_ps, last_ps; /* of those that no bitmap has covered; first 0: none */
	uint64_t asked_ps;          /* from when on the last bitmap of the page does not speak */
	bool lost;                  /* was lost once: memory-equal asks */
};

struct tracked_leaf {
	uint64_t first_page;
	struct page_writes page[TRACKED_LEAF_PAGES];
};

struct tracked_span {
	uint64_t iova, end;
};

struct tracked {
	uint32_t host;
	uint64_t id; /* table or stream */
	enum dirty_source source;
	bool listens; /* writes are looked at */
	bool on;      /* and must be reported */
	uint64_t since_ps;
	struct keymap leaf_of;
	struct tracked_leaf **leaf;
	uint32_t leaves_capacity;
	uint64_t *pending; /* page numbers with writes not covered */
	uint32_t pendings, pending_capacity;
	struct tracked_span *read; /* ranges that bitmaps were asked for */
	uint32_t reads, reads_capacity;
	struct tracked_span *created; /* mapped since the last bitmap: created dirty, so reported */
	uint32_t createds, created_capacity;
	uint64_t cached_page; /* + 1 */
	struct page_writes *cached;
};

/* A bitmap that a source gave. `begin_ps`: it must have all writes from before. */
struct tracked_bitmap {
	uint64_t iova, end, page_size, begin_ps;
	const uint8_t *bits;
	uint64_t bit_count;
	bool all;     /* every page, without bits */
	bool cleared; /* the source begins anew */
};

struct tracked_report {
	uint64_t reported; /* pages of 4 KiB in the bitmap */
	uint64_t written;  /* of them, written since the source last spoke of them */
	uint64_t covered;  /* of them, not covered by a bitmap before */
	uint64_t overreported;
};

/* `tell(ctx, page, first_ps, why)` for each page that was lost. */
struct tracked_loss {
	void (*tell)(void *ctx, const struct tracked *tracked, uint64_t page, uint64_t first_ps,
		     const char *why);
	void *ctx;
};

/* Look at writes from now on; `must`: they must be reported. Or stop looking. */
void tracked_start(struct tracked *tracked, uint64_t now_ps, bool must);
/* What is pending is settled: lost, with `handed_over`, where a bitmap was ever asked for. */
void tracked_forget(struct tracked *tracked, bool handed_over, const struct tracked_loss *loss);

void tracked_write(struct tracked *tracked, uint64_t now_ps, uint64_t iova, uint64_t len);
void tracked_created(struct tracked *tracked, uint64_t iova, uint64_t len);
struct tracked_report tracked_read(struct tracked *tracked, const struct tracked_bitmap *bitmap,
				   const struct tracked_loss *loss);
bool tracked_has_lost(struct tracked *tracked, uint64_t page);
void tracked_release(struct tracked *tracked);

#ifdef __cplusplus
}
#endif
#endif
