/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMUFD_INTERNAL_H
#define VFSIM_IOMMUFD_INTERNAL_H

/*
 * /dev/iommu: objects with numbers, made and destroyed by a program. An IOAS
 * (ioas.c) is an I/O address space as the program describes it; its areas
 * (io_pagetable.c) map pieces of memory (pages.c); an HWPT (hwpt.c) is a
 * hardware table that shows an IOAS to devices (device.c).
 */

#include <linux/iommufd.h>

#include "uapi/ioctl_table.h"
#include "uapi/iommufd/io_pagetable.h"
#include "uapi/iommufd/iommufd_device.h"

enum iommufd_type { IOMMUFD_ANY, IOMMUFD_IOAS, IOMMUFD_HWPT, IOMMUFD_DEVICE };

struct iommufd_object {
	uint32_t id;
	enum iommufd_type type;
	/* One for being in the table, one for each user: other objects, drivers, calls at work. */
	uint32_t users;
	uint32_t calls; /* of them, calls at work */
	bool published; /* visible to lookups */
	void (*destroy)(struct iommufd_object *object, struct actor *self);
};

/* How locked memory is counted (IOMMU_OPTION_RLIMIT_MODE). */
enum account_mode { ACCOUNT_NONE, ACCOUNT_USER, ACCOUNT_MM };

struct iommufd_ctx {
	struct uapi_file file;
	struct iommufd_object **objects; /* by id; index 0 is unused */
	uint32_t capacity;
	bool account_mm;
	struct iommufd_object *vfio_ioas; /* IOMMU_VFIO_IOAS's choice */
	struct rwsem ioas_creation;
	struct waitq calls_done;
};

struct iommufd_ioas {
	struct iommufd_object object;
	struct iommufd_ctx *ctx;
	struct io_pagetable iopt;
	struct sim_mutex mutex; /* of the list of HWPTs */
	struct iommufd_hwpt *hwpts;
};

struct iommufd_hwpt {
	struct iommufd_object object;
	struct iommufd_ioas *ioas;
	struct iommufd_hwpt *next; /* of the IOAS */
	struct smmu_domain *domain;
	bool auto_domain;    /* made by attaching a device to an IOAS */
	bool dirty_tracking; /* allocated for it */
	bool pasid_compat;
	bool msi_mapped; /* the doorbell's page is in the table */
};

/* The address space of a PASID of a device. */
struct iommufd_pasid {
	uint32_t number;
	struct iommufd_hwpt *hwpt;
	struct iommufd_pasid *next;
};

/* A device bound to a context: what DMA of its requester ID may reach. */
struct iommufd_device {
	struct iommufd_object object;
	struct iommufd_ctx *ctx;
	uint32_t stream_id;
	struct iommufd_hwpt *hwpt;    /* attached; NULL: blocked */
	struct iommufd_pasid *pasids; /* attached beside it */
	struct sim_mutex group;       /* of its IOMMU group, which holds it alone */
	bool msi_required;            /* it has used the doorbell */
};

/* main.c: object lives. New objects are not visible before iommufd_publish. */
void *iommufd_object_new(struct iommufd_ctx *ctx, size_t size, enum iommufd_type type,
			 void (*destroy)(struct iommufd_object *, struct actor *));
void iommufd_publish(struct iommufd_ctx *ctx, struct iommufd_object *object);
/* Take back what was not published, destroyed by its own means first where `destroy`. */
void iommufd_abort(struct iommufd_ctx *ctx, struct iommufd_object *object, struct actor *self,
		   bool destroy);
/* A visible object of this type, held for the call at work. NULL: -ENOENT. */
void *iommufd_object_get(struct iommufd_ctx *ctx, uint32_t id, enum iommufd_type type);
void iommufd_object_put(struct iommufd_ctx *ctx, struct iommufd_object *object);
/* Destroy an object that nobody else uses. -ENOENT, -EBUSY. */
int iommufd_object_remove(struct iommufd_ctx *ctx, uint32_t id, struct actor *self);

static inline struct iommufd_ctx *iommufd_ctx_of(const struct ioctl_call *call)
{
	return CONTAINER_OF(call->file, struct iommufd_ctx, file);
}

/* ioas.c */
int iommufd_ioas_alloc(struct ioctl_call *call);
int iommufd_ioas_allow_iovas(struct ioctl_call *call);
int iommufd_ioas_iova_ranges(struct ioctl_call *call);
int iommufd_ioas_map(struct ioctl_call *call);
int iommufd_ioas_map_file(struct ioctl_call *call);
int iommufd_ioas_copy(struct ioctl_call *call);
int iommufd_ioas_unmap(struct ioctl_call *call);
/* option.c */
int iommufd_option(struct ioctl_call *call);
int iommufd_ioas_change_process(struct ioctl_call *call);
int iommufd_vfio_ioas(struct ioctl_call *call);
/* hwpt.c; `device` is the one that the table is for */
int iommufd_hwpt_alloc(struct ioctl_call *call);
int iommufd_hwpt_set_dirty_tracking(struct ioctl_call *call);
int iommufd_hwpt_get_dirty_bitmap(struct ioctl_call *call);
int iommufd_hwpt_invalidate(struct ioctl_call *call);
/* With ioas->mutex held until the new HWPT is published or aborted. */
int iommufd_hwpt_new(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas, uint32_t flags,
		     struct actor *self, struct iommufd_hwpt **hwpt);
/* device.c */
int iommufd_get_hw_info(struct ioctl_call *call);
/* attach.c: PASIDs that the device may have */
struct smmu_pasids iommufd_device_pasids(const struct iommufd_device *device);
/* Put the MSI doorbell's page into a table. */
int iommufd_hwpt_map_msi(struct iommufd_hwpt *hwpt, struct actor *self);

#endif
