/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "system/replay/replay.h"

#define DEFAULT_SEED 1

static const struct argp_option replay_options[] = {
	{"machine", 'm', "FILE.yaml", 0,
	 "the machine, in place of recorded-device.yaml or recorded-drivers.yaml", 0},
	{"accept", 'a', "FILE.yaml", 0,
	 "known mistakes of the recording, in place of accept.yaml or accept-drivers.yaml", 0},
	{"pair", 'P', NULL, 0,
	 "two files, SOURCE and DEST of one migration, in one run: the destination gets the "
	 "stream that the source's replay saved",
	 0},
	{"seed", 's', "N", 0, "of the machine's randomness", 0},
	{"engine", 'e', "ENGINE", 0, "native, systemc or untimed", 0},
	{"out", 'o', "DIR", 0, "write result.json and the run's traces there", 0},
	{"level-step", 'T', "TIME", 0,
	 "look at queue levels so often for the traces; 0: at each instant; default 20us", 0},
	{"format", 'f', "text|json", 0, "how to print results; json: one object a file", 0},
	{"quiet", 'q', NULL, 0, "one line a file, with the first reason of a failure", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

/* A pair is two files, no more, no less. */
static int parse_replay(int key, char *arg, struct argp_state *state)
{
	const struct cli_options *options = state->input;

	if (key == ARGP_KEY_END && options->pair && options->files_count != 2)
		argp_error(state, "--pair: expected two files, SOURCE and DEST");
	return cli_parse_common(key, arg, state);
}

static const struct argp replay_argp = {
	.options = replay_options,
	.parser = parse_replay,
	.args_doc = "FILE.jsonl...\n--pair SOURCE.jsonl DEST.jsonl",
	.doc = "Perform a recording on a machine and compare every answer.\v"
	       "The format is described in traces/README.md, the comparison in docs/replay.md.\n"
	       "Exit status: 0 every answer and every check held, 1 a difference (printed as "
	       "FILE:LINE) or a failed check, 2 wrong usage or a file that is refused, 3 an "
	       "internal error.",
};

/* The file's name without folder and ending. */
static void stem_of(const char *path, char *stem, size_t size)
{
	const char *slash = strrchr(path, '/');
	char *dot;

	snprintf(stem, size, "%s", slash ? slash + 1 : path);
	dot = strrchr(stem, '.');
	if (dot && dot != stem)
		*dot = '\0';
}

static void write_command(const struct cli_options *options, const char *path,
			  struct run_result *result)
{
	char *text = result->reproduce;
	size_t size = sizeof(result->reproduce);
	const char *const option[][2] = {{"--machine", options->machine},
					 {"--accept", options->accept}};
	char number[32];

	snprintf(text, size, "vfsim replay");
	if (options->pair)
		cli_quote(text, size, "--pair");
	cli_quote(text, size, path);
	if (options->pair)
		cli_quote(text, size, options->files[1]);
	snprintf(number, sizeof(number), "%" PRIu64, result->seed);
	cli_quote(text, size, "--seed");
	cli_quote(text, size, number);
	for (size_t i = 0; i < sizeof(option) / sizeof(option[0]); i++) {
		if (!option[i][1])
			continue;
		cli_quote(text, size, option[i][0]);
		cli_quote(text, size, option[i][1]);
	}
}

static int replay_file(const struct cli_options *options, const char *path)
{
	struct replay_options replay = {
		.path = path,
		.destination_path = options->pair ? options->files[1] : NULL,
		.machine_path = options->machine,
		.accept_path = options->accept,
		.seed = options->seed_given ? options->seed : DEFAULT_SEED,
		.engine = options->engine ? options->engine : &engine_native,
		.hooks = cli_hooks(),
		.log_level = LOG_WARNING,
	};
	struct config_errors errors = {0};
	struct run_result result;
	struct cli_output output;
	struct cli_progress progress;
	char stem[128];
	double begin;
	int rc;

	stem_of(path, stem, sizeof(stem));
	if (!cli_output_open(&output, options, stem, NULL))
		return CLI_USAGE;
	replay.listeners =
		cli_progress_begin(&progress, options, stem, 0, cli_output_listeners(&output));
	begin = cli_seconds();
	rc = replay_run(&replay, &result, &errors);
	cli_progress_end(&progress);
	result.wall_s = cli_seconds() - begin;
	if (rc) {
		cli_output_close(&output);
		fputs(errors.text, stderr);
		if (!errors.count)
			fprintf(stderr, "vfsim: %s: %s\n", path, strerror(-rc));
		return rc == -ENOMEM ? CLI_INTERNAL : CLI_USAGE;
	}
	write_command(options, path, &result);
	return cli_output_report(&output, options, &result, NULL);
}

static int replay_main(int argc, char **argv)
{
	struct cli_options options = {.snap_bytes = CLI_SNAP_BYTES, .step_ps = CLI_STEP_PS};
	int code;

	if (!cli_parse(&replay_argp, argc, argv, &options, &code))
		return code;
	code = options.pair ? replay_file(&options, options.files[0])
			    : cli_each_file(&options, replay_file);
	cli_options_release(&options);
	return code;
}

const struct cli_builtin cli_replay = {"replay", "perform a recording and compare", replay_main};
