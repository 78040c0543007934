/* SPDX-License-Identifier: Apache-2.0 */
/* Queues shared with the SMMU, and the threads that interrupts wake. */
#include <errno.h>
#include <stdio.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

int driver_queue_init(const struct smmu_driver *driver, struct driver_queue *q, uint8_t log2,
		      uint32_t entry_bytes)
{
	*q = (struct driver_queue){.log2 = log2, .entry_bytes = entry_bytes};
	q->pages = MAX(1, ((uint64_t)entry_bytes << log2) / PAGE_BYTES);
	q->pa = phys_alloc(driver, q->pages);
	return q->pa ? 0 : -ENOMEM;
}

uint32_t driver_queue_mask(const struct driver_queue *q)
{
	return (2u << q->log2) - 1;
}

uint64_t driver_queue_entry_pa(const struct driver_queue *q, uint32_t index)
{
	return q->pa + (uint64_t)(index & driver_queue_mask(q) >> 1) * q->entry_bytes;
}

#define OVERFLOW ((uint32_t)EVENTQ_PROD_OVFLG) /* and OVACKFLG, of both queues */

bool driver_queue_is_empty(const struct driver_queue *q)
{
	return !((q->prod ^ q->cons) & driver_queue_mask(q));
}

bool driver_queue_overflown(const struct driver_queue *q)
{
	return (q->prod ^ q->cons) & OVERFLOW;
}

static void consumed(struct smmu_driver *driver, struct actor *self, struct driver_queue *q,
		     uint32_t cons)
{
	q->cons = cons;
	driver_reg_write(driver, self, q->prod_register + 4, cons);
}

/* The SMMU hears of it at once, so that it has room again. */
bool driver_queue_take(struct smmu_driver *driver, struct actor *self, struct driver_queue *q,
		       uint64_t *record)
{
	if (driver_queue_is_empty(q))
		return false;
	phys_get(driver, driver_queue_entry_pa(q, q->cons), record, q->entry_bytes / 8);
	consumed(driver, self, q, (q->cons & OVERFLOW) | ((q->cons + 1) & driver_queue_mask(q)));
	return true;
}

bool driver_queue_look(struct smmu_driver *driver, struct actor *self, struct driver_queue *q)
{
	uint32_t before = q->prod;

	q->prod = driver_reg_read(driver, self, q->prod_register);
	return (q->prod ^ before) & OVERFLOW;
}

/* The flags are equal then (7.4, 8.1). */
void driver_queue_acknowledge(struct smmu_driver *driver, struct actor *self,
			      struct driver_queue *q)
{
	if (driver_queue_overflown(q))
		consumed(driver, self, q, (q->prod & OVERFLOW) | (q->cons & driver_queue_mask(q)));
}

int irq_thread_start(struct smmu_driver *driver, struct irq_thread *thread, const char *what,
		     void (*body)(struct actor *self, void *driver))
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", driver->env.part.name, what);
	thread->actor = actor_start(driver->env.part.sim, name, body, driver);
	return thread->actor ? 0 : -ENOMEM;
}

void irq_thread_wake(struct irq_thread *thread)
{
	thread->pending = true;
	waitq_wake(&thread->waiters);
}

void irq_thread_wait(struct actor *self, struct irq_thread *thread)
{
	while (!thread->pending)
		actor_wait(self, &thread->waiters, TIME_NEVER);
	thread->pending = false;
}

void irq_thread_stop(struct irq_thread *thread)
{
	if (thread->actor)
		actor_destroy(thread->actor);
	thread->actor = NULL;
}
