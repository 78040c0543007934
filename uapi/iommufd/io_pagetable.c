// SPDX-License-Identifier: Apache-2.0
#include "uapi/iommufd/io_pagetable.h"

#include <errno.h>
#include <stdlib.h>

#include "uapi/uapi_internal.h"

void iopt_init(struct io_pagetable *iopt, struct uapi_kernel *kernel)
{
	iopt->kernel = kernel;
	/* Without a table it is only a description: any byte may be mapped anywhere. */
	iopt->alignment = 1;
}

void iopt_fini(struct io_pagetable *iopt)
{
	sim_assert(&iopt->kernel->env.part, !iopt->areas && !iopt->hwpts);
	iopt_ranges_free(&iopt->reserved);
	iopt_ranges_free(&iopt->allowed);
	free(iopt->area);
	free(iopt->hwpt);
}

/* Index of the first area that ends at or above `iova`. */
static uint32_t area_index(const struct io_pagetable *iopt, uint64_t iova)
{
	uint32_t low = 0, high = iopt->areas;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (iopt->area[middle]->last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct iopt_area *iopt_area_first(const struct io_pagetable *iopt, uint64_t first, uint64_t last)
{
	uint32_t at = area_index(iopt, first);

	return at < iopt->areas && iopt->area[at]->iova <= last ? iopt->area[at] : NULL;
}

struct iopt_area *iopt_area_next(const struct io_pagetable *iopt, const struct iopt_area *area)
{
	uint32_t at = area_index(iopt, area->last) + 1;

	return at < iopt->areas ? iopt->area[at] : NULL;
}

uint64_t iopt_contiguous(const struct io_pagetable *iopt, uint64_t iova, uint64_t last)
{
	uint64_t next = iova;

	for (uint32_t at = area_index(iopt, iova); at < iopt->areas; at++) {
		const struct iopt_area *area = iopt->area[at];

		if (area->iova > next || !area->pages)
			break;
		if (area->last >= last)
			return last - iova + 1;
		next = area->last + 1;
	}
	return next - iova;
}

static int area_insert(struct io_pagetable *iopt, struct iopt_area *area)
{
	uint32_t at = area_index(iopt, area->iova);

	if (iopt->areas == iopt->area_capacity) {
		uint32_t capacity = iopt->area_capacity ? 2 * iopt->area_capacity : 8;
		struct iopt_area **grown = realloc(iopt->area, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		iopt->area = grown;
		iopt->area_capacity = capacity;
	}
	memmove(&iopt->area[at + 1], &iopt->area[at], (iopt->areas - at) * sizeof(*iopt->area));
	iopt->area[at] = area;
	iopt->areas++;
	iopt->kernel->mappings++;
	area->iopt = iopt;
	return 0;
}

/* Forget an area that shows nothing (any more), inserted or not. */
static void area_free(struct iopt_area *area)
{
	struct io_pagetable *iopt = area->iopt;

	if (iopt) {
		uint32_t at = area_index(iopt, area->iova);

		iopt->areas--;
		iopt->kernel->mappings--;
		memmove(&iopt->area[at], &iopt->area[at + 1],
			(iopt->areas - at) * sizeof(*iopt->area));
	}
	free(area);
}

static int check_iova(const struct io_pagetable *iopt, uint64_t iova, uint64_t length)
{
	uint64_t last = iova + (length - 1);

	if (iova & (iopt->alignment - 1))
		return -EINVAL;
	if (last < iova)
		return -EOVERFLOW;
	if (iopt_ranges_meet(&iopt->reserved, iova, last))
		return -EINVAL;
	return iopt_area_first(iopt, iova, last) ? -EEXIST : 0;
}

static int place_piece(struct io_pagetable *iopt, struct iopt_piece *piece, uint64_t iova,
		       uint32_t prot)
{
	struct iopt_area *area = piece->area;

	if ((prot & SMMU_PROT_WRITE) && !piece->pages->writable)
		return -EPERM;
	if (piece->start_byte % PAGE_BYTES & (iopt->alignment - 1))
		return -EINVAL;
	area->iova = iova;
	area->last = iova + (piece->length - 1);
	area->start_byte = piece->start_byte;
	area->prot = prot;
	return area_insert(iopt, area);
}

/* What the address in the program looks like, as a hint for the alignment. */
static uint64_t piece_address(const struct iopt_piece *piece)
{
	const struct iopt_pages *pages = piece->pages;

	return piece->start_byte +
	       (pages->source == IOPT_USER ? pages->user_va : pages->file_start);
}

/* Reserve the addresses: areas without pages, which others see as being made. */
static int place(struct io_pagetable *iopt, struct iopt_piece *piece, uint32_t pieces,
		 uint64_t *iova, uint32_t prot, bool allocate)
{
	uint64_t length = 0, at;
	int rc;

	for (uint32_t i = 0; i < pieces; i++)
		length += piece[i].length;
	if (!length || (length & (iopt->alignment - 1)))
		return -EINVAL;
	rc = allocate ? iopt_alloc_iova(iopt, piece_address(piece), length, iova)
		      : check_iova(iopt, *iova, length);
	at = *iova;
	for (uint32_t i = 0; i < pieces && !rc; i++) {
		rc = place_piece(iopt, &piece[i], at, prot);
		at += piece[i].length;
	}
	return rc;
}

static int fill(struct iopt_piece *piece, uint32_t pieces, struct actor *self)
{
	uint32_t done = 0;
	int rc = 0;

	for (; done < pieces; done++) {
		rc = iopt_area_fill(piece[done].area, piece[done].pages, self);
		if (rc)
			break;
	}
	while (rc && done--)
		iopt_area_unfill(piece[done].area, piece[done].pages, self);
	return rc;
}

int iopt_map(struct io_pagetable *iopt, struct actor *self, struct iopt_piece *piece,
	     uint32_t pieces, uint64_t *iova, uint32_t prot, bool allocate)
{
	int rc = 0;

	for (uint32_t i = 0; i < pieces && !rc; i++) {
		piece[i].area = calloc(1, sizeof(*piece[i].area));
		rc = piece[i].area ? 0 : -ENOMEM;
	}
	if (!rc) {
		down_write(self, &iopt->iova);
		rc = place(iopt, piece, pieces, iova, prot, allocate);
		up_write(&iopt->iova);
	}
	if (!rc) {
		down_read(self, &iopt->domains);
		rc = fill(piece, pieces, self);
		if (!rc) {
			down_write(self, &iopt->iova);
			for (uint32_t i = 0; i < pieces; i++)
				piece[i].area->pages = piece[i].pages;
			up_write(&iopt->iova);
		}
		up_read(&iopt->domains);
	}
	if (!rc)
		return 0;
	down_write(self, &iopt->iova);
	for (uint32_t i = 0; i < pieces; i++) {
		if (piece[i].area)
			area_free(piece[i].area);
	}
	up_write(&iopt->iova);
	return rc;
}

/* May this area go, as part of an unmap of [first, last]? */
static int check_unmap(const struct iopt_area *area, uint64_t first, uint64_t last)
{
	if (!area->pages)
		return -EBUSY;
	return area->iova < first || area->last > last ? -ENOENT : 0;
}

int iopt_unmap(struct io_pagetable *iopt, struct actor *self, uint64_t first, uint64_t last,
	       uint64_t *unmapped)
{
	struct iopt_area *area;
	int rc = 0;

	*unmapped = 0;
	down_read(self, &iopt->domains);
	down_write(self, &iopt->iova);
	while ((area = iopt_area_first(iopt, first, last))) {
		uint64_t area_last = area->last;
		struct iopt_pages *pages = area->pages;

		rc = check_unmap(area, first, last);
		if (rc)
			break;
		/* Others may work while the table is emptied; the area stays as a placeholder. */
		area->pages = NULL;
		up_write(&iopt->iova);
		iopt_area_unfill(area, pages, self);
		iopt_pages_put(pages, self);
		down_write(self, &iopt->iova);
		*unmapped += area_last - area->iova + 1;
		area_free(area);
		/* What is mapped behind us meanwhile is none of our business. */
		if (area_last >= last)
			break;
		first = area_last + 1;
	}
	up_write(&iopt->iova);
	up_read(&iopt->domains);
	return rc;
}
