/* SPDX-License-Identifier: Apache-2.0 */
/* How a comparison is told: the first divergence with what led to it, then a count. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "traces/diff_internal.h"
#include "traces/show.h"

/* Members of one line that are listed, lines of one hunk that are shown. */
#define MEMBERS_MAX 8u
#define LINES_MAX   8u

static const char *const side_name[] = {"A", "B"};

/* ---- members ---- */

/* Two lines of one call, beside each other. */
struct beside {
	struct diff *diff;
	struct trace_record record[2];
	FILE *out;
	uint32_t told;
};

static void print_token(FILE *out, const struct trace_token *token)
{
	if (token)
		trace_show_text(out, token->at, MIN(token->len, 60u));
	else
		fputs("nothing", out);
	if (token && token->len > 60)
		fputs("…", out);
}

static void tell(struct beside *beside, const char *path, const struct trace_token *a,
		 const struct trace_token *b)
{
	if (beside->told++ >= MEMBERS_MAX)
		return;
	fprintf(beside->out, "    %s: A ", path);
	print_token(beside->out, a);
	fputs(", B ", beside->out);
	print_token(beside->out, b);
	fputc('\n', beside->out);
}

static bool is_alike(struct beside *beside, const char *path, const struct trace_token *a,
		     const struct trace_token *b)
{
	/* Of a path the part that the call's table of members knows. */
	const char *member = !strncmp(path, "in.", 3)    ? path + 3
			     : !strncmp(path, "out.", 4) ? path + 4
							 : "";
	const struct trace_token *const token[2] = {a, b};
	uint64_t value[2];

	for (int i = 0; i < 2; i++) {
		struct diff_normal *normal = &beside->diff->side[i].normal;

		diff_normal_begin(normal, &beside->record[i]);
		value[i] = diff_normal_member(normal, &beside->record[i], member, token[i]);
	}
	return value[0] == value[1];
}

static void compare_members(struct beside *beside, const char *path, const struct trace_token *a,
			    const struct trace_token *b);

static void compare_values(struct beside *beside, const char *path, const struct trace_token *a,
			   const struct trace_token *b)
{
	if (!a || !b)
		tell(beside, path, a, b);
	else if (a->kind == TRACE_OBJECT && b->kind == TRACE_OBJECT)
		compare_members(beside, path, a, b);
	else if (!is_alike(beside, path, a, b))
		tell(beside, path, a, b);
}

static void compare_members(struct beside *beside, const char *path, const struct trace_token *a,
			    const struct trace_token *b)
{
	const struct trace_token *const object[2] = {a, b};

	/* Of the first side all members, of the second those that the first has not. */
	for (int side = 0; side < 2; side++) {
		const struct trace_token *at = NULL, *key;

		while (trace_scan_next(beside->record[side].tokens, object[side], &at, &key)) {
			char name[DIFF_PATH], deeper[2 * DIFF_PATH];
			const struct trace_token *other;

			if (!*path && !diff_is_compared(&beside->record[side], key))
				continue;
			snprintf(name, sizeof(name), "%.*s", (int)key->len, key->at);
			snprintf(deeper, sizeof(deeper), "%s%s%s", path, *path ? "." : "", name);
			other = trace_scan_member(beside->record[!side].tokens, object[!side],
						  name);
			if (!side)
				compare_values(beside, deeper, at, other);
			else if (!other)
				tell(beside, deeper, NULL, at);
		}
	}
}

static const struct diff_line *line_at(const struct diff *diff, const struct diff_hunk *hunk,
				       int side, uint32_t index)
{
	return &diff->side[side].line[hunk->stream[side]->line[index]];
}

/* Which members make two lines of one call differ. */
static void tell_members(struct diff *diff, const struct diff_hunk *hunk, FILE *out)
{
	struct beside beside = {.diff = diff, .out = out};

	for (int side = 0; side < 2; side++) {
		if (hunk->begin[side] == hunk->end[side])
			return;
		diff_record(&diff->side[side], line_at(diff, hunk, side, hunk->begin[side]),
			    &beside.record[side]);
	}
	if (beside.record[0].call->len != beside.record[1].call->len ||
	    memcmp(beside.record[0].call->at, beside.record[1].call->at,
		   beside.record[0].call->len))
		return;
	fputs("  differs in\n", out);
	compare_members(&beside, "", beside.record[0].root, beside.record[1].root);
	if (beside.told > MEMBERS_MAX)
		fprintf(out, "    and %u more\n", beside.told - MEMBERS_MAX);
	if (!beside.told)
		fputs("    the object that an id means: it is another one than before\n", out);
}

/* ---- lines ---- */

/* The lines that are shown, gone through twice: first only for the columns' widths. */
struct lines {
	struct trace_show show;
	bool measure;
};

static void show_line(struct diff *diff, struct lines *lines, int side,
		      const struct diff_line *line, const char *prefix)
{
	struct trace_record record;

	diff_record(&diff->side[side], line, &record);
	if (lines->measure)
		trace_show_measure(&lines->show, &record);
	else
		trace_show_line(&lines->show, prefix, &record);
}

/* Lines that both have: "  A 12 B 13 …". */
static void show_common(struct diff *diff, struct lines *lines, const struct diff_line *line)
{
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "    A %-7u B %-7u ", line->number,
		 diff->side[1].line[line->match].number);
	show_line(diff, lines, 0, line, prefix);
}

static void show_only(struct diff *diff, struct lines *lines, const struct diff_hunk *hunk,
		      int side)
{
	uint32_t end = hunk->end[side];
	char prefix[64];

	for (uint32_t i = hunk->begin[side]; i < end; i++) {
		const struct diff_line *line = line_at(diff, hunk, side, i);

		if (i - hunk->begin[side] == LINES_MAX) {
			if (!lines->measure)
				fprintf(lines->show.out, "  %c … %u more lines of %s\n",
					side ? '+' : '-', end - i, side_name[side]);
			return;
		}
		snprintf(prefix, sizeof(prefix), "  %c %s %-7u %9s ", side ? '+' : '-',
			 side_name[side], line->number, "");
		show_line(diff, lines, side, line, prefix);
	}
}

static void show_context(struct diff *diff, struct lines *lines, const struct diff_hunk *hunk,
			 uint32_t begin, uint32_t end)
{
	for (uint32_t i = begin; hunk->stream[0] && i < end; i++) {
		const struct diff_line *line;

		if (i >= hunk->stream[0]->count)
			return;
		line = line_at(diff, hunk, 0, i);
		if (line->match == DIFF_UNMATCHED)
			return;
		show_common(diff, lines, line);
	}
}

/* The last lines before a hunk that both sides have. */
static uint32_t context_begin(const struct diff *diff, const struct diff_hunk *hunk)
{
	uint32_t begin = hunk->begin[0], left = diff->options->context;

	while (left-- && begin && hunk->stream[0] &&
	       line_at(diff, hunk, 0, begin - 1)->match != DIFF_UNMATCHED)
		begin--;
	return begin;
}

static void show_lines(struct diff *diff, struct lines *lines, const struct diff_hunk *hunk)
{
	show_context(diff, lines, hunk, context_begin(diff, hunk), hunk->begin[0]);
	show_only(diff, lines, hunk, 0);
	show_only(diff, lines, hunk, 1);
	show_context(diff, lines, hunk, hunk->end[0], hunk->end[0] + diff->options->context);
}

static void tell_first(struct diff *diff, FILE *out)
{
	const struct diff_hunk *hunk = &diff->first;
	const struct diff_stream *stream = hunk->stream[0] ? hunk->stream[0] : hunk->stream[1];
	struct lines lines = {.measure = true};

	fprintf(out, "first difference, actor ");
	trace_show_text(out, stream->name, strlen(stream->name));
	if (hunk->stream[0] && hunk->stream[1] &&
	    strcmp(hunk->stream[0]->name, hunk->stream[1]->name)) {
		fputs(" (B: ", out);
		trace_show_text(out, hunk->stream[1]->name, strlen(hunk->stream[1]->name));
		fputc(')', out);
	}
	fputc('\n', out);
	if (trace_show_init(&lines.show, out))
		return;
	show_lines(diff, &lines, hunk);
	lines.measure = false;
	show_lines(diff, &lines, hunk);
	trace_show_fini(&lines.show);
	tell_members(diff, hunk, out);
}

/* ---- counts ---- */

struct tally {
	uint64_t hunks;
	uint64_t only[2];
};

static void add_hunk(struct diff *diff, const struct diff_hunk *hunk, void *arg)
{
	struct tally *tally = arg;

	tally->hunks++;
	for (int i = 0; i < 2; i++)
		tally->only[i] += hunk->end[i] - hunk->begin[i];
}

static void tell_stream(struct diff *diff, struct diff_stream *a, struct diff_stream *b, FILE *out)
{
	const char *name = a ? a->name : b->name;
	struct tally tally = {0};

	diff_each_hunk(diff, a, b, add_hunk, &tally);
	if (!tally.hunks)
		return;
	fputs("  ", out);
	trace_show_text(out, name, strlen(name));
	fprintf(out,
		": %" PRIu64 " difference%s, %" PRIu64 " lines only in A, %" PRIu64 " only in B\n",
		tally.hunks, tally.hunks > 1 ? "s" : "", tally.only[0], tally.only[1]);
}

static void tell_counts(struct diff *diff, FILE *out)
{
	if (diff->hunks > 1)
		fprintf(out, "%" PRIu64 " further difference%s; by actor:\n", diff->hunks - 1,
			diff->hunks > 2 ? "s" : "");
	else
		fputs("no further difference\n", out);
	for (struct diff_stream *a = diff->side[0].streams; a; a = a->hh.next)
		tell_stream(diff, a, a->partner, out);
	for (struct diff_stream *b = diff->side[1].streams; b; b = b->hh.next)
		if (!b->partner)
			tell_stream(diff, NULL, b, out);
}

void diff_report(struct diff *diff, FILE *out)
{
	uint64_t alike = 0;

	for (uint32_t i = 0; i < diff->side[0].lines; i++)
		alike += diff->side[0].line[i].match != DIFF_UNMATCHED;
	for (int i = 0; i < 2; i++)
		fprintf(out, "%s  %s: %u lines\n", side_name[i], diff->options->path[i],
			diff->side[i].lines);
	if (diff->hunks) {
		tell_first(diff, out);
		tell_counts(diff, out);
	}
	fprintf(out, "%" PRIu64 " lines alike%s\n", alike, diff->hunks ? "" : ", no difference");
}
