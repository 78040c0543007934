/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_ACTOR_H
#define VFSIM_BASE_ACTOR_H

/*
 * Actors: software as straight-line code.
 *
 * A VMM, a kernel thread inside an ioctl, a guest driver: each has its own
 * stack (a Boost.Context coroutine) and runs until it waits. The calendar
 * resumes it. An actor is passed along as `self` to whatever may wait on its
 * behalf; nothing else may wait, and there is no "current actor".
 */

#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct actor;

/*
 * Start `body(self, arg)` as an actor at the present time (it first runs from
 * the calendar). `name` is copied. The actor is freed when its body returned
 * and actor_join or actor_forget was called. NULL without memory.
 */
struct actor *actor_start(struct sim *sim, const char *name,
			  void (*body)(struct actor *self, void *arg), void *arg);

const char *actor_name(const struct actor *actor);
struct sim *actor_sim(const struct actor *actor);
bool actor_finished(const struct actor *actor);

/* Wait for `other` to finish, then free it. */
void actor_join(struct actor *self, struct actor *other);

/* Free a finished actor, or let an unfinished one free itself at its end. */
void actor_forget(struct actor *actor);

/*
 * End of a run: free an actor where it stands. Its stack is dropped, not
 * unwound, so whatever it owns must belong to something else too.
 */
void actor_destroy(struct actor *actor);

/* Spend `duration_ps`: other actors and the hardware go on meanwhile. Zero still yields. */
void actor_sleep(struct actor *self, uint64_t duration_ps);

/* Something that actors wait for. Zero-initialised is valid and empty. */
struct waitq {
	struct actor *first;
	struct actor *last;
};

/*
 * Wait until woken or until `deadline_ps` (TIME_NEVER: none). True if woken.
 * A wake-up says "look again": callers re-test their condition.
 */
bool actor_wait(struct actor *self, struct waitq *waitq, uint64_t deadline_ps);

/* Wake all waiters; they run from the calendar, at this time, in order. */
void waitq_wake(struct waitq *waitq);

/* A kernel lock: fair, not recursive. Zero-initialised is valid and free. */
struct sim_mutex {
	struct actor *holder;
	struct waitq waiters;
};

void sim_mutex_lock(struct actor *self, struct sim_mutex *mutex);
void sim_mutex_unlock(struct actor *self, struct sim_mutex *mutex);

#ifdef __cplusplus
}
#endif
#endif
