// SPDX-License-Identifier: Apache-2.0
// Traffic classes of the port: which queue's packets leave first, and pause in both directions.
#include <algorithm>
#include <map>

#include "model/nic/headers.h"
#include "model/nic/mac_control_format.h"
#include "model/nic/nic_internal.h"
#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
// Class 0: priorities 0 to 2, 1: 3 to 5, 2: 6 and 7.
struct nic_classes three(uint8_t share0, uint8_t share1, uint8_t share2)
{
	return {3, NIC_PAUSE_NONE, 0, {}, {0, 0, 0, 1, 1, 1, 2, 2}, {share0, share1, share2}};
}

struct nic_classes paused_by(uint8_t kind, uint8_t lossless)
{
	struct nic_classes classes = three(0, 0, 0);

	classes.pause = kind;
	classes.lossless = lossless;
	return classes;
}
} // namespace

TEST(NicClasses, WhatAPortCannotHaveIsNotValid)
{
	const std::vector<std::function<void(struct nic_classes &)>> breaks = {
		[](auto &c) { c.count = 0; },
		[](auto &c) { c.count = 9; },
		[](auto &c) { c.of_priority[7] = 3; },
		[](auto &c) { c.of_priority[6] = c.of_priority[7] = 0; }, // nobody is of class 2
		[](auto &c) { c.share[0]++; },
		[](auto &c) { c.share[0]--; },
		[](auto &c) {
			c.share[2] -= 10;
			c.share[3] += 10; // a class that is not there
		},
		[](auto &c) { c.pause = 3; },
		[](auto &c) { c.pause = NIC_PAUSE_PRIORITY; },
		[](auto &c) { c.lossless = 1; },
		[](auto &c) {
			c.pause = NIC_PAUSE_LINK;
			c.lossless = 1;
		},
	};
	struct nic_classes one = nic_classes_default();

	EXPECT_TRUE(nic_classes_valid(&one));
	for (size_t i = 0; i < breaks.size(); i++) {
		struct nic_classes classes = three(20, 30, 50);

		EXPECT_TRUE(nic_classes_valid(&classes));
		breaks[i](classes);
		EXPECT_FALSE(nic_classes_valid(&classes)) << i;
	}
}

// VFs 0 to 2 of host 0 on a port of 1 Gb/s, the queue of each of that class; what leaves is seen.
class NicClassRates : public NicTraffic
{
protected:
	static constexpr uint32_t kFrame = 1500, kFrames = 60;
	static constexpr uint64_t kWirePs = 12192 * PS_PER_NS; // with the wire's 24 bytes

	void configure() override
	{
		cfg.link_mbps = 1000;
	}
	void SetUp() override
	{
		NicTraffic::SetUp();
		struct frame_port port = {this, [](void *ctx, struct packet *packet) {
						  static_cast<NicClassRates *>(ctx)->left(packet);
					  }};
		nic_connect_wire(host[0]->nic, &port);
		driver[0] = a.get();
		for (uint32_t vf = 1; vf < 3; vf++) {
			others.push_back(std::make_unique<AvfDriver>(host[0].get(), vf, 1 + vf));
			others.back()->bring_up();
			driver[vf] = others.back().get();
		}
	}
	void left(struct packet *packet)
	{
		if (be16_get(packet->data + 12) == FRAME_ETHERTYPE_MAC_CONTROL)
			told(packet);
		else
			order.push_back(packet->source_vf);
		times.push_back(sim_now(&sim));
		packet_put(packet);
	}
	void told(const struct packet *packet)
	{
		control.emplace_back(packet->data, packet->data + packet->len_bytes);
		control_times.push_back(sim_now(&sim));
	}
	void set(const struct nic_classes &classes)
	{
		nic_classes_set(host[0]->nic, &classes);
		for (uint32_t vf = 0; vf < classes.count; vf++)
			nic_queue_class_set(host[0]->nic, vf, 0, vf);
	}
	void fill(uint32_t vf, uint32_t frames = kFrames)
	{
		for (uint32_t i = 0; i < frames; i++)
			driver[vf]->transmit(make_frame(b->mac, driver[vf]->mac, i, kFrame));
	}
	// From where all three have begun: how many of the next `frames` are the VF's.
	uint32_t share(uint32_t vf, uint32_t frames)
	{
		return (uint32_t)std::count(order.begin() + 12, order.begin() + 12 + frames, vf);
	}
	// A MAC control frame from the neighbour.
	void hear(uint32_t opcode, const std::vector<uint32_t> &words, uint32_t len = 60)
	{
		Bytes frame(std::max(len, 60u));
		const uint8_t head[] = {0x01, 0x80, 0xc2, 0, 0,    1,    2, 2,
					2,    2,    2,    2, 0x88, 0x08, 1, 1};

		memcpy(frame.data(), head, sizeof(head));
		frame[14] = (uint8_t)(opcode >> 8);
		frame[15] = (uint8_t)opcode;
		for (size_t i = 0; i < words.size(); i++) {
			frame[16 + 2 * i] = (uint8_t)(words[i] >> 8);
			frame[17 + 2 * i] = (uint8_t)words[i];
		}
		frame.resize(len);
		arrive(frame);
	}
	void arrive(const Bytes &frame)
	{
		struct frame_port port = nic_frame_port(host[0]->nic);
		struct packet *packet = packet_get(pool.get());

		ASSERT_TRUE(packet);
		memcpy(packet->data, frame.data(), frame.size());
		packet->len_bytes = (uint32_t)frame.size();
		port.frame(port.ctx, packet);
	}

	std::vector<std::unique_ptr<AvfDriver>> others;
	AvfDriver *driver[3];
	std::vector<uint32_t> order;
	std::vector<uint64_t> times;
	std::vector<Bytes> control;
	std::vector<uint64_t> control_times;
	std::unique_ptr<struct packet_pool, void (*)(struct packet_pool *)> pool{
		packet_pool_create(256), packet_pool_destroy};
};

TEST_F(NicClassRates, SharesAreKeptWhenThePortIsBusy)
{
	set(three(20, 30, 50));
	for (uint32_t vf = 0; vf < 3; vf++)
		fill(vf);
	run_for(20 * PS_PER_MS);
	ASSERT_EQ(order.size(), 3 * kFrames);
	EXPECT_NEAR(share(0, 80), 16.0, 3.0);
	EXPECT_NEAR(share(1, 80), 24.0, 3.0);
	EXPECT_NEAR(share(2, 80), 40.0, 3.0);
	EXPECT_NEAR((double)(times.back() - times.front()), (double)(kWirePs * (3 * kFrames - 1)),
		    3 * (double)kWirePs)
		<< "and nothing is left unused when two have nothing more";
}

TEST_F(NicClassRates, AStrictClassGoesBeforeAllThatShareAndBeforeLowerStrictOnes)
{
	set(three(0, 0, 100));
	for (uint32_t vf = 0; vf < 3; vf++)
		fill(vf, 40);
	run_for(20 * PS_PER_MS);
	ASSERT_EQ(order.size(), 120u);
	EXPECT_EQ(share(1, 20), 20u) << "the higher of the strict ones";
	EXPECT_EQ(std::count(order.end() - 20, order.end(), 2u), 20)
		<< "its share is of what is left";
	auto last = [this](uint32_t vf) {
		return std::find(order.rbegin(), order.rend(), vf) - order.rbegin();
	};
	EXPECT_GT(last(1), last(0));
	EXPECT_GT(last(0), last(2));
}

TEST_F(NicClassRates, WhoHadNothingToSendHasSavedUpNoShare)
{
	set(three(50, 50, 0));
	fill(0);
	run_for(2 * PS_PER_MS);
	ASSERT_EQ(order.size(), kFrames);
	order.clear();
	fill(0, 40);
	fill(1, 40);
	run_for(2 * PS_PER_MS);
	ASSERT_EQ(order.size(), 80u);
	EXPECT_NEAR(share(1, 40), 20.0, 2.0);
}

TEST_F(NicClassRates, InAClassVfsTakeTurnsAndAMinimumHolds)
{
	struct nic_classes classes = three(0, 100, 0);

	nic_classes_set(host[0]->nic, &classes);
	for (uint32_t vf = 0; vf < 3; vf++)
		nic_queue_class_set(host[0]->nic, vf, 0, 1);
	ASSERT_EQ(host[0]->set_policy(2, 0, 0, 600), AQ_RC_OK);
	for (uint32_t vf = 0; vf < 3; vf++)
		fill(vf);
	run_for(20 * PS_PER_MS);
	ASSERT_EQ(order.size(), 3 * kFrames);
	EXPECT_NEAR(share(2, 60), 36.0, 4.0);
	EXPECT_NEAR(share(0, 60), 12.0, 4.0);
}

TEST_F(NicClassRates, QueuesOfAClassThatGoesAreOfTheFirst)
{
	struct nic_queue_context context;
	struct nic_classes one = nic_classes_default();

	set(three(0, 0, 0));
	nic_queue_context_get(host[0]->nic, 2, false, 0, &context);
	EXPECT_EQ(context.class_index, 2);
	fill(2, 20);
	nic_classes_set(host[0]->nic, &one);
	nic_queue_context_get(host[0]->nic, 2, false, 0, &context);
	EXPECT_EQ(context.class_index, 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(order.size(), 20u) << "what had waited for its turn goes";
}

// ---- pause: the neighbour's ----

TEST_F(NicClassRates, APauseOfAPriorityHoldsUpItsClassAlone)
{
	set(paused_by(NIC_PAUSE_PRIORITY, 1 << 3));
	// 100 quanta of 512 bits at 1 Gb/s.
	hear(MAC_CONTROL_PFC, {1 << 3, 0, 0, 0, 100});
	EXPECT_EQ(nic_counters_get(host[0]->nic)->control_received, 1u);
	uint64_t until = sim_now(&sim) + 51200 * PS_PER_NS;
	fill(0, 2);
	fill(1, 2);
	run_for(40 * PS_PER_US);
	EXPECT_EQ(order, std::vector<uint32_t>(2, 0));
	run_for(PS_PER_MS);
	ASSERT_EQ(order.size(), 4u);
	EXPECT_GE(times[2], until);
	EXPECT_LT(times[2], until + 20 * PS_PER_US);
}

TEST_F(NicClassRates, APauseEndsWhenTheNeighbourSaysSo)
{
	set(paused_by(NIC_PAUSE_PRIORITY, 1 << 3));
	hear(MAC_CONTROL_PFC, {1 << 3, 0, 0, 0, 0xffff});
	fill(1, 2);
	run_for(PS_PER_MS);
	EXPECT_TRUE(order.empty());
	hear(MAC_CONTROL_PFC, {1 << 2, 0, 0, 0, 0});
	run_for(PS_PER_MS);
	EXPECT_TRUE(order.empty()) << "the priority is not in the vector";
	hear(MAC_CONTROL_PFC, {1 << 3, 0, 0, 0, 0});
	run_for(PS_PER_MS);
	EXPECT_EQ(order.size(), 2u);
}

TEST_F(NicClassRates, PrioritiesThatMayBeLostAreNotPaused)
{
	set(paused_by(NIC_PAUSE_PRIORITY, 1 << 3));
	hear(MAC_CONTROL_PFC, {0xff, 0xffff, 0xffff, 0xffff, 0, 0xffff, 0xffff, 0xffff, 0xffff});
	for (uint32_t vf = 0; vf < 3; vf++)
		fill(vf, 2);
	run_for(PS_PER_MS);
	EXPECT_EQ(order.size(), 6u);
}

TEST_F(NicClassRates, ALinksPauseHoldsUpAll)
{
	set(paused_by(NIC_PAUSE_LINK, 0));
	hear(MAC_CONTROL_PAUSE, {0xffff});
	for (uint32_t vf = 0; vf < 3; vf++)
		fill(vf, 2);
	run_for(PS_PER_MS);
	EXPECT_TRUE(order.empty());
	hear(MAC_CONTROL_PAUSE, {0});
	run_for(PS_PER_MS);
	EXPECT_EQ(order.size(), 6u);
}

TEST_F(NicClassRates, WhatHadBegunWaitsAtThePortInItsOrder)
{
	set(paused_by(NIC_PAUSE_PRIORITY, 1 << 3));
	host[0]->memory.slow_down(driver[1]->tx_buffers, 20 * PS_PER_US);
	fill(1, 2); // of one page
	fill(0, 1);
	run_for(10 * PS_PER_US);
	hear(MAC_CONTROL_PFC, {1 << 3, 0, 0, 0, 0xffff});
	run_for(100 * PS_PER_US);
	EXPECT_EQ(order, std::vector<uint32_t>{0});
	EXPECT_EQ(nic_usage_get(host[0]->nic).packets, 1u) << "the other packet had not begun";
	hear(MAC_CONTROL_PFC, {1 << 3, 0, 0, 0, 0});
	EXPECT_EQ(order, (std::vector<uint32_t>{0, 1})) << "at once";
	run_for(PS_PER_MS);
	EXPECT_EQ(order, (std::vector<uint32_t>{0, 1, 1}));
}

TEST_F(NicClassRates, WhatWaitsAtAPortWhoseLinkGoesIsLost)
{
	set(paused_by(NIC_PAUSE_LINK, 0));
	host[0]->memory.slow_down(driver[1]->tx_buffers, 20 * PS_PER_US);
	fill(1, 1);
	run_for(10 * PS_PER_US);
	hear(MAC_CONTROL_PAUSE, {0xffff});
	run_for(100 * PS_PER_US);
	nic_link_set(host[0]->nic, false);
	EXPECT_EQ(dropped(0, PACKET_DROP_LINK_DOWN), 1u);
	EXPECT_TRUE(order.empty());
}

TEST_F(NicClassRates, ALinkThatComesBackIsNotPaused)
{
	set(paused_by(NIC_PAUSE_LINK, 0));
	hear(MAC_CONTROL_PAUSE, {0xffff});
	nic_link_set(host[0]->nic, false);
	nic_link_set(host[0]->nic, true);
	fill(0, 2);
	run_for(PS_PER_MS);
	EXPECT_EQ(order.size(), 2u);
}

TEST_F(NicClassRates, WhatThePortDoesNotObeyIsDropped)
{
	auto heard = [this] {
		return nic_counters_get(host[0]->nic)->control_received;
	};
	struct nic_classes none = three(0, 0, 0);

	set(none);
	hear(MAC_CONTROL_PAUSE, {0xffff});
	set(paused_by(NIC_PAUSE_LINK, 0));
	hear(MAC_CONTROL_PFC, {0xff, 0xffff});
	hear(2, {0xffff});
	hear(MAC_CONTROL_PAUSE, {0xffff}, 59); // a runt
	set(paused_by(NIC_PAUSE_PRIORITY, 1));
	hear(MAC_CONTROL_PAUSE, {0xffff});
	EXPECT_EQ(heard(), 0u);
	EXPECT_EQ(dropped(0, PACKET_DROP_MAC_CONTROL), 5u);
	fill(0, 2);
	run_for(PS_PER_MS);
	EXPECT_EQ(order.size(), 2u);
}

// ---- pause: the port's own ----

// Receive descriptors of host 0's VF 0 are fetched for a packet only, and that takes time: what
// arrives meanwhile waits.
class NicPauses : public NicClassRates
{
protected:
	void configure() override
	{
		NicClassRates::configure();
		cfg.rx_fetch_ahead = false;
		cfg.packets = 64;
	}
	void flood(uint32_t frames, int priority)
	{
		for (uint32_t i = 0; i < frames; i++) {
			Bytes frame = make_frame(a->mac, b->mac, i, 100);

			if (priority >= 0) {
				const uint8_t tag[] = {0x81, 0, (uint8_t)(priority << 5), 0};

				frame.insert(frame.begin() + 12, tag, tag + 4);
			}
			arrive(frame);
		}
	}
	void fetches_take(uint64_t ps)
	{
		host[0]->memory.slow_down(a->rx_ring, ps);
	}
	// The times of priorities in the n-th MAC control frame that the port has sent.
	std::vector<uint32_t> paused(size_t n)
	{
		std::vector<uint32_t> of(8);

		for (uint32_t priority = 0; priority < 8; priority++)
			of[priority] = be16_get(&control.at(n)[18 + 2 * priority]);
		return of;
	}
};

TEST_F(NicPauses, TheNeighbourIsPausedWhileFramesWaitAndThenLetGo)
{
	set(paused_by(NIC_PAUSE_PRIORITY, 0x18));
	flood(RX_PAUSE, 3);
	EXPECT_TRUE(control.empty());
	flood(1, 4);
	ASSERT_EQ(control.size(), 1u);
	EXPECT_EQ(control[0].size(), 60u);
	const uint8_t head[] = {0x01, 0x80, 0xc2, 0, 0, 1};
	EXPECT_EQ(memcmp(control[0].data(), head, 6), 0);
	EXPECT_EQ(be16_get(&control[0][14]), MAC_CONTROL_PFC);
	EXPECT_EQ(be16_get(&control[0][16]), 0x18u)
		<< "of all that may be paused something is said";
	EXPECT_EQ(paused(0), (std::vector<uint32_t>{0, 0, 0, 0xffff, 0xffff, 0, 0, 0}));
	run_for(PS_PER_MS);
	ASSERT_EQ(control.size(), 2u);
	EXPECT_EQ(paused(1), std::vector<uint32_t>(8, 0));
	EXPECT_EQ(a->receive_frames().size(), RX_PAUSE + 1);
	const struct nic_counters *counters = nic_counters_get(host[0]->nic);
	EXPECT_EQ(counters->control_sent, 2u);
	EXPECT_EQ(counters->port_sent, 2u);
}

TEST_F(NicPauses, AClassThatMayBeLostPausesNobody)
{
	set(paused_by(NIC_PAUSE_PRIORITY, 1 << 3));
	flood(RX_PAUSE + 1, -1); // without a tag: priority 0
	run_for(PS_PER_MS);
	EXPECT_TRUE(control.empty());
	set(paused_by(NIC_PAUSE_NONE, 0));
	flood(RX_PAUSE + 1, 3);
	run_for(PS_PER_MS);
	EXPECT_TRUE(control.empty());
}

TEST_F(NicPauses, FramesOfTheNicsOwnVfsPauseNobody)
{
	set(paused_by(NIC_PAUSE_LINK, 0));
	ASSERT_EQ(host[0]->set_policy(1, 0), AQ_RC_OK);
	fetches_take(PS_PER_MS);
	for (uint32_t i = 0; i < RX_PAUSE + 10; i++)
		others[0]->transmit(make_frame(a->mac, others[0]->mac, i, 100));
	run_for(PS_PER_MS);
	EXPECT_GT(nic_queue_levels_get(host[0]->nic, 0, true, 0).packets, RX_PAUSE);
	run_for(100 * PS_PER_MS);
	EXPECT_TRUE(control.empty());
	EXPECT_EQ(a->receive_frames().size(), RX_PAUSE + 10);
}

TEST_F(NicPauses, AQueueWithoutDescriptorsPausesNobody)
{
	set(paused_by(NIC_PAUSE_LINK, 0));
	for (uint32_t i = 0; i < 2; i++) {
		flood(2 * RX_PAUSE - 4, -1);
		run_for(PS_PER_MS);
	}
	EXPECT_FALSE(control.empty()) << "while there are descriptors, 63 of them";
	control.clear();
	flood(2 * RX_PAUSE - 4, -1);
	EXPECT_TRUE(control.empty());
	EXPECT_EQ(dropped(0, PACKET_DROP_NO_BUFFER), 3 * (2 * RX_PAUSE - 4) - 63);
}

TEST_F(NicPauses, APauseIsToldAgainBeforeItIsOver)
{
	constexpr uint64_t kHalf = UINT64_C(65535) * 512 * PS_PER_NS / 2;

	set(paused_by(NIC_PAUSE_LINK, 0));
	fetches_take(5 * kHalf / 2);
	flood(RX_PAUSE + 1, -1);
	run_for(100 * kHalf);
	ASSERT_GE(control.size(), 4u);
	for (uint32_t i = 0; i < control.size(); i++) {
		bool last = i + 1 == control.size();

		EXPECT_EQ(be16_get(&control[i][14]), MAC_CONTROL_PAUSE);
		EXPECT_EQ(be16_get(&control[i][16]), last ? 0 : 0xffffu) << i;
		if (i && !last) {
			EXPECT_EQ(control_times[i] - control_times[i - 1], kHalf) << i;
		}
	}
}

TEST_F(NicPauses, WithoutAPacketItIsToldWhenThereIsOne)
{
	set(paused_by(NIC_PAUSE_LINK, 0));
	fetches_take(10 * PS_PER_MS);
	for (auto &other : others) // as many packets as there are wait for their bytes
		for (uint64_t at = 0; at < AvfDriver::kRing * AvfDriver::kBuffer; at += 4096)
			host[0]->memory.slow_down(other->tx_buffers + at, 5 * PS_PER_MS);
	fill(1);
	fill(2);
	run_for(3 * PS_PER_MS);
	ASSERT_EQ(nic_usage_get(host[0]->nic).packets, cfg.packets);
	uint64_t begin = sim_now(&sim);
	flood(RX_PAUSE + 1, -1);
	EXPECT_TRUE(control.empty());
	run_for(300 * PS_PER_MS);
	ASSERT_GE(control.size(), 2u);
	EXPECT_EQ(be16_get(&control[0][16]), 0xffffu);
	EXPECT_GT(control_times[0], begin + PS_PER_MS);
}

TEST_F(NicPauses, OtherClassesLetTheNeighbourGo)
{
	set(paused_by(NIC_PAUSE_LINK, 0));
	fetches_take(PS_PER_MS);
	flood(RX_PAUSE + 1, -1);
	ASSERT_EQ(control.size(), 1u);
	set(three(0, 0, 0));
	ASSERT_EQ(control.size(), 2u);
	EXPECT_EQ(be16_get(&control[1][16]), 0u);
	run_for(5 * PS_PER_MS);
	EXPECT_EQ(control.size(), 2u);
}

// ---- two ports that pause each other ----

// a sends 600 frames as fast as it can; b fetches its descriptors slowly, and its driver gives them
// back at once.
class NicPausedPair : public NicTraffic
{
protected:
	static constexpr uint32_t kFrames = 600, kRound = 60;

	void configure() override
	{
		cfg.rx_fetch_ahead = false;
	}
	void harvest()
	{
		uint32_t came = (uint32_t)b->receive_frames().size();

		received += came;
		if (came)
			b->post_rx(came);
	}
	uint32_t lost(uint8_t pause)
	{
		struct nic_classes classes = nic_classes_default();

		classes.pause = pause;
		for (auto &h : host)
			nic_classes_set(h->nic, &classes);
		host[1]->memory.slow_down(b->rx_ring, 100 * PS_PER_US);
		for (uint32_t n = 0; n < kFrames;) {
			for (uint32_t i = 0; i < kRound; i++)
				a->transmit(frame(n++, 64));
			EXPECT_TRUE(host[0]->run_until([&] {
				harvest();
				return a->tx_done((n - 1) % AvfDriver::kRing);
			}));
		}
		for (uint32_t i = 0; i < 100; i++) {
			run_for(PS_PER_MS);
			harvest();
		}
		return kFrames - received;
	}

	uint32_t received = 0;
};

TEST_F(NicPausedPair, WithPauseNothingIsLost)
{
	EXPECT_EQ(lost(NIC_PAUSE_LINK), 0u);
	EXPECT_GT(nic_counters_get(host[0]->nic)->control_received, 1u);
	EXPECT_EQ(nic_counters_get(host[0]->nic)->control_received,
		  nic_counters_get(host[1]->nic)->control_sent);
}

TEST_F(NicPausedPair, WithoutItSomeAre)
{
	EXPECT_GT(lost(NIC_PAUSE_NONE), 0u);
	EXPECT_EQ(nic_counters_get(host[0]->nic)->control_received, 0u);
}
