/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_JOURNAL_H
#define VFSIM_COSIM_JOURNAL_H

/*
 * What a guest's software did to our registers lately, to be told with what then went wrong:
 * a DMA to where no memory is, a fault of the SMMU, a driver that the NIC takes for malicious.
 */

#include "base/sim.h"
#include "system/run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JOURNAL_ENTRIES 256u
#define JOURNAL_TOLD    12u /* accesses that are told with a trouble */
#define JOURNAL_FULL    8u  /* troubles of a kind that are told in full; of others, how many */

struct journal_entry {
	uint64_t time_ps, offset, value;
	const char *who, *where;
	uint32_t len;
	bool write;
};

enum journal_trouble {
	JOURNAL_OUTSIDE,   /* DMA outside of the guest's memory */
	JOURNAL_FAULT,     /* the SMMU has recorded an event */
	JOURNAL_LOST,      /* or could not */
	JOURNAL_COMMAND,   /* its command queue has stopped at one that is illegal */
	JOURNAL_MALICIOUS, /* a queue was stopped */
	JOURNAL_PACKET,    /* the NIC has lost a packet */
	JOURNAL_UNREAD,    /* a VF's driver does not read its mailbox */
	JOURNAL_TROUBLES,
};

struct journal {
	struct sim_part part;
	struct run_listener listener;
	uint64_t count;   /* accesses */
	uint64_t unheard; /* interrupts that no client waited for */
	uint64_t trouble[JOURNAL_TROUBLES];
	struct journal_entry entry[JOURNAL_ENTRIES]; /* a ring */
};

/* `journal->listener` is for the run. `sim` may be initialised later. */
void journal_init(struct journal *journal, struct sim *sim);
/* `who` and `where` live as long as the journal. */
void journal_note(struct journal *journal, const char *who, const char *where, bool write,
		  uint64_t offset, uint32_t len, const void *data);
/* Say that there is trouble, and what was done before it, in the log. */
void journal_tell(struct journal *journal, enum journal_trouble trouble, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For the result: one note for each kind that there was. */
void journal_conclude(const struct journal *journal, struct run_result *result);

#ifdef __cplusplus
}
#endif
#endif
