/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/traces/trace_file.h"
#include "traces/line.h"

namespace
{
const char *const CallLine =
	R"({"t_us":7,"thread":"main","fd":14,"file":"iommufd","call":"IOMMU_IOAS_ALLOC",)"
	R"("in":{"size":12,"flags":0},"out":{"out_ioas_id":2},"ret":0})";

struct Loaded {
	explicit Loaded(const std::string &text) : file_(text)
	{
		char text_of_error[512] = "";

		result =
			trace_file_load(&trace, file_.path(), text_of_error, sizeof(text_of_error));
		error = text_of_error;
	}
	~Loaded()
	{
		trace_file_release(&trace);
	}
	TextFile file_;
	struct trace_file trace = {};
	int result;
	std::string error;
};
} // namespace

TEST(TraceReader, ReadsACallWithItsFields)
{
	Loaded loaded(CallLine);

	ASSERT_EQ(loaded.result, 0) << loaded.error;
	ASSERT_EQ(loaded.trace.lines, 1u);
	EXPECT_EQ(loaded.trace.line[0].number, 1u);
	EXPECT_EQ(loaded.trace.line[0].t_us, 7u);
	EXPECT_EQ(loaded.trace.line[0].fd, 14);
	EXPECT_STREQ(loaded.trace.line[0].file, "iommufd");
	EXPECT_EQ(json_integer_value(json_object_get(loaded.trace.line[0].out, "out_ioas_id")), 2);
}

TEST(TraceReader, ReadsWhatTheDeviceDid)
{
	Loaded loaded(R"({"t_us":1,"thread":"engine","call":"device","event":"dma_write",)"
		      R"("iova":4096,"len":8,"cause":"engine"})"
		      "\n"
		      R"({"t_us":2,"thread":"engine","call":"device","event":"msix","vector":3,)"
		      R"("eventfd":null,"cause":"engine"})");

	ASSERT_EQ(loaded.result, 0) << loaded.error;
	EXPECT_EQ(loaded.trace.line[0].event, TRACE_EVENT_DMA_WRITE);
	EXPECT_EQ(loaded.trace.line[0].iova, 4096u);
	EXPECT_EQ(loaded.trace.line[1].event, TRACE_EVENT_MSIX);
	EXPECT_EQ(loaded.trace.line[1].vector, 3u);
	EXPECT_EQ(loaded.trace.line[1].eventfd, -1);
}

TEST(TraceReader, KeepsAllBitsOfUnsigned64)
{
	Loaded loaded(R"({"t_us":1,"thread":"main","fd":14,"file":"iommufd",)"
		      R"("call":"IOMMU_IOAS_UNMAP","in":{"size":24,"ioas_id":2,"iova":0,)"
		      R"("length":18446744073709551615},"out":{"length":9223372036854775808},)"
		      R"("ret":0})");

	ASSERT_EQ(loaded.result, 0) << loaded.error;
	EXPECT_EQ((uint64_t)json_integer_value(json_object_get(loaded.trace.line[0].in, "length")),
		  UINT64_MAX);
	EXPECT_EQ((uint64_t)json_integer_value(json_object_get(loaded.trace.line[0].out, "length")),
		  UINT64_C(1) << 63);
}

TEST(TraceReader, NamesFileAndLineOfEachMistake)
{
	const struct {
		const char *text;
		const char *expected;
	} mistakes[] = {
		{"{", "expected one JSON object"},
		{"[]", "expected one JSON object"},
		{R"({"thread":"main"})", "t_us: expected an integer"},
		{R"({"t_us":1,"thread":{},"call":"open"})", "thread: expected"},
		{R"({"t_us":1,"thread":"main"})", "call: expected a string"},
		{R"({"t_us":1,"thread":"m","call":"open","fd":"x"})", "fd: expected"},
		{R"({"t_us":1,"thread":"m","call":"open","fd":1})", "file: expected"},
		{R"({"t_us":1,"thread":"m","call":"open","fd":1,"file":"f"})", "in: expected"},
		{R"({"t_us":1,"thread":"m","call":"open","fd":1,"file":"f","in":{}})",
		 "out: expected"},
		{R"({"t_us":1,"thread":"m","call":"open","fd":1,"file":"f","in":{},"out":{}})",
		 "ret: expected"},
		{R"({"t_us":1,"thread":"m","call":"open","fd":1,"file":"f","in":{},"out":{},)"
		 R"("ret":-1,"errno":"EWHAT"})",
		 "errno: expected the name of an error"},
		{R"({"t_us":1,"thread":"m","call":"device","event":"dance"})", "event: expected"},
		{R"({"t_us":1,"thread":"m","call":"device","event":"msix","vector":1})",
		 "eventfd: expected"},
	};

	for (const auto &mistake : mistakes) {
		Loaded loaded(std::string(CallLine) + "\n\n" + mistake.text);
		std::string where = std::string(loaded.file_.path()) + ":3: ";

		EXPECT_EQ(loaded.result, -EINVAL) << mistake.text;
		EXPECT_EQ(loaded.error.compare(0, where.size(), where), 0) << loaded.error;
		EXPECT_NE(loaded.error.find(mistake.expected), std::string::npos) << loaded.error;
	}
}

TEST(TraceReader, RefusesAMissingAndAnEmptyFile)
{
	struct trace_file trace;
	char error[512];

	EXPECT_EQ(trace_file_load(&trace, "/nonexistent", error, sizeof(error)), -ENOENT);
	EXPECT_NE(std::string(error).find("/nonexistent: "), std::string::npos);
	for (const char *empty : {"", "\n\n"}) {
		Loaded loaded(empty);

		EXPECT_EQ(loaded.result, -EINVAL);
		EXPECT_NE(loaded.error.find(":1: expected lines, found none"), std::string::npos)
			<< loaded.error;
	}
}

TEST(TraceErrno, NamesAndNumbersAgree)
{
	EXPECT_STREQ(trace_errno_name(25), "ENOTTY");
	EXPECT_EQ(trace_errno_number("ENOMSG"), 42);
	EXPECT_EQ(trace_errno_number("EOPNOTSUPP"), 95);
	EXPECT_EQ(trace_errno_number("EWOULDBLOCK"), 11);
	EXPECT_EQ(trace_errno_number("EWHAT"), 0);
	EXPECT_EQ(trace_errno_name(0), nullptr);
}
