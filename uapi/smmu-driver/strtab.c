/* SPDX-License-Identifier: Apache-2.0 */
/* The stream table, linear or of two levels, and its entries (IHI 0070, 5.1 and 5.2). */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

#define SPLIT          8u /* STRTAB_SPLIT */
#define L2_STES        (1u << SPLIT)
#define L2_PAGES       (L2_STES * STE_BYTES / PAGE_BYTES)
#define L1_MAX_ENTRIES (1u << 17) /* STRTAB_MAX_L1_ENTRIES */
#define PAGE_STES      (PAGE_BYTES / STE_BYTES)

#define CACHE_WBRA          1u
#define S2_START_AT_LEVEL_0 2u
#define SH_INNER            3u

void ste_make_abort(uint64_t ste[STE_WORDS])
{
	memset(ste, 0, STE_BYTES);
	ste[0] = STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_ABORT);
}

void ste_make_bypass(const struct smmu_driver *driver, uint64_t ste[STE_WORDS])
{
	memset(ste, 0, STE_BYTES);
	ste[0] = STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS);
	if (driver->attr_ovr)
		ste[1] = field_put(STE1_SHCFG, STE1_SHCFG_INCOMING);
}

static uint64_t eats(bool ats)
{
	return field_put(STE1_EATS, ats ? STE1_EATS_FULL : STE1_EATS_UR);
}

void ste_make_s1(const struct smmu_driver *driver, uint64_t ste[STE_WORDS],
		 const struct cd_table *cds, uint64_t s1dss, bool ats)
{
	uint64_t format = cds->leaf_pa ? STE0_S1FMT_64K_L2 : STE0_S1FMT_LINEAR;

	memset(ste, 0, STE_BYTES);
	ste[0] = STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | field_put(STE0_S1FMT, format) |
		 (cds->pa & STE0_S1CONTEXTPTR) | field_put(STE0_S1CDMAX, cds->bits);
	ste[1] = field_put(STE1_S1DSS, s1dss) | field_put(STE1_S1CIR, CACHE_WBRA) |
		 field_put(STE1_S1COR, CACHE_WBRA) | field_put(STE1_S1CSH, SH_INNER) |
		 field_put(STE1_STRW, STE1_STRW_NSEL1) | (driver->stalls ? STE1_S1STALLD : 0) |
		 eats(ats);
	if (driver->attr_ovr && s1dss == STE1_S1DSS_BYPASS)
		ste[1] |= field_put(STE1_SHCFG, STE1_SHCFG_INCOMING);
}

/* The stage 2 half: a table of four levels whose input is as wide as the output. */
static void put_stage2(const struct smmu_domain *domain, uint64_t ste[STE_WORDS])
{
	const struct smmu_driver *driver = domain->driver;
	uint64_t cacheability = driver->coherent ? CACHE_WBRA : 0;

	ste[2] = field_put(STE2_S2VMID, domain->asid) |
		 field_put(STE2_S2T0SZ, 64 - driver->oas_bits) |
		 field_put(STE2_S2SL0, S2_START_AT_LEVEL_0) | field_put(STE2_S2IR0, cacheability) |
		 field_put(STE2_S2OR0, cacheability) | field_put(STE2_S2SH0, SH_INNER) |
		 field_put(STE2_S2TG, CD0_TG0_4K) | field_put(STE2_S2PS, driver->oas_field) |
		 STE2_S2AA64 | STE2_S2PTW | STE2_S2R;
	if (domain->dirty_bits)
		ste[2] |= STE2_S2HA | STE2_S2HD;
	ste[3] = domain->root_pa & STE3_S2TTB;
}

void ste_make_s2(const struct smmu_domain *domain, uint64_t ste[STE_WORDS], bool ats)
{
	memset(ste, 0, STE_BYTES);
	ste[0] = STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S2);
	ste[1] = eats(ats);
	if (domain->driver->attr_ovr)
		ste[1] |= field_put(STE1_SHCFG, STE1_SHCFG_INCOMING);
	put_stage2(domain, ste);
}

/* What a guest may say of its own stage 1 (STRTAB_STE_0_NESTING_ALLOWED, _1_). */
#define GUEST_STE0 (STE0_V | STE0_CONFIG | STE0_S1FMT | STE0_S1CONTEXTPTR | STE0_S1CDMAX)
#define GUEST_STE1 (STE1_S1DSS | STE1_S1CIR | STE1_S1COR | STE1_S1CSH | STE1_S1STALLD)

void ste_make_nested(const struct smmu_domain *parent, const uint64_t vste[2],
		     uint64_t ste[STE_WORDS], bool ats)
{
	memset(ste, 0, STE_BYTES);
	ste[0] = (vste[0] & GUEST_STE0 & ~STE0_CONFIG) | field_put(STE0_CONFIG, STE0_CONFIG_S1_S2);
	ste[1] = (vste[1] & GUEST_STE1) | field_put(STE1_STRW, STE1_STRW_NSEL1) | eats(ats) |
		 (parent->driver->stalls ? STE1_S1STALLD : 0);
	put_stage2(parent, ste);
}

#define STE2_S2_FIELDS (BITS(45, 32) | STE2_S2TG | STE2_S2PS | BITS(58, 51))

/* What the SMMU looks at in an entry of its present kind (arm_smmu_get_ste_used). */
static void ste_used(const uint64_t ste[STE_WORDS], uint64_t mask[STE_WORDS])
{
	uint64_t config;

	mask[0] = STE0_V;
	if (!(ste[0] & STE0_V))
		return;
	mask[0] |= STE0_CONFIG;
	config = field_get(STE0_CONFIG, ste[0]);
	if (config == STE0_CONFIG_S1 || config == STE0_CONFIG_S1_S2) {
		mask[0] |= STE0_S1FMT | STE0_S1CONTEXTPTR | STE0_S1CDMAX;
		mask[1] |= STE1_S1DSS | STE1_S1CIR | STE1_S1COR | STE1_S1CSH | STE1_S1STALLD |
			   STE1_STRW | STE1_EATS;
		mask[2] |= STE2_S2VMID;
		if (field_get(STE1_S1DSS, ste[1]) == STE1_S1DSS_BYPASS)
			mask[1] |= STE1_SHCFG;
	}
	if (config == STE0_CONFIG_S2 || config == STE0_CONFIG_S1_S2) {
		mask[1] |= STE1_EATS | STE1_S2FWB | (config == STE0_CONFIG_S2 ? STE1_SHCFG : 0);
		mask[2] |= STE2_S2VMID | STE2_S2_FIELDS;
		mask[3] |= STE3_S2TTB;
	}
	if (config == STE0_CONFIG_BYPASS)
		mask[1] |= STE1_SHCFG;
}

/* A table that no register or descriptor names yet: entries that abort. */
static void fill_abort(const struct smmu_driver *driver, uint64_t pa, uint64_t pages)
{
	uint64_t page[PAGE_STES][STE_WORDS];

	for (uint32_t i = 0; i < PAGE_STES; i++)
		ste_make_abort(page[i]);
	for (uint64_t i = 0; i < pages; i++)
		phys_put(driver, pa + i * PAGE_BYTES, page[0], PAGE_STES * STE_WORDS);
}

static int init_linear(struct smmu_driver *driver)
{
	struct strtab *strtab = &driver->strtab;

	strtab->pages = MAX(1, ((uint64_t)STE_BYTES << driver->sid_bits) / PAGE_BYTES);
	strtab->pa = phys_alloc(driver, strtab->pages);
	if (!strtab->pa)
		return -ENOMEM;
	fill_abort(driver, strtab->pa, strtab->pages);
	return 0;
}

static int init_two_level(struct smmu_driver *driver)
{
	struct strtab *strtab = &driver->strtab;
	uint64_t wanted = UINT64_C(1) << (driver->sid_bits - SPLIT);

	strtab->l1_entries = (uint32_t)MIN(wanted, L1_MAX_ENTRIES);
	strtab->pages = MAX(1, (uint64_t)strtab->l1_entries * L1STD_BYTES / PAGE_BYTES);
	strtab->pa = phys_alloc(driver, strtab->pages);
	strtab->l2_pa = calloc(strtab->l1_entries, sizeof(strtab->l2_pa[0]));
	return strtab->pa && strtab->l2_pa ? 0 : -ENOMEM;
}

int strtab_init(struct smmu_driver *driver)
{
	return driver->strtab.two_level ? init_two_level(driver) : init_linear(driver);
}

void strtab_fini(struct smmu_driver *driver)
{
	struct strtab *strtab = &driver->strtab;

	for (uint32_t i = 0; strtab->l2_pa && i < strtab->l1_entries; i++)
		phys_free(driver, strtab->l2_pa[i], L2_PAGES);
	free(strtab->l2_pa);
	phys_free(driver, strtab->pa, strtab->pages);
}

void strtab_registers(struct smmu_driver *driver, struct actor *self)
{
	const struct strtab *strtab = &driver->strtab;
	uint32_t cfg;

	if (strtab->two_level) {
		uint32_t log2 = (uint32_t)__builtin_ctz(strtab->l1_entries) + SPLIT;

		cfg = (uint32_t)(field_put(STRTAB_BASE_CFG_FMT, STRTAB_BASE_CFG_FMT_2LVL) |
				 field_put(STRTAB_BASE_CFG_LOG2SIZE, log2) |
				 field_put(STRTAB_BASE_CFG_SPLIT, SPLIT));
	} else {
		cfg = (uint32_t)(field_put(STRTAB_BASE_CFG_FMT, STRTAB_BASE_CFG_FMT_LINEAR) |
				 field_put(STRTAB_BASE_CFG_LOG2SIZE, driver->sid_bits));
	}
	driver_reg_write64(driver, self, SMMU_STRTAB_BASE,
			   (strtab->pa & STRTAB_BASE_ADDR) | STRTAB_BASE_RA);
	driver_reg_write(driver, self, SMMU_STRTAB_BASE_CFG, cfg);
}

int strtab_prepare(struct smmu_driver *driver, uint32_t stream_id)
{
	struct strtab *strtab = &driver->strtab;
	uint32_t l1 = stream_id / L2_STES;
	uint64_t pa;

	if (stream_id >> driver->sid_bits || (strtab->two_level && l1 >= strtab->l1_entries))
		return -ERANGE;
	if (!strtab->two_level || strtab->l2_pa[l1])
		return 0;
	pa = phys_alloc(driver, L2_PAGES);
	if (!pa)
		return -ENOMEM;
	fill_abort(driver, pa, L2_PAGES);
	strtab->l2_pa[l1] = pa;
	phys_put64(driver, strtab->pa + l1 * L1STD_BYTES,
		   field_put(L1STD_SPAN, SPLIT + 1) | (pa & L1STD_L2PTR));
	return 0;
}

static uint64_t ste_pa(const struct smmu_driver *driver, uint32_t stream_id)
{
	const struct strtab *strtab = &driver->strtab;

	if (!strtab->two_level)
		return strtab->pa + (uint64_t)stream_id * STE_BYTES;
	return strtab->l2_pa[stream_id / L2_STES] + stream_id % L2_STES * STE_BYTES;
}

void strtab_write(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
		  const uint64_t ste[STE_WORDS])
{
	struct entry_writer writer = {
		.driver = driver,
		.self = self,
		.pa = ste_pa(driver, stream_id),
		.invalidation = command_cfgi_ste(stream_id),
		.used = ste_used,
	};
	struct command prefetch = command_prefetch_config(stream_id);

	entry_write(&writer, ste);
	cmdq_issue(driver, self, &prefetch, 1, false);
}
