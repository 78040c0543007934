/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* Columns do not grow beyond these: what is longer shifts its own line only. */
#define ACTOR_MAX  28u
#define FILE_MAX   12u
#define CALL_MAX   30u
#define DETAIL_MAX 64u
/* The result stands behind the longest detail so far, from here on. */
#define DETAIL_MIN 24u

int trace_show_init(struct trace_show *show, FILE *out)
{
	*show = (struct trace_show){.out = out, .detail_width = DETAIL_MIN};
	show->detail = open_memstream(&show->detail_text, &show->detail_size);
	return show->detail ? 0 : -ENOMEM;
}

void trace_show_fini(struct trace_show *show)
{
	if (show->detail)
		fclose(show->detail);
	free(show->detail_text);
	*show = (struct trace_show){.out = NULL};
}

void trace_show_text(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		fputc(c < ' ' || c == 0x7f ? '?' : c, out);
	}
}

static void copy(char *text, size_t size, const struct trace_token *token)
{
	snprintf(text, size, "%.*s", token ? (int)token->len : 0, token ? token->at : "");
}

void trace_show_actor(char *text, size_t size, const struct trace_record *record)
{
	char host[128], thread[128];

	copy(host, sizeof(host), record->host);
	copy(thread, sizeof(thread), record->thread);
	snprintf(text, size, "%s%s%s", host, host[0] && thread[0] ? "/" : "", thread);
}

/* A call by its name, or what the device did. */
static void call_of(char *text, size_t size, const struct trace_record *record)
{
	copy(text, size, record->call);
}

static void file_of(char *text, size_t size, const struct trace_record *record)
{
	if (record->is_device)
		snprintf(text, size, "(device)");
	else
		copy(text, size, record->file);
}

void trace_show_measure(struct trace_show *show, const struct trace_record *record)
{
	char text[280];

	trace_show_actor(text, sizeof(text), record);
	show->actor_width = MIN(MAX(show->actor_width, (uint32_t)strlen(text)), ACTOR_MAX);
	file_of(text, sizeof(text), record);
	show->file_width = MIN(MAX(show->file_width, (uint32_t)strlen(text)), FILE_MAX);
	call_of(text, sizeof(text), record);
	show->call_width = MIN(MAX(show->call_width, (uint32_t)strlen(text)), CALL_MAX);
}

static void column(struct trace_show *show, const char *text, uint32_t width)
{
	size_t len = strlen(text);

	if (!width)
		return;
	trace_show_text(show->out, text, len);
	fprintf(show->out, "%*s", (int)(MAX(width, (uint32_t)len) - len) + 2, "");
}

static void show_result(struct trace_show *show, const struct trace_record *record)
{
	uint64_t ret = 0;

	if (!record->ret)
		return;
	trace_token_integer(record->ret, &ret);
	fprintf(show->out, "= ");
	if (record->error)
		trace_show_text(show->out, record->error->at, record->error->len);
	else
		fprintf(show->out, "%" PRId64, (int64_t)ret);
}

/* The detail and, in a column of its own where details are short, the result. */
static void show_rest(struct trace_show *show, const struct trace_record *record)
{
	size_t len;

	rewind(show->detail);
	trace_show_detail(show->detail, record);
	fflush(show->detail);
	len = (size_t)ftell(show->detail);
	fwrite(show->detail_text, 1, len, show->out);
	if (!record->ret)
		return;
	if (len > show->detail_width)
		show->detail_width = MIN((uint32_t)len, DETAIL_MAX);
	fprintf(show->out, "%*s",
		len < show->detail_width ? (int)(show->detail_width - len) + 1 : (len ? 1 : 0), "");
	show_result(show, record);
}

void trace_show_line(struct trace_show *show, const char *prefix, const struct trace_record *record)
{
	char text[280];

	trace_show_measure(show, record);
	fprintf(show->out, "%s%5" PRIu64 ".%06" PRIu64 "  ", prefix, record->t_us / 1000000,
		record->t_us % 1000000);
	trace_show_actor(text, sizeof(text), record);
	column(show, text, show->actor_width);
	file_of(text, sizeof(text), record);
	column(show, text, show->file_width);
	call_of(text, sizeof(text), record);
	column(show, text, show->call_width);
	show_rest(show, record);
	fputc('\n', show->out);
}
