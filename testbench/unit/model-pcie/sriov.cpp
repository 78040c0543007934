// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

class Sriov : public PcieTest
{
protected:
	void enable(uint32_t vfs)
	{
		config_write(kPf, AT_SRIOV + SRIOV_NUM_VFS, vfs, 2);
		config_write(kPf, AT_SRIOV + SRIOV_CONTROL, SRIOV_VF_ENABLE | SRIOV_VF_MSE, 2);
	}
	void disable()
	{
		config_write(kPf, AT_SRIOV + SRIOV_CONTROL, 0, 2);
	}
	bool answers(uint16_t rid)
	{
		return config_read(rid, CFG_COMMAND) != UINT32_MAX;
	}
};

TEST_F(Sriov, VfsAppearAtOffsetAndStrideAndGoAgain)
{
	EXPECT_FALSE(answers(kVf0));
	EXPECT_EQ(config_read(kPf, AT_SRIOV + SRIOV_INITIAL_VFS), 0x00040004u);
	EXPECT_EQ(config_read(kPf, AT_SRIOV + SRIOV_OFFSET_STRIDE), 0x00010010u);
	enable(3);
	EXPECT_EQ(pcie_device_num_vfs(device), 3u);
	for (uint16_t n = 0; n < 3; n++) {
		EXPECT_TRUE(answers((uint16_t)(kVf0 + n)));
		EXPECT_EQ(pcie_function_rid(vf(n)), kVf0 + n);
		EXPECT_TRUE(pcie_function_present(vf(n)));
	}
	EXPECT_FALSE(answers(kVf0 + 3));
	EXPECT_FALSE(answers(kVf0 - 1));
	disable();
	EXPECT_EQ(pcie_device_num_vfs(device), 0u);
	EXPECT_FALSE(answers(kVf0));
	EXPECT_EQ(nic[1]->resets, (std::vector<enum pcie_reset_cause>{PCIE_RESET_VF_ENABLE,
								      PCIE_RESET_VF_DISABLE}));
	EXPECT_TRUE(nic[4]->resets.empty());
	EXPECT_EQ(traces_of(TRACE_VF_ENABLED).size(), 6u);
	EXPECT_EQ(traces_of(TRACE_VF_ENABLED)[0].arg[0], kVf0);
}

TEST_F(Sriov, NumVfsIsFixedWhileEnabledAndBoundedByTotal)
{
	enable(2);
	config_write(kPf, AT_SRIOV + SRIOV_NUM_VFS, 4, 2);
	EXPECT_EQ(config_read(kPf, AT_SRIOV + SRIOV_NUM_VFS), 2u);
	disable();
	enable(9);
	EXPECT_EQ(pcie_device_num_vfs(device), 4u);
}

TEST_F(Sriov, RequesterIdsFollowTheCapturedBus)
{
	port_cfg.subordinate_bus = 7;
	config_write(0, CFG_BUS_NUMBERS, 0x00070500);
	config_write(PCIE_RID(5, 0, 0), CFG_INTERRUPT, 1, 1);
	EXPECT_EQ(pcie_function_rid(pf()), PCIE_RID(5, 0, 0));
	EXPECT_EQ(pcie_function_rid(vf(1)), PCIE_RID(5, 2, 1));
	EXPECT_EQ(config_read(kPf, CFG_ID), UINT32_MAX) << "bus 1 is no longer behind the port";
}

class SriovOfTwoBuses : public Sriov
{
protected:
	void configure() override
	{
		Sriov::configure();
		device_cfg.total_vfs = 256;
		port_cfg.subordinate_bus = 2;
	}
};

TEST_F(SriovOfTwoBuses, VfsThatDoNotFitAreOnTheNextBus)
{
	EXPECT_FALSE(answers(PCIE_RID(2, 0, 5)));
	enable(256);
	for (uint32_t n : {0u, 239u, 240u, 255u}) {
		uint16_t rid = (uint16_t)(kVf0 + n);

		EXPECT_EQ(pcie_function_rid(vf(n)), rid);
		EXPECT_TRUE(answers(rid)) << n;
		config_write(rid, CFG_COMMAND, COMMAND_BUS_MASTER, 2);
		EXPECT_EQ(pcie_function_bus_master(vf(n)), true);
	}
	EXPECT_FALSE(pcie_function_bus_master(vf(241)));
	EXPECT_FALSE(answers(PCIE_RID(2, 2, 0))) << "there are 256";
	EXPECT_EQ(pcie_function_rid(pf()), kPf) << "a VF's bus is not the PF's";
}

TEST_F(SriovOfTwoBuses, AnyBusIsThePfsWhileThereAreNoVfs)
{
	config_write(0, CFG_BUS_NUMBERS, 0x00030200);
	config_write(PCIE_RID(2, 0, 0), CFG_INTERRUPT, 1, 1);
	EXPECT_EQ(pcie_function_rid(pf()), PCIE_RID(2, 0, 0));
	EXPECT_EQ(pcie_function_rid(vf(240)), PCIE_RID(3, 0, 0));
}

TEST_F(Sriov, VfsNeedAriForwardingInTheRootPort)
{
	enable(1);
	EXPECT_TRUE(answers(kVf0));
	config_write(0, 0x40 + PCIE_DEVCTL2, 0, 2);
	EXPECT_FALSE(answers(kVf0));
	EXPECT_TRUE(answers(kPf));
}

TEST_F(Sriov, MemoryRequestsReachTheFunctionWhoseBarTheyHit)
{
	bring_up(3);
	mmio_write(kVfBar0 + 2 * 0x10000 + 0x8400, 0x11);
	ASSERT_EQ(nic[3]->writes.size(), 1u);
	EXPECT_EQ(nic[3]->writes[0].offset, 0x8400u);
	EXPECT_EQ(nic[3]->writes[0].value, 0x11u);
	mmio_write(kPfBar0 + 0x7fffc, 0x22);
	EXPECT_EQ(nic[0]->writes.at(0).offset, 0x7fffcu);
	EXPECT_EQ(mmio_read(kVfBar0 + 0x10008), 8u);
	EXPECT_EQ(mmio_read(kVfBar0 + 3 * 0x10000), UINT32_MAX) << "VF 3 is not there";
	EXPECT_EQ(mmio_read(kPfBar0 + 0x7fff0, 8), 0x7fff0u);
	EXPECT_EQ(mmio_read(kWindow + (UINT64_C(1) << 30)), UINT32_MAX);
}

TEST_F(Sriov, WideAccessIsSplitIntoRegisterAccesses)
{
	uint64_t line[2] = {1, 2};
	CpuAccess access(BUS_WRITE, kVfBar0 + 4, 12);

	bring_up(1);
	access.req.data = line;
	send_mmio(access);
	run();
	ASSERT_EQ(nic[1]->writes.size(), 2u);
	EXPECT_EQ(nic[1]->writes[0].len, 4u);
	EXPECT_EQ(nic[1]->writes[1].len, 8u);
	EXPECT_EQ(nic[1]->writes[1].value, UINT64_C(2) << 32);
}

TEST_F(Sriov, VfMemoryNeedsVfMse)
{
	bring_up(1);
	config_write(kPf, AT_SRIOV + SRIOV_CONTROL, SRIOV_VF_ENABLE, 2);
	EXPECT_EQ(mmio_read(kVfBar0), UINT32_MAX);
	EXPECT_EQ(pcie_device_num_vfs(device), 1u);
	config_write(kPf, CFG_COMMAND, 0, 2);
	EXPECT_EQ(mmio_read(kPfBar0), UINT32_MAX);
}

TEST_F(Sriov, SystemPageSizeSpreadsTheVfs)
{
	write_bar(kPf, AT_SRIOV + SRIOV_VF_BAR + 12, kVfBar3);
	config_write(kPf, AT_SRIOV + SRIOV_SYSTEM_PAGE, 1 << 4);
	enable(2);
	mmio_write(kVfBar3 + 0x10000, 0xfee00000);
	EXPECT_EQ(mmio_read(kVfBar3 + 0x10000), 0xfee00000u);
	EXPECT_EQ(mmio_read(kVfBar3), 0u);
	EXPECT_EQ(regs_get(&vf(1)->msix, 0, 0), 0xfee00000u);
}

TEST_F(Sriov, UnsupportedRequestIsReportedByThePf)
{
	bring_up(1);
	mmio_write(kPfBar0 + (UINT64_C(1) << 30), 1);
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCTL) & DEVSTA_ERRORS,
		  DEVSTA_UNSUPPORTED | DEVSTA_NON_FATAL);
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS) & STATUS_RECEIVED_MA, 0u);
	mmio_read(kPfBar0 + (UINT64_C(1) << 30));
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS) & STATUS_RECEIVED_MA, STATUS_RECEIVED_MA);
}
