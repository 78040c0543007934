/* SPDX-License-Identifier: Apache-2.0 */
/* Domains: a table, an ASID, and a number for the trace. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

/* The lowest free ASID, never 0; -ENOSPC. */
static int asid_alloc(struct smmu_driver *driver, uint16_t *asid)
{
	for (uint32_t at = 1; at < 1u << driver->asid_bits; at++) {
		if (driver->asids[at / 64] & BIT(at % 64))
			continue;
		driver->asids[at / 64] |= BIT(at % 64);
		*asid = (uint16_t)at;
		return 0;
	}
	return -ENOSPC;
}

static void asid_free(struct smmu_driver *driver, uint16_t asid)
{
	driver->asids[asid / 64] &= ~BIT(asid % 64);
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
	return domain->root_pa ? asid_alloc(driver, &domain->asid) : -ENOMEM;
}

int smmu_domain_alloc(struct smmu_driver *driver, bool dirty_tracking, struct smmu_domain **domain)
{
	struct smmu_domain *made;
	int err;

	if (dirty_tracking && !driver->info.dirty_tracking)
		return -EOPNOTSUPP;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->driver = driver;
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

void smmu_domain_free(struct smmu_domain *domain, struct actor *self)
{
	if (!domain)
		return;
	sim_assert(&domain->driver->env.part, !domain->attached);
	if (domain->flush)
		flush_domain_gone(domain, self);
	pgtable_free(domain, domain->root_pa, 0);
	asid_free(domain->driver, domain->asid);
	free(domain->flush);
	free(domain);
}

uint64_t smmu_domain_id(const struct smmu_domain *domain)
{
	return domain->id;
}
