// SPDX-License-Identifier: Apache-2.0
/*
 * VFIO_IOMMU_DIRTY_PAGES. Type1 reads no dirty state from hardware: a page is dirty
 * because a device could have written it. Only groups that pin each page before they
 * use it (mediated devices) would narrow that down, and this kernel has none.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/dirty_bitmap.h"
#include "uapi/type1/type1_internal.h"

#define DIRTY_FLAGS                                                                                \
	(VFIO_IOMMU_DIRTY_PAGES_FLAG_START | VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP |                    \
	 VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP)

int type1_check_bitmap(const struct vfio_bitmap *bitmap, uint64_t size)
{
	uint64_t data = (uintptr_t)bitmap->data, pages;

	if (data > USER_END || bitmap->size > USER_END - data || !bitmap->pgsize)
		return -EINVAL;
	pages = size >> __builtin_ctzll(bitmap->pgsize);
	if (!pages || !bitmap->size || bitmap->size > dirty_bitmap_bytes(DIRTY_PAGES_MAX) ||
	    bitmap->size < dirty_bitmap_bytes(pages))
		return -EINVAL;
	return 0;
}

/*
 * Whole words are written: of the first, what the program has below the mapping is
 * kept; what lies behind the mapping in the last becomes clean.
 */
int type1_give_dirty(const struct type1 *iommu, const struct uapi_task *task,
		     const struct type1_dma *dma, struct dirty_bitmap *bitmap, uint64_t user)
{
	uint64_t bit = (dma->iova - bitmap->iova) >> bitmap->shift;
	uint64_t end = bit + (dma->size >> bitmap->shift);
	uint64_t word = bit / 64, kept, below = bit % 64 ? BITS(bit % 64 - 1, 0) : 0;

	if (iommu->non_pinned_groups)
		dirty_bitmap_set(bitmap, dma->iova, dma->size);
	if (below) {
		if (user_copy_from(task, &kept, user + 8 * word, sizeof(kept)))
			return -EFAULT;
		bitmap->word[word] = (bitmap->word[word] & ~below) | (kept & below);
	}
	return user_copy_to(task, user + 8 * word, &bitmap->word[word],
			    ((end + 63) / 64 - word) * 8);
}

static int start(struct type1 *iommu)
{
	if (iommu->dirty_tracking)
		return 0;
	for (uint32_t i = 0; i < iommu->dmas; i++) {
		if (iommu->dma[i]->size / type1_page_size(iommu) > DIRTY_PAGES_MAX)
			return -EINVAL;
	}
	iommu->dirty_tracking = true;
	trace_emit(&iommu->kernel->env.part, TRACE_DIRTY_TRACKING, smmu_domain_id(iommu->domain),
		   true, DIRTY_TYPE1);
	return 0;
}

static int stop(struct type1 *iommu)
{
	if (!iommu->dirty_tracking)
		return 0;
	iommu->dirty_tracking = false;
	trace_emit(&iommu->kernel->env.part, TRACE_DIRTY_TRACKING, smmu_domain_id(iommu->domain),
		   false, DIRTY_TYPE1);
	return 0;
}

/* Give what is mapped in the range; mappings may be many, but none may be cut. */
static int give_range(struct type1 *iommu, const struct uapi_task *task,
		      const struct vfio_iommu_type1_dirty_bitmap_get *range)
{
	const struct sim_part *part = &iommu->kernel->env.part;
	uint64_t last = range->iova + (range->size - 1);
	struct dirty_bitmap bitmap;
	int rc;

	if (type1_dma_bisected(iommu, range->iova, last))
		return -EINVAL;
	rc = dirty_bitmap_init(&bitmap, range->iova, range->size,
			       (uint32_t)__builtin_ctzll(range->bitmap.pgsize));
	if (rc)
		return rc;
	for (uint32_t i = type1_dma_index(iommu, range->iova);
	     !rc && i < iommu->dmas && iommu->dma[i]->iova <= last; i++)
		rc = type1_give_dirty(iommu, task, iommu->dma[i], &bitmap,
				      (uintptr_t)range->bitmap.data);
	if (!rc)
		dirty_bitmap_trace(&bitmap, part, smmu_domain_id(iommu->domain), sim_now(part->sim),
				   true);
	free(bitmap.word);
	return rc;
}

static int get_locked(struct type1 *iommu, const struct uapi_task *task,
		      const struct vfio_iommu_type1_dirty_bitmap_get *range)
{
	uint64_t page_size = type1_page_size(iommu);

	if (range->bitmap.pgsize != page_size || ((range->iova | range->size) & (page_size - 1)))
		return -EINVAL;
	return iommu->dirty_tracking ? give_range(iommu, task, range) : -EINVAL;
}

static int get_bitmap(const struct ioctl_call *call, struct type1 *iommu)
{
	struct vfio_iommu_type1_dirty_bitmap_get range;
	int rc;

	if (call->user_size - call->row->min < sizeof(range))
		return -EINVAL;
	if (user_copy_from(&call->task, &range, call->user + call->row->min, sizeof(range)))
		return -EFAULT;
	if (!range.size)
		return -EINVAL;
	if (range.iova + (range.size - 1) < range.iova)
		return -EOVERFLOW;
	rc = type1_check_bitmap(&range.bitmap, range.size);
	if (rc)
		return rc;
	sim_mutex_lock(call->task.self, &iommu->lock);
	rc = get_locked(iommu, &call->task, &range);
	sim_mutex_unlock(call->task.self, &iommu->lock);
	return rc;
}

int type1_dirty_pages(struct ioctl_call *call)
{
	const struct vfio_iommu_type1_dirty_bitmap *cmd = (const void *)call->cmd;
	struct type1 *iommu = type1_of(call);
	int rc;

	/* One of them. */
	if (!cmd->flags || (cmd->flags & ~DIRTY_FLAGS) || (cmd->flags & (cmd->flags - 1)))
		return -EINVAL;
	if (cmd->flags == VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP)
		return get_bitmap(call, iommu);
	sim_mutex_lock(call->task.self, &iommu->lock);
	rc = cmd->flags == VFIO_IOMMU_DIRTY_PAGES_FLAG_START ? start(iommu) : stop(iommu);
	sim_mutex_unlock(call->task.self, &iommu->lock);
	return rc;
}
