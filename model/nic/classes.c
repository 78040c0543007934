/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic classes: of the port, and of its transmit queues. Who sends when is tx_schedule.c's, who
 * is paused pause.c's.
 */
#include "model/nic/nic_internal.h"

static void begin_anew(struct nic_queue *queue, const struct nic_classes *classes)
{
	if (queue->context.class_index >= classes->count)
		queue->context.class_index = 0;
	pause_queue_forget(queue);
}

/* What waits is looked at anew; what is too full is told with its next frame. */
void nic_classes_set(struct nic *nic, const struct nic_classes *classes)
{
	struct tx_schedule *schedule = &nic->tx_schedule;
	uint32_t queues = 2 * nic->cfg.queue_pairs * nic->cfg.vfs;

	sim_assert(&nic->env.part, nic_classes_valid(classes));
	for (uint32_t i = 0; i < queues; i++)
		begin_anew(&nic->queues[i], classes);
	pause_reset(&nic->pause);
	memset(schedule->class_of, 0, sizeof(schedule->class_of));
	port_out_changed(&nic->port_out);
	schedule->classes = *classes;
	for (uint32_t i = 0; i < queues; i++)
		if (!nic->queues[i].rx)
			queue_run(&nic->queues[i]);
}

const struct nic_classes *nic_classes_get(const struct nic *nic)
{
	return &nic->tx_schedule.classes;
}

void nic_queue_class_set(struct nic *nic, uint32_t vf, uint32_t index, uint32_t class_index)
{
	struct nic_queue *queue = &nic->vf[vf].tx[index];

	sim_assert(&nic->env.part, class_index < nic_classes_get(nic)->count);
	queue->context.class_index = (uint8_t)class_index;
	queue_run(queue);
}
