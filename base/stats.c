/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int stats_init(struct stats *stats, uint32_t capacity)
{
	*stats = (struct stats){.capacity = capacity};
	stats->row = calloc(capacity, sizeof(stats->row[0]));
	return stats->row ? 0 : -ENOMEM;
}

void stats_fini(struct stats *stats)
{
	free(stats->row);
	*stats = (struct stats){0};
}

bool stats_add(struct stats *stats, const char *part, const char *name, uint64_t value)
{
	struct stats_row *row;

	if (stats->count == stats->capacity)
		return false;
	row = &stats->row[stats->count++];
	snprintf(row->part, sizeof(row->part), "%s", part);
	row->name = name;
	row->value = value;
	return true;
}

bool stats_find(const struct stats *stats, const char *part, const char *name, uint64_t *value)
{
	for (uint32_t i = 0; i < stats->count; i++) {
		const struct stats_row *row = &stats->row[i];

		if (strcmp(row->part, part) || strcmp(row->name, name))
			continue;
		*value = row->value;
		return true;
	}
	return false;
}
