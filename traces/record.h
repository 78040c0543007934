/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_RECORD_H
#define VFSIM_TRACES_RECORD_H

/*
 * A line of either kind of recording, as much as showing and comparing files
 * need of it: a sequence trace's (a call, or what the device did) or a driver
 * trace's (an access, a command, memory). It points into the line.
 */

#include "traces/scan.h"
#include "traces/text.h"

#ifdef __cplusplus
extern "C" {
#endif

struct trace_record {
	uint32_t number; /* of the line */
	const struct trace_tokens *tokens;
	const struct trace_token *root;
	uint64_t t_us;
	bool is_driver;
	bool is_device; /* of a sequence trace: no call */

	/* NULL where a line has none. */
	const struct trace_token *host;   /* a driver trace: `function` */
	const struct trace_token *thread; /* a name or a number */
	const struct trace_token *file;
	const struct trace_token *call; /* `call`; of the device `event`; of a driver `kind` */
	const struct trace_token *in, *out, *ret, *error;
};

/*
 * Look at a line; `tokens` are used for it and must live as long. NULL, or what
 * was expected; a column that is not 0 says where.
 */
const char *trace_record_read(struct trace_record *record, struct trace_tokens *tokens,
			      const struct trace_text_line *line, size_t *column);

/* Such a complaint as a reader is told it: "FILE:LINE: expected …". */
void trace_record_complain(const char *path, const struct trace_text_line *line,
			   const char *expected, size_t column, char *error, size_t error_size);

/* The feature of a VFIO_DEVICE_FEATURE; NULL: none. */
const struct trace_token *trace_record_feature(const struct trace_record *record);

/* Of which lines: a glob each, any of which may match. */
struct trace_globs {
	const char *const *glob;
	uint32_t count;
};
/*
 * `actors` match host, thread, HOST/THREAD, file, function, or the word `device`
 * for what the device did; `calls` match the call, event or kind, or a feature's
 * name. An empty list matches all.
 */
bool trace_record_matches(const struct trace_record *record, const struct trace_globs *actors,
			  const struct trace_globs *calls);

#ifdef __cplusplus
}
#endif
#endif
