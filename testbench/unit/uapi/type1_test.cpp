// SPDX-License-Identifier: Apache-2.0
// The container's IOMMU driver: mapping, unmapping, dirty pages.
#include "testbench/unit/uapi/type1_fixture.h"

namespace
{

constexpr uint32_t kStart = VFIO_IOMMU_DIRTY_PAGES_FLAG_START,
		   kStop = VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP;
constexpr uint32_t kAll = VFIO_DMA_UNMAP_FLAG_ALL, kVaddr = VFIO_DMA_UNMAP_FLAG_VADDR;
constexpr uint64_t kMsiFirst = 0x08000000, kMsiEnd = 0x08100000, kEnd = UINT64_C(1) << 48;

struct Unmap {
	struct {
		uint32_t argsz, flags;
		uint64_t iova, size;
	} head;
	vfio_bitmap bitmap;
};

class Limited : public Type1
{
	void SetUp() override
	{
		cfg.memlock_pages = 8;
		boot();
	}
};

class Type1WithoutWindow : public Type1
{
	void SetUp() override
	{
		cfg.msi_window = false;
		boot();
	}
};

class Type1TwoGroups : public Type1
{
	void SetUp() override
	{
		boot();
		run([this](actor *actor) {
			uapi_vfio_device_cfg other = device_cfg;
			other.number = 1;
			other.group = 8;
			other.stream_id = 0x109;
			ASSERT_EQ(uapi_kernel_add_vfio_device(kernel, actor, &other), 0);
		});
	}
};

TEST_F(Type1, MapChecksInTheKernelsOrder)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		vfio_iommu_type1_dma_map cmd = {31, kRw, va, 0, kPage};
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_MAP_DMA), -EFAULT);
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_MAP_DMA, &cmd), -EINVAL);
		EXPECT_EQ(map(va, 0, kPage, kRw | 8), -EINVAL);
		EXPECT_EQ(map(va, 0, 0), -EINVAL);
		EXPECT_EQ(map(va, UINT64_MAX - kPage + 2, kPage), -EOVERFLOW);
		EXPECT_EQ(map(UINT64_MAX - kPage + 2, 0, kPage), -EOVERFLOW);
		EXPECT_EQ(map(va, 0, kPage, 0), -EINVAL);
		EXPECT_EQ(map(va, 0, kPage, kRw | VFIO_DMA_MAP_FLAG_VADDR), -EINVAL);
		EXPECT_EQ(map(va + 1, 0, kPage), -EINVAL);
		EXPECT_EQ(map(va, 1, kPage), -EINVAL);
		EXPECT_EQ(map(va, 0, kPage + 1), -EINVAL);
		EXPECT_EQ(map(va, 0, 4 * kPage), 0);
		// What is mapped is found before an address that may not be.
		EXPECT_EQ(map(va, 0, kEnd + kPage), -EEXIST);
		EXPECT_EQ(map(va, 3 * kPage, 2 * kPage), -EEXIST);
		EXPECT_EQ(map(va, kEnd, kPage), -EINVAL);
		EXPECT_EQ(map(va, kEnd - kPage, 2 * kPage), -EINVAL);
		EXPECT_EQ(map(va, kMsiFirst, kPage), -EINVAL);
		EXPECT_EQ(map(va, kMsiFirst - kPage, 2 * kPage), -EINVAL);
		EXPECT_EQ(map(va, kMsiFirst - kPage, kPage), 0);
		EXPECT_EQ(map(va, kMsiEnd, kPage), 0);
		EXPECT_EQ(map(va, kEnd - kPage, kPage), 0);
	});
}

TEST_F(Type1, MappingShowsTheMemoryWithItsRights)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		EXPECT_EQ(map(va + kPage, kMiB, 2 * kPage, VFIO_DMA_MAP_FLAG_READ), 0);
		EXPECT_EQ(map(va, 0, kPage, VFIO_DMA_MAP_FLAG_WRITE), 0);
		ASSERT_EQ(table()->pages.size(), 3u);
		EXPECT_EQ(table()->pages[kMiB], uapi_translate(process, va + kPage));
		EXPECT_EQ(table()->pages[kMiB + kPage], uapi_translate(process, va + 2 * kPage));
		EXPECT_EQ(table()->prot[kMiB], unsigned{SMMU_PROT_READ});
		EXPECT_EQ(table()->prot[0], unsigned{SMMU_PROT_WRITE});
		EXPECT_EQ(uapi_process_pinned_pages(process), 3u);
	});
}

TEST_F(Type1, MemoryThatIsNotThereIsAFaultAndLeavesNothing)
{
	in_program([&] {
		uint64_t va = anonymous(4 * kPage);
		EXPECT_EQ(map(va, 0, 8 * kPage), -EFAULT);
		EXPECT_EQ(table()->pages.size(), 0u);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		smmu.fail_map_after = 0;
		EXPECT_EQ(map(va, 0, 4 * kPage), -ENOMEM);
		smmu.fail_map_after = -1;
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		EXPECT_EQ(map(va, 0, 4 * kPage), 0);
	});
}

TEST_F(Type1, MappingGoesAcrossTheProgramsMappings)
{
	in_program([&] {
		uint64_t first = anonymous(2 * kMiB), va = first + 2 * kMiB;
		ASSERT_EQ(uapi_mmap(process, self, kMiB, -1, 0, &va), 0);
		EXPECT_EQ(map(first, 0, 3 * kMiB), 0);
		EXPECT_EQ(table()->pages[2 * kMiB], uapi_translate(process, va));
		EXPECT_EQ(unmap(0, 3 * kMiB), int64_t{3 * kMiB});
		EXPECT_EQ(table()->pages.size(), 0u);
	});
}

TEST_F(Type1, BarIsMappedAndNotCounted)
{
	in_program([&] {
		uint64_t va = 0;
		int device = device_fd(kName);
		ASSERT_EQ(uapi_mmap(process, self, 2 * kPage, device, 0, &va), 0);
		EXPECT_EQ(map(va, 0, 2 * kPage), 0);
		EXPECT_EQ(table()->pages[kPage], kBar0 + kPage);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		EXPECT_EQ(unmap(0, 2 * kPage), int64_t{2 * kPage});
	});
}

TEST_F(Type1, PinnedMemoryOutlivesItsMapping)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		EXPECT_EQ(map(va, 0, kMiB), 0);
		uint64_t pa = table()->pages[0];
		EXPECT_EQ(uapi_munmap(process, self, va, kMiB), 0);
		EXPECT_NE(uapi_translate(process, anonymous(kMiB)), pa);
		EXPECT_EQ(unmap(0, kMiB), int64_t{kMiB});
	});
}

TEST_F(Type1, EntriesRunOut)
{
	in_program([&] {
		uint64_t va = anonymous(kPage);
		for (uint64_t i = 0; i < 65535; i++)
			ASSERT_EQ(map(va, kMsiEnd + i * kPage, kPage), 0);
		EXPECT_EQ(map(va, 0, kPage), -ENOSPC);
		EXPECT_EQ(map(va, kMsiEnd, kPage), -EEXIST); // before it counts
		EXPECT_EQ(unmap(kMsiEnd, kPage), int64_t{kPage});
		EXPECT_EQ(map(va, 0, kPage), 0);
	});
}

TEST_F(Limited, LockedMemoryIsCountedForEachMapping)
{
	in_program([&] {
		uint64_t va = anonymous(16 * kPage);
		EXPECT_EQ(map(va, 0, 9 * kPage), -ENOMEM);
		EXPECT_EQ(map(va, 0, 5 * kPage), 0);
		EXPECT_EQ(map(va, kMiB, 4 * kPage), -ENOMEM); // the same pages, counted again
		EXPECT_EQ(table()->pages.size(), 5u);
		EXPECT_EQ(map(va, kMiB, 3 * kPage), 0);
		EXPECT_EQ(unmap(0, 5 * kPage), int64_t{5 * kPage});
		EXPECT_EQ(map(va, 0, 5 * kPage), 0);
	});
}

TEST_F(Type1, UnmapChecksInTheKernelsOrder)
{
	in_program([&] {
		vfio_iommu_type1_dma_unmap cmd = {23, 0, 0, kPage};
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_UNMAP_DMA), -EFAULT);
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_UNMAP_DMA, &cmd), -EINVAL);
		EXPECT_EQ(unmap(0, kPage, 8), -EINVAL);
		EXPECT_EQ(unmap(1, kPage), -EINVAL);
		EXPECT_EQ(unmap(0, 0), -EINVAL);
		EXPECT_EQ(unmap(0, kPage + 1), -EINVAL);
		EXPECT_EQ(unmap(UINT64_MAX - kPage + 1, 2 * kPage), -EOVERFLOW);
		EXPECT_EQ(unmap(kPage, 0, kAll), -EINVAL);
		EXPECT_EQ(unmap(0, kPage, kAll), -EINVAL);
		EXPECT_EQ(unmap(0, 0, kAll), 0); // nothing was there
		EXPECT_EQ(unmap(0, kPage), 0);
		cmd.argsz = sizeof(cmd);
		deny_writes = true;
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_UNMAP_DMA, &cmd), -EFAULT);
		deny_writes = false;
	});
}

TEST_F(Type1, UnmapOfVersion2CutsNoMapping)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		EXPECT_EQ(map(va, 0, 4 * kPage), 0);
		EXPECT_EQ(map(va, 8 * kPage, 4 * kPage), 0);
		EXPECT_EQ(unmap(kPage, 3 * kPage), -EINVAL);
		EXPECT_EQ(unmap(0, 3 * kPage), -EINVAL);
		EXPECT_EQ(unmap(0, 10 * kPage), -EINVAL);
		EXPECT_EQ(table()->pages.size(), 8u);
		EXPECT_EQ(unmap(4 * kPage, 4 * kPage), 0); // the hole
		EXPECT_EQ(unmap(0, 12 * kPage), int64_t{8 * kPage});
		EXPECT_EQ(table()->pages.size(), 0u);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
	});
}

TEST_F(Type1, UnmapOfVersion1TakesAllOrNothing)
{
	in_program(
		[&] {
			uint64_t va = anonymous(kMiB);
			EXPECT_EQ(map(va, 0, 4 * kPage), 0);
			EXPECT_EQ(unmap(kPage, kPage), 0);
			EXPECT_EQ(table()->pages.size(), 4u);
			EXPECT_EQ(unmap(0, kPage), int64_t{4 * kPage}); // more than was asked for
			EXPECT_EQ(table()->pages.size(), 0u);
		},
		VFIO_TYPE1_IOMMU);
}

TEST_F(Type1, UnmapAllTakesEverything)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		EXPECT_EQ(map(va, kPage, kPage), 0);
		EXPECT_EQ(map(va, kEnd - kPage, kPage), 0);
		EXPECT_EQ(unmap(0, 0, kAll), int64_t{2 * kPage});
		EXPECT_EQ(table()->pages.size(), 0u);
	});
}

TEST_F(Type1, VaddrIsTakenAndGivenAgain)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		EXPECT_EQ(map(va, 0, kPage), 0);
		EXPECT_EQ(map(va, kPage, kPage), 0);
		EXPECT_EQ(map(va, 0, kPage, VFIO_DMA_MAP_FLAG_VADDR), -EINVAL); // it has one
		EXPECT_EQ(unmap(0, 2 * kPage, kVaddr), int64_t{2 * kPage});
		EXPECT_EQ(table()->pages.size(), 2u); // the device goes on
		EXPECT_EQ(map(va, 2 * kPage, kPage, VFIO_DMA_MAP_FLAG_VADDR), -ENOENT);
		EXPECT_EQ(map(va, 0, 2 * kPage, VFIO_DMA_MAP_FLAG_VADDR), -EINVAL);
		EXPECT_EQ(map(va + kMiB, 0, kPage, VFIO_DMA_MAP_FLAG_VADDR), 0);
		// One of two is taken already: then both are as they were.
		EXPECT_EQ(unmap(0, 0, kAll | kVaddr), -EINVAL);
		EXPECT_EQ(map(va, 0, kPage, VFIO_DMA_MAP_FLAG_VADDR), -EINVAL);
		EXPECT_EQ(unmap(0, 2 * kPage), int64_t{2 * kPage}); // an invalid one may go
		EXPECT_EQ(map(va, 0, kPage), 0);
	});
}

TEST_F(Type1TwoGroups, ShareOneTable)
{
	in_program([&] {
		int second = uapi_open(process, self, "/dev/vfio/8", 0);
		uint64_t va = anonymous(kMiB);
		ASSERT_GE(second, 0);
		EXPECT_EQ(map(va, 0, kPage), 0);
		EXPECT_EQ(unmap(0, kPage, kVaddr), int64_t{kPage});
		EXPECT_EQ(set_container(second, container), -EBUSY);
		EXPECT_EQ(map(va, 0, kPage, VFIO_DMA_MAP_FLAG_VADDR), 0);
		EXPECT_EQ(set_container(second, container), 0);
		EXPECT_EQ(smmu.stream[0x109], table());
		EXPECT_EQ(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), 0);
		EXPECT_EQ(table(), nullptr);
		EXPECT_EQ(smmu.stream[0x109]->pages.size(), 1u);
		EXPECT_EQ(map(va, kPage, kPage), 0); // one group is enough
		EXPECT_EQ(uapi_close(process, self, second), 0);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
	});
}

TEST_F(Type1TwoGroups, AreAttachedTogether)
{
	in_program(
		[&] {
			int second = uapi_open(process, self, "/dev/vfio/8", 0);
			EXPECT_EQ(set_container(second, container), 0);
			EXPECT_EQ(set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
			EXPECT_NE(table(), nullptr);
			EXPECT_EQ(smmu.stream[0x109], table());
		},
		0);
}

TEST_F(Limited, VaddrOfAnotherProcessIsItsToPay)
{
	in_program([&] {
		uint64_t va = anonymous(8 * kPage);
		EXPECT_EQ(map(va, 0, 8 * kPage), 0);
		EXPECT_EQ(unmap(0, 0, kAll | kVaddr), int64_t{8 * kPage});
		EXPECT_EQ(map(va, 0, 8 * kPage, VFIO_DMA_MAP_FLAG_VADDR), 0); // its own: no change
		EXPECT_EQ(uapi_process_pinned_pages(process), 8u);
		EXPECT_EQ(map(va, kMiB, kPage), -ENOMEM);
	});
}

struct Info {
	vfio_iommu_type1_info info;
	uint8_t caps[128];
};

// The capability `id` of a chain; nullptr: none.
const void *find_cap(const Info &info, uint16_t id)
{
	const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&info);

	for (uint32_t at = info.info.cap_offset; at;) {
		vfio_info_cap_header header;
		memcpy(&header, bytes + at, sizeof(header));
		EXPECT_EQ(header.version, 1);
		if (header.id == id)
			return bytes + at;
		at = header.next;
	}
	return nullptr;
}

TEST_F(Type1, InfoGivesAllCapabilitiesOrTellsTheirSize)
{
	in_program([&] {
		Info info = {};
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO), -EFAULT);
		info.info.argsz = 15;
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), -EINVAL);
		info.info.argsz = 16;
		info.info.cap_offset = 77;
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), 0);
		EXPECT_EQ(info.info.argsz, 24u + 32 + 16 + 48);
		EXPECT_EQ(info.info.flags, 3u);
		EXPECT_EQ(info.info.iova_pgsizes, 0x40201000u);
		EXPECT_EQ(info.info.cap_offset, 77u); // beyond what the caller has
		info.info.argsz = 24;
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), 0);
		EXPECT_EQ(info.info.cap_offset, 0u);
		info.info.argsz = 119;
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), 0);
		EXPECT_EQ(info.info.argsz, 120u);
		EXPECT_EQ(info.info.cap_offset, 0u);
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), 0);
		EXPECT_EQ(info.info.argsz, 120u);
		EXPECT_EQ(info.info.cap_offset, 24u);
		deny_writes = true;
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), -EFAULT);
		deny_writes = false;
	});
}

TEST_F(Type1, CapabilitiesTellBitmapsEntriesAndRanges)
{
	in_program([&] {
		Info info = {};
		info.info.argsz = sizeof(info);
		EXPECT_EQ(map(anonymous(kPage), 0, kPage), 0);
		ASSERT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), 0);
		auto migration = static_cast<const vfio_iommu_type1_info_cap_migration *>(
			find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION));
		ASSERT_NE(migration, nullptr);
		EXPECT_EQ(migration->flags, 0u);
		EXPECT_EQ(migration->pgsize_bitmap, kPage);
		EXPECT_EQ(migration->max_dirty_bitmap_size, 268435456u);
		auto avail = static_cast<const vfio_iommu_type1_info_dma_avail *>(
			find_cap(info, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL));
		ASSERT_NE(avail, nullptr);
		EXPECT_EQ(avail->avail, 65534u);
		auto ranges = static_cast<const vfio_iommu_type1_info_cap_iova_range *>(
			find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE));
		ASSERT_NE(ranges, nullptr);
		ASSERT_EQ(ranges->nr_iovas, 2u);
		EXPECT_EQ(ranges->iova_ranges[0].start, 0u);
		EXPECT_EQ(ranges->iova_ranges[0].end, kMsiFirst - 1);
		EXPECT_EQ(ranges->iova_ranges[1].start, kMsiEnd);
		EXPECT_EQ(ranges->iova_ranges[1].end, kEnd - 1);
	});
}

TEST_F(Type1WithoutWindow, HasOneRange)
{
	in_program([&] {
		Info info = {};
		info.info.argsz = sizeof(info);
		ASSERT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, &info), 0);
		EXPECT_EQ(info.info.argsz, sizeof(info)); // room is not taken back
		auto ranges = static_cast<const vfio_iommu_type1_info_cap_iova_range *>(
			find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE));
		ASSERT_NE(ranges, nullptr);
		ASSERT_EQ(ranges->nr_iovas, 1u);
		EXPECT_EQ(ranges->iova_ranges[0].end, kEnd - 1);
		EXPECT_EQ(map(anonymous(kMiB), kMsiFirst, kMiB), 0);
	});
}

TEST_F(Type1, DirtyPagesIsVersion2s)
{
	in_program([&] { EXPECT_EQ(ioctl(container, VFIO_IOMMU_DIRTY_PAGES), -EACCES); },
		   VFIO_TYPE1_IOMMU);
}

TEST_F(Type1, DirtyPagesWantsOneFlag)
{
	in_program([&] {
		vfio_iommu_type1_dirty_bitmap cmd = {7, kStart};
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_DIRTY_PAGES), -EFAULT);
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd), -EINVAL);
		EXPECT_EQ(dirty(0), -EINVAL);
		EXPECT_EQ(dirty(8), -EINVAL);
		EXPECT_EQ(dirty(kStart | kStop), -EINVAL);
		EXPECT_EQ(dirty(kStart), 0);
		EXPECT_EQ(dirty(kStart), 0);
		EXPECT_EQ(dirty(kStop), 0);
		EXPECT_EQ(dirty(kStop), 0);
		EXPECT_EQ(events(TRACE_DIRTY_TRACKING).size(), 2u); // it began and ended once
	});
}

TEST_F(Type1, GetBitmapChecksInTheKernelsOrder)
{
	in_program([&] {
		std::vector<uint64_t> words(2);
		auto refused = [&](auto change) {
			GetBitmap cmd = get_bitmap(0, 4 * kPage, &words);
			change(&cmd);
			return ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);
		};
		auto unchanged = [](GetBitmap *) {
		};
		EXPECT_EQ(map(anonymous(kMiB), 0, 4 * kPage), 0);
		EXPECT_EQ(refused(unchanged), -EINVAL); // nothing is tracked
		EXPECT_EQ(dirty(kStart), 0);
		EXPECT_EQ(refused(unchanged), 0);
		EXPECT_EQ(refused([](GetBitmap *c) { c->head.argsz = 47; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.size = 0; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.iova = UINT64_MAX - kPage; }),
			  -EOVERFLOW);
		EXPECT_EQ(refused([](GetBitmap *c) {
				  c->range.bitmap.data = reinterpret_cast<__u64 *>(kEnd);
			  }),
			  -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.bitmap.size = 0; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.bitmap.size = 7; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.bitmap.size = 268435457; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.bitmap.pgsize = 0; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.bitmap.pgsize = 2 * kMiB; }),
			  -EINVAL); // less than one page
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.bitmap.pgsize = 2 * kPage; }),
			  -EINVAL); // only the smallest
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.iova = 1; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.size--; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.iova = kPage; }), -EINVAL); // cuts
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.size = 3 * kPage; }), -EINVAL);
		EXPECT_EQ(refused([](GetBitmap *c) { c->range.bitmap.data = nullptr; }), -EFAULT);
		EXPECT_EQ(dirty(kStop), 0);
		EXPECT_EQ(refused(unchanged), -EINVAL);
	});
}

TEST_F(Type1, EverythingMappedIsDirtyEachTime)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB);
		std::vector<uint64_t> words(2);
		EXPECT_EQ(map(va, 0, 4 * kPage), 0);
		EXPECT_EQ(dirty(kStart), 0);
		EXPECT_EQ(map(va, 68 * kPage, 60 * kPage), 0); // while it is tracked
		for (int round = 0; round < 2; round++) {
			std::fill(words.begin(), words.end(), 0);
			EXPECT_EQ(bitmap(0, 128 * kPage, &words), 0);
			EXPECT_EQ(words[0], 0xfu);
			EXPECT_EQ(words[1], ~UINT64_C(0xf));
		}
		ASSERT_EQ(events(TRACE_DIRTY_READ).size(), 2u);
		EXPECT_EQ(events(TRACE_DIRTY_READ)[1].data.size(), 16u);
		EXPECT_EQ(events(TRACE_DIRTY_READ)[1].data[0], 0xf);
	});
}

TEST_F(Type1, BitmapKeepsWhatTheProgramHasBelowAMapping)
{
	in_program([&] {
		std::vector<uint64_t> words = {0xf0, 0x5a};
		EXPECT_EQ(map(anonymous(kMiB), 4 * kPage, 4 * kPage), 0);
		EXPECT_EQ(dirty(kStart), 0);
		words[0] = 0xff05;
		EXPECT_EQ(bitmap(0, 128 * kPage, &words), 0);
		// Words are written whole: kept below, clean behind, untouched where nothing is.
		EXPECT_EQ(words[0], 0xf5u);
		EXPECT_EQ(words[1], 0x5au);
		deny_writes = true;
		EXPECT_EQ(bitmap(0, 128 * kPage, &words), -EFAULT);
		deny_writes = false;
	});
}

TEST_F(Type1, UnmapGivesTheBitmapOfWhatGoes)
{
	in_program([&] {
		uint64_t va = anonymous(kMiB), words[2] = {};
		Unmap cmd = {{sizeof(cmd), VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, 0, 4 * kPage},
			     {kPage, sizeof(words), reinterpret_cast<__u64 *>(words)}};
		auto refused = [&](auto change) {
			Unmap changed = cmd;
			change(&changed);
			return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &changed);
		};
		EXPECT_EQ(map(va, 0, 4 * kPage), 0);
		EXPECT_EQ(map(va, 8 * kPage, 4 * kPage), 0);
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_UNMAP_DMA, &cmd), -EINVAL); // not tracked
		EXPECT_EQ(dirty(kStart), 0);
		EXPECT_EQ(refused([](Unmap *c) { c->head.argsz = 47; }), -EINVAL);
		EXPECT_EQ(refused([](Unmap *c) { c->head.flags |= kAll; }), -EINVAL);
		EXPECT_EQ(refused([](Unmap *c) { c->head.flags |= kVaddr; }), -EINVAL);
		EXPECT_EQ(refused([](Unmap *c) { c->bitmap.size = 0; }), -EINVAL);
		EXPECT_EQ(refused([](Unmap *c) { c->bitmap.pgsize = 2 * kPage; }), -EINVAL);
		EXPECT_EQ(refused([](Unmap *c) { c->bitmap.data = nullptr; }), -EFAULT);
		EXPECT_EQ(table()->pages.size(), 8u);
		cmd.head.size = 12 * kPage;
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_UNMAP_DMA, &cmd), 0);
		EXPECT_EQ(cmd.head.size, 8 * kPage);
		EXPECT_EQ(words[0], 0xf0fu);
		EXPECT_EQ(table()->pages.size(), 0u);
		EXPECT_EQ(events(TRACE_DIRTY_READ).size(), 1u);
	});
}

// Calls of other threads, a nanosecond after each other.
struct Thread {
	Type1 *test;
	uint64_t at_ps;
	std::function<int(actor *)> call;
	int rc;
	actor *self;
};

TEST_F(Type1, ClosingTheGroupAndMappingTakeTurns)
{
	smmu.wait_ps = PS_PER_US;
	in_program([&] {
		uint64_t va = anonymous(2 * kPage);
		auto map_second = [&](actor *actor) {
			vfio_iommu_type1_dma_map cmd = {sizeof(cmd), kRw, va + kPage, kPage, kPage};
			return uapi_ioctl(process, actor, container, VFIO_IOMMU_MAP_DMA, &cmd);
		};
		Thread threads[] = {
			{this, PS_PER_NS,
			 [&](actor *actor) { return uapi_close(process, actor, group); }, 1,
			 nullptr},
			{this, 2 * PS_PER_NS, map_second, 1, nullptr},
		};
		for (Thread &thread : threads)
			thread.self = actor_start(
				&sim, "thread",
				[](actor *actor, void *arg) {
					auto *t = static_cast<Thread *>(arg);
					actor_sleep(actor, t->at_ps);
					t->rc = t->call(actor);
				},
				&thread);
		EXPECT_EQ(map(va, 0, kPage), 0);
		actor_sleep(self, 10 * PS_PER_US);
		EXPECT_EQ(threads[0].rc, 0);
		EXPECT_EQ(threads[1].rc, -EINVAL); // the container has lost its driver
		EXPECT_EQ(table(), nullptr);
		for (Thread &thread : threads)
			actor_forget(thread.self);
	});
}

} // namespace
