/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dirty state: read out of the leaves that the SMMU marks by hardware update
 * (IHI 0070, 3.13; arm_lpae_read_and_clear_dirty).
 */
#include <errno.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

/* What of a descriptor tells that it is a leaf, and dirty. */
#define DIRTY_BITS (TTD_DBM | TTD_AP2 | TTD_VALID | TTD_TABLE)

/* A dirty read under way. */
struct dirty_walk {
	struct smmu_domain *domain;
	uint64_t iova, last; /* of the range that was asked for */
	bool clear;
	uint64_t dirty_state; /* of DBM and AP[2], or S2AP[1] */
	void (*dirty)(void *ctx, uint64_t iova, uint64_t len);
	void *ctx;
	uint64_t run_iova, run_len; /* neighbouring dirty leaves, not yet told */
	uint64_t first_dirty, end_dirty;
};

/* The part of the range that a table at `base` covers: indexes first to last. */
struct span {
	uint32_t first, last;
};

static struct span span_in(const struct dirty_walk *walk, uint64_t base, int level)
{
	uint64_t bytes = level_bytes(level);
	uint64_t end = base + (TABLE_ENTRIES * bytes - 1);

	return (struct span){
		(uint32_t)((MAX(base, walk->iova) - base) / bytes),
		(uint32_t)((MIN(end, walk->last) - base) / bytes),
	};
}

/* Entries that the walk looks at: of last tables without reading them. */
static uint64_t count_entries(const struct dirty_walk *walk, uint64_t table, uint64_t base,
			      int level)
{
	struct span span = span_in(walk, base, level);
	uint64_t count = span.last - span.first + 1;
	uint64_t entry[TABLE_ENTRIES];

	if (level == LAST_LEVEL)
		return count;
	phys_get(walk->domain->driver, table + 8 * span.first, &entry[span.first], (uint32_t)count);
	for (uint32_t i = span.first; i <= span.last; i++)
		if (ttd_is_table(entry[i], level))
			count += count_entries(walk, entry[i] & TTD_ADDR,
					       base + i * level_bytes(level), level + 1);
	return count;
}

static void tell_run(struct dirty_walk *walk)
{
	if (walk->run_len)
		walk->dirty(walk->ctx, walk->run_iova, walk->run_len);
	walk->run_len = 0;
}

static void found(struct dirty_walk *walk, uint64_t iova, uint64_t len)
{
	if (walk->run_iova + walk->run_len != iova)
		tell_run(walk);
	if (!walk->run_len)
		walk->run_iova = iova;
	walk->run_len += len;
	walk->first_dirty = MIN(walk->first_dirty, iova);
	walk->end_dirty = iova + len;
}

/* A leaf that says that its page was written: DBM set, and writable at its stage. */
static inline bool is_dirty(const struct dirty_walk *walk, uint64_t ttd, int level)
{
	uint64_t kind = level == LAST_LEVEL ? TTD_VALID | TTD_PAGE : TTD_VALID;

	return (ttd & DIRTY_BITS) == (walk->dirty_state | kind);
}

/*
 * Make the dirty ones of some entries clean. All of the walk is one instant of
 * simulated time, so writing back the words that changed is what an atomic change of
 * AP[2], or S2AP[1], in each of them would be.
 */
static void clean(const struct dirty_walk *walk, uint64_t table, const uint64_t *entry,
		  struct span dirty, int level)
{
	uint64_t changed[TABLE_ENTRIES];
	uint32_t count = dirty.last - dirty.first + 1;

	for (uint32_t i = 0; i < count; i++) {
		changed[i] = entry[dirty.first + i];
		if (is_dirty(walk, changed[i], level))
			changed[i] ^= TTD_AP2; /* S2AP[1] is the same bit */
	}
	phys_put(walk->domain->driver, table + 8 * dirty.first, changed, count);
}

static void walk_table(struct dirty_walk *walk, uint64_t table, uint64_t base, int level)
{
	struct span span = span_in(walk, base, level), dirty = {TABLE_ENTRIES, 0};
	uint64_t bytes = level_bytes(level);
	uint64_t room[TABLE_ENTRIES];
	const uint64_t *entry = phys_table(walk->domain->driver, table, room);

	for (uint32_t i = span.first; i <= span.last; i++) {
		if (is_dirty(walk, entry[i], level)) {
			found(walk, base + i * bytes, bytes);
			dirty.first = MIN(dirty.first, i);
			dirty.last = i;
		} else if (ttd_is_table(entry[i], level)) {
			walk_table(walk, entry[i] & TTD_ADDR, base + i * bytes, level + 1);
		}
	}
	if (walk->clear && dirty.first <= dirty.last)
		clean(walk, table, entry, dirty, level);
}

/* The gather that Linux 7.3 leaves without a page size, and so without an invalidation. */
static int after_clear(struct dirty_walk *walk, struct actor *self)
{
	if (walk->domain->driver->cfg.dirty_clear == DIRTY_CLEAR_LINUX_7_3 || !walk->clear ||
	    walk->end_dirty <= walk->first_dirty)
		return 0;
	return invalidate_range(walk->domain, self, walk->first_dirty,
				walk->end_dirty - walk->first_dirty, PAGE_BYTES, true);
}

int smmu_domain_read_dirty(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			   uint64_t len, bool no_clear,
			   void (*dirty)(void *ctx, uint64_t iova, uint64_t len), void *ctx,
			   uint64_t *begin_ps)
{
	struct dirty_walk walk = {
		.domain = domain,
		.iova = iova,
		.last = iova + len - 1,
		.clear = !no_clear,
		.dirty_state = domain->stage2 ? TTD_DBM | TTD_S2AP_WRITE : TTD_DBM,
		.dirty = dirty,
		.ctx = ctx,
		.first_dirty = UINT64_MAX,
	};
	int err;

	if (!len || walk.last < iova || walk.last > domain->driver->info.aperture_last)
		return -EINVAL;
	sim_mutex_lock(self, &domain->lock);
	driver_spend(domain->driver, self, true, count_entries(&walk, domain->root_pa, 0, 0));
	*begin_ps = sim_now(domain->driver->env.part.sim);
	walk_table(&walk, domain->root_pa, 0, 0);
	tell_run(&walk);
	err = after_clear(&walk, self);
	sim_mutex_unlock(self, &domain->lock);
	return err;
}

/*
 * The SMMU updates dirty state whenever a context descriptor with HD is in use:
 * there is nothing to switch. Who starts tracking reads and clears first.
 */
int smmu_domain_set_dirty_tracking(struct smmu_domain *domain, struct actor *self, bool enable)
{
	(void)self;
	(void)enable;
	return domain->dirty_bits ? 0 : -EOPNOTSUPP;
}
