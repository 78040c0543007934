/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bits.h"
#include "traces/line.h"

static int fail(struct trace_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct trace_reader *reader, const char *format, ...)
{
	va_list args;
	int used = snprintf(reader->error, sizeof(reader->error), "%s:%u: ", reader->path,
			    reader->number);

	va_start(args, format);
	if (used >= 0 && (size_t)used < sizeof(reader->error))
		vsnprintf(reader->error + used, sizeof(reader->error) - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

void trace_reader_close(struct trace_reader *reader)
{
	if (reader->file)
		fclose(reader->file);
	free(reader->text);
	reader->file = NULL;
	reader->text = NULL;
}

int trace_reader_open(struct trace_reader *reader, const char *path)
{
	struct stat stat;
	int err = 0;

	*reader = (struct trace_reader){.path = path, .file = fopen(path, "r")};
	/* A folder can be opened, too; only reading it fails. */
	if (!reader->file)
		err = -errno;
	else if (!fstat(fileno(reader->file), &stat) && S_ISDIR(stat.st_mode))
		err = -EISDIR;
	if (!err)
		return 0;
	trace_reader_close(reader);
	snprintf(reader->error, sizeof(reader->error), "%s: cannot be read: %s", path,
		 strerror(-err));
	return err;
}

/* The end of the number at `at` if it is an integer above INT64_MAX; its value in *value. */
static char *big_number(char *at, unsigned long long *value)
{
	char *end;

	*value = strtoull(at, &end, 10);
	return end - at >= 19 && *value > INT64_MAX && !(*end == '.' || *end == 'e' || *end == 'E')
		       ? end
		       : NULL;
}

/*
 * The recordings write 64-bit values unsigned, the JSON library reads them
 * signed: a number above INT64_MAX is rewritten as the negative of the same
 * bits, which may take a character more. False without memory.
 */
static bool fold_unsigned(struct trace_reader *reader)
{
	bool quoted = false;

	for (size_t i = 0; reader->text[i]; i++) {
		char *at = &reader->text[i], *end;
		unsigned long long value;
		char folded[32];
		size_t len, tail;

		if (*at == '\\' && quoted && at[1]) {
			i++;
			continue;
		}
		if (*at == '"')
			quoted = !quoted;
		if (quoted || *at < '0' || *at > '9')
			continue;
		end = big_number(at, &value);
		if (!end) {
			i += strspn(at, "0123456789") - 1;
			continue;
		}
		len = (size_t)snprintf(folded, sizeof(folded), "%lld", (long long)value);
		tail = strlen(end) + 1;
		if (i + len + tail > reader->capacity) {
			char *more = realloc(reader->text, i + len + tail);

			if (!more)
				return false;
			end = more + (end - reader->text);
			reader->text = more;
			reader->capacity = i + len + tail;
		}
		memmove(reader->text + i + len, end, tail);
		memcpy(reader->text + i, folded, len);
		i += len - 1;
	}
	return true;
}

/* Members of the line, each with what is said when it is not as it should be. */
static int take_uint(struct trace_reader *reader, const json_t *json, const char *key,
		     uint64_t *value)
{
	const json_t *member = json_object_get(json, key);

	if (!json_is_integer(member))
		return fail(reader, "%s: expected an integer", key);
	*value = (uint64_t)json_integer_value(member);
	return 0;
}

static int take_text(struct trace_reader *reader, const json_t *json, const char *key,
		     const char **value)
{
	*value = json_string_value(json_object_get(json, key));
	return *value ? 0 : fail(reader, "%s: expected a string", key);
}

static int take_device(struct trace_reader *reader, struct trace_line *line)
{
	static const char *const events[] = {"dma_read", "dma_write", "msix"};
	const json_t *eventfd;
	const char *event;
	uint64_t vector = 0;

	line->is_device = true;
	if (take_text(reader, line->json, "event", &event))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (strcmp(event, events[i]))
			continue;
		line->event = (enum trace_device_event)i;
		if (line->event != TRACE_EVENT_MSIX)
			return take_uint(reader, line->json, "iova", &line->iova) ||
					       take_uint(reader, line->json, "len", &line->len)
				       ? -EINVAL
				       : 0;
		if (take_uint(reader, line->json, "vector", &vector))
			return -EINVAL;
		line->vector = (uint32_t)vector;
		eventfd = json_object_get(line->json, "eventfd");
		if (!json_is_integer(eventfd) && !json_is_null(eventfd))
			return fail(reader, "eventfd: expected an integer or null");
		line->eventfd = json_is_null(eventfd) ? -1 : json_integer_value(eventfd);
		return 0;
	}
	return fail(reader, "event: expected dma_read, dma_write or msix, found \"%s\"", event);
}

static int take_result(struct trace_reader *reader, struct trace_line *line)
{
	const char *name = json_string_value(json_object_get(line->json, "errno"));
	const json_t *ret = json_object_get(line->json, "ret");

	if (!json_is_integer(ret))
		return fail(reader, "ret: expected an integer");
	line->ret = json_integer_value(ret);
	/* Whether the two agree, who performs the call finds out. */
	line->error = name ? trace_errno_number(name) : 0;
	if (name && !line->error)
		return fail(reader, "errno: expected the name of an error, found \"%s\"", name);
	return 0;
}

static int take_call(struct trace_reader *reader, struct trace_line *line)
{
	const json_t *fd = json_object_get(line->json, "fd");

	if (!json_is_integer(fd) && !json_is_null(fd))
		return fail(reader, "fd: expected an integer or null");
	line->fd = json_is_integer(fd) ? json_integer_value(fd) : -1;
	if (take_text(reader, line->json, "file", &line->file))
		return -EINVAL;
	line->in = json_object_get(line->json, "in");
	line->out = json_object_get(line->json, "out");
	if (!json_is_object(line->in))
		return fail(reader, "in: expected an object");
	if (!json_is_object(line->out))
		return fail(reader, "out: expected an object");
	return take_result(reader, line);
}

static int take_line(struct trace_reader *reader, struct trace_line *line)
{
	const json_t *thread = json_object_get(line->json, "thread");
	const char *host = json_string_value(json_object_get(line->json, "host"));

	line->host = host ? host : "";
	if (take_uint(reader, line->json, "t_us", &line->t_us))
		return -EINVAL;
	if (!json_is_string(thread) && !json_is_integer(thread))
		return fail(reader, "thread: expected a name or a number");
	line->thread = json_is_string(thread) ? json_string_value(thread) : "";
	if (take_text(reader, line->json, "call", &line->call))
		return -EINVAL;
	return strcmp(line->call, "device") ? take_call(reader, line) : take_device(reader, line);
}

int trace_reader_next(struct trace_reader *reader, struct trace_line *line)
{
	json_error_t error;
	ssize_t len;

	*line = (struct trace_line){.eventfd = -1};
	do {
		len = getline(&reader->text, &reader->capacity, reader->file);
		if (len < 0)
			return ferror(reader->file) ? fail(reader, "cannot be read") : 0;
		reader->number++;
	} while (strspn(reader->text, " \t\r\n") == (size_t)len);
	if (strlen(reader->text) != (size_t)len)
		return fail(reader, "expected text, found a zero byte");
	if (!fold_unsigned(reader))
		return fail(reader, "out of memory");
	line->number = reader->number;
	line->json = json_loads(reader->text, JSON_REJECT_DUPLICATES, &error);
	if (!line->json)
		return fail(reader, "expected one JSON object: %s (column %d)", error.text,
			    error.column);
	if (json_is_object(line->json) ? !take_line(reader, line)
				       : !fail(reader, "expected one JSON object"))
		return 1;
	trace_line_release(line);
	return -EINVAL;
}

void trace_line_release(struct trace_line *line)
{
	json_decref(line->json);
	line->json = NULL;
}

int trace_file_load(struct trace_file *file, const char *path, char *error, size_t error_size)
{
	struct trace_reader reader;
	uint32_t capacity = 0;
	int err = trace_reader_open(&reader, path);

	*file = (struct trace_file){0};
	file->path = strdup(path);
	while (!err) {
		if (file->lines == capacity) {
			struct trace_line *more;

			capacity = capacity ? 2 * capacity : 1024;
			more = realloc(file->line, capacity * sizeof(*more));
			if (!more) {
				err = -ENOMEM;
				break;
			}
			file->line = more;
		}
		err = trace_reader_next(&reader, &file->line[file->lines]);
		if (err <= 0)
			break;
		file->lines++;
		err = 0;
	}
	if (err == -ENOMEM)
		snprintf(reader.error, sizeof(reader.error), "%s: out of memory", path);
	if (!err && !file->lines) {
		snprintf(reader.error, sizeof(reader.error), "%s:1: expected lines, found none",
			 path);
		err = -EINVAL;
	}
	trace_reader_close(&reader);
	if (err) {
		snprintf(error, error_size, "%s", reader.error);
		trace_file_release(file);
	}
	return err;
}

void trace_file_release(struct trace_file *file)
{
	for (uint32_t i = 0; i < file->lines; i++)
		trace_line_release(&file->line[i]);
	free(file->line);
	free(file->path);
	*file = (struct trace_file){0};
}
