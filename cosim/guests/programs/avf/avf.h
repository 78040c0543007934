/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_AVF_H
#define VFSIM_COSIM_AVF_H

/*
 * An AVF function in a guest's own user-space driver, however VFIO was asked for it: registers,
 * reset, MSI-X, and the one message to its PF that moves data both ways, VERSION. A step that fails
 * says so and ends the program.
 */
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "cosim/guests/programs/avf/avf_regs.h"

/* `memory` is at MEMORY_IOVA to the device, in pages as large as the kernel's. */
#define MEMORY_IOVA 0x10000000ull

static inline uint32_t page_bytes(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

struct avf {
	int device; /* of VFIO, opened by the caller */
	int event;
	volatile uint8_t *bar;
	uint8_t *memory;
	uint32_t pages;
	uint32_t atq, arq, send, receive; /* pages: rings and buffers of both directions */
};

/* Ends the program with `what`, and errno's text. */
void die(const char *what);
/* Ends the program with `what` if it does not hold. */
void require(bool holds, const char *what);

/* After `device` and `pages` are set: memory, if it has none, the BAR, and a reset. */
void avf_begin(struct avf *avf);
/* A reset by VFIO, and its end in VFGEN_RSTAT. */
void avf_reset(struct avf *avf);
uint32_t avf_read(struct avf *avf, uint32_t reg);

/* The ring in one of the pages. */
struct descriptor *avf_ring(struct avf *avf, uint32_t page);
/* One message, not waited for; the device finds its ring at `ring_iova`. */
void avf_send_version(struct avf *avf, uint64_t ring_iova);
/* The message and its answer, by interrupt, both checked. */
void avf_exchange_version(struct avf *avf);
/* Once more by descriptor `at`, with rings, and what else is set up, as they are. */
void avf_exchange_again(struct avf *avf, uint32_t at);
/* Vector 0 goes to `event` from now on. */
void avf_take_interrupts(struct avf *avf);

#endif
