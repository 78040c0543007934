/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"

/* Events pending at once: every in-flight request, timer and actor of a run. */
#define CALENDAR_CAPACITY (1u << 17)
#define TEXT_MAX          512

int sim_init(struct sim *sim, uint64_t seed, const struct sim_hooks *hooks)
{
	*sim = (struct sim){.seed = seed, .log_level = LOG_WARNING};
	if (hooks)
		sim->hooks = *hooks;
	return calendar_init(&sim->calendar, CALENDAR_CAPACITY);
}

void sim_fini(struct sim *sim)
{
	calendar_fini(&sim->calendar);
}

void sim_log(const struct sim_part *part, enum log_level level, const char *format, ...)
{
	const struct sim *sim = part->sim;
	char text[TEXT_MAX];
	va_list args;

	if (!sim->hooks.log || level > sim->log_level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sim->hooks.log(sim->hooks.ctx, level, part->name, text);
}

void sim_panic(const struct sim_part *part, const char *file, int line, const char *format, ...)
{
	const struct sim *sim = part->sim;
	char what[TEXT_MAX], text[2 * TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(text, sizeof(text),
		 "internal error in %s at %" PRIu64 " ps, seed %" PRIu64 ": %s:%d: %s", part->name,
		 sim_now(sim), sim->seed, file, line, what);
	if (sim->hooks.panic)
		sim->hooks.panic(sim->hooks.ctx, text);
	fprintf(stderr, "vfsim: %s\n", text);
	abort();
}

static void run_until(struct sim *sim, uint64_t until_ps, const bool *stop)
{
	while (!(stop && *stop)) {
		if (calendar_step_until(&sim->calendar, sim->run_last_ps))
			continue;
		if (until_ps != TIME_NEVER)
			calendar_advance(&sim->calendar, until_ps);
		return;
	}
}

void sim_run(struct sim *sim, uint64_t until_ps, const bool *stop)
{
	sim->run_last_ps = MIN(until_ps, TIME_NEVER - 1);
	sim->run_stop = stop;
	run_until(sim, until_ps, stop);
	sim->run_last_ps = 0;
	sim->run_stop = NULL;
}

bool sim_pass(struct sim *sim, uint64_t duration_ps)
{
	uint64_t end_ps = sim_now(sim) + duration_ps;

	/* What is due at that time already would go first. */
	if (duration_ps > sim->run_last_ps || end_ps > sim->run_last_ps ||
	    end_ps >= calendar_next_time(&sim->calendar) || (sim->run_stop && *sim->run_stop))
		return false;
	calendar_advance(&sim->calendar, end_ps);
	sim->calendar.fired++; /* the event that this stands for */
	return true;
}
