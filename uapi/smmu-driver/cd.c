/* SPDX-License-Identifier: Apache-2.0 */
/* Context descriptors (IHI 0070, 5.4; arm_smmu_make_s1_cd). */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

#define SH_OUTER 2u
#define SH_INNER 3u
#define RGN_NC   0u
#define RGN_WBWA 1u
#define VA_BITS  48u

/* Attribute indexes of leaves: 0 non-cacheable, 1 write-back, 2 device, 3 outer write-back. */
#define MAIR UINT64_C(0xf404ff44)

void cd_make_s1(const struct smmu_domain *domain, uint64_t cd[CD_WORDS])
{
	const struct smmu_driver *driver = domain->driver;
	uint32_t cacheability = driver->coherent ? RGN_WBWA : RGN_NC;

	memset(cd, 0, CD_BYTES);
	cd[0] = field_put(CD0_T0SZ, 64 - VA_BITS) | field_put(CD0_TG0, CD0_TG0_4K) |
		field_put(CD0_IR0, cacheability) | field_put(CD0_OR0, cacheability) |
		field_put(CD0_SH0, driver->coherent ? SH_INNER : SH_OUTER) | CD0_EPD1 | CD0_V |
		field_put(CD0_IPS, driver->oas_field) | CD0_AA64 | CD0_R | CD0_A | CD0_ASET |
		field_put(CD0_ASID, domain->asid);
	if (domain->dirty_bits)
		cd[0] |= CD0_HA | CD0_HD;
	cd[1] = domain->root_pa & CD1_TTB0;
	cd[3] = MAIR;
}

/* All of a valid descriptor is looked at, but what EPD0 would switch off: it is never set here. */
static void cd_used(const uint64_t cd[CD_WORDS], uint64_t mask[CD_WORDS])
{
	mask[0] = CD0_V;
	if (cd[0] & CD0_V)
		memset(mask, 0xff, CD_BYTES);
}

#define CD_LEAF_ENTRIES (1u << CD_LEAF_BITS)
#define CD_LEAF_PAGES   (CD_LEAF_ENTRIES * CD_BYTES / PAGE_BYTES)

int cd_prepare(struct smmu_driver *driver, struct stream *stream)
{
	struct cd_table *cds = &stream->cds;
	uint64_t entries;

	if (cds->pa)
		return 0;
	cds->bits = stream->may.bits;
	entries = BIT(cds->bits);
	cds->pages = MAX(1, entries * CD_BYTES / PAGE_BYTES);
	if (cds->bits > CD_LEAF_BITS) {
		entries = BIT(cds->bits - CD_LEAF_BITS);
		cds->pages = MAX(1, entries * L1CD_BYTES / PAGE_BYTES);
		cds->leaf_pa = calloc(entries, sizeof(cds->leaf_pa[0]));
		if (!cds->leaf_pa)
			return -ENOMEM;
	}
	cds->pa = phys_alloc(driver, cds->pages);
	return cds->pa ? 0 : -ENOMEM;
}

void cd_release(struct smmu_driver *driver, struct stream *stream)
{
	struct cd_table *cds = &stream->cds;

	for (uint64_t i = 0; cds->leaf_pa && i < BIT(cds->bits - CD_LEAF_BITS); i++)
		phys_free(driver, cds->leaf_pa[i], CD_LEAF_PAGES);
	free(cds->leaf_pa);
	phys_free(driver, cds->pa, cds->pages);
}

/* Where the PASID's descriptor is; 0 without memory for its leaf. */
static uint64_t cd_address(struct smmu_driver *driver, struct cd_table *cds, uint32_t pasid)
{
	uint64_t *leaf_pa;

	if (!cds->leaf_pa)
		return cds->pa + (uint64_t)pasid * CD_BYTES;
	leaf_pa = &cds->leaf_pa[pasid >> CD_LEAF_BITS];
	if (!*leaf_pa) {
		*leaf_pa = phys_alloc(driver, CD_LEAF_PAGES);
		if (!*leaf_pa)
			return 0;
		phys_put64(driver, cds->pa + (uint64_t)(pasid >> CD_LEAF_BITS) * L1CD_BYTES,
			   (*leaf_pa & L1CD_L2PTR) | L1CD_V);
	}
	return *leaf_pa + (uint64_t)(pasid & (CD_LEAF_ENTRIES - 1)) * CD_BYTES;
}

int cd_write(struct smmu_driver *driver, struct actor *self, struct stream *stream, uint32_t pasid,
	     const uint64_t cd[CD_WORDS])
{
	struct entry_writer writer = {
		.driver = driver,
		.self = self,
		.pa = cd_address(driver, &stream->cds, pasid),
		.invalidation = command_cfgi_cd(stream->id, pasid),
		.used = cd_used,
	};

	if (!writer.pa)
		return -ENOMEM;
	entry_write(&writer, cd);
	return 0;
}
