/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/iommufd.h>
#include <linux/vfio.h>

#include <cstring>

#include "testbench/unit/traces/trace_file.h"
#include "traces/call.h"
#include "traces/compare.h"

namespace
{
struct Argument {
	explicit Argument(const char *name, const char *in)
		: call(trace_call_by_name(name)), json(json_loads(in, 0, nullptr)),
		  why(trace_call_decode(call, json, &argument))
	{
	}
	~Argument()
	{
		trace_argument_release(&argument);
		json_decref(json);
	}
	template <typename T>
	T *as()
	{
		return reinterpret_cast<T *>(argument.bytes);
	}
	std::string encoded(enum trace_direction direction)
	{
		json_t *object = trace_call_encode(call, &argument, direction);
		char *text = json_dumps(object, JSON_COMPACT);
		std::string result = text;

		free(text);
		json_decref(object);
		return result;
	}
	const struct trace_call *call;
	struct trace_argument argument = {};
	json_t *json;
	const char *why;
};
} // namespace

TEST(TraceCalls, EveryLineOfTheRecordingsIsUnderstoodAndSaidAgain)
{
	for (const char *name :
	     {"iommufd-iavf-source", "iommufd-iavf-destination", "type1-source",
	      "type1-destination", "dma-logging-source", "dma-logging-destination"}) {
		std::string path = recording(std::string("qemu-precopy-") + name + ".jsonl");
		struct trace_file trace;
		char error[512];
		uint32_t ioctls = 0;

		ASSERT_EQ(trace_file_load(&trace, path.c_str(), error, sizeof(error)), 0) << error;
		for (uint32_t i = 0; i < trace.lines; i++) {
			struct trace_line *line = &trace.line[i];
			const struct trace_call *call = trace_call_by_name(line->call);
			struct trace_argument argument;
			struct trace_difference difference;

			if (!call)
				continue;
			ioctls++;
			ASSERT_EQ(trace_call_decode(call, line->in, &argument), nullptr)
				<< path << ":" << line->number;
			EXPECT_TRUE(trace_compare_in(line, call, &argument, &difference))
				<< path << ":" << line->number << ": " << difference.field;
			trace_argument_release(&argument);
		}
		EXPECT_GT(ioctls, 40u);
		trace_file_release(&trace);
	}
}

TEST(TraceCalls, NumbersOfTwoFilesDoNotMix)
{
	/* 0x3b85 is IOAS_MAP on iommufd; 0x3b7a is BIND on a device. */
	EXPECT_STREQ(trace_call_by_request("iommufd", IOMMU_IOAS_MAP)->name, "IOMMU_IOAS_MAP");
	EXPECT_STREQ(trace_call_by_request("device", VFIO_DEVICE_BIND_IOMMUFD)->name,
		     "VFIO_DEVICE_BIND_IOMMUFD");
	EXPECT_EQ(trace_call_by_request("device", IOMMU_IOAS_MAP), nullptr);
	/* 0x3b71 maps memory in a container and resets a device. */
	EXPECT_STREQ(trace_call_by_request("container", VFIO_IOMMU_MAP_DMA)->name,
		     "VFIO_IOMMU_MAP_DMA");
	EXPECT_EQ(trace_call_by_request("device", VFIO_IOMMU_MAP_DMA), nullptr);
	EXPECT_STREQ(trace_call_by_request("group", VFIO_GROUP_GET_DEVICE_FD)->name,
		     "VFIO_GROUP_GET_DEVICE_FD");
}

TEST(TraceCalls, AValueIsTheArgumentItself)
{
	Argument argument("VFIO_SET_IOMMU", R"({"type":3})");

	ASSERT_EQ(argument.why, nullptr);
	EXPECT_EQ(argument.call->form, TRACE_VALUE);
	EXPECT_EQ(*argument.as<uint64_t>(), 3u);
	EXPECT_EQ(argument.encoded(TRACE_IN), R"({"type":3})");
}

TEST(TraceCalls, ADevicesNameIsAText)
{
	Argument argument("VFIO_GROUP_GET_DEVICE_FD", R"({"name":"0000:00:05.0"})");

	ASSERT_EQ(argument.why, nullptr);
	EXPECT_STREQ(argument.as<char>(), "0000:00:05.0");
	EXPECT_EQ(argument.encoded(TRACE_IN), R"({"name":"0000:00:05.0"})");
	EXPECT_NE(Argument("VFIO_GROUP_GET_DEVICE_FD", R"({"name":5})").why, nullptr);
	std::string longest = R"({"name":")" + std::string(256, 'x') + R"("})";
	EXPECT_NE(Argument("VFIO_GROUP_GET_DEVICE_FD", longest.c_str()).why, nullptr);
}

TEST(TraceCalls, CapabilitiesAreAList)
{
	Argument argument("VFIO_IOMMU_GET_INFO", R"({"argsz":104})");

	ASSERT_EQ(argument.why, nullptr);
	ASSERT_EQ(argument.argument.len, 104u);
	auto *info = argument.as<struct vfio_iommu_type1_info>();
	struct vfio_iommu_type1_info_dma_avail avail = {{3, 1, 0}, 7};
	struct {
		struct vfio_info_cap_header header;
		uint32_t nr_iovas, reserved;
		struct vfio_iova_range range;
	} ranges = {{1, 1, 24}, 1, 0, {5, 9}};
	info->cap_offset = 48; /* a capability that lies before the one that names it ends it */
	memcpy(argument.argument.bytes + 24, &avail, sizeof(avail));
	memcpy(argument.argument.bytes + 48, &ranges, sizeof(ranges));
	EXPECT_NE(argument.encoded(TRACE_OUT).find(
			  R"("caps":[{"offset":48,"id":1,"version":1,"next":24,)"
			  R"("name":"IOVA_RANGE","nr_iovas":1,"iova_ranges":[)"
			  R"({"start":5,"end":9}]}])"),
		  std::string::npos)
		<< argument.encoded(TRACE_OUT);
	info->cap_offset = 24;
	EXPECT_NE(argument.encoded(TRACE_OUT).find(
			  R"("caps":[{"offset":24,"id":3,"version":1,"next":0,)"
			  R"("name":"DMA_AVAIL","avail":7}])"),
		  std::string::npos);
	info->cap_offset = 104; /* beyond what the caller has */
	EXPECT_NE(argument.encoded(TRACE_OUT).find(R"("caps":[])"), std::string::npos);
}

TEST(TraceCalls, AnUnmapsBitmapIsToldWhereItIsAskedFor)
{
	Argument argument("VFIO_IOMMU_UNMAP_DMA",
			  R"({"argsz":48,"flags":1,"iova":4096,"size":8192,)"
			  R"("bitmap":{"pgsize":4096,"size":8}})");

	ASSERT_EQ(argument.why, nullptr);
	*static_cast<uint64_t *>(argument.argument.side) = 3;
	EXPECT_EQ(argument.encoded(TRACE_IN), R"({"argsz":48,"flags":1,"iova":4096,"size":8192,)"
					      R"("bitmap":{"pgsize":4096,"size":8}})");
	EXPECT_EQ(argument.encoded(TRACE_OUT),
		  R"({"size":8192,"dirty_count":2,"dirty":[4096,8192]})");
	EXPECT_NE(Argument("VFIO_IOMMU_UNMAP_DMA",
			   R"({"argsz":48,"flags":1,"iova":4096,"size":8192})")
			  .why,
		  nullptr);
	/* Without room for a bitmap there is none to describe: the kernel refuses it. */
	EXPECT_EQ(Argument("VFIO_IOMMU_UNMAP_DMA",
			   R"({"argsz":24,"flags":1,"iova":4096,"size":8192})")
			  .why,
		  nullptr);
}

TEST(TraceCalls, DirtyPagesHasANameForItsFlags)
{
	EXPECT_NE(Argument("VFIO_IOMMU_DIRTY_PAGES", R"({"argsz":8,"flags":1,"op":"STOP"})").why,
		  nullptr);
	Argument start("VFIO_IOMMU_DIRTY_PAGES", R"({"argsz":8,"flags":1,"op":"START"})");
	EXPECT_EQ(start.encoded(TRACE_IN), R"({"argsz":8,"flags":1,"op":"START"})");
	Argument get("VFIO_IOMMU_DIRTY_PAGES",
		     R"({"argsz":48,"flags":4,"op":"GET_BITMAP","iova":0,"size":8192,)"
		     R"("bitmap":{"pgsize":4096,"size":5}})"); /* less than a word */
	ASSERT_EQ(get.why, nullptr);
	EXPECT_EQ(get.encoded(TRACE_OUT), R"({"dirty_count":0,"dirty":[]})");
}

TEST(TraceCalls, ADirtyBitmapIsAListOfPages)
{
	Argument argument("IOMMU_HWPT_GET_DIRTY_BITMAP",
			  R"({"size":48,"hwpt_id":3,"flags":0,"iova":1048576,"length":524288,)"
			  R"("page_size":4096})");

	ASSERT_EQ(argument.why, nullptr);
	static_cast<uint64_t *>(argument.argument.side)[0] = 1u << 1 | 1u << 5;
	static_cast<uint64_t *>(argument.argument.side)[1] = UINT64_C(1) << 63;
	EXPECT_EQ(argument.encoded(TRACE_OUT),
		  R"({"dirty_count":3,"dirty":[1052672,1069056,1568768]})");
}

TEST(TraceCalls, ALongDirtyBitmapIsAListOfRanges)
{
	Argument argument("IOMMU_HWPT_GET_DIRTY_BITMAP",
			  R"({"size":48,"hwpt_id":3,"flags":0,"iova":0,"length":67108864,)"
			  R"("page_size":4096})");

	ASSERT_EQ(argument.why, nullptr);
	memset(argument.argument.side, 0xff, 16384 / 8);
	static_cast<uint64_t *>(argument.argument.side)[0] &= ~UINT64_C(2);
	EXPECT_EQ(
		argument.encoded(TRACE_OUT),
		R"({"dirty_count":16383,"dirty":{"count":16383,"ranges":[{"iova":0,"length":4096},)"
		R"({"iova":8192,"length":67100672}]}})");
}

/* What a bitmap has behind its last page is the program's: nobody's business. */
TEST(TraceCalls, ADirtyBitmapEndsWithItsLastPage)
{
	Argument list("IOMMU_HWPT_GET_DIRTY_BITMAP",
		      R"({"size":48,"hwpt_id":3,"flags":0,"iova":0,"length":286720,)"
		      R"("page_size":4096})"); /* 70 pages */
	Argument ranges("IOMMU_HWPT_GET_DIRTY_BITMAP",
			R"({"size":48,"hwpt_id":3,"flags":0,"iova":0,"length":20672512,)"
			R"("page_size":4096})"); /* 5,047 pages */

	ASSERT_EQ(list.why, nullptr);
	static_cast<uint64_t *>(list.argument.side)[0] = UINT64_C(1) << 63;
	static_cast<uint64_t *>(list.argument.side)[1] = UINT64_C(1) << 5 | UINT64_C(1) << 6;
	EXPECT_EQ(list.encoded(TRACE_OUT), R"({"dirty_count":2,"dirty":[258048,282624]})");

	ASSERT_EQ(ranges.why, nullptr);
	memset(ranges.argument.side, 0xff, 5048 / 8);
	static_cast<uint64_t *>(ranges.argument.side)[0] = UINT64_C(7) << 60;
	static_cast<uint64_t *>(ranges.argument.side)[1] = ~UINT64_C(0) << 32;
	EXPECT_EQ(ranges.encoded(TRACE_OUT),
		  R"({"dirty_count":4954,"dirty":{"count":4954,"ranges":[)"
		  R"({"iova":245760,"length":12288},{"iova":393216,"length":20279296}]}})");
}

TEST(TraceCalls, EventfdsStandBehindTheHeader)
{
	Argument argument("VFIO_DEVICE_SET_IRQS",
			  R"({"argsz":28,"flags":36,"index":2,"start":0,"count":2,"fds":[22,-1]})");

	ASSERT_EQ(argument.why, nullptr);
	const auto *set = argument.as<struct vfio_irq_set>();
	int32_t fds[2];

	memcpy(fds, set->data, sizeof(fds));
	EXPECT_EQ(fds[0], 22);
	EXPECT_EQ(fds[1], -1);
	EXPECT_NE(argument.encoded(TRACE_IN).find(R"("fds":[22,-1])"), std::string::npos);
}

TEST(TraceCalls, ANameThatContradictsItsNumberIsRefused)
{
	EXPECT_NE(Argument("VFIO_DEVICE_FEATURE",
			   R"({"argsz":16,"flags":131074,"op":"get","feature":"MIG_DEVICE_STATE"})")
			  .why,
		  nullptr);
	EXPECT_NE(Argument("VFIO_DEVICE_FEATURE",
			   R"({"argsz":16,"flags":131074,"op":"set","feature":"MIGRATION"})")
			  .why,
		  nullptr);
	EXPECT_NE(
		Argument("VFIO_DEVICE_FEATURE",
			 R"({"argsz":16,"flags":131074,"op":"set","feature":"MIG_DEVICE_STATE",)"
			 R"("payload":{"device_state":3,"device_state_name":"STOP","data_fd":0}})")
			.why,
		nullptr);
}

TEST(TraceCalls, AValueThatDoesNotFitItsFieldIsRefused)
{
	EXPECT_NE(Argument("IOMMU_IOAS_ALLOC", R"({"size":4294967296,"flags":0})").why, nullptr);
	EXPECT_NE(Argument("IOMMU_IOAS_ALLOC", R"({"size":-1,"flags":0})").why, nullptr);
	EXPECT_NE(Argument("IOMMU_IOAS_ALLOC", R"({"size":"12","flags":0})").why, nullptr);
	EXPECT_NE(Argument("IOMMU_IOAS_ALLOC", R"({"size":12})").why, nullptr);
	EXPECT_EQ(Argument("IOMMU_IOAS_ALLOC", R"({"size":12,"flags":0})").why, nullptr);
}

TEST(TraceCalls, EventfdsEndWithTheArgumentWhateverItsCountSays)
{
	const struct {
		const char *flags, *expected;
	} cases[] = {{"36", R"("fds":[22])"}, {"34", R"("bools":[1,0,0,0])"}};

	for (const auto &it : cases) {
		std::string in =
			R"({"argsz":24,"flags":)" + std::string(it.flags) +
			R"(,"index":2,"start":0,"count":4294967295,"fds":[22],"bools":[1]})";
		Argument argument("VFIO_DEVICE_SET_IRQS", in.c_str());

		ASSERT_EQ(argument.why, nullptr);
		EXPECT_NE(argument.encoded(TRACE_IN).find(it.expected), std::string::npos)
			<< argument.encoded(TRACE_IN);
	}
}

TEST(TraceCalls, AnArgumentThatSaysItIsLargerThanAnyIsRefused)
{
	Argument most("IOMMU_IOAS_ALLOC", R"({"size":16384,"flags":0})");

	EXPECT_EQ(most.why, nullptr);
	EXPECT_EQ(most.argument.len, 16384u);
	EXPECT_STREQ(Argument("IOMMU_IOAS_ALLOC", R"({"size":16385,"flags":0})").why,
		     "in.argsz (or in.size): at most 16384");
}

TEST(TraceCalls, RangesToLogStandInThePayload)
{
	Argument argument("VFIO_DEVICE_FEATURE",
			  R"({"argsz":32,"flags":131078,"op":"set","feature":"DMA_LOGGING_START",)"
			  R"("payload":{"page_size":4096,"num_ranges":2,"ranges":[)"
			  R"({"iova":0,"length":655360},{"iova":4294967296,"length":8192}]}})");

	ASSERT_EQ(argument.why, nullptr);
	const auto *control = reinterpret_cast<struct vfio_device_feature_dma_logging_control *>(
		argument.as<struct vfio_device_feature>()->data);
	const auto *range =
		reinterpret_cast<struct vfio_device_feature_dma_logging_range *>(control->ranges);

	EXPECT_EQ(control->num_ranges, 2u);
	EXPECT_EQ(range[1].iova, UINT64_C(4294967296));
	EXPECT_EQ(range[1].length, 8192u);
	EXPECT_NE(argument.encoded(TRACE_IN).find(R"("ranges":[{"iova":0,"length":655360},)"
						  R"({"iova":4294967296,"length":8192}])"),
		  std::string::npos);
	EXPECT_EQ(argument.encoded(TRACE_OUT), R"({"payload":{"page_size":4096}})");
}

TEST(TraceCalls, RangesToLogThatAreNotAsManyAsSaidAreRefused)
{
	const char *one = R"("ranges":[{"iova":0,"length":4096}]}})";
	const std::string start =
		R"({"argsz":32,"flags":131078,"op":"set","feature":"DMA_LOGGING_START",)"
		R"("payload":{"page_size":4096,"num_ranges":)";

	EXPECT_EQ(Argument("VFIO_DEVICE_FEATURE", (start + "1," + one).c_str()).why, nullptr);
	EXPECT_NE(Argument("VFIO_DEVICE_FEATURE", (start + "2," + one).c_str()).why, nullptr);
	EXPECT_NE(Argument("VFIO_DEVICE_FEATURE", (start + "70000," + one).c_str()).why, nullptr);
	EXPECT_NE(Argument("VFIO_DEVICE_FEATURE", (start + R"(1,"ranges":[{"iova":0}]}})").c_str())
			  .why,
		  nullptr);
	/* More than the kernel takes: it looks at none of them. */
	EXPECT_EQ(Argument("VFIO_DEVICE_FEATURE", (start + "257," + one).c_str()).why, nullptr);
}

TEST(TraceCalls, AReportOfADmaLogIsAListOfPagesBesideThePayload)
{
	Argument argument("VFIO_DEVICE_FEATURE",
			  R"({"argsz":40,"flags":65544,"op":"get","feature":"DMA_LOGGING_REPORT",)"
			  R"("payload":{"iova":1048576,"length":524288,"page_size":4096}})");

	ASSERT_EQ(argument.why, nullptr);
	static_cast<uint64_t *>(argument.argument.side)[1] = 2;
	EXPECT_EQ(argument.encoded(TRACE_OUT), R"({"dirty_count":1,"dirty":[1314816]})");
	EXPECT_NE(argument.encoded(TRACE_IN).find(R"("payload":{"iova":1048576,)"),
		  std::string::npos);
}

TEST(TraceCalls, AProgramsOwnRangesAndBitmapAreBorrowed)
{
	const struct trace_call *call = trace_call_by_name("VFIO_DEVICE_FEATURE");
	struct vfio_device_feature_dma_logging_range range = {8192, 4096};
	uint64_t buffer[5] = {};
	struct vfio_device_feature header = {32, VFIO_DEVICE_FEATURE_SET |
							 VFIO_DEVICE_FEATURE_DMA_LOGGING_START};
	struct vfio_device_feature_dma_logging_control control = {
		4096, 1, 0, reinterpret_cast<uintptr_t>(&range)};

	memcpy(buffer, &header, sizeof(header));
	memcpy(buffer + 1, &control, sizeof(control));
	EXPECT_EQ(trace_argument_borrow(call, buffer).side, &range);

	uint64_t bitmap = 0;
	struct vfio_device_feature_dma_logging_report report = {
		0, 4096, 4096, reinterpret_cast<uintptr_t>(&bitmap)};

	header = {40, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT};
	memcpy(buffer, &header, sizeof(header));
	memcpy(buffer + 1, &report, sizeof(report));
	EXPECT_EQ(trace_argument_borrow(call, buffer).side, &bitmap);
	/* A probe has no payload. */
	header.flags |= VFIO_DEVICE_FEATURE_PROBE;
	memcpy(buffer, &header, sizeof(header));
	EXPECT_EQ(trace_argument_borrow(call, buffer).side, nullptr);
}
