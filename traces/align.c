/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/align.h"

#include "base/bits.h"

/* Edits that one search may go; then it splits where it got furthest. */
#define EDITS_MAX 256
#define NONE      (-1)

/* A rectangle of the edit graph: a[a_at..a_end) against b[b_at..b_end). */
struct box {
	long a_at, a_end, b_at, b_end;
};

/* A search from one corner towards the other; x and y count from its own corner. */
struct search {
	bool from_end;
	long edits;
	/* The furthest x on each diagonal x - y, or NONE; two more, beyond either end. */
	long furthest[2 * EDITS_MAX + 5];
};

struct aligner {
	const uint64_t *a, *b;
	bool *a_only, *b_only;
	struct search front, back;
};

static long *on_diagonal(struct search *search, long k)
{
	return &search->furthest[k + EDITS_MAX + 2];
}

static bool equal(const struct aligner *aligner, const struct box *box, const struct search *search,
		  long x, long y)
{
	long a = search->from_end ? box->a_end - 1 - x : box->a_at + x;
	long b = search->from_end ? box->b_end - 1 - y : box->b_at + y;

	return aligner->a[a] == aligner->b[b];
}

/* One element of a or of b more than a neighbouring diagonal's furthest point has. */
static long extend(struct search *search, const struct box *box, long k)
{
	long of_a = *on_diagonal(search, k - 1), of_b = *on_diagonal(search, k + 1);

	if (!search->edits)
		return 0;
	of_a = of_a == NONE || of_a == box->a_end - box->a_at ? NONE : of_a + 1;
	if (of_b != NONE && of_b - (k + 1) == box->b_end - box->b_at)
		of_b = NONE;
	return MAX(of_a, of_b);
}

/* Has the other search been where this one is, at x on diagonal k? */
static bool meets(struct search *other, const struct box *box, long k, long x)
{
	long width = box->a_end - box->a_at, height = box->b_end - box->b_at;
	long theirs = width - height - k;

	if (theirs < -other->edits || theirs > other->edits || (theirs + other->edits) % 2)
		return false;
	return *on_diagonal(other, theirs) != NONE && x + *on_diagonal(other, theirs) >= width;
}

/* One edit further on every diagonal. True when the searches meet, at (*x, *y). */
static bool step(const struct aligner *aligner, const struct box *box, struct search *search,
		 struct search *other, long *x, long *y)
{
	long width = box->a_end - box->a_at, height = box->b_end - box->b_at;

	*on_diagonal(search, -search->edits - 1) = NONE;
	*on_diagonal(search, search->edits + 1) = NONE;
	for (long k = -search->edits; k <= search->edits; k += 2) {
		*x = extend(search, box, k);
		*y = *x - k;
		while (*x != NONE && *x < width && *y < height &&
		       equal(aligner, box, search, *x, *y))
			++*x, ++*y;
		*on_diagonal(search, k) = *x;
		if (*x != NONE && meets(other, box, k, *x))
			return true;
	}
	return false;
}

/* The point furthest from the front's corner. */
static void furthest(struct search *front, long *x, long *y)
{
	long best = NONE;

	for (long k = -front->edits; k <= front->edits; k += 2) {
		long at = *on_diagonal(front, k);

		if (at == NONE || 2 * at - k <= best)
			continue;
		best = 2 * at - k;
		*x = at;
		*y = at - k;
	}
}

/* A point of the box that a good path goes through; neither corner. */
static void split(struct aligner *aligner, const struct box *box, long *x, long *y)
{
	struct search *front = &aligner->front, *back = &aligner->back;

	front->edits = 0;
	front->from_end = false;
	back->edits = -1; /* has not begun */
	back->from_end = true;
	while (front->edits < EDITS_MAX) {
		if (step(aligner, box, front, back, x, y))
			return;
		back->edits++;
		if (step(aligner, box, back, front, x, y)) {
			*x = box->a_end - box->a_at - *x;
			*y = box->b_end - box->b_at - *y;
			return;
		}
		front->edits++;
	}
	front->edits--;
	furthest(front, x, y);
}

/* Leave out what both begin with and what both end with. */
static void trim(const struct aligner *aligner, struct box *box)
{
	while (box->a_at < box->a_end && box->b_at < box->b_end &&
	       aligner->a[box->a_at] == aligner->b[box->b_at])
		box->a_at++, box->b_at++;
	while (box->a_at < box->a_end && box->b_at < box->b_end &&
	       aligner->a[box->a_end - 1] == aligner->b[box->b_end - 1])
		box->a_end--, box->b_end--;
}

static void align_box(struct aligner *aligner, struct box box)
{
	for (trim(aligner, &box); box.a_at < box.a_end && box.b_at < box.b_end;
	     trim(aligner, &box)) {
		struct box front = box;
		long x = 0, y = 0;

		split(aligner, &box, &x, &y);
		front.a_end = box.a_at += x;
		front.b_end = box.b_at += y;
		align_box(aligner, front);
	}
	for (; box.a_at < box.a_end; box.a_at++)
		aligner->a_only[box.a_at] = true;
	for (; box.b_at < box.b_end; box.b_at++)
		aligner->b_only[box.b_at] = true;
}

void trace_align(const uint64_t *a, size_t a_len, const uint64_t *b, size_t b_len, bool *a_only,
		 bool *b_only)
{
	struct aligner aligner = {.a = a, .b = b, .a_only = a_only, .b_only = b_only};
	struct box box = {0, (long)a_len, 0, (long)b_len};

	align_box(&aligner, box);
}
