/* SPDX-License-Identifier: Apache-2.0 */
/* The PF: registers in BAR0 and its admin queue (X710 datasheet, chapter 10). */
#include "model/nic/nic_internal.h"

enum pf_row {
	PF_ROW_DYN_CTL0,
	PF_ROW_ICR0,
	PF_ROW_ICR0_ENA,
	PF_ROW_ATQBAL,
	PF_ROW_ARQBAL,
	PF_ROW_ATQBAH,
	PF_ROW_ARQBAH,
	PF_ROW_ATQLEN,
	PF_ROW_ARQLEN,
	PF_ROW_ATQH,
	PF_ROW_ARQH,
	PF_ROW_ATQT,
	PF_ROW_ARQT,
	PF_ROW_VP_MDET_TX,
	PF_ROW_GL_MDET_TX,
	PF_ROWS,
};

#define LEN_RW (AQ_LEN_LEN | AQ_LEN_VFE | AQ_LEN_OVFL | AQ_LEN_CRIT | AQ_LEN_ENABLE)

static void pf_kick(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct nic *nic = owner;

	admin_queue_kick(&nic->pf_aq);
}

/* Raise vector 0 if a cause that is enabled waits; it masks itself. */
static void pf_interrupt_check(struct nic *nic)
{
	uint64_t ctl = regs_get(&nic->pf_regs, PF_ROW_DYN_CTL0, 0);
	uint64_t cause = regs_get(&nic->pf_regs, PF_ROW_ICR0, 0);

	if (!(ctl & DYN_CTL_INTENA) || !(cause & regs_get(&nic->pf_regs, PF_ROW_ICR0_ENA, 0)))
		return;
	regs_set(&nic->pf_regs, PF_ROW_DYN_CTL0, 0, ctl & ~DYN_CTL_INTENA);
	dma_raise(&nic->dma, &nic->pf_dma, 0);
}

static void pf_cause(struct nic *nic, uint64_t cause)
{
	regs_set(&nic->pf_regs, PF_ROW_ICR0, 0, regs_get(&nic->pf_regs, PF_ROW_ICR0, 0) | cause);
	pf_interrupt_check(nic);
}

static void pf_dyn_ctl(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct nic *nic = owner;

	if (now & DYN_CTL_INTENA_MSK)
		now = (now & ~DYN_CTL_INTENA) | (before & DYN_CTL_INTENA);
	regs_set(&nic->pf_regs, PF_ROW_DYN_CTL0, 0, now & (DYN_CTL_INTENA | DYN_CTL_ITR_INDX));
	pf_interrupt_check(nic);
}

static void pf_icr0_ena(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	pf_interrupt_check(owner);
}

#define DYN_CTL_RW                                                                                 \
	(DYN_CTL_INTENA | DYN_CTL_CLEARPBA | DYN_CTL_ITR_INDX | DYN_CTL_INTERVAL |                 \
	 DYN_CTL_INTENA_MSK)

static const struct reg_row pf_rows[PF_ROWS] = {
	[PF_ROW_DYN_CTL0] = {.name = "PFINT_DYN_CTL0",
			     .offset = PFINT_DYN_CTL0,
			     .size = 4,
			     .rw = DYN_CTL_RW,
			     .on_write = pf_dyn_ctl},
	[PF_ROW_ICR0] = {.name = "PFINT_ICR0",
			 .offset = PFINT_ICR0,
			 .size = 4,
			 .rc = ICR0_ADMINQ | ICR0_INTEVENT | ICR0_MAL_DETECT},
	[PF_ROW_ICR0_ENA] = {.name = "PFINT_ICR0_ENA",
			     .offset = PFINT_ICR0_ENA,
			     .size = 4,
			     .rw = ICR0_ADMINQ | ICR0_MAL_DETECT,
			     .on_write = pf_icr0_ena},
	[PF_ROW_ATQBAL] = {.name = "PF_ATQBAL", .offset = PF_ATQBAL, .size = 4, .rw = BITS(31, 6)},
	[PF_ROW_ARQBAL] = {.name = "PF_ARQBAL", .offset = PF_ARQBAL, .size = 4, .rw = BITS(31, 6)},
	[PF_ROW_ATQBAH] = {.name = "PF_ATQBAH", .offset = PF_ATQBAH, .size = 4, .rw = BITS(31, 0)},
	[PF_ROW_ARQBAH] = {.name = "PF_ARQBAH", .offset = PF_ARQBAH, .size = 4, .rw = BITS(31, 0)},
	[PF_ROW_ATQLEN] = {.name = "PF_ATQLEN",
			   .offset = PF_ATQLEN,
			   .size = 4,
			   .rw = LEN_RW,
			   .on_write = pf_kick},
	[PF_ROW_ARQLEN] = {.name = "PF_ARQLEN",
			   .offset = PF_ARQLEN,
			   .size = 4,
			   .rw = LEN_RW,
			   .on_write = pf_kick},
	[PF_ROW_ATQH] = {.name = "PF_ATQH", .offset = PF_ATQH, .size = 4, .rw = AQ_INDEX},
	[PF_ROW_ARQH] = {.name = "PF_ARQH", .offset = PF_ARQH, .size = 4, .rw = AQ_INDEX},
	[PF_ROW_ATQT] = {.name = "PF_ATQT",
			 .offset = PF_ATQT,
			 .size = 4,
			 .rw = AQ_INDEX,
			 .on_write = pf_kick},
	[PF_ROW_ARQT] = {.name = "PF_ARQT",
			 .offset = PF_ARQT,
			 .size = 4,
			 .rw = AQ_INDEX,
			 .on_write = pf_kick},
	[PF_ROW_VP_MDET_TX] = {.name = "VP_MDET_TX",
			       .offset = VP_MDET_TX(0),
			       .size = 4,
			       .count = NIC_MAX_VFS,
			       .stride = 4,
			       .w1c = VP_MDET_TX_VALID},
	[PF_ROW_GL_MDET_TX] = {.name = "GL_MDET_TX",
			       .offset = GL_MDET_TX,
			       .size = 4,
			       .w1c = GL_MDET_TX_QUEUE | GL_MDET_TX_VF_NUM | GL_MDET_TX_PF_NUM |
				      GL_MDET_TX_EVENT | GL_MDET_TX_VALID},
};

static const struct reg_table pf_table = {
	.name = "pf",
	.row = pf_rows,
	.rows = PF_ROWS,
	.window_bytes = PF_BAR0_SIZE,
};

static const struct admin_queue_rows pf_aq_rows = {
	PF_ROW_ATQBAL, PF_ROW_ATQBAH, PF_ROW_ATQLEN, PF_ROW_ATQH, PF_ROW_ATQT,
	PF_ROW_ARQBAL, PF_ROW_ARQBAH, PF_ROW_ARQLEN, PF_ROW_ARQH, PF_ROW_ARQT,
};

const struct reg_table *nic_pf_reg_table(void)
{
	return &pf_table;
}

static void pf_aq_interrupt(void *ctx)
{
	struct nic *nic = ctx;

	pf_cause(nic, ICR0_ADMINQ | ICR0_INTEVENT);
}

void nic_pf_mdd(struct nic *nic, uint32_t vf, uint32_t queue, enum mdd_event event)
{
	regs_set(&nic->pf_regs, PF_ROW_VP_MDET_TX, vf, VP_MDET_TX_VALID);
	if (!(regs_get(&nic->pf_regs, PF_ROW_GL_MDET_TX, 0) & GL_MDET_TX_VALID))
		regs_set(&nic->pf_regs, PF_ROW_GL_MDET_TX, 0,
			 GL_MDET_TX_VALID | field_put(GL_MDET_TX_QUEUE, queue) |
				 field_put(GL_MDET_TX_VF_NUM, vf) |
				 field_put(GL_MDET_TX_EVENT, event));
	pf_cause(nic, ICR0_MAL_DETECT);
}

static uint64_t pf_bar_read(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes)
{
	struct nic *nic = ctx;
	uint64_t value = 0;

	if (!bar)
		regs_read(&nic->pf_regs, (uint32_t)offset, len_bytes, &value);
	return value;
}

static void pf_bar_write(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes,
			 uint64_t value)
{
	struct nic *nic = ctx;

	if (!bar)
		regs_write(&nic->pf_regs, (uint32_t)offset, len_bytes, value);
}

static void pf_reset(void *ctx, enum pcie_reset_cause cause)
{
	struct nic *nic = ctx;

	nic->pf_dma.generation++;
	admin_queue_reset(&nic->pf_aq);
	regs_reset(&nic->pf_regs);
	if (nic->firmware && nic->firmware->pf_reset)
		nic->firmware->pf_reset(nic->firmware_ctx);
}

static const struct pcie_function_ops pf_ops = {
	.bar_read = pf_bar_read,
	.bar_write = pf_bar_write,
	.reset = pf_reset,
};

int nic_pf_init(struct nic *nic)
{
	int err;

	nic->pf_dma.pcie = pcie_device_pf(nic->env.device);
	err = regs_init(&nic->pf_regs, &pf_table, nic);
	if (err)
		return err;
	err = admin_queue_init(&nic->pf_aq, nic, NIC_PF, &nic->pf_dma, &nic->pf_regs, &pf_aq_rows);
	if (err)
		return err;
	nic->pf_aq.interrupt = pf_aq_interrupt;
	nic->pf_aq.ctx = nic;
	pcie_function_bind(nic->pf_dma.pcie, &pf_ops, nic);
	return 0;
}

void nic_pf_fini(struct nic *nic)
{
	admin_queue_fini(&nic->pf_aq);
	regs_fini(&nic->pf_regs);
}
