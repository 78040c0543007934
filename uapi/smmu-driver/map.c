/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping: leaves of the largest sizes that fit, written a table at a time. */
#include <errno.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

#define ATTR_WRITE_BACK 1u /* indexes into MAIR */
#define ATTR_DEVICE     2u
#define SH_OUTER        2u
#define SH_INNER        3u

/* A call's pages: page i goes to pa + i * step. */
struct mapping {
	struct smmu_domain *domain;
	struct actor *self;
	uint64_t iova;
	uint64_t pa;
	int64_t step;
	uint64_t pages;
	uint64_t bits; /* of a leaf, but address and kind */
};

#define S2_WRITE_BACK UINT64_C(0xf) /* MemAttr */
#define S2_DEVICE     UINT64_C(0x1)

static uint64_t stage2_bits(const struct smmu_domain *domain, uint32_t prot)
{
	uint64_t bits = TTD_AF;

	if (prot & SMMU_PROT_READ)
		bits |= TTD_S2AP_READ;
	if (prot & SMMU_PROT_WRITE)
		bits |= TTD_S2AP_WRITE | (domain->dirty_bits ? TTD_DBM : 0);
	if (prot & SMMU_PROT_MMIO)
		return bits | field_put(TTD_S2_MEMATTR, S2_DEVICE) | field_put(TTD_SH, SH_OUTER);
	return bits | field_put(TTD_S2_MEMATTR, S2_WRITE_BACK) | field_put(TTD_SH, SH_INNER);
}

/*
 * A leaf's bits for `prot` (arm_lpae_prot_to_pte). A writable one of a domain
 * that follows dirty state begins dirty: DBM set, AP[2] clear.
 */
static uint64_t leaf_bits(const struct smmu_domain *domain, uint32_t prot)
{
	uint64_t bits = TTD_NG | TTD_AP1 | TTD_AF;

	if (domain->stage2)
		return stage2_bits(domain, prot);
	if (!(prot & SMMU_PROT_WRITE))
		bits |= TTD_AP2;
	else if (domain->dirty_bits)
		bits |= TTD_DBM;
	if (prot & SMMU_PROT_MMIO)
		return bits | field_put(TTD_ATTRINDX, ATTR_DEVICE) | field_put(TTD_SH, SH_OUTER);
	return bits | field_put(TTD_ATTRINDX, ATTR_WRITE_BACK) | field_put(TTD_SH, SH_INNER);
}

/* A table below the entry, which was zero. */
static uint64_t install_table(struct smmu_domain *domain, uint64_t entry_pa)
{
	uint64_t table = pgtable_alloc(domain);

	if (table)
		phys_put64(domain->driver, entry_pa, table | TTD_VALID | TTD_TABLE);
	return table;
}

/* The table of `level` for `iova`, made where there is none; 0 without memory. */
static uint64_t make_tables(struct smmu_domain *domain, uint64_t iova, int level)
{
	uint64_t table = domain->root_pa;

	for (int at = 0; table && at < level; at++) {
		uint64_t entry_pa = table + 8 * level_index(iova, at);
		uint64_t ttd = phys_get64(domain->driver, entry_pa);

		table = ttd ? ttd & TTD_ADDR : install_table(domain, entry_pa);
	}
	return table;
}

/* An empty table where a block shall be goes first, and walks that hold it with it. */
static void drop_table(struct smmu_domain *domain, struct actor *self, uint64_t entry_pa,
		       uint64_t iova, int level)
{
	uint64_t ttd = phys_get64(domain->driver, entry_pa);

	if (!ttd)
		return;
	phys_put64(domain->driver, entry_pa, 0);
	invalidate_range(domain, self, iova, level_bytes(level), PAGE_BYTES, false);
	pgtable_free(domain, ttd & TTD_ADDR, level + 1);
}

/* Write up to `count` leaves into one table; how many, or -ENOMEM. */
static int64_t fill_table(const struct mapping *map, uint64_t iova, uint64_t pa, uint64_t bytes,
			  uint64_t count)
{
	int level = level_of(bytes);
	uint32_t first = level_index(iova, level);
	uint32_t fit = (uint32_t)MIN(count, TABLE_ENTRIES - first);
	uint64_t kind = level == LAST_LEVEL ? TTD_VALID | TTD_PAGE : TTD_VALID;
	uint64_t step = level == LAST_LEVEL ? (uint64_t)map->step : bytes;
	uint64_t table = make_tables(map->domain, iova, level);
	uint64_t entry[TABLE_ENTRIES];

	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < fit; i++) {
		if (level < LAST_LEVEL)
			drop_table(map->domain, map->self, table + 8 * (first + i),
				   iova + i * bytes, level);
		entry[i] = map->bits | kind | (pa + i * step);
	}
	phys_put(map->domain->driver, table + 8 * first, entry, fit);
	return fit;
}

static struct leaf_run next_run(const struct mapping *map, uint64_t done)
{
	uint64_t iova = map->iova + done * PAGE_BYTES;
	uint64_t left = map->pages - done;

	if (map->step < 0)
		return (struct leaf_run){PAGE_BYTES, left};
	return leaf_run_next(map->domain->driver->info.page_sizes, iova,
			     map->pa + done * PAGE_BYTES, left * PAGE_BYTES);
}

static uint64_t count_leaves(const struct mapping *map)
{
	uint64_t leaves = 0;

	for (uint64_t done = 0; done < map->pages;) {
		struct leaf_run run = next_run(map, done);

		leaves += run.count;
		done += run.count * (run.bytes / PAGE_BYTES);
	}
	return leaves;
}

/* All pages, or none and an error. */
static int fill(const struct mapping *map)
{
	uint64_t done = 0;

	while (done < map->pages) {
		struct leaf_run run = next_run(map, done);
		uint64_t pa = map->pa + (uint64_t)map->step * done;
		int64_t filled =
			fill_table(map, map->iova + done * PAGE_BYTES, pa, run.bytes, run.count);

		if (filled < 0) {
			struct gather gather = {.queued = false};
			uint64_t touched = 0;

			pgtable_unmap(map->domain, map->self, map->iova, done * PAGE_BYTES, &gather,
				      &touched);
			gather_sync(map->domain, map->self, &gather);
			return (int)filled;
		}
		done += (uint64_t)filled * (run.bytes / PAGE_BYTES);
	}
	return 0;
}

static int check(const struct mapping *map, uint32_t prot)
{
	const struct smmu_driver *driver = map->domain->driver;
	uint64_t span = (map->pages - 1) * PAGE_BYTES;
	uint64_t low_pa = map->step < 0 ? map->pa - span : map->pa;

	if (!map->pages || (map->iova | map->pa) % PAGE_BYTES ||
	    (map->step != PAGE_BYTES && map->step != -(int64_t)PAGE_BYTES) ||
	    !(prot & (SMMU_PROT_READ | SMMU_PROT_WRITE)))
		return -EINVAL;
	if (map->pages > driver->info.aperture_last / PAGE_BYTES + 1 ||
	    map->iova > driver->info.aperture_last - (span + PAGE_BYTES - 1))
		return -ERANGE;
	if (low_pa > BIT(driver->oas_bits) - PAGE_BYTES - span)
		return -ERANGE;
	return 0;
}

static int map_locked(const struct mapping *map, uint32_t prot)
{
	struct smmu_domain *domain = map->domain;
	uint64_t len = map->pages * PAGE_BYTES;
	int err;

	flush_before_reuse(domain, map->self, map->iova, len);
	if (pgtable_occupied(domain, map->iova, len))
		return -EEXIST;
	driver_spend(domain->driver, map->self, true, count_leaves(map));
	trace_emit(&domain->driver->env.part, TRACE_IOMMU_MAP, domain->id, map->iova, len,
		   !!(prot & SMMU_PROT_WRITE));
	err = fill(map);
	if (err)
		trace_emit(&domain->driver->env.part, TRACE_IOMMU_UNMAP, domain->id, map->iova,
			   len);
	return err;
}

int smmu_domain_map_pages(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			  uint64_t first_pa, int64_t step, uint64_t pages, uint32_t prot)
{
	struct mapping map = {
		.domain = domain,
		.self = self,
		.iova = iova,
		.pa = first_pa,
		.step = step,
		.pages = pages,
		.bits = leaf_bits(domain, prot),
	};
	int err = check(&map, prot);

	if (err)
		return err;
	sim_mutex_lock(self, &domain->lock);
	err = map_locked(&map, prot);
	sim_mutex_unlock(self, &domain->lock);
	return err;
}

int smmu_domain_map(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t pa,
		    uint64_t len, uint32_t prot)
{
	if (len % PAGE_BYTES)
		return -EINVAL;
	return smmu_domain_map_pages(domain, self, iova, pa, PAGE_BYTES, len / PAGE_BYTES, prot);
}
