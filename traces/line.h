/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_LINE_H
#define VFSIM_TRACES_LINE_H

/*
 * One line of a sequence trace: a uAPI call with its fields before and after,
 * or something that the device did. traces/README.md describes the format.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum trace_device_event { TRACE_EVENT_DMA_READ, TRACE_EVENT_DMA_WRITE, TRACE_EVENT_MSIX };

struct trace_line {
	uint32_t number;  /* in the file, from 1 */
	json_t *json;     /* owns what the members below point into */
	const char *host; /* "" where the file has none */
	uint64_t t_us;
	const char *thread;
	const char *call;

	/* A call. */
	int64_t fd; /* -1: none */
	const char *file;
	json_t *in;
	json_t *out;
	int64_t ret;
	int error; /* errno, 0: none is named */

	/* A device event: call is "device". */
	bool is_device;
	enum trace_device_event event;
	uint64_t iova;
	uint64_t len;
	uint32_t vector;
	int64_t eventfd; /* -1: not armed */
};

struct trace_reader {
	FILE *file;
	const char *path;
	char *text;
	size_t capacity;
	uint32_t number;
	char error[512]; /* "FILE:LINE: …" after a failure */
};

/* -errno when the file cannot be opened; reader->error says why. `path` is borrowed. */
int trace_reader_open(struct trace_reader *reader, const char *path);
void trace_reader_close(struct trace_reader *reader);

/*
 * The next line. 1, 0 at the end, -EINVAL for a line that is none of the format.
 * Release each line with trace_line_release.
 */
int trace_reader_next(struct trace_reader *reader, struct trace_line *line);
void trace_line_release(struct trace_line *line);

/* A whole file. The caller releases it; NULL and *error (of the reader's form) on failure. */
struct trace_file {
	char *path;
	struct trace_line *line;
	uint32_t lines;
};
int trace_file_load(struct trace_file *file, const char *path, char *error, size_t error_size);
void trace_file_release(struct trace_file *file);

/* "ENOTTY" for 25; NULL for a number without a name. And back; 0 for an unknown name. */
const char *trace_errno_name(int number);
int trace_errno_number(const char *name);

#ifdef __cplusplus
}
#endif
#endif
