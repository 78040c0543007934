/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link below, as far as the port above decides about it: down while containment
 * is triggered (6.2.11), Secondary Bus Reset (7.5.1.3.13) or Link Disable (7.5.3.7)
 * is set, or nothing is there. Traffic is refused from that moment; link and device
 * hear of it by an event, as what made it may be the device's own doing. Training
 * takes no time. Sections from memory of the PCI Express Base Specification.
 */
#include "model/pcie/bridge_internal.h"

static void tell(struct pcie_bridge *bridge, bool up)
{
	if (bridge->link_up == up)
		return;
	bridge->link_up = up;
	if (!bridge->ops->link)
		return; /* an upstream port, whose link is another's */
	pcie_bridge_link_active(bridge, up);
	bridge->ops->link(bridge, up);
}

/* Shut and open again within one instant is a reset all the same. */
static void link_fire(struct event *event, uint64_t now)
{
	struct pcie_bridge *bridge = CONTAINER_OF(event, struct pcie_bridge, link_event);

	if (bridge->fell) {
		bridge->fell = false;
		tell(bridge, false);
	}
	if (!bridge->shut)
		tell(bridge, true);
}

void pcie_bridge_link_init(struct pcie_bridge *bridge)
{
	bridge->link_up = bridge->present = true;
	event_init(&bridge->link_event, link_fire);
}

void pcie_bridge_link_changed(struct pcie_bridge *bridge)
{
	if (bridge->shut != bridge->link_up)
		return;
	bridge->fell |= bridge->shut;
	if (!event_pending(&bridge->link_event))
		sim_after(bridge->part.sim, &bridge->link_event, 0);
}

/* A link that software has taken down does not go down by surprise (3.2.1). */
void pcie_bridge_presence(struct pcie_bridge *bridge, bool present)
{
	const struct pcie_error error = {.kind = PCIE_ERROR_SURPRISE_DOWN};
	bool surprise = bridge->present && !present && !bridge->shut;

	bridge->present = present;
	pcie_bridge_config_changed(bridge);
	if (surprise)
		pcie_bridge_detected(bridge, &error);
}
