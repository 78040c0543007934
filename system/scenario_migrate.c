/* SPDX-License-Identifier: Apache-2.0 */
/* The migration of a scenario, and the oracle's look at the switchover. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/trace.h"
#include "system/scenario_internal.h"
#include "system/vf_compare.h"

static const char *const method_text[] = {
	[MIGRATION_PRE_COPY] = "pre-copy",
	[MIGRATION_STOP_COPY] = "stop-copy",
	[MIGRATION_COLD] = "cold",
};

/* Who compares memory, and of which host. */
struct comparison {
	struct oracle *oracle;
	uint32_t source_host;
};

static void page_differs(void *ctx, uint64_t gpa)
{
	const struct comparison *comparison = ctx;

	oracle_page_differs(comparison->oracle, comparison->source_host, gpa);
}

static void compare_vf(struct scenario *scenario, struct host *from,
		       const struct guest_config *guest)
{
	const struct migration_config *config = scenario->cfg->migration;
	struct host *to = machine_host(scenario->machine, config->to);
	struct vf_place source = {from->nic, (uint32_t)guest->vf};
	struct vf_place destination = {to->nic, (uint32_t)config->vf};
	char text[160];
	bool equal = vf_compare(&source, &destination, text, sizeof(text));

	oracle_vf_state_compared(scenario->monitor.oracle, equal ? NULL : text);
}

static void switchover(void *ctx, struct vm *source, struct vm *destination)
{
	struct scenario *scenario = ctx;
	const struct guest_config *cfg = &scenario->cfg->guests[vm_cfg_get(source)->number];
	struct host *host = machine_host(scenario->machine, cfg->host);
	struct comparison comparison = {scenario->monitor.oracle, host->index};

	vm_compare_memory(source, destination, page_differs, &comparison);
	oracle_memory_compared(comparison.oracle, comparison.source_host,
			       vm_cfg_get(source)->ram_bytes / DRAM_PAGE_SIZE);
	compare_vf(scenario, host, cfg);
}

static struct channel *open_channel(struct scenario *scenario, struct host *from, const char *name,
				    bool pages)
{
	const struct migration_link_config *link = &scenario->cfg->machine.migration_link;
	struct channel_cfg cfg = {
		.bytes_per_s = link->rate_bps / 8,
		.latency_ps = link->latency_ps,
		.window_pages = (uint32_t)link->window_pages,
	};
	struct channel_env env = {.part = host_part(from, name)};

	env.dram = pages ? from->dram : NULL;
	env.frames = from->frames;
	return channel_create(&cfg, &env);
}

static void take_result(struct scenario *scenario)
{
	const struct migration_result *from = &scenario->migration;
	struct result_migration *to = &scenario->result->migration;

	to->happened = true;
	to->method = method_text[scenario->cfg->migration->method];
	to->begin_ps = from->begin_ps;
	to->downtime_ps = from->downtime_ps;
	to->total_ps = from->end_ps - from->begin_ps;
	to->memory_bytes = from->memory_bytes;
	to->state_bytes = from->state_bytes;
	to->rounds = MIN(from->rounds, RESULT_ROUNDS);
	for (uint32_t i = 0; i < to->rounds; i++) {
		to->round[i].number = from->round[i].number;
		to->round[i].dirty_pages = from->round[i].dirty_pages;
		to->round[i].bytes = from->round[i].bytes;
		to->round[i].begin_ps = from->round[i].begin_ps;
		to->round[i].time_ps = from->round[i].time_ps;
	}
}

static struct run_guest *moving_guest(struct scenario *scenario)
{
	uint32_t i = 0;

	while (strcmp(scenario->cfg->guests[i].name, scenario->cfg->migration->guest))
		i++;
	return &scenario->guest[i];
}

/* The destination's VMM is up before the migration begins, as a management layer has it. */
int scenario_prepare_destination(struct scenario *scenario, struct actor *self)
{
	const struct migration_config *config = scenario->cfg->migration;

	if (!config)
		return 0;
	return scenario_create_vm(scenario, self, moving_guest(scenario)->cfg,
				  machine_host(scenario->machine, config->to), config->vf,
				  &scenario->destination);
}

static int run_migration(struct scenario *scenario, struct actor *self, struct run_guest *guest,
			 struct host *to)
{
	const struct migration_config *config = scenario->cfg->migration;
	const struct timing_cfg *timing = &scenario->cfg->machine.timing;
	struct migration_cfg cfg = {
		.method = (enum migration_method)config->method,
		.max_downtime_ps = config->max_downtime_ps,
		.max_rounds = (uint32_t)config->max_rounds,
		.page_ps = timing->vmm.page_ps,
		.dirty_sync_ps = timing->vmm.dirty_sync_ps,
	};
	struct vmm_hooks hooks = {scenario, switchover};
	struct channel *forth = open_channel(scenario, guest->host, "migration", true);
	struct channel *back = open_channel(scenario, to, "migration_back", false);
	struct migration *migration = NULL;
	int rc = -ENOMEM;

	if (forth && back)
		migration = migration_create(&cfg, &hooks, guest->vm, scenario->destination, forth,
					     back);
	if (migration) {
		rc = migration_run(migration, self, &scenario->migration);
		take_result(scenario);
		migration_destroy(migration);
	}
	if (!rc) {
		guest->vm = scenario->destination;
		guest->host = to;
		guest->vf = config->vf;
	}
	if (forth)
		channel_destroy(forth);
	if (back)
		channel_destroy(back);
	return rc;
}

static void move_body(struct actor *self, void *arg)
{
	struct scenario *scenario = arg;
	const struct migration_config *config = scenario->cfg->migration;

	scenario->move_rc = run_migration(scenario, self, moving_guest(scenario),
					  machine_host(scenario->machine, config->to));
	waitq_wake(&scenario->move_waiters);
}

/* The guest's vCPUs run at the destination: the migration is over for whoever talks to it. */
void scenario_watch(void *ctx, const struct trace_event *event)
{
	struct scenario *scenario = ctx;

	if (event->kind != TRACE_VM_STATE || !scenario->mover || scenario->moved_ps ||
	    !event->arg[1] || event->part->host == moving_guest(scenario)->host->index)
		return;
	scenario->moved_ps = event->time_ps;
	waitq_wake(&scenario->move_waiters);
}

/*
 * On an actor of its own: taking the source down takes longer than the guest's
 * move, and traffic goes on meanwhile.
 */
int scenario_migrate(struct scenario *scenario, struct actor *self)
{
	const struct migration_config *config = scenario->cfg->migration;
	uint64_t at, now = sim_now(scenario->machine->sim);

	if (!config)
		return 0;
	at = scenario->up_ps + config->at_ps;
	if (at > now)
		actor_sleep(self, at - now);
	scenario_phase(scenario, "before");
	scenario->mover = actor_start(scenario->machine->sim, "migration", move_body, scenario);
	if (!scenario->mover)
		return scenario_fail(scenario, -ENOMEM, "the start of the migration");
	while (!scenario->moved_ps && !actor_finished(scenario->mover))
		actor_wait(self, &scenario->move_waiters, TIME_NEVER);
	scenario_phase(scenario, "during");
	return 0;
}

int scenario_end_migration(struct scenario *scenario, struct actor *self)
{
	char what[200];

	if (!scenario->mover)
		return 0;
	actor_join(self, scenario->mover);
	scenario->mover = NULL;
	snprintf(what, sizeof(what), "the migration (%s)",
		 scenario->migration.failed_step ? scenario->migration.failed_step : "its set-up");
	return scenario_fail(scenario, scenario->move_rc, what);
}
