// SPDX-License-Identifier: Apache-2.0
/* VFIO_DEVICE_FEATURE: things a device may have, each to be probed, got or set. */
#include <errno.h>

#include "uapi/vfio/vfio_internal.h"

#define GET   VFIO_DEVICE_FEATURE_GET
#define SET   VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE

struct feature_row {
	uint16_t index;
	uint16_t payload_len;
	uint32_t ops;
	/* Does this device have it? 0, or the error that says no. */
	int (*present)(const struct vfio_device *device);
	int (*execute)(const struct feature_call *feature);
};

static int always(const struct vfio_device *device)
{
	(void)device;
	return 0;
}

static int has_migration(const struct vfio_device *device)
{
	return device->mig_ops ? 0 : -ENOTTY;
}

static int has_precopy(const struct vfio_device *device)
{
	return device->migration_flags & VFIO_MIGRATION_PRE_COPY ? 0 : -EINVAL;
}

static int logs_dma(const struct vfio_device *device)
{
	return device->log_ops ? 0 : -ENOTTY;
}

static int give(const struct feature_call *feature, const void *payload, size_t len)
{
	return user_copy_to(&feature->call->task, feature->payload, payload, len);
}

static int migration(const struct feature_call *feature)
{
	struct vfio_device_feature_migration payload = {.flags = feature->device->migration_flags};

	return give(feature, &payload, sizeof(payload));
}

/* The stream of a session that begins becomes a descriptor of the caller. */
static int give_stream(const struct feature_call *feature,
		       struct vfio_device_feature_mig_state *payload, struct uapi_file *stream)
{
	const struct uapi_task *task = &feature->call->task;
	int fd = process_install(task->process, stream);

	if (fd >= 0) {
		payload->data_fd = fd;
		if (!give(feature, payload, sizeof(*payload)))
			return 0;
		task->process->fd[fd].file = NULL;
		fd = -EFAULT;
	}
	file_put(stream, task->self);
	return fd;
}

static int mig_device_state(const struct feature_call *feature)
{
	struct vfio_device *device = feature->device;
	struct actor *self = feature->call->task.self;
	struct vfio_device_feature_mig_state payload;
	struct uapi_file *stream = NULL;
	int rc;

	if (user_copy_from(&feature->call->task, &payload, feature->payload, sizeof(payload)))
		return -EFAULT;
	if (feature->flags & GET) {
		rc = device->mig_ops->get_state(device, self, &payload.device_state);
		if (rc)
			return rc;
	} else {
		rc = device->mig_ops->set_state(device, self, payload.device_state, &stream);
		if (!rc && stream)
			return give_stream(feature, &payload, stream);
	}
	payload.data_fd = -1;
	return give(feature, &payload, sizeof(payload)) ? -EFAULT : rc;
}

static int mig_data_size(const struct feature_call *feature)
{
	struct vfio_device_feature_mig_data_size payload = {0};
	uint64_t bytes;
	int rc = feature->device->mig_ops->get_data_size(feature->device, feature->call->task.self,
							 &bytes);

	if (rc)
		return rc;
	payload.stop_copy_length = bytes;
	return give(feature, &payload, sizeof(payload));
}

static int mig_precopy_info(const struct feature_call *feature)
{
	feature->device->precopy_info_v2 = true;
	return 0;
}

static int low_power_entry(const struct feature_call *feature)
{
	struct vfio_device *device = feature->device;
	int rc = 0;

	down_write(feature->call->task.self, &device->memory);
	if (device->low_power)
		rc = -EINVAL;
	device->low_power = true;
	up_write(&device->memory);
	return rc;
}

static int low_power_exit(const struct feature_call *feature)
{
	down_write(feature->call->task.self, &feature->device->memory);
	feature->device->low_power = false;
	up_write(&feature->device->memory);
	return 0;
}

/* What is not here, VF tokens among it, no device of ours has: -ENOTTY. */
static const struct feature_row feature_rows[] = {
	{VFIO_DEVICE_FEATURE_MIGRATION, sizeof(struct vfio_device_feature_migration), GET,
	 has_migration, migration},
	{VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, sizeof(struct vfio_device_feature_mig_state),
	 GET | SET, has_migration, mig_device_state},
	{VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, 0, SET, always, low_power_entry},
	{VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, 0, SET, always, low_power_exit},
	{VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
	 sizeof(struct vfio_device_feature_dma_logging_control), SET, logs_dma,
	 vfio_dma_logging_start},
	{VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, 0, SET, logs_dma, vfio_dma_logging_stop},
	{VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
	 sizeof(struct vfio_device_feature_dma_logging_report), GET, logs_dma,
	 vfio_dma_logging_report},
	{VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, sizeof(struct vfio_device_feature_mig_data_size), GET,
	 has_migration, mig_data_size},
	{VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2, 0, SET, has_precopy, mig_precopy_info},
};

/* vfio_check_feature(): 1 = go on and do it. */
static int check_ops(const struct feature_row *row, uint32_t flags, size_t len)
{
	if (flags & (GET | SET) & ~row->ops)
		return -EINVAL;
	if (flags & PROBE)
		return 0;
	return (flags & (GET | SET)) && len >= row->payload_len ? 1 : -EINVAL;
}

static int feature_row_execute(const struct feature_row *row, const struct feature_call *feature,
			       size_t len)
{
	int rc = row->present(feature->device);

	if (!rc)
		rc = check_ops(row, feature->flags, len);
	return rc == 1 ? row->execute(feature) : rc;
}

int vfio_feature(struct ioctl_call *call)
{
	const struct vfio_device_feature *cmd = (const void *)call->cmd;
	struct feature_call feature = {call, vfio_device_of(call), cmd->flags,
				       call->user + sizeof(*cmd)};

	if (cmd->flags & ~(uint32_t)(VFIO_DEVICE_FEATURE_MASK | GET | SET | PROBE))
		return -EINVAL;
	if (!(cmd->flags & PROBE) && (cmd->flags & SET) && (cmd->flags & GET))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(feature_rows); i++) {
		if (feature_rows[i].index == (cmd->flags & VFIO_DEVICE_FEATURE_MASK))
			return feature_row_execute(&feature_rows[i], &feature,
						   cmd->argsz - sizeof(*cmd));
	}
	return -ENOTTY;
}
