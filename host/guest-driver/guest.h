/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_GUEST_H
#define VFSIM_HOST_GUEST_H

/*
 * A guest: its software (actors) and the machine that it runs on. The machine
 * is a table of operations that a VMM provides; when the VM migrates, the same
 * software goes on over another machine.
 *
 * While the guest is paused its software stands still: whatever waits here
 * (an access, a sleep, a wait for an interrupt) returns only while it runs. So
 * between two such calls the guest does not stop, and memory accesses, which
 * take no time, need no gate.
 */

#include "base/actor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GUEST_VECTORS 16

/* One VF, as it appears to its guest. BARs by number: 0 registers, 3 the MSI-X table. */
struct guest_machine_ops {
	/* Guest-physical memory, at once. Beyond RAM reads as ones and ignores writes. */
	void (*memory_read)(void *ctx, uint64_t gpa, void *data, uint64_t len_bytes);
	void (*memory_write)(void *ctx, uint64_t gpa, const void *data, uint64_t len_bytes);
	uint64_t (*mmio_read)(void *ctx, struct actor *self, uint32_t bar, uint64_t offset,
			      uint32_t len_bytes);
	void (*mmio_write)(void *ctx, struct actor *self, uint32_t bar, uint64_t offset,
			   uint32_t len_bytes, uint64_t value);
	uint32_t (*config_read)(void *ctx, struct actor *self, uint32_t offset, uint32_t len_bytes);
	void (*config_write)(void *ctx, struct actor *self, uint32_t offset, uint32_t len_bytes,
			     uint32_t value);
	/* A virtual IOMMU: show memory to the device, at the address returned; take it away. */
	int (*dma_map)(void *ctx, struct actor *self, uint64_t gpa, uint64_t len_bytes,
		       uint64_t *iova);
	int (*dma_unmap)(void *ctx, struct actor *self, uint64_t iova, uint64_t len_bytes);
	/*
	 * Show memory to the device in the address space of a PASID, which is made with its first
	 * memory; take that address space away.
	 */
	int (*space_map)(void *ctx, struct actor *self, uint32_t pasid, uint64_t iova, uint64_t gpa,
			 uint64_t len_bytes);
	int (*space_drop)(void *ctx, struct actor *self, uint32_t pasid);
	/* The bytes where they lie, for reading until memory is next written and for writing at
	 * once; NULL: read or write them. Both may be NULL. */
	const void *(*memory_peek)(void *ctx, uint64_t gpa, uint64_t len_bytes);
	void *(*memory_place)(void *ctx, uint64_t gpa, uint64_t len_bytes);
};

struct guest_cfg {
	uint64_t ram_base; /* guest-physical */
	uint64_t ram_bytes;
	uint64_t reserved_bytes; /* at the start of RAM: the boot image, not for guest_alloc */
};

struct guest_vector {
	void (*handler)(void *arg, uint64_t now);
	void *arg;
	bool pending; /* came while the guest was paused */
};

struct guest {
	struct sim_part part;
	struct guest_cfg cfg;
	void *machine;
	const struct guest_machine_ops *ops;
	bool running;
	uint32_t inside;      /* accesses under way on the machine */
	struct waitq resumed; /* guest software that waits for the guest to run */
	struct waitq left;    /* who pauses it, until `inside` is 0 */
	uint64_t next_free;   /* guest_alloc */
	struct guest_vector vector[GUEST_VECTORS];
};

/* Paused and without a machine. */
void guest_init(struct guest *guest, const struct guest_cfg *cfg, const struct sim_part *part);

/* For the VMM: put the paused guest on a machine; run; pause, which waits for accesses under way.
 */
void guest_attach(struct guest *guest, void *machine, const struct guest_machine_ops *ops);
void guest_run(struct guest *guest);
void guest_pause(struct guest *guest, struct actor *self);
/* Interrupt `vector` reaches the guest: its handler runs now, or when the guest does. */
void guest_interrupt(struct guest *guest, uint32_t vector, uint64_t now);

/* For the guest's software. `handler` runs in calendar context: it may wake, not wait. */
void guest_set_handler(struct guest *guest, uint32_t vector,
		       void (*handler)(void *arg, uint64_t now), void *arg);
/* Return once the guest runs. */
void guest_gate(struct guest *guest, struct actor *self);
void guest_sleep(struct guest *guest, struct actor *self, uint64_t duration_ps);
/* As actor_wait. */
bool guest_wait(struct guest *guest, struct actor *self, struct waitq *waitq, uint64_t deadline_ps);
uint32_t guest_mmio_read(struct guest *guest, struct actor *self, uint32_t bar, uint64_t offset);
void guest_mmio_write(struct guest *guest, struct actor *self, uint32_t bar, uint64_t offset,
		      uint32_t value);
uint32_t guest_config_read(struct guest *guest, struct actor *self, uint32_t offset,
			   uint32_t len_bytes);
void guest_config_write(struct guest *guest, struct actor *self, uint32_t offset,
			uint32_t len_bytes, uint32_t value);
/* Through the virtual IOMMU; a negative errno: nothing is mapped, or it stays. */
int guest_dma_map(struct guest *guest, struct actor *self, uint64_t gpa, uint64_t len_bytes,
		  uint64_t *iova);
int guest_dma_unmap(struct guest *guest, struct actor *self, uint64_t iova, uint64_t len_bytes);
void guest_memory_read(struct guest *guest, uint64_t gpa, void *data, uint64_t len_bytes);
void guest_memory_write(struct guest *guest, uint64_t gpa, const void *data, uint64_t len_bytes);
/* The bytes where they lie, until memory is next written, or else read into `copy`. */
const void *guest_memory_view(struct guest *guest, uint64_t gpa, void *copy, uint64_t len_bytes);
/* Where bytes lie that are written at once; NULL: write them from a copy. */
void *guest_memory_place(struct guest *guest, uint64_t gpa, uint64_t len_bytes);

/* An address space of a PASID, as the machine makes and drops it. */
int guest_space_map(struct guest *guest, struct actor *self, uint32_t pasid, uint64_t iova,
		    uint64_t gpa, uint64_t len_bytes);
int guest_space_drop(struct guest *guest, struct actor *self, uint32_t pasid);

/* Guest-physical memory for its software, never given back. 0 when RAM is used up. */
uint64_t guest_alloc(struct guest *guest, uint64_t len_bytes, uint64_t align_bytes);

#ifdef __cplusplus
}
#endif
#endif
