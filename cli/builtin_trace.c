/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "system/config/closest.h"
#include "system/config/units.h"
#include "traces/diff.h"
#include "traces/show.h"

/* Lines that columns are measured by before the first one is printed. */
#define MEASURED_LINES  1000u
#define DEFAULT_CONTEXT 4u

struct trace_options {
	const char **files, **actors, **calls;
	uint32_t files_count, actors_count, calls_count;
	uint64_t context;
};

static const struct argp_option show_options[] = {
	{"actor", 'a', "GLOB", 0,
	 "only of this host, thread, HOST/THREAD, file, function, or `device`", 0},
	{"call", 'c', "GLOB", 0, "only this call, feature, event or kind of line", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp_option diff_options[] = {
	{"actor", 'a', "GLOB", 0,
	 "only of this host, thread, HOST/THREAD, file, function, or `device`", 0},
	{"call", 'c', "GLOB", 0, "only this call, feature, event or kind of line", 0},
	{"context", 'C', "N", 0, "lines before and after the first difference (4)", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static void push(const char ***list, uint32_t *count, const char *text)
{
	*list = realloc(*list, (*count + 1) * sizeof(**list));
	if (!*list)
		abort();
	(*list)[(*count)++] = text;
}

static int parse_trace(int key, char *arg, struct argp_state *state)
{
	struct trace_options *options = state->input;

	switch (key) {
	case 'a':
		push(&options->actors, &options->actors_count, arg);
		return 0;
	case 'c':
		push(&options->calls, &options->calls_count, arg);
		return 0;
	case 'C':
		if (unit_parse(UNIT_COUNT, arg, &options->context) || options->context > 10000)
			argp_error(state, "--context: expected a whole number, not `%s`", arg);
		return 0;
	case ARGP_KEY_ARG:
		push(&options->files, &options->files_count, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "expected a file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Two files, no more, no less. */
static int parse_diff(int key, char *arg, struct argp_state *state)
{
	const struct trace_options *options = state->input;

	if (key == ARGP_KEY_END && options->files_count != 2)
		argp_error(state, "expected two files");
	return parse_trace(key, arg, state);
}

static const struct argp show_argp = {
	.options = show_options,
	.parser = parse_trace,
	.args_doc = "FILE...",
	.doc = "Print recordings for a person: time, actor, file, call, what goes in and out, "
	       "result."
	       "\vTakes sequence traces (traces/README.md) and drivers' recordings, also "
	       "compressed "
	       "by zstd. A GLOB matches the whole name; given several times, any may match.\n"
	       "Exit status: 0, 2 wrong usage or a file that is refused (told as FILE:LINE), 3 an "
	       "internal error.",
};

static const struct argp diff_argp = {
	.options = diff_options,
	.parser = parse_diff,
	.args_doc = "A B",
	.doc = "Align two recordings, actor by actor, and tell where they differ first, and how "
	       "often.\vWhat is free in a replay (docs/replay.md) is free here: times, threads, "
	       "addresses of the program, numbers of descriptors and objects.\n"
	       "Exit status: 0 no difference, 1 a difference, 2 wrong usage or a file that is "
	       "refused (told as FILE:LINE), 3 an internal error.",
};

/* ---- show ---- */

/* Go through the lines that the options want; with `measure` only for the columns' widths. */
static bool show_lines(const struct trace_options *options, const struct trace_text *text,
		       struct trace_show *show, bool measure)
{
	const struct trace_globs actors = {options->actors, options->actors_count};
	const struct trace_globs calls = {options->calls, options->calls_count};
	struct trace_tokens tokens = {0};
	struct trace_text_line line = {0};
	struct trace_record record;
	uint32_t matched = 0;
	bool good = true;

	while (good && (!measure || matched < MEASURED_LINES) && trace_text_next(text, &line)) {
		char error[512];
		size_t column;
		const char *expected = trace_record_read(&record, &tokens, &line, &column);

		good = !expected;
		if (expected && !measure) {
			trace_record_complain(text->path, &line, expected, column, error,
					      sizeof(error));
			fflush(stdout);
			fprintf(stderr, "%s\n", error);
		}
		if (!good || !trace_record_matches(&record, &actors, &calls))
			continue;
		matched++;
		if (measure)
			trace_show_measure(show, &record);
		else
			trace_show_line(show, "", &record);
	}
	trace_tokens_release(&tokens);
	return good;
}

static int show_file(const struct trace_options *options, const char *path)
{
	struct trace_text text;
	struct trace_show show;
	char error[512];
	bool good;

	if (trace_text_open(&text, path, error, sizeof(error))) {
		fprintf(stderr, "%s\n", error);
		return CLI_USAGE;
	}
	if (trace_show_init(&show, stdout)) {
		trace_text_close(&text);
		return CLI_INTERNAL;
	}
	if (options->files_count > 1)
		printf("%s\n", path);
	show_lines(options, &text, &show, true);
	good = show_lines(options, &text, &show, false);
	trace_show_fini(&show);
	trace_text_close(&text);
	return good ? CLI_OK : CLI_USAGE;
}

static int show_main(const struct trace_options *options)
{
	int worst = CLI_OK;

	for (uint32_t i = 0; i < options->files_count; i++) {
		int code = show_file(options, options->files[i]);

		if (i + 1 < options->files_count)
			putchar('\n');
		worst = code > worst ? code : worst;
	}
	return worst;
}

/* ---- diff ---- */

static int diff_main(const struct trace_options *options)
{
	const struct trace_diff_options diff = {
		.path = {options->files[0], options->files[1]},
		.actors = {options->actors, options->actors_count},
		.calls = {options->calls, options->calls_count},
		.context = (uint32_t)options->context,
	};
	uint64_t differences = 0;
	char error[512] = "";
	int rc = trace_diff(&diff, stdout, &differences, error, sizeof(error));

	if (rc) {
		fprintf(stderr, "%s\n", error);
		return rc == -ENOMEM ? CLI_INTERNAL : CLI_USAGE;
	}
	return differences ? CLI_FAIL : CLI_OK;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	const char *what;
	const struct argp *argp;
	int (*run)(const struct trace_options *options);
} commands[] = {
	{"show", "print recordings for a person", &show_argp, show_main},
	{"diff", "align two recordings and tell where they differ", &diff_argp, diff_main},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("Usage: vfsim trace COMMAND [OPTION...] FILE...\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].what);
	fputs("\nvfsim trace COMMAND --help says more.\n", out);
}

static int run_command(size_t index, int argc, char **argv)
{
	struct trace_options options = {.context = DEFAULT_CONTEXT};
	char name[64];
	int code = CLI_USAGE;

	snprintf(name, sizeof(name), "vfsim trace %s", commands[index].name);
	argv[0] = name;
	argp_err_exit_status = CLI_USAGE;
	if (!argp_parse(commands[index].argp, argc, argv, 0, NULL, &options))
		code = commands[index].run(&options);
	free(options.files);
	free(options.actors);
	free(options.calls);
	return code;
}

static int unknown(const char *name)
{
	struct closest closest;

	closest_init(&closest, name);
	for (size_t i = 0; i < COMMANDS; i++)
		closest_offer(&closest, commands[i].name);
	fprintf(stderr, "vfsim trace: there is no command `%s`", name);
	if (closest.best)
		fprintf(stderr, "; did you mean `%s`?", closest.best);
	fputs("\n\n", stderr);
	usage(stderr);
	return CLI_USAGE;
}

static int trace_main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")) {
		usage(stdout);
		/* As argp does for the other commands. */
		exit(CLI_OK);
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, argv[1]))
			return run_command(i, argc - 1, argv + 1);
	return unknown(argv[1]);
}

const struct cli_builtin cli_trace = {"trace", "print a recording, or compare two", trace_main};
