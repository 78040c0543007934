/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TEST_VMM_FIXTURE_H
#define VFSIM_TEST_VMM_FIXTURE_H

#include "base/cpu_port.h"
#include "base/trace.h"
#include "model/memory/dram.h"
#include "model/memory/frames.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/* A host's memory: DRAM and its frames. */
struct TestHost {
	static constexpr uint64_t Base = 0x10000000000;
	static constexpr uint64_t Size = 1ull << 30;

	struct dram *dram;
	struct frames *frames;
	struct cpu_port cpu;
	struct sim_part part;

	TestHost(struct sim *sim, struct dram_arena *arena, uint32_t number)
		: part({sim, number ? "destination" : "source", number})
	{
		struct dram_cfg cfg = {Base, Size, {0, 0}};
		struct dram_env env = {part, arena};

		dram = dram_create(&cfg, &env);
		frames = frames_create(Base, Size);
		cpu = {dram, &ops(), 0};
	}
	~TestHost()
	{
		dram_destroy(dram);
		frames_destroy(frames);
	}

	static const struct cpu_ops &ops()
	{
		static const struct cpu_ops table = {
			[](void *c, uint64_t pa, void *d, uint64_t n) {
				dram_read((struct dram *)c, pa, d, n);
			},
			[](void *c, uint64_t pa, const void *d, uint64_t n) {
				dram_write((struct dram *)c, pa, d, n);
			},
			nullptr,
			nullptr,
			nullptr,
			nullptr,
			nullptr,
			nullptr};
		return table;
	}
};

class TwoHosts : public ::testing::Test
{
protected:
	TwoHosts()
	{
		struct sim_hooks hooks = {this, nullptr, on_trace, nullptr};

		EXPECT_EQ(sim_init(&sim, 7, &hooks), 0);
		arena = dram_arena_create(1 << 20);
		source = std::make_unique<TestHost>(&sim, arena, 0);
		destination = std::make_unique<TestHost>(&sim, arena, 1);
	}
	~TwoHosts() override
	{
		for (struct actor *a : actors)
			actor_destroy(a);
		source.reset();
		destination.reset();
		dram_arena_destroy(arena);
		sim_fini(&sim);
	}

	/* Run `body` as an actor; it ends with the test at the latest. */
	struct actor *spawn(std::function<void(struct actor *)> body)
	{
		bodies.push_back(std::make_unique<std::function<void(struct actor *)>>(body));
		actors.push_back(actor_start(
			&sim, "test",
			[](struct actor *self, void *arg) {
				(*static_cast<std::function<void(struct actor *)> *>(arg))(self);
			},
			bodies.back().get()));
		return actors.back();
	}
	void run(uint64_t until = TIME_NEVER)
	{
		sim_run(&sim, until, nullptr);
	}
	/* Run `body` to its end. */
	void act(std::function<void(struct actor *)> body)
	{
		bool done = false;
		spawn([&](struct actor *self) {
			body(self);
			done = true;
		});
		sim_run(&sim, sim_now(&sim) + 100 * PS_PER_S, &done);
		EXPECT_TRUE(done);
	}

	static void on_trace(void *ctx, const struct trace_event *e)
	{
		auto *self = static_cast<TwoHosts *>(ctx);
		if (self->traced)
			self->traced(*e);
	}

	struct sim sim;
	struct dram_arena *arena;
	std::unique_ptr<TestHost> source, destination;
	std::vector<std::unique_ptr<std::function<void(struct actor *)>>> bodies;
	std::vector<struct actor *> actors;
	std::function<void(const struct trace_event &)> traced;
};

#endif
