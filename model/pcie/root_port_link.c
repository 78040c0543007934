/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link below, as far as the root port decides about it: down while containment
 * is triggered (6.2.11), Secondary Bus Reset (7.5.1.3.13) or Link Disable (7.5.3.7)
 * is set, or nothing is there. Traffic is refused from that moment; link and device
 * hear of it by an event, as what made it may be the device's own doing. Training
 * takes no time. Sections from memory of the PCI Express Base Specification.
 */
#include "model/pcie/aer.h"
#include "model/pcie/root_port_internal.h"

static void tell(struct pcie_root_port *port, bool up)
{
	if (port->link_up == up)
		return;
	port->link_up = up;
	pcie_root_port_link_active(port, up);
	if (port->env.link)
		port->env.link(port->env.link_ctx, up);
}

/* Shut and open again within one instant is a reset all the same. */
static void link_fire(struct event *event, uint64_t now)
{
	struct pcie_root_port *port = CONTAINER_OF(event, struct pcie_root_port, link_event);

	if (port->fell) {
		port->fell = false;
		tell(port, false);
	}
	if (!port->shut)
		tell(port, true);
}

void pcie_root_port_link_init(struct pcie_root_port *port)
{
	port->link_up = port->present = true;
	event_init(&port->link_event, link_fire);
}

void pcie_root_port_link_changed(struct pcie_root_port *port)
{
	if (port->shut != port->link_up)
		return;
	port->fell |= port->shut;
	if (!event_pending(&port->link_event))
		sim_after(port->env.part.sim, &port->link_event, 0);
}

/* A link that software has taken down does not go down by surprise (3.2.1). */
void pcie_root_port_presence(struct pcie_root_port *port, bool present)
{
	const struct pcie_error error = {.kind = PCIE_ERROR_SURPRISE_DOWN};
	bool surprise = port->present && !present && !port->shut;

	port->present = present;
	pcie_root_port_config_changed(port);
	if (surprise)
		pcie_root_port_detected(port, &error);
}
