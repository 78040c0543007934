/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_IOMMU_TEST_INTERNAL_H
#define VFSIM_UAPI_IOMMU_TEST_INTERNAL_H

#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"
#include "iommu/smmu_format.h"
#include "model/master/stamp_format.h"
#include "uapi/iommu-test/iommu_test.h"

#define PAGE_SHIFT 12u
#define PAGE_BYTES (1u << PAGE_SHIFT)

/* An address space of the master: its window, page by page. */
struct test_space {
	uint64_t stamp_space;
	uint32_t pasid;             /* 0: none */
	uint64_t table;             /* as trace events call it */
	struct smmu_domain *domain; /* NULL: the guest's */
	uint64_t *page;             /* where each page is: physical, or the guest's; 0: nowhere */
	uint32_t resident;
};

/* Memory of the guest of a nested stream, and what lies in it (guest.c). */
struct test_guest {
	struct smmu_domain *parent;
	uint64_t *frame; /* of each page from GUEST_BASE on */
	uint64_t pages, used;
	uint64_t cds; /* its context descriptors */
	uint8_t cd_bits;
	uint64_t *root; /* stage 1 table of each space */
	uint64_t spare; /* a page for the next move */
};

#define TEST_FAULTS 1024u /* more than stall and wait for pages at once */

/* An access that stalls, or pages that a device asks for. */
struct test_fault {
	uint64_t due_ps;
	bool stalled;
	uint64_t record[EVENT_WORDS];
	struct smmu_page_group group;
};

/* Page faults that wait for their answer (faults.c). */
struct test_faults {
	struct test_fault fault[TEST_FAULTS];
	uint32_t head, tail;
	struct actor *actor;
	struct waitq waiters;
};

struct iommu_test {
	struct iommu_test_cfg cfg;
	struct iommu_test_env env;
	const struct test_kind *kind;
	struct rng rng;
	uint64_t pages; /* of a window */
	struct test_space *space;
	uint32_t spaces;
	struct smmu_domain *bare; /* with substreams: what other accesses go to, empty */
	struct test_guest guest;

	struct test_faults faults;
	bool stopping;
	bool abandoned; /* with faults that nobody answers any more */
	struct actor *mover, *reader;
	struct iommu_test_stats stats;
};

/* What the kinds do differently. */
struct test_kind {
	int (*setup)(struct iommu_test *test, struct actor *self);
	void (*teardown)(struct iommu_test *test, struct actor *self);
	/* Move a page of a space, or of the guest's memory, to another frame. */
	void (*move)(struct iommu_test *test, struct actor *self, struct test_space *space,
		     uint64_t page);
	/* Set a bit for each dirty page and clean it; when they were looked at. */
	uint64_t (*read_dirty)(struct iommu_test *test, struct actor *self,
			       struct test_space *space, uint64_t *bits);
};

extern const struct test_kind test_kind_host, test_kind_nested;

/* faults.c */
int test_faults_begin(struct iommu_test *test, struct actor *self);
void test_faults_start(struct iommu_test *test);
/* Nobody is told any more. */
void test_faults_end(struct iommu_test *test, struct actor *self);
void test_faults_stop(struct iommu_test *test, struct actor *self);
/* Map the page, or take it away, host_spaces.c. */
int test_page_map(struct iommu_test *test, struct actor *self, struct test_space *space,
		  uint64_t page);
void test_page_unmap(struct iommu_test *test, struct actor *self, struct test_space *space,
		     uint64_t page);

/* Whole pages of memory (iommu_test.c). */
void test_page_stamp(const struct iommu_test *test, uint64_t pa, uint64_t stamp_space,
		     uint64_t iova);
void test_page_poison(const struct iommu_test *test, uint64_t pa);
uint64_t test_frame_alloc(const struct iommu_test *test);
void test_frame_free(const struct iommu_test *test, uint64_t pa);

static inline uint64_t test_iova(const struct iommu_test *test, uint64_t page)
{
	return test->cfg.iova + page * PAGE_BYTES;
}

#endif
