// SPDX-License-Identifier: Apache-2.0
// A context, an IOAS and a bound device: where tests of /dev/iommu begin.
#ifndef VFSIM_TEST_UAPI_IOMMUFD_FIXTURE_H
#define VFSIM_TEST_UAPI_IOMMUFD_FIXTURE_H

#include "testbench/unit/uapi/machine.h"

constexpr uint64_t kPage = 4096, kMiB = 1 << 20;
constexpr uint32_t kRw = IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE;
constexpr uint32_t kFixed = kRw | IOMMU_IOAS_MAP_FIXED_IOVA;

class Iommufd : public Machine
{
public:
	void in_program(std::function<void()> body)
	{
		run([&](actor *) {
			iommu = open_iommu();
			device = open_device();
			device_id = bind(device, iommu);
			ioas = ioas_alloc(iommu);
			body();
		});
	}

	int hwpt_alloc(uint32_t flags, uint32_t *id, uint32_t pt = 0)
	{
		iommu_hwpt_alloc cmd = {};
		cmd.size = sizeof(cmd);
		cmd.flags = flags;
		cmd.dev_id = device_id;
		cmd.pt_id = pt ? pt : ioas;
		int rc = ioctl(iommu, IOMMU_HWPT_ALLOC, &cmd);
		if (id)
			*id = cmd.out_hwpt_id;
		return rc;
	}

	int destroy(uint32_t id)
	{
		iommu_destroy cmd = {sizeof(cmd), id};
		return ioctl(iommu, IOMMU_DESTROY, &cmd);
	}

	int ranges(std::vector<iommu_iova_range> *list, uint32_t *count, uint64_t *alignment)
	{
		iommu_ioas_iova_ranges cmd = {};
		cmd.size = sizeof(cmd);
		cmd.ioas_id = ioas;
		cmd.num_iovas = list->size();
		cmd.allowed_iovas = reinterpret_cast<uint64_t>(list->data());
		int rc = ioctl(iommu, IOMMU_IOAS_IOVA_RANGES, &cmd);
		*count = cmd.num_iovas;
		*alignment = cmd.out_iova_alignment;
		return rc;
	}

	int dirty_bitmap(uint32_t hwpt, uint64_t iova, uint64_t length, uint64_t page_size,
			 void *bits, uint32_t flags = 0)
	{
		iommu_hwpt_get_dirty_bitmap cmd = {};
		cmd.size = sizeof(cmd);
		cmd.hwpt_id = hwpt;
		cmd.flags = flags;
		cmd.iova = iova;
		cmd.length = length;
		cmd.page_size = page_size;
		cmd.data = reinterpret_cast<uint64_t>(bits);
		return ioctl(iommu, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
	}

	smmu_domain *table()
	{
		return smmu.stream[kStream];
	}

	int iommu = -1, device = -1;
	uint32_t device_id = 0, ioas = 0;
};

#endif
