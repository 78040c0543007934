/* SPDX-License-Identifier: Apache-2.0 */
/* Substreams of a stream: a context descriptor each (arm_smmu_attach_dev_pasid). */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

static struct pasid **find(struct stream *stream, uint32_t number)
{
	struct pasid **at = &stream->pasids;

	while (*at && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

static int check(const struct smmu_domain *domain, struct stream *stream, uint32_t number)
{
	if (!stream || !stream->domain || stream->domain->stage2 || domain->stage2)
		return -EINVAL;
	if (!number || number >> stream->cds.bits)
		return -ERANGE;
	return *find(stream, number) ? -EBUSY : 0;
}

static int attach(struct smmu_domain *domain, struct actor *self, struct stream *stream,
		  uint32_t number)
{
	struct smmu_driver *driver = domain->driver;
	struct pasid *pasid = calloc(1, sizeof(*pasid));
	uint64_t cd[CD_WORDS];
	int err;

	if (!pasid)
		return -ENOMEM;
	*pasid = (struct pasid){.number = number, .domain = domain, .next = stream->pasids};
	trace_emit(&driver->env.part, TRACE_IOMMU_ATTACH, stream->id, number, domain->id);
	/* From its first entry in a cache on it is invalidated there. */
	domain->attached++;
	cd_make_s1(domain, cd);
	stall_cd(stream, cd);
	err = cd_write(driver, self, stream, number, cd);
	if (err) {
		domain->attached--;
		trace_emit(&driver->env.part, TRACE_IOMMU_DETACH, stream->id, number, domain->id);
		free(pasid);
		return err;
	}
	stream->pasids = pasid;
	return 0;
}

int smmu_domain_attach_pasid(struct smmu_domain *domain, struct actor *self, uint32_t stream_id,
			     uint32_t pasid)
{
	struct smmu_driver *driver = domain->driver;
	struct stream *stream;
	int err;

	sim_mutex_lock(self, &driver->attach_lock);
	stream = stream_find(driver, stream_id);
	err = check(domain, stream, pasid);
	if (!err)
		err = attach(domain, self, stream, pasid);
	sim_mutex_unlock(self, &driver->attach_lock);
	return err;
}

static void detach(struct smmu_driver *driver, struct actor *self, struct stream *stream,
		   struct pasid **at)
{
	static const uint64_t invalid[CD_WORDS];
	struct pasid *pasid = *at;

	cd_write(driver, self, stream, pasid->number, invalid);
	ats_pasid_detached(driver, self, stream, pasid->number);
	if (!--pasid->domain->attached)
		invalidate_domain(pasid->domain, self);
	trace_emit(&driver->env.part, TRACE_IOMMU_DETACH, stream->id, pasid->number,
		   pasid->domain->id);
	*at = pasid->next;
	free(pasid);
}

int smmu_driver_detach_pasid(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
			     uint32_t pasid)
{
	struct stream *stream;
	struct pasid **at = NULL;

	sim_mutex_lock(self, &driver->attach_lock);
	stream = stream_find(driver, stream_id);
	if (stream)
		at = find(stream, pasid);
	if (at && *at)
		detach(driver, self, stream, at);
	else
		at = NULL;
	sim_mutex_unlock(self, &driver->attach_lock);
	return at ? 0 : -ENOENT;
}
