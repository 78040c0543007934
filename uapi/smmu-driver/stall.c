/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams whose faults wait for software (IHI 0070, 3.12.2), and who is told of
 * them (arm_smmu_master_sva_enable_iopf, arm_smmu_page_response).
 */
#include <errno.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

int smmu_driver_handle_faults(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
			      const struct smmu_fault_handler *handler, bool stall)
{
	struct stream *stream;
	int err = (stall && !driver->stalls) || (handler->pages && !driver->pri) ? -EOPNOTSUPP : 0;

	sim_mutex_lock(self, &driver->attach_lock);
	if (!err)
		err = stream_get(driver, self, stream_id, &stream);
	if (!err && stream->domain)
		err = -EBUSY;
	if (!err) {
		stream->stalls = stall;
		stream->handler = *handler;
	}
	sim_mutex_unlock(self, &driver->attach_lock);
	return err;
}

void stall_cd(const struct stream *stream, uint64_t cd[CD_WORDS])
{
	if (stream->stalls)
		cd[0] |= CD0_S;
}

void stall_ste(const struct stream *stream, uint64_t ste[STE_WORDS])
{
	if (!stream->stalls)
		return;
	ste[1] &= ~STE1_S1STALLD;
	if (field_get(STE0_CONFIG, ste[0]) == STE0_CONFIG_S2)
		ste[2] |= STE2_S2S;
}

bool stall_tell(struct smmu_driver *driver, const uint64_t record[EVENT_WORDS])
{
	const struct stream *stream =
		stream_find(driver, (uint32_t)field_get(EVENT0_STREAMID, record[0]));

	return stream && stream->handler.fault &&
	       stream->handler.fault(stream->handler.ctx, record);
}

int smmu_driver_resume(struct smmu_driver *driver, struct actor *self, const uint64_t record[4],
		       bool retry)
{
	struct command command = {
		{CMD_RESUME | (retry ? RESUME0_AC : RESUME0_AB) |
			 field_put(CMD0_STREAMID, field_get(EVENT0_STREAMID, record[0])),
		 field_put(RESUME1_STAG, field_get(EVENT1_STAG, record[1]))}};

	return cmdq_issue_sync(driver, self, command);
}
