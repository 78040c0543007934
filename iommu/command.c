/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each command does: IHI 0070, chapter 4. Opcodes of features that IDR0
 * does not offer (EL2, stage 2, ATS, PRI, stalls) are CERROR_ILL, as are all
 * others without a row.
 */
#include "iommu/smmu_internal.h"

/* Commands that name a stream must say that it is non-secure, 4.1.6. */
static bool names_secure(const uint64_t word[CMD_WORDS])
{
	return word[0] & CMD0_SSEC;
}

static uint32_t stream_of(const uint64_t word[CMD_WORDS])
{
	return (uint32_t)field_get(CMD0_STREAMID, word[0]);
}

/* A hint: nothing needs to happen, 4.2. */
static enum command_outcome prefetch(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	return names_secure(word) ? COMMAND_ILLEGAL : COMMAND_DONE;
}

static enum command_outcome cfgi_ste(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	if (names_secure(word))
		return COMMAND_ILLEGAL;
	smmu_conf_drop_streams(smmu, stream_of(word), UINT32_MAX, !(word[1] & CFGI1_LEAF));
	return COMMAND_DONE;
}

/* 2^(Range+1) streams, aligned; Range 31 is CMD_CFGI_ALL. */
static enum command_outcome cfgi_ste_range(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint64_t range = field_get(CFGI1_RANGE, word[1]);

	if (names_secure(word))
		return COMMAND_ILLEGAL;
	smmu_conf_drop_streams(smmu, stream_of(word), (uint32_t)(UINT64_MAX << (range + 1)), true);
	return COMMAND_DONE;
}

static enum command_outcome cfgi_cd(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	if (names_secure(word))
		return COMMAND_ILLEGAL;
	smmu_conf_drop_cd(smmu, stream_of(word), (uint32_t)field_get(CMD0_SUBSTREAMID, word[0]));
	return COMMAND_DONE;
}

static enum command_outcome cfgi_cd_all(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	if (names_secure(word))
		return COMMAND_ILLEGAL;
	smmu_conf_drop_cds(smmu, stream_of(word));
	return COMMAND_DONE;
}

static enum command_outcome tlbi_all(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	smmu_tlb_drop_all(smmu);
	smmu_plant_saw_tlbi(smmu, NULL, NULL);
	return COMMAND_DONE;
}

static enum command_outcome tlbi_asid(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint16_t asid = (uint16_t)field_get(TLBI0_ASID, word[0]);

	smmu_tlb_drop_asid(smmu, asid);
	smmu_plant_saw_tlbi(smmu, &asid, NULL);
	return COMMAND_DONE;
}

static enum command_outcome tlbi_va(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint16_t asid = (uint16_t)field_get(TLBI0_ASID, word[0]);
	uint64_t va = word[1] & TLBI1_ADDRESS;

	smmu_tlb_drop_va(smmu, asid, false, va);
	smmu_plant_saw_tlbi(smmu, &asid, &va);
	return COMMAND_DONE;
}

static enum command_outcome tlbi_vaa(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint64_t va = word[1] & TLBI1_ADDRESS;

	smmu_tlb_drop_va(smmu, 0, true, va);
	smmu_plant_saw_tlbi(smmu, NULL, &va);
	return COMMAND_DONE;
}

static enum command_outcome sync(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	return field_get(SYNC0_CS, word[0]) > SYNC0_CS_SEV ? COMMAND_ILLEGAL : COMMAND_SYNC;
}

static const struct {
	enum cmd_opcode opcode;
	enum command_outcome (*execute)(struct smmu *smmu, const uint64_t word[CMD_WORDS]);
} command_table[] = {
	{CMD_PREFETCH_CONFIG, prefetch}, {CMD_PREFETCH_ADDR, prefetch},
	{CMD_CFGI_STE, cfgi_ste},        {CMD_CFGI_STE_RANGE, cfgi_ste_range},
	{CMD_CFGI_CD, cfgi_cd},          {CMD_CFGI_CD_ALL, cfgi_cd_all},
	{CMD_TLBI_NH_ALL, tlbi_all},     {CMD_TLBI_NH_ASID, tlbi_asid},
	{CMD_TLBI_NH_VA, tlbi_va},       {CMD_TLBI_NH_VAA, tlbi_vaa},
	{CMD_TLBI_NSNH_ALL, tlbi_all},   {CMD_SYNC, sync},
};

enum command_outcome smmu_command_execute(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint64_t opcode = field_get(CMD0_OPCODE, word[0]);

	for (uint32_t row = 0; row < ARRAY_LEN(command_table); row++)
		if (command_table[row].opcode == opcode)
			return command_table[row].execute(smmu, word);
	return COMMAND_ILLEGAL;
}
