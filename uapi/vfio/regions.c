// SPDX-License-Identifier: Apache-2.0
/* Regions of a device: BARs by MMIO or mapped, configuration space by config.c. */
#include <errno.h>

#include "uapi/vfio/vfio_internal.h"

static bool can_mmap(const struct vfio_device *device, uint32_t index)
{
	return !device->cfg.trap_bars && device->cfg.bar[index].size_bytes >= PAGE_BYTES;
}

static void bar_info(const struct vfio_device *device, struct vfio_region_info *info)
{
	info->size = device->cfg.bar[info->index].size_bytes;
	if (!info->size)
		return;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (can_mmap(device, info->index))
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
}

/* The table may be mapped along with the rest of its BAR. */
static int give_msix_mappable(struct ioctl_call *call, struct vfio_region_info *info)
{
	struct vfio_info_cap_header header = {.id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
					      .version = 1};

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz < sizeof(*info) + sizeof(header)) {
		info->argsz = sizeof(*info) + sizeof(header);
		return 0;
	}
	info->cap_offset = sizeof(*info);
	return user_copy_to(&call->task, call->user + sizeof(*info), &header, sizeof(header));
}

int vfio_get_region_info(struct ioctl_call *call)
{
	struct vfio_region_info *info = (void *)call->cmd;
	const struct vfio_device *device = vfio_device_of(call);
	int rc = 0;

	info->offset = (uint64_t)info->index << VFIO_OFFSET_SHIFT;
	info->flags = info->cap_offset = 0;
	info->size = 0;
	switch (info->index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		info->size = CONFIG_BYTES;
		info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
		break;
	case VFIO_PCI_ROM_REGION_INDEX:
		break; /* no function has one */
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		bar_info(device, info);
		if ((info->flags & VFIO_REGION_INFO_FLAG_MMAP) && info->index == device->msix_bar)
			rc = give_msix_mappable(call, info);
		break;
	default:
		return -EINVAL;
	}
	return rc ? rc : ioctl_respond_len(call, sizeof(*info));
}

/* One access of the widest natural size that fits. */
static uint32_t access_width(uint64_t at, size_t len)
{
	for (uint32_t width = 8; width > 1; width /= 2) {
		if (len >= width && at % width == 0)
			return width;
	}
	return 1;
}

static int bar_access(struct vfio_device *device, const struct uapi_task *task, uint64_t pa,
		      uint32_t width, uint64_t data, bool write)
{
	const struct cpu_port *cpu = &device->kernel->env.cpu;
	uint64_t value = 0;
	bool enabled;

	if (write && user_copy_from(task, &value, data, width))
		return -EFAULT;
	/* Neither a reset nor a disabling write may come between the look and the access. */
	down_read(task->self, &device->memory);
	enabled = vfio_memory_enabled(device);
	if (enabled && write)
		cpu->ops->mmio_write(cpu->ctx, task->self, pa, width, value);
	else if (enabled)
		value = cpu->ops->mmio_read(cpu->ctx, task->self, pa, width);
	up_read(&device->memory);
	if (!enabled)
		return -EIO;
	return write ? 0 : user_copy_to(task, data, &value, width);
}

/* Bytes from `at` that programs may not touch: the MSI-X table is the kernel's. 0 = none here. */
static size_t excluded(const struct vfio_device *device, uint32_t bar, uint64_t at, size_t *len)
{
	uint64_t first = device->msix_offset, end = first + device->msix_bytes;

	if (bar != device->msix_bar || at >= end)
		return 0;
	if (at < first) {
		*len = MIN(*len, first - at);
		return 0;
	}
	return MIN(*len, end - at);
}

static int fill_ones(const struct uapi_task *task, uint64_t data, size_t len)
{
	static const uint64_t ones = UINT64_MAX;

	for (size_t at = 0; at < len; at += sizeof(ones)) {
		if (user_copy_to(task, data + at, &ones, MIN(sizeof(ones), len - at)))
			return -EFAULT;
	}
	return 0;
}

static ssize_t bar_rw(struct vfio_device *device, const struct uapi_task *task, uint32_t bar,
		      uint64_t data, size_t len, uint64_t at, bool write)
{
	uint64_t size = device->cfg.bar[bar].size_bytes;
	size_t done = 0;

	if (at >= size)
		return -EINVAL;
	len = MIN(len, size - at);
	while (done < len) {
		size_t room = len - done, skip = excluded(device, bar, at, &room), step = skip;
		int rc = 0;

		if (!skip) {
			step = access_width(at, room);
			rc = bar_access(device, task, device->cfg.bar[bar].pa + at, (uint32_t)step,
					data + done, write);
		} else if (!write) {
			rc = fill_ones(task, data + done, skip);
		}
		if (rc)
			return rc;
		done += step;
		at += step;
	}
	return (ssize_t)done;
}

static ssize_t region_rw(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			 size_t len, const uint64_t *offset, bool write)
{
	struct vfio_device_file *df = CONTAINER_OF(file, struct vfio_device_file, file);
	uint64_t position = offset ? *offset : 0;
	uint64_t index = position >> VFIO_OFFSET_SHIFT, at = position & VFIO_OFFSET_MASK;

	if (!df->access_granted)
		return -EINVAL;
	if (!len)
		return 0;
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return bar_rw(df->device, task, (uint32_t)index, data, len, at, write);
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return vfio_config_rw(df->device, task, data, len, at, write);
	default:
		return -EINVAL; /* ROM and VGA are not there, nor anything beyond */
	}
}

ssize_t vfio_region_read(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			 size_t len, const uint64_t *offset)
{
	return region_rw(file, task, data, len, offset, false);
}

ssize_t vfio_region_write(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			  size_t len, const uint64_t *offset)
{
	return region_rw(file, task, data, len, offset, true);
}

int vfio_region_mmap(struct uapi_file *file, uint64_t length, uint64_t offset, struct vma *vma)
{
	const struct vfio_device_file *df = CONTAINER_OF(file, struct vfio_device_file, file);
	uint64_t index = offset >> VFIO_OFFSET_SHIFT, at = offset & VFIO_OFFSET_MASK;

	if (!df->access_granted || index >= VFIO_PCI_ROM_REGION_INDEX)
		return -EINVAL;
	if (!can_mmap(df->device, (uint32_t)index))
		return -EINVAL;
	if (at + length > align_up(df->device->cfg.bar[index].size_bytes, PAGE_BYTES))
		return -EINVAL;
	vma->bar_pa = df->device->cfg.bar[index].pa + at;
	vma->file = file;
	file_get(file);
	return 0;
}

bool vfio_bar_enabled(const struct uapi_file *file)
{
	const struct vfio_device *device =
		CONTAINER_OF(file, const struct vfio_device_file, file)->device;

	/* The page comes back with the next touch: a reset in between is not seen. */
	return vfio_memory_enabled(device) && !device->low_power && !device->memory.writer;
}
