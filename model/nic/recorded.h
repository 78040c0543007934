/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_RECORDED_H
#define VFSIM_MODEL_NIC_RECORDED_H

/*
 * The device of a recording: a VF whose behaviour is a script. It appears on
 * the bus like the NIC (configuration space, BARs, MSI-X, reset), keeps what
 * software writes into its BARs, and does DMA and raises interrupts only when
 * it is told that the recorded device did.
 *
 * Its state is its registers, as a stream of whatever sizes were recorded.
 */

#include <sys/types.h>

#include "model/nic/dma_log.h"
#include "model/pcie/device.h"

#ifdef __cplusplus
extern "C" {
#endif

struct recorded_device;

struct recorded_device_cfg {
	struct pcie_device_cfg pcie;
	uint32_t max_dma_bytes; /* of one recorded access */
	uint64_t log_bytes;     /* memory of each VF's DMA log; 0: it logs nothing */
};

struct recorded_device_env {
	struct sim_part part;
};

/* NULL without memory. */
struct recorded_device *recorded_device_create(const struct recorded_device_cfg *cfg,
					       const struct recorded_device_env *env);
void recorded_device_destroy(struct recorded_device *device);
struct pcie_device *recorded_device_pcie(struct recorded_device *device);

/*
 * Perform a recorded access of VF `vf`: at any alignment, split at 4 KiB. A
 * write's bytes are made up, other ones each time. `done(arg, status)` follows
 * when the last part is done, with TLP_SC or the first other status. One access
 * at a time: -EBUSY. -EMSGSIZE beyond max_dma_bytes, -EINVAL for zero bytes.
 */
int recorded_device_dma(struct recorded_device *device, uint32_t vf, bool is_write, uint64_t iova,
			uint32_t len_bytes, void (*done)(void *arg, enum tlp_status status),
			void *arg);

/* Raise a vector of VF `vf` through its MSI-X table, masks and all, as the NIC does. */
void recorded_device_raise_msix(struct recorded_device *device, uint32_t vf, uint32_t vector);

/* The log of what VF `vf` writes, off at first. */
struct dma_log *recorded_device_log(struct recorded_device *device, uint32_t vf);

/* A part of a state stream is at least this long; a shorter one carries nothing. */
#define RECORDED_STATE_MIN 32u

/*
 * The state of VF `vf` as a part of a stream of exactly `size` bytes: as many
 * of the registers as fit, and padding. load takes any number of parts.
 * -EINVAL for what save did not write (altered or cut).
 */
void recorded_device_save(struct recorded_device *device, uint32_t vf, void *stream, size_t size);
int recorded_device_load(struct recorded_device *device, uint32_t vf, const void *stream,
			 size_t size);

#ifdef __cplusplus
}
#endif
#endif
