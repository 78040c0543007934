/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stats.h"

#include <gtest/gtest.h>

TEST(Stats, FindsWhatWasAddedByPartAndName)
{
	struct stats stats;
	uint64_t value = 0;

	ASSERT_EQ(stats_init(&stats, 3), 0);
	EXPECT_TRUE(stats_add(&stats, "source.smmu", "walks", 7));
	EXPECT_TRUE(stats_add(&stats, "destination.smmu", "walks", 8));
	EXPECT_TRUE(stats_find(&stats, "destination.smmu", "walks", &value));
	EXPECT_EQ(value, 8u);
	EXPECT_TRUE(stats_find(&stats, "source.smmu", "walks", &value));
	EXPECT_EQ(value, 7u);
	EXPECT_FALSE(stats_find(&stats, "source.smmu", "hits", &value));
	EXPECT_FALSE(stats_find(&stats, "source.nic", "walks", &value));
	stats_fini(&stats);
}

TEST(Stats, AFullListSaysSo)
{
	struct stats stats;

	ASSERT_EQ(stats_init(&stats, 1), 0);
	EXPECT_TRUE(stats_add(&stats, "part", "first", 1));
	EXPECT_FALSE(stats_add(&stats, "part", "second", 2));
	EXPECT_EQ(stats.count, 1u);
	stats_fini(&stats);
}

TEST(Stats, ALongPartIsCut)
{
	struct stats stats;
	std::string part(100, 'x');

	ASSERT_EQ(stats_init(&stats, 1), 0);
	EXPECT_TRUE(stats_add(&stats, part.c_str(), "n", 1));
	EXPECT_EQ(std::string(stats.row[0].part), part.substr(0, STATS_NAME - 1));
	stats_fini(&stats);
}
