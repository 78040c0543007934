// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "testbench/unit/model-pcie/pcie_fixture.hpp"

class ConfigSpace : public PcieTest
{
protected:
	// Capability ID and offset, as a walk of a list finds them.
	std::map<uint32_t, uint32_t> walk(uint16_t rid)
	{
		std::map<uint32_t, uint32_t> found;

		for (uint32_t at = config_read(rid, CFG_CAP_POINTER, 1); at;
		     at = config_read(rid, at + 1, 1))
			found[config_read(rid, at, 1)] = at;
		return found;
	}
	std::map<uint32_t, uint32_t> walk_extended(uint16_t rid)
	{
		std::map<uint32_t, uint32_t> found;

		for (uint32_t at = EXT_CAP_FIRST; at;) {
			uint32_t header = config_read(rid, at);

			if (!header)
				break;
			found[header & 0xffff] = at;
			at = header >> 20;
		}
		return found;
	}
	uint64_t size_bar(uint32_t reg)
	{
		write_bar(kPf, reg, UINT64_MAX);
		uint64_t low = config_read(kPf, reg), high = config_read(kPf, reg + 4);

		EXPECT_EQ(low & 0xf, 0xcu);
		return ~((low & ~UINT64_C(0xf)) | high << 32) + 1;
	}
};

TEST_F(ConfigSpace, PfAndVfSayWhoTheyAre)
{
	bring_up(1);
	EXPECT_EQ(config_read(kPf, CFG_ID), 0x15728086u);
	EXPECT_EQ(config_read(kVf0, CFG_ID), 0xffffffffu);
	EXPECT_EQ(config_read(kPf, AT_SRIOV + SRIOV_VF_DEVICE_ID + 2, 2), 0x1889u);
	EXPECT_EQ(config_read(kPf, CFG_CLASS) >> 8, 0x020000u);
	EXPECT_EQ(config_read(kVf0, CFG_CLASS) >> 8, 0x020000u);
	EXPECT_EQ(config_read(kPf, CFG_HEADER + 2, 1), 0u);
}

TEST_F(ConfigSpace, ListsLeadToEveryCapability)
{
	bring_up(1);
	EXPECT_EQ(walk(kPf), (std::map<uint32_t, uint32_t>{
				     {CAP_ID_PM, 0x40}, {CAP_ID_MSIX, 0x70}, {CAP_ID_PCIE, 0xa0}}));
	EXPECT_EQ(walk(kVf0),
		  (std::map<uint32_t, uint32_t>{{CAP_ID_MSIX, 0x70}, {CAP_ID_PCIE, 0xa0}}));
	EXPECT_EQ(walk_extended(kPf).at(EXT_CAP_ID_ARI), AT_ARI);
	EXPECT_EQ(walk_extended(kPf).at(EXT_CAP_ID_SRIOV), AT_SRIOV);
	EXPECT_EQ(walk_extended(kVf0).at(EXT_CAP_ID_ARI), AT_ARI);
	EXPECT_EQ(walk_extended(kVf0).count(EXT_CAP_ID_SRIOV), 0u);
}

TEST_F(ConfigSpace, BarSizingTellsSizeAndKind)
{
	EXPECT_EQ(size_bar(CFG_BAR), 1u << 20);
	EXPECT_EQ(size_bar(CFG_BAR + 12), 32u << 10);
	EXPECT_EQ(size_bar(AT_SRIOV + SRIOV_VF_BAR), 64u << 10);
	EXPECT_EQ(size_bar(AT_SRIOV + SRIOV_VF_BAR + 12), 16u << 10);
	config_write(kPf, CFG_BAR + 8, 0xffffffff);
	EXPECT_EQ(config_read(kPf, CFG_BAR + 8), 0u);
	config_write(kPf, AT_SRIOV + SRIOV_SYSTEM_PAGE, 1 << 4);
	EXPECT_EQ(size_bar(AT_SRIOV + SRIOV_VF_BAR + 12), 64u << 10) << "64 KiB system pages";
}

TEST_F(ConfigSpace, BarKeepsAnAddress)
{
	write_bar(kPf, CFG_BAR, kPfBar0 + 0x1234);
	EXPECT_EQ(config_read(kPf, CFG_BAR), (uint32_t)kPfBar0 | 0xc);
	EXPECT_EQ(config_read(kPf, CFG_BAR + 4), (uint32_t)(kPfBar0 >> 32));
}

// Every bit of every register, by a naive reading of its row. What acts on a write is spared.
class ConfigBits : public ConfigSpace, public testing::WithParamInterface<enum pcie_kind>
{
protected:
	uint16_t rid() const
	{
		static const uint16_t rids[PCIE_KINDS] = {kPf, kVf0, 0};

		return rids[GetParam()];
	}
	const struct reg_table *table() const
	{
		return GetParam() == PCIE_ROOT_PORT
			       ? &port->bridge.layout.table
			       : pcie_device_config_table(device, GetParam() == PCIE_VF);
	}
	struct regs *registers()
	{
		struct regs *const regs[PCIE_KINDS] = {&pf()->config, &vf(0)->config,
						       &port->bridge.config};

		return regs[GetParam()];
	}
	const struct reg_row *row_of(uint32_t reg) const
	{
		for (uint32_t r = 0; r < table()->rows; r++) {
			const struct reg_row *row = &table()->row[r];

			if (reg >= row->offset && reg < row->offset + 4 * MAX(row->count, 1))
				return row;
		}
		return nullptr;
	}
	static uint32_t spared(const struct reg_row *row)
	{
		if (!strcmp(row->name, "DEVICE_CONTROL_STATUS"))
			return DEVCTL_INITIATE_FLR;
		if (!strcmp(row->name, "LINK_CONTROL_STATUS"))
			return LNKCTL_DISABLE;
		if (!strcmp(row->name, "SRIOV_CONTROL_STATUS"))
			return SRIOV_VF_ENABLE;
		if (!strcmp(row->name, "DPC_CAPABILITY_CONTROL"))
			return DPC_SOFTWARE_TRIGGER;
		return 0;
	}
	static bool is_bar(const struct reg_row *row)
	{
		return strstr(row->name, "BAR");
	}
};

TEST_P(ConfigBits, BehaveAsTheirRowSays)
{
	if (GetParam() == PCIE_VF)
		bring_up(1);
	for (uint32_t reg = 0; reg < PCIE_CONFIG_BYTES; reg += 4) {
		const struct reg_row *row = row_of(reg);
		uint32_t before = config_read(rid(), reg);

		EXPECT_TRUE(row || !before) << reg;
		if (row && (is_bar(row) || !strcmp(row->name, "NUM_VFS") ||
			    !strcmp(row->name, "SYSTEM_PAGE_SIZE")))
			continue;
		uint32_t rw = row ? (uint32_t)row->rw & ~spared(row) : 0;
		uint32_t ones = row ? ~spared(row) : UINT32_MAX;

		config_write(rid(), reg, ones);
		EXPECT_EQ(config_read(rid(), reg), (before & ~rw) | rw) << std::hex << reg;
		config_write(rid(), reg, 0);
		EXPECT_EQ(config_read(rid(), reg), before & ~rw) << std::hex << reg;
		for (uint32_t byte = 0; byte < 4; byte++) {
			uint32_t part = rw & 0xffu << 8 * byte;

			config_write(rid(), reg + byte, ones >> 8 * byte & 0xff, 1);
			EXPECT_EQ(config_read(rid(), reg), (before & ~rw) | part)
				<< std::hex << reg;
			config_write(rid(), reg + byte, 0, 1);
		}
		config_write(rid(), reg, before & rw);
	}
}

TEST_P(ConfigBits, ErrorBitsAreClearedByOnes)
{
	bring_up(GetParam() == PCIE_VF);
	for (uint32_t r = 0; r < table()->rows; r++) {
		const struct reg_row *row = &table()->row[r];

		if (!row->w1c)
			continue;
		struct regs *regs = registers();
		uint64_t clean = regs_get(regs, r, 0);

		for (uint64_t left = row->w1c; left; left &= left - 1) {
			uint32_t bit = (uint32_t)(left & -left);

			regs_set(regs, r, 0, clean | row->w1c);
			config_write(rid(), row->offset, (uint32_t)(clean & row->rw) | bit);
			EXPECT_EQ(config_read(rid(), row->offset), clean | (row->w1c & ~bit))
				<< row->name;
		}
		regs_set(regs, r, 0, clean);
	}
}

INSTANTIATE_TEST_SUITE_P(Kinds, ConfigBits, testing::Values(PCIE_PF, PCIE_VF, PCIE_ROOT_PORT));

class RefusedDevice : public testing::Test
{
protected:
	void SetUp() override
	{
		ASSERT_EQ(sim_init(&sim, 1, nullptr), 0);
		restore();
	}
	void restore()
	{
		pcie_device_cfg_x710(&cfg);
		cfg.total_vfs = 4;
	}
	void TearDown() override
	{
		sim_fini(&sim);
	}
	bool accepted()
	{
		struct pcie_device_env env = {{&sim, "nic", 0}};
		struct pcie_device *device = pcie_device_create(&cfg, &env);

		pcie_device_destroy(device);
		return device;
	}

	struct sim sim;
	struct pcie_device_cfg cfg;
};

TEST_F(RefusedDevice, ImpossibleConfigurations)
{
	EXPECT_TRUE(accepted());
	cfg.total_vfs = 300;
	EXPECT_TRUE(accepted()) << "on the bus after the PF's";
	cfg.bus = 255;
	EXPECT_FALSE(accepted()) << "beyond the last bus";
	restore();
	cfg.vf.bar_bytes[1] = 4096;
	EXPECT_FALSE(accepted()) << "the upper half of BAR 0";
	restore();
	cfg.vf.bar_bytes[0] = 65536 + 4096;
	EXPECT_FALSE(accepted()) << "not a power of two";
	restore();
	cfg.vf.msix_vectors = 1024;
	EXPECT_FALSE(accepted()) << "table runs into the PBA";
	restore();
	cfg.vf.msix_vectors = 0;
	EXPECT_FALSE(accepted());
}
