/* SPDX-License-Identifier: Apache-2.0 */
/* libcyaml's schema, made of our rows: it brings checked text into structures. */
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "system/config/config.h"
#include "system/config/schema.h"

#define CYAML_BLOCKS 128

/* Everything that one schema consists of, and its top. */
struct bind {
	cyaml_schema_value_t top;
	void *block[CYAML_BLOCKS];
	uint32_t blocks;
};

static const cyaml_config_t cyaml_config = {
	.log_fn = NULL,
	.mem_fn = cyaml_mem,
	.flags = CYAML_CFG_DEFAULT,
};

static void *bind_alloc(struct bind *bind, size_t count, size_t size)
{
	void *block = calloc(count, size);

	if (!block || bind->blocks == CYAML_BLOCKS)
		abort();
	bind->block[bind->blocks++] = block;
	return block;
}

static cyaml_schema_field_t *bind_fields(struct bind *bind, const struct schema_map *map);

static void bind_choices(struct bind *bind, cyaml_schema_value_t *value,
			 const struct schema_key *key)
{
	bool flags = key->type == SCHEMA_CHOICES;
	int64_t first = key->type == SCHEMA_MAYBE;
	cyaml_strval_t *strings;
	uint32_t count = 0;

	while (key->choice[count])
		count++;
	strings = bind_alloc(bind, count, sizeof(*strings));
	for (uint32_t i = 0; i < count; i++) {
		strings[i].str = key->choice[i];
		strings[i].val = flags ? INT64_C(1) << i : first + i;
	}
	value->type = flags ? CYAML_FLAGS : CYAML_ENUM;
	value->flags |= CYAML_FLAG_STRICT;
	value->data_size = sizeof(uint32_t);
	value->enumeration.strings = strings;
	value->enumeration.count = count;
}

static void bind_text(cyaml_schema_value_t *value)
{
	value->type = CYAML_STRING;
	value->flags |= CYAML_FLAG_POINTER;
	value->data_size = sizeof(char);
	value->string.max = CYAML_UNLIMITED;
}

static void bind_map(struct bind *bind, cyaml_schema_value_t *value, const struct schema_map *map)
{
	value->type = CYAML_MAPPING;
	value->data_size = (uint32_t)map->size;
	value->mapping.fields = bind_fields(bind, map);
}

static void bind_bound(struct bind *bind, cyaml_schema_value_t *value)
{
	cyaml_schema_field_t *fields = bind_alloc(bind, 3, sizeof(*fields));

	fields[0].key = "relation";
	fields[0].data_offset = offsetof(struct bound, relation);
	fields[0].value.type = CYAML_INT;
	fields[0].value.data_size = sizeof(int);
	fields[1].key = "value";
	fields[1].data_offset = offsetof(struct bound, value);
	fields[1].value.type = CYAML_UINT;
	fields[1].value.data_size = sizeof(uint64_t);
	value->type = CYAML_MAPPING;
	value->data_size = sizeof(struct bound);
	value->mapping.fields = fields;
}

static void bind_list(struct bind *bind, cyaml_schema_field_t *field, const struct schema_key *key)
{
	cyaml_schema_value_t *entry = bind_alloc(bind, 1, sizeof(*entry));

	if (key->type == SCHEMA_LIST)
		bind_map(bind, entry, key->map);
	else
		bind_text(entry);
	field->value.type = CYAML_SEQUENCE;
	field->value.flags |= CYAML_FLAG_POINTER;
	field->value.data_size =
		key->type == SCHEMA_LIST ? (uint32_t)key->map->size : (uint32_t)sizeof(char *);
	field->value.sequence.entry = entry;
	field->value.sequence.max = CYAML_UNLIMITED;
	field->count_offset = key->count_offset;
	field->count_size = sizeof(uint32_t);
}

static void bind_field(struct bind *bind, cyaml_schema_field_t *field, const struct schema_key *key)
{
	cyaml_schema_value_t *value = &field->value;

	field->key = key->name;
	field->data_offset = key->offset;
	value->flags = CYAML_FLAG_OPTIONAL;
	switch (key->type) {
	case SCHEMA_NUMBER:
		value->type = CYAML_UINT;
		value->data_size = sizeof(uint64_t);
		return;
	case SCHEMA_BOOL:
		value->type = CYAML_BOOL;
		value->data_size = sizeof(bool);
		return;
	case SCHEMA_BOUND:
		bind_bound(bind, value);
		return;
	case SCHEMA_CHOICE:
	case SCHEMA_MAYBE:
	case SCHEMA_CHOICES:
		bind_choices(bind, value, key);
		return;
	case SCHEMA_TEXT:
		bind_text(value);
		return;
	case SCHEMA_MAP_PTR:
		value->flags |= CYAML_FLAG_POINTER;
		/* fall through */
	case SCHEMA_MAP:
		bind_map(bind, value, key->map);
		return;
	case SCHEMA_LIST:
	case SCHEMA_TEXTS:
		bind_list(bind, field, key);
		return;
	}
}

static cyaml_schema_field_t *bind_fields(struct bind *bind, const struct schema_map *map)
{
	cyaml_schema_field_t *fields;
	uint32_t count = 0;

	while (map->key[count].name)
		count++;
	fields = bind_alloc(bind, count + 1, sizeof(*fields));
	for (uint32_t i = 0; i < count; i++)
		bind_field(bind, &fields[i], &map->key[i]);
	return fields;
}

static void bind_release(struct bind *bind)
{
	for (uint32_t i = 0; i < bind->blocks; i++)
		free(bind->block[i]);
	free(bind);
}

int schema_load(const struct schema_map *map, const char *text, struct schema_object *object)
{
	struct bind *bind = calloc(1, sizeof(*bind));
	cyaml_data_t *data = NULL;

	if (!bind)
		abort();
	bind_map(bind, &bind->top, map);
	bind->top.flags = CYAML_FLAG_POINTER;
	if (cyaml_load_data((const uint8_t *)text, strlen(text), &cyaml_config, &bind->top, &data,
			    NULL)) {
		bind_release(bind);
		return -EINVAL;
	}
	object->data = data;
	object->cyaml = bind;
	return 0;
}

void schema_release(struct schema_object *object)
{
	struct bind *bind = object->cyaml;

	if (!bind)
		return;
	cyaml_free(&cyaml_config, &bind->top, object->data, 0);
	bind_release(bind);
	*object = (struct schema_object){NULL, NULL};
}
