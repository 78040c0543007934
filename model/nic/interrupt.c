/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt vectors of a VF: DYN_CTL and throttling (X710 datasheet, section 7.5:
 * ITR; auto-mask clears INTENA when the interrupt fires).
 *
 * A cause waits until its throttling interval since the vector last fired is
 * over; then the vector's queues write back what they gathered and, if enabled,
 * the MSI-X follows those writes.
 */
#include "base/trace.h"
#include "model/nic/nic_internal.h"

static void vector_timer(struct event *event, uint64_t now);

void vector_init(struct nic_vector *vector, struct nic_vf *vf, uint32_t index)
{
	vector->vf = vf;
	vector->index = index;
	event_init(&vector->timer, vector_timer);
	vector_reset(vector);
}

void vector_reset(struct nic_vector *vector)
{
	calendar_cancel(&vector->vf->nic->env.part.sim->calendar, &vector->timer);
	vector->enabled = vector->pending = vector->wb_on_itr = vector->has_fired = false;
	vector->itr_shown = 0;
	vector->due_ps = TIME_NEVER;
	for (uint32_t i = 0; i < ARRAY_LEN(vector->itr); i++)
		vector->itr[i] = 0;
}

static uint64_t vector_now(const struct nic_vector *vector)
{
	return sim_now(vector->vf->nic->env.part.sim);
}

/* When a cause under interval `itr_index` may fire. */
static uint64_t vector_due(const struct nic_vector *vector, uint32_t itr_index)
{
	uint64_t now = vector_now(vector);
	uint64_t due;

	if (itr_index >= ARRAY_LEN(vector->itr))
		return now;
	now += vector->vf->nic->cfg.interrupt_ps;
	if (!vector->has_fired)
		return now;
	due = vector->fired_ps + vector->itr[itr_index] * ITR_UNIT_PS;
	return MAX(due, now);
}

static void vector_flush(struct nic_vector *vector)
{
	struct nic_vf *vf = vector->vf;

	for (uint32_t q = 0; q < vf->nic->cfg.queue_pairs; q++) {
		if (vf->rx[q].context.vector == vector->index)
			queue_flush(&vf->rx[q]);
		if (vf->tx[q].context.vector == vector->index)
			queue_flush(&vf->tx[q]);
	}
}

void vector_fired(struct nic_vector *vector)
{
	vector->pending = false;
	vector->enabled = false;
	vector->has_fired = true;
	vector->fired_ps = vector_now(vector);
	vector->due_ps = TIME_NEVER;
	calendar_cancel(&vector->vf->nic->env.part.sim->calendar, &vector->timer);
}

/* Planted fault: the interrupt leaves before a write-back that it announces. True if it did. */
static bool vector_misfire(struct nic_vector *vector)
{
	struct nic_vf *vf = vector->vf;
	struct fault_plan *faults = &vf->nic->env.part.sim->faults;

	if (!fault_armed(faults, FAULT_MSIX_BEFORE_DATA) || !vector->enabled || !vector->index ||
	    vf->nic->sw->tagged < FAULT_FROM_PACKET)
		return false;
	for (uint32_t q = 0; q < vf->nic->cfg.queue_pairs; q++) {
		struct nic_queue *queue = &vf->rx[q];

		if (queue->context.vector != vector->index || !queue->wb_count ||
		    !fault_fires(faults, FAULT_MSIX_BEFORE_DATA))
			continue;
		vector_fired(vector);
		queue_raise_first(queue);
		return true;
	}
	return false;
}

/* The time of a waiting cause has come. */
static void vector_expire(struct nic_vector *vector)
{
	if (vector_misfire(vector))
		return;
	if (vector->index)
		vector_flush(vector);
	if (vector->enabled) {
		vector_fired(vector);
		dma_raise(&vector->vf->nic->dma, &vector->vf->dma, vector->index);
	} else {
		/* WB_ON_ITR: the next interval begins here, too. */
		vector->has_fired = true;
		vector->fired_ps = vector_now(vector);
		vector->due_ps = TIME_NEVER;
	}
}

static void vector_timer(struct event *event, uint64_t now)
{
	struct nic_vector *vector = CONTAINER_OF(event, struct nic_vector, timer);

	if (vector->pending && nic_vf_runs(vector->vf) && (vector->enabled || vector->wb_on_itr))
		vector_expire(vector);
}

/* Fire when due, now if that is now. */
static void vector_arm(struct nic_vector *vector)
{
	struct sim *sim = vector->vf->nic->env.part.sim;

	if (!nic_vf_runs(vector->vf) || !(vector->enabled || vector->wb_on_itr))
		return;
	if (vector->due_ps <= sim_now(sim))
		vector_expire(vector);
	else
		calendar_schedule(&sim->calendar, &vector->timer, vector->due_ps);
}

bool vector_ready(const struct nic_vector *vector, uint32_t itr_index)
{
	return vector->enabled && nic_vf_runs(vector->vf) &&
	       vector_due(vector, itr_index) <= vector_now(vector);
}

void vector_cause(struct nic_vector *vector, uint32_t itr_index)
{
	uint64_t due = vector_due(vector, itr_index);

	vector->pending = true;
	if (event_pending(&vector->timer) && vector->due_ps <= due)
		return;
	vector->due_ps = MIN(vector->due_ps, due);
	vector_arm(vector);
}

void vector_resume(struct nic_vector *vector)
{
	if (!vector->pending)
		return;
	if (vector->due_ps == TIME_NEVER)
		vector->due_ps = vector_now(vector);
	vector_arm(vector);
}

void nic_vf_cause(struct nic_vf *vf, uint32_t vector, uint32_t itr_index)
{
	if (vector < vf->nic->cfg.vectors)
		vector_cause(&vf->vector[vector], itr_index);
}

void nic_vf_dyn_ctl_write(struct nic_vf *vf, uint32_t index, uint32_t value)
{
	struct nic_vector *vector = &vf->vector[index];
	uint32_t itr_index = (uint32_t)field_get(DYN_CTL_ITR_INDX, value);

	if (itr_index < ARRAY_LEN(vector->itr))
		vector->itr[itr_index] = (uint16_t)field_get(DYN_CTL_INTERVAL, value);
	vector->itr_shown = (uint8_t)itr_index;
	vector->wb_on_itr = value & DYN_CTL_WB_ON_ITR;
	if (value & DYN_CTL_CLEARPBA) {
		vector->pending = false;
		vector->due_ps = TIME_NEVER;
	}
	if (!(value & DYN_CTL_INTENA_MSK))
		vector->enabled = value & DYN_CTL_INTENA;
	if (value & DYN_CTL_SWINT_TRIG)
		vector_cause(vector, value & DYN_CTL_SW_ITR_INDX_ENA
					     ? (uint32_t)field_get(DYN_CTL_SW_ITR_INDX, value)
					     : ITR_NONE);
	else if (vector->pending && !event_pending(&vector->timer))
		vector_resume(vector);
}

uint32_t nic_vf_dyn_ctl_read(const struct nic_vf *vf, uint32_t index)
{
	const struct nic_vector *vector = &vf->vector[index];
	uint32_t value = (uint32_t)field_put(DYN_CTL_ITR_INDX, vector->itr_shown);

	if (vector->enabled)
		value |= DYN_CTL_INTENA;
	if (vector->wb_on_itr)
		value |= (uint32_t)DYN_CTL_WB_ON_ITR;
	return value;
}

void nic_vf_itr_write(struct nic_vf *vf, uint32_t vector, uint32_t index, uint32_t value)
{
	vf->vector[vector].itr[index] = (uint16_t)(value & ITR_INTERVAL);
}

uint32_t nic_vf_itr_read(const struct nic_vf *vf, uint32_t vector, uint32_t index)
{
	return vf->vector[vector].itr[index];
}

void nic_vector_get(struct nic *nic, uint32_t vf, uint32_t index, struct nic_vector_state *state)
{
	const struct nic_vector *vector = &nic->vf[vf].vector[index];

	state->dyn_ctl = nic_vf_dyn_ctl_read(&nic->vf[vf], index);
	for (uint32_t i = 0; i < ARRAY_LEN(vector->itr); i++)
		state->itr[i] = vector->itr[i];
	state->pending = vector->pending || pcie_function_msix_pending(nic->vf[vf].dma.pcie, index);
}

void nic_vector_set(struct nic *nic, uint32_t vf, uint32_t index,
		    const struct nic_vector_state *state)
{
	struct nic_vector *vector = &nic->vf[vf].vector[index];

	vector_reset(vector);
	vector->enabled = state->dyn_ctl & DYN_CTL_INTENA;
	vector->wb_on_itr = state->dyn_ctl & DYN_CTL_WB_ON_ITR;
	vector->itr_shown = (uint8_t)field_get(DYN_CTL_ITR_INDX, state->dyn_ctl);
	for (uint32_t i = 0; i < ARRAY_LEN(vector->itr); i++)
		vector->itr[i] = (uint16_t)(state->itr[i] & ITR_INTERVAL);
	vector->pending = state->pending;
}
