/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_INTERNAL_H
#define VFSIM_UAPI_INTERNAL_H

/*
 * Inside the kernel: files, processes, and the objects that the system calls of
 * uapi.h act on.
 */

#include "base/bits.h"
#include "base/trace.h"
#include "uapi/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PAGE_BYTES UINT64_C(4096)

struct vfio_device;
struct vma;
struct ioctl_row;

struct uapi_kernel {
	struct uapi_kernel_cfg cfg;
	struct uapi_kernel_env env;
	struct vfio_device *devices; /* list, in the order of binding */
	uint32_t next_process;
	uint32_t processes;         /* alive */
	uint32_t files;             /* alive */
	uint64_t memory_pages;      /* frames held by processes' memory */
	uint64_t locked_pages;      /* of all users, against RLIMIT_MEMLOCK */
	uint64_t pinned_pages;      /* by all mappings */
	uint32_t mappings, objects; /* iommufd areas and objects alive */
};

/* "current": whose call it is, and on which actor it runs. */
struct uapi_task {
	struct uapi_process *process;
	struct actor *self;
};

struct uapi_file;

/*
 * What a kind of file can do; NULL is the kernel's answer for "cannot". `offset`
 * is NULL for read and write, which have no position on any of our files.
 */
struct uapi_file_ops {
	const char *type; /* struct uapi_call's `file` */
	int (*ioctl)(struct uapi_file *file, const struct uapi_task *task, unsigned long request,
		     uint64_t argument);
	/* The name and size of a request's struct, and where it holds a pointer, for the trace. */
	const struct ioctl_row *(*row)(unsigned long request);
	ssize_t (*read)(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			size_t len, const uint64_t *offset);
	ssize_t (*write)(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			 size_t len, const uint64_t *offset);
	bool stream; /* positional I/O is -ESPIPE */
	bool (*readable)(const struct uapi_file *file);
	struct waitq *(*waitq)(struct uapi_file *file);
	int (*mmap)(struct uapi_file *file, uint64_t length, uint64_t offset, struct vma *vma);
	void (*stat)(const struct uapi_file *file, struct uapi_stat *stat);
	/* The last reference has gone: free it. */
	void (*release)(struct uapi_file *file, struct actor *self);
};

/* An open file: the first member of whatever it is. Descriptors and kernel users hold references.
 */
struct uapi_file {
	const struct uapi_file_ops *ops;
	struct uapi_kernel *kernel;
	uint32_t refs;
};

void file_init(struct uapi_file *file, const struct uapi_file_ops *ops, struct uapi_kernel *kernel);
void file_get(struct uapi_file *file);
void file_put(struct uapi_file *file, struct actor *self);

struct process_fd {
	struct uapi_file *file;
};

struct uapi_process {
	struct uapi_kernel *kernel;
	char name[32];
	uint32_t id;
	uint32_t refs; /* the process itself, and each set of pages that it provided */
	const struct uapi_user_ops *user;
	void *user_ctx;
	struct uapi_call_hook *hooks;
	struct process_fd *fd;
	uint32_t fd_capacity;
	struct vma *vma; /* sorted by address */
	uint32_t vma_count, vma_capacity;
	uint64_t next_va;
	uint64_t pinned_pages; /* by all mappings of its memory, each counted */
	uint64_t locked_pages; /* VmLck, of type1's mappings: against RLIMIT_MEMLOCK */
};

void process_get(struct uapi_process *process);
void process_put(struct uapi_process *process);

/* The lowest free descriptor for `file`, whose reference it takes. -ENOMEM, -EMFILE. */
int process_install(struct uapi_process *process, struct uapi_file *file);
/* The file of `fd`, borrowed. NULL: bad descriptor. */
struct uapi_file *process_file(const struct uapi_process *process, int fd);

int user_copy_from(const struct uapi_task *task, void *to, uint64_t user, size_t len);
int user_copy_to(const struct uapi_task *task, uint64_t user, const void *from, size_t len);

/* eventfd.c: -EBADF, -EINVAL (not an eventfd); takes a reference. */
int eventfd_get(const struct uapi_process *process, int fd, struct uapi_file **eventfd);
/* Add one; in calendar context too. */
void eventfd_signal(struct uapi_file *eventfd, uint64_t now);

/*
 * iommufd/main.c, vfio/cdev.c, vfio/group.c, vfio/container.c: what open() makes of a
 * path, -ENOENT where it is another's. `file` NULL: only look whether it is there.
 */
int iommufd_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file);
int vfio_cdev_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file);
int vfio_group_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file);
int vfio_container_open(struct uapi_kernel *kernel, const char *path, struct uapi_file **file);
void vfio_device_destroy(struct vfio_device *device);

#ifdef __cplusplus
}
#endif
#endif
