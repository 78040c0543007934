/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What VFs share: the pool of queue pairs. Each VF is sure of as many as it begins with, by the
 * firmware's configuration or by its PF's driver; more are given while there are some (Linux
 * virtchnl.h, REQUEST_QUEUES).
 */
#include "pf-firmware/firmware_internal.h"

uint32_t resources_first_pairs(const struct firmware *fw)
{
	uint32_t all = nic_config(fw->nic)->queue_pairs;

	return fw->cfg.vf_queue_pairs ? MIN(fw->cfg.vf_queue_pairs, all) : all;
}

static uint32_t pool_pairs(const struct firmware *fw)
{
	const struct nic_cfg *nic = nic_config(fw->nic);

	return fw->cfg.queue_pairs ? MAX(fw->cfg.queue_pairs, nic->vfs * resources_first_pairs(fw))
				   : nic->vfs * nic->queue_pairs;
}

uint32_t resources_most_pairs(const struct fw_vf *vf)
{
	const struct firmware *fw = vf->fw;
	const struct nic_cfg *nic = nic_config(fw->nic);
	uint32_t others = 0;

	for (uint32_t i = 0; i < nic->vfs; i++)
		if (i != vf->index)
			others += MAX(fw->vf[i].queue_pairs, fw->vf[i].first_pairs);
	return MIN(pool_pairs(fw) - others, nic->queue_pairs);
}
