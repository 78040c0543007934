/* SPDX-License-Identifier: Apache-2.0 */
/* Domains: a table, an ASID or a VMID, and a number for the trace. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

/* The tags that a domain's translations get: an ASID, or of stage 2 a VMID. */
struct tags {
	uint64_t *used; /* bitmap */
	uint8_t bits;
};

static struct tags tags_of(const struct smmu_domain *domain)
{
	const struct smmu_driver *driver = domain->driver;

	return domain->stage2 ? (struct tags){driver->vmids, driver->vmid_bits}
			      : (struct tags){driver->asids, driver->asid_bits};
}

/* The lowest free one, never 0; -ENOSPC. */
static int tag_alloc(struct smmu_domain *domain)
{
	struct tags tags = tags_of(domain);

	for (uint32_t at = 1; at < 1u << tags.bits; at++) {
		if (tags.used[at / 64] & BIT(at % 64))
			continue;
		tags.used[at / 64] |= BIT(at % 64);
		domain->asid = (uint16_t)at;
		return 0;
	}
	return -ENOSPC;
}

static void tag_free(struct smmu_domain *domain)
{
	tags_of(domain).used[domain->asid / 64] &= ~BIT(domain->asid % 64);
}

static int init(struct smmu_domain *domain)
{
	struct smmu_driver *driver = domain->driver;

	if (driver->cfg.lazy_unmap) {
		domain->flush = calloc(1, sizeof(*domain->flush));
		if (!domain->flush)
			return -ENOMEM;
	}
	domain->root_pa = pgtable_alloc(domain);
	return domain->root_pa ? tag_alloc(domain) : -ENOMEM;
}

static int alloc(struct smmu_driver *driver, bool stage2, bool dirty_tracking,
		 struct smmu_domain **domain)
{
	struct smmu_domain *made;
	int err;

	if (dirty_tracking && !driver->info.dirty_tracking)
		return -EOPNOTSUPP;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->driver = driver;
	made->stage2 = stage2;
	made->dirty_bits = dirty_tracking;
	err = init(made);
	if (err) {
		phys_free(driver, made->root_pa, 1);
		free(made->flush);
		free(made);
		return err;
	}
	made->id = ++driver->last_domain;
	if (made->flush)
		flush_domain_added(made);
	*domain = made;
	return 0;
}

int smmu_domain_alloc(struct smmu_driver *driver, bool dirty_tracking, struct smmu_domain **domain)
{
	return alloc(driver, false, dirty_tracking, domain);
}

int smmu_domain_alloc_stage2(struct smmu_driver *driver, bool dirty_tracking,
			     struct smmu_domain **domain)
{
	if (!driver->vmid_bits)
		return -EOPNOTSUPP;
	return alloc(driver, true, dirty_tracking, domain);
}

void smmu_domain_free(struct smmu_domain *domain, struct actor *self)
{
	if (!domain)
		return;
	sim_assert(&domain->driver->env.part, !domain->attached);
	if (domain->flush)
		flush_domain_gone(domain, self);
	pgtable_free(domain, domain->root_pa, 0);
	tag_free(domain);
	free(domain->flush);
	free(domain);
}

uint64_t smmu_driver_number_table(struct smmu_driver *driver)
{
	return ++driver->last_domain;
}

uint64_t smmu_domain_id(const struct smmu_domain *domain)
{
	return domain->id;
}
