// SPDX-License-Identifier: Apache-2.0
// VFIO_DEVICE_FEATURE_DMA_LOGGING_*: every answer the kernel has, in its order.
#include "testbench/unit/uapi/machine.h"

namespace
{
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr uint32_t kProbe = VFIO_DEVICE_FEATURE_PROBE, kGet = VFIO_DEVICE_FEATURE_GET,
		   kSet = VFIO_DEVICE_FEATURE_SET;
constexpr uint32_t kStart = VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		   kStop = VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
		   kReport = VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT;
using Range = vfio_device_feature_dma_logging_range;

class DmaLogging : public Machine
{
public:
	DmaLogging()
	{
		services.logs = true;
	}

	void in_program(std::function<void()> body)
	{
		run([&](actor *) {
			iommu = open_iommu();
			device = open_device();
			bind(device, iommu);
			services.log.clear();
			body();
		});
	}

	int feature(uint32_t flags, void *payload = nullptr, uint32_t len = 0)
	{
		alignas(8) uint8_t buffer[64] = {};
		vfio_device_feature header = {8 + len, flags};
		memcpy(buffer, &header, sizeof(header));
		if (len)
			memcpy(buffer + 8, payload, len);
		int rc = ioctl(device, VFIO_DEVICE_FEATURE, buffer);
		if (len)
			memcpy(payload, buffer + 8, len);
		return rc;
	}

	int start(std::vector<Range> ranges, uint64_t page = 4096)
	{
		control = {page, static_cast<uint32_t>(ranges.size()), 0,
			   reinterpret_cast<uint64_t>(ranges.data())};
		return feature(kSet | kStart, &control, sizeof(control));
	}

	int report(uint64_t iova, uint64_t length, uint64_t page = 4096)
	{
		vfio_device_feature_dma_logging_report cmd = {
			iova, length, page, reinterpret_cast<uint64_t>(bitmap.data())};
		return feature(kGet | kReport, &cmd, sizeof(cmd));
	}

	int iommu = -1, device = -1;
	vfio_device_feature_dma_logging_control control = {};
	std::array<uint64_t, 64> bitmap = {};
};

TEST_F(DmaLogging, IsProbedByWhatItDoes)
{
	in_program([&] {
		EXPECT_EQ(feature(kProbe | kStart), 0);
		EXPECT_EQ(feature(kProbe | kSet | kStart), 0);
		EXPECT_EQ(feature(kProbe | kGet | kStart), -EINVAL);
		EXPECT_EQ(feature(kProbe | kSet | kStop), 0);
		EXPECT_EQ(feature(kProbe | kGet | kStop), -EINVAL);
		EXPECT_EQ(feature(kProbe | kGet | kReport), 0);
		EXPECT_EQ(feature(kProbe | kSet | kReport), -EINVAL);
		EXPECT_EQ(feature(kGet | kStart, bitmap.data(), 24), -EINVAL);
		EXPECT_EQ(feature(kSet | kReport, bitmap.data(), 32), -EINVAL);
		EXPECT_EQ(feature(kSet | kStart, bitmap.data(), 23), -EINVAL); // too short
		EXPECT_EQ(feature(kGet | kReport, bitmap.data(), 31), -EINVAL);
		EXPECT_EQ(feature(kStop), -EINVAL);
		EXPECT_THAT(services.log, IsEmpty());
	});
}

TEST_F(DmaLogging, RangesAreJudgedOneByOneInTheKernelsOrder)
{
	in_program([&] {
		const uint64_t max = UINT64_MAX & ~UINT64_C(4095);
		EXPECT_EQ(start({}), -EINVAL);
		EXPECT_EQ(start(std::vector<Range>(257, Range{0, 4096})), -E2BIG);
		EXPECT_EQ(start({{1, 4096}}), -EINVAL);
		EXPECT_EQ(start({{0, 4097}}), -EINVAL);
		EXPECT_EQ(start({{4096, 4096}}, 8192), -EINVAL);
		// Page size 0 has everything but 0 unaligned.
		EXPECT_EQ(start({{4096, 4096}}, 0), -EINVAL);
		EXPECT_EQ(start({{max, 4096}}), -EOVERFLOW); // the end is 2^64
		EXPECT_EQ(start({{4096, max}}), -EOVERFLOW);
		EXPECT_EQ(start({{0, 8192}, {4096, 4096}}), -EINVAL);
		EXPECT_EQ(start({{4096, 4096}, {0, 65536}}), -EINVAL);
		// The first range that is wrong decides.
		EXPECT_EQ(start({{max, 4096}, {1, 1}}), -EOVERFLOW);
		EXPECT_EQ(start({{1, 1}, {max, 4096}}), -EINVAL);
		EXPECT_THAT(services.log, IsEmpty());
	});
}

TEST_F(DmaLogging, UnreadableArgumentsAreFaults)
{
	in_program([&] {
		control = {4096, 1, 0, 0};
		EXPECT_EQ(feature(kSet | kStart, &control, sizeof(control)), -EFAULT);
		// Counted before they are fetched.
		control = {4096, 257, 0, 0};
		EXPECT_EQ(feature(kSet | kStart, &control, sizeof(control)), -E2BIG);
		EXPECT_THAT(services.log, IsEmpty());
	});
}

TEST_F(DmaLogging, RangesReachTheDeviceInAscendingOrder)
{
	in_program([&] {
		EXPECT_EQ(start({{0x30000, 0x1000}, {0x10000, 0x2000}, {0x12000, 0x1000}}), 0);
		EXPECT_THAT(services.log_ranges,
			    ElementsAre(Pair(0x10000, 0x2000), Pair(0x12000, 0x1000),
					Pair(0x30000, 0x1000)));
		EXPECT_EQ(control.page_size, 4096u);
	});
}

TEST_F(DmaLogging, AsManyRangesAsFitIntoAPageOfTheKernelAreTaken)
{
	in_program([&] {
		std::vector<Range> ranges;
		for (uint64_t i = 0; i < 256; i++)
			ranges.push_back({i * 8192, 4096});
		EXPECT_EQ(start(ranges), 0);
		EXPECT_EQ(services.log_ranges.size(), 256u);
	});
}

TEST_F(DmaLogging, PageSizeIsAHintAndTheDeviceSaysWhatItDoes)
{
	in_program([&] {
		services.log_page = 65536;
		EXPECT_EQ(start({{0, 4096}}), 0);
		EXPECT_EQ(control.page_size, 65536u);
	});
}

TEST_F(DmaLogging, StartThatCannotBeToldIsUndone)
{
	in_program([&] {
		deny_writes = true;
		EXPECT_EQ(start({{0, 4096}}), -EFAULT);
		deny_writes = false;
		EXPECT_THAT(services.log, ElementsAre("log start", "log stop"));
		EXPECT_EQ(report(0, 4096), -EINVAL);
		EXPECT_EQ(start({{0, 4096}}), 0);
	});
}

TEST_F(DmaLogging, OneLogAtATime)
{
	in_program([&] {
		EXPECT_EQ(report(0, 4096), -EINVAL);
		EXPECT_EQ(feature(kSet | kStop), 0); // nothing to stop
		EXPECT_THAT(services.log, IsEmpty());
		EXPECT_EQ(start({{0, 4096}}), 0);
		EXPECT_EQ(start({{0, 4096}}), -EINVAL);
		EXPECT_EQ(feature(kSet | kStop), 0);
		EXPECT_EQ(report(0, 4096), -EINVAL);
		EXPECT_EQ(start({{0, 4096}}), 0);
	});
}

TEST_F(DmaLogging, RefusalOfTheDeviceIsTheAnswer)
{
	in_program([&] {
		services.fail["log_start"] = -EOPNOTSUPP;
		EXPECT_EQ(start({{0, 4096}}), -EOPNOTSUPP);
		EXPECT_EQ(report(0, 4096), -EINVAL);
		services.fail["log_start"] = 0;
		EXPECT_EQ(start({{0, 4096}}), 0);
		services.fail["log_read"] = -EIO;
		EXPECT_EQ(report(0, 4096), -EIO);
	});
}

TEST_F(DmaLogging, ReportIsJudgedBeforeTheDeviceIsAsked)
{
	in_program([&] {
		ASSERT_EQ(start({{0, 1 << 20}}), 0);
		services.log.clear();
		EXPECT_EQ(report(0, 4096, 2048), -EINVAL);
		EXPECT_EQ(report(0, 4096, 0), -EINVAL);
		EXPECT_EQ(report(0, 4096, 12288), -EINVAL);
		EXPECT_EQ(report(UINT64_MAX - 4095, 4096), -EOVERFLOW);
		// The page size first.
		EXPECT_EQ(report(UINT64_MAX - 4095, 4096, 1), -EINVAL);
		EXPECT_THAT(services.log, IsEmpty());
	});
}

TEST_F(DmaLogging, ReportSetsBitsAndClearsNone)
{
	in_program([&] {
		ASSERT_EQ(start({{0x100000, 1 << 20}}), 0);
		services.log_found = {{0x101000, 0x1000}, {0x141000, 0x2000}};
		bitmap[0] = 1;
		EXPECT_EQ(report(0x100000, 1 << 20), 0);
		EXPECT_EQ(bitmap[0], 3u);
		EXPECT_EQ(bitmap[1], 6u);
	});
}

TEST_F(DmaLogging, ReportCountsFromItsOwnStartInItsOwnPages)
{
	in_program([&] {
		ASSERT_EQ(start({{0, 1 << 20}}), 0);
		services.log_found = {{0x5000, 0x1000}, {0x40000, 0x10000}};
		EXPECT_EQ(report(0x3000, 0x80000), 0); // pages 2 and 0x3d to 0x4c from there
		EXPECT_EQ(bitmap[0], UINT64_C(7) << 61 | 4);
		EXPECT_EQ(bitmap[1], 0x1fffu);
		bitmap.fill(0);
		EXPECT_EQ(report(0, 1 << 20, 65536), 0);
		EXPECT_EQ(bitmap[0], 1u | 1 << 4);
	});
}

TEST_F(DmaLogging, ABitmapThatCannotBeReachedGoesUnsaid)
{
	in_program([&] {
		ASSERT_EQ(start({{0, 1 << 20}}), 0);
		services.log_found = {{0, 4096}};
		vfio_device_feature_dma_logging_report cmd = {0, 4096, 4096, 0};
		EXPECT_EQ(feature(kGet | kReport, &cmd, sizeof(cmd)), 0);
	});
}

TEST_F(DmaLogging, ResetLeavesItOnAndCloseTurnsItOff)
{
	in_program([&] {
		ASSERT_EQ(start({{0, 1 << 20}}), 0);
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_RESET), 0);
		EXPECT_EQ(report(0, 4096), 0);
		services.log.clear();
		EXPECT_EQ(uapi_close(process, self, device), 0);
		EXPECT_THAT(services.log, ElementsAre("log stop"));
	});
}

TEST_F(DmaLogging, IsTracedFromWhenItIsAskedForAndWhenItHolds)
{
	in_program([&] {
		ASSERT_EQ(start({{0, 1 << 20}}), 0);
		services.log_found = {{0x2000, 4096}};
		uint64_t before = sim_now(&sim);
		EXPECT_EQ(report(0, 64 << 12), 0);
		EXPECT_EQ(feature(kSet | kStop), 0);
		auto logging = events(TRACE_DMA_LOGGING);
		ASSERT_EQ(logging.size(), 3u);
		EXPECT_EQ(logging[0].arg[1], TRACE_LOGGING_STARTS);
		EXPECT_EQ(logging[1].arg[1], TRACE_LOGGING_ON);
		EXPECT_EQ(logging[2].arg[1], TRACE_LOGGING_OFF);
		auto reports = events(TRACE_DMA_LOG_REPORT);
		ASSERT_EQ(reports.size(), 1u);
		EXPECT_EQ(reports[0].arg[0], kStream);
		EXPECT_EQ(reports[0].arg[4], before);
		EXPECT_LT(before, sim_now(&sim));
		ASSERT_EQ(reports[0].data.size(), 8u);
		EXPECT_EQ(reports[0].data[0], 4);
	});
}

class LogsWithoutMigration : public DmaLogging
{
public:
	LogsWithoutMigration()
	{
		services.flags = 0;
	}
};

TEST_F(LogsWithoutMigration, LoggingNeedsNoMigration)
{
	in_program([&] {
		EXPECT_EQ(feature(kProbe | kGet | VFIO_DEVICE_FEATURE_MIGRATION), -ENOTTY);
		EXPECT_EQ(start({{0, 4096}}), 0);
		EXPECT_EQ(report(0, 4096), 0);
	});
}

} // namespace
