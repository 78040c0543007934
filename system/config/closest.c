/* SPDX-License-Identifier: Apache-2.0 */
#include "system/config/closest.h"

#include <string.h>

#include "base/bits.h"

#define WORD_MAX 63

/* Optimal string alignment: Levenshtein's table with transpositions, three rows of it. */
uint32_t edit_distance(const char *a, const char *b)
{
	uint32_t row[3][WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (uint32_t j = 0; j <= nb; j++)
		row[0][j] = j;
	for (uint32_t i = 1; i <= na; i++) {
		uint32_t *now = row[i % 3], *above = row[(i + 2) % 3],
			 *two_above = row[(i + 1) % 3];

		now[0] = i;
		for (uint32_t j = 1; j <= nb; j++) {
			uint32_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = MIN(MIN(above[j], now[j - 1]) + 1, replace);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], two_above[j - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

void closest_init(struct closest *closest, const char *wrong)
{
	/* A third of the letters may be wrong, and two always. */
	uint32_t limit = (uint32_t)strlen(wrong) / 3;

	closest->wrong = wrong;
	closest->best = NULL;
	closest->distance = MAX(limit, 2) + 1;
}

void closest_offer(struct closest *closest, const char *candidate)
{
	uint32_t distance = edit_distance(closest->wrong, candidate);

	if (distance >= closest->distance)
		return;
	closest->distance = distance;
	closest->best = candidate;
}
