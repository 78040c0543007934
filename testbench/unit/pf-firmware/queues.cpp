/* SPDX-License-Identifier: Apache-2.0 */
/* REQUEST_QUEUES: VFs ask for more or fewer queue pairs of the pool that they share. */
#include <linux/pci_regs.h>

#include <optional>

#include "testbench/unit/model-nic/nic_fixture.h"

/* Four VFs with one queue pair each and hardware for four; the pool has seven. */
class RequestQueues : public NicTest
{
protected:
	void configure() override
	{
		cfg.queue_pairs = 4;
		firmware_cfg.queue_pairs = 7;
		firmware_cfg.vf_queue_pairs = 1;
		firmware_cfg.tell_link = false;
	}
	void SetUp() override
	{
		NicTest::SetUp();
		for (uint32_t vf = 0; vf < 2; vf++) {
			driver[vf] = std::make_unique<AvfDriver>(host[0].get(), vf, vf);
			driver[vf]->admin_queues();
			driver[vf]->version();
			EXPECT_EQ(pairs(vf), firmware_cfg.vf_queue_pairs);
		}
	}
	/* What GET_VF_RESOURCES says that the VF has. */
	uint32_t pairs(uint32_t vf)
	{
		uint32_t caps = 0xffffffff;
		struct virtchnl_vf_resource resource = {};
		Bytes answer;

		EXPECT_EQ(driver[vf]->request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, 4, &answer), 0);
		if (answer.size() == sizeof(resource))
			memcpy(&resource, answer.data(), sizeof(resource));
		driver[vf]->vsi = resource.vsi_res[0].vsi_id;
		EXPECT_TRUE(resource.vf_cap_flags & VIRTCHNL_VF_OFFLOAD_REQ_QUEUES);
		EXPECT_EQ(resource.num_queue_pairs, resource.vsi_res[0].num_queue_pairs);
		return resource.num_queue_pairs;
	}
	bool is_reset(uint32_t vf)
	{
		return host[0]->run_until([&] { return !host[0]->read(vf, VF_ARQLEN1); });
	}
	/* Ask. None: it was granted, and the VF is reset; else what the refusal offers. */
	std::optional<uint32_t> ask(uint32_t vf, uint16_t count)
	{
		AvfDriver &d = *driver[vf];
		uint32_t opcode;
		int32_t status;
		Bytes answer;

		d.events.clear();
		d.send(VIRTCHNL_OP_REQUEST_QUEUES, &count, sizeof(count));
		if (is_reset(vf))
			return std::nullopt;
		EXPECT_TRUE(d.receive(&opcode, &status, &answer));
		EXPECT_EQ(opcode, (uint32_t)VIRTCHNL_OP_REQUEST_QUEUES);
		EXPECT_EQ(status, 0);
		EXPECT_EQ(answer.size(), 2u);
		return le16_get(answer.data());
	}
	/* As a driver goes on after a reset. */
	void come_back(uint32_t vf)
	{
		host[0]->config_write(vf, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
		driver[vf]->admin_queues();
	}
	int32_t select(uint32_t vf, uint32_t opcode, uint32_t map)
	{
		struct virtchnl_queue_select message = {driver[vf]->vsi, 0, map, map};

		return driver[vf]->request(opcode, &message, sizeof(message));
	}

	std::unique_ptr<AvfDriver> driver[2];
};

TEST_F(RequestQueues, AGrantIsAResetThatWasAnnounced)
{
	uint16_t three = 3;
	uint32_t opcode;
	int32_t status;
	Bytes answer;
	AvfDriver &d = *driver[0];

	d.events.clear();
	d.send(VIRTCHNL_OP_REQUEST_QUEUES, &three, sizeof(three));
	ASSERT_TRUE(is_reset(0));
	struct aq_desc event;
	host[0]->memory.read(d.arq + d.arq_next * sizeof(event), &event, sizeof(event));
	EXPECT_TRUE(event.flags & AQ_FLAG_DD) << "told before the reset";
	EXPECT_EQ(event.cookie_high, (uint32_t)VIRTCHNL_OP_EVENT);
	Bytes body(event.datalen);
	host[0]->memory.read(event.addr_low, body.data(), body.size());
	ASSERT_EQ(body.size(), sizeof(struct virtchnl_pf_event));
	EXPECT_EQ(le32_get(body.data()), (uint32_t)VIRTCHNL_EVENT_RESET_IMPENDING);
	come_back(0);
	EXPECT_FALSE(d.receive(&opcode, &status, &answer)) << "a grant is not answered";
	EXPECT_EQ(pairs(0), 3u);
}

TEST_F(RequestQueues, WhatIsNotLeftIsAnsweredByWhatIs)
{
	EXPECT_EQ(ask(0, 5), 4u) << "of the hardware";
	EXPECT_EQ(ask(0, 0), 4u);
	EXPECT_EQ(ask(0, 4), std::nullopt);
	come_back(0);
	EXPECT_EQ(pairs(0), 4u);
	EXPECT_EQ(ask(1, 2), 1u) << "each of the others is sure of one";
	EXPECT_EQ(ask(0, 2), std::nullopt) << "fewer";
	come_back(0);
	EXPECT_EQ(pairs(0), 2u);
	EXPECT_EQ(ask(1, 4), 3u);
	EXPECT_EQ(ask(1, 3), std::nullopt);
}

/* AQC_VF_SET_QUEUES */
TEST_F(RequestQueues, ThePfsDriverSaysWithHowManyAVfBegins)
{
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SET_QUEUES, 0, 3).retval, AQ_RC_OK);
	ASSERT_TRUE(is_reset(0)) << "its driver learns of it by a reset";
	come_back(0);
	EXPECT_EQ(pairs(0), 3u);
	EXPECT_EQ(ask(1, 4), 2u) << "of seven three are the first one's, one each of the others'";
	EXPECT_EQ(ask(0, 1), std::nullopt) << "it may do with fewer";
	come_back(0);
	EXPECT_EQ(pairs(0), 1u);
	EXPECT_EQ(ask(1, 4), 2u) << "but is sure of them";
	host[0]->disable_vfs();
	host[0]->bring_up(4);
	come_back(0);
	driver[0]->version();
	EXPECT_EQ(pairs(0), 3u) << "as long as the PF says so";
}

TEST_F(RequestQueues, ThePfsDriverCannotGiveWhatIsNotThere)
{
	for (uint32_t pairs : {0u, 5u}) {
		struct aq_desc done = host[0]->pf_vf(AQC_VF_SET_QUEUES, 0, pairs);

		EXPECT_EQ(done.retval, AQ_RC_ERANGE) << pairs;
		EXPECT_EQ(done.param1, 4u) << "of the hardware";
	}
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SET_QUEUES, 3, 3).retval, AQ_RC_OK);
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_SET_QUEUES, 2, 3).param1, 2u) << "of the pool";
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_SET_QUEUES, 4, 1).retval, AQ_RC_ENOENT);
}

TEST_F(RequestQueues, QueuesAreThoseThatWereGranted)
{
	Bytes message(8 + 2 * sizeof(struct virtchnl_queue_pair_info));
	struct virtchnl_queue_pair_info pair = {};

	ask(0, 2);
	come_back(0);
	pairs(0);
	le16_put(&message[0], driver[0]->vsi);
	le16_put(&message[2], 2);
	pair.txq.vsi_id = pair.rxq.vsi_id = driver[0]->vsi;
	pair.txq.ring_len = 64;
	pair.rxq.ring_len = 64;
	pair.rxq.databuffer_size = 2048;
	pair.rxq.max_pkt_size = 1522;
	pair.rxq.rxdid = RXDID_LEGACY;
	for (uint16_t last : {1, 2}) {
		memcpy(&message[8], &pair, sizeof(pair));
		struct virtchnl_queue_pair_info second = pair;
		second.txq.queue_id = second.rxq.queue_id = last;
		memcpy(&message[8 + sizeof(pair)], &second, sizeof(second));
		EXPECT_EQ(driver[0]->request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, message.data(),
					     (uint32_t)message.size()),
			  last == 1 ? 0 : VIRTCHNL_STATUS_ERR_PARAM);
	}
	EXPECT_EQ(select(0, VIRTCHNL_OP_ENABLE_QUEUES, 7), VIRTCHNL_STATUS_ERR_PARAM);
	EXPECT_EQ(select(0, VIRTCHNL_OP_ENABLE_QUEUES, 3), 0);
	EXPECT_EQ(select(0, VIRTCHNL_OP_DISABLE_QUEUES, 4), VIRTCHNL_STATUS_ERR_PARAM);
}

TEST_F(RequestQueues, ResetsLeaveThemAndVfDisableGivesThemBack)
{
	ask(0, 4);
	come_back(0);
	host[0]->flr(0);
	run_for(10 * PS_PER_MS);
	host[0]->config_write(0, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	driver[0]->admin_queues();
	driver[0]->version();
	EXPECT_EQ(pairs(0), 4u);
	EXPECT_EQ(ask(1, 2), 1u);
	host[0]->disable_vfs();
	run_for(10 * PS_PER_MS);
	host[0]->bring_up(4);
	for (uint32_t vf = 0; vf < 2; vf++) {
		driver[vf]->admin_queues();
		driver[vf]->version();
		EXPECT_EQ(pairs(vf), 1u);
	}
}

TEST_F(RequestQueues, LengthOrderAndCapabilityAreChecked)
{
	uint16_t two = 2;
	uint32_t none = 0;
	AvfDriver late(host[0].get(), 2, 2);

	late.admin_queues();
	late.version();
	EXPECT_EQ(late.request(VIRTCHNL_OP_REQUEST_QUEUES, &two, 2), VIRTCHNL_STATUS_ERR_PARAM);
	EXPECT_EQ(late.request(VIRTCHNL_OP_GET_VF_RESOURCES, &none, 4), 0);
	EXPECT_EQ(late.request(VIRTCHNL_OP_REQUEST_QUEUES, &two, 2),
		  VIRTCHNL_STATUS_ERR_NOT_SUPPORTED);
	EXPECT_EQ(driver[0]->request(VIRTCHNL_OP_REQUEST_QUEUES, &two, 1),
		  VIRTCHNL_STATUS_ERR_PARAM);
	EXPECT_EQ(driver[0]->request(VIRTCHNL_OP_REQUEST_QUEUES, &none, 4),
		  VIRTCHNL_STATUS_ERR_PARAM);
}

// The driver has no descriptor for the announcement: it is not waited for.
TEST_F(RequestQueues, ADriverThatTakesNoMessageIsResetAllTheSame)
{
	uint16_t two = 2;

	host[0]->write(0, VF_ARQT1, host[0]->read(0, VF_ARQH1));
	driver[0]->send(VIRTCHNL_OP_REQUEST_QUEUES, &two, sizeof(two));
	EXPECT_TRUE(is_reset(0));
}

TEST_F(RequestQueues, TheyMoveWithTheVfIfThereIsRoom)
{
	ask(0, 3);
	come_back(0);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 2).retval, AQ_RC_OK);
	Bytes stream = host[0]->save(0);
	EXPECT_EQ(host[0]->load(2, stream),
		  std::make_pair((uint16_t)AQ_RC_EINVAL, (uint32_t)STATE_REFUSED_MISPLACED))
		<< "3 + 1 + 1 are given, 1 is the last VF's";
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	ASSERT_EQ(host[1]->load(1, stream).first, AQ_RC_OK);
	EXPECT_EQ(host[1]->save(1), stream);
}

class RequestQueuesAtOnce : public RequestQueues
{
protected:
	void configure() override
	{
		RequestQueues::configure();
		firmware_cfg.command_ps = PS_PER_NS;
	}
};

TEST_F(RequestQueuesAtOnce, WhatWasPostedBeforeTheResetIsTold)
{
	struct virtchnl_pf_event link = {};
	uint16_t two = 2;
	AvfDriver &d = *driver[0];

	link.event = VIRTCHNL_EVENT_LINK_CHANGE;
	d.send(VIRTCHNL_OP_REQUEST_QUEUES, &two, sizeof(two));
	for (uint32_t i = 0; i < 4; i++)
		firmware_post_event(host[0]->firmware, 0, &link, sizeof(link));
	ASSERT_TRUE(is_reset(0));
	for (uint32_t i = 0; i < 5; i++) {
		struct aq_desc event;

		host[0]->memory.read(d.arq + (d.arq_next + i) % d.kAq * sizeof(event), &event,
				     sizeof(event));
		EXPECT_TRUE(event.flags & AQ_FLAG_DD) << i;
	}
}

class RequestQueuesOfTwo : public RequestQueues
{
protected:
	void configure() override
	{
		RequestQueues::configure();
		firmware_cfg.queue_pairs = 9;
		firmware_cfg.vf_queue_pairs = 2;
	}
};

TEST_F(RequestQueuesOfTwo, WhatAVfGivesBackOfItsOwnIsKeptForIt)
{
	EXPECT_EQ(ask(0, 1), std::nullopt);
	come_back(0);
	EXPECT_EQ(pairs(0), 1u);
	EXPECT_EQ(ask(1, 4), 3u) << "one is nobody's";
	EXPECT_EQ(ask(1, 3), std::nullopt);
	come_back(1);
	EXPECT_EQ(pairs(1), 3u);
	EXPECT_EQ(ask(0, 3), 2u);
	EXPECT_EQ(ask(0, 2), std::nullopt);
}
