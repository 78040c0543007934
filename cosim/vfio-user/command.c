/* SPDX-License-Identifier: Apache-2.0 */
/* Which command is handled where, what holds for all of them, and replies. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

static const struct vfu_command_row commands[] = {
	[VFIO_USER_VERSION] = {"VERSION", sizeof(struct vfio_user_version), 0, vfu_handle_version},
	[VFIO_USER_DMA_MAP] = {"DMA_MAP", sizeof(struct vfio_user_dma_map), 1, vfu_handle_dma_map},
	[VFIO_USER_DMA_UNMAP] = {"DMA_UNMAP", sizeof(struct vfio_user_dma_unmap), 0,
				 vfu_handle_dma_unmap},
	[VFIO_USER_DEVICE_GET_INFO] = {"DEVICE_GET_INFO", sizeof(struct vfio_user_device_info), 0,
				       vfu_handle_device_info},
	[VFIO_USER_DEVICE_GET_REGION_INFO] = {"DEVICE_GET_REGION_INFO",
					      sizeof(struct vfio_user_region_info), 0,
					      vfu_handle_region_info},
	[VFIO_USER_DEVICE_GET_REGION_IO_FDS] = {"DEVICE_GET_REGION_IO_FDS",
						sizeof(struct vfio_user_region_io_fds), 0,
						vfu_handle_region_io_fds},
	[VFIO_USER_DEVICE_GET_IRQ_INFO] = {"DEVICE_GET_IRQ_INFO", sizeof(struct vfio_user_irq_info),
					   0, vfu_handle_irq_info},
	[VFIO_USER_DEVICE_SET_IRQS] = {"DEVICE_SET_IRQS", sizeof(struct vfio_user_irq_set),
				       VFU_MESSAGE_FDS, vfu_handle_set_irqs},
	[VFIO_USER_REGION_READ] = {"REGION_READ", sizeof(struct vfio_user_region_access), 0,
				   vfu_handle_region_read},
	[VFIO_USER_REGION_WRITE] = {"REGION_WRITE", sizeof(struct vfio_user_region_access), 0,
				    vfu_handle_region_write},
	/* The server's own: */
	[VFIO_USER_DMA_READ] = {"DMA_READ", 0, 0, NULL},
	[VFIO_USER_DMA_WRITE] = {"DMA_WRITE", 0, 0, NULL},
	[VFIO_USER_DEVICE_RESET] = {"DEVICE_RESET", 0, 0, vfu_handle_reset},
	[VFIO_USER_REGION_WRITE_MULTI] = {"REGION_WRITE_MULTI", sizeof(uint64_t), 0,
					  vfu_handle_write_multi},
	[VFIO_USER_DEVICE_FEATURE] = {"DEVICE_FEATURE", sizeof(struct vfio_user_feature), 0,
				      vfu_handle_feature},
	[VFIO_USER_MIG_DATA_READ] = {"MIG_DATA_READ", sizeof(struct vfio_user_migration_data), 0,
				     vfu_handle_data_read},
	[VFIO_USER_MIG_DATA_WRITE] = {"MIG_DATA_WRITE", sizeof(struct vfio_user_migration_data), 0,
				      vfu_handle_data_write},
};

static const struct vfu_command_row *find_command(uint16_t command)
{
	return command < ARRAY_LEN(commands) && commands[command].name ? &commands[command] : NULL;
}

/* --- Replies --- */

void vfu_reply_clear(struct vfu_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	reply->fd = -1;
}

int vfu_reply_copy(struct vfu_reply *reply, const void *data, size_t bytes)
{
	memcpy(reply->room, data, bytes);
	reply->payload[0] = (struct iovec){reply->room, bytes};
	return 0;
}

void vfu_reply(struct vfu_device *device, const struct vfio_user_header *header, int error,
	       const struct vfu_reply *reply)
{
	static const struct iovec nothing[2];
	struct vfio_user_header to = *header;
	int rc;

	if (device->broken || header->flags & VFIO_USER_NO_REPLY)
		return;
	to.flags = VFIO_USER_REPLY | (error ? VFIO_USER_ERROR : 0);
	to.error = (uint32_t)error;
	rc = vfu_stream_send(&device->main.stream, &to, error ? nothing : reply->payload,
			     &reply->fd, !error && reply->fd >= 0);
	if (rc)
		vfu_break(device, -rc);
}

/* --- Commands --- */

/* What any command has to be like. */
static int check(struct vfu_device *device, const struct vfu_command_row *row,
		 const struct vfu_message *message)
{
	const struct vfio_user_header *header = &message->header;

	if (!row || !row->handle) {
		vfu_complain(device, "command %u (%s) is not one for a server", header->command,
			     row ? row->name : "unknown");
		return ENOTSUP;
	}
	if (!device->agreed.version && header->command != VFIO_USER_VERSION) {
		vfu_complain(device, "%s before VERSION", row->name);
		return EINVAL;
	}
	if (message->len_bytes < row->min_bytes) {
		vfu_complain(device, "%s of %u bytes: it has at least %u", row->name,
			     message->len_bytes, row->min_bytes);
		return EINVAL;
	}
	if (message->fds_lost) {
		vfu_complain(device, "%s with more file descriptors than can be taken", row->name);
		return EINVAL;
	}
	if (message->fds > row->max_fds) {
		vfu_complain(device, "%s with %u file descriptors: it has at most %u", row->name,
			     message->fds, row->max_fds);
		return EINVAL;
	}
	return 0;
}

static void handle_command(struct vfu_device *device, struct vfu_message *message)
{
	const struct vfu_command_row *row = find_command(message->header.command);
	bool agreed = device->agreed.version;
	struct vfu_reply reply;
	int error;

	vfu_reply_clear(&reply);
	error = check(device, row, message);
	if (!error)
		error = row->handle(device, message, &reply);
	vfu_message_close_fds(message);
	if (error == VFU_LATER)
		return;
	if (error)
		vfu_log(device, LOG_DEBUG, "%s: %s", row ? row->name : "?", strerror(error));
	vfu_reply(device, &message->header, error, &reply);
	if (reply.close_fd)
		close(reply.fd);
	vfu_stream_consume(&device->main.stream);
	/* Without a version there is nothing to go on with. */
	if (!device->agreed.version)
		vfu_break(device, EPROTO);
	else if (!agreed && device->ops.connected)
		device->ops.connected(device->ctx);
}

void vfu_dispatch(struct vfu_device *device, struct vfu_link *link, struct vfu_message *message)
{
	uint32_t type = message->header.flags & VFIO_USER_TYPE;

	device->server->handled++;
	device->counters.messages++;
	if (!type && link == &device->main) {
		handle_command(device, message);
		return;
	}
	vfu_message_close_fds(message);
	if (type == VFIO_USER_REPLY) {
		vfu_command_replied(device, message);
	} else {
		vfu_complain(device, "a message of type %u%s", type,
			     type ? "" : " on the server's socket");
		vfu_break(device, EPROTO);
	}
	vfu_stream_consume(&link->stream);
}
