// SPDX-License-Identifier: Apache-2.0
// /dev/iommu: objects and I/O address spaces, errors in the order of the kernel's checks.
#include "testbench/unit/uapi/iommufd_fixture.h"

namespace
{

TEST_F(Iommufd, SizeIsJudgedBeforeAnythingElse)
{
	in_program([&] {
		struct {
			iommu_ioas_map map;
			uint8_t tail[200];
		} cmd = {};
		cmd.map.size = sizeof(cmd.map) - 1; // too short, and flags unknown
		cmd.map.flags = 0x80000000;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), -EINVAL);
		cmd.map.size = sizeof(cmd);
		cmd.tail[199] = 1; // a newer caller uses what we do not know
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), -E2BIG);
		cmd.tail[199] = 0;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), -EOPNOTSUPP);
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP), -EFAULT);
	});
}

TEST_F(Iommufd, ReservedWordsMustBeZero)
{
	struct Reserved {
		unsigned long request;
		uint32_t size, at; // where the reserved word is
	};
	const Reserved reserved[] = {
		{IOMMU_IOAS_ALLOC, sizeof(iommu_ioas_alloc), 4},
		{IOMMU_IOAS_ALLOW_IOVAS, sizeof(iommu_ioas_allow_iovas),
		 offsetof(iommu_ioas_allow_iovas, __reserved)},
		{IOMMU_IOAS_IOVA_RANGES, sizeof(iommu_ioas_iova_ranges),
		 offsetof(iommu_ioas_iova_ranges, __reserved)},
		{IOMMU_IOAS_MAP, sizeof(iommu_ioas_map), offsetof(iommu_ioas_map, __reserved)},
		{IOMMU_OPTION, sizeof(iommu_option), offsetof(iommu_option, __reserved)},
		{IOMMU_VFIO_IOAS, sizeof(iommu_vfio_ioas), offsetof(iommu_vfio_ioas, __reserved)},
		{IOMMU_HWPT_ALLOC, sizeof(iommu_hwpt_alloc),
		 offsetof(iommu_hwpt_alloc, __reserved)},
		{IOMMU_HWPT_GET_DIRTY_BITMAP, sizeof(iommu_hwpt_get_dirty_bitmap),
		 offsetof(iommu_hwpt_get_dirty_bitmap, __reserved)},
		{IOMMU_HWPT_INVALIDATE, sizeof(iommu_hwpt_invalidate),
		 offsetof(iommu_hwpt_invalidate, __reserved)},
		{IOMMU_GET_HW_INFO, sizeof(iommu_hw_info), offsetof(iommu_hw_info, __reserved)},
		{IOMMU_GET_HW_INFO, sizeof(iommu_hw_info), offsetof(iommu_hw_info, __reserved) + 1},
		{IOMMU_GET_HW_INFO, sizeof(iommu_hw_info), offsetof(iommu_hw_info, __reserved) + 2},
	};
	in_program([&] {
		for (const Reserved &row : reserved) {
			alignas(8) uint8_t cmd[64] = {};
			memcpy(cmd, &row.size, 4);
			cmd[row.at] = 1;
			EXPECT_EQ(ioctl(iommu, row.request, cmd), -EOPNOTSUPP)
				<< std::hex << row.request;
		}
	});
}

TEST_F(Iommufd, VfioIoasIsRemembered)
{
	in_program([&] {
		iommu_vfio_ioas cmd = {};
		cmd.size = sizeof(cmd);
		cmd.op = IOMMU_VFIO_IOAS_GET;
		EXPECT_EQ(ioctl(iommu, IOMMU_VFIO_IOAS, &cmd), -ENODEV);
		cmd.op = IOMMU_VFIO_IOAS_SET;
		cmd.ioas_id = device_id;
		EXPECT_EQ(ioctl(iommu, IOMMU_VFIO_IOAS, &cmd), -ENOENT);
		cmd.ioas_id = ioas;
		EXPECT_EQ(ioctl(iommu, IOMMU_VFIO_IOAS, &cmd), 0);
		cmd.op = IOMMU_VFIO_IOAS_GET;
		cmd.ioas_id = 0;
		EXPECT_EQ(ioctl(iommu, IOMMU_VFIO_IOAS, &cmd), 0);
		EXPECT_EQ(cmd.ioas_id, ioas);
		EXPECT_EQ(destroy(ioas), 0); // which forgets it
		EXPECT_EQ(ioctl(iommu, IOMMU_VFIO_IOAS, &cmd), -ENODEV);
		cmd.op = 9;
		EXPECT_EQ(ioctl(iommu, IOMMU_VFIO_IOAS, &cmd), -EOPNOTSUPP);
	});
}

TEST_F(Iommufd, UnknownRequestsAreNoTypewriter)
{
	in_program([&] {
		uint32_t size = 8;
		EXPECT_EQ(ioctl(iommu, _IO(IOMMUFD_TYPE, 0xf0), &size), -ENOTTY);
		EXPECT_EQ(ioctl(iommu, _IOW(IOMMUFD_TYPE, IOMMUFD_CMD_DESTROY, int), &size),
			  -ENOTTY);
		EXPECT_EQ(ioctl(99, IOMMU_DESTROY, &size), -EBADF);
		int eventfd = uapi_eventfd(process, nullptr, nullptr);
		EXPECT_EQ(ioctl(eventfd, IOMMU_DESTROY, &size), -ENOTTY);
	});
}

TEST_F(Iommufd, NumbersAreTheLowestFreeFromOne)
{
	run([&](actor *) {
		iommu = open_iommu();
		EXPECT_EQ(ioas_alloc(iommu), 1u);
		EXPECT_EQ(ioas_alloc(iommu), 2u);
		EXPECT_EQ(destroy(1), 0);
		EXPECT_EQ(ioas_alloc(iommu), 1u);
		EXPECT_EQ(destroy(7), -ENOENT);
		EXPECT_EQ(destroy(0), -ENOENT);
	});
}

TEST_F(Iommufd, ObjectThatCannotBeToldIsNotMade)
{
	in_program([&] {
		iommu_ioas_alloc cmd = {};
		cmd.size = sizeof(cmd);
		deny_writes = true;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_ALLOC, &cmd), -EFAULT);
		EXPECT_EQ(hwpt_alloc(0, nullptr), -EFAULT);
		deny_writes = false;
		EXPECT_EQ(ioas_alloc(iommu), ioas + 1);
	});
}

TEST_F(Iommufd, DestroyOfWhatIsUsedIsBusy)
{
	in_program([&] {
		uint32_t hwpt, pt;
		ASSERT_EQ(hwpt_alloc(0, &hwpt), 0);
		EXPECT_EQ(destroy(ioas), -EBUSY);
		EXPECT_EQ(destroy(device_id), -EBUSY);
		pt = hwpt;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(destroy(hwpt), -EBUSY);
		vfio_device_detach_iommufd_pt detach = {8, 0, 0};
		ASSERT_EQ(ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach), 0);
		EXPECT_EQ(table(), nullptr); // blocked
		EXPECT_EQ(destroy(hwpt), 0);
		EXPECT_EQ(destroy(ioas), 0);
	});
}

TEST_F(Iommufd, MapChecksInTheKernelsOrder)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		uint32_t hwpt;
		EXPECT_EQ(map(iommu, 77, va, kPage, 0, 0x100 | kFixed), -EOPNOTSUPP);
		EXPECT_EQ(map(iommu, 77, va, kPage, UINT64_MAX, 0), -EOVERFLOW);
		EXPECT_EQ(map(iommu, 77, va, kPage, 0, IOMMU_IOAS_MAP_FIXED_IOVA), -EINVAL);
		EXPECT_EQ(map(iommu, 77, va, kPage, 0, kFixed), -ENOENT);
		EXPECT_EQ(map(iommu, device_id, va, kPage, 0, kFixed), -ENOENT);
		EXPECT_EQ(map(iommu, ioas, UINT64_MAX - 4095, 2 * kPage, 0, kFixed), -EOVERFLOW);
		EXPECT_EQ(map(iommu, ioas, va, 0, 0, kFixed), -EINVAL);
		ASSERT_EQ(hwpt_alloc(0, &hwpt), 0); // from now on in pages
		EXPECT_EQ(map(iommu, ioas, va, kPage - 1, 0, kFixed), -EINVAL);
		EXPECT_EQ(map(iommu, ioas, va, kPage, 1, kFixed), -EINVAL);
		EXPECT_EQ(map(iommu, ioas, va + 1, kPage, 0, kFixed), -EINVAL);
		EXPECT_EQ(map(iommu, ioas, va, kPage, UINT64_C(1) << 48, kFixed), -EINVAL);
		EXPECT_EQ(map(iommu, ioas, va, kPage, 0, kFixed), 0);
		EXPECT_EQ(map(iommu, ioas, va, kPage, 0, kFixed), -EEXIST);
		EXPECT_EQ(map(iommu, ioas, 0x1000, kPage, kPage, kFixed), -EFAULT);
		EXPECT_EQ(map(iommu, ioas, va + kMiB - kPage, 2 * kPage, kPage, kFixed), -EFAULT);
		EXPECT_EQ(map(iommu, ioas, va, kPage, kPage, kFixed), 0); // nothing was left behind
	});
}

TEST_F(Iommufd, MemoryIsNotLookedAtBeforeATableShowsIt)
{
	in_program([&] {
		uint32_t hwpt;
		EXPECT_EQ(map(iommu, ioas, 0x1000, kPage, 0, kFixed), 0);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		EXPECT_EQ(hwpt_alloc(0, &hwpt), -EFAULT);
		uint64_t length = UINT64_MAX;
		EXPECT_EQ(unmap(iommu, ioas, 0, &length), 0);
		EXPECT_EQ(hwpt_alloc(0, &hwpt), 0);
	});
}

TEST_F(Iommufd, UnalignedMappingKeepsATableAway)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		EXPECT_EQ(map(iommu, ioas, va + 5, 100, 7, kFixed), 0);
		EXPECT_EQ(hwpt_alloc(0, nullptr), -EADDRINUSE);
	});
}

TEST_F(Iommufd, WindowForMsisIsReservedWhileADeviceIsAttached)
{
	in_program([&] {
		std::vector<iommu_iova_range> list(0);
		uint32_t count, pt = ioas;
		uint64_t alignment;
		EXPECT_EQ(ranges(&list, &count, &alignment), -EMSGSIZE);
		EXPECT_EQ(count, 1u);
		EXPECT_EQ(alignment, 1u);
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(ranges(&list, &count, &alignment), -EMSGSIZE);
		EXPECT_EQ(count, 2u);
		EXPECT_EQ(alignment, kPage);
		list.resize(3);
		ASSERT_EQ(ranges(&list, &count, &alignment), 0);
		ASSERT_EQ(count, 2u);
		EXPECT_EQ(list[0].start, 0u);
		EXPECT_EQ(list[0].last, 0x07ffffffu);
		EXPECT_EQ(list[1].start, 0x08100000u);
		EXPECT_EQ(list[1].last, (UINT64_C(1) << 48) - 1);
		uint64_t va = anonymous(kMiB);
		EXPECT_EQ(map(iommu, ioas, va, kMiB, 0x07f80000, kFixed), -EINVAL);
		EXPECT_EQ(map(iommu, ioas, va, kMiB, 0x08100000, kFixed), 0);
		vfio_device_detach_iommufd_pt detach = {8, 0, 0};
		ASSERT_EQ(ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach), 0);
		ASSERT_EQ(ranges(&list, &count, &alignment), 0);
		EXPECT_EQ(count, 1u);
		EXPECT_EQ(list[0].last, UINT64_MAX);
	});
}

TEST_F(Iommufd, MappingInTheWindowKeepsADeviceAway)
{
	in_program([&] {
		uint32_t pt = ioas;
		EXPECT_EQ(map(iommu, ioas, anonymous(kPage), kPage, 0x08000000, kFixed), 0);
		EXPECT_EQ(attach(device, &pt), -EADDRINUSE);
		EXPECT_EQ(table(), nullptr);
	});
}

TEST_F(Iommufd, UnmapNeverCutsAnArea)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB), length;
		ASSERT_EQ(map(iommu, ioas, va, 4 * kPage, 0x10000, kFixed), 0);
		ASSERT_EQ(map(iommu, ioas, va, 4 * kPage, 0x14000, kFixed), 0);
		EXPECT_EQ(unmap(iommu, ioas, 0x10000, &(length = 2 * kPage)), -ENOENT);
		EXPECT_EQ(unmap(iommu, ioas, 0x11000, &(length = 3 * kPage)), -ENOENT);
		EXPECT_EQ(unmap(iommu, ioas, 0x10000, &(length = 0)), -EINVAL);
		EXPECT_EQ(unmap(iommu, ioas, 0x10000, &(length = UINT64_MAX)), -EOVERFLOW);
		EXPECT_EQ(unmap(iommu, ioas, 0x20000, &(length = kPage)), -ENOENT);
		EXPECT_EQ(unmap(iommu, 66, 0x10000, &(length = 0)), -ENOENT);
		// A superset of both takes both, and says how much that was.
		EXPECT_EQ(unmap(iommu, ioas, 0, &(length = kMiB)), 0);
		EXPECT_EQ(length, 8 * kPage);
		// Everything of nothing is nothing.
		EXPECT_EQ(unmap(iommu, ioas, 0, &(length = UINT64_MAX)), 0);
		EXPECT_EQ(length, 0u);
	});
}

TEST_F(Iommufd, UnmapThatMeetsACutStopsThere)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB), length = 6 * kPage;
		ASSERT_EQ(map(iommu, ioas, va, 4 * kPage, 0x10000, kFixed), 0);
		ASSERT_EQ(map(iommu, ioas, va, 4 * kPage, 0x14000, kFixed), 0);
		EXPECT_EQ(unmap(iommu, ioas, 0x10000, &length), -ENOENT);
		// What came before is gone, as in the kernel.
		EXPECT_EQ(map(iommu, ioas, va, 4 * kPage, 0x10000, kFixed), 0);
	});
}

TEST_F(Iommufd, TableShowsTheFramesOfTheMemory)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		uint32_t pt = ioas;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, va, kMiB, 0x200000, kFixed), 0);
		ASSERT_EQ(table()->pages.size(), kMiB / kPage);
		for (uint64_t at = 0; at < kMiB; at += kPage)
			EXPECT_EQ(table()->pages[0x200000 + at], uapi_translate(process, va + at));
		EXPECT_EQ(smmu.map_calls, 1u); // a run, not a list
		EXPECT_EQ(uapi_process_pinned_pages(process), kMiB / kPage);
		uint64_t length = kMiB;
		ASSERT_EQ(unmap(iommu, ioas, 0x200000, &length), 0);
		EXPECT_TRUE(table()->pages.empty());
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
	});
}

TEST_F(Iommufd, PinnedMemoryOutlivesItsMapping)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB), pa = uapi_translate(process, va);
		uint32_t pt = ioas;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, va, kMiB, 0, kFixed), 0);
		ASSERT_EQ(uapi_munmap(process, self, va, kMiB), 0);
		EXPECT_EQ(uapi_translate(process, va), 0u);
		EXPECT_EQ(table()->pages[kMiB - kPage], pa - (kMiB - kPage)); // still backwards
		EXPECT_EQ(frames_in_use(free_frames), kMiB / kPage);
		uint64_t length = UINT64_MAX;
		ASSERT_EQ(unmap(iommu, ioas, 0, &length), 0);
		EXPECT_EQ(frames_in_use(free_frames), 0u);
	});
}

TEST_F(Iommufd, IovaIsChosenAlignedAndFree)
{
	in_program([&] {
		uint64_t va = anonymous(4 * kMiB);
		iommu_ioas_map cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = kRw;
		cmd.ioas_id = ioas;
		cmd.user_va = va;
		cmd.length = 2 * kMiB;
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), 0);
		EXPECT_EQ(cmd.iova, 2 * kMiB); // never 0; a huge page could be used
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), 0);
		EXPECT_EQ(cmd.iova, 4 * kMiB);
		cmd.length = kPage;
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), 0);
		EXPECT_EQ(cmd.iova, kPage);
	});
}

TEST_F(Iommufd, AllowedRangesConfineTheChoice)
{
	in_program([&] {
		iommu_iova_range range[2] = {{0x900000, 0x9fffff}, {0x500000, 0x500fff}};
		iommu_ioas_allow_iovas allow = {};
		allow.size = sizeof(allow);
		allow.ioas_id = ioas;
		allow.num_iovas = 2;
		allow.allowed_iovas = reinterpret_cast<uint64_t>(range);
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_ALLOW_IOVAS, &allow), 0);
		iommu_ioas_map cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = kRw;
		cmd.ioas_id = ioas;
		cmd.user_va = anonymous(kMiB);
		cmd.length = kPage;
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), 0);
		EXPECT_EQ(cmd.iova, 0x500000u);
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), 0);
		EXPECT_EQ(cmd.iova, 0x900000u);
		cmd.length = 2 * kMiB;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP, &cmd), -ENOSPC);
		range[1] = {0x950000, 0x950fff}; // overlap
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_ALLOW_IOVAS, &allow), -EINVAL);
		range[1] = {0x500fff, 0x500000}; // backwards
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_ALLOW_IOVAS, &allow), -EINVAL);
		range[1] = {0x08000000, 0x08001000};
		uint32_t pt = ioas;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_ALLOW_IOVAS, &allow), -EADDRINUSE);
	});
}

TEST_F(Iommufd, MapFileShowsTheMemfd)
{
	in_program([&] {
		int memfd = uapi_memfd_create(process, "ram", kMiB);
		uint32_t pt = ioas;
		uint64_t va = 0;
		iommu_ioas_map_file cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = kFixed;
		cmd.ioas_id = ioas;
		cmd.start = kPage;
		cmd.length = kMiB - kPage;
		cmd.fd = 55;
		ASSERT_EQ(attach(device, &pt), 0);
		cmd.flags = kFixed | 0x200;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP_FILE, &cmd), -EOPNOTSUPP);
		cmd.flags = kFixed;
		cmd.start = UINT64_MAX - kPage;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP_FILE, &cmd), -EOVERFLOW);
		cmd.start = kPage;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP_FILE, &cmd), -EBADF);
		cmd.fd = iommu;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP_FILE, &cmd), -EINVAL);
		cmd.fd = memfd;
		cmd.length = kMiB; // a page beyond the end
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_MAP_FILE, &cmd), -EINVAL);
		cmd.length = kMiB - kPage;
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_MAP_FILE, &cmd), 0);
		ASSERT_EQ(uapi_mmap(process, self, kMiB, memfd, 0, &va), 0);
		EXPECT_EQ(table()->pages[0], uapi_translate(process, va + kPage));
		EXPECT_EQ(uapi_close(process, self, memfd), 0); // the mapping holds it
	});
}

TEST_F(Iommufd, CopyPinsAPageOnce)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		uint32_t pt = ioas, other = ioas_alloc(iommu), id;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(hwpt_alloc(0, &id, other), 0);
		ASSERT_EQ(map(iommu, ioas, va, 4 * kPage, 0, kFixed), 0);
		ASSERT_EQ(map(iommu, ioas, va + 8 * kPage, 4 * kPage, 4 * kPage, kFixed), 0);
		iommu_ioas_copy cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = kFixed;
		cmd.dst_ioas_id = other;
		cmd.src_ioas_id = ioas;
		cmd.length = 4 * kPage;
		cmd.dst_iova = kMiB;
		cmd.src_iova = 2 * kPage; // half of each area
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), 0);
		EXPECT_EQ(uapi_process_pinned_pages(process), 8u);
		cmd.src_iova = 6 * kPage;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -ENOENT); // runs into a hole
		cmd.src_iova = 0;
		cmd.dst_iova = kMiB;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -EEXIST);
		uint64_t length = UINT64_MAX;
		ASSERT_EQ(unmap(iommu, ioas, 0, &length), 0);
		EXPECT_EQ(uapi_process_pinned_pages(process), 4u); // what the copy still shows
		ASSERT_EQ(uapi_munmap(process, self, va, kMiB), 0);
		EXPECT_EQ(frames_in_use(free_frames), kMiB / kPage); // and keeps
		ASSERT_EQ(unmap(iommu, other, kMiB, &(length = 4 * kPage)), 0);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
	});
}

TEST_F(Iommufd, CopyCannotGiveMoreThanWasGiven)
{
	in_program([&] {
		uint32_t other = ioas_alloc(iommu);
		ASSERT_EQ(map(iommu, ioas, anonymous(kPage), kPage, 0,
			      IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE),
			  0);
		iommu_ioas_copy cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = kFixed;
		cmd.dst_ioas_id = other;
		cmd.src_ioas_id = ioas;
		cmd.length = kPage;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -EPERM);
	});
}

TEST_F(Iommufd, CopyOfNothingIsRefused)
{
	in_program([&] {
		iommu_ioas_copy cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = kFixed | 0x100;
		cmd.src_ioas_id = 99;
		cmd.dst_ioas_id = ioas;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -EOPNOTSUPP);
		cmd.flags = 0;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -EINVAL);
		cmd.flags = kFixed;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -ENOENT);
		cmd.src_ioas_id = ioas;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -EINVAL); // no length
		cmd.length = UINT64_MAX;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -EOVERFLOW);
		cmd.length = kPage;
		ASSERT_EQ(map(iommu, ioas, anonymous(kPage), kPage, 0), 0);
		cmd.dst_ioas_id = 98;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), -ENOENT);
		cmd.dst_ioas_id = ioas;
		cmd.dst_iova = kPage;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_COPY, &cmd), 0); // beside itself
	});
}

// Choosing addresses against a naive search of every page.
TEST_F(Iommufd, ChosenIovaIsTheLowestThatFits)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		uint32_t seed = 12345;
		std::set<uint64_t> taken; // pages
		auto random = [&](uint32_t n) {
			seed = seed * 1664525 + 1013904223;
			return (seed >> 8) % n;
		};
		iommu_iova_range allowed[2] = {{0x100000, 0x13ffff}, {0x180000, 0x1fffff}};
		iommu_ioas_allow_iovas allow = {};
		allow.size = sizeof(allow);
		allow.ioas_id = ioas;
		allow.num_iovas = 2;
		allow.allowed_iovas = reinterpret_cast<uint64_t>(allowed);
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_ALLOW_IOVAS, &allow), 0);
		auto fits = [&](uint64_t at, uint64_t pages) {
			bool inside = false;
			for (const iommu_iova_range &range : allowed)
				inside |= at >= range.start && at + pages * kPage - 1 <= range.last;
			for (uint64_t i = 0; i < pages; i++)
				inside &= !taken.count(at + i * kPage);
			return inside;
		};
		for (int i = 0; i < 300; i++) {
			uint64_t pages = 1 + random(12), step = kPage, expected = 0;
			while (step < pages * kPage)
				step *= 2;
			for (uint64_t at = 0x100000; !expected && at < 0x200000; at += step)
				expected = fits(at, pages) ? at : 0;
			iommu_ioas_map cmd = {};
			cmd.size = sizeof(cmd);
			cmd.flags = kRw;
			cmd.ioas_id = ioas;
			cmd.user_va = va;
			cmd.length = pages * kPage;
			int rc = ioctl(iommu, IOMMU_IOAS_MAP, &cmd);
			ASSERT_EQ(rc, expected ? 0 : -ENOSPC) << i;
			if (!rc) {
				ASSERT_EQ(cmd.iova, expected) << i;
			}
			for (uint64_t p = 0; !rc && p < pages; p++)
				taken.insert(cmd.iova + p * kPage);
			if (taken.size() > 120 || random(3) == 0) {
				uint64_t length = UINT64_MAX,
					 at = *taken.begin() + random(64) * kPage;
				length = 24 * kPage;
				rc = unmap(iommu, ioas, at, &length);
				// Whatever went is what the kernel says went, from the bottom up.
				for (auto it = taken.lower_bound(at);
				     !rc && it != taken.end() && *it < at + 24 * kPage;)
					it = taken.erase(it);
				if (rc) {
					length = UINT64_MAX;
					ASSERT_EQ(unmap(iommu, ioas, 0, &length), 0);
					taken.clear();
				}
			}
		}
	});
}

TEST_F(Iommufd, ChangeProcessTakesFilesOnly)
{
	in_program([&] {
		iommu_ioas_change_process cmd = {sizeof(cmd), 0};
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_CHANGE_PROCESS, &cmd), 0);
		iommu_ioas_map_file file = {};
		file.size = sizeof(file);
		file.flags = kFixed;
		file.ioas_id = ioas;
		file.fd = uapi_memfd_create(process, "ram", kMiB);
		file.length = kMiB;
		ASSERT_EQ(ioctl(iommu, IOMMU_IOAS_MAP_FILE, &file), 0);
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_CHANGE_PROCESS, &cmd), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kPage), kPage, 2 * kMiB), 0);
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_CHANGE_PROCESS, &cmd), -EINVAL);
		cmd.__reserved = 1;
		EXPECT_EQ(ioctl(iommu, IOMMU_IOAS_CHANGE_PROCESS, &cmd), -EOPNOTSUPP);
	});
}

TEST_F(Iommufd, OptionsAnswer)
{
	in_program([&] {
		iommu_option cmd = {};
		cmd.size = sizeof(cmd);
		cmd.option_id = IOMMU_OPTION_HUGE_PAGES;
		cmd.op = IOMMU_OPTION_OP_GET;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -ENOENT);
		cmd.object_id = ioas;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), 0);
		EXPECT_EQ(cmd.val64, 1u);
		cmd.op = IOMMU_OPTION_OP_SET;
		cmd.val64 = 2;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EINVAL);
		cmd.val64 = 0;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), 0);
		uint32_t pt = ioas;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kMiB), 8 * kPage, 0, kFixed), 0);
		EXPECT_EQ(smmu.map_calls, 8u); // page by page
		cmd.val64 = 1;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), 0);
		cmd.val64 = 0;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EINVAL);
		cmd.option_id = IOMMU_OPTION_RLIMIT_MODE;
		cmd.object_id = 0;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EBUSY);
		cmd.option_id = 9;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EOPNOTSUPP);
	});
}

TEST_F(Iommufd, RlimitModeIsSetBeforeTheFirstObject)
{
	run([&](actor *) {
		iommu = open_iommu();
		iommu_option cmd = {};
		cmd.size = sizeof(cmd);
		cmd.op = IOMMU_OPTION_OP_SET;
		cmd.val64 = 2;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EINVAL);
		cmd.val64 = 1;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), 0);
		cmd.op = IOMMU_OPTION_OP_GET;
		cmd.val64 = 0;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), 0);
		EXPECT_EQ(cmd.val64, 1u);
		cmd.op = 7;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EOPNOTSUPP);
		cmd.object_id = 1;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EOPNOTSUPP);
	});
}

TEST_F(Iommufd, SeveralPiecesOfMemoryAreOneMapping)
{
	in_program([&] {
		uint32_t pt = ioas;
		uint64_t va[3] = {0x10000000, 0x10000000 + kMiB, 0x10000000 + 2 * kMiB};
		ASSERT_EQ(attach(device, &pt), 0);
		for (uint64_t &at : va)
			ASSERT_EQ(uapi_mmap(process, self, kMiB, -1, 0, &at), 0);
		ASSERT_EQ(map(iommu, ioas, va[0] + kPage, 3 * kMiB - 2 * kPage, 0x40000000), 0);
		for (uint64_t at = 0; at < 3 * kMiB - 2 * kPage; at += kPage)
			ASSERT_EQ(table()->pages[0x40000000 + at],
				  uapi_translate(process, va[0] + kPage + at));
		EXPECT_EQ(smmu.map_calls, 3u);
	});
}

TEST_F(Iommufd, MemoryInManyFramesRunsIsFound)
{
	// DRAM whose free frames lie apart: every other MiB is somebody else's.
	std::vector<uint64_t> taken;
	for (uint64_t left = kDramSize; left; left -= kMiB)
		taken.push_back(frames_alloc(free_frames, kMiB / kPage, kPage));
	for (size_t i = 0; i < 16; i += 2)
		frames_free(free_frames, taken[i], kMiB / kPage);
	in_program([&] {
		uint32_t pt = ioas;
		uint64_t va = anonymous(6 * kMiB);
		std::set<uint64_t> frames;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, va, 6 * kMiB, 0x40000000), 0);
		EXPECT_GE(smmu.map_calls, 6u);
		for (uint64_t at = 0; at < 6 * kMiB; at += kPage) {
			uint64_t pa = uapi_translate(process, va + at);
			ASSERT_EQ(table()->pages[0x40000000 + at], pa);
			EXPECT_TRUE(frames.insert(pa).second);
		}
		uint64_t more = anonymous(3 * kMiB); // there are two left
		EXPECT_EQ(map(iommu, ioas, more, 3 * kMiB, 0x50000000), -ENOMEM);
		EXPECT_EQ(uapi_translate(process, more), 0u);
	});
	for (size_t i = 0; i < taken.size(); i++) {
		if (i >= 16 || i % 2)
			frames_free(free_frames, taken[i], kMiB / kPage);
	}
}

// A second thread of the program.
class Thread
{
public:
	Thread(Machine *machine, std::function<void(actor *)> work) : body(work)
	{
		handle = actor_start(
			&machine->sim, "thread",
			[](actor *self, void *arg) { static_cast<Thread *>(arg)->body(self); },
			this);
	}

	actor *handle;

private:
	std::function<void(actor *)> body;
};

TEST_F(Iommufd, UnmapDuringUnmapIsBusy)
{
	in_program([&] {
		uint32_t pt = ioas;
		int results[2] = {1, 1};
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kMiB), kMiB, 0, kFixed), 0);
		smmu.wait_ps = PS_PER_US;
		auto body = [&](int *result) {
			return [&, result](actor *me) {
				iommu_ioas_unmap cmd = {sizeof(cmd), ioas, 0, kMiB};
				*result = uapi_ioctl(process, me, iommu, IOMMU_IOAS_UNMAP, &cmd);
			};
		};
		Thread one(this, body(&results[0])), two(this, body(&results[1]));
		actor_join(self, one.handle);
		actor_join(self, two.handle);
		smmu.wait_ps = 0;
		EXPECT_THAT(results, testing::ElementsAre(0, -EBUSY));
	});
}

TEST_F(Iommufd, MapElsewhereGoesOnDuringAMap)
{
	in_program([&] {
		uint32_t pt = ioas;
		uint64_t ended[2] = {}, va = anonymous(kMiB);
		ASSERT_EQ(attach(device, &pt), 0);
		smmu.wait_ps = PS_PER_US;
		uint64_t begin = sim_now(&sim);
		auto body = [&](int i) {
			return [&, i](actor *me) {
				iommu_ioas_map cmd = {sizeof(cmd), kFixed, ioas,     0,
						      va,          kPage,  i * kPage};
				EXPECT_EQ(uapi_ioctl(process, me, iommu, IOMMU_IOAS_MAP, &cmd), 0);
				ended[i] = sim_now(&sim) - begin;
			};
		};
		Thread one(this, body(0)), two(this, body(1));
		actor_join(self, one.handle);
		actor_join(self, two.handle);
		smmu.wait_ps = 0;
		EXPECT_EQ(ended[0], PS_PER_US);
		EXPECT_EQ(ended[1], PS_PER_US);
	});
}

class IommufdLimited : public Iommufd
{
public:
	void SetUp() override
	{
		cfg.memlock_pages = 16;
		boot();
	}
};

TEST_F(IommufdLimited, LockedMemoryHasALimit)
{
	in_program([&] {
		uint32_t pt = ioas;
		uint64_t va = anonymous(kMiB), length;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(map(iommu, ioas, va, 16 * kPage, 0, kFixed), 0);
		EXPECT_EQ(map(iommu, ioas, va, kPage, kMiB, kFixed), -ENOMEM);
		EXPECT_EQ(unmap(iommu, ioas, 0, &(length = 16 * kPage)), 0);
		EXPECT_EQ(map(iommu, ioas, va, kPage, kMiB, kFixed), 0);
		iommu_option cmd = {};
		cmd.size = sizeof(cmd);
		cmd.op = IOMMU_OPTION_OP_SET;
		EXPECT_EQ(ioctl(iommu, IOMMU_OPTION, &cmd), -EPERM);
	});
}

} // namespace
