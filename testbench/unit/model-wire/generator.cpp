/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/generator.h"

#include <map>

#include "testbench/unit/model-wire/wire_fixture.hpp"

class WireGenerator : public WireBackend
{
protected:
	static constexpr uint64_t kBytePs = 320; /* 25 Gb/s */

	void make(uint32_t flows, uint32_t packets = 64, uint64_t ps_per_byte = kBytePs)
	{
		struct generator_cfg cfg = {flows, packets, ps_per_byte};

		attach(generator_create(&part, &cfg));
	}
	static struct generator_flow_cfg flow(uint32_t number, uint32_t len = 200)
	{
		struct generator_flow_cfg cfg = {};

		cfg.flow = number;
		memcpy(cfg.destination, kTo, 6);
		memcpy(cfg.source, kFrom, 6);
		cfg.size[0] = {len, len, 1};
		cfg.sizes = 1;
		cfg.interval_ps = PS_PER_US;
		return cfg;
	}
	void add(const struct generator_flow_cfg &cfg)
	{
		ASSERT_EQ(generator_add_flow(backend, &cfg), 0);
	}
	/* Which of flow and number each frame sent is; all are intact. */
	std::vector<std::pair<uint64_t, uint64_t>> names() const
	{
		std::vector<std::pair<uint64_t, uint64_t>> found;

		for (const Sent &each : sent) {
			uint64_t flow_of, number;
			bool intact;

			EXPECT_TRUE(test_frame_check(each.frame.data(),
						     static_cast<uint32_t>(each.frame.size()),
						     &flow_of, &number, &intact));
			EXPECT_TRUE(intact);
			found.emplace_back(flow_of, number);
		}
		return found;
	}
};

TEST_F(WireGenerator, SendsCheckedFramesAtAConstantRate)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0);
	cfg.count = 5;
	cfg.start_ps = 10 * PS_PER_US;
	add(cfg);
	run_for(PS_PER_MS);
	ASSERT_EQ(sent.size(), 5u);
	for (uint64_t i = 0; i < 5; i++) {
		EXPECT_EQ(sent[i].time_ps, (11 + i) * PS_PER_US);
		EXPECT_EQ(sent[i].frame, test_frame(0, i));
	}
	EXPECT_EQ(traces_of(TRACE_PACKET_SENT).size(), 5u);
	EXPECT_EQ(generator_sent(backend, 0), 5u);
	EXPECT_EQ(backend->counters.frames_out, 5u);
	EXPECT_EQ(backend->counters.bytes_out, 1000u);
}

TEST_F(WireGenerator, ABurstGoesAtOnceAndTheRateStays)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0);
	cfg.burst = 4;
	cfg.count = 12;
	add(cfg);
	run_for(PS_PER_MS);
	ASSERT_EQ(sent.size(), 12u);
	for (uint64_t i = 0; i < 12; i++)
		EXPECT_EQ(sent[i].time_ps, 4 * (1 + i / 4) * PS_PER_US);
}

TEST_F(WireGenerator, AFlowWithoutARateFillsTheWire)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0, 1500);
	cfg.interval_ps = 0;
	add(cfg);
	run_for(100 * PS_PER_US);
	wire_backend_stop(backend);
	/* 1524 bytes of 320 ps each. */
	EXPECT_NEAR(sent.size(), 100 * PS_PER_US / (1524 * kBytePs), 1);
}

TEST_F(WireGenerator, PoissonGapsHaveTheirMeanAndDiffer)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0);
	std::map<uint64_t, int> gaps;

	cfg.poisson = true;
	add(cfg);
	run_for(10 * PS_PER_MS);
	wire_backend_stop(backend);
	EXPECT_NEAR(sent.size(), 10000, 400);
	for (size_t i = 1; i < sent.size(); i++)
		gaps[sent[i].time_ps - sent[i - 1].time_ps]++;
	EXPECT_GT(gaps.size(), 1000u);
}

TEST_F(WireGenerator, SizesComeByTheirWeights)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0);
	std::map<size_t, int> lengths;

	cfg.size[0] = {64, 64, 7};
	cfg.size[1] = {594, 594, 4};
	cfg.size[2] = {1400, 1500, 1};
	cfg.sizes = 3;
	cfg.count = 12000;
	add(cfg);
	run_for(20 * PS_PER_MS);
	for (const Sent &each : sent)
		lengths[each.frame.size() < 1400 ? each.frame.size() : 1400]++;
	EXPECT_NEAR(lengths[64], 7000, 250);
	EXPECT_NEAR(lengths[594], 4000, 250);
	EXPECT_NEAR(lengths[1400], 1000, 150);
	EXPECT_EQ(lengths.size(), 3u);
}

TEST_F(WireGenerator, SizesOfARangeReachBothEnds)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0);
	std::map<size_t, int> lengths;

	cfg.size[0] = {64, 67, 1};
	cfg.count = 400;
	add(cfg);
	run_for(PS_PER_MS);
	for (const Sent &each : sent)
		lengths[each.frame.size()]++;
	EXPECT_EQ(lengths.size(), 4u);
	EXPECT_EQ(lengths.begin()->first, 64u);
	EXPECT_EQ(lengths.rbegin()->first, 67u);
}

TEST_F(WireGenerator, FlowsAreNumberedEachByItself)
{
	make(3);
	for (uint32_t i = 0; i < 3; i++) {
		struct generator_flow_cfg cfg = flow(i);

		cfg.count = 10 + i;
		add(cfg);
	}
	run_for(PS_PER_MS);
	std::map<uint64_t, uint64_t> next;
	for (auto [of, number] : names())
		EXPECT_EQ(number, next[of]++);
	EXPECT_EQ(next, (std::map<uint64_t, uint64_t>{{0, 10}, {1, 11}, {2, 12}}));
}

TEST_F(WireGenerator, FramesOfAVlanHaveItsTag)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0);
	cfg.vlan = 100;
	cfg.count = 1;
	add(cfg);
	run_for(PS_PER_MS);
	ASSERT_EQ(sent.size(), 1u);
	EXPECT_EQ(sent[0].frame, tagged(test_frame(0, 0), 100));
}

TEST_F(WireGenerator, IsTheSameForOneSeedAndAnotherForAnother)
{
	auto times = [this](uint64_t with) {
		TearDown();
		seed = with;
		sent.clear();
		SetUp();
		make(1);
		struct generator_flow_cfg cfg = flow(0);
		cfg.poisson = true;
		cfg.size[0] = {64, 1500, 1};
		cfg.count = 100;
		add(cfg);
		run_for(10 * PS_PER_MS);
		std::vector<std::pair<uint64_t, size_t>> found;
		for (const Sent &each : sent)
			found.emplace_back(each.time_ps, each.frame.size());
		return found;
	};
	auto one = times(1), again = times(1), other = times(2);

	EXPECT_EQ(one.size(), 100u);
	EXPECT_EQ(one, again);
	EXPECT_NE(one, other);
}

/* Who holds all its packets makes it wait; nothing is left out. */
TEST_F(WireGenerator, WaitsForPacketsThatAreUnderWay)
{
	make(2, 4);
	hold = true;
	for (uint32_t i = 0; i < 2; i++) {
		struct generator_flow_cfg cfg = flow(i);

		cfg.count = 6;
		add(cfg);
	}
	run_for(PS_PER_MS);
	EXPECT_EQ(sent.size(), 4u);
	EXPECT_GT(backend->counters.starved, 0u);
	hold = false;
	drop_held();
	run_for(PS_PER_MS);
	EXPECT_EQ(sent.size(), 12u);
	std::map<uint64_t, uint64_t> next;
	for (auto [of, number] : names())
		EXPECT_EQ(number, next[of]++);
}

TEST_F(WireGenerator, ChecksWhatComesBack)
{
	make(1);
	struct generator_flow_cfg cfg = flow(0);
	cfg.count = 4;
	add(cfg);
	run_for(PS_PER_MS);
	deliver(sent[0].frame);
	deliver(sent[2].frame);
	deliver(sent[1].frame);
	deliver(sent[1].frame);
	const struct checker_flow &back = generator_checker(backend)->flow[0];
	EXPECT_EQ(back.received, 4u);
	EXPECT_EQ(back.reordered, 1u);
	EXPECT_EQ(back.duplicated, 1u);
	EXPECT_EQ(checker_missing(&back, generator_sent(backend, 0)), 1u);
}

TEST_F(WireGenerator, TellsWhenItSendsNextUntilItIsStopped)
{
	make(1);
	EXPECT_EQ(wire_backend_when(backend), TIME_NEVER);
	add(flow(0));
	EXPECT_EQ(wire_backend_when(backend), PS_PER_US);
	run_for(10 * PS_PER_US + 1);
	EXPECT_EQ(wire_backend_when(backend), 11 * PS_PER_US);
	wire_backend_stop(backend);
	EXPECT_EQ(wire_backend_when(backend), TIME_NEVER);
	run_for(PS_PER_MS);
	EXPECT_EQ(sent.size(), 10u);
}

TEST_F(WireGenerator, FlowsThatCannotBeAreRefused)
{
	make(2, 64, 0);
	struct generator_flow_cfg good = flow(0), bad = good;

	bad.sizes = 0;
	EXPECT_EQ(generator_add_flow(backend, &bad), -EINVAL);
	for (struct generator_size size :
	     {generator_size{FRAME_PAYLOAD_OFFSET - 1, 100, 1}, generator_size{100, 99, 1},
	      generator_size{100, 100, 0}, generator_size{100, FRAME_MAX_BYTES + 1, 1}}) {
		bad = good;
		bad.size[0] = size;
		EXPECT_EQ(generator_add_flow(backend, &bad), -EINVAL) << size.min_bytes;
	}
	bad = good;
	bad.size[0] = {FRAME_MAX_BYTES, FRAME_MAX_BYTES, 1};
	bad.vlan = 1;
	EXPECT_EQ(generator_add_flow(backend, &bad), -EINVAL) << "no room for the tag";
	bad = good;
	bad.interval_ps = 0;
	EXPECT_EQ(generator_add_flow(backend, &bad), -EINVAL) << "the wire has no rate";
	bad = good;
	bad.flow = 2;
	EXPECT_EQ(generator_add_flow(backend, &bad), -ENOSPC);
	add(good);
	EXPECT_EQ(generator_add_flow(backend, &good), -EEXIST);
	wire_backend_stop(backend);
}

/* Through a wire that holds frames back and loses some, to a loop and home again. */
TEST_F(WireGenerator, AWireBetweenShowsInWhatIsMissingAndLate)
{
	struct wire_cfg cfg = {};
	struct wire_env env = {part};

	make(1);
	cfg.latency_ps = PS_PER_US;
	cfg.ps_per_byte = kBytePs;
	cfg.loss_ppm[0] = cfg.reorder_ppm[0] = 50000;
	cfg.reorder_delay_ps = 10 * PS_PER_US;
	struct wire *wire = wire_create(&cfg, &env);
	struct frame_port mine = wire_backend_port(backend), into = wire_port(wire, 0);
	wire_connect(wire, &mine, &mine); /* both ends are the generator's */
	wire_backend_attach(backend, &into);
	struct generator_flow_cfg sends = flow(0);
	sends.count = 2000;
	add(sends);
	run_for(10 * PS_PER_MS);
	const struct checker_flow &back = generator_checker(backend)->flow[0];
	EXPECT_NEAR(checker_missing(&back, 2000), 100, 40);
	EXPECT_NEAR(back.reordered, 95, 40);
	EXPECT_EQ(back.duplicated + back.damaged + back.stale, 0u);
	wire_destroy(wire);
}
