// SPDX-License-Identifier: Apache-2.0
/* IOMMU_HWPT_*: a hardware table that shows an IOAS to devices. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/iommufd/iommufd_internal.h"

#define HWPT_FLAGS                                                                                 \
	(IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING |                          \
	 IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID)

static void hwpt_unlist(struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt **link = &hwpt->ioas->hwpts;

	while (*link && *link != hwpt)
		link = &(*link)->next;
	if (*link)
		*link = hwpt->next;
}

/* Without the IOAS's mutex: whoever holds it aborts only what is not in the list yet. */
static void hwpt_destroy(struct iommufd_object *object, struct actor *self)
{
	struct iommufd_hwpt *hwpt = CONTAINER_OF(object, struct iommufd_hwpt, object);

	hwpt_unlist(hwpt);
	iopt_remove_hwpt(&hwpt->ioas->iopt, self, hwpt);
	smmu_domain_free(hwpt->domain, self);
	hwpt->ioas->object.users--;
}

/* What the SMMU driver allocates for these flags (arm_smmu_domain_alloc_paging_flags). */
static int check_flags(const struct uapi_kernel *kernel, uint32_t flags)
{
	if (flags & ~HWPT_FLAGS)
		return -EOPNOTSUPP;
	if ((flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING) &&
	    !smmu_driver_info(kernel->env.smmu)->dirty_tracking)
		return -EOPNOTSUPP;
	/* A parent would be a stage-2 table; this SMMU has no nesting. */
	return flags & IOMMU_HWPT_ALLOC_NEST_PARENT ? -EOPNOTSUPP : 0;
}

int iommufd_hwpt_new(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas, uint32_t flags,
		     struct actor *self, struct iommufd_hwpt **made)
{
	struct uapi_kernel *kernel = ctx->file.kernel;
	struct iommufd_hwpt *hwpt;
	int rc = check_flags(kernel, flags);

	if (rc)
		return rc;
	hwpt = iommufd_object_new(ctx, sizeof(*hwpt), IOMMUFD_HWPT, hwpt_destroy);
	if (!hwpt)
		return -ENOMEM;
	hwpt->ioas = ioas;
	hwpt->dirty_tracking = flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	hwpt->pasid_compat = flags & IOMMU_HWPT_ALLOC_PASID;
	rc = smmu_domain_alloc(kernel->env.smmu, hwpt->dirty_tracking, &hwpt->domain);
	if (rc)
		goto out_abort;
	rc = iopt_add_hwpt(&ioas->iopt, self, hwpt);
	if (rc)
		goto out_domain;
	ioas->object.users++;
	hwpt->next = ioas->hwpts;
	ioas->hwpts = hwpt;
	*made = hwpt;
	return 0;

out_domain:
	smmu_domain_free(hwpt->domain, self);
out_abort:
	iommufd_abort(ctx, &hwpt->object, self, false);
	return rc;
}

/* A new table over the IOAS, with its number given to the caller. */
static int alloc_over_ioas(struct ioctl_call *call, struct iommufd_ioas *ioas)
{
	struct iommu_hwpt_alloc *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct actor *self = call->task.self;
	struct iommufd_hwpt *hwpt;
	int rc;

	rc = cmd->data_len ? -EOPNOTSUPP : iommufd_hwpt_new(ctx, ioas, cmd->flags, self, &hwpt);
	if (rc)
		return rc;
	cmd->out_hwpt_id = hwpt->object.id;
	/* There are no fault queues, so no number of one is valid. */
	rc = cmd->flags & IOMMU_HWPT_FAULT_ID_VALID ? -ENOENT : ioctl_respond(call);
	if (rc)
		iommufd_abort(ctx, &hwpt->object, self, true);
	else
		iommufd_publish(ctx, &hwpt->object);
	return rc;
}

static int alloc_over(struct ioctl_call *call, struct iommufd_object *object)
{
	struct iommufd_ioas *ioas = CONTAINER_OF(object, struct iommufd_ioas, object);
	int rc;

	switch (object->type) {
	case IOMMUFD_IOAS:
		sim_mutex_lock(call->task.self, &ioas->mutex);
		rc = alloc_over_ioas(call, ioas);
		sim_mutex_unlock(call->task.self, &ioas->mutex);
		return rc;
	case IOMMUFD_HWPT:
		return -EOPNOTSUPP; /* a nested table, which this SMMU driver offers by vIOMMU only
				     */
	default:
		return -EINVAL;
	}
}

int iommufd_hwpt_alloc(struct ioctl_call *call)
{
	const struct iommu_hwpt_alloc *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_device *device;
	struct iommufd_object *object;
	int rc = -EINVAL;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if ((cmd->data_type == IOMMU_HWPT_DATA_NONE) != !cmd->data_len)
		return -EINVAL;
	device = iommufd_object_get(ctx, cmd->dev_id, IOMMUFD_DEVICE);
	if (!device)
		return -ENOENT;
	object = iommufd_object_get(ctx, cmd->pt_id, IOMMUFD_ANY);
	if (object) {
		rc = alloc_over(call, object);
		iommufd_object_put(ctx, object);
	}
	iommufd_object_put(ctx, &device->object);
	return rc;
}

int iommufd_hwpt_invalidate(struct ioctl_call *call)
{
	struct iommu_hwpt_invalidate *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	int rc = -EINVAL;

	if (cmd->__reserved) {
		rc = -EOPNOTSUPP;
	} else if (!cmd->entry_num ||
		   (cmd->data_uptr && cmd->entry_len && cmd->entry_len <= PAGE_BYTES &&
		    cmd->entry_num <= 1u << 19)) {
		struct iommufd_object *object = iommufd_object_get(ctx, cmd->hwpt_id, IOMMUFD_ANY);

		/* Only nested tables have anything that a program invalidates. */
		if (object)
			iommufd_object_put(ctx, object);
		else
			rc = -ENOENT;
	}
	cmd->entry_num = 0;
	return ioctl_respond(call) ? -EFAULT : rc;
}
