// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "testbench/unit/model-memory/memory_fixture.hpp"

class DramBus : public MemoryTest
{
protected:
	void send(struct dram *dram, BusAccess &access)
	{
		struct bus_port port = dram_bus_port(dram);

		bus_send(&port, &access.req);
		EXPECT_FALSE(access.done()) << "done within send";
	}
	void run()
	{
		sim_run(&sim, TIME_NEVER, nullptr);
	}
};

TEST_F(DramBus, AccessHappensAtTheEndOfTheLatency)
{
	struct dram *dram = make(1 << 20, 70000);
	uint32_t before = 1, after = 2, got = 0;
	BusAccess read(BUS_READ, kBase, &got, 4);

	dram_write(dram, kBase, &before, 4);
	send(dram, read);
	sim_run(&sim, 69999, nullptr);
	EXPECT_FALSE(read.done());
	dram_write(dram, kBase, &after, 4);
	run();
	EXPECT_EQ(read.done_ps, 70000u);
	EXPECT_EQ(got, 2u);
	EXPECT_TRUE(dram_idle(dram));
}

TEST_F(DramBus, WriteLandsWhenDoneAndNotBefore)
{
	struct dram *dram = make(1 << 20, 70000);
	uint32_t value = 9;
	BusAccess write(BUS_WRITE, kBase, &value, 4);

	send(dram, write);
	EXPECT_FALSE(dram_idle(dram));
	EXPECT_TRUE(dram_page_is_zero(dram, kBase));
	run();
	EXPECT_FALSE(dram_page_is_zero(dram, kBase));
	EXPECT_EQ(write.req.status, BUS_OK);
	EXPECT_TRUE(traced.empty()) << "only a device's write is traced";
}

TEST_F(DramBus, BandwidthQueuesWhatLatencyAloneDoesNot)
{
	struct dram *dram = make(1 << 20, 70000, 50500); // 50.5 ps a byte
	uint8_t bytes[256] = {};
	std::vector<std::unique_ptr<BusAccess>> reads;

	for (int i = 0; i < 10; i++) {
		reads.push_back(std::make_unique<BusAccess>(BUS_READ, kBase, bytes, 255));
		send(dram, *reads.back());
	}
	run();
	for (uint64_t i = 0; i < 10; i++)
		EXPECT_EQ(reads[i]->done_ps, 70000 + i * 255 * 50500 / 1000) << i;
	EXPECT_EQ(dram_counters_get(dram).reads, 10u);
	EXPECT_EQ(dram_counters_get(dram).bytes, 2550u);
}

TEST_F(DramBus, UntimedHasNeitherLatencyNorQueue)
{
	struct dram *dram = make(1 << 20, 70000, 50000);
	uint32_t value = 1, got = 0;
	BusAccess write(BUS_WRITE, kBase, &value, 4), read(BUS_READ, kBase, &got, 4);

	sim.untimed = true;
	send(dram, write);
	send(dram, read);
	run();
	EXPECT_EQ(sim_now(&sim), 0u);
	EXPECT_EQ(got, 1u);
}

TEST_F(DramBus, UntimedServesAnAccessWithinTheCall)
{
	struct dram *dram = make(1 << 20, 70000, 50000);
	struct bus_port port = dram_bus_port(dram);
	uint64_t value = 7, got = 0, cas[2] = {7, 9};
	BusAccess write(BUS_WRITE, kBase, &value, 8), read(BUS_READ, kBase, &got, 8),
		swap(BUS_CAS64, kBase, cas, 8), outside(BUS_READ, kBase - 8, &got, 8);

	EXPECT_FALSE(bus_access(&port, &write.req)) << "it would take time";
	sim.untimed = true;
	EXPECT_TRUE(bus_access(&port, &write.req));
	EXPECT_TRUE(bus_access(&port, &swap.req));
	EXPECT_TRUE(bus_access(&port, &read.req));
	EXPECT_EQ(got, 9u);
	EXPECT_EQ(cas[0], 7u);
	EXPECT_FALSE(bus_access(&port, &outside.req)) << "its abort is told by done";
	run();
	EXPECT_FALSE(read.done()) << "done is for what was sent";
	EXPECT_EQ(dram_counters_get(dram).reads, 1u);
}

TEST_F(DramBus, UntimedReadsAWordWithinTheCall)
{
	struct dram *dram = make(1 << 20, 70000, 50000);
	struct bus_port port = dram_bus_port(dram);
	const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	dram_write(dram, kBase + 16, bytes, sizeof(bytes));
	EXPECT_FALSE(bus_read64(&port, kBase + 16).ok) << "it would take time";
	sim.untimed = true;
	EXPECT_TRUE(bus_read64(&port, kBase + 16).ok);
	EXPECT_EQ(bus_read64(&port, kBase + 16).value, UINT64_C(0x0807060504030201));
	EXPECT_EQ(dram_counters_get(dram).reads, 2u);
	EXPECT_EQ(dram_counters_get(dram).bytes, 16u);
	EXPECT_FALSE(bus_read64(&port, kBase + 12).ok) << "two words have it";
	EXPECT_FALSE(bus_read64(&port, kBase + (1 << 20)).ok);
	EXPECT_FALSE(bus_read64(&port, kBase - 8).ok);
}

TEST_F(DramBus, OutsideAborts)
{
	struct dram *dram = make(1 << 20, 70000);
	uint64_t data[2] = {};
	BusAccess below(BUS_READ, kBase - 4, data, 8),
		above(BUS_WRITE, kBase + (1 << 20) - 4, data, 8),
		far(BUS_READ, UINT64_MAX - 3, data, 8), odd(BUS_CAS64, kBase + 4, data, 8);

	for (BusAccess *access : {&below, &above, &far, &odd}) {
		send(dram, *access);
		run();
		EXPECT_EQ(access->req.status, BUS_ABORT);
		EXPECT_EQ(access->done_ps, 0u);
	}
}

TEST_F(DramBus, CasReportsWhatItFound)
{
	struct dram *dram = make(1 << 20, 70000);
	uint64_t first[2] = {0, 5}, second[2] = {0, 6}, got;
	BusAccess win(BUS_CAS64, kBase, first, 8), lose(BUS_CAS64, kBase, second, 8);

	send(dram, win);
	send(dram, lose);
	run();
	EXPECT_EQ(first[0], 0u);
	EXPECT_EQ(second[0], 5u);
	dram_read(dram, kBase, &got, 8);
	EXPECT_EQ(got, 5u);
}

TEST_F(DramBus, DeviceWriteIsTracedAsItLands)
{
	struct dram *dram = make(1 << 20, 70000);
	uint32_t value = 1;
	BusAccess write(BUS_WRITE, kBase + 64, &value, 4);

	write.req.attr.from_device = true;
	write.req.attr.stream_id = 0x110;
	write.req.attr.iova = 0x4040;
	send(dram, write);
	run();
	ASSERT_EQ(traced.size(), 1u);
	EXPECT_EQ(traced[0].kind, TRACE_DMA_LANDED);
	EXPECT_EQ(traced[0].time_ps, 70000u);
	uint64_t want[] = {0x110, TRACE_NO_SUBSTREAM, 0x4040, kBase + 64, 4};
	EXPECT_EQ(memcmp(traced[0].arg, want, sizeof(want)), 0);
}
