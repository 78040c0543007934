/* SPDX-License-Identifier: Apache-2.0 */
/* Bandwidth of queues: GET_QOS_CAPS, CONFIG_QUEUE_BW, CONFIG_QUANTA, and what a queue then sends.
 */
#include "pf-firmware/qos_format.h"

#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;
}

class Qos : public NicTraffic
{
protected:
	struct virtchnl_queues_bw_cfg bandwidth(uint32_t peak_kbps, uint32_t committed_kbps = 0)
	{
		struct virtchnl_queues_bw_cfg config = {};

		config.vsi_id = a->vsi;
		config.num_queues = 1;
		config.cfg[0].shaper = {committed_kbps, peak_kbps};
		return config;
	}
	template <typename T>
	int32_t request(uint32_t opcode, const T &message)
	{
		return a->request(opcode, &message, sizeof(message));
	}
	/* When b's frames number 1 and `last` came. */
	uint64_t duration(uint32_t last)
	{
		uint64_t from = 0, to = 0;
		uint32_t got = 0;

		host[1]->run_until([&] {
			uint32_t now = (uint32_t)nic_vf_stats_get(host[1]->nic, 0)->rx_unicast;

			if (now > got)
				(got || now > 1 ? to : from) = sim_now(&sim);
			got = now;
			return got == last;
		});
		EXPECT_EQ(got, last);
		return to - from;
	}
};

TEST_F(Qos, CapabilitiesAreOneClassOfTheLinksRate)
{
	struct virtchnl_qos_cap_list caps;
	Bytes answer;

	ASSERT_EQ(a->request(VIRTCHNL_OP_GET_QOS_CAPS, nullptr, 0, &answer), 0);
	ASSERT_EQ(answer.size(), 44u);
	memcpy(&caps, answer.data(), sizeof(caps));
	EXPECT_EQ(caps.vsi_id, a->vsi);
	EXPECT_EQ(caps.num_elem, 1);
	EXPECT_EQ(caps.cap[0].tc_prio, 0xff);
	EXPECT_EQ(caps.cap[0].weight, VIRTCHNL_STRICT_WEIGHT);
	EXPECT_EQ(caps.cap[0].shaper.peak, cfg.link_mbps * 1000);
}

TEST_F(Qos, AQueueKeepsToItsPeak)
{
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, bandwidth(100000)), 0);
	for (uint32_t i = 0; i < 41; i++)
		a->transmit(frame(i, 1250));
	uint64_t took = duration(41);
	EXPECT_NEAR((double)took / PS_PER_US, 40 * 100, 40) << "1250 bytes at 100 Mbit/s: 100 us";
}

TEST_F(Qos, TheLimitIsLiftedAtOnce)
{
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, bandwidth(1)), 0);
	a->transmit(frame(1, 1250));
	a->transmit(frame(2, 1250)); // 10 s later
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, bandwidth(0)), 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(Qos, BandwidthIsChecked)
{
	std::vector<std::function<void(struct virtchnl_queues_bw_cfg &)>> breaks = {
		[](auto &c) { c.vsi_id++; },
		[](auto &c) { c.num_queues = 0; },
		[](auto &c) { c.num_queues = 2; },
		[](auto &c) { c.cfg[0].queue_id = 1; },
		[](auto &c) { c.cfg[0].tc = 1; },
		[](auto &c) {
			c.cfg[0].shaper = {0, 25000001};
		},
		[](auto &c) {
			c.cfg[0].shaper = {2001, 2000};
		},
		[](auto &c) {
			c.cfg[0].shaper = {25000001, 0};
		},
	};
	struct nic_queue_context context;

	ASSERT_EQ(cfg.link_mbps, 25000u);
	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, bandwidth(2000, 2000)), 0);
	for (size_t i = 0; i < breaks.size(); i++) {
		auto config = bandwidth(3000);

		breaks[i](config);
		EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, config), kParam) << i;
	}
	EXPECT_EQ(a->request(VIRTCHNL_OP_CONFIG_QUEUE_BW, breaks.data(), 15), kParam);
	nic_queue_context_get(host[0]->nic, 0, false, 0, &context);
	EXPECT_EQ(context.rate_kbps, 2000u);
}

TEST_F(Qos, QuantaAreChecked)
{
	auto quanta = [&](uint16_t size, int32_t type, uint16_t start, uint16_t count) {
		struct virtchnl_quanta_cfg config = {size, 0, {type, start, count}};

		return request(VIRTCHNL_OP_CONFIG_QUANTA, config);
	};
	EXPECT_EQ(quanta(256, VIRTCHNL_QUEUE_TYPE_TX, 0, 1), 0);
	EXPECT_EQ(quanta(4096, VIRTCHNL_QUEUE_TYPE_TX, 0, 1), 0);
	EXPECT_EQ(quanta(192, VIRTCHNL_QUEUE_TYPE_TX, 0, 1), kParam);
	EXPECT_EQ(quanta(4160, VIRTCHNL_QUEUE_TYPE_TX, 0, 1), kParam);
	EXPECT_EQ(quanta(300, VIRTCHNL_QUEUE_TYPE_TX, 0, 1), kParam);
	EXPECT_EQ(quanta(256, VIRTCHNL_QUEUE_TYPE_RX, 0, 1), kParam);
	EXPECT_EQ(quanta(256, VIRTCHNL_QUEUE_TYPE_TX, 0, 0), kParam);
	EXPECT_EQ(quanta(256, VIRTCHNL_QUEUE_TYPE_TX, 0, 2), kParam);
	EXPECT_EQ(quanta(256, VIRTCHNL_QUEUE_TYPE_TX, 0xffff, 2), kParam);
	EXPECT_EQ(a->request(VIRTCHNL_OP_CONFIG_QUANTA, "", 1), kParam);
}

TEST_F(Qos, WithoutTheCapabilityTheyAreNotKnown)
{
	uint32_t caps = 0;

	ASSERT_EQ(a->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4), 0);
	EXPECT_EQ(a->request(VIRTCHNL_OP_GET_QOS_CAPS, nullptr, 0),
		  VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
	EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, bandwidth(2000)),
		  VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
}

TEST_F(Qos, TheRateMovesWithTheVfAndEndsWithItsReset)
{
	struct nic_queue_context context;

	ASSERT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, bandwidth(2000)), 0);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	ASSERT_EQ(host[1]->load(1, host[0]->save(0)).first, AQ_RC_OK);
	nic_queue_context_get(host[1]->nic, 1, false, 0, &context);
	EXPECT_EQ(context.rate_kbps, 2000u);
	host[0]->flr(0);
	nic_queue_context_get(host[0]->nic, 0, false, 0, &context);
	EXPECT_EQ(context.rate_kbps, 0u);
}

/* A port of three classes: 0 has 30 percent, 1 has 70, 2 is strict; VFs of four queue pairs. */
class QosClasses : public Qos
{
protected:
	struct Run {
		uint16_t first, count;
	};

	void configure() override
	{
		Qos::configure();
		cfg.queue_pairs = 4;
		firmware_cfg.classes = {3,  NIC_PAUSE_NONE,           0,
					{}, {0, 0, 0, 1, 1, 1, 2, 2}, {30, 70, 0}};
	}
	int32_t map(const std::vector<Run> &runs, uint16_t pairs, Bytes *answer = nullptr,
		    int32_t classes = -1, int32_t vsi = -1)
	{
		Bytes message(8 + 4 * runs.size());

		le16_put(message.data(), vsi < 0 ? a->vsi : (uint16_t)vsi);
		le16_put(message.data() + 2,
			 classes < 0 ? (uint16_t)runs.size() : (uint16_t)classes);
		le16_put(message.data() + 4, pairs);
		for (size_t i = 0; i < runs.size(); i++) {
			le16_put(message.data() + 8 + 4 * i, runs[i].first);
			le16_put(message.data() + 10 + 4 * i, runs[i].count);
		}
		return a->request(VIRTCHNL_OP_CONFIG_QUEUE_TC_MAP, message.data(),
				  (uint32_t)message.size(), answer);
	}
	std::vector<uint32_t> classes_of(NicHost *on, uint32_t vf)
	{
		std::vector<uint32_t> found;
		struct nic_queue_context context;

		for (uint32_t queue = 0; queue < 4; queue++) {
			nic_queue_context_get(on->nic, vf, false, queue, &context);
			found.push_back(context.class_index);
		}
		return found;
	}
};

TEST_F(QosClasses, CapabilitiesTellOfEachClass)
{
	const uint8_t priorities[] = {0x07, 0x38, 0xc0}, weight[] = {30, 70, 1};
	const uint8_t arbiter[] = {VIRTCHNL_ARBITER_ETS, VIRTCHNL_ARBITER_ETS,
				   VIRTCHNL_ARBITER_STRICT};
	Bytes answer;

	ASSERT_EQ(a->request(VIRTCHNL_OP_GET_QOS_CAPS, nullptr, 0, &answer), 0);
	ASSERT_EQ(answer.size(), 4 + 3 * sizeof(struct virtchnl_qos_cap_elem));
	EXPECT_EQ(le16_get(answer.data() + 2), 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct virtchnl_qos_cap_elem cap;

		memcpy(&cap, answer.data() + 4 + i * sizeof(cap), sizeof(cap));
		EXPECT_EQ(cap.tc_num, i);
		EXPECT_EQ(cap.tc_prio, priorities[i]);
		EXPECT_EQ(cap.arbiter, arbiter[i]);
		EXPECT_EQ(cap.weight, weight[i]);
	}
}

TEST_F(QosClasses, AMapGivesQueuesTheirClasses)
{
	Bytes answer;

	EXPECT_EQ(classes_of(host[0].get(), 0), (std::vector<uint32_t>{0, 0, 0, 0}));
	ASSERT_EQ(map({{0, 1}, {1, 2}, {3, 1}}, 4, &answer), 0);
	EXPECT_EQ(classes_of(host[0].get(), 0), (std::vector<uint32_t>{0, 1, 1, 2}));
	ASSERT_EQ(answer.size(), 8u + 3 * 4);
	EXPECT_EQ(le16_get(answer.data() + 8), VIRTCHNL_USER_PRIO_TYPE_UP);
	EXPECT_EQ(le16_get(answer.data() + 10), 0x07);
	EXPECT_EQ(le16_get(answer.data() + 18), 0xc0);
	ASSERT_EQ(map({{0, 0}, {0, 4}, {0, 0}}, 4), 0) << "a class may be left out";
	EXPECT_EQ(classes_of(host[0].get(), 0), (std::vector<uint32_t>{1, 1, 1, 1}));
}

TEST_F(QosClasses, WhatIsNoMapIsRefusedAndChangesNothing)
{
	EXPECT_EQ(map({{0, 1}, {1, 1}, {2, 2}}, 4, nullptr, -1, a->vsi + 1), kParam);
	EXPECT_EQ(map({{0, 2}, {2, 2}}, 4), kParam) << "a class is missing";
	EXPECT_EQ(map({{0, 1}, {1, 1}, {2, 1}, {3, 1}}, 4), kParam) << "one too many";
	EXPECT_EQ(map({{0, 1}, {1, 1}, {2, 3}}, 5), kParam) << "more than the VF has";
	EXPECT_EQ(map({{0, 1}, {1, 1}, {2, 1}}, 4), kParam) << "a queue is left out";
	EXPECT_EQ(map({{0, 2}, {1, 2}, {3, 1}}, 4), kParam) << "one is in two";
	EXPECT_EQ(map({{1, 1}, {2, 1}, {3, 1}}, 3), kParam) << "it begins at 0";
	EXPECT_EQ(map({{0, 0}, {0, 0}, {0, 0}}, 0), kParam);
	EXPECT_EQ(map({{0, 1}, {1, 1}, {2, 2}}, 4, nullptr, 2), kParam) << "of another length";
	EXPECT_EQ(classes_of(host[0].get(), 0), (std::vector<uint32_t>{0, 0, 0, 0}));
}

TEST_F(QosClasses, BandwidthMayNameEachOfThem)
{
	auto config = bandwidth(2000);

	config.cfg[0].tc = 2;
	EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, config), 0);
	config.cfg[0].tc = 3;
	EXPECT_EQ(request(VIRTCHNL_OP_CONFIG_QUEUE_BW, config), kParam);
}

TEST_F(QosClasses, ClassesMoveWithTheVfAndEndWithItsReset)
{
	struct nic_classes one = nic_classes_default();

	ASSERT_EQ(map({{0, 1}, {1, 2}, {3, 1}}, 4), 0);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	Bytes state = host[0]->save(0);
	ASSERT_EQ(host[1]->load(1, state).first, AQ_RC_OK);
	EXPECT_EQ(classes_of(host[1].get(), 1), (std::vector<uint32_t>{0, 1, 1, 2}));
	host[0]->flr(0);
	EXPECT_EQ(classes_of(host[0].get(), 0), (std::vector<uint32_t>{0, 0, 0, 0}));

	/* To a port that has not so many. */
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 2).retval, AQ_RC_OK);
	nic_classes_set(host[1]->nic, &one);
	EXPECT_EQ(host[1]->load(2, state),
		  std::make_pair((uint16_t)AQ_RC_EINVAL, (uint32_t)STATE_REFUSED_MISPLACED));
}

/* A firmware whose classes no port can have is none. */
TEST_F(QosClasses, ClassesThatCannotBeAreNotTaken)
{
	firmware_cfg.classes.share[2] = 1;
	EXPECT_EQ(firmware_create(&firmware_cfg, host[0]->nic), nullptr);
}
