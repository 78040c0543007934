/* SPDX-License-Identifier: Apache-2.0 */
#include "system/oracle/keymap.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

static struct keymap_slot *slot_of(const struct keymap *map, uint64_t key)
{
	uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (;; at++) {
		struct keymap_slot *slot = &map->slot[at & (map->capacity - 1)];

		if (!slot->value || slot->key == key)
			return slot;
	}
}

static void grow(struct keymap *map)
{
	struct keymap bigger = {.capacity = map->capacity ? 2 * map->capacity : FIRST_CAPACITY,
				.count = map->count};

	bigger.slot = calloc(bigger.capacity, sizeof(*bigger.slot));
	if (!bigger.slot)
		abort();
	for (uint32_t i = 0; i < map->capacity; i++)
		if (map->slot[i].value)
			*slot_of(&bigger, map->slot[i].key) = map->slot[i];
	free(map->slot);
	*map = bigger;
}

uint32_t keymap_search(struct keymap *map, uint64_t key)
{
	const struct keymap_slot *slot;

	if (!map->capacity)
		return KEYMAP_NONE;
	slot = slot_of(map, key);
	if (!slot->value)
		return KEYMAP_NONE;
	map->recent[key % KEYMAP_RECENT] = *slot;
	return slot->value - 1;
}

void keymap_put(struct keymap *map, uint64_t key, uint32_t number)
{
	struct keymap_slot *slot;

	if (map->count * 2 >= map->capacity)
		grow(map);
	slot = slot_of(map, key);
	map->count += !slot->value;
	slot->key = key;
	slot->value = number + 1;
	map->recent[key % KEYMAP_RECENT] = *slot;
}

void keymap_release(struct keymap *map)
{
	free(map->slot);
	*map = (struct keymap){0};
}

void *array_grow(void *array, uint32_t *capacity, uint64_t index, uint32_t element_bytes)
{
	uint64_t wanted = *capacity ? *capacity : 16;

	while (wanted <= index)
		wanted *= 2;
	if (wanted > UINT32_MAX)
		abort();
	array = realloc(array, wanted * element_bytes);
	if (!array)
		abort();
	memset((char *)array + (size_t)*capacity * element_bytes, 0,
	       (wanted - *capacity) * element_bytes);
	*capacity = (uint32_t)wanted;
	return array;
}
