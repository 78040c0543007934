/* SPDX-License-Identifier: Apache-2.0 */
#include "vf/vf.h"

#include <stdlib.h>

#include "base/trace.h"
#include "model/nic/vf_block.h"
#include "vf/vf_internal.h"

static uint32_t vf_icr0(const struct vf *vf)
{
	return (uint32_t)regs_get(&vf->regs, VF_ROW_ICR01, 0);
}

/* Vector 0 fires for causes that ICR0_ENA1 enables; ICR01 keeps them until it is read. */
void vf_other_cause(struct vf *vf, uint32_t causes)
{
	uint32_t cause = vf_icr0(vf) | causes;

	if (cause & ~ICR0_INTEVENT)
		cause |= ICR0_INTEVENT;
	regs_set(&vf->regs, VF_ROW_ICR01, 0, cause);
	if (cause & regs_get(&vf->regs, VF_ROW_ICR0_ENA1, 0))
		nic_vf_cause(vf->block, 0, ITR_NONE);
}

static uint64_t vf_read(void *ctx, uint32_t offset, uint32_t len_bytes)
{
	struct vf *vf = ctx;
	uint64_t value;

	regs_read(&vf->regs, offset, len_bytes, &value);
	return value;
}

static void vf_write(void *ctx, uint32_t offset, uint32_t len_bytes, uint64_t value)
{
	struct vf *vf = ctx;

	regs_write(&vf->regs, offset, len_bytes, value);
}

static void vf_set_rstat(void *ctx, uint32_t state)
{
	struct vf *vf = ctx;
	uint64_t before = regs_get(&vf->regs, VF_ROW_RSTAT, 0);

	regs_set(&vf->regs, VF_ROW_RSTAT, 0, field_put(VFGEN_RSTAT_VFR_STATE, state));
	trace_emit(nic_part(vf->nic), TRACE_VF_STATE, vf->index, before, state);
}

static void vf_reset(void *ctx, enum nic_reset_cause cause)
{
	struct vf *vf = ctx;
	uint64_t before = regs_get(&vf->regs, VF_ROW_RSTAT, 0);

	regs_reset(&vf->regs);
	trace_emit(nic_part(vf->nic), TRACE_VF_STATE, vf->index, before, VFR_INPROGRESS);
}

static void vf_reset_drained(void *ctx)
{
	vf_set_rstat(ctx, VFR_COMPLETED);
}

static void vf_admin_queue(void *ctx)
{
	vf_other_cause(ctx, ICR0_ADMINQ);
}

static const struct nic_vf_ops vf_ops = {
	.read = vf_read,
	.write = vf_write,
	.reset = vf_reset,
	.reset_drained = vf_reset_drained,
	.admin_queue = vf_admin_queue,
	.set_rstat = vf_set_rstat,
};

struct vf *vf_create(struct nic *nic, uint32_t index, const struct vf *like)
{
	struct vf *vf = calloc(1, sizeof(*vf));

	if (!vf)
		return NULL;
	vf->nic = nic;
	vf->index = index;
	vf->queues = nic_config(nic)->queue_pairs;
	vf->vectors = nic_config(nic)->vectors;
	if (regs_init_like(&vf->regs, vf_reg_table(), like ? &like->regs : NULL, vf))
		goto no_memory;
	vf->block = nic_vf_bind(nic, index, &vf_ops, vf, &vf->regs, &vf_admin_queue_rows);
	if (!vf->block)
		goto no_memory;
	return vf;

no_memory:
	vf_destroy(vf);
	return NULL;
}

void vf_destroy(struct vf *vf)
{
	if (!vf)
		return;
	regs_fini(&vf->regs);
	free(vf);
}
