/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/accept.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

#define TEXT(key)                                                                                  \
	CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct trace_accept_entry, key, 1, 1000)

static const cyaml_schema_field_t entry_fields[] = {
	TEXT(call), TEXT(field), TEXT(recorded), TEXT(right), TEXT(reason), CYAML_FIELD_END,
};

static const cyaml_schema_value_t entry_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct trace_accept_entry, entry_fields),
};

static const cyaml_schema_value_t list_schema = {
	CYAML_VALUE_SEQUENCE(CYAML_FLAG_POINTER, struct trace_accept_entry, &entry_schema, 0, 1000),
};

/* The library says first what is wrong, then where, in lines of a log. */
struct complaint {
	char what[200];
	int line;
};

static void on_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	struct complaint *complaint = ctx;
	char text[300];
	const char *at;

	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	at = strstr(text, "line: ");
	if (at && !complaint->line)
		complaint->line = atoi(at + 6);
	if (level == CYAML_LOG_ERROR && !complaint->what[0] && !strstr(text, "Backtrace"))
		snprintf(complaint->what, sizeof(complaint->what), "%.*s",
			 (int)sizeof(complaint->what) - 1,
			 strncmp(text, "Load: ", 6) ? text : text + 6);
}

int trace_accept_load(struct trace_accept_list *list, const char *path, char *error,
		      size_t error_size)
{
	struct complaint complaint = {0};
	cyaml_config_t config = {
		.log_fn = on_log,
		.log_ctx = &complaint,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_INFO,
	};
	unsigned int count = 0;
	cyaml_err_t err;

	*list = (struct trace_accept_list){0};
	err = cyaml_load_file(path, &config, &list_schema, (cyaml_data_t **)&list->entry, &count);
	if (err == CYAML_ERR_FILE_OPEN) {
		snprintf(error, error_size, "%s: cannot be read", path);
		return -ENOENT;
	}
	if (err != CYAML_OK) {
		snprintf(error, error_size,
			 "%s:%d: %s: expected entries of call, field, recorded, right, reason",
			 path, MAX(complaint.line, 1),
			 complaint.what[0] ? complaint.what : cyaml_strerror(err));
		return -EINVAL;
	}
	list->count = count;
	for (uint32_t i = 0; i < count; i++)
		list->entry[i].met = 0;
	return 0;
}

void trace_accept_release(struct trace_accept_list *list)
{
	static const cyaml_config_t config = {.mem_fn = cyaml_mem};

	if (list->entry)
		cyaml_free(&config, &list_schema, list->entry, list->count);
	*list = (struct trace_accept_list){0};
}

static bool accepts(void *ctx, const struct trace_line *line,
		    const struct trace_difference *difference)
{
	struct trace_accept_list *list = ctx;

	for (uint32_t i = 0; i < list->count; i++) {
		struct trace_accept_entry *entry = &list->entry[i];

		if (strcmp(entry->call, line->call) || strcmp(entry->field, difference->field) ||
		    strcmp(entry->recorded, difference->recorded) ||
		    strcmp(entry->right, difference->ours))
			continue;
		entry->met++;
		return true;
	}
	return false;
}

struct trace_acceptor trace_accept_acceptor(struct trace_accept_list *list)
{
	return (struct trace_acceptor){.ctx = list, .accepts = accepts};
}
