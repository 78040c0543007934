/* SPDX-License-Identifier: Apache-2.0 */
/* Several queue pairs of a guest's driver, flows that are steered, and address spaces. */
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pf-firmware/pasid_format.h"
#include "testbench/unit/host/guest_mock_vf.hpp"

using ::testing::ElementsAre;

namespace
{
constexpr uint32_t kPairs = 4, kFirst = 5;

class GuestSpaces : public ::testing::Test
{
protected:
	void SetUp() override
	{
		vf.queue_pairs = kPairs;
		cfg.queue_pairs = kPairs;
		cfg.first_pasid = kFirst;
	}
	void TearDown() override
	{
		guest_driver_destroy(driver);
	}
	void start()
	{
		driver = guest_driver_create(&vf.guest, &cfg, "driver");
		ASSERT_NE(driver, nullptr);
		guest_run(&vf.guest);
		vf.run_for(PS_PER_S);
	}
	bool running()
	{
		struct guest_driver_stats stats;

		guest_driver_stats_get(driver, &stats);
		return stats.running;
	}
	/* The body of the message with this opcode. */
	std::vector<uint8_t> body(uint32_t opcode)
	{
		for (size_t i = 0; i < vf.messages.size(); i++)
			if (vf.messages[i] == opcode)
				return vf.bodies[i];
		ADD_FAILURE() << opcode;
		return {};
	}
	struct guest_pair_stats pair(uint32_t number)
	{
		struct guest_pair_stats stats;

		guest_driver_pair_stats_get(driver, number, &stats);
		return stats;
	}
	void send(uint32_t flow, uint64_t count)
	{
		struct guest_flow_cfg flow_cfg = {
			flow, {2, 0, 0, 0, 0, 9}, 60, 1514, 10 * PS_PER_US, false, count, 0, 1};

		ASSERT_EQ(guest_driver_add_flow(driver, &flow_cfg), 0);
		vf.run_for(PS_PER_S);
	}

	MockVf vf;
	struct guest_driver_cfg cfg = {64, 2048, 1514, 50000, 1, 0, 0, 0};
	struct guest_driver *driver = nullptr;
};

TEST_F(GuestSpaces, TagsComeBetweenSettingUpAndEnabling)
{
	cfg.steer[0] = {9, 2};
	cfg.steers = 1;
	start();
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u, 7u, 23u, 24u, 10u, VIRTCHNL_OP_ADD_FDIR_FILTER,
					     6u, VIRTCHNL_OP_QUEUE_PASID, 8u));
	EXPECT_TRUE(running());
	std::vector<uint8_t> tags = body(VIRTCHNL_OP_QUEUE_PASID);
	ASSERT_EQ(tags.size(), 4 + 8 * kPairs);
	EXPECT_EQ(le16_get(&tags[2]), kPairs);
	for (uint32_t i = 0; i < kPairs; i++) {
		EXPECT_EQ(le16_get(&tags[4 + 8 * i]), i);
		EXPECT_EQ(le16_get(&tags[6 + 8 * i]), VIRTCHNL_QUEUE_PASID_VALID);
		EXPECT_EQ(le32_get(&tags[8 + 8 * i]), kFirst + i);
	}
}

TEST_F(GuestSpaces, AllPairsHaveTheirRingsAtTheSameAddresses)
{
	start();
	std::vector<uint8_t> queues = body(VIRTCHNL_OP_CONFIG_VSI_QUEUES);
	struct virtchnl_queue_pair_info first, info;
	ASSERT_EQ(queues.size(), 8 + 64 * kPairs);
	memcpy(&first, &queues[8], sizeof(first));
	for (uint32_t i = 0; i < kPairs; i++) {
		memcpy(&info, &queues[8 + 64 * i], sizeof(info));
		EXPECT_EQ(info.txq.queue_id, i);
		EXPECT_EQ(info.txq.dma_ring_addr, first.txq.dma_ring_addr);
		EXPECT_EQ(info.rxq.dma_ring_addr, first.rxq.dma_ring_addr);
		EXPECT_LT(info.txq.dma_ring_addr, MockVf::RamBase) << "no guest-physical address";
	}
	std::vector<uint8_t> select = body(VIRTCHNL_OP_ENABLE_QUEUES);
	EXPECT_EQ(le32_get(&select[4]), 0xfu);
	EXPECT_EQ(le32_get(&select[8]), 0xfu);
	std::vector<uint8_t> lut = body(VIRTCHNL_OP_CONFIG_RSS_LUT);
	EXPECT_EQ(lut[4 + 6], 6 % kPairs);
}

TEST_F(GuestSpaces, EachShowsMemoryOfItsOwn)
{
	start();
	ASSERT_EQ(vf.spaces.size(), kPairs);
	uint64_t end = 0;
	for (const auto &[pasid, parts] : vf.spaces) {
		ASSERT_EQ(parts.size(), 1u) << pasid;
		EXPECT_EQ(parts[0].iova, vf.spaces[kFirst][0].iova);
		EXPECT_EQ(parts[0].len, vf.spaces[kFirst][0].len);
		EXPECT_GE(parts[0].gpa, end);
		end = parts[0].gpa + parts[0].len;
	}
}

TEST_F(GuestSpaces, AHoleIsWhereThePacketsAreThatItSends)
{
	cfg.hole_pasid = kFirst + 1;
	start();
	const auto &whole = vf.spaces[kFirst], &parts = vf.spaces[kFirst + 1];
	ASSERT_EQ(parts.size(), 2u);
	EXPECT_EQ(parts[0].len, 4096u) << "the Tx ring";
	EXPECT_EQ(parts[1].iova - parts[0].iova, 4096u + 64 * 2048);
	EXPECT_EQ(parts[1].iova + parts[1].len, whole[0].iova + whole[0].len);
}

TEST_F(GuestSpaces, TheyGoWithTheDriver)
{
	start();
	auto *closer = actor_start(
		&vf.sim, "closer",
		[](struct actor *self, void *arg) {
			guest_driver_shutdown(static_cast<struct guest_driver *>(arg), self);
		},
		driver);
	vf.run_for(PS_PER_S);
	EXPECT_TRUE(actor_finished(closer));
	actor_forget(closer);
	EXPECT_TRUE(vf.spaces.empty());
}

TEST_F(GuestSpaces, ARefusedTagEndsTheBringUp)
{
	vf.refuse[VIRTCHNL_OP_QUEUE_PASID] = VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
	start();
	EXPECT_FALSE(running());
	EXPECT_EQ(vf.messages.back(), VIRTCHNL_OP_QUEUE_PASID) << "nothing is enabled without it";
}

TEST_F(GuestSpaces, AVfWithFewerPairsIsNotUsed)
{
	vf.queue_pairs = kPairs - 1;
	start();
	EXPECT_FALSE(running());
}

TEST_F(GuestSpaces, PacketsComeThroughThePairsAddressSpace)
{
	cfg.steer[0] = {9, 0};
	cfg.steers = 1;
	start();
	send(9, 100);
	EXPECT_EQ(pair(0).received, 100u);
	EXPECT_EQ(pair(0).strays, 0u);
}

TEST_F(GuestSpaces, APacketThatComesToAnotherPairIsAStray)
{
	cfg.steer[0] = {9, 1};
	cfg.steers = 1;
	start();
	send(9, 100); /* the mock's only pair loops back */
	EXPECT_EQ(pair(0).received, 0u);
	EXPECT_EQ(pair(0).strays, 100u);
	EXPECT_EQ(pair(1).received, 0u);
}

TEST_F(GuestSpaces, WithoutThemThereAreNoTags)
{
	cfg.first_pasid = 0;
	start();
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u, 7u, 23u, 24u, 10u, 6u, 8u));
	EXPECT_TRUE(vf.spaces.empty());
	EXPECT_TRUE(running());
}

TEST_F(GuestSpaces, WhatCannotBeIsNotStarted)
{
	cfg.queue_pairs = GUEST_QUEUE_PAIRS + 1;
	EXPECT_EQ(guest_driver_create(&vf.guest, &cfg, "d"), nullptr);
	cfg.queue_pairs = kPairs;
	cfg.map_buffers = true;
	EXPECT_EQ(guest_driver_create(&vf.guest, &cfg, "d"), nullptr);
}
} // namespace
