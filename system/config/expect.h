/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_EXPECT_H
#define VFSIM_SYSTEM_CONFIG_EXPECT_H

#include <stdint.h>

#include "system/config/bound.h"

#ifdef __cplusplus
extern "C" {
#endif

enum expect_verdict { EXPECT_PASS, EXPECT_FAIL };

/*
 * One statement: exactly one of check, migration, packets, guest, iommu, spaces, master, wire and
 * host.
 */
struct expect_config {
	int check; /* 1 + index into the oracle's table; 0: not about a check */
	int verdict;
	uint64_t min;

	int migration; /* 1 + enum migration_outcome; 0: not about the migration */
	struct bound trips, rounds, downtime_ps;

	struct packets_expect {
		char *from, *to; /* NULL: any */
		struct bound sent, received, lost, rate_bps;
	} * packets;

	char *guest;
	char *runs_on; /* NULL: not said */
	struct bound resets, reads_cut, writes_cut, malicious;

	struct iommu_expect {
		struct bound maps, unmaps, faults, events_lost, atc_timeouts;
		struct bound page_requests, page_requests_lost;
	} * iommu;

	struct spaces_expect {
		char *guest;    /* NULL: all */
		uint64_t pasid; /* 0: all */
		struct bound used, received, strays, events;
	} * spaces;

	struct master_expect {
		char *name;
		struct bound refused, page_faults, moves, dirty_pages;
		struct bound page_requests, page_answers, kernel_answers, page_unanswered;
	} * master;

	struct wire_expect {
		struct bound frames_in, frames_out, ignored;
		struct bound damaged, duplicated, reordered, missing;
	} * wire;

	char *host;
	struct bound memory_left_bytes;
};

#ifdef __cplusplus
}
#endif
#endif
