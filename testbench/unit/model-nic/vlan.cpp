/* SPDX-License-Identifier: Apache-2.0 */
/* VLANs: what a VF receives, and tags that its driver leaves to the NIC. */
#include "model/nic/vlan.h"

#include <gmock/gmock.h>

#include "pf-firmware/vlan_format.h"
#include "testbench/unit/model-nic/nic_fixture.h"

using testing::ElementsAre;
using testing::IsEmpty;

namespace
{
constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;
constexpr int32_t kRefused = VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
constexpr uint32_t kTag = 0x8100;

Bytes tagged(const Bytes &frame, uint32_t tci)
{
	Bytes with = frame;
	const uint8_t tag[] = {kTag >> 8, kTag & 0xff, (uint8_t)(tci >> 8), (uint8_t)tci};

	with.insert(with.begin() + 12, tag, tag + 4);
	return with;
}

struct virtchnl_vlan_filter_list_v2 filter_of(const AvfDriver &driver, uint16_t id)
{
	struct virtchnl_vlan_filter_list_v2 list = {};

	list.vport_id = driver.vsi;
	list.num_elements = 1;
	list.filters[0].inner.tci = id;
	list.filters[0].inner.tpid = kTag;
	return list;
}

int32_t filter(AvfDriver &driver, uint32_t opcode, uint16_t id)
{
	struct virtchnl_vlan_filter_list_v2 list = filter_of(driver, id);

	return driver.request(opcode, &list, sizeof(list));
}

int32_t set(AvfDriver &driver, uint32_t opcode)
{
	struct virtchnl_vlan_setting setting = {0, VIRTCHNL_VLAN_ETHERTYPE_8100, driver.vsi, {}};

	return driver.request(opcode, &setting, sizeof(setting));
}

/* Of the first kind of messages. */
int32_t plain(AvfDriver &driver, uint32_t opcode, uint16_t id)
{
	struct virtchnl_vlan_filter_list list = {driver.vsi, 1, {id}};

	return driver.request(opcode, &list, sizeof(list));
}

/* Agree on the first kind alone. */
void agree_on_plain(AvfDriver &driver)
{
	uint32_t caps = VIRTCHNL_VF_OFFLOAD_VLAN;

	ASSERT_EQ(driver.request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, sizeof(caps)), 0);
}

void transmit_with_tag(AvfDriver &driver, const Bytes &frame, uint32_t tci)
{
	uint64_t at = driver.tx_buffers + (uint64_t)driver.tx_tail * 16384;
	uint64_t word[2] = {at, TXD1_CMD_EOP | TXD1_CMD_RS | TXD1_CMD_TAG1 |
					field_put(TXD1_BUF_SIZE, frame.size()) |
					field_put(TXD1_L2TAG1, tci)};

	driver.host->memory.write(at, frame.data(), frame.size());
	driver.host->memory.write(driver.tx_ring + driver.tx_tail * sizeof(word), word,
				  sizeof(word));
	driver.tx_tail = (driver.tx_tail + 1) % AvfDriver::kRing;
	driver.host->write(driver.vf, QTX_TAIL1(0), driver.tx_tail);
}
} // namespace

class Vlan : public NicTraffic
{
protected:
	std::vector<Bytes> arrived(AvfDriver &driver)
	{
		run_for(PS_PER_MS);
		return driver.receive_frames();
	}
	/* Words 0 and 1 of b's descriptor `index`, before the frame is taken. */
	std::pair<uint64_t, uint64_t> descriptor(uint32_t index)
	{
		run_for(PS_PER_MS);
		uint64_t at = b->rx_ring + index * RXD_BYTES;

		return {b->host->memory.read64(at), b->host->memory.read64(at + 8)};
	}
};

TEST_F(Vlan, AVfWithoutVlansReceivesAll)
{
	a->transmit(frame(1));
	a->transmit(tagged(frame(2), 7));
	EXPECT_THAT(arrived(*b), ElementsAre(frame(1), tagged(frame(2), 7)));
}

TEST_F(Vlan, AVfWithVlansReceivesTheirsAndWhatHasNone)
{
	ASSERT_EQ(filter(*b, VIRTCHNL_OP_ADD_VLAN_V2, 7), 0);
	a->transmit(tagged(frame(1), 6));
	a->transmit(tagged(frame(2), 7));
	a->transmit(tagged(frame(3), 0xe007)); // a priority
	a->transmit(tagged(frame(4), 0xe000)); // a priority alone
	a->transmit(frame(5));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(2), 7), tagged(frame(3), 0xe007),
					     tagged(frame(4), 0xe000), frame(5)));
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_FILTER), 1u);
	ASSERT_EQ(traces_of(TRACE_PACKET_DROPPED).size(), 1u);
	EXPECT_EQ(traces_of(TRACE_PACKET_DROPPED)[0].arg[1], 1u) << "a tagged packet has its name";
	ASSERT_EQ(filter(*b, VIRTCHNL_OP_DEL_VLAN_V2, 7), 0);
	a->transmit(tagged(frame(6), 6));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(6), 6)));
}

TEST_F(Vlan, AnAddressOfAnotherVlanIsUnknownInside)
{
	AvfDriver c(host[0].get(), 1, 2);

	c.bring_up();
	ASSERT_EQ(filter(c, VIRTCHNL_OP_ADD_VLAN_V2, 7), 0);
	a->transmit(tagged(make_frame(c.mac, a->mac, 1, 300), 7));
	a->transmit(tagged(make_frame(c.mac, a->mac, 2, 300), 8));
	EXPECT_THAT(arrived(c), ElementsAre(tagged(make_frame(c.mac, a->mac, 1, 300), 7)));
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_FILTER), 1u) << "the other one went out";
}

TEST_F(Vlan, BroadcastsStayInTheirVlan)
{
	const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	AvfDriver c(host[0].get(), 1, 2);
	Bytes sent = tagged(make_frame(broadcast, a->mac, 1, 300), 8);

	c.bring_up();
	ASSERT_EQ(filter(c, VIRTCHNL_OP_ADD_VLAN_V2, 7), 0);
	ASSERT_EQ(filter(*b, VIRTCHNL_OP_ADD_VLAN_V2, 8), 0);
	a->transmit(sent);
	EXPECT_THAT(arrived(c), IsEmpty());
	EXPECT_THAT(b->receive_frames(), ElementsAre(sent));
}

TEST_F(Vlan, PromiscuousVfsHaveVlansToo)
{
	const uint8_t somebody[6] = {2, 9, 9, 9, 9, 9};
	struct virtchnl_promisc_info promisc = {b->vsi, VIRTCHNL_UNICAST_PROMISC};

	ASSERT_EQ(host[1]->set_policy(0, VF_POLICY_TRUST), AQ_RC_OK);
	ASSERT_EQ(b->request(VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, &promisc, sizeof(promisc)), 0);
	ASSERT_EQ(filter(*b, VIRTCHNL_OP_ADD_VLAN_V2, 7), 0);
	a->transmit(tagged(make_frame(somebody, a->mac, 1, 300), 8));
	a->transmit(tagged(make_frame(somebody, a->mac, 2, 300), 7));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(make_frame(somebody, a->mac, 2, 300), 7)));
}

TEST_F(Vlan, TheNicInsertsADescriptorsTag)
{
	// From the beginning: iavf enables it once in its life, and its VF is reset more often.
	transmit_with_tag(*a, frame(1), 0x6123);
	ASSERT_EQ(set(*a, VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2), 0);
	transmit_with_tag(*a, frame(2), 0x6123);
	ASSERT_EQ(set(*a, VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2), 0);
	transmit_with_tag(*a, frame(3), 0x6123);
	a->transmit(frame(4));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(1), 0x6123), frame(2),
					     tagged(frame(3), 0x6123), frame(4)));
}

TEST_F(Vlan, AShortFrameIsPaddedBehindItsTag)
{
	Bytes short_one = frame(1, 58), whole;

	ASSERT_EQ(set(*a, VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2), 0);
	short_one.resize(40);
	transmit_with_tag(*a, short_one, 5);
	whole = tagged(short_one, 5);
	whole.resize(60);
	EXPECT_THAT(arrived(*b), ElementsAre(whole));
}

TEST_F(Vlan, TheLongestFrameHasNoRoomForATag)
{
	struct virtchnl_vlan_setting on = {0, VIRTCHNL_VLAN_ETHERTYPE_8100, a->vsi, {}};

	ASSERT_EQ(a->request(VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2, &on, sizeof(on)), 0);
	transmit_with_tag(*a, frame(1, FRAME_MAX_BYTES - VLAN_BYTES + 1), 5);
	run_for(PS_PER_MS);
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 0)->tx_errors, 1u);
	EXPECT_TRUE(a->tx_done(0)) << "written back all the same";
}

TEST_F(Vlan, EachSegmentGetsTheTag)
{
	constexpr uint32_t kHead = 14 + 20 + 20, kMss = 500, kPayload = 1200;
	Bytes sent = make_frame(b->mac, a->mac, 1, kHead + kPayload);
	uint64_t at = a->tx_buffers;
	uint64_t word[4] = {
		0,
		TXD_DTYPE_CONTEXT | TXC1_CMD_TSO | field_put(TXC1_TSO_LEN, kPayload) |
			field_put(TXC1_MSS, kMss),
		at,
		TXD1_CMD_EOP | TXD1_CMD_TAG1 | field_put(TXD1_CMD_IIPT, TXD_IIPT_IPV4_CSUM) |
			field_put(TXD1_CMD_L4T, 1) | field_put(TXD1_MACLEN, 7) |
			field_put(TXD1_IPLEN, 5) | field_put(TXD1_L4LEN, 5) |
			field_put(TXD1_BUF_SIZE, sent.size()) | field_put(TXD1_L2TAG1, 0x0abc)};

	ASSERT_EQ(set(*a, VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2), 0);
	host[0]->memory.write(at, sent.data(), sent.size());
	host[0]->memory.write(a->tx_ring, word, sizeof(word));
	host[0]->write(0, QTX_TAIL1(0), 2);
	std::vector<Bytes> got = arrived(*b);
	ASSERT_EQ(got.size(), 3u);
	for (size_t i = 0; i < 3; i++) {
		EXPECT_EQ(got[i].size(), kHead + 4 + (i < 2 ? kMss : kPayload - 2 * kMss));
		EXPECT_EQ(Bytes(got[i].begin() + 12, got[i].begin() + 18),
			  (Bytes{0x81, 0, 0x0a, 0xbc, 8, 0}));
		EXPECT_TRUE(std::equal(got[i].begin() + 4 + kHead, got[i].end(),
				       sent.begin() + kHead + i * kMss));
	}
}

TEST_F(Vlan, AReceivedTagGoesIntoTheDescriptor)
{
	ASSERT_EQ(set(*b, VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2), 0);
	a->transmit(tagged(frame(1), 0xa00b));
	auto [word0, word1] = descriptor(0);
	EXPECT_TRUE(word1 & RXD1_L2TAG1P);
	EXPECT_EQ(field_get(RXD0_L2TAG1, word0), 0xa00bu);
	EXPECT_THAT(arrived(*b), ElementsAre(frame(1)));
	a->transmit(frame(2));
	EXPECT_FALSE(descriptor(1).second & RXD1_L2TAG1P);
	EXPECT_THAT(arrived(*b), ElementsAre(frame(2)));
	ASSERT_EQ(set(*b, VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2), 0);
	a->transmit(tagged(frame(3), 5));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(3), 5)));
}

TEST_F(Vlan, WhatIsStrippedFillsBuffersWithoutAGap)
{
	ASSERT_EQ(set(*b, VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2), 0);
	// Without its tag it fills two buffers to the last byte.
	Bytes sent = frame(1, 2 * AvfDriver::kBuffer);

	a->transmit(tagged(sent, 5));
	EXPECT_FALSE(descriptor(0).second & RXD1_EOP);
	EXPECT_TRUE(descriptor(1).second & RXD1_EOP);
	EXPECT_TRUE(descriptor(1).second & RXD1_L2TAG1P);
	EXPECT_THAT(arrived(*b), ElementsAre(sent));
}

TEST_F(Vlan, OneReceiverStripsAndTheOtherDoesNot)
{
	const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	AvfDriver c(host[0].get(), 1, 2);
	Bytes sent = make_frame(broadcast, a->mac, 1, 300);

	c.bring_up();
	ASSERT_EQ(set(c, VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2), 0);
	a->transmit(tagged(sent, 5));
	EXPECT_THAT(arrived(c), ElementsAre(sent));
	EXPECT_THAT(b->receive_frames(), ElementsAre(tagged(sent, 5)));
}

TEST_F(Vlan, TheFirstKindInsertsAndStripsFromTheStart)
{
	agree_on_plain(*a);
	agree_on_plain(*b);
	transmit_with_tag(*a, frame(1), 9);
	EXPECT_EQ(field_get(RXD0_L2TAG1, descriptor(0).first), 9u);
	EXPECT_THAT(arrived(*b), ElementsAre(frame(1)));
	ASSERT_EQ(b->request(VIRTCHNL_OP_DISABLE_VLAN_STRIPPING, nullptr, 0), 0);
	transmit_with_tag(*a, frame(2), 9);
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(2), 9)));
	ASSERT_EQ(b->request(VIRTCHNL_OP_ENABLE_VLAN_STRIPPING, nullptr, 0), 0);
	transmit_with_tag(*a, frame(3), 9);
	EXPECT_THAT(arrived(*b), ElementsAre(frame(3)));
	ASSERT_EQ(plain(*b, VIRTCHNL_OP_ADD_VLAN, 8), 0);
	transmit_with_tag(*a, frame(4), 9);
	EXPECT_THAT(arrived(*b), IsEmpty());
	ASSERT_EQ(plain(*b, VIRTCHNL_OP_DEL_VLAN, 8), 0);
	transmit_with_tag(*a, frame(5), 9);
	EXPECT_THAT(arrived(*b), ElementsAre(frame(5)));
}

TEST_F(Vlan, OnlyTheKindThatWasAgreedOnIsTaken)
{
	EXPECT_EQ(plain(*a, VIRTCHNL_OP_ADD_VLAN, 8), kRefused);
	EXPECT_EQ(plain(*a, VIRTCHNL_OP_DEL_VLAN, 8), kRefused);
	EXPECT_EQ(a->request(VIRTCHNL_OP_ENABLE_VLAN_STRIPPING, nullptr, 0), kRefused);
	EXPECT_EQ(a->request(VIRTCHNL_OP_DISABLE_VLAN_STRIPPING, nullptr, 0), kRefused);
	agree_on_plain(*a);
	EXPECT_EQ(a->request(VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, nullptr, 0), kRefused);
	EXPECT_EQ(filter(*a, VIRTCHNL_OP_ADD_VLAN_V2, 7), kRefused);
	EXPECT_EQ(filter(*a, VIRTCHNL_OP_DEL_VLAN_V2, 7), kRefused);
	for (uint32_t opcode = VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2;
	     opcode <= VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2; opcode++)
		EXPECT_EQ(set(*a, opcode), kRefused) << opcode;
}

TEST_F(Vlan, TheSecondKindTellsWhatThereIs)
{
	struct virtchnl_vlan_caps caps;
	Bytes answer;

	ASSERT_EQ(a->request(VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, nullptr, 0, &answer), 0);
	ASSERT_EQ(answer.size(), 40u);
	memcpy(&caps, answer.data(), sizeof(caps));
	EXPECT_EQ(caps.filtering.support.outer, 0u);
	EXPECT_EQ(caps.filtering.support.inner, VIRTCHNL_VLAN_ETHERTYPE_8100);
	EXPECT_EQ(caps.filtering.max_filters, NIC_VLANS_PER_VF);
	EXPECT_EQ(caps.offloads.stripping.inner, 0x80000101u);
	EXPECT_EQ(caps.offloads.insertion.inner, 0x80000101u);
	EXPECT_EQ(caps.offloads.stripping.outer | caps.offloads.insertion.outer, 0u);
	EXPECT_EQ(caps.offloads.ethertype_init, VIRTCHNL_VLAN_ETHERTYPE_8100);
}

TEST_F(Vlan, WhatWasNotOfferedIsRefused)
{
	std::vector<std::function<void(struct virtchnl_vlan_filter_list_v2 &)>> breaks = {
		[](auto &list) { list.vport_id++; },
		[](auto &list) { list.num_elements = 0; },
		[](auto &list) { list.num_elements = 3; },
		[](auto &list) { list.filters[0].inner.tpid = 0x88a8; },
		[](auto &list) { list.filters[0].inner.tci = 4096; },
		[](auto &list) { list.filters[0].inner.tci_mask = 0xfff; },
		[](auto &list) { list.filters[0].outer.tpid = kTag; },
		[](auto &list) { list.filters[0].outer.tci = 7; },
		[](auto &list) { list.filters[0].outer.tci_mask = 1; },
	};
	struct virtchnl_vlan_setting setting = {0, VIRTCHNL_VLAN_ETHERTYPE_8100, a->vsi, {}};

	for (size_t i = 0; i < breaks.size(); i++) {
		struct virtchnl_vlan_filter_list_v2 list = filter_of(*a, 7);

		breaks[i](list);
		EXPECT_EQ(a->request(VIRTCHNL_OP_ADD_VLAN_V2, &list, sizeof(list)), kParam) << i;
		EXPECT_EQ(a->request(VIRTCHNL_OP_DEL_VLAN_V2, &list, sizeof(list)), kParam) << i;
	}
	for (uint32_t opcode = VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2;
	     opcode <= VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2; opcode++) {
		for (auto wrong : {&virtchnl_vlan_setting::outer_ethertype,
				   &virtchnl_vlan_setting::inner_ethertype}) {
			struct virtchnl_vlan_setting other = setting;

			other.*wrong ^= VIRTCHNL_VLAN_ETHERTYPE_88A8;
			EXPECT_EQ(a->request(opcode, &other, sizeof(other)), kParam) << opcode;
		}
		struct virtchnl_vlan_setting other = setting;

		other.vport_id++;
		EXPECT_EQ(a->request(opcode, &other, sizeof(other)), kParam) << opcode;
		EXPECT_EQ(a->request(opcode, &setting, 12), kParam) << opcode;
	}
	agree_on_plain(*a);
	EXPECT_EQ(plain(*a, VIRTCHNL_OP_ADD_VLAN, 4096), kParam);
	EXPECT_EQ(plain(*a, VIRTCHNL_OP_DEL_VLAN, 4096), kParam);
}

TEST_F(Vlan, AListWithAMistakeAddsNothing)
{
	struct {
		struct virtchnl_vlan_filter_list_v2 list;
		struct virtchnl_vlan_filter more;
	} two = {filter_of(*b, 7), filter_of(*b, 4096).filters[0]};

	two.list.num_elements = 2;
	EXPECT_EQ(b->request(VIRTCHNL_OP_ADD_VLAN_V2, &two, sizeof(two)), kParam);
	a->transmit(tagged(frame(1), 8));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(1), 8))) << "it still receives all";
	two.more.inner.tci = 8;
	EXPECT_EQ(b->request(VIRTCHNL_OP_ADD_VLAN_V2, &two, sizeof(two)), 0);
	a->transmit(tagged(frame(2), 8));
	a->transmit(tagged(frame(3), 9));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(2), 8)));
}

TEST_F(Vlan, AVfHasSoManyVlansAndNoMore)
{
	for (uint16_t id = 1; id <= NIC_VLANS_PER_VF; id++)
		ASSERT_EQ(filter(*a, VIRTCHNL_OP_ADD_VLAN_V2, id), 0) << id;
	EXPECT_EQ(filter(*a, VIRTCHNL_OP_ADD_VLAN_V2, 4095), kParam);
	EXPECT_EQ(filter(*a, VIRTCHNL_OP_ADD_VLAN_V2, 1), 0) << "it has that";
	EXPECT_EQ(filter(*a, VIRTCHNL_OP_ADD_VLAN_V2, 0), 0) << "that is none";
	EXPECT_EQ(filter(*a, VIRTCHNL_OP_DEL_VLAN_V2, 1), 0);
	EXPECT_EQ(filter(*a, VIRTCHNL_OP_ADD_VLAN_V2, 4095), 0);
}

TEST_F(Vlan, TheyMoveWithTheVf)
{
	// Host 1's VF 0 has been b's: it becomes host 0's VF 1.
	ASSERT_EQ(filter(*b, VIRTCHNL_OP_ADD_VLAN_V2, 63), 0);
	ASSERT_EQ(filter(*b, VIRTCHNL_OP_ADD_VLAN_V2, 64), 0);
	ASSERT_EQ(set(*b, VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2), 0);
	ASSERT_EQ(set(*b, VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2), 0);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	Bytes stream = host[1]->save(0);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	ASSERT_EQ(host[0]->load(1, stream).first, AQ_RC_OK);
	b->move_to(host[0].get(), 1);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_RESUME, 1).retval, AQ_RC_OK);
	a->transmit(tagged(frame(1), 62));
	a->transmit(tagged(frame(2), 63));
	a->transmit(tagged(frame(3), 64));
	EXPECT_THAT(arrived(*b), ElementsAre(frame(2), frame(3)));
	transmit_with_tag(*b, make_frame(a->mac, b->mac, 4, 300), 5);
	EXPECT_THAT(arrived(*a), ElementsAre(make_frame(a->mac, b->mac, 4, 300)))
		<< "insertion is still off";
}

TEST_F(Vlan, AResetForgetsThem)
{
	ASSERT_EQ(filter(*b, VIRTCHNL_OP_ADD_VLAN_V2, 7), 0);
	ASSERT_EQ(set(*b, VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2), 0);
	b->send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
	run_for(PS_PER_MS);
	b->rx_tail = b->rx_head = b->tx_tail = 0;
	b->bring_up();
	a->transmit(tagged(frame(1), 8));
	EXPECT_THAT(arrived(*b), ElementsAre(tagged(frame(1), 8)));
}
