/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TYPE1_INTERNAL_H
#define VFSIM_TYPE1_INTERNAL_H

#include <linux/vfio.h>

#include "uapi/pin.h"
#include "uapi/type1/type1.h"
#include "uapi/vfio/container.h"

#define DMA_ENTRY_LIMIT UINT16_MAX /* the module parameter's default */
/* What the kernel's bitmap functions can count: INT_MAX bits. */
#define DIRTY_PAGES_MAX ((uint64_t)INT32_MAX)
/* access_ok(): where a program's addresses end. */
#define USER_END (UINT64_C(1) << 48)

/* Bytes of a bitmap of `pages` pages: whole 64-bit words. */
static inline uint64_t dirty_bitmap_bytes(uint64_t pages)
{
	return (pages + 63) / 64 * 8;
}

/* One VFIO_IOMMU_MAP_DMA: the unit of unmap. Its memory is pinned once more for each. */
struct type1_dma {
	uint64_t iova, size;
	uint64_t vaddr;
	uint32_t prot; /* SMMU_PROT_* */
	bool vaddr_invalid;
	struct uapi_process *process; /* who gave it and is charged; referenced */
	uint64_t pinned;              /* pages, without those of BARs */
	struct pin_segment *segment;
	uint32_t segments, segment_capacity;
};

struct type1_range {
	uint64_t first, last;
};

struct type1 {
	struct uapi_kernel *kernel;
	bool v2;
	struct sim_mutex lock;
	/*
	 * All groups share one table: nothing that this SMMU's domains could differ in
	 * would make Linux keep two. NULL before the first group.
	 */
	struct smmu_domain *domain;
	bool msi_mapped;
	/*
	 * Groups that can write memory by DMA without pinning it first. No driver of a
	 * PCI device pins (vfio_pin_pages needs one with dma_unmap), so these are all.
	 */
	uint32_t non_pinned_groups;
	uint64_t page_sizes;
	struct type1_range *valid; /* IOVAs that may be mapped */
	uint32_t valids;
	struct type1_dma **dma; /* sorted by iova */
	uint32_t dmas, dma_capacity;
	uint32_t dma_avail;
	uint32_t vaddr_invalid_count;
	bool dirty_tracking;
};

static inline struct type1 *type1_of(const struct ioctl_call *call)
{
	return vfio_container_type1(call->file);
}

static inline uint64_t type1_page_size(const struct type1 *iommu)
{
	return iommu->page_sizes & -iommu->page_sizes;
}

/* dma.c: the mappings. Index of the first that ends at or above `iova`. */
uint32_t type1_dma_index(const struct type1 *iommu, uint64_t iova);
/* The mapping that meets [iova, last]; NULL: none. */
struct type1_dma *type1_dma_find(const struct type1 *iommu, uint64_t iova, uint64_t last);
/* Does [first, last] cut a mapping? */
bool type1_dma_bisected(const struct type1 *iommu, uint64_t first, uint64_t last);
void type1_dma_remove(struct type1 *iommu, struct actor *self, struct type1_dma *dma);
/* A mapping whose table entries are written is listed. -ENOMEM. */
int type1_dma_insert(struct type1 *iommu, struct type1_dma *dma);
/* Pin the memory of a new mapping and write the table. Freed on error. */
int type1_dma_fill(struct type1 *iommu, struct actor *self, struct type1_dma *dma);
/* Out of the table, its memory the program's alone again; not listed (any more). */
void type1_dma_free(struct type1 *iommu, struct actor *self, struct type1_dma *dma);
/* Let another process have given it. -ENOMEM: beyond its limit. */
int type1_dma_change_process(struct type1_dma *dma, struct uapi_process *process);

/* map.c, info.c, dirty.c: the ioctls */
int type1_map_dma(struct ioctl_call *call);
int type1_unmap_dma(struct ioctl_call *call);
int type1_get_info(struct ioctl_call *call);
int type1_dirty_pages(struct ioctl_call *call);

/* dirty.c: a bitmap for a program, at `user`. Check what a program says of one. -EINVAL. */
int type1_check_bitmap(const struct vfio_bitmap *bitmap, uint64_t size);
struct dirty_bitmap;
/* Add a mapping to what the program is given and write the part of it. -EFAULT. */
int type1_give_dirty(const struct type1 *iommu, const struct uapi_task *task,
		     const struct type1_dma *dma, struct dirty_bitmap *bitmap, uint64_t user);

#endif
