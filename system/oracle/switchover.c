/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory-equal and vf-state-equal: what a migration has brought over, looked at
 * while neither side runs. A page that tracking lost differs for that reason,
 * and lost-page has told it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "system/oracle/oracle_internal.h"

struct memory_equal {
	uint64_t migrations, pages, explained;
};

struct vf_state_equal {
	uint64_t compared;
};

void oracle_page_differs(struct oracle *oracle, uint32_t source_host, uint64_t gpa)
{
	struct memory_equal *state = oracle->state[CHECK_MEMORY_EQUAL];

	/* Before pages are judged, what came after the last bitmap has to count as lost. */
	lost_page_switchover(oracle, oracle->state[CHECK_LOST_PAGE], source_host);
	if (lost_page_has(oracle->state[CHECK_LOST_PAGE], source_host, gpa >> 12))
		state->explained++;
	else
		oracle_violation(oracle, CHECK_MEMORY_EQUAL,
				 "guest page 0x%" PRIx64 " is not at the destination as it was at "
				 "the source",
				 gpa);
}

void oracle_memory_compared(struct oracle *oracle, uint32_t source_host, uint64_t pages)
{
	struct memory_equal *state = oracle->state[CHECK_MEMORY_EQUAL];

	lost_page_switchover(oracle, oracle->state[CHECK_LOST_PAGE], source_host);
	state->migrations++;
	state->pages += pages;
}

void oracle_vf_state_compared(struct oracle *oracle, const char *difference)
{
	struct vf_state_equal *state = oracle->state[CHECK_VF_STATE_EQUAL];

	state->compared++;
	if (difference)
		oracle_violation(oracle, CHECK_VF_STATE_EQUAL, "%s", difference);
}

static void memory_equal_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct memory_equal *state = ctx;

	if (!state->migrations)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " pages compared; %" PRIu64 " differ because tracking lost them",
		 state->pages, state->explained);
}

static void vf_state_equal_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct vf_state_equal *state = ctx;

	if (!state->compared)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " VF%s compared, field by field", state->compared,
		 state->compared == 1 ? "" : "s");
}

static const enum trace_kind no_kinds[] = {TRACE_KIND_COUNT};

const struct oracle_check oracle_memory_equal = {
	.state_bytes = sizeof(struct memory_equal),
	.kind = no_kinds,
	.finish = memory_equal_finish,
};

const struct oracle_check oracle_vf_state_equal = {
	.state_bytes = sizeof(struct vf_state_equal),
	.kind = no_kinds,
	.finish = vf_state_equal_finish,
};
