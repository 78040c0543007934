/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/diff.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <string>

#include "testbench/unit/traces/trace_file.h"

using ::testing::HasSubstr;

namespace
{
struct Compared {
	Compared(const std::string &a, const std::string &b)
	{
		TextFile file_a(a), file_b(b);
		struct trace_diff_options options = {};
		char *said = nullptr, complaint[512] = "";
		size_t size = 0;
		FILE *out = open_memstream(&said, &size);

		options.path[0] = file_a.path();
		options.path[1] = file_b.path();
		options.context = 2;
		result = trace_diff(&options, out, &differences, complaint, sizeof(complaint));
		fclose(out);
		text = said;
		free(said);
		error = complaint;
	}
	int result;
	uint64_t differences = 0;
	std::string text, error;
};

std::string line(unsigned t_us, const std::string &thread, const std::string &call,
		 const std::string &in, const std::string &out = "", const std::string &ret = "0")
{
	return R"({"t_us":)" + std::to_string(t_us) + R"(,"host":"h","thread":")" + thread +
	       R"(","fd":)" + std::to_string(3 + t_us % 5) + R"(,"file":"f","call":")" + call +
	       R"(","in":{)" + in + R"(},"out":{)" + out + R"(},"ret":)" + ret + "}\n";
}

std::string dma(unsigned t_us, unsigned iova)
{
	return R"({"t_us":)" + std::to_string(t_us) +
	       R"(,"host":"h","thread":"engine","call":"device","event":"dma_write","iova":)" +
	       std::to_string(iova) + R"(,"len":8,"cause":"engine"})" + "\n";
}

std::string alloc(unsigned t_us, unsigned id)
{
	return line(t_us, "main", "IOMMU_IOAS_ALLOC", R"("size":12,"flags":0)",
		    R"("out_ioas_id":)" + std::to_string(id));
}

std::string unmap(unsigned t_us, unsigned id, unsigned iova, unsigned length)
{
	return line(t_us, "main", "IOMMU_IOAS_UNMAP",
		    R"("size":24,"ioas_id":)" + std::to_string(id) + R"(,"iova":)" +
			    std::to_string(iova) + R"(,"length":4096)",
		    R"("length":)" + std::to_string(length));
}
} // namespace

TEST(TraceDiff, WhatIsFreeIsNoDifference)
{
	Compared compared(line(1, "main", "open", R"("path":"/dev/iommu","flags":2)", "", "14") +
				  alloc(2, 1) + unmap(3, 1, 0, 4096) + dma(4, 64) +
				  line(5, "main", "pread", R"("region":"bar0","offset":0,"len":4)",
				       R"("value":7)", "4"),
			  line(9, "other", "open", R"("path":"/dev/iommu","flags":2)", "", "25") +
				  dma(10, 64) + alloc(20, 4) + unmap(31, 4, 0, 4096) +
				  line(50, "other", "pread",
				       R"("len":4,"region":"bar0","offset":0)", R"("value":8)",
				       "4"));

	EXPECT_EQ(compared.result, 0) << compared.error;
	/* `main` has a partner of its own name, `other` none: open and pread stand alone. */
	EXPECT_EQ(compared.differences, 3u) << compared.text;
	Compared same_threads(
		line(1, "main", "open", R"("path":"/dev/iommu","flags":2)", "", "14") +
			alloc(2, 1) + unmap(3, 1, 0, 4096) + dma(4, 64),
		line(9, "main", "open", R"("path":"/dev/iommu","flags":2)", "", "25") +
			dma(10, 64) + alloc(20, 4) + unmap(31, 4, 0, 4096));
	EXPECT_EQ(same_threads.differences, 0u) << same_threads.text;
	EXPECT_THAT(same_threads.text, HasSubstr("4 lines alike, no difference"));
}

TEST(TraceDiff, AThreadOfAnotherNameIsComparedWithItsCounterpart)
{
	Compared compared(line(1, "main", "close", "") + line(2, "7", "fstat", ""),
			  line(1, "main", "close", "") + line(2, "12", "fstat", ""));

	EXPECT_EQ(compared.differences, 0u) << compared.text;
}

TEST(TraceDiff, TheFirstDifferenceIsShownWithItsMembersAndWhatLedToIt)
{
	std::string begin = alloc(1, 1) + unmap(2, 1, 0, 4096) + unmap(3, 1, 4096, 4096);
	std::string end = unmap(5, 1, 16384, 4096) + unmap(6, 1, 20480, 4096);
	Compared compared(begin + unmap(4, 1, 8192, 4096) + end,
			  begin + unmap(4, 1, 8192, 0) + end);

	EXPECT_EQ(compared.differences, 1u);
	EXPECT_THAT(compared.text, HasSubstr("first difference, actor h/main\n    A 2       B 2 "));
	EXPECT_THAT(compared.text, HasSubstr("\n  - A 4 "));
	EXPECT_THAT(compared.text, HasSubstr("\n  + B 4 "));
	EXPECT_THAT(compared.text, HasSubstr("\n    A 6       B 6 "));
	EXPECT_THAT(compared.text, HasSubstr("differs in\n    out.length: A 4096, B 0\n"));
	EXPECT_THAT(compared.text, HasSubstr("no further difference\n"));
}

TEST(TraceDiff, LinesThatOneSideHasMoreAreOneDifference)
{
	std::string begin, end;

	for (unsigned i = 0; i < 20; i++) {
		begin += unmap(i, 1, 4096 * i, 4096);
		end += unmap(100 + i, 1, 4096 * i, 4096);
	}
	Compared compared(begin + end, begin + dma(50, 1) + alloc(51, 2) + alloc(52, 3) + end);
	EXPECT_EQ(compared.differences, 2u) << compared.text;
	EXPECT_THAT(compared.text,
		    HasSubstr("h/main: 1 difference, 0 lines only in A, 2 only in B"));
	EXPECT_THAT(compared.text, HasSubstr("h/device: 1 difference, 0 lines only in A, 1 only"));
	EXPECT_THAT(compared.text, HasSubstr("40 lines alike"));
}

TEST(TraceDiff, OneObjectStaysOneObject)
{
	std::string two = alloc(1, 1) + alloc(2, 2);
	Compared other(two + unmap(3, 1, 0, 4096), two + unmap(3, 2, 0, 4096));
	Compared renamed(two + unmap(3, 1, 0, 4096),
			 alloc(1, 8) + alloc(2, 5) + unmap(3, 8, 0, 4096));
	std::string gone = line(3, "main", "IOMMU_DESTROY", R"("size":8,"id":1)");
	Compared again(two + gone + alloc(4, 1) + unmap(5, 1, 0, 4096),
		       two + gone + alloc(4, 3) + unmap(5, 3, 0, 4096));

	EXPECT_EQ(other.differences, 1u);
	EXPECT_THAT(other.text, HasSubstr("the object that an id means"));
	EXPECT_EQ(renamed.differences, 0u) << renamed.text;
	EXPECT_EQ(again.differences, 0u) << again.text;
}

TEST(TraceDiff, AMistakeIsToldWithItsLine)
{
	Compared cut(alloc(1, 1), alloc(1, 1) + alloc(2, 2).substr(0, 40));
	Compared empty(alloc(1, 1), "\n");

	EXPECT_EQ(cut.result, -EINVAL);
	EXPECT_THAT(cut.error, HasSubstr(":2: expected "));
	EXPECT_EQ(empty.result, -EINVAL);
	EXPECT_THAT(empty.error, HasSubstr(":1: expected lines, found none"));
}
