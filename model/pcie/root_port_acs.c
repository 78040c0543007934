/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control of what comes up the link (PCI Express Base Specification, 6.12
 * and 7.7.11, from memory): who may send, and whether an address that lies behind
 * this very port is reached there, peer to peer, or by way of the SMMU.
 *
 * With one port every peer is behind it, so normal routing of a peer's address
 * targets the port that the request came from. Upstream Forwarding then sends it
 * up just as P2P Request Redirect does. A request that is turned around keeps its
 * requester ID, and nobody translates its address.
 */
#include "model/pcie/aer.h"
#include "model/pcie/capability_internal.h"
#include "model/pcie/root_port_internal.h"

static const struct reg_row acs_rows[] = {
	{.name = "ACS_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ACS_CAPABILITY_CONTROL",
	 .offset = ACS_CONTROL,
	 .size = 4,
	 .reset = ACS_ROOT_PORT,
	 .ro = BITS(15, 0),
	 .rw = (uint64_t)ACS_ROOT_PORT << 16,
	 .on_write = pcie_root_port_written},
};

const struct pcie_capability_regs pcie_acs_root_regs = {
	.row = acs_rows,
	.rows = ARRAY_LEN(acs_rows),
};

/* Source Validation is about bus numbers, Translation Blocking about any AT but the default. */
static bool violates(const struct pcie_root_port *port, const struct tlp *tlp)
{
	if ((uint8_t)((tlp->requester_id >> 8) - port->secondary) > port->bus_span)
		return true;
	return port->acs & ACS_TRANSLATION_BLOCKING && tlp->type <= TLP_MWR &&
	       tlp->at != TLP_AT_UNTRANSLATED;
}

/* An ACS violation: nobody gets it, and one that wants an answer gets Completer Abort. */
static void refuse(struct pcie_root_port *port, struct tlp *tlp)
{
	struct pcie_error error = {.kind = PCIE_ERROR_ACS_VIOLATION};

	tlp->status = TLP_CA;
	if (!tlp_is_posted(tlp))
		pcie_root_port_secondary(port, STATUS_SIGNALED_TA);
	pcie_tlp_header(tlp, error.header);
	pcie_root_port_end(port, tlp);
	pcie_root_port_detected(port, &error);
}

/*
 * Does it go back down? Redirection holds for all but translated requests where
 * Direct Translated P2P says so. A translation request is for the SMMU.
 */
static bool is_direct(const struct pcie_root_port *port, const struct tlp *tlp)
{
	bool free = tlp->at == TLP_AT_TRANSLATED && port->acs & ACS_DIRECT_TRANSLATED;

	if (port->acs & ACS_REDIRECTS && !free)
		return false;
	return tlp->type <= TLP_MWR && tlp->at != TLP_AT_REQUEST && port->bus_master &&
	       pcie_root_port_claims(port, tlp->addr, tlp->len_bytes);
}

bool pcie_root_port_acs_takes(struct pcie_root_port *port, struct tlp *tlp)
{
	if (violates(port, tlp)) {
		refuse(port, tlp);
		return true;
	}
	if (!is_direct(port, tlp))
		return false;
	tlp->peer = true;
	port->egress.request(port->egress.ctx, tlp);
	return true;
}
