/* SPDX-License-Identifier: Apache-2.0 */
/* Where ATS meets stalls and merged records: IHI 0070, 3.9.1.2, 3.12.2 and 7.3.1. */
#include "testbench/support/ats_bench.h"

class SmmuAtsStall : public AtsBench
{
protected:
	SmmuAtsStall()
	{
		cfg.stall_model = SMMU_STALL_BOTH;
		cfg.stall_max = 64;
		cfg.stall_downgrade = true;
	}

	void start(uint32_t cr0 = 0)
	{
		bring_up_ats(cr0);
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		table->map(0x4000, page);
		attach(STREAM, *table, 3, CD0_A | CD0_R | CD0_S);
		memory->write64(ste_address(STREAM) + 8,
				field_put(STE1_EATS, STE1_EATS_FULL) | STE1_MEV);
	}

	struct bus_attr stalling(bool posted)
	{
		struct bus_attr attr = attr_of(STREAM);

		attr.may_stall = true;
		attr.posted = posted;
		return attr;
	}

	uint32_t stalled()
	{
		return smmu_levels_get(smmu).stalled;
	}

	/* Let the write that stalled at 0x9000 go on. */
	void resume()
	{
		uint64_t stag = field_get(EVENT1_STAG, take_event()[1]);

		table->map(0x9000, memory->allocate());
		command(CMD_RESUME | (uint64_t)STREAM << 32 | RESUME0_AC, stag);
		run();
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page = 0;
};

TEST_F(SmmuAtsStall, ARequestIsAnsweredWhereAnAccessStalls)
{
	start();
	EXPECT_EQ(translate(0x9000, true, stalling(false)) & ~ATS_ADDRESS, 0u);
	EXPECT_EQ(stalled(), 0u);
	EXPECT_TRUE(take_events().empty());
	send_with(BUS_WRITE, 0x9000, 8, stalling(false));
	run();
	EXPECT_EQ(stalled(), 1u);
}

TEST_F(SmmuAtsStall, RequestsComeInWhenStallsHaveFilledTheirHalf)
{
	start();
	for (uint32_t i = 0; i < cfg.max_transactions; i++)
		send_with(BUS_WRITE, 0x9000 + 8 * i, 8, stalling(false));
	run();
	EXPECT_EQ(stalled(), cfg.max_transactions / 2);
	EXPECT_EQ(translate(0x4000, false, stalling(false)), page | ATS_READ);
}

TEST_F(SmmuAtsStall, ARequestBehindAStalledWriteIsLookedUpAnew)
{
	start();
	Dma &write = send_with(BUS_WRITE, 0x9000, 8, stalling(true));
	Dma &request = ask(0x4000, false, 2);
	uint64_t other = memory->allocate();

	run();
	EXPECT_EQ(stalled(), 1u);
	EXPECT_FALSE(request.done) << "it would pass a posted write";
	table->map(0x4000, other);
	command(CMD_TLBI_NSNH_ALL);
	command(CMD_SYNC);
	EXPECT_EQ(cerror(), (uint64_t)CERROR_NONE);
	EXPECT_EQ(reg(SMMU_CMDQ_CONS), reg(SMMU_CMDQ_PROD)) << "no SYNC waits for software";
	resume();
	EXPECT_TRUE(write.done);
	ASSERT_TRUE(request.done);
	EXPECT_EQ(entry(request, 0), other | ATS_READ);
	EXPECT_EQ(entry(request, 1) & ~ATS_ADDRESS, 0u);
}

TEST_F(SmmuAtsStall, ATranslatedWriteBehindAStalledOneGoesOnUnchecked)
{
	start();
	struct bus_attr behind = stalling(true);

	behind.translated = true;
	configure(STREAM, 0); /* what only CR0.ATSCHK would look at */
	send_with(BUS_WRITE, 0x9000, 8, stalling(true));
	Dma &write = send_with(BUS_WRITE, page, 8, behind);
	run();
	EXPECT_FALSE(write.done);
	resume();
	ASSERT_TRUE(write.done);
	EXPECT_EQ(write.req.status, BUS_OK);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page);
}

TEST_F(SmmuAtsStall, WithoutAnSteNoRecordIsMerged)
{
	cfg.event_merge_ps = PS_PER_S;
	start();
	for (uint32_t i = 0; i < 4; i++)
		translate(0x4000, false); /* of a stream whose records may be merged */
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	for (uint32_t i = 0; i < 2; i++)
		EXPECT_EQ(access(BUS_WRITE, page, translated()).req.status, BUS_FAULT);
	EXPECT_EQ(take_events().size(), 2u);
}
