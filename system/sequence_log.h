/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_SEQUENCE_LOG_H
#define VFSIM_SYSTEM_SEQUENCE_LOG_H

/*
 * Which writes of a device are in the report of its DMA log that a program is
 * just being given? The device puts a write into its log when it sends it, and takes
 * the log before the program's call returns. A write that reaches memory during
 * the call, but was sent after the log was taken, is told by the next report: its
 * line in a sequence has to follow that of the call. Zeroed: no log.
 */

#include "base/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct logged_write {
	uint64_t iova, len;
	uint64_t late_for; /* the call whose answer does not have it; 0: none */
};

struct logged_writes {
	struct logged_write *write;
	uint32_t count, capacity;
};

struct sequence_log {
	uint64_t call;             /* number of the start or report under way, 0: none */
	uint64_t calls;            /* so far */
	bool starts;               /* it is a start */
	uint64_t taken_end;        /* the report's part below has been taken; 0: nothing yet */
	struct logged_writes sent; /* and not yet let through, oldest first */
	struct logged_writes late; /* let through, and to be written after the call */
};

void sequence_log_begin(struct sequence_log *log, bool starts);
/* The call is over: log->late may be written, and emptied. */
void sequence_log_end(struct sequence_log *log);

/* A DMA_LOGGED or DMA_LOG_TAKEN of the program's device. */
void sequence_log_event(struct sequence_log *log, const struct trace_event *event);

/* The write was let through: true if it is kept in log->late. */
bool sequence_log_write(struct sequence_log *log, uint64_t iova, uint64_t len);
/* It was refused. */
void sequence_log_refused(struct sequence_log *log, uint64_t iova, uint64_t len);
void sequence_log_release(struct sequence_log *log);

#ifdef __cplusplus
}
#endif
#endif
