// SPDX-License-Identifier: Apache-2.0
// The test master's address translation cache: what it asks for, keeps and forgets.
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
constexpr uint64_t kIova = 0x10000, kMoved = 0x4000000;

class MasterAtc : public ::testing::Test
{
protected:
	MasterAtc()
	{
		sim_init(&sim, 1, nullptr);
		cfg.stream_id = 0x300;
		cfg.iova = kIova;
		cfg.window_bytes = 0x4000;
		cfg.access_bytes = 64;
		cfg.outstanding = 4;
		cfg.write_percent = 50;
		cfg.interval_ps = 100 * PS_PER_NS;
		cfg.ats = true;
		cfg.atc_entries = 64;
	}
	~MasterAtc() override
	{
		master_destroy(master);
		sim_fini(&sim);
	}

	void start()
	{
		struct master_env env = {};

		env.part = {&sim, "host.master", 0};
		env.dma = {this, receive, nullptr};
		env.agent = {this, take_answer, nullptr};
		master = master_create(&cfg, &env);
		ASSERT_NE(master, nullptr);
		master_ats_enable(master, true);
		master_start(master);
	}

	// The SMMU and memory behind it: a page is `moved` away from its IOVA.
	static void receive(void *ctx, struct bus_req *req)
	{
		MasterAtc *self = static_cast<MasterAtc *>(ctx);

		EXPECT_EQ(req->attr.stream_id, 0x300u);
		if (req->op == BUS_ATS) {
			self->asked.push_back(req->addr);
			self->no_write += req->attr.no_write;
		} else if (req->attr.translated) {
			self->translated++;
			EXPECT_EQ(req->addr, req->attr.iova + self->moved);
			EXPECT_TRUE(req->op == BUS_READ || self->writable.count(req->addr >> 12));
		} else {
			self->plain++;
		}
		req->owner = self;
		event_init(&req->event, answer);
		sim_after(&self->sim, &req->event, 200 * PS_PER_NS);
	}

	static void answer(struct event *event, uint64_t now)
	{
		struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
		MasterAtc *self = static_cast<MasterAtc *>(req->owner);
		uint64_t space = master_space(req->attr.stream_id, req->attr.substream_id,
					      req->attr.substream_valid);
		uint64_t grant = req->attr.no_write ? self->granted & ~ATS_WRITE : self->granted;

		req->status = req->op == BUS_ATS ? self->status : BUS_OK;
		if (req->op == BUS_ATS)
			le64_put(req->data, ats_range(req->addr + self->moved, 12) | grant);
		if (req->op == BUS_ATS && (grant & ATS_WRITE))
			self->writable.insert((req->addr + self->moved) >> 12);
		for (uint32_t at = 0; req->op == BUS_READ && at < req->len_bytes; at += 8)
			le64_put(static_cast<uint8_t *>(req->data) + at,
				 master_stamp(space, req->attr.iova + at));
		req->done(req, now);
	}

	static void take_answer(void *ctx, uint32_t stream, uint8_t itag)
	{
		MasterAtc *self = static_cast<MasterAtc *>(ctx);

		EXPECT_EQ(stream, 0x300u);
		EXPECT_FALSE(self->calling) << "within the call";
		self->answers.push_back(itag);
	}

	void invalidate(uint64_t addr, uint8_t shift, int substream = -1, bool global = false)
	{
		struct ats_port port = master_ats_port(master);
		struct ats_invalidation what = {};

		what.stream_id = 0x300;
		what.substream_valid = substream >= 0;
		what.substream_id = substream >= 0 ? (uint32_t)substream : 0;
		what.global = global;
		what.itag = 7;
		what.addr = addr;
		what.shift = shift;
		calling = true;
		port.invalidate(port.ctx, &what);
		calling = false;
	}

	void run(uint64_t duration_ps)
	{
		sim_run(&sim, sim_now(&sim) + duration_ps, nullptr);
	}

	// The pages that it asks for in the next while, each counted.
	std::map<uint64_t, int> asked_next()
	{
		std::map<uint64_t, int> pages;

		asked.clear();
		run(PS_PER_MS);
		for (uint64_t page : asked)
			pages[page]++;
		return pages;
	}

	struct sim sim = {};
	struct master_cfg cfg = {};
	struct master *master = nullptr;
	uint64_t granted = ATS_READ | ATS_WRITE, moved = kMoved;
	enum bus_status status = BUS_OK;
	std::vector<uint64_t> asked;
	std::set<uint64_t> writable; // pages that it was told it may write
	std::vector<uint8_t> answers;
	int translated = 0, plain = 0, no_write = 0;
	bool calling = false;
};
} // namespace

TEST_F(MasterAtc, AsksOnceForEachPageAndThenUsesTheAnswer)
{
	cfg.outstanding = 1; // so that nobody asks twice at once
	cfg.write_percent = 100;
	start();
	run(PS_PER_MS);
	EXPECT_EQ(asked.size(), 4u);
	EXPECT_EQ(no_write, 0);
	EXPECT_GT(translated, 3000);
	EXPECT_EQ(plain, 0);
	EXPECT_EQ(master_stats(master)->translations, 4u);
}

TEST_F(MasterAtc, AReadAsksForNoWritingAndAWriteAsksAgain)
{
	cfg.outstanding = 1;
	start();
	run(PS_PER_MS);
	EXPECT_GT(no_write, 0);
	EXPECT_LE(asked.size(), 8u);
	EXPECT_EQ(master_stats(master)->wrong + master_stats(master)->zeros, 0u);
	EXPECT_EQ(master_stats(master)->refused, 0u);
}

TEST_F(MasterAtc, WithoutPermissionItDoesNotAccess)
{
	granted = 0;
	start();
	run(PS_PER_MS);
	EXPECT_EQ(translated + plain, 0);
	EXPECT_GT(master_stats(master)->refused, 1000u);
	granted = ATS_READ | ATS_WRITE;
	status = BUS_ABORT;
	run(PS_PER_MS);
	EXPECT_EQ(translated + plain, 0);
}

TEST_F(MasterAtc, AnInvalidationTakesItsPagesAndIsAnsweredLater)
{
	cfg.write_percent = 100;
	start();
	run(PS_PER_MS);
	invalidate(kIova + 0x2000, 12);
	EXPECT_TRUE(answers.empty());
	auto pages = asked_next();
	EXPECT_EQ(answers, (std::vector<uint8_t>{7}));
	ASSERT_EQ(pages.size(), 1u);
	EXPECT_EQ(pages.begin()->first, kIova + 0x2000);
	invalidate(kIova, 13);
	EXPECT_EQ(asked_next().size(), 2u);
	invalidate(0, ATS_EVERYTHING);
	EXPECT_EQ(asked_next().size(), 4u);
}

TEST_F(MasterAtc, ASubstreamsInvalidationIsItsOwnUnlessGlobal)
{
	cfg.substreams = 2;
	cfg.write_percent = 100;
	start();
	run(PS_PER_MS);
	invalidate(kIova, 12, 3);
	EXPECT_TRUE(asked_next().empty());
	invalidate(kIova, 12, 2);
	EXPECT_EQ(asked_next().size(), 1u);
	asked.clear();
	invalidate(kIova, 12, 3, true);
	run(PS_PER_MS);
	EXPECT_GE(asked.size(), 2u) << "of both";
	asked.clear();
	invalidate(kIova, 12);
	run(PS_PER_MS);
	EXPECT_GE(asked.size(), 2u);
}

TEST_F(MasterAtc, ARequestThatAnInvalidationOvertakesIsMadeAgain)
{
	cfg.outstanding = 1;
	cfg.write_percent = 100;
	start();
	while (asked.empty())
		run(10 * PS_PER_NS);
	uint64_t page = asked[0];

	run(100 * PS_PER_NS);
	EXPECT_EQ(translated, 0);
	invalidate(0, ATS_EVERYTHING);
	moved = 2 * kMoved;
	run(300 * PS_PER_NS);
	ASSERT_EQ(asked.size(), 2u);
	EXPECT_EQ(asked[1], page);
}

TEST_F(MasterAtc, OneThatIgnoresThemNeitherForgetsNorAnswers)
{
	cfg.ignores_invalidations = true;
	cfg.write_percent = 100;
	start();
	run(PS_PER_MS);
	invalidate(0, ATS_EVERYTHING);
	EXPECT_TRUE(asked_next().empty());
	EXPECT_TRUE(answers.empty());
}

TEST_F(MasterAtc, OffItUsesNoneAndForgetsAll)
{
	cfg.write_percent = 100;
	start();
	run(PS_PER_MS);
	master_ats_enable(master, false);
	run(10 * PS_PER_US);
	int before = translated;
	moved = 0;
	run(PS_PER_MS);
	EXPECT_EQ(translated, before);
	EXPECT_GT(plain, 1000);
	master_ats_enable(master, true);
	EXPECT_EQ(asked_next().size(), 4u);
}

TEST_F(MasterAtc, WithoutACacheItAnswersAllTheSame)
{
	cfg.ats = false;
	start();
	EXPECT_FALSE(master_has_ats(master));
	invalidate(0, ATS_EVERYTHING);
	run(PS_PER_US);
	EXPECT_EQ(answers.size(), 1u);
	EXPECT_TRUE(asked.empty());
}
