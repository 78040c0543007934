/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* Accesses within the call, in the untimed engine: the same answers, or none and nothing happened.
 */
class SmmuDirect : public SmmuBench
{
protected:
	static constexpr uint64_t VA = 0x4000;
	static constexpr uint32_t OTHER = 0x110;

	void SetUp() override
	{
		sim.untimed = true;
		direct_memory = true;
		cfg.s2 = cfg.vmid16 = cfg.xnx = true;
		cfg.timing.tlb_entries = 4; /* fewer than pages that are known in front of it */
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		leaf = table->map(VA, page);
		cd = attach(STREAM, *table, 3);
	}

	/* Was it made within the call? */
	bool direct(enum bus_op op, uint64_t address, uint32_t stream = STREAM)
	{
		struct bus_port port = smmu_dma_port(smmu);

		req = {};
		req.op = op;
		req.addr = address;
		req.len_bytes = 8;
		req.attr.from_device = true;
		req.attr.memory = came;
		req.attr.stream_id = stream;
		req.attr.privileged = privileged;
		req.data = &word;
		return bus_access(&port, &req);
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page = 0, leaf = 0, cd = 0;
	struct bus_req req = {};
	uint64_t word = 0;
	bool privileged = false;
	struct mem_attr came = mem_coherent();
};

TEST_F(SmmuDirect, ReadsAndWritesWhatThePageHolds)
{
	memory->write64(page + 16, 77);
	ASSERT_TRUE(direct(BUS_READ, VA + 16));
	EXPECT_EQ(word, 77u);
	EXPECT_EQ(req.status, BUS_OK);
	EXPECT_EQ(req.addr, VA + 16) << "the request is the device's still";
	word = 78;
	ASSERT_TRUE(direct(BUS_WRITE, VA + 16));
	EXPECT_EQ(memory->read64(page + 16), 78u);
	EXPECT_EQ(stats().transactions, 2u);
	EXPECT_EQ(stats().walks, 1u);
	ASSERT_EQ(traced(TRACE_DMA_READ).size(), 1u);
	EXPECT_EQ(traced(TRACE_DMA_READ)[0].arg[3], page + 16);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size(), 1u);
}

TEST_F(SmmuDirect, ForgetsWithTheTlbAndTheConfiguration)
{
	uint64_t moved = memory->allocate();

	memory->write64(page, 1);
	memory->write64(moved, 2);
	ASSERT_TRUE(direct(BUS_READ, VA));
	table->map(VA, moved);
	ASSERT_TRUE(direct(BUS_READ, VA));
	EXPECT_EQ(word, 1u) << "nothing was invalidated";
	tlbi_va(3, VA);
	ASSERT_TRUE(direct(BUS_READ, VA));
	EXPECT_EQ(word, 2u);
	memory->write64(ste_address(STREAM), STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_ABORT));
	EXPECT_TRUE(direct(BUS_READ, VA));
	command(CMD_CFGI_STE | field_put(CMD0_STREAMID, STREAM));
	EXPECT_FALSE(direct(BUS_READ, VA));
	EXPECT_EQ(read(VA), BUS_FAULT);
}

TEST_F(SmmuDirect, WhatAReadMayDoNoWriteMay)
{
	PageBits read_only;

	read_only.writable = false;
	table->map(VA, page, read_only);
	ASSERT_TRUE(direct(BUS_READ, VA));
	EXPECT_FALSE(direct(BUS_WRITE, VA));
	EXPECT_EQ(write(VA), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), (uint64_t)F_PERMISSION);
}

TEST_F(SmmuDirect, PrivilegeIsAskedOfEachAccess)
{
	PageBits bits;

	bits.unprivileged = false;
	table->map(VA, page, bits);
	privileged = true;
	ASSERT_TRUE(direct(BUS_READ, VA));
	privileged = false;
	EXPECT_FALSE(direct(BUS_READ, VA));
}

TEST_F(SmmuDirect, StreamsAreKeptApart)
{
	TableBuilder second(*memory);
	uint64_t elsewhere = memory->allocate();

	memory->write64(page, 1);
	memory->write64(elsewhere, 2);
	second.map(VA, elsewhere);
	attach(OTHER, second, 4);
	ASSERT_TRUE(direct(BUS_READ, VA));
	EXPECT_EQ(word, 1u);
	ASSERT_TRUE(direct(BUS_READ, VA, OTHER));
	EXPECT_EQ(word, 2u);
}

TEST_F(SmmuDirect, MoreStreamsThanItRemembersAreKeptApart)
{
	constexpr uint32_t kFirst = 0x10, kStreams = 300;

	for (uint32_t i = 0; i < kStreams; i++) {
		TableBuilder own(*memory);
		uint64_t its = memory->allocate();

		memory->write64(its, i);
		own.map(VA, its);
		attach(kFirst + i, own, (uint16_t)(10 + i));
	}
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < kStreams; i++) {
			ASSERT_TRUE(direct(BUS_READ, VA, kFirst + i));
			EXPECT_EQ(word, i);
		}
}

TEST_F(SmmuDirect, AFaultIsLeftToTheRequest)
{
	EXPECT_FALSE(direct(BUS_READ, 0x9000));
	EXPECT_TRUE(take_events().empty());
	EXPECT_EQ(stats().faults, 0u);
	EXPECT_EQ(read(0x9000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), (uint64_t)F_TRANSLATION);
}

TEST_F(SmmuDirect, MemoryThatCannotAnswerAtOnceIsLeftToTheRequest)
{
	memory->refuse(page, 4096);
	EXPECT_FALSE(direct(BUS_READ, VA));
	EXPECT_TRUE(traced(TRACE_DMA_READ).empty());
	EXPECT_EQ(read(VA), BUS_ABORT);
	memory->accept_all();
	tlbi_va(3, VA);
	memory->refuse(leaf, 8);
	EXPECT_FALSE(direct(BUS_READ, VA)) << "the walk cannot be made";
	EXPECT_TRUE(take_events().empty());
}

TEST_F(SmmuDirect, EachWriteLooksAtTheDescriptorThatItMakesDirty)
{
	PageBits clean;

	clean.dbm = true;
	clean.writable = false;
	leaf = table->map(VA, page, clean);
	attach(STREAM, *table, 3, CD0_A | CD0_R | CD0_HA | CD0_HD);
	command(CMD_CFGI_STE_RANGE, CFGI1_RANGE_ALL);
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(direct(BUS_WRITE, VA));
		EXPECT_FALSE(memory->read64(leaf) & TTD_AP2) << "written, so dirty";
		memory->write64(leaf, memory->read64(leaf) | TTD_AP2);
	}
	EXPECT_EQ(stats().dirty_updates, 3u);
}

/* Without an invalidation it may be the old page or the new one, and nothing of both. */
TEST_F(SmmuDirect, WhatMayBeReadOfTheOldPageMayNotOfTheNewOne)
{
	TableBuilder second(*memory, 20);
	uint64_t moved = memory->allocate();
	auto map2 = [&](uint64_t ipa, uint64_t pa, uint64_t permits) {
		memory->write64(second.descriptor(ipa, 3),
				pa | TTD_VALID | TTD_PAGE | TTD_AF | TTD_S2_MEMATTR | permits);
	};

	memory->write64(ste_address(OTHER) + 16,
			field_put(STE2_S2T0SZ, 20) | field_put(STE2_S2SL0, 2) |
				field_put(STE2_S2PS, IDR5_OAS_44) | STE2_S2AA64 | STE2_S2R);
	memory->write64(ste_address(OTHER) + 24, second.root);
	write_ste(OTHER, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S2));
	map2(VA, page, TTD_S2AP_READ);
	ASSERT_TRUE(direct(BUS_READ, VA, OTHER));
	for (uint64_t at = VA + 4096; at <= VA + 4 * 4096; at += 4096) { /* the TLB forgets it */
		map2(at, page, TTD_S2AP_READ);
		ASSERT_TRUE(direct(BUS_READ, at, OTHER));
	}
	map2(VA, moved, TTD_S2AP_WRITE);
	ASSERT_TRUE(direct(BUS_WRITE, VA, OTHER));
	EXPECT_FALSE(direct(BUS_READ, VA, OTHER)) << "of a page that may only be written";
}

TEST_F(SmmuDirect, IsForWhoIsAlone)
{
	ASSERT_TRUE(direct(BUS_READ, VA));
	Dma &dma = send(BUS_READ, VA, 8);
	EXPECT_FALSE(direct(BUS_READ, VA)) << "it would overtake";
	run();
	EXPECT_TRUE(dma.done);
	EXPECT_TRUE(direct(BUS_READ, VA));
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	EXPECT_FALSE(direct(BUS_READ, VA)) << "the SMMU is off";
}

TEST_F(SmmuDirect, NeedsAnUntimedSimulation)
{
	sim.untimed = false;
	EXPECT_FALSE(direct(BUS_READ, VA));
}

/* A page that is known is known for the attributes that it was asked with. */
TEST_F(SmmuDirect, AttributesAreThoseOfTheAccess)
{
	struct mem_attr left = {};

	memory->before_access = [&](const struct bus_req &out) {
		left = out.attr.memory;
	};
	ASSERT_TRUE(direct(BUS_READ, VA));
	ASSERT_EQ(left.type, MEM_NORMAL_WB);
	for (uint8_t type : {0xee, 0xee, 0xff, 0xee, 0xdd}) { /* hints that limit the page's */
		came.type = type;
		ASSERT_TRUE(direct(BUS_READ, VA));
		EXPECT_EQ((unsigned)left.type, (unsigned)type);
		EXPECT_EQ((unsigned)req.attr.memory.type, (unsigned)type) << "the device's still";
	}
}
