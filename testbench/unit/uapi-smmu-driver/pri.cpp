// SPDX-License-Identifier: Apache-2.0
// Page requests: the queue, who is told of a group, what becomes of the others, and overflow.
#include <cerrno>

#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
class SmmuDriverPri : public SmmuHost
{
protected:
	void start_pri(uint8_t log2 = 3, uint64_t latency_ps = 0)
	{
		SmmuHostOptions wanted;

		wanted.ats = wanted.pri = true;
		wanted.ssid_bits = 4;
		wanted.priq_log2 = log2;
		wanted.page_request_latency_ps = latency_ps;
		start(wanted);
	}

	int handle(bool pages = true)
	{
		struct smmu_fault_handler handler = {};
		int err = -1;

		handler.ctx = this;
		if (pages)
			handler.pages = [](void *ctx, const struct smmu_page_group *group) {
				SmmuDriverPri *self = static_cast<SmmuDriverPri *>(ctx);

				self->groups.push_back(*group);
				self->told.push_back(sim_now(&self->sim));
				return self->takes;
			};
		run([&](struct actor *self) {
			err = smmu_driver_handle_faults(driver, self, kStream, &handler, false);
		});
		return err;
	}

	struct smmu_domain *handled()
	{
		EXPECT_EQ(handle(), 0);
		return attached_domain();
	}

	void ask(uint16_t group, uint64_t addr, bool last, int substream = -1, bool write = false)
	{
		struct ats_agent agent = smmu_ats_agent(smmu);
		struct page_request request = {};

		request.stream_id = kStream;
		request.substream_valid = substream >= 0;
		request.substream_id = substream >= 0 ? (uint32_t)substream : 0;
		request.read = !(last && addr == kMarker);
		request.write = write;
		request.last = last;
		request.group = group;
		request.addr = addr;
		agent.page_request(agent.ctx, &request);
	}

	void reply(size_t which, enum smmu_page_answer with)
	{
		run([&](struct actor *self) {
			EXPECT_EQ(smmu_driver_answer_pages(driver, self, &groups.at(which), with),
				  0);
		});
		settle();
	}

	static constexpr uint64_t kMarker = UINT64_C(0xdead000);
	std::vector<struct smmu_page_group> groups;
	std::vector<uint64_t> told;
	bool takes = true;
};
} // namespace

TEST_F(SmmuDriverPri, TheQueueIsOnWithItsInterrupt)
{
	start_pri();
	run([&](struct actor *self) {
		EXPECT_TRUE(driver_reg_read(driver, self, SMMU_CR0ACK) & CR0_PRIQEN);
		EXPECT_TRUE(driver_reg_read(driver, self, SMMU_IRQ_CTRLACK) & IRQ_CTRL_PRIQ_IRQEN);
	});
}

TEST_F(SmmuDriverPri, WithoutPriThereIsNoQueue)
{
	SmmuHostOptions wanted;

	wanted.ats = true;
	start(wanted);
	run([&](struct actor *self) {
		EXPECT_FALSE(driver_reg_read(driver, self, SMMU_CR0ACK) & CR0_PRIQEN);
	});
	EXPECT_EQ(handle(), -EOPNOTSUPP);
}

TEST_F(SmmuDriverPri, OnlyAStreamWithAHandlerMayAsk)
{
	start_pri();
	struct smmu_domain *domain = attached_domain();
	EXPECT_TRUE(allocations.empty());
	release(domain);
	domain = handled();
	EXPECT_EQ(allocations, std::vector<uint32_t>{SMMU_GROUP_PAGES});
	release(domain);
	EXPECT_EQ(allocations, (std::vector<uint32_t>{SMMU_GROUP_PAGES, 0})) << "off with ATS";
}

TEST_F(SmmuDriverPri, AGroupIsToldOfAtItsLast)
{
	start_pri();
	struct smmu_domain *domain = handled();
	ask(7, 0x1000, false);
	ask(8, 0x5000, true, 3, true);
	ask(6, 0x6000, false);
	ask(7, 0x2000, false);
	settle();
	ASSERT_EQ(groups.size(), 1u);
	EXPECT_EQ(groups[0].index, 8u);
	EXPECT_TRUE(groups[0].has_pasid);
	EXPECT_EQ(groups[0].pasid, 3u);
	EXPECT_TRUE(groups[0].page[0].write);
	ask(7, 0x3000, true);
	settle();
	ASSERT_EQ(groups.size(), 2u);
	EXPECT_EQ(groups[1].index, 7u);
	ASSERT_EQ(groups[1].pages, 3u);
	EXPECT_EQ(groups[1].page[0].iova, 0x1000u);
	EXPECT_EQ(groups[1].page[2].iova, 0x3000u);
	EXPECT_FALSE(groups[1].has_pasid);
	EXPECT_TRUE(responses.empty()) << "nobody has answered yet";
	release(domain);
}

TEST_F(SmmuDriverPri, TheHandlersAnswerReachesTheDevice)
{
	static const std::pair<enum smmu_page_answer, enum prg_code> codes[] = {
		{SMMU_PAGES_SUCCESS, PRG_SUCCESS},
		{SMMU_PAGES_INVALID, PRG_INVALID_REQUEST},
		{SMMU_PAGES_FAILURE, PRG_FAILURE}};
	start_pri();
	struct smmu_domain *domain = handled();
	for (uint16_t i = 0; i < 3; i++) {
		ask((uint16_t)(500 + i), 0x1000, true, i ? i : -1);
		settle();
		reply(i, codes[i].first);
		ASSERT_EQ(responses.size(), i + 1u);
		EXPECT_EQ(responses[i].code, codes[i].second);
		EXPECT_EQ(responses[i].stream_id, kStream);
		EXPECT_EQ(responses[i].group, 500u + i);
		EXPECT_EQ(responses[i].substream_valid, i > 0);
		EXPECT_EQ(responses[i].substream_id, i);
	}
	release(domain);
}

TEST_F(SmmuDriverPri, WhatNobodyTakesIsDeniedAtItsLast)
{
	start_pri();
	struct smmu_domain *domain = attached_domain();
	ask(7, 0x1000, false);
	settle();
	EXPECT_TRUE(responses.empty());
	ask(7, 0x2000, true);
	settle();
	ASSERT_EQ(responses.size(), 1u);
	EXPECT_EQ(responses[0].code, PRG_FAILURE);
	EXPECT_TRUE(log_has("unexpected PRI request received"));
	release(domain);
}

TEST_F(SmmuDriverPri, WhatTheHandlerLeavesIsDenied)
{
	start_pri();
	struct smmu_domain *domain = handled();
	takes = false;
	ask(7, 0x1000, true);
	settle();
	ASSERT_EQ(responses.size(), 1u);
	EXPECT_EQ(responses[0].code, PRG_FAILURE);
	release(domain);
}

TEST_F(SmmuDriverPri, MoreThanTheAllocationIsInvalid)
{
	start_pri(7);
	struct smmu_domain *domain = handled();
	for (uint32_t i = 0; i <= SMMU_GROUP_PAGES; i++)
		ask(1, 0x1000 * (i + 1), i == SMMU_GROUP_PAGES);
	settle();
	EXPECT_TRUE(groups.empty());
	ASSERT_EQ(responses.size(), 1u);
	EXPECT_EQ(responses[0].code, PRG_INVALID_REQUEST);
	release(domain);
}

TEST_F(SmmuDriverPri, AStopMarkerIsNeitherToldOfNorAnswered)
{
	start_pri();
	struct smmu_domain *domain = handled();
	ask(0, kMarker, true, 3);
	settle();
	EXPECT_TRUE(groups.empty());
	EXPECT_TRUE(responses.empty());
	release(domain);
}

TEST_F(SmmuDriverPri, TheThreadIsAsSlowAsItIsTold)
{
	start_pri(3, 30 * PS_PER_US);
	struct smmu_domain *domain = handled();
	uint64_t asked = sim_now(&sim);
	ask(7, 0x1000, true);
	settle();
	ASSERT_EQ(told.size(), 1u);
	EXPECT_GE(told[0], asked + 30 * PS_PER_US);
	EXPECT_LT(told[0], asked + 40 * PS_PER_US);
	release(domain);
}

TEST_F(SmmuDriverPri, AfterAnOverflowTheQueueServesAgain)
{
	start_pri(2, 10 * PS_PER_US);
	struct smmu_domain *domain = handled();
	for (uint16_t i = 0; i < 6; i++)
		ask(i, 0x1000, true);
	EXPECT_EQ(responses.size(), 2u) << "what is dropped has the SMMU's answer";
	settle();
	EXPECT_EQ(groups.size(), 4u);
	EXPECT_EQ(driver->priq.overflows, 1u);
	EXPECT_TRUE(log_has("PRIQ overflow detected"));
	ask(9, 0x1000, true);
	settle();
	EXPECT_EQ(groups.size(), 5u) << "it was acknowledged";
	EXPECT_EQ(responses.size(), 2u);
	release(domain);
}

TEST_F(SmmuDriverPri, AnOverflowDiscardsWhatHasLostItsEnd)
{
	start_pri(2, 10 * PS_PER_US);
	struct smmu_domain *domain = handled();
	for (uint16_t i = 0; i < 4; i++)
		ask(5, 0x1000u * (i + 1), false);
	ask(5, 0x9000, true);
	EXPECT_EQ(responses.size(), 1u);
	settle();
	EXPECT_TRUE(groups.empty());
	ask(5, 0x7000, true);
	settle();
	ASSERT_EQ(groups.size(), 1u);
	EXPECT_EQ(groups[0].pages, 1u) << "another group by the same number";
	release(domain);
}
