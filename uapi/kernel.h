/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_KERNEL_H
#define VFSIM_UAPI_KERNEL_H

/*
 * The kernel of one host: made once by whoever wires a machine, before its
 * processes. It stands on the host's SMMU driver and reaches devices through
 * the CPU port: config space by ECAM, BARs by MMIO.
 */

#include "uapi/smmu-driver/smmu_driver.h"
#include "uapi/uapi.h"
#include "uapi/vfio/vf_services.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The IOVA window that Linux reserves for MSIs behind an Arm SMMU. */
#define UAPI_MSI_WINDOW_FIRST UINT64_C(0x08000000)
#define UAPI_MSI_WINDOW_LAST  UINT64_C(0x080fffff)

#define UAPI_RESET_WAIT_PS (100 * PS_PER_MS)

/* TRACE_LEAK's `what`: still there when a process has exited or the kernel goes away. */
enum uapi_leak {
	UAPI_LEAK_PROCESSES,
	UAPI_LEAK_FILES,
	UAPI_LEAK_MAPPINGS, /* areas of I/O address spaces */
	UAPI_LEAK_OBJECTS,  /* iommufd object ids */
	UAPI_LEAK_PINNED_PAGES,
	UAPI_LEAK_MEMORY_PAGES,
};

struct uapi_kernel_cfg {
	/*
	 * Reserve the MSI window in every IOAS that a device is attached to. Off
	 * serves recordings of machines without one: then the doorbell's page is
	 * mapped at the very end of the aperture.
	 */
	bool msi_window;
	/*
	 * Backing of process memory: 4096 gives no two neighbouring pages that
	 * are contiguous, 2 MiB gives aligned contiguous pieces of that size.
	 */
	uint64_t page_size;
	uint64_t reset_wait_ps; /* after a function reset; 0: UAPI_RESET_WAIT_PS, PCIe's 100 ms */
	/*
	 * Initiate a function-level reset with bus mastering on and requests under
	 * way; else the function is quiet first, as pcie_flr() has it.
	 */
	bool reset_at_once;
	uint64_t syscall_ps; /* CPU time of entering and leaving a call */
	/* RLIMIT_MEMLOCK in pages for a process without CAP_IPC_LOCK; 0 = unlimited. */
	uint64_t memlock_pages;
};

struct uapi_kernel_env {
	struct sim_part part;
	struct cpu_port cpu;
	struct frames *frames;
	struct smmu_driver *smmu;
};

/* NULL without memory. */
struct uapi_kernel *uapi_kernel_create(const struct uapi_kernel_cfg *cfg,
				       const struct uapi_kernel_env *env);
/* After every process has exited. What is still held is traced as TRACE_LEAK. */
void uapi_kernel_destroy(struct uapi_kernel *kernel);

#define UAPI_DEVICE_BARS 6
#define UAPI_DEVICE_NAME 16 /* "0000:01:02.0" and a 0 */

/* A function of the NIC that is bound to vfio-pci or its variant driver. */
struct uapi_vfio_device_cfg {
	uint32_t number; /* N of /dev/vfio/devices/vfioN; the device number is 511:N */
	uint32_t group;  /* N of /dev/vfio/N: its IOMMU group, which it is alone in */
	/* Its name in sysfs, which VFIO_GROUP_GET_DEVICE_FD wants; empty: by its stream ID. */
	char name[UAPI_DEVICE_NAME];
	/* Another function of the group has a driver of the host's: it is not viable. */
	bool host_driver_in_group;
	uint32_t stream_id; /* requester ID: PCI_DEVID(bus, devfn) */
	uint64_t config_pa; /* its 4 KiB of ECAM */
	bool is_vf;         /* the kernel supplies what a VF's config space leaves out */
	uint16_t vendor_id; /* of a VF: the PF's vendor and its VF Device ID */
	uint16_t device_id;
	struct {
		uint64_t pa; /* where the kernel placed it */
		uint64_t
			size_bytes; /* power of two; 0 = not there, or upper half of a 64-bit BAR */
		uint32_t flags;     /* PCI_BASE_ADDRESS low bits: 0xc = 64-bit prefetchable */
	} bar[UAPI_DEVICE_BARS];
	bool trap_bars;       /* do not offer mmap: every access is a call */
	bool no_dynamic_msix; /* vectors are fixed while enabled: IRQ_INFO says NORESIZE */
	/* Migration by the variant driver; ops NULL = plain vfio-pci. `vf` is its index there. */
	struct vf_services services;
	uint32_t vf;
};

/*
 * Bind a device, as `driver_override` and probe do: reads its config space over
 * the bus on `self` and blocks its stream. -EEXIST (number, group), -ENODEV (no
 * function answers there), -ENOMEM.
 */
int uapi_kernel_add_vfio_device(struct uapi_kernel *kernel, struct actor *self,
				const struct uapi_vfio_device_cfg *cfg);

#ifdef __cplusplus
}
#endif
#endif
