/* SPDX-License-Identifier: Apache-2.0 */
#include "system/replay/recorded_services.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

static struct recorded_vf_state *state_of(void *ctx, uint32_t vf)
{
	struct recorded_services *services = ctx;

	return &services->vf[vf];
}

static uint64_t migration_flags(void *ctx, uint32_t vf)
{
	const struct presented_device *presented = state_of(ctx, vf)->presented;

	return presented ? presented->migration_flags : 0;
}

/* The device moves only when the recording says so: there is nothing to stop. */
static int set_p2p(void *ctx, struct actor *self, uint32_t vf, bool running)
{
	return 0;
}

static int suspend_resume(void *ctx, struct actor *self, uint32_t vf)
{
	return 0;
}

static int state_size(void *ctx, struct actor *self, uint32_t vf, uint64_t *precopy_bytes,
		      uint64_t *stop_copy_bytes)
{
	const struct presented_device *presented = state_of(ctx, vf)->presented;

	*precopy_bytes = presented->precopy_bytes;
	*stop_copy_bytes = presented->stop_copy_bytes;
	return 0;
}

static void drop_part(struct recorded_stream *stream)
{
	free(stream->part);
	stream->part = NULL;
	stream->size = 0;
	stream->given = 0;
}

static void save_begin(void *ctx, uint32_t vf)
{
	struct recorded_stream *stream = &state_of(ctx, vf)->stream;

	drop_part(stream);
	stream->precopy_done = false;
	stream->final_done = false;
}

/* Make the next part, if there is one. */
static int next_part(struct recorded_services *services, uint32_t vf, bool precopy)
{
	struct recorded_vf_state *state = &services->vf[vf];
	struct recorded_stream *stream = &state->stream;
	bool *done = precopy ? &stream->precopy_done : &stream->final_done;
	uint64_t size = precopy ? state->presented->precopy_bytes : state->presented->final_bytes;

	drop_part(stream);
	if (*done || !size)
		return 0;
	*done = true;
	stream->part = malloc(size);
	if (!stream->part)
		return -ENOMEM;
	stream->size = size;
	recorded_device_save(services->device, vf, stream->part, size);
	return 0;
}

static ssize_t save(void *ctx, struct actor *self, uint32_t vf, bool precopy, void *data,
		    size_t size)
{
	struct recorded_stream *stream = &state_of(ctx, vf)->stream;
	size_t len;
	int err;

	if (stream->given == stream->size) {
		err = next_part(ctx, vf, precopy);
		if (err)
			return err;
	}
	len = MIN(size, stream->size - stream->given);
	if (len)
		memcpy(data, stream->part + stream->given, len);
	stream->given += len;
	return (ssize_t)len;
}

static int load(void *ctx, struct actor *self, uint32_t vf, const void *data, size_t size)
{
	const struct recorded_services *services = ctx;

	return recorded_device_load(services->device, vf, data, size);
}

static const struct vf_services_ops ops = {
	.migration_flags = migration_flags,
	.set_p2p = set_p2p,
	.suspend = suspend_resume,
	.resume = suspend_resume,
	.state_size = state_size,
	.save_begin = save_begin,
	.save = save,
	.load = load,
};

struct vf_services recorded_services(struct recorded_services *services)
{
	return (struct vf_services){.ctx = services, .ops = &ops};
}

void recorded_services_fini(struct recorded_services *services)
{
	for (uint32_t vf = 0; vf < services->vfs; vf++)
		drop_part(&services->vf[vf].stream);
}
