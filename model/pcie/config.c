/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space: headers, and the capabilities chained behind them. */
#include <stdlib.h>

#include "model/pcie/device_internal.h"

uint32_t pcie_bar_value(uint64_t bytes, bool high, uint32_t stored)
{
	uint64_t address_bits = ~(bytes - 1);

	if (high)
		return stored & (uint32_t)(address_bits >> 32);
	return (stored & (uint32_t)address_bits & ~(uint32_t)BAR_FLAGS) | BAR_MEMORY_64_PREFETCH;
}

static uint64_t pf_bar_read(void *owner, uint32_t index, uint64_t stored)
{
	const struct pcie_function *fn = owner;
	const uint64_t *bytes = fn->device->cfg.pf.bar_bytes;

	if (bytes[index])
		return pcie_bar_value(bytes[index], false, (uint32_t)stored);
	if (index && bytes[index - 1])
		return pcie_bar_value(bytes[index - 1], true, (uint32_t)stored);
	return 0;
}

static void pf_bar_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	const struct pcie_function *fn = owner;

	pcie_device_remap(fn->device);
}

static void command_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *fn = owner;

	if ((before ^ now) & COMMAND_BUS_MASTER)
		pcie_function_set_bus_master(fn, now & COMMAND_BUS_MASTER);
	if ((before ^ now) & COMMAND_MEMORY)
		pcie_device_remap(fn->device);
}

#define COMMAND_RW_PF                                                                              \
	(COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_PARITY | COMMAND_SERR | COMMAND_INTX_DISABLE)

/* Type 0, section 7.5.1.2. No INTx: the interrupt pin reads 0. */
static const struct reg_row pf_header[] = {
	{.name = "VENDOR_DEVICE_ID", .offset = CFG_ID, .size = 4, .ro = BITS(31, 0)},
	{.name = "COMMAND_STATUS",
	 .offset = CFG_COMMAND,
	 .size = 4,
	 .reset = STATUS_CAP_LIST,
	 .ro = STATUS_CAP_LIST,
	 .rw = COMMAND_RW_PF,
	 .w1c = STATUS_ERRORS,
	 .on_write = command_written},
	{.name = "REVISION_CLASS", .offset = CFG_CLASS, .size = 4, .ro = BITS(31, 0)},
	{.name = "CACHE_LINE_HEADER_TYPE",
	 .offset = CFG_HEADER,
	 .size = 4,
	 .ro = HEADER_TYPE,
	 .rw = HEADER_CACHE_LINE},
	{.name = "BAR",
	 .offset = CFG_BAR,
	 .size = 4,
	 .count = PCIE_BARS,
	 .stride = 4,
	 .rw = BITS(31, 0),
	 .on_read = pf_bar_read,
	 .on_write = pf_bar_written},
	{.name = "SUBSYSTEM_ID", .offset = CFG_SUBSYSTEM, .size = 4, .ro = BITS(31, 0)},
	{.name = "CAPABILITIES_POINTER", .offset = CFG_CAP_POINTER, .size = 4, .ro = BITS(7, 0)},
	{.name = "INTERRUPT_LINE", .offset = CFG_INTERRUPT, .size = 4, .rw = BITS(7, 0)},
};

/* A VF's header, section 9.3.4.1: identity is the PF's to tell, BARs are in SR-IOV. */
static const struct reg_row vf_header[] = {
	{.name = "VENDOR_DEVICE_ID", .offset = CFG_ID, .size = 4, .ro = BITS(31, 0)},
	{.name = "COMMAND_STATUS",
	 .offset = CFG_COMMAND,
	 .size = 4,
	 .reset = STATUS_CAP_LIST,
	 .ro = STATUS_CAP_LIST,
	 .rw = COMMAND_BUS_MASTER,
	 .w1c = STATUS_ERRORS,
	 .on_write = command_written},
	{.name = "REVISION_CLASS", .offset = CFG_CLASS, .size = 4, .ro = BITS(31, 0)},
	{.name = "SUBSYSTEM_ID", .offset = CFG_SUBSYSTEM, .size = 4, .ro = BITS(31, 0)},
	{.name = "CAPABILITIES_POINTER", .offset = CFG_CAP_POINTER, .size = 4, .ro = BITS(7, 0)},
};

struct reg_row *pcie_layout_row(struct config_layout *layout, uint32_t offset)
{
	for (uint32_t r = 0; r < layout->table.rows; r++)
		if (layout->row[r].offset == offset)
			return &layout->row[r];
	return NULL;
}

static void append(struct config_layout *layout, const struct reg_row *row, uint32_t rows,
		   uint32_t offset)
{
	for (uint32_t r = 0; r < rows; r++) {
		struct reg_row *copy = &layout->row[layout->table.rows++];

		*copy = row[r];
		copy->offset += offset;
	}
}

/* Append a capability and let the one before it, or the header, point at it. */
static void append_capability(struct config_layout *layout, const struct pcie_capability *cap,
			      enum pcie_kind kind, struct reg_row **previous)
{
	struct reg_row *first = &layout->row[layout->table.rows];
	uint32_t offset = cap->of[kind].offset;

	append(layout, cap->of[kind].regs->row, cap->of[kind].regs->rows, offset);
	if (cap->version) {
		first->reset |= cap->id | field_put(EXT_CAP_VERSION, cap->version);
		if (*previous)
			(*previous)->reset |= field_put(EXT_CAP_NEXT, offset);
	} else {
		first->reset |= cap->id;
		if (*previous)
			(*previous)->reset |= field_put(CAP_NEXT, offset);
		else
			pcie_layout_row(layout, CFG_CAP_POINTER)->reset = offset;
	}
	*previous = first;
}

static int by_offset(const void *a, const void *b)
{
	const struct reg_row *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void pcie_layout_build(struct config_layout *layout, enum pcie_kind kind,
		       const struct reg_row *header, uint32_t rows,
		       const struct pcie_device_cfg *cfg)
{
	static const char *const names[PCIE_KINDS] = {
		"PF configuration", "VF configuration", "root port configuration",
		"upstream port configuration", "downstream port configuration"};
	struct reg_row *last = NULL, *last_extended = NULL;

	layout->table = (struct reg_table){
		.name = names[kind],
		.row = layout->row,
		.window_bytes = PCIE_CONFIG_BYTES,
	};
	append(layout, header, rows, 0);
	for (uint32_t c = 0; c < pcie_capability_count; c++) {
		const struct pcie_capability *cap = &pcie_capabilities[c];
		const struct pcie_capability_regs *regs = cap->of[kind].regs;
		struct reg_row *first = &layout->row[layout->table.rows];

		if (!regs || (regs->has && !regs->has(cfg)))
			continue;
		append_capability(layout, cap, kind, cap->version ? &last_extended : &last);
		if (regs->fill)
			regs->fill(first, cfg, kind == PCIE_VF ? &cfg->vf : &cfg->pf);
	}
	qsort(layout->row, layout->table.rows, sizeof(layout->row[0]), by_offset);
}

static uint32_t identity(const struct pcie_device_cfg *cfg, bool vf)
{
	return vf ? UINT32_MAX : cfg->pf.vendor_id | (uint32_t)cfg->pf.device_id << 16;
}

void pcie_config_layout_init(struct config_layout *layout, const struct pcie_device_cfg *cfg,
			     bool vf)
{
	const struct pcie_function_cfg *fn = vf ? &cfg->vf : &cfg->pf;

	if (vf)
		pcie_layout_build(layout, PCIE_VF, vf_header, ARRAY_LEN(vf_header), cfg);
	else
		pcie_layout_build(layout, PCIE_PF, pf_header, ARRAY_LEN(pf_header), cfg);
	pcie_layout_row(layout, CFG_ID)->reset = identity(cfg, vf);
	pcie_layout_row(layout, CFG_CLASS)->reset = fn->revision | fn->class_code << 8;
	pcie_layout_row(layout, CFG_SUBSYSTEM)->reset =
		fn->subsystem_vendor_id | (uint32_t)fn->subsystem_id << 16;
}

uint64_t pcie_config_get(const struct pcie_function *fn, uint32_t offset)
{
	return regs_get(&fn->config, fn->config.index->lookup[offset / 4] - 1u, 0);
}

void pcie_config_set(struct pcie_function *fn, uint32_t offset, uint64_t value)
{
	regs_set(&fn->config, fn->config.index->lookup[offset / 4] - 1u, 0, value);
}
