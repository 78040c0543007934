/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/record.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* The members that are looked up, by one walk over the line. */
struct members {
	const struct trace_token *t_us, *host, *thread, *fd, *file, *call, *in, *out, *ret, *error;
	const struct trace_token *event, *function, *kind;
};

#define MEMBER(name, member)                                                                       \
	{                                                                                          \
		name, sizeof(name) - 1, offsetof(struct members, member)                           \
	}

static const struct {
	const char *name;
	uint32_t len;
	size_t offset;
} member_rows[] = {
	MEMBER("t_us", t_us),
	MEMBER("host", host),
	MEMBER("thread", thread),
	MEMBER("fd", fd),
	MEMBER("file", file),
	MEMBER("call", call),
	MEMBER("in", in),
	MEMBER("out", out),
	MEMBER("ret", ret),
	MEMBER("errno", error),
	MEMBER("event", event),
	MEMBER("kind", kind),
	MEMBER("function", function),
};

static void find_members(struct members *members, const struct trace_tokens *tokens)
{
	const struct trace_token *root = &tokens->token[0], *at = NULL, *key;

	while (trace_scan_next(tokens, root, &at, &key))
		for (size_t i = 0; i < sizeof(member_rows) / sizeof(member_rows[0]); i++) {
			if (key->len != member_rows[i].len ||
			    key->at[0] != member_rows[i].name[0] ||
			    memcmp(key->at, member_rows[i].name, key->len))
				continue;
			memcpy((char *)members + member_rows[i].offset, &at, sizeof(at));
			break;
		}
}

static bool is_kind(const struct trace_token *token, enum trace_token_kind kind)
{
	return token && token->kind == kind;
}

static bool is_integer(const struct trace_token *token)
{
	uint64_t ignored;

	return token && trace_token_integer(token, &ignored);
}

static const char *read_driver(struct trace_record *record, const struct members *members)
{
	record->is_driver = true;
	record->host = members->function;
	record->call = members->kind;
	if (!is_kind(members->kind, TRACE_STRING))
		return "kind: a string";
	return NULL;
}

static const char *read_call(const struct members *members)
{
	if (!is_kind(members->file, TRACE_STRING))
		return "file: a string";
	if (!is_kind(members->in, TRACE_OBJECT))
		return "in: an object";
	if (!is_kind(members->out, TRACE_OBJECT))
		return "out: an object";
	if (!is_integer(members->ret))
		return "ret: an integer";
	if (members->error && members->error->kind != TRACE_STRING)
		return "errno: the error's name";
	return NULL;
}

static const char *read_sequence(struct trace_record *record, const struct members *members)
{
	record->thread = members->thread;
	record->host = members->host;
	record->call = members->call;
	if (members->host && members->host->kind != TRACE_STRING)
		return "host: a string";
	if (!is_kind(members->thread, TRACE_STRING) && !is_integer(members->thread))
		return "thread: a name or a number";
	if (!is_kind(members->call, TRACE_STRING))
		return "call: a string (or, in a driver's recording, function and kind)";
	record->is_device = trace_token_is(members->call, "device");
	if (record->is_device) {
		record->call = members->event;
		return is_kind(members->event, TRACE_STRING) ? NULL : "event: a string";
	}
	record->file = members->file;
	record->in = members->in;
	record->out = members->out;
	record->ret = members->ret;
	record->error = members->error;
	return read_call(members);
}

const char *trace_record_read(struct trace_record *record, struct trace_tokens *tokens,
			      const struct trace_text_line *line, size_t *column)
{
	struct members members = {0};
	const char *expected = trace_scan(tokens, line->at, line->len, column);

	*record = (struct trace_record){.number = line->number, .tokens = tokens};
	if (expected)
		return expected;
	*column = 0;
	record->root = &tokens->token[0];
	if (record->root->kind != TRACE_OBJECT)
		return "one JSON object";
	find_members(&members, tokens);
	if (!members.t_us || !trace_token_integer(members.t_us, &record->t_us))
		return "t_us: an integer";
	return is_kind(members.function, TRACE_STRING) ? read_driver(record, &members)
						       : read_sequence(record, &members);
}

void trace_record_complain(const char *path, const struct trace_text_line *line,
			   const char *expected, size_t column, char *error, size_t error_size)
{
	int used = snprintf(error, error_size, "%s:%u: expected %s", path, line->number, expected);

	if (column && used >= 0 && (size_t)used < error_size)
		snprintf(error + used, error_size - (size_t)used, " (column %zu)", column);
}

const struct trace_token *trace_record_feature(const struct trace_record *record)
{
	const struct trace_token *feature =
		trace_scan_member(record->tokens, record->in, "feature");

	return is_kind(feature, TRACE_STRING) ? feature : NULL;
}

/* ---- globs ---- */

#define NAME_MAX_BYTES 128

static bool matches(const char *glob, const struct trace_token *token)
{
	char name[NAME_MAX_BYTES];

	if (!token || token->len >= sizeof(name))
		return false;
	memcpy(name, token->at, token->len);
	name[token->len] = '\0';
	return !fnmatch(glob, name, 0);
}

static bool matches_both(const char *glob, const struct trace_token *host,
			 const struct trace_token *thread)
{
	char name[2 * NAME_MAX_BYTES];

	if (!host || !thread || host->len >= NAME_MAX_BYTES || thread->len >= NAME_MAX_BYTES)
		return false;
	snprintf(name, sizeof(name), "%.*s/%.*s", (int)host->len, host->at, (int)thread->len,
		 thread->at);
	return !fnmatch(glob, name, 0);
}

static bool is_actor(const struct trace_record *record, const char *glob)
{
	return matches(glob, record->host) || matches(glob, record->thread) ||
	       matches(glob, record->file) || matches_both(glob, record->host, record->thread) ||
	       (record->is_device && !fnmatch(glob, "device", 0));
}

static bool is_call(const struct trace_record *record, const char *glob)
{
	return matches(glob, record->call) || matches(glob, trace_record_feature(record)) ||
	       (record->is_device && !fnmatch(glob, "device", 0));
}

bool trace_record_matches(const struct trace_record *record, const struct trace_globs *actors,
			  const struct trace_globs *calls)
{
	bool actor = !actors->count, call = !calls->count;

	for (uint32_t i = 0; !actor && i < actors->count; i++)
		actor = is_actor(record, actors->glob[i]);
	for (uint32_t i = 0; actor && !call && i < calls->count; i++)
		call = is_call(record, calls->glob[i]);
	return actor && call;
}
