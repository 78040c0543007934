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

/* Small enough not to push what is simulated out of a cache. */
#define OUT_BUFFER_BYTES (256u * 1024)

struct out {
	int fd;
	bool failed;
	uint32_t used;
	uint64_t written;  /* bytes before those in the buffer */
	uint64_t reserved; /* bytes of the file that have their blocks */
	bool unreserved;   /* the file system has no such thing */
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

/*
 * Room for `len` bytes (at most a buffer's) to be written in place, for what is
 * written most often; out_took says where they ended.
 */
static inline char *out_room(struct out *out, uint32_t len)
{
	if (len > OUT_BUFFER_BYTES - out->used)
		out_flush(out);
	return out->buffer + out->used;
}

static inline void out_took(struct out *out, const char *end)
{
	out->used = (uint32_t)(end - out->buffer);
}

/* Into such room: each returns where it ended. A literal; decimal, at most 20 characters. */
#define text_put(to, literal)                                                                      \
	((char *)memcpy(to, literal, sizeof(literal) - 1) + (sizeof(literal) - 1))
char *text_u64(char *to, uint64_t value);
char *text_i64(char *to, int64_t value);

static inline char *text_copy(char *to, const char *text, uint32_t len)
{
	return (char *)memcpy(to, text, len) + len;
}

static inline void out_text(struct out *out, const char *text)
{
	out_bytes(out, text, (uint32_t)strlen(text));
}

/* Decimal. */
void out_u64(struct out *out, uint64_t value);
void out_i64(struct out *out, int64_t value);
/* A JSON string, with its quotes. `text` is UTF-8. */
void out_json_string(struct out *out, const char *text);

#ifdef __cplusplus
}
#endif
#endif
