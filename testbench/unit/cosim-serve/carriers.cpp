// SPDX-License-Identifier: Apache-2.0
// The SMMU of a guest and its counters: registers behind a BAR, and a wire each.
#include <gmock/gmock.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <unistd.h>

#include <cstring>

#include "base/bits.h"
#include "iommu/pmcg_format.h"
#include "iommu/smmu_format.h"
#include "iommu/smmu_registers_format.h"
#include "testbench/unit/cosim-serve/served.hpp"

namespace
{
constexpr uint32_t kConfig = VFIO_PCI_CONFIG_REGION_INDEX, kBar0 = 0;
constexpr uint64_t kCommands = 0x100000, kEvents = 0x110000;
constexpr uint32_t kLog2 = 4;

class Wired : public Served
{
protected:
	void Serve(const char *name)
	{
		Start("two-vfs.yaml", BOARD_ARM64);
		client = Connect(name, true);
		ASSERT_TRUE(client);
	}
	void Write64(uint64_t offset, uint64_t value)
	{
		uint8_t data[8];

		le64_put(data, value);
		EXPECT_EQ(0, vfu_client_write(client.get(), kBar0, offset, data, 8, false));
	}
	bool Becomes(uint32_t offset, uint32_t mask, uint32_t value)
	{
		for (int i = 0; i < 1000; i++) {
			if ((Read(client, kBar0, offset) & mask) == value)
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
			  vfu_client_set_irqs(client.get(),
					      VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
					      VFIO_PCI_INTX_IRQ_INDEX, 0, 1, nullptr));
	}
	Client client;
};

class Carriers : public Wired
{
protected:
	void SetUp() override
	{
		Serve("smmu");
	}
	void Enable()
	{
		Write64(SMMU_CMDQ_BASE, kCommands | kLog2);
		Write64(SMMU_EVENTQ_BASE, kEvents | kLog2);
		Write(client, kBar0, SMMU_IRQ_CTRL,
		      (uint32_t)(IRQ_CTRL_GERROR_IRQEN | IRQ_CTRL_EVENTQ_IRQEN));
		Write(client, kBar0, SMMU_CR0, (uint32_t)(CR0_CMDQEN | CR0_EVENTQEN));
	}
	// A command that there is not: the queue stops, GERROR says so.
	void BadCommand()
	{
		memset(At(kCommands), 0xff, 16);
		Write(client, kBar0, SMMU_CMDQ_PROD, 1);
	}
};

TEST_F(Carriers, RegistersAreBehindABarOf128KiB)
{
	EXPECT_EQ(1, config[PCI_INTERRUPT_PIN]);
	EXPECT_EQ(0x0806u, le16_get(config + PCI_CLASS_DEVICE));
	Write(client, kConfig, PCI_BASE_ADDRESS_0, 0xffffffff);
	EXPECT_EQ(0xfffe0000u, Read(client, kConfig, PCI_BASE_ADDRESS_0));
	EXPECT_NE(0u, Read(client, kBar0, SMMU_IDR0));
	Write64(SMMU_STRTAB_BASE, 0x123440);
	EXPECT_EQ(0x123440u, Read(client, kBar0, SMMU_STRTAB_BASE));
	EXPECT_EQ(0u, Read(client, kBar0, SMMU_STRTAB_BASE + 4));
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
	EXPECT_NE(0u, Read(client, kBar0, SMMU_GERROR));
	Unmask();
	EXPECT_EQ(1u, Interrupts(5000));
	// As Linux: a CMD_SYNC in its place, then acknowledged.
	memset(At(kCommands), 0, 16);
	*At(kCommands) = CMD_SYNC;
	Write(client, kBar0, SMMU_GERRORN, (uint32_t)GERROR_CMDQ_ERR);
	Unmask();
	EXPECT_EQ(0u, Interrupts(50));
	EXPECT_TRUE(Becomes(SMMU_CMDQ_CONS, (uint32_t)CMDQ_CONS_RD, 1));
}

TEST_F(Carriers, AnotherOneThatIsMaskedIsNotLost)
{
	Enable();
	BadCommand();
	EXPECT_EQ(1u, Interrupts(5000));
	Write(client, kBar0, SMMU_GERRORN, (uint32_t)GERROR_CMDQ_ERR);
	// The queue goes on at the same command, before the client has unmasked.
	Write(client, kBar0, SMMU_CMDQ_PROD, 1);
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
	ASSERT_EQ(0, vfu_client_reset(client.get()));
	EXPECT_EQ(0u, Read(client, kBar0, SMMU_CR0ACK));
	EXPECT_EQ(0u, Read(client, kBar0, SMMU_IRQ_CTRL));
	Unmask();
	EXPECT_EQ(0u, Interrupts(20));
}

class Counters : public Wired
{
protected:
	void SetUp() override
	{
		Serve("pmcg");
	}
	// Counter 0 is at `value` and counts cycles, a wrap interrupts.
	void Count(uint64_t value)
	{
		Write(client, kBar0, PMCG_EVTYPER, PMCG_CYCLES);
		Write64(PMCG_EVCNTR, value);
		Write64(PMCG_CNTENSET, 1);
		Write64(PMCG_INTENSET, 1);
		Write(client, kBar0, PMCG_IRQ_CTRL, PMCG_IRQEN);
		Write(client, kBar0, PMCG_CR, PMCG_CR_E);
	}
};

TEST_F(Counters, AreBehindABarOf4KiBWithAWireOfTheirOwn)
{
	EXPECT_EQ(2, config[PCI_INTERRUPT_PIN]);
	EXPECT_EQ(0x1101u, le16_get(config + PCI_CLASS_DEVICE));
	Write(client, kConfig, PCI_BASE_ADDRESS_0, 0xffffffff);
	EXPECT_EQ(0xfffff000u, Read(client, kConfig, PCI_BASE_ADDRESS_0));
	EXPECT_EQ(7u, field_get(CFGR_NCTR, Read(client, kBar0, PMCG_CFGR)));
	Count(0);
	uint32_t before = Read(client, kBar0, PMCG_EVCNTR);
	usleep(1000);
	EXPECT_GT(Read(client, kBar0, PMCG_EVCNTR), before) << "the clock goes on";
}

TEST_F(Counters, AnOverflowHoldsTheWireUntilItIsCleared)
{
	EXPECT_EQ(0u, Interrupts(20));
	Count(-UINT64_C(1000000));
	EXPECT_EQ(1u, Interrupts(5000));
	EXPECT_EQ(1u, Read(client, kBar0, PMCG_OVSSET));
	Unmask();
	EXPECT_EQ(1u, Interrupts(5000)) << "seen is not cleared";
	Write64(PMCG_OVSCLR, 1);
	Unmask();
	EXPECT_EQ(0u, Interrupts(50));
}

TEST_F(Counters, AnOverflowThatNobodyWantsIsFlaggedAlone)
{
	Count(0);
	Write64(PMCG_INTENCLR, 1);
	Write64(PMCG_EVCNTR, UINT64_MAX);
	EXPECT_TRUE(Becomes(PMCG_OVSSET, 1, 1));
	EXPECT_EQ(0u, Interrupts(20));
}

TEST_F(Counters, AResetStopsThem)
{
	Count(-UINT64_C(1000000));
	EXPECT_EQ(1u, Interrupts(5000));
	ASSERT_EQ(0, vfu_client_reset(client.get()));
	EXPECT_EQ(0u, Read(client, kBar0, PMCG_CR));
	EXPECT_EQ(0u, Read(client, kBar0, PMCG_IRQ_CTRL));
	Unmask();
	EXPECT_EQ(0u, Interrupts(20));
	uint32_t before = Read(client, kBar0, PMCG_EVCNTR);
	usleep(1000);
	EXPECT_EQ(before, Read(client, kBar0, PMCG_EVCNTR));
}
} // namespace
