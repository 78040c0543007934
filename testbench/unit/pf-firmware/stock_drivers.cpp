/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Linux' iavf (iavf_virtchnl.c, virtchnl.h) and DPDK's (iavf_vchnl.c, iavf_tm.c) send and
 * rely on, where it is not what one would write first: lengths of lists, versions, link events,
 * their own addresses after a reset, rings that only one half of a pair has.
 */
#include <linux/pci_regs.h>

#include <array>

#include "pf-firmware/qos_format.h"
#include "pf-firmware/vlan_format.h"
#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;
}

class StockDrivers : public NicTest
{
protected:
	void SetUp() override
	{
		NicTest::SetUp();
		d = std::make_unique<AvfDriver>(host[0].get(), 2, 0);
		d->admin_queues();
	}
	void negotiate(uint32_t caps = UINT32_MAX)
	{
		ASSERT_EQ(d->version(), 0);
		ASSERT_EQ(d->resources(), 0);
		ASSERT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4), 0);
	}
	struct virtchnl_vf_resource resources(uint32_t len, uint32_t caps = UINT32_MAX)
	{
		struct virtchnl_vf_resource resource = {};
		Bytes answer;

		EXPECT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, len, &answer), 0);
		EXPECT_EQ(answer.size(), sizeof(resource));
		if (answer.size() == sizeof(resource))
			memcpy(&resource, answer.data(), sizeof(resource));
		return resource;
	}
	/* A list of two items behind le16 VSI (not in an IRQ map) and le16 count. */
	int32_t list(uint32_t opcode, uint32_t base, const Bytes &item, uint32_t more)
	{
		Bytes message(base);

		for (uint32_t i = 0; i < 2; i++)
			message.insert(message.end(), item.begin(), item.end());
		message.resize(message.size() + more);
		le16_put(&message[0], opcode == VIRTCHNL_OP_CONFIG_IRQ_MAP ? 2 : d->vsi);
		if (opcode != VIRTCHNL_OP_CONFIG_IRQ_MAP)
			le16_put(&message[2], 2);
		return d->request(opcode, message.data(), (uint32_t)message.size());
	}
	/* Its MAC address, as ADD_ETH_ADDR has it. */
	int32_t add(std::array<uint8_t, 6> mac, uint8_t type)
	{
		struct virtchnl_ether_addr_list addresses = {d->vsi, 1, {{{}, type, 0}}};

		memcpy(addresses.list[0].addr, mac.data(), 6);
		return d->request(VIRTCHNL_OP_ADD_ETH_ADDR, &addresses, sizeof(addresses));
	}
	void reset()
	{
		d->send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
		run_for(20 * PS_PER_MS);
		again();
	}
	void again()
	{
		host[0]->config_write(2, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
		d->admin_queues();
		ASSERT_EQ(d->version(), 0);
		ASSERT_EQ(d->resources(), 0);
	}
	std::array<uint8_t, 6> told()
	{
		std::array<uint8_t, 6> mac;

		memcpy(mac.data(), d->mac, 6);
		return mac;
	}
	void set_mac(uint32_t low, uint16_t high)
	{
		struct aq_desc desc = {};

		desc.opcode = AQC_VF_SET_MAC;
		desc.param0 = 2;
		desc.param1 = low;
		desc.addr_high = high;
		ASSERT_EQ(host[0]->pf_command(desc).retval, AQ_RC_OK);
	}

	std::unique_ptr<AvfDriver> d;
};

/* ---- lengths: virtchnl_struct_size of Linux; DPDK's structs end in arrays of one ---- */

TEST_F(StockDrivers, ListsAreAsLongAsTheDriversMakeThem)
{
	struct List {
		uint32_t opcode, base;
		Bytes item;
		uint32_t linux_more, dpdk_more;
	};
	const Bytes map = {0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0}, vlan = {7, 0};
	const Bytes mac = {2, 0, 0, 0, 0, 9, VIRTCHNL_ETHER_ADDR_EXTRA, 0};
	Bytes vlan_v2(sizeof(struct virtchnl_vlan_filter)), bw(sizeof(struct virtchnl_queue_bw));

	negotiate();
	le16_put(&vlan_v2[0], 7);
	le16_put(&vlan_v2[4], 0x8100);
	Bytes mapped = map;
	le16_put(&mapped[0], d->vsi);
	const List lists[] = {
		{VIRTCHNL_OP_CONFIG_IRQ_MAP, 2, mapped, 12, 12},
		{VIRTCHNL_OP_ADD_ETH_ADDR, 4, mac, 8, 8},
		{VIRTCHNL_OP_DEL_ETH_ADDR, 4, mac, 8, 8},
		{VIRTCHNL_OP_ADD_VLAN_V2, 8, vlan_v2, 0, 0},
		{VIRTCHNL_OP_DEL_VLAN_V2, 8, vlan_v2, 0, 0},
	};
	for (const List &each : lists) {
		EXPECT_EQ(list(each.opcode, each.base, each.item, each.linux_more), 0)
			<< each.opcode;
		EXPECT_EQ(list(each.opcode, each.base, each.item, each.dpdk_more), 0)
			<< each.opcode;
		EXPECT_EQ(list(each.opcode, each.base, each.item, 1), kParam) << each.opcode;
	}
	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, "\0\0\1", 4), 0) << "VLAN";
	for (uint32_t opcode : {VIRTCHNL_OP_ADD_VLAN, VIRTCHNL_OP_DEL_VLAN}) {
		EXPECT_EQ(list(opcode, 4, vlan, 2), 0) << opcode;
		EXPECT_EQ(list(opcode, 4, vlan, 1), kParam) << opcode;
	}
}

/* Both drivers send one byte behind the table, for the array of one that the struct had. */
TEST_F(StockDrivers, RssTablesHaveAByteMore)
{
	negotiate();
	for (auto [opcode, len] : {std::pair<uint32_t, uint32_t>{VIRTCHNL_OP_CONFIG_RSS_KEY, 52},
				   {VIRTCHNL_OP_CONFIG_RSS_LUT, 64}}) {
		Bytes message(4 + len + 3);

		le16_put(&message[0], d->vsi);
		le16_put(&message[2], (uint16_t)len);
		EXPECT_EQ(d->request(opcode, message.data(), 4 + len + 1), 0) << opcode;
		EXPECT_EQ(d->request(opcode, message.data(), 4 + len + 3), kParam) << opcode;
	}
}

/* ---- versions ---- */

/* A driver of 1.0 does not go on with a PF that says more. */
TEST_F(StockDrivers, ADriverOfTheFirstVersionIsToldTheFirst)
{
	struct virtchnl_version_info info = {1, 0};
	Bytes answer;

	ASSERT_EQ(d->request(VIRTCHNL_OP_VERSION, &info, sizeof(info), &answer), 0);
	ASSERT_EQ(answer.size(), 8u);
	EXPECT_EQ(le32_get(&answer[0]), 1u);
	EXPECT_EQ(le32_get(&answer[4]), 0u);
	info.minor = 1;
	ASSERT_EQ(d->request(VIRTCHNL_OP_VERSION, &info, sizeof(info), &answer), 0);
	EXPECT_EQ(le32_get(&answer[4]), 1u);
}

/* It cannot ask: it has what there was then. */
TEST_F(StockDrivers, ADriverOfTheFirstVersionHasTheFirstVlans)
{
	struct virtchnl_version_info info = {1, 0};

	ASSERT_EQ(d->request(VIRTCHNL_OP_VERSION, &info, sizeof(info)), 0);
	struct virtchnl_vf_resource resource = resources(0);
	EXPECT_EQ(resource.vf_cap_flags,
		  (uint32_t)(VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_VLAN));
	d->vsi = resource.vsi_res[0].vsi_id;
	struct virtchnl_vlan_filter_list vlans = {d->vsi, 1, {7}};
	EXPECT_EQ(d->request(VIRTCHNL_OP_ADD_VLAN, &vlans, sizeof(vlans)), 0);
	EXPECT_EQ(d->request(VIRTCHNL_OP_DISABLE_VLAN_STRIPPING, nullptr, 0), 0);
}

/*
 * iavf asks for it when it is loaded, and then no more: it sees that its VF was reset by a
 * register, and goes on from GET_VF_RESOURCES.
 */
TEST_F(StockDrivers, TheVersionOutlivesAnyResetButNotTheVf)
{
	uint32_t caps = VIRTCHNL_VF_OFFLOAD_L2;

	negotiate();
	host[0]->flr(2);
	run_for(20 * PS_PER_MS);
	host[0]->config_write(2, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	d->admin_queues();
	EXPECT_EQ(d->enable(), kParam) << "resources are asked for anew";
	EXPECT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4), 0);
	host[0]->disable_vfs();
	run_for(10 * PS_PER_MS);
	host[0]->bring_up(4);
	d->admin_queues();
	EXPECT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4), kParam);
	EXPECT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, nullptr, 0), 0);
}

/* `max_mtu` is the longest frame, as PF drivers tell it: iavf takes 26 bytes of headers off. */
TEST_F(StockDrivers, TheLongestFrameIsTold)
{
	ASSERT_EQ(d->version(), 0);
	EXPECT_EQ(resources(4).max_mtu, FRAME_MAX_BYTES);
}

/* ---- the link ---- */

struct Speed {
	uint32_t mbps, bit; /* of enum virtchnl_link_speed; 0: it knows no such speed */
};

class LinkSpeed : public StockDrivers, public testing::WithParamInterface<Speed>
{
protected:
	void configure() override
	{
		cfg.link_mbps = GetParam().mbps;
	}
	struct virtchnl_pf_event told_at(uint32_t caps)
	{
		uint32_t opcode;
		int32_t status;
		Bytes data;

		negotiate(caps);
		d->receive(&opcode, &status, &data);
		EXPECT_FALSE(d->events.empty());
		return d->events.empty() ? virtchnl_pf_event{} : d->events.back();
	}
};

TEST_P(LinkSpeed, IsABitForThoseWhoDoNotAskForMegabits)
{
	struct virtchnl_pf_event event = told_at(VIRTCHNL_VF_OFFLOAD_L2);

	EXPECT_EQ(event.event, VIRTCHNL_EVENT_LINK_CHANGE);
	EXPECT_EQ(event.link_speed, GetParam().bit);
	EXPECT_EQ(event.link_status, 1);
}

TEST_P(LinkSpeed, IsInMegabitsForThoseWhoAsk)
{
	struct virtchnl_pf_event event =
		told_at(VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_CAP_ADV_LINK_SPEED);

	EXPECT_EQ(resources(4, VIRTCHNL_VF_CAP_ADV_LINK_SPEED).vf_cap_flags,
		  (uint32_t)(VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_CAP_ADV_LINK_SPEED));
	EXPECT_EQ(event.link_speed, GetParam().mbps);
	EXPECT_EQ(event.link_status, 1);
}

INSTANTIATE_TEST_SUITE_P(Speeds, LinkSpeed,
			 testing::Values(Speed{100, BIT(1)}, Speed{1000, BIT(2)},
					 Speed{2500, BIT(0)}, Speed{5000, BIT(7)},
					 Speed{10000, BIT(3)}, Speed{20000, BIT(5)},
					 Speed{25000, BIT(6)}, Speed{40000, BIT(4)},
					 Speed{100000, BIT(4)}, Speed{200000, BIT(4)}),
			 [](const auto &speed) { return std::to_string(speed.param.mbps); });

/* ---- its own address ---- */

/*
 * iavf takes whatever address a reset brings for its own: one that it has set itself has to
 * be that.
 */
TEST_F(StockDrivers, ThePrimaryAddressIsTheVfsOwnAfterAReset)
{
	const std::array<uint8_t, 6> chosen = {2, 0xaa, 1, 2, 3, 4}, extra = {2, 0xbb, 1, 2, 3, 4};

	negotiate();
	auto first = told();
	ASSERT_EQ(add(extra, VIRTCHNL_ETHER_ADDR_EXTRA), 0);
	ASSERT_EQ(add({1, 0, 0x5e, 0, 0, 1}, VIRTCHNL_ETHER_ADDR_PRIMARY), 0) << "multicast";
	reset();
	EXPECT_EQ(told(), first);
	ASSERT_EQ(add(chosen, VIRTCHNL_ETHER_ADDR_PRIMARY), 0);
	reset();
	EXPECT_EQ(told(), chosen);
	host[0]->flr(2);
	run_for(20 * PS_PER_MS);
	again();
	EXPECT_EQ(told(), chosen) << "as with ice and i40e, whose PF drivers keep it";
}

TEST_F(StockDrivers, AnAddressThatIsRefusedIsNotTaken)
{
	struct virtchnl_ether_addr_list *list;
	Bytes message(4 + 2 * sizeof(list->list[0]));

	negotiate();
	auto first = told();
	list = (struct virtchnl_ether_addr_list *)message.data();
	list->vsi_id = d->vsi;
	list->num_elements = 2;
	memcpy(message.data() + 4, "\2\xaa\1\2\3\4\1\0", 8); /* the other one is zero */
	EXPECT_EQ(d->request(VIRTCHNL_OP_ADD_ETH_ADDR, message.data(), (uint32_t)message.size()),
		  kParam);
	ASSERT_EQ(d->resources(), 0);
	EXPECT_EQ(told(), first);
}

TEST_F(StockDrivers, TheAddressOfThePfsDriverComesFirst)
{
	const std::array<uint8_t, 6> theirs = {2, 0x11, 0x22, 0x33, 0x44, 0x55},
				     chosen = {2, 0xaa, 1, 2, 3, 4};

	negotiate();
	ASSERT_EQ(add(chosen, VIRTCHNL_ETHER_ADDR_PRIMARY), 0);
	set_mac(0x33221102, 0x5544);
	reset();
	EXPECT_EQ(told(), theirs);
	EXPECT_EQ(add(chosen, VIRTCHNL_ETHER_ADDR_PRIMARY), kParam);
	ASSERT_EQ(host[0]->set_policy(2, VF_POLICY_TRUST), AQ_RC_OK);
	EXPECT_EQ(add(chosen, VIRTCHNL_ETHER_ADDR_PRIMARY), 0);
	reset();
	EXPECT_EQ(told(), chosen) << "a trusted VF may choose";
	ASSERT_EQ(host[0]->set_policy(2, 0), AQ_RC_OK);
	reset();
	EXPECT_EQ(told(), theirs) << "what trust allowed ends with it";
}

TEST_F(StockDrivers, TheAddressEndsWithTheVf)
{
	negotiate();
	auto first = told();
	ASSERT_EQ(add({2, 0xaa, 1, 2, 3, 4}, VIRTCHNL_ETHER_ADDR_PRIMARY), 0);
	host[0]->disable_vfs();
	run_for(10 * PS_PER_MS);
	host[0]->bring_up(4);
	again();
	EXPECT_EQ(told(), first);
}

/* ---- rings ---- */

/* DPDK configures pairs, though it may have more queues of one direction than of the other. */
class HalfPairs : public StockDrivers
{
protected:
	void configure() override
	{
		cfg.queue_pairs = 2;
	}
	int32_t config(uint16_t tx_len, uint32_t rx_len)
	{
		struct virtchnl_vsi_queue_config_info config = {};
		struct virtchnl_txq_info *tx = &config.qpair[0].txq;
		struct virtchnl_rxq_info *rx = &config.qpair[0].rxq;

		config.vsi_id = tx->vsi_id = rx->vsi_id = d->vsi;
		config.num_queue_pairs = 1;
		tx->queue_id = rx->queue_id = 1;
		tx->ring_len = tx_len;
		tx->dma_ring_addr = tx_len ? 0x10000 : 0;
		rx->ring_len = rx_len;
		rx->max_pkt_size = 1522;
		if (rx_len) {
			rx->dma_ring_addr = 0x20000;
			rx->databuffer_size = 2048;
			rx->rxdid = RXDID_LEGACY;
		}
		return d->request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, &config, sizeof(config));
	}
	int32_t enable(uint32_t rx, uint32_t tx)
	{
		struct virtchnl_queue_select select = {d->vsi, 0, rx, tx};

		return d->request(VIRTCHNL_OP_ENABLE_QUEUES, &select, sizeof(select));
	}
	uint32_t len(bool rx)
	{
		struct nic_queue_context context;

		nic_queue_context_get(host[0]->nic, 2, rx, 1, &context);
		return context.len;
	}
};

TEST_F(HalfPairs, ARingWithoutLengthIsNotSetUp)
{
	negotiate();
	EXPECT_EQ(config(64, 0), 0);
	EXPECT_EQ(len(false), 64u);
	EXPECT_EQ(len(true), 0u);
	EXPECT_EQ(enable(2, 0), kParam) << "it was not set up";
	EXPECT_EQ(enable(0, 2), 0);
}

TEST_F(HalfPairs, ARingWithoutLengthIsLeftAsItWas)
{
	negotiate();
	EXPECT_EQ(config(0, 128), 0);
	EXPECT_EQ(len(true), 128u);
	EXPECT_EQ(enable(0, 2), kParam);
	EXPECT_EQ(config(64, 0), 0);
	EXPECT_EQ(len(true), 128u);
	EXPECT_EQ(enable(2, 2), 0);
}

/* ---- traffic classes ---- */

/* DPDK's traffic manager ends each commit with it (iavf_hierarchy_commit). */
class TrafficClasses : public HalfPairs
{
protected:
	struct virtchnl_queue_tc_mapping mapping(uint16_t queues)
	{
		struct virtchnl_queue_tc_mapping map = {};

		map.vsi_id = d->vsi;
		map.num_tc = 1;
		map.num_queue_pairs = queues;
		map.tc[0].req.queue_count = queues;
		return map;
	}
	int32_t ask(const struct virtchnl_queue_tc_mapping &map, Bytes *answer = nullptr)
	{
		return d->request(VIRTCHNL_OP_CONFIG_QUEUE_TC_MAP, &map, sizeof(map), answer);
	}
};

TEST_F(TrafficClasses, AllQueuesAreOfTheOneThereIs)
{
	struct virtchnl_queue_tc_mapping map;
	Bytes answer;

	negotiate();
	ASSERT_EQ(ask(mapping(2), &answer), 0);
	ASSERT_EQ(answer.size(), sizeof(map));
	memcpy(&map, answer.data(), sizeof(map));
	EXPECT_EQ(map.vsi_id, d->vsi);
	EXPECT_EQ(map.num_tc, 1);
	EXPECT_EQ(map.num_queue_pairs, 2);
	EXPECT_EQ(map.tc[0].resp.prio_type, VIRTCHNL_USER_PRIO_TYPE_UP);
	EXPECT_EQ(map.tc[0].resp.valid_prio_bitmap, 0xff);
	EXPECT_EQ(ask(mapping(1)), 0);
}

TEST_F(TrafficClasses, AMapIsChecked)
{
	std::vector<std::function<void(struct virtchnl_queue_tc_mapping &)>> breaks = {
		[](auto &m) { m.vsi_id++; },
		[](auto &m) { m.num_tc = 0; },
		[](auto &m) { m.num_tc = 2; },
		[](auto &m) { m.num_queue_pairs = 1; },
		[](auto &m) { m.num_queue_pairs = m.tc[0].req.queue_count = 3; },
		[](auto &m) { m.num_queue_pairs = m.tc[0].req.queue_count = 0; },
		[](auto &m) { m.tc[0].req.start_queue_id = 1; },
		[](auto &m) { m.tc[0].req.queue_count = 1; },
	};

	negotiate();
	for (size_t i = 0; i < breaks.size(); i++) {
		struct virtchnl_queue_tc_mapping map = mapping(2);

		breaks[i](map);
		EXPECT_EQ(ask(map), kParam) << i;
	}
	negotiate(VIRTCHNL_VF_OFFLOAD_L2);
	EXPECT_EQ(ask(mapping(2)), VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
}

/* ---- what it hears, and what it is told of it ---- */

/* Queues with a few buffers on one VF, and a peer on the other host. */
class Hearing : public StockDrivers
{
protected:
	void SetUp() override
	{
		StockDrivers::SetUp();
		negotiate();
		ASSERT_EQ(d->add_mac(d->mac), 0);
		ASSERT_EQ(d->config_queues(), 0);
		d->post_rx(8);
		ASSERT_EQ(d->enable(), 0);
		peer = std::make_unique<AvfDriver>(host[1].get(), 0, 1);
		peer->bring_up();
	}
	int32_t listen(uint16_t flags)
	{
		struct virtchnl_promisc_info info = {d->vsi, flags};

		return d->request(VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, &info, sizeof(info));
	}
	size_t heard(std::array<uint8_t, 6> to)
	{
		peer->transmit(make_frame(to.data(), peer->mac, sequence++, 100));
		run_for(PS_PER_MS);
		return d->receive_frames().size();
	}
	struct virtchnl_eth_stats stats()
	{
		struct virtchnl_queue_select select = {d->vsi, 0, 0, 0};
		struct virtchnl_eth_stats told = {};
		Bytes answer;

		EXPECT_EQ(d->request(VIRTCHNL_OP_GET_STATS, &select, sizeof(select), &answer), 0);
		EXPECT_EQ(answer.size(), sizeof(told));
		if (answer.size() == sizeof(told))
			memcpy(&told, answer.data(), sizeof(told));
		return told;
	}

	const std::array<uint8_t, 6> group = {1, 0, 0x5e, 1, 2, 3}, stranger = {2, 9, 9, 9, 9, 9},
				     all = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	std::unique_ptr<AvfDriver> peer;
	uint32_t sequence = 1;
};

/* The three states of iavf_set_promiscuous. */
TEST_F(Hearing, AllMulticastsAreForATrustedVfThatAsks)
{
	ASSERT_EQ(listen(VIRTCHNL_MULTICAST_PROMISC), 0);
	EXPECT_EQ(heard(group), 0u) << "it is told that it does, and is not trusted";
	ASSERT_EQ(host[0]->set_policy(2, VF_POLICY_TRUST), AQ_RC_OK);
	EXPECT_EQ(heard(group), 0u) << "it has to ask again";
	ASSERT_EQ(listen(VIRTCHNL_MULTICAST_PROMISC), 0);
	EXPECT_EQ(heard(group), 1u);
	EXPECT_EQ(heard(stranger), 0u);
	ASSERT_EQ(listen(VIRTCHNL_UNICAST_PROMISC | VIRTCHNL_MULTICAST_PROMISC), 0);
	EXPECT_EQ(heard(group) + heard(stranger), 2u);
	ASSERT_EQ(listen(0), 0);
	EXPECT_EQ(heard(group) + heard(stranger), 0u);
}

TEST_F(Hearing, EachCounterIsWhereTheDriverLooksForIt)
{
	const std::array<uint8_t, 6> own = told();

	ASSERT_EQ(add(group, VIRTCHNL_ETHER_ADDR_EXTRA), 0);
	EXPECT_EQ(heard(own) + heard(group) + heard(group) + heard(all), 4u);
	for (const auto &to : {stranger, group, all, all})
		d->transmit(make_frame(to.data(), d->mac, 1, 200));
	run_for(PS_PER_MS);
	for (int i = 0; i < 6; i++)
		heard(own); /* for two of them there is no buffer */
	struct virtchnl_eth_stats told = stats();
	EXPECT_EQ(told.rx_unicast, 7u) << "with those that were discarded";
	EXPECT_EQ(told.rx_multicast, 2u);
	EXPECT_EQ(told.rx_broadcast, 1u);
	EXPECT_EQ(told.rx_bytes, 10u * (100 + 4)) << "with CRC";
	EXPECT_EQ(told.rx_discards, 2u);
	EXPECT_EQ(told.rx_unknown_protocol, 0u);
	EXPECT_EQ(told.tx_unicast, 1u);
	EXPECT_EQ(told.tx_multicast, 1u);
	EXPECT_EQ(told.tx_broadcast, 2u);
	EXPECT_EQ(told.tx_bytes, 4u * 200);
	EXPECT_EQ(told.tx_discards, 0u);
	EXPECT_EQ(told.tx_errors, 0u);
	ASSERT_EQ(host[0]->set_policy(2, VF_POLICY_MAC_CHECK), AQ_RC_OK);
	d->transmit(make_frame(all.data(), stranger.data(), 1, 200));
	run_for(PS_PER_MS);
	told = stats();
	EXPECT_EQ(told.tx_discards, 1u) << "from an address that is not its own";
}
