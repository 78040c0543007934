/* SPDX-License-Identifier: Apache-2.0 */
/* A function's life: its resets, and the DMA it has under way. */
#include <errno.h>
#include <stdlib.h>

#include "base/trace.h"
#include "model/pcie/aer.h"
#include "model/pcie/device_internal.h"
#include "model/pcie/split.h"

#define COMPLETION_TIMEOUT_PS (50 * PS_PER_MS)

static void flr_done(struct event *event, uint64_t now);

/* VFs are of one kind: what follows from the tables the first one has for all. */
static int init_registers(struct pcie_function *fn)
{
	struct pcie_device *device = fn->device;
	const struct pcie_function *first = &device->function[fn->is_vf];
	const struct pcie_function *like = fn != first ? first : NULL;
	int err = regs_init_like(&fn->config, &device->config_layout[fn->is_vf].table,
				 like ? &like->config : NULL, fn);

	return err ? err
		   : regs_init_like(&fn->msix, &device->msix_layout[fn->is_vf].table,
				    like ? &like->msix : NULL, fn);
}

int pcie_function_init(struct pcie_function *fn, struct pcie_device *device, bool vf,
		       uint16_t routing)
{
	int err;

	fn->device = device;
	fn->is_vf = vf;
	fn->present = !vf;
	fn->routing = routing;
	event_init(&fn->flr_event, flr_done);
	fn->msix_pending = calloc((function_cfg(fn)->msix_vectors + 63u) / 64, sizeof(uint64_t));
	if (!fn->msix_pending)
		return -ENOMEM;
	err = init_registers(fn);
	if (!err && !vf)
		pcie_device_control_changed(device);
	return err ? err : pcie_atc_init(fn);
}

void pcie_function_fini(struct pcie_function *fn)
{
	free(fn->msix_pending);
	pcie_atc_fini(fn);
	regs_fini(&fn->config);
	regs_fini(&fn->msix);
}

void pcie_function_bind(struct pcie_function *fn, const struct pcie_function_ops *ops, void *ctx)
{
	fn->ops = ops;
	fn->ctx = ctx;
}

uint16_t pcie_function_rid(const struct pcie_function *fn)
{
	return (uint16_t)((fn->device->bus << 8) + fn->routing);
}

bool pcie_function_present(const struct pcie_function *fn)
{
	return fn->present;
}

bool pcie_function_bus_master(const struct pcie_function *fn)
{
	return (fn->bus_master && !pcie_function_asleep(fn)) ||
	       function_cfg(fn)->ignores_bus_master;
}

bool pcie_function_in_reset(const struct pcie_function *fn)
{
	return fn->in_reset;
}

uint32_t pcie_function_pasid_bits(const struct pcie_function *fn)
{
	const struct pcie_device *device = fn->device;

	if (!device->cfg.pasid_bits ||
	    !(pcie_config_get(&device->function[0], AT_PASID + PASID_CONTROL) & PASID_ENABLE))
		return 0;
	return device->cfg.pasid_bits;
}

uint32_t pcie_function_in_flight(const struct pcie_function *fn)
{
	return fn->in_flight;
}

/* ---- reset ---- */

void pcie_function_reset(struct pcie_function *fn, enum regs_reset reach)
{
	struct calendar *calendar = &fn->device->env.part.sim->calendar;

	calendar_cancel(calendar, &fn->flr_event);
	regs_reset_as(&fn->config, reach);
	fn->asleep = false;
	pcie_msix_reset(fn);
	fn->in_reset = false;
	fn->bus_master = false;
	fn->reads_pending = 0;
	fn->resets++;
	if (!fn->is_vf)
		pcie_device_control_changed(fn->device);
	pcie_atc_reset(fn);
}

void pcie_function_start_flr(struct pcie_function *fn)
{
	struct pcie_device *device = fn->device;
	const struct sim_part *part = &device->env.part;
	uint64_t reads = fn->reads_pending, writes = fn->in_flight - reads;

	if (!fn->is_vf)
		pcie_sriov_disable(device);
	pcie_function_reset(fn, REGS_RESET_PART);
	pcie_device_remap(device);
	fn->in_reset = true;
	trace_emit(part, TRACE_FUNCTION_RESET, pcie_function_rid(fn), PCIE_RESET_FLR, reads,
		   writes);
	sim_after(part->sim, &fn->flr_event, part->sim->untimed ? 0 : device->cfg.flr_ps);
	if (fn->ops && fn->ops->reset)
		fn->ops->reset(fn->ctx, PCIE_RESET_FLR);
}

void pcie_device_reset(struct pcie_device *device, bool cold)
{
	struct pcie_function *pf = &device->function[0];

	device->resets++;
	pcie_sriov_disable(device);
	pcie_function_reset(pf, cold ? REGS_RESET_COLD : REGS_RESET_WARM);
	pcie_device_remap(device);
	if (pf->ops && pf->ops->reset)
		pf->ops->reset(pf->ctx, PCIE_RESET_CONVENTIONAL);
}

static void flr_done(struct event *event, uint64_t now)
{
	struct pcie_function *fn = CONTAINER_OF(event, struct pcie_function, flr_event);

	fn->in_reset = false;
	if (fn->ops && fn->ops->reset_done)
		fn->ops->reset_done(fn->ctx);
}

void pcie_function_set_bus_master(struct pcie_function *fn, bool on)
{
	fn->bus_master = on;
	if (fn->ops && fn->ops->bus_master)
		fn->ops->bus_master(fn->ctx, on && !pcie_function_asleep(fn));
	pcie_msix_flush(fn);
}

/* ---- DMA ---- */

/* Status register: how a request of this function ended (7.5.1.1.4). */
static void note_status(struct pcie_function *fn, enum tlp_status status)
{
	uint64_t bit = status == TLP_CA ? STATUS_RECEIVED_TA : STATUS_RECEIVED_MA;

	if (status != TLP_CA && status != TLP_UR)
		return;
	pcie_config_set(fn, CFG_COMMAND, pcie_config_get(fn, CFG_COMMAND) | bit);
}

static bool is_stale(const struct tlp *tlp)
{
	const struct pcie_function *fn = tlp->function;

	return tlp->function_resets != fn->resets;
}

static void end_request(struct tlp *tlp, uint64_t now)
{
	struct pcie_function *fn = tlp->function;

	fn->in_flight--;
	tlp->done = tlp->requester_done;
	tlp->discarded = is_stale(tlp);
	if (tlp->ats.cached)
		pcie_atc_done(fn, tlp);
	if (!tlp_is_posted(tlp) && !tlp->discarded) {
		fn->reads_pending--;
		if (tlp->status != TLP_SC && !tlp->ats.denied)
			note_status(fn, tlp->status);
	}
	tlp->done(tlp, now);
}

/* A non-fatal error: nothing here would ask again (6.2.3.2.4.4). */
static void timeout_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);

	tlp->status = TLP_TIMED_OUT;
	if (!is_stale(tlp))
		pcie_function_error(tlp->function, PCIE_ERROR_COMPLETION_TIMEOUT, false, NULL);
	end_request(tlp, now);
}

/* No completion will come: the object is not the requester's before its time is up (2.8). */
static void await_timeout(struct tlp *tlp, uint64_t now)
{
	struct pcie_function *fn = tlp->function;
	uint64_t timeout_ps = fn->device->cfg.completion_timeout_ps;
	uint64_t due_ps = tlp->sent_ps + (timeout_ps ? timeout_ps : COMPLETION_TIMEOUT_PS);

	tlp->lost = false;
	event_init(&tlp->event, timeout_fire);
	calendar_schedule(&fn->device->env.part.sim->calendar, &tlp->event, MAX(due_ps, now));
}

/* Every request of a function ends here, then at its requester. */
static void request_done(struct tlp *tlp, uint64_t now)
{
	if (tlp->lost && !tlp_is_posted(tlp)) {
		await_timeout(tlp, now);
		return;
	}
	end_request(tlp, now);
}

/*
 * What completes a request, before it does: a completion that answers nothing is an
 * advisory error (6.2.3.2.4.5), poisoned data an error of who asked for it. A
 * function that was reset meanwhile has forgotten what it asked (6.6.2).
 */
void pcie_function_completion(struct tlp *tlp)
{
	struct pcie_function *fn = tlp->function;

	if (is_stale(tlp))
		return;
	if (tlp->lost)
		pcie_function_error(fn, PCIE_ERROR_UNEXPECTED_COMPLETION, true, tlp);
	if (!tlp->poisoned)
		return;
	pcie_function_error(fn, PCIE_ERROR_POISONED, false, tlp);
	tlp->status = TLP_POISONED;
}

void pcie_function_abort(struct pcie_function *fn)
{
	fn->aborts = true;
}

static void refused_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);

	tlp->status = TLP_UR;
	end_request(tlp, now);
}

void pcie_function_refuse(struct pcie_function *fn, struct tlp *tlp)
{
	event_init(&tlp->event, refused_fire);
	sim_after(fn->device->env.part.sim, &tlp->event, 0);
}

/* Bus Master Enable is about memory requests; messages may go (7.5.1.1.3). */
static bool may_leave(const struct pcie_function *fn, const struct tlp *tlp)
{
	return tlp->type > TLP_MWR || (pcie_function_bus_master(fn) &&
				       (!tlp->pasid_valid || pcie_function_pasid_bits(fn)));
}

void pcie_function_send(struct pcie_function *fn, struct tlp *tlp)
{
	struct pcie_device *device = fn->device;

	sim_assert(&device->env.part,
		   tlp->addr % PCIE_BOUNDARY_BYTES + tlp->len_bytes <= PCIE_BOUNDARY_BYTES);
	sim_assert(&device->env.part, !tlp->pasid_valid || !(tlp->pasid >> device->cfg.pasid_bits));
	tlp->requester_id = pcie_function_rid(fn);
	tlp->status = TLP_SC;
	tlp->discarded = tlp->lost = tlp->poisoned = tlp->peer = false;
	tlp->sent_ps = sim_now(device->env.part.sim);
	tlp->function = fn;
	tlp->function_resets = fn->resets;
	tlp->requester_done = tlp->done;
	tlp->done = request_done;
	tlp->max_payload = device->max_payload;
	tlp->max_read_request = device->max_read_request;
	tlp->relaxed &= device->relaxed;
	tlp->id_ordered &= device->ido_requests;
	fn->in_flight++;
	fn->reads_pending += !tlp_is_posted(tlp);
	tlp->ats.denied = tlp->ats.cached = false;
	tlp->ats.iova = tlp->addr;
	if (!may_leave(fn, tlp))
		pcie_function_refuse(fn, tlp);
	else if (!fn->atc || !pcie_atc_takes(fn, tlp))
		device->egress.request(device->egress.ctx, tlp);
}
