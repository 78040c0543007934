/* SPDX-License-Identifier: Apache-2.0 */
/* Registers over the bus, memory of the host, and the time that a CPU spends. */
#include <errno.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

#define ACK_PAUSE_PS   PS_PER_US
#define SPIN_PS        (200 * PS_PER_NS)
#define SPINS          10u /* ARM_SMMU_POLL_SPIN_COUNT */
#define FIRST_DELAY_PS PS_PER_US

uint32_t driver_reg_read(struct smmu_driver *driver, struct actor *self, uint32_t offset)
{
	const struct cpu_port *cpu = &driver->env.cpu;

	return (uint32_t)cpu->ops->mmio_read(cpu->ctx, self, driver->cfg.register_pa + offset, 4);
}

void driver_reg_write(struct smmu_driver *driver, struct actor *self, uint32_t offset,
		      uint32_t value)
{
	const struct cpu_port *cpu = &driver->env.cpu;

	cpu->ops->mmio_write(cpu->ctx, self, driver->cfg.register_pa + offset, 4, value);
}

void driver_reg_write64(struct smmu_driver *driver, struct actor *self, uint32_t offset,
			uint64_t value)
{
	const struct cpu_port *cpu = &driver->env.cpu;

	cpu->ops->mmio_write(cpu->ctx, self, driver->cfg.register_pa + offset, 8, value);
}

int driver_reg_write_sync(struct smmu_driver *driver, struct actor *self, uint32_t offset,
			  uint32_t ack, uint32_t value)
{
	uint64_t deadline_ps = sim_now(driver->env.part.sim) + POLL_TIMEOUT_PS;

	driver_reg_write(driver, self, offset, value);
	while (driver_reg_read(driver, self, ack) != value) {
		if (sim_now(driver->env.part.sim) >= deadline_ps)
			return -ETIMEDOUT;
		actor_sleep(self, ACK_PAUSE_PS);
	}
	return 0;
}

/* Simulated memory is little-endian. */
static void swap_words(uint64_t *word, uint32_t words)
{
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		for (uint32_t i = 0; i < words; i++)
			word[i] = __builtin_bswap64(word[i]);
}

void phys_get(const struct smmu_driver *driver, uint64_t pa, uint64_t *word, uint32_t words)
{
	const struct cpu_port *cpu = &driver->env.cpu;

	cpu->ops->memory_read(cpu->ctx, pa, word, words * sizeof(*word));
	swap_words(word, words);
}

const uint64_t *phys_table(const struct smmu_driver *driver, uint64_t pa, uint64_t *room)
{
	const struct cpu_port *cpu = &driver->env.cpu;
	const uint64_t *there = NULL;

	if (cpu->ops->memory_peek && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		there = cpu->ops->memory_peek(cpu->ctx, pa, PAGE_BYTES);
	if (there)
		return there;
	phys_get(driver, pa, room, TABLE_ENTRIES);
	return room;
}

void phys_put(const struct smmu_driver *driver, uint64_t pa, uint64_t *word, uint32_t words)
{
	const struct cpu_port *cpu = &driver->env.cpu;

	swap_words(word, words);
	cpu->ops->memory_write(cpu->ctx, pa, word, words * sizeof(*word));
	swap_words(word, words);
}

uint64_t phys_get64(const struct smmu_driver *driver, uint64_t pa)
{
	uint64_t word;

	phys_get(driver, pa, &word, 1);
	return word;
}

void phys_put64(const struct smmu_driver *driver, uint64_t pa, uint64_t value)
{
	phys_put(driver, pa, &value, 1);
}

uint64_t phys_alloc(const struct smmu_driver *driver, uint64_t pages)
{
	static const uint8_t zeroes[PAGE_BYTES];
	const struct cpu_port *cpu = &driver->env.cpu;
	uint64_t pa = frames_alloc(driver->env.frames, pages, pages * PAGE_BYTES);

	if (!pa)
		return 0;
	if (cpu->ops->memory_zero)
		cpu->ops->memory_zero(cpu->ctx, pa, pages * PAGE_BYTES);
	else
		for (uint64_t i = 0; i < pages; i++)
			cpu->ops->memory_write(cpu->ctx, pa + i * PAGE_BYTES, zeroes, PAGE_BYTES);
	return pa;
}

void phys_free(const struct smmu_driver *driver, uint64_t pa, uint64_t pages)
{
	if (pa)
		frames_free(driver->env.frames, pa, pages);
}

void driver_spend(struct smmu_driver *driver, struct actor *self, bool call, uint64_t entries)
{
	uint64_t cost_ps = entries * driver->cfg.page_ps + (call ? driver->cfg.call_ps : 0);

	if (cost_ps && !driver->env.part.sim->untimed)
		actor_sleep(self, cost_ps);
}

void driver_poll_begin(const struct smmu_driver *driver, struct driver_poll *poll)
{
	*poll = (struct driver_poll){
		.deadline_ps = sim_now(driver->env.part.sim) + POLL_TIMEOUT_PS,
		.delay_ps = FIRST_DELAY_PS,
	};
}

bool driver_poll_again(struct actor *self, struct driver_poll *poll)
{
	if (sim_now(actor_sim(self)) >= poll->deadline_ps)
		return false;
	if (++poll->spins < SPINS) {
		actor_sleep(self, SPIN_PS);
		return true;
	}
	actor_sleep(self, poll->delay_ps);
	poll->delay_ps *= 2;
	poll->spins = 0;
	return true;
}
