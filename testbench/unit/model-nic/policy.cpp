/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/pci_regs.h>

#include <algorithm>
#include <map>

#include "model/nic/packet.h"
#include "testbench/unit/model-nic/nic_fixture.h"

/* What the PF's driver allows a VF, AQC_VF_SET_POLICY. */
class NicPolicy : public NicTraffic
{
protected:
	static constexpr uint8_t kOther[6] = {2, 7, 7, 7, 7, 7};

	Bytes from(const uint8_t source[6], uint64_t number)
	{
		return make_frame(b->mac, source, number, 300);
	}
	static Bytes tagged(Bytes frame, uint16_t id)
	{
		const uint8_t tag[4] = {0x81, 0, (uint8_t)(id >> 8), (uint8_t)id};

		frame.insert(frame.begin() + 12, tag, tag + 4);
		return frame;
	}
	size_t received()
	{
		run_for(PS_PER_MS);
		return b->receive_frames().size();
	}
};

TEST_F(NicPolicy, AFrameFromAnotherAddressIsDropped)
{
	ASSERT_EQ(host[0]->set_policy(0, VF_POLICY_MAC_CHECK), AQ_RC_OK);
	a->transmit(from(kOther, 1));
	a->transmit(from(a->mac, 2));
	EXPECT_EQ(received(), 1u);
	EXPECT_EQ(dropped(0, PACKET_DROP_SPOOF), 1u);
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 0)->tx_discards, 1u);
	ASSERT_EQ(traces_of(TRACE_PACKET_DROPPED).size(), 1u);
	EXPECT_EQ(traces_of(TRACE_PACKET_DROPPED)[0].arg[1], 1u);
}

TEST_F(NicPolicy, EachAddressThatTheVfHasAFilterForIsItsOwn)
{
	ASSERT_EQ(host[0]->set_policy(0, VF_POLICY_MAC_CHECK), AQ_RC_OK);
	ASSERT_EQ(a->add_mac(kOther), 0);
	a->transmit(from(kOther, 1));
	EXPECT_EQ(received(), 1u);
}

TEST_F(NicPolicy, AnotherVfsAddressIsNotTheVfsOwn)
{
	AvfDriver c(host[0].get(), 1, 2);

	c.bring_up();
	ASSERT_EQ(host[0]->set_policy(0, VF_POLICY_MAC_CHECK), AQ_RC_OK);
	a->transmit(from(c.mac, 1));
	EXPECT_EQ(received(), 0u);
	EXPECT_EQ(dropped(0, PACKET_DROP_SPOOF), 1u);
}

TEST_F(NicPolicy, AFrameOfAVlanThatTheVfIsNotInIsDropped)
{
	ASSERT_EQ(host[0]->set_policy(0, VF_POLICY_VLAN_CHECK), AQ_RC_OK);
	ASSERT_EQ(nic_vlan_add(host[0]->nic, 0, 7), 0);
	a->transmit(tagged(from(kOther, 1), 8));
	a->transmit(tagged(from(kOther, 2), 7));
	a->transmit(tagged(from(kOther, 3), 0)); /* a priority alone */
	a->transmit(from(kOther, 4));
	EXPECT_EQ(received(), 3u);
	EXPECT_EQ(dropped(0, PACKET_DROP_SPOOF), 1u);
}

/* ---- VLANs that VFs are put into ---- */

constexpr uint32_t kTag = 3u << 13 | 10; // priority 3 of VLAN 10

class NicPortVlan : public NicPolicy
{
protected:
	/* Who is in the VLAN begins anew. */
	std::unique_ptr<AvfDriver> put(uint32_t on, uint32_t vf, uint32_t tag, uint32_t region)
	{
		EXPECT_EQ(host[on]->set_policy(vf, 0, 0, 0, tag), AQ_RC_OK);
		run_for(300 * PS_PER_MS);
		auto driver = std::make_unique<AvfDriver>(host[on].get(), vf, region);
		driver->bring_up();
		return driver;
	}
	/* What host 0's port sends instead of into the wire. */
	void see_wire()
	{
		struct frame_port port = {this, [](void *ctx, struct packet *packet) {
						  auto *self = static_cast<NicPortVlan *>(ctx);
						  self->sent.emplace_back(
							  packet->data,
							  packet->data + packet->len_bytes);
						  packet_put(packet);
					  }};
		nic_connect_wire(host[0]->nic, &port);
	}

	std::vector<Bytes> sent;
};

TEST_F(NicPortVlan, WhatItSendsGetsTheTag)
{
	a = put(0, 0, kTag, 0);
	see_wire();
	Bytes plain = from(a->mac, 1);
	a->transmit(plain);
	run_for(PS_PER_MS);
	ASSERT_EQ(sent.size(), 1u);
	EXPECT_EQ(sent[0], tagged(plain, kTag));
}

TEST_F(NicPortVlan, ATagOfItsOwnIsDropped)
{
	a = put(0, 0, kTag, 0);
	see_wire();
	a->transmit(tagged(from(a->mac, 1), 10));
	a->transmit(tagged(from(a->mac, 2), 0));
	run_for(PS_PER_MS);
	EXPECT_TRUE(sent.empty());
	EXPECT_EQ(dropped(0, PACKET_DROP_SPOOF), 2u);
}

TEST_F(NicPortVlan, ItReceivesItsVlanAloneAndWithoutTags)
{
	auto to_b = [this](uint64_t number) {
		return from(a->mac, number);
	};

	b = put(1, 0, kTag, 1);
	a->transmit(to_b(1));
	a->transmit(tagged(to_b(2), 11));
	a->transmit(tagged(to_b(3), 10)); // whatever its priority
	run_for(PS_PER_MS);
	auto frames = b->receive_frames();
	ASSERT_EQ(frames.size(), 1u);
	EXPECT_EQ(frames[0], to_b(3));
	uint64_t word[2] = {host[1]->memory.read64(b->rx_ring),
			    host[1]->memory.read64(b->rx_ring + 8)};
	EXPECT_EQ(word[1] & RXD1_L2TAG1P, 0u) << "nor is it told of one";
	EXPECT_EQ(field_get(RXD0_L2TAG1, word[0]), 0u);
}

TEST_F(NicPortVlan, TwoOfOneVlanReachEachOtherInsideAndOutside)
{
	a = put(0, 0, kTag, 0);
	b = put(1, 0, 10, 1);
	auto c = put(0, 1, 10, 2), d = put(0, 2, 20, 3);
	a->transmit(make_frame(b->mac, a->mac, 1, 300));
	a->transmit(make_frame(c->mac, a->mac, 2, 300));
	a->transmit(make_frame(d->mac, a->mac, 3, 300));
	d->transmit(make_frame(a->mac, d->mac, 4, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_EQ(c->receive_frames().size(), 1u);
	EXPECT_EQ(d->receive_frames().size(), 0u) << "of another VLAN";
	EXPECT_EQ(a->receive_frames().size(), 0u);
}

/* The frame as its driver reckons it has the largest size. */
TEST_F(NicPortVlan, TheTagDoesNotCountForItsLargestPacket)
{
	b = put(1, 0, kTag, 1);
	ASSERT_EQ(b->disable(), 0);
	ASSERT_EQ(b->config_queues(AvfDriver::kBuffer, 1514), 0);
	ASSERT_EQ(b->enable(), 0);
	b->rx_tail = b->rx_head = 0;
	b->post_rx(8);
	a->transmit(tagged(make_frame(b->mac, a->mac, 1, 1514), 10));
	a->transmit(tagged(make_frame(b->mac, a->mac, 2, 1515), 10));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_EQ(dropped(1, PACKET_DROP_SIZE), 1u);
}

TEST_F(NicPortVlan, ItsDriverIsResetAndHearsOfNoVlans)
{
	const uint32_t vlans = VIRTCHNL_VF_OFFLOAD_VLAN | VIRTCHNL_VF_OFFLOAD_VLAN_V2;
	struct virtchnl_vf_resource resource;
	Bytes answer;

	uint32_t wanted = UINT32_MAX;
	ASSERT_EQ(host[0]->set_policy(0, 0, 0, 0, kTag), AQ_RC_OK);
	run_for(300 * PS_PER_MS);
	EXPECT_EQ(host[0]->read(0, VF_ATQLEN1), 0u) << "a reset";
	a = std::make_unique<AvfDriver>(host[0].get(), 0, 0);
	a->admin_queues();
	ASSERT_EQ(a->version(), 0);
	ASSERT_EQ(a->request(VIRTCHNL_OP_GET_VF_RESOURCES, &wanted, 4, &answer), 0);
	memcpy(&resource, answer.data(), sizeof(resource));
	EXPECT_EQ(resource.vf_cap_flags & vlans, 0u);
	EXPECT_EQ(a->request(VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, nullptr, 0),
		  VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
	/* The same again changes nothing. */
	ASSERT_EQ(host[0]->set_policy(0, 0, 100, 0, kTag), AQ_RC_OK);
	run_for(PS_PER_MS);
	EXPECT_NE(host[0]->read(0, VF_ATQLEN1), 0u);
}

TEST_F(NicPortVlan, WhatIsNoVlanIsRefused)
{
	for (uint32_t tag : {0xfffu, 1u << 13, 0x1001u, 0x1000au})
		EXPECT_EQ(host[0]->set_policy(0, 0, 0, 0, tag), AQ_RC_EINVAL) << tag;
	EXPECT_EQ(host[0]->set_policy(3, 0, 0, 0, 0xeffe), AQ_RC_OK);
}

/* From whichever address, and whatever else the VF may. */
TEST_F(NicPolicy, MacControlFramesAreNoVfsToSendOrToHear)
{
	const uint8_t neighbour[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x01};
	Bytes pause = make_frame(neighbour, a->mac, 1, 64);

	pause[12] = 0x88;
	pause[13] = 0x08;
	ASSERT_EQ(host[0]->set_policy(0, VF_POLICY_TRUST), AQ_RC_OK);
	a->transmit(pause);
	EXPECT_EQ(received(), 0u);
	EXPECT_EQ(dropped(0, PACKET_DROP_MAC_CONTROL), 1u);
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 0)->tx_discards, 1u);
	EXPECT_EQ(nic_counters_get(host[0]->nic)->port_sent, 0u);

	struct packet_pool *pool = packet_pool_create(1);
	struct packet *packet = packet_get(pool);
	struct frame_port port = nic_frame_port(host[0]->nic);
	memcpy(packet->data, pause.data(), pause.size());
	packet->len_bytes = (uint32_t)pause.size();
	port.frame(port.ctx, packet);
	run_for(PS_PER_MS);
	EXPECT_EQ(dropped(0, PACKET_DROP_MAC_CONTROL), 2u) << "what comes from the wire";
	EXPECT_TRUE(a->receive_frames().empty());
	EXPECT_EQ(packet_pool_in_use(pool), 0u);
	packet_pool_destroy(pool);

	pause[13] = 0x09;
	a->transmit(pause);
	run_for(PS_PER_MS);
	EXPECT_EQ(nic_counters_get(host[0]->nic)->port_sent, 1u);
}

TEST_F(NicPolicy, ThePolicyOutlivesTheVfsReset)
{
	ASSERT_EQ(host[0]->set_policy(0, VF_POLICY_MAC_CHECK), AQ_RC_OK);
	host[0]->flr(0);
	run_for(300 * PS_PER_MS);
	host[0]->config_write(0, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	host[0]->program_msix(0);
	a = std::make_unique<AvfDriver>(host[0].get(), 0, 0);
	a->bring_up();
	a->transmit(from(kOther, 1));
	EXPECT_EQ(received(), 0u);
	EXPECT_EQ(dropped(0, PACKET_DROP_SPOOF), 1u);
}

TEST_F(NicPolicy, PoliciesThatCannotBeAreRefused)
{
	EXPECT_EQ(host[0]->set_policy(cfg.vfs, 0), AQ_RC_ENOENT);
	EXPECT_EQ(host[0]->set_policy(0, 0x80), AQ_RC_EINVAL) << "an unknown flag";
	EXPECT_EQ(host[0]->set_policy(0, 0, 100, 101), AQ_RC_EINVAL) << "minimum above maximum";
	EXPECT_EQ(host[0]->set_policy(0, 0, 0, cfg.link_mbps), AQ_RC_OK);
	EXPECT_EQ(host[0]->set_policy(1, 0, 0, 1), AQ_RC_EINVAL) << "more than the link carries";
	EXPECT_EQ(host[0]->set_policy(0, 0, 0, cfg.link_mbps), AQ_RC_OK) << "its own counts once";
	EXPECT_EQ(host[0]->set_policy(0, 0), AQ_RC_OK);
	EXPECT_EQ(host[0]->set_policy(1, 0, 0, 1), AQ_RC_OK);
}

/* When frames leave a port of 1 Gb/s, and whose they are. */
class NicRates : public NicPolicy
{
protected:
	static constexpr uint32_t kFrame = 1500, kFrames = 60;
	static constexpr uint64_t kFramePs = 12 * PS_PER_US;   /* at 1 Gb/s */
	static constexpr uint64_t kWirePs = 12192 * PS_PER_NS; /* on a wire: 24 bytes more */

	void configure() override
	{
		cfg.link_mbps = 1000;
	}
	void SetUp() override
	{
		NicPolicy::SetUp();
		struct frame_port port = {this, [](void *ctx, struct packet *packet) {
						  static_cast<NicRates *>(ctx)->left(packet);
					  }};
		nic_connect_wire(host[0]->nic, &port);
		for (uint32_t vf = 1; vf < 4; vf++) {
			others.push_back(std::make_unique<AvfDriver>(host[0].get(), vf, 1 + vf));
			others.back()->bring_up();
		}
	}
	void left(struct packet *packet)
	{
		times[packet->source_vf].push_back(sim_now(&sim));
		order.push_back(packet->source_vf);
		packet_put(packet);
	}
	void fill(AvfDriver &driver, uint32_t frames = kFrames)
	{
		for (uint32_t i = 0; i < frames; i++)
			driver.transmit(make_frame(b->mac, driver.mac, i, kFrame));
	}
	/* From the second on: the first may have been saved up. */
	uint64_t spread(uint32_t vf)
	{
		return times[vf].back() - times[vf][1];
	}
	/* How many of the first `frames` are the VF's. */
	uint32_t share(uint32_t vf, uint32_t frames)
	{
		return (uint32_t)std::count(order.begin(), order.begin() + frames, vf);
	}

	std::vector<std::unique_ptr<AvfDriver>> others;
	std::map<uint32_t, std::vector<uint64_t>> times;
	std::vector<uint32_t> order;
};

TEST_F(NicRates, AMaximumIsHeld)
{
	ASSERT_EQ(host[0]->set_policy(0, 0, 100), AQ_RC_OK);
	fill(*a);
	run_for(20 * PS_PER_MS);
	ASSERT_EQ(times[0].size(), kFrames);
	EXPECT_NEAR((double)spread(0), (double)(10 * kFramePs * (kFrames - 2)), 1e6);
}

TEST_F(NicRates, AMaximumIsOneVfsOwn)
{
	ASSERT_EQ(host[0]->set_policy(0, 0, 100), AQ_RC_OK);
	fill(*a, 10);
	fill(*others[0]);
	run_for(20 * PS_PER_MS);
	ASSERT_EQ(times[1].size(), kFrames);
	EXPECT_LT(spread(1), kFramePs * kFrames) << "it has none, and there is no minimum";
	EXPECT_EQ(times[0].size(), 10u);
}

TEST_F(NicRates, AMaximumThatIsTakenBackHoldsNothing)
{
	ASSERT_EQ(host[0]->set_policy(0, 0, 1), AQ_RC_OK);
	fill(*a, 20);
	run_for(PS_PER_MS);
	EXPECT_EQ(times[0].size(), 1u);
	ASSERT_EQ(host[0]->set_policy(0, 0), AQ_RC_OK);
	run_for(PS_PER_MS);
	EXPECT_EQ(times[0].size(), 20u);
}

TEST_F(NicRates, AMinimumIsKeptWhenThePortIsBusy)
{
	ASSERT_EQ(host[0]->set_policy(0, 0, 0, 600), AQ_RC_OK);
	for (auto &other : others)
		fill(*other);
	fill(*a);
	run_for(20 * PS_PER_MS);
	ASSERT_EQ(order.size(), 4 * kFrames);
	/* From where all have packets: 6 of 10 are the first one's, the others share the rest. */
	uint32_t skip = (uint32_t)(std::find(order.begin(), order.end(), 0u) - order.begin());
	order.erase(order.begin(), order.begin() + skip);
	EXPECT_NEAR(share(0, 60), 36.0, 2.0);
	EXPECT_NEAR(share(1, 60), 8.0, 2.0);
	EXPECT_NEAR(share(3, 60), 8.0, 2.0);
}

TEST_F(NicRates, WithAMinimumThePortsRateIsHeldByAll)
{
	ASSERT_EQ(host[0]->set_policy(0, 0, 0, 1), AQ_RC_OK);
	fill(*others[0]);
	fill(*others[1]);
	run_for(20 * PS_PER_MS);
	ASSERT_EQ(order.size(), 2 * kFrames);
	EXPECT_NEAR((double)(times[2].back() - times[1].front()),
		    (double)(kWirePs * (2 * kFrames - 1)), 3 * (double)kFramePs);
	EXPECT_NEAR(share(1, 60), 30.0, 8.0) << "in turn, once both have packets";
}

TEST_F(NicRates, AVfThatWaitsForItsTurnIsForgottenByItsReset)
{
	ASSERT_EQ(host[0]->set_policy(0, 0, 1), AQ_RC_OK);
	fill(*a, 20);
	run_for(PS_PER_MS);
	host[0]->flr(0);
	run_for(500 * PS_PER_MS);
	EXPECT_EQ(times[0].size(), 1u) << "the other nineteen are gone with the reset";
}
