/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_SIM_H
#define VFSIM_BASE_SIM_H

/*
 * The simulation that every part belongs to: its time, its seed, its log and
 * trace, its planted faults. There is one per machine run, made by system/, and
 * every part's env points at it; there is no global one.
 */

#include "base/calendar.h"
#include "base/fault.h"

#ifdef __cplusplus
extern "C" {
#endif

struct trace_event;

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * What the simulation calls out to. Any member may be NULL. `instance` names
 * the speaker ("source.smmu"); `text` has no newline. Both are borrowed.
 */
struct sim_hooks {
	void *ctx;
	void (*log)(void *ctx, enum log_level level, const char *instance, const char *text);
	/* One typed trace event (base/trace.h); borrowed for the call. */
	void (*trace)(void *ctx, const struct trace_event *event);
	/* The same for details. */
	void (*detail)(void *ctx, const struct trace_event *event);
	/* An internal error, told in full; must not return. Default: print and abort(). */
	void (*panic)(void *ctx, const char *text);
};

struct sim {
	struct calendar calendar;
	uint64_t seed;
	struct sim_hooks hooks;
	enum log_level log_level;
	struct fault_plan faults;
	bool untimed; /* the untimed engine: latencies are zero, generators keep time */
	/* Of the sim_run that is under way: its last time, 0 for none, and its `stop`. */
	uint64_t run_last_ps;
	const bool *run_stop;
};

/* -ENOMEM. `hooks` is copied and may be NULL. */
int sim_init(struct sim *sim, uint64_t seed, const struct sim_hooks *hooks);
void sim_fini(struct sim *sim);

static inline uint64_t sim_now(const struct sim *sim)
{
	return sim->calendar.now_ps;
}

/* Schedule `event` `delay_ps` after now. */
static inline void sim_after(struct sim *sim, struct event *event, uint64_t delay_ps)
{
	uint64_t now_ps = sim->calendar.now_ps;
	uint64_t left_ps = TIME_NEVER - now_ps;

	calendar_schedule(&sim->calendar, event,
			  now_ps + (delay_ps < left_ps ? delay_ps : left_ps));
}

/*
 * Who speaks: the first member of every part's env. `name` is the instance
 * ("source.smmu"); system/ keeps it as it is until the simulation ends. `host`
 * is the index of its host.
 */
struct sim_part {
	struct sim *sim;
	const char *name;
	uint32_t host;
};

void sim_log(const struct sim_part *part, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Report an internal error with seed, time and instance through hooks.panic. */
void sim_panic(const struct sim_part *part, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5), noreturn));

/* Our own mistake, checked in release builds too. */
#define sim_assert(part, condition)                                                                \
	((condition) ? (void)0                                                                     \
		     : sim_panic(part, __FILE__, __LINE__, "assertion failed: %s", #condition))

/*
 * Run events until `until_ps` is reached, nothing is pending, or `*stop` (may
 * be NULL) becomes true. Time ends at `until_ps` only if that was the reason.
 * The native engine's run loop; only the outermost host call may call it.
 */
void sim_run(struct sim *sim, uint64_t until_ps, const bool *stop);

/*
 * Let `duration_ps` pass here and now: what an event at its end would come to,
 * when it would be the next one that sim_run fires. False: it may not be,
 * nothing happened, schedule one.
 */
bool sim_pass(struct sim *sim, uint64_t duration_ps);

#ifdef __cplusplus
}
#endif
#endif
