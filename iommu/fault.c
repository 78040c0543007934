/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction that is terminated leaves behind: IHI 0070, 5.5 and 7.3. */
#include "iommu/smmu_internal.h"

/* What a record says beyond its number and its StreamID. */
#define SAYS_SSV         1u  /* SSV and SubstreamID */
#define SAYS_SUBSTREAM   2u  /* SubstreamID without SSV */
#define SAYS_ACCESS      4u  /* RnW, InD, PnU */
#define SAYS_INPUT       8u  /* InputAddr */
#define SAYS_FETCH       16u /* FetchAddr */
#define FROM_TRANSLATION 32u /* CD.A and CD.R decide, 5.5; CLASS is IN */
#define CLASS_TT         64u

static const struct {
	enum event_number number;
	uint8_t says;
} record_table[] = {
	{F_UUT, SAYS_SSV | SAYS_ACCESS | SAYS_INPUT},
	{C_BAD_STREAMID, SAYS_SSV},
	{F_STE_FETCH, SAYS_SSV | SAYS_FETCH},
	{C_BAD_STE, SAYS_SSV},
	{F_STREAM_DISABLED, 0},
	{C_BAD_SUBSTREAMID, SAYS_SUBSTREAM},
	{F_CD_FETCH, SAYS_SSV | SAYS_FETCH},
	{C_BAD_CD, SAYS_SSV},
	{F_WALK_EABT, SAYS_SSV | SAYS_ACCESS | SAYS_INPUT | SAYS_FETCH | CLASS_TT},
	{F_TRANSLATION, SAYS_SSV | SAYS_ACCESS | SAYS_INPUT | FROM_TRANSLATION},
	{F_ADDR_SIZE, SAYS_SSV | SAYS_ACCESS | SAYS_INPUT | FROM_TRANSLATION},
	{F_ACCESS, SAYS_SSV | SAYS_ACCESS | SAYS_INPUT | FROM_TRANSLATION},
	{F_PERMISSION, SAYS_SSV | SAYS_ACCESS | SAYS_INPUT | FROM_TRANSLATION},
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
	const struct bus_attr *attr = &txn->req->attr;

	if (!(says & SAYS_ACCESS))
		return;
	word[1] |= field_put(EVENT1_RNW, !txn->write) |
		   field_put(EVENT1_IND, attr->instruction && !txn->write) |
		   field_put(EVENT1_PNU, attr->privileged);
	if (says & FROM_TRANSLATION)
		word[1] |= field_put(EVENT1_CLASS, EVENT1_CLASS_IN);
	if (says & CLASS_TT)
		word[1] |= field_put(EVENT1_CLASS, EVENT1_CLASS_TT);
}

static void fill_record(struct transaction *txn, uint8_t says)
{
	uint64_t *word = txn->fault.word;

	memset(txn->fault.word, 0, sizeof(txn->fault.word));
	fill_identity(txn, says, word);
	fill_access(txn, says, word);
	if (says & SAYS_INPUT)
		word[2] = txn->req->addr;
	if (says & SAYS_FETCH)
		word[3] = txn->table.addr & EVENT3_FETCHADDR;
}

void smmu_fault(struct transaction *txn, enum event_number number)
{
	uint8_t says = what_it_says(number);
	bool translation = says & FROM_TRANSLATION;

	txn->fault.number = number;
	txn->fault.raz_wi = translation && !txn->cd.abort;
	txn->fault.recorded = !translation || txn->cd.record;
	if (number == C_BAD_STREAMID)
		txn->fault.recorded = smmu_reg(txn->smmu, ROW_CR2) & CR2_RECINVSID;
	fill_record(txn, says);
	smmu_txn_ready(txn, TXN_FAULTED);
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
