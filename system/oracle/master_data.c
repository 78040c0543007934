/* SPDX-License-Identifier: Apache-2.0 */
/*
 * master-data: what a test master reads is what belongs there. Its words tell
 * address spaces, pages and addresses apart (model/master/stamp_format.h), so this
 * holds only if each access went where its own mapping of that time leads.
 */
#include <inttypes.h>
#include <stdio.h>

#include "system/oracle/oracle_internal.h"

struct master_data {
	uint64_t reads;
};

static void master_data_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct master_data *state = ctx;
	const uint64_t *arg = event->arg;
	char substream[48] = "";

	state->reads++;
	if (arg[4])
		return;
	if (arg[1] != TRACE_NO_SUBSTREAM)
		snprintf(substream, sizeof(substream), ", substream %" PRIu64, arg[1]);
	oracle_violation(oracle, CHECK_MASTER_DATA,
			 "stream 0x%" PRIx64 "%s: the read of %" PRIu64 " bytes at 0x%" PRIx64
			 " found 0x%016" PRIx64 ", which does not belong there",
			 arg[0], substream, arg[3], arg[2], arg[5]);
}

static void master_data_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct master_data *state = ctx;

	if (!state->reads)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " reads of test masters found the words of their own pages",
		 state->reads);
}

static const enum trace_kind master_data_kinds[] = {TRACE_MASTER_READ, TRACE_KIND_COUNT};

const struct oracle_check oracle_master_data = {
	.state_bytes = sizeof(struct master_data),
	.kind = master_data_kinds,
	.event = master_data_event,
	.finish = master_data_finish,
};
