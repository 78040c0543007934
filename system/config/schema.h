/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_SCHEMA_H
#define VFSIM_SYSTEM_CONFIG_SCHEMA_H

/*
 * What configuration files may say: one row for each key. The rows check a
 * document (unknown and missing keys, types, bounds, with lines), fill in
 * defaults, make libcyaml's schema that loads the checked document into the
 * structures of config.h, and print `vfsim describe schema`.
 */

#include <stdio.h>

#include "system/config/doc.h"
#include "system/config/units.h"

#ifdef __cplusplus
extern "C" {
#endif

enum schema_type {
	SCHEMA_NUMBER,  /* uint64_t in the row's unit, within [min, max] */
	SCHEMA_BOUND,   /* struct bound in the row's unit: `5`, `at least 5`, `at most 5` */
	SCHEMA_BOOL,    /* bool: yes or no */
	SCHEMA_CHOICE,  /* int: the choice's index */
	SCHEMA_MAYBE,   /* int: 0 when absent, else 1 + the choice's index */
	SCHEMA_CHOICES, /* uint32_t: a bit for each */
	SCHEMA_TEXT,    /* char * */
	SCHEMA_TEXTS,   /* char ** and a uint32_t count */
	SCHEMA_MAP,     /* the structure itself */
	SCHEMA_MAP_PTR, /* pointer to the structure, NULL when absent */
	SCHEMA_LIST,    /* pointer to structures and a uint32_t count */
};

struct schema_map;

struct schema_key {
	const char *name;
	enum schema_type type;
	bool required;
	uint32_t offset;       /* in the map's structure */
	uint32_t count_offset; /* of lists */
	enum unit unit;
	uint64_t min, max;            /* of a number; of a list's length, max 0: unbounded */
	const char *fallback;         /* the default, as a file would say it; NULL: none */
	const char *const *choice;    /* NULL-terminated */
	const struct schema_map *map; /* of MAP, MAP_PTR, LIST */
	const char *what;             /* one line for a reader */
};

struct schema_map {
	const char *name;
	size_t size;
	const struct schema_key *key; /* ends with a row without a name */
};

/* The three kinds of files. */
extern const struct schema_map schema_scenario;
extern const struct schema_map schema_machine;
extern const struct schema_map schema_timing;

/*
 * Check `node` (NULL: absent) against `map` and write it to `out` with units
 * resolved and defaults filled in, for schema_load. Mistakes go to `errors`;
 * `place` is the node that lines are taken from where there is none.
 */
void schema_check(const struct schema_map *map, const struct doc_node *node,
		  const struct doc_node *place, FILE *out, struct config_errors *errors);

/* A structure that libcyaml loaded, and the schema that frees it. */
struct schema_object {
	void *data;
	void *cyaml; /* the schema made of the rows */
};

/* Load text that schema_check wrote. -EINVAL: the text is not what the rows say: our error. */
int schema_load(const struct schema_map *map, const char *text, struct schema_object *object);
void schema_release(struct schema_object *object);

/*
 * The row at a path ("smmu.cache_dirty", "guests.vm0.memory"), looked up in the
 * scenario, else in its machine, else in its timing. `*prefix` says where:
 * "", "machine.", "machine.timing.". NULL: no such path; then `*closest`, if not
 * NULL, is a path that exists, written to `text`.
 */
const struct schema_key *schema_find(const char *path, const char **prefix, const char **closest,
				     char *text, size_t size);

/* Print the schema for a reader. */
void schema_describe(const struct schema_map *map, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
