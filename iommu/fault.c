/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction that is terminated leaves behind: IHI 0070, 5.5 and 7.3. */
#include "iommu/smmu_internal.h"

/* What a record says beyond its number and its StreamID. */
#define SAYS_SSV         1u    /* SSV and SubstreamID */
#define SAYS_SUBSTREAM   2u    /* SubstreamID without SSV */
#define SAYS_RNW         4u    /* RnW */
#define SAYS_ATTR        8u    /* InD, PnU, as the STE has it */
#define SAYS_INCOMING    16u   /* InD, PnU, as the transaction came */
#define SAYS_INPUT       32u   /* InputAddr */
#define SAYS_FETCH       64u   /* FetchAddr */
#define SAYS_PLACE       128u  /* S2, CLASS, and IPA where S2 is set */
#define FROM_TRANSLATION 256u  /* the stage's A, R and S decide, 5.5 */
#define MERGES_ALWAYS    512u  /* comes before an STE is known, 7.3.1 */
#define MERGES_IN_PAGE   1024u /* InputAddr[11:0] may differ */

#define SAYS_REQUEST (SAYS_SSV | SAYS_RNW | SAYS_ATTR | SAYS_INPUT)
#define SAYS_WALK    (SAYS_REQUEST | SAYS_PLACE | MERGES_IN_PAGE)

static const struct {
	enum event_number number;
	uint16_t says;
} record_table[] = {
	{F_UUT, SAYS_SSV | SAYS_RNW | SAYS_INCOMING | SAYS_INPUT | MERGES_ALWAYS},
	{C_BAD_STREAMID, SAYS_SSV | MERGES_ALWAYS},
	{F_STE_FETCH, SAYS_SSV | SAYS_FETCH | MERGES_ALWAYS},
	{C_BAD_STE, SAYS_SSV | MERGES_ALWAYS},
	{F_BAD_ATS_TREQ, SAYS_SSV}, /* and smmu_ats_fill() */
	{F_STREAM_DISABLED, 0},
	{F_TRANSL_FORBIDDEN, SAYS_RNW | SAYS_INPUT | MERGES_IN_PAGE},
	{C_BAD_SUBSTREAMID, SAYS_SUBSTREAM},
	{F_CD_FETCH, SAYS_SSV | SAYS_FETCH},
	{C_BAD_CD, SAYS_SSV},
	{F_WALK_EABT, SAYS_WALK | SAYS_FETCH},
	{F_TRANSLATION, SAYS_WALK | FROM_TRANSLATION},
	{F_ADDR_SIZE, SAYS_WALK | FROM_TRANSLATION},
	{F_ACCESS, SAYS_WALK | FROM_TRANSLATION},
	{F_PERMISSION, SAYS_WALK | FROM_TRANSLATION},
};

static uint16_t what_it_says(enum event_number number)
{
	uint32_t row = 0;

	while (record_table[row].number != number)
		row++;
	return record_table[row].says;
}

static void fill_identity(struct transaction *txn, uint16_t says, uint64_t word[EVENT_WORDS])
{
	const struct bus_attr *attr = &txn->req->attr;

	word[0] = field_put(EVENT0_NUMBER, txn->fault.number) |
		  field_put(EVENT0_STREAMID, attr->stream_id);
	if (attr->substream_valid && (says & (SAYS_SSV | SAYS_SUBSTREAM)))
		word[0] |= field_put(EVENT0_SUBSTREAMID, attr->substream_id);
	if (attr->substream_valid && (says & SAYS_SSV))
		word[0] |= EVENT0_SSV;
}

static void fill_access(const struct transaction *txn, uint16_t says, uint64_t word[EVENT_WORDS])
{
	const struct bus_attr *attr = &txn->req->attr;

	if (says & SAYS_RNW)
		word[1] |= field_put(EVENT1_RNW, !txn->write || txn->fault.place.unread);
	if (says & SAYS_ATTR)
		word[1] |= field_put(EVENT1_IND, txn->instruction) |
			   field_put(EVENT1_PNU, txn->privileged);
	if (says & SAYS_INCOMING)
		word[1] |= field_put(EVENT1_IND, attr->instruction) |
			   field_put(EVENT1_PNU, attr->privileged);
}

static void fill_place(const struct transaction *txn, uint16_t says, uint64_t word[EVENT_WORDS])
{
	const struct fault_place *place = &txn->fault.place;

	if (!(says & SAYS_PLACE))
		return;
	word[1] |=
		field_put(EVENT1_S2, place->stage == STAGE2) | field_put(EVENT1_CLASS, place->kind);
	if (place->stage == STAGE2)
		word[3] = place->ipa & EVENT3_IPA;
	if (txn->fault.number == F_PERMISSION && place->kind == EVENT1_CLASS_TT)
		word[1] |= field_put(EVENT1_TTRNW, !place->write);
}

static void fill_record(struct transaction *txn, uint16_t says)
{
	uint64_t *word = txn->fault.word;

	memset(txn->fault.word, 0, sizeof(txn->fault.word));
	fill_identity(txn, says, word);
	fill_access(txn, says, word);
	fill_place(txn, says, word);
	if (says & SAYS_INPUT)
		word[2] = txn->req->addr;
	if (says & SAYS_FETCH)
		word[3] = txn->table.addr & EVENT3_FETCHADDR;
	if (txn->fault.number == F_BAD_ATS_TREQ)
		smmu_ats_fill(txn, word);
}

/*
 * Stage 1 faults may be answered RAZ/WI and need not be recorded; stage 2's abort, 5.5. What
 * should stall and cannot is terminated with an abort, and recorded, 3.12.
 */
static void apply_policy(struct transaction *txn, uint16_t says)
{
	struct fault *fault = &txn->fault;
	bool stage2 = fault->place.stage == STAGE2;
	const struct stage_policy *policy = stage2 ? &txn->ste.policy : &txn->cd.policy;

	fault->raz_wi = false;
	fault->stall = false;
	fault->recorded = true;
	if (fault->number == C_BAD_STREAMID)
		fault->recorded = smmu_reg(txn->smmu, ROW_CR2) & CR2_RECINVSID;
	if (!(says & FROM_TRANSLATION)) {
		if (txn->ats.kind != ATS_NONE)
			fault->recorded = smmu_ats_records(txn, fault->number);
		return;
	}
	if (policy->stall) {
		fault->stall = smmu_stall_may(txn);
		return;
	}
	fault->raz_wi = !stage2 && !txn->cd.abort;
	fault->recorded = policy->record;
}

void smmu_fault_at(struct transaction *txn, enum event_number number,
		   const struct fault_place *place)
{
	uint16_t says = what_it_says(number);

	if (smmu_is_direct(txn)) {
		txn->state = TXN_FAULTED;
		return;
	}
	if (smmu_ats_absorbs(txn, number))
		return;
	txn->fault.number = number;
	txn->fault.place = *place;
	apply_policy(txn, says);
	fill_record(txn, says);
	if (txn->fault.stall)
		smmu_stall_begin(txn);
	else
		smmu_txn_ready(txn, TXN_FAULTED);
}

void smmu_fault(struct transaction *txn, enum event_number number)
{
	smmu_fault_at(txn, number, &(struct fault_place){.stage = STAGE1, .kind = EVENT1_CLASS_IN});
}

void smmu_fault_unsupported(struct transaction *txn, uint16_t reason)
{
	txn->fault.number = F_UUT;
	txn->fault.raz_wi = false;
	txn->fault.stall = false;
	txn->fault.recorded = true;
	fill_record(txn, what_it_says(F_UUT));
	txn->fault.word[1] |= field_put(EVENT1_UUT_REASON, reason);
	smmu_txn_ready(txn, TXN_FAULTED);
}

void smmu_fault_silent(struct transaction *txn)
{
	memset(&txn->fault, 0, sizeof(txn->fault));
	smmu_txn_ready(txn, TXN_FAULTED);
}

bool smmu_fault_merges(const struct transaction *txn, const uint64_t word[EVENT_WORDS])
{
	const uint64_t *own = txn->fault.word;
	uint16_t says = what_it_says(txn->fault.number);
	uint64_t input = says & MERGES_IN_PAGE ? ~(uint64_t)(GRANULE_BYTES - 1) : ~UINT64_C(0);

	if (!(says & MERGES_ALWAYS) && !txn->ste.merge)
		return false;
	return own[0] == word[0] && own[1] == word[1] && !((own[2] ^ word[2]) & input) &&
	       own[3] == word[3];
}
