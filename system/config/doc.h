/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_DOC_H
#define VFSIM_SYSTEM_CONFIG_DOC_H

/*
 * A YAML document as a tree that remembers where each node was written. Files
 * are read into it by libyaml, `--set` edits it, the schema checks it.
 *
 * All nodes and strings belong to their doc and live as long as it does.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Mistakes found in configuration, one line each: "FILE:LINE: KEY: what was expected\n". */
struct config_errors {
	uint32_t count;
	char text[4096]; /* the first ones that fit */
};

enum doc_kind { DOC_SCALAR, DOC_MAPPING, DOC_SEQUENCE };

struct doc_node {
	enum doc_kind kind;
	const char *origin; /* file name, or the --set option as written */
	uint32_t line;      /* from 1; of the key for a member of a mapping; 0: no file */
	const char *key;    /* in a mapping */
	const char *value;  /* of a scalar */
	struct doc_node *parent;
	struct doc_node *first; /* children, in the order written */
	struct doc_node *next;
};

struct doc {
	void *blocks; /* what was allocated */
	struct doc_node *root;
};

void doc_init(struct doc *doc);
void doc_fini(struct doc *doc);

/*
 * Read a file, or a text that came from `origin`, into a detached tree of the
 * doc. NULL with a line in `errors` when it is not YAML, cannot be read or has
 * a key twice.
 */
struct doc_node *doc_read_file(struct doc *doc, const char *path, struct config_errors *errors);
struct doc_node *doc_read_text(struct doc *doc, const char *origin, const char *text,
			       struct config_errors *errors);

/* Child of a mapping by key, or of a sequence by index or by its member `name`. NULL: none. */
struct doc_node *doc_child(const struct doc_node *node, const char *key);

/* Put `child` into mapping `node` under `key`, in place of what was there. */
void doc_put(struct doc *doc, struct doc_node *node, const char *key, struct doc_node *child);

/* A new, empty, detached node of `kind`. A scalar has the value "". */
struct doc_node *doc_new(struct doc *doc, enum doc_kind kind, const char *origin, uint32_t line);

/* A copy of `text` that belongs to the doc. */
const char *doc_strdup(struct doc *doc, const char *text);

/* The node's path from the root, "guests[0].memory", into `text`. Returns `text`. */
const char *doc_path(const struct doc_node *node, char *text, size_t size);

/* Add "ORIGIN:LINE: PATH: message" (without PATH for the root). */
void doc_error(const struct doc_node *node, struct config_errors *errors, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Add "ORIGIN: message" or, with a line, "ORIGIN:LINE: message". */
void config_error(struct config_errors *errors, const char *origin, uint32_t line,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif
#endif
