/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_MSI_H
#define VFSIM_UAPI_MSI_H

/*
 * How a device's MSIs pass its own table: the doorbell's page is mapped there, at
 * an IOVA of the kernel's choice (drivers/iommu/dma-iommu.c, iommufd's sw_msi).
 */

#include "uapi/uapi_internal.h"

/* The doorbell as a device with a table reaches it. */
uint64_t msi_iova(const struct uapi_kernel *kernel);
/* Map its page, once for a table: `*mapped` is the table's. */
int msi_map(const struct uapi_kernel *kernel, struct smmu_domain *domain, bool *mapped,
	    struct actor *self);

#endif
