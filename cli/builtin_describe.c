/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <inttypes.h>
#include <string.h>

#include "base/regs.h"
#include "cli/cli.h"
#include "system/config/closest.h"
#include "system/config/schema.h"
#include "system/oracle/oracle.h"
#include "system/registers.h"

static void describe_schema(FILE *out)
{
	fputs("Keys of a scenario. `machine` may be the name of a file that holds its keys.\n\n",
	      out);
	schema_describe(&schema_scenario, out);
}

static void describe_machine(FILE *out)
{
	fputs("Keys of a machine, which a scenario holds under `machine` or names as a file.\n\n",
	      out);
	schema_describe(&schema_machine, out);
}

/* Which bits software can do what to. */
static void describe_row(const struct reg_row *row, FILE *out)
{
	fprintf(out, "  0x%05x  %-24s %2u bits", row->offset, row->name, row->size * 8u);
	if (row->count > 1)
		fprintf(out, "  %u, every 0x%x", row->count, row->stride);
	if (row->reset)
		fprintf(out, "  reset 0x%" PRIx64, row->reset);
	if (row->rw)
		fprintf(out, "  rw 0x%" PRIx64, row->rw);
	if (row->ro)
		fprintf(out, "  ro 0x%" PRIx64, row->ro);
	if (row->w1c)
		fprintf(out, "  w1c 0x%" PRIx64, row->w1c);
	if (row->rc)
		fprintf(out, "  rc 0x%" PRIx64, row->rc);
	fputc('\n', out);
}

static void describe_table(void *ctx, const struct reg_table *table)
{
	FILE *out = ctx;

	fprintf(out, "%s (%u bytes)\n", table->name, table->window_bytes);
	for (uint32_t i = 0; i < table->rows; i++)
		describe_row(&table->row[i], out);
	fputc('\n', out);
}

static void describe_registers(FILE *out)
{
	registers_each(describe_table, out);
}

static void describe_faults(FILE *out)
{
	for (uint32_t id = 0; id < FAULT_COUNT; id++)
		fprintf(out, "%-24s %-14s %s\n", fault_catalogue[id].name,
			fault_catalogue[id].check, fault_catalogue[id].what);
}

static void describe_checks(FILE *out)
{
	for (uint32_t id = 0; id < CHECK_COUNT; id++)
		fprintf(out, "%-16s %s\n", oracle_checks[id].name, oracle_checks[id].what);
}

static const struct {
	const char *name;
	const char *what;
	void (*describe)(FILE *out);
} topics[] = {
	{"schema", "the keys of a scenario, with those of its machine and timing", describe_schema},
	{"machine", "the keys of a machine", describe_machine},
	{"registers", "the registers of the SMMU and the NIC", describe_registers},
	{"faults", "what --plant takes: name, the check that must catch it, what it does",
	 describe_faults},
	{"checks", "what the oracle judges", describe_checks},
};

#define TOPICS (sizeof(topics) / sizeof(topics[0]))

static error_t parse_topic(int key, char *arg, struct argp_state *state)
{
	const char **topic = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*topic)
			argp_error(state, "expected one topic");
		*topic = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "expected a topic");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp describe_argp = {
	.parser = parse_topic,
	.args_doc = "schema|machine|registers|faults|checks",
	.doc = "Print what vfsim knows, from the tables that it works by.",
};

static int describe_main(int argc, char **argv)
{
	const char *topic = NULL;
	struct closest closest;

	argp_err_exit_status = CLI_USAGE;
	if (argp_parse(&describe_argp, argc, argv, 0, NULL, &topic))
		return CLI_USAGE;
	closest_init(&closest, topic);
	for (size_t i = 0; i < TOPICS; i++) {
		if (!strcmp(topics[i].name, topic)) {
			topics[i].describe(stdout);
			return CLI_OK;
		}
		closest_offer(&closest, topics[i].name);
	}
	fprintf(stderr, "%s: there is no topic `%s`", argv[0], topic);
	if (closest.best)
		fprintf(stderr, "; did you mean `%s`?", closest.best);
	fputc('\n', stderr);
	for (size_t i = 0; i < TOPICS; i++)
		fprintf(stderr, "  %-10s %s\n", topics[i].name, topics[i].what);
	return CLI_USAGE;
}

const struct cli_builtin cli_describe = {"describe", "print schema, registers, faults or checks",
					 describe_main};
