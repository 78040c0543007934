/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_UAPI_H
#define VFSIM_UAPI_UAPI_H

/*
 * The kernel as a program meets it: processes with file descriptors and an
 * address space, and syscall-shaped entries. A call takes simulated time: it
 * runs on the calling actor `self` and may wait. All return a result >= 0 or a
 * negative errno, exactly the kernel's.
 *
 * Two kinds of pointers: an ioctl's argument and what it points to are memory
 * of the caller (struct uapi_user_ops copies them); the `user_va` of a mapping is
 * an address in the simulated process, backed by frames of simulated DRAM.
 */

#include <sys/types.h>

#include "base/actor.h"
#include "base/cpu_port.h"
#include "model/memory/frames.h"

#ifdef __cplusplus
extern "C" {
#endif

struct uapi_kernel;
struct uapi_process;

/* How the kernel reaches the caller's memory. -EFAULT when it cannot. */
struct uapi_user_ops {
	int (*copy_from)(void *ctx, void *to, uint64_t user_ptr, size_t len);
	int (*copy_to)(void *ctx, uint64_t user_ptr, const void *from, size_t len);
};

/* User pointers are this program's own (scenarios, unit tests, in-process use). */
extern const struct uapi_user_ops uapi_user_ops_direct;

/*
 * One call of a process, as a listener sees it. `argument` is the caller's
 * pointer: an ioctl's struct, a buffer, or NULL; before() sees what goes in,
 * after() what came out, and `result`.
 */
struct uapi_call {
	struct uapi_process *process;
	struct actor *actor;
	const char *name; /* the ioctl's name in the headers, or "open", "pread", "close", ... */
	const char *file; /* "iommufd", "device", "group", "container", "migration", "eventfd",
			     "memfd", "none" */
	int fd;           /* -1: open, access, mmap of anonymous memory */
	unsigned long request; /* ioctl */
	void *argument;
	size_t len;       /* read, write, pread, pwrite, mmap */
	uint64_t offset;  /* pread, pwrite, mmap */
	const char *path; /* open, access */
	int flags;        /* open */
	int64_t result;   /* after(): >= 0 or a negative errno */
};

struct uapi_call_hook {
	void *ctx;
	void (*before)(void *ctx, const struct uapi_call *call); /* may be NULL */
	void (*after)(void *ctx, const struct uapi_call *call);  /* may be NULL */
	struct uapi_call_hook *next;                             /* the process's */
};

/* A process: file descriptors, address space, locked memory. NULL without memory. */
struct uapi_process *uapi_process_create(struct uapi_kernel *kernel, const char *name,
					 const struct uapi_user_ops *user, void *user_ctx);

/*
 * Listen to the calls of a process, after those who listen already, or stop it.
 * `hook` is borrowed meanwhile, and in one list at a time.
 */
void uapi_process_add_hook(struct uapi_process *process, struct uapi_call_hook *hook);
void uapi_process_remove_hook(struct uapi_process *process, struct uapi_call_hook *hook);
const char *uapi_process_name(const struct uapi_process *process);
/* Pages that this process has pinned for DMA, each mapping counted. */
uint64_t uapi_process_pinned_pages(const struct uapi_process *process);

/* Exit: closes what is open, in descriptor order, and frees its memory. */
void uapi_process_exit(struct uapi_process *process, struct actor *self);

/* Files: /dev/iommu, /dev/vfio/devices/vfioN, /dev/vfio/vfio, /dev/vfio/N (a group). */
int uapi_open(struct uapi_process *process, struct actor *self, const char *path, int flags);
int uapi_access(struct uapi_process *process, struct actor *self, const char *path, int mode);

struct uapi_stat {
	uint32_t mode;         /* S_IFCHR | 0600, ... */
	uint32_t major, minor; /* of a character device: 511:N for /dev/vfio/devices/vfioN */
	uint64_t size;
};
int uapi_fstat(struct uapi_process *process, struct actor *self, int fd, struct uapi_stat *stat);
int uapi_close(struct uapi_process *process, struct actor *self, int fd);
int uapi_ioctl(struct uapi_process *process, struct actor *self, int fd, unsigned long request,
	       void *argument);
ssize_t uapi_read(struct uapi_process *process, struct actor *self, int fd, void *data, size_t len);
ssize_t uapi_write(struct uapi_process *process, struct actor *self, int fd, const void *data,
		   size_t len);
ssize_t uapi_pread(struct uapi_process *process, struct actor *self, int fd, void *data, size_t len,
		   uint64_t offset);
ssize_t uapi_pwrite(struct uapi_process *process, struct actor *self, int fd, const void *data,
		    size_t len, uint64_t offset);

/*
 * Wait until `fd` can be read, at most until `deadline_ps` (0: look only). 1 =
 * readable, 0 = the deadline passed.
 */
int uapi_poll(struct uapi_process *process, struct actor *self, int fd, uint64_t deadline_ps);

/* memfd_create + ftruncate. Frames are taken when the file is first mapped for DMA or touched. */
int uapi_memfd_create(struct uapi_process *process, const char *name, uint64_t size_bytes);

/* Its size; 0 for a descriptor that is no memfd. Not a call: no hook hears of it. */
uint64_t uapi_memfd_size(struct uapi_process *process, int fd);

/*
 * The mappings that meet [iova, iova + len) in the address space that iommufd `fd`'s
 * HWPT shows: from the begin of the first to the end of the last, holes between them
 * aside. False: none, or no such HWPT. Not a call: no hook hears of it.
 */
bool uapi_hwpt_mappings(struct uapi_process *process, struct actor *self, int fd, uint32_t hwpt_id,
			uint64_t iova, uint64_t len, uint64_t *first, uint64_t *last);

/*
 * An eventfd, counter 0; read waits while it is 0. `signalled(arg, now)` (may
 * be NULL) also runs at each signal, of the kernel or written; it must not wait.
 */
int uapi_eventfd(struct uapi_process *process, void (*signalled)(void *arg, uint64_t now),
		 void *arg);

/*
 * mmap: anonymous memory (fd -1), a memfd, or a device's BAR (returns an
 * address whose physical page is the BAR's; see uapi_translate). `*va`: 0 lets
 * the kernel choose, otherwise the address wanted (-EEXIST when taken); returns
 * the address. Memory reads as zero.
 */
int uapi_mmap(struct uapi_process *process, struct actor *self, uint64_t length, int fd,
	      uint64_t offset, uint64_t *va);
int uapi_munmap(struct uapi_process *process, struct actor *self, uint64_t va, uint64_t length);

/* Physical address behind a process address, touching the page. 0 = not mapped. */
uint64_t uapi_translate(struct uapi_process *process, uint64_t va);

/*
 * A stretch of memory in one formula: page i of `pages` (4 KiB each) lies at
 * first_pa + i * step. step is 4096 (contiguous) or -4096 (no two neighbours
 * contiguous, so that every page needs a table entry of its own).
 */
struct uapi_run {
	uint64_t first_pa;
	int64_t step;
	uint64_t pages;
};
/* The run from page `va` on. -EFAULT: not mapped. */
int uapi_memory_run(struct uapi_process *process, uint64_t va, struct uapi_run *run);

#ifdef __cplusplus
}
#endif
#endif
