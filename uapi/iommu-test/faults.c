/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page faults: the event queue's thread leaves a record here, or the page request
 * queue's a group of pages, and some time later the page is mapped and its access
 * resumed, or the pages are and the group answered. Where too many pages are mapped
 * already, another one goes first, out of TLB and device before the answer. What
 * lies beyond the window is aborted, or makes its group invalid.
 */
#include <errno.h>

#include "uapi/iommu-test/iommu_test_internal.h"

static struct test_fault *add(struct iommu_test *test)
{
	struct test_faults *faults = &test->faults;
	struct test_fault *fault = &faults->fault[faults->head++ % TEST_FAULTS];

	sim_assert(&test->env.part, faults->head - faults->tail <= TEST_FAULTS);
	fault->due_ps = sim_now(test->env.part.sim) + test->cfg.fault_ps;
	waitq_wake(&faults->waiters);
	return fault;
}

static bool take(void *ctx, const uint64_t record[4])
{
	struct iommu_test *test = ctx;
	struct test_fault *fault;

	if (!(record[1] & EVENT1_STALL) || test->abandoned)
		return false;
	fault = add(test);
	fault->stalled = true;
	memcpy(fault->record, record, sizeof(fault->record));
	return true;
}

static bool take_pages(void *ctx, const struct smmu_page_group *group)
{
	struct iommu_test *test = ctx;
	struct test_fault *fault;

	if (test->abandoned)
		return false;
	fault = add(test);
	fault->stalled = false;
	fault->group = *group;
	return true;
}

static struct test_space *space_of(struct iommu_test *test, bool has_pasid, uint64_t pasid)
{
	if (has_pasid != (test->cfg.substreams != 0))
		return NULL;
	if (!has_pasid)
		return &test->space[0];
	return pasid && pasid <= test->spaces ? &test->space[pasid - 1] : NULL;
}

static void make_room(struct iommu_test *test, struct actor *self, struct test_space *space)
{
	uint64_t page = rng_below(&test->rng, test->pages);

	if (space->resident < test->cfg.resident)
		return;
	while (!space->page[page])
		page = (page + 1) % test->pages;
	test_page_unmap(test, self, space, page);
}

/* -ENOENT: there is no such page; -ENOMEM. */
static int bring(struct iommu_test *test, struct actor *self, struct test_space *space,
		 uint64_t iova)
{
	uint64_t page = (iova - test->cfg.iova) / PAGE_BYTES;

	if (!space || iova < test->cfg.iova || page >= test->pages)
		return -ENOENT;
	if (space->page[page]) /* another fault has brought it */
		return 0;
	make_room(test, self, space);
	return test_page_map(test, self, space, page);
}

static void resume(struct iommu_test *test, struct actor *self, const uint64_t record[EVENT_WORDS])
{
	struct test_space *space =
		space_of(test, record[0] & EVENT0_SSV, field_get(EVENT0_SUBSTREAMID, record[0]));

	test->stats.page_faults++;
	smmu_driver_resume(test->env.driver, self, record, !bring(test, self, space, record[2]));
}

/* As Linux's iommu_sva_iopf_handler: the first page that cannot be had ends it. */
static void answer_group(struct iommu_test *test, struct actor *self,
			 const struct smmu_page_group *group)
{
	struct test_space *space = space_of(test, group->has_pasid, group->pasid);
	enum smmu_page_answer answer = SMMU_PAGES_SUCCESS;
	int err = 0;

	for (uint32_t i = 0; i < group->pages && !err; i++)
		err = bring(test, self, space, group->page[i].iova);
	if (err)
		answer = err == -ENOENT ? SMMU_PAGES_INVALID : SMMU_PAGES_FAILURE;
	test->stats.page_groups++;
	smmu_driver_answer_pages(test->env.driver, self, group, answer);
}

static void answer(struct iommu_test *test, struct actor *self)
{
	struct test_faults *faults = &test->faults;
	const struct test_fault fault = faults->fault[faults->tail % TEST_FAULTS];
	uint64_t now = sim_now(test->env.part.sim);

	if (fault.due_ps > now)
		actor_sleep(self, fault.due_ps - now);
	faults->tail++;
	if (fault.stalled)
		resume(test, self, fault.record);
	else
		answer_group(test, self, &fault.group);
}

static void body(struct actor *self, void *arg)
{
	struct iommu_test *test = arg;
	struct test_faults *faults = &test->faults;

	for (;;) {
		while (faults->tail != faults->head && !test->abandoned)
			answer(test, self);
		if (test->stopping)
			return;
		actor_wait(self, &faults->waiters, TIME_NEVER);
	}
}

int test_faults_begin(struct iommu_test *test, struct actor *self)
{
	const struct iommu_test_cfg *cfg = &test->cfg;
	const struct smmu_fault_handler handler = {
		.ctx = test,
		.fault = take,
		.pages = cfg->page_requests ? take_pages : NULL,
	};

	if (!cfg->resident)
		return 0;
	return smmu_driver_handle_faults(test->env.driver, self, cfg->stream_id, &handler,
					 cfg->stalls);
}

void test_faults_end(struct iommu_test *test, struct actor *self)
{
	const struct smmu_fault_handler nobody = {0};

	if (test->cfg.resident)
		smmu_driver_handle_faults(test->env.driver, self, test->cfg.stream_id, &nobody,
					  false);
}

void test_faults_start(struct iommu_test *test)
{
	if (!test->cfg.resident)
		return;
	test->faults.actor = actor_start(test->env.part.sim, test->env.part.name, body, test);
	sim_assert(&test->env.part, test->faults.actor);
}

void test_faults_stop(struct iommu_test *test, struct actor *self)
{
	if (!test->faults.actor)
		return;
	waitq_wake(&test->faults.waiters);
	actor_join(self, test->faults.actor);
	test->faults.actor = NULL;
}
