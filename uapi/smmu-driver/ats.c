/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that cache translations: ATS of a stream goes on after its STE allows
 * it and off before that says otherwise, and whatever leaves the TLB leaves the
 * devices' caches too, as in Linux's arm_smmu_enable_ats and arm_smmu_atc_inv_*.
 * Page requests (PRI) are left off, as there.
 */
#include "uapi/smmu-driver/smmu_driver_internal.h"

/*
 * The smallest aligned span of 2^n pages that covers the range; len 0: all
 * (arm_smmu_atc_inv_to_cmd).
 */
static struct command command_atc_inv(uint32_t stream_id, uint64_t iova, uint64_t len)
{
	uint64_t first = iova / PAGE_BYTES, last = (iova + len - 1) / PAGE_BYTES;
	uint64_t differ = first ^ last, size = ATC_INV_SIZE_ALL, addr = 0;

	if (len) {
		size = differ ? 64u - (unsigned)__builtin_clzll(differ) : 0;
		addr = (first >> size << size) * PAGE_BYTES;
	}
	return (struct command){{CMD_ATC_INV | field_put(CMD0_STREAMID, stream_id), addr | size}};
}

bool ats_supported(const struct smmu_driver *driver, struct actor *self, uint32_t stream_id)
{
	const struct smmu_driver_env *env = &driver->env;

	return driver->ats && env->ats_supported &&
	       env->ats_supported(env->ats_ctx, self, stream_id);
}

static void ats_invalidate_stream(struct smmu_driver *driver, struct actor *self,
				  const struct stream *stream)
{
	cmdq_issue_sync(driver, self, command_atc_inv(stream->id, 0, 0));
}

void ats_enable(struct smmu_driver *driver, struct actor *self, struct stream *stream)
{
	bool was_on = stream->ats;

	ats_invalidate_stream(driver, self, stream);
	stream->ats = true;
	if (!was_on)
		driver->env.ats_enable(driver->env.ats_ctx, self, stream->id, true);
}

void ats_disable(struct smmu_driver *driver, struct actor *self, struct stream *stream)
{
	if (stream->ats)
		driver->env.ats_enable(driver->env.ats_ctx, self, stream->id, false);
}

void ats_disabled(struct smmu_driver *driver, struct actor *self, struct stream *stream)
{
	if (stream->ats)
		ats_invalidate_stream(driver, self, stream);
	stream->ats = false;
}

int ats_invalidate(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len)
{
	struct smmu_driver *driver = domain->driver;
	struct command_batch batch;
	int err = 0;

	if (!driver->ats)
		return 0;
	batch_init(&batch);
	for (uint32_t i = 0; i < driver->streams && !err; i++)
		if (driver->stream[i]->domain == domain && driver->stream[i]->ats)
			err = batch_add(driver, self, &batch,
					command_atc_inv(driver->stream[i]->id, iova, len));
	return err || !batch.count ? err : batch_submit(driver, self, &batch);
}

/*
 * A function that is reset answers no invalidation: its stream goes without ATS
 * meanwhile (pci_dev_reset_iommu_prepare and _done, which block it altogether).
 */
void smmu_driver_reset_begins(struct smmu_driver *driver, struct actor *self, uint32_t stream_id)
{
	struct stream *stream;

	if (!driver || !driver->ats)
		return;
	sim_mutex_lock(self, &driver->attach_lock);
	stream = stream_find(driver, stream_id);
	if (stream && stream->ats) {
		ats_disable(driver, self, stream);
		ats_disabled(driver, self, stream);
		stream->resetting = true;
	}
	sim_mutex_unlock(self, &driver->attach_lock);
}

void smmu_driver_reset_ended(struct smmu_driver *driver, struct actor *self, uint32_t stream_id)
{
	struct stream *stream;

	if (!driver || !driver->ats)
		return;
	sim_mutex_lock(self, &driver->attach_lock);
	stream = stream_find(driver, stream_id);
	if (stream && stream->resetting) {
		stream->resetting = false;
		if (stream->domain)
			ats_enable(driver, self, stream);
	}
	sim_mutex_unlock(self, &driver->attach_lock);
}
