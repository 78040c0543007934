// SPDX-License-Identifier: Apache-2.0
/* /dev/iommu: the objects of a context and the table of its ioctls. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "uapi/iommufd/iommufd_internal.h"

void *iommufd_object_new(struct iommufd_ctx *ctx, size_t size, enum iommufd_type type,
			 void (*destroy)(struct iommufd_object *, struct actor *))
{
	struct iommufd_object *object = calloc(1, size);
	uint32_t id = 1;

	while (id < ctx->capacity && ctx->objects[id])
		id++;
	if (object && id >= ctx->capacity) {
		uint32_t capacity = ctx->capacity ? 2 * ctx->capacity : 16;
		struct iommufd_object **grown = realloc(ctx->objects, capacity * sizeof(void *));

		if (!grown) {
			free(object);
			return NULL;
		}
		memset(&grown[ctx->capacity], 0, (capacity - ctx->capacity) * sizeof(void *));
		ctx->objects = grown;
		ctx->capacity = capacity;
	}
	if (!object)
		return NULL;
	object->id = id;
	object->type = type;
	object->users = 1;
	object->destroy = destroy;
	ctx->objects[id] = object;
	ctx->file.kernel->objects++;
	return object;
}

void iommufd_publish(struct iommufd_ctx *ctx, struct iommufd_object *object)
{
	(void)ctx;
	object->published = true;
}

static void object_free(struct iommufd_ctx *ctx, struct iommufd_object *object)
{
	ctx->objects[object->id] = NULL;
	ctx->file.kernel->objects--;
	free(object);
}

void iommufd_abort(struct iommufd_ctx *ctx, struct iommufd_object *object, struct actor *self,
		   bool destroy)
{
	if (destroy)
		object->destroy(object, self);
	object_free(ctx, object);
}

static struct iommufd_object *object_find(const struct iommufd_ctx *ctx, uint32_t id)
{
	struct iommufd_object *object = id && id < ctx->capacity ? ctx->objects[id] : NULL;

	return object && object->published ? object : NULL;
}

void *iommufd_object_get(struct iommufd_ctx *ctx, uint32_t id, enum iommufd_type type)
{
	struct iommufd_object *object = object_find(ctx, id);

	if (!object || (type != IOMMUFD_ANY && object->type != type))
		return NULL;
	object->users++;
	object->calls++;
	return object;
}

void iommufd_object_put(struct iommufd_ctx *ctx, struct iommufd_object *object)
{
	object->users--;
	if (--object->calls == 0)
		waitq_wake(&ctx->calls_done);
}

int iommufd_object_remove(struct iommufd_ctx *ctx, uint32_t id, struct actor *self)
{
	struct iommufd_object *object = object_find(ctx, id);

	if (!object)
		return -ENOENT;
	if (object->users != 1)
		return -EBUSY;
	/* From here on it cannot be found; its number is taken until it is gone. */
	object->published = false;
	if (ctx->vfio_ioas == object)
		ctx->vfio_ioas = NULL;
	object->destroy(object, self);
	object_free(ctx, object);
	return 0;
}

static int iommufd_destroy(struct ioctl_call *call)
{
	const struct iommu_destroy *cmd = (const void *)call->cmd;

	return iommufd_object_remove(iommufd_ctx_of(call), cmd->id, call->task.self);
}

/* Objects that need a vIOMMU or a fault queue, neither of which this kernel has. */
static int iommufd_absent(struct ioctl_call *call)
{
	(void)call;
	return -EOPNOTSUPP;
}

#define ROW(command, type, last, handler, pointer_at)                                              \
	[(IOMMUFD_CMD_##command) - IOMMUFD_CMD_BASE] = {                                           \
		_IO(IOMMUFD_TYPE, IOMMUFD_CMD_##command),                                          \
		"IOMMU_" #command,                                                                 \
		sizeof(struct type),                                                               \
		OFFSET_END(struct type, last),                                                     \
		IOCTL_SIZED,                                                                       \
		pointer_at,                                                                        \
		handler,                                                                           \
	}
#define AT(type, member) offsetof(struct type, member)

static const struct ioctl_row iommufd_rows[] = {
	ROW(DESTROY, iommu_destroy, id, iommufd_destroy, 0),
	ROW(FAULT_QUEUE_ALLOC, iommu_fault_alloc, out_fault_fd, iommufd_absent, 0),
	ROW(GET_HW_INFO, iommu_hw_info, __reserved, iommufd_get_hw_info,
	    AT(iommu_hw_info, data_uptr)),
	ROW(HW_QUEUE_ALLOC, iommu_hw_queue_alloc, length, iommufd_absent, 0),
	ROW(HWPT_ALLOC, iommu_hwpt_alloc, __reserved, iommufd_hwpt_alloc,
	    AT(iommu_hwpt_alloc, data_uptr)),
	ROW(HWPT_GET_DIRTY_BITMAP, iommu_hwpt_get_dirty_bitmap, data, iommufd_hwpt_get_dirty_bitmap,
	    AT(iommu_hwpt_get_dirty_bitmap, data)),
	ROW(HWPT_INVALIDATE, iommu_hwpt_invalidate, __reserved, iommufd_hwpt_invalidate,
	    AT(iommu_hwpt_invalidate, data_uptr)),
	ROW(HWPT_SET_DIRTY_TRACKING, iommu_hwpt_set_dirty_tracking, __reserved,
	    iommufd_hwpt_set_dirty_tracking, 0),
	ROW(IOAS_ALLOC, iommu_ioas_alloc, out_ioas_id, iommufd_ioas_alloc, 0),
	ROW(IOAS_ALLOW_IOVAS, iommu_ioas_allow_iovas, allowed_iovas, iommufd_ioas_allow_iovas,
	    AT(iommu_ioas_allow_iovas, allowed_iovas)),
	ROW(IOAS_CHANGE_PROCESS, iommu_ioas_change_process, __reserved, iommufd_ioas_change_process,
	    0),
	ROW(IOAS_COPY, iommu_ioas_copy, src_iova, iommufd_ioas_copy, 0),
	ROW(IOAS_IOVA_RANGES, iommu_ioas_iova_ranges, out_iova_alignment, iommufd_ioas_iova_ranges,
	    AT(iommu_ioas_iova_ranges, allowed_iovas)),
	ROW(IOAS_MAP, iommu_ioas_map, iova, iommufd_ioas_map, 0),
	ROW(IOAS_MAP_FILE, iommu_ioas_map_file, iova, iommufd_ioas_map_file, 0),
	ROW(IOAS_UNMAP, iommu_ioas_unmap, length, iommufd_ioas_unmap, 0),
	ROW(OPTION, iommu_option, val64, iommufd_option, 0),
	ROW(VDEVICE_ALLOC, iommu_vdevice_alloc, virt_id, iommufd_absent, 0),
	ROW(VEVENTQ_ALLOC, iommu_veventq_alloc, out_veventq_fd, iommufd_absent, 0),
	ROW(VFIO_IOAS, iommu_vfio_ioas, __reserved, iommufd_vfio_ioas, 0),
	ROW(VIOMMU_ALLOC, iommu_viommu_alloc, out_viommu_id, iommufd_absent, 0),
};

static const struct ioctl_row *iommufd_row(unsigned long request)
{
	uint32_t nr = _IOC_NR(request);
	const struct ioctl_row *row;

	if (nr < IOMMUFD_CMD_BASE || nr - IOMMUFD_CMD_BASE >= ARRAY_LEN(iommufd_rows))
		return NULL;
	row = &iommufd_rows[nr - IOMMUFD_CMD_BASE];
	return row->number == request ? row : NULL;
}

static int iommufd_ioctl(struct uapi_file *file, const struct uapi_task *task,
			 unsigned long request, uint64_t argument)
{
	const struct ioctl_row *row = iommufd_row(request);
	uint32_t nr = _IOC_NR(request), size;

	if (row)
		return ioctl_execute(row, file, task, argument);
	/* A hole in the table is noticed after the size has been read. */
	if (nr >= IOMMUFD_CMD_BASE && nr - IOMMUFD_CMD_BASE < ARRAY_LEN(iommufd_rows) &&
	    user_copy_from(task, &size, argument, sizeof(size)))
		return -EFAULT;
	return -ENOTTY;
}

/* Destroy what nobody uses, and again what is free then, until nothing is left. */
static void iommufd_release(struct uapi_file *file, struct actor *self)
{
	struct iommufd_ctx *ctx = CONTAINER_OF(file, struct iommufd_ctx, file);
	bool left, progress;

	do {
		left = progress = false;
		for (uint32_t id = 1; id < ctx->capacity; id++) {
			if (!ctx->objects[id])
				continue;
			left = true;
			progress |= iommufd_object_remove(ctx, id, self) == 0;
		}
		sim_assert(&file->kernel->env.part, !left || progress);
	} while (left);
	free(ctx->objects);
	free(ctx);
}

static void iommufd_stat(const struct uapi_file *file, struct uapi_stat *stat)
{
	(void)file;
	stat->mode = S_IFCHR | 0666;
	stat->major = 10; /* misc */
	stat->minor = 127;
}

static const struct uapi_file_ops iommufd_ops = {
	.type = "iommufd",
	.ioctl = iommufd_ioctl,
	.row = iommufd_row,
	.stat = iommufd_stat,
	.release = iommufd_release,
};

int iommufd_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file)
{
	struct iommufd_ctx *ctx;

	if (strcmp(path, "/dev/iommu") != 0)
		return -ENOENT;
	if (!file)
		return 0;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	file_init(&ctx->file, &iommufd_ops, kernel);
	*file = &ctx->file;
	return 0;
}

int iommufd_ctx_from_fd(const struct uapi_process *process, int fd, struct uapi_file **ctx)
{
	struct uapi_file *file = process_file(process, fd);

	if (!file)
		return -EBADF;
	if (file->ops != &iommufd_ops)
		return -EBADFD;
	file_get(file);
	*ctx = file;
	return 0;
}
