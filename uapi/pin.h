/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_PIN_H
#define VFSIM_UAPI_PIN_H

/*
 * Pinning a program's memory for DMA, and counting it: what iommufd's pages and
 * type1's mappings have in common. What is counted once and what each time is theirs.
 */

#include "uapi/memory.h"

/* A stretch of pages that lies in one memory, or (memory NULL) in a device's BAR. */
struct pin_segment {
	uint64_t pages;
	struct memory *memory; /* referenced */
	uint64_t memory_page;
	uint64_t bar_pa;
};

/*
 * Find what the program has at `va`, at most `limit` pages, and hold it; its frames
 * are taken. -EFAULT (nothing there, or a BAR that does not decode), -ENOMEM.
 */
int pin_user(const struct uapi_process *process, uint64_t va, uint64_t limit,
	     struct pin_segment *segment);
/* The same of pages of a memory that the caller knows. -ENOMEM. */
int pin_memory(struct memory *memory, uint64_t page, uint64_t pages, struct pin_segment *segment);
void pin_release(struct pin_segment *segment);
/* The frames from page `index` of the segment on. */
struct uapi_run pin_run(const struct pin_segment *segment, uint64_t index);

/*
 * A user of memory that had `before` pages pinned has `after` of them now: told to the
 * process and to the host. `locked` is the counter that RLIMIT_MEMLOCK bounds, NULL
 * where nothing does. -ENOMEM: beyond the limit; giving back never fails.
 */
int pin_account(struct uapi_process *process, uint64_t *locked, uint64_t before, uint64_t after);

#endif
