/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, IHI 0070 chapter 6: the table of all that an SMMU may have, the
 * enables with their acknowledgements, and the guards: a register that an
 * enable guards ignores writes while the enable is set or still acknowledged.
 * What the SMMU does not offer is taken out of its copy of the table.
 */
#include "iommu/smmu_internal.h"

#define CR0_FIELDS      (CR0_SMMUEN | CR0_PRIQEN | CR0_EVENTQEN | CR0_CMDQEN | CR0_ATSCHK | CR0_VMW)
#define IRQ_CTRL_FIELDS (IRQ_CTRL_GERROR_IRQEN | IRQ_CTRL_PRIQ_IRQEN | IRQ_CTRL_EVENTQ_IRQEN)
#define CR1_TABLE       (CR1_TABLE_SH | CR1_TABLE_OC | CR1_TABLE_IC)
#define CR1_QUEUE       (CR1_QUEUE_SH | CR1_QUEUE_OC | CR1_QUEUE_IC)
#define GBPA_FIELDS     (BITS(20, 16) | GBPA_SHCFG | GBPA_ALLOCCFG | GBPA_MTCFG | GBPA_MEMATTR)
#define GERROR_FIELDS                                                                              \
	(GERROR_CMDQ_ERR | GERROR_EVENTQ_ABT_ERR | GERROR_PRIQ_ABT_ERR | GERROR_MSI_CMDQ_ABT_ERR | \
	 GERROR_MSI_EVENTQ_ABT_ERR | GERROR_MSI_PRIQ_ABT_ERR | GERROR_MSI_GERROR_ABT_ERR |         \
	 GERROR_SFM_ERR)
#define QUEUE_INDEX BITS(19, 0)
#define IRQ_CFG2    (IRQ_CFG2_SH | IRQ_CFG2_MEMATTR)

static bool guarded(const struct smmu *smmu, uint64_t enables)
{
	return (smmu_reg(smmu, ROW_CR0) | smmu->effective) & enables;
}

static bool irq_guarded(const struct smmu *smmu, uint64_t enables)
{
	uint64_t set = smmu_reg(smmu, ROW_IRQ_CTRL) | smmu_reg(smmu, ROW_IRQ_CTRLACK);

	return set & enables;
}

/* Keep the value that was there before a write which a guard forbids. */
#define GUARD(row, condition)                                                                      \
	static void guard_##row(void *owner, uint32_t index, uint64_t before, uint64_t now)        \
	{                                                                                          \
		struct smmu *smmu = owner;                                                         \
                                                                                                   \
		if (condition)                                                                     \
			smmu_reg_set(smmu, ROW_##row, before);                                     \
	}

GUARD(CR2, guarded(smmu, CR0_SMMUEN))
GUARD(STRTAB_BASE, guarded(smmu, CR0_SMMUEN))
GUARD(STRTAB_BASE_CFG, guarded(smmu, CR0_SMMUEN))
GUARD(CMDQ_BASE, guarded(smmu, CR0_CMDQEN))
GUARD(CMDQ_CONS, guarded(smmu, CR0_CMDQEN))
GUARD(EVENTQ_BASE, guarded(smmu, CR0_EVENTQEN))
GUARD(EVENTQ_PROD, guarded(smmu, CR0_EVENTQEN))
GUARD(GERROR_IRQ_CFG0, irq_guarded(smmu, IRQ_CTRL_GERROR_IRQEN))
GUARD(GERROR_IRQ_CFG1, irq_guarded(smmu, IRQ_CTRL_GERROR_IRQEN))
GUARD(GERROR_IRQ_CFG2, irq_guarded(smmu, IRQ_CTRL_GERROR_IRQEN))
GUARD(EVENTQ_IRQ_CFG0, irq_guarded(smmu, IRQ_CTRL_EVENTQ_IRQEN))
GUARD(EVENTQ_IRQ_CFG1, irq_guarded(smmu, IRQ_CTRL_EVENTQ_IRQEN))
GUARD(EVENTQ_IRQ_CFG2, irq_guarded(smmu, IRQ_CTRL_EVENTQ_IRQEN))
GUARD(PRIQ_BASE, guarded(smmu, CR0_PRIQEN))
GUARD(PRIQ_PROD, guarded(smmu, CR0_PRIQEN))
GUARD(PRIQ_IRQ_CFG0, irq_guarded(smmu, IRQ_CTRL_PRIQ_IRQEN))
GUARD(PRIQ_IRQ_CFG1, irq_guarded(smmu, IRQ_CTRL_PRIQ_IRQEN))
GUARD(PRIQ_IRQ_CFG2, irq_guarded(smmu, IRQ_CTRL_PRIQ_IRQEN))

/* Table and queue attributes have guards of their own within one register, 6.3.11. */
static void write_cr1(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct smmu *smmu = owner;
	uint64_t kept = 0;

	if (guarded(smmu, CR0_SMMUEN))
		kept |= CR1_TABLE;
	if (guarded(smmu, CR0_CMDQEN | CR0_EVENTQEN | CR0_PRIQEN))
		kept |= CR1_QUEUE;
	smmu_reg_set(smmu, ROW_CR1, (before & kept) | (now & ~kept));
}

/* A write without Update is ignored; an update takes effect at once, 6.3.14.1. */
static void write_gbpa(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	smmu_reg_set(owner, ROW_GBPA, now & GBPA_UPDATE ? now & ~GBPA_UPDATE : before);
}

/* Software wrote a register of a queue: what the queue's registers hold now. */
static void trace_queue(const struct smmu *smmu, uint32_t written, enum smmu_row base,
			enum smmu_row prod, enum smmu_row cons)
{
	bool is_command = base == ROW_CMDQ_BASE;
	uint64_t log2 = MIN(field_get(Q_BASE_LOG2SIZE, smmu_reg(smmu, base)),
			    is_command ? smmu->cfg.cmdq_log2 : smmu->cfg.evtq_log2);

	trace_emit(&smmu->env.part, TRACE_SMMU_QUEUE, written, log2, smmu_reg(smmu, prod),
		   smmu_reg(smmu, cons));
}

#define TRACE_QUEUE(queue, row)                                                                    \
	static void write_##row(void *owner, uint32_t index, uint64_t before, uint64_t now)        \
	{                                                                                          \
		guard_##row(owner, index, before, now);                                            \
		trace_queue(owner, SMMU_##row, ROW_##queue##_BASE, ROW_##queue##_PROD,             \
			    ROW_##queue##_CONS);                                                   \
	}

TRACE_QUEUE(CMDQ, CMDQ_BASE)
TRACE_QUEUE(CMDQ, CMDQ_CONS)
TRACE_QUEUE(EVENTQ, EVENTQ_BASE)
TRACE_QUEUE(EVENTQ, EVENTQ_PROD)

static void write_eventq_cons(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	trace_queue(owner, SMMU_EVENTQ_CONS, ROW_EVENTQ_BASE, ROW_EVENTQ_PROD, ROW_EVENTQ_CONS);
	smmu_stall_kick(owner);
}

static void write_enables(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct smmu *smmu = owner;

	smmu_regs_settle(smmu);
	smmu_cmdq_kick(smmu);
}

static void write_cr0(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	if (before & ~now & CR0_SMMUEN)
		smmu_stall_disable(owner);
	smmu_stall_kick(owner);
	write_enables(owner, index, before, now);
}

static void write_gerrorn(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	smmu_cmdq_kick(owner);
	smmu_stall_kick(owner);
}

static void write_cmdq_prod(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	trace_queue(owner, SMMU_CMDQ_PROD, ROW_CMDQ_BASE, ROW_CMDQ_PROD, ROW_CMDQ_CONS);
	smmu_cmdq_kick(owner);
}

/* Above the wrap bit of its queue's size it reads as zero, 6.3.28, 6.3.95 and 6.3.97. */
static uint64_t read_index(const struct smmu *smmu, enum smmu_row base, uint8_t max_log2,
			   uint64_t stored)
{
	uint64_t log2 = MIN(field_get(Q_BASE_LOG2SIZE, smmu_reg(smmu, base)), max_log2);

	return stored & ~(QUEUE_INDEX & ~(BIT(log2 + 1) - 1));
}

#define READ_INDEX(queue, row, max_log2)                                                           \
	static uint64_t read_##row(void *owner, uint32_t index, uint64_t stored)                   \
	{                                                                                          \
		const struct smmu *smmu = owner;                                                   \
                                                                                                   \
		return read_index(smmu, ROW_##queue##_BASE, smmu->cfg.max_log2, stored);           \
	}

READ_INDEX(CMDQ, CMDQ_CONS, cmdq_log2)
READ_INDEX(EVENTQ, EVENTQ_PROD, evtq_log2)
READ_INDEX(PRIQ, PRIQ_PROD, priq_log2)

#define RO32(reg, bits)                                                                            \
	{                                                                                          \
		.name = #reg, .offset = SMMU_##reg, .size = 4, .ro = (bits)                        \
	}
#define RW32(reg, bits, write)                                                                     \
	{                                                                                          \
		.name = #reg, .offset = SMMU_##reg, .size = 4, .rw = (bits), .on_write = (write)   \
	}
#define RW64(reg, bits, write)                                                                     \
	{                                                                                          \
		.name = #reg, .offset = SMMU_##reg, .size = 8, .rw = (bits), .on_write = (write)   \
	}

/* An index that the SMMU moves too. */
#define INDEX32(reg, bits, write)                                                                  \
	{                                                                                          \
		.name = #reg, .offset = SMMU_##reg, .size = 4, .rw = (bits),                       \
		.on_read = read_##reg, .on_write = (write)                                         \
	}

/* Of features that are not built. */
#define RESERVED32(reg)                                                                            \
	{                                                                                          \
		.name = #reg, .offset = SMMU_##reg, .size = 4                                      \
	}
#define RESERVED64(reg)                                                                            \
	{                                                                                          \
		.name = #reg, .offset = SMMU_##reg, .size = 8                                      \
	}

static const struct reg_row rows[ROW_COUNT] = {
	[ROW_IDR0] = RO32(IDR0, BITS(31, 0)),
	[ROW_IDR1] = RO32(IDR1, BITS(31, 0)),
	[ROW_IDR2] = RO32(IDR2, BITS(31, 0)),
	[ROW_IDR3] = RO32(IDR3, BITS(31, 0)),
	[ROW_IDR4] = RO32(IDR4, BITS(31, 0)),
	[ROW_IDR5] = RO32(IDR5, BITS(31, 0)),
	[ROW_IIDR] = RO32(IIDR, BITS(31, 0)),
	[ROW_AIDR] = RO32(AIDR, BITS(7, 0)),
	[ROW_CR0] = RW32(CR0, CR0_FIELDS, write_cr0),
	[ROW_CR0ACK] = RO32(CR0ACK, CR0_FIELDS),
	[ROW_CR1] = RW32(CR1, CR1_TABLE | CR1_QUEUE, write_cr1),
	/* no broadcasts: no PTM */
	[ROW_CR2] = RW32(CR2, CR2_E2H | CR2_RECINVSID | CR2_REC_CFG_ATS, guard_CR2),
	[ROW_STATUSR] = RESERVED32(STATUSR),
	[ROW_GBPA] = RW32(GBPA, GBPA_FIELDS | GBPA_UPDATE, write_gbpa),
	[ROW_AGBPA] = RESERVED32(AGBPA),
	[ROW_IRQ_CTRL] = RW32(IRQ_CTRL, IRQ_CTRL_FIELDS, write_enables),
	[ROW_IRQ_CTRLACK] = RO32(IRQ_CTRLACK, IRQ_CTRL_FIELDS),
	[ROW_GERROR] = RO32(GERROR, GERROR_FIELDS),
	[ROW_GERRORN] = RW32(GERRORN, GERROR_FIELDS, write_gerrorn),
	[ROW_GERROR_IRQ_CFG0] = RW64(GERROR_IRQ_CFG0, IRQ_CFG0_ADDR, guard_GERROR_IRQ_CFG0),
	[ROW_GERROR_IRQ_CFG1] = RW32(GERROR_IRQ_CFG1, BITS(31, 0), guard_GERROR_IRQ_CFG1),
	[ROW_GERROR_IRQ_CFG2] = RW32(GERROR_IRQ_CFG2, IRQ_CFG2, guard_GERROR_IRQ_CFG2),
	[ROW_STRTAB_BASE] = RW64(STRTAB_BASE, STRTAB_BASE_RA | STRTAB_BASE_ADDR, guard_STRTAB_BASE),
	[ROW_STRTAB_BASE_CFG] =
		RW32(STRTAB_BASE_CFG,
		     STRTAB_BASE_CFG_FMT | STRTAB_BASE_CFG_SPLIT | STRTAB_BASE_CFG_LOG2SIZE,
		     guard_STRTAB_BASE_CFG),
	[ROW_CMDQ_BASE] =
		RW64(CMDQ_BASE, Q_BASE_RA | Q_BASE_ADDR | Q_BASE_LOG2SIZE, write_CMDQ_BASE),
	[ROW_CMDQ_PROD] = RW32(CMDQ_PROD, QUEUE_INDEX, write_cmdq_prod),
	[ROW_CMDQ_CONS] = INDEX32(CMDQ_CONS, CMDQ_CONS_ERR | QUEUE_INDEX, write_CMDQ_CONS),
	[ROW_EVENTQ_BASE] =
		RW64(EVENTQ_BASE, Q_BASE_WA | Q_BASE_ADDR | Q_BASE_LOG2SIZE, write_EVENTQ_BASE),
	[ROW_EVENTQ_IRQ_CFG0] = RW64(EVENTQ_IRQ_CFG0, IRQ_CFG0_ADDR, guard_EVENTQ_IRQ_CFG0),
	[ROW_EVENTQ_IRQ_CFG1] = RW32(EVENTQ_IRQ_CFG1, BITS(31, 0), guard_EVENTQ_IRQ_CFG1),
	[ROW_EVENTQ_IRQ_CFG2] = RW32(EVENTQ_IRQ_CFG2, IRQ_CFG2, guard_EVENTQ_IRQ_CFG2),
	[ROW_PRIQ_BASE] =
		RW64(PRIQ_BASE, Q_BASE_WA | Q_BASE_ADDR | Q_BASE_LOG2SIZE, guard_PRIQ_BASE),
	[ROW_PRIQ_IRQ_CFG0] = RW64(PRIQ_IRQ_CFG0, IRQ_CFG0_ADDR, guard_PRIQ_IRQ_CFG0),
	[ROW_PRIQ_IRQ_CFG1] = RW32(PRIQ_IRQ_CFG1, BITS(31, 0), guard_PRIQ_IRQ_CFG1),
	[ROW_PRIQ_IRQ_CFG2] = RW32(PRIQ_IRQ_CFG2, PRIQ_IRQ_CFG2_LO | IRQ_CFG2, guard_PRIQ_IRQ_CFG2),
	[ROW_GATOS_CTRL] = RESERVED32(GATOS_CTRL),
	[ROW_GATOS_SID] = RESERVED64(GATOS_SID),
	[ROW_GATOS_ADDR] = RESERVED64(GATOS_ADDR),
	[ROW_GATOS_PAR] = RESERVED64(GATOS_PAR),
	[ROW_MPAMIDR] = RESERVED32(MPAMIDR),
	[ROW_GMPAM] = RESERVED32(GMPAM),
	[ROW_GBPMPAM] = RESERVED32(GBPMPAM),
	[ROW_VATOS_SEL] = RESERVED32(VATOS_SEL),
	[ROW_IDR6] = RESERVED32(IDR6),
	[ROW_ID_REGS] = {.name = "ID_REGS",
			 .offset = SMMU_ID_REGS,
			 .size = 4,
			 .count = SMMU_ID_REG_COUNT,
			 .stride = 4,
			 .ro = BITS(7, 0)},
	[ROW_EVENTQ_PROD] =
		INDEX32(EVENTQ_PROD, EVENTQ_PROD_OVFLG | QUEUE_INDEX, write_EVENTQ_PROD),
	[ROW_EVENTQ_CONS] =
		RW32(EVENTQ_CONS, EVENTQ_CONS_OVACKFLG | QUEUE_INDEX, write_eventq_cons),
	[ROW_PRIQ_PROD] = INDEX32(PRIQ_PROD, PRIQ_PROD_OVFLG | QUEUE_INDEX, guard_PRIQ_PROD),
	[ROW_PRIQ_CONS] = RW32(PRIQ_CONS, PRIQ_CONS_OVACKFLG | QUEUE_INDEX, NULL),
};

static const struct reg_table table = {
	.name = "smmu",
	.row = rows,
	.rows = ROW_COUNT,
	.window_bytes = SMMU_REGISTER_BYTES,
};

const struct reg_table *smmu_register_table(void)
{
	return &table;
}

int smmu_regs_init(struct smmu *smmu)
{
	int err;

	memcpy(smmu->row, rows, sizeof(rows));
	smmu_registers_reserve(smmu->row, &smmu->cfg);
	smmu->table = table;
	smmu->table.row = smmu->row;
	err = regs_init(&smmu->regs, &smmu->table, smmu);
	if (!err)
		smmu_identify(smmu);
	return err;
}

/* Which of the enables that fall must still be shown as set, 6.3.9 and 6.3.16. */
static uint64_t held_enables(const struct smmu *smmu)
{
	uint64_t held = 0;

	if (smmu->translating || smmu->priq.count)
		held |= CR0_SMMUEN;
	if (smmu->evtq.writing)
		held |= CR0_EVENTQEN;
	if (smmu->priq.count)
		held |= CR0_PRIQEN;
	if (smmu->cmdq.state != CMDQ_IDLE)
		held |= CR0_CMDQEN;
	return held;
}

static uint64_t held_irqs(const struct smmu *smmu)
{
	return (smmu->gerror_msi.busy ? IRQ_CTRL_GERROR_IRQEN : 0) |
	       (smmu->evtq.msi.busy ? IRQ_CTRL_EVENTQ_IRQEN : 0) |
	       (smmu->priq.msi.busy ? IRQ_CTRL_PRIQ_IRQEN : 0);
}

void smmu_regs_settle(struct smmu *smmu)
{
	uint64_t wanted = smmu_reg(smmu, ROW_CR0);
	uint64_t irq_wanted = smmu_reg(smmu, ROW_IRQ_CTRL);
	uint64_t irq_effective = smmu_reg(smmu, ROW_IRQ_CTRLACK);

	if (smmu->effective != wanted) {
		smmu->effective =
			(uint32_t)(wanted | (smmu->effective & ~wanted & held_enables(smmu)));
		smmu_reg_set(smmu, ROW_CR0ACK, smmu->effective);
	}
	if (irq_effective != irq_wanted)
		smmu_reg_set(smmu, ROW_IRQ_CTRLACK,
			     irq_wanted | (irq_effective & ~irq_wanted & held_irqs(smmu)));
}
