/* SPDX-License-Identifier: Apache-2.0 */
/* The DMA log of a VF, asked for over the PF's admin queue while the VF does DMA. */
#include <set>

#include "pf-firmware/firmware_internal.h"
#include "testbench/unit/model-nic/nic_fixture.h"

class VfLog : public NicTraffic
{
protected:
	/* Host 1's VF 0 receives into `b`'s memory: its log is asked. */
	static constexpr uint64_t Base = 8 << 20, Len = 4 << 20;

	static struct aq_desc command(uint16_t opcode, uint32_t vf, uint32_t param1)
	{
		struct aq_desc desc = {};

		desc.opcode = opcode;
		desc.param0 = vf;
		desc.param1 = param1;
		return desc;
	}
	void submit_start(const std::vector<struct pf_log_range> &ranges, uint32_t shift,
			  uint32_t vf)
	{
		struct aq_desc desc = command(AQC_VF_LOG_START, vf, shift);
		Bytes buffer(ranges.size() * sizeof(struct pf_log_range));

		if (!buffer.empty())
			memcpy(buffer.data(), ranges.data(), buffer.size());
		desc.flags = AQ_FLAG_BUF | AQ_FLAG_RD;
		desc.datalen = (uint16_t)buffer.size();
		host[1]->pf_submit(desc, &buffer);
	}
	struct aq_desc start(const std::vector<struct pf_log_range> &ranges, uint32_t shift = 12,
			     uint32_t vf = 0)
	{
		struct aq_desc done;

		submit_start(ranges, shift, vf);
		if (!host[1]->run_until([&] { return host[1]->pf_done(&done); }))
			done.retval = 0xffff;
		return done;
	}
	static struct aq_desc read_command(uint64_t iova, uint32_t pages, uint32_t vf = 0)
	{
		struct aq_desc desc = command(AQC_VF_LOG_READ, vf, pages);

		desc.flags = AQ_FLAG_BUF;
		desc.datalen = (uint16_t)((pages + 7) / 8);
		desc.cookie_high = (uint32_t)(iova >> 32);
		desc.cookie_low = (uint32_t)iova;
		return desc;
	}
	uint16_t read(uint64_t iova, uint32_t pages, std::set<uint64_t> *dirty, uint32_t vf = 0)
	{
		struct aq_desc desc = read_command(iova, pages, vf);
		Bytes buffer(desc.datalen);
		uint16_t retval = host[1]->pf_command(desc, &buffer).retval;

		for (uint32_t i = 0; !retval && dirty && i < pages; i++)
			if (buffer[i / 8] >> i % 8 & 1)
				dirty->insert((iova >> 12) + i);
		return retval;
	}
	std::set<uint64_t> pages()
	{
		std::set<uint64_t> dirty;

		EXPECT_EQ(read(Base, Len >> 12, &dirty), AQ_RC_OK);
		return dirty;
	}
	/* Pages of `b`'s memory that differ from what they were. */
	std::set<uint64_t> changed(const Bytes &before)
	{
		Bytes after = memory();
		std::set<uint64_t> pages;

		for (size_t i = 0; i < after.size(); i += 4096)
			if (memcmp(&before[i], &after[i], 4096))
				pages.insert((Base + i) >> 12);
		return pages;
	}
	Bytes memory()
	{
		Bytes bytes(Len);

		host[1]->memory.read(Base, bytes.data(), bytes.size());
		return bytes;
	}
	void send(uint32_t first, uint32_t count)
	{
		for (uint32_t i = first; i < first + count; i++)
			a->transmit(frame(i));
	}
	/* Let frames come in until writes of the VF are under way. */
	void run_into_flight()
	{
		ASSERT_TRUE(host[1]->run_until([&] { return in_flight() >= 1; }));
	}
	/* Packets take long to their buffers: longer than an answer to the PF's driver takes. */
	void slow_buffers()
	{
		for (uint64_t at = 0; at < AvfDriver::kRing * AvfDriver::kBuffer; at += 4096)
			host[1]->memory.slow_down(b->rx_buffers + at, 30 * PS_PER_US);
	}
	uint32_t in_flight()
	{
		return nic_usage_get(host[1]->nic).dma_tags;
	}
};

TEST_F(VfLog, VersionSaysThatThereIsOne)
{
	EXPECT_EQ(host[1]->pf_command(command(AQC_GET_VERSION, 0, 0)).param1, PF_FEATURE_DMA_LOG);
}

TEST_F(VfLog, TellsThePagesWrittenAndNoOther)
{
	ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
	EXPECT_TRUE(pages().empty());
	Bytes before = memory();
	send(0, 10);
	run_for(PS_PER_MS);
	std::set<uint64_t> written = changed(before);
	EXPECT_GE(written.size(), 5u);
	EXPECT_EQ(pages(), written);
	EXPECT_TRUE(pages().empty());
}

TEST_F(VfLog, AnothersWritesAreNotInIt)
{
	ASSERT_EQ(start({{Base, Len}}, 12, 1).retval, AQ_RC_OK);
	send(0, 10);
	run_for(PS_PER_MS);
	std::set<uint64_t> dirty;
	EXPECT_EQ(read(Base, Len >> 12, &dirty, 1), AQ_RC_OK);
	EXPECT_TRUE(dirty.empty());
}

TEST_F(VfLog, RefusalsHaveTheirCodes)
{
	EXPECT_EQ(start({{Base, Len}}, 12, 9).retval, AQ_RC_ENOENT);
	EXPECT_EQ(start({}).retval, AQ_RC_EINVAL);
	EXPECT_EQ(start({{Base, 0}}).retval, AQ_RC_EINVAL);
	EXPECT_EQ(start({{Base, 8192}, {Base + 4096, 4096}}).retval, AQ_RC_EINVAL);
	EXPECT_EQ(start(std::vector<pf_log_range>(257, {Base, 4096})).retval, AQ_RC_EINVAL);
	EXPECT_EQ(start({{0, UINT64_C(1) << 63}}).retval, AQ_RC_ERANGE);
	EXPECT_EQ(read(Base, 8, nullptr), AQ_RC_EBUSY); // off
	ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
	EXPECT_EQ(start({{Base, Len}}).retval, AQ_RC_EBUSY);
	EXPECT_EQ(read(Base, 0, nullptr), AQ_RC_EINVAL);
	EXPECT_EQ(read(Base - 4096, 8, nullptr), AQ_RC_EINVAL);
	EXPECT_EQ(read(Base + Len - 4096, 2, nullptr), AQ_RC_EINVAL);
	struct aq_desc desc = read_command(Base, 64);
	Bytes buffer(8);
	desc.datalen = 7; /* too small for 64 pages */
	EXPECT_EQ(host[1]->pf_command(desc, &buffer).retval, AQ_RC_EINVAL);
	EXPECT_EQ(host[1]->pf_vf(AQC_VF_LOG_STOP, 0).retval, AQ_RC_OK);
	EXPECT_EQ(host[1]->pf_vf(AQC_VF_LOG_STOP, 0).retval, AQ_RC_OK);
	EXPECT_EQ(read(Base, 8, nullptr), AQ_RC_EBUSY);
}

TEST_F(VfLog, LargeRangesAreLoggedWithLargePages)
{
	struct aq_desc done = start({{0, UINT64_C(1) << 40}});

	EXPECT_EQ(done.retval, AQ_RC_OK);
	EXPECT_EQ(done.param1, 18u); /* 2^22 bits of memory */
}

/*
 * A report that has a page is given when the write to it has landed: at no
 * instant is there a page that was reported, and not written yet. A page that was
 * not reported and is written later is in the next report.
 */
TEST_F(VfLog, ReportsAndWritesInFlightDoNotMiss)
{
	unsigned raced = 0;

	slow_buffers();
	for (uint32_t delay = 0; delay < 60; delay++) {
		std::set<uint64_t> first, second;
		struct aq_desc done, desc = read_command(Base, Len >> 12);
		Bytes bits(desc.datalen);

		ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
		Bytes before = memory();
		/* The firmware takes the log about here: frames come in around it. */
		host[1]->pf_submit(desc, &bits);
		run_for(firmware_cfg.state_ps - 4 * PS_PER_US + delay * 100 * PS_PER_NS);
		send(delay * 6, 6);
		ASSERT_TRUE(host[1]->run_until([&] { return host[1]->pf_done(&done); }));
		ASSERT_EQ(done.retval, AQ_RC_OK);
		/* What the report says is in memory by now. */
		uint64_t at = (uint64_t)done.addr_high << 32 | done.addr_low;
		host[1]->memory.read(at, bits.data(), bits.size());
		for (uint32_t i = 0; i < Len >> 12; i++)
			if (bits[i / 8] >> i % 8 & 1)
				first.insert((Base >> 12) + i);
		std::set<uint64_t> landed = changed(before);
		for (uint64_t page : first)
			EXPECT_TRUE(landed.count(page)) << std::hex << page << ", " << delay;
		Bytes then = memory();
		run_for(PS_PER_MS);
		std::set<uint64_t> later = changed(then);
		raced += !later.empty() && !first.empty();
		second = pages();
		for (uint64_t page : later)
			EXPECT_TRUE(second.count(page)) << std::hex << page << ", " << delay;
		for (uint64_t page : landed)
			EXPECT_TRUE(first.count(page) || second.count(page));
		ASSERT_EQ(host[1]->pf_vf(AQC_VF_LOG_STOP, 0).retval, AQ_RC_OK);
		b->receive_frames();
		b->post_rx(6);
	}
	EXPECT_GT(raced, 5u);
}

/* A write from before the start is in memory when the start is done. */
TEST_F(VfLog, StartWaitsForWritesFromBefore)
{
	unsigned raced = 0;

	slow_buffers();
	for (uint32_t delay = 0; delay < 60; delay++) {
		struct aq_desc done;

		submit_start({{Base, Len}}, 12, 0);
		run_for(firmware_cfg.command_ps - 4 * PS_PER_US + delay * 100 * PS_PER_NS);
		send(delay * 6, 6);
		ASSERT_TRUE(host[1]->run_until([&] { return host[1]->pf_done(&done); }));
		ASSERT_EQ(done.retval, AQ_RC_OK);
		Bytes then = memory();
		run_for(PS_PER_MS);
		std::set<uint64_t> later = changed(then), told = pages();
		raced += !later.empty();
		for (uint64_t page : later)
			EXPECT_TRUE(told.count(page)) << std::hex << page << ", " << delay;
		ASSERT_EQ(host[1]->pf_vf(AQC_VF_LOG_STOP, 0).retval, AQ_RC_OK);
		b->receive_frames();
		b->post_rx(6);
	}
	EXPECT_GT(raced, 5u);
}

TEST_F(VfLog, ResetOfTheVfLosesNothing)
{
	ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
	Bytes before = memory();
	send(0, 10);
	run_into_flight();
	host[1]->flr(0);
	run_for(10 * PS_PER_MS);
	std::set<uint64_t> told = pages();
	for (uint64_t page : changed(before))
		EXPECT_TRUE(told.count(page));
	EXPECT_FALSE(told.empty());
}

TEST_F(VfLog, ReportUnderWayOutlivesAResetOfTheVf)
{
	ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
	for (uint32_t delay = 0; delay < 40; delay++) {
		struct aq_desc done, desc = read_command(Base, Len >> 12);
		Bytes bits(desc.datalen);

		host[1]->pf_submit(desc, &bits);
		run_for((10 + delay) * PS_PER_US / 2);
		host[1]->flr(0);
		ASSERT_TRUE(host[1]->run_until([&] { return host[1]->pf_done(&done); }));
		EXPECT_EQ(done.retval, AQ_RC_OK) << delay;
	}
}

TEST_F(VfLog, OfASuspendedVfIsWhole)
{
	ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
	Bytes before = memory();
	send(0, 10);
	run_into_flight();
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	std::set<uint64_t> told = pages(), written = changed(before);
	EXPECT_FALSE(written.empty());
	for (uint64_t page : written)
		EXPECT_TRUE(told.count(page));
	Bytes then = memory();
	run_for(PS_PER_MS);
	EXPECT_TRUE(changed(then).empty());
	EXPECT_TRUE(pages().empty());
}

TEST_F(VfLog, StopWithWritesInFlightStops)
{
	ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
	send(0, 10);
	run_into_flight();
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_LOG_STOP, 0).retval, AQ_RC_OK);
	EXPECT_EQ(read(Base, 8, nullptr), AQ_RC_EBUSY);
	run_for(PS_PER_MS);
	ASSERT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
	EXPECT_TRUE(pages().empty());
}

/* A start waits for a write, which no reset keeps from landing: nobody is told of it then. */
TEST_F(VfLog, StartThatWaitsIsForgottenWithAResetOfThePf)
{
	struct aq_desc done = {};

	host[1]->memory.slow_down(b->rx_buffers, 20 * PS_PER_MS);
	send(0, 1);
	run_for(100 * PS_PER_US);
	submit_start({{Base, Len}}, 12, 0);
	run_for(PS_PER_MS);
	ASSERT_EQ(host[1]->firmware->pf_waits, PF_WAITS_LANDED);
	pcie_device_reset(host[1]->device, false);
	ASSERT_GE(in_flight(), 1u);
	EXPECT_EQ(host[1]->firmware->pf_waits, PF_WAITS_NOT);
	run_for(30 * PS_PER_MS);
	EXPECT_FALSE(host[1]->pf_done(&done));
	host[1]->bring_up(4);
	EXPECT_EQ(start({{Base, Len}}).retval, AQ_RC_OK);
}

class NoLog : public VfLog
{
protected:
	void configure() override
	{
		cfg.log_bytes = 0;
	}
};

TEST_F(NoLog, IsNotOfferedAndRefused)
{
	EXPECT_EQ(host[1]->pf_command(command(AQC_GET_VERSION, 0, 0)).param1, 0u);
	EXPECT_EQ(start({{Base, Len}}).retval, AQ_RC_ERANGE);
}
