/* SPDX-License-Identifier: Apache-2.0 */
/* What a receive descriptor tells of a frame's headers. */
#include "model/nic/rx_status.h"

#include <gmock/gmock.h>

#include <set>

#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
void put16(Bytes &frame, size_t at, uint32_t value)
{
	frame.at(at) = (uint8_t)(value >> 8);
	frame.at(at + 1) = (uint8_t)value;
}

/* The test's own sum: bytes one by one, the carry at once. */
uint32_t sum(const Bytes &frame, size_t from, size_t to, uint32_t start = 0)
{
	uint32_t value = start;

	for (size_t i = from; i < to; i++) {
		value += (i - from) % 2 ? frame[i] : frame[i] << 8;
		value = value > 0xffff ? value - 0xffff : value;
	}
	return value;
}

uint32_t crc(const Bytes &frame, size_t from)
{
	uint32_t value = ~0u;

	for (size_t i = from; i < frame.size(); i++)
		for (uint32_t bit = 0; bit < 8; bit++) {
			bool one = (value ^ frame[i] >> bit) & 1;

			value = value >> 1 ^ (one ? 0x82f63b78u : 0);
		}
	return ~value;
}

struct Packet {
	uint32_t version, proto;
	size_t ip_bytes; /* with options or extension headers */
	Bytes bytes;

	size_t L4() const
	{
		return 14 + ip_bytes;
	}
	void Seal()
	{
		size_t field = L4() + (proto == 6 ? 16 : proto == 17 ? 6 : 8);
		uint32_t l4_bytes = (uint32_t)(bytes.size() - L4());
		size_t from = 14 + (version == 6 ? 8 : 12), to = from + (version == 6 ? 32 : 8);

		if (version == 4) {
			put16(bytes, 24, 0);
			put16(bytes, 24, ~sum(bytes, 14, L4()) & 0xffff);
		}
		if (proto == 132) {
			le32_put(&bytes[field], 0);
			le32_put(&bytes[field], crc(bytes, L4()));
		} else if (proto == 6 || proto == 17) {
			uint32_t pseudo = sum(bytes, from, to) + proto + l4_bytes;

			put16(bytes, field, 0);
			while (pseudo > 0xffff)
				pseudo = (pseudo & 0xffff) + (pseudo >> 16);
			put16(bytes, field, ~sum(bytes, L4(), bytes.size(), pseudo) & 0xffff);
		}
	}
};

/* Right in every sum. */
Packet Make(uint32_t version, uint32_t proto, uint32_t payload = 101, size_t more = 0)
{
	Packet p = {version, proto, (version == 6 ? 40 : 20) + more, {}};
	uint32_t l4_bytes = (proto == 6 ? 20 : proto == 17 ? 8 : proto == 132 ? 12 : 8) + payload;

	p.bytes.resize(p.L4() + l4_bytes);
	for (size_t i = 0; i < p.bytes.size(); i++)
		p.bytes[i] = (uint8_t)(i * 37 + 11);
	put16(p.bytes, 12, version == 6 ? 0x86dd : 0x0800);
	if (version == 4) {
		p.bytes[14] = (uint8_t)(0x40 | p.ip_bytes / 4);
		put16(p.bytes, 16, (uint32_t)(p.ip_bytes + l4_bytes));
		put16(p.bytes, 20, 0x4000); // Don't Fragment
		p.bytes[23] = (uint8_t)proto;
	} else {
		p.bytes[14] = 0x60;
		put16(p.bytes, 18, (uint32_t)(more + l4_bytes));
		p.bytes[20] = (uint8_t)proto;
	}
	p.Seal();
	return p;
}

/* Hop-by-hop options of 8 bytes, a routing header of 16, then UDP. */
Packet WithExtensions()
{
	Packet p = Make(6, 17, 64, 24);

	p.bytes[20] = 0;
	p.bytes[54] = 43;
	p.bytes[55] = 0;
	p.bytes[62] = 17;
	p.bytes[63] = 1;
	p.Seal();
	return p;
}

struct rx_status look(const Bytes &frame)
{
	return rx_status_get(frame.data(), (uint32_t)frame.size());
}

/* "ptype", and what is said of sums: c(hecked), i(p error), l(4 error). */
std::string said(const Bytes &frame)
{
	struct rx_status status = look(frame);

	return std::to_string(status.ptype) + (status.checked ? "c" : "") +
	       (status.ip_error ? "i" : "") + (status.l4_error ? "l" : "");
}
} // namespace

TEST(RxStatus, EachPacketHasItsType)
{
	EXPECT_EQ(said(Make(4, 6).bytes), "26c");
	EXPECT_EQ(said(Make(4, 17).bytes), "24c");
	EXPECT_EQ(said(Make(4, 132).bytes), "27c");
	EXPECT_EQ(said(Make(4, 1).bytes), "28c");
	EXPECT_EQ(said(Make(4, 47).bytes), "23c");
	EXPECT_EQ(said(Make(4, 58).bytes), "23c");
	EXPECT_EQ(said(Make(6, 6).bytes), "92c");
	EXPECT_EQ(said(Make(6, 17).bytes), "90c");
	EXPECT_EQ(said(Make(6, 132).bytes), "93c");
	EXPECT_EQ(said(Make(6, 58).bytes), "94c");
	EXPECT_EQ(said(Make(6, 47).bytes), "89c");
	EXPECT_EQ(said(Make(6, 1).bytes), "89c");
	Bytes arp = Make(4, 6).bytes, lldp = arp;
	put16(arp, 12, 0x0806);
	put16(lldp, 12, 0x88cc);
	EXPECT_EQ(said(arp), "11");
	EXPECT_EQ(said(lldp), "1");
}

TEST(RxStatus, EveryByteThatASumCoversCounts)
{
	for (uint32_t version : {4u, 6u})
		for (uint32_t proto : {6u, 17u, 132u}) {
			Packet p = Make(version, proto);
			const std::string right = said(p.bytes);

			for (size_t at = p.L4(); at < p.bytes.size(); at++) {
				Bytes broken = p.bytes;

				broken[at] ^= 0x10;
				EXPECT_EQ(said(broken), right + "l") << version << proto << at;
			}
			// Addresses are in the pseudo header of TCP and UDP, and in IPv4's own sum.
			for (size_t at = p.L4() - 8; at < p.L4(); at++) {
				Bytes broken = p.bytes;

				broken[at] ^= 0x10;
				EXPECT_EQ(said(broken), right + (version == 4 ? "i" : "") +
								(proto == 132 ? "" : "l"))
					<< version << proto << at;
			}
		}
}

TEST(RxStatus, OptionsAndTagsAreLookedPast)
{
	Packet p = Make(4, 6, 100, 12);
	Bytes tagged = p.bytes, broken;

	EXPECT_EQ(said(p.bytes), "26c");
	tagged.insert(tagged.begin() + 12, {0x81, 0, 0, 5});
	EXPECT_EQ(said(tagged), "26c");
	broken = tagged;
	broken[18 + 24] ^= 1; // an option
	EXPECT_EQ(said(broken), "26ci");
	broken = tagged;
	broken.back() ^= 1;
	EXPECT_EQ(said(broken), "26cl");
	p.bytes[14] ^= 0x10; // version 5, with a right sum
	p.Seal();
	EXPECT_EQ(said(p.bytes), "26ci");
}

TEST(RxStatus, Ipv6ExtensionHeadersAreLookedPast)
{
	Packet p = WithExtensions();

	EXPECT_EQ(said(p.bytes), "90c");
	p.bytes.back() ^= 1;
	EXPECT_EQ(said(p.bytes), "90cl");
	p.bytes[62] = 44; // a fragment header follows
	EXPECT_EQ(said(p.bytes), "88c");
	p.bytes[63] = 255; // a header beyond the frame
	p.bytes[62] = 17;
	EXPECT_EQ(said(p.bytes), "90cl");
}

TEST(RxStatus, FragmentsHaveNoSumOfTheirOwn)
{
	for (uint32_t offset : {0x2000u, 0x0001u}) {
		Packet p = Make(4, 17);

		put16(p.bytes, 20, offset);
		p.Seal();
		p.bytes.back() ^= 1;
		EXPECT_EQ(said(p.bytes), "22c") << offset;
	}
}

TEST(RxStatus, UdpWithoutASumIsRightOverIpv4Alone)
{
	for (uint32_t version : {4u, 6u}) {
		Packet p = Make(version, 17);

		put16(p.bytes, p.L4() + 6, 0);
		EXPECT_EQ(said(p.bytes), version == 4 ? "24c" : "90cl");
	}
}

TEST(RxStatus, PaddingIsNotThePackets)
{
	Packet p = Make(4, 6, 1);

	p.bytes.resize(p.bytes.size() + 5, 0xee);
	EXPECT_EQ(said(p.bytes), "26c");
}

TEST(RxStatus, WhatIsCutIsWrong)
{
	for (uint32_t proto : {6u, 17u, 132u}) {
		Packet p = Make(4, proto, 0), empty = p;

		p.bytes.pop_back();
		EXPECT_NE(said(p.bytes).find('l'), std::string::npos) << proto;
		put16(empty.bytes, 16, 20 + 4); // the IP packet ends within the header
		empty.Seal();
		EXPECT_NE(said(empty.bytes).find('l'), std::string::npos) << proto;
		put16(empty.bytes, 16, 7); // or within IP's own
		empty.Seal();
		EXPECT_NE(said(empty.bytes).find('l'), std::string::npos) << proto;
	}
}

TEST(RxStatus, NoLengthOfAFrameReadsBeyondIt)
{
	const Packet packets[] = {Make(4, 6), Make(4, 6, 100, 12), Make(6, 17), Make(4, 132),
				  WithExtensions()};
	std::set<std::string> seen;

	for (const Packet &packet : packets)
		for (size_t len = 0; len <= packet.bytes.size(); len++) {
			Bytes frame(packet.bytes.begin(), packet.bytes.begin() + (long)len);

			frame.shrink_to_fit();
			seen.insert(said(frame));
		}
	// "89c": of the extension headers only some are there.
	EXPECT_EQ(seen,
		  (std::set<std::string>{"1", "26c", "26cl", "90c", "90cl", "27c", "27cl", "89c"}));
}

TEST_F(NicTraffic, TheLastDescriptorTellsTypeAndSums)
{
	Bytes right = Make(4, 6, 3000).bytes, wrong = right, ip = right;
	std::vector<uint64_t> words;

	memcpy(right.data(), b->mac, 6);
	wrong = ip = right;
	wrong.back() ^= 1;
	ip[22] ^= 1; // time to live
	for (const Bytes &frame : {right, wrong, ip})
		a->transmit(frame);
	run_for(PS_PER_MS);
	for (uint32_t i = 0; i < 6; i++)
		words.push_back(host[1]->memory.read64(b->rx_ring + i * RXD_BYTES + 8));
	ASSERT_TRUE(words[1] & RXD1_EOP);
	EXPECT_EQ(field_get(RXD1_PTYPE, words[0]), 0u) << "not in the first of two";
	EXPECT_EQ(field_get(RXD1_PTYPE, words[1]), 26u);
	const uint64_t sums = RXD1_L3L4P | RXD1_IPE | RXD1_L4E;
	EXPECT_EQ(words[1] & sums, RXD1_L3L4P);
	EXPECT_EQ(words[3] & sums, RXD1_L3L4P | RXD1_L4E);
	EXPECT_EQ(words[5] & sums, RXD1_L3L4P | RXD1_IPE);
}
