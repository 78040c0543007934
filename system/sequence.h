/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_SEQUENCE_H
#define VFSIM_SYSTEM_SEQUENCE_H

/*
 * The sequence trace of a run: what each program asked of its kernel and what
 * its device did, line by line as the recordings have it, so that a run can be
 * replayed (traces/README.md).
 */

#include "base/trace.h"
#include "uapi/uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sequence;

/* NULL with errno set when the file cannot be made. */
struct sequence *sequence_create(struct sim *sim, const char *path);
/* -EIO when something could not be written. */
int sequence_destroy(struct sequence *sequence);

/*
 * Write the calls of `process` as those of `host`, and the DMA and interrupts of
 * stream `stream_id` of host number `host_index` as its device's. -ENOMEM.
 */
int sequence_add(struct sequence *sequence, struct uapi_process *process, const char *host,
		 uint32_t host_index, uint32_t stream_id);

/* A trace sink. */
void sequence_trace(struct sequence *sequence, const struct trace_event *event);

#ifdef __cplusplus
}
#endif
#endif
