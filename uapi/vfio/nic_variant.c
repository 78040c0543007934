// SPDX-License-Identifier: Apache-2.0
/*
 * Migration of the NIC's VFs, as a vendor's variant driver does it: each arc is
 * a request to the firmware (vf_services.h), the stream is what that saved.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/vfio/data_fd.h"
#include "uapi/vfio/vfio_internal.h"

struct nic_variant {
	struct vfio_device *device;
	struct sim_mutex lock;
	uint32_t state;
	struct mig_stream *saving, *resuming; /* referenced */
};

static const struct vf_services_ops *services(const struct nic_variant *variant)
{
	return variant->device->cfg.services.ops;
}

static void *services_ctx(const struct nic_variant *variant)
{
	return variant->device->cfg.services.ctx;
}

static uint32_t vf_of(const struct nic_variant *variant)
{
	return variant->device->cfg.vf;
}

static void end_stream(struct mig_stream **stream, struct actor *self)
{
	struct mig_stream *ended = *stream;

	*stream = NULL;
	if (!ended)
		return;
	mig_stream_disable(ended);
	file_put(&ended->file, self);
}

static void end_sessions(struct nic_variant *variant, struct actor *self)
{
	end_stream(&variant->saving, self);
	end_stream(&variant->resuming, self);
}

/* Append what the firmware gives, until it has no more. */
static int save_parts(const struct nic_variant *variant, struct actor *self, bool precopy,
		      struct mig_stream *stream)
{
	uint64_t precopy_bytes, stop_copy_bytes, room;
	int rc = services(variant)->state_size(services_ctx(variant), self, vf_of(variant),
					       &precopy_bytes, &stop_copy_bytes);

	if (rc)
		return rc;
	room = precopy ? precopy_bytes : stop_copy_bytes;
	rc = mig_stream_reserve(stream, room);
	if (rc)
		return rc;
	while (room) {
		ssize_t saved = services(variant)->save(services_ctx(variant), self, vf_of(variant),
							precopy, stream->data + stream->len, room);

		if (saved <= 0)
			return (int)saved;
		stream->len += (size_t)saved;
		room -= (uint64_t)saved;
	}
	return 0;
}

/* A session at the source: its stream, with what can be saved in this state. */
static int begin_saving(struct nic_variant *variant, struct actor *self, bool precopy,
			struct uapi_file **file)
{
	struct mig_stream *stream = mig_stream_new(variant->device, precopy ? MIG_STREAM_PRE_COPY
									    : MIG_STREAM_COMPLETE);
	int rc;

	if (!stream)
		return -ENOMEM;
	if (services(variant)->save_begin)
		services(variant)->save_begin(services_ctx(variant), vf_of(variant));
	rc = save_parts(variant, self, precopy, stream);
	if (rc) {
		file_put(&stream->file, self);
		return rc;
	}
	if (precopy)
		stream->initial_bytes = stream->len;
	variant->saving = stream;
	file_get(&stream->file);
	*file = &stream->file;
	return 0;
}

static int begin_resuming(struct nic_variant *variant, struct uapi_file **file)
{
	struct mig_stream *stream = mig_stream_new(variant->device, MIG_STREAM_RESUMING);

	if (!stream)
		return -ENOMEM;
	variant->resuming = stream;
	file_get(&stream->file);
	*file = &stream->file;
	return 0;
}

static int quiesce(struct nic_variant *variant, struct actor *self)
{
	return services(variant)->set_p2p(services_ctx(variant), self, vf_of(variant), false);
}

static int unquiesce(struct nic_variant *variant, struct actor *self)
{
	return services(variant)->set_p2p(services_ctx(variant), self, vf_of(variant), true);
}

static int suspend(struct nic_variant *variant, struct actor *self)
{
	return services(variant)->suspend(services_ctx(variant), self, vf_of(variant));
}

static int resume(struct nic_variant *variant, struct actor *self)
{
	return services(variant)->resume(services_ctx(variant), self, vf_of(variant));
}

/* From here on the stream is complete: what pre-copy left, then the rest. */
static int finish_saving(struct nic_variant *variant, struct actor *self)
{
	int rc = suspend(variant, self);

	if (!rc)
		rc = save_parts(variant, self, false, variant->saving);
	if (!rc)
		variant->saving->state = MIG_STREAM_COMPLETE;
	return rc;
}

static int load(struct nic_variant *variant, struct actor *self)
{
	const struct mig_stream *stream = variant->resuming;
	int rc = -EINVAL;

	if (stream->len)
		rc = services(variant)->load(services_ctx(variant), self, vf_of(variant),
					     stream->data, stream->len);
	if (!rc)
		end_stream(&variant->resuming, self);
	return rc;
}

#define ARC(from, to) (VFIO_DEVICE_STATE_##from << 4 | VFIO_DEVICE_STATE_##to)

/* One arc that vfio_mig_next_state() chose. */
static int step(struct nic_variant *variant, struct actor *self, uint32_t next,
		struct uapi_file **file)
{
	switch (variant->state << 4 | next) {
	case ARC(RUNNING, RUNNING_P2P):
	case ARC(PRE_COPY, PRE_COPY_P2P):
		return quiesce(variant, self);
	case ARC(RUNNING_P2P, RUNNING):
	case ARC(PRE_COPY_P2P, PRE_COPY):
		return unquiesce(variant, self);
	case ARC(RUNNING_P2P, STOP):
	case ARC(RUNNING, STOP):
		return suspend(variant, self);
	case ARC(STOP, RUNNING_P2P):
	case ARC(STOP, RUNNING):
		return resume(variant, self);
	case ARC(RUNNING, PRE_COPY):
	case ARC(RUNNING_P2P, PRE_COPY_P2P):
		return begin_saving(variant, self, true, file);
	case ARC(PRE_COPY, STOP_COPY):
	case ARC(PRE_COPY_P2P, STOP_COPY):
		return finish_saving(variant, self);
	case ARC(STOP, STOP_COPY):
		return begin_saving(variant, self, false, file);
	case ARC(STOP_COPY, STOP):
	case ARC(PRE_COPY, RUNNING):
	case ARC(PRE_COPY_P2P, RUNNING_P2P):
		end_stream(&variant->saving, self);
		return 0;
	case ARC(STOP, RESUMING):
		return begin_resuming(variant, file);
	case ARC(RESUMING, STOP):
		return load(variant, self);
	default:
		sim_assert(&variant->device->kernel->env.part, false);
		return -EINVAL;
	}
}

static void enter(struct nic_variant *variant, uint32_t state)
{
	trace_emit(&variant->device->kernel->env.part, TRACE_MIG_STATE,
		   variant->device->cfg.stream_id, variant->state, state);
	variant->state = state;
}

/* The firmware did not do what it never refuses: nobody knows what the VF does now. */
static void fail(struct nic_variant *variant, struct actor *self, int rc)
{
	if (rc != -EIO && rc != -ETIMEDOUT)
		return;
	end_sessions(variant, self);
	enter(variant, VFIO_DEVICE_STATE_ERROR);
}

static int nic_set_state(struct vfio_device *device, struct actor *self, uint32_t state,
			 struct uapi_file **file)
{
	struct nic_variant *variant = device->mig;
	int rc = 0;

	*file = NULL;
	sim_mutex_lock(self, &variant->lock);
	while (!rc && variant->state != state) {
		uint32_t next;

		rc = vfio_mig_next_state(device->migration_flags, variant->state, state, &next);
		if (rc)
			break;
		rc = step(variant, self, next, file);
		if (rc)
			fail(variant, self, rc);
		else
			enter(variant, next);
	}
	sim_mutex_unlock(self, &variant->lock);
	return rc;
}

static int nic_get_state(struct vfio_device *device, struct actor *self, uint32_t *state)
{
	struct nic_variant *variant = device->mig;

	sim_mutex_lock(self, &variant->lock);
	*state = variant->state;
	sim_mutex_unlock(self, &variant->lock);
	return 0;
}

static int nic_get_data_size(struct vfio_device *device, struct actor *self, uint64_t *bytes)
{
	struct nic_variant *variant = device->mig;
	uint64_t precopy_bytes;
	int rc;

	sim_mutex_lock(self, &variant->lock);
	rc = services(variant)->state_size(services_ctx(variant), self, vf_of(variant),
					   &precopy_bytes, bytes);
	sim_mutex_unlock(self, &variant->lock);
	return rc;
}

static void nic_open(struct vfio_device *device)
{
	struct nic_variant *variant = device->mig;

	variant->state = VFIO_DEVICE_STATE_RUNNING;
}

static void nic_close(struct vfio_device *device, struct actor *self)
{
	end_sessions(device->mig, self);
}

static void nic_reset_done(struct vfio_device *device, struct actor *self)
{
	struct nic_variant *variant = device->mig;

	sim_mutex_lock(self, &variant->lock);
	end_sessions(variant, self);
	if (variant->state != VFIO_DEVICE_STATE_RUNNING)
		enter(variant, VFIO_DEVICE_STATE_RUNNING);
	sim_mutex_unlock(self, &variant->lock);
}

static void nic_destroy(struct vfio_device *device)
{
	free(device->mig);
}

static const struct vfio_migration_ops nic_migration_ops = {
	.open = nic_open,
	.close = nic_close,
	.set_state = nic_set_state,
	.get_state = nic_get_state,
	.get_data_size = nic_get_data_size,
	.reset_done = nic_reset_done,
	.destroy = nic_destroy,
};

int nic_variant_init(struct vfio_device *device)
{
	const struct vf_services *services = &device->cfg.services;
	struct nic_variant *variant;

	device->migration_flags = services->ops->migration_flags(services->ctx, device->cfg.vf);
	/* A device that cannot be stopped and copied cannot be migrated at all. */
	if (!(device->migration_flags & VFIO_MIGRATION_STOP_COPY)) {
		device->migration_flags = 0;
		return 0;
	}
	variant = calloc(1, sizeof(*variant));
	if (!variant)
		return -ENOMEM;
	variant->device = device;
	variant->state = VFIO_DEVICE_STATE_RUNNING;
	device->mig = variant;
	device->mig_ops = &nic_migration_ops;
	return 0;
}
