/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_MASTER_H
#define VFSIM_SYSTEM_CONFIG_MASTER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A test master and what a module of the kernel does with its address spaces. */
struct master_config {
	char *name;
	char *host;
	uint64_t stream, substreams;
	int stage; /* enum iommu_test_stage */
	uint64_t iova, window_bytes, access_bytes, outstanding, write_percent, stray_permille;
	uint64_t interval_ps, count, atc_entries;
	bool ats, ignores_invalidations;
	bool may_stall, dirty_tracking;
	uint64_t remap_ps, dirty_read_ps, resident, fault_ps, page_requests, page_gather_ps;
};

#ifdef __cplusplus
}
#endif
#endif
