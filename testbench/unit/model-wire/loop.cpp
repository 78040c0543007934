/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/loop.h"

#include "testbench/unit/model-wire/wire_fixture.hpp"

class WireLoop : public WireBackend
{
protected:
	void make(uint64_t delay_ps, bool swap_macs, uint32_t packets = 16)
	{
		struct loop_cfg cfg = {delay_ps, swap_macs, packets};

		attach(loop_create(&part, &cfg));
	}
};

TEST_F(WireLoop, SendsEachFrameBackAfterItsDelay)
{
	make(3 * PS_PER_US, false);
	deliver(test_frame(0, 0));
	run_for(PS_PER_US);
	deliver(test_frame(0, 1));
	EXPECT_TRUE(sent.empty());
	run_for(10 * PS_PER_US);
	ASSERT_EQ(sent.size(), 2u);
	EXPECT_EQ(sent[0].time_ps, 3 * PS_PER_US);
	EXPECT_EQ(sent[1].time_ps, 4 * PS_PER_US);
	EXPECT_EQ(sent[0].frame, test_frame(0, 0));
	EXPECT_EQ(sent[1].frame, test_frame(0, 1));
}

TEST_F(WireLoop, ExchangesTheAddressesWhenAsked)
{
	make(0, true);
	deliver(test_frame(0, 0));
	run_for(PS_PER_US);
	ASSERT_EQ(sent.size(), 1u);
	Bytes expected = test_frame(0, 0);
	std::swap_ranges(expected.begin(), expected.begin() + 6, expected.begin() + 6);
	EXPECT_EQ(sent[0].frame, expected);
}

TEST_F(WireLoop, LeavesTheFrameThatCameToItsOtherReaders)
{
	make(0, true);
	struct packet *packet = packet_ref(packet_get(pool));
	struct frame_port port = wire_backend_port(backend);
	Bytes frame = test_frame(0, 0);

	packet->len_bytes = static_cast<uint32_t>(frame.size());
	memcpy(packet->data, frame.data(), frame.size());
	port.frame(port.ctx, packet);
	run_for(PS_PER_US);
	ASSERT_EQ(sent.size(), 1u);
	EXPECT_EQ(Bytes(packet->data, packet->data + packet->len_bytes), frame);
	packet_put(packet);
}

TEST_F(WireLoop, WhatItCannotHoldIsLostWithACause)
{
	make(PS_PER_MS, false, 2);
	for (uint64_t number = 0; number < 3; number++)
		deliver(test_frame(0, number));
	auto dropped = traces_of(TRACE_PACKET_DROPPED);
	ASSERT_EQ(dropped.size(), 1u);
	EXPECT_EQ(dropped[0].arg[1], 2u);
	EXPECT_EQ(dropped[0].arg[3], (uint64_t)PACKET_DROP_NO_BUFFER);
	EXPECT_EQ(backend->counters.starved, 1u);
	run_for(2 * PS_PER_MS);
	EXPECT_EQ(sent.size(), 2u);
	EXPECT_EQ(backend->counters.frames_out, 2u);
}
