// SPDX-License-Identifier: Apache-2.0
/* Connecting an open device to an iommufd and to its page tables. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/vfio/vfio_internal.h"

/* The device is the program's from here on: its DMA is iommufd's, its function is ready. */
static int first_open(struct vfio_device *device, const struct uapi_task *task, uint32_t *id)
{
	int rc = -EPERM;

	/* A group's DMA has one owner. */
	if (!vfio_group_owned_by_host(&device->group))
		rc = iommufd_device_bind(device->iommufd, task->self, device->cfg.stream_id,
					 &device->idev, id);
	if (rc)
		return rc;
	rc = vfio_device_enable(device, task->self);
	if (rc) {
		iommufd_device_unbind(device->idev, task->self);
		device->idev = NULL;
	}
	return rc;
}

static void detach(struct vfio_device *device, struct actor *self)
{
	if (device->attached)
		iommufd_device_detach(device->idev, self, IOMMUFD_NO_PASID);
	device->attached = false;
}

/* Where the PASID is among those that are attached, or NULL. */
static uint32_t *find_pasid(const struct vfio_device *device, uint32_t pasid)
{
	for (uint32_t i = 0; i < device->pasids; i++)
		if (device->pasid[i] == pasid)
			return &device->pasid[i];
	return NULL;
}

static void detach_pasid(struct vfio_device *device, struct actor *self, uint32_t pasid)
{
	uint32_t *at = find_pasid(device, pasid);

	if (!at)
		return;
	iommufd_device_detach(device->idev, self, pasid);
	*at = device->pasid[--device->pasids];
}

static void detach_pasids(struct vfio_device *device, struct actor *self)
{
	while (device->pasids)
		detach_pasid(device, self, device->pasid[device->pasids - 1]);
	free(device->pasid);
	device->pasid = NULL;
	device->pasid_capacity = 0;
}

static void unbind_locked(struct vfio_device_file *df, struct actor *self)
{
	struct vfio_device *device = df->device;

	vfio_device_disable(device, self);
	detach_pasids(device, self);
	detach(device, self);
	iommufd_device_unbind(device->idev, self);
	file_put(device->iommufd, self);
	device->idev = NULL;
	device->iommufd = NULL;
	device->open_count--;
	df->access_granted = false;
}

static int bind_locked(struct ioctl_call *call, struct vfio_device_file *df)
{
	struct vfio_device_bind_iommufd *cmd = (void *)call->cmd;
	struct vfio_device *device = df->device;
	struct uapi_file *iommufd;
	uint32_t id;
	int rc;

	if (df->access_granted)
		return -EINVAL;
	/* The token belongs to PFs bound to VFIO; ours are bound to their own driver. */
	if (cmd->flags & VFIO_DEVICE_BIND_FLAG_TOKEN) {
		uint8_t uuid[16];

		return user_copy_from(&call->task, uuid, cmd->token_uuid_ptr, sizeof(uuid))
			       ? -EFAULT
			       : -EINVAL;
	}
	rc = iommufd_ctx_from_fd(call->task.process, cmd->iommufd, &iommufd);
	if (rc)
		return rc;
	if (device->open_count) {
		file_put(iommufd, call->task.self);
		return -EINVAL;
	}
	device->iommufd = iommufd;
	rc = first_open(device, &call->task, &id);
	if (rc) {
		device->iommufd = NULL;
		file_put(iommufd, call->task.self);
		return rc;
	}
	device->open_count++;
	df->access_granted = true;
	cmd->out_devid = id;
	rc = ioctl_respond(call);
	if (rc)
		unbind_locked(df, call->task.self);
	return rc;
}

int vfio_bind_iommufd(struct ioctl_call *call)
{
	const struct vfio_device_bind_iommufd *cmd = (const void *)call->cmd;
	struct vfio_device_file *df = CONTAINER_OF(call->file, struct vfio_device_file, file);
	int rc;

	if (cmd->iommufd < 0 || (cmd->flags & ~VFIO_DEVICE_BIND_FLAG_TOKEN))
		return -EINVAL;
	if (df->group_open)
		return -EINVAL;
	rc = vfio_group_block(df->device, call->task.self);
	if (rc)
		return rc;
	sim_mutex_lock(call->task.self, &df->device->dev_set);
	rc = bind_locked(call, df);
	sim_mutex_unlock(call->task.self, &df->device->dev_set);
	if (rc)
		vfio_group_unblock(df->device, call->task.self);
	return rc;
}

void vfio_unbind_iommufd(struct vfio_device_file *df, struct actor *self)
{
	if (!df->access_granted)
		return;
	sim_mutex_lock(self, &df->device->dev_set);
	unbind_locked(df, self);
	sim_mutex_unlock(self, &df->device->dev_set);
	vfio_group_unblock(df->device, self);
}

/*
 * The PASID, if `flags` say that there is one: it lies at `at` of the caller's struct, behind
 * what is always read.
 */
static int get_pasid(const struct ioctl_call *call, uint32_t flags, uint32_t known, size_t at,
		     uint32_t *pasid)
{
	if (flags & ~known)
		return -EINVAL;
	if (!(flags & known))
		return 0;
	if (call->user_size < at + sizeof(*pasid))
		return -EINVAL;
	return user_copy_from(&call->task, pasid, call->user + at, sizeof(*pasid)) ? -EFAULT : 0;
}

static int attach(struct vfio_device *device, struct actor *self, uint32_t *pt_id)
{
	int rc;

	if (device->attached)
		return iommufd_device_replace(device->idev, self, IOMMUFD_NO_PASID, pt_id);
	rc = iommufd_device_attach(device->idev, self, IOMMUFD_NO_PASID, pt_id);
	device->attached = !rc;
	return rc;
}

static int note_pasid(struct vfio_device *device, uint32_t pasid)
{
	uint32_t capacity = MAX(2 * device->pasid_capacity, 16);
	uint32_t *grown;

	if (device->pasids == device->pasid_capacity) {
		grown = realloc(device->pasid, capacity * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		device->pasid = grown;
		device->pasid_capacity = capacity;
	}
	device->pasid[device->pasids++] = pasid;
	return 0;
}

/* vfio_iommufd_physical_pasid_attach_ioas, whose numbers come out of an IDA: none is negative. */
static int attach_pasid(struct vfio_device *device, struct actor *self, uint32_t pasid,
			uint32_t *pt_id)
{
	int rc;

	if (find_pasid(device, pasid))
		return iommufd_device_replace(device->idev, self, pasid, pt_id);
	rc = pasid > INT32_MAX ? -ENOSPC : note_pasid(device, pasid);
	if (rc)
		return rc;
	rc = iommufd_device_attach(device->idev, self, pasid, pt_id);
	if (rc)
		device->pasids--;
	return rc;
}

int vfio_attach_pt(struct ioctl_call *call)
{
	struct vfio_device_attach_iommufd_pt *cmd = (void *)call->cmd;
	struct vfio_device *device = vfio_device_of(call);
	struct actor *self = call->task.self;
	int rc = get_pasid(call, cmd->flags, VFIO_DEVICE_ATTACH_PASID,
			   offsetof(struct vfio_device_attach_iommufd_pt, pasid), &cmd->pasid);

	if (rc)
		return rc;
	sim_mutex_lock(self, &device->dev_set);
	rc = cmd->flags & VFIO_DEVICE_ATTACH_PASID
		     ? attach_pasid(device, self, cmd->pasid, &cmd->pt_id)
		     : attach(device, self, &cmd->pt_id);
	if (!rc) {
		rc = ioctl_respond_len(call, call->row->min);
		/* Whatever was attached, as in Linux. */
		if (rc)
			detach(device, self);
	}
	sim_mutex_unlock(self, &device->dev_set);
	return rc;
}

int vfio_detach_pt(struct ioctl_call *call)
{
	struct vfio_device_detach_iommufd_pt *cmd = (void *)call->cmd;
	struct vfio_device *device = vfio_device_of(call);
	int rc = get_pasid(call, cmd->flags, VFIO_DEVICE_DETACH_PASID,
			   offsetof(struct vfio_device_detach_iommufd_pt, pasid), &cmd->pasid);

	if (rc)
		return rc;
	sim_mutex_lock(call->task.self, &device->dev_set);
	if (cmd->flags & VFIO_DEVICE_DETACH_PASID)
		detach_pasid(device, call->task.self, cmd->pasid);
	else
		detach(device, call->task.self);
	sim_mutex_unlock(call->task.self, &device->dev_set);
	return 0;
}
