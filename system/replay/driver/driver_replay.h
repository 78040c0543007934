/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_DRIVER_REPLAY_H
#define VFSIM_SYSTEM_REPLAY_DRIVER_REPLAY_H

/*
 * Replaying a recording of drivers: each access that a stock kernel made is made
 * on our SMMU and our VF, with memory as it was; what our hardware then does is
 * compared with what the recorded hardware did. docs/replay.md.
 */

#include "system/replay/replay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As replay_run, which calls it for such a file. */
int driver_replay_run(const struct replay_options *options, struct run_result *result,
		      struct config_errors *errors);

#ifdef __cplusplus
}
#endif
#endif
