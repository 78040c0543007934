/* SPDX-License-Identifier: Apache-2.0 */
/* What programs ask of the kernel: a track for each of their threads, a span for each call. */
#include "system/timeline_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind the tracks of all hosts. */
static struct chrome_track next_track(struct timeline *timeline, uint32_t host)
{
	uint32_t others = (MACHINE_HOSTS + 1) * timeline->first[TRACK_KINDS];

	return (struct chrome_track){host + 1, TIMELINE_FIRST_TID + others + timeline->threads++};
}

static struct caller *find(struct timeline *timeline, uint32_t host, const struct uapi_call *call)
{
	const char *program = uapi_process_name(call->process);
	const char *thread = actor_name(call->actor);
	struct caller *caller;
	char name[64];

	snprintf(name, sizeof(name), "%s: thread %s", program, thread);
	for (caller = timeline->callers; caller; caller = caller->next)
		if (caller->host == host && !strcmp(caller->name, name))
			return caller;
	caller = calloc(1, sizeof(*caller));
	if (!caller) {
		timeline->no_memory = true;
		return NULL;
	}
	memcpy(caller->name, name, sizeof(name));
	caller->host = host;
	caller->track = next_track(timeline, host);
	caller->next = timeline->callers;
	timeline->callers = caller;
	/* Among the tracks of guests, before those of VFs. */
	chrome_thread(&timeline->chrome, caller->track, name, timeline->first[TRACK_VFIO]);
	return caller;
}

static void before(void *ctx, const struct uapi_call *call)
{
	const struct program_hook *program = ctx;
	struct timeline *timeline = program->timeline;
	struct caller *caller = find(timeline, program->host, call);
	struct chrome_arg args[] = {
		{"file", 0, call->file}, {"fd", call->fd, NULL}, {NULL, 0, NULL}};

	if (!caller)
		return;
	caller->open++;
	chrome_begin(&timeline->chrome, caller->track, sim_now(timeline->sim), call->name, args);
}

static void after(void *ctx, const struct uapi_call *call)
{
	const struct program_hook *program = ctx;
	struct timeline *timeline = program->timeline;
	struct caller *caller = find(timeline, program->host, call);
	struct chrome_arg args[] = {{"result", call->result, NULL}, {NULL, 0, NULL}};

	if (!caller || !caller->open)
		return;
	caller->open--;
	chrome_end(&timeline->chrome, caller->track, sim_now(timeline->sim), args);
}

void timeline_program(struct timeline *timeline, struct uapi_process *process, uint32_t host)
{
	struct program_hook *program = calloc(1, sizeof(*program));

	if (!program) {
		timeline->no_memory = true;
		return;
	}
	program->timeline = timeline;
	program->host = host;
	program->hook = (struct uapi_call_hook){.ctx = program, .before = before, .after = after};
	program->next = timeline->programs;
	timeline->programs = program;
	uapi_process_add_hook(process, &program->hook);
}

void timeline_end_calls(struct timeline *timeline)
{
	for (struct caller *caller = timeline->callers; caller; caller = caller->next)
		for (; caller->open; caller->open--)
			chrome_end(&timeline->chrome, caller->track, sim_now(timeline->sim), NULL);
}

void timeline_free_calls(struct timeline *timeline)
{
	while (timeline->callers) {
		struct caller *caller = timeline->callers;

		timeline->callers = caller->next;
		free(caller);
	}
	while (timeline->programs) {
		struct program_hook *program = timeline->programs;

		timeline->programs = program->next;
		free(program);
	}
}
