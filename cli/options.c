/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "system/config/closest.h"
#include "system/config/units.h"
#include "systemc/engine_systemc.h"

static const struct engine_ops *const engines[] = {&engine_native, &engine_systemc,
						   &engine_untimed};

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

const struct engine_ops *cli_engine(const char *name)
{
	for (size_t i = 0; i < ENGINES; i++)
		if (!strcmp(engines[i]->name, name))
			return engines[i];
	return NULL;
}

static void push(const char ***list, uint32_t *count, const char *text)
{
	*list = realloc(*list, (*count + 1) * sizeof(**list));
	if (!*list)
		abort();
	(*list)[(*count)++] = text;
}

static void parse_seed(struct cli_options *options, const char *arg, struct argp_state *state)
{
	if (unit_parse(UNIT_COUNT, arg, &options->seed))
		argp_error(state, "--seed: expected a whole number, not `%s`", arg);
	options->seed_given = true;
}

static void parse_engine(struct cli_options *options, const char *arg, struct argp_state *state)
{
	options->engine = cli_engine(arg);
	if (!options->engine)
		argp_error(state, "--engine: expected native, systemc or untimed, not `%s`", arg);
}

static void parse_format(struct cli_options *options, const char *arg, struct argp_state *state)
{
	if (!strcmp(arg, "json"))
		options->format = CLI_JSON;
	else if (strcmp(arg, "text"))
		argp_error(state, "--format: expected text or json, not `%s`", arg);
}

static void parse_snaplen(struct cli_options *options, const char *arg, struct argp_state *state)
{
	uint64_t bytes;

	if (unit_parse(UNIT_BYTES, arg, &bytes) || bytes > UINT32_MAX)
		argp_error(state, "--snaplen: expected a number of bytes, not `%s`", arg);
	options->snap_bytes = (uint32_t)bytes;
}

static void parse_step(struct cli_options *options, const char *arg, struct argp_state *state)
{
	if (unit_parse(UNIT_PS, arg, &options->step_ps))
		argp_error(state, "--level-step: expected a time, not `%s`", arg);
}

static void parse_plant(struct cli_options *options, const char *arg, struct argp_state *state)
{
	struct closest closest;

	closest_init(&closest, arg);
	for (uint32_t id = 0; id < FAULT_COUNT; id++)
		closest_offer(&closest, fault_catalogue[id].name);
	if (!closest.best || closest.distance)
		argp_error(state, "--plant: there is no fault `%s`%s%s%s (vfsim describe faults)",
			   arg, closest.best ? "; did you mean `" : "",
			   closest.best ? closest.best : "", closest.best ? "`?" : "");
	push(&options->plants, &options->plants_count, arg);
}

static void parse_wire(struct cli_options *options, const char *arg, struct argp_state *state)
{
	if (!wire_spec_sets(arg, options->wire))
		argp_error(state,
			   "--wire: expected sink, loop, respond, pcap:FILE or tap:NAME, not `%s`",
			   arg);
	for (uint32_t i = 0; i < WIRE_SPEC_SETS; i++)
		if (options->wire[i][0])
			push(&options->sets, &options->sets_count, options->wire[i]);
}

int cli_parse_common(int key, char *arg, struct argp_state *state)
{
	struct cli_options *options = state->input;

	switch (key) {
	case 's':
		parse_seed(options, arg, state);
		return 0;
	case 'e':
		parse_engine(options, arg, state);
		return 0;
	case 'S':
		push(&options->sets, &options->sets_count, arg);
		return 0;
	case 'w':
		parse_wire(options, arg, state);
		return 0;
	case 'p':
		parse_plant(options, arg, state);
		return 0;
	case 'o':
		options->out = arg;
		return 0;
	case 'L':
		parse_snaplen(options, arg, state);
		return 0;
	case 'T':
		parse_step(options, arg, state);
		return 0;
	case 'f':
		parse_format(options, arg, state);
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'P':
		options->pair = true;
		return 0;
	case 'm':
		options->machine = arg;
		return 0;
	case 'a':
		options->accept = arg;
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

bool cli_parse(const struct argp *argp, int argc, char **argv, struct cli_options *options,
	       int *code)
{
	argp_err_exit_status = CLI_USAGE;
	*code = argp_parse(argp, argc, argv, 0, NULL, options) ? CLI_USAGE : CLI_OK;
	return *code == CLI_OK;
}

void cli_options_release(struct cli_options *options)
{
	free(options->sets);
	free(options->plants);
	free(options->files);
}
