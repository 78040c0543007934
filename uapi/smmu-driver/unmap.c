/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unmapping, as Linux does it: entries of the largest size that the range
 * allows; a whole table that such an entry points to goes with its entry, at
 * the price of an invalidation of its own.
 */
#include "uapi/smmu-driver/smmu_driver_internal.h"

/* How many of the `count` entries say something, up to the first that does not. */
static uint32_t present(const uint64_t *entry, uint32_t count)
{
	uint32_t n = 0;

	while (n < count && entry[n])
		n++;
	return n;
}

/* Tables below entries that shall be clear: no walk may hold them when they are freed. */
static void drop_tables(struct smmu_domain *domain, struct actor *self, uint64_t entry_pa,
			const uint64_t *entry, uint32_t count, uint64_t iova, int level)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t tables = domain->tables;

		if (!ttd_is_table(entry[i], level))
			continue;
		phys_put64(domain->driver, entry_pa + 8 * i, 0);
		invalidate_range(domain, self, iova + i * level_bytes(level), level_bytes(level),
				 PAGE_BYTES, false);
		pgtable_free(domain, entry[i] & TTD_ADDR, level + 1);
		driver_spend(domain->driver, self, false, tables - domain->tables);
	}
}

/* Clear up to `count` entries of `bytes` in one table, stopping at a hole. Bytes cleared. */
static uint64_t unmap_table(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			    struct leaf_run run, struct gather *gather)
{
	int level = level_of(run.bytes);
	uint32_t first = level_index(iova, level);
	uint32_t count = (uint32_t)MIN(run.count, TABLE_ENTRIES - first);
	uint64_t table = pgtable_find(domain, iova, level);
	uint64_t entry[TABLE_ENTRIES];

	/* No table: a hole, or a part of a larger leaf, which cannot be split. */
	if (!table)
		return 0;
	phys_get(domain->driver, table + 8 * first, entry, count);
	count = present(entry, count);
	drop_tables(domain, self, table + 8 * first, entry, count, iova, level);
	memset(entry, 0, count * sizeof(entry[0]));
	phys_put(domain->driver, table + 8 * first, entry, count);
	gather_add(domain, self, gather, iova, count * run.bytes, run.bytes);
	return count * run.bytes;
}

uint64_t pgtable_unmap(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len,
		       struct gather *gather, uint64_t *touched)
{
	uint64_t done = 0;

	while (done < len) {
		struct leaf_run run = leaf_run_next(domain->driver->info.page_sizes, iova + done,
						    iova + done, len - done);
		uint64_t cleared = unmap_table(domain, self, iova + done, run, gather);

		if (!cleared)
			break;
		*touched += cleared / run.bytes;
		done += cleared;
	}
	return done;
}

static uint64_t unmap_locked(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			     uint64_t len)
{
	struct gather gather = {.queued = domain->flush != NULL};
	uint64_t touched = 0;
	uint64_t done = pgtable_unmap(domain, self, iova, len, &gather, &touched);

	driver_spend(domain->driver, self, true, touched);
	if (!done)
		return 0;
	if (domain->flush) {
		flush_queue_add(domain, self, iova, done);
		return done;
	}
	gather_sync(domain, self, &gather);
	trace_emit(&domain->driver->env.part, TRACE_IOMMU_UNMAP, domain->id, iova, done);
	return done;
}

uint64_t smmu_domain_unmap(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			   uint64_t len)
{
	uint64_t last = domain->driver->info.aperture_last;
	uint64_t done;

	if (!len || (iova | len) % PAGE_BYTES || len - 1 > last || iova > last - (len - 1))
		return 0;
	sim_mutex_lock(self, &domain->lock);
	done = unmap_locked(domain, self, iova, len);
	sim_mutex_unlock(self, &domain->lock);
	return done;
}
