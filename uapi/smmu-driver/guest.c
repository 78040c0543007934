/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's invalidations: its VMID and stream are ours to say
 * (arm_vsmmu_cache_invalidate).
 */
#include <errno.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

/* False: nothing that a guest may ask for. */
static bool convert(const struct smmu_domain *parent, uint32_t stream_id, struct command *command)
{
	uint64_t *word = command->word;

	switch (field_get(CMD0_OPCODE, word[0])) {
	case CMD_TLBI_NSNH_ALL:
		*command = command_tlbi_vmid(CMD_TLBI_NH_ALL, parent->asid, 0, false);
		return true;
	case CMD_TLBI_NH_VA:
	case CMD_TLBI_NH_VAA:
	case CMD_TLBI_NH_ALL:
	case CMD_TLBI_NH_ASID:
		word[0] = field_set(word[0], TLBI0_VMID, parent->asid);
		return true;
	case CMD_CFGI_CD:
	case CMD_CFGI_CD_ALL:
		word[0] = field_set(word[0], CMD0_STREAMID, stream_id);
		return true;
	case CMD_ATC_INV:
		word[0] = field_set(word[0], CMD0_STREAMID, stream_id);
		return parent->driver->ats;
	default:
		return false;
	}
}

int smmu_driver_guest_commands(struct smmu_domain *parent, struct actor *self, uint32_t stream_id,
			       const uint64_t (*command)[2], uint32_t count)
{
	struct smmu_driver *driver = parent->driver;
	struct command_batch batch;
	int err = 0;

	batch_init(&batch);
	for (uint32_t i = 0; i < count && !err; i++) {
		struct command converted = {{command[i][0], command[i][1]}};

		err = convert(parent, stream_id, &converted) ? 0 : -EIO;
		if (!err)
			err = batch_add(driver, self, &batch, converted);
	}
	return err ? err : batch_submit(driver, self, &batch);
}
