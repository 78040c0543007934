// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/pcie/switch.h"
#include "model/pcie/switch_internal.h"
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// Host and root port as in PcieTest, then a switch of three downstream ports: a NIC behind port 0,
// another behind port 1, nothing behind port 2.
class SwitchTest : public PcieTest
{
protected:
	static constexpr uint16_t kUp = PCIE_RID(1, 0, 0);
	static constexpr uint8_t kInner = 2;
	static constexpr uint16_t kPort[] = {PCIE_RID(2, 0, 0), PCIE_RID(2, 1, 0),
					     PCIE_RID(2, 2, 0)};
	static constexpr uint16_t kNic[] = {PCIE_RID(3, 0, 0), PCIE_RID(5, 0, 0)};
	static constexpr uint16_t kVf[] = {PCIE_RID(3, 2, 0), PCIE_RID(5, 2, 0)};
	static constexpr uint64_t kSlice = 64 << 20; // of the window, each port's
	static constexpr uint32_t kDevices = 2;

	void configure() override
	{
		PcieTest::configure();
		port_cfg.subordinate_bus = 9;
		switch_cfg = {0x104c, 0x8232, 3, 100 * PS_PER_NS, 0, 3, 8, 256};
	}

	void connect() override
	{
		struct pcie_switch_env env = {{&sim, "test.switch", 0},
					      [](void *ctx, uint32_t number, bool up) {
						      static_cast<SwitchTest *>(ctx)->below_changed(
							      number, up);
					      },
					      this};

		sw = pcie_switch_create(&switch_cfg, &env);
		ASSERT_TRUE(sw);
		join(link, pcie_root_port_port(port), pcie_switch_port(sw, PCIE_SWITCH_UPSTREAM));
		struct tlp_port down = pcie_link_port(link, PCIE_LINK_DOWN);
		struct tlp_port up = pcie_link_port(link, PCIE_LINK_UP);
		pcie_root_port_connect(port, &down);
		pcie_switch_connect(sw, PCIE_SWITCH_UPSTREAM, &up);
		end[0] = device;
		for (uint32_t n = 0; n < kDevices; n++)
			connect_device(n);
	}

	void connect_device(uint32_t n)
	{
		struct pcie_device_env device_env = {{&sim, n ? "test.nic1" : "test.nic0", 0}};
		struct pcie_link_env env = {{&sim, n ? "test.link1" : "test.link0", 0}};

		if (n) {
			end[n] = pcie_device_create(&device_cfg, &device_env);
			for (uint32_t f = 0; f <= device_cfg.total_vfs; f++) {
				other.push_back(std::make_unique<FakeNic>());
				pcie_function_bind(function(n, f), FakeNic::ops(), other[f].get());
			}
		}
		below[n] = pcie_link_create(&link_cfg, &env);
		join(below[n], pcie_switch_port(sw, n), pcie_device_port(end[n]));
		struct tlp_port down = pcie_link_port(below[n], PCIE_LINK_DOWN);
		struct tlp_port up = pcie_link_port(below[n], PCIE_LINK_UP);
		pcie_switch_connect(sw, n, &down);
		pcie_device_connect(end[n], &up);
	}

	static void join(struct pcie_link *between, struct tlp_port above, struct tlp_port beneath)
	{
		pcie_link_connect(between, &above, &beneath);
	}

	void link_changed(bool up) override
	{
		pcie_link_set_up(link, up);
		if (!up)
			pcie_switch_reset(sw, false);
	}
	void below_changed(uint32_t n, bool up)
	{
		downs[n] += !up;
		pcie_link_set_up(below[n], up);
		if (!up)
			pcie_device_reset(end[n], false);
	}

	void TearDown() override
	{
		run();
		EXPECT_TRUE(pcie_switch_idle(sw));
		EXPECT_TRUE(pcie_device_idle(end[1]));
		for (uint32_t n = 0; n < kDevices; n++) {
			EXPECT_EQ(pcie_link_in_flight(below[n]), 0u);
			pcie_link_destroy(below[n]);
		}
		pcie_device_destroy(end[1]);
		pcie_switch_destroy(sw);
		PcieTest::TearDown();
	}

	// Function 0 is the PF.
	struct pcie_function *function(uint32_t n, uint32_t f)
	{
		return f ? pcie_device_vf(end[n], f - 1) : pcie_device_pf(end[n]);
	}
	FakeNic &behind(uint32_t n, uint32_t f)
	{
		return *(n ? other[f] : nic[f]);
	}

	static uint64_t slice(uint32_t n)
	{
		return kWindow + n * kSlice;
	}
	static uint64_t vf_bar(uint32_t n, uint32_t vf)
	{
		return slice(n) + (2 << 20) + vf * (64 << 10);
	}

	void set_buses(uint16_t rid, uint32_t primary, uint32_t secondary, uint32_t subordinate)
	{
		config_write(rid, CFG_BUS_NUMBERS, primary | secondary << 8 | subordinate << 16);
	}
	void set_window(uint16_t rid, uint64_t base, uint64_t bytes)
	{
		uint64_t last = base + bytes - 1;

		config_write(rid, CFG_PREFETCH_BASE_HIGH, (uint32_t)(base >> 32));
		config_write(rid, CFG_PREFETCH_LIMIT_HIGH, (uint32_t)(last >> 32));
		config_write(rid, CFG_PREFETCH_WINDOW,
			     (uint32_t)(field_put(WINDOW_BASE, base >> WINDOW_SHIFT) |
					field_put(WINDOW_LIMIT, last >> WINDOW_SHIFT)));
	}
	// Bus numbers, windows and enables of the switch, as an operating system gives them.
	void bring_up_switch()
	{
		set_buses(kUp, 1, kInner, 9);
		set_window(kUp, kWindow, 3 * kSlice);
		config_write(kUp, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER, 2);
		for (uint32_t n = 0; n < 3; n++) {
			set_buses(kPort[n], kInner, 3 + 2 * n, 4 + 2 * n);
			set_window(kPort[n], slice(n), kSlice);
			config_write(kPort[n], CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER, 2);
			config_write(kPort[n], ROOT_AT_PCIE + PCIE_DEVCTL2, DEVCTL2_ARI_FORWARDING,
				     2);
		}
	}
	void bring_up_device(uint32_t n, uint32_t vfs)
	{
		write_bar(kNic[n], CFG_BAR, slice(n));
		write_bar(kNic[n], CFG_BAR + 12, slice(n) + (1 << 20));
		write_bar(kNic[n], AT_SRIOV + SRIOV_VF_BAR, vf_bar(n, 0));
		write_bar(kNic[n], AT_SRIOV + SRIOV_VF_BAR + 12, slice(n) + (4 << 20));
		config_write(kNic[n], CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER, 2);
		config_write(kNic[n], AT_SRIOV + SRIOV_NUM_VFS, vfs, 2);
		config_write(kNic[n], AT_SRIOV + SRIOV_CONTROL, SRIOV_VF_ENABLE | SRIOV_VF_MSE, 2);
		for (uint32_t vf = 0; vf < vfs; vf++)
			config_write((uint16_t)(kVf[n] + vf), CFG_COMMAND, COMMAND_BUS_MASTER, 2);
	}
	void bring_up_all()
	{
		bring_up_switch();
		for (uint32_t n = 0; n < kDevices; n++)
			bring_up_device(n, 2);
		host->seen.clear();
	}

	void acs(uint32_t n, uint64_t bits)
	{
		config_write(kPort[n], ROOT_AT_ACS + ACS_CONTROL + 2, (uint32_t)bits, 2);
	}
	// From VF 0 behind a port.
	void send(uint32_t n, Dma &dma, uint8_t at = TLP_AT_UNTRANSLATED)
	{
		dma.tlp.at = at;
		pcie_function_send(function(n, 1), &dma.tlp);
		run();
	}
	uint64_t uncorrectable(uint16_t rid)
	{
		return config_read(rid, ROOT_AT_AER + AER_UNCORRECTABLE);
	}

	struct pcie_switch_cfg switch_cfg;
	struct pcie_switch *sw = nullptr;
	struct pcie_link *below[kDevices] = {};
	struct pcie_device *end[kDevices] = {};
	std::vector<std::unique_ptr<FakeNic>> other; // of the second NIC: PF, then VFs
	unsigned downs[PCIE_SWITCH_PORTS] = {};
};
