/* SPDX-License-Identifier: Apache-2.0 */
#include "system/config/doc.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#define DEPTH_MAX 16
/* More than any file of ours has; aliases can ask for 10^16 of them in a few lines. */
#define NODES_MAX 10000u

struct block {
	struct block *next;
};

void doc_init(struct doc *doc)
{
	doc->blocks = NULL;
	doc->root = NULL;
}

void doc_fini(struct doc *doc)
{
	struct block *block = doc->blocks;

	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	doc_init(doc);
}

/* Configuration is small: running out of memory here is not worth an error path. */
static void *doc_alloc(struct doc *doc, size_t size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		abort();
	block->next = doc->blocks;
	doc->blocks = block;
	return block + 1;
}

const char *doc_strdup(struct doc *doc, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(doc_alloc(doc, size), text, size);
}

struct doc_node *doc_new(struct doc *doc, enum doc_kind kind, const char *origin, uint32_t line)
{
	struct doc_node *node = doc_alloc(doc, sizeof(*node));

	node->kind = kind;
	node->origin = origin;
	node->line = line;
	node->value = kind == DOC_SCALAR ? "" : NULL;
	return node;
}

static void doc_append(struct doc_node *parent, struct doc_node *child)
{
	struct doc_node **link = &parent->first;

	while (*link)
		link = &(*link)->next;
	*link = child;
	child->parent = parent;
	child->next = NULL;
}

struct doc_node *doc_child(const struct doc_node *node, const char *key)
{
	unsigned long index = 0;
	char digits[24];

	for (struct doc_node *child = node->first; child; child = child->next, index++) {
		if (node->kind == DOC_MAPPING && !strcmp(child->key, key))
			return child;
		if (node->kind == DOC_SEQUENCE) {
			const struct doc_node *name =
				child->kind == DOC_MAPPING ? doc_child(child, "name") : NULL;

			snprintf(digits, sizeof(digits), "%lu", index);
			if (!strcmp(digits, key) ||
			    (name && name->value && !strcmp(name->value, key)))
				return child;
		}
	}
	return NULL;
}

void doc_put(struct doc *doc, struct doc_node *node, const char *key, struct doc_node *child)
{
	struct doc_node *old = doc_child(node, key);

	child->key = doc_strdup(doc, key);
	if (!old) {
		doc_append(node, child);
		return;
	}
	/* In place, so that whoever holds the old node sees the new value. */
	old->kind = child->kind;
	old->origin = child->origin;
	old->line = child->line;
	old->value = child->value;
	old->first = child->first;
	for (struct doc_node *grand = old->first; grand; grand = grand->next)
		grand->parent = old;
}

const char *doc_path(const struct doc_node *node, char *text, size_t size)
{
	char above[200] = "";
	uint32_t index = 0;

	if (!node->parent) {
		snprintf(text, size, "%s", "");
		return text;
	}
	doc_path(node->parent, above, sizeof(above));
	if (node->parent->kind == DOC_MAPPING) {
		snprintf(text, size, "%s%s%s", above, above[0] ? "." : "", node->key);
		return text;
	}
	for (const struct doc_node *n = node->parent->first; n != node; n = n->next)
		index++;
	snprintf(text, size, "%s[%u]", above, index);
	return text;
}

/* A line is one mistake, whatever characters are in the words that it quotes. */
static void errors_add(struct config_errors *errors, const char *where, const char *what)
{
	size_t used = strlen(errors->text);
	char *text = errors->text + used;

	errors->count++;
	snprintf(text, sizeof(errors->text) - used, "%s: %s", where, what);
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
	used = (size_t)(text - errors->text);
	snprintf(text, sizeof(errors->text) - used, "\n");
}

void config_error(struct config_errors *errors, const char *origin, uint32_t line,
		  const char *format, ...)
{
	char where[300], what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (line)
		snprintf(where, sizeof(where), "%s:%u", origin, line);
	else
		snprintf(where, sizeof(where), "%s", origin);
	errors_add(errors, where, what);
}

void doc_error(const struct doc_node *node, struct config_errors *errors, const char *format, ...)
{
	char path[256], what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	doc_path(node, path, sizeof(path));
	if (path[0])
		config_error(errors, node->origin, node->line, "%s: %s", path, what);
	else
		config_error(errors, node->origin, node->line, "%s", what);
}

/* One libyaml document on its way into our tree. */
struct import {
	struct doc *doc;
	yaml_document_t yaml;
	const char *origin;
	bool from_file;
	uint32_t nodes;
	struct config_errors *errors;
};

static struct doc_node *import_node(struct import *import, int id, uint32_t depth);

static bool import_mapping(struct import *import, const yaml_node_t *from, struct doc_node *to,
			   uint32_t depth)
{
	for (yaml_node_pair_t *pair = from->data.mapping.pairs.start;
	     pair < from->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(&import->yaml, pair->key);
		struct doc_node *child;

		child = import_node(import, pair->value, depth + 1);
		if (!child)
			return false;
		if (import->from_file)
			child->line = (uint32_t)key->start_mark.line + 1;
		if (key->type != YAML_SCALAR_NODE) {
			doc_error(child, import->errors, "a key must be a plain word");
			return false;
		}
		child->key = doc_strdup(import->doc, (const char *)key->data.scalar.value);
		if (doc_child(to, child->key)) {
			config_error(import->errors, import->origin, child->line,
				     "%s: the key is here twice", child->key);
			return false;
		}
		doc_append(to, child);
	}
	return true;
}

static bool import_sequence(struct import *import, const yaml_node_t *from, struct doc_node *to,
			    uint32_t depth)
{
	for (yaml_node_item_t *item = from->data.sequence.items.start;
	     item < from->data.sequence.items.top; item++) {
		struct doc_node *child = import_node(import, *item, depth + 1);

		if (!child)
			return false;
		doc_append(to, child);
	}
	return true;
}

static struct doc_node *import_node(struct import *import, int id, uint32_t depth)
{
	const yaml_node_t *from = yaml_document_get_node(&import->yaml, id);
	uint32_t line = import->from_file ? (uint32_t)from->start_mark.line + 1 : 0;
	struct doc_node *to;

	if (depth > DEPTH_MAX) {
		config_error(import->errors, import->origin, line, "nested too deeply");
		return NULL;
	}
	if (import->nodes++ == NODES_MAX) {
		config_error(import->errors, import->origin, line, "more than %u values",
			     NODES_MAX);
		return NULL;
	}
	switch (from->type) {
	case YAML_MAPPING_NODE:
		to = doc_new(import->doc, DOC_MAPPING, import->origin, line);
		return import_mapping(import, from, to, depth) ? to : NULL;
	case YAML_SEQUENCE_NODE:
		to = doc_new(import->doc, DOC_SEQUENCE, import->origin, line);
		return import_sequence(import, from, to, depth) ? to : NULL;
	default:
		to = doc_new(import->doc, DOC_SCALAR, import->origin, line);
		to->value = doc_strdup(import->doc, (const char *)from->data.scalar.value);
		return to;
	}
}

/* What follows a first document would be left unread. */
static bool is_last(yaml_parser_t *parser, const char *origin, struct config_errors *errors)
{
	yaml_document_t more;
	bool last;

	if (!yaml_parser_load(parser, &more)) {
		config_error(errors, origin, (uint32_t)parser->problem_mark.line + 1,
			     "not YAML: %s", parser->problem ? parser->problem : "unreadable");
		return false;
	}
	last = !yaml_document_get_root_node(&more);
	if (!last)
		config_error(errors, origin, (uint32_t)more.start_mark.line + 1,
			     "expected one document in a file");
	yaml_document_delete(&more);
	return last;
}

static struct doc_node *doc_import(struct doc *doc, yaml_parser_t *parser, const char *origin,
				   bool from_file, struct config_errors *errors)
{
	struct import import = {.doc = doc, .from_file = from_file, .errors = errors};
	struct doc_node *node = NULL;

	import.origin = doc_strdup(doc, origin);
	if (!yaml_parser_load(parser, &import.yaml)) {
		config_error(errors, origin,
			     from_file ? (uint32_t)parser->problem_mark.line + 1 : 0,
			     "not YAML: %s", parser->problem ? parser->problem : "unreadable");
		return NULL;
	}
	if (yaml_document_get_root_node(&import.yaml))
		node = import_node(&import, 1, 0);
	else
		config_error(errors, origin, from_file,
			     from_file ? "the file is empty" : "expected a value");
	yaml_document_delete(&import.yaml);
	return node && is_last(parser, origin, errors) ? node : NULL;
}

/* A folder can be opened like a file; only reading it fails. */
static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	struct stat stat;

	if (!file || fstat(fileno(file), &stat) || !S_ISDIR(stat.st_mode))
		return file;
	fclose(file);
	errno = EISDIR;
	return NULL;
}

struct doc_node *doc_read_file(struct doc *doc, const char *path, struct config_errors *errors)
{
	struct doc_node *node;
	yaml_parser_t parser;
	FILE *file = open_file(path);

	if (!file) {
		config_error(errors, path, 0, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_file(&parser, file);
	node = doc_import(doc, &parser, path, true, errors);
	yaml_parser_delete(&parser);
	fclose(file);
	return node;
}

struct doc_node *doc_read_text(struct doc *doc, const char *origin, const char *text,
			       struct config_errors *errors)
{
	struct doc_node *node;
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
	node = doc_import(doc, &parser, origin, false, errors);
	yaml_parser_delete(&parser);
	return node;
}
