// SPDX-License-Identifier: Apache-2.0
// Address spaces of PASIDs: VFIO_DEVICE_ATTACH_PASID, VFIO_DEVICE_DETACH_PASID.
#include "testbench/unit/uapi/iommufd_fixture.h"

namespace
{

class UapiPasid : public Iommufd
{
public:
	static constexpr uint32_t kBits = 6;

	void SetUp() override
	{
		smmu.pasids = {kBits, true, false};
		Iommufd::SetUp();
	}
	int attach_pasid(uint32_t pasid, uint32_t pt, uint32_t flags = VFIO_DEVICE_ATTACH_PASID,
			 uint32_t argsz = sizeof(vfio_device_attach_iommufd_pt))
	{
		vfio_device_attach_iommufd_pt cmd = {};
		cmd.argsz = argsz;
		cmd.flags = flags;
		cmd.pt_id = pt;
		cmd.pasid = pasid;
		return ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
	}
	int detach(uint32_t pasid, uint32_t flags = VFIO_DEVICE_DETACH_PASID,
		   uint32_t argsz = sizeof(vfio_device_detach_iommufd_pt))
	{
		vfio_device_detach_iommufd_pt cmd = {};
		cmd.argsz = argsz;
		cmd.flags = flags;
		cmd.pasid = pasid;
		return ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
	}
	// Tables made for PASIDs, the first attached to what has none.
	void tables(std::vector<uint32_t *> ids)
	{
		for (uint32_t *id : ids)
			ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_PASID, id), 0);
		uint32_t pt = *ids[0];
		ASSERT_EQ(attach(device, &pt), 0);
	}
};

TEST_F(UapiPasid, HardwareInformationTellsHowManyThereAre)
{
	in_program([&] {
		iommu_hw_info cmd = {};
		cmd.size = sizeof(cmd);
		cmd.dev_id = device_id;
		ASSERT_EQ(ioctl(iommu, IOMMU_GET_HW_INFO, &cmd), 0);
		EXPECT_EQ(cmd.out_max_pasid_log2, kBits);
		EXPECT_TRUE(cmd.out_capabilities & IOMMU_HW_CAP_PCI_PASID_EXEC);
		EXPECT_FALSE(cmd.out_capabilities & IOMMU_HW_CAP_PCI_PASID_PRIV);
	});
}

TEST_F(UapiPasid, EachHasATableOfItsOwn)
{
	in_program([&] {
		uint32_t plain, one, two;
		tables({&plain, &one, &two});
		ASSERT_EQ(attach_pasid(1, one), 0);
		ASSERT_EQ(attach_pasid(63, two), 0);
		ASSERT_EQ(smmu.pasid.size(), 2u);
		EXPECT_NE(smmu.pasid[1], smmu.pasid[63]);
		EXPECT_NE(smmu.pasid[1], table());
		EXPECT_EQ(destroy(one), -EBUSY);
		EXPECT_EQ(detach(1), 0);
		EXPECT_EQ(smmu.pasid.size(), 1u);
		EXPECT_EQ(destroy(one), 0);
		EXPECT_EQ(detach(1), 0) << "nothing is attached there: Linux says nothing";
		EXPECT_EQ(smmu.pasid.size(), 1u);
		uapi_close(process, self, device);
		EXPECT_TRUE(smmu.pasid.empty()) << "closed, the device has none";
		EXPECT_EQ(destroy(two), 0);
	});
}

TEST_F(UapiPasid, AttachingAgainReplaces)
{
	in_program([&] {
		uint32_t plain, one, two;
		tables({&plain, &one, &two});
		ASSERT_EQ(attach_pasid(5, one), 0);
		smmu_domain *before = smmu.pasid[5];
		ASSERT_EQ(attach_pasid(5, one), 0);
		EXPECT_EQ(smmu.pasid[5], before);
		ASSERT_EQ(attach_pasid(5, two), 0);
		EXPECT_NE(smmu.pasid[5], before);
		EXPECT_EQ(destroy(one), 0);
		EXPECT_EQ(destroy(two), -EBUSY);
	});
}

TEST_F(UapiPasid, TablesMustHaveBeenMadeForThem)
{
	in_program([&] {
		uint32_t other, made;
		ASSERT_EQ(hwpt_alloc(0, &other), 0);
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_PASID, &made), 0);
		EXPECT_EQ(attach_pasid(1, other), -EINVAL);
		EXPECT_EQ(attach_pasid(1, ioas), -EINVAL) << "the one that is made for it is not";
		uint32_t pt = other;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(attach_pasid(1, made), -EINVAL) << "what has no PASID has another";
		pt = made;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(attach_pasid(1, made), 0);
		pt = other;
		EXPECT_EQ(attach(device, &pt), -EINVAL) << "while a PASID is attached";
		EXPECT_EQ(detach(1), 0);
		EXPECT_EQ(attach(device, &pt), 0);
	});
}

TEST_F(UapiPasid, WithoutATableForTheRestAPasidIsAttachedAlone)
{
	in_program([&] {
		uint32_t made;
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_PASID, &made), 0);
		ASSERT_EQ(attach_pasid(1, made), 0);
		EXPECT_EQ(table(), nullptr);
		EXPECT_EQ(destroy(device_id), -EBUSY);
	});
}

TEST_F(UapiPasid, NumbersThatTheDeviceCannotHave)
{
	in_program([&] {
		uint32_t plain, one;
		tables({&plain, &one});
		EXPECT_EQ(attach_pasid(64, one), -EINVAL);
		EXPECT_EQ(attach_pasid(0x80000000, one), -ENOSPC);
		EXPECT_EQ(attach_pasid(0, one), -EBUSY) << "0 is what has no PASID";
		EXPECT_EQ(attach_pasid(1, 99), -ENOENT);
		EXPECT_EQ(attach_pasid(1, device_id), -EINVAL);
		EXPECT_TRUE(smmu.pasid.empty());
		smmu.pasids = {};
		EXPECT_EQ(attach_pasid(1, one), -EINVAL) << "it has none at all";
	});
}

TEST_F(UapiPasid, FlagsAndSizesAreJudgedFirst)
{
	in_program([&] {
		uint32_t plain, one;
		tables({&plain, &one});
		EXPECT_EQ(attach_pasid(1, one, 2), -EINVAL);
		EXPECT_EQ(attach_pasid(1, one, 3), -EINVAL);
		EXPECT_EQ(attach_pasid(1, one, 1, 12), -EINVAL) << "it ends before the PASID";
		EXPECT_EQ(detach(1, 2), -EINVAL);
		EXPECT_EQ(detach(1, 1, 8), -EINVAL);
		EXPECT_NE(table(), nullptr);
	});
}

TEST_F(UapiPasid, NothingIsReservedInTheirAddressSpaces)
{
	in_program([&] {
		uint32_t plain, other = ioas_alloc(iommu), made;
		tables({&plain});
		ASSERT_EQ(hwpt_alloc(IOMMU_HWPT_ALLOC_PASID, &made, other), 0);
		ASSERT_EQ(attach_pasid(1, made), 0);
		uint64_t va = anonymous(kPage);
		EXPECT_EQ(map(iommu, ioas, va, kPage, 0x08000000, kFixed), -EINVAL);
		EXPECT_EQ(map(iommu, other, va, kPage, 0x08000000, kFixed), 0) << "no MSI has one";
		EXPECT_EQ(smmu.pasid[1]->pages.count(0x08000000), 1u);
	});
}

TEST_F(UapiPasid, WhenTheAnswerCannotBeWrittenTheRestIsDetached)
{
	in_program([&] {
		uint32_t plain, one;
		tables({&plain, &one});
		deny_writes = true;
		EXPECT_EQ(attach_pasid(1, one), -EFAULT);
		deny_writes = false;
		EXPECT_EQ(table(), nullptr) << "as Linux has it";
		EXPECT_EQ(smmu.pasid.size(), 1u);
	});
}

} // namespace
