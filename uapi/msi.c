// SPDX-License-Identifier: Apache-2.0
#include "uapi/msi.h"

static uint64_t page_iova(const struct uapi_kernel *kernel)
{
	if (kernel->cfg.msi_window)
		return UAPI_MSI_WINDOW_FIRST;
	return align_down(smmu_driver_info(kernel->env.smmu)->aperture_last, PAGE_BYTES);
}

uint64_t msi_iova(const struct uapi_kernel *kernel)
{
	return page_iova(kernel) + kernel->env.cpu.msi_doorbell_pa % PAGE_BYTES;
}

int msi_map(const struct uapi_kernel *kernel, struct smmu_domain *domain, bool *mapped,
	    struct actor *self)
{
	int rc;

	if (*mapped)
		return 0;
	*mapped = true; /* the call waits: nobody else shall map it too */
	rc = smmu_domain_map(domain, self, page_iova(kernel),
			     align_down(kernel->env.cpu.msi_doorbell_pa, PAGE_BYTES), PAGE_BYTES,
			     SMMU_PROT_READ | SMMU_PROT_WRITE | SMMU_PROT_MMIO);
	*mapped = !rc;
	return rc;
}
