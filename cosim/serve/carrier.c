/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/carrier.h"

#include "base/bits.h"
#include "cosim/serve/function.h"
#include "cosim/serve/parts.h"

#define CLASS_IOMMU  0x080600u
#define CLASS_MEMORY 0x058000u /* memory controller, other */
#define WIDEST       8u
#define READ_WRITE   (VFU_REGION_READ | VFU_REGION_WRITE)

/* ---- registers ---- */

/* Any access as naturally aligned ones. */
static void in_parts(struct carrier *carrier, const struct vfu_access *access,
		     bool (*part)(struct board *board, bool write, uint64_t at, uint32_t len,
				  void *data),
		     uint64_t base)
{
	for (uint32_t i = 0; i < access->len_bytes;) {
		uint32_t len = part_bytes(access->offset + i, access->len_bytes - i, WIDEST);

		part(carrier->board, access->kind == VFU_ACCESS_WRITE, base + access->offset + i,
		     len, access->data + i);
		i += len;
	}
}

static void config_access(struct carrier *carrier, const struct vfu_access *access)
{
	uint32_t offset = (uint32_t)access->offset;

	if (access->kind == VFU_ACCESS_WRITE)
		plain_config_write(&carrier->config, offset, access->len_bytes, access->data);
	else
		plain_config_read(&carrier->config, offset, access->len_bytes, access->data);
}

/* ---- the wire ---- */

/* A driver that reads what there is takes the level away; what comes meanwhile keeps it. */
static void look_at_level(struct carrier *carrier)
{
	carrier->level = board_smmu_wants_attention(carrier->board);
	vfu_intx_level(carrier->device, carrier->level);
}

static void smmu_interrupt(void *ctx)
{
	struct carrier *carrier = ctx;

	carrier->level = true;
	vfu_intx_level(carrier->device, true);
}

static void smmu_message(void *ctx, uint64_t addr, uint32_t data)
{
	const struct carrier *carrier = ctx;
	uint8_t bytes[4];

	le32_put(bytes, data);
	vfu_dma_write(carrier->device, addr, bytes, sizeof(bytes), NULL, NULL);
}

/* ---- the SMMU ---- */

static void smmu_access(void *ctx, struct vfu_access *access)
{
	struct carrier *carrier = ctx;

	if (access->region == VFU_REGION_CONFIG)
		config_access(carrier, access);
	else
		in_parts(carrier, access, board_smmu, 0);
	if (access->region != VFU_REGION_CONFIG && carrier->level)
		look_at_level(carrier);
	vfu_access_done(access, 0);
}

static int dma_map(void *ctx, const struct vfu_dma_map *map)
{
	const struct carrier *carrier = ctx;

	return function_map(board_memory(carrier->board, board_functions(carrier->board)), map);
}

static void dma_unmap(void *ctx, const struct vfu_dma_map *map)
{
	const struct carrier *carrier = ctx;

	guest_memory_remove(board_memory(carrier->board, board_functions(carrier->board)),
			    map->iova, map->size_bytes);
}

/* Power-on values: a guest that begins anew finds it so. */
static void smmu_reset(void *ctx, struct vfu_access *access)
{
	struct carrier *carrier = ctx;

	board_smmu_reset(carrier->board);
	carrier->level = false;
	vfu_intx_level(carrier->device, false);
	vfu_access_done(access, 0);
}

int carrier_serve_smmu(struct carrier *carrier, struct vfu_server *server, struct board *board,
		       const char *socket_path)
{
	static const struct vfu_device_ops ops = {.region_access = smmu_access,
						  .reset = smmu_reset,
						  .dma_map = dma_map,
						  .dma_unmap = dma_unmap};
	const struct plain_config_cfg config = {.device_id = CARRIER_SMMU_DEVICE,
						.class_code = CLASS_IOMMU,
						.bar_bytes = SMMU_REGISTER_BYTES,
						.interrupt = true};
	const struct board_client client = {
		.ctx = carrier, .message = smmu_message, .interrupt = smmu_interrupt};
	const struct vfu_device_cfg device = {
		.name = "smmu",
		.socket_path = socket_path,
		.region = {[0] = {.size_bytes = SMMU_REGISTER_BYTES, .flags = READ_WRITE},
			   [VFU_REGION_CONFIG] = {.size_bytes = PLAIN_CONFIG_BYTES,
						  .flags = READ_WRITE}},
		.irq = {[VFU_IRQ_ERR] = FUNCTION_ERROR_IRQ,
			[VFU_IRQ_INTX] = {1,
					  VFU_IRQ_EVENTFD | VFU_IRQ_MASKABLE | VFU_IRQ_AUTOMASKED}},
	};

	*carrier = (struct carrier){.board = board};
	plain_config_init(&carrier->config, &config);
	board_attach(board, board_functions(board), &client);
	return vfu_server_add(server, &device, &ops, carrier, &carrier->device);
}

/* ---- the aperture ---- */

static void aperture_access(void *ctx, struct vfu_access *access)
{
	struct carrier *carrier = ctx;

	if (access->region == VFU_REGION_CONFIG)
		config_access(carrier, access);
	else
		in_parts(carrier, access, board_window, carrier->window_base);
	vfu_access_done(access, 0);
}

/* It keeps nothing. */
static void aperture_reset(void *ctx, struct vfu_access *access)
{
	vfu_access_done(access, 0);
}

int carrier_serve_aperture(struct carrier *carrier, struct vfu_server *server, struct board *board,
			   uint64_t base, uint64_t bytes, const char *socket_path)
{
	static const struct vfu_device_ops ops = {.region_access = aperture_access,
						  .reset = aperture_reset};
	const struct plain_config_cfg config = {.device_id = CARRIER_APERTURE_DEVICE,
						.class_code = CLASS_MEMORY,
						.bar_bytes = bytes,
						.bar_is_64bit = true};
	const struct vfu_device_cfg device = {
		.name = "aperture",
		.socket_path = socket_path,
		.region = {[0] = {.size_bytes = bytes, .flags = READ_WRITE},
			   [VFU_REGION_CONFIG] = {.size_bytes = PLAIN_CONFIG_BYTES,
						  .flags = READ_WRITE}},
		.irq = {[VFU_IRQ_ERR] = FUNCTION_ERROR_IRQ},
	};

	*carrier = (struct carrier){.board = board, .window_base = base};
	plain_config_init(&carrier->config, &config);
	return vfu_server_add(server, &device, &ops, carrier, &carrier->device);
}
