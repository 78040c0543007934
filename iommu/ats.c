/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address Translation Services, the SMMU's side: translation requests, and
 * accesses whose address a device has had translated (IHI 0070, 3.9.1, 13.6 and
 * 13.7). A request is a transaction that ends with an answer instead of an
 * access: one entry for each STU, found one after the other by the same look-ups
 * and walks as an access, with its hardware updates made now (3.13.7).
 */
#include "iommu/smmu_internal.h"

/* The SMMU's own check of an STE, for an automatic response (priq.c). */
static bool is_check(const struct transaction *txn)
{
	return txn->ats.kind == ATS_CHECK;
}

/* The Smallest Translation Unit: the smallest granule, 3.9.1. */
static uint8_t stu_shift(const struct smmu *smmu)
{
	if (smmu->cfg.granules & SMMU_GRANULE_4K)
		return 12;
	return smmu->cfg.granules & SMMU_GRANULE_16K ? 14 : 16;
}

/*
 * The transaction goes by a request of its own. Without a PASID the privilege and
 * execute attributes are reserved (13.7), and an access with a translated address
 * has neither (IDR3.PASIDTT is 0, 3.9.1.3).
 */
static void make_view(struct transaction *txn)
{
	struct bus_attr *attr = &txn->ats.view.attr;

	txn->ats.view = *txn->asked;
	txn->req = &txn->ats.view;
	if (attr->translated)
		attr->substream_valid = false;
	if (attr->substream_valid)
		return;
	attr->privileged = false;
	attr->instruction = false;
}

static uint64_t first_unit(const struct transaction *txn)
{
	uint8_t stu = stu_shift(txn->smmu);

	return txn->asked->addr >> stu << stu;
}

static void count(const struct transaction *txn, enum pmcg_event event)
{
	if (txn->smmu->cfg.ats)
		smmu_pmcg_count(&txn->smmu->pmcg, event, txn->asked->attr.stream_id);
}

void smmu_ats_begin(struct transaction *txn)
{
	struct ats_request *ats = &txn->ats;
	const struct bus_req *asked = txn->asked;

	ats->kind = ATS_NONE;
	if (asked->op != BUS_ATS && !(asked->attr.translated && txn->smmu->cfg.ats))
		return;
	make_view(txn);
	ats->status = BUS_OK;
	ats->found = 0;
	if (asked->op != BUS_ATS) {
		ats->kind = ATS_TRANSLATED;
		txn->smmu->stats.ats_translated++;
		count(txn, PMCG_ATS_PASSED);
		return;
	}
	ats->kind = smmu_priq_is_check(txn->smmu, asked) ? ATS_CHECK : ATS_TRANSLATE;
	ats->entries = asked->len_bytes / ATS_ENTRY_BYTES;
	ats->view.addr = first_unit(txn);
	if (is_check(txn))
		return;
	txn->smmu->stats.ats_requests++;
	count(txn, PMCG_ATS_REQUEST);
}

/* No entries: the request ends with this status. */
static void refuse(struct transaction *txn, enum bus_status status)
{
	txn->ats.status = status;
	if (!is_check(txn))
		txn->smmu->stats.ats_refused++;
}

/* SMMUEN is clear: no STE says whether its records may be merged. */
static bool is_disabled(struct transaction *txn)
{
	if (smmu_reg(txn->smmu, ROW_CR0) & CR0_SMMUEN)
		return false;
	txn->ste.merge = false;
	return true;
}

/* Translation requests are not allowed here: F_BAD_ATS_TREQ, 7.3.6. */
static void refuse_stream(struct transaction *txn)
{
	smmu_fault(txn, F_BAD_ATS_TREQ);
}

static void look_up_request(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	if (!smmu->cfg.ats || !txn->ats.entries || txn->ats.entries > ATS_MAX_ENTRIES) {
		smmu_fault_silent(txn);
		return;
	}
	if (is_disabled(txn)) {
		if (is_check(txn))
			smmu_fault_silent(txn);
		else
			refuse_stream(txn);
		return;
	}
	txn->translating = true;
	smmu->translating++;
	smmu_txn_translate(txn);
}

/* An address beyond the OAS: one of the two behaviours that 3.9.1.1 permits. */
static void pass_translated(struct transaction *txn)
{
	txn->stages = 0;
	if (txn->req->addr & ~txn->smmu->oas_mask)
		smmu_fault_silent(txn);
	else
		smmu_txn_ready(txn, TXN_READY);
}

static void check_translated(struct transaction *txn)
{
	const struct bus_req *req = txn->req;

	if ((req->addr & (GRANULE_BYTES - 1)) + req->len_bytes > GRANULE_BYTES)
		smmu_fault_silent(txn); /* F_UUT is not recorded of these, 3.9.1.3 */
	else if (txn->smmu->effective & CR0_ATSCHK)
		smmu_txn_translate(txn);
	else
		pass_translated(txn);
}

static void look_up_translated(struct transaction *txn)
{
	if (is_disabled(txn)) {
		smmu_fault(txn, F_TRANSL_FORBIDDEN);
		return;
	}
	txn->translating = true;
	txn->smmu->translating++;
	check_translated(txn);
}

void smmu_ats_look_up(struct transaction *txn)
{
	if (txn->ats.kind == ATS_TRANSLATED)
		look_up_translated(txn);
	else
		look_up_request(txn);
}

void smmu_ats_again(struct transaction *txn)
{
	struct ats_request *ats = &txn->ats;

	if (ats->kind == ATS_TRANSLATED) {
		check_translated(txn);
		return;
	}
	ats->found = 0;
	ats->status = BUS_OK;
	ats->view.addr = first_unit(txn);
	smmu_txn_translate(txn);
}

/* All entries are there. */
static void finish(struct transaction *txn)
{
	txn->ats.found = txn->ats.entries;
	smmu_txn_ready(txn, TXN_READY);
}

/* STE.EATS as it takes effect, 5.2: split-stage needs the check of what comes back. */
static uint8_t effective_eats(const struct transaction *txn)
{
	uint8_t eats = txn->ste.eats;

	if (eats == STE1_EATS_SPLIT && !(txn->smmu->effective & CR0_ATSCHK))
		return STE1_EATS_UR;
	return eats;
}

bool smmu_ats_admits(struct transaction *txn)
{
	if (is_check(txn)) {
		le64_put(txn->asked->data, txn->ste.ppar);
		finish(txn);
		return false;
	}
	if (effective_eats(txn) != STE1_EATS_UR)
		return true;
	if (txn->ats.kind == ATS_TRANSLATED)
		smmu_fault(txn, F_TRANSL_FORBIDDEN);
	else
		refuse_stream(txn);
	return false;
}

bool smmu_ats_apply_translated(struct transaction *txn)
{
	txn->cd_index = 0;
	if (effective_eats(txn) != STE1_EATS_SPLIT) {
		pass_translated(txn);
		return false;
	}
	txn->stages = BIT(STAGE2);
	return true;
}

/* One more entry: the next look-up, or the end. */
static void put(struct transaction *txn, uint64_t entry)
{
	struct ats_request *ats = &txn->ats;

	le64_put((uint8_t *)txn->asked->data + ATS_ENTRY_BYTES * ats->found++, entry);
	if (ats->found == ats->entries) {
		finish(txn);
		return;
	}
	ats->view.addr += BIT(stu_shift(txn->smmu));
	smmu_txn_translate(txn);
}

/* The Priv bit of an answer is that of the request, 13.7.1. */
static uint64_t privilege(const struct transaction *txn)
{
	return txn->req->attr.privileged ? ATS_PRIVILEGED : 0;
}

/* No access, as large as the STU, 3.9.1.2. */
static void put_nothing(struct transaction *txn)
{
	put(txn, ats_range(0, stu_shift(txn->smmu)) | privilege(txn));
}

/* Of more than one entry each is an STU, so that where they belong needs no telling. */
static void put_range(struct transaction *txn, uint64_t addr, uint8_t shift, uint64_t grant)
{
	uint8_t stu = stu_shift(txn->smmu);

	/* A Contiguous bit may join more than there are addresses. */
	shift = MIN(shift, txn->smmu->cfg.oas_bits);
	if (txn->ats.entries > 1)
		shift = MIN(shift, stu);
	if (shift < stu) /* smaller pages than the STU: what a 64 KiB granule's SMMU never has */
		put_nothing(txn);
	else
		put(txn, ats_range(addr, shift) | grant | privilege(txn));
}

void smmu_ats_found(struct transaction *txn)
{
	uint64_t addr = txn->found.pa | (txn->req->addr & (BIT(txn->found.shift) - 1));
	const struct leaf *leaf = &txn->found.leaf[STAGE1];

	if (effective_eats(txn) == STE1_EATS_SPLIT) {
		addr = txn->req->addr;
		if (txn->stages & BIT(STAGE1))
			addr = leaf->oa | (txn->ia & (BIT(leaf->shift) - 1));
	}
	put_range(txn, addr, txn->found.shift, txn->ats.granted);
}

void smmu_ats_identity(struct transaction *txn)
{
	const struct smmu *smmu = txn->smmu;
	uint64_t address = txn->req->addr;

	if (address & ~smmu_input_mask(txn))
		put_nothing(txn);
	else
		put_range(txn, address & smmu->oas_mask, smmu->cfg.oas_bits, ATS_READ | ATS_WRITE);
}

/* Would the stages in `stages` permit this? What is managed by hardware counts as writable. */
static bool permits(struct transaction *txn, uint8_t stages, bool write, bool instruction)
{
	bool permitted = true, asked = txn->instruction;

	txn->write = write;
	txn->instruction = instruction;
	for (int stage = STAGE1; stage <= STAGE2; stage++)
		if (stages & BIT(stage))
			permitted &= smmu_permission(txn, (enum stage)stage) != PERMISSION_DENIED;
	txn->write = false;
	txn->instruction = asked;
	return permitted;
}

/* 13.7.1: what the request asked for and the stages have. No Write is never answered by it. */
static uint64_t granted(struct transaction *txn, uint8_t stages)
{
	const struct bus_attr *attr = &txn->req->attr;
	bool readable = permits(txn, stages, false, false);
	uint64_t grant = 0;

	if (txn->ste.instcfg >= STE1_INSTCFG_DATA) {
		if (txn->ste.instcfg == STE1_INSTCFG_INSTR)
			readable = permits(txn, stages, false, true);
		if (attr->instruction && readable)
			grant |= ATS_EXECUTE;
	} else if (attr->instruction && readable && permits(txn, stages, false, true)) {
		grant |= ATS_EXECUTE;
	}
	if (readable)
		grant |= ATS_READ;
	if (!attr->no_write && permits(txn, stages, true, false))
		grant |= ATS_WRITE;
	return grant;
}

bool smmu_ats_denied(struct transaction *txn, enum stage stage)
{
	return !granted(txn, (uint8_t)BIT(stage));
}

bool smmu_ats_grant(struct transaction *txn)
{
	txn->ats.granted = granted(txn, txn->stages);
	txn->managed = 0;
	if (!txn->ats.granted) {
		put_nothing(txn);
		return false;
	}
	if (!(txn->ats.granted & ATS_WRITE))
		return true;
	txn->write = true;
	for (int stage = STAGE1; stage <= STAGE2; stage++)
		if ((txn->stages & BIT(stage)) &&
		    smmu_permission(txn, (enum stage)stage) == PERMISSION_MANAGED)
			txn->managed |= (uint8_t)BIT(stage);
	txn->write = false;
	return true;
}

bool smmu_ats_absorbs(struct transaction *txn, enum event_number number)
{
	if (txn->ats.kind != ATS_TRANSLATE)
		return false;
	switch (number) {
	case F_TRANSLATION:
	case F_ADDR_SIZE:
	case F_ACCESS:
	case F_PERMISSION:
		put_nothing(txn);
		return true;
	default:
		return false;
	}
}

/* Errors of configuration and of fetches: recorded if software asked for it, 3.9.1.2 and 8.1; what
 * a translated access meets at stage 2 as of any access, 3.9.1.3. */
bool smmu_ats_records(struct transaction *txn, enum event_number number)
{
	uint64_t cr2 = smmu_reg(txn->smmu, ROW_CR2);
	bool is_translated = txn->ats.kind == ATS_TRANSLATED;

	if (number == F_BAD_ATS_TREQ || number == F_TRANSL_FORBIDDEN)
		return true;
	if (is_translated && number == F_WALK_EABT)
		return true;
	if (!is_translated) {
		refuse(txn, BUS_FAULT);
		if (number == C_BAD_STREAMID && !(cr2 & CR2_RECINVSID))
			return false;
	}
	return cr2 & CR2_REC_CFG_ATS;
}

void smmu_ats_fill(const struct transaction *txn, uint64_t word[EVENT_WORDS])
{
	const struct bus_attr *attr = &txn->req->attr;

	word[1] |= EVENT1_ATS_R | field_put(EVENT1_ATS_W, !attr->no_write) |
		   field_put(EVENT1_ATS_X, attr->instruction) |
		   field_put(EVENT1_ATS_P, attr->privileged);
	word[2] = (txn->req->addr & ~(uint64_t)(GRANULE_BYTES - 1)) |
		  field_put(EVENT2_ATS_SPAN, txn->ats.entries);
}

void smmu_ats_answer(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	const struct ats_request *ats = &txn->ats;
	const struct bus_req *asked = txn->asked;
	uint32_t bytes;

	if (txn->state == TXN_FAULTED && ats->status == BUS_OK)
		refuse(txn, BUS_ABORT); /* not allowed, rather than an error */
	bytes = ats->status == BUS_OK ? asked->len_bytes : 0;
	txn->state = TXN_ANSWERED;
	if (!is_check(txn))
		trace_emit_data(&smmu->env.part, TRACE_ATS_ANSWER, bytes ? asked->data : NULL,
				bytes,
				(const uint64_t[TRACE_ARGS]){asked->attr.stream_id,
							     smmu_txn_substream(txn), asked->addr,
							     !asked->attr.no_write, ats->status});
	if (txn->fault.recorded && ats->status != BUS_OK)
		smmu_evtq_record(txn);
	else
		sim_after(smmu->sim, &txn->event, 0);
}
