/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_MAILBOX_H
#define VFSIM_MODEL_NIC_MAILBOX_H

/*
 * Mailboxes as the firmware drives them. A function has one message in at a time; messages are
 * served in the order of their doorbells. It stays readable until acknowledged.
 */

#include "model/nic/avf_format.h"
#include "model/nic/nic.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which function a mailbox message is from: a VF's index, or the PF. */
#define NIC_PF NIC_MAX_VFS

struct mailbox_message {
	uint32_t function;
	struct aq_desc desc;
	const uint8_t *data;
	uint32_t len_bytes;
};

#define MAILBOX_POSTS    8u     /* messages that wait for a function's receive queue */
#define MAILBOX_VF_BYTES 4096u  /* largest message from a VF */
#define MAILBOX_PF_BYTES 32768u /* largest buffer of a PF command */

/* The next message whose doorbell rang; false if none. It is taken off the line. */
bool nic_mailbox_take(struct nic *nic, struct mailbox_message *message);

/*
 * The firmware is done with the function's message: write back `desc`, and
 * before it `len_bytes` of answer from the message's own buffer
 * (nic_mailbox_buffer). Without effect if a reset took the message away.
 */
void nic_mailbox_ack(struct nic *nic, uint32_t function, const struct aq_desc *desc,
		     uint32_t len_bytes);
uint8_t *nic_mailbox_buffer(struct nic *nic, uint32_t function);

/*
 * Post a message to a function's receive queue. -ENOSPC: MAILBOX_POSTS wait already. A message
 * to a VF longer than MAILBOX_REPLY_BYTES, at most AQ_BUFFER_BYTES, has that much `data`, whose
 * last MAILBOX_END_BYTES are the message's last; between is zero. One to the PF is all there.
 */
int nic_mailbox_post(struct nic *nic, uint32_t function, const struct aq_desc *desc,
		     const void *data, uint32_t len_bytes);

/* Messages that wait, for saving: the n-th (0 is the oldest), false beyond the last. */
bool nic_mailbox_waiting(struct nic *nic, uint32_t vf, uint32_t n, struct mailbox_message *message);

/* Forget the messages that wait. */
void nic_mailbox_flush(struct nic *nic, uint32_t vf);

/* One of the function's two rings, as its registers have it now. */
struct nic_mailbox_ring {
	uint64_t base;            /* IOVA */
	uint32_t len, head, tail; /* descriptors of AQ_DESC_BYTES */
	bool enabled;
};

struct nic_mailbox_ring nic_mailbox_ring_get(struct nic *nic, uint32_t function, bool receive);

#ifdef __cplusplus
}
#endif
#endif
