/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction that is terminated leaves behind: IHI 0070, 5.5 and 7.3. */
#include "iommu/smmu_internal.h"

/* What a record says beyond its number and its StreamID. */
#define SAYS_SSV         1u  /* SSV and SubstreamID */
#define SAYS_SUBSTREAM   2u  /* SubstreamID without SSV */
#define SAYS_ACCESS      4u  /* RnW, InD, PnU */
#define SAYS_INPUT       8u  /* InputAddr */
#define SAYS_FETCH       16u /* FetchAddr */
#define SAYS_PLACE       32u /* S2, CLASS, and IPA where S2 is set */
#define FROM_TRANSLATION 64u /* the stage's A, R and S decide, 5.5 */
#define SAYS_RNW         128u

#define SAYS_REQUEST (SAYS_SSV | SAYS_ACCESS | SAYS_INPUT)

static const struct {
	enum event_number number;
	uint8_t says;
} record_table[] = {
	{F_UUT, SAYS_REQUEST},
	{C_BAD_STREAMID, SAYS_SSV},
	{F_STE_FETCH, SAYS_SSV | SAYS_FETCH},
	{C_BAD_STE, SAYS_SSV},
	{F_BAD_ATS_TREQ, SAYS_SSV},
	{F_STREAM_DISABLED, 0},
	{F_TRANSL_FORBIDDEN, SAYS_RNW | SAYS_INPUT},
	{C_BAD_SUBSTREAMID, SAYS_SUBSTREAM},
	{F_CD_FETCH, SAYS_SSV | SAYS_FETCH},
	{C_BAD_CD, SAYS_SSV},
	{F_WALK_EABT, SAYS_REQUEST | SAYS_FETCH | SAYS_PLACE},
	{F_TRANSLATION, SAYS_REQUEST | SAYS_PLACE | FROM_TRANSLATION},
	{F_ADDR_SIZE, SAYS_REQUEST | SAYS_PLACE | FROM_TRANSLATION},
	{F_ACCESS, SAYS_REQUEST | SAYS_PLACE | FROM_TRANSLATION},
	{F_PERMISSION, SAYS_REQUEST | SAYS_PLACE | FROM_TRANSLATION},
};

static uint8_t what_it_says(enum event_number number)
{
	uint32_t row = 0;

	while (record_table[row].number != number)
		row++;
	return record_table[row].says;
}

static void fill_identity(struct transaction *txn, uint8_t says, uint64_t word[EVENT_WORDS])
{
	const struct bus_attr *attr = &txn->req->attr;

	word[0] = field_put(EVENT0_NUMBER, txn->fault.number) |
		  field_put(EVENT0_STREAMID, attr->stream_id);
	if (attr->substream_valid && (says & (SAYS_SSV | SAYS_SUBSTREAM)))
		word[0] |= field_put(EVENT0_SUBSTREAMID, attr->substream_id);
	if (attr->substream_valid && (says & SAYS_SSV))
		word[0] |= EVENT0_SSV;
}

static void fill_access(const struct transaction *txn, uint8_t says, uint64_t word[EVENT_WORDS])
{
	if (says & (SAYS_ACCESS | SAYS_RNW))
		word[1] |= field_put(EVENT1_RNW, !txn->write);
	if (!(says & SAYS_ACCESS))
		return;
	word[1] |= field_put(EVENT1_IND, txn->instruction) | field_put(EVENT1_PNU, txn->privileged);
}

static void fill_place(const struct transaction *txn, uint8_t says, uint64_t word[EVENT_WORDS])
{
	const struct fault_place *place = &txn->fault.place;

	if (!(says & SAYS_PLACE))
		return;
	word[1] |=
		field_put(EVENT1_S2, place->stage == STAGE2) | field_put(EVENT1_CLASS, place->kind);
	if (place->stage == STAGE2)
		word[3] = place->ipa & EVENT3_IPA;
}

static void fill_record(struct transaction *txn, uint8_t says)
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

/* Stage 1 faults may be answered RAZ/WI and need not be recorded; stage 2's abort, 5.5. */
static void apply_policy(struct transaction *txn, uint8_t says)
{
	struct fault *fault = &txn->fault;
	bool stage2 = fault->place.stage == STAGE2;

	fault->raz_wi = false;
	fault->recorded = true;
	if (fault->number == C_BAD_STREAMID)
		fault->recorded = smmu_reg(txn->smmu, ROW_CR2) & CR2_RECINVSID;
	if (!(says & FROM_TRANSLATION)) {
		if (txn->ats.kind != ATS_NONE)
			fault->recorded = smmu_ats_records(txn, fault->number);
		return;
	}
	fault->raz_wi = !stage2 && !txn->cd.abort;
	fault->recorded = stage2 ? txn->ste.policy.record : txn->cd.policy.record;
}

void smmu_fault_at(struct transaction *txn, enum event_number number,
		   const struct fault_place *place)
{
	uint8_t says = what_it_says(number);

	if (smmu_ats_absorbs(txn, number))
		return;
	txn->fault.number = number;
	txn->fault.place = *place;
	apply_policy(txn, says);
	fill_record(txn, says);
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
