/* SPDX-License-Identifier: Apache-2.0 */
/* The stream table, linear or with two levels: IHI 0070, 3.3.1, 5.1 and 5.2. */
#include "iommu/smmu_internal.h"

static const struct fault_place in_configuration = {.kind = EVENT1_CLASS_IN};

static void go_to_ste(struct transaction *txn, uint64_t address);

/* STRTAB_BASE_CFG.SPLIT; reserved values behave as 6, 6.3.25. */
static uint32_t split_of(uint64_t cfg)
{
	uint32_t split = (uint32_t)field_get(STRTAB_BASE_CFG_SPLIT, cfg);

	return split == 8 || split == 10 ? split : 6;
}

static bool is_two_level(const struct smmu *smmu, uint64_t cfg)
{
	return smmu->cfg.two_level_strtab &&
	       field_get(STRTAB_BASE_CFG_FMT, cfg) == STRTAB_BASE_CFG_FMT_2LVL;
}

static uint32_t log2size_of(const struct smmu *smmu, uint64_t cfg)
{
	return (uint32_t)MIN(field_get(STRTAB_BASE_CFG_LOG2SIZE, cfg), smmu->cfg.sid_bits);
}

/*
 * The address of the table's first entry. The SMMU aligns it to the size that
 * software wrote, even if that is more than stream IDs reach, 6.3.24.
 */
static uint64_t table_base(const struct smmu *smmu, uint64_t cfg)
{
	uint64_t base = smmu_reg(smmu, ROW_STRTAB_BASE) & STRTAB_BASE_ADDR & smmu->oas_mask;
	uint32_t log2size = (uint32_t)field_get(STRTAB_BASE_CFG_LOG2SIZE, cfg);
	uint32_t log2bytes = log2size + 6;

	if (is_two_level(smmu, cfg))
		log2bytes = MAX(6, log2size > split_of(cfg) ? log2size - split_of(cfg) + 3 : 3);
	return log2bytes < 64 ? align_down(base, BIT(log2bytes)) : 0;
}

/* No STE for this stream: recorded only if software asked for it, CR2.RECINVSID. */
static void reject_stream(struct transaction *txn)
{
	smmu_walk_fail(txn, C_BAD_STREAMID, &in_configuration);
}

/* log2 of the STEs behind it, and 1; 0: it is invalid, 5.1. */
static uint32_t span_of(uint64_t l1std, uint32_t split)
{
	uint32_t span = (uint32_t)field_get(L1STD_SPAN, l1std);

	return span > 11 || span > split + 1 ? 0 : span;
}

static void use_l1std(struct transaction *txn, uint64_t l1std)
{
	struct smmu *smmu = txn->smmu;
	uint32_t split = split_of(smmu_reg(smmu, ROW_STRTAB_BASE_CFG));
	uint32_t span = span_of(l1std, split);
	uint64_t index = txn->req->attr.stream_id & (BIT(split) - 1);
	uint64_t base;

	txn->l1std = l1std;
	if (!span || index >= BIT(span - 1)) {
		reject_stream(txn);
		return;
	}
	base = align_down(l1std & L1STD_L2PTR & smmu->oas_mask, BIT(span - 1) * STE_BYTES);
	go_to_ste(txn, base + index * STE_BYTES);
}

static void l1std_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	struct smmu *smmu = txn->smmu;
	uint64_t l1std = le64_get(req->data);
	uint32_t split = split_of(smmu_reg(smmu, ROW_STRTAB_BASE_CFG));

	if (req->status != BUS_OK) {
		smmu_walk_fail(txn, F_STE_FETCH, &in_configuration);
		return;
	}
	if (txn->conf_generation == smmu->conf.generation &&
	    (span_of(l1std, split) || !smmu->cfg.forget_invalid))
		smmu_conf_fill_l1std(smmu, txn->req->attr.stream_id >> split, l1std);
	use_l1std(txn, l1std);
}

static void ste_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	struct smmu *smmu = txn->smmu;
	uint32_t stream = txn->req->attr.stream_id;
	uint64_t word[STE_WORDS];
	struct ste_config ste;

	if (req->status != BUS_OK) {
		smmu_walk_fail(txn, F_STE_FETCH, &in_configuration);
		return;
	}
	for (uint32_t i = 0; i < STE_WORDS; i++)
		word[i] = le64_get((const uint8_t *)req->data + 8 * i);
	ste = smmu_ste_decode(smmu, word);
	trace_emit_data(&smmu->env.part, TRACE_SMMU_STE, word, sizeof(word),
			(const uint64_t[TRACE_ARGS]){stream, txn->l1std_pa, txn->l1std, req->addr});
	if (txn->conf_generation == smmu->conf.generation)
		smmu_conf_fill_ste(smmu, stream, &ste);
	smmu_walk_leave(txn, smmu_txn_translate);
	if (smmu->cfg.forget_invalid && ste.kind == STE_ILLEGAL)
		smmu_conf_forget_ste(smmu, stream);
}

static void go_to_ste(struct transaction *txn, uint64_t address)
{
	txn->smmu->stats.ste_fetches++;
	smmu_txn_fetch_config(txn, address, STE_BYTES, smmu_attr_strtab(txn->smmu), ste_arrived);
}

void smmu_strtab_fetch(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	uint64_t cfg = smmu_reg(smmu, ROW_STRTAB_BASE_CFG);
	uint32_t stream = txn->req->attr.stream_id;
	uint32_t log2size = log2size_of(smmu, cfg);
	uint32_t split = split_of(cfg);
	const uint64_t *cached;

	if ((uint64_t)stream >> log2size) {
		reject_stream(txn);
		return;
	}
	txn->l1std_pa = txn->l1std = 0;
	if (!is_two_level(smmu, cfg)) {
		go_to_ste(txn, table_base(smmu, cfg) + (uint64_t)stream * STE_BYTES);
		return;
	}
	txn->l1std_pa = table_base(smmu, cfg) + (uint64_t)(stream >> split) * L1STD_BYTES;
	cached = smmu_conf_find_l1std(smmu, stream >> split);
	if (cached)
		use_l1std(txn, *cached);
	else
		smmu_txn_fetch_config(txn, txn->l1std_pa, L1STD_BYTES, smmu_attr_strtab(smmu),
				      l1std_arrived);
}

/* Where the substream leads: S1CDMax and S1DSS, 5.2. False: the transaction was answered. */
static bool select_cd(struct transaction *txn)
{
	const struct bus_attr *attr = &txn->req->attr;
	const struct ste_config *ste = &txn->ste;

	txn->cd_index = 0;
	if (attr->substream_valid) {
		if (!ste->cd_max || (uint64_t)attr->substream_id >> ste->cd_max)
			smmu_fault(txn, C_BAD_SUBSTREAMID);
		else if (!attr->substream_id && ste->s1dss == STE1_S1DSS_SSID0)
			smmu_fault(txn, F_STREAM_DISABLED);
		else
			txn->cd_index = attr->substream_id;
		return txn->state == TXN_BUSY;
	}
	if (!ste->cd_max || ste->s1dss == STE1_S1DSS_SSID0)
		return true;
	if (ste->s1dss == STE1_S1DSS_BYPASS) {
		txn->stages &= (uint8_t)~BIT(STAGE1);
		return true;
	}
	smmu_fault(txn, F_STREAM_DISABLED);
	return false;
}

/* A substream needs stage 1: 5.2, STE.Config. */
static bool takes_substream(const struct transaction *txn)
{
	return !txn->req->attr.substream_valid || txn->ste.stage1;
}

/* PRIVCFG and INSTCFG replace what the transaction says, 5.2. */
static void override(struct transaction *txn)
{
	const struct bus_attr *attr = &txn->req->attr;
	const struct ste_config *ste = &txn->ste;

	txn->privileged = attr->privileged;
	if (ste->privcfg >= STE1_PRIVCFG_UNPRIV)
		txn->privileged = ste->privcfg == STE1_PRIVCFG_PRIV;
	txn->instruction = attr->instruction;
	if (ste->instcfg >= STE1_INSTCFG_DATA)
		txn->instruction = ste->instcfg == STE1_INSTCFG_INSTR;
	txn->instruction &= !txn->write;
}

/* What ATS asks of the STE before anything else. False: the transaction was answered. */
static bool is_admitted(struct transaction *txn)
{
	if (txn->ste.kind == STE_ABORT && txn->ats.kind != ATS_CHECK) {
		smmu_fault_silent(txn);
		return false;
	}
	return txn->ats.kind == ATS_NONE || smmu_ats_admits(txn);
}

bool smmu_strtab_apply(struct transaction *txn)
{
	const struct ste_config *ste = &txn->ste;

	override(txn);
	txn->stages = (uint8_t)((ste->stage1 ? BIT(STAGE1) : 0) | (ste->stage2 ? BIT(STAGE2) : 0));
	if (ste->kind == STE_ILLEGAL)
		smmu_fault(txn, C_BAD_STE);
	else if (!is_admitted(txn))
		return false;
	else if (txn->ats.kind == ATS_TRANSLATED)
		return smmu_ats_apply_translated(txn);
	else if (!takes_substream(txn))
		smmu_fault(txn, C_BAD_SUBSTREAMID);
	else if (!ste->stage1 || select_cd(txn))
		return true;
	return false;
}
