/* SPDX-License-Identifier: Apache-2.0 */
/* A firmware that hangs: nobody answers, the hardware goes on, and the restart that follows. */
#include "testbench/unit/model-nic/nic_fixture.h"

class Watchdog : public NicTraffic
{
protected:
	void hang()
	{
		firmware_hang(host[0]->firmware);
	}
	bool is_active(uint32_t vf)
	{
		return host[0]->read(vf, VFGEN_RSTAT) == (uint32_t)VFR_VFACTIVE;
	}
};

TEST_F(Watchdog, TheHardwareGoesOn)
{
	hang();
	a->transmit(frame(1));
	b->transmit(make_frame(a->mac, b->mac, 2, 500));
	run_for(50 * PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_EQ(a->receive_frames().size(), 1u);
}

TEST_F(Watchdog, MessagesAreNotAnsweredAndEachVfIsReset)
{
	AvfDriver c(host[0].get(), 1, 2);
	uint32_t opcode;
	int32_t status;
	Bytes data;

	c.bring_up();
	EXPECT_FALSE(c.receive(&opcode, &status, &data)) << "but for the link's event";
	hang();
	a->send(VIRTCHNL_OP_GET_STATS, "\1\0\0", 4);
	EXPECT_FALSE(a->receive(&opcode, &status, &data));
	run_for(60 * PS_PER_MS);
	EXPECT_TRUE(is_active(0));
	EXPECT_NE(host[0]->read(0, VF_ATQLEN1), 0u);
	run_for(100 * PS_PER_MS);
	for (uint32_t vf = 0; vf < 2; vf++) {
		EXPECT_TRUE(is_active(vf)) << vf;
		EXPECT_EQ(host[0]->read(vf, VF_ATQLEN1), 0u) << vf;
	}
	/* Its driver has been told: in memory, for its queue is gone. */
	struct virtchnl_pf_event event;
	struct aq_desc desc;
	host[0]->memory.read(c.arq + c.arq_next * sizeof(desc), &desc, sizeof(desc));
	ASSERT_EQ(desc.cookie_high, (uint32_t)VIRTCHNL_OP_EVENT);
	host[0]->memory.read(desc.addr_low, &event, sizeof(event));
	EXPECT_EQ(event.event, VIRTCHNL_EVENT_RESET_IMPENDING);
	AvfDriver again(host[0].get(), 0, 0);
	again.bring_up();
	EXPECT_NE(host[0]->read(0, VF_ATQLEN1), 0u);
}

TEST_F(Watchdog, ThePfsCommandThatWasWorkedOnEndsWithAnError)
{
	struct aq_desc desc = {}, done;

	desc.opcode = AQC_GET_VERSION;
	host[0]->pf_submit(desc);
	run_for(5 * PS_PER_US); /* of the 10 that it takes */
	hang();
	run_for(90 * PS_PER_MS);
	EXPECT_FALSE(host[0]->pf_done(&done));
	run_for(20 * PS_PER_MS);
	ASSERT_TRUE(host[0]->pf_done(&done));
	EXPECT_EQ(done.retval, AQ_RC_EIO);
	EXPECT_EQ(host[0]->pf_command(desc).retval, AQ_RC_OK) << "the next one";
}

/* It waits for the VF to be drained, which is over before the firmware is there again. */
TEST_F(Watchdog, ThePfsCommandThatWaitsEndsWithAnError)
{
	struct aq_desc desc = {}, done;

	host[0]->memory.slow_down(a->tx_buffers, 20 * PS_PER_MS);
	a->transmit(frame(1));
	run_for(10 * PS_PER_US);
	desc.opcode = AQC_VF_SUSPEND;
	host[0]->pf_submit(desc);
	run_for(PS_PER_MS);
	hang();
	host[0]->flr(0); /* which a firmware that works would tell the PF */
	run_for(90 * PS_PER_MS);
	EXPECT_FALSE(host[0]->pf_done(&done));
	run_for(20 * PS_PER_MS);
	ASSERT_TRUE(host[0]->pf_done(&done));
	EXPECT_EQ(done.retval, AQ_RC_EIO);
	EXPECT_EQ(nic_vf_stopped(host[0]->nic, 0), 0u);
}

TEST_F(Watchdog, AVfThatIsResetMeanwhileBecomesActiveAfterTheRestart)
{
	host[0]->flr(1);
	hang();
	run_for(95 * PS_PER_MS);
	EXPECT_FALSE(is_active(1));
	run_for(20 * PS_PER_MS);
	EXPECT_TRUE(is_active(1));
}

TEST_F(Watchdog, AHangOfAHungFirmwareIsNone)
{
	hang();
	run_for(60 * PS_PER_MS);
	hang();
	run_for(60 * PS_PER_MS);
	EXPECT_EQ(host[0]->read(0, VF_ATQLEN1), 0u) << "since the first one";
}

TEST_F(Watchdog, AVfThatIsNotThereStaysAway)
{
	host[0]->disable_vfs();
	hang();
	run_for(200 * PS_PER_MS);
	EXPECT_FALSE(nic_vf_present(host[0]->nic, 0));
	host[0]->bring_up(2);
	EXPECT_TRUE(is_active(0));
}
