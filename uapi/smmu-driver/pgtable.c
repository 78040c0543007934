/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stage-1 table of the VMSAv8-64 kind, 4 KiB granule, four levels (Arm DDI
 * 0487, D8.3), as io-pgtable-arm builds it: finding one's way in it.
 */
#include "uapi/smmu-driver/smmu_driver_internal.h"

int level_of(uint64_t bytes)
{
	return LAST_LEVEL - (__builtin_ctzll(bytes) - 12) / 9;
}

struct leaf_run leaf_run_next(uint64_t page_sizes, uint64_t iova, uint64_t pa, uint64_t len)
{
	uint64_t merged = iova | pa;
	uint64_t fitting = page_sizes & BITS(63 - __builtin_clzll(len), 0);
	uint64_t bytes, larger;

	if (merged)
		fitting &= BITS(__builtin_ctzll(merged), 0);
	bytes = UINT64_C(1) << (63 - __builtin_clzll(fitting));
	larger = page_sizes & ~(bytes | (bytes - 1));
	/* Up to where a larger leaf can start, if one will. */
	if (larger) {
		uint64_t next = larger & -larger;
		uint64_t offset = next - (merged & (next - 1));

		if (!((iova ^ pa) & (next - 1)) && offset + next <= len)
			len = offset;
	}
	return (struct leaf_run){bytes, len / bytes};
}

uint64_t pgtable_find(const struct smmu_domain *domain, uint64_t iova, int level)
{
	uint64_t table = domain->root_pa;

	for (int at = 0; at < level; at++) {
		uint64_t ttd = phys_get64(domain->driver, table + 8 * level_index(iova, at));

		if (!ttd_is_table(ttd, at))
			return 0;
		table = ttd & TTD_ADDR;
	}
	return table;
}

uint64_t pgtable_leaf(const struct smmu_domain *domain, uint64_t iova, int *level)
{
	uint64_t table = domain->root_pa;

	for (int at = 0; at <= LAST_LEVEL; at++) {
		uint64_t ttd = phys_get64(domain->driver, table + 8 * level_index(iova, at));

		if (ttd_is_leaf(ttd, at)) {
			*level = at;
			return ttd;
		}
		if (!ttd_is_table(ttd, at))
			return 0;
		table = ttd & TTD_ADDR;
	}
	return 0;
}

static bool table_occupied(const struct smmu_domain *domain, uint64_t pa, int level, uint64_t iova,
			   uint64_t last)
{
	uint64_t entry[TABLE_ENTRIES];
	uint32_t first = level_index(iova, level), end = level_index(last, level);

	phys_get(domain->driver, pa + 8 * first, &entry[first], end - first + 1);
	for (uint32_t i = first; i <= end; i++) {
		uint64_t base =
			align_down(iova, level_bytes(level)) + (i - first) * level_bytes(level);

		if (ttd_is_leaf(entry[i], level))
			return true;
		if (ttd_is_table(entry[i], level) &&
		    table_occupied(domain, entry[i] & TTD_ADDR, level + 1, MAX(iova, base),
				   MIN(last, base + level_bytes(level) - 1)))
			return true;
	}
	return false;
}

bool pgtable_occupied(const struct smmu_domain *domain, uint64_t iova, uint64_t len)
{
	return table_occupied(domain, domain->root_pa, 0, iova, iova + len - 1);
}

uint64_t pgtable_alloc(struct smmu_domain *domain)
{
	uint64_t pa = phys_alloc(domain->driver, 1);

	if (pa)
		domain->tables++;
	return pa;
}

void pgtable_free(struct smmu_domain *domain, uint64_t pa, int level)
{
	uint64_t entry[TABLE_ENTRIES];

	if (level < LAST_LEVEL) {
		phys_get(domain->driver, pa, entry, TABLE_ENTRIES);
		for (uint32_t i = 0; i < TABLE_ENTRIES; i++)
			if (ttd_is_table(entry[i], level))
				pgtable_free(domain, entry[i] & TTD_ADDR, level + 1);
	}
	phys_free(domain->driver, pa, 1);
	domain->tables--;
}

uint64_t smmu_domain_iova_to_phys(struct smmu_domain *domain, uint64_t iova)
{
	int level;
	uint64_t leaf;

	if (iova > domain->driver->info.aperture_last)
		return 0;
	leaf = pgtable_leaf(domain, iova, &level);
	if (!leaf)
		return 0;
	return (leaf & TTD_ADDR & ~(level_bytes(level) - 1)) | (iova & (level_bytes(level) - 1));
}
