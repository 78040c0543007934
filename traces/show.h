/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_SHOW_H
#define VFSIM_TRACES_SHOW_H

/*
 * Lines of a recording for a person: columns of time, actor, file and call,
 * what matters of the call in the field's terms, its result.
 */

#include <stdio.h>

#include "traces/record.h"

#ifdef __cplusplus
extern "C" {
#endif

struct trace_show {
	FILE *out;
	uint32_t actor_width, file_width, call_width, detail_width; /* grow with what comes */
	FILE *detail;                                               /* writes into... */
	char *detail_text;
	size_t detail_size;
};

/* -ENOMEM. `out` is borrowed. */
int trace_show_init(struct trace_show *show, FILE *out);
void trace_show_fini(struct trace_show *show);

/* Make columns wide enough for a record that will be shown. */
void trace_show_measure(struct trace_show *show, const struct trace_record *record);
/* One line; `prefix` stands before it. */
void trace_show_line(struct trace_show *show, const char *prefix,
		     const struct trace_record *record);

/* What a record says, without columns: "fixed: 0x0-0xfff (4 KiB)". */
void trace_show_detail(FILE *out, const struct trace_record *record);

/* An actor's name as the column has it: "source/vmm", "main", "smmu". */
void trace_show_actor(char *text, size_t size, const struct trace_record *record);

/* A text of a file: control characters do not reach the terminal. */
void trace_show_text(FILE *out, const char *text, size_t len);

#ifdef __cplusplus
}
#endif
#endif
