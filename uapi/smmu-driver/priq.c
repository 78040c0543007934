/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page request queue (IHI 0070, chapter 8). The thread, its overflow and what
 * happens to requests that nobody takes are Linux's arm_smmu_priq_thread and
 * arm_smmu_handle_ppr, which take none: each group is denied at its last request.
 * Linux's driver never switches a device's page requests on.
 *
 * Ours is that a stream may have a handler of its groups. They are put together
 * as Linux's io-pgfault does it for other IOMMUs (iommu_report_device_fault):
 * requests wait for the last of their group, an overflow discards those that wait
 * (iopf_queue_discard_partial), since the last may be lost, and one page that cannot
 * be had makes the whole group invalid.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

int smmu_driver_answer_pages(struct smmu_driver *driver, struct actor *self,
			     const struct smmu_page_group *group, enum smmu_page_answer answer)
{
	static const uint64_t resp[] = {
		[SMMU_PAGES_FAILURE] = PRI_RESP_FAILURE,
		[SMMU_PAGES_INVALID] = PRI_RESP_INVALID,
		[SMMU_PAGES_SUCCESS] = PRI_RESP_SUCCESS,
	};
	struct command command = {{CMD_PRI_RESP | field_put(CMD0_STREAMID, group->stream_id),
				   field_put(PRI_RESP1_GROUP, group->index) |
					   field_put(PRI_RESP1_RESP, resp[answer])}};

	if (group->has_pasid)
		command.word[0] |= CMD0_SSV | field_put(CMD0_SUBSTREAMID, group->pasid);
	/* A SYNC would say nothing of it (arm_smmu_page_response). */
	return cmdq_issue(driver, self, &command, 1, false);
}

/* ---- groups ---- */

static bool is_of(const struct smmu_page_group *group, const uint64_t word[PRI_WORDS])
{
	return group->stream_id == field_get(PRI0_STREAMID, word[0]) &&
	       group->index == field_get(PRI1_GROUP, word[1]) &&
	       group->has_pasid == !!(word[0] & PRI0_SSV) &&
	       group->pasid == field_get(PRI0_SUBSTREAMID, word[0]);
}

/* The group that a request belongs to, a new one if it is the first; NULL without memory. */
static struct partial_group *find_or_begin(struct priq *priq, const uint64_t word[PRI_WORDS])
{
	struct partial_group *partial = priq->partial;

	while (partial && !is_of(&partial->group, word))
		partial = partial->next;
	if (partial)
		return partial;
	partial = calloc(1, sizeof(*partial));
	if (!partial)
		return NULL;
	partial->group.stream_id = (uint32_t)field_get(PRI0_STREAMID, word[0]);
	partial->group.pasid = (uint32_t)field_get(PRI0_SUBSTREAMID, word[0]);
	partial->group.has_pasid = word[0] & PRI0_SSV;
	partial->group.index = (uint16_t)field_get(PRI1_GROUP, word[1]);
	partial->next = priq->partial;
	priq->partial = partial;
	return partial;
}

static void forget(struct priq *priq, struct partial_group *partial)
{
	struct partial_group **link = &priq->partial;

	while (*link != partial)
		link = &(*link)->next;
	*link = partial->next;
	free(partial);
}

static void add_page(struct partial_group *partial, const uint64_t word[PRI_WORDS])
{
	struct smmu_page_group *group = &partial->group;

	if (group->pages == SMMU_GROUP_PAGES) { /* more than its allocation */
		partial->too_many = true;
		return;
	}
	group->page[group->pages++] = (struct smmu_page){
		.iova = word[1] & PRI1_ADDRESS,
		.read = word[0] & PRI0_READ,
		.write = word[0] & PRI0_WRITE,
		.execute = word[0] & PRI0_EXECUTE,
		.privileged = word[0] & PRI0_PRIV,
	};
}

static void log_denied(const struct smmu_driver *driver, const struct smmu_page_group *group)
{
	const struct smmu_page *last = &group->page[group->pages - 1];

	sim_log(&driver->env.part, LOG_WARNING, "unexpected PRI request received:");
	sim_log(&driver->env.part, LOG_WARNING,
		"\tsid 0x%08x.0x%05x: [%u] %sprivileged %s%s%s access at iova 0x%016" PRIx64,
		group->stream_id, group->pasid, group->index, last->privileged ? "" : "un",
		last->read ? "R" : "", last->write ? "W" : "", last->execute ? "X" : "",
		last->iova);
}

/* Nobody takes it: denied. */
static void deny(struct smmu_driver *driver, struct actor *self,
		 const struct smmu_page_group *group)
{
	if (log_allowed(driver, &driver->priq.limit))
		log_denied(driver, group);
	smmu_driver_answer_pages(driver, self, group, SMMU_PAGES_FAILURE);
}

static void complete(struct smmu_driver *driver, struct actor *self,
		     const struct partial_group *partial)
{
	const struct smmu_page_group *group = &partial->group;
	const struct stream *stream = stream_find(driver, group->stream_id);

	if (partial->too_many)
		smmu_driver_answer_pages(driver, self, group, SMMU_PAGES_INVALID);
	else if (!stream || !stream->handler.pages ||
		 !stream->handler.pages(stream->handler.ctx, group))
		deny(driver, self, group);
}

/* The end of a PASID's requests: nothing to answer (8.2). */
static bool is_stop_marker(const uint64_t word[PRI_WORDS])
{
	return (word[0] & (PRI0_SSV | PRI0_LAST | PRI0_READ | PRI0_WRITE)) ==
	       (PRI0_SSV | PRI0_LAST);
}

static void take(struct smmu_driver *driver, struct actor *self, const uint64_t word[PRI_WORDS])
{
	struct partial_group *partial;

	if (is_stop_marker(word))
		return;
	partial = find_or_begin(&driver->priq, word);
	sim_assert(&driver->env.part, partial);
	add_page(partial, word);
	if (!(word[0] & PRI0_LAST))
		return;
	complete(driver, self, partial);
	forget(&driver->priq, partial);
}

static void discard(struct priq *priq)
{
	while (priq->partial)
		forget(priq, priq->partial);
}

/* ---- the queue ---- */

static void drain(struct smmu_driver *driver, struct actor *self)
{
	struct priq *priq = &driver->priq;
	uint64_t word[PRI_WORDS];

	do {
		while (driver_queue_take(driver, self, &priq->q, word))
			take(driver, self, word);
		if (driver_queue_look(driver, self, &priq->q)) {
			priq->overflows++;
			if (log_allowed(driver, &priq->limit))
				sim_log(&driver->env.part, LOG_WARNING,
					"PRIQ overflow detected -- requests lost");
		}
	} while (!driver_queue_is_empty(&priq->q));
	/* Nothing is recorded until the overflow is acknowledged: what waits now has lost its end.
	 */
	if (driver_queue_overflown(&priq->q))
		discard(priq);
	driver_queue_acknowledge(driver, self, &priq->q);
}

void priq_thread(struct actor *self, void *arg)
{
	struct smmu_driver *driver = arg;

	for (;;) {
		irq_thread_wait(self, &driver->priq.thread);
		if (driver->cfg.page_request_latency_ps)
			actor_sleep(self, driver->cfg.page_request_latency_ps);
		drain(driver, self);
	}
}

void priq_fini(struct smmu_driver *driver)
{
	discard(&driver->priq);
}
