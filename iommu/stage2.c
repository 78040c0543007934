/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2: where an intermediate physical address is (IHI 0070, 3.3.2; Arm
 * DDI 0487, D8.2). A transaction's own address comes here, and so do the context
 * descriptors and stage 1 tables of a nested stream: each found in the TLB or
 * walked for, one at a time.
 */
#include "iommu/smmu_internal.h"

static bool use_descriptor(struct transaction *txn, uint64_t ttd);

uint64_t smmu_stage2_space(const struct transaction *txn)
{
	return SPACE_STAGE2 | field_put(SPACE_VMID, txn->ste.vmid);
}

static void fail(struct transaction *txn, enum event_number number)
{
	smmu_walk_fail(txn, number, &txn->s2.place);
}

static void walk_down(struct transaction *txn);

static void descriptor_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);

	if (req->status != BUS_OK)
		fail(txn, F_WALK_EABT);
	else if (use_descriptor(txn, smmu_ttd_get(&txn->ste.tree, req->data)))
		walk_down(txn);
}

/* As far as nothing has to be waited for. */
static void walk_down(struct transaction *txn)
{
	const struct tt_tree *tree = &txn->ste.tree;
	struct bus_word word;

	do
		word = smmu_txn_read64(txn, txn->s2.walk.ttd_ia, tree->memory, descriptor_arrived);
	while (word.ok && use_descriptor(txn, smmu_ttd_of(tree, word.value)));
}

static void start(struct transaction *txn)
{
	struct s2_walk *s2 = &txn->s2;
	const struct tt_tree *tree = &txn->ste.tree;

	if (s2->place.ipa >> tree->ia_bits) {
		fail(txn, F_TRANSLATION);
		return;
	}
	smmu_walkcache_enter(txn->smmu, smmu_stage2_space(txn), &s2->walk, tree, s2->place.ipa);
	walk_down(txn);
}

struct mem_attr smmu_stage2_memory(const struct transaction *txn, struct mem_attr own)
{
	return txn->ste.stage2 ? smmu_attr_behind_stage2(&txn->ste, txn->s2.leaf.ttd, own) : own;
}

/* May the SMMU's own read or write of a table go there? */
static bool permits_table(struct transaction *txn)
{
	struct s2_walk *s2 = &txn->s2;
	uint64_t ttd = s2->leaf.ttd;

	s2->place.write = false;
	if (!(ttd & TTD_S2AP_READ))
		return false;
	if (txn->ste.ptw && smmu_attr_is_device(&txn->ste, ttd))
		return false;
	s2->place.write = s2->write;
	return !s2->write || (ttd & TTD_S2AP_WRITE) || (txn->ste.policy.hd && (ttd & TTD_DBM));
}

static void drop_line(struct transaction *txn)
{
	struct tlb_line *line = smmu_tlb_find(txn->smmu, smmu_stage2_space(txn), txn->s2.place.ipa);

	if (line)
		smmu_tlb_drop_line(txn->smmu, line);
}

static void swap(struct transaction *txn, uint64_t pa, uint64_t expected, uint64_t desired,
		 void (*done)(struct bus_req *req, uint64_t now))
{
	const struct tt_tree *tree = &txn->ste.tree;

	smmu_httu_swap(txn, tree, tree->memory, pa, expected, desired, done);
}

static void dirty_updated(struct bus_req *req, uint64_t now);

static void make_dirty(struct transaction *txn)
{
	const struct leaf *leaf = &txn->s2.leaf;
	uint64_t clean = leaf->ttd & ~TTD_S2AP_WRITE;

	swap(txn, leaf->ttd_pa, clean, clean | TTD_S2AP_WRITE | TTD_AF, dirty_updated);
}

/* The leaf's descriptor is still the same, but maybe for its dirty state. False: start over. */
static bool is_same(struct transaction *txn, uint64_t found)
{
	if ((found | TTD_S2AP_WRITE) == (txn->s2.leaf.ttd | TTD_S2AP_WRITE))
		return true;
	drop_line(txn);
	start(txn);
	return false;
}

static void dirty_updated(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);

	if (req->status != BUS_OK)
		fail(txn, F_WALK_EABT);
	else if (is_same(txn, smmu_httu_found(txn, &txn->ste.tree)))
		txn->s2.then(txn);
}

/* It was dirty: memory need not be writable where nothing has to be written. */
static void dirty_looked(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	uint64_t found;

	if (req->status != BUS_OK) {
		fail(txn, F_WALK_EABT);
		return;
	}
	found = smmu_ttd_get(&txn->ste.tree, req->data);
	if (!is_same(txn, found))
		return;
	if (found & TTD_S2AP_WRITE)
		txn->s2.then(txn);
	else
		make_dirty(txn);
}

/* The page with a stage 1 table is about to be written: its descriptor says so first. */
static void note_write(struct transaction *txn)
{
	const struct leaf *leaf = &txn->s2.leaf;

	if (leaf->ttd & TTD_S2AP_WRITE)
		smmu_txn_fetch(txn, leaf->ttd_pa, 8, txn->ste.tree.memory, dirty_looked);
	else
		make_dirty(txn);
}

/* The leaf is known. */
static void arrive(struct transaction *txn)
{
	struct s2_walk *s2 = &txn->s2;
	const struct leaf *leaf = &s2->leaf;

	s2->pa = leaf->oa | (s2->place.ipa & (BIT(leaf->shift) - 1));
	if (s2->place.kind == EVENT1_CLASS_IN) /* what it permits is asked later */
		s2->then(txn);
	else if (!permits_table(txn))
		fail(txn, F_PERMISSION);
	else if (s2->write && txn->ste.policy.hd && (leaf->ttd & TTD_DBM))
		note_write(txn);
	else
		s2->then(txn);
}

static void reach_leaf(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	struct s2_walk *s2 = &txn->s2;
	struct translation found = {.stages = BIT(STAGE2)};

	smmu_tables_leaf(&s2->leaf, &s2->walk, txn->table.addr, !txn->ste.policy.ha);
	s2->leaf.memory = txn->ste.tree.memory;
	found.leaf[STAGE2] = s2->leaf;
	found.shift = s2->leaf.shift;
	found.ia = s2->place.ipa >> found.shift << found.shift;
	found.pa = s2->leaf.oa;
	if (txn->tlb_generation == smmu->tlb.generation)
		smmu_tlb_fill(smmu, smmu_stage2_space(txn), &found);
	arrive(txn);
}

static void access_updated(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	const struct tt_tree *tree = &txn->ste.tree;
	uint64_t ttd = txn->s2.walk.ttd;

	if (req->status == BUS_OK && smmu_ttd_get(tree, req->data) == ttd) {
		txn->smmu->stats.access_updates++;
		smmu_ttd_put(tree, req->data, ttd | TTD_AF);
	}
	descriptor_arrived(req, now);
}

static void check_access(struct transaction *txn)
{
	const struct stage_policy *policy = &txn->ste.policy;
	uint64_t ttd = txn->s2.walk.ttd;

	if ((ttd & TTD_AF) || (!policy->ha && policy->affd))
		reach_leaf(txn);
	else if (policy->ha)
		swap(txn, txn->table.addr, ttd, ttd | TTD_AF, access_updated);
	else
		fail(txn, F_ACCESS);
}

static void descend(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	struct walk *walk = &txn->s2.walk;

	if (txn->tlb_generation == smmu->tlb.generation)
		smmu_walkcache_fill(smmu, smmu_stage2_space(txn), walk);
	smmu_tables_descend(walk);
}

/* True: it is a table's, and the walk goes down into that. */
static bool use_descriptor(struct transaction *txn, uint64_t ttd)
{
	struct walk *walk = &txn->s2.walk;
	enum ttd_kind kind;

	walk->ttd = ttd;
	kind = smmu_ttd_kind(walk);
	smmu_walk_keep(txn, STAGE2, walk);
	if (kind == TTD_IS_INVALID) {
		fail(txn, F_TRANSLATION);
	} else if (!smmu_ttd_address(walk, kind)) {
		fail(txn, F_ADDR_SIZE);
	} else if (kind == TTD_IS_LEAF) {
		check_access(txn);
	} else if (smmu_ttd_lacks_access(&txn->ste.policy, walk->ttd)) {
		swap(txn, txn->table.addr, walk->ttd, walk->ttd | TTD_AF, access_updated);
	} else {
		descend(txn);
		return true;
	}
	return false;
}

void smmu_stage2_find(struct transaction *txn, uint64_t ipa, uint8_t kind, bool write,
		      void (*then)(struct transaction *txn))
{
	struct s2_walk *s2 = &txn->s2;
	struct tlb_line *line;

	s2->pa = ipa;
	if (!txn->ste.stage2) {
		then(txn);
		return;
	}
	s2->place = (struct fault_place){.stage = STAGE2, .kind = kind, .ipa = ipa};
	s2->write = write;
	s2->then = then;
	line = smmu_tlb_find(txn->smmu, smmu_stage2_space(txn), ipa);
	if (!line) {
		start(txn);
		return;
	}
	s2->leaf = line->found.leaf[STAGE2];
	arrive(txn);
}
