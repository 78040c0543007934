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
