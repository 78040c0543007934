/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/system/oracle_fixture.h"

#include <map>
#include <random>
#include <set>

/* Table 7 serves stream 0x110; its first 64 pages are asked for, one bit each. */
class OracleLostPage : public OracleTest
{
protected:
	void SetUp() override
	{
		emit(1, TRACE_IOMMU_ATTACH, {0x110, kNoSub, 7});
		emit(2, TRACE_IOMMU_MAP, {7, 0, 1 << 20, 1});
		emit(3, TRACE_DIRTY_TRACKING, {7, 1});
	}
	void write(uint64_t time_ps, uint64_t page, uint64_t len = 64)
	{
		emit(time_ps, TRACE_DMA_WRITE, {0x110, kNoSub, page << 12, 0x1000, len});
	}
	void read(uint64_t begin_ps, uint64_t return_ps, uint64_t bits)
	{
		emit(return_ps, TRACE_DIRTY_READ, {7, 0, 64 << 12, 4096, begin_ps, 1}, {bits});
	}
};

TEST_F(OracleLostPage, ReportedWritesPass)
{
	write(10, 3);
	write(11, 5);
	read(20, 21, 1 << 3 | 1 << 5);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
	EXPECT_EQ(oracle_pages_overreported(oracle()), 0u);
}

TEST_F(OracleLostPage, MissingPageFails)
{
	write(10, 3);
	write(11, 5);
	read(20, 21, 1 << 3);
	const auto &finding = finish(CHECK_LOST_PAGE);
	EXPECT_EQ(finding.verdict, ORACLE_FAIL);
	EXPECT_EQ(finding.count, 1u);
	EXPECT_NE(std::string(finding.detail).find("0x5000"), std::string::npos);
}

TEST_F(OracleLostPage, ReportInALaterBitmapIsTooLate)
{
	write(10, 3);
	read(20, 21, 0);
	read(30, 31, 1 << 3);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, 1u);
}

TEST_F(OracleLostPage, WriteWhileABitmapIsReturnedMayBeInTheNext)
{
	write(25, 3); /* the bitmap was taken at 20 and is returned at 30 */
	read(20, 30, 0);
	read(40, 41, 1 << 3);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
}

TEST_F(OracleLostPage, WriteWhileABitmapIsReturnedMustBeInTheNext)
{
	write(25, 3);
	read(20, 30, 0);
	read(40, 41, 0);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, 1u);
}

TEST_F(OracleLostPage, BitmapOfEarlierWriteCoversOneThatCameBeforeItsReturn)
{
	write(10, 3);
	write(25, 3);
	read(20, 30, 1 << 3);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
}

TEST_F(OracleLostPage, EachPageOfALongWriteCounts)
{
	write(10, 3, 3 * 4096);
	read(20, 21, 1 << 3 | 1 << 5);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, 1u);
}

TEST_F(OracleLostPage, WritesBeforeTrackingAreNotAsked)
{
	emit(4, TRACE_DIRTY_TRACKING, {7, 0});
	write(5, 3);
	emit(6, TRACE_DIRTY_TRACKING, {7, 1});
	read(20, 21, 0);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
}

TEST_F(OracleLostPage, AnotherTablesWritesAreNotAsked)
{
	emit(4, TRACE_IOMMU_ATTACH, {0x111, kNoSub, 8});
	emit(10, TRACE_DMA_WRITE, {0x111, kNoSub, 3 << 12, 0, 64});
	emit(11, TRACE_DMA_WRITE, {0x110, kNoSub, 3 << 12, 0, 64}, {}, 1);
	read(20, 21, 0);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
}

TEST_F(OracleLostPage, WriteAfterTheLastBitmapFailsWhenTrackingStops)
{
	read(20, 21, 0);
	write(30, 3);
	emit(40, TRACE_DIRTY_TRACKING, {7, 0});
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, 1u);
}

TEST_F(OracleLostPage, WriteAfterTheLastBitmapPassesWhenTheMigrationWasCalledOff)
{
	emit(5, TRACE_MIG_STATE, {0, 2, 6});
	read(20, 21, 0);
	write(30, 3);
	emit(35, TRACE_MIG_STATE, {0, 6, 2});
	emit(40, TRACE_DIRTY_TRACKING, {7, 0});
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
}

TEST_F(OracleLostPage, WriteOutsideOfWhatIsEverReadPasses)
{
	read(20, 21, 0);
	write(30, 200);
	emit(40, TRACE_DIRTY_TRACKING, {7, 0});
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
}

TEST_F(OracleLostPage, CountsPagesReportedWithoutAWrite)
{
	write(10, 3);
	read(20, 21, 0xff);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_PASS);
	EXPECT_EQ(oracle_pages_overreported(oracle()), 7u);
}

TEST_F(OracleLostPage, PagesMappedSinceAreNotOverReported)
{
	emit(10, TRACE_IOMMU_MAP, {7, 4 << 12, 2 << 12, 1});
	read(20, 21, 0x3f << 1);
	finish(CHECK_LOST_PAGE);
	EXPECT_EQ(oracle_pages_overreported(oracle()), 4u);
}

TEST_F(OracleLostPage, DoesNotApplyWithoutABitmap)
{
	write(10, 3);
	EXPECT_EQ(finish(CHECK_LOST_PAGE).verdict, ORACLE_NOT_APPLICABLE);
}

/* Random writes and bitmaps against the rule, written down naively. */
TEST_F(OracleLostPage, AgreesWithTheRuleOnRandomHistories)
{
	std::mt19937_64 random(1);
	std::map<uint64_t, std::vector<uint64_t>> written; /* page: times not settled */
	uint64_t now = 10, lost = 0;

	for (int round = 0; round < 200; round++) {
		uint64_t begin, bits = random() & random();
		std::set<uint64_t> missed;

		for (int i = 0; i < 20; i++) {
			uint64_t page = random() % 64;
			write(++now, page);
			written[page].push_back(now);
		}
		begin = now - random() % 15;
		read(begin, ++now, bits);
		for (auto &[page, times] : written) {
			std::vector<uint64_t> left;
			for (uint64_t time : times) {
				if (bits >> page & 1)
					continue;
				if (time < begin)
					missed.insert(page);
				else
					left.push_back(time);
			}
			times = left;
		}
		lost += missed.size();
	}
	/* No migration state: what is open at the end counts when tracking stops. */
	emit(++now, TRACE_DIRTY_TRACKING, {7, 0});
	for (auto &[page, times] : written)
		lost += !times.empty();
	EXPECT_EQ(finish(CHECK_LOST_PAGE).count, lost);
	EXPECT_GT(lost, 100u);
}
