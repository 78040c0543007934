/* SPDX-License-Identifier: Apache-2.0 */
/* Root Error Status and the root port's interrupt. */
#include "model/pcie/root_port_internal.h"

static uint64_t get(const struct pcie_root_port *port, uint32_t offset)
{
	return pcie_bridge_get(&port->bridge, offset);
}

static void set(struct pcie_root_port *port, uint32_t offset, uint64_t value)
{
	pcie_bridge_set(&port->bridge, offset, value);
}

/* ---- error messages, section 6.2.4.1.2 ---- */

static const struct {
	uint64_t received, again, detail, enable, source;
} classes[] = {
	[PCIE_ERR_NONE] = {0},
	[PCIE_ERR_COR] = {ROOT_STATUS_CORRECTABLE, ROOT_STATUS_CORRECTABLES, 0,
			  ROOT_COMMAND_CORRECTABLE, ROOT_SOURCE_CORRECTABLE},
	[PCIE_ERR_NONFATAL] = {ROOT_STATUS_UNCORRECTABLE, ROOT_STATUS_UNCORRECTABLES,
			       ROOT_STATUS_NON_FATAL, ROOT_COMMAND_NON_FATAL,
			       ROOT_SOURCE_UNCORRECTABLE},
	[PCIE_ERR_FATAL] = {ROOT_STATUS_UNCORRECTABLE, ROOT_STATUS_UNCORRECTABLES,
			    ROOT_STATUS_FATAL, ROOT_COMMAND_FATAL, ROOT_SOURCE_UNCORRECTABLE},
};

bool pcie_root_port_error(struct pcie_root_port *port, uint16_t rid,
			  enum pcie_error_message message)
{
	uint64_t status = get(port, ROOT_AT_AER + AER_ROOT_STATUS);
	uint64_t source = get(port, ROOT_AT_AER + AER_ROOT_SOURCE);

	if (message == PCIE_ERR_NONE)
		return false;
	if (status & classes[message].received) {
		status |= classes[message].again;
	} else {
		source = (source & ~classes[message].source) |
			 field_put(classes[message].source, rid);
		status |= classes[message].received |
			  (message == PCIE_ERR_FATAL ? ROOT_STATUS_FIRST_WAS_FATAL : 0);
	}
	set(port, ROOT_AT_AER + AER_ROOT_STATUS, status | classes[message].detail);
	set(port, ROOT_AT_AER + AER_ROOT_SOURCE, source);
	pcie_root_port_interrupt(port);
	return get(port, ROOT_AT_AER + AER_ROOT_COMMAND) & classes[message].enable;
}

/* ---- interrupt ---- */

/* Root Error Command's enables lie as the status bits that they are about: COR, NONFATAL, FATAL. */
static bool wants_interrupt(const struct pcie_root_port *port)
{
	uint64_t status = get(port, ROOT_AT_AER + AER_ROOT_STATUS);
	uint64_t command = get(port, ROOT_AT_AER + AER_ROOT_COMMAND);

	return (status & ROOT_STATUS_CORRECTABLE && command & ROOT_COMMAND_CORRECTABLE) ||
	       (status & ROOT_STATUS_NON_FATAL && command & ROOT_COMMAND_NON_FATAL) ||
	       (status & ROOT_STATUS_FATAL && command & ROOT_COMMAND_FATAL) ||
	       (get(port, ROOT_AT_DPC + DPC_STATUS) & DPC_INTERRUPT &&
		get(port, ROOT_AT_DPC + DPC_CONTROL) & DPC_INTERRUPT_ENABLE);
}

void pcie_root_port_interrupt(struct pcie_root_port *port)
{
	uint64_t command = get(port, CFG_COMMAND);
	bool wanted = wants_interrupt(port);
	bool asserted = wanted && !(command & COMMAND_INTX_DISABLE);

	/* Interrupt Status is not gated by Interrupt Disable (7.5.1.1.4). */
	set(port, CFG_COMMAND,
	    wanted ? command | STATUS_INTERRUPT : command & ~(uint64_t)STATUS_INTERRUPT);
	if (asserted == port->asserted)
		return;
	port->asserted = asserted;
	if (port->env.interrupt)
		port->env.interrupt(port->env.interrupt_ctx, asserted);
}

/* ---- messages ---- */

bool pcie_root_port_dpc(struct pcie_root_port *port, uint16_t rid, enum pcie_error_message message)
{
	return pcie_bridge_dpc(&port->bridge, rid, message);
}

bool pcie_root_port_error_takes(struct pcie_root_port *port, struct tlp *tlp)
{
	if (tlp->type != TLP_ERROR)
		return false;
	tlp->status = TLP_SC;
	pcie_root_port_end(port, tlp);
	if (pcie_bridge_forwards_error(&port->bridge, tlp))
		pcie_root_port_error(port, tlp->requester_id, (enum pcie_error_message)tlp->error);
	return true;
}
