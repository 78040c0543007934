/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMUFD_DEVICE_H
#define VFSIM_IOMMUFD_DEVICE_H

/*
 * What a device's driver asks of iommufd (include/linux/iommufd.h's in-kernel
 * interface): take a device under a context's control and connect it to its tables.
 */

#include "uapi/uapi_internal.h"

struct iommufd_device;

/* The context behind a descriptor, referenced. -EBADF, -EBADFD (another kind of file). */
int iommufd_ctx_from_fd(const struct uapi_process *process, int fd, struct uapi_file **ctx);

/* Own the device's DMA: `*id` is its number in the context. -EBUSY (owned), -ENOMEM. */
int iommufd_device_bind(struct uapi_file *ctx, struct actor *self, uint32_t stream_id,
			struct iommufd_device **device, uint32_t *id);
/* Not attached any more. Waits for calls that look at the device. */
void iommufd_device_unbind(struct iommufd_device *device, struct actor *self);

/*
 * Attach DMA of a PASID, or that without one, to an HWPT, or to an IOAS: `*pt_id` becomes the
 * HWPT's number. -ENOENT; -EBUSY for what is attached, unless it is replaced; -EINVAL: no such
 * object, or a PASID that the device cannot have or tables that were not made for PASIDs
 * (IOMMU_HWPT_ALLOC_PASID), which all of the device's must be then; ...
 */
#define IOMMUFD_NO_PASID 0u
int iommufd_device_attach(struct iommufd_device *device, struct actor *self, uint32_t pasid,
			  uint32_t *pt_id);
int iommufd_device_replace(struct iommufd_device *device, struct actor *self, uint32_t pasid,
			   uint32_t *pt_id);
/* Nothing where nothing is attached. */
void iommufd_device_detach(struct iommufd_device *device, struct actor *self, uint32_t pasid);

/* The address at which this device reaches the MSI doorbell: its page is mapped from now on. */
int iommufd_device_msi_iova(struct iommufd_device *device, struct actor *self, uint64_t *iova);

#endif
