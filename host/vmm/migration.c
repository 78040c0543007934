/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The source of a migration, phase by phase in QEMU's order: set up, rounds
 * while the guest runs, stop, the rest, hand over (hw/vfio/migration.c,
 * migration/ram.c; traces/recorded/qemu-precopy-iommufd-iavf-source.jsonl from
 * line 473 on).
 */

#include "host/vmm/migration_internal.h"

#include "base/trace.h"

#include <errno.h>
#include <stdlib.h>

struct migration *migration_create(const struct migration_cfg *cfg, const struct vmm_hooks *hooks,
				   struct vm *source, struct vm *destination, struct channel *to,
				   struct channel *back)
{
	struct migration *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->pending = calloc((vm_pages(source) + 63) / 64, sizeof(uint64_t));
	if (!m->pending) {
		free(m);
		return NULL;
	}
	m->cfg = *cfg;
	m->cfg.max_rounds = MIN(MAX(cfg->max_rounds, 1), MIGRATION_MAX_ROUNDS - 1);
	if (hooks)
		m->hooks = *hooks;
	m->source = source;
	m->destination = destination;
	m->to = to;
	m->back = back;
	m->data_fd = m->load_fd = -1;
	return m;
}

void migration_destroy(struct migration *m)
{
	if (!m)
		return;
	free(m->pending);
	free(m);
}

void migration_cancel(struct migration *m)
{
	m->cancel = true;
}

static uint64_t now(const struct migration *m)
{
	return sim_now(m->source->env.part.sim);
}

static uint64_t pending_pages(const struct migration *m)
{
	uint64_t count = 0;

	for (uint64_t w = 0; w < (vm_pages(m->source) + 63) / 64; w++)
		count += (uint64_t)__builtin_popcountll(m->pending[w]);
	return count;
}

/* Both kinds of writes since the last look: the device's and the CPUs'. */
static int sync_dirty(struct migration *m, struct actor *self)
{
	int ret = vm_tracking_read(m->source, self, m->pending);

	if (ret)
		return ret;
	vm_spend(m->source, self, m->cfg.dirty_sync_ps);
	vm_dirty_log_read(m->source, m->pending);
	return 0;
}

static void all_pages(struct migration *m)
{
	uint64_t pages = vm_pages(m->source);

	memset(m->pending, 0xff, pages / 64 * sizeof(uint64_t));
	if (pages % 64)
		m->pending[pages / 64] = BIT(pages % 64) - 1;
}

/* state_pending_exact: what the device says is left. */
static int ask_device(struct migration *m, struct actor *self, uint64_t *precopy_bytes)
{
	struct vfio_device_feature_mig_data_size size = {0};
	struct vfio_precopy_info info = {.argsz = sizeof(info)};
	int ret = vm_feature(m->source, self, VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
			     VFIO_DEVICE_FEATURE_GET, &size, sizeof(size));

	*precopy_bytes = 0;
	if (ret)
		return ret;
	m->stop_copy_bytes = size.stop_copy_length;
	if (m->data_fd < 0)
		return 0;
	ret = uapi_ioctl(m->source->process, self, m->data_fd, VFIO_MIG_GET_PRECOPY_INFO, &info);
	*precopy_bytes = info.initial_bytes + info.dirty_bytes;
	return ret < 0 ? ret : 0;
}

/* save_setup: dirty tracking on before the first page is sent, the device into PRE_COPY. */
static int step_setup(struct migration *m, struct actor *self)
{
	struct vm *vm = m->source;
	uint64_t precopy_bytes;
	int ret = vm_tracking_start(vm, self, m->cfg.tracking);

	if (ret)
		return ret;
	vm_dirty_log_enable(vm, true);
	ret = vm_tracking_read(vm, self, m->pending);
	if (!ret)
		ret = m->device_moves ? migration_send(m, self, MSG_SETUP, 0, NULL, 0) : 0;
	if (!ret && m->device_moves)
		ret = ask_device(m, self, &precopy_bytes);
	if (ret || !m->device_precopy)
		return ret;
	ret = vm_set_device_state(vm, self, VFIO_DEVICE_STATE_PRE_COPY, VFIO_DEVICE_STATE_RUNNING,
				  &m->data_fd);
	return ret ? ret : ask_device(m, self, &precopy_bytes);
}

static int run_round(struct migration *m, struct actor *self)
{
	struct migration_round *round = &m->result->round[m->result->rounds++];
	const struct vm *vm = m->source;
	int ret;

	round->number = m->result->rounds;
	ret = migration_send_pages(m, self, round);
	trace_emit(&vm->env.part, TRACE_ROUND, vm->cfg.number, round->number, round->dirty_pages,
		   round->bytes, round->begin_ps);
	return ret;
}

bool migration_rest_fits(uint64_t left_bytes, uint64_t sent_bytes, uint64_t time_ps,
			 uint64_t max_downtime_ps)
{
	/* 128 bits: gigabytes times picoseconds. */
	return (unsigned __int128)left_bytes * time_ps <=
	       (unsigned __int128)max_downtime_ps * sent_bytes;
}

static bool converged(const struct migration *m, uint64_t device_bytes)
{
	const struct migration_round *last = &m->result->round[m->result->rounds - 1];
	bool timed = last->time_ps || !m->cfg.bytes_per_s;
	uint64_t bytes = pending_pages(m) * (DRAM_PAGE_SIZE + CHANNEL_PAGE_HEADER_BYTES) +
			 m->stop_copy_bytes + device_bytes;

	return migration_rest_fits(bytes, timed ? last->bytes : m->cfg.bytes_per_s,
				   timed ? last->time_ps : PS_PER_S, m->cfg.max_downtime_ps);
}

/* save_live_iterate until the rest is small enough, or the rounds are used up. */
static int step_rounds(struct migration *m, struct actor *self)
{
	uint64_t device_bytes = 0;
	int ret = 0;

	all_pages(m);
	while (!ret && m->cfg.method != MIGRATION_COLD) {
		ret = run_round(m, self);
		if (!ret && m->device_precopy)
			ret = migration_send_state(m, self, &m->result->precopy_state_bytes);
		if (!ret)
			ret = sync_dirty(m, self);
		if (!ret && m->device_moves)
			ret = ask_device(m, self, &device_bytes);
		if (ret)
			return ret;
		m->result->converged = converged(m, device_bytes);
		if (m->result->converged || m->result->rounds >= m->cfg.max_rounds)
			break;
	}
	if (m->cancel)
		return -ECANCELED;
	m->gave_up = m->cfg.on_no_convergence == MIGRATION_GIVE_UP &&
		     m->cfg.method != MIGRATION_COLD && !m->result->converged;
	return m->gave_up ? -ECANCELED : 0;
}

/* vCPUs first, then DMA to peers, then the device as a whole. */
static int step_stop(struct migration *m, struct actor *self)
{
	struct vm *vm = m->source;
	uint32_t quiet =
		m->device_precopy ? VFIO_DEVICE_STATE_PRE_COPY_P2P : VFIO_DEVICE_STATE_RUNNING_P2P;
	int *data_fd = m->data_fd < 0 ? &m->data_fd : NULL;
	int ret = 0;

	m->result->stop_ps = now(m);
	guest_pause(vm->guest, self);
	vm->running = false;
	trace_emit(&vm->env.part, TRACE_VM_STATE, vm->cfg.number, 0);
	if (!m->device_moves)
		return 0;
	if (vm->migration_flags & VFIO_MIGRATION_P2P)
		ret = vm_set_device_state(vm, self, quiet, VFIO_DEVICE_STATE_RUNNING, NULL);
	return ret ? ret
		   : vm_set_device_state(vm, self, VFIO_DEVICE_STATE_STOP_COPY,
					 VFIO_DEVICE_STATE_RUNNING, data_fd);
}

/* save_complete: the last dirty pages, the device's state, what the VMM keeps for the guest. */
static int step_rest(struct migration *m, struct actor *self)
{
	struct vm_device_image image;
	uint64_t state_bytes = 0;
	int ret = sync_dirty(m, self);

	if (!ret)
		ret = run_round(m, self);
	if (!ret && m->device_moves)
		ret = migration_send_state(m, self, &state_bytes);
	m->result->state_bytes = m->result->precopy_state_bytes + state_bytes;
	if (ret)
		return ret;
	vm_device_save(m->source, self, &image);
	ret = migration_send(m, self, MSG_DEVICE, 0, &image, sizeof(image));
	return ret ? ret : migration_send(m, self, MSG_END, 0, NULL, 0);
}

static int step_hand_over(struct migration *m, struct actor *self)
{
	struct channel_message message;
	int ret = channel_receive(m->back, self, &message);

	if (ret)
		return ret;
	if (message.type != MSG_RUNNING)
		ret = message.type == MSG_FAILED ? -(int)message.argument : -EPROTO;
	channel_release(m->back, &message);
	return ret;
}

static const struct {
	const char *name;
	int (*step)(struct migration *m, struct actor *self);
} steps[MIGRATION_STEP_COUNT] = {
	[MIGRATION_SETUP] = {"set-up", step_setup},
	[MIGRATION_ROUNDS] = {"rounds", step_rounds},
	[MIGRATION_STOP] = {"stop", step_stop},
	[MIGRATION_REST] = {"rest", step_rest},
	[MIGRATION_HAND_OVER] = {"hand over", step_hand_over},
};

const char *migration_step_name(enum migration_step step)
{
	return step < MIGRATION_STEP_COUNT ? steps[step].name : NULL;
}

static void tell_step(const struct migration *m, enum migration_step step)
{
	const struct vm *vm = m->source;

	trace_emit(&vm->env.part, TRACE_MIGRATION, vm->cfg.number, step,
		   (uint64_t)(int64_t)m->result->error);
}

static void close_data(struct migration *m, struct actor *self)
{
	if (m->data_fd >= 0)
		uapi_close(m->source->process, self, m->data_fd);
	m->data_fd = -1;
}

/* save_cleanup, and the source's process is not needed any more. */
static void finish_source(struct migration *m, struct actor *self)
{
	if (m->device_moves)
		vm_set_device_state(m->source, self, VFIO_DEVICE_STATE_STOP,
				    VFIO_DEVICE_STATE_ERROR, NULL);
	close_data(m, self);
	m->result->end_ps = now(m);
	vm_quit(m->source, self);
}

/* The guest goes on at the source as if nothing had happened. */
static void go_back(struct migration *m, struct actor *self, bool tell)
{
	struct vm *vm = m->source;

	if (tell)
		migration_send(m, self, MSG_CANCEL, 0, NULL, 0);
	if (m->device_moves)
		vm_set_device_state(vm, self, VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_ERROR,
				    NULL);
	close_data(m, self);
	vm_tracking_stop(vm, self);
	vm_dirty_log_enable(vm, false);
	if (vm->running)
		return;
	vm->running = true;
	trace_emit(&vm->env.part, TRACE_VM_STATE, vm->cfg.number, 1);
	guest_run(vm->guest);
}

static int fail_early(struct migration_result *result, int error)
{
	result->outcome = MIGRATION_FAILED;
	return result->error = error;
}

static enum migration_outcome outcome(const struct migration *m)
{
	if (!m->result->error)
		return MIGRATION_COMPLETED;
	if (m->result->error != -ECANCELED)
		return MIGRATION_FAILED;
	return m->gave_up ? MIGRATION_NOT_CONVERGED : MIGRATION_CANCELLED;
}

int migration_run(struct migration *m, struct actor *self, struct migration_result *result)
{
	struct actor *destination;
	uint32_t i;

	memset(result, 0, sizeof(*result));
	m->result = result;
	result->begin_ps = now(m);
	m->device_moves = m->source->migration_flags != 0;
	m->device_precopy = m->cfg.method == MIGRATION_PRE_COPY &&
			    m->source->migration_flags & VFIO_MIGRATION_PRE_COPY;
	if (m->source->cfg.ram_bytes != m->destination->cfg.ram_bytes || !m->source->guest)
		return fail_early(result, -EINVAL);
	destination = actor_start(m->source->env.part.sim, "incoming", migration_destination, m);
	if (!destination)
		return fail_early(result, -ENOMEM);
	for (i = 0; i < ARRAY_LEN(steps) && !result->error; i++) {
		tell_step(m, i);
		result->failed_step = steps[i].name;
		result->error = steps[i].step(m, self);
	}
	if (result->error) {
		go_back(m, self, i - 1 != MIGRATION_HAND_OVER);
		result->end_ps = now(m);
	} else {
		result->failed_step = NULL;
		finish_source(m, self);
	}
	tell_step(m, MIGRATION_STEP_COUNT);
	actor_join(self, destination);
	result->outcome = outcome(m);
	return result->error;
}
