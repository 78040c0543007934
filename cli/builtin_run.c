/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "system/sequence.h"

static const struct argp_option run_options[] = {
	{"seed", 's', "N", 0, "take N for the scenario's seed", 0},
	{"engine", 'e', "ENGINE", 0, "native, systemc or untimed, for the scenario's", 0},
	{"set", 'S', "PATH=VALUE", 0, "change a key of the scenario, its machine or its timing", 0},
	{"plant", 'p', "FAULT", 0, "plant a fault in a model (vfsim describe faults)", 0},
	{"out", 'o', "DIR", 0, "write result.json and sequence.jsonl there", 0},
	{"format", 'f', "text|json", 0, "how to print results; json: one object a file", 0},
	{"quiet", 'q', NULL, 0, "one line a file", 0},
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

/* A sequence trace as a listener of a run. */
struct sequence_listener {
	struct run_listener listener;
	char path[600];
	struct sequence *sequence;
};

static int sequence_start(void *ctx, struct sim *sim)
{
	struct sequence_listener *self = ctx;

	self->sequence = sequence_create(sim, self->path);
	if (self->sequence)
		return 0;
	fprintf(stderr, "vfsim: %s: cannot be written: %s\n", self->path, strerror(errno));
	return -EIO;
}

static void sequence_event(void *ctx, const struct trace_event *event)
{
	const struct sequence_listener *self = ctx;

	sequence_trace(self->sequence, event);
}

static void sequence_program(void *ctx, struct uapi_process *process, uint32_t host,
			     const char *host_name, uint32_t stream_id)
{
	const struct sequence_listener *self = ctx;

	if (sequence_add(self->sequence, process, host_name, host, stream_id))
		fprintf(stderr, "vfsim: %s: out of memory\n", self->path);
}

static void sequence_listen(struct sequence_listener *self, const char *dir)
{
	*self = (struct sequence_listener){
		.listener = {.start = sequence_start,
			     .event = sequence_event,
			     .program = sequence_program},
	};
	self->listener.ctx = self;
	snprintf(self->path, sizeof(self->path), "%s/sequence.jsonl", dir);
}

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
	struct sequence_listener sequence;
	struct run_result result;
	char dir[512] = "";
	double begin;
	bool written;
	int rc;

	if (options->seed_given)
		cfg->seed = options->seed;
	if (options->out) {
		rc = cli_out_folder(options, cfg->name, dir, sizeof(dir));
		if (rc) {
			fprintf(stderr, "vfsim: %s: cannot be made: %s\n", dir, strerror(-rc));
			return CLI_USAGE;
		}
		sequence_listen(&sequence, dir);
		run.listeners = &sequence.listener;
	}
	begin = cli_seconds();
	rc = scenario_run(&run, &result);
	result.wall_s = cli_seconds() - begin;
	if (options->out && sequence.sequence && sequence_destroy(sequence.sequence))
		rc = -EIO;
	if (rc) {
		fprintf(stderr, "vfsim: %s: %s\n", path,
			result.error[0] ? result.error : strerror(-rc));
		return rc == -ENOMEM ? CLI_INTERNAL : CLI_USAGE;
	}
	write_command(options, path, cfg->seed, run.engine->name, &result);
	written = cli_report(options, &result, cfg, options->out ? dir : NULL);
	return !written ? CLI_USAGE : result.passed ? CLI_OK : CLI_FAIL;
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

/* An engine that runs once in a process gets a process for each file. */
static int run_file_apart(const struct cli_options *options, const char *path)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		return CLI_INTERNAL;
	if (!child) {
		int code = run_file(options, path);

		fflush(stdout);
		_exit(code);
	}
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return CLI_INTERNAL;
	return WEXITSTATUS(status);
}

static int run_main(int argc, char **argv)
{
	struct cli_options options = {0};
	int worst;

	if (!cli_parse(&run_argp, argc, argv, &options, &worst))
		return worst;
	for (uint32_t i = 0; i < options.files_count; i++) {
		bool apart = options.files_count > 1;
		int code = apart ? run_file_apart(&options, options.files[i])
				 : run_file(&options, options.files[i]);

		if (code > worst)
			worst = code;
	}
	cli_options_release(&options);
	return worst;
}

const struct cli_builtin cli_run = {"run", "run scenarios and judge them", run_main};
