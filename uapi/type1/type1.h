/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TYPE1_H
#define VFSIM_TYPE1_H

/*
 * The IOMMU driver behind a VFIO container (drivers/vfio/vfio_iommu_type1.c): one
 * I/O address space for all groups of the container, as the container asks for it.
 */

#include "uapi/ioctl_table.h"

struct type1;

/* VFIO_CHECK_EXTENSION; `iommu` NULL: asked before one is set. 0 or 1. */
int type1_check_extension(const struct type1 *iommu, unsigned long extension);

/* For an extension that it has: VFIO_TYPE1_IOMMU or VFIO_TYPE1v2_IOMMU. -EINVAL, -ENOMEM. */
int type1_open(struct uapi_kernel *kernel, unsigned long type, struct type1 **iommu);
/* No group is attached any more. */
void type1_release(struct type1 *iommu);

/* A group comes and goes: here it is one stream. -EBUSY (while a vaddr is invalid), ... */
int type1_attach_group(struct type1 *iommu, struct actor *self, uint32_t stream_id);
void type1_detach_group(struct type1 *iommu, struct actor *self, uint32_t stream_id);

/* The ioctls that a container hands on. NULL: none of them. */
const struct ioctl_row *type1_row(unsigned long request);
int type1_ioctl(struct type1 *iommu, struct uapi_file *container, const struct uapi_task *task,
		unsigned long request, uint64_t argument);

/* The address at which devices of the container reach the MSI doorbell: mapped from now on. */
int type1_msi_iova(struct type1 *iommu, struct actor *self, uint64_t *iova);

#endif
