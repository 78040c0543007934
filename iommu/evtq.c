/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event queue: IHI 0070, 7.2 and 7.4. Records are written one at a time, in
 * the order in which they came. A terminated transaction is answered when its
 * record is visible, discarded or merged, so that a later CMD_SYNC, which waits
 * for transactions, covers records too. A stalled one's record is never lost to a
 * queue that cannot be written.
 */
#include "iommu/smmu_internal.h"

static struct queue_view view(const struct smmu *smmu)
{
	return smmu_queue_view(smmu, ROW_EVENTQ_BASE, EVENT_BYTES, smmu->cfg.evtq_log2);
}

static bool is_full(const struct smmu *smmu)
{
	struct queue_view queue = view(smmu);

	return smmu_queue_full(&queue, smmu_reg(smmu, ROW_EVENTQ_PROD),
			       smmu_reg(smmu, ROW_EVENTQ_CONS));
}

/* Overflow is entered only if it is not already present, 7.4. */
static void note_overflow(struct smmu *smmu)
{
	uint64_t prod = smmu_reg(smmu, ROW_EVENTQ_PROD);

	if (!((prod ^ smmu_reg(smmu, ROW_EVENTQ_CONS)) & EVENTQ_PROD_OVFLG))
		smmu_reg_set(smmu, ROW_EVENTQ_PROD, prod ^ EVENTQ_PROD_OVFLG);
}

static bool is_enabled(const struct smmu *smmu)
{
	return (smmu_reg(smmu, ROW_CR0) & CR0_EVENTQEN) &&
	       !smmu_gerror_active(smmu, GERROR_EVENTQ_ABT_ERR);
}

static void note_lost(struct smmu *smmu, const struct transaction *txn)
{
	smmu->stats.events_lost++;
	trace_emit_data(&smmu->env.part, TRACE_SMMU_EVENT_LOST, txn->fault.word, EVENT_BYTES,
			(const uint64_t[TRACE_ARGS]){txn->fault.number, txn->req->attr.stream_id,
						     smmu_reg(smmu, ROW_EVENTQ_PROD),
						     is_enabled(smmu)});
}

bool smmu_evtq_writable(const struct smmu *smmu)
{
	return is_enabled(smmu) && !is_full(smmu);
}

/* Is the record sure to be written from here on, 3.5.4? If not, it is given up. */
static bool commit(struct smmu *smmu, struct transaction *txn)
{
	bool writable = smmu_evtq_writable(smmu);

	if (txn->state == TXN_STALLED)
		return writable && smmu_stall_commit(txn);
	if (!writable && is_enabled(smmu))
		note_overflow(smmu);
	return writable;
}

static void give_up(struct smmu *smmu, struct transaction *txn)
{
	if (txn->state == TXN_STALLED) {
		smmu_stall_unrecorded(txn);
		return;
	}
	note_lost(smmu, txn);
	sim_after(smmu->sim, &txn->event, 0);
}

static void interrupt(struct smmu *smmu)
{
	if (!(smmu_reg(smmu, ROW_IRQ_CTRL) & IRQ_CTRL_EVENTQ_IRQEN))
		return;
	if (smmu->env.irq.raise)
		smmu->env.irq.raise(smmu->env.irq.ctx, SMMU_IRQ_EVTQ);
	smmu_msi_signal(&smmu->evtq.msi, ROW_EVENTQ_IRQ_CFG0);
}

/* The record is in memory: let PROD pass it, and tell when the queue was empty. */
static void publish(struct smmu *smmu, const struct transaction *txn)
{
	struct queue_view queue = view(smmu);
	uint64_t prod = smmu_reg(smmu, ROW_EVENTQ_PROD);
	bool was_empty = smmu_queue_empty(&queue, prod, smmu_reg(smmu, ROW_EVENTQ_CONS));

	smmu_reg_set(smmu, ROW_EVENTQ_PROD,
		     (prod & EVENTQ_PROD_OVFLG) | smmu_queue_next(&queue, prod));
	smmu->stats.events++;
	memcpy(smmu->evtq.last, txn->fault.word, sizeof(smmu->evtq.last));
	smmu->evtq.last_ps = smmu_now(smmu);
	smmu->evtq.mergeable = true;
	trace_emit_data(&smmu->env.part, TRACE_SMMU_EVENT, txn->fault.word, EVENT_BYTES,
			(const uint64_t[TRACE_ARGS]){txn->fault.number, txn->req->attr.stream_id,
						     smmu_reg(smmu, ROW_EVENTQ_PROD)});
	if (was_empty)
		interrupt(smmu);
}

/* Write the next record that can be. */
static void write_next(struct smmu *smmu)
{
	struct evtq *evtq = &smmu->evtq;
	struct queue_view queue = view(smmu);
	struct transaction *txn;

	while ((txn = evtq->waiting.head) && !commit(smmu, txn)) {
		txn_list_take(&evtq->waiting);
		give_up(smmu, txn);
	}
	if (!txn)
		return;
	evtq->writing = true;
	evtq->req.status = BUS_OK;
	evtq->req.addr = smmu_queue_address(&queue, smmu_reg(smmu, ROW_EVENTQ_PROD));
	evtq->req.data = txn->fault.word;
	evtq->req.attr.memory = smmu_attr_queue_write(smmu, smmu_reg(smmu, ROW_EVENTQ_BASE));
	bus_send(&smmu->env.memory, &evtq->req);
}

static void written(struct bus_req *req, uint64_t now)
{
	struct smmu *smmu = CONTAINER_OF(req, struct smmu, evtq.req);
	struct transaction *txn = txn_list_take(&smmu->evtq.waiting);

	smmu->evtq.writing = false;
	if (req->status == BUS_OK) {
		publish(smmu, txn);
	} else {
		smmu_gerror_raise(smmu, GERROR_EVENTQ_ABT_ERR);
		note_lost(smmu, txn);
	}
	if (txn->state == TXN_STALLED)
		smmu_stall_recorded(txn, req->status == BUS_OK);
	else
		sim_after(smmu->sim, &txn->event, 0);
	write_next(smmu);
	smmu_regs_settle(smmu);
}

/* Does a record that waits, or the newest one that software has yet to take, stand for this? */
static bool merge(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	struct evtq *evtq = &smmu->evtq;
	struct queue_view queue = view(smmu);
	uint64_t window_ps = smmu->cfg.event_merge_ps;

	if (!window_ps || txn->state == TXN_STALLED)
		return false;
	for (const struct transaction *other = evtq->waiting.head; other; other = other->next)
		if (other->state != TXN_STALLED && smmu_fault_merges(txn, other->fault.word))
			return true;
	return evtq->mergeable && smmu_now(smmu) - evtq->last_ps < window_ps &&
	       !smmu_queue_empty(&queue, smmu_reg(smmu, ROW_EVENTQ_PROD),
				 smmu_reg(smmu, ROW_EVENTQ_CONS)) &&
	       smmu_fault_merges(txn, evtq->last);
}

void smmu_evtq_end_merging(struct smmu *smmu)
{
	smmu->evtq.mergeable = false;
}

void smmu_evtq_record(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	if (merge(txn)) {
		smmu->stats.events_merged++;
		sim_after(smmu->sim, &txn->event, 0);
		return;
	}
	txn_list_add(&smmu->evtq.waiting, txn);
	if (!smmu->evtq.writing)
		write_next(smmu);
}

bool smmu_evtq_idle(const struct smmu *smmu)
{
	return !smmu->evtq.writing && !smmu->evtq.msi.busy;
}

void smmu_evtq_init(struct smmu *smmu)
{
	smmu->evtq.req =
		(struct bus_req){.op = BUS_WRITE, .len_bytes = EVENT_BYTES, .done = written};
	smmu_msi_init(&smmu->evtq.msi, smmu, GERROR_MSI_EVENTQ_ABT_ERR, smmu_regs_settle);
}
