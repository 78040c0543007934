/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/offload.h"

#include <gmock/gmock.h>

#include "testbench/unit/model-nic/offload_fixture.h"

class NicOffload : public NicDescribed
{
protected:
	/* A TCP packet with flags FIN, PSH, ACK and CWR, to be cut. */
	Bytes long_packet(bool ipv6, uint32_t payload)
	{
		Bytes frame = left_to_nic(b->mac, a->mac, ipv6, 6, kTcp, payload);
		size_t tcp = kEth + (ipv6 ? kIp6 : kIp4);

		put16(frame, tcp + 4, 0xffff); /* its sequence number wraps */
		put16(frame, tcp + 6, 0xff00);
		frame[tcp + 12] = 0x50;
		frame[tcp + 13] = 0x99;
		put16(frame, tcp + 16, pseudo(frame, ipv6, 6, 0));
		return frame;
	}
	void expect_segments(const Bytes &whole, bool ipv6, uint32_t mss)
	{
		size_t tcp = kEth + (ipv6 ? kIp6 : kIp4), header = tcp + kTcp, at = header;
		std::vector<Bytes> got = b->receive_frames();
		size_t count = (whole.size() - header + mss - 1) / mss;

		ASSERT_EQ(got.size(), count);
		for (size_t i = 0; i < count; i++, at += mss) {
			size_t len = std::min<size_t>(mss, whole.size() - at);
			bool last = i + 1 == count;

			ASSERT_EQ(got[i].size(), header + len) << i;
			expect_sums(got[i], ipv6, 6);
			EXPECT_EQ(Bytes(got[i].begin() + header, got[i].end()),
				  Bytes(&whole[at], &whole[at] + len))
				<< i;
			EXPECT_EQ(be32(got[i], tcp + 4), 0xffffff00 + (uint32_t)i * mss) << i;
			EXPECT_EQ(got[i][tcp + 13], 0x10 | (last ? 0x09 : 0) | (i ? 0 : 0x80)) << i;
			EXPECT_EQ(be16(got[i], kEth + (ipv6 ? 4 : 2)),
				  got[i].size() - kEth - (ipv6 ? kIp6 : 0))
				<< i;
			if (!ipv6) {
				EXPECT_EQ(be16(got[i], kEth + 4), (0xfffe + i) & 0xffff) << i;
			}
		}
	}
};

TEST_F(NicOffload, LongTcpPacketLeavesAsSegmentsThatAReceiverAccepts)
{
	Bytes whole = long_packet(false, 7300);

	describe(0, context1(7300, 1460));
	transmit(whole, data1(false, true, OFFLOAD_L4_TCP, kTcp), {54, 7300});
	expect_segments(whole, false, 1460);
	EXPECT_TRUE(a->tx_done(2));
	EXPECT_FALSE(a->tx_done(0)) << "only descriptors with RS are written back";
}

TEST_F(NicOffload, SegmentsOfIpv6HaveTheirOwnPayloadLength)
{
	Bytes whole = long_packet(true, 5000);

	describe(0, context1(5000, 1440));
	transmit(whole, data1(true, false, OFFLOAD_L4_TCP, kTcp), {74, 5000});
	expect_segments(whole, true, 1440);
}

/* A UDP packet whose checksum field has the pseudo header's sum without the length. */
TEST_F(NicOffload, LongUdpPacketLeavesAsDatagramsThatAReceiverAccepts)
{
	for (bool ipv6 : {false, true}) {
		size_t udp = kEth + (ipv6 ? kIp6 : kIp4), header = udp + 8, at = header;
		Bytes whole = left_to_nic(b->mac, a->mac, ipv6, 17, 8, 4100);

		put16(whole, udp + 4, 8 + 4100);
		put16(whole, udp + 6, pseudo(whole, ipv6, 17, 0));
		describe(0, context1(4100, 1001)); // odd: each sum has a last byte
		transmit(whole, data1(ipv6, true, OFFLOAD_L4_UDP, 8), {(uint32_t)header, 4100});
		std::vector<Bytes> got = b->receive_frames();
		ASSERT_EQ(got.size(), 5u);
		for (uint32_t i = 0; i < 5; i++, at += 1001) {
			uint32_t len = i < 4 ? 1001 : 96;

			ASSERT_EQ(got[i].size(), header + len) << i;
			expect_sums(got[i], ipv6, 17);
			EXPECT_EQ(be16(got[i], udp + 4), 8 + len);
			EXPECT_EQ(Bytes(got[i].begin() + (long)header, got[i].end()),
				  Bytes(&whole[at], &whole[at] + len));
			EXPECT_EQ(be16(got[i], kEth + (ipv6 ? 4 : 2)), len + 8 + (ipv6 ? 0 : kIp4));
			if (!ipv6) {
				EXPECT_EQ(be16(got[i], kEth + 4), (0xfffe + i) & 0xffff) << i;
			}
		}
	}
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 0), 0u);
}

TEST_F(NicOffload, WhatADriverMayLeaveToTheNicIsOffered)
{
	AvfDriver other(host[0].get(), 2, 2);
	uint32_t all = UINT32_MAX;
	struct virtchnl_vf_resource resource;
	Bytes answer;

	other.admin_queues();
	ASSERT_EQ(other.version(), 0);
	ASSERT_EQ(other.request(VIRTCHNL_OP_GET_VF_RESOURCES, &all, 4, &answer), 0);
	memcpy(&resource, answer.data(), sizeof(resource));
	for (uint64_t cap :
	     {VIRTCHNL_VF_OFFLOAD_USO, VIRTCHNL_VF_OFFLOAD_ENCAP, VIRTCHNL_VF_OFFLOAD_ENCAP_CSUM})
		EXPECT_TRUE(resource.vf_cap_flags & cap) << cap;
}

// Buffers end where they like: within the header, within a segment, at its border.
TEST_F(NicOffload, BuffersMayEndAnywhereInASegmentedPacket)
{
	Bytes whole = long_packet(false, 6100);

	describe(0, context1(6100, 1000));
	transmit(whole, data1(false, true, OFFLOAD_L4_TCP, kTcp),
		 {10, 40, 1004, 1, 999, 3000, 1100});
	expect_segments(whole, false, 1000);
}

TEST_F(NicOffload, SixtyKilobytesPass)
{
	Bytes whole = long_packet(false, 60000);

	describe(0, context1(60000, 1460));
	transmit(whole, data1(false, true, OFFLOAD_L4_TCP, kTcp), {54, 15000, 15000, 15000, 15000});
	expect_segments(whole, false, 1460);
}

TEST_F(NicOffload, TransportSumIsFilledWithoutSegmentation)
{
	for (bool ipv6 : {false, true})
		for (uint32_t payload : {0u, 1u, 333u, 1000u}) {
			size_t udp = kEth + (ipv6 ? kIp6 : kIp4);
			Bytes frame = left_to_nic(b->mac, a->mac, ipv6, 17, 8, payload);

			put16(frame, udp + 4, 8 + payload);
			put16(frame, udp + 6, pseudo(frame, ipv6, 17, 8 + payload));
			transmit(frame, data1(ipv6, true, OFFLOAD_L4_UDP, 8),
				 {(uint32_t)frame.size()});
			std::vector<Bytes> got = b->receive_frames();
			ASSERT_EQ(got.size(), 1u);
			got[0].resize(frame.size());
			expect_sums(got[0], ipv6, 17);
			EXPECT_NE(be16(got[0], udp + 6), 0u) << "0 would say that there is none";
		}
}

TEST_F(NicOffload, Ipv4SumIsLeftAloneUnlessAskedFor)
{
	Bytes frame = left_to_nic(b->mac, a->mac, false, 17, 8, 100);

	put16(frame, kEth + 10, 0x1234);
	transmit(frame, data1(false, false, OFFLOAD_L4_NONE, 0), {(uint32_t)frame.size()});
	EXPECT_EQ(b->receive_frames().at(0), frame);
}

TEST(TxOffload, SctpGetsItsCrc)
{
	struct tx_offload offload = {};
	Bytes whole(21);

	offload.l4 = OFFLOAD_L4_SCTP;
	memcpy(&whole[12], "123456789", 9);
	memset(&whole[8], 0xee, 4);
	tx_offload_apply(&offload, whole.data(), 21, 0, 1);
	Bytes again = whole;
	tx_offload_apply(&offload, again.data(), 21, 0, 1);
	EXPECT_EQ(again, whole) << "the field itself counts as zero";

	uint32_t crc = UINT32_MAX;
	Bytes zeroed = whole;
	memset(&zeroed[8], 0, 4);
	for (uint8_t byte : zeroed) {
		crc ^= byte;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	EXPECT_EQ(le32_get(&whole[8]), ~crc);
}

/* A NIC with fewer packets than two long packets have segments. */
class NicFewPackets : public NicOffload
{
protected:
	void configure() override
	{
		cfg.packets = 16;
	}
};

TEST_F(NicFewPackets, SegmentedPacketsWaitForPacketsAndAllArrive)
{
	Bytes whole = long_packet(false, 12000);
	size_t got = 0;

	for (uint32_t i = 0; i < 3; i++) {
		describe(0, context1(12000, 1000));
		transmit(whole, data1(false, true, OFFLOAD_L4_TCP, kTcp), {54, 12000});
	}
	for (uint32_t i = 0; i < 10; i++) {
		run_for(200 * PS_PER_US);
		got += b->receive_frames().size();
	}
	EXPECT_EQ(got, 36u);
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 0)->tx_errors, 0u);
}

TEST_F(NicFewPackets, ALongPacketHasItsTurnBesideManyShortOnes)
{
	Bytes whole = long_packet(false, 12000);
	AvfDriver c(host[0].get(), 1, 2), d(host[1].get(), 1, 3);
	std::vector<size_t> lengths; /* of frames as they come off the wire */

	c.bring_up();
	d.bring_up();
	traced.clear();
	sim.hooks.detail = sim.hooks.trace;
	host[0]->memory.write(a->tx_buffers, whole.data(), whole.size());
	describe(0, context1(12000, 1000));
	describe(a->tx_buffers, data1(false, true, OFFLOAD_L4_TCP, kTcp) | TXD1_CMD_EOP |
					field_put(TXD1_BUF_SIZE, whole.size()));
	for (uint32_t i = 0; i < 60; i++) {
		c.transmit(make_frame(d.mac, c.mac, i, 1400));
		if (i == 16)
			host[0]->write(0, QTX_TAIL1(0), a->tx_tail);
	}
	run_for(300 * PS_PER_US);
	for (const struct trace_event &event : traces_of(TRACE_WIRE_FRAME))
		if (event.arg[1])
			lengths.push_back(event.data_len);
	ASSERT_EQ(lengths.size(), 72u);
	EXPECT_EQ(std::count(lengths.begin(), lengths.end(), 1054u), 12);
	EXPECT_LE(std::find(lengths.begin(), lengths.end(), 1054u) - lengths.begin(), 17)
		<< "what was posted later did not go before it";
}

TEST_F(NicFewPackets, MoreSegmentsThanThereArePacketsAreCountedAndWrittenBack)
{
	Bytes whole = long_packet(false, 2000);

	describe(0, context1(2000, 100));
	transmit(whole, data1(false, true, OFFLOAD_L4_TCP, kTcp), {54, 2000});
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 0)->tx_errors, 1u);
	EXPECT_TRUE(a->tx_done(2));
	a->transmit(frame(1));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u) << "the queue goes on";
}
