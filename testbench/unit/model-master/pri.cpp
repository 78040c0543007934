// SPDX-License-Identifier: Apache-2.0
// The test master's page requests: what it asks for, in which groups, and what it makes of answers.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/ats.h"
#include "base/bits.h"
#include "model/master/master.h"
#include "model/master/stamp_format.h"

namespace
{
constexpr uint64_t kIova = 0x10000;

class MasterPri : public ::testing::Test
{
protected:
	MasterPri()
	{
		sim_init(&sim, 1, nullptr);
		cfg.stream_id = 0x300;
		cfg.iova = kIova;
		cfg.window_bytes = 0x8000; // 8 pages
		cfg.access_bytes = 64;
		cfg.outstanding = 8;
		cfg.write_percent = 50;
		cfg.interval_ps = 100 * PS_PER_NS;
		cfg.ats = true;
		cfg.atc_entries = 64;
		cfg.page_requests = 32;
		cfg.page_gather_ps = PS_PER_US;
		cfg.page_retry_ps = 5 * PS_PER_US;
	}
	~MasterPri() override
	{
		master_destroy(master);
		sim_fini(&sim);
	}

	void start(uint32_t allocation = 32)
	{
		struct master_env env = {};

		env.part = {&sim, "host.master", 0};
		env.dma = {this, receive, nullptr};
		env.agent = {this, nullptr, take_request};
		master = master_create(&cfg, &env);
		ASSERT_NE(master, nullptr);
		master_ats_enable(master, true);
		if (allocation)
			master_pri_enable(master, allocation);
		master_start(master);
	}

	// The SMMU and memory: pages that are there are where their IOVA says.
	static void receive(void *ctx, struct bus_req *req)
	{
		req->owner = ctx;
		event_init(&req->event, answer);
		sim_after(&static_cast<MasterPri *>(ctx)->sim, &req->event, 50 * PS_PER_NS);
	}

	static void answer(struct event *event, uint64_t now)
	{
		struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
		MasterPri *self = static_cast<MasterPri *>(req->owner);
		uint64_t space = master_space(req->attr.stream_id, req->attr.substream_id,
					      req->attr.substream_valid);
		bool there = self->present.count(req->addr >> 12);

		req->status = BUS_OK;
		if (req->op == BUS_ATS)
			le64_put(req->data,
				 ats_range(req->addr, 12) | (there ? ATS_READ | ATS_WRITE : 0));
		for (uint32_t at = 0; req->op == BUS_READ && at < req->len_bytes; at += 8)
			le64_put(static_cast<uint8_t *>(req->data) + at,
				 master_stamp(space, req->attr.iova + at));
		req->done(req, now);
	}

	static void take_request(void *ctx, const struct page_request *request)
	{
		MasterPri *self = static_cast<MasterPri *>(ctx);

		EXPECT_FALSE(self->calling) << "within the call";
		self->requests.push_back(*request);
		self->times.push_back(sim_now(&self->sim));
	}

	void respond(uint16_t group, enum prg_code code, int substream = -1)
	{
		struct ats_port port = master_ats_port(master);
		struct prg_response response = {};

		response.stream_id = 0x300;
		response.substream_valid = substream >= 0;
		response.substream_id = substream >= 0 ? (uint32_t)substream : 0;
		response.group = group;
		response.code = code;
		calling = true;
		port.respond(port.ctx, &response);
		calling = false;
	}

	void run(uint64_t duration_ps)
	{
		sim_run(&sim, sim_now(&sim) + duration_ps, nullptr);
	}

	void bring_all()
	{
		for (uint64_t page = kIova >> 12; page < (kIova + cfg.window_bytes) >> 12; page++)
			present.insert(page);
	}

	struct sim sim;
	struct master_cfg cfg = {};
	struct master *master = nullptr;
	std::set<uint64_t> present;
	std::vector<struct page_request> requests;
	std::vector<uint64_t> times;
	bool calling = false;
};
} // namespace

TEST_F(MasterPri, AsksOnceForEachPageAndEndsTheGroupByItsLast)
{
	cfg.outstanding = 16; // more than pages
	cfg.page_gather_ps = 300 * PS_PER_NS;
	start();
	run(50 * PS_PER_US);
	std::set<uint16_t> ended;
	std::set<std::pair<uint64_t, bool>> pages;
	ASSERT_GE(requests.size(), 2u);
	for (const auto &request : requests) {
		EXPECT_FALSE(ended.count(request.group)) << "nothing after the last";
		EXPECT_TRUE(request.read);
		EXPECT_FALSE(request.substream_valid);
		EXPECT_TRUE(pages.insert({request.addr, request.write}).second) << "asked twice";
		if (request.last)
			ended.insert(request.group);
	}
	EXPECT_TRUE(requests.back().last);
	EXPECT_GT(requests.size(), master_stats(master)->page_groups) << "some are together";
	EXPECT_EQ(master_stats(master)->page_requests, requests.size());
}

TEST_F(MasterPri, SuccessLetsTheAccessGoOn)
{
	start();
	run(50 * PS_PER_US);
	master_stop(master);
	bring_all();
	for (size_t i = 0, count = requests.size(); i < count; i++)
		if (requests[i].last)
			respond(requests[i].group, PRG_SUCCESS);
	run(50 * PS_PER_US);
	EXPECT_TRUE(master_idle(master));
	const struct master_stats *stats = master_stats(master);
	EXPECT_EQ(stats->reads + stats->writes, 8u);
	EXPECT_EQ(stats->refused, 0u);
	EXPECT_EQ(stats->page_answers, stats->page_groups);
	EXPECT_EQ(stats->page_retries, 0u);
}

TEST_F(MasterPri, SuccessInVainIsAskedForAgainAloneAndLater)
{
	cfg.outstanding = 1;
	start();
	run(20 * PS_PER_US);
	ASSERT_EQ(requests.size(), 1u);
	respond(requests[0].group, PRG_SUCCESS);
	run(4 * PS_PER_US);
	ASSERT_EQ(requests.size(), 2u) << "the first time at once";
	EXPECT_EQ(requests[1].addr, requests[0].addr);
	EXPECT_NE(requests[1].group, requests[0].group);
	uint64_t answered = sim_now(&sim);
	respond(requests[1].group, PRG_SUCCESS);
	run(20 * PS_PER_US);
	ASSERT_EQ(requests.size(), 3u);
	EXPECT_GE(times[2], answered + cfg.page_retry_ps);
	EXPECT_EQ(master_stats(master)->page_retries, 1u);
}

// Else a group of more pages than the SMMU's queue holds would overflow it for ever.
TEST_F(MasterPri, WhatWasAnsweredInVainTwiceIsInNoGroupWithOthers)
{
	start();
	run(50 * PS_PER_US);
	master_stop(master);
	size_t from = 0;
	for (int round = 0; round < 2; round++) {
		size_t count = requests.size();

		for (; from < count; from++)
			if (requests[from].last)
				respond(requests[from].group, PRG_SUCCESS);
		run(50 * PS_PER_US);
	}
	ASSERT_GT(requests.size(), from);
	for (; from < requests.size(); from++)
		EXPECT_TRUE(requests[from].last);
}

TEST_F(MasterPri, NoMoreAreOutstandingThanItsAllocation)
{
	start(3);
	run(50 * PS_PER_US);
	EXPECT_EQ(requests.size(), 3u);
	respond(requests[0].group, PRG_SUCCESS);
	run(50 * PS_PER_US);
	EXPECT_GT(requests.size(), 3u) << "its place is free again";
	EXPECT_LE(requests.size(), 6u);
}

TEST_F(MasterPri, NoMoreAreOutstandingThanItsCapacity)
{
	cfg.page_requests = 2;
	start(32);
	run(50 * PS_PER_US);
	EXPECT_EQ(requests.size(), 2u);
}

TEST_F(MasterPri, AnInvalidPageIsGivenUp)
{
	cfg.outstanding = 1;
	start();
	run(20 * PS_PER_US);
	respond(requests.at(0).group, PRG_INVALID_REQUEST);
	EXPECT_EQ(master_stats(master)->refused, 1u);
	EXPECT_EQ(master_stats(master)->page_invalid, 1u);
	run(20 * PS_PER_US);
	EXPECT_EQ(requests.size(), 2u) << "the next access may ask";
}

TEST_F(MasterPri, OfAnInvalidGroupEachPageIsAskedForByItself)
{
	start();
	run(50 * PS_PER_US);
	master_stop(master);
	size_t before = requests.size();
	uint16_t group = 0;
	size_t pages = 0;
	for (size_t i = 0; i + 1 < before && pages < 2; i++)
		if (!requests[i].last)
			group = requests[i].group, pages = 2;
	ASSERT_EQ(pages, 2u);
	respond(group, PRG_INVALID_REQUEST);
	run(50 * PS_PER_US);
	EXPECT_EQ(master_stats(master)->refused, 0u) << "not all need be invalid";
	ASSERT_GE(requests.size(), before + 2);
	for (size_t i = before; i < requests.size(); i++)
		EXPECT_TRUE(requests[i].last);
}

TEST_F(MasterPri, AFailureEndsAllAskingUntilItIsEnabledAgain)
{
	start(3);
	run(50 * PS_PER_US);
	respond(requests.at(0).group, PRG_FAILURE);
	EXPECT_EQ(master_stats(master)->page_failures, 1u);
	EXPECT_GE(master_stats(master)->refused, 8u) << "what waited, and what waited to ask";
	run(20 * PS_PER_US);
	EXPECT_EQ(requests.size(), 3u);
	master_pri_enable(master, 3);
	run(20 * PS_PER_US);
	EXPECT_EQ(requests.size(), 6u);
}

TEST_F(MasterPri, WithoutPermissionItAsksForNothing)
{
	start(0);
	run(50 * PS_PER_US);
	EXPECT_TRUE(requests.empty());
	EXPECT_GT(master_stats(master)->refused, 8u);
}

TEST_F(MasterPri, AnAnswerToNothingAskedForIsCounted)
{
	cfg.substreams = 1;
	cfg.outstanding = 1;
	start();
	run(20 * PS_PER_US);
	uint16_t group = requests.at(0).group;
	respond((uint16_t)(group + 1), PRG_SUCCESS);
	respond(group, PRG_SUCCESS, 9);
	EXPECT_EQ(master_stats(master)->page_unexpected, 2u);
	EXPECT_EQ(master_stats(master)->page_answers, 0u);
	respond(group, PRG_SUCCESS, 1);
	respond(group, PRG_SUCCESS, 1);
	EXPECT_EQ(master_stats(master)->page_unexpected, 3u);
	EXPECT_EQ(master_stats(master)->page_answers, 1u);
}

TEST_F(MasterPri, AGroupIsOfOneSubstream)
{
	cfg.substreams = 4;
	start();
	run(50 * PS_PER_US);
	std::map<uint16_t, uint32_t> of;
	for (const auto &request : requests) {
		EXPECT_TRUE(request.substream_valid);
		EXPECT_EQ(of.insert({request.group, request.substream_id}).first->second,
			  request.substream_id);
	}
	EXPECT_GT(of.size(), 1u);
}

TEST_F(MasterPri, EndsASubstreamThatItAskedOfByAStopMarker)
{
	cfg.substreams = 2;
	start();
	run(50 * PS_PER_US);
	master_stop(master);
	requests.clear();
	master_pri_stop(master);
	ASSERT_EQ(requests.size(), 2u);
	for (const auto &marker : requests) {
		EXPECT_TRUE(marker.last && marker.substream_valid);
		EXPECT_FALSE(marker.read || marker.write);
	}
	master_pri_stop(master);
	EXPECT_EQ(requests.size(), 2u) << "once";
}
