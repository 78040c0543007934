// SPDX-License-Identifier: Apache-2.0
// The NIC's data path against testbench/support/packet_reference: random packets with random
// offloads, buffers and tags, from two VFs of one host to two of another, which have two
// queues each. What arrives, and what its descriptors tell, is what the reference says.
#include "testbench/support/packet_reference.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "pf-firmware/vlan_format.h"
#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
using reference::L4;
using reference::Layout;
using reference::Packet;
using Random = std::mt19937_64;

constexpr uint32_t kQueues = 2, kRing = 64, kSlot = 2048, kShortest = 60;

struct Arrived {
	Packet bytes;
	uint32_t queue = 0;
	uint64_t word0 = 0, word1 = 0; // of its last descriptor
};

// A VF with two queues. Its rings and buffers are in the last MiB of its region.
class Vf
{
public:
	Vf(NicHost *host, uint32_t vf, uint32_t buffer_bytes)
		: driver(host, vf, vf), buffer_bytes(buffer_bytes),
		  base((vf + 1) * (UINT64_C(4) << 20) + (3 << 20))
	{
	}
	void bring_up(Random &random)
	{
		driver.admin_queues();
		ASSERT_EQ(driver.version(), 0);
		ASSERT_EQ(driver.resources(), 0);
		ASSERT_EQ(driver.add_mac(driver.mac), 0);
		configure();
		if (buffer_bytes != kSlot)
			set(VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2);
		set(VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2);
		for (size_t i = 0; i < VIRTCHNL_RSS_KEY_BYTES; i++)
			key.push_back(static_cast<uint8_t>(random()));
		for (size_t i = 0; i < VIRTCHNL_RSS_LUT_ENTRIES; i++)
			lut.push_back(random() % kQueues);
		table(VIRTCHNL_OP_CONFIG_RSS_KEY, key);
		table(VIRTCHNL_OP_CONFIG_RSS_LUT, lut);
	}
	/* The longest frame that it receives, in five buffers. */
	size_t longest() const
	{
		return 5 * buffer_bytes;
	}
	bool strips() const
	{
		return buffer_bytes != kSlot;
	}
	void describe(uint32_t queue, uint64_t word0, uint64_t word1)
	{
		uint64_t word[2] = {word0, word1};

		driver.host->memory.write(tx_ring(queue) + tx_tail[queue] * TXD_BYTES, word,
					  sizeof(word));
		tx_tail[queue] = (tx_tail[queue] + 1) % kRing;
	}
	void ring(uint32_t queue)
	{
		driver.host->write(driver.vf, QTX_TAIL1(queue), tx_tail[queue]);
	}
	std::vector<Arrived> arrived()
	{
		std::vector<Arrived> all;

		for (uint32_t queue = 0; queue < kQueues; queue++)
			take(queue, &all);
		return all;
	}
	uint64_t tx_memory() const
	{
		return base + (512 << 10);
	}

	AvfDriver driver;
	std::vector<uint8_t> key, lut;

private:
	uint64_t tx_ring(uint32_t queue) const
	{
		return base + queue * 4096;
	}
	uint64_t rx_ring(uint32_t queue) const
	{
		return base + 8192 + queue * 4096;
	}
	uint64_t buffer(uint32_t queue, uint32_t index) const
	{
		return base + 65536 + (queue * kRing + index) * kSlot;
	}
	void configure()
	{
		struct virtchnl_vsi_queue_config_info config = {};
		struct virtchnl_queue_select select = {driver.vsi, 0, 3, 3};
		struct virtchnl_queue_pair_info pair[kQueues] = {};
		Bytes message(offsetof(struct virtchnl_vsi_queue_config_info, qpair));

		config.vsi_id = driver.vsi;
		config.num_queue_pairs = kQueues;
		memcpy(message.data(), &config, message.size());
		for (uint16_t i = 0; i < kQueues; i++) {
			pair[i].txq = {driver.vsi, i, kRing, 0, tx_ring(i), 0};
			pair[i].rxq.vsi_id = driver.vsi;
			pair[i].rxq.queue_id = i;
			pair[i].rxq.ring_len = kRing;
			pair[i].rxq.databuffer_size = buffer_bytes;
			pair[i].rxq.max_pkt_size = 9000;
			pair[i].rxq.rxdid = RXDID_LEGACY;
			pair[i].rxq.dma_ring_addr = rx_ring(i);
		}
		message.resize(message.size() + sizeof(pair));
		memcpy(&message[message.size() - sizeof(pair)], pair, sizeof(pair));
		ASSERT_EQ(driver.request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, message.data(),
					 static_cast<uint32_t>(message.size())),
			  0);
		ASSERT_EQ(driver.request(VIRTCHNL_OP_ENABLE_QUEUES, &select, sizeof(select)), 0);
		for (uint32_t queue = 0; queue < kQueues; queue++)
			post(queue, kRing - 1);
	}
	void set(uint32_t opcode)
	{
		struct virtchnl_vlan_setting setting = {
			0, VIRTCHNL_VLAN_ETHERTYPE_8100, driver.vsi, {}};

		ASSERT_EQ(driver.request(opcode, &setting, sizeof(setting)), 0);
	}
	void table(uint32_t opcode, const std::vector<uint8_t> &entries)
	{
		Bytes message(4);

		le16_put(&message[0], driver.vsi);
		le16_put(&message[2], static_cast<uint16_t>(entries.size()));
		message.insert(message.end(), entries.begin(), entries.end());
		ASSERT_EQ(driver.request(opcode, message.data(),
					 static_cast<uint32_t>(message.size())),
			  0);
	}
	void post(uint32_t queue, uint32_t count)
	{
		for (; count; count--) {
			uint32_t at = rx_tail[queue];
			uint64_t word[4] = {buffer(queue, at), 0, 0, 0};

			driver.host->memory.write(rx_ring(queue) + at * RXD_BYTES, word,
						  sizeof(word));
			rx_tail[queue] = (at + 1) % kRing;
		}
		driver.host->write(driver.vf, QRX_TAIL1(queue), rx_tail[queue]);
	}
	void take(uint32_t queue, std::vector<Arrived> *all)
	{
		Arrived frame;
		uint32_t taken = 0;

		for (;; taken++) {
			uint64_t at = rx_ring(queue) + rx_head[queue] * RXD_BYTES;
			uint64_t word1 = driver.host->memory.read64(at + 8);
			size_t len = field_get(RXD1_LENGTH, word1), from = frame.bytes.size();

			if (!(word1 & RXD1_DD))
				break;
			frame.bytes.resize(from + len);
			driver.host->memory.read(buffer(queue, rx_head[queue]),
						 frame.bytes.data() + from, len);
			rx_head[queue] = (rx_head[queue] + 1) % kRing;
			if (!(word1 & RXD1_EOP)) {
				EXPECT_EQ(len, buffer_bytes) << "a buffer that is not full";
				continue;
			}
			frame.queue = queue;
			frame.word0 = driver.host->memory.read64(at);
			frame.word1 = word1;
			all->push_back(frame);
			frame = Arrived();
		}
		EXPECT_TRUE(frame.bytes.empty()) << "a frame without end";
		post(queue, taken);
	}

	uint32_t buffer_bytes;
	uint64_t base;
	uint32_t tx_tail[kQueues] = {}, rx_tail[kQueues] = {}, rx_head[kQueues] = {};
};

// What a driver gives to the NIC, and what should come of it.
struct Case {
	Layout layout;
	Packet given;
	std::vector<Packet> whole; // as on the wire, but for tag and padding
	size_t mss = 0;            // 0: not segmented
	bool fill_ip = false, fill_l4 = false;
	bool ip_right = true, l4_right = true;
	int tag = -1;        // that the NIC inserts
	bool tagged = false; // by the driver itself
	std::string text() const
	{
		return std::string(layout.ipv6 ? "IPv6" : "IPv4") + " protocol " +
		       std::to_string(layout.Protocol()) + ", " + std::to_string(given.size()) +
		       " bytes, MSS " + std::to_string(mss) + ", tag " + std::to_string(tag) +
		       (tagged ? ", tagged" : "") + (fill_ip ? ", IP sum" : "") +
		       (fill_l4 ? ", L4 sum" : "");
	}
};

class NicPackets : public NicTest, public testing::WithParamInterface<uint64_t>
{
protected:
	void configure() override
	{
		cfg.queue_pairs = kQueues;
	}
	void SetUp() override
	{
		NicTest::SetUp();
		random.seed(GetParam());
		for (uint32_t i = 0; i < 4; i++) {
			vf[i] = std::make_unique<Vf>(host[i / 2].get(), i % 2,
						     i % 2 ? 1024 : kSlot);
			vf[i]->bring_up(random);
		}
	}
	uint32_t below(uint32_t bound)
	{
		return static_cast<uint32_t>(random() % bound);
	}

	Case make(const uint8_t *to, const uint8_t *from)
	{
		static const size_t headers[] = {8, 20, 8, 12};
		Case c;
		size_t payload = below(3) ? below(1400) : below(8000);

		c.layout.ipv6 = below(2);
		c.layout.l4 = static_cast<L4>(below(4));
		c.layout.l4_header = headers[static_cast<size_t>(c.layout.l4)];
		if (below(2) && (c.layout.l4 == L4::kTcp || c.layout.l4 == L4::kUdp)) {
			c.mss = 64 + below(1400);
			payload = 1 + below(static_cast<uint32_t>(16 * c.mss));
		}
		c.given.resize(c.layout.Payload() + payload);
		for (uint8_t &each : c.given)
			each = static_cast<uint8_t>(random());
		memcpy(&c.given[0], to, 6);
		memcpy(&c.given[6], from, 6);
		headers_of(&c, payload);
		finish(&c);
		return c;
	}
	void headers_of(Case *c, size_t payload)
	{
		Packet &p = c->given;
		size_t ip = c->layout.Ip(), l4 = c->layout.Transport();
		size_t l4_bytes = c->layout.l4_header + payload;

		put(&p, 12, c->layout.ipv6 ? 0x86dd : 0x0800);
		if (c->layout.ipv6) {
			p[ip] = 0x60 | (p[ip] & 15);
			put(&p, ip + 4, c->mss ? 0 : l4_bytes);
			p[ip + 6] = c->layout.Protocol();
		} else {
			p[ip] = 0x45;
			put(&p, ip + 2, c->mss ? 0 : 20 + l4_bytes);
			put(&p, ip + 6, 0x4000); // Don't Fragment
			p[ip + 9] = c->layout.Protocol();
		}
		if (c->layout.l4 == L4::kTcp)
			p[l4 + 12] = 0x50;
		if (c->layout.l4 == L4::kUdp)
			put(&p, l4 + 4, c->mss ? 8 : l4_bytes);
	}
	// Sums: by the NIC, by the driver, or wrong.
	void finish(Case *c)
	{
		Packet &p = c->given;
		bool sums = c->layout.l4 == L4::kTcp || c->layout.l4 == L4::kUdp;
		uint32_t field = static_cast<uint32_t>(c->layout.Transport()) +
				 (c->layout.l4 == L4::kTcp ? 16 : 6);
		uint32_t l4_bytes = static_cast<uint32_t>(p.size() - c->layout.Transport());

		c->fill_ip = !c->layout.ipv6 && (c->mss || below(2));
		c->fill_l4 = c->layout.l4 != L4::kNone && (c->mss || below(2));
		if (below(2))
			c->tag = static_cast<int>(random() & 0xffff);
		if (c->layout.l4 == L4::kUdp && !c->mss && !below(4))
			sum_to_zero(&p, c->layout);
		if (c->fill_ip)
			put(&p, c->layout.Ip() + 10, 0);
		else
			FillIp(&p, c->layout);
		if (!c->fill_l4)
			FillTransport(&p, c->layout);
		else if (sums)
			put(&p, field, PseudoSum(p, c->layout, c->mss ? 0 : l4_bytes));
		if (!c->fill_ip && !c->layout.ipv6 && !below(3))
			p[c->layout.Ip() + 8]++;
		if (!c->fill_l4 && c->layout.l4 != L4::kNone && !below(3))
			p[c->layout.Payload() - 1]--;
		c->whole = {p};
		if (c->mss)
			c->whole = Segments(p, c->layout, c->mss);
		for (Packet &each : c->whole) {
			if (c->fill_ip)
				FillIp(&each, c->layout);
			if (c->fill_l4)
				FillTransport(&each, c->layout);
			c->ip_right = IpIsRight(each, c->layout);
			c->l4_right = TransportIsRight(each, c->layout);
		}
	}
	// The sum of UDP that comes out as 0 is sent as 0xffff.
	static void sum_to_zero(Packet *p, const Layout &layout)
	{
		size_t field = layout.Transport() + 6, at = layout.Payload();
		Packet filled;

		if (p->size() < at + 2)
			return;
		put(p, at, 0);
		filled = *p;
		FillTransport(&filled, layout);
		memcpy(&(*p)[at], &filled[field], 2);
	}
	static void put(Packet *p, size_t at, size_t value)
	{
		(*p)[at] = static_cast<uint8_t>(value >> 8);
		(*p)[at + 1] = static_cast<uint8_t>(value);
	}

	uint64_t command(const Case &c)
	{
		static const uint64_t kinds[] = {0, 1, 3, 2};
		uint64_t word = field_put(TXD1_MACLEN, 7) |
				field_put(TXD1_IPLEN, c.layout.ipv6 ? 10 : 5) |
				field_put(TXD1_L4LEN, c.layout.l4_header / 4);

		if (c.fill_ip || c.fill_l4)
			word |= field_put(TXD1_CMD_IIPT, c.layout.ipv6 ? TXD_IIPT_IPV6
							 : c.fill_ip   ? TXD_IIPT_IPV4_CSUM
								       : TXD_IIPT_IPV4);
		if (c.fill_l4)
			word |= field_put(TXD1_CMD_L4T, kinds[static_cast<size_t>(c.layout.l4)]);
		if (c.tag >= 0)
			word |= TXD1_CMD_TAG1 |
				field_put(TXD1_L2TAG1, static_cast<uint64_t>(c.tag));
		return word;
	}
	// In up to six buffers that end anywhere; a segment has at most eight.
	void transmit(Vf &from, const Case &c)
	{
		uint32_t queue = below(kQueues), left = static_cast<uint32_t>(c.given.size());
		uint32_t buffers = 1 + below(6);
		uint64_t at = from.tx_memory() + queue * (256 << 10);
		size_t done = 0;

		if (c.mss)
			from.describe(queue, 0,
				      TXD_DTYPE_CONTEXT | TXC1_CMD_TSO |
					      field_put(TXC1_TSO_LEN,
							c.given.size() - c.layout.Payload()) |
					      field_put(TXC1_MSS, c.mss));
		/* The largest buffer has 16 KiB - 1. */
		for (uint32_t most = 16383; left; buffers -= buffers > 1) {
			uint32_t len = buffers > 1 ? 1 + below(left) : left;

			/* Of a header to repeat, no more than three. */
			if (c.mss && done < c.layout.Payload())
				len = std::max<uint32_t>(len, (uint32_t)c.layout.Payload() / 2);
			len = std::min(std::min(len, most), left);
			from.driver.host->memory.write(at, &c.given[done], len);
			done += len;
			left -= len;
			from.describe(queue, at,
				      command(c) | field_put(TXD1_BUF_SIZE, len) |
					      (left ? 0 : TXD1_CMD_EOP | TXD1_CMD_RS));
			at += len + below(100);
		}
		from.ring(queue);
	}

	void expect(const Case &c, const Vf &to, const std::vector<Arrived> &got)
	{
		size_t next = 0;

		for (size_t i = 0; i < c.whole.size(); i++) {
			size_t tag = c.tag >= 0 && !to.strips() ? 4 : 0;

			if (c.whole[i].size() + tag > to.longest())
				continue;
			SCOPED_TRACE("frame " + std::to_string(i));
			ASSERT_LT(next, got.size()) << "it has not arrived";
			expect_one(c, c.whole[i], to, got[next++]);
		}
		EXPECT_EQ(next, got.size()) << "frames that were not sent";
	}
	void expect_one(const Case &c, const Packet &whole, const Vf &to, const Arrived &got)
	{
		uint32_t hash = reference::Toeplitz(to.key, HashInput(whole, c.layout));
		Packet wire = c.tag < 0 ? whole
					: reference::InsertTag(whole, static_cast<uint16_t>(c.tag));
		uint16_t tci = 0;
		bool stripped = c.tag >= 0 && to.strips();

		wire.resize(std::max<size_t>(wire.size(), kShortest));
		if (stripped)
			wire = reference::StripTag(wire, &tci);
		EXPECT_EQ(got.bytes.size(), wire.size());
		EXPECT_TRUE(got.bytes == wire) << first_difference(got.bytes, wire);
		EXPECT_EQ(static_cast<bool>(got.word1 & RXD1_L2TAG1P), stripped);
		if (stripped) {
			EXPECT_EQ(field_get(RXD0_L2TAG1, got.word0), tci);
		}
		EXPECT_EQ(field_get(RXD1_FLTSTAT, got.word1),
			  static_cast<uint64_t>(RXD_FLTSTAT_RSS));
		EXPECT_EQ(field_get(RXD0_RSS_HASH, got.word0), hash);
		EXPECT_EQ(got.queue, reference::LutQueue(to.lut, hash));
		EXPECT_TRUE(got.word1 & RXD1_L3L4P);
		EXPECT_EQ(!(got.word1 & RXD1_IPE), c.ip_right);
		EXPECT_EQ(!(got.word1 & RXD1_L4E), c.l4_right);
	}
	static std::string first_difference(const Packet &got, const Packet &wanted)
	{
		size_t at = 0;

		while (at < std::min(got.size(), wanted.size()) && got[at] == wanted[at])
			at++;
		return "they differ from byte " + std::to_string(at) + " on";
	}

	Random random;
	std::unique_ptr<Vf> vf[4];
};
} // namespace

// RFC 1071, section 3. RFC 9260's CRC32c has the check value of "123456789" in every catalogue.
TEST(PacketReference, SumsAreThoseOfThePublishedExamples)
{
	const Packet words = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	const Packet digits = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};

	EXPECT_EQ(reference::Sum(words, 0, words.size()), 0xddf2u);
	EXPECT_EQ(reference::Sum(words, 0, 7), 0xdcfbu) << "a last byte alone is the high one";
	EXPECT_EQ(reference::Crc32c(digits, 0, digits.size()), 0xe3069283u);
}

// "Verifying the RSS Hash Calculation" (Microsoft): all of its rows.
TEST(PacketReference, HashesAreThoseOfThePublishedExamples)
{
	const std::vector<uint8_t> key = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
		0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
		0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
	const struct {
		std::vector<uint8_t> source, destination;
		uint16_t from, to;
		uint32_t ports, addresses; // the hash with the ports, and without
	} rows[] = {
		{{66, 9, 149, 187}, {161, 142, 100, 80}, 2794, 1766, 0x51ccc178, 0x323e8fc2},
		{{199, 92, 111, 2}, {65, 69, 140, 83}, 14230, 4739, 0xc626b0ea, 0xd718262a},
		{{24, 19, 198, 95}, {12, 22, 207, 184}, 12898, 38024, 0x5c2b394a, 0xd2d0a5de},
		{{38, 27, 205, 30}, {209, 142, 163, 6}, 48228, 2217, 0xafc7327f, 0x82989176},
		{{153, 39, 163, 191}, {202, 188, 127, 2}, 44251, 1303, 0x10e828a2, 0x5d1809c5},
		{{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7},
		 {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1},
		 2794,
		 1766,
		 0x40207d3d,
		 0x2cc18cd5},
	};

	for (const auto &row : rows) {
		std::vector<uint8_t> input = row.source;

		input.insert(input.end(), row.destination.begin(), row.destination.end());
		EXPECT_EQ(reference::Toeplitz(key, input), row.addresses);
		for (unsigned port : {row.from, row.to}) {
			input.push_back(static_cast<uint8_t>(port >> 8));
			input.push_back(static_cast<uint8_t>(port));
		}
		EXPECT_EQ(reference::Toeplitz(key, input), row.ports);
	}
}

TEST_P(NicPackets, WhatArrivesIsWhatTheReferenceSays)
{
	SCOPED_TRACE("seed " + std::to_string(GetParam()));
	for (unsigned round = 0; round < 400 && !HasFailure(); round++) {
		uint32_t from = below(2), to = 2 + below(2);
		Case c = make(vf[to]->driver.mac, vf[from]->driver.mac);

		SCOPED_TRACE("round " + std::to_string(round) + ": " + c.text());
		transmit(*vf[from], c);
		run_for(300 * PS_PER_US);
		expect(c, *vf[to], vf[to]->arrived());
		EXPECT_TRUE(vf[from ^ 1]->arrived().empty());
		EXPECT_TRUE(vf[to ^ 1]->arrived().empty()) << "frames of another";
	}
}

INSTANTIATE_TEST_SUITE_P(Seeds, NicPackets, testing::Range<uint64_t>(1, 9));
