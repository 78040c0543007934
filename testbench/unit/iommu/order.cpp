/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

/* Order within a stream (PCI Express 5.0, 2.4.1). */
class SmmuOrder : public SmmuBench
{
protected:
	static constexpr uint32_t OTHER = 0x110;

	static constexpr uint64_t DOORBELL = SIZE - 0x10000;

	void SetUp() override
	{
		cfg.doorbell_pa = DOORBELL;
		cfg.doorbell_bytes = 0x10000;
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		attach(STREAM, *table, 3);
		attach(OTHER, *table, 3);
		fast = memory->allocate();
		table->map(0x4000, fast);
		/* Translated slowly. */
		slow_leaf = table->map(0x40000000, memory->allocate());
		memory->slow_down(slow_leaf, 10 * PS_PER_US);
		EXPECT_EQ(read(0x4000), BUS_OK);
		send(BUS_READ, 0x4000, 8, false, OTHER);
		run();
		trace.clear();
		dmas.clear();
	}

	/* IOVAs in the order in which requests left. */
	std::vector<uint64_t> left()
	{
		std::vector<uint64_t> iovas;

		for (const Traced &event : trace)
			if (event.kind == TRACE_DMA_READ || event.kind == TRACE_DMA_WRITE)
				iovas.push_back(event.arg[2]);
		return iovas;
	}

	using Iovas = std::vector<uint64_t>;

	std::unique_ptr<TableBuilder> table;
	uint64_t fast, slow_leaf;
};

TEST_F(SmmuOrder, PostedWritesKeepTheirOrderThoughOneMisses)
{
	send(BUS_WRITE, 0x40000000, 8);
	send(BUS_WRITE, 0x4000, 8);
	send(BUS_WRITE, 0x4008, 8);
	run_until(now() + PS_PER_US);
	EXPECT_EQ(left(), Iovas{});
	run();
	EXPECT_EQ(left(), (Iovas{0x40000000, 0x4000, 0x4008}));
}

TEST_F(SmmuOrder, AWriteToDeviceMemoryComesAfterTheWritesBeforeItAreDone)
{
	uint64_t doorbell = memory->allocate(), data = memory->allocate();
	PageBits device;

	device.extra = field_put(TTD_ATTRINDX, 1);
	table->map(0x8000, doorbell, device);
	table->map(0x9000, data);
	memory->slow_down(data, PS_PER_US);
	send(BUS_WRITE, 0x9000, 8);
	send(BUS_WRITE, 0x8000, 4);
	send(BUS_WRITE, 0x4000, 8);
	run_until(now() + PS_PER_US);
	EXPECT_EQ(left(), Iovas{0x9000}) << "the doorbell would ring before its data";
	run();
	EXPECT_EQ(left(), (Iovas{0x9000, 0x8000, 0x4000}));
}

/* A stream in bypass brings no memory type of its targets. */
TEST_F(SmmuOrder, AnUntranslatedWriteToTheDoorbellComesAfterTheWritesBeforeItAreDone)
{
	uint64_t data = memory->allocate();

	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS));
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	memory->slow_down(data, PS_PER_US);
	send(BUS_WRITE, data, 8);
	send(BUS_WRITE, DOORBELL + 0x40, 4);
	send(BUS_WRITE, data + 8, 8);
	run_until(now() + PS_PER_US);
	EXPECT_EQ(left(), Iovas{data}) << "the doorbell would ring before its data";
	run();
	EXPECT_EQ(left(), (Iovas{data, DOORBELL + 0x40, data + 8}));
}

TEST_F(SmmuOrder, OtherStreamsPass)
{
	send(BUS_WRITE, 0x40000000, 8);
	send(BUS_WRITE, 0x4000, 8, true, OTHER);
	run();
	EXPECT_EQ(left(), (Iovas{0x4000, 0x40000000}));
}

TEST_F(SmmuOrder, AReadDoesNotPassEarlierPostedWrites)
{
	send(BUS_WRITE, 0x40000000, 8);
	send(BUS_READ, 0x4000, 8);
	run();
	EXPECT_EQ(left(), (Iovas{0x40000000, 0x4000}));
}

TEST_F(SmmuOrder, PostedWritesPassReads)
{
	send(BUS_READ, 0x40000000, 8);
	send(BUS_WRITE, 0x4000, 8);
	run();
	EXPECT_EQ(left(), (Iovas{0x4000, 0x40000000}));
}

TEST_F(SmmuOrder, ReadsPassReads)
{
	send(BUS_READ, 0x40000000, 8);
	send(BUS_READ, 0x4000, 8);
	run();
	EXPECT_EQ(left(), (Iovas{0x4000, 0x40000000}));
}

TEST_F(SmmuOrder, AReadDoesNotWaitForLaterWrites)
{
	send(BUS_WRITE, 0x4000, 8);
	send(BUS_READ, 0x4008, 8);
	send(BUS_WRITE, 0x40000000, 8);
	send(BUS_READ, 0x4010, 8);
	run();
	EXPECT_EQ(left(), (Iovas{0x4000, 0x4008, 0x40000000, 0x4010}));
}

TEST_F(SmmuOrder, NonPostedWritesAreOrderedLikeReads)
{
	send(BUS_WRITE, 0x40000000, 8, false);
	send(BUS_WRITE, 0x4000, 8, true);
	send(BUS_WRITE, 0x4008, 8, false);
	run();
	EXPECT_EQ(left(), (Iovas{0x4000, 0x4008, 0x40000000}));
}

TEST_F(SmmuOrder, ADroppedWriteReleasesTheOrder)
{
	memory->write64(slow_leaf, 0);
	Dma &dropped = send(BUS_WRITE, 0x40000000, 8);
	Dma &held = send(BUS_WRITE, 0x4000, 8);
	Dma &read = send(BUS_READ, 0x4008, 8);
	run_until(now() + PS_PER_US);
	EXPECT_FALSE(held.done);
	run();
	EXPECT_EQ(dropped.req.status, BUS_FAULT);
	EXPECT_EQ(held.req.status, BUS_OK);
	EXPECT_EQ(read.req.status, BUS_OK);
	EXPECT_EQ(left(), (Iovas{0x4000, 0x4008}));
}

TEST_F(SmmuOrder, FaultsOfPostedWritesKeepTheirOrder)
{
	memory->write64(slow_leaf, 0);
	send(BUS_WRITE, 0x40000000, 8);
	send(BUS_WRITE, 0x9000, 8);
	run();
	auto events = take_events();
	ASSERT_EQ(events.size(), 2u);
	EXPECT_EQ(events[0][2], 0x40000000u);
	EXPECT_EQ(events[1][2], 0x9000u);
}

TEST_F(SmmuOrder, HitsSpendTheirTimeAndNoMore)
{
	uint64_t began = now();
	Dma &a = send(BUS_WRITE, 0x4000, 8), &b = send(BUS_READ, 0x4008, 8);
	run();
	EXPECT_EQ(a.done_ps, began + cfg.timing.tlb_hit_ps + LATENCY);
	EXPECT_EQ(b.done_ps, a.done_ps);
}

TEST_F(SmmuOrder, ManyStreamsAtOnce)
{
	write_ste(0, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS));
	for (uint32_t stream = 1; stream < 64; stream++)
		write_ste(stream, memory->read64(ste_address(0)));
	for (unsigned n = 0; n < 3; n++)
		for (uint32_t stream = 0; stream < 64; stream++)
			send(BUS_WRITE, fast + 8 * n, 8, true, stream);
	run();
	std::vector<uint64_t> next(64, fast);
	for (const Traced &event : traced(TRACE_DMA_WRITE)) {
		EXPECT_EQ(event.arg[2], next[event.arg[0]]);
		next[event.arg[0]] += 8;
	}
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size(), 192u);
}

TEST_F(SmmuOrder, CompareAndSwapIsTranslatedLikeAWrite)
{
	memory->write64(fast, 5);
	Dma &dma = send(BUS_CAS64, 0x4000, 8);
	le64_put(dma.bytes, 5);
	le64_put(dma.bytes + 8, 6);
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_EQ(le64_get(dma.bytes), 5u);
	EXPECT_EQ(memory->read64(fast), 6u);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size(), 1u);
}

/* The untimed engine: the same, and no time of the SMMU's own. */
class SmmuUntimed : public SmmuOrder
{
protected:
	void SetUp() override
	{
		sim.untimed = true;
		SmmuOrder::SetUp();
	}
};

TEST_F(SmmuUntimed, SpendsOnlyTheMemorysTime)
{
	uint64_t began = now();

	EXPECT_EQ(write(0x4000), BUS_OK);
	EXPECT_EQ(now() - began, LATENCY);
	began = now();
	tlbi_va(3, 0x4000);
	EXPECT_EQ(now() - began, 2 * LATENCY) << "two fetches: the second command came later";
}

TEST_F(SmmuUntimed, KeepsTheOrder)
{
	memory->write64(slow_leaf, 0);
	send(BUS_WRITE, 0x4000, 8);
	Dma &dropped = send(BUS_WRITE, 0x40000000, 8);
	send(BUS_WRITE, 0x4008, 8);
	send(BUS_READ, 0x4010, 8);
	run();
	EXPECT_EQ(dropped.req.status, BUS_FAULT);
	EXPECT_EQ(left(), (Iovas{0x4000, 0x4008, 0x4010}));
}

TEST_F(SmmuUntimed, FaultsAreAnsweredAfterSend)
{
	write_ste(0, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_ABORT));
	for (int i = 0; i < 2; i++) {
		Dma &dma = send(BUS_WRITE, 0x4000, 8, true, 0); /* checks that it is not done */
		run();
		EXPECT_EQ(dma.req.status, BUS_FAULT);
	}
}
