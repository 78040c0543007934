/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the flow director: ADD_FDIR_FILTER and DEL_FDIR_FILTER, and where frames then go. */
#include <algorithm>

#include "pf-firmware/fdir_format.h"

#include "model/nic/flow_director.h"
#include "testbench/unit/pf-firmware/fdir_fixture.h"

namespace
{
constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;
struct virtchnl_proto_hdr proto(int32_t type, uint32_t fields, const Bytes &octets = {})
{
	struct virtchnl_proto_hdr header = {type, fields, {}};

	std::copy(octets.begin(), octets.end(), header.buffer);
	return header;
}
} // namespace

class Fdir : public FlowDirector
{
protected:
	struct virtchnl_fdir_add rule(std::vector<struct virtchnl_proto_hdr> headers)
	{
		struct virtchnl_fdir_add add = {};

		add.vsi_id = b->vsi;
		add.proto_hdrs.count = (uint32_t)headers.size();
		std::copy(headers.begin(), headers.end(), add.proto_hdrs.proto_hdr);
		add.action_count = 1;
		to_queue(add, 2);
		return add;
	}
	static void to_queue(struct virtchnl_fdir_add &add, uint16_t queue)
	{
		add.actions[0].type = VIRTCHNL_ACTION_QUEUE;
		add.actions[0].act_conf.queue.index = queue;
	}
	struct virtchnl_fdir_add udp_port_rule(const Flow &flow = {})
	{
		return rule({proto(VIRTCHNL_PROTO_HDR_ETH, 0), proto(VIRTCHNL_PROTO_HDR_IPV4, 0),
			     proto(VIRTCHNL_PROTO_HDR_UDP, 2, header_l4(flow))});
	}
	/* {status of the mailbox, of the rule}, and what it was called. */
	std::pair<int32_t, int32_t> add(const struct virtchnl_fdir_add &message)
	{
		struct virtchnl_fdir_add back;
		Bytes answer;
		int32_t status =
			b->request(VIRTCHNL_OP_ADD_FDIR_FILTER, &message, sizeof(message), &answer);

		if (answer.size() != sizeof(back))
			return {status, -1};
		memcpy(&back, answer.data(), sizeof(back));
		for (size_t i = 8; i < 2612; i++)
			EXPECT_EQ(answer[i], 0) << i;
		flow_id = back.flow_id;
		return {status, back.status};
	}
	std::pair<int32_t, int32_t> del(uint32_t id, uint16_t vsi = 0)
	{
		struct virtchnl_fdir_del message = {vsi ? vsi : b->vsi, 0, id, 99};
		Bytes answer;
		int32_t status =
			b->request(VIRTCHNL_OP_DEL_FDIR_FILTER, &message, sizeof(message), &answer);

		return {status, answer.size() == 12 ? (int32_t)le32_get(&answer[8]) : -1};
	}
	static constexpr std::pair<int32_t, int32_t> kDone = {0, VIRTCHNL_FDIR_SUCCESS};
	static constexpr std::pair<int32_t, int32_t> kInvalid = {
		kParam, VIRTCHNL_FDIR_FAILURE_RULE_INVALID};

	uint32_t flow_id = 0;
};

TEST_F(Fdir, APortsRuleSteersItsFramesAndNoOthers)
{
	Flow other_port, other_proto, fragment, tagged, six;

	other_port.port++;
	other_proto.proto = kTcp;
	fragment.fragment = true;
	tagged.tagged = true;
	six.version = 6;
	EXPECT_EQ(queue_of({}), 0u);
	ASSERT_EQ(add(udp_port_rule()), kDone);
	EXPECT_EQ(queue_of({}), 2u);
	EXPECT_EQ(queue_of(tagged), 2u);
	EXPECT_EQ(queue_of(other_port), 0u);
	EXPECT_EQ(queue_of(other_proto), 0u);
	EXPECT_EQ(queue_of(fragment), 0u);
	EXPECT_EQ(queue_of(six), 0u);
	EXPECT_EQ(del(flow_id), kDone);
	EXPECT_EQ(queue_of({}), 0u);
}

/* Each field of each header: a frame that has it goes to the queue, one that has not does not. */
TEST_F(Fdir, EveryFieldIsLookedAt)
{
	struct Case {
		uint8_t version, proto;
		int32_t type;
		uint32_t bit;
		std::function<void(Flow &)> change;
	};
	auto host_of = [](Flow &f) {
		f.host++;
	};
	auto net_of = [](Flow &f) {
		f.net++;
	};
	auto class_of = [](Flow &f) {
		f.dscp ^= 0x10;
	};
	auto hops_of = [](Flow &f) {
		f.hops--;
	};
	auto proto_of = [](Flow &f) {
		f.proto = 47;
	};
	auto source_of = [](Flow &f) {
		f.source_port++;
	};
	auto port_of = [](Flow &f) {
		f.port++;
	};
	std::vector<Case> cases = {
		{4, kUdp, VIRTCHNL_PROTO_HDR_IPV4, 0, host_of},
		{4, kUdp, VIRTCHNL_PROTO_HDR_IPV4, 2, class_of},
		{4, kUdp, VIRTCHNL_PROTO_HDR_IPV4, 3, hops_of},
		{4, kUdp, VIRTCHNL_PROTO_HDR_IPV4, 4, proto_of},
		{6, kUdp, VIRTCHNL_PROTO_HDR_IPV6, 0, host_of},
		{6, kUdp, VIRTCHNL_PROTO_HDR_IPV6, 2, class_of},
		{6, kUdp, VIRTCHNL_PROTO_HDR_IPV6, 3, hops_of},
		{6, kUdp, VIRTCHNL_PROTO_HDR_IPV6, 4, proto_of},
		{6, kUdp, VIRTCHNL_PROTO_HDR_IPV6, 13, net_of}, /* the first 64 bits */
		{4, kTcp, VIRTCHNL_PROTO_HDR_TCP, 0, source_of},
		{4, kTcp, VIRTCHNL_PROTO_HDR_TCP, 1, port_of},
		{6, kSctp, VIRTCHNL_PROTO_HDR_SCTP, 1, port_of},
	};

	for (size_t i = 0; i < cases.size(); i++) {
		const Case &c = cases[i];
		bool l4 = c.type >= VIRTCHNL_PROTO_HDR_TCP;
		int32_t ip = c.version == 4 ? VIRTCHNL_PROTO_HDR_IPV4 : VIRTCHNL_PROTO_HDR_IPV6;
		Flow flow;
		flow.version = c.version;
		flow.proto = c.proto;
		std::vector<struct virtchnl_proto_hdr> headers = {
			proto(VIRTCHNL_PROTO_HDR_ETH, 0),
			proto(ip, l4 ? 0 : 1u << c.bit, header_ip(flow))};

		if (l4)
			headers.push_back(proto(c.type, 1u << c.bit, header_l4(flow)));
		ASSERT_EQ(add(rule(headers)), kDone) << i;
		EXPECT_EQ(queue_of(flow), 2u) << i;
		c.change(flow);
		EXPECT_EQ(queue_of(flow), 0u) << i;
		ASSERT_EQ(del(flow_id), kDone);
	}
}

TEST_F(Fdir, EthernetFieldsAreLookedAt)
{
	Bytes eth = header_eth(b->mac, a->mac, {});
	Flow six;

	six.version = 6;
	ASSERT_EQ(add(rule({proto(VIRTCHNL_PROTO_HDR_ETH, 7, eth)})), kDone);
	EXPECT_EQ(queue_of({}), 2u);
	EXPECT_EQ(queue_of(six), 0u) << "another EtherType";
	ASSERT_EQ(del(flow_id), kDone);
	eth[6] ^= 4;
	ASSERT_EQ(add(rule({proto(VIRTCHNL_PROTO_HDR_ETH, 1, eth)})), kDone);
	EXPECT_EQ(queue_of({}), 0u) << "another source";
}

TEST_F(Fdir, ActionsDropPassMarkAndSpread)
{
	struct virtchnl_fdir_add drop = udp_port_rule(), mark = udp_port_rule(),
				 region = udp_port_rule();

	drop.actions[0].type = VIRTCHNL_ACTION_DROP;
	ASSERT_EQ(add(drop), kDone);
	EXPECT_EQ(queue_of({}), 9u);
	EXPECT_EQ(dropped(1, PACKET_DROP_FLOW_RULE), 1u);
	ASSERT_EQ(del(flow_id), kDone);

	mark.action_count = 2;
	mark.actions[1].type = VIRTCHNL_ACTION_MARK;
	mark.actions[1].act_conf.mark_id = 0xabcd1234;
	ASSERT_EQ(add(mark), kDone);
	EXPECT_EQ(queue_of({}), 2u);
	EXPECT_TRUE(host[1]->memory.read64(ring(2) + 8) & RXD1_FLM);
	EXPECT_EQ(field_get(RXD3_FD_ID, host[1]->memory.read64(ring(2) + 24)), 0xabcd1234u);
	EXPECT_EQ(field_get(RXD2_FLEXBH, host[1]->memory.read64(ring(2) + 16)), 1u);
	ASSERT_EQ(del(flow_id), kDone);

	region.actions[0].type = VIRTCHNL_ACTION_Q_REGION;
	region.actions[0].act_conf.queue = {2, 1};
	ASSERT_EQ(add(region), kDone);
	Bytes key(4 + RSS_KEY_BYTES, 0x5a);
	le16_put(&key[0], b->vsi);
	le16_put(&key[2], RSS_KEY_BYTES);
	ASSERT_EQ(b->request(VIRTCHNL_OP_CONFIG_RSS_KEY, key.data(), (uint32_t)key.size()), 0);
	uint32_t hits[4] = {};
	for (uint8_t i = 0; i < 16; i++) {
		Flow flow;

		flow.host = i;
		hits[queue_of(flow) & 3]++;
	}
	EXPECT_EQ(hits[2] + hits[3], 16u);
	EXPECT_GT(hits[2], 0u);
	EXPECT_GT(hits[3], 0u);
	/* What has no hash goes to the first of them. */
	uint64_t nothing = 0;
	ASSERT_EQ(b->request(VIRTCHNL_OP_SET_RSS_HASHCFG, &nothing, 8), 0);
	for (uint8_t i = 0; i < 16; i++) {
		Flow flow;

		flow.host = i;
		EXPECT_EQ(queue_of(flow), 2u);
	}
}

TEST_F(Fdir, TheOldestRuleThatMatchesDecides)
{
	Flow flow;
	struct virtchnl_fdir_add wide = rule({proto(VIRTCHNL_PROTO_HDR_IPV4, 1, header_ip(flow))});

	ASSERT_EQ(add(wide), kDone);
	uint32_t first = flow_id;
	struct virtchnl_fdir_add narrow = udp_port_rule();
	to_queue(narrow, 3);
	ASSERT_EQ(add(narrow), kDone);
	EXPECT_NE(flow_id, first);
	EXPECT_EQ(queue_of(flow), 2u);
	ASSERT_EQ(del(first), kDone);
	EXPECT_EQ(queue_of(flow), 3u);
}

TEST_F(Fdir, ARuleIsThereOnceAndThereIsRoomForSoMany)
{
	struct virtchnl_fdir_add again = udp_port_rule();

	ASSERT_EQ(add(again), kDone);
	to_queue(again, 3);
	EXPECT_EQ(add(again), std::make_pair(0, VIRTCHNL_FDIR_FAILURE_RULE_EXIST));
	EXPECT_EQ(del(55), std::make_pair(0, VIRTCHNL_FDIR_FAILURE_RULE_NONEXIST));
	for (uint16_t i = 1; i < FLOW_RULES_PER_VF; i++) {
		Flow flow;

		flow.port = i;
		EXPECT_EQ(add(udp_port_rule(flow)), kDone) << i;
		EXPECT_EQ(flow_id, i);
	}
	Flow more;
	more.port = 999;
	EXPECT_EQ(add(udp_port_rule(more)),
		  std::make_pair(0, VIRTCHNL_FDIR_FAILURE_RULE_NORESOURCE));
	EXPECT_EQ(del(7), kDone);
	EXPECT_EQ(del(7), std::make_pair(0, VIRTCHNL_FDIR_FAILURE_RULE_NONEXIST));
	EXPECT_EQ(add(udp_port_rule(more)), kDone);
	EXPECT_EQ(flow_id, 7u);
}

TEST_F(Fdir, RulesThatCannotBeAreInvalid)
{
	std::vector<std::function<void(struct virtchnl_fdir_add &)>> breaks = {
		[](auto &r) { r.proto_hdrs.tunnel_level = 1; },
		[](auto &r) { r.proto_hdrs.count = 0; },
		[](auto &r) { r.proto_hdrs.count = 33; },
		[](auto &r) { r.proto_hdrs.proto_hdr[0].type = 2; },
		[](auto &r) { r.proto_hdrs.proto_hdr[1].type = VIRTCHNL_PROTO_HDR_TCP; },
		[](auto &r) { r.proto_hdrs.proto_hdr[2].type = VIRTCHNL_PROTO_HDR_IPV4; },
		[](auto &r) { r.proto_hdrs.proto_hdr[2].field_selector = 0; },
		[](auto &r) { r.proto_hdrs.proto_hdr[2].field_selector = 4; },
		[](auto &r) { r.action_count = 0; },
		[](auto &r) { r.action_count = 9; },
		[](auto &r) { r.action_count = 2; }, // the second drops
		[](auto &r) { r.actions[0].type = 1; },
		[](auto &r) { r.actions[0].type = -1; },
		[](auto &r) { r.actions[0].act_conf.queue.index = 4; },
		[](auto &r) {
			r.actions[0].type = VIRTCHNL_ACTION_Q_REGION;
			r.actions[0].act_conf.queue = {2, 2};
		},
		[](auto &r) {
			r.actions[0].type = VIRTCHNL_ACTION_Q_REGION;
			r.actions[0].act_conf.queue = {0, 64};
		},
	};

	for (size_t i = 0; i < breaks.size(); i++) {
		struct virtchnl_fdir_add message = udp_port_rule();

		breaks[i](message);
		EXPECT_EQ(add(message), kInvalid) << i;
	}
	struct virtchnl_fdir_add message = udp_port_rule();
	message.validate_only = 1;
	EXPECT_EQ(add(message), kDone);
	EXPECT_EQ(queue_of({}), 0u) << "only looked at";
	message.vsi_id++;
	EXPECT_EQ(add(message).first, kParam);
	EXPECT_EQ(del(0, message.vsi_id).first, kParam);
	EXPECT_EQ(b->request(VIRTCHNL_OP_ADD_FDIR_FILTER, &message, sizeof(message) - 1), kParam);
	EXPECT_EQ(b->request(VIRTCHNL_OP_DEL_FDIR_FILTER, &message, 11), kParam);
}

TEST_F(Fdir, WithoutTheCapabilityThereAreNone)
{
	struct virtchnl_fdir_add message = udp_port_rule();
	uint32_t caps = 0;

	ASSERT_EQ(b->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4), 0);
	EXPECT_EQ(add(message).first, VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
	EXPECT_EQ(del(0).first, VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
}

TEST_F(Fdir, RulesMoveWithTheVfAndEndWithItsReset)
{
	struct flow_rule here, there;

	ASSERT_EQ(add(udp_port_rule()), kDone);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	ASSERT_EQ(host[0]->load(1, host[1]->save(0)).first, AQ_RC_OK);
	ASSERT_TRUE(nic_flow_get(host[1]->nic, 0, 0, &here));
	ASSERT_TRUE(nic_flow_get(host[0]->nic, 1, 0, &there));
	EXPECT_EQ(memcmp(&here, &there, sizeof(here)), 0);
	EXPECT_FALSE(nic_flow_get(host[0]->nic, 1, 1, &there));
	host[1]->flr(0);
	EXPECT_FALSE(nic_flow_get(host[1]->nic, 0, 0, &here));
}

/* The long answer waits in the device and travels, its end with it. */
TEST_F(Fdir, AnAnswerThatWaitsTravels)
{
	uint32_t head = host[1]->read(0, VF_ARQH1), opcode;
	struct virtchnl_fdir_add message = udp_port_rule();
	int32_t status;
	Bytes answer;

	message.actions[0].type = 99;
	host[1]->write(0, VF_ARQT1, head);
	b->arq_next = head;
	b->send(VIRTCHNL_OP_ADD_FDIR_FILTER, &message, sizeof(message));
	run_for(PS_PER_MS);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	ASSERT_EQ(host[0]->load(1, host[1]->save(0)).first, AQ_RC_OK);
	b->move_to(host[0].get(), 1);
	host[0]->pf_vf(AQC_VF_RESUME, 1);
	host[0]->write(1, VF_ARQT1, (b->arq_next + 31) % 32);
	ASSERT_TRUE(b->receive(&opcode, &status, &answer));
	EXPECT_EQ(opcode, (uint32_t)VIRTCHNL_OP_ADD_FDIR_FILTER);
	EXPECT_EQ(status, kParam);
	ASSERT_EQ(answer.size(), sizeof(message));
	EXPECT_EQ(le32_get(&answer[2612]), (uint32_t)VIRTCHNL_FDIR_FAILURE_RULE_INVALID);
}
