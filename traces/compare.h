/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_COMPARE_H
#define VFSIM_TRACES_COMPARE_H

/*
 * Comparing what a call gave with what a trace says it gave. What is free is
 * the table of docs/replay.md; everything else is compared.
 */

#include "traces/call.h"
#include "traces/line.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A one-to-one relation between recorded numbers and ours: object ids, open
 * files. A number may be given back (closed, destroyed) and taken again.
 */
struct trace_relation {
	struct trace_pair *pair;
	uint32_t count;
	uint32_t capacity;
};

/* True if (recorded, ours) holds or now becomes part of the relation. */
bool trace_relation_bind(struct trace_relation *relation, uint64_t recorded, uint64_t ours);
bool trace_relation_find(const struct trace_relation *relation, uint64_t recorded, uint64_t *ours);
void trace_relation_forget(struct trace_relation *relation, uint64_t recorded);
void trace_relation_release(struct trace_relation *relation);

/* A difference, for the reader: `field` is a path ("ret", "out.payload.flags"). */
struct trace_difference {
	char field[128];
	char recorded[160];
	char ours[160];
};

/* Says whether a difference was to be expected (traces/accept.h); NULL: none is. */
struct trace_acceptor {
	void *ctx;
	bool (*accepts)(void *ctx, const struct trace_line *line,
			const struct trace_difference *difference);
};

/*
 * Compare our result of a call with the line's: ret and errno, then each member
 * of the line's `out`. `ids` relates object ids. True if equal or accepted; else the
 * first difference is told.
 */
bool trace_compare_result(const struct trace_line *line, int64_t ret,
			  const struct trace_acceptor *acceptor,
			  struct trace_difference *difference);
bool trace_compare_out(const struct trace_line *line, const struct trace_call *call,
		       const json_t *ours, struct trace_relation *ids,
		       const struct trace_acceptor *acceptor, struct trace_difference *difference);

/* A number of the line that must be another one of ours: `field` is its path. */
bool trace_compare_number(const struct trace_line *line, const char *field, uint64_t recorded,
			  uint64_t ours, const struct trace_acceptor *acceptor,
			  struct trace_difference *difference);

/* Does the line's `in` say what `argument`, decoded from it, says? (A name that contradicts a
 * number.) */
bool trace_compare_in(const struct trace_line *line, const struct trace_call *call,
		      const struct trace_argument *argument, struct trace_difference *difference);

#ifdef __cplusplus
}
#endif
#endif
