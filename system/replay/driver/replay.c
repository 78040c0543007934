/* SPDX-License-Identifier: Apache-2.0 */
/* The replay of a driver recording: files, machine, steps, result. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "iommu/smmu_registers_format.h"
#include "system/replay/driver/driver_internal.h"
#include "system/replay/replay_internal.h"

#define DEFAULT_MACHINE "recorded-drivers.yaml"
#define DEFAULT_ACCEPT  "accept-drivers.yaml"
#define AFTER_RESET     " after RESET_VF"
#define ANY             "any"
#define FRAMES          256u
#define SCRATCH_BYTES   (1u << 21)
/* Simulated time after which a replay is stuck: longer than any recording waits. */
#define TIME_LIMIT_PS (24 * 3600 * PS_PER_S)

/* ---- files ---- */

static void complain(struct config_errors *errors, const char *text)
{
	errors->count++;
	snprintf(errors->text, sizeof(errors->text), "%s\n", text);
}

static int load_machine(struct driver_replay *replay, struct config_errors *errors)
{
	char path[4096];
	int err;

	replay_find_file(replay->options, replay->options->machine_path, DEFAULT_MACHINE, path,
			 sizeof(path));
	err = machine_load(path, NULL, 0, &replay->machine_file, errors);
	if (err)
		return err;
	replay->cfg = *replay->machine_file.cfg;
	replay->cfg.machine.hosts_count = 1;
	replay->cfg.seed = replay->options->seed;
	return 0;
}

static int load_files(struct driver_replay *replay, struct config_errors *errors)
{
	char error[512], path[4096];
	int err = driver_file_load(&replay->file, replay->options->path, error, sizeof(error));

	if (err) {
		complain(errors, error);
		return err == -ENOMEM ? err : -EINVAL;
	}
	err = load_machine(replay, errors);
	if (err)
		return err;
	err = driver_present(&replay->file, &replay->cfg.machine, &replay->presented, error,
			     sizeof(error));
	if (!err) {
		replay_find_file(replay->options, replay->options->accept_path, DEFAULT_ACCEPT,
				 path, sizeof(path));
		err = trace_accept_load(&replay->accept, path, error, sizeof(error));
	}
	if (err)
		complain(errors, error);
	return err;
}

/* ---- differences ---- */

/* `recorded: any` is for values that depend on the recording; what is right is always said. */
static bool accepted(struct driver_replay *replay, const char *what, const char *field,
		     const char *recorded, const char *ours)
{
	for (uint32_t i = 0; i < replay->accept.count; i++) {
		struct trace_accept_entry *entry = &replay->accept.entry[i];

		if (strcmp(entry->call, what) || strcmp(entry->field, field) ||
		    (strcmp(entry->recorded, ANY) && strcmp(entry->recorded, recorded)) ||
		    strcmp(entry->right, ours))
			continue;
		entry->met++;
		return true;
	}
	return false;
}

void driver_differs(struct driver_replay *replay, uint32_t line, const char *what,
		    const char *field, const char *recorded, const char *ours)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", field, replay->after_reset ? AFTER_RESET : "");
	if (!recorded)
		recorded = "none";
	if (!ours)
		ours = "none";
	if (replay->failed || accepted(replay, what, full, recorded, ours))
		return;
	replay->failed = true;
	snprintf(replay->result->error, sizeof(replay->result->error),
		 "%s:%u: %s: %s: recorded %s, here %s", replay->file.path, line, what, full,
		 recorded, ours);
}

/* ---- steps ---- */

void driver_settle(struct driver_replay *replay)
{
	struct sim *sim = &replay->monitor.sim;
	uint64_t next;

	while ((next = calendar_next_time(&sim->calendar)) != TIME_NEVER)
		actor_sleep(replay->self, next - sim_now(sim));
}

/* Has the VF read what it was given, interrupts aside? */
static bool at_rest(const struct driver_replay *replay)
{
	struct nic_usage usage = nic_usage_get(replay->host->nic);

	return cpu_idle(replay->host->cpu) && !usage.dma_jobs && !usage.packets;
}

static void rest(struct driver_replay *replay)
{
	struct sim *sim = &replay->monitor.sim;
	uint64_t next;

	while (!at_rest(replay) && (next = calendar_next_time(&sim->calendar)) != TIME_NEVER)
		actor_sleep(replay->self, next - sim_now(sim));
}

/* The effects of a function from line `from` on, up to what its driver did next. */
static void gather(struct driver_replay *replay, uint32_t from, enum driver_function function)
{
	replay->step_count = 0;
	for (uint32_t i = from; i < replay->file.lines; i++) {
		const struct driver_line *line = &replay->file.line[i];

		if (line->function != function)
			continue;
		if (driver_is_access(line->kind) || driver_is_memory(line->kind))
			return;
		if (replay->done[i])
			continue;
		replay->done[i] = true;
		replay->step[replay->step_count++] = i;
	}
}

/* A doorbell of transmission: its packets leave before those that answer them come. */
static bool is_tx_doorbell(const struct driver_line *line)
{
	return line->kind == DRIVER_BAR0 && line->function == DRIVER_VF && line->write &&
	       line->offset < QRX_TAIL1(0);
}

static void perform_step(struct driver_replay *replay, uint32_t at)
{
	const struct driver_line *line = &replay->file.line[at];
	bool access = driver_is_access(line->kind);

	gather(replay, access ? at + 1 : at, line->function);
	observer_begin(&replay->observer);
	if (access)
		driver_perform(replay, line);
	if (access && is_tx_doorbell(line))
		rest(replay);
	else
		driver_settle(replay);
	driver_stimulate(replay);
	driver_settle(replay);
	driver_check_step(replay, access ? line : NULL);
	if (replay->observer.no_memory && !replay->failed) {
		replay->failed = true;
		snprintf(replay->result->error, sizeof(replay->result->error), "out of memory");
	}
}

static void perform_lines(struct driver_replay *replay)
{
	struct sim *sim = &replay->monitor.sim;
	uint64_t begin_ps = sim_now(sim);

	for (uint32_t i = 1; i < replay->file.lines && !replay->failed; i++) {
		const struct driver_line *line = &replay->file.line[i];
		uint64_t at_ps = begin_ps + line->t_us * PS_PER_US;

		if (replay->done[i])
			continue;
		if (driver_is_memory(line->kind)) {
			driver_put(replay, line);
			continue;
		}
		/* The recording's rhythm, as far as our own hardware's times let it be. */
		if (line->t_us < TIME_LIMIT_PS / 2 / PS_PER_US && at_ps > sim_now(sim))
			actor_sleep(replay->self, at_ps - sim_now(sim));
		perform_step(replay, i);
	}
	if (!replay->failed)
		driver_end_periods(replay);
}

/* ---- the machine ---- */

static void no_interrupt(void *arg, uint64_t now)
{
}

/* Somebody must own the interrupts; the recording has what its kernel did about them. */
static int own_interrupts(struct driver_replay *replay)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < replay->file.lines; i++)
		if (replay->file.line[i].kind == DRIVER_MSI)
			err = replay->cpu.ops->msi_register(
				replay->cpu.ctx, replay->presented.foreign.vf_stream,
				(uint32_t)replay->file.line[i].value, no_interrupt, NULL);
	return err;
}

static void find_our_caps(struct driver_replay *replay)
{
	for (uint32_t i = 0; i < replay->presented.caps; i++) {
		struct driver_cap *cap = &replay->presented.cap[i];

		cap->ours = pci_find_capability(&replay->host->pci_bus, replay->self,
						replay->vf->rid, cap->id);
	}
}

static int bring_up(struct driver_replay *replay)
{
	struct host_boot_options boot = {.no_kernel = true};
	int err;

	replay->host = &replay->machine->host[0];
	replay->cpu = cpu_port(replay->host->cpu);
	replay->frames = packet_pool_create(FRAMES);
	replay->scratch = malloc(SCRATCH_BYTES);
	if (!replay->frames || !replay->scratch)
		return -ENOMEM;
	err = host_boot(replay->host, replay->self, &boot);
	if (err)
		return err;
	replay->vf = pci_bus_vf(&replay->host->pci_bus, machine_pf_rid(replay->host->machine->cfg),
				DRIVER_VF_INDEX);
	if (!replay->vf)
		return -ENODEV;
	find_our_caps(replay);
	driver_settle(replay);
	replay->observer.stream = replay->presented.foreign.vf_stream;
	replay->observer.rid = replay->vf->rid;
	replay->observer.doorbell_pa = replay->presented.foreign.doorbell_pa + CPU_DOORBELL_OFFSET;
	return own_interrupts(replay);
}

/* As at power-off: the SMMU lets go, then the PF's driver can take its leave. */
static void take_down(struct driver_replay *replay)
{
	driver_settle(replay);
	replay->cpu.ops->mmio_write(replay->cpu.ctx, replay->self, HOST_SMMU_PA + SMMU_CR0, 4, 0);
	host_shutdown(replay->host, replay->self);
	driver_settle(replay);
	machine_report_leaks(replay->machine);
}

static void replay_body(struct actor *self, void *arg)
{
	struct driver_replay *replay = arg;
	int err;

	replay->self = self;
	err = bring_up(replay);
	if (err)
		snprintf(replay->result->error, sizeof(replay->result->error),
			 "the replay's machine did not come up: %s", strerror(-err));
	else
		perform_lines(replay);
	take_down(replay);
	replay->ended = true;
}

static void pump(struct driver_replay *replay)
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
			 "an access of the recording does not end");
	replay->result->cut = true;
	actor_destroy(actor);
}

/* Frames that the VF sends leave the simulated world. */
static void frame_leaves(void *ctx, struct packet *packet)
{
	packet_put(packet);
}

static int replay_enter(void *arg)
{
	static const struct frame_port network = {NULL, frame_leaves};
	struct driver_replay *replay = arg;
	struct machine_options machine = {.foreign = &replay->presented.foreign};
	struct run_options options = {
		.cfg = &replay->cfg,
		.engine = replay->options->engine,
		.foreign_kernel = true,
		.hooks = replay->options->hooks,
		.log_level = replay->options->log_level,
	};
	int err;

	replay->listener = (struct run_listener){.ctx = &replay->observer,
						 .event = observer_event,
						 .detail = observer_event,
						 .next = replay->options->listeners};
	options.listeners = &replay->listener;
	err = monitor_init(&replay->monitor, &options, replay->cfg.seed, replay->result);
	if (err)
		return err;
	replay->machine = machine_create(&replay->cfg.machine, &replay->monitor.sim, options.engine,
					 &machine);
	if (replay->machine) {
		nic_connect_wire(replay->machine->host[0].nic, &network);
		pump(replay);
		monitor_end(&replay->monitor, replay->machine);
		monitor_finish(&replay->monitor, &options, replay->machine->engine, replay->result);
		machine_destroy(replay->machine);
	}
	monitor_fini(&replay->monitor);
	return replay->machine ? 0 : -ENOMEM;
}

/* ---- telling ---- */

static void note_run(const struct driver_replay *replay)
{
	const struct driver_counts *counts = &replay->counts;

	result_note(replay->result,
		    "presented: %" PRIu64 " MiB at 0x%" PRIx64 ", stream 0x%x, %" PRIu64
		    " queue pairs, %" PRIu64 " vectors, VSI %u",
		    replay->presented.foreign.ram_bytes >> 20, replay->presented.foreign.ram_base,
		    replay->presented.foreign.vf_stream, replay->presented.queue_pairs,
		    replay->presented.vectors, replay->presented.foreign.first_vsi);
	result_note(replay->result,
		    "performed: %" PRIu64 " accesses, %" PRIu64 " frames from the network, %" PRIu64
		    " accesses not performed (docs/replay.md)",
		    counts->accesses - counts->not_performed, counts->frames,
		    counts->not_performed);
	result_note(replay->result,
		    "compared: %" PRIu64 " reads, %" PRIu64 " commands, %" PRIu64 " DMA accesses, "
		    "%" PRIu64 " walks, %" PRIu64 " write-backs, %" PRIu64 " answers, %" PRIu64
		    " interrupts",
		    counts->reads, counts->commands, counts->dma, counts->translations,
		    counts->write_backs, counts->messages, counts->msis);
}

static void note_accepted(const struct driver_replay *replay)
{
	for (uint32_t i = 0; i < replay->accept.count; i++) {
		const struct trace_accept_entry *entry = &replay->accept.entry[i];

		if (entry->met)
			result_note(replay->result, "accepted (%u): %s, %s: right is %s: %s",
				    entry->met, entry->call, entry->field, entry->right,
				    entry->reason);
	}
}

static void replay_fini(struct driver_replay *replay)
{
	observer_fini(&replay->observer);
	packet_pool_destroy(replay->frames);
	driver_file_release(&replay->file);
	trace_accept_release(&replay->accept);
	if (replay->machine_file.cfg)
		scenario_release(&replay->machine_file);
	free(replay->scratch);
	free(replay->done);
	free(replay->step);
	free(replay);
}

int driver_replay_run(const struct replay_options *options, struct run_result *result,
		      struct config_errors *errors)
{
	struct driver_replay *replay = calloc(1, sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	replay->options = options;
	replay->result = result;
	err = load_files(replay, errors);
	if (!err) {
		replay->done = calloc(replay->file.lines, sizeof(*replay->done));
		replay->step = calloc(replay->file.lines, sizeof(*replay->step));
		err = replay->done && replay->step ? 0 : -ENOMEM;
	}
	if (!err) {
		err = options->engine->enter(replay_enter, replay);
		note_run(replay);
		note_accepted(replay);
	}
	replay_fini(replay);
	return err;
}
