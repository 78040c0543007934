/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/align.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace
{
using Values = std::vector<uint64_t>;

struct Aligned {
	Aligned(const Values &a, const Values &b)
		: a_only(new bool[a.size() + 1]()), b_only(new bool[b.size() + 1]())
	{
		trace_align(a.data(), a.size(), b.data(), b.size(), a_only.get(), b_only.get());
		for (size_t i = 0; i < a.size(); i++)
			a_only[i] ? (void)edits++ : a_common.push_back(a[i]);
		for (size_t i = 0; i < b.size(); i++)
			b_only[i] ? (void)edits++ : b_common.push_back(b[i]);
	}
	std::unique_ptr<bool[]> a_only, b_only;
	Values a_common, b_common;
	size_t edits = 0;
};

/* The length of a shortest edit script, by the textbook's table. */
size_t distance(const Values &a, const Values &b)
{
	std::vector<std::vector<size_t>> row(a.size() + 1, std::vector<size_t>(b.size() + 1));

	for (size_t i = 0; i <= a.size(); i++)
		for (size_t j = 0; j <= b.size(); j++) {
			if (!i || !j)
				row[i][j] = i + j;
			else if (a[i - 1] == b[j - 1])
				row[i][j] = row[i - 1][j - 1];
			else
				row[i][j] = 1 + std::min(row[i - 1][j], row[i][j - 1]);
		}
	return row[a.size()][b.size()];
}

Values random_values(std::minstd_rand &random, size_t len, unsigned kinds)
{
	Values values(len);

	for (uint64_t &value : values)
		value = random() % kinds;
	return values;
}
} // namespace

TEST(TraceAlign, FindsAShortestAlignment)
{
	std::minstd_rand random(1);

	for (int i = 0; i < 3000; i++) {
		Values a = random_values(random, random() % 24, 1 + random() % 5);
		Values b = random_values(random, random() % 24, 1 + random() % 5);
		Aligned aligned(a, b);

		ASSERT_EQ(aligned.a_common, aligned.b_common) << i;
		ASSERT_EQ(aligned.edits, distance(a, b)) << i;
	}
}

TEST(TraceAlign, OneMoreElementIsOneDifferenceInALongSequence)
{
	Values a(100000), b;

	for (size_t i = 0; i < a.size(); i++)
		a[i] = i % 7;
	b = a;
	b.insert(b.begin() + 50000, 99);
	Aligned aligned(a, b);
	EXPECT_EQ(aligned.edits, 1u);
	EXPECT_TRUE(aligned.b_only[50000]);
}

TEST(TraceAlign, SequencesThatHaveLittleInCommonAlignAllTheSame)
{
	std::minstd_rand random(2);
	Values a = random_values(random, 6000, 1000), b = random_values(random, 5000, 1000);
	Aligned aligned(a, b);

	EXPECT_EQ(aligned.a_common, aligned.b_common);
	EXPECT_LT(aligned.edits, 11000u);
}
