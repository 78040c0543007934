/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_CALENDAR_H
#define VFSIM_BASE_CALENDAR_H

/*
 * The event calendar: what happens next, and when.
 *
 * Simulated time is a uint64_t of picoseconds. Events fire in (time, sequence)
 * order: two events of one time fire in the order in which they were scheduled.
 * An event is a member of whatever it wakes (see CONTAINER_OF) and is its own
 * handle: nothing is allocated to schedule or to cancel it.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PS_PER_NS  UINT64_C(1000)
#define PS_PER_US  UINT64_C(1000000)
#define PS_PER_MS  UINT64_C(1000000000)
#define PS_PER_S   UINT64_C(1000000000000)
#define TIME_NEVER UINT64_MAX

struct event {
	void (*fire)(struct event *event, uint64_t now);
	/* The calendar's: where it keeps the event, 0 = not scheduled; and in which order. */
	uint32_t slot;
	uint64_t sequence;
	struct event *next, *previous;
};

struct calendar_entry {
	uint64_t time_ps;
	struct event *event;
};

/*
 * What is scheduled for the present is a queue, after all that was scheduled for
 * that time before it came. Of the rest few are pending at a time, and most new
 * ones come soon: so those next to fire stand in a short sorted list, the soonest
 * last, where one more moves few others. All others, later than any of the list,
 * are a heap.
 */
#define CALENDAR_NEAR 32u

struct calendar {
	uint64_t now_ps;
	uint64_t next_sequence;
	uint64_t fired;
	struct event now; /* before the first and after the last that is due at now_ps */
	struct calendar_entry *heap;
	uint32_t heap_count;
	uint32_t near_count; /* 0 only if the heap is empty too */
	uint32_t pending;    /* in all three */
	uint32_t capacity;
	struct calendar_entry near_entry[CALENDAR_NEAR];
};

/* Room for `capacity` pending events, allocated here and never again. -ENOMEM. */
int calendar_init(struct calendar *calendar, uint32_t capacity);
void calendar_fini(struct calendar *calendar);

static inline void event_init(struct event *event, void (*fire)(struct event *, uint64_t))
{
	event->fire = fire;
	event->slot = 0;
}

static inline bool event_pending(const struct event *event)
{
	return event->slot != 0;
}

/*
 * Fire `event` at `time_ps`; a time before now means now. A pending event is
 * moved: it takes a new sequence number. Running out of room is our error.
 */
void calendar_schedule(struct calendar *calendar, struct event *event, uint64_t time_ps);

/* Forget a pending event; one that is not pending is left alone. */
void calendar_cancel(struct calendar *calendar, struct event *event);

/* Time of the next event, TIME_NEVER without one. */
uint64_t calendar_next_time(const struct calendar *calendar);

/* Fire the next event and move time to it. False when nothing is pending. */
bool calendar_step(struct calendar *calendar);

/* The same, but for events after `until_ps`: for them it returns false too. */
bool calendar_step_until(struct calendar *calendar, uint64_t until_ps);

/* Move time forward without an event; `time_ps` must not pass the next one. */
void calendar_advance(struct calendar *calendar, uint64_t time_ps);

#ifdef __cplusplus
}
#endif
#endif
