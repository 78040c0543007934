/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_ORACLE_KEYMAP_H
#define VFSIM_SYSTEM_ORACLE_KEYMAP_H

/*
 * From 64-bit keys to small numbers, fast: open addressing, and recent answers
 * kept. Keys are never taken out. Zero-initialised is valid and empty.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct keymap_slot {
	uint64_t key;
	uint32_t value; /* 1 + number; 0: free */
};

/* Two functions that talk to each other are looked up in turn. */
#define KEYMAP_RECENT 8u

struct keymap {
	struct keymap_slot *slot;
	uint32_t capacity; /* power of two */
	uint32_t count;
	struct keymap_slot recent[KEYMAP_RECENT]; /* by key */
};

#define KEYMAP_NONE UINT32_MAX

uint32_t keymap_search(struct keymap *map, uint64_t key);
void *array_grow(void *array, uint32_t *capacity, uint64_t index, uint32_t element_bytes);

/* KEYMAP_NONE also when the key was not asked for of late. */
static inline uint32_t keymap_recent(const struct keymap *map, uint64_t key)
{
	const struct keymap_slot *recent = &map->recent[key % KEYMAP_RECENT];

	return recent->key == key ? recent->value - 1 : KEYMAP_NONE;
}

/* KEYMAP_NONE when the key is not there. */
static inline uint32_t keymap_get(struct keymap *map, uint64_t key)
{
	uint32_t number = keymap_recent(map, key);

	return number == KEYMAP_NONE ? keymap_search(map, key) : number;
}

/* Set or replace. */
void keymap_put(struct keymap *map, uint64_t key, uint32_t number);

/* The key's number; a new key gets `count` as it is before, and `*is_new` is set. */
static inline uint32_t keymap_intern(struct keymap *map, uint64_t key, bool *is_new)
{
	uint32_t number = keymap_get(map, key);

	*is_new = number == KEYMAP_NONE;
	if (*is_new) {
		number = map->count;
		keymap_put(map, key, number);
	}
	return number;
}

void keymap_release(struct keymap *map);

/* A key made of a host, a number of up to 32 bits and one of up to 24. */
static inline uint64_t key_of(uint32_t host, uint64_t major, uint64_t minor)
{
	return (uint64_t)host << 56 | (minor & 0xffffff) << 32 | (major & 0xffffffff);
}

/*
 * Room for element `index` of an array that grows: returns the array, moved if
 * need be, new elements zero. Out of memory ends the program.
 */
static inline void *array_reserve(void *array, uint32_t *capacity, uint64_t index,
				  uint32_t element_bytes)
{
	return index < *capacity ? array : array_grow(array, capacity, index, element_bytes);
}

#ifdef __cplusplus
}
#endif
#endif
