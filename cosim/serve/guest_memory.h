/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_GUEST_MEMORY_H
#define VFSIM_COSIM_GUEST_MEMORY_H

/*
 * The memory of a guest as one function reaches it: the windows of RAM that its
 * virtual machine monitor has shared with the function, and one range where a write
 * is a message for the interrupt controller. What else the guest has is not to be
 * reached: BUS_ABORT.
 *
 * The guest's processors run meanwhile. Words of eight bytes are read and swapped
 * as one; a write of up to 64 bytes, a descriptor or an event record, goes in from
 * its end to its beginning, 16 bytes at a time where it is aligned to them, so that
 * who sees a flag in its first 16 bytes sees the rest.
 */

#include "base/port.h"
#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As many as are mapped: with an IOMMU of the VMM's in front of the function, one for each page. */
#define GUEST_MEMORY_WINDOWS 65535u

struct guest_window {
	uint64_t base, size_bytes; /* of the guest's physical addresses */
	uint8_t *host;             /* where it is here */
	bool writable;
};

struct guest_memory_cfg {
	uint64_t message_base, message_bytes; /* it takes precedence over RAM */
	uint64_t latency_ps;                  /* arrival to access */
};

struct guest_memory_env {
	struct sim_part part;
	/* A write of four bytes to the range of messages. */
	void (*message)(void *ctx, uint64_t addr, uint32_t data);
	/* A request ends as BUS_ABORT. NULL: nobody wants to know. */
	void (*refused)(void *ctx, const struct bus_req *req);
	void *ctx;
};

struct guest_memory {
	struct guest_memory_cfg cfg;
	struct guest_memory_env env;
	uint32_t windows, room, recent, in_flight;
	uint64_t refused;            /* requests that ended as BUS_ABORT */
	struct guest_window *window; /* by base */
};

void guest_memory_init(struct guest_memory *memory, const struct guest_memory_cfg *cfg,
		       const struct guest_memory_env *env);

void guest_memory_fini(struct guest_memory *memory);

/* -EINVAL: it is empty, wraps, or overlaps another; -ENOSPC; -ENOMEM. */
int guest_memory_add(struct guest_memory *memory, const struct guest_window *window);
/* All windows within the range. -EINVAL: it cuts one; -ENOENT: there is none. */
int guest_memory_remove(struct guest_memory *memory, uint64_t base, uint64_t size_bytes);

/* As a bus port's members do; `ctx` of the port is whoever chooses the memory. */
void guest_memory_send(struct guest_memory *memory, struct bus_req *req);
bool guest_memory_access(struct guest_memory *memory, struct bus_req *req);
struct bus_word guest_memory_read64(struct guest_memory *memory, uint64_t addr);

#ifdef __cplusplus
}
#endif
#endif
