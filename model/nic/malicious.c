/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Malicious driver detection: a transmit queue whose driver breaks a rule stops, alone, and the
 * PF is told by registers and an interrupt (X710: GL_MDET_TX and VP_MDET_TX;
 * Linux i40e_handle_mdd_event reads and clears them).
 */
#include "base/trace.h"
#include "model/nic/nic_internal.h"

void queue_malicious(struct nic_queue *queue, enum mdd_event event)
{
	struct nic_vf *vf = queue->vf;

	trace_emit(&vf->nic->env.part, TRACE_MDD_EVENT, vf->index, queue->index, event);
	vf->mdd_events++;
	/* Packets that were begun leave; what is behind them is not the device's any more. */
	queue_stop(queue, PACKET_DROP_QUEUE_DISABLED);
	nic_pf_mdd(vf->nic, vf->index, vf->index * vf->nic->cfg.queue_pairs + queue->index, event);
}

uint64_t nic_vf_mdd_events(const struct nic *nic, uint32_t vf)
{
	return nic->vf[vf].mdd_events;
}
