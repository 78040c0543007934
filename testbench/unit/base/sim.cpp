// SPDX-License-Identifier: Apache-2.0
// The simulation's services: bits, random streams, planted faults, log, trace, run loop.
#include "base/sim.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"

TEST(Bits, FieldsAreAsTheSpecificationPrintsThem)
{
	EXPECT_EQ(BITS(63, 0), ~UINT64_C(0));
	EXPECT_EQ(BITS(63, 63), UINT64_C(1) << 63);
	EXPECT_EQ(BITS(0, 0), 1u);
	EXPECT_EQ(BITS(11, 4), 0xff0u);
	EXPECT_EQ(field_get(BITS(11, 4), 0xabcd), 0xbcu);
	EXPECT_EQ(field_put(BITS(11, 4), 0x1ff), 0xff0u);
	EXPECT_EQ(field_set(0xffff, BITS(11, 4), 0x12), 0xf12fu);
	EXPECT_EQ(align_up(4097, 4096), 8192u);
	EXPECT_EQ(align_up(4096, 4096), 4096u);
	EXPECT_EQ(align_down(4097, 4096), 4096u);
	EXPECT_FALSE(is_power_of_two(0));
	EXPECT_TRUE(is_power_of_two(UINT64_C(1) << 63));
}

TEST(Bits, LittleEndianAccessIsUnalignedAndRoundTrips)
{
	uint8_t bytes[16] = {0};

	le64_put(bytes + 1, UINT64_C(0x8877665544332211));
	EXPECT_EQ(bytes[1], 0x11);
	EXPECT_EQ(bytes[8], 0x88);
	EXPECT_EQ(le64_get(bytes + 1), UINT64_C(0x8877665544332211));
	EXPECT_EQ(le32_get(bytes + 5), 0x88776655u);
	EXPECT_EQ(le16_get(bytes + 2), 0x3322u);
	le16_put(bytes, 0xfffe);
	le32_put(bytes + 3, 0x80000001);
	EXPECT_EQ(le16_get(bytes), 0xfffeu);
	EXPECT_EQ(le32_get(bytes + 3), 0x80000001u);
}

namespace
{
std::vector<uint64_t> draw(uint64_t seed, const char *stream, int count = 8)
{
	struct rng rng;
	std::vector<uint64_t> drawn;

	rng_init(&rng, seed, stream);
	for (int i = 0; i < count; i++)
		drawn.push_back(rng_next(&rng));
	return drawn;
}
} // namespace

TEST(Rng, StreamsDifferByNameAndSeedAndRepeat)
{
	std::set<std::vector<uint64_t>> all;

	for (uint64_t seed : {UINT64_C(0), UINT64_C(1), UINT64_C(2), ~UINT64_C(0)})
		for (const char *stream : {"", "a", "b", "ab", "ba", "wire.loss"})
			EXPECT_TRUE(all.insert(draw(seed, stream)).second) << seed << stream;
	EXPECT_EQ(draw(7, "x"), draw(7, "x"));
}

TEST(Rng, AStreamDoesNotHearOfAnother)
{
	struct rng a, b;

	rng_init(&a, 1, "a");
	rng_init(&b, 1, "b");
	for (int i = 0; i < 8; i++) {
		rng_next(&b);
		EXPECT_EQ(rng_next(&a), draw(1, "a")[static_cast<size_t>(i)]);
	}
}

TEST(Rng, BelowIsUniformAndExponentialHasItsMean)
{
	struct rng rng;
	int bucket[7] = {};
	double sum = 0;

	rng_init(&rng, 1, "uniform");
	for (int i = 0; i < 70000; i++)
		bucket[rng_below(&rng, 7)]++;
	for (int n : bucket)
		EXPECT_NEAR(n, 10000, 400);
	EXPECT_EQ(rng_below(&rng, 1), 0u);
	// A bound that 2^64 is no multiple of: without care, small values come twice as often.
	int low = 0;
	for (int i = 0; i < 30000; i++)
		low += rng_below(&rng, UINT64_C(3) << 62) < UINT64_C(1) << 62;
	EXPECT_NEAR(low, 10000, 400);
	for (int i = 0; i < 100000; i++)
		sum += static_cast<double>(rng_exponential(&rng, 1000000));
	EXPECT_NEAR(sum / 100000, 1e6, 1.5e4);
}

TEST(Faults, FireAsOftenAsTheyWerePlanted)
{
	struct fault_plan plan = {};

	EXPECT_FALSE(fault_fires(&plan, FAULT_PACKET_DUPLICATED));
	EXPECT_EQ(fault_plant(&plan, "packet-duplicated", 2), 0);
	EXPECT_TRUE(fault_armed(&plan, FAULT_PACKET_DUPLICATED));
	EXPECT_FALSE(fault_fires(&plan, FAULT_MSIX_BEFORE_DATA));
	EXPECT_TRUE(fault_fires(&plan, FAULT_PACKET_DUPLICATED));
	EXPECT_TRUE(fault_fires(&plan, FAULT_PACKET_DUPLICATED));
	EXPECT_FALSE(fault_fires(&plan, FAULT_PACKET_DUPLICATED));
	EXPECT_FALSE(fault_armed(&plan, FAULT_PACKET_DUPLICATED));
	EXPECT_EQ(plan.fired[FAULT_PACKET_DUPLICATED], 2u);
	EXPECT_EQ(fault_plant(&plan, "no-such-fault", 1), -ENOENT);
}

TEST(Faults, PlantedNoTimesNeverFire)
{
	struct fault_plan plan = {};

	EXPECT_EQ(fault_plant(&plan, "packet-duplicated", 1), 0);
	EXPECT_EQ(fault_plant(&plan, "packet-duplicated", 0), 0);
	EXPECT_FALSE(fault_fires(&plan, FAULT_PACKET_DUPLICATED));
}

TEST(Faults, HaveDistinctNamesAndACheckEach)
{
	std::set<std::string> names;

	for (const struct fault_info &info : fault_catalogue) {
		EXPECT_TRUE(names.insert(info.name).second);
		EXPECT_NE(info.check, nullptr);
		EXPECT_NE(info.what, nullptr);
	}
}

namespace
{
class Sim : public testing::Test
{
protected:
	void SetUp() override
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.log = [](void *ctx, enum log_level, const char *instance, const char *text) {
			static_cast<Sim *>(ctx)->lines.push_back(std::string(instance) + ": " +
								 text);
		};
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<Sim *>(ctx)->traced.push_back(*event);
		};
		ASSERT_EQ(sim_init(&sim, 42, &hooks), 0);
	}
	void TearDown() override
	{
		sim_fini(&sim);
	}

	struct sim sim;
	struct sim_part part = {&sim, "host.thing", 3};
	std::vector<std::string> lines;
	std::vector<struct trace_event> traced;
};

struct Flag {
	struct event event;
	bool set;
};
} // namespace

TEST_F(Sim, LogsUpToItsLevelAndNamesTheInstance)
{
	sim_log(&part, LOG_WARNING, "value %d", 5);
	sim_log(&part, LOG_INFO, "not seen");
	sim.log_level = LOG_INFO;
	sim_log(&part, LOG_INFO, "%s", std::string(2000, 'x').c_str());
	ASSERT_EQ(lines.size(), 2u);
	EXPECT_EQ(lines[0], "host.thing: value 5");
	EXPECT_LT(lines[1].size(), 600u);
}

TEST_F(Sim, TracesTimePartArgumentsAndData)
{
	const char data[] = "entry";

	calendar_advance(&sim.calendar, 77);
	const uint64_t arg[TRACE_ARGS] = {0x108, 2};

	trace_emit_data(&part, TRACE_MSIX_RAISED, nullptr, 0, arg);
	trace_emit_data(&part, TRACE_SMMU_COMMAND, data, sizeof(data),
			(const uint64_t[TRACE_ARGS]){0x46});
	ASSERT_EQ(traced.size(), 2u);
	EXPECT_EQ(traced[0].time_ps, 77u);
	EXPECT_EQ(traced[0].part->host, 3u);
	EXPECT_EQ(traced[0].arg[0], 0x108u);
	EXPECT_EQ(traced[0].arg[1], 2u);
	for (int i = 2; i < TRACE_ARGS; i++)
		EXPECT_EQ(traced[0].arg[i], 0u);
	EXPECT_EQ(traced[0].data, nullptr);
	EXPECT_EQ(traced[1].data, data);
	EXPECT_EQ(traced[1].data_len, sizeof(data));
}

TEST_F(Sim, DetailsHaveAHookOfTheirOwnAndTheirTime)
{
	std::vector<struct trace_event> details;
	struct trace_event event = {0, TRACE_SWITCH_FRAME, &part, {7}, "frame", 5};

	sim.hooks.ctx = &details;
	sim.hooks.detail = [](void *ctx, const struct trace_event *told) {
		static_cast<std::vector<struct trace_event> *>(ctx)->push_back(*told);
	};
	calendar_advance(&sim.calendar, 5);
	trace_emit_detail(&event);
	ASSERT_EQ(details.size(), 1u);
	EXPECT_EQ(details[0].time_ps, 5u);
	EXPECT_EQ(details[0].arg[0], 7u);
	EXPECT_EQ(traced.size(), 0u);
}

TEST_F(Sim, TraceCatalogueNamesEveryKindOnce)
{
	std::set<std::string> names;

	for (const struct trace_kind_info &info : trace_catalogue) {
		ASSERT_NE(info.name, nullptr);
		EXPECT_TRUE(names.insert(info.name).second) << info.name;
		EXPECT_NE(info.arg[0], nullptr);
	}
	EXPECT_STREQ(trace_catalogue[TRACE_DMA_WRITE].arg[3], "pa");
}

TEST_F(Sim, RunsUntilATimeAStopOrNothingIsLeft)
{
	Flag a = {}, b = {};

	for (Flag *flag : {&a, &b})
		event_init(&flag->event, [](struct event *event, uint64_t) {
			CONTAINER_OF(event, Flag, event)->set = true;
		});
	sim_after(&sim, &a.event, 10);
	sim_after(&sim, &b.event, 20);
	sim_run(&sim, 15, nullptr);
	EXPECT_TRUE(a.set && !b.set);
	EXPECT_EQ(sim_now(&sim), 15u);
	sim_run(&sim, 20, nullptr); // the end counts
	EXPECT_TRUE(b.set);
	a.set = false;
	sim_after(&sim, &a.event, 5);
	sim_after(&sim, &b.event, 9);
	sim_run(&sim, TIME_NEVER, &a.set);
	EXPECT_EQ(sim_now(&sim), 25u);
	sim_run(&sim, TIME_NEVER, nullptr);
	EXPECT_EQ(sim_now(&sim), 29u); // nothing pending: time stands at the last event
}

TEST_F(Sim, ADelayBeyondTheEndOfTimeIsTheEndOfTime)
{
	Flag a = {};

	event_init(&a.event, [](struct event *, uint64_t) {});
	calendar_advance(&sim.calendar, 1000);
	sim_after(&sim, &a.event, TIME_NEVER);
	EXPECT_EQ(calendar_next_time(&sim.calendar), TIME_NEVER);
	calendar_cancel(&sim.calendar, &a.event);
}

using SimDeathTest = Sim;

TEST_F(SimDeathTest, AnAssertionTellsInstanceTimeAndSeed)
{
	calendar_advance(&sim.calendar, 123);
	EXPECT_DEATH(sim_assert(&part, 1 == 2),
		     "internal error in host.thing at 123 ps, seed 42: .*assertion failed: 1 == 2");
}
