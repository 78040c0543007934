/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_MACHINE_STATS_H
#define VFSIM_SYSTEM_MACHINE_STATS_H

#include "base/stats.h"
#include "system/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What every part of the machine has counted so far, host by host. -ENOMEM. */
int machine_collect_stats(const struct machine *machine, struct stats *stats);

#ifdef __cplusplus
}
#endif
#endif
