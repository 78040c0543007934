/* SPDX-License-Identifier: Apache-2.0 */
/* The root port's type 1 configuration space (7.5.1.3) and what it decides. */
#include "model/pcie/capability_internal.h"
#include "model/pcie/root_port_internal.h"

#define CLASS_PCI_BRIDGE UINT32_C(0x06040000)

static uint64_t value_of(const struct pcie_root_port *port, uint32_t offset)
{
	return regs_get(&port->config, port->config.lookup[offset / 4] - 1u, 0);
}

/* Take from the registers what traffic is judged by. */
void pcie_root_port_config_changed(struct pcie_root_port *port)
{
	uint64_t command = value_of(port, CFG_COMMAND), bus = value_of(port, CFG_BUS_NUMBERS);
	uint64_t memory = value_of(port, CFG_MEMORY_WINDOW);
	uint64_t prefetch = value_of(port, CFG_PREFETCH_WINDOW);
	uint64_t megabyte = BIT(WINDOW_SHIFT) - 1;
	bool awake = (value_of(port, ROOT_AT_PM + PM_CONTROL) & PM_STATE) == PM_D0;

	port->memory_enable = command & COMMAND_MEMORY && awake;
	port->bus_master = command & COMMAND_BUS_MASTER && awake;
	port->secondary = (uint8_t)field_get(BUS_SECONDARY, bus);
	port->subordinate = (uint8_t)field_get(BUS_SUBORDINATE, bus);
	port->ari_forwarding = value_of(port, ROOT_AT_PCIE + PCIE_DEVCTL2) & DEVCTL2_ARI_FORWARDING;
	port->window[0].base = field_get(WINDOW_BASE, memory) << WINDOW_SHIFT;
	port->window[0].last = field_get(WINDOW_LIMIT, memory) << WINDOW_SHIFT | megabyte;
	port->window[1].base = value_of(port, CFG_PREFETCH_BASE_HIGH) << 32 |
			       field_get(WINDOW_BASE, prefetch) << WINDOW_SHIFT;
	port->window[1].last = value_of(port, CFG_PREFETCH_LIMIT_HIGH) << 32 |
			       field_get(WINDOW_LIMIT, prefetch) << WINDOW_SHIFT | megabyte;
	port->max_payload = pcie_size_of(
		field_get(DEVCTL_MAX_PAYLOAD, value_of(port, ROOT_AT_PCIE + PCIE_DEVCTL)));
	port->ido_completions =
		value_of(port, ROOT_AT_PCIE + PCIE_DEVCTL2) & DEVCTL2_IDO_COMPLETION;
	port->completion_boundary =
		value_of(port, ROOT_AT_PCIE + PCIE_LNKCTL) & LNKCTL_RCB_128 ? 128 : 64;
	port->acs = (uint32_t)field_get(ACS_CONTROLS, value_of(port, ROOT_AT_ACS + ACS_CONTROL));
	port->bus_span = port->acs & ACS_SOURCE_VALIDATION
				 ? (uint8_t)(port->subordinate - port->secondary)
				 : UINT8_MAX;
	port->judges = port->acs & (ACS_TRANSLATION_BLOCKING | ACS_DIRECT_TRANSLATED) ||
		       !(port->acs & ACS_REDIRECTS);
	port->forwards_errors = value_of(port, CFG_INTERRUPT) & BRIDGE_SERR;
	port->contained = value_of(port, ROOT_AT_DPC + DPC_STATUS) & DPC_TRIGGERED;
	port->shut = port->contained || !port->present ||
		     value_of(port, CFG_INTERRUPT) & BRIDGE_BUS_RESET ||
		     value_of(port, ROOT_AT_PCIE + PCIE_LNKCTL) & LNKCTL_DISABLE;
	port->contained_status =
		value_of(port, ROOT_AT_DPC + DPC_CONTROL) & DPC_COMPLETION_CA ? TLP_CA : TLP_UR;
	pcie_root_port_interrupt(port);
	pcie_root_port_link_changed(port);
}

void pcie_root_port_link_active(struct pcie_root_port *port, bool up)
{
	uint64_t link = value_of(port, ROOT_AT_PCIE + PCIE_LNKCTL) & ~LNKSTA_ACTIVE;

	regs_set(&port->config, port->config.lookup[(ROOT_AT_PCIE + PCIE_LNKCTL) / 4] - 1u, 0,
		 link | (up ? LNKSTA_ACTIVE : 0));
}

void pcie_root_port_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	pcie_root_port_config_changed(owner);
}

#define MAX_PAYLOAD    256u
#define LNKCTL_ROOT_RW (BITS(1, 0) | LNKCTL_DISABLE | BITS(7, 6))
#define DEVCTL_RW      (DEVCTL_ERROR_REPORTING | DEVCTL_MAX_PAYLOAD | DEVCTL_MAX_READ)

static const struct reg_row header[] = {
	{.name = "VENDOR_DEVICE_ID", .offset = CFG_ID, .size = 4, .ro = BITS(31, 0)},
	{.name = "COMMAND_STATUS",
	 .offset = CFG_COMMAND,
	 .size = 4,
	 .reset = COMMAND_MEMORY | COMMAND_BUS_MASTER | STATUS_CAP_LIST,
	 .ro = STATUS_CAP_LIST | STATUS_INTERRUPT,
	 .rw = COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_PARITY | COMMAND_SERR |
	       COMMAND_INTX_DISABLE,
	 .w1c = STATUS_ERRORS,
	 .on_write = pcie_root_port_written},
	{.name = "REVISION_CLASS",
	 .offset = CFG_CLASS,
	 .size = 4,
	 .reset = CLASS_PCI_BRIDGE,
	 .ro = BITS(31, 0)},
	{.name = "CACHE_LINE_HEADER_TYPE",
	 .offset = CFG_HEADER,
	 .size = 4,
	 .reset = 1u << 16,
	 .ro = HEADER_TYPE,
	 .rw = HEADER_CACHE_LINE},
	{.name = "BUS_NUMBERS",
	 .offset = CFG_BUS_NUMBERS,
	 .size = 4,
	 .rw = BUS_PRIMARY | BUS_SECONDARY | BUS_SUBORDINATE,
	 .on_write = pcie_root_port_written},
	{.name = "IO_WINDOW_SECONDARY_STATUS",
	 .offset = CFG_SECONDARY_STATUS,
	 .size = 4,
	 .w1c = STATUS_ERRORS},
	{.name = "MEMORY_WINDOW",
	 .offset = CFG_MEMORY_WINDOW,
	 .size = 4,
	 .reset = WINDOW_BASE, /* base above limit: closed */
	 .rw = WINDOW_BASE | WINDOW_LIMIT,
	 .on_write = pcie_root_port_written},
	{.name = "PREFETCHABLE_WINDOW",
	 .offset = CFG_PREFETCH_WINDOW,
	 .size = 4,
	 .ro = WINDOW_64,
	 .rw = WINDOW_BASE | WINDOW_LIMIT,
	 .on_write = pcie_root_port_written},
	{.name = "PREFETCHABLE_BASE_UPPER",
	 .offset = CFG_PREFETCH_BASE_HIGH,
	 .size = 4,
	 .rw = BITS(31, 0),
	 .on_write = pcie_root_port_written},
	{.name = "PREFETCHABLE_LIMIT_UPPER",
	 .offset = CFG_PREFETCH_LIMIT_HIGH,
	 .size = 4,
	 .rw = BITS(31, 0),
	 .on_write = pcie_root_port_written},
	{.name = "CAPABILITIES_POINTER", .offset = CFG_CAP_POINTER, .size = 4, .ro = BITS(7, 0)},
	{.name = "INTERRUPT_BRIDGE_CONTROL",
	 .offset = CFG_INTERRUPT,
	 .size = 4,
	 .reset = INTERRUPT_PIN_A,
	 .ro = INTERRUPT_PIN,
	 .rw = BITS(7, 0) | BRIDGE_PARITY | BRIDGE_SERR | BRIDGE_BUS_RESET,
	 .on_write = pcie_root_port_written},
};

static const struct reg_row pcie_rows[] = {
	{.name = "PCIE_CAPABILITIES",
	 .size = 4,
	 .reset = 2u << 16 | PCIE_TYPE_ROOT_PORT << 20,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CAPABILITIES",
	 .offset = PCIE_DEVCAP,
	 .size = 4,
	 .reset = DEVCAP_ROLE_BASED_ERRORS,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS",
	 .offset = PCIE_DEVCTL,
	 .size = 4,
	 .rw = DEVCTL_RW,
	 .w1c = DEVSTA_ERRORS,
	 .on_write = pcie_root_port_written},
	{.name = "LINK_CAPABILITIES", .offset = PCIE_LNKCAP, .size = 4, .ro = BITS(31, 0)},
	{.name = "LINK_CONTROL_STATUS",
	 .offset = PCIE_LNKCTL,
	 .size = 4,
	 .ro = LNKCTL_RCB_128 | LNKSTA_SPEED | LNKSTA_WIDTH | LNKSTA_ACTIVE,
	 .rw = LNKCTL_ROOT_RW,
	 .on_write = pcie_root_port_written},
	{.name = "DEVICE_CAPABILITIES_2",
	 .offset = PCIE_DEVCAP2,
	 .size = 4,
	 .reset = DEVCAP2_ARI_FORWARDING | DEVCAP2_LTR,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS_2",
	 .offset = PCIE_DEVCTL2,
	 .size = 4,
	 .reset = DEVCTL2_ARI_FORWARDING,
	 .rw = DEVCTL2_TIMEOUT | DEVCTL2_ARI_FORWARDING | DEVCTL2_IDO_COMPLETION | DEVCTL2_LTR,
	 .on_write = pcie_root_port_written},
};

const struct pcie_capability_regs pcie_root_regs = {
	.row = pcie_rows,
	.rows = ARRAY_LEN(pcie_rows),
};

static void preset(struct pcie_root_port *port, uint32_t offset, uint64_t value)
{
	pcie_layout_row(&port->layout, offset)->reset = value;
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
	int err;

	pcie_layout_build(&port->layout, PCIE_ROOT_PORT, header, ARRAY_LEN(header), NULL);
	set_link_values(port);
	set_firmware_values(port);
	err = regs_init(&port->config, &port->layout.table, port);
	if (err)
		return err;
	pcie_root_port_config_changed(port);
	return 0;
}

void pcie_root_port_config_fini(struct pcie_root_port *port)
{
	regs_fini(&port->config);
}

void pcie_root_port_secondary(struct pcie_root_port *port, uint64_t status_bits)
{
	regs_set(&port->config, port->config.lookup[CFG_SECONDARY_STATUS / 4] - 1u, 0,
		 value_of(port, CFG_SECONDARY_STATUS) | status_bits);
}

void pcie_root_port_config_note(struct pcie_root_port *port, enum tlp_status status)
{
	pcie_root_port_secondary(port, status == TLP_CA ? STATUS_RECEIVED_TA : STATUS_RECEIVED_MA);
}
