/* SPDX-License-Identifier: Apache-2.0 */
#include "base/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A 4-ary heap: half the depth of a binary one, and a node's children share a cache line or two. */
#define ARITY 4

int calendar_init(struct calendar *calendar, uint32_t capacity)
{
	*calendar = (struct calendar){.capacity = capacity};
	calendar->heap = malloc(capacity * sizeof(calendar->heap[0]));
	return calendar->heap ? 0 : -ENOMEM;
}

void calendar_fini(struct calendar *calendar)
{
	free(calendar->heap);
	calendar->heap = NULL;
	calendar->count = 0;
}

static bool entry_before(const struct calendar_entry *a, const struct calendar_entry *b)
{
	return a->time_ps < b->time_ps || (a->time_ps == b->time_ps && a->sequence < b->sequence);
}

static void place(struct calendar *calendar, uint32_t at, struct calendar_entry entry)
{
	calendar->heap[at] = entry;
	entry.event->slot = at + 1;
}

static void sift_up(struct calendar *calendar, uint32_t at, struct calendar_entry entry)
{
	while (at) {
		uint32_t parent = (at - 1) / ARITY;

		if (!entry_before(&entry, &calendar->heap[parent]))
			break;
		place(calendar, at, calendar->heap[parent]);
		at = parent;
	}
	place(calendar, at, entry);
}

static void sift_down(struct calendar *calendar, uint32_t at, struct calendar_entry entry)
{
	for (;;) {
		uint32_t first = at * ARITY + 1;
		uint32_t end = first + ARITY < calendar->count ? first + ARITY : calendar->count;
		uint32_t least = first;

		if (first >= calendar->count)
			break;
		for (uint32_t child = first + 1; child < end; child++)
			if (entry_before(&calendar->heap[child], &calendar->heap[least]))
				least = child;
		if (!entry_before(&calendar->heap[least], &entry))
			break;
		place(calendar, at, calendar->heap[least]);
		at = least;
	}
	place(calendar, at, entry);
}

/* Take out the entry at `at`, closing the gap with the last one. */
static void remove_at(struct calendar *calendar, uint32_t at)
{
	struct calendar_entry last = calendar->heap[--calendar->count];

	calendar->heap[at].event->slot = 0;
	if (at == calendar->count)
		return;
	if (at && entry_before(&last, &calendar->heap[(at - 1) / ARITY]))
		sift_up(calendar, at, last);
	else
		sift_down(calendar, at, last);
}

void calendar_schedule(struct calendar *calendar, struct event *event, uint64_t time_ps)
{
	struct calendar_entry entry = {
		.time_ps = time_ps > calendar->now_ps ? time_ps : calendar->now_ps,
		.sequence = calendar->next_sequence++,
		.event = event,
	};

	calendar_cancel(calendar, event);
	if (calendar->count == calendar->capacity) {
		/* No part to name here: the calendar lies below the instances. */
		fprintf(stderr, "vfsim: calendar full: %u events pending\n", calendar->count);
		abort();
	}
	sift_up(calendar, calendar->count++, entry);
}

void calendar_cancel(struct calendar *calendar, struct event *event)
{
	if (event->slot)
		remove_at(calendar, event->slot - 1);
}

uint64_t calendar_next_time(const struct calendar *calendar)
{
	return calendar->count ? calendar->heap[0].time_ps : TIME_NEVER;
}

bool calendar_step(struct calendar *calendar)
{
	struct event *event;

	if (!calendar->count)
		return false;
	event = calendar->heap[0].event;
	calendar->now_ps = calendar->heap[0].time_ps;
	calendar->fired++;
	remove_at(calendar, 0);
	event->fire(event, calendar->now_ps);
	return true;
}

void calendar_advance(struct calendar *calendar, uint64_t time_ps)
{
	if (time_ps > calendar->now_ps && time_ps <= calendar_next_time(calendar))
		calendar->now_ps = time_ps;
}
