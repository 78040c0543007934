/* SPDX-License-Identifier: Apache-2.0 */
#include "system/wire/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TAP_DEVICE "/dev/net/tun"

struct tap {
	struct wire_backend backend;
	struct packet_pool *pool;
	int fd;
};

/* --- Frames --- */

/* Whether it comes back, or arrives anywhere, is not for us to know. */
static void leave(struct wire_backend *backend, struct packet *packet)
{
	packet_trace_abandoned(&backend->part, packet);
	packet_put(packet);
}

static void tap_transmit(struct wire_backend *backend, struct packet *packet)
{
	const struct tap *tap = CONTAINER_OF(backend, struct tap, backend);

	if (write(tap->fd, packet->data, packet->len_bytes) == (ssize_t)packet->len_bytes) {
		leave(backend, packet);
		return;
	}
	/* Its queue is full, or the interface has gone down. */
	backend->counters.starved++;
	packet_trace_drop(&backend->part, packet, PACKET_DROP_NO_BUFFER);
	packet_put(packet);
}

/* One frame that waits in the interface. False: there is none, or no packet for it. */
static bool take_one(struct tap *tap)
{
	struct packet *packet = packet_get(tap->pool);
	ssize_t len;

	if (!packet) {
		tap->backend.counters.starved++;
		return false;
	}
	len = read(tap->fd, packet->data, FRAME_MAX_BYTES);
	if (len <= 0) {
		packet_put(packet);
		return false;
	}
	packet->len_bytes = (uint32_t)len;
	wire_backend_send(&tap->backend, packet);
	return true;
}

static void tap_outside(struct wire_backend *backend, uint64_t wait_ps)
{
	struct tap *tap = CONTAINER_OF(backend, struct tap, backend);
	struct pollfd poll_fd = {.fd = tap->fd, .events = POLLIN};
	struct timespec wait = {.tv_sec = (time_t)(wait_ps / PS_PER_S),
				.tv_nsec = (long)(wait_ps % PS_PER_S / PS_PER_NS)};

	if (ppoll(&poll_fd, backend->closed ? 0 : 1, &wait, NULL) <= 0)
		return;
	while (take_one(tap))
		;
}

static int tap_fd(const struct wire_backend *backend)
{
	return ((const struct tap *)backend)->fd;
}

static void tap_destroy(struct wire_backend *backend)
{
	struct tap *tap = CONTAINER_OF(backend, struct tap, backend);

	if (tap->fd >= 0)
		close(tap->fd);
	packet_pool_destroy(tap->pool);
	free(tap);
}

static const struct wire_backend_ops tap_ops = {
	.name = "tap",
	.transmit = tap_transmit,
	.outside = tap_outside,
	.outside_fd = tap_fd,
	.destroy = tap_destroy,
};

/* --- The device --- */

/* What may help, by what is wrong. */
static const char *advice(int error)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return " (the kernel's module tun is not there, or the container has no such "
		       "device)";
	case EPERM:
	case EACCES:
		return " (it needs CAP_NET_ADMIN, or a TAP device that was made for this user)";
	case EBUSY:
		return " (another program has it)";
	case EINVAL:
		return " (an interface of another kind has this name)";
	default:
		return "";
	}
}

static int tell(char *error, size_t error_size, const char *name, const char *what, int code)
{
	snprintf(error, error_size, "%s: %s: %s%s", name, what, strerror(code), advice(code));
	return -code;
}

static int attach(int fd, const char *name, char *error, size_t error_size)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request))
		return tell(error, error_size, name, "the TAP device cannot be attached to", errno);
	return 0;
}

/* One that is down takes nothing. */
static int bring_up(const char *name, char *error, size_t error_size)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;
	struct ifreq request = {0};

	if (fd < 0)
		return tell(error, error_size, name, "no socket to bring the TAP device up", errno);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (!ioctl(fd, SIOCGIFFLAGS, &request) && request.ifr_flags & IFF_UP)
		goto out;
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		rc = tell(error, error_size, name,
			  "the TAP device is down, and cannot be brought up", errno);
out:
	close(fd);
	return rc;
}

static int tap_open(const char *name, int *fd, char *error, size_t error_size)
{
	int rc;

	*fd = open(TAP_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return tell(error, error_size, TAP_DEVICE, "cannot be opened", errno);
	rc = attach(*fd, name, error, error_size);
	return rc ? rc : bring_up(name, error, error_size);
}

struct wire_backend *tap_create(const struct sim_part *part, const char *name, uint32_t packets,
				char *error, size_t error_size)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	snprintf(error, error_size, "%s: no memory for a TAP device", name);
	if (!tap)
		return NULL;
	tap->backend = (struct wire_backend){.ops = &tap_ops, .part = *part};
	tap->fd = -1;
	tap->pool = packet_pool_create(packets);
	if (tap->pool && !tap_open(name, &tap->fd, error, error_size)) {
		error[0] = '\0';
		return &tap->backend;
	}
	tap_destroy(&tap->backend);
	return NULL;
}
