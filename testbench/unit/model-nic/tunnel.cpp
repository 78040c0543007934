/* SPDX-License-Identifier: Apache-2.0 */
/* Packets within packets: what a driver leaves to the NIC of both. */
#include "testbench/unit/model-nic/offload_fixture.h"

namespace
{
struct Tunnel {
	const char *name;
	bool outer6, inner6;
	uint32_t kind;    /* TXC_L4TUNT_* */
	uint32_t between; /* bytes from the outer IP header's end to the inner IP header */
	bool udp_sum;

	uint32_t OuterIp() const
	{
		return outer6 ? kIp6 : kIp4;
	}
	uint32_t InnerIp() const
	{
		return kEth + OuterIp() + between;
	}
	uint32_t InnerL4() const
	{
		return InnerIp() + (inner6 ? kIp6 : kIp4);
	}
	uint64_t Context0() const
	{
		return field_put(TXC0_EIPT, outer6 ? TXD_IIPT_IPV6 : TXD_IIPT_IPV4_CSUM) |
		       field_put(TXC0_EIPLEN, OuterIp() / 4) | field_put(TXC0_L4TUNT, kind) |
		       field_put(TXC0_L4TUNLEN, between / 2) | (udp_sum ? TXC0_L4T_CS : 0);
	}
};

/* From the 14 bytes before the inner IP header on: what the helpers take for a frame. */
Bytes inner_of(const Tunnel &tunnel, const Bytes &frame)
{
	return Bytes(frame.begin() + tunnel.InnerIp() - kEth, frame.end());
}
} // namespace

class NicTunnel : public NicDescribed
{
protected:
	/* Both IP headers; sums of the pseudo headers with the lengths, or without. */
	Bytes packet(const Tunnel &tunnel, uint32_t proto, uint32_t l4_bytes, uint32_t payload,
		     bool lengths)
	{
		uint32_t outer_proto = tunnel.kind == TXC_L4TUNT_UDP   ? 17
				       : tunnel.kind == TXC_L4TUNT_GRE ? 47
				       : tunnel.inner6                 ? 41
								       : 4;
		Bytes inner = left_to_nic(b->mac, a->mac, tunnel.inner6, proto, l4_bytes, payload);
		Bytes frame =
			left_to_nic(b->mac, a->mac, tunnel.outer6, outer_proto, tunnel.between, 0);
		uint32_t l4 = l4_bytes + payload;

		put16(inner, kEth + (tunnel.inner6 ? kIp6 : kIp4) + (proto == 6 ? 16 : 6),
		      pseudo(inner, tunnel.inner6, proto, lengths ? l4 : 0));
		frame.insert(frame.end(), inner.begin() + kEth, inner.end());
		if (tunnel.inner6)
			put16(frame, tunnel.InnerIp() + 4, l4);
		else
			put16(frame, tunnel.InnerIp() + 2, kIp4 + l4);
		uint32_t outer_l4 = (uint32_t)frame.size() - kEth - tunnel.OuterIp();
		put16(frame, kEth + (tunnel.outer6 ? 4 : 2), outer_l4 + (tunnel.outer6 ? 0 : kIp4));
		if (tunnel.kind == TXC_L4TUNT_UDP)
			put16(frame, kEth + tunnel.OuterIp() + 4, outer_l4);
		if (tunnel.udp_sum)
			put16(frame, kEth + tunnel.OuterIp() + 6,
			      pseudo(frame, tunnel.outer6, 17, lengths ? outer_l4 : 0));
		return frame;
	}
	void expect_outer(const Tunnel &tunnel, const Bytes &frame)
	{
		uint32_t l4 = kEth + tunnel.OuterIp();
		uint32_t l4_bytes = (uint32_t)frame.size() - l4;

		EXPECT_EQ(be16(frame, kEth + (tunnel.outer6 ? 4 : 2)),
			  l4_bytes + (tunnel.outer6 ? 0 : kIp4));
		if (!tunnel.outer6) {
			EXPECT_EQ(sum_of(frame, kEth, l4), 0xffffu);
		}
		if (tunnel.kind == TXC_L4TUNT_UDP) {
			EXPECT_EQ(be16(frame, l4 + 4), l4_bytes);
		}
		if (tunnel.udp_sum)
			expect_sums(frame, tunnel.outer6, 17);
		else if (tunnel.kind == TXC_L4TUNT_UDP) {
			EXPECT_EQ(be16(frame, l4 + 6), 0u) << "not asked for";
		}
	}
	/* TCP of `payload` bytes, in segments of `mss`. */
	std::vector<Bytes> cut(const Tunnel &tunnel, uint32_t payload, uint32_t mss, uint64_t more)
	{
		Bytes whole = packet(tunnel, 6, kTcp, payload, false);

		whole[tunnel.InnerL4() + 12] = 0x50;
		put16(whole, tunnel.InnerL4() + 6, 0x1234);
		describe(tunnel.Context0() | more, context1(payload, mss));
		transmit(whole, data1(tunnel.inner6, true, OFFLOAD_L4_TCP, kTcp),
			 {tunnel.InnerL4() + kTcp, payload});
		return b->receive_frames();
	}
};

class NicTunnels : public NicTunnel, public testing::WithParamInterface<Tunnel>
{
};

TEST_P(NicTunnels, SumsOfBothPacketsAreFilled)
{
	const Tunnel &tunnel = GetParam();

	for (uint32_t payload : {100u, 333u}) {
		Bytes frame = packet(tunnel, 17, 8, payload, true);

		put16(frame, tunnel.InnerL4() + 4, 8 + payload);
		describe(tunnel.Context0(), TXD_DTYPE_CONTEXT);
		transmit(frame, data1(tunnel.inner6, true, OFFLOAD_L4_UDP, 8),
			 {(uint32_t)frame.size()});
		std::vector<Bytes> got = b->receive_frames();
		ASSERT_EQ(got.size(), 1u);
		ASSERT_EQ(got[0].size(), frame.size());
		expect_sums(inner_of(tunnel, got[0]), tunnel.inner6, 17);
		expect_outer(tunnel, got[0]);
		EXPECT_EQ(Bytes(got[0].end() - payload, got[0].end()),
			  Bytes(frame.end() - payload, frame.end()));
	}
}

TEST_P(NicTunnels, LongTcpPacketLeavesAsSegmentsEachInItsTunnel)
{
	const Tunnel &tunnel = GetParam();
	std::vector<Bytes> got = cut(tunnel, 3100, 1001, 0);

	ASSERT_EQ(got.size(), 4u);
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t len = i < 3 ? 1001 : 97;

		SCOPED_TRACE(i);
		ASSERT_EQ(got[i].size(), tunnel.InnerL4() + kTcp + len);
		expect_sums(inner_of(tunnel, got[i]), tunnel.inner6, 6);
		expect_outer(tunnel, got[i]);
		EXPECT_EQ(be32(got[i], tunnel.InnerL4() + 4), 0x1234 + i * 1001);
		EXPECT_EQ(be16(got[i], tunnel.InnerIp() + (tunnel.inner6 ? 4 : 2)),
			  kTcp + len + (tunnel.inner6 ? 0 : kIp4));
		if (!tunnel.inner6) {
			EXPECT_EQ(be16(got[i], tunnel.InnerIp() + 4), (0xfffe + i) & 0xffff);
		}
		if (!tunnel.outer6) {
			EXPECT_EQ(be16(got[i], kEth + 4), (0xfffe + i) & 0xffff);
		}
	}
}

INSTANTIATE_TEST_SUITE_P(
	Kinds, NicTunnels,
	testing::Values(Tunnel{"Vxlan", false, false, TXC_L4TUNT_UDP, 30, false},
			Tunnel{"VxlanWithSum", false, false, TXC_L4TUNT_UDP, 30, true},
			Tunnel{"VxlanOverIpv6WithSum", true, false, TXC_L4TUNT_UDP, 30, true},
			Tunnel{"Ipv6InVxlan", false, true, TXC_L4TUNT_UDP, 30, false},
			Tunnel{"Ipv6InVxlanOverIpv6WithSum", true, true, TXC_L4TUNT_UDP, 30, true},
			Tunnel{"Gre", false, false, TXC_L4TUNT_GRE, 4, false},
			Tunnel{"EthernetInGreOverIpv6", true, false, TXC_L4TUNT_GRE, 22, false},
			Tunnel{"IpInIp", false, false, TXC_L4TUNT_NONE, 0, false},
			Tunnel{"Ipv6InIpv4", false, true, TXC_L4TUNT_NONE, 0, false}),
	[](const testing::TestParamInfo<Tunnel> &one) { return std::string(one.param.name); });

class NicVxlan : public NicTunnel
{
protected:
	const Tunnel vxlan = {"", false, false, TXC_L4TUNT_UDP, 30, false};
};

TEST_F(NicVxlan, SegmentsHaveOneOuterIdIfTheDriverWantsIt)
{
	std::vector<Bytes> got = cut(vxlan, 3000, 1000, TXC0_EIP_NOINC);

	ASSERT_EQ(got.size(), 3u);
	for (uint32_t i = 0; i < 3; i++) {
		EXPECT_EQ(be16(got[i], kEth + 4), 0xfffeu);
		EXPECT_EQ(be16(got[i], vxlan.InnerIp() + 4), (0xfffe + i) & 0xffff);
		expect_outer(vxlan, got[i]);
	}
}

TEST_F(NicVxlan, OuterIpv4SumIsLeftAloneUnlessAskedFor)
{
	Bytes frame = packet(vxlan, 17, 8, 100, true);

	put16(frame, kEth + 10, 0x1234);
	describe((vxlan.Context0() & ~TXC0_EIPT) | field_put(TXC0_EIPT, TXD_IIPT_IPV4),
		 TXD_DTYPE_CONTEXT);
	transmit(frame, data1(false, false, OFFLOAD_L4_NONE, 0), {(uint32_t)frame.size()});
	EXPECT_EQ(b->receive_frames().at(0), frame);
}

TEST_F(NicVxlan, WhatContradictsItselfIsMalicious)
{
	uint64_t good = vxlan.Context0();
	const struct {
		uint64_t context0;
		enum mdd_event event;
	} cases[] = {
		{good & ~TXC0_EIPT, MDD_BAD_CONTEXT},
		{good | TXC0_L4TUNT, MDD_BAD_CONTEXT},
		{(good & ~TXC0_L4TUNT) | field_put(TXC0_L4TUNT, TXC_L4TUNT_GRE) | TXC0_L4T_CS,
		 MDD_BAD_CONTEXT},
		{TXC0_L4T_CS, MDD_BAD_CONTEXT},
		{good | TXC0_DECTTL, MDD_BAD_CONTEXT},
		{(good & ~TXC0_EIPLEN) | field_put(TXC0_EIPLEN, 4), MDD_BAD_HEADER},
		{(good & ~TXC0_EIPT) | field_put(TXC0_EIPT, TXD_IIPT_IPV6), MDD_BAD_HEADER},
		{(good & ~TXC0_L4TUNLEN) | field_put(TXC0_L4TUNLEN, 3), MDD_BAD_HEADER},
		{good | TXC0_L4TUNLEN, MDD_BAD_HEADER},
	};

	for (const auto &one : cases) {
		struct tx_offload offload = tx_offload_decode(
			data1(false, true, OFFLOAD_L4_TCP, kTcp), one.context0, 0);

		EXPECT_EQ(tx_offload_check(&offload, 200), one.event) << std::hex << one.context0;
	}
	struct tx_offload offload =
		tx_offload_decode(data1(false, true, OFFLOAD_L4_TCP, kTcp), good, 0);
	EXPECT_EQ(tx_offload_check(&offload, 14 + 20 + 30 + 20 + 20), MDD_NONE);
	EXPECT_EQ(tx_offload_check(&offload, 14 + 20 + 30 + 20 + 19), MDD_BAD_HEADER);
}
