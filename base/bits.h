/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_BITS_H
#define VFSIM_BASE_BITS_H

/*
 * Bits and fields of registers and in-memory structures.
 *
 * A field is written as the specification prints it, [hi:lo]: a mask made by
 * BITS(hi, lo). Structures in memory are arrays of 64-bit words; each mask is
 * named for the word it belongs to (STE0_CONFIG, CD1_TTB0, …).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BIT(n)       (UINT64_C(1) << (n))
#define BITS(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))

/* Of a function: kept apart from its callers, which would save registers for it each time. */
#define APART __attribute__((noinline))

/* The structure of type `type` whose member `member` is at `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Value of the field `mask` within `word`. */
static inline uint64_t field_get(uint64_t mask, uint64_t word)
{
	return (word & mask) >> __builtin_ctzll(mask);
}

/* `value` placed at the field `mask`; bits that do not fit are dropped. */
static inline uint64_t field_put(uint64_t mask, uint64_t value)
{
	return (value << __builtin_ctzll(mask)) & mask;
}

/* `word` with its field `mask` replaced by `value`. */
static inline uint64_t field_set(uint64_t word, uint64_t mask, uint64_t value)
{
	return (word & ~mask) | field_put(mask, value);
}

static inline bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* `align` is a power of two. */
static inline uint64_t align_down(uint64_t value, uint64_t align)
{
	return value & ~(align - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t align)
{
	return align_down(value + align - 1, align);
}

/* Unaligned little-endian access: simulated memory and wires are little-endian. */
static inline uint16_t le16_get(const void *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t le32_get(const void *p)
{
	return le16_get(p) | (uint32_t)le16_get((const uint8_t *)p + 2) << 16;
}

static inline uint64_t le64_get(const void *p)
{
	return le32_get(p) | (uint64_t)le32_get((const uint8_t *)p + 4) << 32;
}

static inline void le16_put(void *p, uint16_t v)
{
	uint8_t *b = (uint8_t *)p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void le32_put(void *p, uint32_t v)
{
	le16_put(p, (uint16_t)v);
	le16_put((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void le64_put(void *p, uint64_t v)
{
	le32_put(p, (uint32_t)v);
	le32_put((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

#endif
