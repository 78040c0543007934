/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_SHOW_INTERNAL_H
#define VFSIM_TRACES_SHOW_INTERNAL_H

/* The names that numbers of the uAPI have. */
#include "traces/scan.h"

/* A flag is there where (number & mask) == value. A row without a name ends the table. */
struct show_bits {
	uint64_t mask;
	uint64_t value;
	const char *name;
};

struct show_names {
	const char *const *name;
	uint64_t count;
};

/* The bits of member `key` of a call; NULL: it has none. */
const struct show_bits *show_bits_of(const char *call, const struct trace_token *key);
/* Names of the values of member `key` of a call; NULL: it has none. */
const struct show_names *show_names_of(const char *call, const struct trace_token *key);
/* A member that is not told when it is 0, because 0 says that it is not used. */
bool show_zero_is_silent(const struct trace_token *key);

#endif
