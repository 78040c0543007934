// SPDX-License-Identifier: Apache-2.0
/* A process's address space: mmap, munmap and the way from an address to a frame. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/memory.h"

#define LARGE_PAGE_BYTES (UINT64_C(2) << 20)

/* Index of the first mapping that ends above `va`. */
static uint32_t vma_lower_bound(const struct uapi_process *process, uint64_t va)
{
	uint32_t low = 0, high = process->vma_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct vma *vma = &process->vma[middle];

		if (vma->va + vma->length <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct vma *vma_find(const struct uapi_process *process, uint64_t va)
{
	uint32_t at = vma_lower_bound(process, va);

	return at < process->vma_count && process->vma[at].va <= va ? &process->vma[at] : NULL;
}

static int vma_insert(struct uapi_process *process, uint32_t at, const struct vma *vma)
{
	if (process->vma_count == process->vma_capacity) {
		uint32_t capacity = process->vma_capacity ? 2 * process->vma_capacity : 16;
		struct vma *grown = realloc(process->vma, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		process->vma = grown;
		process->vma_capacity = capacity;
	}
	memmove(&process->vma[at + 1], &process->vma[at],
		(process->vma_count - at) * sizeof(*process->vma));
	process->vma[at] = *vma;
	process->vma_count++;
	return 0;
}

static void vma_drop(const struct vma *vma, struct actor *self)
{
	if (vma->memory)
		memory_put(vma->memory);
	if (vma->file)
		file_put(vma->file, self);
}

void vma_release_all(struct uapi_process *process, struct actor *self)
{
	for (uint32_t i = 0; i < process->vma_count; i++)
		vma_drop(&process->vma[i], self);
	free(process->vma);
	process->vma = NULL;
	process->vma_count = process->vma_capacity = 0;
}

static int vma_place(struct uapi_process *process, struct vma *vma, uint64_t wanted)
{
	uint32_t at;

	if (!wanted) {
		vma->va = align_up(process->next_va,
				   vma->length >= LARGE_PAGE_BYTES ? LARGE_PAGE_BYTES : PAGE_BYTES);
		while (at = vma_lower_bound(process, vma->va),
		       at < process->vma_count && process->vma[at].va < vma->va + vma->length)
			vma->va = align_up(process->vma[at].va + process->vma[at].length,
					   LARGE_PAGE_BYTES);
		process->next_va = vma->va + vma->length;
	} else {
		if (wanted % PAGE_BYTES)
			return -EINVAL;
		vma->va = wanted;
		at = vma_lower_bound(process, wanted);
		if (at < process->vma_count && process->vma[at].va < wanted + vma->length)
			return -EEXIST;
	}
	return vma_insert(process, at, vma);
}

int vma_map(const struct uapi_task *task, uint64_t length, int fd, uint64_t offset, uint64_t *va)
{
	struct vma vma = {.length = align_up(length, PAGE_BYTES)};
	struct uapi_file *file = fd < 0 ? NULL : process_file(task->process, fd);
	int rc = 0;

	if (fd >= 0 && !file)
		return -EBADF;
	if (!length || offset % PAGE_BYTES)
		return -EINVAL;
	if (!file) {
		vma.memory = memory_create(task->process->kernel, vma.length / PAGE_BYTES);
		if (!vma.memory)
			return -ENOMEM;
	} else if (!file->ops->mmap) {
		return -ENODEV;
	} else {
		rc = file->ops->mmap(file, vma.length, offset, &vma);
	}
	if (!rc)
		rc = vma_place(task->process, &vma, *va);
	if (rc) {
		vma_drop(&vma, task->self);
		return rc;
	}
	*va = vma.va;
	return 0;
}

/* Cut [va, va + length) out of the mapping at `at`; what is left of it stays, in one or two. */
static int vma_cut(struct uapi_process *process, uint32_t at, uint64_t va, uint64_t length,
		   struct actor *self)
{
	struct vma *vma = &process->vma[at];
	uint64_t end = MIN(va + length, vma->va + vma->length);
	struct vma tail = *vma;

	tail.va = end;
	tail.length = vma->va + vma->length - end;
	tail.first_page += (end - vma->va) / PAGE_BYTES;
	tail.bar_pa += end - vma->va;
	if (va > vma->va && tail.length) {
		if (vma_insert(process, at + 1, &tail))
			return -ENOMEM;
		if (tail.memory)
			memory_get(tail.memory);
		if (tail.file)
			file_get(tail.file);
		process->vma[at].length = va - process->vma[at].va;
	} else if (va > vma->va) {
		vma->length = va - vma->va;
	} else if (tail.length) {
		*vma = tail;
	} else {
		vma_drop(vma, self);
		process->vma_count--;
		memmove(vma, vma + 1, (process->vma_count - at) * sizeof(*vma));
	}
	return 0;
}

int vma_unmap(const struct uapi_task *task, uint64_t va, uint64_t length)
{
	struct uapi_process *process = task->process;
	uint32_t at;

	if (va % PAGE_BYTES || !length)
		return -EINVAL;
	length = align_up(length, PAGE_BYTES);
	while (at = vma_lower_bound(process, va),
	       at < process->vma_count && process->vma[at].va < va + length) {
		uint64_t from = MAX(va, process->vma[at].va);
		int rc = vma_cut(process, at, from, va + length - from, task->self);

		if (rc)
			return rc;
	}
	return 0;
}

int uapi_memory_run(struct uapi_process *process, uint64_t va, struct uapi_run *run)
{
	const struct vma *vma = vma_find(process, va);
	uint64_t skip, left;

	if (!vma)
		return -EFAULT;
	skip = (va - vma->va) / PAGE_BYTES;
	left = vma->length / PAGE_BYTES - skip;
	if (vma->memory) {
		int rc = memory_touch(vma->memory);

		if (rc)
			return rc;
		*run = memory_run_at(vma->memory, vma->first_page + skip);
		run->pages = MIN(run->pages, left);
		return 0;
	}
	if (!vfio_bar_enabled(vma->file))
		return -EFAULT;
	run->first_pa = vma->bar_pa + skip * PAGE_BYTES;
	run->step = (int64_t)PAGE_BYTES;
	run->pages = left;
	return 0;
}

uint64_t uapi_translate(struct uapi_process *process, uint64_t va)
{
	struct uapi_run run;

	return uapi_memory_run(process, va, &run) ? 0 : run.first_pa + va % PAGE_BYTES;
}
