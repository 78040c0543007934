/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/model-nic/nic_fixture.h"

/* `b` receives; its vector 1 is under test. */
class NicInterrupts : public NicTraffic
{
protected:
	void enable(uint32_t interval = 0)
	{
		host[1]->write(0, VFINT_ITRN1(0, 0), interval);
		host[1]->write(0, VFINT_DYN_CTLN1(0),
			       (uint32_t)(DYN_CTL_INTENA | DYN_CTL_ITR_INDX));
	}
	uint32_t fired()
	{
		return host[1]->msis(0, 1);
	}
	/* Bytes of each announcement of b's vector 1 lay in memory when its interrupt came. */
	void expect_data_before_interrupts()
	{
		std::vector<struct trace_event> announced;
		uint16_t rid = PCIE_RID(1, 2, 0);
		uint32_t raised = 0;

		for (const struct trace_event &event : traced) {
			if (event.part->host != 1 || event.arg[0] != rid || event.arg[1] != 1)
				continue;
			if (event.kind == TRACE_MSIX_ANNOUNCES)
				announced.push_back(event);
			if (event.kind != TRACE_MSIX_RAISED)
				continue;
			raised++;
			EXPECT_FALSE(announced.empty()) << "raised for nothing";
		}
		EXPECT_EQ(raised, fired());
	}
};

TEST_F(NicInterrupts, FirstPacketInterruptsAtOnceAndMasks)
{
	enable(500);
	a->transmit(frame(1));
	run_for(20 * PS_PER_US);
	EXPECT_EQ(fired(), 1u);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_FALSE(host[1]->read(0, VFINT_DYN_CTLN1(0)) & DYN_CTL_INTENA);
	a->transmit(frame(2));
	run_for(20 * PS_PER_US);
	EXPECT_EQ(fired(), 1u) << "masked";
	expect_data_before_interrupts();
}

TEST_F(NicInterrupts, ThrottlingKeepsItsDistance)
{
	for (uint32_t i = 0; i < 30; i++) {
		enable(25); // 50 us
		a->transmit(frame(i));
		run_for(10 * PS_PER_US);
	}
	run_for(100 * PS_PER_US);
	uint64_t last = 0;
	for (const NicHost::Msi &msi : host[1]->msi) {
		if (msi.vector != 1)
			continue;
		if (last) {
			EXPECT_GE(msi.time_ps + PS_PER_US, last + 50 * PS_PER_US);
		}
		last = msi.time_ps;
	}
	EXPECT_GE(fired(), 5u);
	EXPECT_LE(fired(), 8u);
	EXPECT_EQ(b->receive_frames().size(), 30u);
	expect_data_before_interrupts();
}

TEST_F(NicInterrupts, PacketsOfAThrottledIntervalAreWrittenBackTogether)
{
	enable(100);
	a->transmit(frame(0));
	run_for(30 * PS_PER_US);
	enable(100);
	traced.clear();
	for (uint32_t i = 1; i < 4; i++)
		a->transmit(frame(i));
	run_for(300 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 4u);
	uint32_t announcements = 0, bytes = 0;
	for (const struct trace_event &event : traces_of(TRACE_MSIX_ANNOUNCES)) {
		if (event.part->host != 1 || event.arg[1] != 1)
			continue;
		announcements++;
		bytes += (uint32_t)event.arg[3];
	}
	EXPECT_EQ(bytes, 3 * RXD_BYTES);
	EXPECT_LE(announcements, 2u);
	EXPECT_EQ(fired(), 2u);
}

TEST_F(NicInterrupts, WithoutInterruptsDescriptorsStillComeBack)
{
	a->transmit(frame(1));
	run_for(20 * PS_PER_US);
	EXPECT_EQ(fired(), 0u);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(NicInterrupts, WriteBackOnItrRaisesNothing)
{
	host[1]->write(0, VFINT_DYN_CTLN1(0), (uint32_t)(DYN_CTL_WB_ON_ITR | DYN_CTL_ITR_INDX));
	for (uint32_t i = 0; i < 6; i++)
		a->transmit(frame(i));
	run_for(50 * PS_PER_US);
	EXPECT_EQ(fired(), 0u);
	EXPECT_EQ(b->receive_frames().size(), 6u);
}

TEST_F(NicInterrupts, CauseWhileDisabledFiresOnEnable)
{
	a->transmit(frame(1));
	run_for(20 * PS_PER_US);
	enable();
	run_for(20 * PS_PER_US);
	EXPECT_EQ(fired(), 1u);
}

TEST_F(NicInterrupts, TransmitCompletionInterruptsItsVector)
{
	host[0]->write(0, VFINT_DYN_CTLN1(0), (uint32_t)(DYN_CTL_INTENA | DYN_CTL_ITR_INDX));
	a->transmit(frame(1));
	ASSERT_TRUE(host[0]->run_until([&] { return host[0]->msis(0, 1) == 1; }));
	EXPECT_TRUE(a->tx_done(0)) << "the write-back comes before its interrupt";
}

// At the moment of every interrupt, each announced descriptor is in memory.
TEST_F(NicInterrupts, DataIsInMemoryWhenItsInterruptComes)
{
	uint64_t sent = 0, seen = 0;

	enable();
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t before = fired();

		a->transmit(frame(sent++));
		ASSERT_TRUE(host[1]->run_until([&] { return fired() > before; }));
		seen += b->receive_frames().size();
		EXPECT_EQ(seen, sent);
		enable();
	}
	expect_data_before_interrupts();
}

TEST_F(NicInterrupts, PlantedMsixBeforeDataIsSeen)
{
	uint64_t sent = 0, empty = 0;

	ASSERT_EQ(fault_plant(&sim.faults, "msix-before-data", 1), 0);
	enable();
	for (uint32_t i = 0; i < 150; i++) {
		uint32_t before = fired();

		a->transmit(frame(sent++));
		ASSERT_TRUE(host[1]->run_until([&] { return fired() > before; }));
		empty += b->receive_frames().empty();
		run_for(20 * PS_PER_US);
		b->receive_frames();
		if (i % 32 == 31)
			b->post_rx(32);
		enable();
	}
	EXPECT_EQ(sim.faults.fired[FAULT_MSIX_BEFORE_DATA], 1u);
	EXPECT_GE(empty, 1u);
}

/* 64 K interrupts in a millisecond, by the software of VF 3 for itself: b's packets come as they
 * did. */
TEST_F(NicInterrupts, AStormOfAnothersInterruptsHoldsUpNobody)
{
	constexpr uint32_t kStorm = 1 << 16, kEach = 128;
	std::vector<struct bus_req> storm(kStorm);
	struct bus_port mmio = pcie_root_port_mmio(host[1]->port);
	uint64_t word = DYN_CTL_INTENA | DYN_CTL_SWINT_TRIG | DYN_CTL_ITR_INDX;
	uint64_t late[2] = {}, begin, sent = 0;

	for (bool storms : {false, true}) {
		begin = sim_now(&sim);
		for (uint32_t i = 0; i < kStorm; i++) {
			if (storms) {
				storm[i].op = BUS_WRITE;
				storm[i].addr = host[1]->bar(3, 0) + VFINT_DYN_CTLN1(0);
				storm[i].len_bytes = 4;
				storm[i].data = &word;
				storm[i].done = [](struct bus_req *, uint64_t) {
				};
				bus_send(&mmio, &storm[i]);
			}
			if (i % kEach == 0)
				a->transmit(frame(sent++, 100));
			sim_run(&sim, begin + (i + 1) * PS_PER_MS / kStorm, nullptr);
			if (i % kEach != kEach - 1)
				continue;
			size_t came = b->receive_frames().size();
			b->post_rx((uint32_t)came);
			late[storms] += kStorm / kEach - came;
		}
		run_for(PS_PER_MS);
		size_t rest = b->receive_frames().size();
		b->post_rx((uint32_t)rest);
	}
	EXPECT_EQ(nic_counters_get(host[1]->nic)->packets_received, sent);
	EXPECT_EQ(late[true], late[false]) << "at each look as many had come";
	EXPECT_GT(host[1]->msis(3, 1), kStorm / 2);
}

/* A cause waits 100 us for others. */
class NicPatientInterrupts : public NicInterrupts
{
protected:
	void configure() override
	{
		cfg.interrupt_ps = 100 * PS_PER_US;
	}
};

TEST_F(NicPatientInterrupts, CausesWithinTheDelayShareOneInterrupt)
{
	enable();
	for (uint32_t i = 0; i < 5; i++) {
		a->transmit(frame(i));
		run_for(15 * PS_PER_US);
	}
	EXPECT_EQ(fired(), 0u);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(fired(), 1u);
	EXPECT_EQ(b->receive_frames().size(), 5u);
	enable();
	run_for(200 * PS_PER_US);
	EXPECT_EQ(fired(), 1u) << "no cause is left";
}
