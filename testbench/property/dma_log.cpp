// SPDX-License-Identifier: Apache-2.0
// The DMA log against a naive one: a set of pages for each range, over random ranges, page
// sizes, memory, writes and reads.
#include "model/nic/dma_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <set>
#include <vector>

namespace
{
using Random = std::mt19937_64;

// Every page that a range touches, and those of them that were written.
class Naive
{
public:
	Naive(const std::vector<dma_log_range> &ranges, unsigned shift) : shift(shift)
	{
		for (const auto &range : ranges)
			for (uint64_t page = range.iova >> shift;
			     page <= (range.iova + range.len - 1) >> shift; page++)
				logged.insert(page);
	}
	void write(uint64_t iova, uint64_t len)
	{
		for (uint64_t page = iova >> shift; page <= (iova + len - 1) >> shift; page++)
			if (logged.count(page))
				dirty.insert(page);
	}
	bool spans(uint64_t first, uint64_t pages) const
	{
		return pages && first >= *logged.begin() && first + pages - 1 <= *logged.rbegin();
	}
	std::vector<bool> take(uint64_t first, uint64_t pages)
	{
		std::vector<bool> bits(pages);

		for (uint64_t i = 0; i < pages; i++)
			bits[i] = dirty.erase(first + i);
		return bits;
	}
	unsigned shift;
	std::set<uint64_t> logged, dirty;
};

std::vector<dma_log_range> random_ranges(Random &random)
{
	std::vector<dma_log_range> ranges;
	uint64_t at = random() % 64 << 12;
	size_t count = 1 + random() % (random() % 8 ? 6 : DMA_LOG_RANGES);

	for (size_t i = 0; i < count; i++) {
		uint64_t pages = 1 + random() % 40;

		ranges.push_back({at, pages << 12});
		at += (pages + random() % 3 * (random() % 30)) << 12;
	}
	return ranges;
}

uint64_t somewhere(Random &random, const std::vector<dma_log_range> &ranges)
{
	uint64_t end = ranges.back().iova + ranges.back().len + 0x8000;

	return random() % end;
}

class DmaLog : public ::testing::TestWithParam<unsigned>
{
};

TEST_P(DmaLog, AgreesWithASetOfPages)
{
	Random random(GetParam());
	unsigned read = 0, found = 0;

	for (int round = 0; round < 60; round++) {
		auto ranges = random_ranges(random);
		uint64_t bytes = 8u << random() % 8;
		uint32_t wanted = 9 + random() % 8, shift = wanted;
		dma_log log;

		ASSERT_EQ(dma_log_init(&log, bytes), 0);
		ASSERT_EQ(dma_log_start(&log, ranges.data(), (uint32_t)ranges.size(), &shift), 0);
		ASSERT_GE(shift, std::max(wanted, DMA_LOG_SHIFT_MIN));
		Naive naive(ranges, shift);
		ASSERT_LE(naive.logged.size(), bytes * 8);
		if (shift > std::max(wanted, DMA_LOG_SHIFT_MIN)) {
			// Coarser only where it must be.
			EXPECT_GT(Naive(ranges, shift - 1).logged.size(), bytes * 8);
		}
		for (int step = 0; step < 200; step++) {
			if (random() % 4) {
				uint64_t iova = somewhere(random, ranges);
				uint64_t len = 1 + random() % (random() % 4 ? 64 : 3 << 12);

				dma_log_mark(&log, iova, len);
				naive.write(iova, len);
				EXPECT_EQ(dma_log_has(&log, iova),
					  naive.dirty.count(iova >> shift) > 0);
				continue;
			}
			uint64_t first = somewhere(random, ranges) >> shift;
			uint64_t pages = random() % 100;
			std::vector<uint8_t> bits(16);
			int err = dma_log_take(&log, first, pages, bits.data());

			if (!naive.spans(first, pages)) {
				EXPECT_EQ(err, -EINVAL);
				continue;
			}
			ASSERT_EQ(err, 0);
			std::vector<bool> expected = naive.take(first, pages);
			for (uint64_t i = 0; i < bits.size() * 8; i++)
				ASSERT_EQ(bits[i / 8] >> i % 8 & 1, i < pages && expected[i])
					<< "page " << first + i << " of round " << round;
			read++;
			found += std::count(expected.begin(), expected.end(), true);
		}
		dma_log_fini(&log);
	}
	EXPECT_GT(read, 500u);
	EXPECT_GT(found, 500u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DmaLog, ::testing::Range(1u, 9u));
} // namespace
