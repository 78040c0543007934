/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_ORACLE_CHECKS_H
#define VFSIM_SYSTEM_ORACLE_CHECKS_H

/*
 * The oracle's checks, by number and name.
 */

#ifdef __cplusplus
extern "C" {
#endif

enum oracle_check_id {
	CHECK_LOST_PAGE,
	CHECK_MEMORY_EQUAL,
	CHECK_VF_STATE_EQUAL,
	CHECK_DMA_ISOLATION,
	CHECK_PACKETS,
	CHECK_INTERRUPTS,
	CHECK_STATE_MACHINES,
	CHECK_SMMU_QUEUES,
	CHECK_MASTER_DATA,
	CHECK_PAGE_REQUESTS,
	CHECK_STATISTICS,
	CHECK_LEAKS,
	CHECK_COUNT,
};

/* In the order of enum oracle_check_id, NULL at the end. */
extern const char *const oracle_check_names[];

#ifdef __cplusplus
}
#endif
#endif
