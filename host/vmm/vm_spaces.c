/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Address spaces of PASIDs: to the kernel each is an IOAS with a table of its own, attached to
 * the device for one PASID. What a guest puts there is its own memory.
 */

#include "host/vmm/vm_internal.h"

#include <errno.h>
#include <linux/iommufd.h>
#include <stdlib.h>

struct vm_space {
	uint32_t pasid;
	uint32_t ioas_id, hwpt_id;
	struct vm_space *next;
};

static struct vm_space **find(struct vm *vm, uint32_t pasid)
{
	struct vm_space **at = &vm->spaces;

	while (*at && (*at)->pasid != pasid)
		at = &(*at)->next;
	return at;
}

static int destroy(struct vm *vm, struct actor *self, uint32_t id)
{
	struct iommu_destroy destroy = {.size = sizeof(destroy), .id = id};

	return vm_ioctl(vm, self, vm->iommufd, IOMMU_DESTROY, &destroy);
}

static int alloc_ioas(struct vm *vm, struct actor *self, struct vm_space *space)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};
	int ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_IOAS_ALLOC, &alloc);

	space->ioas_id = alloc.out_ioas_id;
	return ret;
}

static int alloc_hwpt(struct vm *vm, struct actor *self, struct vm_space *space)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = IOMMU_HWPT_ALLOC_PASID,
		.dev_id = vm->dev_id,
		.pt_id = space->ioas_id,
	};
	int ret = vm_ioctl(vm, self, vm->iommufd, IOMMU_HWPT_ALLOC, &alloc);

	space->hwpt_id = alloc.out_hwpt_id;
	return ret;
}

static int attach(struct vm *vm, struct actor *self, struct vm_space *space)
{
	struct vfio_device_attach_iommufd_pt pt = {
		.argsz = sizeof(pt),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = space->hwpt_id,
		.pasid = space->pasid,
	};

	return vm_ioctl(vm, self, vm->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &pt);
}

/* What is left of a step that failed goes with the process. */
static int make(struct vm *vm, struct actor *self, uint32_t pasid)
{
	struct vm_space *space = calloc(1, sizeof(*space));
	int ret;

	if (!space)
		return -ENOMEM;
	space->pasid = pasid;
	ret = alloc_ioas(vm, self, space);
	if (!ret)
		ret = alloc_hwpt(vm, self, space);
	if (!ret)
		ret = attach(vm, self, space);
	if (ret) {
		free(space);
		return ret;
	}
	space->next = vm->spaces;
	vm->spaces = space;
	return 0;
}

int vm_space_map(void *ctx, struct actor *self, uint32_t pasid, uint64_t iova, uint64_t gpa,
		 uint64_t len_bytes)
{
	struct vm *vm = ctx;
	int ret = 0;

	vm_spend(vm, self, vm->cfg.exit_ps);
	if (!vm->cfg.pasids)
		return -EOPNOTSUPP;
	if (!*find(vm, pasid))
		ret = make(vm, self, pasid);
	return ret ? ret : vm_map_into(vm, self, (*find(vm, pasid))->ioas_id, iova, gpa, len_bytes);
}

int vm_space_drop(void *ctx, struct actor *self, uint32_t pasid)
{
	struct vfio_device_detach_iommufd_pt pt = {
		.argsz = sizeof(pt), .flags = VFIO_DEVICE_DETACH_PASID, .pasid = pasid};
	struct vm *vm = ctx;
	struct vm_space **at = find(vm, pasid), *space = *at;
	int ret;

	vm_spend(vm, self, vm->cfg.exit_ps);
	if (!space)
		return -ENOENT;
	ret = vm_ioctl(vm, self, vm->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &pt);
	if (!ret)
		ret = destroy(vm, self, space->hwpt_id);
	if (!ret)
		ret = destroy(vm, self, space->ioas_id);
	if (ret)
		return ret;
	*at = space->next;
	free(space);
	return 0;
}

void vm_spaces_free(struct vm *vm)
{
	while (vm->spaces) {
		struct vm_space *space = vm->spaces;

		vm->spaces = space->next;
		free(space);
	}
}
