/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/function.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bits.h"
#include "cosim/serve/parts.h"

#define REGISTER_BYTES 4u /* of the NIC */

/* ---- registers ---- */

static void config_access(struct function *function, const struct vfu_access *access)
{
	uint32_t offset = (uint32_t)access->offset;

	if (access->kind == VFU_ACCESS_WRITE)
		config_view_write(&function->config, offset, access->len_bytes, access->data);
	else
		config_view_read(&function->config, offset, access->len_bytes, access->data);
}

static void ring(void *ctx, uint32_t offset, uint32_t value)
{
	const struct function *function = ctx;
	uint8_t data[REGISTER_BYTES];

	le32_put(data, value);
	board_bar(function->board, function->index, true, 0, offset, sizeof(data), data);
}

void function_look(struct function *function)
{
	doorbells_look(&function->doorbells, ring, function);
}

/* In registers' width, and smaller at ragged ends. */
static void bar_access(const struct function *function, const struct vfu_access *access)
{
	for (uint32_t i = 0; i < access->len_bytes;) {
		uint64_t offset = access->offset + i;
		uint32_t part = part_bytes(offset, access->len_bytes - i, REGISTER_BYTES);

		board_bar(function->board, function->index, access->kind == VFU_ACCESS_WRITE,
			  access->region, offset, part, access->data + i);
		i += part;
	}
}

static void region_access(void *ctx, struct vfu_access *access)
{
	struct function *function = ctx;

	function_look(function);
	if (access->region == VFU_REGION_CONFIG)
		config_access(function, access);
	else
		bar_access(function, access);
	vfu_access_done(access, 0);
}

static void reset(void *ctx, struct vfu_access *access)
{
	struct function *function = ctx;

	function_look(function);
	config_view_reset(&function->config, function->cfg.reset_ps);
	vfu_access_done(access, 0);
}

/* ---- memory ---- */

int function_map(struct guest_memory *memory, const struct vfu_dma_map *map)
{
	const struct guest_window window = {
		.base = map->iova,
		.size_bytes = map->size_bytes,
		.host = map->host,
		.writable = map->writable,
	};

	/* By messages it could be reached, but not as DMA that others see as one. */
	return map->host ? guest_memory_add(memory, &window) : 0;
}

static int dma_map(void *ctx, const struct vfu_dma_map *map)
{
	const struct function *function = ctx;

	return function_map(board_memory(function->board, function->index), map);
}

static void dma_unmap(void *ctx, const struct vfu_dma_map *map)
{
	const struct function *function = ctx;

	guest_memory_remove(board_memory(function->board, function->index), map->iova,
			    map->size_bytes);
}

/* ---- interrupts ---- */

static void message(void *ctx, uint64_t addr, uint32_t data)
{
	struct function *function = ctx;
	uint8_t bytes[4];
	int err;

	le32_put(bytes, data);
	if (function->cfg.translated)
		err = vfu_dma_write(function->device, addr, bytes, sizeof(bytes), NULL, NULL);
	else
		err = vfu_irq_trigger(function->device, VFU_IRQ_MSIX, data);
	if (err && err != -EAGAIN)
		board_unheard(function->board);
}

/* The model's entry of a vector whose eventfd has come or gone: its message is its number. */
static void program_vector(struct function *function, uint32_t vector, bool armed)
{
	uint32_t bar, table = config_view_msix_table(&function->config, &bar);
	const uint32_t entry[4] = {(uint32_t)function->cfg.message_pa, 0, vector,
				   armed ? 0 : PCI_MSIX_ENTRY_CTRL_MASKBIT};

	for (uint32_t i = 0; i < ARRAY_LEN(entry); i++) {
		uint8_t word[4];

		le32_put(word, entry[i]);
		board_bar(function->board, function->index, true, bar,
			  table + PCI_MSIX_ENTRY_SIZE * vector + 4 * i, sizeof(word), word);
	}
}

static bool any_armed(const struct function *function)
{
	for (uint32_t i = 0; i < function->vectors; i++)
		if (vfu_irq_armed(function->device, VFU_IRQ_MSIX, i))
			return true;
	return false;
}

static void irq_set(void *ctx, uint32_t index, uint32_t start, uint32_t count)
{
	struct function *function = ctx;

	if (index != VFU_IRQ_MSIX)
		return;
	for (uint32_t i = start; i < start + count; i++)
		program_vector(function, i, vfu_irq_armed(function->device, VFU_IRQ_MSIX, i));
	config_view_enable_msix(&function->config, any_armed(function));
}

/* ---- the device ---- */

/* A client that is gone leaves a function as one that begins finds it. */
static void disconnected(void *ctx)
{
	struct function *function = ctx;

	function_look(function);
	config_view_reset(&function->config, function->cfg.reset_ps);
}

static void describe(struct function *function, struct vfu_device_cfg *device)
{
	const uint32_t both = VFU_REGION_READ | VFU_REGION_WRITE;
	bool given = !function->cfg.translated && function->config.msix;

	device->name = function->cfg.name;
	device->socket_path = function->cfg.socket_path;
	for (uint32_t bar = 0; bar < PCIE_BARS; bar++)
		device->region[bar] = (struct vfu_region_cfg){
			.size_bytes = board_bar_bytes(function->board, function->index, bar),
			.flags = both};
	doorbells_offer(&function->doorbells, &device->region[0]);
	device->region[VFU_REGION_CONFIG] =
		(struct vfu_region_cfg){.size_bytes = CONFIG_BYTES, .flags = both};
	device->irq[VFU_IRQ_ERR] = (struct vfu_irq_cfg)FUNCTION_ERROR_IRQ;
	if (!given)
		return;
	function->vectors = config_view_msix_vectors(&function->config);
	device->irq[VFU_IRQ_MSIX] = (struct vfu_irq_cfg){function->vectors, VFU_IRQ_EVENTFD};
}

int function_serve(struct function *function, struct vfu_server *server, struct board *board,
		   uint32_t index, const struct function_cfg *cfg)
{
	static const struct vfu_device_ops ops = {
		.region_access = region_access,
		.reset = reset,
		.dma_map = dma_map,
		.dma_unmap = dma_unmap,
		.irq_set = irq_set,
		.disconnected = disconnected,
	};
	const struct board_client client = {.ctx = function, .message = message};
	const struct nic_config *nic = &board_machine(board)->cfg->nic;
	struct vfu_device_cfg device = {0};
	int err = 0;

	*function = (struct function){.board = board, .index = index, .cfg = *cfg};
	config_view_init(&function->config, board, index, cfg->alone, cfg->translated);
	if (cfg->shared_doorbells)
		err = doorbells_init(&function->doorbells, (uint32_t)nic->queue_pairs,
				     (uint32_t)nic->msix_vectors - 1);
	if (err)
		return err;
	describe(function, &device);
	board_attach(board, index, &client);
	return vfu_server_add(server, &device, &ops, function, &function->device);
}

void function_fini(struct function *function)
{
	doorbells_fini(&function->doorbells);
}
