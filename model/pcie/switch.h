/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_SWITCH_H
#define VFSIM_MODEL_PCIE_SWITCH_H

/*
 * A PCIe switch (PCI Express Base Specification, 1.3.3): one upstream port and up
 * to eight downstream ports, each a bridge with a configuration space of its own.
 * Configuration requests go by bus number, memory requests by the bridges' windows,
 * messages and completions by ID; what no port claims is an Unsupported Request of
 * the port that should have known. A request of a function for a function behind
 * another downstream port goes there directly, unless Access Control of the port
 * that it came in by says otherwise.
 *
 * What leaves by a port keeps the order of the ordering table (ordering.h).
 */

#include "base/sim.h"
#include "model/pcie/ordering.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_SWITCH_PORTS    8u
#define PCIE_SWITCH_UPSTREAM PCIE_SWITCH_PORTS /* instead of a downstream port's number */

struct pcie_switch;

struct pcie_switch_cfg {
	uint16_t vendor_id, device_id;
	uint32_t ports;      /* downstream: 1 to 8, devices 0 to ports - 1 of the inner bus */
	uint64_t forward_ps; /* from a port to another one's transmitter */
	uint64_t reorder_ps; /* as of a link: longest that what may be passed is held */
	uint8_t link_generation, link_lanes; /* of all ports, for Link Capabilities; 0 = 1 */
	uint16_t max_payload;                /* what it can and is set to; 0 = 256 */
};

struct pcie_switch_env {
	struct sim_part part;
	/*
	 * The link below a downstream port goes down or up: as pcie_root_port_env's, and what
	 * goes down with it is the caller's to reset.
	 */
	void (*link)(void *ctx, uint32_t port, bool up);
	void *link_ctx;
};

/* NULL without memory or for a cfg that no switch can have. */
struct pcie_switch *pcie_switch_create(const struct pcie_switch_cfg *cfg,
				       const struct pcie_switch_env *env);
void pcie_switch_destroy(struct pcie_switch *sw);

/*
 * Its end of the link of a downstream port or of PCIE_SWITCH_UPSTREAM. Once, before
 * the first event. A downstream port that is not connected has nothing behind it.
 */
void pcie_switch_connect(struct pcie_switch *sw, uint32_t port, const struct tlp_port *egress);
/* What arrives at a port. */
struct tlp_port pcie_switch_port(struct pcie_switch *sw, uint32_t port);

/* The link above went down, or power was lost: all ports are reset, and all links below (6.6.1). */
void pcie_switch_reset(struct pcie_switch *sw, bool cold);

/* As pcie_root_port_presence, of a downstream port that is connected. */
void pcie_switch_presence(struct pcie_switch *sw, uint32_t port, bool present);

/* As pcie_link_stick: the receiver behind a port has no room for a class. */
void pcie_switch_stick(struct pcie_switch *sw, uint32_t port, enum pcie_order_class order_class,
		       bool stuck);

/* Nothing on its way through: for the leak check at the end of a run. */
bool pcie_switch_idle(const struct pcie_switch *sw);

#ifdef __cplusplus
}
#endif
#endif
