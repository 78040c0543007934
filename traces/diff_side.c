/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file for a comparison: what each line comes to, and whose it is. */
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "traces/diff_internal.h"
#include "traces/show.h"

void diff_side_release(struct diff_side *side)
{
	struct diff_stream *stream, *next;

	HASH_ITER(hh, side->streams, stream, next) {
		HASH_DEL(side->streams, stream);
		free(stream->line);
		free(stream);
	}
	free(side->line);
	free(side->ids.id);
	trace_tokens_release(&side->tokens);
	trace_text_close(&side->text);
}

/* Room for one more of an array that doubles. */
static void *more_of(void *array, uint32_t count, uint32_t *capacity, size_t size)
{
	void *more;

	if (count < *capacity)
		return array;
	more = realloc(array, (*capacity ? 2 * (size_t)*capacity : 256) * size);
	if (more)
		*capacity = *capacity ? 2 * *capacity : 256;
	return more;
}

/* What the device did is a stream of its own, whichever call it happened in. */
static void name_stream(struct diff_stream *stream, const struct trace_record *record)
{
	const struct trace_token *host = record->host;

	snprintf(stream->host, sizeof(stream->host), "%.*s", host ? (int)host->len : 0,
		 host ? host->at : "");
	stream->is_device = record->is_device;
	if (record->is_device)
		snprintf(stream->name, sizeof(stream->name), "%s%sdevice", stream->host,
			 stream->host[0] ? "/" : "");
	else
		trace_show_actor(stream->name, sizeof(stream->name), record);
}

static uint64_t stream_key(const struct trace_record *record)
{
	const struct trace_token *host = record->host, *thread = record->thread;
	XXH64_hash_t key = host ? XXH3_64bits(host->at, host->len) : 0;

	if (record->is_device)
		return key * 3 + 1;
	return key * 3 + (thread ? XXH3_64bits(thread->at, thread->len) : 2);
}

static struct diff_stream *stream_of(struct diff_side *side, const struct trace_record *record)
{
	uint64_t key = stream_key(record);
	struct diff_stream *stream;

	if (side->last && side->last->key == key)
		return side->last;
	HASH_FIND(hh, side->streams, &key, sizeof(key), stream);
	if (!stream) {
		stream = calloc(1, sizeof(*stream));
		if (!stream)
			return NULL;
		stream->key = key;
		name_stream(stream, record);
		HASH_ADD(hh, side->streams, key, sizeof(stream->key), stream);
	}
	side->last = stream;
	return stream;
}

static bool destroys(const struct trace_record *record)
{
	return record->call && trace_token_is(record->call, "IOMMU_DESTROY") && !record->error;
}

/* -ENOMEM. */
static int add_line(struct diff_side *side, const struct trace_record *record,
		    const struct trace_text_line *text)
{
	struct diff_stream *stream = stream_of(side, record);
	struct diff_line *line =
		more_of(side->line, side->lines, &side->capacity, sizeof(side->line[0]));
	uint32_t *index;

	if (line)
		side->line = line;
	if (!line || !stream)
		return -ENOMEM;
	index = more_of(stream->line, stream->count, &stream->capacity, sizeof(stream->line[0]));
	if (!index)
		return -ENOMEM;
	stream->line = index;
	line += side->lines;
	*line = (struct diff_line){
		.at = (size_t)(text->at - side->text.bytes),
		.len = (uint32_t)text->len,
		.number = text->number,
		.first_id = side->ids.count,
		.match = DIFF_UNMATCHED,
		.destroys = destroys(record),
	};
	side->normal.ids = &side->ids;
	line->value = diff_normal_line(&side->normal, record);
	side->normal.ids = NULL;
	stream->line[stream->count++] = side->lines++;
	return side->normal.failed ? -ENOMEM : 0;
}

int diff_side_load(struct diff_side *side, char *error, size_t error_size)
{
	const char *path = side->path, *expected;
	struct trace_text_line text = {0};
	struct trace_record record;
	bool any = false;
	size_t column;
	int rc = trace_text_open(&side->text, path, error, error_size);

	while (!rc && trace_text_next(&side->text, &text)) {
		any = true;
		expected = trace_record_read(&record, &side->tokens, &text, &column);
		if (expected) {
			trace_record_complain(path, &text, expected, column, error, error_size);
			rc = -EINVAL;
		} else if (trace_record_matches(&record, &side->options->actors,
						&side->options->calls)) {
			rc = add_line(side, &record, &text);
			if (rc)
				snprintf(error, error_size, "%s: out of memory", path);
		}
	}
	if (!rc && !any) {
		snprintf(error, error_size, "%s:1: expected lines, found none", path);
		rc = -EINVAL;
	}
	return rc;
}

void diff_record(struct diff_side *side, const struct diff_line *line, struct trace_record *record)
{
	struct trace_text_line text = {side->text.bytes + line->at, line->len, line->number, 0};
	size_t column;

	trace_record_read(record, &side->tokens, &text, &column);
}
