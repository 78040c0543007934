/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* The TLB and what invalidates it: IHI 0070, 4.4. */
class SmmuTlb : public SmmuBench
{
protected:
	static constexpr uint32_t OTHER = 0x110;

	void SetUp() override
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		attach(STREAM, *table, 3);
		attach(OTHER, *table, 4);
	}

	/* Is `va` of `stream` still translated although its descriptor is gone? */
	bool cached(uint64_t va, uint32_t stream = STREAM)
	{
		Dma &dma = send(BUS_READ, va, 8, false, stream);

		run();
		take_events();
		return dma.req.status == BUS_OK;
	}

	/* Map, use from both streams, unmap. */
	void cache(uint64_t va, unsigned level = 3, bool global = false)
	{
		PageBits bits;

		bits.global = global;
		uint64_t leaf = table->map(va, 0, bits, level);
		ASSERT_TRUE(cached(va));
		ASSERT_TRUE(cached(va, OTHER));
		memory->write64(leaf, 0);
	}

	std::unique_ptr<TableBuilder> table;
};

TEST_F(SmmuTlb, KeepsATranslationUntilItIsInvalidated)
{
	cache(0x4000);
	EXPECT_TRUE(cached(0x4000));
	tlbi_va(3, 0x4000);
	EXPECT_FALSE(cached(0x4000));
}

TEST_F(SmmuTlb, VaInvalidationSparesOtherPagesAndAddressSpaces)
{
	cache(0x4000);
	cache(0x5000);
	tlbi_va(3, 0x4000);
	EXPECT_FALSE(cached(0x4000));
	EXPECT_TRUE(cached(0x5000));
	EXPECT_TRUE(cached(0x4000, OTHER));
}

TEST_F(SmmuTlb, AnyAddressInABlockInvalidatesIt)
{
	for (unsigned level : {2u, 1u}) {
		uint64_t size = BIT(12 + 9 * (3 - level));

		cache(size, level);
		tlbi_va(3, size + size / 2 + 0x3000);
		EXPECT_FALSE(cached(size)) << level;
		EXPECT_TRUE(cached(size, OTHER)) << level;
	}
}

TEST_F(SmmuTlb, VaaInvalidatesEveryAddressSpace)
{
	cache(0x4000);
	cache(0x5000);
	command(CMD_TLBI_NH_VAA, 0x4000);
	EXPECT_FALSE(cached(0x4000));
	EXPECT_FALSE(cached(0x4000, OTHER));
	EXPECT_TRUE(cached(0x5000, OTHER));
}

TEST_F(SmmuTlb, AsidInvalidatesOneAddressSpaceButNotGlobalPages)
{
	cache(0x4000);
	cache(0x5000, 3, true);
	command(CMD_TLBI_NH_ASID | field_put(TLBI0_ASID, 3));
	EXPECT_FALSE(cached(0x4000));
	EXPECT_TRUE(cached(0x4000, OTHER));
	EXPECT_TRUE(cached(0x5000));
}

TEST_F(SmmuTlb, GlobalPagesAreSharedAndGoWithAnyVa)
{
	PageBits bits;

	bits.global = true;
	memory->write64(table->map(0x4000, 0, bits), 0);
	EXPECT_FALSE(cached(0x4000));
	uint64_t leaf = table->map(0x4000, 0, bits);
	ASSERT_TRUE(cached(0x4000));
	memory->write64(leaf, 0);
	EXPECT_TRUE(cached(0x4000, OTHER)) << "filled by the other address space";
	tlbi_va(9, 0x4000);
	EXPECT_FALSE(cached(0x4000));
}

TEST_F(SmmuTlb, AllMeansAll)
{
	for (uint64_t op : {CMD_TLBI_NH_ALL, CMD_TLBI_NSNH_ALL}) {
		cache(0x4000);
		cache(0x200000, 2);
		cache(0x5000, 3, true);
		command(op);
		for (uint64_t va : {0x4000, 0x200000, 0x5000})
			EXPECT_FALSE(cached(va)) << op;
		EXPECT_FALSE(cached(0x4000, OTHER));
	}
}

TEST_F(SmmuTlb, ConfigurationInvalidationDoesNotTouchIt)
{
	cache(0x4000);
	command(CMD_CFGI_STE_RANGE, CFGI1_RANGE_ALL);
	EXPECT_TRUE(cached(0x4000));
}

TEST_F(SmmuTlb, FaultsAreNotCached)
{
	EXPECT_FALSE(cached(0x4000));
	table->map(0x4000, 0);
	EXPECT_TRUE(cached(0x4000));
}

TEST_F(SmmuTlb, TheLeastRecentlyUsedLineGoes)
{
	cfg.timing.tlb_entries = 2;
	cfg.timing.tlb_ways = 2;
	SetUp();
	for (uint64_t va : {0x1000, 0x2000, 0x3000})
		table->map(va, 0);
	cached(0x1000);
	cached(0x2000);
	cached(0x1000);
	cached(0x3000); /* takes the place of 0x2000 */
	for (uint64_t va : {0x1000, 0x2000, 0x3000})
		memory->write64(table->descriptor(va, 3), 0);
	EXPECT_TRUE(cached(0x1000));
	EXPECT_FALSE(cached(0x2000));
	EXPECT_TRUE(cached(0x3000));
}

TEST_F(SmmuTlb, AWalkOlderThanAnInvalidationDoesNotFillIt)
{
	uint64_t leaf = table->map(0x4000, 0);

	ASSERT_TRUE(cached(0x4000));
	tlbi_va(3, 0x4000);
	memory->slow_down(leaf, 10 * PS_PER_US);
	Dma &dma = send(BUS_READ, 0x4000, 8);
	/* The descriptor is read when the slow access is made; then it goes. */
	memory->after_access = [&](const struct bus_req &req) {
		if (req.addr == leaf)
			memory->write64(leaf, 0);
	};
	run_until(now() + PS_PER_US);
	push(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, 3), 0x4000);
	run_until(now() + PS_PER_US);
	ASSERT_TRUE(commands_consumed());
	ASSERT_FALSE(dma.done);
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_FALSE(cached(0x4000));
}

TEST_F(SmmuTlb, AFetchOlderThanAnInvalidationDoesNotFillTheConfigurationCache)
{
	table->map(0x4000, 0);
	memory->slow_down(ste_address(STREAM), 10 * PS_PER_US);
	Dma &dma = send(BUS_READ, 0x4000, 8);
	memory->after_access = [&](const struct bus_req &req) {
		if (req.addr == ste_address(STREAM))
			write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_ABORT));
	};
	run_until(now() + PS_PER_US);
	push(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	run();
	/* What it fetched was not kept, so it fetched again. */
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_FALSE(cached(0x4000));
}

/* A set of two lines: 0x1000 and 0x2000, the first used again, and then a third. */
class SmmuReplacement : public SmmuTlb
{
protected:
	void fill(enum smmu_replacement policy)
	{
		cfg.timing.tlb_entries = cfg.timing.tlb_ways = 2;
		cfg.timing.tlb_replacement = policy;
		SmmuTlb::SetUp();
		for (uint64_t va = 0x1000; va <= 0x40000; va += 0x1000)
			table->map(va, 0);
		for (uint64_t va : {0x1000, 0x2000, 0x1000, 0x3000})
			EXPECT_TRUE(cached(va));
	}

	/* Of 0x1000 and 0x2000: the one that the third has left there. */
	uint64_t left()
	{
		for (uint64_t va : {0x1000, 0x2000})
			memory->write64(table->descriptor(va, 3), 0);
		bool first = cached(0x1000), second = cached(0x2000);

		EXPECT_NE(first, second);
		return first ? 0x1000 : 0x2000;
	}
};

TEST_F(SmmuReplacement, LruSparesWhatWasUsedAgain)
{
	fill(SMMU_REPLACE_LRU);
	EXPECT_EQ(left(), 0x1000u);
}

TEST_F(SmmuReplacement, FifoDoesNotAskWhatWasUsed)
{
	fill(SMMU_REPLACE_FIFO);
	EXPECT_EQ(left(), 0x2000u);
}

/* Round and round over three pages in two lines: first in, first out would never hit. */
TEST_F(SmmuReplacement, RandomIsNeither)
{
	fill(SMMU_REPLACE_RANDOM);
	uint64_t hits = stats().tlb_hits;

	for (int i = 0; i < 300; i++)
		cached(0x1000u + (uint64_t)(i % 3) * 0x1000);
	EXPECT_GT(stats().tlb_hits, hits + 30);
	EXPECT_LT(stats().tlb_hits, hits + 270);
}

/* Pages side by side, of which one is used: the others are known without having been used. */
class SmmuPrefetch : public SmmuTlb
{
protected:
	void bring(bool prefetch)
	{
		cfg.prefetch = prefetch;
		SmmuTlb::SetUp();
		for (uint64_t va = 0x8000; va < 0x12000; va += 0x1000) {
			uint64_t pa = memory->allocate();

			memory->write64(pa, va);
			table->map(va, pa);
		}
	}

	/* The word that a read finds, 0: it faulted. */
	uint64_t value(uint64_t va)
	{
		Dma &dma = send(BUS_READ, va, 8, false);

		run();
		take_events();
		return dma.req.status == BUS_OK ? le64_get(dma.bytes) : 0;
	}

	void unmap(uint64_t va)
	{
		memory->write64(table->descriptor(va, 3), 0);
	}
};

TEST_F(SmmuPrefetch, NeighboursAreKnownOfTheSame64Bytes)
{
	bring(true);
	EXPECT_EQ(value(0xb000), 0xb000u);
	for (uint64_t va = 0x8000; va < 0x12000; va += 0x1000)
		unmap(va);
	for (uint64_t va = 0x8000; va < 0x10000; va += 0x1000)
		EXPECT_EQ(value(va), va);
	EXPECT_EQ(value(0x10000), 0u) << "of the next 64 bytes";
	tlbi_va(3, 0x8000);
	EXPECT_EQ(value(0x8000), 0u);
}

TEST_F(SmmuPrefetch, WithoutItNobodyKnowsWhatWasNotUsed)
{
	bring(false);
	EXPECT_EQ(value(0xb000), 0xb000u);
	unmap(0xa000);
	EXPECT_EQ(value(0xa000), 0u);
	EXPECT_EQ(value(0xb000), 0xb000u);
}

TEST_F(SmmuPrefetch, WhatDoesNotTranslateIsNotKept)
{
	bring(true);
	uint64_t entry = memory->read64(table->descriptor(0xa000, 3));

	unmap(0x9000);
	memory->write64(table->descriptor(0xa000, 3), entry & ~TTD_AF);
	EXPECT_EQ(value(0xb000), 0xb000u);
	memory->write64(table->descriptor(0xa000, 3), 0);
	EXPECT_EQ(value(0xa000), 0u) << "it had no access flag";
	memory->write64(table->descriptor(0x9000, 3), entry);
	EXPECT_EQ(value(0x9000), 0xa000u) << "it was invalid then, and needs no invalidation";
}

/* Four descriptors of 16 KiB pages, and other memory in the same 64 bytes. */
TEST_F(SmmuPrefetch, WhatLiesBesideASmallTableIsNoDescriptor)
{
	constexpr uint64_t PAGE = 0x4000;

	cfg.prefetch = cfg.stt = true;
	cfg.granules |= SMMU_GRANULE_16K;
	SmmuTlb::SetUp();
	uint64_t pages = memory->allocate(8 * PAGE), lines = memory->allocate();
	uint64_t cd = memory->read64(ste_address(STREAM)) & STE0_S1CONTEXTPTR;
	uint64_t word0 = field_set(memory->read64(cd), CD0_T0SZ, 48); /* 16 bits */

	/* The table is the second half of its 64 bytes. */
	memory->write64(cd, field_set(word0, CD0_TG0, CD0_TG0_16K));
	memory->write64(cd + 8, lines + 32);
	for (unsigned i = 0; i < 8; i++) {
		memory->write64(pages + i * PAGE, i);
		memory->write64(lines + 8 * i, (pages + i * PAGE) | TTD_VALID | TTD_PAGE | TTD_AF |
						       TTD_AP1 | TTD_NG);
	}
	command(CMD_CFGI_STE_RANGE, CFGI1_RANGE_ALL);
	for (unsigned i : {1, 0, 3, 2})
		EXPECT_EQ(value(i * PAGE), 4 + i);
	EXPECT_EQ(value(4 * PAGE), 0u) << "beyond what the table maps";
}
