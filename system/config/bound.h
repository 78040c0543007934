/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_BOUND_H
#define VFSIM_SYSTEM_CONFIG_BOUND_H

/* A number in a statement: "3", "at least 3", "at most 3". */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a number is wanted to be. Its value is the file's, in the key's unit. */
enum bound_relation { BOUND_NONE, BOUND_EXACTLY, BOUND_AT_LEAST, BOUND_AT_MOST };

struct bound {
	int relation; /* BOUND_NONE: nothing in particular */
	uint64_t value;
};

extern const char *const bound_words[]; /* in front of the number, by relation */

static inline bool bound_holds(const struct bound *bound, uint64_t value)
{
	switch (bound->relation) {
	case BOUND_EXACTLY:
		return value == bound->value;
	case BOUND_AT_LEAST:
		return value >= bound->value;
	case BOUND_AT_MOST:
		return value <= bound->value;
	default:
		return true;
	}
}

#ifdef __cplusplus
}
#endif
#endif
