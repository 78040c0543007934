/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/dma_log.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace
{
class DmaLog : public ::testing::Test
{
protected:
	~DmaLog() override
	{
		dma_log_fini(&log);
	}
	void memory(uint64_t bytes)
	{
		dma_log_fini(&log);
		ASSERT_EQ(dma_log_init(&log, bytes), 0);
	}
	int start(std::vector<dma_log_range> ranges, uint32_t wanted = 12)
	{
		shift = wanted;
		return dma_log_start(&log, ranges.data(), (uint32_t)ranges.size(), &shift);
	}
	uint64_t take(uint64_t first, uint64_t pages = 64)
	{
		uint64_t bits = 0;

		EXPECT_EQ(dma_log_take(&log, first, pages, reinterpret_cast<uint8_t *>(&bits)), 0);
		return bits;
	}
	struct dma_log log = {};
	uint32_t shift = 0;
};

TEST_F(DmaLog, OnlyRangesThatAreDisjointAndAscendAreTaken)
{
	memory(4096);
	EXPECT_EQ(start({}), -EINVAL);
	EXPECT_EQ(start({{0, 0}}), -EINVAL);
	EXPECT_EQ(start({{8192, 4096}, {0, 4096}}), -EINVAL);
	EXPECT_EQ(start({{0, 8192}, {4096, 4096}}), -EINVAL);
	EXPECT_EQ(start({{UINT64_MAX - 4095, 8192}}), -EINVAL);
	EXPECT_EQ(start(std::vector<dma_log_range>(257, {0, 4096})), -EINVAL);
	EXPECT_EQ(start({{0, 8192}, {8192, 4096}}), 0);
	EXPECT_EQ(start({{0, 8192}}), -EEXIST);
	dma_log_stop(&log);
	EXPECT_EQ(start({{0, 8192}}), 0);
}

TEST_F(DmaLog, TakesAsManyRangesAsTheKernelGives)
{
	std::vector<dma_log_range> ranges;

	memory(4096);
	for (uint64_t i = 0; i < DMA_LOG_RANGES; i++)
		ranges.push_back({i << 20, 4096});
	ASSERT_EQ(start(ranges), 0);
	dma_log_mark(&log, 255u << 20, 1);
	EXPECT_EQ(take(255u << 8, 1), 1u);
}

TEST_F(DmaLog, PageSizeIsAtLeastFourKibAndGrowsUntilTheBitsFit)
{
	memory(8);
	ASSERT_EQ(start({{0, 64 << 12}}, 0), 0);
	EXPECT_EQ(shift, 12u);
	dma_log_stop(&log);
	ASSERT_EQ(start({{0, 65 << 12}}), 0);
	EXPECT_EQ(shift, 13u);
	dma_log_mark(&log, 0x3000, 1);
	EXPECT_EQ(take(0, 33), 2u);
}

TEST_F(DmaLog, MoreThanTheLargestPagesHoldIsRefused)
{
	memory(8);
	EXPECT_EQ(start({{0, UINT64_C(65) << 30}}), -ERANGE);
	EXPECT_EQ(start({{0, UINT64_C(64) << 30}}), 0);
	EXPECT_EQ(shift, 30u);
}

TEST_F(DmaLog, WithoutMemoryNothingIsLogged)
{
	memory(0);
	EXPECT_EQ(start({{0, 4096}}), -ERANGE);
	dma_log_mark(&log, 0, 1);
	uint8_t bits = 0;
	EXPECT_EQ(dma_log_take(&log, 0, 1, &bits), -ENOENT);
}

TEST_F(DmaLog, RangesThatShareALargePageShareItsBit)
{
	memory(8);
	// 64 KiB pages: both are in the first one.
	ASSERT_EQ(start({{0x1000, 0x1000}, {0x8000, 0x1000}}, 16), 0);
	dma_log_mark(&log, 0x8000, 1);
	EXPECT_EQ(take(0, 1), 1u);
	EXPECT_EQ(take(0, 1), 0u);
}

TEST_F(DmaLog, WritesBetweenRangesAreNotLogged)
{
	memory(4096);
	ASSERT_EQ(start({{0, 4096}, {4 << 12, 4096}}), 0);
	dma_log_mark(&log, 0, 5 << 12);
	EXPECT_EQ(take(0, 5), 1u | 1 << 4);
}

TEST_F(DmaLog, StartingBeginsClean)
{
	memory(4096);
	ASSERT_EQ(start({{0, 64 << 12}}), 0);
	dma_log_mark(&log, 0, 4096);
	dma_log_stop(&log);
	dma_log_mark(&log, 4096, 4096);
	ASSERT_EQ(start({{0, 64 << 12}}), 0);
	EXPECT_EQ(take(0), 0u);
}
} // namespace
