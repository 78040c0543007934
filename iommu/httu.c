/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware update of translation tables: access flag and dirty state, each by
 * one compare-and-swap that re-checks the descriptor (IHI 0070, 3.13).
 *
 * A write through a DBM descriptor may leave only when the descriptor says
 * "dirty" in memory in that instant (AP[2] == 0 at stage 1, S2AP[1] == 1 at
 * stage 2); with cfg.cache_dirty, once the TLB line has been written through.
 * Both are allowed: a TLB may hold a writable-dirty translation until it is
 * invalidated. Of two stages the second is looked at last.
 */
#include "iommu/smmu_internal.h"

/* AP[2] and S2AP[1] are the same bit, with opposite meanings. */
#define TTD_DIRTY_BIT TTD_AP2

/* What may differ in a descriptor that still is the one which was translated. */
#define TTD_MAY_DIFFER (TTD_DIRTY_BIT | TTD_SOFTWARE)

static void looked(struct transaction *txn, uint64_t ttd);

static bool says_dirty(enum stage stage, uint64_t ttd)
{
	return stage == STAGE1 ? !(ttd & TTD_AP2) : (ttd & TTD_S2AP_WRITE) != 0;
}

/* The stage whose descriptor is looked at now. */
static enum stage present(const struct transaction *txn)
{
	return txn->unseen & BIT(STAGE1) ? STAGE1 : STAGE2;
}

static const struct tt_tree *tree_of(const struct transaction *txn)
{
	if (present(txn) == STAGE2)
		return &txn->ste.tree;
	return &txn->cd.region[txn->upper];
}

static const struct leaf *leaf_of(const struct transaction *txn)
{
	return &txn->found.leaf[present(txn)];
}

static uint64_t in_memory(const struct tt_tree *tree, uint64_t ttd)
{
	return tree->big_endian ? __builtin_bswap64(ttd) : ttd;
}

void smmu_httu_swap(struct transaction *txn, const struct tt_tree *tree, struct mem_attr memory,
		    uint64_t pa, uint64_t expected, uint64_t desired,
		    void (*done)(struct bus_req *req, uint64_t now))
{
	txn->table_data[0] = in_memory(tree, expected);
	txn->table_data[1] = in_memory(tree, desired);
	txn->table.op = BUS_CAS64;
	txn->table.status = BUS_OK;
	txn->table.addr = pa;
	txn->table.len_bytes = 8;
	txn->table.attr.memory = memory;
	txn->table.data = txn->table_data;
	txn->table.done = done;
	smmu_pmcg_count(&txn->smmu->pmcg, PMCG_WALK_ACCESS, txn->req->attr.stream_id);
	smmu_txn_access(txn);
}

uint64_t smmu_httu_found(const struct transaction *txn, const struct tt_tree *tree)
{
	return in_memory(tree, txn->table_data[0]);
}

/* The TLB line of the leaf's descriptor, NULL when there is none any more. */
static struct tlb_line *find_line(struct transaction *txn)
{
	struct tlb_line *line = smmu_tlb_find(txn->smmu, txn->space, txn->ia);

	return line && line->found.leaf[present(txn)].ttd_pa == leaf_of(txn)->ttd_pa ? line : NULL;
}

/* What stage 1 made of the address. */
static uint64_t ipa_of(const struct transaction *txn)
{
	const struct leaf *leaf = &txn->found.leaf[STAGE1];

	return leaf->oa | (txn->ia & (BIT(leaf->shift) - 1));
}

static void drop(struct smmu *smmu, struct tlb_line *line)
{
	if (line)
		smmu_tlb_drop_line(smmu, line);
}

/* Software changed the descriptor since it was translated: translate again. */
static void start_over(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	drop(smmu, find_line(txn));
	if (txn->stages == (BIT(STAGE1) | BIT(STAGE2)) && present(txn) == STAGE2)
		drop(smmu, smmu_tlb_find(smmu, smmu_stage2_space(txn), ipa_of(txn)));
	smmu_txn_translate(txn);
}

static void read_next(struct transaction *txn);

/* The descriptor says dirty, now. */
static void is_dirty(struct transaction *txn)
{
	bool keeps = txn->smmu->cfg.cache_dirty;
	struct tlb_line *line = keeps ? find_line(txn) : NULL;

	if (line)
		line->dirty |= (uint8_t)BIT(present(txn));
	txn->unseen &= (uint8_t)~BIT(present(txn));
	if (txn->unseen)
		read_next(txn);
	else
		smmu_txn_ready(txn, keeps ? TXN_READY : TXN_LOOKED);
}

static void fail(struct transaction *txn)
{
	struct fault_place place = {.stage = present(txn), .kind = EVENT1_CLASS_TT};

	if (place.stage == STAGE2) {
		place.kind = EVENT1_CLASS_IN;
		place.ipa = txn->stages & BIT(STAGE1) ? ipa_of(txn) : txn->ia;
	}
	smmu_walk_fail(txn, F_WALK_EABT, &place);
}

static void dirty_updated(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	struct smmu *smmu = txn->smmu;
	const struct bus_attr *attr = &txn->req->attr;
	uint64_t found = smmu_httu_found(txn, tree_of(txn));

	if (req->status != BUS_OK) {
		fail(txn);
		return;
	}
	if (found != txn->clean_ttd) {
		looked(txn, found);
		return;
	}
	smmu->stats.dirty_updates++;
	trace_emit(&smmu->env.part, TRACE_SMMU_DIRTY, attr->stream_id, smmu_txn_substream(txn),
		   txn->req->addr, leaf_of(txn)->ttd_pa);
	smmu_plant_saw_update(smmu, leaf_of(txn)->ttd_pa);
	is_dirty(txn);
}

/* What is dirty has been accessed, 3.13.2: the line may be of a stream with AFFD. */
static void swap(struct transaction *txn)
{
	const struct leaf *leaf = leaf_of(txn);

	smmu_httu_swap(txn, tree_of(txn), leaf->memory, leaf->ttd_pa, txn->clean_ttd,
		       (txn->clean_ttd ^ TTD_DIRTY_BIT) | TTD_AF, dirty_updated);
}

/* Stage 2 lets the table be written. It may have moved since the descriptor was found. */
static void permitted(struct transaction *txn)
{
	if (txn->s2.pa == leaf_of(txn)->ttd_pa)
		swap(txn);
	else
		start_over(txn);
}

/* A stage 1 table is itself in the guest's memory: stage 2 must allow the write, and note it. */
static void update(struct transaction *txn, uint64_t ttd)
{
	txn->clean_ttd = ttd;
	if (present(txn) == STAGE1)
		smmu_stage2_find(txn, leaf_of(txn)->ttd_ia, EVENT1_CLASS_TT, true, permitted);
	else
		swap(txn);
}

static void looked(struct transaction *txn, uint64_t ttd)
{
	if ((ttd ^ leaf_of(txn)->ttd) & ~TTD_MAY_DIFFER)
		start_over(txn);
	else if (says_dirty(present(txn), ttd))
		is_dirty(txn);
	else if (smmu_plant_skips_update(txn->smmu, leaf_of(txn)->ttd_pa))
		smmu_txn_ready(txn, TXN_LOOKED);
	else
		update(txn, ttd);
}

static void descriptor_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);

	if (req->status != BUS_OK)
		fail(txn);
	else
		looked(txn, smmu_ttd_get(tree_of(txn), req->data));
}

static void read_next(struct transaction *txn)
{
	txn->smmu->stats.leaf_reads++;
	smmu_txn_fetch(txn, leaf_of(txn)->ttd_pa, 8, leaf_of(txn)->memory, descriptor_arrived);
}

void smmu_httu_look(struct transaction *txn)
{
	txn->unseen = txn->managed;
	read_next(txn);
}

void smmu_httu_fresh(struct transaction *txn)
{
	txn->unseen = txn->managed;
	looked(txn, leaf_of(txn)->ttd);
}
