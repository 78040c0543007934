/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VFIO_MIGRATION_H
#define VFSIM_VFIO_MIGRATION_H

/*
 * Migration version 2: the states of a device, the arcs between them, and what
 * a variant driver does for them. Linux: drivers/vfio/vfio_main.c.
 */

#include "uapi/uapi_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vfio_device;

struct vfio_migration_ops {
	/* A device was given to a program, in RUNNING; or is taken back. */
	void (*open)(struct vfio_device *device);
	void (*close)(struct vfio_device *device, struct actor *self);
	/* Go to `state`; *file becomes the stream of a session that begins, referenced, or NULL. */
	int (*set_state)(struct vfio_device *device, struct actor *self, uint32_t state,
			 struct uapi_file **file);
	int (*get_state)(struct vfio_device *device, struct actor *self, uint32_t *state);
	int (*get_data_size)(struct vfio_device *device, struct actor *self, uint64_t *bytes);
	/* The function was reset: it runs, and what was being migrated is void. */
	void (*reset_done)(struct vfio_device *device, struct actor *self);
	void (*destroy)(struct vfio_device *device);
};

/*
 * The next state on the way from `from` to `to` for a device with these
 * VFIO_MIGRATION_* flags. -EINVAL: there is no way, or no such state.
 */
int vfio_mig_next_state(uint64_t flags, uint32_t from, uint32_t to, uint32_t *next);

/* nic_variant.c: migration by the device's firmware. -ENOMEM. */
int nic_variant_init(struct vfio_device *device);

#ifdef __cplusplus
}
#endif

#endif
