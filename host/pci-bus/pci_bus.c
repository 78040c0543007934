/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pci-bus/pci_bus_internal.h"

#include "base/bits.h"

#include <errno.h>
#include <linux/pci_regs.h>

/* PCI Express Base Specification 7.2.2: bus, device and function select 4 KiB each. */
static uint64_t config_pa(const struct pci_bus *bus, uint16_t rid, uint32_t offset)
{
	return bus->cfg.ecam_pa + (uint64_t)rid * 4096 + offset;
}

uint32_t pci_config_read(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t offset,
			 uint32_t len_bytes)
{
	return (uint32_t)bus->env.cpu.ops->mmio_read(bus->env.cpu.ctx, self,
						     config_pa(bus, rid, offset), len_bytes);
}

void pci_config_write(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t offset,
		      uint32_t len_bytes, uint32_t value)
{
	bus->env.cpu.ops->mmio_write(bus->env.cpu.ctx, self, config_pa(bus, rid, offset), len_bytes,
				     value);
}

uint16_t pci_find_capability(struct pci_bus *bus, struct actor *self, uint16_t rid, uint8_t id)
{
	uint32_t at = pci_config_read(bus, self, rid, PCI_CAPABILITY_LIST, 1);

	for (uint32_t hops = 0; at >= 0x40 && hops < 48; hops++) {
		uint32_t head = pci_config_read(bus, self, rid, at, 2);

		if ((head & 0xff) == id)
			return (uint16_t)at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

uint16_t pci_find_ext_capability(struct pci_bus *bus, struct actor *self, uint16_t rid, uint16_t id)
{
	uint32_t at = PCI_CFG_SPACE_SIZE;

	for (uint32_t hops = 0; at >= PCI_CFG_SPACE_SIZE && hops < 480; hops++) {
		uint32_t head = pci_config_read(bus, self, rid, at, 4);

		if (!head || head == UINT32_MAX)
			return 0;
		if (PCI_EXT_CAP_ID(head) == id)
			return (uint16_t)at;
		at = PCI_EXT_CAP_NEXT(head);
	}
	return 0;
}

/* A naturally aligned piece of the memory window. 0: it is full. */
static uint64_t take_window(struct pci_bus *bus, uint64_t size_bytes, uint64_t align_bytes)
{
	uint64_t pa = align_up(bus->next_pa, align_bytes);
	uint64_t end = bus->cfg.window_pa + bus->cfg.window_bytes;

	if (pa > end || size_bytes > end - pa)
		return 0;
	bus->next_pa = pa + size_bytes;
	return pa;
}

uint64_t pci_window_align(struct pci_bus *bus, uint64_t align_bytes)
{
	return take_window(bus, 0, align_bytes);
}

/*
 * Size of the BAR register at `at` by writing ones (7.5.1.2.1); 0 when it is
 * not implemented. `*is64`: it takes the next register too.
 */
static uint64_t size_bar(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t at,
			 bool *is64)
{
	uint64_t mask;

	pci_config_write(bus, self, rid, at, 4, UINT32_MAX);
	mask = pci_config_read(bus, self, rid, at, 4);
	*is64 = false;
	if (!mask || mask & PCI_BASE_ADDRESS_SPACE_IO)
		return 0;
	*is64 = (mask & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	mask &= (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
	if (*is64) {
		pci_config_write(bus, self, rid, at + 4, 4, UINT32_MAX);
		mask |= (uint64_t)pci_config_read(bus, self, rid, at + 4, 4) << 32;
	} else {
		mask |= UINT64_MAX << 32;
	}
	return ~mask + 1;
}

/* Size and place the six BARs at `first`, each for `copies` functions in a row. */
static int assign_bars(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t first,
		       uint32_t copies, struct pci_bar bar[PCI_FUNCTION_BARS])
{
	bool is64;

	memset(bar, 0, PCI_FUNCTION_BARS * sizeof(*bar));
	for (uint32_t i = 0; i < PCI_FUNCTION_BARS; i += is64 ? 2 : 1) {
		uint32_t at = first + 4 * i;

		bar[i].size_bytes = size_bar(bus, self, rid, at, &is64);
		if (!bar[i].size_bytes)
			continue;
		bar[i].pa = take_window(bus, bar[i].size_bytes * copies, bar[i].size_bytes);
		if (!bar[i].pa || (!is64 && bar[i].pa + bar[i].size_bytes > UINT32_MAX))
			return -ENOSPC;
		pci_config_write(bus, self, rid, at, 4, (uint32_t)bar[i].pa);
		if (is64)
			pci_config_write(bus, self, rid, at + 4, 4, (uint32_t)(bar[i].pa >> 32));
	}
	return 0;
}

static void enable_function(struct pci_bus *bus, struct actor *self, uint16_t rid)
{
	uint32_t command = pci_config_read(bus, self, rid, PCI_COMMAND, 2);

	pci_config_write(bus, self, rid, PCI_COMMAND, 2,
			 command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	/* A memory write may pass a configuration write that is not done yet. */
	pci_config_read(bus, self, rid, PCI_COMMAND, 2);
}

/* All VFs that the PF has, whether they come or not. */
static int assign_vf_bars(struct pci_bus *bus, struct actor *self, struct pci_function *pf)
{
	uint32_t at = pf->sriov_offset;

	pci_config_write(bus, self, pf->rid, at + PCI_SRIOV_SYS_PGSIZE, 4, 1);
	return assign_bars(bus, self, pf->rid, at + PCI_SRIOV_BAR, pf->total_vfs, pf->vf_bar);
}

/* The bus that the last VF may be on. */
static uint8_t last_vf_bus(struct pci_bus *bus, struct actor *self, const struct pci_function *pf)
{
	uint32_t at = pf->sriov_offset;
	uint32_t offset = pci_config_read(bus, self, pf->rid, at + PCI_SRIOV_VF_OFFSET, 2);
	uint32_t stride = pci_config_read(bus, self, pf->rid, at + PCI_SRIOV_VF_STRIDE, 2);

	return (uint8_t)((pf->rid + offset + (pf->total_vfs - 1u) * stride) >> 8);
}

/* Behind a bridge buses and windows have to hold all VFs before what comes next is placed. */
static int reserve_vfs(struct pci_bus *bus, struct actor *self, struct pci_function *pf)
{
	if (!pf->total_vfs || pf->rid >> 8 == bus->cfg.bus)
		return 0;
	bus->last_bus = MAX(bus->last_bus, last_vf_bus(bus, self, pf));
	return assign_vf_bars(bus, self, pf);
}

static int add_function(struct pci_bus *bus, struct actor *self, uint16_t rid, uint32_t id)
{
	struct pci_function *function = &bus->function[bus->count];
	int ret;

	if (bus->count == PCI_BUS_MAX_FUNCTIONS)
		return -ENOSPC;
	memset(function, 0, sizeof(*function));
	function->rid = rid;
	function->vendor = (uint16_t)id;
	function->device = (uint16_t)(id >> 16);
	ret = assign_bars(bus, self, rid, PCI_BASE_ADDRESS_0, 1, function->bar);
	if (ret)
		return ret;
	function->sriov_offset = pci_find_ext_capability(bus, self, rid, PCI_EXT_CAP_ID_SRIOV);
	if (function->sriov_offset)
		function->total_vfs = (uint16_t)pci_config_read(
			bus, self, rid, function->sriov_offset + PCI_SRIOV_TOTAL_VF, 2);
	enable_function(bus, self, rid);
	bus->count++;
	return reserve_vfs(bus, self, function);
}

/* Function 0 says whether there are more, or whether it is a bridge. */
int pci_device_scan(struct pci_bus *bus, struct actor *self, uint16_t first)
{
	uint32_t functions = 1, header = 0;
	int ret = 0;

	for (uint32_t fn = 0; !ret && fn < functions; fn++) {
		uint16_t rid = (uint16_t)(first + fn);
		uint32_t id = pci_config_read(bus, self, rid, PCI_VENDOR_ID, 4);

		if (id == UINT32_MAX || !(id & 0xffff))
			continue;
		if (!fn)
			header = pci_config_read(bus, self, rid, PCI_HEADER_TYPE, 1);
		if (header & PCI_HEADER_TYPE_MFD)
			functions = 8;
		if ((header & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_BRIDGE)
			ret = pci_bridge_scan(bus, self, rid);
		else
			ret = add_function(bus, self, rid, id);
	}
	return ret;
}

/* Device 0 is the only one behind a root port. */
int pci_bus_scan(struct pci_bus *bus, struct actor *self, const struct pci_bus_cfg *cfg,
		 const struct pci_bus_env *env)
{
	int ret;

	memset(bus, 0, sizeof(*bus));
	bus->cfg = *cfg;
	bus->env = *env;
	bus->next_pa = cfg->window_pa;
	bus->last_bus = cfg->bus;
	ret = pci_device_scan(bus, self, (uint16_t)(cfg->bus << 8));
	if (!ret && !bus->count)
		ret = -ENODEV;
	return ret;
}

static struct pci_function *find(struct pci_bus *bus, uint16_t rid)
{
	for (uint32_t i = 0; i < bus->count; i++)
		if (bus->function[i].rid == rid)
			return &bus->function[i];
	return NULL;
}

const struct pci_function *pci_bus_find(const struct pci_bus *bus, uint16_t rid)
{
	return find((struct pci_bus *)bus, rid);
}

const struct pci_function *pci_bus_vf(const struct pci_bus *bus, uint16_t pf_rid, uint32_t vf)
{
	for (uint32_t i = 0; i < bus->count; i++) {
		const struct pci_function *function = &bus->function[i];

		if (function->is_vf && function->pf_rid == pf_rid && function->vf_index == vf)
			return function;
	}
	return NULL;
}

/* VF n's BAR is n BAR sizes above the VF BAR; its ID is First VF Offset + n Strides (9.3.3). */
static void add_vfs(struct pci_bus *bus, struct actor *self, const struct pci_function *pf,
		    uint16_t num_vfs)
{
	uint32_t at = pf->sriov_offset;
	uint32_t offset = pci_config_read(bus, self, pf->rid, at + PCI_SRIOV_VF_OFFSET, 2);
	uint32_t stride = pci_config_read(bus, self, pf->rid, at + PCI_SRIOV_VF_STRIDE, 2);
	uint32_t device = pci_config_read(bus, self, pf->rid, at + PCI_SRIOV_VF_DID, 2);

	for (uint32_t n = 0; n < num_vfs; n++) {
		struct pci_function *vf = &bus->function[bus->count++];

		memset(vf, 0, sizeof(*vf));
		vf->rid = (uint16_t)(pf->rid + offset + n * stride);
		vf->vendor = pf->vendor;
		vf->device = (uint16_t)device;
		vf->is_vf = true;
		vf->pf_rid = pf->rid;
		vf->vf_index = n;
		for (uint32_t b = 0; b < PCI_FUNCTION_BARS; b++) {
			vf->bar[b] = pf->vf_bar[b];
			vf->bar[b].pa += n * pf->vf_bar[b].size_bytes;
		}
	}
}

int pci_bus_enable_vfs(struct pci_bus *bus, struct actor *self, uint16_t pf_rid, uint16_t num_vfs)
{
	struct pci_function *pf = find(bus, pf_rid);
	uint32_t at, control;
	int ret;

	if (!pf || pf->is_vf)
		return -ENODEV;
	if (!pf->sriov_offset)
		return -ENOTTY;
	if (!num_vfs || num_vfs > pf->total_vfs)
		return -ERANGE;
	if (bus->count + num_vfs > PCI_BUS_MAX_FUNCTIONS)
		return -ENOSPC;
	at = pf->sriov_offset;
	control = pci_config_read(bus, self, pf_rid, at + PCI_SRIOV_CTRL, 2);
	if (control & PCI_SRIOV_CTRL_VFE)
		return -EBUSY;
	if (pf_rid >> 8 == bus->cfg.bus) {
		ret = assign_vf_bars(bus, self, pf);
		if (ret)
			return ret;
	}
	pci_config_write(bus, self, pf_rid, at + PCI_SRIOV_NUM_VF, 2, num_vfs);
	pci_config_write(bus, self, pf_rid, at + PCI_SRIOV_CTRL, 2,
			 control | PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	/* 9.3.3.3.1: VFs may be addressed 100 ms later. */
	if (!bus->env.part.sim->untimed)
		actor_sleep(self, 100 * PS_PER_MS);
	add_vfs(bus, self, pf, num_vfs);
	return 0;
}

int pci_bus_disable_vfs(struct pci_bus *bus, struct actor *self, uint16_t pf_rid)
{
	const struct pci_function *pf = pci_bus_find(bus, pf_rid);
	uint32_t kept = 0;

	if (!pf || pf->is_vf)
		return -ENODEV;
	if (!pf->sriov_offset)
		return -ENOTTY;
	pci_config_write(bus, self, pf_rid, pf->sriov_offset + PCI_SRIOV_CTRL, 2, 0);
	for (uint32_t i = 0; i < bus->count; i++)
		if (!bus->function[i].is_vf || bus->function[i].pf_rid != pf_rid)
			bus->function[kept++] = bus->function[i];
	bus->count = kept;
	return 0;
}
