/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The destination of a migration: takes pages and device state as they come,
 * and runs the guest when everything is in place. What it cannot do it tells
 * the source, and then only waits for the stream's end.
 */

#include "host/vmm/migration_internal.h"

#include "base/trace.h"

#include <errno.h>

/*
 * The planted fault: a page of the boot image, which nobody writes again, is
 * dropped. A page that is sent again later would be no loss.
 */
static bool page_is_lost(const struct migration *m, uint32_t round, const struct channel_page *page)
{
	const struct vm *source = m->source;
	struct fault_plan *faults = &source->env.part.sim->faults;

	if (!fault_armed(faults, FAULT_PAGE_LOST_IN_STREAM))
		return false;
	return round == 1 && page->pa && page->gpa - source->cfg.ram_base < source->image_bytes &&
	       fault_fires(faults, FAULT_PAGE_LOST_IN_STREAM);
}

static void apply_pages(const struct migration *m, const struct channel_message *message)
{
	const struct vm *vm = m->destination;
	struct dram *from = m->source->env.dram;
	struct dram *to = vm->env.dram;

	for (uint32_t i = 0; i < message->pages; i++) {
		const struct channel_page *page = &message->page[i];
		uint64_t pa = vm_page_pa(vm, page->gpa);

		if (page_is_lost(m, message->argument, page))
			continue;
		if (page->pa)
			dram_share_page(to, pa, from, page->pa);
		else if (!dram_page_is_zero(to, pa))
			dram_fill_pages(to, pa, 1, NULL);
	}
}

static int setup(struct migration *m, struct actor *self)
{
	return vm_set_device_state(m->destination, self, VFIO_DEVICE_STATE_RESUMING,
				   VFIO_DEVICE_STATE_ERROR, &m->load_fd);
}

static int load_state(struct migration *m, struct actor *self,
		      const struct channel_message *message)
{
	struct vm *vm = m->destination;
	const uint8_t *from = message->data;
	uint32_t left = message->len_bytes;

	while (left) {
		ssize_t put = uapi_write(vm->process, self, m->load_fd, from, left);

		if (put <= 0)
			return put ? (int)put : -EIO;
		from += put;
		left -= (uint32_t)put;
	}
	return 0;
}

static void close_session(struct migration *m, struct actor *self)
{
	if (m->load_fd >= 0)
		uapi_close(m->destination->process, self, m->load_fd);
	m->load_fd = -1;
}

/* The loaded state is checked by the arc to STOP; only then may the guest move. */
static int finish(struct migration *m, struct actor *self)
{
	struct vm *vm = m->destination;
	struct guest *guest = m->source->guest;
	int ret = vm_device_load(vm, self, &m->image);

	if (!ret && m->device_moves)
		ret = vm_set_device_state(vm, self, VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_ERROR,
					  NULL);
	if (ret)
		return ret;
	m->result->switchover_ps = sim_now(vm->env.part.sim);
	if (m->hooks.switchover)
		m->hooks.switchover(m->hooks.ctx, m->source, vm);
	vm_set_guest(m->source, NULL);
	vm_set_guest(vm, guest);
	ret = vm_start(vm, self);
	if (!ret) {
		m->result->downtime_ps = sim_now(vm->env.part.sim) - m->result->stop_ps;
		close_session(m, self);
		return 0;
	}
	vm_set_guest(vm, NULL);
	vm_set_guest(m->source, guest);
	return ret;
}

static int handle(struct migration *m, struct actor *self, const struct channel_message *message)
{
	switch ((enum migration_message)message->type) {
	case MSG_SETUP:
		return setup(m, self);
	case MSG_PAGES:
		apply_pages(m, message);
		return 0;
	case MSG_STATE:
		return load_state(m, self, message);
	case MSG_DEVICE:
		sim_assert(&m->destination->env.part, message->len_bytes == sizeof(m->image));
		memcpy(&m->image, message->data, sizeof(m->image));
		return 0;
	case MSG_END:
		return finish(m, self);
	default:
		return -EPROTO;
	}
}

static void answer(struct migration *m, struct actor *self, enum migration_message type, int error)
{
	struct channel_message message = {.type = type, .argument = (uint32_t)error};

	channel_send(m->back, self, &message);
}

void migration_destination(struct actor *self, void *arg)
{
	struct migration *m = arg;
	struct channel_message message;
	bool failed = false;
	bool over = false;

	while (!over && !channel_receive(m->to, self, &message)) {
		enum migration_message type = (enum migration_message)message.type;
		int ret = failed || type == MSG_CANCEL ? 0 : handle(m, self, &message);

		channel_release(m->to, &message);
		over = type == MSG_END || type == MSG_CANCEL;
		if (ret)
			answer(m, self, MSG_FAILED, -ret);
		else if (type == MSG_END && !failed)
			answer(m, self, MSG_RUNNING, 0);
		failed |= ret != 0;
	}
	close_session(m, self);
}
