/* SPDX-License-Identifier: Apache-2.0 */
/* SET_IRQS, and signalling what it set up (linux/vfio.h, VFIO_DEVICE_SET_IRQS). */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

enum { IRQFD_MASK, IRQFD_UNMASK };

/* --- Vectors --- */

static struct vfu_vector *find_vector(const struct vfu_device *device, uint32_t index,
				      uint32_t vector)
{
	if (index >= VFU_IRQS || vector >= device->irq[index].cfg.count)
		return NULL;
	return &device->irq[index].vector[vector];
}

/* An eventfd that a client left blocking is asked first: nothing here waits for a client. */
static void signal_vector(struct vfu_device *device, const struct vfu_vector *vector)
{
	const uint64_t one = 1;
	struct pollfd poll_fd = {.fd = vector->eventfd, .events = POLLOUT};

	if (vector->may_block && poll(&poll_fd, 1, 0) != 1)
		return;
	/* EAGAIN: it is as signalled as it can be. */
	if (write(vector->eventfd, &one, sizeof(one)) == sizeof(one))
		device->counters.interrupts++;
}

static int raise_vector(struct vfu_device *device, struct vfu_vector *vector)
{
	if (vector->eventfd < 0)
		return -ENOENT;
	vector->pending = vector->masked;
	if (vector->masked)
		return -EAGAIN;
	signal_vector(device, vector);
	return 0;
}

static void set_eventfd(struct vfu_vector *vector, int fd)
{
	if (vector->eventfd >= 0)
		close(vector->eventfd);
	vector->eventfd = fd;
	vector->pending = false;
	vector->may_block = fd >= 0 && !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* Signal a level that holds, which masks it. */
static void intx_update(struct vfu_device *device)
{
	struct vfu_irq *irq = &device->irq[VFU_IRQ_INTX];
	struct vfu_vector *vector = irq->vector;

	if (!device->intx || !irq->cfg.count || vector->eventfd < 0 || vector->masked)
		return;
	vector->masked = irq->cfg.flags & VFU_IRQ_AUTOMASKED;
	signal_vector(device, vector);
}

static void set_mask(struct vfu_device *device, uint32_t index, struct vfu_vector *vector,
		     bool masked)
{
	vector->masked = masked;
	if (masked)
		return;
	if (index == VFU_IRQ_INTX)
		intx_update(device);
	else if (vector->pending)
		(void)raise_vector(device, vector);
}

/* --- Eventfds by which the client masks and unmasks INTx --- */

static void clear_irqfd(struct vfu_irqfd *irqfd)
{
	int fd = irqfd->source.fd;

	if (fd < 0)
		return;
	vfu_source_clear(irqfd->device->server, &irqfd->source);
	close(fd);
}

static void irqfd_ready(struct vfu_source *source, uint32_t events)
{
	struct vfu_irqfd *irqfd = CONTAINER_OF(source, struct vfu_irqfd, source);
	struct vfu_device *device = irqfd->device;
	uint64_t count;

	if (source->fd < 0 || read(source->fd, &count, sizeof(count)) != sizeof(count))
		return;
	device->server->handled++;
	set_mask(device, VFU_IRQ_INTX, device->irq[VFU_IRQ_INTX].vector, irqfd->mask);
}

/* Takes over `fd`. */
static int set_irqfd(struct vfu_device *device, struct vfu_irqfd *irqfd, int fd)
{
	int flags, rc;

	clear_irqfd(irqfd);
	if (fd < 0)
		return 0;
	flags = fcntl(fd, F_GETFL);
	rc = fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0
		     ? -errno
		     : vfu_source_set(device->server, &irqfd->source, fd, EPOLLIN);
	if (rc)
		close(fd);
	return -rc;
}

/* --- SET_IRQS --- */

struct set_irqs {
	struct vfu_device *device;
	struct vfio_user_irq_set set;
	const uint8_t *flags; /* with DATA_BOOL */
	struct vfu_message *message;
};

static bool is_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 && !strcmp(target, name);
}

static int take_fd(struct vfu_message *message, uint32_t i)
{
	int fd = message->fds ? message->fd[i] : -1;

	if (fd >= 0)
		message->fd[i] = -1;
	return fd;
}

static bool applies(const struct set_irqs *call, uint32_t i)
{
	return !call->flags || call->flags[i];
}

static int trigger_eventfds(const struct set_irqs *call)
{
	struct vfu_irq *irq = &call->device->irq[call->set.index];

	for (uint32_t i = 0; i < call->set.count; i++) {
		struct vfu_vector *vector = &irq->vector[call->set.start + i];

		/* What is set up anew begins unmasked. */
		if (vector->eventfd < 0)
			vector->masked = false;
		set_eventfd(vector, take_fd(call->message, i));
	}
	if (call->set.index == VFU_IRQ_INTX)
		intx_update(call->device);
	return 0;
}

static int trigger_now(const struct set_irqs *call)
{
	struct vfu_irq *irq = &call->device->irq[call->set.index];

	for (uint32_t i = 0; i < call->set.count; i++)
		if (applies(call, i))
			(void)raise_vector(call->device, &irq->vector[call->set.start + i]);
	return 0;
}

static int mask_now(const struct set_irqs *call, bool masked)
{
	struct vfu_irq *irq = &call->device->irq[call->set.index];

	for (uint32_t i = 0; i < call->set.count; i++)
		if (applies(call, i))
			set_mask(call->device, call->set.index, &irq->vector[call->set.start + i],
				 masked);
	return 0;
}

static int mask_vectors(const struct set_irqs *call)
{
	return mask_now(call, true);
}

static int unmask_vectors(const struct set_irqs *call)
{
	return mask_now(call, false);
}

/* INTx alone: it has one vector. */
static int mask_eventfd(const struct set_irqs *call)
{
	return set_irqfd(call->device, &call->device->irqfd[IRQFD_MASK], take_fd(call->message, 0));
}

static int unmask_eventfd(const struct set_irqs *call)
{
	return set_irqfd(call->device, &call->device->irqfd[IRQFD_UNMASK],
			 take_fd(call->message, 0));
}

/* All of an index goes back to what it was before the client came. */
static void disable_index(struct vfu_device *device, uint32_t index)
{
	for (uint32_t i = 0; i < device->irq[index].cfg.count; i++) {
		set_eventfd(&device->irq[index].vector[i], -1);
		device->irq[index].vector[i].masked = false;
	}
	if (index == VFU_IRQ_INTX) {
		clear_irqfd(&device->irqfd[IRQFD_MASK]);
		clear_irqfd(&device->irqfd[IRQFD_UNMASK]);
	}
}

/* Any other flags are none. */
static const struct action {
	uint32_t flags;
	bool intx_only;
	uint32_t needs; /* vfu_irq_flags */
	int (*act)(const struct set_irqs *call);
} actions[] = {
	{VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, false, 0, trigger_now},
	{VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER, false, 0, trigger_now},
	{VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, false, VFU_IRQ_EVENTFD,
	 trigger_eventfds},
	{VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, false, VFU_IRQ_MASKABLE, mask_vectors},
	{VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_MASK, false, VFU_IRQ_MASKABLE, mask_vectors},
	{VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_MASK, true, VFU_IRQ_MASKABLE,
	 mask_eventfd},
	{VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, false, VFU_IRQ_MASKABLE,
	 unmask_vectors},
	{VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_UNMASK, false, VFU_IRQ_MASKABLE,
	 unmask_vectors},
	{VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, true, VFU_IRQ_MASKABLE,
	 unmask_eventfd},
};

/* What was sent fits what it says. */
static int check_set(const struct set_irqs *call)
{
	const struct vfio_user_irq_set *set = &call->set;
	const struct vfu_message *message = call->message;
	uint32_t extra = message->len_bytes - (uint32_t)sizeof(*set);

	if (set->argsz < sizeof(*set) || set->index >= VFU_IRQS)
		return EINVAL;
	if (extra != (set->flags & VFIO_IRQ_SET_DATA_BOOL ? set->count : 0))
		return EINVAL;
	if (message->fds &&
	    (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD) || message->fds != set->count))
		return EINVAL;
	for (uint32_t i = 0; i < message->fds; i++)
		if (!is_eventfd(message->fd[i]))
			return EINVAL;
	return 0;
}

static int check_range(const struct vfu_device *device, const struct vfio_user_irq_set *set)
{
	uint32_t count = device->irq[set->index].cfg.count;

	return !set->count || set->start >= count || set->count > count - set->start ? EINVAL : 0;
}

static bool disables(const struct vfio_user_irq_set *set)
{
	return set->flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER) &&
	       !set->start && !set->count;
}

static int act(const struct set_irqs *call)
{
	const struct vfio_user_irq_set *set = &call->set;
	uint32_t has = call->device->irq[set->index].cfg.flags;

	for (uint32_t i = 0; i < ARRAY_LEN(actions); i++) {
		const struct action *action = &actions[i];

		if (action->flags != set->flags)
			continue;
		if (action->needs & ~has || (action->intx_only && set->index != VFU_IRQ_INTX))
			return ENOTTY;
		return action->act(call);
	}
	return EINVAL;
}

int vfu_handle_set_irqs(struct vfu_device *device, struct vfu_message *message,
			struct vfu_reply *reply)
{
	struct set_irqs call = {.device = device, .message = message};
	uint32_t start = 0, count;
	int error;

	memcpy(&call.set, message->payload, sizeof(call.set));
	if (call.set.flags & VFIO_IRQ_SET_DATA_BOOL)
		call.flags = message->payload + sizeof(call.set);
	error = check_set(&call);
	if (error)
		return error;
	if (disables(&call.set)) {
		disable_index(device, call.set.index);
		count = device->irq[call.set.index].cfg.count;
	} else {
		error = check_range(device, &call.set);
		if (!error)
			error = act(&call);
		start = call.set.start;
		count = call.set.count;
	}
	if (!error && device->ops.irq_set)
		device->ops.irq_set(device->ctx, call.set.index, start, count);
	return error;
}

/* --- For the device --- */

int vfu_irq_trigger(struct vfu_device *device, uint32_t index, uint32_t vector)
{
	struct vfu_vector *found = find_vector(device, index, vector);

	return found ? raise_vector(device, found) : -ENOENT;
}

bool vfu_irq_armed(const struct vfu_device *device, uint32_t index, uint32_t vector)
{
	const struct vfu_vector *found = find_vector(device, index, vector);

	return found && found->eventfd >= 0;
}

bool vfu_irq_masked(const struct vfu_device *device, uint32_t index, uint32_t vector)
{
	const struct vfu_vector *found = find_vector(device, index, vector);

	return found && found->masked;
}

void vfu_intx_level(struct vfu_device *device, bool asserted)
{
	device->intx = asserted;
	intx_update(device);
}

/* --- A device's --- */

int vfu_irqs_init(struct vfu_device *device)
{
	for (uint32_t i = 0; i < ARRAY_LEN(device->irqfd); i++) {
		struct vfu_irqfd *irqfd = &device->irqfd[i];

		irqfd->source = (struct vfu_source){.ready = irqfd_ready, .fd = -1};
		irqfd->device = device;
		irqfd->mask = i == IRQFD_MASK;
	}
	for (uint32_t i = 0; i < VFU_IRQS; i++) {
		struct vfu_irq *irq = &device->irq[i];

		irq->vector = calloc(MAX(device->cfg.irq[i].count, 1u), sizeof(*irq->vector));
		if (!irq->vector)
			return -ENOMEM;
		irq->cfg = device->cfg.irq[i];
		for (uint32_t j = 0; j < irq->cfg.count; j++)
			irq->vector[j].eventfd = -1;
	}
	return 0;
}

void vfu_irqs_drop(struct vfu_device *device)
{
	for (uint32_t i = 0; i < VFU_IRQS; i++)
		disable_index(device, i);
}

void vfu_irqs_fini(struct vfu_device *device)
{
	for (uint32_t i = 0; i < VFU_IRQS; i++)
		free(device->irq[i].vector);
}
