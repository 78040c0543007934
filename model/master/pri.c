/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test master's page requests (PCI Express Base Specification, 10.4, without PCI
 * Express): what a translation did not get is asked of software, as many pages at
 * once as its allocation permits. Those that wait together, of one substream, are
 * a group with one answer. After success the translation is tried again; what is
 * invalid is given up, and of several pages each is asked for again by itself, as
 * the answer does not say which it was; a failure ends all asking.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/master/master_internal.h"

#define PAGE_MASK BITS(11, 0)

static bool is_enabled(const struct master *master)
{
	return master->pri.allocation;
}

static uint32_t substream_of(const struct job *job)
{
	return job->req.attr.substream_valid ? job->req.attr.substream_id : 0;
}

static bool same_page(const struct job *job, const struct job *other)
{
	return substream_of(job) == substream_of(other) &&
	       !((job->iova ^ other->iova) & ~PAGE_MASK);
}

/* ---- requests ---- */

/* An access that waits and may be in a group with `with`; NULL: any. */
static struct job *next_waiting(struct master *master, const struct job *with)
{
	for (uint32_t i = 0; i < master->cfg.outstanding; i++) {
		struct job *job = &master->pool[i];

		if (job->page == JOB_PAGE_WAITS &&
		    (!with ||
		     (!with->alone && !job->alone && substream_of(job) == substream_of(with))))
			return job;
	}
	return NULL;
}

/* The same page is asked for already, with the same right or more: one answer serves both. */
static bool share(struct job *job)
{
	struct master *master = job->master;

	for (uint32_t i = 0; i < master->cfg.outstanding && !job->alone; i++) {
		const struct job *other = &master->pool[i];

		if (other->page != JOB_PAGE_ASKED || !same_page(job, other) ||
		    (job->op == BUS_WRITE && other->op != BUS_WRITE))
			continue;
		job->page = JOB_PAGE_SHARED;
		job->group = other->group;
		return true;
	}
	return false;
}

static void send(struct job *job, bool last)
{
	struct master *master = job->master;
	const struct ats_agent *agent = &master->env.agent;
	const struct page_request request = {
		.stream_id = master->cfg.stream_id,
		.substream_valid = job->req.attr.substream_valid,
		.substream_id = substream_of(job),
		.read = true,
		.write = job->op == BUS_WRITE,
		.last = last,
		.group = job->group,
		.addr = job->iova & ~PAGE_MASK,
	};

	master->stats.page_requests++;
	agent->page_request(agent->ctx, &request);
}

/* A number that no group has which still waits; there are more than requests. */
static uint16_t new_group(struct master_pri *pri, const struct job *first)
{
	while (pri->pages[pri->next_group])
		pri->next_group = (pri->next_group + 1) % PRI_GROUPS;
	pri->pasid[pri->next_group] = substream_of(first);
	if (pri->asked)
		pri->asked[substream_of(first)] = true;
	return pri->next_group;
}

/* One more request of the group; its place in the allocation is taken before it is sent. */
static void join(struct master_pri *pri, struct job *job, uint16_t group)
{
	job->page = JOB_PAGE_ASKED;
	job->group = group;
	pri->outstanding++;
	pri->pages[group]++;
}

/* As many as wait and fit, as one group. */
static void send_group(struct master *master, struct job *job)
{
	struct master_pri *pri = &master->pri;
	uint16_t group = new_group(pri, job);

	master->stats.page_groups++;
	while (job) {
		struct job *next;

		join(pri, job, group);
		next = pri->outstanding < pri->allocation ? next_waiting(master, job) : NULL;
		while (next && share(next))
			next = next_waiting(master, job);
		send(job, !next);
		job = next;
	}
	pri->next_group = (group + 1) % PRI_GROUPS;
}

static void flush(struct event *event, uint64_t now)
{
	struct master *master = CONTAINER_OF(event, struct master, pri.event);
	struct master_pri *pri = &master->pri;
	struct job *job;

	(void)now;
	while (pri->outstanding < pri->allocation && (job = next_waiting(master, NULL)))
		if (!share(job))
			send_group(master, job);
}

/* Soon, not within a call of the SMMU's; what begins to wait until then goes together. */
static void flush_soon(struct master *master)
{
	if (is_enabled(master) && !event_pending(&master->pri.event))
		sim_after(master->env.part.sim, &master->pri.event, master->cfg.page_gather_ps);
}

bool master_pri_ask(struct job *job)
{
	if (!is_enabled(job->master))
		return false;
	job->page = JOB_PAGE_WAITS;
	flush_soon(job->master);
	return true;
}

/* ---- answers ---- */

static void paused(struct event *event, uint64_t now)
{
	struct job *job = CONTAINER_OF(event, struct job, event);

	(void)now;
	job->page = JOB_PAGE_NONE;
	master_atc_send(job);
}

/*
 * The page is there, it is said. Who was told so in vain lets time pass, and then asks
 * alone: a group of more pages than the queue holds would overflow it each time.
 */
static void try_again(struct job *job)
{
	struct master *master = job->master;

	if (job->attempts) {
		master->stats.page_retries++;
		job->alone = true;
	}
	job->page = JOB_PAGE_PAUSES;
	sim_after(master->env.part.sim, &job->event,
		  job->attempts++ ? master->cfg.page_retry_ps : 0);
}

static void give_up(struct job *job)
{
	job->page = JOB_PAGE_NONE;
	master_job_refuse(job);
}

static void take_answer(struct job *job, const struct prg_response *response, uint32_t pages)
{
	if (response->code == PRG_SUCCESS) {
		try_again(job);
	} else if (response->code == PRG_INVALID_REQUEST && pages > 1) {
		job->alone = true;
		job->page = JOB_PAGE_WAITS;
	} else {
		give_up(job);
	}
}

static bool is_expected(const struct master_pri *pri, const struct prg_response *response)
{
	return response->group < PRI_GROUPS && pri->pages[response->group] &&
	       (!response->substream_valid ||
		response->substream_id == pri->pasid[response->group]);
}

static bool has_asked(const struct job *job)
{
	return job->page == JOB_PAGE_ASKED || job->page == JOB_PAGE_SHARED;
}

/* Nothing can be asked for any more: what waits to be, and for an answer, ends. */
static void stop_asking(struct master *master)
{
	struct master_pri *pri = &master->pri;

	pri->allocation = 0;
	pri->outstanding = 0;
	for (uint32_t group = 0; group < PRI_GROUPS; group++)
		pri->pages[group] = 0;
	for (uint32_t i = 0; i < master->cfg.outstanding; i++)
		if (master->pool[i].page == JOB_PAGE_WAITS || has_asked(&master->pool[i]))
			give_up(&master->pool[i]);
}

static void end_group(struct master *master, const struct prg_response *response)
{
	struct master_pri *pri = &master->pri;
	uint32_t pages = pri->pages[response->group];

	pri->outstanding -= pages;
	pri->pages[response->group] = 0;
	for (uint32_t i = 0; i < master->cfg.outstanding; i++) {
		struct job *job = &master->pool[i];

		if (has_asked(job) && job->group == response->group)
			take_answer(job, response, pages);
	}
}

void master_pri_respond(struct master *master, const struct prg_response *response)
{
	struct master_stats *stats = &master->stats;

	if (!is_expected(&master->pri, response)) {
		stats->page_unexpected++;
		return;
	}
	stats->page_answers++;
	stats->page_invalid += response->code == PRG_INVALID_REQUEST;
	stats->page_failures += response->code == PRG_FAILURE;
	end_group(master, response);
	if (response->code == PRG_FAILURE)
		stop_asking(master);
	flush_soon(master);
}

/* ---- software ---- */

void master_pri_enable(struct master *master, uint32_t allocation)
{
	if (!allocation)
		stop_asking(master);
	else
		master->pri.allocation = MIN(allocation, master->cfg.page_requests);
}

void master_pri_stop(struct master *master)
{
	const struct ats_agent *agent = &master->env.agent;
	struct page_request marker = {
		.stream_id = master->cfg.stream_id, .substream_valid = true, .last = true};

	if (!is_enabled(master) || !master->pri.asked)
		return;
	for (uint32_t i = 1; i <= master->cfg.substreams; i++) {
		if (!master->pri.asked[i])
			continue;
		master->pri.asked[i] = false;
		master->stats.page_markers++;
		marker.substream_id = i;
		agent->page_request(agent->ctx, &marker);
	}
}

int master_pri_init(struct master *master)
{
	event_init(&master->pri.event, flush);
	for (uint32_t i = 0; i < master->cfg.outstanding; i++)
		event_init(&master->pool[i].event, paused);
	if (!master->cfg.page_requests || !master->cfg.substreams)
		return 0;
	master->pri.asked = calloc(master->cfg.substreams + 1, sizeof(master->pri.asked[0]));
	return master->pri.asked ? 0 : -ENOMEM;
}

void master_pri_fini(struct master *master)
{
	free(master->pri.asked);
}
