/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/iommu/stall_bench.hpp"

/* Stalls, the queues and the enables: IHI 0070, 4.7.3, 6.3.9 and 7.2. */

/* CMD_SYNC, 4.7.3. */
TEST_F(SmmuStall, SyncDoesNotWaitForIt)
{
	send_stalling(BUS_READ, 0x9000);
	Record event = stall_record();

	push_sync();
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(stalled(), 1u);
	abort(event);
}

TEST_F(SmmuStall, SyncWaitsForItsRecord)
{
	memory->slow_down(evtq, 10 * PS_PER_US);
	send_stalling(BUS_READ, 0x9000);
	run_until(now() + 2 * PS_PER_US);
	push_sync();
	run_until(now() + 5 * PS_PER_US);
	EXPECT_FALSE(commands_consumed());
	run();
	EXPECT_TRUE(commands_consumed());
	abort(stall_record());
}

TEST_F(SmmuStall, SyncThatBeganBeforeTheFaultDoesNotWaitForTheStall)
{
	memory->slow_down(table->descriptor(0x9000, 3), 10 * PS_PER_US);
	send_stalling(BUS_READ, 0x9000);
	run_until(now() + PS_PER_US);
	push_sync();
	run();
	EXPECT_TRUE(commands_consumed());
	abort(stall_record());
}

TEST_F(SmmuStall, SyncDoesNotWaitForARecordThatCannotBeWritten)
{
	enable(CR0_CMDQEN | CR0_SMMUEN);
	send_stalling(BUS_READ, 0x9000);
	push_sync();
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(stalled(), 1u);
	terminate_stream();
}

TEST_F(SmmuStall, SyncDoesNotWaitForWhatStandsBehindIt)
{
	uint64_t old_page = page, new_page = memory->allocate();

	EXPECT_EQ(write(0x4000), BUS_OK);
	memory->write64(page, 0);
	send_stalling(BUS_WRITE, 0x9000, true);
	Dma &write = send_stalling(BUS_WRITE, 0x4000, true);
	Record event = stall_record();
	/* The page moves: what was translated with the old entry must not use it any more. */
	table->map(0x4000, new_page);
	tlbi_va(3, 0x4000);
	EXPECT_TRUE(commands_consumed());
	EXPECT_FALSE(write.done);
	abort(event);
	EXPECT_TRUE(write.done);
	EXPECT_EQ(memory->read64(old_page), 0u);
	EXPECT_EQ(memory->read64(new_page), le64_get(write.bytes));
}

TEST_F(SmmuStall, WhatStandsBehindItStartsOverAfterAnInvalidation)
{
	send_stalling(BUS_WRITE, 0x9000, true);
	Dma &read = send_stalling(BUS_READ, 0x4000),
	    &later = send_stalling(BUS_WRITE, 0x4008, true);
	Record event = stall_record();

	memory->write64(mapped, 0);
	tlbi_va(3, 0x4000);
	abort(event);
	EXPECT_FALSE(read.done);
	EXPECT_FALSE(later.done);
	auto events = take_events();
	ASSERT_EQ(events.size(), 2u);
	for (const Record &record : events)
		EXPECT_EQ(record[2] >> 12, 4u);
	terminate_stream();
	EXPECT_TRUE(smmu_idle(smmu));
}

/* The event queue. */
TEST_F(SmmuStall, TheRecordWaitsForRoom)
{
	evtq_log2 = 1;
	start();
	send_stalling(BUS_READ, 0x9000);
	send_stalling(BUS_READ, 0xa000);
	run();
	Dma &third = send_stalling(BUS_READ, 0xb000);
	run();
	EXPECT_EQ(stats().events, 2u);
	EXPECT_FALSE(overflow()) << "nothing is lost";
	EXPECT_EQ(read(0xc000), BUS_FAULT); /* a PCI function's: terminated, and its record lost */
	EXPECT_TRUE(overflow());
	EXPECT_EQ(take_events().size(), 2u);
	run();
	EXPECT_EQ(stall_record()[2], 0xb000u);
	EXPECT_FALSE(third.done);
	EXPECT_EQ(stats().events_lost, 1u);
	terminate_stream();
}

TEST_F(SmmuStall, WhatWaitedForRoomMayNoLongerFault)
{
	evtq_log2 = 0;
	start();
	send_stalling(BUS_READ, 0x9000);
	run();
	Dma &dma = send_stalling(BUS_WRITE, 0xb000);
	run();
	table->map(0xb000, memory->allocate());
	command(CMD_TLBI_NSNH_ALL);
	abort(take_event());
	EXPECT_TRUE(dma.done);
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_TRUE(take_events().empty()) << "the original event is stale";
}

TEST_F(SmmuStall, WhatWaitedForRoomMayHaveAnotherFault)
{
	PageBits readonly;

	readonly.writable = false;
	enable(CR0_CMDQEN | CR0_SMMUEN);
	send_stalling(BUS_WRITE, 0xb000);
	run();
	table->map(0xb000, page, readonly);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 0u);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	Record event = stall_record();
	EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), F_PERMISSION);
	abort(event);
}

TEST_F(SmmuStall, TerminateCommandCatchesWhatWaitsForRoom)
{
	enable(CR0_CMDQEN | CR0_SMMUEN);
	Dma &dma = send_stalling(BUS_READ, 0x9000),
	    &other = send_stalling(BUS_READ, 0x9000, false, OTHER);
	run();
	terminate_stream();
	EXPECT_TRUE(dma.done);
	EXPECT_FALSE(other.done);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	Record event = stall_record();
	EXPECT_EQ(field_get(EVENT0_STREAMID, event[0]), OTHER);
	terminate_stream(OTHER);
}

TEST_F(SmmuStall, TheRecordWaitsForAnErrorToBeAcknowledged)
{
	memory->refuse(evtq, 4096);
	read(0x9000);
	memory->accept_all();
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_EVENTQ_ABT_ERR);
	send_stalling(BUS_READ, 0xa000);
	run();
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 0u);
	set_reg(SMMU_GERRORN, GERROR_EVENTQ_ABT_ERR);
	Record event = stall_record();
	EXPECT_EQ(event[2], 0xa000u);
	abort(event);
}

TEST_F(SmmuStall, ARecordThatMemoryRefusedIsLostUntilTheStreamIsTerminated)
{
	memory->refuse(evtq, 4096);
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	run();
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_EVENTQ_ABT_ERR);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD), 0u);
	memory->accept_all();
	set_reg(SMMU_GERRORN, GERROR_EVENTQ_ABT_ERR);
	push_sync();
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_TRUE(take_events().empty());
	EXPECT_FALSE(dma.done);
	terminate_stream();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_TRUE(dma.done);
}

/* STALL_MAX, 6.3.6. */
TEST_F(SmmuStall, NoMoreRecordsThanTagsStandUnanswered)
{
	cfg.stall_max = 2;
	start();
	for (uint64_t i = 0; i < 5; i++)
		send_stalling(BUS_READ, 0x9000 + (i << 12));
	run();
	EXPECT_EQ(stalled(), 5u);
	auto events = take_events();
	ASSERT_EQ(events.size(), 2u);
	EXPECT_EQ(reg(SMMU_EVENTQ_PROD) & EVENTQ_PROD_OVFLG, 0u);
	for (uint64_t i = 0; i < 3; i++) {
		abort(events[i]);
		auto more = take_events();
		ASSERT_EQ(more.size(), 1u);
		EXPECT_EQ(more[0][2], 0xb000 + (i << 12)) << "in the order in which they came";
		events.push_back(more[0]);
	}
	abort(events[3]);
	abort(events[4]);
	EXPECT_TRUE(smmu_idle(smmu));
}

/* SMMUEN, 6.3.9.6. */
TEST_F(SmmuStall, DisablingAbortsAllOfThem)
{
	cfg.stall_max = 2;
	start();
	for (uint64_t i = 0; i < 3; i++)
		send_stalling(BUS_READ, 0x9000 + (i << 12), false, i & 1 ? STREAM : OTHER);
	run();
	EXPECT_EQ(take_events().size(), 2u);
	Dma &held = send_stalling(BUS_WRITE, 0x40000, true);
	Dma &behind = send_stalling(BUS_WRITE, 0x4000, true);
	run();
	set_reg(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN);
	run();
	EXPECT_EQ(reg(SMMU_CR0ACK), CR0_CMDQEN | CR0_EVENTQEN);
	for (size_t i = 0; i < 4; i++) {
		EXPECT_TRUE(dmas[i]->done);
		EXPECT_EQ(dmas[i]->req.status, BUS_FAULT);
	}
	EXPECT_TRUE(held.done);
	EXPECT_TRUE(behind.done);
	EXPECT_EQ(behind.req.status, BUS_OK) << "it is of the time before";
	ASSERT_FALSE(traced(TRACE_DMA_WRITE).empty());
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page);
	EXPECT_TRUE(take_events().empty());
	EXPECT_TRUE(smmu_idle(smmu));
	/* The tags are free. */
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	send_stalling(BUS_READ, 0x9000);
	send_stalling(BUS_READ, 0xa000);
	run();
	EXPECT_EQ(take_events().size(), 2u);
	terminate_stream();
}

TEST_F(SmmuStall, NoneBeginsWhileItIsBeingDisabled)
{
	memory->slow_down(table->descriptor(0x9000, 3), 10 * PS_PER_US);
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	run_until(now() + PS_PER_US);
	set_reg(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_TRUE(dma.done);
	EXPECT_FALSE(take_event()[1] & EVENT1_STALL);
	EXPECT_EQ(reg(SMMU_CR0ACK), CR0_CMDQEN | CR0_EVENTQEN);
}
