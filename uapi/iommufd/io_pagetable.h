/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IO_PAGETABLE_H
#define VFSIM_IO_PAGETABLE_H

/*
 * An I/O address space: areas of it that are mapped, ranges that are reserved
 * or allowed, and the hardware tables that show it. An area is the unit of unmap:
 * it is never cut. Linux: drivers/iommu/iommufd/io_pagetable.c.
 */

#include "uapi/iommufd/pages.h"
#include "uapi/rwsem.h"

struct iommufd_hwpt;

/* [iova, last] shows the bytes of `pages` from start_byte on. */
struct iopt_area {
	uint64_t iova, last;
	struct io_pagetable *iopt;
	struct iopt_pages *pages; /* NULL: being made or being taken away */
	uint64_t start_byte;
	uint32_t prot;          /* SMMU_PROT_* */
	bool pinned;            /* in at least one table */
	struct iopt_area *next; /* of the same pages */
};

struct iopt_range {
	uint64_t first, last;
	const void *owner;
};

struct iopt_ranges {
	struct iopt_range *range;
	uint32_t count, capacity;
};

struct io_pagetable {
	struct uapi_kernel *kernel;
	struct rwsem iova;    /* of areas and ranges */
	struct rwsem domains; /* of hwpt[]; held for reading while an area is filled or emptied */
	struct iopt_area **area; /* sorted by iova */
	uint32_t areas, area_capacity;
	struct iopt_ranges reserved, allowed; /* allowed.count 0: everything */
	struct iommufd_hwpt **hwpt;
	uint32_t hwpts, hwpt_capacity;
	uint64_t alignment;
	bool disable_large_pages;
};

void iopt_init(struct io_pagetable *iopt, struct uapi_kernel *kernel);
void iopt_fini(struct io_pagetable *iopt);

/* A piece to map: of `pages`, whose reference the area takes on success. */
struct iopt_piece {
	struct iopt_pages *pages;
	uint64_t start_byte, length;
	struct iopt_area *area; /* made meanwhile */
};

/* Map pieces one after the other. `*iova` is where, or is chosen with `allocate`. */
int iopt_map(struct io_pagetable *iopt, struct actor *self, struct iopt_piece *piece,
	     uint32_t pieces, uint64_t *iova, uint32_t prot, bool allocate);
/*
 * Take the areas inside [first, last] away; *unmapped counts bytes. -ENOENT
 * where an area would be cut, -EBUSY where one is being made or taken away.
 */
int iopt_unmap(struct io_pagetable *iopt, struct actor *self, uint64_t first, uint64_t last,
	       uint64_t *unmapped);
/* The first area that meets [first, last]; NULL: none. */
struct iopt_area *iopt_area_first(const struct io_pagetable *iopt, uint64_t first, uint64_t last);
struct iopt_area *iopt_area_next(const struct io_pagetable *iopt, const struct iopt_area *area);
/* The mapped bytes from `iova` on without a hole, at most to `last`. 0 = nothing there. */
uint64_t iopt_contiguous(const struct io_pagetable *iopt, uint64_t iova, uint64_t last);

/* ranges.c */
bool iopt_ranges_meet(const struct iopt_ranges *ranges, uint64_t first, uint64_t last);
int iopt_ranges_add(struct iopt_ranges *ranges, uint64_t first, uint64_t last, const void *owner);
void iopt_ranges_remove_owner(struct iopt_ranges *ranges, const void *owner);
void iopt_ranges_free(struct iopt_ranges *ranges);
/* The lowest stretch from `*first` on that no range covers, its end in `*last`. False: none. */
bool iopt_ranges_hole(const struct iopt_ranges *ranges, uint64_t *first, uint64_t *last);
/* -EADDRINUSE: an area or an allowed range is in the way. */
int iopt_reserve(struct io_pagetable *iopt, uint64_t first, uint64_t last, const void *owner);
/* A free place of `length` bytes that keeps `address`'s alignment. -ENOSPC, -EOVERFLOW, -EINVAL. */
int iopt_alloc_iova(const struct io_pagetable *iopt, uint64_t address, uint64_t length,
		    uint64_t *iova);

/* domains.c: show the address space in a table too, or no longer. */
int iopt_add_hwpt(struct io_pagetable *iopt, struct actor *self, struct iommufd_hwpt *hwpt);
void iopt_remove_hwpt(struct io_pagetable *iopt, struct actor *self, struct iommufd_hwpt *hwpt);
int iopt_disable_large_pages(struct io_pagetable *iopt, struct actor *self);
void iopt_enable_large_pages(struct io_pagetable *iopt, struct actor *self);
int iopt_area_fill(struct iopt_area *area, struct iopt_pages *pages, struct actor *self);
void iopt_area_unfill(struct iopt_area *area, struct iopt_pages *pages, struct actor *self);

#endif
