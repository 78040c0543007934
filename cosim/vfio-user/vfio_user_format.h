/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_VFIO_USER_FORMAT_H
#define VFSIM_COSIM_VFIO_USER_FORMAT_H

/*
 * Messages of vfio-user 0.1 (QEMU docs/interop/vfio-user.rst), which is the host's byte order and,
 * but for the names here, the structures and flags of linux/vfio.h. A message is a header and a
 * payload; a command is answered by a reply with its ID, command and a payload of its own, or the
 * header alone with an errno.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vfio_user_command {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11,  /* from the server */
	VFIO_USER_DMA_WRITE = 12, /* from the server */
	VFIO_USER_DEVICE_RESET = 13,
	VFIO_USER_REGION_WRITE_MULTI = 15,
	VFIO_USER_DEVICE_FEATURE = 16,
	VFIO_USER_MIG_DATA_READ = 17,
	VFIO_USER_MIG_DATA_WRITE = 18,
};

struct vfio_user_header {
	uint16_t id; /* the sender's; a reply has its command's */
	uint16_t command;
	uint32_t size; /* of the whole message */
	uint32_t flags;
	uint32_t error; /* with VFIO_USER_ERROR */
};

#define VFIO_USER_TYPE     0xfu
#define VFIO_USER_REPLY    0x1u
#define VFIO_USER_NO_REPLY 0x10u
#define VFIO_USER_ERROR    0x20u

/* Followed by JSON text with its NUL, or nothing. */
struct vfio_user_version {
	uint16_t major, minor;
};
#define VFIO_USER_MAJOR 0u
#define VFIO_USER_MINOR 1u

/* What a side has that does not say. */
#define VFIO_USER_DEFAULT_MSG_FDS   1u
#define VFIO_USER_DEFAULT_DATA_XFER 1048576u
#define VFIO_USER_DEFAULT_DMA_MAPS  65535u
#define VFIO_USER_DEFAULT_PGSIZES   4096u

/* VFIO_DMA_MAP_FLAG_READ, _WRITE; with a file descriptor, or none. */
struct vfio_user_dma_map {
	uint32_t argsz, flags;
	uint64_t offset; /* in the file */
	uint64_t address, size;
};

struct vfio_user_dma_unmap {
	uint32_t argsz, flags; /* VFIO_DMA_UNMAP_FLAG_ALL: QEMU sends it */
	uint64_t address, size;
};

struct vfio_user_device_info {
	uint32_t argsz, flags, num_regions, num_irqs;
};

struct vfio_user_region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

/* VFIO_REGION_INFO_CAP_SPARSE_MMAP, with its header. */
struct vfio_user_sparse_mmap {
	uint16_t id, version;
	uint32_t next, nr_areas, reserved;
};
struct vfio_user_sparse_area {
	uint64_t offset, size;
};

struct vfio_user_region_io_fds {
	uint32_t argsz, flags, index, count;
};

struct vfio_user_irq_info {
	uint32_t argsz, flags, index, count;
};

/* Followed by `count` bytes with VFIO_IRQ_SET_DATA_BOOL. */
struct vfio_user_irq_set {
	uint32_t argsz, flags, index, start, count;
};

/* REGION_READ and _WRITE, followed by the data. */
struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region, count;
};

/* REGION_WRITE_MULTI: a 64-bit number of these, followed by them; the reply has the number. */
struct vfio_user_small_write {
	uint64_t offset;
	uint32_t region, count;
	uint8_t data[8];
};

/* DMA_READ and _WRITE, followed by the data. */
struct vfio_user_dma_access {
	uint64_t address, count;
};

/* Followed by the feature's data. */
struct vfio_user_feature {
	uint32_t argsz, flags;
};

/* MIG_DATA_READ and _WRITE, followed by the data. */
struct vfio_user_migration_data {
	uint32_t argsz, size;
};

#ifdef __cplusplus
}
#endif
#endif
