/* SPDX-License-Identifier: Apache-2.0 */
/* leaks: whoever owns something says at the end what is still held. */
#include <inttypes.h>
#include <stdio.h>

#include "system/oracle/oracle_internal.h"

struct leaks {
	uint64_t reports;
};

static void leaks_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct leaks *state = ctx;

	state->reports++;
	if (event->arg[1])
		oracle_violation(oracle, CHECK_LEAKS,
				 "%s: %" PRIu64 " of kind %" PRIu64 " are held", event->part->name,
				 event->arg[1], event->arg[0]);
}

static void leaks_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct leaks *state = ctx;

	snprintf(finding->detail, sizeof(finding->detail),
		 "nothing is held at the end (%" PRIu64 " owners asked)", state->reports);
}

static const enum trace_kind leaks_kinds[] = {TRACE_LEAK, TRACE_KIND_COUNT};

const struct oracle_check oracle_leaks = {
	.state_bytes = sizeof(struct leaks),
	.kind = leaks_kinds,
	.event = leaks_event,
	.finish = leaks_finish,
};
