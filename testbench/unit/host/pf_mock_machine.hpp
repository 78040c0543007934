/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TEST_MOCK_MACHINE_H
#define VFSIM_TEST_MOCK_MACHINE_H

/*
 * A machine with one PF behind ECAM: configuration space with an SR-IOV
 * capability, an admin queue that answers by a test's function, memory.
 */

#include "host/pci-bus/pci_bus.h"
#include "host/pf-driver/pf_driver.h"
#include "pf-firmware/mailbox_format.h"

#include <gtest/gtest.h>
#include <linux/pci_regs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <vector>

class MockMachine : public ::testing::Test
{
public:
	struct sim sim;
	struct sim_part part;
	struct frames *frames;
	struct pci_bus bus;
	struct pci_bus_cfg bus_cfg;
	struct pci_bus_env bus_env;
	bool present = true;
	std::vector<uint32_t> writes; /* configuration offsets */
	std::vector<struct actor *> actors;

	/* The PF's firmware: changes a command into its write-back, and its buffer. */
	std::function<void(struct aq_desc &, uint8_t *buffer)> firmware = [](struct aq_desc &,
									     uint8_t *) {
	};
	std::vector<struct aq_desc> commands;
	bool dead = false; /* the firmware takes nothing */
	uint64_t command_ps = 20 * PS_PER_US;
	std::map<uint32_t, uint32_t> registers;
	std::vector<uint8_t> memory;

protected:
	static constexpr uint16_t Pf = 0x100;
	static constexpr uint64_t Ecam = 0x4010000000, Window = 0x5000000000;
	static constexpr uint64_t Ram = 0x10000000000;
	static constexpr uint32_t Sriov = 0x160;

	MockMachine()
	{
		EXPECT_EQ(sim_init(&sim, 1, nullptr), 0);
		part = {&sim, "host", 0};
		frames = frames_create(Ram, 1 << 20);
		memory.resize(1 << 20);
		bus_cfg = {Ecam, Window, 1 << 30, 1};
		bus_env = {part, {this, &ops(), 0}};
		put32(PCI_VENDOR_ID, 0x15838086);
		put32(PCI_CFG_SPACE_SIZE, 0x1 | 1 << 16 | Sriov << 20);
		put32(Sriov, PCI_EXT_CAP_ID_SRIOV | 1 << 16);
		put32(Sriov + PCI_SRIOV_INITIAL_VF, 8 | 8 << 16);
		put32(Sriov + PCI_SRIOV_VF_OFFSET, 16 | 2 << 16);
		put32(Sriov + PCI_SRIOV_VF_DID - 2, 0x1889u << 16);
	}
	~MockMachine() override
	{
		for (struct actor *a : actors)
			actor_destroy(a);
		frames_destroy(frames);
		sim_fini(&sim);
	}

	void act(std::function<void(struct actor *)> body)
	{
		bool done = false;
		std::function<void(struct actor *)> job = [&](struct actor *self) {
			body(self);
			done = true;
		};
		struct actor *actor = actor_start(
			&sim, "test",
			[](struct actor *self, void *arg) {
				(*static_cast<std::function<void(struct actor *)> *>(arg))(self);
			},
			&job);
		sim_run(&sim, sim_now(&sim) + 100 * PS_PER_S, &done);
		actor_destroy(actor);
		ASSERT_TRUE(done);
	}

	/* The PF can interrupt: its vector 0, from BAR 3 on. */
	void has_msix()
	{
		put32(PCI_COMMAND, PCI_STATUS_CAP_LIST << 16);
		put32(PCI_CAPABILITY_LIST, 0x70);
		put32(0x70, PCI_CAP_ID_MSIX);
		put32(0x70 + PCI_MSIX_TABLE, 3);
	}
	/* As the device does, where its vector is armed and enabled. */
	void interrupt(uint64_t causes)
	{
		registers[PFINT_ICR0] = (uint32_t)causes;
		ASSERT_TRUE(registers[PFINT_DYN_CTL0] & DYN_CTL_INTENA);
		ASSERT_TRUE(registers[PFINT_ICR0_ENA] & causes);
		ASSERT_TRUE(config32(0x70) >> 16 & PCI_MSIX_FLAGS_ENABLE);
		registers[PFINT_DYN_CTL0] = 0;
		msi_handler(msi_arg, sim_now(&sim));
	}
	void (*msi_handler)(void *arg, uint64_t now) = nullptr;
	void *msi_arg = nullptr;

	void put32(uint32_t at, uint32_t value)
	{
		std::memcpy(config + at, &value, 4);
	}
	uint32_t config32(uint32_t at) const
	{
		return le32_get(config + at);
	}

private:
	uint8_t config[4096] = {};

	uint8_t *ram(uint64_t pa)
	{
		return &memory.at(pa - Ram);
	}

	struct BarRow {
		uint32_t at, size;
	};

	static const BarRow *find_bar(uint32_t at)
	{
		static const BarRow rows[] = {{PCI_BASE_ADDRESS_0, 0x100000},
					      {PCI_BASE_ADDRESS_0 + 12, 0x8000},
					      {Sriov + PCI_SRIOV_BAR, 0x10000},
					      {Sriov + PCI_SRIOV_BAR + 12, 0x4000}};
		for (const BarRow &row : rows)
			if (at == row.at || at == row.at + 4)
				return &row;
		return nullptr;
	}

	void config_write(uint32_t at, uint32_t len, uint32_t value)
	{
		bool bar = (at >= PCI_BASE_ADDRESS_0 && at < PCI_BASE_ADDRESS_0 + 24) ||
			   (at >= Sriov + PCI_SRIOV_BAR && at < Sriov + PCI_SRIOV_BAR + 24);
		const BarRow *row = find_bar(at);

		writes.push_back(at);
		if (bar && !row)
			return;
		if (row && row->at == at) /* 64-bit, prefetchable */
			value = (value & ~(row->size - 1)) | 0xc;
		std::memcpy(config + at, &value, len);
	}

	void take_commands()
	{
		uint64_t ring = registers[PF_ATQBAL] | (uint64_t)registers[PF_ATQBAH] << 32;

		while (registers[PF_ATQH] != registers[PF_ATQT]) {
			struct aq_desc desc;
			uint8_t *at = ram(ring + 32ull * registers[PF_ATQH]);

			std::memcpy(&desc, at, 32);
			commands.push_back(desc);
			uint64_t buffer = (uint64_t)desc.addr_high << 32 | desc.addr_low;
			firmware(desc, desc.flags & AQ_FLAG_BUF ? ram(buffer) : nullptr);
			desc.flags |= AQ_FLAG_DD | AQ_FLAG_CMP;
			std::memcpy(at, &desc, 32);
			registers[PF_ATQH] = (registers[PF_ATQH] + 1) % 32;
		}
	}

	static uint64_t mmio_read(void *ctx, struct actor *self, uint64_t pa, uint32_t len)
	{
		auto *m = static_cast<MockMachine *>(ctx);
		uint64_t value = 0;

		actor_sleep(self, PS_PER_US);
		if (pa >= Window)
			return m->registers[(uint32_t)(pa - Window)];
		if (!m->present || pa - Ecam >= (Pf + 1u) * 4096ull)
			return ~0ull;
		std::memcpy(&value, m->config + (pa - Ecam - Pf * 4096ull), len);
		return value;
	}

	static void mmio_write(void *ctx, struct actor *self, uint64_t pa, uint32_t len,
			       uint64_t value)
	{
		auto *m = static_cast<MockMachine *>(ctx);

		if (pa < Window) {
			m->config_write((uint32_t)(pa - Ecam - Pf * 4096ull), len, (uint32_t)value);
			return;
		}
		m->registers[(uint32_t)(pa - Window)] = (uint32_t)value;
		if (pa - Window == PF_ATQT && !m->dead) {
			actor_sleep(self, m->command_ps);
			m->take_commands();
		}
	}

	static const struct cpu_ops &ops()
	{
		static const struct cpu_ops table = {
			[](void *c, uint64_t pa, void *d, uint64_t n) {
				std::memcpy(d, static_cast<MockMachine *>(c)->ram(pa), n);
			},
			[](void *c, uint64_t pa, const void *d, uint64_t n) {
				std::memcpy(static_cast<MockMachine *>(c)->ram(pa), d, n);
			},
			nullptr,
			nullptr,
			mmio_read,
			mmio_write,
			[](void *c, uint32_t, uint32_t, void (*handler)(void *, uint64_t),
			   void *arg) {
				static_cast<MockMachine *>(c)->msi_handler = handler;
				static_cast<MockMachine *>(c)->msi_arg = arg;
				return 0;
			},
			nullptr};
		return table;
	}
};

#endif
