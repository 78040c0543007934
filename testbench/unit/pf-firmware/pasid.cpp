/* SPDX-License-Identifier: Apache-2.0 */
/* Queue pairs in address spaces of their own: QUEUE_PASID, and what their DMA bears then. */
#include "pf-firmware/pasid_format.h"

#include <set>

#include "pf-firmware/state_format.h"
#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
constexpr int32_t kParam = VIRTCHNL_STATUS_ERR_PARAM;
constexpr int32_t kUnknown = VIRTCHNL_STATUS_ERR_NOT_SUPPORTED;
constexpr int kUntagged = -1;
} // namespace

/* The driver `c`, on host 1's VF 1, is granted tags; `a`, on the other host, sends to it. */
class Pasid : public NicTraffic
{
protected:
	static constexpr uint32_t kVf = 1;

	void SetUp() override
	{
		NicTraffic::SetUp();
		c = std::make_unique<AvfDriver>(host[1].get(), kVf, 2);
		c->admin_queues();
		c->version();
		c->resources();
		c->irq_map();
		c->config_queues();
		grant();
		host[1]->enable_pasids(true);
		host[1]->memory.after_access =
			[this, msi = host[1]->memory.after_access](const struct bus_req &req) {
				note(req);
				msi(req);
			};
	}
	void grant(uint32_t flags = VF_POLICY_PASID)
	{
		ASSERT_EQ(host[1]->set_policy(kVf, flags), AQ_RC_OK);
	}
	static struct virtchnl_queue_pasid_list list(uint16_t vsi, uint32_t pasid)
	{
		return {vsi, 1, {{0, VIRTCHNL_QUEUE_PASID_VALID, pasid}}};
	}
	int32_t tag(const struct virtchnl_queue_pasid_list &message)
	{
		return c->request(VIRTCHNL_OP_QUEUE_PASID, &message, sizeof(message));
	}
	int32_t tag(uint32_t pasid)
	{
		return tag(list(c->vsi, pasid));
	}
	void start()
	{
		c->add_mac(c->mac);
		c->post_rx(AvfDriver::kRing - 1);
		ASSERT_EQ(c->enable(), 0);
		run_for(200 * PS_PER_US);
		forget();
	}
	/* By whose DMA: of c's pair, of its admin queue, an interrupt. */
	void note(const struct bus_req &req)
	{
		int pasid = req.attr.substream_valid ? (int)req.attr.substream_id : kUntagged;

		if (req.addr >= c->tx_ring && req.addr < c->rx_buffers + (1 << 20))
			(req.op == BUS_READ ? reads : writes).insert(pasid);
		else if (req.addr >= c->atq && req.addr < c->tx_ring)
			admin.insert(pasid);
		else if (req.op == BUS_WRITE && req.addr >= 31 << 20)
			messages.insert(pasid);
	}
	void forget()
	{
		reads.clear();
		writes.clear();
		admin.clear();
		messages.clear();
	}
	/* A frame for c, and one from it: how many arrive. */
	size_t exchange()
	{
		a->transmit(make_frame(c->mac, a->mac, 1, 300));
		c->transmit(make_frame(b->mac, c->mac, 2, 300));
		run_for(PS_PER_MS);
		return b->receive_frames().size() + c->receive_frames().size();
	}
	bool tagged() const
	{
		struct nic_queue_context tx, rx;

		nic_queue_context_get(host[1]->nic, kVf, false, 0, &tx);
		nic_queue_context_get(host[1]->nic, kVf, true, 0, &rx);
		return tx.tagged || rx.tagged || tx.pasid || rx.pasid;
	}

	std::unique_ptr<AvfDriver> c;
	std::set<int> reads, writes, admin, messages;
};

TEST_F(Pasid, AllOfAPairsDmaBearsIt)
{
	ASSERT_EQ(tag(5), 0);
	start();
	EXPECT_EQ(exchange(), 2u);
	EXPECT_EQ(reads, std::set<int>{5}) << "descriptors, what is sent";
	EXPECT_EQ(writes, std::set<int>{5}) << "what is received, descriptors written back";
}

TEST_F(Pasid, InterruptsAndTheAdminQueueBearNone)
{
	ASSERT_EQ(tag(5), 0);
	start();
	host[1]->write(kVf, VFINT_DYN_CTLN1(0), DYN_CTL_INTENA | field_put(DYN_CTL_ITR_INDX, 3));
	exchange();
	c->add_mac(c->mac);
	EXPECT_EQ(messages, std::set<int>{kUntagged});
	EXPECT_EQ(admin, std::set<int>{kUntagged});
}

TEST_F(Pasid, WithoutATagNothingBearsOne)
{
	start();
	EXPECT_EQ(exchange(), 2u);
	EXPECT_EQ(reads, std::set<int>{kUntagged});
	EXPECT_EQ(writes, std::set<int>{kUntagged});
}

TEST_F(Pasid, AVfThatIsNotGrantedItDoesNotKnowIt)
{
	grant(VF_POLICY_DEFAULT | VF_POLICY_TRUST);
	EXPECT_EQ(tag(5), kUnknown);
	EXPECT_EQ(c->request(VIRTCHNL_OP_QUEUE_PASID, nullptr, 0), kUnknown)
		<< "whatever its length";
	EXPECT_EQ(c->request(VIRTCHNL_OP_OWN, nullptr, 0), kUnknown);
	EXPECT_FALSE(tagged());
}

TEST_F(Pasid, AVfHasNoneUnlessThePfsCapabilityIsEnabled)
{
	host[1]->enable_pasids(false);
	EXPECT_EQ(tag(5), kUnknown);
	EXPECT_FALSE(tagged());
	host[1]->enable_pasids(true);
	EXPECT_EQ(tag(5), 0);
}

TEST_F(Pasid, MessagesAreChecked)
{
	const std::vector<std::function<void(struct virtchnl_queue_pasid_list &)>> breaks = {
		[](auto &l) { l.vsi_id++; },
		[](auto &l) { l.num_elements = 0; },
		[](auto &l) { l.num_elements = 3; },
		[](auto &l) { l.list[0].queue_id = 1; },
		[](auto &l) { l.list[0].flags = 3; },
		[](auto &l) { l.list[0].flags = 0; },
		[](auto &l) { l.list[0].pasid = 1u << NicHost::kPasidBits; },
	};

	for (size_t i = 0; i < breaks.size(); i++) {
		struct virtchnl_queue_pasid_list message = list(c->vsi, 5);

		breaks[i](message);
		EXPECT_EQ(tag(message), kParam) << i;
	}
	EXPECT_FALSE(tagged());
	EXPECT_EQ(tag((1u << NicHost::kPasidBits) - 1), 0);
	struct virtchnl_queue_pasid_list none = {c->vsi, 1, {{0, 0, 0}}};
	EXPECT_EQ(tag(none), 0);
	EXPECT_FALSE(tagged()) << "taken away";
}

TEST_F(Pasid, AQueueThatRunsKeepsItsAddressSpace)
{
	ASSERT_EQ(tag(5), 0);
	start();
	EXPECT_EQ(tag(6), kParam);
	EXPECT_EQ(exchange(), 2u);
	EXPECT_EQ(reads, std::set<int>{5});
}

TEST_F(Pasid, SettingUpARingAnewLeavesItsTagAlone)
{
	ASSERT_EQ(tag(5), 0);
	ASSERT_EQ(c->config_queues(), 0);
	start();
	EXPECT_EQ(exchange(), 2u);
	EXPECT_EQ(reads, std::set<int>{5});
}

TEST_F(Pasid, DisablingEndsTheTag)
{
	ASSERT_EQ(tag(5), 0);
	start();
	ASSERT_EQ(c->disable(), 0);
	EXPECT_FALSE(tagged());
}

TEST_F(Pasid, AResetEndsTheTag)
{
	ASSERT_EQ(tag(5), 0);
	start();
	nic_vf_reset(host[1]->nic, kVf);
	EXPECT_FALSE(tagged());
	run_for(10 * PS_PER_MS);
}

TEST_F(Pasid, AFunctionLevelResetEndsTheTag)
{
	ASSERT_EQ(tag(5), 0);
	start();
	host[1]->flr(kVf);
	run_for(10 * PS_PER_MS);
	EXPECT_FALSE(tagged());
}

TEST_F(Pasid, WhatIsTakenFromAVfEndsWithItsQueues)
{
	ASSERT_EQ(tag(5), 0);
	start();
	grant(0);
	EXPECT_EQ(exchange(), 2u);
	EXPECT_EQ(writes, std::set<int>{5}) << "never into another address space";
	ASSERT_EQ(c->disable(), 0);
	EXPECT_EQ(tag(5), kUnknown);
}

TEST_F(Pasid, ATaggedQueueSendsNothingWhilePasidsAreNotEnabled)
{
	ASSERT_EQ(tag(5), 0);
	start();
	host[1]->enable_pasids(false);
	forget();
	EXPECT_EQ(exchange(), 0u);
	EXPECT_TRUE(reads.empty()) << "not without its tag";
	EXPECT_TRUE(writes.empty());
	EXPECT_EQ(nic_vf_stats_get(host[1]->nic, kVf)->tx_unicast, 0u);
}

/* A VF's state goes from host 1's VF 1 to host 0's VF 1. */
class PasidState : public Pasid
{
protected:
	Bytes state()
	{
		EXPECT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, kVf).retval, AQ_RC_OK);
		EXPECT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, kVf).retval, AQ_RC_OK);
		return host[1]->save(kVf);
	}
	uint32_t refusal(const Bytes &stream)
	{
		auto [retval, reason] = host[0]->load(kVf, stream, 4096);

		return retval == AQ_RC_EINVAL ? reason : retval ? 1000u : 0u;
	}
	void allow(uint32_t flags, bool enabled)
	{
		ASSERT_EQ(host[0]->set_policy(kVf, flags), AQ_RC_OK);
		host[0]->enable_pasids(enabled);
	}
	uint32_t destination_pasid(bool rx)
	{
		struct nic_queue_context context;

		nic_queue_context_get(host[0]->nic, kVf, rx, 0, &context);
		return context.tagged ? context.pasid : 0;
	}
};

TEST_F(PasidState, TheTagTravels)
{
	allow(VF_POLICY_PASID, true);
	ASSERT_EQ(tag(200), 0);
	start();
	ASSERT_EQ(refusal(state()), 0u);
	EXPECT_EQ(destination_pasid(false), 200u);
	EXPECT_EQ(destination_pasid(true), 200u);
	EXPECT_EQ(host[0]->save(kVf), host[1]->save(kVf));
}

TEST_F(PasidState, WhereTheVfMayHaveNoneATagIsMisplaced)
{
	allow(0, true);
	ASSERT_EQ(tag(200), 0);
	start();
	Bytes stream = state();
	EXPECT_EQ(refusal(stream), (uint32_t)STATE_REFUSED_MISPLACED) << "not granted";
	allow(VF_POLICY_PASID, false);
	EXPECT_EQ(refusal(stream), (uint32_t)STATE_REFUSED_MISPLACED) << "not enabled";
	EXPECT_EQ(destination_pasid(false), 0u);
	host[0]->enable_pasids(true);
	EXPECT_EQ(refusal(stream), 0u);
}

TEST_F(PasidState, AStateWithoutTagsNeedsNothing)
{
	allow(0, false);
	start();
	EXPECT_EQ(refusal(state()), 0u);
}
