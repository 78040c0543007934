// SPDX-License-Identifier: Apache-2.0
/* Devices bound to a context; which tables their DMA goes through is in attach.c. */
#include <errno.h>

#include "uapi/iommufd/iommufd_internal.h"
#include "uapi/msi.h"

static void device_destroy(struct iommufd_object *object, struct actor *self)
{
	(void)object;
	(void)self;
}

int iommufd_device_bind(struct uapi_file *file, struct actor *self, uint32_t stream_id,
			struct iommufd_device **made, uint32_t *id)
{
	struct iommufd_ctx *ctx = CONTAINER_OF(file, struct iommufd_ctx, file);
	struct iommufd_device *device =
		iommufd_object_new(ctx, sizeof(*device), IOMMUFD_DEVICE, device_destroy);
	int rc;

	if (!device)
		return -ENOMEM;
	/* From now on the device reaches only what the program attaches it to. */
	rc = smmu_driver_attach_blocked(file->kernel->env.smmu, self, stream_id);
	if (rc) {
		iommufd_abort(ctx, &device->object, self, false);
		return rc;
	}
	device->ctx = ctx;
	device->stream_id = stream_id;
	device->object.users++; /* the driver's, until unbind */
	file_get(file);
	iommufd_publish(ctx, &device->object);
	*id = device->object.id;
	*made = device;
	return 0;
}

void iommufd_device_unbind(struct iommufd_device *device, struct actor *self)
{
	struct iommufd_ctx *ctx = device->ctx;

	while (device->object.calls)
		actor_wait(self, &ctx->calls_done, TIME_NEVER);
	device->object.users--;
	if (iommufd_object_remove(ctx, device->object.id, self))
		sim_assert(&ctx->file.kernel->env.part, false);
	file_put(&ctx->file, self);
}

int iommufd_hwpt_map_msi(struct iommufd_hwpt *hwpt, struct actor *self)
{
	return msi_map(hwpt->ioas->iopt.kernel, hwpt->domain, &hwpt->msi_mapped, self);
}

int iommufd_device_msi_iova(struct iommufd_device *device, struct actor *self, uint64_t *iova)
{
	const struct uapi_kernel *kernel = device->ctx->file.kernel;
	int rc = 0;

	sim_mutex_lock(self, &device->group);
	*iova = kernel->env.cpu.msi_doorbell_pa;
	/* A device that is attached to nothing is told the untranslated address. */
	if (device->hwpt) {
		rc = iommufd_hwpt_map_msi(device->hwpt, self);
		if (!rc) {
			device->msi_required = true;
			*iova = msi_iova(kernel);
		}
	}
	sim_mutex_unlock(self, &device->group);
	return rc;
}

static void fill_hw_info(const struct smmu_driver_info *info, struct iommu_hw_info_arm_smmuv3 *data)
{
	memcpy(data->idr, info->idr, sizeof(data->idr));
	data->iidr = info->iidr;
	data->aidr = info->aidr;
}

static int clear_user(const struct uapi_task *task, uint64_t user, uint64_t len)
{
	static const uint8_t zero[64];

	for (uint64_t at = 0; at < len; at += sizeof(zero)) {
		if (user_copy_to(task, user + at, zero, MIN(sizeof(zero), len - at)))
			return -EFAULT;
	}
	return 0;
}

static int hw_info(struct ioctl_call *call, const struct iommufd_device *device)
{
	struct iommu_hw_info *cmd = (void *)call->cmd;
	const struct smmu_driver_info *info =
		smmu_driver_info(iommufd_ctx_of(call)->file.kernel->env.smmu);
	struct smmu_pasids pasids = iommufd_device_pasids(device);
	struct iommu_hw_info_arm_smmuv3 data = {0};
	uint32_t len = MIN(cmd->data_len, (uint32_t)sizeof(data));

	if (cmd->in_data_type != IOMMU_HW_INFO_TYPE_DEFAULT &&
	    cmd->in_data_type != IOMMU_HW_INFO_TYPE_ARM_SMMUV3)
		return -EOPNOTSUPP;
	fill_hw_info(info, &data);
	if (user_copy_to(&call->task, cmd->data_uptr, &data, len) ||
	    clear_user(&call->task, cmd->data_uptr + len, cmd->data_len - len))
		return -EFAULT;
	cmd->data_len = sizeof(data);
	cmd->out_data_type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
	/* That a VMM should show its guest none; that the host uses ATS is another matter. */
	cmd->out_capabilities = IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED |
				(info->dirty_tracking ? IOMMU_HW_CAP_DIRTY_TRACKING : 0) |
				(pasids.execute ? IOMMU_HW_CAP_PCI_PASID_EXEC : 0) |
				(pasids.privileged ? IOMMU_HW_CAP_PCI_PASID_PRIV : 0);
	cmd->out_max_pasid_log2 = pasids.bits;
	return ioctl_respond(call);
}

int iommufd_get_hw_info(struct ioctl_call *call)
{
	struct iommu_hw_info *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_device *device;
	int rc;

	if (cmd->flags & ~IOMMU_HW_INFO_FLAG_INPUT_TYPE)
		return -EOPNOTSUPP;
	if (cmd->__reserved[0] || cmd->__reserved[1] || cmd->__reserved[2])
		return -EOPNOTSUPP;
	if (!(cmd->flags & IOMMU_HW_INFO_FLAG_INPUT_TYPE))
		cmd->in_data_type = IOMMU_HW_INFO_TYPE_DEFAULT;
	device = iommufd_object_get(ctx, cmd->dev_id, IOMMUFD_DEVICE);
	if (!device)
		return -ENOENT;
	rc = hw_info(call, device);
	iommufd_object_put(ctx, &device->object);
	return rc;
}
