/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which pages did the device write? A VMM asks one source, the row that it was
 * told to rely on; what its vCPUs write, the dirty log tells (dirty_log.h).
 */

#include "host/vmm/vm_internal.h"

#include "base/trace.h"

#include <errno.h>
#include <linux/iommufd.h>
#include <stdlib.h>

struct vm_tracking {
	int (*start)(struct vm *vm, struct actor *self);
	void (*stop)(struct vm *vm, struct actor *self);
	/* Set the pages written since the last read in `bitmap`, which has a bit a page of RAM. */
	int (*read)(struct vm *vm, struct actor *self, uint64_t *bitmap);
};

static uint64_t *bitmap_new(const struct vm *vm)
{
	return calloc((vm_pages(vm) + 63) / 64, sizeof(uint64_t));
}

/* ---- the SMMU's table update, read out of the page table ---- */

static int hwpt_tracking(struct vm *vm, struct actor *self, bool enable)
{
	struct iommu_hwpt_set_dirty_tracking set = {
		.size = sizeof(set),
		.flags = enable ? IOMMU_HWPT_DIRTY_TRACKING_ENABLE : 0,
		.hwpt_id = vm->hwpt_id,
	};
	int ret = uapi_ioctl(vm->process, self, vm->iommufd, IOMMU_HWPT_SET_DIRTY_TRACKING, &set);

	return ret < 0 ? ret : 0;
}

static int httu_start(struct vm *vm, struct actor *self)
{
	return hwpt_tracking(vm, self, true);
}

static void httu_stop(struct vm *vm, struct actor *self)
{
	hwpt_tracking(vm, self, false);
}

static int httu_read(struct vm *vm, struct actor *self, uint64_t *bitmap)
{
	struct iommu_hwpt_get_dirty_bitmap get = {
		.size = sizeof(get),
		.hwpt_id = vm->hwpt_id,
		.iova = vm->cfg.ram_base,
		.length = vm->cfg.ram_bytes,
		.page_size = DRAM_PAGE_SIZE,
		.data = (uintptr_t)bitmap,
	};
	int ret = uapi_ioctl(vm->process, self, vm->iommufd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get);

	return ret < 0 ? ret : 0;
}

/* ---- the device's own log ---- */

/*
 * What the page table would have said, to compare: each time the VMM has read the
 * device's log, a thread beside reads the page table and throws the answer
 * away. The VMM does not wait for it.
 */
static void observe(struct actor *self, void *arg)
{
	struct vm *vm = arg;
	uint64_t *bitmap = bitmap_new(vm);

	if (bitmap && httu_read(vm, self, bitmap))
		sim_log(&vm->env.part, LOG_WARNING, "%s: page table's dirty bits not read",
			vm->name);
	free(bitmap);
}

static void end_observation(struct vm *vm, struct actor *self)
{
	if (vm->observer)
		actor_join(self, vm->observer);
	vm->observer = NULL;
}

static int device_start(struct vm *vm, struct actor *self)
{
	struct vfio_device_feature_dma_logging_range range = {vm->cfg.ram_base, vm->cfg.ram_bytes};
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = DRAM_PAGE_SIZE, .num_ranges = 1, .ranges = (uintptr_t)&range};
	int ret = vm_feature(vm, self, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			     VFIO_DEVICE_FEATURE_SET, &control, sizeof(control));

	vm->observes = !ret && vm->tracks_dirty && !hwpt_tracking(vm, self, true);
	return ret;
}

static void device_stop(struct vm *vm, struct actor *self)
{
	end_observation(vm, self);
	if (vm->observes)
		hwpt_tracking(vm, self, false);
	vm->observes = false;
	vm_feature(vm, self, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, VFIO_DEVICE_FEATURE_SET, NULL,
		   0);
}

static int device_read(struct vm *vm, struct actor *self, uint64_t *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = vm->cfg.ram_base,
		.length = vm->cfg.ram_bytes,
		.page_size = DRAM_PAGE_SIZE,
		.bitmap = (uintptr_t)bitmap,
	};
	int ret = vm_feature(vm, self, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			     VFIO_DEVICE_FEATURE_GET, &report, sizeof(report));

	end_observation(vm, self);
	if (vm->observes)
		vm->observer = actor_start(vm->env.part.sim, "observer", observe, vm);
	return ret;
}

/* ---- no source: all that is mapped may have been written ---- */

static int everything_start(struct vm *vm, struct actor *self)
{
	return 0;
}

static void everything_stop(struct vm *vm, struct actor *self)
{
}

static int everything_read(struct vm *vm, struct actor *self, uint64_t *bitmap)
{
	for (uint64_t page = 0; page < vm_pages(vm); page++)
		bitmap[page / 64] |= BIT(page % 64);
	trace_emit(&vm->env.part, TRACE_DIRTY_ASSUMED, vm->cfg.stream_id, vm->cfg.ram_base,
		   vm->cfg.ram_bytes);
	return 0;
}

/* ---- the container, for which all that is mapped counts as written ---- */

static int container_tracking(struct vm *vm, struct actor *self, bool enable)
{
	struct vfio_iommu_type1_dirty_bitmap dirty = {
		.argsz = sizeof(dirty),
		.flags = enable ? VFIO_IOMMU_DIRTY_PAGES_FLAG_START
				: VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP,
	};

	if (!vm->tracks_dirty)
		return -EOPNOTSUPP;
	return vm_ioctl(vm, self, vm->container, VFIO_IOMMU_DIRTY_PAGES, &dirty);
}

static int type1_start(struct vm *vm, struct actor *self)
{
	return container_tracking(vm, self, true);
}

static void type1_stop(struct vm *vm, struct actor *self)
{
	container_tracking(vm, self, false);
}

static int type1_read(struct vm *vm, struct actor *self, uint64_t *bitmap)
{
	struct vfio_iommu_type1_dirty_bitmap *dirty;
	struct vfio_iommu_type1_dirty_bitmap_get *get;
	uint64_t buffer[(sizeof(*dirty) + sizeof(*get)) / 8] = {0};

	dirty = (void *)buffer;
	dirty->argsz = sizeof(buffer);
	dirty->flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP;
	get = (void *)dirty->data;
	get->iova = vm->cfg.ram_base;
	get->size = vm->cfg.ram_bytes;
	get->bitmap.pgsize = DRAM_PAGE_SIZE;
	get->bitmap.size = (vm_pages(vm) + 63) / 64 * 8;
	get->bitmap.data = (void *)bitmap;
	return vm_ioctl(vm, self, vm->container, VFIO_IOMMU_DIRTY_PAGES, buffer);
}

static const struct vm_tracking trackings[] = {
	[DIRTY_HTTU] = {httu_start, httu_stop, httu_read},
	[DIRTY_DEVICE] = {device_start, device_stop, device_read},
	[DIRTY_EVERYTHING] = {everything_start, everything_stop, everything_read},
	[DIRTY_TYPE1] = {type1_start, type1_stop, type1_read},
};

static void tell_source(const struct vm *vm, bool on)
{
	trace_emit(&vm->env.part, TRACE_DIRTY_SOURCE, vm->cfg.number, vm->cfg.stream_id,
		   vm->tracking, on);
}

int vm_tracking_start(struct vm *vm, struct actor *self, enum dirty_source source)
{
	int ret;

	vm->tracking = source;
	tell_source(vm, true);
	ret = trackings[source].start(vm, self);
	vm->tracks = !ret;
	return ret;
}

void vm_tracking_stop(struct vm *vm, struct actor *self)
{
	if (!vm->tracks)
		return;
	vm->tracks = false;
	trackings[vm->tracking].stop(vm, self);
	tell_source(vm, false);
}

/* The kernel sets bits and clears none: it is given a clean bitmap, as a VMM does. */
int vm_tracking_read(struct vm *vm, struct actor *self, uint64_t *bitmap)
{
	uint64_t *written = bitmap_new(vm);
	int ret;

	if (!written)
		return -ENOMEM;
	ret = trackings[vm->tracking].read(vm, self, written);
	for (uint64_t w = 0; w < (vm_pages(vm) + 63) / 64; w++)
		bitmap[w] |= written[w];
	free(written);
	return ret;
}

void vm_tracking_quit(struct vm *vm, struct actor *self)
{
	end_observation(vm, self);
}
