/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walker slots: how many fetches of configuration and tables are under way at
 * once. A transaction that lacks what another one is fetching waits for that;
 * then it looks up again, so that it never uses what an invalidation removed.
 */
#include "base/trace.h"
#include "iommu/smmu_internal.h"

/* Will the fetch of `leader` bring what `txn` lacks? */
static bool same_fetch(const struct transaction *leader, const struct transaction *txn)
{
	if (leader->begin_walk != txn->begin_walk ||
	    leader->req->attr.stream_id != txn->req->attr.stream_id)
		return false;
	if (txn->begin_walk == smmu_strtab_fetch)
		return true;
	if (leader->cd_index != txn->cd_index)
		return false;
	return txn->begin_walk != smmu_walk_begin ||
	       leader->ia >> GRANULE_SHIFT == txn->ia >> GRANULE_SHIFT;
}

static bool follow(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	for (uint32_t i = 0; i < smmu->walkers_busy; i++) {
		struct transaction *leader = smmu->walker[i].txn;

		if (!same_fetch(leader, txn))
			continue;
		txn_list_add(&leader->followers, txn);
		return true;
	}
	return false;
}

void smmu_walk_enter(struct transaction *txn, void (*begin)(struct transaction *txn))
{
	struct smmu *smmu = txn->smmu;

	txn->begin_walk = begin;
	txn->tlb_generation = smmu->tlb.generation;
	txn->conf_generation = smmu->conf.generation;
	if (smmu_is_direct(txn)) { /* alone: it waits for nobody, and nobody for it */
		begin(txn);
		return;
	}
	if (follow(txn))
		return;
	if (smmu->walkers_busy == smmu->cfg.timing.walkers) {
		txn_list_add(&smmu->walk_queue, txn);
		smmu->walk_queue_len++;
		return;
	}
	smmu->walker[smmu->walkers_busy].txn = txn;
	smmu->walker[smmu->walkers_busy++].begin_ps = smmu_now(smmu);
	txn->walking = true;
	txn->followers = (struct txn_list){NULL, NULL};
	begin(txn);
}

static enum smmu_walk_kind kind_of(const struct transaction *txn)
{
	if (txn->begin_walk == smmu_walk_begin)
		return SMMU_WALK_TABLES;
	return txn->begin_walk == smmu_strtab_fetch ? SMMU_WALK_STE : SMMU_WALK_CD;
}

static void trace_slot(const struct transaction *txn, const struct walker *slot, uint64_t failed)
{
	trace_detail(&txn->smmu->env.part, TRACE_WALK, NULL, 0, slot->number, kind_of(txn),
		     txn->req->attr.stream_id, txn->req->addr, failed, slot->begin_ps);
}

static void free_slot(struct transaction *txn, uint64_t failed)
{
	struct smmu *smmu = txn->smmu;
	struct walker *last = &smmu->walker[--smmu->walkers_busy];
	struct walker *slot = smmu->walker;
	struct walker freed;

	while (slot->txn != txn)
		slot++;
	freed = *slot;
	*slot = *last;
	*last = freed;
	txn->walking = false;
	trace_slot(txn, &freed, failed);
}

/* `failed`: 0 or an event number. */
static void leave(struct transaction *txn, uint64_t failed, void (*go_on)(struct transaction *txn))
{
	struct smmu *smmu = txn->smmu;
	struct txn_list followers = txn->followers;
	struct transaction *waiting;

	free_slot(txn, failed);
	go_on(txn);
	while ((waiting = txn_list_take(&followers)))
		smmu_txn_translate(waiting);
	while (smmu->walkers_busy < smmu->cfg.timing.walkers &&
	       (waiting = txn_list_take(&smmu->walk_queue))) {
		smmu->walk_queue_len--;
		smmu_txn_translate(waiting);
	}
}

void smmu_walk_leave(struct transaction *txn, void (*go_on)(struct transaction *txn))
{
	if (!smmu_is_direct(txn)) {
		leave(txn, 0, go_on);
		return;
	}
	trace_slot(txn, &(struct walker){.begin_ps = smmu_now(txn->smmu)}, 0);
	go_on(txn);
}

static void report(struct transaction *txn)
{
	smmu_fault_at(txn, txn->fault.number, &txn->fault.place);
}

void smmu_walk_fail(struct transaction *txn, enum event_number number,
		    const struct fault_place *place)
{
	txn->fault.number = number;
	txn->fault.place = *place;
	if (txn->walking)
		leave(txn, number, report);
	else
		report(txn);
}

/* The last descriptor read at a place is the one that counts. */
void smmu_walk_keep_step(struct transaction *txn, enum stage stage, const struct walk *walk)
{
	uint64_t *step = txn->step[txn->steps ? txn->steps - 1 : 0];
	uint64_t where = (uint64_t)stage << 8 | walk->level;

	if (!txn->steps || step[0] != where || step[1] != txn->table.addr) {
		if (txn->steps == WALK_STEPS)
			return;
		step = txn->step[txn->steps++];
	}
	step[0] = where;
	step[1] = txn->table.addr;
	step[2] = walk->ttd;
}
