/* SPDX-License-Identifier: Apache-2.0 */
/* uAPI: linux/iommufd.h and linux/vfio.h. */
#include "cosim/guests/programs/avf/iommufd.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

void user_open(struct user *user, const char *cdev)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind)};

	if (!user->iommufd)
		user->iommufd = open("/dev/iommu", O_RDWR);
	if (user->iommufd < 0)
		die("/dev/iommu");
	user->avf.device = open(cdev, O_RDWR);
	if (user->avf.device < 0)
		die(cdev);
	bind.iommufd = user->iommufd;
	if (ioctl(user->avf.device, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		die("bind");
	user->device_id = bind.out_devid;
}

void user_make_ioas(struct user *user)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	struct iommu_option pages = {.size = sizeof(pages),
				     .option_id = IOMMU_OPTION_HUGE_PAGES,
				     .op = IOMMU_OPTION_OP_SET};

	if (ioctl(user->iommufd, IOMMU_IOAS_ALLOC, &alloc))
		die("IOAS");
	user->ioas_id = pages.object_id = alloc.out_ioas_id;
	if (ioctl(user->iommufd, IOMMU_OPTION, &pages))
		die("no huge pages");
}

uint32_t user_make_domain(struct user *user, uint32_t flags)
{
	struct iommu_hwpt_alloc alloc = {.size = sizeof(alloc),
					 .flags = flags,
					 .dev_id = user->device_id,
					 .pt_id = user->ioas_id};

	if (ioctl(user->iommufd, IOMMU_HWPT_ALLOC, &alloc))
		die("HWPT");
	return alloc.out_hwpt_id;
}

void user_attach(struct user *user, uint32_t domain)
{
	struct vfio_device_attach_iommufd_pt to = {.argsz = sizeof(to), .pt_id = domain};

	if (ioctl(user->avf.device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &to))
		die("attach");
}

void user_map(struct user *user)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = user->ioas_id,
		.user_va = (uintptr_t)user->avf.memory,
		.length = (uint64_t)user->avf.pages * page_bytes(),
		.iova = MEMORY_IOVA,
	};

	if (ioctl(user->iommufd, IOMMU_IOAS_MAP, &map))
		die("map");
}
