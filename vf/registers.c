/* SPDX-License-Identifier: Apache-2.0 */
/* The registers in BAR0 of a VF and what their bits do (AVF specification, device registers). */
#include "vf/vf.h"
#include "vf/vf_internal.h"

/* Registers of a kind in BAR0; a VF that has fewer queues or vectors ignores the rest. */
#define VF_QUEUE_REGS  16u
#define VF_VECTOR_REGS 16u

static uint64_t tx_tail_read(void *owner, uint32_t queue, uint64_t stored)
{
	struct vf *vf = owner;

	return queue < vf->queues ? nic_vf_tail_read(vf->block, false, queue) : 0;
}

static void tx_tail_write(void *owner, uint32_t queue, uint64_t before, uint64_t now)
{
	struct vf *vf = owner;

	if (queue < vf->queues)
		nic_vf_tail_write(vf->block, false, queue, (uint32_t)now);
}

static uint64_t rx_tail_read(void *owner, uint32_t queue, uint64_t stored)
{
	struct vf *vf = owner;

	return queue < vf->queues ? nic_vf_tail_read(vf->block, true, queue) : 0;
}

static void rx_tail_write(void *owner, uint32_t queue, uint64_t before, uint64_t now)
{
	struct vf *vf = owner;

	if (queue < vf->queues)
		nic_vf_tail_write(vf->block, true, queue, (uint32_t)now);
}

static uint64_t dyn_ctln_read(void *owner, uint32_t n, uint64_t stored)
{
	struct vf *vf = owner;

	return n + 1 < vf->vectors ? nic_vf_dyn_ctl_read(vf->block, n + 1) : 0;
}

static void dyn_ctln_write(void *owner, uint32_t n, uint64_t before, uint64_t now)
{
	struct vf *vf = owner;

	if (n + 1 < vf->vectors)
		nic_vf_dyn_ctl_write(vf->block, n + 1, (uint32_t)now);
}

static uint64_t itrn_read(void *owner, uint32_t index, uint64_t stored)
{
	struct vf *vf = owner;
	uint32_t n = index % VF_VECTOR_REGS;

	return n + 1 < vf->vectors ? nic_vf_itr_read(vf->block, n + 1, index / VF_VECTOR_REGS) : 0;
}

static void itrn_write(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct vf *vf = owner;
	uint32_t n = index % VF_VECTOR_REGS;

	if (n + 1 < vf->vectors)
		nic_vf_itr_write(vf->block, n + 1, index / VF_VECTOR_REGS, (uint32_t)now);
}

static uint64_t dyn_ctl0_read(void *owner, uint32_t index, uint64_t stored)
{
	struct vf *vf = owner;

	return nic_vf_dyn_ctl_read(vf->block, 0);
}

static void dyn_ctl0_write(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct vf *vf = owner;

	if (now & DYN_CTL_SWINT_TRIG)
		regs_set(&vf->regs, VF_ROW_ICR01, 0,
			 regs_get(&vf->regs, VF_ROW_ICR01, 0) | ICR0_SWINT | ICR0_INTEVENT);
	nic_vf_dyn_ctl_write(vf->block, 0, (uint32_t)now);
}

static uint64_t itr0_read(void *owner, uint32_t index, uint64_t stored)
{
	struct vf *vf = owner;

	return nic_vf_itr_read(vf->block, 0, index);
}

static void itr0_write(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct vf *vf = owner;

	nic_vf_itr_write(vf->block, 0, index, (uint32_t)now);
}

static void icr0_ena_write(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	vf_other_cause(owner, 0);
}

static void aq_write(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct vf *vf = owner;

	admin_queue_kick(nic_vf_admin_queue(vf->block));
}

#define ALL32   BITS(31, 0)
#define BAL_RW  BITS(31, 6)
#define LEN_RW  (AQ_LEN_LEN | AQ_LEN_VFE | AQ_LEN_OVFL | AQ_LEN_CRIT | AQ_LEN_ENABLE)
#define TAIL_RW BITS(12, 0)
#define ICR0_RC (ICR0_INTEVENT | ICR0_QUEUE_0 | ICR0_LINK_STAT_CHANGE | ICR0_ADMINQ | ICR0_SWINT)
#define DYN_CTL_RW                                                                                 \
	(DYN_CTL_INTENA | DYN_CTL_CLEARPBA | DYN_CTL_SWINT_TRIG | DYN_CTL_ITR_INDX |               \
	 DYN_CTL_INTERVAL | DYN_CTL_SW_ITR_INDX_ENA | DYN_CTL_SW_ITR_INDX | DYN_CTL_WB_ON_ITR |    \
	 DYN_CTL_INTENA_MSK)

/* clang-format off */
static const struct reg_row vf_rows[VF_ROWS] = {
	[VF_ROW_QTX_TAIL1] = {.name = "QTX_TAIL1", .offset = QTX_TAIL1(0), .size = 4,
		.count = VF_QUEUE_REGS, .stride = 4, .rw = TAIL_RW,
		.on_read = tx_tail_read, .on_write = tx_tail_write},
	[VF_ROW_QRX_TAIL1] = {.name = "QRX_TAIL1", .offset = QRX_TAIL1(0), .size = 4,
		.count = VF_QUEUE_REGS, .stride = 4, .rw = TAIL_RW,
		.on_read = rx_tail_read, .on_write = rx_tail_write},
	[VF_ROW_ITRN1] = {.name = "VFINT_ITRN1", .offset = VFINT_ITRN1(0, 0), .size = 4,
		.count = 3 * VF_VECTOR_REGS, .stride = 4, .rw = ITR_INTERVAL,
		.on_read = itrn_read, .on_write = itrn_write},
	[VF_ROW_DYN_CTLN1] = {.name = "VFINT_DYN_CTLN1", .offset = VFINT_DYN_CTLN1(0), .size = 4,
		.count = VF_VECTOR_REGS, .stride = 4, .rw = DYN_CTL_RW,
		.on_read = dyn_ctln_read, .on_write = dyn_ctln_write},
	[VF_ROW_ICR01] = {.name = "VFINT_ICR01", .offset = VFINT_ICR01, .size = 4, .rc = ICR0_RC},
	[VF_ROW_ITR01] = {.name = "VFINT_ITR01", .offset = VFINT_ITR01(0), .size = 4,
		.count = 3, .stride = 4, .rw = ITR_INTERVAL,
		.on_read = itr0_read, .on_write = itr0_write},
	[VF_ROW_ICR0_ENA1] = {.name = "VFINT_ICR0_ENA1", .offset = VFINT_ICR0_ENA1, .size = 4,
		.rw = ICR0_RC & ~ICR0_INTEVENT, .on_write = icr0_ena_write},
	[VF_ROW_DYN_CTL01] = {.name = "VFINT_DYN_CTL01", .offset = VFINT_DYN_CTL01, .size = 4,
		.rw = DYN_CTL_RW, .on_read = dyn_ctl0_read, .on_write = dyn_ctl0_write},
	[VF_ROW_ARQBAH1] = {.name = "VF_ARQBAH1", .offset = VF_ARQBAH1, .size = 4, .rw = ALL32},
	[VF_ROW_ATQH1] = {.name = "VF_ATQH1", .offset = VF_ATQH1, .size = 4, .rw = AQ_INDEX},
	[VF_ROW_ATQLEN1] = {.name = "VF_ATQLEN1", .offset = VF_ATQLEN1, .size = 4, .rw = LEN_RW,
		.on_write = aq_write},
	[VF_ROW_ARQBAL1] = {.name = "VF_ARQBAL1", .offset = VF_ARQBAL1, .size = 4, .rw = BAL_RW},
	[VF_ROW_ARQT1] = {.name = "VF_ARQT1", .offset = VF_ARQT1, .size = 4, .rw = AQ_INDEX,
		.on_write = aq_write},
	[VF_ROW_ARQH1] = {.name = "VF_ARQH1", .offset = VF_ARQH1, .size = 4, .rw = AQ_INDEX},
	[VF_ROW_ATQBAH1] = {.name = "VF_ATQBAH1", .offset = VF_ATQBAH1, .size = 4, .rw = ALL32},
	[VF_ROW_ATQBAL1] = {.name = "VF_ATQBAL1", .offset = VF_ATQBAL1, .size = 4, .rw = BAL_RW},
	[VF_ROW_ARQLEN1] = {.name = "VF_ARQLEN1", .offset = VF_ARQLEN1, .size = 4, .rw = LEN_RW,
		.on_write = aq_write},
	[VF_ROW_ATQT1] = {.name = "VF_ATQT1", .offset = VF_ATQT1, .size = 4, .rw = AQ_INDEX,
		.on_write = aq_write},
	[VF_ROW_RSTAT] = {.name = "VFGEN_RSTAT", .offset = VFGEN_RSTAT, .size = 4,
		.ro = VFGEN_RSTAT_VFR_STATE},
	[VF_ROW_HENA] = {.name = "VFQF_HENA", .offset = VFQF_HENA(0), .size = 4,
		.count = 2, .stride = 4, .rw = ALL32},
	[VF_ROW_HKEY] = {.name = "VFQF_HKEY", .offset = VFQF_HKEY(0), .size = 4,
		.count = 13, .stride = 4, .rw = ALL32},
	[VF_ROW_HLUT] = {.name = "VFQF_HLUT", .offset = VFQF_HLUT(0), .size = 4,
		.count = 16, .stride = 4, .rw = ALL32},
};
/* clang-format on */

static const struct reg_table vf_table = {
	.name = "vf",
	.row = vf_rows,
	.rows = VF_ROWS,
	.window_bytes = VF_BAR0_SIZE,
};

const struct admin_queue_rows vf_admin_queue_rows = {
	VF_ROW_ATQBAL1, VF_ROW_ATQBAH1, VF_ROW_ATQLEN1, VF_ROW_ATQH1, VF_ROW_ATQT1,
	VF_ROW_ARQBAL1, VF_ROW_ARQBAH1, VF_ROW_ARQLEN1, VF_ROW_ARQH1, VF_ROW_ARQT1,
};

const struct reg_table *vf_reg_table(void)
{
	return &vf_table;
}
