// SPDX-License-Identifier: Apache-2.0
/* Dirty tracking of an HWPT: what devices have written, read out of its table. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/dirty_bitmap.h"
#include "uapi/iommufd/iommufd_internal.h"

static void ignore(void *ctx, uint64_t iova, uint64_t len)
{
	(void)ctx;
	(void)iova;
	(void)len;
}

static int check_range(const struct io_pagetable *iopt,
		       const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	uint64_t last = cmd->iova + (cmd->length - 1);
	uint64_t page_mask = cmd->page_size - 1;

	if (!cmd->length)
		return -EINVAL;
	if (last < cmd->iova)
		return -EOVERFLOW;
	if ((cmd->iova | (last + 1)) & (iopt->alignment - 1))
		return -EINVAL;
	if (!cmd->page_size || ((cmd->iova | (last + 1)) & page_mask))
		return -EINVAL;
	return 0;
}

/* As far as the range is mapped without a hole: what lies behind one is not looked at. */
static int read_dirty(const struct uapi_task *task, struct iommufd_hwpt *hwpt,
		      const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	bool no_clear = cmd->flags & IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR;
	uint32_t shift = (uint32_t)__builtin_ctzll(cmd->page_size);
	uint64_t len = iopt_contiguous(&hwpt->ioas->iopt, cmd->iova, cmd->iova + (cmd->length - 1));
	struct dirty_bitmap bitmap;
	uint64_t begin_ps;
	int rc;

	if (!len)
		return 0;
	if (dirty_bitmap_init(&bitmap, cmd->iova, len, MAX(shift, 12u)))
		return -ENOMEM;
	rc = smmu_domain_read_dirty(hwpt->domain, task->self, cmd->iova, len, no_clear,
				    dirty_bitmap_set, &bitmap, &begin_ps);
	if (!rc) {
		dirty_bitmap_give(&bitmap, task, shift, cmd->data);
		dirty_bitmap_trace(&bitmap, &hwpt->ioas->iopt.kernel->env.part,
				   smmu_domain_id(hwpt->domain), begin_ps, !no_clear);
	}
	free(bitmap.word);
	return 0;
}

bool uapi_hwpt_mappings(struct uapi_process *process, struct actor *self, int fd, uint32_t hwpt_id,
			uint64_t iova, uint64_t len, uint64_t *first, uint64_t *last)
{
	const struct iopt_area *area = NULL;
	struct iommufd_hwpt *hwpt;
	struct iommufd_ctx *ctx;
	struct uapi_file *file;

	if (!len || iommufd_ctx_from_fd(process, fd, &file))
		return false;
	ctx = CONTAINER_OF(file, struct iommufd_ctx, file);
	hwpt = iommufd_object_get(ctx, hwpt_id, IOMMUFD_HWPT);
	if (hwpt) {
		const struct io_pagetable *iopt = &hwpt->ioas->iopt;

		area = iopt_area_first(iopt, iova, iova + (len - 1));
		if (area)
			*first = area->iova;
		for (const struct iopt_area *at = area; at && at->iova <= iova + (len - 1);
		     at = iopt_area_next(iopt, at))
			*last = at->last;
		iommufd_object_put(ctx, &hwpt->object);
	}
	file_put(file, self);
	return area != NULL;
}

int iommufd_hwpt_get_dirty_bitmap(struct ioctl_call *call)
{
	const struct iommu_hwpt_get_dirty_bitmap *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_hwpt *hwpt;
	struct io_pagetable *iopt;
	int rc;

	if ((cmd->flags & ~IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR) || cmd->__reserved)
		return -EOPNOTSUPP;
	hwpt = iommufd_object_get(ctx, cmd->hwpt_id, IOMMUFD_HWPT);
	if (!hwpt)
		return -ENOENT;
	iopt = &hwpt->ioas->iopt;
	rc = check_range(iopt, cmd);
	if (!rc) {
		down_read(call->task.self, &iopt->iova);
		rc = hwpt->dirty_tracking ? read_dirty(&call->task, hwpt, cmd) : -EOPNOTSUPP;
		up_read(&iopt->iova);
	}
	iommufd_object_put(ctx, &hwpt->object);
	return rc;
}

/* Tracking starts from a clean table. */
static int set_tracking(struct iommufd_hwpt *hwpt, struct actor *self, bool enable)
{
	const struct io_pagetable *iopt = &hwpt->ioas->iopt;
	uint64_t begin_ps;
	int rc = 0;

	for (uint32_t i = 0; enable && i < iopt->areas && !rc; i++) {
		const struct iopt_area *area = iopt->area[i];

		if (area->pages)
			rc = smmu_domain_read_dirty(hwpt->domain, self, area->iova,
						    area->last - area->iova + 1, false, ignore,
						    NULL, &begin_ps);
	}
	if (!rc)
		rc = smmu_domain_set_dirty_tracking(hwpt->domain, self, enable);
	if (!rc)
		trace_emit(&iopt->kernel->env.part, TRACE_DIRTY_TRACKING,
			   smmu_domain_id(hwpt->domain), enable, DIRTY_HTTU);
	return rc;
}

int iommufd_hwpt_set_dirty_tracking(struct ioctl_call *call)
{
	const struct iommu_hwpt_set_dirty_tracking *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_hwpt *hwpt;
	int rc = -EOPNOTSUPP;

	/* As in the kernel, the reserved word is not looked at. */
	if (cmd->flags & ~IOMMU_HWPT_DIRTY_TRACKING_ENABLE)
		return -EOPNOTSUPP;
	hwpt = iommufd_object_get(ctx, cmd->hwpt_id, IOMMUFD_HWPT);
	if (!hwpt)
		return -ENOENT;
	if (hwpt->dirty_tracking) {
		struct io_pagetable *iopt = &hwpt->ioas->iopt;

		down_read(call->task.self, &iopt->iova);
		rc = set_tracking(hwpt, call->task.self,
				  cmd->flags & IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
		up_read(&iopt->iova);
	}
	iommufd_object_put(ctx, &hwpt->object);
	return rc;
}
