/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks, states and levels; what an event adds is in timeline_events.c. */
#include "system/timeline_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"

#define OWNERS         (MACHINE_HOSTS + 1)
#define QUEUES_OF_A_VF (2 * NIC_MAX_QUEUE_PAIRS)

/* How many tracks of each kind a host may have; the index, or a VM's name, stands between
 * the two texts.
 */
static const struct {
	uint32_t count;
	const char *name, *rest;
} kinds[TRACK_KINDS] = {
	[TRACK_GUEST] = {TIMELINE_VMS, NULL, ""},
	[TRACK_MIGRATION] = {TIMELINE_VMS, NULL, ": migration"},
	[TRACK_DOWNTIME] = {TIMELINE_VMS, NULL, ": downtime"},
	[TRACK_VFIO] = {NIC_MAX_VFS, "VF ", ": VFIO state"},
	[TRACK_VF] = {NIC_MAX_VFS, "VF ", ""},
	[TRACK_QUEUE] = {TIMELINE_QUEUES, "VF ", NULL},
	[TRACK_LOST] = {1, "lost packets", NULL},
	[TRACK_FIRMWARE] = {1, "firmware", NULL},
	[TRACK_PF_DRIVER] = {1, "PF driver", NULL},
	[TRACK_PF] = {1, "PF", NULL},
	[TRACK_INTERRUPTS] = {1, "MSI doorbell", NULL},
	[TRACK_KERNEL] = {1, "SMMU driver", NULL},
	[TRACK_SMMU] = {1, "SMMU queues", NULL},
	[TRACK_WALKER] = {TIMELINE_WALKERS, "SMMU walker ", ""},
};

struct timeline *timeline_create(const char *path, uint64_t step_ps)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));
	int err = -ENOMEM;

	if (!timeline)
		return NULL;
	timeline->step_ps = step_ps;
	for (uint32_t kind = 0; kind < TRACK_KINDS; kind++)
		timeline->first[kind + 1] = timeline->first[kind] + kinds[kind].count;
	timeline->track =
		calloc((size_t)OWNERS * timeline->first[TRACK_KINDS], sizeof(timeline->track[0]));
	if (timeline->track)
		err = chrome_open(&timeline->chrome, path);
	if (!err)
		return timeline;
	free(timeline->track);
	free(timeline);
	errno = -err;
	return NULL;
}

int timeline_destroy(struct timeline *timeline)
{
	int err = chrome_close(&timeline->chrome);

	if (timeline->no_memory && !err)
		err = -ENOMEM;
	timeline_free_calls(timeline);
	levels_fini(&timeline->levels);
	free(timeline->level_told);
	free(timeline->track);
	free(timeline);
	return err;
}

/* ---- tracks ---- */

static void name_track(struct timeline *timeline, struct chrome_track track, enum track_kind kind,
		       uint32_t index, uint32_t place)
{
	uint32_t queue = index % QUEUES_OF_A_VF;
	char name[64];

	if (kind == TRACK_QUEUE)
		snprintf(name, sizeof(name), "VF %u: %s queue %u", index / QUEUES_OF_A_VF,
			 queue % 2 ? "Rx" : "Tx", queue / 2);
	else if (!kinds[kind].name)
		snprintf(name, sizeof(name), "%s%s", timeline->vm[index].name, kinds[kind].rest);
	else if (kinds[kind].rest)
		snprintf(name, sizeof(name), "%s%u%s", kinds[kind].name, index, kinds[kind].rest);
	else
		snprintf(name, sizeof(name), "%s", kinds[kind].name);
	chrome_thread(&timeline->chrome, track, name, place);
}

/* A track, which is named when it is used first. NULL for an index that is none. */
static struct track *find(struct timeline *timeline, uint32_t host, enum track_kind kind,
			  uint64_t index, struct chrome_track *at)
{
	uint32_t place = timeline->first[kind] + (uint32_t)index;
	uint32_t number = host * timeline->first[TRACK_KINDS] + place;
	struct track *track;

	if (index >= kinds[kind].count)
		return NULL;
	*at = (struct chrome_track){host + 1, TIMELINE_FIRST_TID + number};
	track = &timeline->track[number];
	if (!track->named)
		name_track(timeline, *at, kind, (uint32_t)index, place);
	track->named = true;
	return track;
}

static void end_states(struct timeline *timeline, const struct track *track, struct chrome_track at,
		       uint32_t depth)
{
	for (uint32_t i = TIMELINE_STATES; i-- > depth;)
		if (track->state[i])
			chrome_end(&timeline->chrome, at, sim_now(timeline->sim), NULL);
}

void timeline_state(struct timeline *timeline, uint32_t host, enum track_kind kind, uint64_t index,
		    uint32_t depth, const char *name)
{
	struct chrome_track at;
	struct track *track = find(timeline, host, kind, index, &at);

	if (!track)
		return;
	end_states(timeline, track, at, depth);
	track->state[depth] = name;
	for (uint32_t i = depth; i < TIMELINE_STATES; i++)
		if (track->state[i])
			chrome_begin(&timeline->chrome, at, sim_now(timeline->sim), track->state[i],
				     NULL);
}

void timeline_instant(struct timeline *timeline, uint32_t host, enum track_kind kind,
		      uint64_t index, const char *name, const struct chrome_arg *args)
{
	struct chrome_track at;

	if (find(timeline, host, kind, index, &at))
		chrome_instant(&timeline->chrome, at, sim_now(timeline->sim), name, args);
}

void timeline_span(struct timeline *timeline, uint32_t host, enum track_kind kind, uint64_t index,
		   uint64_t begin_ps, const char *name, const struct chrome_arg *args)
{
	struct chrome_track at;

	if (find(timeline, host, kind, index, &at))
		chrome_span(&timeline->chrome, at, begin_ps, sim_now(timeline->sim), name, args);
}

void timeline_counter(struct timeline *timeline, uint32_t host, const char *name, uint64_t value)
{
	chrome_counter(&timeline->chrome, host + 1, sim_now(timeline->sim), name, value);
}

/* ---- levels ---- */

static void sample_packets(struct timeline *timeline, uint32_t host)
{
	static const char *const name[] = {"packets sent", "packets received", "packets lost"};
	struct packet_count *count = &timeline->packets[host];

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		if (count->now[i] == count->told[i])
			continue;
		timeline_counter(timeline, host, name[i], count->now[i]);
		count->told[i] = count->now[i];
	}
}

static void sample(struct timeline *timeline)
{
	for (uint32_t i = 0; i < timeline->levels.count; i++) {
		const struct level *level = &timeline->levels.level[i];
		uint64_t value = level_read(level);

		if (value == timeline->level_told[i])
			continue;
		timeline->level_told[i] = value;
		timeline_counter(timeline, level->who ? level->who->index : TIMELINE_NETWORK,
				 level_local_name(level), value);
	}
	for (uint32_t host = 0; host < MACHINE_HOSTS; host++)
		sample_packets(timeline, host);
	timeline->next_sample_ps = sim_now(timeline->sim) + timeline->step_ps;
}

/* ---- the listener ---- */

static int on_start(void *ctx, struct sim *sim)
{
	struct timeline *timeline = ctx;

	timeline->sim = sim;
	return 0;
}

static void on_machine(void *ctx, const struct machine *machine)
{
	struct timeline *timeline = ctx;

	timeline->machine = machine;
	for (uint32_t i = 0; i < machine->hosts; i++)
		chrome_process(&timeline->chrome, i + 1, machine->host[i].name, i);
	if (machine->wire)
		chrome_process(&timeline->chrome, TIMELINE_NETWORK + 1, "network",
			       TIMELINE_NETWORK);
	if (!levels_init(&timeline->levels, machine, timeline->step_ps))
		timeline->level_told =
			calloc(timeline->levels.count, sizeof(timeline->level_told[0]));
	if (!timeline->level_told) {
		timeline->levels.count = 0;
		timeline->no_memory = true;
	}
}

static void on_event(void *ctx, const struct trace_event *event)
{
	struct timeline *timeline = ctx;

	if (event->time_ps >= timeline->next_sample_ps)
		sample(timeline);
	timeline_event(timeline, event);
}

static void on_detail(void *ctx, const struct trace_event *event)
{
	timeline_event(ctx, event);
}

static void on_program(void *ctx, struct uapi_process *process, uint32_t host,
		       const char *host_name, uint32_t stream_id)
{
	timeline_program(ctx, process, host);
}

static void on_end(void *ctx, const struct machine *machine)
{
	struct timeline *timeline = ctx;

	sample(timeline);
	timeline_end_calls(timeline);
	for (uint32_t host = 0; host < OWNERS; host++)
		for (uint32_t i = 0; i < timeline->first[TRACK_KINDS]; i++) {
			uint32_t number = host * timeline->first[TRACK_KINDS] + i;

			end_states(timeline, &timeline->track[number],
				   (struct chrome_track){host + 1, TIMELINE_FIRST_TID + number}, 0);
		}
}

struct run_listener timeline_listener(struct timeline *timeline)
{
	return (struct run_listener){
		.ctx = timeline,
		.event = on_event,
		.detail = on_detail,
		.start = on_start,
		.machine = on_machine,
		.program = on_program,
		.end = on_end,
	};
}
