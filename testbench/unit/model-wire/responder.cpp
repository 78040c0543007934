/* SPDX-License-Identifier: Apache-2.0 */
/* Requests built byte by byte, and what comes back (sums by their own arithmetic). */
#include "model/wire/responder.h"

#include <algorithm>

#include "testbench/unit/model-wire/wire_fixture.hpp"

namespace
{
constexpr uint8_t kMac[6] = {2, 0, 0, 0, 0, 9}, kAsker[6] = {2, 0, 0, 0, 0, 1};
using Bytes = std::vector<uint8_t>;

Bytes operator+(Bytes a, const Bytes &b)
{
	a.insert(a.end(), b.begin(), b.end());
	return a;
}

Bytes mac(const uint8_t (&address)[6])
{
	return Bytes(address, address + 6);
}

Bytes u16(uint32_t value)
{
	return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

/* One's complement sum of 16-bit words, complemented. */
uint32_t checksum(Bytes bytes)
{
	uint32_t sum = 0;

	if (bytes.size() % 2)
		bytes.push_back(0);
	for (size_t i = 0; i < bytes.size(); i += 2) {
		sum += bytes[i] * 256u + bytes[i + 1];
		sum = sum % 65536 + sum / 65536;
	}
	return 65535 - sum;
}

void overwrite(Bytes *bytes, size_t at, const Bytes &with)
{
	std::copy(with.begin(), with.end(), bytes->begin() + static_cast<ptrdiff_t>(at));
}

Bytes with_sum(Bytes bytes, size_t at, const Bytes &pseudo = {})
{
	overwrite(&bytes, at, u16(0));
	overwrite(&bytes, at, u16(checksum(pseudo + bytes)));
	return bytes;
}

Bytes ethernet(const Bytes &to, const Bytes &from, uint32_t type, const Bytes &payload)
{
	return to + from + u16(type) + payload;
}

const Bytes kAsks4 = {10, 0, 0, 1}, kAsked4 = {10, 0, 0, 2};
const Bytes kAsks6 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
const Bytes kAsked6 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

Bytes arp(uint32_t operation, const Bytes &from_mac, const Bytes &from, const Bytes &to_mac,
	  const Bytes &to)
{
	return u16(1) + u16(0x800) + Bytes{6, 4} + u16(operation) + from_mac + from + to_mac + to;
}

Bytes ipv4(const Bytes &from, const Bytes &to, uint8_t proto, const Bytes &payload,
	   uint32_t fragment = 0, uint8_t hops = 64)
{
	return with_sum(Bytes{0x45, 0} + u16(20 + static_cast<uint32_t>(payload.size())) + u16(7) +
				u16(fragment) + Bytes{hops, proto, 0, 0} + from + to,
			10) +
	       payload;
}

Bytes pseudo6(const Bytes &from, const Bytes &to, uint8_t proto, size_t len)
{
	return from + to + Bytes{0, 0} + u16(static_cast<uint32_t>(len)) + Bytes{0, 0, 0, proto};
}

Bytes ipv6(const Bytes &from, const Bytes &to, uint8_t proto, const Bytes &payload,
	   uint8_t hops = 64)
{
	return Bytes{0x60, 0, 0, 0} + u16(static_cast<uint32_t>(payload.size())) +
	       Bytes{proto, hops} + from + to + payload;
}

Bytes icmp(uint8_t type, const Bytes &rest)
{
	return with_sum(Bytes{type, 0, 0, 0} + rest, 2);
}

Bytes icmpv6(const Bytes &from, const Bytes &to, uint8_t type, const Bytes &rest, uint8_t hops = 64)
{
	Bytes message = Bytes{type, 0, 0, 0} + rest;

	return ipv6(from, to, 58, with_sum(message, 2, pseudo6(from, to, 58, message.size())),
		    hops);
}

const Bytes kPing = Bytes{0x12, 0x34, 0, 1} + Bytes(57, 0x5a);
} // namespace

class WireResponder : public WireBackend
{
protected:
	void SetUp() override
	{
		WireBackend::SetUp();
		struct responder_cfg cfg = {};

		memcpy(cfg.mac, kMac, 6);
		cfg.delay_ps = 2 * PS_PER_US;
		cfg.packets = 4;
		attach(responder_create(&part, &cfg));
	}
	/* The one answer to a frame; empty: there is none. */
	Bytes ask(const Bytes &frame)
	{
		uint64_t ignored = backend->counters.ignored;

		sent.clear();
		deliver(frame);
		run_for(PS_PER_MS);
		EXPECT_LE(sent.size(), 1u);
		EXPECT_EQ(backend->counters.ignored - ignored, sent.empty() ? 1u : 0u);
		return sent.empty() ? Bytes() : sent[0].frame;
	}
	static Bytes to_it(uint32_t type, const Bytes &payload)
	{
		return ethernet(mac(kMac), mac(kAsker), type, payload);
	}
	static Bytes from_it(uint32_t type, const Bytes &payload)
	{
		return ethernet(mac(kAsker), mac(kMac), type, payload);
	}
	const Bytes all_ = Bytes(6, 0xff);
};

TEST_F(WireResponder, AnArpRequestForAnyAddressIsAnsweredWithItsMac)
{
	Bytes request = ethernet(all_, mac(kAsker), 0x806,
				 arp(1, mac(kAsker), kAsks4, Bytes(6, 0), kAsked4));
	Bytes padded = request + Bytes(18, 0);

	EXPECT_EQ(ask(request), from_it(0x806, arp(2, mac(kMac), kAsked4, mac(kAsker), kAsks4)));
	EXPECT_EQ(ask(padded).size(), 60u) << "padding stays";
}

TEST_F(WireResponder, AnswersComeAfterItsDelay)
{
	deliver(ethernet(all_, mac(kAsker), 0x806,
			 arp(1, mac(kAsker), kAsks4, Bytes(6, 0), kAsked4)));
	run_for(2 * PS_PER_US - 1);
	EXPECT_TRUE(sent.empty());
	run_for(1);
	ASSERT_EQ(sent.size(), 1u);
}

TEST_F(WireResponder, ArpProbesAnnouncementsAndRepliesGetNoAnswer)
{
	const Bytes none(4, 0), nobody(6, 0);

	for (const Bytes &message : {arp(1, mac(kAsker), none, nobody, kAsked4),
				     arp(1, mac(kAsker), kAsks4, nobody, kAsks4),
				     arp(2, mac(kAsker), kAsks4, mac(kMac), kAsked4)})
		EXPECT_TRUE(ask(ethernet(all_, mac(kAsker), 0x806, message)).empty());
	Bytes other = arp(1, mac(kAsker), kAsks4, nobody, kAsked4);
	other[4] = 8; /* hardware addresses of another length */
	EXPECT_TRUE(ask(ethernet(all_, mac(kAsker), 0x806, other)).empty());
	other = arp(1, mac(kAsker), kAsks4, nobody, kAsked4);
	other.resize(27);
	EXPECT_TRUE(ask(ethernet(all_, mac(kAsker), 0x806, other)).empty()) << "cut";
}

TEST_F(WireResponder, APingIsAnswered)
{
	EXPECT_EQ(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 1, icmp(8, kPing), 0, 3))),
		  from_it(0x800, ipv4(kAsked4, kAsks4, 1, icmp(0, kPing))));
}

TEST_F(WireResponder, APingOfAVlanComesBackInIt)
{
	Bytes request = to_it(0x800, ipv4(kAsks4, kAsked4, 1, icmp(8, kPing)));

	EXPECT_EQ(ask(tagged(request, 0x2007)),
		  tagged(from_it(0x800, ipv4(kAsked4, kAsks4, 1, icmp(0, kPing))), 0x2007));
}

TEST_F(WireResponder, PingsThatAreDamagedCutFragmentsOrForOthersGetNoAnswer)
{
	const Bytes good = to_it(0x800, ipv4(kAsks4, kAsked4, 1, icmp(8, kPing)));

	ASSERT_FALSE(ask(good).empty());
	for (size_t at = 14; at < good.size(); at++) {
		Bytes bad = good;

		bad[at] ^= 0x40;
		EXPECT_TRUE(ask(bad).empty()) << "byte " << at;
	}
	for (size_t len = 14; len < good.size(); len++)
		EXPECT_TRUE(ask(Bytes(good.begin(), good.begin() + len)).empty()) << len;
	EXPECT_TRUE(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 1, icmp(8, kPing), 0x2000))).empty())
		<< "a first fragment";
	EXPECT_TRUE(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 1, icmp(0, kPing)))).empty())
		<< "an answer";
	EXPECT_TRUE(ask(ethernet(mac(kAsker), mac(kAsker), 0x800,
				 ipv4(kAsks4, kAsked4, 1, icmp(8, kPing))))
			    .empty())
		<< "another station's";
	EXPECT_TRUE(
		ask(ethernet(all_, mac(kAsker), 0x800, ipv4(kAsks4, kAsked4, 1, icmp(8, kPing))))
			.empty())
		<< "everybody's";
	EXPECT_TRUE(ask(ethernet(mac(kMac), all_, 0x800, ipv4(kAsks4, kAsked4, 1, icmp(8, kPing))))
			    .empty())
		<< "from a group";
}

TEST_F(WireResponder, UdpOfTheEchoPortComesBack)
{
	const Bytes payload(33, 0x77);
	const Bytes length = u16(8 + 33), pseudo4 = Bytes{0, 17} + length;
	Bytes there = u16(4000) + u16(7) + length + u16(0) + payload;
	Bytes back = u16(7) + u16(4000) + length + u16(0) + payload;

	EXPECT_EQ(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 17, there))),
		  from_it(0x800, ipv4(kAsked4, kAsks4, 17, back)))
		<< "without a sum";
	EXPECT_EQ(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 17,
					with_sum(there, 6, kAsks4 + kAsked4 + pseudo4)))),
		  from_it(0x800, ipv4(kAsked4, kAsks4, 17,
				      with_sum(back, 6, kAsked4 + kAsks4 + pseudo4))));
	EXPECT_TRUE(ask(to_it(0x86dd, ipv6(kAsks6, kAsked6, 17, there))).empty())
		<< "IPv6 wants a sum";
	EXPECT_EQ(ask(to_it(0x86dd, ipv6(kAsks6, kAsked6, 17,
					 with_sum(there, 6, pseudo6(kAsks6, kAsked6, 17, 41))))),
		  from_it(0x86dd, ipv6(kAsked6, kAsks6, 17,
				       with_sum(back, 6, pseudo6(kAsked6, kAsks6, 17, 41)))));
	there[3] = 8;
	EXPECT_TRUE(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 17, there))).empty()) << "port 8";
	there[3] = 7;
	there[0] = 0, there[1] = 7;
	EXPECT_TRUE(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 17, there))).empty())
		<< "two echo ports would never end";
	there[1] = 8;
	there[6] = 0x12;
	EXPECT_TRUE(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 17, there))).empty()) << "a wrong sum";
}

TEST_F(WireResponder, APingOfIpv6IsAnswered)
{
	EXPECT_EQ(ask(to_it(0x86dd, icmpv6(kAsks6, kAsked6, 128, kPing))),
		  from_it(0x86dd, icmpv6(kAsked6, kAsks6, 129, kPing)));
	Bytes group = kAsked6;
	group[0] = 0xff;
	EXPECT_TRUE(ask(to_it(0x86dd, icmpv6(kAsks6, group, 128, kPing))).empty());
}

TEST_F(WireResponder, ANeighbourSolicitationIsAnsweredWithItsMac)
{
	const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 2};
	const Bytes group = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2};
	const Bytes asks = Bytes(4, 0) + kAsked6 + Bytes{1, 1} + mac(kAsker);
	const Bytes bare = Bytes(4, 0) + kAsked6;
	const Bytes tells = from_it(
		0x86dd, icmpv6(kAsked6, kAsks6, 136,
			       Bytes{0x60, 0, 0, 0} + kAsked6 + Bytes{2, 1} + mac(kMac), 255));
	auto solicit = [&](const Bytes &from, const Bytes &message, uint8_t hops = 255) {
		return ask(ethernet(mac(group_mac), mac(kAsker), 0x86dd,
				    icmpv6(from, group, 135, message, hops)));
	};

	EXPECT_EQ(solicit(kAsks6, asks), tells);
	EXPECT_EQ(solicit(kAsks6, bare), tells) << "the sender's address is no must";
	EXPECT_TRUE(solicit(Bytes(16, 0), bare).empty()) << "duplicate address detection";
	EXPECT_TRUE(solicit(kAsks6, asks, 64).empty()) << "from beyond the link";
}

TEST_F(WireResponder, WhatItDoesNotKnowIsIgnored)
{
	EXPECT_TRUE(ask(Bytes(14, 0)).empty());
	EXPECT_TRUE(ask(to_it(0x88cc, Bytes(50, 1))).empty());
	EXPECT_TRUE(ask(to_it(0x800, ipv4(kAsks4, kAsked4, 6, Bytes(40, 0)))).empty());
	EXPECT_TRUE(ask(test_frame(0, 0)).empty());
}

TEST_F(WireResponder, WhatItCannotHoldIsLostWithACause)
{
	const Bytes request = to_it(0x800, ipv4(kAsks4, kAsked4, 1, icmp(8, kPing)));

	for (int i = 0; i < 6; i++)
		deliver(request);
	EXPECT_EQ(backend->counters.starved, 2u);
	EXPECT_EQ(traces_of(TRACE_PACKET_DROPPED).size(), 2u);
	run_for(PS_PER_MS);
	EXPECT_EQ(sent.size(), 4u);
}
