/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_CAPABILITY_INTERNAL_H
#define VFSIM_MODEL_PCIE_CAPABILITY_INTERNAL_H

/*
 * What configuration space is built from: one table says which kind of function
 * has which capability, and where (capability_table.c); the registers behind
 * each are in capabilities.c, cap_*.c and bridge*.c.
 */

#include "base/regs.h"
#include "model/pcie/config_regs_internal.h"
#include "model/pcie/device.h"
#include "model/pcie/switch.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pcie_kind {
	PCIE_PF,
	PCIE_VF,
	PCIE_ROOT_PORT,
	PCIE_UPSTREAM_PORT, /* these two of a switch */
	PCIE_DOWNSTREAM_PORT,
	PCIE_KINDS
};

/*
 * A capability's registers as one kind of function has them: offsets from its
 * start, the first one carries the list header. `fill` puts in what the cfg
 * decides; a bridge's have none, nor `has`.
 */
struct pcie_capability_regs {
	const struct reg_row *row;
	uint32_t rows;
	void (*fill)(struct reg_row *row, const struct pcie_device_cfg *cfg,
		     const struct pcie_function_cfg *fn);
	/* Only devices of which this holds have it; NULL: all. */
	bool (*has)(const struct pcie_device_cfg *cfg);
};

/* A row of the table. */
struct pcie_capability {
	const char *name;
	uint16_t id;
	uint8_t version; /* of an extended capability; 0 = in the first 256 bytes */
	uint16_t len_bytes;
	struct {
		uint16_t offset;
		const struct pcie_capability_regs *regs; /* NULL: this kind does not have it */
	} of[PCIE_KINDS];
};

extern const struct pcie_capability pcie_capabilities[];
extern const uint32_t pcie_capability_count;

/* Where a PF and a VF have them: as on the X710. */
#define AT_PM    0x40u
#define AT_MSIX  0x70u
#define AT_PCIE  0xa0u
#define AT_AER   0x100u
#define AT_DSN   0x140u
#define AT_ARI   0x150u
#define AT_SRIOV 0x160u
#define AT_LTR   0x1a0u
#define AT_ACS   0x1b0u
#define AT_ATS   0x1c0u
#define AT_PRI   0x1d0u
#define AT_PASID 0x1e0u

/* And a root port, or the ports of a switch. */
#define ROOT_AT_PCIE 0x40u
#define ROOT_AT_PM   0x80u
#define ROOT_AT_AER  0x100u
#define ROOT_AT_ACS  0x140u
#define ROOT_AT_DPC  0x150u

extern const struct pcie_capability_regs pcie_pm_regs, pcie_root_pm_regs, pcie_msix_regs,
	pcie_pf_regs, pcie_vf_regs, pcie_root_regs, pcie_aer_pf_regs, pcie_aer_vf_regs,
	pcie_aer_root_regs, pcie_dsn_regs, pcie_ari_regs, pcie_sriov_regs, pcie_ltr_regs,
	pcie_acs_regs, pcie_acs_root_regs, pcie_acs_downstream_regs, pcie_upstream_regs,
	pcie_aer_upstream_regs, pcie_aer_downstream_regs, pcie_ats_pf_regs, pcie_ats_vf_regs,
	pcie_pri_regs, pcie_pasid_regs, pcie_dpc_regs;

/* on_write of a bridge's registers that decide about traffic or interrupts. */
void pcie_bridge_written(void *owner, uint32_t index, uint64_t before, uint64_t now);

/* Sizes from 128 to 4096 bytes as Device Capabilities and Control have them. */
static inline uint32_t pcie_size_code(uint32_t bytes)
{
	return (uint32_t)__builtin_ctz(bytes) - 7;
}

/* The codes above that of 4096 are reserved. */
static inline uint16_t pcie_size_of(uint64_t code)
{
	return (uint16_t)(128u << MIN(code, 5));
}

#define CONFIG_MAX_ROWS 80

/* Configuration space of one kind of function. */
struct config_layout {
	struct reg_row row[CONFIG_MAX_ROWS];
	struct reg_table table;
};

/* The header, then every capability that the table names for this kind. `cfg` NULL: a bridge. */
void pcie_layout_build(struct config_layout *layout, enum pcie_kind kind,
		       const struct reg_row *header, uint32_t rows,
		       const struct pcie_device_cfg *cfg);
/* The row at an offset, for what a cfg decides about the header. NULL: none. */
struct reg_row *pcie_layout_row(struct config_layout *layout, uint32_t offset);

#ifdef __cplusplus
}
#endif
#endif
