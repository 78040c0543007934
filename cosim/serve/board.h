/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_BOARD_H
#define VFSIM_COSIM_BOARD_H

/*
 * The mainboard of somebody else's machine, as our hardware is plugged into it: what
 * that machine's software reads and writes becomes accesses on our host's fabric, and
 * what our hardware reads and writes goes to the memory of whoever has the function.
 *
 * A guest of two kinds. With `sriov` it has the PF, and finds VFs by its own SR-IOV;
 * otherwise each VF is a device of its own to it, as a host gives VFs away.
 */

#include "cosim/serve/guest_memory.h"
#include "cosim/serve/journal.h"
#include "system/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

enum board_arch { BOARD_X86_64, BOARD_ARM64, BOARD_ARCHS };

/* Where things are in a guest's machine, and who does what. */
struct board_plan {
	const char *name;
	/* Messages of interrupts go through the SMMU, and into this range; false: to a
	 * vector's number that we put into the table ourselves. */
	bool translated;
	uint64_t message_base, message_bytes;
	uint64_t window_base, window_bytes; /* PCIe memory of the guest */
	bool carrier;                       /* the guest drives the SMMU */
};

/* Of x86-64 (q35) and arm64 (virt), by enum board_arch; the last has no name. */
extern const struct board_plan board_plans[];

#define BOARD_WINDOW_BYTES UINT64_C(0x40000000)

#define BOARD_FIRST_RID   0x08u /* 00:01.0 of the guest */
#define BOARD_DEVICE_STEP 0x08u /* from one device's function 0 to the next one's */

struct board_cfg {
	const struct board_plan *plan;
	bool sriov;
	const struct machine_cfg *machine;
	const struct engine_ops *engine;
	struct wire_backend *far_end; /* NULL: nobody */
	struct journal *journal;      /* borrowed */
};

struct board;

/* What a function asks of whoever has it. */
struct board_client {
	void *ctx;
	/* An interrupt's message, written by the function of this client. */
	void (*message)(void *ctx, uint64_t addr, uint32_t data);
	void (*interrupt)(void *ctx); /* of the SMMU or its counters: a wire */
};

/* Within engine->enter; `cfg`'s pointers and `sim` are borrowed. NULL: no memory. */
struct board *board_create(const struct board_cfg *cfg, struct sim *sim);
/*
 * Once, before anything else: what a host does before it gives VFs away, addresses for BARs and
 * SR-IOV on; nothing with `sriov`. 0 or a negative errno.
 */
int board_boot(struct board *board);
void board_destroy(struct board *board);
/* The firmware resets each VF that is there (a VFR), without being asked by one. */
void board_reset_vfs(struct board *board);

struct machine *board_machine(struct board *board);
/* Functions that are served: with sriov the PF and then all VFs, else those VFs that are enabled.
 */
uint32_t board_functions(const struct board *board);
/* Its name, "pf" or "vf0", in `name`. */
const char *board_function_name(const struct board *board, uint32_t index, char *name, size_t size);
/* Its requester ID on our own bus, and in the guest, where it is its stream ID, too. */
uint16_t board_rid(const struct board *board, uint32_t index);
uint16_t board_guest_rid(const struct board *board, uint32_t index);
/* Vendor ID, and in the upper half the VFs' device ID. */
uint32_t board_vf_ids(const struct board *board);
/* BAR sizes in bytes; a VF's are not its own, with sriov: zero. */
uint64_t board_bar_bytes(const struct board *board, uint32_t index, uint32_t bar);

/* After the functions: the SMMU, and the group of its performance counters (PMCG). */
uint32_t board_smmu_index(const struct board *board);
uint32_t board_pmcg_index(const struct board *board);
/* Whose interrupts function `index` has, or the SMMU, or its counters. */
void board_attach(struct board *board, uint32_t index, const struct board_client *client);
/* The memory of the guest that has function `index`, or the SMMU, whose counters have none. */
struct guest_memory *board_memory(struct board *board, uint32_t index);

/* An interrupt's message that nobody waits for: for the result. */
void board_unheard(struct board *board);

/* A wired interrupt: is there anything that the driver has not seen? */
bool board_smmu_wants_attention(struct board *board);
bool board_pmcg_wants_attention(struct board *board);

/*
 * An access of the guest's, which takes the simulated time it takes: 1, 2, 4 or 8 bytes to
 * configuration space of function `index`, to a BAR of it, to the SMMU's registers, to its
 * counters', or into the PCIe window. A read that fails is all ones; false.
 */
bool board_config(struct board *board, uint32_t index, bool write, uint32_t offset, uint32_t len,
		  void *data);
bool board_bar(struct board *board, uint32_t index, bool write, uint32_t bar, uint64_t offset,
	       uint32_t len, void *data);
bool board_smmu(struct board *board, bool write, uint64_t offset, uint32_t len, void *data);
bool board_pmcg(struct board *board, bool write, uint64_t offset, uint32_t len, void *data);
bool board_window(struct board *board, bool write, uint64_t offset, uint32_t len, void *data);
/* As at power-on, but for what only a power-on does. */
void board_smmu_reset(struct board *board);
void board_pmcg_reset(struct board *board);

/* Let simulated time pass: `ps` from now on. */
void board_pass(struct board *board, uint64_t ps);
/* As ops->run: up to a time. */
void board_run(struct board *board, uint64_t until_ps);

#ifdef __cplusplus
}
#endif
#endif
