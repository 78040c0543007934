/* SPDX-License-Identifier: Apache-2.0 */
/* What a device is: DEVICE_GET_INFO, _GET_REGION_INFO, _GET_REGION_IO_FDS, _GET_IRQ_INFO. */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "cosim/vfio-user/server_internal.h"

int vfu_handle_device_info(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply)
{
	struct vfio_user_device_info info;

	memcpy(&info, message->payload, sizeof(info));
	if (info.argsz < sizeof(info))
		return EINVAL;
	info = (struct vfio_user_device_info){
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_PCI | (device->ops.reset ? VFIO_DEVICE_FLAGS_RESET : 0),
		.num_regions = VFU_REGIONS,
		.num_irqs = VFU_IRQS,
	};
	return vfu_reply_copy(reply, &info, sizeof(info));
}

/* --- Regions --- */

static size_t put_areas(const struct vfu_region_cfg *region, uint8_t *to)
{
	struct vfio_user_sparse_mmap cap = {
		.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP,
		.version = 1,
		.nr_areas = region->area_count,
	};
	size_t bytes = sizeof(cap);

	memcpy(to, &cap, sizeof(cap));
	for (uint32_t i = 0; i < region->area_count; i++) {
		struct vfio_user_sparse_area area = {region->areas[i].offset,
						     region->areas[i].size_bytes};

		memcpy(to + bytes, &area, sizeof(area));
		bytes += sizeof(area);
	}
	return bytes;
}

/*
 * A client without room for the capabilities is told how much they need, and asks again: the file
 * descriptor comes with the whole answer only.
 */
int vfu_handle_region_info(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply)
{
	struct vfio_user_region_info info;
	const struct vfu_region_cfg *region;
	uint32_t room;
	bool map;

	memcpy(&info, message->payload, sizeof(info));
	room = info.argsz;
	if (room < sizeof(info) || info.index >= VFU_REGIONS)
		return EINVAL;
	region = &device->cfg.region[info.index];
	map = region->flags & VFU_REGION_MMAP && device->agreed.msg_fds;
	info.argsz = sizeof(info);
	info.flags = map ? region->flags : region->flags & ~VFU_REGION_MMAP;
	info.cap_offset = 0;
	info.size = region->size_bytes;
	info.offset = map ? region->fd_offset : 0;
	if (map && region->area_count) {
		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		reply->payload[1].iov_base = device->answer;
		reply->payload[1].iov_len = put_areas(region, device->answer);
		info.argsz += (uint32_t)reply->payload[1].iov_len;
	}
	/* Where they would be: QEMU takes no 0 for an answer (vfio_user_device_io_get_region_info).
	 */
	if (reply->payload[1].iov_len)
		info.cap_offset = sizeof(info);
	if (info.argsz > room)
		reply->payload[1].iov_len = 0;
	else if (map)
		reply->fd = region->fd;
	return vfu_reply_copy(reply, &info, sizeof(info));
}

/* No part of a region is better accessed by file descriptors of that kind. */
int vfu_handle_region_io_fds(struct vfu_device *device, struct vfu_message *message,
			     struct vfu_reply *reply)
{
	struct vfio_user_region_io_fds fds;

	memcpy(&fds, message->payload, sizeof(fds));
	if (fds.argsz < sizeof(fds) || fds.flags || fds.count || fds.index >= VFU_REGIONS)
		return EINVAL;
	fds.argsz = sizeof(fds);
	return vfu_reply_copy(reply, &fds, sizeof(fds));
}

/* --- Interrupts --- */

int vfu_handle_irq_info(struct vfu_device *device, struct vfu_message *message,
			struct vfu_reply *reply)
{
	struct vfio_user_irq_info info;

	memcpy(&info, message->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFU_IRQS)
		return EINVAL;
	info.argsz = sizeof(info);
	info.flags = device->cfg.irq[info.index].flags;
	info.count = device->cfg.irq[info.index].count;
	return vfu_reply_copy(reply, &info, sizeof(info));
}
