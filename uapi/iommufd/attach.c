// SPDX-License-Identifier: Apache-2.0
/*
 * Which tables a device's DMA goes through: one for what bears no PASID, and one for each
 * PASID that is attached (Linux drivers/iommu/iommufd/device.c; iommu_attach_device_pasid).
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/iommufd/iommufd_internal.h"

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

static struct smmu_driver *smmu_of(const struct iommufd_device *device)
{
	return device->ctx->file.kernel->env.smmu;
}

struct smmu_pasids iommufd_device_pasids(const struct iommufd_device *device)
{
	return smmu_driver_pasids(smmu_of(device), device->stream_id);
}

/* --- Without a PASID --- */

static int attach_rid(struct iommufd_device *device, struct actor *self, struct iommufd_hwpt *hwpt)
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
	if (!rc && device->pasids && !hwpt->pasid_compat)
		rc = -EINVAL;
	if (!rc)
		rc = smmu_domain_attach(hwpt->domain, self, device->stream_id);
	if (rc) {
		if (new_ioas)
			unreserve(device, hwpt->ioas, self);
		return rc;
	}
	if (old && new_ioas)
		unreserve(device, old->ioas, self);
	device->hwpt = hwpt;
	return 0;
}

static void detach_rid(struct iommufd_device *device, struct actor *self)
{
	int rc = smmu_driver_attach_blocked(smmu_of(device), self, device->stream_id);

	sim_assert(&device->ctx->file.kernel->env.part, !rc);
	unreserve(device, device->hwpt->ioas, self);
	device->hwpt = NULL;
}

/* --- With one: nothing is reserved, as interrupts have none --- */

static struct iommufd_pasid **find(struct iommufd_device *device, uint32_t number)
{
	struct iommufd_pasid **at = &device->pasids;

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

static int check_pasid(const struct iommufd_device *device, const struct iommufd_hwpt *hwpt,
		       uint32_t number)
{
	if (!hwpt->pasid_compat || (device->hwpt && !device->hwpt->pasid_compat))
		return -EINVAL;
	return (uint64_t)number >> iommufd_device_pasids(device).bits ? -EINVAL : 0;
}

static int attach_pasid(struct iommufd_device *device, struct actor *self,
			struct iommufd_hwpt *hwpt, uint32_t number)
{
	struct iommufd_pasid *pasid = *find(device, number);
	int rc = check_pasid(device, hwpt, number);

	if (rc)
		return rc;
	if (!pasid) {
		pasid = calloc(1, sizeof(*pasid));
		if (!pasid)
			return -ENOMEM;
		*pasid = (struct iommufd_pasid){.number = number, .next = device->pasids};
		device->pasids = pasid;
	}
	rc = smmu_domain_attach_pasid(hwpt->domain, self, device->stream_id, number, pasid->hwpt);
	if (!rc) {
		pasid->hwpt = hwpt;
	} else if (!pasid->hwpt) {
		device->pasids = pasid->next;
		free(pasid);
	}
	return rc;
}

static void detach_pasid(struct iommufd_device *device, struct actor *self, uint32_t number)
{
	struct iommufd_pasid **at = find(device, number), *pasid = *at;
	int rc = smmu_driver_detach_pasid(smmu_of(device), self, device->stream_id, number);

	sim_assert(&device->ctx->file.kernel->env.part, !rc);
	*at = pasid->next;
	free(pasid);
}

/* --- Either --- */

/* A change of what the device has for a PASID, or for none. */
struct change {
	uint32_t pasid;
	bool replace;
	struct iommufd_hwpt *old; /* that it had: to be put, unlocked */
};

/* What the device has there; NULL: nothing. */
static struct iommufd_hwpt *attached(struct iommufd_device *device, uint32_t pasid)
{
	struct iommufd_pasid *at = *find(device, pasid);

	if (pasid == IOMMUFD_NO_PASID)
		return device->hwpt;
	return at ? at->hwpt : NULL;
}

static int attach_hwpt(struct iommufd_device *device, struct actor *self, struct iommufd_hwpt *hwpt,
		       struct change *change)
{
	struct iommufd_hwpt *before;
	int rc = 0;

	sim_mutex_lock(self, &device->group);
	before = attached(device, change->pasid);
	if (before && !change->replace)
		rc = -EBUSY;
	else if (before != hwpt)
		rc = change->pasid == IOMMUFD_NO_PASID
			     ? attach_rid(device, self, hwpt)
			     : attach_pasid(device, self, hwpt, change->pasid);
	if (!rc && before != hwpt) {
		hwpt->object.users++;
		change->old = before;
	}
	sim_mutex_unlock(self, &device->group);
	return rc;
}

/* A table of the IOAS that was made for attaching, or a new one. */
static int attach_auto(struct iommufd_device *device, struct actor *self, struct iommufd_ioas *ioas,
		       uint32_t *pt_id, struct change *change)
{
	struct iommufd_hwpt *hwpt;
	int rc;

	for (hwpt = ioas->hwpts; hwpt; hwpt = hwpt->next) {
		if (!hwpt->auto_domain || !hwpt->object.published)
			continue;
		*pt_id = hwpt->object.id;
		return attach_hwpt(device, self, hwpt, change);
	}
	rc = iommufd_hwpt_new(device->ctx, ioas, 0, self, &hwpt);
	if (rc)
		return rc;
	rc = attach_hwpt(device, self, hwpt, change);
	if (rc) {
		iommufd_abort(device->ctx, &hwpt->object, self, true);
		return rc;
	}
	hwpt->auto_domain = true;
	*pt_id = hwpt->object.id;
	iommufd_publish(device->ctx, &hwpt->object);
	return 0;
}

static int change_pt(struct iommufd_device *device, struct actor *self, uint32_t *pt_id,
		     struct change *change)
{
	struct iommufd_ctx *ctx = device->ctx;
	struct iommufd_object *object = iommufd_object_get(ctx, *pt_id, IOMMUFD_ANY);
	int rc = -EINVAL;

	if (!object)
		return -ENOENT;
	if (object->type == IOMMUFD_HWPT) {
		rc = attach_hwpt(device, self, CONTAINER_OF(object, struct iommufd_hwpt, object),
				 change);
	} else if (object->type == IOMMUFD_IOAS) {
		struct iommufd_ioas *ioas = CONTAINER_OF(object, struct iommufd_ioas, object);

		sim_mutex_lock(self, &ioas->mutex);
		rc = attach_auto(device, self, ioas, pt_id, change);
		sim_mutex_unlock(self, &ioas->mutex);
	}
	iommufd_object_put(ctx, object);
	if (change->old)
		hwpt_put(ctx, change->old, self);
	return rc;
}

int iommufd_device_attach(struct iommufd_device *device, struct actor *self, uint32_t pasid,
			  uint32_t *pt_id)
{
	struct change change = {.pasid = pasid};
	int rc = change_pt(device, self, pt_id, &change);

	if (!rc)
		device->object.users++; /* an attached device cannot be destroyed */
	return rc;
}

int iommufd_device_replace(struct iommufd_device *device, struct actor *self, uint32_t pasid,
			   uint32_t *pt_id)
{
	struct change change = {.pasid = pasid, .replace = true};

	return change_pt(device, self, pt_id, &change);
}

void iommufd_device_detach(struct iommufd_device *device, struct actor *self, uint32_t pasid)
{
	struct iommufd_hwpt *hwpt;

	sim_mutex_lock(self, &device->group);
	hwpt = attached(device, pasid);
	if (hwpt && pasid == IOMMUFD_NO_PASID)
		detach_rid(device, self);
	else if (hwpt)
		detach_pasid(device, self, pasid);
	sim_mutex_unlock(self, &device->group);
	if (!hwpt)
		return;
	hwpt_put(device->ctx, hwpt, self);
	device->object.users--;
}
