/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_VF_BLOCK_H
#define VFSIM_MODEL_NIC_VF_BLOCK_H

/*
 * The hardware of one VF as the VF's own logic (vf/) drives it: queue
 * doorbells, interrupt vectors, the admin queue's transport. vf/ owns the
 * register file that the VF's driver sees and says what its bits do.
 */

#include "base/regs.h"
#include "model/nic/admin_queue.h"
#include "model/nic/avf_format.h"
#include "model/nic/nic.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nic_vf;

enum nic_reset_cause {
	NIC_RESET_VFR,        /* the firmware's trigger */
	NIC_RESET_FLR,        /* configuration space */
	NIC_RESET_VF_ENABLE,  /* the VF appears */
	NIC_RESET_VF_DISABLE, /* the VF goes */
};

struct nic_vf_ops {
	/* BAR0: 1, 2, 4 or 8 bytes, naturally aligned. */
	uint64_t (*read)(void *ctx, uint32_t offset, uint32_t len_bytes);
	void (*write)(void *ctx, uint32_t offset, uint32_t len_bytes, uint64_t value);
	/*
	 * A reset begins: registers go to their reset values now. Queues,
	 * vectors and admin queue are stopped already.
	 */
	void (*reset)(void *ctx, enum nic_reset_cause cause);
	/* The last DMA from before the reset is done. */
	void (*reset_drained)(void *ctx);
	/* The admin queue wrote a descriptor back: interrupt. */
	void (*admin_queue)(void *ctx);
	/* The firmware says what VFGEN_RSTAT shows. */
	void (*set_rstat)(void *ctx, uint32_t state);
};

/*
 * Put the logic of VF `index` behind its function. `regs` is vf/'s register
 * file: firmware and admin queue reach it, too. All are kept.
 */
struct nic_vf *nic_vf_bind(struct nic *nic, uint32_t index, const struct nic_vf_ops *ops, void *ctx,
			   struct regs *regs, const struct admin_queue_rows *rows);

struct admin_queue *nic_vf_admin_queue(struct nic_vf *vf);

/* Doorbell of queue `queue`: the index after the last descriptor that software filled. */
void nic_vf_tail_write(struct nic_vf *vf, bool rx, uint32_t queue, uint32_t tail);
uint32_t nic_vf_tail_read(const struct nic_vf *vf, bool rx, uint32_t queue);

/* DYN_CTL of vector `vector`: what a write does, and what a read finds. */
void nic_vf_dyn_ctl_write(struct nic_vf *vf, uint32_t vector, uint32_t value);
uint32_t nic_vf_dyn_ctl_read(const struct nic_vf *vf, uint32_t vector);

/* Throttling interval `index` (0 to 2) of a vector, in units of ITR_UNIT_PS. */
void nic_vf_itr_write(struct nic_vf *vf, uint32_t vector, uint32_t index, uint32_t value);
uint32_t nic_vf_itr_read(const struct nic_vf *vf, uint32_t vector, uint32_t index);

/* A cause of vector `vector` under interval `itr_index` (ITR_NONE: at once). */
void nic_vf_cause(struct nic_vf *vf, uint32_t vector, uint32_t itr_index);

#ifdef __cplusplus
}
#endif
#endif
