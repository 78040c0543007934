/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_ORACLE_VIEW_H
#define VFSIM_SYSTEM_ORACLE_VIEW_H

/*
 * What the kernel has said about who may reach what: I/O page tables with their
 * live mappings, and the streams attached to them. Built from IOMMU_* events
 * alone.
 */

#include "base/trace.h"
#include "system/oracle/keymap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [iova, end), neighbours of equal rights merged. */
struct view_mapping {
	uint64_t iova, end;
	bool writable;
};

struct view_table {
	uint32_t host;
	uint64_t id;                  /* 0: identity, everything may be reached */
	struct view_mapping *mapping; /* ascending */
	uint32_t count, capacity;
	uint32_t last; /* where the last look-up ended */
};

struct view {
	struct keymap table_of_stream; /* number of the table, or VIEW_DETACHED */
	struct keymap table_by_id;
	struct view_table *table;
	uint32_t tables, tables_capacity;
};

/* Take in an IOMMU_ATTACH, _DETACH, _MAP or _UNMAP; other events are ignored. */
void view_event(struct view *view, const struct trace_event *event);
void view_release(struct view *view);

/* What a stream without a table has in table_of_stream. */
#define VIEW_DETACHED (KEYMAP_NONE - 1)

static inline uint64_t view_stream_key(uint32_t host, uint64_t stream, uint64_t substream)
{
	return key_of(host, stream, substream == TRACE_NO_SUBSTREAM ? 0xffffff : substream);
}

/* Number of the table that a stream is attached to, KEYMAP_NONE for none. */
static inline uint32_t view_stream_table(struct view *view, uint32_t host, uint64_t stream,
					 uint64_t substream)
{
	uint64_t key = view_stream_key(host, stream, substream);
	uint32_t number = keymap_get(&view->table_of_stream, key);

	return number == VIEW_DETACHED ? KEYMAP_NONE : number;
}

/* Number of the table `id` of a host; made when it is new. */
uint32_t view_table_number(struct view *view, uint32_t host, uint64_t id);

bool view_search(struct view_table *table, uint64_t iova, uint64_t len, bool write);

/* The same as view_covers, but false also where it would have to search. */
static inline bool view_covers_at_once(const struct view_table *table, uint64_t iova, uint64_t len,
				       bool write)
{
	const struct view_mapping *mapping = &table->mapping[table->last];

	return table->last < table->count && mapping->iova <= iova && mapping->end >= iova + len &&
	       mapping->writable >= write;
}

/* Do live mappings cover [iova, iova+len), writable ones if `write`? Where the last look-up
 * ended is where most are. */
static inline bool view_covers(struct view_table *table, uint64_t iova, uint64_t len, bool write)
{
	return view_covers_at_once(table, iova, len, write) || view_search(table, iova, len, write);
}

/*
 * Do live mappings of the stream's table cover an access? `arg`: of a DMA_READ,
 * DMA_WRITE or DMA_LANDED. False also where it would have to search.
 */
static inline bool view_reached(const struct view *view, uint32_t host, const uint64_t *arg,
				bool write)
{
	uint32_t number =
		keymap_recent(&view->table_of_stream, view_stream_key(host, arg[0], arg[1]));

	return number < view->tables &&
	       view_covers_at_once(&view->table[number], arg[2], arg[4], write);
}

#ifdef __cplusplus
}
#endif
#endif
