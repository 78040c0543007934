/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MEMORY_DRAM_INTERNAL_H
#define VFSIM_MODEL_MEMORY_DRAM_INTERNAL_H

/*
 * A DRAM is a two-level directory of arena page ids. The second level's tables
 * are arena pages themselves, taken when something in their 4 MiB is first stored.
 */

#include "model/memory/arena_internal.h"

#define DRAM_TABLE_PAGES (DRAM_PAGE_SIZE / 4)

/* The pages of 4 MiB. */
struct dram_table {
	uint32_t *entry; /* their arena ids, in an arena page; NULL: nothing is stored */
	uint32_t id;     /* of that arena page */
};

struct dram {
	struct dram_cfg cfg;
	struct dram_env env;
	struct dram_table *table;
	uint64_t tables;
	uint64_t channel_free_ps; /* when the channel can start another transfer */
	uint64_t channel_rest_fs; /* below a picosecond */
	uint32_t in_flight;
	struct dram_counters counters;
};

/* An access to `pa` is under way: let the host's cache have its bytes by then. */
void dram_prefetch(const struct dram *dram, uint64_t pa);

/* The little-endian word at `pa`, which is covered and a multiple of 8. */
uint64_t dram_word(const struct dram *dram, uint64_t pa);

static inline bool dram_covers(const struct dram *dram, uint64_t pa, uint64_t len_bytes)
{
	uint64_t offset = pa - dram->cfg.base;

	return offset <= dram->cfg.size_bytes && len_bytes <= dram->cfg.size_bytes - offset;
}

#endif
