/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost-page: a device's write at time w, while its pages are tracked, must be in
 * a dirty bitmap that was returned at w or later, up to and including the first
 * one that was taken after w.
 *
 * Of an I/O page table, w is when the SMMU let the write pass, and a bitmap is
 * taken at one instant. Of a device's own log, w is when memory had the bytes, and a
 * bitmap is taken when it was asked for: what counts for a VMM is that a page
 * which it copies after a report has what the report is about.
 *
 * A source that the host's VMM does not rely on is measured, and fails nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "system/oracle/oracle_internal.h"
#include "system/oracle/tracked.h"

#define HOSTS 256

static const char *const id_names[DIRTY_SOURCES] = {
	[DIRTY_HTTU] = "table",
	[DIRTY_DEVICE] = "log of stream",
	[DIRTY_EVERYTHING] = "stream",
	[DIRTY_TYPE1] = "table",
};

struct lost_page {
	struct tracked *table; /* by the view's number */
	uint32_t tables, tables_capacity;
	struct keymap stream_of; /* host, stream and source: number in `stream` */
	struct tracked *stream;  /* of sources that know devices, not tables */
	uint32_t streams, streams_capacity;
	uint64_t writes, covered;
	struct oracle_tracking source[DIRTY_SOURCES];
	uint8_t relied[HOSTS];      /* 1 + enum dirty_source; 0: nobody said */
	uint32_t last_state[HOSTS]; /* migration state that a device of a host entered last */
};

/* Whom a page's loss is told to. */
struct loss_ctx {
	struct oracle *oracle;
	struct lost_page *state;
};

static bool relied_on(const struct lost_page *state, const struct tracked *tracked)
{
	uint8_t relied = state->relied[tracked->host % HOSTS];

	return !relied || relied == 1 + tracked->source;
}

static void tell_loss(void *arg, const struct tracked *tracked, uint64_t page, uint64_t first_ps,
		      const char *why)
{
	const struct loss_ctx *ctx = arg;

	ctx->state->source[tracked->source].lost++;
	if (relied_on(ctx->state, tracked))
		oracle_violation(ctx->oracle, CHECK_LOST_PAGE,
				 "%s %" PRIu64 ": page 0x%" PRIx64 ", written at %" PRIu64
				 " ps, %s",
				 id_names[tracked->source], tracked->id, page << TRACKED_PAGE_SHIFT,
				 first_ps, why);
}

static struct tracked *table_of(struct lost_page *state, struct oracle *oracle, uint32_t number)
{
	struct tracked *tracked;

	if (number >= state->tables) {
		state->table = array_reserve(state->table, &state->tables_capacity, number,
					     sizeof(*state->table));
		state->tables = number + 1;
	}
	tracked = &state->table[number];
	tracked->host = oracle->view.table[number].host;
	tracked->id = oracle->view.table[number].id;
	return tracked;
}

static uint64_t stream_key(uint32_t host, uint64_t stream, enum dirty_source source)
{
	return key_of(host, stream, source);
}

static struct tracked *stream_of(struct lost_page *state, uint32_t host, uint64_t stream,
				 enum dirty_source source)
{
	bool is_new;
	uint32_t number =
		keymap_intern(&state->stream_of, stream_key(host, stream, source), &is_new);

	if (is_new) {
		state->stream = array_reserve(state->stream, &state->streams_capacity, number,
					      sizeof(*state->stream));
		state->stream[number].host = host;
		state->stream[number].id = stream;
		state->stream[number].source = source;
		state->streams = number + 1;
	}
	return &state->stream[number];
}

static void write_to(struct lost_page *state, struct tracked *tracked,
		     const struct trace_event *event)
{
	if (!tracked->listens)
		return;
	if (relied_on(state, tracked) && tracked->on)
		state->writes++;
	tracked_write(tracked, event->time_ps, event->arg[2], event->arg[4]);
}

static void on_bitmap(struct loss_ctx *ctx, struct tracked *tracked,
		      const struct tracked_bitmap *bitmap)
{
	const struct tracked_loss loss = {tell_loss, ctx};
	struct oracle_tracking *source = &ctx->state->source[tracked->source];
	struct tracked_report report;

	if (!tracked->on)
		return;
	report = tracked_read(tracked, bitmap, &loss);
	source->bitmaps++;
	source->reported += report.reported;
	source->written += report.written;
	source->overreported += report.overreported;
	if (relied_on(ctx->state, tracked))
		ctx->state->covered += report.covered;
}

/* VFIO's numbers of the states in which a device runs: RUNNING, _P2P, PRE_COPY, _P2P. */
static bool device_runs(uint32_t state)
{
	return state == 2 || state == 5 || state == 6 || state == 7;
}

/* A device that runs on is one whose migration was called off: nothing is handed over. */
static void stop(struct loss_ctx *ctx, struct tracked *tracked)
{
	const struct tracked_loss loss = {tell_loss, ctx};

	tracked_forget(tracked, !device_runs(ctx->state->last_state[tracked->host % HOSTS]), &loss);
	tracked->on = tracked->listens = false;
}

/* ---- events ---- */

static void on_state(struct loss_ctx *ctx, const struct trace_event *event)
{
	ctx->state->last_state[event->part->host % HOSTS] = (uint32_t)event->arg[2];
}

static void on_write(struct loss_ctx *ctx, const struct trace_event *event)
{
	struct lost_page *state = ctx->state;
	uint32_t number = view_stream_table(&ctx->oracle->view, event->part->host, event->arg[0],
					    event->arg[1]);

	if (number < state->tables)
		write_to(state, &state->table[number], event);
}

/* Whatever its substream: a device logs what it writes. */
static void on_landed(struct loss_ctx *ctx, const struct trace_event *event)
{
	struct lost_page *state = ctx->state;

	for (uint32_t source = 0; state->streams && source < DIRTY_SOURCES; source++) {
		uint32_t number = keymap_get(&state->stream_of,
					     stream_key(event->part->host, event->arg[0], source));

		if (number != KEYMAP_NONE)
			write_to(state, &state->stream[number], event);
	}
}

static struct tracked *table_of_event(struct loss_ctx *ctx, const struct trace_event *event)
{
	return table_of(ctx->state, ctx->oracle,
			view_table_number(&ctx->oracle->view, event->part->host, event->arg[0]));
}

static void on_map(struct loss_ctx *ctx, const struct trace_event *event)
{
	struct tracked *tracked = table_of_event(ctx, event);

	if (tracked->on)
		tracked_created(tracked, event->arg[1], event->arg[2]);
}

static void on_table_tracking(struct loss_ctx *ctx, const struct trace_event *event)
{
	struct tracked *tracked = table_of_event(ctx, event);

	tracked->source = (enum dirty_source)MIN(event->arg[2], DIRTY_SOURCES - 1);
	if (event->arg[1])
		tracked_start(tracked, event->time_ps, true);
	else
		stop(ctx, tracked);
}

/* A DIRTY_READ's or a DMA_LOG_REPORT's. */
static struct tracked_bitmap bitmap_of(const struct trace_event *event, bool cleared)
{
	return (struct tracked_bitmap){
		.iova = event->arg[1],
		.end = event->arg[1] + event->arg[2],
		.page_size = MAX(event->arg[3], 1 << TRACKED_PAGE_SHIFT),
		.begin_ps = event->arg[4],
		.bits = event->data,
		.bit_count = (uint64_t)event->data_len * 8,
		.cleared = cleared,
	};
}

static void on_table_read(struct loss_ctx *ctx, const struct trace_event *event)
{
	const struct tracked_bitmap bitmap = bitmap_of(event, event->arg[5] != 0);

	on_bitmap(ctx, table_of_event(ctx, event), &bitmap);
}

static void on_logging(struct loss_ctx *ctx, const struct trace_event *event)
{
	struct tracked *tracked =
		stream_of(ctx->state, event->part->host, event->arg[0], DIRTY_DEVICE);

	if (event->arg[1] == TRACE_LOGGING_OFF)
		stop(ctx, tracked);
	else
		tracked_start(tracked, event->time_ps, event->arg[1] == TRACE_LOGGING_ON);
}

static void on_log_report(struct loss_ctx *ctx, const struct trace_event *event)
{
	const struct tracked_bitmap bitmap = bitmap_of(event, true);

	on_bitmap(ctx, stream_of(ctx->state, event->part->host, event->arg[0], DIRTY_DEVICE),
		  &bitmap);
}

static void on_source(struct loss_ctx *ctx, const struct trace_event *event)
{
	struct lost_page *state = ctx->state;
	enum dirty_source source = (enum dirty_source)MIN(event->arg[2], DIRTY_SOURCES - 1);
	struct tracked *tracked;

	if (event->arg[3]) {
		state->relied[event->part->host % HOSTS] = (uint8_t)(1 + source);
		state->source[source].relied_on = true;
	}
	if (source != DIRTY_EVERYTHING)
		return;
	tracked = stream_of(state, event->part->host, event->arg[1], source);
	if (event->arg[3])
		tracked_start(tracked, event->time_ps, true);
	else
		stop(ctx, tracked);
}

static void on_assumed(struct loss_ctx *ctx, const struct trace_event *event)
{
	const struct tracked_bitmap bitmap = {
		.iova = event->arg[1],
		.end = event->arg[1] + event->arg[2],
		.page_size = 1 << TRACKED_PAGE_SHIFT,
		.begin_ps = event->time_ps,
		.all = true,
		.cleared = true,
	};

	on_bitmap(ctx, stream_of(ctx->state, event->part->host, event->arg[0], DIRTY_EVERYTHING),
		  &bitmap);
}

static void lost_page_event(struct oracle *oracle, void *arg, const struct trace_event *event)
{
	static void (*const on[TRACE_KIND_COUNT])(struct loss_ctx * ctx,
						  const struct trace_event *event) = {
		[TRACE_MIG_STATE] = on_state,
		[TRACE_DMA_WRITE] = on_write,
		[TRACE_DMA_LANDED] = on_landed,
		[TRACE_IOMMU_MAP] = on_map,
		[TRACE_DIRTY_TRACKING] = on_table_tracking,
		[TRACE_DIRTY_READ] = on_table_read,
		[TRACE_DMA_LOGGING] = on_logging,
		[TRACE_DMA_LOG_REPORT] = on_log_report,
		[TRACE_DIRTY_SOURCE] = on_source,
		[TRACE_DIRTY_ASSUMED] = on_assumed,
	};
	struct loss_ctx ctx = {oracle, arg};

	on[event->kind](&ctx, event);
}

/* ---- for others ---- */

static bool has_lost(struct lost_page *state, struct tracked *tracked, uint32_t host, uint64_t page)
{
	return tracked->host == host && relied_on(state, tracked) &&
	       tracked_has_lost(tracked, page);
}

bool lost_page_has(void *arg, uint32_t host, uint64_t page)
{
	struct lost_page *state = arg;

	for (uint32_t i = 0; i < state->tables; i++)
		if (has_lost(state, &state->table[i], host, page))
			return true;
	for (uint32_t i = 0; i < state->streams; i++)
		if (has_lost(state, &state->stream[i], host, page))
			return true;
	return false;
}

static void switch_over(struct loss_ctx *ctx, struct tracked *tracked, uint32_t host)
{
	const struct tracked_loss loss = {tell_loss, ctx};

	if (tracked->host == host && tracked->on)
		tracked_forget(tracked, true, &loss);
}

void lost_page_switchover(struct oracle *oracle, void *arg, uint32_t host)
{
	struct lost_page *state = arg;
	struct loss_ctx ctx = {oracle, state};

	for (uint32_t i = 0; i < state->tables; i++)
		switch_over(&ctx, &state->table[i], host);
	for (uint32_t i = 0; i < state->streams; i++)
		switch_over(&ctx, &state->stream[i], host);
}

/* A source that counts: the one that a VMM relies on, or any if no VMM said. */
static bool counts(const struct lost_page *state, uint32_t source)
{
	bool said = false;

	for (uint32_t i = 0; i < DIRTY_SOURCES; i++)
		said |= state->source[i].relied_on;
	return !said || state->source[source].relied_on;
}

uint64_t lost_page_overreported(const void *arg)
{
	const struct lost_page *state = arg;
	uint64_t pages = 0;

	for (uint32_t i = 0; i < DIRTY_SOURCES; i++)
		pages += counts(state, i) ? state->source[i].overreported : 0;
	return pages;
}

const struct oracle_tracking *lost_page_tracking(const void *arg, enum dirty_source source)
{
	const struct lost_page *state = arg;

	return &state->source[source];
}

static void lost_page_finish(struct oracle *oracle, void *arg, struct oracle_finding *finding)
{
	const struct lost_page *state = arg;
	uint64_t bitmaps = 0;

	for (uint32_t i = 0; i < DIRTY_SOURCES; i++)
		bitmaps += counts(state, i) ? state->source[i].bitmaps : 0;
	if (!bitmaps)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " bitmaps cover %" PRIu64 " writes to %" PRIu64 " pages; %" PRIu64
		 " pages over-reported",
		 bitmaps, state->writes, state->covered, lost_page_overreported(state));
}

static void lost_page_release(void *arg)
{
	struct lost_page *state = arg;

	for (uint32_t i = 0; i < state->tables; i++)
		tracked_release(&state->table[i]);
	for (uint32_t i = 0; i < state->streams; i++)
		tracked_release(&state->stream[i]);
	free(state->table);
	free(state->stream);
	keymap_release(&state->stream_of);
}

static const enum trace_kind lost_page_kinds[] = {
	TRACE_DMA_WRITE,    TRACE_DMA_LANDED,    TRACE_DIRTY_TRACKING, TRACE_DIRTY_READ,
	TRACE_IOMMU_MAP,    TRACE_MIG_STATE,     TRACE_DMA_LOGGING,    TRACE_DMA_LOG_REPORT,
	TRACE_DIRTY_SOURCE, TRACE_DIRTY_ASSUMED, TRACE_KIND_COUNT,
};

const struct oracle_check oracle_lost_page = {
	.state_bytes = sizeof(struct lost_page),
	.kind = lost_page_kinds,
	.event = lost_page_event,
	.finish = lost_page_finish,
	.release = lost_page_release,
};
