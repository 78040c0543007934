// SPDX-License-Identifier: Apache-2.0
// The test master: what it sends, and what it makes of the answers.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/bits.h"
#include "base/trace.h"
#include "model/master/master.h"
#include "model/master/stamp_format.h"

namespace
{
class TestMaster : public ::testing::Test
{
protected:
	struct Seen {
		enum bus_op op;
		uint64_t addr;
		struct bus_attr attr;
	};

	TestMaster()
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			if (event->kind == TRACE_MASTER_READ)
				static_cast<TestMaster *>(ctx)->told.push_back(*event);
		};
		sim_init(&sim, 1, &hooks);
		cfg.stream_id = 0x300;
		cfg.iova = 0x10000;
		cfg.window_bytes = 0x4000;
		cfg.access_bytes = 64;
		cfg.outstanding = 4;
		cfg.write_percent = 50;
		cfg.interval_ps = 100 * PS_PER_NS;
	}
	~TestMaster() override
	{
		master_destroy(master);
		sim_fini(&sim);
	}

	void create()
	{
		struct master_env env = {};

		env.part = {&sim, "host.master", 0};
		env.dma = {this, receive, nullptr};
		master = master_create(&cfg, &env);
		ASSERT_NE(master, nullptr);
	}

	// Memory that answers after 200 ns with what the stamps say, but where `instead` has a
	// word.
	static void receive(void *ctx, struct bus_req *req)
	{
		TestMaster *self = static_cast<TestMaster *>(ctx);

		self->seen.push_back({req->op, req->addr, req->attr});
		req->owner = self;
		event_init(&req->event, answer);
		sim_after(&self->sim, &req->event, 200 * PS_PER_NS);
	}

	static void answer(struct event *event, uint64_t now)
	{
		struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
		TestMaster *self = static_cast<TestMaster *>(req->owner);
		uint64_t space = master_space(req->attr.stream_id, req->attr.substream_id,
					      req->attr.substream_valid);
		uint8_t *bytes = static_cast<uint8_t *>(req->data);

		req->status = self->status;
		for (uint32_t at = 0; at < req->len_bytes; at += 8) {
			uint64_t word = master_stamp(space, req->addr + at);

			if (self->instead.count(req->addr + at))
				word = self->instead[req->addr + at];
			if (req->op == BUS_READ)
				le64_put(bytes + at, word);
			else
				EXPECT_EQ(le64_get(bytes + at), word);
		}
		req->done(req, now);
	}

	void run(uint64_t duration_ps)
	{
		sim_run(&sim, sim_now(&sim) + duration_ps, nullptr);
	}

	struct sim sim = {};
	struct master_cfg cfg = {};
	struct master *master = nullptr;
	enum bus_status status = BUS_OK;
	std::map<uint64_t, uint64_t> instead;
	std::vector<Seen> seen;
	std::vector<struct trace_event> told;
};
} // namespace

TEST_F(TestMaster, StaysInItsWindowAtItsRate)
{
	create();
	master_start(master);
	run(PS_PER_MS);
	EXPECT_NEAR(seen.size(), 10000, 500);
	for (const Seen &access : seen) {
		EXPECT_GE(access.addr, cfg.iova);
		EXPECT_LT(access.addr, cfg.iova + cfg.window_bytes);
		EXPECT_EQ(access.addr % 64, 0u);
		EXPECT_EQ(access.attr.stream_id, 0x300u);
		EXPECT_FALSE(access.attr.substream_valid);
	}
	EXPECT_NEAR(master_stats(master)->writes, 5000, 400);
	EXPECT_EQ(master_stats(master)->wrong, 0u);
	EXPECT_EQ(told.size(), master_stats(master)->reads);
}

TEST_F(TestMaster, UsesAllItsSubstreamsFromOneOn)
{
	std::set<uint32_t> used;

	cfg.substreams = 5;
	create();
	master_start(master);
	run(100 * PS_PER_US);
	for (const Seen &access : seen) {
		EXPECT_TRUE(access.attr.substream_valid);
		used.insert(access.attr.substream_id);
	}
	EXPECT_EQ(used, (std::set<uint32_t>{1, 2, 3, 4, 5}));
	EXPECT_EQ(master_stats(master)->wrong, 0u);
}

TEST_F(TestMaster, TellsOfAWordThatDoesNotBelongThere)
{
	cfg.write_percent = 0;
	cfg.window_bytes = 64;
	create();
	instead[cfg.iova + 24] = 0x1234;
	cfg.count = 1;
	master_start(master);
	run(PS_PER_US);
	ASSERT_FALSE(told.empty());
	EXPECT_EQ(told[0].arg[4], 0u);
	EXPECT_EQ(told[0].arg[5], 0x1234u);
	EXPECT_EQ(master_stats(master)->wrong, told.size());
}

TEST_F(TestMaster, CountsWhatWasRefusedAndWhatStrayed)
{
	cfg.stray_permille = 1000;
	status = BUS_FAULT;
	create();
	master_start(master);
	run(100 * PS_PER_US);
	master_stop(master);
	run(PS_PER_MS);
	EXPECT_EQ(master_stats(master)->refused, seen.size());
	EXPECT_EQ(master_stats(master)->stray, seen.size());
	for (const Seen &access : seen)
		EXPECT_GE(access.addr, cfg.iova + cfg.window_bytes);
}

TEST_F(TestMaster, HasNoMoreUnderWayThanItMayAndEndsWhenToldTo)
{
	cfg.interval_ps = PS_PER_NS;
	create();
	master_start(master);
	EXPECT_FALSE(master_idle(master));
	run(100 * PS_PER_US);
	EXPECT_NEAR(seen.size(), 4 * 500, 50) << "four at once, 200 ns each";
	master_stop(master);
	EXPECT_FALSE(master_idle(master)) << "four are under way";
	run(PS_PER_US);
	EXPECT_TRUE(master_idle(master));
}

TEST_F(TestMaster, EndsByItselfAfterItsCount)
{
	cfg.count = 10;
	create();
	master_start(master);
	run(PS_PER_MS);
	EXPECT_EQ(seen.size(), 10u);
	EXPECT_TRUE(master_idle(master));
}

TEST_F(TestMaster, RefusesWhatCannotBe)
{
	struct master_env env = {};

	env.part = {&sim, "host.master", 0};
	env.dma = {this, receive, nullptr};
	std::vector<struct master_cfg> spoilt(5, cfg);

	spoilt[0].access_bytes = 48;
	spoilt[1].window_bytes = 100;
	spoilt[2].outstanding = 0;
	spoilt[3].interval_ps = 0;
	spoilt[4].iova = 8;
	for (const struct master_cfg &bad : spoilt)
		EXPECT_EQ(master_create(&bad, &env), nullptr);
}
