/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_DIFF_H
#define VFSIM_TRACES_DIFF_H

/*
 * What differs between two recordings of one kind: the lines of each actor of
 * one are aligned with those of the same actor of the other, without regard to
 * what is free in a comparison (docs/replay.md).
 */

#include <stdio.h>

#include "traces/record.h"

#ifdef __cplusplus
extern "C" {
#endif

struct trace_diff_options {
	const char *path[2];
	struct trace_globs actors, calls; /* only lines that match are compared */
	uint32_t context;                 /* lines that are shown before and after */
};

/*
 * Compare; tell on `out`. *differences is how many there are. -EINVAL or -errno
 * for a file that is refused, *error is "FILE:LINE: …"; -ENOMEM.
 */
int trace_diff(const struct trace_diff_options *options, FILE *out, uint64_t *differences,
	       char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
#endif
