/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* The event queue and global errors: IHI 0070, 7.2, 7.4 and 7.5. */
class SmmuEventQueue : public SmmuBench
{
protected:
	void SetUp() override
	{
		evtq_log2 = 2;
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		attach(STREAM, *table, 3);
	}

	void fault(uint64_t va)
	{
		EXPECT_EQ(read(va), BUS_FAULT);
	}

	bool overflow()
	{
		return (reg(SMMU_EVENTQ_PROD) ^ reg(SMMU_EVENTQ_CONS)) & EVENTQ_PROD_OVFLG;
	}

	std::unique_ptr<TableBuilder> table;
};

TEST_F(SmmuEventQueue, RecordsInOrderAndWraps)
{
	for (uint64_t i = 1; i <= 11; i++) {
		fault(i << 12);
		if (i % 3)
			continue;
		auto events = take_events();
		ASSERT_EQ(events.size(), 3u);
		for (unsigned n = 0; n < 3; n++)
			EXPECT_EQ(events[n][2], (i - 2 + n) << 12);
	}
	EXPECT_FALSE(overflow());
	EXPECT_EQ(take_events().size(), 2u);
}

TEST_F(SmmuEventQueue, TracesTheRecordItWrites)
{
	fault(0x5000);
	auto events = traced(TRACE_SMMU_EVENT);
	ASSERT_EQ(events.size(), 1u);
	EXPECT_EQ(events[0].arg[0], F_TRANSLATION);
	EXPECT_EQ(events[0].arg[1], STREAM);
	ASSERT_EQ(events[0].data.size(), EVENT_BYTES);
	EXPECT_EQ(events[0].word(2), 0x5000u);
	EXPECT_EQ(take_event()[2], 0x5000u);
}

TEST_F(SmmuEventQueue, TellsTheOracleOfTheFault)
{
	fault(0x5000);
	auto faults = traced(TRACE_DMA_FAULT);
	ASSERT_EQ(faults.size(), 1u);
	EXPECT_EQ(faults[0].arg, (std::array<uint64_t, TRACE_ARGS>{STREAM, TRACE_NO_SUBSTREAM,
								   0x5000, 0, 8, F_TRANSLATION}));
}

TEST_F(SmmuEventQueue, AFullQueueLosesRecordsAndSaysSoOnce)
{
	for (uint64_t i = 0; i < 7; i++)
		fault(i << 12);
	EXPECT_TRUE(overflow());
	EXPECT_EQ(stats().events_lost, 3u);
	auto events = take_events();
	ASSERT_EQ(events.size(), 4u);
	for (unsigned n = 0; n < 4; n++)
		EXPECT_EQ(events[n][2], (uint64_t)n << 12);
	EXPECT_FALSE(overflow()) << "taking them acknowledged it";
}

TEST_F(SmmuEventQueue, TracesWhatItProducesAndLoses)
{
	trace.clear();
	for (uint64_t i = 0; i < 6; i++)
		fault(i << 12);
	auto events = traced(TRACE_SMMU_EVENT), lost = traced(TRACE_SMMU_EVENT_LOST);
	ASSERT_EQ(events.size(), 4u);
	for (unsigned n = 0; n < 4; n++)
		EXPECT_EQ(events[n].arg[2], n + 1u);
	ASSERT_EQ(lost.size(), 2u);
	for (const Traced &event : lost)
		EXPECT_EQ(event.arg, (std::array<uint64_t, TRACE_ARGS>{F_TRANSLATION, STREAM,
								       EVENTQ_PROD_OVFLG | 4, 1}));
	set_reg(SMMU_EVENTQ_CONS, EVENTQ_CONS_OVACKFLG | 4);
	auto queues = traced(TRACE_SMMU_QUEUE);
	ASSERT_EQ(queues.size(), 1u);
	EXPECT_EQ(queues[0].arg,
		  (std::array<uint64_t, TRACE_ARGS>{SMMU_EVENTQ_CONS, 2, EVENTQ_PROD_OVFLG | 4,
						    EVENTQ_CONS_OVACKFLG | 4}));
}

TEST_F(SmmuEventQueue, OverflowIsNotToggledBackWhileUnacknowledged)
{
	for (uint64_t i = 0; i < 6; i++)
		fault(i << 12);
	uint64_t prod = reg(SMMU_EVENTQ_PROD);
	EXPECT_TRUE(prod & EVENTQ_PROD_OVFLG);
	/* Free two places, acknowledge nothing: records go on, the flag stays. */
	set_reg(SMMU_EVENTQ_CONS, 2);
	fault(0x10000);
	fault(0x11000);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), EVENTQ_PROD_OVFLG | 6);
	fault(0x12000);
	EXPECT_TRUE(overflow());
}

TEST_F(SmmuEventQueue, DisabledQueueLosesRecordsWithoutOverflow)
{
	enable(CR0_CMDQEN | CR0_SMMUEN);
	for (uint64_t i = 0; i < 6; i++)
		fault(i << 12);
	EXPECT_FALSE(overflow());
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 0u);
	EXPECT_EQ(stats().events_lost, 6u);
}

TEST_F(SmmuEventQueue, InterruptsWhenItStopsBeingEmpty)
{
	fault(0x1000);
	fault(0x2000);
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_IRQ_EVTQ});
	take_events();
	fault(0x3000);
	EXPECT_EQ(irqs.size(), 2u);
}

TEST_F(SmmuEventQueue, RecordIsInMemoryBeforeTheInterrupt)
{
	memory->slow_down(evtq, PS_PER_US);
	send(BUS_READ, 0x1000, 8);
	while (irqs.empty() && calendar_step(&sim.calendar))
		;
	EXPECT_EQ(memory->read64(evtq + 16), 0x1000u);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 1u);
	run();
}

TEST_F(SmmuEventQueue, DisabledInterruptIsNotRaised)
{
	set_reg(SMMU_IRQ_CTRL, 0);
	fault(0x1000);
	EXPECT_TRUE(irqs.empty());
}

TEST_F(SmmuEventQueue, MessageGoesWhereItIsConfigured)
{
	uint64_t target = memory->allocate();

	set_reg(SMMU_IRQ_CTRL, 0);
	set_reg(SMMU_EVENTQ_IRQ_CFG0, target, 8);
	set_reg(SMMU_EVENTQ_IRQ_CFG1, 0xabcd);
	set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_EVENTQ_IRQEN);
	fault(0x1000);
	EXPECT_EQ(memory->read64(target), 0xabcdu);
}

TEST_F(SmmuEventQueue, AnAddressBeyondTheOasIsNone)
{
	memory->write64(0, 0x5a);
	set_reg(SMMU_IRQ_CTRL, 0);
	set_reg(SMMU_EVENTQ_IRQ_CFG0, BIT(cfg.oas_bits), 8);
	set_reg(SMMU_EVENTQ_IRQ_CFG1, 0xabcd);
	set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_EVENTQ_IRQEN);
	fault(0x1000);
	EXPECT_EQ(memory->read64(0), 0x5au);
	EXPECT_EQ(reg(SMMU_GERROR), 0u);
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_IRQ_EVTQ}) << "the wire tells it all the same";
}

TEST_F(SmmuEventQueue, RefusedMessageIsAGlobalError)
{
	set_reg(SMMU_IRQ_CTRL, 0);
	set_reg(SMMU_EVENTQ_IRQ_CFG0, 0x8000, 8);
	set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_EVENTQ_IRQEN | IRQ_CTRL_GERROR_IRQEN);
	memory->refuse(0x8000, 4);
	fault(0x1000);
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_MSI_EVENTQ_ABT_ERR);
	EXPECT_EQ(irqs, (std::vector<uint32_t>{SMMU_IRQ_EVTQ, SMMU_IRQ_GERROR}));
}

TEST_F(SmmuEventQueue, RefusedRecordStopsTheQueueUntilAcknowledged)
{
	memory->refuse(evtq, 4096);
	fault(0x1000);
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_EVENTQ_ABT_ERR);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 0u);
	memory->accept_all();
	fault(0x2000);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 0u);
	EXPECT_FALSE(overflow());
	set_reg(SMMU_GERRORN, GERROR_EVENTQ_ABT_ERR);
	fault(0x3000);
	EXPECT_EQ(take_event()[2], 0x3000u);
}

TEST_F(SmmuEventQueue, AnActiveErrorIsNotToggledAgain)
{
	memory->refuse(evtq, 4096);
	fault(0x1000);
	set_reg(SMMU_GERRORN, GERROR_EVENTQ_ABT_ERR);
	fault(0x2000);
	EXPECT_EQ(reg(SMMU_GERROR), 0u);
	EXPECT_EQ(reg(SMMU_GERROR) ^ reg(SMMU_GERRORN), GERROR_EVENTQ_ABT_ERR);
	EXPECT_EQ(irqs.size(), 2u);
}

TEST_F(SmmuEventQueue, GlobalErrorMessageThatIsRefusedIsFlaggedWithoutAnother)
{
	set_reg(SMMU_IRQ_CTRL, 0);
	set_reg(SMMU_GERROR_IRQ_CFG0, 0x8000, 8);
	set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_GERROR_IRQEN);
	memory->refuse(0x8000, 4);
	memory->refuse(evtq, 4096);
	fault(0x1000);
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_EVENTQ_ABT_ERR | GERROR_MSI_GERROR_ABT_ERR);
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_IRQ_GERROR});
}

TEST_F(SmmuEventQueue, ARefusedRecordIsLostWithTheErrorInForce)
{
	memory->refuse(evtq, 4096);
	fault(0x1000);
	auto lost = traced(TRACE_SMMU_EVENT_LOST);
	ASSERT_EQ(lost.size(), 1u);
	EXPECT_EQ(lost[0].arg[3], 0u) << "the queue is not enabled then";
	EXPECT_EQ(stats().events_lost, 1u);
}

TEST_F(SmmuEventQueue, ARefusedRecordLeavesThoseBeforeItValid)
{
	fault(0x1000);
	memory->refuse(evtq + EVENT_BYTES, EVENT_BYTES);
	fault(0x2000);
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_EVENTQ_ABT_ERR);
	EXPECT_EQ(take_event()[2], 0x1000u);
}

TEST_F(SmmuEventQueue, RecordsThatAreNotCommittedGoWithTheEnable)
{
	memory->slow_down(evtq, 10 * PS_PER_US);
	for (uint64_t i = 1; i <= 3; i++)
		send(BUS_READ, i << 12, 8);
	run_until(now() + 2 * PS_PER_US);
	set_reg(SMMU_CR0, CR0_CMDQEN | CR0_SMMUEN);
	EXPECT_TRUE(reg(SMMU_CR0ACK) & CR0_EVENTQEN) << "one is on its way";
	run();
	EXPECT_FALSE(reg(SMMU_CR0ACK) & CR0_EVENTQEN);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 1u);
	EXPECT_EQ(stats().events_lost, 2u);
	EXPECT_FALSE(overflow());
}

TEST_F(SmmuEventQueue, SizeIsCappedAtWhatTheSmmuHas)
{
	enable(CR0_CMDQEN | CR0_SMMUEN);
	set_reg(SMMU_EVENTQ_BASE, evtq | 15, 8);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	evtq_log2 = cfg.evtq_log2;
	for (uint64_t i = 0; i <= BIT(evtq_log2); i++)
		fault(i << 12);
	EXPECT_TRUE(overflow());
	EXPECT_EQ(take_events().size(), BIT(evtq_log2));
}

TEST_F(SmmuEventQueue, IndicesThatDoNotFitAreSurvived)
{
	/* CONS ahead of PROD: CONSTRAINED UNPREDICTABLE, 3.5.1. */
	set_reg(SMMU_EVENTQ_CONS, 3);
	for (uint64_t i = 0; i < 12; i++)
		fault(i << 12);
	set_reg(SMMU_EVENTQ_CONS, reg(SMMU_EVENTQ_PROD));
	fault(0x5000);
	EXPECT_EQ(take_event()[2], 0x5000u);
}

/* Merging, 7.3.1. */
class SmmuEventMerge : public SmmuBench
{
protected:
	static constexpr uint64_t WINDOW = 100 * PS_PER_US;

	void SetUp() override
	{
		cfg.event_merge_ps = WINDOW;
		cfg.stall_model = SMMU_STALL_BOTH;
		cfg.stall_max = 8;
		start(STE1_MEV);
	}

	void start(uint64_t ste1)
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		cd = attach(STREAM, *table, 3);
		memory->write64(ste_address(STREAM) + 8, ste1);
	}

	size_t records()
	{
		return take_events().size();
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t cd = 0;
};

TEST_F(SmmuEventMerge, OneRecordStandsForFaultsOfOnePage)
{
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(read(0x9000 + 8 * i), BUS_FAULT);
	EXPECT_EQ(take_event()[2], 0x9000u);
	EXPECT_EQ(stats().events, 1u);
	EXPECT_EQ(stats().events_merged, 4u);
	EXPECT_EQ(stats().faults, 5u) << "each is answered";
	EXPECT_EQ(irqs.size(), 1u);
}

TEST_F(SmmuEventMerge, FaultsAtOnceAreMergedBeforeTheRecordIsWritten)
{
	for (uint64_t window_ps : {WINDOW, UINT64_C(0)}) {
		PageBits readonly;

		cfg.event_merge_ps = window_ps;
		start(STE1_MEV);
		readonly.writable = false;
		table->map(0x4000, memory->allocate(), readonly);
		EXPECT_EQ(read(0x4000), BUS_OK);
		for (int i = 0; i < 5; i++)
			send(BUS_WRITE, 0x4000, 8);
		run();
		EXPECT_EQ(records(), window_ps ? 1u : 5u);
	}
}

TEST_F(SmmuEventMerge, UnlikeRecordsAreNot)
{
	read(0x9000);
	write(0x9000);
	read(0xa000);
	read(0x9000); /* not the newest one any more */
	EXPECT_EQ(records(), 4u);
}

TEST_F(SmmuEventMerge, NotWithoutMev)
{
	start(0);
	for (int i = 0; i < 3; i++)
		read(0x9000);
	EXPECT_EQ(records(), 3u);
}

TEST_F(SmmuEventMerge, WhatComesBeforeAnSteAlwaysMay)
{
	write_ste(STREAM, 0);
	for (int i = 0; i < 3; i++)
		read(0x9000 + (i << 12));
	EXPECT_EQ(records(), 1u);
	/* F_UUT's InputAddr counts in full. */
	read(0x9ffc);
	read(0x9ffc);
	read(0x9ffd);
	EXPECT_EQ(records(), 2u);
}

TEST_F(SmmuEventMerge, NotWithARecordThatSoftwareHasTaken)
{
	read(0x9000);
	EXPECT_EQ(records(), 1u);
	read(0x9000);
	EXPECT_EQ(records(), 1u);
}

TEST_F(SmmuEventMerge, NotAfterTheWindow)
{
	read(0x9000);
	run_until(now() + WINDOW);
	read(0x9000);
	EXPECT_EQ(records(), 2u);
}

TEST_F(SmmuEventMerge, NotAcrossASync)
{
	read(0x9000);
	command(CMD_TLBI_NSNH_ALL);
	read(0x9000);
	EXPECT_EQ(records(), 2u);
}

TEST_F(SmmuEventMerge, NotWhenTheKnobIsOff)
{
	cfg.event_merge_ps = 0;
	start(STE1_MEV);
	read(0x9000);
	read(0x9000);
	EXPECT_EQ(records(), 2u);
}

TEST_F(SmmuEventMerge, StallsNeverAre)
{
	memory->write64(cd, cd_word0(*table, 3, CD0_A | CD0_S));
	for (int i = 0; i < 3; i++)
		send_stalling(BUS_READ, 0x9000);
	run();
	EXPECT_EQ(records(), 3u);
	command(CMD_STALL_TERM | (uint64_t)STREAM << 32);
	run();
}

TEST_F(SmmuEventMerge, AStallIsNotMergedWithATerminatedOne)
{
	cfg.stall_downgrade = true;
	start(STE1_MEV);
	memory->write64(cd, cd_word0(*table, 3, CD0_A | CD0_S));
	EXPECT_EQ(read(0x9000), BUS_FAULT);
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	run();
	EXPECT_FALSE(dma.done);
	EXPECT_EQ(stats().stalls, 1u);
	EXPECT_EQ(stats().events_merged, 0u);
	EXPECT_EQ(records(), 2u);
	command(CMD_STALL_TERM | (uint64_t)STREAM << 32);
	run();
}

TEST_F(SmmuEventMerge, MergingIntoAFullQueueLosesNothing)
{
	evtq_log2 = 0;
	start(STE1_MEV);
	read(0x9000);
	read(0x9000);
	EXPECT_EQ(stats().events_lost, 0u);
	read(0xa000);
	EXPECT_EQ(stats().events_lost, 1u);
}
