/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_TABLES_INTERNAL_H
#define VFSIM_IOMMU_TABLES_INTERNAL_H

/*
 * VMSAv8-64 translation tables as both stages have them (Arm DDI 0487, D8.2 and
 * D8.3): sizes of levels, kinds of descriptors, addresses in them. A granule of
 * 2^g bytes holds 2^(g-3) descriptors; level 3 maps granules, and each level
 * above as much as a table below it. Each descriptor of a walk goes through the
 * functions here. Those of VMSAv8-32 (vmsa32.c) are the same with a granule of
 * 4 KiB, in trees that are smaller.
 */

#include "base/bits.h"
#include "iommu/config_internal.h"
#include "iommu/tlb_internal.h"
#include "iommu/ttd_format.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a walk is. */
struct walk {
	const struct tt_tree *tree;
	uint64_t ia;
	uint64_t ttd_ia;  /* address of the descriptor at `level`, before stage 2 */
	uint64_t ttd;     /* the descriptor */
	uint64_t address; /* in it: a table's, or of what it maps */
	uint8_t level;
	uint8_t limits;
};

enum ttd_kind { TTD_IS_INVALID, TTD_IS_TABLE, TTD_IS_LEAF };

/* log2 of a TG field's granule, in STE.S2TG's and CD.TG0's code; 0 when it is not offered. */
uint8_t smmu_granule_shift(const struct smmu *smmu, uint64_t tg);
/* A tree's granule, which is one, its output size, and what follows from them. */
void smmu_tables_shape(struct tt_tree *tree, uint8_t granule_shift, uint8_t oa_bits);
/* Address bits of an IPS or S2PS field, no more than the OAS. */
uint8_t smmu_output_bits(const struct smmu *smmu, uint64_t code);
/* The address of a tree's first table, aligned to its size; the other members are set. */
uint64_t smmu_tables_root(const struct tt_tree *tree, uint64_t ttb);
/* The walk's descriptor as what it maps; with what attributes it was read is the caller's. */
void smmu_tables_leaf(struct leaf *leaf, const struct walk *walk, uint64_t ttd_pa, bool contiguous);

/* log2 of what one descriptor of the level maps. */
static inline uint8_t smmu_tables_shift(const struct tt_tree *tree, uint8_t level)
{
	return tree->shift[level];
}

static inline uint64_t smmu_tables_address(const struct walk *walk, uint64_t table,
					   uint64_t entries_mask)
{
	uint64_t index = walk->ia >> smmu_tables_shift(walk->tree, walk->level) & entries_mask;

	return table + index * 8;
}

/* Begin at the tree's first table. */
static inline void smmu_tables_enter(struct walk *walk, const struct tt_tree *tree, uint64_t ia)
{
	uint8_t shift = smmu_tables_shift(tree, tree->start_level);

	walk->tree = tree;
	walk->ia = ia;
	walk->level = tree->start_level;
	walk->limits = 0;
	/* The first table may be smaller than a granule or, at stage 2, up to 16 of them. */
	walk->ttd_ia = smmu_tables_address(walk, tree->root, BIT(tree->ia_bits - shift) - 1);
}

/* Go one level down into the table at walk->address. */
static inline void smmu_tables_descend(struct walk *walk)
{
	walk->level++;
	walk->ttd_ia = smmu_tables_address(walk, walk->address, walk->tree->index_mask);
}

/* Blocks: 1 GiB and 2 MiB; 32 MiB; 512 MiB, and 4 TiB where the OAS is 52 bits. */
static inline bool smmu_tables_may_be_block(const struct walk *walk)
{
	const struct tt_tree *tree = walk->tree;

	if (tree->granule_shift == 12)
		return walk->level == 1 || walk->level == 2;
	return walk->level == 2 || (walk->level == 1 && tree->granule_shift == 16 && tree->oas_52);
}

static inline enum ttd_kind smmu_ttd_kind(const struct walk *walk)
{
	bool table_bit = walk->ttd & TTD_TABLE;

	if (!(walk->ttd & TTD_VALID))
		return TTD_IS_INVALID;
	if (walk->level == 3)
		return table_bit ? TTD_IS_LEAF : TTD_IS_INVALID;
	if (table_bit)
		return TTD_IS_TABLE;
	return smmu_tables_may_be_block(walk) ? TTD_IS_LEAF : TTD_IS_INVALID;
}

/* HAFT: must the flag of a table descriptor be set before what it points to is read? */
static inline bool smmu_ttd_lacks_access(const struct stage_policy *policy, uint64_t ttd)
{
	return policy->haft && !(ttd & TTD_AF);
}

/* Take the address of a descriptor of that kind; false when the output size does not hold it. */
static inline bool smmu_ttd_address(struct walk *walk, enum ttd_kind kind)
{
	const struct tt_tree *tree = walk->tree;

	walk->address = walk->ttd & tree->table_address;
	if (kind == TTD_IS_LEAF)
		walk->address = align_down(walk->address, BIT(tree->shift[walk->level]));
	if (tree->granule_shift == 16)
		walk->address |= field_get(TTD_ADDR_HIGH, walk->ttd) << 48;
	return !(walk->address & (kind == TTD_IS_TABLE ? tree->table_beyond : tree->beyond));
}

/* The descriptor that a little-endian word is in a table of the tree. */
static inline uint64_t smmu_ttd_of(const struct tt_tree *tree, uint64_t word)
{
	return tree->big_endian ? __builtin_bswap64(word) : word;
}

static inline uint64_t smmu_ttd_get(const struct tt_tree *tree, const void *bytes)
{
	return smmu_ttd_of(tree, le64_get(bytes));
}

static inline void smmu_ttd_put(const struct tt_tree *tree, void *bytes, uint64_t ttd)
{
	le64_put(bytes, tree->big_endian ? __builtin_bswap64(ttd) : ttd);
}

#ifdef __cplusplus
}
#endif
#endif
