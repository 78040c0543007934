/* SPDX-License-Identifier: Apache-2.0 */
/* lost-page on what tells of a device's writes beside an I/O page table. */
#include "testbench/unit/system/oracle_fixture.h"

/* Stream 0x110 logs its own writes. */
class OracleTracking : public OracleTest
{
protected:
	static constexpr uint64_t Stream = 0x110;

	void land(uint64_t time_ps, uint64_t page, uint64_t substream = kNoSub)
	{
		emit(time_ps, TRACE_DMA_LANDED, {Stream, substream, page << 12, 0x1000, 64});
	}
	void logging(uint64_t time_ps, uint64_t state)
	{
		emit(time_ps, TRACE_DMA_LOGGING, {Stream, state});
	}
	void log_on(uint64_t time_ps)
	{
		logging(time_ps, TRACE_LOGGING_STARTS);
		logging(time_ps + 1, TRACE_LOGGING_ON);
	}
	void report(uint64_t begin_ps, uint64_t return_ps, uint64_t bits)
	{
		emit(return_ps, TRACE_DMA_LOG_REPORT, {Stream, 0, 64 << 12, 4096, begin_ps},
		     bits ? std::vector<uint64_t>{bits} : std::vector<uint64_t>{});
	}
	const struct oracle_tracking &tracking(enum dirty_source source)
	{
		return *oracle_tracking(oracle(), source);
	}
};

TEST_F(OracleTracking, ReportedWritesPassWhateverTheirSubstream)
{
	log_on(1);
	land(10, 3);
	land(11, 5, 7);
	report(20, 30, 1 << 3 | 1 << 5);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
	EXPECT_EQ(tracking(DIRTY_DEVICE).written, 2u);
	EXPECT_EQ(tracking(DIRTY_DEVICE).overreported, 0u);
}

TEST_F(OracleTracking, MissingPageFails)
{
	log_on(1);
	land(10, 3);
	report(20, 30, 0);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, 1u);
	EXPECT_EQ(tracking(DIRTY_DEVICE).lost, 1u);
}

/* A report that is told before the bytes are there is no cover: what is copied then is old. */
TEST_F(OracleTracking, WriteThatLandsAfterItsReportMustBeInTheNext)
{
	log_on(1);
	report(20, 30, 1 << 3);
	land(35, 3);
	report(40, 50, 0);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, 1u);
}

TEST_F(OracleTracking, WriteThatLandsWhileAReportIsMadeMayBeInTheNext)
{
	log_on(1);
	land(25, 3);
	report(20, 30, 0);
	report(40, 50, 1 << 3);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
	EXPECT_EQ(tracking(DIRTY_DEVICE).overreported, 0u);
}

/* Reported once because of one write, and again because of another that came during the call. */
TEST_F(OracleTracking, PageWrittenWhileItWasReportedIsNotOverReported)
{
	log_on(1);
	land(10, 3);
	land(25, 3);
	report(20, 30, 1 << 3);
	report(40, 50, 1 << 3);
	report(60, 70, 1 << 3);
	finish(CHECK_LOST_PAGE);
	EXPECT_EQ(tracking(DIRTY_DEVICE).reported, 3u);
	EXPECT_EQ(tracking(DIRTY_DEVICE).written, 2u);
	EXPECT_EQ(tracking(DIRTY_DEVICE).overreported, 1u);
}

TEST_F(OracleTracking, WritesWhileTheLogIsBeingStartedMayBeReportedAndNeedNot)
{
	logging(1, TRACE_LOGGING_STARTS);
	land(2, 3);
	land(2, 4);
	logging(5, TRACE_LOGGING_ON);
	report(20, 30, 1 << 3);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
	EXPECT_EQ(tracking(DIRTY_DEVICE).overreported, 0u);
}

TEST_F(OracleTracking, LargePagesAreCountedInPagesOfFourKib)
{
	log_on(1);
	land(10, 3);
	emit(30, TRACE_DMA_LOG_REPORT, {Stream, 0, 64 << 12, 16 << 12, 20}, {1});
	finish(CHECK_LOST_PAGE);
	EXPECT_EQ(tracking(DIRTY_DEVICE).reported, 16u);
	EXPECT_EQ(tracking(DIRTY_DEVICE).overreported, 15u);
}

TEST_F(OracleTracking, WritesAfterTheLogWasStoppedAreNotAsked)
{
	log_on(1);
	logging(5, TRACE_LOGGING_OFF);
	land(10, 3);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_NOT_APPLICABLE);
}

/* The page table loses a page that the VMM does not need it for: measured, and no violation. */
TEST_F(OracleTracking, SourceThatNobodyReliesOnFailsNothing)
{
	emit(1, TRACE_IOMMU_ATTACH, {Stream, kNoSub, 7});
	emit(2, TRACE_DIRTY_SOURCE, {0, Stream, DIRTY_DEVICE, 1});
	emit(3, TRACE_DIRTY_TRACKING, {7, 1, DIRTY_HTTU});
	log_on(4);
	emit(10, TRACE_DMA_WRITE, {Stream, kNoSub, 3 << 12, 0x1000, 64});
	land(11, 3);
	report(20, 30, 1 << 3);
	emit(31, TRACE_DIRTY_READ, {7, 0, 64 << 12, 4096, 31, 1}, {1 << 9});
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
	EXPECT_EQ(tracking(DIRTY_HTTU).lost, 1u);
	EXPECT_EQ(tracking(DIRTY_HTTU).overreported, 1u);
	EXPECT_FALSE(tracking(DIRTY_HTTU).relied_on);
	EXPECT_TRUE(tracking(DIRTY_DEVICE).relied_on);
	EXPECT_EQ(oracle_pages_overreported(oracle()), 0u);
}

TEST_F(OracleTracking, WithoutAVmmBothSourcesAreJudged)
{
	emit(1, TRACE_IOMMU_ATTACH, {Stream, kNoSub, 7});
	emit(3, TRACE_DIRTY_TRACKING, {7, 1, DIRTY_HTTU});
	log_on(4);
	emit(10, TRACE_DMA_WRITE, {Stream, kNoSub, 3 << 12, 0x1000, 64});
	land(11, 3);
	report(20, 30, 1 << 3);
	emit(31, TRACE_DIRTY_READ, {7, 0, 64 << 12, 4096, 31, 1}, {0});
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, 1u);
}

TEST_F(OracleTracking, EverythingCoversAllAndIsCountedAsOverReported)
{
	emit(2, TRACE_DIRTY_SOURCE, {0, Stream, DIRTY_EVERYTHING, 1});
	land(10, 3);
	land(11, 5);
	emit(20, TRACE_DIRTY_ASSUMED, {Stream, 0, 64 << 12});
	land(25, 5);
	emit(30, TRACE_DIRTY_ASSUMED, {Stream, 0, 64 << 12});
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
	EXPECT_EQ(tracking(DIRTY_EVERYTHING).reported, 128u);
	EXPECT_EQ(tracking(DIRTY_EVERYTHING).written, 3u);
	EXPECT_EQ(tracking(DIRTY_EVERYTHING).overreported, 125u);
}
