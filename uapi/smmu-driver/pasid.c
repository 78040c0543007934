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

static int check(const struct smmu_domain *domain, struct stream *stream, uint32_t number,
		 bool replace)
{
	if (!stream || domain->stage2 || (stream->domain && stream->domain->stage2))
		return -EINVAL;
	if (!number || number >> stream->may.bits)
		return -ERANGE;
	return !replace && *find(stream, number) ? -EBUSY : 0;
}

static int write_cd(const struct smmu_domain *domain, struct actor *self, struct stream *stream,
		    uint32_t number)
{
	struct smmu_driver *driver = domain->driver;
	uint64_t cd[CD_WORDS];
	int err = cd_prepare(driver, stream);

	if (err)
		return err;
	cd_make_s1(domain, cd);
	stall_cd(stream, cd);
	return cd_write(driver, self, stream, number, cd);
}

static void trace_change(const struct smmu_domain *domain, const struct stream *stream,
			 enum trace_kind kind, uint32_t number)
{
	trace_emit(&domain->driver->env.part, kind, stream->id, number, domain->id);
}

/* The domain has lost a substream. */
static void leave(struct smmu_domain *domain, struct actor *self, const struct stream *stream,
		  uint32_t number)
{
	ats_pasid_detached(domain->driver, self, stream, number);
	if (!--domain->attached)
		invalidate_domain(domain, self);
	trace_change(domain, stream, TRACE_IOMMU_DETACH, number);
}

/* From its first entry in a cache on the domain is invalidated there: it counts as attached. */
static int attach(struct smmu_domain *domain, struct actor *self, struct stream *stream,
		  struct pasid *pasid)
{
	int err;

	trace_change(domain, stream, TRACE_IOMMU_ATTACH, pasid->number);
	domain->attached++;
	err = write_cd(domain, self, stream, pasid->number);
	if (err) {
		domain->attached--;
		trace_change(domain, stream, TRACE_IOMMU_DETACH, pasid->number);
		return err;
	}
	pasid->domain = domain;
	return 0;
}

static int attach_new(struct smmu_domain *domain, struct actor *self, struct stream *stream,
		      uint32_t number)
{
	struct pasid *pasid = calloc(1, sizeof(*pasid));
	int err;

	if (!pasid)
		return -ENOMEM;
	pasid->number = number;
	err = attach(domain, self, stream, pasid);
	if (err) {
		free(pasid);
		return err;
	}
	pasid->next = stream->pasids;
	stream->pasids = pasid;
	if (!pasid->next)
		stream_substreams_changed(domain->driver, self, stream);
	return 0;
}

static int replace_domain(struct smmu_domain *domain, struct actor *self, struct stream *stream,
			  struct pasid *pasid)
{
	struct smmu_domain *old = pasid->domain;
	int err = 0;

	if (old == domain)
		return 0;
	err = attach(domain, self, stream, pasid);
	if (!err)
		leave(old, self, stream, pasid->number);
	return err;
}

int smmu_domain_attach_pasid(struct smmu_domain *domain, struct actor *self, uint32_t stream_id,
			     uint32_t pasid, bool replace)
{
	struct smmu_driver *driver = domain->driver;
	struct stream *stream;
	int err;

	sim_mutex_lock(self, &driver->attach_lock);
	stream = stream_find(driver, stream_id);
	err = check(domain, stream, pasid, replace);
	if (!err && *find(stream, pasid))
		err = replace_domain(domain, self, stream, *find(stream, pasid));
	else if (!err)
		err = attach_new(domain, self, stream, pasid);
	sim_mutex_unlock(self, &driver->attach_lock);
	return err;
}

static void detach(struct smmu_driver *driver, struct actor *self, struct stream *stream,
		   struct pasid **at)
{
	static const uint64_t invalid[CD_WORDS];
	struct pasid *pasid = *at;

	cd_write(driver, self, stream, pasid->number, invalid);
	leave(pasid->domain, self, stream, pasid->number);
	*at = pasid->next;
	free(pasid);
	if (!stream->pasids)
		stream_substreams_changed(driver, self, stream);
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
