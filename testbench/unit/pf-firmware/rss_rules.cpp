/* SPDX-License-Identifier: Apache-2.0 */
/* ADD_RSS_CFG and DEL_RSS_CFG: which fields of which packets are hashed. */
#include "pf-firmware/rss_format.h"
#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;
constexpr uint32_t kNoHash = 0;
constexpr uint32_t kProto = 1u << PROTO_FIELD_PROTO;
} // namespace

/* b has two queues, so that it is told hashes. */
class RssRules : public NicTraffic
{
protected:
	void configure() override
	{
		cfg.queue_pairs = 2;
	}
	void SetUp() override
	{
		NicTraffic::SetUp();
		Bytes key(4 + RSS_KEY_BYTES);

		le16_put(&key[0], b->vsi);
		le16_put(&key[2], RSS_KEY_BYTES);
		for (size_t i = 4; i < key.size(); i++)
			key[i] = (uint8_t)(37 * i);
		ASSERT_EQ(b->request(VIRTCHNL_OP_CONFIG_RSS_KEY, key.data(), (uint32_t)key.size()),
			  0);
	}
	/* The hash that b is told of a datagram between 10.0.0.`from` and 10.0.0.`to`. */
	uint32_t hash_of(uint8_t from, uint8_t to, uint8_t from_port, uint8_t to_port,
			 uint8_t fragment = 0, uint8_t id = 0)
	{
		const uint8_t ip[] = {0x08, 0,  0x45, 0,  0, 80,        0, id,     fragment,
				      0,    64, 17,   0,  0, 10,        0, 0,      from,
				      10,   0,  0,    to, 0, from_port, 0, to_port};
		Bytes frame(b->mac, b->mac + 6);
		uint64_t at = b->rx_ring + b->rx_head * RXD_BYTES;

		frame.insert(frame.end(), a->mac, a->mac + 6);
		frame.insert(frame.end(), ip, ip + sizeof(ip));
		frame.resize(100);
		a->transmit(frame);
		run_for(100 * PS_PER_US);
		uint64_t word0 = host[1]->memory.read64(at);
		uint64_t word1 = host[1]->memory.read64(at + 8);
		EXPECT_EQ(b->receive_frames().size(), 1u);
		b->post_rx(1);
		bool hashed = field_get(RXD1_FLTSTAT, word1) == RXD_FLTSTAT_RSS;
		return hashed ? (uint32_t)field_get(RXD0_RSS_HASH, word0) : kNoHash;
	}
	static struct virtchnl_rss_cfg
	rule(uint32_t addresses, uint32_t ports,
	     int32_t algorithm = VIRTCHNL_RSS_ALG_TOEPLITZ_ASYMMETRIC)
	{
		struct virtchnl_rss_cfg cfg = {};

		cfg.proto_hdrs.count = 3;
		cfg.proto_hdrs.proto_hdr[0].type = VIRTCHNL_PROTO_HDR_ETH;
		cfg.proto_hdrs.proto_hdr[1].type = VIRTCHNL_PROTO_HDR_IPV4;
		cfg.proto_hdrs.proto_hdr[1].field_selector = addresses;
		cfg.proto_hdrs.proto_hdr[2].type = VIRTCHNL_PROTO_HDR_UDP;
		cfg.proto_hdrs.proto_hdr[2].field_selector = ports;
		cfg.rss_algorithm = algorithm;
		return cfg;
	}
	/* DPDK's inner_ipv4_tmplt, by which it means any. */
	static struct virtchnl_rss_cfg of_ip(uint32_t addresses)
	{
		struct virtchnl_rss_cfg cfg = {};

		cfg.proto_hdrs.tunnel_level = 1;
		cfg.proto_hdrs.count = 1;
		cfg.proto_hdrs.proto_hdr[0].type = VIRTCHNL_PROTO_HDR_IPV4;
		cfg.proto_hdrs.proto_hdr[0].field_selector = addresses;
		return cfg;
	}
	/* Its outer_ipv4_udp_tmplt. */
	static struct virtchnl_rss_cfg behind_vlans(uint32_t vlan, uint32_t addresses,
						    uint32_t ports)
	{
		struct virtchnl_rss_cfg cfg = rule(addresses, ports);
		struct virtchnl_proto_hdr *header = cfg.proto_hdrs.proto_hdr;

		cfg.proto_hdrs.count = 5;
		header[4] = header[2];
		header[3] = header[1];
		header[1] = {VIRTCHNL_PROTO_HDR_S_VLAN, 0, {}};
		header[2] = {VIRTCHNL_PROTO_HDR_C_VLAN, vlan, {}};
		return cfg;
	}
	int32_t add(const struct virtchnl_rss_cfg &cfg)
	{
		return b->request(VIRTCHNL_OP_ADD_RSS_CFG, &cfg, sizeof(cfg));
	}
	int32_t del(const struct virtchnl_rss_cfg &cfg)
	{
		return b->request(VIRTCHNL_OP_DEL_RSS_CFG, &cfg, sizeof(cfg));
	}
};

TEST_F(RssRules, OnlyTheFieldsOfTheRuleAreHashed)
{
	for (uint32_t fields = 1; fields < 16; fields++) {
		ASSERT_EQ(add(rule(fields & 3, fields >> 2)), 0);
		uint32_t hash = hash_of(1, 2, 3, 4);

		EXPECT_NE(hash, kNoHash);
		EXPECT_EQ(hash_of(9, 2, 3, 4) != hash, bool(fields & 1)) << fields;
		EXPECT_EQ(hash_of(1, 9, 3, 4) != hash, bool(fields & 2)) << fields;
		EXPECT_EQ(hash_of(1, 2, 9, 4) != hash, bool(fields & 4)) << fields;
		EXPECT_EQ(hash_of(1, 2, 3, 9) != hash, bool(fields & 8)) << fields;
	}
}

/* As DPDK's iavf asks for them (RTE_ETH_RSS_FRAG_IPV4). */
TEST_F(RssRules, FragmentsHaveARuleOfTheirOwn)
{
	constexpr uint8_t kMore = 0x20;
	struct virtchnl_rss_cfg cfg = rule(3, 1);
	auto hash = [this](uint8_t from, uint8_t id) {
		return hash_of(from, 2, 3, 4, kMore, id);
	};

	EXPECT_EQ(hash(1, 5), hash(1, 6));
	uint32_t whole = hash_of(1, 2, 3, 4);
	cfg.proto_hdrs.proto_hdr[2].type = VIRTCHNL_PROTO_HDR_IPV4_FRAG;
	ASSERT_EQ(add(cfg), 0);
	EXPECT_NE(hash(1, 5), hash(1, 6));
	EXPECT_NE(hash(1, 5), hash(9, 5));
	EXPECT_EQ(hash_of(1, 2, 3, 4), whole) << "what is no fragment is hashed as before";
	cfg.proto_hdrs.proto_hdr[2].field_selector = 0;
	ASSERT_EQ(add(cfg), 0);
	EXPECT_EQ(hash(1, 5), hash(1, 6));
	ASSERT_EQ(del(cfg), 0);
	EXPECT_EQ(hash(1, 5), kNoHash);
	EXPECT_EQ(hash_of(1, 2, 3, 4), whole);
	cfg.proto_hdrs.proto_hdr[2].type = VIRTCHNL_PROTO_HDR_IPV6_EH_FRAG;
	EXPECT_EQ(add(cfg), kParam) << "of the other IP";
}

TEST_F(RssRules, ASymmetricRuleHashesBothDirectionsAlike)
{
	EXPECT_NE(hash_of(1, 2, 3, 4), hash_of(2, 1, 4, 3));
	ASSERT_EQ(add(rule(3, 3, VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), hash_of(2, 1, 4, 3));
	EXPECT_NE(hash_of(1, 2, 3, 4), hash_of(2, 1, 4, 9));
}

TEST_F(RssRules, DeletingEndsHashingAndTheHashConfigurationEndsRules)
{
	uint32_t all = hash_of(1, 2, 3, 4);
	uint64_t types = RSS_ALL;

	ASSERT_EQ(add(rule(1, 0)), 0);
	EXPECT_NE(hash_of(1, 2, 3, 4), all);
	ASSERT_EQ(del(rule(1, 0)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), kNoHash);
	EXPECT_EQ(del(rule(1, 0)), kParam) << "there is none";
	ASSERT_EQ(add(rule(1, 0)), 0);
	ASSERT_EQ(b->request(VIRTCHNL_OP_SET_RSS_HASHCFG, &types, sizeof(types)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), all);
}

TEST_F(RssRules, WhatCannotBeHashedIsRefused)
{
	std::vector<std::function<void(struct virtchnl_rss_cfg &)>> breaks = {
		[](auto &c) { c.proto_hdrs.count = 0; },
		[](auto &c) { c.proto_hdrs.count = 1; },
		[](auto &c) { c.proto_hdrs.count = 4; },
		[](auto &c) { /* more than a message has, and none of IP */
			      c.proto_hdrs.count = -1;
			      for (auto &header : c.proto_hdrs.proto_hdr)
				      header = {VIRTCHNL_PROTO_HDR_ETH, 0, {}};
		},
		[](auto &c) { c.proto_hdrs.proto_hdr[0].field_selector = 1; },
		[](auto &c) { c.proto_hdrs.proto_hdr[0].type = 9; },
		[](auto &c) { c.proto_hdrs.proto_hdr[0].type = VIRTCHNL_PROTO_HDR_IPV4; },
		[](auto &c) { c.proto_hdrs.proto_hdr[1].type = VIRTCHNL_PROTO_HDR_TCP; },
		[](auto &c) { c.proto_hdrs.proto_hdr[1].field_selector = 4; },
		[](auto &c) { c.proto_hdrs.proto_hdr[2].type = 9; },
		[](auto &c) { c.proto_hdrs.proto_hdr[2].field_selector = 4; },
		[](auto &c) { c.rss_algorithm = VIRTCHNL_RSS_ALG_R_ASYMMETRIC; },
		[](auto &c) { c.rss_algorithm = VIRTCHNL_RSS_ALG_XOR_SYMMETRIC; },
		[](auto &c) { c.rss_algorithm = -1; },
	};

	for (size_t i = 0; i < breaks.size(); i++) {
		struct virtchnl_rss_cfg cfg = rule(3, 3);

		breaks[i](cfg);
		EXPECT_EQ(add(cfg), kParam) << i;
		EXPECT_EQ(del(cfg), kParam) << i;
	}
	EXPECT_EQ(add(rule(0, 0)), kParam);
	EXPECT_EQ(add(of_ip(3 | kProto)), kParam) << "of several transports it would be hashed";
	EXPECT_EQ(add(behind_vlans(1, 3, 3)), kParam) << "a VLAN's number";
}

/* DPDK names tunnels it does not mean (TUNNEL_LEVEL_INNER), VLANs, and the protocol. */
TEST_F(RssRules, DpdksRulesAreTaken)
{
	ASSERT_EQ(add(behind_vlans(0, 1 | kProto, 0)), 0);
	uint32_t hash = hash_of(1, 2, 3, 4);
	EXPECT_NE(hash, kNoHash);
	EXPECT_EQ(hash_of(1, 9, 9, 9), hash) << "of the source alone";
	EXPECT_NE(hash_of(9, 2, 3, 4), hash);
	ASSERT_EQ(del(behind_vlans(0, 1 | kProto, 0)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), kNoHash);
}

TEST_F(RssRules, ARuleOfAnIpIsForWhateverItCarries)
{
	uint64_t none = 0;

	ASSERT_EQ(b->request(VIRTCHNL_OP_SET_RSS_HASHCFG, &none, sizeof(none)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), kNoHash);
	ASSERT_EQ(add(of_ip(3)), 0);
	uint32_t hash = hash_of(1, 2, 3, 4);
	EXPECT_NE(hash, kNoHash);
	EXPECT_NE(hash_of(9, 2, 3, 4), hash);
	EXPECT_EQ(hash_of(1, 2, 9, 9), hash) << "without ports";
	EXPECT_EQ(del(rule(3, 3)), kParam) << "of UDP there is none";
	ASSERT_EQ(add(rule(3, 3)), 0);
	EXPECT_NE(hash_of(1, 2, 9, 9), hash_of(1, 2, 3, 4)) << "UDP has its own";
	ASSERT_EQ(add(of_ip(1)), 0);
	EXPECT_NE(hash_of(1, 9, 3, 4), hash_of(1, 2, 3, 4)) << "and keeps it";
	ASSERT_EQ(del(rule(3, 3)), 0);
	EXPECT_EQ(hash_of(1, 9, 9, 9), hash_of(1, 2, 3, 4)) << "and is an IP's packet again";
	ASSERT_EQ(del(of_ip(1)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), kNoHash);
	EXPECT_EQ(del(of_ip(1)), kParam);
}

TEST_F(RssRules, ARuleOfAnIpLeavesAloneWhatIsHashedAlready)
{
	uint32_t hash = hash_of(1, 2, 3, 4);

	ASSERT_EQ(add(of_ip(1)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), hash);
	ASSERT_EQ(del(of_ip(1)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), hash);
	struct virtchnl_rss_cfg six = of_ip(3);
	six.proto_hdrs.proto_hdr[0].type = VIRTCHNL_PROTO_HDR_IPV6;
	ASSERT_EQ(add(six), 0);
	ASSERT_EQ(del(rule(3, 3)), 0);
	EXPECT_EQ(hash_of(1, 2, 3, 4), kNoHash) << "the other IP's is none for this one";
}

TEST_F(RssRules, AFragmentsRuleThatGoesLeavesItsIps)
{
	struct virtchnl_rss_cfg cfg = rule(3, 1);
	auto hash = [this](uint8_t id) {
		return hash_of(1, 2, 3, 4, 0x20, id);
	};

	cfg.proto_hdrs.proto_hdr[2].type = VIRTCHNL_PROTO_HDR_IPV4_FRAG;
	ASSERT_EQ(add(of_ip(3)), 0);
	EXPECT_EQ(del(cfg), kParam) << "they have none of their own";
	ASSERT_EQ(add(cfg), 0);
	EXPECT_NE(hash(5), hash(6));
	ASSERT_EQ(del(cfg), 0);
	EXPECT_NE(hash(5), kNoHash);
	EXPECT_EQ(hash(5), hash(6));
}

TEST_F(RssRules, TheyMoveWithTheVf)
{
	ASSERT_EQ(add(rule(1, 2)), 0);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	Bytes stream = host[1]->save(0);
	ASSERT_EQ(host[1]->load(1, stream).first, AQ_RC_OK);
	EXPECT_EQ(host[1]->save(1), stream);
}
