/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_TEXT_H
#define VFSIM_TRACES_TEXT_H

/*
 * A file of lines as one text in memory, for readers that go through it once:
 * mapped where it can be, unpacked where it is compressed (zstd).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct trace_text {
	const char *path; /* borrowed */
	char *bytes;
	size_t size;
	bool is_mapped;
};

/* -errno, -EINVAL for what is no zstd inside; *error is "FILE…: what". */
int trace_text_open(struct trace_text *text, const char *path, char *error, size_t error_size);
void trace_text_close(struct trace_text *text);

/* A line without its end; number from 1. Begin with zeros. */
struct trace_text_line {
	const char *at;
	size_t len;
	uint32_t number;
	size_t next; /* where the next one begins */
};

/* The next line that is not blank. False at the end. */
bool trace_text_next(const struct trace_text *text, struct trace_text_line *line);

#ifdef __cplusplus
}
#endif
#endif
