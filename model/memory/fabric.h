/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MEMORY_FABRIC_H
#define VFSIM_MODEL_MEMORY_FABRIC_H

/*
 * The host's interconnect: decodes a physical address to DRAM, the SMMU's
 * registers, the MSI doorbell, or the PCIe root complex. It adds no time.
 */

#include "base/port.h"
#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FABRIC_MAX_WINDOWS 16

struct fabric_window {
	const char *name;
	uint64_t base;
	uint64_t size_bytes;
	struct bus_port target;
	/*
	 * The target sees an offset (registers) instead of an address (memory).
	 * The request itself goes on, so at `done` its addr still is that offset:
	 * a requester who needs the address again keeps it.
	 */
	bool subtract_base;
};

/* Blocks of 64 GiB that are told apart below. */
#define FABRIC_BLOCKS 8u

struct fabric {
	struct sim_part part;
	struct fabric_window window[FABRIC_MAX_WINDOWS];
	uint32_t count;
	/* The window of the last request to a block: DMA and registers are accessed in turn. */
	uint8_t recent[FABRIC_BLOCKS];
};

void fabric_init(struct fabric *fabric, const struct sim_part *part);

/* -EEXIST when windows overlap, -EINVAL for an empty or wrapping one, -ENOSPC beyond
 * FABRIC_MAX_WINDOWS. */
int fabric_add(struct fabric *fabric, const struct fabric_window *window);

/* Requests to no window, or crossing a window's end, complete with BUS_ABORT. */
struct bus_port fabric_bus_port(struct fabric *fabric);

#ifdef __cplusplus
}
#endif
#endif
