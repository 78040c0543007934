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

void sim_run(struct sim *sim, uint64_t until_ps, const bool *stop)
{
	uint64_t last_ps = MIN(until_ps, TIME_NEVER - 1);

	while (!(stop && *stop)) {
		if (calendar_step_until(&sim->calendar, last_ps))
			continue;
		if (until_ps != TIME_NEVER)
			calendar_advance(&sim->calendar, until_ps);
		return;
	}
}
