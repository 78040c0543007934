/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_SEQUENCE_H
#define VFSIM_SYSTEM_SEQUENCE_H

/*
 * The sequence trace of a run: what each program asked of its kernel and what
 * its device did, line by line as the recordings have it, so that a run can be
 * replayed (traces/README.md).
 */

#include "system/run.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sequence;

/*
 * NULL with errno set when the file cannot be made. `main_program` (may be NULL)
 * is the process whose lines carry the host's name alone, on every host; those
 * of another process of the same host carry HOST.PROCESS. Without it, the first
 * process of a host is that one.
 */
struct sequence *sequence_create(const char *path, const char *main_program);
/* -EIO when something could not be written. 1: there was nothing to write, and no file is left. */
int sequence_destroy(struct sequence *sequence);

/* What listens to a run on its behalf; valid as long as it. */
struct run_listener sequence_listener(struct sequence *sequence);

#ifdef __cplusplus
}
#endif
#endif
