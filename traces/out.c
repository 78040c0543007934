/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bits.h"

#define RESERVE_BYTES (8u << 20)

int out_open(struct out *out, const char *path)
{
	int err;

	*out = (struct out){.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
	if (out->fd < 0)
		return -errno;
	out->buffer = malloc(OUT_BUFFER_BYTES);
	if (out->buffer)
		return 0;
	err = -ENOMEM;
	close(out->fd);
	out->fd = -1;
	return err;
}

/* Blocks for what comes next, many at a time, where the file system can. */
static void reserve(struct out *out)
{
	uint64_t from = MAX(out->reserved, out->written);

	if (out->unreserved || out->written + out->used <= out->reserved)
		return;
	if (fallocate(out->fd, FALLOC_FL_KEEP_SIZE, (off_t)from, RESERVE_BYTES))
		out->unreserved = true;
	else
		out->reserved = from + RESERVE_BYTES;
}

static void write_all(struct out *out, const char *data, uint64_t len)
{
	while (len && !out->failed) {
		ssize_t done = write(out->fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			out->failed = true;
			return;
		}
		data += done;
		len -= (uint64_t)done;
	}
}

static void write_buffer(struct out *out)
{
	write_all(out, out->buffer, out->used);
	out->written += out->used;
	out->used = 0;
}

void out_flush(struct out *out)
{
	reserve(out);
	write_buffer(out);
}

void out_large(struct out *out, const void *data, uint64_t len)
{
	out_flush(out);
	if (len > OUT_BUFFER_BYTES) {
		write_all(out, data, len);
		out->written += len;
		return;
	}
	memcpy(out->buffer, data, len);
	out->used = (uint32_t)len;
}

int out_close(struct out *out)
{
	bool failed;

	if (!out->buffer)
		return 0;
	write_buffer(out);
	if (out->reserved > out->written)
		out->failed |= ftruncate(out->fd, (off_t)out->written) != 0;
	failed = out->failed;
	failed |= close(out->fd) != 0;
	free(out->buffer);
	*out = (struct out){.fd = -1};
	return failed ? -EIO : 0;
}

#define DIGITS_MAX 20u /* of a uint64_t */

/* Two digits a step: a division costs more than a look into a table. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
			    "34353637383940414243444546474849505152535455565758596061626364656667"
			    "6869707172737475767778798081828384858687888990919293949596979899";

static uint32_t digits_of(uint64_t value)
{
	uint32_t digits = 1;

	for (; value >= 10000; value /= 10000)
		digits += 4;
	return digits + (value >= 10) + (value >= 100) + (value >= 1000);
}

char *text_u64(char *to, uint64_t value)
{
	char *end = to + digits_of(value), *at = end;

	for (; value >= 100; value /= 100)
		memcpy(at -= 2, pairs + 2 * (value % 100), 2);
	if (value >= 10)
		memcpy(at - 2, pairs + 2 * value, 2);
	else
		at[-1] = (char)('0' + value);
	return end;
}

char *text_i64(char *to, int64_t value)
{
	if (value >= 0)
		return text_u64(to, (uint64_t)value);
	*to = '-';
	return text_u64(to + 1, 0 - (uint64_t)value);
}

void out_u64(struct out *out, uint64_t value)
{
	out_took(out, text_u64(out_room(out, DIGITS_MAX), value));
}

void out_i64(struct out *out, int64_t value)
{
	out_took(out, text_i64(out_room(out, DIGITS_MAX), value));
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

static uint32_t plain_at(const char *text)
{
	uint32_t plain = 0;

	while (is_plain((unsigned char)text[plain]))
		plain++;
	return plain;
}

static void escaped_string(struct out *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	out_bytes(out, "\"", 1);
	while (*text) {
		uint32_t plain = plain_at(text);

		out_bytes(out, text, plain);
		text += plain;
		if (!*text)
			break;
		if ((unsigned char)*text < 0x20) {
			char control[] = {'\\', 'u', '0', '0', hex[*text >> 4], hex[*text & 15]};

			out_bytes(out, control, sizeof(control));
		} else {
			char escaped[] = {'\\', *text};

			out_bytes(out, escaped, sizeof(escaped));
		}
		text++;
	}
	out_bytes(out, "\"", 1);
}

/* Nearly all of them are short, and plain to their end. */
void out_json_string(struct out *out, const char *text)
{
	uint32_t len = plain_at(text);
	char *to;

	if (text[len] || len + 2 > OUT_BUFFER_BYTES) {
		escaped_string(out, text);
		return;
	}
	to = out_room(out, len + 2);
	*to = '"';
	to = text_copy(to + 1, text, len);
	*to = '"';
	out_took(out, to + 1);
}
