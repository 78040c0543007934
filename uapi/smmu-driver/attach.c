/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stream is attached to: a domain, identity, or nothing (blocked). Order
 * as in Linux's arm_smmu_attach_dev: context descriptor, stream table entry,
 * then the old domain's translations go if no other stream uses them.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

#define IDENTITY_TABLE 0u /* in trace events: everything is allowed */

/* Place of the id among the known streams, or where it belongs. */
static uint32_t stream_place(const struct smmu_driver *driver, uint32_t id)
{
	uint32_t low = 0, high = driver->streams;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (driver->stream[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct stream *stream_find(const struct smmu_driver *driver, uint32_t id)
{
	uint32_t at = stream_place(driver, id);

	return at < driver->streams && driver->stream[at]->id == id ? driver->stream[at] : NULL;
}

static int stream_insert(struct smmu_driver *driver, uint32_t at, uint32_t id)
{
	struct stream *stream;

	if (driver->streams == driver->stream_capacity) {
		uint32_t capacity = driver->stream_capacity ? 2 * driver->stream_capacity : 16;
		struct stream **grown =
			realloc(driver->stream, capacity * sizeof(driver->stream[0]));

		if (!grown)
			return -ENOMEM;
		driver->stream = grown;
		driver->stream_capacity = capacity;
	}
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->id = id;
	memmove(&driver->stream[at + 1], &driver->stream[at],
		(driver->streams - at) * sizeof(driver->stream[0]));
	driver->stream[at] = stream;
	driver->streams++;
	return 0;
}

/* The stream, known and with an entry in the stream table from now on. */
static int stream_get(struct smmu_driver *driver, uint32_t id, struct stream **stream)
{
	uint32_t at = stream_place(driver, id);
	int err = strtab_prepare(driver, id);

	if (!err && (at == driver->streams || driver->stream[at]->id != id))
		err = stream_insert(driver, at, id);
	if (err)
		return err;
	*stream = driver->stream[at];
	return 0;
}

static void trace_attach(const struct stream *stream, struct smmu_driver *driver,
			 enum trace_kind kind, uint64_t table)
{
	trace_emit(&driver->env.part, kind, stream->id, TRACE_NO_SUBSTREAM, table);
}

/* The stream no longer reaches what it was attached to. */
static void leave(struct smmu_driver *driver, struct actor *self, struct stream *stream,
		  struct smmu_domain *old, bool identity)
{
	/* An ASID that is on no stream is left clean in the TLB. */
	if (old && !--old->attached)
		invalidate_asid(driver, self, old->asid);
	if (old)
		trace_attach(stream, driver, TRACE_IOMMU_DETACH, old->id);
	else if (identity)
		trace_attach(stream, driver, TRACE_IOMMU_DETACH, IDENTITY_TABLE);
}

static int attach_domain(struct smmu_domain *domain, struct actor *self, struct stream *stream)
{
	struct smmu_driver *driver = domain->driver;
	struct smmu_domain *old = stream->domain;
	bool identity = stream->identity, ats;
	uint64_t entry[STE_WORDS];

	if (old == domain)
		return 0;
	if (!stream->cd_pa)
		stream->cd_pa = phys_alloc(driver, 1);
	if (!stream->cd_pa)
		return -ENOMEM;
	domain->attached++;
	trace_attach(stream, driver, TRACE_IOMMU_ATTACH, domain->id);
	cd_make_s1(domain, entry);
	cd_write(driver, self, stream, entry);
	ats = ats_supported(driver, self, stream->id);
	ste_make_s1(driver, entry, stream->cd_pa, ats);
	strtab_write(driver, self, stream->id, entry);
	stream->domain = domain;
	stream->identity = false;
	if (ats)
		ats_enable(driver, self, stream);
	leave(driver, self, stream, old, identity);
	return 0;
}

int smmu_domain_attach(struct smmu_domain *domain, struct actor *self, uint32_t stream_id)
{
	struct smmu_driver *driver = domain->driver;
	struct stream *stream;
	int err;

	sim_mutex_lock(self, &driver->attach_lock);
	err = stream_get(driver, stream_id, &stream);
	if (!err)
		err = attach_domain(domain, self, stream);
	sim_mutex_unlock(self, &driver->attach_lock);
	return err;
}

/* Identity or blocked: an entry without a context descriptor, which is cleared behind it. */
static void attach_plain(struct smmu_driver *driver, struct actor *self, struct stream *stream,
			 bool identity)
{
	struct smmu_domain *old = stream->domain;
	bool was_identity = stream->identity;
	uint64_t entry[STE_WORDS];

	if (identity && was_identity)
		return;
	if (identity)
		trace_attach(stream, driver, TRACE_IOMMU_ATTACH, IDENTITY_TABLE);
	if (identity)
		ste_make_bypass(driver, entry);
	else
		ste_make_abort(entry);
	ats_disable(driver, self, stream);
	strtab_write(driver, self, stream->id, entry);
	ats_disabled(driver, self, stream);
	stream->domain = NULL;
	stream->identity = identity;
	leave(driver, self, stream, old, was_identity);
	if (old) {
		memset(entry, 0, sizeof(entry));
		cd_write(driver, self, stream, entry);
	}
}

static int driver_attach(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
			 bool identity)
{
	struct stream *stream;
	int err;

	sim_mutex_lock(self, &driver->attach_lock);
	err = stream_get(driver, stream_id, &stream);
	if (!err)
		attach_plain(driver, self, stream, identity);
	sim_mutex_unlock(self, &driver->attach_lock);
	return err;
}

int smmu_driver_attach_identity(struct smmu_driver *driver, struct actor *self, uint32_t stream_id)
{
	return driver_attach(driver, self, stream_id, true);
}

int smmu_driver_attach_blocked(struct smmu_driver *driver, struct actor *self, uint32_t stream_id)
{
	return driver_attach(driver, self, stream_id, false);
}
