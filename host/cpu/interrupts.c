/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts: the MSI doorbell, where a write names its event and its sender, and wires. */
#include <errno.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/trace.h"
#include "host/cpu/cpu_internal.h"

static uint64_t msi_key(uint32_t device_id, uint32_t event_id)
{
	return (uint64_t)device_id << 32 | event_id;
}

/* The key's entry; NULL for none. */
static struct msi_entry *find_entry(struct cpu *cpu, uint64_t key)
{
	uint32_t at = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

	for (uint32_t i = 0; i < cpu->msi_slots; i++) {
		struct msi_entry *entry = &cpu->msi[(at + i) & (cpu->msi_slots - 1)];

		if (!entry->used)
			return NULL;
		if (entry->key == key)
			return entry;
	}
	return NULL;
}

/* Where a new key goes: a slot that was never used, or one that was given back. */
static struct msi_entry *free_entry(struct cpu *cpu, uint64_t key)
{
	uint32_t at = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
	struct msi_entry *entry;

	/* There are twice as many slots as handlers may be registered. */
	do
		entry = &cpu->msi[at++ & (cpu->msi_slots - 1)];
	while (entry->handler);
	return entry;
}

static void msi_fire(struct event *event, uint64_t now)
{
	struct msi_entry *entry = CONTAINER_OF(event, struct msi_entry, event);

	if (entry->handler)
		entry->handler(entry->arg, now);
}

int cpu_msi_register(void *ctx, uint32_t device_id, uint32_t event_id,
		     void (*handler)(void *arg, uint64_t now), void *arg)
{
	struct cpu *cpu = ctx;
	uint64_t key = msi_key(device_id, event_id);
	struct msi_entry *entry = find_entry(cpu, key);
	bool was_registered = entry && entry->handler;

	if (!handler && !entry)
		return 0;
	if (handler && !was_registered && cpu->msi_registered >= cpu->cfg.msi_entries)
		return -ENOSPC;
	if (!entry) {
		entry = free_entry(cpu, key);
		if (entry->used) /* an interrupt of its former owner may be on its way */
			calendar_cancel(&cpu->env.part.sim->calendar, &entry->event);
		event_init(&entry->event, msi_fire);
		entry->used = true;
		entry->key = key;
	}
	cpu->msi_registered += (handler != NULL) - (uint32_t)was_registered;
	entry->handler = handler;
	entry->arg = arg;
	return 0;
}

/* The doorbell answers at once; the interrupt takes its time to a CPU. */
static void doorbell_accept(struct cpu *cpu, const struct bus_req *req)
{
	uint32_t device_id = req->attr.stream_id;
	uint32_t event_id = le32_get(req->data);
	struct msi_entry *entry = find_entry(cpu, msi_key(device_id, event_id));

	trace_emit(&cpu->env.part, TRACE_MSI_DELIVERED, device_id, event_id);
	if (!entry || !entry->handler) {
		cpu->spurious++;
		sim_log(&cpu->env.part, LOG_WARNING, "spurious MSI: device 0x%x, event %u",
			device_id, event_id);
		return;
	}
	if (!event_pending(&entry->event))
		sim_after(cpu->env.part.sim, &entry->event,
			  cpu->env.part.sim->untimed ? 0 : cpu->cfg.interrupt_ps);
}

static void doorbell_done(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	struct cpu *cpu = req->owner;

	req->status = BUS_ABORT;
	if (req->op == BUS_WRITE && req->addr == CPU_DOORBELL_OFFSET && req->len_bytes == 4) {
		req->status = BUS_OK;
		doorbell_accept(cpu, req);
	}
	req->done(req, now);
}

static void doorbell_send(void *ctx, struct bus_req *req)
{
	struct cpu *cpu = ctx;

	req->owner = cpu;
	event_init(&req->event, doorbell_done);
	sim_after(cpu->env.part.sim, &req->event, 0);
}

struct bus_port cpu_doorbell_port(struct cpu *cpu)
{
	return (struct bus_port){.ctx = cpu, .send = doorbell_send};
}

static void line_fire(struct event *event, uint64_t now)
{
	struct wired_line *line = CONTAINER_OF(event, struct wired_line, event);

	if (line->handler)
		line->handler(line->arg, now);
}

int cpu_irq_register(void *ctx, uint32_t line, void (*handler)(void *arg, uint64_t now), void *arg)
{
	struct cpu *cpu = ctx;

	if (line >= CPU_WIRED_LINES)
		return -EINVAL;
	cpu->line[line].handler = handler;
	cpu->line[line].arg = arg;
	return 0;
}

static void line_raise(void *ctx, uint32_t line)
{
	struct cpu *cpu = ctx;

	sim_assert(&cpu->env.part, line < CPU_WIRED_LINES);
	if (!event_pending(&cpu->line[line].event))
		sim_after(cpu->env.part.sim, &cpu->line[line].event,
			  cpu->env.part.sim->untimed ? 0 : cpu->cfg.interrupt_ps);
}

struct irq_port cpu_irq_port(struct cpu *cpu)
{
	return (struct irq_port){.ctx = cpu, .raise = line_raise};
}

int cpu_interrupts_init(struct cpu *cpu)
{
	/* Twice the entries, so that probes stay short. */
	cpu->msi_slots = 16;
	while (cpu->msi_slots < 2 * cpu->cfg.msi_entries)
		cpu->msi_slots *= 2;
	cpu->msi = calloc(cpu->msi_slots, sizeof(cpu->msi[0]));
	for (uint32_t i = 0; i < CPU_WIRED_LINES; i++)
		event_init(&cpu->line[i].event, line_fire);
	return cpu->msi ? 0 : -ENOMEM;
}

void cpu_interrupts_fini(struct cpu *cpu)
{
	if (cpu->msi)
		for (uint32_t i = 0; i < cpu->msi_slots; i++)
			if (cpu->msi[i].used)
				calendar_cancel(&cpu->env.part.sim->calendar, &cpu->msi[i].event);
	for (uint32_t i = 0; i < CPU_WIRED_LINES; i++)
		calendar_cancel(&cpu->env.part.sim->calendar, &cpu->line[i].event);
	free(cpu->msi);
}
