/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_CPU_PORT_H
#define VFSIM_BASE_CPU_PORT_H

/*
 * What software sees of the machine: physical memory, device registers,
 * interrupts. Kernel logic, drivers and guests reach hardware through this and
 * through nothing else; host/cpu/ implements it over the bus.
 *
 * Memory (cacheable, coherent) is read and written at once: its cost is part of
 * what the calling software spends by actor_sleep. Device registers are real
 * transactions: a read waits for its completion, a write is posted and later
 * reads of the same actor come after it.
 */

#include "base/actor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cpu_ops {
	/* Physical memory. Beyond DRAM is the caller's bug: sim_assert. */
	void (*memory_read)(void *ctx, uint64_t pa, void *data, uint64_t len_bytes);
	void (*memory_write)(void *ctx, uint64_t pa, const void *data, uint64_t len_bytes);
	/* Atomic; returns the value found, which equals `expected` on success. */
	uint64_t (*memory_cas64)(void *ctx, uint64_t pa, uint64_t expected, uint64_t desired);

	/* Make whole 4 KiB pages zero, at the cost of what was stored there. May be NULL. */
	void (*memory_zero)(void *ctx, uint64_t pa, uint64_t len_bytes);

	/* Registers at a physical address, 1, 2, 4 or 8 bytes. Reads of nothing are all ones. */
	uint64_t (*mmio_read)(void *ctx, struct actor *self, uint64_t pa, uint32_t len_bytes);
	void (*mmio_write)(void *ctx, struct actor *self, uint64_t pa, uint32_t len_bytes,
			   uint64_t value);

	/*
	 * MSI: `handler(arg, now)` runs (in calendar context; it must not wait,
	 * it may wake a waitq) when `device_id` writes `event_id` to the doorbell.
	 * A NULL handler takes it away. -ENOSPC when the table is full.
	 */
	int (*msi_register)(void *ctx, uint32_t device_id, uint32_t event_id,
			    void (*handler)(void *arg, uint64_t now), void *arg);
	/* Wired interrupts, by line number. */
	int (*irq_register)(void *ctx, uint32_t line, void (*handler)(void *arg, uint64_t now),
			    void *arg);

	/*
	 * Bytes of memory where they lie: for reading until it is next written, for
	 * writing at once. NULL: read or write them instead. Both may be NULL.
	 */
	const void *(*memory_peek)(void *ctx, uint64_t pa, uint64_t len_bytes);
	void *(*memory_place)(void *ctx, uint64_t pa, uint64_t len_bytes);
};

struct cpu_port {
	void *ctx;
	const struct cpu_ops *ops;
	uint64_t msi_doorbell_pa; /* a device writes its event ID there, 32 bits */
};

#ifdef __cplusplus
}
#endif
#endif
