/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each command does: IHI 0070, chapter 4; TLB invalidations are in tlbi.c,
 * what goes to devices in atc_inv.c. Opcodes of features that the IDRs do not
 * offer are CERROR_ILL, as are all others without a row.
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

/* Of CDs: without stage 1 there are none, 4.3.3 and 4.3.4. */
static enum command_outcome cfgi_cd(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	if (names_secure(word) || !smmu->cfg.s1)
		return COMMAND_ILLEGAL;
	smmu_conf_drop_cd(smmu, stream_of(word), (uint32_t)field_get(CMD0_SUBSTREAMID, word[0]),
			  !(word[1] & CFGI1_LEAF));
	return COMMAND_DONE;
}

static enum command_outcome cfgi_cd_all(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	if (names_secure(word) || !smmu->cfg.s1)
		return COMMAND_ILLEGAL;
	smmu_conf_drop_cds(smmu, stream_of(word));
	return COMMAND_DONE;
}

static enum command_outcome sync(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	return field_get(SYNC0_CS, word[0]) > SYNC0_CS_SEV ? COMMAND_ILLEGAL : COMMAND_SYNC;
}

static enum command_outcome (*const command_table[])(struct smmu *smmu,
						     const uint64_t word[CMD_WORDS]) = {
	[CMD_PREFETCH_CONFIG] = prefetch,
	[CMD_PREFETCH_ADDR] = prefetch,
	[CMD_CFGI_STE] = cfgi_ste,
	[CMD_CFGI_STE_RANGE] = cfgi_ste_range,
	[CMD_CFGI_CD] = cfgi_cd,
	[CMD_CFGI_CD_ALL] = cfgi_cd_all,
	[CMD_ATC_INV] = smmu_atc_invalidate,
	[CMD_PRI_RESP] = smmu_atc_respond,
	[CMD_RESUME] = smmu_stall_cmd_resume,
	[CMD_STALL_TERM] = smmu_stall_cmd_term,
	[CMD_SYNC] = sync,
};

enum command_outcome smmu_command_execute(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint64_t opcode = field_get(CMD0_OPCODE, word[0]);

	if (opcode < ARRAY_LEN(command_table) && command_table[opcode])
		return command_table[opcode](smmu, word);
	return smmu_tlbi_execute(smmu, word) ? COMMAND_DONE : COMMAND_ILLEGAL;
}
