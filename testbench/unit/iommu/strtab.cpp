/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* Stream table entries and what each configuration does: IHI 0070, 5.1 and 5.2. */
class SmmuSte : public SmmuBench
{
protected:
	void SetUp() override
	{
		bring_up();
	}

	static uint64_t config(uint64_t value)
	{
		return STE0_V | field_put(STE0_CONFIG, value);
	}
};

TEST_F(SmmuSte, InvalidEntryIsBadSte)
{
	write_ste(STREAM, 0);
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(event[0], C_BAD_STE | (uint64_t)STREAM << 32);
	EXPECT_EQ(event[1] | event[2] | event[3], 0u);
}

TEST_F(SmmuSte, AbortConfigTerminatesWithoutEvent)
{
	write_ste(STREAM, config(STE0_CONFIG_ABORT));
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	EXPECT_EQ(take_events().size(), 0u);
	ASSERT_EQ(traced(TRACE_DMA_FAULT).size(), 1u);
	EXPECT_EQ(traced(TRACE_DMA_FAULT)[0].arg[5], 0u);
	EXPECT_TRUE(traced(TRACE_DMA_WRITE).empty());
}

TEST_F(SmmuSte, BypassConfigPassesTheAddressThrough)
{
	uint64_t page = memory->allocate();

	write_ste(STREAM, config(STE0_CONFIG_BYPASS));
	EXPECT_EQ(write(page + 8), BUS_OK);
	EXPECT_EQ(memory->read64(page + 8), le64_get(dmas[0]->bytes));
	auto writes = traced(TRACE_DMA_WRITE);
	ASSERT_EQ(writes.size(), 1u);
	EXPECT_EQ(writes[0].arg, (std::array<uint64_t, TRACE_ARGS>{STREAM, TRACE_NO_SUBSTREAM,
								   page + 8, page + 8, 8, 0}));
}

TEST_F(SmmuSte, BypassBeyondOutputSizeIsAddrSizeFault)
{
	write_ste(STREAM, config(STE0_CONFIG_BYPASS));
	EXPECT_EQ(read(BIT(44)), BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), F_ADDR_SIZE);
	EXPECT_EQ(field_get(EVENT1_CLASS, event[1]), EVENT1_CLASS_IN);
	EXPECT_EQ(event[2], BIT(44));
}

TEST_F(SmmuSte, BypassWithSubstreamIsBadSubstream)
{
	write_ste(STREAM, config(STE0_CONFIG_BYPASS));
	Dma &dma = send_substream(BUS_READ, 0x1000, 5);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(event[0], C_BAD_SUBSTREAMID | 5u << 12 | (uint64_t)STREAM << 32);
}

TEST_F(SmmuSte, Stage1ConfigTranslates)
{
	TableBuilder table(*memory);
	uint64_t page = memory->allocate();

	table.map(0x4000, page);
	attach(STREAM, table, 1);
	EXPECT_EQ(write(0x4010), BUS_OK);
	EXPECT_EQ(memory->read64(page + 0x10), le64_get(dmas[0]->bytes));
}

TEST_F(SmmuSte, Stage2IsIllegalWithoutStage2)
{
	for (uint64_t value : {STE0_CONFIG_S2, STE0_CONFIG_S1_S2}) {
		write_ste(STREAM, config(value));
		command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
		EXPECT_EQ(write(0x1000), BUS_FAULT);
		EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), C_BAD_STE);
	}
}

TEST_F(SmmuSte, StallDisableIsIllegalWithoutStalls)
{
	TableBuilder table(*memory);
	uint64_t cd = attach(STREAM, table, 1);

	write_ste(STREAM, config(STE0_CONFIG_S1) | cd, STE1_S1STALLD);
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), C_BAD_STE);
}

TEST_F(SmmuSte, StreamBeyondTableIsBadStreamId)
{
	Dma &dma = send(BUS_READ, 0x1000, 8, false, 0x200);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_EQ(take_event()[0], C_BAD_STREAMID | UINT64_C(0x200) << 32);
}

TEST_F(SmmuSte, BadStreamIdIsSilentUnlessAskedFor)
{
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	set_reg(SMMU_CR2, 0);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	Dma &dma = send(BUS_READ, 0x1000, 8, false, 0x200);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_EQ(take_events().size(), 0u);
}

TEST_F(SmmuSte, AbortedFetchIsSteFetchWithItsAddress)
{
	memory->refuse(ste_address(STREAM), STE_BYTES);
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), F_STE_FETCH);
	EXPECT_EQ(event[3], ste_address(STREAM));
	/* A failed fetch is not cached. */
	memory->accept_all();
	write_ste(STREAM, config(STE0_CONFIG_ABORT));
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	EXPECT_EQ(take_events().size(), 0u);
}

TEST_F(SmmuSte, ChangeTakesEffectOnlyAfterInvalidation)
{
	uint64_t page = memory->allocate();

	write_ste(STREAM, config(STE0_CONFIG_ABORT));
	EXPECT_EQ(write(page), BUS_FAULT);
	write_ste(STREAM, config(STE0_CONFIG_BYPASS));
	EXPECT_EQ(write(page), BUS_FAULT) << "the old entry is cached";
	command(CMD_CFGI_STE | (uint64_t)(STREAM + 1) << 32, CFGI1_LEAF);
	EXPECT_EQ(write(page), BUS_FAULT) << "another stream's was invalidated";
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	EXPECT_EQ(write(page), BUS_OK);
}

TEST_F(SmmuSte, RangeInvalidationCoversAlignedStreams)
{
	uint64_t page = memory->allocate();

	write_ste(STREAM, config(STE0_CONFIG_ABORT));
	EXPECT_EQ(write(page), BUS_FAULT);
	write_ste(STREAM, config(STE0_CONFIG_BYPASS));
	/* 2^(2+1) streams from 0x100, then from 0x108. */
	command(CMD_CFGI_STE_RANGE | UINT64_C(0x107) << 32, 2);
	EXPECT_EQ(write(page), BUS_FAULT);
	command(CMD_CFGI_STE_RANGE | UINT64_C(0x10f) << 32, 2);
	EXPECT_EQ(write(page), BUS_OK);
}

TEST_F(SmmuSte, InvalidateAllCoversEveryStream)
{
	uint64_t page = memory->allocate();

	write_ste(STREAM, config(STE0_CONFIG_ABORT));
	EXPECT_EQ(write(page), BUS_FAULT);
	write_ste(STREAM, config(STE0_CONFIG_BYPASS));
	command(CMD_CFGI_STE_RANGE, CFGI1_RANGE_ALL);
	EXPECT_EQ(write(page), BUS_OK);
}

/* Two levels: L1STDs of 256 streams each. */
class SmmuTwoLevelStreamTable : public SmmuSte
{
protected:
	void SetUp() override
	{
		SmmuSte::SetUp();
		enable(CR0_CMDQEN | CR0_EVENTQEN);
		l1 = memory->allocate();
		l2 = memory->allocate(STE_BYTES << 8);
		set_reg(SMMU_STRTAB_BASE, l1, 8);
		set_reg(SMMU_STRTAB_BASE_CFG,
			(uint32_t)(field_put(STRTAB_BASE_CFG_FMT, STRTAB_BASE_CFG_FMT_2LVL) |
				   field_put(STRTAB_BASE_CFG_SPLIT, 8) | 16));
		enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
		memory->write64(l2 + 8 * STE_BYTES, config(STE0_CONFIG_BYPASS));
	}

	uint64_t l1, l2;
};

TEST_F(SmmuTwoLevelStreamTable, ReachesTheSecondLevel)
{
	memory->write64(l1 + 8, l2 | 9); /* 0x108: L1STD 1, STE 8; Span 9: 256 STEs */
	EXPECT_EQ(write(memory->allocate()), BUS_OK);
}

TEST_F(SmmuTwoLevelStreamTable, NoSpanIsBadStreamId)
{
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), C_BAD_STREAMID);
}

TEST_F(SmmuTwoLevelStreamTable, BeyondSpanIsBadStreamId)
{
	memory->write64(l1 + 8, l2 | 4); /* 8 STEs: 0x100 to 0x107 */
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), C_BAD_STREAMID);
}

TEST_F(SmmuTwoLevelStreamTable, SpanBeyondSplitIsBadStreamId)
{
	memory->write64(l1 + 8, l2 | 10);
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), C_BAD_STREAMID);
}

TEST_F(SmmuTwoLevelStreamTable, DescriptorStaysCachedAfterLeafInvalidation)
{
	uint64_t page = memory->allocate();
	uint64_t other = memory->allocate(STE_BYTES << 8);

	memory->write64(l1 + 8, l2 | 9);
	EXPECT_EQ(write(page), BUS_OK);
	memory->write64(other + 8 * STE_BYTES, config(STE0_CONFIG_ABORT));
	memory->write64(l1 + 8, other | 9);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	EXPECT_EQ(write(page), BUS_OK);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32);
	EXPECT_EQ(write(page), BUS_FAULT);
}

/* Each access looks at an invalid one again where that is asked for; a valid one is kept. */
TEST_F(SmmuTwoLevelStreamTable, InvalidDescriptorIsForgottenWhereAskedFor)
{
	cfg.forget_invalid = true;
	SetUp();
	uint64_t page = memory->allocate();

	for (uint64_t invalid : {l2, l2 | 10, l2 | 12}) {
		memory->write64(l1 + 8, invalid);
		EXPECT_EQ(write(page), BUS_FAULT) << invalid;
	}
	memory->write64(l1 + 8, l2 | 9);
	EXPECT_EQ(write(page), BUS_OK);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	memory->write64(l1 + 8, l2);
	EXPECT_EQ(write(page), BUS_OK);
}

/* Substreams: S1CDMax and S1DSS. */
class SmmuSubstream : public SmmuSte
{
protected:
	void SetUp() override
	{
		SmmuSte::SetUp();
		cds = memory->allocate();
		for (unsigned i = 0; i < 8; i++) {
			tables.push_back(std::make_unique<TableBuilder>(*memory));
			pages.push_back(memory->allocate());
			tables[i]->map(0x4000, pages[i]);
			write_cd(cds + i * CD_BYTES, *tables[i], (uint16_t)(i + 1), CD0_A | CD0_R);
		}
	}

	void set_default(uint64_t s1dss)
	{
		write_ste(STREAM, config(STE0_CONFIG_S1) | cds | field_put(STE0_S1CDMAX, 3),
			  field_put(STE1_S1DSS, s1dss));
	}

	enum event_number fault_of(Dma &dma)
	{
		run();
		EXPECT_EQ(dma.req.status, BUS_FAULT);
		return (enum event_number)field_get(EVENT0_NUMBER, take_event()[0]);
	}

	uint64_t cds;
	std::vector<std::unique_ptr<TableBuilder>> tables;
	std::vector<uint64_t> pages;
};

TEST_F(SmmuSubstream, SelectsItsContextDescriptor)
{
	set_default(STE1_S1DSS_TERMINATE);
	for (uint32_t i : {5u, 0u, 7u}) {
		Dma &dma = send_substream(BUS_WRITE, 0x4000, i);
		run();
		EXPECT_EQ(dma.req.status, BUS_OK);
		EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], pages[i]);
		EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[1], i);
	}
}

TEST_F(SmmuSubstream, TerminateDisablesTrafficWithoutSubstream)
{
	set_default(STE1_S1DSS_TERMINATE);
	EXPECT_EQ(fault_of(send(BUS_READ, 0x4000, 8)), F_STREAM_DISABLED);
}

TEST_F(SmmuSubstream, BypassLetsTrafficWithoutSubstreamThrough)
{
	set_default(STE1_S1DSS_BYPASS);
	EXPECT_EQ(read(pages[0]), BUS_OK);
	EXPECT_EQ(traced(TRACE_DMA_READ).back().arg[3], pages[0]);
}

TEST_F(SmmuSubstream, DefaultSubstreamUsesTheFirstDescriptorAlone)
{
	set_default(STE1_S1DSS_SSID0);
	EXPECT_EQ(read(0x4000), BUS_OK);
	EXPECT_EQ(traced(TRACE_DMA_READ).back().arg[3], pages[0]);
	EXPECT_EQ(fault_of(send_substream(BUS_READ, 0x4000, 0)), F_STREAM_DISABLED);
}

TEST_F(SmmuSubstream, BeyondTableIsBadSubstream)
{
	set_default(STE1_S1DSS_SSID0);
	EXPECT_EQ(fault_of(send_substream(BUS_READ, 0x4000, 8)), C_BAD_SUBSTREAMID);
}

TEST_F(SmmuSubstream, WithoutSubstreamTableIsBadSubstream)
{
	write_ste(STREAM, config(STE0_CONFIG_S1) | cds);
	EXPECT_EQ(fault_of(send_substream(BUS_READ, 0x4000, 1)), C_BAD_SUBSTREAMID);
}

TEST_F(SmmuSubstream, TwoLevelFormatIsIllegal)
{
	write_ste(STREAM, config(STE0_CONFIG_S1) | cds | field_put(STE0_S1CDMAX, 3) |
				  field_put(STE0_S1FMT, STE0_S1FMT_64K_L2));
	EXPECT_EQ(fault_of(send_substream(BUS_READ, 0x4000, 1)), C_BAD_STE);
}

TEST_F(SmmuSubstream, MoreThanTheSmmuHasIsIllegal)
{
	write_ste(STREAM, config(STE0_CONFIG_S1) | cds | field_put(STE0_S1CDMAX, 7));
	EXPECT_EQ(fault_of(send_substream(BUS_READ, 0x4000, 1)), C_BAD_STE);
}
