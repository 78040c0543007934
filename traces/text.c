/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

static bool grow(struct trace_text *text, size_t *capacity)
{
	size_t more = *capacity ? 2 * *capacity : (size_t)1 << 20;
	char *bytes = realloc(text->bytes, more);

	if (!bytes)
		return false;
	text->bytes = bytes;
	*capacity = more;
	return true;
}

/* What cannot be mapped: a pipe. */
static int slurp(struct trace_text *text, int fd)
{
	size_t capacity = 0;
	ssize_t got;

	do {
		if (text->size == capacity && !grow(text, &capacity))
			return -ENOMEM;
		got = read(fd, text->bytes + text->size, capacity - text->size);
		text->size += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : 0;
}

static int take_in(struct trace_text *text, int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return -errno;
	if (S_ISDIR(stat.st_mode))
		return -EISDIR;
	if (!S_ISREG(stat.st_mode) || !stat.st_size)
		return slurp(text, fd);
	text->size = (size_t)stat.st_size;
	text->bytes = mmap(NULL, text->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text->bytes == MAP_FAILED) {
		text->bytes = NULL;
		return -errno;
	}
	text->is_mapped = true;
	return 0;
}

static bool is_zstd(const struct trace_text *text)
{
	static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};

	return text->size >= sizeof(magic) && !memcmp(text->bytes, magic, sizeof(magic));
}

/* All frames of `packed`, one after the other. NULL, or what was expected. */
static const char *unpack(const struct trace_text *packed, struct trace_text *text)
{
	ZSTD_inBuffer in = {packed->bytes, packed->size, 0};
	ZSTD_DStream *stream = ZSTD_createDStream();
	const char *expected = NULL;
	size_t capacity = 0, left = 0;
	bool full = false;

	while (stream && !expected && (in.pos < in.size || full)) {
		ZSTD_outBuffer out;

		if (text->size == capacity && !grow(text, &capacity)) {
			expected = "more memory";
			break;
		}
		out = (ZSTD_outBuffer){text->bytes, capacity, text->size};
		left = ZSTD_decompressStream(stream, &out, &in);
		text->size = out.pos;
		full = out.pos == capacity;
		if (ZSTD_isError(left))
			expected = ZSTD_getErrorName(left);
	}
	ZSTD_freeDStream(stream);
	if (!stream)
		return "more memory";
	return expected ? expected : left ? "its end: the compressed data is cut" : NULL;
}

/* The line on which what could be unpacked ends. */
static uint32_t last_line(const struct trace_text *text)
{
	uint32_t line = 1;

	for (size_t i = 0; i < text->size; i++)
		line += text->bytes[i] == '\n';
	return line;
}

static int unpack_over(struct trace_text *text, char *error, size_t error_size)
{
	struct trace_text packed = *text;
	const char *expected;

	*text = (struct trace_text){.path = packed.path};
	expected = unpack(&packed, text);
	trace_text_close(&packed);
	if (!expected)
		return 0;
	snprintf(error, error_size, "%s:%u: expected zstd data: %s", text->path, last_line(text),
		 expected);
	trace_text_close(text);
	return -EINVAL;
}

int trace_text_open(struct trace_text *text, const char *path, char *error, size_t error_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	*text = (struct trace_text){.path = path};
	rc = fd < 0 ? -errno : take_in(text, fd);
	if (fd >= 0)
		close(fd);
	if (rc) {
		trace_text_close(text);
		snprintf(error, error_size, "%s: cannot be read: %s", path, strerror(-rc));
		return rc;
	}
	return is_zstd(text) ? unpack_over(text, error, error_size) : 0;
}

void trace_text_close(struct trace_text *text)
{
	if (text->is_mapped)
		munmap(text->bytes, text->size);
	else
		free(text->bytes);
	*text = (struct trace_text){.path = text->path};
}

static bool is_blank(const char *at, size_t len)
{
	while (len && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++, len--;
	return !len;
}

bool trace_text_next(const struct trace_text *text, struct trace_text_line *line)
{
	while (line->next < text->size) {
		const char *at = text->bytes + line->next;
		size_t left = text->size - line->next;
		const char *end = memchr(at, '\n', left);

		line->at = at;
		line->len = end ? (size_t)(end - at) : left;
		line->next += line->len + 1;
		line->number++;
		if (!is_blank(line->at, line->len))
			return true;
	}
	return false;
}
