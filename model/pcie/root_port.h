/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_ROOT_PORT_H
#define VFSIM_MODEL_PCIE_ROOT_PORT_H

/*
 * The root complex with its one root port, 00:00.0: between the host's bus and
 * a link.
 *
 * Downward it makes TLPs of CPU accesses. ECAM addresses are offsets (fabric
 * windows with subtract_base), MMIO addresses are the bus addresses that BARs
 * hold. A configuration read that nobody answers, and a memory read that ends
 * as Unsupported Request or Completer Abort, reads all ones with BUS_OK, as root
 * complexes do for software that probes; what its windows do not cover ends
 * with BUS_ABORT, reads again all ones. A write is posted: its `done` says that
 * the device has it.
 *
 * With ATS it hands on translation requests too, and the messages that go with
 * them; without, translation requests are unsupported.
 *
 * Upward it hands DMA to the SMMU in the order of arrival, with the requester
 * ID, mapped, as stream ID. A completion to the CPU waits for the posted writes that
 * came up the link before it (table 2-40, "a read completion must not pass
 * posted requests"), so who reads a device register then sees its earlier DMA.
 */

#include "base/ats.h"
#include "base/sim.h"
#include "model/pcie/tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_root_port;

/* Registers as the machine's firmware leaves them. */
struct pcie_root_port_cfg {
	uint16_t vendor_id;
	uint16_t device_id;
	uint8_t secondary_bus;
	uint8_t subordinate_bus;
	uint64_t window_base; /* prefetchable memory window, 1 MiB aligned */
	uint64_t window_bytes;
	uint32_t requests; /* CPU accesses under way at once; more wait in order */
	bool ats;
	uint8_t link_generation, link_lanes; /* for Link Capabilities and Status; 0 = 1 */
	uint16_t max_payload;                /* what it can and is set to; 0 = 256 */
	uint16_t read_completion_boundary;   /* 64 or 128; 0 = 64 */
	/*
	 * ACS controls that are set (7.7.11.3): bit 0 Source Validation, 1 Translation
	 * Blocking, 2 P2P Request Redirect, 3 P2P Completion Redirect, 4 Upstream
	 * Forwarding, 6 Direct Translated P2P. None: a function reaches its neighbours'
	 * BARs without the SMMU.
	 */
	uint8_t access_control;
	/* The stream IDs of requester IDs rid_base to rid_base + rid_count - 1; others keep theirs
	 * (a device tree's iommu-map). */
	struct {
		uint16_t rid_base;
		uint16_t rid_count;
		uint32_t stream_base;
		uint32_t stream_step; /* from one to the next; 0: 1 */
	} iommu_map;
};

struct pcie_root_port_env {
	struct sim_part part;
	struct bus_port dma;    /* to the SMMU */
	struct ats_agent agent; /* the same, for messages; with cfg.ats */
	/*
	 * INTA of the root port, a level: error messages that Root Error Command
	 * asks for, DPC Interrupt Enable (6.2.4.1.2, 6.2.11.1). NULL: to nowhere.
	 */
	void (*interrupt)(void *ctx, bool asserted);
	void *interrupt_ctx;
	/*
	 * The link below goes down or up: by containment, Secondary Bus Reset, Link
	 * Disable or pcie_root_port_presence. Down is pcie_link_set_up and a hot reset of
	 * the device. From an event of its own. NULL: the port alone is shut.
	 */
	void (*link)(void *ctx, bool up);
	void *link_ctx;
};

/* NULL without memory or for a cfg that no root port can have. */
struct pcie_root_port *pcie_root_port_create(const struct pcie_root_port_cfg *cfg,
					     const struct pcie_root_port_env *env);
void pcie_root_port_destroy(struct pcie_root_port *port);

/* Where it sends: its end of the link. Once, before the first event. */
void pcie_root_port_connect(struct pcie_root_port *port, const struct tlp_port *egress);

/* DMA from the device, completions of the CPU's requests. */
struct tlp_port pcie_root_port_port(struct pcie_root_port *port);

/* ATS and PRI messages of the SMMU, to the functions by stream ID. */
struct ats_port pcie_root_port_ats(struct pcie_root_port *port);

/* The host's side. */
struct bus_port pcie_root_port_ecam(struct pcie_root_port *port);
struct bus_port pcie_root_port_mmio(struct pcie_root_port *port);

/*
 * The device is pulled out, which is Surprise Down to a port that did not expect it,
 * or is there again. It was from the start.
 */
void pcie_root_port_presence(struct pcie_root_port *port, bool present);

/* Nothing under way in either direction: for the leak check at the end of a run. */
bool pcie_root_port_idle(const struct pcie_root_port *port);

#ifdef __cplusplus
}
#endif
#endif
