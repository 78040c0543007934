/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VF_VF_INTERNAL_H
#define VFSIM_VF_VF_INTERNAL_H

#include "base/regs.h"
#include "model/nic/vf_block.h"

struct vf {
	struct nic *nic;
	struct nic_vf *block;
	uint32_t index;
	uint32_t queues;
	uint32_t vectors;
	struct regs regs;
};

/* Rows of the register table, in the order of their offsets. */
enum vf_row {
	VF_ROW_QTX_TAIL1,
	VF_ROW_QRX_TAIL1,
	VF_ROW_ITRN1,
	VF_ROW_DYN_CTLN1,
	VF_ROW_ICR01,
	VF_ROW_ITR01,
	VF_ROW_ICR0_ENA1,
	VF_ROW_DYN_CTL01,
	VF_ROW_ARQBAH1,
	VF_ROW_ATQH1,
	VF_ROW_ATQLEN1,
	VF_ROW_ARQBAL1,
	VF_ROW_ARQT1,
	VF_ROW_ARQH1,
	VF_ROW_ATQBAH1,
	VF_ROW_ATQBAL1,
	VF_ROW_ARQLEN1,
	VF_ROW_ATQT1,
	VF_ROW_RSTAT,
	VF_ROW_HENA,
	VF_ROW_HKEY,
	VF_ROW_HLUT,
	VF_ROWS,
};

extern const struct admin_queue_rows vf_admin_queue_rows;

/* Causes of vector 0 (ICR0_*); 0: look again at those that wait. */
void vf_other_cause(struct vf *vf, uint32_t causes);

#endif
