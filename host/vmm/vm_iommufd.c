/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's device through its cdev, and its memory through an iommufd. */
#include "host/vmm/vm_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>

static int open_files(struct vm *vm, struct actor *self)
{
	struct iommu_ioas_change_process change = {.size = sizeof(change)};
	struct uapi_stat stat;
	int ret = uapi_access(vm->process, self, "/dev/iommu", F_OK);

	if (ret)
		return ret;
	vm->device = uapi_open(vm->process, self, vm->cfg.device_path, O_RDWR | O_CLOEXEC);
	if (vm->device < 0)
		return vm->device;
	ret = uapi_fstat(vm->process, self, vm->device, &stat);
	if (ret)
		return ret;
	vm->iommufd = uapi_open(vm->process, self, "/dev/iommu", O_RDWR | O_CLOEXEC);
	if (vm->iommufd < 0)
		return vm->iommufd;
	/* Only asked whether it is there: a kernel without it answers ENOTTY. */
	vm_ioctl(vm, self, vm->iommufd, IOMMU_IOAS_CHANGE_PROCESS, &change);
	return 0;
}

static int bind_device(struct vm *vm, struct actor *self)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = vm->iommufd};
	int ret = vm_ioctl(vm, self, vm->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);

	vm->dev_id = bind.out_devid;
	return ret;
}

static int alloc_ioas(struct vm *vm, struct actor *self)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	int ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_IOAS_ALLOC, &alloc);

	vm->ioas_id = alloc.out_ioas_id;
	return ret;
}

static int get_hw_info(struct vm *vm, struct actor *self)
{
	uint64_t data[5];
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = vm->dev_id,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)data,
	};
	int ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_GET_HW_INFO, &info);

	if (ret)
		return ret;
	vm->tracks_dirty = info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING;
	vm->pasid_bits = info.out_max_pasid_log2;
	if (vm->cfg.pasids && !vm->pasid_bits)
		return -EOPNOTSUPP;
	return 0;
}

static int alloc_hwpt(struct vm *vm, struct actor *self)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = (vm->tracks_dirty ? (uint32_t)IOMMU_HWPT_ALLOC_DIRTY_TRACKING : 0) |
			 (vm->cfg.pasids ? (uint32_t)IOMMU_HWPT_ALLOC_PASID : 0),
		.dev_id = vm->dev_id,
		.pt_id = vm->ioas_id,
	};
	int ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_HWPT_ALLOC, &alloc);

	vm->hwpt_id = alloc.out_hwpt_id;
	return ret;
}

static int attach(struct vm *vm, struct actor *self)
{
	struct vfio_device_attach_iommufd_pt pt = {.argsz = sizeof(pt), .pt_id = vm->hwpt_id};

	return vm_ioctl(vm, self, vm->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &pt);
}

/* Guest RAM must lie in what the IOAS allows: the MSI window is not part of it. */
static int check_iova_ranges(struct vm *vm, struct actor *self)
{
	uint64_t last = vm->cfg.ram_base + vm->cfg.ram_bytes - 1;
	struct iommu_iova_range range[16];
	struct iommu_ioas_iova_ranges get = {.size = sizeof(get), .ioas_id = vm->ioas_id};
	int ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_IOAS_IOVA_RANGES, &get);

	if (ret && ret != -EMSGSIZE)
		return ret;
	if (get.num_iovas > ARRAY_LEN(range))
		return -E2BIG;
	get.allowed_iovas = (uintptr_t)range;
	ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_IOAS_IOVA_RANGES, &get);
	for (uint32_t i = 0; !ret && i < get.num_iovas; i++)
		if (range[i].start <= vm->cfg.ram_base && last <= range[i].last)
			return 0;
	return ret ? ret : -ERANGE;
}

static int map_memory(struct vm *vm, struct actor *self)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.ioas_id = vm->ioas_id,
		.fd = vm->memfd,
		.length = vm->cfg.ram_bytes,
		.iova = vm->cfg.ram_base,
	};
	int ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_IOAS_MAP_FILE, &map);

	return ret ? ret : vm_memory_init(vm);
}

static const struct vm_step steps[] = {
	{"device and iommufd files", open_files}, {"bind", bind_device},
	{"I/O address space", alloc_ioas},        {"hardware information", get_hw_info},
	{"I/O page table", alloc_hwpt},           {"attach", attach},
	{"IOVA ranges", check_iova_ranges},       {"map guest memory", map_memory},
};

const struct vm_interface vm_by_iommufd = {
	.step = steps,
	.steps = ARRAY_LEN(steps),
	.device_known = get_hw_info,
};
