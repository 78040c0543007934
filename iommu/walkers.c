/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walker slots: how many fetches of configuration and tables are under way at
 * once. A transaction that lacks what another one is fetching waits for that;
 * then it looks up again, so that it never uses what an invalidation removed.
 */
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
	       leader->walk_va >> GRANULE_SHIFT == txn->walk_va >> GRANULE_SHIFT;
}

static bool follow(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	for (uint32_t i = 0; i < smmu->walkers_busy; i++) {
		struct transaction *leader = smmu->walker[i];

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
	if (follow(txn))
		return;
	if (smmu->walkers_busy == smmu->cfg.timing.walkers) {
		txn_list_add(&smmu->walk_queue, txn);
		return;
	}
	smmu->walker[smmu->walkers_busy++] = txn;
	txn->walking = true;
	txn->followers = (struct txn_list){NULL, NULL};
	txn->tlb_generation = smmu->tlb.generation;
	txn->conf_generation = smmu->conf.generation;
	begin(txn);
}

static void free_slot(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	uint32_t i = 0;

	while (smmu->walker[i] != txn)
		i++;
	smmu->walker[i] = smmu->walker[--smmu->walkers_busy];
	txn->walking = false;
}

void smmu_walk_leave(struct transaction *txn, void (*go_on)(struct transaction *txn))
{
	struct smmu *smmu = txn->smmu;
	struct txn_list followers = txn->followers;
	struct transaction *waiting;

	free_slot(txn);
	go_on(txn);
	while ((waiting = txn_list_take(&followers)))
		smmu_txn_translate(waiting);
	while (smmu->walkers_busy < smmu->cfg.timing.walkers &&
	       (waiting = txn_list_take(&smmu->walk_queue)))
		smmu_txn_translate(waiting);
}

static void report(struct transaction *txn)
{
	smmu_fault(txn, txn->fault.number);
}

void smmu_walk_fail(struct transaction *txn, enum event_number number)
{
	txn->fault.number = number;
	smmu_walk_leave(txn, report);
}
