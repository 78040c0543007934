/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command queue: entries in DRAM, announced by CMDQ_PROD (IHI 0070, 3.5 and
 * chapter 4; Linux's arm_smmu_cmdq_issue_cmdlist). The lock covers a list of
 * commands; several actors may wait for their SYNCs at once.
 */
#include <errno.h>
#include <inttypes.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

#define SH_INNER     3u
#define MEMATTR_OIWB 0xfu

static uint32_t room(const struct driver_queue *q)
{
	return (1u << q->log2) - ((q->prod - q->cons) & driver_queue_mask(q));
}

/* With the lock held: until `entries` fit. Others' SYNCs give room back, else the register tells.
 */
static int wait_for_room(struct smmu_driver *driver, struct actor *self, uint32_t entries)
{
	struct cmdq *cmdq = &driver->cmdq;
	struct driver_poll poll;

	driver_poll_begin(driver, &poll);
	while (room(&cmdq->q) < entries) {
		if (cmdq->syncs) {
			if (actor_wait(self, &cmdq->room, poll.deadline_ps))
				continue;
		} else {
			cmdq->q.cons = driver_reg_read(driver, self, SMMU_CMDQ_CONS) &
				       driver_queue_mask(&cmdq->q);
			if (room(&cmdq->q) >= entries || driver_poll_again(self, &poll))
				continue;
		}
		sim_log(&driver->env.part, LOG_ERROR, "CMDQ timeout: no room for %u entries",
			entries);
		return -ETIMEDOUT;
	}
	return 0;
}

static void put(struct smmu_driver *driver, struct command command)
{
	struct driver_queue *q = &driver->cmdq.q;

	phys_put(driver, driver_queue_entry_pa(q, q->prod), command.word, CMD_WORDS);
	trace_emit_data(&driver->env.part, TRACE_SMMU_ISSUED, command.word, CMD_BYTES,
			(const uint64_t[TRACE_ARGS]){q->prod});
	q->prod = (q->prod + 1) & driver_queue_mask(q);
}

/* It completes by an MSI that zeroes its own slot, if the SMMU can, else by the consumer index. */
static struct command command_sync(const struct smmu_driver *driver, uint32_t slot)
{
	struct command command = {
		{CMD_SYNC | field_put(SYNC0_MSH, SH_INNER) | field_put(SYNC0_MSIATTR, MEMATTR_OIWB),
		 0}};

	if (driver->msi_sync) {
		command.word[0] |= field_put(SYNC0_CS, SYNC0_CS_IRQ);
		command.word[1] = driver_queue_entry_pa(&driver->cmdq.q, slot) & SYNC1_MSIADDRESS;
	} else {
		command.word[0] |= field_put(SYNC0_CS, SYNC0_CS_SEV);
	}
	return command;
}

/* Has the consumer index `cons` passed `slot`, which it had not when the SYNC was put in? */
static bool passed(const struct driver_queue *q, uint32_t cons, uint32_t slot)
{
	uint32_t half = 1u << q->log2;

	return ((cons - slot) & driver_queue_mask(q)) - 1 < half;
}

static bool sync_completed(struct smmu_driver *driver, struct actor *self, uint32_t slot)
{
	const struct driver_queue *q = &driver->cmdq.q;

	if (driver->msi_sync)
		return !(uint32_t)phys_get64(driver, driver_queue_entry_pa(q, slot));
	return passed(q, driver_reg_read(driver, self, SMMU_CMDQ_CONS) & driver_queue_mask(q),
		      slot);
}

static int wait_for_sync(struct smmu_driver *driver, struct actor *self, uint32_t slot)
{
	struct cmdq *cmdq = &driver->cmdq;
	struct driver_poll poll;
	int err = 0;

	driver_poll_begin(driver, &poll);
	while (!sync_completed(driver, self, slot)) {
		if (driver_poll_again(self, &poll))
			continue;
		sim_log(&driver->env.part, LOG_ERROR, "CMD_SYNC timeout at 0x%08x", slot);
		err = -ETIMEDOUT;
		break;
	}
	/* Slots are free again only when nobody looks for a completion in one. */
	if (!--cmdq->syncs && !err)
		cmdq->q.cons = (slot + 1) & driver_queue_mask(&cmdq->q);
	waitq_wake(&cmdq->room);
	return err;
}

int cmdq_issue(struct smmu_driver *driver, struct actor *self, const struct command *command,
	       uint32_t count, bool sync)
{
	struct cmdq *cmdq = &driver->cmdq;
	uint32_t slot = 0;
	int err;

	sim_mutex_lock(self, &cmdq->lock);
	err = wait_for_room(driver, self, count + sync);
	if (err) {
		sim_mutex_unlock(self, &cmdq->lock);
		return err;
	}
	for (uint32_t i = 0; i < count; i++)
		put(driver, command[i]);
	if (sync) {
		slot = cmdq->q.prod;
		put(driver, command_sync(driver, slot));
		cmdq->syncs++;
	}
	driver_reg_write(driver, self, SMMU_CMDQ_PROD, cmdq->q.prod);
	sim_mutex_unlock(self, &cmdq->lock);
	return sync ? wait_for_sync(driver, self, slot) : 0;
}

int cmdq_issue_sync(struct smmu_driver *driver, struct actor *self, struct command command)
{
	return cmdq_issue(driver, self, &command, 1, true);
}

void batch_init(struct command_batch *batch)
{
	batch->count = 0;
}

int batch_add(struct smmu_driver *driver, struct actor *self, struct command_batch *batch,
	      struct command command)
{
	int err = 0;

	if (batch->count == BATCH_COMMANDS) {
		err = cmdq_issue(driver, self, batch->command, batch->count, false);
		batch->count = 0;
	}
	batch->command[batch->count++] = command;
	return err;
}

int batch_submit(struct smmu_driver *driver, struct actor *self, struct command_batch *batch)
{
	int err = cmdq_issue(driver, self, batch->command, batch->count, true);

	batch->count = 0;
	return err;
}

void cmdq_skip_error(struct smmu_driver *driver, struct actor *self)
{
	static const char *const reasons[] = {
		[CERROR_NONE] = "No error",
		[CERROR_ILL] = "Illegal command",
		[CERROR_ABT] = "Abort on command fetch",
		[CERROR_ATC_INV_SYNC] = "ATC invalidate timeout",
	};
	uint32_t cons = driver_reg_read(driver, self, SMMU_CMDQ_CONS);
	uint32_t reason = (uint32_t)field_get(CMDQ_CONS_ERR, cons);
	uint64_t pa = driver_queue_entry_pa(&driver->cmdq.q, cons);
	struct command command = {{0}};

	sim_log(&driver->env.part, LOG_WARNING, "CMDQ error (cons 0x%08x): %s", cons,
		reason < ARRAY_LEN(reasons) ? reasons[reason] : "Unknown");
	/* A failed fetch and an unfinished SYNC are tried again as they are. */
	if (reason == CERROR_NONE || reason == CERROR_ABT || reason == CERROR_ATC_INV_SYNC)
		return;
	phys_get(driver, pa, command.word, CMD_WORDS);
	sim_log(&driver->env.part, LOG_WARNING,
		"skipping command in error state: 0x%016" PRIx64 " 0x%016" PRIx64, command.word[0],
		command.word[1]);
	command.word[0] = CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_SEV) |
			  field_put(SYNC0_MSH, SH_INNER) | field_put(SYNC0_MSIATTR, MEMATTR_OIWB);
	command.word[1] = 0;
	phys_put(driver, pa, command.word, CMD_WORDS);
	trace_emit_data(&driver->env.part, TRACE_SMMU_ISSUED, command.word, CMD_BYTES,
			(const uint64_t[TRACE_ARGS]){cons & driver_queue_mask(&driver->cmdq.q)});
}
