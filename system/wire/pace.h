/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_PACE_H
#define VFSIM_SYSTEM_PACE_H

/*
 * A run that follows the host's clock, because something outside of it does: no
 * event fires before its time has come there too. Not deterministic: what comes from
 * outside comes when it comes.
 */

#include "model/wire/backend.h"
#include "system/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The host's clock, from some time on. */
uint64_t pace_clock_ps(void);

/* Whatever is due by `time_ps`, and the time itself, unless *stop. */
void pace_run_until(struct sim *sim, const struct engine_ops *ops, struct engine *engine,
		    uint64_t time_ps, const bool *stop);

/* As ops->run of the native engine, at the pace of the host's clock from now on. */
void pace_run(struct sim *sim, const struct engine_ops *ops, struct engine *engine,
	      struct wire_backend *outside, uint64_t until_ps, const bool *stop);

#ifdef __cplusplus
}
#endif
#endif
