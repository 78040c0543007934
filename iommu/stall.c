/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stalled transactions: IHI 0070, 3.12.2, 4.7.1, 4.7.2 and 7.2.1.
 *
 * One that stalls keeps its place in its stream's order and waits without an
 * answer. Its record gets a STAG when it is sure to be written; until then it
 * is unrecorded, and is looked up again when there is room, since its fault may
 * be another one by then. No CMD_SYNC waits for it once its record is visible or
 * cannot be written: it then counts as not having arrived, and starts over with
 * the configuration of the time when software resumes it.
 */
#include "iommu/smmu_internal.h"

#include <errno.h>
#include <stdlib.h>

/* What becomes of a transaction that software does not let wait any longer. */
enum ending { RETRIED, ABORTED, RAZ_WI };

bool smmu_stall_may(const struct transaction *txn)
{
	const struct smmu *smmu = txn->smmu;

	/* None begins once the SMMU is being disabled, 6.3.9.6; nor of what belongs to ATS. */
	return (smmu_reg(smmu, ROW_CR0) & CR0_SMMUEN) && txn->ats.kind == ATS_NONE &&
	       (txn->req->attr.may_stall || !smmu->cfg.stall_downgrade);
}

bool smmu_stall_admits(const struct smmu *smmu)
{
	return smmu->stall.inside < smmu->stall.inside_max;
}

static uint64_t page_of(const struct transaction *txn)
{
	return txn->req->addr >> GRANULE_SHIFT;
}

/* The same page and the same kind of access of the same stream, 3.12.2.1. */
static bool is_duplicate(const struct transaction *txn, const struct transaction *first)
{
	const struct bus_attr *a = &txn->req->attr, *b = &first->req->attr;

	return a->stream_id == b->stream_id && a->substream_valid == b->substream_valid &&
	       (!a->substream_valid || a->substream_id == b->substream_id) &&
	       page_of(txn) == page_of(first) && txn->write == first->write &&
	       txn->privileged == first->privileged && txn->instruction == first->instruction;
}

/* A stalled transaction whose record says all that `txn`'s would. */
static struct transaction *find_duplicate(const struct transaction *txn)
{
	const struct smmu *smmu = txn->smmu;

	if (!smmu->cfg.stall_suppress)
		return NULL;
	for (uint32_t i = 0; i < smmu->cfg.stall_max; i++) {
		const struct stall_slot *slot = &smmu->stall.slot[i];

		if (slot->txn && slot->visible && is_duplicate(txn, slot->txn))
			return slot->txn;
	}
	return NULL;
}

void smmu_stall_begin(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	struct transaction *first = find_duplicate(txn);

	txn->state = TXN_STALLED;
	txn->slot = NULL;
	txn->followers = (struct txn_list){NULL, NULL};
	smmu->stall.count++;
	smmu->stats.stalls++;
	smmu_order_stall(txn);
	if (first) {
		txn_list_add(&first->followers, txn);
		smmu_txn_uncount(txn);
		return;
	}
	txn->recording = true;
	smmu_evtq_record(txn);
}

bool smmu_stall_commit(struct transaction *txn)
{
	struct stall *stall = &txn->smmu->stall;
	struct stall_slot *slot = stall->free;

	if (txn->doomed || !slot)
		return false;
	stall->free = slot->next;
	slot->txn = txn;
	slot->visible = false;
	slot->stag = (uint16_t)(slot->stag + BIT(stall->number_bits));
	txn->slot = slot;
	txn->fault.word[1] |= EVENT1_STALL | field_put(EVENT1_STAG, slot->stag);
	return true;
}

static void give_back(struct transaction *txn)
{
	struct stall *stall = &txn->smmu->stall;

	if (!txn->slot)
		return;
	txn->slot->txn = NULL;
	txn->slot->next = stall->free;
	stall->free = txn->slot;
	txn->slot = NULL;
}

/* It is a transaction like others again. */
static void end(struct transaction *txn, enum ending ending)
{
	struct smmu *smmu = txn->smmu;

	give_back(txn);
	smmu->stall.count--;
	smmu_order_resume(txn);
	smmu_txn_count(txn);
	if (ending == RETRIED) {
		smmu->stats.stall_retries++;
		smmu_txn_again(txn);
		return;
	}
	txn->doomed = true;
	txn->fault.recorded = false;
	txn->fault.raz_wi = ending == RAZ_WI;
	smmu_txn_ready(txn, TXN_FAULTED);
}

/* `txn` and those that its record stood for. */
static void end_all(struct transaction *txn, enum ending ending, enum ending followers_ending)
{
	struct txn_list followers = txn->followers;
	struct transaction *follower;

	end(txn, ending);
	while ((follower = txn_list_take(&followers)))
		end(follower, followers_ending);
}

void smmu_stall_recorded(struct transaction *txn, bool visible)
{
	struct smmu *smmu = txn->smmu;

	txn->recording = false;
	if (txn->doomed) {
		end(txn, ABORTED);
		smmu_stall_kick(smmu);
		return;
	}
	/* Of one whose record was lost software knows nothing: CMD_STALL_TERM or SMMUEN
	 * ends it, 7.2.2. */
	txn->slot->visible = visible;
	smmu_txn_uncount(txn);
}

void smmu_stall_unrecorded(struct transaction *txn)
{
	txn->recording = false;
	if (txn->doomed) {
		end(txn, ABORTED);
		return;
	}
	txn_list_add(&txn->smmu->stall.unrecorded, txn);
	smmu_txn_uncount(txn);
}

/* Software may have changed what an unrecorded stall came from: look it up again, 7.2.1. */
void smmu_stall_kick(struct smmu *smmu)
{
	struct txn_list list = smmu->stall.unrecorded;
	struct transaction *txn;

	if (!list.head || !smmu->stall.free || !smmu_evtq_writable(smmu))
		return;
	smmu->stall.unrecorded = (struct txn_list){NULL, NULL};
	while ((txn = txn_list_take(&list)))
		end(txn, RETRIED);
}

static void end_unrecorded(struct smmu *smmu, uint32_t stream, uint32_t mask)
{
	struct txn_list list = smmu->stall.unrecorded;
	struct transaction *txn;

	smmu->stall.unrecorded = (struct txn_list){NULL, NULL};
	while ((txn = txn_list_take(&list))) {
		if ((txn->req->attr.stream_id ^ stream) & mask)
			txn_list_add(&smmu->stall.unrecorded, txn);
		else
			end(txn, ABORTED);
	}
}

/* Terminate what is stalled of the streams that equal `stream` under `mask`. */
static void end_streams(struct smmu *smmu, uint32_t stream, uint32_t mask)
{
	struct stall *stall = &smmu->stall;

	for (struct transaction *txn = smmu->evtq.waiting.head; txn; txn = txn->next)
		if (txn->recording && !((txn->req->attr.stream_id ^ stream) & mask))
			txn->doomed = true;
	for (uint32_t i = 0; i < smmu->cfg.stall_max; i++) {
		struct transaction *txn = stall->slot[i].txn;

		if (txn && !txn->recording && !((txn->req->attr.stream_id ^ stream) & mask))
			end_all(txn, ABORTED, ABORTED);
	}
	end_unrecorded(smmu, stream, mask);
	smmu_stall_kick(smmu);
}

void smmu_stall_disable(struct smmu *smmu)
{
	end_streams(smmu, 0, 0);
}

/* Not without stalls, and not for secure streams: 4.1.6, 4.7.1 and 4.7.2. */
static bool is_illegal(const struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	return smmu->cfg.stall_model == SMMU_STALL_NEVER || (word[0] & CMD0_SSEC);
}

/* The stalled transaction that stream and STAG name together; NULL: they name none. */
static struct transaction *find(struct smmu *smmu, uint32_t stream, uint16_t stag)
{
	uint32_t number = stag & (uint32_t)(BIT(smmu->stall.number_bits) - 1);
	const struct stall_slot *slot;

	if (number >= smmu->cfg.stall_max)
		return NULL;
	slot = &smmu->stall.slot[number];
	if (!slot->txn || !slot->visible || slot->stag != stag ||
	    slot->txn->req->attr.stream_id != stream)
		return NULL;
	return slot->txn;
}

static enum ending ending_of(const struct smmu *smmu, uint64_t word0)
{
	if (word0 & RESUME0_AC)
		return RETRIED;
	return (word0 & RESUME0_AB) || smmu->cfg.term_abort ? ABORTED : RAZ_WI;
}

enum command_outcome smmu_stall_cmd_resume(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	struct transaction *txn;

	if (is_illegal(smmu, word))
		return COMMAND_ILLEGAL;
	txn = find(smmu, (uint32_t)field_get(CMD0_STREAMID, word[0]),
		   (uint16_t)field_get(RESUME1_STAG, word[1]));
	if (!txn)
		return COMMAND_DONE;
	end_all(txn, ending_of(smmu, word[0]), RETRIED);
	smmu_stall_kick(smmu);
	return COMMAND_DONE;
}

enum command_outcome smmu_stall_cmd_term(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	if (is_illegal(smmu, word))
		return COMMAND_ILLEGAL;
	end_streams(smmu, (uint32_t)field_get(CMD0_STREAMID, word[0]), UINT32_MAX);
	return COMMAND_DONE;
}

int smmu_stall_init(struct smmu *smmu)
{
	const struct smmu_cfg *cfg = &smmu->cfg;
	struct stall *stall = &smmu->stall;

	/* Half of the transactions are for masters that must not be held up by software. */
	stall->inside_max = cfg->max_transactions;
	if (cfg->stall_model == SMMU_STALL_NEVER)
		return 0;
	stall->inside_max = cfg->max_transactions / 2;
	stall->slot = calloc(cfg->stall_max, sizeof(stall->slot[0]));
	if (!stall->slot)
		return -ENOMEM;
	while (BIT(stall->number_bits) < cfg->stall_max)
		stall->number_bits++;
	for (uint32_t i = cfg->stall_max; i--;) {
		stall->slot[i].stag = (uint16_t)i;
		stall->slot[i].next = stall->free;
		stall->free = &stall->slot[i];
	}
	return 0;
}

void smmu_stall_fini(struct smmu *smmu)
{
	free(smmu->stall.slot);
}
