/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a switch sends what (PCI Express Base Specification 2.3, 6.12, 7.3.3 and
 * 7.5.1.3; from memory where a line does not say otherwise).
 */
#include "model/pcie/switch_internal.h"

#define BUS_OF(id)    ((uint32_t)(id) >> 8)
#define DEVICE_OF(id) ((uint32_t)(id) >> 3 & 0x1f)

static struct pcie_route route(enum pcie_route_kind kind, struct pcie_switch_port *port)
{
	return (struct pcie_route){kind, port};
}

/* The downstream port that a bus is behind; NULL: none. */
static struct pcie_switch_port *by_bus(struct pcie_switch *sw, uint32_t bus)
{
	for (uint32_t p = 0; p < sw->cfg.ports; p++)
		if (pcie_bridge_has_bus(&sw->port[p].bridge, bus))
			return &sw->port[p];
	return NULL;
}

/* The downstream port whose windows have an address; NULL: none. */
static struct pcie_switch_port *by_address(struct pcie_switch *sw, const struct tlp *tlp)
{
	for (uint32_t p = 0; p < sw->cfg.ports; p++)
		if (pcie_bridge_claims(&sw->port[p].bridge, tlp->addr, tlp->len_bytes))
			return &sw->port[p];
	return NULL;
}

/* Below a port whose link is down there is nobody to ask (2.9.1). */
static struct pcie_route downward(struct pcie_switch_port *port)
{
	return route(port->bridge.shut ? PCIE_ROUTE_DOWN : PCIE_ROUTE_TO, port);
}

/* ---- down ---- */

/* Downstream ports are the devices of the inner bus, each of one function. */
static struct pcie_route inner_config(struct pcie_switch *sw, uint16_t completer_id)
{
	uint32_t device = completer_id & 0xff;

	if (device & 7 || device >> 3 >= sw->cfg.ports)
		return route(PCIE_ROUTE_REFUSED, pcie_switch_upstream(sw));
	return route(PCIE_ROUTE_OWN, &sw->port[device >> 3]);
}

/* Type 0 is for the port itself, Type 1 for what is behind it (7.3.3). */
static struct pcie_route config(struct pcie_switch *sw, const struct tlp *tlp)
{
	struct pcie_switch_port *up = pcie_switch_upstream(sw), *port;
	uint32_t bus = BUS_OF(tlp->completer_id);

	if (!tlp->type1)
		return route(tlp->completer_id & 0xff ? PCIE_ROUTE_REFUSED : PCIE_ROUTE_OWN, up);
	if (!pcie_bridge_has_bus(&up->bridge, bus))
		return route(PCIE_ROUTE_REFUSED, up);
	if (bus == up->bridge.secondary)
		return inner_config(sw, tlp->completer_id);
	port = by_bus(sw, bus);
	if (!port)
		return route(PCIE_ROUTE_REFUSED, up);
	/* Behind a link is device 0 alone, without ARI Forwarding (7.5.3.16). */
	if (bus == port->bridge.secondary && DEVICE_OF(tlp->completer_id) &&
	    !port->bridge.ari_forwarding)
		return route(PCIE_ROUTE_REFUSED, port);
	return downward(port);
}

/* By address, through the windows of both bridges (7.5.1.3.8, 7.5.1.3.9). */
static struct pcie_route memory_down(struct pcie_switch *sw, const struct tlp *tlp)
{
	struct pcie_switch_port *up = pcie_switch_upstream(sw), *port = by_address(sw, tlp);

	if (!port || !pcie_bridge_claims(&up->bridge, tlp->addr, tlp->len_bytes))
		return route(PCIE_ROUTE_REFUSED, up);
	return downward(port);
}

struct pcie_route pcie_switch_route_down(struct pcie_switch *sw, const struct tlp *tlp)
{
	struct pcie_switch_port *port;

	switch (tlp->type) {
	case TLP_CFGRD:
	case TLP_CFGWR:
		return config(sw, tlp);
	case TLP_MRD:
	case TLP_MWR:
		return memory_down(sw, tlp);
	case TLP_INVALIDATE:
	case TLP_PAGE_RESPONSE: /* messages that are routed by ID (2.2.8) */
		port = by_bus(sw, BUS_OF(tlp->completer_id));
		if (port)
			return downward(port);
		break;
	default: /* messages to the root complex have no way down */
		break;
	}
	return route(PCIE_ROUTE_REFUSED, pcie_switch_upstream(sw));
}

/* ---- up ---- */

/*
 * Bridge Control's SERR# Enable lets a message through (7.5.1.3.13); an uncorrectable
 * one leaves upward only where the port may report such errors (6.2.6).
 */
bool pcie_switch_message_passes(const struct pcie_bridge *bridge, enum pcie_error_message message)
{
	static const uint64_t enables[] = {
		[PCIE_ERR_NONFATAL] = DEVCTL_NON_FATAL,
		[PCIE_ERR_FATAL] = DEVCTL_FATAL,
	};

	if (!bridge->forwards_errors)
		return false;
	return message == PCIE_ERR_COR || bridge->serr ||
	       pcie_bridge_get(bridge, ROOT_AT_PCIE + PCIE_DEVCTL) & enables[message];
}

static struct pcie_route error_up(struct pcie_switch_port *from, const struct tlp *tlp)
{
	struct pcie_switch_port *up = pcie_switch_upstream(from->sw);
	enum pcie_error_message message = (enum pcie_error_message)tlp->error;
	bool passes = pcie_bridge_forwards_error(&from->bridge, tlp) &&
		      pcie_switch_message_passes(&from->bridge, message) &&
		      pcie_switch_message_passes(&up->bridge, message);

	return route(passes ? PCIE_ROUTE_TO : PCIE_ROUTE_CONSUMED, up);
}

/* Out by the upstream port, which has to be a bus master as the one below it (7.5.1.1.3). */
static struct pcie_route leave(struct pcie_switch_port *up)
{
	return route(up->bridge.bus_master ? PCIE_ROUTE_TO : PCIE_ROUTE_REFUSED, up);
}

/* To a function behind another port, as Access Control says (6.12.3). */
static struct pcie_route to_peer(struct pcie_switch_port *from, struct pcie_switch_port *peer,
				 const struct tlp *tlp)
{
	bool controlled = from->bridge.egress_control & BIT(peer->number);

	switch (pcie_acs_peer(&from->bridge, tlp, controlled)) {
	case PCIE_ACS_UP:
		return leave(pcie_switch_upstream(from->sw));
	case PCIE_ACS_BLOCK:
		return route(PCIE_ROUTE_VIOLATION, from);
	default:
		return downward(peer);
	}
}

/*
 * What the inner bus claims stays in the switch. An address behind the very port
 * that it comes from is claimed by nobody, but with Upstream Forwarding it goes up.
 */
static struct pcie_route memory_up(struct pcie_switch_port *from, const struct tlp *tlp)
{
	struct pcie_switch_port *up = pcie_switch_upstream(from->sw);
	struct pcie_switch_port *peer = by_address(from->sw, tlp);

	if (!from->bridge.bus_master)
		return route(PCIE_ROUTE_REFUSED, from);
	if (peer && peer != from)
		return to_peer(from, peer, tlp);
	if (peer)
		return from->bridge.acs & ACS_UPSTREAM_FORWARDING ? leave(up)
								  : route(PCIE_ROUTE_REFUSED, from);
	if (pcie_bridge_claims(&up->bridge, tlp->addr, tlp->len_bytes))
		return route(PCIE_ROUTE_REFUSED, up);
	return leave(up);
}

struct pcie_route pcie_switch_route_up(struct pcie_switch_port *from, const struct tlp *tlp)
{
	if (from->bridge.shut)
		return route(PCIE_ROUTE_DOWN, from);
	if (!pcie_bridge_acs_ordinary(&from->bridge, tlp) && pcie_acs_violates(&from->bridge, tlp))
		return route(PCIE_ROUTE_VIOLATION, from);
	switch (tlp->type) {
	case TLP_MRD:
	case TLP_MWR:
		return memory_up(from, tlp);
	case TLP_ERROR:
		return error_up(from, tlp);
	case TLP_INVALIDATED:
	case TLP_PAGE_REQUEST: /* to the root complex, implicitly or by its ID */
		return route(PCIE_ROUTE_TO, pcie_switch_upstream(from->sw));
	default: /* configuration requests and what the root complex alone sends (7.3.3) */
		return route(PCIE_ROUTE_REFUSED, from);
	}
}

/* ---- completions, by requester ID (2.2.9) ---- */

struct pcie_route pcie_switch_route_completion(struct pcie_switch_port *from, const struct tlp *tlp)
{
	struct pcie_switch_port *up = pcie_switch_upstream(from->sw);
	struct pcie_switch_port *to = by_bus(from->sw, BUS_OF(tlp->requester_id));

	if (from == up)
		return to ? downward(to) : route(PCIE_ROUTE_UNEXPECTED, up);
	if (!to)
		return route(PCIE_ROUTE_TO, up);
	if (to == from && !(from->bridge.acs & ACS_UPSTREAM_FORWARDING))
		return route(PCIE_ROUTE_UNEXPECTED, from);
	if (to == from || pcie_acs_completion_redirected(&from->bridge, tlp))
		return route(PCIE_ROUTE_TO, up);
	return downward(to);
}
