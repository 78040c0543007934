/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFSIM_PF_H
#define VFSIM_PF_H

/*
 * The PF of vfsim's NIC: its admin queue, by which alone a VF's state is reached. What the commands
 * do is in pf-firmware/pf_command_format.h of vfsim.
 */
#include <linux/pci.h>

struct vfsim_pf;

extern struct pci_driver vfsim_pf_driver;

/* All of these sleep. 0, -EINVAL (refused), -ETIMEDOUT, -EIO. */
int vfsim_pf_stop_dma(struct vfsim_pf *pf, u32 vf);
int vfsim_pf_start_dma(struct vfsim_pf *pf, u32 vf);
int vfsim_pf_suspend(struct vfsim_pf *pf, u32 vf);
int vfsim_pf_resume(struct vfsim_pf *pf, u32 vf);
/* Bytes that can be saved while the VF runs, and of the whole state. */
int vfsim_pf_state_size(struct vfsim_pf *pf, u32 vf, u32 *running, u32 *whole);
/* Bytes [at, at + len) of the state; returns how many there were. */
ssize_t vfsim_pf_state_save(struct vfsim_pf *pf, u32 vf, u32 at, void *data, size_t len);
/* The whole state. -EINVAL: the device does not take it. */
int vfsim_pf_state_load(struct vfsim_pf *pf, u32 vf, const u8 *data, size_t len);

#endif
