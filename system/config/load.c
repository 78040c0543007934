/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/config/config.h"
#include "system/config/config_internal.h"
#include "system/config/schema.h"

#define PATH_MAX_BYTES 512

/* What scenario_file.object points to. */
struct loaded {
	struct schema_object object;
};

/* `name` as seen from the file `from`. */
static void path_beside(const char *from, const char *name, char *path, size_t size)
{
	const char *slash = strrchr(from, '/');

	if (name[0] == '/' || !slash)
		snprintf(path, size, "%s", name);
	else
		snprintf(path, size, "%.*s/%s", (int)(slash - from), from, name);
}

/* A folder can be opened like a file; only reading it fails. */
static bool is_file(const char *path)
{
	struct stat stat_of;

	return !access(path, R_OK) && !stat(path, &stat_of) && !S_ISDIR(stat_of.st_mode);
}

/* A profile is a file beside the one that names it, or a name in model/profiles. */
static void profile_path(const struct doc_node *node, const char *name, char *path, size_t size)
{
	size_t len = strlen(name);

	if (strchr(name, '/') || (len > 5 && !strcmp(name + len - 5, ".yaml")))
		path_beside(node ? node->origin : "", name, path, size);
	else
		snprintf(path, size, "model/profiles/%s.yaml", name);
	/* Not run from a source tree: the profiles of the tree that this was built from. */
	if (!strncmp(path, "model/profiles/", 15) && !is_file(path))
		snprintf(path, size, "%s/%s.yaml", VFSIM_PROFILE_DIR, name);
}

/* `machine: FILE` becomes the file's content. */
static bool expand_machine(struct doc *doc, struct config_errors *errors)
{
	struct doc_node *node = doc_child(doc->root, "machine"), *content;
	char path[PATH_MAX_BYTES];

	if (!node || node->kind != DOC_SCALAR)
		return true;
	path_beside(node->origin, node->value, path, sizeof(path));
	if (!is_file(path)) {
		doc_error(node, errors, "expected a mapping or the name of a file: there is no %s",
			  path);
		return false;
	}
	content = doc_read_file(doc, path, errors);
	if (content)
		doc_put(doc, doc->root, "machine", content);
	return content != NULL;
}

/* Put what `over` does not say, and `base` does, into `over`. */
static void merge_under(struct doc *doc, struct doc_node *over, struct doc_node *base)
{
	struct doc_node *next;

	for (struct doc_node *child = base->first; child; child = next) {
		struct doc_node *mine = doc_child(over, child->key);

		next = child->next;
		if (!mine)
			doc_put(doc, over, child->key, child);
		else if (mine->kind == DOC_MAPPING && child->kind == DOC_MAPPING)
			merge_under(doc, mine, child);
	}
}

/* The profile's content goes under machine.timing. */
static bool expand_profile(struct doc *doc, struct config_errors *errors)
{
	struct doc_node *machine = doc_child(doc->root, "machine"), *timing, *profile, *content;
	char path[PATH_MAX_BYTES];

	if (!machine || machine->kind != DOC_MAPPING) {
		if (machine)
			return true; /* the schema says what is wrong with it */
		machine = doc_new(doc, DOC_MAPPING, doc->root->origin, doc->root->line);
		doc_put(doc, doc->root, "machine", machine);
	}
	profile = doc_child(machine, "profile");
	if (profile && profile->kind != DOC_SCALAR)
		return true;
	profile_path(profile, profile ? profile->value : "default-arm", path, sizeof(path));
	if (!is_file(path)) {
		doc_error(profile ? profile : machine, errors,
			  "expected the name of a profile: there is no %s", path);
		return false;
	}
	content = doc_read_file(doc, path, errors);
	if (!content)
		return false;
	timing = doc_child(machine, "timing");
	if (!timing) {
		doc_put(doc, machine, "timing", content);
	} else if (timing->kind == DOC_MAPPING && content->kind == DOC_MAPPING) {
		merge_under(doc, timing, content);
	}
	return true;
}

/* A capture is a file beside the one that names it, or where a --set says. */
static void expand_capture(struct doc *doc)
{
	struct doc_node *machine = doc_child(doc->root, "machine");
	struct doc_node *wire = machine ? doc_child(machine, "wire") : NULL;
	struct doc_node *node = wire ? doc_child(wire, "file") : NULL;
	char path[PATH_MAX_BYTES];

	if (!node || node->kind != DOC_SCALAR || !strncmp(node->origin, "--set ", 6))
		return;
	path_beside(node->origin, node->value, path, sizeof(path));
	node->value = doc_strdup(doc, path);
}

static bool apply_sets(struct doc *doc, const char *const *sets, uint32_t count,
		       struct config_errors *errors)
{
	for (uint32_t i = 0; i < count; i++)
		if (!config_set(doc, sets[i], errors) || !expand_machine(doc, errors))
			return false;
	return true;
}

/* Check the document and load it into structures. */
static int finish(struct doc *doc, bool kernel, struct scenario_file *file,
		  struct config_errors *errors)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int rc = -EINVAL;

	if (!loaded || !out)
		abort();
	expand_capture(doc);
	schema_check(&schema_scenario, doc->root, doc->root, out, errors);
	fclose(out);
	if (errors->count)
		goto out;
	rc = schema_load(&schema_scenario, text, &loaded->object);
	if (rc) {
		config_error(errors, doc->root->origin, 0,
			     "internal error: the schema does not load what it checked");
		goto out;
	}
	file->cfg = loaded->object.data;
	file->object = loaded;
	config_check_rules(doc, file->cfg, kernel, errors);
	if (errors->count) {
		scenario_release(file);
		loaded = NULL;
		rc = -EINVAL;
	}
out:
	if (rc)
		free(loaded);
	free(text);
	return rc;
}

int scenario_load(const char *path, const char *const *sets, uint32_t sets_count,
		  struct scenario_file *file, struct config_errors *errors)
{
	struct doc doc;
	int rc = -EINVAL;

	*file = (struct scenario_file){NULL, NULL};
	*errors = (struct config_errors){0};
	doc_init(&doc);
	doc.root = doc_read_file(&doc, path, errors);
	if (doc.root && doc.root->kind != DOC_MAPPING)
		doc_error(doc.root, errors, "expected a mapping: the keys of a scenario");
	else if (doc.root && expand_machine(&doc, errors) &&
		 apply_sets(&doc, sets, sets_count, errors) && expand_profile(&doc, errors))
		rc = finish(&doc, true, file, errors);
	doc_fini(&doc);
	return rc;
}

/* A scenario around a machine's file: the least that the schema takes. */
static const char machine_only[] =
	"{name: machine, guests: [{name: vm, host: source, vf: 0, memory: 4MiB, image: 0}]}";

/* Its one guest must be somewhere: on the machine's first host, where that says one. */
static void place_guest(struct doc *doc, const struct doc_node *machine)
{
	const struct doc_node *hosts = doc_child(machine, "hosts");
	const struct doc_node *first = hosts ? hosts->first : NULL;
	struct doc_node *guest = doc_child(doc_child(doc->root, "guests"), "0"), *host;

	if (!first || first->kind != DOC_SCALAR)
		return;
	host = doc_new(doc, DOC_SCALAR, first->origin, first->line);
	host->value = first->value;
	doc_put(doc, guest, "host", host);
}

static int load_machine(const char *path, const char *const *sets, uint32_t sets_count, bool kernel,
			struct scenario_file *file, struct config_errors *errors)
{
	struct doc_node *machine;
	struct doc doc;
	int rc = -EINVAL;

	*file = (struct scenario_file){NULL, NULL};
	*errors = (struct config_errors){0};
	doc_init(&doc);
	machine = doc_read_file(&doc, path, errors);
	if (machine && machine->kind != DOC_MAPPING)
		doc_error(machine, errors, "expected a mapping: the keys of a machine");
	else if (machine) {
		doc.root = doc_read_text(&doc, path, machine_only, errors);
		place_guest(&doc, machine);
		doc_put(&doc, doc.root, "machine", machine);
		if (apply_sets(&doc, sets, sets_count, errors) && expand_profile(&doc, errors))
			rc = finish(&doc, kernel, file, errors);
	}
	doc_fini(&doc);
	return rc;
}

int machine_load(const char *path, const char *const *sets, uint32_t sets_count,
		 struct scenario_file *file, struct config_errors *errors)
{
	return load_machine(path, sets, sets_count, true, file, errors);
}

int machine_load_for_guest(const char *path, const char *const *sets, uint32_t sets_count,
			   struct scenario_file *file, struct config_errors *errors)
{
	return load_machine(path, sets, sets_count, false, file, errors);
}

void scenario_release(struct scenario_file *file)
{
	struct loaded *loaded = file->object;

	if (!loaded)
		return;
	schema_release(&loaded->object);
	free(loaded);
	*file = (struct scenario_file){NULL, NULL};
}
