/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB invalidation without range commands (IDR3.RIL), as Linux 7.3 does it: a
 * command for each leaf, or one for the ASID when there are too many.
 */
#include "uapi/smmu-driver/smmu_driver_internal.h"

int invalidate_domain(const struct smmu_domain *domain, struct actor *self)
{
	struct command command = command_tlbi(CMD_TLBI_NH_ASID, domain->asid, 0, false);

	if (domain->stage2)
		command = command_tlbi_vmid(CMD_TLBI_S12_VMALL, domain->asid, 0, false);
	return cmdq_issue_sync(domain->driver, self, command);
}

/* One leaf. Of what a guest's stage 1 made of it nobody knows the addresses (see after). */
static struct command command_of(const struct smmu_domain *domain, uint64_t iova, bool leaf)
{
	if (domain->stage2)
		return command_tlbi_vmid(CMD_TLBI_S2_IPA, domain->asid, iova, leaf);
	return command_tlbi(CMD_TLBI_NH_VA, domain->asid, iova, leaf);
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
		err = batch_add(domain->driver, self, &batch, command_of(domain, at, leaf));
	if (!err && domain->nest_parent)
		err = batch_add(domain->driver, self, &batch,
				command_tlbi_vmid(CMD_TLBI_NH_ALL, domain->asid, 0, false));
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
		err = invalidate_domain(domain, self);
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
