/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "system/config/closest.h"
#include "system/config/config.h"
#include "system/config/schema.h"

const char *const bound_words[] = {[BOUND_NONE] = "",
				   [BOUND_EXACTLY] = "",
				   [BOUND_AT_LEAST] = "at least ",
				   [BOUND_AT_MOST] = "at most "};

/* Where values go and mistakes are told. */
struct check {
	FILE *out;
	struct config_errors *errors;
};

static void check_map(struct check *check, const struct schema_map *map,
		      const struct doc_node *node, const struct doc_node *place);

/* A value: `node` and `text` are the file's, or the default with node NULL. */
struct value {
	const struct schema_key *key;
	const struct doc_node *node;
	const char *text;
};

static void put_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static int choice_find(const char *const *choice, const char *text)
{
	for (int i = 0; choice[i]; i++)
		if (!strcmp(choice[i], text))
			return i;
	return -1;
}

/* "one of a, b, c", with the nearest one where the text looks like a typo. */
static void choice_error(struct check *check, const struct value *value)
{
	struct closest closest;
	char list[300] = "";
	size_t used = 0;

	closest_init(&closest, value->text);
	for (const char *const *choice = value->key->choice; *choice; choice++) {
		closest_offer(&closest, *choice);
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 used ? ", " : "", *choice);
	}
	if (closest.best)
		doc_error(value->node, check->errors,
			  "expected one of %s, not `%s`; did you mean `%s`?", list, value->text,
			  closest.best);
	else
		doc_error(value->node, check->errors, "expected one of %s, not `%s`", list,
			  value->text);
}

static void check_number(struct check *check, const struct value *value)
{
	const struct schema_key *key = value->key;
	char low[32] = "", high[32] = "";
	uint64_t number = 0;
	int rc = unit_parse(key->unit, value->text, &number);

	if (rc) {
		doc_error(value->node, check->errors, "expected %s, not `%s`%s",
			  unit_hint(key->unit), value->text,
			  key->type == SCHEMA_BOUND ? "; `at least` or `at most` may precede it"
						    : "");
	} else if (number < key->min || number > key->max) {
		unit_format(key->unit, key->min, low, sizeof(low));
		unit_format(key->unit, key->max, high, sizeof(high));
		doc_error(value->node, check->errors, "expected %s%s%s, not %s", low,
			  key->min < key->max ? " to " : "", key->min < key->max ? high : "",
			  value->text);
	}
	fprintf(check->out, "%" PRIu64, number);
}

/* "at most 5" becomes a mapping of what bind.c makes of a struct bound. */
static void check_bound(struct check *check, const struct value *value)
{
	struct value number = *value;
	int relation = BOUND_AT_MOST;

	while (relation > BOUND_EXACTLY &&
	       strncmp(value->text, bound_words[relation], strlen(bound_words[relation])))
		relation--;
	number.text += strlen(bound_words[relation]);
	fprintf(check->out, "{\"relation\": %d, \"value\": ", relation);
	check_number(check, &number);
	fputc('}', check->out);
}

static void check_bool(struct check *check, const struct value *value)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", NULL};
	int found = choice_find(words, value->text);

	if (found < 0)
		doc_error(value->node, check->errors, "expected yes or no, not `%s`", value->text);
	fputs(found > 0 && found & 1 ? "true" : "false", check->out);
}

static void check_choice(struct check *check, const struct value *value)
{
	int found = choice_find(value->key->choice, value->text);

	if (found < 0)
		choice_error(check, value);
	put_quoted(check->out, found < 0 ? value->key->choice[0] : value->text);
}

static void check_scalar(struct check *check, const struct value *value)
{
	if (value->node && value->node->kind != DOC_SCALAR) {
		doc_error(value->node, check->errors, "expected a single value, not a %s",
			  value->node->kind == DOC_MAPPING ? "mapping" : "list");
		fputs("0", check->out);
		return;
	}
	switch (value->key->type) {
	case SCHEMA_NUMBER:
		check_number(check, value);
		return;
	case SCHEMA_BOUND:
		check_bound(check, value);
		return;
	case SCHEMA_BOOL:
		check_bool(check, value);
		return;
	case SCHEMA_CHOICE:
	case SCHEMA_MAYBE:
	case SCHEMA_CHOICES:
		check_choice(check, value);
		return;
	default:
		if (value->node && !value->text[0])
			doc_error(value->node, check->errors, "expected a text");
		put_quoted(check->out, value->text);
	}
}

static void check_length(struct check *check, const struct schema_key *key,
			 const struct doc_node *node, uint64_t count)
{
	if (count < key->min)
		doc_error(node, check->errors, "expected at least %" PRIu64 " of them", key->min);
	if (key->max && count > key->max)
		doc_error(node, check->errors, "expected at most %" PRIu64 " of them", key->max);
}

/* A list of mappings, of words of a choice, or of texts. */
static void check_list(struct check *check, const struct schema_key *key,
		       const struct doc_node *node)
{
	uint64_t count = 0;

	fputc('[', check->out);
	if (node->kind != DOC_SEQUENCE) {
		doc_error(node, check->errors, "expected a list");
	} else {
		for (const struct doc_node *item = node->first; item; item = item->next, count++) {
			struct value value = {key, item, item->value};

			fputs(count ? ", " : "", check->out);
			if (key->type == SCHEMA_LIST)
				check_map(check, key->map, item, item);
			else
				check_scalar(check, &value);
		}
		check_length(check, key, node, count);
	}
	fputc(']', check->out);
}

static void check_present(struct check *check, const struct schema_key *key,
			  const struct doc_node *node, const struct doc_node *place)
{
	struct value value = {key, node, node ? node->value : key->fallback};

	switch (key->type) {
	case SCHEMA_MAP:
	case SCHEMA_MAP_PTR:
		check_map(check, key->map, node, node ? node : place);
		return;
	case SCHEMA_LIST:
	case SCHEMA_TEXTS:
	case SCHEMA_CHOICES:
		if (node)
			check_list(check, key, node);
		else
			fprintf(check->out, "[%s]", key->fallback ? key->fallback : "");
		return;
	default:
		check_scalar(check, &value);
	}
}

static void report_unknown(struct check *check, const struct schema_map *map,
			   const struct doc_node *child)
{
	struct closest closest;

	closest_init(&closest, child->key);
	for (const struct schema_key *key = map->key; key->name; key++)
		closest_offer(&closest, key->name);
	if (closest.best)
		doc_error(child, check->errors, "unknown key of %s; did you mean `%s`?", map->name,
			  closest.best);
	else
		doc_error(child, check->errors, "unknown key of %s", map->name);
}

static void report_missing(struct check *check, const struct schema_map *map,
			   const struct schema_key *key, const struct doc_node *place)
{
	char path[256];

	doc_path(place, path, sizeof(path));
	config_error(check->errors, place->origin, place->line, "%s%s%s: missing: %s needs it (%s)",
		     path, path[0] ? "." : "", key->name, map->name, key->what);
}

static const struct schema_key *map_find(const struct schema_map *map, const char *name)
{
	for (const struct schema_key *key = map->key; key->name; key++)
		if (!strcmp(key->name, name))
			return key;
	return NULL;
}

static void check_map(struct check *check, const struct schema_map *map,
		      const struct doc_node *node, const struct doc_node *place)
{
	const char *comma = "";

	fputc('{', check->out);
	if (node && node->kind != DOC_MAPPING) {
		doc_error(node, check->errors, "expected a mapping: the keys of %s", map->name);
		node = NULL;
	}
	for (const struct doc_node *child = node ? node->first : NULL; child; child = child->next)
		if (!map_find(map, child->key))
			report_unknown(check, map, child);
	for (const struct schema_key *key = map->key; key->name; key++) {
		const struct doc_node *child = node ? doc_child(node, key->name) : NULL;

		if (!child && key->required) {
			report_missing(check, map, key, place);
			continue;
		}
		if (!child && !key->fallback && key->type != SCHEMA_MAP)
			continue;
		fprintf(check->out, "%s\"%s\": ", comma, key->name);
		check_present(check, key, child, place);
		comma = ", ";
	}
	fputc('}', check->out);
}

void schema_check(const struct schema_map *map, const struct doc_node *node,
		  const struct doc_node *place, FILE *out, struct config_errors *errors)
{
	struct check check = {.out = out, .errors = errors};

	check_map(&check, map, node, place);
}
