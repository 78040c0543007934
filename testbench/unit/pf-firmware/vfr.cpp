/* SPDX-License-Identifier: Apache-2.0 */
/* A VFR that the VF has not asked for: the firmware's own, and the PF driver's. */
#include <linux/pci_regs.h>

#include "testbench/unit/model-nic/nic_fixture.h"

class Vfr : public NicTest
{
protected:
	void SetUp() override
	{
		NicTest::SetUp();
		for (uint32_t vf = 0; vf < 2; vf++) {
			driver[vf] = std::make_unique<AvfDriver>(host[0].get(), vf, vf);
			driver[vf]->bring_up();
		}
		d = driver[0].get();
		traced.clear();
	}
	/* What VFGEN_RSTAT went through, before and after in one. */
	std::vector<uint64_t> states()
	{
		std::vector<uint64_t> found;

		for (const struct trace_event &event : traces_of(TRACE_VF_STATE))
			if (event.arg[0] == 0)
				found.push_back(event.arg[1] << 4 | event.arg[2]);
		return found;
	}
	bool is_active()
	{
		return host[0]->run_until([&] { return states().size() == 3; });
	}
	/* Messages that the VF's memory has and its driver has not seen, though their queue is
	 * gone. */
	std::vector<struct aq_desc> messages(uint32_t opcode)
	{
		std::vector<struct aq_desc> found;
		struct aq_desc desc;

		for (uint32_t i = d->arq_next; i < AvfDriver::kAq; i++) {
			host[0]->memory.read(d->arq + i * sizeof(desc), &desc, sizeof(desc));
			if ((desc.flags & AQ_FLAG_DD) && desc.cookie_high == opcode)
				found.push_back(desc);
		}
		return found;
	}
	/* How often it was told of a reset. */
	uint32_t told()
	{
		uint32_t count = 0;

		for (const struct aq_desc &desc : messages(VIRTCHNL_OP_EVENT)) {
			struct virtchnl_pf_event event;

			host[0]->memory.read(desc.addr_low, &event, sizeof(event));
			count += event.event == VIRTCHNL_EVENT_RESET_IMPENDING;
		}
		return count;
	}
	void works_again()
	{
		AvfDriver again(host[0].get(), 0, 2);

		again.bring_up();
		again.transmit(make_frame(driver[1]->mac, again.mac, 7, 200));
		run_for(PS_PER_MS);
		EXPECT_EQ(driver[1]->receive_frames().size(), 1u);
	}

	const std::vector<uint64_t> through{0x20, 0x01, 0x12};
	std::unique_ptr<AvfDriver> driver[2];
	AvfDriver *d = nullptr;
};

TEST_F(Vfr, IsToldAndThenDone)
{
	firmware_reset_vf(host[0]->firmware, 0);
	EXPECT_EQ(host[0]->read(0, VFGEN_RSTAT), (uint64_t)VFR_VFACTIVE) << "not before it is told";
	ASSERT_TRUE(is_active());
	EXPECT_EQ(states(), through);
	EXPECT_EQ(told(), 1u);
	EXPECT_EQ(host[0]->read(0, VF_ARQLEN1), 0u);
	EXPECT_TRUE(host[0]->bus_master(0)) << "configuration space stays";
	EXPECT_NE(host[0]->read(1, VF_ARQLEN1), 0u) << "another VF's";
	works_again();
}

TEST_F(Vfr, OfThePfsDriverIsTheSame)
{
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_RESET, 0).retval, AQ_RC_OK);
	ASSERT_TRUE(is_active());
	EXPECT_EQ(told(), 1u);
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_RESET, 4).retval, AQ_RC_ENOENT);
	works_again();
}

TEST_F(Vfr, WithoutRoomToTellIsDoneAtOnce)
{
	host[0]->write(0, VF_ARQLEN1, 0);
	firmware_reset_vf(host[0]->firmware, 0);
	EXPECT_NE(host[0]->read(0, VFGEN_RSTAT), (uint64_t)VFR_VFACTIVE);
	ASSERT_TRUE(is_active());
	works_again();
}

TEST_F(Vfr, WaitsForNoMessageOfTheVfs)
{
	struct virtchnl_version_info version = {1, 1};

	d->send(VIRTCHNL_OP_VERSION, &version, sizeof(version));
	ASSERT_TRUE(
		host[0]->run_until([&] { return traces_of(TRACE_MAILBOX_REQUEST).size() == 1; }));
	firmware_reset_vf(host[0]->firmware, 0);
	ASSERT_TRUE(is_active());
	EXPECT_EQ(told(), 1u);
	EXPECT_TRUE(messages(VIRTCHNL_OP_VERSION).empty()) << "its answer went with it";
	works_again();
}

TEST_F(Vfr, OfAVfInResetIsNothing)
{
	firmware_reset_vf(host[0]->firmware, 0);
	firmware_reset_vf(host[0]->firmware, 0);
	ASSERT_TRUE(is_active());
	run_for(PS_PER_MS);
	EXPECT_EQ(states(), through);
	EXPECT_EQ(told(), 1u);
}

TEST_F(Vfr, OfAVfThatIsNotThereIsNothing)
{
	host[0]->disable_vfs();
	run_for(PS_PER_MS);
	traced.clear();
	firmware_reset_vf(host[0]->firmware, 0);
	firmware_reset_vf(host[0]->firmware, 1000);
	run_for(PS_PER_MS);
	EXPECT_TRUE(traced.empty());
}
