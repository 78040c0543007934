// SPDX-License-Identifier: Apache-2.0
/* Showing an I/O address space in hardware tables: filling and emptying them. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/iommufd/iommufd_internal.h"

static uint64_t area_length(const struct iopt_area *area)
{
	return area->last - area->iova + 1;
}

/* Every page as a table entry of its own (IOMMU_OPTION_HUGE_PAGES off). */
static int map_small(struct smmu_domain *domain, struct actor *self, uint64_t iova,
		     const struct uapi_run *run, uint32_t prot)
{
	for (uint64_t i = 0; i < run->pages; i++) {
		uint64_t pa = run->first_pa + (uint64_t)run->step * i;
		int rc = smmu_domain_map(domain, self, iova + i * PAGE_BYTES, pa, PAGE_BYTES, prot);

		if (rc) {
			smmu_domain_unmap(domain, self, iova, i * PAGE_BYTES);
			return rc;
		}
	}
	return 0;
}

static int fill_domain(const struct iopt_area *area, const struct iopt_pages *pages,
		       struct smmu_domain *domain, struct actor *self)
{
	uint64_t index = area->start_byte / PAGE_BYTES;
	uint64_t left = area_length(area) / PAGE_BYTES;
	uint64_t iova = area->iova;
	int rc;

	while (left) {
		struct uapi_run run = iopt_pages_run(pages, index, left);

		if (area->iopt->disable_large_pages)
			rc = map_small(domain, self, iova, &run, area->prot);
		else
			rc = smmu_domain_map_pages(domain, self, iova, run.first_pa, run.step,
						   run.pages, area->prot);
		if (rc) {
			if (iova > area->iova)
				smmu_domain_unmap(domain, self, area->iova, iova - area->iova);
			return rc;
		}
		index += run.pages;
		iova += run.pages * PAGE_BYTES;
		left -= run.pages;
	}
	return 0;
}

static void empty_domain(const struct iopt_area *area, struct smmu_domain *domain,
			 struct actor *self)
{
	uint64_t unmapped = smmu_domain_unmap(domain, self, area->iova, area_length(area));

	sim_assert(&area->iopt->kernel->env.part, unmapped == area_length(area));
}

int iopt_area_fill(struct iopt_area *area, struct iopt_pages *pages, struct actor *self)
{
	struct io_pagetable *iopt = area->iopt;
	uint32_t done = 0;
	int rc;

	/* Nothing is looked at before a device can. */
	if (!iopt->hwpts)
		return 0;
	rc = iopt_pages_pin(pages, area);
	if (rc)
		return rc;
	for (; done < iopt->hwpts; done++) {
		rc = fill_domain(area, pages, iopt->hwpt[done]->domain, self);
		if (rc)
			break;
	}
	if (!rc)
		return 0;
	while (done--)
		empty_domain(area, iopt->hwpt[done]->domain, self);
	iopt_pages_unpin(pages, area);
	return rc;
}

void iopt_area_unfill(struct iopt_area *area, struct iopt_pages *pages, struct actor *self)
{
	struct io_pagetable *iopt = area->iopt;

	for (uint32_t i = 0; i < iopt->hwpts; i++)
		empty_domain(area, iopt->hwpt[i]->domain, self);
	iopt_pages_unpin(pages, area);
}

static void unfill_all(struct io_pagetable *iopt, struct iommufd_hwpt *hwpt, uint32_t areas,
		       struct actor *self)
{
	for (uint32_t i = 0; i < areas; i++) {
		struct iopt_area *area = iopt->area[i];

		if (!area->pages)
			continue; /* being made: it will be filled with the tables of then */
		empty_domain(area, hwpt->domain, self);
		if (!iopt->hwpts)
			iopt_pages_unpin(area->pages, area);
	}
}

static int fill_all(struct io_pagetable *iopt, struct iommufd_hwpt *hwpt, struct actor *self)
{
	for (uint32_t i = 0; i < iopt->areas; i++) {
		struct iopt_area *area = iopt->area[i];
		int rc;

		if (!area->pages)
			continue;
		rc = iopt->hwpts ? 0 : iopt_pages_pin(area->pages, area);
		if (!rc) {
			rc = fill_domain(area, area->pages, hwpt->domain, self);
			if (rc && !iopt->hwpts)
				iopt_pages_unpin(area->pages, area);
		}
		if (rc) {
			unfill_all(iopt, hwpt, i, self);
			return rc;
		}
	}
	return 0;
}

/* Would every area bear a coarser alignment? */
static int check_alignment(const struct io_pagetable *iopt, uint64_t alignment)
{
	uint64_t mask = alignment - 1;

	for (uint32_t i = 0; i < iopt->areas; i++) {
		const struct iopt_area *area = iopt->area[i];

		if ((area->iova | area_length(area) | area->start_byte % PAGE_BYTES) & mask)
			return -EADDRINUSE;
	}
	return 0;
}

static int add_locked(struct io_pagetable *iopt, struct actor *self, struct iommufd_hwpt *hwpt)
{
	uint64_t last = smmu_driver_info(iopt->kernel->env.smmu)->aperture_last;
	int rc = check_alignment(iopt, PAGE_BYTES);

	if (rc)
		return rc;
	if (iopt->hwpts == iopt->hwpt_capacity) {
		uint32_t capacity = iopt->hwpt_capacity + 4;
		struct iommufd_hwpt **grown =
			realloc(iopt->hwpt, capacity * sizeof(struct iommufd_hwpt *));

		if (!grown)
			return -ENOMEM;
		iopt->hwpt = grown;
		iopt->hwpt_capacity = capacity;
	}
	/* What the table cannot map is reserved as long as the table is here. */
	if (last != UINT64_MAX)
		rc = iopt_reserve(iopt, last + 1, UINT64_MAX, hwpt);
	if (!rc)
		rc = fill_all(iopt, hwpt, self);
	if (rc) {
		iopt_ranges_remove_owner(&iopt->reserved, hwpt);
		return rc;
	}
	iopt->alignment = PAGE_BYTES;
	iopt->hwpt[iopt->hwpts++] = hwpt;
	return 0;
}

int iopt_add_hwpt(struct io_pagetable *iopt, struct actor *self, struct iommufd_hwpt *hwpt)
{
	int rc;

	down_write(self, &iopt->domains);
	down_write(self, &iopt->iova);
	rc = add_locked(iopt, self, hwpt);
	up_write(&iopt->iova);
	up_write(&iopt->domains);
	return rc;
}

static void set_alignment(struct io_pagetable *iopt)
{
	iopt->alignment = iopt->hwpts || iopt->disable_large_pages ? PAGE_BYTES : 1;
}

void iopt_remove_hwpt(struct io_pagetable *iopt, struct actor *self, struct iommufd_hwpt *hwpt)
{
	uint32_t at = 0;

	down_write(self, &iopt->domains);
	down_write(self, &iopt->iova);
	while (at < iopt->hwpts && iopt->hwpt[at] != hwpt)
		at++;
	sim_assert(&iopt->kernel->env.part, at < iopt->hwpts);
	iopt->hwpt[at] = iopt->hwpt[--iopt->hwpts];
	unfill_all(iopt, hwpt, iopt->areas, self);
	iopt_ranges_remove_owner(&iopt->reserved, hwpt);
	set_alignment(iopt);
	up_write(&iopt->iova);
	up_write(&iopt->domains);
}

void iopt_enable_large_pages(struct io_pagetable *iopt, struct actor *self)
{
	down_write(self, &iopt->domains);
	down_write(self, &iopt->iova);
	iopt->disable_large_pages = false;
	set_alignment(iopt);
	up_write(&iopt->iova);
	up_write(&iopt->domains);
}

int iopt_disable_large_pages(struct io_pagetable *iopt, struct actor *self)
{
	int rc = 0;

	down_write(self, &iopt->domains);
	down_write(self, &iopt->iova);
	if (!iopt->disable_large_pages) {
		if (iopt->hwpts && iopt->areas)
			rc = -EINVAL; /* large pages may be in a table already */
		else
			rc = check_alignment(iopt, PAGE_BYTES);
		if (!rc) {
			iopt->disable_large_pages = true;
			set_alignment(iopt);
		}
	}
	up_write(&iopt->iova);
	up_write(&iopt->domains);
	return rc;
}
