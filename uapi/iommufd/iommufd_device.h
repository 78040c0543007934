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

/* Attach to an IOAS or an HWPT; `*pt_id` becomes the HWPT's number. -ENOENT, -EINVAL, ... */
int iommufd_device_attach(struct iommufd_device *device, struct actor *self, uint32_t *pt_id);
int iommufd_device_replace(struct iommufd_device *device, struct actor *self, uint32_t *pt_id);
void iommufd_device_detach(struct iommufd_device *device, struct actor *self);

/* The address at which this device reaches the MSI doorbell: its page is mapped from now on. */
int iommufd_device_msi_iova(struct iommufd_device *device, struct actor *self, uint64_t *iova);

#endif
