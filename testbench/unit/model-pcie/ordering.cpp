// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// Which attributes leave a function. Who may pass whom is testbench/property/pcie_ordering.cpp.
class OrderingAttributes : public PcieTest
{
protected:
	void send(Dma &dma)
	{
		dma.tlp.relaxed = dma.tlp.id_ordered = true;
		pcie_function_send(vf(0), &dma.tlp);
		run();
	}
};

TEST_F(OrderingAttributes, GoOutAsThePfsDeviceControlLetsThem)
{
	Dma first(TLP_MWR, 0x1000, 8), ido(TLP_MWR, 0x1000, 8), none(TLP_MWR, 0x1000, 8);

	bring_up(1);
	send(first);
	EXPECT_TRUE(first.tlp.relaxed) << "enabled after reset (7.5.3.4)";
	EXPECT_FALSE(first.tlp.id_ordered);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL2, DEVCTL2_IDO_REQUEST, 2);
	send(ido);
	EXPECT_TRUE(ido.tlp.relaxed && ido.tlp.id_ordered);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0, 2);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL2, 0, 2);
	send(none);
	EXPECT_FALSE(none.tlp.relaxed || none.tlp.id_ordered);
}

TEST_F(OrderingAttributes, OfACompletionAreItsRequestsAndItsCompleters)
{
	Dma read(TLP_MRD, 0x1000, 8), by_id(TLP_MRD, 0x1000, 8);

	bring_up(1);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL2, DEVCTL2_IDO_REQUEST, 2);
	send(read);
	EXPECT_TRUE(read.tlp.relaxed);
	EXPECT_FALSE(read.tlp.id_ordered) << "the root port's to say";
	config_write(0, ROOT_AT_PCIE + PCIE_DEVCTL2, DEVCTL2_IDO_COMPLETION, 2);
	send(by_id);
	EXPECT_TRUE(by_id.tlp.id_ordered);
	EXPECT_EQ(by_id.tlp.completer_id, PCIE_RID(0, 0, 0));
}

TEST_F(OrderingAttributes, OfACpusReadAreTheFunctionsThatAnswers)
{
	CpuAccess read(BUS_READ, kVfBar0 + (64 << 10), 4), by_id(BUS_READ, kVfBar0, 4);

	bring_up(2);
	const struct tlp &tlp = port->free->tlp; // the next to be used
	send_mmio(read);
	run();
	EXPECT_EQ(tlp.completer_id, kVf0 + 1u);
	EXPECT_FALSE(tlp.id_ordered);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL2, DEVCTL2_IDO_COMPLETION, 2);
	send_mmio(by_id);
	run();
	EXPECT_EQ(tlp.completer_id, kVf0 + 0u);
	EXPECT_TRUE(tlp.id_ordered);
}

// Parameter: how long the link may hold a TLP.
class ConfigurationWrites : public PcieTest, public testing::WithParamInterface<uint64_t>
{
protected:
	void configure() override
	{
		PcieTest::configure();
		link_cfg.reorder_ps = GetParam();
		device_cfg.register_ps = 100 * PS_PER_NS;
	}
};

TEST_P(ConfigurationWrites, WhatFollowsOneFindsItDone)
{
	bring_up(1);
	for (uint32_t i = 0; i < 50; i++) {
		CpuAccess write(BUS_WRITE, ecam(kPf, CFG_HEADER), 1, i);
		CpuAccess read(BUS_READ, ecam(kPf, CFG_HEADER), 1);
		CpuAccess posted(BUS_WRITE, kVfBar0 + 8, 4, i);

		nic[1]->on_write = [&](const FakeNic::Access &) {
			EXPECT_EQ(pcie_config_get(pf(), CFG_HEADER) & 0xff, i);
		};
		send_config(write);
		send_mmio(posted);
		send_config(read);
		run();
		EXPECT_EQ(read.value, i);
		EXPECT_TRUE(posted.done());
	}
}

INSTANTIATE_TEST_SUITE_P(Links, ConfigurationWrites, testing::Values(0, 5 * PS_PER_US));
