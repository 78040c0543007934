/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/carrier.h"

#include "base/bits.h"
#include "cosim/serve/function.h"
#include "cosim/serve/parts.h"
#include "iommu/pmcg_format.h"

#define CLASS_IOMMU       0x080600u
#define CLASS_PERFORMANCE 0x110100u /* performance counters */
#define CLASS_MEMORY      0x058000u /* memory controller, other */
#define WIDEST            8u
#define READ_WRITE        (VFU_REGION_READ | VFU_REGION_WRITE)

/* What a carrier carries. */
struct carrier_cargo {
	const char *name;
	struct plain_config_cfg config;
	/* A naturally aligned access at an offset of BAR 0. */
	bool (*access)(struct board *board, bool write, uint64_t offset, uint32_t len, void *data);
	void (*reset)(struct board *board);           /* NULL: there is nothing to reset */
	bool (*wants_attention)(struct board *board); /* of its wire; NULL: it has none */
};

/* ---- registers ---- */

/* Any access as naturally aligned ones. */
static void in_parts(struct carrier *carrier, const struct vfu_access *access)
{
	for (uint32_t i = 0; i < access->len_bytes;) {
		uint32_t len = part_bytes(access->offset + i, access->len_bytes - i, WIDEST);

		carrier->cargo->access(carrier->board, access->kind == VFU_ACCESS_WRITE,
				       access->offset + i, len, access->data + i);
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

static void set_level(struct carrier *carrier, bool level)
{
	carrier->level = level;
	vfu_intx_level(carrier->device, level);
}

static void interrupt(void *ctx)
{
	set_level(ctx, true);
}

/* ---- any of them ---- */

/* A driver that reads what there is takes the level away; what comes meanwhile keeps it. */
static void region_access(void *ctx, struct vfu_access *access)
{
	struct carrier *carrier = ctx;

	if (access->region == VFU_REGION_CONFIG) {
		config_access(carrier, access);
	} else {
		in_parts(carrier, access);
		if (carrier->level)
			set_level(carrier, carrier->cargo->wants_attention(carrier->board));
	}
	vfu_access_done(access, 0);
}

/* Power-on values: a guest that begins anew finds it so. */
static void reset(void *ctx, struct vfu_access *access)
{
	struct carrier *carrier = ctx;

	if (carrier->cargo->reset)
		carrier->cargo->reset(carrier->board);
	if (carrier->cargo->wants_attention)
		set_level(carrier, false);
	vfu_access_done(access, 0);
}

static int serve(struct carrier *carrier, struct vfu_server *server,
		 const struct vfu_device_ops *ops, const char *socket_path)
{
	const struct carrier_cargo *cargo = carrier->cargo;
	struct vfu_device_cfg device = {
		.name = cargo->name,
		.socket_path = socket_path,
		.region = {[0] = {.size_bytes = cargo->config.bar_bytes, .flags = READ_WRITE},
			   [VFU_REGION_CONFIG] = {.size_bytes = PLAIN_CONFIG_BYTES,
						  .flags = READ_WRITE}},
		.irq = {[VFU_IRQ_ERR] = FUNCTION_ERROR_IRQ},
	};

	if (cargo->config.pin)
		device.irq[VFU_IRQ_INTX] = (struct vfu_irq_cfg){
			1, VFU_IRQ_EVENTFD | VFU_IRQ_MASKABLE | VFU_IRQ_AUTOMASKED};
	plain_config_init(&carrier->config, &cargo->config);
	return vfu_server_add(server, &device, ops, carrier, &carrier->device);
}

/* ---- the SMMU ---- */

/* Of its counters, too. */
static void smmu_message(void *ctx, uint64_t addr, uint32_t data)
{
	const struct carrier *carrier = ctx;
	uint8_t bytes[4];

	le32_put(bytes, data);
	vfu_dma_write(carrier->device, addr, bytes, sizeof(bytes), NULL, NULL);
}

static struct guest_memory *smmu_memory(const struct carrier *carrier)
{
	return board_memory(carrier->board, board_smmu_index(carrier->board));
}

static int dma_map(void *ctx, const struct vfu_dma_map *map)
{
	return function_map(smmu_memory(ctx), map);
}

static void dma_unmap(void *ctx, const struct vfu_dma_map *map)
{
	guest_memory_remove(smmu_memory(ctx), map->iova, map->size_bytes);
}

int carrier_serve_smmu(struct carrier *carrier, struct vfu_server *server, struct board *board,
		       const char *socket_path)
{
	static const struct carrier_cargo cargo = {
		.name = "smmu",
		.config = {.device_id = CARRIER_SMMU_DEVICE,
			   .class_code = CLASS_IOMMU,
			   .bar_bytes = SMMU_REGISTER_BYTES,
			   .pin = 1},
		.access = board_smmu,
		.reset = board_smmu_reset,
		.wants_attention = board_smmu_wants_attention,
	};
	static const struct vfu_device_ops ops = {.region_access = region_access,
						  .reset = reset,
						  .dma_map = dma_map,
						  .dma_unmap = dma_unmap};
	const struct board_client client = {
		.ctx = carrier, .message = smmu_message, .interrupt = interrupt};

	*carrier = (struct carrier){.cargo = &cargo, .board = board};
	board_attach(board, board_smmu_index(board), &client);
	return serve(carrier, server, &ops, socket_path);
}

/* ---- what has no memory of a guest's ---- */

static const struct vfu_device_ops without_dma = {.region_access = region_access, .reset = reset};

int carrier_serve_pmcg(struct carrier *carrier, struct vfu_server *server, struct board *board,
		       const char *socket_path)
{
	static const struct carrier_cargo cargo = {
		.name = "pmcg",
		.config =
			{.device_id = CARRIER_PMCG_DEVICE,
			 .class_code = CLASS_PERFORMANCE,
			 .bar_bytes = SMMU_PMCG_BYTES,
			 /* A wire of its own: INTA's is the SMMU's, whose driver does not share. */
			 .pin = 2},
		.access = board_pmcg,
		.reset = board_pmcg_reset,
		.wants_attention = board_pmcg_wants_attention,
	};
	const struct board_client client = {.ctx = carrier, .interrupt = interrupt};

	*carrier = (struct carrier){.cargo = &cargo, .board = board};
	board_attach(board, board_pmcg_index(board), &client);
	return serve(carrier, server, &without_dma, socket_path);
}

int carrier_serve_aperture(struct carrier *carrier, struct vfu_server *server, struct board *board,
			   const char *socket_path)
{
	static const struct carrier_cargo cargo = {
		.name = "aperture",
		.config = {.device_id = CARRIER_APERTURE_DEVICE,
			   .class_code = CLASS_MEMORY,
			   .bar_bytes = BOARD_WINDOW_BYTES,
			   .bar_is_64bit = true},
		.access = board_window,
	};

	*carrier = (struct carrier){.cargo = &cargo, .board = board};
	return serve(carrier, server, &without_dma, socket_path);
}
