/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_TIMELINE_H
#define VFSIM_SYSTEM_TIMELINE_H

/*
 * A run as Perfetto shows it (traces/chrome.h): hosts are processes; guests,
 * migrations, the threads of a VMM that call the kernel, VFs, queues, the
 * firmware, the PF's driver and the SMMU's walkers are tracks. What lasts is a
 * span, what happens is an instant, and levels (system/levels.h) are counters.
 */

#include "system/run.h"

#ifdef __cplusplus
extern "C" {
#endif

struct timeline;

/*
 * NULL with errno set when the file cannot be made. Levels are looked at every
 * `step_ps` at most, when something happens.
 */
struct timeline *timeline_create(const char *path, uint64_t step_ps);
/* -EIO when something could not be written, -ENOMEM when something is missing for want of memory.
 */
int timeline_destroy(struct timeline *timeline);

/* What listens to a run on its behalf; valid as long as it. */
struct run_listener timeline_listener(struct timeline *timeline);

#ifdef __cplusplus
}
#endif
#endif
