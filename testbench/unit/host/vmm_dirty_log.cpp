/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "host/vmm/dirty_log.h"
#include "host/vmm/migration_internal.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace
{
class DirtyLog : public ::testing::TestWithParam<uint64_t>
{
protected:
	void SetUp() override
	{
		ASSERT_EQ(dirty_log_init(&log, GetParam()), 0);
	}
	void TearDown() override
	{
		dirty_log_fini(&log);
	}
	std::set<uint64_t> read(uint64_t *count)
	{
		std::vector<uint64_t> bitmap((GetParam() + 63) / 64);
		std::set<uint64_t> out;
		*count = dirty_log_read(&log, bitmap.data());
		for (uint64_t p = 0; p < GetParam(); p++)
			if (bitmap[p / 64] >> (p % 64) & 1)
				out.insert(p);
		return out;
	}
	struct dirty_log log;
};

/* Against the naive one: a set. */
TEST_P(DirtyLog, ReportsExactlyWhatWasMarkedSinceTheLastRead)
{
	std::set<uint64_t> expected;
	struct rng rng;

	rng_init(&rng, GetParam(), "dirty-log");
	dirty_log_enable(&log, true);
	for (int round = 0; round < 20; round++) {
		uint64_t marks = rng_below(&rng, 200);
		uint64_t count;

		expected.clear();
		for (uint64_t i = 0; i < marks; i++) {
			uint64_t page = rng_below(&rng, GetParam());
			dirty_log_mark(&log, page);
			expected.insert(page);
		}
		EXPECT_EQ(read(&count), expected);
		EXPECT_EQ(count, expected.size());
	}
}

TEST_P(DirtyLog, ReportsNothingUnlessEnabled)
{
	uint64_t count;
	dirty_log_mark(&log, 0);
	EXPECT_TRUE(read(&count).empty());
	dirty_log_enable(&log, true);
	EXPECT_TRUE(read(&count).empty());
}

TEST_P(DirtyLog, EnablingStartsClean)
{
	uint64_t count;
	dirty_log_enable(&log, true);
	dirty_log_mark(&log, GetParam() - 1);
	dirty_log_enable(&log, false);
	dirty_log_enable(&log, true);
	EXPECT_TRUE(read(&count).empty());
	EXPECT_EQ(count, 0u);
}

TEST_P(DirtyLog, ReadingAddsToTheBitmapAndTakesNothingAway)
{
	std::vector<uint64_t> bitmap((GetParam() + 63) / 64, 0);
	bitmap[0] = 1;
	dirty_log_enable(&log, true);
	dirty_log_mark(&log, GetParam() - 1);
	EXPECT_EQ(dirty_log_read(&log, bitmap.data()), 1u);
	EXPECT_EQ(bitmap[0] & 1, 1u);
}

INSTANTIATE_TEST_SUITE_P(Pages, DirtyLog,
			 ::testing::Values(1, 63, 64, 65, 4095, 4096, 4097, 300000));

TEST(Convergence, RestThatTakesTheAllowedTimeFits)
{
	/* 1 GB in 1 s: 300 MB fit into 300 ms, one byte more does not. */
	EXPECT_TRUE(migration_rest_fits(300000000, 1000000000, PS_PER_S, 300 * PS_PER_MS));
	EXPECT_FALSE(migration_rest_fits(300000001, 1000000000, PS_PER_S, 300 * PS_PER_MS));
}

TEST(Convergence, TerabytesAndHoursDoNotOverflow)
{
	EXPECT_FALSE(migration_rest_fits(1ull << 42, 1ull << 40, 3600 * PS_PER_S, PS_PER_S));
	EXPECT_TRUE(migration_rest_fits(1ull << 40, 1ull << 42, 3600 * PS_PER_S, 900 * PS_PER_S));
}

TEST(Convergence, RoundWithoutTimeOrWithoutRestConverges)
{
	EXPECT_TRUE(migration_rest_fits(1ull << 40, 1, 0, 0));
	EXPECT_TRUE(migration_rest_fits(0, 1, PS_PER_S, 0));
	EXPECT_FALSE(migration_rest_fits(1, 1, PS_PER_S, 0));
}
} // namespace
