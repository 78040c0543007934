/* SPDX-License-Identifier: Apache-2.0 */
/* What a root port has beside its bridge: errors, containment, power. */
#include "model/pcie/aer.h"
#include "model/pcie/capability_internal.h"
#include "model/pcie/root_port_internal.h"

static uint64_t get(const struct pcie_root_port *port, uint32_t offset)
{
	return regs_get(&port->config, port->config.lookup[offset / 4] - 1u, 0);
}

static void set(struct pcie_root_port *port, uint32_t offset, uint64_t value)
{
	regs_set(&port->config, port->config.lookup[offset / 4] - 1u, 0, value);
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

/* ---- containment, section 6.2.11 ---- */

static void trigger(struct pcie_root_port *port, uint64_t reason, uint64_t extension, uint16_t rid)
{
	uint64_t control = get(port, ROOT_AT_DPC + DPC_CONTROL);

	set(port, ROOT_AT_DPC + DPC_STATUS,
	    DPC_TRIGGERED | field_put(DPC_REASON, reason) |
		    field_put(DPC_REASON_EXTENSION, extension) | field_put(DPC_SOURCE, rid) |
		    (control & DPC_INTERRUPT_ENABLE ? DPC_INTERRUPT : 0));
	pcie_root_port_config_changed(port);
}

static bool can_trigger(const struct pcie_root_port *port)
{
	return field_get(DPC_TRIGGER_ENABLE, get(port, ROOT_AT_DPC + DPC_CONTROL)) &&
	       !(get(port, ROOT_AT_DPC + DPC_STATUS) & DPC_TRIGGERED);
}

/* Does an error of this class, detected or told of, trigger containment? */
static bool triggers(const struct pcie_root_port *port, enum pcie_error_message message)
{
	uint64_t on = field_get(DPC_TRIGGER_ENABLE, get(port, ROOT_AT_DPC + DPC_CONTROL));

	return can_trigger(port) && message >= PCIE_ERR_NONFATAL &&
	       (message == PCIE_ERR_FATAL || on == DPC_ON_NON_FATAL);
}

bool pcie_root_port_dpc(struct pcie_root_port *port, uint16_t rid, enum pcie_error_message message)
{
	if (!triggers(port, message))
		return false;
	trigger(port, message == PCIE_ERR_FATAL ? 2 : 1, 0, rid);
	return true;
}

/*
 * A message that triggers containment goes no further (6.2.11). Another passes
 * the bridge when SERR# Enable says so (7.5.1.3.13), and Secondary Status has it anyway.
 */
bool pcie_root_port_error_takes(struct pcie_root_port *port, struct tlp *tlp)
{
	enum pcie_error_message message = (enum pcie_error_message)tlp->error;

	if (tlp->type != TLP_ERROR)
		return false;
	tlp->status = TLP_SC;
	pcie_root_port_end(port, tlp);
	if (port->shut)
		return true;
	if (message != PCIE_ERR_COR)
		pcie_root_port_secondary(port, STATUS_SIGNALED_ERROR);
	if (!pcie_root_port_dpc(port, tlp->requester_id, message) && port->forwards_errors)
		pcie_root_port_error(port, tlp->requester_id, message);
	return true;
}

/* Of its own errors SERR# Enable of the bridge says nothing; its ID is 00:00.0. */
void pcie_root_port_detected(struct pcie_root_port *port, const struct pcie_error *error)
{
	enum pcie_error_message message = pcie_root_port_aer_log(port, error);

	if (triggers(port, message))
		trigger(port, 0, 0, 0);
	else if (message != PCIE_ERR_NONE)
		pcie_root_port_error(port, PCIE_RID(0, 0, 0), message);
}

/* The software trigger reads as 0 (7.9.14.3). */
static void dpc_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_root_port *port = owner;

	set(port, ROOT_AT_DPC + DPC_CONTROL, now & ~DPC_SOFTWARE_TRIGGER);
	if (now & DPC_SOFTWARE_TRIGGER && can_trigger(port))
		trigger(port, 3, 1, 0);
	pcie_root_port_config_changed(port);
}

static const struct reg_row dpc_rows[] = {
	{.name = "DPC_HEADER", .size = 4, .ro = BITS(31, 0)},
	{.name = "DPC_CAPABILITY_CONTROL",
	 .offset = DPC_CONTROL,
	 .size = 4,
	 .reset = DPC_CAN_TRIGGER,
	 .ro = BITS(15, 0),
	 .rw = DPC_TRIGGER_ENABLE | DPC_COMPLETION_CA | DPC_INTERRUPT_ENABLE | DPC_ERR_COR_ENABLE |
	       DPC_SOFTWARE_TRIGGER,
	 .on_write = dpc_written},
	{.name = "DPC_STATUS_SOURCE",
	 .offset = DPC_STATUS,
	 .size = 4,
	 .ro = DPC_REASON | DPC_REASON_EXTENSION | DPC_SOURCE,
	 .w1c = DPC_TRIGGERED | DPC_INTERRUPT,
	 .on_write = pcie_root_port_written,
	 .sticky = DPC_TRIGGERED | DPC_INTERRUPT | DPC_REASON | DPC_REASON_EXTENSION | DPC_SOURCE},
};

const struct pcie_capability_regs pcie_dpc_regs = {
	.row = dpc_rows,
	.rows = ARRAY_LEN(dpc_rows),
};

/* ---- power management 7.5.2 ---- */

static void power_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	uint64_t state = now & PM_STATE;

	if (state != PM_D0 && state != PM_D3HOT)
		set(owner, ROOT_AT_PM + PM_CONTROL, before);
	pcie_root_port_config_changed(owner);
}

static const struct reg_row pm_rows[] = {
	{.name = "PM_CAPABILITIES", .size = 4, .reset = PM_VERSION_3, .ro = BITS(31, 0)},
	{.name = "PM_CONTROL_STATUS",
	 .offset = PM_CONTROL,
	 .size = 4,
	 .reset = PM_NO_SOFT_RESET,
	 .ro = PM_NO_SOFT_RESET,
	 .rw = PM_STATE,
	 .on_write = power_written},
};

const struct pcie_capability_regs pcie_root_pm_regs = {
	.row = pm_rows,
	.rows = ARRAY_LEN(pm_rows),
};
