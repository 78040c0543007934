// SPDX-License-Identifier: Apache-2.0
// The calendar against a sorted map, over mixes that fill and empty its list and its heap.
#include "base/calendar.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

#include "base/bits.h"

namespace
{
struct Probe {
	struct event event;
	unsigned number;
	unsigned *fired;
};

void OnFire(struct event *event, uint64_t)
{
	auto *probe = CONTAINER_OF(event, Probe, event);

	*probe->fired = probe->number;
}

class Reference
{
public:
	void Schedule(unsigned number, uint64_t time_ps)
	{
		Cancel(number);
		key[number] = {time_ps, sequence++};
		pending[key[number]] = number;
	}
	void Cancel(unsigned number)
	{
		if (key.count(number))
			pending.erase(key[number]);
		key.erase(number);
	}
	bool Empty() const
	{
		return pending.empty();
	}
	/* The next one's number and time; one must be pending. */
	std::pair<unsigned, uint64_t> Step()
	{
		auto first = *pending.begin();

		Cancel(first.second);
		return {first.second, first.first.first};
	}

private:
	std::map<std::pair<uint64_t, uint64_t>, unsigned> pending;
	std::map<unsigned, std::pair<uint64_t, uint64_t>> key;
	uint64_t sequence = 0;
};

struct Mix {
	unsigned events; /* pending at most */
	uint64_t spread_ps;
	unsigned cancels; /* of 100 steps */
};

class CalendarOrder : public ::testing::TestWithParam<Mix>
{
protected:
	CalendarOrder() : probes(GetParam().events)
	{
		EXPECT_EQ(calendar_init(&calendar, GetParam().events), 0);
		for (unsigned i = 0; i < probes.size(); i++) {
			probes[i] = {{}, i, &fired};
			event_init(&probes[i].event, OnFire);
		}
	}
	~CalendarOrder() override
	{
		calendar_fini(&calendar);
	}

	void Change(unsigned number)
	{
		const Mix mix = GetParam();
		uint64_t time_ps = calendar.now_ps + random() % mix.spread_ps;

		if (random() % 100 < mix.cancels) {
			calendar_cancel(&calendar, &probes[number].event);
			reference.Cancel(number);
			return;
		}
		calendar_schedule(&calendar, &probes[number].event, time_ps);
		reference.Schedule(number, time_ps);
	}

	void Step()
	{
		if (reference.Empty()) {
			ASSERT_FALSE(calendar_step(&calendar));
			return;
		}
		auto next = reference.Step();

		ASSERT_EQ(calendar_next_time(&calendar), next.second);
		ASSERT_TRUE(calendar_step(&calendar));
		ASSERT_EQ(fired, next.first);
	}

	struct calendar calendar;
	std::vector<Probe> probes;
	unsigned fired = 0;
	std::mt19937_64 random{42};
	Reference reference;
};

TEST_P(CalendarOrder, IsThatOfASortedMap)
{
	for (unsigned phase = 0; phase < 200; phase++) {
		unsigned changes = random() % (2 * GetParam().events);
		unsigned steps = random() % (2 * GetParam().events);

		for (unsigned i = 0; i < changes; i++)
			Change(random() % GetParam().events);
		for (unsigned i = 0; i < steps; i++) {
			ASSERT_NO_FATAL_FAILURE(Step());
			if (random() % 2)
				Change(random() % GetParam().events);
		}
	}
	while (!reference.Empty())
		ASSERT_NO_FATAL_FAILURE(Step());
	EXPECT_FALSE(calendar_step(&calendar));
}

INSTANTIATE_TEST_SUITE_P(Mixes, CalendarOrder,
			 ::testing::Values(Mix{8, 10, 5}, Mix{33, 100, 20}, Mix{40, 4, 10},
					   Mix{200, 1000, 10}, Mix{1000, 3, 1},
					   Mix{1000, 1000000, 40}));
} // namespace
