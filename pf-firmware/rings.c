/* SPDX-License-Identifier: Apache-2.0 */
/* Where a VF's rings and buffers are (pf_command_format.h, AQC_VF_RINGS). */
#include "model/nic/rx_descriptor.h"
#include "pf-firmware/firmware_internal.h"

_Static_assert(PF_VF_RINGS == 2 + 2 * NIC_MAX_QUEUE_PAIRS, "each ring of a VF has its place");
_Static_assert(sizeof(struct pf_vf_ring) == 32, "as it is in the buffer");

static uint32_t add_mailbox(const struct fw_vf *vf, bool receive, struct pf_vf_ring *to)
{
	struct nic_mailbox_ring ring = nic_mailbox_ring_get(vf->fw->nic, vf->index, receive);

	*to = (struct pf_vf_ring){.iova = ring.base,
				  .entries = ring.len,
				  .head = ring.head,
				  .tail = ring.tail,
				  .kind = receive ? PF_RING_ARQ : PF_RING_ATQ,
				  .entry_bytes = AQ_DESC_BYTES,
				  .flags = ring.enabled ? PF_RING_ENABLED : 0};
	return ring.len ? 1 : 0;
}

static uint32_t add_queue(const struct fw_vf *vf, bool rx, uint32_t queue, struct pf_vf_ring *to)
{
	struct nic_queue_context context;

	nic_queue_context_get(vf->fw->nic, vf->index, rx, queue, &context);
	*to = (struct pf_vf_ring){
		.iova = context.base,
		.entries = context.len,
		.head = context.head,
		.tail = context.tail,
		.buffer_bytes = rx ? context.buffer_bytes : 0,
		.pasid = context.pasid,
		.kind = rx ? PF_RING_RX : PF_RING_TX,
		.queue = (uint8_t)queue,
		.entry_bytes = (uint8_t)(rx ? rx_format_of(context.rxdid)->desc_bytes : TXD_BYTES),
		.flags = (uint8_t)((context.enabled ? PF_RING_ENABLED : 0) |
				   (context.tagged ? PF_RING_TAGGED : 0)),
	};
	return context.len ? 1 : 0;
}

uint16_t pf_rings(struct pf_command *command)
{
	struct pf_vf_ring ring[PF_VF_RINGS];
	uint32_t count = 0;

	count += add_mailbox(command->vf, false, &ring[count]);
	count += add_mailbox(command->vf, true, &ring[count]);
	for (uint32_t q = 0; q < nic_config(command->fw->nic)->queue_pairs; q++) {
		count += add_queue(command->vf, false, q, &ring[count]);
		count += add_queue(command->vf, true, q, &ring[count]);
	}
	if (command->desc.datalen < count * sizeof(ring[0]))
		return AQ_RC_EINVAL;
	command->answer_len = (uint32_t)(count * sizeof(ring[0]));
	command->desc.datalen = (uint16_t)command->answer_len;
	memcpy(nic_mailbox_buffer(command->fw->nic, NIC_PF), ring, command->answer_len);
	return AQ_RC_OK;
}
