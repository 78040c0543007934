/* SPDX-License-Identifier: Apache-2.0 */
/* Of translation tables (tables_internal.h): what is not on each step of a walk. */
#include "iommu/smmu_internal.h"

uint8_t smmu_granule_shift(const struct smmu *smmu, uint64_t tg)
{
	static const uint8_t shift[4] = {12, 16, 14, 0};
	static const uint8_t offered[4] = {SMMU_GRANULE_4K, SMMU_GRANULE_64K, SMMU_GRANULE_16K, 0};

	return smmu->cfg.granules & offered[tg] ? shift[tg] : 0;
}

void smmu_tables_shape(struct tt_tree *tree, uint8_t granule_shift, uint8_t oa_bits)
{
	tree->granule_shift = granule_shift;
	tree->oa_bits = oa_bits;
	tree->table_address = align_down(BITS(47, 12), BIT(granule_shift));
	tree->beyond = tree->table_beyond = ~(BIT(oa_bits) - 1);
	tree->leaves = UINT64_MAX;
	tree->index_mask = BIT(granule_shift - 3) - 1;
	for (int level = 0; level < 4; level++)
		tree->shift[level] = (uint8_t)(granule_shift + (granule_shift - 3) * (3 - level));
}

/* Codes 6 and 7 are reserved in SMMUv3.0 and mean 48 bits; 7 means 52 until it means 56. */
uint8_t smmu_output_bits(const struct smmu *smmu, uint64_t code)
{
	static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};

	return MIN(MIN(bits[code], smmu->cfg.version ? 52 : 48), smmu->cfg.oas_bits);
}

uint64_t smmu_tables_root(const struct tt_tree *tree, uint64_t ttb)
{
	uint8_t index_bits = (uint8_t)(tree->ia_bits - smmu_tables_shift(tree, tree->start_level));

	return align_down(ttb & tree->leaves,
			  MAX(BIT(index_bits + 3), tree->oa_bits == 52 ? 64 : 16));
}

/* log2 of the descriptors of a contiguous run, DDI 0487 table D8-... by granule and level. */
static uint8_t run_shift(const struct walk *walk)
{
	switch (walk->tree->granule_shift) {
	case 14:
		return walk->level == 3 ? 7 : 5;
	case 16:
		return 5;
	default:
		return 4;
	}
}

/* A run that is larger than what its tree maps, or than what leaves, is none: D8.7.1. */
static bool is_run_possible(const struct tt_tree *tree, uint8_t shift)
{
	return shift <= tree->ia_bits && !((BIT(shift) - 1) & ~tree->leaves);
}

/* What it maps, as log2. */
static uint8_t leaf_shift(const struct walk *walk, bool contiguous)
{
	uint8_t shift = smmu_tables_shift(walk->tree, walk->level);
	uint8_t run = (uint8_t)(shift + run_shift(walk));

	if (!contiguous || !(walk->ttd & TTD_CONTIGUOUS))
		return shift;
	return is_run_possible(walk->tree, run) ? run : shift;
}

void smmu_tables_leaf(struct leaf *leaf, const struct walk *walk, uint64_t ttd_pa, bool contiguous)
{
	uint8_t shift = leaf_shift(walk, contiguous);

	leaf->oa = (walk->address >> shift << shift) & walk->tree->leaves;
	leaf->ttd = walk->ttd;
	leaf->ttd_pa = ttd_pa;
	leaf->ttd_ia = walk->ttd_ia;
	leaf->shift = shift;
	leaf->level = walk->level;
	leaf->granule_shift = walk->tree->granule_shift;
	leaf->limits = walk->limits;
}
