/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/nic_internal.h"

#include "base/trace.h"

#include <errno.h>
#include <stdlib.h>

static void dma_issue_event(struct event *event, uint64_t now);

int dma_engine_init(struct dma_engine *engine, const struct sim_part *part, uint32_t tags,
		    uint32_t jobs, uint64_t issue_ps)
{
	engine->part = *part;
	engine->issue_ps = issue_ps;
	engine->jobs = jobs;
	engine->tags = tags;
	event_init(&engine->issue_event, dma_issue_event);
	engine->job = calloc(jobs, sizeof(engine->job[0]));
	engine->tag = calloc(tags, sizeof(engine->tag[0]));
	if (!engine->job || !engine->tag)
		return -ENOMEM;
	for (uint32_t i = 0; i < tags; i++) {
		engine->tag[i].next_free = engine->free_tag;
		engine->free_tag = &engine->tag[i];
	}
	return 0;
}

void dma_engine_fini(struct dma_engine *engine)
{
	free(engine->job);
	free(engine->tag);
}

struct dma_job *dma_job_get(struct dma_engine *engine, struct dma_function *function,
			    enum dma_kind kind)
{
	struct dma_job *job = engine->free_job;

	if (job) {
		engine->free_job = job->next;
	} else {
		sim_assert(&engine->part, engine->jobs_touched < engine->jobs);
		job = &engine->job[engine->jobs_touched++];
		job->engine = engine;
	}
	engine->jobs_in_use++;
	job->function = function;
	job->kind = kind;
	job->generation = function->generation;
	job->failed = job->stale = false;
	job->issued_bytes = job->parts_in_flight = 0;
	job->done = NULL;
	job->packet = NULL;
	job->held_count = 0;
	job->announces = false;
	job->tagged = false;
	job->next = NULL;
	return job;
}

/* The job has ended: tell its owner, take it back. */
static void dma_finish(struct dma_job *job, uint64_t now)
{
	struct dma_engine *engine = job->engine;
	struct dma_function *function = job->function;

	job->stale = job->generation != function->generation;
	if (job->done)
		job->done(job, now);
	if (job->packet)
		packet_put(job->packet);
	job->next = engine->free_job;
	engine->free_job = job;
	engine->jobs_in_use--;
	if (!--function->outstanding)
		engine->idle(engine->idle_ctx, function);
}

static void dma_issue(struct dma_engine *engine);

/* The planted fault: the tag of one read is never free again. */
static bool dma_tag_is_kept(const struct dma_engine *engine, const struct tlp *tlp)
{
	struct fault_plan *faults = &engine->part.sim->faults;

	return fault_armed(faults, FAULT_DMA_TAG_KEPT) && !tlp_is_posted(tlp) &&
	       fault_fires(faults, FAULT_DMA_TAG_KEPT);
}

/* --- Log and fence --- */

/* A defective device: one page, clean so far, stays out of the log until that is taken. */
static bool plant_skips(struct dma_engine *engine, struct dma_function *function, uint64_t iova)
{
	struct fault_plan *faults = &engine->part.sim->faults;
	uint32_t shift = function->log->page_shift;

	if (function->unlogged)
		return (function->unlogged - 1) >> shift == iova >> shift;
	if (!fault_armed(faults, FAULT_DEVICE_LOG_SKIPPED) || dma_log_has(function->log, iova) ||
	    !fault_fires(faults, FAULT_DEVICE_LOG_SKIPPED))
		return false;
	function->unlogged = iova + 1;
	return true;
}

/*
 * A write is logged when it leaves, so that no report can miss it that is taken
 * after that; a report that has it is held back by a fence until it has landed.
 */
static APART void dma_log_write(struct dma_engine *engine, struct dma_function *function,
				uint64_t iova, uint32_t len_bytes)
{
	if (plant_skips(engine, function, iova))
		return;
	dma_log_mark(function->log, iova, len_bytes);
	trace_emit(&engine->part, TRACE_DMA_LOGGED, pcie_function_rid(function->pcie), iova,
		   len_bytes);
}

bool dma_fence(struct dma_engine *engine, struct dma_function *function)
{
	function->fenced = 0;
	for (uint32_t i = 0; i < engine->tags; i++) {
		struct dma_tag *tag = &engine->tag[i];

		if (!tag->job || tag->job->function != function)
			continue;
		tag->fenced = tag->tlp.type == TLP_MWR;
		function->fenced += tag->fenced;
	}
	return !function->fenced;
}

/* A write has ended: was it the last that the function's fence waited for? */
static bool dma_fence_passed(struct dma_tag *tag)
{
	bool fenced = tag->fenced;

	tag->fenced = false;
	return fenced && !--tag->job->function->fenced;
}

static void dma_tlp_done(struct tlp *tlp, uint64_t now)
{
	struct dma_tag *tag = CONTAINER_OF(tlp, struct dma_tag, tlp);
	struct dma_job *job = tag->job;
	struct dma_engine *engine = job->engine;
	struct dma_function *function = job->function;
	bool landed = dma_fence_passed(tag);

	/* A posted write has no completion: a device does not learn that it was refused. */
	if (tlp->discarded || (!tlp_is_posted(tlp) && tlp->status != TLP_SC))
		job->failed = true;
	tag->job = NULL;
	if (!dma_tag_is_kept(engine, tlp)) {
		tag->next_free = engine->free_tag;
		engine->free_tag = tag;
		engine->tags_in_use--;
	}
	job->parts_in_flight--;
	if (!job->parts_in_flight && job->issued_bytes == job->len_bytes)
		dma_finish(job, now);
	if (landed)
		engine->landed(engine->idle_ctx, function);
	if (engine->first)
		dma_issue(engine);
}

/* Now, in the order in which interrupts are raised. */
static APART void dma_announce(struct dma_engine *engine, const struct dma_job *job)
{
	trace_emit(&engine->part, TRACE_MSIX_ANNOUNCES, pcie_function_rid(job->function->pcie),
		   job->vector, job->iova, job->len_bytes);
}

/* Send the job's next TLP: up to the next 4 KiB boundary. */
static void dma_issue_part(struct dma_engine *engine, struct dma_job *job)
{
	struct dma_tag *tag = engine->free_tag;
	uint64_t iova = job->iova + job->issued_bytes;
	uint32_t len = (uint32_t)MIN(job->len_bytes - job->issued_bytes,
				     align_down(iova, 4096) + 4096 - iova);

	if (job->announces && !job->issued_bytes)
		dma_announce(engine, job);
	engine->free_tag = tag->next_free;
	engine->tags_in_use++;
	tag->job = job;
	tag->tlp.type = job->kind == DMA_READ ? TLP_MRD : TLP_MWR;
	/* A frame's bytes need no order among others; what tells of them follows them all the same.
	 */
	tag->tlp.relaxed = job->packet != NULL;
	tag->tlp.status = TLP_SC;
	tag->tlp.discarded = false;
	tag->tlp.addr = iova;
	tag->tlp.pasid_valid = job->tagged;
	tag->tlp.pasid = job->tagged ? job->pasid : 0;
	tag->tlp.len_bytes = len;
	tag->tlp.data = (uint8_t *)job->data + job->issued_bytes;
	tag->tlp.done = dma_tlp_done;
	if (job->kind == DMA_WRITE && job->function->log && job->function->log->on)
		dma_log_write(engine, job->function, iova, len);
	job->issued_bytes += len;
	job->parts_in_flight++;
	if (job->issued_bytes == job->len_bytes)
		engine->first = job->next;
	pcie_function_send(job->function->pcie, &tag->tlp);
}

/* A job that sends no TLP of ours: an interrupt, or one that a reset made void before it began. */
static bool dma_issue_without_tlp(struct dma_engine *engine, struct dma_job *job)
{
	bool stale = job->generation != job->function->generation;

	if (job->kind != DMA_MSIX && !stale)
		return false;
	if (stale && job->parts_in_flight) {
		/* What was sent ends by itself; nothing more follows. */
		job->len_bytes = job->issued_bytes;
		job->failed = true;
		engine->first = job->next;
		return true;
	}
	engine->first = job->next;
	if (!stale)
		pcie_function_raise_msix(job->function->pcie, job->vector);
	job->failed = stale;
	dma_finish(job, sim_now(engine->part.sim));
	return true;
}

/* Send as much as tags and the issue rate allow. Never re-entered: a completion may submit. */
static void dma_issue(struct dma_engine *engine)
{
	struct sim *sim = engine->part.sim;

	if (engine->issuing)
		return;
	engine->issuing = true;
	while (engine->first) {
		struct dma_job *job = engine->first;

		if (dma_issue_without_tlp(engine, job))
			continue;
		if (!engine->free_tag)
			break;
		if (sim_now(sim) < engine->next_issue_ps) {
			if (!event_pending(&engine->issue_event))
				calendar_schedule(&sim->calendar, &engine->issue_event,
						  engine->next_issue_ps);
			break;
		}
		if (!sim->untimed)
			engine->next_issue_ps = sim_now(sim) + engine->issue_ps;
		dma_issue_part(engine, job);
	}
	engine->issuing = false;
}

static void dma_issue_event(struct event *event, uint64_t now)
{
	dma_issue(CONTAINER_OF(event, struct dma_engine, issue_event));
}

void dma_submit(struct dma_job *job)
{
	struct dma_engine *engine = job->engine;

	job->function->outstanding++;
	if (engine->first)
		engine->last->next = job;
	else
		engine->first = job;
	engine->last = job;
	dma_issue(engine);
}

void dma_raise(struct dma_engine *engine, struct dma_function *function, uint32_t vector)
{
	struct dma_job *job = dma_job_get(engine, function, DMA_MSIX);

	job->vector = vector;
	job->len_bytes = 0;
	dma_submit(job);
}
