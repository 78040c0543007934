/* SPDX-License-Identifier: Apache-2.0 */
/* The loop. */
#include "cosim/vfio-user/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

#define QUEUE_BYTES (4u << 20)
#define EVENTS_MOST 64
#define NS_PER_S    UINT64_C(1000000000)

/* --- What is watched --- */

int vfu_source_set(struct vfu_server *server, struct vfu_source *source, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (epoll_ctl(server->epoll, source->fd < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event))
		return -errno;
	source->fd = fd;
	source->events = events;
	return 0;
}

void vfu_source_clear(struct vfu_server *server, struct vfu_source *source)
{
	if (source->fd >= 0)
		epoll_ctl(server->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->fd = -1;
	source->events = 0;
}

static void watch_ready(struct vfu_source *source, uint32_t events)
{
	struct vfu_watch *watch = CONTAINER_OF(source, struct vfu_watch, source);

	if (source->fd < 0)
		return;
	watch->server->handled++;
	watch->ready(watch->ctx, (short)events);
}

/* EPOLLIN and the like have the values of POLLIN and the like. */
int vfu_server_watch(struct vfu_server *server, int fd, short events,
		     void (*ready)(void *ctx, short revents), void *ctx)
{
	struct vfu_watch *watch = calloc(1, sizeof(*watch));
	int rc;

	if (!watch)
		return -ENOMEM;
	*watch = (struct vfu_watch){
		.source = {.ready = watch_ready, .fd = -1},
		.server = server,
		.ready = ready,
		.ctx = ctx,
		.next = server->watches,
	};
	rc = vfu_source_set(server, &watch->source, fd, (uint32_t)(unsigned short)events);
	if (rc)
		free(watch);
	else
		server->watches = watch;
	return rc;
}

/* It may be among the events that are being handled: it is freed when those are done. */
int vfu_server_unwatch(struct vfu_server *server, int fd)
{
	for (struct vfu_watch *watch = server->watches; watch; watch = watch->next) {
		if (watch->source.fd != fd)
			continue;
		vfu_source_clear(server, &watch->source);
		server->dead_watches = true;
		return 0;
	}
	return -ENOENT;
}

static void free_watches(struct vfu_server *server, bool all)
{
	struct vfu_watch **at = &server->watches;

	while (*at) {
		struct vfu_watch *watch = *at;

		if (!all && watch->source.fd >= 0) {
			at = &watch->next;
			continue;
		}
		*at = watch->next;
		free(watch);
	}
	server->dead_watches = false;
}

/* --- The server --- */

struct vfu_server *vfu_server_create(const struct vfu_server_cfg *cfg)
{
	struct vfu_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->cfg = *cfg;
	if (!server->cfg.queue_bytes)
		server->cfg.queue_bytes = QUEUE_BYTES;
	server->lost_seen = vfu_guard_lost();
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll < 0) {
		free(server);
		return NULL;
	}
	return server;
}

void vfu_server_destroy(struct vfu_server *server)
{
	if (!server)
		return;
	while (server->devices) {
		struct vfu_device *device = server->devices;

		server->devices = device->next;
		vfu_device_free(device);
	}
	free_watches(server, true);
	close(server->epoll);
	free(server);
}

int vfu_server_fd(const struct vfu_server *server)
{
	return server->epoll;
}

/* --- The loop --- */

/* Devices with messages that came earlier. True: something is left for the next time, too. */
static bool run_devices(struct vfu_server *server)
{
	bool more = false;

	for (struct vfu_device *device = server->devices; device; device = device->next) {
		if (device->more)
			vfu_device_run(device);
		more |= device->more;
	}
	return more;
}

static int wait_events(struct vfu_server *server, struct epoll_event *events, uint64_t timeout_ns)
{
	struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
				   .tv_nsec = (long)(timeout_ns % NS_PER_S)};

	return epoll_pwait2(server->epoll, events, EVENTS_MOST,
			    timeout_ns == VFU_FOREVER ? NULL : &timeout, NULL);
}

static void check_memory(struct vfu_server *server)
{
	uint64_t lost = vfu_guard_lost();

	if (lost == server->lost_seen)
		return;
	server->lost_seen = lost;
	for (struct vfu_device *device = server->devices; device; device = device->next)
		vfu_windows_check(device);
}

int vfu_server_wait(struct vfu_server *server, uint64_t timeout_ns)
{
	struct epoll_event events[EVENTS_MOST];
	uint64_t before = server->handled;
	bool more = run_devices(server);
	int count;

	if (more || server->handled != before)
		timeout_ns = 0;
	count = wait_events(server, events, timeout_ns);
	if (count < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < count; i++) {
		struct vfu_source *source = events[i].data.ptr;

		source->ready(source, events[i].events);
	}
	check_memory(server);
	if (server->dead_watches)
		free_watches(server, false);
	return (int)(server->handled - before);
}
