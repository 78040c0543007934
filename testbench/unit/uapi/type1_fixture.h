// SPDX-License-Identifier: Apache-2.0
// A group in a container with type1: where tests of the older interface begin.
#ifndef VFSIM_TEST_UAPI_TYPE1_FIXTURE_H
#define VFSIM_TEST_UAPI_TYPE1_FIXTURE_H

#include <algorithm>

#include "testbench/unit/uapi/machine.h"

constexpr uint64_t kPage = 4096, kMiB = 1 << 20;
constexpr uint32_t kRw = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
constexpr char kName[] = "0000:01:01.0"; // of stream 0x108

class Type1 : public Machine
{
public:
	// `type` 0: the container is left without an IOMMU driver.
	void in_program(std::function<void()> body, unsigned long type = VFIO_TYPE1v2_IOMMU)
	{
		run([&](actor *) {
			group = open_group();
			container = open_container();
			ASSERT_EQ(set_container(group, container), 0);
			if (type) {
				ASSERT_EQ(set_iommu(container, type), 0);
			}
			body();
		});
	}

	int open_group()
	{
		return uapi_open(process, self, "/dev/vfio/7", 0);
	}

	int open_container()
	{
		return uapi_open(process, self, "/dev/vfio/vfio", 0);
	}

	int set_container(int group_fd, int fd)
	{
		return ioctl(group_fd, VFIO_GROUP_SET_CONTAINER, &fd);
	}

	int value(int fd, unsigned long request, unsigned long argument)
	{
		return uapi_ioctl(process, self, fd, request, reinterpret_cast<void *>(argument));
	}

	int set_iommu(int fd, unsigned long type)
	{
		return value(fd, VFIO_SET_IOMMU, type);
	}

	int extension(int fd, unsigned long number)
	{
		return value(fd, VFIO_CHECK_EXTENSION, number);
	}

	int status(int fd, uint32_t *flags)
	{
		vfio_group_status cmd = {sizeof(cmd), 0xff};
		int rc = ioctl(fd, VFIO_GROUP_GET_STATUS, &cmd);
		*flags = cmd.flags;
		return rc;
	}

	int device_fd(const std::string &name)
	{
		return uapi_ioctl(process, self, group, VFIO_GROUP_GET_DEVICE_FD,
				  const_cast<char *>(name.c_str()));
	}

	int map(uint64_t va, uint64_t iova, uint64_t size, uint32_t flags = kRw)
	{
		vfio_iommu_type1_dma_map cmd = {sizeof(cmd), flags, va, iova, size};
		return ioctl(container, VFIO_IOMMU_MAP_DMA, &cmd);
	}

	// What was unmapped, or an errno.
	int64_t unmap(uint64_t iova, uint64_t size, uint32_t flags = 0)
	{
		vfio_iommu_type1_dma_unmap cmd = {sizeof(cmd), flags, iova, size};
		int rc = ioctl(container, VFIO_IOMMU_UNMAP_DMA, &cmd);
		return rc ? rc : static_cast<int64_t>(cmd.size);
	}

	int dirty(uint32_t flags)
	{
		vfio_iommu_type1_dirty_bitmap cmd = {sizeof(cmd), flags};
		return ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);
	}

	struct GetBitmap {
		struct {
			uint32_t argsz, flags;
		} head;
		vfio_iommu_type1_dirty_bitmap_get range;
	};
	static GetBitmap get_bitmap(uint64_t iova, uint64_t size, std::vector<uint64_t> *words)
	{
		return {{sizeof(GetBitmap), VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP},
			{iova,
			 size,
			 {kPage, words->size() * 8, reinterpret_cast<__u64 *>(words->data())}}};
	}
	int bitmap(uint64_t iova, uint64_t size, std::vector<uint64_t> *words)
	{
		GetBitmap cmd = get_bitmap(iova, size, words);
		return ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);
	}

	smmu_domain *table()
	{
		return smmu.stream[kStream];
	}

	int group = -1, container = -1;
};

#endif
