// SPDX-License-Identifier: Apache-2.0
/* The open device, by /dev/vfio/devices/vfioN or by its group, and the table of its ioctls. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "uapi/vfio/vfio_internal.h"

#define ROW(request, type, last, style, handler, pointer_at)                                       \
	[_IOC_NR(request) - VFIO_BASE] = {                                                         \
		request,    #request, sizeof(struct type), OFFSET_END(struct type, last), style,   \
		pointer_at, handler,                                                               \
	}

static int vfio_no_hot_reset(struct ioctl_call *call);

static const struct ioctl_row vfio_rows[] = {
	ROW(VFIO_DEVICE_GET_INFO, vfio_device_info, num_irqs, IOCTL_ARGSZ, vfio_get_info, 0),
	ROW(VFIO_DEVICE_GET_REGION_INFO, vfio_region_info, offset, IOCTL_ARGSZ,
	    vfio_get_region_info, 0),
	ROW(VFIO_DEVICE_GET_IRQ_INFO, vfio_irq_info, count, IOCTL_ARGSZ, vfio_get_irq_info, 0),
	ROW(VFIO_DEVICE_SET_IRQS, vfio_irq_set, count, IOCTL_RAW, vfio_set_irqs, 0),
	[_IOC_NR(VFIO_DEVICE_RESET) - VFIO_BASE] = {VFIO_DEVICE_RESET, "VFIO_DEVICE_RESET", 0, 0,
						    IOCTL_NONE, 0, vfio_device_reset},
	ROW(VFIO_DEVICE_PCI_HOT_RESET, vfio_pci_hot_reset, count, IOCTL_ARGSZ, vfio_no_hot_reset,
	    0),
	ROW(VFIO_DEVICE_FEATURE, vfio_device_feature, flags, IOCTL_ARGSZ, vfio_feature, 0),
	ROW(VFIO_DEVICE_BIND_IOMMUFD, vfio_device_bind_iommufd, out_devid, IOCTL_SIZED,
	    vfio_bind_iommufd, offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr)),
	ROW(VFIO_DEVICE_ATTACH_IOMMUFD_PT, vfio_device_attach_iommufd_pt, pt_id, IOCTL_ARGSZ,
	    vfio_attach_pt, 0),
	ROW(VFIO_DEVICE_DETACH_IOMMUFD_PT, vfio_device_detach_iommufd_pt, flags, IOCTL_ARGSZ,
	    vfio_detach_pt, 0),
};

static const struct ioctl_row *vfio_row(unsigned long request)
{
	uint32_t nr = _IOC_NR(request);
	const struct ioctl_row *row;

	if (nr < VFIO_BASE || nr - VFIO_BASE >= ARRAY_LEN(vfio_rows))
		return NULL;
	row = &vfio_rows[nr - VFIO_BASE];
	return row->number == request ? row : NULL;
}

static int vfio_ioctl(struct uapi_file *file, const struct uapi_task *task, unsigned long request,
		      uint64_t argument)
{
	const struct vfio_device_file *df = CONTAINER_OF(file, struct vfio_device_file, file);
	const struct ioctl_row *row = vfio_row(request);

	/* Until it is bound a device only listens to that. */
	if (request != VFIO_DEVICE_BIND_IOMMUFD && !df->access_granted)
		return -EINVAL;
	/* The container of its group says which table it has. */
	if (df->group_open &&
	    (request == VFIO_DEVICE_ATTACH_IOMMUFD_PT || request == VFIO_DEVICE_DETACH_IOMMUFD_PT))
		return -ENOTTY;
	return row ? ioctl_execute(row, file, task, argument) : -ENOTTY;
}

/* A bus reset would take other functions along; no slot or bus of ours offers one. */
static int vfio_no_hot_reset(struct ioctl_call *call)
{
	const struct vfio_pci_hot_reset *cmd = (const void *)call->cmd;
	const struct vfio_device_file *df =
		CONTAINER_OF(call->file, const struct vfio_device_file, file);

	/* Who owns the groups is said by group descriptors, unless it came by the cdev. */
	return cmd->flags || !cmd->count == df->group_open ? -EINVAL : -ENODEV;
}

static void vfio_stat(const struct uapi_file *file, struct uapi_stat *stat)
{
	const struct vfio_device_file *df = CONTAINER_OF(file, const struct vfio_device_file, file);

	/* By the group it is an anonymous inode. */
	stat->mode = df->group_open ? 0600 : S_IFCHR | 0600;
	if (df->group_open)
		return;
	stat->major = VFIO_CDEV_MAJOR;
	stat->minor = df->device->cfg.number;
}

static void vfio_release(struct uapi_file *file, struct actor *self)
{
	struct vfio_device_file *df = CONTAINER_OF(file, struct vfio_device_file, file);

	if (df->group_open)
		vfio_group_close_device(df, self);
	else
		vfio_unbind_iommufd(df, self);
	free(df);
}

static const struct uapi_file_ops vfio_device_ops = {
	.type = "device",
	.ioctl = vfio_ioctl,
	.row = vfio_row,
	.read = vfio_region_read,
	.write = vfio_region_write,
	.mmap = vfio_region_mmap,
	.stat = vfio_stat,
	.release = vfio_release,
};

int vfio_device_file_new(struct vfio_device *device, struct vfio_device_file **df)
{
	*df = calloc(1, sizeof(**df));
	if (!*df)
		return -ENOMEM;
	file_init(&(*df)->file, &vfio_device_ops, device->kernel);
	(*df)->device = device;
	return 0;
}

int vfio_cdev_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file)
{
	struct vfio_device_file *df;
	char name[48];
	int rc;

	for (struct vfio_device *device = kernel->devices; device; device = device->next) {
		snprintf(name, sizeof(name), "/dev/vfio/devices/vfio%u", device->cfg.number);
		if (strcmp(path, name) != 0)
			continue;
		rc = file ? vfio_device_file_new(device, &df) : 0;
		if (file && !rc)
			*file = &df->file;
		return rc;
	}
	return -ENOENT;
}
