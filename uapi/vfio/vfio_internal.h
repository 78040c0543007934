/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VFIO_INTERNAL_H
#define VFSIM_VFIO_INTERNAL_H

/*
 * A device bound to vfio-pci: the function behind its ECAM page and BARs, and
 * what a program sees of it. Linux: drivers/vfio, drivers/vfio/pci.
 */

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "uapi/ioctl_table.h"
#include "uapi/iommufd/iommufd_device.h"
#include "uapi/memory.h"
#include "uapi/rwsem.h"
#include "uapi/vfio/dma_logging.h"
#include "uapi/vfio/migration.h"

#define CONFIG_BYTES         4096u
#define VFIO_OFFSET_SHIFT    40
#define VFIO_OFFSET_MASK     ((UINT64_C(1) << VFIO_OFFSET_SHIFT) - 1)
#define VFIO_CDEV_MAJOR      511
#define VFIO_GROUP_MAJOR     234 /* the kernel gives both out, from 254 down and then from 511 */
#define VFIO_IRQ_NONE        VFIO_PCI_NUM_IRQS
#define CONFIG_NO_CAPABILITY 0xffffu

/* An MSI-X vector of the function, as the kernel's PCI core and VFIO have it. */
struct vfio_vector {
	struct vfio_device *device;
	bool allocated;            /* has a message */
	uint64_t address;          /* of the message */
	uint32_t event_id;         /* its data */
	struct uapi_file *trigger; /* eventfd; NULL: no interrupt requested, masked */
};

/*
 * The IOMMU group of a device: what the IOMMU can tell apart, and so what a program is
 * given as one. Here each function is alone among VFIO's, but a host driver's may be
 * in it too (cfg.host_driver_in_group).
 */
struct vfio_group {
	struct sim_mutex lock;
	struct uapi_file *opened;         /* /dev/vfio/N, not referenced */
	uint32_t cdev_opens;              /* devices bound through their cdev */
	struct vfio_container *container; /* referenced */
	uint32_t container_users;         /* 1, and one for the open device */
	struct vfio_group *next;          /* of the container */
};

struct vfio_device {
	struct vfio_device *next;
	struct uapi_kernel *kernel;
	struct uapi_vfio_device_cfg cfg;
	struct sim_mutex dev_set; /* opening, closing, attaching */
	struct rwsem memory;      /* is the function's memory reachable, and stays so */
	struct sim_mutex config;  /* its configuration space, taken away during a reset */
	struct sim_mutex igate;   /* interrupt set-up */
	struct vfio_group group;
	uint32_t open_count;
	struct uapi_file *iommufd; /* that it is bound to; NULL: its group's container is used */
	struct iommufd_device *idev;
	bool attached;
	uint32_t *pasid; /* attached, in no order */
	uint32_t pasids, pasid_capacity;
	bool reset_works;
	bool low_power; /* the program let it sleep */

	/* Where things are in the function, found when it was bound. */
	uint16_t pcie_cap, msix_cap, msi_cap;
	uint32_t msix_bar, msix_offset, msix_bytes, vectors;

	/* What a program reads as configuration space: bits of `virt` from vconfig, the rest from
	 * the function; `write` says which it may change. `owner` is the start of the capability
	 * that a byte belongs to. */
	uint8_t vconfig[CONFIG_BYTES], virt[CONFIG_BYTES], write[CONFIG_BYTES];
	uint16_t owner[CONFIG_BYTES];
	bool bar_dirty, intx_disabled;

	uint32_t irq_type; /* VFIO_PCI_*_IRQ_INDEX, VFIO_IRQ_NONE */
	struct vfio_vector *vector;
	struct uapi_file *err_trigger, *req_trigger;

	uint64_t migration_flags;
	const struct vfio_migration_ops *mig_ops; /* NULL: cannot migrate */
	void *mig;
	bool precopy_info_v2;

	const struct vfio_log_ops *log_ops; /* NULL: does not log its DMA */
	struct sim_mutex log;
	bool logging;
};

/* A feature being got or set: its payload follows the header. */
struct feature_call {
	struct ioctl_call *call;
	struct vfio_device *device;
	uint32_t flags;
	uint64_t payload; /* user address */
};

struct vfio_device_file {
	struct uapi_file file;
	struct vfio_device *device;
	bool group_open;     /* opened by its group, not by its cdev */
	bool access_granted; /* the device is the program's: by the group, or bound to an iommufd */
};

static inline struct vfio_device *vfio_device_of(const struct ioctl_call *call)
{
	return CONTAINER_OF(call->file, struct vfio_device_file, file)->device;
}

/* pci.c: the function itself */
uint32_t vfio_pci_read(const struct vfio_device *device, struct actor *self, uint32_t offset,
		       uint32_t len);
void vfio_pci_write(const struct vfio_device *device, struct actor *self, uint32_t offset,
		    uint32_t len, uint32_t value);
uint16_t vfio_pci_capability(const struct vfio_device *device, struct actor *self, uint8_t id);
/* -ENODEV: no function answers. */
int pci_probe(struct vfio_device *device, struct actor *self);
/* Memory decoding on for what the kernel itself does; returns what to restore. With `memory`
 * held for writing until then. */
uint16_t pci_memory_lock_and_enable(struct vfio_device *device, struct actor *self);
void pci_memory_unlock_and_restore(struct vfio_device *device, struct actor *self,
				   uint16_t command);
/* reset.c: function-level reset; what software had set up is there again afterwards. */
int vfio_reset_function(struct vfio_device *device, struct actor *self);
int vfio_device_reset(struct ioctl_call *call);

/* msix.c: the kernel's PCI core on the MSI-X table */
int msix_enable(struct vfio_device *device, struct actor *self, uint32_t vectors);
void msix_disable(struct vfio_device *device, struct actor *self);
int msix_allocate(struct vfio_device *device, struct actor *self, uint32_t vector);
int msix_request(struct vfio_device *device, struct actor *self, uint32_t vector);
void msix_free(struct vfio_device *device, struct actor *self, uint32_t vector);
void msix_restore(struct vfio_device *device, struct actor *self);

/* config.c, config_map.c: configuration space as a program sees it */
int vfio_config_init(struct vfio_device *device, struct actor *self);
void vfio_config_map(struct vfio_device *device, struct actor *self);
ssize_t vfio_config_rw(struct vfio_device *device, const struct uapi_task *task, uint64_t data,
		       size_t len, uint64_t offset, bool write);
bool vfio_memory_enabled(const struct vfio_device *device);

/* regions.c */
int vfio_get_region_info(struct ioctl_call *call);
ssize_t vfio_region_read(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			 size_t len, const uint64_t *offset);
ssize_t vfio_region_write(struct uapi_file *file, const struct uapi_task *task, uint64_t data,
			  size_t len, const uint64_t *offset);
int vfio_region_mmap(struct uapi_file *file, uint64_t length, uint64_t offset, struct vma *vma);

/* irqs.c, irq_info.c */
uint32_t vfio_irq_count(const struct vfio_device *device, uint32_t index);
int vfio_get_irq_info(struct ioctl_call *call);
int vfio_set_irqs(struct ioctl_call *call);
void vfio_irqs_disable(struct vfio_device *device, struct actor *self);

/* cdev.c */
int vfio_device_file_new(struct vfio_device *device, struct vfio_device_file **df);

/* group.c: a device's way in and out by its group */
void vfio_group_close_device(struct vfio_device_file *df, struct actor *self);
/* The cdev and the group exclude each other. -EBUSY: the group is open. */
int vfio_group_block(struct vfio_device *device, struct actor *self);
void vfio_group_unblock(struct vfio_device *device, struct actor *self);
/* Is the DMA of its group another's? */
bool vfio_group_owned_by_host(const struct vfio_group *group);
static inline struct vfio_device *vfio_group_device(const struct vfio_group *group)
{
	return CONTAINER_OF(group, struct vfio_device, group);
}

/* device.c, feature.c, dma_logging.c, bind.c */
/* The address at which the device reaches the MSI doorbell, in the table that it has. */
int vfio_device_msi_iova(struct vfio_device *device, struct actor *self, uint64_t *iova);
int vfio_get_info(struct ioctl_call *call);
int vfio_feature(struct ioctl_call *call);
int vfio_dma_logging_start(const struct feature_call *feature);
int vfio_dma_logging_stop(const struct feature_call *feature);
int vfio_dma_logging_report(const struct feature_call *feature);
int vfio_bind_iommufd(struct ioctl_call *call);
int vfio_attach_pt(struct ioctl_call *call);
int vfio_detach_pt(struct ioctl_call *call);
void vfio_unbind_iommufd(struct vfio_device_file *df, struct actor *self);
/* Make the function ready for a program, and take it back from one. */
int vfio_device_enable(struct vfio_device *device, struct actor *self);
void vfio_device_disable(struct vfio_device *device, struct actor *self);

#endif
