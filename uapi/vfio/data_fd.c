// SPDX-License-Identifier: Apache-2.0
#include "uapi/vfio/data_fd.h"

#include <errno.h>
#include <stdlib.h>

#include "uapi/vfio/vfio_internal.h"

static struct mig_stream *stream_of(struct uapi_file *file)
{
	return CONTAINER_OF(file, struct mig_stream, file);
}

static ssize_t stream_read(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			   size_t len, const uint64_t *offset)
{
	struct mig_stream *stream = stream_of(file);

	(void)offset;
	if (stream->state == MIG_STREAM_DISABLED)
		return -ENODEV;
	if (!len)
		return 0;
	/* An end for now and the end are told apart. */
	if (stream->position == stream->len)
		return stream->state == MIG_STREAM_PRE_COPY ? -ENOMSG : 0;
	len = MIN(len, stream->len - stream->position);
	if (user_copy_to(task, data, stream->data + stream->position, len))
		return -EFAULT;
	stream->position += len;
	return (ssize_t)len;
}

static ssize_t stream_write(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			    size_t len, const uint64_t *offset)
{
	struct mig_stream *stream = stream_of(file);
	int rc;

	(void)offset;
	if (stream->state == MIG_STREAM_DISABLED)
		return -ENODEV;
	rc = mig_stream_reserve(stream, len);
	if (rc)
		return rc;
	if (user_copy_from(task, stream->data + stream->len, data, len))
		return -EFAULT;
	stream->len += len;
	return (ssize_t)len;
}

static int get_precopy_info(struct ioctl_call *call)
{
	struct vfio_precopy_info *info = (void *)call->cmd;
	struct mig_stream *stream = stream_of(call->file);
	struct vfio_device *device = stream->device;
	uint32_t state;
	int rc;

	/* The flags are an answer only to those who asked for that. */
	if (device->precopy_info_v2)
		info->flags = 0;
	rc = device->mig_ops->get_state(device, call->task.self, &state);
	if (rc)
		return rc;
	if (state != VFIO_DEVICE_STATE_PRE_COPY && state != VFIO_DEVICE_STATE_PRE_COPY_P2P)
		return -EINVAL;
	if (stream->state == MIG_STREAM_DISABLED)
		return -ENODEV;
	info->initial_bytes = stream->position < stream->initial_bytes
				      ? stream->initial_bytes - stream->position
				      : 0;
	info->dirty_bytes = stream->len - stream->position - info->initial_bytes;
	return ioctl_respond_len(call, call->row->min);
}

static const struct ioctl_row precopy_row = {
	.number = VFIO_MIG_GET_PRECOPY_INFO,
	.name = "VFIO_MIG_GET_PRECOPY_INFO",
	.size = sizeof(struct vfio_precopy_info),
	.min = OFFSET_END(struct vfio_precopy_info, dirty_bytes),
	.style = IOCTL_ARGSZ,
	.execute = get_precopy_info,
};

static const struct ioctl_row *stream_row(unsigned long request)
{
	return request == precopy_row.number ? &precopy_row : NULL;
}

static int stream_ioctl(struct uapi_file *file, const struct uapi_task *task, unsigned long request,
			uint64_t argument)
{
	const struct ioctl_row *row = stream_row(request);

	return row ? ioctl_execute(row, file, task, argument) : -ENOTTY;
}

static void stream_release(struct uapi_file *file, struct actor *self)
{
	(void)self;
	free(stream_of(file)->data);
	free(stream_of(file));
}

static const struct uapi_file_ops saving_ops = {
	.type = "migration",
	.ioctl = stream_ioctl,
	.row = stream_row,
	.read = stream_read,
	.stream = true,
	.release = stream_release,
};

static const struct uapi_file_ops resuming_ops = {
	.type = "migration",
	.write = stream_write,
	.stream = true,
	.release = stream_release,
};

struct mig_stream *mig_stream_new(struct vfio_device *device, enum mig_stream_state state)
{
	struct mig_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	file_init(&stream->file, state == MIG_STREAM_RESUMING ? &resuming_ops : &saving_ops,
		  device->kernel);
	stream->device = device;
	stream->state = state;
	return stream;
}

int mig_stream_reserve(struct mig_stream *stream, size_t bytes)
{
	size_t capacity = stream->capacity ? stream->capacity : 4096;
	uint8_t *grown;

	if (stream->capacity - stream->len >= bytes)
		return 0;
	while (capacity - stream->len < bytes)
		capacity *= 2;
	grown = realloc(stream->data, capacity);
	if (!grown)
		return -ENOMEM;
	stream->data = grown;
	stream->capacity = capacity;
	return 0;
}

void mig_stream_disable(struct mig_stream *stream)
{
	stream->state = MIG_STREAM_DISABLED;
	free(stream->data);
	stream->data = NULL;
	stream->len = stream->capacity = stream->position = 0;
}
