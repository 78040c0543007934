/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* The SMMU's planted faults do what they say, once. */
class SmmuPlant : public SmmuBench
{
protected:
	void SetUp() override
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		PageBits bits;
		bits.dbm = true;
		bits.writable = false;
		for (uint64_t i = 0; i < 3; i++) {
			pages.push_back(memory->allocate());
			leaves.push_back(table->map(i << 12, pages[i], bits));
		}
		attach(STREAM, *table, 3, CD0_A | CD0_R | CD0_HA | CD0_HD);
	}

	void plant(const char *name)
	{
		ASSERT_EQ(fault_plant(&sim.faults, name, 1), 0);
	}

	bool dirty(unsigned i)
	{
		return !(memory->read64(leaves[i]) & TTD_AP2);
	}

	/* A pass of software over the dirty bits. */
	void clean_all()
	{
		for (uint64_t leaf : leaves)
			memory->write64(leaf, memory->read64(leaf) | TTD_AP2);
	}

	std::unique_ptr<TableBuilder> table;
	std::vector<uint64_t> pages, leaves;
};

TEST_F(SmmuPlant, SkippedUpdateLeavesAWrittenPageCleanForOnePass)
{
	plant("dirty-update-skipped");
	for (int repeat = 0; repeat < 2; repeat++)
		for (uint64_t i = 0; i < 3; i++)
			EXPECT_EQ(write(i << 12), BUS_OK);
	EXPECT_FALSE(dirty(0));
	EXPECT_TRUE(dirty(1));
	EXPECT_TRUE(dirty(2));
	EXPECT_EQ(memory->read64(pages[0]), le64_get(dmas[3]->bytes));
	clean_all();
	for (uint64_t i : {1, 2, 0})
		EXPECT_EQ(write(i << 12), BUS_OK);
	for (unsigned i = 0; i < 3; i++)
		EXPECT_TRUE(dirty(i)) << i;
	EXPECT_EQ(sim.faults.fired[FAULT_DIRTY_UPDATE_SKIPPED], 1u);
}

TEST_F(SmmuPlant, WriteAfterInvalidationLandsOnceAfterTheSync)
{
	plant("dma-after-invalidation");
	EXPECT_EQ(write(0x1000, 64), BUS_OK);
	memory->write64(leaves[1], 0);
	memory->write64(pages[1], 0);
	push(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, 3), 0x1000);
	push_sync();
	while (!commands_consumed() && calendar_step(&sim.calendar))
		;
	uint64_t synced = now();
	EXPECT_EQ(memory->read64(pages[1]), 0u);
	EXPECT_FALSE(smmu_idle(smmu));
	run();
	EXPECT_EQ(memory->read64(pages[1]), le64_get(dmas[0]->bytes));
	EXPECT_GE(now(), synced + 1);
	EXPECT_EQ(sim.faults.fired[FAULT_DMA_AFTER_INVALIDATION], 1u);
}

TEST_F(SmmuPlant, WriteAfterInvalidationNeedsItsPageInvalidated)
{
	plant("dma-after-invalidation");
	EXPECT_EQ(write(0x1000, 64), BUS_OK);
	tlbi_va(3, 0x2000);
	tlbi_va(4, 0x1000);
	run();
	EXPECT_EQ(sim.faults.fired[FAULT_DMA_AFTER_INVALIDATION], 0u);
	command(CMD_TLBI_NH_ASID | field_put(TLBI0_ASID, 3));
	run();
	EXPECT_EQ(sim.faults.fired[FAULT_DMA_AFTER_INVALIDATION], 1u);
}

TEST_F(SmmuPlant, InterruptMessagesAreNotRepeated)
{
	plant("dma-after-invalidation");
	EXPECT_EQ(write(0x1000, 4), BUS_OK);
	command(CMD_TLBI_NSNH_ALL);
	run();
	EXPECT_EQ(sim.faults.fired[FAULT_DMA_AFTER_INVALIDATION], 0u);
}

TEST_F(SmmuPlant, SwappedCommandsAreTakenSyncFirstOnce)
{
	std::vector<uint64_t> opcodes;

	trace.clear();
	plant("commands-swapped");
	/* The first is fetched alone; the others are there when the next fetch begins. */
	for (int round = 0; round < 2; round++) {
		push(CMD_TLBI_NSNH_ALL);
		push(CMD_TLBI_NH_ALL);
		push_sync();
		run();
	}
	for (const Traced &command : traced(TRACE_SMMU_COMMAND))
		opcodes.push_back(command.arg[0]);
	EXPECT_EQ(opcodes, (std::vector<uint64_t>{CMD_TLBI_NSNH_ALL, CMD_SYNC, CMD_TLBI_NH_ALL,
						  CMD_TLBI_NSNH_ALL, CMD_TLBI_NH_ALL, CMD_SYNC}));
}
