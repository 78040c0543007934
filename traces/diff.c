/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/diff.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "traces/align.h"
#include "traces/diff_internal.h"

/* ---- partners ---- */

static bool could_be(const struct diff_stream *a, const struct diff_stream *b)
{
	return !b->partner && a->is_device == b->is_device && !strcmp(a->host, b->host);
}

/* The first of `b` and what follows that could be the partner, or NULL. */
static struct diff_stream *first_that_could_be(const struct diff_stream *a, struct diff_stream *b)
{
	while (b && !could_be(a, b))
		b = b->hh.next;
	return b;
}

static void make_partners(struct diff_stream *a, struct diff_stream *b)
{
	if (!b)
		return;
	a->partner = b;
	b->partner = a;
}

/* The same name; else, because threads are free, the next thread of that host in order. */
static void find_partners(struct diff *diff)
{
	struct diff_stream *a, *b = NULL;

	/* uthash goes through its items in the order in which they were put in. */
	for (a = diff->side[0].streams; a; a = a->hh.next) {
		HASH_FIND(hh, diff->side[1].streams, &a->key, sizeof(a->key), b);
		make_partners(a, b);
	}
	for (a = diff->side[0].streams; a; a = a->hh.next)
		if (!a->partner)
			make_partners(a, first_that_could_be(a, diff->side[1].streams));
}

/* ---- alignment ---- */

/* What aligning two streams takes: their values side by side, and what it finds. */
struct work {
	uint64_t *value[2];
	bool *only[2];
};

static bool work_init(struct work *work, const struct diff *diff, struct diff_stream *const *stream)
{
	bool all = true;

	for (int i = 0; i < 2; i++) {
		uint32_t count = stream[i]->count;

		work->value[i] = malloc(count * sizeof(uint64_t));
		work->only[i] = calloc(count, sizeof(bool));
		all = all && work->value[i] && work->only[i];
		for (uint32_t k = 0; work->value[i] && k < count; k++)
			work->value[i][k] = diff->side[i].line[stream[i]->line[k]].value;
	}
	return all;
}

static void work_fini(struct work *work)
{
	for (int i = 0; i < 2; i++) {
		free(work->value[i]);
		free(work->only[i]);
	}
}

static void match_lines(struct diff *diff, const struct work *work, const struct diff_stream *a,
			const struct diff_stream *b)
{
	for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
		if (work->only[0][i]) {
			i++;
		} else if (work->only[1][j]) {
			j++;
		} else {
			diff->side[0].line[a->line[i]].match = b->line[j];
			diff->side[1].line[b->line[j++]].match = a->line[i++];
		}
	}
}

static int align_streams(struct diff *diff)
{
	for (struct diff_stream *a = diff->side[0].streams; a; a = a->hh.next) {
		struct diff_stream *pair[2] = {a, a->partner};
		struct work work = {.value = {NULL}};
		bool done;

		if (!a->partner)
			continue;
		done = work_init(&work, diff, pair);
		if (done) {
			trace_align(work.value[0], a->count, work.value[1], a->partner->count,
				    work.only[0], work.only[1]);
			match_lines(diff, &work, a, a->partner);
		}
		work_fini(&work);
		if (!done)
			return -ENOMEM;
	}
	return 0;
}

/* ---- objects ---- */

/* Which object of one file is which of the other; each way. */
struct id_pair {
	uint64_t from;
	uint64_t to;
	UT_hash_handle hh;
};

struct id_map {
	struct id_pair *pairs[2];
	bool failed;
};

static struct id_pair *find_id(struct id_map *map, int way, uint64_t from)
{
	struct id_pair *pair;

	HASH_FIND(hh, map->pairs[way], &from, sizeof(from), pair);
	return pair;
}

static void forget_id(struct id_map *map, int way, uint64_t from)
{
	struct id_pair *pair = find_id(map, way, from);

	if (!pair)
		return;
	HASH_DEL(map->pairs[way], pair);
	free(pair);
}

static void add_id(struct id_map *map, int way, uint64_t from, uint64_t to)
{
	struct id_pair *pair = malloc(sizeof(*pair));

	map->failed |= !pair;
	if (!pair)
		return;
	*pair = (struct id_pair){.from = from, .to = to};
	HASH_ADD(hh, map->pairs[way], from, sizeof(pair->from), pair);
}

/* One object stays one object. `a` and `b` carry the host in their upper bits. */
static bool is_same_object(struct id_map *map, uint64_t a, uint64_t b)
{
	struct id_pair *of_a = find_id(map, 0, a), *of_b = find_id(map, 1, b);

	if (of_a || of_b)
		return of_a && of_b && of_a->to == b;
	add_id(map, 0, a, b);
	add_id(map, 1, b, a);
	return true;
}

static uint32_t ids_end(const struct diff_side *side, uint32_t line)
{
	return line + 1 < side->lines ? side->line[line + 1].first_id : side->ids.count;
}

/* Ids are 32-bit numbers of a program: the host's number goes above. */
static bool has_same_objects(struct diff *diff, struct id_map *map, uint32_t line, uint64_t host)
{
	struct diff_side *a = &diff->side[0], *b = &diff->side[1];
	uint32_t other = a->line[line].match;
	uint32_t i = a->line[line].first_id, i_end = ids_end(a, line);
	uint32_t j = b->line[other].first_id;
	bool same = true;

	for (; i < i_end && j < ids_end(b, other); i++, j++) {
		uint64_t of_a = host << 32 ^ a->ids.id[i], of_b = host << 32 ^ b->ids.id[j];

		same = is_same_object(map, of_a, of_b) && same;
		if (!a->line[line].destroys)
			continue;
		forget_id(map, 0, of_a);
		forget_id(map, 1, of_b);
	}
	return same;
}

/* Of every line of the first file, the number of its host. NULL without memory. */
static uint32_t *hosts_of_lines(struct diff *diff)
{
	uint32_t *host = calloc(diff->side[0].lines + 1, sizeof(*host)), number = 0;

	for (struct diff_stream *a = diff->side[0].streams; host && a; a = a->hh.next) {
		struct diff_stream *first = diff->side[0].streams;
		uint32_t this = number;

		/* The first stream of the same host has given it its number. */
		while (strcmp(first->host, a->host))
			first = first->hh.next;
		if (first != a)
			this = host[first->line[0]];
		else
			number++;
		for (uint32_t i = 0; i < a->count; i++)
			host[a->line[i]] = this;
	}
	return host;
}

/* Lines that are the same but for another object are not the same. */
static int compare_objects(struct diff *diff)
{
	uint32_t *host = hosts_of_lines(diff);
	struct id_map map = {.failed = !host};
	struct id_pair *pair, *next;

	for (uint32_t i = 0; !map.failed && i < diff->side[0].lines; i++) {
		struct diff_line *line = &diff->side[0].line[i];

		if (line->match == DIFF_UNMATCHED || has_same_objects(diff, &map, i, host[i]))
			continue;
		diff->side[1].line[line->match].match = DIFF_UNMATCHED;
		line->match = DIFF_UNMATCHED;
	}
	for (int way = 0; way < 2; way++)
		HASH_ITER(hh, map.pairs[way], pair, next) {
			HASH_DEL(map.pairs[way], pair);
			free(pair);
		}
	free(host);
	return map.failed ? -ENOMEM : 0;
}

/* ---- hunks ---- */

static uint32_t skip_unmatched(const struct diff_side *side, const struct diff_stream *stream,
			       uint32_t at)
{
	while (at < stream->count && side->line[stream->line[at]].match == DIFF_UNMATCHED)
		at++;
	return at;
}

/* Where in the first file a hunk is: at its first line there, else at the line that follows. */
static uint32_t place(const struct diff *diff, const struct diff_hunk *hunk)
{
	const struct diff_stream *a = hunk->stream[0];
	const struct diff_side *side = &diff->side[0];

	if (a && hunk->begin[0] < a->count)
		return side->line[a->line[hunk->begin[0]]].number;
	return side->lines ? side->line[side->lines - 1].number + 1 : 1;
}

void diff_each_hunk(struct diff *diff, struct diff_stream *a, struct diff_stream *b,
		    void (*visit)(struct diff *diff, const struct diff_hunk *hunk, void *arg),
		    void *arg)
{
	struct diff_stream *const stream[2] = {a, b};
	uint32_t at[2] = {0, 0};

	while ((a && at[0] < a->count) || (b && at[1] < b->count)) {
		struct diff_hunk hunk = {.stream = {a, b}, .begin = {at[0], at[1]}};

		for (int i = 0; i < 2; i++)
			hunk.end[i] =
				stream[i] ? skip_unmatched(&diff->side[i], stream[i], at[i]) : 0;
		hunk.where = place(diff, &hunk);
		if (hunk.end[0] > hunk.begin[0] || hunk.end[1] > hunk.begin[1])
			visit(diff, &hunk, arg);
		/* Both are at a line that the other has, or at their ends. */
		at[0] = hunk.end[0] + 1;
		at[1] = hunk.end[1] + 1;
	}
}

static void count_hunk(struct diff *diff, const struct diff_hunk *hunk, void *arg)
{
	if (!diff->hunks++ || hunk->where < diff->first.where)
		diff->first = *hunk;
}

static void find_hunks(struct diff *diff)
{
	for (struct diff_stream *a = diff->side[0].streams; a; a = a->hh.next)
		diff_each_hunk(diff, a, a->partner, count_hunk, NULL);
	for (struct diff_stream *b = diff->side[1].streams; b; b = b->hh.next)
		if (!b->partner)
			diff_each_hunk(diff, NULL, b, count_hunk, NULL);
}

/* One file, beside the other one. */
struct load {
	struct diff_side *side;
	char error[512];
	int rc;
};

static void *load_side(void *arg)
{
	struct load *load = arg;

	load->rc = diff_side_load(load->side, load->error, sizeof(load->error));
	return NULL;
}

/* Both files at the same time, where a thread is to be had. */
static int load_sides(struct diff *diff, char *error, size_t error_size)
{
	struct load load[2] = {{.side = &diff->side[0]}, {.side = &diff->side[1]}};
	pthread_t thread;
	bool apart;

	for (int i = 0; i < 2; i++) {
		diff->side[i].options = diff->options;
		diff->side[i].path = diff->options->path[i];
	}
	apart = !pthread_create(&thread, NULL, load_side, &load[1]);
	load_side(&load[0]);
	if (apart)
		pthread_join(thread, NULL);
	else
		load_side(&load[1]);
	for (int i = 0; i < 2; i++) {
		if (!load[i].rc)
			continue;
		snprintf(error, error_size, "%s", load[i].error);
		return load[i].rc;
	}
	return 0;
}

static int compare(struct diff *diff, char *error, size_t error_size)
{
	int rc = load_sides(diff, error, error_size);

	if (rc)
		return rc;
	find_partners(diff);
	rc = align_streams(diff);
	if (!rc)
		rc = compare_objects(diff);
	if (rc)
		snprintf(error, error_size, "out of memory");
	else
		find_hunks(diff);
	return rc;
}

int trace_diff(const struct trace_diff_options *options, FILE *out, uint64_t *differences,
	       char *error, size_t error_size)
{
	struct diff *diff = calloc(1, sizeof(*diff));
	int rc;

	if (!diff)
		return -ENOMEM;
	diff->options = options;
	rc = compare(diff, error, error_size);
	if (!rc)
		diff_report(diff, out);
	*differences = diff->hunks;
	for (int i = 0; i < 2; i++)
		diff_side_release(&diff->side[i]);
	free(diff);
	return rc;
}
