/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_PCI_BUS_H
#define VFSIM_HOST_PCI_BUS_H

/*
 * The host kernel's PCI bus: finds the functions behind the root port, gives
 * their BARs addresses and turns SR-IOV on, all by configuration transactions
 * through ECAM (PCI Express Base Specification 7.2.2, 7.5, 9.3).
 */

#include "base/cpu_port.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCI_BUS_MAX_FUNCTIONS 264
#define PCI_FUNCTION_BARS     6

struct pci_bus_cfg {
	uint64_t ecam_pa;   /* of bus 0 */
	uint64_t window_pa; /* memory window: BARs are placed here, in order */
	uint64_t window_bytes;
	uint8_t bus;  /* the bus behind the root port */
	bool isolate; /* Access Control of a switch sends all requests to the IOMMU */
};

struct pci_bus_env {
	struct sim_part part;
	struct cpu_port cpu;
};

struct pci_bar {
	uint64_t pa;
	uint64_t size_bytes; /* 0: not implemented, or the upper half of the one before */
};

struct pci_function {
	uint16_t rid;
	uint16_t vendor, device;
	bool is_vf;
	uint16_t pf_rid;   /* of a VF */
	uint32_t vf_index; /* of a VF: 0 .. NumVFs-1 */
	struct pci_bar bar[PCI_FUNCTION_BARS];
	uint16_t sriov_offset; /* extended capability's offset, 0: none */
	uint16_t total_vfs;
	struct pci_bar vf_bar[PCI_FUNCTION_BARS]; /* of VF 0, once they have a place */
};

struct pci_bus {
	struct pci_bus_cfg cfg;
	struct pci_bus_env env;
	uint64_t next_pa;
	uint8_t last_bus;                                    /* that has been given out */
	struct pci_function function[PCI_BUS_MAX_FUNCTIONS]; /* in the order of the scan */
	uint32_t count;
};

/*
 * Scan the bus: identify each function, size and assign its BARs, enable memory
 * decoding and bus mastering. Behind a switch buses are numbered and windows opened, and
 * VFs have their BARs from the start; its ports are not in the table. 0, -ENODEV for an empty bus,
 * -ENOSPC when the window is full.
 */
int pci_bus_scan(struct pci_bus *bus, struct actor *self, const struct pci_bus_cfg *cfg,
		 const struct pci_bus_env *env);

/*
 * Write VF BARs, NumVFs, VF Enable and VF MSE of `pf_rid`; then the VFs are in
 * the table. -ENODEV: no such function; -ENOTTY: no SR-IOV; -ERANGE: more than
 * TotalVFs; -EBUSY: already enabled; -ENOSPC: window full.
 */
int pci_bus_enable_vfs(struct pci_bus *bus, struct actor *self, uint16_t pf_rid, uint16_t num_vfs);
int pci_bus_disable_vfs(struct pci_bus *bus, struct actor *self, uint16_t pf_rid);

/* NULL for none. Valid until VFs are enabled or disabled. */
const struct pci_function *pci_bus_find(const struct pci_bus *bus, uint16_t rid);
/* The PF's VF `vf`, NULL unless enabled. */
const struct pci_function *pci_bus_vf(const struct pci_bus *bus, uint16_t pf_rid, uint32_t vf);

/* Configuration space of a function, 1, 2 or 4 bytes, naturally aligned. */
uint32_t pci_config_read(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t offset,
			 uint32_t len_bytes);
void pci_config_write(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t offset,
		      uint32_t len_bytes, uint32_t value);
/* Offset of a capability, of an extended capability; 0 for none. */
uint16_t pci_find_capability(struct pci_bus *bus, struct actor *self, uint16_t rid, uint8_t id);
uint16_t pci_find_ext_capability(struct pci_bus *bus, struct actor *self, uint16_t rid,
				 uint16_t id);

#ifdef __cplusplus
}
#endif
#endif
