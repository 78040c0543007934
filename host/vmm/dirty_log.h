/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_DIRTY_LOG_H
#define VFSIM_HOST_DIRTY_LOG_H

/*
 * A dirty log as KVM keeps it for a memory slot: a bit for each page, read and
 * cleared as a whole. A summary bit for each 64 words lets a read of a large
 * guest look only where something was written.
 */

#include "base/bits.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dirty_log {
	bool enabled;
	uint64_t pages;
	uint64_t *bitmap;
	uint64_t *summary;
};

/* -ENOMEM. Disabled and clean. */
int dirty_log_init(struct dirty_log *log, uint64_t pages);
void dirty_log_fini(struct dirty_log *log);

/* Enabling starts clean. */
void dirty_log_enable(struct dirty_log *log, bool enable);

static inline void dirty_log_mark(struct dirty_log *log, uint64_t page)
{
	if (!log->enabled)
		return;
	log->bitmap[page / 64] |= BIT(page % 64);
	log->summary[page / 4096] |= BIT(page / 64 % 64);
}

/* OR into `bitmap`, clear; the number of pages that were dirty. */
uint64_t dirty_log_read(struct dirty_log *log, uint64_t *bitmap);

#ifdef __cplusplus
}
#endif
#endif
