/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware of one VF: its life from reset to reset, stop and drain. */
#include "base/trace.h"
#include "model/nic/nic_internal.h"

static void vf_drain_poll(struct event *event, uint64_t now);

void nic_vf_init(struct nic_vf *vf, struct nic *nic, uint32_t index)
{
	vf->nic = nic;
	vf->index = index;
	vf->dma.pcie = pcie_device_vf(nic->env.device, index);
	vf->dma.log = &vf->log;
	event_init(&vf->drain_poll, vf_drain_poll);
	for (uint32_t q = 0; q < nic->cfg.queue_pairs; q++) {
		queue_init(&vf->tx[q], vf, false, q);
		queue_init(&vf->rx[q], vf, true, q);
	}
	for (uint32_t v = 0; v < nic->cfg.vectors; v++)
		vector_init(&vf->vector[v], vf, v);
}

void nic_vf_fini(struct nic_vf *vf)
{
	admin_queue_fini(&vf->aq);
	dma_log_fini(&vf->log);
}

static void vf_aq_interrupt(void *ctx)
{
	struct nic_vf *vf = ctx;

	vf->ops->admin_queue(vf->ctx);
}

struct nic_vf *nic_vf_bind(struct nic *nic, uint32_t index, const struct nic_vf_ops *ops, void *ctx,
			   struct regs *regs, const struct admin_queue_rows *rows)
{
	struct nic_vf *vf = &nic->vf[index];

	vf->ops = ops;
	vf->ctx = ctx;
	vf->regs = regs;
	if (admin_queue_init(&vf->aq, nic, index, &vf->dma, regs, rows))
		return NULL;
	vf->aq.interrupt = vf_aq_interrupt;
	vf->aq.ctx = vf;
	pcie_function_bind(vf->dma.pcie, &nic_vf_pcie_ops, vf);
	return vf;
}

struct admin_queue *nic_vf_admin_queue(struct nic_vf *vf)
{
	return &vf->aq;
}

/* --- Drain --- */

static void vf_look_soon(struct nic_vf *vf, uint64_t delay_ps)
{
	if (!event_pending(&vf->drain_poll))
		sim_after(vf->nic->env.part.sim, &vf->drain_poll, delay_ps);
}

static bool vf_queues_drained(const struct nic_vf *vf)
{
	for (uint32_t q = 0; q < vf->nic->cfg.queue_pairs; q++)
		if (!queue_is_drained(&vf->tx[q]) || !queue_is_drained(&vf->rx[q]))
			return false;
	return true;
}

bool nic_vf_drained(struct nic *nic, uint32_t index)
{
	const struct nic_vf *vf = &nic->vf[index];

	return !vf->dma.outstanding && !pcie_function_in_flight(vf->dma.pcie) &&
	       vf_queues_drained(vf) && admin_queue_idle(&vf->aq);
}

static void vf_tell_drained(struct nic_vf *vf)
{
	struct nic *nic = vf->nic;

	vf->drain_pending = false;
	if (vf->resetting) {
		vf->resetting = false;
		vf->aq.stopped = vf->stopped;
		vf->ops->reset_drained(vf->ctx);
		admin_queue_kick(&vf->aq);
	}
	if (nic->firmware)
		nic->firmware->vf_drained(nic->firmware_ctx, vf->index);
}

static void vf_drain_poll(struct event *event, uint64_t now)
{
	struct nic_vf *vf = CONTAINER_OF(event, struct nic_vf, drain_poll);

	if (!vf->drain_pending)
		return;
	if (nic_vf_drained(vf->nic, vf->index))
		vf_tell_drained(vf);
	else if (!vf->dma.outstanding)
		/* Only the function's own messages are left, or the firmware has ours. */
		vf_look_soon(vf, vf->nic->cfg.drain_poll_ps);
}

void nic_vf_check_drained(struct nic_vf *vf)
{
	if (vf->drain_pending)
		vf_look_soon(vf, 0);
}

static void vf_set_stopped(struct nic_vf *vf, uint32_t why)
{
	if (vf->stopped != why)
		trace_emit(&vf->nic->env.part, TRACE_VF_STOP, vf->index, why);
	vf->stopped = why;
}

/* --- Reset --- */

static void vf_hardware_reset(struct nic_vf *vf, enum nic_reset_cause cause)
{
	vf->dma.generation++;
	vf_set_stopped(vf, 0);
	vf->resetting = true;
	for (uint32_t q = 0; q < vf->nic->cfg.queue_pairs; q++) {
		queue_reset(&vf->tx[q]);
		queue_reset(&vf->rx[q]);
	}
	for (uint32_t v = 0; v < vf->nic->cfg.vectors; v++)
		vector_reset(&vf->vector[v]);
	admin_queue_reset(&vf->aq);
	vf->aq.stopped = true;
	vf->ops->reset(vf->ctx, cause);
	vf->drain_pending = true;
	vf_look_soon(vf, vf->nic->cfg.drain_poll_ps);
}

void nic_vf_reset(struct nic *nic, uint32_t index)
{
	vf_hardware_reset(&nic->vf[index], NIC_RESET_VFR);
}

void nic_vf_reset_after_ack(struct nic *nic, uint32_t index)
{
	nic->vf[index].aq.reset_follows = nic->vf[index].aq.reset_waits = true;
}

void nic_vf_reset_after_posts(struct nic *nic, uint32_t index)
{
	struct admin_queue *aq = &nic->vf[index].aq;

	aq->reset_follows = true;
	aq->reset_waits = false; /* its message may never be acknowledged */
	admin_queue_reset_if_due(aq);
}

bool nic_vf_reset_follows(const struct nic *nic, uint32_t index)
{
	return nic->vf[index].aq.reset_follows;
}

static void vf_pcie_reset(void *ctx, enum pcie_reset_cause cause)
{
	static const enum nic_reset_cause map[] = {
		[PCIE_RESET_FLR] = NIC_RESET_FLR,
		[PCIE_RESET_VF_ENABLE] = NIC_RESET_VF_ENABLE,
		[PCIE_RESET_VF_DISABLE] = NIC_RESET_VF_DISABLE,
	};
	struct nic_vf *vf = ctx;
	struct nic *nic = vf->nic;

	vf_hardware_reset(vf, map[cause]);
	memset(&vf->stats, 0, sizeof(vf->stats));
	/* The log is the device's, of writes that land whatever becomes of the function's state. */
	if (cause == PCIE_RESET_VF_DISABLE)
		nic_log_stop(nic, vf->index);
	if (nic->firmware)
		nic->firmware->vf_reset(nic->firmware_ctx, vf->index, map[cause]);
}

/* --- Stop and go --- */

void nic_vf_stop(struct nic *nic, uint32_t index, uint32_t why)
{
	struct nic_vf *vf = &nic->vf[index];

	if (!vf->stopped)
		for (uint32_t q = 0; q < nic->cfg.queue_pairs; q++) {
			queue_quiesce(&vf->tx[q], PACKET_DROP_VF_STOPPED);
			queue_quiesce(&vf->rx[q], PACKET_DROP_VF_STOPPED);
		}
	vf_set_stopped(vf, vf->stopped | why);
	vf->aq.stopped = true;
	vf->drain_pending = true;
	vf_look_soon(vf, 0);
}

void nic_vf_go(struct nic *nic, uint32_t index, uint32_t why)
{
	struct nic_vf *vf = &nic->vf[index];
	bool was_stopped = vf->stopped;

	vf_set_stopped(vf, vf->stopped & ~why);
	if (!was_stopped || vf->stopped)
		return;
	vf->aq.stopped = false;
	for (uint32_t q = 0; q < nic->cfg.queue_pairs; q++) {
		queue_run(&vf->tx[q]);
		queue_run(&vf->rx[q]);
	}
	for (uint32_t v = 0; v < nic->cfg.vectors; v++)
		vector_resume(&vf->vector[v]);
	admin_queue_kick(&vf->aq);
}

uint32_t nic_vf_stopped(struct nic *nic, uint32_t vf)
{
	return nic->vf[vf].stopped;
}

struct regs *nic_vf_regs(struct nic *nic, uint32_t vf)
{
	return nic->vf[vf].regs;
}

struct nic_vf_stats *nic_vf_stats_get(struct nic *nic, uint32_t vf)
{
	return &nic->vf[vf].stats;
}

void nic_rss_set(struct nic *nic, uint32_t vf, const struct rss *rss)
{
	nic->vf[vf].rss = *rss;
}

bool nic_vf_present(struct nic *nic, uint32_t vf)
{
	return vf < nic->cfg.vfs && nic->vf[vf].ops && pcie_function_present(nic->vf[vf].dma.pcie);
}

uint32_t nic_vf_pasid_bits(const struct nic *nic, uint32_t vf)
{
	return pcie_function_pasid_bits(nic->vf[vf].dma.pcie);
}

void nic_vf_set_rstat(struct nic *nic, uint32_t vf, uint32_t state)
{
	nic->vf[vf].ops->set_rstat(nic->vf[vf].ctx, state);
}

/* --- BAR0 --- */

static uint64_t vf_bar_read(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes)
{
	struct nic_vf *vf = ctx;

	return bar ? 0 : vf->ops->read(vf->ctx, (uint32_t)offset, len_bytes);
}

static void vf_bar_write(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes,
			 uint64_t value)
{
	struct nic_vf *vf = ctx;

	if (!bar)
		vf->ops->write(vf->ctx, (uint32_t)offset, len_bytes, value);
}

const struct pcie_function_ops nic_vf_pcie_ops = {
	.bar_read = vf_bar_read,
	.bar_write = vf_bar_write,
	.reset = vf_pcie_reset,
};
