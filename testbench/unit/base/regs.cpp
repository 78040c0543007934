// SPDX-License-Identifier: Apache-2.0
// The register engine beside a naive one that thinks in single bits.
#include "base/regs.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "base/rng.h"

namespace
{
enum { ROW_CTRL, ROW_WIDE, ROW_STATUS, ROW_QUEUE, ROW_QUEUE_WIDE, ROW_COUNT };

// All kinds of bits in all kinds of registers, with holes between.
const struct reg_row kRows[ROW_COUNT] = {
	{"CTRL", 0x04, 4, 0, 0, 0x80000001, 0x80000000, 0x000000ff, 0, 0, nullptr, nullptr},
	{"WIDE", 0x10, 8, 0, 0, UINT64_C(0x1122334455667788), UINT64_C(0xf000000000000000),
	 UINT64_C(0x00ffffff00ffffff), UINT64_C(0x0f00000000000000), UINT64_C(0xff000000), nullptr,
	 nullptr},
	{"STATUS", 0x20, 4, 0, 0, 0xffff, 0, 0, 0xff00, 0x00ff, nullptr, nullptr},
	{"QUEUE", 0x40, 4, 4, 16, 7, 0, 0xffffffff, 0, 0, nullptr, nullptr},
	{"QUEUE_WIDE", 0x48, 8, 4, 16, 9, 0, ~UINT64_C(0), 0, 0, nullptr, nullptr},
};
const struct reg_table kTable = {"test", kRows, ROW_COUNT, 0x100};

class Registers : public testing::Test
{
protected:
	void SetUp() override
	{
		ASSERT_EQ(regs_init(&regs, &kTable, this), 0);
	}
	void TearDown() override
	{
		regs_fini(&regs);
	}

	uint64_t read(uint32_t offset, uint32_t len)
	{
		uint64_t value = ~UINT64_C(0);

		regs_read(&regs, offset, len, &value);
		return value;
	}

	struct regs regs;
};

// A byte of the window: bits stored, and what each does.
struct NaiveByte {
	bool present = false;
	uint8_t value = 0, ro = 0, rw = 0, w1c = 0, rc = 0;
};

std::vector<NaiveByte> naive_window()
{
	std::vector<NaiveByte> window(kTable.window_bytes);

	for (const struct reg_row &row : kRows)
		for (uint32_t i = 0; i < (row.count ? row.count : 1u); i++)
			for (uint32_t b = 0; b < row.size; b++) {
				NaiveByte &byte = window[row.offset + i * row.stride + b];

				byte.present = true;
				byte.value = static_cast<uint8_t>(row.reset >> 8 * b);
				byte.ro = static_cast<uint8_t>(row.ro >> 8 * b);
				byte.rw = static_cast<uint8_t>(row.rw >> 8 * b);
				byte.w1c = static_cast<uint8_t>(row.w1c >> 8 * b);
				byte.rc = static_cast<uint8_t>(row.rc >> 8 * b);
			}
	return window;
}
} // namespace

// Blocks of one kind: each has its own values and owner, in whatever order they go.
TEST_F(Registers, OfTheSameTableShareWhatFollowsFromIt)
{
	struct regs other, third;
	uint64_t value;

	ASSERT_EQ(regs_init_like(&other, &kTable, &regs, nullptr), 0);
	EXPECT_EQ(other.index, regs.index);
	EXPECT_EQ(other.table, &kTable);
	EXPECT_EQ(other.owner, nullptr);
	EXPECT_EQ(regs.owner, this);
	regs_write(&other, 0x40, 4, 0x1234);
	EXPECT_EQ(read(0x40, 4), 7u);
	regs_fini(&regs); // the first one goes first
	ASSERT_EQ(regs_init_like(&third, &kTable, &other, nullptr), 0);
	regs_fini(&other);
	EXPECT_TRUE(regs_read(&third, 0x50, 4, &value));
	EXPECT_EQ(value, 7u);
	const struct reg_table another = kTable;
	EXPECT_EQ(regs_init_like(&other, &another, &third, nullptr), -EINVAL);
	regs_fini(&third);
	ASSERT_EQ(regs_init(&regs, &kTable, this), 0);
}

TEST_F(Registers, TryEveryBitInEveryWidth)
{
	for (uint32_t len : {1u, 2u, 4u, 8u})
		for (uint32_t offset = 0; offset < kTable.window_bytes; offset += len)
			for (uint32_t bit = 0; bit < 8 * len; bit++)
				for (bool ones_first : {false, true}) {
					std::vector<NaiveByte> naive = naive_window();
					uint64_t value = UINT64_C(1) << bit, expected = 0;
					bool present = false;

					regs_reset(&regs);
					if (ones_first)
						value = ~value;
					for (uint32_t b = 0; b < len; b++) {
						NaiveByte &byte = naive[offset + b];
						uint8_t v = static_cast<uint8_t>(value >> 8 * b);

						byte.value =
							(byte.value & ~byte.rw) | (v & byte.rw);
						byte.value &= ~(v & byte.w1c);
						present |= byte.present;
					}
					ASSERT_EQ(regs_write(&regs, offset, len, value), present)
						<< offset;
					for (uint32_t at = 0; at < kTable.window_bytes; at++) {
						const NaiveByte &byte = naive[at];

						expected = byte.value &
							   (byte.ro | byte.rw | byte.w1c | byte.rc);
						ASSERT_EQ(read(at, 1), expected)
							<< "after a write of " << len << " at "
							<< offset << ", byte " << at;
					}
				}
}

TEST_F(Registers, DoAtRandomWhatNaiveBytesDo)
{
	std::vector<NaiveByte> naive = naive_window();
	struct rng rng;

	rng_init(&rng, 5, "regs");
	for (int i = 0; i < 200000; i++) {
		uint32_t len = 1u << rng_below(&rng, 4);
		uint32_t offset = static_cast<uint32_t>(rng_below(&rng, 0x100 / len)) * len;
		uint64_t value = rng_next(&rng), expected = 0;

		if (rng_below(&rng, 2)) {
			for (uint32_t b = 0; b < len; b++) {
				NaiveByte &byte = naive[offset + b];
				uint8_t v = static_cast<uint8_t>(value >> 8 * b);

				byte.value = (byte.value & ~byte.rw) | (v & byte.rw);
				byte.value &= ~(v & byte.w1c);
			}
			regs_write(&regs, offset, len, value);
		} else {
			for (uint32_t b = 0; b < len; b++) {
				NaiveByte &byte = naive[offset + b];
				uint64_t v = byte.value & (byte.ro | byte.rw | byte.w1c | byte.rc);

				expected |= v << 8 * b;
				byte.value &= ~byte.rc;
			}
			ASSERT_EQ(read(offset, len), expected) << i;
		}
		if (!rng_below(&rng, 10)) { // hardware sets bits
			uint64_t bits = rng_next(&rng);

			regs_set(&regs, ROW_WIDE, 0, bits);
			for (uint32_t b = 0; b < 8; b++)
				naive[0x10 + b].value = static_cast<uint8_t>(bits >> 8 * b);
			ASSERT_EQ(regs_get(&regs, ROW_WIDE, 0), bits);
		}
	}
}

TEST_F(Registers, OfARowWithACountAreToldApart)
{
	uint32_t index = 99;

	regs_write(&regs, 0x40 + 2 * 16, 4, 0xabcd);
	EXPECT_EQ(regs_get(&regs, ROW_QUEUE, 2), 0xabcdu);
	EXPECT_EQ(regs_get(&regs, ROW_QUEUE, 1), 7u);
	EXPECT_STREQ(regs_find(&regs, 0x48 + 3 * 16 + 4, &index)->name, "QUEUE_WIDE");
	EXPECT_EQ(index, 3u);
	EXPECT_EQ(regs_find(&regs, 0x44, &index), nullptr);
	EXPECT_EQ(regs_find(&regs, 0x10000, nullptr), nullptr);
}

namespace
{
struct Hooked {
	struct Write {
		uint32_t index;
		uint64_t before, now;
	};
	std::vector<Write> writes;
	uint64_t shown = 0;

	static uint64_t on_read(void *owner, uint32_t index, uint64_t stored)
	{
		return static_cast<Hooked *>(owner)->shown + index + stored;
	}
	static void on_write(void *owner, uint32_t index, uint64_t before, uint64_t now)
	{
		static_cast<Hooked *>(owner)->writes.push_back({index, before, now});
	}
};
} // namespace

TEST(RegistersHooks, SeeIndexAndBothValuesAndFilterReads)
{
	const struct reg_row rows[] = {
		{"H", 0x0, 8, 2, 8, 0, 0, 0xffff, 0, 0, Hooked::on_read, Hooked::on_write},
	};
	const struct reg_table table = {"hooks", rows, 1, 0x10};
	struct regs regs;
	Hooked hooked;
	uint64_t value;

	ASSERT_EQ(regs_init(&regs, &table, &hooked), 0);
	EXPECT_TRUE(hooked.writes.empty()); // reset is not a write
	regs_write(&regs, 0x8, 8, 0x1234567);
	regs_write(&regs, 0x9, 1, 0xee);
	ASSERT_EQ(hooked.writes.size(), 2u);
	EXPECT_EQ(hooked.writes[0].index, 1u);
	EXPECT_EQ(hooked.writes[0].before, 0u);
	EXPECT_EQ(hooked.writes[0].now, 0x4567u);
	EXPECT_EQ(hooked.writes[1].before, 0x4567u);
	EXPECT_EQ(hooked.writes[1].now, 0xee67u);
	hooked.shown = 0xff0000;
	EXPECT_TRUE(regs_read(&regs, 0x8, 4, &value));
	EXPECT_EQ(value, 0xee68u); // reserved bits of what the hook shows are not seen
	regs_fini(&regs);
}

TEST(RegistersReset, LeavesWhatItsReachDoesNotCover)
{
	const struct reg_row rows[] = {
		{"R", 0, 8, 0, 0, 0x8001, 0, 0xffff, 0, 0, nullptr, nullptr, 0x000f, 0x00f0},
	};
	const struct reg_table table = {"resets", rows, 1, 8};
	struct regs regs;

	ASSERT_EQ(regs_init(&regs, &table, nullptr), 0);
	for (auto [reach, left] :
	     {std::pair(REGS_RESET_PART, 0x80aau), std::pair(REGS_RESET_WARM, 0x800au),
	      std::pair(REGS_RESET_COLD, 0x8001u)}) {
		regs_set(&regs, 0, 0, 0xaaaa);
		regs_reset_as(&regs, reach);
		EXPECT_EQ(regs_get(&regs, 0, 0), left);
	}
	regs_fini(&regs);
}

TEST(RegistersTable, ThatIsWrongIsRefused)
{
	const struct reg_row good = {"A", 8, 4, 0, 0, 0, 0, 1, 0, 0, nullptr, nullptr};
	auto with = [&](auto change) {
		struct reg_row rows[2] = {good, good};
		struct reg_table table = {"t", rows, 2, 0x100};
		struct regs regs;

		rows[1].offset = 0x10;
		change(rows[1]);
		int err = regs_init(&regs, &table, nullptr);
		if (!err)
			regs_fini(&regs);
		return err;
	};

	EXPECT_EQ(with([](struct reg_row &) {}), 0);
	EXPECT_EQ(with([](struct reg_row &row) { row.offset = 8; }), -EINVAL);
	EXPECT_EQ(with([](struct reg_row &row) { row.offset = 4; }), -EINVAL); // unsorted
	EXPECT_EQ(with([](struct reg_row &row) { row.offset = 0x12; }), -EINVAL);
	EXPECT_EQ(with([](struct reg_row &row) { row.offset = 0xfe; }), -EINVAL);
	EXPECT_EQ(with([](struct reg_row &row) { row.offset = 0x100; }), -EINVAL);
	EXPECT_EQ(with([](struct reg_row &row) { row.size = 2; }), -EINVAL);
	EXPECT_EQ(with([](struct reg_row &row) { row.count = 2; }), -EINVAL); // no stride
	EXPECT_EQ(with([](struct reg_row &row) {
			  row.count = 2;
			  row.stride = 6;
		  }),
		  -EINVAL);
	EXPECT_EQ(with([](struct reg_row &row) {
			  row.count = 60;
			  row.stride = 4;
		  }),
		  0);
	EXPECT_EQ(with([](struct reg_row &row) {
			  row.count = 61;
			  row.stride = 4;
		  }),
		  -EINVAL);
}
