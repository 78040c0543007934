/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's variant driver asks: a VF stops, goes on, and its state is saved and loaded. */
#include <errno.h>

#include "host/pf-driver/pf_driver_internal.h"

static uint64_t migration_flags(void *ctx, uint32_t vf)
{
	const struct pf_driver *d = ctx;

	return vf < d->cfg.num_vfs ? d->cfg.migration_flags : 0;
}

int pf_service(struct pf_driver *d, struct actor *self, uint16_t opcode, uint32_t vf,
	       uint32_t param1)
{
	struct aq_desc desc = pf_make_command(opcode, vf, param1);
	int ret = pf_command(d, self, &desc);

	return ret && ret != -ETIMEDOUT && ret != -ENOTTY && ret != -EAGAIN ? -EIO : ret;
}

/* A VF whose message this driver has drains when that is answered. */
static int stop(struct pf_driver *d, struct actor *self, uint16_t opcode, uint32_t vf)
{
	int ret = pf_service(d, self, opcode, vf, 0);

	while (ret == -EAGAIN) {
		ret = pf_mailbox_wait(d, self);
		if (!ret)
			ret = pf_service(d, self, opcode, vf, 0);
	}
	return ret;
}

static int set_p2p(void *ctx, struct actor *self, uint32_t vf, bool running)
{
	return running ? pf_service(ctx, self, AQC_VF_P2P, vf, true)
		       : stop(ctx, self, AQC_VF_P2P, vf);
}

static int suspend(void *ctx, struct actor *self, uint32_t vf)
{
	return stop(ctx, self, AQC_VF_SUSPEND, vf);
}

static int resume(void *ctx, struct actor *self, uint32_t vf)
{
	return pf_service(ctx, self, AQC_VF_RESUME, vf, 0);
}

static int state_size(void *ctx, struct actor *self, uint32_t vf, uint64_t *precopy_bytes,
		      uint64_t *stop_copy_bytes)
{
	struct aq_desc desc = pf_make_command(AQC_VF_STATE_SIZE, vf, 0);
	int ret = pf_command(ctx, self, &desc);

	if (ret)
		return ret == -ETIMEDOUT || ret == -ENOTTY ? ret : -EIO;
	*precopy_bytes = desc.param0;
	*stop_copy_bytes = desc.param1;
	return 0;
}

/* The stream's next part by one command, out of the driver's buffer into `data`. */
static ssize_t save_part(struct pf_driver *d, struct actor *self, uint32_t vf, void *data,
			 uint64_t want)
{
	struct stream *stream = &d->vf[vf].stream;
	struct aq_desc desc = pf_make_command(AQC_VF_STATE_SAVE, vf, (uint32_t)stream->at);
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB;
	desc.datalen = (uint16_t)MIN(want, STATE_PART_BYTES);
	sim_mutex_lock(self, &d->lock);
	ret = pf_command_locked(d, self, &desc);
	if (!ret && desc.datalen <= want)
		d->env.cpu.ops->memory_read(d->env.cpu.ctx, d->buffer_pa, data, desc.datalen);
	sim_mutex_unlock(self, &d->lock);
	if (ret || desc.datalen > want)
		return ret == -ETIMEDOUT ? ret : -EIO;
	stream->at += desc.datalen;
	stream->ended = !desc.param1;
	return desc.datalen;
}

static void save_begin(void *ctx, uint32_t vf)
{
	struct pf_driver *d = ctx;

	if (vf < d->cfg.num_vfs)
		d->vf[vf].stream = (struct stream){0};
}

static ssize_t save(void *ctx, struct actor *self, uint32_t vf, bool precopy, void *data,
		    size_t size)
{
	struct pf_driver *d = ctx;
	struct stream *stream;
	uint64_t stop_copy_bytes;
	uint64_t want = size;

	if (vf >= d->cfg.num_vfs)
		return -EIO;
	stream = &d->vf[vf].stream;
	if (stream->ended)
		return 0;
	if (precopy) {
		int ret = stream->at ? 0
				     : state_size(d, self, vf, &stream->precopy_bytes,
						  &stop_copy_bytes);

		if (ret)
			return ret;
		want = MIN(want, stream->precopy_bytes - MIN(stream->at, stream->precopy_bytes));
	}
	return want ? save_part(d, self, vf, data, want) : 0;
}

/* One part of a stream; `*missing`: bytes that the firmware still expects. */
static int load_part(struct pf_driver *d, struct actor *self, uint32_t vf, uint64_t at,
		     const void *data, uint64_t len_bytes, uint64_t *missing)
{
	struct aq_desc desc = pf_make_command(AQC_VF_STATE_LOAD, vf, (uint32_t)at);
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB | AQ_FLAG_RD;
	desc.datalen = (uint16_t)len_bytes;
	sim_mutex_lock(self, &d->lock);
	if (len_bytes)
		d->env.cpu.ops->memory_write(d->env.cpu.ctx, d->buffer_pa, data, len_bytes);
	ret = pf_command_locked(d, self, &desc);
	sim_mutex_unlock(self, &d->lock);
	*missing = desc.param1;
	if (ret == -EINVAL)
		sim_log(&d->env.part, LOG_WARNING, "state of VF %u refused, reason %u", vf,
			desc.param0);
	return ret == -EINVAL || ret == -ETIMEDOUT || ret == -ENOTTY || !ret ? ret : -EIO;
}

/* All of it, then nothing may be missing; bytes behind the stream's end are none of it. */
static int load(void *ctx, struct actor *self, uint32_t vf, const void *data, size_t size)
{
	struct pf_driver *d = ctx;
	const uint8_t *from = data;
	uint64_t missing = 1;
	uint64_t at = 0;

	while (at < size && missing) {
		uint64_t part = MIN(size - at, STATE_PART_BYTES);
		int ret = load_part(d, self, vf, at, from + at, part, &missing);

		if (ret)
			return ret;
		at += part;
	}
	if (!missing)
		return at == size ? 0 : -EINVAL;
	return load_part(d, self, vf, at, from, 0, &missing) ? -EINVAL : -EIO;
}

static const struct vf_services_ops services_ops = {
	.migration_flags = migration_flags,
	.set_p2p = set_p2p,
	.suspend = suspend,
	.resume = resume,
	.state_size = state_size,
	.save_begin = save_begin,
	.save = save,
	.load = load,
	.logs_dma = pf_logs_dma,
	.log_start = pf_log_start,
	.log_stop = pf_log_stop,
	.log_read = pf_log_read,
};

struct vf_services pf_driver_vf_services(struct pf_driver *driver)
{
	const struct vf_services services = {driver, &services_ops};

	return services;
}
