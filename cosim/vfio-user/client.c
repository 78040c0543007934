/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/vfio-user/client.h"

#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "cosim/vfio-user/transport_internal.h"

#define TIMEOUT_MS    5000u
#define WINDOWS_MOST  64u
#define VERSION_BYTES 4096u

struct client_window {
	uint64_t iova, size;
	uint8_t *host;
	bool mapped; /* by us */
};

struct vfu_client {
	struct vfu_client_cfg cfg;
	struct vfu_stream stream, twin;
	uint16_t next_id;
	struct client_window window[WINDOWS_MOST];
	uint32_t windows;
};

/* --- Connections --- */

struct vfu_client *vfu_client_create(int fd, const struct vfu_client_cfg *cfg)
{
	struct vfu_client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return NULL;
	}
	client->cfg = *cfg;
	if (!client->cfg.timeout_ms)
		client->cfg.timeout_ms = TIMEOUT_MS;
	vfu_stream_init(&client->stream, SIZE_MAX);
	vfu_stream_init(&client->twin, SIZE_MAX);
	if (vfu_stream_open(&client->stream, fd)) {
		close(fd);
		vfu_client_destroy(client);
		return NULL;
	}
	return client;
}

struct vfu_client *vfu_client_connect(const char *path, const struct vfu_client_cfg *cfg)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return vfu_client_create(fd, cfg);
	close(fd);
	return NULL;
}

static void drop_window(struct vfu_client *client, uint32_t at)
{
	struct client_window *window = &client->window[at];

	if (window->mapped)
		munmap(window->host, window->size);
	*window = client->window[--client->windows];
}

void vfu_client_destroy(struct vfu_client *client)
{
	if (!client)
		return;
	while (client->windows)
		drop_window(client, client->windows - 1);
	vfu_stream_fini(&client->stream);
	vfu_stream_fini(&client->twin);
	free(client);
}

/* --- What the server asks --- */

static uint8_t *find_memory(struct vfu_client *client, uint64_t iova, uint64_t size)
{
	for (uint32_t i = 0; i < client->windows; i++) {
		const struct client_window *window = &client->window[i];

		if (iova >= window->iova && size <= window->size &&
		    iova - window->iova <= window->size - size)
			return window->host + (iova - window->iova);
	}
	return NULL;
}

/* DMA_READ and DMA_WRITE as QEMU answers them: EFAULT where nothing is, no payload to a write. */
static int serve(struct vfu_client *client, struct vfu_stream *stream, struct vfu_message *message)
{
	bool write = message->header.command == VFIO_USER_DMA_WRITE;
	struct vfio_user_header header = message->header;
	struct vfio_user_dma_access access = {0, 0};
	struct iovec payload[2] = {{0}};
	uint8_t *memory = NULL;

	if (message->len_bytes >= sizeof(access))
		memcpy(&access, message->payload, sizeof(access));
	if ((write || header.command == VFIO_USER_DMA_READ) && access.count &&
	    message->len_bytes == sizeof(access) + (write ? access.count : 0))
		memory = find_memory(client, access.address, access.count);
	if (memory && write)
		memcpy(memory, message->payload + sizeof(access), access.count);
	if (message->header.flags & VFIO_USER_NO_REPLY)
		return 0;
	header.flags = VFIO_USER_REPLY | (memory ? 0 : VFIO_USER_ERROR);
	header.error = memory ? 0 : EFAULT;
	if (memory && !write) {
		payload[0] = (struct iovec){&access, sizeof(access)};
		payload[1] = (struct iovec){memory, access.count};
	}
	return vfu_stream_send(stream, &header, payload, NULL, 0);
}

/* Commands that have come; stops at a reply, which is held. 1: there is one. */
static int serve_all(struct vfu_client *client, struct vfu_stream *stream,
		     struct vfu_message *message)
{
	int rc;

	while ((rc = vfu_stream_next(stream, message)) == 1) {
		if (message->header.flags & VFIO_USER_TYPE)
			return 1;
		vfu_message_close_fds(message);
		rc = serve(client, stream, message);
		vfu_stream_consume(stream);
		if (rc)
			return rc;
	}
	return rc;
}

/* --- Messages --- */

int vfu_client_send(struct vfu_client *client, const struct vfu_call *call)
{
	struct vfio_user_header header = {
		.id = client->next_id++, .command = call->command, .flags = call->flags};
	const struct iovec payload[2] = {{(void *)(uintptr_t)call->payload, call->len_bytes}};
	int rc = vfu_stream_send(&client->stream, &header, payload, call->fds, call->fd_count);

	return rc ? rc : header.id;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Let something come in, if it takes a moment. */
static int take_in(struct vfu_client *client)
{
	struct pollfd fds[2] = {{client->stream.fd, POLLIN, 0}, {client->twin.fd, POLLIN, 0}};
	int rc = vfu_stream_flush(&client->stream);

	if (!rc && client->twin.fd >= 0)
		rc = vfu_stream_flush(&client->twin);
	if (client->cfg.pump)
		client->cfg.pump(client->cfg.ctx);
	else
		poll(fds, 2, 1);
	if (!rc)
		rc = vfu_stream_fill(&client->stream);
	if (rc >= 0 && client->twin.fd >= 0) {
		int more = vfu_stream_fill(&client->twin);

		rc = more < 0 ? more : rc + more;
	}
	return rc;
}

static int take_reply(const struct vfu_message *message, struct vfu_call *call)
{
	if (message->header.flags & VFIO_USER_ERROR)
		return -(int)MAX(message->header.error, 1u);
	if (message->len_bytes > call->room_bytes)
		return -EMSGSIZE;
	if (message->len_bytes)
		memcpy(call->reply, message->payload, message->len_bytes);
	return (int)message->len_bytes;
}

int vfu_client_reply(struct vfu_client *client, int id, struct vfu_call *call)
{
	uint64_t until = now_ms() + client->cfg.timeout_ms;
	struct vfu_message message;
	int rc;

	call->reply_fd = -1;
	for (;;) {
		rc = client->twin.fd < 0 ? 0 : serve_all(client, &client->twin, &message);
		if (rc >= 0)
			rc = serve_all(client, &client->stream, &message);
		if (rc < 0)
			return rc;
		if (rc && message.header.id == id && message.header.command == call->command)
			break;
		if (rc) {
			vfu_message_close_fds(&message);
			vfu_stream_consume(&client->stream);
			continue;
		}
		if (client->stream.eof)
			return -ECONNRESET;
		rc = take_in(client);
		if (rc < 0)
			return rc == -EPIPE ? -ECONNRESET : rc;
		if (!rc && now_ms() > until)
			return -ETIMEDOUT;
	}
	if (message.fds) {
		call->reply_fd = message.fd[0];
		message.fd[0] = -1;
	}
	vfu_message_close_fds(&message);
	rc = take_reply(&message, call);
	vfu_stream_consume(&client->stream);
	return rc;
}

int vfu_client_call(struct vfu_client *client, struct vfu_call *call)
{
	int rc = vfu_client_send(client, call);

	if (rc < 0)
		return rc == -EPIPE ? -ECONNRESET : rc;
	return call->flags & VFIO_USER_NO_REPLY ? 0 : vfu_client_reply(client, rc, call);
}

/* --- Single commands --- */

int vfu_client_version(struct vfu_client *client, const char *json, char *reply,
		       uint32_t room_bytes)
{
	const struct vfio_user_version version = {0, 0};
	char text[VERSION_BYTES], answer[VERSION_BYTES];
	size_t bytes = json ? strlen(json) + 1 : 0;
	struct vfu_call call = {.command = VFIO_USER_VERSION,
				.payload = text,
				.reply = answer,
				.room_bytes = sizeof(answer)};
	int rc;

	if (bytes + sizeof(version) > sizeof(text))
		return -EMSGSIZE;
	memcpy(text, &version, sizeof(version));
	if (json)
		memcpy(text + sizeof(version), json, bytes);
	call.len_bytes = (uint32_t)(sizeof(version) + bytes);
	rc = vfu_client_call(client, &call);
	if (rc < 0)
		return rc;
	/* The only file descriptor that comes with it is the twin socket. */
	if (call.reply_fd >= 0 && vfu_stream_open(&client->twin, call.reply_fd))
		close(call.reply_fd);
	if (rc < (int)sizeof(version) || rc - sizeof(version) > room_bytes)
		return -EMSGSIZE;
	if (reply)
		memcpy(reply, answer + sizeof(version), (size_t)rc - sizeof(version));
	return 0;
}

static int send_map(struct vfu_client *client, const struct client_window *window, int fd,
		    uint64_t offset, uint32_t prot)
{
	struct vfio_user_dma_map map = {.argsz = sizeof(map),
					.flags = prot,
					.offset = offset,
					.address = window->iova,
					.size = window->size};
	struct vfu_call call = {.command = VFIO_USER_DMA_MAP,
				.payload = &map,
				.len_bytes = sizeof(map),
				.fds = &fd,
				.fd_count = fd >= 0};

	return vfu_client_call(client, &call);
}

int vfu_client_dma_map(struct vfu_client *client, uint64_t iova, uint64_t size, int fd,
		       uint64_t offset, uint32_t prot)
{
	struct client_window window = {.iova = iova, .size = size};
	int rc = send_map(client, &window, fd, offset, prot);

	if (rc || fd < 0)
		return rc;
	window.host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	window.mapped = window.host != MAP_FAILED;
	if (window.mapped && client->windows < WINDOWS_MOST)
		client->window[client->windows++] = window;
	else if (window.mapped)
		munmap(window.host, size);
	return 0;
}

int vfu_client_dma_map_host(struct vfu_client *client, uint64_t iova, uint64_t size, void *host)
{
	struct client_window window = {.iova = iova, .size = size, .host = host};
	int rc = send_map(client, &window, -1, 0, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);

	if (!rc && client->windows < WINDOWS_MOST)
		client->window[client->windows++] = window;
	return rc;
}

int vfu_client_dma_unmap(struct vfu_client *client, uint64_t iova, uint64_t size)
{
	struct vfio_user_dma_unmap unmap = {.argsz = sizeof(unmap), .address = iova, .size = size};
	struct vfu_call call = {.command = VFIO_USER_DMA_UNMAP,
				.payload = &unmap,
				.len_bytes = sizeof(unmap),
				.reply = &unmap,
				.room_bytes = sizeof(unmap)};
	int rc = vfu_client_call(client, &call);

	for (uint32_t i = 0; rc >= 0 && i < client->windows; i++)
		if (client->window[i].iova == iova && client->window[i].size == size)
			drop_window(client, i);
	return MIN(rc, 0);
}

int vfu_client_read(struct vfu_client *client, uint32_t region, uint64_t offset, void *data,
		    uint32_t count)
{
	struct vfio_user_region_access access = {offset, region, count};
	uint8_t *room = malloc(sizeof(access) + count);
	struct vfu_call call = {.command = VFIO_USER_REGION_READ,
				.payload = &access,
				.len_bytes = sizeof(access),
				.reply = room,
				.room_bytes = (uint32_t)sizeof(access) + count};
	int rc = room ? vfu_client_call(client, &call) : -ENOMEM;

	if (rc >= 0 && (uint32_t)rc != sizeof(access) + count)
		rc = -EPROTO;
	if (rc >= 0)
		memcpy(data, room + sizeof(access), count);
	free(room);
	return MIN(rc, 0);
}

int vfu_client_write(struct vfu_client *client, uint32_t region, uint64_t offset, const void *data,
		     uint32_t count, bool posted)
{
	struct vfio_user_region_access access = {offset, region, count};
	uint8_t *room = malloc(sizeof(access) + count);
	struct vfu_call call = {.command = VFIO_USER_REGION_WRITE,
				.flags = posted ? VFIO_USER_NO_REPLY : 0,
				.payload = room,
				.len_bytes = (uint32_t)sizeof(access) + count,
				.reply = &access,
				.room_bytes = sizeof(access)};
	int rc = -ENOMEM;

	if (room) {
		memcpy(room, &access, sizeof(access));
		memcpy(room + sizeof(access), data, count);
		rc = vfu_client_call(client, &call);
	}
	free(room);
	return MIN(rc, 0);
}

int vfu_client_set_irqs(struct vfu_client *client, uint32_t flags, uint32_t index, uint32_t start,
			uint32_t count, const int *fds)
{
	struct vfio_user_irq_set set = {.argsz = sizeof(set),
					.flags = flags,
					.index = index,
					.start = start,
					.count = count};
	struct vfu_call call = {.command = VFIO_USER_DEVICE_SET_IRQS,
				.payload = &set,
				.len_bytes = sizeof(set),
				.fds = fds,
				.fd_count = fds ? count : 0};

	return vfu_client_call(client, &call);
}

int vfu_client_reset(struct vfu_client *client)
{
	struct vfu_call call = {.command = VFIO_USER_DEVICE_RESET};

	return vfu_client_call(client, &call);
}

/* --- As QEMU starts --- */

static int ask(struct vfu_client *client, uint16_t command, void *info, uint32_t bytes)
{
	struct vfu_call call = {.command = command,
				.payload = info,
				.len_bytes = bytes,
				.reply = info,
				.room_bytes = bytes};
	int rc = vfu_client_call(client, &call);

	if (call.reply_fd >= 0)
		close(call.reply_fd);
	return MIN(rc, 0);
}

static int ask_device(struct vfu_client *client)
{
	struct vfio_user_device_info info = {.argsz = sizeof(info)};
	struct vfio_user_irq_info irq = {.argsz = sizeof(irq), .index = 3};
	int rc = ask(client, VFIO_USER_DEVICE_GET_INFO, &info, sizeof(info));

	for (uint32_t i = 0; !rc && i < 8; i++) {
		struct vfio_user_region_info region = {.argsz = sizeof(region), .index = i};

		if (i != 6)
			rc = ask(client, VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region));
	}
	if (!rc)
		rc = ask(client, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq));
	irq = (struct vfio_user_irq_info){.argsz = sizeof(irq), .index = 2};
	return rc ? rc : ask(client, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq));
}

static int size_bars(struct vfu_client *client)
{
	int rc = 0;

	for (uint32_t offset = 0x10; !rc && offset < 0x28; offset += 4) {
		const uint32_t ones = UINT32_MAX, zero = 0;
		uint32_t size;

		rc = vfu_client_write(client, 7, offset, &ones, 4, false);
		if (!rc)
			rc = vfu_client_read(client, 7, offset, &size, 4);
		if (!rc)
			rc = vfu_client_write(client, 7, offset, &zero, 4, false);
	}
	return rc;
}

int vfu_client_start(struct vfu_client *client, int memory, uint64_t size, int intx,
		     uint8_t config[4096])
{
	static const char json[] =
		"{\"capabilities\":{\"pgsizes\":4096,\"max_msg_fds\":16,\"max_dma_maps\":65535,"
		"\"max_data_xfer_size\":1048576,\"migration\":{\"max_bitmap_size\":268435456,"
		"\"pgsize\":4096},\"write_multiple\":true}}";
	const uint32_t eventfd = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t none = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	int rc = vfu_client_version(client, json, NULL, VERSION_BYTES);

	if (!rc)
		rc = vfu_client_dma_map(client, 0, size, memory, 0,
					VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	if (!rc)
		rc = ask_device(client);
	if (!rc)
		rc = vfu_client_read(client, 7, 0, config, 4096);
	if (!rc)
		rc = size_bars(client);
	if (!rc && intx >= 0)
		rc = vfu_client_set_irqs(client, eventfd, 0, 0, 1, &intx);
	if (!rc && intx >= 0)
		rc = vfu_client_set_irqs(client, none, 0, 0, 0, NULL);
	if (!rc)
		rc = vfu_client_reset(client);
	if (!rc && intx >= 0)
		rc = vfu_client_set_irqs(client, eventfd, 0, 0, 1, &intx);
	return rc;
}
