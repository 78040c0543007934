/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"

#include <string.h>

const char *const dirty_source_names[] = {"httu", "device", "everything", "type1", NULL};

const struct trace_kind_info trace_catalogue[TRACE_KIND_COUNT] = {
#define TRACE_KIND_ROW(kind, text, ...) [TRACE_##kind] = {text, {__VA_ARGS__}},
	TRACE_KINDS(TRACE_KIND_ROW)
#undef TRACE_KIND_ROW
};

void trace_emit_event(struct trace_event *event)
{
	const struct sim *sim = event->part->sim;

	if (!sim->hooks.trace)
		return;
	event->time_ps = sim_now(sim);
	sim->hooks.trace(sim->hooks.ctx, event);
}

void trace_emit_detail(struct trace_event *event)
{
	const struct sim *sim = event->part->sim;

	event->time_ps = sim_now(sim);
	sim->hooks.detail(sim->hooks.ctx, event);
}

void trace_emit_data(const struct sim_part *part, enum trace_kind kind, const void *data,
		     uint32_t data_len, const uint64_t arg[TRACE_ARGS])
{
	struct trace_event event = {.kind = kind, .part = part, .data = data, .data_len = data_len};

	memcpy(event.arg, arg, sizeof(event.arg));
	trace_emit_event(&event);
}
