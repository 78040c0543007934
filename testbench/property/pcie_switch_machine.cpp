// SPDX-License-Identifier: Apache-2.0
/*
 * A machine with a switch of each size between root port and NIC: after the boot every
 * function that the kernel knows answers at its ID and in its BARs, within windows that hold
 * all of them and overlap no other port's; Access Control and ARI are as Linux sets them; and
 * Secondary Bus Reset of the NIC's port takes the NIC, and only it, away.
 */
#include <fstream>
#include <functional>

#include <gtest/gtest.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "base/bits.h"
#include "system/machine.h"
#include "testbench/support/on_actor.hpp"

namespace
{
constexpr uint16_t kUp = PCIE_RID(1, 0, 0);

class SwitchMachine : public ::testing::TestWithParam<uint32_t>
{
protected:
	void SetUp() override
	{
		const std::string path = "/tmp/vfsim-switch-machine-" + std::to_string(getpid());
		struct config_errors errors = {};

		std::ofstream(path)
			<< "hosts: [only]\nmemory: 64MiB\nnic: {total_vfs: 250, vfs: 3}\n"
			<< "link: {switch_ports: " << GetParam() << "}\n";
		ASSERT_EQ(sim_init(&sim, 1, nullptr), 0);
		ASSERT_EQ(machine_load(path.c_str(), nullptr, 0, &file, &errors), 0) << errors.text;
		unlink(path.c_str());
		machine = machine_create(&file.cfg->machine, &sim, &engine_native, nullptr);
		ASSERT_TRUE(machine);
		host = &machine->host[0];
		act([&](struct actor *self) { ASSERT_EQ(host_boot(host, self, nullptr), 0); });
	}
	void TearDown() override
	{
		act([&](struct actor *self) {
			host_shutdown(host, self);
			actor_sleep(self, PS_PER_MS);
		});
		EXPECT_TRUE(pcie_switch_idle(host->pcie_switch));
		machine_destroy(machine);
		scenario_release(&file);
		sim_fini(&sim);
	}
	void act(const std::function<void(struct actor *)> &work)
	{
		ASSERT_TRUE(on_actor(&sim, work));
	}
	uint32_t read(struct actor *self, uint16_t rid, uint32_t offset, uint32_t len = 4)
	{
		return pci_config_read(&host->pci_bus, self, rid, offset, len);
	}
	// First and last byte of the prefetchable window; first above last: closed.
	std::pair<uint64_t, uint64_t> window(struct actor *self, uint16_t rid)
	{
		uint32_t both = read(self, rid, PCI_PREF_MEMORY_BASE);
		uint64_t base = (uint64_t)read(self, rid, PCI_PREF_BASE_UPPER32) << 32 |
				(both & 0xfff0) << 16;
		uint64_t last = (uint64_t)read(self, rid, PCI_PREF_LIMIT_UPPER32) << 32 |
				(both & 0xfff00000) | 0xfffff;

		return {base, last};
	}
	static uint16_t port_rid(uint32_t port)
	{
		return PCIE_RID(2, port, 0);
	}

	struct sim sim;
	struct scenario_file file = {};
	struct machine *machine = nullptr;
	struct host *host = nullptr;
};
} // namespace

TEST_P(SwitchMachine, TheScanNumbersBusesAndOpensWindows)
{
	act([&](struct actor *self) {
		uint32_t next = 3;

		EXPECT_EQ(read(self, kUp, PCI_PRIMARY_BUS) & 0xffff, 0x0201u);
		for (uint32_t port = 0; port < GetParam(); port++) {
			uint32_t buses = read(self, port_rid(port), PCI_PRIMARY_BUS);

			EXPECT_EQ(buses & 0xff, 2u);
			EXPECT_EQ(buses >> 8 & 0xff, next) << "bus after bus";
			next = (buses >> 16 & 0xff) + 1;
			EXPECT_EQ(next - (buses >> 8 & 0xff), port ? 1u : 2u)
				<< "250 VFs from function 16 on need two buses";
			auto range = window(self, port_rid(port));
			EXPECT_EQ(range.first < range.second, port == 0) << "nothing behind others";
		}
		EXPECT_EQ(read(self, kUp, PCI_PRIMARY_BUS) >> 16 & 0xff, next - 1);
		EXPECT_EQ(read(self, PCIE_RID(2, GetParam(), 0), PCI_VENDOR_ID), UINT32_MAX);
		EXPECT_EQ(window(self, kUp), window(self, port_rid(0)));
	});
}

TEST_P(SwitchMachine, EveryFunctionIsInTheWindowAndAnswers)
{
	act([&](struct actor *self) {
		auto range = window(self, port_rid(0));

		ASSERT_EQ(host->pci_bus.count, 4u);
		EXPECT_EQ(host->pci_bus.function[0].rid, PCIE_RID(3, 0, 0));
		for (uint32_t i = 0; i < 4; i++) {
			const struct pci_function &function = host->pci_bus.function[i];
			uint32_t copies = function.is_vf ? 250 - function.vf_index : 1;

			EXPECT_NE(read(self, function.rid, PCI_COMMAND), UINT32_MAX) << i;
			for (const struct pci_bar &bar : function.bar) {
				if (!bar.size_bytes)
					continue;
				EXPECT_GE(bar.pa, range.first);
				EXPECT_LE(bar.pa + copies * bar.size_bytes - 1, range.second);
			}
		}
		const struct pci_function *vf = pci_bus_vf(&host->pci_bus, PCIE_RID(3, 0, 0), 2);
		EXPECT_EQ(vf->rid, PCIE_RID(3, 2, 2));
		struct cpu_port cpu = cpu_port(host->cpu);
		EXPECT_NE(cpu.ops->mmio_read(cpu.ctx, self, vf->bar[0].pa, 4), UINT32_MAX);
	});
}

TEST_P(SwitchMachine, PortsAreIsolatedAndForwardAri)
{
	act([&](struct actor *self) {
		struct pci_bus *bus = &host->pci_bus;

		for (uint32_t port = 0; port < GetParam(); port++) {
			uint16_t rid = port_rid(port);
			uint32_t acs = pci_find_ext_capability(bus, self, rid, PCI_EXT_CAP_ID_ACS);
			uint32_t express = pci_find_capability(bus, self, rid, PCI_CAP_ID_EXP);

			EXPECT_EQ(read(self, rid, acs + PCI_ACS_CTRL, 2),
				  (uint32_t)(PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF));
			EXPECT_EQ((read(self, rid, express + PCI_EXP_DEVCTL2, 2) &
				   PCI_EXP_DEVCTL2_ARI) != 0,
				  port == 0);
		}
	});
}

TEST_P(SwitchMachine, SecondaryBusResetOfTheNicsPortTakesTheNicAlone)
{
	act([&](struct actor *self) {
		struct pci_bus *bus = &host->pci_bus;
		uint16_t pf = PCIE_RID(3, 0, 0), rid = port_rid(0);
		uint32_t windows = read(self, rid, PCI_PREF_MEMORY_BASE);

		EXPECT_NE(read(self, pf, PCI_COMMAND, 2), 0u);
		pci_config_write(bus, self, rid, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
		EXPECT_EQ(read(self, pf, PCI_VENDOR_ID), UINT32_MAX);
		pci_config_write(bus, self, rid, PCI_BRIDGE_CONTROL, 2, 0);
		actor_sleep(self, PS_PER_MS);
		EXPECT_EQ(read(self, pf, PCI_VENDOR_ID), 0x15728086u);
		EXPECT_EQ(read(self, pf, PCI_COMMAND, 2), 0u);
		EXPECT_EQ(read(self, rid, PCI_PREF_MEMORY_BASE), windows);
	});
}

INSTANTIATE_TEST_SUITE_P(Ports, SwitchMachine, ::testing::Values(1u, 3u, 8u));
