/* SPDX-License-Identifier: Apache-2.0 */
/* The capabilities that functions of this device can have. A new one is a row at the end. */
#include "model/pcie/device_internal.h"

static uint8_t payload_code(uint32_t bytes)
{
	return (uint8_t)(__builtin_ctz(bytes) - 7);
}

/* ---- PCI Express, section 7.5.3 ---- */

/* Transactions Pending tells of reads under way. Initiate FLR never stays: the reset takes it. */
static uint64_t devctl_read(void *owner, uint32_t index, uint64_t stored)
{
	const struct pcie_function *fn = owner;

	return stored | (fn->reads_pending ? DEVSTA_PENDING : 0);
}

static void devctl_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	if (now & DEVCTL_INITIATE_FLR)
		pcie_function_start_flr(owner);
}

static void pcie_fill_pf(struct reg_row *row, const struct pcie_device_cfg *cfg,
			 const struct pcie_function_cfg *fn)
{
	uint32_t speed = cfg->link_generation, width = cfg->link_lanes;

	row[1].reset |= payload_code(cfg->max_payload);
	row[2].reset = field_put(DEVCTL_MAX_PAYLOAD, payload_code(MIN(cfg->max_payload, 256))) |
		       field_put(DEVCTL_MAX_READ, 2);
	row[3].reset = field_put(LNK_SPEED, speed) | field_put(LNK_WIDTH, width);
	row[4].reset = field_put(LNKSTA_SPEED, speed) | field_put(LNKSTA_WIDTH, width);
	row[7].reset = field_put(LNKCAP2_SPEEDS, BIT(speed) - 1);
	row[8].reset = field_put(LNK_SPEED, speed);
}

#define DEVCTL_RW_PF                                                                               \
	(DEVCTL_ERROR_REPORTING | DEVCTL_RELAXED_ORDERING | DEVCTL_MAX_PAYLOAD |                   \
	 DEVCTL_EXTENDED_TAG | DEVCTL_NO_SNOOP | DEVCTL_MAX_READ | DEVCTL_INITIATE_FLR)
#define PCIE_ROW0                                                                                  \
	{                                                                                          \
		.name = "PCIE_CAPABILITIES", .size = 4, .reset = 2u << 16, .ro = BITS(31, 0)       \
	}
#define DEVCAP_RESET (DEVCAP_EXTENDED_TAG | DEVCAP_ROLE_BASED_ERRORS | DEVCAP_FLR)

static const struct reg_row pcie_pf_rows[] = {
	PCIE_ROW0,
	{.name = "DEVICE_CAPABILITIES",
	 .offset = PCIE_DEVCAP,
	 .size = 4,
	 .reset = DEVCAP_RESET,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS",
	 .offset = PCIE_DEVCTL,
	 .size = 4,
	 .ro = DEVSTA_PENDING,
	 .rw = DEVCTL_RW_PF,
	 .w1c = DEVSTA_ERRORS,
	 .on_read = devctl_read,
	 .on_write = devctl_written},
	{.name = "LINK_CAPABILITIES", .offset = PCIE_LNKCAP, .size = 4, .ro = BITS(31, 0)},
	{.name = "LINK_CONTROL_STATUS",
	 .offset = PCIE_LNKCTL,
	 .size = 4,
	 .ro = LNKSTA_SPEED | LNKSTA_WIDTH,
	 .rw = LNKCTL_RW},
	{.name = "DEVICE_CAPABILITIES_2",
	 .offset = PCIE_DEVCAP2,
	 .size = 4,
	 .reset = DEVCAP2_TIMEOUT_RANGES | DEVCAP2_TIMEOUT_DISABLE,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS_2",
	 .offset = PCIE_DEVCTL2,
	 .size = 4,
	 .rw = DEVCTL2_TIMEOUT},
	{.name = "LINK_CAPABILITIES_2", .offset = PCIE_LNKCAP2, .size = 4, .ro = BITS(31, 0)},
	{.name = "LINK_CONTROL_STATUS_2", .offset = PCIE_LNKCTL2, .size = 4, .rw = LNK_SPEED},
};

static void pcie_fill_vf(struct reg_row *row, const struct pcie_device_cfg *cfg,
			 const struct pcie_function_cfg *fn)
{
	row[1].reset |= payload_code(cfg->max_payload);
	row[3].reset =
		field_put(LNK_SPEED, cfg->link_generation) | field_put(LNK_WIDTH, cfg->link_lanes);
}

/* A VF leaves to its PF what concerns the link (9.3.5.3 ff.): FLR is its own. */
static const struct reg_row pcie_vf_rows[] = {
	PCIE_ROW0,
	{.name = "DEVICE_CAPABILITIES",
	 .offset = PCIE_DEVCAP,
	 .size = 4,
	 .reset = DEVCAP_RESET,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS",
	 .offset = PCIE_DEVCTL,
	 .size = 4,
	 .ro = DEVSTA_PENDING,
	 .rw = DEVCTL_INITIATE_FLR,
	 .w1c = DEVSTA_ERRORS,
	 .on_read = devctl_read,
	 .on_write = devctl_written},
	{.name = "LINK_CAPABILITIES", .offset = PCIE_LNKCAP, .size = 4, .ro = BITS(31, 0)},
	{.name = "DEVICE_CAPABILITIES_2",
	 .offset = PCIE_DEVCAP2,
	 .size = 4,
	 .reset = DEVCAP2_TIMEOUT_RANGES | DEVCAP2_TIMEOUT_DISABLE,
	 .ro = BITS(31, 0)},
};

/* ---- MSI-X, section 7.7.2 ---- */

static void msix_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	pcie_msix_flush(owner);
}

static void msix_fill(struct reg_row *row, const struct pcie_device_cfg *cfg,
		      const struct pcie_function_cfg *fn)
{
	row[0].reset |= field_put(MSIX_TABLE_SIZE, fn->msix_vectors - 1u);
	row[1].reset = fn->msix_table_offset | fn->msix_bar;
	row[2].reset = fn->msix_pba_offset | fn->msix_bar;
}

static const struct reg_row msix_rows[] = {
	{.name = "MSIX_CONTROL",
	 .offset = MSIX_CONTROL,
	 .size = 4,
	 .ro = BITS(15, 0) | MSIX_TABLE_SIZE,
	 .rw = MSIX_FUNCTION_MASK | MSIX_ENABLE,
	 .on_write = msix_control_written},
	{.name = "MSIX_TABLE", .offset = MSIX_TABLE, .size = 4, .ro = BITS(31, 0)},
	{.name = "MSIX_PBA", .offset = MSIX_PBA, .size = 4, .ro = BITS(31, 0)},
};

/* ---- Alternative Routing-ID Interpretation, section 7.8.8 ---- */

static const struct reg_row ari_rows[] = {
	{.name = "ARI_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ARI_CAPABILITY_CONTROL", .offset = ARI_CAPABILITY, .size = 4, .ro = BITS(15, 0)},
};

/* ---- SR-IOV, section 9.3.3 ---- */

static void sriov_fill(struct reg_row *row, const struct pcie_device_cfg *cfg,
		       const struct pcie_function_cfg *fn)
{
	row[3].reset = cfg->total_vfs | (uint32_t)cfg->total_vfs << 16;
	row[5].reset = cfg->first_vf_offset | (uint32_t)cfg->vf_stride << 16;
	row[6].reset = (uint32_t)cfg->vf.device_id << 16;
	row[7].reset = cfg->supported_page_sizes;
}

static const struct reg_row sriov_rows[] = {
	{.name = "SRIOV_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "SRIOV_CAPABILITIES", .offset = SRIOV_CAPABILITIES, .size = 4, .ro = BITS(31, 0)},
	{.name = "SRIOV_CONTROL_STATUS",
	 .offset = SRIOV_CONTROL,
	 .size = 4,
	 .rw = SRIOV_VF_ENABLE | SRIOV_VF_MSE | SRIOV_ARI,
	 .on_write = pcie_sriov_control_written},
	{.name = "INITIAL_TOTAL_VFS", .offset = SRIOV_INITIAL_VFS, .size = 4, .ro = BITS(31, 0)},
	{.name = "NUM_VFS",
	 .offset = SRIOV_NUM_VFS,
	 .size = 4,
	 .rw = NUM_VFS,
	 .on_write = pcie_sriov_num_vfs_written},
	{.name = "FIRST_VF_OFFSET_STRIDE",
	 .offset = SRIOV_OFFSET_STRIDE,
	 .size = 4,
	 .ro = BITS(31, 0)},
	{.name = "VF_DEVICE_ID", .offset = SRIOV_VF_DEVICE_ID, .size = 4, .ro = BITS(31, 16)},
	{.name = "SUPPORTED_PAGE_SIZES",
	 .offset = SRIOV_SUPPORTED_PAGES,
	 .size = 4,
	 .ro = BITS(31, 0)},
	{.name = "SYSTEM_PAGE_SIZE",
	 .offset = SRIOV_SYSTEM_PAGE,
	 .size = 4,
	 .reset = 1,
	 .rw = BITS(31, 0),
	 .on_write = pcie_sriov_bar_written},
	{.name = "VF_BAR",
	 .offset = SRIOV_VF_BAR,
	 .size = 4,
	 .count = PCIE_BARS,
	 .stride = 4,
	 .rw = BITS(31, 0),
	 .on_read = pcie_sriov_bar_read,
	 .on_write = pcie_sriov_bar_written},
	{.name = "VF_MIGRATION_STATE_ARRAY",
	 .offset = SRIOV_MIGRATION_ARRAY,
	 .size = 4,
	 .ro = BITS(31, 0)},
};

/* ---- Address Translation Services, section 10.5.1 ---- */

static bool has_ats(const struct pcie_device_cfg *cfg)
{
	return cfg->ats;
}

/* ATS_QUEUE_DEPTH is 0, so 32: as many as there are ITags. */
#define ATS_RESET (ATS_PAGE_ALIGNED | ATS_GLOBAL_INVALIDATE)

static const struct reg_row ats_pf_rows[] = {
	{.name = "ATS_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ATS_CAPABILITY_CONTROL",
	 .offset = ATS_CONTROL,
	 .size = 4,
	 .reset = ATS_RESET,
	 .ro = BITS(15, 0),
	 .rw = ATS_STU | ATS_ENABLE,
	 .on_write = pcie_atc_control_written},
};

/* The smallest translation unit is the PF's (10.5.1.3). */
static const struct reg_row ats_vf_rows[] = {
	{.name = "ATS_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ATS_CAPABILITY_CONTROL",
	 .offset = ATS_CONTROL,
	 .size = 4,
	 .reset = ATS_RESET,
	 .ro = BITS(15, 0),
	 .rw = ATS_ENABLE,
	 .on_write = pcie_atc_control_written},
};

/* ---- Page requests, section 10.5.2: the PF's, for its VFs too ---- */

static bool has_pri(const struct pcie_device_cfg *cfg)
{
	return cfg->pri;
}

static void pri_fill(struct reg_row *row, const struct pcie_device_cfg *cfg,
		     const struct pcie_function_cfg *fn)
{
	row[2].reset = cfg->page_requests;
}

static const struct reg_row pri_rows[] = {
	{.name = "PRI_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "PRI_CONTROL_STATUS",
	 .offset = PRI_CONTROL,
	 .size = 4,
	 .reset = PRI_STOPPED,
	 .ro = PRI_STOPPED,
	 .rw = PRI_ENABLE | PRI_RESET,
	 .w1c = PRI_RESPONSE_FAILURE | PRI_UNEXPECTED_GROUP,
	 .on_write = pcie_pri_control_written},
	{.name = "PRI_CAPACITY", .offset = PRI_CAPACITY, .size = 4, .ro = BITS(31, 0)},
	{.name = "PRI_ALLOCATION",
	 .offset = PRI_ALLOCATION,
	 .size = 4,
	 .rw = BITS(31, 0),
	 .on_write = pcie_pri_allocation_written},
};

/* ---- PASID, section 7.8.9: the PF's, for its VFs too ---- */

static bool has_pasid(const struct pcie_device_cfg *cfg)
{
	return cfg->pasid_bits;
}

static void pasid_fill(struct reg_row *row, const struct pcie_device_cfg *cfg,
		       const struct pcie_function_cfg *fn)
{
	row[1].reset = PASID_CAN_EXECUTE | PASID_CAN_BE_PRIVILEGED |
		       field_put(PASID_WIDTH, cfg->pasid_bits);
}

static const struct reg_row pasid_rows[] = {
	{.name = "PASID_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "PASID_CAPABILITY_CONTROL",
	 .offset = PASID_CONTROL,
	 .size = 4,
	 .ro = BITS(15, 0),
	 .rw = PASID_ENABLE | PASID_EXECUTE | PASID_PRIVILEGED},
};

#define ROWS(table) .row = (table), .rows = ARRAY_LEN(table)

const struct pcie_capability pcie_capabilities[] = {
	{.name = "MSI-X",
	 .id = CAP_ID_MSIX,
	 .pf = true,
	 .vf = true,
	 .offset = AT_MSIX,
	 .len_bytes = 12,
	 ROWS(msix_rows),
	 .fill = msix_fill},
	{.name = "PCI Express",
	 .id = CAP_ID_PCIE,
	 .pf = true,
	 .offset = AT_PCIE,
	 .len_bytes = PCIE_CAP_BYTES,
	 ROWS(pcie_pf_rows),
	 .fill = pcie_fill_pf},
	{.name = "PCI Express",
	 .id = CAP_ID_PCIE,
	 .vf = true,
	 .offset = AT_PCIE,
	 .len_bytes = PCIE_CAP_BYTES,
	 ROWS(pcie_vf_rows),
	 .fill = pcie_fill_vf},
	{.name = "ARI",
	 .id = EXT_CAP_ID_ARI,
	 .version = 1,
	 .pf = true,
	 .vf = true,
	 .offset = AT_ARI,
	 .len_bytes = 8,
	 ROWS(ari_rows)},
	{.name = "SR-IOV",
	 .id = EXT_CAP_ID_SRIOV,
	 .version = 1,
	 .pf = true,
	 .offset = AT_SRIOV,
	 .len_bytes = 0x40,
	 ROWS(sriov_rows),
	 .fill = sriov_fill},
	{.name = "ATS",
	 .id = EXT_CAP_ID_ATS,
	 .version = 1,
	 .pf = true,
	 .offset = AT_ATS,
	 .len_bytes = 8,
	 ROWS(ats_pf_rows),
	 .has = has_ats},
	{.name = "ATS",
	 .id = EXT_CAP_ID_ATS,
	 .version = 1,
	 .vf = true,
	 .offset = AT_ATS,
	 .len_bytes = 8,
	 ROWS(ats_vf_rows),
	 .has = has_ats},
	{.name = "PRI",
	 .id = EXT_CAP_ID_PRI,
	 .version = 1,
	 .pf = true,
	 .offset = AT_PRI,
	 .len_bytes = 16,
	 ROWS(pri_rows),
	 .fill = pri_fill,
	 .has = has_pri},
	{.name = "PASID",
	 .id = EXT_CAP_ID_PASID,
	 .version = 1,
	 .pf = true,
	 .offset = AT_PASID,
	 .len_bytes = 8,
	 ROWS(pasid_rows),
	 .fill = pasid_fill,
	 .has = has_pasid},
};

const uint32_t pcie_capability_count = ARRAY_LEN(pcie_capabilities);
