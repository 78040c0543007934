/* SPDX-License-Identifier: Apache-2.0 */
/* A device and its client: how one comes, what it sends in order, how it goes. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

#define RUN_MESSAGES    64u /* of one client before others have their turn */
#define COMPLAINTS_MOST 64u
#define ANSWER_BYTES    4096u

/* --- What is logged --- */

static void log_line(const struct vfu_device *device, enum log_level level, const char *format,
		     va_list args)
{
	const struct vfu_server_cfg *cfg = &device->server->cfg;
	char text[256];

	if (!cfg->log)
		return;
	vsnprintf(text, sizeof(text), format, args);
	/* A client's own bytes may be in it. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	cfg->log(cfg->log_ctx, level, device->name, text);
}

void vfu_log(const struct vfu_device *device, enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(device, level, format, args);
	va_end(args);
}

void vfu_complain(struct vfu_device *device, const char *format, ...)
{
	va_list args;

	device->counters.complaints++;
	if (device->complaints++ >= COMPLAINTS_MOST)
		return;
	va_start(args, format);
	log_line(device, LOG_WARNING, format, args);
	va_end(args);
	if (device->complaints == COMPLAINTS_MOST)
		vfu_log(device, LOG_WARNING, "no more is said of this client's mistakes");
}

/* --- The client goes --- */

void vfu_break(struct vfu_device *device, int error)
{
	/* EPIPE: it has gone, and what it sent before has not been read to its end. */
	if (!device->broken)
		device->broken = error == EPIPE ? ECONNRESET : error;
	device->more = true;
}

void vfu_device_let_in(struct vfu_device *device)
{
	if (device->listener.fd >= 0)
		(void)vfu_source_set(device->server, &device->accept, device->listener.fd, EPOLLIN);
}

static void drop_link(struct vfu_link *link)
{
	vfu_source_clear(link->device->server, &link->source);
	vfu_stream_close(&link->stream);
}

/* Whoever is told here may not find anything of the client any more. */
void vfu_device_drop(struct vfu_device *device)
{
	bool agreed = device->agreed.version;

	if (device->main.stream.fd < 0)
		return;
	device->server->handled++;
	device->open.left = device->open.open;
	device->agreed = (struct vfu_agreed){0};
	drop_link(&device->main);
	drop_link(&device->twin);
	vfu_irqs_drop(device);
	vfu_commands_fail(device);
	vfu_windows_drop(device);
	device->more = false;
	device->broken = 0;
	if (agreed && device->ops.disconnected)
		device->ops.disconnected(device->ctx);
	vfu_log(device, LOG_INFO, "the client is gone%s",
		device->open.open ? ", with an access open" : "");
	if (!device->open.open)
		vfu_device_let_in(device);
}

/* --- What it sends --- */

static const char *reason(int error)
{
	switch (error) {
	case EBADMSG:
		return "a header whose size is less than a header's";
	case EMSGSIZE:
		return "a message larger than any can be";
	case ETOOMANYREFS:
		return "too many file descriptors without a message";
	case ENOBUFS:
		return "it does not read what is sent to it";
	default:
		return strerror(error);
	}
}

/* The client waits for an access of its own; replies on the twin socket do not wait for that. */
static bool held_up(const struct vfu_link *link)
{
	return link->stream.out || (link == &link->device->main && link->device->open.open);
}

static void run_link(struct vfu_device *device, struct vfu_link *link)
{
	struct vfu_stream *stream = &link->stream;
	struct vfu_message message;
	int rc = 0;

	for (uint32_t i = 0; !device->broken && !held_up(link); i++) {
		if (i == RUN_MESSAGES) {
			device->more = true;
			return;
		}
		rc = vfu_stream_next(stream, &message);
		if (rc <= 0)
			break;
		vfu_dispatch(device, link, &message);
	}
	if (rc < 0)
		vfu_break(device, -rc);
	if (!stream->eof || device->broken || device->more)
		return;
	if (vfu_stream_partial(stream) && !held_up(link))
		vfu_complain(device, "the client left within a message");
	vfu_break(device, ECONNRESET);
}

static void watch_link(struct vfu_link *link)
{
	struct vfu_device *device = link->device;
	uint32_t events = (vfu_stream_has_room(&link->stream) ? EPOLLIN : 0) |
			  (link->stream.out ? EPOLLOUT : 0);
	int rc;

	if (link->stream.fd < 0 || device->broken || events == link->source.events)
		return;
	rc = vfu_source_set(device->server, &link->source, link->stream.fd, events);
	if (rc)
		vfu_break(device, -rc);
}

void vfu_device_run(struct vfu_device *device)
{
	device->more = false;
	if (device->main.stream.fd < 0)
		return;
	run_link(device, &device->main);
	if (device->twin.stream.fd >= 0 && !device->broken)
		run_link(device, &device->twin);
	watch_link(&device->main);
	watch_link(&device->twin);
	if (!device->broken)
		return;
	if (device->broken != ECONNRESET)
		vfu_log(device, LOG_WARNING, "the client is cut off: %s", reason(device->broken));
	vfu_device_drop(device);
}

static void link_ready(struct vfu_source *source, uint32_t events)
{
	struct vfu_link *link = CONTAINER_OF(source, struct vfu_link, source);
	struct vfu_device *device = link->device;
	int rc = 0;

	if (link->stream.fd < 0)
		return;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		rc = vfu_stream_fill(&link->stream);
	if (rc >= 0 && link->stream.out)
		rc = vfu_stream_flush(&link->stream);
	/* With no room to read the end of the stream, this is how it is known. */
	if (!rc && events & (EPOLLHUP | EPOLLERR) && !vfu_stream_has_room(&link->stream))
		rc = -ECONNRESET;
	if (rc < 0)
		vfu_break(device, -rc);
	vfu_device_run(device);
}

/* --- A client comes --- */

int vfu_device_attach(struct vfu_device *device, int fd)
{
	int rc = -EBUSY;

	if (device->main.stream.fd >= 0 || device->open.open)
		goto fail;
	rc = vfu_stream_open(&device->main.stream, fd);
	if (rc)
		goto fail;
	device->counters.clients++;
	device->complaints = 0;
	device->next_id = 0;
	rc = vfu_source_set(device->server, &device->main.source, fd, EPOLLIN);
	if (!rc)
		return 0;
	vfu_stream_close(&device->main.stream);
	return rc;
fail:
	close(fd);
	return rc;
}

/* Who comes while somebody is there waits in the listener's queue, unseen until the other is gone.
 */
static void accept_ready(struct vfu_source *source, uint32_t events)
{
	struct vfu_device *device = CONTAINER_OF(source, struct vfu_device, accept);
	int fd, rc;

	if (device->main.stream.fd >= 0 || device->open.open) {
		vfu_log(device, LOG_WARNING, "another client waits until %s",
			device->open.open && device->main.stream.fd < 0
				? "the access that the last one left is made"
				: "this one has gone");
		(void)vfu_source_set(device->server, source, source->fd, 0);
		return;
	}
	fd = accept4(device->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	rc = fd < 0 ? -errno : vfu_device_attach(device, fd);
	device->server->handled += !rc;
	if (rc && rc != -EAGAIN && rc != -EINTR && rc != -ECONNABORTED)
		vfu_log(device, LOG_WARNING, "a client could not be let in: %s", strerror(-rc));
}

struct vfu_counters vfu_device_counters(const struct vfu_device *device)
{
	return device->counters;
}

bool vfu_device_connected(const struct vfu_device *device)
{
	return device->agreed.version && !device->broken;
}

/* --- Making one --- */

static void free_device(struct vfu_device *device)
{
	for (uint32_t i = 0; i < VFU_REGIONS; i++)
		free((void *)(uintptr_t)device->cfg.region[i].areas);
	vfu_irqs_fini(device);
	vfu_stream_fini(&device->main.stream);
	vfu_stream_fini(&device->twin.stream);
	free(device->answer);
	free(device->name);
	free(device);
}

static int copy_cfg(struct vfu_device *device, const struct vfu_device_cfg *cfg)
{
	device->cfg = *cfg;
	device->cfg.name = NULL;
	device->cfg.socket_path = NULL;
	if (!cfg->max_dma_maps)
		device->cfg.max_dma_maps = VFIO_USER_DEFAULT_DMA_MAPS;
	for (uint32_t i = 0; i < VFU_REGIONS; i++)
		device->cfg.region[i].areas = NULL;
	for (uint32_t i = 0; i < VFU_REGIONS; i++) {
		const struct vfu_region_cfg *region = &cfg->region[i];
		size_t bytes = region->area_count * sizeof(*region->areas);
		struct vfu_area *areas;

		if (region->area_count > 16 || (region->flags & ~7u))
			return -EINVAL;
		if (!bytes)
			continue;
		areas = malloc(bytes);
		if (!areas)
			return -ENOMEM;
		memcpy(areas, region->areas, bytes);
		device->cfg.region[i].areas = areas;
	}
	return 0;
}

static void init_link(struct vfu_device *device, struct vfu_link *link)
{
	vfu_stream_init(&link->stream, device->server->cfg.queue_bytes);
	link->source = (struct vfu_source){.ready = link_ready, .fd = -1};
	link->device = device;
}

static int listen_at(struct vfu_device *device, const char *path)
{
	int rc = vfu_listener_open(&device->listener, path);

	if (rc)
		return rc;
	rc = vfu_source_set(device->server, &device->accept, device->listener.fd, EPOLLIN);
	if (rc)
		vfu_listener_close(&device->listener);
	return rc;
}

int vfu_server_add(struct vfu_server *server, const struct vfu_device_cfg *cfg,
		   const struct vfu_device_ops *ops, void *ctx, struct vfu_device **device)
{
	struct vfu_device *made = calloc(1, sizeof(*made));
	int rc = -ENOMEM;

	if (!made)
		return rc;
	made->server = server;
	made->ops = *ops;
	made->ctx = ctx;
	made->listener.fd = -1;
	made->accept = (struct vfu_source){.ready = accept_ready, .fd = -1};
	init_link(made, &made->main);
	init_link(made, &made->twin);
	made->name = strdup(cfg->name);
	made->answer = malloc(ANSWER_BYTES);
	made->answer_bytes = ANSWER_BYTES;
	if (made->name && made->answer)
		rc = copy_cfg(made, cfg);
	if (!rc)
		rc = vfu_irqs_init(made);
	if (!rc && cfg->socket_path)
		rc = listen_at(made, cfg->socket_path);
	if (rc) {
		free_device(made);
		return rc;
	}
	made->next = server->devices;
	server->devices = made;
	*device = made;
	return 0;
}

void vfu_device_free(struct vfu_device *device)
{
	vfu_device_drop(device);
	vfu_source_clear(device->server, &device->accept);
	vfu_listener_close(&device->listener);
	free_device(device);
}
