/* SPDX-License-Identifier: Apache-2.0 */
/* The SMMU that a machine file describes. */
#include "system/config/smmu.h"

#include "iommu/smmu_registers_format.h"

static void take_identity(const struct smmu_config *smmu, struct smmu_cfg *cfg)
{
	/* As the lists of keys_machine.c have them. */
	static const uint8_t stall_model[] = {IDR0_STALL_MODEL_NONE, IDR0_STALL_MODEL_BOTH,
					      IDR0_STALL_MODEL_FORCE};
	static const uint8_t endian[] = {IDR0_TTENDIAN_LE, IDR0_TTENDIAN_BE, IDR0_TTENDIAN_MIXED};

	cfg->version = (uint8_t)smmu->version;
	cfg->iidr = (uint32_t)smmu->iidr;
	cfg->sid_bits = (uint8_t)smmu->sid_bits;
	cfg->ssid_bits = (uint8_t)smmu->ssid_bits;
	cfg->cmdq_log2 = (uint8_t)smmu->cmdq_log2;
	cfg->evtq_log2 = (uint8_t)smmu->evtq_log2;
	cfg->priq_log2 = (uint8_t)smmu->priq_log2;
	cfg->oas_bits = (uint8_t)smmu->oas_bits;
	cfg->httu = (uint8_t)smmu->httu;
	cfg->granules = (uint8_t)smmu->granules;
	cfg->ttf = (uint8_t)smmu->ttf;
	cfg->endian = endian[smmu->endian];
	cfg->stall_model = stall_model[smmu->stall_model];
	cfg->stall_max = (uint16_t)smmu->stall_max;
	cfg->bbml = (uint8_t)smmu->bbml;
}

static void take_flags(const struct smmu_config *smmu, struct smmu_cfg *cfg)
{
	cfg->s1 = smmu->s1;
	cfg->s2 = smmu->s2;
	cfg->hyp = smmu->hyp;
	cfg->asid16 = smmu->asid16;
	cfg->vmid16 = smmu->vmid16;
	cfg->vmw = smmu->vmw;
	cfg->two_level_strtab = smmu->two_level_strtab;
	cfg->two_level_cd = smmu->two_level_cd;
	cfg->term_abort = smmu->term_abort;
	cfg->ats = smmu->ats;
	cfg->ns1ats = smmu->ns1ats;
	cfg->atsrecerr = smmu->atsrecerr;
	cfg->pri = smmu->pri;
	cfg->msi = smmu->msi;
	cfg->sev = smmu->sev;
	cfg->coherent = smmu->coherent;
	cfg->attr_types_ovr = smmu->attr_types_ovr;
	cfg->attr_perms_ovr = smmu->attr_perms_ovr;
	cfg->had = smmu->had;
	cfg->xnx = smmu->xnx;
	cfg->pps = smmu->pps;
	cfg->fwb = smmu->fwb;
	cfg->stt = smmu->stt;
	cfg->ril = smmu->ril;
	cfg->e0pd = smmu->e0pd;
	cfg->ptwnnc = smmu->ptwnnc;
	cfg->epan = smmu->epan;
	cfg->vax = smmu->vax;
	cfg->counters32 = smmu->counters32;
}

struct smmu_cfg config_smmu(const struct machine_cfg *machine)
{
	const struct smmu_config *smmu = &machine->smmu;
	const struct timing_cfg *timing = &machine->timing;
	struct smmu_cfg cfg = {
		.cache_dirty = smmu->cache_dirty,
		.forget_invalid = smmu->forget_invalid,
		.prefetch = smmu->prefetch,
		.max_transactions = (uint32_t)smmu->max_transactions,
		.timing = {.tlb_hit_ps = timing->smmu.tlb_hit_ps,
			   .walk_step_ps = timing->smmu.walk_step_ps,
			   .command_ps = timing->smmu.command_ps,
			   .walkers = (uint32_t)timing->smmu.walkers,
			   .tlb_entries = (uint32_t)timing->smmu.tlb_entries,
			   .tlb_ways = (uint32_t)timing->smmu.tlb_ways,
			   .walk_cache_entries = (uint32_t)timing->smmu.walk_cache_entries,
			   .tlb_replacement = (enum smmu_replacement)timing->smmu.tlb_replacement,
			   .ats_timeout_ps = timing->smmu.ats_timeout_ps},
	};

	take_identity(smmu, &cfg);
	take_flags(smmu, &cfg);
	return cfg;
}
