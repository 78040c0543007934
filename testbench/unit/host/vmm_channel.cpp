/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/host/vmm_fixture.hpp"

#include "host/vmm/channel.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace
{
class Channel : public TwoHosts
{
protected:
	void make(uint64_t bytes_per_s, uint64_t latency_ps, uint32_t window)
	{
		struct channel_cfg cfg = {bytes_per_s, latency_ps, window};
		struct channel_env env = {source->part, source->dram, source->frames};
		channel = channel_create(&cfg, &env);
	}
	void TearDown() override
	{
		channel_destroy(channel);
		EXPECT_EQ(frames_in_use(source->frames), 0u);
		EXPECT_LE(dram_arena_pages_in_use(arena), 2u);
	}
	static struct channel_message bytes(uint32_t argument, uint32_t len)
	{
		return {1, argument, len ? calloc(1, len) : nullptr, len, nullptr, 0};
	}
	static struct channel_message pages(const std::vector<uint64_t> &pas)
	{
		auto *page = (struct channel_page *)calloc(pas.size(), sizeof(struct channel_page));
		for (size_t i = 0; i < pas.size(); i++)
			page[i] = {i * 4096, pas[i]};
		return {2, 0, nullptr, 0, page, (uint32_t)pas.size()};
	}
	uint32_t word(const struct dram *dram, uint64_t pa)
	{
		uint32_t value;
		dram_read(dram, pa, &value, 4);
		return value;
	}

	struct channel *channel = nullptr;
};

TEST_F(Channel, MessageArrivesAfterItsBytesAndTheLatency)
{
	uint64_t sent_ps = 0, received_ps = 0;
	make(1000000000, 5 * PS_PER_US, 4);
	spawn([&](struct actor *self) {
		struct channel_message m = bytes(0, 984); /* and a 16-byte header: 1 us */
		EXPECT_EQ(channel_send(channel, self, &m), 0);
		sent_ps = sim_now(&sim);
	});
	spawn([&](struct actor *self) {
		struct channel_message m;
		EXPECT_EQ(channel_receive(channel, self, &m), 0);
		received_ps = sim_now(&sim);
		channel_release(channel, &m);
	});
	run();
	EXPECT_EQ(sent_ps, PS_PER_US);
	EXPECT_EQ(received_ps, 6 * PS_PER_US);
}

TEST_F(Channel, MessagesKeepTheirOrderAndTheRate)
{
	std::vector<uint32_t> got;
	uint64_t last_ps = 0;
	make(1000000000, PS_PER_MS, 4);
	spawn([&](struct actor *self) {
		for (uint32_t i = 0; i < 100; i++) {
			struct channel_message m = bytes(i, 984);
			channel_send(channel, self, &m);
		}
	});
	spawn([&](struct actor *self) {
		for (uint32_t i = 0; i < 100; i++) {
			struct channel_message m;
			channel_receive(channel, self, &m);
			got.push_back(m.argument);
			last_ps = sim_now(&sim);
			channel_release(channel, &m);
		}
	});
	run();
	EXPECT_EQ(last_ps, 100 * PS_PER_US + PS_PER_MS);
	for (uint32_t i = 0; i < 100; i++)
		EXPECT_EQ(got[i], i);
	EXPECT_EQ(channel_bytes_sent(channel), 100000u);
}

TEST_F(Channel, PagesArriveAsTheyWereWhenSent)
{
	uint64_t pa = frames_alloc(source->frames, 1, 4096);
	uint32_t before = 11, after = 22, got = 0;
	make(1000000000, PS_PER_MS, 4);
	dram_write(source->dram, pa, &before, 4);
	spawn([&](struct actor *self) {
		struct channel_message m = pages({pa, 0});
		channel_send(channel, self, &m);
		dram_write(source->dram, pa, &after, 4);
	});
	spawn([&](struct actor *self) {
		struct channel_message m;
		channel_receive(channel, self, &m);
		ASSERT_EQ(m.pages, 2u);
		got = word(source->dram, m.page[0].pa);
		EXPECT_EQ(m.page[1].pa, 0u);
		channel_release(channel, &m);
	});
	run();
	EXPECT_EQ(got, 11u);
	EXPECT_EQ(word(source->dram, pa), 22u);
	EXPECT_EQ(channel_bytes_sent(channel), 16u + 2 * 8 + 4096);
	frames_free(source->frames, pa, 1);
}

TEST_F(Channel, FullWindowMakesTheSenderWait)
{
	uint64_t pa = frames_alloc(source->frames, 1, 4096);
	uint32_t one = 1;
	uint64_t second_ps = 0;
	make(0, PS_PER_MS, 2);
	dram_write(source->dram, pa, &one, 4);
	spawn([&](struct actor *self) {
		struct channel_message a = pages({pa, pa}), b = pages({pa});
		channel_send(channel, self, &a);
		channel_send(channel, self, &b);
		second_ps = sim_now(&sim);
	});
	spawn([&](struct actor *self) {
		struct channel_message m;
		for (int i = 0; i < 2; i++) {
			channel_receive(channel, self, &m);
			actor_sleep(self, PS_PER_MS);
			channel_release(channel, &m);
		}
	});
	run();
	EXPECT_EQ(second_ps, 2 * PS_PER_MS);
	frames_free(source->frames, pa, 1);
}

TEST_F(Channel, MessageBeyondTheWindowIsRefused)
{
	uint64_t pa = frames_alloc(source->frames, 1, 4096);
	uint32_t one = 1;
	make(0, 0, 2);
	dram_write(source->dram, pa, &one, 4);
	act([&](struct actor *self) {
		struct channel_message m = pages({pa, pa, pa});
		EXPECT_EQ(channel_send(channel, self, &m), -EMSGSIZE);
	});
	frames_free(source->frames, pa, 1);
}

TEST_F(Channel, ClosedChannelDeliversWhatIsUnderWayThenEnds)
{
	std::vector<int> results;
	make(0, PS_PER_MS, 2);
	spawn([&](struct actor *self) {
		struct channel_message m = bytes(1, 10);
		channel_send(channel, self, &m);
		channel_close(channel);
		m = bytes(2, 10);
		results.push_back(channel_send(channel, self, &m));
	});
	spawn([&](struct actor *self) {
		struct channel_message m;
		results.push_back(channel_receive(channel, self, &m));
		channel_release(channel, &m);
		results.push_back(channel_receive(channel, self, &m));
	});
	run();
	EXPECT_EQ(results, (std::vector<int>{-EPIPE, 0, -EPIPE}));
}

TEST_F(Channel, UntimedEngineHasNoRateAndNoLatency)
{
	sim.untimed = true;
	make(1, PS_PER_S, 2);
	act([&](struct actor *self) {
		struct channel_message m = bytes(1, 1000);
		channel_send(channel, self, &m);
		EXPECT_EQ(channel_receive(channel, self, &m), 0);
		channel_release(channel, &m);
	});
	EXPECT_EQ(sim_now(&sim), 0u);
}

TEST_F(Channel, TryReceiveSaysThatNothingIsThereYet)
{
	make(0, PS_PER_MS, 2);
	act([&](struct actor *self) {
		struct channel_message m;
		EXPECT_EQ(channel_try_receive(channel, &m), -EAGAIN);
		m = bytes(1, 10);
		channel_send(channel, self, &m);
		EXPECT_EQ(channel_try_receive(channel, &m), -EAGAIN);
		actor_sleep(self, PS_PER_MS);
		EXPECT_EQ(channel_try_receive(channel, &m), 0);
		channel_release(channel, &m);
	});
}
} // namespace
