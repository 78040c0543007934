/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/frame_player.h"

#include "testbench/unit/model-wire/wire_fixture.hpp"

class WirePlayer : public WireBackend
{
protected:
	void make(uint64_t ps_per_byte = 0, uint32_t packets = 16)
	{
		std::vector<struct frame_player_frame> list;

		for (const auto &[at, bytes] : frames)
			list.push_back({at, bytes.data(), static_cast<uint32_t>(bytes.size()),
					static_cast<uint32_t>(bytes.size()) + padding});
		struct frame_player_cfg cfg = {list.data(), static_cast<uint32_t>(list.size()),
					       ps_per_byte, packets};

		attach(frame_player_create(&part, &cfg));
	}
	std::vector<std::pair<uint64_t, Bytes>> frames = {
		{0, Bytes(60, 1)}, {5 * PS_PER_US, Bytes(100, 2)}, {5 * PS_PER_US, Bytes(70, 3)}};
	uint32_t padding = 0;
};

TEST_F(WirePlayer, SendsEachFrameAtItsTime)
{
	make();
	frame_player_start(backend, 10 * PS_PER_US);
	EXPECT_EQ(wire_backend_when(backend), 10 * PS_PER_US);
	EXPECT_EQ(frame_player_left(backend), 3u);
	run_for(PS_PER_MS);
	ASSERT_EQ(sent.size(), 3u);
	EXPECT_EQ(sent[0].time_ps, 10 * PS_PER_US);
	EXPECT_EQ(sent[1].time_ps, 15 * PS_PER_US);
	EXPECT_EQ(sent[2].time_ps, 15 * PS_PER_US);
	for (size_t i = 0; i < 3; i++)
		EXPECT_EQ(sent[i].frame, frames[i].second);
	EXPECT_EQ(wire_backend_when(backend), TIME_NEVER);
	EXPECT_EQ(frame_player_left(backend), 0u);
}

TEST_F(WirePlayer, AtARateTheFramesFollowOneAnother)
{
	make(8000); /* 1 Gb/s */
	frame_player_start(backend, 0);
	run_for(PS_PER_MS);
	ASSERT_EQ(sent.size(), 3u);
	EXPECT_EQ(sent[1].time_ps, 60u * 8000);
	EXPECT_EQ(sent[2].time_ps, 160u * 8000);
}

TEST_F(WirePlayer, WhatWasNotKeptIsZero)
{
	padding = 40;
	make();
	frame_player_start(backend, 0);
	run_for(PS_PER_MS);
	Bytes expected(60, 1);
	expected.resize(100);
	EXPECT_EQ(sent[0].frame, expected);
}

TEST_F(WirePlayer, TestFramesCountAsSent)
{
	frames = {{0, test_frame(3, 9)}, {0, Bytes(60, 1)}};
	make();
	frame_player_start(backend, 0);
	run_for(PS_PER_MS);
	auto told = traces_of(TRACE_PACKET_SENT);
	ASSERT_EQ(told.size(), 1u);
	EXPECT_EQ(told[0].arg[0], 3u);
	EXPECT_EQ(told[0].arg[1], 9u);
}

TEST_F(WirePlayer, WaitsForPacketsThatAreUnderWay)
{
	make(0, 1);
	hold = true;
	frame_player_start(backend, 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(sent.size(), 1u);
	hold = false;
	drop_held();
	run_for(PS_PER_MS);
	EXPECT_EQ(sent.size(), 3u);
}

TEST_F(WirePlayer, IsStopped)
{
	make();
	frame_player_start(backend, 0);
	run_for(PS_PER_US);
	wire_backend_stop(backend);
	run_for(PS_PER_MS);
	EXPECT_EQ(sent.size(), 1u);
	EXPECT_EQ(frame_player_left(backend), 2u);
}

TEST_F(WirePlayer, IgnoresWhatComes)
{
	make();
	deliver(test_frame(0, 0));
	EXPECT_EQ(backend->counters.ignored, 1u);
	EXPECT_EQ(traces_of(TRACE_PACKET_DROPPED).size(), 1u);
}

TEST_F(WirePlayer, FramesThatCannotBeAreRefused)
{
	const uint8_t byte = 0;
	const std::vector<struct frame_player_frame> lists[] = {
		{{0, &byte, 0, 0}},
		{{0, &byte, 1, FRAME_MAX_BYTES + 1}},
		{{0, &byte, 2, 1}},
		{{1, &byte, 1, 60}, {0, &byte, 1, 60}},
	};
	for (const auto &list : lists) {
		struct frame_player_cfg cfg = {list.data(), static_cast<uint32_t>(list.size()), 0,
					       4};

		EXPECT_EQ(frame_player_create(&part, &cfg), nullptr);
	}
}
