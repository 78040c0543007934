/* SPDX-License-Identifier: Apache-2.0 */
#include <cerrno>

#include "testbench/unit/traces/trace_file.h"
#include "traces/accept.h"
#include "traces/compare.h"

namespace
{
struct Line {
	explicit Line(const char *text) : file(text)
	{
		char error[512];

		EXPECT_EQ(trace_file_load(&trace, file.path(), error, sizeof(error)), 0) << error;
	}
	~Line()
	{
		trace_file_release(&trace);
	}
	const struct trace_line *operator*() const
	{
		return &trace.line[0];
	}
	TextFile file;
	struct trace_file trace = {};
};

struct Json {
	explicit Json(const char *text) : json(json_loads(text, 0, nullptr))
	{
	}
	~Json()
	{
		json_decref(json);
	}
	json_t *json;
};

const char *const FailedRead =
	R"({"t_us":1,"thread":"main","fd":22,"file":"migration","call":"read","in":{"len":8},)"
	R"("out":{},"ret":-1,"errno":"ENOMSG"})";
const char *const SetState =
	R"({"t_us":1,"thread":"main","fd":15,"file":"device","call":"VFIO_DEVICE_FEATURE",)"
	R"("in":{"argsz":16,"flags":131074},"out":{"payload":{"device_state":6,)"
	R"("device_state_name":"PRE_COPY","data_fd":22}},"ret":0})";
const char *const Attach =
	R"({"t_us":1,"thread":"main","fd":15,"file":"device",)"
	R"("call":"VFIO_DEVICE_ATTACH_IOMMUFD_PT","in":{"argsz":16,"flags":0,"pt_id":3,"pasid":0},)"
	R"("out":{"pt_id":3},"ret":0})";
const char *const HwInfo =
	R"({"t_us":1,"thread":"main","fd":14,"file":"iommufd","call":"IOMMU_GET_HW_INFO",)"
	R"("in":{"size":40,"flags":0,"dev_id":1,"data_len":40,"in_data_type":0},)"
	R"("out":{"data_len":0,"out_data_type":0},"ret":0})";
} // namespace

TEST(TraceCompare, ResultIsComparedByErrno)
{
	Line line(FailedRead);
	struct trace_difference difference;

	EXPECT_TRUE(trace_compare_result(*line, -ENOMSG, nullptr, &difference));
	EXPECT_FALSE(trace_compare_result(*line, -EINVAL, nullptr, &difference));
	EXPECT_STREQ(difference.field, "errno");
	EXPECT_STREQ(difference.ours, "-1 (EINVAL)");
	EXPECT_FALSE(trace_compare_result(*line, 0, nullptr, &difference));
	EXPECT_STREQ(difference.field, "ret");
}

TEST(TraceCompare, DescriptorNumbersAreFreeButNotWhetherThereIsOne)
{
	Line line(SetState);
	const struct trace_call *call = trace_call_by_name("VFIO_DEVICE_FEATURE");
	struct trace_difference difference;
	Json other(R"({"payload":{"device_state":6,"device_state_name":"PRE_COPY","data_fd":7}})");
	Json none(R"({"payload":{"device_state":6,"device_state_name":"PRE_COPY","data_fd":-1}})");

	EXPECT_TRUE(trace_compare_out(*line, call, other.json, nullptr, nullptr, &difference));
	EXPECT_FALSE(trace_compare_out(*line, call, none.json, nullptr, nullptr, &difference));
	EXPECT_STREQ(difference.field, "out.payload.data_fd");
}

TEST(TraceCompare, StatesAreCompared)
{
	Line line(SetState);
	const struct trace_call *call = trace_call_by_name("VFIO_DEVICE_FEATURE");
	struct trace_difference difference;
	Json other(R"({"payload":{"device_state":2,"device_state_name":"RUNNING","data_fd":7}})");
	Json nothing("{}");

	EXPECT_FALSE(trace_compare_out(*line, call, other.json, nullptr, nullptr, &difference));
	EXPECT_STREQ(difference.field, "out.payload.device_state");
	EXPECT_FALSE(trace_compare_out(*line, call, nothing.json, nullptr, nullptr, &difference));
}

TEST(TraceCompare, ObjectsKeepTheirIdentity)
{
	Line line(Attach);
	const struct trace_call *call = trace_call_by_name("VFIO_DEVICE_ATTACH_IOMMUFD_PT");
	struct trace_relation ids = {};
	struct trace_difference difference;
	Json nine(R"({"pt_id":9})"), ten(R"({"pt_id":10})");

	EXPECT_TRUE(trace_compare_out(*line, call, nine.json, &ids, nullptr, &difference));
	EXPECT_TRUE(trace_compare_out(*line, call, nine.json, &ids, nullptr, &difference));
	EXPECT_FALSE(trace_compare_out(*line, call, ten.json, &ids, nullptr, &difference));
	EXPECT_FALSE(trace_relation_bind(&ids, 4, 9)) << "two recorded objects became one";
	trace_relation_forget(&ids, 3);
	EXPECT_TRUE(trace_compare_out(*line, call, ten.json, &ids, nullptr, &difference));
	trace_relation_release(&ids);
}

TEST(TraceAccept, OnlyWhatAnEntrySaysIsAccepted)
{
	TextFile file("- call: IOMMU_GET_HW_INFO\n"
		      "  field: out.out_data_type\n"
		      "  recorded: 0\n"
		      "  right: 2\n"
		      "  reason: no Arm SMMUv3\n");
	Line line(HwInfo);
	const struct trace_call *call = trace_call_by_name("IOMMU_GET_HW_INFO");
	struct trace_accept_list list;
	struct trace_difference difference;
	char error[512];
	Json right(R"({"data_len":0,"out_data_type":2})"),
		wrong(R"({"data_len":0,"out_data_type":3})");
	Json both(R"({"data_len":40,"out_data_type":2})");

	ASSERT_EQ(trace_accept_load(&list, file.path(), error, sizeof(error)), 0) << error;
	struct trace_acceptor acceptor = trace_accept_acceptor(&list);

	EXPECT_FALSE(trace_compare_out(*line, call, right.json, nullptr, nullptr, &difference));
	EXPECT_TRUE(trace_compare_out(*line, call, right.json, nullptr, &acceptor, &difference));
	EXPECT_EQ(list.entry[0].met, 1u);
	EXPECT_FALSE(trace_compare_out(*line, call, wrong.json, nullptr, &acceptor, &difference));
	EXPECT_FALSE(trace_compare_out(*line, call, both.json, nullptr, &acceptor, &difference));
	EXPECT_STREQ(difference.field, "out.data_len");
	trace_accept_release(&list);
}

TEST(TraceAccept, AMistakeIsToldWithItsLine)
{
	TextFile file("- call: IOMMU_GET_HW_INFO\n  feild: out.out_data_type\n");
	struct trace_accept_list list;
	char error[512];

	EXPECT_EQ(trace_accept_load(&list, file.path(), error, sizeof(error)), -EINVAL);
	EXPECT_NE(std::string(error).find(std::string(file.path()) + ":1: "), std::string::npos)
		<< error;
	EXPECT_EQ(trace_accept_load(&list, "/nonexistent", error, sizeof(error)), -ENOENT);
}
