/* SPDX-License-Identifier: Apache-2.0 */
/* The bus side of DRAM: when an access happens. */
#include "base/bits.h"
#include "base/trace.h"
#include "model/memory/dram_internal.h"

static void trace_landed(struct dram *dram, const struct bus_req *req)
{
	uint64_t substream =
		req->attr.substream_valid ? req->attr.substream_id : TRACE_NO_SUBSTREAM;

	trace_emit(&dram->env.part, TRACE_DMA_LANDED, req->attr.stream_id, substream,
		   req->attr.iova, req->addr, req->len_bytes);
}

static APART void perform_write(struct dram *dram, struct bus_req *req)
{
	dram_write(dram, req->addr, req->data, req->len_bytes);
	if (req->attr.from_device)
		trace_landed(dram, req);
}

static void perform(struct dram *dram, struct bus_req *req)
{
	uint64_t *cas = req->data;

	dram->counters.bytes += req->len_bytes;
	switch (req->op) {
	case BUS_READ:
		dram->counters.reads++;
		dram_read(dram, req->addr, req->data, req->len_bytes);
		break;
	case BUS_WRITE:
		dram->counters.writes++;
		perform_write(dram, req);
		break;
	case BUS_CAS64:
		dram->counters.cas++;
		cas[0] = dram_cas64(dram, req->addr, cas[0], cas[1]);
		break;
	case BUS_ATS: /* refused on arrival */
		break;
	}
}

static void access_fire(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	struct dram *dram = req->owner;

	dram->in_flight--;
	if (req->status == BUS_OK)
		perform(dram, req);
	req->done(req, now);
}

/* When an access that arrives now happens; its bytes then occupy the channel. */
static uint64_t reserve_channel(struct dram *dram, uint32_t len_bytes)
{
	const struct dram_timing *timing = &dram->cfg.timing;
	uint64_t now = sim_now(dram->env.part.sim);
	uint64_t start = MAX(now, dram->channel_free_ps);
	uint64_t occupied_fs = len_bytes * timing->ps_per_byte_x1000 + dram->channel_rest_fs;

	if (dram->env.part.sim->untimed)
		return now;
	dram->channel_free_ps = start + occupied_fs / 1000;
	dram->channel_rest_fs = occupied_fs % 1000;
	return start + timing->latency_ps;
}

static bool can_serve(const struct dram *dram, const struct bus_req *req)
{
	if (req->op == BUS_ATS)
		return false;
	if (req->op == BUS_CAS64 && (req->len_bytes != 8 || req->addr % 8))
		return false;
	return dram_covers(dram, req->addr, req->len_bytes);
}

static void dram_send(void *ctx, struct bus_req *req)
{
	struct dram *dram = ctx;
	struct calendar *calendar = &dram->env.part.sim->calendar;
	bool ok = can_serve(dram, req);

	req->status = ok ? BUS_OK : BUS_ABORT;
	req->owner = dram;
	dram->in_flight++;
	if (ok)
		dram_prefetch(dram, req->addr);
	event_init(&req->event, access_fire);
	calendar_schedule(calendar, &req->event,
			  ok ? reserve_channel(dram, req->len_bytes) : calendar->now_ps);
}

static bool dram_access(void *ctx, struct bus_req *req)
{
	struct dram *dram = ctx;

	if (!dram->env.part.sim->untimed || !can_serve(dram, req))
		return false;
	req->status = BUS_OK;
	perform(dram, req);
	return true;
}

static struct bus_word dram_read64(void *ctx, uint64_t addr)
{
	struct dram *dram = ctx;

	if (!dram->env.part.sim->untimed || addr % 8 || !dram_covers(dram, addr, 8))
		return (struct bus_word){0};
	dram->counters.bytes += 8;
	dram->counters.reads++;
	return (struct bus_word){dram_word(dram, addr), true};
}

struct bus_port dram_bus_port(struct dram *dram)
{
	return (struct bus_port){
		.ctx = dram, .send = dram_send, .access = dram_access, .read64 = dram_read64};
}

struct dram_counters dram_counters_get(const struct dram *dram)
{
	return dram->counters;
}

bool dram_idle(const struct dram *dram)
{
	return !dram->in_flight;
}
