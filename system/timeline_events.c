/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of trace event adds to the timeline: a row of handlers[]. */
#include "system/timeline_internal.h"

#include <inttypes.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "host/vmm/migration.h"
#include "iommu/smmu_format.h"
#include "model/nic/avf_format.h"
#include "model/nic/firmware_block.h"
#include "virtchnl/virtchnl.h"

/* Named numbers; text is for good. */
struct name {
	uint32_t number;
	const char *text;
};

#define NAME(number)                                                                               \
	{                                                                                          \
		number, #number                                                                    \
	}
#define STATE(state)                                                                               \
	{                                                                                          \
		VFIO_DEVICE_STATE_##state, #state                                                  \
	}

static const struct name vfio_states[] = {
	STATE(ERROR),    STATE(STOP),        STATE(RUNNING),  STATE(STOP_COPY),
	STATE(RESUMING), STATE(RUNNING_P2P), STATE(PRE_COPY), STATE(PRE_COPY_P2P),
};
static const struct name vf_states[] = {
	{VFR_INPROGRESS, "in reset"}, {VFR_COMPLETED, "reset completed"}, {VFR_VFACTIVE, "active"}};
static const struct name stops[] = {
	{NIC_STOP_P2P, "stopped (P2P)"},
	{NIC_STOP_SUSPEND, "suspended"},
	{NIC_STOP_P2P | NIC_STOP_SUSPEND, "suspended"},
};
static const struct name walks[] = {
	{SMMU_WALK_TABLES, "walk"}, {SMMU_WALK_STE, "STE fetch"}, {SMMU_WALK_CD, "CD fetch"}};
static const struct name resets[] = {{PCIE_RESET_FLR, "FLR"},
				     {PCIE_RESET_VF_ENABLE, "enabled"},
				     {PCIE_RESET_VF_DISABLE, "disabled"}};
static const struct name commands[] = {
	NAME(CMD_PREFETCH_CONFIG), NAME(CMD_PREFETCH_ADDR), NAME(CMD_CFGI_STE),
	NAME(CMD_CFGI_STE_RANGE),  NAME(CMD_CFGI_CD),       NAME(CMD_CFGI_CD_ALL),
	NAME(CMD_TLBI_NH_ALL),     NAME(CMD_TLBI_NH_ASID),  NAME(CMD_TLBI_NH_VA),
	NAME(CMD_TLBI_NH_VAA),     NAME(CMD_TLBI_NSNH_ALL), NAME(CMD_SYNC),
};
static const struct name smmu_events[] = {
	NAME(F_UUT),
	NAME(C_BAD_STREAMID),
	NAME(F_STE_FETCH),
	NAME(C_BAD_STE),
	NAME(F_STREAM_DISABLED),
	NAME(F_TRANSL_FORBIDDEN),
	NAME(C_BAD_SUBSTREAMID),
	NAME(F_CD_FETCH),
	NAME(C_BAD_CD),
	NAME(F_WALK_EABT),
	NAME(F_TRANSLATION),
	NAME(F_ADDR_SIZE),
	NAME(F_ACCESS),
	NAME(F_PERMISSION),
};

static const char *find_name(const struct name *names, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].text;
	return "unknown";
}

#define name_of(names, number) find_name(names, ARRAY_LEN(names), number)

#define ARG(key, number)                                                                           \
	{                                                                                          \
		key, (int64_t)(number), NULL                                                       \
	}
#define NO_MORE                                                                                    \
	{                                                                                          \
		NULL, 0, NULL                                                                      \
	}

/* ---- guests and migrations ---- */

/* A VM speaks as HOST.vmm.NAME. NULL: more VMs than there are tracks for. */
static struct vm_seen *see_vm(struct timeline *timeline, const struct trace_event *event)
{
	struct vm_seen *vm = event->arg[0] < TIMELINE_VMS ? &timeline->vm[event->arg[0]] : NULL;
	const char *dot = strrchr(event->part->name, '.');

	if (vm && !vm->name[0])
		snprintf(vm->name, sizeof(vm->name), "%s", dot ? dot + 1 : event->part->name);
	return vm;
}

/* Downtime is from the stop to the start, wherever that is; it is the stopped side's. */
static void vm_state(struct timeline *timeline, const struct trace_event *event)
{
	struct vm_seen *vm = see_vm(timeline, event);
	uint32_t host = event->part->host;
	bool running = event->arg[1];

	if (!vm)
		return;
	timeline_state(timeline, host, TRACK_GUEST, event->arg[0], 0, running ? "running" : NULL);
	if (running && vm->stopped)
		timeline_span(timeline, vm->host, TRACK_DOWNTIME, event->arg[0], vm->time_ps,
			      "downtime", NULL);
	vm->stopped = !running;
	vm->host = host;
	vm->time_ps = event->time_ps;
}

static void migration(struct timeline *timeline, const struct trace_event *event)
{
	const char *step = migration_step_name((enum migration_step)event->arg[1]);
	uint32_t host = event->part->host;

	if (!see_vm(timeline, event))
		return;
	if (event->arg[1] == MIGRATION_SETUP)
		timeline_state(timeline, host, TRACK_MIGRATION, event->arg[0], 0, "migration");
	timeline_state(timeline, host, TRACK_MIGRATION, event->arg[0], step ? 1 : 0, step);
}

static void migration_round(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("dirty_pages", event->arg[2]), ARG("bytes", event->arg[3]),
				    NO_MORE};
	const struct vm_seen *vm = see_vm(timeline, event);
	uint32_t host = event->part->host;
	char name[64];

	if (!vm)
		return;
	snprintf(name, sizeof(name), "round %" PRIu64, event->arg[1]);
	timeline_span(timeline, host, TRACK_MIGRATION, event->arg[0], event->arg[4], name, args);
	snprintf(name, sizeof(name), "%s: pages sent in a round", vm->name);
	timeline_counter(timeline, host, name, event->arg[2]);
}

/* ---- functions ---- */

/* A function's VF, or none: the PF. */
static bool vf_of(const struct timeline *timeline, uint64_t rid, uint64_t *vf)
{
	*vf = rid - machine_vf_rid(timeline->machine->cfg);
	return *vf < NIC_MAX_VFS;
}

static void of_function(struct timeline *timeline, const struct trace_event *event,
			const char *name, const struct chrome_arg *args)
{
	uint64_t vf;
	bool is_vf = vf_of(timeline, event->arg[0], &vf);

	timeline_instant(timeline, event->part->host, is_vf ? TRACK_VF : TRACK_PF, is_vf ? vf : 0,
			 name, args);
}

static void mig_state(struct timeline *timeline, const struct trace_event *event)
{
	uint64_t vf;

	if (vf_of(timeline, event->arg[0], &vf))
		timeline_state(timeline, event->part->host, TRACK_VFIO, vf, 0,
			       name_of(vfio_states, event->arg[2]));
}

static void vf_state(struct timeline *timeline, const struct trace_event *event)
{
	if (event->arg[1] != event->arg[2] || event->arg[2] == VFR_INPROGRESS)
		timeline_state(timeline, event->part->host, TRACK_VF, event->arg[0], 0,
			       name_of(vf_states, event->arg[2]));
}

static void vf_stop(struct timeline *timeline, const struct trace_event *event)
{
	timeline_state(timeline, event->part->host, TRACK_VF, event->arg[0], 1,
		       event->arg[1] ? name_of(stops, event->arg[1]) : NULL);
}

static void queue_state(struct timeline *timeline, const struct trace_event *event)
{
	uint64_t index = (event->arg[0] * NIC_MAX_QUEUE_PAIRS + event->arg[2]) * 2 + event->arg[1];

	timeline_state(timeline, event->part->host, TRACK_QUEUE, index, 0,
		       event->arg[3] ? "enabled" : NULL);
}

static void function_reset(struct timeline *timeline, const struct trace_event *event)
{
	of_function(timeline, event, name_of(resets, event->arg[1]), NULL);
}

static void vf_enabled(struct timeline *timeline, const struct trace_event *event)
{
	of_function(timeline, event, event->arg[1] ? "VF enabled" : "VF disabled", NULL);
}

static void msix_raised(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("vector", event->arg[1]), NO_MORE};

	of_function(timeline, event, "MSI-X", args);
}

static void msi_delivered(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("device_id", event->arg[0]), ARG("event_id", event->arg[1]),
				    NO_MORE};

	timeline_instant(timeline, event->part->host, TRACK_INTERRUPTS, 0, "MSI", args);
}

static void dma_fault(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("iova", event->arg[2]), ARG("write", event->arg[3]),
				    ARG("len", event->arg[4]), NO_MORE};

	of_function(timeline, event, name_of(smmu_events, event->arg[5]), args);
}

/* ---- firmware and its driver ---- */

static void firmware(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("vf", event->arg[1]), ARG("opcode", event->arg[2]),
				    NO_MORE};
	uint32_t opcode = (uint32_t)event->arg[2];
	const char *name = event->arg[0] ? firmware_pf_command_name(opcode) : virtchnl_name(opcode);

	timeline_span(timeline, event->part->host, TRACK_FIRMWARE, 0, event->arg[3],
		      name ? name : "unknown", args);
}

static void pf_command(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("vf", event->arg[1]), ARG("result", event->arg[2]),
				    NO_MORE};
	const char *name = firmware_pf_command_name((uint32_t)event->arg[0]);

	timeline_span(timeline, event->part->host, TRACK_PF_DRIVER, 0, event->arg[3],
		      name ? name : "unknown", args);
}

/* ---- packets ---- */

static void count(struct timeline *timeline, const struct trace_event *event, uint32_t what)
{
	timeline->packets[event->part->host].now[what]++;
}

static void packet_sent(struct timeline *timeline, const struct trace_event *event)
{
	count(timeline, event, PACKETS_SENT);
}

static void packet_received(struct timeline *timeline, const struct trace_event *event)
{
	count(timeline, event, PACKETS_RECEIVED);
}

static void packet_dropped(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("flow", event->arg[0]), ARG("number", event->arg[1]),
				    NO_MORE};
	bool on_wire = event->part->name == timeline->machine->wire_name;

	count(timeline, event, PACKETS_LOST);
	timeline_instant(timeline, on_wire ? TIMELINE_NETWORK : event->part->host, TRACK_LOST, 0,
			 packet_drop_name(event->arg[3]), args);
}

/* ---- SMMU and its driver ---- */

static void walk(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("iova", event->arg[3]), NO_MORE, NO_MORE};

	if (event->arg[4])
		args[1] = (struct chrome_arg){"failed", 0, name_of(smmu_events, event->arg[4])};
	timeline_span(timeline, event->part->host, TRACK_WALKER, event->arg[0], event->arg[5],
		      name_of(walks, event->arg[1]), args);
}

static void smmu_command(struct timeline *timeline, const struct trace_event *event)
{
	timeline_instant(timeline, event->part->host, TRACK_SMMU, 0,
			 name_of(commands, event->arg[0]), NULL);
}

static void smmu_event(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("stream", event->arg[1]), NO_MORE};

	timeline_instant(timeline, event->part->host, TRACK_SMMU, 0,
			 name_of(smmu_events, event->arg[0]), args);
}

static void attachment(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("stream", event->arg[0]), ARG("table", event->arg[2]),
				    NO_MORE};

	timeline_instant(timeline, event->part->host, TRACK_KERNEL, 0,
			 event->kind == TRACE_IOMMU_ATTACH ? "attach" : "detach", args);
}

static void dirty_tracking(struct timeline *timeline, const struct trace_event *event)
{
	struct chrome_arg args[] = {ARG("table", event->arg[0]), NO_MORE};

	timeline_instant(timeline, event->part->host, TRACK_KERNEL, 0,
			 event->arg[1] ? "dirty tracking on" : "dirty tracking off", args);
}

static void dirty_read(struct timeline *timeline, const struct trace_event *event)
{
	const uint8_t *bitmap = event->data;
	uint64_t pages = 0;
	struct chrome_arg args[] = {ARG("iova", event->arg[1]), ARG("len", event->arg[2]), NO_MORE,
				    NO_MORE};

	for (uint32_t at = 0; at + 8 <= event->data_len; at += 8)
		pages += (uint64_t)__builtin_popcountll(le64_get(bitmap + at));
	args[2] = (struct chrome_arg)ARG("dirty_pages", pages);
	timeline_instant(timeline, event->part->host, TRACK_KERNEL, 0, "dirty bits read", args);
	timeline_counter(timeline, event->part->host, "pages found dirty", pages);
}

static void (*const handlers[TRACE_KIND_COUNT])(struct timeline *timeline,
						const struct trace_event *event) = {
	[TRACE_VM_STATE] = vm_state,
	[TRACE_MIGRATION] = migration,
	[TRACE_ROUND] = migration_round,
	[TRACE_MIG_STATE] = mig_state,
	[TRACE_VF_STATE] = vf_state,
	[TRACE_VF_STOP] = vf_stop,
	[TRACE_QUEUE_STATE] = queue_state,
	[TRACE_FUNCTION_RESET] = function_reset,
	[TRACE_VF_ENABLED] = vf_enabled,
	[TRACE_MSIX_RAISED] = msix_raised,
	[TRACE_MSI_DELIVERED] = msi_delivered,
	[TRACE_DMA_FAULT] = dma_fault,
	[TRACE_FIRMWARE] = firmware,
	[TRACE_PF_COMMAND] = pf_command,
	[TRACE_PACKET_SENT] = packet_sent,
	[TRACE_PACKET_RECEIVED] = packet_received,
	[TRACE_PACKET_DROPPED] = packet_dropped,
	[TRACE_WALK] = walk,
	[TRACE_SMMU_COMMAND] = smmu_command,
	[TRACE_SMMU_EVENT] = smmu_event,
	[TRACE_IOMMU_ATTACH] = attachment,
	[TRACE_IOMMU_DETACH] = attachment,
	[TRACE_DIRTY_TRACKING] = dirty_tracking,
	[TRACE_DIRTY_READ] = dirty_read,
};

void timeline_event(struct timeline *timeline, const struct trace_event *event)
{
	if (handlers[event->kind])
		handlers[event->kind](timeline, event);
}
