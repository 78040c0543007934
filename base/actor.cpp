/* SPDX-License-Identifier: Apache-2.0 */
#include "base/actor.h"

#include "base/bits.h"

#include <boost/context/detail/fcontext.hpp>
#include <boost/context/fixedsize_stack.hpp>

#include <new>
#include <string>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace ctx = boost::context::detail;

namespace
{
/* Deep enough for an ioctl's call chain with its page-sized locals. */
constexpr std::size_t StackBytes = 128 * 1024;
} // namespace

struct actor {
	struct sim *sim;
	std::string name;
	void (*body)(struct actor *, void *);
	void *arg;
	boost::context::stack_context stack;
	ctx::fcontext_t context; /* where to resume: the actor's side while it waits */
	ctx::fcontext_t pump;    /* the calendar's side while it runs */
	struct event resume;
	struct event timeout;
	struct waitq *waiting_on;
	struct actor *next; /* in waiting_on */
	struct waitq finished_waiters;
	bool woken;
	bool finished;
	bool forgotten;
#if defined(__SANITIZE_ADDRESS__)
	void *fake_stack;
	const void *pump_stack;
	std::size_t pump_stack_size;
#endif
};

namespace
{
void actor_free(struct actor *actor)
{
	boost::context::fixedsize_stack(StackBytes).deallocate(actor->stack);
	delete actor;
}

/* The actor's stack begins here, on its first resume. */
void entry(ctx::transfer_t from)
{
	struct actor *self = static_cast<struct actor *>(from.data);

	self->pump = from.fctx;
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(nullptr, &self->pump_stack, &self->pump_stack_size);
#endif
	self->body(self, self->arg);
	self->finished = true;
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_start_switch_fiber(nullptr, self->pump_stack, self->pump_stack_size);
#endif
	ctx::jump_fcontext(self->pump, nullptr);
}

/* From the actor back to whoever resumed it; returns when it is resumed again. */
void yield(struct actor *self)
{
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_start_switch_fiber(&self->fake_stack, self->pump_stack, self->pump_stack_size);
#endif
	self->pump = ctx::jump_fcontext(self->pump, nullptr).fctx;
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(self->fake_stack, &self->pump_stack,
					&self->pump_stack_size);
#endif
}

void on_resume(struct event *event, uint64_t)
{
	struct actor *actor = CONTAINER_OF(event, struct actor, resume);
#if defined(__SANITIZE_ADDRESS__)
	void *fake_stack = nullptr;

	__sanitizer_start_switch_fiber(&fake_stack,
				       static_cast<char *>(actor->stack.sp) - actor->stack.size,
				       actor->stack.size);
#endif
	actor->context = ctx::jump_fcontext(actor->context, actor).fctx;
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
	if (!actor->finished)
		return;
	waitq_wake(&actor->finished_waiters);
	if (actor->forgotten)
		actor_free(actor);
}

void waitq_remove(struct waitq *waitq, struct actor *actor)
{
	struct actor **link = &waitq->first;
	struct actor *previous = nullptr;

	for (; *link != actor; link = &(*link)->next)
		previous = *link;
	*link = actor->next;
	if (waitq->last == actor)
		waitq->last = previous;
	actor->next = nullptr;
	actor->waiting_on = nullptr;
}

void on_timeout(struct event *event, uint64_t)
{
	struct actor *actor = CONTAINER_OF(event, struct actor, timeout);

	waitq_remove(actor->waiting_on, actor);
	sim_after(actor->sim, &actor->resume, 0);
}
} // namespace

struct actor *actor_start(struct sim *sim, const char *name, void (*body)(struct actor *, void *),
			  void *arg)
{
	struct actor *actor = new (std::nothrow) struct actor();

	if (!actor)
		return nullptr;
	try {
		actor->name = name;
		actor->stack = boost::context::fixedsize_stack(StackBytes).allocate();
	} catch (const std::bad_alloc &) {
		delete actor;
		return nullptr;
	}
	actor->sim = sim;
	actor->body = body;
	actor->arg = arg;
	actor->context = ctx::make_fcontext(actor->stack.sp, actor->stack.size, entry);
	event_init(&actor->resume, on_resume);
	event_init(&actor->timeout, on_timeout);
	sim_after(sim, &actor->resume, 0);
	return actor;
}

const char *actor_name(const struct actor *actor)
{
	return actor->name.c_str();
}

struct sim *actor_sim(const struct actor *actor)
{
	return actor->sim;
}

bool actor_finished(const struct actor *actor)
{
	return actor->finished;
}

void actor_join(struct actor *self, struct actor *other)
{
	while (!other->finished)
		actor_wait(self, &other->finished_waiters, TIME_NEVER);
	actor_free(other);
}

void actor_forget(struct actor *actor)
{
	if (actor->finished)
		actor_free(actor);
	else
		actor->forgotten = true;
}

void actor_destroy(struct actor *actor)
{
	calendar_cancel(&actor->sim->calendar, &actor->resume);
	calendar_cancel(&actor->sim->calendar, &actor->timeout);
	if (actor->waiting_on)
		waitq_remove(actor->waiting_on, actor);
	actor_free(actor);
}

void actor_sleep(struct actor *self, uint64_t duration_ps)
{
	/* Nobody else has anything to do until then: no need to leave. */
	if (sim_pass(self->sim, duration_ps))
		return;
	sim_after(self->sim, &self->resume, duration_ps);
	yield(self);
}

bool actor_wait(struct actor *self, struct waitq *waitq, uint64_t deadline_ps)
{
	self->woken = false;
	self->waiting_on = waitq;
	self->next = nullptr;
	if (waitq->last)
		waitq->last->next = self;
	else
		waitq->first = self;
	waitq->last = self;
	if (deadline_ps != TIME_NEVER)
		calendar_schedule(&self->sim->calendar, &self->timeout, deadline_ps);
	yield(self);
	return self->woken;
}

void waitq_wake(struct waitq *waitq)
{
	while (waitq->first) {
		struct actor *actor = waitq->first;

		waitq_remove(waitq, actor);
		calendar_cancel(&actor->sim->calendar, &actor->timeout);
		actor->woken = true;
		sim_after(actor->sim, &actor->resume, 0);
	}
}

void sim_mutex_lock(struct actor *self, struct sim_mutex *mutex)
{
	const struct sim_part part = {self->sim, self->name.c_str(), 0};

	sim_assert(&part, mutex->holder != self);
	/* A holder that is not us hands over to the first waiter, so nobody overtakes. */
	if (!mutex->holder) {
		mutex->holder = self;
		return;
	}
	while (mutex->holder != self)
		actor_wait(self, &mutex->waiters, TIME_NEVER);
}

void sim_mutex_unlock(struct actor *self, struct sim_mutex *mutex)
{
	const struct sim_part part = {self->sim, self->name.c_str(), 0};
	struct actor *next = mutex->waiters.first;

	sim_assert(&part, mutex->holder == self);
	mutex->holder = next;
	if (!next)
		return;
	waitq_remove(&mutex->waiters, next);
	next->woken = true;
	sim_after(next->sim, &next->resume, 0);
}
