// SPDX-License-Identifier: Apache-2.0
/*
 * /dev/vfio/N: a program owns an IOMMU group by having it open, puts it into a
 * container and gets its devices from it. Linux: drivers/vfio/group.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "uapi/vfio/container.h"
#include "uapi/vfio/vfio_internal.h"

#define VF_TOKEN_ARG "vf_token="

/* The open group. */
struct group_file {
	struct uapi_file file;
	struct vfio_group *group;
};

static struct vfio_group *group_of(const struct uapi_file *file)
{
	return CONTAINER_OF(file, const struct group_file, file)->group;
}

bool vfio_group_owned_by_host(const struct vfio_group *group)
{
	return vfio_group_device(group)->cfg.host_driver_in_group;
}

int vfio_group_block(struct vfio_device *device, struct actor *self)
{
	struct vfio_group *group = &device->group;
	int rc = 0;

	sim_mutex_lock(self, &group->lock);
	if (group->opened)
		rc = -EBUSY;
	else
		group->cdev_opens++;
	sim_mutex_unlock(self, &group->lock);
	return rc;
}

void vfio_group_unblock(struct vfio_device *device, struct actor *self)
{
	sim_mutex_lock(self, &device->group.lock);
	device->group.cdev_opens--;
	sim_mutex_unlock(self, &device->group.lock);
}

static int group_get_status(struct ioctl_call *call)
{
	struct vfio_group_status *cmd = (void *)call->cmd;
	struct vfio_group *group = group_of(call->file);

	sim_mutex_lock(call->task.self, &group->lock);
	cmd->flags = 0;
	if (group->container)
		cmd->flags = VFIO_GROUP_FLAGS_CONTAINER_SET | VFIO_GROUP_FLAGS_VIABLE;
	else if (!vfio_group_owned_by_host(group))
		cmd->flags = VFIO_GROUP_FLAGS_VIABLE;
	sim_mutex_unlock(call->task.self, &group->lock);
	return ioctl_respond(call);
}

static int set_container_locked(struct ioctl_call *call, struct uapi_file *file)
{
	struct vfio_group *group = group_of(call->file);
	struct vfio_container *container = vfio_container_from_file(file);

	if (group->container)
		return -EINVAL;
	/* Linux takes an iommufd too, in place of a container; this kernel does not. */
	if (!container)
		return -EBADFD;
	return vfio_container_attach_group(container, call->task.self, group);
}

static int group_set_container(struct ioctl_call *call)
{
	struct vfio_group *group = group_of(call->file);
	struct uapi_file *file;
	int32_t fd;
	int rc;

	if (user_copy_from(&call->task, &fd, call->user, sizeof(fd)))
		return -EFAULT;
	file = process_file(call->task.process, fd);
	if (!file)
		return -EBADF;
	file_get(file);
	sim_mutex_lock(call->task.self, &group->lock);
	rc = set_container_locked(call, file);
	sim_mutex_unlock(call->task.self, &group->lock);
	file_put(file, call->task.self);
	return rc;
}

static int group_unset_container(struct ioctl_call *call)
{
	struct vfio_group *group = group_of(call->file);
	int rc = 0;

	sim_mutex_lock(call->task.self, &group->lock);
	if (!group->container)
		rc = -EINVAL;
	else if (group->container_users != 1)
		rc = -EBUSY;
	else
		vfio_container_detach_group(group, call->task.self);
	sim_mutex_unlock(call->task.self, &group->lock);
	return rc;
}

/* The caller's string, at most a page with its end. */
static int copy_string(const struct uapi_task *task, uint64_t user, char text[PAGE_BYTES])
{
	for (uint64_t i = 0; i < PAGE_BYTES; i++) {
		if (user_copy_from(task, &text[i], user + i, 1))
			return -EFAULT;
		if (!text[i])
			return 0;
	}
	return -EINVAL;
}

static void device_name(const struct vfio_device *device, char name[UAPI_DEVICE_NAME])
{
	uint32_t id = device->cfg.stream_id;

	if (device->cfg.name[0])
		memcpy(name, device->cfg.name, UAPI_DEVICE_NAME);
	else
		snprintf(name, UAPI_DEVICE_NAME, "0000:%02x:%02x.%x", id >> 8 & 0xff,
			 id >> 3 & 0x1f, id & 7);
}

/*
 * Does the program mean this device? What may follow the name is one vf_token=UUID.
 * But a token is for VFs whose PF is VFIO's, which ours are not: whatever follows
 * the name is wrong.
 */
static int match_name(const struct vfio_device *device, const char *text)
{
	char name[UAPI_DEVICE_NAME];
	size_t len;

	device_name(device, name);
	len = strlen(name);
	if (strncmp(name, text, len) != 0 || (text[len] && text[len] != ' '))
		return -ENODEV;
	return text[len + strspn(text + len, " ")] ? -EINVAL : 0;
}

static int first_open(struct vfio_device *device, struct actor *self)
{
	struct vfio_group *group = &device->group;
	int rc;

	/* The container must have got its IOMMU driver. */
	if (!vfio_group_type1(group))
		return -EINVAL;
	file_get(group->opened);
	group->container_users++;
	rc = vfio_device_enable(device, self);
	if (rc) {
		group->container_users--;
		file_put(group->opened, self); /* the call at work holds it too */
	}
	return rc;
}

/* Opened by its group a device may be open several times: the first makes it ready. */
static int open_device(struct vfio_device_file *df, struct actor *self)
{
	struct vfio_device *device = df->device;
	int rc = -EINVAL;

	sim_mutex_lock(self, &device->group.lock);
	if (device->group.container) {
		sim_mutex_lock(self, &device->dev_set);
		rc = device->open_count ? 0 : first_open(device, self);
		if (!rc) {
			device->open_count++;
			df->group_open = df->access_granted = true;
		}
		sim_mutex_unlock(self, &device->dev_set);
	}
	sim_mutex_unlock(self, &device->group.lock);
	return rc;
}

void vfio_group_close_device(struct vfio_device_file *df, struct actor *self)
{
	struct vfio_device *device = df->device;
	struct vfio_group *group = &device->group;
	struct uapi_file *opened = group->opened;
	bool last;

	sim_mutex_lock(self, &group->lock);
	sim_mutex_lock(self, &device->dev_set);
	last = device->open_count == 1;
	if (last) {
		vfio_device_disable(device, self);
		group->container_users--;
	}
	device->open_count--;
	sim_mutex_unlock(self, &device->dev_set);
	sim_mutex_unlock(self, &group->lock);
	/* An open device keeps its group open. */
	if (last)
		file_put(opened, self);
}

static int group_get_device_fd(struct ioctl_call *call)
{
	struct vfio_device *device = vfio_group_device(group_of(call->file));
	struct vfio_device_file *df;
	char text[PAGE_BYTES];
	int rc = copy_string(&call->task, call->user, text);

	if (!rc)
		rc = match_name(device, text);
	if (!rc)
		rc = vfio_device_file_new(device, &df);
	if (rc)
		return rc;
	rc = open_device(df, call->task.self);
	if (!rc)
		rc = process_install(call->task.process, &df->file);
	if (rc < 0)
		file_put(&df->file, call->task.self);
	return rc;
}

#define ROW(request, size, style, handler)                                                         \
	[_IOC_NR(request) - VFIO_BASE] = {                                                         \
		request, #request, size, size, style, 0, handler,                                  \
	}

static const struct ioctl_row group_rows[] = {
	ROW(VFIO_GROUP_GET_STATUS, sizeof(struct vfio_group_status), IOCTL_ARGSZ, group_get_status),
	ROW(VFIO_GROUP_SET_CONTAINER, 0, IOCTL_NONE, group_set_container),
	ROW(VFIO_GROUP_UNSET_CONTAINER, 0, IOCTL_NONE, group_unset_container),
	ROW(VFIO_GROUP_GET_DEVICE_FD, 0, IOCTL_NONE, group_get_device_fd),
};

static const struct ioctl_row *group_row(unsigned long request)
{
	uint32_t nr = _IOC_NR(request);
	const struct ioctl_row *row;

	if (nr < VFIO_BASE || nr - VFIO_BASE >= ARRAY_LEN(group_rows))
		return NULL;
	row = &group_rows[nr - VFIO_BASE];
	return row->number == request ? row : NULL;
}

static int group_ioctl(struct uapi_file *file, const struct uapi_task *task, unsigned long request,
		       uint64_t argument)
{
	const struct ioctl_row *row = group_row(request);

	return row ? ioctl_execute(row, file, task, argument) : -ENOTTY;
}

static void group_stat(const struct uapi_file *file, struct uapi_stat *stat)
{
	const struct vfio_device *device = vfio_group_device(group_of(file));

	stat->mode = S_IFCHR | 0600;
	stat->major = VFIO_GROUP_MAJOR;
	/* Minors are given out as groups are made: one for each device bound before. */
	for (const struct vfio_device *at = file->kernel->devices; at != device; at = at->next)
		stat->minor++;
}

static void group_release(struct uapi_file *file, struct actor *self)
{
	struct group_file *opened = CONTAINER_OF(file, struct group_file, file);
	struct vfio_group *group = opened->group;

	sim_mutex_lock(self, &group->lock);
	if (group->container)
		vfio_container_detach_group(group, self);
	group->opened = NULL;
	sim_mutex_unlock(self, &group->lock);
	free(opened);
}

static const struct uapi_file_ops group_ops = {
	.type = "group",
	.ioctl = group_ioctl,
	.row = group_row,
	.stat = group_stat,
	.release = group_release,
};

static int open_group(struct vfio_device *device, struct uapi_file **file)
{
	struct vfio_group *group = &device->group;
	struct group_file *opened;

	if (group->cdev_opens || group->opened)
		return -EBUSY;
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return -ENOMEM;
	file_init(&opened->file, &group_ops, device->kernel);
	opened->group = group;
	group->opened = &opened->file;
	*file = &opened->file;
	return 0;
}

int vfio_group_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file)
{
	char name[32];

	for (struct vfio_device *device = kernel->devices; device; device = device->next) {
		snprintf(name, sizeof(name), "/dev/vfio/%u", device->cfg.group);
		if (strcmp(path, name) == 0)
			return file ? open_group(device, file) : 0;
	}
	return -ENOENT;
}
