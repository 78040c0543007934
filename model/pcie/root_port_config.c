/* SPDX-License-Identifier: Apache-2.0 */
/* The root port's registers as its cfg and firmware leave them before the system boots. */
#include "model/pcie/root_port_internal.h"

#define MAX_PAYLOAD 256u

static void preset(struct pcie_root_port *port, uint32_t offset, uint64_t value)
{
	pcie_bridge_preset(&port->bridge, offset, value);
}

/* A root port's boundary is what it is: its bit can be read, not written (7.5.3.7). */
static void set_link_values(struct pcie_root_port *port)
{
	const struct pcie_root_port_cfg *cfg = &port->cfg;
	uint32_t speed = MAX(cfg->link_generation, 1), width = MAX(cfg->link_lanes, 1);
	uint32_t payload = pcie_size_code(cfg->max_payload ? cfg->max_payload : MAX_PAYLOAD);

	preset(port, ROOT_AT_PCIE + PCIE_DEVCAP, DEVCAP_ROLE_BASED_ERRORS | payload);
	preset(port, ROOT_AT_PCIE + PCIE_DEVCTL, field_put(DEVCTL_MAX_PAYLOAD, payload));
	preset(port, ROOT_AT_PCIE + PCIE_LNKCAP,
	       LNKCAP_SURPRISE_DOWN | LNKCAP_ACTIVE | field_put(LNK_SPEED, speed) |
		       field_put(LNK_WIDTH, width));
	preset(port, ROOT_AT_PCIE + PCIE_LNKCTL,
	       (cfg->read_completion_boundary == 128 ? LNKCTL_RCB_128 : 0) | LNKSTA_ACTIVE |
		       field_put(LNKSTA_SPEED, speed) | field_put(LNKSTA_WIDTH, width));
}

/* What firmware would have written before the system booted. */
static void set_firmware_values(struct pcie_root_port *port)
{
	const struct pcie_root_port_cfg *cfg = &port->cfg;
	uint64_t last = cfg->window_base + cfg->window_bytes - 1;

	preset(port, ROOT_AT_ACS + ACS_CONTROL,
	       ACS_ROOT_PORT | field_put(ACS_CONTROLS, cfg->access_control & ACS_ROOT_PORT));
	preset(port, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER | STATUS_CAP_LIST);
	preset(port, CFG_ID, cfg->vendor_id | (uint32_t)cfg->device_id << 16);
	preset(port, CFG_BUS_NUMBERS,
	       field_put(BUS_SECONDARY, cfg->secondary_bus) |
		       field_put(BUS_SUBORDINATE, cfg->subordinate_bus));
	preset(port, CFG_PREFETCH_WINDOW,
	       WINDOW_64 | field_put(WINDOW_BASE, cfg->window_base >> WINDOW_SHIFT) |
		       field_put(WINDOW_LIMIT, last >> WINDOW_SHIFT));
	preset(port, CFG_PREFETCH_BASE_HIGH, cfg->window_base >> 32);
	preset(port, CFG_PREFETCH_LIMIT_HIGH, last >> 32);
}

int pcie_root_port_config_init(struct pcie_root_port *port)
{
	pcie_bridge_build(&port->bridge, PCIE_ROOT_PORT);
	set_link_values(port);
	set_firmware_values(port);
	return pcie_bridge_init(&port->bridge);
}
