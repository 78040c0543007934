/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_MEMORY_H
#define VFSIM_UAPI_MEMORY_H

/*
 * Memory that programs use: a stretch of pages backed by frames of DRAM, shared
 * by reference between mappings, memfds and DMA mappings. Its frames are a few
 * runs, never a list of pages; they are taken when the memory is first touched.
 */

#include "uapi/uapi_internal.h"

struct memory_run {
	uint64_t first_page;
	struct uapi_run run;
};

struct memory {
	struct uapi_kernel *kernel;
	uint32_t refs;
	uint64_t pages;
	struct memory_run *runs; /* NULL: not touched yet */
	uint32_t run_count, run_capacity;
};

/* NULL without memory of the simulator's own. */
struct memory *memory_create(struct uapi_kernel *kernel, uint64_t pages);
void memory_get(struct memory *memory);
void memory_put(struct memory *memory);

/* Take the frames, zeroed. -ENOMEM. */
int memory_touch(struct memory *memory);
/* The run that holds `page` from there on. The memory must have been touched. */
struct uapi_run memory_run_at(const struct memory *memory, uint64_t page);

/* A mapping of a process: memory at an offset, or a device's BAR. */
struct vma {
	uint64_t va, length;
	struct memory *memory;  /* NULL: a BAR */
	uint64_t first_page;    /* of `memory` */
	struct uapi_file *file; /* a BAR's device file: referenced */
	uint64_t bar_pa;
};

/* mmap, munmap: -EBADF, -EINVAL, -ENODEV (not a file to map), -EEXIST, -ENOMEM. */
int vma_map(const struct uapi_task *task, uint64_t length, int fd, uint64_t offset, uint64_t *va);
int vma_unmap(const struct uapi_task *task, uint64_t va, uint64_t length);
const struct vma *vma_find(const struct uapi_process *process, uint64_t va);
void vma_release_all(struct uapi_process *process, struct actor *self);

/* The memory of a memfd and its size; -EINVAL: `file` is not one. */
int memfd_memory(struct uapi_file *file, struct memory **memory, uint64_t *size_bytes);

/* vfio/regions.c: may the CPU reach the BAR that `vma` maps now? */
bool vfio_bar_enabled(const struct uapi_file *file);

#endif
