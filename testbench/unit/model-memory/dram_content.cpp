// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "testbench/unit/model-memory/memory_fixture.hpp"

using Page = std::vector<uint8_t>;

class DramContent : public MemoryTest
{
};

TEST_F(DramContent, UntouchedMemoryReadsZeroAndIsNotStored)
{
	struct dram *dram = make(1 << 20);
	uint8_t bytes[64];

	memset(bytes, 0xa5, sizeof(bytes));
	dram_read(dram, kBase + 4064, bytes, sizeof(bytes));
	for (uint8_t byte : bytes)
		EXPECT_EQ(byte, 0);
	EXPECT_TRUE(dram_page_is_zero(dram, kBase));
	EXPECT_EQ(dram_page_peek(dram, kBase), nullptr);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 0u);
}

TEST_F(DramContent, WriteAcrossPagesStoresBoth)
{
	struct dram *dram = make(1 << 20);
	uint64_t value = 0x1122334455667788, back = 0;

	dram_write(dram, kBase + 4092, &value, 8);
	dram_read(dram, kBase + 4092, &back, 8);
	EXPECT_EQ(back, value);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 2u);
}

TEST_F(DramContent, WritingZerosOverZeroStoresNothing)
{
	struct dram *dram = make(1 << 20);
	Page zeros(16384, 0);

	dram_write(dram, kBase, zeros.data(), zeros.size());
	EXPECT_EQ(dram_arena_pages_in_use(arena), 0u);
	EXPECT_TRUE(dram_page_is_zero(dram, kBase));
}

TEST_F(DramContent, OneTebibyteCostsWhatIsTouched)
{
	struct dram *dram = make(UINT64_C(1) << 40);
	uint32_t value = 7, back = 0;

	dram_write(dram, kBase, &value, 4);
	dram_write(dram, kBase + (UINT64_C(1) << 40) - 4, &value, 4);
	dram_write(dram, kBase + (UINT64_C(1) << 39), &value, 4);
	dram_read(dram, kBase + (UINT64_C(1) << 40) - 4, &back, 4);
	EXPECT_EQ(back, value);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 3u);
	EXPECT_EQ(dram_arena_tables_in_use(arena), 3u);
}

TEST_F(DramContent, SharedPageIsCopiedWhenEitherSideWrites)
{
	struct dram *a = make(1 << 20), *b = make(1 << 20);
	uint32_t one = 1, two = 2, back = 0;

	dram_write(a, kBase, &one, 4);
	dram_share_page(b, kBase + 8192, a, kBase);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 1u);
	EXPECT_EQ(dram_page_peek(a, kBase), dram_page_peek(b, kBase + 8192));
	dram_write(a, kBase, &two, 4);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 2u);
	dram_read(b, kBase + 8192, &back, 4);
	EXPECT_EQ(back, 1u);
	EXPECT_FALSE(dram_pages_equal(a, kBase, b, kBase + 8192));
	dram_write(b, kBase + 8192, &two, 4);
	EXPECT_TRUE(dram_pages_equal(a, kBase, b, kBase + 8192));
}

TEST_F(DramContent, APageOpenedForWritingIsItsOwn)
{
	struct dram *a = make(1 << 20), *b = make(1 << 20);
	uint32_t one = 1, two = 2, back = 0;

	dram_write(a, kBase, &one, 4);
	dram_share_page(b, kBase, a, kBase);
	memcpy(dram_page_open(b, kBase), &two, 4);
	dram_read(a, kBase, &back, 4);
	EXPECT_EQ(back, 1u);
	dram_read(b, kBase, &back, 4);
	EXPECT_EQ(back, 2u);
	EXPECT_EQ(dram_page_open(b, kBase), dram_page_peek(b, kBase));
	EXPECT_EQ(static_cast<const uint8_t *>(dram_page_open(b, kBase + 4096))[7], 0);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 3u);
}

TEST_F(DramContent, SharingAZeroPageGivesTheOldOneBack)
{
	struct dram *a = make(1 << 20), *b = make(1 << 20);
	uint32_t one = 1;

	dram_write(b, kBase, &one, 4);
	dram_share_page(b, kBase, a, kBase + 4096);
	EXPECT_TRUE(dram_page_is_zero(b, kBase));
	EXPECT_EQ(dram_arena_pages_in_use(arena), 0u);
}

TEST_F(DramContent, SharingAPageWithItselfKeepsIt)
{
	struct dram *dram = make(1 << 20);
	uint32_t one = 1, back = 0;

	dram_write(dram, kBase, &one, 4);
	dram_share_page(dram, kBase, dram, kBase);
	dram_read(dram, kBase, &back, 4);
	EXPECT_EQ(back, 1u);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 1u);
}

TEST_F(DramContent, PagesOfTwoArenasAreCopied)
{
	struct dram_arena *other = dram_arena_create(16);
	struct dram_cfg cfg = {kBase, 1 << 20, {}};
	struct dram_env env = {{&sim, "other", 0}, other};
	struct dram *from = dram_create(&cfg, &env), *to = make(1 << 20);
	uint32_t one = 1;

	dram_write(from, kBase, &one, 4);
	dram_share_page(to, kBase, from, kBase);
	EXPECT_TRUE(dram_pages_equal(to, kBase, from, kBase));
	EXPECT_EQ(dram_arena_pages_in_use(other), 1u);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 1u);
	dram_destroy(from);
	dram_arena_destroy(other);
}

TEST_F(DramContent, FourGibibytesOfOnePatternStoreOnePage)
{
	struct dram *dram = make(UINT64_C(4) << 30);
	Page pattern(4096, 0x5a);
	uint64_t quarter = (UINT64_C(1) << 30) / 4096;
	uint8_t byte = 1, back;

	dram_fill_pages(dram, kBase, quarter, pattern.data());
	EXPECT_EQ(dram_arena_pages_in_use(arena), 1u);
	dram_write(dram, kBase + 4096 * 1000, &byte, 1);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 2u);
	dram_read(dram, kBase + 4096 * 1000 + 1, &back, 1);
	EXPECT_EQ(back, 0x5a);
	dram_fill_pages(dram, kBase, quarter, nullptr);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 0u);
}

TEST_F(DramContent, ClearingATebibyteTouchesOnlyWhatIsStored)
{
	uint64_t size = UINT64_C(1) << 40;
	struct dram *dram = make(size);
	uint8_t byte = 1;

	for (uint64_t at : {UINT64_C(0), UINT64_C(4096), UINT64_C(4) << 20, size - 4096})
		dram_write(dram, kBase + at, &byte, 1);
	dram_fill_pages(dram, kBase + 4096, size / 4096 - 2, nullptr);
	EXPECT_EQ(dram_arena_pages_in_use(arena), 2u);
	EXPECT_FALSE(dram_page_is_zero(dram, kBase));
	EXPECT_TRUE(dram_page_is_zero(dram, kBase + 4096));
	EXPECT_FALSE(dram_page_is_zero(dram, kBase + size - 4096));
}

TEST_F(DramContent, CasWritesOnlyOnAMatch)
{
	struct dram *dram = make(1 << 20);
	uint64_t back;

	EXPECT_EQ(dram_cas64(dram, kBase + 8, 1, 2), 0u);
	EXPECT_TRUE(dram_page_is_zero(dram, kBase));
	EXPECT_EQ(dram_cas64(dram, kBase + 8, 0, 2), 0u);
	dram_read(dram, kBase + 8, &back, 8);
	EXPECT_EQ(back, 2u);
}

TEST_F(DramContent, AccessBeyondMemoryIsOurError)
{
	struct dram *dram = make(1 << 20);
	uint8_t byte;

	EXPECT_DEATH(dram_read(dram, kBase + (1 << 20), &byte, 1), "assertion failed");
	EXPECT_DEATH(dram_read(dram, kBase - 1, &byte, 1), "assertion failed");
}

TEST_F(DramContent, ExhaustedArenaNamesItself)
{
	struct dram_arena *small = dram_arena_create(2);
	struct dram_cfg cfg = {kBase, 1 << 20, {}};
	struct dram_env env = {{&sim, "small", 0}, small};
	struct dram *dram = dram_create(&cfg, &env);
	uint8_t byte = 1;

	dram_write(dram, kBase, &byte, 1);
	EXPECT_DEATH(dram_write(dram, kBase + 4096, &byte, 1), "small.*exhausted");
	dram_destroy(dram);
	dram_arena_destroy(small);
}

// The naive second implementation: a map of whole pages.
class Shadow
{
public:
	uint8_t *at(uint64_t pa)
	{
		Page &page = pages_[pa / 4096];

		page.resize(4096);
		return &page[pa % 4096];
	}
	void write(uint64_t pa, const uint8_t *data, uint64_t len)
	{
		for (uint64_t i = 0; i < len; i++)
			*at(pa + i) = data[i];
	}
	void copy_page(uint64_t to, Shadow &from, uint64_t from_pa)
	{
		Page page(from.at(from_pa), from.at(from_pa) + 4096);

		write(to, page.data(), 4096);
	}
	uint64_t cas(uint64_t pa, uint64_t expected, uint64_t desired)
	{
		uint64_t found = le64_get(at(pa));

		if (found == expected)
			le64_put(at(pa), desired);
		return found;
	}

private:
	std::map<uint64_t, Page> pages_;
};

class DramAgainstShadow : public MemoryTest, public testing::WithParamInterface<uint64_t>
{
protected:
	static constexpr uint64_t kSize = 16 << 20, kUsed = 12 * 4096;

	uint64_t random(uint64_t below)
	{
		return rng_next(&rng) % below;
	}
	// Twelve pages in two directory tables.
	uint64_t place(uint64_t len)
	{
		return kBase + (4 << 20) - kUsed / 2 + random(kUsed - len + 1);
	}
	uint64_t page()
	{
		return align_down(place(1), 4096);
	}

	void write(int side)
	{
		uint64_t len = random(9000), pa = place(len);
		Page bytes(len);

		if (random(4))
			for (uint8_t &byte : bytes)
				byte = (uint8_t)random(256);
		dram_write(drams[side], pa, bytes.data(), len);
		shadow[side].write(pa, bytes.data(), len);
	}
	void cas(int side)
	{
		uint64_t pa = align_down(place(8), 8), desired = random(1 << 20);
		uint64_t expected = random(2) ? le64_get(shadow[side].at(pa)) : random(4);

		EXPECT_EQ(dram_cas64(drams[side], pa, expected, desired),
			  shadow[side].cas(pa, expected, desired));
	}
	void share(int side)
	{
		uint64_t to = page(), from = page();
		int other = (int)random(2);

		dram_share_page(drams[side], to, drams[other], from);
		shadow[side].copy_page(to, shadow[other], from);
	}
	void fill(int side)
	{
		Page bytes(4096, (uint8_t)random(3));
		uint64_t pa = kBase + (4 << 20) - kUsed / 2, count = random(5);

		dram_fill_pages(drams[side], pa, count, bytes.data());
		for (uint64_t i = 0; i < count; i++)
			shadow[side].write(pa + i * 4096, bytes.data(), 4096);
	}
	void compare()
	{
		uint64_t pa = kBase + (4 << 20) - kUsed / 2;

		for (int side = 0; side < 2; side++) {
			for (uint64_t at = pa; at < pa + kUsed; at += 4096) {
				Page bytes(4096);

				dram_read(drams[side], at, bytes.data(), 4096);
				ASSERT_EQ(memcmp(bytes.data(), shadow[side].at(at), 4096), 0);
				ASSERT_EQ(dram_pages_equal(drams[0], at, drams[1], pa),
					  !memcmp(shadow[0].at(at), shadow[1].at(pa), 4096));
			}
		}
	}

	struct rng rng;
	Shadow shadow[2];
};

TEST_P(DramAgainstShadow, RandomOperationsAgree)
{
	rng = {};
	rng_init(&rng, GetParam(), "dram");
	make(kSize);
	make(kSize);
	for (int step = 0; step < 2000; step++) {
		int side = (int)random(2);

		switch (random(8)) {
		case 0:
			share(side);
			break;
		case 1:
			fill(side);
			break;
		case 2:
		case 3:
			cas(side);
			break;
		default:
			write(side);
		}
		if (step % 50 == 0)
			compare();
	}
	compare();
	EXPECT_LE(dram_arena_pages_in_use(arena), 2 * kUsed / 4096);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DramAgainstShadow, testing::Range<uint64_t>(1, 6));
