// SPDX-License-Identifier: Apache-2.0
/* Devices bound to a context, and which table their DMA goes through. */
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

/* What nobody may map while this device is here. */
static int reserve(struct iommufd_device *device, struct iommufd_ioas *ioas, struct actor *self)
{
	int rc = 0;

	if (!ioas->iopt.kernel->cfg.msi_window)
		return 0;
	down_write(self, &ioas->iopt.iova);
	rc = iopt_reserve(&ioas->iopt, UAPI_MSI_WINDOW_FIRST, UAPI_MSI_WINDOW_LAST, device);
	up_write(&ioas->iopt.iova);
	return rc;
}

static void unreserve(struct iommufd_device *device, struct iommufd_ioas *ioas, struct actor *self)
{
	down_write(self, &ioas->iopt.iova);
	iopt_ranges_remove_owner(&ioas->iopt.reserved, device);
	up_write(&ioas->iopt.iova);
}

/* Let a table that was made by attaching go with its last device. */
static void hwpt_put(struct iommufd_ctx *ctx, struct iommufd_hwpt *hwpt, struct actor *self)
{
	hwpt->object.users--;
	if (hwpt->auto_domain && hwpt->object.users == 1 && hwpt->object.published)
		iommufd_object_remove(ctx, hwpt->object.id, self);
}

static int attach_locked(struct iommufd_device *device, struct actor *self,
			 struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *old = device->hwpt;
	bool new_ioas = !old || old->ioas != hwpt->ioas;
	int rc;

	rc = new_ioas ? reserve(device, hwpt->ioas, self) : 0;
	if (rc)
		return rc;
	/* It goes on interrupting while its table is exchanged. */
	if (device->msi_required)
		rc = iommufd_hwpt_map_msi(hwpt, self);
	if (!rc)
		rc = smmu_domain_attach(hwpt->domain, self, device->stream_id);
	if (rc) {
		if (new_ioas)
			unreserve(device, hwpt->ioas, self);
		return rc;
	}
	if (old && new_ioas)
		unreserve(device, old->ioas, self);
	hwpt->object.users++;
	device->hwpt = hwpt;
	return 0;
}

/* Attach to this table, in place of what the device had. `*old`: to be put, unlocked. */
static int attach_hwpt(struct iommufd_device *device, struct actor *self, struct iommufd_hwpt *hwpt,
		       struct iommufd_hwpt **old)
{
	int rc = 0;

	sim_mutex_lock(self, &device->group);
	*old = NULL;
	if (device->hwpt != hwpt) {
		struct iommufd_hwpt *before = device->hwpt;

		rc = attach_locked(device, self, hwpt);
		if (!rc)
			*old = before;
	}
	sim_mutex_unlock(self, &device->group);
	return rc;
}

/* A table of the IOAS that was made for attaching, or a new one. */
static int attach_auto(struct iommufd_device *device, struct actor *self, struct iommufd_ioas *ioas,
		       uint32_t *pt_id, struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *hwpt;
	int rc;

	for (hwpt = ioas->hwpts; hwpt; hwpt = hwpt->next) {
		if (!hwpt->auto_domain || !hwpt->object.published)
			continue;
		*pt_id = hwpt->object.id;
		return attach_hwpt(device, self, hwpt, old);
	}
	rc = iommufd_hwpt_new(device->ctx, ioas, 0, self, &hwpt);
	if (rc)
		return rc;
	rc = attach_hwpt(device, self, hwpt, old);
	if (rc) {
		iommufd_abort(device->ctx, &hwpt->object, self, true);
		return rc;
	}
	hwpt->auto_domain = true;
	*pt_id = hwpt->object.id;
	iommufd_publish(device->ctx, &hwpt->object);
	return 0;
}

static int change_pt(struct iommufd_device *device, struct actor *self, uint32_t *pt_id)
{
	struct iommufd_ctx *ctx = device->ctx;
	struct iommufd_object *object = iommufd_object_get(ctx, *pt_id, IOMMUFD_ANY);
	struct iommufd_hwpt *old = NULL;
	int rc = -EINVAL;

	if (!object)
		return -ENOENT;
	if (object->type == IOMMUFD_HWPT) {
		rc = attach_hwpt(device, self, CONTAINER_OF(object, struct iommufd_hwpt, object),
				 &old);
	} else if (object->type == IOMMUFD_IOAS) {
		struct iommufd_ioas *ioas = CONTAINER_OF(object, struct iommufd_ioas, object);

		sim_mutex_lock(self, &ioas->mutex);
		rc = attach_auto(device, self, ioas, pt_id, &old);
		sim_mutex_unlock(self, &ioas->mutex);
	}
	iommufd_object_put(ctx, object);
	if (old)
		hwpt_put(ctx, old, self);
	return rc;
}

int iommufd_device_attach(struct iommufd_device *device, struct actor *self, uint32_t *pt_id)
{
	int rc = change_pt(device, self, pt_id);

	if (!rc)
		device->object.users++; /* an attached device cannot be destroyed */
	return rc;
}

int iommufd_device_replace(struct iommufd_device *device, struct actor *self, uint32_t *pt_id)
{
	return change_pt(device, self, pt_id);
}

void iommufd_device_detach(struct iommufd_device *device, struct actor *self)
{
	struct iommufd_hwpt *hwpt;
	int rc;

	sim_mutex_lock(self, &device->group);
	hwpt = device->hwpt;
	rc = smmu_driver_attach_blocked(device->ctx->file.kernel->env.smmu, self,
					device->stream_id);
	sim_assert(&device->ctx->file.kernel->env.part, !rc);
	device->hwpt = NULL;
	unreserve(device, hwpt->ioas, self);
	sim_mutex_unlock(self, &device->group);
	hwpt_put(device->ctx, hwpt, self);
	device->object.users--;
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

static int hw_info(struct ioctl_call *call)
{
	struct iommu_hw_info *cmd = (void *)call->cmd;
	const struct smmu_driver_info *info =
		smmu_driver_info(iommufd_ctx_of(call)->file.kernel->env.smmu);
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
	/* Our functions have neither ATS nor PASID. */
	cmd->out_capabilities = IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED |
				(info->dirty_tracking ? IOMMU_HW_CAP_DIRTY_TRACKING : 0);
	cmd->out_max_pasid_log2 = 0;
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
	rc = hw_info(call);
	iommufd_object_put(ctx, &device->object);
	return rc;
}
