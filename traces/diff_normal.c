/* SPDX-License-Identifier: Apache-2.0 */
/* What is compared of a line: everything but what docs/replay.md calls free. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/bits.h"
#include "traces/call.h"
#include "traces/diff_internal.h"

static uint64_t mix(uint64_t a, uint64_t b)
{
	a ^= b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2);
	a *= UINT64_C(0xff51afd7ed558ccd);
	return a ^ a >> 32;
}

static uint64_t text_value(const struct trace_token *token)
{
	return XXH3_64bits(token->at, token->len);
}

/* A member's path, as it grows; a million lines have no time for printf. */
struct path {
	char text[DIFF_PATH];
	size_t len;
};

/* Longer ones than fit are none of a call's. */
static void path_append(struct path *path, const char *text, size_t len)
{
	len = MIN(len, sizeof(path->text) - 1 - path->len);
	memcpy(path->text + path->len, text, len);
	path->len += len;
	path->text[path->len] = '\0';
}

static enum trace_field_kind kind_of(struct diff_normal *normal, const struct path *path)
{
	uint64_t key = mix(normal->call_value, XXH3_64bits(path->text, path->len));
	struct diff_memo *memo = &normal->memo[key % DIFF_MEMO];
	const struct trace_call *call;

	if (memo->key != key) {
		call = trace_call_by_name(normal->call);
		*memo = (struct diff_memo){key,
					   call ? (uint8_t)trace_call_member_kind(call, path->text)
						: TRACE_NUMBER};
	}
	return (enum trace_field_kind)memo->kind;
}

static void keep_id(struct diff_normal *normal, uint64_t id)
{
	struct diff_ids *ids = normal->ids;

	if (!ids)
		return;
	if (ids->count == ids->capacity) {
		uint32_t capacity = ids->capacity ? 2 * ids->capacity : 1024;
		uint64_t *more = realloc(ids->id, capacity * sizeof(*more));

		if (!more) {
			normal->failed = true;
			return;
		}
		ids->id = more;
		ids->capacity = capacity;
	}
	ids->id[ids->count++] = id;
}

static uint64_t number_value(struct diff_normal *normal, const struct path *path,
			     const struct trace_token *token)
{
	uint64_t number;

	if (!trace_token_integer(token, &number))
		return text_value(token);
	switch (kind_of(normal, path)) {
	case TRACE_FD:
		return (int64_t)number < 0;
	case TRACE_ADDRESS:
		return 0;
	case TRACE_ID:
		keep_id(normal, number);
		return 0;
	case TRACE_NUMBER:
	case TRACE_STATE:
		break;
	}
	return mix(number, 1);
}

static uint64_t value_of(struct diff_normal *normal, const struct trace_record *record,
			 struct path *path, const struct trace_token *token)
{
	const struct trace_token *at = NULL, *key;
	uint64_t value = token->kind;
	size_t len = path->len;

	if (token->kind == TRACE_NUMERAL)
		return number_value(normal, path, token);
	if (token->kind == TRACE_STRING || token->kind == TRACE_WORD)
		return mix(value, text_value(token));
	while (trace_scan_next(record->tokens, token, &at, &key)) {
		if (!key) {
			value = mix(value, value_of(normal, record, path, at));
			continue;
		}
		/* The order of members says nothing. */
		if (len)
			path_append(path, ".", 1);
		path_append(path, key->at, key->len);
		value += mix(text_value(key), value_of(normal, record, path, at));
		path->len = len;
		path->text[len] = '\0';
	}
	return value;
}

uint64_t diff_normal_member(struct diff_normal *normal, const struct trace_record *record,
			    const char *path, const struct trace_token *value)
{
	struct path whole = {.len = 0};

	path_append(&whole, path, strlen(path));
	return value_of(normal, record, &whole, value);
}

/* Members at the top of a line that are free, or that say whose line it is. */
bool diff_is_compared(const struct trace_record *record, const struct trace_token *key)
{
	static const char *const free_here[] = {"t_us", "thread", "host", "cause", "fd"};

	for (size_t i = 0; i < ARRAY_LEN(free_here); i++)
		if (trace_token_is(key, free_here[i]))
			return record->is_driver && i > 0;
	return true;
}

/* Reading configuration space or a BAR: how much it gave counts, not what. */
static bool is_free_out(const struct diff_normal *normal)
{
	return !strcmp(normal->call, "pread");
}

/* A descriptor that a call gives. */
static bool gives_fd(const struct diff_normal *normal)
{
	return !strcmp(normal->call, "open") || !strcmp(normal->call, "VFIO_GROUP_GET_DEVICE_FD");
}

void diff_normal_begin(struct diff_normal *normal, const struct trace_record *record)
{
	size_t len = MIN(record->call->len, sizeof(normal->call) - 1);

	memcpy(normal->call, record->call->at, len);
	normal->call[len] = '\0';
	normal->call_value = text_value(record->call);
}

static uint64_t top_value(struct diff_normal *normal, const struct trace_record *record,
			  const struct trace_token *key, const struct trace_token *value)
{
	struct path path;
	uint64_t number = 0;

	path.text[path.len = 0] = '\0';
	if (value == record->out && is_free_out(normal))
		return 0;
	if (value == record->ret && gives_fd(normal)) {
		trace_token_integer(value, &number);
		return (int64_t)number < 0;
	}
	/* Which number an armed vector's eventfd has is free, whether it is armed is not. */
	if (record->is_device && trace_token_is(key, "eventfd"))
		return value->kind;
	return value_of(normal, record, &path, value);
}

uint64_t diff_normal_line(struct diff_normal *normal, const struct trace_record *record)
{
	const struct trace_token *at = NULL, *key;
	uint64_t value = 0;

	diff_normal_begin(normal, record);
	while (trace_scan_next(record->tokens, record->root, &at, &key))
		if (diff_is_compared(record, key))
			value += mix(text_value(key), top_value(normal, record, key, at));
	return value;
}
