/* SPDX-License-Identifier: Apache-2.0 */
/* The device's clock, as a VF's driver reads it, and the times that received frames bear. */
#include "pf-firmware/ptp_format.h"

#include "testbench/unit/model-nic/nic_fixture.h"

class Ptp : public NicTraffic
{
protected:
	struct Stamp {
		bool valid;
		uint64_t ns; /* its lower 32 bits */
	};

	uint32_t granted(uint32_t wanted, int32_t *status = nullptr)
	{
		struct virtchnl_ptp_caps caps = {};
		Bytes answer;
		int32_t ret;

		caps.caps = wanted;
		memset(caps.rsvd, 0xff, sizeof(caps.rsvd));
		ret = b->request(VIRTCHNL_OP_1588_PTP_GET_CAPS, &caps, sizeof(caps), &answer);
		if (status)
			*status = ret;
		if (ret || answer.size() != sizeof(caps))
			return UINT32_MAX;
		EXPECT_EQ(Bytes(answer.begin() + 4, answer.end()), Bytes(sizeof(caps.rsvd)));
		return le32_get(answer.data());
	}
	uint64_t clock()
	{
		struct virtchnl_phc_time time = {};
		Bytes answer;

		EXPECT_EQ(b->request(VIRTCHNL_OP_1588_PTP_GET_TIME, &time, sizeof(time), &answer),
			  0);
		EXPECT_EQ(answer.size(), sizeof(time));
		return answer.size() == sizeof(time) ? le64_get(answer.data()) : 0;
	}
	void agree(uint64_t caps)
	{
		uint32_t wanted = (uint32_t)caps;

		ASSERT_EQ(b->request(VIRTCHNL_OP_GET_VF_RESOURCES, &wanted, 4), 0);
	}
	/* The receive queue as iavf asks for it that wants times. */
	void configure_queue(uint8_t flags, uint8_t rxdid = RXDID_FLEX_NIC)
	{
		struct virtchnl_vsi_queue_config_info config = {};

		ASSERT_EQ(b->disable(), 0);
		config.vsi_id = b->vsi;
		config.num_queue_pairs = 1;
		config.qpair[0].txq.vsi_id = config.qpair[0].rxq.vsi_id = b->vsi;
		config.qpair[0].rxq.ring_len = AvfDriver::kRing;
		config.qpair[0].rxq.dma_ring_addr = b->rx_ring;
		config.qpair[0].rxq.databuffer_size = AvfDriver::kBuffer;
		config.qpair[0].rxq.max_pkt_size = 9000;
		config.qpair[0].rxq.rxdid = rxdid;
		config.qpair[0].rxq.flags = flags;
		ASSERT_EQ(b->request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, &config, sizeof(config)), 0);
		b->rx_tail = 0;
		b->post_rx(AvfDriver::kRing - 1);
		ASSERT_EQ(b->enable(), 0);
	}
	/* What the first descriptor tells of a frame that `a` sends now. */
	Stamp receive()
	{
		a->transmit(frame(1));
		run_for(PS_PER_MS);
		EXPECT_TRUE(word(1) & RXF1_DD);
		return {(word(2) & RXF2_TS_VALID) != 0, field_get(RXF3_TS_HIGH, word(3))};
	}
	uint64_t word(uint32_t number)
	{
		return host[1]->memory.read64(b->rx_ring + 8 * number);
	}
};

TEST_F(Ptp, ADriverIsGrantedWhatItWantsOfWhatThereIs)
{
	EXPECT_EQ(granted(UINT32_MAX), 6u);
	EXPECT_EQ(granted(VIRTCHNL_1588_PTP_CAP_READ_PHC), 4u);
	EXPECT_EQ(granted(0), 0u);
}

TEST_F(Ptp, TheClockIsTheSimulatedTime)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < 3; i++) {
		uint64_t begin = sim_now(&sim), told = clock();

		EXPECT_GE(told, begin / PS_PER_NS);
		EXPECT_LE(told, sim_now(&sim) / PS_PER_NS);
		EXPECT_GT(told, before);
		before = told;
		run_for(7 * PS_PER_S);
	}
}

TEST_F(Ptp, FramesAreStampedByTheClockWhereTheQueueAsks)
{
	configure_queue(VIRTCHNL_PTP_RX_TSTAMP);
	uint64_t before = clock();
	Stamp stamp = receive();
	EXPECT_TRUE(stamp.valid);
	EXPECT_GE(stamp.ns, before);
	EXPECT_LE(stamp.ns, clock());
	configure_queue(0);
	EXPECT_FALSE(receive().valid);
}

TEST_F(Ptp, WithoutTheCapabilityTheFlagSaysNothing)
{
	agree(UINT32_MAX & ~VIRTCHNL_VF_CAP_PTP);
	configure_queue(VIRTCHNL_PTP_RX_TSTAMP);
	EXPECT_FALSE(receive().valid);
	int32_t status;
	granted(UINT32_MAX, &status);
	EXPECT_EQ(status, VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
	agree(UINT32_MAX & ~VIRTCHNL_VF_OFFLOAD_RX_FLEX_DESC);
	struct nic_queue_context context;
	configure_queue(VIRTCHNL_PTP_RX_TSTAMP, RXDID_LEGACY);
	nic_queue_context_get(host[1]->nic, 0, true, 0, &context);
	EXPECT_FALSE(context.timestamps) << "legacy descriptors have no place for it";
}

/* To VF 3 of the other host, and what is received there. */
TEST_F(Ptp, StampsMoveWithTheVf)
{
	struct nic_queue_context context;

	configure_queue(VIRTCHNL_PTP_RX_TSTAMP);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	Bytes stream = host[1]->save(0);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 3).retval, AQ_RC_OK);
	nic_queue_context_get(host[0]->nic, 3, true, 0, &context);
	EXPECT_FALSE(context.timestamps);
	ASSERT_EQ(host[0]->load(3, stream).first, AQ_RC_OK);
	nic_queue_context_get(host[0]->nic, 3, true, 0, &context);
	EXPECT_TRUE(context.timestamps);
}
