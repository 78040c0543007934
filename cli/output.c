/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "system/replay/machine_file.h"

double cli_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* On a terminal, in the place of the progress that may stand there (ECMA-48: clear the line). */
static void clear_line(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* What was logged last: a line that comes again and again is printed once, and then how often. */
static struct {
	char line[512];
	uint64_t again;
} last_logged;

void cli_log_end(void)
{
	if (last_logged.again == 1)
		fprintf(stderr, "vfsim: %s\n", last_logged.line);
	else if (last_logged.again)
		fprintf(stderr, "vfsim: the same %" PRIu64 " times more\n", last_logged.again);
	last_logged.again = 0;
	last_logged.line[0] = '\0';
}

static void print_log(void *ctx, enum log_level level, const char *instance, const char *text)
{
	static const char *const word[] = {"error", "warning", "info", "debug"};
	char line[sizeof(last_logged.line)];
	int len = snprintf(line, sizeof(line), "%s: %s: %s", word[level], instance, text);
	bool whole = len > 0 && (size_t)len < sizeof(line);

	if (whole && !strcmp(line, last_logged.line)) {
		last_logged.again++;
		return;
	}
	clear_line();
	cli_log_end();
	fprintf(stderr, "vfsim: %s: %s: %s\n", word[level], instance, text);
	if (whole)
		memcpy(last_logged.line, line, sizeof(line));
}

static void panic(void *ctx, const char *text)
{
	fflush(stdout);
	cli_log_end();
	clear_line();
	fprintf(stderr, "vfsim: %s\n", text);
	_exit(CLI_INTERNAL);
}

struct sim_hooks cli_hooks(void)
{
	struct sim_hooks hooks = {.log = print_log, .panic = panic};

	return hooks;
}

static bool write_json(const struct run_result *result, const char *dir)
{
	json_t *object = result_json(result);
	char path[600];
	int rc;

	snprintf(path, sizeof(path), "%s/result.json", dir);
	rc = json_dump_file(object, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	json_decref(object);
	if (rc)
		fprintf(stderr, "vfsim: %s: cannot be written\n", path);
	return !rc;
}

static void print_json(const struct run_result *result)
{
	json_t *object = result_json(result);

	json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(object);
}

/* One line: the verdict and the first check that is not as it should be. */
static void print_quiet(const struct run_result *result)
{
	static const char *const unmet[] = {
		[ORACLE_PASS] = "passes, and was expected to fail",
		[ORACLE_NOT_APPLICABLE] = "does not apply, and was expected to pass or fail",
	};
	uint32_t id = 0;

	printf("%-32s %s", result->name, result->passed ? "pass" : "FAIL");
	while (id < CHECK_COUNT && result->check[id].as_expected)
		id++;
	if (id < CHECK_COUNT && !result->error[0]) {
		const struct oracle_finding *finding = &result->check[id].finding;

		printf("  %s: %s", oracle_checks[id].name,
		       finding->verdict == ORACLE_FAIL ? finding->detail : unmet[finding->verdict]);
	}
	putchar('\n');
}

int cli_output_report(struct cli_output *output, const struct cli_options *options,
		      struct run_result *result, const struct scenario_cfg *cfg)
{
	bool written = cli_output_close(output);

	if (output->dir[0]) {
		written &= write_json(result, output->dir);
		result_note(result, "wrote into %s: result.json%s", output->dir, output->wrote);
	}
	/* A run of programs: what a replay of it needs lies beside its sequence. */
	if (cfg && output->replayable) {
		written &= !replay_write_machine(&cfg->machine, output->dir);
		result_note(result, "replay it: vfsim replay %s/sequence.jsonl", output->dir);
	}
	if (options->format == CLI_JSON)
		print_json(result);
	else if (options->quiet)
		print_quiet(result);
	else
		result_print(result, cfg, stdout, isatty(STDOUT_FILENO));
	/* Where only verdicts are printed, what ended the run early is still said. */
	if (result->error[0] && (options->format == CLI_JSON || options->quiet))
		fprintf(stderr, "vfsim: %s\n", result->error);
	/* Actors that were cut off stand where they stood: nothing is left to take down in order.
	 */
	if (result->cut) {
		fflush(NULL);
		_exit(CLI_FAIL);
	}
	if (!written)
		return CLI_USAGE;
	return result->passed ? CLI_OK : CLI_FAIL;
}

void cli_quote(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);
	bool plain =
		word[0] && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789_-+=./,:@%")];

	snprintf(text + used, size - used, plain ? "%s%s" : "%s'%s'", used ? " " : "", word);
}

static int file_apart(const struct cli_options *options, const char *path,
		      int (*one)(const struct cli_options *options, const char *path))
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		return CLI_INTERNAL;
	if (!child) {
		int code = one(options, path);

		fflush(stdout);
		_exit(code);
	}
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return CLI_INTERNAL;
	return WEXITSTATUS(status);
}

int cli_each_file(const struct cli_options *options,
		  int (*one)(const struct cli_options *options, const char *path))
{
	int worst = CLI_OK;

	for (uint32_t i = 0; i < options->files_count; i++) {
		const char *path = options->files[i];
		int code = options->files_count > 1 ? file_apart(options, path, one)
						    : one(options, path);

		/* Files apart in the output of a person's run. */
		if (i + 1 < options->files_count && options->format == CLI_TEXT && !options->quiet)
			putchar('\n');
		worst = code > worst ? code : worst;
	}
	return worst;
}
