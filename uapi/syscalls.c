// SPDX-License-Identifier: Apache-2.0
/*
 * The entries of uapi.h: each finds the file, spends the call's time, lets the
 * file's operation work, and tells trace and listener what was asked and answered.
 */
#include <errno.h>
#include <sys/stat.h>

#include "uapi/ioctl_table.h"
#include "uapi/memory.h"

/* TRACE_CALL's number of a call that is not an ioctl: the arm64 system call's. */
enum {
	SYS_ACCESS = 48,
	SYS_OPEN = 56,
	SYS_CLOSE = 57,
	SYS_READ = 63,
	SYS_WRITE = 64,
	SYS_PREAD = 67,
	SYS_PWRITE = 68,
	SYS_FSTAT = 80,
	SYS_MUNMAP = 215,
	SYS_MMAP = 222,
};

#define TRACE_DATA_MAX 64u

static void call_begin(const struct uapi_call *call)
{
	const struct uapi_kernel *kernel = call->process->kernel;

	for (const struct uapi_call_hook *hook = call->process->hooks; hook; hook = hook->next)
		if (hook->before)
			hook->before(hook->ctx, call);
	if (kernel->cfg.syscall_ps && !kernel->env.part.sim->untimed)
		actor_sleep(call->actor, kernel->cfg.syscall_ps);
}

/* What the trace keeps of an argument: its bytes without addresses of the program. */
static uint32_t call_data(const struct uapi_call *call, const struct ioctl_row *row,
			  uint8_t data[TRACE_DATA_MAX])
{
	struct uapi_task task = {call->process, call->actor};
	uint64_t user = (uint64_t)(uintptr_t)call->argument;
	uint32_t len = 0;

	if (row && row->style != IOCTL_NONE) {
		if (user_copy_from(&task, &len, user, sizeof(len)))
			return 0;
		len = MIN(len, row->size);
	} else if (!row && call->len <= TRACE_DATA_MAX && call->result > 0) {
		len = (uint32_t)call->len;
	}
	if (!len || user_copy_from(&task, data, user, len))
		return 0;
	if (row && row->pointer && row->pointer + 8u <= len)
		memset(&data[row->pointer], 0, 8);
	return len;
}

static int64_t call_end(struct uapi_call *call, uint64_t number, const struct ioctl_row *row,
			int64_t result)
{
	const struct sim_part *part = &call->process->kernel->env.part;
	uint8_t data[TRACE_DATA_MAX];
	uint32_t len;

	call->result = result;
	len = call_data(call, row, data);
	trace_emit_data(part, TRACE_CALL, data, len,
			(const uint64_t[TRACE_ARGS]){call->process->id, (uint64_t)(int64_t)call->fd,
						     number, (uint64_t)result});
	for (const struct uapi_call_hook *hook = call->process->hooks; hook; hook = hook->next)
		if (hook->after)
			hook->after(hook->ctx, call);
	return result;
}

static const char *file_type(const struct uapi_file *file)
{
	return file ? file->ops->type : "none";
}

static int path_open(struct uapi_process *process, const char *path, struct uapi_file **file)
{
	static int (*const openers[])(struct uapi_kernel *, const char *, struct uapi_file **) = {
		iommufd_open,
		vfio_cdev_open,
		vfio_container_open,
		vfio_group_open,
	};
	int rc = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(openers) && rc == -ENOENT; i++)
		rc = openers[i](process->kernel, path, file);
	return rc;
}

int uapi_open(struct uapi_process *process, struct actor *self, const char *path, int flags)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "open",
				 .fd = -1,
				 .file = "none",
				 .path = path,
				 .flags = flags};
	struct uapi_file *file = NULL;
	int rc;

	call_begin(&call);
	rc = path_open(process, path, &file);
	if (!rc) {
		call.file = file_type(file);
		rc = process_install(process, file);
		if (rc < 0)
			file_put(file, self);
		call.fd = rc;
	}
	return (int)call_end(&call, SYS_OPEN, NULL, rc);
}

int uapi_access(struct uapi_process *process, struct actor *self, const char *path, int mode)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "access",
				 .fd = -1,
				 .file = "none",
				 .path = path,
				 .flags = mode};

	call_begin(&call);
	return (int)call_end(&call, SYS_ACCESS, NULL, path_open(process, path, NULL));
}

/* A call on a descriptor: the file is held while it runs. NULL: -EBADF. */
static struct uapi_file *fd_begin(struct uapi_call *call)
{
	struct uapi_file *file = process_file(call->process, call->fd);

	call->file = file_type(file);
	call_begin(call);
	/* Another thread may have closed it while this one entered the kernel. */
	file = process_file(call->process, call->fd);
	if (file)
		file_get(file);
	return file;
}

static int64_t fd_end(struct uapi_call *call, uint64_t number, const struct ioctl_row *row,
		      struct uapi_file *file, int64_t result)
{
	result = call_end(call, number, row, file ? result : -EBADF);
	if (file)
		file_put(file, call->actor);
	return result;
}

int uapi_fstat(struct uapi_process *process, struct actor *self, int fd, struct uapi_stat *stat)
{
	struct uapi_call call = {
		.process = process, .actor = self, .name = "fstat", .fd = fd, .argument = stat};
	struct uapi_file *file = fd_begin(&call);

	*stat = (struct uapi_stat){0};
	if (file && file->ops->stat)
		file->ops->stat(file, stat);
	return (int)fd_end(&call, SYS_FSTAT, NULL, file, 0);
}

int uapi_close(struct uapi_process *process, struct actor *self, int fd)
{
	struct uapi_call call = {.process = process, .actor = self, .name = "close", .fd = fd};
	struct uapi_file *file = fd_begin(&call);

	/* What the last close does belongs to the call: it is told when that is done. */
	if (file) {
		process->fd[fd].file = NULL;
		file_put(file, self);
		file_put(file, self);
	}
	return (int)call_end(&call, SYS_CLOSE, NULL, file ? 0 : -EBADF);
}

int uapi_ioctl(struct uapi_process *process, struct actor *self, int fd, unsigned long request,
	       void *argument)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "ioctl",
				 .fd = fd,
				 .request = request,
				 .argument = argument};
	struct uapi_file *file = process_file(process, fd);
	struct uapi_task task = {process, self};
	const struct ioctl_row *row;
	int rc = -ENOTTY;

	row = file && file->ops->row ? file->ops->row(request) : NULL;
	if (row)
		call.name = row->name;
	file = fd_begin(&call);
	if (file && file->ops->ioctl)
		rc = file->ops->ioctl(file, &task, request, (uint64_t)(uintptr_t)argument);
	return (int)fd_end(&call, request, row, file, rc);
}

/* The four ways to move bytes through a descriptor differ only in this. */
static ssize_t transfer(struct uapi_call *call, uint64_t number, bool write, const uint64_t *offset)
{
	struct uapi_task task = {call->process, call->actor};
	struct uapi_file *file = fd_begin(call);
	ssize_t rc = -EINVAL;

	if (file && offset && file->ops->stream)
		rc = -ESPIPE;
	else if (file && write && file->ops->write)
		rc = file->ops->write(file, &task, (uint64_t)(uintptr_t)call->argument, call->len,
				      offset);
	else if (file && !write && file->ops->read)
		rc = file->ops->read(file, &task, (uint64_t)(uintptr_t)call->argument, call->len,
				     offset);
	else if (file && file->ops->stream)
		rc = -EBADF; /* opened for the other direction only */
	return fd_end(call, number, NULL, file, rc);
}

ssize_t uapi_read(struct uapi_process *process, struct actor *self, int fd, void *data, size_t len)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "read",
				 .fd = fd,
				 .argument = data,
				 .len = len};

	return transfer(&call, SYS_READ, false, NULL);
}

ssize_t uapi_write(struct uapi_process *process, struct actor *self, int fd, const void *data,
		   size_t len)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "write",
				 .fd = fd,
				 .argument = (void *)(uintptr_t)data,
				 .len = len};

	return transfer(&call, SYS_WRITE, true, NULL);
}

ssize_t uapi_pread(struct uapi_process *process, struct actor *self, int fd, void *data, size_t len,
		   uint64_t offset)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "pread",
				 .fd = fd,
				 .argument = data,
				 .len = len,
				 .offset = offset};

	return transfer(&call, SYS_PREAD, false, &offset);
}

ssize_t uapi_pwrite(struct uapi_process *process, struct actor *self, int fd, const void *data,
		    size_t len, uint64_t offset)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "pwrite",
				 .fd = fd,
				 .argument = (void *)(uintptr_t)data,
				 .len = len,
				 .offset = offset};

	return transfer(&call, SYS_PWRITE, true, &offset);
}

int uapi_poll(struct uapi_process *process, struct actor *self, int fd, uint64_t deadline_ps)
{
	struct uapi_file *file = process_file(process, fd);
	int ready = 1;

	if (!file)
		return -EBADF;
	if (!file->ops->readable)
		return 1;
	file_get(file);
	while (!file->ops->readable(file)) {
		if (deadline_ps <= sim_now(actor_sim(self))) {
			ready = 0;
			break;
		}
		actor_wait(self, file->ops->waitq(file), deadline_ps);
	}
	file_put(file, self);
	return ready;
}

int uapi_mmap(struct uapi_process *process, struct actor *self, uint64_t length, int fd,
	      uint64_t offset, uint64_t *va)
{
	struct uapi_call call = {
		.process = process, .actor = self, .name = "mmap", .fd = fd, .offset = offset};
	struct uapi_task task = {process, self};

	call.file = file_type(process_file(process, fd));
	call_begin(&call);
	return (int)call_end(&call, SYS_MMAP, NULL, vma_map(&task, length, fd, offset, va));
}

int uapi_munmap(struct uapi_process *process, struct actor *self, uint64_t va, uint64_t length)
{
	struct uapi_call call = {.process = process,
				 .actor = self,
				 .name = "munmap",
				 .fd = -1,
				 .file = "none",
				 .offset = va};
	struct uapi_task task = {process, self};

	call_begin(&call);
	return (int)call_end(&call, SYS_MUNMAP, NULL, vma_unmap(&task, va, length));
}
