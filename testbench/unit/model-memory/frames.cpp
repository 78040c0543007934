// SPDX-License-Identifier: Apache-2.0
#include "model/memory/frames.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/bits.h"
#include "base/rng.h"

static constexpr uint64_t kBase = 0x10000000000, kPage = 4096;

class Frames : public testing::Test
{
protected:
	void make(uint64_t pages)
	{
		frames = frames_create(kBase, pages * kPage);
	}
	void TearDown() override
	{
		frames_destroy(frames);
	}

	struct frames *frames = nullptr;
};

TEST_F(Frames, FillsMemoryToTheLastFrameAndNoFurther)
{
	make(100);
	std::set<uint64_t> seen;

	for (int i = 0; i < 100; i++)
		EXPECT_TRUE(seen.insert(frames_alloc(frames, 1, kPage)).second);
	EXPECT_EQ(*seen.begin(), kBase);
	EXPECT_EQ(*seen.rbegin(), kBase + 99 * kPage);
	EXPECT_EQ(frames_alloc(frames, 1, kPage), 0u);
	frames_free(frames, kBase + 50 * kPage, 1);
	EXPECT_EQ(frames_alloc(frames, 1, kPage), kBase + 50 * kPage);
}

TEST_F(Frames, AlignmentIsOfTheAddress)
{
	frames = frames_create(kBase + kPage, 2048 * kPage);
	EXPECT_EQ(frames_alloc(frames, 1, kPage), kBase + kPage);
	EXPECT_EQ(frames_alloc(frames, 512, 512 * kPage), kBase + 512 * kPage);
	EXPECT_EQ(frames_in_use(frames), 513u);
}

TEST_F(Frames, RunDoesNotSpanAHole)
{
	make(64);
	EXPECT_EQ(frames_alloc(frames, 64, kPage), kBase);
	frames_free(frames, kBase, 10);
	frames_free(frames, kBase + 11 * kPage, 20);
	EXPECT_EQ(frames_alloc(frames, 21, kPage), 0u);
	EXPECT_EQ(frames_alloc(frames, 20, kPage), kBase + 11 * kPage);
}

TEST_F(Frames, AddressZeroIsNeverGiven)
{
	frames = frames_create(0, 4 * kPage);
	EXPECT_EQ(frames_alloc(frames, 1, kPage), kPage);
	EXPECT_EQ(frames_alloc(frames, 3, kPage), 0u);
}

TEST_F(Frames, FreeingTwiceIsOurError)
{
	make(64);
	uint64_t pa = frames_alloc(frames, 2, kPage);

	frames_free(frames, pa, 1);
	EXPECT_DEATH(frames_free(frames, pa, 2), "freed twice");
}

TEST_F(Frames, RandomUseNeverOverlaps)
{
	struct rng rng;
	std::vector<bool> used(1000);
	std::vector<std::pair<uint64_t, uint64_t>> runs;
	uint64_t in_use = 0;

	make(1000);
	rng_init(&rng, 3, "frames");
	for (int step = 0; step < 20000; step++) {
		uint64_t count = 1 + rng_next(&rng) % 40, align = kPage << rng_next(&rng) % 5;
		uint64_t pa = rng_next(&rng) % 2 ? frames_alloc(frames, count, align) : 0;

		if (pa) {
			ASSERT_EQ(pa % align, 0u);
			for (uint64_t i = 0; i < count; i++) {
				ASSERT_FALSE(used.at((pa - kBase) / kPage + i));
				used[(pa - kBase) / kPage + i] = true;
			}
			runs.push_back({pa, count});
			in_use += count;
		} else if (!runs.empty()) {
			std::swap(runs[rng_next(&rng) % runs.size()], runs.back());
			for (uint64_t i = 0; i < runs.back().second; i++)
				used[(runs.back().first - kBase) / kPage + i] = false;
			frames_free(frames, runs.back().first, runs.back().second);
			in_use -= runs.back().second;
			runs.pop_back();
		}
		ASSERT_EQ(frames_in_use(frames), in_use);
	}
}
