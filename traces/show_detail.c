/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What matters of a line, in the field's terms. Members are printed by tables:
 * by their names, and where one name means several things, by call. A call that
 * no table knows is printed all the same, member by member.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "traces/show.h"
#include "traces/show_internal.h"

/* Elements of a list, characters of a text that are printed; the rest is counted. */
#define LIST_MAX 6u
#define TEXT_MAX 40u

/* Where a printer writes, and what it may look at. */
struct detail {
	FILE *out;
	const struct trace_record *record;
	bool began; /* something stands there already */
	bool arrow; /* owed before what follows */
};

static void print_value(struct detail *detail, const char *call, const struct trace_token *key,
			const struct trace_token *value);

static const struct trace_token *member(const struct detail *detail,
					const struct trace_token *object, const char *key)
{
	return trace_scan_member(detail->record->tokens, object, key);
}

static bool integer_of(const struct detail *detail, const struct trace_token *object,
		       const char *key, uint64_t *value)
{
	const struct trace_token *token = member(detail, object, key);

	return token && trace_token_integer(token, value);
}

static void space(struct detail *detail)
{
	if (detail->began)
		fputc(' ', detail->out);
	if (detail->arrow)
		fputs("-> ", detail->out);
	detail->began = true;
	detail->arrow = false;
}

static void print_size(FILE *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	while (bytes && bytes % 1024 == 0 && unit + 1 < ARRAY_LEN(units)) {
		bytes /= 1024;
		unit++;
	}
	fprintf(out, "%" PRIu64 " %s", bytes, units[unit]);
}

/* First and last address, and how much that is. */
static void print_span(FILE *out, uint64_t first, uint64_t last)
{
	fprintf(out, "0x%" PRIx64 "-0x%" PRIx64 " (", first, last);
	if (last - first == UINT64_MAX)
		fputs("all", out);
	else
		print_size(out, last - first + 1);
	fputc(')', out);
}

static void print_range(FILE *out, uint64_t first, uint64_t len)
{
	if (len)
		print_span(out, first, first + len - 1);
	else
		fprintf(out, "0x%" PRIx64 " (0 B)", first);
}

static void print_text(FILE *out, const struct trace_token *token)
{
	uint32_t len = MIN(token->len, TEXT_MAX);

	/* Not within a character of several bytes. */
	while (len < token->len && len && ((uint8_t)token->at[len] & 0xc0) == 0x80)
		len--;
	trace_show_text(out, token->at, len);
	if (token->len > TEXT_MAX)
		fprintf(out, "… (%u characters)", token->len);
}

/* Names of the bits, and in hexadecimal what has none. */
static void print_flags(FILE *out, const struct show_bits *bits, uint64_t value)
{
	const char *between = "";

	for (; bits->name && value; bits++) {
		if ((value & bits->mask) != bits->value)
			continue;
		fprintf(out, "%s%s", between, bits->name);
		value &= ~bits->mask;
		between = "|";
	}
	if (value)
		fprintf(out, "%s0x%" PRIx64, between, value);
}

/* ---- lists ---- */

/* {start, last}, {iova, length} or {iova, size} as a range. */
static bool print_as_range(const struct detail *detail, const struct trace_token *object)
{
	uint64_t first, second;

	if (integer_of(detail, object, "start", &first) &&
	    integer_of(detail, object, "last", &second)) {
		print_span(detail->out, first, second);
		return true;
	}
	if (!integer_of(detail, object, "iova", &first) ||
	    (!integer_of(detail, object, "length", &second) &&
	     !integer_of(detail, object, "size", &second)))
		return false;
	print_range(detail->out, first, second);
	return true;
}

static void print_list(struct detail *detail, const char *call, const struct trace_token *key,
		       const struct trace_token *list)
{
	const struct trace_token *at = NULL, *none;
	uint32_t count = 0;

	fputc('[', detail->out);
	while (trace_scan_next(detail->record->tokens, list, &at, &none)) {
		if (count++ >= LIST_MAX)
			continue;
		fputs(count > 1 ? " " : "", detail->out);
		print_value(detail, call, key, at);
	}
	if (count > LIST_MAX)
		fprintf(detail->out, " … %u", count);
	fputc(']', detail->out);
}

/* ---- members ---- */

static bool key_is(const struct trace_token *key, const char *text)
{
	return key && trace_token_is(key, text);
}

static bool ends_with(const struct trace_token *key, const char *end)
{
	size_t len = strlen(end);

	return key && key->len >= len && !memcmp(key->at + key->len - len, end, len);
}

static bool is_address(const struct trace_token *key)
{
	static const char *const ends[] = {"iova",    "addr",  "va",          "offset", "start",
					   "last",    "dirty", "bitmap",      "pa",     "ptr",
					   "pgsizes", "value", "capabilities"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (ends_with(key, ends[i]))
			return true;
	return false;
}

static bool is_size(const struct trace_token *key)
{
	static const char *const ends[] = {"length", "size", "bytes", "len", "alignment"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (ends_with(key, ends[i]))
			return true;
	return false;
}

static void print_number(struct detail *detail, const char *call, const struct trace_token *key,
			 const struct trace_token *value)
{
	const struct show_names *names = show_names_of(call, key);
	const struct show_bits *bits = show_bits_of(call, key);
	uint64_t number;

	if (!trace_token_integer(value, &number))
		print_text(detail->out, value);
	else if (bits)
		print_flags(detail->out, bits, number);
	else if (names && number < names->count && names->name[number])
		fputs(names->name[number], detail->out);
	else if (is_address(key) && strcmp(call, "VFIO_DEVICE_SET_IRQS"))
		fprintf(detail->out, "0x%" PRIx64, number);
	else if (is_size(key))
		print_size(detail->out, number);
	else
		fprintf(detail->out, "%" PRId64, (int64_t)number);
}

static void print_members(struct detail *detail, const char *call, const struct trace_token *object,
			  const struct trace_token *said);

static void print_value(struct detail *detail, const char *call, const struct trace_token *key,
			const struct trace_token *value)
{
	switch (value->kind) {
	case TRACE_NUMERAL:
		print_number(detail, call, key, value);
		return;
	case TRACE_ARRAY:
		print_list(detail, call, key, value);
		return;
	case TRACE_OBJECT:
		if (print_as_range(detail, value))
			return;
		fputc('{', detail->out);
		detail->began = false;
		print_members(detail, call, value, NULL);
		detail->began = true;
		fputc('}', detail->out);
		return;
	case TRACE_STRING:
	case TRACE_WORD:
		print_text(detail->out, value);
	}
}

static bool same(const struct trace_token *a, const struct trace_token *b)
{
	return a && b && a->kind == b->kind && a->len == b->len && !memcmp(a->at, b->at, a->len);
}

/* Members that say nothing to a person: sizes of structures, what has a name beside it, zeros. */
static bool is_silent(const struct detail *detail, const char *call,
		      const struct trace_token *object, const struct trace_token *key,
		      const struct trace_token *value)
{
	uint64_t number;

	if (key_is(key, "argsz") || (key_is(key, "size") && !strncmp(call, "IOMMU_", 6)))
		return true;
	if (key_is(key, "device_state"))
		return member(detail, object, "device_state_name");
	if (key_is(key, "flags") && member(detail, object, "op"))
		return true;
	if ((key_is(key, "length") || key_is(key, "size")) && member(detail, object, "iova"))
		return true;
	if (!trace_token_integer(value, &number))
		return false;
	return number ? key_is(key, "data_fd") && number == UINT64_MAX : show_zero_is_silent(key);
}

/* Members whose value says what they are. */
static bool is_bare(const struct trace_token *key)
{
	static const char *const bare[] = {"path",    "op",    "feature", "device_state_name",
					   "payload", "region"};

	for (size_t i = 0; i < ARRAY_LEN(bare); i++)
		if (key_is(key, bare[i]))
			return true;
	return false;
}

/* The members of `object` that `said` does not say already. */
static void print_members(struct detail *detail, const char *call, const struct trace_token *object,
			  const struct trace_token *said)
{
	const struct trace_token *at = NULL, *key;

	while (trace_scan_next(detail->record->tokens, object, &at, &key)) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)key->len, key->at);
		if (is_silent(detail, call, object, key, at) ||
		    same(at, trace_scan_member(detail->record->tokens, said, name)))
			continue;
		if (key_is(key, "payload") && at->kind == TRACE_OBJECT) {
			print_members(detail, call, at, member(detail, said, "payload"));
			continue;
		}
		space(detail);
		if (!is_bare(key)) {
			trace_show_text(detail->out, name, strlen(name));
			fputc(' ', detail->out);
		}
		if (key_is(key, "iova") && print_as_range(detail, object))
			continue;
		print_value(detail, call, key, at);
	}
}

/* ---- lines of their own kind ---- */

/* bar0+0x5000 4 B = 0x40000000 */
static void print_transfer(struct detail *detail, const char *call)
{
	const struct trace_record *record = detail->record;
	const struct trace_token *region = member(detail, record->in, "region");
	bool writes = !strcmp(call, "pwrite");
	const struct trace_token *data =
		member(detail, writes ? record->in : record->out, "data_hex");
	uint64_t offset = 0, len = 0, value;

	integer_of(detail, record->in, "offset", &offset);
	integer_of(detail, record->in, "len", &len);
	print_text(detail->out, region);
	fprintf(detail->out, "+0x%" PRIx64 " ", offset);
	print_size(detail->out, len);
	if (integer_of(detail, writes ? record->in : record->out, "value", &value))
		fprintf(detail->out, " %s 0x%" PRIx64, writes ? "<-" : "->", value);
	else if (data && data->kind == TRACE_STRING) {
		fputs(writes ? " <- " : " -> ", detail->out);
		print_text(detail->out, data);
	}
}

static void print_device(struct detail *detail)
{
	const struct trace_token *root = detail->record->root;
	uint64_t first, second;

	if (integer_of(detail, root, "iova", &first) && integer_of(detail, root, "len", &second)) {
		fprintf(detail->out, "0x%" PRIx64 " ", first);
		print_size(detail->out, second);
	} else if (integer_of(detail, root, "vector", &first)) {
		fprintf(detail->out, "vector %" PRIu64 " -> ", first);
		if (integer_of(detail, root, "eventfd", &second))
			fprintf(detail->out, "eventfd %" PRIu64, second);
		else
			fputs("not armed", detail->out);
	}
}

/* Of a driver's recording: what stands in columns already is left out, what is done comes first. */
static void print_driver(struct detail *detail)
{
	static const char *const first[] = {"opcode", "op", "register"};
	static const char *const shown[] = {"t_us", "function", "kind", "opcode", "op", "register"};
	const struct trace_token *root = detail->record->root, *at, *key;

	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		at = member(detail, root, first[i]);
		if (!at)
			continue;
		space(detail);
		print_value(detail, "", NULL, at);
	}
	for (at = NULL; trace_scan_next(detail->record->tokens, root, &at, &key);) {
		bool is_shown = false;

		for (size_t i = 0; i < ARRAY_LEN(shown); i++)
			is_shown |= key_is(key, shown[i]);
		if (is_shown)
			continue;
		space(detail);
		trace_show_text(detail->out, key->at, key->len);
		fputc(' ', detail->out);
		print_value(detail, "", key, at);
	}
}

static void print_call(struct detail *detail)
{
	const struct trace_record *record = detail->record;
	const struct trace_token *region = member(detail, record->in, "region");
	char call[64];

	snprintf(call, sizeof(call), "%.*s", (int)record->call->len, record->call->at);
	if (region && region->kind == TRACE_STRING) {
		print_transfer(detail, call);
		return;
	}
	print_members(detail, call, record->in, NULL);
	/* What comes back stands behind an arrow, if it says anything new. */
	detail->arrow = true;
	print_members(detail, call, record->out, record->in);
}

void trace_show_detail(FILE *out, const struct trace_record *record)
{
	struct detail detail = {out, record, false, false};

	if (record->is_driver)
		print_driver(&detail);
	else if (record->is_device)
		print_device(&detail);
	else
		print_call(&detail);
}
