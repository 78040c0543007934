/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packets: within a flow each number that was sent is received once, intact and
 * after all lower ones (but for those that the wire held back, as it was told to), or dropped once
 * for a cause that the scenario allows. In a reset several may give up one packet, none of them
 * knowing what became of it: it is lost unless it arrives. A packet whose bytes the NIC could not
 * read has no name there: where `dma-error` is allowed, each such loss accounts for one that is
 * missing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/nic/frame_format.h"
#include "system/oracle/oracle_internal.h"

/* PACKET_ABANDONED: lost in a reset, unless it turns up. */
enum packet_state {
	PACKET_UNKNOWN,
	PACKET_SENT,
	PACKET_RECEIVED,
	PACKET_DROPPED,
	PACKET_ABANDONED,
};

/* Beside the state: the wire held the packet back, so it may come late. */
#define PACKET_HELD 0x80u

struct flow {
	uint64_t id;
	uint8_t *packet; /* enum packet_state | PACKET_HELD, by number */
	uint32_t capacity;
	uint64_t next;   /* one more than the highest number sent */
	uint64_t newest; /* one more than the highest number received */
	uint64_t received, lost;
	uint64_t first_ps,
		last_ps; /* when its packets were taken out, and the bytes of all but the first */
	uint64_t bytes;
};

struct packets {
	struct keymap flow_of;
	struct flow *flow;
	uint32_t flows, flows_capacity;
	uint64_t unread; /* lost by dma-error, nobody knows which */
	struct oracle_packets counts;
};

static struct flow *flow_find(struct packets *state, uint64_t id)
{
	bool is_new;
	uint32_t number = keymap_intern(&state->flow_of, id, &is_new);

	if (is_new) {
		state->flow = array_reserve(state->flow, &state->flows_capacity, number,
					    sizeof(*state->flow));
		state->flow[number].id = id;
		state->flows = number + 1;
	}
	return &state->flow[number];
}

static enum packet_state packet_state(const struct flow *flow, uint64_t number)
{
	return number < flow->next ? flow->packet[number] & ~PACKET_HELD : PACKET_UNKNOWN;
}

static bool packet_held(const struct flow *flow, uint64_t number)
{
	return number < flow->next && (flow->packet[number] & PACKET_HELD);
}

static void packet_becomes(struct flow *flow, uint64_t number, enum packet_state next)
{
	flow->packet[number] = (uint8_t)((flow->packet[number] & PACKET_HELD) | next);
}

static void on_held(struct flow *flow, uint64_t number)
{
	if (number < flow->next)
		flow->packet[number] |= PACKET_HELD;
}

#define violation(oracle, flow, number, text)                                                      \
	oracle_violation(oracle, CHECK_PACKETS, "flow %" PRIu64 ", packet %" PRIu64 " " text,      \
			 (flow)->id, number)

static void on_sent(struct oracle *oracle, struct flow *flow, uint64_t number)
{
	if (number < flow->next) {
		violation(oracle, flow, number, "was sent twice or out of order");
		return;
	}
	flow->packet = array_reserve(flow->packet, &flow->capacity, number, 1);
	flow->packet[number] = PACKET_SENT;
	flow->next = number + 1;
}

static void count_loss(struct oracle_packets *counts, struct flow *flow, uint64_t cause)
{
	counts->lost[MIN(cause, PACKET_DROP_COUNT - 1)]++;
	flow->lost++;
}

/* A packet that was abandoned has turned up, or another cause is known. */
static void forget_loss(struct oracle_packets *counts, struct flow *flow)
{
	counts->lost[PACKET_DROP_RESET]--;
	flow->lost--;
}

static void on_received(struct oracle *oracle, struct oracle_packets *counts, struct flow *flow,
			uint64_t number, bool intact)
{
	enum packet_state before = packet_state(flow, number);

	if (before == PACKET_UNKNOWN) {
		violation(oracle, flow, number, "was received and never sent");
		return;
	}
	if (!intact) {
		counts->damaged++;
		violation(oracle, flow, number, "is not intact");
	}
	if (before == PACKET_RECEIVED) {
		counts->duplicated++;
		violation(oracle, flow, number, "was received twice");
	} else if (before == PACKET_DROPPED) {
		violation(oracle, flow, number, "was received after it was said to be lost");
	} else if (number < flow->newest) {
		counts->reordered++;
		if (!packet_held(flow, number))
			violation(oracle, flow, number, "was received out of order");
	}
	if (before == PACKET_ABANDONED)
		forget_loss(counts, flow);
	packet_becomes(flow, number, PACKET_RECEIVED);
	if (number >= flow->newest)
		flow->newest = number + 1;
}

/* For the rate at which the flow's packets come. */
static void note_arrival(struct flow *flow, uint64_t now, uint64_t len_bytes)
{
	if (flow->received++)
		flow->bytes += len_bytes;
	else
		flow->first_ps = now;
	flow->last_ps = now;
}

static void check_cause(struct oracle *oracle, const struct flow *flow, uint64_t number,
			uint64_t cause)
{
	if (cause >= PACKET_DROP_COUNT || !(oracle->cfg.allowed_loss >> cause & 1))
		oracle_violation(oracle, CHECK_PACKETS,
				 "flow %" PRIu64 ", packet %" PRIu64 " was lost: %s is not allowed",
				 flow->id, number, packet_drop_name(cause));
}

static void on_dropped(struct oracle *oracle, struct oracle_packets *counts, struct flow *flow,
		       uint64_t number, uint64_t cause)
{
	enum packet_state before = packet_state(flow, number);

	count_loss(counts, flow, cause);
	if (before == PACKET_ABANDONED)
		forget_loss(counts, flow);
	else if (before != PACKET_SENT) {
		violation(oracle, flow, number, "was dropped, and was not under way");
		return;
	}
	packet_becomes(flow, number, PACKET_DROPPED);
	check_cause(oracle, flow, number, cause);
}

/* Several may give up one packet, and it may have arrived. */
static void on_abandoned(struct oracle_packets *counts, struct flow *flow, uint64_t number)
{
	if (packet_state(flow, number) != PACKET_SENT)
		return;
	count_loss(counts, flow, PACKET_DROP_RESET);
	packet_becomes(flow, number, PACKET_ABANDONED);
}

static void packets_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct packets *state = ctx;
	struct oracle_packets *counts = &state->counts;
	const uint64_t *arg = event->arg;
	struct flow *flow;

	if (arg[0] == FRAME_NO_FLOW) {
		state->unread +=
			event->kind == TRACE_PACKET_DROPPED && arg[3] == PACKET_DROP_DMA_ERROR;
		return;
	}
	flow = flow_find(state, arg[0]);
	switch (event->kind) {
	case TRACE_PACKET_SENT:
		counts->sent++;
		on_sent(oracle, flow, arg[1]);
		break;
	case TRACE_PACKET_RECEIVED:
		counts->received++;
		note_arrival(flow, event->time_ps, arg[2]);
		on_received(oracle, counts, flow, arg[1], arg[3] != 0);
		break;
	case TRACE_PACKET_HELD:
		on_held(flow, arg[1]);
		break;
	case TRACE_PACKET_ABANDONED:
		on_abandoned(counts, flow, arg[1]);
		break;
	default:
		on_dropped(oracle, counts, flow, arg[1], arg[3]);
		break;
	}
}

struct oracle_flow oracle_flow_counts(const struct oracle *oracle, uint64_t flow)
{
	const struct packets *state = oracle->state[CHECK_PACKETS];

	for (uint32_t i = 0; i < state->flows; i++)
		if (state->flow[i].id == flow)
			return (struct oracle_flow){.sent = state->flow[i].next,
						    .received = state->flow[i].received,
						    .lost = state->flow[i].lost,
						    .first_ps = state->flow[i].first_ps,
						    .last_ps = state->flow[i].last_ps,
						    .bytes = state->flow[i].bytes};
	return (struct oracle_flow){0};
}

const struct oracle_packets *oracle_packet_counts(const struct oracle *oracle)
{
	const struct packets *state = oracle->state[CHECK_PACKETS];

	return &state->counts;
}

/* Is there a loss without a name for it? */
static bool was_unread(const struct oracle *oracle, struct packets *state, struct flow *flow,
		       uint64_t number)
{
	if (!state->unread || !(oracle->cfg.allowed_loss >> PACKET_DROP_DMA_ERROR & 1))
		return false;
	state->unread--;
	count_loss(&state->counts, flow, PACKET_DROP_DMA_ERROR);
	packet_becomes(flow, number, PACKET_DROPPED);
	return true;
}

static void judge_missing(struct oracle *oracle, struct packets *state, struct flow *flow,
			  uint64_t number)
{
	if (packet_state(flow, number) == PACKET_SENT && !was_unread(oracle, state, flow, number))
		violation(oracle, flow, number, "was lost without a cause");
	else if (packet_state(flow, number) == PACKET_ABANDONED)
		check_cause(oracle, flow, number, PACKET_DROP_RESET);
}

static void packets_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	struct packets *state = ctx;
	uint64_t lost = 0;

	for (uint32_t i = 0; i < state->flows; i++)
		for (uint64_t number = 0; number < state->flow[i].next; number++)
			judge_missing(oracle, state, &state->flow[i], number);
	for (uint32_t cause = 0; cause < PACKET_DROP_COUNT; cause++)
		lost += state->counts.lost[cause];
	if (!state->counts.sent)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " sent in %u flows, %" PRIu64 " received, %" PRIu64
		 " lost for causes that are allowed",
		 state->counts.sent, state->flows, state->counts.received, lost);
}

static void packets_release(void *ctx)
{
	struct packets *state = ctx;

	for (uint32_t i = 0; i < state->flows; i++)
		free(state->flow[i].packet);
	free(state->flow);
	keymap_release(&state->flow_of);
}

static const enum trace_kind packets_kinds[] = {TRACE_PACKET_SENT,    TRACE_PACKET_RECEIVED,
						TRACE_PACKET_DROPPED, TRACE_PACKET_ABANDONED,
						TRACE_PACKET_HELD,    TRACE_KIND_COUNT};

const struct oracle_check oracle_packets = {
	.state_bytes = sizeof(struct packets),
	.kind = packets_kinds,
	.event = packets_event,
	.finish = packets_finish,
	.release = packets_release,
};
