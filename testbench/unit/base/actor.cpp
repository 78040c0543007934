// SPDX-License-Identifier: Apache-2.0
// Actors: waiting, timeouts, locks, and their ends.
#include "base/actor.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace
{
class Actor : public testing::Test
{
protected:
	using Body = std::function<void(struct actor *)>;

	void SetUp() override
	{
		ASSERT_EQ(sim_init(&sim, 1, nullptr), 0);
	}
	void TearDown() override
	{
		sim_fini(&sim);
	}

	struct actor *start(const char *name, Body body)
	{
		bodies.push_back(std::make_unique<Body>(std::move(body)));
		return actor_start(
			&sim, name,
			[](struct actor *self, void *arg) { (*static_cast<Body *>(arg))(self); },
			bodies.back().get());
	}

	void go(uint64_t until_ps = TIME_NEVER)
	{
		sim_run(&sim, until_ps, nullptr);
	}

	uint64_t now() const
	{
		return sim_now(&sim);
	}

	struct sim sim;
	std::vector<std::unique_ptr<Body>> bodies;
	std::vector<std::string> log;
};
} // namespace

TEST_F(Actor, RunsFromTheCalendarAndNotFromItsStart)
{
	struct actor *actor = start("a", [&](struct actor *self) {
		EXPECT_STREQ(actor_name(self), "a");
		EXPECT_EQ(actor_sim(self), &sim);
		log.push_back("ran");
	});

	EXPECT_TRUE(log.empty());
	go();
	EXPECT_EQ(log.size(), 1u);
	EXPECT_TRUE(actor_finished(actor));
	actor_forget(actor);
}

TEST_F(Actor, ASleepInWhichNothingIsDueTakesNoEvent)
{
	struct actor *actor = start("a", [&](struct actor *self) {
		const uint64_t scheduled = sim.calendar.next_sequence;

		for (int i = 0; i < 10; i++)
			actor_sleep(self, 10);
		EXPECT_EQ(sim.calendar.next_sequence, scheduled);
	});

	go();
	EXPECT_EQ(now(), 100u);
	EXPECT_EQ(sim.calendar.fired, 11u) << "it is as if there were one";
	actor_forget(actor);
}

TEST_F(Actor, ASleepGoesAfterWhatIsDueAtItsEndAlready)
{
	struct actor *b = nullptr;
	struct actor *a = start("a", [&](struct actor *self) {
		actor_sleep(self, 5);
		b = start("b", [&](struct actor *) { log.push_back("b" + std::to_string(now())); });
		actor_sleep(self, 0);
		log.push_back("a" + std::to_string(now()));
	});

	go();
	EXPECT_EQ(log, (std::vector<std::string>{"b5", "a5"}));
	actor_forget(a);
	actor_forget(b);
}

TEST_F(Actor, ASleepEndsWithTheRunThatAllowsIt)
{
	bool stop = false;
	struct actor *actor = start("a", [&](struct actor *self) {
		actor_sleep(self, 60);
		actor_sleep(self, 40);
		log.push_back("awake");
		stop = true;
		actor_sleep(self, 1);
		log.push_back("after the stop");
	});

	go(99);
	EXPECT_EQ(now(), 99u);
	EXPECT_TRUE(log.empty());
	sim_run(&sim, 200, &stop);
	EXPECT_EQ(now(), 100u);
	EXPECT_EQ(log, (std::vector<std::string>{"awake"}));
	go(200);
	EXPECT_EQ(log.size(), 2u);
	actor_forget(actor);
}

TEST_F(Actor, SleepSpendsTimeWhileOthersGoOn)
{
	struct actor *a = start("a", [&](struct actor *self) {
		actor_sleep(self, 100);
		log.push_back("a" + std::to_string(now()));
		actor_sleep(self, 0);
		log.push_back("a" + std::to_string(now()));
	});
	struct actor *b = start("b", [&](struct actor *self) {
		actor_sleep(self, 50);
		log.push_back("b" + std::to_string(now()));
		actor_sleep(self, 50);
		log.push_back("b" + std::to_string(now()));
	});

	go();
	// A sleep of nothing still lets the other, due at the same time, go first.
	EXPECT_EQ(log, (std::vector<std::string>{"b50", "a100", "b100", "a100"}));
	actor_forget(a);
	actor_forget(b);
}

TEST_F(Actor, AreWokenTogetherInOrder)
{
	struct waitq waitq = {};

	for (int i = 0; i < 4; i++)
		actor_forget(start("w", [&, i](struct actor *self) {
			EXPECT_TRUE(actor_wait(self, &waitq, TIME_NEVER));
			log.push_back(std::to_string(i) + "@" + std::to_string(now()));
		}));
	actor_forget(start("waker", [&](struct actor *self) {
		actor_sleep(self, 10);
		waitq_wake(&waitq);
		log.push_back("woke");
		EXPECT_EQ(waitq.first, nullptr);
	}));
	go();
	EXPECT_EQ(log, (std::vector<std::string>{"woke", "0@10", "1@10", "2@10", "3@10"}));
}

TEST_F(Actor, AWaitEndsAtItsDeadline)
{
	struct waitq waitq = {};

	actor_forget(start("w", [&](struct actor *self) {
		EXPECT_FALSE(actor_wait(self, &waitq, 30));
		EXPECT_EQ(now(), 30u);
		EXPECT_FALSE(actor_wait(self, &waitq, 10)); // past
		EXPECT_EQ(now(), 30u);
		EXPECT_TRUE(actor_wait(self, &waitq, 100));
		EXPECT_EQ(now(), 60u);
		log.push_back("done");
	}));
	actor_forget(start("waker", [&](struct actor *self) {
		actor_sleep(self, 60);
		waitq_wake(&waitq);
	}));
	go();
	EXPECT_EQ(log.size(), 1u);
	EXPECT_EQ(now(), 60u); // the deadline at 100 went with the wait
}

TEST_F(Actor, OneThatTimesOutLeavesTheOthersWaiting)
{
	struct waitq waitq = {};
	int woken = 0, timed_out = 0;

	for (uint64_t deadline : {TIME_NEVER, UINT64_C(20), TIME_NEVER, UINT64_C(10), TIME_NEVER})
		actor_forget(start("w", [&, deadline](struct actor *self) {
			if (actor_wait(self, &waitq, deadline))
				woken++;
			else
				timed_out++;
		}));
	go(50);
	EXPECT_EQ(timed_out, 2);
	waitq_wake(&waitq);
	go();
	EXPECT_EQ(woken, 3);
	EXPECT_EQ(waitq.first, nullptr);
	EXPECT_EQ(waitq.last, nullptr);
}

TEST_F(Actor, AWokenOneMayBeJoinedByNewWaitersOfTheSameQueue)
{
	struct waitq waitq = {};
	int rounds = 0;

	actor_forget(start("w", [&](struct actor *self) {
		for (; rounds < 3; rounds++)
			actor_wait(self, &waitq, TIME_NEVER);
	}));
	for (int i = 0; i < 3; i++) {
		go();
		waitq_wake(&waitq);
	}
	go();
	EXPECT_EQ(rounds, 3);
}

TEST_F(Actor, AMutexIsFairAndExclusive)
{
	struct sim_mutex mutex = {};
	int inside = 0;

	for (int i = 0; i < 4; i++)
		actor_forget(start("m", [&, i](struct actor *self) {
			for (int round = 0; round < 3; round++) {
				sim_mutex_lock(self, &mutex);
				EXPECT_EQ(++inside, 1);
				log.push_back(std::to_string(i));
				actor_sleep(self, 10);
				EXPECT_EQ(--inside, 0);
				sim_mutex_unlock(self, &mutex);
			}
		}));
	go();
	std::string order;
	for (const std::string &entry : log)
		order += entry;
	EXPECT_EQ(order, "012301230123");
	EXPECT_EQ(now(), 120u);
	EXPECT_EQ(mutex.holder, nullptr);
}

TEST_F(Actor, NobodyOvertakesTheOneThatAMutexWasHandedTo)
{
	struct sim_mutex mutex = {};

	actor_forget(start("a", [&](struct actor *self) {
		sim_mutex_lock(self, &mutex);
		actor_sleep(self, 10);
		sim_mutex_unlock(self, &mutex); // to b, who has not run yet
		sim_mutex_lock(self, &mutex);
		log.push_back("a");
		sim_mutex_unlock(self, &mutex);
	}));
	actor_forget(start("b", [&](struct actor *self) {
		sim_mutex_lock(self, &mutex);
		log.push_back("b");
		sim_mutex_unlock(self, &mutex);
	}));
	go();
	EXPECT_EQ(log, (std::vector<std::string>{"b", "a"}));
}

TEST_F(Actor, IsJoinedBeforeOrAfterItsEnd)
{
	struct actor *quick = start("quick", [&](struct actor *) {});
	struct actor *slow = start("slow", [&](struct actor *self) { actor_sleep(self, 100); });

	actor_forget(start("joiner", [&](struct actor *self) {
		actor_sleep(self, 10);
		actor_join(self, quick);
		EXPECT_EQ(now(), 10u);
		actor_join(self, slow);
		EXPECT_EQ(now(), 100u);
		log.push_back("joined");
	}));
	go();
	EXPECT_EQ(log.size(), 1u);
}

TEST_F(Actor, MayForgetItself)
{
	start("self", [&](struct actor *self) {
		actor_forget(self);
		actor_sleep(self, 5);
		log.push_back("end");
	});
	go();
	EXPECT_EQ(log.size(), 1u);
}

TEST_F(Actor, IsDestroyedWhereverItStands)
{
	struct waitq waitq = {};
	struct sim_mutex mutex = {};
	struct actor *fresh = start("fresh", [&](struct actor *) { FAIL(); });
	struct actor *asleep, *waiting, *with_deadline, *locked, *holder;

	actor_destroy(fresh);
	asleep = start("asleep", [&](struct actor *self) {
		actor_sleep(self, 100);
		FAIL();
	});
	waiting = start("waiting", [&](struct actor *self) {
		actor_wait(self, &waitq, TIME_NEVER);
		FAIL();
	});
	with_deadline = start("deadline", [&](struct actor *self) {
		actor_wait(self, &waitq, 100);
		FAIL();
	});
	holder = start("holder", [&](struct actor *self) {
		sim_mutex_lock(self, &mutex);
		actor_sleep(self, 50);
		sim_mutex_unlock(self, &mutex);
	});
	locked = start("locked", [&](struct actor *self) {
		sim_mutex_lock(self, &mutex);
		FAIL();
	});
	go(10);
	for (struct actor *actor : {asleep, waiting, with_deadline, locked})
		actor_destroy(actor);
	EXPECT_EQ(waitq.first, nullptr);
	go();
	EXPECT_EQ(mutex.holder, nullptr);
	EXPECT_TRUE(actor_finished(holder));
	actor_forget(holder);
}

TEST_F(Actor, HasAStackForDeepCallsWithPagesOfLocals)
{
	struct Recursion {
		static uint64_t deep(struct actor *self, int depth)
		{
			volatile uint8_t page[4096];

			page[0] = page[4095] = static_cast<uint8_t>(depth);
			if (!depth) {
				actor_sleep(self, 1);
				return page[0];
			}
			return deep(self, depth - 1) + page[4095];
		}
	};
	uint64_t sum = 0;

	actor_forget(start("deep", [&](struct actor *self) { sum = Recursion::deep(self, 20); }));
	go();
	EXPECT_EQ(sum, 210u);
}

TEST_F(Actor, ManyOfThemComeAndGo)
{
	int ended = 0;

	for (int i = 0; i < 500; i++)
		actor_forget(start("many", [&, i](struct actor *self) {
			for (int k = 0; k < 10; k++)
				actor_sleep(self, static_cast<uint64_t>(i * 7 % 13));
			ended++;
		}));
	go();
	EXPECT_EQ(ended, 500);
}

using ActorDeathTest = Actor;

TEST_F(ActorDeathTest, LockingWhatOneHoldsIsOurError)
{
	actor_forget(start("twice", [&](struct actor *self) {
		struct sim_mutex mutex = {};

		sim_mutex_lock(self, &mutex);
		EXPECT_DEATH(sim_mutex_lock(self, &mutex), "twice.*holder");
		EXPECT_DEATH(
			{
				mutex.holder = nullptr;
				sim_mutex_unlock(self, &mutex);
			},
			"twice.*holder");
		sim_mutex_unlock(self, &mutex);
	}));
	go();
}
