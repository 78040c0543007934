/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of ours: DMA_READ and DMA_WRITE, and the client's replies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cosim/vfio-user/server_internal.h"

#define COMMANDS_MOST 1024u /* that wait for a reply */

static struct vfu_stream *command_stream(struct vfu_device *device)
{
	return device->agreed.twin_socket ? &device->twin.stream : &device->main.stream;
}

static struct vfu_command *expect(struct vfu_device *device, uint16_t command, uint32_t len_bytes)
{
	struct vfu_command *expected = calloc(1, sizeof(*expected));
	struct vfu_command **last = &device->commands;

	if (!expected)
		return NULL;
	expected->id = device->next_id;
	expected->command = command;
	expected->len_bytes = len_bytes;
	while (*last)
		last = &(*last)->next;
	*last = expected;
	device->command_count++;
	return expected;
}

static int check_dma(const struct vfu_device *device, uint32_t len_bytes)
{
	if (!device->agreed.version || device->broken)
		return -ENOTCONN;
	if (!len_bytes || len_bytes > device->agreed.data_bytes || len_bytes > VFU_DATA_BYTES)
		return -EMSGSIZE;
	return device->command_count >= COMMANDS_MOST ? -ENOBUFS : 0;
}

static int send_command(struct vfu_device *device, uint16_t command, uint32_t flags, uint64_t addr,
			uint32_t len_bytes, const void *data)
{
	struct vfio_user_header header = {
		.id = device->next_id++, .command = command, .flags = flags};
	struct vfio_user_dma_access access = {addr, len_bytes};
	const struct iovec payload[2] = {{&access, sizeof(access)},
					 {(void *)(uintptr_t)data, data ? len_bytes : 0}};
	struct vfu_stream *stream = command_stream(device);
	int rc = vfu_stream_send(stream, &header, payload, NULL, 0);

	if (rc)
		vfu_break(device, -rc);
	device->counters.dma_writes += command == VFIO_USER_DMA_WRITE;
	device->counters.dma_reads += command == VFIO_USER_DMA_READ;
	device->more |= stream->out != NULL; /* the loop has to wait for room */
	return rc == -ENOBUFS ? rc : rc ? -ENOTCONN : 0;
}

/* Nobody waits for the youngest any more: it has not left. */
static void forget_youngest(struct vfu_device *device)
{
	struct vfu_command **last = &device->commands;

	while ((*last)->next)
		last = &(*last)->next;
	free(*last);
	*last = NULL;
	device->command_count--;
}

int vfu_dma_write(struct vfu_device *device, uint64_t addr, const void *data, uint32_t len_bytes,
		  void (*done)(void *ctx, int error), void *ctx)
{
	struct vfu_command *command;
	int rc = check_dma(device, len_bytes);

	if (rc)
		return rc;
	if (!done)
		return send_command(device, VFIO_USER_DMA_WRITE, VFIO_USER_NO_REPLY, addr,
				    len_bytes, data);
	command = expect(device, VFIO_USER_DMA_WRITE, len_bytes);
	if (!command)
		return -ENOMEM;
	command->written = done;
	command->ctx = ctx;
	rc = send_command(device, VFIO_USER_DMA_WRITE, 0, addr, len_bytes, data);
	if (rc)
		forget_youngest(device);
	return rc;
}

int vfu_dma_read(struct vfu_device *device, uint64_t addr, uint32_t len_bytes,
		 void (*done)(void *ctx, int error, const void *data), void *ctx)
{
	struct vfu_command *command;
	int rc = check_dma(device, len_bytes);

	if (rc)
		return rc;
	command = expect(device, VFIO_USER_DMA_READ, len_bytes);
	if (!command)
		return -ENOMEM;
	command->read = done;
	command->ctx = ctx;
	rc = send_command(device, VFIO_USER_DMA_READ, 0, addr, len_bytes, NULL);
	if (rc)
		forget_youngest(device);
	return rc;
}

/* --- Replies --- */

static void finish(struct vfu_command *command, int error, const void *data)
{
	if (command->written)
		command->written(command->ctx, error);
	if (command->read)
		command->read(command->ctx, error, error ? NULL : data);
	free(command);
}

/* What the client said of the command; EPROTO: the reply is not one to it. */
static int judge(const struct vfu_command *command, const struct vfu_message *message)
{
	struct vfio_user_dma_access access;

	if (message->header.flags & VFIO_USER_ERROR)
		return message->header.error ? (int)(message->header.error & 0xffff) : EIO;
	if (!command->read) /* QEMU's has no payload */
		return 0;
	if (message->len_bytes != sizeof(access) + command->len_bytes)
		return EPROTO;
	memcpy(&access, message->payload, sizeof(access));
	return access.count == command->len_bytes ? 0 : EPROTO;
}

void vfu_command_replied(struct vfu_device *device, const struct vfu_message *message)
{
	struct vfu_command **at = &device->commands, *command;
	int error;

	while (*at &&
	       ((*at)->id != message->header.id || (*at)->command != message->header.command))
		at = &(*at)->next;
	command = *at;
	if (!command) {
		vfu_complain(device, "a reply (command %u, ID %u) to nothing that was asked",
			     message->header.command, message->header.id);
		return;
	}
	*at = command->next;
	device->command_count--;
	error = judge(command, message);
	if (error == EPROTO)
		vfu_complain(device, "a reply to DMA_READ with %u bytes instead of %u",
			     message->len_bytes, command->len_bytes);
	finish(command, error, message->payload + sizeof(struct vfio_user_dma_access));
}

void vfu_commands_fail(struct vfu_device *device)
{
	while (device->commands) {
		struct vfu_command *command = device->commands;

		device->commands = command->next;
		device->command_count--;
		finish(command, ECONNRESET, NULL);
	}
}
