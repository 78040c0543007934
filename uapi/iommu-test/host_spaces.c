/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces that the kernel itself maps: stage 1 with or without substreams, or stage 2. */
#include <errno.h>

#include "uapi/iommu-test/iommu_test_internal.h"

static int map_frame(struct iommu_test *test, struct actor *self, struct test_space *space,
		     uint64_t page)
{
	return smmu_domain_map(space->domain, self, test_iova(test, page), space->page[page],
			       PAGE_BYTES, SMMU_PROT_READ | SMMU_PROT_WRITE);
}

int test_page_map(struct iommu_test *test, struct actor *self, struct test_space *space,
		  uint64_t page)
{
	space->page[page] = test_frame_alloc(test);
	if (!space->page[page])
		return -ENOMEM;
	test_page_stamp(test, space->page[page], space->stamp_space, test_iova(test, page));
	space->resident++;
	return map_frame(test, self, space, page);
}

void test_page_unmap(struct iommu_test *test, struct actor *self, struct test_space *space,
		     uint64_t page)
{
	smmu_domain_unmap(space->domain, self, test_iova(test, page), PAGE_BYTES);
	test_page_poison(test, space->page[page]);
	test_frame_free(test, space->page[page]);
	space->page[page] = 0;
	space->resident--;
}

static int fill_space(struct iommu_test *test, struct actor *self, struct test_space *space)
{
	int err = 0;

	for (uint64_t page = 0; !test->cfg.resident && page < test->pages && !err; page++)
		err = test_page_map(test, self, space, page);
	return err;
}

static int alloc_domain(struct iommu_test *test, struct smmu_domain **domain)
{
	if (test->cfg.stage == IOMMU_TEST_STAGE2)
		return smmu_domain_alloc_stage2(test->env.driver, test->cfg.dirty_tracking, domain);
	return smmu_domain_alloc(test->env.driver, test->cfg.dirty_tracking, domain);
}

static int attach(struct iommu_test *test, struct actor *self, struct test_space *space)
{
	uint32_t stream = test->cfg.stream_id;

	if (!space->pasid)
		return smmu_domain_attach(space->domain, self, stream);
	return smmu_domain_attach_pasid(space->domain, self, stream, space->pasid, false);
}

static int setup(struct iommu_test *test, struct actor *self)
{
	int err = test_faults_begin(test, self);

	if (!err && test->cfg.substreams) {
		err = alloc_domain(test, &test->bare);
		if (!err)
			err = smmu_domain_attach(test->bare, self, test->cfg.stream_id);
	}
	for (uint32_t i = 0; !err && i < test->spaces; i++) {
		struct test_space *space = &test->space[i];

		err = alloc_domain(test, &space->domain);
		if (err)
			break;
		space->table = smmu_domain_id(space->domain);
		err = fill_space(test, self, space);
		if (!err)
			err = attach(test, self, space);
	}
	return err;
}

static void teardown(struct iommu_test *test, struct actor *self)
{
	for (uint32_t i = 0; i < test->spaces; i++) {
		struct test_space *space = &test->space[i];

		for (uint64_t page = 0; space->page && page < test->pages; page++)
			if (space->page[page])
				test_page_unmap(test, self, space, page);
		smmu_domain_free(space->domain, self);
	}
	smmu_domain_free(test->bare, self);
}

static void move(struct iommu_test *test, struct actor *self, struct test_space *space,
		 uint64_t page)
{
	int err;

	test_page_unmap(test, self, space, page);
	err = test_page_map(test, self, space, page);
	sim_assert(&test->env.part, !err);
}

struct found {
	const struct iommu_test *test;
	uint64_t *bits;
};

static void set_bits(void *ctx, uint64_t iova, uint64_t len)
{
	const struct found *found = ctx;
	uint64_t first = (iova - found->test->cfg.iova) / PAGE_BYTES;

	for (uint64_t page = first; page < first + len / PAGE_BYTES; page++)
		found->bits[page / 64] |= BIT(page % 64);
}

static uint64_t read_dirty(struct iommu_test *test, struct actor *self, struct test_space *space,
			   uint64_t *bits)
{
	struct found found = {test, bits};
	uint64_t begin_ps = 0;
	int err =
		smmu_domain_read_dirty(space->domain, self, test->cfg.iova, test->cfg.window_bytes,
				       false, set_bits, &found, &begin_ps);

	sim_assert(&test->env.part, !err);
	return begin_ps;
}

const struct test_kind test_kind_host = {setup, teardown, move, read_dirty};
