/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VFIO_CONTAINER_H
#define VFSIM_VFIO_CONTAINER_H

/*
 * /dev/vfio/vfio: a container holds groups, and with SET_IOMMU an IOMMU driver that
 * all of them share. It lives as long as its descriptor or one of its groups.
 */

#include "uapi/uapi_internal.h"

struct type1;
struct vfio_container;
struct vfio_group;

/* Its IOMMU driver; NULL before SET_IOMMU. */
struct type1 *vfio_container_type1(const struct uapi_file *container);
struct type1 *vfio_group_type1(const struct vfio_group *group);

/* NULL: another kind of file. */
struct vfio_container *vfio_container_from_file(struct uapi_file *file);
/* With the group's lock held. -EPERM (its DMA is another's), or what the IOMMU driver says. */
int vfio_container_attach_group(struct vfio_container *container, struct actor *self,
				struct vfio_group *group);
/* With the group's lock held; no device of it is open. */
void vfio_container_detach_group(struct vfio_group *group, struct actor *self);

#endif
