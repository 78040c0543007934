/* SPDX-License-Identifier: Apache-2.0 */
/* VFs whose drivers the device has found malicious. */
#include "host/pf-driver/pf_driver_internal.h"

uint32_t pf_driver_mdd_check(struct pf_driver *d, struct actor *self)
{
	uint32_t first = pf_reg_read(d, self, GL_MDET_TX);
	uint32_t found = 0;

	if (!(first & GL_MDET_TX_VALID))
		return 0;
	sim_log(&d->env.part, LOG_WARNING, "malicious driver: event %u on Tx queue %u of VF %u",
		(uint32_t)field_get(GL_MDET_TX_EVENT, first),
		(uint32_t)field_get(GL_MDET_TX_QUEUE, first),
		(uint32_t)field_get(GL_MDET_TX_VF_NUM, first));
	pf_reg_write(d, self, GL_MDET_TX, UINT32_MAX);
	for (uint32_t vf = 0; vf < d->cfg.num_vfs; vf++) {
		if (!(pf_reg_read(d, self, VP_MDET_TX(vf)) & VP_MDET_TX_VALID))
			continue;
		pf_reg_write(d, self, VP_MDET_TX(vf), 0xffff);
		d->vf[vf].mdd_count++;
		found++;
	}
	return found;
}

uint32_t pf_driver_mdd_count(const struct pf_driver *d, uint32_t vf)
{
	return vf < d->cfg.num_vfs ? d->vf[vf].mdd_count : 0;
}
