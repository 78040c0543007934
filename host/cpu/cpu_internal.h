/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_CPU_INTERNAL_H
#define VFSIM_HOST_CPU_INTERNAL_H

#include "host/cpu/cpu.h"

/* A posted register write: its bytes live here until the target has them. */
struct posted_write {
	struct bus_req req;
	struct cpu *cpu;
	uint64_t data;
	struct posted_write *next;
};

struct msi_entry {
	uint64_t key;                             /* device << 32 | event */
	void (*handler)(void *arg, uint64_t now); /* NULL: free, or given back */
	void *arg;
	bool used;
	struct event event;
};

struct wired_line {
	void (*handler)(void *arg, uint64_t now);
	void *arg;
	struct event event;
};

struct cpu {
	struct cpu_cfg cfg;
	struct cpu_env env;

	/* Registers: order is kept by one access at a time after posted writes. */
	struct posted_write *writes;
	struct posted_write *free_writes;
	uint32_t writes_under_way;
	uint32_t reads_under_way;
	struct waitq room;

	/* MSIs: an open-addressed table, a power of two large. A slot once used stays in the
	 * chains of probes; given back, it serves another key. */
	struct msi_entry *msi;
	uint32_t msi_slots;
	uint32_t msi_registered; /* slots with a handler */
	uint64_t spurious;

	struct wired_line line[CPU_WIRED_LINES];
};

int cpu_msi_register(void *ctx, uint32_t device_id, uint32_t event_id,
		     void (*handler)(void *arg, uint64_t now), void *arg);
int cpu_irq_register(void *ctx, uint32_t line, void (*handler)(void *arg, uint64_t now), void *arg);
int cpu_interrupts_init(struct cpu *cpu);
void cpu_interrupts_fini(struct cpu *cpu);

#endif
