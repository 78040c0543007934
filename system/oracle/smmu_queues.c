/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmu-queues: the SMMU's queues, Arm IHI 0070 sections 3.5, 4.7.3 and 7.4. A
 * command is consumed in its turn, never beyond what the producer register
 * tells of, and is the one that software issued there; a CMD_SYNC leaves no
 * transaction behind that began before it. An event is produced in its turn into
 * a queue with room; one that finds the queue full toggles OVFLG, unless an
 * overflow is there already; nothing else touches OVFLG or moves an index.
 *
 * What software issued is known where its driver tells (SMMU_ISSUED); without
 * that, contents are not judged.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "iommu/smmu_format.h"
#include "iommu/smmu_registers_format.h"
#include "system/oracle/oracle_internal.h"

/* One queue. Indices as registers hold them, with their wrap bit. */
struct queue_state {
	bool known; /* software has written a register: what follows is judged */
	uint64_t mask;
	uint64_t prod, cons; /* without flags */
	bool ovflg, ovackflg;
};

/* A command that waits at an index. */
struct issued {
	bool valid;
	uint64_t word[CMD_WORDS];
};

struct smmu_state {
	struct queue_state command, event;
	struct issued *issued;
	uint32_t issued_capacity;
};

struct smmu_queues {
	struct smmu_state *smmu; /* by host */
	uint32_t smmus_capacity;
	uint64_t commands, syncs, events, lost;
};

#define violation(oracle, ...) oracle_violation(oracle, CHECK_SMMU_QUEUES, __VA_ARGS__)

static uint64_t entries_of(const struct queue_state *queue)
{
	return (queue->mask + 1) / 2;
}

static bool is_full(const struct queue_state *queue)
{
	return ((queue->prod ^ queue->cons) & queue->mask) == entries_of(queue);
}

static void adopt(struct queue_state *queue, const uint64_t *arg)
{
	queue->known = true;
	queue->mask = (UINT64_C(2) << arg[1]) - 1;
	queue->prod = arg[2] & queue->mask;
	queue->cons = arg[3] & queue->mask;
	queue->ovflg = arg[2] & EVENTQ_PROD_OVFLG;
	queue->ovackflg = arg[3] & EVENTQ_CONS_OVACKFLG;
}

/* The SMMU's own index must be where its steps have brought it; software's is what it wrote. */
static void on_producer_written(struct oracle *oracle, struct queue_state *queue,
				const uint64_t *arg)
{
	if (queue->known && (arg[3] & queue->mask) != queue->cons)
		violation(oracle,
			  "CMDQ_CONS is 0x%" PRIx64 ", and consumption had come to 0x%" PRIx64,
			  arg[3] & queue->mask, queue->cons);
	adopt(queue, arg);
}

static void on_consumer_written(struct oracle *oracle, struct queue_state *queue,
				const uint64_t *arg)
{
	if (queue->known && ((arg[2] & queue->mask) != queue->prod ||
			     !(arg[2] & EVENTQ_PROD_OVFLG) == queue->ovflg))
		violation(oracle,
			  "EVENTQ_PROD is 0x%" PRIx64 ", and events had brought it to 0x%" PRIx64,
			  arg[2], queue->prod);
	adopt(queue, arg);
}

static void on_register(struct oracle *oracle, struct smmu_state *smmu, const uint64_t *arg)
{
	switch (arg[0]) {
	case SMMU_CMDQ_PROD:
		on_producer_written(oracle, &smmu->command, arg);
		break;
	case SMMU_EVENTQ_CONS:
		on_consumer_written(oracle, &smmu->event, arg);
		break;
	case SMMU_CMDQ_BASE:
	case SMMU_CMDQ_CONS:
		adopt(&smmu->command, arg);
		break;
	default:
		adopt(&smmu->event, arg);
		break;
	}
}

static void on_issued(struct smmu_state *smmu, const struct trace_event *event)
{
	uint64_t index = event->arg[0] & CMDQ_PROD_WR;

	if (event->data_len != sizeof(smmu->issued->word))
		return;
	smmu->issued =
		array_reserve(smmu->issued, &smmu->issued_capacity, index, sizeof(*smmu->issued));
	smmu->issued[index].valid = true;
	memcpy(smmu->issued[index].word, event->data, event->data_len);
}

/* Is the command that was consumed the one that was issued at `index`? */
static void compare_issued(struct oracle *oracle, struct smmu_state *smmu,
			   const struct trace_event *event, uint64_t index)
{
	struct issued *issued = index < smmu->issued_capacity ? &smmu->issued[index] : NULL;

	if (!issued || !issued->valid || event->data_len != sizeof(issued->word))
		return;
	issued->valid = false;
	if (memcmp(issued->word, event->data, sizeof(issued->word)))
		violation(oracle,
			  "opcode 0x%" PRIx64 " was consumed at index 0x%" PRIx64
			  ", and opcode 0x%" PRIx64 " was issued there",
			  event->arg[0], index, field_get(CMD0_OPCODE, issued->word[0]));
}

static void on_command(struct oracle *oracle, struct smmu_state *smmu,
		       const struct trace_event *event)
{
	struct queue_state *queue = &smmu->command;
	uint64_t index = event->arg[1];

	if (queue->known && queue->cons == queue->prod)
		violation(oracle, "a command was consumed at 0x%" PRIx64 ", and the queue is empty",
			  index);
	else if (queue->known && index != queue->cons)
		violation(oracle,
			  "a command was consumed at 0x%" PRIx64
			  ", and it was the turn of 0x%" PRIx64,
			  index, queue->cons);
	compare_issued(oracle, smmu, event, index);
	if (event->arg[0] == CMD_SYNC && event->arg[2])
		violation(oracle,
			  "CMD_SYNC at 0x%" PRIx64 " completed before %" PRIu64
			  " transactions that began before it",
			  index, event->arg[2]);
	queue->cons = (index + 1) & queue->mask;
}

static void on_event(struct oracle *oracle, struct queue_state *queue, const uint64_t *arg)
{
	uint64_t next = (queue->prod + 1) & queue->mask;

	if (!queue->known)
		return;
	if (is_full(queue))
		violation(oracle, "an event was written into a full queue");
	if ((arg[2] & queue->mask) != next)
		violation(oracle,
			  "an event moved EVENTQ_PROD to 0x%" PRIx64 ", and 0x%" PRIx64
			  " was the next",
			  arg[2] & queue->mask, next);
	if (!(arg[2] & EVENTQ_PROD_OVFLG) == queue->ovflg)
		violation(oracle, "an event that was written changed OVFLG");
	queue->prod = arg[2] & queue->mask;
	queue->ovflg = arg[2] & EVENTQ_PROD_OVFLG;
}

static void on_event_lost(struct oracle *oracle, struct queue_state *queue, const uint64_t *arg)
{
	bool overflow = arg[3] && is_full(queue);
	bool ovflg = arg[2] & EVENTQ_PROD_OVFLG;

	if (!queue->known)
		return;
	if (arg[3] && !overflow)
		violation(oracle, "an event was lost, and the queue was enabled and not full");
	if (overflow && ovflg == queue->ovackflg)
		violation(oracle, "an event was lost to a full queue, and OVFLG does not tell");
	if (!overflow && ovflg != queue->ovflg)
		violation(oracle, "OVFLG changed without an overflow");
	if ((arg[2] & queue->mask) != queue->prod)
		violation(oracle, "an event that was lost moved EVENTQ_PROD");
	queue->ovflg = ovflg;
}

static void smmu_queues_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct smmu_queues *state = ctx;
	struct smmu_state *smmu;

	state->smmu = array_reserve(state->smmu, &state->smmus_capacity, event->part->host,
				    sizeof(*state->smmu));
	smmu = &state->smmu[event->part->host];
	switch (event->kind) {
	case TRACE_SMMU_QUEUE:
		on_register(oracle, smmu, event->arg);
		break;
	case TRACE_SMMU_ISSUED:
		on_issued(smmu, event);
		break;
	case TRACE_SMMU_COMMAND:
		state->commands++;
		state->syncs += event->arg[0] == CMD_SYNC;
		on_command(oracle, smmu, event);
		break;
	case TRACE_SMMU_EVENT:
		state->events++;
		on_event(oracle, &smmu->event, event->arg);
		break;
	default:
		state->lost++;
		on_event_lost(oracle, &smmu->event, event->arg);
		break;
	}
}

static void smmu_queues_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct smmu_queues *state = ctx;

	if (!state->commands && !state->events && !state->lost)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " commands consumed as issued, %" PRIu64 " of them SYNCs; %" PRIu64
		 " events produced, %" PRIu64 " lost",
		 state->commands, state->syncs, state->events, state->lost);
}

static void smmu_queues_release(void *ctx)
{
	struct smmu_queues *state = ctx;

	for (uint32_t i = 0; i < state->smmus_capacity; i++)
		free(state->smmu[i].issued);
	free(state->smmu);
}

static const enum trace_kind smmu_queues_kinds[] = {TRACE_SMMU_QUEUE,      TRACE_SMMU_ISSUED,
						    TRACE_SMMU_COMMAND,    TRACE_SMMU_EVENT,
						    TRACE_SMMU_EVENT_LOST, TRACE_KIND_COUNT};

const struct oracle_check oracle_smmu_queues = {
	.state_bytes = sizeof(struct smmu_queues),
	.kind = smmu_queues_kinds,
	.event = smmu_queues_event,
	.finish = smmu_queues_finish,
	.release = smmu_queues_release,
};
