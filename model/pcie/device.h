/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_DEVICE_H
#define VFSIM_MODEL_PCIE_DEVICE_H

/*
 * An SR-IOV endpoint: one physical function and up to TotalVFs virtual ones,
 * which appear when software writes NumVFs and VF Enable. It routes
 * configuration requests by completer ID and memory requests by BAR; what no
 * function claims ends as Unsupported Request.
 *
 * All functions lie on the bus that the device captured from the last
 * configuration write (2.2.6.2), the PF at device 0, function 0.
 */

#include "base/sim.h"
#include "model/pcie/function.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_device;
struct reg_table;

/* A kind of function. BARs are 64-bit and prefetchable: an index with a size takes the next one. */
struct pcie_function_cfg {
	uint16_t vendor_id;
	uint16_t device_id; /* of a VF: the VF Device ID field; its own reads ffff (9.3.4.1.2) */
	uint16_t subsystem_vendor_id;
	uint16_t subsystem_id;
	uint8_t revision;
	uint32_t class_code;           /* 24 bits */
	uint64_t bar_bytes[PCIE_BARS]; /* power of two, at least 4 KiB; 0 = none */
	uint16_t msix_vectors;         /* 1 to 2048 */
	uint8_t msix_bar;              /* holds table and PBA and nothing else */
	uint32_t msix_table_offset;
	uint32_t msix_pba_offset;
	/* A device that is wrong: it sends whatever Bus Master Enable says (7.5.1.1.3). */
	bool ignores_bus_master;
};

struct pcie_device_cfg {
	struct pcie_function_cfg pf;
	struct pcie_function_cfg vf;
	uint8_t bus; /* until captured */
	uint16_t total_vfs;
	uint16_t first_vf_offset;
	uint16_t vf_stride;
	uint32_t supported_page_sizes; /* bit n: 4 KiB << n */
	uint8_t link_generation;       /* 1 to 5, for Link Capabilities and Status */
	uint8_t link_lanes;
	uint64_t serial_number;         /* EUI-64 */
	bool soft_reset;                /* No_Soft_Reset clear: from D3hot a PF comes back reset */
	uint16_t max_payload;           /* Device Capabilities: 128 to 4096 */
	uint16_t max_read_request;      /* as firmware leaves Device Control; 0 = 512 */
	uint64_t completion_timeout_ps; /* of a function's reads (2.8); 0 = 50 ms */
	uint64_t register_ps;           /* arrival of a read to its access */
	uint64_t flr_ps;        /* how long a function-level reset takes; at most 100 ms (6.6.2) */
	uint32_t msix_messages; /* messages in flight at once; more wait as pending */
	/* Address translation caches, one for each function; translation requests, page requests.
	 */
	bool ats;
	bool pri;           /* needs ats */
	uint8_t pasid_bits; /* Max PASID Width; 0: no PASID capability */
	uint32_t atc_entries;
	uint32_t atc_ways;
	uint32_t atc_pages;     /* pages of a function that are asked for at once */
	uint32_t page_requests; /* Outstanding Page Request Capacity */
	uint64_t page_retry_ps; /* before a page is asked for again */
};

/*
 * The X710-like NIC: PF 8086:1572 with 1 MiB of registers, VFs 8086:1889
 * (adaptive virtual function) with 64 KiB, MSI-X in BAR 3, 5 vectors to a VF,
 * First VF Offset 16, Stride 1. `total_vfs` and the times are for the caller.
 */
void pcie_device_cfg_x710(struct pcie_device_cfg *cfg);

struct pcie_device_env {
	struct sim_part part;
};

/* NULL without memory or for a cfg that no device can present. */
struct pcie_device *pcie_device_create(const struct pcie_device_cfg *cfg,
				       const struct pcie_device_env *env);
void pcie_device_destroy(struct pcie_device *device);

/* Where the device sends: its end of the link. Once, before the first event. */
void pcie_device_connect(struct pcie_device *device, const struct tlp_port *egress);

/*
 * A conventional reset (6.6.1) of all functions: hot, as Secondary Bus Reset or link
 * down is, or cold, with power lost: sticky registers too. VFs are gone after it.
 */
void pcie_device_reset(struct pcie_device *device, bool cold);

/* Requests from the root port, completions of the functions' own. */
struct tlp_port pcie_device_port(struct pcie_device *device);

/* They exist from the start, present or not; NULL beyond TotalVFs. */
struct pcie_function *pcie_device_pf(struct pcie_device *device);
struct pcie_function *pcie_device_vf(struct pcie_device *device, uint32_t vf);

/* VFs present: NumVFs while VF Enable is set. */
uint32_t pcie_device_num_vfs(const struct pcie_device *device);

/* The tables behind configuration space, for documentation and tests. */
const struct reg_table *pcie_device_config_table(const struct pcie_device *device, bool vf);

/* Nothing in flight and no reset under way: for the leak check at the end of a run. */
bool pcie_device_idle(const struct pcie_device *device);

#ifdef __cplusplus
}
#endif
#endif
