/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_CHROME_H
#define VFSIM_TRACES_CHROME_H

/*
 * Writing a timeline in Chrome's trace event format (JSON), which Perfetto
 * opens: processes that hold tracks, spans and instants on tracks, counters of
 * a process. Times are picoseconds here and whole nanoseconds in the file: both
 * ends of a span are rounded down alike, so spans that met still meet.
 *
 * On one track times must not decrease, and spans nest or follow each other;
 * the writer does not check it.
 */

#include "traces/out.h"

#ifdef __cplusplus
extern "C" {
#endif

struct chrome {
	struct out out;
	bool begun; /* an event was written: the next one needs a comma */
};

/* Where an event lies: both from 1 on, `tid` of one track only, whatever its process, and no
 * process's `pid`: that one would be the process's main thread. */
struct chrome_track {
	uint32_t pid, tid;
};

/* What an event says besides, under a key that JSON takes as it is. A list ends with a NULL key;
 * text NULL: the number. */
struct chrome_arg {
	const char *key;
	int64_t number;
	const char *text;
};

/* -errno. */
int chrome_open(struct chrome *chrome, const char *path);
/* -EIO when anything was not written. */
int chrome_close(struct chrome *chrome);

/* Names, and the place among their like. */
void chrome_process(struct chrome *chrome, uint32_t pid, const char *name, uint32_t place);
void chrome_thread(struct chrome *chrome, struct chrome_track track, const char *name,
		   uint32_t place);

/* A span by its two ends; `args` may be NULL. */
void chrome_begin(struct chrome *chrome, struct chrome_track track, uint64_t time_ps,
		  const char *name, const struct chrome_arg *args);
void chrome_end(struct chrome *chrome, struct chrome_track track, uint64_t time_ps,
		const struct chrome_arg *args);
/* A span at its end. */
void chrome_span(struct chrome *chrome, struct chrome_track track, uint64_t begin_ps,
		 uint64_t end_ps, const char *name, const struct chrome_arg *args);
void chrome_instant(struct chrome *chrome, struct chrome_track track, uint64_t time_ps,
		    const char *name, const struct chrome_arg *args);
/* From here on the counter `name` of the process is `value`. */
void chrome_counter(struct chrome *chrome, uint32_t pid, uint64_t time_ps, const char *name,
		    uint64_t value);

#ifdef __cplusplus
}
#endif
#endif
