// SPDX-License-Identifier: Apache-2.0
#include "uapi/pin.h"

#include <errno.h>

int pin_memory(struct memory *memory, uint64_t page, uint64_t pages, struct pin_segment *segment)
{
	int rc = memory_touch(memory);

	if (rc)
		return rc;
	memory_get(memory);
	*segment = (struct pin_segment){.pages = pages, .memory = memory, .memory_page = page};
	return 0;
}

int pin_user(const struct uapi_process *process, uint64_t va, uint64_t limit,
	     struct pin_segment *segment)
{
	const struct vma *vma = vma_find(process, va);
	uint64_t skip, pages;

	if (!vma)
		return -EFAULT;
	skip = (va - vma->va) / PAGE_BYTES;
	pages = MIN(vma->length / PAGE_BYTES - skip, limit);
	if (vma->memory)
		return pin_memory(vma->memory, vma->first_page + skip, pages, segment);
	if (!vfio_bar_enabled(vma->file))
		return -EFAULT;
	*segment = (struct pin_segment){.pages = pages, .bar_pa = vma->bar_pa + skip * PAGE_BYTES};
	return 0;
}

void pin_release(struct pin_segment *segment)
{
	if (segment->memory)
		memory_put(segment->memory);
	segment->memory = NULL;
}

struct uapi_run pin_run(const struct pin_segment *segment, uint64_t index)
{
	struct uapi_run run = {segment->bar_pa + index * PAGE_BYTES, (int64_t)PAGE_BYTES,
			       segment->pages - index};

	if (segment->memory) {
		run = memory_run_at(segment->memory, segment->memory_page + index);
		run.pages = MIN(run.pages, segment->pages - index);
	}
	return run;
}

int pin_account(struct uapi_process *process, uint64_t *locked, uint64_t before, uint64_t after)
{
	struct uapi_kernel *kernel = process->kernel;
	uint64_t more = after - before; /* modulo 2^64: less is fine too */

	if (locked) {
		if (after > before && *locked + more > kernel->cfg.memlock_pages)
			return -ENOMEM;
		*locked += more;
	}
	process->pinned_pages += more;
	kernel->pinned_pages += more;
	return 0;
}
