/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page-requests: each Page Request Group has exactly one answer, after its last
 * request, whoever gives it: software, or the SMMU for what its queue did not take
 * (Arm IHI 0070, chapter 8; PCI Express Base Specification, 10.4). A group that is
 * never answered is a device that waits for ever. Stop Markers have no answer, and
 * a request may be recorded after its group's last was dropped, or after the answer
 * to that: recording takes time, dropping none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "system/oracle/keymap.h"
#include "system/oracle/oracle_internal.h"

#define STOP_MARKER 2u

struct page_group {
	uint64_t stream, index;
	bool open;     /* asked for, and not answered */
	bool complete; /* with its last request */
	bool dropped;  /* which found no room */
};

struct page_requests {
	struct keymap groups; /* of a host, a stream and an index */
	struct page_group *group;
	uint32_t groups_capacity;
	uint64_t requests, answers;
};

#define violation(oracle, ...) oracle_violation(oracle, CHECK_PAGE_REQUESTS, __VA_ARGS__)

static struct page_group *group_of(struct page_requests *state, uint32_t host, uint64_t stream,
				   uint64_t index)
{
	bool is_new;
	uint32_t number = keymap_intern(&state->groups, key_of(host, stream, index), &is_new);
	struct page_group *group;

	state->group = array_reserve(state->group, &state->groups_capacity, number,
				     sizeof(state->group[0]));
	group = &state->group[number];
	group->stream = stream;
	group->index = index;
	return group;
}

/* It was on its way to memory when the last of its group was dropped. */
static bool is_late(const struct page_group *group, bool last, bool dropped)
{
	return group->open && group->complete && group->dropped && !last && !dropped;
}

static void on_request(struct oracle *oracle, struct page_requests *state,
		       const struct trace_event *event)
{
	const uint64_t *arg = event->arg;
	struct page_group *group;

	if (arg[4] == STOP_MARKER)
		return;
	group = group_of(state, event->part->host, arg[0], arg[3]);
	state->requests++;
	if (is_late(group, arg[4], arg[5]))
		return;
	if (group->open && group->complete)
		violation(oracle,
			  "stream 0x%" PRIx64 " asks for 0x%" PRIx64 " in group %" PRIu64
			  ", which waits for its answer",
			  arg[0], arg[2], arg[3]);
	group->open = true;
	group->complete = arg[4];
	group->dropped = arg[5];
}

static void on_response(struct oracle *oracle, struct page_requests *state,
			const struct trace_event *event)
{
	const uint64_t *arg = event->arg;
	struct page_group *group = group_of(state, event->part->host, arg[0], arg[2]);

	state->answers++;
	if (!group->open || !group->complete)
		violation(oracle, "stream 0x%" PRIx64 ", group %" PRIu64 ": an answer %s", arg[0],
			  arg[2], group->open ? "before its last request" : "to nothing asked for");
	group->open = false;
}

static void page_requests_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	if (event->kind == TRACE_PAGE_REQUEST)
		on_request(oracle, ctx, event);
	else
		on_response(oracle, ctx, event);
}

static void page_requests_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	struct page_requests *state = ctx;

	for (uint32_t i = 0; i < state->groups.count; i++)
		if (state->group[i].open && state->group[i].complete)
			violation(oracle, "stream 0x%" PRIx64 ", group %" PRIu64 " is not answered",
				  state->group[i].stream, state->group[i].index);
	if (!state->requests && !state->answers)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " page requests in %" PRIu64 " groups, each answered once",
		 state->requests, state->answers);
}

static void page_requests_release(void *ctx)
{
	struct page_requests *state = ctx;

	keymap_release(&state->groups);
	free(state->group);
}

static const enum trace_kind page_requests_kinds[] = {TRACE_PAGE_REQUEST, TRACE_PAGE_RESPONSE,
						      TRACE_KIND_COUNT};

const struct oracle_check oracle_page_requests = {
	.state_bytes = sizeof(struct page_requests),
	.kind = page_requests_kinds,
	.event = page_requests_event,
	.finish = page_requests_finish,
	.release = page_requests_release,
};
