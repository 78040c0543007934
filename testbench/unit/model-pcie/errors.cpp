// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// Errors of traffic, from the request that makes one to the root port's registers.
class Errors : public PcieTest
{
protected:
	static constexpr uint64_t kUnclaimed = kWindow + (UINT64_C(1) << 30);
	static constexpr uint32_t kUncorrectable = AT_AER + AER_UNCORRECTABLE;

	void configure() override
	{
		PcieTest::configure();
		device_cfg.completion_timeout_ps = 7 * PS_PER_MS;
	}
	// As an operating system with an AER driver: everything is reported, advisory errors too.
	void report_all(uint32_t vfs)
	{
		bring_up(vfs);
		config_write(kPf, AT_PCIE + PCIE_DEVCTL, DEVCTL_ERROR_REPORTING, 2);
		config_write(kPf, AT_AER + AER_CORRECTABLE_MASK, 0);
		config_write(0, CFG_INTERRUPT, BRIDGE_SERR);
		config_write(0, ROOT_AT_AER + AER_ROOT_COMMAND,
			     ROOT_COMMAND_CORRECTABLE | ROOT_COMMAND_NON_FATAL |
				     ROOT_COMMAND_FATAL);
	}
	void expect_header(uint16_t rid, std::vector<uint32_t> header)
	{
		for (uint32_t i = 0; i < header.size(); i++)
			EXPECT_EQ(config_read(rid, AT_AER + AER_HEADER_LOG + 4 * i), header[i])
				<< i;
	}
	uint32_t root_status()
	{
		run();
		return config_read(0, ROOT_AT_AER + AER_ROOT_STATUS);
	}
	uint32_t root_source()
	{
		return config_read(0, ROOT_AT_AER + AER_ROOT_SOURCE);
	}
};

TEST_F(Errors, AReadThatNobodyClaimsIsACorrectableErrorOfThePf)
{
	report_all(1);
	EXPECT_EQ(mmio_read(kUnclaimed + 8), UINT32_MAX);
	EXPECT_EQ(root_status(), ROOT_STATUS_CORRECTABLE);
	EXPECT_EQ(root_source(), kPf);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_CORRECTABLE), BIT(AER_ADVISORY));
	EXPECT_EQ(config_read(kPf, kUncorrectable), BIT(AER_UNSUPPORTED));
	EXPECT_EQ(config_read(kPf, AT_AER + AER_CONTROL), AER_UNSUPPORTED);
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCTL) & DEVSTA_ERRORS,
		  DEVSTA_CORRECTABLE | DEVSTA_UNSUPPORTED);
	expect_header(kPf, {0x20000001, 0x0000000f, (kUnclaimed + 8) >> 32, 0x40000008});
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS), STATUS_RECEIVED_MA);
	EXPECT_EQ(intx, (std::vector<bool>{true}));
	EXPECT_TRUE(config_read(0, CFG_COMMAND) & STATUS_INTERRUPT);
	config_write(0, ROOT_AT_AER + AER_ROOT_STATUS, ROOT_STATUS_CORRECTABLE);
	EXPECT_EQ(intx, (std::vector<bool>{true, false}));
}

TEST_F(Errors, AWriteThatNobodyClaimsIsNonFatal)
{
	report_all(1);
	mmio_write(kUnclaimed + 6, 0x1234, 2);
	EXPECT_EQ(root_status(), ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL);
	EXPECT_EQ(root_source(), (uint32_t)kPf << 16);
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCTL) & DEVSTA_ERRORS,
		  DEVSTA_NON_FATAL | DEVSTA_UNSUPPORTED);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_CORRECTABLE), 0u);
	expect_header(kPf, {0x60000001, 0x0000000c, kUnclaimed >> 32, 0x40000004});
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS), STATUS_SIGNALED_ERROR);
}

TEST_F(Errors, SeverityMakesAnUnsupportedReadFatal)
{
	report_all(1);
	config_write(kPf, AT_AER + AER_SEVERITY, BIT(AER_UNSUPPORTED));
	mmio_read(kUnclaimed);
	EXPECT_EQ(root_status(),
		  ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_FIRST_WAS_FATAL | ROOT_STATUS_FATAL);
}

TEST_F(Errors, AMaskedOneIsLoggedAndNotReported)
{
	report_all(1);
	config_write(kPf, AT_AER + AER_UNCORRECTABLE_MASK, BIT(AER_UNSUPPORTED));
	mmio_write(kUnclaimed, 0);
	EXPECT_EQ(root_status(), 0u);
	EXPECT_EQ(config_read(kPf, kUncorrectable), BIT(AER_UNSUPPORTED));
	expect_header(kPf, {0, 0, 0, 0});
	EXPECT_TRUE(intx.empty());
}

// Without memory decoding and in D3hot no function claims anything: it is the PF's.
TEST_F(Errors, NoBarAnswersWithoutMemorySpaceEnableAndInD3hot)
{
	const uint64_t control = ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL;

	report_all(1);
	config_write(kPf, CFG_COMMAND, COMMAND_BUS_MASTER, 2);
	mmio_write(kPfBar0, 0);
	EXPECT_EQ(root_status(), control);
	config_write(kPf, AT_SRIOV + SRIOV_CONTROL, SRIOV_VF_ENABLE, 2);
	mmio_write(kVfBar0, 0);
	EXPECT_EQ(root_status(), control | ROOT_STATUS_UNCORRECTABLES) << "VF MSE";
	config_write(0, ROOT_AT_AER + AER_ROOT_STATUS, 0x7f);
	config_write(kPf, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER, 2);
	config_write(kPf, AT_PM + PM_CONTROL, PM_D3HOT, 2);
	mmio_write(kPfBar0, 0);
	EXPECT_EQ(root_status(), control) << "D3hot";
	EXPECT_EQ(root_source(), (uint32_t)kPf << 16);
	EXPECT_TRUE(nic[0]->writes.empty() && nic[1]->writes.empty());
}

TEST_F(Errors, AConfigurationRequestToAnAbsentVfIsThePfs)
{
	report_all(2);
	EXPECT_EQ(config_read(kVf0 + 2, 0x104), UINT32_MAX);
	EXPECT_EQ(root_status(), ROOT_STATUS_CORRECTABLE);
	EXPECT_EQ(root_source(), kPf);
	expect_header(kPf, {0x04000001, 0x0000000f, (kVf0 + 2u) << 16 | 0x104, 0});
}

// A VF's BAR on pages larger than itself: the rest of its page is the VF's, and nothing there.
TEST_F(Errors, BeyondAVfsRegistersTheErrorIsTheVfs)
{
	config_write(kPf, AT_SRIOV + SRIOV_SYSTEM_PAGE, 1 << 4); // 64 KiB; BAR 3 has 16
	report_all(2);
	mmio_write(kVfBar3 + (64 << 10) + (16 << 10), 0);
	EXPECT_EQ(root_status(), ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL);
	EXPECT_EQ(root_source(), (kVf0 + 1u) << 16);
	EXPECT_EQ(config_read(kVf0 + 1, kUncorrectable), BIT(AER_UNSUPPORTED));
	EXPECT_EQ(config_read(kPf, kUncorrectable), 0u);
}

TEST_F(Errors, DuringAnFlrNothingIsLogged)
{
	report_all(1);
	config_write(kVf0, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR, 2);
	mmio_write(kVfBar0, 0);
	EXPECT_EQ(mmio_read(kVfBar0), UINT32_MAX);
	EXPECT_EQ(root_status(), 0u);
	EXPECT_EQ(config_read(kVf0, kUncorrectable), 0u);
}

TEST_F(Errors, MessagesThatComeWhileOneIsUnderWayAreOneMore)
{
	report_all(1);
	std::vector<std::unique_ptr<CpuAccess>> writes;
	uint64_t before = pcie_link_counters_get(link, PCIE_LINK_UP).tlps;

	for (int i = 0; i < 6; i++) {
		writes.push_back(std::make_unique<CpuAccess>(BUS_WRITE, kUnclaimed, 4));
		send_mmio(*writes.back());
	}
	run();
	EXPECT_EQ(pcie_link_counters_get(link, PCIE_LINK_UP).tlps - before, 2u);
	EXPECT_EQ(root_status(),
		  ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_UNCORRECTABLES | ROOT_STATUS_NON_FATAL);
}

TEST_F(Errors, WithoutSerrOfTheBridgeMessagesEndInItsSecondaryStatus)
{
	report_all(1);
	config_write(0, CFG_INTERRUPT, 0);
	mmio_write(kUnclaimed, 0);
	EXPECT_EQ(root_status(), 0u);
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS), STATUS_SIGNALED_ERROR);
}

TEST_F(Errors, InterruptDisableHoldsTheLineDown)
{
	report_all(1);
	config_write(0, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_INTX_DISABLE, 2);
	mmio_write(kUnclaimed, 0);
	run();
	EXPECT_TRUE(intx.empty());
	config_write(0, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER, 2);
	EXPECT_EQ(intx, (std::vector<bool>{true}));
	config_write(0, ROOT_AT_AER + AER_ROOT_COMMAND, 0);
	EXPECT_EQ(intx, (std::vector<bool>{true, false}));
}

TEST_F(Errors, ContainmentShutsTheLinkUntilItIsCleared)
{
	Dma read(TLP_MRD, 0x1000, 16);

	report_all(1);
	config_write(0, ROOT_AT_DPC + DPC_CONTROL + 2,
		     DPC_ON_NON_FATAL | DPC_INTERRUPT_ENABLE >> 16, 2);
	mmio_write(kUnclaimed, 0);
	EXPECT_EQ(root_status(), 0u) << "the message that triggers goes no further";
	EXPECT_EQ(config_read(0, ROOT_AT_DPC + DPC_STATUS),
		  (uint32_t)kPf << 16 | DPC_INTERRUPT | 1 << 1 | DPC_TRIGGERED);
	EXPECT_EQ(intx, (std::vector<bool>{true}));
	EXPECT_EQ(config_read(kPf, CFG_ID), UINT32_MAX);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), UINT32_MAX);
	mmio_write(kPfBar0 + 8, 1);
	EXPECT_TRUE(nic[0]->writes.empty());
	pcie_function_send(pf(), &read.tlp);
	run();
	EXPECT_NE(read.tlp.status, TLP_SC);
	EXPECT_TRUE(host->seen.empty());
	config_write(0, ROOT_AT_DPC + DPC_STATUS, DPC_TRIGGERED | DPC_INTERRUPT, 2);
	EXPECT_EQ(intx, (std::vector<bool>{true, false}));
	run();
	EXPECT_EQ(config_read(kPf, CFG_ID), 0x15728086u);
}

// ---- errors of single TLPs: what a device or a planted fault makes of them ----

TEST_F(Errors, AnAccessThatBreaksTheDevicesRulesIsACompleterAbort)
{
	report_all(1);
	nic[1]->on_write = [this](const FakeNic::Access &) {
		pcie_function_abort(vf(0));
	};
	mmio_write(kVfBar0, 1);
	EXPECT_EQ(root_status(), ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL);
	EXPECT_EQ(root_source(), (uint32_t)kVf0 << 16);
	EXPECT_EQ(config_read(kVf0, kUncorrectable), BIT(AER_COMPLETER_ABORT));
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND) & STATUS_ERRORS, STATUS_SIGNALED_TA);
}

TEST_F(Errors, AReadThatIsAbortedReadsOnes)
{
	static const struct pcie_function_ops ops = {
		[](void *ctx, uint32_t, uint64_t, uint32_t) {
			pcie_function_abort(static_cast<struct pcie_function *>(ctx));
			return UINT64_C(0);
		},
		nullptr, nullptr, nullptr, nullptr};

	report_all(1);
	pcie_function_bind(vf(0), &ops, vf(0));
	EXPECT_EQ(mmio_read(kVfBar0), UINT32_MAX);
	EXPECT_EQ(root_status(), ROOT_STATUS_CORRECTABLE) << "advisory";
	EXPECT_EQ(config_read(kVf0, kUncorrectable), BIT(AER_COMPLETER_ABORT));
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS), STATUS_RECEIVED_TA);
}

TEST_F(Errors, APoisonedWriteIsNotMade)
{
	report_all(1);
	pcie_link_plant(link, PCIE_LINK_DOWN, PCIE_LINK_POISON);
	mmio_write(kVfBar0 + 4, 1);
	EXPECT_TRUE(nic[1]->writes.empty());
	EXPECT_EQ(root_status(), ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL);
	EXPECT_EQ(config_read(kVf0, kUncorrectable), BIT(AER_POISONED));
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND) & STATUS_ERRORS, STATUS_POISONED);
	mmio_write(kVfBar0 + 4, 1);
	EXPECT_EQ(nic[1]->writes.size(), 1u) << "the next one is sound";
	pcie_link_plant(link, PCIE_LINK_DOWN, PCIE_LINK_POISON);
	config_write(kVf0, CFG_COMMAND, 0, 2);
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND, 2), COMMAND_BUS_MASTER);
}

TEST_F(Errors, APoisonedCompletionIsNothingToUse)
{
	Dma read(TLP_MRD, 0x1004, 16);

	report_all(1);
	pcie_link_plant(link, PCIE_LINK_DOWN, PCIE_LINK_POISON);
	pcie_function_send(vf(0), &read.tlp);
	EXPECT_EQ(root_status(), ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL);
	EXPECT_EQ(read.tlp.status, TLP_POISONED);
	EXPECT_EQ(config_read(kVf0, kUncorrectable), BIT(AER_POISONED));
	expect_header(kVf0, {0x4a000004, 16, (uint32_t)kVf0 << 16 | 4, 0});
}

class LostTlp : public Errors, public testing::WithParamInterface<enum pcie_link_direction>
{
};

TEST_P(LostTlp, OfAReadEndsItWhenTheTimeIsUp)
{
	Dma read(TLP_MRD, 0x1000, 16), after(TLP_MRD, 0x1000, 16);
	uint64_t begin;

	report_all(1);
	pcie_link_plant(link, GetParam(), PCIE_LINK_LOSE);
	begin = sim_now(&sim);
	pcie_function_send(vf(0), &read.tlp);
	pcie_function_send(vf(0), &after.tlp);
	run_for(PS_PER_MS);
	EXPECT_EQ(after.tlp.status, TLP_SC);
	EXPECT_TRUE(after.done() && !read.done());
	EXPECT_TRUE(config_read(kVf0, AT_PCIE + PCIE_DEVCTL) & DEVSTA_PENDING);
	EXPECT_EQ(root_status(), ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL);
	EXPECT_EQ(read.tlp.status, TLP_TIMED_OUT);
	EXPECT_EQ(read.done_ps, begin + 7 * PS_PER_MS);
	EXPECT_EQ(config_read(kVf0, kUncorrectable), BIT(AER_COMPLETION_TIMEOUT));
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND) & STATUS_ERRORS, 0u);
}

TEST_P(LostTlp, OfAFunctionThatIsResetIsNoErrorAndStillHeldUntilThen)
{
	Dma read(TLP_MRD, 0x1000, 16);
	CpuAccess flr(BUS_WRITE, ecam(kVf0, AT_PCIE + PCIE_DEVCTL), 2, DEVCTL_INITIATE_FLR);

	report_all(1);
	send_config(flr); // first: the fault is not for it
	pcie_link_plant(link, GetParam(), PCIE_LINK_LOSE);
	pcie_function_send(vf(0), &read.tlp);
	wait(flr);
	run_for(PS_PER_US);
	EXPECT_FALSE(read.done());
	EXPECT_EQ(pcie_function_in_flight(vf(0)), 1u);
	EXPECT_EQ(root_status(), 0u);
	EXPECT_TRUE(read.done() && read.tlp.discarded);
	EXPECT_EQ(config_read(kVf0, kUncorrectable), 0u);
}

INSTANTIATE_TEST_SUITE_P(Ways, LostTlp, testing::Values(PCIE_LINK_UP, PCIE_LINK_DOWN));

TEST_F(Errors, AStrayCompletionIsUnexpectedAndItsReadTimesOut)
{
	Dma read(TLP_MRD, 0x1000, 16);

	report_all(1);
	pcie_link_plant(link, PCIE_LINK_DOWN, PCIE_LINK_STRAY);
	pcie_function_send(pf(), &read.tlp);
	run_for(PS_PER_MS);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_STATUS), ROOT_STATUS_CORRECTABLE);
	EXPECT_EQ(config_read(kPf, kUncorrectable), BIT(AER_UNEXPECTED));
	expect_header(kPf, {0x4a000004, 16, (uint32_t)kPf << 16, 0});
	EXPECT_FALSE(read.done());
	run();
	EXPECT_EQ(read.tlp.status, TLP_TIMED_OUT);
	EXPECT_EQ(config_read(kPf, kUncorrectable),
		  BIT(AER_UNEXPECTED) | BIT(AER_COMPLETION_TIMEOUT));
}

TEST_F(Errors, ACpuReadWhoseCompletionIsLostReadsOnes)
{
	report_all(1);
	pcie_link_plant(link, PCIE_LINK_UP, PCIE_LINK_LOSE);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), UINT32_MAX);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), 8u);
}

TEST_F(Errors, SurpriseRemovalEndsWhatTheCpuWaitsForAndHoldsTheDevicesReads)
{
	Dma read(TLP_MRD, 0x1000, 16), write(TLP_MWR, 0x1000, 16, 0x77);
	CpuAccess access(BUS_READ, kPfBar0 + 8, 4);
	uint64_t begin;

	report_all(1);
	begin = sim_now(&sim);
	pcie_function_send(vf(0), &read.tlp);
	send_mmio(access);
	run_for(200 * PS_PER_NS); // the read is in the host, the access in the device
	pcie_function_send(vf(0), &write.tlp);
	pcie_link_set_up(link, false);
	pcie_device_reset(device, false);
	run_for(PS_PER_US);
	EXPECT_EQ(access.value, UINT32_MAX);
	EXPECT_TRUE(access.done() && write.done() && !read.done());
	EXPECT_EQ(host->memory[0x1000], 0) << "the write was on the wire";
	EXPECT_EQ(config_read(kPf, CFG_ID), UINT32_MAX);
	run();
	EXPECT_EQ(read.done_ps, begin + 7 * PS_PER_MS);
	EXPECT_TRUE(read.tlp.discarded && write.tlp.discarded);
	pcie_link_set_up(link, true);
	EXPECT_EQ(config_read(kPf, CFG_ID), 0x15728086u);
	EXPECT_EQ(config_read(kPf, kUncorrectable), 0u);
}
