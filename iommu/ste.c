/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream table entry says, and which of them are ILLEGAL: IHI 0070, 5.2 and 5.2.2. */
#include "iommu/smmu_internal.h"

/* log2 of the CDs in a leaf table of 4 KiB or 64 KiB. */
#define CD_LEAF_4K  6u
#define CD_LEAF_64K 10u

/* STALL_MODEL: stalls that cannot be, and faults that must not terminate, 5.5. */
bool smmu_stall_is_legal(const struct smmu *smmu, bool stall)
{
	if (smmu->cfg.stall_model == IDR0_STALL_MODEL_BOTH)
		return true;
	return stall == (smmu->cfg.stall_model == IDR0_STALL_MODEL_FORCE);
}

/* HA, HD and HAFT against IDR0.HTTU; HD counts with HA only, HAFT without it is wrong. */
bool smmu_updates_are_legal(const struct smmu *smmu, bool ha, bool hd, bool haft)
{
	if (ha && smmu->cfg.httu < IDR0_HTTU_ACCESS)
		return false;
	if (hd && smmu->cfg.httu < IDR0_HTTU_ACCESS_DIRTY)
		return false;
	return !haft || ha || smmu->cfg.httu < IDR0_HTTU_TABLES;
}

bool smmu_has_format(const struct smmu *smmu, bool aarch32)
{
	return smmu->cfg.ttf & (aarch32 ? IDR0_TTF_AARCH32 : IDR0_TTF_AARCH64);
}

bool smmu_endian_is_legal(const struct smmu *smmu, bool big)
{
	if (smmu->cfg.endian == IDR0_TTENDIAN_MIXED)
		return true;
	return big == (smmu->cfg.endian == IDR0_TTENDIAN_BE);
}

/* Most that TxSZ and S2T0SZ may be: IDR3.STT. */
uint8_t smmu_txsz_max(const struct smmu *smmu, uint8_t granule_shift)
{
	if (!smmu->cfg.stt)
		return 39;
	return granule_shift == 16 ? 47 : 48;
}

/* 48 bits hold a table's address below 64 KiB granules. */
bool smmu_ttb_is_in_range(uint64_t ttb, uint8_t granule_shift, uint8_t oa_bits)
{
	return !(ttb >> (granule_shift == 16 ? oa_bits : MIN(oa_bits, 48)));
}

/* Bits of a physical address, or of an intermediate one. */
uint64_t smmu_address_mask(const struct smmu *smmu, bool intermediate)
{
	return intermediate ? smmu->ias_mask : smmu->oas_mask;
}

static bool decode_stage1(const struct smmu *smmu, struct ste_config *ste,
			  const uint64_t word[STE_WORDS], bool stage2)
{
	uint64_t cd_max = smmu->cfg.ssid_bits ? field_get(STE0_S1CDMAX, word[0]) : 0;
	uint64_t fmt = field_get(STE0_S1FMT, word[0]);

	ste->stage1 = true;
	ste->stall_disabled = word[1] & STE1_S1STALLD;
	ste->cd_max = (uint8_t)cd_max;
	ste->s1dss = (uint8_t)field_get(STE1_S1DSS, word[1]);
	ste->context_ptr = word[0] & STE0_S1CONTEXTPTR;
	ste->context_memory =
		smmu_attr_context(field_get(STE1_S1CIR, word[1]), field_get(STE1_S1COR, word[1]),
				  field_get(STE1_S1CSH, word[1]));
	if (cd_max && fmt == STE0_S1FMT_4K_L2)
		ste->cd_leaf = CD_LEAF_4K;
	if (cd_max && fmt == STE0_S1FMT_64K_L2)
		ste->cd_leaf = CD_LEAF_64K;
	if (!smmu->cfg.s1 || cd_max > smmu->cfg.ssid_bits)
		return false;
	if (ste->stall_disabled && smmu->cfg.stall_model != IDR0_STALL_MODEL_BOTH)
		return false;
	if (ste->cd_leaf && !smmu->cfg.two_level_cd)
		return false;
	return !(ste->context_ptr & ~smmu_address_mask(smmu, stage2)); /* 3.4.3 */
}

/* S2SL0 by granule, -1 where it is reserved; level 3 of 4 KiB comes with small tables. */
static int start_level(const struct smmu *smmu, uint8_t granule_shift, uint64_t sl0)
{
	static const int8_t level_4k[4] = {2, 1, 0, 3};
	static const int8_t level_more[4] = {3, 2, 1, -1};

	if (granule_shift != 12)
		return level_more[sl0];
	return sl0 == 3 && !smmu->cfg.stt ? -1 : level_4k[sl0];
}

/* The first tables of stage 2 may lie side by side, up to 16 of them: DDI 0487, D8.2.2. */
static bool first_table_fits(const struct tt_tree *tree)
{
	uint8_t bits = (uint8_t)(tree->granule_shift - 3);
	int below = tree->granule_shift + bits * (3 - tree->start_level);

	return tree->ia_bits > below && tree->ia_bits <= below + bits + 4;
}

/* Levels that an output size is too small for: 4 KiB level 0 below 44 bits, 16 KiB level 1
 * below 42, 64 KiB level 1 below 44. */
static bool level_is_offered(const struct smmu *smmu, const struct tt_tree *tree)
{
	if (tree->granule_shift == 12)
		return tree->start_level > 0 || smmu->cfg.oas_bits >= 44;
	return tree->start_level > 1 || smmu->cfg.oas_bits >= (tree->granule_shift == 14 ? 42 : 44);
}

/* S2T0SZ: the IAS, and 48 bits below 64 KiB granules. */
static bool s2t0sz_is_legal(const struct smmu *smmu, uint8_t granule_shift, uint64_t t0sz)
{
	uint8_t ia_bits_max = granule_shift == 16 ? 52 : 48;

	return t0sz >= 64u - MIN(ia_bits_max, smmu_intermediate_bits(&smmu->cfg)) &&
	       t0sz <= smmu_txsz_max(smmu, granule_shift);
}

/* Sizes and levels of VMSAv8-64; false: they are ILLEGAL. */
static bool shape_stage2(const struct smmu *smmu, struct tt_tree *tree, uint64_t word2)
{
	uint64_t t0sz = field_get(STE2_S2T0SZ, word2);
	uint8_t granule_shift = smmu_granule_shift(smmu, field_get(STE2_S2TG, word2));
	int level;

	if (!granule_shift || !s2t0sz_is_legal(smmu, granule_shift, t0sz))
		return false;
	smmu_tables_shape(tree, granule_shift, smmu_output_bits(smmu, field_get(STE2_S2PS, word2)));
	level = start_level(smmu, granule_shift, field_get(STE2_S2SL0, word2));
	if (level < 0)
		return false;
	tree->ia_bits = (uint8_t)(64 - t0sz);
	tree->start_level = (uint8_t)level;
	return true;
}

/* The tree of stage 2; false: its fields contradict each other, or what there is. */
static bool decode_stage2_tree(const struct smmu *smmu, struct ste_config *ste,
			       const uint64_t word[STE_WORDS])
{
	struct tt_tree *tree = &ste->tree;
	uint64_t ttb = word[3] & STE3_S2TTB;

	tree->big_endian = word[2] & STE2_S2ENDI;
	tree->oas_52 = smmu->cfg.oas_bits == 52;
	if (ste->aarch32 ? !smmu_vmsa32_stage2(smmu, tree, field_get(STE2_S2T0SZ, word[2]),
					       field_get(STE2_S2SL0, word[2]))
			 : !shape_stage2(smmu, tree, word[2]))
		return false;
	if (!first_table_fits(tree) || !level_is_offered(smmu, tree))
		return false;
	tree->root = smmu_tables_root(tree, ttb);
	tree->memory =
		smmu_attr_walk(field_get(STE2_S2IR0, word[2]), field_get(STE2_S2OR0, word[2]),
			       field_get(STE2_S2SH0, word[2]));
	return smmu_endian_is_legal(smmu, tree->big_endian) &&
	       smmu_ttb_is_in_range(ttb, tree->granule_shift, tree->oa_bits);
}

static bool decode_stage2(const struct smmu *smmu, struct ste_config *ste,
			  const uint64_t word[STE_WORDS])
{
	bool ha = word[2] & STE2_S2HA, hd = word[2] & STE2_S2HD, haft = word[2] & STE2_S2HAFT;

	ste->stage2 = true;
	ste->aarch32 = !(word[2] & STE2_S2AA64);
	ste->ptw = ste->stage1 && (word[2] & STE2_S2PTW);
	ste->fwb = smmu->cfg.fwb && (word[1] & STE1_S2FWB);
	ste->mte_perm = smmu_has_mte_perm(&smmu->cfg) && !ste->aarch32;
	ste->policy = (struct stage_policy){
		.ha = ha,
		.hd = ha && hd,
		.haft = haft && smmu->cfg.httu == IDR0_HTTU_TABLES,
		.affd = word[2] & STE2_S2AFFD,
		.record = word[2] & STE2_S2R,
		.stall = word[2] & STE2_S2S,
	};
	if (ste->aarch32 && (ha || hd || ste->fwb))
		return false;
	return smmu->cfg.s2 && smmu_has_format(smmu, ste->aarch32) &&
	       smmu_stall_is_legal(smmu, ste->policy.stall) &&
	       smmu_updates_are_legal(smmu, ha, hd, haft) && decode_stage2_tree(smmu, ste, word);
}

/* STRW: EL1, or with IDR0.HYP EL2, which is a world of another kind under CR2.E2H. It counts with
 * stage 1 alone. */
static bool decode_world(const struct smmu *smmu, struct ste_config *ste,
			 const uint64_t word[STE_WORDS])
{
	uint64_t strw = field_get(STE1_STRW, word[1]);

	ste->world = SPACE_WORLD_EL1;
	if (!smmu->cfg.hyp || !ste->stage1 || ste->stage2)
		return true;
	if (strw == STE1_STRW_EL2)
		ste->world = smmu_reg(smmu, ROW_CR2) & CR2_E2H ? SPACE_WORLD_EL2H : SPACE_WORLD_EL2;
	return !(strw & 1);
}

/* S2VMID tags what the EL1 world translates, whichever its stages, where there is a stage 2. */
static bool decode_vmid(const struct smmu *smmu, struct ste_config *ste,
			const uint64_t word[STE_WORDS])
{
	if (!smmu->cfg.s2 || ste->world != SPACE_WORLD_EL1)
		return true;
	ste->vmid = (uint16_t)field_get(STE2_S2VMID, word[2]);
	return smmu->cfg.vmid16 || ste->vmid <= 0xff;
}

/* EATS: with stages to translate; 0b11 needs IDR3.DPT. SPLIT does as UR while CR0.ATSCHK is clear:
 * ats.c. */
static bool decode_ats(const struct smmu *smmu, struct ste_config *ste,
		       const uint64_t word[STE_WORDS])
{
	uint64_t eats = field_get(STE1_EATS, word[1]);
	bool s2_stalls = ste->stage2 && ste->policy.stall;

	if (!smmu->cfg.ats)
		return true;
	ste->eats = (uint8_t)(eats <= STE1_EATS_SPLIT ? eats : STE1_EATS_UR);
	if (eats == STE1_EATS_SPLIT)
		return ste->stage1 && ste->stage2 && !s2_stalls && !smmu->cfg.ns1ats;
	return eats != STE1_EATS_FULL || !s2_stalls;
}

static bool decode_translation(const struct smmu *smmu, struct ste_config *ste, uint64_t config,
			       const uint64_t word[STE_WORDS])
{
	if ((config & 1) && !decode_stage1(smmu, ste, word, config & 2))
		return false;
	if ((config & 2) && !decode_stage2(smmu, ste, word))
		return false;
	return decode_world(smmu, ste, word) && decode_vmid(smmu, ste, word) &&
	       decode_ats(smmu, ste, word);
}

static struct attr_override override_types(const struct smmu *smmu, uint64_t word1)
{
	if (!smmu->cfg.attr_types_ovr)
		return smmu_attr_override(false, 0, 0, STE1_SHCFG_INCOMING);
	return smmu_attr_override(word1 & STE1_MTCFG, field_get(STE1_MEMATTR, word1),
				  field_get(STE1_ALLOCCFG, word1), field_get(STE1_SHCFG, word1));
}

/* What counts whatever Config says; overrides only where IDR1 offers them. */
static void decode_common(const struct smmu *smmu, struct ste_config *ste,
			  const uint64_t word[STE_WORDS])
{
	ste->merge = word[1] & STE1_MEV;
	ste->override = override_types(smmu, word[1]);
	if (smmu->cfg.pri && smmu->cfg.ssid_bits)
		ste->ppar = smmu->cfg.pps || (word[1] & STE1_PPAR);
	if (!smmu->cfg.attr_perms_ovr)
		return;
	ste->privcfg = (uint8_t)field_get(STE1_PRIVCFG, word[1]);
	ste->instcfg = (uint8_t)field_get(STE1_INSTCFG, word[1]);
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
	else
		legal = legal && decode_translation(smmu, &ste, config, word);
	decode_common(smmu, &ste, word);
	if (!legal)
		ste = (struct ste_config){.kind = STE_ILLEGAL};
	return ste;
}
