/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ATS between the SMMU and what is behind it, and PASIDs: functions by their requester ID,
 * test masters by their stream ID.
 */
#include <linux/pci_regs.h>

#include "system/machine.h"

static struct master *find_master(const struct host *host, uint32_t stream_id)
{
	for (uint32_t i = 0; i < host->masters; i++)
		if (master_stream(host->master[i]) == stream_id)
			return host->master[i];
	return NULL;
}

static void invalidate(void *ctx, const struct ats_invalidation *invalidation)
{
	struct host *host = ctx;
	struct master *master = find_master(host, invalidation->stream_id);
	struct ats_port port =
		master ? master_ats_port(master) : pcie_root_port_ats(host->root_port);

	port.invalidate(port.ctx, invalidation);
}

static void respond(void *ctx, const struct prg_response *response)
{
	struct host *host = ctx;
	struct master *master = find_master(host, response->stream_id);
	struct ats_port port =
		master ? master_ats_port(master) : pcie_root_port_ats(host->root_port);

	port.respond(port.ctx, response);
}

void host_connect_ats(struct host *host)
{
	struct ats_port port = {.ctx = host, .invalidate = invalidate, .respond = respond};

	smmu_connect_ats(host->smmu, &port);
}

/* The ATS capability of a stream's function, 0: none. Stream IDs are requester IDs. */
static uint16_t capability(struct host *host, struct actor *self, uint32_t stream_id)
{
	if (stream_id > UINT16_MAX || !pci_bus_find(&host->pci_bus, (uint16_t)stream_id))
		return 0;
	return pci_find_ext_capability(&host->pci_bus, self, (uint16_t)stream_id,
				       PCI_EXT_CAP_ID_ATS);
}

bool host_ats_supported(void *ctx, struct actor *self, uint32_t stream_id)
{
	struct master *master = find_master(ctx, stream_id);

	return master ? master_has_ats(master) : capability(ctx, self, stream_id) != 0;
}

/* The smallest translation unit is 4 KiB: 0, which the PF's register has already. */
void host_ats_enable(void *ctx, struct actor *self, uint32_t stream_id, bool on)
{
	struct host *host = ctx;
	struct master *master = find_master(host, stream_id);
	uint16_t at;

	if (master) {
		master_ats_enable(master, on);
		return;
	}
	at = capability(host, self, stream_id);
	if (at)
		pci_config_write(&host->pci_bus, self, (uint16_t)stream_id, at + PCI_ATS_CTRL, 2,
				 on ? PCI_ATS_CTRL_ENABLE : 0);
}

/* Test masters only: who handles page requests of a PCI function is not there (uapi/smmu-driver).
 */
void host_pri_enable(void *ctx, struct actor *self, uint32_t stream_id, uint32_t allocation)
{
	struct master *master = find_master(ctx, stream_id);

	if (master)
		master_pri_enable(master, allocation);
}

/*
 * pci_enable_pasid: with all that the capability has. It is the PF's, whose driver came first,
 * for the VFs too. A test master is no PCI function: it sends what the SMMU takes.
 */
void host_pasid_enable(void *ctx, struct actor *self, uint32_t stream_id,
		       struct smmu_pasids *pasids)
{
	struct host *host = ctx;
	const struct pci_function *function = pci_bus_find(&host->pci_bus, (uint16_t)stream_id);
	uint16_t at = 0, pf = (uint16_t)stream_id;
	uint32_t has, control;

	if (find_master(host, stream_id))
		return;
	if (function && function->is_vf)
		pf = function->pf_rid;
	if (function && stream_id <= UINT16_MAX)
		at = pci_find_ext_capability(&host->pci_bus, self, pf, PCI_EXT_CAP_ID_PASID);
	*pasids = (struct smmu_pasids){.bits = at ? pasids->bits : 0};
	if (!at)
		return;
	has = pci_config_read(&host->pci_bus, self, pf, at + PCI_PASID_CAP, 2);
	control = PCI_PASID_CTRL_ENABLE | (has & (PCI_PASID_CAP_EXEC | PCI_PASID_CAP_PRIV));
	if (function->is_vf)
		control = pci_config_read(&host->pci_bus, self, pf, at + PCI_PASID_CTRL, 2);
	else
		pci_config_write(&host->pci_bus, self, pf, at + PCI_PASID_CTRL, 2, control);
	pasids->bits = control & PCI_PASID_CTRL_ENABLE
			       ? MIN(pasids->bits, (has & PCI_PASID_CAP_WIDTH) >> 8)
			       : 0;
	pasids->execute = control & PCI_PASID_CTRL_EXEC;
	pasids->privileged = control & PCI_PASID_CTRL_PRIV;
}
