/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VFs' messages, where the firmware leaves them to its driver (pf-firmware/pf_command_format.h,
 * Forwarding): each comes into the receive queue and is worked on by the virtchnl engine, whose
 * operations are admin commands here. What the engine must know of a VF is asked once in a
 * life of the VF; what was agreed on lies with the firmware too, for it moves with the VF.
 */
#include "host/pf-driver/pf_driver_internal.h"

#include <errno.h>
#include <string.h>

/* The engine's device: a VF, as long as its life lasts. */
struct vf_end {
	struct pf_driver *d;
	struct actor *self;
	uint32_t vf, life;
};

/* --- What the engine asks --- */

static uint16_t operate(void *ctx, struct vf_operation *operation)
{
	const struct vf_end *end = ctx;
	struct aq_desc desc = pf_make_command(AQC_VF_OPERATE, end->vf, end->life);
	int ret = pf_command_data(end->d, end->self, &desc, operation, sizeof(*operation),
				  sizeof(*operation));

	return ret && !desc.retval ? AQ_RC_EIO : desc.retval;
}

/* The whole of a message, whose engine's form is its first bytes and its last ones. */
static void spread(uint8_t *to, const uint8_t *data, uint32_t len_bytes)
{
	const uint32_t head = MAILBOX_REPLY_BYTES - MAILBOX_END_BYTES;

	if (len_bytes <= MAILBOX_REPLY_BYTES) {
		memcpy(to, data, len_bytes);
		return;
	}
	memset(to, 0, len_bytes);
	memcpy(to, data, head);
	memcpy(to + len_bytes - MAILBOX_END_BYTES, data + head, MAILBOX_END_BYTES);
}

static void send(const struct vf_end *end, uint64_t flags, uint32_t opcode, int32_t status,
		 const void *data, uint32_t len_bytes)
{
	struct aq_desc desc =
		pf_make_command(AQC_SEND_MSG_TO_VF, end->vf, end->life | (uint32_t)flags);
	uint8_t message[AQ_BUFFER_BYTES];
	int ret;

	desc.cookie_high = opcode;
	desc.cookie_low = (uint32_t)status;
	spread(message, data, len_bytes);
	if (len_bytes)
		ret = pf_command_data(end->d, end->self, &desc, message, len_bytes, 0);
	else
		ret = pf_command(end->d, end->self, &desc);
	/* A VF that was reset meanwhile is told nothing. */
	if (ret && desc.retval != AQ_RC_EFLUSHED && desc.retval != AQ_RC_ENOENT)
		sim_log(&end->d->env.part, LOG_WARNING, "VF %u: a message of opcode %u is lost",
			end->vf, opcode);
}

static void answer(void *ctx, uint32_t opcode, int32_t status, const void *data, uint32_t len_bytes)
{
	send(ctx, MSG_ANSWERS, opcode, status, data, len_bytes);
}

static void event(void *ctx, const struct virtchnl_pf_event *event)
{
	send(ctx, 0, VIRTCHNL_OP_EVENT, VIRTCHNL_STATUS_SUCCESS, event, sizeof(*event));
}

static struct virtchnl_device device_of(struct vf_end *end)
{
	return (struct virtchnl_device){end, operate, answer, event};
}

/* --- VFs --- */

static int ask_for(struct pf_driver *d, struct actor *self, uint32_t vf)
{
	struct aq_desc desc = pf_make_command(AQC_VF_INFO, vf, 0);
	struct virtchnl_vf *known = &d->vf[vf].known;

	known->life = 0;
	return pf_command_data(d, self, &desc, known, 0, sizeof(*known));
}

/* A message of an earlier life is void: so was whoever sent it. */
static void work_on(struct pf_driver *d, struct actor *self, const struct aq_desc *desc,
		    const uint8_t *data)
{
	struct vf_end end = {d, self, desc->retval, (uint32_t)field_get(MSG_LIFE, desc->param1)};
	const struct virtchnl_device device = device_of(&end);
	struct pf_vf *vf = &d->vf[end.vf];

	sim_mutex_lock(self, &vf->lock);
	if (vf->known.life == end.life || (!ask_for(d, self, end.vf) && vf->known.life == end.life))
		virtchnl_handle(&device, &vf->known, desc->cookie_high, data, desc->datalen);
	sim_mutex_unlock(self, &vf->lock);
	waitq_wake(&d->answered);
}

/* Those that have asked for their resources know that there is a link. */
static void tell_link(struct pf_driver *d, struct actor *self)
{
	for (uint32_t n = 0; n < d->cfg.num_vfs; n++) {
		struct pf_vf *vf = &d->vf[n];
		struct vf_end end = {d, self, n, 0};
		const struct virtchnl_device device = device_of(&end);

		sim_mutex_lock(self, &vf->lock);
		if (!ask_for(d, self, n) && vf->known.tell_link &&
		    vf->known.agreed.resources_given) {
			end.life = vf->known.life;
			virtchnl_tell_link(&device, &vf->known);
		}
		sim_mutex_unlock(self, &vf->lock);
	}
}

/* --- The receive queue --- */

static uint64_t entry_pa(const struct pf_driver *d, uint32_t entry)
{
	return d->arq_pa + (uint64_t)entry * AQ_DESC_BYTES;
}

static uint64_t entry_buffer_pa(const struct pf_driver *d, uint32_t entry)
{
	return d->arq_buffers_pa + (uint64_t)entry * AQ_BUFFER_BYTES;
}

/* Give an entry to the device. */
static void post(struct pf_driver *d, uint32_t entry)
{
	uint64_t buffer = entry_buffer_pa(d, entry);
	struct aq_desc desc = {
		.flags = AQ_FLAG_BUF | AQ_FLAG_LB,
		.datalen = AQ_BUFFER_BYTES,
		.addr_high = (uint32_t)(buffer >> 32),
		.addr_low = (uint32_t)buffer,
	};

	d->env.cpu.ops->memory_write(d->env.cpu.ctx, entry_pa(d, entry), &desc, sizeof(desc));
}

int pf_mailbox_init(struct pf_driver *d, struct actor *self)
{
	d->arq_pa = frames_alloc(d->env.frames, 1, FRAME_BYTES);
	d->arq_buffers_pa =
		frames_alloc(d->env.frames, PAGES(AQ_ENTRIES * AQ_BUFFER_BYTES), FRAME_BYTES);
	if (!d->arq_pa || !d->arq_buffers_pa)
		return -ENOMEM;
	for (uint32_t i = 0; i < AQ_ENTRIES; i++)
		post(d, i);
	d->next_to_clean = 0;
	pf_reg_write(d, self, PF_ARQH, 0);
	pf_reg_write(d, self, PF_ARQT, 0);
	pf_reg_write(d, self, PF_ARQBAL, (uint32_t)d->arq_pa);
	pf_reg_write(d, self, PF_ARQBAH, (uint32_t)(d->arq_pa >> 32));
	pf_reg_write(d, self, PF_ARQLEN, (uint32_t)AQ_LEN_ENABLE | AQ_ENTRIES);
	pf_reg_write(d, self, PF_ARQT, AQ_ENTRIES - 1);
	return 0;
}

void pf_mailbox_fini(struct pf_driver *d, struct actor *self)
{
	if (d->arq_pa && d->arq_buffers_pa) {
		pf_reg_write(d, self, PF_ARQLEN, 0);
		/* The device has seen it: no DMA follows. */
		pf_reg_read(d, self, PF_ARQLEN);
	}
	if (d->arq_pa)
		frames_free(d->env.frames, d->arq_pa, 1);
	if (d->arq_buffers_pa)
		frames_free(d->env.frames, d->arq_buffers_pa, PAGES(AQ_ENTRIES * AQ_BUFFER_BYTES));
	d->arq_pa = d->arq_buffers_pa = 0;
}

/* The oldest entry, which goes back to the device. */
static void take(struct pf_driver *d, struct actor *self, struct aq_desc *desc, uint8_t *data)
{
	uint32_t entry = d->next_to_clean;

	d->env.cpu.ops->memory_read(d->env.cpu.ctx, entry_pa(d, entry), desc, sizeof(*desc));
	desc->datalen = (uint16_t)MIN(desc->datalen, AQ_BUFFER_BYTES);
	d->env.cpu.ops->memory_read(d->env.cpu.ctx, entry_buffer_pa(d, entry), data, desc->datalen);
	post(d, entry);
	d->next_to_clean = (entry + 1) % AQ_ENTRIES;
	pf_reg_write(d, self, PF_ARQT, entry);
}

void pf_mailbox_receive(struct pf_driver *d, struct actor *self)
{
	uint8_t data[AQ_BUFFER_BYTES];
	struct aq_desc desc;

	while (!d->stopping && (pf_reg_read(d, self, PF_ARQH) & AQ_INDEX) != d->next_to_clean) {
		take(d, self, &desc, data);
		actor_sleep(self, d->env.part.sim->untimed ? 0 : d->cfg.message_ps);
		if (desc.opcode == AQC_SEND_MSG_TO_PF && desc.retval < d->cfg.num_vfs)
			work_on(d, self, &desc, data);
		else if (desc.opcode == AQC_LINK_EVENT)
			tell_link(d, self);
		else
			sim_log(&d->env.part, LOG_WARNING, "unknown event 0x%04x of the firmware",
				desc.opcode);
	}
}

int pf_mailbox_wait(struct pf_driver *d, struct actor *self)
{
	uint64_t deadline = sim_now(d->env.part.sim) + d->cfg.command_timeout_ps;

	return actor_wait(self, &d->answered, deadline) ? 0 : -ETIMEDOUT;
}
