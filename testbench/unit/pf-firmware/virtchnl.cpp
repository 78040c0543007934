/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/pci_regs.h>

#include "testbench/unit/model-nic/nic_fixture.h"

/* One driver on VF 2, its admin queues up. */
class Virtchnl : public NicTest
{
protected:
	void SetUp() override
	{
		NicTest::SetUp();
		d = std::make_unique<AvfDriver>(host[0].get(), 2, 0);
		d->admin_queues();
	}
	void negotiate()
	{
		ASSERT_EQ(d->version(), 0);
		ASSERT_EQ(d->resources(), 0);
	}
	struct virtchnl_vsi_queue_config_info queue_config()
	{
		struct virtchnl_vsi_queue_config_info config = {};

		config.vsi_id = config.qpair[0].txq.vsi_id = config.qpair[0].rxq.vsi_id = d->vsi;
		config.num_queue_pairs = 1;
		config.qpair[0].txq.ring_len = config.qpair[0].rxq.ring_len = 64;
		config.qpair[0].txq.dma_ring_addr = 0x10000;
		config.qpair[0].rxq.dma_ring_addr = 0x20000;
		config.qpair[0].rxq.databuffer_size = 2048;
		config.qpair[0].rxq.max_pkt_size = 1522;
		config.qpair[0].rxq.rxdid = RXDID_LEGACY;
		return config;
	}
	template <typename T>
	int32_t request(uint32_t opcode, const T &message)
	{
		return d->request(opcode, &message, sizeof(message));
	}
	static constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;

	std::unique_ptr<AvfDriver> d;
};

TEST_F(Virtchnl, VersionAnswersItsOwn)
{
	struct virtchnl_version_info info = {9, 9};
	Bytes answer;

	EXPECT_EQ(d->request(VIRTCHNL_OP_VERSION, &info, sizeof(info), &answer), 0);
	ASSERT_EQ(answer.size(), 8u);
	EXPECT_EQ(le32_get(&answer[0]), 1u);
	EXPECT_EQ(le32_get(&answer[4]), 1u);
	EXPECT_EQ(d->request(VIRTCHNL_OP_VERSION, &info, 4), kParam);
}

TEST_F(Virtchnl, PlantedFaultAnswersOneRequestTwice)
{
	ASSERT_EQ(fault_plant(&sim.faults, "mailbox-answered-twice", 1), 0);
	traced.clear();
	EXPECT_EQ(d->version(), 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(traces_of(TRACE_MAILBOX_REPLY).size(), 2u);
}

TEST_F(Virtchnl, ResourcesTellOneVsi)
{
	uint32_t caps = VIRTCHNL_VF_OFFLOAD_RSS_PF | 0x40000000; /* that one is nobody's */
	struct virtchnl_vf_resource resource;
	Bytes answer;

	d->version();
	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4, &answer), 0);
	ASSERT_EQ(answer.size(), sizeof(resource));
	memcpy(&resource, answer.data(), sizeof(resource));
	EXPECT_EQ(resource.num_vsis, 1);
	EXPECT_EQ(resource.num_queue_pairs, 1);
	EXPECT_EQ(resource.max_vectors, 5);
	EXPECT_EQ(resource.vf_cap_flags,
		  (uint32_t)(VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_RSS_PF));
	EXPECT_EQ(resource.vsi_res[0].vsi_type, VIRTCHNL_VSI_SRIOV);
	EXPECT_EQ(resource.vsi_res[0].default_mac_addr[5], 2);
}

TEST_F(Virtchnl, MacOfThePfDriverIsTold)
{
	struct aq_desc desc = {};

	desc.opcode = AQC_VF_SET_MAC;
	desc.param0 = 2;
	desc.param1 = 0x44332202;
	desc.addr_high = 0x6655;
	ASSERT_EQ(host[0]->pf_command(desc).retval, AQ_RC_OK);
	negotiate();
	const uint8_t mac[6] = {0x02, 0x22, 0x33, 0x44, 0x55, 0x66};
	EXPECT_EQ(memcmp(d->mac, mac, 6), 0);
	EXPECT_EQ(d->add_mac(mac), 0);
	const uint8_t other[6] = {0x02, 1, 2, 3, 4, 5};
	EXPECT_EQ(d->add_mac(other), kParam);
}

TEST_F(Virtchnl, ConfigurationBeforeResourcesIsRefused)
{
	d->version();
	d->vsi = 3;
	EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, queue_config()), kParam);
	EXPECT_EQ(d->enable(), kParam);
	EXPECT_EQ(d->irq_map(), kParam);
}

TEST_F(Virtchnl, UnknownOpcodesAreAnswered)
{
	negotiate();
	for (uint32_t opcode : {0u, 4u, 5u, 16u, 20u, 58u, 110u, 1000u})
		EXPECT_EQ(d->request(opcode, nullptr, 0), VIRTCHNL_STATUS_ERR_NOT_SUPPORTED)
			<< opcode;
}

TEST_F(Virtchnl, ConfigQueuesChecksEveryField)
{
	negotiate();
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, queue_config()), 0);
	std::vector<std::function<void(struct virtchnl_vsi_queue_config_info &)>> breaks = {
		[](auto &c) { c.vsi_id++; },
		[](auto &c) { c.qpair[0].txq.vsi_id++; },
		[](auto &c) { c.qpair[0].rxq.vsi_id++; },
		[](auto &c) { c.qpair[0].txq.queue_id = c.qpair[0].rxq.queue_id = 1; },
		[](auto &c) { c.qpair[0].rxq.queue_id = 1; },
		[](auto &c) { c.qpair[0].txq.ring_len = 65; },
		[](auto &c) { c.qpair[0].txq.ring_len = 8168; },
		[](auto &c) { c.qpair[0].rxq.ring_len = 40; },
		[](auto &c) { c.qpair[0].rxq.databuffer_size = 64; },
		[](auto &c) { c.qpair[0].rxq.databuffer_size = 16384; },
		[](auto &c) { c.qpair[0].rxq.max_pkt_size = 63; },
		[](auto &c) { c.qpair[0].rxq.max_pkt_size = 16384; },
		[](auto &c) { c.qpair[0].rxq.splithdr_enabled = 1; },
		[](auto &c) { c.qpair[0].txq.dma_ring_addr |= 64; },
		[](auto &c) { c.num_queue_pairs = 2; },
		[](auto &c) { c.qpair[0].rxq.crc_disable = 1; },
		[](auto &c) { c.qpair[0].rxq.rxdid = 3; },
		[](auto &c) { c.qpair[0].rxq.rxdid = 255; },
	};
	for (size_t i = 0; i < breaks.size(); i++) {
		auto config = queue_config();

		breaks[i](config);
		EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, config), kParam) << i;
	}
}

TEST_F(Virtchnl, RxdidGoesIntoTheQueueContextAndMovesWithIt)
{
	struct nic_queue_context context;
	Bytes answer;

	negotiate();
	auto config = queue_config();
	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, nullptr, 0, &answer), 0);
	ASSERT_EQ(answer.size(), 8u);
	EXPECT_EQ(le64_get(answer.data()),
		  BIT(RXDID_LEGACY_16) | BIT(RXDID_LEGACY) | BIT(RXDID_FLEX_NIC));
	EXPECT_EQ(d->request(VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, &config, 8), kParam);
	nic_queue_context_get(host[0]->nic, 2, true, 0, &context);
	EXPECT_EQ(context.rxdid, RXDID_LEGACY);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 2).retval, AQ_RC_OK);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	for (uint8_t rxdid : {RXDID_FLEX_NIC, RXDID_LEGACY_16}) {
		ASSERT_EQ(host[0]->pf_vf(AQC_VF_RESUME, 2).retval, AQ_RC_OK);
		config.qpair[0].rxq.rxdid = rxdid;
		ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, config), 0);
		nic_queue_context_get(host[0]->nic, 2, true, 0, &context);
		EXPECT_EQ(context.rxdid, rxdid);
		ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 2).retval, AQ_RC_OK);
		ASSERT_EQ(host[1]->load(1, host[0]->save(2)).first, AQ_RC_OK);
		nic_queue_context_get(host[1]->nic, 1, true, 0, &context);
		EXPECT_EQ(context.rxdid, rxdid);
	}
	host[0]->flr(2);
	nic_queue_context_get(host[0]->nic, 2, true, 0, &context);
	EXPECT_EQ(context.rxdid, RXDID_LEGACY);
}

// Drivers that do not know the field leave anything there.
TEST_F(Virtchnl, WithoutFlexDescriptorsTheRxdidSaysNothing)
{
	uint32_t caps = VIRTCHNL_VF_OFFLOAD_RSS_PF;
	struct nic_queue_context context;

	negotiate();
	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4), 0);
	EXPECT_EQ(d->request(VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, nullptr, 0),
		  VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
	auto config = queue_config();
	config.qpair[0].rxq.rxdid = 22;
	EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, config), 0);
	nic_queue_context_get(host[0]->nic, 2, true, 0, &context);
	EXPECT_EQ(context.rxdid, RXDID_LEGACY);
}

TEST_F(Virtchnl, OneElementMoreIsTheOldLayout)
{
	negotiate();
	Bytes message(sizeof(struct virtchnl_vsi_queue_config_info) + 64);
	auto config = queue_config();

	memcpy(message.data(), &config, sizeof(config));
	EXPECT_EQ(
		d->request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, message.data(), (uint32_t)message.size()),
		0);
	EXPECT_EQ(d->request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, message.data(),
			     (uint32_t)message.size() - 1),
		  kParam);
}

TEST_F(Virtchnl, QueuesAreConfiguredBeforeEnabledAndNotWhile)
{
	negotiate();
	EXPECT_EQ(d->enable(), kParam) << "not configured";
	ASSERT_EQ(d->config_queues(), 0);
	EXPECT_EQ(d->enable(), 0);
	EXPECT_EQ(d->config_queues(), kParam) << "enabled";
	EXPECT_EQ(d->disable(), 0);
	EXPECT_EQ(d->config_queues(), 0);
	struct virtchnl_queue_select none = {d->vsi, 0, 0, 0}, beyond = {d->vsi, 0, 2, 0};
	EXPECT_EQ(request(VIRTCHNL_OP_ENABLE_QUEUES, none), kParam);
	EXPECT_EQ(request(VIRTCHNL_OP_DISABLE_QUEUES, beyond), kParam);
}

TEST_F(Virtchnl, DisableAnswersWhenTheLastDmaIsDone)
{
	negotiate();
	d->config_queues();
	d->post_rx(63);
	d->enable();
	for (uint32_t i = 0; i < 30; i++)
		d->transmit(make_frame(d->mac, d->mac, i, 1500));
	host[0]->run_for(PS_PER_US);
	ASSERT_EQ(d->disable(), 0);
	EXPECT_TRUE(nic_queue_drained(host[0]->nic, 2, false, 0));
	EXPECT_EQ(host[0]->read(2, QTX_TAIL1(0)), 0u);
	Bytes before(1 << 20), after(1 << 20);
	host[0]->memory.read(d->tx_ring, before.data(), before.size());
	host[0]->run_for(PS_PER_MS);
	host[0]->memory.read(d->tx_ring, after.data(), after.size());
	EXPECT_EQ(before, after);
}

TEST_F(Virtchnl, IrqMapChecksVectorsAndQueues)
{
	negotiate();
	ASSERT_EQ(d->irq_map(), 0);
	auto map = [&](uint16_t vector, uint16_t rx, uint16_t tx, uint16_t itr) {
		struct virtchnl_irq_map_info info = {1, {{d->vsi, vector, rx, tx, itr, 0}}};

		return request(VIRTCHNL_OP_CONFIG_IRQ_MAP, info);
	};
	EXPECT_EQ(map(4, 1, 1, 0), 0);
	EXPECT_EQ(map(5, 1, 1, 0), kParam) << "no such vector";
	EXPECT_EQ(map(0, 1, 0, 0), kParam) << "vector 0 is the admin queue's";
	EXPECT_EQ(map(1, 2, 0, 0), kParam) << "no such queue";
	EXPECT_EQ(map(1, 1, 0, 4), kParam) << "no such interval";
}

TEST_F(Virtchnl, FiltersCheckAddressesAndFillUp)
{
	negotiate();
	const uint8_t zero[6] = {}, broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	EXPECT_EQ(d->add_mac(zero), kParam);
	EXPECT_EQ(d->add_mac(broadcast), kParam);
	for (uint8_t i = 0; i < NIC_FILTERS_PER_VF; i++) {
		const uint8_t mac[6] = {2, 0, 0, 0, 0, i};

		EXPECT_EQ(d->add_mac(mac), 0);
		EXPECT_EQ(d->add_mac(mac), 0) << "again is no error";
	}
	const uint8_t more[6] = {2, 0, 0, 0, 1, 0};
	EXPECT_EQ(d->add_mac(more), VIRTCHNL_STATUS_ERR_NO_MEMORY);
	struct virtchnl_ether_addr_list list = {d->vsi, 1, {{{2, 0, 0, 0, 0, 3}, 2, 0}}};
	EXPECT_EQ(request(VIRTCHNL_OP_DEL_ETH_ADDR, list), 0);
	EXPECT_EQ(d->add_mac(more), 0);
	list.vsi_id++;
	EXPECT_EQ(request(VIRTCHNL_OP_DEL_ETH_ADDR, list), kParam);
	list.vsi_id--;
	list.num_elements = 0;
	EXPECT_EQ(request(VIRTCHNL_OP_ADD_ETH_ADDR, list), kParam);
}

TEST_F(Virtchnl, RssTablesHaveOneSize)
{
	negotiate();
	for (auto [opcode, len] : {std::pair<uint32_t, uint32_t>{VIRTCHNL_OP_CONFIG_RSS_KEY, 52},
				   {VIRTCHNL_OP_CONFIG_RSS_LUT, 64}}) {
		Bytes message(4 + len);

		le16_put(&message[0], d->vsi);
		le16_put(&message[2], (uint16_t)len);
		EXPECT_EQ(d->request(opcode, message.data(), 4 + len), 0);
		le16_put(&message[2], (uint16_t)(len - 1));
		EXPECT_EQ(d->request(opcode, message.data(), 4 + len - 1), kParam);
	}
}

TEST_F(Virtchnl, PromiscuousVfSeesUnknownUnicast)
{
	negotiate();
	d->config_queues();
	d->post_rx(63);
	d->enable();
	struct virtchnl_promisc_info promisc = {d->vsi, VIRTCHNL_UNICAST_PROMISC};
	ASSERT_EQ(d->host->set_policy(d->vf, VF_POLICY_TRUST), AQ_RC_OK);
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, promisc), 0);
	AvfDriver other(host[1].get(), 0, 1);
	other.bring_up();
	const uint8_t unknown[6] = {2, 9, 9, 9, 9, 9};
	other.transmit(make_frame(unknown, other.mac, 1, 100));
	run_for(PS_PER_MS);
	EXPECT_EQ(d->receive_frames().size(), 1u);
	promisc.vsi_id++;
	EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, promisc), kParam);
}

TEST_F(Virtchnl, StatsCountFrames)
{
	negotiate();
	struct virtchnl_queue_select select = {d->vsi, 0, 0, 0};
	Bytes answer;
	d->config_queues();
	d->post_rx(63);
	d->enable();
	const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	d->transmit(make_frame(broadcast, d->mac, 1, 100));
	run_for(PS_PER_MS);
	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_STATS, &select, sizeof(select), &answer), 0);
	struct virtchnl_eth_stats stats;
	ASSERT_EQ(answer.size(), sizeof(stats));
	memcpy(&stats, answer.data(), sizeof(stats));
	EXPECT_EQ(stats.tx_broadcast, 1u);
	EXPECT_EQ(stats.tx_bytes, 100u);
	EXPECT_EQ(stats.rx_broadcast, 0u) << "a VF does not hear itself";
}

TEST_F(Virtchnl, EveryRequestIsTracedWithItsAnswer)
{
	traced.clear();
	negotiate();
	EXPECT_EQ(traces_of(TRACE_MAILBOX_REQUEST).size(), 2u);
	std::vector<struct trace_event> replies = traces_of(TRACE_MAILBOX_REPLY);
	ASSERT_GE(replies.size(), 2u);
	EXPECT_EQ(replies[0].arg[0], 2u);
	EXPECT_EQ(replies[0].arg[1], (uint64_t)VIRTCHNL_OP_VERSION);
	EXPECT_EQ(replies[0].arg[2], 0u);
}

TEST_F(Virtchnl, UnknownAdminCommandIsRefused)
{
	struct aq_desc desc = {}, done;

	desc.opcode = 0x0b02;
	host[0]->memory.write(d->atq, &desc, sizeof(desc));
	host[0]->write(2, VF_ATQT1, 1);
	run_for(PS_PER_MS);
	host[0]->memory.read(d->atq, &done, sizeof(done));
	EXPECT_TRUE(done.flags & AQ_FLAG_DD);
	EXPECT_TRUE(done.flags & AQ_FLAG_ERR);
	EXPECT_EQ(done.retval, AQ_RC_ENOSYS);
}

/* Two VFs talk to the firmware at once: each gets its own answers. */
TEST_F(Virtchnl, FirmwareServesVfsInTurn)
{
	AvfDriver e(host[0].get(), 1, 1);

	e.admin_queues();
	struct virtchnl_version_info info = {1, 1};
	d->send(VIRTCHNL_OP_VERSION, &info, sizeof(info));
	e.send(99, nullptr, 0);
	uint32_t opcode;
	int32_t status;
	Bytes data;
	ASSERT_TRUE(e.receive(&opcode, &status, &data));
	EXPECT_EQ(opcode, 99u);
	ASSERT_TRUE(d->receive(&opcode, &status, &data));
	EXPECT_EQ(opcode, (uint32_t)VIRTCHNL_OP_VERSION);
}

/* The firmware is at one VF's message, and those of the others stand in line. */
TEST_F(Virtchnl, AVfThatIsResetLeavesTheLine)
{
	std::vector<std::unique_ptr<AvfDriver>> driver(4);
	uint32_t opcode;
	int32_t status;
	Bytes data;

	for (uint32_t vf = 0; vf < 4; vf++) {
		driver[vf] = std::make_unique<AvfDriver>(host[0].get(), vf, vf + 1);
		driver[vf]->admin_queues();
	}
	for (uint32_t vf = 0; vf < 4; vf++)
		driver[vf]->send(99, nullptr, 0);
	ASSERT_TRUE(host[0]->run_until(
		[&] { return nic_usage_get(host[0]->nic).mailbox_messages == 3; }));
	host[0]->flr(2);
	for (uint32_t vf : {0, 1, 3}) {
		ASSERT_TRUE(driver[vf]->receive(&opcode, &status, &data)) << vf;
		EXPECT_EQ(status, VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
	}
	run_for(5 * PS_PER_MS);
	for (const struct trace_event &reply : traces_of(TRACE_MAILBOX_REPLY))
		EXPECT_NE(reply.arg[0], 2u);
}

TEST_F(Virtchnl, HashConfigurationIsWhatIsOffered)
{
	Bytes answer;
	uint64_t beyond = BIT(0);

	negotiate();
	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS, nullptr, 0, &answer), 0);
	uint64_t offered = le64_get(answer.data());
	EXPECT_EQ(offered, RSS_ALL);
	EXPECT_EQ(request(VIRTCHNL_OP_SET_RSS_HASHCFG, offered), 0);
	EXPECT_EQ(request(VIRTCHNL_OP_SET_RSS_HASHCFG, beyond), kParam);
}

// The request is acknowledged, then everything is as after a reset, but for the version.
TEST_F(Virtchnl, ResetIsAcknowledgedAndClearsTheQueues)
{
	struct aq_desc done;
	uint32_t caps = 0xffffffff;

	negotiate();
	uint64_t at = d->atq + d->atq_tail * sizeof(done);
	d->send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
	run_for(PS_PER_MS / 10);
	host[0]->memory.read(at, &done, sizeof(done));
	EXPECT_TRUE(done.flags & AQ_FLAG_DD);
	EXPECT_TRUE(done.flags & AQ_FLAG_CMP);
	EXPECT_EQ(done.cookie_high, (uint32_t)VIRTCHNL_OP_RESET_VF);
	EXPECT_EQ(host[0]->read(2, VF_ATQLEN1), 0u);
	EXPECT_EQ(host[0]->read(2, VF_ATQH1), 0u);
	run_for(10 * PS_PER_MS);
	EXPECT_EQ(host[0]->read(2, VFGEN_RSTAT), (uint32_t)VFR_VFACTIVE);
	AvfDriver again(host[0].get(), 2, 1);
	host[0]->config_write(2, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	again.admin_queues();
	EXPECT_EQ(again.request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, sizeof(caps)), 0)
		<< "a driver asks for the version once";
}

/* A firmware that tells nothing of the link by itself, and counts VSIs from 7. */
class QuietFirmware : public Virtchnl
{
protected:
	void configure() override
	{
		firmware_cfg.tell_link = false;
		firmware_cfg.first_vsi = 7;
	}
};

TEST_F(QuietFirmware, EventsComeWhenThePfSendsThem)
{
	struct virtchnl_pf_event event = {};

	negotiate();
	EXPECT_EQ(d->vsi, 9);
	run_for(PS_PER_MS);
	uint32_t opcode;
	int32_t status;
	Bytes data;
	EXPECT_FALSE(d->receive(&opcode, &status, &data));
	EXPECT_TRUE(d->events.empty());
	event.event = VIRTCHNL_EVENT_LINK_CHANGE;
	event.link_speed = 16;
	firmware_post_event(host[0]->firmware, 2, &event, sizeof(event));
	EXPECT_FALSE(d->receive(&opcode, &status, &data));
	ASSERT_EQ(d->events.size(), 1u);
	EXPECT_EQ(d->events[0].link_speed, 16u);
}

TEST_F(Virtchnl, AVfThatIsNotTrustedIsToldItIsPromiscuousAndIsNot)
{
	negotiate();
	struct virtchnl_promisc_info promisc = {d->vsi, VIRTCHNL_UNICAST_PROMISC};
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, promisc), 0);
	d->config_queues();
	d->post_rx(63);
	d->enable();
	AvfDriver other(host[1].get(), 0, 1);
	other.bring_up();
	const uint8_t unknown[6] = {2, 9, 9, 9, 9, 9};
	other.transmit(make_frame(unknown, other.mac, 1, 100));
	run_for(PS_PER_MS);
	EXPECT_EQ(d->receive_frames().size(), 0u);
	/* What trust allowed ends with it. */
	ASSERT_EQ(d->host->set_policy(d->vf, VF_POLICY_TRUST), AQ_RC_OK);
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, promisc), 0);
	ASSERT_EQ(d->host->set_policy(d->vf, 0), AQ_RC_OK);
	other.transmit(make_frame(unknown, other.mac, 2, 100));
	run_for(PS_PER_MS);
	EXPECT_EQ(d->receive_frames().size(), 0u);
}

TEST_F(Virtchnl, AChangeOfTheLinkIsToldToWhomItConcerns)
{
	AvfDriver early(host[0].get(), 1, 1);
	uint32_t opcode;
	int32_t status;
	Bytes data;

	negotiate();
	early.admin_queues();
	ASSERT_EQ(early.version(), 0); /* it has not asked for its resources */
	EXPECT_FALSE(d->receive(&opcode, &status, &data));
	d->events.clear();
	nic_link_set(host[0]->nic, false);
	nic_link_set(host[0]->nic, false);
	EXPECT_FALSE(d->receive(&opcode, &status, &data));
	ASSERT_EQ(d->events.size(), 1u) << "once for each change";
	EXPECT_EQ(d->events[0].event, VIRTCHNL_EVENT_LINK_CHANGE);
	EXPECT_EQ(d->events[0].link_status, 0);
	EXPECT_EQ(d->enable(), kParam) << "no queues are configured";
	ASSERT_EQ(d->config_queues(), 0);
	ASSERT_EQ(d->enable(), 0);
	EXPECT_FALSE(d->receive(&opcode, &status, &data));
	ASSERT_EQ(d->events.size(), 2u);
	EXPECT_EQ(d->events[1].link_status, 0) << "what a driver learns unasked is true";
	nic_link_set(host[0]->nic, true);
	EXPECT_FALSE(d->receive(&opcode, &status, &data));
	ASSERT_EQ(d->events.size(), 3u);
	EXPECT_EQ(d->events[2].link_status, 1);
	EXPECT_FALSE(early.receive(&opcode, &status, &data));
	EXPECT_TRUE(early.events.empty());
}
