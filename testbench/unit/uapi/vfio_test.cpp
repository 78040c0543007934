// SPDX-License-Identifier: Apache-2.0
// A VFIO device: binding, regions, configuration space, interrupts, reset.
#include <linux/pci_regs.h>

#include "testbench/unit/uapi/machine.h"

namespace
{

constexpr uint32_t kTrigger = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
constexpr uint32_t kNone = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
constexpr uint64_t kBar3Region = UINT64_C(3) << 40;

class Vfio : public Machine
{
public:
	void in_program(std::function<void()> body)
	{
		run([&](actor *) {
			iommu = open_iommu();
			device = open_device();
			bind(device, iommu);
			body();
		});
	}

	vfio_region_info region(uint32_t index, int expected = 0)
	{
		vfio_region_info info = {};
		info.argsz = sizeof(info);
		info.index = index;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info), expected);
		return info;
	}

	uint64_t count(int eventfd)
	{
		uint64_t value = 0;
		if (uapi_poll(process, self, eventfd, 0)) {
			EXPECT_EQ(uapi_read(process, self, eventfd, &value, 8), 8);
		}
		return value;
	}

	int iommu = -1, device = -1;
};

TEST_F(Vfio, OnlyBindingIsHeardBeforeBinding)
{
	run([&](actor *actor) {
		int fd = open_device(), iommu_fd = open_iommu();
		uint32_t value;
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_GET_INFO), -EINVAL);
		EXPECT_EQ(ioctl(fd, _IO(VFIO_TYPE, 200)), -EINVAL);
		EXPECT_EQ(uapi_pread(process, actor, fd, &value, 4, 0), -EINVAL);
		uint64_t va = 0;
		EXPECT_EQ(uapi_mmap(process, actor, 4096, fd, 0, &va), -EINVAL);
		vfio_device_bind_iommufd cmd = {};
		cmd.argsz = 15;
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL);
		cmd.argsz = sizeof(cmd);
		cmd.iommufd = -1;
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL);
		cmd.iommufd = 60;
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EBADF);
		cmd.iommufd = fd;
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EBADFD);
		cmd.flags = 2;
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL);
		cmd.flags = VFIO_DEVICE_BIND_FLAG_TOKEN; // for devices whose PF is VFIO's
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EFAULT);
		uint8_t uuid[16] = {};
		cmd.token_uuid_ptr = reinterpret_cast<uint64_t>(uuid);
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL);
		cmd.flags = 0;
		cmd.iommufd = iommu_fd;
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), 0);
		EXPECT_EQ(cmd.out_devid, 1u);
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL);
		// Another opening of the same device stays outside.
		int second = open_device();
		EXPECT_EQ(ioctl(second, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EINVAL);
		EXPECT_EQ(uapi_close(process, actor, fd), 0);
		EXPECT_EQ(ioctl(second, VFIO_DEVICE_BIND_IOMMUFD, &cmd), 0);
	});
}

TEST_F(Vfio, BindingThatCannotBeToldIsUndone)
{
	run([&](actor *) {
		device = open_device();
		vfio_device_bind_iommufd cmd = {};
		cmd.argsz = sizeof(cmd);
		cmd.iommufd = open_iommu();
		deny_writes = true;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &cmd), -EFAULT);
		deny_writes = false;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_INFO), -EINVAL);
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &cmd), 0);
		EXPECT_EQ(cmd.out_devid, 1u);
	});
}

TEST_F(Vfio, DeviceOutlivesTheDescriptorOfItsIommufd)
{
	in_program([&] {
		uint32_t pt = ioas_alloc(iommu);
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(uapi_close(process, self, iommu), 0);
		EXPECT_NE(smmu.stream[kStream], nullptr);
		EXPECT_EQ(uapi_close(process, self, device), 0);
		EXPECT_EQ(smmu.stream[kStream], nullptr);
	});
}

TEST_F(Vfio, OpenAndCloseResetTheFunction)
{
	EXPECT_EQ(function.resets, 0);
	in_program([&] {
		EXPECT_EQ(function.resets, 1);
		set_config(device, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
		EXPECT_TRUE(function.get(PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
		uapi_close(process, self, device);
		EXPECT_EQ(function.resets, 2);
		EXPECT_FALSE(function.get(PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	});
}

TEST_F(Vfio, AbsentFunctionCannotBeAdded)
{
	uapi_vfio_device_cfg other = device_cfg;
	run([&](actor *actor) {
		EXPECT_EQ(uapi_kernel_add_vfio_device(kernel, actor, &other), -EEXIST);
		other.number = 1; // its group is still another's
		EXPECT_EQ(uapi_kernel_add_vfio_device(kernel, actor, &other), -EEXIST);
		other.group = 1;
		function.present = false;
		EXPECT_EQ(uapi_kernel_add_vfio_device(kernel, actor, &other), -ENODEV);
	});
	function.present = true;
}

TEST_F(Vfio, InfoIsAPciDevices)
{
	in_program([&] {
		vfio_device_info info = {};
		info.argsz = 12;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_INFO, &info), -EINVAL);
		info.argsz = sizeof(info);
		info.cap_offset = 7;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_INFO, &info), 0);
		EXPECT_EQ(info.argsz, sizeof(info));
		EXPECT_EQ(info.flags, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
		EXPECT_EQ(info.num_regions, 9u);
		EXPECT_EQ(info.num_irqs, 5u);
		EXPECT_EQ(info.cap_offset, 0u);
		EXPECT_EQ(ioctl(device, _IO(VFIO_TYPE, 200)), -ENOTTY);
		EXPECT_EQ(ioctl(device, VFIO_GET_API_VERSION), -ENOTTY);
	});
}

TEST_F(Vfio, RegionsAreTheBars)
{
	in_program([&] {
		EXPECT_EQ(region(0).size, 65536u);
		EXPECT_EQ(region(0).flags, VFIO_REGION_INFO_FLAG_READ |
						   VFIO_REGION_INFO_FLAG_WRITE |
						   VFIO_REGION_INFO_FLAG_MMAP);
		EXPECT_EQ(region(1).size, 0u);
		EXPECT_EQ(region(1).flags, 0u);
		EXPECT_EQ(region(1).offset, UINT64_C(1) << 40);
		vfio_region_info table = region(3);
		EXPECT_TRUE(table.flags & VFIO_REGION_INFO_FLAG_CAPS);
		EXPECT_EQ(table.argsz, sizeof(table) + 8);
		EXPECT_EQ(table.cap_offset, 0u); // there was no room for it
		struct {
			vfio_region_info info;
			vfio_info_cap_header cap;
		} roomy = {};
		roomy.info.argsz = sizeof(roomy);
		roomy.info.index = 3;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &roomy), 0);
		EXPECT_EQ(roomy.info.cap_offset, sizeof(roomy.info));
		EXPECT_EQ(roomy.cap.id, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
		EXPECT_EQ(region(6).size, 0u);
		EXPECT_EQ(region(7).size, 4096u);
		region(8, -EINVAL);
		region(9, -EINVAL);
	});
}

class VfioTrapped : public Vfio
{
	void SetUp() override
	{
		device_cfg.trap_bars = true;
		device_cfg.no_dynamic_msix = true;
		boot();
	}
};

TEST_F(VfioTrapped, BarsCannotBeMapped)
{
	in_program([&] {
		uint64_t va = 0;
		EXPECT_EQ(region(0).flags,
			  VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE);
		EXPECT_EQ(region(3).argsz, sizeof(vfio_region_info));
		EXPECT_EQ(uapi_mmap(process, self, 4096, device, 0, &va), -EINVAL);
	});
}

TEST_F(VfioTrapped, VectorsCannotGrow)
{
	in_program([&] {
		int fd = uapi_eventfd(process, nullptr, nullptr);
		EXPECT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {fd}), 0);
		EXPECT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 1, {fd}), -EINVAL);
	});
}

TEST_F(Vfio, BarIsReachedInNaturalPieces)
{
	in_program([&] {
		uint8_t bytes[16];
		for (int i = 0; i < 16; i++)
			function.bar0[0x100 + i] = i;
		EXPECT_EQ(uapi_pread(process, self, device, bytes, 16, 0x100), 16);
		EXPECT_EQ(memcmp(bytes, &function.bar0[0x100], 16), 0);
		EXPECT_EQ(uapi_pwrite(process, self, device, bytes, 7, 0x201), 7);
		EXPECT_EQ(memcmp(bytes, &function.bar0[0x201], 7), 0);
		EXPECT_EQ(uapi_pread(process, self, device, bytes, 16, 65536 - 4), 4); // cut
		EXPECT_EQ(uapi_pread(process, self, device, bytes, 4, 65536), -EINVAL);
		EXPECT_EQ(uapi_pread(process, self, device, bytes, 4, UINT64_C(1) << 40), -EINVAL);
		EXPECT_EQ(uapi_pread(process, self, device, bytes, 4, UINT64_C(6) << 40), -EINVAL);
		EXPECT_EQ(uapi_pread(process, self, device, bytes, 4, UINT64_C(9) << 40), -EINVAL);
		EXPECT_EQ(uapi_pread(process, self, device, bytes, 0, UINT64_C(6) << 40), 0);
		EXPECT_EQ(uapi_pread(process, self, device, nullptr, 4, 0), -EFAULT);
	});
}

TEST_F(Vfio, TableOfInterruptsIsOutOfReach)
{
	in_program([&] {
		uint32_t words[2] = {1, 2}, read[2] = {};
		uint64_t end = kBar3Region + 5 * 16;
		EXPECT_EQ(uapi_pwrite(process, self, device, words, 8, end - 4), 8);
		EXPECT_EQ(function.msix(4, 12), 0u); // dropped
		EXPECT_EQ(function.msix(5, 0), 2u);
		EXPECT_EQ(uapi_pread(process, self, device, read, 8, end - 4), 8);
		EXPECT_EQ(read[0], UINT32_MAX);
		EXPECT_EQ(read[1], 2u);
	});
}

TEST_F(Vfio, MappedBarIsTheDevicesMemory)
{
	in_program([&] {
		uint64_t va = 0;
		EXPECT_EQ(uapi_mmap(process, self, 65536 + 4096, device, 0, &va), -EINVAL);
		EXPECT_EQ(uapi_mmap(process, self, 4096, device, UINT64_C(1) << 40, &va), -EINVAL);
		EXPECT_EQ(uapi_mmap(process, self, 4096, device, UINT64_C(6) << 40, &va), -EINVAL);
		EXPECT_EQ(uapi_mmap(process, self, 4096, device, UINT64_C(7) << 40, &va), -EINVAL);
		ASSERT_EQ(uapi_mmap(process, self, 8192, device, 4096, &va), 0);
		EXPECT_EQ(uapi_translate(process, va + 4100), kBar0 + 8196);
		uint32_t pt = ioas_alloc(iommu);
		uint32_t ioas = pt;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(map(iommu, ioas, va, 4096, 0), -EFAULT); // no page to pin
	});
}

TEST_F(Vfio, ConfigurationOfAVfIsCompleted)
{
	in_program([&] {
		EXPECT_EQ(config(device, 0, 4), 0x18898086u);
		EXPECT_EQ(config(device, PCI_COMMAND, 2), PCI_COMMAND_MEMORY); // as VFs do not show
		EXPECT_EQ(config(device, PCI_INTERRUPT_PIN, 1), 0u);
		EXPECT_EQ(config(device, PCI_CAPABILITY_LIST, 1), 0x70u); // the first is hidden
		EXPECT_EQ(config(device, 0x70, 2), 0xa011u);
		EXPECT_EQ(config(device, 0xa0, 2), 0x0010u);
		EXPECT_EQ(config(device, 0x100, 4) >> 20, 0x160u); // PASID is left out
		EXPECT_EQ(config(device, 0x160, 4), 0x0001000du);
	});
}

TEST_F(Vfio, BarsAreSizedByWriting)
{
	in_program([&] {
		EXPECT_EQ(config(device, 0x10, 4), 0xcu);
		set_config(device, 0x10, 4, 0xffffffff);
		set_config(device, 0x14, 4, 0xffffffff);
		EXPECT_EQ(config(device, 0x10, 4), 0xffff000cu);
		EXPECT_EQ(config(device, 0x14, 4), 0xffffffffu);
		set_config(device, 0x1c, 4, 0xffffffff);
		EXPECT_EQ(config(device, 0x1c, 4), 0xffffc00cu);
		set_config(device, 0x18, 4, 0xffffffff); // not there
		EXPECT_EQ(config(device, 0x18, 4), 0u);
		set_config(device, 0x30, 4, 0xfffff800); // nor a ROM
		EXPECT_EQ(config(device, 0x30, 4), 0u);
		set_config(device, 0x10, 4, 0xfebd0000);
		EXPECT_EQ(config(device, 0x10, 4), 0xfebd000cu);
		EXPECT_EQ(function.get(0x10, 4), 0u); // the real one is the kernel's
	});
}

TEST_F(Vfio, CommandIsPartVirtual)
{
	in_program([&] {
		set_config(device, PCI_COMMAND, 2, 0x507);
		EXPECT_EQ(config(device, PCI_COMMAND, 2), 0x406u);
		EXPECT_EQ(function.get(PCI_COMMAND, 2), PCI_COMMAND_MASTER);
		set_config(device, PCI_COMMAND, 2, 0);
		EXPECT_EQ(config(device, PCI_COMMAND, 2), 0u);
		EXPECT_EQ(function.get(PCI_COMMAND, 2), 0u);
		// A VF's memory is decoded by its PF: the bit is for show.
		uint32_t value;
		EXPECT_EQ(uapi_pread(process, self, device, &value, 4, 0), 4);
	});
}

TEST_F(Vfio, ReadOnlyBitsDoNotChange)
{
	in_program([&] {
		uint32_t control = config(device, 0x72, 2);
		set_config(device, 0x72, 2, 0xc000); // MSI-X is enabled by SET_IRQS
		EXPECT_EQ(config(device, 0x72, 2), control);
		EXPECT_FALSE(function.msix_enabled());
		set_config(device, 0, 4, 0);
		EXPECT_EQ(config(device, 0, 4), 0x18898086u);
		set_config(device, 0x200, 4, 0x12345678); // no capability: raw
		EXPECT_EQ(function.get(0x200, 4), 0x12345678u);
		EXPECT_EQ(set_config(device, 4094, 4, 0), -EFAULT);
		uint32_t value;
		EXPECT_EQ(uapi_pread(process, self, device, &value, 1, (UINT64_C(7) << 40) + 4096),
			  -EFAULT);
	});
}

TEST_F(Vfio, WholeConfigurationSpaceIsOneRead)
{
	in_program([&] {
		std::vector<uint8_t> all(4096);
		ASSERT_EQ(uapi_pread(process, self, device, all.data(), 4096, UINT64_C(7) << 40),
			  4096);
		for (uint32_t at = 0; at < 4096; at += 2) {
			uint16_t word;
			memcpy(&word, &all[at], 2);
			ASSERT_EQ(word, config(device, at, 2)) << at;
		}
	});
}

TEST_F(Vfio, FunctionLevelResetBySettingItsBit)
{
	in_program([&] {
		int before = function.resets;
		set_config(device, 0xa8, 2, PCI_EXP_DEVCTL_BCR_FLR);
		EXPECT_EQ(function.resets, before + 1);
		EXPECT_EQ(config(device, 0xa8, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0u);
	});
}

TEST_F(Vfio, MaxPayloadIsNotTheProgramsToSet)
{
	in_program([&] {
		set_config(device, 0xa8, 2, 0x0040 | 0x0010); // payload 512, relaxed ordering
		EXPECT_EQ(config(device, 0xa8, 2), 0x0050u);
		EXPECT_EQ(function.get(0xa8, 2), 0x0010u);
		set_config(device, 0xa8, 2, 0x5000); // read request 4096
		EXPECT_EQ(function.get(0xa8, 2) & PCI_EXP_DEVCTL_READRQ, 0x5000u);
	});
}

TEST_F(Vfio, ResetKeepsWhatSoftwareSetUp)
{
	in_program([&] {
		int fd = uapi_eventfd(process, nullptr, nullptr);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {fd, -1}), 0);
		set_config(device, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
		set_config(device, 0x10, 4, 0xfebd0000);
		uint64_t begin = sim_now(&sim);
		ASSERT_EQ(ioctl(device, VFIO_DEVICE_RESET), 0);
		EXPECT_GE(sim_now(&sim) - begin, cfg.reset_wait_ps);
		EXPECT_EQ(config(device, 0x10, 4), 0xfebd000cu);
		EXPECT_EQ(function.get(PCI_COMMAND, 2), PCI_COMMAND_MASTER);
		EXPECT_TRUE(function.msix_enabled());
		EXPECT_EQ(function.msix(0, PCI_MSIX_ENTRY_VECTOR_CTRL), 0u);
		EXPECT_EQ(function.msix(1, PCI_MSIX_ENTRY_VECTOR_CTRL), 1u);
		EXPECT_EQ(function.msix(1, PCI_MSIX_ENTRY_DATA), 1u);
	});
}

TEST_F(Vfio, IrqInfoSaysWhatThereIs)
{
	in_program([&] {
		const uint32_t counts[] = {0, 0, 5, 1, 1};
		const uint32_t flags[] = {7, 9, 1, 9, 9};
		for (uint32_t i = 0; i < 5; i++) {
			vfio_irq_info info = {16, 0, i, 77};
			EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
			EXPECT_EQ(info.count, counts[i]) << i;
			EXPECT_EQ(info.flags, flags[i]) << i;
		}
		vfio_irq_info info = {16, 0, 5, 0};
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
		info = {12, 0, 0, 0};
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	});
}

TEST_F(Vfio, SetIrqsChecksInTheKernelsOrder)
{
	in_program([&] {
		int fd = uapi_eventfd(process, nullptr, nullptr);
		uint32_t msix = VFIO_PCI_MSIX_IRQ_INDEX;
		EXPECT_EQ(irqs(device, kTrigger, 5, 0, {fd}), -EINVAL);
		EXPECT_EQ(irqs(device, 0x40 | kTrigger, msix, 0, {fd}), -EINVAL);
		EXPECT_EQ(irqs(device, kTrigger, msix, 5, {}), -EINVAL);
		EXPECT_EQ(irqs(device, kTrigger, msix, 4, {fd, fd}), -EINVAL);
		EXPECT_EQ(irqs(device, kTrigger | VFIO_IRQ_SET_DATA_NONE, msix, 0, {fd}), -EINVAL);
		EXPECT_EQ(irqs(device, VFIO_IRQ_SET_ACTION_TRIGGER, msix, 0, {fd}), -EINVAL);
		EXPECT_EQ(irqs(device, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, msix, 0,
			       {-1}),
			  -ENOTTY);
		EXPECT_EQ(irqs(device, VFIO_IRQ_SET_DATA_NONE, msix, 0, {-1}), -ENOTTY);
		EXPECT_EQ(irqs(device, kNone, VFIO_PCI_INTX_IRQ_INDEX, 0, {}), -EINVAL);
		EXPECT_EQ(irqs(device, kNone, msix, 0, {}), -EINVAL); // nothing enabled
		EXPECT_EQ(irqs(device, kNone, msix, 0, {0}), -EINVAL);
		EXPECT_EQ(irqs(device, kTrigger, msix, 0, {90}), -EBADF);
		EXPECT_EQ(irqs(device, kTrigger, msix, 0, {iommu}), -EINVAL);
		vfio_irq_set cmd = {};
		cmd.argsz = sizeof(cmd); // no room for the descriptor
		cmd.flags = kTrigger;
		cmd.index = msix;
		cmd.count = 1;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_SET_IRQS, &cmd), -EINVAL);
		EXPECT_FALSE(function.msix_enabled());
		EXPECT_TRUE(msi.empty());
	});
}

TEST_F(Vfio, VectorReachesItsEventfd)
{
	in_program([&] {
		int a = uapi_eventfd(process, nullptr, nullptr);
		int b = uapi_eventfd(process, nullptr, nullptr);
		uint32_t pt = ioas_alloc(iommu);
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {a, -1, b}), 0);
		EXPECT_TRUE(function.msix_enabled());
		// The message goes to the doorbell as the device's IOVA space shows it.
		EXPECT_EQ(function.msix(0, PCI_MSIX_ENTRY_LOWER_ADDR), 0x08000040u);
		EXPECT_EQ(function.msix(0, PCI_MSIX_ENTRY_DATA), 0u);
		EXPECT_EQ(function.msix(2, PCI_MSIX_ENTRY_DATA), 2u);
		EXPECT_EQ(function.msix(0, PCI_MSIX_ENTRY_VECTOR_CTRL), 0u);
		EXPECT_EQ(function.msix(1, PCI_MSIX_ENTRY_VECTOR_CTRL), 1u);
		EXPECT_EQ(smmu.stream[kStream]->pages[0x08000000], UINT64_C(0x08020000));
		EXPECT_EQ(smmu.stream[kStream]->prot[0x08000000] & SMMU_PROT_MMIO, SMMU_PROT_MMIO);
		fire_msi(2);
		fire_msi(2);
		EXPECT_EQ(count(a), 0u);
		EXPECT_EQ(count(b), 2u);
		EXPECT_EQ(msi.count({kStream, 1}), 0u);
	});
}

TEST_F(Vfio, VectorsGrowAndShrinkWhileEnabled)
{
	in_program([&] {
		int a = uapi_eventfd(process, nullptr, nullptr);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {a}), 0);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 3, {a}), 0);
		EXPECT_EQ(msi.count({kStream, 3}), 1u);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {-1}), 0);
		EXPECT_EQ(msi.count({kStream, 0}), 0u);
		EXPECT_EQ(function.msix(0, PCI_MSIX_ENTRY_VECTOR_CTRL), 1u);
		EXPECT_TRUE(function.msix_enabled());
		ASSERT_EQ(irqs(device, kNone, VFIO_PCI_MSIX_IRQ_INDEX, 0, {}), 0);
		EXPECT_FALSE(function.msix_enabled());
		EXPECT_TRUE(msi.empty());
	});
}

TEST_F(Vfio, FailingBlockTakesItsVectorsAway)
{
	in_program([&] {
		int a = uapi_eventfd(process, nullptr, nullptr);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {a, a, a}), 0);
		EXPECT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 1, {a, 99}), -EBADF);
		EXPECT_EQ(msi.size(), 1u);
		EXPECT_TRUE(function.msix_enabled());
	});
}

TEST_F(Vfio, LoopbackSignals)
{
	in_program([&] {
		int a = uapi_eventfd(process, nullptr, nullptr);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {-1, a}), 0);
		ASSERT_EQ(irqs(device, kNone, VFIO_PCI_MSIX_IRQ_INDEX, 0, {0, 0}), 0);
		EXPECT_EQ(count(a), 1u);
		struct {
			vfio_irq_set cmd;
		} set = {};
		alignas(4) uint8_t buffer[24] = {};
		set.cmd.argsz = 22;
		set.cmd.flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
		set.cmd.index = VFIO_PCI_MSIX_IRQ_INDEX;
		set.cmd.count = 2;
		memcpy(buffer, &set.cmd, 20);
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_SET_IRQS, buffer), 0);
		EXPECT_EQ(count(a), 0u);
		buffer[21] = 1;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_SET_IRQS, buffer), 0);
		EXPECT_EQ(count(a), 1u);
	});
}

TEST_F(Vfio, ErrorAndRequestInterruptsAreRemembered)
{
	in_program([&] {
		int a = uapi_eventfd(process, nullptr, nullptr);
		for (uint32_t index : {VFIO_PCI_ERR_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX}) {
			EXPECT_EQ(irqs(device, kNone, index, 0, {}), -EINVAL);
			EXPECT_EQ(irqs(device, kTrigger, index, 0, {}), -EINVAL);
			EXPECT_EQ(irqs(device, kTrigger, index, 0, {-2}), -EINVAL);
			EXPECT_EQ(irqs(device, kTrigger, index, 0, {99}), -EBADF);
			EXPECT_EQ(irqs(device, kTrigger, index, 0, {a}), 0);
			EXPECT_EQ(irqs(device, kNone, index, 0, {0}), 0);
			EXPECT_EQ(count(a), 1u);
			alignas(4) uint8_t buffer[24] = {};
			vfio_irq_set set = {21,
					    VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER,
					    index, 0, 1};
			memcpy(buffer, &set, sizeof(set));
			EXPECT_EQ(ioctl(device, VFIO_DEVICE_SET_IRQS, buffer), 0);
			EXPECT_EQ(count(a), 0u);
			buffer[20] = 1;
			EXPECT_EQ(ioctl(device, VFIO_DEVICE_SET_IRQS, buffer), 0);
			EXPECT_EQ(count(a), 1u);
			EXPECT_EQ(irqs(device, kNone, index, 0, {}), 0);
			EXPECT_EQ(irqs(device, kNone, index, 0, {0}), -EINVAL);
			EXPECT_EQ(irqs(device, kTrigger, index, 0, {a}), 0); // left for the close
			EXPECT_EQ(irqs(device, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
				       index, 0, {0}),
				  -ENOTTY);
		}
	});
}

TEST_F(Vfio, InterruptsGoOnWhenTheTableIsExchanged)
{
	in_program([&] {
		uint32_t first = ioas_alloc(iommu), second = ioas_alloc(iommu), pt = first;
		int a = uapi_eventfd(process, nullptr, nullptr);
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, {a}), 0);
		pt = second;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(smmu.stream[kStream]->pages[0x08000000], UINT64_C(0x08020000));
		// The window is reserved where the device is now, and nowhere else.
		uint64_t va = anonymous(4096);
		EXPECT_EQ(map(iommu, second, va, 4096, 0x08000000), -EINVAL);
		EXPECT_EQ(map(iommu, first, va, 4096, 0x08000000), 0);
		pt = first;
		EXPECT_EQ(attach(device, &pt), -EADDRINUSE); // and stays where it is
		EXPECT_EQ(map(iommu, second, va, 4096, 0x08000000), -EINVAL);
		uint32_t other;
		iommu_hwpt_alloc hwpt = {};
		hwpt.size = sizeof(hwpt);
		hwpt.dev_id = 1;
		hwpt.pt_id = second;
		ASSERT_EQ(ioctl(iommu, IOMMU_HWPT_ALLOC, &hwpt), 0);
		other = hwpt.out_hwpt_id;
		ASSERT_EQ(attach(device, &other), 0); // another table of the same space
		EXPECT_EQ(map(iommu, second, va, 4096, 0x08000000), -EINVAL);
	});
}

class VfioWithoutWindow : public Vfio
{
	void SetUp() override
	{
		cfg.msi_window = false;
		boot();
	}
};

TEST_F(VfioWithoutWindow, DoorbellIsAtTheEndOfTheAperture)
{
	in_program([&] {
		uint32_t ioas = ioas_alloc(iommu), pt = ioas;
		ASSERT_EQ(attach(device, &pt), 0);
		EXPECT_EQ(map(iommu, ioas, anonymous(1 << 20), 1 << 20, 0x08000000), 0);
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0,
			       {uapi_eventfd(process, nullptr, nullptr)}),
			  0);
		EXPECT_EQ(function.msix(0, PCI_MSIX_ENTRY_UPPER_ADDR), 0xffffu);
		EXPECT_EQ(function.msix(0, PCI_MSIX_ENTRY_LOWER_ADDR), 0xfffff040u);
	});
}

class VfioPf : public Vfio
{
	void SetUp() override
	{
		device_cfg.is_vf = false;
		function.make_pf();
		boot();
	}
};

TEST_F(VfioPf, MemoryIsReachedOnlyWhileEnabled)
{
	in_program([&] {
		uint32_t value = 7;
		uint64_t va = 0;
		EXPECT_EQ(config(device, 0, 4), 0x15928086u);
		EXPECT_EQ(uapi_pread(process, self, device, &value, 4, 0), 4);
		ASSERT_EQ(uapi_mmap(process, self, 4096, device, 0, &va), 0);
		EXPECT_EQ(uapi_translate(process, va), kBar0);
		set_config(device, PCI_COMMAND, 2, 0);
		EXPECT_EQ(uapi_pread(process, self, device, &value, 4, 0), -EIO);
		EXPECT_EQ(uapi_pwrite(process, self, device, &value, 4, 0), -EIO);
		EXPECT_EQ(uapi_translate(process, va), 0u);
		// The kernel itself gets at the table all the same, and leaves no trace of that.
		ASSERT_EQ(irqs(device, kTrigger, VFIO_PCI_MSIX_IRQ_INDEX, 0,
			       {uapi_eventfd(process, nullptr, nullptr)}),
			  0);
		EXPECT_EQ(function.get(PCI_COMMAND, 2), 0u);
		set_config(device, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
		EXPECT_EQ(uapi_pread(process, self, device, &value, 4, 0), 4);
	});
}

TEST_F(VfioPf, ResetBringsTheBarsBack)
{
	in_program([&] {
		ASSERT_EQ(ioctl(device, VFIO_DEVICE_RESET), 0);
		EXPECT_EQ(function.get(PCI_BASE_ADDRESS_0, 4), kBar0 & 0xffffffff);
		EXPECT_EQ(function.get(PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
	});
}

class VfioMsi : public Vfio
{
	void SetUp() override
	{
		function.add_msi();
		boot();
	}
};

TEST_F(VfioMsi, MessageIsVirtualAndMaskIsNot)
{
	in_program([&] {
		EXPECT_EQ(config(device, 0xa1, 1), 0xe0u);
		set_config(device, 0xe4, 4, 0x12345678);
		set_config(device, 0xe8, 4, 0x9abcdef0);
		set_config(device, 0xec, 2, 0x4321);
		EXPECT_EQ(config(device, 0xe4, 4), 0x12345678u);
		EXPECT_EQ(config(device, 0xe8, 4), 0x9abcdef0u);
		EXPECT_EQ(config(device, 0xec, 2), 0x4321u);
		EXPECT_EQ(function.get(0xe4, 4), 0u);
		EXPECT_EQ(function.get(0xec, 2), 0u);
		EXPECT_EQ(config(device, 0xf0, 4), 5u);
		set_config(device, 0xf0, 4, 9);
		EXPECT_EQ(function.get(0xf0, 4), 9u);
	});
}

TEST_F(Vfio, FunctionThatStaysAwayFailsTheReset)
{
	in_program([&] {
		function.present = false;
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_RESET), -ENOTTY);
		function.present = true;
	});
}

TEST_F(Vfio, FeaturesThatNoDeviceHasAreNoTypewriter)
{
	in_program([&] {
		alignas(8) uint8_t buffer[64] = {};
		auto feature = [&](uint32_t flags, uint32_t argsz = 64) {
			vfio_device_feature header = {argsz, flags};
			memcpy(buffer, &header, sizeof(header));
			return ioctl(device, VFIO_DEVICE_FEATURE, buffer);
		};
		const uint32_t probe = VFIO_DEVICE_FEATURE_PROBE, get = VFIO_DEVICE_FEATURE_GET,
			       set = VFIO_DEVICE_FEATURE_SET;
		EXPECT_EQ(feature(get, 4), -EINVAL);
		EXPECT_EQ(feature(1 << 19), -EINVAL);
		EXPECT_EQ(feature(get | set | VFIO_DEVICE_FEATURE_MIGRATION), -EINVAL);
		EXPECT_EQ(feature(probe | VFIO_DEVICE_FEATURE_DMA_LOGGING_START), -ENOTTY);
		EXPECT_EQ(feature(get | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT), -ENOTTY);
		EXPECT_EQ(feature(set | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN), -ENOTTY);
		EXPECT_EQ(feature(get | 999), -ENOTTY);
		EXPECT_EQ(feature(probe | get | set | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE), 0);
		EXPECT_EQ(feature(probe | set | VFIO_DEVICE_FEATURE_MIGRATION), -EINVAL);
		EXPECT_EQ(feature(VFIO_DEVICE_FEATURE_MIGRATION), -EINVAL);
		EXPECT_EQ(feature(get | VFIO_DEVICE_FEATURE_MIGRATION, 12), -EINVAL);
		EXPECT_EQ(feature(set | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), 0);
		EXPECT_EQ(feature(set | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), -EINVAL);
		EXPECT_EQ(feature(set | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT), 0);
		EXPECT_EQ(feature(set | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), 0);
	});
}

} // namespace
