/* SPDX-License-Identifier: Apache-2.0 */
#include "system/wire/pace.h"

#include <time.h>

#include "base/bits.h"

/* Longest wait for the outside, so that a stop is noticed. */
#define WAIT_MOST_PS (10 * PS_PER_MS)

uint64_t pace_clock_ps(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * PS_PER_S + (uint64_t)now.tv_nsec * PS_PER_NS;
}

void pace_run_until(struct sim *sim, const struct engine_ops *ops, struct engine *engine,
		    uint64_t time_ps, const bool *stop)
{
	ops->run(engine, time_ps, stop);
	if (!*stop && sim_now(sim) < time_ps && calendar_next_time(&sim->calendar) >= time_ps)
		calendar_advance(&sim->calendar, time_ps);
}

void pace_run(struct sim *sim, const struct engine_ops *ops, struct engine *engine,
	      struct wire_backend *outside, uint64_t until_ps, const bool *stop)
{
	uint64_t begin_ps = pace_clock_ps() - sim_now(sim);

	while (!*stop && sim_now(sim) < until_ps) {
		uint64_t due_ps = MIN(calendar_next_time(&sim->calendar), until_ps);
		uint64_t now_ps = pace_clock_ps() - begin_ps;
		uint64_t wait_ps = due_ps > now_ps ? MIN(due_ps - now_ps, WAIT_MOST_PS) : 0;

		outside->ops->outside(outside, wait_ps);
		now_ps = MIN(pace_clock_ps() - begin_ps, until_ps);
		if (now_ps > sim_now(sim))
			pace_run_until(sim, ops, engine, now_ps, stop);
	}
}
