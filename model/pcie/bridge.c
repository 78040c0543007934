/* SPDX-License-Identifier: Apache-2.0 */
/* The type 1 configuration space (7.5.1.3) of a root port or a switch's port, and what it decides.
 */
#include "model/pcie/bridge_internal.h"

#define CLASS_PCI_BRIDGE UINT32_C(0x06040000)

uint64_t pcie_bridge_get(const struct pcie_bridge *bridge, uint32_t offset)
{
	uint32_t row = bridge->config.index->lookup[offset / 4];

	return row ? regs_get(&bridge->config, row - 1u, 0) : 0;
}

void pcie_bridge_set(struct pcie_bridge *bridge, uint32_t offset, uint64_t value)
{
	regs_set(&bridge->config, bridge->config.index->lookup[offset / 4] - 1u, 0, value);
}

/* Take from the registers what traffic is judged by. */
static void windows_changed(struct pcie_bridge *bridge)
{
	uint64_t memory = pcie_bridge_get(bridge, CFG_MEMORY_WINDOW);
	uint64_t prefetch = pcie_bridge_get(bridge, CFG_PREFETCH_WINDOW);
	uint64_t megabyte = BIT(WINDOW_SHIFT) - 1;

	bridge->window[0].base = field_get(WINDOW_BASE, memory) << WINDOW_SHIFT;
	bridge->window[0].last = field_get(WINDOW_LIMIT, memory) << WINDOW_SHIFT | megabyte;
	bridge->window[1].base = pcie_bridge_get(bridge, CFG_PREFETCH_BASE_HIGH) << 32 |
				 field_get(WINDOW_BASE, prefetch) << WINDOW_SHIFT;
	bridge->window[1].last = pcie_bridge_get(bridge, CFG_PREFETCH_LIMIT_HIGH) << 32 |
				 field_get(WINDOW_LIMIT, prefetch) << WINDOW_SHIFT | megabyte;
}

static void access_control_changed(struct pcie_bridge *bridge)
{
	bridge->acs = (uint32_t)field_get(ACS_CONTROLS,
					  pcie_bridge_get(bridge, ROOT_AT_ACS + ACS_CONTROL));
	bridge->egress_control = (uint32_t)pcie_bridge_get(bridge, ROOT_AT_ACS + ACS_EGRESS_VECTOR);
	bridge->bus_span = bridge->acs & ACS_SOURCE_VALIDATION
				   ? (uint8_t)(bridge->subordinate - bridge->secondary)
				   : UINT8_MAX;
	bridge->judges = bridge->acs & (ACS_TRANSLATION_BLOCKING | ACS_DIRECT_TRANSLATED) ||
			 !(bridge->acs & ACS_REDIRECTS);
}

/* What takes the link down, and what ends with it (6.2.11, 7.5.1.3.13, 7.5.3.7). */
static void shutters_changed(struct pcie_bridge *bridge)
{
	bridge->contained = pcie_bridge_get(bridge, ROOT_AT_DPC + DPC_STATUS) & DPC_TRIGGERED;
	bridge->bus_reset = pcie_bridge_get(bridge, CFG_INTERRUPT) & BRIDGE_BUS_RESET;
	bridge->shut = bridge->contained || !bridge->present || bridge->bus_reset || bridge->held ||
		       pcie_bridge_get(bridge, ROOT_AT_PCIE + PCIE_LNKCTL) & LNKCTL_DISABLE;
	bridge->contained_status =
		pcie_bridge_get(bridge, ROOT_AT_DPC + DPC_CONTROL) & DPC_COMPLETION_CA ? TLP_CA
										       : TLP_UR;
}

static void express_changed(struct pcie_bridge *bridge)
{
	uint64_t control = pcie_bridge_get(bridge, ROOT_AT_PCIE + PCIE_DEVCTL);
	uint64_t control2 = pcie_bridge_get(bridge, ROOT_AT_PCIE + PCIE_DEVCTL2);

	bridge->max_payload = pcie_size_of(field_get(DEVCTL_MAX_PAYLOAD, control));
	bridge->ari_forwarding = control2 & DEVCTL2_ARI_FORWARDING;
	bridge->ido_completions = control2 & DEVCTL2_IDO_COMPLETION;
	bridge->completion_boundary =
		pcie_bridge_get(bridge, ROOT_AT_PCIE + PCIE_LNKCTL) & LNKCTL_RCB_128 ? 128 : 64;
}

void pcie_bridge_config_changed(struct pcie_bridge *bridge)
{
	uint64_t command = pcie_bridge_get(bridge, CFG_COMMAND);
	uint64_t bus = pcie_bridge_get(bridge, CFG_BUS_NUMBERS);
	bool awake = (pcie_bridge_get(bridge, ROOT_AT_PM + PM_CONTROL) & PM_STATE) == PM_D0;

	bridge->memory_enable = command & COMMAND_MEMORY && awake;
	bridge->bus_master = command & COMMAND_BUS_MASTER && awake;
	bridge->serr = command & COMMAND_SERR;
	bridge->forwards_errors = pcie_bridge_get(bridge, CFG_INTERRUPT) & BRIDGE_SERR;
	bridge->secondary = (uint8_t)field_get(BUS_SECONDARY, bus);
	bridge->subordinate = (uint8_t)field_get(BUS_SUBORDINATE, bus);
	windows_changed(bridge);
	express_changed(bridge);
	access_control_changed(bridge);
	shutters_changed(bridge);
	if (bridge->ops->changed)
		bridge->ops->changed(bridge);
	pcie_bridge_link_changed(bridge);
}

void pcie_bridge_link_active(struct pcie_bridge *bridge, bool up)
{
	uint64_t link = pcie_bridge_get(bridge, ROOT_AT_PCIE + PCIE_LNKCTL) & ~LNKSTA_ACTIVE;

	pcie_bridge_set(bridge, ROOT_AT_PCIE + PCIE_LNKCTL, link | (up ? LNKSTA_ACTIVE : 0));
}

void pcie_bridge_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	pcie_bridge_config_changed(owner);
}

#define LNKCTL_ROOT_RW (BITS(1, 0) | LNKCTL_DISABLE | BITS(7, 6))
#define DEVCTL_RW      (DEVCTL_ERROR_REPORTING | DEVCTL_MAX_PAYLOAD | DEVCTL_MAX_READ)

static const struct reg_row header[] = {
	{.name = "VENDOR_DEVICE_ID", .offset = CFG_ID, .size = 4, .ro = BITS(31, 0)},
	{.name = "COMMAND_STATUS",
	 .offset = CFG_COMMAND,
	 .size = 4,
	 .reset = STATUS_CAP_LIST,
	 .ro = STATUS_CAP_LIST | STATUS_INTERRUPT,
	 .rw = COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_PARITY | COMMAND_SERR |
	       COMMAND_INTX_DISABLE,
	 .w1c = STATUS_ERRORS,
	 .on_write = pcie_bridge_written},
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
	 .on_write = pcie_bridge_written},
	{.name = "IO_WINDOW_SECONDARY_STATUS",
	 .offset = CFG_SECONDARY_STATUS,
	 .size = 4,
	 .w1c = STATUS_ERRORS},
	{.name = "MEMORY_WINDOW",
	 .offset = CFG_MEMORY_WINDOW,
	 .size = 4,
	 .reset = WINDOW_BASE, /* base above limit: closed */
	 .rw = WINDOW_BASE | WINDOW_LIMIT,
	 .on_write = pcie_bridge_written},
	{.name = "PREFETCHABLE_WINDOW",
	 .offset = CFG_PREFETCH_WINDOW,
	 .size = 4,
	 .ro = WINDOW_64,
	 .rw = WINDOW_BASE | WINDOW_LIMIT,
	 .on_write = pcie_bridge_written},
	{.name = "PREFETCHABLE_BASE_UPPER",
	 .offset = CFG_PREFETCH_BASE_HIGH,
	 .size = 4,
	 .rw = BITS(31, 0),
	 .on_write = pcie_bridge_written},
	{.name = "PREFETCHABLE_LIMIT_UPPER",
	 .offset = CFG_PREFETCH_LIMIT_HIGH,
	 .size = 4,
	 .rw = BITS(31, 0),
	 .on_write = pcie_bridge_written},
	{.name = "CAPABILITIES_POINTER", .offset = CFG_CAP_POINTER, .size = 4, .ro = BITS(7, 0)},
	{.name = "INTERRUPT_BRIDGE_CONTROL",
	 .offset = CFG_INTERRUPT,
	 .size = 4,
	 .reset = INTERRUPT_PIN_A,
	 .ro = INTERRUPT_PIN,
	 .rw = BITS(7, 0) | BRIDGE_PARITY | BRIDGE_SERR | BRIDGE_BUS_RESET,
	 .on_write = pcie_bridge_written},
};

static const struct reg_row pcie_rows[] = {
	{.name = "PCIE_CAPABILITIES", .size = 4, .reset = 2u << 16, .ro = BITS(31, 0)},
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
	 .on_write = pcie_bridge_written},
	{.name = "LINK_CAPABILITIES", .offset = PCIE_LNKCAP, .size = 4, .ro = BITS(31, 0)},
	{.name = "LINK_CONTROL_STATUS",
	 .offset = PCIE_LNKCTL,
	 .size = 4,
	 .ro = LNKCTL_RCB_128 | LNKSTA_SPEED | LNKSTA_WIDTH | LNKSTA_ACTIVE,
	 .rw = LNKCTL_ROOT_RW,
	 .on_write = pcie_bridge_written},
	{.name = "DEVICE_CAPABILITIES_2",
	 .offset = PCIE_DEVCAP2,
	 .size = 4,
	 .reset = DEVCAP2_ARI_FORWARDING | DEVCAP2_LTR | DEVCAP2_PREFIX | DEVCAP2_PREFIXES_1,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS_2",
	 .offset = PCIE_DEVCTL2,
	 .size = 4,
	 .reset = DEVCTL2_ARI_FORWARDING,
	 .rw = DEVCTL2_TIMEOUT | DEVCTL2_ARI_FORWARDING | DEVCTL2_IDO_COMPLETION | DEVCTL2_LTR,
	 .on_write = pcie_bridge_written},
};

/* A switch's downstream port differs from a root port in its type alone (7.5.3.1). */
const struct pcie_capability_regs pcie_root_regs = {
	.row = pcie_rows,
	.rows = ARRAY_LEN(pcie_rows),
};

/* An upstream port has no say about the link above it, nor ARI to forward. */
static const struct reg_row upstream_rows[] = {
	{.name = "PCIE_CAPABILITIES", .size = 4, .reset = 2u << 16, .ro = BITS(31, 0)},
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
	 .on_write = pcie_bridge_written},
	{.name = "LINK_CAPABILITIES", .offset = PCIE_LNKCAP, .size = 4, .ro = BITS(31, 0)},
	{.name = "LINK_CONTROL_STATUS",
	 .offset = PCIE_LNKCTL,
	 .size = 4,
	 .ro = LNKSTA_SPEED | LNKSTA_WIDTH,
	 .rw = BITS(1, 0) | BITS(7, 6)},
	{.name = "DEVICE_CAPABILITIES_2",
	 .offset = PCIE_DEVCAP2,
	 .size = 4,
	 .reset = DEVCAP2_PREFIX | DEVCAP2_PREFIXES_1,
	 .ro = BITS(31, 0)},
	{.name = "DEVICE_CONTROL_STATUS_2", .offset = PCIE_DEVCTL2, .size = 4},
};

const struct pcie_capability_regs pcie_upstream_regs = {
	.row = upstream_rows,
	.rows = ARRAY_LEN(upstream_rows),
};

void pcie_bridge_preset(struct pcie_bridge *bridge, uint32_t offset, uint64_t value)
{
	pcie_layout_row(&bridge->layout, offset)->reset = value;
}

void pcie_bridge_build(struct pcie_bridge *bridge, enum pcie_kind kind)
{
	static const uint8_t types[PCIE_KINDS] = {
		[PCIE_ROOT_PORT] = PCIE_TYPE_ROOT_PORT,
		[PCIE_UPSTREAM_PORT] = PCIE_TYPE_UPSTREAM,
		[PCIE_DOWNSTREAM_PORT] = PCIE_TYPE_DOWNSTREAM,
	};

	pcie_layout_build(&bridge->layout, kind, header, ARRAY_LEN(header), NULL);
	pcie_layout_row(&bridge->layout, ROOT_AT_PCIE)->reset |=
		field_put(PCIE_PORT_TYPE, types[kind]);
}

int pcie_bridge_init(struct pcie_bridge *bridge)
{
	int err = regs_init(&bridge->config, &bridge->layout.table, bridge);

	if (err)
		return err;
	pcie_bridge_link_init(bridge);
	pcie_bridge_config_changed(bridge);
	return 0;
}

void pcie_bridge_fini(struct pcie_bridge *bridge)
{
	regs_fini(&bridge->config);
}

/* The link's state is no register's, so it is told again. */
void pcie_bridge_reset(struct pcie_bridge *bridge, bool cold)
{
	regs_reset_as(&bridge->config, cold ? REGS_RESET_COLD : REGS_RESET_WARM);
	if (bridge->ops->link)
		pcie_bridge_link_active(bridge, bridge->link_up);
	pcie_bridge_config_changed(bridge);
}

void pcie_bridge_secondary(struct pcie_bridge *bridge, uint64_t status_bits)
{
	pcie_bridge_set(bridge, CFG_SECONDARY_STATUS,
			pcie_bridge_get(bridge, CFG_SECONDARY_STATUS) | status_bits);
}

void pcie_bridge_note(struct pcie_bridge *bridge, enum tlp_status status)
{
	pcie_bridge_secondary(bridge, status == TLP_CA ? STATUS_RECEIVED_TA : STATUS_RECEIVED_MA);
}
