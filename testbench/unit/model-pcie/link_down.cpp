// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// What takes the link down, and what is left of device and requests when it does.
class LinkDown : public PcieTest
{
protected:
	static constexpr uint32_t kActive = LNKSTA_ACTIVE >> 16;

	void configure() override
	{
		PcieTest::configure();
		device_cfg.completion_timeout_ps = 7 * PS_PER_MS;
	}
	void bus_reset(bool on)
	{
		config_write(0, CFG_INTERRUPT + 2, on ? BRIDGE_BUS_RESET >> 16 : 0, 2);
	}
	void disable(bool on)
	{
		config_write(0, ROOT_AT_PCIE + PCIE_LNKCTL, on ? LNKCTL_DISABLE : 0, 2);
	}
	void arm_dpc(uint64_t control)
	{
		config_write(0, ROOT_AT_DPC + DPC_CONTROL + 2, (uint32_t)(control >> 16), 2);
	}
	void release_dpc()
	{
		config_write(0, ROOT_AT_DPC + DPC_STATUS, DPC_TRIGGERED, 2);
	}
	bool active()
	{
		return config_read(0, ROOT_AT_PCIE + PCIE_LNKCTL + 2, 2) & kActive;
	}
	// Nothing of what software had set up is there, and all can be set up again.
	void expect_reset()
	{
		run();
		EXPECT_TRUE(active());
		EXPECT_EQ(nic[0]->resets.back(), PCIE_RESET_CONVENTIONAL);
		EXPECT_EQ(pcie_device_num_vfs(device), 0u);
		EXPECT_EQ(config_read(kPf, CFG_COMMAND, 2), 0u);
		EXPECT_EQ(mmio_read(kPfBar0), UINT32_MAX);
		bring_up(2);
		EXPECT_EQ(mmio_read(kPfBar0 + 8), 8u);
	}
};

TEST_F(LinkDown, SecondaryBusResetIsAHotResetOfAllFunctionsWithDmaUnderWay)
{
	Dma read(TLP_MRD, 0x1000, 16), landed(TLP_MWR, 0x2000, 16, 0x77),
		on_the_wire(TLP_MWR, 0x3000, 16, 0x77), after(TLP_MWR, 0x4000, 16, 0x77);
	uint64_t begin;

	bring_up(2);
	config_write(kPf, AT_AER + AER_UNCORRECTABLE_MASK, BIT(AER_POISONED));
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0x60, 2);
	begin = sim_now(&sim);
	pcie_function_send(vf(0), &read.tlp);
	pcie_function_send(vf(1), &landed.tlp);
	run_for(200 * PS_PER_NS); // both are in the host
	pcie_function_send(vf(1), &on_the_wire.tlp);
	bus_reset(true);
	run_for(1);
	EXPECT_FALSE(active());
	EXPECT_EQ(config_read(kPf, CFG_ID), UINT32_MAX);
	EXPECT_TRUE(config_read(0, CFG_SECONDARY_STATUS) == 0) << "nothing was sent";
	pcie_function_send(vf(0), &after.tlp);
	run_for(PS_PER_MS);
	EXPECT_EQ(nic[1]->resets.back(), PCIE_RESET_VF_DISABLE);
	EXPECT_TRUE(landed.done() && on_the_wire.done() && after.done() && !read.done());
	EXPECT_EQ(host->memory[0x2000], 0x77);
	EXPECT_EQ(host->memory[0x3000], 0);
	EXPECT_EQ(host->memory[0x4000], 0);
	bus_reset(false);
	run();
	EXPECT_EQ(read.done_ps, begin + 7 * PS_PER_MS) << "its tag is in use until then";
	EXPECT_TRUE(read.tlp.discarded && landed.tlp.discarded);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_UNCORRECTABLE_MASK), BIT(AER_POISONED)) << "sticky";
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCTL, 2) & DEVCTL_MAX_PAYLOAD, 0x20u);
	expect_reset();
}

TEST_F(LinkDown, AResetThatIsTakenBackInTheSameInstantIsOne)
{
	Dma on_the_wire(TLP_MWR, 0x3000, 16, 0x77);

	bring_up(2);
	pcie_function_send(vf(1), &on_the_wire.tlp);
	bus_reset(true);
	bus_reset(false);
	expect_reset();
	EXPECT_EQ(host->memory[0x3000], 0) << "what was on the wire is lost";
}

TEST_F(LinkDown, LinkDisableTakesTheDeviceAwayUntilItIsCleared)
{
	bring_up(2);
	disable(true);
	run();
	EXPECT_FALSE(active());
	EXPECT_EQ(config_read(kPf, CFG_ID), UINT32_MAX);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), UINT32_MAX);
	bus_reset(true);
	disable(false);
	run();
	EXPECT_FALSE(active()) << "there is another reason";
	bus_reset(false);
	expect_reset();
}

// Completion Control decides how a request ends that containment overtakes (7.9.14.3).
class Containment : public LinkDown, public testing::WithParamInterface<bool>
{
};

TEST_P(Containment, ResetsTheDeviceAndEndsWhatIsUnderWay)
{
	Dma read(TLP_MRD, 0x1000, 16), after(TLP_MRD, 0x1000, 16);
	CpuAccess access(BUS_READ, kPfBar0 + 8, 4);
	uint64_t control = DPC_ON_FATAL << 16 | (GetParam() ? DPC_COMPLETION_CA : 0);

	bring_up(2);
	arm_dpc(control);
	pcie_function_send(vf(0), &read.tlp);
	send_mmio(access);
	run_for(180 * PS_PER_NS);
	arm_dpc(control | DPC_SOFTWARE_TRIGGER);
	run_for(PS_PER_MS);
	EXPECT_FALSE(active());
	EXPECT_TRUE(access.done());
	EXPECT_EQ(access.value, UINT32_MAX);
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS),
		  GetParam() ? STATUS_RECEIVED_TA : STATUS_RECEIVED_MA);
	pcie_function_send(pf(), &after.tlp);
	run();
	EXPECT_EQ(after.tlp.status, TLP_UR) << "no bus mastering after its reset";
	EXPECT_TRUE(read.tlp.discarded);
	EXPECT_FALSE(active()) << "until software releases it";
	release_dpc();
	expect_reset();
}

INSTANTIATE_TEST_SUITE_P(CompletionControl, Containment, testing::Bool());

TEST_F(LinkDown, ADevicesOwnErrorMayTakeItDown)
{
	bring_up(2);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, DEVCTL_ERROR_REPORTING, 2);
	arm_dpc(DPC_ON_NON_FATAL << 16);
	mmio_write(kWindow + (UINT64_C(1) << 30), 0); // no BAR: ERR_NONFATAL
	run();
	EXPECT_EQ(config_read(0, ROOT_AT_DPC + DPC_STATUS),
		  (uint32_t)kPf << 16 | 1 << 1 | DPC_TRIGGERED);
	EXPECT_FALSE(active());
	release_dpc();
	expect_reset();
}

TEST_F(LinkDown, RemovalIsAFatalErrorOfTheRootPort)
{
	bring_up(2);
	config_write(0, ROOT_AT_PCIE + PCIE_DEVCTL, DEVCTL_FATAL, 2);
	pcie_root_port_presence(port, false);
	run();
	EXPECT_FALSE(active());
	EXPECT_EQ(config_read(kPf, CFG_ID), UINT32_MAX);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_UNCORRECTABLE), BIT(AER_SURPRISE_DOWN));
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_STATUS),
		  ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_FIRST_WAS_FATAL | ROOT_STATUS_FATAL);
	pcie_root_port_presence(port, true);
	expect_reset();
}

TEST_F(LinkDown, RemovalTriggersContainmentWhichOutlastsIt)
{
	bring_up(2);
	config_write(0, ROOT_AT_PCIE + PCIE_DEVCTL, DEVCTL_FATAL, 2);
	arm_dpc(DPC_ON_FATAL << 16);
	pcie_root_port_presence(port, false);
	run();
	EXPECT_EQ(config_read(0, ROOT_AT_DPC + DPC_STATUS), DPC_TRIGGERED) << "detected, 6.2.11";
	pcie_root_port_presence(port, true);
	run();
	EXPECT_FALSE(active());
	release_dpc();
	expect_reset();
}

TEST_F(LinkDown, RemovalThatSoftwareMadeReadyIsNoSurprise)
{
	bring_up(2);
	config_write(0, ROOT_AT_PCIE + PCIE_DEVCTL, DEVCTL_FATAL, 2);
	disable(true);
	pcie_root_port_presence(port, false);
	run();
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_UNCORRECTABLE), 0u);
	pcie_root_port_presence(port, true);
	disable(false);
	expect_reset();
}
