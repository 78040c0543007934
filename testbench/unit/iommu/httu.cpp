/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* Hardware update of access flag and dirty state: IHI 0070, 3.13. */
class SmmuHttu : public SmmuBench
{
protected:
	void SetUp() override
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		PageBits bits;
		bits.dbm = true;
		bits.writable = false;
		leaf = table->map(0x4000, page, bits);
		attach(STREAM, *table, 3, CD0_A | CD0_R | CD0_HA | CD0_HD);
	}

	bool dirty() const
	{
		return !(memory->read64(leaf) & TTD_AP2);
	}

	/* As the kernel does: no invalidation. */
	void clean()
	{
		memory->write64(leaf, memory->read64(leaf) | TTD_AP2);
	}

	/* Was the page dirty at each instant in which a write left? */
	void watch_writes()
	{
		memory->before_access = [this](const struct bus_req &req) {
			if (req.attr.from_device && req.op == BUS_WRITE)
				landed_dirty.push_back(dirty());
		};
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page, leaf;
	std::vector<bool> landed_dirty;
};

TEST_F(SmmuHttu, WriteMakesACleanPageDirtyBeforeItLands)
{
	watch_writes();
	EXPECT_EQ(write(0x4008), BUS_OK);
	EXPECT_TRUE(dirty());
	EXPECT_EQ(landed_dirty, std::vector<bool>{true});
	auto updates = traced(TRACE_SMMU_DIRTY);
	ASSERT_EQ(updates.size(), 1u);
	EXPECT_EQ(updates[0].arg, (std::array<uint64_t, TRACE_ARGS>{STREAM, TRACE_NO_SUBSTREAM,
								    0x4008, leaf, 0, 0}));
	/* It leaves in the instant of the update. */
	EXPECT_EQ(traced(TRACE_DMA_WRITE)[0].time_ps, updates[0].time_ps);
}

TEST_F(SmmuHttu, ReadLeavesAPageClean)
{
	EXPECT_EQ(read(0x4000), BUS_OK);
	EXPECT_FALSE(dirty());
}

TEST_F(SmmuHttu, UpdateLeavesTheRestOfTheDescriptor)
{
	uint64_t before = memory->read64(leaf) | TTD_SOFTWARE;

	memory->write64(leaf, before);
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_EQ(memory->read64(leaf), before & ~TTD_AP2);
}

TEST_F(SmmuHttu, AccessFlagIsSet)
{
	memory->write64(leaf, memory->read64(leaf) & ~TTD_AF);
	EXPECT_EQ(read(0x4000), BUS_OK);
	EXPECT_TRUE(memory->read64(leaf) & TTD_AF);
	EXPECT_FALSE(dirty());
	EXPECT_EQ(stats().access_updates, 1u);
	EXPECT_EQ(take_events().size(), 0u);
}

TEST_F(SmmuHttu, AccessFlagAndDirtyStateOfOneWrite)
{
	memory->write64(leaf, memory->read64(leaf) & ~TTD_AF);
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_TRUE(memory->read64(leaf) & TTD_AF);
	EXPECT_TRUE(dirty());
}

TEST_F(SmmuHttu, BlocksAreUpdatedToo)
{
	PageBits bits;
	bits.dbm = true;
	bits.writable = false;
	uint64_t block = table->map(0x200000, 0x200000, bits, 2);
	EXPECT_EQ(write(0x2abcd0), BUS_OK);
	EXPECT_FALSE(memory->read64(block) & TTD_AP2);
}

TEST_F(SmmuHttu, TableThatTakesWriteAccessIsNotUpdated)
{
	uint64_t above = table->descriptor(0x4000, 2);

	memory->write64(above, memory->read64(above) | field_put(TTD_APTABLE, 2));
	EXPECT_EQ(write(0x4000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), F_PERMISSION);
	EXPECT_FALSE(dirty());
}

TEST_F(SmmuHttu, EveryWriteLooksAgain)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	for (int i = 0; i < 3; i++) {
		clean();
		EXPECT_EQ(write(0x4000), BUS_OK);
		EXPECT_TRUE(dirty()) << "cleaned without an invalidation";
	}
	EXPECT_EQ(stats().walks, 1u);
	EXPECT_EQ(stats().leaf_reads, 3u);
}

TEST_F(SmmuHttu, APageCleanedBetweenLookAndUpdateIsUpdated)
{
	watch_writes();
	EXPECT_EQ(write(0x4000), BUS_OK);
	for (int i = 0; i < 2; i++) {
		auto watch = memory->before_access;
		/* Software cleans the page in the instant after the SMMU looked. */
		memory->after_access = [&](const struct bus_req &req) {
			if (req.addr == leaf && req.op == BUS_READ)
				clean();
		};
		send(BUS_WRITE, 0x4000, 8);
		send(BUS_WRITE, 0x4008, 8);
		run();
	}
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size(), 5u);
}

TEST_F(SmmuHttu, SoftwareThatChangesTheDescriptorBeforeTheSwapWins)
{
	uint64_t other = memory->allocate();

	/* Between read and compare-and-swap, software maps another page there. */
	memory->before_access = [&](const struct bus_req &req) {
		if (req.op == BUS_CAS64 && (memory->read64(leaf) & TTD_ADDR) == page)
			memory->write64(leaf, (memory->read64(leaf) & ~TTD_ADDR) | other);
	};
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_EQ(memory->read64(page), 0u);
	EXPECT_EQ(memory->read64(other), le64_get(dmas[0]->bytes));
	EXPECT_TRUE(dirty());
	EXPECT_EQ(stats().dirty_updates, 1u);
}

TEST_F(SmmuHttu, SoftwareThatUnmapsBeforeTheSwapStopsTheWrite)
{
	memory->before_access = [&](const struct bus_req &req) {
		if (req.op == BUS_CAS64)
			memory->write64(leaf, 0);
	};
	EXPECT_EQ(write(0x4000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), F_TRANSLATION);
	EXPECT_EQ(memory->read64(leaf), 0u);
}

TEST_F(SmmuHttu, SoftwareBitsMayChangeMeanwhile)
{
	memory->before_access = [&](const struct bus_req &req) {
		if (req.op == BUS_CAS64)
			memory->write64(leaf, memory->read64(leaf) | BIT(56));
	};
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_TRUE(dirty());
	EXPECT_TRUE(memory->read64(leaf) & BIT(56));
	EXPECT_EQ(stats().walks, 1u) << "it is still the same translation";
}

TEST_F(SmmuHttu, AccessFlagRaceIsRechecked)
{
	memory->write64(leaf, memory->read64(leaf) & ~TTD_AF);
	memory->before_access = [&](const struct bus_req &req) {
		if (req.op == BUS_CAS64)
			memory->write64(leaf, 0);
	};
	EXPECT_EQ(read(0x4000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), F_TRANSLATION);
	EXPECT_EQ(memory->read64(leaf), 0u);
}

TEST_F(SmmuHttu, AbortedUpdateIsWalkAbort)
{
	memory->before_access = [&](const struct bus_req &req) {
		if (req.op == BUS_READ && req.addr == leaf)
			memory->refuse(leaf, 0);
		if (req.op == BUS_CAS64)
			memory->refuse(leaf, 8);
	};
	EXPECT_EQ(write(0x4000), BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), F_WALK_EABT);
	EXPECT_EQ(event[3], leaf);
}

TEST_F(SmmuHttu, LookedAtInTheInstantItLeavesThoughItHadToWait)
{
	/* A first write that walks slowly holds a second one, already looked at. */
	PageBits bits;
	bits.dbm = true;
	bits.writable = false;
	uint64_t slow = table->map(0x40000000, memory->allocate(), bits);

	EXPECT_EQ(write(0x4000), BUS_OK);
	memory->slow_down(slow, 10 * PS_PER_US);
	send(BUS_WRITE, 0x40000000, 8);
	send(BUS_WRITE, 0x4000, 8);
	run_until(now() + 5 * PS_PER_US);
	ASSERT_EQ(traced(TRACE_DMA_WRITE).size(), 1u);
	clean();
	bool dirty_then = false;
	memory->after_access = [&](const struct bus_req &) {
		if (traced(TRACE_DMA_WRITE).size() == 2)
			dirty_then = dirty();
	};
	run();
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size(), 3u);
	EXPECT_TRUE(dirty());
	EXPECT_TRUE(dirty_then);
}

TEST_F(SmmuHttu, PipelinesLooks)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	uint64_t began = now();
	for (int i = 0; i < 8; i++)
		send(BUS_WRITE, 0x4000 + 8 * i, 8);
	run();
	/* All look at once and leave in order, none waits for another's look. */
	EXPECT_EQ(now() - began, cfg.timing.tlb_hit_ps + 2 * LATENCY);
	EXPECT_EQ(stats().leaf_reads, 8u);
}

/* A TLB that keeps writable-dirty entries: allowed, and dangerous without invalidation. */
class SmmuCacheDirty : public SmmuHttu
{
protected:
	void SetUp() override
	{
		cfg.cache_dirty = true;
		SmmuHttu::SetUp();
	}
};

TEST_F(SmmuCacheDirty, LaterWritesDoNotLook)
{
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_EQ(stats().leaf_reads, 0u);
	EXPECT_EQ(stats().dirty_updates, 1u);
}

TEST_F(SmmuCacheDirty, CleaningWithoutInvalidationLosesThePage)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	clean();
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_FALSE(dirty());
	EXPECT_EQ(memory->read64(page), le64_get(dmas[1]->bytes));
}

TEST_F(SmmuCacheDirty, CleaningWithInvalidationDoesNot)
{
	EXPECT_EQ(write(0x4000), BUS_OK);
	clean();
	tlbi_va(3, 0x4000);
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_TRUE(dirty());
}

TEST_F(SmmuCacheDirty, AnEntryFilledByAReadIsNotDirty)
{
	EXPECT_EQ(read(0x4000), BUS_OK);
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_TRUE(dirty());
}

TEST_F(SmmuCacheDirty, AnEntryFoundDirtyIsKept)
{
	memory->write64(leaf, memory->read64(leaf) & ~TTD_AP2);
	EXPECT_EQ(write(0x4000), BUS_OK);
	clean();
	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_FALSE(dirty());
}
