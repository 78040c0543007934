/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The PF's driver: one admin queue, one command at a time. A command is a
 * descriptor and, for those that carry bytes, the driver's one buffer; the
 * device writes the descriptor back and moves its head when it is done (X710
 * datasheet, admin queue; commands: pf-firmware/mailbox_format.h).
 */

#include "host/pf-driver/pf_driver.h"

#include "base/bits.h"
#include "base/trace.h"
#include "pf-firmware/mailbox_format.h"

#include <errno.h>
#include <stdlib.h>

#define AQ_ENTRIES   32u
#define FRAME_BYTES  4096u
#define BUFFER_PAGES ((STATE_PART_BYTES + FRAME_BYTES - 1) / FRAME_BYTES)

/* What a VF logs: pages of 1 << shift. */
struct vf_log {
	uint32_t shift;
	uint64_t first_page, last_page;
};

/* A VF's state stream that is being saved. */
struct stream {
	uint64_t at;            /* byte that comes next */
	uint64_t precopy_bytes; /* of it, what may be saved while the VF runs */
	bool ended;
};

struct pf_vf {
	struct stream stream;
	struct vf_log log;
	struct pf_driver_policy policy; /* as it was set last */
	uint32_t mdd_count;
};

struct pf_driver {
	struct pf_driver_cfg cfg;
	struct pf_driver_env env;
	uint64_t bar0_pa;
	uint64_t ring_pa, buffer_pa;
	uint32_t next_to_use;
	struct sim_mutex lock; /* commands of several VFs' drivers take turns */
	bool logs_dma;
	struct pf_vf *vf;
};

static uint32_t reg_read(struct pf_driver *d, struct actor *self, uint32_t offset)
{
	return (uint32_t)d->env.cpu.ops->mmio_read(d->env.cpu.ctx, self, d->bar0_pa + offset, 4);
}

static void reg_write(struct pf_driver *d, struct actor *self, uint32_t offset, uint32_t value)
{
	d->env.cpu.ops->mmio_write(d->env.cpu.ctx, self, d->bar0_pa + offset, 4, value);
}

static int init_queue(struct pf_driver *d, struct actor *self)
{
	const uint8_t empty[AQ_ENTRIES * AQ_DESC_BYTES] = {0};

	d->env.cpu.ops->memory_write(d->env.cpu.ctx, d->ring_pa, empty, sizeof(empty));
	d->next_to_use = 0;
	reg_write(d, self, PF_ATQH, 0);
	reg_write(d, self, PF_ATQT, 0);
	reg_write(d, self, PF_ATQBAL, (uint32_t)d->ring_pa);
	reg_write(d, self, PF_ATQBAH, (uint32_t)(d->ring_pa >> 32));
	reg_write(d, self, PF_ATQLEN, (uint32_t)AQ_LEN_ENABLE | AQ_ENTRIES);
	return reg_read(d, self, PF_ATQBAL) == (uint32_t)d->ring_pa ? 0 : -ENODEV;
}

/* Wait until the device has gone past our descriptor. */
static int wait_done(struct pf_driver *d, struct actor *self)
{
	uint64_t deadline = sim_now(d->env.part.sim) + d->cfg.command_timeout_ps;

	while ((reg_read(d, self, PF_ATQH) & AQ_INDEX) != d->next_to_use) {
		if (sim_now(d->env.part.sim) >= deadline)
			return -ETIMEDOUT;
		actor_sleep(self, MAX(d->cfg.poll_ps, PS_PER_NS));
	}
	return 0;
}

static const struct {
	uint16_t retval;
	int error;
} retvals[] = {
	{AQ_RC_OK, 0},           {AQ_RC_EPERM, -EPERM},   {AQ_RC_ENOENT, -ENOENT},
	{AQ_RC_EAGAIN, -EAGAIN}, {AQ_RC_ENOMEM, -ENOMEM}, {AQ_RC_EBUSY, -EBUSY},
	{AQ_RC_EINVAL, -EINVAL}, {AQ_RC_ENOSYS, -ENOTTY}, {AQ_RC_ERANGE, -ERANGE},
};

static int error_of(uint16_t retval)
{
	for (uint32_t i = 0; i < ARRAY_LEN(retvals); i++)
		if (retvals[i].retval == retval)
			return retvals[i].error;
	return -EIO;
}

/*
 * One command with the queue's lock held: `desc` goes out and comes back as
 * written back. A descriptor with AQ_FLAG_BUF uses d->buffer_pa.
 */
static int command_locked(struct pf_driver *d, struct actor *self, struct aq_desc *desc)
{
	uint64_t at = d->ring_pa + (uint64_t)d->next_to_use * AQ_DESC_BYTES;
	int ret;

	if (desc->flags & AQ_FLAG_BUF) {
		desc->addr_high = (uint32_t)(d->buffer_pa >> 32);
		desc->addr_low = (uint32_t)d->buffer_pa;
	}
	d->env.cpu.ops->memory_write(d->env.cpu.ctx, at, desc, AQ_DESC_BYTES);
	d->next_to_use = (d->next_to_use + 1) % AQ_ENTRIES;
	reg_write(d, self, PF_ATQT, d->next_to_use);
	ret = wait_done(d, self);
	if (ret) {
		sim_log(&d->env.part, LOG_ERROR, "admin command 0x%04x: no answer", desc->opcode);
		return ret;
	}
	d->env.cpu.ops->memory_read(d->env.cpu.ctx, at, desc, AQ_DESC_BYTES);
	if (!(desc->flags & AQ_FLAG_DD))
		return -EIO;
	return error_of(desc->retval);
}

static int command(struct pf_driver *d, struct actor *self, struct aq_desc *desc)
{
	uint16_t opcode = desc->opcode;
	uint32_t vf = desc->param0;
	uint64_t begin_ps;
	int ret;

	sim_mutex_lock(self, &d->lock);
	begin_ps = sim_now(d->env.part.sim);
	ret = command_locked(d, self, desc);
	trace_emit(&d->env.part, TRACE_PF_COMMAND, opcode, vf, (uint64_t)(int64_t)ret, begin_ps);
	sim_mutex_unlock(self, &d->lock);
	return ret;
}

static struct aq_desc make_command(uint16_t opcode, uint32_t vf, uint32_t param1)
{
	struct aq_desc desc = {
		.flags = AQ_FLAG_SI, .opcode = opcode, .param0 = vf, .param1 = param1};

	return desc;
}

/* As the firmware has it from the start. */
static const struct pf_driver_policy default_policy = {.spoof_check = true};

static int alloc_memory(struct pf_driver *d)
{
	uint32_t vfs = MAX(d->cfg.num_vfs, 1);

	d->vf = calloc(vfs, sizeof(*d->vf));
	d->ring_pa = frames_alloc(d->env.frames, 1, FRAME_BYTES);
	d->buffer_pa = frames_alloc(d->env.frames, BUFFER_PAGES, FRAME_BYTES);
	if (!d->vf || !d->ring_pa || !d->buffer_pa)
		return -ENOMEM;
	for (uint32_t vf = 0; vf < vfs; vf++)
		d->vf[vf].policy = default_policy;
	return 0;
}

static void driver_free(struct pf_driver *d)
{
	if (d->ring_pa)
		frames_free(d->env.frames, d->ring_pa, 1);
	if (d->buffer_pa)
		frames_free(d->env.frames, d->buffer_pa, BUFFER_PAGES);
	free(d->vf);
	free(d);
}

int pf_driver_probe(const struct pf_driver_cfg *cfg, const struct pf_driver_env *env,
		    struct actor *self, struct pf_driver **out)
{
	const struct pci_function *pf = pci_bus_find(env->bus, cfg->pf_rid);
	struct aq_desc version = make_command(AQC_GET_VERSION, 0, 0);
	struct pf_driver *d;
	int ret;

	if (!pf || !pf->bar[0].pa)
		return -ENODEV;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->cfg = *cfg;
	d->env = *env;
	d->bar0_pa = pf->bar[0].pa;
	ret = alloc_memory(d);
	if (!ret)
		ret = init_queue(d, self);
	if (!ret)
		ret = command(d, self, &version);
	d->logs_dma = version.param1 & PF_FEATURE_DMA_LOG;
	if (!ret && cfg->num_vfs)
		ret = pci_bus_enable_vfs(env->bus, self, cfg->pf_rid, cfg->num_vfs);
	if (ret)
		driver_free(d);
	else
		*out = d;
	return ret;
}

void pf_driver_remove(struct pf_driver *d, struct actor *self)
{
	struct aq_desc shutdown = make_command(AQC_QUEUE_SHUTDOWN, 1, 0);

	if (!d)
		return;
	if (d->cfg.num_vfs)
		pci_bus_disable_vfs(d->env.bus, self, d->cfg.pf_rid);
	command(d, self, &shutdown);
	reg_write(d, self, PF_ATQLEN, 0);
	/* A read that completes says that the device has seen the write: no DMA follows. */
	reg_read(d, self, PF_ATQLEN);
	driver_free(d);
}

int pf_driver_set_vf_mac(struct pf_driver *d, struct actor *self, uint32_t vf, const uint8_t mac[6])
{
	struct aq_desc desc = make_command(AQC_VF_SET_MAC, vf, le32_get(mac));

	desc.addr_high = le16_get(mac + 4);
	return command(d, self, &desc);
}

static bool policies_equal(const struct pf_driver_policy *a, const struct pf_driver_policy *b)
{
	return a->trust == b->trust && a->spoof_check == b->spoof_check &&
	       a->max_mbps == b->max_mbps && a->min_mbps == b->min_mbps;
}

int pf_driver_set_vf_policy(struct pf_driver *d, struct actor *self, uint32_t vf,
			    const struct pf_driver_policy *policy)
{
	uint32_t flags = policy->trust ? (uint32_t)VF_POLICY_TRUST : 0;
	struct aq_desc desc;
	int ret;

	if (vf >= d->cfg.num_vfs)
		return -ENOENT;
	if (policies_equal(&d->vf[vf].policy, policy))
		return 0;
	if (policy->spoof_check)
		flags |= (uint32_t)(VF_POLICY_MAC_CHECK | VF_POLICY_VLAN_CHECK);
	desc = make_command(AQC_VF_SET_POLICY, vf, flags);
	desc.cookie_high = policy->max_mbps;
	desc.cookie_low = policy->min_mbps;
	ret = command(d, self, &desc);
	if (!ret)
		d->vf[vf].policy = *policy;
	return ret;
}

uint32_t pf_driver_mdd_check(struct pf_driver *d, struct actor *self)
{
	uint32_t first = reg_read(d, self, GL_MDET_TX);
	uint32_t found = 0;

	if (!(first & GL_MDET_TX_VALID))
		return 0;
	sim_log(&d->env.part, LOG_WARNING, "malicious driver: event %u on Tx queue %u of VF %u",
		(uint32_t)field_get(GL_MDET_TX_EVENT, first),
		(uint32_t)field_get(GL_MDET_TX_QUEUE, first),
		(uint32_t)field_get(GL_MDET_TX_VF_NUM, first));
	reg_write(d, self, GL_MDET_TX, UINT32_MAX);
	for (uint32_t vf = 0; vf < d->cfg.num_vfs; vf++) {
		if (!(reg_read(d, self, VP_MDET_TX(vf)) & VP_MDET_TX_VALID))
			continue;
		reg_write(d, self, VP_MDET_TX(vf), 0xffff);
		d->vf[vf].mdd_count++;
		found++;
	}
	return found;
}

uint32_t pf_driver_mdd_count(const struct pf_driver *d, uint32_t vf)
{
	return vf < d->cfg.num_vfs ? d->vf[vf].mdd_count : 0;
}

static uint64_t migration_flags(void *ctx, uint32_t vf)
{
	const struct pf_driver *d = ctx;

	return vf < d->cfg.num_vfs ? d->cfg.migration_flags : 0;
}

/* What VFIO is told: a refusal is -EIO, whatever the firmware's reason. */
static int simple(struct pf_driver *d, struct actor *self, uint16_t opcode, uint32_t vf,
		  uint32_t param1)
{
	struct aq_desc desc = make_command(opcode, vf, param1);
	int ret = command(d, self, &desc);

	return ret && ret != -ETIMEDOUT && ret != -ENOTTY ? -EIO : ret;
}

static int set_p2p(void *ctx, struct actor *self, uint32_t vf, bool running)
{
	return simple(ctx, self, AQC_VF_P2P, vf, running);
}

static int suspend(void *ctx, struct actor *self, uint32_t vf)
{
	return simple(ctx, self, AQC_VF_SUSPEND, vf, 0);
}

static int resume(void *ctx, struct actor *self, uint32_t vf)
{
	return simple(ctx, self, AQC_VF_RESUME, vf, 0);
}

static int state_size(void *ctx, struct actor *self, uint32_t vf, uint64_t *precopy_bytes,
		      uint64_t *stop_copy_bytes)
{
	struct aq_desc desc = make_command(AQC_VF_STATE_SIZE, vf, 0);
	int ret = command(ctx, self, &desc);

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
	struct aq_desc desc = make_command(AQC_VF_STATE_SAVE, vf, (uint32_t)stream->at);
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB;
	desc.datalen = (uint16_t)MIN(want, STATE_PART_BYTES);
	sim_mutex_lock(self, &d->lock);
	ret = command_locked(d, self, &desc);
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
	struct aq_desc desc = make_command(AQC_VF_STATE_LOAD, vf, (uint32_t)at);
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB | AQ_FLAG_RD;
	desc.datalen = (uint16_t)len_bytes;
	sim_mutex_lock(self, &d->lock);
	if (len_bytes)
		d->env.cpu.ops->memory_write(d->env.cpu.ctx, d->buffer_pa, data, len_bytes);
	ret = command_locked(d, self, &desc);
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

/* --- DMA log --- */

static bool logs_dma(void *ctx, uint32_t vf)
{
	const struct pf_driver *d = ctx;

	return d->logs_dma && vf < d->cfg.num_vfs;
}

/* What VFIO is told of a refusal. */
static int log_error(int ret)
{
	if (ret == -ERANGE)
		return -EOPNOTSUPP;
	return !ret || ret == -EINVAL || ret == -ETIMEDOUT ? ret : -EIO;
}

static int log_start(void *ctx, struct actor *self, uint32_t vf, const struct vf_log_range *range,
		     uint32_t ranges, uint64_t *page_size)
{
	struct pf_driver *d = ctx;
	uint32_t wanted = *page_size ? 63 - (uint32_t)__builtin_clzll(*page_size) : 0;
	struct aq_desc desc = make_command(AQC_VF_LOG_START, vf, wanted);
	struct vf_log *log = &d->vf[vf].log;
	const struct vf_log_range *last = &range[ranges - 1];
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB | AQ_FLAG_RD;
	desc.datalen = (uint16_t)(ranges * sizeof(struct pf_log_range));
	sim_mutex_lock(self, &d->lock);
	for (uint32_t i = 0; i < ranges; i++) {
		struct pf_log_range entry = {range[i].iova, range[i].len};

		d->env.cpu.ops->memory_write(d->env.cpu.ctx, d->buffer_pa + i * sizeof(entry),
					     &entry, sizeof(entry));
	}
	ret = command_locked(d, self, &desc);
	sim_mutex_unlock(self, &d->lock);
	if (ret)
		return log_error(ret);
	*page_size = BIT(desc.param1);
	*log = (struct vf_log){desc.param1, range[0].iova >> desc.param1,
			       (last->iova + (last->len - 1)) >> desc.param1};
	return 0;
}

static int log_stop(void *ctx, struct actor *self, uint32_t vf)
{
	return simple(ctx, self, AQC_VF_LOG_STOP, vf, 0);
}

/* A read of a VF's log, and who is told. */
struct log_read {
	uint64_t iova, last; /* bytes asked for */
	uint32_t shift;
	void (*found)(void *arg, uint64_t iova, uint64_t len);
	void *arg;
};

/* Tell the dirty ones among `pages` pages from `first` on, whose bits are in the buffer. */
static void tell_pages(struct pf_driver *d, const struct log_read *read, uint64_t first,
		       uint64_t pages)
{
	uint64_t word[64];

	for (uint64_t at = 0; at < pages; at += sizeof(word) * 8) {
		memset(word, 0, sizeof(word));
		d->env.cpu.ops->memory_read(d->env.cpu.ctx, d->buffer_pa + at / 8, word,
					    MIN(sizeof(word), (pages - at + 7) / 8));
		for (uint32_t w = 0; w < ARRAY_LEN(word); w++) {
			for (; word[w]; word[w] &= word[w] - 1) {
				uint64_t page =
					first + at + w * 64 + (uint64_t)__builtin_ctzll(word[w]);
				uint64_t start = MAX(page << read->shift, read->iova);
				uint64_t last = MIN((page << read->shift) + (BIT(read->shift) - 1),
						    read->last);

				read->found(read->arg, start, last - start + 1);
			}
		}
	}
}

static int read_part(struct pf_driver *d, struct actor *self, uint32_t vf,
		     const struct log_read *read, uint64_t first, uint64_t pages)
{
	struct aq_desc desc = make_command(AQC_VF_LOG_READ, vf, (uint32_t)pages);
	uint64_t iova = first << read->shift;
	int ret;

	desc.flags |= AQ_FLAG_BUF | AQ_FLAG_LB;
	desc.datalen = (uint16_t)((pages + 7) / 8);
	desc.cookie_high = (uint32_t)(iova >> 32);
	desc.cookie_low = (uint32_t)iova;
	sim_mutex_lock(self, &d->lock);
	ret = command_locked(d, self, &desc);
	if (!ret)
		tell_pages(d, read, first, pages);
	sim_mutex_unlock(self, &d->lock);
	return log_error(ret);
}

static int log_read(void *ctx, struct actor *self, uint32_t vf, uint64_t iova, uint64_t len,
		    void (*found)(void *arg, uint64_t iova, uint64_t len), void *arg)
{
	struct pf_driver *d = ctx;
	const struct vf_log *log = &d->vf[vf].log;
	struct log_read read = {iova, iova + (len - 1), log->shift, found, arg};
	uint64_t page = iova >> log->shift, last = read.last >> log->shift;
	int ret = 0;

	/* All of it or nothing: what was taken before a refusal would be lost. */
	if (!len || read.last < iova || page < log->first_page || last > log->last_page)
		return -EINVAL;
	while (!ret && page <= last) {
		uint64_t part = MIN(last - page + 1, STATE_PART_BYTES * UINT64_C(8));

		ret = read_part(d, self, vf, &read, page, part);
		page += part;
	}
	return ret;
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
	.logs_dma = logs_dma,
	.log_start = log_start,
	.log_stop = log_stop,
	.log_read = log_read,
};

struct vf_services pf_driver_vf_services(struct pf_driver *driver)
{
	const struct vf_services services = {driver, &services_ops};

	return services;
}
