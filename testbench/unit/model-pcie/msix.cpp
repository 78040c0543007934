// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

class Msix : public PcieTest
{
protected:
	static constexpr uint64_t kDoorbell = 0x40;

	void SetUp() override
	{
		PcieTest::SetUp();
		bring_up(2);
		program(0);
	}
	void program(uint32_t index)
	{
		for (uint32_t vector = 0; vector < 5; vector++) {
			uint64_t at = entry(vector) + index * (UINT64_C(16) << 10);

			mmio_write(at, kDoorbell + 4 * vector);
			mmio_write(at + 8, 0x100 + vector);
			mmio_write(at + 12, 0);
		}
		control(MSIX_ENABLE, index);
		host->seen.clear();
		traced.clear();
	}
	static uint64_t entry(uint32_t vector)
	{
		return kVfBar3 + 16 * vector;
	}
	void control(uint64_t bits, uint32_t index = 0)
	{
		config_write((uint16_t)(kVf0 + index), AT_MSIX + 2, (uint32_t)(bits >> 16), 2);
	}
	void mask(uint32_t vector, bool on)
	{
		mmio_write(entry(vector) + 12, on);
	}
	uint64_t pba()
	{
		return mmio_read(kVfBar3 + 0x2000, 8);
	}
	size_t messages()
	{
		run();
		return host->seen.size();
	}
};

TEST_F(Msix, TellsTableAndPba)
{
	EXPECT_EQ(config_read(kVf0, AT_MSIX + MSIX_TABLE), 3u);
	EXPECT_EQ(config_read(kVf0, AT_MSIX + MSIX_PBA), 0x2003u);
	EXPECT_EQ(config_read(kVf0, AT_MSIX + 2, 2) & 0x7ffu, 4u);
	EXPECT_EQ(config_read(kPf, AT_MSIX + 2, 2) & 0x7ffu, 128u);
}

TEST_F(Msix, RaisedVectorWritesItsMessage)
{
	pcie_function_raise_msix(vf(0), 3);
	ASSERT_EQ(messages(), 1u);
	EXPECT_EQ(host->seen[0].addr, kDoorbell + 12);
	EXPECT_EQ(host->seen[0].attr.stream_id, kVf0);
	EXPECT_TRUE(host->seen[0].attr.posted);
	EXPECT_EQ(host->seen[0].len_bytes, 4u);
	EXPECT_EQ(le32_get(&host->memory[kDoorbell + 12]), 0x103u);
	ASSERT_EQ(traces_of(TRACE_MSIX_RAISED).size(), 1u);
	EXPECT_EQ(traces_of(TRACE_MSIX_RAISED)[0].arg[0], kVf0);
	EXPECT_EQ(traces_of(TRACE_MSIX_RAISED)[0].arg[1], 3u);
}

TEST_F(Msix, ResetStateIsMaskedAndReservedBitsReadZero)
{
	uint64_t other = kVfBar3 + 0x4000;

	EXPECT_EQ(mmio_read(other + 12), 1u);
	mmio_write(other, 0xffffffff);
	mmio_write(other + 12, 0xffffffff);
	EXPECT_EQ(mmio_read(other), 0xfffffffcu);
	EXPECT_EQ(mmio_read(other + 12), 1u);
	EXPECT_EQ(mmio_read(other + 16 * 5), 0u) << "beyond the table";
	mmio_write(other + 0x2000, 0xffffffff);
	EXPECT_EQ(mmio_read(other + 0x2000), 0u) << "the PBA is read-only";
}

TEST_F(Msix, MaskedVectorIsPendingAndComesOnceOnUnmask)
{
	mask(2, true);
	pcie_function_raise_msix(vf(0), 2);
	pcie_function_raise_msix(vf(0), 2);
	EXPECT_EQ(messages(), 0u);
	EXPECT_TRUE(traces_of(TRACE_MSIX_RAISED).empty());
	EXPECT_EQ(pba(), 4u);
	mask(2, false);
	EXPECT_EQ(messages(), 1u);
	EXPECT_EQ(pba(), 0u);
}

TEST_F(Msix, FunctionMaskHoldsAllVectors)
{
	control(MSIX_ENABLE | MSIX_FUNCTION_MASK);
	pcie_function_raise_msix(vf(0), 0);
	pcie_function_raise_msix(vf(0), 4);
	mask(4, true);
	EXPECT_EQ(messages(), 0u);
	control(MSIX_ENABLE);
	EXPECT_EQ(messages(), 1u);
	EXPECT_EQ(pba(), 0x10u);
	mask(4, false);
	EXPECT_EQ(messages(), 2u);
}

TEST_F(Msix, DisabledOrUnknownVectorDoesNothing)
{
	pcie_function_raise_msix(vf(0), 5);
	control(0);
	pcie_function_raise_msix(vf(0), 1);
	control(MSIX_ENABLE);
	EXPECT_EQ(messages(), 0u);
	EXPECT_FALSE(pcie_function_msix_pending(vf(0), 1));
}

TEST_F(Msix, WithoutBusMasteringItWaits)
{
	config_write(kVf0, CFG_COMMAND, 0, 2);
	pcie_function_raise_msix(vf(0), 1);
	EXPECT_EQ(messages(), 0u);
	EXPECT_TRUE(pcie_function_msix_pending(vf(0), 1));
	config_write(kVf0, CFG_COMMAND, COMMAND_BUS_MASTER, 2);
	EXPECT_EQ(messages(), 1u);
}

TEST_F(Msix, MessageFollowsTheDataItAnnounces)
{
	Dma data(TLP_MWR, 0x1000, 2048, 0x77);

	pcie_function_send(vf(0), &data.tlp);
	pcie_function_raise_msix(vf(0), 1);
	ASSERT_EQ(messages(), 2u);
	EXPECT_EQ(host->seen[0].addr, 0x1000u);
	EXPECT_EQ(host->seen[1].addr, kDoorbell + 4);
}

class FewMessages : public Msix
{
	void configure() override
	{
		Msix::configure();
		device_cfg.msix_messages = 2;
	}
};

TEST_F(FewMessages, ExhaustedPoolMakesVectorsPendingAndLosesNone)
{
	for (uint32_t vector = 0; vector < 5; vector++)
		pcie_function_raise_msix(vf(0), vector);
	EXPECT_TRUE(pcie_function_msix_pending(vf(0), 4));
	EXPECT_EQ(messages(), 5u);
	EXPECT_EQ(pba(), 0u);
	EXPECT_EQ(traces_of(TRACE_MSIX_RAISED).size(), 5u);
}

TEST_F(FewMessages, FunctionsWithoutAMessageGoOnInTurn)
{
	std::vector<uint64_t> rids;

	program(1);
	for (uint32_t vector = 0; vector < 2; vector++)
		pcie_function_raise_msix(vf(0), vector);
	pcie_function_raise_msix(vf(1), 2);
	for (uint32_t vector = 2; vector < 5; vector++)
		pcie_function_raise_msix(vf(0), vector);
	EXPECT_EQ(messages(), 6u);
	for (const struct trace_event &event : traces_of(TRACE_MSIX_RAISED))
		rids.push_back(event.arg[0]);
	EXPECT_EQ(rids, (std::vector<uint64_t>{kVf0, kVf0, kVf0 + 1u, kVf0, kVf0, kVf0}));
}
