/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_VM_INTERNAL_H
#define VFSIM_HOST_VM_INTERNAL_H

#include "base/bits.h"
#include "base/trace.h"
#include "host/vmm/dirty_log.h"
#include "host/vmm/vmm.h"

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VM_MAX_RUNS     16
#define VM_CONFIG_BYTES 4096u

struct vm_run {
	uint64_t first_page; /* of guest RAM */
	struct uapi_run run;
};

/* A region of the device, as VFIO_DEVICE_GET_REGION_INFO told. */
struct vm_region {
	uint64_t size_bytes, offset;
	uint32_t flags;
	uint64_t mapped_pa; /* BAR 0 with cfg.map_bar0: physical address; 0: accesses are trapped */
};

/* An entry of the guest's MSI-X table, which the VMM keeps. */
struct vm_vector {
	struct vm *vm;
	uint32_t number;
	int eventfd; /* -1: not yet in use */
	bool pending;
	uint32_t entry[PCI_MSIX_ENTRY_SIZE / 4];
};

struct vm_step {
	const char *what;
	int (*step)(struct vm *vm, struct actor *self);
};

/* How the kernel gives a VM its device and its I/O address space. */
struct vm_interface {
	/* From opening the first file to memory that the device reaches. */
	const struct vm_step *step;
	uint32_t steps;
	int (*device_known)(struct vm *vm, struct actor *self); /* after GET_INFO; may be NULL */
};

extern const struct vm_interface vm_by_iommufd;   /* vm_iommufd.c */
extern const struct vm_interface vm_by_container; /* vm_container.c */

struct vm {
	struct vm_cfg cfg;
	struct vm_env env;
	char name[32];
	struct uapi_process *process;
	const struct vm_interface *interface;
	int device, memfd;
	int iommufd;
	uint32_t dev_id, ioas_id, hwpt_id;
	uint32_t pasid_bits; /* of the device's PASIDs; 0: none */
	struct vm_space *spaces;
	int group, container;
	bool tracks_dirty; /* the kernel can tell what the device wrote, or could have */
	uint64_t ram_va;
	uint32_t runs;
	struct vm_run run[VM_MAX_RUNS];
	uint64_t image_bytes;
	struct dirty_log log;
	enum dirty_source tracking;
	bool tracks;            /* it is started */
	bool observes;          /* the page table's bits are read as well, to compare */
	struct actor *observer; /* doing that */

	struct vm_region region[VFIO_PCI_NUM_REGIONS];
	uint64_t migration_flags; /* VFIO_MIGRATION_*; 0: the device cannot migrate */
	int error_eventfd, request_eventfd;
	uint32_t msix_cap;
	uint32_t msix_vectors;
	bool msix_resizable;
	bool msix_enabled, msix_masked;
	struct vm_vector vector[GUEST_VECTORS];

	struct guest *guest;
	bool running;
};

/* vm_setup.c: open and set up in a VMM's order. */
int vm_open_all(struct vm *vm, struct actor *self);
/* 0 or a negative errno. */
int vm_ioctl(struct vm *vm, struct actor *self, int fd, unsigned long request, void *arg);

/* vm_device.c: what the guest reaches of its device. */
extern const struct guest_machine_ops vm_machine_ops;
int vm_set_irqs(struct vm *vm, struct actor *self, uint32_t index, uint32_t start, uint32_t count,
		const int *eventfds);
void vm_deliver_pending(struct vm *vm);
/* What the VMM keeps of the device for the guest, as the migration stream carries it. */
struct vm_device_image {
	uint32_t command;
	uint32_t msix_control;
	uint32_t vectors;
	uint32_t entry[GUEST_VECTORS][PCI_MSIX_ENTRY_SIZE / 4];
	uint8_t pending[GUEST_VECTORS];
};
void vm_device_save(struct vm *vm, struct actor *self, struct vm_device_image *image);
int vm_device_load(struct vm *vm, struct actor *self, const struct vm_device_image *image);

/* vm_spaces.c: address spaces of PASIDs, for the guest's software. */
int vm_space_map(void *ctx, struct actor *self, uint32_t pasid, uint64_t iova, uint64_t gpa,
		 uint64_t len_bytes);
int vm_space_drop(void *ctx, struct actor *self, uint32_t pasid);
/* The process has exited, and they with it. */
void vm_spaces_free(struct vm *vm);

/* vm_memory.c: the same for an address space by its number */
int vm_map_into(struct vm *vm, struct actor *self, uint32_t ioas_id, uint64_t iova, uint64_t gpa,
		uint64_t len_bytes);
int vm_memory_init(struct vm *vm);
void vm_memory_read(void *ctx, uint64_t gpa, void *data, uint64_t len_bytes);
const void *vm_memory_peek(void *ctx, uint64_t gpa, uint64_t len_bytes);
void *vm_memory_place(void *ctx, uint64_t gpa, uint64_t len_bytes);
void vm_memory_write(void *ctx, uint64_t gpa, const void *data, uint64_t len_bytes);
static inline uint64_t vm_pages(const struct vm *vm)
{
	return vm->cfg.ram_bytes / DRAM_PAGE_SIZE;
}

/* vm_migration.c: the device's migration uAPI. */
int vm_feature(struct vm *vm, struct actor *self, uint32_t feature, uint32_t op, void *data,
	       uint32_t data_bytes);
/*
 * As QEMU's vfio_migration_set_state: when `state` fails, go to `recover`; when
 * that fails too, reset. `data_fd` (may be NULL): the session's, or -1.
 */
int vm_set_device_state(struct vm *vm, struct actor *self, uint32_t state, uint32_t recover,
			int *data_fd);

/* vm_tracking.c: rely on `source` from here on for what the device writes. */
int vm_tracking_start(struct vm *vm, struct actor *self, enum dirty_source source);
void vm_tracking_stop(struct vm *vm, struct actor *self);
/* OR what the device wrote since the last call into `bitmap`, a bit a page of RAM. */
int vm_tracking_read(struct vm *vm, struct actor *self, uint64_t *bitmap);
/* The process is about to exit: its threads are done. */
void vm_tracking_quit(struct vm *vm, struct actor *self);

/* The process exits: the device is closed. */
void vm_quit(struct vm *vm, struct actor *self);

/* Spend CPU time: nothing in the untimed engine. */
static inline void vm_spend(const struct vm *vm, struct actor *self, uint64_t duration_ps)
{
	if (duration_ps && !vm->env.part.sim->untimed)
		actor_sleep(self, duration_ps);
}

#ifdef __cplusplus
}
#endif
#endif
