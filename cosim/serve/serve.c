/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bits.h"
#include "cosim/serve/carrier.h"
#include "cosim/serve/function.h"
#include "system/wire/far_end.h"
#include "system/wire/pace.h"

#define PATH_BYTES 512u
/* Longest wait, so that a stop is noticed. */
#define WAIT_MOST_PS (10 * PS_PER_MS)
/* Of simulated time with events between two looks at the sockets; how far it may fall behind. */
#define STEP_MOST_PS   PS_PER_MS
#define BEHIND_MOST_PS (20 * PS_PER_MS)
#define STATUS_PS      (PS_PER_S / 4)

struct serve {
	const struct serve_options *options;
	struct run_result *result;
	struct config_errors *errors;
	struct scenario_file file;
	struct scenario_cfg cfg;
	struct monitor monitor;
	struct wire_backend *far_end;
	struct board *board;
	struct vfu_server *server;
	struct function *function; /* board_functions() of them */
	struct carrier smmu, pmcg, aperture;
	struct journal journal;
	uint64_t begin_ps; /* the host's clock less simulated time */
	uint64_t status_ps, waited_ps;
};

/* ---- telling ---- */

static int complain(struct serve *serve, int err, const char *what)
{
	struct config_errors *errors = serve->errors;

	errors->count++;
	snprintf(errors->text, sizeof(errors->text), "vfsim serve: %s: %s\n", what, strerror(-err));
	return err;
}

static void server_log(void *ctx, enum log_level level, const char *device, const char *text)
{
	struct serve *serve = ctx;
	const struct sim_part part = {&serve->monitor.sim, device ? device : "vfio-user", 0};

	sim_log(&part, level, "%s", text);
}

/* ---- sockets ---- */

static const char *socket_path(const struct serve *serve, const char *name, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s.sock", serve->options->socket_dir, name);
	return path;
}

static int serve_function(struct serve *serve, uint32_t index)
{
	const struct board_plan *plan = &board_plans[serve->options->arch];
	char name[16], path[PATH_BYTES];
	const struct function_cfg cfg = {
		.name = board_function_name(serve->board, index, name, sizeof(name)),
		.socket_path = socket_path(serve, name, path),
		.alone = !serve->options->sriov,
		.translated = plan->translated,
		.message_pa = plan->message_base,
		.reset_ps = serve->cfg.machine.timing.nic.flr_ps,
		.shared_doorbells = serve->options->busy_poll && !serve->options->sriov,
	};
	int err = function_serve(&serve->function[index], serve->server, serve->board, index, &cfg);

	return err ? complain(serve, err, path) : 0;
}

static int serve_carriers(struct serve *serve)
{
	const struct {
		bool wanted;
		const char *name;
		int (*serve)(struct carrier *carrier, struct vfu_server *server,
			     struct board *board, const char *socket_path);
		struct carrier *carrier;
	} row[] = {
		{board_plans[serve->options->arch].carrier, "smmu", carrier_serve_smmu,
		 &serve->smmu},
		{board_plans[serve->options->arch].carrier, "pmcg", carrier_serve_pmcg,
		 &serve->pmcg},
		{serve->options->sriov, "aperture", carrier_serve_aperture, &serve->aperture},
	};
	char path[PATH_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int err;

		if (!row[i].wanted)
			continue;
		err = row[i].serve(row[i].carrier, serve->server, serve->board,
				   socket_path(serve, row[i].name, path));
		if (err)
			return complain(serve, err, path);
	}
	return 0;
}

static int open_sockets(struct serve *serve)
{
	const struct vfu_server_cfg cfg = {.log = server_log, .log_ctx = serve};
	uint32_t functions = board_functions(serve->board);
	int err = 0;

	if (mkdir(serve->options->socket_dir, 0700) && errno != EEXIST)
		return complain(serve, -errno, serve->options->socket_dir);
	serve->server = vfu_server_create(&cfg);
	serve->function = calloc(functions, sizeof(serve->function[0]));
	if (!serve->server || !serve->function)
		return complain(serve, -ENOMEM, "sockets");
	for (uint32_t i = 0; i < functions && !err; i++)
		err = serve_function(serve, i);
	return err ? err : serve_carriers(serve);
}

/* ---- time ---- */

/* Simulated time as the clock has it; an access may have gone ahead, a busy host fall behind. */
static uint64_t target_ps(struct serve *serve)
{
	uint64_t now_ps = sim_now(&serve->monitor.sim), clock = pace_clock_ps();

	if (clock - serve->begin_ps < now_ps || clock < serve->begin_ps)
		serve->begin_ps = clock - now_ps;
	if (clock - serve->begin_ps > now_ps + BEHIND_MOST_PS)
		serve->begin_ps = clock - now_ps - BEHIND_MOST_PS;
	return clock - serve->begin_ps;
}

/* Catch up, but for no longer than a client may wait. */
static void run(struct serve *serve)
{
	uint64_t target = target_ps(serve);
	uint64_t due = calendar_next_time(&serve->monitor.sim.calendar);

	board_run(serve->board, due < target ? MIN(target, due + STEP_MOST_PS) : target);
}

static uint64_t wait_ps(struct serve *serve)
{
	uint64_t target = target_ps(serve);
	uint64_t due = calendar_next_time(&serve->monitor.sim.calendar);

	return due > target ? MIN(due - target, WAIT_MOST_PS) : 0;
}

static void show_status(struct serve *serve)
{
	uint64_t now = pace_clock_ps(), passed = now - serve->status_ps;
	struct serve_status status = {.board = serve->board};

	if (!serve->options->status || passed < STATUS_PS)
		return;
	for (uint32_t i = 0; i < board_functions(serve->board); i++)
		status.clients += vfu_device_connected(serve->function[i].device);
	status.busy = 1 - (double)MIN(serve->waited_ps, passed) / (double)passed;
	serve->options->status(serve->options->ctx, &status);
	serve->status_ps = now;
	serve->waited_ps = 0;
}

static void reset_if_asked(const struct serve *serve)
{
	volatile bool *asked = serve->options->reset_vfs;

	if (!asked || !*asked)
		return;
	*asked = false;
	board_reset_vfs(serve->board);
}

/* Doorbells that clients share. */
static void look(struct serve *serve)
{
	for (uint32_t i = 0; i < board_functions(serve->board); i++)
		function_look(&serve->function[i]);
}

static void loop(struct serve *serve)
{
	serve->begin_ps = pace_clock_ps() - sim_now(&serve->monitor.sim);
	serve->status_ps = pace_clock_ps();
	while (!*serve->options->stop) {
		uint64_t wait = serve->options->busy_poll ? 0 : wait_ps(serve);
		uint64_t before = pace_clock_ps();

		vfu_server_wait(serve->server, wait / PS_PER_NS);
		if (wait)
			serve->waited_ps += pace_clock_ps() - before;
		if (serve->options->busy_poll)
			look(serve);
		reset_if_asked(serve);
		run(serve);
		show_status(serve);
	}
}

/* ---- from beginning to end ---- */

static void far_end_ready(void *ctx, short revents)
{
	struct wire_backend *far_end = ctx;

	far_end->ops->outside(far_end, 0);
}

static int watch_far_end(struct serve *serve)
{
	struct wire_backend *far_end = serve->far_end;

	if (!far_end->ops->outside)
		return 0;
	return vfu_server_watch(serve->server, far_end->ops->outside_fd(far_end), POLLIN,
				far_end_ready, far_end);
}

static int plug(struct serve *serve)
{
	const struct board_cfg cfg = {
		.plan = &board_plans[serve->options->arch],
		.sriov = serve->options->sriov,
		.machine = &serve->cfg.machine,
		.engine = serve->options->engine,
		.far_end = serve->far_end,
		.journal = &serve->journal,
	};
	int err;

	serve->board = board_create(&cfg, &serve->monitor.sim);
	if (!serve->board)
		return -ENOMEM;
	/* Who listens knows the machine before it does anything. */
	monitor_machine(&serve->monitor, board_machine(serve->board));
	err = board_boot(serve->board);
	return err ? complain(serve, err, "the machine did not come up") : 0;
}

static int begin(struct serve *serve)
{
	char error[FAR_END_ERROR];
	int err = far_end_create(&serve->cfg, &serve->monitor.sim, &serve->far_end, error);

	if (err)
		return complain(serve, err, error);
	err = plug(serve);
	if (!err)
		err = open_sockets(serve);
	if (!err)
		err = watch_far_end(serve);
	if (err)
		return err;
	far_end_begin(serve->far_end, sim_now(&serve->monitor.sim));
	if (serve->options->ready)
		serve->options->ready(serve->options->ctx, serve->options, serve->board);
	return 0;
}

static int serve_enter(void *arg)
{
	struct serve *serve = arg;
	const struct run_options options = {
		.cfg = &serve->cfg,
		.engine = serve->options->engine,
		.foreign_kernel = true,
		.listeners = &serve->journal.listener,
		.hooks = serve->options->hooks,
		.log_level = serve->options->log_level,
	};
	int err;

	journal_init(&serve->journal, &serve->monitor.sim);
	serve->journal.listener.next = serve->options->listeners;
	err = monitor_init(&serve->monitor, &options, serve->options->seed, serve->result);

	if (err)
		return err;
	err = begin(serve);
	if (!err) {
		loop(serve);
		journal_conclude(&serve->journal, serve->result);
		monitor_end(&serve->monitor, board_machine(serve->board));
		monitor_finish(&serve->monitor, &options, board_machine(serve->board)->engine,
			       serve->result);
	}
	vfu_server_destroy(serve->server);
	for (uint32_t i = 0; serve->function && i < board_functions(serve->board); i++)
		function_fini(&serve->function[i]);
	board_destroy(serve->board);
	wire_backend_destroy(serve->far_end);
	monitor_fini(&serve->monitor);
	return err;
}

int serve_run(const struct serve_options *options, struct run_result *result,
	      struct config_errors *errors)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	int err;

	if (!serve)
		return -ENOMEM;
	serve->options = options;
	serve->result = result;
	serve->errors = errors;
	err = machine_load_for_guest(options->path, options->sets, options->sets_count,
				     &serve->file, errors);
	if (!err) {
		serve->cfg = *serve->file.cfg;
		serve->cfg.machine.hosts_count = 1;
		serve->cfg.seed = options->seed;
		if (serve->cfg.machine.wire.peer == PEER_HOST)
			serve->cfg.machine.wire.peer = PEER_SINK;
		err = options->engine->enter(serve_enter, serve);
		scenario_release(&serve->file);
	}
	free(serve->function);
	free(serve);
	return err;
}
