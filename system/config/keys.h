/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_KEYS_H
#define VFSIM_SYSTEM_CONFIG_KEYS_H

/* How the tables of keys are written: shorthand for rows of struct schema_key. */

#include "system/config/config.h"
#include "system/config/schema.h"

#define KEY(type_, struct_, member)                                                                \
	.type = SCHEMA_##type_, .offset = offsetof(struct struct_, member)

#define COUNTS(struct_, member, low, high)                                                         \
	KEY(NUMBER, struct_, member), .unit = UNIT_COUNT, .min = low, .max = high
#define BYTES(struct_, member, low, high)                                                          \
	KEY(NUMBER, struct_, member), .unit = UNIT_BYTES, .min = low, .max = high
#define BOUNDS(struct_, member, unit_)                                                             \
	KEY(BOUND, struct_, member), .unit = UNIT_##unit_, .min = 0, .max = UINT64_C(1) << 62
#define TIMES(struct_, member, high)                                                               \
	KEY(NUMBER, struct_, member), .unit = UNIT_PS, .min = 0, .max = high
#define RATES(struct_, member, high)                                                               \
	KEY(NUMBER, struct_, member), .unit = UNIT_BPS, .min = 0, .max = high
#define LISTS(type_, struct_, member, low, high)                                                   \
	KEY(type_, struct_, member), .count_offset = offsetof(struct struct_, member##_count),     \
				     .min = low, .max = high
#define DEFAULT(text) .fallback = (text)
#define REQUIRED      .required = true
#define WHAT(text)    .what = (text)

#define MAP(name_, struct_, rows)                                                                  \
	{                                                                                          \
		.name = name_, .size = sizeof(struct struct_), .key = rows                         \
	}

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)
#define NS  UINT64_C(1000)
#define US  (1000 * NS)
#define MS  (1000 * US)
#define SEC (1000 * MS)

#endif
