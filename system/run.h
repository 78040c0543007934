/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_RUN_H
#define VFSIM_SYSTEM_RUN_H

/*
 * Running a scenario: builds its machine on an engine, boots it, brings guests
 * up, lets traffic flow, migrates, drains, takes everything down and lets the
 * oracle judge. Nothing here reads a clock of the host.
 */

#include "system/engine.h"
#include "system/result.h"
#include "uapi/uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct machine;

/* Who else wants to see a run: any member may be NULL. A list, called in order. */
struct run_listener {
	void *ctx;
	/* Every trace event but for details, and details. With `kind`, which ends with
	 * TRACE_KIND_COUNT, those of these kinds. */
	const enum trace_kind *kind;
	void (*event)(void *ctx, const struct trace_event *event);
	void (*detail)(void *ctx, const struct trace_event *event);
	/* The run begins, at time 0. Negative errno: it does not. */
	int (*start)(void *ctx, struct sim *sim);
	/* The hardware is there; nothing has happened yet. */
	void (*machine)(void *ctx, const struct machine *machine);
	/* A program was made on a host, to drive the device of stream `stream_id`; no call yet. */
	void (*program)(void *ctx, struct uapi_process *process, uint32_t host,
			const char *host_name, uint32_t stream_id);
	/* The run is over: a last look at its machine. */
	void (*end)(void *ctx, const struct machine *machine);
	struct run_listener *next;
};

struct run_options {
	const struct scenario_cfg *cfg;
	const struct engine_ops *engine;
	bool foreign_kernel;       /* see struct oracle_cfg */
	const char *const *plants; /* names of faults, each fires once */
	uint32_t plants_count;
	struct run_listener *listeners;
	struct sim_hooks hooks; /* log and panic are passed on; trace is the run's own */
	enum log_level log_level;
};

/*
 * Run. 0 whatever the verdict (result->passed); -EINVAL for an unknown fault,
 * -ENOMEM. Takes place within engine->enter.
 */
int scenario_run(const struct run_options *options, struct run_result *result);

struct digest;

/* A run has fewer of them. */
#define MONITOR_LISTENERS 8u

/* Who hears each kind of event: NULL ends them. */
struct audience {
	struct run_listener *of[TRACE_KIND_COUNT][MONITOR_LISTENERS];
};

/*
 * What every run has, a scenario or a replay: a sim whose trace events go to
 * digest, oracle and listeners.
 */
struct monitor {
	struct sim sim;
	struct digest *digest;
	struct oracle *oracle;
	struct run_listener *listeners;
	struct sim_hooks caller; /* log and panic */
	uint64_t events;
	struct audience events_heard, details_heard;
};

/* -ENOMEM; -EINVAL for an unknown fault, which is then named in result->error. */
int monitor_init(struct monitor *monitor, const struct run_options *options, uint64_t seed,
		 struct run_result *result);
void monitor_fini(struct monitor *monitor);
/* Tell the listeners of a program. */
void monitor_program(struct monitor *monitor, struct uapi_process *process, uint32_t host,
		     const char *host_name, uint32_t stream_id);
/* Tell the listeners of the machine: it is built. */
void monitor_machine(struct monitor *monitor, const struct machine *machine);
/* And once more before it goes. */
void monitor_end(struct monitor *monitor, const struct machine *machine);
/* Let the oracle finish; fill checks, packets, digest, time and sockets; judge by expectations. */
void monitor_finish(struct monitor *monitor, const struct run_options *options,
		    const struct engine *engine, struct run_result *result);

#ifdef __cplusplus
}
#endif
#endif
