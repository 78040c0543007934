// SPDX-License-Identifier: Apache-2.0
// The SMMU of a guest: registers behind a BAR, and a wire.
#include <gmock/gmock.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <unistd.h>

#include <cstring>

#include "base/bits.h"
#include "iommu/smmu_format.h"
#include "iommu/smmu_registers_format.h"
#include "testbench/unit/cosim-serve/served.hpp"

namespace
{
constexpr uint32_t kConfig = VFIO_PCI_CONFIG_REGION_INDEX, kBar0 = 0;
constexpr uint64_t kCommands = 0x100000, kEvents = 0x110000;
constexpr uint32_t kLog2 = 4;

class Carriers : public Served
{
protected:
	void SetUp() override
	{
		Start("two-vfs.yaml", BOARD_ARM64);
		smmu = Connect("smmu", true);
		ASSERT_TRUE(smmu);
	}
	void Write64(uint64_t offset, uint64_t value)
	{
		uint8_t data[8];

		le64_put(data, value);
		EXPECT_EQ(0, vfu_client_write(smmu.get(), kBar0, offset, data, 8, false));
	}
	void Enable()
	{
		Write64(SMMU_CMDQ_BASE, kCommands | kLog2);
		Write64(SMMU_EVENTQ_BASE, kEvents | kLog2);
		Write(smmu, kBar0, SMMU_IRQ_CTRL,
		      (uint32_t)(IRQ_CTRL_GERROR_IRQEN | IRQ_CTRL_EVENTQ_IRQEN));
		Write(smmu, kBar0, SMMU_CR0, (uint32_t)(CR0_CMDQEN | CR0_EVENTQEN));
	}
	// A command that there is not: the queue stops, GERROR says so.
	void BadCommand()
	{
		memset(At(kCommands), 0xff, 16);
		Write(smmu, kBar0, SMMU_CMDQ_PROD, 1);
	}
	bool Becomes(uint32_t offset, uint32_t mask, uint32_t value)
	{
		for (int i = 0; i < 1000; i++) {
			if ((Read(smmu, kBar0, offset) & mask) == value)
				return true;
			usleep(1000);
		}
		return false;
	}
	uint64_t Interrupts(int wait_ms)
	{
		struct pollfd wait = {intx, POLLIN, 0};
		uint64_t count = 0;

		if (poll(&wait, 1, wait_ms) == 1 && read(intx, &count, sizeof(count)) < 0)
			abort();
		return count;
	}
	// As QEMU does after its guest's access to a BAR.
	void Unmask()
	{
		EXPECT_EQ(0,
			  vfu_client_set_irqs(smmu.get(),
					      VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
					      VFIO_PCI_INTX_IRQ_INDEX, 0, 1, nullptr));
	}
	Client smmu;
};

TEST_F(Carriers, RegistersAreBehindABarOf128KiB)
{
	EXPECT_EQ(1, config[PCI_INTERRUPT_PIN]);
	EXPECT_EQ(0x0806u, le16_get(config + PCI_CLASS_DEVICE));
	Write(smmu, kConfig, PCI_BASE_ADDRESS_0, 0xffffffff);
	EXPECT_EQ(0xfffe0000u, Read(smmu, kConfig, PCI_BASE_ADDRESS_0));
	EXPECT_NE(0u, Read(smmu, kBar0, SMMU_IDR0));
	Write64(SMMU_STRTAB_BASE, 0x123440);
	EXPECT_EQ(0x123440u, Read(smmu, kBar0, SMMU_STRTAB_BASE));
	EXPECT_EQ(0u, Read(smmu, kBar0, SMMU_STRTAB_BASE + 4));
}

TEST_F(Carriers, QueuesAreInTheGuestsMemory)
{
	Enable();
	EXPECT_TRUE(Becomes(SMMU_CR0ACK, UINT32_MAX, (uint32_t)(CR0_CMDQEN | CR0_EVENTQEN)));
	BadCommand();
	EXPECT_TRUE(Becomes(SMMU_GERROR, UINT32_MAX, (uint32_t)GERROR_CMDQ_ERR));
}

TEST_F(Carriers, TheWireHoldsUntilADriverHasSeenAll)
{
	Enable();
	EXPECT_EQ(0u, Interrupts(20));
	BadCommand();
	EXPECT_EQ(1u, Interrupts(5000));
	// A handler reads, and has not acknowledged yet: the level holds.
	EXPECT_NE(0u, Read(smmu, kBar0, SMMU_GERROR));
	Unmask();
	EXPECT_EQ(1u, Interrupts(5000));
	// As Linux: a CMD_SYNC in its place, then acknowledged.
	memset(At(kCommands), 0, 16);
	*At(kCommands) = CMD_SYNC;
	Write(smmu, kBar0, SMMU_GERRORN, (uint32_t)GERROR_CMDQ_ERR);
	Unmask();
	EXPECT_EQ(0u, Interrupts(50));
	EXPECT_TRUE(Becomes(SMMU_CMDQ_CONS, (uint32_t)CMDQ_CONS_RD, 1));
}

TEST_F(Carriers, AnotherOneThatIsMaskedIsNotLost)
{
	Enable();
	BadCommand();
	EXPECT_EQ(1u, Interrupts(5000));
	Write(smmu, kBar0, SMMU_GERRORN, (uint32_t)GERROR_CMDQ_ERR);
	// The queue goes on at the same command, before the client has unmasked.
	Write(smmu, kBar0, SMMU_CMDQ_PROD, 1);
	EXPECT_TRUE(Becomes(SMMU_GERROR, (uint32_t)GERROR_CMDQ_ERR, 0));
	EXPECT_EQ(0u, Interrupts(20)) << "it is masked";
	Unmask();
	EXPECT_EQ(1u, Interrupts(5000));
}

TEST_F(Carriers, AResetTurnsItOff)
{
	Enable();
	BadCommand();
	EXPECT_EQ(1u, Interrupts(5000));
	ASSERT_EQ(0, vfu_client_reset(smmu.get()));
	EXPECT_EQ(0u, Read(smmu, kBar0, SMMU_CR0ACK));
	EXPECT_EQ(0u, Read(smmu, kBar0, SMMU_IRQ_CTRL));
	Unmask();
	EXPECT_EQ(0u, Interrupts(20));
}
} // namespace
