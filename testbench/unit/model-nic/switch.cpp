/* SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cerrno>

#include "base/rng.h"
#include "model/nic/nic_internal.h"
#include "testbench/unit/model-nic/nic_fixture.h"

TEST_F(NicTraffic, VfToVfStaysInside)
{
	AvfDriver c(host[0].get(), 1, 2);

	c.bring_up();
	a->transmit(make_frame(c.mac, a->mac, 1, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(c.receive_frames().at(0), make_frame(c.mac, a->mac, 1, 300));
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_FILTER), 0u) << "nothing went out";
}

TEST_F(NicTraffic, BroadcastGoesEverywhereButBack)
{
	const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	AvfDriver c(host[0].get(), 1, 2), d(host[1].get(), 1, 3);

	c.bring_up();
	d.bring_up();
	a->transmit(make_frame(broadcast, a->mac, 1, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(a->receive_frames().size(), 0u);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_EQ(c.receive_frames().size(), 1u);
	EXPECT_EQ(d.receive_frames().size(), 1u);
}

TEST_F(NicTraffic, MulticastGoesToThoseWithAFilterAndOut)
{
	const uint8_t group[6] = {0x01, 0, 0x5e, 1, 2, 3};
	AvfDriver c(host[0].get(), 1, 2);

	c.bring_up();
	c.add_mac(group);
	a->transmit(make_frame(group, a->mac, 1, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(c.receive_frames().size(), 1u);
	EXPECT_EQ(b->receive_frames().size(), 0u);
	b->add_mac(group);
	a->transmit(make_frame(group, a->mac, 2, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(NicTraffic, UnknownUnicastFromTheWireIsLost)
{
	const uint8_t nobody[6] = {2, 9, 9, 9, 9, 9};

	a->transmit(make_frame(nobody, a->mac, 5, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_FILTER), 1u);
	ASSERT_EQ(traces_of(TRACE_PACKET_DROPPED).size(), 1u);
	EXPECT_EQ(traces_of(TRACE_PACKET_DROPPED)[0].arg[1], 5u);
}

TEST_F(NicTraffic, MacAloneAttractsNoFrames)
{
	// VF 3 of host 1 has the MAC of the PF driver, and no driver.
	struct aq_desc desc = {};
	const uint8_t mac[6] = {0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee};

	desc.opcode = AQC_VF_SET_MAC;
	desc.param0 = 3;
	desc.param1 = le32_get(mac);
	desc.addr_high = le16_get(mac + 4);
	ASSERT_EQ(host[1]->pf_command(desc).retval, AQ_RC_OK);
	a->transmit(make_frame(mac, a->mac, 1, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_FILTER), 1u);
}

TEST_F(NicTraffic, FilterWithoutEnabledQueueCountsItsCause)
{
	ASSERT_EQ(b->disable(), 0);
	a->transmit(frame(1));
	run_for(PS_PER_MS);
	EXPECT_EQ(dropped(1, PACKET_DROP_QUEUE_DISABLED), 1u);
}

TEST_F(NicTraffic, PlantedDuplicateComesOnceMidRun)
{
	uint64_t got = 0;

	ASSERT_EQ(fault_plant(&sim.faults, "packet-duplicated", 1), 0);
	for (uint32_t i = 0; i < 150; i++) {
		a->transmit(frame(i, 100));
		run_for(20 * PS_PER_US);
		got += b->receive_frames().size();
		if (i % 32 == 31)
			b->post_rx(32);
	}
	run_for(PS_PER_MS);
	got += b->receive_frames().size();
	EXPECT_EQ(got, 151u);
	EXPECT_EQ(sim.faults.fired[FAULT_PACKET_DUPLICATED], 1u);
}

class NicLossyWire : public NicTraffic
{
	void configure() override
	{
		wire_cfg.loss_ppm[0] = 300000;
	}
};

TEST_F(NicLossyWire, EveryLossIsTraced)
{
	for (uint32_t i = 0; i < 60; i++)
		a->transmit(frame(i, 100));
	run_for(PS_PER_MS);
	size_t got = b->receive_frames().size(), lost = traces_of(TRACE_PACKET_DROPPED).size();
	EXPECT_EQ(got + lost, 60u);
	EXPECT_GT(lost, 5u);
	EXPECT_GT(got, 20u);
}

TEST_F(NicLossyWire, TheOtherDirectionLosesNothing)
{
	for (uint64_t i = 0; i < 60; i++)
		b->transmit(make_frame(a->mac, b->mac, i, 100));
	run_for(PS_PER_MS);
	EXPECT_EQ(a->receive_frames().size(), 60u);
	EXPECT_TRUE(traces_of(TRACE_PACKET_DROPPED).empty());
}

class NicReorderingWire : public NicTraffic
{
	void configure() override
	{
		wire_cfg.reorder_ppm[0] = 300000;
		wire_cfg.reorder_delay_ps = 20 * PS_PER_US;
	}
};

TEST_F(NicReorderingWire, FramesHeldBackComeLateAndTheOthersKeepTheirOrder)
{
	std::vector<Bytes> sent;

	for (uint64_t i = 0; i < 60; i++) {
		sent.push_back(frame(i, 100));
		a->transmit(sent.back());
	}
	run_for(PS_PER_MS);
	size_t held = traces_of(TRACE_PACKET_HELD).size(), late = 0, newest = 0;
	std::vector<Bytes> got = b->receive_frames();

	ASSERT_EQ(got.size(), 60u);
	EXPECT_GT(held, 5u);
	EXPECT_LT(held, 40u);
	EXPECT_TRUE(std::is_permutation(got.begin(), got.end(), sent.begin()));
	for (const Bytes &each : got) {
		size_t at = (size_t)(std::find(sent.begin(), sent.end(), each) - sent.begin());

		late += at < newest;
		newest = std::max(newest, at);
	}
	EXPECT_GT(late, 0u);
	EXPECT_LE(late, held);
}

TEST_F(NicReorderingWire, TheOtherDirectionHoldsNothingBack)
{
	for (uint64_t i = 0; i < 60; i++)
		b->transmit(make_frame(a->mac, b->mac, i, 100));
	run_for(PS_PER_MS);
	EXPECT_EQ(a->receive_frames().size(), 60u);
	EXPECT_TRUE(traces_of(TRACE_PACKET_HELD).empty());
}

/* The filter table against a naive list: adds, deletes and clears at random. */
TEST_F(NicTest, FilterTableEqualsANaiveOne)
{
	struct nic *nic = host[0]->nic;
	std::vector<std::vector<uint64_t>> naive(4);
	struct rng rng;

	rng_init(&rng, 7, "filters");
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t vf = (uint32_t)rng_below(&rng, 4);
		uint64_t value = 2 | rng_below(&rng, 24) << 8;
		uint8_t mac[8];
		auto &list = naive[vf];
		auto found = std::find(list.begin(), list.end(), value);

		le64_put(mac, value);
		switch (rng_below(&rng, 200)) {
		case 0:
			nic_filter_clear(nic, vf);
			list.clear();
			break;
		default:
			if (rng_below(&rng, 2)) {
				int want = found != list.end()                 ? -EEXIST
					   : list.size() == NIC_FILTERS_PER_VF ? -ENOSPC
									       : 0;
				ASSERT_EQ(nic_filter_add(nic, vf, mac), want);
				if (!want)
					list.push_back(value);
			} else {
				ASSERT_EQ(nic_filter_del(nic, vf, mac),
					  found != list.end() ? 0 : -ENOENT);
				if (found != list.end())
					list.erase(found);
			}
		}
		uint32_t used = 0, want = 0;
		for (uint32_t slot = 0; step % 500 == 0 && slot < FILTER_SLOTS; slot++)
			used += nic->sw->filter[slot] != 0;
		for (auto &each : naive)
			want += (uint32_t)each.size();
		if (step % 500 == 0) {
			ASSERT_EQ(used, want);
		}
	}
}

TEST_F(NicTraffic, WithoutALinkNothingComesOrGoesByTheWire)
{
	AvfDriver c(host[0].get(), 1, 2);

	c.bring_up();
	nic_link_set(host[0]->nic, false);
	a->transmit(frame(1));
	a->transmit(make_frame(c.mac, a->mac, 2, 300));
	b->transmit(make_frame(a->mac, b->mac, 3, 300));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 0u);
	EXPECT_EQ(a->receive_frames().size(), 0u);
	EXPECT_EQ(c.receive_frames().size(), 1u) << "inside nothing has changed";
	EXPECT_EQ(dropped(0, PACKET_DROP_LINK_DOWN), 2u);
	nic_link_set(host[0]->nic, true);
	a->transmit(frame(4));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}
