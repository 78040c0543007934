/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the firmware's codes say to a PF's driver that has operations done (AQ_RC_*), and the
 * commands that carry nothing. The other codes are those of forward.cpp, state.cpp, dma_log.cpp.
 */
#include "testbench/unit/model-nic/nic_fixture.h"

class AdminCodes : public NicTest
{
protected:
	static constexpr uint32_t kVf = 2;
	static constexpr uint64_t kRing = 0x800000;

	void configure() override
	{
		firmware_cfg.forward = true;
	}
	void SetUp() override
	{
		NicTest::SetUp();
		h = host[0].get();
		life = h->pf_info(kVf).life;
	}
	struct vf_operation address(uint32_t kind, uint8_t last)
	{
		struct vf_operation operation = {};
		const uint8_t mac[6] = {2, 0, 0, 0, 0, last};

		operation.kind = kind;
		memcpy(operation.mac, mac, 6);
		return operation;
	}
	uint16_t operate(struct vf_operation operation)
	{
		return h->pf_operate(kVf, life, &operation);
	}
	/* A ring is set up and enabled, and its first descriptor takes `ps` to be read. */
	void fetch_slowly(uint64_t ps)
	{
		struct vf_operation setup = {}, enable = {};

		setup.kind = VF_QUEUE_SET_UP;
		setup.setup = {kRing, 64, 0, 0, 0, 0, 0};
		ASSERT_EQ(operate(setup), AQ_RC_OK);
		enable.kind = VF_QUEUES_ENABLE;
		enable.queues = {0, 1, 0};
		ASSERT_EQ(operate(enable), AQ_RC_OK);
		h->memory.slow_down(kRing, ps);
		h->write(kVf, QTX_TAIL1(0), 1);
	}
	/* The code of the command that is under way. */
	uint16_t comes_to()
	{
		struct aq_desc done = {};

		EXPECT_TRUE(h->run_until([&] { return h->pf_done(&done); }));
		return done.retval;
	}
	struct aq_desc disable(Bytes *message)
	{
		struct vf_operation operation = {};
		struct aq_desc desc = {};

		operation.kind = VF_QUEUES_DISABLE;
		operation.queues = {0, 1, 0};
		*message = Bytes((uint8_t *)&operation, (uint8_t *)(&operation + 1));
		desc.opcode = AQC_VF_OPERATE;
		desc.flags = AQ_FLAG_BUF | AQ_FLAG_RD;
		desc.datalen = sizeof(operation);
		desc.param0 = kVf;
		desc.param1 = life;
		return desc;
	}

	NicHost *h;
	uint32_t life;
};

TEST_F(AdminCodes, EexistAndEsrchAreAboutWhatIsThereOrNot)
{
	struct vf_operation rule = {}, other = {};

	EXPECT_EQ(operate(address(VF_MAC_DEL, 1)), AQ_RC_ESRCH);
	EXPECT_EQ(operate(address(VF_MAC_ADD, 1)), AQ_RC_OK);
	EXPECT_EQ(operate(address(VF_MAC_ADD, 1)), AQ_RC_EEXIST);
	EXPECT_EQ(operate(address(VF_MAC_DEL, 1)), AQ_RC_OK);
	EXPECT_EQ(operate(address(VF_MAC_DEL, 1)), AQ_RC_ESRCH);
	rule.kind = VF_FLOW_ADD;
	rule.rule.fate = FLOW_DROP;
	rule.rule.mask[0] = rule.rule.value[0] = 0xff;
	ASSERT_EQ(h->pf_operate(kVf, life, &rule), AQ_RC_OK);
	other.kind = VF_FLOW_DEL;
	other.flow_id = rule.flow_id + 1;
	EXPECT_EQ(operate(other), AQ_RC_ESRCH);
	other.flow_id = rule.flow_id;
	EXPECT_EQ(operate(other), AQ_RC_OK);
	EXPECT_EQ(operate(other), AQ_RC_ESRCH);
}

TEST_F(AdminCodes, EnospcIsWhereATableIsFull)
{
	struct vf_operation vlan = {};

	for (uint8_t i = 0; i < NIC_FILTERS_PER_VF; i++)
		EXPECT_EQ(operate(address(VF_MAC_ADD, i)), AQ_RC_OK);
	EXPECT_EQ(operate(address(VF_MAC_ADD, 99)), AQ_RC_ENOSPC);
	EXPECT_EQ(operate(address(VF_MAC_ADD, 0)), AQ_RC_EEXIST) << "it needs no room";
	vlan.kind = VF_VLAN_ADD;
	for (vlan.vlan = 1; vlan.vlan <= NIC_VLANS_PER_VF; vlan.vlan++)
		EXPECT_EQ(operate(vlan), AQ_RC_OK);
	EXPECT_EQ(operate(vlan), AQ_RC_ENOSPC);
}

TEST_F(AdminCodes, ErangeTellsHowManyQueuePairsThereCouldBe)
{
	struct vf_operation resize = {};

	resize.kind = VF_RESIZE;
	for (uint32_t pairs : {0u, 99u}) {
		resize.queue_pairs = pairs;
		EXPECT_EQ(h->pf_operate(kVf, life, &resize), AQ_RC_ERANGE);
		EXPECT_EQ(resize.queue_pairs, 1u);
	}
	EXPECT_EQ(h->pf_operate(kVf, life, &resize), AQ_RC_OK);
}

/* A stop whose VF is reset meanwhile has not stopped it. */
TEST_F(AdminCodes, EioIsAStopThatAResetHasEnded)
{
	struct aq_desc stop = {};

	fetch_slowly(200 * PS_PER_US);
	stop.opcode = AQC_VF_SUSPEND;
	stop.param0 = kVf;
	h->pf_submit(stop);
	run_for(50 * PS_PER_US);
	EXPECT_FALSE(h->pf_done(&stop)) << "DMA is under way";
	h->flr(kVf);
	EXPECT_EQ(comes_to(), AQ_RC_EIO);
	run_for(5 * PS_PER_MS);
	EXPECT_EQ(nic_vf_stopped(h->nic, kVf), 0u);
}

TEST_F(AdminCodes, EflushedIsAnOperationThatAResetHasEnded)
{
	Bytes message;
	struct aq_desc desc = disable(&message);

	fetch_slowly(200 * PS_PER_US);
	h->pf_submit(desc, &message);
	run_for(50 * PS_PER_US);
	EXPECT_FALSE(h->pf_done(&desc)) << "DMA is under way";
	h->flr(kVf);
	EXPECT_EQ(comes_to(), AQ_RC_EFLUSHED);
}

TEST_F(AdminCodes, DisablingQueuesIsDoneWhenTheirDmaIs)
{
	Bytes message;
	struct aq_desc desc = disable(&message);

	fetch_slowly(200 * PS_PER_US);
	h->pf_submit(desc, &message);
	run_for(50 * PS_PER_US);
	EXPECT_FALSE(h->pf_done(&desc));
	EXPECT_EQ(comes_to(), AQ_RC_OK);
	EXPECT_TRUE(nic_queue_drained(h->nic, kVf, false, 0));
}

TEST_F(AdminCodes, ShutdownIsAcknowledgedToThePf)
{
	EXPECT_EQ(h->pf_vf(AQC_QUEUE_SHUTDOWN, 0).retval, AQ_RC_OK);
	EXPECT_EQ(h->pf_vf(AQC_GET_VERSION, 0).retval, AQ_RC_OK);
}

/* iavf sends it before it turns its queues off, and waits for the descriptor. */
TEST_F(AdminCodes, ShutdownIsAcknowledgedToAVfByTheFirmwareItself)
{
	AvfDriver d(h, kVf, 0);
	struct aq_desc desc = {}, done = {};

	d.admin_queues();
	desc.opcode = AQC_QUEUE_SHUTDOWN;
	desc.flags = AQ_FLAG_SI;
	desc.cookie_high = 77;
	desc.param0 = 1; /* the driver is unloaded */
	h->memory.write(d.atq, &desc, sizeof(desc));
	h->write(kVf, VF_ATQT1, 1);
	EXPECT_TRUE(h->run_until([&] { return h->read(kVf, VF_ATQH1) == 1; }));
	h->memory.read(d.atq, &done, sizeof(done));
	EXPECT_EQ(done.flags, AQ_FLAG_SI | AQ_FLAG_DD | AQ_FLAG_CMP);
	EXPECT_EQ(done.retval, AQ_RC_OK);
	EXPECT_EQ(done.cookie_high, 77u);
	EXPECT_EQ(h->read(kVf, VF_ARQH1), 0u) << "nobody else hears of it";
}

TEST_F(AdminCodes, EinvalIsAMessageOfAnotherLength)
{
	Bytes message, small(8);
	struct aq_desc desc = disable(&message), info = {};

	desc.datalen--;
	message.pop_back();
	EXPECT_EQ(h->pf_command(desc, &message).retval, AQ_RC_EINVAL);
	info.opcode = AQC_VF_INFO;
	info.flags = AQ_FLAG_BUF;
	info.datalen = sizeof(struct virtchnl_vf) - 1;
	info.param0 = kVf;
	EXPECT_EQ(h->pf_command(info, &small).retval, AQ_RC_EINVAL);
}

/* The PF may give a VF its address before there is one, but not beyond those there can be. */
TEST_F(AdminCodes, EnoentIsAVfThatCannotBe)
{
	struct aq_desc desc = {};

	desc.opcode = AQC_VF_SET_MAC;
	desc.param1 = 0x00000002;
	for (auto [vf, code] : {std::pair<uint32_t, uint16_t>{cfg.vfs - 1, AQ_RC_OK},
				{cfg.vfs, AQ_RC_ENOENT},
				{UINT32_MAX, AQ_RC_ENOENT}}) {
		desc.param0 = vf;
		EXPECT_EQ(h->pf_command(desc).retval, code) << vf;
	}
}

TEST_F(AdminCodes, TagsAreForVfsThatMayHaveThemAndQueuesThatRest)
{
	struct vf_operation tag = {};

	tag.kind = VF_QUEUE_TAG;
	EXPECT_EQ(operate(tag), AQ_RC_OK) << "its own address space is what it has";
	tag.tag.pasid = 1;
	EXPECT_EQ(operate(tag), AQ_RC_EINVAL) << "a PASID that is not valid";
	tag.tag.tagged = 1;
	EXPECT_EQ(operate(tag), AQ_RC_EINVAL) << "not allowed";
	tag.tag = {1, 0, 0};
	EXPECT_EQ(operate(tag), AQ_RC_EINVAL) << "no such queue";
	fetch_slowly(20 * PS_PER_US);
	tag.tag = {0, 0, 0};
	EXPECT_EQ(operate(tag), AQ_RC_EBUSY);
}
