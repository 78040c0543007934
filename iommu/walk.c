/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage 1 walk, 4 KiB granule (IHI 0070, 3.4; Arm DDI 0487, D8.2 and D8.3):
 * each descriptor that arrives moves it one level on.
 */
#include "iommu/smmu_internal.h"

static void read_level(struct transaction *txn, uint64_t table);
static void use_descriptor(struct transaction *txn, uint64_t ttd);

static uint8_t shift_of_level(uint8_t level)
{
	return (uint8_t)(GRANULE_SHIFT + 9 * (3 - level));
}

bool smmu_walk_region(const struct cd_config *cd, uint64_t address, uint64_t *va,
		      const struct region **region)
{
	bool upper = address & BIT(55);
	const struct region *r = &cd->region[upper];

	if (r->disabled)
		return false;
	*region = r;
	*va = address;
	if (r->top_byte_ignored)
		*va = field_set(address, BITS(63, 56), upper ? 0xff : 0);
	return *va >> r->ia_bits == (upper ? UINT64_MAX >> r->ia_bits : 0);
}

/* Keep a descriptor for the trace: the last of a level is the one that counts. */
static void keep_step(struct transaction *txn, uint64_t ttd)
{
	uint64_t *step;

	if (!txn->steps || txn->step[txn->steps - 1][0] != txn->level)
		txn->steps++;
	step = txn->step[txn->steps - 1];
	step[0] = txn->level;
	step[1] = txn->table.addr;
	step[2] = ttd;
}

static void trace_walk(const struct transaction *txn)
{
	trace_detail(&txn->smmu->env.part, TRACE_WALK_TABLES, txn->step,
		     txn->steps * (uint32_t)sizeof(txn->step[0]), txn->req->attr.stream_id,
		     smmu_txn_substream(txn), txn->walk_va, txn->leaf.pa, txn->leaf.shift,
		     txn->steps);
}

static void descriptor_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);

	if (req->status != BUS_OK)
		smmu_walk_fail(txn, F_WALK_EABT);
	else
		use_descriptor(txn, le64_get(req->data));
}

static void read_level(struct transaction *txn, uint64_t table)
{
	uint64_t index = txn->walk_va >> shift_of_level(txn->level) & 511;

	smmu_txn_fetch(txn, table + index * 8, 8, descriptor_arrived);
}

/* Attributes of a table descriptor reach all that lies behind it. */
static void take_limits(struct transaction *txn, uint64_t ttd)
{
	uint64_t ap = field_get(TTD_APTABLE, ttd);

	if (ap & 1)
		txn->limits |= LIMIT_PRIV_ONLY;
	if (ap & 2)
		txn->limits |= LIMIT_READ_ONLY;
	if (ttd & TTD_PXNTABLE)
		txn->limits |= LIMIT_PXN;
	if (ttd & TTD_UXNTABLE)
		txn->limits |= LIMIT_UXN;
}

static void finish(struct transaction *txn)
{
	smmu_txn_use_leaf(txn, true, false);
}

static void reach_leaf(struct transaction *txn, uint64_t ttd)
{
	struct smmu *smmu = txn->smmu;
	uint8_t shift = shift_of_level(txn->level);

	txn->leaf = (struct leaf){
		.va = txn->walk_va >> shift << shift,
		.pa = (ttd & TTD_ADDR) >> shift << shift,
		.ttd_pa = txn->table.addr,
		.ttd = ttd,
		.shift = shift,
		.limits = txn->limits,
	};
	trace_walk(txn);
	if (txn->tlb_generation == smmu->tlb.generation)
		smmu_tlb_fill(smmu, txn->cd.asid, &txn->leaf);
	smmu_walk_leave(txn, finish);
}

/* The descriptor as the compare-and-swap found it; ours if it took. */
static void access_updated(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	uint64_t found = txn->table_data[0], desired = txn->table_data[1];

	if (req->status != BUS_OK) {
		smmu_walk_fail(txn, F_WALK_EABT);
		return;
	}
	if (found == (desired & ~TTD_AF)) {
		txn->smmu->stats.access_updates++;
		found = desired;
	}
	use_descriptor(txn, found);
}

static void check_leaf(struct transaction *txn, uint64_t ttd)
{
	uint64_t pa = (ttd & TTD_ADDR) >> shift_of_level(txn->level) << shift_of_level(txn->level);

	if (pa >> txn->cd.oa_bits)
		smmu_walk_fail(txn, F_ADDR_SIZE);
	else if ((ttd & TTD_AF) || (!txn->cd.ha && txn->cd.affd))
		reach_leaf(txn, ttd);
	else if (txn->cd.ha)
		smmu_httu_set_access(txn, ttd, access_updated);
	else
		smmu_walk_fail(txn, F_ACCESS);
}

static void use_descriptor(struct transaction *txn, uint64_t ttd)
{
	bool table_bit = ttd & TTD_TABLE;

	keep_step(txn, ttd);
	if (!(ttd & TTD_VALID) || (txn->level == 3 && !table_bit) ||
	    (txn->level == 0 && !table_bit)) {
		smmu_walk_fail(txn, F_TRANSLATION);
		return;
	}
	if (txn->level == 3 || !table_bit) {
		check_leaf(txn, ttd);
		return;
	}
	if ((ttd & TTD_ADDR) >> txn->cd.oa_bits) {
		smmu_walk_fail(txn, F_ADDR_SIZE);
		return;
	}
	take_limits(txn, ttd);
	txn->level++;
	read_level(txn, ttd & TTD_ADDR);
}

void smmu_walk_begin(struct transaction *txn)
{
	const struct region *region = &txn->cd.region[(txn->walk_va & BIT(55)) != 0];
	uint32_t index_bits;
	uint64_t index, base;

	txn->smmu->stats.walks++;
	txn->limits = 0;
	txn->steps = 0;
	txn->level = (uint8_t)(3 - (region->ia_bits - 1 - GRANULE_SHIFT) / 9);
	/* The first table may be shorter than a page; it is aligned to its size. */
	index_bits = region->ia_bits - shift_of_level(txn->level);
	base = region->ttb & ~(BIT(index_bits + 3) - 1);
	index = txn->walk_va >> shift_of_level(txn->level) & (BIT(index_bits) - 1);
	smmu_txn_fetch(txn, base + index * 8, 8, descriptor_arrived);
}
