/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB invalidation commands: IHI 0070, 4.4. Each is a row: the tags that it
 * goes by, whether it names addresses, and what the IDRs must offer for it.
 */
#include "iommu/smmu_internal.h"

/* What a row says. */
#define BY_VMID  1u
#define BY_ASID  2u /* global lines go too where addresses are named */
#define BY_VA    4u
#define BY_IPA   8u
#define ALL_EL1  16u /* stage 1, both stages as one, and stage 2 */
#define IN_EL2   32u /* of the world that CR2.E2H chooses */
#define IN_EL2H  64u
#define ALL_EL2  128u
#define NEEDS_S1 256u
#define NEEDS_S2 512u
#define ANY_EL2  (IN_EL2 | IN_EL2H | ALL_EL2)

static const struct {
	enum cmd_opcode opcode;
	uint16_t says;
} tlbi_table[] = {
	{CMD_TLBI_NH_ALL, NEEDS_S1 | BY_VMID},
	{CMD_TLBI_NH_ASID, NEEDS_S1 | BY_VMID | BY_ASID},
	{CMD_TLBI_NH_VA, NEEDS_S1 | BY_VMID | BY_ASID | BY_VA},
	{CMD_TLBI_NH_VAA, NEEDS_S1 | BY_VMID | BY_VA},
	{CMD_TLBI_EL2_ALL, ALL_EL2},
	{CMD_TLBI_EL2_ASID, IN_EL2H | BY_ASID},
	{CMD_TLBI_EL2_VA, IN_EL2 | BY_ASID | BY_VA},
	{CMD_TLBI_EL2_VAA, IN_EL2 | BY_VA},
	{CMD_TLBI_S12_VMALL, NEEDS_S2 | BY_VMID | ALL_EL1},
	{CMD_TLBI_S2_IPA, NEEDS_S2 | BY_VMID | BY_IPA},
	{CMD_TLBI_NSNH_ALL, ALL_EL1},
};

/* Tags of fewer bits than the field has: the others are ignored, 4.4. */
static uint64_t tag_of(uint64_t word, uint64_t field, bool is_16_bits)
{
	return field_get(field, word) & (is_16_bits ? BITS(15, 0) : BITS(7, 0));
}

/* The VMID's bits that count: not the lowest CR0.VMW ones, of which there are 4 at most. */
static uint64_t vmid_mask(const struct smmu *smmu)
{
	uint64_t wild = field_get(CR0_VMW, smmu_reg(smmu, ROW_CR0));

	return wild > 4 ? SPACE_VMID : SPACE_VMID & ~field_put(SPACE_VMID, BIT(wild) - 1);
}

static uint64_t world_of(const struct smmu *smmu, uint16_t says)
{
	if (says & IN_EL2H)
		return SPACE_WORLD_EL2H;
	if (!(says & IN_EL2))
		return SPACE_WORLD_EL1;
	return smmu_reg(smmu, ROW_CR2) & CR2_E2H ? SPACE_WORLD_EL2H : SPACE_WORLD_EL2;
}

static void scope_spaces(const struct smmu *smmu, uint16_t says, uint64_t word0,
			 struct tlb_scope *scope)
{
	uint64_t world = world_of(smmu, says);

	if (says & ALL_EL2) {
		scope->mask = scope->space = SPACE_WORLD_ANY_EL2;
		return;
	}
	scope->mask = SPACE_WORLD;
	scope->space = field_put(SPACE_WORLD, world);
	if (!(says & ALL_EL1))
		scope->mask |= SPACE_STAGE2;
	if (says & BY_IPA)
		scope->space |= SPACE_STAGE2;
	if ((says & BY_VMID) && smmu->cfg.s2) {
		scope->mask |= vmid_mask(smmu);
		scope->space |= field_put(SPACE_VMID, tag_of(word0, TLBI0_VMID, smmu->cfg.vmid16));
	}
	if (!(says & BY_ASID) || world == SPACE_WORLD_EL2)
		return;
	scope->mask |= SPACE_ASID | SPACE_GLOBAL;
	scope->space |= field_put(SPACE_ASID, tag_of(word0, TLBI0_ASID, smmu->cfg.asid16));
	scope->or_global = says & BY_VA;
}

/* TG of a range command: log2 of the granule, 4.4.1.1. */
static uint8_t granule_of(uint64_t word1)
{
	uint64_t tg = field_get(TLBI1_TG, word1);

	return tg ? (uint8_t)(10 + 2 * tg) : 0;
}

/* The level that TTL names, 0: any; the 16 KiB granule has no leaves at level 1. */
static uint8_t level_of(uint64_t word1, uint8_t granule_shift)
{
	uint64_t ttl = field_get(TLBI1_TTL, word1);

	return ttl == 1 && granule_shift == 14 ? 0 : (uint8_t)ttl;
}

/*
 * Range invalidation, 4.4.1.1: (NUM + 1) * 2^SCALE granules, of leaves of that
 * granule. False: a combination that is reserved.
 */
static bool scope_range(const struct smmu *smmu, const uint64_t word[CMD_WORDS], uint64_t address,
			struct tlb_scope *scope)
{
	uint8_t granule_shift = smmu->cfg.ril ? granule_of(word[1]) : 0;
	uint64_t granules;

	if (!granule_shift) {
		scope->first = address;
		scope->last = address | (GRANULE_BYTES - 1);
		return true;
	}
	granules = (field_get(TLBI0_NUM, word[0]) + 1) << field_get(TLBI0_SCALE, word[0]);
	scope->first = address >> granule_shift << granule_shift;
	scope->last = scope->first + (granules << granule_shift) - 1;
	if (scope->last < scope->first)
		scope->last = UINT64_MAX;
	scope->granule_shift = granule_shift;
	scope->level = level_of(word[1], granule_shift);
	return granules > 1 || scope->level;
}

static bool is_offered(const struct smmu *smmu, uint16_t says)
{
	if ((says & NEEDS_S1) && !smmu->cfg.s1)
		return false;
	if ((says & NEEDS_S2) && !smmu->cfg.s2)
		return false;
	return !(says & ANY_EL2) || smmu->cfg.hyp;
}

bool smmu_tlbi_execute(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint64_t opcode = field_get(CMD0_OPCODE, word[0]);
	struct tlb_scope scope = {0};
	uint32_t row = 0;
	uint16_t says;

	while (row < ARRAY_LEN(tlbi_table) && tlbi_table[row].opcode != opcode)
		row++;
	if (row == ARRAY_LEN(tlbi_table) || !is_offered(smmu, tlbi_table[row].says))
		return false;
	says = tlbi_table[row].says;
	scope_spaces(smmu, says, word[0], &scope);
	scope.all_addresses = !(says & (BY_VA | BY_IPA));
	scope.leaf_only = !scope.all_addresses && (word[1] & TLBI1_LEAF);
	if (!scope.all_addresses &&
	    !scope_range(smmu, word, word[1] & (says & BY_IPA ? TLBI1_IPA : TLBI1_ADDRESS), &scope))
		return false;
	smmu_tlb_drop(smmu, &scope);
	return true;
}
