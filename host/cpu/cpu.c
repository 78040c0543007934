/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "host/cpu/cpu_internal.h"

static void memory_read(void *ctx, uint64_t pa, void *data, uint64_t len_bytes)
{
	struct cpu *cpu = ctx;

	dram_read(cpu->env.dram, pa, data, len_bytes);
}

static const void *memory_peek(void *ctx, uint64_t pa, uint64_t len_bytes)
{
	const struct cpu *cpu = ctx;
	const uint8_t *page = dram_page_peek(cpu->env.dram, pa);
	uint64_t offset = pa % DRAM_PAGE_SIZE;

	return page && len_bytes <= DRAM_PAGE_SIZE - offset ? page + offset : NULL;
}

static void *memory_place(void *ctx, uint64_t pa, uint64_t len_bytes)
{
	struct cpu *cpu = ctx;
	uint64_t offset = pa % DRAM_PAGE_SIZE;

	if (len_bytes > DRAM_PAGE_SIZE - offset)
		return NULL;
	return (uint8_t *)dram_page_open(cpu->env.dram, pa) + offset;
}

static void memory_write(void *ctx, uint64_t pa, const void *data, uint64_t len_bytes)
{
	struct cpu *cpu = ctx;

	dram_write(cpu->env.dram, pa, data, len_bytes);
}

static uint64_t memory_cas64(void *ctx, uint64_t pa, uint64_t expected, uint64_t desired)
{
	struct cpu *cpu = ctx;

	return dram_cas64(cpu->env.dram, pa, expected, desired);
}

static void memory_zero(void *ctx, uint64_t pa, uint64_t len_bytes)
{
	struct cpu *cpu = ctx;

	dram_fill_pages(cpu->env.dram, pa, len_bytes / DRAM_PAGE_SIZE, NULL);
}

/* A read lives on its actor's stack while the actor waits for it. */
struct register_read {
	struct bus_req req;
	struct waitq waiters;
	uint64_t data;
	bool done;
};

static void read_done(struct bus_req *req, uint64_t now)
{
	struct register_read *read = CONTAINER_OF(req, struct register_read, req);

	read->done = true;
	waitq_wake(&read->waiters);
}

static uint64_t all_ones(uint32_t len_bytes)
{
	return len_bytes == 8 ? ~UINT64_C(0) : BIT(8 * len_bytes) - 1;
}

static uint64_t mmio_read(void *ctx, struct actor *self, uint64_t pa, uint32_t len_bytes)
{
	struct cpu *cpu = ctx;
	struct register_read read = {
		.req = {.op = BUS_READ, .addr = pa, .len_bytes = len_bytes, .done = read_done},
	};

	read.req.data = &read.data;
	cpu->reads_under_way++;
	bus_send(&cpu->env.bus, &read.req);
	while (!read.done)
		actor_wait(self, &read.waiters, TIME_NEVER);
	cpu->reads_under_way--;
	return read.req.status == BUS_OK ? read.data : all_ones(len_bytes);
}

static void write_done(struct bus_req *req, uint64_t now)
{
	struct posted_write *write = CONTAINER_OF(req, struct posted_write, req);
	struct cpu *cpu = write->cpu;

	write->next = cpu->free_writes;
	cpu->free_writes = write;
	cpu->writes_under_way--;
	waitq_wake(&cpu->room);
}

static void mmio_write(void *ctx, struct actor *self, uint64_t pa, uint32_t len_bytes,
		       uint64_t value)
{
	struct cpu *cpu = ctx;
	struct posted_write *write;

	while (!cpu->free_writes)
		actor_wait(self, &cpu->room, TIME_NEVER);
	write = cpu->free_writes;
	cpu->free_writes = write->next;
	cpu->writes_under_way++;
	write->data = value;
	write->req = (struct bus_req){
		.op = BUS_WRITE,
		.addr = pa,
		.len_bytes = len_bytes,
		.data = &write->data,
		.attr.posted = true,
		.done = write_done,
	};
	bus_send(&cpu->env.bus, &write->req);
}

static const struct cpu_ops cpu_ops = {
	.memory_read = memory_read,
	.memory_write = memory_write,
	.memory_cas64 = memory_cas64,
	.memory_zero = memory_zero,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write,
	.msi_register = cpu_msi_register,
	.irq_register = cpu_irq_register,
	.memory_peek = memory_peek,
	.memory_place = memory_place,
};

struct cpu *cpu_create(const struct cpu_cfg *cfg, const struct cpu_env *env)
{
	struct cpu *cpu = calloc(1, sizeof(*cpu));

	if (!cpu)
		return NULL;
	cpu->cfg = *cfg;
	cpu->env = *env;
	cpu->writes = calloc(cfg->posted_writes, sizeof(cpu->writes[0]));
	if (!cpu->writes || cpu_interrupts_init(cpu)) {
		cpu_destroy(cpu);
		return NULL;
	}
	for (uint32_t i = 0; i < cfg->posted_writes; i++) {
		cpu->writes[i].cpu = cpu;
		cpu->writes[i].next = cpu->free_writes;
		cpu->free_writes = &cpu->writes[i];
	}
	return cpu;
}

void cpu_destroy(struct cpu *cpu)
{
	if (!cpu)
		return;
	cpu_interrupts_fini(cpu);
	free(cpu->writes);
	free(cpu);
}

struct cpu_port cpu_port(struct cpu *cpu)
{
	return (struct cpu_port){
		.ctx = cpu,
		.ops = &cpu_ops,
		.msi_doorbell_pa = cpu->cfg.doorbell_pa + CPU_DOORBELL_OFFSET,
	};
}

uint64_t cpu_spurious_msis(const struct cpu *cpu)
{
	return cpu->spurious;
}

bool cpu_idle(const struct cpu *cpu)
{
	return !cpu->writes_under_way && !cpu->reads_under_way;
}
