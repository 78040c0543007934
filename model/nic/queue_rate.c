/* SPDX-License-Identifier: Apache-2.0 */
/* The peak rate of a transmit queue. */
#include "model/nic/nic_internal.h"
#include "model/nic/tx_rate.h"

static void rate_due(struct event *event, uint64_t now)
{
	queue_run(CONTAINER_OF(event, struct nic_queue, rate_timer));
}

void queue_rate_init(struct nic_queue *queue)
{
	event_init(&queue->rate_timer, rate_due);
}

void queue_rate_reset(struct nic_queue *queue)
{
	calendar_cancel(&queue->vf->nic->env.part.sim->calendar, &queue->rate_timer);
	queue->rate_next_ps = 0;
}

bool queue_rate_waits(struct nic_queue *queue)
{
	struct sim *sim = queue->vf->nic->env.part.sim;
	uint64_t now = sim_now(sim);

	if (!queue->context.rate_kbps || now >= queue->rate_next_ps)
		return false;
	if (!event_pending(&queue->rate_timer))
		sim_after(sim, &queue->rate_timer, queue->rate_next_ps - now);
	return true;
}

void queue_rate_sent(struct nic_queue *queue, uint64_t len_bytes)
{
	queue->rate_next_ps =
		tx_rate_next(queue->rate_next_ps, sim_now(queue->vf->nic->env.part.sim), len_bytes,
			     queue->context.rate_kbps);
}

void nic_queue_rate_set(struct nic *nic, uint32_t vf, uint32_t index, uint32_t kbps)
{
	struct nic_queue *queue = &nic->vf[vf].tx[index];

	queue_rate_reset(queue);
	queue->context.rate_kbps = kbps;
	queue_run(queue);
}
