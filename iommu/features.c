/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features go together: IHI 0070, 2.9 and 6.3.1 to 6.3.8. An SMMUv3.n may
 * have any of SMMUv3.(n+1), none of later versions, and must have what its own
 * made mandatory.
 */
#include "iommu/smmu_internal.h"

struct rule {
	bool broken;
	const char *member, *expected;
};

static struct smmu_cfg_fault first_broken(const struct rule *rule, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (rule[i].broken)
			return (struct smmu_cfg_fault){rule[i].member, rule[i].expected};
	return (struct smmu_cfg_fault){0};
}

static bool oas_is_valid(uint8_t bits)
{
	return bits == 32 || bits == 36 || bits == 40 || bits == 42 || bits == 44 || bits == 48 ||
	       bits == 52;
}

static struct smmu_cfg_fault check_fields(const struct smmu_cfg *cfg)
{
	const struct rule rules[] = {
		{cfg->version > 4, "version", "0 to 4: SMMUv3.0 to SMMUv3.4"},
		{cfg->sid_bits > 32, "sid_bits", "at most 32"},
		{cfg->ssid_bits > 20, "ssid_bits", "at most 20"},
		{cfg->cmdq_log2 > 19, "cmdq_log2", "at most 19"},
		{cfg->evtq_log2 > 19, "evtq_log2", "at most 19"},
		{cfg->priq_log2 > 19, "priq_log2", "at most 19"},
		{!oas_is_valid(cfg->oas_bits), "oas_bits", "32, 36, 40, 42, 44, 48 or 52"},
		{!cfg->ttf || cfg->ttf > 3, "ttf", "one at least of the two"},
		{cfg->httu > IDR0_HTTU_TABLES, "httu", "0 to 3"},
		{!cfg->granules || cfg->granules > 7, "granules", "one at least of the three"},
		{cfg->endian == 1 || cfg->endian > IDR0_TTENDIAN_BE, "endian", "0, 2 or 3"},
		{cfg->stall_model > IDR0_STALL_MODEL_FORCE, "stall_model", "0, 1 or 2"},
		{cfg->bbml > 2, "bbml", "0, 1 or 2"},
		{!cfg->max_transactions, "max_transactions", "one at least"},
		{!cfg->timing.walkers, "walkers", "one at least"},
		{!cfg->timing.tlb_ways || cfg->timing.tlb_entries < cfg->timing.tlb_ways,
		 "tlb_ways", "1 to the number of entries"},
	};

	return first_broken(rules, ARRAY_LEN(rules));
}

/* What one feature needs of others. */
static struct smmu_cfg_fault check_needs(const struct smmu_cfg *cfg)
{
	bool both = cfg->s1 && cfg->s2;
	bool stalls = cfg->stall_model != IDR0_STALL_MODEL_NONE;
	bool large_granule = cfg->granules & SMMU_GRANULE_64K;
	bool aarch32 = cfg->ttf & IDR0_TTF_AARCH32;
	const struct rule rules[] = {
		{!cfg->s1 && !cfg->s2, "s1", "one stage at least"},
		{cfg->hyp && !both, "hyp", "both stages with it"},
		{cfg->vmw && !cfg->s2, "vmw", "stage 2 with it"},
		{cfg->had && !cfg->s1, "had", "stage 1 with it"},
		{cfg->ptwnnc && !cfg->s2, "ptwnnc", "stage 2 with it"},
		{cfg->xnx && !cfg->s2, "xnx", "stage 2 with it"},
		{!cfg->two_level_strtab && cfg->sid_bits >= 7, "two_level_strtab",
		 "two levels with stream IDs of 7 bits or more"},
		{cfg->pri && !cfg->ats, "pri", "ATS with it"},
		{cfg->atsrecerr && !cfg->ats, "atsrecerr", "ATS with it"},
		{cfg->ns1ats && (!cfg->ats || !both), "ns1ats", "ATS and both stages with it"},
		{cfg->pps && (!cfg->pri || !cfg->ssid_bits), "pps", "PRI and substreams with it"},
		{stalls && !cfg->stall_max, "stall_max", "one at least, where faults can stall"},
		{!stalls && cfg->stall_max, "stall_max", "0, where faults cannot stall"},
		{stalls && cfg->max_transactions < 2, "max_transactions",
		 "2 at least, where faults can stall: half of them stay free of stalls"},
		{cfg->stall_downgrade && cfg->stall_model != IDR0_STALL_MODEL_BOTH,
		 "stall_downgrade", "no, unless faults may stall and may be terminated"},
		{aarch32 && !(cfg->granules & SMMU_GRANULE_4K), "granules",
		 "the 4 KiB granule with AArch32 tables"},
		{cfg->vax && !large_granule, "vax", "the 64 KiB granule with it"},
		{cfg->oas_bits == 52 && !large_granule, "oas_bits",
		 "the 64 KiB granule with 52 bits"},
	};

	return first_broken(rules, ARRAY_LEN(rules));
}

/* What comes too early for the version. */
static struct smmu_cfg_fault check_newer(const struct smmu_cfg *cfg)
{
	uint8_t version = cfg->version;
	const struct rule rules[] = {
		{cfg->xnx && version < 1, "xnx", "SMMUv3.1 or later with it"},
		{cfg->vax && version < 1, "vax", "SMMUv3.1 or later with it"},
		{cfg->oas_bits == 52 && version < 1, "oas_bits", "SMMUv3.1 or later with 52 bits"},
		{cfg->fwb && version < 1, "fwb", "SMMUv3.1 or later with it"},
		{cfg->stt && version < 1, "stt", "SMMUv3.1 or later with it"},
		{cfg->ril && version < 1, "ril", "SMMUv3.1 or later with it"},
		{cfg->bbml && version < 1, "bbml", "SMMUv3.1 or later with levels 1 and 2"},
		{cfg->atsrecerr && version < 2, "atsrecerr", "SMMUv3.2 or later with it"},
		{cfg->e0pd && version < 2, "e0pd", "SMMUv3.2 or later with it"},
		{cfg->ptwnnc && version < 2, "ptwnnc", "SMMUv3.2 or later with it"},
		{cfg->epan && version < 3, "epan", "SMMUv3.3 or later with it"},
		{cfg->httu == IDR0_HTTU_TABLES && version < 3, "httu",
		 "SMMUv3.3 or later with the access flag of tables"},
	};

	return first_broken(rules, ARRAY_LEN(rules));
}

/* What the version made mandatory. */
static struct smmu_cfg_fault check_mandatory(const struct smmu_cfg *cfg)
{
	uint8_t version = cfg->version;
	const struct rule rules[] = {
		{!cfg->had && cfg->s1 && version >= 1, "had", "it with stage 1 since SMMUv3.1"},
		{!cfg->xnx && cfg->s2 && version >= 1, "xnx", "it with stage 2 since SMMUv3.1"},
		{!cfg->hyp && cfg->s1 && cfg->s2 && version >= 2, "hyp",
		 "it with both stages since SMMUv3.2"},
		{!cfg->fwb && version >= 2, "fwb", "it since SMMUv3.2"},
		{!cfg->ril && version >= 2, "ril", "it since SMMUv3.2"},
		{!cfg->bbml && version >= 2, "bbml", "1 or 2 since SMMUv3.2"},
		{!cfg->e0pd && version >= 3, "e0pd", "it since SMMUv3.3"},
		{!cfg->ptwnnc && cfg->s2 && version >= 3, "ptwnnc",
		 "it with stage 2 since SMMUv3.3"},
		{!cfg->epan && version >= 4, "epan", "it since SMMUv3.4"},
	};

	return first_broken(rules, ARRAY_LEN(rules));
}

struct smmu_cfg_fault smmu_cfg_fault(const struct smmu_cfg *cfg)
{
	struct smmu_cfg_fault fault = check_fields(cfg);

	if (!fault.member)
		fault = check_needs(cfg);
	if (!fault.member)
		fault = check_newer(cfg);
	if (!fault.member)
		fault = check_mandatory(cfg);
	return fault;
}
