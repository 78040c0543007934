/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

double cli_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void print_log(void *ctx, enum log_level level, const char *instance, const char *text)
{
	static const char *const word[] = {"error", "warning", "info", "debug"};

	fprintf(stderr, "vfsim: %s: %s: %s\n", word[level], instance, text);
}

static void panic(void *ctx, const char *text)
{
	fflush(stdout);
	fprintf(stderr, "vfsim: %s\n", text);
	_exit(CLI_INTERNAL);
}

struct sim_hooks cli_hooks(void)
{
	struct sim_hooks hooks = {.log = print_log, .panic = panic};

	return hooks;
}

/* mkdir -p */
static int make_folders(const char *path)
{
	char part[512];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int cli_out_folder(const struct cli_options *options, const char *name, char *dir, size_t size)
{
	if (options->files_count > 1)
		snprintf(dir, size, "%s/%s", options->out, name);
	else
		snprintf(dir, size, "%s", options->out);
	return make_folders(dir);
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

bool cli_report(const struct cli_options *options, struct run_result *result,
		const struct scenario_cfg *cfg, const char *dir)
{
	bool ok = true;

	if (dir) {
		ok = write_json(result, dir);
		result_note(result, "wrote %s/result.json and sequence.jsonl", dir);
	}
	if (options->format == CLI_JSON)
		print_json(result);
	else if (options->quiet)
		printf("%-32s %s\n", result->name, result->passed ? "pass" : "FAIL");
	else
		result_print(result, cfg, stdout, isatty(STDOUT_FILENO));
	return ok;
}

void cli_quote(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);
	bool plain =
		word[0] && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789_-+=./,:@%")];

	snprintf(text + used, size - used, plain ? "%s%s" : "%s'%s'", used ? " " : "", word);
}
