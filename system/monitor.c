/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "system/digest.h"
#include "system/run.h"

static void monitor_trace(void *ctx, const struct trace_event *event)
{
	struct monitor *monitor = ctx;

	monitor->events++;
	digest_event(monitor->digest, event);
	oracle_event(monitor->oracle, event);
	for (struct run_listener **l = monitor->events_heard.of[event->kind]; *l; l++)
		(*l)->event((*l)->ctx, event);
}

static void monitor_detail(void *ctx, const struct trace_event *event)
{
	struct monitor *monitor = ctx;

	for (struct run_listener **l = monitor->details_heard.of[event->kind]; *l; l++)
		(*l)->detail((*l)->ctx, event);
}

static void join(struct monitor *monitor, struct audience *audience, enum trace_kind kind,
		 struct run_listener *listener)
{
	const struct sim_part part = {.sim = &monitor->sim, .name = "monitor"};
	uint32_t count = 0;

	while (audience->of[kind][count])
		count++;
	sim_assert(&part, count + 1 < MONITOR_LISTENERS);
	audience->of[kind][count] = listener;
}

static bool is_listed(const enum trace_kind *list, enum trace_kind kind)
{
	if (!list)
		return true;
	while (*list != kind && *list != TRACE_KIND_COUNT)
		list++;
	return *list == kind;
}

static void seat(struct monitor *monitor, struct run_listener *listener)
{
	for (int kind = 0; kind < TRACE_KIND_COUNT; kind++) {
		if (!is_listed(listener->kind, (enum trace_kind)kind))
			continue;
		if (listener->event)
			join(monitor, &monitor->events_heard, (enum trace_kind)kind, listener);
		if (listener->detail)
			join(monitor, &monitor->details_heard, (enum trace_kind)kind, listener);
	}
}

/* Details cost something only where somebody listens. */
static bool wants_details(const struct run_listener *listener)
{
	while (listener && !listener->detail)
		listener = listener->next;
	return listener != NULL;
}

static void monitor_log(void *ctx, enum log_level level, const char *instance, const char *text)
{
	const struct monitor *monitor = ctx;

	if (monitor->caller.log)
		monitor->caller.log(monitor->caller.ctx, level, instance, text);
}

static void monitor_panic(void *ctx, const char *text)
{
	const struct monitor *monitor = ctx;

	if (monitor->caller.panic)
		monitor->caller.panic(monitor->caller.ctx, text);
}

static int plant_faults(struct sim *sim, const struct run_options *options,
			struct run_result *result)
{
	for (uint32_t i = 0; i < options->plants_count; i++) {
		if (fault_plant(&sim->faults, options->plants[i], 1)) {
			snprintf(result->error, sizeof(result->error),
				 "there is no fault `%s` (vfsim describe faults)",
				 options->plants[i]);
			return -EINVAL;
		}
	}
	return 0;
}

int monitor_init(struct monitor *monitor, const struct run_options *options, uint64_t seed,
		 struct run_result *result)
{
	struct oracle_cfg cfg = {.allowed_loss = options->cfg->allow_loss,
				 .foreign_kernel = options->foreign_kernel};
	struct sim_hooks hooks = {
		.log = monitor_log, .trace = monitor_trace, .panic = monitor_panic};
	int rc;

	*monitor = (struct monitor){.listeners = options->listeners, .caller = options->hooks};
	hooks.ctx = monitor;
	hooks.detail = wants_details(options->listeners) ? monitor_detail : NULL;
	rc = sim_init(&monitor->sim, seed, &hooks);
	monitor->digest = digest_create();
	monitor->oracle = oracle_create(&cfg);
	if (!rc && (!monitor->digest || !monitor->oracle))
		rc = -ENOMEM;
	if (!rc)
		rc = plant_faults(&monitor->sim, options, result);
	monitor->sim.untimed = options->engine->untimed;
	monitor->sim.log_level = options->log_level;
	result->seed = seed;
	result->engine = options->engine->name;
	for (struct run_listener *l = monitor->listeners; l && !rc; l = l->next) {
		seat(monitor, l);
		if (l->start)
			rc = l->start(l->ctx, &monitor->sim);
	}
	if (rc)
		monitor_fini(monitor);
	return rc;
}

void monitor_fini(struct monitor *monitor)
{
	oracle_destroy(monitor->oracle);
	digest_destroy(monitor->digest);
	sim_fini(&monitor->sim);
	monitor->oracle = NULL;
	monitor->digest = NULL;
}

void monitor_program(struct monitor *monitor, struct uapi_process *process, uint32_t host,
		     const char *host_name, uint32_t stream_id)
{
	for (struct run_listener *l = monitor->listeners; l; l = l->next)
		if (l->program)
			l->program(l->ctx, process, host, host_name, stream_id);
}

void monitor_machine(struct monitor *monitor, const struct machine *machine)
{
	for (struct run_listener *l = monitor->listeners; l; l = l->next)
		if (l->machine)
			l->machine(l->ctx, machine);
}

void monitor_end(struct monitor *monitor, const struct machine *machine)
{
	for (struct run_listener *l = monitor->listeners; l; l = l->next)
		if (l->end)
			l->end(l->ctx, machine);
}

static void take_sockets(const struct engine_ops *ops, const struct engine *engine,
			 struct run_result *result)
{
	uint64_t transactions;
	const char *name;

	for (uint32_t i = 0; i < RESULT_SOCKETS; i++) {
		name = ops->socket(engine, i, &transactions);
		if (!name)
			return;
		snprintf(result->socket[i].name, sizeof(result->socket[i].name), "%s", name);
		result->socket[i].transactions = transactions;
		result->sockets = i + 1;
	}
}

/* What the scenario wants of a check; NULL: nothing in particular. */
static const struct expect_config *expectation(const struct scenario_cfg *cfg,
					       enum oracle_check_id id)
{
	for (uint32_t i = 0; i < cfg->expect_count; i++)
		if (cfg->expect[i].check == 1 + (int)id)
			return &cfg->expect[i];
	return NULL;
}

static void judge(const struct scenario_cfg *cfg, struct run_result *result)
{
	result->passed = !result->error[0];
	for (uint32_t id = 0; id < CHECK_COUNT; id++) {
		const struct expect_config *expect = expectation(cfg, id);
		struct result_check *check = &result->check[id];
		enum oracle_verdict verdict = check->finding.verdict;

		check->expected_fail = expect && expect->verdict == EXPECT_FAIL;
		if (check->expected_fail)
			check->as_expected =
				verdict == ORACLE_FAIL && check->finding.count >= expect->min;
		else if (expect)
			check->as_expected = verdict == ORACLE_PASS;
		else
			check->as_expected = verdict != ORACLE_FAIL;
		result->passed &= check->as_expected;
	}
}

/* A planted fault that found no occasion proves nothing. */
static void note_idle_plants(const struct monitor *monitor, const struct run_options *options,
			     struct run_result *result)
{
	for (uint32_t i = 0; i < options->plants_count; i++)
		for (uint32_t id = 0; id < FAULT_COUNT; id++)
			if (!strcmp(fault_catalogue[id].name, options->plants[i]) &&
			    !monitor->sim.faults.fired[id])
				result_note(result, "the planted fault %s found no occasion",
					    options->plants[i]);
}

void monitor_finish(struct monitor *monitor, const struct run_options *options,
		    const struct engine *engine, struct run_result *result)
{
	oracle_finish(monitor->oracle);
	for (uint32_t id = 0; id < CHECK_COUNT; id++)
		result->check[id].finding = *oracle_finding(monitor->oracle, id);
	result->packets = *oracle_packet_counts(monitor->oracle);
	result->migration.pages_lost = oracle_pages_lost(monitor->oracle);
	result->migration.pages_overreported = oracle_pages_overreported(monitor->oracle);
	for (uint32_t source = 0; source < DIRTY_SOURCES; source++)
		result->migration.tracking[source] =
			*oracle_tracking(monitor->oracle, (enum dirty_source)source);
	result->digest = digest_value(monitor->digest);
	result->sim_time_ps = sim_now(&monitor->sim);
	result->events = monitor->events;
	if (engine)
		take_sockets(options->engine, engine, result);
	note_idle_plants(monitor, options, result);
	judge(options->cfg, result);
}
