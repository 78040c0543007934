/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page faults: the event queue's thread leaves a record here, and some time later
 * the page is mapped and its access resumed. Where too many pages are mapped
 * already, another one goes first. What lies beyond the window is aborted.
 */
#include <errno.h>

#include "uapi/iommu-test/iommu_test_internal.h"

static bool take(void *ctx, const uint64_t record[4])
{
	struct iommu_test *test = ctx;
	struct test_faults *faults = &test->faults;
	uint32_t at = faults->head % TEST_FAULTS;

	if (!(record[1] & EVENT1_STALL))
		return false;
	sim_assert(&test->env.part, faults->head - faults->tail < TEST_FAULTS);
	memcpy(faults->record[at], record, sizeof(faults->record[at]));
	faults->due_ps[at] = sim_now(test->env.part.sim) + test->cfg.fault_ps;
	faults->head++;
	waitq_wake(&faults->waiters);
	return true;
}

static struct test_space *space_of(struct iommu_test *test, const uint64_t record[EVENT_WORDS])
{
	uint64_t pasid = field_get(EVENT0_SUBSTREAMID, record[0]);
	bool has_pasid = record[0] & EVENT0_SSV;

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

/* False: there is no such page. */
static bool bring(struct iommu_test *test, struct actor *self, const uint64_t record[EVENT_WORDS])
{
	struct test_space *space = space_of(test, record);
	uint64_t page = (record[2] - test->cfg.iova) / PAGE_BYTES;

	if (!space || record[2] < test->cfg.iova || page >= test->pages)
		return false;
	if (space->page[page]) /* another fault has brought it */
		return true;
	make_room(test, self, space);
	return !test_page_map(test, self, space, page);
}

static void answer(struct iommu_test *test, struct actor *self)
{
	struct test_faults *faults = &test->faults;
	uint32_t at = faults->tail % TEST_FAULTS;
	uint64_t now = sim_now(test->env.part.sim), record[EVENT_WORDS];

	if (faults->due_ps[at] > now)
		actor_sleep(self, faults->due_ps[at] - now);
	memcpy(record, faults->record[at], sizeof(record));
	faults->tail++;
	test->stats.page_faults++;
	smmu_driver_resume(test->env.driver, self, record, bring(test, self, record));
}

static void body(struct actor *self, void *arg)
{
	struct iommu_test *test = arg;
	struct test_faults *faults = &test->faults;

	for (;;) {
		while (faults->tail != faults->head)
			answer(test, self);
		if (test->stopping)
			return;
		actor_wait(self, &faults->waiters, TIME_NEVER);
	}
}

int test_faults_begin(struct iommu_test *test, struct actor *self)
{
	const struct smmu_fault_handler handler = {.ctx = test, .fault = take};

	if (!test->cfg.resident)
		return 0;
	return smmu_driver_handle_faults(test->env.driver, self, test->cfg.stream_id, &handler,
					 true);
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
