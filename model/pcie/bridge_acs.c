/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control of what comes up a link (PCI Express Base Specification, 6.12
 * and 7.7.11, from memory): who may send, and whether a peer is reached directly or
 * by way of the host. Where the peer is, is its port's to know.
 */
#include "model/pcie/bridge_internal.h"

static const struct reg_row root_rows[] = {
	{.name = "ACS_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ACS_CAPABILITY_CONTROL",
	 .offset = ACS_CONTROL,
	 .size = 4,
	 .reset = ACS_ROOT_PORT,
	 .ro = BITS(15, 0),
	 .rw = (uint64_t)ACS_ROOT_PORT << 16,
	 .on_write = pcie_bridge_written},
};

const struct pcie_capability_regs pcie_acs_root_regs = {
	.row = root_rows,
	.rows = ARRAY_LEN(root_rows),
};

/* A switch's downstream port has Egress Control besides, with a bit for each port (7.7.11.4). */
static const struct reg_row downstream_rows[] = {
	{.name = "ACS_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "ACS_CAPABILITY_CONTROL",
	 .offset = ACS_CONTROL,
	 .size = 4,
	 .reset = ACS_DOWNSTREAM_PORT,
	 .ro = BITS(15, 0),
	 .rw = (uint64_t)ACS_DOWNSTREAM_PORT << 16,
	 .on_write = pcie_bridge_written},
	{.name = "ACS_EGRESS_CONTROL",
	 .offset = ACS_EGRESS_VECTOR,
	 .size = 4,
	 .rw = BITS(PCIE_SWITCH_PORTS - 1, 0),
	 .on_write = pcie_bridge_written},
};

const struct pcie_capability_regs pcie_acs_downstream_regs = {
	.row = downstream_rows,
	.rows = ARRAY_LEN(downstream_rows),
};

/* Source Validation is about bus numbers, Translation Blocking about any AT but the default. */
bool pcie_acs_violates(const struct pcie_bridge *bridge, const struct tlp *tlp)
{
	if ((uint8_t)((tlp->requester_id >> 8) - bridge->secondary) > bridge->bus_span)
		return true;
	return bridge->acs & ACS_TRANSLATION_BLOCKING && tlp->type <= TLP_MWR &&
	       tlp->at != TLP_AT_UNTRANSLATED;
}

/* An ACS violation: nobody gets it, and one that wants an answer gets Completer Abort. */
void pcie_acs_violation(struct pcie_bridge *bridge, struct tlp *tlp)
{
	struct pcie_error error = {.kind = PCIE_ERROR_ACS_VIOLATION};

	tlp->status = TLP_CA;
	if (!tlp_is_posted(tlp))
		pcie_bridge_secondary(bridge, STATUS_SIGNALED_TA);
	pcie_tlp_header(tlp, error.header);
	pcie_bridge_detected(bridge, &error);
}

/*
 * Direct Translated P2P frees translated requests of redirection and of Egress
 * Control. Of the two, Egress Control says for which ports redirection holds, and
 * without redirection which are out of reach (6.12.3).
 */
enum pcie_acs_way pcie_acs_peer(const struct pcie_bridge *bridge, const struct tlp *tlp,
				bool controlled)
{
	uint32_t acs = bridge->acs;

	if (tlp->at == TLP_AT_TRANSLATED && acs & ACS_DIRECT_TRANSLATED)
		return PCIE_ACS_DIRECT;
	if (acs & ACS_EGRESS_CONTROL && !controlled)
		return PCIE_ACS_DIRECT;
	if (acs & ACS_REQUEST_REDIRECT)
		return PCIE_ACS_UP;
	return acs & ACS_EGRESS_CONTROL ? PCIE_ACS_BLOCK : PCIE_ACS_DIRECT;
}

/* What may pass its completer's writes anyway needs not follow them (6.12.1.1). */
bool pcie_acs_completion_redirected(const struct pcie_bridge *bridge, const struct tlp *tlp)
{
	return bridge->acs & ACS_COMPLETION_REDIRECT && !tlp->relaxed;
}
