/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage 1 walk (IHI 0070, 3.4; Arm DDI 0487, D8.2): each descriptor that
 * arrives moves it one level on. Where stage 2 translates too, each address that
 * the walk comes to goes through stage2.c before it is read.
 */
#include "iommu/smmu_internal.h"

static const struct tt_tree *region_of(const struct transaction *txn)
{
	return &txn->cd.region[txn->upper];
}

/* The tags of what stage 1 translates: without ASIDs in the plain EL2 world. */
static uint64_t stage1_space(const struct transaction *txn)
{
	const struct ste_config *ste = &txn->ste;
	uint64_t space = field_put(SPACE_WORLD, ste->world);

	if (ste->world == SPACE_WORLD_EL1)
		space |= field_put(SPACE_VMID, ste->vmid);
	if (ste->world != SPACE_WORLD_EL2)
		space |= field_put(SPACE_ASID, txn->cd.asid) |
			 field_put(SPACE_ASET, txn->cd.private_asid);
	return space;
}

/* All bits above a region's addresses are as its own are: ones in the upper one. */
static bool is_inside(const struct transaction *txn, const struct tt_tree *tree)
{
	if (txn->cd.aarch32)
		return txn->upper || !(txn->ia >> tree->ia_bits);
	return txn->ia >> tree->ia_bits == (txn->upper ? UINT64_MAX >> tree->ia_bits : 0);
}

static bool take_virtual(struct transaction *txn)
{
	uint64_t address = txn->req->addr;
	const struct tt_tree *tree;

	if (txn->cd.aarch32 && address >> 32)
		return false;
	txn->upper = txn->cd.aarch32 ? smmu_vmsa32_is_upper(&txn->cd, address)
				     : (address & BIT(55)) != 0;
	tree = region_of(txn);
	if (tree->disabled || (tree->no_unprivileged && !txn->privileged))
		return false;
	txn->space = stage1_space(txn);
	txn->ia = address;
	if (tree->top_byte_ignored)
		txn->ia = field_set(txn->ia, BITS(63, 56), txn->upper ? 0xff : 0);
	return is_inside(txn, tree);
}

bool smmu_walk_input(struct transaction *txn)
{
	if (txn->stages & BIT(STAGE1))
		return take_virtual(txn);
	txn->space = smmu_stage2_space(txn);
	txn->ia = txn->req->addr;
	return !(txn->ia >> txn->ste.tree.ia_bits);
}

static void fail(struct transaction *txn, enum event_number number, uint8_t kind)
{
	smmu_walk_fail(txn, number, &(struct fault_place){.stage = STAGE1, .kind = kind});
}

static struct mem_attr memory_of(const struct transaction *txn)
{
	return smmu_stage2_memory(txn, txn->walk.tree->memory);
}

static void descriptor_arrived(struct bus_req *req, uint64_t now);

/* Attributes of a table descriptor reach all that lies behind it, unless HAD says no. */
static void take_limits(struct walk *walk)
{
	uint64_t ap = field_get(TTD_APTABLE, walk->ttd);

	if (walk->tree->flat || !(walk->ttd & (TTD_APTABLE | TTD_PXNTABLE | TTD_UXNTABLE)))
		return;
	if (ap & 1)
		walk->limits |= LIMIT_PRIV_ONLY;
	if (ap & 2)
		walk->limits |= LIMIT_READ_ONLY;
	if (walk->ttd & TTD_PXNTABLE)
		walk->limits |= LIMIT_PXN;
	if (walk->ttd & TTD_UXNTABLE)
		walk->limits |= LIMIT_UXN;
}

static void use(struct transaction *txn)
{
	smmu_txn_use(txn, true, 0);
}

static void trace_walk(const struct transaction *txn)
{
	trace_detail(&txn->smmu->env.part, TRACE_WALK_TABLES, txn->step,
		     txn->steps * (uint32_t)sizeof(txn->step[0]), txn->req->attr.stream_id,
		     smmu_txn_substream(txn), txn->ia, txn->found.pa, txn->found.shift, txn->steps);
}

/* Both sets of ASIDs are one namespace, 3.17; their global pages are not, 3.17.1. */
uint64_t smmu_walk_space(const struct transaction *txn, uint64_t ttd)
{
	if (txn->ste.world == SPACE_WORLD_EL2 || !(ttd & TTD_NG))
		return (txn->space & ~SPACE_ASID) | SPACE_GLOBAL;
	return txn->space & ~SPACE_ASET;
}

/* Both stages as one line, as large as the smaller page of the two. */
static void combine(struct transaction *txn)
{
	struct translation *found = &txn->found;
	const struct leaf *leaf = found->leaf;

	found->stages = txn->stages;
	found->shift = 63;
	if (found->stages & BIT(STAGE1))
		found->shift = leaf[STAGE1].shift;
	if (found->stages & BIT(STAGE2))
		found->shift = MIN(found->shift, leaf[STAGE2].shift);
	found->ia = txn->ia >> found->shift << found->shift;
	found->pa = txn->s2.pa >> found->shift << found->shift;
}

/* txn->s2.pa is where the access goes. */
static void arrive(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	if (txn->stages & BIT(STAGE2))
		txn->found.leaf[STAGE2] = txn->s2.leaf;
	combine(txn);
	trace_walk(txn);
	/* A line of stage 2 alone has been filled on the way. */
	if ((txn->stages & BIT(STAGE1)) && txn->tlb_generation == smmu->tlb.generation) {
		if (smmu_prefetch_is_wanted(txn))
			smmu_prefetch_fill(txn);
		smmu_tlb_fill(smmu, smmu_walk_space(txn, txn->found.leaf[STAGE1].ttd), &txn->found);
	}
	smmu_walk_leave(txn, use);
}

/* Does stage 1 leave nothing of what is asked for? */
static bool is_denied(struct transaction *txn)
{
	if (smmu_ats_is_request(txn))
		return smmu_ats_denied(txn, STAGE1);
	return smmu_permission(txn, STAGE1) == PERMISSION_DENIED;
}

static void reach_leaf(struct transaction *txn)
{
	struct leaf *leaf = &txn->found.leaf[STAGE1];
	bool updates = txn->cd.policy.ha;

	smmu_tables_leaf(leaf, &txn->walk, txn->table.addr, !updates);
	leaf->memory = txn->table.attr.memory;
	/* A stage 1 fault comes before all faults that stage 2 may find for the result. */
	if ((txn->stages & BIT(STAGE2)) && is_denied(txn)) {
		fail(txn, F_PERMISSION, EVENT1_CLASS_IN);
		return;
	}
	smmu_stage2_find(txn, leaf->oa | (txn->ia & (BIT(leaf->shift) - 1)), EVENT1_CLASS_IN, false,
			 arrive);
}

/* The descriptor as the compare-and-swap found it; ours if it took. */
static void access_updated(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	const struct tt_tree *tree = txn->walk.tree;

	if (req->status == BUS_OK && smmu_ttd_get(tree, req->data) == txn->walk.ttd) {
		txn->smmu->stats.access_updates++;
		smmu_ttd_put(tree, req->data, txn->walk.ttd | TTD_AF);
	}
	descriptor_arrived(req, now);
}

static void set_access(struct transaction *txn)
{
	smmu_httu_swap(txn, txn->walk.tree, memory_of(txn), txn->s2.pa, txn->walk.ttd,
		       txn->walk.ttd | TTD_AF, access_updated);
}

static void check_access(struct transaction *txn)
{
	const struct stage_policy *policy = &txn->cd.policy;

	if ((txn->walk.ttd & TTD_AF) || (!policy->ha && policy->affd))
		reach_leaf(txn);
	else if (policy->ha)
		smmu_stage2_find(txn, txn->walk.ttd_ia, EVENT1_CLASS_TT, true, set_access);
	else
		fail(txn, F_ACCESS, EVENT1_CLASS_IN);
}

static void keep_table(struct transaction *txn)
{
	if (txn->tlb_generation == txn->smmu->tlb.generation)
		smmu_walkcache_fill(txn->smmu, txn->space, &txn->walk);
}

/* What the walk's descriptor ends, or what keeps it from going on. */
static void stop_at(struct transaction *txn, enum ttd_kind kind)
{
	if (kind == TTD_IS_INVALID)
		fail(txn, F_TRANSLATION, EVENT1_CLASS_IN);
	else if (!smmu_ttd_address(&txn->walk, kind))
		fail(txn, F_ADDR_SIZE, EVENT1_CLASS_IN);
	else if (kind == TTD_IS_LEAF)
		check_access(txn);
	else
		smmu_stage2_find(txn, txn->walk.ttd_ia, EVENT1_CLASS_TT, true, set_access);
}

/* True: it is a table's, and the walk goes down into that. */
static inline bool use_descriptor(struct transaction *txn, uint64_t ttd)
{
	struct walk *walk = &txn->walk;
	enum ttd_kind kind;

	walk->ttd = ttd;
	kind = smmu_ttd_kind(walk);
	smmu_walk_keep(txn, STAGE1, walk);
	if (kind != TTD_IS_TABLE || !smmu_ttd_address(walk, TTD_IS_TABLE) ||
	    smmu_ttd_lacks_access(&txn->cd.policy, ttd)) {
		stop_at(txn, kind);
		return false;
	}
	take_limits(walk);
	keep_table(txn);
	smmu_tables_descend(walk);
	return true;
}

static void place_found(struct transaction *txn);

/* Where the next descriptor is. True: known within the call. */
static bool find_place(struct transaction *txn)
{
	txn->s2.pa = txn->walk.ttd_ia;
	if (!txn->ste.stage2)
		return true;
	smmu_stage2_find(txn, txn->walk.ttd_ia, EVENT1_CLASS_TT, false, place_found);
	return false;
}

/* The descriptor at txn->s2.pa. !ok: it comes to descriptor_arrived(). */
static struct bus_word read_descriptor(struct transaction *txn)
{
	if (!smmu_prefetch_is_wanted(txn))
		return smmu_txn_read64(txn, txn->s2.pa, memory_of(txn), descriptor_arrived);
	smmu_prefetch_fetch(txn, txn->s2.pa, descriptor_arrived);
	return (struct bus_word){0};
}

/* From the descriptor at txn->s2.pa on, as far as nothing has to be waited for. */
static void walk_down(struct transaction *txn)
{
	struct bus_word word;

	do
		word = read_descriptor(txn);
	while (word.ok && use_descriptor(txn, smmu_ttd_of(txn->walk.tree, word.value)) &&
	       find_place(txn));
}

static void place_found(struct transaction *txn)
{
	walk_down(txn);
}

/* In txn->table: alone, or in the line that was fetched with it. */
static void descriptor_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	const uint8_t *line = req->data;
	uint64_t ttd = smmu_ttd_get(txn->walk.tree, line + (txn->s2.pa - req->addr));

	req->addr = txn->s2.pa;
	if (req->status != BUS_OK)
		fail(txn, F_WALK_EABT, EVENT1_CLASS_TT);
	else if (use_descriptor(txn, ttd) && find_place(txn))
		walk_down(txn);
}

/* Tables are only passed: nobody looks at them, keeps them, or has a say in where they are. */
static bool may_pass(const struct transaction *txn)
{
	const struct smmu *smmu = txn->smmu;

	return smmu_is_direct(txn) && !txn->ste.stage2 && !txn->cd.policy.haft &&
	       !smmu->walkcache.sets && !smmu->sim->hooks.detail;
}

/* To the first descriptor that may be no table's; that one is read as any other. */
static void pass_tables(struct transaction *txn)
{
	const struct bus_port *memory = &txn->smmu->env.memory;
	struct walk walk = txn->walk; /* in registers */

	while (walk.level < 3) {
		struct bus_word word = bus_read64(memory, walk.ttd_ia);

		walk.ttd = smmu_ttd_of(walk.tree, word.value);
		if (!word.ok || smmu_ttd_kind(&walk) != TTD_IS_TABLE ||
		    !smmu_ttd_address(&walk, TTD_IS_TABLE))
			break;
		take_limits(&walk);
		smmu_tables_descend(&walk);
	}
	txn->walk = walk;
}

void smmu_walk_begin(struct transaction *txn)
{
	txn->smmu->stats.walks++;
	txn->steps = 0;
	if (!(txn->stages & BIT(STAGE1))) {
		smmu_stage2_find(txn, txn->ia, EVENT1_CLASS_IN, false, arrive);
		return;
	}
	smmu_walkcache_enter(txn->smmu, txn->space, &txn->walk, region_of(txn), txn->ia);
	if (may_pass(txn))
		pass_tables(txn);
	if (find_place(txn))
		walk_down(txn);
}
