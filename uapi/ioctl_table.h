/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_IOCTL_TABLE_H
#define VFSIM_UAPI_IOCTL_TABLE_H

/*
 * ioctls as rows of a table. One place does what every ioctl begins with: it
 * fetches the caller's struct and judges its size, in the order of the kernel's
 * checks (drivers/iommu/iommufd/main.c iommufd_fops_ioctl; drivers/vfio: argsz).
 */

#include "uapi/uapi_internal.h"

enum ioctl_style {
	IOCTL_NONE,  /* no struct */
	IOCTL_SIZED, /* first word is the caller's size: what we do not know must be zero */
	IOCTL_ARGSZ, /* first word is argsz: what we do not know is ignored */
	IOCTL_RAW,   /* `min` bytes are fetched; the handler judges argsz, which is not its first
			check */
};

struct ioctl_call {
	struct uapi_task task;
	struct uapi_file *file;
	const struct ioctl_row *row;
	uint64_t user;      /* address of the caller's struct */
	uint32_t user_size; /* its first word */
	uint64_t cmd[8];    /* the struct, as the handler changes it */
};

struct ioctl_row {
	unsigned long number;
	const char *name;
	uint16_t size; /* of the struct as we know it */
	uint16_t min;  /* end of its last mandatory member */
	uint8_t style;
	uint8_t pointer; /* offset of a user address in it, which traces leave out; 0 = none */
	int (*execute)(struct ioctl_call *call);
};

#define OFFSET_END(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* -EFAULT, -EINVAL (too short), -E2BIG (an unknown tail that is not zero), or the handler's. */
int ioctl_execute(const struct ioctl_row *row, struct uapi_file *file, const struct uapi_task *task,
		  uint64_t argument);

/* Give the struct back: as much of it as the caller has room for, or its first `len` bytes. */
int ioctl_respond(struct ioctl_call *call);
int ioctl_respond_len(struct ioctl_call *call, size_t len);

#endif
