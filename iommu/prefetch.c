/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes along with a leaf (cfg.prefetch): its descriptor is read with the 64
 * bytes around it, and those beside it that translate as they are go into the TLB
 * too. The architecture permits it, as any speculative walk (IHI 0070, 3.13 and
 * 4.4): software that changes a valid descriptor which "nobody has used yet", and
 * does not invalidate, is found out. Access flags are not set for it.
 */
#include "iommu/smmu_internal.h"

#define LINE_BYTES 64u
#define LINE_TTDS  (LINE_BYTES / 8)

/* A table of fewer descriptors than that has other memory beside it. */
static bool fills_line(const struct walk *walk)
{
	return BIT(walk->tree->ia_bits - smmu_tables_shift(walk->tree, 3)) >= LINE_TTDS;
}

bool smmu_prefetch_is_wanted(const struct transaction *txn)
{
	return txn->smmu->cfg.prefetch && txn->stages == BIT(STAGE1) && txn->walk.level == 3 &&
	       fills_line(&txn->walk);
}

void smmu_prefetch_fetch(struct transaction *txn, uint64_t address,
			 void (*done)(struct bus_req *req, uint64_t now))
{
	smmu_txn_fetch(txn, align_down(address, LINE_BYTES), LINE_BYTES, txn->walk.tree->memory,
		       done);
}

/* The descriptor of that number in the line, and how the walk would have come to it. */
static struct walk beside(const struct transaction *txn, uint32_t number)
{
	struct walk walk = txn->walk;
	uint8_t shift = walk.tree->granule_shift;
	uint64_t first = walk.ia >> shift & ~(uint64_t)(LINE_TTDS - 1);

	walk.ia = (first + number) << shift;
	walk.ttd_ia = align_down(walk.ttd_ia, LINE_BYTES) + 8 * number;
	walk.ttd = smmu_ttd_get(walk.tree, &txn->table_data[number]);
	return walk;
}

/* Contiguous ones are left: a run is a line of its own size. */
static void fill(struct transaction *txn, struct walk *walk)
{
	struct translation found = {.stages = BIT(STAGE1), .shift = walk->tree->granule_shift};

	if (smmu_ttd_kind(walk) != TTD_IS_LEAF || !smmu_ttd_address(walk, TTD_IS_LEAF) ||
	    (walk->ttd & (TTD_AF | TTD_CONTIGUOUS)) != TTD_AF)
		return;
	smmu_tables_leaf(&found.leaf[STAGE1], walk, walk->ttd_ia, false);
	found.leaf[STAGE1].memory = txn->table.attr.memory;
	found.ia = walk->ia;
	found.pa = found.leaf[STAGE1].oa;
	smmu_tlb_fill(txn->smmu, smmu_walk_space(txn, walk->ttd), &found);
}

void smmu_prefetch_fill(struct transaction *txn)
{
	uint32_t own = (uint32_t)(txn->walk.ttd_ia % LINE_BYTES / 8);

	if (txn->table.op != BUS_READ || txn->table.len_bytes != LINE_BYTES)
		return; /* what is there is an update's */
	for (uint32_t i = 0; i < LINE_TTDS; i++) {
		struct walk walk = beside(txn, i);

		if (i != own)
			fill(txn, &walk);
	}
}
