/* SPDX-License-Identifier: Apache-2.0 */
/* DMA_MAP and DMA_UNMAP: the client's memory, mapped where it comes with a file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

#define MAP_FLAGS (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

/* Index of the first window that ends behind `iova`. */
static uint32_t find_window(const struct vfu_device *device, uint64_t iova)
{
	uint32_t low = 0, high = device->windows;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct vfu_dma_map *map = &device->window[middle]->map;

		if (map->iova + (map->size_bytes - 1) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- A file in this process --- */

/* Pages of a file: those of hugetlbfs are larger, and are mapped whole. 0 with errno. */
static uint64_t file_block(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return 0;
	if (fs.f_type == HUGETLBFS_MAGIC)
		return (uint64_t)fs.f_bsize;
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What is asked for lies in the file, whose size is at most INT64_MAX, and as far as can be had
 * stays there. */
static int check_file(int fd, uint64_t offset, uint64_t bytes)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* Of a file that cannot be sealed the guard is all there is. */
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
	if (fstat(fd, &st))
		return -errno;
	return (uint64_t)st.st_size < bytes || (uint64_t)st.st_size - bytes < offset ? -EINVAL : 0;
}

static int map_file(struct vfu_window *window, int fd, uint64_t offset)
{
	struct vfu_guard *guard = &window->guard;
	uint64_t block = file_block(fd), from, to;
	int rc;

	if (!block)
		return -errno;
	rc = check_file(fd, offset, window->map.size_bytes);
	if (rc)
		return rc;
	from = align_down(offset, block);
	to = align_up(offset + window->map.size_bytes, block);
	guard->prot =
		(window->map.readable ? PROT_READ : 0) | (window->map.writable ? PROT_WRITE : 0);
	guard->block = block;
	guard->bytes = to - from;
	guard->start =
		mmap(NULL, guard->bytes, guard->prot, MAP_SHARED | MAP_NORESERVE, fd, (off_t)from);
	if (guard->start == MAP_FAILED)
		return -errno;
	window->map.host = guard->start + (offset - from);
	vfu_guard_add(guard);
	return 0;
}

static void free_window(struct vfu_window *window)
{
	if (window->map.host) {
		vfu_guard_remove(&window->guard);
		munmap(window->guard.start, window->guard.bytes);
	}
	free(window);
}

/* --- Windows of a device --- */

static int make_window_room(struct vfu_device *device)
{
	uint32_t room = device->window_room ? 2 * device->window_room : 16;
	struct vfu_window **window;

	if (device->windows < device->window_room)
		return 0;
	window = realloc(device->window, room * sizeof(struct vfu_window *));
	if (!window)
		return -ENOMEM;
	device->window = window;
	device->window_room = room;
	return 0;
}

static int check_map(const struct vfu_device *device, const struct vfio_user_dma_map *map)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint32_t next;

	if (map->argsz < sizeof(*map) || map->flags & ~MAP_FLAGS || !(map->flags & MAP_FLAGS))
		return -EINVAL;
	if (!map->size || map->address + (map->size - 1) < map->address)
		return -EINVAL;
	if ((map->address | map->size | map->offset) & (page - 1))
		return -EINVAL;
	next = find_window(device, map->address);
	if (next < device->windows &&
	    device->window[next]->map.iova <= map->address + (map->size - 1))
		return -EEXIST;
	return device->windows == device->cfg.max_dma_maps ? -ENOSPC : 0;
}

static int add_window(struct vfu_device *device, const struct vfio_user_dma_map *map, int fd)
{
	struct vfu_window *window = calloc(1, sizeof(*window));
	uint32_t at = find_window(device, map->address);
	int rc = window ? make_window_room(device) : -ENOMEM;

	if (rc)
		goto fail;
	window->map = (struct vfu_dma_map){
		.iova = map->address,
		.size_bytes = map->size,
		.readable = map->flags & VFIO_DMA_MAP_FLAG_READ,
		.writable = map->flags & VFIO_DMA_MAP_FLAG_WRITE,
	};
	if (fd >= 0)
		rc = map_file(window, fd, map->offset);
	if (!rc && device->ops.dma_map)
		rc = device->ops.dma_map(device->ctx, &window->map);
	if (rc)
		goto fail;
	memmove(device->window + at + 1, device->window + at,
		(device->windows - at) * sizeof(struct vfu_window *));
	device->window[at] = window;
	device->windows++;
	return 0;
fail:
	if (window)
		free_window(window);
	return rc;
}

static void remove_window(struct vfu_device *device, uint32_t at)
{
	struct vfu_window *window = device->window[at];

	device->windows--;
	memmove(device->window + at, device->window + at + 1,
		(device->windows - at) * sizeof(struct vfu_window *));
	if (device->ops.dma_unmap)
		device->ops.dma_unmap(device->ctx, &window->map);
	free_window(window);
}

void vfu_windows_drop(struct vfu_device *device)
{
	while (device->windows)
		remove_window(device, device->windows - 1);
	free(device->window);
	device->window = NULL;
	device->window_room = 0;
}

void vfu_windows_check(struct vfu_device *device)
{
	for (uint32_t i = 0; i < device->windows; i++) {
		if (!device->window[i]->guard.lost)
			continue;
		vfu_log(device, LOG_ERROR,
			"memory at 0x%" PRIx64 " was cut off its file by the client",
			device->window[i]->map.iova);
		vfu_break(device, EFAULT);
		return;
	}
}

/* --- The commands --- */

int vfu_handle_dma_map(struct vfu_device *device, struct vfu_message *message,
		       struct vfu_reply *reply)
{
	struct vfio_user_dma_map map;
	int rc;

	if (message->len_bytes != sizeof(map))
		return EINVAL;
	memcpy(&map, message->payload, sizeof(map));
	rc = check_map(device, &map);
	if (!rc)
		rc = add_window(device, &map, message->fds ? message->fd[0] : -1);
	if (rc)
		vfu_complain(device, "DMA_MAP 0x%" PRIx64 "+0x%" PRIx64 " is refused: %s",
			     map.address, map.size, strerror(-rc));
	return -rc;
}

static int unmap_all(struct vfu_device *device, const struct vfio_user_dma_unmap *unmap)
{
	if (unmap->address || unmap->size)
		return EINVAL;
	while (device->windows)
		remove_window(device, device->windows - 1);
	return 0;
}

/*
 * As VFIO's type 1 has it (linux/vfio.h, VFIO_IOMMU_UNMAP_DMA, version 2): any number of whole
 * mappings, and none of which a part would stay. The specification of vfio-user wants exactly one,
 * but QEMU with an IOMMU of its own in front of the device sends what type 1 takes. Into
 * `unmap->size`: how much it was.
 */
static int unmap_range(struct vfu_device *device, struct vfio_user_dma_unmap *unmap)
{
	uint64_t last = unmap->address + (unmap->size - 1), bytes = 0;
	uint32_t from = find_window(device, unmap->address), to = from;

	if (!unmap->size || last < unmap->address)
		return EINVAL;
	for (; to < device->windows && device->window[to]->map.iova <= last; to++) {
		const struct vfu_dma_map *map = &device->window[to]->map;

		if (map->iova < unmap->address || map->iova + (map->size_bytes - 1) > last) {
			vfu_complain(device,
				     "DMA_UNMAP 0x%" PRIx64 "+0x%" PRIx64 ": a part of 0x%" PRIx64
				     "+0x%" PRIx64,
				     unmap->address, unmap->size, map->iova, map->size_bytes);
			return EINVAL;
		}
		bytes += map->size_bytes;
	}
	while (to > from)
		remove_window(device, --to);
	unmap->size = bytes;
	return 0;
}

int vfu_handle_dma_unmap(struct vfu_device *device, struct vfu_message *message,
			 struct vfu_reply *reply)
{
	struct vfio_user_dma_unmap unmap;
	int error;

	if (message->len_bytes != sizeof(unmap))
		return EINVAL;
	memcpy(&unmap, message->payload, sizeof(unmap));
	if (unmap.argsz < sizeof(unmap))
		return EINVAL;
	/* Of the other flags, one asks for a dirty bitmap: a thing of DEVICE_FEATURE today. */
	if (unmap.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return ENOTSUP;
	error = unmap.flags ? unmap_all(device, &unmap) : unmap_range(device, &unmap);
	if (error)
		return error;
	unmap.argsz = sizeof(unmap);
	return vfu_reply_copy(reply, &unmap, sizeof(unmap));
}
