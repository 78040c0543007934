/* SPDX-License-Identifier: Apache-2.0 */
#include "system/replay/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "system/replay/driver/driver_replay.h"
#include "system/replay/replay_internal.h"
#include "traces/driver_line.h"

#define DEFAULT_MACHINE "recorded-device.yaml"
#define DEFAULT_ACCEPT  "accept.yaml"
#define MAX_DMA_BYTES   (1u << 20)
/* A log of 1 TiB with pages of 4 KiB. */
#define LOG_BYTES (32u << 20)
/* Simulated time after which a replay is stuck: longer than any recording waits. */
#define TIME_LIMIT_PS (3600 * PS_PER_S)

/* ---- files ---- */

void replay_find_file(const struct replay_options *options, const char *asked, const char *name,
		      char *path, size_t size)
{
	const char *slash = strrchr(options->path, '/');
	int folder = slash ? (int)(slash - options->path) : 1;

	if (asked) {
		snprintf(path, size, "%s", asked);
		return;
	}
	snprintf(path, size, "%.*s/%s", folder, slash ? options->path : ".", name);
	if (access(path, R_OK))
		snprintf(path, size, "%s/%s", VFSIM_RECORDED_DIR, name);
}

/* A file's complaint that names the file and the line itself. */
static void complain(struct config_errors *errors, const char *text)
{
	errors->count++;
	snprintf(errors->text, sizeof(errors->text), "%s\n", text);
}

static int load_machine(struct replay *replay, struct config_errors *errors)
{
	char path[4096];
	int err;

	replay_find_file(replay->options, replay->options->machine_path, DEFAULT_MACHINE, path,
			 sizeof(path));
	err = machine_load(path, NULL, 0, &replay->machine_file, errors);
	if (err)
		return err;
	/* The machine of the file, once for each host of the recording. */
	replay->cfg = *replay->machine_file.cfg;
	replay->cfg.machine.hosts = replay->host_names;
	replay->cfg.machine.hosts_count = replay->hosts;
	replay->cfg.seed = replay->options->seed;
	for (uint32_t i = 0; i < replay->hosts; i++)
		replay->host_names[i] = replay->host[i].name;
	return 0;
}

static int load_accept(struct replay *replay, struct config_errors *errors)
{
	char path[4096], error[512];
	int err;

	replay_find_file(replay->options, replay->options->accept_path, DEFAULT_ACCEPT, path,
			 sizeof(path));
	err = trace_accept_load(&replay->accept, path, error, sizeof(error));
	replay->acceptor = trace_accept_acceptor(&replay->accept);
	if (err)
		complain(errors, error);
	return err;
}

static int load_recordings(struct replay *replay, struct config_errors *errors)
{
	const char *const path[] = {replay->options->path, replay->options->destination_path};
	char error[512];

	for (uint32_t i = 0; i < REPLAY_FILES && path[i]; i++, replay->files++)
		if (trace_file_load(&replay->file[i].trace, path[i], error, sizeof(error))) {
			complain(errors, error);
			return -EINVAL;
		}
	return 0;
}

static int load_files(struct replay *replay, struct config_errors *errors)
{
	int err = load_recordings(replay, errors);

	if (!err)
		err = replay_find_programs(replay, errors);
	if (!err && replay_is_pair(replay))
		err = replay_pair_check(replay, errors);
	if (!err)
		err = load_machine(replay, errors);
	return err ? err : load_accept(replay, errors);
}

/* ---- hosts and programs ---- */

static int boot_host(struct replay *replay, struct actor *self, uint32_t index)
{
	struct replay_host *named = &replay->host[index];
	struct host *host = &replay->machine->host[index];
	struct vf_services services;
	struct host_boot_options options = {
		.vf = named->vf,
		.trap_bars = replay->cfg.machine.kernel.trap_bars,
	};

	named->services.device = host->recorded;
	named->services.vfs = REPLAY_PROGRAMS;
	named->services.vf = calloc(REPLAY_PROGRAMS, sizeof(named->services.vf[0]));
	if (!named->services.vf)
		return -ENOMEM;
	for (uint32_t i = 0; i < replay->programs; i++)
		if (replay->program[i].host == index)
			named->services.vf[replay->program[i].vf].presented =
				&replay->program[i].presented;
	services = recorded_services(&named->services);
	options.services = &services;
	return host_boot(host, self, &options);
}

/*
 * What a program writes as a stream: of a pair, the destination what the source
 * read; else a state that this very device saved, padded to the recorded length.
 */
static int make_stream(struct replay *replay, struct replay_program *program,
		       struct player_env *env)
{
	struct recorded_device *device = replay->machine->host[program->host].recorded;
	struct player_stream *stream = &program->stream;

	env->writes = stream;
	if (replay_is_pair(replay) && program == replay_pair_program(replay, program->file)) {
		if (program->file == REPLAY_DESTINATION)
			env->writes = &replay_pair_program(replay, REPLAY_SOURCE)->stream;
		else
			env->reads = stream;
		return 0;
	}
	stream->len = stream->capacity = program->presented.written_bytes;
	stream->bytes = malloc(stream->len + 1);
	if (!stream->bytes)
		return -ENOMEM;
	recorded_device_save(device, program->vf, stream->bytes, stream->len);
	return 0;
}

static int start_program(struct replay *replay, struct replay_program *program)
{
	struct host *host = &replay->machine->host[program->host];
	struct player_env env = {
		.part = host_part(host, "player"),
		.device = host->recorded,
		.vf = program->vf,
		.acceptor = &replay->acceptor,
	};

	if (make_stream(replay, program, &env))
		return -ENOMEM;
	program->process =
		uapi_process_create(host->kernel, *program->label ? program->label : "vmm",
				    &uapi_user_ops_direct, NULL);
	if (!program->process)
		return -ENOMEM;
	monitor_program(
		&replay->monitor, program->process, program->host, host->name,
		pci_bus_vf(&host->pci_bus, machine_pf_rid(host->machine->cfg), program->vf)->rid);
	env.process = program->process;
	program->player = player_create(&env);
	return program->player ? 0 : -ENOMEM;
}

static int bring_up(struct replay *replay, struct actor *self)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < replay->hosts; i++)
		err = boot_host(replay, self, i);
	for (uint32_t i = 0; !err && i < replay->programs; i++)
		err = start_program(replay, &replay->program[i]);
	if (err)
		snprintf(replay->result->error, sizeof(replay->result->error),
			 "the replay's machine did not come up: %s", strerror(-err));
	return err;
}

/* The end of the file is the programs' exit. */
static void take_down(struct replay *replay, struct actor *self)
{
	for (uint32_t i = 0; i < replay->programs; i++)
		if (replay->program[i].process)
			uapi_process_exit(replay->program[i].process, self);
	for (uint32_t i = 0; i < replay->hosts; i++)
		host_shutdown(&replay->machine->host[i], self);
	/* What was posted last is still on its way. */
	actor_sleep(self, PS_PER_MS);
	machine_report_leaks(replay->machine);
}

/* ---- playing ---- */

/* When the next line of a recording is due, by the recordings' clock. */
static uint64_t due_us(const struct replay_file *file)
{
	uint64_t t_us = file->trace.line[file->next].t_us;

	return t_us < UINT64_MAX - file->waited_us ? t_us + file->waited_us : UINT64_MAX;
}

/* The recording whose next line comes first, of those that may go on. NULL: none is left. */
static struct replay_file *next_file(struct replay *replay)
{
	struct replay_file *first = NULL;

	for (uint32_t i = 0; i < replay->files; i++) {
		struct replay_file *file = &replay->file[i];

		if (file->stopped || file->next == file->trace.lines)
			continue;
		if (replay_is_pair(replay)) {
			enum replay_pair_gate gate = replay_pair_gate(replay, i);

			file->stopped = gate == REPLAY_PAIR_DIFFERS;
			if (gate != REPLAY_PAIR_GO)
				continue;
		}
		if (!first || due_us(file) < due_us(first))
			first = file;
	}
	return first;
}

/* A clock that waits for another recording's lines stands still meanwhile. */
static void wait_for(struct replay *replay, const struct replay_file *performed, uint64_t now_us)
{
	for (uint32_t i = 0; i < replay->files; i++) {
		struct replay_file *file = &replay->file[i];

		if (file != performed && file->next < file->trace.lines && due_us(file) < now_us)
			file->waited_us += now_us - due_us(file);
	}
}

static void perform_line(struct replay *replay, struct actor *self, struct replay_file *file,
			 uint64_t begin_ps)
{
	struct sim *sim = &replay->monitor.sim;
	uint32_t which = (uint32_t)(file - replay->file), index = file->next++;
	const struct trace_line *line = &file->trace.line[index];
	struct replay_program *program = replay_program_of(replay, which, line);
	uint64_t at_us = line->t_us + file->waited_us;

	/* The recording's rhythm, as far as our own calls let it be. */
	if (at_us < TIME_LIMIT_PS / PS_PER_US && begin_ps + at_us * PS_PER_US > sim_now(sim))
		actor_sleep(self, begin_ps + at_us * PS_PER_US - sim_now(sim));
	if (player_perform(program->player, self, line)) {
		replay_pair_performed(replay, which, index);
		wait_for(replay, file, at_us);
		return;
	}
	file->stopped = true;
	snprintf(file->difference, sizeof(file->difference), "%s:%u: %s", file->trace.path,
		 line->number, player_difference(program->player));
}

static void perform_lines(struct replay *replay, struct actor *self)
{
	uint64_t begin_ps = sim_now(&replay->monitor.sim);
	struct replay_file *file;

	while ((file = next_file(replay)))
		perform_line(replay, self, file, begin_ps);
	for (uint32_t i = 0; i < replay->files && !replay->result->error[0]; i++)
		snprintf(replay->result->error, sizeof(replay->result->error), "%s",
			 replay->file[i].difference);
}

static void replay_body(struct actor *self, void *arg)
{
	struct replay *replay = arg;

	if (!bring_up(replay, self))
		perform_lines(replay, self);
	take_down(replay, self);
	replay->ended = true;
}

static void pump(struct replay *replay)
{
	const struct engine_ops *ops = replay->options->engine;
	struct actor *actor = actor_start(&replay->monitor.sim, "replay", replay_body, replay);

	if (!actor) {
		snprintf(replay->result->error, sizeof(replay->result->error), "out of memory");
		return;
	}
	ops->run(replay->machine->engine, TIME_LIMIT_PS, &replay->ended);
	if (replay->ended) {
		actor_forget(actor);
		return;
	}
	if (!replay->result->error[0])
		snprintf(replay->result->error, sizeof(replay->result->error),
			 "a call of the recording does not return");
	replay->result->cut = true;
	actor_destroy(actor);
}

static int replay_enter(void *arg)
{
	struct replay *replay = arg;
	struct recorded_device_cfg device = {.max_dma_bytes = MAX_DMA_BYTES,
					     .log_bytes = LOG_BYTES};
	struct machine_options machine = {.recorded = &device};
	struct run_options options = {
		.cfg = &replay->cfg,
		.engine = replay->options->engine,
		.listeners = replay->options->listeners,
		.hooks = replay->options->hooks,
		.log_level = replay->options->log_level,
	};
	int err = monitor_init(&replay->monitor, &options, replay->cfg.seed, replay->result);

	if (err)
		return err;
	pcie_device_cfg_x710(&device.pcie);
	device.pcie.total_vfs = REPLAY_PROGRAMS;
	device.pcie.vf.msix_vectors = (uint16_t)replay->program[0].presented.msix_vectors;
	for (uint32_t i = 0; i < replay->programs; i++)
		device.pcie.vf.ignores_bus_master |=
			replay->program[i].presented.ignores_bus_master;
	replay->cfg.machine.nic.total_vfs = REPLAY_PROGRAMS;
	replay->cfg.machine.nic.vfs = MAX(replay->host[0].vfs, replay->host[replay->hosts - 1].vfs);
	replay->machine = machine_create(&replay->cfg.machine, &replay->monitor.sim, options.engine,
					 &machine);
	if (replay->machine) {
		monitor_machine(&replay->monitor, replay->machine);
		pump(replay);
		monitor_end(&replay->monitor, replay->machine);
		monitor_finish(&replay->monitor, &options, replay->machine->engine, replay->result);
		machine_destroy(replay->machine);
	}
	monitor_fini(&replay->monitor);
	return replay->machine ? 0 : -ENOMEM;
}

/* ---- telling ---- */

static void note_presented(const struct replay *replay)
{
	char text[256];

	for (uint32_t i = 0; i < replay->programs; i++) {
		const struct replay_program *program = &replay->program[i];

		presented_describe(&program->presented, text, sizeof(text));
		result_note(replay->result, "presented%s%s: %s",
			    *program->label || replay_is_pair(replay) ? " to " : "",
			    *program->label || !replay_is_pair(replay)
				    ? program->label
				    : replay->host[program->host].name,
			    text);
	}
}

/* Of a pair each recording has a verdict. */
static void note_files(const struct replay *replay)
{
	static const char *const side[] = {"source", "destination"};

	for (uint32_t i = 0; replay_is_pair(replay) && i < replay->files; i++) {
		const struct replay_file *file = &replay->file[i];

		if (file->stopped)
			result_note(replay->result, "%s: differs: %s", side[i], file->difference);
		else
			result_note(replay->result,
				    "%s: %u of %u lines performed, no difference; its stream has "
				    "%" PRIu64 " bytes",
				    side[i], file->next, file->trace.lines, file->stream.done);
	}
}

static void note_counts(const struct replay *replay)
{
	struct player_counts total = {0};

	for (uint32_t i = 0; i < replay->programs; i++) {
		struct player_counts counts = {0};

		if (replay->program[i].player)
			counts = player_counts(replay->program[i].player);
		total.calls += counts.calls;
		total.dma += counts.dma;
		total.interrupts += counts.interrupts;
	}
	result_note(replay->result,
		    "performed: %" PRIu64 " calls compared, %" PRIu64 " DMA accesses, %" PRIu64
		    " interrupts",
		    total.calls, total.dma, total.interrupts);
}

static bool has_call(const struct replay *replay, const char *call)
{
	for (uint32_t f = 0; f < replay->files; f++)
		for (uint32_t i = 0; i < replay->file[f].trace.lines; i++)
			if (!strcmp(replay->file[f].trace.line[i].call, call))
				return true;
	return false;
}

/* An entry for a call that this file does not have is for another file of the folder. */
static void note_accepted(const struct replay *replay)
{
	for (uint32_t i = 0; i < replay->accept.count; i++) {
		const struct trace_accept_entry *entry = &replay->accept.entry[i];

		if (entry->met)
			result_note(replay->result, "accepted: %s %s: recorded %s, right %s: %s",
				    entry->call, entry->field, entry->recorded, entry->right,
				    entry->reason);
		else if (has_call(replay, entry->call))
			result_note(replay->result, "note: nothing meets the accept entry %s %s",
				    entry->call, entry->field);
	}
}

static void replay_fini(struct replay *replay)
{
	for (uint32_t i = 0; i < replay->programs; i++) {
		if (replay->program[i].player)
			player_destroy(replay->program[i].player);
		free(replay->program[i].stream.bytes);
	}
	for (uint32_t i = 0; i < replay->hosts; i++) {
		if (replay->host[i].services.vf)
			recorded_services_fini(&replay->host[i].services);
		free(replay->host[i].services.vf);
	}
	for (uint32_t i = 0; i < REPLAY_FILES; i++)
		trace_file_release(&replay->file[i].trace);
	trace_accept_release(&replay->accept);
	if (replay->machine_file.cfg)
		scenario_release(&replay->machine_file);
	free(replay);
}

static int replay_calls(const struct replay_options *options, struct run_result *result,
			struct config_errors *errors)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	replay->options = options;
	replay->result = result;
	err = load_files(replay, errors);
	if (!err) {
		note_presented(replay);
		err = options->engine->enter(replay_enter, replay);
		note_counts(replay);
		note_files(replay);
		note_accepted(replay);
	}
	replay_fini(replay);
	return err;
}

/* The kinds of recordings: what tells one, and what performs it. The last is for the rest. */
static const struct {
	bool (*is)(const char *path);
	int (*run)(const struct replay_options *options, struct run_result *result,
		   struct config_errors *errors);
} kinds[] = {
	{driver_file_is, driver_replay_run},
	{NULL, replay_calls},
};

int replay_run(const struct replay_options *options, struct run_result *result,
	       struct config_errors *errors)
{
	const char *slash = strrchr(options->path, '/');
	size_t kind = 0;

	*result = (struct run_result){.kind = "replay"};
	*errors = (struct config_errors){0};
	snprintf(result->name, sizeof(result->name), "%s%s", slash ? slash + 1 : options->path,
		 options->destination_path ? " and its destination" : "");
	/* Only programs' calls come in pairs. */
	while (kinds[kind].is && (options->destination_path || !kinds[kind].is(options->path)))
		kind++;
	return kinds[kind].run(options, result, errors);
}
