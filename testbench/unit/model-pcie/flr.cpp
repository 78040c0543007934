// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

class Flr : public PcieTest
{
protected:
	void start(uint16_t rid)
	{
		config_write(rid, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR, 2);
	}
};

TEST_F(Flr, RegistersAreResetAndTheFunctionAnswersAgainAfterItsTime)
{
	bring_up(2);
	mmio_write(kVfBar3, 0x1000);
	config_write(kVf0, AT_MSIX + 2, 0x8000, 2);
	pcie_function_raise_msix(vf(0), 2);
	EXPECT_TRUE(pcie_function_msix_pending(vf(0), 2));
	start(kVf0);
	EXPECT_TRUE(pcie_function_in_reset(vf(0)));
	EXPECT_FALSE(pcie_function_bus_master(vf(0)));
	EXPECT_FALSE(pcie_function_msix_pending(vf(0), 2));
	EXPECT_EQ(nic[1]->resets.back(), PCIE_RESET_FLR);
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND), UINT32_MAX);
	EXPECT_EQ(mmio_read(kVfBar0), UINT32_MAX);
	EXPECT_EQ(mmio_read(kVfBar0 + 0x10004), 4u) << "its neighbour goes on";
	EXPECT_EQ(nic[1]->resets_done, 0);
	run_for(kFlr);
	EXPECT_EQ(nic[1]->resets_done, 1);
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND), STATUS_CAP_LIST);
	EXPECT_EQ(config_read(kVf0, AT_MSIX + 2, 2), 4u);
	EXPECT_EQ(mmio_read(kVfBar3), 0u);
	EXPECT_EQ(mmio_read(kVfBar3 + 12), 1u);
	EXPECT_TRUE(pcie_function_present(vf(0)));
	ASSERT_EQ(traces_of(TRACE_FUNCTION_RESET).size(), 1u);
	EXPECT_EQ(traces_of(TRACE_FUNCTION_RESET)[0].arg[0], kVf0);
}

TEST_F(Flr, TakesExactlyItsTime)
{
	bring_up(1);
	start(kVf0);
	uint64_t begin = traces_of(TRACE_FUNCTION_RESET)[0].time_ps;

	sim_run(&sim, begin + kFlr - 1, nullptr);
	EXPECT_TRUE(pcie_function_in_reset(vf(0)));
	sim_run(&sim, begin + kFlr, nullptr);
	EXPECT_FALSE(pcie_function_in_reset(vf(0)));
}

TEST_F(Flr, DmaInFlightIsDoneButDiscarded)
{
	CpuAccess flr(BUS_WRITE, ecam(kVf0, AT_PCIE + PCIE_DEVCTL), 2, DEVCTL_INITIATE_FLR);
	Dma read(TLP_MRD, 0x1000, 256), write(TLP_MWR, 0x2000, 64, 0x55),
		later(TLP_MRD, 0x3000, 64);

	bring_up(1);
	host->delay = [](const struct bus_req &) {
		return 5 * PS_PER_US;
	};
	pcie_function_send(vf(0), &read.tlp);
	EXPECT_EQ(config_read(kVf0, AT_PCIE + PCIE_DEVCTL) & DEVSTA_PENDING, DEVSTA_PENDING);
	pcie_function_send(vf(0), &write.tlp);
	send_config(flr);
	run_for(2 * kLatency);
	EXPECT_TRUE(pcie_function_in_reset(vf(0)));
	EXPECT_EQ(pcie_function_in_flight(vf(0)), 2u);
	EXPECT_FALSE(read.done());
	run();
	EXPECT_TRUE(read.done() && read.tlp.discarded);
	EXPECT_TRUE(write.done() && write.tlp.discarded);
	EXPECT_EQ(pcie_function_in_flight(vf(0)), 0u);
	EXPECT_EQ(config_read(kVf0, AT_PCIE + PCIE_DEVCTL) & DEVSTA_PENDING, 0u);
	config_write(kVf0, CFG_COMMAND, COMMAND_BUS_MASTER, 2);
	pcie_function_send(vf(0), &later.tlp);
	run();
	EXPECT_TRUE(later.done());
	EXPECT_FALSE(later.tlp.discarded);
	EXPECT_EQ(later.tlp.status, TLP_SC);
}

TEST_F(Flr, OfThePfTakesTheVfsAway)
{
	bring_up(2);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0x2810 & ~UINT32_C(0xe0), 2);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0x2810 | DEVCTL_INITIATE_FLR | 0x20, 2);
	run();
	EXPECT_EQ(pcie_device_num_vfs(device), 0u);
	EXPECT_EQ(nic[1]->resets.back(), PCIE_RESET_VF_DISABLE);
	EXPECT_EQ(nic[0]->resets.back(), PCIE_RESET_FLR);
	EXPECT_EQ(config_read(kPf, CFG_BAR), 0xcu);
	EXPECT_EQ(config_read(kPf, AT_SRIOV + SRIOV_CONTROL), 0u);
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND), UINT32_MAX);
	EXPECT_EQ(mmio_read(kPfBar0), UINT32_MAX);
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCTL, 2), 0x2030u) << "MPS outlives an FLR";
}

TEST_F(Flr, VfDisableEndsAResetUnderWay)
{
	bring_up(1);
	start(kVf0);
	config_write(kPf, AT_SRIOV + SRIOV_CONTROL, 0, 2);
	run();
	EXPECT_EQ(nic[1]->resets_done, 0);
	EXPECT_FALSE(pcie_function_in_reset(vf(0)));
}

TEST_F(Flr, UntimedTakesNoTime)
{
	sim.untimed = true;
	bring_up(1);
	start(kVf0);
	run();
	EXPECT_EQ(sim_now(&sim), 0u);
	EXPECT_EQ(nic[1]->resets_done, 1);
}

class BusMaster : public PcieTest
{
};

TEST_F(BusMaster, WithoutItNothingIsSent)
{
	Dma read(TLP_MRD, 0x1000, 64);

	pcie_function_send(pf(), &read.tlp);
	EXPECT_FALSE(read.done());
	run();
	EXPECT_TRUE(read.done());
	EXPECT_EQ(read.tlp.status, TLP_UR);
	EXPECT_TRUE(host->seen.empty());
}

TEST_F(BusMaster, ChangesAreTold)
{
	bring_up(1);
	config_write(kVf0, CFG_COMMAND, 0, 2);
	EXPECT_EQ(nic[1]->bus_master, (std::vector<bool>{true, false}));
	EXPECT_FALSE(pcie_function_bus_master(vf(0)));
}

TEST_F(BusMaster, CrossingAPageIsOurError)
{
	Dma read(TLP_MRD, 0x1fc0, 128);

	bring_up(0);
	EXPECT_DEATH(pcie_function_send(pf(), &read.tlp), "assertion failed");
}
