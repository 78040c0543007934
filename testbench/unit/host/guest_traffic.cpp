/* SPDX-License-Identifier: Apache-2.0 */
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "testbench/unit/host/guest_mock_vf.hpp"

extern "C" {
#include "host/guest-driver/iavf_internal.h"
}

namespace
{
const struct guest_driver_cfg Cfg = {64, 2048, 1514, 50000, 1, 0, 0, 0};

class GuestTraffic : public ::testing::Test
{
protected:
	void SetUp() override
	{
		start(Cfg);
	}

	void TearDown() override
	{
		guest_driver_destroy(driver);
	}

	void start(const struct guest_driver_cfg &cfg)
	{
		guest_driver_destroy(driver);
		driver = guest_driver_create(&vf.guest, &cfg, "driver");
		ASSERT_NE(driver, nullptr);
		if (!vf.guest.running)
			guest_run(&vf.guest);
		vf.run_for(PS_PER_S);
		vf.packets.clear();
	}

	void add(uint64_t interval_ps, uint64_t count, bool poisson = false, uint32_t flow = 5,
		 uint32_t burst = 1)
	{
		struct guest_flow_cfg cfg = {
			flow, {2, 0, 0, 0, 0, 9}, 60, 1514, interval_ps, poisson, count, 0, burst};
		ASSERT_EQ(guest_driver_add_flow(driver, &cfg), 0);
	}

	size_t count(enum trace_kind kind)
	{
		size_t n = 0;
		for (const auto &p : vf.packets)
			n += p.kind == kind;
		return n;
	}

	size_t doorbells()
	{
		size_t n = 0;
		for (const auto &access : vf.log)
			n += access.what == 'W' && access.offset == QTX_TAIL1(0);
		return n;
	}

	MockVf vf;
	struct guest_driver *driver = nullptr;
};

TEST_F(GuestTraffic, EveryPacketComesBackIntactAndInOrder)
{
	add(10 * PS_PER_US, 1000);
	vf.run_for(PS_PER_S);
	uint64_t next = 0;
	for (const auto &p : vf.packets) {
		if (p.kind != TRACE_PACKET_RECEIVED)
			continue;
		EXPECT_EQ(p.number, next++);
		EXPECT_EQ(p.flow, 5u);
		EXPECT_EQ(p.intact, 1u);
	}
	EXPECT_EQ(next, 1000u);
	EXPECT_EQ(count(TRACE_PACKET_SENT), 1000u);
}

TEST_F(GuestTraffic, SendsBackWhatItIsToldToAsFlowsOfTheirOwn)
{
	struct guest_echo_cfg echo = {5, 2, 20, 0};
	std::map<std::pair<int, uint64_t>, uint64_t> next; /* by kind and flow */

	ASSERT_EQ(guest_driver_add_echo(driver, &echo), 0);
	add(10 * PS_PER_US, 300, false, 5);
	add(10 * PS_PER_US, 200, false, 6, 8);
	add(10 * PS_PER_US, 100, false, 7);
	vf.run_for(5 * PS_PER_S);
	EXPECT_EQ(guest_driver_echoes_left(driver), 0u);
	for (const auto &p : vf.packets)
		if (p.kind == TRACE_PACKET_SENT || p.kind == TRACE_PACKET_RECEIVED) {
			EXPECT_EQ(p.number, (next[{p.kind, p.flow}]++));
		}
	const std::map<uint64_t, uint64_t> expected = {
		{5, 300}, {6, 200}, {7, 100}, {20, 300}, {21, 200}};
	for (auto [flow, packets] : expected) {
		EXPECT_EQ((next[{TRACE_PACKET_SENT, flow}]), packets) << flow;
		EXPECT_EQ((next[{TRACE_PACKET_RECEIVED, flow}]), packets) << flow;
	}
	EXPECT_EQ(next.size(), 2 * expected.size());
}

TEST_F(GuestTraffic, BurstRingsOneDoorbellAndKeepsTheRate)
{
	vf.log.clear();
	add(10 * PS_PER_US, 20, false, 5, 8);
	vf.run_for(100 * PS_PER_US);
	EXPECT_EQ(count(TRACE_PACKET_SENT), 8u);
	EXPECT_EQ(doorbells(), 1u);
	vf.run_for(PS_PER_S);
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), 20u);
	EXPECT_EQ(doorbells(), 3u) << "8, 8 and the last 4";
}

TEST_F(GuestTraffic, BurstThatFillsTheRingRingsBeforeItWaits)
{
	vf.log.clear();
	add(PS_PER_US, 300, false, 5, 64);
	vf.run_for(PS_PER_S);
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), 300u);
}

TEST_F(GuestTraffic, BuffersAreMappedOnlyWhileTheDeviceHasThem)
{
	struct guest_driver_cfg cfg = Cfg;

	cfg.map_buffers = true;
	start(cfg);
	EXPECT_EQ(vf.mapped.size(), 2u) << "the receive ring's segments";
	add(10 * PS_PER_US, 1000);
	vf.run_for(PS_PER_S);
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), 1000u);
	/* Received ones come back 32 at a time, sent ones as they are done. */
	EXPECT_GE(vf.maps, 2 * 1000 / 32u);
	EXPECT_LE(vf.maps, 1000 + 1000 / 32u + 5);
	actor_forget(actor_start(
		&vf.sim, "shutdown",
		[](struct actor *self, void *arg) {
			guest_driver_shutdown(static_cast<struct guest_driver *>(arg), self);
		},
		driver));
	vf.run_for(PS_PER_S);
	EXPECT_TRUE(vf.mapped.empty());
}

TEST_F(GuestTraffic, BuffersOfAFullRingStayMappedUntilTheLastOneIsDone)
{
	struct guest_driver_cfg cfg = Cfg;

	cfg.map_buffers = true;
	cfg.tx_report_stride = 8;
	start(cfg);
	vf.complete_tx = false;
	add(0, 500);
	for (int i = 0; i < 200; i++) {
		vf.run_for(20 * PS_PER_US);
		vf.drain_tx(5); /* the driver fills up behind what is done */
	}
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), 500u);
}

TEST_F(GuestTraffic, RecoversFromAResetAndGivesUpWhatWasInTheRings)
{
	struct guest_driver_stats stats;

	vf.complete_tx = false;
	add(10 * PS_PER_US, 100);
	vf.run_for(200 * PS_PER_US);
	size_t before = count(TRACE_PACKET_SENT);
	ASSERT_GT(before, 5u);
	vf.reset();
	vf.complete_tx = true;
	vf.run_for(5 * PS_PER_S);
	guest_driver_stats_get(driver, &stats);
	EXPECT_EQ(stats.resets, 1u);
	EXPECT_TRUE(stats.running);
	EXPECT_EQ(count(TRACE_PACKET_SENT), 100u);
	EXPECT_GE(count(TRACE_PACKET_ABANDONED), before);
	EXPECT_EQ(count(TRACE_PACKET_ABANDONED) + count(TRACE_PACKET_RECEIVED), 100u);
}

/* The watchdog looks every other second. */
TEST_F(GuestTraffic, AResetThatItIsToldOfIsRecoveredFromAtOnce)
{
	struct guest_driver_stats stats;

	add(10 * PS_PER_US, 10000);
	vf.run_for(PS_PER_MS);
	vf.send_event(VIRTCHNL_EVENT_RESET_IMPENDING, false);
	vf.run_for(20 * PS_PER_MS);
	guest_driver_stats_get(driver, &stats);
	EXPECT_FALSE(stats.running) << "it waits for the reset, and sends nothing";
	EXPECT_EQ(stats.resets, 0u);
	size_t sent = count(TRACE_PACKET_SENT);
	vf.reset();
	vf.run_for(50 * PS_PER_MS);
	guest_driver_stats_get(driver, &stats);
	EXPECT_EQ(stats.resets, 1u);
	EXPECT_TRUE(stats.running);
	EXPECT_GT(count(TRACE_PACKET_SENT), sent);
}

TEST_F(GuestTraffic, AResetThatItIsToldOfAndThatNeverComesIsActedOn)
{
	struct guest_driver_stats stats;

	vf.send_event(VIRTCHNL_EVENT_RESET_IMPENDING, false);
	vf.run_for(3 * PS_PER_S);
	guest_driver_stats_get(driver, &stats);
	EXPECT_EQ(stats.resets, 1u);
	EXPECT_TRUE(stats.running);
}

TEST_F(GuestTraffic, ChangedByteIsSeenAtTheReceiver)
{
	vf.damage_every = 10;
	add(10 * PS_PER_US, 1000);
	vf.run_for(PS_PER_S);
	struct guest_driver_stats stats;
	guest_driver_stats_get(driver, &stats);
	EXPECT_EQ(stats.rx_damaged, 100u);
}

TEST_F(GuestTraffic, FullRingMakesTheGeneratorWait)
{
	vf.complete_tx = false;
	add(PS_PER_US, 200);
	vf.run_for(PS_PER_MS * 10);
	EXPECT_EQ(count(TRACE_PACKET_SENT), 63u);
	vf.complete_tx = true;
	vf.drain_tx();
	vf.run_for(PS_PER_MS * 10);
	EXPECT_EQ(count(TRACE_PACKET_SENT), 200u);
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), 200u);
}

TEST_F(GuestTraffic, SparseReportsFillNoRingForEver)
{
	struct guest_driver_cfg cfg = Cfg;
	cfg.tx_report_stride = 1000;
	start(cfg);
	add(PS_PER_US, 500);
	vf.run_for(PS_PER_MS * 10);
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), 500u);
}

TEST_F(GuestTraffic, RxDescriptorsGoBackToTheDevice)
{
	add(10 * PS_PER_US, 10000);
	vf.run_for(PS_PER_S);
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), 10000u);
	EXPECT_GE(vf.rx_posted(), 63u - IAVF_RX_REFILL);
}

TEST_F(GuestTraffic, ConstantRateKeepsItsPace)
{
	add(100 * PS_PER_US, 0);
	vf.run_for(PS_PER_S);
	EXPECT_NEAR((double)count(TRACE_PACKET_SENT), 10000, 2);
}

TEST_F(GuestTraffic, PoissonRateHasItsMean)
{
	add(100 * PS_PER_US, 0, true);
	vf.run_for(PS_PER_S);
	EXPECT_NEAR((double)count(TRACE_PACKET_SENT), 10000, 500);
}

TEST_F(GuestTraffic, TwoFlowsShareTheRing)
{
	add(3 * PS_PER_US, 1000, true, 1);
	add(3 * PS_PER_US, 1000, true, 2);
	vf.run_for(PS_PER_S);
	uint64_t next[3] = {0, 0, 0};
	for (const auto &p : vf.packets) {
		if (p.kind == TRACE_PACKET_RECEIVED) {
			EXPECT_EQ(p.number, next[p.flow]++);
		}
	}
	EXPECT_EQ(next[1], 1000u);
	EXPECT_EQ(next[2], 1000u);
}

TEST_F(GuestTraffic, StoppedFlowsSendNothingMore)
{
	add(100 * PS_PER_US, 0);
	vf.run_for(50 * PS_PER_MS);
	auto *stopper = actor_start(
		&vf.sim, "stopper",
		[](struct actor *self, void *arg) {
			guest_driver_stop_flows(static_cast<struct guest_driver *>(arg), self);
		},
		driver);
	vf.run_for(PS_PER_MS);
	EXPECT_TRUE(actor_finished(stopper));
	actor_forget(stopper);
	size_t sent = count(TRACE_PACKET_SENT);
	vf.run_for(PS_PER_S);
	EXPECT_EQ(count(TRACE_PACKET_SENT), sent);
	EXPECT_EQ(count(TRACE_PACKET_RECEIVED), sent);
}

TEST_F(GuestTraffic, NothingIsSentOrLostWhilePaused)
{
	add(10 * PS_PER_US, 0);
	vf.run_for(10 * PS_PER_MS);
	auto *pauser = actor_start(
		&vf.sim, "pauser",
		[](struct actor *self, void *arg) {
			guest_pause(static_cast<struct guest *>(arg), self);
		},
		&vf.guest);
	vf.run_for(PS_PER_MS);
	size_t sent = count(TRACE_PACKET_SENT);
	vf.run_for(100 * PS_PER_MS);
	EXPECT_EQ(count(TRACE_PACKET_SENT), sent);
	guest_run(&vf.guest);
	vf.run_for(10 * PS_PER_MS);
	EXPECT_GT(count(TRACE_PACKET_SENT), sent);
	EXPECT_LE(count(TRACE_PACKET_SENT) - count(TRACE_PACKET_RECEIVED), 1u);
	actor_forget(pauser);
}

TEST_F(GuestTraffic, FrameLengthsBeyondTheMtuAreRefused)
{
	struct guest_flow_cfg cfg = {1, {2, 0, 0, 0, 0, 9}, 60, 1515, 1000, false, 1, 0};
	EXPECT_EQ(guest_driver_add_flow(driver, &cfg), -EINVAL);
	cfg.max_bytes = 1514;
	cfg.min_bytes = 59;
	EXPECT_EQ(guest_driver_add_flow(driver, &cfg), -EINVAL);
}

class Frame : public ::testing::TestWithParam<uint32_t>
{
};

TEST_P(Frame, EveryChangedPayloadByteIsNoticed)
{
	const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	std::vector<uint8_t> frame(GetParam());
	uint64_t flow, number;
	bool intact;

	test_frame_build(frame.data(), GetParam(), to, from, 3, 77);
	ASSERT_TRUE(test_frame_check(frame.data(), GetParam(), &flow, &number, &intact));
	EXPECT_EQ(flow, 3u);
	EXPECT_EQ(number, 77u);
	EXPECT_TRUE(intact);
	/* The tag's own bytes name another packet, whose payload this is not. */
	for (size_t i = FRAME_TAG_OFFSET + 4; i < frame.size(); i++) {
		frame[i] ^= 0x10;
		test_frame_check(frame.data(), GetParam(), &flow, &number, &intact);
		EXPECT_FALSE(intact) << "byte " << i;
		frame[i] ^= 0x10;
	}
}

TEST_P(Frame, PaddingOfTheWireIsNotPayload)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	std::vector<uint8_t> frame(GetParam() + 64);
	uint64_t flow, number;
	bool intact;

	test_frame_build(frame.data(), GetParam(), mac, mac, 3, 77);
	ASSERT_TRUE(test_frame_check(frame.data(), GetParam() + 64, &flow, &number, &intact));
	EXPECT_TRUE(intact);
}

/* Sums that the NIC fills in are the receiver's to check; a TCP segment has its tag further back.
 */
TEST(FrameSums, AreCheckedWhereTheyAre)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	std::vector<uint8_t> udp(301), tcp(300);
	uint8_t *ip = tcp.data() + FRAME_ETH_BYTES, *header = ip + FRAME_IPV4_BYTES;
	uint64_t flow, number;
	bool intact;

	test_frame_build(udp.data(), 301, mac, mac, 3, 77);
	test_frame_leave_sums(udp.data(), 301);
	ASSERT_TRUE(test_frame_check(udp.data(), 301, &flow, &number, &intact));
	EXPECT_FALSE(intact) << "nobody has filled them in";

	test_frame_tcp_header(tcp.data(), mac, mac, 3, 1000);
	test_frame_payload(tcp.data() + TEST_FRAME_TCP_HEADERS, 300 - TEST_FRAME_TCP_HEADERS, 3,
			   78);
	ip[2] = (300 - FRAME_ETH_BYTES) >> 8;
	ip[3] = (300 - FRAME_ETH_BYTES) & 0xff;
	ASSERT_TRUE(test_frame_check(tcp.data(), 300, &flow, &number, &intact));
	EXPECT_EQ(number, 78u);
	EXPECT_FALSE(intact);
	/* The pseudo header's sum has no length yet, as a NIC that cuts wants it. */
	uint32_t sum = 300 - FRAME_ETH_BYTES - FRAME_IPV4_BYTES, head = 0;
	for (size_t i = FRAME_ETH_BYTES + FRAME_IPV4_BYTES; i < tcp.size(); i += 2)
		sum += tcp[i] << 8 | tcp[i + 1];
	for (size_t i = 0; i < FRAME_IPV4_BYTES; i += 2)
		head += ip[i] << 8 | ip[i + 1];
	for (uint32_t *each : {&sum, &head})
		for (int twice = 0; twice < 2; twice++)
			*each = (*each & 0xffff) + (*each >> 16);
	header[16] = (uint8_t)(~sum >> 8);
	header[17] = (uint8_t)~sum;
	ip[10] = (uint8_t)(~head >> 8);
	ip[11] = (uint8_t)~head;
	test_frame_check(tcp.data(), 300, &flow, &number, &intact);
	EXPECT_TRUE(intact);
	for (size_t i : {(size_t)40, (size_t)50, (size_t)80, tcp.size() - 1}) {
		tcp[i] ^= 1;
		test_frame_check(tcp.data(), 300, &flow, &number, &intact);
		EXPECT_FALSE(intact) << "byte " << i;
		tcp[i] ^= 1;
	}
}

INSTANTIATE_TEST_SUITE_P(Lengths, Frame, ::testing::Values(60, 61, 64, 65, 127, 1500, 1514, 9728));

TEST(GuestDirtier, WritesAtItsRateWithinItsRegion)
{
	MockVf vf;
	struct guest_dirty_cfg cfg = {1 << 20, 10000, 4};
	auto *dirtier = guest_dirtier_create(&vf.guest, &cfg, "dirtier");
	ASSERT_NE(dirtier, nullptr);
	guest_run(&vf.guest);
	vf.run_for(PS_PER_S);
	EXPECT_NEAR((double)guest_dirtier_writes(dirtier), 10000, 4);
	std::vector<uint8_t> rest(vf.memory.begin() + (2 << 20), vf.memory.end());
	EXPECT_EQ(std::count(rest.begin(), rest.end(), 0), (long)rest.size());
	guest_dirtier_destroy(dirtier);
}
} // namespace
