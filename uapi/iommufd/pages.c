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
		pin_release(&pages->segment[i].pin);
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

/* A place for one more. NULL without memory. */
static struct iopt_segment *new_segment(struct iopt_pages *pages)
{
	if (pages->segments == pages->segment_capacity) {
		uint32_t capacity = pages->segment_capacity ? 2 * pages->segment_capacity : 1;
		struct iopt_segment *grown = realloc(pages->segment, capacity * sizeof(*grown));

		if (!grown)
			return NULL;
		pages->segment = grown;
		pages->segment_capacity = capacity;
	}
	return &pages->segment[pages->segments];
}

static int find_file(struct iopt_pages *pages)
{
	struct iopt_segment *segment = new_segment(pages);
	uint64_t page = pages->file_start / PAGE_BYTES;
	struct memory *memory;
	uint64_t size_bytes;
	int rc = memfd_memory(pages->file, &memory, &size_bytes);

	if (rc)
		return rc;
	if (page + pages->count > memory->pages)
		return -EINVAL;
	if (!segment)
		return -ENOMEM;
	segment->first = 0;
	rc = pin_memory(memory, page, pages->count, &segment->pin);
	pages->segments += !rc;
	return rc;
}

static int find_user(struct iopt_pages *pages)
{
	uint64_t done = 0;

	while (done < pages->count) {
		struct iopt_segment *segment = new_segment(pages);
		int rc;

		if (!segment)
			return -ENOMEM;
		segment->first = done;
		rc = pin_user(pages->process, pages->user_va + done * PAGE_BYTES,
			      pages->count - done, &segment->pin);
		if (rc)
			return rc;
		/* What a device's BAR maps has no page to pin. */
		if (!segment->pin.memory)
			return -EFAULT;
		pages->segments++;
		done += segment->pin.pages;
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
	uint64_t *locked = pages->account == ACCOUNT_NONE ? NULL : &pages->kernel->locked_pages;
	int rc = pin_account(pages->process, locked, pages->pinned, pinned);

	if (!rc)
		pages->pinned = pinned;
	return rc;
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

	while (index >= segment->first + segment->pin.pages)
		segment++;
	run = pin_run(&segment->pin, index - segment->first);
	run.pages = MIN(run.pages, limit);
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
