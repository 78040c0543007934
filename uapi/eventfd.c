// SPDX-License-Identifier: Apache-2.0
/* eventfd(2): a counter that the kernel and programs add to and a reader takes whole. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "uapi/uapi_internal.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	struct uapi_file file;
	uint64_t count;
	struct waitq readers;
	void (*signalled)(void *arg, uint64_t now);
	void *arg;
};

static void eventfd_add(struct eventfd *eventfd, uint64_t value, uint64_t now)
{
	eventfd->count += MIN(value, COUNT_MAX - eventfd->count);
	waitq_wake(&eventfd->readers);
	if (eventfd->signalled)
		eventfd->signalled(eventfd->arg, now);
}

static ssize_t eventfd_read(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			    size_t len, const uint64_t *offset)
{
	struct eventfd *eventfd = CONTAINER_OF(file, struct eventfd, file);
	uint64_t count;

	(void)offset;
	if (len < sizeof(count))
		return -EINVAL;
	while (!eventfd->count)
		actor_wait(task->self, &eventfd->readers, TIME_NEVER);
	count = eventfd->count;
	eventfd->count = 0;
	return user_copy_to(task, data, &count, sizeof(count)) ? -EFAULT : (ssize_t)sizeof(count);
}

static ssize_t eventfd_write(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			     size_t len, const uint64_t *offset)
{
	struct eventfd *eventfd = CONTAINER_OF(file, struct eventfd, file);
	uint64_t value;

	(void)offset;
	if (len < sizeof(value))
		return -EINVAL;
	if (user_copy_from(task, &value, data, sizeof(value)))
		return -EFAULT;
	if (value == UINT64_MAX)
		return -EINVAL;
	/* A full counter would block the writer until a reader comes. */
	if (value > COUNT_MAX - eventfd->count)
		return -EAGAIN;
	eventfd_add(eventfd, value, sim_now(actor_sim(task->self)));
	return (ssize_t)sizeof(value);
}

static bool eventfd_readable(const struct uapi_file *file)
{
	return CONTAINER_OF(file, const struct eventfd, file)->count != 0;
}

static struct waitq *eventfd_waitq(struct uapi_file *file)
{
	return &CONTAINER_OF(file, struct eventfd, file)->readers;
}

static void eventfd_stat(const struct uapi_file *file, struct uapi_stat *stat)
{
	(void)file;
	stat->mode = 0600;
}

static void eventfd_release(struct uapi_file *file, struct actor *self)
{
	(void)self;
	free(CONTAINER_OF(file, struct eventfd, file));
}

static const struct uapi_file_ops eventfd_ops = {
	.type = "eventfd",
	.read = eventfd_read,
	.write = eventfd_write,
	.stream = true,
	.readable = eventfd_readable,
	.waitq = eventfd_waitq,
	.stat = eventfd_stat,
	.release = eventfd_release,
};

int eventfd_get(const struct uapi_process *process, int fd, struct uapi_file **eventfd)
{
	struct uapi_file *file = process_file(process, fd);

	if (!file)
		return -EBADF;
	if (file->ops != &eventfd_ops)
		return -EINVAL;
	file_get(file);
	*eventfd = file;
	return 0;
}

void eventfd_signal(struct uapi_file *eventfd, uint64_t now)
{
	eventfd_add(CONTAINER_OF(eventfd, struct eventfd, file), 1, now);
}

int uapi_eventfd(struct uapi_process *process, void (*signalled)(void *arg, uint64_t now),
		 void *arg)
{
	struct eventfd *eventfd = calloc(1, sizeof(*eventfd));
	int fd;

	if (!eventfd)
		return -ENOMEM;
	file_init(&eventfd->file, &eventfd_ops, process->kernel);
	eventfd->signalled = signalled;
	eventfd->arg = arg;
	fd = process_install(process, &eventfd->file);
	if (fd < 0)
		file_put(&eventfd->file, NULL);
	return fd;
}
