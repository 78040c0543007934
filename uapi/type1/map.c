// SPDX-License-Identifier: Apache-2.0
/* VFIO_IOMMU_MAP_DMA and VFIO_IOMMU_UNMAP_DMA. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/dirty_bitmap.h"
#include "uapi/type1/type1_internal.h"

#define MAP_ACCESS (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define UNMAP_FLAGS                                                                                \
	(VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP | VFIO_DMA_UNMAP_FLAG_VADDR | VFIO_DMA_UNMAP_FLAG_ALL)

/* What is wrong whatever is mapped. */
static int check_map(const struct vfio_iommu_type1_dma_map *map)
{
	bool access = map->flags & MAP_ACCESS, vaddr = map->flags & VFIO_DMA_MAP_FLAG_VADDR;

	if (!map->size)
		return -EINVAL;
	if (map->iova + (map->size - 1) < map->iova || map->vaddr + (map->size - 1) < map->vaddr)
		return -EOVERFLOW;
	return access == vaddr ? -EINVAL : 0;
}

static bool iova_valid(const struct type1 *iommu, uint64_t first, uint64_t last)
{
	for (uint32_t i = 0; i < iommu->valids; i++) {
		if (first >= iommu->valid[i].first && last <= iommu->valid[i].last)
			return true;
	}
	return false;
}

/* A mapping whose vaddr was taken away gets the caller's. */
static int give_vaddr(struct type1 *iommu, const struct uapi_task *task, struct type1_dma *dma,
		      const struct vfio_iommu_type1_dma_map *map)
{
	int rc;

	if (!dma)
		return -ENOENT;
	if (!dma->vaddr_invalid || dma->iova != map->iova || dma->size != map->size)
		return -EINVAL;
	rc = type1_dma_change_process(dma, task->process);
	if (rc)
		return rc;
	dma->vaddr = map->vaddr;
	dma->vaddr_invalid = false;
	iommu->vaddr_invalid_count--;
	return 0;
}

static int new_mapping(struct type1 *iommu, const struct uapi_task *task,
		       const struct vfio_iommu_type1_dma_map *map)
{
	struct type1_dma *dma = calloc(1, sizeof(*dma));
	int rc;

	if (!dma)
		return -ENOMEM;
	dma->iova = map->iova;
	dma->size = map->size;
	dma->vaddr = map->vaddr;
	dma->prot = (map->flags & VFIO_DMA_MAP_FLAG_READ ? SMMU_PROT_READ : 0) |
		    (map->flags & VFIO_DMA_MAP_FLAG_WRITE ? SMMU_PROT_WRITE : 0);
	dma->process = task->process;
	process_get(task->process);
	rc = type1_dma_fill(iommu, task->self, dma);
	if (rc)
		return rc;
	rc = type1_dma_insert(iommu, dma);
	if (rc) {
		type1_dma_free(iommu, task->self, dma);
		return rc;
	}
	iommu->dma_avail--;
	/* Tracked from its first moment, if a bitmap can count its pages. */
	if (iommu->dirty_tracking && dma->size / type1_page_size(iommu) > DIRTY_PAGES_MAX) {
		type1_dma_remove(iommu, task->self, dma);
		return -EINVAL;
	}
	return 0;
}

static int map_locked(struct type1 *iommu, const struct uapi_task *task,
		      const struct vfio_iommu_type1_dma_map *map)
{
	uint64_t last = map->iova + (map->size - 1);
	struct type1_dma *dma;

	if ((map->size | map->iova | map->vaddr) & (type1_page_size(iommu) - 1))
		return -EINVAL;
	dma = type1_dma_find(iommu, map->iova, last);
	if (map->flags & VFIO_DMA_MAP_FLAG_VADDR)
		return give_vaddr(iommu, task, dma, map);
	if (dma)
		return -EEXIST;
	if (!iommu->dma_avail)
		return -ENOSPC;
	if (!iova_valid(iommu, map->iova, last))
		return -EINVAL;
	return new_mapping(iommu, task, map);
}

int type1_map_dma(struct ioctl_call *call)
{
	const struct vfio_iommu_type1_dma_map *map = (const void *)call->cmd;
	struct type1 *iommu = type1_of(call);
	int rc;

	if (map->flags & ~(MAP_ACCESS | VFIO_DMA_MAP_FLAG_VADDR))
		return -EINVAL;
	rc = check_map(map);
	if (rc)
		return rc;
	sim_mutex_lock(call->task.self, &iommu->lock);
	rc = map_locked(iommu, &call->task, map);
	sim_mutex_unlock(call->task.self, &iommu->lock);
	return rc;
}

/* An unmap under way: [first, last], and where its bitmap goes. */
struct unmap {
	uint64_t first, last;
	uint32_t flags;
	struct vfio_bitmap user; /* with GET_DIRTY_BITMAP */
	struct dirty_bitmap bitmap;
	uint64_t unmapped;
};

/* Taking vaddrs away is all or nothing. */
static int invalidate_vaddrs(struct type1 *iommu, struct unmap *unmap)
{
	uint32_t first = type1_dma_index(iommu, unmap->first), at = first;

	for (; at < iommu->dmas && iommu->dma[at]->iova <= unmap->last; at++) {
		struct type1_dma *dma = iommu->dma[at];

		if (!iommu->v2 && unmap->first > dma->iova)
			break;
		if (dma->vaddr_invalid) {
			while (at > first) {
				iommu->dma[--at]->vaddr_invalid = false;
				iommu->vaddr_invalid_count--;
			}
			unmap->unmapped = 0;
			return -EINVAL;
		}
		dma->vaddr_invalid = true;
		iommu->vaddr_invalid_count++;
		unmap->unmapped += dma->size;
	}
	return 0;
}

static int remove_mappings(struct type1 *iommu, const struct uapi_task *task, struct unmap *unmap)
{
	uint32_t at = type1_dma_index(iommu, unmap->first);

	while (at < iommu->dmas && iommu->dma[at]->iova <= unmap->last) {
		struct type1_dma *dma = iommu->dma[at];

		/* Version 1: whoever asks for the first byte gets all, for a later one nothing. */
		if (!iommu->v2 && unmap->first > dma->iova)
			break;
		if (unmap->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP) {
			int rc = type1_give_dirty(iommu, task, dma, &unmap->bitmap,
						  (uintptr_t)unmap->user.data);

			if (rc)
				return rc;
		}
		unmap->unmapped += dma->size;
		type1_dma_remove(iommu, task->self, dma);
	}
	return 0;
}

/* The range that is asked for. */
static int unmap_range(const struct type1 *iommu, const struct vfio_iommu_type1_dma_unmap *cmd,
		       struct unmap *unmap)
{
	uint64_t page_mask = type1_page_size(iommu) - 1;

	if (cmd->iova & page_mask)
		return -EINVAL;
	unmap->first = cmd->iova;
	unmap->last = UINT64_MAX;
	if (cmd->flags & VFIO_DMA_UNMAP_FLAG_ALL)
		return cmd->iova || cmd->size ? -EINVAL : 0;
	if (!cmd->size || (cmd->size & page_mask))
		return -EINVAL;
	unmap->last = cmd->iova + (cmd->size - 1);
	return unmap->last < cmd->iova ? -EOVERFLOW : 0;
}

static int remove_with_bitmap(struct type1 *iommu, const struct uapi_task *task,
			      struct unmap *unmap)
{
	const struct sim_part *part = &iommu->kernel->env.part;
	int rc = dirty_bitmap_init(&unmap->bitmap, unmap->first, unmap->last - unmap->first + 1,
				   (uint32_t)__builtin_ctzll(unmap->user.pgsize));

	if (rc)
		return rc;
	rc = remove_mappings(iommu, task, unmap);
	/* What was written until the last moment is in it. */
	if (!rc)
		dirty_bitmap_trace(&unmap->bitmap, part, smmu_domain_id(iommu->domain),
				   sim_now(part->sim), true);
	free(unmap->bitmap.word);
	return rc;
}

static int unmap_locked(struct type1 *iommu, const struct uapi_task *task,
			const struct vfio_iommu_type1_dma_unmap *cmd, struct unmap *unmap)
{
	int rc = unmap_range(iommu, cmd, unmap);

	if (rc)
		return rc;
	if ((cmd->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP) &&
	    (!iommu->dirty_tracking || unmap->user.pgsize != type1_page_size(iommu)))
		return -EINVAL;
	if (iommu->v2 && !(cmd->flags & VFIO_DMA_UNMAP_FLAG_ALL) &&
	    type1_dma_bisected(iommu, unmap->first, unmap->last))
		return -EINVAL;
	if (cmd->flags & VFIO_DMA_UNMAP_FLAG_VADDR)
		return invalidate_vaddrs(iommu, unmap);
	if (cmd->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP)
		return remove_with_bitmap(iommu, task, unmap);
	return remove_mappings(iommu, task, unmap);
}

/* The bitmap's description, which stands behind the struct. */
static int fetch_bitmap(const struct ioctl_call *call, struct vfio_bitmap *bitmap)
{
	const struct vfio_iommu_type1_dma_unmap *cmd = (const void *)call->cmd;

	if (cmd->flags & (VFIO_DMA_UNMAP_FLAG_ALL | VFIO_DMA_UNMAP_FLAG_VADDR))
		return -EINVAL;
	if (cmd->argsz < call->row->min + sizeof(*bitmap))
		return -EINVAL;
	if (user_copy_from(&call->task, bitmap, call->user + call->row->min, sizeof(*bitmap)))
		return -EFAULT;
	return type1_check_bitmap(bitmap, cmd->size);
}

int type1_unmap_dma(struct ioctl_call *call)
{
	struct vfio_iommu_type1_dma_unmap *cmd = (void *)call->cmd;
	struct unmap unmap = {.flags = cmd->flags};
	struct type1 *iommu = type1_of(call);
	int rc;

	if (cmd->flags & ~UNMAP_FLAGS)
		return -EINVAL;
	if (cmd->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP) {
		rc = fetch_bitmap(call, &unmap.user);
		if (rc)
			return rc;
	}
	sim_mutex_lock(call->task.self, &iommu->lock);
	rc = unmap_locked(iommu, &call->task, cmd, &unmap);
	sim_mutex_unlock(call->task.self, &iommu->lock);
	if (rc)
		return rc;
	cmd->size = unmap.unmapped;
	return ioctl_respond_len(call, call->row->min);
}
