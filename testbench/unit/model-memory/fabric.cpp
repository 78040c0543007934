// SPDX-License-Identifier: Apache-2.0
#include "model/memory/fabric.h"

#include <cerrno>

#include "testbench/unit/model-memory/memory_fixture.hpp"

// A target that notes what it was sent.
struct Target {
	std::vector<uint64_t> seen;

	struct bus_port port()
	{
		return {this, [](void *ctx, struct bus_req *req) {
				static_cast<Target *>(ctx)->seen.push_back(req->addr);
			}};
	}
};

class Fabric : public MemoryTest
{
protected:
	void SetUp() override
	{
		MemoryTest::SetUp();
		struct sim_part part = {&sim, "test.fabric", 0};

		fabric_init(&fabric, &part);
	}
	int add(uint64_t base, uint64_t size, Target &target, bool subtract = false)
	{
		struct fabric_window window = {"window", base, size, target.port(), subtract};

		return fabric_add(&fabric, &window);
	}
	enum bus_status send(uint64_t addr, uint32_t len)
	{
		BusAccess access(BUS_READ, addr, nullptr, len);
		struct bus_port port = fabric_bus_port(&fabric);

		bus_send(&port, &access.req);
		EXPECT_FALSE(access.done());
		sim_run(&sim, TIME_NEVER, nullptr);
		return access.done() ? access.req.status : BUS_OK;
	}

	struct fabric fabric;
	Target memory, registers;
};

TEST_F(Fabric, RoutesByWindowAndSubtractsWhereAsked)
{
	ASSERT_EQ(add(0x9000000, 0x20000, registers, true), 0);
	ASSERT_EQ(add(kBase, 1 << 20, memory), 0);
	EXPECT_EQ(send(kBase + 8, 8), BUS_OK);
	EXPECT_EQ(send(0x901fffc, 4), BUS_OK);
	EXPECT_EQ(send(kBase + 16, 8), BUS_OK);
	EXPECT_EQ(memory.seen, (std::vector<uint64_t>{kBase + 8, kBase + 16}));
	EXPECT_EQ(registers.seen, (std::vector<uint64_t>{0x1fffc}));
}

TEST_F(Fabric, NothingThereAborts)
{
	EXPECT_EQ(send(0x1000, 4), BUS_ABORT);
	ASSERT_EQ(add(0x9000000, 0x20000, registers, true), 0);
	EXPECT_EQ(send(0x8ffffff, 1), BUS_ABORT);
	EXPECT_EQ(send(0x9020000, 4), BUS_ABORT);
	EXPECT_EQ(send(0x901fffc, 8), BUS_ABORT) << "crosses the end";
	EXPECT_TRUE(registers.seen.empty());
}

TEST_F(Fabric, RefusesOverlapEmptyWrapAndTooMany)
{
	ASSERT_EQ(add(0x2000, 0x1000, memory), 0);
	EXPECT_EQ(add(0x2fff, 0x1000, memory), -EEXIST);
	EXPECT_EQ(add(0x1001, 0x1000, memory), -EEXIST);
	EXPECT_EQ(add(0x0, 0x10000, memory), -EEXIST);
	EXPECT_EQ(add(0x5000, 0, memory), -EINVAL);
	EXPECT_EQ(add(UINT64_MAX - 1, 4, memory), -EINVAL);
	for (uint64_t i = 1; i < FABRIC_MAX_WINDOWS; i++)
		ASSERT_EQ(add(0x100000 - i * 0x1000, 0x1000, memory), 0);
	EXPECT_EQ(add(0x200000, 0x1000, memory), -ENOSPC);
}

TEST_F(Fabric, EveryWindowIsFoundWhateverTheOrder)
{
	Target target[FABRIC_MAX_WINDOWS];

	for (uint64_t i = 0; i < FABRIC_MAX_WINDOWS; i++) {
		uint64_t slot = i * 7 % FABRIC_MAX_WINDOWS;

		ASSERT_EQ(add(slot * 0x2000, 0x1000, target[slot]), 0);
	}
	for (uint64_t i = 0; i < FABRIC_MAX_WINDOWS; i++) {
		uint64_t slot = i * 5 % FABRIC_MAX_WINDOWS;

		EXPECT_EQ(send(slot * 0x2000 + 0xffc, 4), BUS_OK);
		EXPECT_EQ(target[slot].seen.size(), 1u) << slot;
		EXPECT_EQ(send(slot * 0x2000 + 0x1000, 4), BUS_ABORT);
	}
}

TEST_F(Fabric, AccessWithinTheCallReachesOnlyWhoOffersIt)
{
	struct bus_port offers = {nullptr, nullptr, [](void *, struct bus_req *req) {
					  *static_cast<uint64_t *>(req->data) = req->addr;
					  return true;
				  }};
	struct fabric_window window = {"memory", kBase, 1 << 20, offers, false};
	struct bus_port port = fabric_bus_port(&fabric);
	uint64_t got = 0;
	BusAccess in(BUS_READ, kBase + 8, &got, 8), other(BUS_READ, 0x9000000, &got, 8),
		nowhere(BUS_READ, 8, &got, 8);

	ASSERT_EQ(add(0x9000000, 0x20000, registers, true), 0);
	ASSERT_EQ(fabric_add(&fabric, &window), 0);
	EXPECT_TRUE(bus_access(&port, &in.req));
	EXPECT_EQ(got, kBase + 8);
	EXPECT_FALSE(bus_access(&port, &other.req));
	EXPECT_FALSE(bus_access(&port, &nowhere.req));
	EXPECT_EQ(other.req.addr, 0x9000000u) << "nothing happened to it";
	EXPECT_TRUE(registers.seen.empty());
}

TEST_F(Fabric, AWordWithinTheCallIsTheWindowsThatOffersIt)
{
	struct bus_port offers = {};
	struct bus_port port = fabric_bus_port(&fabric);

	offers.read64 = [](void *, uint64_t addr) {
		return bus_word{addr + 1, true};
	};
	struct fabric_window whole = {"memory", kBase, 1 << 20, offers, false};
	struct fabric_window moved = {"device", 0x100000, 0x1000, offers, true};
	ASSERT_EQ(fabric_add(&fabric, &whole), 0);
	ASSERT_EQ(fabric_add(&fabric, &moved), 0);
	ASSERT_EQ(add(0x9000000, 0x20000, registers, true), 0);
	EXPECT_TRUE(bus_read64(&port, kBase + 8).ok);
	EXPECT_EQ(bus_read64(&port, kBase + 8).value, kBase + 9);
	EXPECT_FALSE(bus_read64(&port, 0x100008).ok) << "its addresses are offsets";
	EXPECT_FALSE(bus_read64(&port, 0x9000000).ok) << "it offers none";
	EXPECT_FALSE(bus_read64(&port, 8).ok);
	EXPECT_TRUE(registers.seen.empty());
}
