/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/pci_regs.h>

#include <set>

#include "model/nic/nic_internal.h"
#include "testbench/unit/model-nic/offload_fixture.h"

/* A VF is reset while packets are inside: each is accounted for, and none under another's name. */
class NicReset : public NicTraffic
{
protected:
	template <typename Done>
	void step_until(Done done)
	{
		while (!done())
			ASSERT_TRUE(calendar_step(&sim.calendar));
	}
	std::set<uint64_t> numbers(enum trace_kind kind)
	{
		std::set<uint64_t> found;

		for (const struct trace_event &event : traces_of(kind))
			if (event.arg[0] != FRAME_NO_FLOW)
				found.insert(event.arg[1]);
		return found;
	}
	/* As far as the queues have rings; they are not enabled. */
	void configure_queues(AvfDriver &driver)
	{
		driver.admin_queues();
		ASSERT_EQ(driver.version(), 0);
		ASSERT_EQ(driver.resources(), 0);
		ASSERT_EQ(driver.irq_map(), 0);
		ASSERT_EQ(driver.config_queues(), 0);
	}
};

TEST_F(NicReset, PacketsWhoseWriteBackIsOnTheWayAreAbandoned)
{
	struct nic *nic = host[1]->nic;
	uint64_t before = nic_counters_get(nic)->packets_received;

	for (uint32_t i = 0; i < 6; i++)
		a->transmit(frame(i));
	step_until([&] { return nic_counters_get(nic)->packets_received == before + 2; });
	nic_vf_reset(nic, 0);
	run_for(PS_PER_MS);
	std::set<uint64_t> told = numbers(TRACE_PACKET_ABANDONED);
	EXPECT_TRUE(told.count(0) && told.count(1));
	for (uint64_t number : numbers(TRACE_PACKET_DROPPED))
		EXPECT_TRUE(told.insert(number).second) << number << " is lost twice";
	EXPECT_EQ(told.size(), 6u);
}

TEST_F(NicReset, PacketsAreAbandonedWhenBusMasteringIsOff)
{
	struct nic *nic = host[1]->nic;
	uint64_t before = nic_counters_get(nic)->packets_received;

	a->transmit(frame(0));
	step_until([&] { return nic_counters_get(nic)->packets_received == before + 1; });
	host[1]->config_write(0, PCI_COMMAND, 0, 2); /* before its write-back has been sent */
	run_for(PS_PER_MS);
	EXPECT_EQ(numbers(TRACE_PACKET_ABANDONED), std::set<uint64_t>{0});
}

TEST_F(NicReset, PacketsThatArrivedAreNotAbandoned)
{
	for (uint32_t i = 0; i < 6; i++)
		a->transmit(frame(i));
	run_for(PS_PER_MS);
	nic_vf_reset(host[1]->nic, 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 6u);
	EXPECT_TRUE(numbers(TRACE_PACKET_ABANDONED).empty());
}

TEST_F(NicReset, PacketThatWasNotReadIsNotDroppedUnderTheNameOfAnEarlierOne)
{
	struct nic_queue *tx = &host[0]->nic->vf[0].tx[0];

	for (uint32_t i = 0; i < 10; i++)
		a->transmit(frame(i));
	run_for(PS_PER_MS);
	traced.clear();
	for (uint32_t i = 100; i < 110; i++)
		a->transmit(frame(i));
	step_until([&] { return tx->slot_count >= 2; });
	ASSERT_GT(tx->slot[tx->slot_first].parts, 0u);
	nic_vf_reset(host[0]->nic, 0);
	run_for(PS_PER_MS);
	EXPECT_GE(traces_of(TRACE_PACKET_DROPPED).size(), 2u);
	for (uint64_t number : numbers(TRACE_PACKET_DROPPED))
		EXPECT_GE(number, 100u);
}

TEST_F(NicReset, PacketKeptInsideForAFilterThatGoesIsLostWithACause)
{
	AvfDriver c(host[0].get(), 1, 2);
	uint64_t before = nic_counters_get(host[0]->nic)->packets_sent;

	c.bring_up();
	traced.clear();
	a->transmit(make_frame(c.mac, a->mac, 7, 300));
	step_until([&] { return nic_counters_get(host[0]->nic)->packets_sent == before + 1; });
	nic_filter_clear(host[0]->nic, 1);
	run_for(PS_PER_MS);
	EXPECT_EQ(c.receive_frames().size(), 0u);
	EXPECT_EQ(dropped(0, PACKET_DROP_NO_FILTER), 1u);
	EXPECT_EQ(numbers(TRACE_PACKET_DROPPED), std::set<uint64_t>{7});
}

TEST_F(NicReset, TransmitQueueForgetsADoorbellFromBeforeItWasEnabled)
{
	AvfDriver c(host[0].get(), 1, 2);

	configure_queues(c);
	host[0]->write(1, QTX_TAIL1(0), 5);
	ASSERT_EQ(c.enable(), 0);
	c.transmit(make_frame(b->mac, c.mac, 1, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 1)->tx_errors, 0u);
}

class NicEarlyDoorbells : public NicReset
{
protected:
	void configure() override
	{
		cfg.early_doorbells = true;
	}
};

/* As Linux 6.1 does after a reset: what was announced leaves when the queue is enabled. */
TEST_F(NicEarlyDoorbells, CountWhenTheQueueIsEnabled)
{
	AvfDriver c(host[0].get(), 1, 2);

	configure_queues(c);
	c.transmit(make_frame(b->mac, c.mac, 1, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 0u);
	ASSERT_EQ(c.enable(), 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

/* A device that sends a TLP of 4 KiB in 2 us. */
class NicSlowReset : public NicReset
{
protected:
	void configure() override
	{
		cfg.dma_issue_ps = 2 * PS_PER_US;
	}
};

/* Of a frame's one write the first part is in memory: no other follows. */
TEST_F(NicSlowReset, AWriteThatHasBegunIsNotGoneOnWith)
{
	struct nic *nic = host[1]->nic;
	uint64_t written = 0, from = b->rx_buffers, to = from + (1 << 20);

	b->disable();
	b->rx_tail = b->rx_head = 0;
	ASSERT_EQ(b->config_queues(16128, 9000), 0);
	b->post_rx(1);
	ASSERT_EQ(b->enable(), 0);
	host[1]->memory.before_access = [&](const struct bus_req &req) {
		if (req.op == BUS_WRITE && req.addr >= from && req.addr < to)
			written += req.len_bytes;
	};
	a->transmit(frame(7, 9000));
	step_until([&] { return written > 0; });
	nic_vf_reset(nic, 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(written, 4096u);
	EXPECT_EQ(host[1]->read(0, VFGEN_RSTAT), (uint32_t)VFR_COMPLETED);
	host[1]->memory.before_access = nullptr;
}

/*
 * Four packets for the whole NIC. `holder` has three of them, and its frames
 * come from slow memory; `second` wants one, after what `a` wants.
 */
class NicLine : public NicDescribed
{
protected:
	static constexpr uint64_t kSlow = 5 * PS_PER_MS;

	void configure() override
	{
		cfg.packets = 4;
	}
	void SetUp() override
	{
		NicDescribed::SetUp();
		holder = std::make_unique<AvfDriver>(host[0].get(), 1, 2);
		second = std::make_unique<AvfDriver>(host[0].get(), 2, 3);
		holder->bring_up();
		second->bring_up();
	}
	void hold()
	{
		uint64_t slow = holder->tx_buffers;

		host[0]->memory.slow_down(slow, kSlow);
		for (uint64_t i = 0; i < 3; i++)
			holder->transmit_at(slow + 1000 * i,
					    make_frame(b->mac, holder->mac, 10 + i, 500));
		run_for(20 * PS_PER_US);
		ASSERT_EQ(host[0]->nic->vf[1].tx[0].slot_count, 3u);
	}
	/* A packet of four segments. */
	void want_four()
	{
		Bytes whole = left_to_nic(b->mac, a->mac, false, 6, kTcp, 4000);

		whole[kEth + kIp4 + 12] = (kTcp / 4) << 4;
		describe(0, context1(4000, 1000));
		transmit(whole, data1(false, true, OFFLOAD_L4_TCP, kTcp), {54, 4000});
		ASSERT_EQ(host[0]->nic->vf[0].tx[0].waits_for_packets, 4u);
	}
	void want_one()
	{
		second->transmit(make_frame(b->mac, second->mac, 20, 500));
		run_for(20 * PS_PER_US);
		ASSERT_EQ(host[0]->nic->vf[2].tx[0].waits_for_packets, 1u);
		ASSERT_TRUE(b->receive_frames().empty());
	}

	std::unique_ptr<AvfDriver> holder, second;
};

TEST_F(NicLine, QueueThatIsResetLeavesItToThoseBehind)
{
	hold();
	want_four();
	want_one();
	nic_vf_reset(host[0]->nic, 0);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u) << "the fourth packet is free";
	run_for(2 * kSlow);
	EXPECT_EQ(b->receive_frames().size(), 3u);
}

TEST_F(NicLine, QueueThatIsDisabledLeavesItToThoseBehind)
{
	hold();
	want_four();
	want_one();
	nic_queue_enable(host[0]->nic, 0, false, 0, false);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	run_for(2 * kSlow);
	EXPECT_EQ(b->receive_frames().size(), 3u);
}

/* The last one goes: who comes after it stands behind those that are left. */
TEST_F(NicLine, QueueThatComesAfterTheLastHasGoneIsServed)
{
	hold();
	want_four();
	want_one();
	nic_vf_reset(host[0]->nic, 2);
	EXPECT_EQ(host[0]->nic->waiting_last, &host[0]->nic->vf[0].tx[0]);
	holder->transmit(make_frame(b->mac, holder->mac, 30, 500));
	run_for(3 * kSlow);
	EXPECT_EQ(b->receive_frames().size(), 3u + 4u + 1u);
	EXPECT_EQ(host[0]->nic->waiting_first, nullptr);
}
