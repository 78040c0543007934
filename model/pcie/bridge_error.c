/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, containment and power of a bridge: root port, or a switch's port. */
#include "model/pcie/bridge_internal.h"

/* ---- containment, section 6.2.11 ---- */

static void trigger(struct pcie_bridge *bridge, uint64_t reason, uint64_t extension, uint16_t rid)
{
	uint64_t control = pcie_bridge_get(bridge, ROOT_AT_DPC + DPC_CONTROL);

	pcie_bridge_set(bridge, ROOT_AT_DPC + DPC_STATUS,
			DPC_TRIGGERED | field_put(DPC_REASON, reason) |
				field_put(DPC_REASON_EXTENSION, extension) |
				field_put(DPC_SOURCE, rid) |
				(control & DPC_INTERRUPT_ENABLE ? DPC_INTERRUPT : 0));
	pcie_bridge_config_changed(bridge);
}

static bool can_trigger(const struct pcie_bridge *bridge)
{
	return field_get(DPC_TRIGGER_ENABLE, pcie_bridge_get(bridge, ROOT_AT_DPC + DPC_CONTROL)) &&
	       !(pcie_bridge_get(bridge, ROOT_AT_DPC + DPC_STATUS) & DPC_TRIGGERED);
}

/* Does an error of this class, detected or told of, trigger containment? */
static bool triggers(const struct pcie_bridge *bridge, enum pcie_error_message message)
{
	uint64_t on =
		field_get(DPC_TRIGGER_ENABLE, pcie_bridge_get(bridge, ROOT_AT_DPC + DPC_CONTROL));

	return can_trigger(bridge) && message >= PCIE_ERR_NONFATAL &&
	       (message == PCIE_ERR_FATAL || on == DPC_ON_NON_FATAL);
}

bool pcie_bridge_dpc(struct pcie_bridge *bridge, uint16_t rid, enum pcie_error_message message)
{
	if (!triggers(bridge, message))
		return false;
	trigger(bridge, message == PCIE_ERR_FATAL ? 2 : 1, 0, rid);
	return true;
}

/*
 * A message that triggers containment goes no further (6.2.11). Another passes
 * the bridge when SERR# Enable says so (7.5.1.3.13), and Secondary Status has it anyway.
 */
bool pcie_bridge_forwards_error(struct pcie_bridge *bridge, const struct tlp *tlp)
{
	enum pcie_error_message message = (enum pcie_error_message)tlp->error;

	if (bridge->shut)
		return false;
	if (message != PCIE_ERR_COR)
		pcie_bridge_secondary(bridge, STATUS_SIGNALED_ERROR);
	return !pcie_bridge_dpc(bridge, tlp->requester_id, message) && bridge->forwards_errors;
}

/* Of its own errors SERR# Enable of the bridge says nothing. */
void pcie_bridge_detected(struct pcie_bridge *bridge, const struct pcie_error *error)
{
	enum pcie_error_message message = pcie_bridge_aer_log(bridge, error);

	if (triggers(bridge, message))
		trigger(bridge, 0, 0, bridge->rid);
	else if (message != PCIE_ERR_NONE && bridge->ops->report)
		bridge->ops->report(bridge, message);
}

/* The software trigger reads as 0 (7.9.14.3). */
static void dpc_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_bridge *bridge = owner;

	pcie_bridge_set(bridge, ROOT_AT_DPC + DPC_CONTROL, now & ~DPC_SOFTWARE_TRIGGER);
	if (now & DPC_SOFTWARE_TRIGGER && can_trigger(bridge))
		trigger(bridge, 3, 1, 0);
	pcie_bridge_config_changed(bridge);
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
	 .on_write = pcie_bridge_written,
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
		pcie_bridge_set(owner, ROOT_AT_PM + PM_CONTROL, before);
	pcie_bridge_config_changed(owner);
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
