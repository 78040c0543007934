/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "system/config/closest.h"
#include "system/config/schema.h"

static bool key_is_map(const struct schema_key *key)
{
	return key->type == SCHEMA_MAP || key->type == SCHEMA_MAP_PTR || key->type == SCHEMA_LIST;
}

/* Where the value of a key may lie, for a reader. */
static void describe_range(const struct schema_key *key, FILE *out)
{
	char low[32], high[32];

	switch (key->type) {
	case SCHEMA_NUMBER:
		fprintf(out, "%s to %s", unit_format(key->unit, key->min, low, sizeof(low)),
			unit_format(key->unit, key->max, high, sizeof(high)));
		return;
	case SCHEMA_BOOL:
		fputs("yes or no", out);
		return;
	case SCHEMA_BOUND:
		fputs("N, `at least N` or `at most N`", out);
		return;
	case SCHEMA_CHOICE:
	case SCHEMA_MAYBE:
	case SCHEMA_CHOICES:
		fputs(key->type == SCHEMA_CHOICES ? "list of " : "", out);
		for (uint32_t i = 0; key->choice[i]; i++)
			fprintf(out, "%s%s", i ? " | " : "", key->choice[i]);
		return;
	case SCHEMA_TEXT:
		fputs("text", out);
		return;
	case SCHEMA_TEXTS:
		fputs("list of texts", out);
		return;
	case SCHEMA_LIST:
		fputs("list of mappings", out);
		return;
	case SCHEMA_MAP:
	case SCHEMA_MAP_PTR:
		fputs("mapping", out);
		return;
	}
}

static void describe_key(const struct schema_key *key, uint32_t depth, FILE *out)
{
	int indent = (int)depth * 2;

	fprintf(out, "%*s%s%-*s %s\n", indent, "", key->name, 22 - indent - (int)strlen(key->name),
		":", key->what);
	if (key->type == SCHEMA_MAP)
		return;
	fprintf(out, "%*s", 24, "");
	describe_range(key, out);
	if (key->required)
		fputs("; required", out);
	else if (key->fallback && key->fallback[0])
		fprintf(out, "; default %s", key->fallback);
	fputc('\n', out);
}

static void describe_map(const struct schema_map *map, uint32_t depth, FILE *out)
{
	for (const struct schema_key *key = map->key; key->name; key++) {
		describe_key(key, depth, out);
		if (key_is_map(key))
			describe_map(key->map, depth + 1, out);
	}
}

void schema_describe(const struct schema_map *map, FILE *out)
{
	describe_map(map, 0, out);
}

/* Strip the first segment off a path; an index of a list ("[0]", ".vm0") is a segment too. */
static const char *segment(const char *path, char *text, size_t size)
{
	size_t len;

	path += *path == '.' || *path == '[';
	len = strcspn(path, ".[]");
	snprintf(text, size, "%.*s", (int)len, path);
	path += len;
	return path + (*path == ']');
}

static const struct schema_key *map_find_path(const struct schema_map *map, const char *path)
{
	char name[64];
	const char *rest = segment(path, name, sizeof(name));

	for (const struct schema_key *key = map->key; key->name; key++) {
		if (strcmp(key->name, name))
			continue;
		if (*rest && key->type == SCHEMA_LIST)
			rest = segment(rest, name, sizeof(name));
		if (!*rest)
			return key;
		return key_is_map(key) ? map_find_path(key->map, rest) : NULL;
	}
	return NULL;
}

/* Offer every path below `map`; the best is kept in `text`. */
static void offer_paths(const struct schema_map *map, const char *above, struct closest *closest,
			char *text, size_t size)
{
	char path[128];

	for (const struct schema_key *key = map->key; key->name; key++) {
		uint32_t before = closest->distance;

		snprintf(path, sizeof(path), "%s%s%s", above, above[0] ? "." : "", key->name);
		closest_offer(closest, path);
		if (closest->distance != before) {
			snprintf(text, size, "%s", path);
			closest->best = text;
		}
		if (key_is_map(key))
			offer_paths(key->map, path, closest, text, size);
	}
}

const struct schema_key *schema_find(const char *path, const char **prefix, const char **closest,
				     char *text, size_t size)
{
	static const struct {
		const struct schema_map *map;
		const char *prefix;
	} places[] = {
		{&schema_scenario, ""},
		{&schema_machine, "machine."},
		{&schema_timing, "machine.timing."},
	};
	struct closest search;

	closest_init(&search, path);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct schema_key *key = map_find_path(places[i].map, path);

		if (key) {
			*prefix = places[i].prefix;
			return key;
		}
	}
	for (size_t i = 0; closest && i < sizeof(places) / sizeof(places[0]); i++)
		offer_paths(places[i].map, "", &search, text, size);
	if (closest)
		*closest = search.best;
	return NULL;
}
