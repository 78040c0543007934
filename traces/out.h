/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_OUT_H
#define VFSIM_TRACES_OUT_H

/*
 * A file that is written in small pieces, millions of them: one buffer, flushed
 * when it is full, and numbers without printf. What went wrong is told at the
 * end, by out_close.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OUT_BUFFER_BYTES (256u * 1024)

struct out {
	int fd;
	bool failed;
	uint32_t used;
	uint64_t written; /* bytes before those in the buffer */
	char *buffer;
};

/* Make the file, or empty it. -errno, -ENOMEM. */
int out_open(struct out *out, const char *path);
/* Write what is left and close; an `out` that is not open is left alone. -EIO when anything was
 * lost. */
int out_close(struct out *out);

/* Make room; not for callers outside. */
void out_flush(struct out *out);

/* `len` is any; a piece larger than the buffer is written by itself. */
void out_large(struct out *out, const void *data, uint64_t len);

static inline void out_bytes(struct out *out, const void *data, uint32_t len)
{
	if (len > OUT_BUFFER_BYTES - out->used) {
		out_large(out, data, len);
		return;
	}
	memcpy(out->buffer + out->used, data, len);
	out->used += len;
}

static inline void out_text(struct out *out, const char *text)
{
	out_bytes(out, text, (uint32_t)strlen(text));
}

/* Decimal. */
void out_u64(struct out *out, uint64_t value);
void out_i64(struct out *out, int64_t value);
/* The last `digits` decimal digits of `value`, with leading zeros. */
void out_digits(struct out *out, uint64_t value, uint32_t digits);

/* A JSON string, with its quotes. `text` is UTF-8. */
void out_json_string(struct out *out, const char *text);

#ifdef __cplusplus
}
#endif
#endif
