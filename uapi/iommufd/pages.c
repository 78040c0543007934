// SPDX-License-Identifier: Apache-2.0
#include "uapi/iommufd/pages.h"

#include <errno.h>
#include <stdlib.h>

#include "uapi/iommufd/iommufd_internal.h"

static int pages_new(struct uapi_process *process, uint64_t offset, uint64_t length, bool writable,
		     struct iopt_pages **made)
{
	struct iopt_pages *pages;

	if (!length || length > UINT64_MAX - PAGE_BYTES)
		return -EINVAL;
	pages = calloc(1, sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	pages->kernel = process->kernel;
	pages->refs = 1;
	pages->process = process;
	process_get(process);
	pages->count = align_up(length + offset, PAGE_BYTES) / PAGE_BYTES;
	pages->writable = writable;
	pages->account = process->kernel->cfg.memlock_pages ? ACCOUNT_USER : ACCOUNT_NONE;
	*made = pages;
	return 0;
}

int iopt_pages_user(struct uapi_process *process, uint64_t va, uint64_t length, bool writable,
		    struct iopt_pages **pages)
{
	int rc;

	if (va + length < va)
		return -EOVERFLOW;
	rc = pages_new(process, va % PAGE_BYTES, length, writable, pages);
	if (rc)
		return rc;
	(*pages)->source = IOPT_USER;
	(*pages)->user_va = align_down(va, PAGE_BYTES);
	return 0;
}

int iopt_pages_file(struct uapi_process *process, struct uapi_file *file, uint64_t start,
		    uint64_t length, bool writable, struct iopt_pages **pages)
{
	int rc = pages_new(process, start % PAGE_BYTES, length, writable, pages);

	if (rc)
		return rc;
	(*pages)->source = IOPT_FILE;
	(*pages)->file = file;
	(*pages)->file_start = align_down(start, PAGE_BYTES);
	file_get(file);
	return 0;
}

void iopt_pages_get(struct iopt_pages *pages)
{
	pages->refs++;
}

static void drop_segments(struct iopt_pages *pages)
{
	for (uint32_t i = 0; i < pages->segments; i++)
		memory_put(pages->segment[i].memory);
	free(pages->segment);
	pages->segment = NULL;
	pages->segments = pages->segment_capacity = 0;
}

void iopt_pages_put(struct iopt_pages *pages, struct actor *self)
{
	if (--pages->refs)
		return;
	drop_segments(pages);
	if (pages->file)
		file_put(pages->file, self);
	process_put(pages->process);
	free(pages);
}

static int add_segment(struct iopt_pages *pages, const struct iopt_segment *segment)
{
	if (pages->segments == pages->segment_capacity) {
		uint32_t capacity = pages->segment_capacity ? 2 * pages->segment_capacity : 1;
		struct iopt_segment *grown = realloc(pages->segment, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		pages->segment = grown;
		pages->segment_capacity = capacity;
	}
	memory_get(segment->memory);
	pages->segment[pages->segments++] = *segment;
	return memory_touch(segment->memory);
}

static int find_file(struct iopt_pages *pages)
{
	struct iopt_segment segment = {.pages = pages->count};
	uint64_t size_bytes;
	int rc = memfd_memory(pages->file, &segment.memory, &size_bytes);

	if (rc)
		return rc;
	segment.memory_page = pages->file_start / PAGE_BYTES;
	if (segment.memory_page + segment.pages > segment.memory->pages)
		return -EINVAL;
	return add_segment(pages, &segment);
}

static int find_user(struct iopt_pages *pages)
{
	uint64_t done = 0;

	while (done < pages->count) {
		uint64_t va = pages->user_va + done * PAGE_BYTES;
		const struct vma *vma = vma_find(pages->process, va);
		struct iopt_segment segment = {.first = done};
		uint64_t skip;
		int rc;

		/* What a device's BAR maps has no page to pin. */
		if (!vma || !vma->memory)
			return -EFAULT;
		skip = (va - vma->va) / PAGE_BYTES;
		segment.pages = MIN(vma->length / PAGE_BYTES - skip, pages->count - done);
		segment.memory = vma->memory;
		segment.memory_page = vma->first_page + skip;
		rc = add_segment(pages, &segment);
		if (rc)
			return rc;
		done += segment.pages;
	}
	return 0;
}

static uint64_t area_first_page(const struct iopt_area *area)
{
	return area->start_byte / PAGE_BYTES;
}

static uint64_t area_last_page(const struct iopt_area *area)
{
	return (area->start_byte + (area->last - area->iova)) / PAGE_BYTES;
}

/* Pages that at least one pinned area shows. */
static uint64_t count_pinned(const struct iopt_pages *pages)
{
	uint64_t total = 0, at = 0;
	const struct iopt_area *best;

	/* Sweep upwards: from the lowest page not yet looked at, to the end of an area there. */
	do {
		uint64_t from = UINT64_MAX;

		best = NULL;
		for (const struct iopt_area *area = pages->areas; area; area = area->next) {
			uint64_t first = MAX(area_first_page(area), at);

			if (area->pinned && area_last_page(area) >= at && first < from) {
				from = first;
				best = area;
			}
		}
		if (best) {
			total += area_last_page(best) - from + 1;
			at = area_last_page(best) + 1;
		}
	} while (best);
	return total;
}

static int charge(struct iopt_pages *pages, uint64_t pinned)
{
	struct uapi_kernel *kernel = pages->kernel;
	uint64_t more = pinned - pages->pinned; /* modulo 2^64: less is fine too */

	if (pages->account != ACCOUNT_NONE) {
		if (pinned > pages->pinned &&
		    kernel->locked_pages + more > kernel->cfg.memlock_pages)
			return -ENOMEM;
		kernel->locked_pages += more;
	}
	pages->process->pinned_pages += more;
	kernel->pinned_pages += more;
	pages->pinned = pinned;
	return 0;
}

int iopt_pages_pin(struct iopt_pages *pages, struct iopt_area *area)
{
	int rc = 0;

	area->next = pages->areas;
	pages->areas = area;
	area->pinned = true;
	if (!pages->segments)
		rc = pages->source == IOPT_FILE ? find_file(pages) : find_user(pages);
	if (!rc)
		rc = charge(pages, count_pinned(pages));
	if (rc)
		iopt_pages_unpin(pages, area);
	return rc;
}

void iopt_pages_unpin(struct iopt_pages *pages, struct iopt_area *area)
{
	struct iopt_area **link = &pages->areas;

	while (*link && *link != area)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = area->next;
	area->pinned = false;
	/* Giving back never fails. */
	if (charge(pages, count_pinned(pages)))
		sim_assert(&pages->kernel->env.part, false);
	if (!pages->areas)
		drop_segments(pages);
}

struct uapi_run iopt_pages_run(const struct iopt_pages *pages, uint64_t index, uint64_t limit)
{
	const struct iopt_segment *segment = pages->segment;
	struct uapi_run run;
	uint64_t skip;

	while (index >= segment->first + segment->pages)
		segment++;
	skip = index - segment->first;
	run = memory_run_at(segment->memory, segment->memory_page + skip);
	run.pages = MIN(MIN(run.pages, segment->pages - skip), limit);
	return run;
}

void iopt_pages_change_process(struct iopt_pages *pages, struct uapi_process *process)
{
	pages->process->pinned_pages -= pages->pinned;
	process->pinned_pages += pages->pinned;
	process_get(process);
	process_put(pages->process);
	pages->process = process;
}
