/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_VMM_H
#define VFSIM_HOST_VMM_H

/*
 * A virtual machine monitor with one assigned VF: a process of the kernel's
 * uAPI, guest memory from a memfd, the device through the VFIO cdev and
 * iommufd or through its group and a container, configuration space and MSI-X trapped, BAR 0
 * trapped or mapped. The order of its calls is a real VMM's (traces/recorded).
 */

#include "base/cpu_port.h"
#include "host/guest-driver/guest.h"
#include "model/memory/dram.h"
#include "uapi/uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vm;

struct vm_cfg {
	uint32_t number;         /* in trace events */
	const char *name;        /* of the process; copied */
	const char *device_path; /* "/dev/vfio/devices/vfio0" */
	uint64_t ram_base;       /* guest-physical; an IOVA range that the kernel allows */
	uint64_t ram_bytes;      /* multiple of 4 KiB */
	bool map_bar0;           /* guest accesses to BAR 0 go straight to the device */
	uint64_t exit_ps;        /* CPU time of leaving and re-entering the guest for a trap */
	uint32_t stream_id;      /* of its device, in trace events */
	bool pasids;             /* the guest may have address spaces of PASIDs; by iommufd */
	/* Through a group and a container with type1 instead: "/dev/vfio/7", and the device's
	 * name in it. NULL: not. */
	const char *group_path, *device_name;
};

struct vm_env {
	struct sim_part part;
	struct uapi_kernel *kernel;
	struct cpu_port cpu;
	struct dram *dram; /* the host's, for sharing pages that a migration carries */
	/* Told of the VM's process when it is made, before its first call; may be NULL. */
	void (*program)(void *ctx, struct uapi_process *process);
	void *program_ctx;
};

/*
 * Open and set up everything, up to and with the device's reset; the device is
 * in RUNNING and nobody drives it. Errors are those of the calls; nothing is
 * left open.
 */
int vm_create(const struct vm_cfg *cfg, const struct vm_env *env, struct actor *self,
	      struct vm **vm);
/* The process exits; a guest still on it is paused first. */
void vm_destroy(struct vm *vm, struct actor *self);

/* Put a guest on the VM, and run it: device to RUNNING, then the vCPUs. */
void vm_set_guest(struct vm *vm, struct guest *guest);
int vm_start(struct vm *vm, struct actor *self);
/* vCPUs pause, then the device stops. */
int vm_stop(struct vm *vm, struct actor *self);
bool vm_running(const struct vm *vm);
/* Reset the device (VFIO_DEVICE_RESET), whatever the guest does. The call's errors. */
int vm_reset_device(struct vm *vm, struct actor *self);

/*
 * Show guest memory [gpa, gpa + len_bytes) to the device at `iova` too, or take
 * that away (IOMMU_IOAS_MAP, _UNMAP). The calls' errors.
 */
int vm_map(struct vm *vm, struct actor *self, uint64_t iova, uint64_t gpa, uint64_t len_bytes);
int vm_unmap(struct vm *vm, struct actor *self, uint64_t iova, uint64_t len_bytes);

/* What a VM is made of, borrowed; descriptors are those of its process. */
struct uapi_process *vm_process(struct vm *vm);
int vm_device_fd(const struct vm *vm);
const struct vm_cfg *vm_cfg_get(const struct vm *vm);
struct dram *vm_dram(const struct vm *vm);

/*
 * Load a boot image, as a VMM does before the first start: cold pages with
 * content, `len_bytes` from the start of RAM. Different pages may share content.
 */
void vm_load_image(struct vm *vm, uint64_t len_bytes);

/* Host-physical address of a guest page; 0: not there. */
uint64_t vm_page_pa(const struct vm *vm, uint64_t gpa);

/*
 * Guest memory of two VMs of one size: the number of 4 KiB pages that differ;
 * `differs(ctx, gpa)` (may be NULL) is called for each, ascending.
 */
uint64_t vm_compare_memory(const struct vm *a, const struct vm *b,
			   void (*differs)(void *ctx, uint64_t gpa), void *ctx);

/*
 * Dirty log of the guest's and the VMM's own writes, as KVM keeps it: off until
 * enabled; reading ORs into `bitmap` (a bit for each 4 KiB page) and clears.
 */
void vm_dirty_log_enable(struct vm *vm, bool enable);
uint64_t vm_dirty_log_read(struct vm *vm, uint64_t *bitmap);

#ifdef __cplusplus
}
#endif
#endif
