/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_IOMMU_TEST_H
#define VFSIM_UAPI_IOMMU_TEST_H

/*
 * A test module of the kernel: it gives a test master (model/master) its address
 * spaces and works on them while the master runs. It maps the windows that the
 * master accesses to pages with the master's stamps, moves single pages to other
 * frames and invalidates, reads and clears dirty bits, or answers the master's
 * page faults. A page that was moved away holds poison.
 *
 * Three kinds: stage 1 domains, one for each substream; a stage 2 domain; and
 * nested, where the module also is the guest that builds context descriptors and
 * stage 1 tables in its own memory, which a stage 2 domain maps.
 */

#include "base/actor.h"
#include "base/cpu_port.h"
#include "model/memory/frames.h"
#include "uapi/smmu-driver/smmu_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

enum iommu_test_stage { IOMMU_TEST_STAGE1, IOMMU_TEST_STAGE2, IOMMU_TEST_NESTED };

struct iommu_test_cfg {
	enum iommu_test_stage stage;
	uint32_t stream_id;
	uint32_t substreams;    /* numbered from 1; 0: none. Not with stage 2. */
	uint64_t iova;          /* of the window, in every address space */
	uint64_t window_bytes;  /* whole pages of 4 KiB */
	bool ats;               /* a guest wants it too */
	bool dirty_tracking;    /* stage 1: the guest's, if nested */
	uint64_t remap_ps;      /* mean time between two moves of a page; 0: none */
	uint64_t dirty_read_ps; /* between two reads of the dirty bits; 0: only one at the end */
	/* Pages are mapped when a stalled fault or a page request asks for them, at most so many
	 * of each address space at once; 0: all are mapped. Not nested. */
	uint32_t resident;
	bool stalls, page_requests; /* with resident: which of the two */
	uint64_t fault_ps; /* from a fault's record, or a group of requests, to its answer */
};

struct iommu_test_env {
	struct sim_part part;
	struct smmu_driver *driver;
	struct cpu_port cpu;
	struct frames *frames;
};

struct iommu_test;

/*
 * Attach the stream and map its windows, on an actor. 0; -ENOMEM, -ENOSPC; -EINVAL
 * or -EOPNOTSUPP for what the SMMU does not offer.
 */
int iommu_test_create(const struct iommu_test_cfg *cfg, const struct iommu_test_env *env,
		      struct actor *self, struct iommu_test **test);
/* Begin to work on the address spaces. -ENOMEM. */
int iommu_test_start(struct iommu_test *test, struct actor *self);
/* End it; with dirty tracking a last read. The master must be idle. */
void iommu_test_stop(struct iommu_test *test, struct actor *self);
/* Block the stream and give everything back; without a stop faults stay unanswered. */
void iommu_test_destroy(struct iommu_test *test, struct actor *self);

struct iommu_test_stats {
	uint64_t moves;
	uint64_t dirty_reads;
	uint64_t dirty_pages; /* that they reported */
	uint64_t page_faults; /* answered */
	uint64_t page_groups; /* of page requests, answered */
};
const struct iommu_test_stats *iommu_test_stats(const struct iommu_test *test);

#ifdef __cplusplus
}
#endif
#endif
