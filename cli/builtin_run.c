/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

static const struct argp_option run_options[] = {
	{"seed", 's', "N", 0, "in place of the scenario's seed", 0},
	{"engine", 'e', "ENGINE", 0, "native, systemc or untimed, in place of the scenario's", 0},
	{"set", 'S', "PATH=VALUE", 0, "change a key of the scenario, its machine or its timing", 0},
	{"wire", 'w', "PEER", 0,
	 "what is at the port's far end: sink, loop, respond, pcap:FILE or tap:NAME", 0},
	{"plant", 'p', "FAULT", 0, "plant a fault in a model (vfsim describe faults)", 0},
	{"out", 'o', "DIR", 0, "write result.json and the run's traces there", 0},
	{"snaplen", 'L', "BYTES", 0, "of each frame in wire.pcapng; 0: all of it; default 96", 0},
	{"level-step", 'T', "TIME", 0,
	 "look at queue levels so often for the traces; 0: at each instant; default 20us", 0},
	{"format", 'f', "text|json", 0, "how to print results; json: one object a file", 0},
	{"quiet", 'q', NULL, 0, "one line a file, with the first reason of a failure", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp run_argp = {
	.options = run_options,
	.parser = cli_parse_common,
	.args_doc = "FILE.yaml...",
	.doc = "Run scenarios and judge them.\v"
	       "A scenario is described in docs/scenarios.md and by `vfsim describe schema`.\n"
	       "Exit status: 0 every check held, 1 a check or an expectation failed, 2 wrong "
	       "usage or a file that is refused, 3 an internal error.",
};

/* The command that runs this file again, with this seed. */
static void write_command(const struct cli_options *options, const char *path, uint64_t seed,
			  const char *engine, struct run_result *result)
{
	char *text = result->reproduce;
	size_t size = sizeof(result->reproduce);
	char number[32];

	snprintf(text, size, "vfsim run");
	cli_quote(text, size, path);
	snprintf(number, sizeof(number), "%" PRIu64, seed);
	cli_quote(text, size, "--seed");
	cli_quote(text, size, number);
	cli_quote(text, size, "--engine");
	cli_quote(text, size, engine);
	for (uint32_t i = 0; i < options->sets_count; i++) {
		cli_quote(text, size, "--set");
		cli_quote(text, size, options->sets[i]);
	}
	for (uint32_t i = 0; i < options->plants_count; i++) {
		cli_quote(text, size, "--plant");
		cli_quote(text, size, options->plants[i]);
	}
}

/* Whose calls carry the host's name alone in the sequence trace: the guest that moves. */
static const char *main_program(const struct scenario_cfg *cfg)
{
	return cfg->migration ? cfg->migration->guest : NULL;
}

/* Run one loaded scenario and report it. */
static int run_loaded(const struct cli_options *options, const char *path, struct scenario_cfg *cfg)
{
	struct run_options run = {
		.cfg = cfg,
		.engine = options->engine ? options->engine : cli_engine(engine_names[cfg->engine]),
		.plants = options->plants,
		.plants_count = options->plants_count,
		.hooks = cli_hooks(),
		.log_level = LOG_WARNING,
	};
	struct run_result result;
	struct cli_output output;
	struct cli_progress progress;
	double begin;
	int rc;

	if (options->seed_given)
		cfg->seed = options->seed;
	if (!cli_output_open(&output, options, cfg->name, main_program(cfg)))
		return CLI_USAGE;
	run.listeners = cli_progress_begin(&progress, options, cfg->name, cfg->time_limit_ps,
					   cli_output_listeners(&output));
	begin = cli_seconds();
	rc = scenario_run(&run, &result);
	cli_progress_end(&progress);
	result.wall_s = cli_seconds() - begin;
	if (rc) {
		cli_output_close(&output);
		fprintf(stderr, "vfsim: %s: %s\n", path,
			result.error[0] ? result.error : strerror(-rc));
		return rc == -ENOMEM ? CLI_INTERNAL : CLI_USAGE;
	}
	write_command(options, path, cfg->seed, run.engine->name, &result);
	return cli_output_report(&output, options, &result, cfg);
}

static int run_file(const struct cli_options *options, const char *path)
{
	struct config_errors errors;
	struct scenario_file file;
	int code;

	if (scenario_load(path, options->sets, options->sets_count, &file, &errors)) {
		fputs(errors.text, stderr);
		return CLI_USAGE;
	}
	code = run_loaded(options, path, file.cfg);
	scenario_release(&file);
	return code;
}

/* Nothing runs unless every file is one that can: true. */
static bool files_load(const struct cli_options *options)
{
	struct config_errors errors;
	struct scenario_file file;
	bool all = true;

	for (uint32_t i = 0; i < options->files_count; i++) {
		if (scenario_load(options->files[i], options->sets, options->sets_count, &file,
				  &errors)) {
			fputs(errors.text, stderr);
			all = false;
		}
		scenario_release(&file);
	}
	return all;
}

static int run_main(int argc, char **argv)
{
	struct cli_options options = {.snap_bytes = CLI_SNAP_BYTES, .step_ps = CLI_STEP_PS};
	int code;

	if (!cli_parse(&run_argp, argc, argv, &options, &code))
		return code;
	code = files_load(&options) ? cli_each_file(&options, run_file) : CLI_USAGE;
	cli_options_release(&options);
	return code;
}

const struct cli_builtin cli_run = {"run", "run scenarios and judge them", run_main};
