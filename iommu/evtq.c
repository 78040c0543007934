/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event queue: IHI 0070, 7.2 and 7.4. Records are written one at a time; a
 * terminated transaction is answered when its record is visible or discarded,
 * so that a later CMD_SYNC, which waits for transactions, covers records too.
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

/* May a record be written, 7.2.1? If not, it is lost. */
static bool is_writable(struct smmu *smmu)
{
	if (!is_enabled(smmu))
		return false;
	if (!is_full(smmu))
		return true;
	note_overflow(smmu);
	return false;
}

static void interrupt(struct smmu *smmu)
{
	if (!(smmu_reg(smmu, ROW_IRQ_CTRL) & IRQ_CTRL_EVENTQ_IRQEN))
		return;
	if (smmu->env.irq.raise)
		smmu->env.irq.raise(smmu->env.irq.ctx, SMMU_IRQ_EVTQ);
	smmu_msi_send(&smmu->evtq.msi, smmu_reg(smmu, ROW_EVENTQ_IRQ_CFG0),
		      (uint32_t)smmu_reg(smmu, ROW_EVENTQ_IRQ_CFG1));
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
	trace_emit_data(&smmu->env.part, TRACE_SMMU_EVENT, txn->fault.word, EVENT_BYTES,
			(const uint64_t[TRACE_ARGS]){txn->fault.number, txn->req->attr.stream_id,
						     smmu_reg(smmu, ROW_EVENTQ_PROD)});
	if (was_empty)
		interrupt(smmu);
}

/* Write the next record; what finds the queue unwritable on the way is lost. */
static void write_next(struct smmu *smmu)
{
	struct evtq *evtq = &smmu->evtq;
	struct queue_view queue = view(smmu);
	struct transaction *txn;

	while ((txn = evtq->waiting.head) && !is_writable(smmu)) {
		txn_list_take(&evtq->waiting);
		note_lost(smmu, txn);
		sim_after(smmu->sim, &txn->event, 0);
	}
	if (!txn)
		return;
	evtq->writing = true;
	evtq->req.status = BUS_OK;
	evtq->req.addr = smmu_queue_address(&queue, smmu_reg(smmu, ROW_EVENTQ_PROD));
	evtq->req.data = txn->fault.word;
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
		note_lost(smmu, txn);
		smmu_gerror_raise(smmu, GERROR_EVENTQ_ABT_ERR);
	}
	sim_after(smmu->sim, &txn->event, 0);
	write_next(smmu);
	smmu_regs_settle(smmu);
}

void smmu_evtq_record(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

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
