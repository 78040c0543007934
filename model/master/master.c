/* SPDX-License-Identifier: Apache-2.0 */
#include "model/master/master.h"

#include <stdlib.h>
#include <string.h>

#include "model/master/master_internal.h"

static void fill(struct job *job)
{
	for (uint32_t at = 0; at < job->master->cfg.access_bytes; at += 8)
		le64_put(job->bytes + at, master_stamp(job->space, job->iova + at));
}

/* The first word that is not the one that belongs there; true when all are right. */
static bool check(const struct job *job, uint64_t *address, uint64_t *found)
{
	for (uint32_t at = 0; at < job->req.len_bytes; at += 8) {
		*address = job->iova + at;
		*found = le64_get(job->bytes + at);
		if (*found != master_stamp(job->space, *address))
			return false;
	}
	return true;
}

static void judge_read(struct job *job)
{
	struct master *master = job->master;
	uint64_t address, found;
	bool right = check(job, &address, &found);

	master->stats.reads++;
	if (!right && !found)
		master->stats.zeros++;
	else if (!right)
		master->stats.wrong++;
	trace_emit(&master->env.part, TRACE_MASTER_READ, job->req.attr.stream_id,
		   job->req.attr.substream_valid ? job->req.attr.substream_id : TRACE_NO_SUBSTREAM,
		   job->iova, job->req.len_bytes, right, right ? 0 : found);
}

static void next(struct master *master);

static void end(struct job *job)
{
	struct master *master = job->master;

	job->next = master->free;
	master->free = job;
	master->under_way--;
	if (master->due)
		next(master);
}

static void done(struct bus_req *req, uint64_t now)
{
	struct job *job = CONTAINER_OF(req, struct job, req);
	struct master *master = job->master;

	(void)now;
	if (req->status != BUS_OK)
		master->stats.refused++;
	else if (req->op == BUS_WRITE)
		master->stats.writes++;
	else
		judge_read(job);
	end(job);
}

void master_job_refuse(struct job *job)
{
	job->master->stats.refused++;
	end(job);
}

void master_job_send(struct job *job, uint64_t addr, bool translated)
{
	struct bus_req *req = &job->req;

	req->op = job->op;
	req->addr = addr;
	req->len_bytes = job->master->cfg.access_bytes;
	req->attr.translated = translated;
	req->attr.iova = job->iova;
	req->data = job->bytes;
	req->done = done;
	bus_send(&job->master->env.dma, req);
}

/* In which address space: with substreams, any of them, numbered from 1. */
static void choose_space(struct master *master, struct job *job)
{
	struct bus_attr *attr = &job->req.attr;

	attr->substream_valid = master->cfg.substreams;
	if (attr->substream_valid)
		attr->substream_id = 1 + (uint32_t)rng_below(&master->rng, master->cfg.substreams);
	job->space = master_space(attr->stream_id, attr->substream_id, attr->substream_valid);
}

static uint64_t choose_address(struct master *master, struct job *job)
{
	const struct master_cfg *cfg = &master->cfg;
	uint64_t slot = rng_below(&master->rng, cfg->window_bytes / cfg->access_bytes);

	job->stray = rng_below(&master->rng, 1000) < cfg->stray_permille;
	if (job->stray)
		master->stats.stray++;
	return cfg->iova + (job->stray ? cfg->window_bytes : 0) + slot * cfg->access_bytes;
}

static void send(struct master *master, struct job *job)
{
	const struct master_cfg *cfg = &master->cfg;

	job->op = rng_below(&master->rng, 100) < cfg->write_percent ? BUS_WRITE : BUS_READ;
	job->req = (struct bus_req){
		.attr = {.from_device = true,
			 .stream_id = cfg->stream_id,
			 .may_stall = cfg->may_stall,
			 .memory = mem_coherent()},
	};
	job->page = JOB_PAGE_NONE;
	job->attempts = 0;
	job->alone = false;
	choose_space(master, job);
	job->iova = choose_address(master, job);
	if (job->op == BUS_WRITE)
		fill(job);
	master->under_way++;
	master->sent++;
	if (master->atc.enabled)
		master_atc_send(job);
	else
		master_job_send(job, job->iova, false);
}

/* Send the access that is due, if a job is free for it; then the next one's time begins. */
static void next(struct master *master)
{
	struct job *job = master->free;

	master->due = !job && master->running;
	if (!job || !master->running)
		return;
	master->free = job->next;
	send(master, job);
	if (master->cfg.count && master->sent == master->cfg.count)
		master->running = false;
	else
		sim_after(master->env.part.sim, &master->event,
			  rng_exponential(&master->rng, master->cfg.interval_ps));
}

static void fire(struct event *event, uint64_t now)
{
	(void)now;
	next(CONTAINER_OF(event, struct master, event));
}

void master_start(struct master *master)
{
	if (master->running)
		return;
	master->running = true;
	master->sent = 0;
	sim_after(master->env.part.sim, &master->event, 0);
}

void master_stop(struct master *master)
{
	master->running = false;
	master->due = false;
	calendar_cancel(&master->env.part.sim->calendar, &master->event);
}

bool master_idle(const struct master *master)
{
	return !master->running && !master->under_way && !master->atc.answers;
}

uint32_t master_stream(const struct master *master)
{
	return master->cfg.stream_id;
}

const struct master_stats *master_stats(const struct master *master)
{
	return &master->stats;
}

static bool cfg_is_valid(const struct master_cfg *cfg)
{
	return cfg->access_bytes >= 8 && cfg->access_bytes <= MAX_ACCESS &&
	       !(cfg->access_bytes & (cfg->access_bytes - 1)) && cfg->window_bytes &&
	       !(cfg->window_bytes % cfg->access_bytes) && !(cfg->iova % cfg->access_bytes) &&
	       cfg->outstanding && cfg->interval_ps && cfg->substreams < 1u << 20 &&
	       (!cfg->ats || cfg->atc_entries) && (!cfg->page_requests || cfg->ats);
}

struct master *master_create(const struct master_cfg *cfg, const struct master_env *env)
{
	struct master *master = cfg_is_valid(cfg) ? calloc(1, sizeof(*master)) : NULL;

	if (!master)
		return NULL;
	master->cfg = *cfg;
	master->env = *env;
	master->pool = calloc(cfg->outstanding, sizeof(master->pool[0]));
	if (!master->pool || master_atc_init(master) || master_pri_init(master)) {
		master_destroy(master);
		return NULL;
	}
	for (uint32_t i = cfg->outstanding; i--;) {
		master->pool[i].master = master;
		master->pool[i].next = master->free;
		master->free = &master->pool[i];
	}
	rng_init(&master->rng, env->part.sim->seed, env->part.name);
	event_init(&master->event, fire);
	return master;
}

void master_destroy(struct master *master)
{
	if (!master)
		return;
	master_pri_fini(master);
	master_atc_fini(master);
	free(master->pool);
	free(master);
}
