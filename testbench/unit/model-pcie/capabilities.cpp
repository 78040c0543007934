// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// Everything on: each row of the table has a function that shows it.
class Capabilities : public PcieTest
{
protected:
	void configure() override
	{
		PcieTest::configure();
		device_cfg.ats = device_cfg.pri = true;
		device_cfg.pasid_bits = 16;
		device_cfg.atc_entries = 8;
		device_cfg.atc_ways = 2;
		device_cfg.atc_pages = 4;
		device_cfg.page_requests = 8;
		device_cfg.serial_number = UINT64_C(0x0123456789abcdef);
	}
	uint64_t get(struct pcie_function *fn, uint32_t offset)
	{
		return pcie_config_get(fn, offset);
	}
	// Bits that a reset must leave, by offset: what the specification lists, not what rows say.
	using Kept = std::map<uint32_t, uint64_t>;
	static Kept sticky(bool is_vf)
	{
		Kept kept = {{AT_AER + AER_UNCORRECTABLE, 0x11d000},
			     {AT_AER + AER_CORRECTABLE, 1u << 13},
			     {AT_AER + AER_CONTROL, 0x1f}};

		for (uint32_t i = 0; i < 4; i++)
			kept[AT_AER + AER_HEADER_LOG + 4 * i] = UINT32_MAX;
		if (is_vf)
			return kept;
		kept[AT_AER + AER_UNCORRECTABLE] = kept[AT_AER + AER_UNCORRECTABLE_MASK] =
			kept[AT_AER + AER_SEVERITY] = 0x17d010;
		kept[AT_AER + AER_CORRECTABLE] = kept[AT_AER + AER_CORRECTABLE_MASK] = 0x3040;
		kept[AT_PCIE + PCIE_LNKCTL2] = 0xf;
		return kept;
	}
	// 6.6.2: besides sticky bits an FLR leaves what is the link's.
	static Kept kept_by_flr(bool is_vf)
	{
		Kept kept = sticky(is_vf);

		if (!is_vf) {
			kept[AT_PCIE + PCIE_DEVCTL] = 0xe0;
			kept[AT_PCIE + PCIE_LNKCTL] = 0xcb;
		}
		return kept;
	}
	// Turn every bit over that is not wired, reset, and see which have come back.
	template <typename Reset>
	void check(struct pcie_function *fn, Kept kept, Reset reset)
	{
		struct regs *regs = &fn->config;
		const struct reg_table *table = regs->table;

		for (uint32_t r = 0; r < table->rows; r++)
			for (uint32_t i = 0; i < MAX(table->row[r].count, 1); i++)
				regs_set(regs, r, i, table->row[r].reset ^ bits(table->row[r]));
		reset();
		for (uint32_t r = 0; r < table->rows; r++) {
			const struct reg_row &row = table->row[r];

			for (uint32_t i = 0; i < MAX(row.count, 1); i++) {
				auto found = kept.find(row.offset + i * row.stride);
				uint64_t left = found == kept.end() ? 0 : found->second;

				EXPECT_EQ(regs_get(regs, r, i), row.reset ^ left) << row.name;
			}
		}
	}
	static uint64_t bits(const struct reg_row &row)
	{
		bool logged = !strcmp(row.name, "AER_HEADER_LOG") ||
			      !strcmp(row.name, "AER_CAPABILITIES_CONTROL");

		return row.rw | row.w1c | (logged ? row.ro : 0);
	}
	enum pcie_error_message log(struct pcie_function *fn, enum pcie_error_kind kind,
				    bool advisory = false, uint32_t header = 0)
	{
		struct pcie_error error = {kind, advisory, {header, header + 1, 2, 3}};

		return pcie_aer_log(fn, &error);
	}
};

class CapabilityLists : public Capabilities, public testing::WithParamInterface<enum pcie_kind>
{
protected:
	uint16_t rid() const
	{
		static const uint16_t rids[PCIE_KINDS] = {kPf, kVf0, 0};

		return rids[GetParam()];
	}
};

TEST_P(CapabilityLists, NameExactlyWhatTheTableNames)
{
	std::map<uint32_t, uint32_t> listed, wanted;
	uint32_t at;

	bring_up(1);
	for (at = config_read(rid(), CFG_CAP_POINTER, 1); at; at = config_read(rid(), at + 1, 1))
		ASSERT_TRUE(listed.emplace(at, config_read(rid(), at, 1)).second) << "a loop";
	for (at = EXT_CAP_FIRST; at; at = config_read(rid(), at) >> 20)
		ASSERT_TRUE(listed.emplace(at, config_read(rid(), at) & 0xfffff).second);
	for (uint32_t c = 0; c < pcie_capability_count; c++)
		if (pcie_capabilities[c].of[GetParam()].regs)
			wanted[pcie_capabilities[c].of[GetParam()].offset] =
				pcie_capabilities[c].id | (uint32_t)pcie_capabilities[c].version
								  << 16;
	EXPECT_EQ(listed, wanted);
}

TEST_P(CapabilityLists, HoldTheirRegistersAndDoNotOverlap)
{
	uint32_t seen = 0;

	for (uint32_t c = 0; c < pcie_capability_count; c++) {
		const struct pcie_capability &cap = pcie_capabilities[c];
		const struct pcie_capability_regs *regs = cap.of[GetParam()].regs;
		uint32_t start = cap.of[GetParam()].offset;

		if (!regs)
			continue;
		seen++;
		EXPECT_EQ(regs->row[0].offset, 0u) << cap.name << ": the header comes first";
		for (uint32_t r = 0; r < regs->rows; r++)
			EXPECT_LE(regs->row[r].offset + 4 * MAX(regs->row[r].count, 1),
				  cap.len_bytes)
				<< cap.name;
		EXPECT_EQ(start % 4, 0u);
		EXPECT_GE(start, cap.version ? 0x100u : 0x40u) << cap.name;
		EXPECT_LE(start + cap.len_bytes, cap.version ? 0x1000u : 0x100u) << cap.name;
		for (uint32_t b = 0; b < c; b++) {
			const struct pcie_capability &other = pcie_capabilities[b];
			uint32_t other_start = other.of[GetParam()].offset;

			if (other.of[GetParam()].regs) {
				EXPECT_TRUE(start >= other_start + other.len_bytes ||
					    other_start >= start + cap.len_bytes)
					<< cap.name << " and " << other.name;
			}
		}
	}
	EXPECT_GE(seen, 5u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CapabilityLists, testing::Values(PCIE_PF, PCIE_VF, PCIE_ROOT_PORT));

TEST_F(Capabilities, VfsSharePasidPriAndLtrOfThePf)
{
	for (uint32_t c = 0; c < pcie_capability_count; c++) {
		const struct pcie_capability &cap = pcie_capabilities[c];

		if (cap.version && (cap.id == EXT_CAP_ID_PASID || cap.id == EXT_CAP_ID_PRI ||
				    cap.id == EXT_CAP_ID_LTR || cap.id == EXT_CAP_ID_SRIOV)) {
			EXPECT_TRUE(cap.of[PCIE_PF].regs) << cap.name;
			EXPECT_FALSE(cap.of[PCIE_VF].regs) << cap.name;
		}
	}
	EXPECT_EQ(config_read(kPf, AT_DSN + DSN_LOW), 0x89abcdefu);
	EXPECT_EQ(config_read(kPf, AT_DSN + DSN_HIGH), 0x01234567u);
}

TEST_F(Capabilities, AVfTellsOfTheLinkWhatItsPfTells)
{
	bring_up(1);
	for (uint32_t reg : {PCIE_DEVCAP, PCIE_LNKCAP, PCIE_DEVCAP2, PCIE_LNKCAP2}) {
		uint32_t own = reg == PCIE_DEVCAP2 ? (uint32_t)DEVCAP2_LTR : 0; // the PF's alone

		EXPECT_EQ(config_read(kVf0, AT_PCIE + reg), config_read(kPf, AT_PCIE + reg) & ~own);
	}
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_LNKCAP2), 0xeu) << "2.5, 5 and 8 GT/s";
}

// Linux enables no PASIDs of a device unless it and each bridge above it say so
// (pci_configure_eetlp_prefix).
TEST_F(Capabilities, WhoMayBearAPasidTellsOfOneEndToEndPrefix)
{
	constexpr uint32_t kPrefixes = 7u << 21;

	bring_up(1);
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCAP2) & kPrefixes, 3u << 21);
	EXPECT_EQ(config_read(kVf0, AT_PCIE + PCIE_DEVCAP2) & kPrefixes, 3u << 21);
	EXPECT_EQ(config_read(0, ROOT_AT_PCIE + PCIE_DEVCAP2) & kPrefixes, 3u << 21);
}

// ---- resets ----

TEST_F(Capabilities, FlrOfThePfLeavesStickyBitsAndTheLinks)
{
	check(pf(), kept_by_flr(false), [this] { pcie_function_start_flr(pf()); });
}

TEST_F(Capabilities, FlrOfAVfLeavesStickyBits)
{
	bring_up(1);
	check(vf(0), kept_by_flr(true), [this] { pcie_function_start_flr(vf(0)); });
}

TEST_F(Capabilities, HotResetLeavesStickyBitsAlone)
{
	bring_up(2);
	check(pf(), sticky(false), [this] { pcie_device_reset(device, false); });
	EXPECT_EQ(pcie_device_num_vfs(device), 0u);
	EXPECT_EQ(nic[1]->resets.back(), PCIE_RESET_VF_DISABLE);
	EXPECT_EQ(nic[0]->resets, (std::vector<enum pcie_reset_cause>{PCIE_RESET_CONVENTIONAL}));
}

TEST_F(Capabilities, ColdResetLeavesNothing)
{
	check(pf(), {}, [this] { pcie_device_reset(device, true); });
}

TEST_F(Capabilities, AVfThatComesAgainRemembersNothing)
{
	bring_up(1);
	log(vf(0), PCIE_ERROR_POISONED, false, 0x100);
	config_write(kPf, AT_SRIOV + SRIOV_CONTROL, 0, 2);
	bring_up(1);
	EXPECT_EQ(config_read(kVf0, AT_AER + AER_UNCORRECTABLE), 0u);
	EXPECT_EQ(config_read(kVf0, AT_AER + AER_HEADER_LOG), 0u);
}

// ---- power management ----

TEST_F(Capabilities, InD3hotOnlyConfigurationAnswers)
{
	Dma read(TLP_MRD, 0x1000, 64);

	bring_up(1);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), 8u);
	config_write(kPf, AT_PM + PM_CONTROL, PM_D3HOT, 2);
	EXPECT_EQ(config_read(kPf, AT_PM + PM_CONTROL), PM_NO_SOFT_RESET | PM_D3HOT);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), UINT32_MAX);
	EXPECT_EQ(mmio_read(kVfBar0 + 8), UINT32_MAX) << "a VF follows its PF";
	EXPECT_FALSE(pcie_function_bus_master(pf()) || pcie_function_bus_master(vf(0)));
	EXPECT_EQ(nic[1]->bus_master, (std::vector<bool>{true, false}));
	pcie_function_send(pf(), &read.tlp);
	run();
	EXPECT_EQ(read.tlp.status, TLP_UR);
	config_write(kPf, AT_PM + PM_CONTROL, PM_D0, 2);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), 8u) << "No_Soft_Reset: BARs are as they were";
	EXPECT_TRUE(pcie_function_bus_master(vf(0)));
}

TEST_F(Capabilities, AnInterruptOfD3hotIsSentInD0)
{
	bring_up(0);
	config_write(kPf, AT_MSIX + 2, 0x8000, 2);
	mmio_write(kPfBar3 + 12, 0);
	config_write(kPf, AT_PM + PM_CONTROL, PM_D3HOT, 2);
	pcie_function_raise_msix(pf(), 0);
	EXPECT_TRUE(pcie_function_msix_pending(pf(), 0));
	config_write(kPf, AT_PM + PM_CONTROL, PM_D0, 2);
	EXPECT_FALSE(pcie_function_msix_pending(pf(), 0));
}

TEST_F(Capabilities, StatesThatAreNotThereAreNotEntered)
{
	bring_up(0);
	for (uint32_t state : {1, 2}) {
		config_write(kPf, AT_PM + PM_CONTROL, state, 2);
		EXPECT_EQ(config_read(kPf, AT_PM + PM_CONTROL), PM_NO_SOFT_RESET);
	}
	EXPECT_EQ(mmio_read(kPfBar0 + 8), 8u);
}

class SoftReset : public Capabilities
{
protected:
	void configure() override
	{
		Capabilities::configure();
		device_cfg.soft_reset = true;
	}
};

TEST_F(SoftReset, BackFromD3hotThePfIsReset)
{
	bring_up(2);
	config_write(kPf, AT_PM + PM_CONTROL, PM_D3HOT, 2);
	EXPECT_EQ(pcie_device_num_vfs(device), 2u);
	config_write(kPf, AT_PM + PM_CONTROL, PM_D0, 2);
	EXPECT_EQ(pcie_device_num_vfs(device), 0u);
	EXPECT_EQ(config_read(kPf, CFG_COMMAND), STATUS_CAP_LIST);
	EXPECT_EQ(nic[0]->resets, (std::vector<enum pcie_reset_cause>{PCIE_RESET_CONVENTIONAL}));
}

TEST_F(Capabilities, ARootPortInD3hotPassesNoMemoryRequests)
{
	bring_up(0);
	config_write(0, ROOT_AT_PM + PM_CONTROL, PM_D3HOT, 2);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), UINT32_MAX);
	config_write(0, ROOT_AT_PM + PM_CONTROL, PM_D0, 2);
	EXPECT_EQ(mmio_read(kPfBar0 + 8), 8u);
}

TEST_F(Capabilities, ARootPortDoesNotEnterStatesThatAreNotThereEither)
{
	bring_up(0);
	for (uint32_t state : {1, 2}) {
		config_write(0, ROOT_AT_PM + PM_CONTROL, state, 2);
		EXPECT_EQ(config_read(0, ROOT_AT_PM + PM_CONTROL) & PM_D3HOT, PM_D0);
	}
	config_write(0, ROOT_AT_PM + PM_CONTROL, PM_D3HOT, 2);
	for (uint32_t state : {1, 2}) {
		config_write(0, ROOT_AT_PM + PM_CONTROL, state, 2);
		EXPECT_EQ(config_read(0, ROOT_AT_PM + PM_CONTROL) & PM_D3HOT, PM_D3HOT);
	}
}

// ---- SR-IOV ----

TEST_F(Capabilities, SystemPageSizeIsOneThatIsSupportedAndHoldsStillWithVfs)
{
	const uint32_t reg = AT_SRIOV + SRIOV_SYSTEM_PAGE;

	for (uint32_t size : {0u, 1u << 2, 3u, 1u << 31}) {
		config_write(kPf, reg, size);
		EXPECT_EQ(config_read(kPf, reg), 1u) << size;
	}
	config_write(kPf, reg, 1 << 4);
	EXPECT_EQ(config_read(kPf, reg), 1u << 4);
	bring_up(1);
	config_write(kPf, reg, 1);
	EXPECT_EQ(config_read(kPf, reg), 1u << 4);
}

TEST_F(Capabilities, AriCapableHierarchyHoldsStillWithVfs)
{
	const uint32_t reg = AT_SRIOV + SRIOV_CONTROL;

	config_write(kPf, reg, SRIOV_ARI, 2);
	EXPECT_EQ(config_read(kPf, reg), SRIOV_ARI);
	config_write(kPf, reg, SRIOV_ARI | SRIOV_VF_ENABLE, 2);
	config_write(kPf, reg, SRIOV_VF_ENABLE | SRIOV_VF_MSE, 2);
	EXPECT_EQ(config_read(kPf, reg), SRIOV_ARI | SRIOV_VF_ENABLE | SRIOV_VF_MSE);
}

// ---- AER ----

TEST_F(Capabilities, TheFirstErrorKeepsPointerAndHeaderUntilItIsCleared)
{
	bring_up(0);
	log(pf(), PCIE_ERROR_UNSUPPORTED_REQUEST, false, 0x100);
	log(pf(), PCIE_ERROR_POISONED, false, 0x200);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_UNCORRECTABLE),
		  BIT(AER_UNSUPPORTED) | BIT(AER_POISONED));
	EXPECT_EQ(config_read(kPf, AT_AER + AER_CONTROL), AER_UNSUPPORTED);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_HEADER_LOG), 0x100u);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_HEADER_LOG + 4), 0x101u);
	EXPECT_EQ(config_read(kPf, CFG_COMMAND) & STATUS_ERRORS, STATUS_POISONED);
	config_write(kPf, AT_AER + AER_UNCORRECTABLE, BIT(AER_UNSUPPORTED));
	log(pf(), PCIE_ERROR_COMPLETER_ABORT, false, 0x300);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_CONTROL), AER_COMPLETER_ABORT);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_HEADER_LOG), 0x300u);
}

TEST_F(Capabilities, AMaskedErrorIsNotedWithoutPointerHeaderOrMessage)
{
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0xf, 2);
	config_write(kPf, AT_AER + AER_UNCORRECTABLE_MASK, BIT(AER_POISONED));
	EXPECT_EQ(log(pf(), PCIE_ERROR_POISONED, false, 0x200), PCIE_ERR_NONE);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_UNCORRECTABLE), BIT(AER_POISONED));
	EXPECT_EQ(config_read(kPf, AT_AER + AER_HEADER_LOG), 0u);
	EXPECT_EQ(log(pf(), PCIE_ERROR_UNEXPECTED_COMPLETION, false, 0x300), PCIE_ERR_NONFATAL);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_HEADER_LOG), 0x300u);
}

TEST_F(Capabilities, SeverityAndEnablesDecideTheMessage)
{
	EXPECT_EQ(log(pf(), PCIE_ERROR_MALFORMED), PCIE_ERR_NONE) << "nothing is enabled";
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, DEVCTL_NON_FATAL | DEVCTL_FATAL, 2);
	EXPECT_EQ(log(pf(), PCIE_ERROR_MALFORMED), PCIE_ERR_FATAL);
	EXPECT_EQ(log(pf(), PCIE_ERROR_POISONED), PCIE_ERR_NONFATAL);
	EXPECT_EQ(log(pf(), PCIE_ERROR_UNSUPPORTED_REQUEST), PCIE_ERR_NONE);
	config_write(kPf, AT_AER + AER_SEVERITY, BIT(AER_POISONED));
	EXPECT_EQ(log(pf(), PCIE_ERROR_POISONED), PCIE_ERR_FATAL);
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCTL) & DEVSTA_ERRORS,
		  DEVSTA_NON_FATAL | DEVSTA_FATAL | DEVSTA_UNSUPPORTED);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0, 2);
	config_write(kPf, CFG_COMMAND, COMMAND_SERR, 2);
	EXPECT_EQ(log(pf(), PCIE_ERROR_UNSUPPORTED_REQUEST), PCIE_ERR_NONFATAL);
	EXPECT_TRUE(config_read(kPf, CFG_COMMAND) & STATUS_SIGNALED_ERROR);
}

TEST_F(Capabilities, AnAdvisoryErrorIsACorrectableOne)
{
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0xf, 2);
	EXPECT_EQ(log(pf(), PCIE_ERROR_UNSUPPORTED_REQUEST, true, 0x100), PCIE_ERR_NONE);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_CORRECTABLE), BIT(AER_ADVISORY));
	EXPECT_EQ(config_read(kPf, AT_AER + AER_UNCORRECTABLE), 0u) << "masked from the start";
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCTL) & DEVSTA_ERRORS,
		  DEVSTA_UNSUPPORTED | DEVSTA_CORRECTABLE);
	config_write(kPf, AT_AER + AER_CORRECTABLE_MASK, 0);
	EXPECT_EQ(log(pf(), PCIE_ERROR_UNSUPPORTED_REQUEST, true, 0x100), PCIE_ERR_COR);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_HEADER_LOG), 0x100u);
	EXPECT_EQ(log(pf(), PCIE_ERROR_BAD_TLP), PCIE_ERR_COR);
}

TEST_F(Capabilities, AVfLogsItsOwnUnderThePfsMasks)
{
	bring_up(1);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, 0xf, 2);
	EXPECT_EQ(log(vf(0), PCIE_ERROR_POISONED, false, 0x500), PCIE_ERR_NONFATAL);
	EXPECT_EQ(config_read(kVf0, AT_AER + AER_HEADER_LOG), 0x500u);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_UNCORRECTABLE), 0u);
	config_write(kPf, AT_AER + AER_UNCORRECTABLE_MASK, BIT(AER_COMPLETER_ABORT));
	EXPECT_EQ(log(vf(0), PCIE_ERROR_COMPLETER_ABORT), PCIE_ERR_NONE);
	EXPECT_EQ(log(vf(0), PCIE_ERROR_DATA_LINK), PCIE_ERR_FATAL);
	EXPECT_EQ(config_read(kPf, AT_AER + AER_UNCORRECTABLE), BIT(AER_DATA_LINK));
}

TEST_F(Capabilities, TheRootPortKeepsTheFirstSourceOfEachClass)
{
	config_write(0, ROOT_AT_AER + AER_ROOT_COMMAND, ROOT_COMMAND_FATAL);
	EXPECT_FALSE(pcie_root_port_error(port, kVf0, PCIE_ERR_COR));
	EXPECT_FALSE(pcie_root_port_error(port, kPf, PCIE_ERR_NONFATAL));
	EXPECT_TRUE(pcie_root_port_error(port, kVf0, PCIE_ERR_FATAL));
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_SOURCE), (uint32_t)kPf << 16 | kVf0);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_STATUS),
		  ROOT_STATUS_CORRECTABLE | ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_UNCORRECTABLES |
			  ROOT_STATUS_NON_FATAL | ROOT_STATUS_FATAL);
	config_write(0, ROOT_AT_AER + AER_ROOT_STATUS, 0x7f);
	pcie_root_port_error(port, kVf0, PCIE_ERR_FATAL);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_STATUS),
		  ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_FIRST_WAS_FATAL | ROOT_STATUS_FATAL);
}

// ---- DPC ----

TEST_F(Capabilities, DpcTriggersOnceByWhatIsEnabled)
{
	const uint32_t control = ROOT_AT_DPC + DPC_CONTROL + 2, status = ROOT_AT_DPC + DPC_STATUS;

	EXPECT_FALSE(pcie_root_port_dpc(port, kPf, PCIE_ERR_FATAL)) << "not enabled";
	config_write(0, control, DPC_ON_FATAL | DPC_INTERRUPT_ENABLE >> 16, 2);
	EXPECT_FALSE(pcie_root_port_dpc(port, kPf, PCIE_ERR_NONFATAL));
	EXPECT_TRUE(pcie_root_port_dpc(port, kVf0, PCIE_ERR_FATAL));
	EXPECT_FALSE(pcie_root_port_dpc(port, kPf, PCIE_ERR_FATAL)) << "it is triggered";
	EXPECT_EQ(config_read(0, status),
		  (uint32_t)kVf0 << 16 | DPC_INTERRUPT | 2 << 1 | DPC_TRIGGERED);
	config_write(0, status, DPC_TRIGGERED | DPC_INTERRUPT, 2);
	config_write(0, control, DPC_ON_NON_FATAL | DPC_SOFTWARE_TRIGGER >> 16, 2);
	EXPECT_EQ(config_read(0, control, 2), DPC_ON_NON_FATAL);
	EXPECT_EQ(config_read(0, status), 1u << 5 | 3u << 1 | DPC_TRIGGERED);
	config_write(0, status, DPC_TRIGGERED, 2);
	EXPECT_TRUE(pcie_root_port_dpc(port, kPf, PCIE_ERR_NONFATAL));
}
