// SPDX-License-Identifier: Apache-2.0
/* Reserved and allowed ranges of an I/O address space, and finding a free place in it. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/iommufd/io_pagetable.h"

#define HUGE_PAGE_BYTES (UINT64_C(2) << 20)

bool iopt_ranges_meet(const struct iopt_ranges *ranges, uint64_t first, uint64_t last)
{
	for (uint32_t i = 0; i < ranges->count; i++) {
		if (ranges->range[i].first <= last && ranges->range[i].last >= first)
			return true;
	}
	return false;
}

int iopt_ranges_add(struct iopt_ranges *ranges, uint64_t first, uint64_t last, const void *owner)
{
	if (ranges->count == ranges->capacity) {
		uint32_t capacity = ranges->capacity ? 2 * ranges->capacity : 4;
		struct iopt_range *grown = realloc(ranges->range, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		ranges->range = grown;
		ranges->capacity = capacity;
	}
	ranges->range[ranges->count++] = (struct iopt_range){first, last, owner};
	return 0;
}

void iopt_ranges_remove_owner(struct iopt_ranges *ranges, const void *owner)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < ranges->count; i++) {
		if (ranges->range[i].owner != owner)
			ranges->range[kept++] = ranges->range[i];
	}
	ranges->count = kept;
}

void iopt_ranges_free(struct iopt_ranges *ranges)
{
	free(ranges->range);
	*ranges = (struct iopt_ranges){0};
}

/* The range that covers `at`, or else the next one above it. NULL: none. */
static const struct iopt_range *range_at_or_above(const struct iopt_ranges *ranges, uint64_t at)
{
	const struct iopt_range *next = NULL;

	for (uint32_t i = 0; i < ranges->count; i++) {
		const struct iopt_range *range = &ranges->range[i];

		if (range->first <= at && range->last >= at)
			return range;
		if (range->first > at && (!next || range->first < next->first))
			next = range;
	}
	return next;
}

bool iopt_ranges_hole(const struct iopt_ranges *ranges, uint64_t *first, uint64_t *last)
{
	const struct iopt_range *range = range_at_or_above(ranges, *first);

	while (range && range->first <= *first) {
		if (range->last == UINT64_MAX)
			return false;
		*first = range->last + 1;
		range = range_at_or_above(ranges, *first);
	}
	*last = range ? range->first - 1 : UINT64_MAX;
	return true;
}

int iopt_reserve(struct io_pagetable *iopt, uint64_t first, uint64_t last, const void *owner)
{
	if (iopt_area_first(iopt, first, last) || iopt_ranges_meet(&iopt->allowed, first, last))
		return -EADDRINUSE;
	return iopt_ranges_add(&iopt->reserved, first, last, owner);
}

/* Place `length` bytes into [first, last] at the alignment, keeping the offset in its page. */
static bool fit(uint64_t *first, uint64_t last, uint64_t length, uint64_t alignment,
		uint64_t page_offset)
{
	uint64_t start;

	if (*first > UINT64_MAX - (alignment - 1))
		return false;
	start = align_up(*first, alignment) | page_offset;
	if (start >= last || last - start < length - 1)
		return false;
	*first = start;
	return true;
}

/* The same among what is neither reserved nor mapped in [first, last]. */
static bool fit_free(const struct io_pagetable *iopt, uint64_t first, uint64_t last,
		     uint64_t length, uint64_t alignment, uint64_t page_offset, uint64_t *iova)
{
	uint64_t hole_last;

	while (first <= last && iopt_ranges_hole(&iopt->reserved, &first, &hole_last)) {
		const struct iopt_area *area;

		if (first > last)
			return false;
		hole_last = MIN(hole_last, last);
		area = iopt_area_first(iopt, first, hole_last);
		if (!area || area->iova > first) {
			uint64_t start = first;

			if (fit(&start, area ? area->iova - 1 : hole_last, length, alignment,
				page_offset)) {
				*iova = start;
				return true;
			}
		}
		if (area ? area->last == UINT64_MAX : hole_last == UINT64_MAX)
			return false;
		first = (area ? area->last : hole_last) + 1;
	}
	return false;
}

static uint64_t round_up_power(uint64_t value)
{
	return value <= 1 ? 1 : UINT64_C(1) << (64 - __builtin_clzll(value - 1));
}

int iopt_alloc_iova(const struct io_pagetable *iopt, uint64_t address, uint64_t length,
		    uint64_t *iova)
{
	const struct iopt_range everything = {PAGE_BYTES, UINT64_MAX - PAGE_BYTES, NULL};
	uint64_t after = 0, alignment;

	if (!length || length >= UINT64_MAX / 2)
		return -EOVERFLOW;
	alignment = round_up_power(length);
	if (address)
		alignment = MIN(alignment, address & -address);
	alignment = MIN(alignment, HUGE_PAGE_BYTES);
	if (alignment < iopt->alignment)
		return -EINVAL;
	/* Allowed ranges from low to high; they never meet each other. */
	for (uint32_t i = 0; i < MAX(iopt->allowed.count, 1u); i++) {
		const struct iopt_range *allowed =
			iopt->allowed.count ? range_at_or_above(&iopt->allowed, after)
					    : &everything;
		uint64_t first = MAX(allowed->first, everything.first);
		uint64_t last = MIN(allowed->last, everything.last);

		if (fit_free(iopt, first, last, length, alignment, address % PAGE_BYTES, iova))
			return 0;
		if (allowed->last == UINT64_MAX)
			break;
		after = allowed->last + 1;
	}
	return -ENOSPC;
}
