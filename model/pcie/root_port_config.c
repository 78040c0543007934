/* SPDX-License-Identifier: Apache-2.0 */
/* The root port's type 1 configuration space (7.5.1.3) and what it decides. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/pcie/config_regs_internal.h"
#include "model/pcie/root_port_internal.h"

#define CAP_PCIE         0x40u
#define CLASS_PCI_BRIDGE UINT32_C(0x06040000)

enum row_id {
	ROW_ID,
	ROW_COMMAND,
	ROW_CLASS,
	ROW_HEADER,
	ROW_BUS_NUMBERS,
	ROW_SECONDARY_STATUS,
	ROW_MEMORY_WINDOW,
	ROW_PREFETCH_WINDOW,
	ROW_PREFETCH_BASE_HIGH,
	ROW_PREFETCH_LIMIT_HIGH,
	ROW_CAP_POINTER,
	ROW_INTERRUPT,
	ROW_PCIE,
	ROW_DEVCAP,
	ROW_DEVCTL,
	ROW_DEVCAP2,
	ROW_DEVCTL2,
	ROWS,
};

static uint64_t value_of(const struct pcie_root_port *port, enum row_id row)
{
	return regs_get(&port->config, row, 0);
}

/* Take from the registers what traffic is judged by. */
static void config_changed(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_root_port *port = owner;
	uint64_t command = value_of(port, ROW_COMMAND), bus = value_of(port, ROW_BUS_NUMBERS);
	uint64_t memory = value_of(port, ROW_MEMORY_WINDOW);
	uint64_t prefetch = value_of(port, ROW_PREFETCH_WINDOW);
	uint64_t megabyte = BIT(WINDOW_SHIFT) - 1;

	port->memory_enable = command & COMMAND_MEMORY;
	port->bus_master = command & COMMAND_BUS_MASTER;
	port->secondary = (uint8_t)field_get(BUS_SECONDARY, bus);
	port->subordinate = (uint8_t)field_get(BUS_SUBORDINATE, bus);
	port->ari_forwarding = value_of(port, ROW_DEVCTL2) & DEVCTL2_ARI_FORWARDING;
	port->window[0].base = field_get(WINDOW_BASE, memory) << WINDOW_SHIFT;
	port->window[0].last = field_get(WINDOW_LIMIT, memory) << WINDOW_SHIFT | megabyte;
	port->window[1].base = value_of(port, ROW_PREFETCH_BASE_HIGH) << 32 |
			       field_get(WINDOW_BASE, prefetch) << WINDOW_SHIFT;
	port->window[1].last = value_of(port, ROW_PREFETCH_LIMIT_HIGH) << 32 |
			       field_get(WINDOW_LIMIT, prefetch) << WINDOW_SHIFT | megabyte;
}

#define DEVCTL_RW (DEVCTL_ERROR_REPORTING | DEVCTL_MAX_PAYLOAD | DEVCTL_MAX_READ)

static const struct reg_row rows[ROWS] = {
	[ROW_ID] = {.name = "VENDOR_DEVICE_ID", .offset = CFG_ID, .size = 4, .ro = BITS(31, 0)},
	[ROW_COMMAND] = {.name = "COMMAND_STATUS",
			 .offset = CFG_COMMAND,
			 .size = 4,
			 .reset = COMMAND_MEMORY | COMMAND_BUS_MASTER | STATUS_CAP_LIST,
			 .ro = STATUS_CAP_LIST,
			 .rw = COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_PARITY | COMMAND_SERR |
			       COMMAND_INTX_DISABLE,
			 .w1c = STATUS_ERRORS,
			 .on_write = config_changed},
	[ROW_CLASS] = {.name = "REVISION_CLASS",
		       .offset = CFG_CLASS,
		       .size = 4,
		       .reset = CLASS_PCI_BRIDGE,
		       .ro = BITS(31, 0)},
	[ROW_HEADER] = {.name = "CACHE_LINE_HEADER_TYPE",
			.offset = CFG_HEADER,
			.size = 4,
			.reset = 1u << 16,
			.ro = HEADER_TYPE,
			.rw = HEADER_CACHE_LINE},
	[ROW_BUS_NUMBERS] = {.name = "BUS_NUMBERS",
			     .offset = CFG_BUS_NUMBERS,
			     .size = 4,
			     .rw = BUS_PRIMARY | BUS_SECONDARY | BUS_SUBORDINATE,
			     .on_write = config_changed},
	[ROW_SECONDARY_STATUS] = {.name = "IO_WINDOW_SECONDARY_STATUS",
				  .offset = CFG_SECONDARY_STATUS,
				  .size = 4,
				  .w1c = STATUS_ERRORS},
	[ROW_MEMORY_WINDOW] = {.name = "MEMORY_WINDOW",
			       .offset = CFG_MEMORY_WINDOW,
			       .size = 4,
			       .reset = WINDOW_BASE, /* base above limit: closed */
			       .rw = WINDOW_BASE | WINDOW_LIMIT,
			       .on_write = config_changed},
	[ROW_PREFETCH_WINDOW] = {.name = "PREFETCHABLE_WINDOW",
				 .offset = CFG_PREFETCH_WINDOW,
				 .size = 4,
				 .ro = WINDOW_64,
				 .rw = WINDOW_BASE | WINDOW_LIMIT,
				 .on_write = config_changed},
	[ROW_PREFETCH_BASE_HIGH] = {.name = "PREFETCHABLE_BASE_UPPER",
				    .offset = CFG_PREFETCH_BASE_HIGH,
				    .size = 4,
				    .rw = BITS(31, 0),
				    .on_write = config_changed},
	[ROW_PREFETCH_LIMIT_HIGH] = {.name = "PREFETCHABLE_LIMIT_UPPER",
				     .offset = CFG_PREFETCH_LIMIT_HIGH,
				     .size = 4,
				     .rw = BITS(31, 0),
				     .on_write = config_changed},
	[ROW_CAP_POINTER] = {.name = "CAPABILITIES_POINTER",
			     .offset = CFG_CAP_POINTER,
			     .size = 4,
			     .reset = CAP_PCIE,
			     .ro = BITS(7, 0)},
	[ROW_INTERRUPT] = {.name = "INTERRUPT_BRIDGE_CONTROL",
			   .offset = CFG_INTERRUPT,
			   .size = 4,
			   .rw = BITS(7, 0) | BITS(17, 16)},
	[ROW_PCIE] = {.name = "PCIE_CAPABILITIES",
		      .offset = CAP_PCIE,
		      .size = 4,
		      .reset = CAP_ID_PCIE | 2u << 16 | PCIE_TYPE_ROOT_PORT << 20,
		      .ro = BITS(31, 0)},
	[ROW_DEVCAP] = {.name = "DEVICE_CAPABILITIES",
			.offset = CAP_PCIE + PCIE_DEVCAP,
			.size = 4,
			.reset = DEVCAP_ROLE_BASED_ERRORS | 2,
			.ro = BITS(31, 0)},
	[ROW_DEVCTL] = {.name = "DEVICE_CONTROL_STATUS",
			.offset = CAP_PCIE + PCIE_DEVCTL,
			.size = 4,
			.reset = 1u << 5,
			.rw = DEVCTL_RW,
			.w1c = DEVSTA_ERRORS},
	[ROW_DEVCAP2] = {.name = "DEVICE_CAPABILITIES_2",
			 .offset = CAP_PCIE + PCIE_DEVCAP2,
			 .size = 4,
			 .reset = DEVCAP2_ARI_FORWARDING,
			 .ro = BITS(31, 0)},
	[ROW_DEVCTL2] = {.name = "DEVICE_CONTROL_STATUS_2",
			 .offset = CAP_PCIE + PCIE_DEVCTL2,
			 .size = 4,
			 .reset = DEVCTL2_ARI_FORWARDING,
			 .rw = DEVCTL2_TIMEOUT | DEVCTL2_ARI_FORWARDING,
			 .on_write = config_changed},
};

/* What firmware would have written before the system booted. */
static void set_firmware_values(struct pcie_root_port *port)
{
	const struct pcie_root_port_cfg *cfg = &port->cfg;
	uint64_t last = cfg->window_base + cfg->window_bytes - 1;

	port->rows[ROW_ID].reset = cfg->vendor_id | (uint32_t)cfg->device_id << 16;
	port->rows[ROW_BUS_NUMBERS].reset = field_put(BUS_SECONDARY, cfg->secondary_bus) |
					    field_put(BUS_SUBORDINATE, cfg->subordinate_bus);
	port->rows[ROW_PREFETCH_WINDOW].reset =
		WINDOW_64 | field_put(WINDOW_BASE, cfg->window_base >> WINDOW_SHIFT) |
		field_put(WINDOW_LIMIT, last >> WINDOW_SHIFT);
	port->rows[ROW_PREFETCH_BASE_HIGH].reset = cfg->window_base >> 32;
	port->rows[ROW_PREFETCH_LIMIT_HIGH].reset = last >> 32;
}

int pcie_root_port_config_init(struct pcie_root_port *port)
{
	int err;

	port->rows = malloc(sizeof(rows));
	if (!port->rows)
		return -ENOMEM;
	memcpy(port->rows, rows, sizeof(rows));
	set_firmware_values(port);
	port->table = (struct reg_table){"root port configuration", port->rows, ROWS, 4096};
	err = regs_init(&port->config, &port->table, port);
	if (err)
		return err;
	config_changed(port, 0, 0, 0);
	return 0;
}

void pcie_root_port_config_fini(struct pcie_root_port *port)
{
	regs_fini(&port->config);
	free(port->rows);
}

void pcie_root_port_config_note(struct pcie_root_port *port, enum tlp_status status)
{
	uint64_t bit = status == TLP_CA ? STATUS_RECEIVED_TA : STATUS_RECEIVED_MA;

	regs_set(&port->config, ROW_SECONDARY_STATUS, 0,
		 value_of(port, ROW_SECONDARY_STATUS) | bit);
}
