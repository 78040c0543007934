// SPDX-License-Identifier: Apache-2.0
// Groups, containers, and a device's way in by its group.
#include <linux/pci_regs.h>

#include "testbench/unit/uapi/type1_fixture.h"

namespace
{

constexpr uint32_t kViable = VFIO_GROUP_FLAGS_VIABLE, kSet = VFIO_GROUP_FLAGS_CONTAINER_SET;

class Group : public Type1
{
};

class SharedGroup : public Group
{
	void SetUp() override
	{
		device_cfg.host_driver_in_group = true;
		boot();
	}
};

class NamedDevice : public Group
{
	void SetUp() override
	{
		strcpy(device_cfg.name, "0000:00:05.0");
		boot();
	}
};

TEST_F(Group, IsOpenOnce)
{
	run([&](actor *actor) {
		EXPECT_EQ(uapi_open(process, actor, "/dev/vfio/8", 0), -ENOENT);
		EXPECT_EQ(uapi_access(process, actor, "/dev/vfio/7", 0), 0);
		int fd = open_group();
		ASSERT_GE(fd, 0);
		EXPECT_EQ(open_group(), -EBUSY);
		EXPECT_EQ(uapi_access(process, actor, "/dev/vfio/7", 0), 0);
		EXPECT_EQ(ioctl(fd, _IO(VFIO_TYPE, 200)), -ENOTTY);
		EXPECT_EQ(ioctl(fd, VFIO_GET_API_VERSION), -ENOTTY);
		uapi_stat stat = {};
		EXPECT_EQ(uapi_fstat(process, actor, fd, &stat), 0);
		EXPECT_EQ(stat.mode, 0020600u);
		EXPECT_EQ(uapi_close(process, actor, fd), 0);
		EXPECT_GE(open_group(), 0);
	});
}

TEST_F(Group, AndCdevExcludeEachOther)
{
	run([&](actor *actor) {
		int cdev = open_device(), iommu = open_iommu();
		vfio_device_bind_iommufd cmd = {};
		cmd.argsz = sizeof(cmd);
		cmd.iommufd = iommu;
		group = open_group(); // an open cdev that is not bound is no obstacle
		ASSERT_GE(group, 0);
		EXPECT_EQ(ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EBUSY);
		EXPECT_EQ(uapi_close(process, actor, group), 0);
		EXPECT_EQ(ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &cmd), 0);
		EXPECT_EQ(open_group(), -EBUSY);
		EXPECT_EQ(ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL); // still one bind
		EXPECT_EQ(uapi_close(process, actor, cdev), 0);
		EXPECT_GE(open_group(), 0);
	});
}

TEST_F(Group, StatusTellsViableAndContainer)
{
	run([&](actor *actor) {
		uint32_t flags;
		group = open_group();
		vfio_group_status shorter = {7, 0};
		EXPECT_EQ(ioctl(group, VFIO_GROUP_GET_STATUS, &shorter), -EINVAL);
		EXPECT_EQ(ioctl(group, VFIO_GROUP_GET_STATUS), -EFAULT);
		EXPECT_EQ(status(group, &flags), 0);
		EXPECT_EQ(flags, kViable);
		EXPECT_EQ(set_container(group, open_container()), 0);
		EXPECT_EQ(status(group, &flags), 0);
		EXPECT_EQ(flags, kViable | kSet);
		EXPECT_EQ(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), 0);
		EXPECT_EQ(status(group, &flags), 0);
		EXPECT_EQ(flags, kViable);
		deny_writes = true;
		EXPECT_EQ(status(group, &flags), -EFAULT);
		deny_writes = false;
		(void)actor;
	});
}

TEST_F(SharedGroup, IsNotViableAndItsDmaNobodyElses)
{
	run([&](actor *) {
		uint32_t flags;
		int cdev = open_device();
		vfio_device_bind_iommufd cmd = {};
		cmd.argsz = sizeof(cmd);
		cmd.iommufd = open_iommu();
		EXPECT_EQ(ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EPERM);
		group = open_group(); // the failed bind left nothing behind
		EXPECT_EQ(status(group, &flags), 0);
		EXPECT_EQ(flags, 0u);
		EXPECT_EQ(set_container(group, open_container()), -EPERM);
		EXPECT_EQ(device_fd(kName), -EINVAL);
	});
}

TEST_F(Group, ContainerIsSetOnceAndOnlyToAContainer)
{
	run([&](actor *) {
		group = open_group();
		container = open_container();
		EXPECT_EQ(ioctl(group, VFIO_GROUP_SET_CONTAINER), -EFAULT);
		EXPECT_EQ(set_container(group, 99), -EBADF);
		EXPECT_EQ(set_container(group, -1), -EBADF);
		EXPECT_EQ(set_container(group, group), -EBADFD);
		EXPECT_EQ(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), -EINVAL);
		EXPECT_EQ(set_container(group, container), 0);
		EXPECT_EQ(set_container(group, group), -EINVAL); // before it looks at what it is
		EXPECT_EQ(set_container(group, container), -EINVAL);
	});
}

TEST_F(Group, ContainerStaysWhileADeviceIsOpen)
{
	in_program([&] {
		int device = device_fd(kName);
		ASSERT_GE(device, 0);
		EXPECT_EQ(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), -EBUSY);
		EXPECT_EQ(uapi_close(process, self, device), 0);
		EXPECT_EQ(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), 0);
		EXPECT_EQ(extension(container, VFIO_UPDATE_VADDR), 0); // it has lost its driver
		EXPECT_EQ(device_fd(kName), -EINVAL);
	});
}

TEST_F(Group, DeviceIsFoundByItsWholeName)
{
	in_program([&] {
		EXPECT_EQ(ioctl(group, VFIO_GROUP_GET_DEVICE_FD), -EFAULT);
		EXPECT_EQ(device_fd("0000:01:01.1"), -ENODEV);
		EXPECT_EQ(device_fd("0000:01:01"), -ENODEV);
		EXPECT_EQ(device_fd("0000:01:01.0x"), -ENODEV);
		EXPECT_EQ(device_fd(""), -ENODEV);
		EXPECT_EQ(device_fd(std::string(4096, 'a')), -EINVAL); // no end in a page
		EXPECT_EQ(device_fd(std::string(4095, 'a')), -ENODEV);
		EXPECT_GE(device_fd("0000:01:01.0  "), 0);
		EXPECT_GE(device_fd(kName), 0); // a second time too
	});
}

TEST_F(Group, TokenIsForDevicesWhosePfIsVfios)
{
	in_program([&] {
		const std::string name = kName;
		EXPECT_EQ(device_fd(name + " vf_token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3"),
			  -EINVAL);
		EXPECT_EQ(device_fd(name + " vf_token=bd8d9d2b"), -EINVAL);
		EXPECT_EQ(device_fd(name + " token=1"), -EINVAL);
	});
}

TEST_F(NamedDevice, IsFoundByTheNameThatItWasGiven)
{
	in_program([&] {
		EXPECT_EQ(device_fd(kName), -ENODEV);
		EXPECT_GE(device_fd("0000:00:05.0"), 0);
	});
}

TEST_F(Group, DeviceNeedsAContainerWithAnIommu)
{
	in_program(
		[&] {
			EXPECT_EQ(device_fd(kName), -EINVAL);
			EXPECT_EQ(function.resets, 0);
			EXPECT_EQ(set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
			EXPECT_GE(device_fd(kName), 0);
			EXPECT_EQ(function.resets, 1);
		},
		0);
	run([&](actor *) {
		int fd = open_group();
		EXPECT_EQ(fd, -EBUSY); // the program has it
	});
}

TEST_F(Group, OpenDeviceKeepsGroupAndContainer)
{
	in_program([&] {
		int device = device_fd(kName), again = device_fd(kName);
		EXPECT_EQ(map(anonymous(kPage), 0, kPage), 0);
		EXPECT_EQ(uapi_close(process, self, group), 0);
		EXPECT_EQ(uapi_close(process, self, container), 0);
		EXPECT_EQ(open_group(), -EBUSY);
		EXPECT_EQ(table()->pages.size(), 1u);
		EXPECT_EQ(uapi_close(process, self, device), 0);
		EXPECT_EQ(function.resets, 1); // it is still open
		EXPECT_EQ(config(again, PCI_VENDOR_ID, 2), 0x8086u);
		EXPECT_EQ(uapi_close(process, self, again), 0);
		EXPECT_EQ(function.resets, 2);
		EXPECT_EQ(table(), nullptr);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		EXPECT_GE(open_group(), 0);
	});
}

TEST_F(Group, DeviceHasNoOtherTableThanItsContainers)
{
	in_program([&] {
		int device = device_fd(kName);
		uint32_t pt = 1;
		EXPECT_EQ(attach(device, &pt), -ENOTTY);
		vfio_device_detach_iommufd_pt detach = {sizeof(detach), 0, 0};
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach), -ENOTTY);
		vfio_device_bind_iommufd cmd = {};
		cmd.argsz = sizeof(cmd);
		cmd.iommufd = open_iommu();
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL);
		uapi_stat stat = {};
		EXPECT_EQ(uapi_fstat(process, self, device, &stat), 0);
		EXPECT_EQ(stat.mode, 0600u); // an anonymous inode
		EXPECT_EQ(stat.major, 0u);
	});
}

TEST_F(Group, HotResetAsksForGroups)
{
	in_program([&] {
		struct {
			uint32_t argsz, flags, count;
			int32_t fd;
		} cmd = {sizeof(cmd), 0, 0, group};
		int device = device_fd(kName);
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, &cmd), -EINVAL);
		cmd.count = 1; // then it finds that neither slot nor bus can be reset
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, &cmd), -ENODEV);
	});
}

TEST_F(Group, DeviceWorksAsByTheCdev)
{
	in_program([&] {
		int device = device_fd(kName);
		int eventfd = uapi_eventfd(process, nullptr, nullptr);
		uint64_t count = 0, va = 0;
		vfio_device_info info = {};
		info.argsz = sizeof(info);
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_INFO, &info), 0);
		EXPECT_EQ(info.num_regions, 9u);
		EXPECT_EQ(irqs(device, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			       VFIO_PCI_MSIX_IRQ_INDEX, 0, {eventfd}),
			  0);
		// The doorbell's page is in the container's table, where Linux keeps it.
		EXPECT_EQ(function.msix(0, 0), 0x08000000u + kDoorbell % kPage);
		EXPECT_EQ(table()->pages[0x08000000], kDoorbell - kDoorbell % kPage);
		fire_msi(0);
		EXPECT_EQ(uapi_read(process, self, eventfd, &count, 8), 8);
		EXPECT_EQ(count, 1u);
		EXPECT_EQ(uapi_mmap(process, self, kPage, device, 0, &va), 0);
		EXPECT_EQ(uapi_translate(process, va), kBar0);
		EXPECT_EQ(get_state(device), unsigned{VFIO_DEVICE_STATE_RUNNING});
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_RESET), 0);
	});
}

TEST_F(Group, DeviceThatCannotBeGivenADescriptorIsClosed)
{
	in_program([&] {
		while (uapi_eventfd(process, nullptr, nullptr) >= 0)
			;
		EXPECT_EQ(device_fd(kName), -EMFILE);
		EXPECT_EQ(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), 0);
	});
}

TEST_F(Group, ContainerAnswersWithoutADriver)
{
	run([&](actor *actor) {
		uint32_t none[8] = {};
		container = open_container();
		ASSERT_GE(container, 0);
		EXPECT_EQ(uapi_access(process, actor, "/dev/vfio/vfio", 0), 0);
		EXPECT_GE(open_container(), 0); // as many as one likes
		EXPECT_EQ(ioctl(container, VFIO_GET_API_VERSION), 0);
		for (unsigned long yes : {VFIO_TYPE1_IOMMU, VFIO_TYPE1v2_IOMMU, VFIO_UNMAP_ALL})
			EXPECT_EQ(extension(container, yes), 1) << yes;
		for (unsigned long no :
		     {0, 2, VFIO_DMA_CC_IOMMU, 5, 6, 7, VFIO_NOIOMMU_IOMMU, VFIO_UPDATE_VADDR, 11})
			EXPECT_EQ(extension(container, no), 0) << no;
		EXPECT_EQ(set_iommu(container, VFIO_TYPE1v2_IOMMU), -EINVAL); // without a group
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_MAP_DMA), -EINVAL);
		EXPECT_EQ(ioctl(container, VFIO_IOMMU_GET_INFO, none), -EINVAL);
		EXPECT_EQ(ioctl(container, _IO(VFIO_TYPE, 200)), -EINVAL);
	});
}

TEST_F(Group, IommuIsSetOnceAndOfAKindThatThereIs)
{
	in_program(
		[&] {
			for (unsigned long absent : {0ul, 2ul, 6ul, 7ul, 8ul, 0x100000001ul})
				EXPECT_EQ(set_iommu(container, absent), -ENODEV) << absent;
			// Extensions that it has, but no kinds of IOMMU.
			EXPECT_EQ(set_iommu(container, VFIO_UNMAP_ALL), -EINVAL);
			EXPECT_EQ(set_iommu(container, VFIO_TYPE1_IOMMU), 0);
			EXPECT_NE(table(), nullptr);
			EXPECT_EQ(set_iommu(container, VFIO_TYPE1_IOMMU), -EINVAL);
			EXPECT_EQ(extension(container, VFIO_UPDATE_VADDR), 1);
			EXPECT_EQ(extension(container, VFIO_DMA_CC_IOMMU), 0);
			EXPECT_EQ(ioctl(container, _IO(VFIO_TYPE, 200)), -ENOTTY);
		},
		0);
}

TEST_F(Group, LosesItsTableWithTheContainer)
{
	in_program([&] {
		EXPECT_EQ(map(anonymous(kMiB), 0, kMiB), 0);
		EXPECT_EQ(uapi_process_pinned_pages(process), 256u);
		EXPECT_EQ(ioctl(group, VFIO_GROUP_UNSET_CONTAINER), 0);
		EXPECT_EQ(table(), nullptr);
		EXPECT_EQ(uapi_process_pinned_pages(process), 0u);
		EXPECT_EQ(map(anonymous(kMiB), 0, kMiB), -EINVAL); // no driver any more
		EXPECT_EQ(set_container(group, container), 0);
		EXPECT_EQ(set_iommu(container, VFIO_TYPE1_IOMMU), 0); // and may choose again
	});
}

} // namespace
