/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_ADMIN_QUEUE_H
#define VFSIM_MODEL_NIC_ADMIN_QUEUE_H

/*
 * The transport of an admin queue, of the PF and of each VF alike: it fetches
 * a send-queue descriptor and its buffer, rings the mailbox's doorbell for the
 * firmware, and writes the descriptor back when the firmware has taken the
 * message; what the firmware posts goes into receive-queue buffers.
 *
 * Its registers are rows of its owner's register file: heads move there. A head
 * moves when memory has the write-back, so software that reads the head finds
 * the descriptor done.
 */

#include "base/regs.h"

#ifdef __cplusplus
extern "C" {
#endif

struct admin_queue;

/* Row numbers in the owner's register table. */
struct admin_queue_rows {
	uint32_t atq_bal, atq_bah, atq_len, atq_head, atq_tail;
	uint32_t arq_bal, arq_bah, arq_len, arq_head, arq_tail;
};

/* Reset the VF, if that is to follow and nothing is in the way any more. */
void admin_queue_reset_if_due(struct admin_queue *aq);

/* Software wrote a LEN or a TAIL register: look for work. */
void admin_queue_kick(struct admin_queue *aq);

#ifdef __cplusplus
}
#endif
#endif
