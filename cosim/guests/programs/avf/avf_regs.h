/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_AVF_REGS_H
#define VFSIM_COSIM_AVF_REGS_H

/*
 * Registers: Intel's Adaptive Virtual Function specification; the admin queue's descriptor and
 * opcodes: its chapter on the mailbox.
 */
#include <stdint.h>

enum {
	VFGEN_RSTAT = 0x8800,
	VFINT_DYN_CTL01 = 0x5c00,
	VFINT_ICR0_ENA1 = 0x5000,
	VFINT_ICR01 = 0x4800,
	RSTAT_COMPLETED = 1,
	RSTAT_VFACTIVE = 2,
	ICR0_ADMINQ = 1 << 30,
	INTENA_NOITR = 0x19,
};

struct queue_regs {
	uint32_t bal, bah, head, tail, len;
};

static const struct queue_regs atq_regs = {0x7c00, 0x7800, 0x6400, 0x8400, 0x6800};
static const struct queue_regs arq_regs = {0x6c00, 0x6000, 0x7400, 0x7000, 0x8000};

#define QUEUE_ENABLE  (1u << 31)
#define QUEUE_ENTRIES 32u

struct descriptor {
	uint16_t flags, opcode, datalen, retval;
	uint32_t cookie_high, cookie_low;
	uint32_t param0, param1, addr_high, addr_low;
};

enum {
	FLAG_DD = 1 << 0,
	FLAG_RD = 1 << 10,
	FLAG_BUF = 1 << 12,
	FLAG_SI = 1 << 13,
	SEND_MSG_TO_PF = 0x0801,
	SEND_MSG_TO_VF = 0x0802,
	VIRTCHNL_OP_VERSION = 1,
};

#endif
