/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of a switch, as Linux brings them up: bus numbers depth first, a window around
 * what is behind, Access Control that sends all requests to the IOMMU (pci_enable_acs),
 * ARI Forwarding where the device below has it (pci_configure_ari).
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "base/bits.h"
#include "host/pci-bus/pci_bus_internal.h"

#define WINDOW_STEP   (UINT64_C(1) << 20)
#define INNER_DEVICES 32u /* of a switch's inner bus; a link has one */
#define ACS_ISOLATED  (PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)
#define LAST_BUS      0xffu

/* Primary, secondary and subordinate bus (7.5.1.3). */
static void set_buses(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t secondary,
		      uint32_t subordinate)
{
	pci_config_write(bus, self, rid, PCI_PRIMARY_BUS, 4,
			 (uint32_t)rid >> 8 | secondary << 8 | subordinate << 16);
}

/* The prefetchable window, in steps of 1 MiB (7.5.1.3.9). */
static void open_window(struct pci_bus *bus, struct actor *self, uint16_t rid, uint64_t base,
			uint64_t end)
{
	uint64_t last = end - 1;

	if (base == end)
		return;
	pci_config_write(bus, self, rid, PCI_PREF_BASE_UPPER32, 4, (uint32_t)(base >> 32));
	pci_config_write(bus, self, rid, PCI_PREF_LIMIT_UPPER32, 4, (uint32_t)(last >> 32));
	pci_config_write(bus, self, rid, PCI_PREF_MEMORY_BASE, 4,
			 (uint32_t)(base >> 16 & 0xfff0) | (uint32_t)(last & 0xfff00000));
}

static void isolate(struct pci_bus *bus, struct actor *self, uint16_t rid)
{
	uint32_t at = pci_find_ext_capability(bus, self, rid, PCI_EXT_CAP_ID_ACS);
	uint32_t can;

	if (!at || !bus->cfg.isolate)
		return;
	can = pci_config_read(bus, self, rid, at + PCI_ACS_CAP, 2);
	pci_config_write(bus, self, rid, at + PCI_ACS_CTRL, 2, can & ACS_ISOLATED);
}

static void forward_ari(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t secondary)
{
	uint16_t below = (uint16_t)(secondary << 8);
	uint32_t at = pci_find_capability(bus, self, rid, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL2;

	if (pci_config_read(bus, self, below, PCI_VENDOR_ID, 4) == UINT32_MAX ||
	    !pci_find_ext_capability(bus, self, below, PCI_EXT_CAP_ID_ARI))
		return;
	pci_config_write(bus, self, rid, at, 2,
			 pci_config_read(bus, self, rid, at, 2) | PCI_EXP_DEVCTL2_ARI);
}

/* Is it the port towards the root, with the other ports behind it? */
static bool is_upstream(struct pci_bus *bus, struct actor *self, uint16_t rid)
{
	uint32_t at = pci_find_capability(bus, self, rid, PCI_CAP_ID_EXP);
	uint32_t flags = pci_config_read(bus, self, rid, at + PCI_EXP_FLAGS, 2);

	return (flags & PCI_EXP_FLAGS_TYPE) >> 4 == PCI_EXP_TYPE_UPSTREAM;
}

int pci_bridge_scan(struct pci_bus *bus, struct actor *self, uint16_t rid)
{
	uint32_t devices = is_upstream(bus, self, rid) ? INNER_DEVICES : 1;
	uint64_t base = pci_window_align(bus, WINDOW_STEP), end;
	uint32_t secondary = ++bus->last_bus;
	int ret = base ? 0 : -ENOSPC;

	/* All that is beyond, until it is known how far that is. */
	set_buses(bus, self, rid, secondary, LAST_BUS);
	if (devices == 1) {
		isolate(bus, self, rid);
		forward_ari(bus, self, rid, secondary);
	}
	for (uint32_t device = 0; !ret && device < devices; device++)
		ret = pci_device_scan(bus, self, (uint16_t)(secondary << 8 | device << 3));
	if (ret)
		return ret;
	set_buses(bus, self, rid, secondary, bus->last_bus);
	end = pci_window_align(bus, WINDOW_STEP);
	if (!end)
		return -ENOSPC;
	open_window(bus, self, rid, base, end);
	pci_config_write(bus, self, rid, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	/* A memory write may pass a configuration write that is not done yet. */
	pci_config_read(bus, self, rid, PCI_COMMAND, 2);
	return 0;
}
