/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control at the root port (bridge_acs.c): with one port every peer is
 * behind it, so normal routing of a peer's address targets the port that the
 * request came from. Upstream Forwarding then sends it up just as P2P Request
 * Redirect does. A request that is turned around keeps its requester ID, and
 * nobody translates its address.
 */
#include "model/pcie/root_port_internal.h"

/* Does it go back down? A translation request is for the SMMU. */
static bool is_direct(const struct pcie_root_port *port, const struct tlp *tlp)
{
	const struct pcie_bridge *bridge = &port->bridge;
	bool free = tlp->at == TLP_AT_TRANSLATED && bridge->acs & ACS_DIRECT_TRANSLATED;

	if (bridge->acs & ACS_UPSTREAM_FORWARDING && !free)
		return false;
	return pcie_acs_peer(bridge, tlp, false) == PCIE_ACS_DIRECT && tlp->type <= TLP_MWR &&
	       tlp->at != TLP_AT_REQUEST && bridge->bus_master &&
	       pcie_bridge_claims(bridge, tlp->addr, tlp->len_bytes);
}

bool pcie_root_port_acs_takes(struct pcie_root_port *port, struct tlp *tlp)
{
	if (pcie_acs_violates(&port->bridge, tlp)) {
		pcie_root_port_end(port, tlp);
		pcie_acs_violation(&port->bridge, tlp);
		return true;
	}
	if (!is_direct(port, tlp))
		return false;
	tlp->peer = true;
	port->egress.request(port->egress.ctx, tlp);
	return true;
}
