/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/balance.h"
#include "system/scenario_internal.h"

/* How long packets under way may take to arrive once nobody sends. */
#define DRAIN_LIMIT_PS (50 * PS_PER_MS)
#define DRAIN_STEP_PS  (100 * PS_PER_US)

int scenario_fail(struct scenario *scenario, int rc, const char *what)
{
	struct run_result *result = scenario->result;

	if (rc && !result->error[0])
		snprintf(result->error, sizeof(result->error), "%s failed: %s", what,
			 strerror(-rc));
	return rc;
}

void scenario_phase(struct scenario *scenario, const char *name)
{
	struct run_result *result = scenario->result;
	const struct oracle_packets *now = oracle_packet_counts(scenario->monitor.oracle);
	struct oracle_packets *then = &scenario->phase_begin;
	struct result_phase *phase = &result->phase[result->phases++];
	uint64_t now_ps = sim_now(&scenario->monitor.sim);

	phase->name = name;
	phase->time_ps = now_ps - scenario->phase_begin_ps;
	phase->packets.sent = now->sent - then->sent;
	phase->packets.received = now->received - then->received;
	for (uint32_t i = 0; i < PACKET_DROP_COUNT; i++)
		phase->packets.lost[i] = now->lost[i] - then->lost[i];
	*then = *now;
	scenario->phase_begin_ps = now_ps;
}

/* Hosts boot at the same time, each on an actor. */
struct host_boot_job {
	struct host *host;
	int rc;
};

static void boot_body(struct actor *self, void *arg)
{
	struct host_boot_job *job = arg;

	job->rc = host_boot(job->host, self, NULL);
}

int scenario_boot(struct scenario *scenario, struct actor *self)
{
	struct machine *machine = scenario->machine;
	struct host_boot_job job[MACHINE_HOSTS];
	struct actor *actor[MACHINE_HOSTS];
	int rc = 0;

	for (uint32_t i = 0; i < machine->hosts; i++) {
		job[i] = (struct host_boot_job){&machine->host[i], 0};
		actor[i] = actor_start(machine->sim, machine->host[i].name, boot_body, &job[i]);
	}
	for (uint32_t i = 0; i < machine->hosts; i++) {
		if (actor[i])
			actor_join(self, actor[i]);
		else
			job[i].rc = -ENOMEM;
		rc = rc ? rc : job[i].rc;
		scenario->facts.boot_pages[i] = frames_in_use(machine->host[i].frames);
	}
	return scenario_fail(scenario, rc, "the boot of a host");
}

static void program_made(void *ctx, struct uapi_process *process)
{
	const struct run_vm *slot = ctx;

	monitor_program(&slot->scenario->monitor, process, slot->host->index, slot->host->name,
			slot->stream_id);
}

/* The VMs of the guest that moves use the interface that the migration's tracking is one of. */
static bool uses_container(const struct scenario_cfg *cfg, const struct guest_config *guest)
{
	const struct migration_config *migration = cfg->migration;

	return migration && migration->tracking == DIRTY_TYPE1 &&
	       !strcmp(migration->guest, guest->name);
}

/* Where programs of the host find a VF. */
static void name_device(struct run_vm *slot, uint64_t vf)
{
	snprintf(slot->device_path, sizeof(slot->device_path), "/dev/vfio/devices/vfio%" PRIu64,
		 vf);
	snprintf(slot->group_path, sizeof(slot->group_path), "/dev/vfio/%" PRIu64,
		 HOST_FIRST_VF_GROUP + vf);
	snprintf(slot->device_name, sizeof(slot->device_name), "0000:%02x:%02x.%x",
		 slot->stream_id >> 8 & 0xff, slot->stream_id >> 3 & 0x1f, slot->stream_id & 7);
}

int scenario_create_vm(struct scenario *scenario, struct actor *self,
		       const struct guest_config *cfg, struct host *host, uint64_t vf,
		       struct vm **vm)
{
	const struct timing_cfg *timing = &scenario->cfg->machine.timing;
	struct run_vm *slot = &scenario->vm[scenario->vms++];
	struct vm_cfg vm_cfg = {
		.number = (uint32_t)(cfg - scenario->cfg->guests),
		.name = cfg->name,
		.device_path = slot->device_path,
		.ram_base = SCENARIO_RAM_BASE,
		.ram_bytes = cfg->memory_bytes,
		.map_bar0 = cfg->map_bar0,
		.exit_ps = timing->vmm.exit_ps,
		.stream_id =
			pci_bus_vf(&host->pci_bus, machine_pf_rid(host->machine->cfg), (uint32_t)vf)
				->rid,
		.group_path = uses_container(scenario->cfg, cfg) ? slot->group_path : NULL,
		.device_name = slot->device_name,
		.pasids = cfg->address_spaces != NULL,
	};
	struct vm_env env = {.kernel = host->kernel,
			     .cpu = cpu_port(host->cpu),
			     .dram = host->dram,
			     .program = program_made,
			     .program_ctx = slot};
	int rc;

	slot->scenario = scenario;
	slot->host = host;
	slot->stream_id = vm_cfg.stream_id;
	snprintf(slot->part_name, sizeof(slot->part_name), "%s.vmm.%s", host->name, cfg->name);
	name_device(slot, vf);
	env.part = (struct sim_part){scenario->machine->sim, slot->part_name, host->index};
	rc = vm_create(&vm_cfg, &env, self, &slot->vm);
	if (rc)
		slot->vm = NULL;
	*vm = slot->vm;
	return scenario_fail(scenario, rc, "the start of a VMM");
}

static void guest_mac(uint32_t index, uint8_t mac[6])
{
	static const uint8_t prefix[5] = {0x02, 0x76, 0x66, 0x73, 0x00};

	memcpy(mac, prefix, sizeof(prefix));
	mac[5] = (uint8_t)(index + 1);
}

/* The largest frame that a guest sends or receives. */
static uint32_t guest_mtu(const struct scenario_cfg *cfg, const char *name)
{
	uint64_t mtu = 1514;

	for (uint32_t i = 0; i < cfg->traffic_count; i++) {
		const struct traffic_config *traffic = &cfg->traffic[i];

		if (!strcmp(traffic->from, name) || !strcmp(traffic->to, name))
			mtu = MAX(mtu, traffic_max_bytes(traffic));
	}
	return (uint32_t)mtu;
}

/* A guest is in the VLANs of what it sends and receives. */
static void guest_vlans(const struct scenario_cfg *cfg, const char *name,
			struct guest_driver_cfg *driver)
{
	for (uint32_t i = 0; i < cfg->traffic_count; i++) {
		const struct traffic_config *traffic = &cfg->traffic[i];
		bool known = !traffic->vlan;

		if (strcmp(traffic->from, name) && strcmp(traffic->to, name))
			continue;
		for (uint32_t v = 0; v < driver->vlans; v++)
			known |= driver->vlan[v] == traffic->vlan;
		if (!known)
			driver->vlan[driver->vlans++] = (uint16_t)traffic->vlan;
	}
}

static int start_driver(struct scenario *scenario, struct run_guest *guest)
{
	const struct timing_cfg *timing = &scenario->cfg->machine.timing;
	const struct guest_config *cfg = guest->cfg;
	struct guest_driver_cfg driver = {
		.ring_entries = (uint32_t)cfg->ring_entries,
		.buffer_bytes = (uint32_t)cfg->buffer_bytes,
		.mtu_bytes = guest_mtu(scenario->cfg, cfg->name),
		.itr_ns = (uint32_t)(cfg->interrupt_interval_ps / PS_PER_NS),
		.tx_report_stride = (uint32_t)cfg->report_stride,
		.packet_ps = timing->guest.packet_ps,
		.poll_ps = timing->guest.poll_ps,
		.map_buffers = cfg->viommu,
	};

	guest_vlans(scenario->cfg, cfg->name, &driver);
	scenario_pairs(scenario->cfg, cfg, &driver);
	guest->driver = guest_driver_create(&guest->guest, &driver, guest->name);
	return guest->driver ? 0 : -ENOMEM;
}

int scenario_set_policy(struct actor *self, const struct guest_config *cfg, struct host *host,
			uint64_t vf)
{
	const struct pf_driver_policy policy = {
		.trust = cfg->trust,
		.spoof_check = cfg->spoof_check,
		.pasid = cfg->address_spaces != NULL,
		.port_vlan = (uint32_t)cfg->port_vlan,
		.max_mbps = (uint32_t)(cfg->max_rate_bps / 1000000),
		.min_mbps = (uint32_t)(cfg->min_rate_bps / 1000000),
	};

	int rc = 0;

	if (cfg->vf_queue_pairs)
		rc = pf_driver_set_vf_queues(host->pf_driver, self, (uint32_t)vf,
					     (uint32_t)cfg->vf_queue_pairs);
	return rc ? rc : pf_driver_set_vf_policy(host->pf_driver, self, (uint32_t)vf, &policy);
}

static int start_guest(struct scenario *scenario, struct actor *self, uint32_t index)
{
	struct run_guest *guest = &scenario->guest[index];
	const struct guest_config *cfg = &scenario->cfg->guests[index];
	struct guest_cfg guest_cfg = {
		.ram_base = SCENARIO_RAM_BASE,
		.ram_bytes = cfg->memory_bytes,
		.reserved_bytes = cfg->image_bytes,
	};
	struct sim_part part = {scenario->machine->sim, guest->part_name, 0};
	int rc;

	guest->cfg = cfg;
	guest->host = machine_host(scenario->machine, cfg->host);
	guest->vf = cfg->vf;
	part.host = guest->host->index;
	snprintf(guest->name, sizeof(guest->name), "%s", cfg->name);
	snprintf(guest->part_name, sizeof(guest->part_name), "guest.%s", cfg->name);
	guest_mac(index, guest->mac);
	guest_init(&guest->guest, &guest_cfg, &part);
	rc = pf_driver_set_vf_mac(guest->host->pf_driver, self, (uint32_t)cfg->vf, guest->mac);
	if (!rc)
		rc = scenario_set_policy(self, cfg, guest->host, cfg->vf);
	if (!rc)
		rc = scenario_create_vm(scenario, self, cfg, guest->host, cfg->vf, &guest->vm);
	if (rc)
		return rc;
	vm_set_guest(guest->vm, &guest->guest);
	if (cfg->image_bytes)
		vm_load_image(guest->vm, cfg->image_bytes);
	rc = start_driver(scenario, guest);
	return rc ? rc : vm_start(guest->vm, self);
}

int scenario_start_guests(struct scenario *scenario, struct actor *self)
{
	uint32_t count = scenario->cfg->guests_count;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < count; i++)
		rc = start_guest(scenario, self, i);
	for (uint32_t i = 0; !rc && i < count; i++)
		rc = guest_driver_wait_up(scenario->guest[i].driver, self);
	return scenario_fail(scenario, rc, "the start of a guest");
}

struct run_guest *scenario_guest(struct scenario *scenario, const char *name)
{
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++)
		if (!strcmp(scenario->cfg->guests[i].name, name))
			return &scenario->guest[i];
	return NULL;
}

void scenario_sleep_until(struct actor *self, uint64_t time_ps)
{
	uint64_t now = sim_now(actor_sim(self));

	if (time_ps > now)
		actor_sleep(self, time_ps - now);
}

/* Guests stop sending; what is under way arrives. */
int scenario_end_traffic(struct scenario *scenario, struct actor *self)
{
	uint64_t end = scenario->up_ps + scenario->cfg->duration_ps, limit;
	int rc;

	if (scenario->cfg->migration)
		end = MAX(end, scenario->move_over_ps + scenario->cfg->migration->then_ps);
	scenario_sleep_until(self, end);
	rc = scenario_end_events(scenario, self);
	scenario_stop_traffic(scenario, self);
	limit = sim_now(scenario->machine->sim) + DRAIN_LIMIT_PS;
	while (scenario_traffic_under_way(scenario) && sim_now(scenario->machine->sim) < limit)
		actor_sleep(self, DRAIN_STEP_PS);
	scenario_phase(scenario, scenario->result->phases ? "after" : "traffic");
	return rc;
}

/* What guests have of each host, now that nobody is on his way. */
static int take_facts(struct scenario *scenario, struct actor *self)
{
	struct run_facts *facts = &scenario->facts;

	for (uint32_t i = 0; i < scenario->machine->hosts; i++)
		facts->left_pages[i] =
			frames_in_use(scenario->machine->host[i].frames) - facts->boot_pages[i];
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++) {
		struct run_guest *guest = &scenario->guest[i];
		struct guest_driver_stats stats;

		guest_driver_stats_get(guest->driver, &stats);
		guest->running_at_end = vm_running(guest->vm) && stats.running;
		guest->resets = stats.resets;
		guest->malicious = pf_driver_mdd_count(guest->host->pf_driver, (uint32_t)guest->vf);
		scenario_take_pairs(guest);
	}
	return 0;
}

void scenario_take_down(struct scenario *scenario, struct actor *self)
{
	scenario_drop_events(scenario);
	scenario_drop_masters(scenario, self);
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++) {
		struct run_guest *guest = &scenario->guest[i];

		if (guest->dirtier)
			guest_dirtier_destroy(guest->dirtier);
		if (guest->driver && guest->vm && vm_running(guest->vm) &&
		    !scenario->result->error[0])
			guest_driver_shutdown(guest->driver, self);
	}
	for (uint32_t i = 0; i < scenario->vms; i++)
		if (scenario->vm[i].vm)
			vm_destroy(scenario->vm[i].vm, self);
	for (uint32_t i = 0; i < scenario->machine->hosts; i++)
		host_shutdown(&scenario->machine->host[i], self);
	for (uint32_t i = 0; i < scenario->cfg->guests_count; i++)
		if (scenario->guest[i].driver)
			guest_driver_destroy(scenario->guest[i].driver);
	if (scenario->far_end)
		wire_backend_close(scenario->far_end);
	/* What was posted last is still on its way. */
	actor_sleep(self, PS_PER_MS);
	machine_report_leaks(scenario->machine);
}

static void scenario_body(struct actor *self, void *arg)
{
	static int (*const step[])(struct scenario * scenario, struct actor * self) = {
		scenario_boot,
		scenario_start_guests,
		scenario_prepare_destination,
		scenario_start_masters,
		scenario_start_traffic,
		scenario_start_events,
		scenario_migrate,
		scenario_end_traffic,
		scenario_end_masters,
		scenario_end_migration,
		take_facts,
	};
	struct scenario *scenario = arg;
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(step) / sizeof(step[0]); i++)
		rc = step[i](scenario, self);
	scenario_take_down(scenario, self);
	scenario->ended = true;
}

/* Is something of it outside of simulated time? */
static bool follows_clock(const struct scenario *scenario)
{
	return scenario->far_end && scenario->far_end->ops->outside;
}

static void pump(struct scenario *scenario)
{
	const struct engine_ops *ops = scenario->options->engine;
	struct actor *actor =
		actor_start(&scenario->monitor.sim, "scenario", scenario_body, scenario);

	if (!actor) {
		scenario_fail(scenario, -ENOMEM, "the start of the scenario");
		return;
	}
	if (follows_clock(scenario))
		pace_run(&scenario->monitor.sim, ops, scenario->machine->engine, scenario->far_end,
			 scenario->cfg->time_limit_ps, &scenario->ended);
	else
		ops->run(scenario->machine->engine, scenario->cfg->time_limit_ps, &scenario->ended);
	if (scenario->ended) {
		actor_forget(actor);
		return;
	}
	snprintf(scenario->result->error, sizeof(scenario->result->error),
		 "the scenario did not end within %" PRIu64 " ms of simulated time",
		 scenario->cfg->time_limit_ps / PS_PER_MS);
	scenario->result->cut = true;
	actor_destroy(actor);
}

/* What is at the far end of the wire, and the machine. */
static int build_machine(struct scenario *scenario, const struct engine_ops *engine)
{
	struct machine_options options = {0};
	char error[FAR_END_ERROR];
	int peer = scenario->cfg->machine.wire.peer, rc;

	if (peer == PEER_TAP && engine != &engine_native) {
		snprintf(scenario->result->error, sizeof(scenario->result->error),
			 "`wire.peer: tap` follows the clock: it needs the native engine, not %s",
			 engine->name);
		return -EINVAL;
	}
	rc = far_end_create(scenario->cfg, &scenario->monitor.sim, &scenario->far_end, error);
	if (rc) {
		snprintf(scenario->result->error, sizeof(scenario->result->error), "%s", error);
		return rc;
	}
	if (follows_clock(scenario))
		result_note(scenario->result, "followed the host's clock: another run differs");
	options.far_end = scenario->far_end;
	scenario->machine =
		machine_create(&scenario->cfg->machine, &scenario->monitor.sim, engine, &options);
	return scenario->machine ? 0 : -ENOMEM;
}

static int scenario_enter(void *arg)
{
	struct scenario *scenario = arg;
	struct run_options options = *scenario->options;
	int rc;

	scenario->watch = (struct run_listener){.ctx = scenario,
						.kind = scenario_watched,
						.event = scenario_watch,
						.next = options.listeners};
	options.listeners = &scenario->watch;
	rc = monitor_init(&scenario->monitor, &options, scenario->cfg->seed, scenario->result);
	if (rc)
		return rc;
	rc = build_machine(scenario, options.engine);
	if (!rc && !scenario_add_masters(scenario)) {
		monitor_machine(&scenario->monitor, scenario->machine);
		pump(scenario);
		monitor_end(&scenario->monitor, scenario->machine);
		if (scenario->ended)
			machine_balance(scenario->machine, scenario->monitor.oracle);
		monitor_finish(&scenario->monitor, &options, scenario->machine->engine,
			       scenario->result);
		scenario_judge(scenario);
		machine_destroy(scenario->machine);
	} else if (scenario->result->error[0]) {
		/* Told as a run that did not come to its end. */
		monitor_finish(&scenario->monitor, &options, NULL, scenario->result);
		rc = 0;
	}
	wire_backend_destroy(scenario->far_end);
	monitor_fini(&scenario->monitor);
	return rc;
}

int scenario_run(const struct run_options *options, struct run_result *result)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));
	int rc;

	if (!scenario)
		return -ENOMEM;
	*result = (struct run_result){.kind = "scenario"};
	snprintf(result->name, sizeof(result->name), "%s", options->cfg->name);
	if (options->cfg->what)
		snprintf(result->what, sizeof(result->what), "%s", options->cfg->what);
	scenario->options = options;
	scenario->cfg = options->cfg;
	scenario->result = result;
	rc = options->engine->enter(scenario_enter, scenario);
	free(scenario);
	return rc;
}
