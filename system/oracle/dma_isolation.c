/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dma-isolation: what the SMMU lets through, and what lands in memory, lies in
 * live mappings of its stream; a write in writable ones. An unmap is traced when
 * the invalidation that it owes has completed, so what lands after it is late.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/bits.h"
#include "system/oracle/oracle_internal.h"

struct isolation {
	uint64_t passed, landed;
};

static const char *what_of(const struct trace_event *event)
{
	if (event->kind == TRACE_DMA_READ)
		return "a read passed";
	return event->kind == TRACE_DMA_WRITE ? "a write passed" : "a write landed";
}

/* Not where the last ones went: may it, nevertheless? */
static APART void look_up(struct oracle *oracle, const struct trace_event *event)
{
	const uint64_t *arg = event->arg;
	uint32_t number = view_stream_table(&oracle->view, event->part->host, arg[0], arg[1]);

	if (number == KEYMAP_NONE)
		oracle_violation(oracle, CHECK_DMA_ISOLATION,
				 "stream 0x%" PRIx64 ": %s at IOVA 0x%" PRIx64
				 ", and it is attached to nothing",
				 arg[0], what_of(event), arg[2]);
	else if (!view_covers(&oracle->view.table[number], arg[2], arg[4],
			      event->kind != TRACE_DMA_READ))
		oracle_violation(oracle, CHECK_DMA_ISOLATION,
				 "stream 0x%" PRIx64 ": %s at IOVA 0x%" PRIx64 ", %" PRIu64
				 " bytes, where no live mapping allows it",
				 arg[0], what_of(event), arg[2], arg[4]);
}

static void isolation_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct isolation *state = ctx;
	const uint64_t *arg = event->arg;

	if (oracle->cfg.foreign_kernel)
		return;
	if (event->kind == TRACE_DMA_LANDED)
		state->landed++;
	else
		state->passed++;
	if (!view_reached(&oracle->view, event->part->host, arg, event->kind != TRACE_DMA_READ))
		look_up(oracle, event);
}

static void isolation_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct isolation *state = ctx;

	if (!state->passed && !state->landed)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " DMA requests passed, %" PRIu64 " writes landed, all in live mappings",
		 state->passed, state->landed);
}

static const enum trace_kind isolation_kinds[] = {TRACE_DMA_READ, TRACE_DMA_WRITE, TRACE_DMA_LANDED,
						  TRACE_KIND_COUNT};

const struct oracle_check oracle_dma_isolation = {
	.state_bytes = sizeof(struct isolation),
	.kind = isolation_kinds,
	.event = isolation_event,
	.finish = isolation_finish,
};
