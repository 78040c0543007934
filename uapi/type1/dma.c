// SPDX-License-Identifier: Apache-2.0
/* The mappings of a container: memory pinned, entries written, and taken back. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/type1/type1_internal.h"

/* Unmapping waits for the TLB after so many pieces of contiguous memory (VFIO_IOMMU_TLB_SYNC_MAX).
 */
#define TLB_SYNC_MAX 512u

uint32_t type1_dma_index(const struct type1 *iommu, uint64_t iova)
{
	uint32_t low = 0, high = iommu->dmas;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct type1_dma *dma = iommu->dma[middle];

		if (dma->iova + (dma->size - 1) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct type1_dma *type1_dma_find(const struct type1 *iommu, uint64_t iova, uint64_t last)
{
	uint32_t at = type1_dma_index(iommu, iova);

	return at < iommu->dmas && iommu->dma[at]->iova <= last ? iommu->dma[at] : NULL;
}

bool type1_dma_bisected(const struct type1 *iommu, uint64_t first, uint64_t last)
{
	const struct type1_dma *dma = type1_dma_find(iommu, first, first);

	if (dma && dma->iova != first)
		return true;
	dma = type1_dma_find(iommu, last, last);
	return dma && dma->iova + (dma->size - 1) != last;
}

int type1_dma_insert(struct type1 *iommu, struct type1_dma *dma)
{
	uint32_t at = type1_dma_index(iommu, dma->iova);

	if (iommu->dmas == iommu->dma_capacity) {
		uint32_t capacity = iommu->dma_capacity ? 2 * iommu->dma_capacity : 16;
		struct type1_dma **grown =
			realloc(iommu->dma, capacity * sizeof(struct type1_dma *));

		if (!grown)
			return -ENOMEM;
		iommu->dma = grown;
		iommu->dma_capacity = capacity;
	}
	memmove(&iommu->dma[at + 1], &iommu->dma[at], (iommu->dmas - at) * sizeof(*iommu->dma));
	iommu->dma[at] = dma;
	iommu->dmas++;
	iommu->kernel->mappings++;
	return 0;
}

/* The counter of locked memory that a limit bounds. NULL: a process that may lock what it likes. */
static uint64_t *locked_pages(struct uapi_process *process)
{
	return process->kernel->cfg.memlock_pages ? &process->locked_pages : NULL;
}

static int account(struct type1_dma *dma, uint64_t pinned)
{
	int rc = pin_account(dma->process, locked_pages(dma->process), dma->pinned, pinned);

	if (!rc)
		dma->pinned = pinned;
	return rc;
}

int type1_dma_change_process(struct type1_dma *dma, struct uapi_process *process)
{
	int rc;

	if (process == dma->process)
		return 0;
	rc = pin_account(process, locked_pages(process), 0, dma->pinned);
	if (rc)
		return rc;
	rc = pin_account(dma->process, locked_pages(dma->process), dma->pinned, 0);
	process_put(dma->process);
	process_get(process);
	dma->process = process;
	return rc;
}

/* The run of pages that lies `done` bytes into the mapping. */
static struct uapi_run run_at(const struct type1_dma *dma, uint64_t done)
{
	const struct pin_segment *segment = dma->segment;
	uint64_t index = done / PAGE_BYTES;
	struct uapi_run run;

	for (; index >= segment->pages; segment++)
		index -= segment->pages;
	run = pin_run(segment, index);
	run.pages = MIN(run.pages, (dma->size - done) / PAGE_BYTES);
	return run;
}

/* How many bytes from `done` on are unmapped before the TLB is waited for. */
static uint64_t sync_bytes(const struct type1_dma *dma, uint64_t done)
{
	uint64_t pieces = 0, bytes = 0;

	while (done + bytes < dma->size && pieces < TLB_SYNC_MAX) {
		struct uapi_run run = run_at(dma, done + bytes);
		uint64_t pages = run.pages;

		/* A stretch that goes backwards is as many pieces as it has pages. */
		if (run.step < 0)
			pages = MIN(pages, TLB_SYNC_MAX - pieces);
		pieces += run.step < 0 ? pages : 1;
		bytes += pages * PAGE_BYTES;
	}
	return bytes;
}

void type1_dma_free(struct type1 *iommu, struct actor *self, struct type1_dma *dma)
{
	const struct sim_part *part = &iommu->kernel->env.part;

	for (uint64_t done = 0; done < dma->size;) {
		uint64_t bytes = sync_bytes(dma, done);
		uint64_t unmapped = smmu_domain_unmap(iommu->domain, self, dma->iova + done, bytes);

		sim_assert(part, unmapped == bytes);
		done += bytes;
	}
	for (uint32_t i = 0; i < dma->segments; i++)
		pin_release(&dma->segment[i]);
	if (account(dma, 0))
		sim_assert(part, false);
	free(dma->segment);
	process_put(dma->process);
	free(dma);
}

/* The memory behind the next part of the mapping. */
static int add_segment(struct type1_dma *dma, uint64_t limit, struct pin_segment **segment)
{
	int rc;

	if (dma->segments == dma->segment_capacity) {
		uint32_t capacity = dma->segment_capacity ? 2 * dma->segment_capacity : 1;
		struct pin_segment *grown = realloc(dma->segment, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		dma->segment = grown;
		dma->segment_capacity = capacity;
	}
	*segment = &dma->segment[dma->segments];
	rc = pin_user(dma->process, dma->vaddr + dma->size, limit, *segment);
	dma->segments += !rc;
	return rc;
}

/* Account for a run, unless it is a BAR's, which is nobody's memory, and map it. */
static int map_run(struct type1 *iommu, struct actor *self, struct type1_dma *dma,
		   const struct uapi_run *run, bool memory)
{
	uint64_t before = dma->pinned;
	int rc = memory ? account(dma, before + run->pages) : 0;

	if (rc)
		return rc;
	rc = smmu_domain_map_pages(iommu->domain, self, dma->iova + dma->size, run->first_pa,
				   run->step, run->pages, dma->prot);
	if (!rc)
		dma->size += run->pages * PAGE_BYTES;
	else if (account(dma, before))
		sim_assert(&iommu->kernel->env.part, false);
	return rc;
}

/* Grow the mapping by what lies in one memory of the program. */
static int fill_segment(struct type1 *iommu, struct actor *self, struct type1_dma *dma,
			uint64_t limit)
{
	struct pin_segment *segment;
	int rc = add_segment(dma, limit, &segment);

	for (uint64_t index = 0; !rc && index < segment->pages;) {
		struct uapi_run run = pin_run(segment, index);

		rc = map_run(iommu, self, dma, &run, segment->memory != NULL);
		index += run.pages;
	}
	return rc;
}

int type1_dma_fill(struct type1 *iommu, struct actor *self, struct type1_dma *dma)
{
	uint64_t size = dma->size;
	int rc = 0;

	dma->size = 0;
	while (!rc && dma->size < size)
		rc = fill_segment(iommu, self, dma, (size - dma->size) / PAGE_BYTES);
	if (rc)
		type1_dma_free(iommu, self, dma);
	return rc;
}

void type1_dma_remove(struct type1 *iommu, struct actor *self, struct type1_dma *dma)
{
	uint32_t at = type1_dma_index(iommu, dma->iova);

	iommu->dmas--;
	iommu->kernel->mappings--;
	memmove(&iommu->dma[at], &iommu->dma[at + 1], (iommu->dmas - at) * sizeof(*iommu->dma));
	iommu->vaddr_invalid_count -= dma->vaddr_invalid;
	iommu->dma_avail++;
	type1_dma_free(iommu, self, dma);
}
