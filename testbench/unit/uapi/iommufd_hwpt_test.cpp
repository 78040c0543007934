// SPDX-License-Identifier: Apache-2.0
// Hardware tables of an I/O address space, and what devices wrote through them.
#include "testbench/unit/uapi/iommufd_fixture.h"

namespace
{

TEST_F(Iommufd, InvalidationIsForNestedTables)
{
	in_program([&] {
		uint32_t hwpt;
		ASSERT_EQ(hwpt_alloc(0, &hwpt), 0);
		iommu_hwpt_invalidate cmd = {};
		cmd.size = sizeof(cmd);
		cmd.hwpt_id = 99;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_INVALIDATE, &cmd), -ENOENT);
		cmd.entry_num = 1 << 19;
		cmd.entry_len = 16;
		cmd.data_uptr = 1;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_INVALIDATE, &cmd), -ENOENT);
		EXPECT_EQ(cmd.entry_num, 0u);
		cmd.entry_num = (1 << 19) + 1;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_INVALIDATE, &cmd), -EINVAL);
		cmd.entry_num = 0;
		cmd.hwpt_id = hwpt;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_INVALIDATE, &cmd), -EINVAL);
		EXPECT_EQ(hwpt_alloc(0, nullptr, hwpt), -EOPNOTSUPP); // none can be made
	});
}

TEST_F(Iommufd, HwInfoIsTheSmmus)
{
	in_program([&] {
		iommu_hw_info_arm_smmuv3 data[2];
		iommu_hw_info cmd = {};
		memset(data, 0xaa, sizeof(data));
		cmd.size = sizeof(cmd);
		cmd.dev_id = device_id;
		cmd.data_len = sizeof(data);
		cmd.data_uptr = reinterpret_cast<uint64_t>(data);
		ASSERT_EQ(ioctl(iommu, IOMMU_GET_HW_INFO, &cmd), 0);
		EXPECT_EQ(cmd.out_data_type, IOMMU_HW_INFO_TYPE_ARM_SMMUV3);
		EXPECT_EQ(cmd.data_len, sizeof(data[0]));
		EXPECT_EQ(data[0].idr[0], 0x1234u);
		EXPECT_EQ(data[1].idr[5], 0u); // the rest is cleared
		EXPECT_TRUE(cmd.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING);
		cmd.dev_id = ioas;
		EXPECT_EQ(ioctl(iommu, IOMMU_GET_HW_INFO, &cmd), -ENOENT);
		cmd.dev_id = device_id;
		cmd.flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE;
		cmd.in_data_type = IOMMU_HW_INFO_TYPE_INTEL_VTD;
		EXPECT_EQ(ioctl(iommu, IOMMU_GET_HW_INFO, &cmd), -EOPNOTSUPP);
		cmd.flags = 2;
		EXPECT_EQ(ioctl(iommu, IOMMU_GET_HW_INFO, &cmd), -EOPNOTSUPP);
	});
}

TEST_F(Iommufd, HwptAllocTakesWhatTheSmmuDriverTakes)
{
	in_program([&] {
		uint32_t id;
		iommu_hwpt_alloc cmd = {};
		cmd.size = sizeof(cmd);
		cmd.dev_id = device_id;
		cmd.pt_id = ioas;
		cmd.data_type = IOMMU_HWPT_DATA_ARM_SMMUV3;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_ALLOC, &cmd), -EINVAL);
		cmd.data_len = 8;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_ALLOC, &cmd), -EOPNOTSUPP);
		EXPECT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &id), 0);
		EXPECT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_PASID, &id), 0);
		EXPECT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_NEST_PARENT, &id), -EOPNOTSUPP);
		EXPECT_EQ(hwpt_alloc(0x80, &id), -EOPNOTSUPP);
		EXPECT_EQ(hwpt_alloc(IOMMU_HWPT_FAULT_ID_VALID, &id), -ENOENT);
		EXPECT_EQ(hwpt_alloc(0, &id, 99), -EINVAL); // not -ENOENT
		EXPECT_EQ(hwpt_alloc(0, &id, device_id), -EINVAL);
		smmu.info.dirty_tracking = false;
		EXPECT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &id), -EOPNOTSUPP);
	});
}

TEST_F(Iommufd, AutoTableGoesWithItsDevice)
{
	in_program([&] {
		uint32_t pt = ioas, hwpt, manual;
		ASSERT_EQ(attach(device, &pt), 0);
		hwpt = pt;
		EXPECT_NE(hwpt, ioas);
		EXPECT_EQ(destroy(hwpt), -EBUSY);
		pt = ioas;
		ASSERT_EQ(attach(device, &pt), 0); // the same one again
		EXPECT_EQ(pt, hwpt);
		ASSERT_EQ(hwpt_alloc(0, &manual), 0);
		pt = manual;
		ASSERT_EQ(attach(device, &pt), 0); // replaced
		EXPECT_EQ(destroy(hwpt), -ENOENT);
		pt = 99;
		EXPECT_EQ(attach(device, &pt), -ENOENT);
		pt = device_id;
		EXPECT_EQ(attach(device, &pt), -EINVAL);
	});
}

TEST_F(Iommufd, NewTableShowsWhatIsMapped)
{
	in_program([&] {
		uint32_t first, second, pt;
		ASSERT_EQ(hwpt_alloc(0, &first), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kMiB), kMiB, 0, kFixed), 0);
		ASSERT_EQ(hwpt_alloc(0, &second), 0);
		pt = second;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(table()->pages.size(), kMiB / kPage);
		EXPECT_EQ(uapi_process_pinned_pages(process), kMiB / kPage);
		ASSERT_EQ(destroy(first), 0);
		EXPECT_EQ(uapi_process_pinned_pages(process), kMiB / kPage);
	});
}

TEST_F(Iommufd, FailedFillLeavesNothing)
{
	in_program([&] {
		uint32_t a, b;
		ASSERT_EQ(hwpt_alloc(0, &a), 0);
		ASSERT_EQ(hwpt_alloc(0, &b), 0);
		uint64_t va = anonymous(kMiB);
		smmu.fail_map_after = 1; // the first table fills, the second does not
		EXPECT_EQ(map(iommu, ioas, va, kMiB, 0, kFixed), -ENOMEM);
		smmu.fail_map_after = -1;
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		EXPECT_EQ(map(iommu, ioas, va, kMiB, 0, kFixed), 0);
	});
}

TEST_F(Iommufd, TableThatCannotBeFilledIsNotMade)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		ASSERT_EQ(map(iommu, ioas, va, kPage, 0, kFixed), 0);
		ASSERT_EQ(map(iommu, ioas, va, kPage, kMiB, kFixed), 0);
		smmu.fail_map_after = 1;
		EXPECT_EQ(hwpt_alloc(0, nullptr), -ENOMEM);
		smmu.fail_map_after = -1;
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		EXPECT_EQ(map(iommu, ioas, va, kPage, UINT64_C(1) << 50, kFixed), 0); // no aperture
	});
}

TEST_F(Iommufd, DirtyBitmapIsReadAndCleared)
{
	in_program([&] {
		uint32_t hwpt;
		uint64_t bits[4] = {};
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt), 0);
		uint32_t pt = hwpt;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kMiB), kMiB, kMiB, kFixed), 0);
		table()->dirty = {kMiB + 3 * kPage, kMiB + 200 * kPage};
		bits[1] = 0x10; // what the caller has stays
		ASSERT_EQ(dirty_bitmap(hwpt, kMiB, kMiB, kPage, bits,
				       IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR),
			  0);
		EXPECT_EQ(bits[0], 0x8u);
		EXPECT_EQ(bits[1], 0x10u);
		EXPECT_EQ(bits[3], UINT64_C(1) << 8);
		EXPECT_EQ(table()->dirty.size(), 2u);
		memset(bits, 0, sizeof(bits));
		ASSERT_EQ(dirty_bitmap(hwpt, kMiB, kMiB, 16 * kPage, bits), 0);
		EXPECT_EQ(bits[0], 1u | 1u << 12);
		EXPECT_TRUE(table()->dirty.empty());
		auto reads = events(TRACE_DIRTY_READ);
		ASSERT_EQ(reads.size(), 2u);
		EXPECT_EQ(reads[0].arg[1], kMiB);
		EXPECT_EQ(reads[0].arg[2], kMiB);
		EXPECT_EQ(reads[0].arg[3], kPage);
		EXPECT_EQ(reads[0].arg[5], 0u);
		EXPECT_EQ(reads[0].data.size(), 32u);
		EXPECT_EQ(reads[1].arg[5], 1u);
	});
}

TEST_F(Iommufd, DirtyBitmapOfSmallerPagesThanTheTables)
{
	in_program([&] {
		uint32_t hwpt;
		uint64_t bits[8] = {};
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt), 0);
		uint32_t pt = hwpt;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kMiB), 8 * kPage, 0, kFixed), 0);
		table()->dirty = {kPage};
		ASSERT_EQ(dirty_bitmap(hwpt, 0, 8 * kPage, 1024, bits), 0);
		EXPECT_EQ(bits[0], 0xf0u);
		table()->dirty = {2 * kPage};
		memset(bits, 0, sizeof(bits));
		ASSERT_EQ(dirty_bitmap(hwpt, 0, 8 * kPage, 64, bits), 0);
		EXPECT_THAT(bits, testing::ElementsAre(0, 0, UINT64_MAX, 0, 0, 0, 0, 0));
	});
}

TEST_F(Iommufd, DirtyBitmapChecksItsRange)
{
	in_program([&] {
		uint32_t hwpt, plain;
		uint64_t bits[4] = {};
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt), 0);
		ASSERT_EQ(hwpt_alloc(0, &plain), 0);
		EXPECT_EQ(dirty_bitmap(hwpt, 0, kPage, kPage, bits, 2), -EOPNOTSUPP);
		EXPECT_EQ(dirty_bitmap(ioas, 0, kPage, kPage, bits), -ENOENT);
		EXPECT_EQ(dirty_bitmap(hwpt, 0, 0, kPage, bits), -EINVAL);
		EXPECT_EQ(dirty_bitmap(hwpt, UINT64_MAX - 4095, 2 * kPage, kPage, bits),
			  -EOVERFLOW);
		EXPECT_EQ(dirty_bitmap(hwpt, 100, kPage, kPage, bits), -EINVAL);
		EXPECT_EQ(dirty_bitmap(hwpt, 0, kPage, 0, bits), -EINVAL);
		EXPECT_EQ(dirty_bitmap(hwpt, 0, kPage, 2 * kPage, bits), -EINVAL);
		EXPECT_EQ(dirty_bitmap(hwpt, 0, kPage, kPage, bits), 0); // a hole is not an error
		EXPECT_EQ(dirty_bitmap(plain, 0, 0, kPage, bits), -EINVAL);
		EXPECT_EQ(dirty_bitmap(plain, 0, kPage, kPage, bits), -EOPNOTSUPP);
	});
}

TEST_F(Iommufd, DirtyBitmapEndsAtTheFirstHole)
{
	in_program([&] {
		uint32_t hwpt;
		uint64_t bits[1] = {};
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt), 0);
		uint32_t pt = hwpt;
		ASSERT_EQ(attach(device, &pt), 0);
		uint64_t va = anonymous(kMiB);
		ASSERT_EQ(map(iommu, ioas, va, kPage, 0, kFixed), 0);
		ASSERT_EQ(map(iommu, ioas, va, kPage, kPage, kFixed), 0); // adjacent: no hole
		ASSERT_EQ(map(iommu, ioas, va, kPage, 3 * kPage, kFixed), 0);
		table()->dirty = {0, kPage, 3 * kPage};
		ASSERT_EQ(dirty_bitmap(hwpt, 0, 4 * kPage, kPage, bits), 0);
		EXPECT_EQ(bits[0], 3u); // what lies behind it goes unseen, as in Linux 7.3
		EXPECT_EQ(table()->dirty.count(3 * kPage), 1u);
	});
}

TEST_F(Iommufd, TrackingBeginsClean)
{
	in_program([&] {
		uint32_t hwpt, plain;
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt), 0);
		ASSERT_EQ(hwpt_alloc(0, &plain), 0);
		uint32_t pt = hwpt;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kMiB), kMiB, 0, kFixed), 0);
		table()->dirty = {kPage};
		iommu_hwpt_set_dirty_tracking cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE;
		cmd.hwpt_id = hwpt;
		ASSERT_EQ(ioctl(iommu, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd), 0);
		EXPECT_TRUE(table()->dirty.empty());
		EXPECT_EQ(events(TRACE_DIRTY_TRACKING).size(), 1u);
		cmd.hwpt_id = plain;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd), -EOPNOTSUPP);
		cmd.hwpt_id = ioas;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd), -ENOENT);
		cmd.flags = 2;
		EXPECT_EQ(ioctl(iommu, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd), -EOPNOTSUPP);
	});
}

} // namespace
