/* SPDX-License-Identifier: Apache-2.0 */
/* A recording of drivers as a file: its lines, and what its first one presents. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "traces/driver_internal.h"

#define RAM_MOST (UINT64_C(1) << 46)

/* Numbers of the meta line: where they are, and what is taken. */
static const struct {
	const char *object, *key;
	size_t member;
	uint64_t least, most;
} meta_numbers[] = {
	{"vf", "stream_id", offsetof(struct driver_meta, stream), 0, 0xffff},
	{"vf", "num_queue_pairs_offered", offsetof(struct driver_meta, queue_pairs), 1, 16},
	{"vf", "vectors", offsetof(struct driver_meta, vectors), 2, 17},
	{"ram", "base", offsetof(struct driver_meta, ram_base), 0, RAM_MOST},
	{"ram", "size", offsetof(struct driver_meta, ram_bytes), 1u << 20, RAM_MOST},
};

static int take_meta(struct driver_source *source, const json_t *json, struct driver_meta *meta)
{
	char name[8];
	uint64_t value;

	for (uint32_t i = 0; i < DRIVER_IDRS; i++) {
		snprintf(name, sizeof(name), "IDR%u", i);
		if (!driver_number(json_object_get(json_object_get(json, "idr"), name), &value) ||
		    value > UINT32_MAX)
			return driver_fail(source, "idr.%s: expected a register's value", name);
		meta->idr[i] = (uint32_t)value;
	}
	for (uint32_t i = 0; i < ARRAY_LEN(meta_numbers); i++) {
		const json_t *object = json_object_get(json, meta_numbers[i].object);

		if (!driver_number(json_object_get(object, meta_numbers[i].key), &value) ||
		    value < meta_numbers[i].least || value > meta_numbers[i].most)
			return driver_fail(source, "%s.%s: expected a number from %llu to %llu",
					   meta_numbers[i].object, meta_numbers[i].key,
					   (unsigned long long)meta_numbers[i].least,
					   (unsigned long long)meta_numbers[i].most);
		memcpy((char *)meta + meta_numbers[i].member, &value, sizeof(value));
	}
	if ((meta->ram_base | meta->ram_bytes) & 0xfff)
		return driver_fail(source, "ram: expected whole pages");
	return 0;
}

/* The next line's text; 1, 0 at the end, -EINVAL. */
static int next_text(struct driver_source *source, FILE *file, char **text, size_t *capacity)
{
	ssize_t len;

	do {
		len = getline(text, capacity, file);
		if (len < 0)
			return ferror(file) ? driver_fail(source, "cannot be read") : 0;
		source->number++;
	} while (strspn(*text, " \t\r\n") == (size_t)len);
	if (strlen(*text) != (size_t)len)
		return driver_fail(source, "expected text, found a zero byte");
	return 1;
}

static int take_text(struct driver_source *source, struct driver_file *file, const char *text)
{
	struct driver_line *line = &file->line[file->lines];
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	int err;

	if (!json)
		return driver_fail(source, "expected one JSON object: %s (column %d)", error.text,
				   error.column);
	file->lines++;
	err = driver_line_take(source, json, line);
	if (!err && (line->kind == DRIVER_META) != (file->lines == 1))
		err = driver_fail(source, "kind: expected meta in the first line, and only there");
	if (!err)
		err = line->kind == DRIVER_META ? take_meta(source, json, &file->meta)
						: driver_line_check_meta(source, line, &file->meta);
	json_decref(json);
	return err;
}

static int make_room(struct driver_file *file, uint32_t *capacity)
{
	struct driver_line *more;

	if (file->lines < *capacity)
		return 0;
	*capacity = *capacity ? 2 * *capacity : 1024;
	more = realloc(file->line, *capacity * sizeof(*more));
	if (!more)
		return -ENOMEM;
	file->line = more;
	return 0;
}

static int load_lines(struct driver_source *source, struct driver_file *file, FILE *stream)
{
	size_t text_capacity = 0;
	uint32_t capacity = 0;
	char *text = NULL;
	int rc;

	do {
		rc = make_room(file, &capacity);
		if (!rc)
			rc = next_text(source, stream, &text, &text_capacity);
		if (rc == 1 && (rc = take_text(source, file, text)) == 0)
			rc = 1;
	} while (rc == 1);
	free(text);
	if (!rc && !file->lines)
		return driver_fail(source, "expected lines, found none");
	return rc;
}

int driver_file_load(struct driver_file *file, const char *path, char *error, size_t error_size)
{
	struct driver_source source = {path, 0, error, error_size};
	FILE *stream = fopen(path, "r");
	int err;

	*file = (struct driver_file){.path = strdup(path)};
	error[0] = '\0';
	if (!stream) {
		err = -errno;
		snprintf(error, error_size, "%s: cannot be read: %s", path, strerror(-err));
	} else {
		err = load_lines(&source, file, stream);
		fclose(stream);
	}
	if (err)
		driver_file_release(file);
	return err;
}

void driver_file_release(struct driver_file *file)
{
	for (uint32_t i = 0; i < file->lines; i++)
		driver_line_release(&file->line[i]);
	free(file->line);
	free(file->path);
	*file = (struct driver_file){0};
}

bool driver_file_is(const char *path)
{
	FILE *stream = fopen(path, "r");
	size_t capacity = 0;
	char *text = NULL;
	json_t *json = NULL;
	bool is = false;

	if (!stream)
		return false;
	if (getline(&text, &capacity, stream) > 0)
		json = json_loads(text, 0, NULL);
	is = json_is_string(json_object_get(json, "function")) &&
	     json_is_string(json_object_get(json, "kind"));
	json_decref(json);
	free(text);
	fclose(stream);
	return is;
}
