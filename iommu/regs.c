/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, IHI 0070 chapter 6: the table, what identifies the SMMU, the
 * enables with their acknowledgements, and the guards: a register that an
 * enable guards ignores writes while the enable is set or still acknowledged.
 */
#include "iommu/smmu_internal.h"

#define CR0_FIELDS      (CR0_SMMUEN | CR0_PRIQEN | CR0_EVENTQEN | CR0_CMDQEN | CR0_ATSCHK)
#define IRQ_CTRL_FIELDS (IRQ_CTRL_GERROR_IRQEN | IRQ_CTRL_PRIQ_IRQEN | IRQ_CTRL_EVENTQ_IRQEN)
#define CR1_TABLE       (CR1_TABLE_SH | CR1_TABLE_OC | CR1_TABLE_IC)
#define CR1_QUEUE       (CR1_QUEUE_SH | CR1_QUEUE_OC | CR1_QUEUE_IC)
#define GBPA_FIELDS     (BITS(20, 16) | GBPA_SHCFG | GBPA_ALLOCCFG | GBPA_MTCFG | GBPA_MEMATTR)
#define GERROR_FIELDS                                                                              \
	(GERROR_CMDQ_ERR | GERROR_EVENTQ_ABT_ERR | GERROR_PRIQ_ABT_ERR | GERROR_MSI_CMDQ_ABT_ERR | \
	 GERROR_MSI_EVENTQ_ABT_ERR | GERROR_MSI_PRIQ_ABT_ERR | GERROR_MSI_GERROR_ABT_ERR)
#define QUEUE_INDEX BITS(19, 0)

static bool guarded(const struct smmu *smmu, uint64_t enables)
{
	return (smmu_reg(smmu, ROW_CR0) | smmu->effective) & enables;
}

static bool irq_guarded(const struct smmu *smmu, uint64_t enables)
{
	uint64_t set = smmu_reg(smmu, ROW_IRQ_CTRL) | smmu_reg(smmu, ROW_IRQ_CTRLACK);

	return !smmu->cfg.msi || (set & enables);
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
GUARD(PRIQ_BASE, !smmu->cfg.pri || guarded(smmu, CR0_PRIQEN))
GUARD(PRIQ_PROD, !smmu->cfg.pri || guarded(smmu, CR0_PRIQEN))
GUARD(PRIQ_CONS, !smmu->cfg.pri)
GUARD(PRIQ_IRQ_CFG0, !smmu->cfg.pri || irq_guarded(smmu, IRQ_CTRL_PRIQ_IRQEN))
GUARD(PRIQ_IRQ_CFG1, !smmu->cfg.pri || irq_guarded(smmu, IRQ_CTRL_PRIQ_IRQEN))

/* LO is there without MSIs too, 6.3.36. */
static void write_priq_irq_cfg2(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct smmu *smmu = owner;
	uint64_t set = smmu_reg(smmu, ROW_IRQ_CTRL) | smmu_reg(smmu, ROW_IRQ_CTRLACK);

	if (!smmu->cfg.pri || (set & IRQ_CTRL_PRIQ_IRQEN))
		smmu_reg_set(smmu, ROW_PRIQ_IRQ_CFG2, before);
	else if (!smmu->cfg.msi)
		smmu_reg_set(smmu, ROW_PRIQ_IRQ_CFG2, now & PRIQ_IRQ_CFG2_LO);
}

static void write_cr2(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct smmu *smmu = owner;

	if (guarded(smmu, CR0_SMMUEN))
		smmu_reg_set(smmu, ROW_CR2, before);
	else if (!smmu->cfg.ats)
		smmu_reg_set(smmu, ROW_CR2, now & ~CR2_REC_CFG_ATS);
}

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
}

/* Enables of what the IDRs do not offer are reserved. */
static void write_enables(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct smmu *smmu = owner;
	uint64_t absent = smmu->cfg.pri ? 0 : CR0_PRIQEN;

	if (!smmu->cfg.ats)
		absent |= CR0_ATSCHK;
	smmu_reg_set(smmu, ROW_CR0, smmu_reg(smmu, ROW_CR0) & ~absent);
	if (!smmu->cfg.pri)
		smmu_reg_set(smmu, ROW_IRQ_CTRL,
			     smmu_reg(smmu, ROW_IRQ_CTRL) & ~IRQ_CTRL_PRIQ_IRQEN);
	smmu_regs_settle(smmu);
	smmu_cmdq_kick(smmu);
}

static void write_gerrorn(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	smmu_cmdq_kick(owner);
}

static void write_cmdq_prod(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	trace_queue(owner, SMMU_CMDQ_PROD, ROW_CMDQ_BASE, ROW_CMDQ_PROD, ROW_CMDQ_CONS);
	smmu_cmdq_kick(owner);
}

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

static const struct reg_row rows[ROW_COUNT] = {
	[ROW_IDR0] = RO32(IDR0, BITS(31, 0)),
	[ROW_IDR1] = RO32(IDR1, BITS(31, 0)),
	[ROW_IDR2] = RO32(IDR2, BITS(31, 0)),
	[ROW_IDR3] = RO32(IDR3, BITS(31, 0)),
	[ROW_IDR4] = RO32(IDR4, BITS(31, 0)),
	[ROW_IDR5] = RO32(IDR5, BITS(31, 0)),
	[ROW_IIDR] = RO32(IIDR, BITS(31, 0)),
	[ROW_AIDR] = RO32(AIDR, BITS(7, 0)),
	[ROW_CR0] = RW32(CR0, CR0_FIELDS, write_enables),
	[ROW_CR0ACK] = RO32(CR0ACK, CR0_FIELDS),
	[ROW_CR1] = RW32(CR1, CR1_TABLE | CR1_QUEUE, write_cr1),
	[ROW_CR2] = RW32(CR2, CR2_E2H | CR2_RECINVSID | CR2_PTM | CR2_REC_CFG_ATS, write_cr2),
	[ROW_GBPA] = RW32(GBPA, GBPA_FIELDS | GBPA_UPDATE, write_gbpa),
	[ROW_IRQ_CTRL] = RW32(IRQ_CTRL, IRQ_CTRL_FIELDS, write_enables),
	[ROW_IRQ_CTRLACK] = RO32(IRQ_CTRLACK, IRQ_CTRL_FIELDS),
	[ROW_GERROR] = RO32(GERROR, GERROR_FIELDS),
	[ROW_GERRORN] = RW32(GERRORN, GERROR_FIELDS, write_gerrorn),
	[ROW_GERROR_IRQ_CFG0] = RW64(GERROR_IRQ_CFG0, IRQ_CFG0_ADDR, guard_GERROR_IRQ_CFG0),
	[ROW_GERROR_IRQ_CFG1] = RW32(GERROR_IRQ_CFG1, BITS(31, 0), guard_GERROR_IRQ_CFG1),
	[ROW_GERROR_IRQ_CFG2] = RW32(GERROR_IRQ_CFG2, BITS(5, 0), guard_GERROR_IRQ_CFG2),
	[ROW_STRTAB_BASE] = RW64(STRTAB_BASE, STRTAB_BASE_RA | STRTAB_BASE_ADDR, guard_STRTAB_BASE),
	[ROW_STRTAB_BASE_CFG] =
		RW32(STRTAB_BASE_CFG,
		     STRTAB_BASE_CFG_FMT | STRTAB_BASE_CFG_SPLIT | STRTAB_BASE_CFG_LOG2SIZE,
		     guard_STRTAB_BASE_CFG),
	[ROW_CMDQ_BASE] =
		RW64(CMDQ_BASE, Q_BASE_RA | Q_BASE_ADDR | Q_BASE_LOG2SIZE, write_CMDQ_BASE),
	[ROW_CMDQ_PROD] = RW32(CMDQ_PROD, QUEUE_INDEX, write_cmdq_prod),
	[ROW_CMDQ_CONS] = RW32(CMDQ_CONS, CMDQ_CONS_ERR | QUEUE_INDEX, write_CMDQ_CONS),
	[ROW_EVENTQ_BASE] =
		RW64(EVENTQ_BASE, Q_BASE_WA | Q_BASE_ADDR | Q_BASE_LOG2SIZE, write_EVENTQ_BASE),
	[ROW_EVENTQ_IRQ_CFG0] = RW64(EVENTQ_IRQ_CFG0, IRQ_CFG0_ADDR, guard_EVENTQ_IRQ_CFG0),
	[ROW_EVENTQ_IRQ_CFG1] = RW32(EVENTQ_IRQ_CFG1, BITS(31, 0), guard_EVENTQ_IRQ_CFG1),
	[ROW_EVENTQ_IRQ_CFG2] = RW32(EVENTQ_IRQ_CFG2, BITS(5, 0), guard_EVENTQ_IRQ_CFG2),
	[ROW_EVENTQ_PROD] = RW32(EVENTQ_PROD, EVENTQ_PROD_OVFLG | QUEUE_INDEX, write_EVENTQ_PROD),
	[ROW_EVENTQ_CONS] =
		RW32(EVENTQ_CONS, EVENTQ_CONS_OVACKFLG | QUEUE_INDEX, write_eventq_cons),
	[ROW_PRIQ_BASE] =
		RW64(PRIQ_BASE, Q_BASE_WA | Q_BASE_ADDR | Q_BASE_LOG2SIZE, guard_PRIQ_BASE),
	[ROW_PRIQ_IRQ_CFG0] = RW64(PRIQ_IRQ_CFG0, IRQ_CFG0_ADDR, guard_PRIQ_IRQ_CFG0),
	[ROW_PRIQ_IRQ_CFG1] = RW32(PRIQ_IRQ_CFG1, BITS(31, 0), guard_PRIQ_IRQ_CFG1),
	[ROW_PRIQ_IRQ_CFG2] =
		RW32(PRIQ_IRQ_CFG2, PRIQ_IRQ_CFG2_LO | BITS(5, 0), write_priq_irq_cfg2),
	[ROW_PRIQ_PROD] = RW32(PRIQ_PROD, PRIQ_PROD_OVFLG | QUEUE_INDEX, guard_PRIQ_PROD),
	[ROW_PRIQ_CONS] = RW32(PRIQ_CONS, PRIQ_CONS_OVACKFLG | QUEUE_INDEX, guard_PRIQ_CONS),
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

static uint64_t oas_code(uint8_t oas_bits)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};
	uint64_t code = 0;

	while (bits[code] != oas_bits)
		code++;
	return code;
}

/* Stage 1 only, AArch64 tables, little-endian, faults terminate, SMMUv3.1. */
static void identify(struct smmu *smmu)
{
	const struct smmu_cfg *cfg = &smmu->cfg;

	smmu_reg_set(
		smmu, ROW_IDR0,
		field_put(IDR0_S1P, cfg->s1) | field_put(IDR0_S2P, cfg->s2) |
			field_put(IDR0_HYP, cfg->hyp) | field_put(IDR0_VMID16, cfg->vmid16) |
			field_put(IDR0_CD2L, cfg->two_level_cd) | field_put(IDR0_ATS, cfg->ats) |
			field_put(IDR0_PRI, cfg->pri) | field_put(IDR0_TTF, IDR0_TTF_AARCH64) |
			field_put(IDR0_COHACC, cfg->coherent) | field_put(IDR0_HTTU, cfg->httu) |
			field_put(IDR0_ASID16, cfg->asid16) | field_put(IDR0_MSI, cfg->msi) |
			field_put(IDR0_TTENDIAN, IDR0_TTENDIAN_LE) |
			field_put(IDR0_STALL_MODEL, IDR0_STALL_MODEL_NONE) |
			field_put(IDR0_ST_LEVEL, cfg->two_level_strtab ? IDR0_ST_LEVEL_2LVL
								       : IDR0_ST_LEVEL_LINEAR));
	smmu_reg_set(smmu, ROW_IDR1,
		     field_put(IDR1_SIDSIZE, cfg->sid_bits) |
			     field_put(IDR1_SSIDSIZE, cfg->ssid_bits) |
			     field_put(IDR1_PRIQS, cfg->pri ? cfg->priq_log2 : 0) |
			     field_put(IDR1_EVENTQS, cfg->evtq_log2) |
			     field_put(IDR1_CMDQS, cfg->cmdq_log2));
	smmu_reg_set(smmu, ROW_IDR3, field_put(IDR3_PPS, cfg->pri && cfg->pps));
	smmu_reg_set(smmu, ROW_IDR5,
		     field_put(IDR5_OAS, oas_code(cfg->oas_bits)) |
			     field_put(IDR5_GRAN4K | IDR5_GRAN16K | IDR5_GRAN64K, cfg->granules));
	smmu_reg_set(smmu, ROW_IIDR, field_put(IIDR_IMPLEMENTER, 0x43b));
	smmu_reg_set(smmu, ROW_AIDR, field_put(AIDR_ARCHMINORREV, 1));
}

int smmu_regs_init(struct smmu *smmu)
{
	int err = regs_init(&smmu->regs, &table, smmu);

	if (!err)
		identify(smmu);
	return err;
}

/* Which of the enables that fall must still be shown as set, 6.3.9 and 6.3.16. */
static uint64_t held_enables(const struct smmu *smmu)
{
	uint64_t held = 0;

	if (smmu->translating)
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
