/* SPDX-License-Identifier: Apache-2.0 */
/* statistics: what one part has counted of frames is what the next one has. */
#include <inttypes.h>
#include <stdio.h>

#include "system/oracle/oracle_internal.h"

struct statistics {
	uint64_t compared;
};

void oracle_counters_compared(struct oracle *oracle, const char *what, uint64_t one, uint64_t other)
{
	struct statistics *state = oracle->state[CHECK_STATISTICS];

	state->compared++;
	if (one != other)
		oracle_violation(oracle, CHECK_STATISTICS, "%s: %" PRIu64 " and %" PRIu64, what,
				 one, other);
}

static void statistics_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct statistics *state = ctx;

	if (!state->compared)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " sums of VFs, switches, ports and the wire balance", state->compared);
}

static const enum trace_kind statistics_kinds[] = {TRACE_KIND_COUNT};

const struct oracle_check oracle_statistics = {
	.state_bytes = sizeof(struct statistics),
	.kind = statistics_kinds,
	.finish = statistics_finish,
};
