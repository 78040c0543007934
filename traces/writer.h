/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_WRITER_H
#define VFSIM_TRACES_WRITER_H

/*
 * Writing a sequence trace: the recordings' lines plus `host`, so that a run
 * can be read with the same tools and replayed.
 */

#include <sys/types.h>

#include "traces/call.h"
#include "traces/line.h"
#include "traces/out.h"

#ifdef __cplusplus
extern "C" {
#endif

struct trace_writer {
	struct out out;
	uint64_t lines;
};

/* -errno when the file cannot be made. */
int trace_writer_open(struct trace_writer *writer, const char *path);
/* -EIO when anything was not written. */
int trace_writer_close(struct trace_writer *writer);

/* Where and when a line happens. */
struct trace_stamp {
	uint64_t time_ps;
	const char *host;
	const char *thread;
};

/*
 * A call. `in` and `out` are taken over; `result` is the kernel's (negative
 * errno), written as ret and errno as a program sees them. `fd` -1: none.
 */
void trace_writer_call(struct trace_writer *writer, const struct trace_stamp *stamp, int fd,
		       const char *file, const char *call, json_t *in, json_t *out, int64_t result);

/* What the device did by itself. */
void trace_writer_dma(struct trace_writer *writer, const struct trace_stamp *stamp, bool is_write,
		      uint64_t iova, uint64_t len);
/* `eventfd` -1: the vector was not armed. */
void trace_writer_msix(struct trace_writer *writer, const struct trace_stamp *stamp,
		       uint32_t vector, int eventfd);

#ifdef __cplusplus
}
#endif
#endif
