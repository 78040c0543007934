/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_H
#define VFSIM_SYSTEM_REPLAY_H

/*
 * Replaying a recording, of which there are two kinds: of drivers
 * (driver/driver_replay.h), and sequence traces: each program of the file runs as a process on its
 * host's kernel, with a device that does what the recorded one did; every
 * answer is compared, and the oracle judges as in any run. docs/replay.md.
 */

#include "system/run.h"

#ifdef __cplusplus
extern "C" {
#endif

struct replay_options {
	const char *path;
	/* The destination's recording where `path` is its source's: a pair. NULL: none. */
	const char *destination_path;
	/* NULL: recorded-device.yaml (recorded-drivers.yaml) beside the file, else vfsim's. */
	const char *machine_path;
	/* NULL: accept.yaml (accept-drivers.yaml) beside the file, else vfsim's. */
	const char *accept_path;
	uint64_t seed;
	const struct engine_ops *engine;
	struct run_listener *listeners;
	struct sim_hooks hooks;
	enum log_level log_level;
};

/*
 * 0 whatever the verdict: result->passed, and the first difference as
 * "FILE:LINE: …" in result->error. -EINVAL when a file is not what it should
 * be, told in `errors`; -ENOMEM.
 */
int replay_run(const struct replay_options *options, struct run_result *result,
	       struct config_errors *errors);

#ifdef __cplusplus
}
#endif
#endif
