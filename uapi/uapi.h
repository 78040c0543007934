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

/* A process: file descriptors, address space, locked memory. NULL without memory. */
struct uapi_process *uapi_process_create(struct uapi_kernel *kernel, const char *name,
					 const struct uapi_user_ops *user, void *user_ctx);

/* Exit: closes what is open, in descriptor order, and frees its memory. */
void uapi_process_exit(struct uapi_process *process, struct actor *self);

/* Files: /dev/iommu, /dev/vfio/devices/vfioN (later /dev/vfio/vfio and groups). */
int uapi_open(struct uapi_process *process, struct actor *self, const char *path, int flags);
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

/* memfd_create + ftruncate. Frames are taken when the file is first mapped for DMA or touched. */
int uapi_memfd_create(struct uapi_process *process, const char *name, uint64_t size_bytes);

/* An eventfd; `signalled(arg, now)` (may be NULL) also runs at each signal, in calendar context. */
int uapi_eventfd(struct uapi_process *process, void (*signalled)(void *arg, uint64_t now),
		 void *arg);

/*
 * mmap: anonymous memory (fd -1), a memfd, or a device's BAR (returns an
 * address whose physical page is the BAR's; see uapi_translate). Returns the
 * address in `*va`.
 */
int uapi_mmap(struct uapi_process *process, struct actor *self, uint64_t length, int fd,
	      uint64_t offset, uint64_t *va);
int uapi_munmap(struct uapi_process *process, struct actor *self, uint64_t va, uint64_t length);

/* Physical address behind a process address, touching the page. 0 = not mapped. */
uint64_t uapi_translate(struct uapi_process *process, uint64_t va);

#ifdef __cplusplus
}
#endif
#endif
