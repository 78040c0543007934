/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/sink.h"

#include "testbench/unit/model-wire/wire_fixture.hpp"

class WireSink : public WireBackend
{
protected:
	static constexpr uint32_t kFlows = 3;

	void SetUp() override
	{
		WireBackend::SetUp();
		attach(sink_create(&part, kFlows));
	}
	const struct checker_flow &flow(uint32_t number)
	{
		return sink_checker(backend)->flow[number];
	}
	void deliver_numbers(uint32_t of, const std::vector<uint64_t> &numbers)
	{
		for (uint64_t number : numbers)
			deliver(test_frame(of, number));
	}
};

TEST_F(WireSink, TellsTheTraceOfEachFrameThatItTakes)
{
	deliver(test_frame(1, 7, 300));
	auto received = traces_of(TRACE_PACKET_RECEIVED);

	ASSERT_EQ(received.size(), 1u);
	EXPECT_EQ(received[0].arg[0], 1u);
	EXPECT_EQ(received[0].arg[1], 7u);
	EXPECT_EQ(received[0].arg[2], 300u);
	EXPECT_EQ(received[0].arg[3], 1u);
	EXPECT_EQ(backend->counters.frames_in, 1u);
	EXPECT_EQ(backend->counters.bytes_in, 300u);
	EXPECT_EQ(backend->counters.ignored, 0u);
}

TEST_F(WireSink, EachFlowIsCheckedByItself)
{
	deliver_numbers(0, {0, 1, 2});
	deliver_numbers(2, {0, 2, 1});
	EXPECT_EQ(flow(0).received, 3u);
	EXPECT_EQ(flow(0).reordered, 0u);
	EXPECT_EQ(flow(1).received, 0u);
	EXPECT_EQ(flow(2).received, 3u);
	EXPECT_EQ(flow(2).reordered, 1u);
}

TEST_F(WireSink, WhatIsMissingIsLost)
{
	deliver_numbers(0, {0, 1, 4, 5});
	EXPECT_EQ(checker_missing(&flow(0), 6), 2u);
	EXPECT_EQ(checker_missing(&flow(0), 8), 4u) << "those behind the last, too";
	deliver_numbers(0, {3, 2});
	EXPECT_EQ(checker_missing(&flow(0), 6), 0u);
	EXPECT_EQ(flow(0).reordered, 2u);
}

TEST_F(WireSink, WhatComesTwiceIsDuplicatedAndNotReordered)
{
	deliver_numbers(0, {0, 1, 1, 2, 0});
	EXPECT_EQ(flow(0).duplicated, 2u);
	EXPECT_EQ(flow(0).reordered, 0u);
	EXPECT_EQ(checker_missing(&flow(0), 3), 0u);
}

TEST_F(WireSink, WhatComesLaterThanTheWindowIsStale)
{
	deliver_numbers(0, {0, CHECKER_WINDOW, CHECKER_WINDOW + 1});
	deliver_numbers(0, {2, 1});
	EXPECT_EQ(flow(0).reordered, 1u) << "2 is the oldest that the window has";
	EXPECT_EQ(flow(0).stale, 1u);
	EXPECT_EQ(flow(0).duplicated, 0u);
}

TEST_F(WireSink, AJumpBeyondTheWindowForgetsWhatWasInIt)
{
	deliver_numbers(
		0, {0, 1, 2, 3 * CHECKER_WINDOW, 3 * CHECKER_WINDOW - 1, 2 * CHECKER_WINDOW + 2});
	EXPECT_EQ(flow(0).duplicated, 0u);
	EXPECT_EQ(flow(0).reordered, 2u);
}

/* But for UDP's ports, length and absent sum: the pattern is what follows from the tag. */
TEST_F(WireSink, AByteChangedInHeadersOrPayloadIsDamage)
{
	const uint32_t udp = FRAME_ETH_BYTES + FRAME_IPV4_BYTES;
	const Bytes good = test_frame(0, 0, 120);

	for (size_t at = FRAME_ETH_BYTES; at < good.size(); at++) {
		if (at >= udp && at < udp + FRAME_UDP_BYTES)
			continue;
		const struct checker *checker = sink_checker(backend);
		uint64_t before =
			checker->foreign + flow(0).damaged + flow(1).damaged + flow(2).damaged;
		Bytes bad = good;

		bad[at] ^= 0x01;
		deliver(bad);
		EXPECT_EQ(checker->foreign + flow(0).damaged + flow(1).damaged + flow(2).damaged,
			  before + 1)
			<< "byte " << at;
	}
}

TEST_F(WireSink, ATagIsNoDamage)
{
	deliver(tagged(test_frame(1, 0), 100));
	EXPECT_EQ(flow(1).received, 1u);
	EXPECT_EQ(flow(1).damaged, 0u);
}

TEST_F(WireSink, FramesOfOthersAreForeignAndIgnored)
{
	deliver(Bytes(60, 0xff));
	deliver(test_frame(kFlows, 0));
	EXPECT_EQ(sink_checker(backend)->foreign, 2u);
	EXPECT_EQ(backend->counters.ignored, 2u);
	auto dropped = traces_of(TRACE_PACKET_DROPPED);
	ASSERT_EQ(dropped.size(), 2u);
	EXPECT_EQ(dropped[1].arg[0], (uint64_t)kFlows);
	EXPECT_EQ(dropped[1].arg[3], (uint64_t)PACKET_DROP_NO_FILTER);
	EXPECT_TRUE(traces_of(TRACE_PACKET_RECEIVED).empty());
}

TEST_F(WireSink, SendsNothing)
{
	deliver(test_frame(0, 0));
	run_for(PS_PER_S);
	EXPECT_TRUE(sent.empty());
	EXPECT_EQ(wire_backend_when(backend), TIME_NEVER);
}
