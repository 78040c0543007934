/* SPDX-License-Identifier: Apache-2.0 */
/* --set PATH=VALUE: an edit of the document before it is checked. */
#include <stdio.h>
#include <string.h>

#include "system/config/config_internal.h"
#include "system/config/schema.h"

#define SEGMENT_MAX 64

static bool next_segment(const char **path, char name[SEGMENT_MAX])
{
	const char *p = *path;
	size_t len;

	p += strspn(p, ".[]");
	len = strcspn(p, ".[]");
	if (!len || len >= SEGMENT_MAX)
		return false;
	memcpy(name, p, len);
	name[len] = '\0';
	p += len;
	*path = p + strspn(p, "]");
	return true;
}

/* The mapping or list element that holds the last segment of `path`, made where it is missing. */
static struct doc_node *walk(struct doc *doc, const char *path, const char *origin,
			     char last[SEGMENT_MAX], struct config_errors *errors)
{
	struct doc_node *node = doc->root;

	while (next_segment(&path, last) && *path) {
		struct doc_node *child = doc_child(node, last);

		if (!child && node->kind == DOC_SEQUENCE) {
			config_error(errors, origin, 0, "the list has no element `%s`", last);
			return NULL;
		}
		if (!child || child->kind == DOC_SCALAR) {
			child = doc_new(doc, DOC_MAPPING, origin, 0);
			doc_put(doc, node, last, child);
			child = doc_child(node, last);
		}
		node = child;
	}
	return node;
}

/* An element of a list is replaced where it stands; a key is put. */
static bool put(struct doc *doc, struct doc_node *node, const char *last, struct doc_node *value,
		const char *origin, struct config_errors *errors)
{
	struct doc_node *old = doc_child(node, last);

	if (node->kind == DOC_MAPPING) {
		doc_put(doc, node, last, value);
		return true;
	}
	if (!old) {
		config_error(errors, origin, 0, "the list has no element `%s`", last);
		return false;
	}
	old->kind = value->kind;
	old->value = value->value;
	old->first = value->first;
	old->origin = value->origin;
	old->line = value->line;
	return true;
}

bool config_set(struct doc *doc, const char *set, struct config_errors *errors)
{
	const char *equals = strchr(set, '='), *prefix, *closest;
	char path[256], full[300], origin[300], last[SEGMENT_MAX] = "", text[128];
	struct doc_node *value, *node;
	const char *kept;

	snprintf(origin, sizeof(origin), "--set %s", set);
	kept = doc_strdup(doc, origin);
	if (!equals || equals == set || equals - set >= (long)sizeof(path)) {
		config_error(errors, kept, 0, "expected PATH=VALUE");
		return false;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(equals - set), set);
	if (!schema_find(path, &prefix, &closest, text, sizeof(text))) {
		config_error(errors, kept, 0,
			     closest ? "there is no %s; did you mean `%s`?"
				     : "there is no %s%s (see vfsim describe schema)",
			     path, closest ? closest : "");
		return false;
	}
	snprintf(full, sizeof(full), "%s%s", prefix, path);
	value = doc_read_text(doc, kept, equals + 1, errors);
	node = value ? walk(doc, full, kept, last, errors) : NULL;
	return node && put(doc, node, last, value, kept, errors);
}
