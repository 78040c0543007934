/* SPDX-License-Identifier: Apache-2.0 */
#include "base/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* A 4-ary heap: half the depth of a binary one, and a node's children share a cache line or two. */
#define ARITY 4

/* An event's slot: one of these, or 1 + its place in the heap. */
#define SLOT_NEAR UINT32_MAX
#define SLOT_NOW  (UINT32_MAX - 1)

/* How many move at once from one to the other when the list is full or empty. */
#define BATCH (CALENDAR_NEAR / 2)

int calendar_init(struct calendar *calendar, uint32_t capacity)
{
	*calendar = (struct calendar){.capacity = capacity};
	calendar->now.next = calendar->now.previous = &calendar->now;
	calendar->heap = malloc(capacity * sizeof(calendar->heap[0]));
	return calendar->heap ? 0 : -ENOMEM;
}

void calendar_fini(struct calendar *calendar)
{
	free(calendar->heap);
	calendar->heap = NULL;
	calendar->now.next = calendar->now.previous = &calendar->now;
	calendar->pending = calendar->near_count = calendar->heap_count = 0;
}

static bool entry_before(const struct calendar_entry *a, const struct calendar_entry *b)
{
	return a->time_ps < b->time_ps ||
	       (a->time_ps == b->time_ps && a->event->sequence < b->event->sequence);
}

/* ---- the heap ---- */

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
		uint32_t end = MIN(first + ARITY, calendar->heap_count);
		uint32_t least = first;

		if (first >= calendar->heap_count)
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

static void heap_add(struct calendar *calendar, struct calendar_entry entry)
{
	sift_up(calendar, calendar->heap_count++, entry);
}

/* Take out the entry at `at`, closing the gap with the last one. */
static void heap_remove(struct calendar *calendar, uint32_t at)
{
	struct calendar_entry last = calendar->heap[--calendar->heap_count];

	if (at == calendar->heap_count)
		return;
	if (at && entry_before(&last, &calendar->heap[(at - 1) / ARITY]))
		sift_up(calendar, at, last);
	else
		sift_down(calendar, at, last);
}

/* ---- the list ---- */

/* Make room in a full list: its later half goes to the heap. */
static APART void near_spill(struct calendar *calendar)
{
	struct calendar_entry *list = calendar->near_entry;

	for (uint32_t i = 0; i < BATCH; i++)
		heap_add(calendar, list[i]);
	calendar->near_count -= BATCH;
	memmove(list, list + BATCH, calendar->near_count * sizeof(*list));
}

/* Fill an empty list with the soonest of the heap. */
static APART void near_refill(struct calendar *calendar)
{
	uint32_t count = MIN(BATCH, calendar->heap_count);

	for (uint32_t i = count; i--;) {
		calendar->near_entry[i] = calendar->heap[0];
		calendar->near_entry[i].event->slot = SLOT_NEAR;
		heap_remove(calendar, 0);
	}
	calendar->near_count = count;
}

static void near_add(struct calendar *calendar, struct calendar_entry entry)
{
	struct calendar_entry *list = calendar->near_entry;
	struct calendar_entry *at = list + calendar->near_count++;

	/* It is the newest, so of one time the last. */
	for (; at > list && at[-1].time_ps <= entry.time_ps; at--)
		at[0] = at[-1];
	*at = entry;
	entry.event->slot = SLOT_NEAR;
}

static void near_remove(struct calendar *calendar, const struct event *event)
{
	struct calendar_entry *list = calendar->near_entry;
	uint32_t at = calendar->near_count - 1;

	while (list[at].event != event)
		at--;
	calendar->near_count--;
	memmove(&list[at], &list[at + 1], (calendar->near_count - at) * sizeof(*list));
	if (!calendar->near_count)
		near_refill(calendar);
}

/* ---- the present ---- */

static void now_add(struct calendar *calendar, struct event *event)
{
	struct event *last = calendar->now.previous;

	event->slot = SLOT_NOW;
	event->next = &calendar->now;
	event->previous = last;
	last->next = event;
	calendar->now.previous = event;
}

static void now_remove(const struct event *event)
{
	event->previous->next = event->next;
	event->next->previous = event->previous;
}

static bool now_empty(const struct calendar *calendar)
{
	return calendar->now.next == &calendar->now;
}

/* ---- all ---- */

static APART void add_later(struct calendar *calendar, struct event *event, uint64_t time_ps)
{
	struct calendar_entry entry = {time_ps, event};

	event->sequence = calendar->next_sequence++;
	if (calendar->near_count == CALENDAR_NEAR)
		near_spill(calendar);
	if (!calendar->heap_count || time_ps < calendar->heap[0].time_ps)
		near_add(calendar, entry);
	else
		heap_add(calendar, entry);
}

static APART void move(struct calendar *calendar, struct event *event, uint64_t time_ps)
{
	calendar_cancel(calendar, event);
	calendar_schedule(calendar, event, time_ps);
}

static APART void full(const struct calendar *calendar)
{
	/* No part to name here: the calendar lies below the instances. */
	fprintf(stderr, "vfsim: calendar full: %u events pending\n", calendar->capacity);
	abort();
}

/* The present is what is scheduled most: all else is a call at the end. */
void calendar_schedule(struct calendar *calendar, struct event *event, uint64_t time_ps)
{
	if (event->slot) {
		move(calendar, event, time_ps);
		return;
	}
	if (calendar->pending++ == calendar->capacity)
		full(calendar);
	else if (time_ps <= calendar->now_ps)
		now_add(calendar, event);
	else
		add_later(calendar, event, time_ps);
}

void calendar_cancel(struct calendar *calendar, struct event *event)
{
	uint32_t slot = event->slot;

	if (!slot)
		return;
	calendar->pending--;
	event->slot = 0;
	if (slot == SLOT_NOW)
		now_remove(event);
	else if (slot == SLOT_NEAR)
		near_remove(calendar, event);
	else
		heap_remove(calendar, slot - 1);
}

uint64_t calendar_next_time(const struct calendar *calendar)
{
	uint32_t count = calendar->near_count;

	if (!now_empty(calendar))
		return calendar->now_ps;
	return count ? calendar->near_entry[count - 1].time_ps : TIME_NEVER;
}

/* The next event, taken out, with time moved to it; NULL without one until `until_ps`. */
static struct event *take_later(struct calendar *calendar, uint64_t until_ps)
{
	uint32_t count = calendar->near_count;
	const struct calendar_entry *soonest;
	struct event *event;

	if (!count)
		return NULL;
	soonest = &calendar->near_entry[count - 1];
	if (soonest->time_ps > until_ps)
		return NULL;
	event = soonest->event;
	calendar->now_ps = soonest->time_ps;
	if (!--calendar->near_count)
		near_refill(calendar);
	return event;
}

/* What was scheduled for this time before it came goes before what is due now. */
static struct event *take_next(struct calendar *calendar, uint64_t until_ps)
{
	uint32_t count = calendar->near_count;
	struct event *event = calendar->now.next;

	if (event == &calendar->now ||
	    (count && calendar->near_entry[count - 1].time_ps == calendar->now_ps))
		return take_later(calendar, until_ps);
	if (calendar->now_ps > until_ps)
		return NULL;
	now_remove(event);
	return event;
}

bool calendar_step_until(struct calendar *calendar, uint64_t until_ps)
{
	struct event *event = take_next(calendar, until_ps);

	if (!event)
		return false;
	calendar->fired++;
	calendar->pending--;
	event->slot = 0;
	event->fire(event, calendar->now_ps);
	return true;
}

bool calendar_step(struct calendar *calendar)
{
	return calendar_step_until(calendar, TIME_NEVER);
}

void calendar_advance(struct calendar *calendar, uint64_t time_ps)
{
	if (time_ps > calendar->now_ps && time_ps <= calendar_next_time(calendar))
		calendar->now_ps = time_ps;
}
