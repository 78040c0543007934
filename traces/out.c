/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

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

void out_flush(struct out *out)
{
	write_all(out, out->buffer, out->used);
	out->written += out->used;
	out->used = 0;
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
	out_flush(out);
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

/* Decimal digits of `value` that end before `end`; where they begin. */
static char *digits_before(char *end, uint64_t value)
{
	while (value >= 100) {
		end -= 2;
		memcpy(end, pairs + 2 * (value % 100), 2);
		value /= 100;
	}
	if (value >= 10) {
		end -= 2;
		memcpy(end, pairs + 2 * value, 2);
	} else {
		*--end = (char)('0' + value);
	}
	return end;
}

void out_u64(struct out *out, uint64_t value)
{
	char text[DIGITS_MAX];
	char *at = digits_before(text + DIGITS_MAX, value);

	out_bytes(out, at, (uint32_t)(text + DIGITS_MAX - at));
}

void out_i64(struct out *out, int64_t value)
{
	if (value < 0)
		out_bytes(out, "-", 1);
	out_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void out_digits(struct out *out, uint64_t value, uint32_t digits)
{
	char text[DIGITS_MAX];

	for (uint32_t i = digits; i--; value /= 10)
		text[i] = (char)('0' + value % 10);
	out_bytes(out, text, digits);
}

void out_json_string(struct out *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	out_bytes(out, "\"", 1);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char control[] = {'\\', 'u', '0', '0', hex[c >> 4 & 15], hex[c & 15]};
		char escaped[] = {'\\', *text};

		if (c < 0x20)
			out_bytes(out, control, sizeof(control));
		else if (c == '"' || c == '\\')
			out_bytes(out, escaped, sizeof(escaped));
		else
			out_bytes(out, text, 1);
	}
	out_bytes(out, "\"", 1);
}
