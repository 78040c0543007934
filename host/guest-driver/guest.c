/* SPDX-License-Identifier: Apache-2.0 */
#include "host/guest-driver/guest.h"

#include "base/bits.h"

void guest_init(struct guest *guest, const struct guest_cfg *cfg, const struct sim_part *part)
{
	memset(guest, 0, sizeof(*guest));
	guest->part = *part;
	guest->cfg = *cfg;
	guest->next_free = cfg->ram_base + cfg->reserved_bytes;
}

void guest_attach(struct guest *guest, void *machine, const struct guest_machine_ops *ops)
{
	sim_assert(&guest->part, !guest->running);
	guest->machine = machine;
	guest->ops = ops;
}

void guest_run(struct guest *guest)
{
	uint64_t now = sim_now(guest->part.sim);

	sim_assert(&guest->part, guest->ops && !guest->running);
	guest->running = true;
	waitq_wake(&guest->resumed);
	for (uint32_t v = 0; v < GUEST_VECTORS; v++)
		if (guest->vector[v].pending)
			guest_interrupt(guest, v, now);
}

void guest_pause(struct guest *guest, struct actor *self)
{
	guest->running = false;
	while (guest->inside)
		actor_wait(self, &guest->left, TIME_NEVER);
}

void guest_interrupt(struct guest *guest, uint32_t vector, uint64_t now)
{
	struct guest_vector *v = &guest->vector[vector];

	sim_assert(&guest->part, vector < GUEST_VECTORS);
	v->pending = !guest->running || !v->handler;
	if (!v->pending)
		v->handler(v->arg, now);
}

void guest_set_handler(struct guest *guest, uint32_t vector,
		       void (*handler)(void *arg, uint64_t now), void *arg)
{
	struct guest_vector *v = &guest->vector[vector];

	sim_assert(&guest->part, vector < GUEST_VECTORS);
	v->handler = handler;
	v->arg = arg;
	if (v->pending)
		guest_interrupt(guest, vector, sim_now(guest->part.sim));
}

void guest_gate(struct guest *guest, struct actor *self)
{
	while (!guest->running)
		actor_wait(self, &guest->resumed, TIME_NEVER);
}

void guest_sleep(struct guest *guest, struct actor *self, uint64_t duration_ps)
{
	actor_sleep(self, duration_ps);
	guest_gate(guest, self);
}

bool guest_wait(struct guest *guest, struct actor *self, struct waitq *waitq, uint64_t deadline_ps)
{
	bool woken = actor_wait(self, waitq, deadline_ps);

	guest_gate(guest, self);
	return woken;
}

static void enter(struct guest *guest, struct actor *self)
{
	guest_gate(guest, self);
	guest->inside++;
}

static void leave(struct guest *guest, struct actor *self)
{
	if (!--guest->inside)
		waitq_wake(&guest->left);
	guest_gate(guest, self);
}

uint32_t guest_mmio_read(struct guest *guest, struct actor *self, uint32_t bar, uint64_t offset)
{
	uint64_t value;

	enter(guest, self);
	value = guest->ops->mmio_read(guest->machine, self, bar, offset, 4);
	leave(guest, self);
	return (uint32_t)value;
}

void guest_mmio_write(struct guest *guest, struct actor *self, uint32_t bar, uint64_t offset,
		      uint32_t value)
{
	enter(guest, self);
	guest->ops->mmio_write(guest->machine, self, bar, offset, 4, value);
	leave(guest, self);
}

uint32_t guest_config_read(struct guest *guest, struct actor *self, uint32_t offset,
			   uint32_t len_bytes)
{
	uint32_t value;

	enter(guest, self);
	value = guest->ops->config_read(guest->machine, self, offset, len_bytes);
	leave(guest, self);
	return value;
}

void guest_config_write(struct guest *guest, struct actor *self, uint32_t offset,
			uint32_t len_bytes, uint32_t value)
{
	enter(guest, self);
	guest->ops->config_write(guest->machine, self, offset, len_bytes, value);
	leave(guest, self);
}

int guest_dma_map(struct guest *guest, struct actor *self, uint64_t gpa, uint64_t len_bytes,
		  uint64_t *iova)
{
	int ret;

	enter(guest, self);
	ret = guest->ops->dma_map(guest->machine, self, gpa, len_bytes, iova);
	leave(guest, self);
	return ret;
}

int guest_dma_unmap(struct guest *guest, struct actor *self, uint64_t iova, uint64_t len_bytes)
{
	int ret;

	enter(guest, self);
	ret = guest->ops->dma_unmap(guest->machine, self, iova, len_bytes);
	leave(guest, self);
	return ret;
}

int guest_space_map(struct guest *guest, struct actor *self, uint32_t pasid, uint64_t iova,
		    uint64_t gpa, uint64_t len_bytes)
{
	int ret;

	enter(guest, self);
	ret = guest->ops->space_map(guest->machine, self, pasid, iova, gpa, len_bytes);
	leave(guest, self);
	return ret;
}

int guest_space_drop(struct guest *guest, struct actor *self, uint32_t pasid)
{
	int ret;

	enter(guest, self);
	ret = guest->ops->space_drop(guest->machine, self, pasid);
	leave(guest, self);
	return ret;
}

void guest_memory_read(struct guest *guest, uint64_t gpa, void *data, uint64_t len_bytes)
{
	sim_assert(&guest->part, guest->running);
	guest->ops->memory_read(guest->machine, gpa, data, len_bytes);
}

const void *guest_memory_view(struct guest *guest, uint64_t gpa, void *copy, uint64_t len_bytes)
{
	const void *at = NULL;

	sim_assert(&guest->part, guest->running);
	if (guest->ops->memory_peek)
		at = guest->ops->memory_peek(guest->machine, gpa, len_bytes);
	if (at)
		return at;
	guest_memory_read(guest, gpa, copy, len_bytes);
	return copy;
}

void *guest_memory_place(struct guest *guest, uint64_t gpa, uint64_t len_bytes)
{
	sim_assert(&guest->part, guest->running);
	if (!guest->ops->memory_place)
		return NULL;
	return guest->ops->memory_place(guest->machine, gpa, len_bytes);
}

void guest_memory_write(struct guest *guest, uint64_t gpa, const void *data, uint64_t len_bytes)
{
	sim_assert(&guest->part, guest->running);
	guest->ops->memory_write(guest->machine, gpa, data, len_bytes);
}

uint64_t guest_alloc(struct guest *guest, uint64_t len_bytes, uint64_t align_bytes)
{
	uint64_t gpa = align_up(guest->next_free, align_bytes);
	uint64_t end = guest->cfg.ram_base + guest->cfg.ram_bytes;

	if (gpa > end || len_bytes > end - gpa)
		return 0;
	guest->next_free = gpa + len_bytes;
	return gpa;
}
