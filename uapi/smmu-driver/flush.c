/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lazy unmapping (iommu.strict=0): ranges wait until so many are together or
 * the oldest is old enough, then one invalidation serves them all (the flush
 * queue of dma-iommu). Until then devices may still reach them.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

/* With flush_lock held. What is queued meanwhile waits for the next flush. */
static void flush(struct smmu_domain *domain, struct actor *self)
{
	struct smmu_driver *driver = domain->driver;
	struct flush_queue *q = domain->flush;
	uint32_t served = q->count;

	if (domain->attached) {
		invalidate_domain(domain, self);
		ats_invalidate(domain, self, 0, 0);
	}
	for (uint32_t i = 0; i < served; i++)
		trace_emit(&driver->env.part, TRACE_IOMMU_UNMAP, domain->id, q->range[i].iova,
			   q->range[i].len);
	q->count -= served;
	memmove(q->range, &q->range[served], q->count * sizeof(q->range[0]));
	q->due_ps = sim_now(driver->env.part.sim) + FLUSH_TIMEOUT_PS;
}

/* The domain whose queue is due first; NULL for none. */
static struct smmu_domain *first_due(struct smmu_driver *driver)
{
	struct smmu_domain *first = NULL;

	for (struct smmu_domain *at = driver->domains; at; at = at->next)
		if (at->flush->count && (!first || at->flush->due_ps < first->flush->due_ps))
			first = at;
	return first;
}

/* Sleeps until a queue is due; a lock keeps its domain in place while it is flushed. */
static void flusher(struct actor *self, void *arg)
{
	struct smmu_driver *driver = arg;

	for (;;) {
		struct smmu_domain *domain;

		sim_mutex_lock(self, &driver->flush_lock);
		domain = first_due(driver);
		if (domain && domain->flush->due_ps <= sim_now(driver->env.part.sim)) {
			flush(domain, self);
			sim_mutex_unlock(self, &driver->flush_lock);
			continue;
		}
		sim_mutex_unlock(self, &driver->flush_lock);
		actor_wait(self, &driver->flusher.waiters,
			   domain ? domain->flush->due_ps : TIME_NEVER);
	}
}

int flush_init(struct smmu_driver *driver)
{
	if (!driver->cfg.lazy_unmap)
		return 0;
	return irq_thread_start(driver, &driver->flusher, "flush", flusher);
}

void flush_queue_add(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len)
{
	struct smmu_driver *driver = domain->driver;
	struct flush_queue *q = domain->flush;

	if (q->count == FLUSH_QUEUE_RANGES) {
		sim_mutex_lock(self, &driver->flush_lock);
		flush(domain, self);
		sim_mutex_unlock(self, &driver->flush_lock);
	}
	if (!q->count)
		q->due_ps = sim_now(driver->env.part.sim) + FLUSH_TIMEOUT_PS;
	q->range[q->count++] = (struct flush_range){iova, len};
	waitq_wake(&driver->flusher.waiters);
}

void flush_before_reuse(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len)
{
	struct smmu_driver *driver = domain->driver;
	struct flush_queue *q = domain->flush;

	for (uint32_t i = 0; q && i < q->count; i++) {
		if (q->range[i].iova >= iova + len || iova >= q->range[i].iova + q->range[i].len)
			continue;
		sim_mutex_lock(self, &driver->flush_lock);
		flush(domain, self);
		sim_mutex_unlock(self, &driver->flush_lock);
		return;
	}
}

void flush_domain_added(struct smmu_domain *domain)
{
	domain->next = domain->driver->domains;
	domain->driver->domains = domain;
}

void flush_domain_gone(struct smmu_domain *domain, struct actor *self)
{
	struct smmu_driver *driver = domain->driver;
	struct smmu_domain **link = &driver->domains;

	sim_mutex_lock(self, &driver->flush_lock);
	flush(domain, self);
	while (*link != domain)
		link = &(*link)->next;
	*link = domain->next;
	sim_mutex_unlock(self, &driver->flush_lock);
}
