// SPDX-License-Identifier: Apache-2.0
/* VFIO_IOMMU_GET_INFO: page sizes, and a chain of capabilities behind the struct. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/type1/type1_internal.h"

/* Capabilities as they lie behind the struct, which is `base` bytes. */
struct cap_chain {
	uint8_t *bytes;
	uint32_t size, base;
	struct vfio_info_cap_header *last;
};

static uint32_t cap_size(size_t size)
{
	return (uint32_t)align_up(size, sizeof(uint64_t));
}

/* The next capability, at most as large as the chain was made for. */
static void *cap_add(struct cap_chain *chain, uint16_t id, size_t size)
{
	struct vfio_info_cap_header *header = (void *)(chain->bytes + chain->size);

	header->id = id;
	header->version = 1;
	if (chain->last)
		chain->last->next = chain->base + chain->size;
	chain->last = header;
	chain->size += cap_size(size);
	return header;
}

static size_t iova_range_size(const struct type1 *iommu)
{
	return sizeof(struct vfio_iommu_type1_info_cap_iova_range) +
	       iommu->valids * sizeof(struct vfio_iova_range);
}

static void add_migration(struct cap_chain *chain, const struct type1 *iommu)
{
	struct vfio_iommu_type1_info_cap_migration *cap =
		cap_add(chain, VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, sizeof(*cap));

	cap->pgsize_bitmap = type1_page_size(iommu);
	cap->max_dirty_bitmap_size = dirty_bitmap_bytes(DIRTY_PAGES_MAX);
}

static void add_dma_avail(struct cap_chain *chain, const struct type1 *iommu)
{
	struct vfio_iommu_type1_info_dma_avail *cap =
		cap_add(chain, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(*cap));

	cap->avail = iommu->dma_avail;
}

static void add_iova_range(struct cap_chain *chain, const struct type1 *iommu)
{
	struct vfio_iommu_type1_info_cap_iova_range *cap =
		cap_add(chain, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, iova_range_size(iommu));

	cap->nr_iovas = iommu->valids;
	for (uint32_t i = 0; i < iommu->valids; i++) {
		cap->iova_ranges[i].start = iommu->valid[i].first;
		cap->iova_ranges[i].end = iommu->valid[i].last;
	}
}

/* -ENOMEM. The caller frees chain->bytes. */
static int build_chain(struct cap_chain *chain, const struct type1 *iommu)
{
	chain->bytes = calloc(1, cap_size(sizeof(struct vfio_iommu_type1_info_cap_migration)) +
					 cap_size(sizeof(struct vfio_iommu_type1_info_dma_avail)) +
					 cap_size(iova_range_size(iommu)));
	if (!chain->bytes)
		return -ENOMEM;
	add_migration(chain, iommu);
	add_dma_avail(chain, iommu);
	add_iova_range(chain, iommu);
	return 0;
}

int type1_get_info(struct ioctl_call *call)
{
	struct vfio_iommu_type1_info *info = (void *)call->cmd;
	struct cap_chain chain = {.base = sizeof(*info)};
	struct type1 *iommu = type1_of(call);
	int rc;

	sim_mutex_lock(call->task.self, &iommu->lock);
	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info->iova_pgsizes = iommu->page_sizes;
	rc = build_chain(&chain, iommu);
	sim_mutex_unlock(call->task.self, &iommu->lock);
	if (rc)
		return rc;
	/* All capabilities or none: then the caller learns how much room they need. */
	if (call->user_size < sizeof(*info) + chain.size) {
		info->argsz = (uint32_t)sizeof(*info) + chain.size;
	} else {
		info->cap_offset = sizeof(*info);
		rc = user_copy_to(&call->task, call->user + sizeof(*info), chain.bytes, chain.size);
	}
	free(chain.bytes);
	return rc ? rc : ioctl_respond(call);
}
