/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/ats_bench.h"

/* Invalidations at devices: IHI 0070, 4.5.1, 4.7.3 and 3.9.1.4. */
class SmmuAtcInv : public AtsBench
{
protected:
	void SetUp() override
	{
		bring_up_ats();
	}

	static uint64_t word0(uint32_t stream = STREAM, uint64_t extra = 0)
	{
		return CMD_ATC_INV | field_put(CMD0_STREAMID, stream) | extra;
	}

	void expect_illegal(uint64_t w0, uint64_t w1)
	{
		push(w0, w1);
		run();
		EXPECT_EQ(cerror(), CERROR_ILL);
	}

	/* Push, and run until nothing moves (before any time-out). */
	void issue(uint64_t w0, uint64_t w1)
	{
		push(w0, w1);
		run_until(now() + 10 * PS_PER_US);
	}
};

TEST_F(SmmuAtcInv, NamesStreamSubstreamAndAddress)
{
	issue(word0(), 0x123456789000 | 0);
	issue(word0(STREAM, CMD0_SSV | field_put(CMD0_SUBSTREAMID, 5)), 0x1000);
	issue(word0(STREAM, CMD0_SSV | ATC_INV0_GLOBAL | field_put(CMD0_SUBSTREAMID, 5)), 0x1000);
	ASSERT_EQ(invalidations.size(), 3u);
	EXPECT_EQ(invalidations[0].stream_id, STREAM);
	EXPECT_FALSE(invalidations[0].substream_valid);
	EXPECT_EQ(invalidations[0].addr, 0x123456789000u);
	EXPECT_EQ(invalidations[0].shift, 12u);
	EXPECT_TRUE(invalidations[1].substream_valid);
	EXPECT_EQ(invalidations[1].substream_id, 5u);
	EXPECT_FALSE(invalidations[1].global);
	EXPECT_TRUE(invalidations[2].global);
	EXPECT_NE(invalidations[0].itag, invalidations[1].itag);
	EXPECT_TRUE(commands_consumed()) << "consumed when sent";
	EXPECT_FALSE(smmu_idle(smmu));
}

TEST_F(SmmuAtcInv, GlobalCountsOnlyWithASubstream)
{
	issue(word0(STREAM, ATC_INV0_GLOBAL), 0x1000);
	EXPECT_FALSE(invalidations.at(0).global);
}

TEST_F(SmmuAtcInv, TheSpanIsAlignedToItself)
{
	issue(word0(), UINT64_C(0x12345f000) | 5);
	EXPECT_EQ(invalidations.at(0).addr, 0x123440000u);
	EXPECT_EQ(invalidations.at(0).shift, 17u);
	issue(word0(), UINT64_C(0xfffffffffffff000) | ATC_INV_SIZE_ALL);
	EXPECT_EQ(invalidations.at(1).addr, 0u);
	EXPECT_EQ(invalidations.at(1).shift, ATS_EVERYTHING);
	issue(word0(), UINT64_C(0xffffffffffffe000) | 51);
	EXPECT_EQ(invalidations.at(2).addr, UINT64_C(1) << 63);
	issue(word0(), UINT64_C(0xffff800000001000));
	EXPECT_EQ(invalidations.at(3).addr, UINT64_C(0xffff800000001000)) << "all of [63:12]";
}

TEST_F(SmmuAtcInv, SizesBeyondEverythingAreIllegal)
{
	expect_illegal(word0(), 53);
}

TEST_F(SmmuAtcInv, IsIllegalWithoutAts)
{
	cfg.ats = cfg.atsrecerr = cfg.pri = false;
	bring_up();
	expect_illegal(word0(), 0);
}

TEST_F(SmmuAtcInv, IsIgnoredWithTheSmmuDisabledAndWithoutASystemThatHasAts)
{
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	command(word0(), 0);
	EXPECT_TRUE(invalidations.empty());
	bring_up(); /* nothing connected */
	command(word0(), 0);
	EXPECT_EQ(cerror(), CERROR_NONE);
}

TEST_F(SmmuAtcInv, WithoutSubstreamsSsvIsIgnored)
{
	cfg.ssid_bits = 0;
	bring_up_ats();
	issue(word0(STREAM, CMD0_SSV | field_put(CMD0_SUBSTREAMID, 5)), 0x1000);
	EXPECT_FALSE(invalidations.at(0).substream_valid);
}

TEST_F(SmmuAtcInv, SyncWaitsForTheDevices)
{
	push(word0(), 0x1000);
	push(word0(0x110), 0x2000);
	push_sync();
	run_until(now() + 100 * PS_PER_US);
	ASSERT_EQ(invalidations.size(), 2u);
	EXPECT_FALSE(commands_consumed());
	invalidated(invalidations[1]);
	run_until(now() + 100 * PS_PER_US);
	EXPECT_FALSE(commands_consumed());
	invalidated(invalidations[0]);
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(stats().syncs, 1u);
	EXPECT_EQ(stats().ats_timeouts, 0u);
}

/* What the device had sent before it answered must be visible, 4.5.1. */
TEST_F(SmmuAtcInv, SyncWaitsForAccessesThatCameBeforeTheAnswer)
{
	uint64_t page = memory->allocate();
	struct bus_attr attr = translated();

	attr.posted = true;
	push(word0(), 0x1000);
	push_sync();
	run_until(now() + 10 * PS_PER_US);
	memory->slow_down(page, 50 * PS_PER_US);
	Dma &dma = send_with(BUS_WRITE, page, 8, attr);
	invalidated(invalidations.at(0));
	run_until(now() + 10 * PS_PER_US);
	EXPECT_FALSE(dma.done);
	EXPECT_FALSE(commands_consumed()) << "the write is not in memory yet";
	run();
	EXPECT_TRUE(dma.done);
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuAtcInv, AnAnswerOfAnotherStreamOrTagCountsForNothing)
{
	push(word0(), 0x1000);
	push_sync();
	run_until(now() + 10 * PS_PER_US);
	struct ats_invalidation wrong = invalidations.at(0);
	wrong.stream_id++;
	invalidated(wrong);
	wrong = invalidations[0];
	wrong.itag = (uint8_t)((wrong.itag + 1) % ATS_INVALIDATE_TAGS);
	invalidated(wrong);
	run_until(now() + 10 * PS_PER_US);
	EXPECT_FALSE(commands_consumed());
	invalidated(invalidations[0]);
	run();
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuAtcInv, ADeviceThatDoesNotAnswerFailsTheSync)
{
	push(word0(), 0x1000);
	push_sync();
	push(CMD_TLBI_NSNH_ALL);
	uint64_t began = now(), at = reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD;
	run();
	EXPECT_GE(now() - began, cfg.timing.ats_timeout_ps);
	EXPECT_EQ(cerror(), CERROR_ATC_INV_SYNC);
	EXPECT_EQ(reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD, at + 1) << "the CMD_SYNC is not consumed";
	EXPECT_EQ(stats().ats_timeouts, 1u);
	EXPECT_EQ(stats().syncs, 0u);
	/* After the acknowledgement the CMD_SYNC is taken again, with nothing to wait for. */
	set_reg(SMMU_GERRORN, reg(SMMU_GERROR));
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(stats().syncs, 1u);
}

TEST_F(SmmuAtcInv, TheTimeoutIsTheConfiguredOne)
{
	cfg.timing.ats_timeout_ps = 70 * PS_PER_US;
	bring_up_ats();
	uint64_t began = now();
	push(word0(), 0x1000);
	push_sync();
	run();
	EXPECT_EQ(cerror(), CERROR_ATC_INV_SYNC);
	EXPECT_NEAR((double)(now() - began), 70.0 * PS_PER_US, 2.0 * PS_PER_US);
}

TEST_F(SmmuAtcInv, WhatTimedOutBeforeTheSyncFailsItToo)
{
	push(word0(), 0x1000);
	run();
	EXPECT_EQ(cerror(), CERROR_NONE) << "only a CMD_SYNC tells";
	push_sync();
	run();
	EXPECT_EQ(cerror(), CERROR_ATC_INV_SYNC);
}

TEST_F(SmmuAtcInv, AnAnswerAfterTheTimeoutIsIgnored)
{
	push(word0(), 0x1000);
	push_sync();
	run();
	invalidated(invalidations.at(0));
	EXPECT_EQ(cerror(), CERROR_ATC_INV_SYNC);
	set_reg(SMMU_GERRORN, reg(SMMU_GERROR));
	run();
	EXPECT_TRUE(commands_consumed());
	push(word0(), 0x2000);
	push_sync();
	run_until(now() + 10 * PS_PER_US);
	invalidated(invalidations[0]);
	run_until(now() + 10 * PS_PER_US);
	EXPECT_FALSE(commands_consumed()) << "an old answer is not taken for a new one";
	invalidated(invalidations.at(1));
	run();
	EXPECT_TRUE(commands_consumed());
}

TEST_F(SmmuAtcInv, MoreThanThereAreTagsWait)
{
	for (unsigned i = 0; i < 40; i++)
		push(word0(), i << 12);
	run_until(now() + 100 * PS_PER_US);
	ASSERT_EQ(invalidations.size(), ATS_INVALIDATE_TAGS);
	EXPECT_FALSE(commands_consumed());
	for (unsigned i = 0; i < 40; i++) {
		invalidated(invalidations.at(i));
		run_until(now() + PS_PER_US);
	}
	EXPECT_EQ(invalidations.size(), 40u);
	EXPECT_EQ(invalidations[39].addr, 39u << 12);
	run();
	EXPECT_TRUE(commands_consumed());
	EXPECT_TRUE(smmu_idle(smmu));
}

TEST_F(SmmuAtcInv, IsTraced)
{
	push(word0(STREAM, CMD0_SSV | field_put(CMD0_SUBSTREAMID, 5)), 0x1000 | 1);
	run();
	auto sent = traced(TRACE_ATS_INVALIDATE), ended = traced(TRACE_ATS_INVALIDATED);
	ASSERT_EQ(sent.size(), 1u);
	EXPECT_EQ(sent[0].arg, (std::array<uint64_t, TRACE_ARGS>{STREAM, 5, 0, 13, 0}));
	ASSERT_EQ(ended.size(), 1u);
	EXPECT_EQ(ended[0].arg, (std::array<uint64_t, TRACE_ARGS>{STREAM, 0, true}));
}
