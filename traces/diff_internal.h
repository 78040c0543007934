/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_DIFF_INTERNAL_H
#define VFSIM_TRACES_DIFF_INTERNAL_H

#include <uthash.h>

#include "traces/diff.h"

/* ---- what is compared of a line ---- */

/* Kinds of members, remembered: looking one up in the table of calls takes long. */
struct diff_memo {
	uint64_t key;
	uint8_t kind;
};

#define DIFF_MEMO  1024u
#define DIFF_PATH  128u
#define DIFF_NAMES 64u

/* Numbers that recordings choose freely, but for which one it is: the objects of iommufd. */
struct diff_ids {
	uint64_t *id;
	uint32_t count;
	uint32_t capacity;
};

struct diff_normal {
	struct diff_memo memo[DIFF_MEMO];
	struct diff_ids *ids; /* where a line's go; NULL: nowhere */
	char call[DIFF_NAMES];
	uint64_t call_value;
	bool failed; /* out of memory */
};

/* A value that lines have alike which are the same but for what is free. */
uint64_t diff_normal_line(struct diff_normal *normal, const struct trace_record *record);

/* A member's value alone; `path` as in docs/replay.md without `in.` and `out.`. */
uint64_t diff_normal_member(struct diff_normal *normal, const struct trace_record *record,
			    const char *path, const struct trace_token *value);
/* Is a top-level member one that is compared? */
bool diff_is_compared(const struct trace_record *record, const struct trace_token *key);
void diff_normal_begin(struct diff_normal *normal, const struct trace_record *record);

/* ---- the two files ---- */

#define DIFF_UNMATCHED UINT32_MAX

struct diff_line {
	uint64_t value;
	size_t at; /* offset in the text */
	uint32_t len;
	uint32_t number;
	uint32_t first_id; /* in ids; the next line's tells how many */
	uint32_t match;    /* index of the other file's line */
	bool destroys;     /* an object: its id may be used again */
};

/* The lines of one actor, in order. */
struct diff_stream {
	uint64_t key;
	char name[280];
	char host[140];
	bool is_device;
	uint32_t *line; /* indices */
	uint32_t count;
	uint32_t capacity;
	struct diff_stream *partner; /* in the other file; NULL: it has none */
	UT_hash_handle hh;
};

struct diff_side {
	const struct trace_diff_options *options;
	const char *path;
	struct diff_normal normal;
	struct trace_text text;
	struct trace_tokens tokens;
	struct diff_line *line;
	uint32_t lines;
	uint32_t capacity;
	struct diff_ids ids;
	struct diff_stream *streams;
	struct diff_stream *last; /* of the line before */
};

/* A place where two streams differ: lines of either that the other has not. */
struct diff_hunk {
	struct diff_stream *stream[2]; /* one may be NULL */
	uint32_t begin[2], end[2];     /* of its lines */
	uint32_t where;                /* number of a line of the first file: the order of hunks */
};

struct diff {
	const struct trace_diff_options *options;
	struct diff_side side[2];
	uint64_t hunks;
	struct diff_hunk first;
};

/* Read a side's file. -errno; *error as trace_diff's. Sides can be read at the same time. */
int diff_side_load(struct diff_side *side, char *error, size_t error_size);
void diff_side_release(struct diff_side *side);

/* Read a line of a side again. */
void diff_record(struct diff_side *side, const struct diff_line *line, struct trace_record *record);

/* Visit every hunk of two partners (either NULL). */
void diff_each_hunk(struct diff *diff, struct diff_stream *a, struct diff_stream *b,
		    void (*visit)(struct diff *diff, const struct diff_hunk *hunk, void *arg),
		    void *arg);
/* Tell what was found. */
void diff_report(struct diff *diff, FILE *out);

#endif
