/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/chrome.h"

#include <string.h>

#include "base/calendar.h"

/* A literal: its length is known. */
#define put(out, text) out_bytes(out, text, sizeof(text) - 1)

int chrome_open(struct chrome *chrome, const char *path)
{
	int err;

	*chrome = (struct chrome){.begun = false};
	err = out_open(&chrome->out, path);
	if (!err)
		put(&chrome->out, "{\"traceEvents\":[");
	return err;
}

int chrome_close(struct chrome *chrome)
{
	if (chrome->out.buffer)
		put(&chrome->out, "\n]}\n");
	return out_close(&chrome->out);
}

/*
 * Microseconds, which the format counts in. Perfetto takes them for doubles and
 * cuts what they are in nanoseconds: where that would be one too few there are
 * ten picoseconds more.
 */
static char *put_us(char *to, uint64_t ns)
{
	uint32_t rest = (uint32_t)(ns % 1000);
	double us = (double)ns / 1000;

	to = text_u64(to, ns / 1000);
	*to++ = '.';
	*to++ = (char)('0' + rest / 100);
	*to++ = (char)('0' + rest / 10 % 10);
	*to++ = (char)('0' + rest % 10);
	return (uint64_t)(us * 1000) == ns ? to : text_put(to, "01");
}

/* Keys and numbers that stand before an event's texts. */
#define HEAD_BYTES 160u

/* {"ph":"X","pid":1,"tid":2,"ts":3.000 */
static char *event_begin(struct chrome *chrome, char phase, struct chrome_track track,
			 uint64_t time_ps)
{
	char *to = out_room(&chrome->out, HEAD_BYTES);

	to = chrome->begun ? text_put(to, ",\n{\"ph\":\"") : text_put(to, "\n{\"ph\":\"");
	chrome->begun = true;
	*to++ = phase;
	to = text_put(to, "\",\"pid\":");
	to = text_u64(to, track.pid);
	if (track.tid) {
		to = text_put(to, ",\"tid\":");
		to = text_u64(to, track.tid);
	}
	to = text_put(to, ",\"ts\":");
	return put_us(to, time_ps / PS_PER_NS);
}

static void put_name(struct out *out, const char *name)
{
	put(out, ",\"name\":");
	out_json_string(out, name);
}

/* Keys and a number of an argument; its key is of ours, and plain. */
#define ARG_BYTES 40u

static void put_args(struct out *out, const struct chrome_arg *arg)
{
	for (bool first = true; arg->key; arg++, first = false) {
		uint32_t len = (uint32_t)strlen(arg->key);
		char *to = out_room(out, ARG_BYTES + len);

		to = first ? text_put(to, ",\"args\":{\"") : text_put(to, ",\"");
		to = text_put(text_copy(to, arg->key, len), "\":");
		out_took(out, arg->text ? to : text_i64(to, arg->number));
		if (arg->text)
			out_json_string(out, arg->text);
	}
	put(out, "}}");
}

static void event_end(struct out *out, const struct chrome_arg *args)
{
	if (args && args->key)
		put_args(out, args);
	else
		put(out, "}");
}

/* An event whose first members end before `head`. */
static void event_rest(struct chrome *chrome, const char *head, const char *name,
		       const struct chrome_arg *args)
{
	out_took(&chrome->out, head);
	put_name(&chrome->out, name);
	event_end(&chrome->out, args);
}

/* A name, and the place among their like. */
static void metadata(struct chrome *chrome, struct chrome_track track, const char *what,
		     const char *name, const char *which, uint32_t place)
{
	struct chrome_arg names[] = {{"name", 0, name}, {NULL, 0, NULL}};
	struct chrome_arg places[] = {{"sort_index", place, NULL}, {NULL, 0, NULL}};

	event_rest(chrome, event_begin(chrome, 'M', track, 0), what, names);
	event_rest(chrome, event_begin(chrome, 'M', track, 0), which, places);
}

void chrome_process(struct chrome *chrome, uint32_t pid, const char *name, uint32_t place)
{
	metadata(chrome, (struct chrome_track){pid, 0}, "process_name", name, "process_sort_index",
		 place);
}

void chrome_thread(struct chrome *chrome, struct chrome_track track, const char *name,
		   uint32_t place)
{
	metadata(chrome, track, "thread_name", name, "thread_sort_index", place);
}

void chrome_begin(struct chrome *chrome, struct chrome_track track, uint64_t time_ps,
		  const char *name, const struct chrome_arg *args)
{
	event_rest(chrome, event_begin(chrome, 'B', track, time_ps), name, args);
}

void chrome_end(struct chrome *chrome, struct chrome_track track, uint64_t time_ps,
		const struct chrome_arg *args)
{
	out_took(&chrome->out, event_begin(chrome, 'E', track, time_ps));
	event_end(&chrome->out, args);
}

void chrome_span(struct chrome *chrome, struct chrome_track track, uint64_t begin_ps,
		 uint64_t end_ps, const char *name, const struct chrome_arg *args)
{
	char *to = event_begin(chrome, 'X', track, begin_ps);

	to = text_put(to, ",\"dur\":");
	to = put_us(to, end_ps / PS_PER_NS - begin_ps / PS_PER_NS);
	event_rest(chrome, to, name, args);
}

void chrome_instant(struct chrome *chrome, struct chrome_track track, uint64_t time_ps,
		    const char *name, const struct chrome_arg *args)
{
	char *to = event_begin(chrome, 'i', track, time_ps);

	event_rest(chrome, text_put(to, ",\"s\":\"t\""), name, args);
}

void chrome_counter(struct chrome *chrome, uint32_t pid, uint64_t time_ps, const char *name,
		    uint64_t value)
{
	struct chrome_arg args[] = {{"value", (int64_t)value, NULL}, {NULL, 0, NULL}};

	event_rest(chrome, event_begin(chrome, 'C', (struct chrome_track){pid, 0}, time_ps), name,
		   args);
}
