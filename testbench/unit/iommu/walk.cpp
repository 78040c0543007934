/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* The stage 1 walk and its faults: IHI 0070, 3.4 and 7.3. */
class SmmuWalk : public SmmuBench
{
protected:
	void SetUp() override
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		cd = attach(STREAM, *table, 3);
	}

	void configure(uint64_t extra0)
	{
		memory->write64(cd, cd_word0(*table, 3, extra0));
		command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	}

	/* `dma` was terminated with this event, whose record says all that it should. */
	void expect_fault(Dma &dma, enum event_number number)
	{
		run();
		EXPECT_EQ(dma.req.status, BUS_FAULT);
		auto event = take_event();
		EXPECT_EQ(event[0], number | (uint64_t)STREAM << 32);
		EXPECT_EQ(event[1], field_put(EVENT1_CLASS, EVENT1_CLASS_IN) |
					    field_put(EVENT1_RNW, dma.req.op == BUS_READ) |
					    field_put(EVENT1_PNU, dma.req.attr.privileged) |
					    field_put(EVENT1_IND, dma.req.attr.instruction));
		EXPECT_EQ(event[2], dma.req.addr);
		EXPECT_EQ(event[3], 0u);
	}

	uint64_t reached(uint64_t va)
	{
		EXPECT_EQ(read(va), BUS_OK);
		return traced(TRACE_DMA_READ).back().arg[3];
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page, cd;
};

TEST_F(SmmuWalk, PagesAndBlocksKeepTheirOffset)
{
	table->map(0x4000, page);
	table->map(2 << 20, 0, {}, 2);
	table->map(1 << 30, 0, {}, 1);
	EXPECT_EQ(reached(0x4ff8), page + 0xff8);
	EXPECT_EQ(reached((2 << 20) + 0x12340), 0x12340u);
	EXPECT_EQ(reached((1 << 30) + 0x123450), 0x123450u);
}

TEST_F(SmmuWalk, StartsAtTheLevelOfItsRegion)
{
	for (uint8_t t0sz : {16, 25, 32, 34, 39}) {
		TableBuilder small(*memory, t0sz);
		uint64_t va = (BIT(64 - t0sz) - 1) & ~UINT64_C(4095);

		small.map(va, page);
		write_cd(cd, small, (uint16_t)(100 + t0sz), CD0_A | CD0_R);
		command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
		EXPECT_EQ(reached(va + 8), page + 8) << (int)t0sz;
		expect_fault(send(BUS_READ, BIT(64 - t0sz), 8), F_TRANSLATION);
	}
}

TEST_F(SmmuWalk, UpperRegionUsesItsOwnTable)
{
	TableBuilder upper(*memory, 25);
	uint64_t va = UINT64_C(0xffffff8000005000);

	upper.map(va, page);
	memory->write64(cd + 16, upper.root);
	memory->write64(cd, field_put(CD0_T1SZ, 25) | field_put(CD0_TG1, CD0_TG1_4K) |
				    (cd_word0(*table, 3, CD0_A | CD0_R) & ~CD0_EPD1));
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	EXPECT_EQ(reached(va + 0x10), page + 0x10);
	expect_fault(send(BUS_READ, UINT64_C(0xffffff0000005000), 8), F_TRANSLATION);
}

TEST_F(SmmuWalk, DisabledRegionIsTranslationFault)
{
	expect_fault(send(BUS_READ, UINT64_C(0xffff800000000000), 8), F_TRANSLATION);
}

TEST_F(SmmuWalk, TopByteCountsUnlessIgnored)
{
	table->map(0x4000, page);
	expect_fault(send(BUS_READ, UINT64_C(0xab00000000004000), 8), F_TRANSLATION);
	configure(CD0_A | CD0_R | CD0_TBI0);
	EXPECT_EQ(reached(UINT64_C(0xab00000000004000)), page);
}

TEST_F(SmmuWalk, InvalidDescriptorIsTranslationFaultAtEveryLevel)
{
	table->map(0x4000, page);
	for (unsigned level : {3u, 2u, 1u, 0u}) {
		memory->write64(table->descriptor(0x4000, level), 0);
		expect_fault(send(BUS_READ, 0x4008, 8), F_TRANSLATION);
	}
}

TEST_F(SmmuWalk, ReservedDescriptorTypesAreTranslationFaults)
{
	uint64_t leaf = table->map(0x4000, page);

	memory->write64(leaf, memory->read64(leaf) & ~TTD_PAGE);
	expect_fault(send(BUS_READ, 0x4000, 8), F_TRANSLATION);
	memory->write64(table->descriptor(0x4000, 0), PageBits().ttd());
	expect_fault(send(BUS_READ, 0x4000, 8), F_TRANSLATION);
}

TEST_F(SmmuWalk, OutputBeyondSizeIsAddrSizeFault)
{
	configure(CD0_A | CD0_R);
	table->map(0x4000, BIT(45));
	expect_fault(send(BUS_WRITE, 0x4000, 8), F_ADDR_SIZE);
}

TEST_F(SmmuWalk, TableBeyondSizeIsAddrSizeFault)
{
	memory->write64(table->descriptor(0x4000, 0), BIT(45) | TTD_VALID | TTD_TABLE);
	expect_fault(send(BUS_WRITE, 0x4000, 8), F_ADDR_SIZE);
}

TEST_F(SmmuWalk, ClearAccessFlagIsAccessFault)
{
	PageBits bits;

	bits.accessed = false;
	bits.writable = false;
	table->map(0x4000, page, bits);
	/* Before the permission fault that it would be, 3.13.1. */
	expect_fault(send(BUS_WRITE, 0x4000, 8), F_ACCESS);
}

TEST_F(SmmuWalk, AccessFlagFaultCanBeDisabled)
{
	PageBits bits;

	bits.accessed = false;
	table->map(0x4000, page, bits);
	configure(CD0_A | CD0_R | CD0_AFFD);
	EXPECT_EQ(reached(0x4000), page);
}

TEST_F(SmmuWalk, WriteToReadOnlyPageIsPermissionFault)
{
	PageBits bits;

	bits.writable = false;
	table->map(0x4000, page, bits);
	EXPECT_EQ(read(0x4000), BUS_OK);
	expect_fault(send(BUS_WRITE, 0x4000, 8), F_PERMISSION);
}

TEST_F(SmmuWalk, DbmWithoutDirtyManagementIsReadOnly)
{
	PageBits bits;

	bits.writable = false;
	bits.dbm = true;
	table->map(0x4000, page, bits);
	configure(CD0_A | CD0_R | CD0_HA);
	expect_fault(send(BUS_WRITE, 0x4000, 8), F_PERMISSION);
}

TEST_F(SmmuWalk, PrivilegedPageIsClosedToUnprivilegedAccess)
{
	PageBits bits;

	bits.unprivileged = false;
	table->map(0x4000, page, bits);
	expect_fault(send(BUS_READ, 0x4000, 8), F_PERMISSION);
	Dma &dma = send_with(BUS_READ, 0x4000, 8, attr_of(true, false));
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
}

TEST_F(SmmuWalk, PrivilegedAccessNeverClosesUnprivilegedPages)
{
	table->map(0x4000, page);
	configure(CD0_A | CD0_R | CD0_PAN);
	expect_fault(send_with(BUS_READ, 0x4000, 8, attr_of(true, false)), F_PERMISSION);
}

TEST_F(SmmuWalk, ExecuteNeverStopsInstructionReads)
{
	PageBits bits;

	bits.extra = TTD_UXN;
	bits.writable = false;
	table->map(0x4000, page, bits);
	expect_fault(send_with(BUS_READ, 0x4000, 8, attr_of(false, true)), F_PERMISSION);
	bits.extra = TTD_PXN;
	table->map(0x5000, page, bits);
	Dma &dma = send_with(BUS_READ, 0x5000, 8, attr_of(false, true));
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	expect_fault(send_with(BUS_READ, 0x5000, 8, attr_of(true, true)), F_PERMISSION);
}

TEST_F(SmmuWalk, WritableExecuteNeverStopsInstructionReads)
{
	table->map(0x4000, page);
	configure(CD0_A | CD0_R | CD0_WXN);
	expect_fault(send_with(BUS_READ, 0x4000, 8, attr_of(false, true)), F_PERMISSION);
}

/* AP without unprivileged access takes reads and writes away, not execution: DDI 0487, D8.4. */
TEST_F(SmmuWalk, UnprivilegedMayExecuteWhatItMayNotRead)
{
	PageBits bits;

	bits.unprivileged = false;
	table->map(0x4000, page, bits);
	expect_fault(send_with(BUS_READ, 0x4000, 8, attr_of(false, false)), F_PERMISSION);
	Dma &dma = send_with(BUS_READ, 0x4000, 8, attr_of(false, true));
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
}

/* Nor does WXN, where it is only others who may write. */
TEST_F(SmmuWalk, WritableExecuteNeverIsAboutTheSamePrivilege)
{
	PageBits bits;

	bits.unprivileged = false;
	table->map(0x4000, page, bits);
	configure(CD0_A | CD0_R | CD0_WXN);
	expect_fault(send_with(BUS_READ, 0x4000, 8, attr_of(true, true)), F_PERMISSION);
	Dma &dma = send_with(BUS_READ, 0x4000, 8, attr_of(false, true));
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
}

TEST_F(SmmuWalk, TableAttributesLimitWhatLiesBehind)
{
	table->map(0x4000, page);
	uint64_t above = table->descriptor(0x4000, 1);
	uint64_t plain = memory->read64(above);

	memory->write64(above, plain | field_put(TTD_APTABLE, 2));
	EXPECT_EQ(read(0x4000), BUS_OK);
	expect_fault(send(BUS_WRITE, 0x4000, 8), F_PERMISSION);
	tlbi_va(3, 0x4000);
	memory->write64(above, plain | field_put(TTD_APTABLE, 1));
	expect_fault(send(BUS_READ, 0x4000, 8), F_PERMISSION);
	tlbi_va(3, 0x4000);
	memory->write64(above, plain | TTD_UXNTABLE);
	expect_fault(send_with(BUS_READ, 0x4000, 8, attr_of(false, true)), F_PERMISSION);
}

TEST_F(SmmuWalk, AbortedFetchIsWalkAbortWithItsAddress)
{
	uint64_t leaf = table->map(0x4000, page);

	memory->refuse(leaf, 8);
	Dma &dma = send(BUS_READ, 0x4010, 8);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(event[0], F_WALK_EABT | (uint64_t)STREAM << 32);
	EXPECT_EQ(event[1], EVENT1_RNW | field_put(EVENT1_CLASS, EVENT1_CLASS_TT));
	EXPECT_EQ(event[2], 0x4010u);
	EXPECT_EQ(event[3], leaf);
}

TEST_F(SmmuWalk, RecordNamesTheSubstream)
{
	uint64_t cds = memory->allocate();

	for (unsigned i = 0; i < 2; i++)
		write_cd(cds + i * CD_BYTES, *table, 3, CD0_A | CD0_R);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | cds |
				  field_put(STE0_S1CDMAX, 1));
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	send_substream(BUS_READ, 0x4000, 1);
	run();
	EXPECT_EQ(take_event()[0], F_TRANSLATION | EVENT0_SSV | 1u << 12 | (uint64_t)STREAM << 32);
}

TEST_F(SmmuWalk, RequestThatCrossesAPageIsUnsupported)
{
	table->map(0x4000, page);
	table->map(0x5000, page);
	EXPECT_EQ(read(0x4ffc, 8), BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(event[0], F_UUT | (uint64_t)STREAM << 32);
	EXPECT_EQ(field_get(EVENT1_UUT_REASON, event[1]), 2u);
	EXPECT_EQ(event[2], 0x4ffcu);
}

TEST_F(SmmuWalk, TranslatedRequestIsUnsupportedWithoutAts)
{
	struct bus_attr translated = attr_of(false, false);

	translated.translated = true;
	Dma &dma = send_with(BUS_READ, 0x4000, 8, translated);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), F_UUT);
}

TEST_F(SmmuWalk, MemoryAbortReachesTheDevice)
{
	table->map(0x4000, page);
	memory->refuse(page, 4096);
	EXPECT_EQ(read(0x4000), BUS_ABORT);
	EXPECT_EQ(take_events().size(), 0u);
}

TEST_F(SmmuWalk, TakesOneStepForEachLevel)
{
	table->map(0x4000, page);
	EXPECT_EQ(read(0x4000), BUS_OK);
	uint64_t began = now();
	table->map(0x5000, page);
	Dma &dma = send(BUS_READ, 0x5000, 8);
	run();
	/* The configuration is cached: four descriptors and the access itself. */
	EXPECT_EQ(dma.done_ps - began,
		  cfg.timing.tlb_hit_ps + 4 * (cfg.timing.walk_step_ps + LATENCY) + LATENCY);
}

TEST_F(SmmuWalk, WaitsForAFreeWalker)
{
	cfg.timing.walkers = 1;
	SetUp();
	for (uint64_t i = 0; i < 3; i++)
		table->map(i << 12, page);
	EXPECT_EQ(read(0x0), BUS_OK);
	uint64_t began = now(), walk = 4 * (cfg.timing.walk_step_ps + LATENCY);
	Dma &a = send(BUS_READ, 0x1000, 8), &b = send(BUS_READ, 0x2000, 8);
	run();
	EXPECT_EQ(a.done_ps, began + cfg.timing.tlb_hit_ps + walk + LATENCY);
	EXPECT_EQ(b.done_ps, began + cfg.timing.tlb_hit_ps + 2 * walk + LATENCY);
}

TEST_F(SmmuWalk, EachWalkTellsItsSlotAndItsTime)
{
	cfg.timing.walkers = 2;
	SetUp();
	for (uint64_t i = 0; i < 4; i++)
		table->map(i << 12, page);
	EXPECT_EQ(read(0x0), BUS_OK);
	/* What the first access needed besides: the stream table's entry and the CD. */
	std::vector<Traced> walks = traced(TRACE_WALK);
	ASSERT_EQ(walks.size(), 3u);
	EXPECT_EQ(walks[0].arg[1], (uint64_t)SMMU_WALK_STE);
	EXPECT_EQ(walks[1].arg[1], (uint64_t)SMMU_WALK_CD);
	EXPECT_EQ(walks[2].arg[1], (uint64_t)SMMU_WALK_TABLES);

	trace.clear();
	uint64_t began = now() + cfg.timing.tlb_hit_ps;
	uint64_t walk = 4 * (cfg.timing.walk_step_ps + LATENCY);
	for (uint64_t i = 1; i < 4; i++)
		send(BUS_READ, i << 12, 8);
	run();
	walks = traced(TRACE_WALK);
	ASSERT_EQ(walks.size(), 3u);
	for (uint64_t i = 0; i < 3; i++) {
		EXPECT_EQ(walks[i].arg[3], (i + 1) << 12);
		EXPECT_EQ(walks[i].arg[4], 0u); /* it did not fail */
		EXPECT_EQ(walks[i].arg[5], i < 2 ? began : began + walk);
		EXPECT_EQ(walks[i].time_ps, walks[i].arg[5] + walk);
	}
	/* Two at once have two slots; the third takes one that is free again. */
	EXPECT_NE(walks[0].arg[0], walks[1].arg[0]);
	EXPECT_EQ(walks[2].arg[0], walks[0].arg[0]);
}

TEST_F(SmmuWalk, AWalkThatFailsTellsWhy)
{
	EXPECT_EQ(read(0x4000), BUS_FAULT);
	EXPECT_EQ(traced(TRACE_WALK).back().arg[4], (uint64_t)F_TRANSLATION);
}

TEST_F(SmmuWalk, LevelsAreWhatIsUnderWay)
{
	cfg.timing.walkers = 1;
	SetUp();
	for (uint64_t i = 0; i < 3; i++)
		table->map(i << 12, page);
	EXPECT_EQ(read(0x0), BUS_OK);
	send(BUS_READ, 0x1000, 8);
	send(BUS_READ, 0x2000, 8);
	sim_run(&sim, now() + cfg.timing.tlb_hit_ps, nullptr);
	struct smmu_levels levels = smmu_levels_get(smmu);
	EXPECT_EQ(levels.transactions, 2u);
	EXPECT_EQ(levels.walks, 1u);
	EXPECT_EQ(levels.waiting, 1u);
	run();
	levels = smmu_levels_get(smmu);
	EXPECT_EQ(levels.transactions + levels.walks + levels.waiting, 0u);
}

TEST_F(SmmuWalk, OnePageIsWalkedOnceForAllThatNeedIt)
{
	table->map(0x4000, page);
	EXPECT_EQ(read(0x4000), BUS_OK);
	tlbi_va(3, 0x4000);
	uint64_t walks = stats().walks;
	Dma &a = send(BUS_READ, 0x4000, 8), &b = send(BUS_READ, 0x4800, 8);
	run();
	EXPECT_EQ(stats().walks, walks + 1);
	EXPECT_EQ(a.done_ps, b.done_ps);
}

TEST_F(SmmuWalk, MoreRequestsThanTransactionsAreAllServed)
{
	cfg.max_transactions = 2;
	SetUp();
	table->map(0x4000, page);
	for (unsigned i = 0; i < 20; i++)
		send(i % 3 ? BUS_WRITE : BUS_READ, 0x4000 + 8 * i, 8);
	run();
	for (auto &dma : dmas)
		EXPECT_EQ(dma->req.status, BUS_OK);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size() + traced(TRACE_DMA_READ).size(), 20u);
}

// What the trace says of a translation: tables in the order in which they were read.
TEST_F(SmmuWalk, TraceNamesTheTablesThatWereRead)
{
	uint64_t leaf = table->map(0x4000, page);

	reached(0x4010);
	reached(0x4020);
	std::vector<Traced> walks = traced(TRACE_WALK_TABLES);
	ASSERT_EQ(walks.size(), 1u) << "the second one hits the TLB";
	EXPECT_EQ(walks[0].arg[0], STREAM);
	EXPECT_EQ(walks[0].arg[2], 0x4010u);
	EXPECT_EQ(walks[0].arg[3], page);
	EXPECT_EQ(walks[0].arg[4], 12u);
	ASSERT_EQ(walks[0].arg[5], 4u);
	ASSERT_EQ(walks[0].data.size(), 4u * 24);
	for (unsigned level = 0; level < 4; level++) {
		EXPECT_EQ(walks[0].word(3 * level), level);
		EXPECT_EQ(walks[0].word(3 * level + 1), table->descriptor(0x4000, level));
		EXPECT_EQ(walks[0].word(3 * level + 2),
			  memory->read64(table->descriptor(0x4000, level)));
	}
	EXPECT_EQ(walks[0].word(10), leaf);
	ASSERT_EQ(traced(TRACE_SMMU_STE).size(), 1u);
	EXPECT_EQ(traced(TRACE_SMMU_STE)[0].arg[3], ste_address(STREAM));
	EXPECT_EQ(traced(TRACE_SMMU_STE)[0].arg[1], 0u) << "the table is linear";
	ASSERT_EQ(traced(TRACE_SMMU_CD).size(), 1u);
	EXPECT_EQ(traced(TRACE_SMMU_CD)[0].arg[2], cd);
}
