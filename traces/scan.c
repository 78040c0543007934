/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/scan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Deeper than any line of a trace. */
#define DEPTH_MAX 32

struct scanner {
	struct trace_tokens *tokens;
	const char *at;
	const char *end;
	const char *expected; /* the first complaint */
};

void trace_tokens_release(struct trace_tokens *tokens)
{
	free(tokens->token);
	*tokens = (struct trace_tokens){0};
}

static bool complain(struct scanner *scanner, const char *expected)
{
	if (!scanner->expected)
		scanner->expected = expected;
	return false;
}

static void skip_space(struct scanner *scanner)
{
	while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\t' ||
					      *scanner->at == '\r' || *scanner->at == '\n'))
		scanner->at++;
}

static bool take(struct scanner *scanner, char c)
{
	skip_space(scanner);
	if (scanner->at == scanner->end || *scanner->at != c)
		return false;
	scanner->at++;
	return true;
}

/* Index of a new token. */
static bool push(struct scanner *scanner, enum trace_token_kind kind, uint32_t *index)
{
	struct trace_tokens *tokens = scanner->tokens;

	if (tokens->count == tokens->capacity) {
		uint32_t capacity = tokens->capacity ? 2 * tokens->capacity : 64;
		struct trace_token *more = realloc(tokens->token, capacity * sizeof(*more));

		if (!more)
			return complain(scanner, "more memory");
		tokens->token = more;
		tokens->capacity = capacity;
	}
	*index = tokens->count++;
	tokens->token[*index] = (struct trace_token){scanner->at, 0, tokens->count, kind};
	return true;
}

static void finish(struct scanner *scanner, uint32_t index, const char *end)
{
	struct trace_token *token = &scanner->tokens->token[index];

	token->len = (uint32_t)(end - token->at);
	token->after = scanner->tokens->count;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Behind a backslash. */
static bool skip_escape(struct scanner *scanner)
{
	if (scanner->at == scanner->end || !strchr("\"\\/bfnrtu", *scanner->at) || !*scanner->at)
		return complain(scanner, "an escape of JSON");
	if (*scanner->at++ != 'u')
		return true;
	for (int i = 0; i < 4; i++, scanner->at++)
		if (scanner->at == scanner->end || !*scanner->at ||
		    !strchr("0123456789abcdefABCDEF", *scanner->at))
			return complain(scanner, "four hexadecimal digits");
	return true;
}

/* Behind the opening quote; to behind the closing one. */
static bool scan_string(struct scanner *scanner)
{
	uint32_t index;

	if (!push(scanner, TRACE_STRING, &index))
		return false;
	while (scanner->at < scanner->end && *scanner->at != '"') {
		unsigned char c = (unsigned char)*scanner->at;

		if (c < ' ')
			return complain(scanner, "a string without control characters");
		scanner->at++;
		if (c == '\\' && !skip_escape(scanner))
			return false;
	}
	if (scanner->at == scanner->end)
		return complain(scanner, "the end of a string");
	finish(scanner, index, scanner->at++);
	return true;
}

static bool skip_digits(struct scanner *scanner)
{
	const char *begin = scanner->at;

	while (scanner->at < scanner->end && is_digit(*scanner->at))
		scanner->at++;
	return scanner->at > begin || complain(scanner, "a digit");
}

static bool next_is(const struct scanner *scanner, char one, char other)
{
	return scanner->at < scanner->end && (*scanner->at == one || *scanner->at == other);
}

static bool scan_number(struct scanner *scanner)
{
	uint32_t index;

	if (!push(scanner, TRACE_NUMERAL, &index))
		return false;
	if (*scanner->at == '-')
		scanner->at++;
	if (scanner->at + 1 < scanner->end && *scanner->at == '0' && is_digit(scanner->at[1]))
		return complain(scanner, "a number without leading zeros");
	if (!skip_digits(scanner))
		return false;
	if (next_is(scanner, '.', '.')) {
		scanner->at++;
		if (!skip_digits(scanner))
			return false;
	}
	if (next_is(scanner, 'e', 'E')) {
		scanner->at++;
		if (next_is(scanner, '+', '-'))
			scanner->at++;
		if (!skip_digits(scanner))
			return false;
	}
	finish(scanner, index, scanner->at);
	return true;
}

static bool scan_word(struct scanner *scanner)
{
	static const char *const words[] = {"null", "true", "false"};
	size_t left = (size_t)(scanner->end - scanner->at);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);
		uint32_t index;

		if (left < len || memcmp(scanner->at, words[i], len))
			continue;
		if (!push(scanner, TRACE_WORD, &index))
			return false;
		scanner->at += len;
		finish(scanner, index, scanner->at);
		return true;
	}
	return complain(scanner, "a value");
}

static bool scan_value(struct scanner *scanner, uint32_t depth);

static bool scan_key(struct scanner *scanner)
{
	if (!take(scanner, '"'))
		return complain(scanner, "a key in quotes");
	return scan_string(scanner) && (take(scanner, ':') || complain(scanner, "`:`"));
}

/* Behind the opening bracket; to behind the closing one. */
static bool scan_container(struct scanner *scanner, enum trace_token_kind kind, uint32_t depth)
{
	char close = kind == TRACE_OBJECT ? '}' : ']';
	uint32_t index;

	if (depth == DEPTH_MAX)
		return complain(scanner, "fewer brackets within each other");
	if (!push(scanner, kind, &index))
		return false;
	scanner->tokens->token[index].at--;
	if (!take(scanner, close)) {
		do {
			if (kind == TRACE_OBJECT && !scan_key(scanner))
				return false;
			if (!scan_value(scanner, depth + 1))
				return false;
		} while (take(scanner, ','));
		if (!take(scanner, close))
			return complain(scanner,
					kind == TRACE_OBJECT ? "`,` or `}`" : "`,` or `]`");
	}
	finish(scanner, index, scanner->at);
	return true;
}

static bool scan_value(struct scanner *scanner, uint32_t depth)
{
	if (take(scanner, '"'))
		return scan_string(scanner);
	if (take(scanner, '{'))
		return scan_container(scanner, TRACE_OBJECT, depth);
	if (take(scanner, '['))
		return scan_container(scanner, TRACE_ARRAY, depth);
	if (scanner->at < scanner->end && (*scanner->at == '-' || is_digit(*scanner->at)))
		return scan_number(scanner);
	return scan_word(scanner);
}

const char *trace_scan(struct trace_tokens *tokens, const char *text, size_t len, size_t *column)
{
	struct scanner scanner = {tokens, text, text + len, NULL};

	tokens->count = 0;
	if (len > UINT32_MAX / 2)
		complain(&scanner, "a shorter line");
	else if (scan_value(&scanner, 0)) {
		skip_space(&scanner);
		if (scanner.at != scanner.end)
			complain(&scanner, "the end of the line");
	}
	*column = (size_t)(scanner.at - text) + 1;
	return scanner.expected;
}

bool trace_scan_next(const struct trace_tokens *tokens, const struct trace_token *container,
		     const struct trace_token **at, const struct trace_token **key)
{
	uint32_t index = *at ? (*at)->after : (uint32_t)(container - tokens->token) + 1;

	if (index >= container->after)
		return false;
	*key = container->kind == TRACE_OBJECT ? &tokens->token[index++] : NULL;
	*at = &tokens->token[index];
	return true;
}

const struct trace_token *trace_scan_member(const struct trace_tokens *tokens,
					    const struct trace_token *object, const char *key)
{
	const struct trace_token *at = NULL, *name;

	if (!object || object->kind != TRACE_OBJECT)
		return NULL;
	while (trace_scan_next(tokens, object, &at, &name))
		if (trace_token_is(name, key))
			return at;
	return NULL;
}

bool trace_token_is(const struct trace_token *token, const char *text)
{
	/* Most that are asked for are told apart by their first letter. */
	if (token->len && token->at[0] != text[0])
		return false;
	return !strncmp(token->at, text, token->len) && text[token->len] == '\0';
}

bool trace_token_integer(const struct trace_token *token, uint64_t *value)
{
	const char *at = token->at, *end = at + token->len;
	bool negative = at < end && *at == '-';
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX, sum = 0;

	if (token->kind != TRACE_NUMERAL)
		return false;
	for (at += negative; at < end; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (!is_digit(*at) || sum > (limit - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = negative ? 0 - sum : sum;
	return true;
}
