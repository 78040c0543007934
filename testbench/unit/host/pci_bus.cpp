/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/host/pf_mock_machine.hpp"

namespace
{
class PciBus : public MockMachine
{
protected:
	int scan()
	{
		int ret = -1;
		act([&](struct actor *self) {
			ret = pci_bus_scan(&bus, self, &bus_cfg, &bus_env);
		});
		return ret;
	}
	int enable(uint16_t vfs, uint16_t rid = Pf)
	{
		int ret = -1;
		act([&](struct actor *self) { ret = pci_bus_enable_vfs(&bus, self, rid, vfs); });
		return ret;
	}
};

TEST_F(PciBus, FindsThePfAndPlacesItsBars)
{
	ASSERT_EQ(scan(), 0);
	const struct pci_function *pf = pci_bus_find(&bus, Pf);
	ASSERT_NE(pf, nullptr);
	EXPECT_EQ(bus.count, 1u);
	EXPECT_EQ(pf->vendor, 0x8086);
	EXPECT_EQ(pf->device, 0x1583);
	EXPECT_EQ(pf->bar[0].size_bytes, 0x100000u);
	EXPECT_EQ(pf->bar[0].pa, Window);
	EXPECT_EQ(pf->bar[3].size_bytes, 0x8000u);
	EXPECT_EQ(pf->bar[3].pa, Window + 0x100000);
	EXPECT_EQ(pf->bar[1].size_bytes, 0u);
	EXPECT_EQ(pf->total_vfs, 8u);
	EXPECT_EQ(config32(PCI_BASE_ADDRESS_0) & ~0xfu, (uint32_t)Window);
	EXPECT_EQ(config32(PCI_BASE_ADDRESS_0 + 4), (uint32_t)(Window >> 32));
	EXPECT_EQ(config32(PCI_COMMAND) & 6u, 6u);
}

TEST_F(PciBus, EmptyBusIsNoDevice)
{
	present = false;
	EXPECT_EQ(scan(), -ENODEV);
}

TEST_F(PciBus, WindowTooSmallIsRefused)
{
	bus_cfg.window_bytes = 0x100000;
	EXPECT_EQ(scan(), -ENOSPC);
}

TEST_F(PciBus, VfsAppearByOffsetStrideAndBarSize)
{
	ASSERT_EQ(scan(), 0);
	ASSERT_EQ(enable(3), 0);
	for (uint32_t n = 0; n < 3; n++) {
		const struct pci_function *vf = pci_bus_vf(&bus, Pf, n);
		ASSERT_NE(vf, nullptr);
		EXPECT_EQ(vf->rid, Pf + 16 + 2 * n);
		EXPECT_EQ(vf->vendor, 0x8086);
		EXPECT_EQ(vf->device, 0x1889);
		EXPECT_EQ(vf->bar[0].size_bytes, 0x10000u);
		EXPECT_EQ(vf->bar[0].pa, pci_bus_vf(&bus, Pf, 0)->bar[0].pa + n * 0x10000);
	}
	EXPECT_EQ(pci_bus_vf(&bus, Pf, 3), nullptr);
	EXPECT_EQ(config32(Sriov + PCI_SRIOV_NUM_VF) & 0xffff, 3u);
	EXPECT_EQ(config32(Sriov + PCI_SRIOV_CTRL) & 0xffff,
		  (uint32_t)(PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE));
}

/* VF Enable freezes the VF BARs and NumVFs (9.3.3.3.1), so they must stand before it. */
TEST_F(PciBus, VfEnableIsTheLastWrite)
{
	ASSERT_EQ(scan(), 0);
	writes.clear();
	ASSERT_EQ(enable(3), 0);
	EXPECT_EQ(writes.back(), Sriov + PCI_SRIOV_CTRL);
	EXPECT_EQ(writes[writes.size() - 2], Sriov + PCI_SRIOV_NUM_VF);
}

TEST_F(PciBus, NoTwoBarsOverlap)
{
	ASSERT_EQ(scan(), 0);
	ASSERT_EQ(enable(8), 0);
	std::vector<std::pair<uint64_t, uint64_t>> ranges;
	for (uint32_t i = 0; i < bus.count; i++)
		for (const auto &bar : bus.function[i].bar)
			if (bar.size_bytes)
				ranges.push_back({bar.pa, bar.pa + bar.size_bytes});
	std::sort(ranges.begin(), ranges.end());
	ASSERT_EQ(ranges.size(), 2u + 16u);
	for (size_t i = 1; i < ranges.size(); i++)
		EXPECT_LE(ranges[i - 1].second, ranges[i].first);
}

TEST_F(PciBus, EnablingRefusesWhatCannotBe)
{
	ASSERT_EQ(scan(), 0);
	EXPECT_EQ(enable(9), -ERANGE);
	EXPECT_EQ(enable(0), -ERANGE);
	EXPECT_EQ(enable(1, Pf + 1), -ENODEV);
	EXPECT_EQ(enable(2), 0);
	EXPECT_EQ(enable(2), -EBUSY);
}

TEST_F(PciBus, DisabledVfsAreGone)
{
	ASSERT_EQ(scan(), 0);
	ASSERT_EQ(enable(2), 0);
	act([&](struct actor *self) { EXPECT_EQ(pci_bus_disable_vfs(&bus, self, Pf), 0); });
	EXPECT_EQ(bus.count, 1u);
	EXPECT_EQ(config32(Sriov + PCI_SRIOV_CTRL) & 1, 0u);
}
} // namespace
