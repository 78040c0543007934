/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_SERVE_H
#define VFSIM_COSIM_SERVE_H

/*
 * `vfsim serve`: a machine's functions and its SMMU as vfio-user devices, until told to stop.
 *
 * Simulated time goes on with the host's clock. A guest's access takes what it takes in
 * simulated time, at once: time is then ahead, and goes on from there.
 */

#include "cosim/serve/board.h"
#include "system/config/config.h"
#include "system/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What there is to see of a machine that is served. */
struct serve_status {
	struct board *board;
	uint64_t clients; /* functions, and carriers, that somebody has */
	double busy;      /* part of the host's time that was not spent waiting, since the last */
};

struct serve_options {
	const char *path;        /* of the machine file */
	const char *const *sets; /* as for machine_load */
	uint32_t sets_count;
	enum board_arch arch;
	bool sriov;
	const char *socket_dir; /* made, mode 0700, if it is not there */
	const struct engine_ops *engine;
	/* Never sleep: a processor of the host for a shorter way. Registers that ring are memory
	 * that clients map, then (doorbells.h). */
	bool busy_poll;
	uint64_t seed;
	const volatile bool *stop; /* by a signal handler; looked at every 10 ms */
	/* As `stop`: a VFR of every VF, after which it is false again. May be NULL. */
	volatile bool *reset_vfs;
	/* All sockets are there: time to start the guest. May be NULL, as `status`. */
	void (*ready)(void *ctx, const struct serve_options *options, const struct board *board);
	void (*status)(void *ctx, const struct serve_status *status);
	void *ctx;
	struct run_listener *listeners;
	struct sim_hooks hooks;
	enum log_level log_level;
};

/*
 * 0 whatever the verdict. -EINVAL and -errno, told in `errors`: the machine file, a socket, the
 * wire's far end. Takes place within engine->enter.
 */
int serve_run(const struct serve_options *options, struct run_result *result,
	      struct config_errors *errors);

/*
 * QEMU's options for what is served, one a line, quoted for a shell; the guest's own (memory
 * that is shared, kernel, device tree) are for whoever starts it. docs/cosimulation.md.
 */
void serve_qemu_args(const struct serve_options *options, const struct board *board, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
