// SPDX-License-Identifier: Apache-2.0
/* The address space of a container: groups come and go, and the table of its ioctls. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/msi.h"
#include "uapi/type1/type1_internal.h"

int type1_check_extension(const struct type1 *iommu, unsigned long extension)
{
	switch (extension) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	case VFIO_UPDATE_VADDR:
		return iommu != NULL; /* mediated devices would forbid it */
	default:
		/*
		 * VFIO_DMA_CC_IOMMU among them: the SMMU driver promises it only where the
		 * firmware says that the root complex can override a device's attributes
		 * (IORT's CANWBS), and ours does not say so.
		 */
		return 0;
	}
}

int type1_open(struct uapi_kernel *kernel, unsigned long type, struct type1 **made)
{
	struct type1 *iommu;

	if (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -EINVAL;
	iommu = calloc(1, sizeof(*iommu));
	if (!iommu)
		return -ENOMEM;
	iommu->kernel = kernel;
	iommu->v2 = type == VFIO_TYPE1v2_IOMMU;
	iommu->page_sizes = ~(PAGE_BYTES - 1);
	iommu->dma_avail = DMA_ENTRY_LIMIT;
	*made = iommu;
	return 0;
}

void type1_release(struct type1 *iommu)
{
	sim_assert(&iommu->kernel->env.part, !iommu->dmas && !iommu->domain);
	free(iommu->valid);
	free(iommu->dma);
	free(iommu);
}

/* What the table can map, without what the kernel keeps for MSIs. */
static int set_valid_ranges(struct type1 *iommu)
{
	uint64_t last = smmu_driver_info(iommu->kernel->env.smmu)->aperture_last;

	iommu->valid = calloc(2, sizeof(*iommu->valid));
	if (!iommu->valid)
		return -ENOMEM;
	iommu->valids = 1;
	iommu->valid[0] = (struct type1_range){0, last};
	if (!iommu->kernel->cfg.msi_window)
		return 0;
	iommu->valids = 2;
	iommu->valid[0].last = UAPI_MSI_WINDOW_FIRST - 1;
	iommu->valid[1] = (struct type1_range){UAPI_MSI_WINDOW_LAST + 1, last};
	return 0;
}

/* The table of the first group, which all groups share. */
static int new_domain(struct type1 *iommu)
{
	struct smmu_driver *smmu = iommu->kernel->env.smmu;
	int rc = iommu->valids ? 0 : set_valid_ranges(iommu);

	if (!rc)
		rc = smmu_domain_alloc(smmu, false, &iommu->domain);
	if (!rc)
		iommu->page_sizes = smmu_driver_info(smmu)->page_sizes;
	return rc;
}

static void drop_domain(struct type1 *iommu, struct actor *self)
{
	while (iommu->dmas)
		type1_dma_remove(iommu, self, iommu->dma[0]);
	smmu_domain_free(iommu->domain, self);
	iommu->domain = NULL;
	iommu->msi_mapped = false;
}

static int attach_locked(struct type1 *iommu, struct actor *self, uint32_t stream_id)
{
	int rc;

	/* A new table would need memory pinned whose address nobody knows. */
	if (iommu->vaddr_invalid_count)
		return -EBUSY;
	rc = iommu->domain ? 0 : new_domain(iommu);
	if (rc)
		return rc;
	rc = smmu_domain_attach(iommu->domain, self, stream_id);
	if (rc) {
		if (!iommu->non_pinned_groups)
			drop_domain(iommu, self);
		return rc;
	}
	iommu->non_pinned_groups++;
	return 0;
}

int type1_attach_group(struct type1 *iommu, struct actor *self, uint32_t stream_id)
{
	int rc;

	sim_mutex_lock(self, &iommu->lock);
	rc = attach_locked(iommu, self, stream_id);
	sim_mutex_unlock(self, &iommu->lock);
	return rc;
}

void type1_detach_group(struct type1 *iommu, struct actor *self, uint32_t stream_id)
{
	int rc;

	sim_mutex_lock(self, &iommu->lock);
	rc = smmu_driver_attach_blocked(iommu->kernel->env.smmu, self, stream_id);
	sim_assert(&iommu->kernel->env.part, !rc);
	/* Mappings are the privilege of having a group. */
	if (--iommu->non_pinned_groups == 0)
		drop_domain(iommu, self);
	sim_mutex_unlock(self, &iommu->lock);
}

int type1_msi_iova(struct type1 *iommu, struct actor *self, uint64_t *iova)
{
	int rc;

	sim_mutex_lock(self, &iommu->lock);
	rc = msi_map(iommu->kernel, iommu->domain, &iommu->msi_mapped, self);
	sim_mutex_unlock(self, &iommu->lock);
	*iova = msi_iova(iommu->kernel);
	return rc;
}

#define ROW(request, type, last, handler, pointer_at)                                              \
	[_IOC_NR(request) - VFIO_BASE] = {                                                         \
		request,                                                                           \
		#request,                                                                          \
		sizeof(struct type),                                                               \
		OFFSET_END(struct type, last),                                                     \
		IOCTL_ARGSZ,                                                                       \
		pointer_at,                                                                        \
		handler,                                                                           \
	}

static const struct ioctl_row type1_rows[] = {
	ROW(VFIO_IOMMU_GET_INFO, vfio_iommu_type1_info, iova_pgsizes, type1_get_info, 0),
	ROW(VFIO_IOMMU_MAP_DMA, vfio_iommu_type1_dma_map, size, type1_map_dma,
	    offsetof(struct vfio_iommu_type1_dma_map, vaddr)),
	ROW(VFIO_IOMMU_UNMAP_DMA, vfio_iommu_type1_dma_unmap, size, type1_unmap_dma, 0),
	ROW(VFIO_IOMMU_DIRTY_PAGES, vfio_iommu_type1_dirty_bitmap, flags, type1_dirty_pages, 0),
};

const struct ioctl_row *type1_row(unsigned long request)
{
	uint32_t nr = _IOC_NR(request);
	const struct ioctl_row *row;

	if (nr < VFIO_BASE || nr - VFIO_BASE >= ARRAY_LEN(type1_rows))
		return NULL;
	row = &type1_rows[nr - VFIO_BASE];
	return row->number == request ? row : NULL;
}

int type1_ioctl(struct type1 *iommu, struct uapi_file *container, const struct uapi_task *task,
		unsigned long request, uint64_t argument)
{
	const struct ioctl_row *row = type1_row(request);

	/* Version 1 has no dirty tracking, whatever is asked of it. */
	if (request == VFIO_IOMMU_DIRTY_PAGES && !iommu->v2)
		return -EACCES;
	return row ? ioctl_execute(row, container, task, argument) : -ENOTTY;
}
