/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that cache translations: ATS of a stream goes on after its STE allows
 * it and off before that says otherwise, and whatever leaves the TLB leaves the
 * devices' caches too, as in Linux's arm_smmu_enable_ats and arm_smmu_atc_inv_*.
 * Page requests (PRI) are left off, as there, unless the stream has a handler of
 * them: that is ours (priq.c).
 */
#include "uapi/smmu-driver/smmu_driver_internal.h"

/* Addresses of a stream, or of one of its substreams. */
struct ats_range {
	uint32_t stream_id;
	uint32_t pasid; /* 0: without */
	uint64_t iova;
	uint64_t len; /* 0: all */
};

/*
 * The smallest aligned span of 2^n pages that covers the range. Without a PASID
 * it takes what was asked for with one too (arm_smmu_atc_inv_to_cmd).
 */
static struct command command_atc_inv(const struct ats_range *range)
{
	uint64_t first = range->iova / PAGE_BYTES;
	uint64_t last = (range->iova + range->len - 1) / PAGE_BYTES;
	uint64_t differ = first ^ last, size = ATC_INV_SIZE_ALL, addr = 0;
	uint64_t word0 = CMD_ATC_INV | field_put(CMD0_STREAMID, range->stream_id);

	if (range->pasid)
		word0 |= CMD0_SSV | field_put(CMD0_SUBSTREAMID, range->pasid);
	if (range->len) {
		size = differ ? 64u - (unsigned)__builtin_clzll(differ) : 0;
		addr = (first >> size << size) * PAGE_BYTES;
	}
	return (struct command){{word0, addr | size}};
}

bool ats_supported(const struct smmu_driver *driver, struct actor *self, uint32_t stream_id)
{
	const struct smmu_driver_env *env = &driver->env;

	return driver->ats && env->ats_supported &&
	       env->ats_supported(env->ats_ctx, self, stream_id);
}

static void forget(struct smmu_driver *driver, struct actor *self, const struct stream *stream,
		   uint32_t pasid)
{
	struct ats_range all = {.stream_id = stream->id, .pasid = pasid};

	cmdq_issue_sync(driver, self, command_atc_inv(&all));
}

static void enable_pri(struct smmu_driver *driver, struct actor *self, const struct stream *stream,
		       uint32_t allocation)
{
	if (stream->handler.pages && driver->env.pri_enable)
		driver->env.pri_enable(driver->env.ats_ctx, self, stream->id, allocation);
}

static void disable(struct smmu_driver *driver, struct actor *self, const struct stream *stream)
{
	if (!stream->ats)
		return;
	enable_pri(driver, self, stream, 0);
	driver->env.ats_enable(driver->env.ats_ctx, self, stream->id, false);
}

static void disabled(struct smmu_driver *driver, struct actor *self, struct stream *stream)
{
	if (stream->ats)
		forget(driver, self, stream, 0);
	stream->ats = false;
}

void ats_ste_changes(struct smmu_driver *driver, struct actor *self, struct stream *stream,
		     bool allowed)
{
	stream->ats_allowed = allowed;
	if (!allowed)
		disable(driver, self, stream);
}

void ats_ste_changed(struct smmu_driver *driver, struct actor *self, struct stream *stream)
{
	bool was_on = stream->ats;

	if (!stream->ats_allowed) {
		disabled(driver, self, stream);
		return;
	}
	if (stream->resetting)
		return;
	forget(driver, self, stream, 0);
	stream->ats = true;
	if (was_on)
		return;
	driver->env.ats_enable(driver->env.ats_ctx, self, stream->id, true);
	enable_pri(driver, self, stream, SMMU_GROUP_PAGES);
}

void ats_pasid_detached(struct smmu_driver *driver, struct actor *self, const struct stream *stream,
			uint32_t pasid)
{
	if (stream->ats)
		forget(driver, self, stream, pasid);
}

/*
 * A stream whose addresses are the domain's, or a guest's own: of those nobody knows which
 * lie behind the range (nested_ats_flush).
 */
static int add_stream(const struct smmu_domain *domain, struct actor *self,
		      const struct stream *stream, struct command_batch *batch,
		      struct ats_range range)
{
	struct smmu_driver *driver = domain->driver;
	int err = 0;

	range.stream_id = stream->id;
	for (const struct pasid *at = stream->pasids; at && !err; at = at->next) {
		range.pasid = at->number;
		if (at->domain == domain)
			err = batch_add(driver, self, batch, command_atc_inv(&range));
	}
	if (err || stream->domain != domain)
		return err;
	range.pasid = 0;
	if (stream->table != domain->id)
		range.len = 0;
	return batch_add(driver, self, batch, command_atc_inv(&range));
}

int ats_invalidate(const struct smmu_domain *domain, struct actor *self, uint64_t iova,
		   uint64_t len)
{
	struct smmu_driver *driver = domain->driver;
	struct command_batch batch;
	int err = 0;

	if (!driver->ats)
		return 0;
	batch_init(&batch);
	/* Who attaches meanwhile has an empty cache afterwards; nobody leaves the lists. */
	sim_mutex_lock(self, &driver->attach_lock);
	for (uint32_t i = 0; i < driver->streams && !err; i++)
		if (driver->stream[i]->ats)
			err = add_stream(domain, self, driver->stream[i], &batch,
					 (struct ats_range){.iova = iova, .len = len});
	sim_mutex_unlock(self, &driver->attach_lock);
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
	if (stream) {
		disable(driver, self, stream);
		disabled(driver, self, stream);
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
		ats_ste_changed(driver, self, stream);
	}
	sim_mutex_unlock(self, &driver->attach_lock);
}
