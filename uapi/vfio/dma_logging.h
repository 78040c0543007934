/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VFIO_DMA_LOGGING_H
#define VFSIM_VFIO_DMA_LOGGING_H

/*
 * DMA logging: a device that itself notes which pages it wrote. dma_logging.c
 * judges what a program asks, a variant driver does it. Linux:
 * drivers/vfio/vfio_main.c, struct vfio_log_ops.
 */

#include "uapi/uapi_internal.h"
#include "uapi/vfio/vf_services.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vfio_device;

struct vfio_log_ops {
	/* As of vf_services; -EINVAL: it logs already. */
	int (*start)(struct vfio_device *device, struct actor *self,
		     const struct vf_log_range *range, uint32_t ranges, uint64_t *page_size);
	/* Also without a start: 0. */
	int (*stop)(struct vfio_device *device, struct actor *self);
	/* As of vf_services; -EINVAL: it does not log. */
	int (*read)(struct vfio_device *device, struct actor *self, uint64_t iova, uint64_t len,
		    void (*found)(void *arg, uint64_t iova, uint64_t len), void *arg);
};

/* nic_logging.c: logging by the device's firmware, where it has it. */
void nic_logging_init(struct vfio_device *device);

#ifdef __cplusplus
}
#endif

#endif
