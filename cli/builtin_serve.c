/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cosim/serve/serve.h"

#define DEFAULT_SEED 1u

enum { KEY_SOCKETS = 0x100, KEY_ARCH, KEY_SRIOV, KEY_QEMU_ARGS, KEY_BUSY_POLL };

struct serve_cli {
	struct cli_options common;
	const char *socket_dir;
	enum board_arch arch;
	bool sriov, qemu_args, busy_poll;
	bool shown; /* the state is on the terminal */
};

static const struct argp_option options[] = {
	{"socket-dir", KEY_SOCKETS, "DIR", 0, "where the sockets are made; required", 0},
	{"arch", KEY_ARCH, "ARCH", 0,
	 "of the guest: x86_64 (default) or arm64, which drives the SMMU", 0},
	{"sriov", KEY_SRIOV, NULL, 0, "the guest has the PF and turns SR-IOV on itself (arm64)", 0},
	{"qemu-args", KEY_QEMU_ARGS, NULL, 0, "print the options of QEMU for this", 0},
	{"busy-poll", KEY_BUSY_POLL, NULL, 0,
	 "never sleep, and share the registers that ring with guests: faster, if the host has a "
	 "processor for that",
	 0},
	{"engine", 'e', "ENGINE", 0, "untimed (default) or native", 0},
	{"seed", 's', "N", 0, "of what is random; default 1", 0},
	{"set", 'S', "PATH=VALUE", 0, "change a key of the machine or its timing", 0},
	{"wire", 'w', "PEER", 0,
	 "what is at the port's far end: sink (default), loop, respond, pcap:FILE or tap:NAME", 0},
	{"plant", 'p', "FAULT", 0, "plant a fault in a model (vfsim describe faults)", 0},
	{"out", 'o', "DIR", 0, "write result.json and the run's traces there", 0},
	{"snaplen", 'L', "BYTES", 0, "of each frame in wire.pcapng; 0: all of it; default 96", 0},
	{"format", 'f', "text|json", 0, "how to print the result", 0},
	{"quiet", 'q', NULL, 0, "no state on the terminal, and one line at the end", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static volatile bool stop, reset_vfs;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		reset_vfs = true;
	else
		stop = true;
}

static void parse_arch(struct serve_cli *cli, const char *arg, struct argp_state *state)
{
	for (uint32_t i = 0; i < BOARD_ARCHS; i++) {
		if (!strcmp(board_plans[i].name, arg)) {
			cli->arch = (enum board_arch)i;
			return;
		}
	}
	argp_error(state, "--arch: expected x86_64 or arm64, not `%s`", arg);
}

static void check(const struct serve_cli *cli, struct argp_state *state)
{
	if (!cli->socket_dir)
		argp_error(state, "--socket-dir is missing");
	if (cli->common.files_count != 1)
		argp_error(state, "expected one machine file");
	if (cli->sriov && cli->arch != BOARD_ARM64)
		argp_error(state, "--sriov needs --arch arm64");
	if (cli->common.engine && cli->common.engine->once_per_process)
		argp_error(state, "--engine: expected untimed or native");
}

static int parse(int key, char *arg, struct argp_state *state)
{
	struct serve_cli *cli = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		return 0;
	case KEY_SOCKETS:
		cli->socket_dir = arg;
		return 0;
	case KEY_ARCH:
		parse_arch(cli, arg, state);
		return 0;
	case KEY_SRIOV:
		cli->sriov = true;
		return 0;
	case KEY_BUSY_POLL:
		cli->busy_poll = true;
		return 0;
	case KEY_QEMU_ARGS:
		cli->qemu_args = true;
		return 0;
	case ARGP_KEY_END:
		check(cli, state);
		return 0;
	default:
		return cli_parse_common(key, arg, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "MACHINE.yaml",
	.doc = "Serve a machine's PF, VFs and SMMU as vfio-user devices, for guests of QEMU.\v"
	       "docs/cosimulation.md shows it with a stock kernel. SIGINT ends it,\n"
	       "SIGUSR1 has the firmware reset every VF.\n"
	       "Exit status: 0 every check held, 1 a check failed, 2 wrong usage or a file that is "
	       "refused, 3 an internal error.",
};

/* ---- what is shown ---- */

static void ready(void *ctx, const struct serve_options *serve, const struct board *board)
{
	const struct serve_cli *cli = ctx;

	if (cli->qemu_args)
		serve_qemu_args(serve, board, stdout);
	printf("# ready: %u functions at %s\n", board_functions(board), serve->socket_dir);
	fflush(stdout);
}

/* Queues that have descriptors, of all VFs. */
static uint64_t queues_at_work(const struct machine *machine)
{
	const struct nic_config *cfg = &machine->cfg->nic;
	uint64_t count = 0;

	for (uint32_t i = 0; i < 2 * cfg->total_vfs * cfg->queue_pairs; i++) {
		uint32_t vf = i / 2 / (uint32_t)cfg->queue_pairs;
		uint32_t queue = i / 2 % (uint32_t)cfg->queue_pairs;
		struct nic_queue_levels levels =
			nic_queue_levels_get(machine->host[0].nic, vf, i % 2, queue);

		count += levels.posted || levels.packets;
	}
	return count;
}

/* To the begin of the first line; each is cleared to its end (ECMA-48). */
#define BLOCK_AGAIN "\033[3F"
#define LINE        "\033[K"
#define BLOCK_AWAY  BLOCK_AGAIN "\033[J"

static void status(void *ctx, const struct serve_status *now)
{
	struct serve_cli *cli = ctx;
	const struct machine *machine = board_machine(now->board);
	const struct host *host = &machine->host[0];
	const struct smmu_counters *smmu = smmu_stats(host->smmu);
	const struct nic_counters *nic = nic_counters_get(host->nic);

	if (cli->shown)
		fputs(BLOCK_AGAIN, stderr);
	fprintf(stderr, LINE "functions  %" PRIu64 " of %u in use, %.0f %% of a core\n",
		now->clients, board_functions(now->board), now->busy * 100);
	fprintf(stderr,
		LINE "NIC        link %s, %" PRIu64 " queues at work, %" PRIu64
		     " packets sent, %" PRIu64 " received\n",
		nic_link_up(host->nic) ? "up" : "down", queues_at_work(machine), nic->packets_sent,
		nic->packets_received);
	fprintf(stderr,
		LINE "SMMU       %" PRIu64 " translations, %" PRIu64 " walks, %" PRIu64
		     " faults, %" PRIu64 " pages made dirty\n",
		smmu->transactions, smmu->walks, smmu->faults, smmu->dirty_updates);
	fflush(stderr);
	cli->shown = true;
}

static void end_status(struct serve_cli *cli)
{
	if (cli->shown)
		fputs(BLOCK_AWAY, stderr);
	cli->shown = false;
}

/* What is told goes where the state was, which comes again below it. */
static void log_line(void *ctx, enum log_level level, const char *instance, const char *text)
{
	struct sim_hooks hooks = cli_hooks();

	end_status(ctx);
	hooks.log(hooks.ctx, level, instance, text);
}

/* ---- the run ---- */

static int serve(struct serve_cli *cli)
{
	struct serve_options serve = {
		.path = cli->common.files[0],
		.sets = cli->common.sets,
		.sets_count = cli->common.sets_count,
		.arch = cli->arch,
		.sriov = cli->sriov,
		.socket_dir = cli->socket_dir,
		.engine = cli->common.engine ? cli->common.engine : &engine_untimed,
		.busy_poll = cli->busy_poll,
		.seed = cli->common.seed_given ? cli->common.seed : DEFAULT_SEED,
		.stop = &stop,
		.reset_vfs = &reset_vfs,
		.ready = ready,
		.ctx = cli,
		.hooks = cli_hooks(),
		.log_level = LOG_WARNING,
	};
	struct config_errors errors = {0};
	struct run_result result = {0};
	struct cli_output output;
	double begin = cli_seconds();
	int err;

	if (!cli->common.quiet && isatty(STDERR_FILENO)) {
		serve.status = status;
		serve.hooks.log = log_line;
		serve.hooks.ctx = cli;
	}
	if (!cli_output_open(&output, &cli->common, "serve", NULL))
		return CLI_USAGE;
	serve.listeners = cli_output_listeners(&output);
	err = serve_run(&serve, &result, &errors);
	end_status(cli);
	result.wall_s = cli_seconds() - begin;
	if (!err)
		return cli_output_report(&output, &cli->common, &result, NULL);
	cli_output_close(&output);
	fputs(errors.text, stderr);
	if (!errors.count)
		fprintf(stderr, "vfsim serve: %s: %s\n", serve.path, strerror(-err));
	return err == -ENOMEM ? CLI_INTERNAL : CLI_USAGE;
}

static int serve_main(int argc, char **argv)
{
	struct serve_cli cli = {.common = {.snap_bytes = CLI_SNAP_BYTES, .step_ps = CLI_STEP_PS}};
	struct sigaction action = {.sa_handler = on_signal};
	int code;

	argp_err_exit_status = CLI_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &cli))
		return CLI_USAGE;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	code = serve(&cli);
	cli_options_release(&cli.common);
	return code;
}

const struct cli_builtin cli_serve = {"serve", "serve hardware to guests of QEMU", serve_main};
