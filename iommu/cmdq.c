/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command queue: IHI 0070, 3.5, 4.1, 4.7.3 and 7.1. Commands are fetched a
 * few at a time and consumed one by one. CMD_SYNC waits until the transactions
 * that had begun before it are done at memory: no translation that an earlier
 * command invalidated is in use after it, nor one that a device was told to forget.
 */
#include "iommu/smmu_internal.h"

static void next(struct smmu *smmu);

static struct queue_view view(const struct smmu *smmu)
{
	return smmu_queue_view(smmu, ROW_CMDQ_BASE, CMD_BYTES, smmu->cfg.cmdq_log2);
}

static bool is_enabled(const struct smmu *smmu)
{
	return (smmu_reg(smmu, ROW_CR0) & CR0_CMDQEN) && !smmu_gerror_active(smmu, GERROR_CMDQ_ERR);
}

/* How many commands one read may bring: those up to the batch, the wrap or the page's end. */
static uint32_t batch_of(const struct queue_view *queue, uint64_t prod, uint64_t cons)
{
	uint32_t waiting = (uint32_t)(prod - cons) & (2 * queue->entries - 1);
	uint32_t to_wrap = queue->entries - ((uint32_t)cons & (queue->entries - 1));
	uint64_t address = smmu_queue_address(queue, cons);
	uint32_t to_page = (uint32_t)(GRANULE_BYTES - (address & (GRANULE_BYTES - 1))) / CMD_BYTES;

	return MIN(MIN(waiting, CMDQ_BATCH), MIN(to_wrap, to_page));
}

static void fetch(struct smmu *smmu, uint32_t count)
{
	struct cmdq *cmdq = &smmu->cmdq;
	struct queue_view queue = view(smmu);

	cmdq->state = CMDQ_FETCHING;
	cmdq->have = count;
	cmdq->at = 0;
	cmdq->req.status = BUS_OK;
	cmdq->req.addr = smmu_queue_address(&queue, smmu_reg(smmu, ROW_CMDQ_CONS));
	cmdq->req.len_bytes = count * CMD_BYTES;
	cmdq->req.attr.memory = smmu_attr_queue_read(smmu, smmu_reg(smmu, ROW_CMDQ_BASE));
	bus_send(&smmu->env.memory, &cmdq->req);
}

void smmu_cmdq_kick(struct smmu *smmu)
{
	struct queue_view queue = view(smmu);
	uint64_t prod = smmu_reg(smmu, ROW_CMDQ_PROD), cons = smmu_reg(smmu, ROW_CMDQ_CONS);

	if (smmu->cmdq.state == CMDQ_IDLE && is_enabled(smmu) &&
	    !smmu_queue_empty(&queue, prod, cons))
		fetch(smmu, batch_of(&queue, prod, cons));
}

static void rest(struct smmu *smmu)
{
	smmu->cmdq.state = CMDQ_IDLE;
	smmu_regs_settle(smmu);
	smmu_cmdq_kick(smmu);
}

/* CMDQ_CONS stays at the command; nothing is consumed until software acknowledges, 7.1. */
static void stop(struct smmu *smmu, uint32_t cerror)
{
	smmu_reg_set(smmu, ROW_CMDQ_CONS,
		     field_set(smmu_reg(smmu, ROW_CMDQ_CONS), CMDQ_CONS_ERR, cerror));
	smmu_gerror_raise(smmu, GERROR_CMDQ_ERR);
	rest(smmu);
}

/* 4.7.3; 6.3.1, IDR0.SEV. */
static void wake(struct smmu *smmu)
{
	if (smmu->cfg.sev && smmu->env.irq.raise)
		smmu->env.irq.raise(smmu->env.irq.ctx, SMMU_WAKE);
}

static void consume(struct smmu *smmu)
{
	struct cmdq *cmdq = &smmu->cmdq;
	struct queue_view queue = view(smmu);
	const uint64_t *word = cmdq->batch[cmdq->at++];
	uint64_t cons = smmu_reg(smmu, ROW_CMDQ_CONS);
	uint64_t opcode = field_get(CMD0_OPCODE, word[0]);
	uint64_t older = opcode == CMD_SYNC ? smmu->epoch_count[smmu->epoch ^ 1] : 0;
	bool was_full = smmu_queue_full(&queue, smmu_reg(smmu, ROW_CMDQ_PROD), cons);

	smmu->stats.commands++;
	smmu_reg_set(smmu, ROW_CMDQ_CONS,
		     field_set(cons, CMDQ_CONS_RD, smmu_queue_next(&queue, cons)));
	/* Who waits for room can go on. */
	if (was_full)
		wake(smmu);
	trace_emit_data(&smmu->env.part, TRACE_SMMU_COMMAND, word, CMD_BYTES,
			(const uint64_t[TRACE_ARGS]){opcode, field_get(CMDQ_CONS_RD, cons), older});
}

/* Devices' accesses that came before their answers are among those that are waited for now. */
static void wait_for_transactions(struct smmu *smmu)
{
	smmu->cmdq.state = CMDQ_SYNCING;
	smmu_evtq_end_merging(smmu);
	smmu->epoch ^= 1;
	if (!smmu->epoch_count[smmu->epoch ^ 1])
		smmu_cmdq_drained(smmu);
}

static void invalidations_ended(struct smmu *smmu)
{
	bool failed = smmu->ats.failed;

	smmu->ats.failed = false;
	if (failed)
		stop(smmu, CERROR_ATC_INV_SYNC);
	else
		wait_for_transactions(smmu);
}

static void begin_sync(struct smmu *smmu)
{
	smmu->cmdq.state = CMDQ_INVALIDATING;
	if (!smmu->ats.busy)
		invalidations_ended(smmu);
}

void smmu_cmdq_invalidated(struct smmu *smmu)
{
	if (smmu->cmdq.state == CMDQ_BLOCKED)
		sim_after(smmu->sim, &smmu->cmdq.event, 0);
	else if (smmu->cmdq.state == CMDQ_INVALIDATING && !smmu->ats.busy)
		invalidations_ended(smmu);
}

void smmu_cmdq_drained(struct smmu *smmu)
{
	sim_after(smmu->sim, &smmu->cmdq.event, 0);
}

/* Consumption is visible before the signal, 4.7.3; the next command waits for the MSI. */
static void complete_sync(struct smmu *smmu)
{
	const uint64_t *word = smmu->cmdq.batch[smmu->cmdq.at];

	consume(smmu);
	smmu->stats.syncs++;
	smmu_plant_saw_sync(smmu);
	if (field_get(SYNC0_CS, word[0]) == SYNC0_CS_SEV)
		wake(smmu);
	if (field_get(SYNC0_CS, word[0]) == SYNC0_CS_IRQ) {
		if (smmu->env.irq.raise)
			smmu->env.irq.raise(smmu->env.irq.ctx, SMMU_IRQ_CMD_SYNC);
		smmu->cmdq.state = CMDQ_SIGNALLING;
		if (smmu_msi_send(&smmu->cmdq.msi, word[1] & SYNC1_MSIADDRESS,
				  (uint32_t)field_get(SYNC0_MSIDATA, word[0]),
				  smmu_attr_msi(field_get(SYNC0_MSIATTR, word[0]),
						field_get(SYNC0_MSH, word[0]))))
			return;
	}
	next(smmu);
}

static void execute(struct smmu *smmu)
{
	switch (smmu_command_execute(smmu, smmu->cmdq.batch[smmu->cmdq.at])) {
	case COMMAND_DONE:
		consume(smmu);
		next(smmu);
		break;
	case COMMAND_ILLEGAL:
		stop(smmu, CERROR_ILL);
		break;
	case COMMAND_SYNC:
		begin_sync(smmu);
		break;
	case COMMAND_BLOCKED:
		smmu->cmdq.state = CMDQ_BLOCKED;
		break;
	}
}

/* The command's time is over, or the last transaction that a CMD_SYNC waits for has ended. */
static void fire(struct event *event, uint64_t now)
{
	struct smmu *smmu = CONTAINER_OF(event, struct smmu, cmdq.event);

	if (smmu->cmdq.state == CMDQ_SYNCING)
		complete_sync(smmu);
	else
		execute(smmu);
}

static void next(struct smmu *smmu)
{
	struct cmdq *cmdq = &smmu->cmdq;

	if (cmdq->at == cmdq->have || !is_enabled(smmu)) {
		rest(smmu);
		return;
	}
	cmdq->state = CMDQ_EXECUTING;
	sim_after(smmu->sim, &cmdq->event, smmu->cfg.timing.command_ps);
}

static void fetched(struct bus_req *req, uint64_t now)
{
	struct smmu *smmu = CONTAINER_OF(req, struct smmu, cmdq.req);

	if (req->status != BUS_OK) {
		/* Commands before the one that cannot be read are consumed, 7.1. */
		if (smmu->cmdq.have > 1)
			fetch(smmu, 1);
		else
			stop(smmu, CERROR_ABT);
		return;
	}
	smmu_plant_saw_fetch(smmu);
	next(smmu);
}

void smmu_cmdq_init(struct smmu *smmu)
{
	smmu->cmdq.req =
		(struct bus_req){.op = BUS_READ, .data = smmu->cmdq.batch, .done = fetched};
	event_init(&smmu->cmdq.event, fire);
	smmu_msi_init(&smmu->cmdq.msi, smmu, GERROR_MSI_CMDQ_ABT_ERR, next);
}
