/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/model-nic/nic_fixture.h"

TEST_F(NicTraffic, BringUpSucceedsAndTellsLink)
{
	EXPECT_EQ(host[0]->read(0, VFGEN_RSTAT), (uint32_t)VFR_VFACTIVE);
	ASSERT_FALSE(a->events.empty());
	EXPECT_EQ(a->events[0].event, VIRTCHNL_EVENT_LINK_CHANGE);
	EXPECT_EQ(a->events[0].link_status, 1);
}

TEST_F(NicTraffic, FrameArrivesByteForByteAcrossTheWire)
{
	Bytes sent = frame(7, 1500);

	a->transmit(sent);
	run_for(100 * PS_PER_US);
	std::vector<Bytes> got = b->receive_frames();
	ASSERT_EQ(got.size(), 1u);
	EXPECT_EQ(got[0], sent);
	EXPECT_TRUE(a->tx_done(0));
}

// Buffers at every distance from a page border, both sides: splits keep the bytes.
TEST_F(NicTraffic, BuffersMayCrossPages)
{
	for (uint32_t i = 0; i < 40; i++) {
		Bytes sent = frame(i, 60 + i * 37);

		a->transmit_at(a->tx_buffers + 4096 - 20 * i - 3, sent);
		run_for(20 * PS_PER_US);
		std::vector<Bytes> got = b->receive_frames();
		ASSERT_EQ(got.size(), 1u) << i;
		EXPECT_EQ(got[0], sent) << i;
	}
}

TEST_F(NicTraffic, JumboFrameTakesSeveralBuffersAndOneEop)
{
	Bytes sent = frame(1, 9000);

	a->transmit(sent);
	run_for(100 * PS_PER_US);
	for (uint32_t i = 0; i < 5; i++) {
		uint64_t done = host[1]->memory.read64(b->rx_ring + 32 * i + 8);

		EXPECT_TRUE(done & RXD1_DD) << i;
		EXPECT_EQ(!!(done & RXD1_EOP), i == 4) << i;
	}
	EXPECT_EQ(b->receive_frames().at(0), sent);
}

TEST_F(NicTraffic, RingsWrapAndKeepOrder)
{
	uint64_t next = 0;

	for (uint32_t round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 32; i++)
			a->transmit(frame(round * 32 + i, 200 + i));
		run_for(200 * PS_PER_US);
		std::vector<Bytes> got = b->receive_frames();
		ASSERT_EQ(got.size(), 32u);
		for (const Bytes &each : got) {
			EXPECT_EQ(each, frame(next, 200 + next % 32));
			next++;
		}
		b->post_rx(32);
	}
	EXPECT_EQ(nic_counters_get(host[1]->nic)->packets_received, 320u);
}

TEST_F(NicTraffic, ShortFrameIsPaddedByTheMac)
{
	Bytes sent = frame(1, 30);

	a->transmit(sent);
	run_for(100 * PS_PER_US);
	sent.resize(60);
	EXPECT_EQ(b->receive_frames().at(0), sent);
}

TEST_F(NicTraffic, OnlyDescriptorsWithReportStatusAreWrittenBack)
{
	a->transmit(frame(0), false);
	a->transmit(frame(1), false);
	a->transmit(frame(2), true);
	run_for(100 * PS_PER_US);
	EXPECT_FALSE(a->tx_done(0));
	EXPECT_FALSE(a->tx_done(1));
	EXPECT_TRUE(a->tx_done(2));
	// All but the type stays.
	EXPECT_EQ(field_get(TXD1_BUF_SIZE, host[0]->memory.read64(a->tx_ring + 40)), 1000u);
}

TEST_F(NicTraffic, PayloadIsReadBeforeWriteBack)
{
	a->transmit(frame(1));
	ASSERT_TRUE(host[0]->run_until([&] { return a->tx_done(0); }));
	Bytes other(1000, 0xee);
	host[0]->memory.write(a->tx_buffers, other.data(), other.size());
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().at(0), frame(1));
}

TEST_F(NicTraffic, MultiDescriptorPacketWaitsForEop)
{
	Bytes sent = frame(5, 1200);
	uint64_t at = a->tx_buffers;

	host[0]->memory.write(at, sent.data(), 500);
	host[0]->memory.write(at + 8000, sent.data() + 500, 700);
	host[0]->memory.write64(a->tx_ring, at);
	host[0]->memory.write64(a->tx_ring + 8, field_put(TXD1_BUF_SIZE, 500));
	host[0]->write(0, QTX_TAIL1(0), 1);
	run_for(100 * PS_PER_US);
	EXPECT_TRUE(b->receive_frames().empty());
	host[0]->memory.write64(a->tx_ring + 16, at + 8000);
	host[0]->memory.write64(a->tx_ring + 24,
				TXD1_CMD_EOP | TXD1_CMD_RS | field_put(TXD1_BUF_SIZE, 700));
	host[0]->write(0, QTX_TAIL1(0), 2);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().at(0), sent);
	EXPECT_TRUE(a->tx_done(1));
}

TEST_F(NicTraffic, UnreadablePayloadIsLostWithItsCause)
{
	host[0]->memory.refuse(a->tx_buffers, 4096);
	a->transmit(frame(1));
	a->transmit_at(a->tx_buffers + 8192, frame(2));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(dropped(0, PACKET_DROP_DMA_ERROR), 1u);
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 0)->tx_errors, 1u) << "its driver can know";
	EXPECT_EQ(b->receive_frames().at(0), frame(2));
}

TEST_F(NicTraffic, WithoutBuffersFramesAreLostAndCounted)
{
	for (uint32_t i = 0; i < 70; i++) {
		a->transmit(frame(i, 100));
		run_for(5 * PS_PER_US);
	}
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), AvfDriver::kRing - 1);
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_BUFFER), 7u);
	std::vector<struct trace_event> lost = traces_of(TRACE_PACKET_DROPPED);
	ASSERT_EQ(lost.size(), 7u);
	EXPECT_EQ(lost[0].arg[0], 1u) << "flow";
	EXPECT_EQ(lost[0].arg[1], 63u) << "number";
	EXPECT_EQ(lost[0].arg[3], (uint64_t)PACKET_DROP_NO_BUFFER);
	b->post_rx(32);
	a->transmit(frame(99));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(NicTraffic, FramesAboveTheQueuesLimitAreLost)
{
	ASSERT_EQ(b->disable(), 0);
	ASSERT_EQ(b->config_queues(2048, 1000), 0);
	b->rx_tail = b->rx_head = 0;
	b->post_rx(63);
	ASSERT_EQ(b->enable(), 0);
	a->transmit(frame(1, 1001));
	a->transmit(frame(2, 1000));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(dropped(1, PACKET_DROP_SIZE), 1u);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(NicTraffic, SlowReadOfOnePacketKeepsTheRingsOrder)
{
	host[0]->memory.slow_down(a->tx_buffers, 30 * PS_PER_US);
	for (uint32_t i = 0; i < 8; i++)
		a->transmit(frame(i));
	run_for(10 * PS_PER_US);
	EXPECT_FALSE(a->tx_done(7));
	EXPECT_TRUE(b->receive_frames().empty());
	run_for(100 * PS_PER_US);
	std::vector<Bytes> got = b->receive_frames();
	ASSERT_EQ(got.size(), 8u);
	for (uint32_t i = 0; i < 8; i++)
		EXPECT_EQ(got[i], frame(i));
}

// Stop gives up descriptors that were fetched; a fetch that is still under way is not theirs.
TEST_F(NicTraffic, StopAndGoDuringAFetchLosesNothing)
{
	Bytes sent = frame(1, 1200);

	host[0]->memory.write(a->tx_buffers, sent.data(), sent.size());
	host[0]->memory.write64(a->tx_ring, a->tx_buffers);
	host[0]->memory.write64(a->tx_ring + 8, field_put(TXD1_BUF_SIZE, 500));
	host[0]->memory.write64(a->tx_ring + 16, a->tx_buffers + 500);
	host[0]->memory.write64(a->tx_ring + 24,
				TXD1_CMD_EOP | TXD1_CMD_RS | field_put(TXD1_BUF_SIZE, 700));
	host[0]->write(0, QTX_TAIL1(0), 1);
	run_for(20 * PS_PER_US);
	host[0]->memory.slow_down(a->tx_ring, 10 * PS_PER_US);
	host[0]->write(0, QTX_TAIL1(0), 2);
	run_for(2 * PS_PER_US);
	nic_vf_stop(host[0]->nic, 0, NIC_STOP_P2P);
	nic_vf_go(host[0]->nic, 0, NIC_STOP_P2P);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().at(0), sent);
	EXPECT_TRUE(a->tx_done(1));
}

// Many packets at once through few tags and few packets: nothing is lost inside.
class NicNarrow : public NicTraffic
{
	void configure() override
	{
		cfg.packets = 4;
		cfg.dma_tags = 3;
	}
};

TEST_F(NicNarrow, ScarceTagsAndPacketsOnlyTakeTime)
{
	for (uint32_t i = 0; i < 60; i++)
		a->transmit(frame(i, 1500));
	run_for(2 * PS_PER_MS);
	std::vector<Bytes> got = b->receive_frames();
	ASSERT_EQ(got.size(), 60u);
	for (uint32_t i = 0; i < 60; i++)
		EXPECT_EQ(got[i], frame(i, 1500));
}

class NicUntimed : public NicTraffic
{
	void configure() override
	{
		sim.untimed = true;
	}
};

TEST_F(NicUntimed, TrafficIsTheSame)
{
	for (uint32_t i = 0; i < 50; i++)
		a->transmit(frame(i, 700));
	run_for(PS_PER_MS);
	std::vector<Bytes> got = b->receive_frames();
	ASSERT_EQ(got.size(), 50u);
	EXPECT_EQ(got[49], frame(49, 700));
}

TEST_F(NicTraffic, QueuesAndStopsTellTheirStateOnce)
{
	nic_vf_stop(host[0]->nic, 0, NIC_STOP_P2P);
	nic_vf_stop(host[0]->nic, 0, NIC_STOP_P2P);
	nic_vf_stop(host[0]->nic, 0, NIC_STOP_SUSPEND);
	run_for(PS_PER_MS);
	nic_vf_reset(host[0]->nic, 0);
	run_for(PS_PER_MS);
	std::vector<uint64_t> why, enabled;
	for (const struct trace_event &event : traces_of(TRACE_VF_STOP))
		why.push_back(event.arg[1]);
	for (const struct trace_event &event : traces_of(TRACE_QUEUE_STATE))
		enabled.push_back(event.arg[3]);
	EXPECT_EQ(why, (std::vector<uint64_t>{NIC_STOP_P2P, NIC_STOP_P2P | NIC_STOP_SUSPEND, 0}));
	EXPECT_EQ(enabled, (std::vector<uint64_t>{0, 0})); /* both of the VF, by the reset */
}

TEST_F(NicTraffic, FramesAreToldAtBothEndsOfTheWireAndInTheSwitch)
{
	AvfDriver c(host[0].get(), 1, 2);

	c.bring_up();
	a->transmit(frame(1));
	run_for(PS_PER_MS);
	EXPECT_EQ(traces_of(TRACE_WIRE_FRAME).size(), 0u); /* nobody listens */
	sim.hooks.detail = sim.hooks.trace;
	a->transmit(frame(2));
	a->transmit(make_frame(c.mac, a->mac, 3, 300));
	run_for(PS_PER_MS);
	std::vector<struct trace_event> wire_frames = traces_of(TRACE_WIRE_FRAME);
	ASSERT_EQ(wire_frames.size(), 2u);
	for (uint64_t end = 0; end < 2; end++) {
		EXPECT_EQ(wire_frames[end].arg[0], end);
		EXPECT_EQ(wire_frames[end].arg[1], end); /* it arrives at the second */
		EXPECT_EQ(wire_frames[end].data_len, 1000u);
	}
	EXPECT_GE(wire_frames[1].time_ps - wire_frames[0].time_ps, wire_cfg.latency_ps);
	ASSERT_EQ(traces_of(TRACE_SWITCH_FRAME).size(), 1u);
	EXPECT_EQ(traces_of(TRACE_SWITCH_FRAME)[0].arg[0], 0u);
	EXPECT_EQ(traces_of(TRACE_SWITCH_FRAME)[0].data_len, 300u);
}

TEST_F(NicTraffic, LevelsOfAQueueAreWhatSoftwareHasPosted)
{
	struct nic_queue_levels rx = nic_queue_levels_get(host[1]->nic, 0, true, 0);

	EXPECT_GT(rx.posted, 0u);
	EXPECT_EQ(rx.packets, 0u);
	EXPECT_EQ(nic_queue_levels_get(host[1]->nic, 0, false, 0).posted, 0u);
	a->transmit(frame(1));
	run_for(PS_PER_MS);
	EXPECT_EQ(nic_queue_levels_get(host[1]->nic, 0, true, 0).posted, rx.posted - 1);
}

TEST_F(NicTraffic, PlantedFaultKeepsOneTag)
{
	ASSERT_EQ(fault_plant(&sim.faults, "dma-tag-kept", 1), 0);
	for (uint32_t i = 0; i < 20; i++)
		a->transmit(frame(i));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 20u);
	EXPECT_EQ(nic_usage_get(host[0]->nic).dma_tags, 1u);
	planted_tags = 1;
}

/* Rx descriptors are read when a packet needs them. */
class NicFetchesLate : public NicTraffic
{
protected:
	void configure() override
	{
		cfg.rx_fetch_ahead = false;
	}
};

TEST_F(NicFetchesLate, DescriptorWrittenAfterTheDoorbellCounts)
{
	uint64_t moved = b->rx_buffers + 40 * 16384;

	// The driver has rung for 63 descriptors; the hardware has looked at none of them.
	host[1]->memory.write64(b->rx_ring, moved);
	host[1]->memory.write64(b->rx_ring + 32, moved + 2048);
	a->transmit(frame(1, 3000));
	run_for(100 * PS_PER_US);
	Bytes got(3000), sent = frame(1, 3000);
	host[1]->memory.read(moved, got.data(), 2048);
	host[1]->memory.read(moved + 2048, &got[2048], 952);
	EXPECT_EQ(got, sent);
}

TEST_F(NicFetchesLate, PacketsKeepComing)
{
	for (uint32_t i = 0; i < 50; i++)
		a->transmit(frame(i, 1000));
	run_for(500 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 50u);
}
