/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VF_VF_H
#define VFSIM_VF_VF_H

/*
 * A virtual function as its driver meets it: the registers of the Adaptive
 * Virtual Function interface and what their bits do, reset (VFR, FLR) with
 * VFGEN_RSTAT, and the admin queue that carries virtchnl.
 *
 * Source: Intel Ethernet Adaptive Virtual Function specification.
 */

#include "model/nic/nic.h"

#ifdef __cplusplus
extern "C" {
#endif

struct reg_table;
struct vf;

/*
 * The logic of VF `index` of a NIC, bound to it; what follows from the table of registers it has
 * with `like`, another VF, if there is one. NULL without memory.
 */
struct vf *vf_create(struct nic *nic, uint32_t index, const struct vf *like);
void vf_destroy(struct vf *vf);

/* The register table, for documentation and tests. */
const struct reg_table *vf_reg_table(void);

#ifdef __cplusplus
}
#endif
#endif
