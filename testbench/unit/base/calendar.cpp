// SPDX-License-Identifier: Apache-2.0
// The calendar beside a naive one: a list sorted by (time, sequence).
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/bits.h"
#include "base/calendar.h"
#include "base/rng.h"

namespace
{
struct Entry {
	struct event event;
	int number;
	std::vector<std::pair<uint64_t, int>> *log;
};

void fire(struct event *event, uint64_t now)
{
	Entry *entry = CONTAINER_OF(event, Entry, event);

	entry->log->push_back({now, entry->number});
}

class Calendar : public testing::Test
{
protected:
	void SetUp() override
	{
		ASSERT_EQ(calendar_init(&calendar, kEvents), 0);
		for (int i = 0; i < kEvents; i++) {
			entry[i].number = i;
			entry[i].log = &log;
			event_init(&entry[i].event, fire);
		}
	}
	void TearDown() override
	{
		calendar_fini(&calendar);
	}

	static constexpr int kEvents = 200;
	struct calendar calendar;
	Entry entry[kEvents];
	std::vector<std::pair<uint64_t, int>> log;
};
} // namespace

TEST_F(Calendar, FiresInTimeOrderAndThenInTheOrderOfScheduling)
{
	calendar_schedule(&calendar, &entry[0].event, 20);
	calendar_schedule(&calendar, &entry[1].event, 10);
	calendar_schedule(&calendar, &entry[2].event, 20);
	calendar_schedule(&calendar, &entry[3].event, 10);
	EXPECT_EQ(calendar_next_time(&calendar), 10u);
	while (calendar_step(&calendar))
		;
	EXPECT_EQ(log, (std::vector<std::pair<uint64_t, int>>{{10, 1}, {10, 3}, {20, 0}, {20, 2}}));
	EXPECT_EQ(calendar.fired, 4u);
	EXPECT_EQ(calendar_next_time(&calendar), TIME_NEVER);
}

TEST_F(Calendar, MovesAPendingEventBehindOthersOfItsNewTime)
{
	calendar_schedule(&calendar, &entry[0].event, 10);
	calendar_schedule(&calendar, &entry[1].event, 10);
	calendar_schedule(&calendar, &entry[0].event, 10);
	while (calendar_step(&calendar))
		;
	EXPECT_EQ(log, (std::vector<std::pair<uint64_t, int>>{{10, 1}, {10, 0}}));
}

TEST_F(Calendar, FiresWhatIsScheduledForNowAfterWhatWasScheduledForItBefore)
{
	calendar_schedule(&calendar, &entry[0].event, 10);
	calendar_schedule(&calendar, &entry[1].event, 10);
	EXPECT_TRUE(calendar_step(&calendar));
	for (int i = 2; i < 5; i++)
		calendar_schedule(&calendar, &entry[i].event, 10);
	calendar_cancel(&calendar, &entry[3].event);
	calendar_schedule(&calendar, &entry[2].event, 10);
	calendar_schedule(&calendar, &entry[5].event, 11);
	while (calendar_step(&calendar))
		;
	EXPECT_EQ(log, (std::vector<std::pair<uint64_t, int>>{
			       {10, 0}, {10, 1}, {10, 4}, {10, 2}, {11, 5}}));
}

TEST_F(Calendar, TakesThePastForNow)
{
	calendar_advance(&calendar, 100);
	calendar_schedule(&calendar, &entry[0].event, 50);
	EXPECT_TRUE(calendar_step(&calendar));
	EXPECT_EQ(log[0].first, 100u);
}

TEST_F(Calendar, ForgetsACancelledEventAndLeavesAnotherAlone)
{
	calendar_schedule(&calendar, &entry[0].event, 10);
	EXPECT_TRUE(event_pending(&entry[0].event));
	calendar_cancel(&calendar, &entry[1].event);
	calendar_cancel(&calendar, &entry[0].event);
	EXPECT_FALSE(event_pending(&entry[0].event));
	EXPECT_FALSE(calendar_step(&calendar));
}

TEST_F(Calendar, DoesNotAdvancePastTheNextEventNorBackwards)
{
	calendar_schedule(&calendar, &entry[0].event, 10);
	calendar_advance(&calendar, 11);
	EXPECT_EQ(calendar.now_ps, 0u);
	calendar_advance(&calendar, 10);
	EXPECT_EQ(calendar.now_ps, 10u);
	calendar_advance(&calendar, 5);
	EXPECT_EQ(calendar.now_ps, 10u);
}

TEST_F(Calendar, AnEventThatFiresIsNotPendingAndMayScheduleItselfAgain)
{
	struct Again {
		struct event event;
		struct calendar *calendar;
		int left;
	} again = {{}, &calendar, 3};

	event_init(&again.event, [](struct event *event, uint64_t now) {
		Again *self = CONTAINER_OF(event, Again, event);

		EXPECT_FALSE(event_pending(event));
		if (--self->left)
			calendar_schedule(self->calendar, event, now + 5);
	});
	calendar_schedule(&calendar, &again.event, 5);
	while (calendar_step(&calendar))
		;
	EXPECT_EQ(again.left, 0);
	EXPECT_EQ(calendar.now_ps, 15u);
}

TEST(CalendarDeathTest, RunningOutOfRoomIsOurError)
{
	struct calendar calendar;
	Entry a, b;

	ASSERT_EQ(calendar_init(&calendar, 1), 0);
	event_init(&a.event, fire);
	event_init(&b.event, fire);
	calendar_schedule(&calendar, &a.event, 1);
	calendar_schedule(&calendar, &a.event, 2); // moved, not a second one
	EXPECT_DEATH(calendar_schedule(&calendar, &b.event, 1), "calendar full");
	calendar_fini(&calendar);
}

TEST_F(Calendar, DoesWhatASortedListDoes)
{
	struct Naive {
		uint64_t time, sequence;
		int number;
	};
	std::vector<Naive> list;
	std::vector<std::pair<uint64_t, int>> expected;
	struct rng rng;
	uint64_t sequence = 0;
	auto drop = [&](int number) {
		list.erase(std::remove_if(list.begin(), list.end(),
					  [&](const Naive &n) { return n.number == number; }),
			   list.end());
	};

	rng_init(&rng, 1, "calendar");
	for (int i = 0; i < 100000; i++) {
		int number = static_cast<int>(rng_below(&rng, kEvents));

		switch (rng_below(&rng, 4)) {
		case 0:
		case 1: {
			// Few times, so that many events meet.
			uint64_t time = calendar.now_ps + rng_below(&rng, 50);

			drop(number);
			list.push_back({time, sequence++, number});
			calendar_schedule(&calendar, &entry[number].event, time);
			break;
		}
		case 2:
			drop(number);
			calendar_cancel(&calendar, &entry[number].event);
			break;
		default: {
			auto next = std::min_element(
				list.begin(), list.end(), [](const Naive &a, const Naive &b) {
					return std::make_pair(a.time, a.sequence) <
					       std::make_pair(b.time, b.sequence);
				});

			ASSERT_EQ(calendar_next_time(&calendar),
				  next == list.end() ? TIME_NEVER : next->time);
			if (next != list.end()) {
				expected.push_back({next->time, next->number});
				list.erase(next);
			}
			calendar_step(&calendar);
			ASSERT_EQ(log, expected);
			log.clear();
			expected.clear();
		}
		}
		ASSERT_EQ(calendar.pending, list.size());
		ASSERT_EQ(event_pending(&entry[number].event),
			  std::any_of(list.begin(), list.end(),
				      [&](const Naive &n) { return n.number == number; }));
	}
}
