/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* Context descriptors: IHI 0070, 5.4. */
class SmmuCd : public SmmuBench
{
protected:
	void SetUp() override
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		table->map(0x4000, page);
		cd = attach(STREAM, *table, 7);
	}

	/* Change one word of the descriptor, as software must. */
	void rewrite(unsigned word, uint64_t value)
	{
		memory->write64(cd + 8 * word, value);
		command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	}

	uint64_t word0(uint64_t extra = CD0_A | CD0_R)
	{
		return cd_word0(*table, 7, extra);
	}

	void expect_bad_cd()
	{
		EXPECT_EQ(write(0x4000), BUS_FAULT);
		auto event = take_event();
		EXPECT_EQ(event[0], C_BAD_CD | (uint64_t)STREAM << 32);
		EXPECT_EQ(event[1] | event[2] | event[3], 0u);
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page, cd;
};

TEST_F(SmmuCd, InvalidIsBadCd)
{
	rewrite(0, word0() & ~CD0_V);
	expect_bad_cd();
}

TEST_F(SmmuCd, Aarch32TablesAreIllegal)
{
	rewrite(0, word0() & ~CD0_AA64);
	expect_bad_cd();
}

TEST_F(SmmuCd, StallIsIllegal)
{
	rewrite(0, word0() | CD0_S);
	expect_bad_cd();
}

TEST_F(SmmuCd, BigEndianIsIllegal)
{
	rewrite(0, word0() | CD0_ENDI);
	expect_bad_cd();
}

TEST_F(SmmuCd, RegionSizeOutOfRangeIsIllegal)
{
	for (uint64_t t0sz : {15u, 40u}) {
		rewrite(0, field_set(word0(), CD0_T0SZ, t0sz));
		expect_bad_cd();
	}
}

TEST_F(SmmuCd, OtherGranulesAreIllegal)
{
	rewrite(0, word0() | field_put(CD0_TG0, 1));
	expect_bad_cd();
}

TEST_F(SmmuCd, TableBeyondOutputSizeIsIllegal)
{
	rewrite(0, field_set(word0(), CD0_IPS, IDR5_OAS_32));
	rewrite(1, BIT(32));
	expect_bad_cd();
}

TEST_F(SmmuCd, DisabledRegionIsNotChecked)
{
	rewrite(0, word0() | field_put(CD0_T1SZ, 3) | field_put(CD0_TG1, 1));
	EXPECT_EQ(write(0x4000), BUS_OK);
}

TEST_F(SmmuCd, HardwareUpdateThatIsNotThereIsIllegal)
{
	cfg.httu = 1;
	SetUp();
	rewrite(0, word0() | CD0_HA);
	EXPECT_EQ(write(0x4000), BUS_OK);
	rewrite(0, word0() | CD0_HA | CD0_HD);
	expect_bad_cd();
}

TEST_F(SmmuCd, AbortedFetchIsCdFetchWithItsAddress)
{
	memory->refuse(cd, CD_BYTES);
	EXPECT_EQ(write(0x4000), BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(event[0], F_CD_FETCH | (uint64_t)STREAM << 32);
	EXPECT_EQ(event[3], cd);
}

TEST_F(SmmuCd, ChangeTakesEffectOnlyAfterInvalidation)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	memory->write64(cd, 0);
	EXPECT_EQ(write(0x4000), BUS_OK) << "the old descriptor is cached";
	command(CMD_CFGI_CD | 1u << 12 | (uint64_t)STREAM << 32, CFGI1_LEAF);
	EXPECT_EQ(write(0x4000), BUS_OK) << "another substream's was invalidated";
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_bad_cd();
}

TEST_F(SmmuCd, InvalidatingAllOfAStreamCoversIt)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	memory->write64(cd, 0);
	command(CMD_CFGI_CD_ALL | (uint64_t)STREAM << 32);
	expect_bad_cd();
}

TEST_F(SmmuCd, InvalidatingTheStreamTableEntryCoversIt)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	memory->write64(cd, 0);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_bad_cd();
}

/* Terminate, and how: A and R, 5.5. */
TEST_F(SmmuCd, WithoutRecordFaultsAreSilent)
{
	rewrite(0, word0(CD0_A));
	EXPECT_EQ(write(0x9000), BUS_FAULT);
	EXPECT_EQ(take_events().size(), 0u);
	EXPECT_EQ(traced(TRACE_DMA_FAULT).size(), 1u);
}

TEST_F(SmmuCd, WithoutAbortReadsReturnZero)
{
	rewrite(0, word0(CD0_R));
	Dma &dma = send(BUS_READ, 0x9000, 16);
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_EQ(le64_get(dma.bytes) | le64_get(dma.bytes + 8), 0u);
	EXPECT_NE(le64_get(dma.bytes + 16), 0u);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), F_TRANSLATION);
}

TEST_F(SmmuCd, WithoutAbortWritesAreLost)
{
	rewrite(0, word0(0));
	EXPECT_EQ(write(0x9000), BUS_OK);
	EXPECT_EQ(take_events().size(), 0u);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size(), 0u);
}

TEST_F(SmmuCd, ConfigurationErrorsAbortWhateverTheDescriptorSays)
{
	rewrite(0, word0(0) & ~CD0_V);
	expect_bad_cd();
}
