/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MEMORY_DRAM_H
#define VFSIM_MODEL_MEMORY_DRAM_H

/*
 * Sparse host memory: a machine with 1 TiB costs what is touched. A page that
 * was never written reads as zero and is not stored; a page copied whole from
 * another is shared until one of them is written. Pages come from an arena that
 * several DRAMs (the hosts of one run) may share.
 */

#include "base/port.h"
#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DRAM_PAGE_SIZE 4096u

struct dram_arena;
struct dram;

/* NULL without memory. `limit_pages` bounds what may ever be stored. */
struct dram_arena *dram_arena_create(uint64_t limit_pages);
void dram_arena_destroy(struct dram_arena *arena);

/* Pages stored: of content, and of the directories that find them. */
uint64_t dram_arena_pages_in_use(const struct dram_arena *arena);
uint64_t dram_arena_tables_in_use(const struct dram_arena *arena);

struct dram_timing {
	uint64_t latency_ps;        /* arrival to access, unloaded */
	uint64_t ps_per_byte_x1000; /* occupancy of the channel; 0 = unbounded */
};

/* What has crossed the bus side. */
struct dram_counters {
	uint64_t reads;
	uint64_t writes;
	uint64_t cas;
	uint64_t bytes;
};

struct dram_cfg {
	uint64_t base;       /* physical address of the first byte, 4 KiB aligned */
	uint64_t size_bytes; /* multiple of 4 KiB */
	struct dram_timing timing;
};

struct dram_env {
	struct sim_part part;
	struct dram_arena *arena;
};

/* NULL without memory or for a cfg that is not page-aligned. The arena outlives it. */
struct dram *dram_create(const struct dram_cfg *cfg, const struct dram_env *env);
void dram_destroy(struct dram *dram);

/* The bus side: timed read, write, cas64. Outside [base, base+size): BUS_ABORT.
 * A device's write (attr.from_device) is traced as DMA_LANDED when its bytes are in place. */
struct bus_port dram_bus_port(struct dram *dram);

struct dram_counters dram_counters_get(const struct dram *dram);

/* Is no bus request under way? For the leak check at the end of a run. */
bool dram_idle(const struct dram *dram);

/* The coherent CPU side, at once. Outside of DRAM is the caller's bug. */
void dram_read(const struct dram *dram, uint64_t pa, void *data, uint64_t len_bytes);
void dram_write(struct dram *dram, uint64_t pa, const void *data, uint64_t len_bytes);
uint64_t dram_cas64(struct dram *dram, uint64_t pa, uint64_t expected, uint64_t desired);

/* Make page `to_pa` equal to page `from_pa` of `from` by sharing, not by copying. */
void dram_share_page(struct dram *to, uint64_t to_pa, const struct dram *from, uint64_t from_pa);

/*
 * `count` pages from `pa` become equal to `page` (DRAM_PAGE_SIZE bytes, NULL:
 * zero) and share one stored page until they are written.
 */
void dram_fill_pages(struct dram *dram, uint64_t pa, uint64_t count, const void *page);

/* Are the pages known to be equal without reading them (both zero or shared), or equal by content?
 */
bool dram_pages_equal(const struct dram *a, uint64_t a_pa, const struct dram *b, uint64_t b_pa);

/* Is the page known to be zero (never written)? */
bool dram_page_is_zero(const struct dram *dram, uint64_t pa);

/* A page's bytes for reading, NULL when it is known to be zero; valid until it is next written. */
const void *dram_page_peek(const struct dram *dram, uint64_t pa);

/* A page's bytes for writing; valid until it is next shared. */
void *dram_page_open(struct dram *dram, uint64_t pa);

#ifdef __cplusplus
}
#endif
#endif
