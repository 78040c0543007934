/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_CPU_H
#define VFSIM_HOST_CPU_H

/*
 * The CPU side of a host: base/cpu_port.h over the bus. Memory is DRAM at once;
 * registers are transactions through the fabric, reads awaited, writes posted
 * and kept in order with what follows them; interrupts come in as MSIs at a
 * doorbell that sees who wrote (Arm GICv3 ITS: DeviceID and EventID), and on
 * wires.
 */

#include "base/cpu_port.h"
#include "base/port.h"
#include "model/memory/dram.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CPU_WIRED_LINES     16
#define CPU_DOORBELL_OFFSET 0x40u /* GITS_TRANSLATER, within the doorbell's window */

struct cpu;

struct cpu_cfg {
	uint64_t doorbell_pa;   /* of the doorbell's window */
	uint32_t msi_entries;   /* (device, event) pairs that can be registered */
	uint32_t posted_writes; /* register writes under way at once; a further one waits */
	uint64_t interrupt_ps;  /* from the doorbell or a wire to the handler */
};

struct cpu_env {
	struct sim_part part;
	struct bus_port bus; /* the fabric */
	struct dram *dram;
};

/* NULL without memory. */
struct cpu *cpu_create(const struct cpu_cfg *cfg, const struct cpu_env *env);
void cpu_destroy(struct cpu *cpu);

/* What software is given. */
struct cpu_port cpu_port(struct cpu *cpu);

/* The doorbell, for a fabric window with subtract_base. */
struct bus_port cpu_doorbell_port(struct cpu *cpu);

/* Where devices' wired interrupts end. */
struct irq_port cpu_irq_port(struct cpu *cpu);

/* MSIs that nobody had registered for. */
uint64_t cpu_spurious_msis(const struct cpu *cpu);

/* No register access under way: for the leak check at the end of a run. */
bool cpu_idle(const struct cpu *cpu);

#ifdef __cplusplus
}
#endif
#endif
