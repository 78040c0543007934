/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_FUNCTION_H
#define VFSIM_COSIM_FUNCTION_H

/*
 * A function of our NIC as a vfio-user device: registers, memory maps, interrupts.
 *
 * MSI-X in two ways. Where an SMMU translates messages the table is the model's, and what
 * the model writes is passed on as it is. Otherwise the client has the table (QEMU): it
 * gives an eventfd to each vector, and the model's table names vectors, not addresses.
 */

#include "cosim/serve/config_view.h"
#include "cosim/serve/doorbells.h"
#include "cosim/vfio-user/server.h"

#ifdef __cplusplus
extern "C" {
#endif

struct function_cfg {
	const char *name;
	const char *socket_path; /* NULL: by vfu_device_attach */
	bool alone;              /* a VF without its PF */
	bool translated;         /* messages, by an SMMU */
	uint64_t message_pa;     /* where they are written if not */
	uint64_t reset_ps;       /* of a function-level reset */
	/* Registers that ring are memory of its client's, too: function_look finds them. */
	bool shared_doorbells;
};

struct function {
	struct board *board;
	uint32_t index;
	struct function_cfg cfg;
	struct vfu_device *device;
	struct config_view config;
	struct doorbells doorbells;
	uint32_t vectors; /* that the client has; 0: the model has them */
};

/* `function` is the caller's. 0 or -errno as vfu_server_add. */
int function_serve(struct function *function, struct vfu_server *server, struct board *board,
		   uint32_t index, const struct function_cfg *cfg);
/* When its server is no more. */
void function_fini(struct function *function);
/* What its client has written to shared doorbells; before each access that comes as a message it
 * is looked at, too. */
void function_look(struct function *function);

/* An eventfd for errors, without which QEMU warns that there is no recovery from them. */
#define FUNCTION_ERROR_IRQ                                                                         \
	{                                                                                          \
		.count = 1, .flags = VFU_IRQ_EVENTFD                                               \
	}

/* Memory of a client, for whoever it is: vfu_device_ops of dma_map and dma_unmap do this. */
int function_map(struct guest_memory *memory, const struct vfu_dma_map *map);

#ifdef __cplusplus
}
#endif
#endif
