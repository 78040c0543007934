/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_CLOSEST_H
#define VFSIM_SYSTEM_CONFIG_CLOSEST_H

/*
 * Did you mean …? The candidate nearest to what was written, offered one at a
 * time: start with closest_init, call closest_offer for each candidate, read
 * `best` (NULL: nothing was near enough to be a typo). Strings are borrowed.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct closest {
	const char *wrong;
	const char *best;
	uint32_t distance;
};

void closest_init(struct closest *closest, const char *wrong);
void closest_offer(struct closest *closest, const char *candidate);

/* Edits (insert, delete, replace, swap of neighbours) between two strings, up to 63 characters. */
uint32_t edit_distance(const char *a, const char *b);

#ifdef __cplusplus
}
#endif
#endif
