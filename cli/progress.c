/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long run has come: one line on a terminal, rewritten, and gone when it is over. */
#include <inttypes.h>
#include <unistd.h>

#include "base/trace.h"
#include "cli/cli.h"

#define FIRST_S  0.5
#define PERIOD_S 0.1
/* A look at the clock costs more than an event. */
#define EVENTS_PER_LOOK 1024u

static void show(struct cli_progress *progress, uint64_t time_ps)
{
	FILE *out = progress->out;

	/* Back to the line's begin, clear to its end (ECMA-48). */
	fprintf(out, "\r\033[K%s: %.3f ms", progress->name, (double)time_ps / PS_PER_MS);
	if (progress->limit_ps)
		fprintf(out, " of at most %.0f ms", (double)progress->limit_ps / PS_PER_MS);
	fputs(" simulated", out);
	if (progress->round)
		fprintf(out, ", migration round %" PRIu64 " done", progress->round);
	if (progress->packets)
		fprintf(out, ", %" PRIu64 " packets", progress->packets);
	fflush(out);
	progress->shown = true;
}

static void on_event(void *ctx, const struct trace_event *event)
{
	struct cli_progress *progress = ctx;
	double now;

	if (event->kind == TRACE_PACKET_SENT)
		progress->packets++;
	else if (event->kind == TRACE_ROUND)
		progress->round = event->arg[1];
	if (++progress->events % EVENTS_PER_LOOK)
		return;
	now = cli_seconds();
	if (now < progress->next_s)
		return;
	progress->next_s = now + PERIOD_S;
	show(progress, event->time_ps);
}

struct run_listener *cli_progress_begin(struct cli_progress *progress,
					const struct cli_options *options, const char *name,
					uint64_t limit_ps, struct run_listener *next)
{
	*progress = (struct cli_progress){
		.name = name,
		.limit_ps = limit_ps,
		.out = stderr,
		.next_s = cli_seconds() + FIRST_S,
		.listener = {.ctx = progress, .event = on_event, .next = next},
	};
	return options->quiet || !isatty(STDERR_FILENO) ? next : &progress->listener;
}

void cli_progress_end(struct cli_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", progress->out);
	fflush(progress->out);
	progress->shown = false;
}
