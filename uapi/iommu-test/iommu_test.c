/* SPDX-License-Identifier: Apache-2.0 */
/* Creation, the actors that work meanwhile, and pages of memory. */
#include "uapi/iommu-test/iommu_test.h"

#include <errno.h>
#include <stdlib.h>

#include "uapi/iommu-test/iommu_test_internal.h"

#define POISON 0x5a

void test_page_stamp(const struct iommu_test *test, uint64_t pa, uint64_t stamp_space,
		     uint64_t iova)
{
	const struct cpu_port *cpu = &test->env.cpu;
	uint8_t bytes[PAGE_BYTES];

	for (uint32_t at = 0; at < PAGE_BYTES; at += 8)
		le64_put(bytes + at, master_stamp(stamp_space, iova + at));
	cpu->ops->memory_write(cpu->ctx, pa, bytes, sizeof(bytes));
}

void test_page_poison(const struct iommu_test *test, uint64_t pa)
{
	const struct cpu_port *cpu = &test->env.cpu;
	uint8_t bytes[PAGE_BYTES];

	memset(bytes, POISON, sizeof(bytes));
	cpu->ops->memory_write(cpu->ctx, pa, bytes, sizeof(bytes));
}

uint64_t test_frame_alloc(const struct iommu_test *test)
{
	return frames_alloc(test->env.frames, 1, PAGE_BYTES);
}

void test_frame_free(const struct iommu_test *test, uint64_t pa)
{
	if (pa)
		frames_free(test->env.frames, pa, 1);
}

/* ---- what goes on while the master runs ---- */

static void mover_body(struct actor *self, void *arg)
{
	struct iommu_test *test = arg;

	for (;;) {
		struct test_space *space;

		actor_sleep(self, rng_exponential(&test->rng, test->cfg.remap_ps));
		if (test->stopping)
			return;
		space = &test->space[rng_below(&test->rng, test->spaces)];
		test->kind->move(test, self, space, rng_below(&test->rng, test->pages));
		test->stats.moves++;
	}
}

/* Read what is dirty of a space, and tell of it; `tell` no: nobody has asked yet. */
static void read_space(struct iommu_test *test, struct actor *self, struct test_space *space,
		       bool tell)
{
	uint64_t words = (test->pages + 63) / 64;
	uint64_t *bits = calloc(words, sizeof(bits[0]));
	uint64_t begin_ps;

	sim_assert(&test->env.part, bits);
	begin_ps = test->kind->read_dirty(test, self, space, bits);
	for (uint64_t i = 0; tell && i < words; i++)
		test->stats.dirty_pages += (uint64_t)__builtin_popcountll(bits[i]);
	if (tell)
		trace_emit_data(&test->env.part, TRACE_DIRTY_READ, bits,
				(uint32_t)(words * sizeof(bits[0])),
				(const uint64_t[TRACE_ARGS]){space->table, test->cfg.iova,
							     test->cfg.window_bytes, PAGE_BYTES,
							     begin_ps, true});
	free(bits);
}

static void read_all(struct iommu_test *test, struct actor *self)
{
	for (uint32_t i = 0; i < test->spaces; i++)
		read_space(test, self, &test->space[i], true);
	test->stats.dirty_reads++;
}

static void reader_body(struct actor *self, void *arg)
{
	struct iommu_test *test = arg;

	for (;;) {
		actor_sleep(self, test->cfg.dirty_read_ps);
		if (test->stopping)
			return;
		read_all(test, self);
	}
}

static void track(struct iommu_test *test, struct actor *self, bool on)
{
	for (uint32_t i = 0; test->cfg.dirty_tracking && i < test->spaces; i++) {
		if (on)
			read_space(test, self, &test->space[i], false);
		trace_emit(&test->env.part, TRACE_DIRTY_TRACKING, test->space[i].table, on,
			   DIRTY_HTTU);
	}
}

int iommu_test_start(struct iommu_test *test, struct actor *self)
{
	struct sim *sim = test->env.part.sim;

	track(test, self, true);
	test_faults_start(test);
	if (test->cfg.remap_ps) {
		test->mover = actor_start(sim, test->env.part.name, mover_body, test);
		if (!test->mover)
			return -ENOMEM;
	}
	if (test->cfg.dirty_tracking && test->cfg.dirty_read_ps) {
		test->reader = actor_start(sim, test->env.part.name, reader_body, test);
		if (!test->reader)
			return -ENOMEM;
	}
	return 0;
}

static void join_all(struct iommu_test *test, struct actor *self)
{
	test->stopping = true;
	if (test->mover)
		actor_join(self, test->mover);
	if (test->reader)
		actor_join(self, test->reader);
	test->mover = test->reader = NULL;
	test_faults_stop(test, self);
}

void iommu_test_stop(struct iommu_test *test, struct actor *self)
{
	join_all(test, self);
	if (test->cfg.dirty_tracking)
		read_all(test, self);
	track(test, self, false);
}

const struct iommu_test_stats *iommu_test_stats(const struct iommu_test *test)
{
	return &test->stats;
}

/* ---- creation ---- */

static int make_spaces(struct iommu_test *test)
{
	const struct iommu_test_cfg *cfg = &test->cfg;

	test->pages = cfg->window_bytes / PAGE_BYTES;
	test->spaces = cfg->substreams ? cfg->substreams : 1;
	test->space = calloc(test->spaces, sizeof(test->space[0]));
	for (uint32_t i = 0; test->space && i < test->spaces; i++) {
		struct test_space *space = &test->space[i];

		space->pasid = cfg->substreams ? i + 1 : 0;
		space->stamp_space = master_space(cfg->stream_id, space->pasid, space->pasid != 0);
		space->page = calloc(test->pages, sizeof(space->page[0]));
		if (!space->page)
			return -ENOMEM;
	}
	return test->space ? 0 : -ENOMEM;
}

int iommu_test_create(const struct iommu_test_cfg *cfg, const struct iommu_test_env *env,
		      struct actor *self, struct iommu_test **made)
{
	struct iommu_test *test = calloc(1, sizeof(*test));
	int err;

	if (!test)
		return -ENOMEM;
	test->cfg = *cfg;
	test->env = *env;
	test->kind = cfg->stage == IOMMU_TEST_NESTED ? &test_kind_nested : &test_kind_host;
	rng_init(&test->rng, env->part.sim->seed, env->part.name);
	err = make_spaces(test);
	if (!err)
		err = test->kind->setup(test, self);
	if (err)
		iommu_test_destroy(test, self);
	else
		*made = test;
	return err;
}

void iommu_test_destroy(struct iommu_test *test, struct actor *self)
{
	/* Not stopped when a run fails: nothing may work on the spaces while they go. */
	test->abandoned = true;
	join_all(test, self);
	for (uint32_t i = 0; test->cfg.substreams && i < test->spaces; i++)
		smmu_driver_detach_pasid(test->env.driver, self, test->cfg.stream_id, i + 1);
	smmu_driver_attach_blocked(test->env.driver, self, test->cfg.stream_id);
	test_faults_end(test, self);
	test->kind->teardown(test, self);
	for (uint32_t i = 0; test->space && i < test->spaces; i++)
		free(test->space[i].page);
	free(test->space);
	free(test);
}
