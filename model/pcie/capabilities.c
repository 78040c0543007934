/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of the capabilities that functions of the device have. Who has which:
 * capability_table.c. */
#include "model/pcie/device_internal.h"

#define MAX_READ    512u /* the reset value of Max_Read_Request_Size, 7.5.3.4 */
#define ROWS(table) .row = (table), .rows = ARRAY_LEN(table)

/* More than Device Capabilities offer does not leave the device: what it does then is undefined. */
void pcie_device_control_changed(struct pcie_device *device)
{
	uint64_t control = pcie_config_get(&device->function[0], AT_PCIE + PCIE_DEVCTL);
	uint64_t control2 = pcie_config_get(&device->function[0], AT_PCIE + PCIE_DEVCTL2);
	uint16_t max_payload = pcie_size_of(field_get(DEVCTL_MAX_PAYLOAD, control));

	device->max_payload = MIN(max_payload, device->cfg.max_payload);
	device->max_read_request = pcie_size_of(field_get(DEVCTL_MAX_READ, control));
	device->relaxed = control & DEVCTL_RELAXED_ORDERING;
	device->ido_requests = control2 & DEVCTL2_IDO_REQUEST;
	device->ido_completions = control2 & DEVCTL2_IDO_COMPLETION;
}

/* ---- PCI Express, section 7.5.3. Shared bits outlive an FLR: they are the link's (6.6.2). ---- */

/* Transactions Pending tells of reads under way. Initiate FLR never stays: the reset takes it. */
static uint64_t devctl_read(void *owner, uint32_t index, uint64_t stored)
{
	const struct pcie_function *fn = owner;

	return stored | (fn->reads_pending ? DEVSTA_PENDING : 0);
}

static void devctl_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *fn = owner;

	if (!fn->is_vf)
		pcie_device_control_changed(fn->device);
	if (now & DEVCTL_INITIATE_FLR)
		pcie_function_start_flr(fn);
}

static void devctl2_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	const struct pcie_function *fn = owner;

	pcie_device_control_changed(fn->device);
}

/* A PASID is a prefix from end to end, and who can send it has to say so (6.20.2, 7.5.3.15). */
static uint32_t prefix_capability(const struct pcie_device_cfg *cfg)
{
	return cfg->pasid_bits ? DEVCAP2_PREFIX | DEVCAP2_PREFIXES_1 : 0;
}

static void pcie_fill_pf(struct reg_row *row, const struct pcie_device_cfg *cfg,
			 const struct pcie_function_cfg *fn)
{
	uint32_t speed = cfg->link_generation, width = cfg->link_lanes;

	row[1].reset |= pcie_size_code(cfg->max_payload);
	row[2].reset =
		DEVCTL_RELAXED_ORDERING |
		field_put(DEVCTL_MAX_PAYLOAD, pcie_size_code(cfg->max_payload)) |
		field_put(DEVCTL_MAX_READ,
			  pcie_size_code(cfg->max_read_request ? cfg->max_read_request : MAX_READ));
	row[3].reset = field_put(LNK_SPEED, speed) | field_put(LNK_WIDTH, width);
	row[4].reset = field_put(LNKSTA_SPEED, speed) | field_put(LNKSTA_WIDTH, width);
	row[5].reset |= prefix_capability(cfg);
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
	 .on_write = devctl_written,
	 .shared = DEVCTL_MAX_PAYLOAD},
	{.name = "LINK_CAPABILITIES", .offset = PCIE_LNKCAP, .size = 4, .ro = BITS(31, 0)},
	{.name = "LINK_CONTROL_STATUS",
	 .offset = PCIE_LNKCTL,
	 .size = 4,
	 .ro = LNKSTA_SPEED | LNKSTA_WIDTH,
	 .rw = LNKCTL_RW,
	 .shared = LNKCTL_RW},
	{.name = "DEVICE_CAPABILITIES_2",
	 .offset = PCIE_DEVCAP2,
	 .size = 4,
	 .reset = DEVCAP2_TIMEOUT_RANGES | DEVCAP2_TIMEOUT_DISABLE | DEVCAP2_LTR,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS_2",
	 .offset = PCIE_DEVCTL2,
	 .size = 4,
	 .rw = DEVCTL2_TIMEOUT | DEVCTL2_IDO_REQUEST | DEVCTL2_IDO_COMPLETION | DEVCTL2_LTR,
	 .on_write = devctl2_written},
	{.name = "LINK_CAPABILITIES_2", .offset = PCIE_LNKCAP2, .size = 4, .ro = BITS(31, 0)},
	{.name = "LINK_CONTROL_STATUS_2",
	 .offset = PCIE_LNKCTL2,
	 .size = 4,
	 .rw = LNK_SPEED,
	 .sticky = LNK_SPEED},
};

const struct pcie_capability_regs pcie_pf_regs = {ROWS(pcie_pf_rows), .fill = pcie_fill_pf};

static void pcie_fill_vf(struct reg_row *row, const struct pcie_device_cfg *cfg,
			 const struct pcie_function_cfg *fn)
{
	row[1].reset |= pcie_size_code(cfg->max_payload);
	row[3].reset =
		field_put(LNK_SPEED, cfg->link_generation) | field_put(LNK_WIDTH, cfg->link_lanes);
	row[4].reset |= prefix_capability(cfg);
	row[5].reset = field_put(LNKCAP2_SPEEDS, BIT(cfg->link_generation) - 1);
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
	{.name = "LINK_CAPABILITIES_2", .offset = PCIE_LNKCAP2, .size = 4, .ro = BITS(31, 0)},
};

const struct pcie_capability_regs pcie_vf_regs = {ROWS(pcie_vf_rows), .fill = pcie_fill_vf};

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

const struct pcie_capability_regs pcie_msix_regs = {ROWS(msix_rows), .fill = msix_fill};

/* ---- Alternative Routing-ID Interpretation, section 7.8.8 ---- */

static const struct reg_row ari_rows[] = {
	{.name = "ARI_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ARI_CAPABILITY_CONTROL", .offset = ARI_CAPABILITY, .size = 4, .ro = BITS(15, 0)},
};

const struct pcie_capability_regs pcie_ari_regs = {ROWS(ari_rows)};

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
	 .on_write = pcie_sriov_page_written},
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

const struct pcie_capability_regs pcie_sriov_regs = {ROWS(sriov_rows), .fill = sriov_fill};

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

const struct pcie_capability_regs pcie_ats_pf_regs = {ROWS(ats_pf_rows), .has = has_ats};

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

const struct pcie_capability_regs pcie_ats_vf_regs = {ROWS(ats_vf_rows), .has = has_ats};

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

const struct pcie_capability_regs pcie_pri_regs = {ROWS(pri_rows), .fill = pri_fill,
						   .has = has_pri};

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

const struct pcie_capability_regs pcie_pasid_regs = {ROWS(pasid_rows), .fill = pasid_fill,
						     .has = has_pasid};

/* ---- Access control, section 7.7.11 ---- */

/*
 * Functions of this device do not reach each other but through the root port: none of the
 * controls is there to be had, which the capability is to say (6.12.1.2).
 */
static const struct reg_row acs_rows[] = {
	{.name = "ACS_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ACS_CAPABILITY_CONTROL", .offset = ACS_CONTROL, .size = 4, .ro = BITS(15, 0)},
};

const struct pcie_capability_regs pcie_acs_regs = {ROWS(acs_rows)};

/* ---- Serial number, section 7.9.3 ---- */

static void dsn_fill(struct reg_row *row, const struct pcie_device_cfg *cfg,
		     const struct pcie_function_cfg *fn)
{
	row[1].reset = cfg->serial_number & BITS(31, 0);
	row[2].reset = cfg->serial_number >> 32;
}

static const struct reg_row dsn_rows[] = {
	{.name = "DSN_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "SERIAL_NUMBER_LOW", .offset = DSN_LOW, .size = 4, .ro = BITS(31, 0)},
	{.name = "SERIAL_NUMBER_HIGH", .offset = DSN_HIGH, .size = 4, .ro = BITS(31, 0)},
};

const struct pcie_capability_regs pcie_dsn_regs = {ROWS(dsn_rows), .fill = dsn_fill};

/* ---- Latency tolerance, section 7.8.2: the PF's alone ---- */

static const struct reg_row ltr_rows[] = {
	{.name = "LTR_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "LTR_MAX_LATENCIES", .offset = LTR_LATENCIES, .size = 4, .rw = LTR_RW},
};

const struct pcie_capability_regs pcie_ltr_regs = {ROWS(ltr_rows)};
