/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which function has which capability, and where (PCI Express Base Specification,
 * chapter 7; for VFs section 9.3). PASID, PRI and LTR are the PF's: its VFs use
 * them too. Lists run in the order of the rows; docs/pcie.md tells what is behind each.
 */
#include "model/pcie/capability_internal.h"

const struct pcie_capability pcie_capabilities[] = {
	{"Power Management",
	 CAP_ID_PM,
	 0,
	 8,
	 {[PCIE_PF] = {AT_PM, &pcie_pm_regs}, [PCIE_ROOT_PORT] = {ROOT_AT_PM, &pcie_root_pm_regs}}},
	{"MSI-X",
	 CAP_ID_MSIX,
	 0,
	 12,
	 {[PCIE_PF] = {AT_MSIX, &pcie_msix_regs}, [PCIE_VF] = {AT_MSIX, &pcie_msix_regs}}},
	{"PCI Express",
	 CAP_ID_PCIE,
	 0,
	 PCIE_CAP_BYTES,
	 {[PCIE_PF] = {AT_PCIE, &pcie_pf_regs},
	  [PCIE_VF] = {AT_PCIE, &pcie_vf_regs},
	  [PCIE_ROOT_PORT] = {ROOT_AT_PCIE, &pcie_root_regs}}},
	{"AER",
	 EXT_CAP_ID_AER,
	 2,
	 AER_CAP_BYTES,
	 {[PCIE_PF] = {AT_AER, &pcie_aer_pf_regs},
	  [PCIE_VF] = {AT_AER, &pcie_aer_vf_regs},
	  [PCIE_ROOT_PORT] = {ROOT_AT_AER, &pcie_aer_root_regs}}},
	{"Device Serial Number", EXT_CAP_ID_DSN, 1, 12, {[PCIE_PF] = {AT_DSN, &pcie_dsn_regs}}},
	{"ARI",
	 EXT_CAP_ID_ARI,
	 1,
	 8,
	 {[PCIE_PF] = {AT_ARI, &pcie_ari_regs}, [PCIE_VF] = {AT_ARI, &pcie_ari_regs}}},
	{"SR-IOV", EXT_CAP_ID_SRIOV, 1, 0x40, {[PCIE_PF] = {AT_SRIOV, &pcie_sriov_regs}}},
	{"LTR", EXT_CAP_ID_LTR, 1, 8, {[PCIE_PF] = {AT_LTR, &pcie_ltr_regs}}},
	{"ACS",
	 EXT_CAP_ID_ACS,
	 1,
	 8,
	 {[PCIE_PF] = {AT_ACS, &pcie_acs_regs},
	  [PCIE_VF] = {AT_ACS, &pcie_acs_regs},
	  [PCIE_ROOT_PORT] = {ROOT_AT_ACS, &pcie_acs_root_regs}}},
	{"ATS",
	 EXT_CAP_ID_ATS,
	 1,
	 8,
	 {[PCIE_PF] = {AT_ATS, &pcie_ats_pf_regs}, [PCIE_VF] = {AT_ATS, &pcie_ats_vf_regs}}},
	{"PRI", EXT_CAP_ID_PRI, 1, 16, {[PCIE_PF] = {AT_PRI, &pcie_pri_regs}}},
	{"PASID", EXT_CAP_ID_PASID, 1, 8, {[PCIE_PF] = {AT_PASID, &pcie_pasid_regs}}},
	{"DPC", EXT_CAP_ID_DPC, 1, 12, {[PCIE_ROOT_PORT] = {ROOT_AT_DPC, &pcie_dpc_regs}}},
};

const uint32_t pcie_capability_count = ARRAY_LEN(pcie_capabilities);
