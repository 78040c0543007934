/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_MIGRATION_H
#define VFSIM_HOST_MIGRATION_H

/*
 * Live migration of a VM: pre-copy rounds of memory and device state while the
 * guest runs, a decision to stop, the rest while it does not, and the guest
 * goes on at the destination. A failure before that instant leaves the guest
 * running at the source.
 */

#include "base/trace.h"
#include "host/vmm/channel.h"
#include "host/vmm/vmm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MIGRATION_MAX_ROUNDS 64

/* What a migration does, one after the other; MIGRATION's argument in the trace. */
enum migration_step {
	MIGRATION_SETUP,     /* dirty tracking on, the device into PRE_COPY */
	MIGRATION_ROUNDS,    /* while the guest runs */
	MIGRATION_STOP,      /* the guest, then the device */
	MIGRATION_REST,      /* the last round, the device's state */
	MIGRATION_HAND_OVER, /* until the destination runs */
	MIGRATION_STEP_COUNT /* over */
};

enum migration_method {
	MIGRATION_PRE_COPY,  /* device state in pre-copy too, where the device offers it */
	MIGRATION_STOP_COPY, /* memory in rounds, the device's state only after the stop */
	MIGRATION_COLD,      /* stop first, then copy everything */
};

/* "set-up"; NULL beyond the last. */
const char *migration_step_name(enum migration_step step);

/* What to do when max_rounds have not been enough. */
enum migration_policy {
	MIGRATION_SWITCH,  /* stop the guest and send what is left */
	MIGRATION_GIVE_UP, /* the guest stays where it is */
};

enum migration_outcome {
	MIGRATION_COMPLETED,
	MIGRATION_CANCELLED,
	MIGRATION_NOT_CONVERGED,
	MIGRATION_FAILED,
};

struct migration_cfg {
	enum migration_method method;
	/*
	 * Stop when sending what is left takes no longer than this at the last
	 * round's rate. As with QEMU, reading the last bitmap and switching over
	 * come on top.
	 */
	uint64_t max_downtime_ps;
	uint32_t max_rounds;        /* then on_no_convergence; at most MIGRATION_MAX_ROUNDS */
	uint64_t page_ps;           /* CPU time of looking at a page that is sent */
	uint64_t dirty_sync_ps;     /* CPU time of reading the CPU's dirty log */
	enum dirty_source tracking; /* of what the device writes */
	enum migration_policy on_no_convergence;
	uint64_t bytes_per_s; /* taken for the rate where a round took no time; 0: unbounded */
};

/* Called at the switchover: source stopped, destination complete and not yet running. */
struct vmm_hooks {
	void *ctx;
	void (*switchover)(void *ctx, struct vm *source, struct vm *destination);
};

struct migration_round {
	uint32_t number; /* 1: all pages */
	uint64_t dirty_pages, zero_pages, bytes;
	uint64_t begin_ps, time_ps;
};

struct migration_result {
	enum migration_outcome outcome;
	int error;               /* 0: completed */
	const char *failed_step; /* with an error: what was being done */
	struct migration_round round[MIGRATION_MAX_ROUNDS];
	uint32_t rounds; /* the last is the one with the guest stopped */
	bool converged;  /* stopped by max_downtime, not by max_rounds */
	uint64_t begin_ps, stop_ps, switchover_ps;
	uint64_t end_ps; /* the source has let go of its device's session */
	uint64_t
		downtime_ps; /* stop of the vCPUs at the source to their start at the destination */
	uint64_t memory_bytes;                     /* pages' bytes and headers */
	uint64_t precopy_state_bytes, state_bytes; /* device state: while running, all of it */
};

struct migration;

/* `to` carries pages, `back` what the destination answers. All are borrowed. NULL without memory.
 */
struct migration *migration_create(const struct migration_cfg *cfg, const struct vmm_hooks *hooks,
				   struct vm *source, struct vm *destination, struct channel *to,
				   struct channel *back);
void migration_destroy(struct migration *migration);

/*
 * Run it: the source on `self`, the destination on an actor of its own.
 * Returns result->error: 0, -ECANCELED, or that of the step that failed. After
 * success the source's device is closed and its process can be destroyed.
 */
int migration_run(struct migration *migration, struct actor *self, struct migration_result *result);

/* Ask a running migration to give up, from another actor. Too late after the switchover. */
void migration_cancel(struct migration *migration);

#ifdef __cplusplus
}
#endif
#endif
