/* SPDX-License-Identifier: Apache-2.0 */
/* Every opcode of virtchnl is answered once, whatever its message, but RESET_VF, which resets. */
#include <map>

#include "pf-firmware/fdir_format.h"
#include "pf-firmware/ptp_format.h"
#include "pf-firmware/qos_format.h"
#include "pf-firmware/refused_format.h"
#include "pf-firmware/rss_format.h"
#include "testbench/unit/model-nic/nic_fixture.h"
#include "virtchnl/virtchnl.h"

namespace
{
constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;
constexpr int32_t kRefused = VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;

/* Implemented, and how an empty message of theirs is answered once all is agreed on. */
const std::map<uint32_t, int32_t> kImplemented = {
	{VIRTCHNL_OP_VERSION, kParam},
	{VIRTCHNL_OP_GET_VF_RESOURCES, kParam},
	{VIRTCHNL_OP_CONFIG_VSI_QUEUES, kParam},
	{VIRTCHNL_OP_CONFIG_IRQ_MAP, kParam},
	{VIRTCHNL_OP_ENABLE_QUEUES, kParam},
	{VIRTCHNL_OP_DISABLE_QUEUES, kParam},
	{VIRTCHNL_OP_ADD_ETH_ADDR, kParam},
	{VIRTCHNL_OP_DEL_ETH_ADDR, kParam},
	{VIRTCHNL_OP_ADD_VLAN, kParam},
	{VIRTCHNL_OP_DEL_VLAN, kParam},
	{VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, kParam},
	{VIRTCHNL_OP_GET_STATS, kParam},
	{VIRTCHNL_OP_CONFIG_RSS_HFUNC, kParam},
	{VIRTCHNL_OP_CONFIG_RSS_KEY, kParam},
	{VIRTCHNL_OP_CONFIG_RSS_LUT, kParam},
	{VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS, 0},
	{VIRTCHNL_OP_SET_RSS_HASHCFG, kParam},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING, kRefused}, /* VLAN_V2 was agreed on */
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING, kRefused},
	{VIRTCHNL_OP_REQUEST_QUEUES, kParam},
	{VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, 0},
	{VIRTCHNL_OP_ADD_RSS_CFG, kParam},
	{VIRTCHNL_OP_DEL_RSS_CFG, kParam},
	{VIRTCHNL_OP_ADD_FDIR_FILTER, kParam},
	{VIRTCHNL_OP_DEL_FDIR_FILTER, kParam},
	{VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, 0},
	{VIRTCHNL_OP_ADD_VLAN_V2, kParam},
	{VIRTCHNL_OP_DEL_VLAN_V2, kParam},
	{VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2, kParam},
	{VIRTCHNL_OP_DISABLE_VLAN_STRIPPING_V2, kParam},
	{VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2, kParam},
	{VIRTCHNL_OP_DISABLE_VLAN_INSERTION_V2, kParam},
	{VIRTCHNL_OP_GET_QOS_CAPS, 0},
	{VIRTCHNL_OP_CONFIG_QUEUE_TC_MAP, kParam},
	{VIRTCHNL_OP_CONFIG_QUEUE_BW, kParam},
	{VIRTCHNL_OP_CONFIG_QUANTA, kParam},
	{VIRTCHNL_OP_1588_PTP_GET_CAPS, kParam},
	{VIRTCHNL_OP_1588_PTP_GET_TIME, kParam},
};
} // namespace

class Opcodes : public NicTest
{
protected:
	void configure() override
	{
		firmware_cfg.tell_link = false;
	}
	void SetUp() override
	{
		NicTest::SetUp();
		d = std::make_unique<AvfDriver>(host[0].get(), 2, 0);
		d->admin_queues();
		d->version();
	}
	/* The one answer to a message. */
	int32_t answer_of(uint32_t opcode, const Bytes &message)
	{
		uint32_t got = 0;
		int32_t status = INT32_MIN;
		Bytes data;

		traced.clear();
		d->send(opcode, message.data(), (uint32_t)message.size());
		EXPECT_TRUE(host[0]->run_until([&] {
			return host[0]->read(2, VF_ARQH1) != d->arq_next;
		})) << opcode;
		run_for(100 * PS_PER_US);
		EXPECT_EQ(traces_of(TRACE_MAILBOX_REPLY).size(), 1u) << opcode;
		EXPECT_EQ(host[0]->read(2, VF_ARQH1), (d->arq_next + 1) % AvfDriver::kAq);
		d->receive(&got, &status, &data);
		EXPECT_EQ(got, opcode == VIRTCHNL_OP_EVENT ? 0 : opcode);
		if (opcode == VIRTCHNL_OP_EVENT)
			return (int32_t)traces_of(TRACE_MAILBOX_REPLY)[0].arg[2];
		return status;
	}

	std::unique_ptr<AvfDriver> d;
};

TEST_F(Opcodes, BeforeResourcesEachIsAnsweredOnceAndDoesNothing)
{
	for (uint32_t opcode = 0; opcode <= VIRTCHNL_OP_LAST; opcode++) {
		if (opcode == VIRTCHNL_OP_RESET_VF || opcode == VIRTCHNL_OP_EVENT)
			continue;
		EXPECT_EQ(answer_of(opcode, {}), kImplemented.count(opcode) ? kParam : kRefused)
			<< opcode;
	}
}

TEST_F(Opcodes, AfterResourcesEachIsAnsweredOnce)
{
	ASSERT_EQ(d->resources(), 0);
	for (uint32_t opcode = 0; opcode <= VIRTCHNL_OP_LAST; opcode++) {
		auto known = kImplemented.find(opcode);

		if (opcode == VIRTCHNL_OP_RESET_VF || opcode == VIRTCHNL_OP_EVENT)
			continue;
		EXPECT_EQ(answer_of(opcode, {}),
			  known == kImplemented.end() ? kRefused : known->second)
			<< opcode;
		for (uint8_t fill : {0, 0xff}) {
			int32_t status = answer_of(opcode, Bytes(AQ_BUFFER_BYTES, fill));

			EXPECT_EQ(status, known == kImplemented.end() ? kRefused : kParam)
				<< opcode;
		}
	}
}

class FewCapabilities : public Opcodes
{
protected:
	void configure() override
	{
		Opcodes::configure();
		firmware_cfg.capabilities = VIRTCHNL_VF_OFFLOAD_VLAN | VIRTCHNL_VF_OFFLOAD_QOS;
	}
};

TEST_F(FewCapabilities, AFirmwareOffersNoMoreThanItMay)
{
	uint32_t all = UINT32_MAX;
	Bytes answer;

	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &all, 4, &answer), 0);
	EXPECT_EQ(le32_get(&answer[8]),
		  VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_VLAN | VIRTCHNL_VF_OFFLOAD_QOS);
}

TEST_F(Opcodes, OneWithoutItsCapabilityIsRefused)
{
	uint32_t none = 0;
	const std::pair<uint32_t, uint32_t> length[] = {
		{VIRTCHNL_OP_REQUEST_QUEUES, 2},     {VIRTCHNL_OP_GET_SUPPORTED_RXDIDS, 0},
		{VIRTCHNL_OP_CONFIG_RSS_HFUNC, 8},   {VIRTCHNL_OP_ADD_FDIR_FILTER, 2616},
		{VIRTCHNL_OP_DEL_FDIR_FILTER, 12},   {VIRTCHNL_OP_GET_QOS_CAPS, 0},
		{VIRTCHNL_OP_CONFIG_QUANTA, 12},     {VIRTCHNL_OP_ADD_RSS_CFG, 2444},
		{VIRTCHNL_OP_DEL_RSS_CFG, 2444},     {VIRTCHNL_OP_1588_PTP_GET_CAPS, 48},
		{VIRTCHNL_OP_1588_PTP_GET_TIME, 16},
	};

	ASSERT_EQ(d->request(VIRTCHNL_OP_GET_VF_RESOURCES, &none, 4), 0);
	for (auto [opcode, len] : length)
		EXPECT_EQ(answer_of(opcode, Bytes(len)), kRefused) << opcode;
}

TEST_F(Opcodes, ResetIsTheOneThatIsNotAnswered)
{
	traced.clear();
	d->send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
	EXPECT_TRUE(host[0]->run_until([&] { return !host[0]->read(2, VF_ATQLEN1); }));
	run_for(PS_PER_MS);
	EXPECT_TRUE(traces_of(TRACE_MAILBOX_REPLY).empty());
}

/* A driver that sends it is told so, and nobody takes it for an event of ours. */
TEST_F(Opcodes, EventOfAVfIsRefused)
{
	struct virtchnl_pf_event event = {};

	d->send(VIRTCHNL_OP_EVENT, &event, sizeof(event));
	run_for(PS_PER_MS);
	std::vector<struct trace_event> replies = traces_of(TRACE_MAILBOX_REPLY);
	EXPECT_EQ((int32_t)replies.back().arg[2], kRefused);
	EXPECT_EQ(replies.back().arg[3], 0u);
}

TEST_F(Opcodes, EachHasAName)
{
	EXPECT_STREQ(virtchnl_name(VIRTCHNL_OP_FLOW_SUBSCRIBE), "FLOW_SUBSCRIBE");
	EXPECT_EQ(virtchnl_name(19), nullptr);
	for (auto [opcode, status] : kImplemented)
		EXPECT_NE(virtchnl_name(opcode), nullptr) << opcode;
}

TEST_F(Opcodes, HashFunctionIsToeplitzForOneDirectionOrBoth)
{
	auto set = [&](uint16_t algorithm, int vsi = 0) {
		struct virtchnl_rss_hfunc hfunc = {(uint16_t)(d->vsi + vsi), algorithm, 0};

		return d->request(VIRTCHNL_OP_CONFIG_RSS_HFUNC, &hfunc, sizeof(hfunc));
	};
	ASSERT_EQ(d->resources(), 0);
	EXPECT_EQ(set(VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC), 0);
	EXPECT_EQ(set(VIRTCHNL_RSS_ALG_TOEPLITZ_ASYMMETRIC), 0);
	EXPECT_EQ(set(VIRTCHNL_RSS_ALG_R_ASYMMETRIC), kParam);
	EXPECT_EQ(set(VIRTCHNL_RSS_ALG_XOR_SYMMETRIC), kParam);
	EXPECT_EQ(set(VIRTCHNL_RSS_ALG_TOEPLITZ_SYMMETRIC, 1), kParam);
}
