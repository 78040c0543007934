/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/show.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace
{
/* What is said of a line, without columns. */
std::string detail(const std::string &line)
{
	struct trace_text_line text = {line.data(), line.size(), 1, 0};
	struct trace_tokens tokens = {};
	struct trace_record record;
	size_t column, size = 0;
	char *said = nullptr;
	const char *expected = trace_record_read(&record, &tokens, &text, &column);
	std::string result = expected ? std::string("expected ") + expected : "";

	if (!expected) {
		FILE *out = open_memstream(&said, &size);

		trace_show_detail(out, &record);
		fclose(out);
		result = said;
		free(said);
	}
	trace_tokens_release(&tokens);
	return result;
}

std::string call(const std::string &name, const std::string &in, const std::string &out = "")
{
	return detail(R"({"t_us":1,"thread":"main","fd":3,"file":"f","call":")" + name +
		      R"(","in":{)" + in + R"(},"out":{)" + out + R"(},"ret":0})");
}
} // namespace

TEST(TraceShow, SaysRangesSizesAndFlagsInTheFieldsTerms)
{
	EXPECT_EQ(
		call("IOMMU_IOAS_MAP",
		     R"("size":40,"flags":7,"ioas_id":2,"user_va":4096,"length":268435456,"iova":0)",
		     R"("iova":0)"),
		"flags FIXED_IOVA|WRITEABLE|READABLE ioas_id 2 user_va 0x1000 "
		"iova 0x0-0xfffffff (256 MiB)");
	EXPECT_EQ(call("VFIO_IOMMU_UNMAP_DMA", R"("argsz":24,"flags":0,"iova":4096,"size":8192)",
		       R"("size":4096)"),
		  "iova 0x1000-0x2fff (8 KiB) -> size 4 KiB");
	EXPECT_EQ(call("VFIO_DEVICE_GET_REGION_INFO", R"("argsz":32,"index":7)",
		       R"("argsz":32,"flags":35,"cap_offset":0,"size":4096,"offset":0)"),
		  "index config -> flags READ|WRITE|0x20 size 4 KiB offset 0x0");
	EXPECT_EQ(
		call("IOMMU_IOAS_IOVA_RANGES", R"("size":32,"ioas_id":2,"num_iovas":1)",
		     R"("num_iovas":1,"allowed_iovas":[{"start":0,"last":18446744073709551615}])"),
		"ioas_id 2 num_iovas 1 -> allowed_iovas [0x0-0xffffffffffffffff (all)]");
}

TEST(TraceShow, SaysStatesByNameAndOmitsWhatIsUnused)
{
	EXPECT_EQ(
		call("VFIO_DEVICE_FEATURE",
		     R"("argsz":16,"flags":131074,"op":"set","feature":"MIG_DEVICE_STATE",)"
		     R"("payload":{"device_state":6,"device_state_name":"PRE_COPY","data_fd":0})",
		     R"("payload":{"device_state":6,"device_state_name":"PRE_COPY","data_fd":22})"),
		"set MIG_DEVICE_STATE PRE_COPY -> data_fd 22");
}

TEST(TraceShow, SaysAccessesAndWhatTheDeviceDid)
{
	EXPECT_EQ(call("pwrite", R"("region":"bar0","offset":20480,"len":4,"value":1073741824)"),
		  "bar0+0x5000 4 B <- 0x40000000");
	EXPECT_EQ(call("pread", R"("region":"config","offset":0,"len":16)", R"("data_hex":"8680")"),
		  "config+0x0 16 B -> 8680");
	EXPECT_EQ(detail(R"({"t_us":1,"thread":1,"call":"device","event":"msix","vector":2,)"
			 R"("eventfd":null})"),
		  "vector 2 -> not armed");
	EXPECT_EQ(detail(R"({"t_us":1,"thread":1,"call":"device","event":"dma_write","iova":4096,)"
			 R"("len":32})"),
		  "0x1000 32 B");
}

TEST(TraceShow, SaysACallThatNoTableKnowsMemberByMember)
{
	EXPECT_EQ(call("VFIO_SOMETHING", R"("argsz":8,"what":[1,2,3,4,5,6,7],"deep":{"er":true})",
		       R"("answer":42)"),
		  "what [1 2 3 4 5 6 … 7] deep {er true} -> answer 42");
}

TEST(TraceShow, SaysADriversAccess)
{
	EXPECT_EQ(detail(R"({"t_us":5,"function":"smmu","kind":"bar0","op":"read","offset":"0x4",)"
			 R"("len":4,"value":"0x1070010","register":"IDR1"})"),
		  "read IDR1 offset 0x4 len 4 B value 0x1070010");
}

TEST(TraceShow, NoControlCharacterOfAFileReachesTheTerminal)
{
	EXPECT_EQ(call("open", "\"path\":\"/a\x7f"
			       "b\",\"flags\":2"),
		  "/a?b flags O_RDWR");
}
