// SPDX-License-Identifier: Apache-2.0
#include "uapi/vfio/container.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "uapi/type1/type1.h"
#include "uapi/vfio/vfio_internal.h"

struct vfio_container {
	struct uapi_file file;
	struct rwsem group_lock;
	struct vfio_group *groups;
	struct type1 *iommu; /* NULL: not set, and no privilege to have one without a group */
};

static struct vfio_container *container_of_file(const struct uapi_file *file)
{
	return (struct vfio_container *)CONTAINER_OF(file, const struct vfio_container, file);
}

struct type1 *vfio_container_type1(const struct uapi_file *container)
{
	return container_of_file(container)->iommu;
}

struct type1 *vfio_group_type1(const struct vfio_group *group)
{
	return group->container->iommu;
}

static uint32_t group_stream(const struct vfio_group *group)
{
	return vfio_group_device(group)->cfg.stream_id;
}

/* All or none of the container's groups. */
static int attach_groups(const struct vfio_container *container, struct type1 *iommu,
			 struct actor *self)
{
	const struct vfio_group *group;
	int rc = 0;

	for (group = container->groups; group; group = group->next) {
		rc = type1_attach_group(iommu, self, group_stream(group));
		if (rc)
			break;
	}
	for (const struct vfio_group *done = container->groups; rc && done != group;
	     done = done->next)
		type1_detach_group(iommu, self, group_stream(done));
	return rc;
}

static int set_iommu_locked(struct vfio_container *container, struct actor *self,
			    unsigned long type)
{
	struct type1 *iommu;
	int rc;

	if (!container->groups || container->iommu)
		return -EINVAL;
	/* A driver is asked for by an extension that it has. */
	if (type1_check_extension(NULL, type) <= 0)
		return -ENODEV;
	rc = type1_open(container->file.kernel, type, &iommu);
	if (rc)
		return rc;
	rc = attach_groups(container, iommu, self);
	if (rc)
		type1_release(iommu);
	else
		container->iommu = iommu;
	return rc;
}

static int vfio_set_iommu(struct ioctl_call *call)
{
	struct vfio_container *container = container_of_file(call->file);
	int rc;

	down_write(call->task.self, &container->group_lock);
	rc = set_iommu_locked(container, call->task.self, call->user);
	up_write(&container->group_lock);
	return rc;
}

static int vfio_check_extension(struct ioctl_call *call)
{
	struct vfio_container *container = container_of_file(call->file);
	int rc;

	down_read(call->task.self, &container->group_lock);
	rc = type1_check_extension(container->iommu, call->user);
	up_read(&container->group_lock);
	return rc;
}

static int vfio_get_api_version(struct ioctl_call *call)
{
	(void)call;
	return VFIO_API_VERSION;
}

/* The argument of each is a value, not an address. */
#define ROW(request, handler)                                                                      \
	[_IOC_NR(request) - VFIO_BASE] = {                                                         \
		request, #request, 0, 0, IOCTL_NONE, 0, handler,                                   \
	}

static const struct ioctl_row container_rows[] = {
	ROW(VFIO_GET_API_VERSION, vfio_get_api_version),
	ROW(VFIO_CHECK_EXTENSION, vfio_check_extension),
	ROW(VFIO_SET_IOMMU, vfio_set_iommu),
};

static const struct ioctl_row *own_row(unsigned long request)
{
	uint32_t nr = _IOC_NR(request);
	const struct ioctl_row *row;

	if (nr < VFIO_BASE || nr - VFIO_BASE >= ARRAY_LEN(container_rows))
		return NULL;
	row = &container_rows[nr - VFIO_BASE];
	return row->number == request ? row : NULL;
}

static const struct ioctl_row *container_row(unsigned long request)
{
	const struct ioctl_row *row = own_row(request);

	return row ? row : type1_row(request);
}

static int container_ioctl(struct uapi_file *file, const struct uapi_task *task,
			   unsigned long request, uint64_t argument)
{
	struct vfio_container *container = container_of_file(file);
	const struct ioctl_row *row = own_row(request);
	int rc = -EINVAL;

	if (row)
		return ioctl_execute(row, file, task, argument);
	/* Linux does not hold the groups while their driver works; then closing one may crash it.
	 */
	down_read(task->self, &container->group_lock);
	if (container->iommu)
		rc = type1_ioctl(container->iommu, file, task, request, argument);
	up_read(&container->group_lock);
	return rc;
}

static void container_stat(const struct uapi_file *file, struct uapi_stat *stat)
{
	(void)file;
	stat->mode = S_IFCHR | 0666;
	stat->major = 10; /* misc */
	stat->minor = 196;
}

static void container_release(struct uapi_file *file, struct actor *self)
{
	struct vfio_container *container = container_of_file(file);

	(void)self;
	sim_assert(&file->kernel->env.part, !container->groups && !container->iommu);
	free(container);
}

static const struct uapi_file_ops container_ops = {
	.type = "container",
	.ioctl = container_ioctl,
	.row = container_row,
	.stat = container_stat,
	.release = container_release,
};

int vfio_container_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file)
{
	struct vfio_container *container;

	if (strcmp(path, "/dev/vfio/vfio") != 0)
		return -ENOENT;
	if (!file)
		return 0;
	container = calloc(1, sizeof(*container));
	if (!container)
		return -ENOMEM;
	file_init(&container->file, &container_ops, kernel);
	*file = &container->file;
	return 0;
}

struct vfio_container *vfio_container_from_file(struct uapi_file *file)
{
	return file->ops == &container_ops ? container_of_file(file) : NULL;
}

int vfio_container_attach_group(struct vfio_container *container, struct actor *self,
				struct vfio_group *group)
{
	int rc = 0;

	down_write(self, &container->group_lock);
	if (vfio_group_owned_by_host(group))
		rc = -EPERM;
	else if (container->iommu)
		rc = type1_attach_group(container->iommu, self, group_stream(group));
	if (!rc) {
		group->container = container;
		group->container_users = 1;
		group->next = container->groups;
		container->groups = group;
		file_get(&container->file);
	}
	up_write(&container->group_lock);
	return rc;
}

static void unlist(struct vfio_container *container, struct vfio_group *group)
{
	struct vfio_group **link = &container->groups;

	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
}

void vfio_container_detach_group(struct vfio_group *group, struct actor *self)
{
	struct vfio_container *container = group->container;

	down_write(self, &container->group_lock);
	if (container->iommu)
		type1_detach_group(container->iommu, self, group_stream(group));
	group->container = NULL;
	group->container_users = 0;
	unlist(container, group);
	/* Without a group it has no privilege left. */
	if (container->iommu && !container->groups) {
		type1_release(container->iommu);
		container->iommu = NULL;
	}
	up_write(&container->group_lock);
	file_put(&container->file, self);
}
