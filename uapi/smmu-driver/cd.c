/* SPDX-License-Identifier: Apache-2.0 */
/* Context descriptors (IHI 0070, 5.4; arm_smmu_make_s1_cd). */
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

void cd_write(struct smmu_driver *driver, struct actor *self, const struct stream *stream,
	      const uint64_t cd[CD_WORDS])
{
	struct entry_writer writer = {
		.driver = driver,
		.self = self,
		.pa = stream->cd_pa,
		.invalidation = command_cfgi_cd(stream->id, 0),
		.used = cd_used,
	};

	entry_write(&writer, cd);
}
