/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/rss.h"

#include <numeric>
#include <tuple>

#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
/* The key and the examples of "Verifying the RSS Hash Calculation" (Microsoft). */
const uint8_t kKey[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
			  0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
			  0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
			  0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

struct rss configured(uint64_t types = RSS_ALL)
{
	struct rss rss = {};

	rss.types = types;
	memcpy(rss.key, kKey, sizeof(kKey));
	return rss;
}

Bytes ipv4(Bytes source, Bytes destination, uint8_t proto, uint16_t from, uint16_t to)
{
	Bytes frame(14 + 20 + 8);

	frame[12] = 0x08;
	frame[14] = 0x45;
	frame[14 + 9] = proto;
	std::copy(source.begin(), source.end(), &frame[14 + 12]);
	std::copy(destination.begin(), destination.end(), &frame[14 + 16]);
	frame[34] = (uint8_t)(from >> 8);
	frame[35] = (uint8_t)from;
	frame[36] = (uint8_t)(to >> 8);
	frame[37] = (uint8_t)to;
	return frame;
}

Bytes ipv6(const Bytes &source, const Bytes &destination, uint8_t proto, uint16_t from, uint16_t to)
{
	Bytes frame(14 + 40 + 8);

	frame[12] = 0x86;
	frame[13] = 0xdd;
	frame[14] = 0x60;
	frame[14 + 6] = proto;
	std::copy(source.begin(), source.end(), &frame[14 + 8]);
	std::copy(destination.begin(), destination.end(), &frame[14 + 24]);
	frame[54] = (uint8_t)(from >> 8);
	frame[55] = (uint8_t)from;
	frame[56] = (uint8_t)(to >> 8);
	frame[57] = (uint8_t)to;
	return frame;
}

const Bytes kFrom4 = {66, 9, 149, 187}, kTo4 = {161, 142, 100, 80};
const Bytes kFrom6 = {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7};
const Bytes kTo6 = {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1};
} // namespace

TEST(Rss, HashesAreThoseOfThePublishedExamples)
{
	struct rss rss = configured();
	uint32_t hash = 0;

	auto hash_of = [&](const Bytes &frame) {
		EXPECT_TRUE(rss_hash(&rss, frame.data(), (uint32_t)frame.size(), &hash));
		return hash;
	};
	EXPECT_EQ(hash_of(ipv4(kFrom4, kTo4, 6, 2794, 1766)), 0x51ccc178u);
	EXPECT_EQ(hash_of(ipv4(kFrom4, kTo4, 17, 2794, 1766)), 0x51ccc178u);
	EXPECT_EQ(hash_of(ipv4(kFrom4, kTo4, 1, 2794, 1766)), 0x323e8fc2u);
	EXPECT_EQ(hash_of(ipv6(kFrom6, kTo6, 6, 2794, 1766)), 0x40207d3du);
	EXPECT_EQ(hash_of(ipv6(kFrom6, kTo6, 59, 2794, 1766)), 0x2cc18cd5u);
}

TEST(Rss, FragmentsAreHashedByAddressesAlone)
{
	struct rss rss = configured();
	Bytes fragment = ipv4(kFrom4, kTo4, 6, 2794, 1766);
	uint32_t hash = 0;

	fragment[14 + 6] = 0x20; /* More Fragments */
	EXPECT_TRUE(rss_hash(&rss, fragment.data(), (uint32_t)fragment.size(), &hash));
	EXPECT_EQ(hash, 0x323e8fc2u);
}

// A fragment that says what another fragment of the same packet says, ports or not.
TEST(Rss, FragmentsAreHashedByTheirIdentificationWhereTheRuleSaysSo)
{
	Bytes four = ipv4(kFrom4, kTo4, 17, 1, 2), six = ipv6(kFrom6, kTo6, 44, 0x1100, 0x0001);

	four[14 + 6] = 0x20;
	six.resize(six.size() + 8);
	for (auto [fragment, at, last, type] :
	     {std::tuple(&four, 14u + 4, 14u + 5, RSS_IPV4_FRAG),
	      std::tuple(&six, 54u + 4, 54u + 7, RSS_IPV6_FRAG)}) {
		struct rss rss = configured();
		uint8_t &rule = rss.rule[__builtin_ctzll(type) - RSS_TYPE_FIRST];
		auto hash = [&rss, frame = fragment] {
			uint32_t found = 0;

			EXPECT_TRUE(rss_hash(&rss, frame->data(), (uint32_t)frame->size(), &found));
			return found;
		};
		auto differs = [&](uint32_t octet) {
			uint32_t before = hash();

			(*fragment)[octet] ^= 1;
			bool other = hash() != before;
			(*fragment)[octet] ^= 1;
			return other;
		};
		EXPECT_FALSE(differs(at)) << "at first it is not";
		rule = RSS_FRAGMENT_ID;
		EXPECT_TRUE(differs(at));
		EXPECT_TRUE(differs(last));
		EXPECT_FALSE(differs(last + 1));
		EXPECT_TRUE(differs(14 + (type == RSS_IPV4_FRAG ? 12 : 8))) << "and the addresses";
		rule = RSS_FRAGMENT_ID | RSS_NO_SOURCE | RSS_NO_DESTINATION | RSS_NO_SOURCE_PORT |
		       RSS_NO_DEST_PORT;
		EXPECT_TRUE(differs(at)) << "alone";
		EXPECT_FALSE(differs(14 + (type == RSS_IPV4_FRAG ? 12 : 8)));
		rule = RSS_FRAGMENT_ID | RSS_TYPE_SYMMETRIC;
		EXPECT_TRUE(differs(at)) << "the same for both directions";
		EXPECT_TRUE(differs(last));
	}
	/* It has no halves that would change places. */
	struct rss rss = configured();
	Bytes other = six;
	uint32_t hash = 0, other_hash = 0;
	rss.rule[46 - RSS_TYPE_FIRST] = RSS_FRAGMENT_ID | RSS_TYPE_SYMMETRIC;
	six[54 + 5] = other[54 + 7] = 1;
	six[54 + 7] = other[54 + 5] = 2;
	ASSERT_TRUE(rss_hash(&rss, six.data(), (uint32_t)six.size(), &hash));
	ASSERT_TRUE(rss_hash(&rss, other.data(), (uint32_t)other.size(), &other_hash));
	EXPECT_NE(hash, other_hash);
}

TEST(Rss, TypesThatAreNotConfiguredAreNotHashed)
{
	struct rss rss = configured(RSS_ALL & ~RSS_IPV4_TCP);
	Bytes tcp = ipv4(kFrom4, kTo4, 6, 1, 2), udp = ipv4(kFrom4, kTo4, 17, 1, 2);
	Bytes arp(60);
	uint32_t hash;

	arp[12] = 0x08;
	arp[13] = 0x06;
	EXPECT_FALSE(rss_hash(&rss, tcp.data(), (uint32_t)tcp.size(), &hash));
	EXPECT_TRUE(rss_hash(&rss, udp.data(), (uint32_t)udp.size(), &hash));
	EXPECT_FALSE(rss_hash(&rss, arp.data(), (uint32_t)arp.size(), &hash));
}

TEST(Rss, NoLengthOfAFrameReadsBeyondIt)
{
	struct rss rss = configured();
	uint32_t hash;

	rss.rule[46 - RSS_TYPE_FIRST] = RSS_FRAGMENT_ID;
	for (const Bytes &whole : {ipv4(kFrom4, kTo4, 6, 1, 2), ipv6(kFrom6, kTo6, 6, 1, 2),
				   ipv6(kFrom6, kTo6, 44, 0x1100, 1)})
		for (size_t len = 0; len <= whole.size(); len++) {
			Bytes frame(whole.begin(), whole.begin() + (long)len);

			frame.shrink_to_fit();
			rss_hash(&rss, frame.data(), (uint32_t)len, &hash);
		}
}

TEST(Rss, ASymmetricHashIsOneForBothDirections)
{
	struct rss rss = configured();
	uint32_t there = 0, back = 0, other = 0;

	auto hash_of = [&](const Bytes &frame) {
		uint32_t hash = 0;

		EXPECT_TRUE(rss_hash(&rss, frame.data(), (uint32_t)frame.size(), &hash));
		return hash;
	};
	there = hash_of(ipv4(kFrom4, kTo4, 6, 2794, 1766));
	back = hash_of(ipv4(kTo4, kFrom4, 6, 1766, 2794));
	EXPECT_NE(there, back);
	rss.symmetric = true;
	there = hash_of(ipv4(kFrom4, kTo4, 6, 2794, 1766));
	back = hash_of(ipv4(kTo4, kFrom4, 6, 1766, 2794));
	other = hash_of(ipv4(kTo4, kFrom4, 6, 1766, 2795));
	EXPECT_EQ(there, back);
	EXPECT_NE(there, other);
	EXPECT_EQ(hash_of(ipv6(kFrom6, kTo6, 17, 5, 6)), hash_of(ipv6(kTo6, kFrom6, 17, 6, 5)));
}

TEST(Rss, TableNamesTheQueueAndNoneBeyondTheLast)
{
	struct rss rss = configured();
	Bytes frame = ipv4(kFrom4, kTo4, 6, 2794, 1766);

	rss.lut[0x51ccc178u % RSS_LUT_ENTRIES] = 3;
	EXPECT_EQ(rss_queue(&rss, frame.data(), (uint32_t)frame.size(), 4), 3u);
	EXPECT_EQ(rss_queue(&rss, frame.data(), (uint32_t)frame.size(), 3), 0u);
	EXPECT_EQ(rss_queue(&rss, frame.data(), (uint32_t)frame.size(), 1), 0u);
}

/* A receiver with two queues; the second one's ring is where the test says. */
class NicTwoQueues : public NicTraffic
{
protected:
	void configure() override
	{
		cfg.queue_pairs = 2;
	}
	void SetUp() override
	{
		NicTraffic::SetUp();
		struct nic_queue_context context = {};

		context.base = kRing;
		context.len = 64;
		context.buffer_bytes = 2048;
		context.max_packet = 9000;
		context.enabled = true;
		nic_queue_context_set(host[1]->nic, 0, true, 1, &context);
		for (uint32_t i = 0; i < 32; i++)
			host[1]->memory.write64(kRing + 32 * i, kBuffers + 2048 * i);
		host[1]->write(0, QRX_TAIL1(1), 32);
	}
	void rss(uint8_t queue)
	{
		Bytes key(4 + RSS_KEY_BYTES), lut(4 + RSS_LUT_ENTRIES, queue);

		le16_put(&key[0], b->vsi);
		le16_put(&key[2], RSS_KEY_BYTES);
		std::iota(key.begin() + 4, key.end(), (uint8_t)1);
		le16_put(&lut[0], b->vsi);
		le16_put(&lut[2], RSS_LUT_ENTRIES);
		EXPECT_EQ(b->request(VIRTCHNL_OP_CONFIG_RSS_KEY, key.data(), (uint32_t)key.size()),
			  0);
		EXPECT_EQ(b->request(VIRTCHNL_OP_CONFIG_RSS_LUT, lut.data(), (uint32_t)lut.size()),
			  0);
	}
	/* A frame whose IPv4 header says so. */
	Bytes datagram(uint64_t number)
	{
		Bytes bytes = frame(number);

		bytes[14] = 0x45;
		return bytes;
	}
	bool second_has(uint32_t index)
	{
		return host[1]->memory.read64(kRing + 32 * index + 8) & RXD1_DD;
	}
	static constexpr uint64_t kRing = 28 << 20, kBuffers = kRing + 4096;
};

TEST_F(NicTwoQueues, RssOfTheDriverDecidesTheQueue)
{
	a->transmit(datagram(1));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u) << "a table of zeros";
	rss(1);
	a->transmit(datagram(2));
	run_for(100 * PS_PER_US);
	EXPECT_TRUE(b->receive_frames().empty());
	EXPECT_TRUE(second_has(0));

	struct rss agreed = {};
	Bytes second = datagram(2);
	uint32_t hash = 0;
	agreed.types = RSS_ALL;
	std::iota(agreed.key, agreed.key + RSS_KEY_BYTES, (uint8_t)1);
	ASSERT_TRUE(rss_hash(&agreed, second.data(), (uint32_t)second.size(), &hash));
	EXPECT_EQ(field_get(RXD0_RSS_HASH, host[1]->memory.read64(kRing)), hash);
	EXPECT_EQ(field_get(RXD1_FLTSTAT, host[1]->memory.read64(kRing + 8)), 3u);
	rss(0);
	a->transmit(datagram(3));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_FALSE(second_has(1));
}

TEST_F(NicTwoQueues, SteeredFrameGoesToItsQueueWhateverTheHash)
{
	struct packet_pool *pool = packet_pool_create(1);
	struct packet *packet = packet_get(pool);
	struct frame_port port = nic_frame_port(host[1]->nic);
	Bytes bytes = frame(1);

	rss(0);
	memcpy(packet->data, bytes.data(), bytes.size());
	packet->len_bytes = (uint32_t)bytes.size();
	packet->steered = true;
	packet->rx_queue = 1;
	port.frame(port.ctx, packet);
	run_for(100 * PS_PER_US);
	EXPECT_TRUE(second_has(0));
	EXPECT_TRUE(b->receive_frames().empty());
	EXPECT_EQ(packet_pool_in_use(pool), 0u);
	packet_pool_destroy(pool);
}
