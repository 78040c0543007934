/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test master's address translation cache (PCI Express Base Specification,
 * 10.2 and 10.3, without PCI Express): a page that is not in it is asked for, and
 * accesses carry the address that the answer gave. An invalidation is answered at
 * once: what was sent before is with the SMMU already, which waits for it; what
 * is being asked for is asked for again.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/master/master_internal.h"

#define PAGE_MASK BITS(11, 0)

static struct atc_line *line_of(const struct job *job)
{
	const struct master *master = job->master;
	const struct bus_attr *attr = &job->req.attr;
	uint64_t key = (job->iova >> ATS_MIN_SHIFT) +
		       (attr->substream_valid ? attr->substream_id * UINT64_C(0x9e3779b1) : 0);

	return &master->atc.line[key % master->cfg.atc_entries];
}

static uint64_t needed(const struct job *job)
{
	return job->op == BUS_WRITE ? ATS_WRITE : ATS_READ;
}

static bool serves(const struct atc_line *line, const struct job *job)
{
	const struct bus_attr *attr = &job->req.attr;

	return line->valid && line->iova == (job->iova & ~PAGE_MASK) &&
	       line->has_substream == attr->substream_valid &&
	       (!line->has_substream || line->substream == attr->substream_id) &&
	       (line->granted & needed(job));
}

/* The page of what the answer covers; false: it does not permit the access. */
static bool fill(const struct job *job)
{
	const struct bus_attr *attr = &job->req.attr;
	uint64_t entry = le64_get(job->entry);
	uint64_t inside = BIT(MIN(ats_range_shift(entry), 63)) - 1;

	if (!(entry & needed(job)))
		return false;
	*line_of(job) = (struct atc_line){
		.valid = true,
		.has_substream = attr->substream_valid,
		.substream = attr->substream_id,
		.iova = job->iova & ~PAGE_MASK,
		.pa = (ats_range_addr(entry) | (job->iova & inside)) & ~PAGE_MASK,
		.granted = entry & (ATS_READ | ATS_WRITE),
	};
	return true;
}

static void answered(struct bus_req *req, uint64_t now)
{
	struct job *job = CONTAINER_OF(req, struct job, req);
	struct master_atc *atc = &job->master->atc;

	(void)now;
	job->asking = false;
	if (!atc->enabled)
		master_job_send(job, job->iova, false);
	else if (req->status != BUS_OK)
		master_job_refuse(job);
	else if (job->stale || fill(job))
		master_atc_send(job);
	else if (!master_pri_ask(job))
		master_job_refuse(job);
}

static void ask(struct job *job)
{
	struct bus_req *req = &job->req;

	job->asking = true;
	job->stale = false;
	job->master->stats.translations++;
	req->op = BUS_ATS;
	req->addr = job->iova & ~PAGE_MASK;
	req->len_bytes = ATS_ENTRY_BYTES;
	req->attr.no_write = job->op != BUS_WRITE;
	req->data = job->entry;
	req->done = answered;
	bus_send(&job->master->env.dma, req);
}

void master_atc_send(struct job *job)
{
	const struct atc_line *line = line_of(job);

	if (serves(line, job))
		master_job_send(job, line->pa | (job->iova & PAGE_MASK), true);
	else
		ask(job);
}

/* ---- invalidations ---- */

static bool covers(const struct ats_invalidation *what, uint64_t page, bool has_substream,
		   uint32_t substream)
{
	/* Without a PASID it is about all, as arm_smmu_atc_inv_to_cmd has it. */
	if (what->substream_valid && !what->global &&
	    (!has_substream || substream != what->substream_id))
		return false;
	return what->shift >= ATS_EVERYTHING || page >> what->shift == what->addr >> what->shift;
}

static void forget(struct master *master, const struct ats_invalidation *what)
{
	for (uint32_t i = 0; i < master->cfg.atc_entries; i++) {
		struct atc_line *line = &master->atc.line[i];

		if (covers(what, line->iova, line->has_substream, line->substream))
			line->valid = false;
	}
	for (uint32_t i = 0; i < master->cfg.outstanding; i++) {
		struct job *job = &master->pool[i];
		const struct bus_attr *attr = &job->req.attr;

		if (job->asking &&
		    covers(what, job->iova & ~PAGE_MASK, attr->substream_valid, attr->substream_id))
			job->stale = true;
	}
}

static void fire(struct event *event, uint64_t now)
{
	struct master *master = CONTAINER_OF(event, struct master, atc.event);
	const struct ats_agent *agent = &master->env.agent;
	uint64_t answers = master->atc.answers;

	(void)now;
	master->atc.answers = 0;
	for (; answers; answers &= answers - 1)
		agent->invalidated(agent->ctx, master->cfg.stream_id,
				   (uint8_t)__builtin_ctzll(answers));
}

static void invalidate(void *ctx, const struct ats_invalidation *what)
{
	struct master *master = ctx;

	if (master->cfg.ignores_invalidations)
		return;
	forget(master, what);
	master->atc.answers |= BIT(what->itag);
	sim_after(master->env.part.sim, &master->atc.event, 0);
}

static void respond(void *ctx, const struct prg_response *response)
{
	master_pri_respond(ctx, response);
}

struct ats_port master_ats_port(struct master *master)
{
	return (struct ats_port){.ctx = master, .invalidate = invalidate, .respond = respond};
}

bool master_has_ats(const struct master *master)
{
	return master->cfg.ats;
}

void master_ats_enable(struct master *master, bool on)
{
	master->atc.enabled = on && master->cfg.ats;
	if (!on)
		forget(master, &(struct ats_invalidation){.shift = ATS_EVERYTHING});
}

int master_atc_init(struct master *master)
{
	event_init(&master->atc.event, fire);
	if (!master->cfg.ats) {
		master->cfg.atc_entries = 0;
		return 0;
	}
	master->atc.line = calloc(master->cfg.atc_entries, sizeof(master->atc.line[0]));
	return master->atc.line ? 0 : -ENOMEM;
}

void master_atc_fini(struct master *master)
{
	free(master->atc.line);
}
