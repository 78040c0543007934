/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMSAv8-64 translation tables as both stages have them (Arm DDI 0487, D8.2 and
 * D8.3): sizes of levels, kinds of descriptors, addresses in them. A granule of
 * 2^g bytes holds 2^(g-3) descriptors; level 3 maps granules, and each level
 * above as much as a table below it.
 */
#include "iommu/smmu_internal.h"

static uint8_t bits_per_level(const struct tt_tree *tree)
{
	return (uint8_t)(tree->granule_shift - 3);
}

uint8_t smmu_tables_shift(const struct tt_tree *tree, uint8_t level)
{
	return (uint8_t)(tree->granule_shift + bits_per_level(tree) * (3 - level));
}

uint8_t smmu_granule_shift(const struct smmu *smmu, uint64_t tg)
{
	static const uint8_t shift[4] = {12, 16, 14, 0};
	static const uint8_t offered[4] = {SMMU_GRANULE_4K, SMMU_GRANULE_64K, SMMU_GRANULE_16K, 0};

	return smmu->cfg.granules & offered[tg] ? shift[tg] : 0;
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

	return align_down(ttb, MAX(BIT(index_bits + 3), tree->oa_bits == 52 ? 64 : 16));
}

static uint64_t address_of(const struct walk *walk, uint64_t table, uint64_t entries_mask)
{
	uint64_t index = walk->ia >> smmu_tables_shift(walk->tree, walk->level) & entries_mask;

	return table + index * 8;
}

uint64_t smmu_tables_enter(struct walk *walk, const struct tt_tree *tree, uint64_t ia)
{
	uint8_t shift = smmu_tables_shift(tree, tree->start_level);

	walk->tree = tree;
	walk->ia = ia;
	walk->level = tree->start_level;
	walk->limits = 0;
	/* The first table may be smaller than a granule or, at stage 2, up to 16 of them. */
	walk->ttd_ia = address_of(walk, tree->root, BIT(tree->ia_bits - shift) - 1);
	return walk->ttd_ia;
}

uint64_t smmu_tables_descend(struct walk *walk, uint64_t table)
{
	walk->level++;
	walk->ttd_ia = address_of(walk, table, BIT(bits_per_level(walk->tree)) - 1);
	return walk->ttd_ia;
}

/* Blocks: 1 GiB and 2 MiB; 32 MiB; 512 MiB, and 4 TiB where the OAS is 52 bits. */
static bool may_be_block(const struct walk *walk)
{
	const struct tt_tree *tree = walk->tree;

	if (tree->granule_shift == 12)
		return walk->level == 1 || walk->level == 2;
	return walk->level == 2 || (walk->level == 1 && tree->granule_shift == 16 && tree->oas_52);
}

enum ttd_kind smmu_ttd_kind(const struct walk *walk)
{
	bool table_bit = walk->ttd & TTD_TABLE;

	if (!(walk->ttd & TTD_VALID))
		return TTD_IS_INVALID;
	if (walk->level == 3)
		return table_bit ? TTD_IS_LEAF : TTD_IS_INVALID;
	if (table_bit)
		return TTD_IS_TABLE;
	return may_be_block(walk) ? TTD_IS_LEAF : TTD_IS_INVALID;
}

bool smmu_ttd_address(const struct walk *walk, uint64_t *address)
{
	const struct tt_tree *tree = walk->tree;
	uint8_t shift = tree->granule_shift;

	if (smmu_ttd_kind(walk) == TTD_IS_LEAF)
		shift = smmu_tables_shift(tree, walk->level);
	*address = (walk->ttd & BITS(47, 12)) >> shift << shift;
	if (tree->granule_shift == 16)
		*address |= field_get(TTD_ADDR_HIGH, walk->ttd) << 48;
	return !(*address >> tree->oa_bits);
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

struct leaf smmu_tables_leaf(const struct walk *walk, uint64_t ttd_pa, bool contiguous)
{
	struct leaf leaf = {
		.ttd = walk->ttd,
		.ttd_pa = ttd_pa,
		.ttd_ia = walk->ttd_ia,
		.shift = smmu_tables_shift(walk->tree, walk->level),
		.level = walk->level,
		.granule_shift = walk->tree->granule_shift,
		.limits = walk->limits,
	};

	smmu_ttd_address(walk, &leaf.oa);
	if (contiguous && (walk->ttd & TTD_CONTIGUOUS))
		leaf.shift = (uint8_t)(leaf.shift + run_shift(walk));
	leaf.oa = leaf.oa >> leaf.shift << leaf.shift;
	return leaf;
}

uint64_t smmu_ttd_get(const struct tt_tree *tree, const void *bytes)
{
	uint64_t ttd = le64_get(bytes);

	return tree->big_endian ? __builtin_bswap64(ttd) : ttd;
}
