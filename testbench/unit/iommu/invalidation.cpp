/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* Ranges, hints and tables on the way: IHI 0070, 4.4.1.1 and 4.4.2. */
class SmmuInvalidation : public SmmuBench
{
protected:
	static constexpr uint16_t ASID = 3;
	static constexpr uint64_t VA = 0x40000000;
	static constexpr uint64_t TG_4K = 1, TG_16K = 2;

	void SetUp() override
	{
		cfg.ril = true;
		cfg.timing.tlb_entries = 256;
		cfg.timing.walk_cache_entries = 16;
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		attach(STREAM, *table, ASID);
	}

	/* Is `va` still translated although its descriptor is gone? */
	bool cached(uint64_t va)
	{
		Dma &dma = send(BUS_READ, va, 8, false);

		run();
		take_events();
		return dma.req.status == BUS_OK;
	}

	/* Map, use, unmap. */
	void cache(uint64_t va, unsigned level = 3)
	{
		uint64_t leaf = table->map(va, 0, {}, level);

		ASSERT_TRUE(cached(va));
		memory->write64(leaf, 0);
	}

	void tlbi_range(uint64_t va, uint64_t tg, uint64_t scale, uint64_t num, uint64_t ttl = 0)
	{
		command(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, ASID) |
				field_put(TLBI0_SCALE, scale) | field_put(TLBI0_NUM, num),
			va | field_put(TLBI1_TG, tg) | field_put(TLBI1_TTL, ttl) | TLBI1_LEAF);
	}

	/* Does the command stop the queue? */
	bool illegal(uint64_t scale, uint64_t num, uint64_t tg, uint64_t ttl)
	{
		push(CMD_TLBI_NH_VA | field_put(TLBI0_SCALE, scale) | field_put(TLBI0_NUM, num),
		     field_put(TLBI1_TG, tg) | field_put(TLBI1_TTL, ttl));
		run();
		return field_get(CMDQ_CONS_ERR, reg(SMMU_CMDQ_CONS)) == CERROR_ILL;
	}

	std::unique_ptr<TableBuilder> table;
};

TEST_F(SmmuInvalidation, RangeIsScaledAndCounted)
{
	for (uint64_t page = 0; page < 8; page++)
		cache(VA + page * 4096);
	tlbi_range(VA + 4096, TG_4K, 1, 2); /* (2 + 1) << 1 pages */
	for (uint64_t page = 0; page < 8; page++)
		EXPECT_EQ(cached(VA + page * 4096), page == 0 || page == 7) << page;
}

TEST_F(SmmuInvalidation, RangeReachesLargerLeavesThatItTouches)
{
	cache(VA, 2);
	tlbi_range(VA + 0x1000, TG_4K, 1, 0);
	EXPECT_FALSE(cached(VA));
}

TEST_F(SmmuInvalidation, OneGranuleNeedsALevel)
{
	EXPECT_TRUE(illegal(0, 0, TG_4K, 0));
}

TEST_F(SmmuInvalidation, SixteenKiBHasNoLeavesAtLevelOne)
{
	EXPECT_TRUE(illegal(0, 0, TG_16K, 1)) << "as TTL 0, and so reserved";
}

TEST_F(SmmuInvalidation, LevelHintSparesOtherLevels)
{
	cache(VA);
	cache(VA + (UINT64_C(2) << 20), 2);
	tlbi_range(VA, TG_4K, 10, 0, 2); /* 4 MiB */
	EXPECT_TRUE(cached(VA));
	EXPECT_FALSE(cached(VA + (UINT64_C(2) << 20)));
	tlbi_range(VA, TG_4K, 0, 0, 3);
	EXPECT_FALSE(cached(VA));
}

TEST_F(SmmuInvalidation, GranuleHintSparesOtherGranules)
{
	cache(VA);
	tlbi_range(VA, TG_16K, 2, 0);
	EXPECT_TRUE(cached(VA));
}

TEST_F(SmmuInvalidation, ARangeToTheEndOfTheAddressSpaceDoesNotWrap)
{
	cache(0x1000);
	tlbi_range(UINT64_C(0xfffffffffffff000), TG_4K, 20, 31);
	EXPECT_TRUE(cached(0x1000));
}

TEST_F(SmmuInvalidation, WithoutTheFeatureARangeIsOnePage)
{
	cfg.ril = false;
	bring_up();
	table = std::make_unique<TableBuilder>(*memory);
	attach(STREAM, *table, ASID);
	cache(VA);
	cache(VA + 4096);
	tlbi_range(VA, TG_4K, 4, 4);
	EXPECT_FALSE(cached(VA));
	EXPECT_TRUE(cached(VA + 4096));
}

/* The walk cache: a table that walks have passed. */
class SmmuWalkCache : public SmmuInvalidation
{
protected:
	/* VA's page in one table of level 3, and another table with another page. */
	void SetUp() override
	{
		SmmuInvalidation::SetUp();
		TableBuilder other(*memory);

		first = memory->allocate();
		second = memory->allocate();
		memory->write64(first, 1);
		memory->write64(second, 2);
		table->map(VA, first);
		other.map(VA, second);
		entry = table->descriptor(VA, 2);
		replacement = memory->read64(other.descriptor(VA, 2));
		EXPECT_EQ(value(), 1u);
		memory->write64(entry, replacement);
	}

	uint64_t value()
	{
		Dma &dma = send(BUS_READ, VA, 8, false);

		run();
		EXPECT_EQ(dma.req.status, BUS_OK);
		return le64_get(dma.bytes);
	}

	void invalidate(bool leaf)
	{
		command(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, ASID), VA | (leaf ? TLBI1_LEAF : 0));
	}

	uint64_t first = 0, second = 0, entry = 0, replacement = 0;
};

TEST_F(SmmuWalkCache, LeafOnlyInvalidationLeavesTheTables)
{
	invalidate(true);
	EXPECT_EQ(value(), 1u) << "by the table that was there";
	EXPECT_EQ(stats().walk_cache_hits, 1u);
	invalidate(false);
	EXPECT_EQ(value(), 2u);
}

TEST_F(SmmuWalkCache, TheWholeAddressSpaceTakesItsTablesAlong)
{
	command(CMD_TLBI_NH_ASID | field_put(TLBI0_ASID, ASID));
	EXPECT_EQ(value(), 2u);
}

TEST_F(SmmuWalkCache, TablesOfOthersStay)
{
	command(CMD_TLBI_NH_ASID | field_put(TLBI0_ASID, ASID + 1));
	command(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, ASID), VA + (UINT64_C(2) << 20));
	command(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, ASID), VA - (UINT64_C(2) << 20));
	invalidate(true);
	EXPECT_EQ(value(), 1u);
}

TEST_F(SmmuWalkCache, AddressSpacesHaveTablesOfTheirOwn)
{
	TableBuilder other(*memory);
	uint64_t third = memory->allocate();

	memory->write64(third, 3);
	other.map(VA, third);
	attach(STREAM + 1, other, ASID + 1);
	Dma &dma = send(BUS_READ, VA, 8, false, STREAM + 1);
	run();
	ASSERT_EQ(dma.req.status, BUS_OK);
	EXPECT_EQ(le64_get(dma.bytes), 3u);
}

TEST_F(SmmuWalkCache, SavesTheReadsAboveTheTable)
{
	unsigned reads = 0;

	memory->after_access = [&](const struct bus_req &req) {
		reads += req.op == BUS_READ;
	};
	invalidate(true);
	reads = 0;
	value();
	EXPECT_EQ(reads, 2u) << "the leaf's descriptor and the data";
}

TEST_F(SmmuWalkCache, OfNoSizeIsNone)
{
	cfg.timing.walk_cache_entries = 0;
	bring_up();
	attach(STREAM, *table, ASID);
	EXPECT_EQ(value(), 2u);
	memory->write64(entry, memory->read64(entry));
	invalidate(true);
	value();
	EXPECT_EQ(stats().walk_cache_hits, 0u);
}

/* Tables of the other byte order: CD.ENDI. */
TEST_F(SmmuInvalidation, BigEndianTablesAreWalkedAndUpdated)
{
	cfg.endian = IDR0_TTENDIAN_MIXED;
	bring_up();
	TableBuilder big(*memory);
	uint64_t page = memory->allocate();
	PageBits clean;

	clean.dbm = true;
	clean.writable = false;
	clean.accessed = false;
	uint64_t leaf = big.map(VA, page, clean);
	for (unsigned level = 0; level <= 3; level++) {
		uint64_t at = big.descriptor(VA, 3 - level);

		memory->write64(at, __builtin_bswap64(memory->read64(at)));
	}
	attach(STREAM, big, ASID, CD0_A | CD0_R | CD0_HA | CD0_HD | CD0_ENDI);
	EXPECT_EQ(write(VA), BUS_OK);
	uint64_t ttd = __builtin_bswap64(memory->read64(leaf));
	EXPECT_TRUE(ttd & TTD_AF);
	EXPECT_FALSE(ttd & TTD_AP2);
	EXPECT_EQ(ttd & TTD_ADDR, page);
}
