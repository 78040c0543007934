/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB invalidation without range commands (IDR3.RIL), as Linux 7.3 does it: a
 * command for each leaf, or one for the ASID when there are too many.
 */
#include "uapi/smmu-driver/smmu_driver_internal.h"

int invalidate_asid(struct smmu_driver *driver, struct actor *self, uint16_t asid)
{
	return cmdq_issue_sync(driver, self, command_tlbi(CMD_TLBI_NH_ASID, asid, 0, false));
}

/* As many as a table of that granule has entries (arm_smmu_inv_size_too_big). */
static bool too_many(uint64_t len, uint64_t leaf_bytes)
{
	return len / leaf_bytes >= leaf_bytes / 8;
}

static int invalidate_leaves(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			     uint64_t len, uint64_t leaf_bytes, bool leaf)
{
	struct command_batch batch;
	int err = 0;

	batch_init(&batch);
	for (uint64_t at = iova; at < iova + len && !err; at += leaf_bytes)
		err = batch_add(domain->driver, self, &batch,
				command_tlbi(CMD_TLBI_NH_VA, domain->asid, at, leaf));
	return err ? err : batch_submit(domain->driver, self, &batch);
}

int invalidate_range(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len,
		     uint64_t leaf_bytes, bool leaf)
{
	int err;

	/* Where no stream is, no TLB entry is: attaching begins and ends with a clean ASID. */
	if (!domain->attached)
		return 0;
	if (too_many(len, leaf_bytes))
		err = invalidate_asid(domain->driver, self, domain->asid);
	else
		err = invalidate_leaves(domain, self, iova, len, leaf_bytes, leaf);
	return err ? err : ats_invalidate(domain, self, iova, len);
}

int gather_sync(struct smmu_domain *domain, struct actor *self, struct gather *gather)
{
	uint64_t iova = gather->iova, leaf_bytes = gather->leaf_bytes;

	if (!leaf_bytes)
		return 0;
	gather->leaf_bytes = 0;
	return invalidate_range(domain, self, iova, gather->end - iova, leaf_bytes, true);
}

void gather_add(struct smmu_domain *domain, struct actor *self, struct gather *gather,
		uint64_t iova, uint64_t len, uint64_t leaf_bytes)
{
	bool apart = iova > gather->end || iova + len < gather->iova;

	if (gather->queued || !len)
		return;
	if (gather->leaf_bytes && (gather->leaf_bytes != leaf_bytes || apart))
		gather_sync(domain, self, gather);
	if (!gather->leaf_bytes) {
		gather->iova = iova;
		gather->end = iova + len;
		gather->leaf_bytes = leaf_bytes;
		return;
	}
	gather->iova = MIN(gather->iova, iova);
	gather->end = MAX(gather->end, iova + len);
}
