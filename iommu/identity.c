/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an SMMU says what it offers: IHI 0070, 6.3.1 to 6.3.8. What it does not
 * offer is reserved in its registers too: read as zero, writes ignored.
 */
#include "iommu/smmu_internal.h"

static uint64_t oas_code(uint8_t oas_bits)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48, 52};
	uint64_t code = 0;

	while (bits[code] != oas_bits)
		code++;
	return code;
}

static uint64_t idr0(const struct smmu_cfg *cfg)
{
	return field_put(IDR0_S2P, cfg->s2) | field_put(IDR0_S1P, cfg->s1) |
	       field_put(IDR0_TTF, cfg->ttf) | field_put(IDR0_COHACC, cfg->coherent) |
	       field_put(IDR0_HTTU, cfg->httu) | field_put(IDR0_HYP, cfg->hyp) |
	       field_put(IDR0_ATS, cfg->ats) | field_put(IDR0_NS1ATS, cfg->ns1ats) |
	       field_put(IDR0_ASID16, cfg->asid16) | field_put(IDR0_MSI, cfg->msi) |
	       field_put(IDR0_SEV, cfg->sev) | field_put(IDR0_PRI, cfg->pri) |
	       field_put(IDR0_ATSRECERR, cfg->atsrecerr) | field_put(IDR0_VMW, cfg->vmw) |
	       field_put(IDR0_VMID16, cfg->vmid16) | field_put(IDR0_CD2L, cfg->two_level_cd) |
	       field_put(IDR0_TTENDIAN, cfg->endian) |
	       field_put(IDR0_STALL_MODEL, cfg->stall_model) |
	       field_put(IDR0_TERM_MODEL, cfg->term_abort) |
	       field_put(IDR0_ST_LEVEL,
			 cfg->two_level_strtab ? IDR0_ST_LEVEL_2LVL : IDR0_ST_LEVEL_LINEAR);
}

static uint64_t idr1(const struct smmu_cfg *cfg)
{
	return field_put(IDR1_SIDSIZE, cfg->sid_bits) | field_put(IDR1_SSIDSIZE, cfg->ssid_bits) |
	       field_put(IDR1_PRIQS, cfg->pri ? cfg->priq_log2 : 0) |
	       field_put(IDR1_EVENTQS, cfg->evtq_log2) | field_put(IDR1_CMDQS, cfg->cmdq_log2) |
	       field_put(IDR1_ATTR_PERMS_OVR, cfg->attr_perms_ovr) |
	       field_put(IDR1_ATTR_TYPES_OVR, cfg->attr_types_ovr);
}

bool smmu_has_mte_perm(const struct smmu_cfg *cfg)
{
	return cfg->s2 && cfg->version >= 4;
}

uint8_t smmu_intermediate_bits(const struct smmu_cfg *cfg)
{
	uint8_t aarch32 = cfg->ttf & IDR0_TTF_AARCH32 ? 40 : 0;

	return cfg->ttf & IDR0_TTF_AARCH64 ? MAX(aarch32, cfg->oas_bits) : aarch32;
}

static uint64_t idr3(const struct smmu_cfg *cfg)
{
	return field_put(IDR3_HAD, cfg->had) | field_put(IDR3_XNX, cfg->xnx) |
	       field_put(IDR3_PPS, cfg->pps) | field_put(IDR3_FWB, cfg->fwb) |
	       field_put(IDR3_STT, cfg->stt) | field_put(IDR3_RIL, cfg->ril) |
	       field_put(IDR3_BBML, cfg->bbml) | field_put(IDR3_E0PD, cfg->e0pd) |
	       field_put(IDR3_PTWNNC, cfg->ptwnnc) | field_put(IDR3_EPAN, cfg->epan) |
	       field_put(IDR3_MTEPERM, smmu_has_mte_perm(cfg));
}

static uint64_t idr5(const struct smmu_cfg *cfg)
{
	return field_put(IDR5_OAS, oas_code(cfg->oas_bits)) |
	       field_put(IDR5_GRAN4K | IDR5_GRAN16K | IDR5_GRAN64K, cfg->granules) |
	       field_put(IDR5_VAX, cfg->vax) | field_put(IDR5_STALL_MAX, cfg->stall_max);
}

/* The identification registers as CoreLink components have them: who, which part, PrimeCell. */
void smmu_identify_component(struct regs *regs, uint32_t row, uint32_t iidr)
{
	uint64_t who = field_get(IIDR_IMPLEMENTER, iidr), part = field_get(IIDR_PRODUCTID, iidr);
	const uint64_t pidr[8] = {
		part & 0xff,
		part >> 8 | (who & 0xf) << 4,
		(who >> 4 & 7) | BIT(3) | field_get(IIDR_VARIANT, iidr) << 4,
		field_get(IIDR_REVISION, iidr) << 4,
		who >> 8,
	};
	static const uint8_t cidr[4] = {0x0d, 0xf0, 0x05, 0xb1};

	for (uint32_t i = 0; i < 4; i++) {
		regs_set(regs, row, i, pidr[i + 4]);
		regs_set(regs, row, i + 4, pidr[i]);
		regs_set(regs, row, i + 8, cidr[i]);
	}
}

void smmu_identify(struct smmu *smmu)
{
	const struct smmu_cfg *cfg = &smmu->cfg;

	smmu_reg_set(smmu, ROW_IDR0, idr0(cfg));
	smmu_reg_set(smmu, ROW_IDR1, idr1(cfg));
	smmu_reg_set(smmu, ROW_IDR3, idr3(cfg));
	smmu_reg_set(smmu, ROW_IDR5, idr5(cfg));
	smmu_reg_set(smmu, ROW_IIDR, cfg->iidr);
	smmu_reg_set(smmu, ROW_AIDR, field_put(AIDR_ARCHMINORREV, cfg->version));
	if (cfg->attr_types_ovr) /* GBPA's reset is ours to choose: as the transaction says */
		smmu_reg_set(smmu, ROW_GBPA, field_put(GBPA_SHCFG, STE1_SHCFG_INCOMING));
	smmu_identify_component(&smmu->regs, ROW_ID_REGS, cfg->iidr);
}

/* What an SMMU without a feature has not. */
static void reserve(struct reg_row *row, bool offered, uint64_t bits)
{
	if (offered)
		return;
	row->rw &= ~bits;
	row->ro &= ~bits;
	if (!row->rw)
		row->on_write = NULL;
}

static void reserve_queue(struct reg_row *row, const struct smmu_cfg *cfg)
{
	static const enum smmu_row pri_rows[] = {ROW_PRIQ_BASE, ROW_PRIQ_PROD, ROW_PRIQ_CONS,
						 ROW_PRIQ_IRQ_CFG2};
	static const enum smmu_row pri_msi[] = {ROW_PRIQ_IRQ_CFG0, ROW_PRIQ_IRQ_CFG1};

	for (uint32_t i = 0; i < ARRAY_LEN(pri_rows); i++)
		reserve(&row[pri_rows[i]], cfg->pri, UINT64_MAX);
	for (uint32_t i = 0; i < ARRAY_LEN(pri_msi); i++)
		reserve(&row[pri_msi[i]], cfg->pri && cfg->msi, UINT64_MAX);
	reserve(&row[ROW_PRIQ_IRQ_CFG2], cfg->msi, ~PRIQ_IRQ_CFG2_LO);
}

static void reserve_msis(struct reg_row *row, const struct smmu_cfg *cfg)
{
	static const enum smmu_row msi_rows[] = {
		ROW_GERROR_IRQ_CFG0, ROW_GERROR_IRQ_CFG1, ROW_GERROR_IRQ_CFG2,
		ROW_EVENTQ_IRQ_CFG0, ROW_EVENTQ_IRQ_CFG1, ROW_EVENTQ_IRQ_CFG2,
	};

	for (uint32_t i = 0; i < ARRAY_LEN(msi_rows); i++)
		reserve(&row[msi_rows[i]], cfg->msi, UINT64_MAX);
}

static void reserve_errors(struct reg_row *row, const struct smmu_cfg *cfg)
{
	const uint64_t msi = GERROR_MSI_CMDQ_ABT_ERR | GERROR_MSI_EVENTQ_ABT_ERR |
			     GERROR_MSI_PRIQ_ABT_ERR | GERROR_MSI_GERROR_ABT_ERR;

	reserve(row, cfg->msi, msi);
	reserve(row, cfg->pri, GERROR_PRIQ_ABT_ERR | GERROR_MSI_PRIQ_ABT_ERR);
}

static void reserve_enables(struct reg_row *row, const struct smmu_cfg *cfg)
{
	reserve(row, cfg->pri, CR0_PRIQEN);
	reserve(row, cfg->ats, CR0_ATSCHK);
	reserve(row, cfg->vmw, CR0_VMW);
}

void smmu_registers_reserve(struct reg_row row[ROW_COUNT], const struct smmu_cfg *cfg)
{
	const uint64_t types = GBPA_SHCFG | GBPA_ALLOCCFG | GBPA_MTCFG | GBPA_MEMATTR;

	reserve_enables(&row[ROW_CR0], cfg);
	reserve_enables(&row[ROW_CR0ACK], cfg);
	reserve(&row[ROW_CR2], cfg->hyp, CR2_E2H);
	reserve(&row[ROW_CR2], cfg->atsrecerr, CR2_REC_CFG_ATS);
	reserve(&row[ROW_GBPA], cfg->attr_types_ovr, types);
	reserve(&row[ROW_GBPA], cfg->attr_perms_ovr, GBPA_PRIVCFG | GBPA_INSTCFG);
	reserve(&row[ROW_IRQ_CTRL], cfg->pri, IRQ_CTRL_PRIQ_IRQEN);
	reserve(&row[ROW_IRQ_CTRLACK], cfg->pri, IRQ_CTRL_PRIQ_IRQEN);
	reserve_errors(&row[ROW_GERROR], cfg);
	reserve_errors(&row[ROW_GERRORN], cfg);
	reserve(&row[ROW_STRTAB_BASE_CFG], cfg->two_level_strtab,
		STRTAB_BASE_CFG_FMT | STRTAB_BASE_CFG_SPLIT);
	reserve_msis(row, cfg);
	reserve_queue(row, cfg);
}
