/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_SCAN_H
#define VFSIM_TRACES_SCAN_H

/*
 * A line of JSON as tokens that point into it: nothing is copied and nothing
 * allocated for each value, so that a million lines are a matter of a second or
 * two. Keys stand before their values, a container before what it holds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum trace_token_kind { TRACE_OBJECT, TRACE_ARRAY, TRACE_STRING, TRACE_NUMERAL, TRACE_WORD };

struct trace_token {
	const char *at; /* of a string: within its quotes, escapes as they stand; else all of it */
	uint32_t len;
	uint32_t after; /* index of the first token behind this value */
	enum trace_token_kind kind;
};

struct trace_tokens {
	struct trace_token *token; /* the line's value is the first */
	uint32_t count;
	uint32_t capacity;
};

/*
 * Scan a line; what was there before is forgotten, its room is kept. NULL, or
 * what was expected, then *column (from 1) says where.
 */
const char *trace_scan(struct trace_tokens *tokens, const char *text, size_t len, size_t *column);
void trace_tokens_release(struct trace_tokens *tokens);

/* The value of a member; NULL: none. `object` NULL or no object: none. */
const struct trace_token *trace_scan_member(const struct trace_tokens *tokens,
					    const struct trace_token *object, const char *key);

/*
 * What a container holds, one call each: begin with *at = NULL. An object's
 * member has a key, an array's element has none (NULL). False at the end.
 */
bool trace_scan_next(const struct trace_tokens *tokens, const struct trace_token *container,
		     const struct trace_token **at, const struct trace_token **key);

bool trace_token_is(const struct trace_token *token, const char *text);
/* An integer of 64 bits, signed or unsigned, as its bits. False for anything else. */
bool trace_token_integer(const struct trace_token *token, uint64_t *value);

#ifdef __cplusplus
}
#endif
#endif
