// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"
#include "model/memory/dram.h"

// A simulation with an arena; every trace event is kept.
class MemoryTest : public testing::Test
{
protected:
	static constexpr uint64_t kBase = 0x10000000000;

	void SetUp() override
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<MemoryTest *>(ctx)->traced.push_back(*event);
		};
		ASSERT_EQ(sim_init(&sim, 1, &hooks), 0);
		arena = dram_arena_create(1 << 20);
		ASSERT_NE(arena, nullptr);
	}

	void TearDown() override
	{
		for (struct dram *dram : drams)
			dram_destroy(dram);
		EXPECT_EQ(dram_arena_pages_in_use(arena), 0u);
		EXPECT_EQ(dram_arena_tables_in_use(arena), 0u);
		dram_arena_destroy(arena);
		sim_fini(&sim);
	}

	struct dram *make(uint64_t size, uint64_t latency_ps = 0, uint64_t ps_per_byte_x1000 = 0)
	{
		struct dram_cfg cfg = {kBase, size, {latency_ps, ps_per_byte_x1000}};
		struct dram_env env = {{&sim, "test.dram", 0}, arena};

		drams.push_back(dram_create(&cfg, &env));
		return drams.back();
	}

	struct sim sim;
	struct dram_arena *arena;
	std::vector<struct dram *> drams;
	std::vector<struct trace_event> traced;
};

// One bus request that remembers when it was done.
struct BusAccess {
	struct bus_req req = {};
	uint64_t done_ps = TIME_NEVER;

	BusAccess(enum bus_op op, uint64_t addr, void *data, uint32_t len)
	{
		req.op = op;
		req.addr = addr;
		req.data = data;
		req.len_bytes = len;
		req.done = [](struct bus_req *done, uint64_t now) {
			CONTAINER_OF(done, BusAccess, req)->done_ps = now;
		};
	}
	BusAccess(const BusAccess &) = delete;
	bool done() const
	{
		return done_ps != TIME_NEVER;
	}
};
