/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream table entry says, and which of them are ILLEGAL: IHI 0070, 5.2. */
#include "iommu/smmu_internal.h"

/* log2 of the CDs in a leaf table of 4 KiB or 64 KiB. */
#define CD_LEAF_4K  6u
#define CD_LEAF_64K 10u

static bool decode_stage1(const struct smmu *smmu, struct ste_config *ste,
			  const uint64_t word[STE_WORDS])
{
	uint64_t cd_max = smmu->cfg.ssid_bits ? field_get(STE0_S1CDMAX, word[0]) : 0;
	uint64_t fmt = field_get(STE0_S1FMT, word[0]);

	ste->stage1 = true;
	ste->cd_max = (uint8_t)cd_max;
	ste->s1dss = (uint8_t)field_get(STE1_S1DSS, word[1]);
	ste->context_ptr = word[0] & STE0_S1CONTEXTPTR;
	if (cd_max && fmt == STE0_S1FMT_4K_L2)
		ste->cd_leaf = CD_LEAF_4K;
	if (cd_max && fmt == STE0_S1FMT_64K_L2)
		ste->cd_leaf = CD_LEAF_64K;
	if (!smmu->cfg.s1 || (word[1] & STE1_S1STALLD) || cd_max > smmu->cfg.ssid_bits)
		return false;
	if (ste->cd_leaf && !smmu->cfg.two_level_cd)
		return false;
	return !(ste->context_ptr & ~smmu->oas_mask);
}

/* S2SL0 by granule; 0 where it is reserved. */
static int start_level(uint8_t granule_shift, uint64_t sl0)
{
	static const int8_t level_4k[4] = {2, 1, 0, -1};
	static const int8_t level_more[4] = {3, 2, 1, -1};

	return granule_shift == 12 ? level_4k[sl0] : level_more[sl0];
}

/* The first tables of stage 2 may lie side by side, up to 16 of them: DDI 0487, D8.2.2. */
static bool first_table_fits(const struct tt_tree *tree)
{
	uint8_t bits = (uint8_t)(tree->granule_shift - 3);
	int below = tree->granule_shift + bits * (3 - tree->start_level);

	return tree->ia_bits > below && tree->ia_bits <= below + bits + 4;
}

/* Levels that an output size is too small for: 4 KiB level 0 below 44 bits, 16 KiB level 1
 * below 42. */
static bool level_is_offered(const struct smmu *smmu, const struct tt_tree *tree)
{
	if (tree->granule_shift == 12)
		return tree->start_level > 0 || smmu->cfg.oas_bits >= 44;
	return tree->start_level > 1 || smmu->cfg.oas_bits >= (tree->granule_shift == 14 ? 42 : 44);
}

static bool decode_stage2(const struct smmu *smmu, struct ste_config *ste,
			  const uint64_t word[STE_WORDS])
{
	struct tt_tree *tree = &ste->tree;
	uint64_t t0sz = field_get(STE2_S2T0SZ, word[2]);
	int level;

	ste->stage2 = true;
	ste->ptw = word[2] & STE2_S2PTW;
	ste->fwb = word[1] & STE1_S2FWB;
	ste->policy = (struct stage_policy){
		.ha = word[2] & STE2_S2HA,
		.hd = (word[2] & STE2_S2HD) && (word[2] & STE2_S2HA),
		.affd = word[2] & STE2_S2AFFD,
		.record = word[2] & STE2_S2R,
		.stall = word[2] & STE2_S2S,
	};
	tree->granule_shift = smmu_granule_shift(smmu, field_get(STE2_S2TG, word[2]));
	level = start_level(tree->granule_shift, field_get(STE2_S2SL0, word[2]));
	if (!smmu->cfg.s2 || !(word[2] & STE2_S2AA64) || !tree->granule_shift || level < 0 ||
	    t0sz < 16 || t0sz > 39)
		return false;
	tree->ia_bits = (uint8_t)(64 - t0sz);
	tree->oa_bits = smmu_output_bits(smmu, field_get(STE2_S2PS, word[2]));
	tree->start_level = (uint8_t)level;
	tree->big_endian = word[2] & STE2_S2ENDI;
	tree->root = smmu_tables_root(tree, word[3] & STE3_S2TTB);
	if (ste->policy.stall || tree->big_endian ||
	    (ste->policy.ha && smmu->cfg.httu < IDR0_HTTU_ACCESS) ||
	    (ste->policy.hd && smmu->cfg.httu < IDR0_HTTU_ACCESS_DIRTY))
		return false;
	return first_table_fits(tree) && level_is_offered(smmu, tree) &&
	       tree->ia_bits <= smmu->cfg.oas_bits && !(tree->root & ~smmu->oas_mask);
}

/* STRW: EL1, or with IDR0.HYP EL2, which is a world of another kind under CR2.E2H; 5.2. */
static bool decode_world(const struct smmu *smmu, struct ste_config *ste,
			 const uint64_t word[STE_WORDS])
{
	uint64_t strw = field_get(STE1_STRW, word[1]);

	ste->world = SPACE_WORLD_EL1;
	if (!ste->stage1 || ste->stage2 || strw != STE1_STRW_EL2)
		return !ste->stage1 || strw == STE1_STRW_NSEL1;
	ste->world = smmu_reg(smmu, ROW_CR2) & CR2_E2H ? SPACE_WORLD_EL2H : SPACE_WORLD_EL2;
	return smmu->cfg.hyp;
}

/* EATS, 5.2: 0b11 needs IDR3.DPT; ignored where no stage translates. False: ILLEGAL. */
static bool decode_eats(const struct smmu *smmu, struct ste_config *ste, uint64_t word1)
{
	uint64_t eats = field_get(STE1_EATS, word1);

	if (!smmu->cfg.ats || ste->kind != STE_TRANSLATES || eats > STE1_EATS_SPLIT)
		return true;
	ste->eats = (uint8_t)eats;
	if (eats == STE1_EATS_SPLIT && !(ste->stage1 && ste->stage2))
		return false;
	return !eats || !ste->stage2 || !ste->policy.stall;
}

struct ste_config smmu_ste_decode(const struct smmu *smmu, const uint64_t word[STE_WORDS])
{
	struct ste_config ste = {.kind = STE_TRANSLATES};
	uint64_t config = field_get(STE0_CONFIG, word[0]);
	bool legal = word[0] & STE0_V;

	if (!(config & 4))
		ste.kind = STE_ABORT;
	else if (config == STE0_CONFIG_BYPASS)
		ste.kind = STE_BYPASS;
	if (ste.kind == STE_TRANSLATES && (config & 1))
		legal &= decode_stage1(smmu, &ste, word);
	if (ste.kind == STE_TRANSLATES && (config & 2))
		legal &= decode_stage2(smmu, &ste, word);
	if (ste.kind == STE_TRANSLATES)
		legal &= decode_world(smmu, &ste, word);
	legal &= decode_eats(smmu, &ste, word[1]);
	ste.ppar = word[1] & STE1_PPAR;
	if (smmu->cfg.s2)
		ste.vmid = (uint16_t)(field_get(STE2_S2VMID, word[2]) &
				      (smmu->cfg.vmid16 ? BITS(15, 0) : BITS(7, 0)));
	ste.privcfg = (uint8_t)field_get(STE1_PRIVCFG, word[1]);
	ste.instcfg = (uint8_t)field_get(STE1_INSTCFG, word[1]);
	if (!legal)
		ste = (struct ste_config){.kind = STE_ILLEGAL};
	return ste;
}
