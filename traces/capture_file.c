/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traces/capture_internal.h"

#define FILE_MOST       ((off_t)1 << 30)
#define LINKTYPE_NUMBER 1u /* Ethernet */
/* Of a capture: its times fit into 64 bits of picoseconds. */
#define SPAN_MOST_S UINT64_C(1000000)
#define PS_IN_S     UINT64_C(1000000000000)

int capture_fail(struct capture_reader *reader, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(reader->error, reader->error_size, "%s:%u: %s", reader->path,
		 MAX(reader->block, 1), text);
	return -EINVAL;
}

/* --- Interfaces --- */

static bool is_number(const char *text, uint32_t number)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	return !strcmp(text, digits);
}

struct capture_interface *capture_add_interface(struct capture_reader *reader, const char *name,
						uint32_t name_len)
{
	const char *wanted = reader->want->interface;
	uint32_t number = reader->interfaces;
	struct capture_interface *more;

	if (number == reader->interfaces_capacity) {
		reader->interfaces_capacity = MAX(2 * number, 8);
		more = realloc(reader->interface, reader->interfaces_capacity * sizeof(*more));
		if (!more) {
			capture_fail(reader, "no memory for another interface");
			return NULL;
		}
		reader->interface = more;
	}
	more = &reader->interface[reader->interfaces++];
	*more = (struct capture_interface){0};
	more->wanted = !wanted || is_number(wanted, number) ||
		       (strlen(wanted) == name_len && !memcmp(wanted, name, name_len));
	return more;
}

/* --- Frames --- */

/* From `first` on, not before `last`. False: too far away. */
static bool time_since(struct capture_reader *reader, struct capture_time time, uint64_t *ps)
{
	struct capture_time first = reader->first;
	int64_t s;

	if (!reader->begun)
		first = reader->first = reader->last = time;
	if ((int64_t)(time.s - reader->last.s) < 0 ||
	    (time.s == reader->last.s && time.ps < reader->last.ps))
		time = reader->last;
	reader->last = time;
	reader->begun = true;
	s = (int64_t)(time.s - first.s);
	if (s < 0 || (uint64_t)s > SPAN_MOST_S)
		return false;
	*ps = (uint64_t)s * PS_IN_S + time.ps - first.ps;
	return true;
}

static struct capture_frame *new_frame(struct capture_file *file)
{
	struct capture_frame *more;

	if (file->frames == file->capacity) {
		file->capacity = MAX(2 * file->capacity, 256);
		more = realloc(file->frame, file->capacity * sizeof(*more));
		if (!more)
			return NULL;
		file->frame = more;
	}
	return &file->frame[file->frames++];
}

int capture_take(struct capture_reader *reader, const struct captured *captured)
{
	const struct capture_want *want = reader->want;
	uint32_t len = captured->len_bytes - MIN(captured->fcs_bytes, captured->len_bytes);
	struct capture_frame frame = {.data = captured->data,
				      .kept_bytes = MIN(captured->kept_bytes, len),
				      .len_bytes = len};
	struct capture_frame *to;

	if (!captured->interface->wanted ||
	    (want->direction != PCAPNG_UNKNOWN && captured->direction != want->direction))
		return 0;
	if (captured->interface->link_type != LINKTYPE_NUMBER)
		return capture_fail(reader,
				    "expected a frame of Ethernet (link type 1), not of "
				    "link type %u",
				    captured->interface->link_type);
	if (len < want->min_bytes || len > want->max_bytes)
		return capture_fail(reader, "expected a frame of %u to %u bytes, not of %u",
				    want->min_bytes, want->max_bytes, len);
	if (frame.kept_bytes < len && !want->pad_cut)
		return capture_fail(reader,
				    "expected a whole frame: %u of its %u bytes are kept "
				    "(pad_cut fills it up)",
				    frame.kept_bytes, len);
	if (!time_since(reader, captured->time, &frame.time_ps))
		return capture_fail(reader, "expected a time within %u s from the first frame's",
				    (uint32_t)SPAN_MOST_S);
	to = new_frame(reader->file);
	if (!to)
		return capture_fail(reader, "no memory for another frame");
	*to = frame;
	return 0;
}

/* --- The file --- */

static int cannot(struct capture_reader *reader, int error)
{
	capture_fail(reader, "cannot be read: %s", strerror(error));
	return -error;
}

/* Only what has an end: nothing waits for a terminal or a pipe. */
static int read_content(struct capture_reader *reader, int fd)
{
	struct capture_file *file = reader->file;
	struct stat about;
	ssize_t got = 1;

	if (fstat(fd, &about))
		return cannot(reader, errno);
	if (!S_ISREG(about.st_mode))
		return capture_fail(reader, "expected a regular file");
	if (about.st_size > FILE_MOST)
		return capture_fail(reader, "expected at most 1 GiB");
	file->content = malloc((size_t)about.st_size + 1);
	if (!file->content)
		return cannot(reader, ENOMEM);
	while (file->size < (size_t)about.st_size && got) {
		got = read(fd, file->content + file->size, (size_t)about.st_size - file->size);
		if (got < 0)
			return cannot(reader, errno);
		file->size += (size_t)got;
	}
	return 0;
}

static int read_frames(struct capture_reader *reader)
{
	const struct capture_file *file = reader->file;
	int rc = capture_is_pcap(file->content, file->size) ? capture_read_pcap(reader)
							    : capture_read_pcapng(reader);

	if (rc || file->frames)
		return rc;
	return reader->want->interface ? capture_fail(reader,
						      "expected frames of interface %s, found none",
						      reader->want->interface)
				       : capture_fail(reader, "expected frames, found none");
}

int capture_file_load(struct capture_file *file, const char *path, const struct capture_want *want,
		      char *error, size_t error_size)
{
	struct capture_reader reader = {
		.path = path, .want = want, .file = file, .error = error, .error_size = error_size};
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc;

	*file = (struct capture_file){0};
	error[0] = '\0';
	if (fd < 0)
		return cannot(&reader, errno);
	rc = read_content(&reader, fd);
	close(fd);
	if (!rc)
		rc = read_frames(&reader);
	free(reader.interface);
	if (rc)
		capture_file_release(file);
	return rc;
}

void capture_file_release(struct capture_file *file)
{
	free(file->frame);
	free(file->content);
	*file = (struct capture_file){0};
}
