/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/ats_bench.h"

/*
 * A block of stage 1 on pages of stage 2. What is cached of both stages goes as if each had a
 * cache of its own (IHI 0070, 16.2.1), and in one of stage 1 the block is one entry.
 */
class SmmuInvalidationNested : public AtsBench
{
protected:
	static constexpr uint64_t VA = 0x40000000, IPA = 0x800000, BLOCK = 2 << 20;
	static constexpr uint16_t ASID = 3;

	void SetUp() override
	{
		cfg.ril = true;
		cfg.timing.tlb_entries = 256;
		bring_up_ats();
		table = std::make_unique<TableBuilder>(*memory);
		attach_nested(*table, 0);
		map_ipa(IPA, 0x10000);
		block = table->map(VA, IPA, {}, 2);
		table->map(VA + BLOCK, IPA, {}, 2);
		for (uint64_t va : {VA, VA + 0x5000, VA + BLOCK, VA + BLOCK + 0x5000})
			ASSERT_TRUE(cached(va));
		memory->write64(block, 0);
		memory->write64(table->descriptor(VA + BLOCK, 2), 0);
	}

	/* Is `va` still translated although its descriptor is gone? */
	bool cached(uint64_t va)
	{
		Dma &dma = send(BUS_READ, va, 8, false);

		run();
		take_events();
		return dma.req.status == BUS_OK;
	}

	void expect_only_the_other_block()
	{
		EXPECT_FALSE(cached(VA));
		EXPECT_FALSE(cached(VA + 0x5000));
		EXPECT_TRUE(cached(VA + BLOCK));
		EXPECT_TRUE(cached(VA + BLOCK + 0x5000));
	}

	static uint64_t tags()
	{
		return field_put(TLBI0_VMID, 5) | field_put(TLBI0_ASID, ASID);
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t block;
};

TEST_F(SmmuInvalidationNested, AnyAddressOfABlockGoesForAllOfIt)
{
	command(CMD_TLBI_NH_VA | tags(), (VA + 0x7000) | TLBI1_LEAF);
	expect_only_the_other_block();
}

TEST_F(SmmuInvalidationNested, WhateverTheAsid)
{
	command(CMD_TLBI_NH_VAA | tags(), (VA + BLOCK - 0x1000) | TLBI1_LEAF);
	expect_only_the_other_block();
}

TEST_F(SmmuInvalidationNested, ARangeThatTouchesABlockGoesForAllOfIt)
{
	command(CMD_TLBI_NH_VA | tags() | field_put(TLBI0_NUM, 1),
		(VA + 0x7000) | field_put(TLBI1_TG, 1) | TLBI1_LEAF);
	expect_only_the_other_block();
}

TEST_F(SmmuInvalidationNested, ABlockInvalidatedByAnotherVmidStays)
{
	command(CMD_TLBI_NH_VA | (tags() ^ field_put(TLBI0_VMID, 1)), VA | TLBI1_LEAF);
	EXPECT_TRUE(cached(VA));
	EXPECT_TRUE(cached(VA + 0x5000));
}

/* The count of such lines comes to nothing again: the quick way by address is taken. */
TEST_F(SmmuInvalidationNested, AfterThemPagesAreInvalidatedAsEver)
{
	command(CMD_TLBI_NSNH_ALL);
	for (uint64_t va : {VA, VA + 0x1000})
		table->map(va, IPA);
	EXPECT_TRUE(cached(VA));
	EXPECT_TRUE(cached(VA + 0x1000));
	memory->write64(table->descriptor(VA, 3), 0);
	memory->write64(table->descriptor(VA + 0x1000, 3), 0);
	command(CMD_TLBI_NH_VA | tags(), VA | TLBI1_LEAF);
	EXPECT_FALSE(cached(VA));
	EXPECT_TRUE(cached(VA + 0x1000));
}
