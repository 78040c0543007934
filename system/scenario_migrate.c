/* SPDX-License-Identifier: Apache-2.0 */
/* The moves of a scenario, and the oracle's look at each switchover. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/trace.h"
#include "system/scenario_internal.h"
#include "system/vf_compare.h"

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

static void compare_vf(const struct scenario *scenario, const struct run_guest *guest)
{
	struct vf_place source = {guest->host->nic, (uint32_t)guest->vf};
	struct vf_place destination = {scenario->to->nic, (uint32_t)scenario->to_vf};
	char text[160];
	bool equal = vf_compare(&source, &destination, text, sizeof(text));

	oracle_vf_state_compared(scenario->monitor.oracle, equal ? NULL : text);
}

static void switchover(void *ctx, struct vm *source, struct vm *destination)
{
	struct scenario *scenario = ctx;
	const struct run_guest *guest = &scenario->guest[vm_cfg_get(source)->number];
	struct comparison comparison = {scenario->monitor.oracle, guest->host->index};

	vm_compare_memory(source, destination, page_differs, &comparison);
	oracle_memory_compared(comparison.oracle, comparison.source_host,
			       vm_cfg_get(source)->ram_bytes / DRAM_PAGE_SIZE);
	compare_vf(scenario, guest);
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

static struct run_guest *moving_guest(struct scenario *scenario)
{
	return scenario_guest(scenario, scenario->cfg->migration->guest);
}

/* Earlier moves of the same run are kept. */
static void take_result(struct scenario *scenario)
{
	const struct migration_result *from = &scenario->migration;
	struct run_result *result = scenario->result;
	struct result_migration *to = &result->migration;

	if (to->happened)
		result->earlier[result->earlier_count++] = *to;
	*to = (struct result_migration){
		.happened = true,
		.from = scenario->from->name,
		.to = scenario->to->name,
		.outcome =
			from->outcome == MIGRATION_FAILED ? "failed" : outcome_names[from->outcome],
		.method = migration_method_names[scenario->cfg->migration->method],
		.begin_ps = from->begin_ps,
		.downtime_ps = from->downtime_ps,
		.total_ps = from->end_ps - from->begin_ps,
		.memory_bytes = from->memory_bytes,
		.state_bytes = from->state_bytes,
		.rounds = MIN(from->rounds, RESULT_ROUNDS),
	};
	for (uint32_t i = 0; i < to->rounds; i++) {
		to->round[i].number = from->round[i].number;
		to->round[i].dirty_pages = from->round[i].dirty_pages;
		to->round[i].bytes = from->round[i].bytes;
		to->round[i].begin_ps = from->round[i].begin_ps;
		to->round[i].time_ps = from->round[i].time_ps;
	}
}

/* A VMM that waits for the guest: where the file says, or where the guest has come from. */
static int prepare(struct scenario *scenario, struct actor *self, struct host *to, uint64_t vf)
{
	const struct guest_config *guest = moving_guest(scenario)->cfg;
	int rc = scenario_set_policy(self, guest, to, vf);

	scenario->to = to;
	scenario->to_vf = vf;
	scenario->moved_ps = 0;
	scenario->move_ended = false;
	if (rc)
		return scenario_fail(scenario, rc, "the policy of the destination's VF");
	return scenario_create_vm(scenario, self, guest, to, vf, &scenario->destination);
}

/* The destination's VMM is up before the migration begins, as a management layer has it. */
int scenario_prepare_destination(struct scenario *scenario, struct actor *self)
{
	const struct migration_config *config = scenario->cfg->migration;

	if (!config)
		return 0;
	return prepare(scenario, self, machine_host(scenario->machine, config->to), config->vf);
}

static struct migration *create_migration(struct scenario *scenario, struct run_guest *guest,
					  struct channel *forth, struct channel *back)
{
	const struct migration_config *config = scenario->cfg->migration;
	const struct timing_cfg *timing = &scenario->cfg->machine.timing;
	struct migration_cfg cfg = {
		.method = (enum migration_method)config->method,
		.on_no_convergence = (enum migration_policy)config->on_no_convergence,
		.max_downtime_ps = config->max_downtime_ps,
		.max_rounds = (uint32_t)config->max_rounds,
		.bytes_per_s = scenario->cfg->machine.migration_link.rate_bps / 8,
		.page_ps = timing->vmm.page_ps,
		.dirty_sync_ps = timing->vmm.dirty_sync_ps,
		.tracking = (enum dirty_source)config->tracking,
	};
	struct vmm_hooks hooks = {scenario, switchover};

	if (!forth || !back)
		return NULL;
	return migration_create(&cfg, &hooks, guest->vm, scenario->destination, forth, back);
}

/* Who is not needed any more: the VMM that the guest has left, or the one that it never reached. */
static void settle(struct scenario *scenario, struct actor *self, struct run_guest *guest)
{
	struct vm *left = scenario->destination;

	if (scenario->migration.outcome == MIGRATION_COMPLETED) {
		left = guest->vm;
		guest->vm = scenario->destination;
		guest->host = scenario->to;
		guest->vf = scenario->to_vf;
	}
	for (uint32_t i = 0; i < scenario->vms; i++)
		if (scenario->vm[i].vm == left)
			scenario->vm[i].vm = NULL;
	vm_destroy(left, self);
	scenario->destination = NULL;
}

static void move_body(struct actor *self, void *arg)
{
	struct scenario *scenario = arg;
	struct run_guest *guest = moving_guest(scenario);
	struct channel *forth = open_channel(scenario, scenario->from, "migration", true);
	struct channel *back = open_channel(scenario, scenario->to, "migration_back", false);

	scenario->migration =
		(struct migration_result){.outcome = MIGRATION_FAILED, .error = -ENOMEM};
	scenario->migrating = create_migration(scenario, guest, forth, back);
	if (scenario->migrating) {
		if (scenario->cfg->migration->cancel_in_round == 1)
			migration_cancel(scenario->migrating);
		migration_run(scenario->migrating, self, &scenario->migration);
		take_result(scenario);
		scenario->move_ended = true;
		waitq_wake(&scenario->move_waiters);
		migration_destroy(scenario->migrating);
		scenario->migrating = NULL;
	}
	settle(scenario, self, guest);
	if (forth)
		channel_destroy(forth);
	if (back)
		channel_destroy(back);
	waitq_wake(&scenario->move_waiters);
}

void scenario_watch_move(struct scenario *scenario, const struct trace_event *event)
{
	uint64_t cancel = scenario->cfg->migration ? scenario->cfg->migration->cancel_in_round : 0;

	if (!scenario->mover)
		return;
	/* The round before it has ended: that one begins. */
	if (event->kind == TRACE_ROUND && scenario->migrating && event->arg[1] + 1 == cancel)
		migration_cancel(scenario->migrating);
	/* The guest's vCPUs run there: the migration is over for whoever talks to it. */
	if (event->kind == TRACE_VM_STATE && !scenario->moved_ps && event->arg[1] &&
	    event->part->host == scenario->to->index &&
	    event->arg[0] == (uint64_t)(moving_guest(scenario) - scenario->guest)) {
		scenario->moved_ps = event->time_ps;
		waitq_wake(&scenario->move_waiters);
	}
}

/* For the migration's actor to come to its end. */
int scenario_end_migration(struct scenario *scenario, struct actor *self)
{
	char what[200];

	if (!scenario->mover)
		return 0;
	actor_join(self, scenario->mover);
	scenario->mover = NULL;
	if (scenario->migration.outcome != MIGRATION_FAILED)
		return 0;
	snprintf(what, sizeof(what), "the migration (%s)",
		 scenario->migration.failed_step ? scenario->migration.failed_step : "its set-up");
	return scenario_fail(scenario, scenario->migration.error, what);
}

/*
 * One move, on an actor of its own: taking the source down takes longer than
 * the guest's move, and traffic goes on meanwhile.
 */
static int move(struct scenario *scenario, struct actor *self)
{
	scenario->from = moving_guest(scenario)->host;
	scenario->from_vf = moving_guest(scenario)->vf;
	scenario->mover = actor_start(scenario->machine->sim, "migration", move_body, scenario);
	if (!scenario->mover)
		return scenario_fail(scenario, -ENOMEM, "the start of the migration");
	while (!scenario->moved_ps && !scenario->move_ended && !actor_finished(scenario->mover))
		actor_wait(self, &scenario->move_waiters, TIME_NEVER);
	scenario->move_over_ps = sim_now(scenario->machine->sim);
	scenario_phase(scenario, "during");
	return 0;
}

/* The next move leads back to where the last one came from. */
static int move_again(struct scenario *scenario, struct actor *self)
{
	int rc = scenario_end_migration(scenario, self);

	if (!rc)
		rc = prepare(scenario, self, scenario->from, scenario->from_vf);
	if (rc)
		return rc;
	scenario_sleep_until(self, scenario->move_over_ps + scenario->cfg->migration->then_ps);
	scenario_phase(scenario, "between");
	return move(scenario, self);
}

int scenario_migrate(struct scenario *scenario, struct actor *self)
{
	const struct migration_config *config = scenario->cfg->migration;
	int rc;

	if (!config)
		return 0;
	scenario_sleep_until(self, scenario->up_ps + config->at_ps);
	scenario_phase(scenario, "before");
	rc = move(scenario, self);
	for (uint64_t trip = 1; !rc && trip < config->trips && scenario->moved_ps; trip++)
		rc = move_again(scenario, self);
	return rc;
}
