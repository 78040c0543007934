/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A firmware that forwards virtchnl messages: what comes to the PF's driver, which the test is,
 * and what becomes of what it does, however full queues are and whoever is reset meanwhile.
 */
#include <linux/pci_regs.h>

#include "testbench/unit/model-nic/nic_fixture.h"

class Forward : public NicTest
{
protected:
	static constexpr uint32_t kVf = 2;

	void configure() override
	{
		cfg = nic_bench_cfg(4);
		firmware_cfg.forward = true;
	}
	void SetUp() override
	{
		NicTest::SetUp();
		h = host[0].get();
		h->pf_receive_queue(8);
		d = std::make_unique<AvfDriver>(h, kVf, 0);
		d->admin_queues();
	}
	void ask(AvfDriver &driver, uint32_t opcode, const Bytes &data = {})
	{
		driver.send(opcode, data.data(), (uint32_t)data.size());
	}
	/* The message that comes next. */
	struct aq_desc take(Bytes *data = nullptr)
	{
		struct aq_desc desc = {};

		EXPECT_TRUE(h->run_until([&] { return h->pf_receive(&desc, data); }));
		return desc;
	}
	bool comes_back(AvfDriver &driver, uint32_t index = 0)
	{
		struct aq_desc desc;

		h->memory.read(driver.atq + index * sizeof(desc), &desc, sizeof(desc));
		return desc.flags & AQ_FLAG_DD;
	}
	uint16_t operate(uint32_t kind, uint32_t life)
	{
		struct vf_operation operation = {};

		operation.kind = kind;
		return h->pf_operate(kVf, life, &operation);
	}
	/* Rings of the VF's one pair, set up and enabled; of the driver's memory. */
	void enable_queues(uint32_t life)
	{
		struct vf_operation setup = {}, enable = {};

		for (uint8_t rx : {0, 1}) {
			setup.kind = VF_QUEUE_SET_UP;
			setup.setup = {0x10000, 64, 2048, 9000, 0, rx, RXDID_LEGACY};
			ASSERT_EQ(h->pf_operate(kVf, life, &setup), AQ_RC_OK);
		}
		enable.kind = VF_QUEUES_ENABLE;
		enable.queues = {1, 1, 0};
		ASSERT_EQ(h->pf_operate(kVf, life, &enable), AQ_RC_OK);
	}
	void flr(uint32_t vf)
	{
		h->flr(vf);
		run_for(5 * PS_PER_MS);
		h->config_write(vf, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	}

	NicHost *h;
	std::unique_ptr<AvfDriver> d;
};

TEST_F(Forward, TheFirmwareSaysSo)
{
	EXPECT_TRUE(h->pf_vf(AQC_GET_VERSION, 0).param1 & PF_FEATURE_FORWARDS);
}

TEST_F(Forward, AMessageComesAsItWasSentWithItsVfAndLife)
{
	Bytes data, sent(3000);

	for (size_t i = 0; i < sent.size(); i++)
		sent[i] = (uint8_t)(i * 7);
	uint32_t msis = h->msis(NicHost::kPf, 0);
	h->write(NicHost::kPf, PFINT_ICR0_ENA, (uint32_t)ICR0_ADMINQ);
	h->write(NicHost::kPf, PFINT_DYN_CTL0, (uint32_t)DYN_CTL_INTENA);
	ask(*d, 1234, sent);
	struct aq_desc desc = take(&data);

	EXPECT_EQ(desc.opcode, AQC_SEND_MSG_TO_PF);
	EXPECT_EQ(desc.retval, kVf);
	EXPECT_EQ(desc.cookie_high, 1234u);
	EXPECT_EQ(desc.param1, h->pf_info(kVf).life);
	EXPECT_EQ(desc.flags, AQ_FLAG_DD | AQ_FLAG_CMP | AQ_FLAG_BUF);
	EXPECT_EQ(data, sent);
	run_for(PS_PER_US);
	EXPECT_EQ(h->msis(NicHost::kPf, 0), msis + 1);
}

TEST_F(Forward, AMessageIsWrittenBackWhenItIsAnswered)
{
	uint32_t opcode;
	int32_t status;
	Bytes data;

	ask(*d, 77, {1, 2, 3});
	struct aq_desc message = take();
	run_for(PS_PER_MS);
	EXPECT_FALSE(comes_back(*d)) << "it is not done";
	EXPECT_EQ(h->read(kVf, VF_ATQH1), 0u);
	EXPECT_EQ(h->pf_answer(message, -5, {9, 8}).retval, AQ_RC_OK);
	ASSERT_TRUE(d->receive(&opcode, &status, &data));
	EXPECT_EQ(opcode, 77u);
	EXPECT_EQ(status, -5);
	EXPECT_EQ(data, (Bytes{9, 8}));
	EXPECT_TRUE(comes_back(*d));
	EXPECT_EQ(h->read(kVf, VF_ATQH1), 1u);
}

TEST_F(Forward, WhatIsNoVirtchnlTheFirmwareEndsItself)
{
	struct aq_desc desc = {}, done;

	desc.opcode = 0x1234;
	h->memory.write(d->atq, &desc, sizeof(desc));
	h->write(kVf, VF_ATQT1, 1);
	ASSERT_TRUE(h->run_until([&] { return comes_back(*d); }));
	h->memory.read(d->atq, &done, sizeof(done));
	EXPECT_EQ(done.retval, AQ_RC_ENOSYS);
	EXPECT_FALSE(h->pf_receive(&done));
}

/* Each VF has one message with the PF: the others wait in their own mailboxes. */
TEST_F(Forward, AVfThatFloodsHasOneMessageInFrontOfOthers)
{
	AvfDriver other(h, 3, 1);

	other.admin_queues();
	for (uint32_t i = 0; i < 20; i++)
		ask(*d, 100 + i);
	ask(other, 50);
	EXPECT_EQ(take().cookie_high, 100u);
	EXPECT_EQ(take().cookie_high, 50u);
	struct aq_desc desc;
	run_for(PS_PER_MS);
	EXPECT_FALSE(h->pf_receive(&desc));
}

TEST_F(Forward, MessagesOfOneVfComeInTheirOrderAndNoneIsLost)
{
	for (uint32_t i = 0; i < 20; i++)
		ask(*d, 100 + i, Bytes(i, (uint8_t)i));
	for (uint32_t i = 0; i < 20; i++) {
		uint32_t opcode;
		int32_t status;
		Bytes data;

		struct aq_desc message = take(&data);
		EXPECT_EQ(message.cookie_high, 100 + i);
		EXPECT_EQ(data, Bytes(i, (uint8_t)i));
		h->pf_answer(message, (int32_t)i, data);
		ASSERT_TRUE(d->receive(&opcode, &status, &data));
		EXPECT_EQ(status, (int32_t)i);
	}
}

TEST_F(Forward, AnswersMayBeLongButWhatIsBetweenIsZero)
{
	uint32_t opcode;
	int32_t status;
	Bytes data, answer(2616);

	answer[0] = 1;
	answer[2615] = 2;
	ask(*d, 47);
	struct aq_desc message = take();
	answer[1000] = 1;
	EXPECT_EQ(h->pf_answer(message, 0, answer).retval, AQ_RC_ERANGE);
	EXPECT_EQ(h->pf_answer(message, 0, Bytes(AQ_BUFFER_BYTES + 1)).retval, AQ_RC_EINVAL);
	run_for(PS_PER_MS);
	EXPECT_FALSE(comes_back(*d)) << "what is refused answers nothing";
	answer[1000] = 0;
	EXPECT_EQ(h->pf_answer(message, 0, answer).retval, AQ_RC_OK);
	ASSERT_TRUE(d->receive(&opcode, &status, &data));
	EXPECT_EQ(data, answer);
}

TEST_F(Forward, AnAnswerToNothingIsRefused)
{
	uint32_t life = h->pf_info(kVf).life;

	EXPECT_EQ(h->pf_send(kVf, 3, 0, life | (uint32_t)MSG_ANSWERS).retval, AQ_RC_EINVAL);
	EXPECT_EQ(operate(VF_RESET, life), AQ_RC_EINVAL) << "a reset, too, answers a message";
	EXPECT_EQ(h->pf_send(9, 3, 0, life).retval, AQ_RC_ENOENT);
	run_for(PS_PER_MS);
	EXPECT_EQ(h->read(kVf, VF_ARQH1), 0u);
}

TEST_F(Forward, AnswersThatTheVfDoesNotTakeAreToldToBeLost)
{
	uint32_t life = h->pf_info(kVf).life;
	struct virtchnl_pf_event event = {};
	Bytes data((uint8_t *)&event, (uint8_t *)(&event + 1));

	h->write(kVf, VF_ARQLEN1, 0);
	for (uint32_t i = 0; i < MAILBOX_POSTS; i++)
		EXPECT_EQ(h->pf_send(kVf, VIRTCHNL_OP_EVENT, 0, life, data).retval, AQ_RC_OK);
	EXPECT_EQ(h->pf_send(kVf, VIRTCHNL_OP_EVENT, 0, life, data).retval, AQ_RC_ENOSPC);
	ask(*d, 1);
	EXPECT_EQ(h->pf_answer(take(), 0).retval, AQ_RC_ENOSPC);
	ASSERT_TRUE(h->run_until([&] { return comes_back(*d); })) << "the message is done";
}

/* --- Lives --- */

TEST_F(Forward, WhatIsSaidToAFormerLifeDoesNotReachTheNextOne)
{
	struct vf_operation add = {};

	ask(*d, VIRTCHNL_OP_VERSION, Bytes(8));
	struct aq_desc message = take();
	flr(kVf);
	d->admin_queues();
	EXPECT_EQ(h->pf_answer(message, 0, Bytes(8)).retval, AQ_RC_EFLUSHED);
	EXPECT_EQ(h->pf_send(kVf, VIRTCHNL_OP_EVENT, 0, message.param1, Bytes(16)).retval,
		  AQ_RC_EFLUSHED);
	add.kind = VF_MAC_ADD;
	add.mac[0] = 2;
	EXPECT_EQ(h->pf_operate(kVf, message.param1, &add), AQ_RC_EFLUSHED);
	uint8_t mac[6];
	EXPECT_FALSE(nic_filter_get(h->nic, kVf, 0, mac));
	run_for(PS_PER_MS);
	EXPECT_EQ(h->read(kVf, VF_ARQH1), 0u);
	/* Also when the new life has a message of its own there. */
	ask(*d, VIRTCHNL_OP_VERSION, Bytes(8));
	struct aq_desc next = take();
	EXPECT_NE(next.param1, message.param1);
	EXPECT_EQ(h->pf_answer(message, 0, Bytes(8)).retval, AQ_RC_EFLUSHED);
	EXPECT_FALSE(comes_back(*d));
	EXPECT_EQ(h->pf_answer(next, 0, Bytes(8)).retval, AQ_RC_OK);
}

TEST_F(Forward, AResetEndsItsMessageAndKeepsTheVersion)
{
	uint32_t life = h->pf_info(kVf).life;
	struct vf_operation agree = {};

	agree.kind = VF_AGREE;
	agree.agreed = h->pf_info(kVf).agreed;
	agree.agreed.version_minor = 1;
	agree.agreed.caps = 7;
	ask(*d, VIRTCHNL_OP_RESET_VF);
	take();
	ASSERT_EQ(h->pf_operate(kVf, life, &agree), AQ_RC_OK);
	ASSERT_EQ(operate(VF_RESET, life), AQ_RC_OK);
	EXPECT_EQ(operate(VF_LINK, life), AQ_RC_EFLUSHED);
	ASSERT_TRUE(h->run_until([&] { return !h->read(kVf, VF_ATQLEN1); }));
	EXPECT_TRUE(comes_back(*d));
	struct virtchnl_vf info = h->pf_info(kVf);
	EXPECT_NE(info.life, life);
	EXPECT_EQ(info.agreed.version_minor, 1u);
	EXPECT_EQ(info.agreed.caps, 0u);
}

TEST_F(Forward, ALoadedStateBeginsALife)
{
	uint32_t life = h->pf_info(kVf).life;

	ASSERT_EQ(h->pf_vf(AQC_VF_SUSPEND, kVf).retval, AQ_RC_OK);
	Bytes stream = h->save(kVf);
	EXPECT_EQ(h->pf_info(kVf).life, life);
	ASSERT_EQ(h->load(kVf, stream).first, AQ_RC_OK);
	EXPECT_NE(h->pf_info(kVf).life, life);
}

/* What was agreed on lies with the firmware in either way, and moves with the VF. */
TEST_F(Forward, AVfMovesToAHostWhoseFirmwareEndsVirtchnlItself)
{
	NicHost other(&sim, 2, cfg, nic_bench_firmware_cfg());
	struct vf_operation agree = {};
	uint32_t opcode;
	int32_t status;
	Bytes data;

	other.bring_up(4);
	agree.kind = VF_AGREE;
	agree.agreed = h->pf_info(kVf).agreed;
	agree.agreed.version_minor = 1;
	agree.agreed.caps = (uint32_t)VIRTCHNL_VF_OFFLOAD_L2;
	agree.agreed.resources_given = 1;
	ask(*d, 5);
	struct aq_desc message = take();
	ASSERT_EQ(h->pf_operate(kVf, message.param1, &agree), AQ_RC_OK);
	EXPECT_EQ(h->pf_vf(AQC_VF_SUSPEND, kVf).retval, AQ_RC_EAGAIN);
	EXPECT_EQ(h->pf_answer(message, 0, {1, 2}).retval, AQ_RC_OK);
	ASSERT_EQ(h->pf_vf(AQC_VF_SUSPEND, kVf).retval, AQ_RC_OK);
	ASSERT_EQ(other.pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	ASSERT_EQ(other.load(1, h->save(kVf)).first, AQ_RC_OK);
	d->move_to(&other, 1);
	ASSERT_EQ(other.pf_vf(AQC_VF_RESUME, 1).retval, AQ_RC_OK);
	ASSERT_TRUE(d->receive(&opcode, &status, &data));
	EXPECT_EQ(opcode, 5u);
	EXPECT_EQ(data, (Bytes{1, 2}));
	d->vsi = 2; /* of its new place */
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
	EXPECT_EQ(d->add_mac(mac), 0) << "its resources were given to it before";
	run_for(10 * PS_PER_MS);
}

/* --- Stop --- */

TEST_F(Forward, AStopDoesNotKeepThePfFromAnswering)
{
	uint32_t opcode;
	int32_t status;
	Bytes data;

	ask(*d, 5);
	struct aq_desc message = take();
	for (uint16_t stop : {AQC_VF_SUSPEND, AQC_VF_P2P})
		EXPECT_EQ(h->pf_vf(stop, kVf).retval, AQ_RC_EAGAIN);
	EXPECT_EQ(h->pf_answer(message, 0, {1}).retval, AQ_RC_OK);
	for (uint16_t stop : {AQC_VF_SUSPEND, AQC_VF_P2P})
		EXPECT_EQ(h->pf_vf(stop, kVf).retval, AQ_RC_OK);
	EXPECT_TRUE(nic_vf_drained(h->nic, kVf));
	/* The answer waits, and moves with the VF. */
	EXPECT_EQ(h->read(kVf, VF_ARQH1), 0u);
	Bytes stream = h->save(kVf);
	ASSERT_EQ(h->load(kVf, stream).first, AQ_RC_OK);
	EXPECT_EQ(h->pf_vf(AQC_VF_RESUME, kVf).retval, AQ_RC_OK);
	EXPECT_EQ(h->pf_vf(AQC_VF_P2P, kVf, 1).retval, AQ_RC_OK);
	ASSERT_TRUE(d->receive(&opcode, &status, &data));
	EXPECT_EQ(opcode, 5u);
	EXPECT_EQ(data, (Bytes{1}));
}

/*
 * Whenever a message is sent around a stop, that ends: the message was forwarded before or
 * meanwhile, or stays where it is until the VF goes on.
 */
TEST_F(Forward, AStopEndsThoughAMessageGoesToThePfMeanwhile)
{
	uint32_t again = 0, done = 0;

	for (uint64_t delay = 9; delay <= 13; delay++) {
		struct aq_desc stop = {}, answer = {}, message = {};

		stop.opcode = AQC_VF_SUSPEND;
		stop.param0 = kVf;
		h->pf_submit(stop);
		run_for(delay * PS_PER_US);
		ask(*d, 5);
		ASSERT_TRUE(h->run_until([&] { return h->pf_done(&answer); })) << delay;
		again += answer.retval == AQ_RC_EAGAIN;
		done += answer.retval == AQ_RC_OK;
		if (answer.retval == AQ_RC_OK) {
			EXPECT_EQ(h->pf_vf(AQC_VF_RESUME, kVf).retval, AQ_RC_OK);
		}
		message = take();
		EXPECT_EQ(h->pf_answer(message, 0).retval, AQ_RC_OK);
		EXPECT_EQ(h->pf_vf(AQC_VF_SUSPEND, kVf).retval, AQ_RC_OK);
		EXPECT_EQ(h->pf_vf(AQC_VF_RESUME, kVf).retval, AQ_RC_OK);
	}
	EXPECT_GT(again, 0u);
	EXPECT_GT(done, 0u);
}

/* --- The PF's queue is full, its driver slow --- */

class ManyForward : public Forward
{
protected:
	void configure() override
	{
		Forward::configure();
		cfg.vfs = 24;
	}
	void SetUp() override
	{
		Forward::SetUp();
		h->disable_vfs();
		h->bring_up(24);
		h->pf_receive_queue(4);
		for (uint32_t vf = 0; vf < 6; vf++)
			driver.push_back(std::make_unique<AvfDriver>(h, vf, vf));
		for (auto &each : driver)
			each->admin_queues();
	}
	std::vector<std::unique_ptr<AvfDriver>> driver;
};

TEST_F(ManyForward, NothingIsLostAndTheOrderIsKept)
{
	/* Two entries and eight posts would not hold twenty-four VFs' messages. */
	h->pf_receive_queue(2);
	std::vector<uint64_t> rings;
	for (uint32_t vf = 0; vf < 24; vf++) {
		struct aq_desc desc = {};

		if (vf >= 6) { /* with no more of a driver than a ring of two */
			uint64_t ring = h->memory.allocate(4096);

			h->write(vf, VF_ATQLEN1, 2 | (uint32_t)AQ_LEN_ENABLE);
			h->write(vf, VF_ATQBAL1, (uint32_t)ring);
			desc.opcode = AQC_SEND_MSG_TO_PF;
			desc.cookie_high = 1000 + vf;
			h->memory.write(ring, &desc, sizeof(desc));
			h->write(vf, VF_ATQT1, 1);
		} else {
			ask(*driver[vf], 1000 + vf, Bytes(vf, (uint8_t)vf));
		}
		run_for(20 * PS_PER_US);
	}
	run_for(PS_PER_MS);
	/* One is reset before its message gets into the queue, and the last of the line. */
	flr(15);
	flr(23);
	for (uint32_t vf = 0; vf < 24; vf++) {
		Bytes data;

		if (vf == 15 || vf == 23)
			continue;
		struct aq_desc desc = take(&data);
		EXPECT_EQ(desc.cookie_high, 1000 + vf);
		EXPECT_EQ(desc.retval, vf);
		EXPECT_EQ(data, Bytes(vf < 6 ? vf : 0, (uint8_t)vf));
	}
	struct aq_desc desc;
	run_for(PS_PER_MS);
	EXPECT_FALSE(h->pf_receive(&desc));
}

TEST_F(ManyForward, NewsOfTheLinkWaitForRoomToo)
{
	h->pf_receive_queue(2);
	for (uint32_t vf = 0; vf < 6; vf++)
		ask(*driver[vf], 1);
	for (uint32_t i = 0; i < 9; i++) {
		nic_link_set(h->nic, i % 2);
		run_for(PS_PER_US);
	}
	run_for(PS_PER_MS);
	uint32_t messages = 0, news = 0, up = 9;
	struct aq_desc desc;
	for (uint32_t i = 0; i < 20; i++, run_for(PS_PER_MS))
		while (h->pf_receive(&desc)) {
			messages += desc.opcode == AQC_SEND_MSG_TO_PF;
			news += desc.opcode == AQC_LINK_EVENT;
			up = desc.opcode == AQC_LINK_EVENT ? desc.param0 : up;
		}
	EXPECT_EQ(messages, 6u);
	EXPECT_GE(news, 1u);
	EXPECT_EQ(up, 0u) << "the last news are what is so";
}

TEST_F(Forward, NewsOfTheLinkWaitForAFirmwareThatHangs)
{
	struct aq_desc desc;

	firmware_hang(h->firmware);
	nic_link_set(h->nic, false);
	run_for(90 * PS_PER_MS);
	EXPECT_FALSE(h->pf_receive(&desc));
	run_for(20 * PS_PER_MS);
	ASSERT_TRUE(h->pf_receive(&desc));
	EXPECT_EQ(desc.opcode, AQC_LINK_EVENT);
	EXPECT_EQ(desc.param0, 0u);
}

TEST_F(Forward, AResetOfThePfLeavesNothingToWaitFor)
{
	struct aq_desc stop = {}, desc;

	ask(*d, 1);
	take();
	/* A command that waits, for a VF that another message keeps from draining. */
	uint32_t life = h->pf_info(kVf).life;
	EXPECT_NE(life, 0u);
	stop.opcode = AQC_VF_SUSPEND;
	stop.param0 = 3;
	AvfDriver other(h, 3, 1);
	other.admin_queues();
	ask(other, 2);
	h->pf_submit(stop);
	h->flr(NicHost::kPf);
	run_for(5 * PS_PER_MS);
	h->bring_up(4);
	h->pf_receive_queue(8);
	EXPECT_FALSE(h->pf_receive(&desc));
	EXPECT_EQ(h->pf_vf(AQC_GET_VERSION, 0).retval, AQ_RC_OK);
	d->admin_queues();
	ask(*d, 7);
	EXPECT_EQ(take().cookie_high, 7u);
}

/* --- Operations --- */

TEST_F(Forward, DisabledQueuesAreWaitedForUnlessTheVfIsReset)
{
	uint32_t life = h->pf_info(kVf).life;
	struct vf_operation disable = {}, look = {};

	enable_queues(life);
	look.kind = VF_QUEUES_LOOK;
	EXPECT_EQ(h->pf_operate(kVf, life, &look), AQ_RC_OK);
	EXPECT_EQ(look.queues.busy, 1u);
	disable.kind = VF_QUEUES_DISABLE;
	disable.queues = {1, 1, 0};
	/* A descriptor fetch is under way. */
	h->write(kVf, QTX_TAIL1(0), 1);
	EXPECT_EQ(h->pf_operate(kVf, life, &disable), AQ_RC_OK);
	EXPECT_TRUE(nic_queue_drained(h->nic, kVf, false, 0));
	EXPECT_EQ(h->pf_operate(kVf, life, &look), AQ_RC_OK);
	EXPECT_EQ(look.queues.busy, 0u);
}

/* What the VF does not have, or no device can do. */
const std::vector<std::pair<uint32_t, std::function<void(struct vf_operation &)>>> refused = {
	{VF_QUEUE_SET_UP,
	 [](auto &o) {
		 o.setup = {0, 64, 2048, 9000, 1, 0, 0};
	 }},
	{VF_QUEUE_SET_UP,
	 [](auto &o) {
		 o.setup = {0, 0, 2048, 9000, 0, 0, 0};
	 }},
	{VF_QUEUE_SET_UP,
	 [](auto &o) {
		 o.setup = {0, 8168, 2048, 9000, 0, 0, 0};
	 }},
	{VF_QUEUE_SET_UP,
	 [](auto &o) {
		 o.setup = {64, 64, 2048, 9000, 0, 0, 0};
	 }},
	{VF_QUEUE_SET_UP,
	 [](auto &o) {
		 o.setup = {0, 64, 64, 9000, 0, 1, 1};
	 }},
	{VF_QUEUE_SET_UP,
	 [](auto &o) {
		 o.setup = {0, 64, 2048, 9000, 0, 1, 9};
	 }},
	{VF_QUEUE_SET_UP,
	 [](auto &o) {
		 o.setup = {0, 64, 2048, 9000, 0, 2, 1};
	 }},
	{VF_QUEUES_ENABLE,
	 [](auto &o) {
		 o.queues = {1, 0, 0};
	 }},
	{VF_QUEUES_ENABLE,
	 [](auto &o) {
		 o.queues = {2, 0, 0};
	 }},
	{VF_QUEUES_DISABLE,
	 [](auto &o) {
		 o.queues = {0, 2, 0};
	 }},
	{VF_QUEUES_MAP,
	 [](auto &o) {
		 o.map = {0, 1, 2, 0, 0, 0};
	 }},
	{VF_QUEUES_MAP,
	 [](auto &o) {
		 o.map = {0, 5, 1, 0, 0, 0};
	 }},
	{VF_QUEUES_MAP,
	 [](auto &o) {
		 o.map = {0, 1, 1, 0, 4, 0};
	 }},
	{VF_QUEUES_MAP,
	 [](auto &o) {
		 o.map = {0, 1, 1, 0, 0, 4};
	 }},
	{VF_QUEUE_RATE,
	 [](auto &o) {
		 o.rate = {1, 5};
	 }},
	{VF_VLAN_ADD,
	 [](auto &o) {
		 o.vlan = 4096;
	 }},
	{VF_VLAN_DEL,
	 [](auto &o) {
		 o.vlan = 4096;
	 }},
	{VF_FLOW_ADD,
	 [](auto &o) {
		 o.rule.fate = FLOW_FATES;
	 }},
	{VF_FLOW_ADD,
	 [](auto &o) {
		 o.rule.queue = 1;
	 }},
	{VF_AGREE,
	 [](auto &o) {
		 o.agreed.hashcfg = ~RSS_ALL;
	 }},
	{VF_AGREE,
	 [](auto &o) {
		 o.agreed.resources_given = 2;
	 }},
	{VF_AGREE,
	 [](auto &o) {
		 o.agreed.rss_rule[3] = 0xff;
	 }},
};

TEST_F(Forward, OperationsThatReachBeyondTheVfAreRefused)
{
	uint32_t life = h->pf_info(kVf).life;
	for (size_t i = 0; i < refused.size(); i++) {
		struct vf_operation operation = {};

		operation.kind = refused[i].first;
		refused[i].second(operation);
		EXPECT_EQ(h->pf_operate(kVf, life, &operation), AQ_RC_EINVAL) << i;
	}
	EXPECT_EQ(operate(0, life), AQ_RC_ENOSYS);
	EXPECT_EQ(operate(VF_OPERATIONS, life), AQ_RC_ENOSYS);
	EXPECT_EQ(h->pf_info(kVf).agreed.hashcfg, (uint64_t)RSS_ALL);
}

TEST_F(Forward, ARingThatIsInUseIsNotSetUp)
{
	uint32_t life = h->pf_info(kVf).life;
	struct vf_operation setup = {};

	enable_queues(life);
	setup.kind = VF_QUEUE_SET_UP;
	setup.setup = {0x10000, 64, 2048, 9000, 0, 1, RXDID_LEGACY};
	EXPECT_EQ(h->pf_operate(kVf, life, &setup), AQ_RC_EBUSY);
}

/* A firmware that ends virtchnl itself knows none of these commands. */
class EndsItself : public Forward
{
protected:
	void configure() override
	{
	}
};

TEST_F(EndsItself, NothingIsForwarded)
{
	struct aq_desc desc;

	EXPECT_FALSE(h->pf_vf(AQC_GET_VERSION, 0).param1 & PF_FEATURE_FORWARDS);
	EXPECT_EQ(d->version(), 0);
	EXPECT_FALSE(h->pf_receive(&desc));
	for (uint16_t opcode : {AQC_VF_INFO, AQC_VF_OPERATE, AQC_SEND_MSG_TO_VF})
		EXPECT_EQ(h->pf_vf(opcode, kVf).retval, AQ_RC_ENOSYS);
}
