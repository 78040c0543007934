/* SPDX-License-Identifier: Apache-2.0 */
/* Test masters and the kernel module that works on their address spaces. */
#include <errno.h>
#include <stdio.h>

#include "system/scenario_internal.h"

/* How long what a master has under way may take to end once it is told to stop. */
#define MASTER_STEP_PS  (10 * PS_PER_US)
#define MASTER_LIMIT_PS (10 * PS_PER_S)

int scenario_add_masters(struct scenario *scenario)
{
	for (uint32_t i = 0; i < scenario->cfg->masters_count; i++) {
		const struct master_config *config = &scenario->cfg->masters[i];
		struct run_master *run = &scenario->master[i];
		struct master_cfg cfg = {
			.stream_id = (uint32_t)config->stream,
			.substreams = (uint32_t)config->substreams,
			.iova = config->iova,
			.window_bytes = config->window_bytes,
			.access_bytes = (uint32_t)config->access_bytes,
			.outstanding = (uint32_t)config->outstanding,
			.write_percent = (uint32_t)config->write_percent,
			.stray_permille = (uint32_t)config->stray_permille,
			.interval_ps = config->interval_ps,
			.count = config->count,
			.may_stall = config->may_stall,
			.ats = config->ats,
			.atc_entries = (uint32_t)config->atc_entries,
			.ignores_invalidations = config->ignores_invalidations,
			.page_requests = (uint32_t)config->page_requests,
			.page_gather_ps = config->page_gather_ps,
			.page_retry_ps = scenario->cfg->machine.timing.nic.page_retry_ps,
		};

		run->cfg = config;
		run->host = machine_host(scenario->machine, config->host);
		run->master = machine_add_master(run->host, config->name, &cfg);
		if (!run->master)
			return -ENOMEM;
	}
	return 0;
}

static int create_test(struct run_master *run, struct actor *self)
{
	const struct master_config *config = run->cfg;
	const struct iommu_test_cfg cfg = {
		.stage = (enum iommu_test_stage)config->stage,
		.stream_id = (uint32_t)config->stream,
		.substreams = (uint32_t)config->substreams,
		.iova = config->iova,
		.window_bytes = config->window_bytes,
		.ats = config->ats,
		.dirty_tracking = config->dirty_tracking,
		.remap_ps = config->remap_ps,
		.dirty_read_ps = config->dirty_read_ps,
		.resident = (uint32_t)config->resident,
		.stalls = config->may_stall,
		.page_requests = config->page_requests != 0,
		.fault_ps = config->fault_ps,
	};
	struct iommu_test_env env = {
		.driver = run->host->smmu_driver,
		.cpu = cpu_port(run->host->cpu),
		.frames = run->host->frames,
	};
	char name[sizeof("iommu_test.") + MACHINE_MASTER_NAME];

	snprintf(name, sizeof(name), "iommu_test.%.*s", MACHINE_MASTER_NAME, config->name);
	env.part = host_part(run->host, name);
	return iommu_test_create(&cfg, &env, self, &run->test);
}

int scenario_start_masters(struct scenario *scenario, struct actor *self)
{
	uint32_t count = scenario->cfg->masters_count;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < count; i++)
		rc = create_test(&scenario->master[i], self);
	for (uint32_t i = 0; !rc && i < count; i++)
		rc = iommu_test_start(scenario->master[i].test, self);
	for (uint32_t i = 0; !rc && i < count; i++)
		master_start(scenario->master[i].master);
	return scenario_fail(scenario, rc, "the start of a test master");
}

static int wait_idle(struct run_master *run, struct actor *self)
{
	uint64_t limit = sim_now(actor_sim(self)) + MASTER_LIMIT_PS;

	while (!master_idle(run->master)) {
		if (sim_now(actor_sim(self)) >= limit)
			return -ETIMEDOUT;
		actor_sleep(self, MASTER_STEP_PS);
	}
	return 0;
}

int scenario_end_masters(struct scenario *scenario, struct actor *self)
{
	uint32_t count = scenario->cfg->masters_count;
	int rc = 0;

	for (uint32_t i = 0; i < count; i++)
		master_stop(scenario->master[i].master);
	for (uint32_t i = 0; !rc && i < count; i++)
		rc = wait_idle(&scenario->master[i], self);
	for (uint32_t i = 0; !rc && i < count; i++)
		master_pri_stop(scenario->master[i].master);
	for (uint32_t i = 0; !rc && i < count; i++)
		iommu_test_stop(scenario->master[i].test, self);
	return scenario_fail(scenario, rc, "the end of a test master's accesses");
}

static void take_result(const struct run_master *run, struct result_master *result)
{
	const struct master_stats *stats = master_stats(run->master);

	snprintf(result->name, sizeof(result->name), "%s", run->cfg->name);
	result->reads = stats->reads;
	result->writes = stats->writes;
	result->refused = stats->refused;
	result->stray = stats->stray;
	result->wrong = stats->wrong + stats->zeros;
	result->page_requests = stats->page_requests;
	result->page_groups = stats->page_groups;
	result->page_answers = stats->page_answers;
	result->page_invalid = stats->page_invalid;
	result->page_retries = stats->page_retries;
	if (!run->test)
		return;
	result->moves = iommu_test_stats(run->test)->moves;
	result->dirty_reads = iommu_test_stats(run->test)->dirty_reads;
	result->dirty_pages = iommu_test_stats(run->test)->dirty_pages;
	result->page_faults = iommu_test_stats(run->test)->page_faults;
	result->kernel_answers = iommu_test_stats(run->test)->page_groups;
}

void scenario_drop_masters(struct scenario *scenario, struct actor *self)
{
	struct run_result *result = scenario->result;

	for (uint32_t i = 0; i < scenario->cfg->masters_count; i++) {
		struct run_master *run = &scenario->master[i];

		take_result(run, &result->master[result->masters++]);
		if (run->test)
			iommu_test_destroy(run->test, self);
		run->test = NULL;
	}
}
