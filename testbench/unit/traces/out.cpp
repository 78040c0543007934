/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are written in small pieces: traces/out.h. */
#include "traces/out.h"

#include <cerrno>
#include <sys/stat.h>

#include "testbench/unit/traces/trace_file.h"

class Out : public ::testing::Test
{
protected:
	void SetUp() override
	{
		ASSERT_EQ(out_open(&out, file.path()), 0);
	}
	std::string written()
	{
		EXPECT_EQ(out_close(&out), 0);
		std::ifstream in(file.path());

		return std::string((std::istreambuf_iterator<char>(in)), {});
	}
	TextFile file{""};
	struct out out;
};

TEST_F(Out, NumbersAreDecimalFromZeroToTheLargest)
{
	for (uint64_t value : {0ul, 9ul, 10ul, 99ul, 100ul, 999ul, 1000ul, 9999ul, 10000ul, 12345ul,
			       99999999ul, 100000000ul, 9999999999999999ul, UINT64_MAX}) {
		out_u64(&out, value);
		out_text(&out, " ");
	}
	out_i64(&out, INT64_MIN);
	EXPECT_EQ(written(), "0 9 10 99 100 999 1000 9999 10000 12345 99999999 100000000 "
			     "9999999999999999 18446744073709551615 -9223372036854775808");
}

TEST_F(Out, JsonStringsEscapeWhatJsonWantsEscaped)
{
	out_json_string(&out, "");
	out_json_string(&out, "a \"b\" \\ \n\x1f \xc3\xa4");
	EXPECT_EQ(written(), "\"\"\"a \\\"b\\\" \\\\ \\u000a\\u001f \xc3\xa4\"");
}

TEST_F(Out, PiecesLargerThanTheBufferKeepTheirOrder)
{
	std::string small = "begin ", large(OUT_BUFFER_BYTES + 1, 'x'), full(OUT_BUFFER_BYTES, 'y');

	out_text(&out, small.c_str());
	out_bytes(&out, large.data(), static_cast<uint32_t>(large.size()));
	out_bytes(&out, full.data(), static_cast<uint32_t>(full.size()));
	out_text(&out, "end");
	EXPECT_TRUE(written() == small + large + full + "end");
}

TEST_F(Out, RoomIsFoundWhereTheBufferIsNearlyFull)
{
	std::string full(OUT_BUFFER_BYTES - 3, 'x');

	out_bytes(&out, full.data(), static_cast<uint32_t>(full.size()));
	out_took(&out, text_u64(out_room(&out, 20), 123456));
	EXPECT_TRUE(written() == full + "123456");
}

/* Blocks are reserved ahead of a long file, and given back. */
TEST_F(Out, AFileHasTheBlocksOfItsBytes)
{
	const std::string piece(1000, 'x');
	struct stat state = {};

	for (uint32_t i = 0; i < OUT_BUFFER_BYTES / 500; i++)
		out_bytes(&out, piece.data(), (uint32_t)piece.size());
	EXPECT_EQ(out_close(&out), 0);
	ASSERT_EQ(stat(file.path(), &state), 0);
	EXPECT_EQ((uint64_t)state.st_size, OUT_BUFFER_BYTES / 500 * piece.size());
	EXPECT_LT((uint64_t)state.st_blocks * 512, (uint64_t)state.st_size + (1 << 20));
}

TEST(OutFile, TellsThatItCannotBeMade)
{
	struct out out;

	EXPECT_EQ(out_open(&out, "/nonexistent/file"), -ENOENT);
}

TEST(OutFile, TellsAtItsEndThatSomethingWasLost)
{
	struct out out;

	ASSERT_EQ(out_open(&out, "/dev/full"), 0);
	out_text(&out, "lost");
	EXPECT_EQ(out_close(&out), -EIO);
}
