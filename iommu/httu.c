/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware update of translation tables: access flag and dirty state, each by
 * one compare-and-swap that re-checks the descriptor (IHI 0070, 3.13).
 *
 * A write through a DBM descriptor may leave only when the descriptor says
 * "dirty" (AP[2] == 0) in memory in that instant; with cfg.cache_dirty, once
 * the TLB line has been written through. Both are allowed: a TLB may hold a
 * writable-dirty translation until it is invalidated.
 */
#include "iommu/smmu_internal.h"

/* What may differ in a descriptor that still is the one which was translated. */
#define TTD_MAY_DIFFER (TTD_AP2 | TTD_SOFTWARE)

static void compare_and_swap(struct transaction *txn, uint64_t address, uint64_t expected,
			     uint64_t desired, void (*done)(struct bus_req *req, uint64_t now))
{
	txn->table_data[0] = expected;
	txn->table_data[1] = desired;
	txn->table.op = BUS_CAS64;
	txn->table.status = BUS_OK;
	txn->table.addr = address;
	txn->table.len_bytes = 8;
	txn->table.data = txn->table_data;
	txn->table.done = done;
	smmu_txn_access(txn);
}

void smmu_httu_set_access(struct transaction *txn, uint64_t ttd,
			  void (*done)(struct bus_req *req, uint64_t now))
{
	compare_and_swap(txn, txn->table.addr, ttd, ttd | TTD_AF, done);
}

/* The TLB line of the leaf's descriptor, NULL when there is none any more. */
static struct tlb_line *find_line(struct transaction *txn)
{
	struct tlb_line *line = smmu_tlb_find(txn->smmu, txn->cd.asid, txn->leaf.va);

	return line && line->leaf.ttd_pa == txn->leaf.ttd_pa ? line : NULL;
}

/* Software changed the descriptor since it was translated: translate again. */
static void start_over(struct transaction *txn)
{
	struct tlb_line *line = find_line(txn);

	if (line)
		smmu_tlb_drop_line(txn->smmu, line);
	smmu_txn_translate(txn);
}

/* The descriptor says dirty, now. */
static void is_dirty(struct transaction *txn)
{
	struct tlb_line *line;

	if (!txn->smmu->cfg.cache_dirty) {
		smmu_txn_ready(txn, TXN_LOOKED);
		return;
	}
	line = find_line(txn);
	if (line)
		line->dirty = true;
	smmu_txn_ready(txn, TXN_READY);
}

static void dirty_updated(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	struct smmu *smmu = txn->smmu;
	const struct bus_attr *attr = &txn->req->attr;
	uint64_t found = txn->table_data[0], desired = txn->table_data[1];

	if (req->status != BUS_OK) {
		smmu_fault(txn, F_WALK_EABT);
		return;
	}
	if (found != (desired | TTD_AP2)) {
		smmu_httu_looked(txn, found);
		return;
	}
	smmu->stats.dirty_updates++;
	trace_emit(&smmu->env.part, TRACE_SMMU_DIRTY, attr->stream_id, smmu_txn_substream(txn),
		   txn->req->addr, txn->leaf.ttd_pa);
	smmu_plant_saw_update(smmu, txn->leaf.ttd_pa);
	is_dirty(txn);
}

void smmu_httu_looked(struct transaction *txn, uint64_t ttd)
{
	if ((ttd ^ txn->leaf.ttd) & ~TTD_MAY_DIFFER)
		start_over(txn);
	else if (!(ttd & TTD_AP2))
		is_dirty(txn);
	else if (smmu_plant_skips_update(txn->smmu, txn->leaf.ttd_pa))
		smmu_txn_ready(txn, TXN_LOOKED);
	else
		compare_and_swap(txn, txn->leaf.ttd_pa, ttd, ttd & ~TTD_AP2, dirty_updated);
}

static void descriptor_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);

	if (req->status != BUS_OK)
		smmu_fault(txn, F_WALK_EABT);
	else
		smmu_httu_looked(txn, le64_get(req->data));
}

void smmu_httu_look(struct transaction *txn)
{
	txn->smmu->stats.leaf_reads++;
	smmu_txn_fetch(txn, txn->leaf.ttd_pa, 8, descriptor_arrived);
}
