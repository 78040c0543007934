/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One admin queue, one command at a time. A command is a descriptor and, for those that carry
 * bytes, the driver's one buffer; the device writes the descriptor back and moves its head when
 * it is done (X710 datasheet, admin queue; commands: pf-firmware/pf_command_format.h).
 */
#include <errno.h>

#include "host/pf-driver/pf_driver_internal.h"

uint32_t pf_reg_read(struct pf_driver *d, struct actor *self, uint32_t offset)
{
	return (uint32_t)d->env.cpu.ops->mmio_read(d->env.cpu.ctx, self, d->bar0_pa + offset, 4);
}

void pf_reg_write(struct pf_driver *d, struct actor *self, uint32_t offset, uint32_t value)
{
	d->env.cpu.ops->mmio_write(d->env.cpu.ctx, self, d->bar0_pa + offset, 4, value);
}

int pf_queue_init(struct pf_driver *d, struct actor *self)
{
	const uint8_t empty[AQ_ENTRIES * AQ_DESC_BYTES] = {0};

	d->env.cpu.ops->memory_write(d->env.cpu.ctx, d->ring_pa, empty, sizeof(empty));
	d->next_to_use = 0;
	pf_reg_write(d, self, PF_ATQH, 0);
	pf_reg_write(d, self, PF_ATQT, 0);
	pf_reg_write(d, self, PF_ATQBAL, (uint32_t)d->ring_pa);
	pf_reg_write(d, self, PF_ATQBAH, (uint32_t)(d->ring_pa >> 32));
	pf_reg_write(d, self, PF_ATQLEN, (uint32_t)AQ_LEN_ENABLE | AQ_ENTRIES);
	return pf_reg_read(d, self, PF_ATQBAL) == (uint32_t)d->ring_pa ? 0 : -ENODEV;
}

/* Wait until the device has gone past our descriptor. */
static int wait_done(struct pf_driver *d, struct actor *self)
{
	uint64_t deadline = sim_now(d->env.part.sim) + d->cfg.command_timeout_ps;

	while ((pf_reg_read(d, self, PF_ATQH) & AQ_INDEX) != d->next_to_use) {
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
	{AQ_RC_OK, 0},           {AQ_RC_ENOENT, -ENOENT}, {AQ_RC_EAGAIN, -EAGAIN},
	{AQ_RC_EBUSY, -EBUSY},   {AQ_RC_EINVAL, -EINVAL}, {AQ_RC_ENOSYS, -ENOTTY},
	{AQ_RC_ERANGE, -ERANGE},
};

static int error_of(uint16_t retval)
{
	for (uint32_t i = 0; i < ARRAY_LEN(retvals); i++)
		if (retvals[i].retval == retval)
			return retvals[i].error;
	return -EIO;
}

int pf_command_locked(struct pf_driver *d, struct actor *self, struct aq_desc *desc)
{
	uint64_t at = d->ring_pa + (uint64_t)d->next_to_use * AQ_DESC_BYTES;
	int ret;

	if (desc->flags & AQ_FLAG_BUF) {
		desc->addr_high = (uint32_t)(d->buffer_pa >> 32);
		desc->addr_low = (uint32_t)d->buffer_pa;
	}
	d->env.cpu.ops->memory_write(d->env.cpu.ctx, at, desc, AQ_DESC_BYTES);
	d->next_to_use = (d->next_to_use + 1) % AQ_ENTRIES;
	pf_reg_write(d, self, PF_ATQT, d->next_to_use);
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

int pf_command(struct pf_driver *d, struct actor *self, struct aq_desc *desc)
{
	uint16_t opcode = desc->opcode;
	uint32_t vf = desc->param0;
	uint64_t begin_ps;
	int ret;

	sim_mutex_lock(self, &d->lock);
	begin_ps = sim_now(d->env.part.sim);
	ret = pf_command_locked(d, self, desc);
	trace_emit(&d->env.part, TRACE_PF_COMMAND, opcode, vf, (uint64_t)(int64_t)ret, begin_ps);
	sim_mutex_unlock(self, &d->lock);
	return ret;
}

struct aq_desc pf_make_command(uint16_t opcode, uint32_t vf, uint32_t param1)
{
	struct aq_desc desc = {
		.flags = AQ_FLAG_SI, .opcode = opcode, .param0 = vf, .param1 = param1};

	return desc;
}

int pf_command_data(struct pf_driver *d, struct actor *self, struct aq_desc *desc, void *data,
		    uint32_t send, uint32_t receive)
{
	uint64_t begin_ps;
	uint16_t opcode = desc->opcode;
	uint32_t vf = desc->param0;
	int ret;

	desc->flags |= AQ_FLAG_BUF | (send ? AQ_FLAG_RD : 0);
	if (MAX(send, receive) > AQ_LARGE_BYTES)
		desc->flags |= AQ_FLAG_LB;
	desc->datalen = (uint16_t)(send ? send : receive);
	sim_mutex_lock(self, &d->lock);
	begin_ps = sim_now(d->env.part.sim);
	if (send)
		d->env.cpu.ops->memory_write(d->env.cpu.ctx, d->buffer_pa, data, send);
	ret = pf_command_locked(d, self, desc);
	if (receive && desc->datalen <= receive)
		d->env.cpu.ops->memory_read(d->env.cpu.ctx, d->buffer_pa, data, desc->datalen);
	trace_emit(&d->env.part, TRACE_PF_COMMAND, opcode, vf, (uint64_t)(int64_t)ret, begin_ps);
	sim_mutex_unlock(self, &d->lock);
	return ret;
}
