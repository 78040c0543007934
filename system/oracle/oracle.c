/* SPDX-License-Identifier: Apache-2.0 */
#include "system/oracle/oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "system/oracle/oracle_internal.h"

const char *const oracle_verdict_names[] = {"pass", "fail", "not-applicable"};

#define CHECK_NAME(id, name) [id] = name
const char *const oracle_check_names[] = {
	CHECK_NAME(CHECK_LOST_PAGE, "lost-page"),
	CHECK_NAME(CHECK_MEMORY_EQUAL, "memory-equal"),
	CHECK_NAME(CHECK_VF_STATE_EQUAL, "vf-state-equal"),
	CHECK_NAME(CHECK_DMA_ISOLATION, "dma-isolation"),
	CHECK_NAME(CHECK_PACKETS, "packets"),
	CHECK_NAME(CHECK_INTERRUPTS, "interrupts"),
	CHECK_NAME(CHECK_STATE_MACHINES, "state-machines"),
	CHECK_NAME(CHECK_SMMU_QUEUES, "smmu-queues"),
	CHECK_NAME(CHECK_MASTER_DATA, "master-data"),
	CHECK_NAME(CHECK_PAGE_REQUESTS, "page-requests"),
	CHECK_NAME(CHECK_STATISTICS, "statistics"),
	CHECK_NAME(CHECK_LEAKS, "leaks"),
	CHECK_NAME(CHECK_COUNT, NULL),
};

const struct oracle_check_info oracle_checks[CHECK_COUNT] = {
	[CHECK_LOST_PAGE] = {"lost-page",
			     "each page that a device wrote while tracking was on is in "
			     "the dirty bitmap that covers the write"},
	[CHECK_MEMORY_EQUAL] = {"memory-equal",
				"after a migration the guest's memory is what it was "
				"at the stop (pages lost by tracking aside)"},
	[CHECK_VF_STATE_EQUAL] = {"vf-state-equal",
				  "after a migration the VF's state is what it was at the stop"},
	[CHECK_DMA_ISOLATION] = {"dma-isolation",
				 "no DMA passes or lands where its stream has no live mapping"},
	[CHECK_PACKETS] = {"packets", "each packet arrives once, intact and in order within its "
				      "flow, or is lost for a cause that is allowed"},
	[CHECK_INTERRUPTS] = {"interrupts", "each MSI-X raised is delivered once, after the data "
					    "that it announces"},
	[CHECK_STATE_MACHINES] = {"state-machines",
				  "migration, VF, reset and mailbox states take only legal steps"},
	[CHECK_SMMU_QUEUES] = {"smmu-queues",
			       "each command is consumed once, as issued and in order, each "
			       "event produced once, overflow told as specified"},
	[CHECK_MASTER_DATA] = {"master-data",
			       "what a test master reads is what belongs at that address of that "
			       "address space"},
	[CHECK_PAGE_REQUESTS] = {"page-requests",
				 "each group of page requests is answered once, after its last"},
	[CHECK_STATISTICS] = {"statistics",
			      "what VFs, switch, port and wire have counted balances: "
			      "each frame arrived, or its loss has a cause"},
	[CHECK_LEAKS] = {"leaks", "at the end nothing is held: mappings, pins, frames, requests"},
};

static const struct oracle_check *const check_table[CHECK_COUNT] = {
	[CHECK_LOST_PAGE] = &oracle_lost_page,
	[CHECK_MEMORY_EQUAL] = &oracle_memory_equal,
	[CHECK_VF_STATE_EQUAL] = &oracle_vf_state_equal,
	[CHECK_DMA_ISOLATION] = &oracle_dma_isolation,
	[CHECK_PACKETS] = &oracle_packets,
	[CHECK_INTERRUPTS] = &oracle_interrupts,
	[CHECK_STATE_MACHINES] = &oracle_state_machines,
	[CHECK_SMMU_QUEUES] = &oracle_smmu_queues,
	[CHECK_MASTER_DATA] = &oracle_master_data,
	[CHECK_PAGE_REQUESTS] = &oracle_page_requests,
	[CHECK_STATISTICS] = &oracle_statistics,
	[CHECK_LEAKS] = &oracle_leaks,
};

static void view_takes(struct oracle *oracle, void *state, const struct trace_event *event)
{
	view_event(&oracle->view, event);
}

static const enum trace_kind view_kinds[] = {TRACE_IOMMU_ATTACH, TRACE_IOMMU_DETACH,
					     TRACE_IOMMU_MAP, TRACE_IOMMU_UNMAP, TRACE_KIND_COUNT};

/* What the checks look at: before them. */
static const struct oracle_check oracle_view = {.kind = view_kinds, .event = view_takes};

static void listen(struct oracle *oracle, const struct oracle_check *check, void *state)
{
	for (const enum trace_kind *kind = check->kind; *kind != TRACE_KIND_COUNT; kind++) {
		struct oracle_listener *listener = oracle->listener[*kind];

		while (listener->event)
			listener++;
		listener->event = check->event;
		listener->state = state;
	}
}

struct oracle *oracle_create(const struct oracle_cfg *cfg)
{
	struct oracle *oracle = calloc(1, sizeof(*oracle));

	if (!oracle)
		return NULL;
	oracle->cfg = *cfg;
	listen(oracle, &oracle_view, NULL);
	for (uint32_t id = 0; id < CHECK_COUNT; id++) {
		oracle->finding[id].verdict = ORACLE_NOT_APPLICABLE;
		oracle->state[id] = calloc(1, check_table[id]->state_bytes);
		if (!oracle->state[id]) {
			oracle_destroy(oracle);
			return NULL;
		}
		listen(oracle, check_table[id], oracle->state[id]);
	}
	return oracle;
}

void oracle_destroy(struct oracle *oracle)
{
	if (!oracle)
		return;
	for (uint32_t id = 0; id < CHECK_COUNT; id++) {
		if (oracle->state[id] && check_table[id]->release)
			check_table[id]->release(oracle->state[id]);
		free(oracle->state[id]);
	}
	view_release(&oracle->view);
	free(oracle);
}

void oracle_event(struct oracle *oracle, const struct trace_event *event)
{
	oracle->now_ps = event->time_ps;
	for (const struct oracle_listener *l = oracle->listener[event->kind]; l->event; l++)
		l->event(oracle, l->state, event);
}

void oracle_violation(struct oracle *oracle, enum oracle_check_id check, const char *format, ...)
{
	struct oracle_finding *finding = &oracle->finding[check];
	char text[160];
	va_list args;

	if (finding->count++)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(finding->detail, sizeof(finding->detail), "%" PRIu64 " ps: %s", oracle->now_ps,
		 text);
}

void oracle_finish(struct oracle *oracle)
{
	for (uint32_t id = 0; id < CHECK_COUNT; id++) {
		struct oracle_finding looked = {.verdict = ORACLE_PASS};
		struct oracle_finding *finding = &oracle->finding[id];

		check_table[id]->finish(oracle, oracle->state[id], &looked);
		if (finding->count)
			finding->verdict = ORACLE_FAIL;
		else
			*finding = looked;
	}
}

const struct oracle_finding *oracle_finding(const struct oracle *oracle, enum oracle_check_id check)
{
	return &oracle->finding[check];
}

uint64_t oracle_pages_lost(const struct oracle *oracle)
{
	return oracle->finding[CHECK_LOST_PAGE].count;
}

const struct oracle_tracking *oracle_tracking(const struct oracle *oracle, enum dirty_source source)
{
	return lost_page_tracking(oracle->state[CHECK_LOST_PAGE], source);
}

uint64_t oracle_pages_overreported(const struct oracle *oracle)
{
	return lost_page_overreported(oracle->state[CHECK_LOST_PAGE]);
}
