/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

#include <algorithm>

/* The command queue: IHI 0070, 4.1, 4.7.3 and 7.1. */
class SmmuCommandQueue : public SmmuBench
{
protected:
	void SetUp() override
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		leaf = table->map(0x4000, page);
		attach(STREAM, *table, 3);
	}

	uint64_t cerror()
	{
		return field_get(CMDQ_CONS_ERR, reg(SMMU_CMDQ_CONS));
	}

	bool command_error()
	{
		return (reg(SMMU_GERROR) ^ reg(SMMU_GERRORN)) & GERROR_CMDQ_ERR;
	}

	void expect_illegal(uint64_t word0, uint64_t word1 = 0)
	{
		uint64_t cons = reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD;

		push(word0, word1);
		run();
		EXPECT_TRUE(command_error()) << word0;
		EXPECT_EQ(cerror(), CERROR_ILL) << word0;
		EXPECT_EQ(reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD, cons) << word0;
		/* Software replaces it, then acknowledges. */
		memory->write64(cmdq + (cons & (BIT(cmdq_log2) - 1)) * CMD_BYTES, CMD_SYNC);
		acknowledge();
		EXPECT_TRUE(commands_consumed()) << word0;
	}

	void acknowledge()
	{
		set_reg(SMMU_GERRORN, reg(SMMU_GERROR));
		run();
	}

	/* How long until the CMD_SYNC just pushed is consumed. */
	uint64_t sync_time()
	{
		uint64_t began = now();

		push_sync();
		while (!commands_consumed() && calendar_step(&sim.calendar))
			;
		return now() - began;
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page, leaf;
};

TEST_F(SmmuCommandQueue, ConsumesInOrderAndShowsIt)
{
	push(CMD_PREFETCH_CONFIG | (uint64_t)STREAM << 32);
	push(CMD_PREFETCH_ADDR | (uint64_t)STREAM << 32, 0x4000);
	push(CMD_TLBI_NSNH_ALL);
	push_sync();
	run();
	EXPECT_EQ(reg(SMMU_CMDQ_CONS), 4u);
	auto commands = traced(TRACE_SMMU_COMMAND);
	ASSERT_EQ(commands.size(), 4u);
	EXPECT_EQ(commands[0].arg[0], CMD_PREFETCH_CONFIG);
	EXPECT_EQ(commands[1].word(1), 0x4000u);
	EXPECT_EQ(commands[3].arg[0], CMD_SYNC);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(commands[i].arg[1], i) << "the index that it was consumed from";
	EXPECT_EQ(stats().commands, 4u);
	EXPECT_EQ(stats().syncs, 1u);
}

TEST_F(SmmuCommandQueue, TracesWhatSoftwareWrote)
{
	trace.clear();
	push(CMD_TLBI_NSNH_ALL);
	push_sync();
	auto queues = traced(TRACE_SMMU_QUEUE);
	ASSERT_EQ(queues.size(), 2u);
	EXPECT_EQ(queues[1].arg,
		  (std::array<uint64_t, TRACE_ARGS>{SMMU_CMDQ_PROD, cmdq_log2, 2, 0}));
	run();
}

TEST_F(SmmuCommandQueue, WrapsAround)
{
	for (unsigned i = 0; i < 3 * BIT(cmdq_log2) + 5; i++) {
		push(CMD_TLBI_NH_ASID | field_put(TLBI0_ASID, i));
		if (i % 40 == 39)
			run();
	}
	run();
	EXPECT_TRUE(commands_consumed());
	auto commands = traced(TRACE_SMMU_COMMAND);
	ASSERT_EQ(commands.size(), 3 * BIT(cmdq_log2) + 5);
	for (unsigned i = 0; i < commands.size(); i++)
		EXPECT_EQ(field_get(TLBI0_ASID, commands[i].word(0)), i);
}

TEST_F(SmmuCommandQueue, AFullQueueIsConsumed)
{
	memory->slow_down(cmdq, 10 * PS_PER_US);
	for (unsigned i = 0; i < BIT(cmdq_log2); i++)
		memory->write64(cmdq + i * CMD_BYTES, CMD_TLBI_NSNH_ALL);
	set_reg(SMMU_CMDQ_PROD, BIT(cmdq_log2)); /* wrap bit set, index 0: full */
	run();
	EXPECT_EQ(stats().commands, BIT(cmdq_log2));
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuCommandQueue, SizeIsCappedAtWhatTheSmmuHas)
{
	enable(CR0_EVENTQEN | CR0_SMMUEN);
	set_reg(SMMU_CMDQ_BASE, cmdq | 12, 8);
	enable(CR0_EVENTQEN | CR0_SMMUEN | CR0_CMDQEN);
	cmdq_log2 = cfg.cmdq_log2;
	for (unsigned i = 0; i < BIT(cfg.cmdq_log2) + 3; i++) {
		push(CMD_TLBI_NSNH_ALL);
		if (i == 100)
			run();
	}
	run();
	EXPECT_EQ(stats().commands, BIT(cfg.cmdq_log2) + 3);
	EXPECT_EQ(reg(SMMU_CMDQ_CONS), BIT(cfg.cmdq_log2) + 3);
}

TEST_F(SmmuCommandQueue, UnknownAndUnsupportedCommandsAreIllegal)
{
	for (uint64_t op : {0x00, 0x07, 0x18, (int)CMD_TLBI_EL2_ALL, (int)CMD_TLBI_EL2_ASID,
			    (int)CMD_TLBI_EL2_VA, (int)CMD_TLBI_EL2_VAA, (int)CMD_TLBI_S12_VMALL,
			    (int)CMD_TLBI_S2_IPA, (int)CMD_ATC_INV, (int)CMD_PRI_RESP,
			    (int)CMD_RESUME, (int)CMD_STALL_TERM, 0x50, 0xff})
		expect_illegal(op);
}

TEST_F(SmmuCommandQueue, SecureStreamsAreIllegal)
{
	for (uint64_t op :
	     {CMD_PREFETCH_CONFIG, CMD_CFGI_STE, CMD_CFGI_STE_RANGE, CMD_CFGI_CD, CMD_CFGI_CD_ALL})
		expect_illegal(op | CMD0_SSEC);
}

/* 4.3.3, 4.3.4 */
TEST_F(SmmuCommandQueue, ContextDescriptorsNeedStage1)
{
	cfg.s1 = cfg.had = false;
	cfg.s2 = cfg.xnx = true;
	bring_up();
	expect_illegal(CMD_CFGI_CD);
	bring_up();
	expect_illegal(CMD_CFGI_CD_ALL);
}

TEST_F(SmmuCommandQueue, ReservedCompletionSignalIsIllegal)
{
	expect_illegal(CMD_SYNC | field_put(SYNC0_CS, 3));
}

TEST_F(SmmuCommandQueue, AnErrorStopsTheQueueUntilAcknowledged)
{
	push(0xff);
	push(CMD_TLBI_NSNH_ALL);
	run();
	EXPECT_TRUE(command_error());
	EXPECT_EQ(reg(SMMU_CMDQ_CONS), field_put(CMDQ_CONS_ERR, CERROR_ILL));
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_IRQ_GERROR});
	push(CMD_TLBI_NSNH_ALL);
	run();
	EXPECT_EQ(stats().commands, 0u);
	memory->write64(cmdq, CMD_TLBI_NSNH_ALL);
	acknowledge();
	EXPECT_EQ(stats().commands, 3u);
	EXPECT_FALSE(command_error());
}

TEST_F(SmmuCommandQueue, AbortedFetchIsAnErrorAtItsCommand)
{
	push(CMD_TLBI_NSNH_ALL);
	run();
	memory->refuse(cmdq, 4096);
	push(CMD_TLBI_NSNH_ALL);
	run();
	EXPECT_TRUE(command_error());
	EXPECT_EQ(cerror(), CERROR_ABT);
	EXPECT_EQ(reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD, 1u);
	memory->accept_all();
	acknowledge();
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuCommandQueue, CommandsBeforeOneThatCannotBeReadAreConsumed)
{
	for (int i = 0; i < 3; i++)
		memory->write64(cmdq + i * CMD_BYTES, CMD_TLBI_NSNH_ALL);
	memory->refuse(cmdq + 2 * CMD_BYTES, CMD_BYTES);
	set_reg(SMMU_CMDQ_PROD, 3);
	run();
	EXPECT_EQ(cerror(), CERROR_ABT);
	EXPECT_EQ(reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD, 2u);
	EXPECT_EQ(stats().commands, 2u);
	memory->accept_all();
	acknowledge();
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuCommandQueue, TheReasonIsThereBeforeTheError)
{
	push(0xff);
	while (!command_error() && calendar_step(&sim.calendar))
		;
	EXPECT_EQ(cerror(), CERROR_ILL);
	EXPECT_EQ(field_get(CMDQ_CONS_ERR, reg(SMMU_CMDQ_CONS)), CERROR_ILL);
}

TEST_F(SmmuCommandQueue, WhatWasFetchedBehindAnErrorIsFetchedAgain)
{
	push(0xff);
	push(0xfe);
	run();
	/* Both are other commands by the time of the acknowledgement. */
	memory->write64(cmdq, CMD_TLBI_NSNH_ALL);
	memory->write64(cmdq + CMD_BYTES, CMD_SYNC);
	acknowledge();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(stats().syncs, 1u);
	EXPECT_FALSE(command_error());
}

TEST_F(SmmuCommandQueue, AnErrorLetsSoftwareTakeCommandsBack)
{
	push(CMD_TLBI_NSNH_ALL);
	push(0xff);
	push(0xfe);
	run();
	EXPECT_EQ(reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD, 1u);
	set_reg(SMMU_CMDQ_PROD, 1);
	acknowledge();
	EXPECT_TRUE(commands_consumed());
	EXPECT_FALSE(command_error());
	EXPECT_EQ(stats().commands, 1u);
	push_sync();
	run();
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuCommandQueue, AnErrorIsRaisedAgainAfterItsAcknowledgement)
{
	push(0xff);
	run();
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_CMDQ_ERR);
	acknowledge(); /* nothing was repaired */
	EXPECT_EQ(reg(SMMU_GERROR), 0u);
	EXPECT_TRUE(command_error());
	EXPECT_EQ(irqs.size(), 2u);
}

TEST_F(SmmuCommandQueue, DisablingStopsWithinWhatWasFetched)
{
	for (int i = 0; i < 5; i++)
		memory->write64(cmdq + i * CMD_BYTES, CMD_TLBI_NSNH_ALL);
	set_reg(SMMU_CMDQ_PROD, 5);
	while (!stats().commands && calendar_step(&sim.calendar))
		;
	set_reg(SMMU_CR0, CR0_EVENTQEN | CR0_SMMUEN);
	run();
	EXPECT_EQ(reg(SMMU_CR0ACK), CR0_EVENTQEN | CR0_SMMUEN);
	EXPECT_EQ(stats().commands, 2u) << "the one in progress, and no more";
	EXPECT_EQ(reg(SMMU_CMDQ_CONS), 2u);
}

TEST_F(SmmuCommandQueue, AnErrorDoesNotHoldTheDisable)
{
	push(0xff);
	run();
	enable(CR0_EVENTQEN | CR0_SMMUEN);
	set_reg(SMMU_CMDQ_CONS, 1);
	set_reg(SMMU_GERRORN, reg(SMMU_GERROR));
	enable(CR0_EVENTQEN | CR0_SMMUEN | CR0_CMDQEN);
	push_sync();
	run();
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuCommandQueue, IndicesThatDoNotFitAreSurvived)
{
	/* PROD more than a queue ahead of CONS: CONSTRAINED UNPREDICTABLE, 3.5.1. */
	for (unsigned i = 0; i < BIT(cmdq_log2); i++)
		memory->write64(cmdq + i * CMD_BYTES, CMD_TLBI_NSNH_ALL);
	set_reg(SMMU_CMDQ_PROD, BIT(cmdq_log2) + 5);
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_FALSE(command_error());
}

TEST_F(SmmuCommandQueue, DisabledQueueIsNotRead)
{
	enable(CR0_EVENTQEN | CR0_SMMUEN);
	push(CMD_TLBI_NSNH_ALL);
	run();
	EXPECT_EQ(stats().commands, 0u);
	enable(CR0_EVENTQEN | CR0_SMMUEN | CR0_CMDQEN);
	run();
	EXPECT_EQ(stats().commands, 1u);
}

/* CMD_SYNC, 4.7.3. */
using SmmuSync = SmmuCommandQueue;

TEST_F(SmmuSync, WaitsForAForwardedWrite)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	uint64_t idle_time = sync_time();
	memory->slow_down(page, 10 * PS_PER_US);
	Dma &dma = send(BUS_WRITE, 0x4000, 8);
	run_until(now() + PS_PER_US);
	ASSERT_EQ(traced(TRACE_DMA_WRITE).size(), 2u);
	push(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, 3), 0x4000);
	uint64_t time = sync_time();
	EXPECT_TRUE(dma.done);
	EXPECT_GT(time, idle_time + 8 * PS_PER_US);
}

TEST_F(SmmuSync, WaitsForAWalkUnderWay)
{
	memory->slow_down(leaf, 10 * PS_PER_US);
	Dma &dma = send(BUS_READ, 0x4000, 8);
	run_until(now() + PS_PER_US);
	EXPECT_GT(sync_time(), 8 * PS_PER_US);
	EXPECT_TRUE(dma.done);
}

TEST_F(SmmuSync, WaitsForTheRecordOfAFault)
{
	memory->slow_down(evtq, 10 * PS_PER_US);
	send(BUS_WRITE, 0x9000, 8);
	run_until(now() + PS_PER_US);
	EXPECT_EQ(stats().events, 0u);
	EXPECT_GT(sync_time(), 8 * PS_PER_US);
	EXPECT_EQ(stats().events, 1u);
}

TEST_F(SmmuSync, DoesNotWaitForWhatComesAfterIt)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	uint64_t idle_time = sync_time(), began = now();
	memory->slow_down(page, 3 * PS_PER_US);
	push(CMD_TLBI_NSNH_ALL);
	push_sync();
	/* A stream of writes that never pauses: one each microsecond, each 3 long. */
	std::vector<Dma *> writes;
	while (!commands_consumed()) {
		writes.push_back(&send(BUS_WRITE, 0x4000, 8));
		run_until(now() + PS_PER_US);
		ASSERT_LT(now() - began, 20 * PS_PER_US);
	}
	EXPECT_LT(now() - began, idle_time + 6 * PS_PER_US);
	EXPECT_FALSE(writes.back()->done);
	run();
}

TEST_F(SmmuSync, HoldsBackLaterCommands)
{
	memory->slow_down(page, 10 * PS_PER_US);
	send(BUS_WRITE, 0x4000, 8);
	run_until(now() + PS_PER_US);
	push_sync();
	push(CMD_TLBI_NSNH_ALL);
	push_sync();
	run_until(now() + 5 * PS_PER_US);
	EXPECT_EQ(stats().commands, 0u);
	run();
	EXPECT_EQ(stats().commands, 3u);
}

TEST_F(SmmuSync, NoneMakesNoSignal)
{
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_NONE) | field_put(SYNC0_MSIDATA, 1), page);
	run();
	EXPECT_EQ(memory->read64(page), 0u);
	EXPECT_TRUE(irqs.empty());
}

TEST_F(SmmuSync, EventSignalIsLikeNoneWithoutTheFeature)
{
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_SEV), page);
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(memory->read64(page), 0u);
	EXPECT_TRUE(irqs.empty());
}

/* An SMMU with IDR0.SEV. */
class SmmuWake : public SmmuCommandQueue
{
protected:
	void SetUp() override
	{
		cfg.sev = true;
		SmmuCommandQueue::SetUp();
	}
};

TEST_F(SmmuWake, ASyncThatAsksForItWakesOnceItIsConsumed)
{
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_NONE));
	run();
	EXPECT_TRUE(irqs.empty());
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_SEV), page);
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_WAKE});
	EXPECT_EQ(memory->read64(page), 0u) << "no message";
}

/* Fill a queue of four entries but for `room`, then let it be consumed. */
TEST_F(SmmuWake, AFullQueueWakesWhenItHasRoomAgain)
{
	for (uint32_t room : {1u, 0u}) {
		irqs.clear();
		enable(CR0_EVENTQEN | CR0_SMMUEN);
		set_reg(SMMU_CMDQ_BASE, cmdq | 2, 8);
		set_reg(SMMU_CMDQ_CONS, 0);
		set_reg(SMMU_CMDQ_PROD, 0);
		cmdq_log2 = 2;
		for (uint32_t i = room; i < 4; i++)
			push(CMD_TLBI_NSNH_ALL);
		enable(CR0_EVENTQEN | CR0_SMMUEN | CR0_CMDQEN);
		run();
		EXPECT_TRUE(commands_consumed());
		EXPECT_EQ(irqs, std::vector<uint32_t>(room ? 0 : 1, SMMU_WAKE));
	}
}

TEST_F(SmmuSync, AFullQueueWakesNobodyWithoutTheFeature)
{
	enable(CR0_EVENTQEN | CR0_SMMUEN);
	set_reg(SMMU_CMDQ_BASE, cmdq | 2, 8);
	cmdq_log2 = 2;
	for (uint32_t i = 0; i < 4; i++)
		push(CMD_TLBI_NSNH_ALL);
	enable(CR0_EVENTQEN | CR0_SMMUEN | CR0_CMDQEN);
	run();
	EXPECT_EQ(stats().commands, 4u);
	EXPECT_TRUE(irqs.empty());
}

TEST_F(SmmuSync, InterruptWritesItsMessageAfterConsumption)
{
	uint64_t target = page + 4, cons_then = 0;

	memory->write64(page, ~UINT64_C(0));
	memory->before_access = [&](const struct bus_req &req) {
		if (req.addr != target)
			return;
		EXPECT_EQ(req.len_bytes, 4u);
		EXPECT_FALSE(req.attr.from_device);
		cons_then = stats().commands;
	};
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ) | field_put(SYNC0_MSIDATA, 0x1234),
	     target);
	run();
	EXPECT_EQ(memory->read64(page), UINT64_C(0x00001234ffffffff));
	EXPECT_EQ(cons_then, 1u);
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_IRQ_CMD_SYNC});
}

TEST_F(SmmuSync, MessagesOfSyncsKeepTheirOrder)
{
	memory->slow_down(page, 5 * PS_PER_US);
	uint64_t other = memory->allocate();
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ) | field_put(SYNC0_MSIDATA, 1), page);
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ) | field_put(SYNC0_MSIDATA, 2), other);
	while (!memory->read64(other) && calendar_step(&sim.calendar))
		;
	EXPECT_EQ(memory->read64(page), 1u);
	run();
}

TEST_F(SmmuSync, NoMessageWithoutMsiOrAddress)
{
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ) | field_put(SYNC0_MSIDATA, 1), 0);
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(memory->read64(0), 0u);
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_IRQ_CMD_SYNC});
	cfg.msi = false;
	SetUp();
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ) | field_put(SYNC0_MSIDATA, 1), page);
	run();
	EXPECT_EQ(memory->read64(page), 0u);
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuSync, RefusedMessageIsAGlobalError)
{
	memory->refuse(page, 4096);
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ), page);
	push(CMD_TLBI_NSNH_ALL);
	run();
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_MSI_CMDQ_ABT_ERR);
	EXPECT_TRUE(commands_consumed()) << "the queue goes on";
	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ), page);
	run();
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_MSI_CMDQ_ABT_ERR) << "active: not toggled again";
	EXPECT_EQ(std::count(irqs.begin(), irqs.end(), (uint32_t)SMMU_IRQ_GERROR), 1);
}
