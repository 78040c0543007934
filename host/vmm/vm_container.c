/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's device through its group, and its memory through a container with type1. */
#include "host/vmm/vm_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* An ioctl whose argument is a value. */
static int ioctl_value(struct vm *vm, struct actor *self, int fd, unsigned long request,
		       unsigned long value)
{
	return uapi_ioctl(vm->process, self, fd, request, (void *)value);
}

static int open_group(struct vm *vm, struct actor *self)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	int ret;

	vm->group = uapi_open(vm->process, self, vm->cfg.group_path, O_RDWR | O_CLOEXEC);
	if (vm->group < 0)
		return vm->group;
	ret = vm_ioctl(vm, self, vm->group, VFIO_GROUP_GET_STATUS, &status);
	if (ret)
		return ret;
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -EPERM;
}

static int open_container(struct vm *vm, struct actor *self)
{
	vm->container = uapi_open(vm->process, self, "/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vm->container < 0)
		return vm->container;
	if (uapi_ioctl(vm->process, self, vm->container, VFIO_GET_API_VERSION, NULL) !=
	    VFIO_API_VERSION)
		return -EINVAL;
	return ioctl_value(vm, self, vm->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) == 1
		       ? 0
		       : -ENODEV;
}

static int set_container(struct vm *vm, struct actor *self)
{
	int32_t fd = vm->container;
	int ret = vm_ioctl(vm, self, vm->group, VFIO_GROUP_SET_CONTAINER, &fd);

	if (!ret)
		ret = ioctl_value(vm, self, vm->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
	if (ret)
		return ret;
	/* For a VMM that is replaced while its guest runs on, which this one is not. */
	ioctl_value(vm, self, vm->container, VFIO_CHECK_EXTENSION, VFIO_UPDATE_VADDR);
	ioctl_value(vm, self, vm->container, VFIO_CHECK_EXTENSION, VFIO_UNMAP_ALL);
	return 0;
}

/* A capability of the answer to GET_INFO; NULL: it has none of this kind. */
static const void *find_cap(const uint8_t *info, uint32_t len, uint16_t id)
{
	uint32_t at = ((const struct vfio_iommu_type1_info *)(const void *)info)->cap_offset;

	while (at && at + sizeof(struct vfio_info_cap_header) <= len) {
		const struct vfio_info_cap_header *header = (const void *)(info + at);

		if (header->id == id)
			return header;
		at = header->next;
	}
	return NULL;
}

/* Does guest RAM lie in a range that may be mapped? */
static int check_ranges(const struct vm *vm, const uint8_t *info, uint32_t len)
{
	const struct vfio_iommu_type1_info_cap_iova_range *cap =
		find_cap(info, len, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	uint64_t last = vm->cfg.ram_base + vm->cfg.ram_bytes - 1;

	for (uint32_t i = 0; cap && i < cap->nr_iovas; i++)
		if (cap->iova_ranges[i].start <= vm->cfg.ram_base &&
		    last <= cap->iova_ranges[i].end)
			return 0;
	return -ERANGE;
}

/* Can a bitmap of all its RAM be asked for at once, in its pages? */
static int check_migration(struct vm *vm, const uint8_t *info, uint32_t len)
{
	const struct vfio_iommu_type1_info_cap_migration *cap =
		find_cap(info, len, VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION);

	vm->tracks_dirty = cap && cap->pgsize_bitmap & DRAM_PAGE_SIZE &&
			   (vm_pages(vm) + 63) / 64 * 8 <= cap->max_dirty_bitmap_size;
	return 0;
}

static int get_iommu_info(struct vm *vm, struct actor *self)
{
	struct vfio_iommu_type1_info first = {.argsz = sizeof(first)};
	struct vfio_iommu_type1_info *info;
	int ret = vm_ioctl(vm, self, vm->container, VFIO_IOMMU_GET_INFO, &first);

	if (ret)
		return ret;
	info = calloc(1, first.argsz);
	if (!info)
		return -ENOMEM;
	info->argsz = first.argsz;
	ret = vm_ioctl(vm, self, vm->container, VFIO_IOMMU_GET_INFO, info);
	if (!ret)
		ret = check_ranges(vm, (const uint8_t *)info, first.argsz);
	if (!ret)
		ret = check_migration(vm, (const uint8_t *)info, first.argsz);
	free(info);
	/* Asked again by who unmaps; this VMM never does. */
	ioctl_value(vm, self, vm->container, VFIO_CHECK_EXTENSION, VFIO_UNMAP_ALL);
	return ret;
}

static int map_memory(struct vm *vm, struct actor *self)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = vm->ram_va,
		.iova = vm->cfg.ram_base,
		.size = vm->cfg.ram_bytes,
	};
	int ret = vm_ioctl(vm, self, vm->container, VFIO_IOMMU_MAP_DMA, &map);

	return ret ? ret : vm_memory_init(vm);
}

static int get_device(struct vm *vm, struct actor *self)
{
	vm->device = uapi_ioctl(vm->process, self, vm->group, VFIO_GROUP_GET_DEVICE_FD,
				(void *)(uintptr_t)vm->cfg.device_name);
	return MIN(vm->device, 0);
}

static const struct vm_step steps[] = {
	{"group", open_group},
	{"container", open_container},
	{"container's group and IOMMU", set_container},
	{"IOMMU information", get_iommu_info},
	{"map guest memory", map_memory},
	{"device", get_device},
};

const struct vm_interface vm_by_container = {
	.step = steps,
	.steps = ARRAY_LEN(steps),
};
