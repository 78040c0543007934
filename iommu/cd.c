/* SPDX-License-Identifier: Apache-2.0 */
/* Context descriptors, in a linear table or one of two levels: IHI 0070, 3.3.2, 5.3 and 5.4. */
#include "iommu/smmu_internal.h"

static const struct fault_place in_configuration = {.kind = EVENT1_CLASS_CD};

/* CD.TG1 has a code of its own: 16, 4, 64 KiB are 1, 2, 3. */
static uint64_t tg0_of_tg1(uint64_t tg1)
{
	static const uint8_t tg0[4] = {3, CD0_TG0_16K, CD0_TG0_4K, CD0_TG0_64K};

	return tg0[tg1];
}

/* One of the two regions: where its fields are in the words. */
struct region_fields {
	uint64_t txsz, epd, tbi, ttb, had, e0pd, inner, outer, sh;
	uint8_t ttb_word;
};

static const struct region_fields region_fields[2] = {
	{CD0_T0SZ, CD0_EPD0, CD0_TBI0, CD1_TTB0, CD1_HAD0, CD1_E0PD0, CD0_IR0, CD0_OR0, CD0_SH0, 1},
	{CD0_T1SZ, CD0_EPD1, CD0_TBI1, CD2_TTB1, CD2_HAD1, CD2_E0PD1, CD0_IR1, CD0_OR1, CD0_SH1, 2},
};

/* The plain EL2 world has one region, without ASIDs and without unprivileged accesses. */
static bool is_el2(const struct ste_config *ste)
{
	return ste->world == SPACE_WORLD_EL2;
}

/* 52-bit addresses need the 64 KiB granule. */
static bool txsz_is_legal(const struct smmu *smmu, uint8_t granule_shift, uint64_t txsz)
{
	bool large = granule_shift == 16 && smmu->cfg.vax;

	return txsz >= (large ? 12 : 16) && txsz <= smmu_txsz_max(smmu, granule_shift);
}

/* EPD counts where there are two regions; the one that EL2 lacks is as if disabled. */
static bool is_disabled(const struct ste_config *ste, const uint64_t word[CD_WORDS], uint32_t n)
{
	return is_el2(ste) ? n : (word[0] & region_fields[n].epd) != 0;
}

/* Sizes of VMSAv8-64, and what counts for it alone; false: the region makes the CD ILLEGAL. */
static bool shape_region(const struct smmu *smmu, const struct ste_config *ste,
			 struct tt_tree *tree, const uint64_t word[CD_WORDS], uint32_t n)
{
	const struct region_fields *fields = &region_fields[n];
	uint64_t tg = n ? tg0_of_tg1(field_get(CD0_TG1, word[0])) : field_get(CD0_TG0, word[0]);
	uint64_t txsz = field_get(fields->txsz, word[0]);
	uint8_t granule_shift = smmu_granule_shift(smmu, tg);

	tree->top_byte_ignored = word[0] & fields->tbi;
	tree->no_unprivileged =
		smmu->cfg.e0pd && !is_el2(ste) && (word[fields->ttb_word] & fields->e0pd);
	if (!granule_shift || !txsz_is_legal(smmu, granule_shift, txsz))
		return false;
	smmu_tables_shape(tree, granule_shift, smmu_output_bits(smmu, field_get(CD0_IPS, word[0])));
	tree->ia_bits = (uint8_t)(64 - txsz);
	return true;
}

/* False: the region makes the CD ILLEGAL. */
static bool decode_region(const struct smmu *smmu, const struct ste_config *ste,
			  struct cd_config *cd, const uint64_t word[CD_WORDS], uint32_t n)
{
	const struct region_fields *fields = &region_fields[n];
	struct tt_tree *tree = &cd->region[n];
	uint64_t txsz = field_get(fields->txsz, word[0]);
	uint64_t ttb = word[fields->ttb_word] & fields->ttb;

	tree->disabled = is_disabled(ste, word, n);
	if (cd->aarch32) /* addresses are divided by both sizes, of a disabled region too */
		smmu_vmsa32_region(smmu, tree, is_el2(ste) && n ? 0 : txsz, !ste->stage2);
	if (tree->disabled)
		return true;
	tree->flat = smmu->cfg.had && (word[fields->ttb_word] & fields->had);
	tree->big_endian = word[0] & CD0_ENDI;
	tree->oas_52 = smmu->cfg.oas_bits == 52;
	if (!cd->aarch32 && !shape_region(smmu, ste, tree, word, n))
		return false;
	if (!smmu_ttb_is_in_range(ttb, tree->granule_shift, tree->oa_bits))
		return false;
	tree->start_level = (uint8_t)(3 - (tree->ia_bits - 1 - tree->granule_shift) /
						  (tree->granule_shift - 3));
	tree->root = smmu_tables_root(tree, ttb);
	tree->memory =
		smmu_attr_walk(field_get(fields->inner, word[0]), field_get(fields->outer, word[0]),
			       field_get(fields->sh, word[0]));
	return smmu_endian_is_legal(smmu, tree->big_endian);
}

/* A, R and S: 5.5. */
static bool fault_model_is_legal(const struct smmu *smmu, const struct ste_config *ste,
				 uint64_t word0)
{
	if ((word0 & CD0_S) && ste->stall_disabled)
		return false;
	if (!(word0 & CD0_A) && smmu->cfg.term_abort)
		return false;
	return smmu_stall_is_legal(smmu, word0 & CD0_S);
}

static bool is_aarch32(const uint64_t word[CD_WORDS])
{
	return !(word[0] & CD0_AA64);
}

/* AA64: not the EL2&0 world's tables are of 32 bits, nor those above such a stage 2 of 64. */
static bool format_is_legal(const struct smmu *smmu, const struct ste_config *ste, bool aarch32)
{
	if (aarch32 ? ste->world == SPACE_WORLD_EL2H : ste->stage2 && ste->aarch32)
		return false;
	return smmu_has_format(smmu, aarch32);
}

/* What the IDRs do not offer makes a CD ILLEGAL, 5.4.2. */
static bool is_supported(const struct smmu *smmu, const struct ste_config *ste,
			 const uint64_t word[CD_WORDS])
{
	if (!(word[0] & CD0_V) || !format_is_legal(smmu, ste, is_aarch32(word)))
		return false;
	if (!is_el2(ste) && !smmu->cfg.asid16 && field_get(CD0_ASID, word[0]) > 0xff)
		return false;
	return fault_model_is_legal(smmu, ste, word[0]) &&
	       (is_aarch32(word) || smmu_updates_are_legal(smmu, word[0] & CD0_HA, word[0] & CD0_HD,
							   word[1] & CD1_HAFT));
}

/* AArch32 tables are not updated, whatever HA, HD and HAFT say. */
static struct stage_policy policy_of(const struct smmu *smmu, const uint64_t word[CD_WORDS])
{
	bool ha = (word[0] & CD0_HA) && !is_aarch32(word);

	return (struct stage_policy){
		.ha = ha,
		.hd = ha && (word[0] & CD0_HD), /* one alone is neither */
		.haft = ha && (word[1] & CD1_HAFT) && smmu->cfg.httu == IDR0_HTTU_TABLES,
		.affd = word[0] & CD0_AFFD,
		.record = word[0] & CD0_R,
		.stall = word[0] & CD0_S,
	};
}

/* UWXN says nothing of AArch64 tables, EPAN nothing of the others. */
static struct cd_config decode(const struct smmu *smmu, const struct ste_config *ste,
			       const uint64_t word[CD_WORDS])
{
	struct cd_config cd = {
		.illegal = !is_supported(smmu, ste, word),
		.abort = word[0] & CD0_A,
		.aarch32 = is_aarch32(word),
		.wxn = word[0] & CD0_WXN,
		.uwxn = word[0] & CD0_UWXN,
		.pan = word[0] & CD0_PAN,
		.epan = smmu->cfg.epan && (word[1] & CD1_EPAN) && !is_aarch32(word),
		.private_asid = word[0] & CD0_ASET,
		.asid = (uint16_t)field_get(CD0_ASID, word[0]),
		.policy = policy_of(smmu, word),
	};

	for (uint32_t n = 0; n < ARRAY_LEN(cd.memory); n++)
		cd.memory[n] = smmu_attr_mair((uint8_t)(word[3] >> 8 * n));
	for (uint32_t n = 0; n < 2; n++)
		if (!cd.illegal)
			cd.illegal = !decode_region(smmu, ste, &cd, word, n);
	return cd;
}

static void cd_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	struct smmu *smmu = txn->smmu;
	uint64_t word[CD_WORDS];
	uint32_t stream = txn->req->attr.stream_id, index = txn->cd_index;
	struct cd_config cd;

	if (req->status != BUS_OK) {
		smmu_walk_fail(txn, F_CD_FETCH, &in_configuration);
		return;
	}
	for (uint32_t i = 0; i < CD_WORDS; i++)
		word[i] = le64_get((const uint8_t *)req->data + 8 * i);
	cd = decode(smmu, &txn->ste, word);
	trace_emit_data(&smmu->env.part, TRACE_SMMU_CD, word, sizeof(word),
			(const uint64_t[TRACE_ARGS]){stream, index, req->addr});
	if (txn->conf_generation == smmu->conf.generation)
		smmu_conf_fill_cd(smmu, stream, index, &cd);
	smmu_walk_leave(txn, smmu_txn_translate);
	if (smmu->cfg.forget_invalid && cd.illegal)
		smmu_conf_forget_cd(smmu, stream, index);
}

static struct mem_attr memory_of(const struct transaction *txn)
{
	return smmu_stage2_memory(txn, txn->ste.context_memory);
}

static void fetch_cd(struct transaction *txn)
{
	txn->smmu->stats.cd_fetches++;
	smmu_txn_fetch_config(txn, txn->s2.pa, CD_BYTES, memory_of(txn), cd_arrived);
}

/* The CD's address is known; in a nested stream stage 2 translates it. */
static void go_to_cd(struct transaction *txn, uint64_t table, uint64_t index)
{
	smmu_stage2_find(txn, table + index * CD_BYTES, EVENT1_CLASS_CD, false, fetch_cd);
}

/* An address that is too large is one of no table, 3.4.3. */
static bool is_table_of_cds(const struct transaction *txn, uint64_t l1cd)
{
	return (l1cd & L1CD_V) &&
	       !(l1cd & L1CD_L2PTR & ~smmu_address_mask(txn->smmu, txn->ste.stage2));
}

static void use_l1cd(struct transaction *txn, uint64_t l1cd)
{
	uint64_t table = align_down(l1cd & L1CD_L2PTR, (uint64_t)CD_BYTES << txn->ste.cd_leaf);
	uint64_t leaf_mask = BIT(txn->ste.cd_leaf) - 1;

	if (!is_table_of_cds(txn, l1cd)) {
		smmu_walk_fail(txn, C_BAD_SUBSTREAMID, &in_configuration);
		return;
	}
	go_to_cd(txn, table, txn->cd_index & leaf_mask);
}

static void l1cd_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	struct smmu *smmu = txn->smmu;
	uint64_t l1cd = le64_get(req->data);

	if (req->status != BUS_OK) {
		smmu_walk_fail(txn, F_CD_FETCH, &in_configuration);
		return;
	}
	if (txn->conf_generation == smmu->conf.generation &&
	    (is_table_of_cds(txn, l1cd) || !smmu->cfg.forget_invalid))
		smmu_conf_fill_l1cd(smmu, txn->req->attr.stream_id,
				    txn->cd_index >> txn->ste.cd_leaf, l1cd);
	use_l1cd(txn, l1cd);
}

static void fetch_l1cd(struct transaction *txn)
{
	smmu_txn_fetch_config(txn, txn->s2.pa, L1CD_BYTES, memory_of(txn), l1cd_arrived);
}

void smmu_cd_fetch(struct transaction *txn)
{
	const struct ste_config *ste = &txn->ste;
	uint64_t base = ste->context_ptr;
	uint32_t index = txn->cd_index >> ste->cd_leaf;
	const uint64_t *cached;

	/* A table is aligned to its size: address bits below it count as zero. */
	if (!ste->cd_leaf) {
		go_to_cd(txn, align_down(base, (uint64_t)CD_BYTES << ste->cd_max), txn->cd_index);
		return;
	}
	if (ste->cd_max > ste->cd_leaf)
		base = align_down(base, MAX(BIT(ste->cd_max - ste->cd_leaf) * L1CD_BYTES, 64));
	cached = smmu_conf_find_l1cd(txn->smmu, txn->req->attr.stream_id, index);
	if (cached)
		use_l1cd(txn, *cached);
	else
		smmu_stage2_find(txn, base + (uint64_t)index * L1CD_BYTES, EVENT1_CLASS_CD, false,
				 fetch_l1cd);
}
