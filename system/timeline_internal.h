/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_TIMELINE_INTERNAL_H
#define VFSIM_SYSTEM_TIMELINE_INTERNAL_H

#include "system/levels.h"
#include "system/timeline.h"
#include "traces/chrome.h"

/* Kinds of tracks of a host, in the order in which they are shown. */
enum track_kind {
	TRACK_GUEST,     /* of a VM, which is to have its name by then */
	TRACK_MIGRATION, /* as well */
	TRACK_DOWNTIME,  /* as well */
	TRACK_VFIO,      /* of a VF: its state as VFIO has it */
	TRACK_VF,
	TRACK_QUEUE, /* of a VF: 2 * queue pair, + 1 for Rx */
	TRACK_LOST,
	TRACK_FIRMWARE,
	TRACK_PF_DRIVER,
	TRACK_PF,
	TRACK_INTERRUPTS,
	TRACK_KERNEL,
	TRACK_SMMU,
	TRACK_WALKER,
	TRACK_KINDS,
};

#define TIMELINE_VMS     256u
#define TIMELINE_QUEUES  (NIC_MAX_VFS * 2 * NIC_MAX_QUEUE_PAIRS)
#define TIMELINE_WALKERS 256u
#define TIMELINE_STATES  2u /* spans within each other that states open */

struct track {
	bool named;
	const char *state[TIMELINE_STATES]; /* the open spans, from outside in */
};

/* A thread of a program, told by its calls. */
struct caller {
	char name[64];
	uint32_t host;
	struct chrome_track track;
	uint32_t open; /* calls under way */
	struct caller *next;
};

/* A program: its calls are heard by a hook. */
struct program_hook {
	struct timeline *timeline;
	struct uapi_call_hook hook;
	uint32_t host;
	struct program_hook *next;
};

/* What the VM is called, and when and where it was stopped. */
struct vm_seen {
	char name[32];
	bool stopped;
	uint32_t host;
	uint64_t time_ps;
};

/* Packets of a host's guests since the run began: sent, received, lost. */
enum { PACKETS_SENT, PACKETS_RECEIVED, PACKETS_LOST, PACKETS_COUNTED };
struct packet_count {
	uint64_t now[PACKETS_COUNTED], told[PACKETS_COUNTED];
};

struct timeline {
	struct chrome chrome;
	const struct sim *sim;
	const struct machine *machine;
	struct track *track;             /* of MACHINE_HOSTS and the network, kind by kind */
	uint32_t first[TRACK_KINDS + 1]; /* where a kind begins in those of an owner */
	struct caller *callers;
	struct program_hook *programs;
	uint32_t threads; /* callers so far */
	bool no_memory;
	struct levels levels;
	uint64_t *level_told;
	uint64_t step_ps, next_sample_ps;
	struct packet_count packets[MACHINE_HOSTS];
	struct vm_seen vm[TIMELINE_VMS];
};

/* The host of an event, or the network where the wire speaks. */
#define TIMELINE_NETWORK MACHINE_HOSTS
/* Hosts and the network are processes 1 to MACHINE_HOSTS + 1. */
#define TIMELINE_FIRST_TID (MACHINE_HOSTS + 2)

/* timeline.c */
/*
 * The span at `depth` of a track's states ends, and those within it; one of
 * `name` begins, unless that is NULL. What was open within it goes on.
 */
void timeline_state(struct timeline *timeline, uint32_t host, enum track_kind kind, uint64_t index,
		    uint32_t depth, const char *name);
void timeline_instant(struct timeline *timeline, uint32_t host, enum track_kind kind,
		      uint64_t index, const char *name, const struct chrome_arg *args);
void timeline_span(struct timeline *timeline, uint32_t host, enum track_kind kind, uint64_t index,
		   uint64_t begin_ps, const char *name, const struct chrome_arg *args);
void timeline_counter(struct timeline *timeline, uint32_t host, const char *name, uint64_t value);

/* timeline_events.c: what an event adds. */
void timeline_event(struct timeline *timeline, const struct trace_event *event);

/* timeline_calls.c: the calls of programs. */
void timeline_program(struct timeline *timeline, struct uapi_process *process, uint32_t host);
/* Calls under way end now. */
void timeline_end_calls(struct timeline *timeline);
void timeline_free_calls(struct timeline *timeline);

#endif
