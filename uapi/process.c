// SPDX-License-Identifier: Apache-2.0
/* Processes and files: descriptor tables, references, and how the kernel reaches a caller's memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "uapi/memory.h"

#define FIRST_FD  3 /* 0 to 2 are the program's standard streams */
#define FD_LIMIT  1024
#define FIRST_VA  UINT64_C(0x7f0000000000)
#define NULL_PAGE 4096u /* nothing of a program's is mapped there */

static int direct_copy_from(void *ctx, void *to, uint64_t user_ptr, size_t len)
{
	(void)ctx;
	if (!len)
		return 0;
	if (user_ptr < NULL_PAGE)
		return -EFAULT;
	memcpy(to, (const void *)(uintptr_t)user_ptr, len);
	return 0;
}

static int direct_copy_to(void *ctx, uint64_t user_ptr, const void *from, size_t len)
{
	(void)ctx;
	if (!len)
		return 0;
	if (user_ptr < NULL_PAGE)
		return -EFAULT;
	memcpy((void *)(uintptr_t)user_ptr, from, len);
	return 0;
}

const struct uapi_user_ops uapi_user_ops_direct = {
	.copy_from = direct_copy_from,
	.copy_to = direct_copy_to,
};

int user_copy_from(const struct uapi_task *task, void *to, uint64_t user, size_t len)
{
	return task->process->user->copy_from(task->process->user_ctx, to, user, len) ? -EFAULT : 0;
}

int user_copy_to(const struct uapi_task *task, uint64_t user, const void *from, size_t len)
{
	return task->process->user->copy_to(task->process->user_ctx, user, from, len) ? -EFAULT : 0;
}

void file_init(struct uapi_file *file, const struct uapi_file_ops *ops, struct uapi_kernel *kernel)
{
	file->ops = ops;
	file->kernel = kernel;
	file->refs = 1;
	kernel->files++;
}

void file_get(struct uapi_file *file)
{
	file->refs++;
}

void file_put(struct uapi_file *file, struct actor *self)
{
	if (--file->refs)
		return;
	file->kernel->files--;
	file->ops->release(file, self);
}

struct uapi_process *uapi_process_create(struct uapi_kernel *kernel, const char *name,
					 const struct uapi_user_ops *user, void *user_ctx)
{
	struct uapi_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->kernel = kernel;
	snprintf(process->name, sizeof(process->name), "%s", name);
	process->id = ++kernel->next_process;
	process->refs = 1;
	process->user = user;
	process->user_ctx = user_ctx;
	process->next_va = FIRST_VA;
	kernel->processes++;
	return process;
}

void process_get(struct uapi_process *process)
{
	process->refs++;
}

void process_put(struct uapi_process *process)
{
	if (--process->refs)
		return;
	process->kernel->processes--;
	free(process);
}

void uapi_process_exit(struct uapi_process *process, struct actor *self)
{
	const struct sim_part *part = &process->kernel->env.part;

	for (uint32_t fd = 0; fd < process->fd_capacity; fd++) {
		struct uapi_file *file = process->fd[fd].file;

		process->fd[fd].file = NULL;
		if (file)
			file_put(file, self);
	}
	free(process->fd);
	process->fd = NULL;
	process->fd_capacity = 0;
	vma_release_all(process, self);
	/* With its files closed nothing of it may be pinned, unless another process shares them. */
	if (process->pinned_pages)
		trace_emit(part, TRACE_LEAK, UAPI_LEAK_PINNED_PAGES, process->pinned_pages);
	process_put(process);
}

/* The link that points at `hook`, or the list's end. */
static struct uapi_call_hook **hook_link(struct uapi_process *process,
					 const struct uapi_call_hook *hook)
{
	struct uapi_call_hook **link = &process->hooks;

	while (*link && *link != hook)
		link = &(*link)->next;
	return link;
}

void uapi_process_add_hook(struct uapi_process *process, struct uapi_call_hook *hook)
{
	hook->next = NULL;
	*hook_link(process, NULL) = hook;
}

void uapi_process_remove_hook(struct uapi_process *process, struct uapi_call_hook *hook)
{
	struct uapi_call_hook **link = hook_link(process, hook);

	if (*link)
		*link = hook->next;
}

const char *uapi_process_name(const struct uapi_process *process)
{
	return process->name;
}

uint64_t uapi_process_pinned_pages(const struct uapi_process *process)
{
	return process->pinned_pages;
}

static int grow_fds(struct uapi_process *process)
{
	uint32_t capacity = process->fd_capacity ? 2 * process->fd_capacity : 32;
	struct process_fd *grown;

	if (process->fd_capacity == FD_LIMIT)
		return -EMFILE;
	grown = realloc(process->fd, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(&grown[process->fd_capacity], 0, (capacity - process->fd_capacity) * sizeof(*grown));
	process->fd = grown;
	process->fd_capacity = capacity;
	return 0;
}

int process_install(struct uapi_process *process, struct uapi_file *file)
{
	uint32_t fd = FIRST_FD;

	while (fd < process->fd_capacity && process->fd[fd].file)
		fd++;
	if (fd >= process->fd_capacity) {
		int rc = grow_fds(process);

		if (rc)
			return rc;
	}
	process->fd[fd].file = file;
	return (int)fd;
}

struct uapi_file *process_file(const struct uapi_process *process, int fd)
{
	return fd < 0 || (uint32_t)fd >= process->fd_capacity ? NULL : process->fd[fd].file;
}
