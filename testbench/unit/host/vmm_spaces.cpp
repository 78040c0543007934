/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces of PASIDs, as a VMM makes them. */
#include "testbench/unit/host/vmm_fake_kernel.hpp"

extern "C" {
#include "host/vmm/vm_internal.h"
}

#include <gmock/gmock.h>

#include <algorithm>

using ::testing::ElementsAre;

namespace
{
constexpr uint64_t RamBase = 0x40000000, RamBytes = 16 << 20;

class VmSpaces : public TwoHosts
{
protected:
	void SetUp() override
	{
		kernel = std::make_unique<struct uapi_kernel>(source.get());
		kernel->pasid_bits = 8;
	}
	void TearDown() override
	{
		act([&](struct actor *self) { vm_destroy(vm, self); });
		for (auto *p : fake_processes)
			delete p;
		fake_processes.clear();
	}
	int create(bool pasids)
	{
		struct vm_cfg cfg = {0,         "vm",     "/dev/vfio/devices/vfio0",
				     RamBase,   RamBytes, false,
				     PS_PER_US, 0x110};
		struct vm_env env = {source->part, kernel.get(), source->cpu, source->dram};
		int ret = 1;

		cfg.pasids = pasids;
		act([&](struct actor *self) { ret = vm_create(&cfg, &env, self, &vm); });
		made = kernel->arguments;
		kernel->arguments.clear();
		kernel->calls.clear();
		return ret;
	}
	int map(uint32_t pasid, uint64_t iova, uint64_t offset)
	{
		int ret = 1;

		act([&](struct actor *self) {
			ret = vm_machine_ops.space_map(vm, self, pasid, iova, RamBase + offset,
						       8192);
		});
		return ret;
	}
	int drop(uint32_t pasid)
	{
		int ret = 1;

		act([&](struct actor *self) { ret = vm_machine_ops.space_drop(vm, self, pasid); });
		return ret;
	}

	std::unique_ptr<struct uapi_kernel> kernel;
	struct vm *vm = nullptr;
	std::vector<std::string> made;
};

TEST_F(VmSpaces, EachIsAnIoasWithATableOfItsOwn)
{
	ASSERT_EQ(create(true), 0);
	EXPECT_THAT(made, ElementsAre("table 2 over 1 for PASIDs"));
	ASSERT_EQ(map(5, 0x1000, 0x4000), 0);
	EXPECT_THAT(kernel->calls, ElementsAre("IOMMU_IOAS_ALLOC", "IOMMU_HWPT_ALLOC",
					       "VFIO_DEVICE_ATTACH_IOMMUFD_PT", "IOMMU_IOAS_MAP"));
	ASSERT_EQ(map(6, 0x1000, 0x8000), 0);
	ASSERT_EQ(map(5, 0x9000, 0xc000), 0);
	EXPECT_THAT(kernel->arguments,
		    ElementsAre("table 4 over 3 for PASIDs", "map into 3 at 4096 8192 from 16384",
				"table 6 over 5 for PASIDs", "map into 5 at 4096 8192 from 32768",
				"map into 3 at 36864 8192 from 49152"));
}

TEST_F(VmSpaces, DroppingTakesAllOfIt)
{
	ASSERT_EQ(create(true), 0);
	ASSERT_EQ(map(5, 0x1000, 0x4000), 0);
	kernel->calls.clear();
	kernel->arguments.clear();
	EXPECT_EQ(drop(6), -ENOENT);
	ASSERT_EQ(drop(5), 0);
	EXPECT_THAT(kernel->calls,
		    ElementsAre("VFIO_DEVICE_DETACH_IOMMUFD_PT", "IOMMU_DESTROY", "IOMMU_DESTROY"));
	EXPECT_THAT(kernel->arguments, ElementsAre("destroy 4", "destroy 3"));
	EXPECT_EQ(drop(5), -ENOENT);
}

TEST_F(VmSpaces, AVmWithoutThemSaysNo)
{
	ASSERT_EQ(create(false), 0);
	EXPECT_THAT(made, ElementsAre("table 2 over 1"));
	EXPECT_EQ(map(5, 0x1000, 0x4000), -EOPNOTSUPP);
}

TEST_F(VmSpaces, ADeviceWithoutPasidsCannotHaveThem)
{
	kernel->pasid_bits = 0;
	EXPECT_EQ(create(true), -EOPNOTSUPP);
}

TEST_F(VmSpaces, WhatTheKernelRefusesIsTold)
{
	ASSERT_EQ(create(true), 0);
	kernel->call_count = 0;
	kernel->fail_at = 3; /* attaching */
	EXPECT_EQ(map(5, 0x1000, 0x4000), -EIO);
	kernel->fail_at = 0;
	EXPECT_EQ(drop(5), -ENOENT);
	EXPECT_EQ(map(5, 0x1000, 0x4000), 0);
}
} // namespace
