/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "system/config/closest.h"

static const struct cli_builtin *const builtins[] = {&cli_run, &cli_replay, &cli_serve, &cli_trace,
						     &cli_describe};

#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

static void usage(FILE *out)
{
	fputs("vfsim - a deterministic simulator of an SR-IOV NIC behind an Arm SMMUv3\n\n"
	      "Usage: vfsim COMMAND [OPTION...] [FILE...]\n\n",
	      out);
	for (size_t i = 0; i < BUILTINS; i++)
		fprintf(out, "  %-10s %s\n", builtins[i]->name, builtins[i]->what);
	fputs("\nvfsim COMMAND --help says more.\n"
	      "Exit status: 0 every check held, 1 a check or an expectation failed, 2 wrong usage\n"
	      "or a file that is refused, 3 an internal error.\n",
	      out);
}

static int unknown(const char *name)
{
	struct closest closest;

	closest_init(&closest, name);
	for (size_t i = 0; i < BUILTINS; i++)
		closest_offer(&closest, builtins[i]->name);
	fprintf(stderr, "vfsim: there is no command `%s`", name);
	if (closest.best)
		fprintf(stderr, "; did you mean `%s`?", closest.best);
	fputs("\n\n", stderr);
	usage(stderr);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	char name[64];

	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return CLI_OK;
	}
	for (size_t i = 0; i < BUILTINS; i++) {
		if (strcmp(builtins[i]->name, argv[1]))
			continue;
		snprintf(name, sizeof(name), "vfsim %s", builtins[i]->name);
		argv[1] = name;
		return builtins[i]->run(argc - 1, argv + 1);
	}
	return unknown(argv[1]);
}
