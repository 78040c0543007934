/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stream is attached to: a domain, identity, or nothing (blocked). Order
 * as in Linux's arm_smmu_attach_dev: context descriptor, stream table entry,
 * then the old domain's translations go if no other stream uses them.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

/* In trace events: everything is allowed; nothing is attached. */
#define IDENTITY_TABLE 0u
#define NO_TABLE       UINT64_MAX

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

/* Which substreams the SMMU and the function behind the stream have (arm_smmu_enable_pasid). */
static struct smmu_pasids enable_pasids(struct smmu_driver *driver, struct actor *self, uint32_t id)
{
	const struct smmu_driver_env *env = &driver->env;
	struct smmu_pasids may = {.bits = driver->info.pasid_bits};

	if (may.bits && env->pasid_enable)
		env->pasid_enable(env->ats_ctx, self, id, &may);
	if (!driver->two_level_cd)
		may.bits = MIN(may.bits, CD_LEAF_BITS);
	return may;
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
	stream->table = NO_TABLE;
	memmove(&driver->stream[at + 1], &driver->stream[at],
		(driver->streams - at) * sizeof(driver->stream[0]));
	driver->stream[at] = stream;
	driver->streams++;
	return 0;
}

int stream_get(struct smmu_driver *driver, struct actor *self, uint32_t id, struct stream **stream)
{
	uint32_t at = stream_place(driver, id);
	bool is_new = at == driver->streams || driver->stream[at]->id != id;
	int err = strtab_prepare(driver, id);

	if (!err && is_new)
		err = stream_insert(driver, at, id);
	if (err)
		return err;
	*stream = driver->stream[at];
	if (is_new)
		(*stream)->may = enable_pasids(driver, self, id);
	return 0;
}

struct smmu_pasids smmu_driver_pasids(const struct smmu_driver *driver, uint32_t stream_id)
{
	const struct stream *stream = stream_find(driver, stream_id);

	return stream ? stream->may : (struct smmu_pasids){0};
}

static void trace_attach(const struct stream *stream, struct smmu_driver *driver,
			 enum trace_kind kind, uint64_t table)
{
	trace_emit(&driver->env.part, kind, stream->id, TRACE_NO_SUBSTREAM, table);
}

/* The stream no longer reaches what it was attached to. */
static void leave(struct smmu_driver *driver, struct actor *self, struct stream *stream,
		  struct smmu_domain *old, uint64_t table)
{
	/* A tag that is on no stream is left clean in the TLB. */
	if (old && !--old->attached)
		invalidate_domain(old, self);
	if (old || table == IDENTITY_TABLE)
		trace_attach(stream, driver, TRACE_IOMMU_DETACH, table);
}

static void put_ste(struct smmu_driver *driver, struct actor *self, struct stream *stream,
		    struct smmu_domain *domain, const uint64_t ste[STE_WORDS], uint64_t table)
{
	struct smmu_domain *old = stream->domain;
	uint64_t old_table = stream->table;

	ats_ste_changes(driver, self, stream, field_get(STE1_EATS, ste[1]) != STE1_EATS_UR);
	strtab_write(driver, self, stream->id, ste);
	stream->domain = domain;
	stream->identity = false;
	stream->table = table;
	ats_ste_changed(driver, self, stream);
	leave(driver, self, stream, old, old_table);
}

static int attach_domain(struct smmu_domain *domain, struct actor *self, struct stream *stream)
{
	struct smmu_driver *driver = domain->driver;
	uint64_t entry[STE_WORDS];
	bool ats;
	int err = 0;

	if (stream->domain == domain && stream->table == domain->id)
		return 0;
	if (domain->stage2 && stream->pasids)
		return -EBUSY;
	if (!domain->stage2)
		err = cd_prepare(driver, stream);
	if (err)
		return err;
	domain->attached++;
	trace_attach(stream, driver, TRACE_IOMMU_ATTACH, domain->id);
	ats = ats_supported(driver, self, stream->id);
	if (domain->stage2) {
		ste_make_s2(domain, entry, ats);
	} else {
		cd_make_s1(domain, entry);
		stall_cd(stream, entry);
		cd_write(driver, self, stream, 0, entry);
		ste_make_s1(driver, entry, &stream->cds, STE1_S1DSS_SSID0, ats);
	}
	stall_ste(stream, entry);
	put_ste(driver, self, stream, domain, entry, domain->id);
	return 0;
}

int smmu_domain_attach(struct smmu_domain *domain, struct actor *self, uint32_t stream_id)
{
	struct smmu_driver *driver = domain->driver;
	struct stream *stream;
	int err;

	sim_mutex_lock(self, &driver->attach_lock);
	err = stream_get(driver, self, stream_id, &stream);
	if (!err)
		err = attach_domain(domain, self, stream);
	sim_mutex_unlock(self, &driver->attach_lock);
	return err;
}

/* Identity or blocked; with substreams their context descriptors stay (arm_smmu_attach_dev_ste). */
static void make_plain(const struct smmu_driver *driver, struct actor *self,
		       const struct stream *stream, bool identity, uint64_t ste[STE_WORDS])
{
	if (stream->pasids)
		ste_make_s1(driver, ste, &stream->cds,
			    identity ? STE1_S1DSS_BYPASS : STE1_S1DSS_TERMINATE,
			    ats_supported(driver, self, stream->id));
	else if (identity)
		ste_make_bypass(driver, ste);
	else
		ste_make_abort(ste);
}

void stream_substreams_changed(struct smmu_driver *driver, struct actor *self,
			       struct stream *stream)
{
	uint64_t ste[STE_WORDS];

	/* Attached to a domain, it has an entry with context descriptors in any case. */
	if (stream->domain)
		return;
	make_plain(driver, self, stream, stream->identity, ste);
	ats_ste_changes(driver, self, stream, field_get(STE1_EATS, ste[1]) != STE1_EATS_UR);
	strtab_write(driver, self, stream->id, ste);
	ats_ste_changed(driver, self, stream);
}

/* Identity or blocked: the stream's own context descriptor is cleared behind its entry. */
static void attach_plain(struct smmu_driver *driver, struct actor *self, struct stream *stream,
			 bool identity)
{
	struct smmu_domain *old = stream->domain;
	uint64_t entry[STE_WORDS];

	if (identity && stream->identity)
		return;
	if (identity)
		trace_attach(stream, driver, TRACE_IOMMU_ATTACH, IDENTITY_TABLE);
	make_plain(driver, self, stream, identity, entry);
	put_ste(driver, self, stream, NULL, entry, identity ? IDENTITY_TABLE : NO_TABLE);
	stream->identity = identity;
	if (old && stream->cds.pa) {
		memset(entry, 0, sizeof(entry));
		cd_write(driver, self, stream, 0, entry);
	}
}

static int driver_attach(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
			 bool identity)
{
	struct stream *stream;
	int err;

	sim_mutex_lock(self, &driver->attach_lock);
	err = stream_get(driver, self, stream_id, &stream);
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

static int attach_nested(struct smmu_domain *parent, struct actor *self, struct stream *stream,
			 const uint64_t vste[2], uint64_t table)
{
	struct smmu_driver *driver = parent->driver;
	uint64_t eats = field_get(STE1_EATS, vste[1]);
	uint64_t entry[STE_WORDS];
	bool ats;

	if (!parent->stage2)
		return -EINVAL;
	if (eats != STE1_EATS_UR && eats != STE1_EATS_FULL)
		return -EIO;
	if (stream->pasids)
		return -EBUSY;
	ats = eats == STE1_EATS_FULL && ats_supported(driver, self, stream->id);
	parent->attached++;
	parent->nest_parent = true;
	trace_attach(stream, driver, TRACE_IOMMU_ATTACH, table);
	ste_make_nested(parent, vste, entry, ats);
	put_ste(driver, self, stream, parent, entry, table);
	return 0;
}

int smmu_domain_attach_nested(struct smmu_domain *parent, struct actor *self, uint32_t stream_id,
			      const uint64_t vste[2], uint64_t table)
{
	struct smmu_driver *driver = parent->driver;
	struct stream *stream;
	int err;

	sim_mutex_lock(self, &driver->attach_lock);
	err = stream_get(driver, self, stream_id, &stream);
	if (!err)
		err = attach_nested(parent, self, stream, vste, table);
	sim_mutex_unlock(self, &driver->attach_lock);
	return err;
}
